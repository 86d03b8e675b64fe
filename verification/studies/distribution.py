"""Current distribution on a strip electrode over the Wagner number: secondary, and tertiary at finite current.

Wa = kappa/(g a), with g = i0 F/RT the slope of kinetics at equilibrium and a the length of the electrode. The
answers are semi-analytic: `verification.exact.secondary` and `strip`. On elements of degree p the current
converges with h^(2p), since it is a functional of the energy, and the local current density with h^(p+1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
LEVELS = {1: (1, 2, 3), 2: (0, 1, 2)}
"""Levels of refinement by degree of the elements; the quick version takes levels 1 and 2."""
MATLOSZ = "Newman and Balsara, 4th ed., ch. 18; integral equation, Nystrom"


@dataclass(frozen=True)
class Profile:
    """A computed distribution: s in m and i over its mean there, ascending; mean current in A/m^2."""

    position: FloatArray
    ratio: FloatArray
    mean: float

    def error(self, exact: Distribution) -> float:
        """Root mean square over the electrode of what i/i_mean is off."""
        return mean_square(self.position, self.ratio - exact.at(self.position))


def secondary_profile(wagner: float, degree: int, level: int) -> Profile:
    """Secondary distribution by the engine; local i from the linear kinetics and phi on the electrode."""
    cells = mesh(level, wagner * STRIP.electrode)
    experiment, reading = at_once(secondary_model(wagner, degree), cells, VOLTAGE)
    x, (phi,) = along(experiment.problem, "working", [POTENTIAL])
    i = exchange_current(wagner, KAPPA) / VT * (VOLTAGE - phi)
    return _sorted(x[:, 0], i / reading.current, reading.current)


def tertiary_profile(wagner: float, degree: int, level: int, in_steady_state: bool = True) -> Profile:
    """Distribution in the binary electrolyte by the engine: steady, or in the instant of the switch."""
    cell, voltage = Binary(wagner, degree), DRIVES[wagner]
    cells = mesh(level, min(cell.layer(voltage), wagner * STRIP.electrode))
    if in_steady_state:
        experiment, reading = steady(cell.model, cells, voltage, RELAXATION)
    else:
        experiment, reading = at_once(cell.model, cells, voltage)
    x, (phi, c) = along(experiment.problem, "working", [POTENTIAL, SALT[0].name])
    i = cell.current(voltage, phi, c / CONCENTRATION)
    return _sorted(x[:, 0], i / reading.current, reading.current)


def _sorted(position: FloatArray, ratio: FloatArray, mean: float) -> Profile:
    places = np.argsort(position)
    return Profile(position[places], ratio[places], mean)


def rows(
    case: str, exact: Distribution, voltage: float, degree: int, levels: Sequence[Profile], source: str
) -> tuple[Row, ...]:
    """Compare the finest of `levels` with the exact distribution; orders from the two finest."""
    edge = np.array([exact.cell.length])
    resistances = [voltage / (profile.mean * exact.cell.length) for profile in levels]
    misses = [r / exact.resistance - 1.0 for r in resistances]
    errors = [profile.error(exact) for profile in levels]
    name = f"{case}, P{degree}"
    return (
        Row(
            name, "V/I, ohm m of depth", exact.resistance, resistances[-1], "ohm m", TOLERANCE,
            order(misses), 2.0 * degree, source,
        ),
        Row(
            name, "local i/i_mean, rms error", 0.0, errors[-1], "", TOLERANCE,
            order(errors), degree + 1.0, source,
        ),
        Row(
            name, "i/i_mean at the edge", float(exact.at(edge)[0]), float(levels[-1].ratio[-1]), "", TOLERANCE,
            source=source,
        ),
    )  # fmt: skip


def curve(name: str, exact: Distribution, profile: Profile) -> Curve:
    """Local current density over the electrode, computed and exact."""
    s = np.linspace(0.0, exact.cell.length, 200)
    share = profile.position / exact.cell.length
    return Curve(
        name, share, profile.ratio, exact.at(s), s / exact.cell.length,
        x_label="distance over length of the electrode", y_label="i / mean i",
    )  # fmt: skip


def _secondary(quick: bool) -> Result:
    def exact(wagner: float) -> Distribution:
        return secondary(STRIP, wagner)

    wagners = (0.01, 1.0, 100.0) if quick else tuple(DRIVES)
    return _study(quick, wagners, exact, secondary_profile, lambda _: VOLTAGE, "secondary", MATLOSZ)


def _tertiary(quick: bool) -> Result:
    """Steady; and, for two Wagner numbers, at once."""
    source = "Newman and Balsara, 4th ed., ch. 11; integral equation derived in studies/strip.py"

    def drive(wagner: float) -> float:
        return DRIVES[wagner]

    def at_last(wagner: float) -> Distribution:
        return Binary(wagner, 1).steady(drive(wagner))

    def at_first(wagner: float) -> Distribution:
        return Binary(wagner, 1).instant(drive(wagner))

    def instant_profile(wagner: float, degree: int, level: int) -> Profile:
        return tertiary_profile(wagner, degree, level, in_steady_state=False)

    wagners = (1.0,) if quick else tuple(DRIVES)
    late = _study(quick, wagners, at_last, tertiary_profile, drive, "tertiary, steady", source)
    early = _study(quick, wagners[::2], at_first, instant_profile, drive, "tertiary, t = 0", source)
    return Result((*late.rows, *early.rows), (*late.curves, *early.curves))


def _study(
    quick: bool,
    wagners: Sequence[float],
    exact: Callable[[float], Distribution],
    solve: Callable[[float, int, int], Profile],
    voltage: Callable[[float], float],
    what: str,
    source: str,
) -> Result:
    found: list[Row] = []
    curves = []
    for wagner in wagners:
        known, case = exact(wagner), f"strip, {what}, Wa = {wagner:g}"
        for degree in (1, 2):
            levels = [solve(wagner, degree, level) for level in ((1, 2) if quick else LEVELS[degree])]
            found += rows(case, known, voltage(wagner), degree, levels, source)
        curves.append(curve(f"{what}, Wa = {wagner:g}", known, levels[-1]))
    return Result(tuple(found), tuple(curves))


studies = (
    Study(
        "secondary-distribution",
        "Secondary current distribution over the Wagner number",
        "A strip electrode flush with an insulating wall, opposite a plane; linear kinetics, Wa from 0.01 "
        "(nearly the primary distribution, infinite at the edge) to 100 (uniform). Resistance of the cell, local "
        "current density and its value at the edge against an integral equation on the conformally mapped cell.",
        _secondary,
    ),
    Study(
        "tertiary-distribution",
        "Tertiary current distribution at finite current",
        "The same cell with a binary electrolyte, Butler-Volmer kinetics and one reacting ion, at 60 % to 80 % of "
        "the limiting current. In the steady state the concentration is harmonic and phi = (RT/F) ln c, which "
        "turns the nonlinear problem in two dimensions into an integral equation on the electrode, solved to "
        "rounding. At t = 0 the concentration is uniform still, and the distribution is the secondary one of "
        "Butler-Volmer kinetics.",
        _tertiary,
    ),
)
