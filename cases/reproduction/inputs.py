"""Every input of a paper's cells, and where it comes from.

In a case file a value is published unless it stands under [assumptions]; there its reason begins with
"Cited:" or "Fitted:", or it is an assumption. So the table cannot say otherwise than the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cases import loader
from cases.reproduction.paper import Paper


class Origin(StrEnum):
    """Where an input comes from."""

    PUBLISHED = "published"
    CITED = "cited"
    ASSUMED = "assumed"
    FITTED = "fitted"


@dataclass(frozen=True)
class Input:
    """An input.

    Attributes:
        where: case file or files; "" for what comes from nowhere else.
        name: key of the case file, or words.
        value: with unit.
        origin: see `Origin`.
        source: a DOI, or the reason.
    """

    where: str
    name: str
    value: str
    origin: Origin
    source: str


NUMERICAL = {"interfaces", "mesh", "time", "output", "solver", "stop", "growth"}
"""Sections that say where reactions happen and how to compute."""
STRUCTURE = {
    "title", "paper", "assumptions", "shape", "kind", "law", "closure", "charge", "charge_number",
    "electrons", "name", "cycles", "ion",
}  # fmt: skip
"""Keys that say what there is, rather than how much of it."""


def of_paper(paper: Paper) -> tuple[Input, ...]:
    """All inputs but the fitted ones: those of case files, merged where files agree, then the others."""
    merged: dict[tuple[str, str, Origin, str], list[str]] = {}
    for case in paper.cases:
        for item in of_case(case):
            merged.setdefault((item.name, item.value, item.origin, item.source), []).append(case)
    found = [
        Input(", ".join(where), name, value, origin, source)
        for (name, value, origin, source), where in merged.items()
        if origin is not Origin.FITTED
    ]
    found += [
        Input("", f.name, f"{f.value:g} {f.unit}", Origin.PUBLISHED, f"doi {paper.doi}")
        for f in paper.published
    ]
    for name, assumed in paper.assumed.items():
        value = f"{assumed.value:g} {assumed.unit}".strip()
        origin, source = classify(assumed.reason)
        found.append(Input("", name.replace("_", " "), value, origin, source))
    return tuple(found)


def of_case(name: str) -> tuple[Input, ...]:
    """The inputs in the file of a shipped case."""
    tables = tomllib.loads(loader.find(name).read_text(encoding="utf-8"))
    reasons: Mapping[str, str] = tables.get("assumptions", {})
    found = []
    for path, value in _leaves(tables):
        key = ".".join(path)
        reason = next((why for about, why in reasons.items() if (key + ".").startswith(about + ".")), None)
        origin, source = (Origin.PUBLISHED, f"doi {tables['paper']}") if reason is None else classify(reason)
        found.append(Input(name, key, value, origin, source))
    return tuple(found)


def classify(reason: str) -> tuple[Origin, str]:
    """Origin and source that a reason tells."""
    for origin in (Origin.CITED, Origin.FITTED):
        begin = f"{origin.value.capitalize()}: "
        if reason.startswith(begin):
            return origin, reason.removeprefix(begin)
    return Origin.ASSUMED, reason


def _leaves(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in table.items():
        here = (*path, key)
        if key in STRUCTURE or here[0] in NUMERICAL or (path[:1] == ("reactions",) and key == "species"):
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        elif isinstance(value, list):
            yield (
                here,
                ", ".join(
                    " ".join(map(str, v.values())) if isinstance(v, Mapping) else str(v) for v in value
                ),
            )
        else:
            yield here, str(value)
