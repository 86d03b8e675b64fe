"""A case of fixed shape: one frozen model per section of the file, SI floats inside.

`geometry.shape` makes a file one of these. What several fields must satisfy together is in
`cases.fixed.checks`; the solver's objects are made in `cases.fixed.model` and `cases.fixed.build`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from cases.control import Control
from cases.fixed import checks
from cases.fixed.geometry import ELECTROLYTE, Geometry
from cases.fixed.media import Conductor, Electrolyte, Liquid, Porous, Region
from cases.fixed.reactions import Interface, Reaction
from cases.fixed.settings import (
    Conversion,
    Flow,
    Growth,
    Mesh,
    Metal,
    Output,
    Prescribed,
    Solver,
    Stepping,
    Stop,
    Transport,
)
from cases.section import Name, Section, listed

BoundaryName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,31}(\|[A-Za-z][A-Za-z0-9_+-]{0,31})?$")
]


class FixedCase(Section):
    """One simulation of a cell of fixed shape, described in full."""

    title: str
    """What this case is, in a line."""
    paper: str = ""
    """DOI of the study that it belongs to."""
    geometry: Geometry
    regions: dict[Name, Region] = Field(default={})
    """What each region is made of; "electrolyte" is a liquid unless it says otherwise."""
    electrolyte: Electrolyte
    transport: Transport = Transport()
    reactions: dict[Name, Reaction] = Field(default={})
    """Reactions by name."""
    interfaces: dict[BoundaryName, Interface] = Field(default={})
    """What happens at boundaries, by their names."""
    conversions: dict[Name, Conversion] = Field(default={})
    """Homogeneous reactions by name."""
    flow: Flow | None = None
    prescribed: Annotated[tuple[Prescribed, ...], listed("[[prescribed]] tables")] = ()
    """Values held at boundaries."""
    metal: Metal | None = None
    control: Control
    growth: Growth = Growth()
    mesh: Mesh = Mesh()
    time: Stepping = Stepping()
    stop: Stop = Stop()
    output: Output = Output()
    solver: Solver = Solver()
    assumptions: dict[str, str] = Field(default={})
    """Key -> reason, for every value that no paper gives."""

    @model_validator(mode="after")
    def _together(self) -> FixedCase:
        """Refuse values that contradict each other."""
        if found := checks.problems(self):
            raise PydanticCustomError("case", "the values contradict each other", {"problems": found})
        return self

    def region(self, name: str) -> Region | None:
        """What a region is made of; None if the case does not say."""
        return self.regions.get(name) or (Liquid() if name == ELECTROLYTE else None)

    @property
    def media(self) -> dict[str, Liquid | Porous]:
        """Regions with electrolyte, in the order of the shape."""
        found = {name: self.region(name) for name in self.geometry.regions()}
        return {name: region for name, region in found.items() if isinstance(region, Liquid | Porous)}

    @property
    def conductors(self) -> dict[str, Conductor]:
        """Regions with one carrier."""
        found = {name: self.region(name) for name in self.geometry.regions()}
        return {name: region for name, region in found.items() if isinstance(region, Conductor)}

    @property
    def species(self) -> dict[str, tuple[int, float]]:
        """Charge and initial concentration (mol/m^3) of what the electrolyte holds, by name."""
        if self.transport.closure == "concentrated":
            return {self.cation: (1, self.electrolyte.concentration or 0.0)}
        return {name: (s.charge, s.concentration) for name, s in self.electrolyte.species.items()}

    @property
    def cation(self) -> str:
        """Name of the cation of a concentrated solution; "" if there is none."""
        from solver import solutions

        electrolyte = self.electrolyte
        if electrolyte.cation is not None:
            return electrolyte.cation
        if electrolyte.properties is not None:
            return electrolyte.properties.cation
        try:
            return solutions.find(electrolyte.solution or "").cation
        except KeyError:
            return ""

    @property
    def eliminated(self) -> str:
        """Ion that follows from neutrality; "" where none does."""
        if self.transport.closure != "electroneutral":
            return ""
        if self.transport.eliminated is not None:
            return self.transport.eliminated
        busy = {
            name for part in (*self.reactions.values(), *self.conversions.values()) for name in part.species
        }
        busy |= {value.field for value in self.prescribed}
        ions = {name: z * c for name, (z, c) in self.species.items() if z}
        ranked = sorted(ions, key=lambda name: (name in busy, -abs(ions[name])))
        return ranked[0] if ranked else ""
