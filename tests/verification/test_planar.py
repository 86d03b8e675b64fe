"""Planar cells against closed forms; how they grow is in `test_growing_studies`."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

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
