"""Triangles between fronts of several chains: both electrodes moving, holes, arcs, rings."""

from __future__ import annotations

import time
from dataclasses import replace

import gmsh
import numpy as np
import pytest

from meshes.boundary import Boundary, Side
from meshes.errors import MeshError
from meshes.front import Front
from meshes.shapes import with_apex, with_islands
from meshes.tags import COUNTER, FRONT, WALL_X, WALL_Y
from meshes.triangulate import Mesh2D, SizeField, _gmsh, triangulate

from .curves import TWICE, arc, circle, closed, opened

FIELD = SizeField(bulk=0.2)


def facing(height: float, amplitude: float, n: int = 61) -> Front:
    """A rippled counter electrode, its metal above."""
    x = np.linspace(1.0, 0.0, n)
    return opened(np.column_stack((x, height + amplitude * np.cos(TWICE * x))), base=height + 0.5)


def ring(radius: float, n: int) -> Front:
    """Metal around a circular hole: counter-clockwise."""
    t = TWICE * np.arange(n) / n
    return closed(radius * np.column_stack((np.cos(t), np.sin(t))))


def line(*points: tuple[float, float]) -> Front:
    """A front from wall to wall through a few points."""
    return opened(np.array(points))


def area(mesh: Mesh2D) -> float:
    a, b, c = (mesh.points[mesh.cells[:, k]] for k in range(3))
    u, v = b - a, c - a
    return 0.5 * float(np.sum(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]))


def assert_sound(mesh: Mesh2D, fronts: dict[str, Front]) -> None:
    """Fronts first and unchanged, facets the whole boundary, tagged by what they lie on, cells positive."""
    given = np.concatenate([front.points for front in fronts.values()])
    np.testing.assert_array_equal(mesh.points[: len(given)], given)
    assert mesh.n_front == len(fronts["front"].points)
    sides = np.concatenate((mesh.cells[:, [0, 1]], mesh.cells[:, [1, 2]], mesh.cells[:, [2, 0]]))
    _, inverse, count = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True, return_counts=True)
    assert set(count) == {1, 2}
    boundary = sides[count[inverse.ravel()] == 1]  # oriented, the electrolyte on the left
    assert {tuple(row) for row in boundary} == {tuple(row) for row in mesh.facets}
    assert len(boundary) == len(mesh.facets)
    start = 0
    for tag, front in zip((FRONT, COUNTER), fronts.values(), strict=False):
        of_front = {tuple(row) for row in front.cells + start}
        assert of_front == {tuple(row) for row in mesh.facets[mesh.tags == tag]}
        start += len(front.points)
    for tag, axis in ((WALL_X, 0), (WALL_Y, 1)):
        ends = mesh.points[mesh.facets[mesh.tags == tag]]
        assert np.all(ends[:, 0, axis] == ends[:, 1, axis])
    assert mesh.quality > 0.4
    np.testing.assert_array_equal(np.unique(mesh.cells), np.arange(len(mesh.points)))


def test_flat_counter_electrode_and_walls_are_tagged():
    front = with_apex(2.0, 0.2, 0.6, 0.02, 0.1)
    mesh = triangulate({"front": front}, 2.0, 3.0, FIELD)
    assert_sound(mesh, {"front": front})
    top = mesh.points[mesh.facets[mesh.tags == COUNTER]]
    assert np.all(top[..., 1] == 3.0)
    assert np.abs(np.diff(top[..., 0], axis=1)).sum() == pytest.approx(2.0, rel=1e-14)
    alone = triangulate(front, 2.0, 3.0, FIELD)
    np.testing.assert_array_equal(alone.points, mesh.points)
    np.testing.assert_array_equal(alone.cells, mesh.cells)


def test_both_electrodes_move():
    front = with_islands(1.0, [0.2, 0.7], 0.2, 0.08, 0.01, 0.05)
    fronts = {"front": front, "counter": facing(1.2, 0.1)}
    mesh = triangulate(fronts, 1.0, 1.0, FIELD)
    assert_sound(mesh, fronts)
    upper = 1.7 - fronts["counter"].metal_area()
    assert area(mesh) == pytest.approx(upper - front.metal_area(), rel=1e-12)


def test_collectors_may_lie_anywhere():
    """Metal stripped below its first surface on one side, plated beyond it on the other."""
    front = opened(np.column_stack((np.linspace(0, 1, 30), np.full(30, -0.3))), base=-0.5)
    fronts = {"front": front, "counter": facing(0.8, 0.02)}
    mesh = triangulate(fronts, 1.0, 1.0, FIELD)
    assert_sound(mesh, fronts)
    assert area(mesh) == pytest.approx(
        1.3 + 0.5 - front.metal_area() - fronts["counter"].metal_area(), rel=1e-12
    )


def test_dead_pieces_are_holes():
    front = with_apex(1.0, 0.3, 0.3, 0.02, 0.05)
    pieces = [circle(30, 0.05, (0.3, 0.6), patch=0), circle(23, 0.08, (0.7, 0.7), patch=1)]
    fronts = {"front": Front.joined([front, *pieces]), "counter": facing(1.2, 0.1)}
    for given in (fronts, {"front": fronts["front"]}):
        mesh = triangulate(given, 1.0, 1.0, FIELD)
        assert_sound(mesh, given)
    assert area(mesh) == pytest.approx(1.0 - fronts["front"].metal_area(), rel=1e-12)


def test_edges_are_short_beside_either_front():
    front = opened(np.column_stack((np.linspace(0, 1, 11), np.zeros(11))))
    mesh = triangulate({"front": front, "counter": facing(1.0, 0.0, 101)}, 1.0, 1.0, SizeField(0.2))
    size = np.sqrt(np.abs(np.linalg.det(np.diff(mesh.points[mesh.cells], axis=1))) * 2.0 / np.sqrt(3.0))
    height = mesh.points[mesh.cells].mean(axis=1)[:, 1]
    assert np.median(size[height > 0.98]) == pytest.approx(0.01, rel=0.35)
    assert np.median(size[height < 0.1]) == pytest.approx(0.1, rel=0.35)
    wall = mesh.points[mesh.facets[mesh.tags == WALL_X]]
    steps = np.abs(np.diff(wall[..., 1], axis=1))[:, 0]
    assert steps.max() / steps.min() > 5.0


def test_quarter_annulus_between_walls():
    fronts = {"front": arc(30, 0.4), "counter": arc(40, 1.0, outer=True)}
    mesh = triangulate(fronts, 1.0, 1.0, FIELD)
    assert_sound(mesh, fronts)
    exact = 0.5 * (39 * np.sin(0.25 * TWICE / 39) - 0.16 * 29 * np.sin(0.25 * TWICE / 29))
    assert area(mesh) == pytest.approx(exact, rel=1e-12)
    assert set(mesh.tags) == {FRONT, COUNTER, WALL_X, WALL_Y}


def test_circle_in_a_circle():
    fronts = {"front": circle(40, 0.4, (0.1, 0.0)), "counter": ring(1.0, 63)}
    mesh = triangulate(fronts, 1.0, 1.0, FIELD)
    assert_sound(mesh, fronts)
    exact = 0.5 * (63 * np.sin(TWICE / 63) - 0.16 * 40 * np.sin(TWICE / 40))
    assert area(mesh) == pytest.approx(exact, rel=1e-12)
    assert set(mesh.tags) == {FRONT, COUNTER}


def test_units_and_repetition_do_not_matter():
    unit = 1e-6
    fronts = {"front": arc(30, 0.4), "counter": arc(40, 1.0, outer=True)}
    mesh, again = (triangulate(fronts, 1.0, 1.0, FIELD) for _ in range(2))
    np.testing.assert_array_equal(mesh.points, again.points)
    small = {name: front.with_points(front.points * unit) for name, front in fronts.items()}
    tiny = triangulate(small, unit, unit, SizeField(0.2 * unit))
    assert len(tiny.cells) == pytest.approx(len(mesh.cells), rel=0.02)


@pytest.mark.parametrize(
    ("fronts", "message"),
    [
        ({"front": arc(9, 0.4)}, "no other begins beyond"),
        ({"front": arc(9, 1.0), "counter": arc(9, 0.4, outer=True)}, "no other begins beyond"),
        ({"front": circle(9, 0.4)}, "1 loops 0 run counter-clockwise"),
        ({"front": ring(0.4, 9), "counter": ring(1.0, 9)}, "2 loops 2 run counter-clockwise"),
        ({"front": circle(9, 1.5), "counter": ring(1.0, 9)}, "not bounded by a simple polygon: .*(?i:hole)"),
        ({"front": circle(30, 0.6, (0.6, 0)), "counter": ring(1.0, 30)}, "not bounded by a simple polygon"),
        ({"front": facing(0.3, 0.0), "counter": facing(0.8, 0.0)}, "no other begins beyond"),
        ({"front": line((0, 0.1), (0.5, 1.2), (1, 0.1)), "counter": facing(1.0, 0.0)}, "simple"),
        ({"front": line((0, 0.9), (1, 0.9)), "counter": facing(0.8, 0.0)}, "no other begins"),
        ({"front": line((0, 0.1), (0.9, 0.1)), "counter": facing(1.0, 0.0)}, "the front must run"),
        ({"front": line((0, 0.1), (1, 0.1)), "counter": replace(facing(1.0, 0.0), base=0.9)}, "counter must"),
    ],
)  # fmt: skip
def test_bad_boundaries_are_told_before_gmsh_sees_them(fronts, message):
    start = time.monotonic()
    with pytest.raises(MeshError, match=message):
        triangulate(fronts, 1.0, 1.0, FIELD)
    assert time.monotonic() - start < 1.0


def test_gmsh_works_again_after_an_error():
    front = with_apex(2.0, 0.2, 0.6, 0.02, 0.1)
    before = triangulate(front, 2.0, 3.0, FIELD)
    nothing = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0)])
    sides = (Side(np.arange(4), FRONT, True), Side(np.array([3, 0]), WALL_X, False))
    with pytest.raises(MeshError, match="gmsh could not mesh the electrolyte"):
        _gmsh(Boundary(nothing, (sides,), 0.0), FIELD, 1.0)
    assert not gmsh.isInitialized()
    after = triangulate(front, 2.0, 3.0, FIELD)
    np.testing.assert_array_equal(after.points, before.points)
    np.testing.assert_array_equal(after.cells, before.cells)


def half_circle(radius: float, height: float, right: bool) -> Front:
    """Half a piece of metal on a wall of a cell of width 1, its other half the mirror image."""
    t = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 21)
    points = radius * np.column_stack((np.cos(t), np.sin(t)))
    points[[0, -1], 0] = 0.0
    placed = points * (-1.0, 1.0) + (1.0, height) if right else points[::-1] + np.array((0.0, height))
    return opened(placed)


def test_pieces_on_walls_are_gone_around():
    front = with_apex(1.0, 0.3, 0.3, 0.02, 0.05)
    pieces = [
        half_circle(0.1, 0.6, right=True),
        half_circle(0.15, 0.5, right=False),
        circle(30, 0.05, (0.5, 0.7)),
    ]
    whole = Front.joined([front, *pieces])
    whole.check(1.0, 1.0)
    assert whole.across == (1, 0, 0, 0)
    assert np.isinf(whole.elevation[len(front.points) :]).all()
    assert whole.width == front.width
    for fronts in ({"front": whole}, {"front": whole, "counter": facing(1.2, 0.1)}):
        mesh = triangulate(fronts, 1.0, 1.0, FIELD)
        assert_sound(mesh, fronts)
    half = 0.25 * 40 * np.sin(TWICE / 40)
    metal = front.metal_area() + half * (0.1**2 + 0.15**2) + 15 * 0.05**2 * np.sin(TWICE / 30)
    assert whole.metal_area() == pytest.approx(metal, rel=1e-12)
    assert area(triangulate(whole, 1.0, 1.0, FIELD)) == pytest.approx(1.0 - metal, rel=1e-12)
