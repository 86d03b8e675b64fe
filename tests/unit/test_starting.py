"""`tertia new`, `schema`, `completion`, and what commands say to programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from cases import completing, folders, machine
from cases.cli import main
from cases.loader import load, shipped


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["na3sb_ni", "hull_cell"])
def test_a_new_case_has_the_comments_and_values_of_the_old(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "mine", "--from", name]) == 0
    assert "tertia run mine.toml" in capsys.readouterr().out
    text, old = Path("mine.toml").read_text(encoding="utf-8"), shipped()[name].read_text(encoding="utf-8")
    kept = [line for line in old.splitlines() if not line.startswith("title")]
    assert all(line in text.splitlines() for line in kept)
    made = load("mine.toml")
    assert made.title == f"mine, begun from {name}"
    assert made == load(name).model_copy(update={"title": made.title})


def test_a_new_case_with_a_title_and_a_schema_that_it_fits() -> None:
    assert main(["new", "mine.toml", "--title", 'a "b" \\ c\x7f', "--schema"]) == 0
    assert Path("mine.toml").read_text(encoding="utf-8").startswith("#:schema ./tertia.schema.json\n")
    assert load("mine.toml").title == 'a "b" \\ c\x7f'
    schema = json.loads(Path("tertia.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mine", "--from", "nothing"], 'error: "nothing" is neither a file nor a shipped case; '),
        (["../", "--from", "bare_ni"], 'error: "../": expected a name of letters, digits, _ . + and -'),
        (["there"], "error: there.toml: exists already; choose another name"),
        (["no/where"], "error: no/where.toml: cannot be written: No such file or directory"),
        (["mine", "--from", "odd.toml"], "error: odd.toml: its title is not one line"),
    ],
)
def test_a_case_that_cannot_begin(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("there.toml").touch()
    text = shipped()["bare_ni"].read_text(encoding="utf-8")
    Path("odd.toml").write_text(
        text.replace("[geometry]", '[assumptions.x]\ntitle = "y"\n[geometry]'), "utf-8"
    )
    odd = text.replace("title = ", '"title" = ', 1).replace("[metal]\n", "[metal]\n# x\n")
    Path("odd.toml").write_text(odd + '\n"title" = """\ntitle = 1\n"""\n', encoding="utf-8")
    assert main(["new", *arguments]) == 2
    assert capsys.readouterr().err.startswith(sentence)
    assert not Path("mine.toml").exists()


def complete(line: str) -> list[str]:
    """What bash gets for a line; the last word is the incomplete one."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), completing.VARIABLE: "complete_bash"}
    there = {**os.environ, **asked, "PYTHONPATH": str(Path(folders.__file__).parent.parent)}
    command = [sys.executable, "-m", "cases"]
    return subprocess.run(command, env=there, capture_output=True, text=True, check=True).stdout.split()


def test_commands_cases_files_runs_and_keys_are_completed() -> None:
    Path("mine.toml").write_text(shipped()["bare_ni"].read_text(encoding="utf-8"), encoding="utf-8")
    Path("runs/try").mkdir(parents=True)
    Path("runs/try/metrics.csv").touch()
    assert complete("tertia sta") == ["stability"]
    assert complete("tertia run na3sb_n") == ["na3sb_ni"]
    assert complete("tertia check mi") == ["mine.toml"]
    assert complete("tertia plot tr") == ["try"]
    assert complete("tertia run mine.toml --set stop.t") == ["stop.time=", "stop.tip_height="]
    assert complete("tertia run --resu") == ["--resume"]


def test_the_script_of_bash_asks_the_program_at_the_beginning_of_the_line(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    program = tmp_path / "tertia"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cases "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = f"""{completing.SCRIPTS["bash"]}
COMP_WORDS=({program} che); COMP_CWORD=1; _tertia_completion 2>/dev/null; echo "${{COMPREPLY[@]}}"
complete -p tertia
"""
    there = {**os.environ, "PYTHONPATH": str(Path(folders.__file__).parent.parent)}
    done = subprocess.run([bash, "-c", script], env=there, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["check", "complete -o default -F _tertia_completion tertia"]


def test_check_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bare_ni", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["valid"]
    assert found["case"]["geometry"]["gap"] == "10 um"
    assert found["derived"]["limiting current"] == ["698.8 mA/cm^2"]  # 4 F D c/L
    assert main(["check", "bare_ni", "--json", "--set", "geometry.gap=1 s"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == ['geometry.gap = "1 s": this is a time, expected a length such as "10 um"']


def test_cases_speak_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "--json"]) == 0
    found = {case["name"]: case for case in json.loads(capsys.readouterr().out)}
    assert set(found) == set(shipped())
    assert (found["bare_ni"]["kind"], found["hull_cell"]["kind"]) == ("growing", "fixed")


def test_a_run_speaks_json_and_not_finite_is_null(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"verdict": "flat", "x": NaN}', encoding="utf-8")
    found = json.loads(machine.run(tmp_path, 0, [Path("a.png")]))
    assert found["summary"] == {"verdict": "flat", "x": None}
    assert (found["exit_code"], found["pictures"]) == (0, ["a.png"])
    assert json.loads(machine.run(tmp_path / "none", 3, []))["summary"] is None
