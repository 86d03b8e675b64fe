"""Steady binary cell against closed forms: linear c, logarithmic phi, currents and voltages."""

from __future__ import annotations

import pytest

from verification.rows import Result
from verification.studies import binary_cell


@pytest.fixture(scope="module")
def result() -> Result:
    return binary_cell.study.function(True)


def test_every_number_is_met(result: Result) -> None:
    assert result.rows
    assert [row for row in result.rows if not row.passed] == []


def test_orders_are_shown_for_both_degrees(result: Result) -> None:
    expected = [row.expected_order for row in result.rows if row.expected_order is not None]
    assert {2.0, 3.0, 4.0} <= set(expected)
