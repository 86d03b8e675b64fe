"""Flow channels: Bortels' cells, what enters and leaves, consistent stabilisation; steady states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.builders import Layer, interval, rectangle
from solver.closures import Electroneutral
from solver.electrolyte import Species
from solver.experiment import Experiment, StepError, Stepping
from solver.expression import Expression
from solver.laws import Constant
from solver.model import Flow, Interface, Medium, Model, Prescribed
from solver.program import constant_current, hold
from solver.reaction import ButlerVolmer, Reaction
from verification.peers import bortels
from verification.rows import Result
from verification.studies import flow_cell
from verification.studies.flow_cell import Method, mesh, model, solve


@pytest.fixture(scope="module")
def result() -> Result:
    return flow_cell.study.function(True)


def test_study_passes(result: Result) -> None:
    missed = [(r.case, r.quantity, r.expected, r.got, r.order) for r in result.rows if not r.passed]
    assert not missed


def test_mean_current_converges_with_second_order(result: Result) -> None:
    orders = [row.order for row in result.rows if row.expected_order == 2.0]
    assert len(orders) == 2
    assert all(order is not None and order > 1.9 for order in orders)


def test_simplified_models_are_wrong_as_warned(result: Result) -> None:
    """Ohm's law alone is 6 % off for two ions; without migration too little current flows (record)."""
    recorded = bortels.recorded()["cells"]["two ions"]["simplified"]
    full = next(row.got for row in result.rows if "mesh 1" in row.quantity)
    for variant, expected in recorded.items():
        row = next(row for row in result.rows if row.case == f"two ions, {variant}")
        ratio = row.got / full if row.unit == "A/m2" else row.got
        assert ratio - 1.0 == pytest.approx(expected["relative_error"], abs=2e-3)


def test_stabilisation_of_quadratic_elements_is_consistent() -> None:
    """With the whole residual in it, stabilisation moves the P2 answer by less than its own error."""
    cell = bortels.cell_of("two ions")
    exact = bortels.recorded()["cells"]["two ions"]["results"]["extrapolated"]["mean_A_m2"]
    for streamline in (True, False):
        got = solve(cell, Method(1, 2, streamline)).numbers["mean_A_m2"]
        assert got == pytest.approx(exact, rel=1e-4)


def test_flux_inlet_agrees_with_held_concentrations_behind_a_long_entry() -> None:
    cell = bortels.cell_of("two ions")
    by_flux = model(cell, Method(1))
    assert by_flux.flow is not None
    held = replace(
        by_flux,
        flow=replace(by_flux.flow, inlets=()),
        prescribed=(Prescribed("ion 1", "inlet", cell.ions[0].bulk),),
    )
    segment = next(iter(hold(cell.voltage)))
    currents = [
        Experiment(m, mesh(cell, 1), Stepping(1e4)).steady(segment).currents["working"]
        for m in (by_flux, held)
    ]
    assert currents[0] == pytest.approx(currents[1], rel=1e-9)


def closed(cells: int = 20) -> tuple[Model, Experiment]:
    salt = (Species("Na+", 1, 1e-9, 1000.0), Species("X-", -1, 2e-9, 1000.0))
    metal = Reaction("d", 1, {"Na+": 1.0}, ButlerVolmer(Constant(10.0)), reference={"Na+": 1000.0})
    described = Model(
        Electroneutral(salt, "X-"),
        298.15,
        {"electrolyte": Medium()},
        (Interface("working", "working", (metal,)), Interface("counter", "counter", (metal,))),
    )
    layers = [Layer("electrolyte", 1e-4, cells=cells)]
    return described, Experiment(described, interval(MPI.COMM_SELF, layers), Stepping(1e-2))


def test_what_enters_leaves_unchanged_without_current() -> None:
    described, _ = closed()
    velocity = tuple(Expression.parse(text, ("x", "y")) for text in ("0", "1e-3"))
    flow = Flow(velocity, outlets=("counter",), inlets=("working",))
    salt = replace(described, flow=flow, interfaces=(), prescribed=(Prescribed("potential", "counter", 0.0),))
    layers = [Layer("electrolyte", 1e-4, cells=20)]
    start = {"Na+": Expression.parse("1000 + 1e6*y", ("x", "y"))}
    experiment = Experiment(
        replace(salt, initial=start), rectangle(MPI.COMM_SELF, 2e-5, layers, columns=2), Stepping(1e-3)
    )
    assert np.ptp(experiment.problem.field("Na+")) > 50.0
    experiment.steady(next(iter(hold(0.0))))
    assert experiment.problem.field("Na+") == pytest.approx(1000.0, rel=1e-9)


@pytest.mark.parametrize("part", [0.5, 0.999])
@pytest.mark.parametrize("first", [1e-6, 1e2])
def test_steady_state_of_a_closed_cell(part: float, first: float) -> None:
    """C is linear and i = 2 F D+ dc/dx; the amount is kept and the first step does not matter."""
    _, experiment = closed()
    experiment.stepping = Stepping(first)
    limit = 4.0 * 96485.33212 * 1e-9 * 1000.0 / 1e-4
    reading = experiment.steady(next(iter(constant_current(-part * limit))))
    c = experiment.problem.field("Na+")
    assert reading.current == pytest.approx(-part * limit, rel=1e-9)
    assert c.min() == pytest.approx(1000.0 * (1.0 - part), abs=1e-5)
    assert c.max() == pytest.approx(1000.0 * (1.0 + part), rel=1e-8)
    assert abs(experiment.balance()["Na+"]) < 1e-8
    assert experiment.stepping == Stepping(first)


def test_no_steady_state_beyond_the_limiting_current() -> None:
    _, experiment = closed(8)
    limit = 4.0 * 96485.33212 * 1e-9 * 1000.0 / 1e-4
    with pytest.raises(StepError, match="used up"):
        experiment.steady(next(iter(constant_current(-1.1 * limit))))
