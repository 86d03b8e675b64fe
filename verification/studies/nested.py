"""Nested meshes for convergence studies: a triangulation whose triangles are cut into four, again and again.

Meshes made anew for every size differ in more than size, and measured orders scatter. Here all angles stay
those of the coarsest mesh, and the ratio of every triangle to its distance from a singularity is halved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dolfinx import mesh
from mpi4py import MPI

from meshes.arrays import IntArray
from meshes.compat import geometry_dofmap
from meshes.parallel import on_root_only
from meshes.regions import Regions
from meshes.tagged import TaggedMesh


def refined(comm: MPI.Comm, coarse: Callable[[MPI.Comm], Regions], level: int) -> Regions:
    """The mesh that `coarse` makes (on one rank), of triangles, after `level` cuts into four (collective)."""

    def make() -> TaggedMesh:
        triangles = _extract(coarse(MPI.COMM_SELF))
        for _ in range(level):
            triangles = quarter(triangles)
        return triangles

    return Regions(comm, on_root_only(comm, make))


def quarter(given: TaggedMesh) -> TaggedMesh:
    """Cut every triangle into four at the middles of its edges, and every edge of a boundary into two."""
    pairs = np.array([(0, 1), (1, 2), (2, 0)])
    edges = np.sort(given.cells[:, pairs].reshape(-1, 2), axis=1)
    unique, number = np.unique(edges, axis=0, return_inverse=True)
    middles = 0.5 * (given.points[unique[:, 0]] + given.points[unique[:, 1]])
    count = len(given.points)
    a, b, c = given.cells.T
    ab, bc, ca = (count + number.reshape(-1, 3)).T
    parts = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    cells = np.concatenate([np.column_stack(part) for part in parts])
    size = count + 1
    keys = unique[:, 0].astype(np.int64) * size + unique[:, 1]
    ends = np.sort(given.facets, axis=1)
    middle = count + np.searchsorted(keys, ends[:, 0].astype(np.int64) * size + ends[:, 1])
    facets = np.concatenate([np.column_stack((end, middle)) for end in ends.T])
    return TaggedMesh(
        np.concatenate((given.points, middles)),
        cells.astype(given.cells.dtype),
        np.tile(given.cell_tags, 4),
        given.regions,
        facets.astype(given.facets.dtype),
        np.tile(given.facet_tags, 2),
        given.boundaries,
        given.unit,
    )


def _extract(regions: Regions) -> TaggedMesh:
    """The whole mesh of a single rank, with its names."""
    dim, cells = regions.dim, geometry_dofmap(regions.mesh).astype(np.int64)
    parts = [(name, cells[regions.cells(name)]) for name in regions.regions]
    sets: list[tuple[str | None, IntArray]] = [
        (name, mesh.entities_to_geometry(regions.mesh, dim - 1, regions.facets(name)).astype(np.int64))
        for name in regions.boundaries
    ]
    return TaggedMesh.of(regions.unit * regions.mesh.geometry.x[:, :dim], parts, sets, regions.unit)
