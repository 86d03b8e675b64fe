"""Nearest places on a surface made of segments or triangles, in 2D and in 3D."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from .arrays import FloatArray, IntArray

CANDIDATES = 16
"""Facets tried for every point at first; more only where a facet farther off may still be nearer."""


class Place(NamedTuple):
    """Places on a surface.

    Attributes:
        facet: number of the facet, shape (k,).
        weights: barycentric coordinates of the place in it, shape (k, corners), not negative, sum 1.
        distance: how far the point is from the place, shape (k,).
    """

    facet: IntArray
    weights: FloatArray
    distance: FloatArray

    def of(self, values: FloatArray, cells: IntArray) -> FloatArray:
        """Linear interpolation of vertex values, (n,) or (n, d) -> (k,) or (k, d)."""
        return np.asarray(np.einsum("kc,kc...->k...", self.weights, values[cells[self.facet]]))


def nearest(points: FloatArray, vertices: FloatArray, cells: IntArray) -> Place:
    """Nearest place of a surface to every point.

    Args:
        points: shape (k, d).
        vertices: of the surface, shape (n, d).
        cells: segments, shape (m, 2), or triangles, shape (m, 3).

    Facets are tried by the distance of their middles. A facet reaches no farther from its middle than its
    radius, which tells whether more of them have to be tried: the answer is the true nearest place.
    """
    corners = vertices[cells]
    middles = corners.mean(axis=1)
    radius = float(np.linalg.norm(corners - middles[:, None], axis=2).max(initial=0.0))
    tree = cKDTree(middles)
    facet, distance = np.zeros(len(points), dtype=np.int64), np.full(len(points), np.inf)
    weights = np.zeros((len(points), cells.shape[1]))
    left, count = np.arange(len(points)), min(CANDIDATES, len(cells))
    project = on_segments if cells.shape[1] == 2 else on_triangles
    while left.size:
        apart, index = tree.query(points[left], k=count)
        apart, index = apart.reshape(left.size, count), index.reshape(left.size, count)
        some = project(np.repeat(points[left], count, axis=0), corners[index.ravel()])
        place = np.einsum("kc,kcd->kd", some, corners[index.ravel()])
        away = np.linalg.norm(place - np.repeat(points[left], count, axis=0), axis=1).reshape(
            left.size, count
        )
        best = np.argmin(away, axis=1)
        rows = np.arange(left.size)
        facet[left], distance[left] = index[rows, best], away[rows, best]
        weights[left] = some.reshape(left.size, count, -1)[rows, best]
        if count == len(cells):
            break
        left = left[apart[:, -1] - radius < away[rows, best]]
        count = min(4 * count, len(cells))
    return Place(facet, weights, distance)


def on_segments(points: FloatArray, corners: FloatArray) -> FloatArray:
    """Barycentric coordinates, (k, 2), of the place of segment k, (k, 2, d), nearest to point k, (k, d)."""
    along = corners[:, 1] - corners[:, 0]
    square = np.maximum(np.sum(along * along, axis=1), np.finfo(float).tiny)
    t = np.clip(np.sum((points - corners[:, 0]) * along, axis=1) / square, 0.0, 1.0)
    return np.column_stack((1.0 - t, t))


def on_triangles(points: FloatArray, corners: FloatArray) -> FloatArray:
    """Barycentric coordinates, (k, 3), of the place of triangle k, (k, 3, d), nearest to point k, (k, d)."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = points - corners[:, 0]
    aa, ab, bb = (np.sum(x * y, axis=1) for x, y in ((a, a), (a, b), (b, b)))
    pa, pb = np.sum(p * a, axis=1), np.sum(p * b, axis=1)
    determinant = np.maximum(aa * bb - ab * ab, np.finfo(float).tiny)
    second, third = (bb * pa - ab * pb) / determinant, (aa * pb - ab * pa) / determinant
    result = np.column_stack((1.0 - second - third, second, third))
    outside = result.min(axis=1) < 0.0
    if np.any(outside):
        result[outside] = _on_sides(points[outside], corners[outside])
    return result


def _on_sides(points: FloatArray, corners: FloatArray) -> FloatArray:
    best, found = np.full(len(points), np.inf), np.zeros((len(points), 3))
    for first, last in ((0, 1), (1, 2), (2, 0)):
        part = on_segments(points, corners[:, [first, last]])
        weights = np.zeros((len(points), 3))
        weights[:, first], weights[:, last] = part[:, 0], part[:, 1]
        away = np.linalg.norm(np.einsum("kc,kcd->kd", weights, corners) - points, axis=1)
        nearer = away < best
        best[nearer], found[nearer] = away[nearer], weights[nearer]
    return found
