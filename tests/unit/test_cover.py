"""Films that are stretched with a front, heal, crack and resist bending."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from meshes.errors import MeshError
from meshes.shapes import all_metal, flat, rough
from solver.capillarity import bent_share
from solver.film import covered, cracked, known_film, stretched
from solver.model import Cover, Film
from solver.multistep import formula
from verification.exact.stability import Front
from verification.studies.growing_moss import planar

R0, TAU = 0.02, 10.0


def test_only_metal_is_covered_at_the_start() -> None:
    film = Film(0.0, cover=Cover(R0))
    np.testing.assert_array_equal(covered(flat(1.0, 0.1), film).film, np.full(10, R0))
    np.testing.assert_array_equal(covered(flat(1.0, 0.1, surface=1), film).film, np.zeros(10))
    bare = flat(1.0, 0.1)
    assert covered(bare, Film(0.1)) is bare


def test_stretching_keeps_the_volume_of_the_film() -> None:
    before = replace(flat(1.0, 0.1), film=1.0 + np.arange(10.0))
    moved = before.with_points(before.points * [2.0, 1.0])
    after = stretched(before, moved)
    np.testing.assert_allclose(after.film * after.lengths, before.film * before.lengths, rtol=1e-14)


@pytest.mark.parametrize(("order", "rate"), [(1, 0.9), (2, 1.8)])
def test_healing_follows_its_exponential_at_the_order_of_the_formula(order: int, rate: float) -> None:
    """From half of the thickness: R = R0 (1 - exp(-t/tau)/2)."""

    def error(steps: int) -> float:
        front, last, dt = replace(flat(1.0, 1.0), film=np.full(1, 0.5 * R0)), None, TAU / steps
        for n in range(steps):
            plan = formula(min(order, n + 1), [dt] * min(order, n + 1))
            film = known_film(front, plan, last, Cover(R0, 1.0 / TAU), dt)
            last, front = film - front.film, replace(front, film=film)
        return abs(float(front.film[0]) - R0 * (1.0 - 0.5 * math.exp(-1.0)))

    assert math.log2(error(40) / error(80)) > rate


def test_a_crack_opens_once() -> None:
    """At a limit of 10 % a film breaks below R0/1.1, and not again while it heals."""
    cover = Cover(1.0, limit=0.1)
    before, after = np.array([1.0, 0.95, 0.5, 0.95]), np.array([0.92, 0.90, 0.6, 0.97])
    np.testing.assert_array_equal(cracked(cover, before, after), [False, True, False, False])
    assert not cracked(Cover(1.0), before, 0.01 * after).any()


def test_bending_alone_flattens_a_wave_at_its_rate() -> None:
    """One long step on a cosine: h/(1 + M_b k^4 dt), volume kept."""
    n, width, waves, amplitude, reach = 400, 1.0, 3, 1e-5, 2e-5
    x = np.linspace(0.0, width, n + 1)
    k = np.pi * waves / width
    front = all_metal(np.column_stack((x, amplitude * np.cos(k * x))))
    none, bending = np.zeros(n), np.full(n, 1.0)
    volume = bent_share(front, np.zeros(n + 1), none, bending, front.curvature(), reach)
    mass = np.bincount(front.cells.ravel(), np.repeat(front.lengths, 2) / 2.0)
    left = front.points[:, 1] + volume / mass
    np.testing.assert_allclose(left, amplitude * np.cos(k * x) / (1.0 + k**4 * reach), atol=2e-4 * amplitude)
    assert abs(volume.sum()) < 1e-12 * amplitude


def test_roughness_has_its_height_and_meets_the_walls_level() -> None:
    front = rough(4.0, 0.002, 0.01, 0.5, seed=3)
    x, y = front.points.T
    assert math.sqrt(np.trapezoid(y**2, x) / 4.0) == pytest.approx(0.01, rel=1e-5)
    assert abs(np.trapezoid(y, x)) < 1e-6
    slopes = np.diff(y) / np.diff(x)
    assert max(abs(slopes[0]), abs(slopes[-1])) < 0.02 * np.abs(slopes).max()
    np.testing.assert_array_equal(y, rough(4.0, 0.002, 0.01, 0.5, seed=3).points[:, 1])
    assert np.any(y != rough(4.0, 0.002, 0.01, 0.5, seed=4).points[:, 1])
    with pytest.raises(MeshError, match="no wave"):
        rough(1.0, 0.1, 0.01, 3.0, seed=0)


def test_without_stretching_the_relation_is_that_of_a_constant_film() -> None:
    """A film that heals at once, and a stiffness of zero."""
    state = planar(Cover(R0, healing=1e12))
    k = np.geomspace(1e5, 1e8, 7)
    constant = Front(state.cell, state.electrodes, state.deposit, state.current)
    np.testing.assert_allclose(state.growth_rate(k), constant.growth_rate(k), rtol=1e-6)


def test_slow_healing_is_unstable_where_dissipation_exceeds_the_surface_energy() -> None:
    """Far below the limiting current: I^2 R0 tau = gamma + D k^2 is the border."""
    current, gamma, k = 5.0, 0.2, 3e6
    for stiffness in (0.0, 1e-14):
        tau = (gamma + stiffness * k**2) / (current**2 * R0)
        below, above = (planar(Cover(R0, 1.0 / (f * tau), stiffness=stiffness)) for f in (0.98, 1.02))
        assert below.growth_rate(k) < 0.0 < above.growth_rate(k)
    # And without healing, v k sqrt(beta) where neither surface energy nor stiffness counts.
    free = planar(Cover(R0))
    assert free.growth_rate(1e6) == pytest.approx(free.velocity * 1e6 * math.sqrt(free.share), rel=0.01)


def test_amplitudes_are_those_of_the_two_equations() -> None:
    """Against small explicit steps."""
    state, k = planar(Cover(R0, healing=0.01, stiffness=1e-14)), 6e6
    matrix, value = state.system(k), np.array([1.0, 0.0])
    count, time = 20000, 200.0
    for _ in range(count):
        value = value + time / count * matrix @ (value + 0.5 * time / count * matrix @ value)
    assert state.amplitude(k, time) == pytest.approx(value[0], rel=1e-6)
