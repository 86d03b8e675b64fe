"""First tetrahedra between shells and walls, and remeshing of them while the shell grows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from meshes.errors import MeshError
from meshes.remesh3d import remesh
from meshes.shell import Shell
from meshes.shell_advance import displace3d
from meshes.shell_shapes import octant, plate, quarter_cylinder, with_caps, with_nucleus
from meshes.solid import Mesh3D, SizeField3D, free_sides, tetrahedralise
from meshes.tags import COUNTER, FRONT, INERT, WALL_X, WALL_Y, WALL_Z, WALLS

RNG = np.random.default_rng(11)


def harmonic(mesh: Mesh3D, given: np.ndarray) -> np.ndarray:
    """Displacement of all nodes when the first move by `given`: Laplace's equation, walls sliding."""
    corners = mesh.points[mesh.cells]
    inverse = np.linalg.inv(corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    gradient = np.concatenate((-inverse.sum(axis=1, keepdims=True), inverse), axis=1)
    local = np.einsum("mid,mjd->mij", gradient, gradient)
    rows, columns = np.repeat(mesh.cells, 4, axis=1).ravel(), np.tile(mesh.cells, (1, 4)).ravel()
    n = len(mesh.points)
    matrix = coo_array((local.ravel(), (rows, columns)), shape=(n, n)).tocsr()
    result = np.zeros((n, 3))
    for axis in range(3):
        held = np.zeros(n, dtype=bool)
        held[mesh.facets[np.isin(mesh.tags, (FRONT, COUNTER, WALLS[axis]))]] = True
        result[: len(given), axis] = given[:, axis]
        free = ~held
        load = -matrix[free][:, held] @ result[held, axis]
        result[free, axis] = splu(matrix[free][:, free].tocsc()).solve(load)
    return result


def moved(mesh: Mesh3D, shell: Shell, given: np.ndarray) -> tuple[Mesh3D, Shell]:
    points = mesh.points + harmonic(mesh, given)
    points[: len(given)] = shell.points + given
    return replace(mesh, points=points), shell.with_points(points[: len(given)])


def counts(mesh: Mesh3D) -> dict[int, int]:
    tags, number = np.unique(mesh.tags, return_counts=True)
    return dict(zip(tags.tolist(), number.tolist(), strict=True))


def test_first_mesh_keeps_the_shells_and_fills_the_electrolyte():
    front = with_nucleus(6.0, 4.0, 1.0, 0.25, 1.0, (0.0, 2.0))
    counter = plate(6.0, 4.0, 1.0, 5.0, above=True)
    mesh = tetrahedralise({"front": front, "counter": counter}, SizeField3D(1.0, 0.25))
    n, m = len(front.points), len(front.cells)
    np.testing.assert_array_equal(mesh.points[:n], front.points)
    np.testing.assert_array_equal(mesh.points[n : n + len(counter.points)], counter.points)
    np.testing.assert_array_equal(mesh.facets[:m], front.cells)
    assert counts(mesh)[FRONT] == m
    assert counts(mesh)[COUNTER] == len(counter.cells)
    assert mesh.volume == pytest.approx(6.0 * 4.0 * 5.0 - front.metal_volume(), rel=1e-12)
    assert mesh.quality > 0.15
    for axis, tag in ((0, WALL_X), (1, WALL_Y)):
        on = mesh.points[np.unique(mesh.facets[mesh.tags == tag]), axis]
        assert set(np.unique(on)) == {0.0, (6.0, 4.0)[axis]}
    assert WALL_Z not in counts(mesh)
    inward = free_sides(mesh.cells)[0]
    normals = np.cross(*(mesh.points[inward[:, k]] - mesh.points[inward[:, 0]] for k in (1, 2)))
    top = (mesh.points[inward][:, :, 2] == 5.0).all(axis=1)
    assert np.all(normals[top, 2] < 0.0)


@pytest.mark.parametrize(
    ("front", "counter", "volume"),
    [
        (octant(1.0, 0.2), octant(3.0, 0.6, outside=True), None),
        (quarter_cylinder(1.0, 0.3, 0.1), quarter_cylinder(2.0, 0.3, 0.15, outside=True), None),
        (plate(1.0, 2.0, 0.2, 0.5), plate(1.0, 2.0, 0.4, 2.0, above=True), 3.0),
    ],
    ids=["spheres", "cylinders", "plates"],
)
def test_first_mesh_between_all_kinds_of_walls(front, counter, volume):
    mesh = tetrahedralise({"front": front, "counter": counter}, SizeField3D(0.6, 0.2))
    expected = volume or (-counter.metal_volume() - front.metal_volume())
    assert mesh.volume == pytest.approx(expected, rel=1e-12)
    assert mesh.quality > 0.15


def grown(front, counter, size, last: float, steps: int, centre) -> list[tuple[float, float, float, float]]:
    """Blow up a sphere of radius 1 exactly; volume error, spread and mean of radius, quality each time."""
    fronts = {"front": front, "counter": counter}
    mesh = tetrahedralise(fronts, size)
    radius = np.linspace(1.0, last, steps + 1)
    result = []
    for now, then in pairwise(radius):
        shell = fronts["front"]
        metal = shell.vertices_of(~shell.bare)[:, None]
        step = np.where(metal, (shell.points - centre) * (then / now - 1.0), 0.0)
        mesh, shell = moved(mesh, shell, step)
        mesh, fronts = remesh(mesh, {"front": shell, "counter": fronts["counter"]}, size)
        new = fronts["front"]
        new.check()
        np.testing.assert_array_equal(mesh.points[: len(new.points)], new.points)
        away = np.linalg.norm(new.points[new.vertices_of(~new.bare)] - centre, axis=1) / then
        volume = new.metal_volume() / shell.metal_volume() - 1.0
        result.append((abs(volume), float(away.std()), float(away.mean() - 1.0), mesh.quality))
    return result


def check_growth(history, edge: float, part: float) -> None:
    """Volume exact, shape as good as the smooth surface at the first edge length, and good cells.

    Args:
        history: of `grown`.
        edge: edge length of the first shell over its radius.
        part: volume of the first, inscribed polyhedron over that of its sphere.
    """
    volume, spread, mean, quality = np.array(history).T
    assert volume.max() < 1e-14
    # Flat triangles deviate by edge^2/8, the smooth surface behind them by about edge^4/24.
    assert spread.max() < edge**4 / 24.0
    # The volume stays that of the first polyhedron, and no sphere is smaller than that of the same volume.
    assert part ** (1.0 / 3.0) - 1.0 < mean.min() <= mean.max() < edge**4
    assert quality.min() > 0.25


@pytest.mark.parametrize(
    ("last", "steps"), [(1.4, 4), pytest.param(3.0, 20, marks=pytest.mark.slow)], ids=["four", "twenty"]
)
def test_remeshings_of_a_growing_octant(last, steps):
    front, counter = octant(1.0, 0.2), octant(2.0 * last, 0.5 * last, outside=True)
    history = grown(front, counter, SizeField3D(1.0, 0.3), last, steps, np.zeros(3))
    check_growth(history, 0.2, front.metal_volume() / (np.pi / 6.0))


@pytest.mark.slow
def test_twenty_remeshings_of_a_hemisphere_growing_on_a_plane():
    front = with_nucleus(5.0, 5.0, 1.0, 0.2, 1.0, (0.0, 0.0))
    counter = plate(5.0, 5.0, 1.5, 5.0, above=True)
    history = grown(front, counter, SizeField3D(1.5, 0.3), 2.0, 20, np.zeros(3))
    check_growth(history, 0.2, front.metal_volume() / (np.pi / 6.0))


def test_data_patches_and_walls_survive_remeshing():
    front = with_caps(2.0, 2.0, [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)], 0.4, 0.2, 0.1, 0.4)
    coverage = np.where(front.bare, 0.4 * (front.on_facets(front.points[:, 0]) > 0.7), 1.0)
    front = replace(front, coverage=coverage)
    fronts = {"front": front, "counter": plate(2.0, 2.0, 0.5, 2.0, above=True)}
    size = SizeField3D(0.5, 0.15)
    mesh = tetrahedralise(fronts, size)
    for _ in range(3):
        shell = fronts["front"]
        metal = ~shell.bare
        third = np.where(metal, shell.measures, 0.0)[:, None] * 0.02 / 3.0
        step = displace3d(shell, shell.to_vertices(third)[:, 0], ~shell.vertices_of(metal), shell.feet)
        mesh, shell = moved(mesh, shell, step)
        before = [shell.metal_volume(), *_patch_volumes(shell)]
        mesh, fronts = remesh(mesh, {"front": shell, "counter": fronts["counter"]}, size)
        new = fronts["front"]
        after = [new.metal_volume(), *_patch_volumes(new)]
        np.testing.assert_allclose(after, before, rtol=1e-12)
        assert np.all(new.points[new.vertices_of(new.bare), 2] == 0.0)
        assert set(np.unique(new.points[new.fixed[:, 0], 0])) == {0.0, 2.0}
        assert np.all((new.patch >= 0) == ~new.bare)
        assert set(np.unique(new.coverage)) == {0.0, 0.4, 1.0}
        assert np.unique(new.patch).tolist() == [-1, 0, 1, 2]
    assert mesh.volume == pytest.approx(8.0 - new.metal_volume(), rel=1e-12)
    assert np.all(fronts["counter"].points[:, 2] == 2.0)


def _patch_volumes(shell: Shell) -> list[float]:
    under = shell.normals[:, 2] * shell.measures * shell.on_facets(shell.points[:, 2])
    return [float(under[shell.patch == k].sum()) for k in range(3)]


def test_where_nothing_is_wrong_the_shell_hardly_changes():
    fronts = {"front": octant(1.0, 0.2), "counter": octant(3.0, 0.8, outside=True)}
    size = SizeField3D(0.8, 0.2)
    mesh, fronts = remesh(tetrahedralise(fronts, size), fronts, size)
    again, after = remesh(mesh, fronts, size)
    old, new = fronts["front"], after["front"]
    apart = np.linalg.norm(new.points[:, None] - old.points, axis=2).min(axis=1)
    assert np.mean(apart < 1e-4) > 0.7
    assert again.quality > 0.3


def test_inverted_cells_are_refused():
    fronts = {"front": octant(1.0, 0.4), "counter": octant(2.0, 0.8, outside=True)}
    size = SizeField3D(0.8, 0.4)
    mesh = tetrahedralise(fronts, size)
    inner = np.setdiff1d(np.arange(len(mesh.points)), mesh.facets)
    points = np.array(mesh.points)
    points[inner[0]] += 1.0
    with pytest.raises(MeshError, match="inverted cells"):
        remesh(replace(mesh, points=points), fronts, size)


def test_any_order_of_cells_and_facets_and_a_counter_electrode_that_stays():
    front = with_nucleus(2.0, 2.0, 0.5, 0.2, 0.5, (0.0, 0.0))
    size = SizeField3D(0.5, 0.12)
    mesh = tetrahedralise({"front": front, "counter": plate(2.0, 2.0, 0.5, 1.7, above=True)}, size)
    cells, facets = RNG.permutation(len(mesh.cells)), RNG.permutation(len(mesh.facets))
    corners = np.array([RNG.permutation(4) for _ in cells])
    noise = np.where(mesh.points == 0.0, 1e-16, 0.0)
    noise[: len(front.points)] = 0.0
    shuffled = Mesh3D(
        mesh.points + noise,
        np.take_along_axis(mesh.cells[cells], corners, axis=1),
        np.roll(mesh.facets[facets], 1, axis=1),
        mesh.tags[facets],
    )
    new, shells = remesh(shuffled, {"front": front}, size)
    assert list(shells) == ["front"]
    assert shells["front"].metal_volume() == pytest.approx(front.metal_volume(), rel=1e-14)
    assert np.all(new.points[new.facets[new.tags == COUNTER], 2] == 1.7)
    assert new.volume == pytest.approx(4.0 * 1.7 - front.metal_volume(), rel=1e-12)
    assert set(counts(new)) == {FRONT, COUNTER, WALL_X, WALL_Y}


def test_inert_facets_stay():
    fronts = {"front": octant(1.0, 0.3), "counter": octant(2.5, 0.8, outside=True)}
    size = SizeField3D(0.5, 0.2)
    mesh = tetrahedralise(fronts, size)
    outer = mesh.tags == COUNTER
    inert = replace(mesh, tags=np.where(outer, INERT, mesh.tags))
    new, _ = remesh(inert, {"front": fronts["front"]}, size)
    before, after = (
        {frozenset(map(tuple, corners.tolist())) for corners in m.points[m.facets[m.tags == INERT]]}
        for m in (inert, new)
    )
    assert after == before
