"""What `tertia bench` chooses, finds and says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cases import bench
from cases.bench_entries import ENTRIES, PEERS, QUICK, THOROUGH, Entry, Round
from cases.errors import CaseError
from cases.loader import load

CURRENT = -218.968311954445
"""A/m^2 at 100 x 100 cells, found by four other programs (scikit-fem, NGSolve, FreeFEM, Firedrake)."""


def test_the_base_runs_first_whatever_is_chosen() -> None:
    names = [entry.name for entry in Round(100).entries(ENTRIES, ["Tertia"])]
    assert names == [bench.BASE, "Tertia"]
    everything = Round(400).entries(ENTRIES, [])
    assert {entry.name for entry in everything} == {entry.name for entry in ENTRIES}
    assert all(3 in entry.dims for entry in Round(16, 3).entries(ENTRIES, []))
    assert all(entry.slow == 1 for entry in Round(200, slowest=1).entries(ENTRIES, []))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entries_name_scripts_and_peers_that_exist(entry: Entry) -> None:
    assert (bench.FOLDER / entry.script).is_file()
    assert entry.peer is None or entry.peer in {peer.name for peer in PEERS}


def test_every_peer_says_how_to_install_it() -> None:
    assert all(peer.advice("python3") for peer in PEERS)


def test_unknown_entries_are_named() -> None:
    with pytest.raises(CaseError, match='did you mean "FiPy"'):
        bench.run_bench(names=["FiPi"])


def test_a_file_that_cannot_be_written_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_started", lambda *_: pytest.fail("something ran"))
    with pytest.raises(CaseError, match="cannot be written"):
        bench.run_bench(file=tmp_path / "nowhere" / "bench.json")


def test_the_case_is_the_problem_of_the_peers() -> None:
    case = load(str(bench.FOLDER.parent / "common_problem.toml"))
    assert case.time.order == 1
    assert round(case.stop.time / case.time.initial_step) == 20


def test_bench_compares_tertia_with_the_bare_script_and_the_reference(tmp_path: Path) -> None:
    file, shown = tmp_path / "bench.json", io.StringIO()
    screen = Console(file=shown, width=200)
    code = bench.run_bench(names=["Tertia"], file=file, rounds=[Round(10, repeat=1)], console=screen)
    found = json.loads(file.read_text())
    bare, ours = found["results"]
    assert code == 0
    assert (bare["entry"], ours["entry"]) == (bench.BASE, "Tertia")
    assert bare["agrees"]
    assert ours["agrees"]
    assert bare["runs"][0]["current_A_m2"] == pytest.approx(ours["runs"][0]["current_A_m2"], rel=1e-9)
    assert found["machine"]
    assert "10 x 10" in shown.getvalue()


def test_a_wrong_answer_and_a_failure_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(entry: Entry, n: int, dim: int) -> dict[str, object]:
        if entry.name == "Tertia":
            raise RuntimeError("out of memory")
        wrong = 1.001 if entry.name == bench.BASE else 1.0
        keys = ("cpu_s", "wall_s", "unknowns", "iterations", "peak_MiB")
        return {"current_A_m2": wrong * CURRENT, **dict.fromkeys(keys, 1.0)}

    monkeypatch.setattr(bench, "_started", started)
    shown = io.StringIO()
    screen = Console(file=shown, width=200)
    code = bench.run_bench(names=["Tertia"], rounds=[Round(100, repeat=1)], console=screen)
    said = shown.getvalue()
    assert code == 1
    assert f"does not agree: {bench.BASE}" in said
    assert "out of memory" in said


def test_the_reference_is_what_other_programs_found() -> None:
    exact = Entry("reference", "reference.py")
    answer = bench._started(exact, 100, 2)
    assert answer["current_A_m2"] == pytest.approx(CURRENT, rel=1e-10)
    assert answer["iterations"] == 42


def test_rounds_grow() -> None:
    sizes = [one.n**one.dim for one in THOROUGH if one.dim == 2]
    assert np.all(np.diff(sizes) > 0)
    assert max(one.n for one in QUICK) <= 200
