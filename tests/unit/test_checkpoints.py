"""When checkpoints are due, which are kept, and which one a run goes on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from solver import checkpoints
from solver.archive import ARRAYS, MANIFEST, ArchiveError
from solver.checkpoints import Cadence, Checkpoints, NoCheckpoints, load, newest, numbers
from solver.outputs import OutputError
from tests.unit.test_archive import files_of_at_most

COMM = MPI.COMM_WORLD


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a table of 100 bytes and two frames."""
    (tmp_path / "metrics.csv").write_text("x" * 99 + "\n")
    (tmp_path / "fields.pvd").write_text('<DataSet file="a"/>\n<DataSet file="b"/>\n')
    return tmp_path


def outputs(size: int = 50, frames: int = 1) -> dict[str, Any]:
    return {"tables": {"metrics.csv": size}, "frames": frames}


def write(run: Path, *steps: int, **kept: Any) -> Checkpoints:
    made = Checkpoints(run, COMM, Cadence(), "title = 'x'\n")
    for step in steps:
        made.write(step, 0.1 * step, outputs(**kept), {"step": step, "field": np.full(1000, float(step))})
    return made


def test_the_newest_two_stay(run: Path) -> None:
    write(run, 3, 7, 8, 12)
    assert numbers(run / checkpoints.FOLDER) == [3, 4]
    found = newest(run)
    assert (found.step, found.time, found.case) == (12, pytest.approx(1.2), "title = 'x'\n")
    assert not found.passed_over
    assert load(COMM, found.folder)["field"][0] == 12.0
    write(run, 20)
    assert numbers(run / checkpoints.FOLDER) == [4, 5]


@pytest.mark.parametrize("name", [ARRAYS, MANIFEST])
def test_a_damaged_one_is_passed_over_and_told_of(run: Path, name: str) -> None:
    write(run, 3, 7)
    path = newest(run).folder / name
    path.write_bytes(path.read_bytes()[:-20])
    found = newest(run)
    assert found.step == 3
    assert len(found.passed_over) == 1
    assert "000002 is passed over" in found.passed_over[0]


def test_one_whose_rows_are_gone_is_passed_over(run: Path) -> None:
    write(run, 3)
    write(run, 7, size=90)
    (run / "metrics.csv").write_text("x" * 60)
    found = newest(run)
    assert found.step == 3
    assert "metrics.csv of the run is shorter" in found.passed_over[0]
    (run / "fields.pvd").unlink()
    with pytest.raises(ArchiveError, match=r"no checkpoint that can be read.*fewer than it had"):
        newest(run)


def test_none_is_said(run: Path) -> None:
    with pytest.raises(ArchiveError, match="has no checkpoint to go on from"):
        newest(run)


def test_a_full_disk_is_said_and_what_was_there_stays(run: Path) -> None:
    made = write(run, 3, 7)
    with files_of_at_most(4000), pytest.raises(OutputError, match=r"checkpoint .*000003: File too large"):
        made.write(9, 0.9, outputs(), {"field": np.zeros(1000)})
    assert numbers(run / checkpoints.FOLDER) == [1, 2]
    assert newest(run).step == 7


def test_due_by_steps_and_by_the_clock(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    by_steps = Checkpoints(run, COMM, Cadence(600.0, 5), "", step=10)
    assert [by_steps.due(step) for step in (11, 14, 15)] == [False, False, True]
    by_steps.write(15, 0.0, outputs(), {})
    assert [by_steps.due(step) for step in (16, 19, 20)] == [False, False, True]
    by_time = Checkpoints(run, COMM, Cadence(600.0), "")
    assert not by_time.due(1000)
    now[0] += 601.0
    assert by_time.due(1001)
    by_time.write(1001, 0.0, outputs(), {})
    assert not by_time.due(1002)
    assert not NoCheckpoints().due(1000)
