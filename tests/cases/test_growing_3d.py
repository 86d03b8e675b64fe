"""Growth in three dimensions: a nucleus between plates through remeshings."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from cases.build import build
from cases.loader import load
from solver.march import Simulation


def test_nucleus_grows_through_remeshings_and_stays_half_a_sphere() -> None:
    simulation = Simulation(build(load("nucleus_3d")), MPI.COMM_WORLD)
    state = simulation.state
    worst = 1.0
    while state.remeshes < 2:
        simulation.advance(1.0)
        simulation.move()
        before = state.remeshes
        simulation.maintain()
        if state.remeshes > before:
            worst = min(worst, simulation.problem.domain.minimum_quality())
        assert state.step < 80
    front = simulation.front
    assert worst > 0.3
    assert simulation.faraday_error() < 1e-13
    assert simulation.mass_error() < 1e-12
    assert front.tip_height > 1.5 * 0.4 / 3.0
    # At 90 degrees the substrate acts as a mirror: a quarter of a sphere about the corner, its foot a circle.
    radii = np.linalg.norm(front.points[front.feet], axis=1)
    assert np.all(front.points[front.feet, 2] == 0.0)
    assert radii.std() < 0.01 * radii.mean()
    assert abs(radii.mean() / front.tip_height - 1.0) < 0.03
    assert state.remeshes < state.step / 5
