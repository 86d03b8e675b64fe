"""Signed distance from deposits against closed forms and ray casting."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from meshes.arrays import FloatArray
from meshes.errors import MeshError
from meshes.front import Chain, Front
from meshes.shapes import all_metal, flat, with_islands
from meshes.shell_shapes import plate, with_caps
from meshes.signed_distance import initial, signed_distance


def places(dim: int, count: int) -> FloatArray:
    """Random places of the unit cell, some of them on its walls and on the substrate."""
    points = np.random.default_rng(3).random((count, dim))
    share = count // 8
    points[:share, -1] = 0.0
    points[share : 2 * share, 0] = 0.0
    points[2 * share : 3 * share, 0] = 1.0
    return points


def below_deposit(front: Front, points: FloatArray) -> FloatArray:
    """How often metal begins less how often it ends on the way up to a point, counted from infinity down."""
    times = np.zeros(len(points))
    for (x, y), (u, v) in front.points[front.cells[~front.bare]]:
        over = (points[:, 0] >= min(x, u)) & (points[:, 0] < max(x, u))
        level = y + (v - y) * (points[:, 0] - x) / (u - x) if u != x else np.zeros(len(points))
        times += np.where(over & (level > points[:, 1]), np.sign(u - x), 0.0)
    return times


@pytest.mark.parametrize("height", [0.05, 0.1, 0.15])
def test_caps_on_bare_substrate_in_2d(height: float) -> None:
    """Contact angles below, at and above a right angle; half a cap on the left wall."""
    front = with_islands(1.0, [0.0, 0.35, 0.7], 0.2, height, 0.004, 0.02)
    points = places(2, 8000)
    deposit = shapely.MultiLineString(list(front.points[front.cells[~front.bare]]))
    exact = shapely.distance(shapely.points(points), deposit)
    inside = below_deposit(front, points) > 0.0
    np.testing.assert_allclose(signed_distance(front, points), np.where(inside, -exact, exact), atol=1e-12)
    xi = initial(front, points, 0.01)
    assert xi[inside].min() >= 0.5
    assert xi[~inside].max() <= 0.5


def test_a_floating_ring_in_2d() -> None:
    """Outside clockwise, hole counter-clockwise, above flat metal."""
    angle = np.linspace(0.0, 2.0 * np.pi, 400, endpoint=False)
    circle = np.column_stack((np.cos(angle), np.sin(angle)))
    rings = [all_metal(circle[::way] * r + (0.5, 0.6)) for r, way in ((0.3, -1), (0.2, 1))]
    rings = [ring.chained(ring.points, np.zeros(400, dtype=np.int64), None) for ring in rings]
    front = Front.joined([flat(1.0, 0.05, 0.1), *rings])
    assert front.chains[-1] == Chain(400, None)
    points = places(2, 8000)
    r = np.hypot(*(points - (0.5, 0.6)).T)
    exact = np.minimum(points[:, 1] - 0.1, np.abs(r - 0.25) - 0.05)
    np.testing.assert_allclose(signed_distance(front, points), exact, atol=3e-5)


@pytest.mark.parametrize("height", [0.1, 0.2, 0.3])
def test_caps_on_bare_substrate_in_3d(height: float) -> None:
    """Spherical caps, one in the corner; near the surface the triangles are 1e-3 off the sphere."""
    middles, foot = [(0.0, 0.0), (0.5, 0.4)], 0.2
    shell = with_caps(1.0, 1.0, middles, foot, height, 0.025, 0.1)
    points = places(3, 4000)
    radius = (foot**2 + height**2) / (2 * height)
    exact = np.full(len(points), np.inf)
    for middle in middles:
        away = points - (*middle, height - radius)
        r = np.linalg.norm(away, axis=1)
        above = height - radius + away[:, 2] / r * radius >= 0.0  # the foot of the perpendicular is
        foot_away = np.hypot(np.hypot(*away[:, :2].T) - foot, points[:, 2])
        apart = np.where(above, np.abs(r - radius), foot_away)
        exact = np.where(apart < np.abs(exact), np.where(r < radius, -apart, apart), exact)
    found = signed_distance(shell, points)
    np.testing.assert_allclose(found, exact, atol=1e-3)


def test_flat_metal_and_bare_substrate() -> None:
    points = places(3, 4000)
    np.testing.assert_allclose(
        signed_distance(plate(1.0, 1.0, 0.1, height=0.3), points), points[:, 2] - 0.3, atol=1e-14
    )
    bare = flat(1.0, 0.1, surface=1)
    bare = Front(bare.points, ("deposit", "matrix"), bare.surface, np.zeros(len(bare.surface)), bare.patch)
    assert bare.bare.all()
    assert initial(bare, places(2, 100), 0.01).max() == 0.0


def test_a_function_gives_the_profile_and_a_width_must_be_positive() -> None:
    points = places(2, 100)
    xi = initial(lambda p: p[:, 1] - 0.5, points, 0.1)
    np.testing.assert_allclose(0.1 * np.log(xi / (1.0 - xi)), 0.5 - points[:, 1], atol=1e-13)
    with pytest.raises(MeshError, match="positive"):
        initial(lambda p: p[:, 1], points, 0.0)
