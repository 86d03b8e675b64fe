"""Fronts of several chains, open and closed: displacement, collectors, checks, capillarity, coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meshes.advance import displace, lift
from meshes.errors import MeshError
from meshes.front import Chain, Front
from meshes.shapes import flat, with_islands
from meshes.strip import limit
from solver.capillarity import implicit_share
from solver.coverage import curvature, edge_curvature, feet, joining, relabel

from .curves import TWICE, arc, circle, closed, free, gear, growth, opened


def counter(front: Front, height: float) -> Front:
    """The mirror image of a front as metal above the electrolyte, its collector at `height`."""
    points = front.points[::-1] * (1.0, -1.0) + (0.0, height)
    data = (front.surface[::-1], front.coverage[::-1], front.patch[::-1])
    return Front(points, front.names, *data, base=height - front.base)


def with_dead(front: Front, *pieces: Front) -> Front:
    return Front.joined([front, *(replace(piece, base=front.base) for piece in pieces)])


@pytest.mark.parametrize("relative_step", [1e-6, 0.1, 0.5, 5.0])
@pytest.mark.parametrize("front", [circle(48, 0.3), gear(200), arc(30, 0.4), arc(30, 0.4, outer=True)])
def test_closed_chains_and_arcs_receive_their_volume_exactly(front, relative_step):
    volume = growth(front, relative_step * front.lengths.min())
    if front.chains[0].walls == (1, 0):
        volume = -volume  # outer metal shrinks: the arc widens
    moved = front.with_points(front.points + displace(front, volume, free(front), free(front)))
    gain = moved.metal_area() - front.metal_area()
    assert gain == pytest.approx(volume.sum(), rel=1e-12, abs=1e-15)
    assert np.all(moved.points[front.fixed] == 0.0)


@pytest.mark.parametrize("front", [circle(64, 0.3), arc(17, 0.3)])
def test_uniform_growth_of_a_circle_stays_a_circle_whatever_its_seam(front):
    """A regular polygon of n = 64 keeps its angles: A = n/2 sin(2 pi/n) R^2 (the arc is a quarter of it)."""
    volume = growth(front, 1e-3)
    moved = front.points + displace(front, volume, free(front), free(front))
    quarter = 1.0 if front.chains[0].walls is None else 0.25
    area = front.metal_area() + volume.sum()
    radius = np.sqrt(2.0 * area / (64 * np.sin(TWICE / 64) * quarter))
    np.testing.assert_allclose(np.hypot(*moved.T), radius, rtol=1e-13)


def test_where_a_closed_chain_begins_does_not_matter():
    front, shift = gear(150), 37
    volume = growth(front, 0.01) * (1.0 + 0.5 * np.sin(np.arange(150)))
    pinned = free(front)
    pinned[[0, 1, 2, 80, 149]] = True
    step = displace(front, volume, pinned, free(front))
    rolled = front.with_points(np.roll(front.points, shift, axis=0))
    again = displace(rolled, np.roll(volume, shift), np.roll(pinned, shift), free(front))
    np.testing.assert_allclose(again, np.roll(step, shift, axis=0), atol=1e-13)
    assert np.all(step[pinned] == 0.0)
    gain = front.with_points(front.points + step).metal_area() - front.metal_area()
    assert gain == pytest.approx(volume.sum(), rel=1e-12)


def test_volume_on_a_closed_chain_that_is_pinned_all_around_is_an_error():
    front = circle(12, 1.0)
    assert np.all(displace(front, np.zeros(12), ~free(front), free(front)) == 0.0)
    with pytest.raises(MeshError, match="no free vertex"):
        displace(front, np.ones(12), ~free(front), free(front))


def test_every_chain_moves_for_itself():
    front, dead = (
        with_islands(1.0, [0.25, 0.75], 0.2, 0.05, 0.01, 0.05),
        circle(20, 0.05, (0.5, 0.5), patch=7),
    )
    both = with_dead(front, dead)
    rng = np.random.default_rng(5)
    volumes = [growth(part, 0.002) * rng.uniform(0.5, 1.5, len(part.points)) for part in (front, dead)]
    step = displace(both, np.concatenate(volumes), free(both), free(both))
    apart = [displace(p, v, free(p), free(p)) for p, v in zip((front, dead), volumes, strict=True)]
    np.testing.assert_array_equal(step, np.concatenate(apart))


def test_counter_electrode_moves_as_the_mirror_image():
    front = with_islands(1.0, [0.25, 0.75], 0.2, 0.05, 0.01, 0.05)
    volume, top = growth(front, 0.004), counter(front, 1.0)
    assert top.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
    step = displace(front, volume, free(front), free(front))
    np.testing.assert_allclose(
        displace(top, volume[::-1], free(top), free(top)), step[::-1] * (1.0, -1.0), atol=1e-15
    )


def test_elevation_counts_from_the_collector_into_the_electrolyte():
    front = with_dead(
        opened(np.array([(0.0, 0.1), (0.5, 0.3), (1.0, 0.2)]), base=-0.5), circle(9, 0.05, (0.5, 0.6))
    )
    np.testing.assert_allclose(front.elevation[:3], (0.6, 0.8, 0.7))
    assert np.all(np.isinf(front.elevation[3:]))
    top = counter(replace(front.parts()[0], base=-0.5), 2.0)
    assert top.base == 2.5
    np.testing.assert_allclose(top.elevation, (0.7, 0.8, 0.6))


def test_lift_brings_metal_of_either_electrode_back_to_its_collector():
    low = opened(np.array([(0.0, -0.49), (0.3, -0.502), (0.6, -0.49), (1.0, -0.48)]), base=-0.5)
    for front in (low, with_dead(low, circle(12, 0.05, (0.5, -0.6))), counter(low, 1.0)):
        lifted = lift(front)
        assert lifted.elevation.min() == 0.0
        assert lifted.metal_area() == pytest.approx(front.metal_area(), rel=1e-13)
        assert np.array_equal(lifted.points[:, 0], front.points[:, 0])
        assert np.array_equal(lifted.points[4:], front.points[4:])
        assert lift(lifted) is lifted


def test_statistics_leave_out_pieces_that_have_come_off():
    front = with_islands(1.0, [0.25, 0.75], 0.2, 0.05, 0.01, 0.05)
    both = with_dead(front, circle(20, 0.05, (0.5, 0.5), patch=7))
    for name in ("width", "tip_height", "median", "roughness", "aspect_ratio"):
        assert getattr(both, name) == getattr(front, name)
    assert both.metal_area() == pytest.approx(
        front.metal_area() + 10 * 0.05**2 * np.sin(TWICE / 20), rel=1e-13
    )
    assert both.metal_volume() == both.metal_area()


@pytest.mark.parametrize(
    ("front", "message"),
    [
        (with_dead(flat(1.0, 0.1, 0.2), circle(9, 0.1, (0.5, 0.25))), "crosses or touches itself near"),
        (
            with_dead(flat(1.0, 0.1, 0.2), circle(9, 0.1, (0.05, 0.6))),
            "a piece of the front leaves the cell",
        ),
        (
            with_dead(flat(1.0, 0.1, 0.2), closed(np.array([(0, 0), (1, 1), (0, 1), (1, 0)]) * 0.2 + 0.4)),
            "itself",
        ),
        (counter(opened(np.array([(0, 0.1), (0.5, -0.1), (1, 0.1)])), 1.0), "must run from x = 0"),
        (opened(np.array([(0, 1), (-0.2, 0.5), (1, 0)]), (0, 1)), "leaves the cell through the wall x = 0"),
        (opened(np.array([(0, 0.1), (0.5, -0.6), (1, 0.1)]), base=-0.5), "dips below the substrate"),
    ],
)
def test_check_of_several_chains_names_what_is_wrong(front, message):
    with pytest.raises(MeshError, match=message):
        front.check(1.0, 2.0)


def test_check_accepts_both_directions_bases_and_arcs():
    opened(np.array([(0.0, -0.4), (0.5, -0.1), (1.0, -0.4)]), base=-0.5).check(1.0, 2.0)
    counter(opened(np.array([(0.0, 0.4), (0.5, 0.1), (1.0, 0.4)]), base=-0.5), 1.0).check(1.0)
    arc(20, 0.3).check(1.0)
    with_dead(flat(1.0, 0.1, 0.2), circle(9, 0.1, (0.5, 0.5))).check(1.0, 2.0)


def test_nearest_places_are_found_on_any_chain():
    front = with_dead(flat(1.0, 0.1, 0.2), circle(200, 0.1, (0.5, 0.5)))
    place = front.locate(np.array([(0.33, 0.25), (0.5, 0.7)]))
    np.testing.assert_allclose(place.distance, (0.05, 0.1), atol=1e-4)
    assert place.facet[0] == 3
    assert place.facet[1] >= 10


def test_capillarity_on_a_closed_chain_is_that_of_an_open_one():
    """A line between two points of an axis, closed by its mirror image, shares its volume as it does."""
    n, rng = 41, np.random.default_rng(2)
    half = np.column_stack((np.linspace(0.0, 1.0, n), 0.2 + 0.1 * rng.random(n)))
    half[[0, -1], 1] = 0.0
    line = opened(half)
    ring = closed(np.concatenate((half, (half * (1.0, -1.0))[-2:0:-1])))
    volume, mobility = rng.normal(size=n), 10.0 ** rng.uniform(-6, 0, n - 1)
    mobility[[7, 8]] = 0.0
    shared = implicit_share(line, volume, mobility, 0.3)
    doubled = np.concatenate((volume, volume[-2:0:-1]))
    doubled[[0, n - 1]] *= 2.0
    both = implicit_share(ring, doubled, np.concatenate((mobility, mobility[::-1])), 0.3)
    assert both.sum() == pytest.approx(doubled.sum(), rel=1e-12)
    expected = np.concatenate((shared, shared[-2:0:-1]))
    expected[[0, n - 1]] *= 2.0
    np.testing.assert_allclose(both, expected, rtol=1e-9, atol=1e-12)


def test_capillarity_does_not_pass_between_chains():
    front = with_dead(flat(1.0, 0.05, 0.2), circle(20, 0.05, (0.5, 0.5)), circle(30, 0.05, (0.2, 0.5)))
    rng = np.random.default_rng(3)
    volume = rng.normal(size=len(front.points))
    shared = implicit_share(front, volume, np.full(len(front.cells), 1e6), 1.0)
    for run in np.split(np.arange(len(volume)), np.cumsum([chain.vertices for chain in front.chains])[:-1]):
        assert shared[run].sum() == pytest.approx(volume[run].sum(), abs=1e-12)
        speed = shared[run] / np.bincount(front.cells.ravel(), np.repeat(front.lengths, 2))[run]
        np.testing.assert_allclose(speed, speed.mean(), rtol=1e-3)


def test_only_metal_over_a_collector_is_limited():
    front = with_dead(opened(np.array([(0.0, 0.01), (0.5, 0.01), (1.0, 0.01)])), circle(20, 0.05, (0.5, 0.5)))
    volume = np.full(len(front.points), 1e-3)
    volume[1], volume[10] = -0.0055, -0.1
    limited = limit(front, volume)
    assert limited[1] == pytest.approx(-0.005)
    assert limited[10] == -0.1
    assert limited.sum() == pytest.approx(volume.sum(), rel=1e-12)


def test_curvature_of_a_dead_piece_and_of_a_mirrored_deposit():
    front = with_islands(1.0, [0.25, 0.75], 0.2, 0.05, 0.005, 0.05)
    both = with_dead(front, circle(40, 0.05, (0.5, 0.5), patch=7))
    n = len(front.points)
    np.testing.assert_allclose(curvature(both)[n:], 20.0, rtol=2e-3)
    np.testing.assert_array_equal(curvature(both)[:n], curvature(front))
    np.testing.assert_allclose(edge_curvature(counter(front, 1.0)), edge_curvature(front)[::-1], atol=1e-9)
    angles = feet(front, {})[0]
    np.testing.assert_array_equal(feet(counter(front, 1.0), {})[0], angles[::-1])
    assert angles.sum() == 4


def test_dead_metal_joins_where_a_splice_has_made_it_a_neighbour():
    front = with_dead(flat(1.0, 0.1, 0.2), circle(9, 0.1, (0.5, 0.5), patch=4))
    floating, still = np.array([4], dtype=np.int32), free(front)
    assert joining(front, floating, still).size == 0
    spliced = replace(front.parts()[0], patch=np.array([-1, -1, 4, 4, 4, -1, -1, -1, -1, -1]))
    joined = joining(spliced, floating, free(spliced))
    assert joined.tolist() == [4]
    assert np.all(relabel(spliced, joined).patch == -1)


def test_chains_of_three_vertices_are_the_smallest():
    triangle = closed(np.array([(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]))
    assert triangle.chains == (Chain(3, None),)
    volume = growth(triangle, 0.05)
    moved = triangle.with_points(triangle.points + displace(triangle, volume, free(triangle), free(triangle)))
    assert moved.metal_area() - 0.5 == pytest.approx(volume.sum(), rel=1e-13)
