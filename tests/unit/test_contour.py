"""The contour of an order parameter against closed forms, and what must hold whatever the order parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from dolfinx import fem
from mpi4py import MPI
from scipy.ndimage import gaussian_filter

from meshes import welding
from meshes.arrays import FloatArray, IntArray
from meshes.builders import Layer, box, rectangle
from meshes.contour import Contour, contour
from meshes.errors import MeshError
from meshes.front import Chain, Front
from meshes.meeting import meeting
from meshes.regions import Regions
from meshes.shell import Shell
from meshes.soundness import outline
from solver.observables import morphology

COMM = MPI.COMM_WORLD
WIDTH = 0.05
Distance = Callable[[FloatArray], FloatArray]
MIDDLE = (0.47, 0.53, 0.51)


def cell(dim: int, n: int, bottom: str = "substrate") -> Regions:
    """The unit square or cube, n cells along every edge."""
    layers = [Layer("all", 1.0, cells=n)]
    if dim == 2:
        return rectangle(COMM, 1.0, layers, columns=n, bottom=bottom, unit=1.0)
    return box(COMM, 1.0, 1.0, layers, columns=n, rows=n, bottom=bottom, unit=1.0)


def made(regions: Regions, distance: Distance, **given: Any) -> Contour:
    """Contour of the profile at rest."""
    space = fem.functionspace(regions.mesh, ("Lagrange", 1))
    xi = fem.Function(space)
    xi.interpolate(lambda x: 1.0 / (1.0 + np.exp(distance(x[: regions.dim].T) / WIDTH)))
    return contour(regions, space, xi.x.array, **given)


def ball(middle: tuple[float, ...], radius: float) -> Distance:
    return lambda p: np.linalg.norm(p - np.array(middle)[: p.shape[1]], axis=1) - radius


def height(level: float) -> Distance:
    return lambda p: p[:, -1] - level


def front_of(found: Contour) -> Front:
    assert isinstance(found.surface, Front)
    return found.surface


def shell_of(found: Contour) -> Shell:
    assert isinstance(found.surface, Shell)
    return found.surface


@pytest.mark.parametrize(("dim", "cells"), [(2, (40, 80, 160)), (3, (10, 20, 40))])
def test_size_of_a_ball_converges_with_order_two(dim: int, cells: tuple[int, ...]) -> None:
    radius = 0.3
    volume, area = (np.pi * radius**2, 2 * np.pi * radius)
    if dim == 3:
        volume, area = 4 / 3 * np.pi * radius**3, 4 * np.pi * radius**2
    errors = []
    for n in cells:
        found = made(cell(dim, n), ball(MIDDLE, radius))
        surface = found.surface
        deposit = surface.measures[~surface.bare].sum()
        errors.append(np.abs([found.metal_volume / volume - 1, surface.metal_volume() / volume - 1]))
        errors[-1] = np.append(errors[-1], abs(deposit / area - 1))
        assert found.floating.tolist() == [0]
        assert surface.footprint == pytest.approx(1.0, rel=1e-12)
        surface.check() if isinstance(surface, Shell) else surface.check(1.0, 1.0)
    assert np.all(np.log2(np.array(errors[0]) / errors[-1]) / 2 > 1.7)
    assert max(errors[-1]) < 4e-3


def test_half_circle_stands_on_bare_substrate() -> None:
    """Arc and chord: pi r of deposit from foot to foot, the rest of the base bare."""
    found = made(cell(2, 64), ball((0.5, 0.0), 0.3))
    front = front_of(found)
    assert front.chains == (Chain(len(front.points), (0, 0)),)
    assert front.points[0].tolist() == [0.0, 0.0]
    assert front.points[-1].tolist() == [1.0, 0.0]
    assert front.lengths[~front.bare].sum() == pytest.approx(0.3 * np.pi, rel=1e-3)
    assert front.lengths[front.bare].sum() == pytest.approx(1.0 - 0.6, rel=1e-3)
    feet = front.points[front.vertices_of(front.bare) & front.vertices_of(~front.bare)]
    assert feet[:, 1].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(feet[:, 0], [0.2, 0.8], atol=2e-4)
    (piece,) = found.pieces
    assert piece.standing
    assert piece.volume == pytest.approx(front.metal_area(), rel=1e-4)
    assert front.patch[front.bare].tolist() == [-1] * int(front.bare.sum())
    assert front.coverage[~front.bare].min() == 1.0
    front.check(1.0, 1.0)


def test_half_ball_stands_on_bare_substrate() -> None:
    found = made(cell(3, 24), ball((0.5, 0.5, 0.0), 0.3))
    shell = shell_of(found)
    shell.check()
    assert shell.measures[~shell.bare].sum() == pytest.approx(2 * np.pi * 0.09, rel=1e-2)
    assert shell.measures[shell.bare].sum() == pytest.approx(1.0 - np.pi * 0.09, rel=1e-2)
    assert np.abs(shell.points[shell.feet, 2]).max() == 0.0
    assert np.all(shell.normals[shell.bare, 2] == 1.0)
    assert found.pieces[0].standing
    assert shell.rim[:, 0].size > 0


def test_pieces_merge_and_know_what_they_stand_on() -> None:
    regions = cell(2, 40)

    def kind(points: FloatArray) -> IntArray:
        return np.where(points[:, 0] < 0.5, 1, 2)

    names = ("deposit", "left", "right")

    def two(radius: float) -> Contour:
        first, second = ball((0.7, 0.1), radius), ball((0.3, 0.0), radius)
        return made(regions, lambda p: np.minimum(first(p), second(p)), names=names, kind=kind)

    apart = two(0.15)
    assert [sorted(piece.kinds) for piece in apart.pieces] == [[1], [2]]
    front = front_of(apart)
    middle = front.points[front.cells].mean(axis=1)
    assert set(front.patch[middle[:, 0] < 0.4]) == {-1, 0}
    assert set(front.surface[front.bare & (middle[:, 0] > 0.5)]) == {2}
    joined = two(0.23)
    assert len(joined.pieces) == 1
    assert joined.pieces[0].kinds == {1, 2}
    with pytest.raises(MeshError, match="kind 1 to 1"):
        made(regions, ball((0.3, 0.0), 0.1), kind=kind)


def test_a_ring_has_metal_on_the_right_of_both_its_chains() -> None:
    found = made(cell(2, 80), lambda p: np.abs(ball(MIDDLE, 0.25)(p)) - 0.06)
    front = front_of(found)
    assert [chain.walls for chain in front.chains] == [(0, 0), None, None]
    assert len(found.pieces) == 1
    assert front.metal_area() == pytest.approx(2 * np.pi * 0.25 * 0.12, rel=5e-3)
    areas = sorted(part.metal_area() for part in front.parts()[1:])
    assert areas == pytest.approx([-np.pi * 0.19**2, np.pi * 0.31**2], rel=5e-3)
    front.check(1.0, 1.0)


def test_metal_that_has_reached_the_counter_electrode_ends_there() -> None:
    """A column on the left wall: its contour runs from the top down to the base."""
    front = front_of(made(cell(2, 20), lambda p: p[:, 0] - 0.33))
    assert front.chains == (Chain(len(front.points), (1, 0)),)
    np.testing.assert_allclose(front.points[0], [0.33, 1.0], atol=1e-3)
    assert front.points[-1].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("level", [0.5, 0.5 + 1e-12, 0.481, 0.53])
def test_morphology_of_a_flat_film(dim: int, level: float) -> None:
    """A film whose surface lies on nodes (level 1/2), beside them by rounding, and between them."""
    found = made(cell(dim, 10), height(level))
    surface = found.surface
    shape = morphology(surface, 1.0, 1.0, np.empty(0, dtype=np.int64), 0.0)
    # within a cell the profile is taken to be linear, which shifts the film by less than h^2/(8 w)
    error = 1e-12 if abs(level - 0.5) < 1e-9 else 0.1**2 / (8 * WIDTH)
    assert shape.thickness_mean == pytest.approx(level, abs=error + 2e-12)
    assert shape.thickness_max == pytest.approx(level, abs=error + 2e-12)
    assert shape.coverage == 1.0
    if level == 0.5:
        assert shape.roughness < 1e-12
        assert len(surface.points) == 11 ** (dim - 1)  # the nodes, once each
    assert found.metal_volume == pytest.approx(surface.metal_volume(), rel=2e-5 if error > 1e-9 else 1e-10)
    if isinstance(surface, Front):
        contact = meeting(surface, 1.0, 0.6)
        assert contact is None  # patches are numbers of pieces: who is in contact is for the caller to say


def test_morphology_of_a_cosine() -> None:
    """Height 0.4 + 0.1 cos(2 pi x): mean 0.4, roughness 0.1/sqrt 2, tip 0.1 above the median."""
    found = made(cell(2, 128), lambda p: p[:, 1] - 0.4 - 0.1 * np.cos(2 * np.pi * p[:, 0]))
    shape = morphology(found.surface, 1.0, 1.0, np.empty(0, dtype=np.int64), 0.0)
    assert shape.thickness_mean == pytest.approx(0.4, abs=2e-4)
    assert shape.roughness == pytest.approx(0.1 / np.sqrt(2), rel=2e-3)
    assert shape.tip_height == pytest.approx(0.1, rel=5e-3)
    assert shape.gap == pytest.approx(0.5, abs=5e-4)


@pytest.mark.parametrize("dim", [2, 3])
def test_fields_at_vertices_are_linear_along_mesh_edges(dim: int) -> None:
    """What is linear in space is met exactly, also at vertices made of several; so places are found again."""
    regions = cell(dim, 12)
    found = made(regions, ball((0.5, 0.5, 0.0) if dim == 3 else (0.5, 0.0), 0.31))
    space = fem.functionspace(regions.mesh, ("Lagrange", 1))
    x = space.tabulate_dof_coordinates()[:, :dim]
    np.testing.assert_allclose(found.at_vertices(x), found.surface.points, atol=1e-14)
    np.testing.assert_allclose(
        found.at_vertices(2.0 - 3.0 * x[:, -1]), 2.0 - 3.0 * found.surface.points[:, -1], atol=1e-14
    )


def euler(surface: Front | Shell) -> int:
    if isinstance(surface, Front):
        return len(surface.points) - len(surface.cells)
    return len(surface.points) - len(surface.edges) + len(surface.cells)


@pytest.mark.parametrize(("dim", "n"), [(2, 16), (3, 6)])
@pytest.mark.parametrize("smooth", [0.0, 0.7, 1.5])
def test_any_order_parameter_gives_a_sound_surface(
    dim: int, n: int, smooth: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random fields, some with many nodes at 1/2 or close to it.

    The surface is oriented, ends on walls and does not cross itself, encloses the volume of its pieces, and
    welding keeps its Euler characteristic.
    """
    regions = cell(dim, n)
    space = fem.functionspace(regions.mesh, ("Lagrange", 1))
    places = tuple(np.rint(space.tabulate_dof_coordinates()[:, :dim] * n).astype(int).T)
    random = np.random.default_rng(7)
    for trial in range(24):
        values = random.standard_normal((n + 1,) * dim)
        values = gaussian_filter(values, smooth, mode="nearest") if smooth else values
        values = 0.5 + 0.2 * values / values.std()
        if trial % 3 == 1:
            values = np.round(values * 4) / 4
        if trial % 3 == 2:
            close = 0.5 + random.choice([-1e-17, -1e-13, 1e-13, 1e-5, -1e-5], values.shape)
            values = np.where(random.random(values.shape) < 0.3, close, values)
        values[..., -1] = 0.2
        xi = np.ascontiguousarray(values[places])
        found = contour(regions, space, xi)
        with monkeypatch.context() as patch:
            patch.setattr(welding, "SHORT", -1.0)
            raw = contour(regions, space, xi)
        assert euler(found.surface) == euler(raw.surface)
        assert raw.surface.metal_volume() == pytest.approx(found.metal_volume, abs=3e-6)
        assert found.surface.metal_volume() == pytest.approx(found.metal_volume, abs=2e-3)
        assert set(found.surface.patch) - {-1} == set(range(len(found.pieces)))
        if isinstance(found.surface, Shell):
            found.surface.check()
        else:
            lines = [shapely.LineString(outline(part)) for part in found.surface.parts()]
            assert shapely.is_simple(shapely.MultiLineString(lines))


def test_welding_takes_short_edges_away() -> None:
    """A film 1 % of a cell above a row of nodes has one vertex per node, not one per mesh edge."""
    film = front_of(made(cell(2, 20), height(0.501)))
    assert film.lengths.min() > 0.9 / 20


def test_what_does_not_fit_is_told() -> None:
    regions = cell(2, 4)
    space = fem.functionspace(regions.mesh, ("Lagrange", 1))
    with pytest.raises(MeshError, match='no boundary "ground"'):
        contour(regions, space, np.zeros(25), substrate="ground")
    with pytest.raises(MeshError, match="nowhere below 1/2"):
        contour(regions, space, np.ones(25))
    with pytest.raises(MeshError, match="finite"):
        contour(regions, space, np.full(25, np.nan))
    bare = front_of(contour(regions, space, np.zeros(25), coverage=lambda p: 0.25 * p[:, 0]))
    assert bare.bare.all()
    assert bare.coverage.tolist() == [0.03125, 0.09375, 0.15625, 0.21875]
