"""What the instrument does in one elementary piece of its program: mode, prescribed value, what ends it.

In a segment one scalar equation holds between the cell voltage V (working electrode against counter
electrode, in V) and the current density I (per nominal area of the working electrode, in A/m^2; anodic
positive, negative when metal deposits on it):

    a V + b I = s(t),    s(t) = start + rate t,    t from the beginning of the segment

Its coefficients come from the mode: `Potential` (1, 0), `Current` (0, 1), `Load` (1, R). The engine solves it
together with the fields. A segment ends after its duration or at the first of its limits. Segments make up a
program: `solver.program`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from .constants import thermal_voltage

Quantity = Literal["voltage", "current", "capacity", "charge"]
MA_PER_CM2 = 10.0  # A/m^2
MAH_PER_CM2 = 36_000.0  # C/m^2
_TIMES = ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def write_time(seconds: float) -> str:
    """A duration as text, in the largest unit in which it is at least 1; six digits."""
    size, unit = next((pair for pair in _TIMES if seconds >= pair[0]), _TIMES[-1])
    return f"{seconds / size:.6g} {unit}"


class Mode(Protocol):
    """What is prescribed during a segment."""

    @property
    def coefficients(self) -> tuple[float, float]:
        """(a, b) in a V + b I = s, with V in V and I in A/m^2."""
        ...

    def write(self, value: float) -> str:
        """Prescribed value s as text, in laboratory units."""
        ...


@dataclass(frozen=True)
class Potential:
    """The cell voltage is prescribed: V = s, s in V."""

    @property
    def coefficients(self) -> tuple[float, float]:
        """(1, 0)."""
        return 1.0, 0.0

    def write(self, value: float) -> str:
        """In V."""
        return f"{value:.6g} V"


@dataclass(frozen=True)
class Current:
    """The current is prescribed: I = s, s in A/m^2."""

    @property
    def coefficients(self) -> tuple[float, float]:
        """(0, 1)."""
        return 0.0, 1.0

    def write(self, value: float) -> str:
        """In mA/cm^2."""
        return f"{value / MA_PER_CM2:.6g} mA/cm^2"


@dataclass(frozen=True)
class Load:
    """A source of voltage s behind an external resistance: V + R I = s, s in V.

    A positive (anodic) current flows from the source through the resistance into the working electrode, so
    that the cell sees V = s - R I.

    Attributes:
        resistance: R in ohm m^2, at least 0.
    """

    resistance: float

    def __post_init__(self) -> None:
        """Refuse a resistance that no resistor has."""
        if not 0.0 <= self.resistance < math.inf:
            raise ValueError(f"resistance = {self.resistance} ohm m^2: expected 0 or more, and finite")

    @property
    def coefficients(self) -> tuple[float, float]:
        """(1, R)."""
        return 1.0, self.resistance

    def write(self, value: float) -> str:
        """Source in V, resistance in ohm cm^2."""
        return f"{value:.6g} V behind {self.resistance * 1e4:.6g} ohm cm^2"


@dataclass(frozen=True)
class Observation:
    """What an instrument reads.

    Attributes:
        time: since the beginning of the segment, in s.
        voltage: cell voltage V in V (with a `Load`, behind the resistance, not the source).
        current: I in A/m^2, anodic positive.
        charge: integral of I since the beginning of the segment, in C/m^2.
        total_charge: integral of I since the beginning of the program, in C/m^2.
    """

    time: float
    voltage: float
    current: float
    charge: float
    total_charge: float


@dataclass(frozen=True)
class Limit:
    """Ends a segment when a quantity is at or beyond a value.

    Attributes:
        quantity: "voltage", the cell voltage in V; "current", the magnitude |I| in A/m^2; "capacity", the
            magnitude of the charge passed in the segment in C/m^2; "charge", the charge passed since the
            beginning of the program, with its sign, in C/m^2.
        value: in the unit of the quantity; positive for the two that are magnitudes.
        direction: on which side of the value the limit is reached.

    A limit is about what happens in its segment. At time 0 the reading may still be that of the segment
    before (a current cut-off after a rest would be met), so `Segment.reached` begins to judge after that.
    """

    quantity: Quantity
    value: float
    direction: Literal["above", "below"]

    def __post_init__(self) -> None:
        """Refuse values that are never, or always, reached."""
        magnitude = self.quantity in {"current", "capacity"}
        if not math.isfinite(self.value) or (magnitude and self.value <= 0.0):
            expected = "a positive number" if magnitude else "a finite number"
            raise ValueError(f"limit on {self.quantity} = {self.value}: expected {expected}")

    @property
    def scale(self) -> float:
        """The difference that counts as 1 in `distance`.

        That is |value|. Where a value of 0 makes sense it is at least the thermal voltage (26 mV), or
        1 C/m^2, about the charge of one layer of atoms.
        """
        least = {"voltage": thermal_voltage(298.15), "charge": 1.0}
        return max(abs(self.value), least.get(self.quantity, 0.0))

    def distance(self, observation: Observation) -> float:
        """How far beyond the limit; >= 0 when reached.

        (x - value)/scale for "above", its negative for "below", x being the quantity that is observed.
        """
        reading = {
            "voltage": observation.voltage,
            "current": abs(observation.current),
            "capacity": abs(observation.charge),
            "charge": observation.total_charge,
        }[self.quantity]
        beyond = (reading - self.value) / self.scale
        return beyond if self.direction == "above" else -beyond

    def describe(self) -> str:
        """In words and laboratory units."""
        shown = {
            "voltage": f"{self.value:.6g} V",
            "current": f"{self.value / MA_PER_CM2:.6g} mA/cm^2",
        }.get(self.quantity, f"{self.value / MAH_PER_CM2:.6g} mAh/cm^2")
        name = "|current|" if self.quantity == "current" else self.quantity
        return f"{name} {self.direction} {shown}"


@dataclass(frozen=True)
class Segment:
    """One elementary piece of a program.

    Attributes:
        name: shown to the user, such as "plate 3/10", "rest", "sweep to -0.3 V".
        mode: what is prescribed.
        start: prescribed value at its beginning, in V or A/m^2.
        rate: time derivative of that value, in V/s or A/(m^2 s).
        duration: in s, may be infinite.
        limits: each of them ends the segment when reached.
        ends_program: whether a limit that is reached ends the whole program, not only this segment; no
            builder sets it.
    """

    name: str
    mode: Mode
    start: float
    rate: float
    duration: float
    limits: tuple[Limit, ...] = ()
    ends_program: bool = False

    def __post_init__(self) -> None:
        """Refuse what no instrument can do."""
        if not (math.isfinite(self.start) and math.isfinite(self.rate)):
            raise ValueError(f"{self.name}: expected finite values, got start {self.start}, rate {self.rate}")
        if not self.duration > 0.0:
            raise ValueError(f"{self.name}: expected a duration of more than 0 s, got {self.duration}")
        if self.endless and self.rate != 0.0:
            raise ValueError(f"{self.name}: a ramp without end and without limit grows for ever")

    @property
    def endless(self) -> bool:
        """Whether nothing in it ends it."""
        return math.isinf(self.duration) and not self.limits

    def value(self, time: float) -> float:
        """Prescribed value s at `time` in s from its beginning; in V or A/m^2."""
        return self.start + self.rate * time if self.rate else self.start

    def reached(self, observation: Observation) -> Limit | None:
        """The limit that `observation` is furthest beyond; None if none is reached, and at time 0."""
        if observation.time <= 0.0:
            return None
        beyond = [(limit.distance(observation), limit) for limit in self.limits]
        distance, furthest = max(beyond, key=lambda pair: pair[0], default=(-1.0, None))
        return furthest if distance >= 0.0 else None

    def describe(self) -> str:
        """In words and laboratory units; values as in the mode, rounded to six digits."""
        resting = self.mode == Current() and self.start == 0.0 and self.rate == 0.0
        what = "rest" if resting else self.mode.write(self.start)
        until = " or ".join(limit.describe() for limit in self.limits)
        if math.isinf(self.duration):
            return f"{what} until {until}" if until else f"{what} without end"
        if self.rate:
            what += f" to {self.mode.write(self.value(self.duration))}"
        text = f"{what} {'in' if self.rate else 'for'} {write_time(self.duration)}"
        return f"{text} or until {until}" if until else text
