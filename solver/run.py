"""Run a cell from start to stop and leave a run folder behind, whatever happens on the way."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from types import FrameType
from typing import Any, Protocol

import numpy as np
from mpi4py import MPI

from meshes.errors import MeshError
from meshes.meeting import Contact
from meshes.strip import Exhausted

from .archive import Tree
from .cell import Cell
from .checkpoints import Checkpointing, NoCheckpoints
from .engine import Engine, StepError
from .march import Simulation
from .nonlinear_march import NonlinearSimulation
from .observables import MAH_CM2, UM, Morphology, flux_variation, morphology, verdict
from .outputs import OutputError
from .spread_march import SpreadSimulation
from .writer import RunFolder

DONE, GAVE_UP, INTERRUPTED = 0, 3, 130
"""Exit codes."""
ANYWHERE = 10.0
"""Distance in gaps beyond which electrodes need not be looked for."""
NEAR = 0.02
"""A stop nearer than this part of a usual step is reached in one."""
LANDED = 1e-6
"""A condition to stop counts as met when this part of the way is missing."""


def told(events: Sequence[str]) -> list[str]:
    """Events as they are shown: many of one kind, which differ in their places only, become one line."""
    kinds: dict[str, list[str]] = {}
    for event in events:
        kinds.setdefault(event.split(" at ")[0], []).append(event)
    return [same[0] if len(same) == 1 else f"{kind} at {len(same)} places" for kind, same in kinds.items()]


class Reporter(Protocol):
    """Shows how a run goes; called on rank 0 only."""

    def update(self, fraction: float, row: Mapping[str, float]) -> None:
        """Show progress, 0 to 1, and the newest row of metrics."""
        ...

    def message(self, text: str) -> None:
        """Show one line."""
        ...


class Interrupt:
    """Remembers a signal until the step in hand is finished; a second one ends the program at once.

    SIGINT, SIGTERM, and SIGUSR1, which mpirun passes on to its ranks without killing them.
    """

    def __init__(self, comm: MPI.Intracomm) -> None:
        """Install the handlers."""
        self._comm, self._got = comm, 0
        self._old = {
            s: signal.signal(s, self._handle) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
        }

    def requested(self) -> bool:
        """Whether any rank was asked to stop (collective)."""
        return bool(self._comm.allreduce(self._got, op=MPI.MAX))

    def restore(self) -> None:
        """Put the former handlers back."""
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._got:
            raise KeyboardInterrupt
        self._got = number


def simulation(cell: Cell, comm: MPI.Intracomm, saved: Mapping[str, Any] | None = None) -> Engine:
    """What simulates `cell`, by how its growing surface is represented (collective).

    It begins at the start, or with the state `saved`.
    """
    if cell.nonlinear is not None:
        return NonlinearSimulation(cell, comm, saved)
    if cell.spreading is not None:
        return SpreadSimulation(cell, comm, saved)
    return Simulation(cell, comm, saved)


class Run:
    """A simulation with its outputs."""

    def __init__(
        self,
        cell: Cell,
        folder: RunFolder,
        comm: MPI.Intracomm,
        reporter: Reporter | None,
        checkpoints: Checkpointing | None = None,
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        """Set up the simulation (collective).

        Args:
            cell: what runs.
            folder: where to.
            comm: communicator.
            reporter: None for a quiet run and on ranks above 0.
            checkpoints: that are written; None: none.
            saved: state of a checkpoint to go on from.
        """
        self.began = time.perf_counter()
        self.cell, self.folder, self.comm, self.reporter = cell, folder, comm, reporter
        self.checkpoints = checkpoints or NoCheckpoints()
        self.simulation: Engine = simulation(cell, comm, None if saved is None else saved["engine"])
        self._next_frame = 0
        self._wants_frame = False
        self._nucleated_first: int | None = None
        self._flux_variation = 0.0
        self._goals_before: dict[str, float] = {}
        self.largest_defect = self._usual_step = 0.0
        self._resumed, self._maintained = saved is not None, True
        if saved is not None:
            self._resume(saved["run"])
            return
        self._measure()
        self._start_thickness = self._shape.thickness_mean

    def over(self, max_steps: int | None = None) -> str:
        """Why there is nothing to do; "" if there is."""
        if max_steps is not None and self.simulation.state.step >= max_steps:
            return f"{max_steps} steps done"
        return self._reason() or self._program_done()

    def march(self, max_steps: int | None = None) -> int:
        """March to the end; returns the exit code. Every output that can be written is written."""
        interrupt = Interrupt(self.comm)
        reason, code, whole = "", DONE, True
        try:
            if not self._resumed:
                self._frame()
            elif not self._maintained:
                self._maintain()
            while not reason:
                reason = self._step()
                if not reason and interrupt.requested():
                    reason, code = "interrupted", INTERRUPTED
                if not reason and max_steps is not None and self.simulation.state.step >= max_steps:
                    reason = f"{max_steps} steps done"
                if not reason and self.checkpoints.due(self.simulation.state.step):
                    self._checkpoint()
        except Exhausted as end:
            reason, whole = str(end), False
        except (StepError, MeshError, OutputError) as problem:
            reason, code, whole = str(problem), GAVE_UP, False
        finally:
            interrupt.restore()
        return self._finish(reason, code, whole)

    def _step(self) -> str:
        simulation, stop = self.simulation, self.cell.stop
        state = simulation.state
        self._usual_step = max(0.5 * self._usual_step, state.last_dt)
        simulation.advance(min(max(stop.time - state.time, 1e-12 * stop.time), self._time_left()))
        self._flux_variation = flux_variation(simulation.front, simulation.edge_current())
        if self._wants_frame or not self.cell.moving:
            self._measure()
            self._frame()
        if self.cell.moving:
            simulation.move()
            self._measure()
        row = self._row()
        self.folder.metrics(row)
        reason, self._maintained = self._reason() or self._program_done(), False
        if not reason:
            self._maintain()
        fraction = self.progress()
        self._wants_frame = fraction >= (self._next_frame / self.cell.frames) ** 2
        if self.reporter is not None:
            self.reporter.update(min(fraction, 1.0), row)
            for event in told(simulation.events):
                self.reporter.message(f"t = {state.time:.4g} s: {event}")
        if simulation.events:
            self._wants_frame = True
        simulation.events.clear()
        return reason

    def _maintain(self) -> None:
        """Make the mesh fit for the next step."""
        if self.cell.moving:
            self.simulation.maintain()
            self._remeshings()
        self._maintained = True

    def _program_done(self) -> str:
        return "" if self.simulation.instrument.segment is not None else "program done"

    def _remeshings(self) -> None:
        """One row in remeshes.csv for each."""
        records = self.simulation.state.records
        for record in records:
            row: dict[str, float | str] = {
                "time_s": record.time,
                "reason": record.reason,
                "cells_before": float(record.cells_before),
                "cells_after": float(record.cells_after),
                "defect": record.defect,
            }
            self.folder.row("remeshes.csv", row)
            self.largest_defect = max(self.largest_defect, record.defect)
        records.clear()

    def _frame(self) -> None:
        state = self.simulation.state
        self.folder.frame(
            state.time,
            self._charge(),
            self.cell.gap,
            self.simulation.output(),
            self.simulation.fronts,
            {name: self.simulation.edge_current(name) for name in self.simulation.fronts},
        )
        fraction = self.progress()
        while self._next_frame <= self.cell.frames and fraction >= (self._next_frame / self.cell.frames) ** 2:
            self._next_frame += 1

    def _measure(self) -> None:
        self._shape = self._morphology()
        simulation = self.simulation
        self._contact = simulation.meeting(ANYWHERE)
        if self._nucleated_first is None and self._shape.matrix_coverage >= 0.5:
            self._nucleated_first = simulation.nucleated

    def _goals(self) -> dict[str, float]:
        """How much of each condition to stop is fulfilled, 1 when it is."""
        stop, state, shape = self.cell.stop, self.simulation.state, self._shape
        apart = self.cell.gap if self._contact is None else self._contact.distance * self.cell.gap
        goals = {
            "short circuit": (self.cell.gap - apart) / (self.cell.gap - stop.gap),
            "time": state.time / stop.time,
        }
        if stop.charge is not None:
            goals["charge"] = self._charge() / stop.charge
        if stop.thickness is not None:
            start = self._start_thickness
            goals["thickness"] = (shape.thickness_mean - start) / (stop.thickness - start)
        if stop.tip_height is not None:
            goals["tip height"] = (self.cell.gap - shape.gap) / stop.tip_height
        return goals

    def progress(self) -> float:
        """Part of the way to the nearest stop, 0 to 1."""
        return float(np.clip(max(self._goals().values()), 0.0, 1.0))

    def _reason(self) -> str:
        return next((reason for reason, part in self._goals().items() if part >= 1.0 - LANDED), "")

    def _time_left(self) -> float:
        """Time in s to the nearest stop if all goes on as in the last step, so that runs land on it.

        A stop that is near is approached by half of the way each time, until what is left is small enough for
        the speed of the last step to tell its end.
        """
        goals, before, dt = self._goals(), self._goals_before, self.simulation.state.last_dt
        self._goals_before = goals
        speeds = {reason: goals[reason] - before.get(reason, goals[reason]) for reason in goals}
        left = [
            dt * (1.0 - goals[reason]) / speed
            for reason, speed in speeds.items()
            if speed > 0.0 and reason != "time"
        ]
        if not left:
            return np.inf
        nearest = min(left)
        if NEAR * self._usual_step < nearest < 3.0 * self._usual_step:
            nearest *= 0.5
        return max(nearest, 0.1 * LANDED * self.cell.stop.time)

    def _charge(self) -> float:
        """Deposited charge per cell area in C/m^2."""
        return self.simulation.state.totals.charge / self.cell.area

    def _morphology(self) -> Morphology:
        simulation = self.simulation
        return morphology(
            simulation.front,
            self.cell.gap,
            self.cell.gap,
            simulation.floating,
            simulation.initially_bare,
            simulation.begun if self.cell.all_metal else None,
            self.cell.trench,
        )

    def _row(self) -> dict[str, float]:
        simulation, state, shape = self.simulation, self.simulation.state, self._shape
        return {
            "time_s": state.time,
            "step_s": state.last_dt,
            "voltage_V": simulation.voltage,
            "current_A_m2": state.current / self.cell.area,
            "charge_C_m2": self._charge(),
            "capacity_mAh_cm2": self._charge() * MAH_CM2,
            "thickness_mean_um": shape.thickness_mean * UM,
            "thickness_max_um": shape.thickness_max * UM,
            "roughness_um": shape.roughness * UM,
            "tip_height_um": shape.tip_height * UM,
            "aspect_ratio": shape.aspect_ratio,
            "coverage": shape.coverage,
            "matrix_coverage": shape.matrix_coverage,
            "flux_variation": self._flux_variation,
            "gap_um": shape.gap * UM,
            **({} if shape.mouth is None else {"mouth_um": shape.mouth * UM}),
            "floating_patches": float(simulation.floating.size),
            "islands_nucleated": float(simulation.nucleated),
            "seed_height_um": shape.seed_height * UM,
            **({"dead_metal_um2": simulation.dead_metal() * UM**2} if self.cell.dim == 2 else {}),
            "faraday_error": simulation.faraday_error(),
            "mass_error": simulation.mass_error(),
            "newton_iterations": float(state.newton),
            "cells": float(simulation.number_of_cells()),
            "front_nodes": float(simulation.front.points.shape[0]),
            "remeshes": float(state.remeshes),
        }

    def summary(self, reason: str, code: int) -> dict[str, Any]:
        """What summary.json holds."""
        simulation, state = self.simulation, self.simulation.state
        row, shape = self._row(), self._shape
        keys = (
            "time_s", "charge_C_m2", "capacity_mAh_cm2", "thickness_mean_um", "thickness_max_um",
            "roughness_um", "tip_height_um", "aspect_ratio", "coverage", "flux_variation",
            "faraday_error", "mass_error",
        )  # fmt: skip
        first = simulation.nucleated if self._nucleated_first is None else self._nucleated_first
        return {
            "title": self.cell.title,
            "verdict": verdict(shape, reason == "short circuit"),
            "stop_reason": reason,
            "exit_code": code,
            **{key: row[key] for key in keys},
            **({} if shape.mouth is None else {"mouth_um": shape.mouth * UM}),
            "islands": self.cell.islands,
            "islands_nucleated_before_matrix": int(first),
            "voltage_V": row["voltage_V"],
            "current_A_m2": row["current_A_m2"],
            **(
                {"trapped_electrolyte_um2": sum(state.totals.trapped.values()) * (self.cell.gap * UM) ** 2}
                if self.cell.dim == 2
                else {}
            ),
            **({"dead_metal_um2": row["dead_metal_um2"]} if self.cell.dim == 2 else {}),
            "short_circuit": self._short_circuit(reason),
            "largest_remeshing_defect": self.largest_defect,
            "steps": state.step,
            "steps_rejected": state.rejected,
            "remeshes": state.remeshes,
            "cells_max": state.cells_max,
            "ranks": self.comm.size,
            "wall_s": time.perf_counter() - self.began,
        }

    def _short_circuit(self, reason: str) -> dict[str, float] | None:
        """When and where the electrodes met."""
        if reason != "short circuit" or self._contact is None:
            return None
        names = ("x_um", "y_um") if self.cell.dim == 2 else ("x_um", "y_um", "z_um")
        place = {n: float(x) * self.cell.gap * UM for n, x in zip(names, self._contact.place, strict=True)}
        return {"time_s": self.simulation.state.time, **place}

    def _finish(self, reason: str, code: int, whole: bool) -> int:
        """Write the end of a run that came to a halt between steps (`whole`) or within one; the exit code."""
        try:
            if whole:
                self._checkpoint()
            if self.simulation.state.step:
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
        state = self.simulation.state
        tree = {"engine": self.simulation.saved(), "run": self._saved()}
        self.checkpoints.write(state.step, state.time, self.folder.outputs(), tree)

    def _saved(self) -> Tree:
        contact = self._contact
        return {
            "shape": asdict(self._shape),
            "contact": None if contact is None else [contact.distance, contact.place],
            "start thickness": self._start_thickness,
            "goals before": self._goals_before,
            "nucleated first": self._nucleated_first,
            "largest defect": self.largest_defect,
            "flux variation": self._flux_variation,
            "usual step": self._usual_step,
            "next frame": self._next_frame,
            "wants frame": self._wants_frame,
            "frames and stop": self._frames_and_stop(),
            "maintained": self._maintained,
            "wall": time.perf_counter() - self.began,
        }

    def _resume(self, saved: Mapping[str, Any]) -> None:
        contact = saved["contact"]
        self._shape = Morphology(**saved["shape"])
        self._contact = None if contact is None else Contact(contact[0], tuple(contact[1]))
        self._start_thickness, self._goals_before = saved["start thickness"], saved["goals before"]
        self._nucleated_first, self.largest_defect = saved["nucleated first"], saved["largest defect"]
        self._usual_step, self._maintained = saved["usual step"], saved["maintained"]
        self._flux_variation = saved["flux variation"]
        self._next_frame, self._wants_frame = saved["next frame"], saved["wants frame"]
        if saved["frames and stop"] != self._frames_and_stop():  # the way is another one
            self._next_frame = math.floor(self.progress() ** 0.5 * self.cell.frames) + 1
            self._goals_before = {}
        self.began -= saved["wall"]

    def _frames_and_stop(self) -> list[float | None]:
        return [float(self.cell.frames), *asdict(self.cell.stop).values()]
