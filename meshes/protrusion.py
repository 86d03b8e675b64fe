"""A protrusion on flat metal: a spike or a block with rounded corners.

Half of it, from the left: a foot of radius r_f that turns by the slope s of the flank, the straight flank, a
tip of radius r_t that turns back, and half of the flat top, if there is one:

    tan s = h / ((w - t)/2)

An arc that turns by s takes r tan(s/2) from both of its straight sides; on a spike, whose two flanks share
one arc, the tip takes r_t tan s from each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray
from .errors import MeshError
from .front import Front
from .shapes import all_metal


@dataclass(frozen=True)
class Outline:
    """A protrusion, symmetric about its middle; any unit of length.

    Attributes:
        width: w, distance of its two flanks at height 0 before they are rounded.
        height: h, before it is rounded.
        top: t, width of its flat top, 0 for a spike.
        tip_radius: r_t, of the spike or of both corners of the top.
        foot_radius: r_f.
    """

    width: float
    height: float
    top: float = 0.0
    tip_radius: float = 0.0
    foot_radius: float = 0.0

    @property
    def slope(self) -> float:
        """Angle s of the flanks in rad, at most pi/2."""
        return math.atan2(self.height, 0.5 * (self.width - self.top))

    @property
    def flank(self) -> float:
        """Length of a flank before it is rounded."""
        return math.hypot(self.height, 0.5 * (self.width - self.top))

    @property
    def foot_cut(self) -> float:
        """What the foot takes from a flank, and from the flat metal beside it."""
        return self.foot_radius * math.tan(0.5 * self.slope)

    @property
    def tip_cut(self) -> float:
        """What the tip takes from a flank."""
        return self.tip_radius * math.tan(self.slope if self.top == 0.0 else 0.5 * self.slope)

    @property
    def reach(self) -> float:
        """How far from its middle it extends."""
        return 0.5 * self.width + self.foot_cut

    @property
    def summit(self) -> float:
        """Height that is left after rounding: a spike loses r_t (1/cos s - 1)."""
        lost = self.tip_radius * (1.0 / math.cos(self.slope) - 1.0) if self.top == 0.0 else 0.0
        return self.height - lost

    @property
    def fits(self) -> bool:
        """Whether arcs leave something of flanks and top, or just all."""
        room = 1.0 + 1e-12
        return self.foot_cut + self.tip_cut <= self.flank * room and (
            self.top == 0.0 or self.tip_cut <= 0.5 * self.top * room
        )

    def points(self, size: float) -> FloatArray:
        """From foot to foot with the middle at x = 0, edges of about `size`; mirror symmetric, shape (k, 2).

        Raises:
            MeshError: if the radii do not fit.
        """
        if not 0.0 <= self.top <= self.width or not self.fits:
            raise MeshError(
                f"a protrusion {self.width:g} wide and {self.height:g} high has no room for a top of "
                f"{self.top:g} and radii of {self.tip_radius:g} and {self.foot_radius:g}"
            )
        s, r = self.slope, self.tip_radius
        foot = np.array([-self.reach, self.foot_radius])
        middle = -0.5 * self.top + self.tip_cut if self.top > 0.0 else 0.0
        tip = np.array([middle, self.summit - r])
        up = np.linspace(0.0, s, _parts(self.foot_radius * s, size) + 1)
        down = np.linspace(s, 0.0, _parts(r * s, size) + 1)
        arc = np.column_stack((np.sin(up), -np.cos(up)))
        cap = np.column_stack((-np.sin(down), np.cos(down)))
        rising, falling = foot + self.foot_radius * arc, tip + r * cap
        half = np.vstack(
            (
                rising,
                _between(rising[-1], falling[0], size),
                falling,
                _between(falling[-1], np.array([0.0, self.summit]), size),
                [[0.0, self.summit]],
            )
        )
        apart = np.hypot(*np.diff(half, axis=0).T) > 1e-9 * self.flank
        half = half[np.append(apart, True)]
        return np.asarray(np.vstack((half, half[-2::-1] * (-1.0, 1.0))))


def with_protrusion(width: float, outline: Outline, size: float, position: float | None = None) -> Front:
    """Flat metal at height 0 with a protrusion.

    Args:
        width: width of the cell.
        outline: the protrusion.
        size: edge length.
        position: abscissa of its middle, by default the middle of the cell.

    Raises:
        MeshError: if it does not fit into the cell, or its radii do not fit into it.
    """
    middle = 0.5 * width if position is None else position
    room = min(middle, width - middle) * (1.0 + 1e-12)
    if outline.reach > room:
        raise MeshError(
            f"a protrusion that reaches {outline.reach:g} to either side of x = {middle:g} does not fit into "
            f"0 .. {width:g}"
        )
    points = outline.points(size) + np.array([middle, 0.0])
    points[[0, -1], 1] = 0.0
    ends = np.array([0.0, 0.0]), np.array([width, 0.0])
    left = np.vstack((ends[0], _between(ends[0], points[0], size)))
    right = np.vstack((_between(points[-1], ends[1], size), ends[1]))
    whole = np.vstack((left, points, right))
    apart = np.hypot(*np.diff(whole, axis=0).T) > 1e-9 * outline.flank
    whole = whole[np.append(True, apart)]
    whole[-1] = ends[1]
    return all_metal(whole)


def _parts(length: float, size: float) -> int:
    """Number of edges of about `size`; two at least on an arc, none on nothing."""
    return max(2, math.ceil(length / size - 1e-9)) if length > 0.0 else 0


def _between(start: FloatArray, end: FloatArray, size: float) -> FloatArray:
    """Points of a straight line without its ends, about `size` apart, shape (k, 2)."""
    length = float(np.hypot(*(end - start)))
    part = np.linspace(0.0, 1.0, max(1, math.ceil(length / size - 1e-9)) + 1)[1:-1, None]
    return np.asarray(start + part * (end - start))
