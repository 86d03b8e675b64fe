"""The JSON schema for editors: it accepts what the loader accepts and refuses unknown keys."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from cases import editor
from cases.dump import dump
from cases.loader import load, shipped

SCHEMA = editor.json_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def tables(name: str) -> dict[str, Any]:
    return tomllib.loads(shipped()[name].read_text(encoding="utf-8"))


def test_it_is_a_schema_of_its_draft() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", list(shipped()))
def test_every_shipped_case_is_valid_as_it_stands_and_with_all_defaults(name: str) -> None:
    for case in (tables(name), tomllib.loads(dump(load(name)))):
        assert [error.message for error in VALIDATOR.iter_errors(case)] == []


def _holders(case: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for key, value in case.items():
        if isinstance(value, dict) and key != "assumptions":
            yield from _holders(value, (*path, key))


@pytest.mark.parametrize("name", ["bare_ni", "na_symmetric"])
def test_an_unknown_key_is_refused_in_every_table(name: str) -> None:
    open_tables = {("solver", "petsc"), ("assumptions",)}
    for path in _holders(tables(name)):
        if path in open_tables:
            continue
        case = copy.deepcopy(tables(name))
        here = case
        for key in path:
            here = here[key]
        here["no such key"] = 1
        assert not VALIDATOR.is_valid(case), path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("geometry", "gap"), 10),
        (("geometry", "gap"), "10"),
        (("geometry", "coating"), "island"),
        (("electrolyte", "species", "Na", "charge"), "one"),
        (("mesh", "refine"), "2"),
        (("mesh", "refine"), 1000),
        (("control", "voltage"), None),
        (("title",), 3),
    ],
)
def test_wrong_types_and_values_are_refused(path: tuple[str, ...], value: object) -> None:
    case = tables("bare_ni")
    here = case
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    assert not VALIDATOR.is_valid(case)


def test_words_in_place_of_a_quantity_and_laws_are_accepted() -> None:
    species = SCHEMA["$defs"]["cases__cell__Species"]["properties"]["mobility"]
    assert jsonschema.Draft7Validator(species).is_valid("from conductivity")
    assert jsonschema.Draft7Validator(species).is_valid("7e-5 cm^2/(V s)")
    assert not jsonschema.Draft7Validator(species).is_valid("from conductivit")
    law = jsonschema.Draft7Validator(SCHEMA["$defs"]["Properties"]["properties"]["transference_number"])
    assert law.is_valid(0.4)
    assert law.is_valid("0.3 + 1e-5*c")
    assert law.is_valid([["0.5 mol/L", 0.3], ["1 mol/L", 0.4]])


def test_every_key_is_described_and_every_quantity_says_its_unit() -> None:
    sections = SCHEMA["$defs"]
    for section in sections.values():
        for key, field in section["properties"].items():
            assert {"description", "allOf", "oneOf", "$ref"} & set(field), key
    assert sections["Geometry"]["properties"]["gap"]["description"].endswith(
        'A length such as "10 um"; SI: m, more than 0.'
    )
    assert "such as" in sections["Geometry"]["properties"]["depth"]["description"]
    assert "null" not in str(SCHEMA)
    assert "x-quantity" not in str(SCHEMA)
