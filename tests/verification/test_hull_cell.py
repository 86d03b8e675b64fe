"""Hull cell: primary limit and secondary distributions."""

from __future__ import annotations

import pytest

from verification.rows import Study
from verification.studies import hull_cell


@pytest.mark.parametrize("study", hull_cell.studies, ids=lambda study: study.name)
def test_rows_pass_with_their_orders(study: Study) -> None:
    rows = study.function(True).rows
    assert [row for row in rows if not row.passed] == []
    assert max(row.error for row in rows) < 1e-3
    assert {row.expected_order for row in rows} >= {2.0, 4.0}
