"""What may follow a displacement: loops, parts that meet, electrolyte pinched off, feet that meet.

A front that crosses itself, or faces itself across less than a given distance of electrolyte, is cut there:
the two parts are joined in one vertex and the way between them is dropped. What the dropped way enclosed is

    electrolyte, inside the new metal:     a pocket, trapped for good if large, else filled
    metal counted twice (overlap):         given back along the new front
    metal, outside the new metal:          detached if large, else given back

Filling and giving back keep the metal area: the vertices around the junction are displaced by what is owed:

    metal area after = metal area before + trapped - detached + bridged,     bridged = 0 to rounding
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from .advance import displace
from .arrays import FloatArray
from .errors import MeshError
from .front import Front
from .pockets import enclosed
from .proximity import SEPARATION, contacts, obstructed

LARGE = 4.0
"""Pockets larger than this many times distance^2 are kept account of, smaller ones are filled."""
FOLD = np.radians(20.0)
"""Corners of electrolyte with a smaller opening angle are closed: no mesh fits into them."""
NOTEWORTHY = 12.0
"""Cuts that drop a way longer than this many times the distance are reported as events."""
ROUNDS = 25
"""Cuts can uncover further ones; this many rounds are enough or something is wrong."""


@dataclass(frozen=True, eq=False)
class Resolution:
    """A front that neither crosses nor nearly touches itself, and what had to happen to it.

    Attributes:
        front: the new front; the very one given if `changed` is false.
        changed: whether anything happened.
        trapped_area: electrolyte cut off from the counter electrode; it now counts as metal area.
        bridged_area: change of metal area that is neither trapped nor detached (rounding, as a rule).
        detached_area: metal cut off from the front; it no longer counts as metal area.
        trapped: outlines of the pockets, each of shape (k, 2).
        events: one sentence for each thing that happened, with places in the unit of the front.
    """

    front: Front
    changed: bool = False
    trapped_area: float = 0.0
    bridged_area: float = 0.0
    detached_area: float = 0.0
    trapped: list[FloatArray] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@dataclass
class _Account:
    """What has happened so far; `owed` are places (x, y) and the metal area to be given back there."""

    trapped: list[FloatArray] = field(default_factory=list)
    trapped_area: float = 0.0
    detached_area: float = 0.0
    events: list[str] = field(default_factory=list)
    owed: list[tuple[float, float, float]] = field(default_factory=list)


def resolve(front: Front, width: float, gap: float, distance: float) -> Resolution:
    """Cut loops, merge parts of the front that meet, drop pockets of electrolyte they enclose.

    Args:
        front: the front after a displacement, which may cross itself or the walls a little.
        width: width of the cell; the walls are mirrors, so half of `distance` counts there.
        gap: height of the counter electrode; the front must stay below.
        distance: parts that face each other across less electrolyte than this are merged, and so are two
            deposits that have left less bare substrate than this between them.

    Raises:
        MeshError: if the front cannot be made simple.
    """
    account = _Account()
    work = front
    for attempt in range(ROUNDS):
        start = work
        reach = (
            distance if attempt < 3 else 0.0
        )  # giving back may close gaps further: leave those to the next call
        work = _cut_contacts(work, reach, distance, account)
        work = _cut_folds(work, distance, account)
        work = _close_substrate(work, width, reach, distance, account)
        work = _cut_walls(work, width, reach, distance, account)
        work = _lift(work, account)
        work = _give_back(work, width, distance, account)
        if work is start:
            break
    else:
        raise MeshError(f"the front keeps crossing itself after {ROUNDS} rounds of cuts")
    if work is front:
        return Resolution(front)
    work.check(width, gap)
    gained = work.metal_area() - front.metal_area()
    bridged = gained - account.trapped_area + account.detached_area
    return Resolution(
        work, True, account.trapped_area, bridged, account.detached_area, account.trapped, account.events
    )


def _cut(
    front: Front, i: int, j: int, place: FloatArray, distance: float, what: str, account: _Account
) -> Front:
    """Replace vertices i+1 .. j by one at `place` (edges i+1 .. j-1 vanish); account for what that encloses.

    i = -1 makes `place` the first vertex, j = n - 1 the last.
    """
    points, last = front.points, len(front.points) - 1
    keep = np.r_[0 : i + 1, j:last]
    result = front.remade(
        np.concatenate((points[: i + 1], place[None], points[j + 1 :])),
        front.surface[keep],
        front.coverage[keep],
        front.patch[keep],
    )
    ring = np.concatenate((points[max(i, 0) : min(j + 1, last) + 1], place[None]))
    trapped, detached = enclosed(ring, result, LARGE * distance * distance)
    kept_area = sum(float(shapely.area(face)) for face in trapped)
    lost_area = sum(float(shapely.area(face)) for face in detached)
    account.trapped += [np.array(face.exterior.coords) for face in trapped]
    account.trapped_area += kept_area
    account.detached_area += lost_area
    gained = result.metal_area() - front.metal_area()
    account.owed.append((float(place[0]), float(place[1]), kept_area - lost_area - gained))
    notes = [f", trapping electrolyte of area {kept_area:.4g}"] if trapped else []
    notes += [f", detaching metal of area {lost_area:.4g}"] if detached else []
    if np.count_nonzero(np.diff(result.bare)) < np.count_nonzero(np.diff(front.bare)):
        names = " and ".join(
            sorted({front.names[k] for k in front.surface[i + 1 : j][front.bare[i + 1 : j]]})
        )
        what = f"deposit closed over bare {names}"
    elif not notes and float(front.lengths[max(i, 0) : j + 1].sum()) < NOTEWORTHY * distance:
        return result
    account.events.append(f"{what} at ({place[0]:.4g}, {place[1]:.4g}){''.join(notes)}")
    return result


def _close_substrate(front: Front, width: float, reach: float, distance: float, account: _Account) -> Front:
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
            front = _cut(front, a - 1, b, place, distance, "two deposits met", account)
            continue
        inner = front.points[a + 1 : b, 0]
        if a > 0 and np.any(inner <= front.points[a, 0]):
            end = a + 1 + int(np.flatnonzero(inner <= front.points[a, 0])[-1])
            front = _cut(front, a - 1, end, front.points[a], distance, "a foot of deposit moved", account)
            b -= end - a
            inner = front.points[a + 1 : b, 0]
        if b < len(front.points) - 1 and np.any(inner >= front.points[b, 0]):
            begin = a + 1 + int(np.flatnonzero(inner >= front.points[b, 0])[0])
            front = _cut(front, begin - 1, b, front.points[b], distance, "a foot of deposit moved", account)
    return front


def _cut_folds(front: Front, distance: float, account: _Account) -> Front:
    """Close corners of electrolyte sharper than FOLD as far as their shorter edge reaches."""
    turning = front.turning()
    for end, i, j in ((0, -1, 1), (len(turning) - 1, len(turning) - 3, len(turning) - 1)):
        if turning[end] < 2.0 * FOLD - np.pi:  # on a wall the mesh sees half of the corner
            place = np.array([front.points[end, 0], front.points[1 if end == 0 else end - 1, 1]])
            return _cut(front, i, j, place, distance, "a sharp corner closed", account)
    folded = turning < FOLD - np.pi
    folded[[0, -1]] = False
    done = len(front.points)
    for c in map(int, np.flatnonzero(folded)[::-1]):
        if c + 2 >= done:
            continue  # the next corner was so close that it has been cut already
        p, q = front.edges[c - 1 : c + 1]
        left_is_shorter = bool(front.lengths[c - 1] <= front.lengths[c])
        end, along = (c - 1, q) if left_is_shorter else (c + 1, -p)
        counterpart = front.points[c] + along * (min(front.lengths[c - 1 : c + 1]) / np.hypot(*along))
        place = 0.5 * (front.points[end] + counterpart)
        if front.bare[c - 1] != front.bare[c]:
            place = counterpart if front.bare[c] == left_is_shorter else front.points[end]
        if end in (0, len(front.points) - 1):
            place = front.points[end]
        i, j = (c - 2, c) if left_is_shorter else (c - 1, c + 1)
        front, done = _cut(front, i, j, place, distance, "a sharp corner closed", account), c - 1
    return front


def _lift(front: Front, account: _Account) -> Front:
    """Put vertices that a deposit bending over its foot has pushed below the substrate back onto it."""
    below = front.points[:, 1] < 0.0
    if not below.any():
        return front
    result = front.with_points(np.where(below[:, None], front.points * (1.0, 0.0), front.points))
    x, y = front.points[int(np.argmin(front.points[:, 1]))]
    account.owed.append((float(x), float(y), front.metal_area() - result.metal_area()))
    return result


def _cut_walls(front: Front, width: float, reach: float, distance: float, account: _Account) -> Front:
    """Join the front to a wall that it has crossed, or faces across less than half of `reach`."""
    for left in (True, False):
        x, last = front.points[:, 0], len(front.points) - 1
        depth = x if left else width - x
        arc = np.append(0.0, np.cumsum(front.lengths))
        way = arc if left else arc[-1] - arc
        facing = front.area_vectors[:, 0] * (1.0 if left else -1.0) < 0.0
        close = facing & (depth < 0.5 * reach) & (way > 0.5 * SEPARATION * reach)
        met = (depth <= 0.0) | close
        met[[0, -1]] = False
        for k in map(int, np.flatnonzero(met)[:: -1 if left else 1]):
            place = np.array([0.0 if left else width, front.points[k, 1]])
            if depth[k] <= 0.0 or not obstructed(front.points, front.points[k], place):
                i, j = (-1, k) if left else (k - 1, last)
                front = _cut(front, i, j, place, distance, "the front met a wall", account)
                break
    return front


def _cut_contacts(front: Front, reach: float, distance: float, account: _Account) -> Front:
    """Join the outermost of all pairs of edges that cross or face each other across less than `reach`."""
    found = contacts(front.points, front.area_vectors, reach)
    if found.first.size == 0:
        return front
    cuts: list[tuple[int, int, int]] = []
    for k in map(int, np.lexsort((found.first, found.first - found.second))):
        i, j = int(found.first[k]), int(found.second[k])
        apart = all(j < begin or i > end for begin, end, _ in cuts)
        if apart and (found.crossing[k] or not obstructed(front.points, found.start[k], found.end[k])):
            cuts.append((i, j, k))
    for i, j, k in sorted(cuts, reverse=True):
        place = 0.5 * (found.start[k] + found.end[k])
        for edge, other in ((i, j), (j, i)):
            if (
                front.bare[edge] and not front.bare[other]
            ):  # a deposit that bends down to the substrate gets a new foot
                p, along = front.points[edge], front.edges[edge]
                place = p + np.clip((place - p) @ along / (along @ along), 0.0, 1.0) * along
        what = "the front crossed itself" if found.crossing[k] else "two parts of the front met"
        first, last = i, j
        if (
            first > 0
            and not front.breaks[first]
            and np.hypot(*(front.points[first] - place)) < 0.2 * distance
        ):
            first -= 1
        if last + 2 < len(front.points) and not front.breaks[last + 1]:
            last += int(np.hypot(*(front.points[last + 1] - place)) < 0.2 * distance)
        front = _cut(front, first, last, place, distance, what, account)
    return front


def _give_back(front: Front, width: float, distance: float, account: _Account) -> Front:
    """Displace the front around the cuts by the metal area owed there, so gently that it is hardly seen."""
    debts = [debt for debt in account.owed if debt[2] != 0.0]
    account.owed.clear()
    if not debts:
        return front
    on_substrate = np.append(front.bare, False) | np.append(False, front.bare)
    size = np.hypot(front.area_vectors[:, 0], front.area_vectors[:, 1]) * ~on_substrate
    if not np.any(size > 0.0):
        return front
    arc = np.append(0.0, np.cumsum(front.lengths))
    volume = np.zeros(len(arc))
    for x, y, area in debts:
        way = arc - arc[np.argmin(np.hypot(front.points[:, 0] - x, front.points[:, 1] - y))]
        near = np.abs(way) < 4.0 * distance
        radius = max(4.0 * distance, 3.0 * float(np.mean(front.lengths[near[1:] | near[:-1]])))
        radius = max(radius, 4.0 * abs(area) / distance)  # displacements of a tenth of `distance` at most
        reachable = size * np.exp(-0.5 * (way / radius) ** 2)
        if reachable.sum() == 0.0:
            reachable = size
        volume += area * reachable / reachable.sum()
    none = np.zeros(len(arc), dtype=np.bool_)
    return front.with_points(front.points + displace(front, volume, on_substrate, none, width))
