"""Transients of a binary salt: depletion, orders in time, relaxation."""

from __future__ import annotations

import pytest

from verification.rows import Study
from verification.studies import transients

OTHERS = [study for study in transients.studies if study.function is not transients.time_orders]


def test_orders_in_time() -> None:
    rows = transients.time_orders(True).rows
    assert [row for row in rows if not row.passed] == []
    assert [row.expected_order for row in rows] == [1.0, 2.0, 2.0 / 3.0]


@pytest.mark.parametrize("study", OTHERS, ids=lambda study: study.name)
def test_every_number_is_met(study: Study) -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []
