"""A mesh on which regions and facet sets go by several names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dolfinx import fem

from .compat import IntArray

if TYPE_CHECKING:
    from .regions import Regions


class Aliases:
    """A `Regions` with further names for some of its regions and facet sets; all else is the same.

    A phase that shares its cells with another one, and several reactions on the same facets, have names of
    their own in a model.
    """

    def __init__(self, given: Regions, others: Mapping[str, str]) -> None:
        """`others`: name in `given` by further name."""
        self.given, self._others = given, others
        tags = [dict(given.regions), dict(given.boundaries)]
        for known in tags:
            known |= {other: known[name] for other, name in others.items() if name in known}
        self.regions, self.boundaries = tags

    def __getattr__(self, name: str) -> Any:
        """Everything else is that of the mesh."""
        return getattr(self.given, name)

    def interior(self, boundary: str) -> bool:
        """Whether the facets of a set have a cell on both sides."""
        return self.given.interior(self._others.get(boundary, boundary))

    def measure(self, name: str) -> float:
        """Size of a region or a facet set in SI units."""
        return self.given.measure(self._others.get(name, name))

    def dofs(self, space: fem.FunctionSpace, name: str) -> IntArray:
        """Local dofs in the closure of a region or facet set."""
        return self.given.dofs(space, self._others.get(name, name))
