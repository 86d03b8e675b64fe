"""The nonlinear phase-field model: its study, the order in time, the same answer from both solvers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from solver.nonlinear_parameters import HONG_2018
from solver.nonlinear_phase_field import NonlinearPhaseField, Pace
from verification.studies.nonlinear_phase_field import RADIUS, flat, profile, round_deposit, study


@pytest.mark.slow
def test_every_number_is_met() -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []


def test_stages_are_of_second_order() -> None:
    """Area of a shrinking disc with steps of one length, against steps eight times shorter than those."""

    def area(steps: int) -> float:
        pace = Pace(0.4 / steps, largest=0.4 / steps, tolerance=1.0)
        model = round_deposit(replace(HONG_2018, reaction_rate=1e-12), 16, pace)
        model.advance(0.4)
        assert model.steps == steps
        return model.metal()

    exact = area(128)
    errors = [abs(area(steps) - exact) for steps in (8, 16)]
    assert math.log2(errors[0] / errors[1]) > 1.8


def test_both_linear_solvers_agree() -> None:
    found = []
    for linear in ("direct", "iterative"):
        start = round_deposit(HONG_2018, 8)

        def metal(points: np.ndarray, unit: float = start.regions.unit) -> np.ndarray:
            return profile(np.hypot(*points.T) * unit - RADIUS, HONG_2018.width)

        model = NonlinearPhaseField(start.regions, HONG_2018, -0.1, metal, Pace(1e-2), linear=linear)
        model.advance(0.1)
        found.append(np.concatenate((model.xi.x.array, model.c.x.array / 1e3, model.phi.x.array)))
    assert np.abs(found[0] - found[1]).max() < 1e-7


def test_voltage_may_change_between_steps() -> None:
    model = flat(HONG_2018, -0.1, 200)
    model.advance(0.1)
    model.voltage = -0.2
    model.advance(0.1)
    assert model.phi.x.array.min() == pytest.approx(-0.2)
    assert model.time == pytest.approx(0.2)
    assert abs(model.books.charge_error) < 1e-4
