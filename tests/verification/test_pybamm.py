"""A binary cell against the numbers of PyBaMM."""

from __future__ import annotations

import pytest

from verification.peers import run
from verification.rows import Result
from verification.studies import pybamm


@pytest.fixture(scope="module")
def result() -> Result:
    return pybamm.studies[0].function(True)


def test_recorded_cells(result: Result) -> None:
    assert [row for row in result.rows if not row.passed] == []
    assert {curve.name for curve in result.curves} == {cell["name"] for cell in run.recorded()["cells"]}


def test_our_results_approach_each_other_with_order_two(result: Result) -> None:
    orders = [row.order for row in result.rows if row.order is not None]
    assert orders == [pytest.approx(2.0, abs=0.1)] * 4


def test_a_cell_that_is_a_little_different_is_found_out() -> None:
    """The comparison is sharp: 1 % in one diffusivity is more than it lets pass."""
    cell = next(c for c in run.recorded()["cells"] if c["name"] == "dilute, voltage")
    p = cell["parameters"]
    other = {**cell, "parameters": {**p, "cation_diffusivity_m2_s": 1.01 * p["cation_diffusivity_m2_s"]}}
    miss = run.deviation(pybamm.solve(other), cell["result"], "current_A_m2")
    assert miss > 2.0 * pybamm.TARGET


@pytest.mark.slow
@pytest.mark.skipif(not run.available(), reason="PyBaMM is not here")
def test_live_run() -> None:
    found = pybamm.studies[1].function(True)
    assert [row for row in found.rows if not row.passed] == []
