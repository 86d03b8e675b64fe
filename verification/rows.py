"""What a verification study is and finds: rows of a table, curves of a plot; the registry of all studies."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from solver.types import FloatArray

PACKAGE = "verification.studies"
"""Where the studies are."""
ORDER_SLACK = 0.1
"""A measured order of convergence may fall short of the theoretical one by this much."""


@dataclass(frozen=True)
class Row:
    """One number compared with another.

    The error is |got - expected|/|expected|, or |got| where 0 is expected. A row passes when the error is
    within the tolerance and, where a theoretical order is given, the measured order reaches it less
    `ORDER_SLACK`.

    Attributes:
        case: what was computed.
        quantity: what is compared.
        expected: the exact or published number.
        got: ours.
        unit: of both; "" for pure numbers.
        tolerance: of the error: relative, or in `unit` where 0 is expected.
        order: measured order of convergence.
        expected_order: theoretical order.
        source: where the expected number comes from.
        note: more to say, such as why there is no number.
    """

    case: str
    quantity: str
    expected: float
    got: float
    unit: str
    tolerance: float
    order: float | None = None
    expected_order: float | None = None
    source: str = ""
    note: str = ""

    @property
    def error(self) -> float:
        """Relative error, or the absolute one where 0 is expected."""
        miss = abs(self.got - self.expected)
        return miss if self.expected == 0.0 else miss / abs(self.expected)

    @property
    def passed(self) -> bool:
        """Whether error and order are as they should be; what is not a number has not passed."""
        if not self.error <= self.tolerance:
            return False
        if self.expected_order is None:
            return True
        return self.order is not None and bool(self.order >= self.expected_order - ORDER_SLACK)


@dataclass(frozen=True)
class Curve:
    """A computed curve, drawn over its reference. Curves with the same labels share one pair of axes.

    Attributes:
        name: in the legend.
        x, y: points, shapes (n,).
        reference: exact values, shape (m,), at `reference_x`, which is `x` where not given.
        reference_x: shape (m,).
        x_label, y_label: with units.
        log_x, log_y: logarithmic axes.
    """

    name: str
    x: FloatArray
    y: FloatArray
    reference: FloatArray | None = None
    reference_x: FloatArray | None = None
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Result:
    """What a study found.

    Attributes:
        rows: comparisons; none at all counts as a failure.
        curves: for its plot.
    """

    rows: tuple[Row, ...]
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class Study:
    """A comparison of the solver with something known.

    Attributes:
        name: short, for the command line.
        title: of its section in the report.
        shows: what it shows, in a few sentences.
        function: runs it (collective: on all ranks of MPI.COMM_WORLD); True asks for the quick version.
        peer: name of another program that it needs; such studies run only when asked for.
    """

    name: str
    title: str
    shows: str
    function: Callable[[bool], Result]
    peer: str = ""


@dataclass(frozen=True)
class Outcome:
    """A study that has been run.

    Attributes:
        study: which.
        result: what it found; one failing row where it raised an error.
        seconds: how long it took.
    """

    study: Study
    result: Result
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every row passed, and there is one."""
        return bool(self.result.rows) and all(row.passed for row in self.result.rows)


def failure(case: str, message: str) -> Result:
    """Result of a study that ended in an error."""
    return Result((Row(case, "runs without an error", 0.0, math.nan, "", 0.0, note=message),))


def studies() -> tuple[Study, ...]:
    """All studies, in the order of their modules in `verification.studies` and then as listed there.

    A module offers `study`, a Study, or `studies`, a sequence of them; others are helpers. A module that
    cannot be imported becomes a study that fails with the reason, so that it does not hide the rest.

    Raises:
        ValueError: two studies have one name.
    """
    package = importlib.import_module(PACKAGE)
    found: list[Study] = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        found += _offered(f"{PACKAGE}.{module.name}")
    names = [study.name for study in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two studies have the same name: {', '.join(twice)}")
    return tuple(found)


def _offered(module: str) -> Iterable[Study]:
    try:
        loaded = importlib.import_module(module)
    except Exception as error:
        return (_broken(module, f"{type(error).__name__}: {error}"),)
    single = getattr(loaded, "study", None)
    several: tuple[Study, ...] = tuple(getattr(loaded, "studies", ()))
    return (single, *several) if isinstance(single, Study) else several


def _broken(module: str, message: str) -> Study:
    short = module.rpartition(".")[2]

    def run(quick: bool) -> Result:
        raise ImportError(f"{module} cannot be imported: {message}")

    return Study(short, short, "This module could not be imported.", run)
