"""The concentrated solution that a section `electrolyte` names or describes."""

from __future__ import annotations

from typing import Protocol

from cases.fixed.media import Properties
from cases.fixed.reactions import law_of
from solver import solutions


class Concentrated(Protocol):
    """What the sections `electrolyte` of all cases have in common."""

    @property
    def solution(self) -> str | None:
        """Name of a solution with cited properties."""
        ...

    @property
    def properties(self) -> Properties | None:
        """Properties of one's own."""
        ...


def find(electrolyte: Concentrated) -> solutions.Solution:
    """Its concentrated solution; KeyError if the name is unknown."""
    own = electrolyte.properties
    if own is None:
        return solutions.find(electrolyte.solution or "")
    everything = (0.0, float("inf"))
    return solutions.Solution(
        name="the solution of this case",
        cation=own.cation,
        diffusivity=law_of(own.diffusivity),
        conductivity=law_of(own.conductivity),
        transference_number=law_of(own.transference_number),
        thermodynamic_factor=law_of(own.thermodynamic_factor),
        concentrations=everything,
        temperatures=everything,
        source=own.source,
        notes="",
    )
