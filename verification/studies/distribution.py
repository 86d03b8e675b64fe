"""Current distribution on a strip electrode over the Wagner number, secondary and tertiary.

Wa = kappa/(g a), with g = i0 F/RT the slope of kinetics at equilibrium and a the length of the electrode. The
answers are semi-analytic: `verification.exact.secondary` and `strip`. On elements of degree p the current
converges with h^(2p), since it is a functional of the energy, and the local current density with h^(p+1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from solver.equations import POTENTIAL
from solver.types import FloatArray
from verification.exact.secondary import Distribution, secondary
from verification.rows import Curve, Result, Row, Study

from .profiles import along, at_once, mean_square, order, steady
from .strip import (
    CONCENTRATION,
    KAPPA,
    RELAXATION,
    SALT,
    STRIP,
    VT,
    Binary,
    exchange_current,
    mesh,
    secondary_model,
)

TOLERANCE = 1e-3
"""0.1 %, of all numbers here."""
VOLTAGE = 0.1
"""Of the secondary cell, V; it is linear."""
DRIVES = {0.01: -0.05, 0.1: -0.075, 1.0: -0.1, 10.0: -0.2, 100.0: -0.3}
"""Voltages in V by Wagner number at which the steady current is 60 % to 80 % of the limiting one."""
ROUNDING = 1e-12
"""Relative errors on the coarser mesh below which no order can be seen."""
LEVELS = (1, 2)
"""Levels of refinement."""
SOURCE = "Newman and Balsara, 4th ed., ch. 18; integral equation, Nystrom"
DERIVED = "Newman and Balsara, 4th ed., ch. 11; integral equation derived in studies/strip.py"


@dataclass(frozen=True)
class Profile:
    """A computed distribution: s in m and i over its mean there, ascending; mean current in A/m^2."""

    position: FloatArray
    ratio: FloatArray
    mean: float

    @classmethod
    def of(cls, position: FloatArray, current: FloatArray, mean: float) -> Profile:
        """From nodes in any order and the current density there in A/m^2."""
        places = np.argsort(position)
        return cls(position[places], np.asarray(current[places] / mean), mean)

    def error(self, exact: Distribution) -> float:
        """Root mean square over the electrode of what i/i_mean is off."""
        return mean_square(self.position, self.ratio - exact.at(self.position))


def secondary_profile(wagner: float, degree: int, level: int) -> Profile:
    """Secondary distribution by the engine; local i from the linear kinetics and phi on the electrode."""
    cells = mesh(level, wagner * STRIP.electrode)
    experiment, reading = at_once(secondary_model(wagner, degree), cells, VOLTAGE)
    x, (phi,) = along(experiment.problem, "working", [POTENTIAL])
    i = np.asarray(exchange_current(wagner, KAPPA) / VT * (VOLTAGE - phi))
    return Profile.of(x[:, 0], i, reading.current)


def tertiary_profile(wagner: float, degree: int, level: int) -> Profile:
    """Steady distribution in the binary electrolyte by the engine."""
    return _binary_profile(wagner, degree, level, lasting=True)


def early_profile(wagner: float, degree: int, level: int) -> Profile:
    """Distribution in the binary electrolyte in the instant of the switch."""
    return _binary_profile(wagner, degree, level, lasting=False)


def _binary_profile(wagner: float, degree: int, level: int, lasting: bool) -> Profile:
    cell, voltage = Binary(wagner, degree), DRIVES[wagner]
    cells = mesh(level, min(cell.layer(voltage), wagner * STRIP.electrode))
    if lasting:
        experiment, reading = steady(cell.model, cells, voltage, RELAXATION)
    else:
        experiment, reading = at_once(cell.model, cells, voltage)
    x, (phi, c) = along(experiment.problem, "working", [POTENTIAL, SALT[0].name])
    return Profile.of(x[:, 0], cell.current(voltage, phi, c / CONCENTRATION), reading.current)


def rows(
    case: str,
    exact: Distribution,
    voltage: float,
    degree: int,
    levels: Sequence[Profile],
    edge: float,
    source: str,
) -> tuple[Row, ...]:
    """Compare the finest of `levels` with the exact distribution; orders from the two finest.

    `edge` is s in m of the end of the electrode where the current density is highest.
    """
    length = exact.cell.length
    resistances = [voltage / (profile.mean * length) for profile in levels]
    misses = [r / exact.resistance - 1.0 for r in resistances]
    errors = [profile.error(exact) for profile in levels]
    highest = float(exact.at(np.array([edge]))[0])
    got = float(levels[-1].ratio[np.argmin(np.abs(levels[-1].position - edge))])
    name = f"{case}, P{degree}"
    seen = abs(misses[-2]) > ROUNDING
    return (
        Row(
            name, "V/I, ohm m of depth", exact.resistance, resistances[-1], "ohm m", TOLERANCE,
            order(misses) if seen else None, 2.0 * degree if seen else None, source,
        ),
        Row(
            name, "local i/i_mean, rms error", 0.0, errors[-1], "", TOLERANCE,
            order(errors), degree + 1.0, source,
        ),
        Row(name, "i/i_mean at the edge", highest, got, "", TOLERANCE, source=source),
    )  # fmt: skip


def curve(name: str, exact: Distribution, profile: Profile) -> Curve:
    """Local current density over the electrode, computed and exact."""
    length = exact.cell.length
    s = np.linspace(0.0, 1.0, 200, dtype=np.float64)
    return Curve(
        name, np.asarray(profile.position / length), profile.ratio, exact.at(s * length), s,
        x_label="distance over length of the electrode", y_label="i / mean i",
    )  # fmt: skip


def compare(
    what: str,
    degrees: Mapping[float, Sequence[int]],
    exact: Callable[[float], Distribution],
    solve: Callable[[float, int, int], Profile],
    voltage: Callable[[float], float],
    edge: float,
    source: str,
) -> Result:
    """Rows and curves for Wagner numbers and `degrees`; `solve` takes Wagner number, degree and level."""
    found: list[Row] = []
    curves = []
    for wagner, chosen in degrees.items():
        known = exact(wagner)
        for degree in chosen:
            levels = [solve(wagner, degree, level) for level in LEVELS]
            found += rows(f"{what}, Wa = {wagner:g}", known, voltage(wagner), degree, levels, edge, source)
        curves.append(curve(f"{what}, Wa = {wagner:g}", known, levels[-1]))
    return Result(tuple(found), tuple(curves))


def _secondary(quick: bool) -> Result:
    wagners = (0.01, 1.0, 100.0) if quick else tuple(DRIVES)
    return compare(
        "strip, secondary", dict.fromkeys(wagners, (1, 2)),
        lambda wagner: secondary(STRIP, wagner), secondary_profile, lambda _: VOLTAGE, STRIP.length, SOURCE,
    )  # fmt: skip


def _tertiary(quick: bool) -> Result:
    degrees = {1.0: (1, 2)} if quick else {0.01: (1, 2), 0.1: (1,), 1.0: (1, 2), 10.0: (1,), 100.0: (1, 2)}
    late = compare(
        "strip, tertiary, steady", degrees,
        lambda wagner: Binary(wagner, 1).steady(DRIVES[wagner]), tertiary_profile,
        DRIVES.__getitem__, STRIP.length, DERIVED,
    )  # fmt: skip
    early = compare(
        "strip, tertiary, t = 0", {1.0: (1, 2)} if quick else {0.01: (1, 2), 1.0: (1, 2), 100.0: (1,)},
        lambda wagner: Binary(wagner, 1).instant(DRIVES[wagner]), early_profile,
        DRIVES.__getitem__, STRIP.length, DERIVED,
    )  # fmt: skip
    return Result((*late.rows, *early.rows), (*late.curves, *early.curves))


studies = (
    Study(
        "secondary-distribution",
        "Secondary current distribution over the Wagner number",
        "A strip electrode flush with an insulating wall, opposite a plane; linear kinetics, Wa from 0.01 "
        "(nearly the primary distribution, infinite at the edge) to 100 (uniform). Resistance of the cell, "
        "local current density, and its value at the edge against an integral equation on the conformally "
        "mapped cell.",
        _secondary,
    ),
    Study(
        "tertiary-distribution",
        "Tertiary current distribution at finite current",
        "The same cell with a binary electrolyte, Butler-Volmer kinetics and one reacting ion, at 60 % to "
        "80 % of the limiting current. In the steady state the concentration is harmonic and "
        "phi = (RT/F) ln c, which turns the nonlinear problem in two dimensions into an integral equation on "
        "the electrode, solved to rounding. At t = 0 the concentration is uniform still, and the "
        "distribution is the secondary one of Butler-Volmer kinetics.",
        _tertiary,
    ),
)
