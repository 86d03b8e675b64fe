"""Feet of a deposit in 3D: the line in which it ends on bare substrate advances with its contact angle.

Where a deposit stands on the substrate more steeply than the advancing contact angle allows, its foot slides
outwards and keeps that angle. A triangle of height H that leans e (radians) too far is set right when its
vertices on the substrate move outwards by H e. The triangles around a foot ask, in the mean, for

    d = sum_T A_T H_T (theta_T - limit) / sum_T A_T.

Started and stopped by the angle at each of them alone, feet would run ahead of one another, and the line
would fray. So whether a foot slides is decided by d averaged along the line; if it does it moves by the
volume it receives, as any vertex, and a part of d besides. A line with teeth may stand upright everywhere, so
differences of its curvature k (against the neighbours' mean) are smoothed away as well,

    d' = -l^2/16 (k - k_mean),       which halves teeth of the width l, and leaves circles as they are.

What feet sweep in this is taken from the metal next to them: the sum stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .shell import Shell
from .shell_advance import displace3d

PART = 0.15
"""Part of the way to the angle that a foot goes in one motion: more would follow the scatter of triangles."""
TOLERANCE = 0.05
"""Angle in radians within which flat triangles tell the contact angle; a foot this near to it slides."""
LARGEST = 0.15
"""Largest correction of a foot in one motion, in shortest edges around it."""
PASSES = 3
"""Times that values are averaged with those of the neighbours along the line."""
FLARE = 0.3
"""Largest angle in radians by which the contact angle differs from that of the triangles at the foot."""


def sliding(shell: Shell, limits: FloatArray) -> BoolArray:
    """Feet that slide: where the deposit leans over its limit in the mean along the line, shape (n,).

    Args:
        shell: deposit on a level substrate.
        limits: advancing contact angle at every vertex, radians, measured in the metal, shape (n,).
    """
    line = Footline(shell)
    return np.asarray(line.there & (line.averaged(line.overhang(limits - TOLERANCE)) >= 0.0))


def advance_feet(
    shell: Shell, volume: FloatArray, pinned: BoolArray, slide: BoolArray, limits: FloatArray
) -> Shell:
    """`shell` with `volume` deposited; feet that `slide` keep their contact angle.

    Args:
        shell: before the motion.
        volume: to deposit at every vertex, shape (n,).
        pinned: vertices that stay, shape (n,).
        slide: feet that move on the substrate, shape (n,).
        limits: see `sliding`.

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
    line = Footline(result)
    asked = np.where(mobile, PART * line.averaged(line.overhang(limits)) - line.teeth, 0.0)
    size = np.clip(asked, -LARGEST * line.shortest, LARGEST * line.shortest)
    step = size[:, None] * line.outwards
    middle, end = result.points + 0.5 * step, result.points + step
    vectors = result.area_vectors + 4.0 * result.area_vectors_at(middle) + result.area_vectors_at(end)
    swept = np.sum(step * vectors, axis=1) / 6.0
    result = result.with_points(end)
    return result.with_points(end + displace3d(result, -swept, held, np.zeros_like(slide)))


@dataclass(frozen=True, eq=False)
class Footline:
    """The line of feet of `shell`; walls continue it by its mirror image."""

    shell: Shell

    @cached_property
    def _metal(self) -> IntArray:
        """Triangles of metal that rise from a foot, with their corners that are feet: two columns."""
        shell = self.shell
        rise = np.ptp(shell.points[shell.cells, 2], axis=1)
        beside = ~shell.bare & (rise > 1e-9 * np.sqrt(shell.measures))
        cell, corner = np.nonzero(beside[:, None] & shell.feet[shell.cells])
        return np.column_stack((cell, shell.cells[cell, corner]))

    @cached_property
    def there(self) -> BoolArray:
        """Feet with deposit that rises from them, shape (n,)."""
        found = np.zeros(len(self.shell.points), dtype=np.bool_)
        found[self._metal[:, 1]] = True
        return found

    def overhang(self, limits: FloatArray) -> FloatArray:
        """How far feet have to go outwards to get the contact angles `limits`, 0 for others, shape (n,)."""
        shell, (cell, foot), n = self.shell, self._metal.T, len(self.shell.points)
        lean = np.clip(self._tilt[cell] - limits[foot], -np.pi, np.pi) + self._flare[foot]
        rise = np.ptp(shell.points[shell.cells[cell], 2], axis=1)
        return np.bincount(foot, shell.measures[cell] * rise * lean, n) / self._weight

    @cached_property
    def _tilt(self) -> FloatArray:
        """Angle of every triangle with the substrate, in the metal, shape (m,)."""
        up = np.sign(self.shell.area_vectors[:, 2].sum())
        return np.asarray(np.arccos(np.clip(up * self.shell.normals[:, 2], -1.0, 1.0)))

    @cached_property
    def _weight(self) -> FloatArray:
        cell, foot = self._metal.T
        return np.where(self.there, np.bincount(foot, self.shell.measures[cell], len(self.there)), 1.0)

    @cached_property
    def _flare(self) -> FloatArray:
        """Angle at the substrate less that half a triangle above it, by that of the next ones, shape (n,).

        It is extrapolated over the height, from the triangles at a foot and those above them, and averaged
        along the line.
        """
        shell, (cell, foot), n = self.shell, self._metal.T, len(self.shell.points)
        middle = shell.on_facets(shell.points[:, 2]) - shell.points[foot[0], 2] if foot.size else np.zeros(0)
        low = [np.bincount(foot, (shell.measures * f)[cell], n) / self._weight for f in (self._tilt, middle)]
        above = np.flatnonzero(~shell.bare & ~self.there[shell.cells].any(axis=1))
        corners, area = shell.cells[above].ravel(), np.repeat(shell.measures[above], 3)
        total = np.bincount(corners, area, n)
        start, end = np.concatenate((shell.edges, shell.edges[:, ::-1])).T
        up = self.there[start] & ~self.there[end] & (total[end] > 0.0)
        start, end = start[up], end[up]
        number = np.bincount(start, total[end], n)
        high = []
        for f in (self._tilt, middle):
            at = np.bincount(corners, area * np.repeat(f[above], 3), n)
            high.append(np.bincount(start, at[end], n) / np.where(number > 0.0, number, 1.0))
        apart = high[1] - low[1]
        sound = self.there & (number > 0.0) & (apart > 0.2 * low[1])
        found = np.where(sound, (low[0] - high[0]) * low[1] / np.where(sound, apart, 1.0), 0.0)
        found = np.clip(found, -FLARE, FLARE)
        return np.where(self.there, self.averaged(found), 0.0)

    @cached_property
    def _ways(self) -> IntArray:
        """From foot to foot along the line, both ways, shape (k, 2); as mirrored ones twice at a wall."""
        edges = self.shell.edges[self.shell.broken & self.there[self.shell.edges].all(axis=1)]
        ways = np.concatenate((edges, edges[:, ::-1]))
        number = np.bincount(ways[:, 0], minlength=len(self.there))
        ends = (number == 1) & self.shell.fixed.any(axis=1)
        return np.concatenate((ways, ways[ends[ways[:, 0]]]))

    @cached_property
    def _number(self) -> FloatArray:
        return np.bincount(self._ways[:, 0], minlength=len(self.there)).astype(np.float64)

    def around(self, values: FloatArray) -> FloatArray:
        """Mean over the neighbours along the line of `values`, their own where there are none, (n,)."""
        start, end = self._ways.T
        total = np.bincount(start, values[end], len(values))
        return np.where(self._number > 0.0, total / np.maximum(self._number, 1.0), values)

    def averaged(self, values: FloatArray) -> FloatArray:
        """`values` averaged along the line, over some neighbours on both sides, shape (n,)."""
        for _ in range(PASSES):
            values = 0.5 * (values + self.around(values))
        return values

    @cached_property
    def outwards(self) -> FloatArray:
        """Horizontal unit vectors at right angles to the line, from the metal, shape (n, 3)."""
        shell, (cell, foot), n = self.shell, self._metal.T, len(self.shell.points)
        mean = np.zeros((n, 3))
        np.add.at(mean, foot, shell.measures[cell, None] * shell.normals[cell])
        start, end = self._ways.T
        # The chord between the neighbours; on a wall, which mirrors, it is normal to the wall.
        away = shell.points[end] - shell.points[start]
        side = np.where(
            np.sum(away[:, :2] * np.column_stack((-mean[start, 1], mean[start, 0])), axis=1) > 0, 1, -1
        )
        chord = np.zeros((n, 3))
        np.add.at(chord, start, side[:, None] * away)
        normal = np.column_stack((chord[:, 1], -chord[:, 0], np.zeros(n)))
        mean[:, 2] = 0.0
        mean[shell.fixed] = normal[shell.fixed] = 0.0
        regular = (self._number == 2.0) & (np.linalg.norm(normal, axis=1) > 0.0)
        normal = np.where(regular[:, None], normal, mean)
        normal *= np.where(np.sum(normal * mean, axis=1) < 0.0, -1.0, 1.0)[:, None]
        length = np.linalg.norm(normal, axis=1)
        return np.asarray(normal / np.where(length > 0.0, length, 1.0)[:, None])

    @cached_property
    def teeth(self) -> FloatArray:
        """l^2/16 (k - k_mean), positive where the line sticks out; 0 where it branches, shape (n,)."""
        points, n = self.shell.points, len(self.shell.points)
        start, end = self._ways.T
        away = points[end] - points[start]
        length = np.linalg.norm(away, axis=1)
        bend = np.zeros((n, 3))
        np.add.at(bend, start, away / length[:, None])
        total = np.bincount(start, length, n)
        plain = self._number == 2.0
        curvature = -2.0 * np.sum(bend * self.outwards, axis=1) / np.where(plain, total, 1.0)
        curvature = np.where(plain, curvature, 0.0)
        found = (0.5 * total) ** 2 / 16.0 * (curvature - self.around(curvature))
        return np.where(plain, found, 0.0)

    @cached_property
    def shortest(self) -> FloatArray:
        """Shortest edge at every vertex, shape (n,)."""
        shell = self.shell
        length = np.linalg.norm(shell.points[shell.edges[:, 1]] - shell.points[shell.edges[:, 0]], axis=1)
        found = np.full(len(shell.points), np.inf)
        np.minimum.at(found, shell.edges, length[:, None])
        return found
