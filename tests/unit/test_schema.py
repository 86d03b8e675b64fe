"""The schema: defaults, derived values, what must hold together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cases.build import physics
from cases.dump import dump
from cases.errors import CaseError
from cases.loader import load, loads, shipped
from cases.overview import conductivity, limiting_current, saturation_current
from cases.schema import Case
from solver.constants import FARADAY
from solver.model import Film

GROWING = ("bare_ni", "na3sb_ni")


@pytest.mark.parametrize("name", GROWING)
def test_shipped_cases_load_and_round_trip(name: str) -> None:
    case = load(name)
    assert loads(dump(case)) == case
    assert Case.model_validate(case.model_dump(exclude_none=True)) == case


def test_shipped_cases_differ_only_where_they_must() -> None:
    def flat(value: object, path: str = "") -> dict[str, Any]:
        if not isinstance(value, dict):
            return {path: value}
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{path}.{key}").items()}

    bare, coated = (flat(load(name).model_dump()) for name in ("bare_ni", "na3sb_ni"))
    differing = {key for key in bare | coated if bare.get(key) != coated.get(key)}
    assert {"." + key for key in ("title", "geometry.coating")} <= differing
    assert all(key in (".title", ".geometry.coating") or key.startswith(".stop.") for key in differing)


@pytest.mark.parametrize("name", GROWING)
def test_every_section_of_a_shipped_case_explains_its_assumptions(name: str) -> None:
    assumed = load(name).assumptions
    for key in ("kinetics.exchange_current_density", "surfaces.matrix.nucleation_overpotential"):
        assert len(assumed[key]) > 20


def test_mobility_from_conductivity_is_nernst_einstein() -> None:
    electrolyte = load("bare_ni").electrolyte
    mobility = 0.68 / (FARADAY * 1000.0)
    assert mobility == pytest.approx(7.05e-9, rel=1e-3)
    assert electrolyte.diffusivity("Na") == pytest.approx(mobility * electrolyte.thermal_voltage, rel=1e-12)


def test_diffusivity_may_be_given_instead() -> None:
    text = shipped()["bare_ni"].read_text(encoding="utf-8")
    case = loads(text.replace('mobility = "from conductivity"', 'diffusivity = "1e-6 cm^2/s"'))
    assert case.electrolyte.diffusivity("Na") == pytest.approx(1e-10)


def test_derived_numbers_of_the_cell() -> None:
    case = load("na3sb_ni")
    diffusivity = case.electrolyte.diffusivity("Na")
    assert limiting_current(case) == pytest.approx(4 * FARADAY * diffusivity * 1000 / case.geometry.gap)
    assert conductivity(case) == pytest.approx(2 * 0.68, rel=1e-3)
    assert saturation_current(load("na3sb_ni", ["surfaces.island.contact=ohmic"])) is None
    assert saturation_current(load("na3sb_ni", ["surfaces.island.schottky.barrier=0 eV"])) == pytest.approx(
        1.2e6 * 298.15**2
    )


def test_islands_are_evenly_spaced_and_centred() -> None:
    regular = ["geometry.width=1 um", "geometry.islands.pitch=80 nm", "geometry.islands.jitter=0"]
    geometry = load("na3sb_ni", regular).geometry
    centres = geometry.island_centres
    assert geometry.island_count == len(centres) == 12
    assert centres[0] + centres[-1] == pytest.approx(geometry.width)
    assert centres[1] - centres[0] == pytest.approx(80e-9)


def test_a_whole_number_of_pitches_is_not_lost_to_rounding() -> None:
    assert (
        load("na3sb_ni", ["geometry.width=4 um", 'geometry.islands.pitch="80 nm"']).geometry.island_count
        == 50
    )


def test_jitter_repeats_and_keeps_islands_apart() -> None:
    options = ["geometry.islands.jitter=0.99", "geometry.islands.seed=7"]
    first, again = (load("na3sb_ni", options).geometry for _ in range(2))
    assert first.island_centres == again.island_centres
    assert first.island_centres != load("na3sb_ni", options[:1]).geometry.island_centres
    assert first.islands is not None
    gaps = [b - a for a, b in zip(first.island_centres, first.island_centres[1:], strict=False)]
    assert min(gaps) > first.islands.width
    assert first.island_centres[0] - first.islands.width / 2 >= 0.0


def test_bare_case_has_no_islands() -> None:
    geometry = load("bare_ni").geometry
    assert geometry.island_count == 0
    assert geometry.island_centres == ()
    assert geometry.apex_position == geometry.width / 2


def test_cases_are_frozen() -> None:
    case = load("bare_ni")
    with pytest.raises(ValidationError, match="frozen"):
        case.title = "another"


def test_every_field_is_described_for_editors() -> None:
    schema = Case.model_json_schema()
    for definition in schema["$defs"].values():
        for name, field in definition["properties"].items():
            assert field.get("description"), name
    gap = schema["$defs"]["Geometry"]["properties"]["gap"]
    assert gap["type"] == "string"
    assert gap["examples"] == ["10 um"]


def test_a_film_that_grows() -> None:
    """Charge per area times it is resistance times area; it comes with or without a constant part."""
    text = shipped()["bare_ni"].read_text(encoding="utf-8")
    growing = text.replace("[kinetics]\n", '[kinetics]\nfilm_growth = "5 ohm cm^4/C"\n')
    assert physics(loads(text)).film("front") == Film(0.0)
    assert physics(loads(growing)).film("front") == Film(0.0, 5e-8)
    both = growing.replace("[kinetics]\n", '[kinetics]\nfilm_resistance = "2 ohm cm^2"\n')
    case = loads(both)
    assert physics(case).film("counter") == Film(2e-4, 5e-8)
    assert loads(dump(case)) == case
    for wrong, says in (
        ("0 ohm cm^4/C", "more than 0"),
        ("1 ohm cm^2", "a resistance times area per charge per area"),
    ):
        with pytest.raises(CaseError, match=says):
            loads(growing.replace("5 ohm cm^4/C", wrong))
