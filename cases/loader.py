"""From a file, or the name of a shipped case, to a checked `Case` or `FixedCase`.

A file with `geometry.shape` describes a cell of fixed shape; any other, a cell whose electrode grows.

Nothing but `CaseError` leaves these functions for bad input, whatever the file holds.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cases.errors import CaseError
from cases.fixed.schema import FixedCase
from cases.messages import dotted, quoted, sentences
from cases.schema import Case

_FOLDER = Path(__file__).parent
_LARGEST = 1_000_000  # bytes
_DEEPEST = 12  # tables within tables; the schema needs 5
_DOT = re.compile(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a dot outside quotes


AnyCase = Case | FixedCase
"""What a case file may be."""


def shipped() -> dict[str, Path]:
    """Name -> file of the cases that come with Tertia, sorted by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def find(source: str | Path) -> Path:
    """Find the file of a case: a file, a run folder (its case.toml), or the name of a shipped case.

    Raises:
        CaseError: there is none; near names are suggested.
    """
    if not str(source):
        raise CaseError("the name of a case is empty, expected a file, a run folder or a shipped case")
    path = Path(source)
    try:
        if path.is_dir() and (path / "case.toml").is_file():
            return path / "case.toml"
        if path.is_file():
            return path
        directory = path.is_dir()
    except (OSError, ValueError) as error:
        raise CaseError(f"{quoted(str(source))} cannot be read: {_reason(error)}") from None
    known = shipped()
    if str(source) in known:
        return known[str(source)]
    if directory:
        raise CaseError(f"{quoted(str(source))} is a folder without a case.toml, expected a case or a run")
    near = get_close_matches(path.stem, known, n=1, cutoff=0.6)
    hint = f'did you mean "{near[0]}"?' if near else f"shipped cases are {', '.join(known)}"
    raise CaseError(f"{quoted(str(source))} is neither a file nor a shipped case; {hint}")


def load(source: str | Path, overrides: Iterable[str] = ()) -> AnyCase:
    """Read a case from a file or by the name of a shipped one, with ``key=value`` overrides.

    Raises:
        CaseError: every error found, one sentence each.
    """
    path = find(source)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise CaseError(f"{path}: larger than {_LARGEST // 1000} kB, this is no case file")
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise CaseError(f"{path}: not a text file in UTF-8") from None
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {_reason(error)}") from None
    return loads(text, overrides, name=str(path), folder=path.parent)


def loads(
    text: str, overrides: Iterable[str] = (), *, name: str = "case", folder: Path | None = None
) -> AnyCase:
    """Read a case from the text of a file; ``name`` stands for it in messages.

    A mesh file that it names is looked for in ``folder``; one that an override names, where one stands.

    Raises:
        CaseError: every error found, one sentence each.
    """
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise CaseError(f"{name}: nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and what int() and datetime() refuse
        raise CaseError(f"{name}: not valid TOML: {error}") from None
    if folder is not None:
        _place(tables, folder)
    for override in overrides:
        assign(tables, override)
    return from_tables(tables)


def from_tables(tables: Mapping[str, Any]) -> AnyCase:
    """Check the tables of a case file, given as Python dicts of the same texts and numbers.

    Raises:
        CaseError: every error found, one sentence each.
    """
    if _depth(tables) > _DEEPEST:
        raise CaseError(f"tables are nested more than {_DEEPEST} deep")
    geometry = tables.get("geometry")
    kind: type[AnyCase] = FixedCase if isinstance(geometry, Mapping) and "shape" in geometry else Case
    try:
        return kind.model_validate(tables)
    except ValidationError as error:
        raise CaseError(sentences(error, kind, tables)) from None


def assign(tables: dict[str, Any], override: str) -> None:
    """Set one ``key=value`` in ``tables``; the value is TOML if it can be read so, text otherwise.

    Whether the key means anything is for `from_tables` to say.

    Raises:
        CaseError: no "=", an empty key, or a key that leads through a value that is no table.
    """
    key, equals, text = override.partition("=")
    path = [part.strip().strip('"') for part in _DOT.split(key)]
    if not equals or not all(path):
        raise CaseError(f'--set {quoted(override)}: expected key=value, such as stop.time="10 s"')
    if not override.isprintable():
        raise CaseError(f"--set {quoted(override)}: expected printable text in UTF-8")
    here = tables
    for depth, part in enumerate(path[:-1], start=1):
        inner = here.setdefault(part, {})
        if not isinstance(inner, dict):
            raise CaseError(f"--set {dotted(path)}: {dotted(path[:depth])} is a value, not a table")
        here = inner
    here[path[-1]] = _value(text.strip())


def _place(tables: dict[str, Any], folder: Path) -> None:
    """Make the path of a mesh file absolute, as seen from the folder of the case."""
    geometry = tables.get("geometry")
    if isinstance(geometry, dict) and isinstance(file := geometry.get("file"), str) and file:
        geometry["file"] = str(folder.absolute() / file)


def _value(text: str) -> Any:
    try:
        tables = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return tables["value"] if list(tables) == ["value"] else text


def _depth(value: object) -> int:
    """Depth of nesting; counts no further than one past `_DEEPEST`."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        tables = [list(v.values()) if isinstance(v, Mapping) else v for v in level]
        level = [item for table in tables if isinstance(table, list) for item in table]
        depth += 1
    return depth


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
