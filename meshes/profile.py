"""Profile of a front as seen from the counter electrode: upper envelope, median, roughness, protrusion.

A front may overhang (mushrooms). Seen from above it is its *upper envelope*, a piecewise linear function of x
with jumps. The edges of a front do not cross, so between two neighbouring vertex abscissae one edge stays on
top all the way: the envelope, and every integral of it, is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Envelope:
    """Upper envelope of a front: piece k is the straight line from (left, start) to (right, end).

    Attributes:
        left: abscissa where each piece begins, ascending, shape (m,).
        right: abscissa where each piece ends, shape (m,).
        start: height at `left`, shape (m,).
        end: height at `right`, shape (m,).
    """

    left: FloatArray
    right: FloatArray
    start: FloatArray
    end: FloatArray

    def heights(self, x: FloatArray) -> FloatArray:
        """Height at the abscissae x, any shape; at a jump the upper value."""
        x = np.asarray(x, dtype=np.float64)
        last = self.left.size - 1
        value = np.full(x.shape, -np.inf)
        for side in ("left", "right"):
            k = np.clip(
                np.searchsorted(self.left, x, side="left" if side == "left" else "right") - 1, 0, last
            )
            s = np.clip((x - self.left[k]) / (self.right[k] - self.left[k]), 0.0, 1.0)
            value = np.maximum(value, self.start[k] + s * (self.end[k] - self.start[k]))
        return value

    def mean(self) -> float:
        """Mean height over x."""
        dx = self.right - self.left
        return float(np.sum(dx * (self.start + self.end)) / (2.0 * np.sum(dx)))

    def roughness(self) -> float:
        """RMS of the height about its mean, sqrt(1/W int (h - mean)^2 dx), integrated exactly."""
        dx = self.right - self.left
        mean = self.mean()
        a, b = self.start - mean, self.end - mean
        return float(np.sqrt(np.sum(dx * (a * a + a * b + b * b)) / (3.0 * np.sum(dx))))

    def median(self) -> float:
        """Height below which the envelope lies on half of the width."""
        dx = self.right - self.left
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        rise = np.maximum(high - low, np.finfo(float).tiny)
        lower, upper = float(low.min()), float(high.max())
        half = 0.5 * float(dx.sum())
        for _ in range(60):  # bisection: the share below a level is monotone, piecewise linear and may jump
            middle = 0.5 * (lower + upper)
            if float(np.sum(dx * np.clip((middle - low) / rise, 0.0, 1.0))) < half:
                lower = middle
            else:
                upper = middle
        return 0.5 * (lower + upper)


def upper_envelope(points: FloatArray) -> Envelope:
    """Upper envelope of a simple polyline, shape (n, 2), that may overhang."""
    x, y = points[:, 0], points[:, 1]
    if np.all(np.diff(x) > 0.0):
        return Envelope(x[:-1], x[1:], y[:-1], y[1:])
    grid = np.unique(x)
    lo = np.searchsorted(grid, np.minimum(x[:-1], x[1:]))
    count = np.searchsorted(grid, np.maximum(x[:-1], x[1:])) - lo
    edge = np.repeat(np.arange(count.size), count)
    interval = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + lo[edge]
    slope = (y[edge + 1] - y[edge]) / (x[edge + 1] - x[edge])
    middle = y[edge] + slope * (0.5 * (grid[interval] + grid[interval + 1]) - x[edge])
    order = np.lexsort((middle, interval))
    top = order[np.append(np.flatnonzero(np.diff(interval[order])), order.size - 1)]
    edge, interval, slope = edge[top], interval[top], slope[top]
    left, right = grid[interval], grid[interval + 1]
    start, end = y[edge] + slope * (left - x[edge]), y[edge] + slope * (right - x[edge])
    return Envelope(left, right, start, end)


def protrusion_width(points: FloatArray, level: float) -> float:
    """Extent in x of the metal at height `level` in the protrusion that carries the highest vertex.

    The protrusion is the connected piece of metal above `level` that contains the tip: its trace on the level
    is the chord between the two ends of the tip's arc less the electrolyte pockets inside it. A protrusion
    that stands on a wall counts with its mirror image.
    """
    x, y = points[:, 0], points[:, 1]
    above = y > level
    tip = int(np.argmax(y))
    if not above[tip]:
        return 0.0
    up = np.flatnonzero(~above[:-1] & above[1:])
    down = np.flatnonzero(above[:-1] & ~above[1:])

    def crossing(edge: IntArray) -> FloatArray:
        s = (level - y[edge]) / (y[edge + 1] - y[edge])
        return np.asarray(x[edge] + s * (x[edge + 1] - x[edge]))

    start, end = crossing(up), crossing(down)
    if above[0]:
        start = np.append(x[0], start)
    if above[-1]:
        end = np.append(end, x[-1])
    arc_begin = np.append(-1, up) if above[0] else up
    mine = int(np.searchsorted(arc_begin, tip, side="left")) - 1
    left, right = start[mine], end[mine]
    inside = (end < start) & (np.minimum(start, end) > left) & (np.maximum(start, end) < right)
    pockets = np.sort(np.column_stack((end[inside], start[inside])), axis=0)
    covered = 0.0
    reach = left
    for a, b in pockets[np.argsort(pockets[:, 0])]:
        covered += max(0.0, b - max(a, reach))
        reach = max(reach, b)
    width = float(right - left - covered)
    on_wall = (mine == 0 and bool(above[0])) != (mine == start.size - 1 and bool(above[-1]))
    return 2.0 * width if on_wall else width
