"""One chain of a front made simple: loops cut out, gaps and corners closed, feet and walls met.

Every cut replaces a way along the chain by one vertex. What that changes is written to an `Account`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from .arrays import FloatArray
from .front import Front
from .pockets import blunted, enclosed, piece, rolled, signed_area
from .proximity import contacts, obstructed

LARGE = 4.0
"""Pockets and pieces larger than this many times distance^2 are kept account of, smaller ones are filled."""
FOLD = np.radians(20.0)
"""Corners of electrolyte with a smaller opening angle are closed: no mesh fits into them."""
NOTEWORTHY = 12.0
"""Cuts that drop a way longer than this many times the distance are reported as events."""
RETRACT = 1.25
"""The two tips of a neck that has parted are cut back by this many times the distance."""


@dataclass
class Account:
    """What has happened so far.

    Attributes:
        patch: number that the next detached piece gets.
        smallest: area up to which detached metal is given back even if it is large.
        trapped: pockets of electrolyte.
        trapped_area: their area.
        born: detached pieces of metal that are not yet chains of the front.
        events: one sentence for each thing that happened.
        owed: places (x, y) and the metal area to be given back there.
    """

    patch: int = 0
    smallest: float = 0.0
    trapped: list[shapely.Polygon] = field(default_factory=list)
    trapped_area: float = 0.0
    born: list[Front] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    owed: list[tuple[float, float, float]] = field(default_factory=list)


def is_closed(chain: Front) -> bool:
    """Whether a front of one chain is closed."""
    return chain.chains[0].walls is None


def cut(
    chain: Front, i: int, j: int, place: FloatArray, distance: float, what: str, account: Account
) -> Front:
    """Replace vertices i+1 .. j by one at `place` (edges i+1 .. j-1 vanish); account for what that encloses.

    On an open chain i = -1 makes `place` the first vertex, j = n - 1 the last.
    """
    points, last = chain.points, len(chain.points) - 1
    keep = np.r_[0 : i + 1, j : len(chain.surface)]
    result = chain.remade(
        np.concatenate((points[: i + 1], place[None], points[j + 1 :])),
        keep,
    )
    way = np.arange(i, j + 2) % (last + 1) if is_closed(chain) else np.arange(max(i, 0), min(j + 1, last) + 1)
    ring = np.concatenate((points[way], place[None]))
    trapped, detached = enclosed(ring, result, LARGE * distance * distance)
    kept_area = sum(float(shapely.area(face)) for face in trapped)
    account.trapped += trapped
    account.trapped_area += kept_area
    dead = _detach(detached, chain, i, j, place, distance, account)
    lost_area = sum(part.metal_area() for part in dead)
    owing = result
    if dead:
        result = blunted(result, i + 1, place, RETRACT * distance)
    gained = result.metal_area() - chain.metal_area()
    account.owed.append((float(place[0]), float(place[1]), kept_area - lost_area - gained))
    notes = [f", trapping electrolyte of area {kept_area:.4g}"] if trapped else []
    notes += [f", detaching metal of area {lost_area:.4g}"] if dead else []
    if np.count_nonzero(np.diff(owing.bare)) < np.count_nonzero(np.diff(chain.bare)):
        names = " and ".join(
            sorted({chain.names[k] for k in chain.surface[i + 1 : j][chain.bare[i + 1 : j]]})
        )
        what = f"deposit closed over bare {names}"
    elif not notes and float(chain.lengths[max(i, 0) : j + 1].sum()) < NOTEWORTHY * distance:
        return result
    account.events.append(f"{what} at ({place[0]:.4g}, {place[1]:.4g}){''.join(notes)}")
    return result


def _detach(
    faces: list[shapely.Polygon],
    chain: Front,
    i: int,
    j: int,
    place: FloatArray,
    distance: float,
    account: Account,
) -> list[Front]:
    """Pieces of metal that a cut has set free, as chains with new patch numbers, their tips cut back."""
    walls = () if is_closed(chain) else (float(chain.points[0, 0]), float(chain.points[-1, 0]))
    pieces: list[Front] = []
    bare = chain.on_facets(chain.points)[i + 1 : j][chain.bare[i + 1 : j]]
    low, high = _sides(chain)
    for face in faces:
        if face.area <= account.smallest or not low <= face.centroid.x <= high:
            continue  # too small, or grown through a wall
        if len(bare) and shapely.dwithin(shapely.points(bare), face, 1e-9 * distance).any():
            continue  # this is a fold of the substrate, not metal of its own
        part = piece(face, chain, account.patch, walls)
        tips = [place] + [other for other in _shared(face, faces) if np.hypot(*(other - place)) > 0.0]
        for tip in tips:
            away = np.hypot(*(part.points - tip).T)
            if away.min() < RETRACT * distance:
                part = blunted(part, int(np.argmin(away)), tip, RETRACT * distance)
        account.patch += 1
        pieces.append(part)
    account.born += pieces
    return pieces


def _sides(chain: Front) -> tuple[float, float]:
    """Abscissae of the walls that an open chain ends on, infinite where there is none."""
    if is_closed(chain):
        return -np.inf, np.inf
    x0, x1 = sorted((float(chain.points[0, 0]), float(chain.points[-1, 0])))
    if x0 == x1:
        return (x0, np.inf) if float(chain.points[:, 0].mean()) >= x0 else (-np.inf, x1)
    return x0, x1


def _shared(face: shapely.Polygon, faces: list[shapely.Polygon]) -> list[FloatArray]:
    """Vertices that a face has in common with another one."""
    own = {tuple(xy) for xy in shapely.get_coordinates(face)}
    others = {tuple(xy) for other in faces if other is not face for xy in shapely.get_coordinates(other)}
    return [np.array(xy) for xy in sorted(own & others)]


def cut_folds(front: Front, distance: float, account: Account) -> Front:
    """Close corners of electrolyte sharper than FOLD as far as their shorter edge reaches."""
    turning = front.turning()
    last = len(turning) - 1
    if is_closed(front):
        sharp = np.flatnonzero(turning < FOLD - np.pi)
        if sharp.size == 0 or last < 6:
            return front
        half = len(turning) // 2
        return _close_fold(rolled(front, (int(sharp[0]) - half) % (last + 1)), half, distance, account)
    for end, i, j in ((0, -1, 1), (last, last - 2, last)):
        if turning[end] < 2.0 * FOLD - np.pi:  # on a wall the mesh sees half of the corner
            place = np.array([front.points[end, 0], front.points[1 if end == 0 else end - 1, 1]])
            return cut(front, i, j, place, distance, "a sharp corner closed", account)
    folded = turning < FOLD - np.pi
    folded[[0, -1]] = False
    done = len(front.points)
    for c in map(int, np.flatnonzero(folded)[::-1]):
        if c + 2 >= done:
            continue  # the next corner was so close that it has been cut already
        front, done = _close_fold(front, c, distance, account), c - 1
    return front


def _close_fold(front: Front, c: int, distance: float, account: Account) -> Front:
    """Close the sharp corner at vertex c, which is no end."""
    p, q = front.edges[c - 1 : c + 1]
    left_is_shorter = bool(front.lengths[c - 1] <= front.lengths[c])
    end, along = (c - 1, q) if left_is_shorter else (c + 1, -p)
    counterpart = front.points[c] + along * (min(front.lengths[c - 1 : c + 1]) / np.hypot(*along))
    place = 0.5 * (front.points[end] + counterpart)
    if front.bare[c - 1] != front.bare[c]:
        place = counterpart if front.bare[c] == left_is_shorter else front.points[end]
    if not is_closed(front) and end in (0, len(front.points) - 1):
        place = front.points[end]
    i, j = (c - 2, c) if left_is_shorter else (c - 1, c + 1)
    return cut(front, i, j, place, distance, "a sharp corner closed", account)


def blocked(front: Front, start: FloatArray, end: FloatArray) -> bool:
    """Whether the chain itself lies between two places."""
    p, q = front.points[front.cells[:, 0]], front.points[front.cells[:, 1]]
    return obstructed(p, q, start, end)


def cut_contacts(front: Front, reach: float, distance: float, account: Account) -> Front:
    """Join the outermost of all pairs of edges that cross or face each other across less than `reach`."""
    closed = is_closed(front)
    found = contacts(front.points, front.area_vectors, reach, closed)
    if found.first.size == 0:
        return front
    cuts: list[tuple[int, int, int]] = []
    span = found.second - found.first
    if closed:
        span = np.minimum(span, len(front.surface) - span)
    for k in map(int, np.lexsort((found.first, -span))):
        i, j = int(found.first[k]), int(found.second[k])
        apart = all(j < begin or i > end for begin, end, _ in cuts) and not (closed and cuts)
        if apart and (found.crossing[k] or not blocked(front, found.start[k], found.end[k])):
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
        if closed:
            front, first, last = _smaller_last(front, i, j, place)
        if (
            first > 0
            and not front.breaks[first]
            and np.hypot(*(front.points[first] - place)) < 0.2 * distance
        ):
            first -= 1
        if last + 2 < len(front.points) and not front.breaks[last + 1]:
            last += int(np.hypot(*(front.points[last + 1] - place)) < 0.2 * distance)
        pieces = len(account.born)
        front = cut(front, first, last, place, distance, what, account)
        if len(account.born) > pieces:
            break  # its tip is cut back: the numbers of vertices nearby hold no longer
    return front


def _smaller_last(front: Front, i: int, j: int, place: FloatArray) -> tuple[Front, int, int]:
    """The loop of a closed chain that is to be cut out, vertices i+1 .. j or all others: the smaller one."""
    points = front.points
    inner = abs(signed_area(np.concatenate((points[i + 1 : j + 1], place[None]))))
    outer = abs(signed_area(np.concatenate((points[j + 1 :], points[: i + 1], place[None]))))
    if inner <= outer:
        return front, i, j
    return rolled(front, i + 1), j - i - 1, len(points) - 1
