"""A run in two parts is the run in one: every engine, through remeshings, floating deposits and pulses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cases import loader, resuming
from cases.errors import CaseError
from tests.cases.resuming import assert_same, frames, part, rows
from tests.cases.test_nonlinear_cases import SMALL as NONLINEAR
from tests.running import SMALL_APEX, SMALL_ISLANDS, command, environment

SPREAD = [*SMALL_APEX, "--set", "growth.method=phase_field", "--set", "growth.interface_width=40 nm"]
PULSES = [
    "na_symmetric",
    "--set", "control={ pulse = { current = '-0.5 mA/cm^2', on = '2 s', off = '1 s', count = 20 } }",
    "--set", "assumptions={}",
    "--set", "stop.time=40 s",
    "--set", "output.frames=4",
]  # fmt: skip
BOTH = [
    "na_symmetric_moving",
    "--set", "mesh.front_size=1 um",
    "--set", "mesh.front_size_min=0.5 um",
    "--set", "control={ cycle = { current = '5 mA/cm^2', time = '20 s', cycles = 2, first = 'strip' } }",
    "--set", "assumptions={}",
]  # fmt: skip
NUCLEUS = ["nucleus_3d", "--set", "mesh.remesh_every=4"]
SAME = 1e-8
"""Of the largest value of a column. Equations are solved to 1e-10; factors of matrices are made anew."""


@pytest.mark.parametrize(
    ("case", "steps"),
    [
        pytest.param(SMALL_ISLANDS, (20, 45, 56), id="floating islands that join, and a remeshing"),
        pytest.param(BOTH, (8, 21, 34), id="both electrodes move, in a program"),
        pytest.param(PULSES, (30, 80, 160), id="pulses in a fixed cell"),
        pytest.param(SPREAD, (9, 20, 26), id="a phase field on meshes that follow", marks=pytest.mark.slow),
        pytest.param(
            ["lithium_dendrite_nonlinear", *(part for key in NONLINEAR for part in ("--set", key))],
            (4, 7, 10),
            id="the nonlinear phase field",
            marks=pytest.mark.slow,
        ),
        pytest.param(NUCLEUS, (5, 9, 12), id="shells in space", marks=pytest.mark.slow),
    ],
)
def test_a_run_in_three_parts_is_the_run_in_one(
    tmp_path: Path, case: list[str], steps: tuple[int, int, int]
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert part(whole, case, steps[-1]) == 0
    for number, until in enumerate(steps):
        assert part(parts, case, until, resume=number > 0) == 0
    assert_same(whole, parts, SAME)
    provenance = json.loads((parts / "provenance.json").read_text(encoding="utf-8"))
    assert [one["from_step"] for one in provenance["resumed"]] == list(steps[:-1])


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 steps of pulses, with checkpoints at 24 and 40 steps."""
    out = tmp_path_factory.mktemp("runs") / "begun"
    assert part(out, [*PULSES, "--set", "output.checkpoint_steps=24"], 40) == 0
    return out


def copied(begun: Path, to: Path) -> Path:
    """The same run folder elsewhere."""
    subprocess.run(["cp", "-r", str(begun), str(to)], check=True)
    return to


def test_a_damaged_checkpoint_is_passed_over(begun: Path, tmp_path: Path) -> None:
    out = copied(begun, tmp_path / "run")
    newest = sorted((out / "checkpoints").iterdir())[-1]
    arrays = newest / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:1000])
    assert resuming.find(out, loader.load("na_symmetric", PULSES[2::2])).step == 24
    assert part(out, PULSES, 60, resume=True) == 0
    assert f"checkpoint {newest} is passed over: arrays.npz is damaged" in (out / "log.txt").read_text()
    assert part(tmp_path / "whole", PULSES, 60) == 0
    assert_same(tmp_path / "whole", out, SAME)


def test_a_run_goes_on_beyond_its_end(begun: Path, tmp_path: Path) -> None:
    out = copied(begun, tmp_path / "run")
    further = [*PULSES, "--set", "stop.time=50 s", "--set", "output.frames=6"]
    assert part(out, further, None, resume=True) == 0
    assert json.loads((out / "summary.json").read_text())["time_s"] == pytest.approx(50.0)
    assert loader.load(out / "case.toml").stop.time == 50.0
    before = (out / "metrics.csv").read_bytes(), frames(out)
    assert part(out, further, None, resume=True) == 0
    assert "nothing is left to do: time" in (out / "log.txt").read_text()
    assert ((out / "metrics.csv").read_bytes(), frames(out)) == before


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("electrolyte.temperature", "273.15 K", 'is "273.15 K", in the run it was "298.15 K"'),
        ("time.order", "1", "time.order is 1, in the run it was 2"),
        ("mesh.size", "1 um", 'mesh.size is "1000 nm", in the run it was not set'),
    ],
)
def test_a_case_that_has_changed_is_refused(begun: Path, key: str, value: str, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        resuming.find(begun, loader.load("na_symmetric", [*PULSES[2::2], f"{key}={value}"]))


def test_without_a_checkpoint_nothing_is_begun(begun: Path, tmp_path: Path) -> None:
    case = loader.load("na_symmetric", PULSES[2::2])
    with pytest.raises(CaseError, match="has no checkpoint to go on from"):
        resuming.find(tmp_path, case)
    out = copied(begun, tmp_path / "run")
    for folder in (out / "checkpoints").iterdir():
        (folder / "state.json").write_text("{}")
    with pytest.raises(CaseError, match=r"no checkpoint that can be read.*state\.json is damaged"):
        resuming.find(out, case)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    done = cli(tmp_path, ["na_symmetric", "--resume"])
    assert done.returncode == 2
    assert "there is no run of na_symmetric in runs/" in done.stderr


@pytest.mark.slow
def test_killed_at_any_time_it_loses_no_more_than_the_cadence(tmp_path: Path) -> None:
    """SIGKILL after ever more rows; the last part goes to the end."""
    case, every, until = [*PULSES, "--set", "output.checkpoint_steps=7"], 7, 120
    out = tmp_path / "killed"
    for target in (19, 45, 77):
        arguments = ["run", *case, "--steps", str(until), "--quiet", "--out", str(out)]
        arguments += ["--resume"] if out.exists() else []
        running = subprocess.Popen(command(arguments), env=environment(), cwd=tmp_path)
        while running.poll() is None and lines(out) < target:
            pass
        running.kill()
        assert running.wait() == -9
        made = int(rows(out)["time_s"].size) if lines(out) > 1 else 0
        found = resuming.find(out, loader.load("na_symmetric", case[2::2]))
        instants = int((rows(out)["order"] == 0).sum())
        assert made - instants - found.step <= every + 1
    assert part(out, case, until, resume=True) == 0
    assert part(tmp_path / "whole", case, until) == 0
    assert_same(tmp_path / "whole", out, SAME)


def test_a_full_disk_ends_the_run_and_what_was_there_serves(begun: Path, tmp_path: Path) -> None:
    """No file can grow beyond what the tables need: too little for the next checkpoint."""
    out = copied(begun, tmp_path / "full")
    size = (out / "metrics.csv").stat().st_size + 4000
    assert size < next((out / "checkpoints").glob("*/arrays.npz")).stat().st_size
    known = sorted(path.name for path in (out / "checkpoints").iterdir())
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); "
    start = "import runpy; runpy.run_module('cases', run_name='__main__')"
    arguments = [
        *PULSES,
        "--set",
        "output.checkpoint_steps=5",
        "--resume",
        "--steps",
        "60",
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [sys.executable, "-c", limited + start, "run", *arguments, "--out", str(out)],
        env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=300.0, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert "File too large" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert sorted(path.name for path in (out / "checkpoints").iterdir()) == known
    assert part(out, PULSES, 60, resume=True) == 0
    assert part(tmp_path / "whole", PULSES, 60) == 0
    assert_same(tmp_path / "whole", out, SAME)


def lines(out: Path) -> int:
    """Of metrics.csv so far."""
    try:
        return (out / "metrics.csv").read_bytes().count(b"\n")
    except OSError:
        return 0


def cli(cwd: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """The command line in a folder."""
    return subprocess.run(
        command(["run", *arguments]), env=environment() | {"COLUMNS": "200"}, cwd=cwd,
        capture_output=True, text=True, timeout=300.0, check=False,
    )  # fmt: skip
