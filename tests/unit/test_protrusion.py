"""Protrusions: their radii, tangents and areas against plane geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shapely.geometry import LineString, Point, Polygon

from meshes.errors import MeshError
from meshes.protrusion import Outline, with_protrusion

SPIKE = Outline(width=4.0, height=4.0, tip_radius=0.4, foot_radius=2.0)
BLOCK = Outline(width=6.0, height=3.0, top=2.0, tip_radius=0.8, foot_radius=1.0)


def rounded(outline: Outline) -> Polygon:
    """The same shape by offsets: shrink and grow rounds what sticks out, grow and shrink what goes in."""
    w, h, t = 0.5 * outline.width, outline.height, 0.5 * outline.top
    corners = [(-100, -50), (-100, 0), (-w, 0), (-t, h), (t, h), (w, 0), (100, 0), (100, -50)]
    shape = Polygon(corners)
    for radius in (outline.tip_radius, -outline.foot_radius):
        sharp = shape.buffer(-radius, quad_segs=2000, join_style="mitre", mitre_limit=100)
        shape = sharp.buffer(radius, quad_segs=2000)
    return shape


@pytest.mark.parametrize("outline", [SPIKE, BLOCK, Outline(4.0, 4.0), Outline(4.0, 2.0, 4.0, 0.5, 0.5)])
def test_corners_are_rounded_by_their_radii(outline: Outline) -> None:
    points = outline.points(0.01)
    assert points[:, 1].max() == pytest.approx(outline.summit, abs=1e-12)
    true = rounded(outline).boundary
    # As near as shapely is: it simplifies what it offsets, by up to 1e-2 of the radius.
    assert max(true.distance(Point(*p)) for p in points) < 1e-4
    assert points[0] == pytest.approx([-outline.reach, 0.0], abs=1e-12)


@pytest.mark.parametrize("size", [0.3, 0.1, 0.01])
def test_area_of_a_spike_is_that_of_its_arcs_less_their_segments(size: float) -> None:
    s, tip, foot = SPIKE.slope, SPIKE.tip_radius, SPIKE.foot_radius
    exact = 0.5 * SPIKE.width * SPIKE.height - tip**2 * (math.tan(s) - s)
    exact += 2.0 * foot**2 * (math.tan(s / 2) - s / 2)
    for radius, sign in ((tip, -1.0), (foot, 1.0)):
        parts = max(2, math.ceil(radius * s / size))
        exact += sign * radius**2 * (s - parts * math.sin(s / parts))
    x, y = SPIKE.points(size).T
    assert float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)) == pytest.approx(exact, rel=1e-12)


def test_the_spike_of_the_tutorial_loses_height_to_its_radius() -> None:
    assert SPIKE.summit == pytest.approx(4.0 - 0.4 * (math.sqrt(5.0) - 1.0), rel=1e-14)


@pytest.mark.parametrize("outline", [SPIKE, BLOCK])
def test_edges_and_symmetry(outline: Outline) -> None:
    points = outline.points(0.3)
    np.testing.assert_array_equal(points, points[::-1] * (-1.0, 1.0))
    lengths = np.hypot(*np.diff(points, axis=0).T)
    assert lengths.max() <= 0.3 * (1 + 1e-9)
    assert lengths.min() > 0.05
    assert 0.0 in points[:, 0]


def test_front_from_wall_to_wall() -> None:
    front = with_protrusion(50.0, SPIKE, 0.5)
    x, y = front.points.T
    assert (x[0], x[-1], y[0], y[-1]) == (0.0, 50.0, 0.0, 0.0)
    assert np.all(front.surface == 0)
    assert LineString(front.points).is_simple
    assert x[np.argmax(y)] == pytest.approx(25.0)
    aside = with_protrusion(50.0, SPIKE, 0.5, position=10.0)
    assert aside.points[np.argmax(aside.points[:, 1]), 0] == pytest.approx(10.0)
    assert aside.metal_area() == pytest.approx(front.metal_area(), rel=1e-12)


def test_a_protrusion_may_fill_the_cell() -> None:
    front = with_protrusion(2.0 * SPIKE.reach, SPIKE, 0.3)
    assert front.points[[0, -1], 0].tolist() == [0.0, 2.0 * SPIKE.reach]
    assert np.hypot(*np.diff(front.points, axis=0).T).min() > 0.05


@pytest.mark.parametrize(
    "outline",
    [
        Outline(4.0, 4.0, foot_radius=40.0),
        Outline(4.0, 4.0, tip_radius=3.0),
        Outline(4.0, 4.0, top=1.0, tip_radius=2.0),
        Outline(4.0, 4.0, top=5.0),
    ],
)
def test_radii_that_do_not_fit(outline: Outline) -> None:
    with pytest.raises(MeshError, match="no room"):
        outline.points(0.1)


def test_a_protrusion_wider_than_the_cell() -> None:
    with pytest.raises(MeshError, match="does not fit"):
        with_protrusion(5.0, SPIKE, 0.1)
