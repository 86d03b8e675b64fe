"""What a step of a growing cell is made of: shares, limits, ways for feet, memory, kept Jacobians."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.front import Front
from meshes.shapes import flat, with_apex, with_islands
from meshes.shares import carry_shares
from meshes.shell_shapes import octant, plate, with_nucleus
from meshes.strip import Exhausted, limit, limit_shell
from meshes.substrate import make_way, make_way_3d
from solver.chord import MET, chord, stored_norm, tolerance
from solver.memory import Memory, grown
from solver.multistep import formula


def test_shares_keep_their_sum_and_their_density() -> None:
    old, new = flat(1.0, 0.02, height=0.1), flat(1.0, 0.013, height=0.1)

    def share(front: Front) -> np.ndarray:
        sizes = np.bincount(front.cells.ravel(), np.repeat(0.5 * front.lengths, 2))
        return np.asarray(sizes * (2.0 + np.sin(5.0 * front.points[:, 0])))

    carried = carry_shares(old, new, share(old))
    assert carried.sum() == pytest.approx(share(old).sum(), rel=1e-14)
    assert np.allclose(carried, share(new), rtol=2e-3)
    opposed = share(old) - share(old).mean()
    assert carry_shares(old, new, opposed).sum() == pytest.approx(opposed.sum(), abs=1e-14)


def test_bare_substrate_has_no_share() -> None:
    shell = with_nucleus(1.0, 1.0, 0.2, 0.05, 0.1)
    finer = with_nucleus(1.0, 1.0, 0.2, 0.04, 0.08)
    metal = shell.vertices_of(~shell.bare)
    carried = carry_shares(shell, finer, np.where(metal, 1e-3, 0.0))
    assert np.all(carried[~finer.vertices_of(~finer.bare)] == 0.0)
    assert carried.sum() == pytest.approx(1e-3 * metal.sum(), rel=1e-13)


def test_what_a_vertex_was_given_it_may_give_back() -> None:
    front = flat(1.0, 0.1, height=1e-3)
    volume, given = np.zeros(len(front.points)), np.zeros(len(front.points))
    volume[4] = -3e-4
    given[4] = 2e-4
    assert limit(front, volume, given)[4] == pytest.approx(-3e-4)
    assert limit(front, volume)[4] > -1.1e-4
    assert limit(front, volume).sum() == pytest.approx(-3e-4, rel=1e-12)


def test_a_layer_in_3d_gives_no_more_than_it_has() -> None:
    shell = plate(1.0, 1.0, 0.2, height=1e-3)
    area = np.bincount(shell.cells.ravel(), np.repeat(shell.measures / 3.0, 3))
    volume = 1e-4 * area
    k = int(np.argmax(area))
    volume[k] = -4e-3 * area[k]
    limited = limit_shell(shell, volume)
    assert np.all(limited >= -1e-3 * area * (1.0 + 1e-9))
    assert limited.sum() == pytest.approx(volume.sum(), rel=1e-10)
    far = np.linalg.norm(shell.points - shell.points[k], axis=1) > 0.7
    assert np.allclose(limited[far], volume[far])  # neighbours pay first
    with pytest.raises(Exhausted) as caught:
        limit_shell(shell, -1.5e-3 * area)
    assert caught.value.missing == pytest.approx(0.5e-3, rel=1e-6)
    ball = octant(0.5, 0.1)
    loss = np.full(len(ball.points), -1e-3)
    assert np.array_equal(limit_shell(ball, loss), loss)


def test_bare_edges_ahead_of_a_foot_shrink_alike_and_coverage_stays() -> None:
    front = with_apex(1.0, 0.2, 0.1, 0.01, 0.05)
    foot = int(np.flatnonzero(front.bare[1:] & ~front.bare[:-1])[0]) + 1
    ahead = np.flatnonzero(front.bare & (np.arange(front.coverage.size) >= foot))
    middles = front.on_facets(front.points[:, 0])
    coverage = np.where(front.bare, 0.2 * middles, front.coverage)
    before = replace(front, coverage=coverage)
    points = before.points.copy()
    points[foot, 0] += 0.009
    slide = np.zeros(len(points), dtype=bool)
    slide[foot] = True
    after = make_way(before, before.with_points(points), slide)
    assert np.all(np.diff(after.points[foot:, 0]) > 0.0)
    ratio = after.lengths[ahead[:8]] / before.lengths[ahead[:8]]
    assert np.ptp(ratio) < 1e-12
    total = (coverage * before.lengths)[ahead].sum()
    covered = 0.009 * coverage[ahead[0]]  # what the foot has slid over
    assert (after.coverage * after.lengths)[ahead].sum() == pytest.approx(total - covered, rel=1e-12)
    moved = after.on_facets(after.points[:, 0])
    off = np.abs(after.coverage - 0.2 * moved)[ahead[:8]]
    assert np.all(off <= 0.2 * 0.5 * before.lengths[ahead[:8]])  # a mean of steps half an edge wide


def test_bare_triangles_make_way_for_a_growing_nucleus() -> None:
    before = with_nucleus(1.0, 1.0, 0.2, 0.05, 0.1, centre=(0.0, 0.0))
    grows = before.vertices_of(~before.bare)
    after = before.with_points(np.where(grows[:, None], 1.3 * before.points, before.points))
    assert np.linalg.norm(after.points[before.feet], axis=1) == pytest.approx(0.26)
    result = make_way_3d(before, after, before.feet)
    assert np.all(result.normals[result.bare][:, 2] > 0.999)
    assert result.points[~grows, 2] == pytest.approx(0.0)
    assert result.footprint == pytest.approx(1.0, rel=1e-12)
    assert np.array_equal(result.points[before.fixed], before.points[before.fixed])
    still = make_way_3d(before, after, np.zeros_like(before.feet))
    assert still.measures[before.bare].min() < 0.5 * result.measures[before.bare].min()


def test_growth_by_the_formula_is_that_of_the_quantity() -> None:
    """With y = t^2 and uneven steps BDF2 is exact, and so is the growth counted step by step."""
    times = [0.0, 0.3, 0.5, 0.9, 1.0]
    last, y = times[1] ** 2, times[1] ** 2
    for n in range(1, 4):
        dt, before = times[n + 1] - times[n], times[n] - times[n - 1]
        plan = formula(2, [dt, before])
        last = grown(plan, dt, 2.0 * times[n + 1], last)
        y += last
        assert y == pytest.approx(times[n + 1] ** 2, rel=1e-13)


def test_memory_gives_the_terms_of_the_formula() -> None:
    plan, dt = formula(2, [0.1, 0.3]), 0.1
    q1, q0 = np.array([3.0, 1.0]), np.array([2.5, 1.5])
    memory = Memory({"liquid": q0}).after({"liquid": q1})
    assert memory.terms(plan, dt)["liquid"] == pytest.approx((plan.a1 * q1 + plan.a2 * q0) / dt)
    assert memory.forgetful().terms(formula(1, [dt]), dt)["liquid"] == pytest.approx(-q1 / dt)


@dataclass
class Scalars:
    """x_k + x_k^3 = b_k, with a Jacobian that is kept."""

    b: np.ndarray
    made: list[np.ndarray] = field(default_factory=list)
    x: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def evaluated(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        self.x = x
        residual = x + x**3 - self.b
        return residual, float(np.linalg.norm(residual))

    def correction(self, residual: np.ndarray, fresh: bool) -> np.ndarray:
        if fresh:
            self.made.append(1.0 + 3.0 * self.x**2)
        return np.asarray(residual / self.made[-1])

    def limited(self, x: np.ndarray, step: np.ndarray) -> np.ndarray:
        return step


def test_a_jacobian_is_kept_while_it_serves_and_made_anew_when_it_does_not() -> None:
    linear = Scalars(np.array([1.0, 2.0, 3.0]))
    done, _ = chord(linear, np.ones(3), 1e-12, stale=False)
    assert done
    assert 1 <= len(linear.made) <= 3
    exact = linear.x.copy()
    assert exact + exact**3 == pytest.approx(linear.b, abs=1e-11)
    before = len(linear.made)
    linear.b = linear.b * (1.0 + 1e-9)
    done, count = chord(linear, exact, 1e-12, stale=True)
    assert done
    assert len(linear.made) == before
    assert count <= 6
    linear.b = linear.b * 1.001  # too far for the old one
    assert chord(linear, linear.x, 1e-12, stale=True)[0]
    assert len(linear.made) > before
    assert linear.x + linear.x**3 == pytest.approx(linear.b, abs=1e-11)


def test_terminals_do_not_count_in_the_norm_of_what_is_stored() -> None:
    memory = {"liquid": np.array([3.0, 4.0]), "terminals": np.array([1e9])}
    assert stored_norm(MPI.COMM_SELF, memory) == pytest.approx(5.0)


def test_a_chord_ends_at_a_part_of_the_first_residual_and_may_begin_far_away() -> None:
    linear = Scalars(np.array([1.0, 2.0, 3.0]))
    assert chord(linear, np.ones(3), 1e-12, stale=False)[0]
    linear.b, before = linear.b * 1.05, len(linear.made)
    first = linear.evaluated(start := linear.x.copy())[1]
    done, _ = chord(linear, start, 1e-12, True, 1e-4, np.inf)
    left = linear.evaluated(linear.x)[1]
    assert done
    assert 1e-9 < left <= 1e-4 * first  # no further than asked for
    assert len(linear.made) == before  # though far more than FAR times 1e-12 away


def test_no_new_jacobian_is_made_for_what_is_small_enough() -> None:
    linear = Scalars(np.array([1.0, 2.0, 3.0]))
    assert chord(linear, np.ones(3), 1e-12, stale=False)[0]
    linear.made, linear.b = [0.6 * linear.made[-1]], linear.b * (1.0 + 1e-9)  # a poor one: rate 2/3
    start = linear.x.copy()
    assert chord(linear, start, 1e-30, True, far=np.inf, enough=1e-8)[0]
    assert len(linear.made) == 1
    assert linear.evaluated(linear.x)[1] <= 1e-8
    chord(linear, start, 1e-30, True, far=np.inf)
    assert len(linear.made) > 1


def test_the_norm_that_counts_as_none_is_relative_to_what_is_known() -> None:
    memory = {"liquid": np.array([3.0, 4.0]), "terminals": np.array([1e9])}
    assert tolerance(MPI.COMM_SELF, memory) == pytest.approx(5.0 * MET)


def test_feet_that_approach_each_other_both_keep_their_way() -> None:
    front = with_islands(1.0, [0.3, 0.5], 0.1, 0.05, 0.01, 0.02)
    change = np.flatnonzero(front.bare[1:] != front.bare[:-1]) + 1
    left, right = (int(k) for k in change[1:3])  # of the gap between the two
    assert right - left <= 8
    points = front.points.copy()
    points[left, 0] += 0.02
    points[right, 0] -= 0.03
    slide = np.zeros(len(points), dtype=bool)
    slide[[left, right]] = True
    after = make_way(front, front.with_points(points), slide)
    assert after.points[left, 0] == points[left, 0]
    assert after.points[right, 0] == points[right, 0]
    ratio = after.lengths[left:right] / front.lengths[left:right]
    assert np.ptp(ratio) < 1e-12
