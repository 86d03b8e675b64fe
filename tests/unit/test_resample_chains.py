"""Splitting and removing vertices of closed chains, of arcs between walls, and of several chains at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meshes.advance import redistribute
from meshes.front import Front
from meshes.resample import LONG, SHORT, relative_lengths, resample, wanted_lengths
from meshes.shapes import with_apex
from meshes.sizing import GRADATION

from .curves import TWICE, arc, circle, closed, free, gear, opened, uniform

RADIUS = 0.3


def ellipse(n: int) -> Front:
    t = -TWICE * np.arange(n) / n
    return closed(np.column_stack((0.5 * np.cos(t), 0.3 * np.sin(t))))


def quarter(n: int) -> Front:
    return arc(n // 4 + 1, RADIUS)


@pytest.mark.parametrize("length", [0.3, 1.7, 2.5, 6.0])
@pytest.mark.parametrize("front", [circle(100, RADIUS), ellipse(111), gear(300), quarter(100)])
def test_area_stays_and_lengths_come_into_their_range(front, length):
    size = uniform(length * front.lengths.mean())
    result = resample(front, size, free(front))
    assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
    ratio = relative_lengths(result, size)
    assert ratio.max() <= 1.001 * LONG  # what restores the area lengthens edges by as little
    removable = ~result.fixed.any(axis=1)
    assert not np.any((ratio < SHORT) & removable[result.cells].any(axis=1))
    result.check(1.0)


@pytest.mark.parametrize("make", [lambda n: circle(n, RADIUS), quarter])
def test_refined_circles_are_circles(make):
    """Doubling its vertices turns a regular polygon into the regular polygon of the same area.

    The stand-off falls to a quarter; six sweeps of `spread` leave 0.2^6 of half of the change.
    """
    for n in (48, 96, 192):
        front = make(n)
        fine = resample(front, uniform(0.5 * front.lengths.mean()), free(front))
        assert len(fine.cells) == 2 * len(front.cells)
        share = len(front.cells) / n  # of the circle
        radius = np.sqrt(front.metal_area() / (share * n * np.sin(TWICE / (2 * n))))
        change = RADIUS * (TWICE / n) ** 2 / 16.0
        assert (
            np.abs(np.hypot(*fine.points.T) - radius).max() < 1e-4 * change + 0.1 * RADIUS * (TWICE / n) ** 4
        )


def test_coarsened_ellipse_is_the_ellipse_to_fourth_order():
    """Every second vertex goes; the rest lies on the affine image of the regular polygon of the same area."""
    errors = []
    for n in (100, 200):
        front = ellipse(n)
        coarse = resample(front, uniform(2.5 * front.lengths.mean()), free(front))
        assert len(coarse.points) == n // 2
        radius = np.hypot(coarse.points[:, 0] / 0.5, coarse.points[:, 1] / 0.3)
        true = np.sqrt(front.metal_area() / (0.15 * 0.25 * n * np.sin(2.0 * TWICE / n)))
        errors.append(np.abs(radius - true).max())
    assert errors[0] < 2e-5
    assert np.log2(errors[0] / errors[1]) > 3.7


def test_gear_keeps_its_teeth():
    """Refined or coarsened, its vertices stay within the stand-off kappa L^2 / 12 of the curve."""
    front = gear(800)
    for length in (0.5, 2.5):
        result = resample(front, uniform(length * front.lengths.mean()), free(front))
        angle = np.arctan2(result.points[:, 1], result.points[:, 0])
        apart = np.hypot(*result.points.T) - 1.0 - 0.15 * np.cos(7.0 * angle)
        longest = max(result.lengths.max(), front.lengths.max())
        assert np.abs(apart).max() < front.curvature().max() * longest**2 / 12.0


def test_the_seam_is_an_ordinary_place():
    front = gear(240)
    for length in (0.4, 0.7):
        size = uniform(length * front.lengths.mean())
        whole = resample(front, size, free(front)).points
        turned = front.with_points(np.roll(front.points, 77, axis=0))
        again = resample(turned, size, free(front)).points
        start = int(np.argmin(np.hypot(*(again - whole[0]).T)))
        np.testing.assert_allclose(np.roll(again, -start, axis=0), whole, atol=1e-12)


def test_the_first_vertex_may_go():
    t = -TWICE * np.sort(np.concatenate(([0.0, 0.002, 0.998], np.linspace(0.03, 0.97, 40))))
    front = closed(0.3 * np.column_stack((np.cos(t), np.sin(t))), patch=5)
    result = resample(front, uniform(0.04), free(front))
    assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
    ratio = relative_lengths(result, uniform(0.04))
    assert ratio.min() >= SHORT
    assert np.all(result.patch == 5)
    assert result.chains[0].walls is None


def test_coverage_is_averaged_over_the_seam():
    n = 40
    t = -TWICE * np.arange(n) / n
    ring = closed(0.3 * np.column_stack((np.cos(t), np.sin(t))))
    front = replace(ring, surface=np.ones(n), coverage=np.linspace(-1.0, 0.4, n))
    held = np.sum(front.coverage * front.lengths)
    result = resample(front, uniform(0.2), free(front))
    assert len(result.points) < n
    # bare substrate stays straight: chords are shorter than the way, each holds the mean along the way
    way = np.rint(n * result.lengths / result.lengths.sum() * 1.0)
    assert np.sum(result.coverage * way) * front.lengths[0] == pytest.approx(held, rel=0.05)


def test_lengths_are_graded_around_the_seam():
    front = circle(200, 1.0)

    def jump(points: np.ndarray, curvature: np.ndarray) -> np.ndarray:
        return np.where(points[:, 0] > 0.99, 0.002, 1.0)

    wanted = wanted_lengths(front, jump)
    assert np.abs(np.roll(wanted, -1) - wanted).max() <= GRADATION * front.lengths.max() * (1.0 + 1e-12)
    np.testing.assert_allclose(wanted[1:], wanted[:0:-1], rtol=1e-12)  # mirror image
    assert wanted.max() > 1.0 - 1e-12 or wanted.max() > 0.9


def test_chains_are_resampled_one_by_one():
    front = with_apex(1.0, 0.4, 0.3, 0.01, 0.05)
    dead = circle(40, 0.05, (0.15, 0.5), patch=3)
    size = uniform(0.012)
    both = resample(Front.joined([front, dead]), size, np.append(free(front), free(dead)))
    parts = both.parts()
    for part, alone in zip(parts, (front, dead), strict=True):
        expected = resample(alone, size, free(alone))
        np.testing.assert_array_equal(part.points, expected.points)
        np.testing.assert_array_equal(part.patch, expected.patch)
    again = Front.joined(parts)
    assert resample(again, size, free(again)) is again


def test_chains_do_not_cross_each_other():
    """The top of a coarse bump would rise into a piece of metal above it."""
    bump = opened(np.array([(0.0, 0.2), (0.2, 0.5), (0.35, 0.6), (0.65, 0.6), (0.8, 0.5), (1.0, 0.2)]))
    piece = closed(np.array([(0.4, 0.606), (0.4, 0.7), (0.6, 0.7), (0.6, 0.606)]), patch=0)
    alone = resample(bump, uniform(0.03), free(bump))
    assert alone.heights(np.array([0.5]))[0] > 0.606
    front = Front.joined([bump, piece])
    result = resample(front, uniform(0.03), free(front))
    result.check(1.0, 2.0)
    assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-13)


def uneven(n: int) -> Front:
    """A circle whose edges differ by a factor 2.3."""
    t = TWICE * np.arange(n) / n
    t += 0.4 * np.sin(t)
    return closed(RADIUS * np.column_stack((np.cos(-t), np.sin(-t))))


@pytest.mark.parametrize("n", [40, 41])
def test_redistribution_evens_lengths_and_follows_the_circle(n):
    """What is left of the radius is of second order, and curvature stays smooth to 1 %."""
    front = uneven(n)
    result = front
    for _ in range(400):
        result = redistribute(result, uniform(0.02))
    assert front.lengths.max() / front.lengths.min() > 2.2
    assert result.lengths.max() / result.lengths.min() < 1.1
    assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
    radius = np.sqrt(2.0 * front.metal_area() / (n * np.sin(TWICE / n)))
    assert np.abs(np.hypot(*result.points.T) - radius).max() < RADIUS * (TWICE / n) ** 2 / 12.0
    np.testing.assert_allclose(result.curvature(), 1.0 / RADIUS, rtol=0.01)


def test_redistribution_of_a_sine_converges_to_it():
    errors = []
    for n in (51, 101):
        s = np.linspace(0.0, 1.0, n)
        x = s + 0.08 * np.sin(TWICE * s)
        front = opened(np.column_stack((x, 0.5 + 0.1 * np.cos(2.0 * TWICE * x))))
        result = front
        for _ in range(200):
            result = redistribute(result, uniform(0.02))
        assert np.ptp(result.lengths) < 0.8 * np.ptp(front.lengths)
        assert result.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
        errors.append(
            np.abs(result.points[:, 1] - 0.5 - 0.1 * np.cos(2.0 * TWICE * result.points[:, 0])).max()
        )
    assert errors[0] < 4e-3
    assert np.log2(errors[0] / errors[1]) > 2.0


def test_redistribution_keeps_corners_feet_walls_and_substrate():
    front = with_apex(1.0, 0.4, 0.3, 0.01, 0.05)

    def where(points: np.ndarray, curvature: np.ndarray) -> np.ndarray:
        return 0.01 + 0.1 * np.abs(points[:, 0] - 0.5)

    moved = (redistribute(front, where).points != front.points).any(axis=1)
    assert moved.any()
    assert not moved[front.vertices_of(front.bare) | front.breaks].any()
    roof = np.array([(0, 0.5), (0.1, 0.5), (0.3, 0.5), (0.5, 1.0), (0.8, 0.5), (0.85, 0.5), (1, 0.5)])
    result = redistribute(opened(roof), uniform(0.1))
    np.testing.assert_array_equal(np.flatnonzero((result.points != roof).any(axis=1)), [1, 5])
    assert np.all(result.points[:, 1] == roof[:, 1])


def test_a_shift_is_bounded_by_the_shorter_edge():
    front = uneven(60)
    step = redistribute(front, uniform(0.02), largest=0.01).points - front.points
    before, after = front.beside
    assert np.all(
        np.hypot(*step.T) <= 0.01 * np.minimum(front.lengths[before], front.lengths[after]) * (1 + 1e-9)
    )
