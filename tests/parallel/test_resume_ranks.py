"""A run that goes on on another number of ranks is the run that was never interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.resuming import assert_same
from tests.running import SMALL_APEX, SMALL_ISLANDS, run

ONE_MESH = [
    *SMALL_APEX,
    "--set", "growth.method=phase_field",
    "--set", "growth.interface_width=40 nm",
    "--set", "growth.adaptive=false",
    "--set", "growth.fine_height=0.5 um",
]  # fmt: skip
HULL = ["hull_cell", "--set", "transport.closure=supporting", "--set", "stop.time=5 s"]
SAME = 1e-6
"""Of the largest value of a column. Numbers of ranks differ in the last digits of every step; the column that
shows it most, the variation of the flux, differs by 1e-7 after 95 steps."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "steps", "ranks"),
    [
        pytest.param(SMALL_ISLANDS, (20, 45, 56), (1, 2, 1), id="floating islands through a remeshing"),
        pytest.param(ONE_MESH, (5, 9), (2, 1), id="a phase field"),
        pytest.param(HULL, (4, 8), (1, 2), id="a fixed cell of two dimensions"),
    ],
)
def test_ranks_may_change_from_part_to_part(
    tmp_path: Path, case: list[str], steps: tuple[int, ...], ranks: tuple[int, ...]
) -> None:
    more = ("--no-pictures", "--steps")
    run(tmp_path / "whole", case, *more, str(steps[-1]))
    for number, (until, count) in enumerate(zip(steps, ranks, strict=True)):
        again = ("--resume",) if number else ()
        found = run(tmp_path / "parts", case, *again, *more, str(until), ranks=count, timeout=900.0)
        assert found["ranks"] == count
    assert_same(tmp_path / "whole", tmp_path / "parts", SAME, pieces=False)
