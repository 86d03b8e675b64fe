"""A JSON schema of case files, so that editors complete, explain and check them while one types.

Pydantic describes the models; what editors of TOML do not know is taken out or rewritten here (draft 7 of
JSON schema, which Taplo and with it "Even Better TOML" understand). A file that `cases.loader` accepts is
valid under it. The other way round it need not be: what values mean together, only the loader knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from cases.fixed.schema import FixedCase
from cases.schema import Case

DRAFT = "http://json-schema.org/draft-07/schema#"
_NULL = {"type": "null"}


def json_schema() -> dict[str, Any]:
    """Schema of a case file: of a growing cell, or, where geometry.shape is given, of one of fixed shape.

    `anyOf` and not `if`: completion in Taplo follows the first and not the second. No file fits both, since
    `shape` is a key of one `geometry` and needed in the other.
    """
    references, found = models_json_schema([(Case, "validation"), (FixedCase, "validation")])
    return {
        "$schema": DRAFT,
        "title": "Case of Tertia",
        "description": "A simulation of metal electrodeposition; `tertia check FILE` says all that is wrong.",
        "anyOf": [references[model, "validation"] for model in (Case, FixedCase)],
        "$defs": {name: _plain(part) for name, part in found["$defs"].items()},
    }


def _plain(node: Any) -> Any:
    """A part of pydantic's schema in the words of draft 7, without nulls, units in the descriptions."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: _children(key, value) for key, value in _without_null(node).items()}
    made = _described(_closed(_pairs(made)))
    if "$ref" in made and len(made) > 1:  # draft 7 ignores what stands beside a reference
        made = {"allOf": [{"$ref": made.pop("$ref")}], **made}
    return made


def _children(key: str, value: Any) -> Any:
    """What is under a key: for properties and the like a schema under every name, data as it is."""
    if key in {"properties", "patternProperties"}:
        return {name: _plain(part) for name, part in value.items()}
    return value if key in {"default", "examples", "enum", "const", "required"} else _plain(value)


def _without_null(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without "or nothing", which TOML cannot say (the key is left out), and without defaults of tables."""
    hidden = {"default"} if isinstance(node.get("default"), dict | list | None) else set()
    choices = node.get("anyOf", [])
    if _NULL in choices:
        hidden.add("anyOf")
    outside = {key: value for key, value in node.items() if key not in hidden}
    if _NULL not in choices:
        return outside
    rest = [choice for choice in choices if choice != _NULL]
    return {**rest[0], **outside} if len(rest) == 1 else {"anyOf": rest, **outside}


def _pairs(node: dict[str, Any]) -> dict[str, Any]:
    """Items one by one: called `items` in draft 7."""
    if "prefixItems" in node:
        node["items"] = node.pop("prefixItems")
    return node


def _closed(node: dict[str, Any]) -> dict[str, Any]:
    """Names that the pattern of names does not allow are errors."""
    if "patternProperties" in node:
        node.setdefault("additionalProperties", False)
    return node


def _described(node: dict[str, Any]) -> dict[str, Any]:
    """Units and bounds at the end of the description; titles made of keys say nothing new."""
    if node.get("type") != "object":
        node.pop("title", None)
    if quantity := node.pop("x-quantity", ""):
        text = quantity[0].upper() + quantity[1:]
        node["description"] = "\n\n".join(part for part in (node.get("description"), f"{text}.") if part)
    return node
