"""Splitting and removing front vertices at constant area, without cutting tips."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.errors import MeshError
from meshes.front import Front
from meshes.resample import CORNER, LONG, SHORT, relative_lengths, resample, wanted_lengths
from meshes.shapes import NAMES, flat, with_apex, with_islands


def free(front: Front) -> np.ndarray:
    return np.zeros(len(front.points), dtype=bool)


def uniform(length: float):
    return lambda points, curvature: np.full(len(points), length)


def parabola(radius: float, height: float, size: float) -> Front:
    """A tip y = height - x^2 / (2 radius) between stretches of bare substrate."""
    half = np.sqrt(2.0 * radius * height)
    x = np.linspace(-half, half, 2 * int(half / size) + 1)
    y = height - x**2 / (2.0 * radius)
    y[[0, -1]] = 0.0
    width = 2.0 * half + 1.0
    points = np.concatenate(([[0.0, 0.0]], np.column_stack((x + 0.5 * width, y)), [[width, 0.0]]))
    n = len(x) - 1
    surface = np.concatenate(([1], np.zeros(n, dtype=int), [1]))
    return Front(points, NAMES, surface, 1.0 - surface, np.full(n + 2, -1))


def wandering(front: Front, fine: float, cycle: int):
    """Fine around a place that wanders over the tip, 2.5 times coarser away from it."""
    centre = 0.5 * front.width + 0.3 * np.cos(0.37 * cycle)
    return lambda points, curvature: fine * (1.0 + 1.5 * np.minimum(1.0, np.abs(points[:, 0] - centre) / 0.3))


@pytest.mark.parametrize("shape", ["circle", "parabola"])
def test_tips_survive_200_cycles(shape):
    radius = 0.3
    front = with_apex(1.0, 0.6, 0.3, 0.006, 0.05) if shape == "circle" else parabola(radius, 1.0, 0.006)
    area, tip = front.metal_area(), front.tip_height
    fine = 0.016 * radius
    worst = 0.0
    for cycle in range(200):
        front = resample(front, wandering(front, fine, cycle), free(front))
        worst = max(worst, abs(front.tip_height - tip))
    assert worst < 1e-4 * radius
    assert front.metal_area() == pytest.approx(area, rel=1e-12)


def test_linear_resampling_would_cut_the_tip():
    """The reference of the test above: equal arcs along the chords, 200 times at wandering places."""
    front = with_apex(1.0, 0.6, 0.3, 0.006, 0.05)
    points = front.points[front.points[:, 1] > 0.0]
    for cycle in range(200):
        arc = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
        at = np.linspace(0.0, arc[-1], len(points) + cycle % 3)
        points = np.column_stack([np.interp(at, arc, points[:, k]) for k in (0, 1)])
    assert 0.3 - points[:, 1].max() > 10 * 1e-4 * 0.3


def test_curvature_stays_smooth_over_many_cycles():
    front = with_apex(1.0, 0.6, 0.3, 0.006, 0.05)
    for cycle in range(50):
        front = resample(front, wandering(front, 0.006, cycle), free(front))
    high = front.points[:, 1] > 0.05
    np.testing.assert_allclose(front.curvature()[high], 1.0 / 0.3, rtol=0.3)


def test_error_of_refinement_is_of_fourth_order():
    """Vertices added to a coarse polygon of an ellipse land on the ellipse."""
    errors = []
    for size in (0.04, 0.02):
        t = np.linspace(0.0, np.pi, int(1.0 / size))
        points = np.column_stack((0.5 - 0.5 * np.cos(t), 0.2 + 0.3 * np.sin(t)))
        points[[0, -1], 0] = 0.0, 1.0
        n = len(t) - 1
        coarse = Front(points, NAMES, np.zeros(n), np.ones(n), np.full(n, -1))
        fine = resample(coarse, uniform(0.5 * coarse.lengths.min()), free(coarse))
        x, y = fine.points[(fine.points[:, 0] > 0.2) & (fine.points[:, 0] < 0.8)].T
        errors.append(np.abs(((x - 0.5) / 0.5) ** 2 + ((y - 0.2) / 0.3) ** 2 - 1.0).max())
    assert errors[0] < 5e-3
    assert np.log2(errors[0] / errors[1]) > 1.8  # area asks for a stand-off of second order, no more is left


@pytest.mark.parametrize("length", [0.003, 0.01, 0.05])
def test_lengths_come_into_their_range_and_area_stays(length):
    front = with_islands(1.0, [0.25, 0.75], 0.2, 0.08, 0.01, 0.02)
    result = resample(front, uniform(length), free(front))
    ratio = relative_lengths(result, uniform(length))
    assert ratio.max() <= LONG
    removable = ~result.breaks
    removable[[0, -1]] = False
    assert not np.any((ratio < SHORT) & removable[1:] & removable[:-1])
    assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-13)
    result.check(1.0, 1.0)


def test_nothing_to_do_returns_the_same_front():
    front = with_apex(1.0, 0.4, 0.3, 0.01, 0.05)
    once = resample(front, uniform(0.008), free(front))
    assert once is not front
    assert resample(once, uniform(0.008), free(once)) is once


def test_vertices_away_from_changes_do_not_move():
    front = with_apex(1.0, 0.6, 0.3, 0.006, 0.05)
    where = lambda points, curvature: np.where(points[:, 0] < 0.5, 0.003, 0.006)  # noqa: E731
    result = resample(front, where, free(front))
    untouched = front.points[(front.points[:, 0] > 0.6) & (front.points[:, 1] > 0.0)]
    kept = (result.points[:, None, :] == untouched[None]).all(axis=2).any(axis=0)
    assert kept.all()


def test_protected_vertices_stay_and_corners_are_not_rounded():
    roof = np.array([(0, 0.5), (0.25, 0.5), (0.5, 1.0), (0.75, 0.5), (1, 0.5)])
    front = Front(roof, NAMES, np.zeros(4), np.ones(4), np.full(4, -1))
    assert np.all(np.abs(front.turning()[1:-1]) > CORNER)
    fine = resample(front, uniform(0.02), free(front))
    straight = np.minimum.reduce(
        [
            np.abs(np.abs(fine.points[:, 0] - 0.5) * 2.0 + fine.points[:, 1] - 1.0),
            np.abs(fine.points[:, 1] - 0.5),
        ]
    )
    assert straight.max() < 1e-12
    protect = free(fine)
    protect[[5, 17, 30]] = True
    coarse = resample(fine, uniform(0.2), protect)
    for point in fine.points[protect]:
        assert (coarse.points == point).all(axis=1).any()


def test_surfaces_and_patches_keep_their_ends():
    front = with_islands(1.0, [0.25, 0.75], 0.2, 0.08, 0.005, 0.02)
    ends = front.points[front.breaks]
    result = resample(front, uniform(0.03), free(front))
    np.testing.assert_array_equal(result.points[result.breaks], ends)
    np.testing.assert_array_equal(np.unique(result.patch), [-1, 0, 1])
    assert np.all(result.points[np.append(result.bare, True) & np.append(True, result.bare), 1] == 0.0)


def test_coverage_is_averaged_by_length():
    front = flat(1.0, 0.1, surface=1)
    coverage = np.linspace(0.0, 0.4, 10)
    front = Front(front.points, front.names, front.surface, coverage, front.patch)
    result = resample(front, uniform(0.5), free(front))
    assert len(result.points) < 7
    assert np.sum(result.coverage * result.lengths) == pytest.approx(coverage.sum() * 0.1)
    finer = resample(front, uniform(0.03), free(front))
    assert np.sum(finer.coverage * finer.lengths) == pytest.approx(coverage.sum() * 0.1)


def test_wanted_lengths_are_graded():
    front = flat(1.0, 0.005, 0.2)
    jump = lambda points, curvature: np.where(np.abs(points[:, 0] - 0.5) < 0.01, 0.002, 0.1)  # noqa: E731
    wanted = wanted_lengths(front, jump)
    assert np.abs(np.diff(wanted) / front.lengths).max() < 0.351
    result = resample(front, jump, free(front))
    lengths = result.lengths
    assert lengths.min() < 0.003
    assert lengths.max() > 0.05
    assert np.maximum(lengths[1:] / lengths[:-1], lengths[:-1] / lengths[1:]).max() < 3.0


def test_splits_in_a_narrow_gap_do_not_cross():
    """Two bulging flanks, coarsely resolved: the arcs through their vertices would overlap by 0.005."""
    y = np.linspace(0.2, 1.0, 8)
    bulge = 0.2525 * (1.0 - ((y - 0.6) / 0.4) ** 2)
    left = np.column_stack((0.25 + bulge, y))[::-1]
    right = np.column_stack((0.75 - bulge, y))
    points = np.concatenate(([(0.0, 1.2)], left, right, [(1.0, 1.2)]))
    n = len(points) - 1
    front = Front(points, NAMES, np.zeros(n), np.ones(n), np.full(n, -1))
    front.check(1.0, 2.0)
    result = resample(front, uniform(0.01), free(front))
    result.check(1.0, 2.0)
    assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-12)


def test_a_size_that_is_not_positive_is_an_error():
    front = flat(1.0, 0.1, 0.2)
    with pytest.raises(MeshError, match="must be positive"):
        resample(front, uniform(0.0), free(front))
