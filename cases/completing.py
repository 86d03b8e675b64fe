"""What a shell completes: names of cases and runs, keys of a case; and the script that asks for it.

The script calls the command line again with a variable set, as click and typer have it. It calls what
stands at the beginning of the line, so that `./tertia` completes as well as an installed `tertia`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from cases import loader
from cases.errors import CaseError
from cases.folders import RUNS

PROGRAM = "tertia"
VARIABLE = "_TERTIA_COMPLETE"

_BASH = """\
_tertia_completion() {
    local IFS=$'\\n'
    COMPREPLY=($(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _TERTIA_COMPLETE=complete_bash \\
        "${COMP_WORDS[0]}" 2>/dev/null))
    [ "${#COMPREPLY[@]}" = 1 ] && case ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac
}
complete -o default -F _tertia_completion tertia
"""
_ZSH = """\
_tertia_completion() {
    local answer
    answer=$(_TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _TERTIA_COMPLETE=complete_zsh \\
        "${words[1]}" 2>/dev/null)
    eval "$answer"
}
whence compdef >/dev/null || { autoload -Uz compinit && compinit }
compdef _tertia_completion tertia
"""
_FISH = """\
function __tertia_complete
    set -lx _TERTIA_COMPLETE complete_fish
    set -lx _TYPER_COMPLETE_FISH_ACTION $argv[1]
    set -lx _TYPER_COMPLETE_ARGS (commandline -cp)
    set -l program (commandline -po)[1]
    $program 2>/dev/null
end
complete --command tertia --no-files --arguments "(__tertia_complete get-args)" \\
    --condition "__tertia_complete is-args"
"""
SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""The script of each shell."""


def asked() -> bool:
    """Whether a shell called this program to complete a line."""
    return VARIABLE in os.environ


def prepare() -> None:
    """Make typer's ways of answering shells known to click."""
    import_module("typer.completion").completion_init()


def cases(incomplete: str) -> list[str]:
    """Shipped cases; files that may be cases and folders on the way to them."""
    return [*_beginning(loader.shipped(), incomplete), *_files(incomplete)]


def runs(incomplete: str) -> list[str]:
    """Names and folders of the runs in runs/."""
    there = sorted(path.name for path in RUNS.glob("*") if (path / "metrics.csv").is_file())
    return _beginning([*there, *(str(RUNS / name) for name in there)], incomplete)


def assignments(incomplete: str) -> list[str]:
    """Keys that the case on the line gives, with their "="."""
    for word in _line():
        try:
            case = loader.load(word)
        except CaseError:
            continue
        return _beginning([f"{key}=" for key in _keys(case.model_dump(exclude_none=True))], incomplete)
    return []


def _line() -> list[str]:
    """Words after the command; an option that still waits for its value keeps click from telling them."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return [word for word in line.split()[2:] if not word.startswith("-")]


def _keys(table: Mapping[str, Any], head: str = "") -> Iterator[str]:
    for key, value in table.items():
        if not isinstance(value, dict):
            yield head + key
        elif head + key != "assumptions":
            yield from _keys(value, f"{head}{key}.")


def _files(incomplete: str) -> list[str]:
    folder, _, start = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else "."))
    head = f"{folder}/" if "/" in incomplete else ""
    try:
        found = sorted(place.iterdir())
    except OSError:
        return []
    names = [f"{path.name}/" for path in found if path.is_dir()]
    names += [path.name for path in found if path.suffix == ".toml"]
    shown = [name for name in names if not name.startswith(".") or start.startswith(".")]
    return [head + name for name in _beginning(shown, start)]


def _beginning(words: Any, start: str) -> list[str]:
    return [word for word in words if word.startswith(start)]
