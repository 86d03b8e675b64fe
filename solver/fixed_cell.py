"""A cell of fixed shape, ready to run: what cases describe and `fixed_run` marches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mpi4py import MPI

from meshes.regions import Regions

from .experiment import Stepping
from .model import Model
from .presets import DIRECT, Preset
from .program import Program


@dataclass(frozen=True)
class FixedCell:
    """Everything about a run on a fixed mesh.

    Attributes:
        title: first line of the run.
        mesh: makes the distributed mesh; collective.
        model: the physics.
        program: what the instrument does.
        stepping: time step control.
        preset: of the linear and nonlinear solvers.
        options: PETSc options that replace or add to those of the preset, without prefix and dash.
        stop_time: end of the run in s; infinite if the program ends it.
        frames: number of pictures of the fields, evenly spaced in time.
        metal_volume_per_charge: M/(n rho F) of the deposit in m^3/C, for a thickness; None: no deposit.
    """

    title: str
    mesh: Callable[[MPI.Comm], Regions]
    model: Model
    program: Program
    stepping: Stepping
    preset: Preset = DIRECT
    options: Mapping[str, Any] = field(default_factory=dict)
    stop_time: float = float("inf")
    frames: int = 0
    metal_volume_per_charge: float | None = None
