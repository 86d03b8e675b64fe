"""Vertices added and removed along the front where resolution asks for it, at constant metal area.

New vertices lie on the curve that the front stands for, not on its chords: with the angles alpha, beta
between a chord of length L and the tangents at its ends, the middle of the arc is

    h = L/4 (tan(alpha/2) + tan(beta/2))

off the chord, exact on circles and of fourth order on smooth curves. The tangent at a vertex is that of
the circle through it and its neighbours.

A polygon with the area of a smooth curve does not lie on it: see `standoff`. New vertices are found on the
curve behind the vertices and then put at their own distance from it; so are vertices whose edges change.

Chains are treated one by one; on a closed one the first vertex is like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .front import CORNER, MEANS, Front
from .proximity import cross
from .sizing import SizeFunction, relative_lengths, wanted_lengths
from .soundness import crossed_edges
from .standoff import restored, smooth_vertices, stand_off

__all__ = ["CORNER", "LONG", "SHORT", "relative_lengths", "resample", "wanted_lengths"]

LONG, SHORT = 4.0 / 3.0, 0.5
"""Edges are split above and removed below these multiples of the length wanted."""
FEWEST = 8
"""A closed chain of so few vertices loses none."""


@dataclass(frozen=True, eq=False)
class _Chain:
    """A front of one chain being resampled, with its vertices on the curve.

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


def resample(front: Front, size: SizeFunction, protect: BoolArray) -> Front:
    """Split long edges and remove short ones; the same front if there are none.

    Vertices that stay are moved only as far as conservation of area asks. Walls, `protect`-ed vertices, and
    vertices where surface, patch or bareness change are never removed; the curve is not smoothed across them
    or across corners, and substrate that is bare stays straight. The area of every chain stays, to rounding.

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
    parts = front.parts()
    protected = np.split(protect, np.cumsum([len(part.points) for part in parts])[:-1])
    calm: FloatArray = np.empty((0, 3))
    for _ in range(6):
        after = [_resample(part, size, keep, calm) for part, keep in zip(parts, protected, strict=True)]
        if all(new is old for new, old in zip(after, parts, strict=True)):
            return front
        result = after[0] if len(after) == 1 else Front.joined(after)
        first, second = crossed_edges(result)
        beyond = _beyond_walls(front, result)
        if first.size == 0 and beyond.size == 0:
            return result
        edges = np.concatenate((first, second, beyond))
        vertices = np.concatenate((result.cells[first, 0], result.cells[second, 1], result.cells[beyond, 1]))
        where, reach = result.points[vertices], 4.0 * (1 + len(calm)) * result.lengths[edges]
        calm = np.concatenate((calm, np.column_stack((where, reach))))
    raise MeshError(
        f"the front cannot be resampled near ({where[0, 0]:g}, {where[0, 1]:g}) without crossing itself"
    )


def _beyond_walls(before: Front, after: Front) -> IntArray:
    """Edges of `after` that reach beyond a wall on which `before` ends."""
    outside = np.zeros(len(after.points), dtype=np.bool_)
    for vertex, axis in np.argwhere(before.inward != 0.0):
        depth = (after.points[:, axis] - before.points[vertex, axis]) * before.inward[vertex, axis]
        outside |= (depth < 0.0) & ~after.fixed[:, axis]
    return np.flatnonzero(outside[after.cells].any(axis=1))


def _resample(part: Front, size: SizeFunction, protect: BoolArray, calm: FloatArray) -> Front:
    """One chain brought to the lengths wanted; the same front if nothing is to be done."""
    smooth = smooth_vertices(part, protect) & ~_inside(part.points, calm)
    on_curve = part.points - stand_off(part, smooth)
    chain = _Chain(part.with_points(on_curve), protect, np.arange(len(protect)), calm)
    chain = _repeat(_split, _repeat(_collapse, chain, size), size)
    if len(chain.origin) == len(protect) and np.all(chain.origin >= 0):
        return part
    smooth_now = smooth_vertices(chain.front, chain.protect) & ~chain.is_calm()
    return restored(part, smooth, chain.front, smooth_now, chain.origin, chain.protect)


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
    first, last = front.cells.T
    before, after = front.beside
    on_wall = before == after
    removable = ~(front.breaks | chain.protect | on_wall)
    if not on_wall.any() and len(front.points) <= FEWEST:
        return chain
    if chain.calm.size:
        removable &= ~chain.is_calm()
    if not np.any(short & (removable[last] | removable[first])):
        return chain
    e, lengths = front.edges, front.lengths
    # area cut off, and for straight runs the length of the new edge
    cost = 0.5 * np.abs(cross(e[before], e[after])) + 1e-3 * lengths[before] * lengths[after]
    cost[~removable] = np.inf
    vertex = np.where(cost[last] < cost[first], last, first)
    wish: FloatArray = np.full(len(front.points), np.inf)
    chosen = short & np.isfinite(np.minimum(cost[last], cost[first]))
    np.minimum.at(wish, vertex[chosen], np.floor(4.0 * np.log2(np.maximum(ratio[chosen], 1e-12))))
    wish = 2.0 * wish + _alternating(np.isfinite(wish), closed=not on_wall.any())
    gone = np.isfinite(wish)
    gone[last] &= wish[last] < wish[first]
    gone[first] &= wish[first] < wish[last]
    k = np.flatnonzero(gone)
    if not on_wall.any():
        k = k[: len(gone) - FEWEST]
    if k.size == 0:
        return chain
    weight = lengths[k - 1] / (lengths[k - 1] + lengths[k])
    means: dict[str, Any] = {name: np.array(getattr(front, name)) for name in MEANS}
    for values in means.values():
        values[k - 1] = weight * values[k - 1] + (1.0 - weight) * values[k]
    rest = np.delete(np.arange(len(lengths)), k)
    merged = replace(front, **means).remade(np.delete(front.points, k, axis=0), rest)
    return replace(
        chain, front=merged, protect=np.delete(chain.protect, k), origin=np.delete(chain.origin, k)
    )


def _alternating(asked: BoolArray, closed: bool) -> IntArray:
    """0, 1, 0, 1, ... along every run of vertices `asked` for, shape (n,)."""
    start = int(np.argmin(asked)) if closed else 0
    asked = np.asarray(np.roll(asked, -start))
    place = np.arange(asked.size)
    begin = np.maximum.accumulate(np.where(asked & ~np.append(False, asked[:-1]), place, 0))
    return np.asarray(np.roll((place - begin) % 2, start))


def _bulge(chain: _Chain) -> FloatArray:
    """Height of the middle of every arc over its chord, towards the electrolyte, shape (n-1,)."""
    front = chain.front
    turning, lengths = front.turning(), front.lengths
    first, last = front.cells.T
    before, after = (lengths[edge] for edge in front.beside)
    leaving = np.arctan2(after * np.sin(turning), before + after * np.cos(turning))
    arriving = turning - leaving
    smooth = smooth_vertices(front, chain.protect)
    start, end = np.where(smooth, leaving, 0.0)[first], np.where(smooth, arriving, 0.0)[last]
    start, end = np.where(smooth[first], start, end), np.where(smooth[last], end, start)
    height = 0.25 * lengths * (np.tan(0.5 * start) + np.tan(0.5 * end))
    height[front.bare] = 0.0
    if chain.calm.size:
        calm = chain.is_calm()
        height[calm[last] | calm[first]] = 0.0
    return np.asarray(height)


def _split(chain: _Chain, size: SizeFunction) -> _Chain:
    """Halve long edges on the curve."""
    front = chain.front
    k: IntArray = np.flatnonzero(relative_lengths(front, size) > LONG)
    if k.size == 0:
        return chain
    height = _bulge(chain)[k]
    middle = front.points[front.cells[k]].mean(axis=1) + height[:, None] * front.normals[k]
    every = np.arange(len(front.cells))
    finer = front.remade(np.insert(front.points, k + 1, middle, axis=0), np.insert(every, k, k))
    protect, origin = np.insert(chain.protect, k + 1, False), np.insert(chain.origin, k + 1, -1)
    return replace(chain, front=finer, protect=protect, origin=origin)
