"""How a polygon stands for a smooth curve of the same area, and how it keeps this area with other vertices.

A polygon with the area of a smooth curve does not lie on it: its vertices stand off to the convex side by

    delta_i = kappa_i (L_e^2 + L_{e+1}^2) / 24

When vertices come and go, those whose edges change length are moved by the change of delta. What is then
missing in area is of higher order; it is booked where it arises and given back by an exact displacement.
"""

from __future__ import annotations

import numpy as np

from .advance import displace
from .arrays import BoolArray, FloatArray, IntArray
from .front import CORNER, Front
from .proximity import cross


def smooth_vertices(front: Front, protect: BoolArray) -> BoolArray:
    """Vertices that lie on a smooth curve of metal rather than being corners of it, shape (n,)."""
    bare = front.vertices_of(front.bare)
    return np.asarray(~(front.breaks | protect | bare | (np.abs(front.turning()) > CORNER)))


def _normals(front: Front) -> FloatArray:
    vectors = front.area_vectors
    return np.asarray(vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), 1e-300)[:, None])


def stand_off(front: Front, smooth: BoolArray) -> FloatArray:
    """Vectors from the curve to the vertices of the polygon of the same area, shape (n, 2)."""
    before, after = front.beside
    squares = front.lengths**2
    delta = np.where(smooth, front.curvature() * (squares[before] + squares[after]) / 24.0, 0.0)
    return np.asarray(delta[:, None] * _normals(front))


def restored(
    before: Front,
    smooth_before: BoolArray,
    after: Front,
    smooth_after: BoolArray,
    origin: IntArray,
    protect: BoolArray,
) -> Front:
    """Put the vertices where the polygon has the area it had: stand-off first, the rest by displacement.

    Args:
        before: one chain.
        smooth_before: its vertices on a smooth curve, shape (n,).
        after: the chain with other vertices, on the curve, k of them.
        smooth_after: those of its vertices that are to stand off, shape (k,).
        origin: their numbers in `before`, -1 for new ones, shape (k,).
        protect: those that must stay, shape (k,).
    """
    front = after
    off = stand_off(front, smooth_after)
    points = front.points + off
    stayed = origin >= 0
    kept, old = np.flatnonzero(stayed), origin[stayed]
    points[kept] = before.points[old]
    pinned = protect.copy()
    arriving, leaving = front.beside
    pinned |= front.bare[arriving] != front.bare[leaving]
    pinned |= front.vertices_of(front.bare) & (points[:, 1] == front.base)
    debt, changed = _debts(front.with_points(points), before, kept, old)
    # change of stand-off of the kept vertices whose edges have changed
    shift = np.zeros_like(points)
    was_smooth = np.zeros_like(changed)
    was_smooth[kept] = smooth_before[old]
    shift[kept] = off[kept] - stand_off(before, smooth_before)[old]
    shift[~(changed & was_smooth & ~pinned & stayed)] = 0.0
    debt -= np.sum(shift * front.area_vectors_at(points + 0.5 * shift), axis=1)
    front = front.with_points(points + shift)
    debt = spread(front, debt, pinned)
    slide = np.zeros_like(pinned)
    for _ in range(4):
        result = front.with_points(front.points + displace(front, debt, pinned, slide))
        behind = (result.elevation < 0.0) & ~pinned
        if not np.any(behind):
            break
        pinned = pinned | behind
    return result


def _debts(front: Front, before: Front, kept: IntArray, old: IntArray) -> tuple[FloatArray, BoolArray]:
    """Area lost between neighbouring kept vertices, shared by them and the new vertices between them.

    Args:
        front: one chain after changes of its vertices.
        before: the same chain before.
        kept: vertices of `front` that are in both.
        old: their numbers in `before`.

    Returns:
        area owed to every vertex; vertices with edges that are not as they were. Shape (n,) each.
    """
    n = len(front.points)
    places, places_before = kept, old
    way: IntArray = np.arange(n)
    way_before: IntArray = np.arange(len(before.points))
    if front.chains[0].walls is None:  # once around, from a kept vertex to itself
        way, way_before = np.roll(way, -kept[0]), np.roll(way_before, -old[0])
        way, way_before = np.append(way, way[0]), np.append(way_before, way_before[0])
        places, places_before = np.append(kept - kept[0], n), np.append(old - old[0], len(before.points))
    lost = _areas_over_chords(before.points[way_before], places_before)
    lost -= _areas_over_chords(front.points[way], places)
    inside = np.diff(places) - 1.0
    share = np.repeat(np.append(lost / (inside + 1.0), 0.0), np.append(np.diff(places), 1))
    share[places[:-1]] *= 0.5
    share[places[1:]] += 0.5 * lost / (inside + 1.0)
    differs = np.zeros(share.size, dtype=np.bool_)
    differs[places[:-1]] |= (inside > 0) | (np.diff(places_before) > 1)
    differs[places[1:]] |= (inside > 0) | (np.diff(places_before) > 1)
    debt, changed = np.zeros(n), np.zeros(n, dtype=np.bool_)
    np.add.at(debt, way, share)
    np.logical_or.at(changed, way, differs)
    return debt, changed


def _areas_over_chords(points: FloatArray, kept: IntArray) -> FloatArray:
    """Area between the polyline and the chords from each of the vertices `kept` to the next."""
    start = np.repeat(kept[:-1], np.diff(kept))
    a, b = points[:-1] - points[start], points[1:] - points[start]
    return np.asarray(-0.5 * np.add.reduceat(cross(a, b), kept[:-1]))


def spread(front: Front, volume: FloatArray, pinned: BoolArray, sweeps: int = 6) -> FloatArray:
    """Diffuse `volume` along the metal until the displacement it asks for is smooth; its sum is kept."""
    free = ~pinned
    first, last = front.cells.T
    size = np.hypot(front.area_vectors[:, 0], front.area_vectors[:, 1])
    whole = np.where(front.beside[0] == front.beside[1], 2.0 * size, size)  # with the mirror image on walls
    passing = 0.3 * np.minimum(whole[last], whole[first]) * (free[last] & free[first] & ~front.bare)
    result = volume.copy()
    for _ in range(sweeps):
        amplitude = result / np.maximum(size, 1e-300)
        flow = np.where(passing > 0.0, passing * (amplitude[first] - amplitude[last]), 0.0)
        result[first] -= flow
        result[last] += flow
    return result
