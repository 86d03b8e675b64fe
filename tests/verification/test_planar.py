"""Planar cells against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from meshes.domain import COUNTER
from solver.march import Simulation

from .cells import DIFFUSIVITY, UM, cell, flat, physics, steady_binary_current


@pytest.mark.parametrize("i0", [10.0, 1e3, 1e5])
def test_steady_current_of_a_binary_cell(i0: float) -> None:
    """Concentration linear, current as in closed form, for slow and fast kinetics."""
    ph = physics(i0=i0)
    simulation = Simulation(cell(flat(), ph, moving=False), MPI.COMM_WORLD)
    while simulation.state.time < 5.0:
        simulation.advance(5.0)
    current = simulation.state.current / simulation.cell.width
    expected = steady_binary_current(ph, 10 * UM)
    assert current == pytest.approx(expected, rel=1e-4)
    x = simulation.problem.domain.coordinates
    c = simulation.problem.nodal("Na")
    slope = -expected * 10 * UM / (2 * 96485.33212 * DIFFUSIVITY * 1000.0)
    assert np.allclose(c, 1.0 + slope * (x[:, 1] - 0.5), atol=2e-4)
    assert simulation.mass_error() < 1e-9


def test_currents_at_both_electrodes_agree_and_salt_is_kept() -> None:
    """The anion does not react, so the two electrodes pass the same current at every time."""
    simulation = Simulation(cell(flat(), physics(i0=1e3)), MPI.COMM_WORLD)
    for _ in range(20):
        simulation.advance(1.0)
        currents = simulation.problem.currents()
        assert currents["counter"] == pytest.approx(-currents["front"], rel=1e-7)
        simulation.move()
        simulation.maintain()
    assert simulation.mass_error() < 1e-9
    assert simulation.faraday_error() < 1e-10


def test_planar_front_moves_by_faraday_and_stays_planar() -> None:
    """Position = V_m Q/(nF) to 0.01 %; no vertex strays from the plane, remeshing included."""
    simulation = Simulation(cell(flat(), physics(i0=1e3)), MPI.COMM_WORLD)
    while simulation.front.tip_height < 0.1:
        simulation.advance(1.0)
        simulation.move()
        simulation.maintain()
    height = simulation.front.points[:, 1]
    charge = simulation.state.totals.charge / simulation.cell.width
    expected = 23.78e-6 * charge / 96485.33212 / (10 * UM)
    assert height.mean() == pytest.approx(expected, rel=1e-4)
    assert np.ptp(height) < 1e-5 * expected  # triangles that are no mirror images of each other
    assert simulation.state.remeshes == 0 or simulation.mass_error() < 1e-8


def test_uniform_concentration_stays_uniform_under_motion_of_inner_nodes() -> None:
    """Geometric conservation law: with walls at rest, no motion of the mesh changes a uniform field."""
    simulation = Simulation(cell(flat(), physics(voltage=0.0)), MPI.COMM_WORLD)
    problem = simulation.problem
    domain = problem.domain
    x = domain.coordinates.copy()
    bump = np.sin(5 * np.pi * x[:, 0]) * np.sin(np.pi * x[:, 1])
    moved = x + 0.01 * np.column_stack((bump, -0.7 * bump))
    mass = problem.stored()["liquid"]
    blocks = np.empty(len(x), dtype=np.int32)
    blocks[domain.space.dofmap.list.ravel()] = problem.displacement.function_space.dofmap.list.ravel()
    problem.displacement.x.array.reshape(-1, 2)[blocks] = moved - x
    domain.mesh.geometry.x[domain.node_of_dof, :2] = 0.5 * (x + moved)
    swept = problem.carried()
    domain.mesh.geometry.x[domain.node_of_dof, :2] = moved
    after = problem.stored()["liquid"]
    assert np.abs(mass - swept - after).max() < 1e-12 * np.abs(after).max() + 1e-15
    assert domain.dofs_on(COUNTER).size
