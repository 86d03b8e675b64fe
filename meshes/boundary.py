"""The boundary of the electrolyte in 2D: fronts, the walls between their ends, a flat counter electrode.

Chains have the electrolyte on their left. So has the boundary of the electrolyte when it is walked around
counter-clockwise: where a chain ends on a wall the walk goes on along it to the chain that begins next.
Closed clockwise chains are holes. Where no chain is open, one closed counter-clockwise chain is the outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from scipy.spatial import cKDTree

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .front import Chain, Front
from .proximity import cross
from .tags import BOUNDARIES, COUNTER, WALLS

Divide = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class SizeField:
    """Wanted edge lengths away from the front.

    Attributes:
        bulk: largest edge length.
        growth: increase of the edge length per distance from the front.
        counter: edge length at a flat counter electrode, `bulk` unless given.
    """

    bulk: float
    growth: float = 0.3
    counter: float | None = None


class Side(NamedTuple):
    """A part of the boundary between two corners.

    Attributes:
        nodes: along the walk, both ends included, shape (k,).
        tag: which boundary it belongs to.
        moving: whether it is (part of) a chain of a front.
    """

    nodes: IntArray
    tag: int
    moving: bool


@dataclass(frozen=True, eq=False)
class Boundary:
    """Divided boundary of the electrolyte, which is on its left.

    Attributes:
        points: nodes, those of the fronts first, shape (b, 2).
        loops: the outer one first, then the holes.
        area: of the electrolyte.
    """

    points: FloatArray
    loops: tuple[tuple[Side, ...], ...]
    area: float

    @property
    def sides(self) -> list[Side]:
        """Of all loops, one after the other."""
        return [side for loop in self.loops for side in loop]

    @property
    def facets(self) -> IntArray:
        """Nodes of every boundary edge, electrolyte on the left, shape (K, 2)."""
        return np.concatenate([np.column_stack((side.nodes[:-1], side.nodes[1:])) for side in self.sides])

    @property
    def tags(self) -> IntArray:
        """Boundary that every facet belongs to, shape (K,)."""
        return np.concatenate([np.full(len(side.nodes) - 1, side.tag) for side in self.sides])


class _Strand(NamedTuple):
    """A chain of a front, or the flat counter electrode, whose nodes are not numbered yet (first = -1)."""

    points: FloatArray
    walls: tuple[int, int] | None
    tag: int
    first: int


def enclose(fronts: Mapping[str, Front], width: float, gap: float, size: SizeField) -> Boundary:
    """Complete the fronts to the boundary of the electrolyte.

    Args:
        fronts: "front", and "counter" if that electrode moves; else it is flat, at the height `gap`.
        width: distance of the walls normal to x.
        gap: height of the flat counter electrode.
        size: how the other parts of the boundary are to be divided.

    Raises:
        MeshError: if the boundary is not one simple loop around the electrolyte, with simple holes in it.
    """
    strands, start = [], 0
    for name, front in fronts.items():
        for part in front.parts():
            strands.append(_Strand(part.points, part.chains[0].walls, BOUNDARIES[name], start))
            start += len(part.points)
    opened = [strand for strand in strands if strand.walls is not None]
    points = [strand.points for strand in strands]
    flat = bool(opened) and "counter" not in fronts
    loops = [_ring(strand) for strand in strands if strand.walls is None]
    if opened:
        if flat:
            line = np.array([(width, gap), (0.0, gap)])
            opened.append(_Strand(line, Chain(2).walls, COUNTER, -1))
        divide = _division(list(fronts.values()), size, gap if flat else None)
        outer, extra = _walk(opened, start, divide, 1e-9 * width)
        loops, points = [outer, *loops], points + extra
    return _assembled(np.concatenate(points), loops, bool(opened))


def _ring(strand: _Strand) -> tuple[Side, ...]:
    """A closed chain in two halves."""
    nodes = strand.first + np.append(np.arange(len(strand.points)), 0)
    half = len(nodes) // 2
    return Side(nodes[: half + 1], strand.tag, True), Side(nodes[half:], strand.tag, True)


def _assembled(points: FloatArray, loops: list[tuple[Side, ...]], first_is_outer: bool) -> Boundary:
    outlines = [np.concatenate([points[side.nodes[:-1]] for side in loop]) for loop in loops]
    areas = np.array([0.5 * float(np.sum(cross(line, np.roll(line, -1, axis=0)))) for line in outlines])
    around = np.flatnonzero(areas > 0.0)
    if around.size != 1 or (first_is_outer and around[0] != 0):
        raise MeshError(
            "the electrolyte is not bounded by a simple polygon: of its boundary's "
            f"{len(loops)} loops {around.size} run counter-clockwise, which the outer one alone must do"
        )
    outer = int(around[0])
    order = [outer, *(k for k in range(len(loops)) if k != outer)]
    polygon = shapely.Polygon(outlines[outer], [outlines[k] for k in order[1:]])
    if not shapely.is_valid(polygon):
        reason = shapely.is_valid_reason(polygon)
        raise MeshError(f"the electrolyte is not bounded by a simple polygon: {reason}")
    return Boundary(points, tuple(loops[k] for k in order), float(areas.sum()))


def _walk(
    strands: list[_Strand], count: int, divide: Divide, tolerance: float
) -> tuple[tuple[Side, ...], list[FloatArray]]:
    """Around the electrolyte along open strands and walls; nodes beyond the first `count` are returned."""
    following = _following(strands, tolerance)
    extra: list[FloatArray] = []
    begun: dict[int, int] = {}  # first node of each strand met

    def new(points: FloatArray) -> IntArray:
        nonlocal count
        extra.append(points)
        count += len(points)
        return np.arange(count - len(points), count)

    sides: list[Side] = []
    k = 0
    while k not in begun:
        points, walls, tag, first = strands[k]
        assert walls is not None
        if first >= 0:
            nodes: IntArray = np.arange(first, first + len(points))
        else:
            head = sides[-1].nodes[-1:]
            nodes = np.concatenate((head, new(divide(points[0], points[1])), new(points[1:])))
        begun[k] = int(nodes[0])
        sides.append(Side(nodes, tag, first >= 0))
        k = following[k]
        there = strands[k].points[0]
        wall = new(divide(points[-1], there))
        known = begun.get(k, strands[k].first)
        end = new(there[None]) if known < 0 else np.array([known])
        sides.append(Side(np.concatenate((nodes[-1:], wall, end)), WALLS[walls[1]], False))
    if k != 0 or len(begun) < len(strands):
        raise MeshError(
            f"the fronts divide the electrolyte: of {len(strands)} electrode surfaces from wall to wall "
            f"{len(begun)} bound one part of it"
        )
    return tuple(sides), extra


def _following(strands: list[_Strand], tolerance: float) -> list[int]:
    """Which strand begins next on the wall where each one ends."""

    def on_wall(strand: _Strand, end: int) -> tuple[tuple[int, float, float], float]:
        """The wall (axis, sign of its inner normal, place), and how far along it this end lies."""
        assert strand.walls is not None
        axis, place = strand.walls[end], strand.points[end]
        inward = 1.0 if float(strand.points[:, axis].mean()) >= place[axis] else -1.0
        along = inward * (-1.0 if axis == 0 else 1.0)
        return (axis, inward, round(float(place[axis]) / tolerance)), along * float(place[1 - axis])

    starts = [on_wall(strand, 0) for strand in strands]
    following = []
    for strand in strands:
        wall, place = on_wall(strand, -1)
        ahead = [(at, k) for k, (other, at) in enumerate(starts) if other == wall and at > place]
        if not ahead:
            x, y = strand.points[-1]
            raise MeshError(
                "the electrolyte is not bounded by a simple polygon: an electrode surface ends on the wall "
                f"at ({x:g}, {y:g}), and no other begins beyond"
            )
        following.append(min(ahead)[1])
    return following


def _division(fronts: list[Front], size: SizeField, flat: float | None) -> Divide:
    """How to divide straight sides: by the length of the nearest front edge, growing away from it."""
    middles = np.concatenate([front.points[front.cells].mean(axis=1) for front in fronts])
    lengths = np.concatenate([front.lengths for front in fronts])
    vertices = np.concatenate([front.points for front in fronts])
    tree = cKDTree(middles)

    def wanted(x: FloatArray) -> FloatArray:
        distance, edge = tree.query(x)
        rate = np.minimum(1.0, size.growth * distance / size.bulk)
        h = np.minimum(size.bulk, lengths[edge] + (size.bulk - lengths[edge]) * rate)
        if size.counter is not None and flat is not None:
            h = np.minimum(h, size.counter + size.growth * (flat - x[:, 1]))
        return np.asarray(h)

    def divide(start: FloatArray, end: FloatArray) -> FloatArray:
        """Inner points of a straight side by the integral of 1/h."""
        span = float(np.hypot(*(end - start)))
        near = (vertices - start) @ (end - start) / span**2
        geometric = np.expm1(np.linspace(0.0, 7.0, 200)) / np.expm1(7.0)
        s = np.unique(
            np.concatenate((np.clip(near, 0.0, 1.0), geometric, 1.0 - geometric, np.linspace(0.0, 1.0, 401)))
        )
        density = span / wanted(start + s[:, None] * (end - start))
        number = np.concatenate(([0.0], np.cumsum(0.5 * np.diff(s) * (density[1:] + density[:-1]))))
        count = max(1, round(float(number[-1])))
        inner = np.interp(np.arange(1, count) * (number[-1] / count), number, s)
        return np.asarray(start + inner[:, None] * (end - start))

    return divide
