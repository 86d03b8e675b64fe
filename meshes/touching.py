"""Where the metal of a shell meets metal again across a thin film of electrolyte, or its image in a wall.

Growth in 3D does not merge deposits. Two places face one another when their normals are opposed and each lies
before the other; a place faces a wall, which is a mirror, when it looks at it from nearby.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .arrays import FloatArray
from .errors import MeshError
from .shell import Shell

OPPOSED = -0.5
"""Cosine between normals that face one another."""
BEFORE = 0.5
"""Smallest cosine between a normal and the way to what it faces."""


class Touching(MeshError):  # noqa: N818 (says what is the case, not that it is an error)
    """Deposits touch.

    Attributes:
        place: where, in the shell's unit, shape (3,).
    """

    def __init__(self, place: FloatArray, scale: float = 1.0) -> None:
        """Say where; `scale`: micrometres per unit of the shell."""
        self.place = place
        x, y, z = (f"{scale * float(v):.3g}" for v in place)
        super().__init__(f"deposits touch at ({x}, {y}, {z}) um: growth in 3D goes on until then")


def nearest_facing(shell: Shell, part: float) -> FloatArray | None:
    """Middle between two places of metal that face one another closer than `part` of the edges there.

    Args:
        shell: any number of deposits on one substrate.
        part: of the mean length of the edges at the two vertices; walls normal to x and y are mirrors.

    Returns:
        shape (3,), or None.
    """
    metal = np.flatnonzero(shell.vertices_of(~shell.bare))
    if not metal.size:
        return None
    points, sizes = shell.points[metal], part * shell.sizes[metal]
    weighted = np.where(shell.bare, 0.0, shell.measures)[:, None] * shell.normals
    normals = shell.to_vertices(weighted)[metal]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.finfo(float).tiny)
    pairs = cKDTree(points).query_pairs(float(sizes.max()), output_type="ndarray")
    if pairs.size:
        a, b = pairs.T
        way = points[b] - points[a]
        distance = np.linalg.norm(way, axis=1)
        facing = (
            (distance < np.minimum(sizes[a], sizes[b]))
            & (np.sum(normals[a] * normals[b], axis=1) < OPPOSED)
            & (np.sum(normals[a] * way, axis=1) > BEFORE * distance)
            & (np.sum(normals[b] * way, axis=1) < -BEFORE * distance)
        )
        if facing.any():
            k = int(np.argmin(np.where(facing, distance, np.inf)))
            return np.asarray(0.5 * (points[a[k]] + points[b[k]]))
    for axis in (0, 1):
        for wall, side in ((shell.points[:, axis].min(), -1.0), (shell.points[:, axis].max(), 1.0)):
            if not np.any(shell.fixed[:, axis] & (shell.points[:, axis] == wall)):
                continue  # the shell ends there, and no wall is
            distance = side * (wall - points[:, axis])
            # The cosine with the mirror image is 1 - 2 c^2, c being that with the wall's normal.
            looks = side * normals[:, axis] > np.sqrt(0.5 * (1.0 - OPPOSED))
            close = looks & ~shell.fixed[metal, axis] & (2.0 * distance < sizes)
            if close.any():
                k = int(np.argmin(np.where(close, distance, np.inf)))
                place: FloatArray = points[k].copy()
                place[axis] = wall
                return place
    return None
