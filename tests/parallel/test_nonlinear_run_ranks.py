"""A case with the nonlinear phase field, noise and all, is the same on 1 and 2 ranks."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import pytest

from tests.cases.test_nonlinear_cases import NAME, SMALL
from tests.running import command, environment


def rows(folder: Path, ranks: int) -> list[dict[str, float]]:
    out = folder / str(ranks)
    options = [part for override in SMALL for part in ("--set", override)]
    done = subprocess.run(
        command(["run", NAME, *options, "--steps", "8", "--quiet", "--out", str(out)], ranks),
        env=environment(), cwd=folder, capture_output=True, text=True, timeout=300.0, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "metrics.csv").open(encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_metrics_do_not_depend_on_the_ranks(tmp_path: Path) -> None:
    one, two = rows(tmp_path, 1), rows(tmp_path, 2)
    assert len(one) == len(two) == 8
    for key in (
        "time_s",
        "current_A_m2",
        "charge_C_m2",
        "tip_height_um",
        "thickness_mean_um",
        "faraday_error",
    ):
        assert [row[key] for row in two] == pytest.approx([row[key] for row in one], rel=1e-7), key
    assert [row["cells"] for row in two] == [row["cells"] for row in one]
