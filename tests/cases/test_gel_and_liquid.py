"""Sodium under gels and under a liquid, made small: how even the current on the metal is, and why."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.loader import load
from cases.schema import Case
from solver.constants import FARADAY, GAS
from solver.disturbance import Disturbance
from solver.noise import Noise
from tests.running import run

SHORT = [
    "--set", "stop.time=300 s",
    "--set", "time.initial_step=1 s",
    "--set", "output.frames=2",
]  # fmt: skip
GEL = [
    "gpe_pbmp",
    "--set", "geometry.width=20 um",
    "--set", "growth.interface_width=0.8 um",
    "--set", "mesh.front_size=0.8 um",
    *SHORT,
]  # fmt: skip
LIQUID = [
    "liquid_pc_fec",
    "--set", "geometry.width=20 um",
    "--set", "geometry.islands={ width = '3 um', pitch = '20 um', seed_height = '1.5 um' }",
    "--set", "growth.interface_width=0.5 um",
    "--set", "mesh.front_size=0.5 um",
    *SHORT,
]  # fmt: skip


def front(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of the edges of the last front: middles in um, (m, 2); lengths; coverage; current in A/m^2."""
    last = sorted((folder / "front").glob("front_0*.csv"))[-1]
    rows = np.genfromtxt(last, delimiter=",", skip_header=2, usecols=(0, 1, 3, 5, 6))
    ends = rows[:-1][np.diff(rows[:, 4]) == 0.0], rows[1:][np.diff(rows[:, 4]) == 0.0]
    middles = 0.5 * (ends[0][:, :2] + ends[1][:, :2])
    lengths = np.hypot(*(ends[1][:, :2] - ends[0][:, :2]).T)
    return middles, lengths, ends[0][:, 2], ends[0][:, 3]


def variation(values: np.ndarray, weights: np.ndarray) -> float:
    mean = np.average(values, weights=weights)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights)) / abs(mean))


def activity(case: Case, places: np.ndarray) -> np.ndarray:
    """Factor of the exchange current density at places in um."""
    noise, geometry = case.growth.noise, case.geometry
    assert noise is not None
    assert noise.length is not None
    assert geometry.metal_thickness is not None
    box = ((0.0, geometry.width), (-geometry.metal_thickness, geometry.gap))
    lattice = Noise(noise.amplitude, noise.length, noise.seed, box, "normal")
    return Disturbance(lattice).factor(1e-6 * places, 0.0)


@pytest.fixture(scope="module")
def gel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("gel") / "run"
    return folder, run(folder, GEL)


def test_a_conformal_film_evens_out_what_the_metal_does_unevenly(gel: tuple[Path, dict[str, Any]]) -> None:
    """A slow surface passes i ~ 1/(R_film + R_ct/a), a the local activity; without the film it is i ~ a.

    The electrolyte makes no difference: kappa R = 0.4 mm is far beyond the size of the grains.
    """
    folder, summary = gel
    case = load("gpe_pbmp", [value for value in GEL if "=" in value])
    assert isinstance(case, Case)
    places, lengths, _, current = front(folder)
    assert summary["flux_variation"] == pytest.approx(variation(current, lengths), rel=1e-3)
    factor = activity(case, places)
    film = case.kinetics.film_resistance
    transfer = GAS * 298.15 / (FARADAY * case.kinetics.exchange_current_density)
    assert film is not None
    assert film > 6.0 * transfer
    expected = variation(1.0 / (film + transfer / factor), lengths)
    assert summary["flux_variation"] == pytest.approx(expected, rel=0.1)
    assert summary["flux_variation"] < 0.2 * variation(factor, lengths)
    assert summary["verdict"] != "dendrite"
    assert summary["coverage"] == 1.0


def test_the_voltage_of_the_symmetric_cell(gel: tuple[Path, dict[str, Any]]) -> None:
    """The one published point that was fitted, 42 mV at 1 mA/cm^2, at half of it, and the salt gradient.

    V = 2 R i + (2RT/F) ln(c_counter/c_front) with c = c0 (1 +- i/i_lim), i_lim = 2 kappa RT/(F L).
    """
    part = 5.0 * FARADAY * 25e-6 / (2.0 * 0.18 * GAS * 298.15)
    salt = 2.0 * GAS * 298.15 / FARADAY * math.log((1.0 + part) / (1.0 - part))
    assert salt == pytest.approx(1.39e-3, rel=0.01)
    expected = 2.0 * 20.3e-4 * 5.0 + salt
    assert -gel[1]["voltage_V"] == pytest.approx(expected, rel=5e-3)


def test_a_broken_film_lets_the_current_through_where_it_is_broken(tmp_path: Path) -> None:
    """With a part p of the surface open, and v the variation over it, it is sqrt((1 + v^2)/p - 1)."""
    summary = run(tmp_path / "run", LIQUID)
    _, lengths, coverage, current = front(tmp_path / "run")
    metal = coverage > 0.5
    part = lengths[metal].sum() / lengths.sum()
    over_metal = variation(current[metal], lengths[metal])
    expected = math.sqrt((1.0 + over_metal**2) / part - 1.0)
    assert 0.1 < part < 0.8
    assert summary["flux_variation"] == pytest.approx(expected, rel=0.02)
    assert summary["flux_variation"] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("case", [GEL, LIQUID], ids=["gel", "liquid"])
def test_on_two_ranks(case: list[str], tmp_path: Path) -> None:
    one, two = (run(tmp_path / str(n), [*case, "--steps", "12"], ranks=n) for n in (1, 2))
    for key in ("time_s", "voltage_V", "thickness_max_um", "flux_variation"):
        assert two[key] == pytest.approx(one[key], rel=1e-6), key
