"""Commands about case files and the command line itself: `new`, `schema`, `completion`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cases import completing, starting
from cases.errors import CaseError


class Shell(StrEnum):
    """Shells that can complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def new(
    name: Annotated[str, typer.Argument(show_default=False, metavar="NAME", help="The file is NAME.toml.")],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="CASE",
            help="The case to begin from: a file, a run folder, or the name of a shipped case.",
            autocompletion=completing.cases,
        ),
    ] = "bare_ni",
    title: Annotated[
        str | None, typer.Option("--title", show_default=False, metavar="TEXT", help="Title of the new case.")
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help=f"Also write {starting.SCHEMA_FILE} beside it, for completion in editors."
        ),
    ] = False,
) -> None:
    """Begin a case of your own: NAME.toml, with all comments of the case it begins from.

    Use it like this:

    - `tertia new mine --from na3sb_ni`

    - `tertia new mine --from hull_cell --title "My Hull cell" --schema`
    """
    target = starting.begin(name, source, title, schema=schema)
    print(f"{target}: begun from {source}. Next:")
    commands = starting.next_commands(target)
    wide = max(len(command) for command, _ in commands)
    for command, why in commands:
        print(f"  {command:{wide}}   # {why}")
    if schema:
        _write(target.parent / starting.SCHEMA_FILE)


def schema(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", show_default=False, metavar="FILE", help="File to write it to."),
    ] = None,
) -> None:
    """Print the JSON schema of case files, for editors that complete and check them.

    Use it like this:

    - `tertia schema --out tertia.schema.json`, then `#:schema ./tertia.schema.json` as first line of a case
      (VS Code with Even Better TOML, or Taplo)
    """
    if out is None:
        print(_schema(), end="")
    else:
        _write(out)


def completion(
    shell: Annotated[Shell, typer.Argument(show_default=False, metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the script that lets a shell complete commands, options, cases, runs and keys.

    Use it like this:

    - bash, in ~/.bashrc: `eval "$(/path/to/tertia completion bash)"`

    - zsh, in ~/.zshrc: `eval "$(/path/to/tertia completion zsh)"`

    - fish: `/path/to/tertia completion fish > ~/.config/fish/completions/tertia.fish`
    """
    print(completing.SCRIPTS[shell], end="")


def _schema() -> str:
    from cases import editor

    return json.dumps(editor.json_schema(), indent=1, ensure_ascii=False) + "\n"


def _write(file: Path) -> None:
    try:
        file.write_text(_schema(), encoding="utf-8")
    except OSError as error:
        raise CaseError(f"{file}: cannot be written: {error.strerror}") from None
    print(f"{file}: JSON schema of case files")
