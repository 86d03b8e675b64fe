"""Loops, merging, pinch-off, walls, feet."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from meshes.advance import displace
from meshes.errors import MeshError
from meshes.front import Front
from meshes.merge import resolve
from meshes.resample import resample
from meshes.shapes import NAMES, flat, with_apex, with_islands


def refine(corners, size: float) -> np.ndarray:
    """Points along a polyline of corners, about `size` apart."""
    corners = np.asarray(corners, dtype=float)
    parts = [corners[:1]]
    for a, b in pairwise(corners):
        n = max(1, round(float(np.hypot(*(b - a))) / size))
        parts.append(a + np.linspace(0.0, 1.0, n + 1)[1:, None] * (b - a))
    return np.concatenate(parts)


def deposit(points, patch=None) -> Front:
    n = len(points) - 1
    return Front(
        np.asarray(points), NAMES, np.zeros(n), np.ones(n), np.full(n, -1) if patch is None else patch
    )


def account(before: Front, result) -> float:
    """Metal area that the books do not explain."""
    expected = before.metal_area() + result.trapped_area + result.bridged_area
    return result.front.metal_area() - expected


def two_columns(gap: float, size: float = 0.02) -> Front:
    """Two mushrooms with stems 0.3 wide whose caps leave `gap` between them; the space below is a pocket."""
    edge = 1.0 - 0.5 * gap
    left = [
        (0, 0.1),
        (0.4, 0.1),
        (0.4, 0.8),
        (0.3, 0.8),
        (0.3, 1.1),
        (edge, 1.1),
        (edge, 0.8),
        (0.7, 0.8),
        (0.7, 0.1),
    ]
    right = [(2.0 - x, y) for x, y in left[::-1]]
    return deposit(refine(left + right, size))


def test_nothing_near_is_fast_and_returns_the_same_front():
    front = with_apex(4.0, 0.3, 5.0, 0.0055, 0.05)
    assert len(front.points) > 1500
    times = []
    for _ in range(10):
        fresh = front.with_points(front.points)
        start = time.perf_counter()
        result = resolve(fresh, 4.0, 10.0, 0.003)
        times.append(time.perf_counter() - start)
        assert not result.changed
        assert result.front is fresh
        assert result.events == []
    assert min(times) < 0.01


def test_metal_between_two_flanks_is_no_gap():
    needle = deposit(refine([(0, 0.1), (0.49, 0.1), (0.495, 1.0), (0.505, 1.0), (0.51, 0.1), (1, 0.1)], 0.02))
    assert not resolve(needle, 1.0, 2.0, 0.05).changed


def test_caps_that_touch_trap_the_pocket_below():
    front = two_columns(0.008)
    result = resolve(front, 2.0, 3.0, 0.01)
    assert result.changed
    assert result.trapped_area == pytest.approx(0.7 * 0.6, rel=0.02)  # between the stems, below the caps
    assert len(result.trapped) == 1
    assert abs(result.bridged_area) < 1e-14
    assert account(front, result) == pytest.approx(0.0, abs=1e-14)
    assert any("trapping electrolyte" in event for event in result.events)
    x, y = result.front.points.T
    assert np.all(y[(x > 0.9) & (x < 1.1)] > 1.05)


def test_overlapping_caps_give_their_overlap_back():
    front = two_columns(-0.01)
    result = resolve(front, 2.0, 3.0, 0.01)
    result.front.check(2.0, 3.0)
    assert result.trapped_area == pytest.approx(0.7 * 0.59, rel=0.03)
    assert abs(result.bridged_area) < 1e-14
    assert account(front, result) == pytest.approx(0.0, abs=1e-14)


def test_a_swallowtail_is_cut_without_loss():
    """A notch whose sides have grown through each other."""
    corners = [(0, 0.6), (0.35, 0.6), (0.52, 0.2), (0.48, 0.2), (0.65, 0.6), (1, 0.6)]
    front = deposit(refine(corners, 0.05))
    result = resolve(front, 1.0, 2.0, 0.02)
    result.front.check(1.0, 2.0)
    assert result.trapped_area == 0.0
    assert abs(result.bridged_area) < 1e-15
    assert result.front.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)


def test_the_front_meets_a_wall():
    cap = [(0, 0.1), (0.3, 0.1), (0.3, 0.7), (0.004, 0.7), (0.004, 0.9), (1.0, 0.9)]
    front = deposit(refine(cap, 0.03))
    result = resolve(front, 1.0, 2.0, 0.02)
    assert result.trapped_area == pytest.approx(0.3 * 0.6, rel=0.02)
    assert account(front, result) == pytest.approx(0.0, abs=1e-14)
    mirrored = front.with_points(front.points[::-1] * (-1.0, 1.0) + (1.0, 0.0))
    other = resolve(mirrored, 1.0, 2.0, 0.02)
    assert other.trapped_area == pytest.approx(result.trapped_area, rel=1e-9)
    np.testing.assert_allclose(
        other.front.points, result.front.points[::-1] * (-1.0, 1.0) + (1.0, 0.0), atol=1e-9
    )


def test_a_vertex_beyond_a_wall_is_brought_back():
    points = refine([(0, 0.5), (0.05, 0.45), (0.1, 0.7), (1.0, 0.7)], 0.05)
    points[1, 0] = -0.01
    front = deposit(points)
    result = resolve(front, 1.0, 2.0, 0.01)
    result.front.check(1.0, 2.0)
    assert account(front, result) == pytest.approx(0.0, abs=1e-14)


def test_feet_that_meet_close_the_substrate():
    front = with_islands(1.0, [0.3, 0.505], 0.2, 0.1, 0.02, 0.05)
    assert np.sum(np.diff(front.bare.astype(int)) == 1) == 2
    result = resolve(front, 1.0, 2.0, 0.01)
    assert [event[:46] for event in result.events] == ["deposit closed over bare matrix at (0.4025, 0."]
    assert np.sum(np.diff(result.front.bare.astype(int)) == 1) == 1
    np.testing.assert_array_equal(np.unique(result.front.patch), [-1, 0, 1])
    joint = np.flatnonzero((result.front.patch[:-1] == 0) & (result.front.patch[1:] == 1))
    assert joint.size == 1
    assert account(front, result) == pytest.approx(0.0, abs=1e-15)
    assert resolve(front, 1.0, 2.0, 0.004).changed is False


def test_a_foot_that_meets_a_wall_climbs_it():
    front = with_apex(1.0, 0.2, 0.1, 0.01, 0.05, 0.104)
    result = resolve(front, 1.0, 2.0, 0.01)
    assert result.front.points[0, 0] == 0.0
    assert not result.front.bare[0]
    assert account(front, result) == pytest.approx(0.0, abs=1e-15)


def test_bare_vertices_overrun_by_a_foot_are_dropped():
    front = with_apex(1.0, 0.2, 0.1, 0.01, 0.01)
    foot = int(np.flatnonzero(np.diff(front.bare.astype(int)) == 1)[0]) + 1
    points = front.points.copy()
    points[foot, 0] += 0.025
    front = front.with_points(points)
    result = resolve(front, 1.0, 2.0, 0.005)
    result.front.check(1.0, 2.0)
    assert np.all(np.diff(result.front.points[result.front.points[:, 1] == 0.0, 0]) > 0.0)
    assert account(front, result) == pytest.approx(0.0, abs=1e-15)


def test_a_deposit_bending_down_to_the_substrate_gets_a_new_foot():
    front = with_apex(1.0, 0.3, 0.2, 0.02, 0.02)
    points = front.points.copy()
    foot = int(np.flatnonzero(np.diff(front.bare.astype(int)) == 1)[0]) + 1
    points[foot - 1] = (points[foot, 0] + 0.02, -0.003)
    points[foot - 2] = (points[foot, 0] + 0.022, 0.02)
    front = front.with_points(points)
    result = resolve(front, 1.0, 2.0, 0.01)
    result.front.check(1.0, 2.0)
    feet = result.front.points[np.concatenate(([False], np.diff(result.front.bare), [False]))]
    assert np.all(feet[:, 1] == 0.0)
    assert feet[1, 0] > front.points[foot, 0]
    assert account(front, result) == pytest.approx(0.0, abs=1e-15)


def test_corners_without_room_for_a_cell_are_closed():
    front = deposit(refine([(0, 0.5), (0.48, 0.5), (0.5, 0.2), (0.52, 0.5), (1, 0.5)], 0.1))
    result = resolve(front, 1.0, 2.0, 0.001)
    assert result.changed
    assert np.degrees(np.pi + result.front.turning()).min() >= 20.0
    assert account(front, result) == pytest.approx(0.0, abs=1e-15)


def test_edge_data_stay_with_their_edges():
    front = two_columns(0.008)
    patch = np.where(front.points[:-1, 0] < 1.0, 3, 7)
    result = resolve(deposit(front.points, patch), 2.0, 3.0, 0.01).front
    middle = 0.5 * (result.points[1:, 0] + result.points[:-1, 0])
    np.testing.assert_array_equal(result.patch, np.where(middle < 1.0, 3, 7))


def test_a_front_at_the_counter_electrode_is_an_error():
    front = deposit(refine([(0, 0.1), (0.5, 1.1), (0.45, 1.15), (0.5, 0.5), (1, 0.1)], 0.05))
    with pytest.raises(MeshError, match="counter electrode"):
        resolve(front, 1.0, 1.0, 0.01)


def grow(front: Front, speed, steps: int, distance: float, size, gap: float, seed: int = 0):
    """March; return the front, what was trapped, what the books do not explain, what was bridged."""
    width, start, added, trapped, bridged = front.width, front.metal_area(), 0.0, 0.0, 0.0
    for _ in range(steps):
        v = speed(front) * ~front.bare
        dt = 0.4 * np.min(front.lengths[v > 0] / v[v > 0])
        half = 0.5 * dt * v * front.lengths
        volume = np.append(half, 0.0) + np.append(0.0, half)
        foot = np.concatenate(([False], front.bare[1:] != front.bare[:-1], [False]))
        slide = foot & (front.turning() <= -np.radians(100.0))
        front = front.with_points(front.points + displace(front, volume, foot & ~slide, slide, width))
        added += volume.sum()
        result = resolve(front, width, gap, distance * float(np.median(front.lengths)))
        trapped, bridged = trapped + result.trapped_area, bridged + result.bridged_area
        front = resample(result.front, size, np.zeros(len(result.front.points), dtype=bool))
        front.check(width, gap)
    return front, trapped, front.metal_area() - (start + added + trapped), bridged


def by_curvature(largest: float, smallest: float):
    return lambda points, kappa: np.clip(0.35 / np.maximum(np.abs(kappa), 1e-9), smallest, largest)


def test_islands_grow_together_into_a_film():
    front = with_islands(1.0, np.arange(10) * 0.1 + 0.05, 0.03, 0.012, 0.003, 0.02)
    film, _, error, bridged = grow(
        front, lambda f: np.ones(f.lengths.size), 260, 0.5, by_curvature(0.012, 0.002), 2.0
    )
    assert not film.bare.any()
    assert film.roughness / film.mean_thickness < 0.1
    assert abs(error) < 1e-13
    assert abs(bridged) < 1e-14


def test_mushrooms_pinch_off_pockets():
    front = with_islands(2.0, [0.25, 0.75, 1.25, 1.75], 0.12, 0.1, 0.012, 0.05)

    def speed(f: Front) -> np.ndarray:
        return 0.3 + 5.0 * (f.points[1:, 1] + f.points[:-1, 1])

    film, trapped, error, _ = grow(front, speed, 120, 0.5, by_curvature(0.03, 0.008), 4.0)
    assert trapped > 0.01
    assert abs(error) < 1e-13
    assert film.roughness < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_wild_growth_keeps_its_books(seed):
    rng = np.random.default_rng(seed)
    waves = rng.standard_normal((6, 3))
    front = (
        flat(2.0, 0.03, 0.1)
        if seed % 2
        else with_islands(2.0, np.arange(8) * 0.25 + 0.125, 0.1, 0.05, 0.012, 0.05)
    )

    def speed(f: Front) -> np.ndarray:
        x, y = 0.5 * (f.points[1:] + f.points[:-1]).T
        noise = sum(np.sin(15.0 * a * x + 15.0 * b * y + 3.0 * c) for a, b, c in waves)
        return np.maximum(0.2 + 0.8 * noise * np.sqrt(np.abs(y) / 0.1), 1e-3)

    front, _, error, bridged = grow(front, speed, 150, 0.5, by_curvature(0.04, 0.006), 4.0, seed)
    assert front.tip_height > 0.15
    assert abs(error) < 1e-12
    assert abs(bridged) < 1e-13
