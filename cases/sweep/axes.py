"""What `--vary` says: values of a key, or a range of it that a Latin hypercube samples."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from cases.checks import split
from cases.errors import CaseError
from cases.loader import AnyCase
from cases.messages import bare, quoted, unit
from cases.section import Section
from cases.units import Dimension, QuantityError, Unit, convert, read, write

_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a comma outside quotes
_DIGITS = 6  # of a sampled value
_SHAPE = 'expected KEY=A,B,... such as mesh.refine=1,2, or KEY=LOW..HIGH such as geometry.gap="10 um..20 um"'


@dataclass(frozen=True)
class Values:
    """Some values of a key, as they would stand after `--set`."""

    key: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """A range of a key, ends included; `log` where its logarithm is sampled evenly."""

    key: str
    low: str
    high: str
    log: bool = False


Axis = Values | Range


def parse(text: str) -> Axis:
    """Read one `--vary`: KEY=A,B,C or KEY=LOW..HIGH, the latter with " log" at its end if so wanted.

    Raises:
        CaseError: it is neither, or a value stands twice.
    """
    key, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not key or not given or not text.isprintable():
        raise CaseError(f"--vary {quoted(text)}: {_SHAPE}")
    words = [word.strip() for word in _COMMA.split(given)]
    if len(words) == 1 and ".." in given:
        ends, log = re.subn(r"\s+log$", "", given)
        low, _, high = (part.strip() for part in ends.partition(".."))
        if not low or not high or ".." in high:
            raise CaseError(f"--vary {quoted(text)}: {_SHAPE}")
        return Range(key, low, high, bool(log))
    if not all(words):
        raise CaseError(f"--vary {quoted(text)}: {_SHAPE}")
    if len(set(words)) < len(words):
        raise CaseError(f"--vary {quoted(text)}: a value stands twice")
    return Values(key, tuple(words))


@dataclass(frozen=True)
class Place:
    """Where a key leads in a case: its value there, the unit it has, whether it is a whole number."""

    value: Any
    unit: Unit | None
    whole: bool

    @property
    def dimension(self) -> Dimension | None:
        """Of the quantity; None for plain numbers and texts."""
        return None if self.unit is None or not self.unit.dimension.si else self.unit.dimension


def locate(case: AnyCase, key: str) -> Place | None:
    """Follow a dotted key through a case; None if it leads nowhere."""
    here: Any = case
    annotation: object = type(case)
    for part in split(key):
        if isinstance(here, Section) and part in type(here).model_fields:
            field = type(here).model_fields[part]
            here, annotation = getattr(here, part), (field.annotation, *field.metadata)
        elif isinstance(here, Mapping) and part in here:
            here, annotation = here[part], (*get_args(bare(annotation)), object)[1]
        else:
            return None
    return Place(here, unit(annotation), bare(annotation) is int)


def points(axes: Sequence[Axis], case: AnyCase, samples: int | None, seed: int) -> list[tuple[str, ...]]:
    """Value of every axis, in their order, for every run.

    All combinations of the values; for each of them the same Latin hypercube over the ranges.

    Raises:
        CaseError: a key stands twice, a range is none, or there is a range without a number of samples.
    """
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise CaseError(f"--vary {key}: given twice")
    ranges = [axis for axis in axes if isinstance(axis, Range)]
    if ranges and samples is None:
        raise CaseError(f"--vary {ranges[0].key}: a range needs --samples N")
    if samples is not None and not ranges:
        raise CaseError("--samples: is for ranges, expected --vary KEY=LOW..HIGH")
    sampled = list(_hypercube(ranges, case, samples or 1, seed))
    lists = [axis.texts if isinstance(axis, Values) else ("",) for axis in axes]
    found = []
    for texts in itertools.product(*lists):
        for sample in sampled:
            drawn = iter(sample)
            found.append(
                tuple(
                    next(drawn) if isinstance(axis, Range) else text
                    for axis, text in zip(axes, texts, strict=True)
                )
            )
    return found


def _hypercube(ranges: Sequence[Range], case: AnyCase, samples: int, seed: int) -> Iterator[tuple[str, ...]]:
    """Texts of the sampled values, one tuple per sample; one empty tuple without ranges."""
    if not ranges:
        yield ()
        return
    from scipy.stats import qmc  # takes a second

    scales = [_scale(axis, case) for axis in ranges]
    for row in qmc.LatinHypercube(d=len(ranges), rng=seed).random(samples):
        yield tuple(scale.text(float(u)) for scale, u in zip(scales, row, strict=True))


@dataclass(frozen=True)
class _Scale:
    """From a number between 0 and 1 to a value of a range."""

    low: float
    high: float
    log: bool
    place: Place

    def text(self, share: float) -> str:
        """The value, as it would stand after `--set`."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        if self.place.whole:  # every whole number of the range is equally likely
            return str(min(math.floor(self.low + (self.high + 1 - self.low) * share), int(self.high)))
        rounded = float(f"{value:.{_DIGITS}g}")
        dimension = self.place.dimension
        return repr(rounded) if dimension is None else write(rounded, dimension)


def _scale(axis: Range, case: AnyCase) -> _Scale:
    """The range in SI."""
    place = locate(case, axis.key)
    what = f"--vary {axis.key}"
    if place is None:
        raise CaseError(f"{what}: the case has no such key; a range needs one that it knows")
    low, high = (_number(text, place, what) for text in (axis.low, axis.high))
    if not low < high:
        raise CaseError(f"{what}: expected the lower end first, got {quoted(f'{axis.low}..{axis.high}')}")
    if axis.log and low <= 0.0:
        raise CaseError(f"{what}: the logarithm of a range needs ends of more than 0")
    if axis.log and place.whole:
        raise CaseError(f"{what}: whole numbers are sampled evenly, expected no log")
    return _Scale(low, high, axis.log, place)


def _number(text: str, place: Place, what: str) -> float:
    if place.dimension is not None:
        try:
            return read(text, place.dimension)
        except QuantityError as error:
            raise CaseError(f"{what}: {quoted(text)}: {error}, expected {place.dimension.expected}") from None
    kind = "a whole number" if place.whole else "a number"
    try:
        value = float(int(text)) if place.whole else float(text)
    except ValueError:
        raise CaseError(f"{what}: {quoted(text)}: expected {kind} at the ends of a range") from None
    if not abs(value) <= 1e100:
        raise CaseError(f"{what}: {quoted(text)}: expected {kind} of sensible size")
    return value


def lab_unit(values: Sequence[float], dimension: Dimension) -> str:
    """The unit of `dimension.written` that suits all values (SI): the largest is 1 or more in it."""
    most = max(map(abs, values), default=0.0)
    units = dimension.written
    return next((name for name in units if abs(convert(most, name, dimension)) >= 1.0), units[-1])
