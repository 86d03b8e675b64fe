"""Nucleation on a substrate, feet of deposits, and how floating deposits join."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from meshes import shapes
from meshes.shell_shapes import with_caps, with_nucleus
from solver.contact import Ohmic
from solver.coverage import (
    FRESH,
    FrontFields,
    SubstrateRates,
    bare,
    curvature,
    edge_curvature,
    feet,
    joining,
    relabel,
)
from solver.laws import Constant
from solver.reaction import ButlerVolmer, Reaction
from solver.surface import Surface

DEPOSITION = Reaction("d", 1, {"Na": 1.0}, ButlerVolmer(Constant(10.0)), reference={"Na": 1000.0})
MATRIX = Surface("matrix", 0.07, 20.0, 10e-9, np.pi / 2, Ohmic())


def test_nucleation_needs_the_nucleation_overpotential() -> None:
    eta = np.array([-0.2, -0.08, -0.07, -0.06, 0.0])
    nucleation, spreading = MATRIX.coverage_rates(eta, np.full(5, 1e-6), 0.0257)
    assert np.all(nucleation[:2] > 0.0)
    assert np.all(nucleation[2:] == 0.0)
    assert nucleation[0] == pytest.approx(20.0, rel=0.01)
    assert np.all(spreading == 100.0)


@pytest.mark.parametrize("start", [-1.0, -0.2, 0.0, 0.3])
@pytest.mark.parametrize("rates", [(20.0, 0.0), (20.0, 300.0), (1e-3, 50.0), (0.0, 50.0), (0.0, 0.0)])
def test_coverage_is_the_solution_of_its_equation(start: float, rates: tuple[float, float]) -> None:
    a, b = rates

    def slope(_: float, theta: np.ndarray) -> np.ndarray:
        return np.where(theta < 0.0, a, (1.0 - theta) * (a + b * theta))

    dt = 0.06
    expected = solve_ivp(slope, (0.0, dt), [start], rtol=1e-10, atol=1e-12, max_step=1e-4).y[0, -1]
    new = SubstrateRates(np.array([a]), np.array([b])).after(np.array([start]), dt)
    assert new[0] == pytest.approx(expected, abs=2e-3)


def test_feet_are_pinned_below_the_contact_angle_and_slide_above() -> None:
    for height, slides in ((0.01, False), (0.12, True)):
        front = shapes.with_apex(1.0, 0.1, height, 0.01, 0.05)
        front = replace(front, coverage=np.where(front.surface == 1, FRESH, 1.0))
        cap = replace(MATRIX, contact_angle=np.deg2rad(60.0))
        pinned, sliding = feet(front, {"matrix": cap})
        assert pinned.sum() + sliding.sum() == 2
        assert bool(sliding.any()) is slides


def test_substrate_and_feet_have_no_corner_curvature() -> None:
    front = shapes.with_apex(1.0, 0.2, 0.1, 0.005, 0.05)
    front = replace(front, coverage=np.where(front.surface == 1, FRESH, 1.0))
    kappa = curvature(front)
    assert np.all(kappa[1:-1][bare(front)[1:] & bare(front)[:-1]] == 0.0)
    assert kappa.min() >= 0.0
    assert kappa.max() == pytest.approx(10.0, rel=0.05)  # a half circle of radius 0.1


def test_seed_joins_when_its_neighbour_is_deposit() -> None:
    front = shapes.with_islands(1.0, [0.25, 0.75], 0.2, 0.05, 0.02, 0.05)
    front = replace(front, coverage=np.where(front.surface == 1, FRESH, 1.0))
    floating, still = np.array([0, 1], dtype=np.int32), np.zeros(len(front.points), dtype=bool)
    assert joining(front, floating, still).size == 0
    first = int(np.flatnonzero(front.patch == 0)[-1]) + 1  # the bare edge right of the first seed
    coverage = front.coverage.copy()
    coverage[first] = 0.6
    joined = joining(replace(front, coverage=coverage), floating, still)
    assert joined.tolist() == [0]
    after = relabel(replace(front, coverage=coverage), joined)
    assert not np.any(after.patch == 0)
    assert after.surface[first] == 0
    assert np.any(after.patch == 1)


def test_one_way_to_the_middle_of_edges_and_another_by_their_vertices() -> None:
    front = shapes.with_apex(1.0, 0.2, 0.1, 0.01, 0.05)
    rng = np.random.default_rng(1)
    potential, metal = rng.normal(size=len(front.points)), rng.normal(size=len(front.cells))
    given = ({}, potential, metal, edge_curvature(front), 0.3)
    with_cells = FrontFields(*given, front.cells, DEPOSITION).overpotential()
    middle = 0.5 * (potential[1:] + potential[:-1])
    np.testing.assert_array_equal(with_cells, metal + 0.3 * edge_curvature(front) - middle)
    middle = 0.5 * (potential[front.cells[:, 0]] + potential[front.cells[:, 1]])
    np.testing.assert_allclose(with_cells, metal + 0.3 * edge_curvature(front) - middle, rtol=1e-14)


def test_hemisphere_on_substrate_has_the_curvature_of_a_sphere_also_at_its_foot() -> None:
    shell = with_nucleus(1.0, 1.0, 0.2, 0.02, 0.1)
    shell = replace(shell, coverage=np.where(shell.surface == 1, FRESH, 1.0))
    kappa = curvature(shell)
    deposit = shell.vertices_of(~shell.bare)
    assert np.all(kappa[~deposit] == 0.0)
    np.testing.assert_allclose(kappa[deposit], 2.0 / 0.2, rtol=0.1)
    assert np.all(edge_curvature(shell)[shell.bare] == 0.0)


def test_seed_in_3d_joins_when_its_neighbour_is_deposit() -> None:
    shell = with_caps(1.0, 1.0, [(0.3, 0.5), (0.7, 0.5)], 0.1, 0.05, 0.03, 0.1)
    shell = replace(shell, coverage=np.where(shell.surface == 1, FRESH, 1.0))
    floating, still = np.array([0, 1], dtype=np.int32), np.zeros(len(shell.points), dtype=bool)
    assert joining(shell, floating, still).size == 0
    beside = shell.vertices_of(shell.patch == 1)[shell.cells].any(axis=1) & shell.bare
    first = int(np.flatnonzero(beside)[0])
    coverage = shell.coverage.copy()
    coverage[first] = 0.6
    joined = joining(replace(shell, coverage=coverage), floating, still)
    assert joined.tolist() == [1]
    after = relabel(replace(shell, coverage=coverage), joined)
    assert set(after.patch) == {-1, 0}
    assert after.surface[first] == 0
