"""Carry P1 fields from one mesh of the electrolyte to the next, without ever losing a point or an amount."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from dolfinx import fem
from mpi4py import MPI

from .compat import FloatArray, IntArray
from .domain import COUNTER, Domain
from .errors import MeshError

PADDINGS = (1e-6, 1e-4, 1e-3, 1e-2)
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
    cells = new.mesh.topology.index_map(2)
    missing: IntArray = np.arange(cells.size_local + cells.num_ghosts, dtype=np.int32)
    dofs = new.space.dofmap.list
    for padding in PADDINGS:
        # A rank that misses nothing still takes part, and DOLFINx divides by its number of cells.
        search = missing if missing.size else np.zeros(1, dtype=np.int32)
        data = fem.create_interpolation_data(new.space, old.space, search, padding=padding * old.width)
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
    outside = _outside(old, new)
    for field, result in zip(fields, results, strict=True):
        result.x.scatter_forward()
        result.x.array[outside] = along_front(old, new.coordinates[outside], field)
    return results


def _outside(old: Domain, new: Domain) -> IntArray:
    """Local dofs of `new` on its front, or between the old front and the new one where no old cell is."""
    line, width, top = old.front.points, old.width, old.gap
    frame = [(width + 1.0, line[-1, 1]), (width + 1.0, top + 1.0), (-1.0, top + 1.0), (-1.0, line[0, 1])]
    electrolyte = shapely.Polygon(np.vstack((line, frame)))
    shapely.prepare(electrolyte)
    outside = ~np.asarray(shapely.contains_xy(electrolyte, *new.coordinates.T))
    outside[new.map.all_dofs] = True
    return np.flatnonzero(outside).astype(np.int32)


def along_front(old: Domain, points: FloatArray, field: fem.Function) -> FloatArray:
    """Values of `field` on `old` at the places of its front that are nearest to `points`.

    These points lie in no cell of the old mesh. Which cell is nearest, and so what it would extrapolate to,
    hangs on how the mesh is distributed; the front is the same on every rank.
    """
    arc = np.concatenate(([0.0], np.cumsum(old.front.lengths)))
    place = shapely.line_locate_point(shapely.LineString(old.front.points), shapely.points(points))
    return np.asarray(np.interp(place, arc, old.gather_front(field.x.array)))


def along_counter(old: Domain, points: FloatArray, field: fem.Function) -> FloatArray:
    """Values of `field` on the flat counter electrode of `old` at the abscissae of `points` (collective)."""
    dofs = old.dofs_on(COUNTER)
    owned = dofs[dofs < old.space.dofmap.index_map.size_local]
    pieces = old.comm.allgather((old.coordinates[owned, 0], field.x.array[owned]))
    x, values = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    order = np.argsort(x)
    return np.asarray(np.interp(points[:, 0], x[order], values[order]))
