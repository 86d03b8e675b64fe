"""Cases of fixed shape: one sentence per error, units, defaults, and what follows from the values."""

from __future__ import annotations

import copy
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.dump import dump
from cases.errors import CaseError
from cases.fixed import scales
from cases.fixed.model import build, closure
from cases.fixed.overview import notes
from cases.fixed.schema import FixedCase
from cases.fixed.sides import sides
from cases.loader import from_tables, load, loads, shipped
from cases.overview import overview
from solver import closures, reaction
from solver.constants import FARADAY, GAS
from solver.model import Barrier, Film

SHIPPED = ("cyclic_voltammetry", "flow_channel", "hull_cell", "li_concentrated", "na_symmetric", "sei_layer")

CELL = """
title = "a cell"
[geometry]
shape = "line"
layers = [
    { name = "foil", thickness = "10 um" },
    { name = "sei", thickness = "20 nm" },
    { name = "electrolyte", thickness = "50 um" },
    { name = "separator", thickness = "20 um" },
]
[regions.foil]
kind = "electronic_conductor"
conductivity = "1e7 S/m"
[regions.sei]
kind = "single_ion_conductor"
conductivity = "1e-8 S/cm"
[regions.separator]
kind = "porous"
porosity = 0.5
[electrolyte]
temperature = "298.15 K"
[electrolyte.species.Na]
charge = 1
concentration = "1 mol/L"
diffusivity = "2e-10 m^2/s"
[electrolyte.species.X]
charge = -1
concentration = "1 mol/L"
diffusivity = "3e-10 m^2/s"
[reactions.plating]
exchange_current_density = "1 mA/cm^2"
[reactions.transfer]
species = { Na = 1 }
exchange_current_density = "2 mA/cm^2"
[interfaces."foil|sei"]
reactions = ["plating"]
[interfaces."sei|electrolyte"]
reactions = ["transfer"]
[interfaces.counter]
reactions = ["transfer"]
film = { thickness = "20 nm", conductivity = "1e-8 S/cm" }
[control]
current = "-0.5 mA/cm^2"
[stop]
time = "1 h"
"""


NEUTRAL = {"charge": 0, "concentration": "1 mol/L", "diffusivity": "1e-9 m^2/s"}
LIPF6 = {"solution": "lipf6_ec_emc_nyman2008", "cation": "Na", "concentration": "1 mol/L"}
CONCENTRATED = ("transport", {"closure": "concentrated"})


def cell(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Tables of CELL with values put in place, or taken out (None); parts of a key are joined by "/"."""
    tables = tomllib.loads(CELL)
    for key, value in changes:
        *path, last = key.split("/")
        here = tables
        for part in path:
            here = here.setdefault(part, {})
        if value is None:
            del here[last]
        else:
            here[last] = copy.deepcopy(value)
    return tables


def case(*changes: tuple[str, Any]) -> FixedCase:
    found = from_tables(cell(*changes))
    assert isinstance(found, FixedCase)
    return found


def problems(*changes: tuple[str, Any]) -> tuple[str, ...]:
    with pytest.raises(CaseError) as caught:
        from_tables(cell(*changes))
    return caught.value.problems


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_cases_load_and_round_trip(name: str) -> None:
    found = load(name)
    assert isinstance(found, FixedCase)
    assert loads(dump(found)) == found
    assert FixedCase.model_validate(found.model_dump(exclude_none=True)) == found
    assert all(len(reason) > 10 for reason in found.assumptions.values())
    assert shipped()[name].read_text(encoding="utf-8").startswith("# ")


def test_the_shape_makes_the_kind_of_case() -> None:
    assert not isinstance(load("bare_ni"), FixedCase)
    with pytest.raises(CaseError) as caught:
        load("na_symmetric", ["growth.method=moving_mesh"])
    assert caught.value.problems == ('growth.method = "moving_mesh": expected "fixed"',)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ('control.voltage="-0.1 V"', None),
        (
            'control.current="1 mA/cm^2"',
            "control: expected exactly one of voltage, current, cycle, sweep, pulse and program; voltage and "
            "current are given",
        ),
    ],
)
def test_a_growing_case_reads_the_same_control(override: str, sentence: str | None) -> None:
    if sentence is None:
        assert load("bare_ni", [override]).control.voltage == -0.1
        return
    with pytest.raises(CaseError) as caught:
        load("bare_ni", [override])
    assert caught.value.problems == (sentence,)
    tables = tomllib.loads(shipped()["bare_ni"].read_text(encoding="utf-8"))
    tables["control"] = {"current": "-1 mA/cm^2"}
    assert from_tables(tables).control.current == -10.0


ERRORS = tomllib.loads((Path(__file__).parent / "fixed_errors.toml").read_text(encoding="utf-8"))["error"]


@pytest.mark.parametrize("error", ERRORS, ids=[error["set"] for error in ERRORS])
def test_one_sentence_per_error(error: dict[str, Any]) -> None:
    assert problems((error["set"], error.get("to"))) == (error["says"],)


def test_an_ion_that_is_held_is_not_eliminated() -> None:
    assert case().eliminated == "X"
    assert (
        case(("prescribed", [{"field": "X", "boundary": "counter", "value": "1 mol/L"}])).eliminated == "Na"
    )


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        (
            [("reactions/transfer", {"law": "expression", "species": {"Na": 1}, "expression": "sinh(eta"})],
            'reactions.transfer.expression = "sinh(eta": expression ',
        ),
        (
            [("reactions/transfer", {"law": "expression", "species": {"Na": 1}, "expression": "c_K*eta"})],
            'reactions.transfer.expression = "c_K*eta": expression ',
        ),
        (
            [("reactions/transfer/exchange_current_density", "10*sqrt(cc)")],
            'reactions.transfer.exchange_current_density = "10*sqrt(cc)": expression ',
        ),
        (
            [("conversions", {"pairing": {"species": {"Na": -1, "X": -1}, "rate": "2*c_K"}})],
            'conversions.pairing.rate = "2*c_K": expression ',
        ),
        (
            [("electrolyte/species/Na/activation_energy", "900 kJ/mol"), ("electrolyte/temperature", "1 K")],
            'electrolyte.temperature = "1 K": ',
        ),
        ([("transport/closure", "poisson")], "transport.relative_permittivity: missing, expected a number"),
        (
            [("transport", {"closure": "poisson", "relative_permittivity": 40})],
            'interfaces."sei|electrolyte".capacitance: missing, expected that of the Stern layer',
        ),
        (
            [
                ("transport", {"unknown": "logarithm"}),
                ("electrolyte/species/N", {**NEUTRAL, "concentration": "0 mol/L"}),
            ],
            'electrolyte.species.N.concentration = "0 mol/L": expected more than 0 mol/L',
        ),
        (
            [CONCENTRATED, ("electrolyte", {**LIPF6, "solution": "lipf6"})],
            "electrolyte.solution = ",
        ),
        (
            [CONCENTRATED, ("electrolyte", LIPF6)],
            'reactions.transfer.law: expected "referenced" with transport.closure = "concentrated"',
        ),
        (
            [("regions/foil/collector", "working"), ("interfaces/working", {"reactions": ["plating"]})],
            'interfaces.working: "foil" touches its terminal here, expected no interface',
        ),
        (
            [
                ("reactions/transfer/law", "limiting_current"),
                ("reactions/transfer/cathodic_limit", "1 mA/cm^2"),
            ],
            'reactions.transfer.law = "limiting_current": is for transport.closure = "secondary"',
        ),
    ],
)
def test_errors_that_begin_so(changes: list[tuple[str, Any]], start: str) -> None:
    assert problems(*changes)[0].startswith(start)


def test_all_errors_are_listed() -> None:
    assert len(problems(("geometry/layers", 3), ("control", {}), ("solver", {"preset": 1}))) == 3
    assert len(problems(("stop", None), ("transport/eliminated", "K"), ("mesh", {"rows": 3}))) == 3


def test_sides_follow_from_what_lies_beside() -> None:
    found = case()
    assert [(s.boundary, s.inner, s.outer) for s in (sides(found, name) for name in found.interfaces)] == [
        ("foil|sei", "foil", "sei"),
        ("sei|electrolyte", "sei", "liquid"),
        ("counter", "counter", "liquid"),
    ]
    other = ("interfaces/electrolyte|sei", {"reactions": ["transfer"]})
    turned = case(("interfaces/sei|electrolyte", None), other)
    assert sides(turned, "electrolyte|sei").boundary == "sei|electrolyte"


def test_the_model_in_si() -> None:
    model = build(case())
    assert model.media["separator"].porosity == 0.5
    assert model.media["separator"].factor == pytest.approx(0.5**1.5)
    foil, sei = model.conductors
    assert (foil.terminal, foil.collector) == ("working", "working")
    assert (sei.terminal, sei.collector) == (None, None)
    assert sei.conductivity == 1e-6
    counter = model.interfaces[2]
    assert counter.series == Film(20e-9 / 1e-6)
    assert counter.reactions[0].reference == {"Na": 1000.0}
    assert isinstance(model.closure, closures.Electroneutral)
    assert model.closure.eliminated == "X"


def test_arrhenius_laws_at_the_temperature_of_the_cell() -> None:
    warm = 318.15

    def factor(energy: float, reference: float = 298.15) -> float:
        return math.exp(-energy / GAS * (1.0 / warm - 1.0 / reference))

    found = case(
        ("electrolyte/temperature", "45 degC"),
        ("electrolyte/species/Na/activation_energy", "20 kJ/mol"),
        ("electrolyte/species/X/activation_energy", "0.2 eV"),
        ("regions/sei/activation_energy", "50 kJ/mol"),
        ("reactions/transfer/activation_energy", "40 kJ/mol"),
        ("reactions/transfer/reference_temperature", "293.15 K"),
        ("interfaces/counter/film/activation_energy", "30 kJ/mol"),
    )
    model = build(found)
    na, x = model.closure.species
    assert na.diffusivity == pytest.approx(2e-10 * factor(20e3))
    assert x.diffusivity == pytest.approx(3e-10 * factor(0.2 * FARADAY))
    assert model.conductors[1].conductivity == pytest.approx(1e-6 * factor(50e3))
    kinetics = model.interfaces[2].reactions[0].kinetics
    assert isinstance(kinetics, reaction.ButlerVolmer)
    assert kinetics.exchange_current_density(1000.0, warm) == pytest.approx(20.0 * factor(40e3, 293.15))
    assert isinstance(model.interfaces[2].series, Film)
    assert model.interfaces[2].series.resistance == pytest.approx(0.02 / factor(30e3))


def test_laws_are_quantities_formulas_or_points() -> None:
    own: dict[str, Any] = {
        "cation": "Na",
        "diffusivity": "3e-10*exp(-c/5000)",
        "conductivity": [["0.1 mol/L", "1 mS/cm"], ["1 mol/L", "5 mS/cm"], ["2 mol/L", "4 mS/cm"]],
        "transference_number": 0.4,
    }
    found = case(
        ("transport", {"closure": "concentrated"}),
        ("electrolyte", {"properties": own, "concentration": "1 mol/L"}),
        ("reactions/transfer/law", "referenced"),
        ("reactions/transfer/exchange_current_density", "0.6*sqrt(c)"),
    )
    assert loads(dump(found)) == found
    made = closure(found)
    assert isinstance(made, closures.Concentrated)
    assert made.conductivity(298.15) == pytest.approx(0.5)
    assert made.cation.diffusivity == pytest.approx(3e-10 * math.exp(-0.2))
    assert made.solution.transference_number(500.0, 298.15) == 0.4
    assert scales.exchange_current(found, "transfer") == pytest.approx(0.6 * math.sqrt(1000.0))
    own["conductivity"] = [["1 mol/L", "1 S"]]
    with pytest.raises(CaseError, match=r'electrolyte.properties.conductivity = a list: "S" is not a unit'):
        case(CONCENTRATED, ("electrolyte", {"properties": own, "concentration": "1 mol/L"}))


@pytest.mark.parametrize(
    ("law", "more", "made"),
    [
        ("mass_action", {}, reaction.MassAction),
        ("tafel", {"branch": "anodic", "alpha_a": 0.3}, reaction.Tafel),
        ("linearised", {}, reaction.Linearised),
        ("referenced", {}, reaction.Referenced),
        ("expression", {"expression": "10*(exp(f*eta/2) - c_Na/1000*exp(-f*eta/2))"}, reaction.UserKinetics),
    ],
)
def test_laws_of_kinetics(law: str, more: dict[str, Any], made: type) -> None:
    tables = {"law": law, "species": {"Na": 1}, "exchange_current_density": "2 mA/cm^2", **more}
    if law == "expression":
        del tables["exchange_current_density"]
    kinetics = build(case(("reactions/transfer", tables))).interfaces[1].reactions[0].kinetics
    assert isinstance(kinetics, made)
    if isinstance(kinetics, reaction.Tafel):
        assert (kinetics.alpha, kinetics.anodic) == (0.3, True)


def test_a_secondary_cell_keeps_its_species_for_later() -> None:
    """The same file runs with and without concentrations: laws see the initial ones."""
    law = ("reactions/transfer/exchange_current_density", "0.6*sqrt(c)")
    found = case(("transport", {"closure": "secondary"}), law)
    model = build(found)
    assert model.closure == closures.Secondary(closures.dilute_conductivity(closure(case()).species, 298.15))
    kinetics = model.interfaces[1].reactions[0].kinetics
    assert isinstance(kinetics, reaction.ButlerVolmer)
    assert kinetics.exchange_current_density(0.0, 298.15) == pytest.approx(0.6 * math.sqrt(1000.0))


def test_junctions_and_double_layers() -> None:
    found = case(
        ("interfaces/counter/schottky", {"barrier": "0.5 eV"}),
        ("interfaces/counter/capacitance", "10 uF/cm^2"),
        ("interfaces/counter/charging_species", "X"),
    )
    counter = build(found).interfaces[2]
    assert isinstance(counter.series, Barrier)
    assert counter.series.resistance == pytest.approx(0.02)
    assert counter.capacitance == pytest.approx(0.1)


def test_derived_numbers() -> None:
    found = load("na_symmetric")
    assert isinstance(found, FixedCase)
    d = found.electrolyte.diffusivity("Na")
    assert scales.limiting_current(found) == pytest.approx(4 * FARADAY * d * 1000.0 / 1e-4)
    assert scales.conductivity(found) == pytest.approx(2 * 0.68, rel=1e-3)
    assert scales.diffusion_time(found) == pytest.approx(1e-8 / d, rel=1e-3)
    assert scales.programmed_current(found) == 5.0
    # Half of the current is carried by migration: i_Sand sqrt(tau) = F c sqrt(pi D).
    assert scales.sand_time(found) == pytest.approx(math.pi * d * (FARADAY * 1000.0 / 5.0) ** 2, rel=1e-3)
    resistance = GAS * 298.15 / FARADAY / 0.68 + 1e-2
    assert scales.wagner_number(found) == pytest.approx(2 * 0.68 / 1e-4 * resistance, rel=1e-3)
    assert scales.total_time(found) == 3 * (2 * 3600.0 + 2 * 300.0)
    assert overview(found)


def test_debye_length_of_one_molar_water() -> None:
    found = case(("transport", {"relative_permittivity": 78.4}))
    assert scales.debye_length(found) == pytest.approx(0.304e-9, rel=2e-3)


def test_notes_tell_what_may_not_be_wanted() -> None:
    idle = ("reactions/idle", {"exchange_current_density": "1 A/m^2"})
    found = notes(case(("reactions/transfer/alpha_a", 0.3), idle))
    assert [note.split(":")[0] for note in found] == ["reactions.transfer", "reactions.idle"]
    hot = load("li_concentrated", ["electrolyte.temperature=60 degC"])
    assert isinstance(hot, FixedCase)
    assert any("temperature" in note for note in notes(hot))


def test_a_mesh_file_is_found_beside_the_case(tmp_path: Path) -> None:
    text = CELL.split("[regions.foil]")[0].split("[geometry]")[0] + (
        '[geometry]\nshape = "file"\nfile = "cell.msh"\nunit = "um"\n'
        "[electrolyte.species]\nNa = { charge = 1, concentration = '1 mol/L', diffusivity = '2e-10 m^2/s' }\n"
        "X = { charge = -1, concentration = '1 mol/L', diffusivity = '2e-10 m^2/s' }\n"
        '[reactions.a]\nspecies = { Na = 1 }\nexchange_current_density = "1 A/m^2"\n'
        '[interfaces.working]\nreactions = ["a"]\n[interfaces.counter]\nreactions = ["a"]\n'
        '[control]\nvoltage = "-0.1 V"\n[stop]\ntime = "1 s"\n'
    )
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match="there is no such file"):
        load(path)
    mesh = tmp_path / "cell.msh"
    mesh.write_text("$MeshFormat\n4.1 0 8\n$EndMeshFormat\n", encoding="utf-8")
    with pytest.raises(CaseError, match="names no physical groups"):
        load(path)
    names = ('1 2 "counter"', '1 1 "working"', '2 3 "electrolyte"')
    block = "$PhysicalNames\n3\n" + "\n".join(names) + "\n$EndPhysicalNames\n"
    mesh = tmp_path / "other.msh"
    mesh.write_text("$MeshFormat\n4.1 0 8\n$EndMeshFormat\n" + block, encoding="utf-8")
    path.write_text(text.replace("cell.msh", "other.msh"), encoding="utf-8")
    found = load(path)
    assert isinstance(found, FixedCase)
    assert found.geometry.regions() == ("electrolyte",)
    assert set(found.geometry.boundaries()) == {"working", "counter"}
    with pytest.raises(CaseError, match=r'wroking: there is no such boundary, did you mean "working"'):
        load(path, ['interfaces.wroking.reactions=["a"]'])


def test_every_field_is_described_for_editors() -> None:
    schema = FixedCase.model_json_schema()
    for title, definition in schema["$defs"].items():
        for name, field in definition.get("properties", {}).items():
            assert field.get("description"), f"{title}.{name}"


def _paths(tables: Any, head: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [head] if head else []
    for key, value in tables.items():
        found += _paths(value, (*head, key)) if isinstance(value, dict) else [(*head, key)]
    return found


TEXTS = [
    *("1 um", "-1 um", "0 m", "1e-99 nm", "5 mol/L", "30 V", "0 K", "1e90 1/s", "c", "1e99*c", "1/0", "Na"),
    *(
        "working",
        "foil|sei",
        "file",
        "rectangle",
        "poisson",
        "secondary",
        "concentrated",
        "inert",
        "eta*c_Na",
    ),
]
_JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(TEXTS),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_paths(tomllib.loads(CELL))), _JUNK), min_size=1, max_size=3))
def test_junk_anywhere_is_a_case_or_a_case_error(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    tables = tomllib.loads(CELL)
    for path, value in changes:
        here: Any = tables
        for key in path[:-1]:
            here = here[key] if isinstance(here, dict) and isinstance(here.get(key), dict) else {}
        here[path[-1]] = value
    try:
        found = from_tables(tables)
    except CaseError as error:
        told = error.problems
    else:
        told = ("fine",)
        assert loads(dump(found)) == found
        overview(found)
    assert told
    assert all(line and "\n" not in line for line in told)
