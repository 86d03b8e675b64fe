"""Chains of one electrode that meet are spliced into one: dead metal is touched, two pieces grow together.

Edges p_i p_i+1 of one chain and q_j q_j+1 of another that face each other closely, or cross, are replaced:

    ... p_i -> q_j+1 ... (all of q) ... q_j -> p_i+1 ...

so a closed chain becomes part of the other one. Where edge p is bare substrate, it gets two feet.
What still overlaps afterwards is a loop of one chain.
"""

from __future__ import annotations

import numpy as np
import shapely

from .arrays import FloatArray, IntArray
from .cuts import LARGE, Account, is_closed
from .errors import MeshError
from .front import Front
from .pockets import rolled, signed_area
from .proximity import contacts_between, obstructed


def spliced(chains: list[Front], reach: float, distance: float, account: Account) -> list[Front]:
    """Splice all pairs of chains that cross, or face each other across less than `reach`, nearest first.

    Args:
        chains: fronts of one chain each.
        reach: width of the electrolyte between chains that are spliced.
        distance: the same at first; pockets are large compared with its square.
        account: what happens is added to it.

    Raises:
        MeshError: if two chains from wall to wall meet.
    """
    while len(chains) > 1:
        pair = _nearest(chains, reach)
        if pair is None:
            break
        (a, i), (b, j), place = pair
        if is_closed(chains[a]) and not is_closed(chains[b]):
            (a, i), (b, j) = (b, j), (a, i)
        one, other = chains[a], chains[b]
        before = one.metal_area() + other.metal_area()
        if is_closed(other):
            joined, pocket = _bridged(one, i, rolled(other, _after(one, i, other, j)), place), None
        else:
            joined, pocket = _between_walls(one, i, other, j, place)
        x, y = (float(c) for c in place)
        area, note = 0.0, ""
        if pocket is not None and pocket.area > LARGE * distance * distance:
            account.trapped.append(pocket)
            area = float(pocket.area)
            account.trapped_area += area
            note = f", trapping electrolyte of area {area:.4g}"
        account.owed.append((x, y, before + area - joined.metal_area()))
        account.events.append(f"{_kind(one)} met {_kind(other)} at ({x:.4g}, {y:.4g}){note}")
        chains = [joined if k == a else chain for k, chain in enumerate(chains) if k != b]
    return chains


def _kind(chain: Front) -> str:
    return "dead metal" if chain.patch.min() >= 0 else "the electrode"


def _nearest(chains: list[Front], reach: float) -> tuple[tuple[int, int], tuple[int, int], FloatArray] | None:
    """Chain and edge on both sides of the closest contact, and the place midway."""
    front = Front.joined(chains)
    chain = np.repeat(np.arange(len(chains)), [len(part.surface) for part in chains])
    found = contacts_between(front.points, front.cells, front.area_vectors, chain, reach)
    p, q = front.points[front.cells[:, 0]], front.points[front.cells[:, 1]]
    begins: IntArray = np.concatenate(([0], np.cumsum([len(part.surface) for part in chains])))
    for k in range(found.first.size):
        i, j = int(found.first[k]), int(found.second[k])
        if front.bare[i] and front.bare[j]:
            continue
        if found.crossing[k] or not obstructed(p, q, found.start[k], found.end[k]):
            a, b = int(chain[i]), int(chain[j])
            place = 0.5 * (found.start[k] + found.end[k])
            return (a, i - int(begins[a])), (b, j - int(begins[b])), place
    return None


def _after(one: Front, i: int, other: Front, j: int) -> int:
    """Vertex of the closed chain `other` that p_i of `one` is to be linked to, q_j+1 as a rule.

    Where both edges begin, or both end, at the closest points, the links would cut through the junction. Then
    the edge of `other` next to edge j is replaced, whose other end is the closest point.
    """
    p, q = one.points[one.cells[i]], other.points[other.cells[j]]
    apart = np.hypot(*(p[:, None] - q[None]).transpose(2, 0, 1))
    shift = (-1, 0, 0, 1)[int(np.argmin(apart))]  # beginnings; beginning of p, end of q; the reverse; ends
    return (j + 1 + shift) % len(other.points)


def _bridged(one: Front, i: int, other: Front, place: FloatArray) -> Front:
    """`one` with the closed chain `other`, whose last edge faces edge i of `one`, spliced in."""
    feet = np.empty((0, 2))
    n = len(one.points)
    if one.bare[i]:
        p, q = one.points[i], one.points[(i + 1) % n]
        along = q - p
        length = float(np.hypot(*along))
        half = min(0.5 * float(other.lengths[-1]), 0.25 * length) / length
        middle = np.clip((place - p) @ along / length**2, 2.0 * half, 1.0 - 2.0 * half)
        feet = p + np.array([[middle - half], [middle + half]]) * along
    points = (one.points[: i + 1], feet[:1], other.points, feet[1:], one.points[i + 1 :])

    last = len(other.surface) - 1
    link = [last] if len(feet) else []
    # edges up to p_i, of the link to q, all of q, of the link back to p_i+1, and on
    of_one, of_other = np.arange(len(one.surface)), np.arange(last)
    before, after = of_one[: i + 1], of_one[i if len(feet) else i + 1 :]
    around = np.concatenate((link, of_other, [last])).astype(np.int64)
    edges = np.concatenate((before, len(one.surface) + around, after))
    return Front.joined((one, other)).chained(np.concatenate(points), edges, one.chains[0].walls)


def _between_walls(
    one: Front, i: int, other: Front, j: int, place: FloatArray
) -> tuple[Front, shapely.Polygon | None]:
    """Two open chains, one of which begins and ends on a wall where the other one ends too.

    The exchange of their ends makes two chains; what one of them encloses at that wall is filled or trapped.
    """
    if not (on_one_wall(one) or on_one_wall(other)):
        raise MeshError(f"two chains from wall to wall meet at ({place[0]:g}, {place[1]:g})")
    candidates = sorted(
        (_exchanged(one, i, other, j), _exchanged(other, j, one, i)),
        key=lambda chain: (on_one_wall(chain), -chain.metal_area()),
    )
    remaining, corner = candidates
    pocket = shapely.Polygon(corner.points) if signed_area(corner.points) > 0.0 else None
    return remaining, pocket


def on_one_wall(chain: Front) -> bool:
    """Whether a front of one chain is open, and begins and ends on the same wall."""
    return not is_closed(chain) and bool(chain.points[0, 0] == chain.points[-1, 0])


def _exchanged(one: Front, i: int, other: Front, j: int) -> Front:
    """`one` up to vertex i, then `other` from vertex j + 1."""
    a, b = one.chains[0].walls, other.chains[0].walls
    walls = (a[0] if a else 0, b[1] if b else 0)
    points = np.concatenate((one.points[: i + 1], other.points[j + 1 :]))
    first, count = len(one.surface), len(other.surface)
    edges = np.concatenate((np.arange(i + 1), first + np.arange(j + 1, count)))
    return Front.joined((one, other)).chained(points, edges, walls)
