"""What the instrument does, as data: a program is a sequence of segments, iterated lazily.

The builders below make the programs of an instrument: `hold`, `constant_current`, `rest`, `ramp`,
`cyclic_voltammetry`, `pulse`, `cycle`; `sequence` and `repeat` put programs together. What has no builder is
still a line: GITT is ``repeat(sequence(constant_current(i, time=t), rest(t)), n)``. All is SI; currents are
anodic positive, a negative one deposits metal on the working electrode. At the end of its last segment a
program is done, and the run with it.

A train of a million pulses is a `Repeat` of one period, never a list: iteration makes segments one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, Protocol

from .segment import Current, Limit, Load, Mode, Observation, Potential, Segment

__all__ = [
    "Current", "Limit", "Load", "Mode", "Observation", "Potential", "Program", "Repeat", "Segment",
    "Sequence", "Single", "constant_current", "cycle", "cyclic_voltammetry", "hold", "pulse", "ramp",
    "repeat", "rest", "sequence", "symmetric", "window",
]  # fmt: skip

Limits = tuple[Limit, ...]


class Program(Protocol):
    """A sequence of segments that can be iterated any number of times."""

    def __iter__(self) -> Iterator[Segment]:
        """The segments in order, made as they are asked for."""
        ...

    def segments_total(self) -> int:
        """How many segments iteration gives."""
        ...

    def duration(self) -> float:
        """Sum of all durations in s, as if no limit were reached; may be infinite."""
        ...

    def endless(self) -> bool:
        """Whether it contains a segment that nothing in it ends."""
        ...

    def describe(self) -> str:
        """In words and laboratory units, on one line."""
        ...


@dataclass(frozen=True)
class Single:
    """A program of one segment."""

    segment: Segment

    def __iter__(self) -> Iterator[Segment]:
        """The segment."""
        yield self.segment

    def segments_total(self) -> int:
        """One."""
        return 1

    def duration(self) -> float:
        """Of the segment, in s."""
        return self.segment.duration

    def endless(self) -> bool:
        """Whether the segment is."""
        return self.segment.endless

    def describe(self) -> str:
        """The segment in words."""
        return self.segment.describe()


@dataclass(frozen=True)
class Sequence:
    """Programs one after the other; only the last may be endless (ValueError)."""

    parts: tuple[Program, ...]

    def __post_init__(self) -> None:
        """Refuse an empty sequence, and parts that are never reached."""
        if not self.parts:
            raise ValueError("a sequence of no programs, expected at least one")
        for part in self.parts[:-1]:
            if part.endless():
                raise ValueError(f"what follows is never reached: {part.describe()}")

    def __iter__(self) -> Iterator[Segment]:
        """The segments of one part after those of the other."""
        for part in self.parts:
            yield from part

    def segments_total(self) -> int:
        """Sum over the parts."""
        return sum(part.segments_total() for part in self.parts)

    def duration(self) -> float:
        """Sum over the parts, in s."""
        return math.fsum(part.duration() for part in self.parts)

    def endless(self) -> bool:
        """Whether the last part is."""
        return self.parts[-1].endless()

    def describe(self) -> str:
        """The parts, separated by semicolons."""
        return "; ".join(part.describe() for part in self.parts)


@dataclass(frozen=True)
class Repeat:
    """A program several times over; the names of its segments are numbered.

    Attributes:
        program: what is repeated; not endless unless count is 1 (ValueError).
        count: how often, at least 1 (ValueError).
        label: word before the number: "" gives "plate 3/10", "cycle" gives "sweep to 0 V, cycle 3/10".
    """

    program: Program
    count: int
    label: str = "repeat"

    def __post_init__(self) -> None:
        """Refuse a count below 1, and rounds that are never reached."""
        if self.count < 1:
            raise ValueError(f"repeated {self.count} times, expected at least 1")
        if self.count > 1 and self.program.endless():
            raise ValueError(f"the second round is never reached: {self.program.describe()}")

    def __iter__(self) -> Iterator[Segment]:
        """Round after round."""
        joint = f", {self.label} " if self.label else " "
        for number in range(1, self.count + 1):
            for segment in self.program:
                yield replace(segment, name=f"{segment.name}{joint}{number}/{self.count}")

    def segments_total(self) -> int:
        """Count times that of one round."""
        return self.count * self.program.segments_total()

    def duration(self) -> float:
        """Count times that of one round, in s."""
        return self.count * self.program.duration()

    def endless(self) -> bool:
        """Whether one round is."""
        return self.program.endless()

    def describe(self) -> str:
        """One round in brackets, with how often."""
        return f"{self.count} x ({self.program.describe()})"


def sequence(*programs: Program) -> Program:
    """Programs one after the other; ValueError if one that is not the last never ends."""
    return programs[0] if len(programs) == 1 else Sequence(programs)


def repeat(program: Program, count: int, label: str = "repeat") -> Program:
    """A program `count` times; names get ", label k/count" (see `Repeat`)."""
    return Repeat(program, count, label)


def hold(voltage: float, time: float = math.inf, resistance: float = 0.0, limits: Limits = ()) -> Single:
    """Constant potential in V for `time` in s; with a `resistance` in ohm m^2, that of a source behind it."""
    mode = Load(resistance) if resistance else Potential()
    return Single(Segment(f"hold at {mode.write(voltage)}", mode, voltage, 0.0, time, limits))


def constant_current(
    current: float, time: float = math.inf, capacity: float = math.inf, limits: Limits = ()
) -> Single:
    """Constant current in A/m^2, negative deposits, for `time` in s or until `capacity` in C/m^2 has passed.

    The current is known, so the capacity becomes a duration, t = capacity/|I|, on which the time step lands
    exactly; it is no limit to be searched for.

    Raises:
        ValueError: a capacity that is not positive, or one with no current to pass it.
    """
    if not capacity > 0.0 or (current == 0.0 and math.isfinite(capacity)):
        raise ValueError(f"capacity = {capacity} C/m^2 cannot be passed by a current of {current} A/m^2")
    duration = min(time, capacity / abs(current)) if current else time
    return Single(Segment(f"current {Current().write(current)}", Current(), current, 0.0, duration, limits))


def rest(time: float = math.inf, limits: Limits = ()) -> Single:
    """No current for `time` in s: open circuit."""
    return Single(Segment("rest", Current(), 0.0, 0.0, time, limits))


def ramp(start: float, stop: float, rate: float, mode: Mode | None = None, limits: Limits = ()) -> Single:
    """Linear sweep of the prescribed value from `start` to `stop` at |d/dt| = `rate`.

    Args:
        start: in V, or in A/m^2 if `mode` is `Current`.
        stop: likewise.
        rate: magnitude in V/s or A/(m^2 s), positive.
        mode: what is swept; by default `Potential`.
        limits: what ends it before.

    Raises:
        ValueError: start and stop are equal, or the rate is not positive.
    """
    if start == stop or not rate > 0.0:
        raise ValueError(f"sweep from {start} to {stop} at {rate}/s: expected two values and a rate > 0")
    mode = Potential() if mode is None else mode
    slope = math.copysign(rate, stop - start)
    name = f"sweep to {mode.write(stop)}"
    return Single(Segment(name, mode, start, slope, abs(stop - start) / rate, limits))


def cyclic_voltammetry(
    start: float,
    vertex1: float,
    vertex2: float,
    rate: float,
    cycles: int,
    mode: Mode | None = None,
    limits: Limits = (),
) -> Program:
    """Sweep start -> vertex1 -> vertex2 -> start in V at `rate` in V/s, `cycles` times.

    The start lies between the vertices or on one of them; a piece without length is left out. From a start
    outside instruments differ in what the second cycle does; put a `ramp` to a vertex before.

    Raises:
        ValueError: the vertices are equal, or the start is not between them.
    """
    if vertex1 == vertex2 or not min(vertex1, vertex2) <= start <= max(vertex1, vertex2):
        raise ValueError(f"start = {start} V: expected a value from vertex {vertex1} V to vertex {vertex2} V")
    corners = (start, vertex1, vertex2, start)
    pieces = [ramp(a, b, rate, mode, limits) for a, b in pairwise(corners) if a != b]
    return Repeat(sequence(*pieces), cycles, "cycle")


def pulse(
    current: float,
    on: float,
    off: float,
    count: int,
    reverse_current: float = 0.0,
    reverse: float = 0.0,
    limits: Limits = (),
) -> Program:
    """Pulse train: `current` for `on`, `reverse_current` for `reverse`, rest for `off`; `count` times.

    Args:
        current: in A/m^2, with its sign.
        on: in s.
        off: in s; 0 leaves it out.
        count: number of periods.
        reverse_current: in A/m^2, of the opposite sign.
        reverse: in s; 0 leaves it out.
        limits: what ends a pulse or a reverse pulse before its time.

    Raises:
        ValueError: no current, a negative time, a reverse current of the same sign or without a time.
    """
    if current == 0.0 or not on > 0.0 or off < 0.0 or reverse < 0.0:
        raise ValueError(f"{current} A/m^2, on {on} s, off {off} s, reverse {reverse} s: this is no pulse")
    if reverse_current * current > 0.0 or (reverse > 0.0) != (reverse_current != 0.0):
        raise ValueError(f"reverse {reverse_current} A/m^2, {reverse} s: expected the other sign and a time")
    pieces = [Single(Segment("pulse", Current(), current, 0.0, on, limits))]
    if reverse:
        pieces.append(Single(Segment("reverse", Current(), reverse_current, 0.0, reverse, limits)))
    if off:
        pieces.append(Single(Segment("off", Current(), 0.0, 0.0, off)))
    return Repeat(sequence(*pieces), count, "")


def cycle(
    current: float,
    cycles: int,
    *,
    capacity: float | None = None,
    time: float | None = None,
    voltage_limit: float | None = None,
    rest: float = 0.0,
    first: Literal["plate", "strip"] = "plate",
) -> Program:
    """Galvanostatic cycling of a symmetric cell: plate and strip the same charge, `cycles` times.

    Plating deposits metal on the working electrode (current -|I|), stripping dissolves it (+|I|).

    Args:
        current: magnitude |I| in A/m^2, positive.
        cycles: number of pairs.
        capacity: charge of a half cycle in C/m^2; either this or `time` is given.
        time: duration of a half cycle in s.
        voltage_limit: a half cycle also ends when |V| reaches this, in V, positive.
        rest: open circuit after every half cycle, in s; 0 leaves it out.
        first: which half comes first.

    Raises:
        ValueError: a value that is not positive, or both or neither of capacity and time.
    """
    if not current > 0.0 or (capacity is None) == (time is None):
        raise ValueError(f"cycle at {current} A/m^2: expected a positive current, and capacity or time")
    limits = () if voltage_limit is None else symmetric(voltage_limit)
    duration = capacity / current if capacity is not None else time or 0.0
    pieces = []
    for name in ("plate", "strip") if first == "plate" else ("strip", "plate"):
        signed = -current if name == "plate" else current
        pieces.append(Single(Segment(name, Current(), signed, 0.0, duration, limits)))
        if rest:
            pieces.append(Single(Segment(f"rest after {name}", Current(), 0.0, 0.0, rest)))
    return Repeat(sequence(*pieces), cycles, "")


def window(low: float, high: float) -> Limits:
    """Limits that are reached when the cell voltage leaves the range from `low` to `high` in V."""
    if not low < high:
        raise ValueError(f"voltages from {low} V to {high} V: expected the lower one first")
    return Limit("voltage", low, "below"), Limit("voltage", high, "above")


def symmetric(voltage: float) -> Limits:
    """Limits that are reached when |V| reaches `voltage` in V."""
    return window(-voltage, voltage)
