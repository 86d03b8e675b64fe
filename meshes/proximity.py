"""Which edges of a polyline cross, and which face each other closely across the electrolyte.

Edges are cut into pieces of nearly equal length whose midpoints go into a KD-tree: two edges closer than d
have a pair of midpoints closer than d + piece length. The pairs found are then tested exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import cKDTree

from .arrays import BoolArray, FloatArray, IntArray

SEPARATION = 4.0
"""Parts of a front face each other if the way along it exceeds this many times their allowed distance."""
NEAR = 8
"""Edges with fewer edges between them are looked at only where the front turns sharply."""


@dataclass(frozen=True, eq=False)
class Contacts:
    """Pairs of edges that cross or face each other too closely, sorted.

    Attributes:
        first: lower edge number of every pair, shape (m,).
        second: higher edge number, at least first + 2, shape (m,).
        start: point on the first edge closest to the second, or where they cross, shape (m, 2).
        end: point on the second edge, shape (m, 2).
        crossing: whether the edges cross or touch, shape (m,).
    """

    first: IntArray
    second: IntArray
    start: FloatArray
    end: FloatArray
    crossing: BoolArray


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Third component of the cross product of vectors (..., 2)."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def candidate_pairs(points: FloatArray, distance: float) -> tuple[IntArray, IntArray]:
    """Pairs (i, j), i + 1 < j, of edges that may be closer than `distance`, sorted by (i, j)."""
    e = np.diff(points, axis=0)
    lengths = np.hypot(e[:, 0], e[:, 1])
    piece = max(float(np.median(lengths)), 0.5 * distance, 1e-4 * float(lengths.sum()))
    count = np.maximum(np.ceil(lengths / piece), 1.0).astype(np.int64)
    edge = np.repeat(np.arange(count.size), count)
    rank = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    middle = points[edge] + e[edge] * ((rank + 0.5) / count[edge])[:, None]
    pairs = cKDTree(middle).query_pairs((distance + piece) * (1.0 + 1e-9), output_type="ndarray")
    i, j = edge[pairs].T
    far = j > i + 1
    i, j = i[far], j[far]
    # edges can meet or face each other only if the front turns by a right angle at least between them
    heading = np.unwrap(np.arctan2(e[:, 1], e[:, 0]))
    window = sliding_window_view(np.append(heading, np.full(NEAR, heading[-1])), NEAR + 1)
    straight = window.max(axis=1) - window.min(axis=1) < 0.5 * np.pi
    keep = (j - i > NEAR) | ~straight[i]
    i, j = i[keep], j[keep]
    keys = np.unique(i * count.size + j)
    return keys // count.size, keys % count.size


def _crossing(points: FloatArray, i: IntArray, j: IntArray) -> BoolArray:
    p, q, r, s = points[i], points[i + 1], points[j], points[j + 1]
    a, b = cross(q - p, r - p), cross(q - p, s - p)
    c, d = cross(s - r, p - r), cross(s - r, q - r)
    return np.asarray((np.sign(a) * np.sign(b) < 0) & (np.sign(c) * np.sign(d) < 0))


def crossings(points: FloatArray) -> tuple[IntArray, IntArray]:
    """Pairs (i, j), i + 1 < j, of edges that cross in their interiors."""
    i, j = candidate_pairs(points, 0.0)
    hit = _crossing(points, i, j)
    return i[hit], j[hit]


def obstructed(points: FloatArray, start: FloatArray, end: FloatArray, clearance: float = 1e-6) -> bool:
    """Whether any edge crosses the segment from start to end, its ends left out."""
    a, b = start + clearance * (end - start), end + clearance * (start - end)
    p, q = points[:-1], points[1:]
    side_p, side_q = cross(b - a, p - a), cross(b - a, q - a)
    side_a, side_b = cross(q - p, a - p), cross(q - p, b - p)
    return bool(np.any((side_p * side_q < 0.0) & (side_a * side_b < 0.0)))


def _to_segment(x: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
    """Parameter in [0, 1] of the point of segment p q closest to x."""
    e = q - p
    return np.asarray(
        np.clip(np.sum((x - p) * e, axis=1) / np.maximum(np.sum(e * e, axis=1), 1e-300), 0.0, 1.0)
    )


def contacts(points: FloatArray, vectors: FloatArray, distance: float) -> Contacts:
    """Edges that cross, or lie closer than `distance` with nothing but electrolyte between them.

    Args:
        points: vertices, shape (n, 2).
        vectors: area vectors (pointing into the electrolyte) of the vertices, shape (n, 2).
        distance: smallest gap allowed.
    """
    i, j = candidate_pairs(points, distance)
    crossing = _crossing(points, i, j)
    p, q, r, s = points[i], points[i + 1], points[j], points[j + 1]
    # the closest points of two segments that do not cross include one end
    on_first = np.stack((np.zeros(i.size), np.ones(i.size), _to_segment(r, p, q), _to_segment(s, p, q)))
    on_second = np.stack((_to_segment(p, r, s), _to_segment(q, r, s), np.zeros(i.size), np.ones(i.size)))
    a = p + on_first[..., None] * (q - p)
    b = r + on_second[..., None] * (s - r)
    squares = np.sum((b - a) ** 2, axis=2)
    best, column = np.argmin(squares, axis=0), np.arange(i.size)
    u, v, a, b = on_first[best, column], on_second[best, column], a[best, column], b[best, column]
    edge_normals = np.stack((points[:-1, 1] - points[1:, 1], points[1:, 0] - points[:-1, 0]), axis=1)

    def normal(edge: IntArray, t: FloatArray) -> FloatArray:
        at_vertex = np.where((t <= 0.0)[:, None], vectors[edge], vectors[edge + 1])
        return np.where(((t <= 0.0) | (t >= 1.0))[:, None], at_vertex, edge_normals[edge])

    facing = (np.sum((b - a) * normal(i, u), axis=1) > 0.0) & (np.sum((a - b) * normal(j, v), axis=1) > 0.0)
    arc = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    way = arc[j] + v * (arc[j + 1] - arc[j]) - arc[i] - u * (arc[i + 1] - arc[i])
    close = facing & (squares[best, column] < distance * distance) & (way > SEPARATION * distance)
    denominator = cross(q - p, s - r)
    t = cross(r - p, s - r) / np.where(crossing, denominator, 1.0)
    meeting = p + t[:, None] * (q - p)
    a, b = np.where(crossing[:, None], meeting, a), np.where(crossing[:, None], meeting, b)
    touching = squares[best, column] <= (1e-12 * arc[-1]) ** 2
    hit = crossing | close | touching
    return Contacts(i[hit], j[hit], a[hit], b[hit], (crossing | touching)[hit])
