"""A case file of one's own, begun from another: with its comments, under a new title."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cases import loader
from cases.errors import CaseError
from cases.messages import quoted

SCHEMA_FILE = "tertia.schema.json"
_TITLE = re.compile(r"^title[ \t]*=.*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def begin(name: str, source: str, title: str | None = None, *, schema: bool = False) -> Path:
    """Write NAME.toml, the text of `source` with another title and head; returns the file.

    Args:
        name: of the new case, may lead into a folder and end in .toml.
        source: case file, run folder or shipped case that it begins from.
        title: of the new case.
        schema: whether the file names `SCHEMA_FILE` beside it for editors; somebody has to write that.

    Raises:
        CaseError: `name` cannot be a name or exists already, or `source` is no case.
    """
    target = Path(name if name.endswith(".toml") else f"{name}.toml")
    if not _NAME.fullmatch(target.stem):
        raise CaseError(f"{quoted(name)}: expected a name of letters, digits, _ . + and -")
    file = loader.find(source)
    text, old = _read(file), loader.load(file)
    new = f"{target.stem}, begun from {file.stem}" if title is None else title
    made = _head(target, file, schema) + _titled(text, new, file)
    try:
        same = loader.loads(made, name=str(target), folder=target.parent)
    except CaseError as error:
        raise CaseError([f"{target} would not be a case: {line}" for line in error.problems]) from None
    if same != old.model_copy(update={"title": new}):
        raise CaseError(f"{file}: its title is not one line `title = ...`, which a new one could replace")
    try:
        with target.open("x", encoding="utf-8") as out:
            out.write(made)
    except FileExistsError:
        raise CaseError(f"{target}: exists already; choose another name") from None
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CaseError(f"{target}: cannot be written: {why}") from None
    return target


def next_commands(target: Path) -> tuple[tuple[str, str], ...]:
    """Command and what it is good for."""
    return (
        (f"tertia check {target}", "errors, derived numbers, assumptions; runs nothing"),
        (f"tertia run {target} --steps 20", "does it start well?"),
        (f"tertia run {target}", "into runs/"),
        (f'tertia sweep {target} --vary KEY="A,B"', "many of them: docs/sweeps.md"),
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{file} cannot be read: {error}") from None


def _titled(text: str, title: str, file: Path) -> str:
    if not _TITLE.search(text):
        raise CaseError(f"{file}: has no line `title = ...`, which a new one could replace")
    line = f"title = {json.dumps(title, ensure_ascii=False)}".replace("\x7f", "\\u007f")
    return _TITLE.sub(lambda match: line, text, count=1)


def _head(target: Path, file: Path, schema: bool) -> str:
    """Comments before the text: where it is from, what to do next."""
    commands = next_commands(target)
    wide = max(len(command) for command, _ in commands)
    lines = [f"#:schema ./{SCHEMA_FILE}"] if schema else []
    lines += [f"# {target.stem}: begun from the case {file.stem}, whose own comments follow.", "#"]
    lines += [f"#   {command:{wide}}   # {why}" for command, why in commands]
    return "\n".join([*lines, "#", "# ---", ""])
