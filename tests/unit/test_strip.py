"""The surface recedes to the substrate and no further."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.advance import displace, lift
from meshes.errors import MeshError
from meshes.front import Front
from meshes.meeting import mirrored
from meshes.merge import resolve
from meshes.shapes import NAMES, flat, with_apex
from meshes.strip import Exhausted, limit, strip

MATRIX = 1


def matrix_at(x: np.ndarray) -> np.ndarray:
    return np.full(x.shape, MATRIX)


def shares(front: Front, area: float) -> np.ndarray:
    """`area` dissolved evenly per length of metal."""
    length = np.where(front.bare, 0.0, front.lengths)
    volume = np.zeros(len(front.points))
    np.add.at(volume, front.cells.ravel(), np.repeat(0.5 * length, 2))
    return -area * volume / volume.sum()


def dissolve(front: Front, area: float, tolerance: float) -> tuple[Front, float]:
    """One step of stripping with all its parts; the front and the area laid bare."""
    volume = limit(front, shares(front, area))
    assert volume.sum() == pytest.approx(-area, rel=1e-13)
    foot = front.breaks
    moved = front.with_points(
        front.points + displace(front, volume, foot | front.vertices_of(front.bare), ~foot & False)
    )
    return strip(lift(moved), matrix_at, tolerance)


def test_a_film_strips_completely_and_returns_its_whole_area():
    front = flat(2.0, 0.05, 0.1)
    removed = 0.0
    for _ in range(10):
        front, area = dissolve(front, 0.02, 1e-6)
        removed += 0.02 + area
    assert front.bare.all()
    assert removed == pytest.approx(0.2, abs=1e-15)
    np.testing.assert_array_equal(front.points[:, 1], 0.0)
    np.testing.assert_array_equal(front.surface, MATRIX)
    assert not front.coverage.any()


def test_more_than_there_is_is_an_error_that_says_how_much():
    front = flat(2.0, 0.05, 0.1)
    with pytest.raises(Exhausted, match=r"0\.05 is missing") as caught:
        limit(front, shares(front, 0.25))
    assert caught.value.missing == pytest.approx(0.05, rel=1e-12)


def test_growth_is_left_alone():
    front = flat(2.0, 0.05, 0.1)
    volume = -shares(front, 0.3)
    np.testing.assert_array_equal(limit(front, volume), volume)


def test_a_hemicylinder_shrinks_to_nothing():
    front = with_apex(1.0, 0.3, 0.1, 0.01, 0.02)
    start = front.metal_area()
    rest, removed, extents, step = start, 0.0, [], start / 60.0
    for _ in range(200):
        if rest < 1e-9 * start:
            break
        piece = min(step, rest)
        front, area = dissolve(front, piece, 1e-4)
        result = resolve(front, 1.0, 2.0, 2e-3)
        assert result.dead == ()
        front = result.front
        removed += piece + area
        rest = front.metal_area()
        assert start - removed == pytest.approx(rest, abs=1e-15)
        extents.append(float(front.lengths[~front.bare].sum()))
        if front.bare.all():
            break
    assert front.bare.all()
    assert removed == pytest.approx(start, abs=1e-14)
    assert front.points[:, 1].max() == 0.0


def test_a_foot_recedes_edge_by_edge():
    """A wedge of deposit: the part thinner than the tolerance goes, whatever lies beyond stays."""
    x = np.linspace(0.0, 1.0, 11)
    height = np.maximum(x - 0.2, 0.0)
    surface = np.where(np.arange(10) < 2, MATRIX, 0)
    front = Front(
        np.column_stack((x, height)), NAMES, surface, np.where(surface == 0, 1.0, 0.0), np.full(10, -1)
    )
    stripped = strip(front, matrix_at, 0.25)
    np.testing.assert_array_equal(stripped.front.bare, np.arange(10) < 4)
    np.testing.assert_array_equal(stripped.front.points[:, 1], np.where(x < 0.45, 0.0, height))
    assert stripped.area == pytest.approx(front.metal_area() - stripped.front.metal_area(), abs=1e-16)
    # the triangle below heights 0.1 and 0.2, and what the edge up to 0.3 loses as its lower end comes down
    assert stripped.area == pytest.approx(0.1 * (0.05 + 0.15) + 0.01, rel=1e-12)


def test_only_what_dissolves_is_laid_bare():
    front = flat(1.0, 0.1, 0.0)
    dissolving = np.arange(10) < 3
    np.testing.assert_array_equal(strip(front, matrix_at, 1e-6, dissolving).front.bare, dissolving)
    assert strip(front, matrix_at, 1e-6, np.zeros(10, dtype=bool)).front is front


def test_covered_substrate_in_contact_becomes_bare_and_floating_seeds_stay():
    front = Front(
        np.column_stack((np.linspace(0, 1, 5), np.zeros(5))),
        NAMES,
        np.array([1, 2, 2, 1]),
        np.array([1.0, 1.0, 1.0, 0.2]),
        np.array([-1, 3, -1, -1]),
    )
    result = strip(front, lambda x: np.where(x > 0.5, 2, 1), 1e-6).front
    np.testing.assert_array_equal(result.bare, [True, False, True, True])
    np.testing.assert_array_equal(result.surface, [1, 2, 2, 1])
    np.testing.assert_array_equal(result.patch, [-1, 3, -1, -1])
    np.testing.assert_array_equal(result.coverage, [0.0, 1.0, 0.0, 0.2])


def test_a_substrate_that_is_none_is_an_error():
    with pytest.raises(MeshError, match="substrate"):
        strip(flat(1.0, 0.1, 0.0), lambda x: np.zeros(x.shape, dtype=int), 1e-6)


@pytest.mark.parametrize("base", [0.0, -0.3])
def test_the_counter_electrode_is_limited_and_stripped_alike(base):
    rng = np.random.default_rng(1)
    x = np.linspace(0.0, 1.0, 41)
    front = Front(
        np.column_stack((x, base + 0.05 + 0.04 * rng.random(41))),
        NAMES,
        np.zeros(40),
        np.ones(40),
        np.full(40, -1),
        base=base,
    )
    counter = mirrored(front, 1.0)
    volume = -rng.random(41) * 2.0 * front.metal_area() / 41.0 * 0.8
    np.testing.assert_allclose(limit(counter, volume[::-1]), limit(front, volume)[::-1], rtol=0, atol=1e-16)
    a, b = strip(front, matrix_at, 0.07), strip(counter, matrix_at, 0.07)
    assert a.front.bare.any()
    np.testing.assert_array_equal(b.front.bare, a.front.bare[::-1])
    assert b.area == pytest.approx(a.area, abs=1e-15)


@pytest.mark.parametrize("seed", range(20))
def test_limits_hold_whatever_is_asked(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 200))
    x = np.linspace(0.0, 1.0, n)
    y = rng.random(n) * (rng.random(n) < rng.random())
    front = Front(np.column_stack((x, y)), NAMES, np.zeros(n - 1), np.ones(n - 1), np.full(n - 1, -1))
    held = np.hypot(*front.area_vectors.T) * y
    wish = -(rng.random(n) ** 4)
    wish *= front.metal_area() * rng.random() / -wish.sum()
    wish[rng.random(n) < 0.2] *= -1.0
    volume = limit(front, wish)
    assert np.all(volume >= -held * (1.0 + 1e-12) - 1e-15 * held.sum())
    assert volume.sum() == pytest.approx(wish.sum(), abs=1e-14 * held.sum())
    assert np.all(volume <= np.maximum(wish, -held) + 1e-15 * held.sum())


def test_the_nearest_metal_is_taken_first():
    x, y = np.linspace(0.0, 1.0, 11), np.full(11, 0.1)
    y[5] = 0.0
    front = Front(np.column_stack((x, y)), NAMES, np.zeros(10), np.ones(10), np.full(10, -1))
    volume = np.zeros(11)
    volume[5] = -0.004
    taken = -limit(front, volume)
    np.testing.assert_allclose(taken[[4, 6]], 0.002, rtol=1e-12)
    np.testing.assert_allclose(np.delete(taken, [4, 6]), 0.0, atol=1e-18)
