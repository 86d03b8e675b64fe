"""Films on fronts: what grows on an edge stays on it when edges come, go and slide; how it thickens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from meshes.advance import redistribute
from meshes.errors import MeshError
from meshes.front import Front
from meshes.meeting import mirrored
from meshes.merge import resolve
from meshes.pockets import rolled
from meshes.remesh3d import remesh
from meshes.resample import resample
from meshes.shapes import flat, with_apex
from meshes.shares import carry_facets
from meshes.shell import Shell
from meshes.shell_shapes import octant, plate
from meshes.solid import SizeField3D, tetrahedralise
from meshes.strip import strip
from solver.film import known_film, thickening
from solver.multistep import formula

from .curves import FloatArray, circle, free, gear, opened, uniform


def held(front: Front) -> float:
    """Film times length over the whole front."""
    return float(np.sum(front.film * front.lengths))


def labelled(front: Front) -> Front:
    """Every edge with another film."""
    return replace(front, film=1.0 + np.arange(len(front.cells)))


def from_nearest(old: Front, new: Front) -> FloatArray:
    """Of the edges of `new` that lie on `old`, which have the film of the edge they lie on."""
    middles = new.on_facets(new.points)
    place = old.locate(middles)
    near = np.einsum("kc,kcd->kd", place.weights, old.points[old.cells[place.facet]])
    on_it = np.hypot(*(middles - near).T) < 0.03 * old.lengths.min()
    return new.film[on_it] == old.film[place.facet][on_it]


def test_without_a_film_there_is_none_and_its_shape_is_checked() -> None:
    front = flat(1.0, 0.1)
    np.testing.assert_array_equal(front.film, np.zeros(10))
    with pytest.raises(MeshError, match="film has shape"):
        replace(front, film=np.ones(3))


def test_halved_edges_keep_their_film() -> None:
    front = labelled(flat(1.0, 0.25))
    finer = resample(front, uniform(0.14), free(front))
    np.testing.assert_array_equal(finer.film, np.repeat(front.film, 2))


@pytest.mark.parametrize("size", [0.11, 0.24])
def test_an_edge_made_of_others_gets_their_mean(size: float) -> None:
    """On a straight line what the front holds stays, edge by edge the mean over what lies under it."""
    x = np.cumsum(np.append(0.0, np.tile([0.02, 0.05, 0.03], 10)))
    front = labelled(opened(np.column_stack((x, np.full_like(x, 0.3)))))
    result = resample(front, uniform(size), free(front))
    assert len(result.cells) < len(front.cells)
    total = np.append(0.0, np.cumsum(front.film * front.lengths))
    under = np.diff(np.interp(result.points[:, 0], x, total)) / result.lengths
    np.testing.assert_allclose(result.film, under, rtol=1e-12)


def test_a_closed_chain_is_coarsened_across_its_beginning() -> None:
    front = labelled(gear(200))
    result = resample(front, uniform(0.1), free(front))
    assert len(result.cells) < 150
    assert held(result) == pytest.approx(held(front), rel=0.02)
    turned = labelled(circle(12, 0.3))
    np.testing.assert_array_equal(rolled(turned, 5).film, np.roll(turned.film, -5))


def test_parts_and_mirror_images_have_their_films() -> None:
    front = labelled(Front.joined([flat(1.0, 0.1, 0.2), circle(20, 0.05, (0.5, 0.5), patch=0)]))
    np.testing.assert_array_equal(np.concatenate([part.film for part in front.parts()]), front.film)
    image = mirrored(front, 1.0)
    np.testing.assert_array_equal(image.film[:10], front.film[:10][::-1])
    np.testing.assert_array_equal(mirrored(image, 1.0).film, front.film)


def test_films_stay_where_a_neck_parts() -> None:
    """The head of a mushroom whose stem has crossed itself comes off: old edges keep what was on them."""
    corners = [(0.0, 0.2), (0.45, 0.2), (0.507, 0.4), (0.35, 0.5), (0.5, 0.7), (0.65, 0.5), (0.493, 0.4)]
    corners += [(0.55, 0.2), (1.0, 0.2)]
    ends = np.array(corners)
    runs = [a + np.linspace(0.0, 1.0, 12)[1:, None] * (b - a) for a, b in pairwise(ends)]
    front = labelled(opened(np.vstack([ends[:1], *runs])))
    parted = resolve(front, 1.0, 1.0, 0.004)
    assert len(parted.dead) == 1
    same = from_nearest(front, parted.front)
    assert same.size > 0.8 * len(parted.front.cells)
    assert np.all(same)
    assert set(parted.front.film) <= set(front.film)


def test_dead_metal_that_is_touched_brings_its_film() -> None:
    base, dead = flat(1.0, 0.02, 0.2), circle(24, 0.05, (0.5, 0.2605), patch=0)
    front = Front.joined([replace(base, film=np.full(50, 2.0)), replace(dead, film=np.full(24, 3.0))])
    result = resolve(front, 1.0, 1.0, 0.02)
    assert len(result.front.chains) == 1
    above = result.front.on_facets(result.front.points[:, 1]) > 0.23
    assert set(result.front.film[above]) == {3.0}
    assert set(result.front.film[~above]) == {2.0, 3.0}


def test_stripped_substrate_has_no_film() -> None:
    front = labelled(flat(1.0, 0.25, 1e-9))
    stripped = strip(front, lambda x: np.full(x.size, 1), 1e-6, np.array([True, False, True, False])).front
    np.testing.assert_array_equal(stripped.film, [0.0, 2.0, 0.0, 4.0])


def test_a_film_stays_where_it_is_when_vertices_slide() -> None:
    """Its sum stays, its bounds too; it follows the place and not the edge, to first order in length."""
    errors = []
    for edges in (40, 80):
        s = np.linspace(0.0, 1.0, edges + 1)
        x = s + 0.08 * np.sin(2.0 * np.pi * s)
        front = opened(np.column_stack((x, np.full_like(x, 0.3))))
        front = replace(front, film=1.0 + np.sin(3.0 * front.on_facets(x)))
        result = front
        for _ in range(200):
            result = redistribute(result, uniform(0.02))
        there = 1.0 + np.sin(3.0 * result.on_facets(result.points[:, 0]))
        assert held(result) == pytest.approx(held(front), rel=1e-12)
        assert result.film.min() >= front.film.min() - 1e-14
        assert result.film.max() <= front.film.max() + 1e-14
        errors.append(float(np.abs(result.film - there).max()))
        assert errors[-1] < 0.25 * np.abs(front.film - there).max()
    assert errors[1] < 0.6 * errors[0]


def test_a_film_is_kept_by_a_shell_that_is_remeshed() -> None:
    front, counter = octant(1.0, 0.2), octant(3.0, 1.0, outside=True)
    height = front.on_facets(front.points[:, 2])
    front = replace(front, film=height)
    size = SizeField3D(1.0, 0.1)  # twice as fine as it is
    fronts = {"front": front, "counter": counter}
    _, new = remesh(tetrahedralise(fronts, SizeField3D(1.0, 0.2)), fronts, size)
    shell = new["front"]
    assert len(shell.cells) > 1.5 * len(front.cells)
    assert np.abs(shell.film - shell.on_facets(shell.points[:, 2])).max() < 0.15
    assert np.all(new["counter"].film == 0.0)
    two = Shell.joined([front, plate(1.0, 1.0, 0.5)])
    np.testing.assert_array_equal(two.film[: height.size], height)
    assert not two.film[height.size :].any()


def test_values_on_facets_go_to_the_nearest() -> None:
    old, new = flat(1.0, 0.25), flat(1.0, 0.125)
    np.testing.assert_array_equal(carry_facets(old, new, np.arange(4.0)), np.repeat(np.arange(4.0), 2))


def test_a_film_thickens_as_the_charge_does() -> None:
    """A rate linear in time, steps of any length: what BDF2 gives is exact but for its first step."""
    front, rate, steps = flat(1.0, 0.5), 3.0, [0.1, 0.1, 0.15, 0.1, 0.2, 0.17]
    last, film, past = None, front.film, [0.1]
    for number, dt in enumerate(steps):
        plan = formula(1, [dt]) if number == 0 else formula(2, [dt, past[-1]])
        front = replace(front, film=film)
        added = thickening(front, plan, dt, np.full(2, rate), last)
        np.testing.assert_allclose(known_film(front, plan, last) + dt * rate / plan.a0, film + added)
        film, last = film + added, added
        past.append(dt)
    np.testing.assert_allclose(film, rate * sum(steps), rtol=1e-14)


def test_bare_substrate_gets_no_film() -> None:
    front = with_apex(1.0, 0.4, 0.3, 0.05, 0.1)
    ones = np.ones(len(front.cells))
    plan = formula(2, [0.1, 0.1])
    np.testing.assert_array_equal(thickening(front, plan, 0.1, ones, ones) > 0.0, ~front.bare)
    np.testing.assert_array_equal(known_film(front, plan, ones) > 0.0, ~front.bare)
