"""The impossible, asked for at the command line: a sentence or more, exit code 2, and nothing has begun."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cases.cli import main
from cases.loader import shipped
from tests.fuzzing import toml

NAMES = ((1, "working"), (1, "counter"), (2, "electrolyte"))
"""Physical groups of a mesh in two dimensions."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def mesh(*names: tuple[int, str]) -> None:
    """A mesh file as far as its names are looked at."""
    lines = [f'{dim} {number} "{name}"' for number, (dim, name) in enumerate(names, 1)]
    text = "\n".join(["$PhysicalNames", str(len(names)), *lines, "$EndPhysicalNames", ""])
    Path("cell.msh").write_text(text, encoding="utf-8")


def case(name: str, changes: dict[str, Any]) -> None:
    """A shipped case with other values, or without some (None), in mine.toml."""
    tables = tomllib.loads(shipped()[name].read_text(encoding="utf-8"))
    tables.pop("assumptions", None)
    for path, value in changes.items():
        here = tables
        *above, last = path.split("/")
        for key in above:
            here = here.setdefault(key, {})
        if value is None:
            here.pop(last, None)
        else:
            here[last] = value
    Path("mine.toml").write_text(toml(tables), encoding="utf-8")


FROM_FILE = {"geometry": {"shape": "file", "file": "cell.msh"}, "mesh": None}
CONCENTRATED = {
    "transport/closure": "concentrated",
    "electrolyte/species": None,
    "electrolyte/concentration": "1 mol/L",
    "reactions/deposition/law": "referenced",
}


def measured(diffusivity: Any, number: Any = 0.4) -> dict[str, Any]:
    """A concentrated solution with a table."""
    properties = {
        "cation": "Na",
        "diffusivity": diffusivity,
        "conductivity": "8 mS/cm",
        "transference_number": number,
    }
    return {**CONCENTRATED, "electrolyte/properties": properties}


@pytest.mark.parametrize(
    ("name", "changes", "start"),
    [
        (
            "bare_ni",
            {"electrolyte/conductivity": "0 S/m"},
            'electrolyte.conductivity = "0 S/m": expected a conductivity of more than 0',
        ),
        (
            "bare_ni",
            {"electrolyte/species/Na/mobility": None, "electrolyte/species/Na/diffusivity": "-1e-6 cm^2/s"},
            'electrolyte.species.Na.diffusivity = "-1e-6 cm^2/s": expected a diffusivity of mo',
        ),
        (
            "na3sb_ni",
            {"geometry/islands/width": "90 nm"},
            'geometry.islands.width = "90 nm": expected less than geometry.islands.pitch = ',
        ),
        ("na3sb_ni", {"geometry/islands/pitch": "5 um"}, 'geometry.islands.pitch = "5 um": '),
        (
            "bare_ni",
            {"control": {"program": []}},
            "control.program = a list: expected a list of steps such as",
        ),
        ("bare_ni", {"control": {}}, "control: expected exactly one of voltage, current, cycle, sweep, "),
        (
            "bare_ni",
            {"control/voltage": "nan V"},
            'control.voltage = "nan V": this is not a number with a unit, expected a voltage',
        ),
        ("bare_ni", {"mesh/seed_size": "1e-9 nm"}, 'mesh.seed_size = "1e-9 nm": too fine: '),
        ("bare_ni", {"mesh/refine": float("nan")}, "mesh.refine = nan: expected a finite number"),
        (
            "bare_ni",
            {"stop/tip_height": "11 um"},
            'stop.tip_height = "11 um": expected less than geometry.gap = "10 um"',
        ),
        (
            "na_symmetric",
            measured([["0.5 mol/L", "nan m^2/s"], ["1 mol/L", "1e-10 m^2/s"]]),
            "electrolyte.properties.diffusivity = a list: this is not a number with a unit",
        ),
        (
            "na_symmetric",
            measured([["0.5 mol/L", "1e-10 m^2/s"], ["1 mol/L", "-1e-10 m^2/s"]]),
            "electrolyte.properties.diffusivity = a list: expected a diffusivity of more than 0",
        ),
        (
            "na_symmetric",
            measured([["1 mol/L", "1e-10 m^2/s"], ["1 mol/L", "1e-10 m^2/s"]]),
            "electrolyte.properties.diffusivity = a list: ",
        ),
        (
            "na_symmetric",
            measured("1e-10 m^2/s", [["0.5 mol/L", float("nan")], ["1 mol/L", 0.4]]),
            "electrolyte.properties.transference_number = a list: expected a number",
        ),
        (
            "na_symmetric",
            {"reactions/deposition/exchange_current_density": "open('x', 'w')"},
            "reactions.deposition.exchange_current_density = ",
        ),
        ("na_symmetric", FROM_FILE | {"geometry": {"shape": "file", "file": "no.msh"}}, "geometry.file = "),
        ("na_symmetric", FROM_FILE, 'interfaces.counter: there is no such boundary, expected "working"'),
    ],
)
def test_the_impossible_is_refused_before_anything_begins(
    name: str, changes: dict[str, Any], start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh(*(pair for pair in NAMES if pair[1] != "counter"))
    case(name, changes)
    for command in ("check", "run"):
        assert main([command, "mine.toml"]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert lines[0].startswith(f"error: {start}"), lines
        assert all(line.startswith("error: ") for line in lines)
    assert not Path("runs").exists()
    assert sorted(path.name for path in Path().iterdir()) == ["cell.msh", "mine.toml"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bare_ni", {"control": {"current": "-5 A/cm^2"}}),
        ("na_symmetric", {"control": {"current": "-500 mA/cm^2"}, "stop": {"time": "10 s"}}),
    ],
)
def test_a_current_above_the_limit_is_noted(
    name: str, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no contradiction: until Sand's time it flows. After it, the solver gives up and says why."""
    case(name, changes)
    assert main(["check", "mine.toml"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "note the programmed current is above the limiting one: it lasts until Sand's time at most" in out
