"""Carry P1 fields from one mesh of the electrolyte to the next, without ever losing a point or an amount."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from scipy.spatial import cKDTree

from .compat import FloatArray, IntArray, facets_of_reference_cell
from .domain import Domain
from .errors import MeshError
from .nearest import nearest
from .sides import behind
from .tags import COUNTER

PADDINGS = (1e-4, 1e-3, 1e-2)
"""Search paddings tried in turn, relative to the width of the cell; each only for the cells that missed."""


def interpolate(fields: Sequence[fem.Function], old: Domain, new: Domain) -> list[fem.Function]:
    """Values of P1 `fields` on `old` at the nodes of `new`.

    Nodes on the new front, or outside the old one, take the value of the nearest place on the old front.
    `interpolate_nonmatching` leaves a point it does not find at zero without a word, so a constant one is
    carried along first, and cells in which it did not arrive are searched again with a wider padding.

    Raises:
        MeshError: nodes of the new mesh are farther from the old one than the widest padding.
    """
    one, probe = fem.Function(old.space), fem.Function(new.space)
    one.x.array[:] = 1.0
    results = [fem.Function(new.space) for _ in fields]
    cells = new.mesh.topology.index_map(new.dim)
    missing: IntArray = np.arange(cells.size_local + cells.num_ghosts, dtype=np.int32)
    dofs = new.space.dofmap.list
    for padding in PADDINGS:
        # A rank that misses nothing still takes part, and DOLFINx divides by its number of cells.
        search = missing if missing.size else np.zeros(1, dtype=np.int32)
        data = fem.create_interpolation_data(new.space, old.space, search, padding=padding * max(old.extent))
        found = fem.Function(new.space)
        found.interpolate_nonmatching(one, search, data)
        arrived = (np.abs(found.x.array - 1.0) < 1e-6) & (probe.x.array < 0.5)
        for field, result in zip(fields, results, strict=True):
            values = fem.Function(new.space)
            values.interpolate_nonmatching(field, search, data)
            result.x.array[arrived] = values.x.array[arrived]
        probe.x.array[arrived] = 1.0
        missing = np.flatnonzero((probe.x.array[dofs] < 0.5).any(axis=1)).astype(np.int32)
        if old.comm.allreduce(missing.size, op=MPI.SUM) == 0:
            break
    else:
        lost = int(old.comm.allreduce(np.count_nonzero(probe.x.array < 0.5), op=MPI.SUM))
        raise MeshError(
            f"{lost} nodes of the new mesh lie outside the old one; fields cannot be carried over"
        )
    for result in results:
        result.x.scatter_forward()
    for name in old.fronts:
        outside = _outside(old, new, name)
        for field, result in zip(fields, results, strict=True):
            result.x.array[outside] = along_front(old, new.coordinates[outside], field, name)
    return results


def _outside(old: Domain, new: Domain, name: str) -> IntArray:
    """Local dofs of `new` on its front, or between the old front and the new one where no old cell is.

    A node that is farther from the old front than the widest padding was not found, so it is not looked at.
    """
    front, x = old.fronts[name], new.coordinates
    corners = front.points[front.cells]
    reach = 2.0 * PADDINGS[-1] * max(old.extent) + float(np.ptp(corners, axis=1).max())
    distance, _ = cKDTree(front.points).query(x, distance_upper_bound=reach)
    near = np.flatnonzero(np.isfinite(distance))
    outside = np.zeros(len(x), dtype=np.bool_)
    outside[near] = behind(front, x[near], nearest(x[near], front.points, front.cells))
    outside[new.maps[name].all_dofs] = True
    return np.flatnonzero(outside).astype(np.int32)


def along_front(old: Domain, points: FloatArray, field: fem.Function, name: str = "front") -> FloatArray:
    """Values of `field` on `old` at the places of its front that are nearest to `points` (collective).

    These points lie in no cell of the old mesh. Which cell is nearest, and so what it would extrapolate to,
    hangs on how the mesh is distributed; the front is the same on every rank.
    """
    front = old.fronts[name]
    return nearest(points, front.points, front.cells).of(old.gather_front(field.x.array, name), front.cells)


def along_counter(old: Domain, points: FloatArray, field: fem.Function) -> FloatArray:
    """Values of `field` at the places of a counter electrode that stays, nearest to `points` (collective)."""
    pairs = dict(old.entities()[fem.IntegralType.exterior_facet])[COUNTER].reshape(-1, 2)
    corners = facets_of_reference_cell(old.dim)[pairs[:, 1]]
    dofs = np.take_along_axis(old.space.dofmap.list[pairs[:, 0]], corners, axis=1)
    pieces = old.comm.allgather((old.coordinates[dofs], field.x.array[dofs]))
    x, values = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    cells = np.arange(values.size, dtype=np.int64).reshape(values.shape)
    place = nearest(points, x.reshape(-1, old.dim), cells)
    return place.of(values.ravel(), cells)
