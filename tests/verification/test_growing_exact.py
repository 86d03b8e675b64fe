"""The moving-boundary problem of a growing plane against closed forms, and balances."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.growing import GrowingPlane, faraday_height, parabolic_charge
from verification.exact.stability import Deposit, Electrodes

CELL = Cell(Salt(1, -1, 1.8e-10, 2.5e-10), 1e-5, 1000.0)
KINETICS = Kinetics(1000.0)
SODIUM = Deposit(23.78e-6, 0.0)
STILL = Deposit(1e-15, 0.0)
"""Metal without volume: the front stays where it is."""
PLANE = GrowingPlane(CELL, Electrodes(KINETICS, KINETICS), SODIUM)


def test_without_volume_it_is_the_cell_of_fixed_length() -> None:
    """Transient voltage and concentrations under current, steady current at a voltage."""
    still, current, times = replace(PLANE, deposit=STILL), -3000.0, [0.02, 0.1]
    found = still.at_current(current, times)
    steps = [(0.0, current)]
    assert found.voltage == pytest.approx([CELL.voltage(t, steps, KINETICS) for t in times], rel=1e-6)
    ends = np.array([0.0, CELL.length])
    for t, c in zip(times, found.concentrations, strict=True):
        assert c == pytest.approx(CELL.profile(ends, t, steps), rel=1e-6)
    steady = still.at_voltage(-0.1, [20.0 * CELL.diffusion_time]).current[-1]
    assert steady == pytest.approx(CELL.steady_current(-0.1, KINETICS), rel=1e-6)


def test_divalent_salt_of_fixed_length() -> None:
    salt = Salt(2, -1, 0.7e-9, 1.5e-9)
    law = replace(KINETICS, electrons=2)
    cell = Cell(salt, 1e-5, 1000.0)
    found = GrowingPlane(cell, Electrodes(law, law), STILL).at_voltage(-0.05, [20.0 * cell.diffusion_time])
    assert found.current[-1] == pytest.approx(cell.steady_current(-0.05, law), rel=1e-6)


def test_salt_is_pushed_ahead_and_none_is_lost() -> None:
    """Late and quasi-steady, c is linear: its mean is c0 L/(L - h)."""
    found = PLANE.at_current(-0.3 * CELL.limiting_current, [5.0])
    length = CELL.length - found.height[-1]
    assert found.height[-1] == pytest.approx(faraday_height(SODIUM, 1, found.charge[-1]), rel=1e-12)
    mean = CELL.concentration * CELL.length / length
    assert float(found.concentrations[-1].mean()) == pytest.approx(mean, rel=5e-3)
    gradient = float(np.diff(found.concentrations[-1])[0]) / length
    pushed = SODIUM.molar_volume * CELL.concentration
    assert gradient == pytest.approx(CELL.salt.gradient(found.current[-1]), rel=3.0 * pushed)


@pytest.mark.parametrize("voltage", [-0.02, -0.1])
def test_points_do_not_matter(voltage: float) -> None:
    coarse, fine = (replace(PLANE, degree=n).at_voltage(voltage, [0.05, 1.0]) for n in (24, 48))
    assert coarse.charge == pytest.approx(fine.charge, rel=1e-6)


def test_film_that_grows_with_the_charge_follows_the_parabolic_law() -> None:
    """Fast kinetics and ions leave the film alone: q = [sqrt(R^2 + 2 r V t) - R]/r."""
    fast = Kinetics(1e9)
    cell = Cell(Salt(1, -1, 1e-4, 1e-4), 1e-5, 1000.0)
    plane = GrowingPlane(cell, Electrodes(fast, fast, film=1e-3), STILL, film_growth=1e-3)
    times = [0.1, 1.0, 10.0]
    exact = [parabolic_charge(0.1, 1e-3, 1e-3, t) for t in times]
    assert plane.at_voltage(-0.1, times).charge == pytest.approx(exact, rel=1e-5)


def test_parabolic_law_obeys_its_equation_and_ohms_law_without_growth() -> None:
    r, growth, step = 2e-3, 5e-5, 1e-3
    before, q, after = (parabolic_charge(0.2, r, growth, t) for t in (3.0 - step, 3.0, 3.0 + step))
    assert (r + growth * q) * (after - before) / (2.0 * step) == pytest.approx(0.2, rel=1e-7)
    assert parabolic_charge(0.2, r, 0.0, 3.0) == pytest.approx(0.2 * 3.0 / r, rel=1e-14)
    late = parabolic_charge(0.2, r, growth, 1e9)
    assert late == pytest.approx(math.sqrt(2.0 * 0.2 * 1e9 / growth), rel=1e-3)
