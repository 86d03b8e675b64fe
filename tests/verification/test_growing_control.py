"""Growing cells under current control and programs: charge, voltage, and where segments end."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes import shapes
from solver.march import Simulation
from solver.model import Film, Model
from solver.program import constant_current, hold, rest, sequence
from solver.segment import Current, Limit

from .cells import UM, cell, flat, physics, steady_binary_current


def march(simulation: Simulation, until: float = math.inf) -> list[tuple[float, float, float]]:
    """(time, voltage, A/m^2) after every step until the program is over."""
    seen = []
    while simulation.instrument.segment is not None and simulation.state.time < until:
        simulation.advance(until - simulation.state.time)
        seen.append(
            (simulation.state.time, simulation.voltage, simulation.state.current / simulation.cell.width)
        )
        simulation.move()
        simulation.maintain()
    return seen


def test_constant_current_deposits_its_charge_at_the_voltage_of_the_closed_form() -> None:
    """1000 A/m^2, a seventh of the limit: height by Faraday, and no current but the prescribed one."""
    ph = physics(i0=1e3)
    simulation = Simulation(
        cell(flat(), ph, program=sequence(constant_current(-1000.0, time=2.0), rest(0.5))), MPI.COMM_WORLD
    )
    seen = march(simulation)
    assert seen[-1][0] == pytest.approx(2.5, rel=1e-9)
    currents = [i for t, _, i in seen if t <= 2.0 * (1 + 1e-9)]
    assert currents == pytest.approx([-1000.0] * len(currents), rel=1e-8)
    height = simulation.front.points[:, 1].mean() * 10 * UM
    assert height == pytest.approx(23.78e-6 * 2000.0 / 96485.33212, rel=1e-7)
    assert abs(seen[-1][2]) < 1e-5
    assert abs(seen[-1][1]) < 2e-4


def test_voltage_under_current_control_is_that_which_drives_this_current() -> None:
    """Potentiostatic and galvanostatic cells at rest geometry agree with one closed form."""
    ph = physics(i0=1e3, voltage=-0.05)
    expected = steady_binary_current(ph, 10 * UM)
    program = constant_current(expected, time=5.0)
    simulation = Simulation(cell(flat(), ph, program=program, moving=False), MPI.COMM_WORLD)
    while simulation.instrument.segment is not None:
        simulation.advance(5.0)
    assert simulation.voltage == pytest.approx(-0.05, rel=2e-4)


def test_a_voltage_limit_is_landed_on_and_ends_the_segment() -> None:
    """A current above the limiting one runs into the voltage limit; then the voltage is held."""
    ph = physics(i0=1e4)
    limit = Limit("voltage", -0.3, "below")
    program = sequence(constant_current(-1.2e4, limits=(limit,)), hold(-0.3, 0.01))
    simulation = Simulation(cell(flat(), ph, program=program, moving=False), MPI.COMM_WORLD)
    driven, held = [], []
    while simulation.instrument.segment is not None:
        mode = simulation.instrument.segment.mode
        simulation.advance(1.0)
        (driven if mode == Current() else held).append(simulation.voltage)
    assert driven[-1] == pytest.approx(-0.3, rel=1e-4)
    assert min(driven[:-1]) > -0.3
    assert held == pytest.approx([-0.3] * len(held), rel=1e-8)


def test_a_film_takes_its_part_of_the_voltage_through_remeshings() -> None:
    """R i on both electrodes beside what the bare cell needs; carried over when the mesh is made anew."""
    current, resistance = -500.0, 2e-4
    bare, filmed = (replace(physics(i0=1e3), model=binary_model(film)) for film in (0.0, resistance))
    voltages = []
    for ph in (bare, filmed):
        program = constant_current(current, time=4.0)
        every = replace(cell(flat(), ph, program=program), remesh_every=20)
        simulation = Simulation(every, MPI.COMM_WORLD)
        march(simulation)
        assert simulation.mass_error() < 1e-9
        assert simulation.faraday_error() < 1e-10
        assert simulation.state.remeshes > 0
        voltages.append(simulation.voltage)
        if ph is filmed:
            problem = simulation.problem
            through = problem.equations.current_scale * problem.film_at("film front", simulation.front.points)
            assert through == pytest.approx(np.full(through.size, current), rel=1e-6)
    # The two choose their own time steps, of first order: the concentrations differ in the fourth digit.
    assert voltages[1] - voltages[0] == pytest.approx(2.0 * resistance * current, rel=1e-3)


def binary_model(film: float) -> Model:
    ph = physics(i0=1e3)
    series = Film(film) if film else None
    interfaces = tuple(replace(i, series=series) for i in ph.model.interfaces)
    return replace(ph.model, interfaces=interfaces)


@pytest.mark.parametrize(("redistribute", "smoothing"), [(True, "harmonic"), (False, "elastic")])
def test_how_the_mesh_follows_does_not_change_the_front(redistribute: bool, smoothing: str) -> None:
    """A hill between mirrors grows: tip and volume as with the default, closures at rounding."""
    ends = []
    plain = cell(shapes.all_metal(hill()), physics(i0=1e3))
    for described in (plain, replace(plain, redistribute=redistribute, smoothing=smoothing)):
        simulation = Simulation(described, MPI.COMM_WORLD)
        while simulation.state.time < 4.0:
            simulation.advance(4.0 - simulation.state.time)
            simulation.move()
            simulation.maintain()
        assert simulation.faraday_error() < 1e-11
        assert simulation.mass_error() < 1e-10
        ends.append((simulation.front.tip_height, simulation.front.metal_volume()))
    assert ends[0][1] > ends[1][1] * 0.999
    assert ends[1] == pytest.approx(ends[0], rel=1e-3)


def hill() -> np.ndarray:
    """A smooth hill, in units of the gap."""
    x = np.linspace(0.0, 0.2, 41)
    return np.column_stack((x, 0.05 + 0.03 * np.cos(5.0 * np.pi * x)))


def test_a_cell_at_rest_begins_to_work() -> None:
    """Nothing is to be solved at rest, so nothing has been factorised when the current comes."""
    program = sequence(rest(1.0), constant_current(-10.0, time=1.0))
    simulation = Simulation(replace(cell(flat(), physics(i0=1e3)), program=program), MPI.COMM_WORLD)
    seen = march(simulation)
    assert seen[0][1] == pytest.approx(0.0, abs=1e-12)
    assert seen[-1][0] == pytest.approx(2.0)
    assert simulation.state.totals.charge == pytest.approx(10.0 * simulation.cell.width, rel=1e-9)
