"""Checkpoints of a run: when one is due, writing it, keeping the newest two, finding one to go on from.

A checkpoint is the folder checkpoints/NNNNNN of the run folder, an `archive` that also holds the case. Its
manifest tells how long the tables of the run were and how many frames there were, so that a run that goes on
from it can cut back what came later.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mpi4py import MPI

from . import archive
from .archive import ArchiveError, Packed, Tree, pack, unpack
from .outputs import on_first

FOLDER, CASE = "checkpoints", "case.toml"
KEPT = 2
"""So many of the newest checkpoints stay."""


@dataclass(frozen=True)
class Cadence:
    """When checkpoints are due: `every` so many s of wall time, or after so many `steps` (None: never)."""

    every: float = 600.0
    steps: int | None = None


class Checkpointing(Protocol):
    """What a run asks; both methods are collective."""

    def due(self, step: int) -> bool:
        """Whether it is time for a checkpoint after so many steps of the run."""
        ...

    def write(self, step: int, now: float, outputs: Mapping[str, Any], tree: Tree) -> None:
        """Write one.

        Args:
            step: steps made so far.
            now: simulated time, s.
            outputs: what `writer.RunFolder.outputs` says.
            tree: the state, with `archive.OnFirst` where only rank 0 has it all.

        Raises:
            OutputError: it cannot be written; those before are as they were.
        """
        ...


class NoCheckpoints:
    """None are written."""

    def due(self, step: int) -> bool:
        """Never."""
        return False

    def write(self, step: int, now: float, outputs: Mapping[str, Any], tree: Tree) -> None:
        """Nothing is written."""


class Checkpoints:
    """Checkpoints in a run folder."""

    def __init__(self, run: Path, comm: MPI.Comm, cadence: Cadence, case: str, step: int = 0) -> None:
        """Take the folder of the run.

        Args:
            run: the run folder.
            comm: communicator.
            cadence: when they are due.
            case: text of the case as run.
            step: that the run begins at.
        """
        self.folder, self.comm, self.cadence, self.case = run / FOLDER, comm, cadence, case
        self._step, self._time = step, time.monotonic()

    def due(self, step: int) -> bool:
        """See `Checkpointing`; the clock is that of rank 0."""
        by_steps = self.cadence.steps is not None and step - self._step >= self.cadence.steps
        by_time = time.monotonic() - self._time >= self.cadence.every
        return bool(self.comm.bcast(by_steps or by_time))

    def write(self, step: int, now: float, outputs: Mapping[str, Any], tree: Tree) -> None:
        """See `Checkpointing`."""
        about = {"step": step, "time_s": now, "ranks": self.comm.size, "outputs": outputs}
        on_first(self.comm, lambda: self._write(about, pack(tree)))
        self._step, self._time = step, time.monotonic()

    def _write(self, about: Mapping[str, Any], packed: Packed) -> None:
        self.folder.mkdir(exist_ok=True)
        for name in about["outputs"]["tables"]:
            archive.to_disk(self.folder.parent / name)
        known = numbers(self.folder)
        new = self.folder / f"{max(known, default=0) + 1:06d}"
        try:
            archive.write(new, packed, about, {CASE: self.case})
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(f"checkpoint {new}: {reason}") from None
        for old in known[: len(known) + 1 - KEPT]:
            shutil.rmtree(self.folder / f"{old:06d}", ignore_errors=True)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole.

    Attributes:
        folder: where it is.
        step, time: of the run then; simulated time in s.
        outputs: as in `Checkpointing.write`.
        case: text of the case that ran.
        passed_over: sentences on newer ones that are damaged.
    """

    folder: Path
    step: int
    time: float
    outputs: dict[str, Any]
    case: str
    passed_over: tuple[str, ...]


def numbers(folder: Path) -> list[int]:
    """Of the checkpoints in a folder, ascending."""
    names = [path.name for path in folder.glob("*") if path.is_dir()] if folder.is_dir() else []
    return sorted(int(name) for name in names if re.fullmatch(r"\d{6,}", name))


def newest(run: Path) -> Checkpoint:
    """The newest checkpoint in a run folder that can be read.

    Raises:
        ArchiveError: there is none; the message names what is wrong with each.
    """
    problems: list[str] = []
    for number in reversed(numbers(run / FOLDER)):
        folder = run / FOLDER / f"{number:06d}"
        try:
            manifest = archive.read_manifest(folder)
            outputs = dict(manifest["outputs"])
            _check_outputs(run, outputs)
            case = (folder / CASE).read_text(encoding="utf-8")
            step, now = int(manifest["step"]), float(manifest["time_s"])
            return Checkpoint(folder, step, now, outputs, case, tuple(problems))
        except ArchiveError as error:
            problems.append(f"checkpoint {folder} is passed over: {error}")
        except (KeyError, TypeError, ValueError, OSError):
            problems.append(f"checkpoint {folder} is passed over: {archive.MANIFEST} is damaged")
    if not problems:
        raise ArchiveError(f"{run} has no checkpoint to go on from")
    raise ArchiveError("; ".join([f"{run} has no checkpoint that can be read", *problems]))


def load(comm: MPI.Comm, folder: Path) -> Tree:
    """The state in a checkpoint, on all ranks; arrays of the whole mesh on rank 0 (collective).

    Raises:
        ArchiveError: on all ranks, if it cannot be read.
    """
    packed: Packed | None = None
    problem = None
    if comm.rank == 0:
        try:
            packed = archive.read(folder)
        except ArchiveError as error:
            problem = str(error)
    problem = comm.bcast(problem)
    if problem is not None:
        raise ArchiveError(f"checkpoint {folder}: {problem}")
    shared: Packed = comm.bcast(None if packed is None else packed.shared())
    return unpack(shared if packed is None else packed)


def _check_outputs(run: Path, outputs: Mapping[str, Any]) -> None:
    """Make sure that tables and series reach as far as they did.

    Raises:
        ArchiveError: one of them does not.
    """
    for name, size in outputs["tables"].items():
        path = run / name
        if not path.is_file() or path.stat().st_size < size:
            raise ArchiveError(f"{name} of the run is shorter than it was, or gone")
    series = run / "fields.pvd"
    found = series.read_text(encoding="utf-8").count("<DataSet") if series.is_file() else 0
    if found < outputs["frames"]:
        raise ArchiveError(f"{series.name} of the run has {found} frames, fewer than it had")
