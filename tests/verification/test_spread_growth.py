"""A spread surface does what the sharp one does: films, junctions, stripping, merging, three dimensions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from meshes import shapes
from meshes.front import Front
from solver.cell import Cell, Spreading
from solver.contact import Schottky
from solver.model import Film
from solver.program import constant_current, hold
from solver.spread_march import SpreadSimulation
from tests.running import run

from .cells import UM, cell, flat, fresh, physics


def simulation(given: Cell, width: float, bulk: float = 1.0 * UM) -> SpreadSimulation:
    """The cell with a surface of `width`, m."""
    sizes = replace(given.sizes, bulk=bulk, growth=0.25)
    steps = replace(given.steps, displacement=0.5)
    spreading = Spreading(width, 1.0001 * np.sqrt(2.0) * width, 2e7)
    return SpreadSimulation(replace(given, sizes=sizes, steps=steps, spreading=spreading), MPI.COMM_WORLD)


def finish(running: SpreadSimulation, until: float = np.inf) -> SpreadSimulation:
    """March to the end of the program, or to a time in s."""
    while running.instrument.segment is not None and running.state.time < until:
        running.advance(min(until - running.state.time, 1.0))
        running.maintain()
    assert running.faraday_error() < 1e-9
    assert running.mass_error() < 1e-9
    return running


def test_a_film_takes_its_part_of_the_voltage() -> None:
    voltages = []
    for resistance in (0.0, 2e-4):
        ph = physics(i0=1e3)
        film = Film(resistance) if resistance else None
        interfaces = tuple(replace(i, series=film) for i in ph.model.interfaces)
        ph = replace(ph, model=replace(ph.model, interfaces=interfaces))
        program = constant_current(-500.0, time=1.0)
        voltages.append(finish(simulation(cell(flat(0.02, 0.1), ph, program=program), 0.05 * UM)).voltage)
    assert voltages[1] - voltages[0] == pytest.approx(-2.0 * 2e-4 * 500.0, rel=2e-3)


def test_metal_behind_a_junction_gets_what_the_junction_supplies() -> None:
    """A seed on its island, nickel beside it bare: the current is J_s times the island."""
    junction = Schottky(0.55, 1.2e6, 1.0, 298.15)
    front = fresh(shapes.with_islands(0.1, [0.05], 0.04, 0.02, 0.004, 0.02))
    ph = physics(i0=1e4, voltage=-0.1)
    given = cell(front, ph, seed_contact=junction, bases=np.array([0.4 * UM]), program=hold(-0.1, 0.002))
    running = finish(simulation(given, 0.02 * UM))
    assert running.state.current / (0.4 * UM) == pytest.approx(-junction.saturation, rel=0.03)
    assert running.floating.size == 1


def test_metal_that_is_used_up_leaves_bare_substrate_and_no_current() -> None:
    ph = physics(i0=50.0, voltage=0.1)
    front = fresh(shapes.with_apex(0.1, 0.06, 0.03, 0.003, 0.02))
    running = simulation(cell(front, ph, program=hold(0.1, 40.0)), 0.03 * UM)
    begun = running.volume()
    finish(running)
    assert running.volume() == pytest.approx(0.0, abs=2e-3 * begun)
    assert abs(running.state.current) < 1e-6 * 50.0 * running.cell.width
    assert running.front.bare.all()


def test_two_bumps_become_one_and_nothing_is_lost() -> None:
    """Their valley closes; salt and volume balance, and all metal is connected."""
    x = np.linspace(0.0, 0.1, 201)
    y = 0.02 + 0.05 * np.exp(-(((x - 0.03) / 0.009) ** 2)) + 0.05 * np.exp(-(((x - 0.07) / 0.009) ** 2))
    ph = physics(i0=2e3, voltage=-0.15, surface_energy=0.2)
    running = simulation(cell(shapes.all_metal(np.column_stack((x, y))), ph), 0.02 * UM)
    begun = running.front
    finish(running, 0.5)
    assert isinstance(begun, Front)
    assert isinstance(running.front, Front)
    valley = [float(front.heights(np.array([0.05]))[0]) for front in (begun, running.front)]
    assert valley[1] > 0.05 > valley[0]
    assert running.floating.size == 0
    assert np.all(running.front.patch == -1)


def test_in_three_dimensions(tmp_path: Path) -> None:
    summary = run(
        tmp_path / "run", ["nucleus_3d"],
        "--set", "growth.method=phase_field", "--set", "growth.interface_width=0.3 um",
        "--set", "mesh.bulk_size=3 um", "--steps", "4",
    )  # fmt: skip
    assert summary["faraday_error"] < 1e-9
    assert summary["mass_error"] < 1e-9
    assert summary["tip_height_um"] > 0.0
