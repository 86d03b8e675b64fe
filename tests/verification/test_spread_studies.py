"""The spread surface: the studies, in their quick versions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy.integrate import solve_ivp

from solver.types import FloatArray
from verification.rows import Study
from verification.studies import spread_adaptive, spread_planar, spread_ripples, spread_round, spread_sharp

STUDIES = [
    module.study for module in (spread_adaptive, spread_planar, spread_ripples, spread_round, spread_sharp)
]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_number_is_met(study: Study) -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []


def test_area_of_the_finger_is_what_it_sweeps() -> None:
    """dA/dt over v is the length of the surface: tip, side and floor (Huygens)."""
    radius, floor, step = 0.3, 0.1, 1e-6
    swept = spread_round.area(radius + step, floor + step) - spread_round.area(radius - step, floor - step)
    tip, side = 0.5 * math.pi * radius, spread_round.CENTRE - floor
    assert swept / (2.0 * step) == pytest.approx(tip + side + spread_round.ACROSS - radius, rel=1e-8)


def test_ripples_are_told_from_their_drive() -> None:
    """The error is over the driven rate, not over what is left of it near the critical wavelength."""
    rate = spread_ripples.Rate(measured=0.05, expected=0.02)
    assert rate.miss == pytest.approx(0.03)


@pytest.mark.parametrize("width", [20e-9, 160e-9])
def test_shortening_is_that_of_the_integrated_profile(width: float) -> None:
    """(y c')' = p y (1 - y) c from deep in the metal, where c = y^m, to far outside, where c is straight."""
    state = replace(spread_planar.planar(spread_planar.FAST), current=-5000.0)
    p = width * state.response / state.conductance
    m = math.sqrt(0.25 + p) - 0.5

    def rates(x: float, of: FloatArray) -> list[float]:
        y = 1.0 / (1.0 + math.exp(-x))
        return [of[1] / y, p * y * (1.0 - y) * of[0]]

    deep, far = -16.0, 30.0
    y = 1.0 / (1.0 + math.exp(-deep))
    found = solve_ivp(rates, (deep, far), [1.0, m * y], method="LSODA", rtol=1e-11, atol=1e-14)
    c, flux = found.y[:, -1]
    assert width * (1.0 / p - (c / flux - far)) == pytest.approx(
        spread_planar.shortening(state, width), rel=1e-5
    )
