"""Marching simplices: the contour xi = 1/2 of a P1 order parameter, cell by cell.

On a triangle or tetrahedron a P1 function is linear, so {xi = 1/2} is flat and {xi >= 1/2} convex. A node
with xi >= 1/2 is metal. A vertex of the contour lies on a mesh edge from a metal node m to one, e, in the
electrolyte,

    p = p_m + t (p_e - p_m),     t = (xi_m - 1/2)/(xi_m - xi_e) in [0, 1),

and is called (m, e). The bare part of the substrate, {xi < 1/2} on a facet of it, has such vertices and
nodes, which are called (e, e). Both together have no rim but on walls: a contour ends where bare substrate
begins.

The tables below are for corners sorted so that metal comes first, with positive orientation. They list the
facets that come out by how many corners are metal. Facets look at the electrolyte: edges have it on their
left, triangles where their right-hand normal points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray

LEVEL = 0.5
"""Value of the order parameter on the interface; metal has at least as much."""

Table = Mapping[int, Sequence[Sequence[tuple[int, int]]]]
CONTOUR: Mapping[int, Table] = {
    2: {1: [[(0, 2), (0, 1)]], 2: [[(0, 2), (1, 2)]]},
    3: {
        1: [[(0, 1), (0, 2), (0, 3)]],
        2: [[(0, 3), (1, 3), (1, 2)], [(0, 3), (1, 2), (0, 2)]],
        3: [[(0, 3), (1, 3), (2, 3)]],
    },
}
"""Facets of the contour in a cell, by dimension and number of metal corners."""
BARE: Mapping[int, Table] = {
    2: {0: [[(0, 0), (1, 1)]], 1: [[(0, 1), (1, 1)]]},
    3: {
        0: [[(0, 0), (1, 1), (2, 2)]],
        1: [[(0, 1), (1, 1), (2, 2)], [(0, 1), (2, 2), (0, 2)]],
        2: [[(0, 2), (1, 2), (2, 2)]],
    },
}
"""Facets of the bare part of a facet of the substrate, by dimension and number of its metal corners."""


def sorted_corners(corners: IntArray, metal: BoolArray, points: FloatArray) -> IntArray:
    """Corners of every simplex, metal first, then by coordinates: what no numbering can change.

    Args:
        corners: nodes, shape (k, c).
        metal: whether a node is metal, shape (n,).
        points: of the nodes, shape (n, dim).
    """
    nodes, local = np.unique(corners, return_inverse=True)
    place = np.empty(nodes.size, dtype=np.int64)
    place[np.lexsort(points[nodes].T[::-1])] = np.arange(nodes.size)
    key = place[local].reshape(corners.shape) + np.where(metal[corners], 0, nodes.size)
    return np.asarray(np.take_along_axis(corners, np.argsort(key, axis=1), axis=1), dtype=np.int64)


def march(
    corners: IntArray, metal: BoolArray, points: FloatArray, table: Table, apex: IntArray | None = None
) -> IntArray:
    """Facets that a table makes of simplices: the names of their vertices, shape (facets, dim, 2).

    Args:
        corners: as `sorted_corners` gives them, (k, dim + 1) for cells, (k, dim) for facets of the substrate.
        metal: whether a node is metal, shape (n,).
        points: of the nodes, shape (n, dim).
        table: one of `CONTOUR` and `BARE`.
        apex: for facets of the substrate the node of their cell that is not on them, shape (k,).
    """
    dim = points.shape[1]
    every = corners if apex is None else np.column_stack((corners, apex))
    positive = np.linalg.det(points[every[:, 1:]] - points[every[:, :1]]) > 0.0
    count = metal[corners].sum(axis=1)
    turned = [*range(dim - 2), dim - 1, dim - 2]
    found: list[IntArray] = [np.empty((0, dim, 2), dtype=np.int64)]
    for number, facets in table.items():
        rows = count == number
        for facet in facets:
            names = corners[rows][:, np.array(facet)]
            found.append(np.where(positive[rows, None, None], names, names[:, turned]))
    return np.concatenate(found)


def crossing(metal: FloatArray, other: FloatArray) -> FloatArray:
    """Part t of the way from a metal node to another one at which xi = 1/2; 0 where they are the same."""
    fall = metal - other
    return np.asarray(np.where(fall > 0.0, (metal - LEVEL) / np.where(fall > 0.0, fall, 1.0), 0.0))


def metal_share(values: FloatArray) -> FloatArray:
    """Share of every simplex in {xi >= 1/2}, exact for linear xi, shape (k,).

    Args:
        values: xi at the corners, metal first, shape (k, dim + 1).

    With one corner that differs from the others the part at it is a simplex of share t t' ...; a wedge of a
    tetrahedron with corners 0 and 1 in metal is three tetrahedra.
    """
    corners = values.shape[1]
    count = (values >= LEVEL).sum(axis=1)
    share = (count == corners).astype(np.float64)
    for number in range(1, corners):
        x = values[count == number].T
        t = {(i, j): crossing(x[i], x[j]) for i in range(number) for j in range(number, corners)}
        if number == 1:
            share[count == number] = np.prod([t[0, j] for j in range(1, corners)], axis=0)
        elif number == corners - 1:
            share[count == number] = 1.0 - np.prod([1.0 - t[i, number] for i in range(number)], axis=0)
        else:
            share[count == number] = (
                t[0, 2] * t[0, 3] + (1.0 - t[0, 2]) * t[0, 3] * t[1, 2] + (1.0 - t[0, 3]) * t[1, 2] * t[1, 3]
            )
    return np.asarray(share)


def metal_middles(corners: IntArray, values: FloatArray, points: FloatArray) -> FloatArray:
    """A point in the part of every simplex with xi >= 1/2: the mean of that part's corners, (k, dim).

    Args:
        corners: of simplices with at least one metal node each, shape (k, c).
        values: xi at the nodes, shape (n,).
        points: of the nodes, shape (n, dim).
    """
    x, p = values[corners], points[corners]
    total, count = np.zeros((len(corners), points.shape[1])), np.zeros(len(corners))
    for i in range(corners.shape[1]):
        inside = x[:, i] >= LEVEL
        for j in range(corners.shape[1]):
            taken = inside if i == j else inside & (x[:, j] < LEVEL)
            t = np.where(taken, crossing(x[:, i], x[:, j]), 0.0)
            total += np.where(taken[:, None], p[:, i] + t[:, None] * (p[:, j] - p[:, i]), 0.0)
            count += taken
    return np.asarray(total / count[:, None])
