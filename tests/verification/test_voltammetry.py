"""A minor ion under potential control: steps and sweeps against closed forms and Volterra's equation."""

from __future__ import annotations

import pytest

from verification.rows import Study
from verification.studies import voltammetry


@pytest.mark.parametrize("study", voltammetry.studies, ids=lambda study: study.name)
def test_every_number_is_met(study: Study) -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []
