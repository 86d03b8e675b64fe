"""Where one chain of a front meets the cell: bare substrate between feet, the collector, and the walls."""

from __future__ import annotations

import numpy as np

from .cuts import Account, blocked, cut
from .front import Front
from .pockets import rolled
from .proximity import SEPARATION


def close_substrate(front: Front, width: float, reach: float, distance: float, account: Account) -> Front:
    """Drop bare substrate that feet have overrun; join feet that have left less than `reach` between them."""
    bare = front.bare
    if not bare.any() or bare.all():
        return front
    x, last = front.points[:, 0], len(front.points) - 1
    change = np.diff(np.concatenate(([False], bare, [False])).astype(np.int8))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    limit = np.where((starts == 0) | (ends == last), 0.5 * reach, reach)
    closing = (x[ends] - x[starts] < limit) | (x[ends] <= x[starts])
    for a, b, close in list(zip(map(int, starts), map(int, ends), map(bool, closing), strict=True))[::-1]:
        if close:
            place = 0.5 * (front.points[a] + front.points[b])
            if a == 0 or b == last:
                place = (
                    np.array([0.0, front.points[b, 1]]) if a == 0 else np.array([width, front.points[a, 1]])
                )
            front = cut(front, a - 1, b, place, distance, "two deposits met", account)
            continue
        inner = front.points[a + 1 : b, 0]
        if a > 0 and np.any(inner <= front.points[a, 0]):
            end = a + 1 + int(np.flatnonzero(inner <= front.points[a, 0])[-1])
            front = cut(front, a - 1, end, front.points[a], distance, "a foot of deposit moved", account)
            b -= end - a
            inner = front.points[a + 1 : b, 0]
        if b < len(front.points) - 1 and np.any(inner >= front.points[b, 0]):
            begin = a + 1 + int(np.flatnonzero(inner >= front.points[b, 0])[0])
            front = cut(front, begin - 1, b, front.points[b], distance, "a foot of deposit moved", account)
    return front


def lift_onto_base(front: Front, account: Account) -> Front:
    """Put vertices that a deposit bending over its foot has pushed below the substrate back onto it."""
    below = front.points[:, 1] < front.base
    if not below.any():
        return front
    height = np.where(below, front.base, front.points[:, 1])
    result = front.with_points(np.column_stack((front.points[:, 0], height)))
    x, y = front.points[int(np.argmin(front.points[:, 1]))]
    account.owed.append((float(x), float(y), front.metal_area() - result.metal_area()))
    return result


def cut_walls(front: Front, reach: float, distance: float, account: Account) -> Front:
    """Join an open chain to a wall it ends at and has crossed, or faces across less than half of `reach`."""
    walls = front.chains[0].walls
    if walls is None:
        return front
    same = bool(front.points[0, 0] == front.points[-1, 0])
    inward = np.sign(front.points[:, 0].mean() - front.points[[0, -1], 0])
    for start in (True, False):
        wall, last = float(front.points[0 if start else -1, 0]), len(front.points) - 1
        side = inward[0 if start else 1]
        if walls[0 if start else 1] != 0:
            continue
        depth = (front.points[:, 0] - wall) * side
        arc = np.append(0.0, np.cumsum(front.lengths))
        way = arc if start else arc[-1] - arc
        facing = front.area_vectors[:, 0] * side < 0.0
        close = facing & (depth < 0.5 * reach) & (way > 0.5 * SEPARATION * reach)
        met = (depth <= 0.0) | close
        met[[0, -1]] = False
        if same:
            met &= way <= 0.5 * arc[-1]
        for k in map(int, np.flatnonzero(met)[:: -1 if start else 1]):
            place = np.array([wall, front.points[k, 1]])
            if depth[k] <= 0.0 or not blocked(front, front.points[k], place):
                i, j = (-1, k) if start else (k - 1, last)
                front = cut(front, i, j, place, distance, "the front met a wall", account)
                break
    return front


def reach_wall(front: Front, width: float, reach: float, distance: float, account: Account) -> Front:
    """Open a closed chain that has crossed a wall, or faces it across less than half of `reach`."""
    for wall, side in ((0.0, 1.0), (width, -1.0)):
        depth = (front.points[:, 0] - wall) * side
        k = int(np.argmin(depth))
        if depth[k] > 0.0 and not (depth[k] < 0.5 * reach and front.area_vectors[k, 0] * side < 0.0):
            continue
        turned = rolled(front, k)
        free = np.flatnonzero((turned.points[:, 0] - wall) * side > max(0.2 * distance, depth[k]))
        if free.size < 2:
            continue
        a, b = int(free[0]), int(free[-1])
        inner = turned.points[a : b + 1]
        ends = np.array([[wall, inner[0, 1]], [wall, inner[-1, 1]]])
        edges = np.arange(a - 1, b + 1)
        result = turned.chained(np.concatenate((ends[:1], inner, ends[1:])), edges, (0, 0))
        x, y = ends.mean(axis=0)
        account.owed.append((float(x), float(y), front.metal_area() - result.metal_area()))
        account.events.append(f"dead metal met a wall at ({x:.4g}, {y:.4g})")
        return result
    return front
