"""Fronts to begin with."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.errors import MeshError
from meshes.shapes import DEPOSIT, ISLAND, MATRIX, flat, graded, trench, with_apex, with_islands
from solver.observables import mouth


def assert_symmetric(front):
    np.testing.assert_allclose(
        front.points, (front.width, 0.0) + front.points[::-1] * (-1.0, 1.0), atol=1e-12
    )


def test_graded_spacing_meets_its_ends_and_its_bulk():
    spacing = np.diff(graded(1.0, 0.01, 0.01, 0.1, 0.2))
    assert spacing.sum() == pytest.approx(1.0)
    assert spacing[0] == pytest.approx(0.011, rel=0.15)
    assert 0.08 < spacing.max() <= 0.1
    assert np.max(spacing[1:] / spacing[:-1]) < 1.3
    np.testing.assert_allclose(spacing, spacing[::-1], atol=1e-14)


def test_flat_front_of_deposit_and_of_substrate():
    front = flat(2.0, 0.3, 0.5)
    assert (len(front.points), front.metal_area()) == (8, pytest.approx(1.0))
    assert np.all(front.coverage == 1.0)
    assert flat(2.0, 0.3, surface=MATRIX).bare.all()


def test_apex_on_bare_matrix():
    front = with_apex(4.0, 0.2, 0.3, 0.01, 0.15)
    front.check(4.0, 10.0)
    assert_symmetric(front)
    apex = front.surface == DEPOSIT
    assert front.tip_height == pytest.approx(0.3)
    assert np.all(front.coverage == apex)
    assert np.all(front.patch == -1)
    assert np.all(front.points[np.append(~apex, True) & np.append(True, ~apex), 1] == 0.0)
    np.testing.assert_allclose(front.lengths[apex], front.lengths[apex].mean(), rtol=5e-3)
    assert front.lengths[apex].max() <= 0.01
    assert front.lengths.max() <= 0.15


@pytest.mark.parametrize("position", [0.0, 4.0])
def test_half_an_apex_on_a_wall(position):
    front = with_apex(4.0, 0.2, 0.3, 0.001, 0.15, position)
    front.check(4.0, 10.0)
    assert front.metal_area() == pytest.approx(np.pi / 8 * 0.2 * 0.3, rel=1e-4)


def test_islands_carry_their_seeds():
    centres = np.arange(20) * 0.1 + 0.05
    front = with_islands(2.0, centres, 0.03, 0.01, 0.003, 0.02)
    front.check(2.0, 10.0)
    assert_symmetric(front)
    assert front.names == ("deposit", "matrix", "island")
    on_island = front.surface == ISLAND
    np.testing.assert_array_equal(np.unique(front.patch), np.arange(-1, 20))
    np.testing.assert_array_equal(on_island, front.patch >= 0)
    np.testing.assert_array_equal(front.bare, ~on_island)
    for k, centre in enumerate(centres):
        mine = np.flatnonzero(front.patch == k)
        x, y = front.points[mine[0] : mine[-1] + 2].T
        np.testing.assert_allclose([x[0], x[-1], y.max()], [centre - 0.015, centre + 0.015, 0.01], atol=1e-12)
        radius = (0.015**2 + 0.01**2) / 0.02
        np.testing.assert_allclose(np.hypot(x - centre, y - (0.01 - radius)), radius, atol=1e-8)


def test_half_islands_on_the_walls():
    front = with_islands(1.0, [0.0, 0.5, 1.0], 0.2, 0.1, 0.01, 0.05)
    front.check(1.0, 2.0)
    assert_symmetric(front)
    assert front.metal_area() == pytest.approx(2.0 * np.pi * 0.1**2 / 2.0, rel=2e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: with_islands(1.0, [0.3, 0.4], 0.2, 0.05, 0.01, 0.05), "wider than their pitch"),
        (lambda: with_islands(1.0, [0.05], 0.2, 0.05, 0.01, 0.05), "does not fit"),
        (lambda: with_apex(1.0, 0.2, -0.1, 0.01, 0.05), "apex_height must be positive, it is -0.1"),
    ],
)
def test_impossible_shapes_are_errors(make, message):
    with pytest.raises(MeshError, match=message):
        make()


def test_trench_has_the_area_and_corners_of_its_drawing() -> None:
    """Metal under the shoulders, less the trench, plus and minus the corners, which cancel."""
    front = trench(16.0, 4.0, 10.0, 1.0, 0.05)
    assert front.metal_area() == pytest.approx(12.0 * 10.0, rel=1e-4)
    x, y = front.points.T
    assert (x[0], y[0], x[-1], y[-1]) == (0.0, 10.0, 16.0, 10.0)
    assert y.min() == 0.0
    assert np.allclose(front.points[::-1], np.column_stack((16.0 - x, y)))
    assert np.diff(front.points, axis=0)[:, 0].min() >= -1e-12
    assert mouth(front, 10.0) == pytest.approx(4.0)
    assert np.all(front.surface == DEPOSIT)


def test_trench_whose_corners_do_not_fit_is_refused() -> None:
    with pytest.raises(MeshError, match="do not fit"):
        trench(16.0, 1.5, 10.0, 1.0, 0.1)
