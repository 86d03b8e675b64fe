"""A paper: what is compared, what may be fitted, what is assumed, what is varied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cases.reproduction.bench import Assumed, Fit
from cases.reproduction.comparisons import Comparison, Kind
from cases.reproduction.facts import Fact, library


@dataclass(frozen=True)
class Variation:
    """An input that a paper leaves out, changed both ways.

    Attributes:
        name: what it is.
        low, high: factors by key, a key of case files or "assumed.NAME".
        how: what the factors are, in words.
    """

    name: str
    low: Mapping[str, float]
    high: Mapping[str, float]
    how: str


def factors(name: str, keys: Sequence[str], low: float = 0.5, high: float = 2.0) -> Variation:
    """The same two factors on all of `keys`."""
    return Variation(name, dict.fromkeys(keys, low), dict.fromkeys(keys, high), f"x {low:g}, x {high:g}")


@dataclass(frozen=True)
class Paper:
    """A paper and its table.

    Attributes:
        name: table of papers.toml.
        about: what is simulated and how numbers are read from it, for the report.
        cases: symmetric cells whose files are listed as inputs.
        fits: parameters fitted to published points: at most one per electrode, each to a point of its own.
        comparisons: lines of the table.
        published: figures that are inputs, beyond the case files.
        assumed: values beyond the case files, by name.
        variations: for the sensitivity table.
    """

    name: str
    about: str
    cases: tuple[str, ...]
    fits: tuple[Fit, ...]
    comparisons: tuple[Comparison, ...]
    published: tuple[Fact, ...] = ()
    assumed: Mapping[str, Assumed] = field(default_factory=dict)
    variations: tuple[Variation, ...] = ()

    def __post_init__(self) -> None:
        """Hold it to the rules.

        Raises:
            ValueError: an electrode is fitted twice, a point serves two fits, two comparisons have one id, or
                a fitted point has no line of its own in the table.
        """
        for what, names in (
            ("electrode fitted twice", [fit.electrode for fit in self.fits]),
            ("point used by two fits", [fit.fact.name for fit in self.fits]),
            ("id of two comparisons", [comparison.id for comparison in self.comparisons]),
        ):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"{self.name}: {what}: {', '.join(twice)}")
        shown = {getattr(c, "fact", None) for c in self.comparisons if c.kind is Kind.FITTED}
        hidden = [fit.fact.name for fit in self.fits if fit.fact not in shown]
        if hidden:
            raise ValueError(f"{self.name}: fitted to {', '.join(hidden)} without saying so in the table")

    @property
    def doi(self) -> str:
        """Its DOI."""
        return str(library()["papers"][self.name]["doi"])

    @property
    def title(self) -> str:
        """Short title."""
        return str(library()["papers"][self.name]["short"])
