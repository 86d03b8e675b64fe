"""Directions that a crystal prefers, in arrays and in UFL."""

from __future__ import annotations

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI

from solver.crystal import ISOTROPIC, Crystal


def directions(count: int) -> np.ndarray:
    """Unit vectors at equal angles from the upward axis, anticlockwise."""
    angle = 0.5 * np.pi + 2.0 * np.pi * np.arange(count) / count
    return np.column_stack((np.cos(angle), np.sin(angle)))


@pytest.mark.parametrize("folds", [2, 3, 4, 6])
def test_the_factor_is_largest_in_as_many_directions_as_there_are_folds(folds: int) -> None:
    factor = Crystal(0.1, folds).factor(directions(24 * folds))
    assert factor[0] == pytest.approx(1.1)
    assert np.flatnonzero(factor > 1.1 - 1e-12).tolist() == [24 * k for k in range(folds)]
    assert factor.mean() == pytest.approx(1.0)


def test_a_turned_crystal_prefers_directions_turned_anticlockwise() -> None:
    factor = Crystal(0.1, 4, np.radians(30.0)).factor(directions(12))
    assert np.flatnonzero(factor > 1.1 - 1e-12).tolist() == [1, 4, 7, 10]


def test_in_space_the_cube_has_six_axes_and_none_of_its_diagonals() -> None:
    axes = np.vstack((np.eye(3), -np.eye(3)))
    diagonal = np.ones((1, 3)) / np.sqrt(3.0)
    assert Crystal(0.1).factor(axes) == pytest.approx(np.full(6, 1.1))
    assert Crystal(0.1).factor(diagonal) == pytest.approx([1.0 - 0.1 * 5.0 / 3.0])
    plane = np.column_stack((directions(16)[:, 0], np.zeros(16), directions(16)[:, 1]))
    assert Crystal(0.1).factor(plane) == pytest.approx(Crystal(0.1).factor(directions(16)))


def test_where_there_is_no_direction_nothing_is_preferred() -> None:
    assert Crystal(0.1).factor(np.zeros((2, 2))).tolist() == [1.0, 1.0]
    assert ISOTROPIC.factor(directions(5)).tolist() == [1.0] * 5


@pytest.mark.parametrize("crystal", [ISOTROPIC, Crystal(0.05, 6, 0.3), Crystal(0.1, 4)])
def test_the_gradient_of_the_energy_is_the_capillarity_vector(crystal: Crystal) -> None:
    """Cahn and Hoffman: its part along nu is gamma, its part across is d gamma/d theta."""
    msh = mesh.create_unit_square(MPI.COMM_SELF, 1, 1)
    p = fem.Constant(msh, np.zeros(2))
    variable = ufl.variable(p)
    vector = ufl.diff(crystal.energy(variable), variable)
    forms = [fem.form(vector[k] * ufl.dx(domain=msh)) for k in range(2)]
    for angle in np.linspace(0.1, 6.0, 7):
        nu, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        p.value[:] = nu
        found = np.array([fem.assemble_scalar(form) for form in forms])
        step = 1e-5
        near = [[np.cos(angle + h), np.sin(angle + h)] for h in (-step, step)]
        low, high = crystal.factor(np.array(near))
        assert found @ nu == pytest.approx(float(crystal.factor(nu[None])[0]), abs=1e-9)
        assert found @ across == pytest.approx((high - low) / (2.0 * step), abs=1e-6)
