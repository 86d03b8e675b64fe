"""What the instrument does: the section `control`, and the program it stands for.

Exactly one key says what happens, in the section and in every step of `control.program`: `voltage`,
`current`, `cycle`, ... `_WAYS` tells what may stand beside it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from cases.section import Section
from cases.units import ChargeDensity, CurrentDensity, Time, Voltage
from cases.waveforms import (
    Cycle,
    Problem,
    Pulse,
    Repetitions,
    Resistance,
    SignedCurrent,
    Sweep,
    SweepRate,
    VoltagePair,
    VoltageWindow,
    source,
)
from solver import program as instrument
from solver.segment import Current

LOOKED_AT = 1000
"""Segments of a program that are looked at: a train of a million pulses repeats itself."""


def _steps(value: object) -> object:
    if isinstance(value, list | tuple) and value:
        return tuple(value)
    raise PydanticCustomError("quantity", 'expected a list of steps such as [{ rest = "10 s" }]')


class _Ways(Section):
    """Keys that the section and a step of a program have in common."""

    voltage: Voltage | None = None
    """Potential of the working electrode against the counter electrode, constant; negative deposits metal."""
    current: SignedCurrent | None = None
    """Current density of the working electrode, constant; negative deposits metal."""
    resistance: Resistance | None = None
    """External resistance between source and cell; voltages are then those of the source."""
    cycle: Cycle | None = None
    """Cycling of a symmetric cell at constant current."""
    sweep: Sweep | None = None
    """Cyclic voltammetry."""
    pulse: Pulse | None = None
    """Pulses of current."""


class Step(_Ways):
    """One step of a program."""

    rest: Time | None = None
    """Open circuit for this time."""
    ramp: VoltagePair | None = None
    """Linear sweep from the first potential to the second."""
    rate: SweepRate | None = None
    """Rate of the ramp, without sign."""
    repeat: Repetitions | None = None
    """How often the steps are done."""
    steps: Annotated[tuple[Step, ...], BeforeValidator(_steps)] | None = None
    """What is repeated."""
    time: Time | None = None
    """The step ends after this time."""
    capacity: ChargeDensity | None = None
    """The step ends when this charge, of either sign, has passed in it."""
    voltage_limit: VoltageWindow | None = None
    """The step ends when the voltage reaches this with either sign, or leaves this range."""
    current_limit: CurrentDensity | None = None
    """The step ends when the magnitude of the current falls to this."""


class Control(_Ways):
    """What the instrument does: exactly one of voltage, current, cycle, sweep, pulse and program."""

    program: Annotated[tuple[Step, ...], BeforeValidator(_steps)] | None = None
    """Steps one after the other; the run ends with the last."""

    @model_validator(mode="after")
    def _together(self) -> Control:
        """Refuse values that contradict each other."""
        if found := list(problems(self)) or list(_unbuildable(self)):
            text = "; ".join(f"{path}: {why}" for path, why in found)
            raise PydanticCustomError("case", "{text}", {"text": text, "problems": found})
        return self


def program(control: Control) -> instrument.Program:
    """The program that a section stands for, in SI; a constant voltage or current lasts for ever."""
    steps = (_only_step(control),) if control.program is None else control.program
    return instrument.sequence(*map(_build, steps))


def largest_current(control: Control) -> float | None:
    """Magnitude of the largest cathodic current density programmed (anodic if there is none), A/m^2.

    None without a current; of a long program only the beginning is looked at.
    """
    segments = itertools.islice(program(control), LOOKED_AT)
    currents = [s.start for s in segments if isinstance(s.mode, Current)]
    found = max((-i for i in currents), default=0.0)
    return found or max(map(abs, currents), default=0.0) or None


def _only_step(control: Control) -> Step:
    return Step.model_construct(**{key: getattr(control, key) for key in _Ways.model_fields})


def _build(step: Step) -> instrument.Program:
    """Program of a step in which exactly one way is given."""
    if step.voltage is not None:
        resistance = step.resistance or 0.0
        return instrument.hold(step.voltage, _forever(step.time), resistance, _limits(step))
    if step.current is not None:
        times = _forever(step.time), _forever(step.capacity)
        return instrument.constant_current(step.current, *times, _limits(step))
    if step.rest is not None:
        return instrument.rest(step.rest)
    if step.ramp is not None and step.rate is not None:
        return instrument.ramp(*step.ramp, step.rate, source(step.resistance))
    if step.cycle is not None:
        return step.cycle.program()
    if step.sweep is not None:
        return step.sweep.program(step.resistance)
    if step.pulse is not None:
        return step.pulse.program()
    assert step.repeat is not None  # problems
    assert step.steps is not None
    return instrument.repeat(instrument.sequence(*map(_build, step.steps)), step.repeat)


def _forever(value: float | None) -> float:
    return math.inf if value is None else value


def _limits(step: Step) -> tuple[instrument.Limit, ...]:
    """Limits of a step at constant voltage or current; the capacity at constant current is a duration."""
    found: tuple[instrument.Limit, ...] = ()
    if step.capacity is not None and step.current is None:
        found += (instrument.Limit("capacity", step.capacity, "above"),)
    if step.voltage_limit is not None:
        found += instrument.window(*step.voltage_limit)
    if step.current_limit is not None:
        found += (instrument.Limit("current", step.current_limit, "below"),)
    return found


@dataclass(frozen=True)
class _Way:
    """What stands beside a way.

    Attributes:
        needs: keys that must.
        takes: keys that may.
        ends: keys of which one must be given for the step to end; () if it ends by itself.
    """

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def allows(self, key: str) -> bool:
        """Whether `key` may stand beside it."""
        return key in self.needs + self.takes + self.ends


_WAYS = {
    "voltage": _Way(takes=("resistance",), ends=("time", "capacity", "current_limit")),
    "current": _Way(ends=("time", "capacity", "voltage_limit")),
    "cycle": _Way(),
    "sweep": _Way(takes=("resistance",)),
    "pulse": _Way(),
    "rest": _Way(),
    "ramp": _Way(needs=("rate",), takes=("resistance",)),
    "repeat": _Way(needs=("steps",)),
}


def problems(control: Control, path: str = "control") -> Iterator[Problem]:
    """What is wrong with a section whose values are each fine by themselves."""
    if control.program is None:
        ways = [key for key in _WAYS if key in _Ways.model_fields]
        yield from _check(path, _only_step(control), [*ways, "program"], last=True)
        return
    if given := [key for key in _Ways.model_fields if getattr(control, key) is not None]:
        yield path, f"{_and([*given, 'program'])} are given, expected program alone"
    yield from _check_all(f"{path}.program", control.program, last=True)


def _unbuildable(control: Control) -> Iterator[Problem]:
    """What only shows in the numbers, such as a duration so short that it rounds to 0."""
    try:
        program(control)
    except ValueError as error:
        yield "control", str(error)


def _check_all(path: str, steps: tuple[Step, ...], *, last: bool) -> Iterator[Problem]:
    """Problems of `steps`, after which nothing comes if `last`."""
    for number, step in enumerate(steps):
        yield from _check(f"{path}.{number}", step, list(_WAYS), last=last and number == len(steps) - 1)


def _check(path: str, step: Step, ways: list[str], *, last: bool) -> Iterator[Problem]:
    """Problems of a step for which `ways` are open, after which nothing comes if `last`."""
    given = [key for key in _WAYS if getattr(step, key) is not None]
    if len(given) != 1:
        which = f"{_and(given)} are" if given else "none is"
        yield path, f"expected exactly one of {_and(ways)}; {which} given"
        return
    name, way = given[0], _WAYS[given[0]]
    for key in way.needs:
        if getattr(step, key) is None:
            yield f"{path}.{key}", f"missing, expected because {name} is given"
    for key in Step.model_fields:
        if key != name and getattr(step, key) is not None and not way.allows(key):
            homes = [other for other in ways if other in _WAYS and _WAYS[other].allows(key)]
            yield f"{path}.{key}", f"does not go with {name}, expected beside {' or '.join(homes)}"
    if not last and way.ends and all(getattr(step, key) is None for key in way.ends):
        yield path, f"never ends although more follows, expected {' or '.join(way.ends)}"
    yield from _check_values(path, step)
    if step.repeat is not None and step.steps is not None:
        yield from _check_all(f"{path}.steps", step.steps, last=last and step.repeat == 1)


def _check_values(path: str, step: Step) -> Iterator[Problem]:
    if step.current == 0.0 and step.capacity is not None:
        yield f"{path}.capacity", "no charge passes without current, expected time"
    if step.voltage_limit is not None and not step.voltage_limit[0] < step.voltage_limit[1]:
        yield f"{path}.voltage_limit", "expected the lower voltage first"
    if step.ramp is not None and step.ramp[0] == step.ramp[1]:
        yield f"{path}.ramp", "expected two different voltages"
    for key in ("cycle", "sweep", "pulse"):
        if (table := getattr(step, key)) is not None:
            yield from table.problems(f"{path}.{key}")


def _and(words: list[str]) -> str:
    return " and ".join(", ".join(words).rsplit(", ", 1))
