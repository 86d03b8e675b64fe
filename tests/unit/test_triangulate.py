"""Triangles above the front."""

from __future__ import annotations

import time

import numpy as np
import pytest

from meshes.errors import MeshError
from meshes.front import Front
from meshes.shapes import flat, with_apex, with_islands
from meshes.triangulate import SizeField, triangulate

FIELD = SizeField(bulk=0.3, growth=0.3)


@pytest.fixture(scope="module")
def apex() -> Front:
    return with_apex(2.0, 0.2, 0.6, 0.02, 0.1)


@pytest.fixture(scope="module")
def mesh(apex):
    return triangulate(apex, 2.0, 3.0, FIELD)


def areas(mesh) -> np.ndarray:
    a, b, c = (mesh.points[mesh.cells[:, k]] for k in range(3))
    u, v = b - a, c - a
    return 0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])


def test_first_nodes_are_the_front(apex, mesh):
    assert mesh.n_front == len(apex.points)
    np.testing.assert_array_equal(mesh.points[: mesh.n_front], apex.points)


def test_cells_fill_the_electrolyte_counter_clockwise(apex, mesh):
    assert areas(mesh).min() > 0.0
    assert areas(mesh).sum() == pytest.approx(2.0 * 3.0 - apex.metal_area(), rel=1e-12)
    assert mesh.quality > 0.5
    np.testing.assert_array_equal(np.unique(mesh.cells), np.arange(len(mesh.points)))


def test_outer_boundary_is_straight_and_whole(apex, mesh):
    sides = np.sort(
        np.concatenate((mesh.cells[:, [0, 1]], mesh.cells[:, [1, 2]], mesh.cells[:, [2, 0]])), axis=1
    )
    sides, count = np.unique(sides, axis=0, return_counts=True)
    assert set(count) == {1, 2}
    boundary = sides[count == 1]
    x, y = mesh.points[boundary].transpose(2, 0, 1)
    on_front = (boundary < mesh.n_front).all(axis=1) & (boundary[:, 1] - boundary[:, 0] == 1)
    outside = (x == 0.0).all(axis=1) | (x == 2.0).all(axis=1) | (y == 3.0).all(axis=1)
    assert on_front.sum() == len(apex.points) - 1
    assert np.all(on_front | outside)


def test_sizes_grow_away_from_the_front(apex, mesh):
    size = np.sqrt(areas(mesh) * 4.0 / np.sqrt(3.0))
    centre = mesh.points[mesh.cells].mean(axis=1)
    distance = np.hypot(*(centre[:, None, :] - apex.points[None]).transpose(2, 0, 1)).min(axis=1)
    near, far = distance < 0.02, distance > 1.0
    on_apex = near & (centre[:, 1] > 0.1)
    assert np.median(size[on_apex]) == pytest.approx(0.02, rel=0.35)
    assert np.median(size[far]) == pytest.approx(0.3, rel=0.25)


def test_counter_electrode_can_be_resolved(apex):
    fine = triangulate(apex, 2.0, 3.0, SizeField(bulk=0.3, growth=0.3, counter=0.05))
    top = np.sort(fine.points[fine.points[:, 1] == 3.0, 0])
    np.testing.assert_allclose(np.diff(top), 0.05, rtol=0.05)
    assert fine.quality > 0.5


def test_same_input_gives_the_same_mesh(apex, mesh):
    again = triangulate(apex, 2.0, 3.0, FIELD)
    np.testing.assert_array_equal(again.points, mesh.points)
    np.testing.assert_array_equal(again.cells, mesh.cells)


def test_units_do_not_matter(apex, mesh):
    unit = 1e-6
    small = triangulate(apex.with_points(apex.points * unit), 2.0 * unit, 3.0 * unit, SizeField(0.3 * unit))
    assert len(small.cells) == pytest.approx(len(mesh.cells), rel=0.02)
    assert small.quality > 0.5


def test_flat_front_and_islands():
    for front in (
        flat(1.0, 0.1, 0.2),
        with_islands(1.0, np.arange(10) * 0.1 + 0.05, 0.03, 0.01, 0.003, 0.02),
    ):
        result = triangulate(front, 1.0, 2.0, SizeField(0.2))
        np.testing.assert_array_equal(result.points[: result.n_front], front.points)
        assert result.quality > 0.5


def test_narrow_gaps_and_overhangs_are_meshed():
    points = [
        (0, 0),
        (0.9, 0),
        (0.9, 1),
        (0.05, 1),
        (0.05, 1.1),
        (1.0, 1.3),
        (1.9, 1.0),
        (1.05, 0.98),
        (1.05, 0),
        (2, 0),
    ]
    n = len(points) - 1
    front = Front(np.array(points), ("deposit",), np.zeros(n), np.ones(n), np.full(n, -1))
    result = triangulate(front, 2.0, 3.0, SizeField(0.3))
    assert result.n_front == len(points)
    assert areas(result).sum() == pytest.approx(6.0 - front.metal_area(), rel=1e-10)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(0, 0), (1.5, 0.8), (1.5, 0.1), (0.2, 0.9), (2, 0)], "crosses"),
        ([(0, 0), (1.5, 1.0), (1.5, 0.1), (0.2, 0.9), (2, 1)], "crosses"),
        ([(0, 0), (1, 3.5), (2, 0)], "counter electrode"),
        ([(0, 1), (0, 2), (1, 0.5), (2, 1)], "not bounded by a simple polygon"),
        ([(2, 0), (1, 0.5), (0, 0)], "must run from x = 0"),
    ],
)
def test_bad_fronts_are_told_before_gmsh_sees_them(points, message):
    n = len(points) - 1
    front = Front(np.array(points, dtype=float), ("deposit",), np.zeros(n), np.ones(n), np.full(n, -1))
    start = time.monotonic()
    with pytest.raises(MeshError, match=message):
        triangulate(front, 2.0, 3.0, FIELD)
    assert time.monotonic() - start < 1.0
