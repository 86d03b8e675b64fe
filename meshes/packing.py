"""Random packings of discs (2D) and spheres (3D) that do not touch, in a box with mirrored or periodic sides.

Particles are placed one by one at random where there is room (random sequential addition). If the wanted
fraction is denser than that reaches, they are placed smaller, and grow while overlaps are pushed apart:
compression, as in B. D. Lubachevsky and F. H. Stillinger, J. Stat. Phys. 60, 561 (1990), with
displacements in place of collisions (W. S. Jodrey and E. M. Tory, Phys. Rev. A 32, 2347 (1985)).

Mirrored sides: no particle touches a side, so none touches its mirror image, and a cell with insulating
sides is one period of an infinite packing of the same porosity.

The same seed gives the same packing on every machine: random numbers are PCG64's, and only sums, products,
quotients and square roots in a fixed order are taken of them; sizes are rounded to nine digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtri

from .arrays import FloatArray, IntArray
from .errors import MeshError

DENSEST = {1: 0.95, 2: 0.80, 3: 0.58}
"""Fraction by dimension, gaps included, that is tried: below random close packing, 0.84 and 0.64, which walls
lower."""
LOOSE = {1: 0.6, 2: 0.42, 3: 0.28}
"""Fraction up to which random sequential addition is quick; it ends at 0.7476, 0.547 and 0.384."""
ATTEMPTS = 10_000
"""Places tried for one particle before all are tried smaller."""
SMALLER = 0.99
"""Ratio of the sizes of consecutive stages of compression."""
SWEEPS = 5_000
"""Of displacements in one stage; tens to hundreds are usual."""
AGITATION = 0.1
"""Largest random displacement at the beginning of a stage over the radius: it lets particles find room."""
STEP, MOMENTUM = 0.2, 0.9
"""Of the displacements that undo overlaps."""
ROOM = 1e-3
"""Relative excess of the sizes in compression, so that what tolerance and rounding leave is no overlap."""


@dataclass(frozen=True)
class Kind:
    """Particles of one kind.

    Attributes:
        fraction: of the volume of all particles.
        radius: median of a lognormal distribution of radii in m.
        spread: standard deviation of ln(radius); 0: all alike.
    """

    fraction: float
    radius: float
    spread: float = 0.0


@dataclass(frozen=True, eq=False)
class Packing:
    """Discs or spheres in a box from the origin.

    Attributes:
        box: extents in m, shape (dim,).
        centres: shape (n, dim), m.
        radii: shape (n,), m.
        kinds: number of the kind of each, shape (n,).
        periodic: whether the sides are periodic; mirrored otherwise.
    """

    box: tuple[float, ...]
    centres: FloatArray
    radii: FloatArray
    kinds: IntArray
    periodic: bool = False

    @property
    def fraction(self) -> float:
        """Volume (area) of the particles over that of the box."""
        return float(measure(self.radii, len(self.box)).sum() / math.prod(self.box))

    def clearance(self) -> float:
        """Smallest distance in m between two surfaces, and between a surface and a mirrored side.

        Pairs farther apart than the largest diameter are not looked at.
        """
        pairs, _, apart = near(self.box, self.centres, 4.0 * float(self.radii.max()), self.periodic)
        found = [float((apart - self.radii[pairs].sum(axis=1)).min(initial=math.inf))]
        if not self.periodic:
            inside = np.minimum(self.centres, np.array(self.box) - self.centres).min(axis=1)
            found.append(float((inside - self.radii).min(initial=math.inf)))
        return min(found)


def measure(radii: FloatArray, dim: int) -> FloatArray:
    """Length, area or volume of balls."""
    return np.asarray({1: 2.0, 2: math.pi, 3: 4.0 * math.pi / 3.0}[dim] * radii**dim)


def sizes(box: Sequence[float], kinds: Sequence[Kind], solid: float) -> tuple[FloatArray, IntArray]:
    """Radii that fill the part `solid` of a box with the fractions of `kinds`, and the kind of each.

    The radii of a kind are quantiles of its distribution, as many as fit best, at least one; all are then
    scaled by one factor so that the volume of the kind is exact.

    Returns:
        Radii in m, largest first, shape (n,), and the number of the kind, shape (n,).
    """
    dim, total = len(box), solid * math.prod(box)
    radii, numbers = [], []
    for number, kind in enumerate(kinds):
        wanted = total * kind.fraction / sum(k.fraction for k in kinds)
        mean = float(measure(np.array(kind.radius), dim)) * math.exp(0.5 * (dim * kind.spread) ** 2)
        count = max(1, round(wanted / mean))
        own = kind.radius * np.exp(kind.spread * ndtri((np.arange(count) + 0.5) / count))
        own *= (wanted / measure(own, dim).sum()) ** (1.0 / dim)
        radii.append(own)
        numbers.append(np.full(count, number))
    joined = np.array([float(f"{r:.9g}") for r in np.concatenate(radii)])
    order = np.argsort(-joined, kind="stable")
    return joined[order], np.concatenate(numbers)[order]


def pack(
    box: Sequence[float],
    kinds: Sequence[Kind],
    solid: float,
    *,
    gap: float = 0.0,
    seed: int = 0,
    periodic: bool = False,
) -> Packing:
    """Pack particles until they fill the part `solid` of a box.

    Args:
        box: extents in m, shape (dim,), dim = 1, 2 or 3.
        kinds: what is packed.
        solid: volume of all particles over that of the box, 1 - porosity.
        gap: least distance in m between surfaces, and between surfaces and mirrored sides.
        seed: of the random numbers.
        periodic: whether particles may reach through a side, to come back through the other.

    Raises:
        MeshError: for values without meaning, or if it cannot be packed so densely.
    """
    extents = np.array(box, dtype=np.float64)
    if not kinds or not 0.0 < solid < 1.0 or gap < 0.0 or not np.all(extents > 0.0):
        raise MeshError(
            "a packing needs particles, a solid fraction between 0 and 1, and a gap of at least 0"
        )
    if any(k.radius <= 0.0 or k.fraction <= 0.0 or k.spread < 0.0 for k in kinds):
        raise MeshError("radii and fractions of particles must be positive, spreads at least 0")
    radii, numbers = sizes(box, kinds, solid)
    hard, dim = radii + 0.5 * gap, len(box)
    inner = extents if periodic else extents - gap
    widest = 2.0 * hard[0] / inner.min()
    if not inner.min() > 0.0 or widest >= 1.0:
        raise MeshError(
            f"a particle of radius {radii[0]:.3g} m does not fit into the box with gaps of {gap:.3g} m"
        )
    dense = float(measure(hard, dim).sum() / math.prod(inner))
    if dense > DENSEST[dim]:
        raise MeshError(
            f"the particles with their gaps would fill {dense:.1%} of the box, more than a random packing "
            f"reaches ({DENSEST[dim]:.0%} is tried): more porosity, or smaller gaps"
        )
    random = np.random.Generator(np.random.PCG64(seed))
    scale = min(1.0, (LOOSE[dim] / dense) ** (1.0 / dim))
    origin = 0.0 if periodic else 0.5 * gap
    places, _ = add(inner, scale * hard, random, periodic=periodic, attempts=ATTEMPTS)
    while len(places) < len(hard):  # walls leave less room in small boxes
        scale *= 0.9
        places, _ = add(inner, scale * hard, random, periodic=periodic, attempts=ATTEMPTS)
    while scale < 1.0:
        scale = min(1.0, scale / SMALLER)
        places = places + AGITATION * scale * hard[:, None] * (2.0 * random.random(places.shape) - 1.0)
        places = pushed_apart(inner, places, scale * (1.0 + ROOM) * hard, periodic)
    step = 1e-3 * ROOM * float(hard.min())
    return Packing(tuple(box), np.rint(places / step) * step + origin, radii, numbers, periodic)


def add(
    box: FloatArray,
    radii: FloatArray,
    random: np.random.Generator,
    *,
    periodic: bool,
    attempts: int = 100_000,
) -> tuple[FloatArray, IntArray]:
    """Random sequential addition: each ball in turn goes to the first of its random places that is free.

    Args:
        box: extents, shape (dim,).
        radii: of the balls in the order in which they are placed, shape (n,).
        random: source of the places.
        periodic: whether the sides are periodic; otherwise balls stay inside.
        attempts: places that are tried for one ball before the addition ends.

    Returns:
        Centres of those that found room, shape (m, dim), and how many places were tried for each.
    """
    places = np.empty((len(radii), len(box)))
    tried = np.zeros(len(radii), dtype=np.int64)
    for k, radius in enumerate(radii):
        batch, found = 32, False
        low, span = (0.0, box) if periodic else (radius, box - 2.0 * radius)
        while not found and tried[k] < attempts:
            batch = min(4 * batch, 4096, attempts - int(tried[k]))
            trial = low + random.random((batch, len(box))) * span
            free = np.flatnonzero(_free(box, places[:k], radii[:k] + radius, trial, periodic))
            found = free.size > 0
            tried[k] += int(free[0]) + 1 if found else batch
            if found:
                places[k] = trial[free[0]]
        if not found:
            return places[:k], tried[:k]
    return places, tried


def _free(
    box: FloatArray, places: FloatArray, reach: FloatArray, trial: FloatArray, periodic: bool
) -> FloatArray:
    """Whether places in `trial` are farther than `reach` from all others, shape (trials,)."""
    square = np.zeros((len(trial), len(places)))
    for axis, length in enumerate(box):
        apart = np.abs(trial[:, axis, None] - places[None, :, axis])
        if periodic:
            apart = np.minimum(apart, length - apart)
        square += apart * apart
    return np.asarray(np.all(square >= reach * reach, axis=1))


def near(
    box: Sequence[float] | FloatArray, places: FloatArray, reach: float, periodic: bool
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Pairs nearer than `reach`, in a fixed order: numbers (m, 2), vectors first to second, distances."""
    extents = np.array(box, dtype=np.float64)
    limit = min(reach, 0.5 * float(extents.min())) if periodic else reach
    tree = cKDTree(np.mod(places, extents) if periodic else places, boxsize=extents if periodic else None)
    pairs = tree.query_pairs(limit, output_type="ndarray").astype(np.int64)
    pairs = pairs[np.lexsort(pairs.T[::-1])]
    vector = places[pairs[:, 1]] - places[pairs[:, 0]]
    if periodic:
        vector -= extents * np.rint(vector / extents)
    return pairs, vector, _length(vector)


def _length(vector: FloatArray) -> FloatArray:
    """Norm of rows by a sum in a fixed order."""
    return np.asarray(np.sqrt(sum(vector[:, axis] * vector[:, axis] for axis in range(vector.shape[1]))))


def pushed_apart(box: FloatArray, places: FloatArray, radii: FloatArray, periodic: bool) -> FloatArray:
    """Move overlapping balls apart until none overlaps.

    Steps down the energy sum of overlap^2/2 with momentum (B. T. Polyak, USSR Comput. Math. Math. Phys. 4,
    1 (1964)); a ball that leaves through a mirrored side is put back.

    Raises:
        MeshError: if overlaps remain after many sweeps.
    """
    count, dim = places.shape
    tolerance, reach = ROOM * float(radii.min()), 2.0 * float(radii.max())
    places = _inside(box, places, radii, periodic)
    motion: FloatArray = np.zeros_like(places)
    overlap: FloatArray = np.empty(0)
    for _ in range(SWEEPS):
        pairs, vector, apart = near(box, places, reach, periodic)
        overlap = radii[pairs[:, 0]] + radii[pairs[:, 1]] - apart
        if overlap.max(initial=0.0) <= tolerance:
            return places
        active = overlap > 0.0
        pairs, vector, push = pairs[active], vector[active], STEP * overlap[active] / apart[active]
        before = places
        for axis in range(dim):
            part = push * vector[:, axis]
            force = np.bincount(pairs[:, 1], part, count) - np.bincount(pairs[:, 0], part, count)
            motion[:, axis] = force + MOMENTUM * motion[:, axis]
        places = _inside(box, places + motion, radii, periodic)
        if not periodic:
            motion = places - before
    worst = float(overlap.max() / radii.min())
    raise MeshError(
        f"the particles could not be packed: overlaps of {worst:.1e} radii remain; take a larger box, "
        "smaller gaps, or more porosity"
    )


def _inside(box: FloatArray, places: FloatArray, radii: FloatArray, periodic: bool) -> FloatArray:
    """Balls that have left the box: back through the other side, or beside a mirrored one."""
    if periodic:
        return np.asarray(places - box * np.floor(places / box))
    return np.asarray(np.clip(places, radii[:, None], box - radii[:, None]))


def pair_correlation(packing: Packing, edges: FloatArray) -> FloatArray:
    """g(r) of the centres of a periodic packing: pairs at a distance over those of independent points.

    Args:
        packing: with periodic sides.
        edges: of the bins in m, ascending, at most half of the smallest extent, shape (m + 1,).

    Returns:
        g in every bin, shape (m,).
    """
    if not packing.periodic:
        raise MeshError("the pair correlation is that of a periodic packing")
    dim, count = len(packing.box), len(packing.radii)
    _, _, apart = near(packing.box, packing.centres, float(edges[-1]), True)
    shells = np.diff(measure(edges, dim))
    return np.asarray(np.histogram(apart, edges)[0] / (0.5 * count**2 * shells / math.prod(packing.box)))
