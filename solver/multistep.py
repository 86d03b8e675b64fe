"""Backward differentiation of first and second order with variable steps, and what their error is.

With omega = h/h1, the present step over the last one,

    BDF1:  (y - y_n)/h
    BDF2:  [ (1 + 2 omega)/(1 + omega) y - (1 + omega) y_n + omega^2/(1 + omega) y_(n-1) ] / h

Source: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed., ch. III.5. The
polynomial through the last states predicts the next one. Corrector minus predictor, times a factor that the
leading error terms of both give, is the local error of the corrector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .types import FloatArray


@dataclass(frozen=True)
class Formula:
    """(a0 y + a1 y_n + a2 y_(n-1))/h; `error`: local error over (corrector - predictor)."""

    order: int
    a0: float
    a1: float
    a2: float
    error: float


def formula(order: int, steps: Sequence[float]) -> Formula:
    """BDF of `order` for steps (h, h1, h2, ...), newest first; as many as there are.

    `error` is 0 where the states that a predictor of the same order needs are not there.
    """
    h = steps[0]
    if order == 1:
        error = h / (2.0 * h + steps[1]) if len(steps) > 1 else 0.0
        return Formula(1, 1.0, -1.0, 0.0, error)
    h1 = steps[1]
    omega = h / h1
    error = 0.0
    if len(steps) > 2:
        own = h**2 * (h + h1) ** 2 / (6.0 * (2.0 * h + h1))
        predictor = h * (h + h1) * (h + h1 + steps[2]) / 6.0
        error = own / (own + predictor)
    return Formula(2, (1.0 + 2.0 * omega) / (1.0 + omega), -(1.0 + omega), omega**2 / (1.0 + omega), error)


def extrapolate(time: float, times: Sequence[float], states: Sequence[FloatArray]) -> FloatArray:
    """Value at `time` of the polynomial through `states` at `times` (Lagrange)."""
    result = np.zeros_like(states[0])
    for j, state in enumerate(states):
        weight = 1.0
        for m, other in enumerate(times):
            if m != j:
                weight *= (time - other) / (times[j] - other)
        result += weight * state
    return result
