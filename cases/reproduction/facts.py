"""Published figures, by their place in verification/data/papers.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def library() -> dict[str, Any]:
    """All published figures: the tables of papers.toml."""
    text = (files("verification") / "data" / "papers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Fact:
    """One published number.

    Attributes:
        unit: of the number.
        path: keys that lead to it.
    """

    unit: str
    path: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a place where no number stands.

        Raises:
            ValueError: there is no number at `path`.
        """
        here: Any = library()
        for key in self.path:
            here = here.get(key) if isinstance(here, dict) else None
        if not isinstance(here, int | float):
            raise ValueError(f"papers.toml has no number at {'.'.join(self.path)}")

    @property
    def value(self) -> float:
        """The number, in `unit`."""
        here: Any = library()
        for key in self.path:
            here = here[key]
        return float(here)

    @property
    def name(self) -> str:
        """Where it stands, dotted."""
        return ".".join(self.path)


def fact(unit: str, *path: str) -> Fact:
    """The published number at `path`."""
    return Fact(unit, path)
