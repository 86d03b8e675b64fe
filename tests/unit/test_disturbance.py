"""What disturbs a reaction hangs on place, time and seed: its mean, its course in time, its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from solver.disturbance import Disturbance
from solver.noise import Noise

BOX = ((0.0, 1.0), (-0.5, 1.0))
POINTS = np.random.default_rng(3).random((4000, 2))


def noise(amplitude: float = 0.2, seed: int = 4) -> Noise:
    return Noise(amplitude, 0.01, seed, BOX, "normal")


def test_without_a_period_it_stays() -> None:
    still = Disturbance(noise())
    assert np.array_equal(still.factor(POINTS, 0.0), still.factor(POINTS, 7.3))


def test_of_its_mean_and_variance() -> None:
    """On bilinear interpolation of independent values the variance is (2/3)^2 of theirs on average."""
    found = Disturbance(noise()).factor(POINTS, 0.0)
    assert found.mean() == pytest.approx(1.0, abs=0.01)
    assert found.std() == pytest.approx(0.2 * 2.0 / 3.0, rel=0.05)


def test_in_time_it_goes_straight_from_one_field_to_the_next() -> None:
    moving = Disturbance(noise(), 0.5)
    begin, middle, end = (moving.factor(POINTS, t) for t in (1.0, 1.25, 1.5))
    assert middle == pytest.approx(0.5 * (begin + end), abs=1e-12)
    assert np.abs(np.corrcoef(begin, end)[0, 1]) < 0.1
    assert begin == pytest.approx(1.0 + noise().at(POINTS, 2), abs=1e-15)


def test_seeds_differ() -> None:
    one, other = (Disturbance(noise(seed=s)).factor(POINTS, 0.0) for s in (1, 2))
    assert np.abs(np.corrcoef(one, other)[0, 1]) < 0.1


def test_a_current_is_never_turned() -> None:
    found = Disturbance(noise(amplitude=1.0)).factor(POINTS, 0.0)
    assert found.min() == 0.0
    assert np.count_nonzero(found == 0.0) < 0.2 * len(POINTS)


@pytest.mark.parametrize("period", [-1.0, np.inf, np.nan])
def test_a_period_is_a_time(period: float) -> None:
    with pytest.raises(ValueError, match="period of the noise"):
        Disturbance(noise(), period)
