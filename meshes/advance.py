"""Motion of the front by deposited volume: every vertex receives exactly its share, to rounding.

Unknowns are the displacements s_i along fixed directions u_i (area vector at mid-step, wall, or substrate):

    F_i(s) = s_i u_i . N_i(p + s u / 2) - volume_i = 0

N_i depends on the two neighbours only, so the Jacobian is tridiagonal and Newton converges quadratically.
Sum_i F_i = 0 is the exact change of metal area.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded

from .arrays import BoolArray, FloatArray
from .errors import MeshError
from .front import Front, rotate

REACH = 0.4
"""Smallest |u . N| per half edge length that receives its whole volume; sharper corners share theirs."""


def displace(
    front: Front, volume: FloatArray, pinned: BoolArray, slide: BoolArray, width: float
) -> FloatArray:
    """Displacement that deposits `volume`.

    Args:
        front: the front before the step.
        volume: area to add at every vertex, shape (n,), unit of length squared.
        pinned: vertices that stay; the next free vertex on the deposit's side gets their volume, shape (n,).
        slide: feet of a deposit on bare substrate, which move along x only, shape (n,).
        width: distance of the walls; the end vertices move along y only.

    Returns:
        Displacement of the vertices, shape (n, 2), with area gain sum(volume) to rounding.

    Raises:
        MeshError: if no vertex can take the volume, or the step is far too large for the edges.
    """
    points = front.points
    if points[0, 0] != 0.0 or points[-1, 0] != width:
        raise MeshError(
            f"the front must end on the walls, it runs from {points[0, 0]:g} to {points[-1, 0]:g}"
        )
    metal = ~front.bare
    share = _from_pinned(np.asarray(volume, dtype=np.float64), pinned, metal)
    return _advance(front, share, pinned, slide & ~pinned, metal, depth=0)


def _from_pinned(volume: FloatArray, pinned: BoolArray, metal: BoolArray) -> FloatArray:
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


def _directions(points: FloatArray, vectors: FloatArray, slide: BoolArray) -> FloatArray:
    """Unit directions of motion: along the area vector, along x for feet, along y on walls."""
    u = vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), np.finfo(float).tiny)[:, None]
    u[slide] = np.column_stack((np.where(vectors[slide, 0] < 0.0, -1.0, 1.0), np.zeros(int(slide.sum()))))
    u[[0, -1]] = (0.0, 1.0)
    return np.asarray(u)


def _spread(
    volume: FloatArray,
    reach: FloatArray,
    vectors: FloatArray,
    pinned: BoolArray,
    metal: BoolArray,
    weak: BoolArray,
) -> FloatArray:
    """Let vertices of small reach (needle points, cusps) keep a part of their volume and pass on the rest.

    `weak` vertices keep nothing, because the step would turn their area vectors around.
    """
    keep = np.clip(reach / REACH, 0.0, 1.0)
    keep[pinned | weak] = 0.0
    if np.all((keep == 1.0) | (volume == 0.0)):
        return volume
    size = np.hypot(vectors[:, 0], vectors[:, 1]) * np.maximum(keep, 0.05)
    size[pinned | weak] = 0.0
    to_right, to_left = np.where(metal, size[1:], 0.0), np.where(metal, size[:-1], 0.0)
    total = np.append(to_right, 0.0) + np.append(0.0, to_left)
    keep[total == 0.0] = 1.0
    total[total == 0.0] = 1.0
    kept, moving = keep * volume, (1.0 - keep) * volume
    for _ in range(40):
        if not np.any(moving):
            break
        arriving = np.zeros_like(volume)
        arriving[1:] += moving[:-1] * to_right / total[:-1]
        arriving[:-1] += moving[1:] * to_left / total[1:]
        kept += keep * arriving
        moving = (1.0 - keep) * arriving
    return np.asarray(kept + moving)


def _advance(
    front: Front, volume: FloatArray, pinned: BoolArray, slide: BoolArray, metal: BoolArray, depth: int
) -> FloatArray:
    """Solve for the displacement; a step too large for Newton is taken in two halves."""
    points = front.points
    half = np.zeros(len(points))
    e = np.diff(points, axis=0)
    lengths = 0.5 * np.where(metal, np.hypot(e[:, 0], e[:, 1]), 0.0)
    half[:-1] += lengths
    half[1:] += lengths
    weak = np.zeros(len(points), dtype=np.bool_)
    share = volume
    for _ in range(4):
        middle, u = points, np.zeros_like(points)
        for _ in range(3):
            vectors = front.area_vectors_at(middle)
            u = _directions(middle, vectors, slide)
            along = np.sum(u * vectors, axis=1)
            share = _spread(volume, np.abs(along) / np.maximum(half, 1e-300), vectors, pinned, metal, weak)
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
    first = _advance(front, 0.5 * volume, pinned, slide, metal, depth + 1)
    second = front.with_points(points + first)
    return first + _advance(second, 0.5 * volume, pinned, slide, metal, depth + 1)


def _newton(front: Front, u: FloatArray, volume: FloatArray) -> tuple[FloatArray | None, BoolArray]:
    """Amplitudes s with s_i u_i . N_i(p + s u / 2) = volume_i, None if there are none; vertices to blame."""
    points, n = front.points, len(front.points)
    active = volume != 0.0
    s = np.zeros(n)
    bands = np.zeros((3, n))
    turned = rotate(u)
    to_next, to_last = 0.25 * np.sum(u[:-1] * turned[1:], axis=1), 0.25 * np.sum(u[1:] * turned[:-1], axis=1)
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
        bands[1] = np.where(active, reach, 1.0)
        bands[0, 1:] = np.where(active[:-1], s[:-1] * to_next, 0.0)
        bands[2, :-1] = np.where(active[1:], -s[1:] * to_last, 0.0)
        step = solve_banded((1, 1), bands, residual, check_finite=False)
        s = np.asarray(s - step)
        if not np.all(np.isfinite(s)):
            return None, blame
        if float(np.max(np.abs(step))) <= 2e-16 * float(np.max(np.abs(s))):
            return s, blame
    return (s if float(np.max(np.abs(residual))) <= 1e-14 * scale else None), blame


def lift(front: Front) -> Front:
    """Raise vertices below the substrate to y = 0 and scale all heights so that the metal area stays.

    Deposit as thin as a rounded vertex is wide dips below the substrate when its neighbours are resampled.
    """
    points = front.points
    if points[:, 1].min() >= 0.0:
        return front
    raised = front.with_points(np.column_stack((points[:, 0], np.maximum(points[:, 1], 0.0))))
    before, after = front.metal_area(), raised.metal_area()
    factor = before / after if after > 0.0 and before > 0.0 else 1.0
    return raised.with_points(raised.points * (1.0, factor))
