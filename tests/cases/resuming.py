"""Run cases in parts, within this process: what the tests of restarts have in common."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from cases import loader, resuming
from cases.build import run_case

NOISE = ("faraday_error", "mass_error", "current_error")
"""Columns that are rounding beside 1 as long as all is well."""
WORK = ("newton_iterations", "krylov_iterations")
"""Columns that hang on the factors of matrices, which a checkpoint does not hold."""


def part(out: Path, case: list[str], steps: int | None, resume: bool = False) -> int:
    """Run a case into `out` until so many steps are made; the exit code."""
    name, *options = case
    loaded = loader.load(name, options[1::2])
    checkpoint = resuming.find(out, loaded) if resume else None
    return run_case(loaded, name, out, max_steps=steps, quiet=True, resume=checkpoint)


def rows(out: Path) -> dict[str, np.ndarray]:
    """Columns of metrics.csv."""
    with (out / "metrics.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in table]) for name in table[0]}


def frames(out: Path) -> list[str]:
    """Times and files of the series of fields."""
    return re.findall(r'timestep="([^"]*)".*file="([^"]*)"', (out / "fields.pvd").read_text(encoding="utf-8"))


def assert_same(one: Path, other: Path, rel: float, pieces: bool = True) -> None:
    """The runs have the same rows to `rel` of the largest value of each column, and the same frames.

    `pieces`: and as many files of fields, for the number of ranks was the same.
    """
    expected, found = rows(one), rows(other)
    assert list(found) == list(expected)
    assert len(found["time_s"]) == len(expected["time_s"])
    for name, values in expected.items():
        if name not in WORK:
            scale = 1.0 if name in NOISE else np.nanmax(np.abs(values), initial=0.0)
            assert found[name] == pytest.approx(values, rel=0.0, abs=rel * scale, nan_ok=True), name
    assert frames(other) == frames(one)
    for time, file in frames(other):
        assert (other / file).is_file(), (time, file)
    if pieces:
        written = sorted(path.name for path in (other / "fields").iterdir())
        assert written == sorted(path.name for path in (one / "fields").iterdir())
