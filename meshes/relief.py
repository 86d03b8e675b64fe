"""How rough and how spiky a shell is, seen from above."""

from __future__ import annotations

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray


class Relief:
    """Heights of the triangles that face upwards, weighted by their area as seen from above.

    Attributes:
        heights: of their middles, shape (k,).
        weights: their projected areas, shape (k,).
    """

    def __init__(self, points: FloatArray, cells: IntArray, normals: FloatArray, areas: FloatArray) -> None:
        """Take the triangles of a shell with unit `normals`."""
        facing = normals[:, 2] > 1e-9
        self._cells, self._points = cells[facing], points
        self.heights = points[:, 2][self._cells].mean(axis=1)
        self.weights = (normals[:, 2] * areas)[facing]

    def median(self) -> float:
        """Height that half of the projected area lies below."""
        order = np.argsort(self.heights)
        total = np.cumsum(self.weights[order])
        return float(self.heights[order][np.searchsorted(total, 0.5 * total[-1])])

    def roughness(self) -> float:
        """RMS of the height about its mean."""
        mean = np.average(self.heights, weights=self.weights)
        return float(np.sqrt(np.average((self.heights - mean) ** 2, weights=self.weights)))

    def width_above(self, height: float, fixed: BoolArray) -> float:
        """Diameter of a disc of the area that lies above `height`; symmetry planes it touches complete it."""
        part = _part_above(self._points[:, 2][self._cells], height)
        area = float(self.weights @ part)
        touched = fixed[np.unique(self._cells[part > 0.0])][:, :2].any(axis=0)
        return float(np.sqrt(4.0 * area * 2.0 ** int(touched.sum()) / np.pi))


def _part_above(corners: FloatArray, level: float) -> FloatArray:
    """Part of every triangle above `level`, for the heights of its corners, shape (k, 3) -> (k,)."""
    low, middle, high = np.sort(corners, axis=1).T
    span = high - low
    under = np.clip(level - low, 0.0, None) ** 2 / np.maximum((middle - low) * span, 1e-300)
    over = np.clip(high - level, 0.0, None) ** 2 / np.maximum((high - middle) * span, 1e-300)
    part = np.where(level < middle, 1.0 - under, over)
    return np.asarray(np.where(level <= low, 1.0, np.where(level >= high, 0.0, part)))
