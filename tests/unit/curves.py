"""Closed and open chains of deposit whose true curves are known, for the tests of the geometry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from meshes.front import Chain, Front
from meshes.shapes import NAMES

FloatArray = np.ndarray
TWICE = 2.0 * np.pi


def closed(points: FloatArray, patch: int = -1, base: float = 0.0) -> Front:
    """Deposit inside a closed clockwise polygon (outside a counter-clockwise one)."""
    n = len(points)
    return Front(
        points, NAMES, np.zeros(n), np.ones(n), np.full(n, patch), chains=(Chain(n, None),), base=base
    )


def opened(points: FloatArray, walls: tuple[int, int] = (0, 0), base: float = 0.0) -> Front:
    """Deposit to the right of an open polyline."""
    n = len(points) - 1
    return Front(
        points, NAMES, np.zeros(n), np.ones(n), np.full(n, -1), chains=(Chain(n + 1, walls),), base=base
    )


def circle(n: int, radius: float, centre: tuple[float, float] = (0.0, 0.0), patch: int = -1) -> Front:
    """A clockwise regular polygon inscribed in a circle."""
    t = -TWICE * np.arange(n) / n
    return closed(np.asarray(centre) + radius * np.column_stack((np.cos(t), np.sin(t))), patch)


def arc(n: int, radius: float, outer: bool = False) -> Front:
    """Quarter of a circle between the wall x = 0 and the wall y = 0; metal inside, or outside if `outer`."""
    t = np.linspace(0.5 * np.pi, 0.0, n)
    points = radius * np.column_stack((np.cos(t), np.sin(t)))
    points[0, 0] = points[-1, 1] = 0.0
    return opened(points[::-1], (1, 0)) if outer else opened(points, (0, 1))


def gear(n: int, teeth: int = 7, depth: float = 0.15) -> Front:
    """A clockwise closed curve r = 1 + depth cos(teeth t)."""
    t = -TWICE * np.arange(n) / n
    r = 1.0 + depth * np.cos(teeth * t)
    return closed(np.column_stack((r * np.cos(t), r * np.sin(t))))


def uniform(length: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """The same edge length everywhere."""
    return lambda points, curvature: np.full(len(points), length)


def free(front: Front) -> FloatArray:
    """No vertex marked."""
    return np.zeros(len(front.points), dtype=bool)


def growth(front: Front, speed: float) -> FloatArray:
    """Volume of every vertex in a uniform normal growth; bare substrate does not grow."""
    half = 0.5 * speed * front.lengths * ~front.bare
    return np.bincount(front.cells.ravel(), np.repeat(half, 2), len(front.points))
