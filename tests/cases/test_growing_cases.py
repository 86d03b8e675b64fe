"""Cases with growing electrodes against others that say the same, and against closed forms."""

from __future__ import annotations

import math

import pytest
from mpi4py import MPI

from cases.build import build
from cases.dump import dump
from cases.fixed import build as fixed
from cases.fixed.schema import FixedCase
from cases.loader import from_tables, load, loads
from cases.schema import Case
from solver.constants import FARADAY, GAS
from solver.experiment import Experiment
from solver.march import Simulation

COARSE = ["geometry.width=2 um", "mesh.front_size=1 um", "mesh.front_size_min=1 um", "mesh.bulk_size=1 um"]
STEPS = ["time.initial_step=1 ms", "time.max_step=0.5 s", "time.tolerance=2e-4"]


def flat_lithium(*overrides: str) -> Case:
    """The lithium cell of the tutorial without its spike, narrow and coarse."""
    text = dump(load("lithium_protrusion", ["assumptions={}"]))
    start = text.index("[geometry.protrusion]")
    end = text.index("[", start + 1)
    found = loads(text[:start] + text[end:], [*COARSE, *STEPS, *overrides])
    assert isinstance(found, Case)
    return found


def voltage(case: Case, until: float) -> float:
    """Of the working electrode at a time, V."""
    cell = build(case)
    simulation = Simulation(cell, MPI.COMM_WORLD)
    while simulation.state.time < until:
        simulation.advance(until - simulation.state.time)
        if cell.moving:
            simulation.move()
            simulation.maintain()
    return simulation.voltage


def same_of_fixed_shape(case: Case) -> FixedCase:
    """The cell between two planes, as a case of fixed shape."""
    told = case.model_dump(exclude_none=True)
    electrolyte = {key: told["electrolyte"][key] for key in ("temperature", "properties", "concentration")}
    reaction = {
        "species": {"Li": 1.0},
        "law": "referenced",
        "exchange_current_density": told["kinetics"]["exchange_current_density"],
    }
    electrode = {"reactions": ["plating"]}
    found = from_tables(
        {
            "title": "the same",
            "geometry": {"shape": "line", "gap": told["geometry"]["gap"]},
            "electrolyte": electrolyte,
            "transport": {"closure": "concentrated"},
            "reactions": {"plating": reaction},
            "interfaces": {"working": electrode, "counter": electrode},
            "control": told["control"],
            "time": {"max_step": "0.2 s"},
            "stop": {"time": "1 h"},
        }
    )
    assert isinstance(found, FixedCase)
    return found


def test_a_flat_front_in_a_concentrated_solution_is_the_cell_of_fixed_shape() -> None:
    case = flat_lithium("growth.method=fixed")
    cell = fixed.cell(same_of_fixed_shape(case))
    experiment = Experiment(cell.model, cell.mesh(MPI.COMM_WORLD), cell.stepping, cell.preset, cell.options)
    expected = experiment.run(cell.program, until=10.0)[-1]
    assert expected.time == pytest.approx(10.0)
    assert voltage(case, 10.0) == pytest.approx(expected.voltage, rel=1e-3)


def test_voltage_of_a_concentrated_solution_before_it_has_moved() -> None:
    """It is i L/kappa, and twice the overpotential of i = 2 i0 sinh(F eta/2RT)."""
    case = flat_lithium("time.initial_step=1 us")
    current, i0, t = 33.674, 100.0, 293.15
    overpotential = 2.0 * GAS * t / FARADAY * math.asinh(current / (2.0 * i0))
    expected = -current * 50e-6 / 0.9026 - 2.0 * overpotential
    assert voltage(case, 1e-6) == pytest.approx(expected, rel=1e-3)
