"""Geometry of the front, its statistics, and its exact displacement."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.advance import displace, lift
from meshes.errors import MeshError
from meshes.front import Front
from meshes.profile import upper_envelope
from meshes.shapes import flat, with_apex, with_islands


def deposit(points) -> Front:
    points = np.asarray(points, dtype=float)
    n = len(points) - 1
    return Front(points, ("deposit", "matrix"), np.zeros(n), np.ones(n), np.full(n, -1))


def none(front: Front) -> np.ndarray:
    return np.zeros(len(front.points), dtype=bool)


def cosine(n: int = 401, amplitude: float = 0.1) -> Front:
    x = np.linspace(0.0, 1.0, n)
    return deposit(np.column_stack((x, 0.3 + amplitude * np.cos(3.0 * np.pi * x))))


def shares(front: Front, speed: float) -> np.ndarray:
    """Volume of a uniform normal growth by `speed` at every vertex; bare substrate does not grow."""
    half = 0.5 * speed * front.lengths * ~front.bare
    return np.append(half, 0.0) + np.append(0.0, half)


MUSHROOM = [
    (0, 0),
    (0.9, 0),
    (0.9, 1),
    (0.7, 1),
    (0.7, 1.2),
    (1.3, 1.2),
    (1.3, 1),
    (1.1, 1),
    (1.1, 0),
    (2, 0),
]


def test_arrays_are_checked_and_read_only():
    front = flat(1.0, 0.1)
    with pytest.raises(ValueError, match="read-only"):
        front.points[0, 0] = 1.0
    with pytest.raises(MeshError, match=r"coverage has shape \(3,\), expected \(10,\)"):
        Front(front.points, front.names, front.surface, np.ones(3), front.patch)


def test_normals_point_into_the_electrolyte():
    np.testing.assert_allclose(flat(1.0, 0.25, 0.5).normals, np.tile((0.0, 1.0), (4, 1)))


def test_area_vectors_are_the_gradient_of_the_area():
    front, rng = cosine(31), np.random.default_rng(1)
    step = 1e-6 * rng.standard_normal(front.points.shape)
    step[[0, -1], 0] = 0.0
    change = (
        front.with_points(front.points + step).metal_area()
        - front.with_points(front.points - step).metal_area()
    )
    assert change == pytest.approx(2.0 * np.sum(step * front.area_vectors), rel=1e-8)


@pytest.mark.parametrize("position", [None, 0.0, 1.0])
def test_curvature_of_a_circle_is_exact_also_on_a_wall(position):
    front = with_apex(1.0, 0.6, 0.3, 0.01, 0.05, position)
    high = front.points[:, 1] > 0.05
    np.testing.assert_allclose(front.curvature()[high], 1.0 / 0.3, rtol=1e-4)


def test_metal_area_of_a_half_ellipse():
    assert with_apex(4.0, 0.2, 0.3, 0.001, 0.1).metal_area() == pytest.approx(np.pi / 4 * 0.2 * 0.3, rel=1e-4)


def test_statistics_of_an_overhanging_front():
    front = deposit(MUSHROOM)
    assert front.metal_area() == pytest.approx(0.2 + 0.12)
    assert front.tip_height == 1.2
    assert front.median == pytest.approx(0.0, abs=1e-12)
    share, height = 0.3, 1.2  # part of the width under the cap
    assert front.envelope.mean() == pytest.approx(share * height)
    assert front.roughness == pytest.approx(height * np.sqrt(share * (1 - share)))
    assert front.aspect_ratio == pytest.approx(1.2 / 0.2)
    np.testing.assert_allclose(
        front.heights(np.array([0.1, 0.8, 1.2, 1.9])), [0.0, 1.2, 1.2, 0.0], atol=1e-12
    )


def test_statistics_of_a_cosine():
    front = cosine(3001)
    assert front.roughness == pytest.approx(0.1 / np.sqrt(2.0), rel=1e-4)
    assert front.median == pytest.approx(0.3, abs=1e-4)
    assert front.mean_thickness == pytest.approx(0.3, abs=1e-6)


def test_envelope_agrees_with_brute_force():
    rng = np.random.default_rng(3)
    arc = np.linspace(0.0, 1.0, 200)
    x = arc + 0.05 * np.sin(40.0 * arc) * np.sin(np.pi * arc)
    points = np.column_stack((x, 0.5 + 0.4 * arc + 0.02 * np.sin(9.0 * arc)))
    at = rng.uniform(0.01, 0.99, 500)
    left, right = points[:-1, None, :], points[1:, None, :]
    s = (at - left[..., 0]) / (right[..., 0] - left[..., 0])
    y = np.where((s >= 0) & (s <= 1), left[..., 1] + s * (right[..., 1] - left[..., 1]), -np.inf)
    np.testing.assert_allclose(upper_envelope(points).heights(at), y.max(axis=0), atol=1e-12)


def test_flat_front_has_no_aspect_ratio():
    assert flat(1.0, 0.1, 0.4).aspect_ratio == 0.0


def test_protrusion_on_a_wall_counts_with_its_mirror_image():
    middle, wall = (with_apex(2.0, 0.4, 0.8, 0.005, 0.05, x).aspect_ratio for x in (1.0, 0.0))
    assert middle == pytest.approx(0.8 / (0.4 * np.sqrt(0.75)), rel=1e-3)
    assert wall == pytest.approx(middle, rel=1e-3)


def test_aspect_ratio_leaves_out_electrolyte_under_an_umbrella():
    umbrella = [(0, 0), (0.9, 0), (0.9, 1), (0.7, 1), (0.7, 0.4), (0.6, 0.4), (0.6, 1.2)]
    umbrella += [(2.0 - x, y) for x, y in umbrella[::-1]]
    assert deposit(umbrella).aspect_ratio == pytest.approx(1.2 / (0.2 + 2 * 0.1))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(0.1, 0), (1, 0)], "must run from x = 0 to x = 1"),
        ([(0, 0), (0.5, 2.5), (1, 0)], "counter electrode is at 2"),
        ([(0, 0), (0.5, -0.1), (1, 0)], "below the substrate"),
        ([(0, 0), (0.5, 0.5), (0.5, 0.5), (1, 0)], "edge of zero length"),
        ([(0, 0), (1.2, 0.5), (1, 0.7)], "through a wall"),
        ([(0, 0), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (1, 1)], "crosses or touches itself"),
        ([(0, 0), (0.5, np.nan), (1, 0)], "not finite"),
    ],
)
def test_check_names_what_is_wrong(points, message):
    with pytest.raises(MeshError, match=message):
        deposit(points).check(1.0, 2.0)


def needle(opening_degrees: float) -> Front:
    """A flat front with one sharp tip (or, for negative angles, one sharp notch) of few, long edges."""
    half = np.radians(abs(opening_degrees)) / 2.0
    height = np.copysign(0.5, opening_degrees)
    foot = 0.5 * np.tan(half)
    left = np.linspace((0.5 - foot, 1.0), (0.5, 1.0 + height), 6)
    right = np.linspace((0.5, 1.0 + height), (0.5 + foot, 1.0), 6)
    ends = np.linspace(0.0, 0.5 - foot, 6)[:-1]
    outer = np.column_stack((ends, np.ones_like(ends)))
    return deposit(np.concatenate((outer, left, right[1:], (1.0, 0.0) + outer[::-1] * (-1.0, 1.0))))


@pytest.mark.parametrize("relative_step", [1e-6, 0.1, 0.5])
@pytest.mark.parametrize(
    "front",
    [cosine(), deposit(MUSHROOM), needle(60.0), needle(8.0), needle(-30.0), needle(-3.0)],
    ids=["cosine", "mushroom", "tip 60", "tip 8", "notch 30", "notch 3"],
)
def test_displacement_deposits_the_volume_exactly(front, relative_step):
    volume = shares(front, relative_step * front.lengths.min())
    moved = front.with_points(front.points + displace(front, volume, none(front), none(front), front.width))
    gain = moved.metal_area() - front.metal_area()
    assert gain == pytest.approx(volume.sum(), rel=1e-13, abs=1e-15)
    assert moved.points[0, 0] == 0.0
    assert moved.points[-1, 0] == front.width


def test_sharp_tips_and_notches_do_not_run_away():
    for front in (needle(4.0), needle(-4.0)):
        volume = shares(front, 0.01)
        step = displace(front, volume, none(front), none(front), 1.0)
        assert np.hypot(*step.T).max() < 0.05


def test_uniform_growth_of_a_circle_is_uniform():
    front = with_apex(1.0, 0.6, 0.3, 0.005, 0.05)
    foot = np.append(False, front.bare[1:] != front.bare[:-1])
    foot = np.append(foot, False)
    moved = front.points + displace(front, shares(front, 0.002), none(front), foot, 1.0)
    radius = np.hypot(moved[:, 0] - 0.5, moved[:, 1])[~np.append(front.bare, True) | foot]
    np.testing.assert_allclose(radius, 0.302, atol=2e-5)
    assert np.all(moved[foot, 1] == 0.0)


def test_pinned_feet_pass_their_volume_to_the_deposit():
    front = with_apex(1.0, 0.4, 0.3, 0.02, 0.05)
    foot = np.concatenate(([False], front.bare[1:] != front.bare[:-1], [False]))
    volume = shares(front, 0.004)
    step = displace(front, volume, foot, none(front), 1.0)
    bare = np.append(front.bare, True) & np.append(True, front.bare)
    assert np.all(step[foot | bare] == 0.0)
    moved = front.with_points(front.points + step)
    assert moved.metal_area() - front.metal_area() == pytest.approx(volume.sum(), rel=1e-12)


def test_volume_without_a_free_vertex_is_an_error():
    front = flat(1.0, 0.5, 0.2)
    with pytest.raises(MeshError, match="no free vertex"):
        displace(front, np.ones(3), ~none(front), none(front), 1.0)


def test_steps_larger_than_the_edges_are_taken_in_parts():
    front = cosine(201)
    volume = shares(front, 10.0 * front.lengths.min())
    step = displace(front, volume, none(front), none(front), 1.0)
    gain = front.with_points(front.points + step).metal_area() - front.metal_area()
    assert gain == pytest.approx(volume.sum(), rel=1e-12)


def test_displacement_keeps_mirror_symmetry():
    front = with_islands(1.0, [0.25, 0.75], 0.2, 0.05, 0.01, 0.05)
    foot = np.concatenate(([False], front.bare[1:] != front.bare[:-1], [False]))
    step = displace(front, shares(front, 0.004), foot, none(front), 1.0)
    np.testing.assert_allclose(step, step[::-1] * (-1.0, 1.0), atol=1e-14)


def test_lift_raises_what_is_below_the_substrate_and_keeps_the_area() -> None:
    front = deposit([(0.0, 0.01), (0.3, -0.002), (0.6, 0.01), (1.0, 0.02)])
    lifted = lift(front)
    assert lifted.points[:, 1].min() == 0.0
    assert lifted.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
    assert np.array_equal(lifted.points[:, 0], front.points[:, 0])
    assert lift(lifted) is lifted
