"""Which edges of polylines cross, and which face each other closely across the electrolyte.

Edges are cut into pieces of nearly equal length whose midpoints go into a KD-tree: two edges closer than d
have a pair of midpoints closer than d + piece length. The pairs found are then tested exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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
        second: higher edge number; the two have no vertex in common, shape (m,).
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


def _close_pieces(starts: FloatArray, e: FloatArray, distance: float) -> tuple[IntArray, IntArray]:
    """Pairs i < j of edges (start, vector) with pieces that may be closer than `distance`, not unique."""
    lengths = np.hypot(e[:, 0], e[:, 1])
    piece = max(float(np.median(lengths)), 0.5 * distance, 1e-4 * float(lengths.sum()))
    count = np.maximum(np.ceil(lengths / piece), 1.0).astype(np.int64)
    edge = np.repeat(np.arange(count.size), count)
    rank = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    middle = starts[edge] + e[edge] * ((rank + 0.5) / count[edge])[:, None]
    pairs = cKDTree(middle).query_pairs((distance + piece) * (1.0 + 1e-9), output_type="ndarray")
    i, j = edge[pairs].T
    return i, j


def _unique(i: IntArray, j: IntArray, edges: int) -> tuple[IntArray, IntArray]:
    keys = np.unique(i * edges + j)
    return keys // edges, keys % edges


def candidate_pairs(points: FloatArray, distance: float, closed: bool = False) -> tuple[IntArray, IntArray]:
    """Pairs (i, j), i + 1 < j, of edges that may be closer than `distance`, sorted by (i, j).

    A closed polyline repeats its first point as last one; its first edge follows its last one.
    """
    e = np.diff(points, axis=0)
    edges = len(e)
    i, j = _close_pieces(points[:-1], e, distance)
    far = j > i + 1
    if closed:
        far &= i + edges > j + 1
    i, j = i[far], j[far]
    # edges can meet or face each other only if the front turns by a right angle at least between them
    heading = np.arctan2(e[:, 1], e[:, 0])
    if closed:
        heading = np.unwrap(np.resize(heading, edges + NEAR))
    else:
        heading = np.unwrap(heading)
        heading = np.append(heading, np.full(NEAR, heading[-1]))
    window = sliding_window_view(heading, NEAR + 1)
    straight = window.max(axis=1) - window.min(axis=1) < 0.5 * np.pi
    keep = (j - i > NEAR) | ~straight[i]
    if closed:
        keep &= (i + edges - j > NEAR) | ~straight[j]
    return _unique(i[keep], j[keep], edges)


def _cross_inside(p: FloatArray, q: FloatArray, r: FloatArray, s: FloatArray) -> BoolArray:
    """Whether segments p q and r s cross in their interiors."""
    a, b = cross(q - p, r - p), cross(q - p, s - p)
    c, d = cross(s - r, p - r), cross(s - r, q - r)
    return np.asarray((np.sign(a) * np.sign(b) < 0) & (np.sign(c) * np.sign(d) < 0))


def crossings(points: FloatArray) -> tuple[IntArray, IntArray]:
    """Pairs (i, j), i + 1 < j, of edges that cross in their interiors."""
    i, j = candidate_pairs(points, 0.0)
    hit = _cross_inside(points[i], points[i + 1], points[j], points[j + 1])
    return i[hit], j[hit]


def obstructed(
    p: FloatArray, q: FloatArray, start: FloatArray, end: FloatArray, clearance: float = 1e-6
) -> bool:
    """Whether any edge p q, shapes (m, 2), crosses the segment from start to end, its ends left out."""
    a, b = start + clearance * (end - start), end + clearance * (start - end)
    side_p, side_q = cross(b - a, p - a), cross(b - a, q - a)
    side_a, side_b = cross(q - p, a - p), cross(q - p, b - p)
    return bool(np.any((side_p * side_q < 0.0) & (side_a * side_b < 0.0)))


def _to_segment(x: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
    """Parameter in [0, 1] of the point of segment p q closest to x."""
    e = q - p
    return np.asarray(
        np.clip(np.sum((x - p) * e, axis=1) / np.maximum(np.sum(e * e, axis=1), 1e-300), 0.0, 1.0)
    )


class _Pairs(NamedTuple):
    """Where two edges come closest: parameters u, v; points a, b; distance squared; how they lie."""

    u: FloatArray
    v: FloatArray
    a: FloatArray
    b: FloatArray
    square: FloatArray
    crossing: BoolArray
    facing: BoolArray


def _examine(points: FloatArray, vectors: FloatArray, first: IntArray, second: IntArray) -> _Pairs:
    """Closest points of pairs of edges, given by their vertices, shape (m, 2) each.

    They face each other if the way between the closest points leaves the metal at both ends, told by the
    normal of an edge, or by the area vector where an end of it is closest. Where edges cross, a and b are the
    crossing.
    """
    p, q, r, s = points[first[:, 0]], points[first[:, 1]], points[second[:, 0]], points[second[:, 1]]
    crossing = _cross_inside(p, q, r, s)
    # the closest points of two segments that do not cross include one end
    count = len(first)
    on_first = np.stack((np.zeros(count), np.ones(count), _to_segment(r, p, q), _to_segment(s, p, q)))
    on_second = np.stack((_to_segment(p, r, s), _to_segment(q, r, s), np.zeros(count), np.ones(count)))
    a = p + on_first[..., None] * (q - p)
    b = r + on_second[..., None] * (s - r)
    squares = np.sum((b - a) ** 2, axis=2)
    best, column = np.argmin(squares, axis=0), np.arange(count)
    u, v, a, b = on_first[best, column], on_second[best, column], a[best, column], b[best, column]

    def normal(edge: IntArray, t: FloatArray) -> FloatArray:
        start, end = points[edge[:, 0]], points[edge[:, 1]]
        across = np.stack((start[:, 1] - end[:, 1], end[:, 0] - start[:, 0]), axis=1)
        at_vertex = np.where((t <= 0.0)[:, None], vectors[edge[:, 0]], vectors[edge[:, 1]])
        return np.where(((t <= 0.0) | (t >= 1.0))[:, None], at_vertex, across)

    facing = (np.sum((b - a) * normal(first, u), axis=1) > 0.0) & (
        np.sum((a - b) * normal(second, v), axis=1) > 0.0
    )
    t = cross(r - p, s - r) / np.where(crossing, cross(q - p, s - r), 1.0)
    meeting = p + t[:, None] * (q - p)
    a, b = np.where(crossing[:, None], meeting, a), np.where(crossing[:, None], meeting, b)
    return _Pairs(u, v, a, b, squares[best, column], crossing, facing)


def contacts(points: FloatArray, vectors: FloatArray, distance: float, closed: bool = False) -> Contacts:
    """Edges of a polyline that cross, or face each other across less electrolyte than `distance`.

    Args:
        points: vertices, shape (n, 2).
        vectors: area vectors (pointing into the electrolyte) of the vertices, shape (n, 2).
        distance: smallest gap allowed.
        closed: whether one more edge leads from the last vertex to the first one.
    """
    if closed:
        points, vectors = np.concatenate((points, points[:1])), np.concatenate((vectors, vectors[:1]))
    i, j = candidate_pairs(points, distance, closed)
    pairs = _examine(points, vectors, np.column_stack((i, i + 1)), np.column_stack((j, j + 1)))
    arc = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    way = arc[j] + pairs.v * (arc[j + 1] - arc[j]) - arc[i] - pairs.u * (arc[i + 1] - arc[i])
    if closed:
        way = np.minimum(way, arc[-1] - way)
    close = pairs.facing & (pairs.square < distance * distance) & (way > SEPARATION * distance)
    touching = pairs.square <= (1e-12 * arc[-1]) ** 2
    hit = pairs.crossing | close | touching
    return Contacts(i[hit], j[hit], pairs.a[hit], pairs.b[hit], (pairs.crossing | touching)[hit])


def contacts_between(
    points: FloatArray, cells: IntArray, vectors: FloatArray, chain: IntArray, distance: float
) -> Contacts:
    """Edges of different polylines that cross, or face each other across less than `distance`, nearest first.

    Args:
        points: vertices, shape (n, 2).
        cells: first and last vertex of every edge, shape (m, 2).
        vectors: area vectors of the vertices, shape (n, 2).
        chain: number of the polyline that every edge belongs to, ascending, shape (m,).
        distance: smallest gap allowed.
    """
    e = points[cells[:, 1]] - points[cells[:, 0]]
    i, j = _close_pieces(points[cells[:, 0]], e, distance)
    apart = chain[i] != chain[j]
    i, j = _unique(i[apart], j[apart], len(cells))
    pairs = _examine(points, vectors, cells[i], cells[j])
    scale = float(np.hypot(e[:, 0], e[:, 1]).sum())
    meets = pairs.crossing | (pairs.square <= (1e-12 * scale) ** 2)
    hit = np.flatnonzero(meets | (pairs.facing & (pairs.square < distance * distance)))
    hit = hit[np.argsort(np.where(meets, 0.0, pairs.square)[hit], kind="stable")]
    return Contacts(i[hit], j[hit], pairs.a[hit], pairs.b[hit], meets[hit])
