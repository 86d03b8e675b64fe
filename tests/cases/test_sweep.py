"""Sweeps with the solver: tiny runs by a pool of workers, one of which is killed; the body of a job array."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.running import environment

SECOND = 'control.cycle={ current = "0.5 mA/cm^2", time = "1 s", cycles = 1 }'
CURRENTS = ",".join(f"{k / 10} mA/cm^2" for k in range(1, 7))
TINY = ["na_symmetric", "--set", SECOND, "--set", "output.frames=1"]
TWELVE = ["--vary", f"control.cycle.current={CURRENTS}", "--vary", "geometry.gap=10 um,20 um"]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cases", "sweep", *arguments]
    return subprocess.Popen(
        command, env=environment(), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def rows(sweep: Path) -> list[dict[str, str]]:
    with (sweep / "sweep.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def workers(sweep: Path) -> list[int]:
    """Processes that have started a run of this sweep: parents of the runs under way."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
            parent = (process / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if "run" in words and any(str(sweep) in word for word in words):
            found.append(int(parent))
    return found


@pytest.mark.slow
def test_twelve_runs_survive_the_kill_of_a_worker(tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    process = start(tmp_path, *TINY, *TWELVE, "--out", "s", "--workers", "2")
    killed = 0
    until = time.monotonic() + 120.0
    while not killed and time.monotonic() < until:
        for worker in workers(sweep)[:1]:
            os.kill(worker, signal.SIGKILL)
            killed = worker
        time.sleep(0.1)
    said, _ = process.communicate(timeout=600)
    assert killed, said
    assert process.returncode == 0, said
    assert "a worker died and took the others along" in said
    found = rows(sweep)
    assert [row["status"] for row in found] == ["done"] * 12
    for row in found:
        assert float(row["time_s"]) == pytest.approx(2.0)
        assert float(row["current_A_m2"]) == pytest.approx(float(row["control.cycle.current_A_m2"]))
    assert (sweep / "sweep.parquet").is_file()
    assert (sweep / "pictures" / "voltage_V.png").is_file()
    written = {file: file.stat().st_mtime_ns for file in sweep.glob("runs/*/summary.json")}
    again, _ = start(tmp_path, *TINY, *TWELVE, "--out", "s").communicate(timeout=600)
    assert "12 of them done before" in again
    assert written == {file: file.stat().st_mtime_ns for file in sweep.glob("runs/*/summary.json")}


@pytest.mark.slow
def test_a_run_whose_solver_gives_up_is_listed_and_runs_again(tmp_path: Path) -> None:
    """One of two currents is beyond what transport brings: the other run is done, the exit code tells."""
    bad = ["--vary", "control.cycle.current=500 mA/cm^2,0.5 mA/cm^2"]
    first = start(tmp_path, *TINY, *bad, "--out", "s")
    said, _ = first.communicate(timeout=600)
    assert first.returncode == 1, said
    assert "1 of 2 runs are done" in said
    assert [row["status"] for row in rows(tmp_path / "s")] == ["gave up", "done"]
    assert "gave up 0001: control.cycle.current = 500 mA/cm^2 (" in said
    assert "is used up" in said
    second = start(tmp_path, "s")
    said, _ = second.communicate(timeout=600)
    assert second.returncode == 1
    assert "2 runs of na_symmetric, 1 of them done before" in said


@pytest.mark.slow
def test_the_body_of_a_job_array_runs_one_run(tmp_path: Path) -> None:
    script = tmp_path / "s" / "array.sh"
    said, _ = start(tmp_path, *TINY, *TWELVE, "--out", "s", "--slurm").communicate(timeout=600)
    assert script.is_file(), said
    program = tmp_path / "tertia"  # stands for the launcher, which is not there inside its own environment
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cases "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    body = script.read_text(encoding="utf-8").splitlines()
    command = next(line for line in body if line.startswith("exec ")).split(" ", 2)
    text = "\n".join(["#!/bin/sh", f"exec {program} {command[2]}"])
    environ = {**environment(), "SLURM_ARRAY_TASK_ID": "7"}
    done = subprocess.run(["sh", "-c", text], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in sorted((tmp_path / "s" / "runs").iterdir())] == ["0007"]
    done = subprocess.run(
        ["sh", "-c", text],
        env={**environ, "SLURM_ARRAY_TASK_ID": "13"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "expected at most 12" in done.stderr
    start(tmp_path, "s", "--collect").communicate(timeout=600)
    assert [row["status"] for row in rows(tmp_path / "s")] == ["not run"] * 6 + ["done"] + ["not run"] * 5
