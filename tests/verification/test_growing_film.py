"""A film that grows with the charge, edge by edge: in 2D and 3D, on both electrodes, through remeshings."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.front import Front
from meshes.shell_shapes import plate
from solver.contact import Schottky
from solver.march import Simulation
from solver.model import Film
from solver.program import constant_current
from solver.writer import RunFolder
from verification.exact.growing import parabolic_charge
from verification.studies.growing_cells import finish, fixed

from .cells import TEMPERATURE, UM, Held, cell, flat, physics, steady_binary_current

TIME, GROWTH, GAP = 1.0, 5e-5, 10 * UM


def filmed(ph: Held, resistance: float, growth: float) -> Held:
    """The same behind a film on both electrodes."""
    film = Film(resistance, growth)
    interfaces = tuple(replace(i, series=film) for i in ph.model.interfaces)
    return replace(ph, model=replace(ph.model, interfaces=interfaces))


def on_front_only(ph: Held) -> Held:
    """The same with a bare counter electrode."""
    front, counter = ph.model.interfaces
    return replace(ph, model=replace(ph.model, interfaces=(front, replace(counter, series=None))))


def test_every_part_of_a_front_follows_its_own_parabola() -> None:
    """One half begins with twice the film of the other, which is nearly all of the resistance."""
    resistance, growth, voltage, i0 = 2e-2, 6e-3, -0.1, 1e4
    ph = on_front_only(filmed(physics(i0=i0, voltage=voltage), resistance, growth))
    vt = ph.thermal_voltage
    rest = GAP / ph.model.closure.conductivity(ph.model.temperature) + 2.0 * vt / i0
    assert rest < 1e-3 * resistance
    front = flat(width=0.8, size=0.02)
    left = front.on_facets(front.points[:, 0]) < 0.4
    front = replace(front, film=np.where(left, 0.0, resistance))
    steps = 100
    simulation = Simulation(cell(front, ph, steps=fixed(TIME / steps)), MPI.COMM_WORLD)
    finish(simulation, TIME, TIME / steps, remesh=20)
    assert simulation.state.remeshes >= 5
    front = simulation.front
    assert isinstance(front, Front)
    x = front.on_facets(front.points[:, 0])
    for side, first in ((x < 0.2, resistance), (x > 0.6, 2.0 * resistance)):
        found = front.film[side] - (first - resistance)
        assert np.ptp(found) < 1e-4 * found.mean()
        charge = parabolic_charge(-voltage, first + rest, growth, TIME)
        assert found.mean() == pytest.approx(growth * charge, rel=1e-3)
    current = simulation.edge_current()
    assert np.all(current < 0.0)  # what the film passes, not what is left over for the reaction
    assert current.min() > 1.1 * current[x < 0.2].mean()


def test_a_film_grows_on_both_electrodes_that_move() -> None:
    """The one dissolves while the other grows: both films are r times the charge."""
    ph = filmed(physics(i0=1e3), 1e-4, GROWTH)
    counter = replace(flat(height=0.9), points=flat(height=0.9).points[::-1], base=1.0)
    program = constant_current(-200.0, time=TIME)
    given = cell(flat(height=0.1), ph.with_counter(True), counter=counter, program=program)
    simulation = finish(Simulation(given, MPI.COMM_WORLD), TIME, 0.05, remesh=7)
    charge = abs(simulation.state.totals.charge) / given.width
    assert charge == pytest.approx(200.0 * simulation.state.time, rel=1e-9)
    for name in ("front", "counter"):
        np.testing.assert_allclose(simulation.fronts[name].film, GROWTH * charge, rtol=1e-6)


def test_a_film_grows_in_space() -> None:
    """On triangles that are remeshed: r times the charge."""
    ph = filmed(physics(i0=1e3), 1e-4, GROWTH)
    program = constant_current(-200.0, time=TIME)
    given = cell(flat(width=0.25), ph, depth=0.25 * GAP, program=program)
    sizes = replace(given.sizes, front=0.125 * GAP, smallest=0.05 * GAP, bulk=0.2 * GAP)
    given = replace(given, front=plate(0.25, 0.25, 0.125), sizes=sizes)
    simulation = Simulation(given, MPI.COMM_WORLD)
    finish(simulation, TIME, 0.25, remesh=2)
    assert simulation.state.remeshes >= 2
    charge = abs(simulation.state.totals.charge) / simulation.cell.area
    np.testing.assert_allclose(simulation.front.film, GROWTH * charge, rtol=1e-5)


def test_a_film_grows_on_an_electrode_that_does_not() -> None:
    """`growth.method = "fixed"`: nothing moves, the film thickens all the same."""
    ph = on_front_only(filmed(physics(i0=1e3), 1e-4, GROWTH))
    program = constant_current(-200.0, time=TIME)
    simulation = Simulation(cell(flat(), ph, moving=False, program=program), MPI.COMM_WORLD)
    while simulation.instrument.segment is not None:
        simulation.advance(0.05)
    np.testing.assert_allclose(simulation.front.film, GROWTH * 200.0 * TIME, rtol=1e-6)


def test_a_film_on_a_floating_deposit_in_series_with_its_junction() -> None:
    """Steady current through junction, film, reaction and electrolyte; Newton's method knows all of them."""
    resistance = 2e-4
    bare = physics(i0=1e3)
    junction = Schottky(0.42, 1.2e6, 1.0, TEMPERATURE)

    def through(drops: float) -> float:
        return steady_binary_current(replace(bare, voltage=bare.voltage + drops), GAP)

    def defect(drops: float) -> float:
        current = through(drops)
        return current + float(junction.current_density(np.array(drops + resistance * current)))

    current = through(float(brentq(defect, 0.0, 0.0999, xtol=1e-14)))
    front = flat()
    front = replace(front, patch=np.zeros_like(front.patch), surface=np.full_like(front.surface, 2))
    ph, bases = on_front_only(filmed(bare, resistance, 0.0)), np.array([front.width * GAP])
    given = cell(front, ph, seed_contact=junction, bases=bases, moving=False)
    simulation = Simulation(given, MPI.COMM_WORLD)
    iterations = []
    while simulation.state.time < 5.0:
        simulation.advance(5.0)
        iterations.append(simulation.state.newton)
    assert simulation.state.current / given.width == pytest.approx(current, rel=3e-4)
    assert max(iterations[2:]) <= 6  # the first two begin far off: all potentials are zero


@pytest.mark.parametrize("growth", [0.0, GROWTH])
def test_the_film_is_a_column_of_the_front_where_there_is_one(growth: float, tmp_path: Path) -> None:
    ph = filmed(physics(i0=1e3), 1e-4, growth)
    simulation = Simulation(cell(flat(), ph, program=constant_current(-200.0, time=TIME)), MPI.COMM_WORLD)
    for _ in range(3):
        simulation.advance(0.05)
        simulation.move()
    front, currents = simulation.front, {"front": simulation.edge_current()}
    folder = RunFolder(tmp_path, MPI.COMM_WORLD)
    folder.frame(
        simulation.state.time, 0.0, simulation.cell.gap, simulation.output(), {"front": front}, currents
    )
    lines = (tmp_path / "front" / "front_000000.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert ("film_ohm_m2" in rows[0]) is (growth > 0.0)
    assert list(rows[0])[-1] == ("film_ohm_m2" if growth else "chain")
    if growth:
        written = [float(row["film_ohm_m2"]) for row in rows]
        np.testing.assert_allclose(written[:-1], front.film, rtol=1e-7)
        np.testing.assert_allclose(written[-1], front.film[-1], rtol=1e-7)
    else:
        assert not front.film.any()
