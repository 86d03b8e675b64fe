"""What may follow a displacement: loops, parts that meet, electrolyte pinched off, metal set free.

A chain that crosses itself, or faces itself across less than a given distance of electrolyte, is cut there:
the two parts are joined in one vertex and the way between them is dropped. What the dropped way enclosed is

    electrolyte, inside the new metal:     a pocket, trapped for good if large, else filled
    metal counted twice (overlap):         given back along the new front
    metal, outside the new metal:          dead metal if large, a chain of its own; else given back

Two chains that meet are spliced into one. Filling and giving back keep the metal area: the vertices around
the junction are displaced by what is owed. Dead metal stays in the front, so that

    metal area after = metal area before + trapped + bridged,     bridged = 0 to rounding
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from .advance import displace
from .arrays import BoolArray, FloatArray
from .bounds import close_substrate, cut_walls, lift_onto_base, reach_wall
from .cuts import LARGE, Account, cut_contacts, cut_folds, is_closed
from .errors import MeshError
from .front import Front
from .splice import spliced
from .strip import Exhausted, limit

ROUNDS = 25
"""Cuts can uncover further ones; this many rounds are enough or something is wrong."""
PATIENCE = 3
"""After so many rounds only what crosses is cut, and detached metal must be larger and larger to stay so."""


@dataclass(frozen=True, eq=False)
class Resolution:
    """A front that neither crosses nor nearly touches itself, and what had to happen to it.

    Attributes:
        front: the new front; the very one given if `changed` is false.
        changed: whether anything happened.
        trapped_area: electrolyte cut off from the counter electrode; it now counts as metal area.
        bridged_area: change of metal area that is not trapped: rounding, and where the last metal was
            dissolved twice in one step, what could not be taken elsewhere.
        detached_area: area of the dead metal set free, which stays in the front as chains of its own.
        dead: patch number and area of every new piece of dead metal.
        trapped: outlines of the pockets, each of shape (k, 2).
        events: one sentence for each thing that happened, with places in the unit of the front.
    """

    front: Front
    changed: bool = False
    trapped_area: float = 0.0
    bridged_area: float = 0.0
    detached_area: float = 0.0
    dead: tuple[tuple[int, float], ...] = ()
    trapped: list[FloatArray] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


def resolve(
    front: Front, width: float, gap: float, distance: float, next_patch: int | None = None
) -> Resolution:
    """Cut loops, merge parts of the front that meet, drop pockets of electrolyte they enclose.

    Args:
        front: the front after a displacement, which may cross itself or the walls a little.
        width: width of the cell; the walls are mirrors, so half of `distance` counts there.
        gap: height of the counter electrode; the front must stay below.
        distance: parts that face each other across less electrolyte than this are merged, and so are two
            deposits that have left less bare substrate than this between them.
        next_patch: number of the first piece of metal set free; by default the smallest beyond those in use.

    Raises:
        MeshError: if the front cannot be made simple.
    """
    first_patch = max(0, int(front.patch.max()) + 1) if next_patch is None else next_patch
    account = Account(patch=first_patch)
    given = work = front.parts()
    for attempt in range(ROUNDS):
        start = work
        reach = (
            distance if attempt < PATIENCE else 0.0
        )  # giving back may close gaps further: leave those to the next call
        if attempt >= PATIENCE:  # what is set free and met again in every round had better be given back
            account.smallest = LARGE * distance * distance * 4.0 ** (attempt - PATIENCE)
        if len(work) > 1:
            work = spliced(_without_crumbs(work, distance, account), reach, distance, account)
        work = [_tidied(chain, width, reach, distance, account) for chain in work]
        work, account.born = work + account.born, []
        work = _without_trapped(work, account)
        work = _give_back(work, distance, account)
        if _same(work, start):
            break
    else:
        raise MeshError(f"the front keeps crossing itself after {ROUNDS} rounds of cuts")
    if _same(work, given):
        return Resolution(front)
    return _resolution(front, work, first_patch, width, gap, account)


def _same(one: list[Front], other: list[Front]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _resolution(
    front: Front, work: list[Front], first_patch: int, width: float, gap: float, account: Account
) -> Resolution:
    work = [_adopted(chain, first_patch) for chain in work]
    dead = tuple(
        (int(chain.patch[0]), chain.metal_area()) for chain in work if chain.patch.min() >= first_patch
    )
    result = Front.joined(work)
    result.check(width, gap)
    bridged = result.metal_area() - front.metal_area() - account.trapped_area
    detached = sum(area for _, area in dead)
    outlines = [np.array(face.exterior.coords) for face in account.trapped]
    return Resolution(result, True, account.trapped_area, bridged, detached, dead, outlines, account.events)


def _tidied(chain: Front, width: float, reach: float, distance: float, account: Account) -> Front:
    """One round of all cuts of one chain; the very chain given if there is nothing to do."""
    chain = cut_contacts(chain, reach, distance, account)
    chain = cut_folds(chain, distance, account)
    if is_closed(chain):
        return reach_wall(chain, width, reach, distance, account)
    chain = close_substrate(chain, width, reach, distance, account)
    chain = cut_walls(chain, reach, distance, account)
    return lift_onto_base(chain, account)


def _adopted(chain: Front, first_patch: int) -> Front:
    """A piece that was set free and met metal again in the same call takes the patch of that metal."""
    new, metal = chain.patch >= first_patch, ~chain.bare
    if not new.any() or not np.any(metal & ~new):
        return chain
    patch = np.where(new, chain.patch[metal & ~new].min(), chain.patch)
    return replace(chain, patch=patch.astype(np.int32))


def _without_crumbs(chains: list[Front], distance: float, account: Account) -> list[Front]:
    """Give dead metal too small for the mesh to the metal next to it."""
    large = LARGE * distance * distance
    crumbs = [is_closed(chain) and abs(chain.metal_area()) < large for chain in chains]
    if all(crumbs) or not any(crumbs):
        return chains
    for chain, crumb in zip(chains, crumbs, strict=True):
        if crumb:
            (x, y), area = chain.points.mean(axis=0), chain.metal_area()
            account.owed.append((float(x), float(y), area))
            account.events.append(f"dead metal of area {area:.4g} at ({x:.4g}, {y:.4g}) was absorbed")
    return [chain for chain, crumb in zip(chains, crumbs, strict=True) if not crumb]


def _without_trapped(chains: list[Front], account: Account) -> list[Front]:
    """Drop dead metal inside a pocket; its area is not electrolyte."""
    kept = []
    for chain in chains:
        inside = is_closed(chain) and any(
            shapely.contains_xy(pocket, *chain.points.T).all() for pocket in account.trapped
        )
        if inside:
            area, (x, y) = chain.metal_area(), chain.points.mean(axis=0)
            account.trapped_area -= area
            account.events.append(f"dead metal of area {area:.4g} at ({x:.4g}, {y:.4g}) was enclosed")
        else:
            kept.append(chain)
    return kept if len(kept) < len(chains) else chains


def _give_back(chains: list[Front], distance: float, account: Account) -> list[Front]:
    """Displace the chains around the cuts by the metal area owed there, so gently that it is hardly seen."""
    debts = [debt for debt in account.owed if debt[2] != 0.0]
    account.owed.clear()
    if not debts:
        return chains
    able = [bool(np.any(_free_size(chain) > 0.0)) for chain in chains]
    if not any(able):
        return chains
    places = np.concatenate([chain.points for chain, yes in zip(chains, able, strict=True) if yes])
    owner = np.repeat(np.flatnonzero(able), [len(c.points) for c, a in zip(chains, able, strict=True) if a])
    nearest = [int(owner[np.argmin(np.hypot(places[:, 0] - x, places[:, 1] - y))]) for x, y, _ in debts]
    return [
        _displaced(chain, [debt for debt, near in zip(debts, nearest, strict=True) if near == k], distance)
        for k, chain in enumerate(chains)
    ]


def _free_size(chain: Front) -> FloatArray:
    """Length that every vertex moves per area it receives, zero next to bare substrate, shape (n,)."""
    size = np.hypot(chain.area_vectors[:, 0], chain.area_vectors[:, 1])
    return np.asarray(size * ~chain.vertices_of(chain.bare))


def _displaced(front: Front, debts: Sequence[tuple[float, float, float]], distance: float) -> Front:
    if not debts:
        return front
    size = _free_size(front)
    arc = np.append(0.0, np.cumsum(front.lengths))
    around = arc[-1] if is_closed(front) else np.inf
    arc = arc[: len(front.points)]
    volume: FloatArray = np.zeros(len(arc))
    for x, y, area in debts:
        way = np.abs(arc - arc[np.argmin(np.hypot(front.points[:, 0] - x, front.points[:, 1] - y))])
        way = np.minimum(way, around - way)
        near = front.on_facets(1.0 * (way < 4.0 * distance)) > 0.0
        radius = max(4.0 * distance, 3.0 * float(np.mean(front.lengths[near])))
        radius = max(radius, 4.0 * abs(area) / distance)  # displacements of a tenth of `distance` at most
        reachable = size * np.exp(-0.5 * (way / radius) ** 2)
        if reachable.sum() == 0.0:
            reachable = size
        volume = volume + area * reachable / reachable.sum()
    none: BoolArray = np.zeros(len(arc), dtype=np.bool_)
    share = _payable(front, volume)
    return front.with_points(front.points + displace(front, share, front.vertices_of(front.bare), none))


def _payable(front: Front, volume: FloatArray) -> FloatArray:
    """`volume` limited to the metal there is; what cannot be taken is seen in `Resolution.bridged_area`."""
    try:
        return limit(front, volume)
    except Exhausted as lack:
        taken = np.minimum(volume, 0.0)
        payable = max(0.0, 1.0 + lack.missing / float(taken.sum()))
        return limit(front, np.maximum(volume, 0.0) + payable * taken)
