"""Broken case files: shipped ones, changed at random; strategies of hypothesis for the fuzz tests."""

from __future__ import annotations

import copy
import json
import math
import re
import tomllib
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st

from cases.loader import shipped

MARKER = "code_was_run"
"""File that hostile expressions would make."""

SHIPPED = {name: path.read_text(encoding="utf-8") for name, path in shipped().items()}
_BARE = re.compile(r"[A-Za-z0-9_-]+")

_OPEN = f"open('{MARKER}', 'w')"
HOSTILE = [
    f"__import__('os').system('touch {MARKER}')", _OPEN, f"(lambda: {_OPEN})()",
    f"[{_OPEN} for c in (1,)][0]",
    f'exec("{_OPEN}")', "c.__class__.__mro__[1].__subclasses__()", "9**9**9**9", "1/0", "c/0", "0/0*c",
    "log(-1)*c", "exp(1e9)*c", "sqrt(c - 1e99)", "c**c**c**c", "(" * 300 + "c" + ")" * 300,
    "+".join(["c"] * 600),
    "c if c else T", "c and T", "c == T", "f'{c}'", "c; T", "c\nT", "c # T", "{c}", "c[0]", "c(1)", "max()",
    "where(c, 1, 2)", "where(c < T, 1)", "min(c)", "lambda: c", "c := 3", "*c", "c_Na++", "1e400*c",
    "nan", "inf",
    "1j*c", "'c'", "0x10*c",
]  # fmt: skip
QUANTITIES = [
    "1 um", "-1 um", "0 m", "1e99 km", "1e-99 nm", "1e-300 m", "5 mol/L", "30 V", "0 K", "1e90 1/s",
    "180 deg",
    "1e5 K", "1 1/s", "1 mm", "1 m", "1e-9 s", "1e9 s", "1 A/cm^2", "-1 A/m^2", "1e9 A/m^2", "nan V", "inf s",
    "1_0 um", "1 um^9", "1 um um", "1 /", "1 (((", "1 um**99999", "1 kg m^2 s^-3", "١ um", "1 µm", "１ um",
    "1e999999 m", "1" * 119 + " m", "1 m" * 100, "1\x00m", "1 degF", "1 delta_degC", "1 dB", "1 %", "1 count",
    "10 uF/cm^2", "1 eV", "20 kJ/mol", "1 ohm cm^2", "1 cm/s", "1 um..2 um",
]  # fmt: skip
WORDS = [
    "none", "islands", "phase_field", "fixed", "moving_mesh", "nonlinear", "conservative", "concentrated",
    "poisson", "supporting", "secondary", "electroneutral", "logarithm", "schottky", "ohmic", "tafel",
    "expression", "line", "box", "hull", "channel", "polygon", "file", "rectangle", "liquid",
    "inert", "porous",
    "electronic_conductor", "working", "counter", "electrolyte", "potential", "Na", "floating", "hexagonal",
    "lipf6_ec_emc_nyman2008", "/etc/passwd", "..",
]  # fmt: skip


def _nested(kind: str, depth: int) -> Any:
    value: Any = "1 um"
    for _ in range(depth):
        value = [value] if kind == "list" else {"x": value}
    return value


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-10, 10),
    st.sampled_from([10**30, -(10**400), 2**63, 0, 1, 2]),
    st.floats(),
    st.floats(0, 2),
    st.text(max_size=12),
    st.sampled_from(HOSTILE),
    st.sampled_from(QUANTITIES),
    st.sampled_from(WORDS),
    st.dates(),
    st.datetimes(),
    st.times(),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
) | st.builds(_nested, st.sampled_from(["list", "table"]), st.integers(1, 60))


def places(tables: Any, head: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all tables, lists and values."""
    found = [head] if head else []
    items = (
        tables.items() if isinstance(tables, dict) else enumerate(tables) if isinstance(tables, list) else ()
    )
    for key, value in items:
        found += places(value, (*head, key))
    return found


def at(tables: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a path."""
    for key in path:
        tables = tables[key]
    return tables


@st.composite
def broken_tables(draw: st.DrawFn) -> dict[str, Any]:
    """Tables of a shipped case with one to four things changed."""
    tables: dict[str, Any] = tomllib.loads(SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))])
    for _ in range(draw(st.integers(1, 4))):
        here = places(tables)
        if not here:
            break
        path = draw(st.sampled_from(here))
        holder, key = at(tables, path[:-1]), path[-1]
        match draw(st.sampled_from(["junk", "delete", "add", "move", "scale", "copy"])):
            case "junk":
                holder[key] = draw(JUNK)
            case "delete":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8) | st.sampled_from(WORDS))] = draw(JUNK)
            case "move":
                holder[key] = copy.deepcopy(at(tables, draw(st.sampled_from(here))))
            case "copy":  # a section or a value of another case, by the same name
                other = tomllib.loads(SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))])
                tables[path[0]] = other.get(path[0], 0)
            case "scale" if isinstance(holder[key], str):
                factor = draw(st.sampled_from(["1e-30", "1e-6", "1e-2", "0", "-1", "1e3", "1e9", "1e60"]))
                _, _, unit = holder[key].partition(" ")
                holder[key] = f"{factor} {unit}"
    return tables


@st.composite
def broken_text(draw: st.DrawFn) -> str:
    """Text of a shipped case with pieces taken out, doubled, moved, or replaced."""
    text = SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        piece = draw(
            st.text(max_size=20)
            | st.sampled_from(['"', "'", '"""', *"[]=\n#{}.,\\\x00\ufeff", "[["])
            | st.just(text[start:end] * 2)
            | st.sampled_from(HOSTILE).map(json.dumps)
        )  # fmt: skip
        text = text[:start] + piece + text[end:]
    return text


def toml(tables: dict[str, Any]) -> str:
    """Any tables as text of TOML, on one line per key."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in tables.items())


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    kept = text.encode("utf-8", "ignore").decode("utf-8")
    return json.dumps(kept, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if not math.isfinite(value):
            return str(value)
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case datetime() | date() | time():
            return value.isoformat()
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    raise AssertionError(f"{value!r} has no text in TOML")
