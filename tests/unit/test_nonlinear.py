"""Parts of the nonlinear phase-field model: its numbers, the part of a simplex, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import quad

from meshes.builders import Layer, interval
from solver.level import positive_part
from solver.nonlinear_forms import Forms, FormsError
from solver.nonlinear_parameters import HONG_2018, PUBLISHED, Parameters
from solver.nonlinear_phase_field import GrowthError, NonlinearPhaseField, Pace


@pytest.mark.parametrize("p", PUBLISHED.values(), ids=list(PUBLISHED))
def test_width_and_surface_energy_are_those_of_the_profile(p: Parameters) -> None:
    """The profile solves kappa xi'' = g', and its excess energy is gamma: both by quadrature."""

    def slope(x: float) -> float:
        xi = 1.0 / (1.0 + np.exp(x))
        return xi * (1.0 - xi) / p.width

    def energy(x: float) -> float:
        xi = 1.0 / (1.0 + np.exp(x))
        return p.barrier * xi**2 * (1.0 - xi) ** 2 + 0.5 * p.gradient * slope(x) ** 2

    excess = p.width * quad(energy, -40.0, 40.0)[0]
    assert p.surface_energy == pytest.approx(excess, rel=1e-9)
    assert 1.0 / (6.0 * p.width) == pytest.approx(
        p.width * quad(lambda x: slope(x) ** 2, -40.0, 40.0)[0], rel=1e-9
    )


def test_consistent_mobility_is_that_of_a_free_energy() -> None:
    """L_sigma/L_eta = V_m/RT: the reaction near equilibrium is then a gradient flow, whatever the width."""
    gas = 8.31446261815324
    for p in (
        HONG_2018,
        replace(HONG_2018, gradient=7.0 * HONG_2018.gradient, barrier=0.1 * HONG_2018.barrier),
    ):
        made = p.consistent()
        assert made.barrier_mobility / made.reaction_rate == pytest.approx(
            p.molar_volume / (gas * p.temperature), rel=1e-12
        )
        assert made.capillary_excess() == pytest.approx(1.0, rel=1e-12)


def test_slope_of_the_speed_is_the_one_that_capillarity_takes() -> None:
    p, eta, step = HONG_2018, -0.07, 1e-6
    slope = (p.speed(eta - step, 0.6) - p.speed(eta + step, 0.6)) / (2.0 * step)
    per_curvature = p.surface_energy * p.molar_volume / 96485.33212
    assert p.consistent_capillary_speed(eta, 0.6) == pytest.approx(slope * per_curvature, rel=1e-8)


@pytest.mark.parametrize("name", ["barrier", "gradient", "concentration", "temperature", "diffusivity"])
def test_numbers_out_of_range_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(HONG_2018, **{name: 0.0})


def test_transfer_and_anisotropy_stay_below_one() -> None:
    for name in ("transfer", "anisotropy"):
        with pytest.raises(ValueError, match=name):
            replace(HONG_2018, **{name: 1.0})


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_part_of_a_simplex_by_sampling(dim: int) -> None:
    random = np.random.default_rng(dim)
    values = random.normal(size=(20, dim + 1))
    values = values[(values.max(axis=1) > 0.0) & (values.min(axis=1) < 0.0)]
    weights = random.dirichlet(np.ones(dim + 1), 200_000)
    sampled = (weights @ values.T > 0.0).mean(axis=0)
    assert positive_part(values) == pytest.approx(sampled, abs=0.005)


def test_part_of_a_simplex_with_equal_values() -> None:
    """One vertex of a tetrahedron cut off at its middle: 1/8; of a triangle: 1/4."""
    assert positive_part(np.array([[1.0, -1.0, -1.0, -1.0]]))[0] == pytest.approx(0.125, abs=2e-4)
    assert positive_part(np.array([[-1.0, 1.0, -1.0]]))[0] == pytest.approx(0.25, abs=2e-4)


def test_folds_without_forms_are_refused() -> None:
    with pytest.raises(FormsError, match="6 folds in 3"):
        Forms(MPI.COMM_SELF, "tetrahedron", 3, 6)


def test_a_step_that_cannot_be_solved_ends_the_march_with_its_time() -> None:
    regions = interval(MPI.COMM_SELF, [Layer("cell", 1e-5, cells=20)], ("substrate", "counter"))

    def nothing(points: np.ndarray) -> np.ndarray:
        return np.where(points[:, 0] < 0.2, 1.0, 0.0)

    model = NonlinearPhaseField(
        regions, HONG_2018, -0.45, nothing, Pace(1e-3, tolerance=1e-300, smallest=1e-2)
    )
    with pytest.raises(GrowthError, match="t = 0 s"):
        model.advance(1.0)
    assert model.time == 0.0
    model.destroy()


def test_an_unknown_solver_is_refused() -> None:
    regions = interval(MPI.COMM_SELF, [Layer("cell", 1e-5, cells=4)], ("substrate", "counter"))
    with pytest.raises(ValueError, match="direct"):
        NonlinearPhaseField(regions, HONG_2018, -0.1, lambda x: 1.0 - x[:, 0], Pace(1e-3), linear="magic")
