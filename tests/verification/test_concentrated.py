"""Concentrated solutions: the dilute limit, and steady states by quadrature."""

from __future__ import annotations

import pytest

from verification.exact import binary, electrode
from verification.rows import Result
from verification.studies import concentrated as study


@pytest.fixture(scope="module")
def result() -> Result:
    return study.study.function(True)


def test_concentrated_solutions(result: Result) -> None:
    assert [row for row in result.rows if not row.passed] == []


def test_order_in_space(result: Result) -> None:
    orders = [row.order for row in result.rows if row.order is not None]
    assert orders == [pytest.approx(2.0, abs=0.1)]


def test_quadrature_gives_the_closed_form_of_a_dilute_salt() -> None:
    salt = study.SALTS[0]
    model = study.equivalent(salt)
    solution = model.closure.solution  # type: ignore[attr-defined]
    exact = study.SteadyCell(
        solution, study.TEMPERATURE, lambda c: study.EXCHANGE * (c / study.CONCENTRATION) ** 0.5
    )
    cell = binary.Cell(salt.exact, study.LENGTH, study.CONCENTRATION)
    assert exact.current(0.0) == pytest.approx(-cell.limiting_current, rel=1e-8)
    current = exact.current(400.0)
    assert current == pytest.approx(-0.6 * cell.limiting_current, rel=1e-8)
    kinetics = electrode.Kinetics(study.EXCHANGE, temperature=study.TEMPERATURE)
    assert exact.voltage(400.0) == pytest.approx(cell.steady_voltage(current, kinetics), rel=1e-8)
