"""Run a paper; what it gives, as plain data that can be written, read and shown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cases import loader
from cases.errors import CaseError
from cases.reproduction import inputs, sensitivity
from cases.reproduction.bench import Bench
from cases.reproduction.comparisons import Comparison, Kind, Row
from cases.reproduction.grown import Grown
from cases.reproduction.paper import Paper

if TYPE_CHECKING:
    from mpi4py import MPI

NO_ANSWER = "no answer"
"""In the place of a number where a run could not go on."""
Record = dict[str, Any]
"""A paper's results in the types of JSON."""


def make(paper: Paper, comm: MPI.Intracomm, quick: bool, growing: bool = True) -> Record:
    """Run all comparisons of a paper (collective).

    Args:
        paper: which.
        comm: communicator.
        quick: leave out growing cells and the sensitivity table.
        growing: whether growing cells run, which takes from minutes to an hour.
    """
    begin = time.perf_counter()
    bench = Bench({f.electrode: f for f in paper.fits}, paper.assumed, comm, grown=Grown(comm))
    shipped = loader.shipped()
    rows, left_out = [], []
    for comparison in paper.comparisons:
        absent = [case for case in comparison.needs if case not in shipped]
        if absent or (comparison.needs and not (growing and not quick)):
            why = f"there is no case {', '.join(absent)}" if absent else "growing cells were not run"
            left_out.append({"id": comparison.id, "why": why})
            continue
        rows.append(attempt(comparison, bench))
    moves = () if quick else sensitivity.moves(paper, bench, rows)
    return {
        "name": paper.name,
        "title": paper.title,
        "doi": paper.doi,
        "about": paper.about,
        "date": datetime.now(UTC).date().isoformat(),
        "ranks": comm.size,
        "seconds": round(time.perf_counter() - begin, 1),
        "rows": [asdict(row) for row in rows],
        "left_out": left_out,
        "inputs": [asdict(item) for item in inputs.of_paper(paper)],
        "fits": [
            {
                "electrode": fit.electrode,
                "parameter": fit.parameter,
                "value": bench.fitted(fit.electrode),
                "unit": fit.unit,
                "point": fit.fact.name,
                "paper": fit.fact.value,
                "paper_unit": fit.fact.unit,
            }
            for fit in paper.fits
        ],
        "sensitivity": [asdict(move) for move in moves],
    }


def attempt(comparison: Comparison, bench: Bench) -> Row:
    """The row of a comparison; one that says what went wrong, where the run cannot go on."""
    from solver.experiment import StepError

    try:
        return comparison.row(bench)
    except (StepError, CaseError) as error:
        quantity = getattr(comparison, "quantity", comparison.id)
        passed = None if comparison.kind is Kind.UNPUBLISHED else False
        return Row(comparison.id, quantity, comparison.kind, "", NO_ANSWER, passed=passed, note=str(error))


def score(rows: Sequence[Record], kind: Kind) -> tuple[int, int]:
    """How many rows of a kind are met, and how many there are."""
    found = [row for row in rows if row["kind"] == kind]
    return sum(bool(row["passed"]) for row in found), len(found)
