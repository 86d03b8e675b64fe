"""From what pydantic found to one sentence per error: which key, which value, what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cases.checks import split
from cases.section import Kinds
from cases.units import Unit

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ORDER = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
_WORDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
_KINDS: dict[object, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_LATER = {
    "transport.closure": ("secondary", "supporting", "poisson"),
}
_NAME = "a name of letters, digits, _ and -, beginning with a letter"


def dotted(path: Sequence[object]) -> str:
    """Join keys as one writes them in TOML and after ``--set``."""
    return ".".join(key if _BARE.fullmatch(key) else quoted(key) for key in map(str, path))


def quoted(value: object) -> str:
    """Show a value as it stands in the file, shortened; never fails, whatever it holds."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        text = json.dumps(value.encode(errors="backslashreplace").decode(), ensure_ascii=False)
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int) and abs(value) >= 10**30:
        text = "a huge number"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:56] + '..."'


def suggestion(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"?`, or the list of what is known when nothing is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "expected " + _either(known) if known else "expected none"


def sentences(error: ValidationError, model: type[BaseModel], tables: Mapping[str, Any]) -> list[str]:
    """One sentence per error, in the order of the schema, none twice."""
    found: list[str] = []
    for detail in error.errors(include_url=False):
        found += _case(detail, tables) if detail["type"] == "case" else [_one(detail, model)]
    return list(dict.fromkeys(found))


def _case(detail: ErrorDetails, tables: Mapping[str, Any]) -> list[str]:
    """Problems of `cases.checks`: dotted key and reason; the value shown is the one in the file, if any."""
    lines = []
    for path, why in detail["ctx"]["problems"]:
        value: object = tables
        for key in split(path):
            if isinstance(value, list | tuple) and key.isdecimal():
                value = value[int(key)] if int(key) < len(value) else None
            else:
                value = value.get(key) if isinstance(value, dict) else None
        hidden = value is None or isinstance(value, dict | list | tuple) or path.startswith("assumptions.")
        shown = "" if hidden else f" = {quoted(value)}"
        lines.append(f"{path}{shown}: {why}")
    return lines


def _one(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    loc = [key for key in detail["loc"] if key != "[key]"]
    path = dotted(_written(model, loc))
    value = f"{path} = {quoted(detail['input'])}"
    if "[key]" in detail["loc"]:
        return f"{path}: expected {_NAME}"
    if kind == "string_pattern_mismatch":
        return f"{value}: expected {_NAME}"
    if kind.startswith("union_tag"):
        return _kind(path, detail["input"], _annotation(model, loc))
    if kind == "extra_forbidden":
        holder = bare(_annotation(model, loc[:-1]))
        return f"{path}: unknown key, {suggestion(str(loc[-1]), list(getattr(holder, 'model_fields', ())))}"
    if kind == "missing":
        return f"{path}: missing, expected {_expected(_annotation(model, loc))}"
    if kind == "finite_number":
        return f"{value}: expected a finite number"
    if kind in {"quantity", "option"}:
        return f"{value}: {detail['msg']}"
    if kind == "literal_error":
        return f"{value}: {_literal(path, detail['input'], _annotation(model, loc))}"
    if kind in _ORDER:
        name = _ORDER[kind]
        limit = f"{_WORDS[name]} {context[name]:.10g}"
        return f"{value}: expected {_expected(_annotation(model, loc))} of {limit}"
    if kind == "too_short":
        return f"{path}: expected at least {context['min_length']} entries"
    return f"{value}: expected {_expected(_annotation(model, loc))}"


def _literal(path: str, value: object, annotation: object) -> str:
    words = get_args(bare(annotation))
    if value in _LATER.get(path, ()):
        return f"not available yet, expected {_either(words)}"
    texts = [word for word in words if isinstance(word, str)]
    return suggestion(value, texts) if isinstance(value, str) and texts else f"expected {_either(words)}"


def _kind(path: str, value: object, annotation: object) -> str:
    """A table whose kind cannot be told."""
    kinds, members = _kinds(annotation)
    if not isinstance(value, dict):
        return f"{path} = {quoted(value)}: expected a table"
    given = value.get(kinds.key) if kinds is not None else None
    if kinds is None or given is None:
        return f"{path}.{kinds.key if kinds else ''}: missing, expected {_either(list(members))}"
    hint = (
        suggestion(given, list(members)) if isinstance(given, str) else f"expected {_either(list(members))}"
    )
    return f"{path}.{kinds.key} = {quoted(given)}: {hint}"


def _either(words: Sequence[object]) -> str:
    return " or ".join(", ".join(map(quoted, words)).rsplit(", ", 1))


def _annotation(model: type[BaseModel], loc: Sequence[object]) -> object:
    """Type of the field that ``loc`` leads to, with its constraints; object if it leads nowhere."""
    here: object = model
    for key in loc:
        _, members = _kinds(here)
        if key in members:
            here = members[str(key)]
            continue
        here = bare(here)
        if get_origin(here) is dict:
            here = get_args(here)[1]
        elif get_origin(here) is tuple and isinstance(key, int):
            here = get_args(here)[0]
        elif isinstance(here, type) and issubclass(here, BaseModel) and key in here.model_fields:
            field = here.model_fields[str(key)]
            here = (field.annotation, *field.metadata)
        else:
            return object
    return here if isinstance(here, tuple) or _kinds(here)[0] else bare(here)


def _written(model: type[BaseModel], loc: Sequence[object]) -> list[object]:
    """A location without the kinds of tables, which pydantic puts in and the file has as values."""
    return [key for n, key in enumerate(loc) if key not in _kinds(_annotation(model, loc[:n]))[1]]


def _kinds(annotation: object) -> tuple[Kinds | None, Mapping[str, Any]]:
    """What tells the kinds of a union of sections, and the sections by kind."""
    parts = annotation if isinstance(annotation, tuple) else getattr(annotation, "__metadata__", ())
    union = annotation[0] if isinstance(annotation, tuple) else next(iter(get_args(annotation)), None)
    for part in parts:
        if isinstance(part, Kinds):
            return part, part.members(union)
    return None, {}


def bare(annotation: object) -> object:
    """The type of a field without constraints and without "or nothing"."""
    if isinstance(annotation, tuple):
        annotation = annotation[0]
    choices = [choice for choice in get_args(annotation) if choice is not NoneType]
    if NoneType in get_args(annotation) and len(choices) == 1:
        return bare(choices[0])
    return bare(get_args(annotation)[0]) if hasattr(annotation, "__metadata__") else annotation


def _expected(annotation: object) -> str:
    """What a field takes, as a noun."""
    if (found := unit(annotation)) is not None:
        return found.expected
    plain = bare(annotation)
    if get_origin(plain) is Literal:
        return _either(get_args(plain))
    if get_origin(plain) is dict or (isinstance(plain, type) and issubclass(plain, BaseModel)):
        return "a table"
    return _KINDS.get(plain, "another value")


def unit(annotation: object) -> Unit | None:
    """The `Unit` that an annotation carries, at any depth."""
    if isinstance(annotation, Unit):
        return annotation
    inner = annotation if isinstance(annotation, tuple) else (*get_args(annotation),)
    inner += getattr(annotation, "__metadata__", ())
    return next((found for part in inner if (found := unit(part)) is not None), None)
