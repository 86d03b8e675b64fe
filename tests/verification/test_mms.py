"""Manufactured solutions: orders in space and time, and that a wrong equation loses its order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.model import Model
from solver.multistep import formula
from verification.studies import mms
from verification.studies.mms_cases import CASES, concentrated, three_ions
from verification.studies.mms_frame import Manufactured, Setting


@pytest.mark.slow
@pytest.mark.parametrize("study", mms.studies, ids=lambda study: study.name)
def test_theoretical_orders(study: Any) -> None:
    result = study.function(True)
    bad = [row for row in result.rows if not row.passed]
    assert not bad, bad
    assert all(row.expected_order is not None for row in result.rows)
    if study.name == "manufactured-space":
        for name in CASES:
            for degree in (1, 2):
                assert any(row.case == f"{name}, 2D, P{degree}" for row in result.rows)


def wrong(case: Manufactured, model: Model) -> float:
    """Order in L2 with a model that is not the one the sources were made for."""
    other = replace(case, model=model)
    levels = (4, 8)
    found = [mms.errors(case, mms.march(other, 2, n, (0.5 * case.tau, case.tau))) for n in levels]
    return mms.order_of(levels, [e.value for e in found])


def test_one_percent_in_the_conductivity_of_the_medium_is_seen() -> None:
    case = concentrated(Setting(2, 2))
    medium = case.model.media["electrolyte"]
    model = replace(case.model, media={"electrolyte": replace(medium, factor=1.01 * medium.factor)})
    assert wrong(case, case.model) > 2.9
    assert wrong(case, model) < 0.5


def test_one_percent_in_a_stoichiometry_is_seen() -> None:
    case = three_ions(Setting(2, 2))
    conversion = case.model.conversions[0]
    other = replace(conversion, stoichiometry={"Zn2+": -1.01, "Na+": 2.02})
    assert wrong(case, replace(case.model, conversions=(other,))) < 1.5


def test_exact_fields_stay_positive_and_gradients_are_not_parallel() -> None:
    rng = np.random.default_rng(1)
    for make in CASES.values():
        case = make(Setting(3, 1))
        points = dict(zip("xyz", rng.uniform(0.0, case.length, (3, 500)), strict=True))
        for time in (0.0, case.tau):
            for name, field in case.fields.items():
                values = field(**points, t=time)
                assert np.ptp(values) > 0.1 * case.scales[name]
                if name != "potential":
                    assert values.min() > 0.2 * case.scales[name]


@pytest.mark.parametrize("varied", [False, True])
def test_steps_are_those_of_the_study(varied: bool) -> None:
    ends = mms.instants(2.0, 16, varied)
    steps = np.diff([0.0, *ends])
    assert len(ends) == 16
    assert ends[-1] == 2.0
    assert steps.min() > 0.0
    assert np.ptp(steps) > 0.05 if varied else np.ptp(steps) < 1e-14
    # The formula sees them: its coefficients sum to zero and differentiate t exactly.
    plan = formula(2, [steps[5], steps[4]])
    assert plan.a0 + plan.a1 + plan.a2 == pytest.approx(0.0, abs=1e-14)
