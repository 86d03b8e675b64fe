"""Feet of a deposit in 3D: the line in which it ends on bare substrate advances with its contact angle.

Where a deposit stands on the substrate more steeply than the advancing contact angle allows, its foot slides
outwards and keeps that angle. A triangle of height H that leans e (radians) too far is set right when its
vertices on the substrate move outwards by H e; a foot takes the mean of what the triangles around it ask for,

    d = sum_T A_T H_T (theta_T - limit) / sum_T A_T

along their mean horizontal normal. The line so follows the shape of the metal above it. Moved by the current at
each single foot alone, started and stopped by the angle there, feet run ahead of one another, and the line
frays: whether a foot slides is therefore decided by the mean over its neighbours along the line.

What feet sweep in setting the angle right is taken from the metal next to them: the sum stays.
"""

from __future__ import annotations

import numpy as np

from .arrays import BoolArray, FloatArray
from .shell import Shell
from .shell_advance import displace3d

SWEEPS = 2
"""Times that the angle is set right in one motion."""
PART = 0.6
"""Part of the way to the angle that a foot goes in one sweep."""
LARGEST = 0.15
"""Largest motion of a foot in one sweep, in shortest edges around it."""
PASSES = 2
"""Times that the overhang is averaged with that of the neighbours along the line."""


def overhang(shell: Shell, limits: FloatArray) -> FloatArray:
    """How far feet have to go outwards for the contact angle to be `limits`, negative inwards, shape (n,).

    Args:
        shell: deposit on a level substrate.
        limits: advancing contact angle at every vertex, radians, measured in the metal, shape (n,).

    Returns:
        Distances, minus infinity where no deposit ends on bare substrate.
    """
    height, tilt = _slopes(shell)
    asked, weight = np.zeros(len(shell.points)), np.zeros(len(shell.points))
    rises = height > 0.0
    for corner in shell.cells[rises].T:
        lean = np.clip(tilt[rises] - limits[corner], -np.pi, np.pi)
        np.add.at(asked, corner, shell.measures[rises] * height[rises] * lean)
        np.add.at(weight, corner, shell.measures[rises])
    found = shell.feet & (weight > 0.0)
    return np.where(found, asked / np.where(found, weight, 1.0), -np.inf)


def sliding(shell: Shell, limits: FloatArray) -> BoolArray:
    """Feet that slide: where the deposit leans over its limit in the mean along the line, shape (n,)."""
    asked = overhang(shell, limits)
    feet = np.isfinite(asked)
    mean = np.where(feet, asked, 0.0)
    line = shell.edges[shell.broken & feet[shell.edges].all(axis=1)]
    ways = np.concatenate((line, line[:, ::-1]))
    number = np.bincount(ways[:, 0], minlength=len(feet))
    for _ in range(PASSES):
        around = np.bincount(ways[:, 0], mean[ways[:, 1]], len(feet)) / np.maximum(number, 1)
        mean = np.where(number > 0, 0.5 * (mean + around), mean)
    return np.asarray(feet & (mean >= 0.0))


def advance_feet(
    shell: Shell, volume: FloatArray, pinned: BoolArray, slide: BoolArray, limits: FloatArray
) -> Shell:
    """`shell` with `volume` deposited; feet that `slide` keep their contact angle.

    Args:
        shell: before the motion.
        volume: to deposit at every vertex, shape (n,).
        pinned: vertices that stay, shape (n,).
        slide: feet that move on the substrate, shape (n,).
        limits: see `overhang`.

    Returns:
        The shell with the metal volume of `shell` plus the sum of `volume` to rounding. Vertices of bare
        substrate are where they were, see `substrate.make_way_3d`.

    Raises:
        MeshError: see `shell_advance.displace3d`.
    """
    result = shell.with_points(shell.points + displace3d(shell, volume, pinned, slide))
    mobile, held = slide & ~pinned, pinned | slide
    if not mobile.any() or not volume.any():
        return result
    for _ in range(SWEEPS):
        step = _outwards(result, np.where(mobile, PART * overhang(result, limits), 0.0))
        middle, end = result.points + 0.5 * step, result.points + step
        vectors = result.area_vectors + 4.0 * result.area_vectors_at(middle) + result.area_vectors_at(end)
        swept = np.sum(step * vectors, axis=1) / 6.0
        result = result.with_points(end)
        still = np.zeros_like(slide)
        result = result.with_points(end + displace3d(result, -swept, held, still))
    return result


def _slopes(shell: Shell) -> tuple[FloatArray, FloatArray]:
    """Height of every triangle of metal that touches a foot, else 0, and the angle under it, shape (m,)."""
    beside = ~shell.bare & shell.feet[shell.cells].any(axis=1)
    height = np.where(beside, np.ptp(shell.points[shell.cells, 2], axis=1), 0.0)
    height[height < 1e-9 * np.sqrt(shell.measures)] = 0.0
    up = np.sign(shell.area_vectors[:, 2].sum())
    return height, np.arccos(np.clip(up * shell.normals[:, 2], -1.0, 1.0))


def _outwards(shell: Shell, distance: FloatArray) -> FloatArray:
    """Horizontal displacement of feet by `distance`, not too far for the triangles, shape (n, 3)."""
    weighted = np.where(_slopes(shell)[0] > 0.0, shell.measures, 0.0)[:, None] * shell.normals
    direction = shell.to_vertices(weighted)
    direction[:, 2] = 0.0
    direction[shell.fixed] = 0.0
    length = np.linalg.norm(direction, axis=1)
    edge = np.linalg.norm(shell.points[shell.edges[:, 1]] - shell.points[shell.edges[:, 0]], axis=1)
    shortest = np.full(len(shell.points), np.inf)
    np.minimum.at(shortest, shell.edges, edge[:, None])
    size = np.clip(distance, -LARGEST * shortest, LARGEST * shortest)
    return np.asarray(direction * (size / np.where(length > 0.0, length, 1.0))[:, None])
