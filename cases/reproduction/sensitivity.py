"""How far the answers move with what a paper leaves out: everything is run and fitted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.errors import CaseError
from cases.reproduction.bench import Bench
from cases.reproduction.comparisons import Comparison, Kind, Row
from cases.reproduction.paper import Paper


@dataclass(frozen=True)
class Move:
    """What one change does.

    Attributes:
        name, how: of the variation.
        side: "low" or "high".
        relative: by id, what an answer becomes over what it was, less one; None where the run cannot be made.
        turned: ids of rankings whose outcome changes.
    """

    name: str
    how: str
    side: str
    relative: Mapping[str, float | None]
    turned: tuple[str, ...]


def moves(paper: Paper, bench: Bench, rows: Sequence[Row]) -> tuple[Move, ...]:
    """All variations of a paper, both ways (collective).

    Args:
        paper: which.
        bench: that of the rows; symmetric cells only are run again.
        rows: what was found without changes.
    """
    found = {row.id: row for row in rows}
    concerned = [c for c in paper.comparisons if not c.needs and c.kind is not Kind.FITTED and c.id in found]
    made = []
    for variation in paper.variations:
        for side, scales in (("low", variation.low), ("high", variation.high)):
            changed = Bench(bench.fits, bench.assumed, bench.comm, scales, starts=bench.solved)
            after = {c.id: _row(c, changed) for c in concerned}
            relative = {
                key: None if row is None or row.number is None else row.number / before - 1.0
                for key, row in after.items()
                if (before := found[key].number) is not None
            }
            turned = tuple(
                key
                for key, row in after.items()
                if found[key].number is None and (row is None or row.passed != found[key].passed)
            )
            made.append(Move(variation.name, variation.how, side, relative, turned))
    return tuple(made)


def _row(comparison: Comparison, bench: Bench) -> Row | None:
    """The row, or None where the changed cell cannot be run or fitted: depleted, for one."""
    from solver.experiment import StepError

    try:
        return comparison.row(bench)
    except (StepError, CaseError):
        return None
