"""What an instrument repeats: the tables `cycle`, `sweep` and `pulse` of the section `control`; units.

Each knows the program it stands for and what is wrong with values that are each fine by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from cases.section import Section
from cases.units import (
    CURRENT_DENSITY,
    VOLTAGE,
    ChargeDensity,
    CurrentDensity,
    Dimension,
    Time,
    Unit,
    Voltage,
    write,
)
from solver import program as instrument

RESISTANCE = Dimension("a resistance times area", "ohm m^2", "10 ohm cm^2", ("ohm cm^2",))
RESISTANCE_GROWTH = Dimension(
    "a resistance times area per charge per area", "ohm m^4/C", "1 ohm cm^4/C", ("ohm cm^4/C",)
)
SWEEP_RATE = Dimension("a sweep rate", "V/s", "10 mV/s", ("V/s", "mV/s"))
_MOST = 10**9

Problem = tuple[str, str]
"""Dotted key, and what is wrong with its value."""


def _repetitions(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST:
        return value
    raise PydanticCustomError("quantity", "expected a whole number from 1 to {most}", {"most": _MOST})


def _pair(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(value)
    raise PydanticCustomError("quantity", 'expected two voltages such as ["0 V", "-0.3 V"]')


def _window(value: object) -> object:
    """Let one voltage, positive, stand for the range from its negative to itself."""
    if isinstance(value, list | tuple):
        return _pair(value)
    largest = Unit(VOLTAGE, above=0.0).validate(value)
    assert isinstance(largest, float)  # there are no words
    return write(-largest, VOLTAGE), write(largest, VOLTAGE)


Repetitions = Annotated[int, BeforeValidator(_repetitions)]
SignedCurrent = Annotated[float, Unit(CURRENT_DENSITY)]
Resistance = Annotated[float, Unit(RESISTANCE, above=0.0)]
ResistanceGrowth = Annotated[float, Unit(RESISTANCE_GROWTH, above=0.0)]
SweepRate = Annotated[float, Unit(SWEEP_RATE, above=0.0)]
VoltageLimit = Annotated[float, Unit(VOLTAGE, above=0.0)]
VoltagePair = Annotated[tuple[Voltage, Voltage], BeforeValidator(_pair)]
VoltageWindow = Annotated[
    tuple[Voltage, Voltage],
    BeforeValidator(_window, json_schema_input_type=str | tuple[str, str]),
]


def source(resistance: float | None) -> instrument.Mode:
    """A potential, behind a resistance in ohm m^2 if there is one."""
    return instrument.Potential() if resistance is None else instrument.Load(resistance)


class Cycle(Section):
    """Galvanostatic cycling of a symmetric cell: plating and stripping of the same charge."""

    current: CurrentDensity
    """Magnitude of the current; the signs follow from plating and stripping."""
    capacity: ChargeDensity | None = None
    """Charge of a half cycle; either this or time is given."""
    time: Time | None = None
    """Duration of a half cycle."""
    cycles: Repetitions
    """Number of cycles."""
    voltage_limit: VoltageLimit | None = None
    """A half cycle also ends when the voltage reaches this, with either sign."""
    rest: Time | None = None
    """Open circuit after every half cycle; none by default."""
    first: Literal["plate", "strip"] = "plate"
    """Whether a cycle begins with plating on the working electrode or with stripping."""

    def program(self) -> instrument.Program:
        """Half cycles with their rests, in SI."""
        return instrument.cycle(
            self.current,
            self.cycles,
            capacity=self.capacity,
            time=self.time,
            voltage_limit=self.voltage_limit,
            rest=self.rest or 0.0,
            first=self.first,
        )

    def problems(self, path: str) -> Iterator[Problem]:
        """Both or neither of capacity and time."""
        if (self.capacity is None) == (self.time is None):
            which = "neither is" if self.time is None else "both are"
            yield path, f"expected exactly one of capacity and time; {which} given"


class Sweep(Section):
    """Cyclic voltammetry: from the start to one vertex, to the other, and back to the start."""

    start: Voltage
    """Potential at the beginning and at the end of every cycle; not outside the vertices."""
    vertices: VoltagePair
    """Potentials at which the sweep turns, in the order they are met."""
    rate: SweepRate
    """Sweep rate, without sign."""
    cycles: Repetitions = 1
    """Number of cycles."""

    def program(self, resistance: float | None) -> instrument.Program:
        """Ramps of the source, in SI."""
        mode = source(resistance)
        return instrument.cyclic_voltammetry(self.start, *self.vertices, self.rate, self.cycles, mode)

    def problems(self, path: str) -> Iterator[Problem]:
        """Vertices that are one, a start outside."""
        low, high = sorted(self.vertices)
        if low == high:
            yield f"{path}.vertices", "expected two different voltages"
        elif not low <= self.start <= high:
            reach = f'from "{write(low, VOLTAGE)}" to "{write(high, VOLTAGE)}"'
            yield f"{path}.start", f"expected a voltage between the vertices, {reach}"


class Pulse(Section):
    """Pulse train: a pulse, a reverse pulse if given, a pause if given, again and again."""

    current: SignedCurrent
    """Current of the pulse; negative deposits metal."""
    on: Time
    """Duration of the pulse."""
    off: Time | None = None
    """Open circuit after it (after the reverse pulse if there is one)."""
    reverse_current: SignedCurrent | None = None
    """Current of the reverse pulse, of the other sign."""
    reverse: Time | None = None
    """Duration of the reverse pulse."""
    count: Repetitions
    """Number of periods."""

    def program(self) -> instrument.Program:
        """The periods, in SI."""
        back = (self.reverse_current or 0.0, self.reverse or 0.0)
        return instrument.pulse(self.current, self.on, self.off or 0.0, self.count, *back)

    def problems(self, path: str) -> Iterator[Problem]:
        """No current, half a reverse pulse or one of the same sign, no pause at all."""
        if self.current == 0.0:
            yield f"{path}.current", "expected a current other than 0"
        if self.reverse is None and self.reverse_current is not None:
            yield f"{path}.reverse", "missing, expected a time because reverse_current is given"
        if self.reverse is not None and self.reverse_current is None:
            yield f"{path}.reverse_current", "missing, expected a current density because reverse is given"
        if self.off is None and self.reverse is None and self.reverse_current is None:
            yield path, "nothing between the pulses, expected off, or reverse_current and reverse"
        if self.reverse_current is not None and self.reverse_current * self.current >= 0.0:
            shown = write(self.current, CURRENT_DENSITY)
            yield f"{path}.reverse_current", f'expected the opposite sign of current = "{shown}"'
