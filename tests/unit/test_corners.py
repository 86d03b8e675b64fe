"""A corner under even growth: Huygens' construction opens some corners to arcs and keeps others sharp."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from meshes.advance import displace
from meshes.front import Front
from meshes.resample import resample
from meshes.shapes import all_metal
from meshes.sizing import SizeFunction

WIDTH, WAY, STEPS = 4.0, 1.0, 200
"""Of the front; how far it advances, and in how many steps."""


def sized(edge: float) -> SizeFunction:
    """Edges of `edge`, down to a third of it where the front is curved."""
    return lambda _, curvature: np.maximum(np.minimum(edge, 0.35 / np.maximum(curvature, 1e-300)), edge / 3.0)


def even(front: Front) -> np.ndarray:
    """Half the length of the edges at every vertex."""
    share = np.zeros(len(front.points))
    for corner in front.cells.T:
        share += np.bincount(corner, 0.5 * front.lengths, share.size)
    return share


def advanced(up: float, edges: int, slope: float = 1.0) -> Front:
    """A roof (a valley if `slope` < 0) whose edges have moved by WAY along their normals, down if `up` < 0.

    By the midpoint rule: volumes are those that the lengths half a step later ask for.
    """
    x = np.linspace(0.0, WIDTH, edges + 1)
    roof = slope * (0.5 * WIDTH - np.abs(x - 0.5 * WIDTH))
    front = replace(all_metal(np.column_stack((x, roof))), base=-10.0 * WIDTH)
    size, step = sized(float(front.lengths.mean())), up * WAY / STEPS
    for _ in range(STEPS):
        free = np.zeros(len(front.points), dtype=np.bool_)
        middle = front.with_points(front.points + displace(front, 0.5 * step * even(front), free, free))
        moved = front.with_points(front.points + displace(front, step * even(middle), free, free))
        front = resample(moved, size, np.zeros(len(moved.points), dtype=np.bool_))
    return front


def distance_to_roof(front: Front) -> np.ndarray:
    """Distance of the vertices near the middle from the roof where the front began."""
    x, y = front.points[np.abs(front.points[:, 0] - 0.5 * WIDTH) < 0.7 * WAY].T
    aside, above = np.abs(x - 0.5 * WIDTH), y - 0.5 * WIDTH
    foot = 0.5 * np.maximum(0.0, aside - above)  # of the perpendicular, beside the ridge and below it
    return np.asarray(np.hypot(aside - foot, above + foot))


def test_a_ridge_that_grows_opens_to_an_arc() -> None:
    """All of the arc lies WAY from where the corner was; of first order in the edge length."""
    errors = []
    for edges in (20, 40, 80):
        far = distance_to_roof(advanced(1.0, edges))
        errors.append(float(np.abs(far - WAY).max()))
    assert errors[0] < 0.03
    assert errors[1] < 0.75 * errors[0]
    assert errors[2] < 0.75 * errors[1]


@pytest.mark.parametrize(("up", "slope"), [(-1.0, 1.0), (1.0, -1.0)])
def test_a_corner_that_closes_stays_sharp(up: float, slope: float) -> None:
    """A ridge that dissolves, a groove that grows: both flanks go on to where they meet, sqrt(2) WAY."""
    front = advanced(up, 40, slope)
    k = int(np.argmin(np.abs(front.points[:, 0] - 0.5 * WIDTH)))
    start = slope * 0.5 * WIDTH
    assert abs(front.points[k, 1] - start) == pytest.approx(math.sqrt(2.0) * WAY, rel=0.01)
    assert abs(front.turning()[k]) > math.radians(80.0)
