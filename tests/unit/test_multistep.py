"""Variable-step BDF on its own: exactness, order, and the estimate of the local error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.multistep import extrapolate, formula

STEPS = st.lists(st.floats(0.05, 20.0), min_size=4, max_size=4)


@pytest.mark.parametrize("order", [1, 2])
@given(steps=STEPS)
def test_derivative_of_a_polynomial_of_the_order_is_exact(order: int, steps: list[float]) -> None:
    times = [0.0, *(-np.cumsum(steps[1:3]))]
    h = steps[0]
    bdf = formula(order, steps)

    def polynomial(t: float) -> float:
        return 2.0 + 3.0 * t + (0.7 * t**2 if order == 2 else 0.0)

    slope = 3.0 + (1.4 * h if order == 2 else 0.0)
    got = (bdf.a0 * polynomial(h) + bdf.a1 * polynomial(times[0]) + bdf.a2 * polynomial(times[1])) / h
    assert got == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("order", [1, 2])
@given(steps=STEPS)
def test_error_estimate_is_exact_for_the_next_power(order: int, steps: list[float]) -> None:
    """For y' = p'(t), p of degree order + 1, from exact past values: estimate equals true local error."""
    h, times = steps[0], [0.0, *(-np.cumsum(steps[1:]))]
    power = order + 1
    bdf = formula(order, steps)
    past = [t**power for t in times]
    slope = power * h**order
    corrected = (h * slope - bdf.a1 * past[0] - bdf.a2 * past[1]) / bdf.a0
    states = [np.array([y]) for y in past[: order + 1]]
    predicted = float(extrapolate(h, times[: order + 1], states)[0])
    assert abs(bdf.error * (corrected - predicted)) == pytest.approx(abs(corrected - h**power), rel=1e-7)


def test_without_enough_past_there_is_no_estimate() -> None:
    assert formula(1, [0.1]).error == 0.0
    assert formula(2, [0.1, 0.1]).error == 0.0
    assert formula(2, [0.1, 0.1, 0.1]).error == pytest.approx((2 / 9) / (2 / 9 + 1))


@given(steps=STEPS)
def test_extrapolation_continues_a_quadratic(steps: list[float]) -> None:
    times = [0.0, *(-np.cumsum(steps[1:3]))]
    states = [np.array([1.0 - t + 0.3 * t**2, t]) for t in times]
    got = extrapolate(steps[0], times, states)
    assert got == pytest.approx([1.0 - steps[0] + 0.3 * steps[0] ** 2, steps[0]], rel=1e-6, abs=1e-9)
