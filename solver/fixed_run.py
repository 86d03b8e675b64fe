"""Run a cell of fixed shape through its program and leave a run folder behind, whatever happens."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from mpi4py import MPI

from .archive import Tree
from .checkpoints import Checkpointing, NoCheckpoints
from .electrode_writer import ElectrodeWriter
from .experiment import Experiment, Reading, StepError
from .field_writer import FieldWriter
from .fixed_cell import FixedCell
from .fixed_metrics import Metrics
from .observables import MAH_CM2
from .outputs import OutputError
from .run import DONE, GAVE_UP, INTERRUPTED, Interrupt, Reporter
from .segment import Current, Load, Observation, Segment
from .writer import RunFolder

MOST_SEGMENTS = 200
"""Segments that summary.json lists; with more, the first and last half of them. segments.csv has all."""
NOTHING = Segment("before the program", Current(), 0.0, 0.0, math.inf)
"""Of which there is no reading."""
SAME = 1e-12
"""Relative difference of times that is rounding."""


def run_fixed(
    cell: FixedCell,
    folder: RunFolder,
    comm: MPI.Intracomm,
    reporter: Reporter | None,
    max_steps: int | None = None,
) -> int:
    """Run `cell` into `folder` (collective); the exit code is 0, 3 (solver gave up) or 130 (interrupted).

    Args:
        cell: what runs.
        folder: where to; see docs/run-folder.md.
        comm: communicator.
        reporter: shows progress; used on rank 0 only, None for a quiet run.
        max_steps: stop after so many time steps.
    """
    return FixedRun(cell, folder, comm, reporter).march(max_steps)


@dataclass
class _Stage:
    """A segment of the program as it went: what it was, its first and its newest reading."""

    number: int
    segment: Segment
    first: Reading
    last: Reading
    steps: int = 0
    ended_by: str = ""

    def ended(self, until: float) -> str:
        """What ended it, "" while it goes on; decided as the experiment does."""
        limit = self.segment.reached(self._seen())
        if limit is not None:
            return limit.describe()
        end = min(self.first.time + self.segment.duration, until)
        return "time" if self.last.time >= end * (1.0 - SAME) and self.steps else ""

    def _seen(self) -> Observation:
        first, last = self.first, self.last
        return Observation(
            last.time - first.time, last.voltage, last.current, last.charge - first.charge, last.charge
        )

    def result(self) -> dict[str, Any]:
        """Its line in segments.csv and summary.json."""
        first, last = self.first, self.last
        charge = first.charge - last.charge
        return {
            "segment": self.number,
            "name": self.segment.name,
            "kind": kind(self.segment),
            "start_s": first.time,
            "end_s": last.time,
            "start_voltage_V": first.voltage,
            "end_voltage_V": last.voltage,
            "start_current_A_m2": first.current,
            "end_current_A_m2": last.current,
            "charge_C_m2": charge,
            "capacity_mAh_cm2": charge * MAH_CM2,
            "steps": self.steps,
            "ended_by": self.ended_by,
        }


def kind(segment: Segment) -> str:
    """Of a segment: "sweep", "rest", "current", "load" or "potential"."""
    if segment.rate:
        return "sweep"
    if isinstance(segment.mode, Current):
        return "current" if segment.start else "rest"
    return "load" if isinstance(segment.mode, Load) else "potential"


class FixedRun:
    """An experiment with its outputs."""

    def __init__(
        self,
        cell: FixedCell,
        folder: RunFolder,
        comm: MPI.Intracomm,
        reporter: Reporter | None,
        checkpoints: Checkpointing | None = None,
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        """Mesh and discretise (collective).

        Args:
            cell: what runs.
            folder: where to.
            comm: communicator.
            reporter: shows progress; None for a quiet run.
            checkpoints: that are written; None: none.
            saved: state of a checkpoint to go on from.
        """
        self.began = time.perf_counter()
        self.cell, self.folder, self.comm = cell, folder, comm
        self.reporter = reporter if comm.rank == 0 else None
        self.experiment = Experiment(cell.model, cell.mesh(comm), cell.stepping, cell.preset, cell.options)
        self._fields = FieldWriter(self.experiment.problem)
        self._electrodes = ElectrodeWriter(self.experiment.problem, self._fields)
        self._metrics = Metrics(self.experiment, cell.metal_volume_per_charge)
        self._end = min(cell.stop_time, cell.program.duration())
        self._total = cell.program.segments_total()
        self._marks = self._output_times()
        self._next: tuple[int, Segment] = (0, NOTHING)
        self._stage: _Stage | None = None
        self._results: list[dict[str, Any]] = []
        self._row: dict[str, float] = {}
        self._worst = {"mass_error": math.nan, "current_error": math.nan}
        self._steps = self._newton = self._krylov = 0
        self._written = -1
        self.checkpoints = checkpoints or NoCheckpoints()
        if saved is not None:
            self._resume(saved)

    # --- the march

    def over(self, max_steps: int | None = None) -> str:
        """Why there is nothing to do; "" if there is."""
        stage = self._stage
        if max_steps is not None and self._steps >= max_steps:
            return f"{max_steps} steps done"
        if stage is None:
            return ""
        if stage.segment.ends_program and stage.ended_by not in ("", "time"):
            return stage.ended_by
        if stage.number == self._total and stage.ended(math.inf):
            return "program done"
        return "time" if self.experiment.time >= self.cell.stop_time * (1.0 - SAME) else ""

    def march(self, max_steps: int | None = None) -> int:
        """March to the end; returns the exit code. Every output that can be written is written."""
        interrupt = Interrupt(self.comm)
        reason, code = "", DONE
        landing = self._marks if math.isfinite(self._end) else []
        going_on = self._stage is not None
        readings = self.experiment.readings(self._watched(), landing, self.cell.stop_time, going_on)
        try:
            for reading in readings:
                self._take(reading)
                if interrupt.requested():
                    reason, code = "interrupted", INTERRUPTED
                elif max_steps is not None and self._steps >= max_steps:
                    reason = f"{max_steps} steps done"
                if reason:
                    break
                if self.checkpoints.due(self._steps):
                    self._checkpoint()
        except (StepError, OutputError) as problem:
            reason, code = str(problem), GAVE_UP
        finally:
            interrupt.restore()
        return self._finish(reason or self.over() or "time", code)

    def _watched(self) -> Iterator[Segment]:
        """The segments of the program that are left, remembered as the experiment takes them."""
        done = 0 if self._stage is None else self._stage.number - 1
        for item in islice(enumerate(self.cell.program, start=1), done, None):
            self._next = item
            yield item[1]

    def _take(self, reading: Reading) -> None:
        """Write what belongs to a new reading (collective)."""
        first = self._stage is None
        if self._stage is None or reading.order == 0:
            self._close_stage()
            self._stage = _Stage(*self._next, reading, reading)
        stage = self._stage
        stage.last = reading
        if reading.order:
            stage.steps += 1
            self._steps += 1
        stage.ended_by = stage.ended(self.cell.stop_time)
        self._row = self._metrics.row(reading, stage.number)
        self.folder.metrics(self._row)
        self._newton += reading.iterations
        self._krylov += int(self._row["krylov_iterations"])
        for name, worst in self._worst.items():
            self._worst[name] = float(np.fmax(worst, self._row[name]))
        if self._passed(reading.time) or first or (stage.ended_by and stage.number % self._stride == 0):
            self._frame()
        if self.reporter is not None:
            self.reporter.update(self._progress(stage), self._row)

    def _passed(self, now: float) -> bool:
        """Whether the run has come to another output time."""
        ahead = [mark for mark in self._marks if mark > now * (1.0 + SAME)]
        passed = len(ahead) < len(self._marks)
        self._marks = ahead
        return passed

    def _progress(self, stage: _Stage) -> float:
        """Part of the program that is done, 0 to 1."""
        by_time = stage.last.time / self._end if math.isfinite(self._end) else 0.0
        return min(max((stage.number - 1) / self._total, by_time), 1.0)

    # --- outputs

    @property
    def _stride(self) -> int:
        """Every how manieth segment has a frame at its end, so that at most `frames` come from them."""
        return math.ceil(self._total / self.cell.frames) if self.cell.frames else self._total + 1

    def _output_times(self) -> list[float]:
        """Evenly spread; doubling from the first step where the end is unknown."""
        count = self.cell.frames
        if not count:
            return []
        if math.isfinite(self._end):
            return [self._end * k / count for k in range(1, count + 1)]
        return [self.cell.stepping.initial * 2.0**k for k in range(200)]

    def _frame(self) -> None:
        """Fields and electrodes as they are now (collective)."""
        now, charge, number = self.experiment.time, -self.experiment.charge, self.folder.frames
        file = self._fields.write(self.folder.path / "fields", number)
        self._electrodes.write(self.folder.path / "electrodes", number, now, charge)
        self.folder.add_frame(now, file)
        self._written = self._steps

    def _close_stage(self) -> None:
        """Keep the result of the segment that went before."""
        if self._stage is None:
            return
        self._results.append(self._stage.result())
        self.folder.row("segments.csv", self._results[-1])
        if len(self._results) > MOST_SEGMENTS:
            del self._results[MOST_SEGMENTS // 2]

    def _finish(self, reason: str, code: int) -> int:
        """Write the end of a run; the exit code."""
        try:
            if code != GAVE_UP:
                self._checkpoint()
            self._close_stage()
            if self._written != self._steps:
                self._frame()
            self.folder.json("summary.json", self.summary(reason, code))
        except OutputError as problem:
            if code != GAVE_UP:
                reason, code = str(problem), GAVE_UP
            with suppress(OutputError):  # the first one says it
                self.folder.json("summary.json", self.summary(reason, code))
        self.folder.close()
        if code == GAVE_UP and self.reporter is not None:
            self.reporter.message(f"the run ended early: {reason}; what it has is in {self.folder.path}")
        return code

    # --- checkpoints

    def _checkpoint(self) -> None:
        stage = self._stage
        if stage is None:
            return
        tree: Tree = {
            "experiment": self.experiment.saved(),
            "segment": stage.number,
            "first": asdict(stage.first),
            "last": asdict(stage.last),
            "segment steps": stage.steps,
            "results": self._results,
            "row": self._row,
            "worst": self._worst,
            "steps": self._steps,
            "newton": self._newton,
            "krylov": self._krylov,
            "written": self._written,
            "largest current": self._metrics.largest_current,
            "wall": time.perf_counter() - self.began,
        }
        self.checkpoints.write(self._steps, self.experiment.time, self.folder.outputs(), tree)

    def _resume(self, saved: Mapping[str, Any]) -> None:
        self.experiment.resume(saved["experiment"])
        number = saved["segment"]
        segment = next(islice(self.cell.program, number - 1, None))
        self._next = number, segment
        first, last = Reading(**saved["first"]), Reading(**saved["last"])
        self._stage = _Stage(number, segment, first, last, saved["segment steps"])
        self._stage.ended_by = self._stage.ended(self.cell.stop_time)
        self._results, self._row, self._worst = saved["results"], saved["row"], saved["worst"]
        self._steps, self._newton, self._krylov = saved["steps"], saved["newton"], saved["krylov"]
        self._written, self._metrics.largest_current = saved["written"], saved["largest current"]
        self._passed(self.experiment.time)
        self.began -= saved["wall"]

    def summary(self, reason: str, code: int) -> dict[str, Any]:
        """What summary.json holds."""
        regions = self.experiment.problem.regions
        keys = ["time_s", "voltage_V", "current_A_m2", "charge_C_m2", "capacity_mAh_cm2", "thickness_mean_um"]
        keys += [*self._worst, *(key for key in self._row if key.startswith("c_"))]
        content: Mapping[str, Any] = {
            "title": self.cell.title,
            "kind": "fixed",
            "stop_reason": reason,
            "exit_code": code,
            **{key: self._row.get(key) for key in keys},
            **{f"{key}_max": value for key, value in self._worst.items()},
            "steps": self._steps,
            "steps_rejected": self.experiment.rejected,
            "newton_iterations": self._newton,
            "krylov_iterations": self._krylov,
            "dimension": regions.dim,
            "degree": self.cell.model.degree,
            "cells": regions.number_of_cells(),
            "unknowns": self.experiment.problem.layout.total,
            "regions": dict(regions.regions),
            "segments_begun": self._stage.number if self._stage is not None else 0,
            "segments": self._results,
            "ranks": self.comm.size,
            "wall_s": time.perf_counter() - self.began,
        }
        return dict(_finite(content))


def _finite(content: Any) -> Any:
    """The same with None instead of numbers that JSON does not have."""
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
