"""Stripping: the surface recedes to the substrate and no further.

Deposit as thin as a tolerance has gone: its edges become bare substrate again, one after the other, so that
a foot recedes over the vertices next to it. Before a step, `limit` sees to it that no vertex gives more metal
than lies under it; what is owed comes from the nearest vertices that have metal left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .front import DEPOSIT, EDGE_DATA, Front
from .shell import Shell

ROUNDING = 1e-14
"""Metal that is missing, as a part of all that is moved, that is nothing but rounding."""
NEIGHBOURS = 8
"""Rounds in which debts are settled between neighbours of a shell, before all share in them."""
KindAt = Callable[[FloatArray], IntArray]
"""Index of the substrate among the names of the surfaces, at abscissae (k,)."""


class Exhausted(MeshError):  # noqa: N818 (says what is the case, not that it is an error)
    """More metal is to be dissolved than there is.

    Attributes:
        missing: area that is not there, unit of length squared.
    """

    def __init__(self, missing: float) -> None:
        """Say how much is missing."""
        super().__init__(f"the metal is used up: an area of {missing:g} is missing")
        self.missing = missing


class Stripped(NamedTuple):
    """A front whose used-up deposit is bare substrate, and the metal area that has gone with it.

    Attributes:
        front: the very one given where nothing was used up.
        area: metal area before less that after, at most tolerance times the length laid bare.
    """

    front: Front
    area: float


def strip(front: Front, kind_at: KindAt, tolerance: float, dissolving: BoolArray | None = None) -> Stripped:
    """Lay bare the substrate under deposit that is no thicker than `tolerance`.

    An edge with both vertices no more than `tolerance` from the base that is deposit, or substrate that is
    covered and in contact with the collector, becomes bare substrate: coverage and film 0, patch -1,
    vertices on the base. Closed chains, which are dead metal, have no substrate.

    Args:
        front: of one or several chains, metal above or below.
        kind_at: surface index of the substrate at the middle of an edge.
        tolerance: thickness of deposit that counts as none.
        dissolving: edges that may be laid bare, shape (m,); all by default. Deposit that has only just begun
            to grow is as thin as deposit that is used up.

    Raises:
        MeshError: if `kind_at` names no substrate of this front.
    """
    on_base = np.abs(front.elevation) <= tolerance
    covered = (front.surface == DEPOSIT) | (~front.bare & (front.patch < 0))
    gone = on_base[front.cells].all(axis=1) & covered
    if dissolving is not None:
        gone &= dissolving
    if not gone.any():
        return Stripped(front, 0.0)
    kinds = np.asarray(kind_at(front.on_facets(front.points[:, 0])[gone]))
    if np.any((kinds <= DEPOSIT) | (kinds >= len(front.names))):
        raise MeshError(f"under the deposit must be substrate, one of {front.names[1:]}, not number {kinds}")
    surface, coverage, patch, film = (getattr(front, name).copy() for name in EDGE_DATA)
    surface[gone], coverage[gone], patch[gone], film[gone] = kinds, 0.0, -1, 0.0
    points = front.points.copy()
    points[front.vertices_of(gone), 1] = front.base
    result = replace(front, points=points, surface=surface, coverage=coverage, patch=patch, film=film)
    return Stripped(result, front.metal_area() - result.metal_area())


def limit(front: Front, volume: FloatArray, given: FloatArray | None = None) -> FloatArray:
    """`volume` such that no vertex gives more metal than lies between it and the base; the sum stays.

    Vertex i can give what it receives and |N_i| times its elevation above the base, which on a film is all
    its metal. What is missing is taken from the nearest vertices along the chain that still can give, in
    equal parts to both sides. Closed chains have no base and are left as they are.

    Args:
        front: before the step.
        volume: metal area that every vertex receives, shape (n,), unit of length squared.
        given: what every vertex has received in this step before and may give back besides, e.g. a foot that
            was moved along the base, shape (n,).

    Returns:
        Limited volumes, shape (n,).

    Raises:
        Exhausted: if a chain has less metal area than it is to give.
    """
    limited = np.isfinite(front.elevation)
    height = np.where(limited, np.maximum(front.elevation, 0.0), 0.0)
    held = np.hypot(front.area_vectors[:, 0], front.area_vectors[:, 1]) * height
    held += 0.0 if given is None else np.maximum(given, 0.0)
    result, start = np.array(volume, dtype=np.float64), 0
    spare = result + held
    for part in front.parts():
        run = slice(start, start + len(part.points))
        start = run.stop
        if not limited[run].all():
            continue
        rest = part.metal_area() + float(result[run].sum())
        scale = float(held[run].sum() + np.abs(result[run]).sum() + (part.lengths**2).sum())
        if rest < -ROUNDING * scale:
            raise Exhausted(-rest)
        if np.any(spare[run] < 0.0):
            result[run] = _evened(spare[run]) - held[run]
    return result


def limit_shell(shell: Shell, volume: FloatArray, given: FloatArray | None = None) -> FloatArray:
    """The same in 3D: what is missing is taken from neighbours, then from theirs, in the end from all.

    A shell that ends on a symmetry plane normal to the height is no layer on a collector; it stays as it is.

    Raises:
        Exhausted: if there is less metal than is to be given.
    """
    result = np.array(volume, dtype=np.float64)
    if shell.fixed[:, -1].any():
        return result
    height = np.maximum((shell.points[:, -1] - shell.base) * np.sign(shell.area_vectors[:, -1].sum()), 0.0)
    held = np.linalg.norm(shell.area_vectors, axis=1) * height
    held += 0.0 if given is None else np.maximum(given, 0.0)
    spare, (a, b) = result + held, shell.edges.T
    for _ in range(NEIGHBOURS):
        debt, left = np.maximum(-spare, 0.0), np.maximum(spare, 0.0)
        if not debt.any():
            break
        # Every debt asks its neighbours in proportion to what they have, for no more than they have.
        around = np.bincount(a, left[b], debt.size) + np.bincount(b, left[a], debt.size)
        share = np.minimum(debt, around) / np.maximum(around, 1e-300)
        asked = np.bincount(a, share[b] * left[a], debt.size) + np.bincount(b, share[a] * left[b], debt.size)
        granted = np.minimum(1.0, left / np.maximum(asked, 1e-300))
        received = np.bincount(a, share[a] * (granted * left)[b], debt.size)
        received += np.bincount(b, share[b] * (granted * left)[a], debt.size)
        spare = spare - granted * asked + received
    debt, left = float(-spare[spare < 0.0].sum()), np.maximum(spare, 0.0)
    if debt > 0.0:
        if debt > float(left.sum()) + ROUNDING * float(shell.measures.sum()) ** 1.5:
            raise Exhausted(debt - float(left.sum()))
        spare = left * max(1.0 - debt / max(float(left.sum()), 1e-300), 0.0)
    return np.asarray(spare - held)


def _evened(spare: FloatArray) -> FloatArray:
    """Cover what is negative by what is positive nearest to it; the sum stays.

    In round k every vertex in debt asks the two vertices k further on, in equal parts as far as they have it.
    A vertex that two others ask for more than it has gives in proportion.
    """
    left, debt, n = np.maximum(spare, 0.0), np.maximum(-spare, 0.0), spare.size
    enough = ROUNDING * float(debt.sum())
    for k in _rounds(n):
        if debt.sum() <= enough or not left.any():
            break
        below, above = np.zeros(n), np.zeros(n)
        below[k:], above[:-k] = left[:-k], left[k:]
        wish = np.minimum(debt, below + above)
        from_below = np.clip(0.5 * wish, wish - above, below)
        asked_by_later, asked_by_earlier = np.zeros(n), np.zeros(n)
        asked_by_later[:-k], asked_by_earlier[k:] = from_below[k:], (wish - from_below)[:-k]
        asked = asked_by_later + asked_by_earlier
        granted = np.minimum(1.0, left / np.maximum(asked, 1e-300))
        left = np.maximum(left - granted * asked, 0.0)
        debt[k:] -= (granted * asked_by_later)[:-k]
        debt[:-k] -= (granted * asked_by_earlier)[k:]
        debt = np.maximum(debt, 0.0)
    return np.asarray(left - debt)


def _rounds(n: int) -> Iterator[int]:
    """1, 2, ..., n - 1, again and again; every turn settles a debt or uses up what a vertex has."""
    for _ in range(n):
        yield from range(1, n)
