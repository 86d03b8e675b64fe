"""Chains that meet, metal set free, walls, counter electrodes; areas against polygon operations."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely

from meshes.advance import displace, lift
from meshes.errors import MeshError
from meshes.front import Chain, Front
from meshes.meeting import meeting, mirrored
from meshes.merge import Resolution, resolve
from meshes.resample import resample
from meshes.shapes import NAMES, flat
from meshes.strip import Exhausted, limit, strip

DISTANCE = 0.02


def refine(corners, size: float) -> np.ndarray:
    """Points along a polyline of corners, about `size` apart."""
    corners = np.asarray(corners, dtype=float)
    parts = [corners[:1]]
    for a, b in pairwise(corners):
        n = max(1, round(float(np.hypot(*(b - a))) / size))
        parts.append(a + np.linspace(0.0, 1.0, n + 1)[1:, None] * (b - a))
    return np.concatenate(parts)


def chain(points, walls=(0, 0), patch: int = -1, base: float = 0.0) -> Front:
    points = np.asarray(points, dtype=float)
    edges = len(points) - (walls is not None)
    return Front(
        points,
        NAMES,
        np.zeros(edges),
        np.ones(edges),
        np.full(edges, patch),
        (Chain(len(points), walls),),
        base,
    )


def disc(x: float, y: float, radius: float, patch: int, size: float = 0.02, start: float = 0.0) -> Front:
    """A round piece of metal, clockwise."""
    n = int(np.ceil(2.0 * np.pi * radius / size))
    angle = start - 2.0 * np.pi * np.arange(n) / n
    return chain(np.column_stack((x + radius * np.cos(angle), y + radius * np.sin(angle))), None, patch)


def metal(front: Front) -> shapely.Geometry:
    """The metal as a polygon: the referee. Simple chains only."""
    pieces = []
    for part in front.parts():
        points = part.points
        if part.chains[0].walls is not None and points[0, 0] != points[-1, 0]:
            points = np.concatenate((points, [(points[-1, 0], -1.0), (points[0, 0], -1.0)]))
        pieces.append(shapely.Polygon(points))
    assert all(piece.is_valid for piece in pieces)
    return shapely.union_all(pieces)


def audit(before: Front, result: Resolution) -> None:
    """Books that close to rounding, chains that are simple and apart."""
    gained = result.front.metal_area() - before.metal_area()
    assert abs(gained - result.trapped_area) < 1e-13
    assert abs(result.bridged_area) < 1e-13
    parts = result.front.parts()
    outlines = [
        shapely.LinearRing(part.points) if part.chains[0].walls is None else shapely.LineString(part.points)
        for part in parts
    ]
    assert all(line.is_simple for line in outlines)
    for k, line in enumerate(outlines):
        assert all(line.distance(other) > 0.0 for other in outlines[:k])


# --- metal set free


def mushroom(waist: float, size: float = 0.02) -> Front:
    """A cap on a stem whose flanks have been displaced inwards to a half width of `waist` at its middle."""
    y = np.linspace(0.1, 0.7, 31)
    half = 0.1 - (0.1 - waist) * np.sin(np.pi * (y - 0.1) / 0.6) ** 2
    left = np.column_stack((1.0 - half, y))
    right = np.column_stack((1.0 + half, y))[::-1]
    cap = refine([(0.9, 0.7), (0.6, 0.7), (0.6, 1.0), (1.4, 1.0), (1.4, 0.7), (1.1, 0.7)], size)
    ends = refine([(0.0, 0.1), (0.9, 0.1)], size), refine([(1.1, 0.1), (2.0, 0.1)], size)
    return chain(np.concatenate((ends[0], left[1:], cap[1:-1], right[:-1], ends[1])))


@pytest.mark.parametrize("waist", [-0.001, -0.01, -0.05])
def test_a_mushroom_whose_stem_has_crossed_loses_its_cap(waist):
    front = mushroom(waist)
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    assert result.trapped_area == 0.0
    working, dead = result.front.parts()
    assert dead.chains[0].walls is None
    assert np.all(dead.patch == 0)
    assert np.all(working.patch == -1)
    # referee: the metal as it is without the parts of the stem that have crossed
    x, y = front.points.T
    valid = shapely.make_valid(
        shapely.Polygon(np.column_stack((np.append(x, (2, 0)), np.append(y, (-1, -1)))))
    )
    faces = [face for face in shapely.get_parts(valid) if face.area > 4.0 * DISTANCE**2]
    cap = max((face for face in faces if face.bounds[3] > 0.99), key=shapely.area)
    assert result.dead[0][0] == 0
    assert result.dead[0][1] == pytest.approx(cap.area, abs=3.0 * DISTANCE**2)
    assert result.detached_area == dead.metal_area() == result.dead[0][1]
    assert shapely.Polygon(dead.points).symmetric_difference(cap).area < 0.05 * cap.area
    assert working.tip_height < 0.45
    assert dead.points[:, 1].min() > working.tip_height + DISTANCE
    assert any("detaching metal of area" in event for event in result.events)
    assert not resolve(result.front, 2.0, 3.0, DISTANCE).changed


def test_the_number_of_a_new_piece_is_beyond_all_in_use_or_as_told():
    front = mushroom(-0.01)
    assert resolve(front, 2.0, 3.0, DISTANCE, next_patch=7).dead[0][0] == 7
    floating = Front(
        front.points, NAMES, front.surface, front.coverage, np.where(front.points[:-1, 0] < 0.3, 4, -1)
    )
    assert resolve(floating, 2.0, 3.0, DISTANCE).dead[0][0] == 5


def test_a_small_piece_is_given_back():
    corners = [
        (0, 0.1),
        (0.49, 0.1),
        (0.505, 0.2),
        (0.49, 0.22),
        (0.51, 0.22),
        (0.495, 0.2),
        (0.51, 0.1),
        (1, 0.1),
    ]
    front = chain(refine(corners, 0.05))
    result = resolve(front, 1.0, 2.0, DISTANCE)
    audit(front, result)
    assert result.dead == ()
    assert len(result.front.chains) == 1


def test_half_a_mushroom_on_a_wall_floats_on_that_wall():
    whole = mushroom(-0.01).points
    top = int(np.argmin(np.hypot(*(whole - (1.0, 1.0)).T)))
    points = whole[top:] - (1.0, 0.0)
    points[0] = (0.0, 1.0)
    front = chain(points)
    assert np.any(points[1:, 0] < 0.0)
    result = resolve(front, 1.0, 3.0, DISTANCE)
    audit(front, result)
    working, dead = result.front.parts()
    assert dead.chains[0].walls == (0, 0)
    np.testing.assert_array_equal(dead.points[[0, -1], 0], 0.0)
    assert working.points[0, 0] == 0.0
    full = resolve(mushroom(-0.01), 2.0, 3.0, DISTANCE)
    assert dead.metal_area() == pytest.approx(0.5 * full.detached_area, abs=DISTANCE**2)


def test_a_mushroom_is_stripped_to_the_substrate_and_overgrown_again():
    """Its cap comes off, the rest of the metal goes, new metal reaches the cap: nothing is lost."""
    front = mushroom(0.06)
    books, events, bare_at = front.metal_area(), [], None
    width, gap, step = 2.0, 3.0, 0.005
    for k in range(300):
        stripping = bare_at is None
        working = (front.patch < 0) & (~front.bare if stripping else True)
        if not working.any():
            assert stripping
            bare_at, cap = k, front.parts()[1].metal_area()
            assert front.metal_area() == pytest.approx(cap, abs=1e-12)
            working = front.patch < 0
            front = replace(front, surface=np.zeros(len(working)), coverage=np.ones(len(working)))
        volume = np.zeros(len(front.points))
        share = 0.5 * step * np.where(working, front.lengths, 0.0) * (-1.0 if bare_at is None else 1.0)
        np.add.at(volume, front.cells.ravel(), np.repeat(share, 2))
        try:
            volume = limit(front, volume)
        except Exhausted as lack:
            volume = limit(front, volume * (1.0 + lack.missing / volume.sum()))
        pinned = front.vertices_of(front.bare)
        front = front.with_points(front.points + displace(front, volume, pinned, pinned & False))
        result = resolve(front, width, gap, 0.01)
        assert abs(result.bridged_area) < 1e-5
        books += volume.sum() + result.trapped_area + result.bridged_area
        events += result.events
        front = lift(resample(result.front, lambda p, kappa: np.clip(0.3 / np.abs(kappa + 1e-9), 0.01, 0.03),
                              np.zeros(len(result.front.points), dtype=bool)))  # fmt: skip
        if bare_at is None:
            dissolving = np.full(len(front.surface), True)
            front, gone = strip(front, lambda x: np.ones(x.shape, dtype=int), 1e-3, dissolving)
            books -= gone
        front.check(width, gap)
        assert front.metal_area() == pytest.approx(books, abs=1e-11)
        if bare_at is not None and len(front.chains) == 1:
            break
    assert sum("detaching metal" in event for event in events) == 1
    assert sum("the electrode met dead metal" in event for event in events) == 1
    assert len(front.chains) == 1


# --- chains that meet


@pytest.mark.parametrize("start", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("gap", [0.01, 0.002, -0.004, -0.05])
def test_growing_metal_touches_a_dead_piece(gap, start):
    ground = flat(2.0, 0.02, 0.3)
    piece = disc(1.0, 0.3 + gap + 0.2, 0.2, 3, start=start)
    front = Front.joined([ground, piece])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    assert len(result.front.chains) == 1
    assert result.dead == ()
    assert result.trapped_area == 0.0
    np.testing.assert_array_equal(np.unique(result.front.patch), [-1, 3])
    overlap = metal(ground).intersection(metal(piece)).area
    # what overlapped is spread around the junction, and the narrow part of the wedge on both sides is filled
    x = np.linspace(0.0, np.sqrt(0.4 * (DISTANCE - max(gap, 0.0))), 200)
    wedge = 2.0 * np.trapezoid(max(gap, 0.0) + x**2 / 0.4, x)
    changed = metal(result.front).symmetric_difference(metal(front)).area
    assert changed < 2.0 * (overlap + wedge) + 2.0 * DISTANCE**2
    shared = np.flatnonzero(np.diff(result.front.patch))
    assert len(shared) == 2
    assert any("the electrode met dead metal" in event for event in result.events)
    assert not resolve(result.front, 2.0, 3.0, 0.5 * DISTANCE).changed


def test_a_piece_that_touches_twice_traps_what_lies_between():
    """A bridge of dead metal that comes down on two columns."""
    ground = chain(
        refine(
            [
                (0, 0.1),
                (0.5, 0.1),
                (0.5, 0.8),
                (0.8, 0.8),
                (0.8, 0.1),
                (1.2, 0.1),
                (1.2, 0.8),
                (1.5, 0.8),
                (1.5, 0.1),
                (2, 0.1),
            ],
            0.03,
        )
    )
    bridge = chain(
        refine([(0.6, 0.81), (0.6, 1.0), (1.4, 1.0), (1.4, 0.81), (0.6, 0.81)], 0.03)[:-1], None, 0
    )
    front = Front.joined([ground, bridge])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    assert len(result.front.chains) == 1
    pocket = 0.4 * 0.7 + 0.01 * 0.8
    assert result.trapped_area == pytest.approx(pocket, rel=0.05)


@pytest.mark.parametrize("gap", [0.01, -0.01])
def test_two_dead_pieces_become_one(gap):
    front = Front.joined(
        [flat(2.0, 0.05, 0.1), disc(0.8 - 0.5 * gap, 0.8, 0.2, 1), disc(1.2 + 0.5 * gap, 0.8, 0.2, 2)]
    )
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    ground, both = result.front.parts()
    assert both.chains[0].walls is None
    np.testing.assert_array_equal(np.unique(both.patch), [1, 2])
    np.testing.assert_array_equal(ground.points, front.parts()[0].points)
    pieces = shapely.union_all([shapely.Polygon(part.points) for part in front.parts()[1:]])
    assert shapely.Polygon(both.points).symmetric_difference(pieces).area < 10.0 * DISTANCE**2


def test_a_dead_piece_on_bare_substrate_gets_two_feet():
    front = Front.joined([flat(2.0, 0.1, 0.0, surface=1), disc(1.03, 0.21, 0.2, 0)])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    joined = result.front
    assert len(joined.chains) == 1
    feet = np.flatnonzero(joined.breaks)
    assert len(feet) == 2
    np.testing.assert_array_equal(joined.points[feet, 1], 0.0)
    assert np.all(np.diff(joined.points[joined.points[:, 1] == 0.0, 0]) > 0.0)


def test_a_piece_pinches_in_two():
    u = -np.cos(np.linspace(0.0, np.pi, 61))
    half = np.sqrt(np.maximum(1.0 - u**2, 0.0)) * (0.5 * u**2 - 0.01)
    upper, lower = np.column_stack((1.0 + 0.6 * u, 1.0 + half)), np.column_stack((1.0 + 0.6 * u, 1.0 - half))
    lobes = chain(np.concatenate((upper, lower[-2:0:-1])), None, 4)
    front = Front.joined([flat(2.0, 0.05, 0.1), lobes])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    ground, one, two = result.front.parts()
    assert {int(one.patch[0]), int(two.patch[0])} == {4, 5}
    assert result.dead == ((5, two.metal_area()),)
    # the lobes of the curve, less its crossed part, which the metal next to it owes
    lobe = max(shapely.area(shapely.get_parts(shapely.make_valid(shapely.Polygon(lobes.points)))))
    crossed = 2.0 * lobe - lobes.metal_area()
    for part in (one, two):
        assert abs(part.metal_area() - lobe) < crossed + 2.0 * DISTANCE**2
    assert one.metal_area() + two.metal_area() == pytest.approx(lobes.metal_area(), abs=1e-13)
    del ground


def test_a_ring_that_closes_traps_electrolyte():
    angle = np.radians(np.linspace(-88.5, 268.5, 121))
    outer = np.column_stack((1.0 + 0.4 * np.cos(angle), 1.0 + 0.4 * np.sin(angle)))[::-1]
    inner = np.column_stack((1.0 + 0.25 * np.cos(angle), 1.0 + 0.25 * np.sin(angle)))
    ring = chain(np.concatenate((outer, inner)), None, 0)
    assert ring.metal_area() > 0.0
    front = Front.joined([flat(2.0, 0.05, 0.1), ring])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    assert len(result.front.chains) == 2
    assert result.trapped_area == pytest.approx(np.pi * 0.25**2, rel=0.02)


def test_dead_metal_inside_a_pocket_is_no_electrolyte():
    edge = 0.996
    left = [
        (0, 0.1),
        (0.4, 0.1),
        (0.4, 0.9),
        (0.3, 0.9),
        (0.3, 1.2),
        (edge, 1.2),
        (edge, 0.9),
        (0.7, 0.9),
        (0.7, 0.1),
    ]
    columns = chain(refine(left + [(2.0 - x, y) for x, y in left[::-1]], 0.02))
    piece = disc(1.0, 0.5, 0.15, 0)
    alone = resolve(columns, 2.0, 3.0, 0.01)
    front = Front.joined([columns, piece])
    result = resolve(front, 2.0, 3.0, 0.01)
    audit(front, result)
    assert len(result.front.chains) == 1
    assert alone.trapped_area - result.trapped_area == pytest.approx(piece.metal_area(), rel=1e-12)
    assert any("was enclosed" in event for event in result.events)


@pytest.mark.parametrize("wall", [0.0, 2.0])
@pytest.mark.parametrize("gap", [0.005, -0.01])
def test_a_dead_piece_that_meets_a_wall_ends_on_it(wall, gap):
    x = 0.2 + gap if wall == 0.0 else 1.8 - gap
    front = Front.joined([flat(2.0, 0.05, 0.1), disc(x, 0.8, 0.2, 1)])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    piece = result.front.parts()[1]
    assert piece.chains[0].walls == (0, 0)
    np.testing.assert_array_equal(piece.points[[0, -1], 0], wall)
    inside = shapely.Polygon(front.parts()[1].points).intersection(shapely.box(0.0, 0.0, 2.0, 3.0))
    assert shapely.Polygon(piece.points).symmetric_difference(inside).area < 4.0 * DISTANCE**2


@pytest.mark.parametrize("wall", [0.0, 2.0])
def test_metal_on_a_wall_that_is_touched_from_below_traps_the_corner(wall):
    """Half a disc on the wall, and a ridge that reaches its side."""
    quarter = np.radians(np.linspace(90.0, -90.0, 24))
    drop = np.column_stack((0.4 * np.cos(quarter), 1.0 + 0.4 * np.sin(quarter)))
    drop[[0, -1], 0] = 0.0
    ridge = refine([(0, 0.1), (0.36, 0.1), (0.36, 0.83), (0.6, 0.83), (0.6, 0.1), (2, 0.1)], 0.03)
    if wall == 2.0:
        drop, ridge = (drop * (-1, 1) + (2, 0))[::-1], (ridge * (-1, 1) + (2, 0))[::-1]
    front = Front.joined([chain(ridge), chain(drop, (0, 0), 0)])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    assert len(result.front.chains) == 1
    closed = shapely.box(0.0, 0.0, 0.36, 1.0) if wall == 0.0 else shapely.box(1.64, 0.0, 2.0, 1.0)
    pocket = closed.difference(metal(front))
    assert result.trapped_area == pytest.approx(pocket.area, rel=0.03)


def test_chains_that_are_far_apart_are_left_alone():
    front = Front.joined([flat(2.0, 0.02, 0.3), disc(0.5, 0.8, 0.2, 0), disc(1.5, 0.8, 0.2, 1)])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    assert result.front is front
    assert not result.changed


def test_two_chains_across_the_cell_never_join():
    front = Front.joined([flat(1.0, 0.05, 0.3), mirrored(flat(1.0, 0.05, 0.3), 0.61)])
    with pytest.raises(MeshError, match="from wall to wall"):
        resolve(front, 1.0, 2.0, DISTANCE)


@pytest.mark.parametrize("seed", range(30))
def test_random_pieces_keep_their_books(seed):
    """Discs that grow into each other, and into the ground: the books close whatever happens."""
    rng = np.random.default_rng(seed)
    ground = flat(2.0, 0.04, 0.1)
    ground = ground.with_points(
        ground.points
        + np.column_stack((np.zeros(51), 0.15 * rng.random() * np.sin(5.0 * ground.points[:, 0]) ** 2))
    )
    pieces: list[Front] = []
    for _ in range(40):
        x, y, radius = 0.3 + 1.4 * rng.random(), 0.4 + 1.5 * rng.random(), 0.05 + 0.15 * rng.random()
        if all(
            np.hypot(*(p.points.mean(axis=0) - (x, y))) > radius + np.sqrt(p.metal_area() / np.pi) - 0.03
            for p in pieces
        ):
            pieces.append(disc(x, y, radius, len(pieces), 0.03, rng.random()))
    front = Front.joined([ground, *pieces])
    result = resolve(front, 2.0, 3.0, DISTANCE)
    audit(front, result)
    # what is closer than `distance` has met; overlap given back may bring together what is a little further
    assert groups(front, 1.5 * DISTANCE) <= len(result.front.chains) <= groups(front, 0.95 * DISTANCE)


def groups(front: Front, reach: float) -> int:
    """Groups of metal with gaps of more than `reach` between them; what a group encloses belongs to it."""
    grown = shapely.get_parts(metal(front).buffer(0.5 * reach, quad_segs=64))
    filled = shapely.union_all([shapely.Polygon(shapely.get_exterior_ring(part)) for part in grown])
    return len(shapely.get_parts(filled))


# --- electrodes that meet


def test_a_mirrored_front_is_itself_when_mirrored_again():
    front = Front.joined([flat(2.0, 0.1, 0.3), disc(1.0, 0.8, 0.2, 5)])
    patch = front.patch.copy()
    patch[:7] = 2
    front = Front(front.points, NAMES, front.surface, front.coverage, patch, front.chains, 0.0)
    other = mirrored(front, 3.0)
    assert other.base == 3.0
    assert other.metal_area() == pytest.approx(front.metal_area(), rel=1e-14)
    np.testing.assert_allclose(other.normals.mean(axis=0), front.normals.mean(axis=0) * (1, -1), atol=1e-12)
    np.testing.assert_array_equal(other.patch[:20], front.patch[:20][::-1])
    again = mirrored(other, 3.0)
    np.testing.assert_allclose(again.points, front.points, atol=1e-15)
    np.testing.assert_array_equal(again.patch, front.patch)
    assert again.chains == front.chains


def test_a_counter_electrode_is_resolved_by_mirroring():
    front = mushroom(-0.01)
    counter = mirrored(front, 3.0)
    result = resolve(mirrored(counter, 3.0), 2.0, 3.0, DISTANCE)
    back = mirrored(result.front, 3.0)
    assert back.metal_area() == pytest.approx(counter.metal_area(), abs=1e-13)
    dead = back.parts()[1]
    assert dead.metal_area() == pytest.approx(result.detached_area, abs=1e-13)
    assert dead.points[:, 1].max() < back.parts()[0].points[:, 1].min() + 3.0


def bump(height: float, x: float = 1.0) -> Front:
    points = flat(2.0, 0.02, 0.0).points
    return chain(np.column_stack((points[:, 0], 0.1 + height * np.exp(-(((points[:, 0] - x) / 0.2) ** 2)))))


def test_electrodes_meet_where_they_are_closest():
    working, counter = bump(0.3, 0.8), mirrored(bump(0.55, 1.1), 1.0)
    lines = shapely.LineString(working.points), shapely.LineString(counter.points)
    expected = lines[0].distance(lines[1])
    found = meeting(working, counter, 1.0)
    assert found is not None
    assert found.distance == pytest.approx(expected, rel=1e-12)
    place = shapely.Point(found.place)
    assert lines[0].distance(place) == pytest.approx(0.5 * expected, rel=1e-9)
    assert lines[1].distance(place) == pytest.approx(0.5 * expected, rel=1e-9)
    assert meeting(working, counter, 0.999 * expected) is None


def test_electrodes_that_have_crossed_meet_at_a_crossing():
    found = meeting(bump(0.7), mirrored(bump(0.5), 1.0), 0.01)
    assert found is not None
    assert found.distance == 0.0
    assert 0.4 < found.place[1] < 0.8


def test_a_straight_counter_electrode():
    found = meeting(bump(0.85), 1.0, 0.06)
    assert found is not None
    assert found.distance == pytest.approx(0.05, abs=1e-12)
    assert found.place == pytest.approx((1.0, 0.975))
    assert meeting(bump(0.85), 1.0, 0.04) is None


def test_dead_metal_makes_no_short_circuit():
    front = Front.joined([flat(2.0, 0.02, 0.3), disc(1.0, 0.79, 0.2, 0)])
    assert meeting(front, 1.0, 0.1) is None
    assert meeting(front, mirrored(flat(2.0, 0.02, 0.0), 1.0), 0.1) is None
    joined = Front(
        front.points, NAMES, front.surface, front.coverage, np.full(front.patch.shape, -1), front.chains
    )
    assert meeting(joined, 1.0, 0.1) is not None


def test_looking_for_a_short_circuit_is_fast():
    x = np.linspace(0.0, 2.0, 2001)
    working = chain(np.column_stack((x, 0.45 + 0.02 * np.sin(40.0 * x))))
    counter = mirrored(chain(np.column_stack((x, 0.45 + 0.02 * np.sin(37.0 * x)))), 1.0)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert meeting(working, counter, 0.2) is not None
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1
