"""A deposit that floats behind a Schottky junction, against junction, reactions and electrolyte in series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from solver.contact import Schottky
from solver.march import Simulation

from .cells import TEMPERATURE, UM, Held, cell, flat, physics, steady_binary_current


def floating_current(ph: Held, junction: Schottky, gap: float) -> tuple[float, float]:
    """Steady current density and potential of a film that covers its junction: two elements in series."""

    def defect(drop: float) -> float:
        through = steady_binary_current(replace(ph, voltage=ph.voltage + drop), gap)
        return through + float(junction.current_density(np.array(drop)))

    drop = float(brentq(defect, 0.0, -ph.voltage * (1 - 1e-9), xtol=1e-14))
    return steady_binary_current(replace(ph, voltage=ph.voltage + drop), gap), ph.voltage + drop


@pytest.mark.parametrize("barrier", [0.35, 0.42, 0.45, 0.50])
def test_film_in_series_with_a_junction(barrier: float) -> None:
    """From ohmic (0.35 eV) to saturated (0.50 eV): current and potential of the deposit."""
    ph = physics(i0=1e3)
    junction = Schottky(barrier, 1.2e6, 1.0, TEMPERATURE)
    front = flat()
    front = replace(front, patch=np.zeros_like(front.patch), surface=np.full_like(front.surface, 2))
    film = cell(front, ph, seed_contact=junction, bases=np.array([front.width * 10 * UM]), moving=False)
    simulation = Simulation(film, MPI.COMM_WORLD)
    while simulation.state.time < 5.0:
        simulation.advance(5.0)
    current, potential = floating_current(ph, junction, 10 * UM)
    assert simulation.state.current / film.width == pytest.approx(current, rel=3e-4)
    floating = simulation.problem.patch_potentials[0] * ph.thermal_voltage
    assert floating == pytest.approx(potential, abs=2e-5)


def test_saturated_junction_passes_its_saturation_current() -> None:
    """Far from equilibrium J = J_s = A* T^2 exp(-barrier/kT)."""
    junction = Schottky(0.5, 1.2e6, 1.0, TEMPERATURE)
    assert junction.saturation == pytest.approx(
        1.2e6 * 298.15**2 * np.exp(-0.5 / (8.617333e-5 * 298.15)), rel=1e-5
    )
    assert float(junction.current_density(np.array(1.0))) == pytest.approx(junction.saturation, rel=1e-12)
    small = float(junction.current_density(np.array(1e-9)))
    assert small == pytest.approx(1e-9 * float(junction.conductance(np.array(0.0))), rel=1e-6)
