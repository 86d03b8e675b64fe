"""Nearest places, sides of surfaces, and P1 fields carried from mesh to mesh in 2D and in 3D."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.domain import Domain
from meshes.errors import MeshError
from meshes.nearest import nearest
from meshes.remesh3d import remesh
from meshes.shapes import flat, with_apex
from meshes.shell_shapes import octant, plate, with_nucleus
from meshes.sides import behind
from meshes.solid import SizeField3D, tetrahedralise
from meshes.transfer import along_counter, along_front, interpolate
from meshes.triangulate import SizeField, triangulate

RNG = np.random.default_rng(3)
SLOPE = MappingProxyType({2: np.array([0.7, -1.1]), 3: np.array([0.7, -1.1, 0.4])})


def linear(x: np.ndarray) -> np.ndarray:
    return np.asarray(5.0 + x @ SLOPE[x.shape[1]])


def field_on(domain: Domain) -> fem.Function:
    field = fem.Function(domain.space)
    field.x.array[:] = linear(domain.coordinates)
    return field


def test_nearest_place_against_all_facets():
    shell = octant(1.0, 0.25)
    points = RNG.uniform(0.0, 1.6, (60, 3))
    place = nearest(points, shell.points, shell.cells)
    part = np.array([(i, j, 20 - i - j) for i in range(21) for j in range(21 - i)]) / 20.0
    samples = np.einsum("sc,mcd->msd", part, shell.points[shell.cells]).reshape(-1, 3)
    apart = np.linalg.norm(points[:, None] - samples, axis=2).min(axis=1)
    assert np.all(place.distance <= apart + 1e-14)
    assert np.max(apart - place.distance) < 0.02 * 0.25
    here = np.einsum("kc,kcd->kd", place.weights, shell.points[shell.cells[place.facet]])
    np.testing.assert_allclose(np.linalg.norm(points - here, axis=1), place.distance, atol=1e-14)


@pytest.mark.parametrize("dim", [2, 3])
def test_side_of_a_convex_body_against_its_half_spaces(dim):
    surface = octant(1.0, 0.3) if dim == 3 else with_apex(2.0, 2.0, 1.0, 0.2, 0.4)
    span = np.array([1.2, 1.2, 1.2]) if dim == 3 else np.array([2.0, 1.4])
    points = np.concatenate((RNG.uniform(0.0, 1.0, (2000, dim)) * span, surface.points))
    place = nearest(points, surface.points, surface.cells)
    first = surface.points[surface.cells[:, 0]]
    above = points @ surface.normals.T - np.sum(surface.normals * first, axis=1)
    np.testing.assert_array_equal(behind(surface, points, place)[:2000], np.all(above[:2000] <= 0.0, axis=1))
    assert behind(surface, points, place)[2000:].all()


def solid_pair(comm: MPI.Comm) -> tuple[Domain, Domain]:
    """A hemisphere on a plate before and after remeshing with finer edges."""
    fronts = {
        "front": with_nucleus(2.0, 2.0, 0.5, 0.2, 0.5, (0.0, 0.0)),
        "counter": plate(2.0, 2.0, 0.5, 2.0, above=True),
    }
    mesh = tetrahedralise(fronts, SizeField3D(0.5, 0.2))
    finer, after = remesh(mesh, fronts, SizeField3D(0.4, 0.1))
    assert len(after["front"].points) > len(fronts["front"].points)
    pair = ((mesh, fronts["front"]), (finer, after["front"]))
    extent = (2.0, 2.0, 2.0)
    root = comm.rank == 0
    old, new = (Domain(comm, {"front": s}, m if root else None, extent, 1e-6) for m, s in pair)
    return old, new


def plane_pair(comm: MPI.Comm) -> tuple[Domain, Domain]:
    """A nucleus with coarse edges and with fine ones."""
    pair = []
    for edge in (0.1, 0.04):
        front = with_apex(2.0, 0.8, 0.5, edge, 0.3)
        mesh = triangulate({"front": front}, 2.0, 2.0, SizeField(0.3)) if comm.rank == 0 else None
        pair.append(Domain(comm, {"front": front}, mesh, (2.0, 2.0), 1e-6))
    return pair[0], pair[1]


@pytest.mark.parametrize("made", [plane_pair, solid_pair], ids=["2d", "3d"])
def test_linear_field_is_carried_exactly_and_to_the_front_by_the_nearest_place(made):
    old, new = made(MPI.COMM_WORLD)
    (carried,) = interpolate([field_on(old)], old, new)
    error = np.abs(carried.x.array - linear(new.coordinates))
    on_front = np.zeros(error.size, dtype=bool)
    on_front[new.maps["front"].all_dofs] = True
    apart = nearest(new.coordinates, old.fronts["front"].points, old.fronts["front"].cells).distance
    reach = np.linalg.norm(SLOPE[old.dim])
    outside = error > 1e-10
    assert np.all(error <= 1e-10 + reach * np.where(outside, apart, 0.0))
    farthest = new.comm.allreduce(float(apart[on_front].max(initial=0.0)), op=MPI.MAX)
    assert farthest > 1e-4  # the curved front has moved off its old edges
    assert np.count_nonzero(outside & ~on_front) < 0.05 * error.size


@pytest.mark.parametrize("made", [plane_pair, solid_pair], ids=["2d", "3d"])
def test_values_along_front_and_counter(made):
    old, _ = made(MPI.COMM_WORLD)
    field = field_on(old)
    points = np.array(old.fronts["front"].points[::3])
    np.testing.assert_allclose(along_front(old, points, field), linear(points), rtol=1e-13)
    top = np.column_stack((RNG.uniform(0.0, 2.0, (40, old.dim - 1)), np.full(40, 2.0)))
    np.testing.assert_allclose(along_counter(old, top, field), linear(top), rtol=1e-12)


def test_nodes_far_outside_are_not_lost_silently():
    comm = MPI.COMM_WORLD
    domains = []
    for height in (0.5, 0.0):
        front = flat(1.0, 0.1, height)
        mesh = triangulate({"front": front}, 1.0, 1.0, SizeField(0.2)) if comm.rank == 0 else None
        domains.append(Domain(comm, {"front": front}, mesh, (1.0, 1.0), 1e-6))
    with pytest.raises(MeshError, match="outside the old one"):
        interpolate([field_on(domains[0])], *domains)
