"""Motion of the front by deposited volume: every vertex receives exactly its share, to rounding.

Unknowns are the displacements s_i along fixed directions u_i (area vector at mid-step, wall, or substrate):

    F_i(s) = s_i u_i . N_i(p + s u / 2) - volume_i = 0

N_i depends on the two neighbours only, so the Jacobian is tridiagonal (with two more entries in the corners
where a chain is closed) and Newton converges quadratically. Sum_i F_i = 0 is the exact change of metal area.
Chains do not know of each other: each is displaced for itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray
from .errors import MeshError
from .front import CORNER, DEPOSIT, Front, rotate
from .sizing import SizeFunction, wanted_lengths
from .slide import slid
from .tridiagonal import solve_tridiagonal

REACH = 0.4
"""Smallest |u . N| per half edge length that receives its whole volume; sharper corners share theirs."""
SHIFT = 0.1
"""Largest way along the front per redistribution, in units of the shorter edge at a vertex."""


def displace(
    front: Front, volume: FloatArray, pinned: BoolArray, slide: BoolArray, width: float | None = None
) -> FloatArray:
    """Displacement that deposits `volume`.

    Args:
        front: the front before the step; ends of open chains move along their walls only.
        volume: area to add at every vertex, shape (n,), unit of length squared.
        pinned: vertices that stay; the next free vertex on the deposit's side gets their volume, shape (n,).
        slide: feet of a deposit on bare substrate, which move along x only, shape (n,).
        width: where given, the first vertex must lie on x = 0 and the last one on x = width.

    Returns:
        Displacement of the vertices, shape (n, 2), with area gain sum(volume) to rounding in every chain.

    Raises:
        MeshError: if no vertex can take the volume, or the step is far too large for the edges.
    """
    points = front.points
    if width is not None and (points[0, 0] != 0.0 or points[-1, 0] != width):
        raise MeshError(
            f"the front must end on the walls, it runs from {points[0, 0]:g} to {points[-1, 0]:g}"
        )
    share = from_pinned(front, np.asarray(volume, dtype=np.float64), pinned)
    moves = [
        _advance(part, share[run], pinned[run], slide[run] & ~pinned[run], depth=0)
        for part, run in _runs(front)
    ]
    return moves[0] if len(moves) == 1 else np.concatenate(moves)


def _runs(front: Front) -> list[tuple[Front, slice]]:
    """Every chain as a front of its own, and where its vertices are."""
    runs, start = [], 0
    for part in front.parts():
        runs.append((part, slice(start, start + len(part.points))))
        start += len(part.points)
    return runs


def from_pinned(front: Front, volume: FloatArray, pinned: BoolArray) -> FloatArray:
    """Pass the volume of pinned vertices on to the next free ones along their chain; the sum stays.

    Volume goes over metal, half each way if there are two, and over substrate where there is no metal.
    """
    if not np.any(volume[pinned]):
        return np.where(pinned, 0.0, volume)
    parts = [_along_chain(part, volume[run], pinned[run]) for part, run in _runs(front)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _along_chain(part: Front, volume: FloatArray, pinned: BoolArray) -> FloatArray:
    """`_along`, for a chain of either kind: a closed one is cut open at a free vertex."""
    metal = ~part.bare
    if part.chains[0].walls is not None or pinned.all():
        return _along(volume, pinned, metal if part.chains[0].walls is not None else metal[:-1])
    if not pinned.any():
        return volume
    cut = int(np.argmin(pinned))
    order = np.roll(np.arange(volume.size), -cut)
    opened = np.append(order, cut)
    shares = np.append(volume[order], 0.0)
    received = _along(shares, pinned[opened], metal[order])
    result = np.empty_like(volume)
    result[order] = received[:-1]
    result[cut] += received[-1]
    return result


def _along(volume: FloatArray, pinned: BoolArray, metal: BoolArray) -> FloatArray:
    """Pass the volume of pinned vertices on to the next free vertex over metal, half each way if two.

    Where there is no metal on either side it goes to the next free vertices over substrate.
    """
    result = np.where(pinned, 0.0, volume)
    holders = np.flatnonzero(pinned & (volume != 0.0))
    n = volume.size
    index = np.arange(n)
    left = np.maximum.accumulate(np.where(pinned, -1, index))
    right = np.minimum.accumulate(np.where(pinned, n, index)[::-1])[::-1]
    for passable in (metal, np.ones_like(metal)):
        if holders.size == 0:
            break
        wall = np.concatenate(([True], ~passable, [True]))  # wall[i]: nothing passes between i-1 and i
        leftmost = np.maximum.accumulate(np.where(wall[:-1], index, 0))[holders]
        rightmost = np.minimum.accumulate(np.where(wall[1:], index, n - 1)[::-1])[::-1][holders]
        to_left, to_right = left[holders] >= leftmost, right[holders] <= rightmost
        share = volume[holders] / np.maximum(to_left.astype(np.float64) + to_right, 1.0)
        np.add.at(result, left[holders][to_left], share[to_left])
        np.add.at(result, right[holders][to_right], share[to_right])
        holders = holders[~(to_left | to_right)]
    if holders.size:
        k = int(holders[0])
        raise MeshError(f"volume {volume[k]:g} at pinned vertex {k} has no free vertex to go to")
    return result


def _directions(front: Front, vectors: FloatArray, slide: BoolArray) -> FloatArray:
    """Unit directions of motion: along the area vector, along x for feet, along the wall on walls."""
    u = vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), np.finfo(float).tiny)[:, None]
    u[slide] = np.column_stack((np.where(vectors[slide, 0] < 0.0, -1.0, 1.0), np.zeros(int(slide.sum()))))
    u[front.fixed[:, 0]] = (0.0, 1.0)
    u[front.fixed[:, 1]] = (1.0, 0.0)
    return np.asarray(u)


def _opens(front: Front, volume: FloatArray) -> BoolArray:
    """Corners of metal that grows, which even growth opens to arcs, shape (n,).

    An edge moves along its normal and a corner with it, by more than the edges, so it would stay sharp: right
    where flanks close on each other, and wrong where they part, since in between lies all that is as far from
    the corner as they are from where they were (Huygens).
    """
    return np.asarray((volume > 0.0) & (front.turning() > CORNER) & ~front.breaks)


def _spread(
    front: Front, volume: FloatArray, reach: FloatArray, vectors: FloatArray, still: BoolArray
) -> FloatArray:
    """Let vertices of small reach (needle points, cusps) keep a part of their volume and pass on the rest.

    A corner that opens is one of these, and keeps what moves it as far as the edges beside it.
    Those to stay `still` keep nothing: they are pinned, or the step would turn their area vectors around.
    """
    keep = np.clip(np.where(_opens(front, volume), reach, reach / REACH), 0.0, 1.0)
    keep[still] = 0.0
    if np.all((keep == 1.0) | (volume == 0.0)):
        return volume
    size = np.hypot(vectors[:, 0], vectors[:, 1]) * np.maximum(keep, 0.05)
    size[still] = 0.0
    first, last = front.cells.T
    forward, backward = np.where(front.bare, 0.0, size[last]), np.where(front.bare, 0.0, size[first])
    total = np.zeros_like(volume)
    total[first] += forward
    total[last] += backward
    keep[total == 0.0] = 1.0
    total[total == 0.0] = 1.0
    kept, moving = keep * volume, (1.0 - keep) * volume
    for _ in range(40):
        if not np.any(moving):
            break
        arriving = np.zeros_like(volume)
        arriving[last] += moving[first] * forward / total[first]
        arriving[first] += moving[last] * backward / total[last]
        kept += keep * arriving
        moving = (1.0 - keep) * arriving
    return np.asarray(kept + moving)


def _advance(front: Front, volume: FloatArray, pinned: BoolArray, slide: BoolArray, depth: int) -> FloatArray:
    """Solve for the displacement; a step too large for Newton is taken in two halves."""
    points = front.points
    half = np.zeros(len(points))
    lengths = 0.5 * np.where(front.bare, 0.0, front.lengths)
    half[front.cells[:, 0]] += lengths
    half[front.cells[:, 1]] += lengths
    weak = np.zeros(len(points), dtype=np.bool_)
    share = volume
    for _ in range(4):
        middle, u = points, np.zeros_like(points)
        for _ in range(3):
            vectors = front.area_vectors_at(middle)
            u = _directions(front, vectors, slide)
            along = np.sum(u * vectors, axis=1)
            share = _spread(front, volume, np.abs(along) / np.maximum(half, 1e-300), vectors, pinned | weak)
            s = np.where(share == 0.0, 0.0, share / np.where(along == 0.0, 1.0, along))
            middle = points + 0.5 * np.clip(s, -half, half)[:, None] * u
        amplitude, blame = _newton(front, u, share)
        if amplitude is not None:
            return np.asarray(amplitude[:, None] * u)
        if not np.any(blame & ~weak):
            break
        weak |= blame
    if depth == 8:
        k = int(np.argmax(np.abs(share) / np.maximum(half, 1e-300) ** 2))
        raise MeshError(f"the step is too large for the edges near ({points[k, 0]:g}, {points[k, 1]:g})")
    first = _advance(front, 0.5 * volume, pinned, slide, depth + 1)
    second = front.with_points(points + first)
    return first + _advance(second, 0.5 * volume, pinned, slide, depth + 1)


def _newton(front: Front, u: FloatArray, volume: FloatArray) -> tuple[FloatArray | None, BoolArray]:
    """Amplitudes s with s_i u_i . N_i(p + s u / 2) = volume_i, None if there are none; vertices to blame."""
    points, n = front.points, len(front.points)
    active = volume != 0.0
    s: FloatArray = np.zeros(n)
    first, last = front.cells.T
    turned = rotate(u)
    to_next = 0.25 * np.sum(u[first] * turned[last], axis=1)
    to_last = 0.25 * np.sum(u[last] * turned[first], axis=1)
    scale = float(np.max(np.abs(volume), initial=0.0))
    blame: BoolArray = np.zeros(n, dtype=np.bool_)
    if scale == 0.0:
        return s, blame
    start = np.sum(u * front.area_vectors_at(points), axis=1)
    for _ in range(25):
        reach = np.sum(u * front.area_vectors_at(points + 0.5 * s[:, None] * u), axis=1)
        residual = np.where(active, s * reach - volume, s)
        blame = active & (reach * start <= 0.0)
        if np.any(blame):
            return None, blame
        if float(np.max(np.abs(residual))) <= 4e-16 * scale:
            return s, blame
        upper = np.where(active[first], s[first] * to_next, 0.0)
        lower = np.where(active[last], -s[last] * to_last, 0.0)
        try:
            step = solve_tridiagonal(np.where(active, reach, 1.0), upper, lower, residual)
        except np.linalg.LinAlgError:
            return None, blame
        s = np.asarray(s - step)
        if not np.all(np.isfinite(s)):
            return None, blame
        if float(np.max(np.abs(step))) <= 2e-16 * float(np.max(np.abs(s))):
            return s, blame
    return (s if float(np.max(np.abs(residual))) <= 1e-14 * scale else None), blame


def lift(front: Front) -> Front:
    """Bring vertices behind the collector back onto it and scale all heights so that the metal area stays.

    Deposit as thin as a rounded vertex is wide dips below the substrate when its neighbours are resampled.
    Chains without a collector (closed ones) stay as they are.
    """
    if front.elevation.min() >= 0.0:
        return front
    parts = front.parts()
    if len(parts) > 1:
        return Front.joined([lift(part) for part in parts])
    x, y = front.points.T
    inside = np.where(front.elevation < 0.0, front.base, y)
    raised = front.with_points(np.column_stack((x, inside)))
    before, after = front.metal_area(), raised.metal_area()
    factor = before / after if after > 0.0 and before > 0.0 else 1.0
    return raised.with_points(np.column_stack((x, front.base + factor * (inside - front.base))))


def redistribute(front: Front, size: SizeFunction, largest: float = SHIFT) -> Front:
    """Slide vertices along the front towards edges of equal length relative to the one wanted.

    N_i is normal to p_{i+1} - p_{i-1}, so a vertex that moves along this chord while its neighbours stay
    keeps the area. Even and odd vertices move in turn: half of the way, all of it, the other half. On
    a curve of even spacing what one turn lifts off it (curvature shift^2 / 2) the other then takes back.

    Vertices on walls, between different surfaces, beside substrate, and corners stay. So do the data of the
    edges, which are all alike where vertices slide, but for the film, which stays where it is (see `slide`).

    Args:
        front: any chains.
        size: wanted edge length as a function of place and curvature.
        largest: bound of the shift in units of the shorter edge at the vertex.
    """
    before, after = front.beside
    solid = (front.surface == DEPOSIT) & (front.coverage >= 1.0)
    free = (before != after) & ~front.breaks & solid[before] & solid[after]
    free &= np.abs(front.turning()) <= CORNER
    wanted, lengths = front.on_facets(wanted_lengths(front, size)), front.lengths
    even = (lengths[after] * wanted[before] - lengths[before] * wanted[after]) / (
        wanted[before] + wanted[after]
    )
    bound = largest * np.minimum(lengths[before], lengths[after])
    shift = np.where(free, np.clip(0.5 * even, -bound, bound), 0.0)
    previous, following = front.cells[before, 0], front.cells[after, 1]
    colour = _colours(front)
    points = front.points.copy()
    last = int(colour.max())
    there = [(turn, 0.5) for turn in range(last)]
    for turn, part in (*there, (last, 1.0), *there[::-1]):
        k = np.flatnonzero((colour == turn) & (shift != 0.0))
        chord = points[following[k]] - points[previous[k]]
        length = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), np.finfo(float).tiny)
        points[k] += (part * shift[k] / length)[:, None] * chord
    return slid(front, front.with_points(points))


def _colours(front: Front) -> npt.NDArray[np.int8]:
    """Even and odd vertices of every chain, and the last one of a closed chain if their number is odd."""
    colours = []
    for chain in front.chains:
        colour = (np.arange(chain.vertices) % 2).astype(np.int8)
        if chain.walls is None and chain.vertices % 2:
            colour[-1] = 2
        colours.append(colour)
    return np.concatenate(colours)
