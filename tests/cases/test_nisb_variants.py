"""Variants of the NiSb cell: each differs from a coated one in what it says and in nothing else."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.loader import load
from tests.running import SMALL_ISLANDS, run

ALLOWED = {
    "sb_only": ("na_islands_phase_field", {"surfaces"}),
    "amorphous_ni": ("na3sb_ni", {"geometry.apex", "surfaces"}),
    "li3sb_ni": ("na3sb_ni", {"geometry.apex", "electrolyte", "metal", "stop"}),
    "k3sb_ni": ("na3sb_ni", {"geometry.apex", "electrolyte", "metal", "stop"}),
}
"""By case: what it is compared with, and in what it may differ from that."""
VARIANTS = list(ALLOWED)


def supply(barrier: float) -> float:
    """Largest current density of a junction with a barrier in eV, A* T^2 exp(-barrier/kT), A/m^2."""
    return 1.2e6 * 298.15**2 * math.exp(-barrier * 1.602176634e-19 / (1.380649e-23 * 298.15))


def flat(table: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Values by dotted keys."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        inner = flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
        found |= inner
    return found


def small(case: str, *more: str) -> list[str]:
    """Five islands under 2 um of electrolyte; one of the larger ones of a phase field."""
    if load(case).growth.method == "phase_field":
        return [case, "--set", "geometry.width=340 nm", "--set", "geometry.gap=2 um", *more]
    return [case, *SMALL_ISLANDS[1:], *more]


def column(folder: Path, name: str) -> np.ndarray:
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


@pytest.mark.parametrize("name", VARIANTS)
def test_all_other_values_are_those_of_the_coated_cell(name: str) -> None:
    other, sections = ALLOWED[name]
    ours, theirs = (flat(load(case).model_dump(exclude_none=True)) for case in (name, other))
    missing = object()
    differing = {key for key in ours | theirs if ours.get(key, missing) != theirs.get(key, missing)}
    differing = {key for key in differing if not key.startswith(("title", "assumptions"))}
    assert {key for key in differing if not key.startswith(tuple(sections))} == set()
    assert differing


def test_a_layer_without_nickel_passes_what_its_junction_supplies(tmp_path: Path) -> None:
    """J_s (1 - exp(-U/V_T)) per area, U what the junction takes of 0.1 V; it is never bypassed."""
    summary = run(tmp_path / "run", small("sb_only", "--set", "stop.thickness=120 nm"))
    assert summary["coverage"] == 1.0
    current = -column(tmp_path / "run", "current_A_m2")
    assert current.max() <= supply(0.46)
    assert current[-1] == pytest.approx(supply(0.46), rel=0.1)


def test_on_amorphous_nickel_nuclei_take_the_current_at_once(tmp_path: Path) -> None:
    """No junction holds them: they grow over the nickel, which stays below its barrier."""
    summary = run(tmp_path / "run", small("amorphous_ni"))
    assert summary["coverage"] == 1.0
    assert np.all(column(tmp_path / "run", "floating_patches") == 0)
    run(tmp_path / "islands", small("na3sb_ni"))
    assert summary["time_s"] < 0.9 * column(tmp_path / "islands", "time_s")[-1]


INDUCTION = 0.06
"""Time in s after which nickel nucleates at 0.1 V: 1/(25/s (1 - exp(-0.03 V/V_T)))."""


@pytest.mark.slow
def test_seeds_of_lithium_wait_for_the_nickel(tmp_path: Path) -> None:
    summary = run(tmp_path / "run", small("li3sb_ni"))
    assert summary["verdict"] == "flat"
    assert summary["islands"] == summary["islands_nucleated_before_matrix"] == 5
    floating, time = (column(tmp_path / "run", key) for key in ("floating_patches", "time_s"))
    assert time[floating < 5][0] == pytest.approx(INDUCTION, rel=0.1)


@pytest.mark.slow
def test_seeds_of_potassium_leave_their_islands_before_the_nickel_nucleates(tmp_path: Path) -> None:
    """A seed slides onto the nickel when it is half a disc, which the junction fills at J_s w V_m/F."""
    run(tmp_path / "run", small("k3sb_ni", "--set", "stop.thickness=10 nm"))
    floating, time = (column(tmp_path / "run", key) for key in ("floating_patches", "time_s"))
    width, height = 30e-9, 3e-9
    radius = (height**2 + 0.25 * width**2) / (2.0 * height)
    angle = 2.0 * math.asin(0.5 * width / radius)
    seed, half_disc = 0.5 * radius**2 * (angle - math.sin(angle)), math.pi / 8.0 * width**2
    filled = (half_disc - seed) / (supply(0.50) * width * 43.93e-6 / 96485.0)
    assert filled < INDUCTION
    assert time[floating < 5][0] == pytest.approx(filled, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_variants_on_two_ranks(name: str, tmp_path: Path) -> None:
    one, two = (
        run(tmp_path / str(ranks), small(name, "--set", "stop.thickness=20 nm"), ranks=ranks)
        for ranks in (1, 2)
    )
    for key in ("time_s", "charge_C_m2", "thickness_max_um", "roughness_um", "flux_variation"):
        assert two[key] == pytest.approx(one[key], rel=1e-6, abs=1e-9), key
