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
from cases.cell import (
    Apex,
    Electrolyte,
    Geometry,
    Islands,
    Kinetics,
    Metal,
    Schottky,
    Species,
    Surface,
    Surfaces,
)
from cases.control import Control
from cases.section import Section
from cases.settings import Growth, Mesh, Output, Solver, Stepping, Stop, Transport

__all__ = [
    "Apex", "Case", "Control", "Electrolyte", "Geometry", "Growth", "Islands", "Kinetics", "Mesh", "Metal",
    "Output", "Schottky", "Solver", "Species", "Stepping", "Stop", "Surface", "Surfaces", "Transport",
]  # fmt: skip


class Case(Section):
    """One simulation, described in full."""

    title: str
    """What this case is, in a line."""
    paper: str = ""
    """DOI of the study that it belongs to."""
    geometry: Geometry
    electrolyte: Electrolyte
    metal: Metal
    kinetics: Kinetics
    surfaces: Surfaces | None = None
    """Substrate; without it all of the electrode is metal from the start."""
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

    @model_validator(mode="after")
    def _together(self) -> Case:
        """Refuse values that contradict each other."""
        if found := checks.problems(self):
            raise PydanticCustomError("case", "the values contradict each other", {"problems": found})
        return self
