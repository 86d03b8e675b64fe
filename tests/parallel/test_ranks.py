"""1, 2 and 3 ranks give the same numbers, with and without floating deposits, through remeshings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import SMALL_APEX, SMALL_ISLANDS, SMALL_MOSS, run

SAME = (
    "time_s",
    "charge_C_m2",
    "thickness_mean_um",
    "thickness_max_um",
    "coverage",
    "current_A_m2",
    "steps",
    "remeshes",
)


@pytest.mark.parametrize(
    "case",
    [SMALL_ISLANDS, [*SMALL_APEX, "--set", "stop.tip_height=0.6 um"], SMALL_MOSS],
    ids=["islands", "apex", "moss"],
)
def test_numbers_do_not_depend_on_the_number_of_ranks(case: list[str], tmp_path: Path) -> None:
    alone = run(tmp_path / "one", case)
    assert alone["remeshes"] > 0
    for ranks in (2, 3):
        together = run(tmp_path / str(ranks), case, ranks=ranks)
        assert together["ranks"] == ranks
        assert together["verdict"] == alone["verdict"]
        for key in SAME:
            assert together[key] == pytest.approx(alone[key], rel=1e-4), key
        assert together["faraday_error"] < 1e-3
        assert together["mass_error"] < 1e-3
