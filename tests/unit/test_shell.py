"""Geometry of the shell, its displacement by volume, and the smooth surface behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meshes.errors import MeshError
from meshes.shell import Shell
from meshes.shell_advance import displace3d, from_pinned
from meshes.shell_shapes import octant, plate, quarter_cylinder, with_caps, with_nucleus
from meshes.shell_support import Support

RNG = np.random.default_rng(7)


def graph(height, k: int = 24) -> Shell:
    """Deposit below z = height(x, y) over the unit square, on an irregular mesh without walls."""
    flat = plate(1.0, 1.0, 1.0 / k)
    inner = ~flat.fixed.any(axis=1)
    x = flat.points[:, :2] + np.where(inner[:, None], RNG.uniform(-0.1, 0.1, (len(inner), 2)) / k, 0.0)
    points = np.column_stack((x, height(x[:, 0], x[:, 1])))
    return replace(flat, points=points, fixed=np.zeros_like(flat.fixed))


def inner(shell: Shell) -> np.ndarray:
    """Vertices at least two edges away from the border."""
    rim = np.zeros(len(shell.points), dtype=bool)
    rim[shell.rim] = True
    near = shell.vertices_of(rim[shell.cells].any(axis=1))
    return ~near


def tetrahedron() -> Shell:
    points = np.array([(3, -2, 5), (4, -2, 5), (3, -1, 5), (3, -2, 6)], dtype=float)
    cells = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])
    data = np.zeros(4)
    return Shell(points, cells, ("deposit",), data, data + 1.0, data, np.zeros((4, 3), dtype=bool), 1.5)


def metal_shares(shell: Shell, speed: float) -> np.ndarray:
    third = np.where(shell.bare, 0.0, shell.measures) * speed / 3.0
    return shell.to_vertices(third[:, None])[:, 0]


def test_arrays_are_checked_and_read_only():
    shell = octant(1.0, 0.5)
    with pytest.raises(ValueError, match="read-only"):
        shell.points[0, 0] = 1.0
    with pytest.raises(MeshError, match=r"coverage has shape \(3,\)"):
        replace(shell, coverage=np.ones(3))
    with pytest.raises(MeshError, match="there are"):
        replace(shell, cells=shell.cells + 5)


def test_check_names_what_is_wrong():
    shell = octant(1.0, 0.5)
    shell.check()
    flipped = np.array(shell.cells)
    flipped[0] = flipped[0, ::-1]
    with pytest.raises(MeshError, match="opposite orientation"):
        replace(shell, cells=flipped).check()
    with pytest.raises(MeshError, match="there is no wall"):
        replace(shell, fixed=np.zeros_like(shell.fixed)).check()
    with pytest.raises(MeshError, match="not finite"):
        shell.with_points(shell.points * np.nan).check()


def test_volume_of_closed_octant_and_box_shells():
    assert tetrahedron().metal_volume() == pytest.approx(1.0 / 6.0, rel=1e-14)
    assert plate(2.0, 3.0, 0.4, 0.25).metal_volume() == pytest.approx(1.5, rel=1e-14)
    above = plate(2.0, 3.0, 0.4, 4.0, above=True)
    np.testing.assert_allclose(above.normals, np.tile((0.0, 0.0, -1.0), (len(above.cells), 1)), atol=1e-14)
    lowered = above.with_points(above.points - (0.0, 0.0, 0.5))
    assert lowered.metal_volume() == pytest.approx(3.0, rel=1e-14)
    # Signed tetrahedra from the origin, for an octant: the same volume by another formula.
    shell = octant(1.0, 0.1)
    cone = np.linalg.det(shell.points[shell.cells]).sum() / 6.0
    assert shell.metal_volume() == pytest.approx(cone, rel=1e-13)


@pytest.mark.parametrize("shell", [octant(1.0, 0.3), with_nucleus(4.0, 4.0, 1.0, 0.3, 1.0, (0.0, 0.0))])
def test_area_vectors_are_the_gradient_of_the_volume(shell):
    d = np.where(shell.fixed, 0.0, RNG.normal(0.0, 0.02, shell.points.shape))
    change = shell.with_points(shell.points + d).metal_volume() - shell.metal_volume()
    steps = ((1.0, 0.0), (4.0, 0.5), (1.0, 1.0))
    simpson = sum(w / 6.0 * np.sum(d * shell.area_vectors_at(shell.points + t * d)) for w, t in steps)
    foot = shell.points[:, 2] == 0.0
    if not np.any(shell.bare):  # the matrix must stay flat for the two to mean the same volume
        foot[:] = False
    d[foot, 2] = 0.0
    assert simpson == pytest.approx(change, abs=1e-14)


def test_curvature_of_sphere_cylinder_and_saddle():
    errors = [np.abs(octant(2.0, size).curvature() - 1.0).max() for size in (0.4, 0.2, 0.1)]
    assert errors[-1] < 1e-3
    assert np.log2(errors[-2] / errors[-1]) > 1.8
    np.testing.assert_allclose(octant(2.0, 0.2, outside=True).curvature(), -octant(2.0, 0.2).curvature())
    np.testing.assert_allclose(quarter_cylinder(2.0, 0.5, 0.1).curvature(), 0.5, rtol=1e-3)
    saddle = graph(lambda x, y: 0.5 * ((x - 0.5) ** 2 - (y - 0.5) ** 2) + 2.0)
    middle = inner(saddle) & (np.hypot(*(saddle.points[:, :2] - 0.5).T) < 0.25)
    assert abs(saddle.curvature()[middle].mean()) < 5e-3  # minimal surface in the middle, curvatures 1 and -1
    bowl = graph(lambda x, y: 2.0 - 0.5 * ((x - 0.5) ** 2 + 0.5 * (y - 0.5) ** 2))
    middle = inner(bowl) & (np.hypot(*(bowl.points[:, :2] - 0.5).T) < 0.1)
    assert bowl.curvature()[middle].mean() == pytest.approx(1.5, rel=0.02)


def test_breaks_kinds_and_feet_of_islands():
    shell = with_caps(2.0, 1.0, [(0.0, 0.0), (1.0, 0.5)], 0.3, 0.1, 0.05, 0.2)
    assert np.unique(shell.kinds).size == 3
    assert set(np.unique(shell.patch)) == {-1, 0, 1}
    centre = np.where(shell.points[:, :1] < 0.5, (0.0, 0.0), (1.0, 0.5))
    away = np.linalg.norm(shell.points[:, :2] - centre, axis=1)
    np.testing.assert_array_equal(shell.breaks, np.isclose(away, 0.3) & (shell.points[:, 2] == 0.0))
    np.testing.assert_array_equal(shell.feet, shell.breaks)


@pytest.mark.parametrize(
    "shell",
    [octant(1.0, 0.15), quarter_cylinder(1.0, 0.4, 0.1), with_nucleus(4.0, 4.0, 1.0, 0.15, 0.6)],
    ids=["octant", "cylinder", "nucleus"],
)
@pytest.mark.parametrize("speed", [0.04, -0.04])
def test_displacement_deposits_its_volume_to_rounding(shell, speed):
    volume = metal_shares(shell, speed)
    d = displace3d(shell, volume, ~shell.vertices_of(~shell.bare), shell.feet)
    gain = shell.with_points(shell.points + d).metal_volume() - shell.metal_volume()
    assert gain == pytest.approx(volume.sum(), rel=1e-12)
    assert np.all(d[shell.fixed] == 0.0)
    assert np.all(d[shell.feet, 2] == 0.0)
    moving = shell.vertices_of(~shell.bare)
    np.testing.assert_allclose(np.linalg.norm(d[moving], axis=1), abs(speed), rtol=0.07)


def test_large_step_with_uneven_volume_is_still_exact():
    shell = graph(lambda x, y: 0.4 + 0.1 * np.sin(6.0 * x) * np.cos(5.0 * y), 12)
    shell = replace(shell, fixed=plate(1.0, 1.0, 1.0 / 12).fixed)
    volume = metal_shares(shell, 0.1) * RNG.uniform(0.2, 1.8, len(shell.points))
    nothing = np.zeros(len(shell.points), dtype=bool)
    d = displace3d(shell, volume, nothing, nothing)
    gain = shell.with_points(shell.points + d).metal_volume() - shell.metal_volume()
    assert gain == pytest.approx(volume.sum(), rel=1e-13)


def test_pinned_volume_goes_to_the_next_free_vertices_over_metal():
    shell = with_nucleus(4.0, 4.0, 1.0, 0.2, 0.6)
    pinned = shell.feet | ~shell.vertices_of(~shell.bare)
    volume = metal_shares(shell, 0.01)
    passed = from_pinned(shell, volume, pinned)
    assert passed.sum() == pytest.approx(volume.sum(), rel=1e-14)
    assert np.all(passed[pinned] == 0.0)
    d = displace3d(shell, volume, pinned, np.zeros_like(pinned))
    assert np.all(d[pinned] == 0.0)
    with pytest.raises(MeshError, match="has no free vertex to go to"):
        from_pinned(shell, volume, np.ones_like(pinned))


def test_step_far_too_large_is_refused():
    grooves = graph(lambda x, y: 0.4 + 0.1 * np.sin(20.0 * x), 12)
    shell = replace(grooves, fixed=plate(1.0, 1.0, 1.0 / 12).fixed)
    free = np.zeros(len(shell.points), dtype=bool)
    with pytest.raises(MeshError, match="too large for the edges"):
        displace3d(shell, metal_shares(shell, 0.5), free, free)


@pytest.mark.parametrize("centre", [(2.0, 2.0), (0.0, 4.0), (4.0, 2.0)])
def test_smooth_surface_is_exact_on_the_edges_of_a_sphere(centre):
    shell = with_nucleus(4.0, 4.0, 1.0, 0.2, 0.6, centre)
    support, metal = Support(shell), ~shell.bare
    middle = (*centre, 0.0)
    corners = shell.points[shell.cells[metal]] - middle
    np.testing.assert_allclose(support.normals[metal], corners, atol=1e-12)
    on_metal = metal[shell.edge_cells].all(axis=1) & (shell.edge_cells[:, 1] >= 0)
    halves = shell.points[shell.edges].mean(axis=1)
    inside = support.on_faces(halves[on_metal], metal)
    np.testing.assert_allclose(np.linalg.norm(inside - middle, axis=1), 1.0, atol=1e-12)
    foot = support.on_edges(halves[shell.broken], shell.broken)
    np.testing.assert_allclose(np.linalg.norm(foot - middle, axis=1), 1.0, atol=1e-12)
    assert np.all(foot[:, 2] == 0.0)


def test_smooth_surface_is_of_fourth_order_on_a_sphere_and_third_on_an_ellipsoid():
    sphere, ellipsoid = [], []
    axes = np.array([1.0, 1.0, 1.6])
    for size in (0.2, 0.1, 0.05):
        shell = octant(1.0, size)
        everywhere = np.ones(len(shell.cells), dtype=bool)
        middles = shell.points[shell.cells].mean(axis=1)
        place = Support(shell).on_faces(middles, everywhere)
        sphere.append(np.abs(np.linalg.norm(place, axis=1) - 1.0).max())
        stretched = shell.with_points(shell.points * axes)
        place = Support(stretched).on_faces(middles * axes, everywhere)
        ellipsoid.append(np.sqrt(np.mean((np.linalg.norm(place / axes, axis=1) - 1.0) ** 2)))
    assert np.log2(sphere[-2] / sphere[-1]) > 3.8
    assert np.log2(ellipsoid[-2] / ellipsoid[-1]) > 2.8


def test_shapes_have_their_volumes():
    assert octant(1.0, 0.03).metal_volume() == pytest.approx(np.pi / 6.0, rel=1e-3)
    assert quarter_cylinder(1.0, 0.5, 0.05).metal_volume() == pytest.approx(np.pi / 8.0, rel=1e-3)
    ellipsoid = with_nucleus(4.0, 4.0, 1.0, 0.06, 0.5, height=1.5)
    assert ellipsoid.metal_volume() == pytest.approx(np.pi, rel=3e-3)
    cap = np.pi * 0.2 / 6.0 * (3.0 * 0.5**2 + 0.2**2)
    shell = with_caps(4.0, 4.0, [(2.0, 2.0), (0.0, 0.0), (4.0, 2.0)], 0.5, 0.2, 0.04, 0.4)
    assert shell.metal_volume() == pytest.approx(1.75 * cap, rel=3e-3)
    assert shell.footprint == pytest.approx(16.0, rel=1e-12)
    for made in (ellipsoid, shell):
        made.check()
        side = np.linalg.norm(made.points[made.cells] - made.points[np.roll(made.cells, 1, axis=1)], axis=2)
        quality = 4.0 * np.sqrt(3.0) * made.measures / np.sum(side**2, axis=1)
        assert quality.min() > 0.5


def test_nuclei_that_do_not_fit_are_refused():
    with pytest.raises(MeshError, match="does not fit"):
        with_nucleus(4.0, 4.0, 1.0, 0.2, 0.6, (0.5, 2.0))
    with pytest.raises(MeshError, match="touch each other"):
        with_caps(4.0, 4.0, [(1.0, 1.0), (1.5, 1.0)], 0.3, 0.1, 0.1, 0.5)
    with pytest.raises(MeshError, match="size must be positive"):
        octant(1.0, 0.0)


def test_relief_of_a_cone_and_of_its_quarter() -> None:
    """Its diameter falls linearly with height; a quarter between mirrors counts as the whole."""
    whole = plate(2.0, 2.0, 0.04)
    for shell, centre in ((whole, (1.0, 1.0)), (plate(1.0, 1.0, 0.04), (0.0, 0.0))):
        distance = np.hypot(shell.points[:, 0] - centre[0], shell.points[:, 1] - centre[1])
        height = np.maximum(0.8 * (1.0 - distance / 0.4), 0.0)
        cone = shell.with_points(np.column_stack((shell.points[:, :2], height)))
        assert cone.median == pytest.approx(0.0, abs=1e-12)
        # int h^2 dA = pi R^2 H^2/6, int h dA = pi R^2 H/3 over the plane of area A
        area = shell.footprint
        part = 1.0 if area > 2.0 else 0.25
        mean, square = (part * np.pi * 0.16 * 0.8**k / d / area for k, d in ((1, 3.0), (2, 6.0)))
        assert cone.roughness == pytest.approx(np.sqrt(square - mean**2), rel=0.02)
        tip = cone.tip_height  # of the vertex nearest to the middle
        assert cone.aspect_ratio == pytest.approx(tip / (0.8 * (1.0 - 0.5 * tip / 0.8)), rel=0.02)
