"""Iterations of the block preconditioner stay bounded, and its answers are those of direct solves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.closures import Poisson
from solver.discretisation import Discretisation
from solver.experiment import Experiment, Stepping
from solver.presets import AUTO, DIRECT, FLOWING, ITERATIVE, LARGEST_DIRECT, MULTIGRID
from solver.program import hold
from verification.peers import bortels
from verification.studies import flow_cell, solvers
from verification.studies.flow_cell import Method


def test_rows_pass() -> None:
    rows = solvers.study.function(True).rows
    assert [row for row in rows if not row.passed] == []


def test_auto_chooses_by_size_closure_and_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = solvers.cells(True)[0]
    problem = Discretisation(cell.model(), cell.mesh(4))
    assert AUTO.chosen(problem) is DIRECT
    monkeypatch.setitem(LARGEST_DIRECT, 2, problem.layout.total - 1)
    assert AUTO.chosen(problem) is MULTIGRID
    channel = bortels.cell_of("two ions")
    flowing = Discretisation(flow_cell.model(channel, Method(1)), flow_cell.mesh(channel, 1))
    assert AUTO.chosen(flowing) is FLOWING
    charged = Discretisation(replace(cell.model(), closure=Poisson(solvers.SALT, 78.0)), cell.mesh(4))
    assert AUTO.chosen(charged) is DIRECT
    with pytest.raises(ValueError, match="space charge"):
        ITERATIVE.chosen(charged)


def test_iterative_finds_the_steady_state_of_a_flow_cell() -> None:
    cell = bortels.cell_of("two ions")
    segment = next(iter(hold(cell.voltage)))
    fields, iterations = [], 0.0
    for preset in (DIRECT, ITERATIVE):
        described = flow_cell.model(cell, Method(1))
        experiment = Experiment(described, flow_cell.mesh(cell, 1), Stepping(1e4), preset)
        experiment.steady(segment)
        fields.append(experiment.problem.field("ion 1"))
        snes = experiment.newton.snes
        iterations = snes.getLinearSolveIterations() / max(snes.getIterationNumber(), 1)
    assert np.max(np.abs(fields[0] - fields[1])) < 1e-7 * cell.ions[0].bulk
    assert iterations < 40.0
