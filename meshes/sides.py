"""On which side of a surface a point lies, in 2D and in 3D.

The nearest place of the surface tells, if its normal is taken right where facets meet: on an edge the sum of
both unit normals, at a vertex the sum of all, weighted by the angle of the facet there (J. A. Baerentzen, H.
Aanaes, Signed distance computation using the angle weighted pseudonormal, IEEE TVCG 11, 243 (2005)). Walls
mirror.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .nearest import Place


class Facets(Protocol):
    """What `front.Front` and `shell.Shell` have in common here."""

    @property
    def points(self) -> FloatArray:
        """Vertices, shape (n, d)."""
        ...

    @property
    def cells(self) -> IntArray:
        """Vertices of every facet, shape (m, d)."""
        ...

    @property
    def normals(self) -> FloatArray:
        """Unit normals from the metal into the electrolyte, shape (m, d)."""
        ...

    @property
    def fixed(self) -> BoolArray:
        """Components of every vertex that a wall holds, shape (n, d)."""
        ...


def behind(surface: Facets, points: FloatArray, place: Place) -> BoolArray:
    """Whether `points`, whose nearest places are known, lie on the surface or in its metal, shape (k,)."""
    cells = surface.cells[place.facet]
    away = points - np.einsum("kc,kcd->kd", place.weights, surface.points[cells])
    normal = surface.normals[place.facet]
    corners = cells.shape[1]
    used = place.weights > 0.0
    at_vertex = used.sum(axis=1) == 1
    vertex = cells[at_vertex, np.argmax(used[at_vertex], axis=1)]
    normal[at_vertex] = _at_vertices(surface)[vertex]
    if corners == 3:
        on_edge = used.sum(axis=1) == 2
        ends = np.sort(np.where(used[on_edge], cells[on_edge], -1), axis=1)[:, 1:]
        normal[on_edge] = _on_edges(surface, ends)
    return np.asarray(np.sum(away * normal, axis=1) <= 0.0)


def _at_vertices(surface: Facets) -> FloatArray:
    cells, n = surface.cells, len(surface.points)
    corners = surface.points[cells]
    if cells.shape[1] == 2:
        angle = np.ones(cells.shape)
    else:
        a, b = corners[:, [1, 2, 0]] - corners, corners[:, [2, 0, 1]] - corners
        angle = np.arctan2(np.linalg.norm(np.cross(a, b), axis=2), np.sum(a * b, axis=2))
    weighted = angle[:, :, None] * surface.normals[:, None]
    where = cells.ravel()
    total = np.column_stack([np.bincount(where, part, n) for part in weighted.reshape(where.size, -1).T])
    total[surface.fixed] = 0.0
    return np.asarray(total, dtype=np.float64)


def _on_edges(surface: Facets, ends: IntArray) -> FloatArray:
    """Sum of the normals of the facets at edges given by their ends, lower number first, shape (k, 3)."""
    n = len(surface.points)
    directed = np.sort(surface.cells[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges, edge_of = np.unique(directed[:, 0] * n + directed[:, 1], return_inverse=True)
    normals = np.repeat(surface.normals, 3, axis=0)
    total = np.column_stack([np.bincount(edge_of.ravel(), part, edges.size) for part in normals.T])
    found = total[np.searchsorted(edges, ends[:, 0] * n + ends[:, 1])]
    found[surface.fixed[ends].all(axis=1)] = 0.0
    return np.asarray(found)
