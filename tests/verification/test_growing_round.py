"""Round electrodes: closed forms against their equations, the radial reference, and the study."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.growing import GrowingPlane
from verification.exact.lobatto import lobatto
from verification.exact.round import Annulus, Round
from verification.exact.round_salt import RoundSalt
from verification.exact.stability import Deposit, Electrodes
from verification.studies import growing_round
from verification.studies.round_cells import (
    circle,
    linear_physics,
    octant,
    quarter,
    simulation,
    slice_of_cylinder,
)

METAL, STILL = Deposit(23.78e-6, 0.0), Deposit(1e-15, 0.0)
SALT, KINETICS = Salt(1, -1, 1.8e-10, 2.5e-10), Kinetics(1000.0)
ELECTRODES = Electrodes(KINETICS, KINETICS)


def test_lobatto_integrates_and_differentiates_polynomials() -> None:
    x, weights, derivative = lobatto(6)
    assert float(weights @ x**11) == pytest.approx(1.0 / 12.0, rel=1e-14)
    assert derivative @ x**6 == pytest.approx(6.0 * x**5, abs=1e-12)
    assert (x[0], x[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("dim", [2, 3])
def test_resistance_and_area_belong_together(dim: int) -> None:
    """DP/dR = -1/A(R), P(S) = 0; curvature is dA/dR over A; charge fills the volume."""
    around, step = Annulus(dim, 0.3, 1.0), 1e-5
    slope = (around.resistance(0.5 + step) - around.resistance(0.5 - step)) / (2.0 * step)
    assert slope == pytest.approx(-1.0 / around.area(0.5), rel=1e-8)
    assert around.resistance(1.0) == 0.0
    bent = (around.area(0.5 + step) - around.area(0.5 - step)) / (2.0 * step) / around.area(0.5)
    assert bent == pytest.approx(around.curvature(0.5), rel=1e-8)
    metal = Deposit(96485.33212, 0.0)
    gained = math.pi * (0.25 - 0.09) if dim == 2 else 4.0 / 3.0 * math.pi * (0.125 - 0.027)
    assert around.radius_by_charge(metal, 1, gained) == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize(
    ("gamma", "counter", "resistivity", "target"),
    [(0.0, 0.0, 0.0, 5e-8), (0.0, 3e-4, 2e4, 5e-8), (0.3, 0.0, 0.0, 5e-8), (9.0, 0.0, 0.0, 2.5e-8)],
)
def test_integrated_radius_is_that_of_the_closed_form(
    dim: int, gamma: float, counter: float, resistivity: float, target: float
) -> None:
    exact = Round(Annulus(dim, 3e-8, 1e-7), Deposit(23.78e-6, gamma), -0.02, 1e-3, counter, resistivity)
    assert exact.radius([exact.time(target)])[-1] == pytest.approx(target, rel=1e-10)


@pytest.mark.parametrize("dim", [2, 3])
def test_critical_nucleus_rests(dim: int) -> None:
    exact = Round(Annulus(dim, 3e-8, 1e-7), Deposit(23.78e-6, 1.0), -0.02, 1e-3)
    assert exact.current_density(exact.critical_radius) == pytest.approx(0.0, abs=1e-9)
    assert exact.current_density(1.1 * exact.critical_radius) > 0.0
    assert exact.current_density(0.9 * exact.critical_radius) < 0.0


def test_no_closed_form_is_said() -> None:
    exact = Round(Annulus(2, 3e-8, 1e-7), Deposit(23.78e-6, 1.0), -0.02, 1e-3, 1e-4)
    with pytest.raises(ValueError, match="surface energy"):
        exact.time(5e-8)
    moving = Round(Annulus(2, 3e-8, 1e-7, moves=True), METAL, -0.02, 1e-3, 1e-4)
    with pytest.raises(ValueError, match="moves"):
        moving.time(5e-8)


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("dim", [2, 3])
def test_small_voltage_and_fast_salt_are_ohms_law(dim: int, moves: bool) -> None:
    """With D+ >> D- no concentration builds up (t+ = 1), and kinetics are linear at small voltages."""
    salt, around = Salt(1, -1, 1e-4, 1e-12), Annulus(dim, 3e-6, 1e-5, moves)
    voltage, rho = -1e-4, KINETICS.resistance
    found = RoundSalt(around, salt, 1e3, ELECTRODES, STILL).at_voltage(voltage, [1e-6])
    resistivity = 1.0 / salt.conductivity(1e3)
    linear = Round(around, STILL, voltage, rho, rho, resistivity)
    assert -found.current[-1] == pytest.approx(linear.current_density(3e-6), rel=1e-5)


@pytest.mark.parametrize("dim", [2, 3])
def test_steady_profile_of_a_metal_without_volume(dim: int) -> None:
    """C(S) - c(R) = (1 - t+) I P(R, S)/(z+ F D), and the salt stays."""
    around, total = Annulus(dim, 3e-6, 1e-5), -3000.0 * Annulus(dim, 3e-6, 1e-5).area(3e-6)
    found = RoundSalt(around, SALT, 1e3, ELECTRODES, STILL).at_current(total, [20.0])
    gap = -(1.0 - SALT.transference) * total * around.resistance(3e-6) / (96485.33212 * SALT.diffusivity)
    low, high = found.concentrations[-1]
    assert high - low == pytest.approx(gap, rel=1e-6)


@pytest.mark.parametrize("dim", [2, 3])
def test_wide_annulus_is_the_plane(dim: int) -> None:
    """Electrodes of a radius a thousand times their distance, to this part."""
    gap, radius = 1e-5, 1e-1
    around = Annulus(dim, radius, radius + gap)
    plane = GrowingPlane(Cell(SALT, gap, 1e3), ELECTRODES, METAL).at_voltage(-0.1, [1.0])
    found = RoundSalt(around, SALT, 1e3, ELECTRODES, METAL).at_voltage(-0.1, [1.0])
    assert found.radius[-1] - radius == pytest.approx(plane.height[-1], rel=5e-4)
    assert found.current[-1] == pytest.approx(plane.current[-1], rel=5e-4)


def test_degree_of_the_polynomial_does_not_matter() -> None:
    exact = RoundSalt(Annulus(3, 3e-6, 1e-5, moves=True), SALT, 1e3, ELECTRODES, Deposit(23.78e-6, 2.0))
    coarse, fine = (replace(exact, degree=n).at_voltage(-0.1, [0.1, 2.0]) for n in (20, 40))
    assert coarse.radius == pytest.approx(fine.radius, rel=1e-7)
    assert coarse.current == pytest.approx(fine.current, rel=1e-6)


@pytest.mark.parametrize("make", [quarter, circle, octant, slice_of_cylinder])
def test_cells_have_the_radii_they_stand_for(make: growing_round.Maker) -> None:
    around = Annulus(3 if make is octant else 2, 3e-6, 1e-5)
    geometry = make(around, 8, 0.3)
    assert geometry.radius(geometry.front) == pytest.approx(3e-6, rel=1e-12)
    metal = abs(geometry.counter.metal_volume()) / (geometry.part * around.unit / around.dim)
    assert metal == pytest.approx(1.0, rel=1e-12)
    assert geometry.roundness(geometry.front) < 1e-12


def test_curved_counter_electrode_keeps_its_shape_unless_it_moves() -> None:
    """The same cell with and without: only where it moves is it one of the fronts that grow."""
    for moves in (False, True):
        exact = growing_round.ohmic(2, moves)
        geometry = quarter(exact.annulus, 8, 0.2)
        made = simulation(geometry, linear_physics(exact), growing_round.hold(exact.voltage), 0.01)
        before = made.problem.domain.fronts["counter"].points.copy()
        made.advance(0.01)
        made.move()
        shift = float(np.abs(made.problem.domain.fronts["counter"].points - before).max())
        assert (shift > 0.0) == moves
        assert ("counter" in made.fronts) == moves


def test_every_number_is_met() -> None:
    rows = growing_round.study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []
