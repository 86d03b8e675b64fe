"""Whether a front may be given to a mesher: on its walls, on its side of the collector, and simple."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .proximity import crossings

if TYPE_CHECKING:
    from .front import Front


def check_front(front: Front, width: float, gap: float, name: str = "front") -> None:
    """Raise MeshError unless all chains are simple, apart, and between walls, base and counter electrode.

    Chains across the cell run from x = 0 to x = width above their base, or from x = width to x = 0 below it.
    Other open chains have to stay on one side of the walls that they end on. Where a chain runs across the
    cell all others must lie in the cell.

    Args:
        front: any number of chains.
        width: distance of the walls normal to x.
        gap: height of a flat counter electrode; infinite where there is none.
        name: what the front is called in the message.
    """
    finite = np.isfinite(front.points)
    if not finite.all():
        raise MeshError(f"the {name} has {int(np.sum(~finite))} coordinates that are not finite")
    parts = front.parts()
    for part in parts:
        if part.across[0]:
            _check_across(part, width, gap, name)
            continue
        if part.chains[0].walls is not None:
            _check_sides(part, name)
        if any(front.across):
            _check_inside(part, width, gap, name)
    if front.lengths.min() <= 0.0:
        x, y = front.points[front.cells[int(np.argmin(front.lengths)), 0]]
        raise MeshError(f"the {name} has an edge of zero length at ({x:g}, {y:g})")
    lines = [shapely.LineString(outline(part)) for part in parts]
    if not shapely.is_simple(shapely.MultiLineString(lines) if len(lines) > 1 else lines[0]):
        raise MeshError(f"the {name} crosses or touches itself {_where_crossed(front)}")


def outline(part: Front) -> FloatArray:
    """Vertices of a front of one chain along the way; the first one again at the end of a closed chain."""
    return np.concatenate((part.points, part.points[:1])) if part.chains[0].walls is None else part.points


def crossed_edges(front: Front) -> tuple[IntArray, IntArray]:
    """Pairs (i, j), i < j, of edges of any chains that cross each other between their ends."""
    if len(front.chains) == 1:
        return crossings(outline(front))
    segments = np.asarray(shapely.linestrings(front.points[front.cells]))
    i, j = shapely.STRtree(segments).query(segments, predicate="crosses")
    return i[i < j], j[i < j]


def _check_across(part: Front, width: float, gap: float, name: str) -> None:
    x, y = part.points.T
    upwards = x[0] == 0.0 and x[-1] == width
    downwards = x[0] == width and x[-1] == 0.0 and y.max() <= part.base
    if not upwards and not downwards:
        raise MeshError(
            f"the {name} must run from x = 0 to x = {width:g} above its base {part.base:g}, "
            f"or back below it; it runs from {x[0]:g} to {x[-1]:g}"
        )
    if x.min() < 0.0 or x.max() > width:
        raise MeshError(f"the {name} leaves the cell through a wall (x from {x.min():g} to {x.max():g})")
    if upwards and y.min() < part.base:
        raise MeshError(f"the {name} dips below the substrate, y = {y.min():g} at x = {x[np.argmin(y)]:g}")
    if upwards and y.max() >= gap:
        raise MeshError(f"the {name} reaches y = {y.max():g}, the counter electrode is at {gap:g}")


def _check_sides(part: Front, name: str) -> None:
    walls = part.chains[0].walls
    assert walls is not None
    for end, axis in zip((0, -1), walls, strict=True):
        depth = part.points[:, axis] - part.points[end, axis]
        if depth.min() < 0.0 < depth.max():
            wall = f"{'xy'[axis]} = {part.points[end, axis]:g}"
            raise MeshError(f"the {name} leaves the cell through the wall {wall}, on which it ends")


def _check_inside(part: Front, width: float, gap: float, name: str) -> None:
    """Pieces that have come off; only their ends may lie on a wall."""
    x, y = part.points.T
    free = x[~part.fixed[:, 0]]
    ends = x[part.fixed[:, 0]]
    if (
        free.min(initial=width) <= 0.0
        or free.max(initial=0.0) >= width
        or y.max() >= gap
        or not np.isin(ends, (0.0, width)).all()
    ):
        raise MeshError(
            f"a piece of the {name} leaves the cell (x from {x.min():g} to {x.max():g}, y up to {y.max():g})"
        )


def _where_crossed(front: Front) -> str:
    first, second = crossed_edges(front)
    if first.size == 0:
        return "in a point"
    (x, y), (u, v) = front.points[front.cells[first[0], 0]], front.points[front.cells[second[0], 0]]
    return f"near ({x:g}, {y:g}) and ({u:g}, {v:g})"
