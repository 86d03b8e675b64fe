"""Which checkpoint a run goes on from, and whether the case is still the one that it is of."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cases.dump import dump
from cases.errors import CaseError
from cases.messages import dotted, quoted
from cases.section import Section
from solver.archive import ArchiveError
from solver.checkpoints import Checkpoint, newest

FREE = ("stop", "output", "title", "paper", "assumptions")
"""Sections and texts that may differ: nothing that was computed depends on them."""


def find(folder: Path, case: Section) -> Checkpoint:
    """The newest checkpoint in a run folder that can be read, if it is one of `case`.

    Raises:
        CaseError: there is none, or the case has other values than the one that ran.
    """
    try:
        checkpoint = newest(folder)
    except ArchiveError as error:
        raise CaseError(f"--resume: {error}") from None
    differing = list(differences(tomllib.loads(checkpoint.case), tomllib.loads(dump(case))))
    if differing:
        hint = f"give the same --set as then, or run {folder}/case.toml with --resume"
        raise CaseError((*(f"--resume: {sentence}" for sentence in differing), f"--resume: {hint}"))
    return checkpoint


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[str]:
    """A sentence for every key whose value matters and is another one than `before`."""
    for key in dict.fromkeys((*before, *now)):
        if not path and key in FREE:
            continue
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, (*path, key))
        elif old != new:
            yield f"{dotted((*path, key))} is {_shown(new)}, in the run it was {_shown(old)}"


def _shown(value: Any) -> str:
    return "not set" if value is None else quoted(value)
