"""Vertices added and removed along the front where resolution asks for it, at constant metal area.

New vertices lie on the curve that the front stands for, not on its chords: with the angles alpha, beta
between a chord of length L and the tangents at its ends, the middle of the arc is

    h = L/4 (tan(alpha/2) + tan(beta/2))

off the chord, exact on circles and of fourth order on smooth curves. The tangent at a vertex is that of
the circle through it and its neighbours.

A polygon with the area of a smooth curve does not lie on it: its vertices stand off to the convex side by

    delta_i = kappa_i (L_e^2 + L_{e+1}^2) / 24

New vertices are found on the curve behind the vertices (delta taken off) and then put at their own delta;
vertices whose edges change length are moved by the change of delta. What is then missing in area is of higher
order; it is booked where it arises and given back by an exact displacement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .advance import displace
from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .front import Front
from .proximity import cross, crossings

SizeFunction = Callable[[FloatArray, FloatArray], FloatArray]
"""Wanted edge length at points (m, 2) where the front has curvature (m,)."""

LONG, SHORT = 4.0 / 3.0, 0.5
"""Edges are split above and removed below these multiples of the length wanted."""
GRADATION = 0.35
"""Largest change of the wanted length per length: neighbouring edges differ by a factor 1.4 at most."""
CORNER = np.radians(40.0)
"""A vertex that turns by more is a corner, not a smooth curve."""


@dataclass(frozen=True, eq=False)
class _Chain:
    """A front being resampled, with its vertices on the curve.

    Attributes:
        front: vertices on the curve, edge data.
        protect: vertices that must stay, shape (n,).
        origin: number of the vertex in the front before, -1 for new ones, shape (n,).
        calm: discs (x, y, radius) in which new vertices lie on chords and no vertex is removed, shape (m, 3).
    """

    front: Front
    protect: BoolArray
    origin: IntArray
    calm: FloatArray

    def is_calm(self) -> BoolArray:
        """Whether each vertex lies in a calm disc."""
        return _inside(self.front.points, self.calm)


def _inside(points: FloatArray, discs: FloatArray) -> BoolArray:
    inside = np.zeros(len(points), dtype=np.bool_)
    for x, y, radius in discs:
        inside |= np.hypot(points[:, 0] - x, points[:, 1] - y) <= radius
    return inside


def wanted_lengths(front: Front, size: SizeFunction) -> FloatArray:
    """Wanted length at every vertex: that of `size`, its rate of change limited by GRADATION, shape (n,)."""
    wanted = np.asarray(size(front.points, front.curvature()), dtype=np.float64)
    if not np.all(wanted > 0.0):
        raise MeshError(f"the wanted edge length must be positive, it is {float(np.min(wanted)):g} somewhere")
    climb = GRADATION * np.append(0.0, np.cumsum(front.lengths))
    from_left = np.minimum.accumulate(wanted - climb) + climb
    from_right = np.minimum.accumulate((wanted + climb)[::-1])[::-1] - climb
    return np.asarray(np.minimum(from_left, from_right))


def relative_lengths(front: Front, size: SizeFunction) -> FloatArray:
    """Length of every edge over the length wanted there, which `resample` brings into SHORT .. LONG."""
    wanted = wanted_lengths(front, size)
    return np.asarray(2.0 * front.lengths / (wanted[1:] + wanted[:-1]))


def resample(front: Front, size: SizeFunction, protect: BoolArray) -> Front:
    """Split long edges and remove short ones; the same front if there are none.

    Vertices that stay are moved only as far as conservation of area asks. Walls, `protect`-ed vertices, and
    vertices where surface, patch or bareness change are never removed; the curve is not smoothed across them
    or across corners, and substrate that is bare stays straight.

    Args:
        front: a front that does not cross itself.
        size: wanted edge length as a function of place and curvature.
        protect: vertices that must stay where they are, shape (n,).

    Raises:
        MeshError: if the result would cross itself whatever is tried.
    """
    protect = np.asarray(protect, dtype=np.bool_)
    relative = relative_lengths(front, size)
    if np.all((relative <= LONG) & (relative >= SHORT)):
        return front
    calm: FloatArray = np.empty((0, 3))
    for _ in range(6):
        smooth = _smooth(front, protect) & ~_inside(front.points, calm)
        on_curve = front.points - _stand_off(front, smooth)
        chain = _Chain(front.with_points(on_curve), protect, np.arange(len(protect)), calm)
        chain = _repeat(_split, _repeat(_collapse, chain, size), size)
        if len(chain.origin) == len(protect) and np.all(chain.origin >= 0):
            return front
        result = _restore_area(front, chain, smooth)
        first, second = crossings(result.points)
        if first.size == 0:
            return result
        where = np.concatenate((result.points[first], result.points[second + 1]))
        reach = 4.0 * (1 + len(calm)) * np.concatenate((result.lengths[first], result.lengths[second]))
        calm = np.concatenate((calm, np.column_stack((where, reach))))
    raise MeshError(
        f"the front cannot be resampled near ({where[0, 0]:g}, {where[0, 1]:g}) without crossing itself"
    )


def _smooth(front: Front, protect: BoolArray) -> BoolArray:
    """Vertices that lie on a smooth curve of metal rather than being corners of it, shape (n,)."""
    bare = np.append(front.bare, False) | np.append(False, front.bare)
    return np.asarray(~(front.breaks | protect | bare | (np.abs(front.turning()) > CORNER)))


def _normals(front: Front) -> FloatArray:
    vectors = front.area_vectors
    return np.asarray(vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), 1e-300)[:, None])


def _stand_off(front: Front, smooth: BoolArray) -> FloatArray:
    """Vectors from the curve to the vertices of the polygon of the same area, shape (n, 2)."""
    squares = front.lengths**2
    squares = np.append(squares[0], squares) + np.append(squares, squares[-1])
    delta = np.where(smooth, front.curvature() * squares / 24.0, 0.0)
    return np.asarray(delta[:, None] * _normals(front))


def _repeat(
    action: Callable[[_Chain, SizeFunction], _Chain], chain: _Chain, size: SizeFunction, passes: int = 60
) -> _Chain:
    for _ in range(passes):
        after = action(chain, size)
        if after is chain:
            break
        chain = after
    return chain


def _collapse(chain: _Chain, size: SizeFunction) -> _Chain:
    """Remove, for short edges, the end vertex that matters least; never two neighbours in one pass."""
    front = chain.front
    ratio = relative_lengths(front, size)
    short = ratio < SHORT
    removable = ~(front.breaks | chain.protect)
    removable[[0, -1]] = False
    if chain.calm.size:
        removable &= ~chain.is_calm()
    if not np.any(short & (removable[1:] | removable[:-1])):
        return chain
    e, lengths = front.edges, front.lengths
    cost = np.full(
        len(front.points), np.inf
    )  # area cut off, and for straight runs the length of the new edge
    cost[1:-1] = 0.5 * np.abs(cross(e[:-1], e[1:])) + 1e-3 * lengths[:-1] * lengths[1:]
    cost[~removable] = np.inf
    right = cost[1:] < cost[:-1]
    vertex = np.arange(len(ratio)) + right
    wish = np.full(len(front.points), np.inf)
    chosen = short & np.isfinite(np.minimum(cost[1:], cost[:-1]))
    np.minimum.at(wish, vertex[chosen], np.floor(4.0 * np.log2(np.maximum(ratio[chosen], 1e-12))))
    asked = np.isfinite(wish)
    run_start = np.maximum.accumulate(
        np.where(asked & ~np.append(False, asked[:-1]), np.arange(asked.size), 0)
    )
    wish = 2.0 * wish + (np.arange(asked.size) - run_start) % 2
    gone = asked.copy()
    gone[1:] &= wish[1:] < wish[:-1]
    gone[:-1] &= (wish[:-1] < wish[1:]) | ~asked[1:]
    k = np.flatnonzero(gone)
    if k.size == 0:
        return chain
    coverage = front.coverage.copy()
    weight = lengths[k - 1] / (lengths[k - 1] + lengths[k])
    coverage[k - 1] = weight * coverage[k - 1] + (1.0 - weight) * coverage[k]
    merged = front.remade(
        np.delete(front.points, k, axis=0),
        np.delete(front.surface, k),
        np.delete(coverage, k),
        np.delete(front.patch, k),
    )
    return replace(
        chain, front=merged, protect=np.delete(chain.protect, k), origin=np.delete(chain.origin, k)
    )


def _bulge(chain: _Chain) -> FloatArray:
    """Height of the middle of every arc over its chord, towards the electrolyte, shape (n-1,)."""
    front = chain.front
    turning, lengths = front.turning(), front.lengths
    before, after = np.append(lengths[0], lengths), np.append(lengths, lengths[-1])
    leaving = np.arctan2(after * np.sin(turning), before + after * np.cos(turning))
    arriving = turning - leaving
    smooth = _smooth(front, chain.protect)
    start, end = np.where(smooth, leaving, 0.0)[:-1], np.where(smooth, arriving, 0.0)[1:]
    start, end = np.where(smooth[:-1], start, end), np.where(smooth[1:], end, start)
    height = 0.25 * lengths * (np.tan(0.5 * start) + np.tan(0.5 * end))
    height[front.bare] = 0.0
    if chain.calm.size:
        calm = chain.is_calm()
        height[calm[1:] | calm[:-1]] = 0.0
    return np.asarray(height)


def _split(chain: _Chain, size: SizeFunction) -> _Chain:
    """Halve long edges on the curve."""
    front = chain.front
    k: IntArray = np.flatnonzero(relative_lengths(front, size) > LONG)
    if k.size == 0:
        return chain
    height = _bulge(chain)[k]
    middle = 0.5 * (front.points[k] + front.points[k + 1]) + height[:, None] * front.normals[k]
    finer = front.remade(
        np.insert(front.points, k + 1, middle, axis=0),
        np.insert(front.surface, k, front.surface[k]),
        np.insert(front.coverage, k, front.coverage[k]),
        np.insert(front.patch, k, front.patch[k]),
    )
    protect, origin = np.insert(chain.protect, k + 1, False), np.insert(chain.origin, k + 1, -1)
    return replace(chain, front=finer, protect=protect, origin=origin)


def _restore_area(before: Front, chain: _Chain, smooth: BoolArray) -> Front:
    """Put the vertices where the polygon has the area it had: stand-off first, the rest by displacement."""
    front, origin = chain.front, chain.origin
    kept = np.flatnonzero(origin >= 0)
    old = origin[kept]
    off = _stand_off(front, _smooth(front, chain.protect) & ~chain.is_calm())
    points = front.points + off
    points[kept] = before.points[old]
    pinned = chain.protect.copy()
    pinned[1:-1] |= front.bare[1:] != front.bare[:-1]
    beside_bare = np.append(front.bare, False) | np.append(False, front.bare)
    pinned |= beside_bare & (points[:, 1] == 0.0)
    # area lost between neighbouring kept vertices, shared by them and the new vertices between them
    lost = _areas_over_chords(before.points, old) - _areas_over_chords(points, kept)
    inside = np.diff(kept) - 1.0
    debt = np.repeat(np.append(lost / (inside + 1.0), 0.0), np.append(np.diff(kept), 1))
    debt[kept[:-1]] *= 0.5
    debt[kept[1:]] += 0.5 * lost / (inside + 1.0)
    # change of stand-off of the kept vertices whose edges have changed
    changed = np.zeros(len(origin), dtype=np.bool_)
    changed[kept[:-1]] |= (inside > 0) | (np.diff(old) > 1)
    changed[kept[1:]] |= (inside > 0) | (np.diff(old) > 1)
    shift = np.zeros_like(points)
    was_smooth = np.zeros_like(changed)
    was_smooth[kept] = smooth[old]
    shift[kept] = off[kept] - _stand_off(before, smooth)[old]
    shift[~(changed & was_smooth & ~pinned) | (origin < 0)] = 0.0
    debt -= np.sum(shift * front.area_vectors_at(points + 0.5 * shift), axis=1)
    front = front.with_points(points + shift)
    debt = spread(front, debt, pinned)
    slide = np.zeros_like(pinned)
    for _ in range(4):
        points = front.points + displace(front, debt, pinned, slide, float(front.points[-1, 0]))
        below = (points[:, 1] < 0.0) & ~pinned
        if not np.any(below):
            break
        pinned = pinned | below
    return front.with_points(points)


def _areas_over_chords(points: FloatArray, kept: IntArray) -> FloatArray:
    """Area between the polyline and the chords from each of the vertices `kept` to the next."""
    start = np.repeat(kept[:-1], np.diff(kept))
    a, b = points[:-1] - points[start], points[1:] - points[start]
    return np.asarray(-0.5 * np.add.reduceat(cross(a, b), kept[:-1]))


def spread(front: Front, volume: FloatArray, pinned: BoolArray, sweeps: int = 6) -> FloatArray:
    """Diffuse `volume` along the metal until the displacement it asks for is smooth; its sum is kept."""
    free = ~pinned
    size = np.hypot(front.area_vectors[:, 0], front.area_vectors[:, 1])
    passing = 0.3 * np.minimum(size[1:], size[:-1]) * (free[1:] & free[:-1] & ~front.bare)
    result = volume.copy()
    for _ in range(sweeps):
        amplitude = result / np.maximum(size, 1e-300)
        flow = np.where(passing > 0.0, passing * (amplitude[:-1] - amplitude[1:]), 0.0)
        result[:-1] -= flow
        result[1:] += flow
    return result
