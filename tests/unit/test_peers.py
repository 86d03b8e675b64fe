"""The numbers of other codes that the engine is compared with: do they agree with another method?"""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verification.peers import bortels, flow_cell, run, spectral_cell

CELLS = [cell["name"] for cell in run.recorded()["cells"]]


def cell_named(name: str) -> dict[str, Any]:
    return next(cell for cell in run.recorded()["cells"] if cell["name"] == name)


@pytest.mark.parametrize("name", CELLS)
def test_pybamm_agrees_with_a_spectral_element(name: str) -> None:
    cell = cell_named(name)
    ours = spectral_cell.solve(cell, degree=28, tolerance=1e-8)
    assert ours["time_s"] == pytest.approx(cell["result"]["time_s"])
    for quantity in run.QUANTITIES:
        assert run.deviation(ours, cell["result"], quantity) < 1e-5, quantity


@pytest.mark.parametrize("name", CELLS)
def test_pybamm_converged_with_second_order(name: str) -> None:
    convergence = cell_named(name)["convergence"]
    for quantity in run.QUANTITIES:
        found = convergence[quantity]
        assert found["change_of_extrapolated"] < 1e-5
        assert found["order"] is None or found["order"] == pytest.approx(2.0, abs=0.1)
    meshes = convergence["cells"]
    coarse, fine = (convergence[f"voltage_V_{mesh}_cells"] for mesh in meshes[1:])
    value = np.array(fine) + (np.array(fine) - np.array(coarse)) / 3.0
    assert cell_named(name)["result"]["voltage_V"] == pytest.approx(value.tolist(), rel=1e-12, abs=1e-15)


def test_the_recorded_programs_stress_the_cell() -> None:
    lowest = min(min(cell["result"]["concentration_working_mol_m3"]) for cell in run.recorded()["cells"])
    assert lowest < 350.0
    dilute = cell_named("dilute, current")
    p = dilute["parameters"]
    limit = 4 * flow_cell.FARADAY * p["cation_diffusivity_m2_s"] * p["concentration_mol_m3"] / p["gap_m"]
    assert 0.65 < abs(dilute["program"][0]["value"]) / limit < 0.75
    # Steady state: c falls linearly by i L/(2 F D+) to the working electrode.
    end = dilute["result"]["concentration_working_mol_m3"][9]
    assert end == pytest.approx(p["concentration_mol_m3"] * (1 - 540.0 / limit), rel=3e-3)


def test_spectral_element_conserves_salt_and_relaxes_at_the_exact_rate() -> None:
    cell = cell_named("dilute, current")
    p = cell["parameters"]
    model = spectral_cell.SpectralCell(cell, degree=24)
    points, _, _ = spectral_cell.lobatto(24)
    mode = np.cos(np.pi * (points + 1) / 2)
    rate = model.rate(1000.0 + 100.0 * mode, 0.0)
    cation, anion = p["cation_diffusivity_m2_s"], p["anion_diffusivity_m2_s"]
    expected = 2 * cation * anion / (cation + anion) * (np.pi / p["gap_m"]) ** 2
    assert rate == pytest.approx(-100.0 * expected * mode, abs=1e-6 * 100.0 * expected)
    assert model.weights @ model.rate(1000.0 + 100.0 * mode, 300.0) == pytest.approx(0.0, abs=1e-9)
    assert model.weights.sum() == pytest.approx(p["gap_m"])


def test_spectral_overpotential_inverts_the_rate_law() -> None:
    cell = cell_named("dilute, current")
    model = spectral_cell.SpectralCell(cell)
    for current in (-500.0, -1.0, 0.0, 3.0, 700.0):
        eta = model.overpotential(current, 0.4) / model.thermal
        assert 10.0 * (np.exp(eta / 2) - 0.4 * np.exp(-eta / 2)) == pytest.approx(current, rel=1e-9, abs=1e-9)


@pytest.mark.skipif(not run.available(), reason="no PyBaMM")
@pytest.mark.parametrize("name", CELLS)
def test_pybamm_gives_the_recorded_voltages_again(name: str) -> None:
    cell = cell_named(name)
    live = run.run_pybamm(run.description(cell))
    assert run.deviation(live, cell["result"]) < 1e-4
    assert run.deviation(live, cell["result"], "current_A_m2") < 1e-4


@pytest.fixture
def no_pybamm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv("TERTIA_PYBAMM", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_missing_pybamm_is_said(no_pybamm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(run.PeerMissing, match="pip install pybamm"):
        run.interpreter()
    monkeypatch.setenv("TERTIA_PYBAMM", str(no_pybamm / "python"))
    with pytest.raises(run.PeerMissing, match="TERTIA_PYBAMM"):
        run.interpreter()
    assert not (run.cache_folder()).exists()


def test_a_named_interpreter_gets_the_cell_and_its_failure_is_told(
    no_pybamm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERTIA_PYBAMM", sys.executable)
    echo = no_pybamm / "echo.py"
    program = "import json, sys\njson.dump({'got': json.load(sys.stdin)}, sys.stdout)\n"
    echo.write_text(program, encoding="utf-8")
    monkeypatch.setattr(run, "SCRIPT", echo)
    assert run.run_pybamm({"model": "dilute"}) == {"got": {"model": "dilute"}}
    echo.write_text("raise SystemExit('no such model')\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="no such model"):
        run.run_pybamm({})


def test_record_is_written_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    for record in (run.recorded(), bortels.recorded()):
        run.write_record(path, record)
        assert json.loads(path.read_text(encoding="utf-8")) == record


def test_flow_cell_finds_the_primary_conductance() -> None:
    cell, exact = bortels.primary_check()
    errors = [abs(flow_cell.solve(cell, level).mean / exact - 1.0) for level in (10, 20, 40)]
    assert errors[-1] < 3e-4
    assert errors == sorted(errors, reverse=True)
    # Wide strips: conductance per depth tends to kappa (L/h + 2 ln 2/pi).
    wide = bortels.primary_conductance(1.0, 5.0, 1.0)
    assert wide == pytest.approx(5.0 + 2 * np.log(2) / np.pi, rel=1e-5)


def test_flow_cell_finds_the_limiting_current_of_leveque() -> None:
    cell = bortels.leveque_check(bortels.cell_of("two ions"))
    ion = cell.ions[0]
    slope = bortels.leveque(6.0 * cell.mean_velocity / cell.gap, ion.diffusivity, cell.electrode)
    exact = 2 * flow_cell.FARADAY * ion.diffusivity * ion.bulk * slope
    coarse, fine = (flow_cell.solve(cell, level).mean for level in (10, 20))
    # What is left is the diffusion along the wall at the leading edge, which Leveque leaves out.
    assert fine + (fine - coarse) / 3.0 == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("name", list(bortels.recorded()["cells"]))
def test_bortels_record_stands(name: str) -> None:
    cell, entry = bortels.cell_of(name), bortels.recorded()["cells"][name]
    result = flow_cell.solve(cell, 20)
    assert abs(result.imbalance) < 1e-10
    assert bortels.numbers(result, cell) == pytest.approx(entry["results"]["grids"]["20"], rel=1e-6)
    assert max(entry["results"]["uncertainty"].values()) < 2e-3
    assert entry["results"]["uncertainty"]["mean_A_m2"] < 2e-4
    assert entry["results"]["extrapolated"]["mean_A_m2"] < entry["limiting_current_leveque_A_m2"]


def test_all_closures_agree_where_the_concentrations_stay_put() -> None:
    # A tiny voltage and slow kinetics in fast flow leave the concentrations alone.
    cell = replace(bortels.cell_of("three ions"), mean_velocity=1e4, voltage=1e-6, exchange_current=1e-3)
    full = flow_cell.solve(cell, 8).mean
    for variant in bortels.simplified(cell).values():
        assert flow_cell.solve(variant, 8).mean == pytest.approx(full, rel=1e-5)
