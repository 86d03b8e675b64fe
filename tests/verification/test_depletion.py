"""Near and beyond the limiting current, and the ends of segments."""

from __future__ import annotations

import pytest

from solver import program
from solver.experiment import StepError, Stepping
from solver.segment import Limit
from verification.rows import Study
from verification.studies import depletion
from verification.studies.binary_cell import SODIUM_LIKE, BinaryCell, binary
from verification.studies.transients import graded


@pytest.fixture
def cell() -> BinaryCell:
    return binary(SODIUM_LIKE, graded(40))


@pytest.mark.parametrize("study", depletion.studies, ids=lambda study: study.name)
def test_every_number_is_met(study: Study) -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []


@pytest.mark.parametrize("voltage", [-1.5, -2.5, -5.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_voltage_limit_is_met_however_far(cell: BinaryCell, voltage: float, sign: float) -> None:
    experiment = cell.experiment(Stepping(1e-2))
    limit = (Limit("voltage", sign * voltage, "below" if sign > 0.0 else "above"),)
    current = -3.0 * sign * cell.exact.limiting_current
    last = experiment.run(program.constant_current(current, limits=limit))[-1]
    assert last.voltage == pytest.approx(sign * voltage, rel=1e-6)
    assert abs(last.current) <= abs(current) * (1.0 + 1e-9)
    assert last.time == pytest.approx(cell.exact.depletion_time(current), rel=2e-2)


def test_what_is_used_up_is_said_and_the_last_state_is_kept(cell: BinaryCell) -> None:
    experiment = cell.experiment(Stepping(1e-2))
    current = -3.0 * cell.exact.limiting_current
    with pytest.raises(StepError, match="M is used up"):
        experiment.run(program.constant_current(current, time=100.0))
    assert experiment.problem.lowest_concentration()[0] > 0.0
    assert experiment.charge == pytest.approx(current * experiment.time, rel=1e-9)
    assert experiment.total["terminal"] == experiment.charge
