"""The command line, with the solver and the pictures replaced by stand-ins."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mpi4py import MPI

from cases import folders
from cases.cli import main
from cases.dump import dump
from cases.errors import CaseError
from cases.live import Live
from cases.loader import load
from cases.schema import Case
from solver.checkpoints import Cadence, Checkpoints


class RunError(Exception):
    """Stands for that of postprocess."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Replace solver and postprocess; what they are called with. A case called "gives up" returns 3."""
    made: list[tuple[Any, ...]] = []

    def run_case(
        case: Case, source: Path, out: Path, *, max_steps: int | None, quiet: bool, resume: Any
    ) -> int:
        made.append(("run", case, source, out, max_steps, quiet))
        if resume is not None:
            made.append(("resume", resume.step, resume.folder))
        if case.title == "is interrupted":
            raise KeyboardInterrupt
        (out / "metrics.csv").touch()
        return 3 if case.title == "gives up" else 0

    def mesh_case(case: Case, target: Path) -> str:
        target.touch()
        return f"{target}: a mesh"

    def plot(run: Path) -> list[Path]:
        made.append(("plot", run))
        if run.name == "broken":
            raise RunError("broken cannot be read")
        return [run / "front.png"]

    def compare(runs: list[Path], out: Path | None) -> list[Path]:
        made.append(("compare", runs, out))
        return [Path("compare.png")]

    stand_ins: dict[str, dict[str, Any]] = {
        "cases.build": {"run_case": run_case, "mesh_case": mesh_case},
        "cases.doctor": {"report": lambda json: 0},
        "postprocess.run": {"RunError": RunError},
        "postprocess.pictures": {"plot": plot},
        "postprocess.compare": {"compare": compare},
    }
    for name, content in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return made


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_run_names_folder_and_pictures(
    calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "na3sb_ni", "--set", "mesh.refine=2", "--steps", "3", "--quiet"]) == 0
    _, case, source, out, max_steps, quiet = calls[0]
    assert case.mesh.refine == 2
    assert source.name == "na3sb_ni.toml"
    assert (out, max_steps, quiet) == (Path("runs/na3sb_ni"), 3, True)
    assert calls[1] == ("plot", out)
    assert "picture: runs/na3sb_ni/front.png" in capsys.readouterr().out


def test_runs_never_overwrite(calls: list[tuple[Any, ...]]) -> None:
    assert [main(["run", "bare_ni"]) for _ in range(3)] == [0, 0, 0]
    assert [call[3].name for call in calls if call[0] == "run"] == ["bare_ni", "bare_ni-2", "bare_ni-3"]
    Path("runs/bare_ni-2/case.toml").write_text(dump(load("bare_ni")), encoding="utf-8")
    assert main(["run", "runs/bare_ni-2"]) == 0
    assert calls[-2][3].name == "bare_ni-4"


def test_resume_takes_the_newest_run_or_the_folder_named(
    calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "bare_ni", "--resume"]) == 2
    assert errors(capsys) == [
        "error: --resume: there is no run of bare_ni in runs/; name its folder with --out"
    ]
    assert [main(["run", "bare_ni"]) for _ in range(2)] == [0, 0]
    capsys.readouterr()
    assert main(["run", "bare_ni", "--resume"]) == 2
    assert errors(capsys) == ["error: --resume: runs/bare_ni-2 has no checkpoint to go on from"]
    for step, name in ((5, "bare_ni"), (8, "bare_ni-2")):
        (Path("runs") / name / "case.toml").write_text(dump(load("bare_ni")), encoding="utf-8")
        made = Checkpoints(Path("runs") / name, MPI.COMM_SELF, Cadence(), dump(load("bare_ni")))
        made.write(step, 0.1, {"tables": {}, "frames": 0}, {})
    calls.clear()
    ways = (["bare_ni"], ["bare_ni", "--out", "runs/bare_ni"], ["runs/bare_ni"])
    assert [main(["run", *way, "--resume"]) for way in ways] == [0, 0, 0]
    assert [call[1] for call in calls if call[0] == "resume"] == [8, 5, 5]
    assert main(["run", "bare_ni", "--resume", "--set", "mesh.refine=2"]) == 2
    assert "error: --resume: mesh.refine is 2.0, in the run it was 1.0" in errors(capsys)
    assert main(["run", "bare_ni", "--resume", "--set", "stop.time=9 s"]) == 0


def test_out_must_be_new_or_empty(
    calls: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "bare_ni", "--out", "a/b"]) == 0
    assert main(["run", "bare_ni", "--out", "a/b"]) == 2
    assert errors(capsys) == ["error: --out a/b: holds files already; choose another folder"]


def test_out_that_cannot_be_written(calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert main(["run", "bare_ni", "--out", "file/run"]) == 2
    assert errors(capsys) == ["error: file/run: cannot be written to: Not a directory"]
    Path("runs").touch()
    assert main(["run", "bare_ni"]) == 2
    assert len(errors(capsys)) == 1
    assert not calls


def test_solver_that_gives_up_still_gets_pictures(calls: list[tuple[Any, ...]]) -> None:
    assert main(["run", "bare_ni", "--set", "title=gives up"]) == 3
    assert calls[-1][0] == "plot"


def test_run_without_output_has_no_pictures(
    calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "bare_ni", "--out", "broken"]) == 0
    assert errors(capsys) == ["error: broken cannot be read"]


def test_interrupted(calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "bare_ni", "--set", "title=is interrupted"]) == 130
    assert errors(capsys) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "na3sb"], 'error: "na3sb" is neither a file nor a shipped case; did you mean "na3sb_ni"?'),
        (
            ["check", "bare_ni", "--set", "geometry.gap=10 s"],
            'error: geometry.gap = "10 s": this is a time, expected a length such as "10 um"',
        ),
        (["plot", "nothing"], "error: there is no run nothing; runs here: none yet"),
        (["compare", "one"], "error: compare: 1 run is given, expected two or more"),
        (["test"], "error: tests are run by the launcher in a checkout: ./tertia test"),
        (
            ["run", "bare_ni", "-n", "3"],
            "error: -n 3: use ./tertia, or mpirun -n 3 python3 -m mpi4py -m cases run",
        ),
        (["mesh", "bare_ni", "--out", "x.txt"], "error: --out x.txt: expected a file that ends in .vtu"),
        (
            ["mesh", "bare_ni", "--out", "no/x.vtu"],
            "error: no/x.vtu: cannot be written: No such file or directory",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(arguments) == 2
    assert errors(capsys) == [sentence]


@pytest.mark.parametrize(
    "arguments", [["run"], ["fly"], ["run", "bare_ni", "--steps", "0"], ["run", "--what"]]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Error" in capsys.readouterr().err


def test_other_ranks_keep_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    assert main(["check", "nothing"]) == 2
    assert main(["fly"]) == 2
    assert capsys.readouterr().err == ""


def test_cases_lists_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases"]) == 0
    listed = capsys.readouterr().out
    assert "bare_ni" in listed
    assert "na3sb_ni" in listed
    assert main(["cases", "bare_ni"]) == 0
    Path("mine.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["check", "mine.toml"]) == 0
    assert "assumptions" in capsys.readouterr().out


def test_check_writes_a_case_that_loads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bare_ni", "--toml", "--set", "mesh.refine=2"]) == 0
    Path("full.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["check", "full.toml", "--toml"]) == 0
    assert "refine = 2.0" in capsys.readouterr().out


def test_mesh_writes_beside(calls: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", "bare_ni"]) == 0
    assert Path("bare_ni_mesh.vtu").is_file()


def test_plot_and_compare_take_names_of_cases(calls: list[tuple[Any, ...]]) -> None:
    for case in ("bare_ni", "bare_ni", "na3sb_ni"):
        assert main(["run", case]) == 0
    calls.clear()
    assert main(["compare", "bare_ni", "runs/na3sb_ni", "--out", "x.png"]) == 0
    assert main(["plot", "bare_ni", "runs/bare_ni"]) == 0
    newest, oldest, coated = Path("runs/bare_ni-2"), Path("runs/bare_ni"), Path("runs/na3sb_ni")
    assert calls == [("compare", [newest, coated], Path("x.png")), ("plot", newest), ("plot", oldest)]


def test_run_is_found_by_name_or_suggested(calls: list[tuple[Any, ...]]) -> None:
    assert main(["run", "bare_ni"]) == 0
    with pytest.raises(CaseError, match='did you mean "bare_ni"'):
        folders.find("bareni")
    Path("runs/empty").mkdir()
    with pytest.raises(CaseError, match=r"has no metrics\.csv"):
        folders.find("empty")


def test_quick_commands_do_not_import_the_solver() -> None:
    program = (
        "import sys; from cases.cli import main\n"
        "codes = [main(['--help']), main(['cases']), main(['check', 'na3sb_ni']), main(['--version'])]\n"
        "heavy = {'dolfinx', 'mpi4py', 'petsc4py', 'gmsh', 'matplotlib', 'pyvista'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy or any(codes) else 0)"
    )
    there = {**os.environ, "PYTHONPATH": str(Path(folders.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=there, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "tertia 0" in done.stdout


def test_progress_bar_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = io.StringIO()
    with Live(tmp_path / "log.txt", stream=screen) as live:
        live.start("A needle", "8 um tip height")
        live.update(0.25, {"time_s": 1.25})
        live.message("an island merged")
    assert "━" in screen.getvalue()
    assert "\x1b" not in (tmp_path / "log.txt").read_text(encoding="utf-8")
