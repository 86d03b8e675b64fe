"""The loader: one sentence per error, and nothing but `CaseError` for bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.dump import dump
from cases.errors import CaseError
from cases.loader import assign, find, from_tables, load, loads, shipped

FAST = settings(max_examples=300, derandomize=True, deadline=None)


def problems(*overrides: str, case: str = "na3sb_ni") -> tuple[str, ...]:
    with pytest.raises(CaseError) as caught:
        load(case, overrides)
    return caught.value.problems


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("geometry.gap=10 s", 'geometry.gap = "10 s": this is a time, expected a length such as "10 um"'),
        ("geometry.gap=10", 'geometry.gap = 10: the unit is missing, expected a length such as "10 um"'),
        ("geometry.gap=true", 'geometry.gap = true: this is no quantity, expected a length such as "10 um"'),
        ("geometry.widht=3 um", 'geometry.widht: unknown key, did you mean "width"?'),
        ("surface.matrix.contact=ohmic", 'surface: unknown key, did you mean "surfaces"?'),
        ("surfaces.foil.contact=ohmic", 'surfaces.foil: unknown key, expected "matrix" or "island"'),
        (
            "electrolyte.species.Na.concentration=-1 mol/L",
            'electrolyte.species.Na.concentration = "-1 mol/L": expected a concentration of more than '
            "0 mol/L",
        ),
        (
            "geometry.islands.width=100 nm",
            'geometry.islands.width = "100 nm": expected less than geometry.islands.pitch = "80 nm", '
            "or the islands overlap",
        ),
        (
            "electrolyte.temperature=-300 degC",
            'electrolyte.temperature = "-300 degC": expected a temperature of more than 0 K',
        ),
        ("metal=3", "metal = 3: expected a table"),
        ("metal.ion=K", 'metal.ion = "K": expected the name of a species: "Na", "ClO4"'),
        ("title=3", "title = 3: expected text"),
        ("mesh.refine=nan", "mesh.refine = nan: expected a finite number"),
        ("mesh.refine=true", "mesh.refine = true: expected a number"),
        ("output.frames=2.5", "output.frames = 2.5: expected a whole number"),
        ("output.frames=0", "output.frames = 0: expected a whole number of at least 1"),
        ("kinetics.alpha_a=0", "kinetics.alpha_a = 0: expected a number of more than 0"),
        (
            "transport.closure=poisson",
            'transport.closure = "poisson": not available yet, expected "electroneutral" or "concentrated"',
        ),
        ("growth.method=movingmesh", 'growth.method = "movingmesh": did you mean "moving_mesh"?'),
        ("growth.method=3", 'growth.method = 3: expected "moving_mesh", "phase_field" or "fixed"'),
        ("solver.petsc.x=[1]", "solver.petsc.x = a list: expected text, a number, or true or false"),
        (
            "solver.petsc.-snes_view=true",
            "solver.petsc.-snes_view: expected a name of letters, digits, _ and -, beginning with a letter",
        ),
        (
            "electrolyte.species.Na.mobility=high",
            'electrolyte.species.Na.mobility = "high": this is not a number with a unit, expected a mobility '
            'such as "7.05e-5 cm^2/(V s)" or "from conductivity"',
        ),
        (
            "electrolyte.species.Na.diffusivity=1e-9 m^2/s",
            "electrolyte.species.Na: expected exactly one of diffusivity and mobility, both are given",
        ),
        (
            "electrolyte.species.Na.concentration=2 mol/L",
            "electrolyte.species: the ions are not neutral together: the sum of charge x concentration is "
            "1 mol/L, expected 0",
        ),
        ("assumptions.foo=why", 'assumptions."foo": expected the key of a value that this case gives'),
        (
            'assumptions."model_dump"=why',
            'assumptions."model_dump": expected the key of a value that this case gives',
        ),
        ("stop.tip_height=11 um", 'stop.tip_height = "11 um": expected less than geometry.gap = "10 um"'),
        ("time.initial_step=1 s", 'time.initial_step = "1 s": expected at most time.max_step'),
        ("geometry.width.x=1", "--set geometry.width.x: geometry.width is a value, not a table"),
        ("geometry.gap", '--set "geometry.gap": expected key=value, such as stop.time="10 s"'),
        ("a..b=1", '--set "a..b=1": expected key=value, such as stop.time="10 s"'),
        ("title=\udcff", '--set "title=\\\\udcff": expected printable text in UTF-8'),
    ],
)
def test_one_sentence_per_error(override: str, sentence: str) -> None:
    assert problems(override) == (sentence,)


@pytest.mark.parametrize(
    ("override", "start"),
    [
        (
            "geometry.apex.width=5 um",
            'geometry.apex.width = "5 um": does not fit into geometry.width = "4 um"',
        ),
        ("geometry.apex.height=10 um", 'geometry.apex.height = "10 um": expected less than geometry.gap'),
        ("geometry.apex.position=5 um", 'geometry.apex.position = "5 um": outside the cell'),
        ("geometry.coating=Islands", 'geometry.coating = "Islands": did you mean "islands"?'),
    ],
)
def test_bare_geometry_is_checked(override: str, start: str) -> None:
    (found,) = problems(override, case="bare_ni")
    assert found.startswith(start)


@pytest.mark.parametrize("letter", ["\x85", "\u2028", "\x1b[31m", "\r", "\t"])
def test_what_cannot_be_printed_is_written_out(letter: str) -> None:
    with pytest.raises(CaseError) as caught:
        from_tables({**_SHIPPED, f"a{letter}b": 1})
    (line,) = caught.value.problems
    assert line.isprintable()
    assert line.startswith(('"a\\', "a\\"))


def test_all_errors_are_listed() -> None:
    found = problems("geometry.gap=10 s", "geometry.widht=1 um", "mesh.refine=0", "stop.time=5")
    assert len(found) == 4


def test_contradictions_are_all_listed() -> None:
    assert len(problems("metal.ion=K", "geometry.islands.width=1 um", "time.max_step=1 us")) == 3


def test_missing_keys_are_named_with_what_they_take() -> None:
    with pytest.raises(CaseError) as caught:
        loads('title = "x"\n[geometry]\nwidth = "1 um"\n')
    assert 'geometry.gap: missing, expected a length such as "10 um"' in caught.value.problems
    assert "metal: missing, expected a table" in caught.value.problems


def test_islands_without_their_tables() -> None:
    tables = tomllib.loads(shipped()["na3sb_ni"].read_text(encoding="utf-8"))
    tables["assumptions"] = {}
    del tables["geometry"]["islands"], tables["surfaces"]["island"]
    with pytest.raises(CaseError) as caught:
        from_tables(tables)
    assert [line.split(":")[0] for line in caught.value.problems] == ["surfaces.island", "geometry.islands"]


def test_schottky_needs_its_table_and_ohmic_ignores_it() -> None:
    diffuse = ["growth.method=phase_field", "surfaces.matrix.contact=schottky"]
    assert problems(*diffuse) == (
        'surfaces.matrix.schottky: missing, expected a table because surfaces.matrix.contact is "schottky"',
    )
    assert any(line.startswith("surfaces.matrix.contact") for line in problems(*diffuse[1:]))
    assert load("na3sb_ni", ["surfaces.island.contact=ohmic"]).surfaces.island is not None


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("electrolyte.temperature=273 K", ("electrolyte", "temperature"), "273 K"),
        ('electrolyte.temperature="273 K"', ("electrolyte", "temperature"), "273 K"),
        ("mesh.refine=2", ("mesh", "refine"), 2),
        ("solver.petsc.snes_monitor=true", ("solver", "petsc", "snes_monitor"), True),
        ('assumptions."mesh.refine"=because', ("assumptions", "mesh.refine"), "because"),
        ("title=a=b", ("title",), "a=b"),
    ],
)
def test_assign(override: str, path: tuple[str, ...], value: object) -> None:
    tables: dict[str, Any] = {}
    assign(tables, override)
    for key in path:
        tables = tables[key]
    assert tables == value


def test_find_suggests(tmp_path: Path) -> None:
    with pytest.raises(
        CaseError, match='"na3sb" is neither a file nor a shipped case; did you mean "na3sb_ni"'
    ):
        find("na3sb")
    with pytest.raises(CaseError, match=r"shipped cases are .*bare_ni, .*na3sb_ni"):
        find("quite another thing")
    with pytest.raises(CaseError, match=r"folder without a case\.toml"):
        find(tmp_path)
    (tmp_path / "case.toml").write_text("", encoding="utf-8")
    assert find(tmp_path) == tmp_path / "case.toml"


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "/nowhere/at/all.toml", "\udcff"])
def test_strange_names(name: str) -> None:
    with pytest.raises(CaseError):
        load(name)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x7fELF\xff\xfe", "not a text file in UTF-8"),
        (b"not a table", "not valid TOML"),
        (b"x = 1\nx = 2", "not valid TOML"),
        (b"x = " + b"[" * 5000, "nested too deeply"),
        (b"x = 1" + b"0" * 5000, "not valid TOML"),
        (b"x = 2020-99-99", "not valid TOML"),
        (b"x." * 3000 + b"y = 1", "nested more than"),
        (b"x = " + b"[" * 60 + b"]" * 60, "nested more than"),
        (b"#" * 1_000_001, "this is no case file"),
        (b"", "title: missing"),
    ],
)
def test_hostile_files(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "hostile.toml"
    path.write_bytes(data)
    with pytest.raises(CaseError, match=why):
        load(path)


def _paths(tables: dict[str, Any], head: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [head] if head else []
    for key, value in tables.items():
        found += _paths(value, (*head, key)) if isinstance(value, dict) else [(*head, key)]
    return found


_SHIPPED = tomllib.loads(shipped()["na3sb_ni"].read_text(encoding="utf-8"))
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.sampled_from(
        ["1 um", "-1 um", "0 m", "1e99 km", "1e-99 nm", "5 mol/L", "30 V", "0 K", "1e90 1/s", "180 deg"]
    ),
)
_JUNK = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@FAST
@given(st.lists(st.tuples(st.sampled_from(_paths(_SHIPPED)), _JUNK), min_size=1, max_size=3))
def test_junk_anywhere_is_a_case_or_a_case_error(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    tables = tomllib.loads(shipped()["na3sb_ni"].read_text(encoding="utf-8"))
    for path, value in changes:
        here: Any = tables
        for key in path[:-1]:
            here = here[key] if isinstance(here, dict) and isinstance(here.get(key), dict) else {}
        here[path[-1]] = value
    try:
        case = from_tables(tables)
    except CaseError as error:
        told = error.problems
    else:
        told = ("fine",)
        assert loads(dump(case)) == case
    assert told
    assert all(line and "\n" not in line for line in told)


@FAST
@given(st.one_of(st.text(max_size=60), st.text('abc=."[]{}\n#1-:', max_size=60)))
def test_any_text_is_a_case_error(text: str) -> None:
    with pytest.raises(CaseError):
        loads(text)


@FAST
@given(st.text(max_size=30), st.sampled_from(["title", "geometry.gap", "mesh.refine", "solver.petsc.a", ""]))
def test_any_override_is_a_case_or_a_case_error(text: str, key: str) -> None:
    try:
        case = load("bare_ni", [f"{key}{text}", f"{key}={text}"])
    except CaseError:
        return
    assert loads(dump(case)) == case
