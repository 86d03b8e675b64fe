"""Data made small enough for a page: curves, fields and surfaces with fewer points that look the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from postprocess.tables import Floats, Ints

if TYPE_CHECKING:
    from postprocess.grids import Grid

REACH = 3
"""Pixels that a field is continued beyond its edge, where a front is drawn over it."""


def thin(x: Floats, y: Floats, most: int) -> tuple[Floats, Floats]:
    """At most about `most` points of a curve: its ends, and the lowest and highest of equal parts.

    Peaks one step wide are kept, which every n-th point would lose.

    Args:
        x: Abscissae, shape (n,).
        y: Ordinates, shape (n,); NaN allowed.
        most: Points wanted, at least 4.
    """
    if len(x) <= most:
        return x, y
    parts = (most - 2) // 2
    edges = np.linspace(0, len(x), parts + 1).astype(int)
    part = np.repeat(np.arange(parts), np.diff(edges))
    order = np.lexsort((y, part))  # NaN last
    known = np.bincount(part, np.isfinite(y), parts).astype(int)
    low, high = order[edges[:-1]], order[edges[:-1] + np.maximum(known, 1) - 1]
    kept = np.unique(np.concatenate([[0, len(x) - 1], low, high]))
    return x[kept], y[kept]


@dataclass(frozen=True)
class Raster:
    """Fields at the nodes of a regular grid.

    Attributes:
        x_um: Abscissae, micrometres, shape (columns,).
        y_um: Ordinates, micrometres, shape (rows,).
        values: Array name -> values, shape (rows, columns); NaN where there is no field.
    """

    x_um: Floats
    y_um: Floats
    values: dict[str, Floats]


def raster(
    grid: Grid, names: Sequence[str], pixels: int, box: tuple[Floats, Floats], reach: int = 0
) -> Raster:
    """Sample fields on triangles of the x, y plane at about `pixels` places of a box, evenly apart.

    Args:
        grid: Triangles.
        names: Arrays of it.
        pixels: Their number, about.
        box: Lowest and highest corner, micrometres, shape (2,) each.
        reach: Pixels by which fields are continued beyond their edge.
    """
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    low, high = box
    step = float(np.sqrt(np.prod(high - low) / pixels))
    count = np.maximum(np.rint((high - low) / step).astype(int), 8)  # a thin layer has a few rows at least
    inset = 1e-9 * (high - low)  # rounding puts no place outside
    x, y = (np.linspace(low[d] + inset[d], high[d] - inset[d], count[d]) for d in (0, 1))
    places = np.meshgrid(x, y)
    values = {}
    for name in names:
        cells = grid.where(name)
        if not len(cells):
            values[name] = np.full(places[0].shape, np.nan)
            continue
        used, number = np.unique(cells, return_inverse=True)
        triangles = Triangulation(*grid.points_um[used, :2].T, number.reshape(-1, 3))
        found: Any = LinearTriInterpolator(triangles, grid.values[name][used])(*places)
        values[name] = _continued(found.filled(np.nan), reach)
    return Raster(x, y, values)


def _continued(values: Floats, reach: int) -> Floats:
    """Values up to `reach` pixels outside are those of the nearest pixel inside."""
    outside = np.isnan(values)
    if not reach or not outside.any() or outside.all():
        return values
    distance, nearest = distance_transform_edt(outside, return_indices=True)
    return np.asarray(np.where(distance <= reach, values[tuple(nearest)], np.nan))


def fewer(points: Floats, triangles: Ints, most: int) -> tuple[Floats, Ints, Ints]:
    """A surface with at most about `most` triangles (quadric decimation, Garland and Heckbert 1997).

    Returns:
        Vertices, shape (k, 3); triangles, shape (l, 3); the nearest vertex of before to each, shape (k,).
    """
    if len(triangles) <= most:
        return points, triangles, np.arange(len(points))
    import pyvista

    mesh: Any = pyvista.PolyData.from_regular_faces(points, triangles)
    small = mesh.decimate(1.0 - most / len(triangles))
    places = np.asarray(small.points, dtype=np.float64)
    _, nearest = cKDTree(points).query(places)
    return places, np.asarray(small.regular_faces, dtype=np.int64), np.asarray(nearest, dtype=np.int64)


def at_vertices(values: Floats, triangles: Ints, count: int) -> Floats:
    """Values of triangles, shape (m,), as means at vertices, shape (count,); NaN where none is known."""
    known = np.isfinite(values)
    nodes = triangles[known].ravel()
    total = np.bincount(nodes, np.repeat(values[known], 3), count)
    number = np.bincount(nodes, minlength=count)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan))
