"""What a case is: one frozen model per section of the file, SI floats inside.

A field without a default must be given. The text under a field is its description
for people and, through `Case.model_json_schema`, for editors. What several fields
must satisfy together is in `cases.checks`; how a file becomes a `Case` is in
`cases.loader`; in Python, ``loader.from_tables({...})`` takes the same tables.
"""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from cases import checks
from cases.cell import Electrolyte, Kinetics, Metal, Schottky, Separator, Species, Surface, Surfaces
from cases.control import Control
from cases.geometry import Apex, Counter, Geometry, Islands, Nucleus, Protrusion, Trench
from cases.section import Section
from cases.settings import Growth, Mesh, Output, Solver, Stepping, Stop, Transport

__all__ = [
    "Apex", "Case", "Control", "Counter", "Electrolyte", "Geometry", "Growth", "Islands", "Kinetics", "Mesh",
    "Metal", "Nucleus", "Output", "Protrusion", "Schottky", "Separator", "Solver", "Species", "Stepping",
    "Stop", "Surface", "Surfaces", "Transport", "Trench",
]  # fmt: skip


class Case(Section):
    """One simulation, described in full."""

    title: str
    """What this case is, in a line."""
    paper: str = ""
    """DOI of the study that it belongs to."""
    geometry: Geometry
    electrolyte: Electrolyte
    separator: Separator | None = None
    """A porous body that fills the gap; without it the electrolyte is free."""
    metal: Metal
    kinetics: Kinetics
    surfaces: Surfaces | None = None
    """Substrate; without it all of the electrode is metal from the start. With geometry.metal_thickness it is
    what comes to light where the metal is dissolved."""
    transport: Transport = Transport()
    control: Control
    growth: Growth = Growth()
    mesh: Mesh
    time: Stepping
    stop: Stop
    output: Output = Output()
    solver: Solver = Solver()
    assumptions: dict[str, str] = Field(default={})
    """Key -> reason, for every value that no paper gives."""

    @property
    def all_metal(self) -> bool:
        """Whether the electrode is metal throughout at the start.

        The nonlinear phase field has no kinds of substrate: there, what is not metal is bare and stays so.
        """
        bare = self.growth.model == "nonlinear" or self.surfaces is not None
        return not bare or self.geometry.metal_thickness is not None

    @model_validator(mode="after")
    def _together(self) -> Case:
        """Refuse values that contradict each other."""
        if found := checks.problems(self):
            raise PydanticCustomError("case", "the values contradict each other", {"problems": found})
        return self
