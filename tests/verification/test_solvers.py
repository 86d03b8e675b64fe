"""Iterations of the block preconditioner stay bounded, and its answers are those of direct solves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.closures import Poisson
from solver.discretisation import Discretisation
from solver.experiment import Experiment, Stepping
from solver.presets import AUTO, DIRECT, FLOWING, ITERATIVE, LARGEST_DIRECT, MULTIGRID, Preset
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


@pytest.mark.parametrize("preset", [DIRECT, ITERATIVE], ids=lambda preset: preset.name)
def test_kept_jacobians_find_the_answer_of_new_ones(preset: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    jacobian = Discretisation.jacobian

    def counted(self: Discretisation, *given: Any) -> None:
        made.append("new")
        jacobian(self, *given)

    monkeypatch.setattr(Discretisation, "jacobian", counted)
    cell, states, numbers = solvers.cells(True)[1], [], []
    for options in ({}, {"snes_lag_jacobian": 1}):
        stepping = Stepping(0.2 * solvers.STEP, fixed=True)
        experiment = Experiment(cell.model(), cell.mesh(12), stepping, preset, options)
        experiment.run(cell.program)
        problem = experiment.problem
        states.append(np.concatenate([*(f.x.array for f in problem.functions.values()), problem.potentials]))
        numbers.append(len(made))
        made.clear()
        assert max(abs(defect) for defect in experiment.balance().values()) < 1e-11
    assert np.max(np.abs(states[0] - states[1])) < 1e-8
    assert numbers[0] < 0.5 * numbers[1]


def test_iterative_finds_the_steady_state_of_a_flow_cell() -> None:
    cell = bortels.cell_of("two ions")
    segment = next(iter(hold(cell.voltage)))
    fields, iterations = [], 0.0
    for preset in (DIRECT, ITERATIVE):
        described = flow_cell.model(cell, Method(1))
        every = {"snes_lag_jacobian": 1}
        experiment = Experiment(described, flow_cell.mesh(cell, 1), Stepping(1e4), preset, every)
        experiment.steady(segment)
        fields.append(experiment.problem.field("ion 1"))
        snes = experiment.newton.snes
        iterations = snes.getLinearSolveIterations() / max(snes.getIterationNumber(), 1)
    assert np.max(np.abs(fields[0] - fields[1])) < 1e-7 * cell.ions[0].bulk
    assert iterations < 40.0
