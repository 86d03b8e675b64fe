"""The shipped cases, made small: the mechanism, the books, and a readable folder whatever happens."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from postprocess.pictures import plot
from postprocess.run import Run
from tests.running import SMALL_APEX, SMALL_ISLANDS, command, environment, run


def column(folder: Path, name: str) -> np.ndarray:
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


def test_islands_carry_seeds_first_and_the_film_closes_flat(tmp_path: Path) -> None:
    summary = run(tmp_path / "run", SMALL_ISLANDS)
    assert summary["verdict"] == "flat"
    assert summary["islands"] == summary["islands_nucleated_before_matrix"] == 5
    assert summary["coverage"] == 1.0
    assert summary["roughness_um"] <= 0.05 * summary["thickness_mean_um"]
    assert summary["faraday_error"] < 1e-3
    assert summary["mass_error"] < 1e-3
    floating, covered = (
        column(tmp_path / "run", "floating_patches"),
        column(tmp_path / "run", "matrix_coverage"),
    )
    assert np.all(floating[covered == 0.0] == 5)
    assert floating[-1] == 0
    # Seeds stall: behind their junctions they take a small part of what the closed film takes.
    current = -column(tmp_path / "run", "current_A_m2")
    assert current[floating == 5].max() < 0.1 * current[-1]


def test_without_the_junction_seeds_do_not_wait_for_the_matrix(tmp_path: Path) -> None:
    run(tmp_path / "with", SMALL_ISLANDS)
    run(tmp_path / "without", SMALL_ISLANDS, "--set", "surfaces.island.contact=ohmic")
    with_, without = (column(tmp_path / name, "time_s") for name in ("with", "without"))
    closed_with = with_[column(tmp_path / "with", "coverage") == 1.0][0]
    closed_without = without[column(tmp_path / "without", "coverage") == 1.0][0]
    assert closed_without < 0.5 * closed_with
    assert np.all(column(tmp_path / "without", "floating_patches") == 0)


def test_the_bare_apex_outgrows_its_surroundings(tmp_path: Path) -> None:
    summary = run(tmp_path / "run", SMALL_APEX)
    assert summary["stop_reason"] == "tip height"
    assert summary["thickness_max_um"] == pytest.approx(1.2, rel=1e-4)
    assert summary["coverage"] < 0.9  # most of the shadowed nickel is bare
    aspect = column(tmp_path / "run", "aspect_ratio")
    assert aspect[-1] > aspect[0]
    assert summary["faraday_error"] < 1e-3
    assert summary["mass_error"] < 1e-3


def test_islands_off_is_the_bare_case(tmp_path: Path) -> None:
    """Without its coating, na3sb_ni is bare_ni: the shipped cases share every other value."""
    same = ["--set", "stop.thickness=0.3 um", "--set", "stop.tip_height=0.4 um", "--steps", "15"]
    bare = run(tmp_path / "bare", ["bare_ni"], *same)
    off = run(tmp_path / "off", ["na3sb_ni"], "--set", "geometry.coating=none", *same)
    for key in ("time_s", "charge_C_m2", "thickness_max_um", "coverage"):
        assert off[key] == bare[key], key


def test_fields_fronts_and_pictures_of_a_run(tmp_path: Path) -> None:
    run(tmp_path / "run", SMALL_APEX, "--steps", "40")
    read = Run.read(tmp_path / "run")
    assert read.finished
    assert len(read.fronts) == len(read.field_files) >= 2
    field = read.field(len(read.field_files) - 1)
    assert {"concentration_mol_m3", "potential_V"} <= set(field.points)
    assert field.points["concentration_mol_m3"].min() > 0.0
    assert -0.1 <= field.points["potential_V"].min() <= field.points["potential_V"].max() <= 0.0
    assert all(path.stat().st_size > 1000 for path in plot(tmp_path / "run"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_a_readable_folder(number: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "run"
    started = subprocess.Popen(
        command(["run", *SMALL_APEX, "--quiet", "--out", str(out)]), env=environment(), cwd=tmp_path
    )
    deadline = time.monotonic() + 60.0
    while not (out / "metrics.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(number)
    assert started.wait(timeout=60.0) == 130
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["stop_reason"] == "interrupted"
    assert summary["steps"] == len(column(out, "time_s")) > 0
    assert plot(out)


def test_the_mouth_of_the_trench_closes_before_the_bottom_is_filled(tmp_path: Path) -> None:
    """Extrapolated 2.512 um at 5 s and 0.153 um at 14 s (docs/cases.md)."""
    summary = run(tmp_path / "run", ["copper_trench"])
    assert summary["stop_reason"] == "time"
    time_, mouth = column(tmp_path / "run", "time_s"), column(tmp_path / "run", "mouth_um")
    assert np.interp(5.0, time_, mouth) == pytest.approx(2.512, rel=0.005)
    assert summary["mouth_um"] == pytest.approx(0.153, abs=0.006)
    assert summary["faraday_error"] < 1e-10
    assert summary["mass_error"] < 1e-9
    x, y = np.loadtxt(
        sorted((tmp_path / "run" / "front").glob("*.csv"))[-1], delimiter=",", skiprows=2, usecols=(0, 1)
    ).T
    assert y[np.argmin(np.abs(x - 8.0))] == pytest.approx(1.01, abs=0.03)
    sides = (x < 3.0), (x > 13.0)
    assert y[sides[0]].mean() == pytest.approx(y[sides[1]].mean(), rel=1e-3)
