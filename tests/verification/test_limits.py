"""Limits between models: electroneutral, supporting, secondary."""

from __future__ import annotations

import pytest

from verification.rows import Study
from verification.studies import electroneutrality, limits
from verification.studies.limits import MINOR, Solution

STUDIES = (electroneutrality.study, *limits.studies)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_rows_pass_with_their_orders(study: Study) -> None:
    rows = study.function(True).rows
    assert [row for row in rows if not row.passed] == []
    assert any(row.expected_order == 1.0 for row in rows)


@pytest.mark.parametrize("ratio", [1.0, 0.1])
def test_profiles_of_the_closed_forms_hold_what_was_put_in(ratio: float) -> None:
    """Symmetric about the middle to first order: the electrodes hold C_M -+ half of what flows through."""
    for _, working, counter in (Solution(ratio).full(), Solution(ratio).supported()):
        assert 0.0 < working < MINOR < counter
        assert working + counter == pytest.approx(2.0 * MINOR, rel=0.2 * ratio)
