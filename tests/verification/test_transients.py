"""Transients of a binary salt: depletion, orders in time, relaxation."""

from __future__ import annotations

import pytest

from verification.rows import Study
from verification.studies import transients


@pytest.mark.parametrize("study", transients.studies, ids=lambda study: study.name)
def test_every_number_is_met(study: Study) -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []


def test_an_order_that_is_not_reached_fails() -> None:
    (row, *_) = [row for row in transients.time_orders(True).rows if row.expected_order == 2.0]
    assert row.order == pytest.approx(2.0, abs=0.1)
