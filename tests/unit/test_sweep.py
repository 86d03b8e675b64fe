"""Sweeps without the solver: what is varied, the plan and its folder, single attempts, table, job array."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.cli import main
from cases.errors import CaseError
from cases.loader import load
from cases.sweep import attempt, engine, plan, slurm, table
from cases.sweep.axes import Range, Values, lab_unit, locate, parse, points
from cases.sweep.plan import Plan, Sweep, suffix
from cases.units import CURRENT_DENSITY, LENGTH

PITCH, VOLTAGE = "geometry.islands.pitch=60 nm,80 nm", 'control.voltage="-0.1 V","-0.05 V"'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def planned(*vary: str, case: str = "na3sb_ni", **more: Any) -> Plan:
    return plan.make(case, (), vary, more.get("samples"), more.get("seed", 0))[0]


def placed(*vary: str, out: str = "s") -> Sweep:
    made, files = plan.make("na3sb_ni", (), vary, None, 0)
    return plan.place(made, files, Path(out))[0]


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("mesh.refine=1,2", Values("mesh.refine", ("1", "2"))),
        ("mesh.refine = 1 , 2", Values("mesh.refine", ("1", "2"))),
        ('title="a, b",c', Values("title", ('"a, b"', "c"))),
        ("geometry.gap=10 um..20 um", Range("geometry.gap", "10 um", "20 um")),
        ("geometry.gap=10 um .. 20 um log", Range("geometry.gap", "10 um", "20 um", log=True)),
    ],
)
def test_vary_is_read(text: str, axis: Values | Range) -> None:
    assert parse(text) == axis


@pytest.mark.parametrize("text", ["", "x", "x=", "=1,2", "x=1,,2", "x=1,1", "x=..2", "x=1..2..3", "x=1,2\n"])
def test_vary_that_cannot_be_read(text: str) -> None:
    with pytest.raises(CaseError, match="--vary"):
        parse(text)


def test_a_key_is_found_with_its_unit_wherever_it_lies() -> None:
    case = load("na3sb_ni")
    gap, charge = locate(case, "geometry.gap"), locate(case, "electrolyte.species.Na.charge")
    assert gap is not None
    assert gap.dimension == LENGTH
    assert gap.value == pytest.approx(10e-6)
    assert charge is not None
    assert charge.whole
    assert charge.dimension is None
    depth = locate(case, "geometry.depth")  # not given, but known
    assert depth is not None
    assert depth.dimension == LENGTH
    assert locate(case, "geometry.gaps") is None
    assert locate(case, "geometry.gap.x") is None
    law = locate(load("na_symmetric"), "reactions.deposition.exchange_current_density")
    assert law is not None
    assert law.dimension == CURRENT_DENSITY


def test_a_grid_is_all_combinations() -> None:
    made = planned(PITCH, VOLTAGE)
    assert [point.texts for point in made.points] == list(
        product(("60 nm", "80 nm"), ('"-0.1 V"', '"-0.05 V"'))
    )
    assert made.points[0].numbers == (6e-8, -0.1)
    assert made.points[0].lab == (60.0, -0.1)
    assert [key.columns for key in made.keys] == [
        ("geometry.islands.pitch_m", "geometry.islands.pitch_nm"),
        ("control.voltage_V",),
    ]


def test_a_latin_hypercube_has_one_sample_in_every_stratum() -> None:
    case, n = load("bare_ni"), 16
    axes = [
        parse("geometry.gap=10 um..26 um"),
        parse("kinetics.exchange_current_density=1 A/m^2..1e4 A/m^2 log"),
    ]
    texts = points(axes, case, n, seed=3)
    loaded = [load("bare_ni", [f"{a.key}={t}" for a, t in zip(axes, row, strict=True)]) for row in texts]
    gaps = np.array([c.geometry.gap for c in loaded])  # type: ignore[union-attr]
    currents = np.array([c.kinetics.exchange_current_density for c in loaded])  # type: ignore[union-attr]
    assert sorted(((gaps - 10e-6) / 1e-6).astype(int)) == list(range(n))
    assert sorted((np.log10(currents) * n / 4).astype(int)) == list(range(n))
    assert points(axes, case, n, seed=3) == texts
    assert points(axes, case, n, seed=4) != texts
    both = points([parse("mesh.refine=1,2"), axes[0]], case, n, seed=3)
    assert [row[0] for row in both] == ["1"] * n + ["2"] * n


def test_whole_numbers_are_sampled_evenly() -> None:
    texts = points([parse("output.frames=1..4")], load("bare_ni"), 8, seed=0)
    assert sorted(int(text) for (text,) in texts) == [1, 1, 2, 2, 3, 3, 4, 4]


MANY = ",".join(map(str, range(1, 102)))


@pytest.mark.parametrize(
    ("vary", "samples", "sentence"),
    [
        (
            "geometry.widht=1 um,2 um",
            0,
            '--vary geometry.widht: geometry.widht: unknown key, did you mean "width"?',
        ),
        (
            "geometry.gap=10 um,3 s",
            0,
            '--vary geometry.gap: geometry.gap = "3 s": this is a time, expected a length such as "10 um"',
        ),
        ("geometry.gap=10 um..20 um", 0, "--vary geometry.gap: a range needs --samples N"),
        ("mesh.refine=1,2", 5, "--samples: is for ranges, expected --vary KEY=LOW..HIGH"),
        ("mesh.refine=1,2;mesh.refine=3,4", 0, "--vary mesh.refine: given twice"),
        ("mesh.refine=2..1", 4, '--vary mesh.refine: expected the lower end first, got "2..1"'),
        (
            "geometry.gap=1..2 um",
            4,
            '--vary geometry.gap: "1": the unit is missing, expected a length such as "10 um"',
        ),
        (
            "control.voltage=-1 V..1 V log",
            4,
            "--vary control.voltage: the logarithm of a range needs ends of more than 0",
        ),
        ("no.key=1..2", 4, "--vary no.key: the case has no such key; a range needs one that it knows"),
        ("", 0, 'sweep: expected at least one --vary, such as --vary mesh.refine="1,2"'),
        (
            f"solver.newton_max_it={MANY};output.frames={MANY}",
            0,
            "sweep: these are 10201 runs, expected at most 10000",
        ),
    ],
)
def test_bad_sweeps_are_one_sentence(
    vary: str, samples: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [word for text in vary.split(";") if text for word in ("--vary", text)]
    arguments += ["--samples", str(samples)] if samples else []
    assert main(["sweep", "bare_ni", *arguments, "--collect"]) == 2
    assert capsys.readouterr().err.splitlines() == [f"error: {sentence}"]
    assert not Path("sweeps").exists()


def test_combinations_that_contradict_are_refused_and_the_others_kept() -> None:
    made = planned("geometry.islands.pitch=60 nm,80 nm", "geometry.islands.width=30 nm,70 nm")
    assert made.runnable() == [1, 3, 4]
    assert "or the islands overlap" in made.points[1].refused[0]


def test_every_run_has_its_case_complete() -> None:
    sweep = placed(PITCH)
    assert load(sweep.case(1)) == load("na3sb_ni", ["geometry.islands.pitch=60 nm"])
    assert plan.read(sweep.folder) == sweep


def test_the_same_plan_continues_and_another_gets_its_own_folder() -> None:
    def place(vary: str, out: Path | None = None) -> tuple[Path, bool]:
        sweep, continued = plan.place(*plan.make("na3sb_ni", (), [vary], None, 0), out)
        return sweep.folder, continued

    assert place(PITCH) == (Path("sweeps/na3sb_ni"), False)
    assert place(PITCH) == (Path("sweeps/na3sb_ni"), True)
    assert place("mesh.refine=1,2") == (Path("sweeps/na3sb_ni-2"), False)
    assert place(PITCH, Path("mine")) == (Path("mine"), False)
    assert place(PITCH, Path("mine")) == (Path("mine"), True)
    with pytest.raises(CaseError, match="holds another sweep"):
        place("mesh.refine=1,2", Path("mine"))
    Path("full").mkdir()
    Path("full/x").touch()
    with pytest.raises(CaseError, match="holds files already"):
        place(PITCH, Path("full"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 2}', "\0"])
def test_a_damaged_plan_is_one_sentence(text: str) -> None:
    Path("sweep.json").write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=r"sweep\.json"):
        plan.read(Path())


RUN = """
import json, os, signal, sys
from pathlib import Path
out, what, resumed = Path(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["--resume"]
if resumed and what == "is damaged":
    print("error: no checkpoint"); sys.exit(2)
out.mkdir(parents=True, exist_ok=resumed)
if what == "is cut":
    (out / "checkpoints" / "000001").mkdir(parents=True); os.kill(os.getpid(), signal.SIGKILL)
if what == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
if what == "fails":
    print("error: it cannot be"); sys.exit(2)
code = {"gives up": 3, "interrupted": 130}.get(what, 0)
summary = {"title": "t", "resumed": resumed, "stop_reason": what, "exit_code": code, "verdict": "flat",
           "tip_height_um": 1.5,
           "short_circuit": None, "segments": [1]}
(out / "summary.json").write_text(json.dumps(summary)); sys.exit(code)
"""


@pytest.fixture
def behaviour(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """What the stand-in for each run does; "done" unless said."""
    found: dict[int, str] = {}

    def command(sweep: Sweep, number: int, ranks: int) -> list[str]:
        return [sys.executable, "-c", RUN, str(sweep.run(number)), found.get(number, "done")]

    monkeypatch.setattr(attempt, "_command", command)
    return found


def test_every_way_to_end_has_its_status_and_runs_again_unless_done(behaviour: dict[int, str]) -> None:
    sweep = placed(PITCH, "mesh.refine=1,2,3")
    behaviour.update({2: "dies", 3: "fails", 4: "gives up", 5: "interrupted"})
    for number in range(1, 6):
        attempt.run(str(sweep.folder), number, 1, "first")
    found = [attempt.outcome(sweep, number) for number in range(1, 7)]
    assert [o.status for o in found] == ["done", "killed", "failed", "gave up", "interrupted", "not run"]
    assert [o.message for o in found] == [
        "",
        "ended by SIGKILL",
        "it cannot be",
        "gives up",
        "interrupted",
        "",
    ]
    assert engine.left(sweep) == [2, 3, 4, 5, 6]
    behaviour.clear()
    first = attempt.last_attempt(sweep, 1)
    for number in range(1, 7):
        attempt.run(str(sweep.folder), number, 1, "second")
    assert engine.left(sweep) == []
    assert attempt.last_attempt(sweep, 1) == first  # what is done is not touched


def test_a_run_that_was_cut_goes_on_from_its_checkpoint_if_that_can_be_read(
    behaviour: dict[int, str],
) -> None:
    sweep = placed(PITCH)
    for number, then in ((1, "done"), (2, "is damaged")):
        behaviour[number] = "is cut"
        attempt.run(str(sweep.folder), number, 1, "first")
        assert attempt.outcome(sweep, number).status == "killed"
        behaviour[number] = then
        attempt.run(str(sweep.folder), number, 1, "second")
        assert attempt.outcome(sweep, number).status == "done"
        summary = json.loads((sweep.run(number) / "summary.json").read_text(encoding="utf-8"))
        assert summary["resumed"] == (then == "done")


def test_a_run_that_is_locked_is_left_alone(
    behaviour: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = placed(PITCH)
    monkeypatch.setattr(attempt, "PATIENCE", 0.0)
    with attempt._lock(sweep, 1) as lock:
        assert lock is not None
        assert attempt.outcome(sweep, 1).status == "running"
        attempt.run(str(sweep.folder), 1, 1, "other")
        assert not sweep.run(1).exists()
    assert attempt.outcome(sweep, 1).status == "not run"


def test_a_run_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\nfrom cases.sweep.attempt import _end_with_parent\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=_end_with_parent, stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=attempt.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    status = Path(f"/proc/{done.stdout.strip()}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail("the run goes on without its worker")


def test_the_table_has_units_status_and_the_summary(behaviour: dict[int, str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    sweep = placed("geometry.islands.pitch=60 nm,80 nm", "geometry.islands.width=30 nm,70 nm")
    behaviour[3] = "dies"
    for number in sweep.plan.runnable():
        attempt.run(str(sweep.folder), number, 1, "s")
    csv_file, parquet_file = table.write(sweep)
    with csv_file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["done", "refused", "killed", "done"]
    assert "islands overlap" in rows[1]["message"]
    assert rows[0]["geometry.islands.pitch_m"] == "6e-08"
    assert rows[0]["geometry.islands.pitch_nm"] == "60.0"
    assert (rows[0]["verdict"], rows[0]["tip_height_um"], rows[2]["tip_height_um"]) == ("flat", "1.5", "")
    assert not {"title", "segments"} & set(rows[0])
    read = parquet.read_table(parquet_file).to_pylist()
    assert [row["status"] for row in read] == [row["status"] for row in rows]
    assert read[3]["geometry.islands.pitch_m"] == 8e-8
    assert read[2]["tip_height_um"] is None
    json.dumps(read)


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("mA/cm^2", "mA_cm2"),
        ("1/s", "per_s"),
        ("A/(m^2 K^2)", "A_m2_K2"),
        ("um", "um"),
        ("cm^2/(V s)", "cm2_V_s"),
    ],
)
def test_units_in_names_of_columns(unit: str, name: str) -> None:
    assert suffix(unit) == name


def test_one_lab_unit_for_all_values() -> None:
    assert lab_unit([4e-8, 6e-8], LENGTH) == "nm"
    assert lab_unit([4e-8, 6e-6], LENGTH) == "um"
    assert lab_unit([0.0], LENGTH) == "nm"


def test_ranges_of_a_job_array() -> None:
    assert slurm.ranges([9, 1, 2, 3, 7, 10]) == "1-3,7,9-10"


def test_the_script_of_a_job_array_runs_what_is_left(
    behaviour: dict[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["sweep", "na3sb_ni", "--vary", PITCH, "--vary", "mesh.refine=1,2", "--slurm", "-w", "3"]) == 0
    )
    script = Path("sweeps/na3sb_ni/array.sh")
    assert "#SBATCH --array=1-4%3" in script.read_text(encoding="utf-8")
    assert main(["sweep", "sweeps/na3sb_ni", "--point", "2"]) == 0
    behaviour[3] = "dies"
    assert main(["sweep", "sweeps/na3sb_ni", "--point", "3"]) == 1
    assert main(["sweep", "sweeps/na3sb_ni", "--slurm"]) == 0
    assert "#SBATCH --array=1,3-4\n" in script.read_text(encoding="utf-8")
    assert main(["sweep", "sweeps/na3sb_ni", "--point", "5"]) == 2
    assert "--point 5: expected at most 4" in capsys.readouterr().err


def test_a_sweep_has_its_own_plan(capsys: pytest.CaptureFixture[str]) -> None:
    placed(PITCH)
    assert main(["sweep", "s", "--vary", "mesh.refine=1,2"]) == 2
    assert "is a sweep with its own plan" in capsys.readouterr().err
