"""Feet of deposit in 3D: the line advances with its contact angle, and deposits that meet are found."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.shell import Shell
from meshes.shell_feet import Footline, advance_feet, sliding
from meshes.shell_shapes import octant, with_nucleus
from meshes.touching import Touching, nearest_facing

RIGHT = np.pi / 2


def nucleus() -> Shell:
    """A quarter of a hemisphere of radius 0.3 in a corner."""
    return with_nucleus(1.0, 1.0, 0.3, 0.05, 0.1, centre=(0.0, 0.0))


def test_overhang_of_a_hemisphere_is_that_of_its_contact_angle() -> None:
    """It is 90 degrees, to be read from flat triangles; lower limits ask feet to go outwards by H e."""
    shell = nucleus()
    line = Footline(shell)
    at = np.full(len(shell.points), RIGHT)
    rise = np.mean([np.ptp(shell.points[c, 2]) for c in shell.cells[~shell.bare] if shell.feet[c].any()])
    assert np.array_equal(line.there, shell.feet)
    assert np.abs(line.overhang(at)[shell.feet]).max() < 0.05 * rise
    asked = line.overhang(at - 0.3)[shell.feet] - line.overhang(at)[shell.feet]
    assert asked == pytest.approx(0.3 * rise, rel=0.2)
    assert sliding(shell, at)[shell.feet].all()
    assert not sliding(shell, at + 0.3).any()
    radial = shell.points[shell.feet] / np.linalg.norm(shell.points[shell.feet], axis=1, keepdims=True)
    assert np.sum(radial * line.outwards[shell.feet], axis=1) == pytest.approx(1.0, abs=1e-3)


def test_growing_hemisphere_stays_one_and_keeps_its_volume_to_rounding() -> None:
    shell = nucleus()
    at = np.full(len(shell.points), RIGHT)
    none = np.zeros(len(shell.points), dtype=bool)
    start = shell.metal_volume()
    given = 0.0
    for _ in range(10):
        volume = 0.002 * np.linalg.norm(shell.area_vectors, axis=1)
        volume[~shell.vertices_of(~shell.bare)] = 0.0
        volume[shell.feet] = 0.002 * np.linalg.norm(shell.area_vectors[shell.feet, :2], axis=1)
        shell = advance_feet(shell, volume, none, sliding(shell, at), at)
        given += float(volume.sum())
    assert shell.metal_volume() - start == pytest.approx(given, rel=1e-12)
    radii = np.linalg.norm(shell.points[shell.vertices_of(~shell.bare)], axis=1)
    assert radii == pytest.approx(0.32, rel=5e-3)


def test_teeth_of_the_line_are_smoothed_away_and_a_circle_is_left() -> None:
    shell = nucleus()
    spacing = shell.sizes[shell.feet].mean()
    assert np.abs(Footline(shell).teeth[shell.feet]).max() < 2e-3 * spacing
    angle = np.arctan2(*shell.points[:, 1::-1].T)
    order = np.flatnonzero(shell.feet)[np.argsort(angle[shell.feet])]
    points = shell.points.copy()
    out = points[order] / np.linalg.norm(points[order], axis=1, keepdims=True)
    teeth = 0.02 * spacing * (-1.0) ** np.arange(order.size)
    points[order] += teeth[:, None] * out
    found = Footline(shell.with_points(points)).teeth[order]
    assert found == pytest.approx(0.5 * teeth, rel=0.15)


def test_deposits_that_face_one_another_are_found_before_they_cross() -> None:
    left = with_nucleus(1.0, 1.0, 0.3, 0.05, 0.1, centre=(0.0, 0.5))
    assert nearest_facing(left, 0.5) is None
    # A nucleus in a box so narrow that it all but reaches its image in the wall at x = 0.32.
    near = with_nucleus(0.32, 1.0, 0.3, 0.05, 0.1, centre=(0.0, 0.5))
    assert nearest_facing(near, 0.5) is None
    moved = near.points.copy()
    metal = near.vertices_of(~near.bare)
    moved[metal, 0] *= 0.316 / 0.3
    place = nearest_facing(near.with_points(moved), 0.5)
    assert place is not None
    assert place == pytest.approx([0.32, 0.5, 0.0], abs=0.06)
    assert "deposits touch at (0.32" in str(Touching(place))


def test_a_ball_touches_no_wall_where_it_ends() -> None:
    assert nearest_facing(octant(0.5, 0.05), 0.5) is None
