"""The nonlinear phase-field model through the run folder, against its sharp-interface limit."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from cases.build import build, run_case
from cases.dump import dump
from cases.loader import load, loads
from cases.schema import Case
from postprocess.run import Run
from solver.constants import FARADAY
from solver.nonlinear_march import NonlinearSimulation
from solver.nonlinear_parameters import Parameters

NAME = "lithium_dendrite_nonlinear"
MICRON = 1e-6
FLAT = [
    "assumptions={}",
    "growth.nonlinear={ published = 'hong_2018', diffusivity = '3.179e-3 cm^2/s' }",
    "electrolyte.species.Li.diffusivity=3.179e-3 cm^2/s",
    "metal.surface_energy=0.5 J/m^2",
    "kinetics.exchange_current_density=1.11 mA/cm^2",
    "geometry.width=1 um",
    "geometry.gap=8 um",
    "geometry.apex={ width = '0.5 um', height = '0.5 um' }",
    "geometry.metal_thickness=2 um",
    "growth.cell_size=0.1 um",
    "growth.fine_height=1 um",
    "mesh.bulk_size=0.5 um",
    "mesh.front_size=0.1 um",
    "control.voltage=-20 mV",
    "time.tolerance=1e-3",
    "stop.gap=1 um",
    "stop.tip_height=1 um",
]
"""A flat film of 2 um below 8 um of electrolyte that is in equilibrium with its field."""
SMALL = [
    "geometry.width=8 um",
    "geometry.gap=20 um",
    "geometry.apex={ width = '4 um', height = '2 um' }",
    "growth.fine_height=4 um",
    "mesh.bulk_size=2 um",
    "control.voltage=-0.1 V",
    "stop.time=0.2 s",
    "stop.tip_height=4 um",
    "output.frames=8",
]
"""A half disc of 2 um, hardly driven, for a fifth of a second."""


def case(*overrides: str) -> Case:
    found = load(NAME, overrides)
    assert isinstance(found, Case)
    return found


def without_apex(found: Case) -> Case:
    text = dump(found)
    start = text.index("[geometry.apex]")
    flat = loads(text[:start] + text[text.index("[", start + 1) :])
    assert isinstance(flat, Case)
    return flat


def resistance(p: Parameters, gap: float, height: float) -> float:
    """Integral of 1/sigma, ohm m^2: metal conducts so well that the resistor begins 5 w ahead of it."""
    x, step = np.linspace(height - 20.0 * p.width, gap, 200001, retstep=True)
    xi = 1.0 / (1.0 + np.exp((x - height) / p.width))
    solid = xi**3 * (6.0 * xi**2 - 15.0 * xi + 10.0)
    return float(np.sum(1.0 / (p.conductivity + (p.conductivity_metal - p.conductivity) * solid)) * step)


@pytest.mark.slow
def test_a_flat_film_grows_as_the_sharp_limit_and_charge_passes_as_in_a_resistor() -> None:
    """Speed 6 w L_eta [exp(-u) exp(-alpha u) - exp((1 - alpha) u)], current V over resistance."""
    simulation = NonlinearSimulation(build(without_apex(case(*FLAT))), MPI.COMM_WORLD)
    p = simulation.model.parameters

    def height() -> float:
        return float(simulation.front.tip_height) * 8.0 * MICRON

    while simulation.state.time < 2.0:
        simulation.advance(2.0 - simulation.state.time)
    begin, start = height(), simulation.state.time
    while simulation.state.time < 6.0:
        simulation.advance(6.0 - simulation.state.time)
    expected = p.speed(-0.02, math.exp(0.02 / p.thermal))
    speed = (height() - begin) / (simulation.state.time - start)
    assert speed == pytest.approx(expected, rel=0.01)
    per_speed = p.density_metal * FARADAY
    # A facet on a wall or not: all of a flat front takes the same.
    assert simulation.edge_current() == pytest.approx(-per_speed * expected, rel=0.02)
    resistor = 0.02 / resistance(p, 8.0 * MICRON, height())
    assert -simulation.state.current / MICRON == pytest.approx(resistor, rel=0.01)
    # What misses of Faraday's law is what the resistor lets through and metal does not take.
    closure = simulation.model.books.closure
    assert closure == pytest.approx(per_speed * expected / resistor, rel=0.05)
    assert simulation.faraday_error() == pytest.approx(1.0 - closure, rel=1e-6)
    assert simulation.mass_error() < 1e-10


def test_a_run_leaves_the_usual_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run_case(case(*SMALL), NAME, folder, quiet=True) == 0
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["stop_reason"] == "time"
    assert summary["time_s"] == pytest.approx(0.2)
    assert summary["mass_error"] < 1e-9
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == summary["steps"] > 3
    # The order parameter and the charge at the counter electrode, not corrected to agree.
    assert summary["faraday_error"] == pytest.approx(rows[-1]["faraday_error"], rel=1e-8)
    assert summary["faraday_error"] > 0.05
    charge = sum(row["step_s"] * -row["current_A_m2"] for row in rows)
    assert charge == pytest.approx(summary["charge_C_m2"], rel=1e-9)
    run = Run.read(folder)
    assert run.finished
    assert len(run.fronts) == len(run.field_files) >= 2
    field = run.field(len(run.field_files) - 1)
    assert {"order_parameter", "concentration_mol_m3", "potential_V"} <= set(field.points)
    xi = field.points["order_parameter"]
    assert -0.05 < xi.min() < 0.01 < 0.99 < xi.max() < 1.05
    potential = field.points["potential_V"]
    assert (potential.min(), potential.max()) == (pytest.approx(-0.1), pytest.approx(0.0, abs=1e-9))
    assert (folder / "fields.pvd").is_file()
    first = np.loadtxt(sorted((folder / "front").glob("*.csv"))[0], delimiter=",", skiprows=2, usecols=(0, 1))
    assert first[:, 1].max() == pytest.approx(2.0, abs=0.02)


def test_a_program_of_voltages_is_followed() -> None:
    steps = "{ voltage = '-0.1 V', time = '20 ms' }, { voltage = '-0.05 V', time = '20 ms' }"
    simulation = NonlinearSimulation(
        build(case(*SMALL, f"control={{ program = [{steps}] }}", "assumptions={}")), MPI.COMM_WORLD
    )
    seen = []
    while simulation.instrument.segment is not None:
        before = simulation.voltage
        simulation.advance(1.0)
        seen.append((simulation.state.time, before, simulation.state.current))
    assert simulation.state.time == pytest.approx(0.04, rel=1e-9)
    assert {voltage for time, voltage, _ in seen if time < 0.02 * (1 + 1e-9)} == {-0.1}
    assert {voltage for time, voltage, _ in seen if time > 0.02 * (1 + 1e-9)} == {-0.05}
    # A resistor: half the voltage, half the current.
    early = next(current for time, _, current in seen if time > 0.019)
    assert seen[-1][2] == pytest.approx(0.5 * early, rel=0.01)
