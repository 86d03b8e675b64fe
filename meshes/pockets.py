"""What a way that is cut out of the front enclosed: pockets of electrolyte, pieces of metal, or neither.

The way and the shortcut that replaces it form a closed line that may cross itself. Each of its faces lies in
metal or electrolyte before and after the cut, told by winding numbers: from electrolyte to metal it is a
pocket, from metal to electrolyte a detached piece; all else is overlap of a front that had crossed itself.
"""

from __future__ import annotations

import numpy as np
import shapely

from .arrays import FloatArray
from .front import Front
from .proximity import cross


def enclosed(
    ring: FloatArray, after: Front, large: float
) -> tuple[list[shapely.Polygon], list[shapely.Polygon]]:
    """Large pockets of electrolyte and pieces of metal enclosed by the way dropped, closed to `ring`."""
    closed = np.concatenate((ring, ring[:1]))
    lines = shapely.get_parts(shapely.node(shapely.LineString(closed)))
    faces = [face for face in shapely.get_parts(shapely.polygonize(lines)) if face.area > large]
    floor = min(float(after.points[:, 1].min()), float(ring[:, 1].min())) - 1.0
    (x0, _), (x1, _) = after.points[0], after.points[-1]
    metal = np.concatenate((after.points[::-1], [(x0, floor), (x1, floor)], after.points[-1:]))
    trapped, detached = [], []
    for face in faces:
        inside = shapely.get_coordinates(shapely.point_on_surface(face))[0]
        now = _winding(metal, inside)
        before = now - _winding(closed, inside)
        if (before, now) == (0, 1):
            trapped.append(face)
        elif (before, now) == (1, 0):
            detached.append(face)
    return trapped, detached


def _winding(closed: FloatArray, place: FloatArray) -> int:
    """How often the closed polyline (last point = first) goes around a place, counter-clockwise."""
    p, q = closed[:-1] - place, closed[1:] - place
    side = cross(p, q)
    up = (p[:, 1] <= 0.0) & (q[:, 1] > 0.0) & (side > 0.0)
    down = (p[:, 1] > 0.0) & (q[:, 1] <= 0.0) & (side < 0.0)
    return int(up.sum()) - int(down.sum())
