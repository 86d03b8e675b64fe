"""Iterations of the block preconditioner stay bounded, and its answers are those of direct solves."""

from __future__ import annotations

from verification.studies import solvers


def test_rows_pass() -> None:
    rows = solvers.study.function(True).rows
    assert [row for row in rows if not row.passed] == []
