"""A spread surface gives the same numbers on 1, 2, 3 and 4 ranks; on a mesh that follows it, too."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.running import SMALL_APEX, run

SAME = ("time_s", "charge_C_m2", "current_A_m2", "thickness_mean_um", "tip_height_um")
DIFFUSE = ["--set", "growth.method=phase_field", "--set", "growth.interface_width=40 nm"]
FIXED = ["--set", "growth.adaptive=false", "--set", "growth.fine_height=0.5 um"]
EQUAL = ["--set", "time.initial_step=0.2 ms", "--set", "time.max_step=0.2 ms", "--steps", "6"]


def last(folder: Path) -> dict[str, float]:
    """Last row of the metrics."""
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        *_, row = csv.DictReader(file)
    return {key: float(row[key]) for key in SAME}


def test_on_one_mesh_all_ranks_agree_to_eight_digits(tmp_path: Path) -> None:
    case = [*SMALL_APEX, *DIFFUSE, *FIXED, *EQUAL]
    run(tmp_path / "1", case)
    alone = last(tmp_path / "1")
    for ranks in (2, 3, 4):
        run(tmp_path / str(ranks), case, ranks=ranks)
        together = last(tmp_path / str(ranks))
        assert [together[key] for key in SAME] == pytest.approx([alone[key] for key in SAME], rel=1e-8)


def test_on_a_mesh_that_follows_ranks_agree(tmp_path: Path) -> None:
    case = [*SMALL_APEX, *DIFFUSE, "--steps", "45"]
    alone = run(tmp_path / "1", case)
    assert alone["remeshes"] > 1
    together = run(tmp_path / "2", case, ranks=2)
    for key in (*SAME, "steps", "remeshes", "cells_max"):
        assert together[key] == pytest.approx(alone[key], rel=1e-5), key
    assert np.max([together["faraday_error"], together["mass_error"]]) < 1e-9
