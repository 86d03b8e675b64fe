"""Runs of cells whose electrode grows, each made once, into folders that are thrown away."""

from __future__ import annotations

import csv
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cases import loader, ranks
from cases.errors import CaseError
from solver.types import FloatArray

if TYPE_CHECKING:
    from mpi4py import MPI

GAVE_UP = 3


@dataclass(frozen=True)
class GrownRun:
    """What a run folder says.

    Attributes:
        summary: summary.json.
        metrics: columns of metrics.csv, one row per step; what is no number there is NaN.
    """

    summary: dict[str, Any]
    metrics: dict[str, FloatArray]


@dataclass
class Grown:
    """Growing cells by name (collective).

    Attributes:
        comm: communicator.
    """

    comm: MPI.Intracomm
    _runs: dict[tuple[str, tuple[str, ...]], GrownRun] = field(default_factory=dict)

    def run(self, case: str, *overrides: str) -> GrownRun:
        """Run a shipped case with ``key=value`` overrides; a run that gave up has what it got to.

        Raises:
            CaseError: the case is wrong, or the run failed.
        """
        key = (case, overrides)
        if key not in self._runs:
            self._runs[key] = self._made(case, overrides)
        return self._runs[key]

    def _made(self, case: str, overrides: tuple[str, ...]) -> GrownRun:
        from cases.build import run_case  # DOLFINx: takes a second

        loaded = ranks.together(self.comm, lambda: loader.load(case, overrides))
        with tempfile.TemporaryDirectory(prefix="tertia-") as scratch:
            # Every rank has made a folder; that of rank 0 is used, the others stay empty.
            folder = Path(self.comm.bcast(scratch)) / case
            code = run_case(loaded, loader.find(case), folder, quiet=True)
            if code not in (0, GAVE_UP):
                raise CaseError(f"{case}: the run ended with exit code {code}")
            return ranks.on_first(self.comm, lambda: read(folder))


def read(folder: Path) -> GrownRun:
    """Read what a run has left."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([_number(row[name]) for row in rows]) for name in (rows[0] if rows else ())}
    return GrownRun(summary, columns)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
