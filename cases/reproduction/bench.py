"""Where comparisons get their numbers: cells that are run once, parameters that are fitted once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cases.errors import CaseError
from cases.reproduction.cells import Polarisation, cycle, tables
from cases.reproduction.facts import Fact

if TYPE_CHECKING:
    from mpi4py import MPI

    from cases.reproduction.grown import Grown

MET = 1e-6
"""A fitted point is met to this relative error."""
STEPS = 30
"""Of the secant method."""
LONGEST = 5.0
"""Longest of them, in the logarithm of the parameter."""


@dataclass(frozen=True)
class Fit:
    """The one parameter of an electrode that is fitted, and the one published point that it is fitted to.

    Attributes:
        electrode: name.
        parameter: what it is, in words.
        unit: of the parameter.
        fact: the point.
        answer: what the simulation gives for a value of the parameter, in the unit of the fact.
        start: a positive guess.
        case: case file that carries the value found, at `key`; "" if none does.
        key: of the case file.
    """

    electrode: str
    parameter: str
    unit: str
    fact: Fact
    answer: Callable[[Bench, float], float]
    start: float
    case: str = ""
    key: str = "reactions.deposition.exchange_current_density"


@dataclass(frozen=True)
class Assumed:
    """A value that no case file holds.

    Attributes:
        value, unit: what it is.
        reason: why; begins with "Cited:" where it has a source.
    """

    value: float
    unit: str
    reason: str


@dataclass
class Bench:
    """Runs and fits, each made once (collective).

    Attributes:
        fits: by electrode.
        assumed: values beyond the case files, by name.
        comm: communicator.
        scales: factors on values of case files (by key) and on assumed values (by "assumed.NAME").
        grown: runs of cells whose electrode grows; they know no scales.
        starts: guesses of parameters by electrode, in place of those of the fits.
    """

    fits: Mapping[str, Fit]
    assumed: Mapping[str, Assumed]
    comm: MPI.Intracomm
    scales: Mapping[str, float] = field(default_factory=dict)
    grown: Grown | None = None
    starts: Mapping[str, float] = field(default_factory=dict)
    _cells: dict[object, Polarisation] = field(default_factory=dict)
    _solved: dict[str, tuple[float, frozenset[Fact]]] = field(default_factory=dict)
    _used: set[Fact] = field(default_factory=set)
    _target: Fact | None = None

    def cell(self, case: str, settings: Mapping[str, str]) -> Polarisation:
        """Voltages of a symmetric cell: a shipped case with values replaced."""
        key = (case, tuple(sorted(settings.items())))
        if key not in self._cells:
            self._cells[key] = cycle(tables(case, settings, self.scales), self.comm)
        return self._cells[key]

    def value(self, name: str) -> float:
        """An assumed value."""
        return self.assumed[name].value * self.scales.get(f"assumed.{name}", 1.0)

    @contextmanager
    def predicting(self, target: Fact | None) -> Iterator[None]:
        """Within, no parameter may be used that was fitted to `target`."""
        before, self._target = self._target, target
        try:
            yield
        finally:
            self._target = before

    @property
    def solved(self) -> dict[str, float]:
        """Parameters found so far, by electrode."""
        return {electrode: value for electrode, (value, _) in self._solved.items()}

    def fitted(self, electrode: str) -> float:
        """The parameter of an electrode.

        Raises:
            CaseError: it cannot be found.
            ValueError: a prediction would rest on the point that it predicts.
        """
        if electrode not in self._solved:
            self._solved[electrode] = self._solve(self.fits[electrode])
        value, facts = self._solved[electrode]
        if self._target in facts:
            raise ValueError(f"{self._target and self._target.name} is predicted from a fit to itself")
        self._used |= facts
        return value

    def _solve(self, fit: Fit) -> tuple[float, frozenset[Fact]]:
        """Root of answer - published over the logarithm of the parameter, by the secant method."""
        outer, self._used = self._used, set()
        with self.predicting(None):
            x, step, before = math.log(self.starts.get(fit.electrode, fit.start)), 0.0, math.nan
            for _ in range(STEPS):
                miss = fit.answer(self, math.exp(x)) / fit.fact.value - 1.0
                if abs(miss) <= MET:
                    break
                if miss == before or not -1.0 < miss < math.inf:
                    raise _unmet(fit)
                # At first as if the voltage went as one over the parameter, which it does where it is small.
                step = math.log1p(miss) if step == 0.0 else -miss * step / (miss - before)
                step = math.copysign(min(abs(step), LONGEST), step)
                x, before = x + step, miss
            else:
                raise _unmet(fit)
        facts, self._used = frozenset(self._used | {fit.fact}), outer
        return math.exp(x), facts


def _unmet(fit: Fit) -> CaseError:
    point = f"{fit.fact.name} = {fit.fact.value:g} {fit.fact.unit}"
    return CaseError(f"{fit.electrode}: no {fit.parameter} was found that gives {point}")
