"""What is compared: points, orders and verdicts, each a `Comparison`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from cases.reproduction.bench import Bench
from cases.reproduction.facts import Fact

NEAR = 0.25
"""A prediction counts as met within this relative error."""
TIE = 1e-3
"""Numbers closer than this, relative, have no order."""

Answer = Callable[[Bench], float]


class Kind(StrEnum):
    """What a number is worth."""

    FITTED = "fitted"
    PREDICTED = "predicted"
    RANKING = "ranking"
    CROSS_CHECK = "cross-check"
    """One paper's value put into the cell of another: two preparations of sodium, so not counted."""
    UNPUBLISHED = "unpublished"
    """A prediction that the paper has no number for."""


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        id: of the comparison, unique within a paper.
        quantity: what it is.
        kind: see `Kind`.
        paper, got: the two, as text.
        unit: of both; "" for orders and verdicts.
        number: ours as a number, where it is one.
        error: relative, with sign; None where there is none.
        passed: whether it is met: within `NEAR`, the same order or verdict; None where that is no question.
        note: why it misses, or what it rests on.
    """

    id: str
    quantity: str
    kind: Kind
    paper: str
    got: str
    unit: str = ""
    number: float | None = None
    error: float | None = None
    passed: bool | None = None
    note: str = ""


class Comparison(Protocol):
    """One line of a paper's table."""

    @property
    def id(self) -> str:
        """Unique within the paper."""

    @property
    def kind(self) -> Kind:
        """See `Kind`."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of growing cases that it runs; none for symmetric cells, which take a second."""

    def row(self, bench: Bench) -> Row:
        """Run what is needed (collective) and compare."""


@dataclass(frozen=True)
class Point:
    """A published number, or one that the paper has none for.

    Attributes:
        id, quantity, kind: see `Row`.
        answer: ours, in `unit`.
        fact: the published number.
        missing: the physics that explains a miss.
        unit: without a fact.
        needs: growing cases that `answer` runs.
    """

    id: str
    quantity: str
    kind: Kind
    answer: Answer
    fact: Fact | None
    missing: str = ""
    unit: str = ""
    needs: tuple[str, ...] = ()

    def row(self, bench: Bench) -> Row:
        """See Comparison."""
        with bench.predicting(self.fact if self.kind is Kind.PREDICTED else None):
            got = self.answer(bench)
        if self.fact is None:
            return Row(self.id, self.quantity, self.kind, "", number(got), self.unit, got, note=self.missing)
        error = got / self.fact.value - 1.0
        near = abs(error) <= NEAR if self.kind is Kind.PREDICTED else None
        note = "" if near else self.missing
        return Row(
            self.id,
            self.quantity,
            self.kind,
            number(self.fact.value),
            number(got),
            self.fact.unit,
            got,
            error,
            near,
            note,
        )


@dataclass(frozen=True)
class Between:
    """A published interval; the error is the distance from its nearer end, relative to that end.

    Attributes:
        id, quantity, unit: see `Row`.
        low, high: the interval.
        answer: ours.
        missing: the physics that explains a miss.
        needs: growing cases that `answer` runs.
    """

    id: str
    quantity: str
    low: float
    high: float
    unit: str
    answer: Answer
    missing: str = ""
    needs: tuple[str, ...] = ()
    kind: Kind = Kind.PREDICTED

    def row(self, bench: Bench) -> Row:
        """See Comparison."""
        got = self.answer(bench)
        error = min(got / self.low, 1.0) - 1.0 if got < self.high else got / self.high - 1.0
        near = abs(error) <= NEAR
        paper, note = f"{number(self.low)} to {number(self.high)}", "" if near else self.missing
        return Row(self.id, self.quantity, self.kind, paper, number(got), self.unit, got, error, near, note)


@dataclass(frozen=True)
class Ranking:
    """An order of variants; ties are no order.

    Attributes:
        id, quantity: see `Row`.
        entries: label, published number that sets its place, our number.
        missing: the physics that explains a wrong order.
        needs: growing cases that the answers run.
        remark: what a right order rests on.
    """

    id: str
    quantity: str
    entries: Sequence[tuple[str, float, Answer]]
    missing: str = ""
    needs: tuple[str, ...] = ()
    kind: Kind = Kind.RANKING
    remark: str = ""

    def row(self, bench: Bench) -> Row:
        """See Comparison."""
        paper = order([(label, value) for label, value, _ in self.entries])
        got = order([(label, answer(bench)) for label, _, answer in self.entries])
        passed = paper == got
        return Row(
            self.id,
            self.quantity,
            self.kind,
            paper,
            got,
            passed=passed,
            note=self.remark if passed else self.missing,
        )


@dataclass(frozen=True)
class Verdict:
    """A statement in words: flat, dendrite, moss.

    Attributes:
        id, quantity: see `Row`.
        expected: what the paper shows.
        answer: what the run shows.
        missing: the physics that explains another verdict.
        needs: growing cases that `answer` runs.
    """

    id: str
    quantity: str
    expected: str
    answer: Callable[[Bench], str]
    missing: str = ""
    needs: tuple[str, ...] = ()
    kind: Kind = Kind.RANKING

    def row(self, bench: Bench) -> Row:
        """See Comparison."""
        got = self.answer(bench)
        passed = got == self.expected
        return Row(
            self.id,
            self.quantity,
            self.kind,
            self.expected,
            got,
            passed=passed,
            note="" if passed else self.missing,
        )


def order(values: Sequence[tuple[str, float]]) -> str:
    """Labels from the lowest to the highest value: "a < b = c"; equal ones in the order given."""
    ranked = sorted(values, key=lambda item: item[1])
    groups = [[ranked[0]]]
    for before, here in pairwise(ranked):
        if math.isclose(before[1], here[1], rel_tol=TIE):
            groups[-1].append(here)
        else:
            groups.append([here])
    place = {label: index for index, (label, _) in enumerate(values)}
    return " < ".join(
        " = ".join(sorted((label for label, _ in group), key=place.__getitem__)) for group in groups
    )


def number(value: float) -> str:
    """Three digits, or four where the first is small."""
    return f"{value:.3g}" if abs(value) < 1000.0 else f"{value:.0f}"
