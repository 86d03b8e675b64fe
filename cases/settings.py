"""How it is simulated: the sections `transport` to `solver`."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cases.nonlinear import Nonlinear
from cases.section import Count, OptionName, Section
from cases.units import ChargeDensity, Length, Time


def option(value: object) -> object:
    """Let a PETSc option through: text, a whole number of 32 bits, a finite number, or true/false."""
    if isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < 2**31):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise PydanticCustomError("option", "expected text, a number, or true or false")


class Transport(Section):
    """How ions move in the electrolyte."""

    closure: Literal["electroneutral", "concentrated"] = "electroneutral"
    """What closes the set of equations. "electroneutral": a dilute solution, the charges of the ions sum to
    zero everywhere; "concentrated": a concentrated solution of one salt, electrolyte.solution."""


class Noise(Section):
    """Random variation of the current in space and time, the same for any number of processes.

    It multiplies the exchange current density by max(0, 1 + noise): where transport decides, the current
    follows it less.
    """

    amplitude: Annotated[float, Field(gt=0, le=1)]
    """Standard deviation at the points of its lattice, part of the current; 2/3 of it on average in 2D."""
    length: Length | None = None
    """Distance over which it is correlated; by default growth.interface_width."""
    period: Time | None = None
    """Time over which it is correlated; by default it stays, and the surface moves through it."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of the random numbers."""


class Growth(Section):
    """How the surface of the electrode is represented."""

    method: Literal["moving_mesh", "phase_field", "fixed"] = "moving_mesh"
    """Either "moving_mesh", a sharp front that moves with the deposit; "phase_field", a surface that is
    spread over some cells, which branches and merges, in 3D too; or "fixed": it keeps its shape."""
    interface_width: Length | None = None
    """Of a phase field: w of the profile 1/(1 + exp(d/w)), d the distance from the surface; by default
    mesh.front_size. From 10 to 90 % of metal it is 4.4 w wide; radii must be some times larger."""
    cell_size: Length | None = None
    """Of a phase field: shorter edges of the cells about the surface; by default interface_width."""
    adaptive: bool = True
    """Of a phase field: whether fine cells follow the surface; else all cells below fine_height are fine."""
    fine_height: Length | None = None
    """Of a phase field whose mesh does not follow: height over the collector up to which cells are fine."""
    noise: Noise | None = None
    """Of a phase field: what disturbs the surface; nothing by default."""
    model: Literal["conservative", "nonlinear"] = "conservative"
    """Of a phase field: "conservative", with one surface density in all balances; or "nonlinear", the model
    of the literature, which loses charge and distorts capillarity (docs/nonlinear-phase-field.md)."""
    nonlinear: Nonlinear | None = None
    """Parameters of the nonlinear model; needed with growth.model = "nonlinear"."""


class Mesh(Section):
    """Sizes of the triangles or tetrahedra, and how they follow the electrodes."""

    front_size: Length
    """Edge length on the deposit."""
    front_size_min: Length | None = None
    """Smallest edge length where the front is strongly curved; by default a quarter of front_size."""
    seed_size: Length | None = None
    """Edge length at islands while they carry seeds; by default front_size."""
    bulk_size: Length
    """Edge length far from the deposit."""
    growth_rate: Annotated[float, Field(gt=0, le=1)] = 0.25
    """How much longer edges become per distance from the front."""
    refine: Annotated[float, Field(ge=0.05, le=20)] = 1.0
    """Divides all sizes: 2 halves every edge."""
    smoothing: Literal["harmonic", "elastic"] = "harmonic"
    """What spreads the motion of the electrodes into the electrolyte: the Laplace equation, stiffer where
    cells are small, or linear elasticity."""
    redistribute: bool = False
    """Whether vertices slide along the front towards even edges between remeshings."""
    remesh_every: Count | None = None
    """Remesh after so many steps at the latest; by default only where the mesh asks for it."""


class Stepping(Section):
    """Choice of the time step."""

    initial_step: Time
    """First step."""
    max_step: Time
    """Longest step."""
    tolerance: Annotated[float, Field(gt=0, le=0.1)] = 2e-3
    """Local error of a step, relative, in concentration."""
    displacement: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    """Furthest the front moves in a step, as a fraction of the local edge length."""
    order: Literal[1, 2] = 2
    """Order of the time integration."""


class Stop(Section):
    """When the run ends: at the first of these."""

    time: Time
    """Simulated time."""
    gap: Length
    """Short circuit: the electrodes count as touching at this distance."""
    charge: ChargeDensity | None = None
    """Charge passed per area of the substrate."""
    thickness: Length | None = None
    """Mean thickness of the deposit."""
    tip_height: Length | None = None
    """Height of the highest point of the deposit."""


class Output(Section):
    """What is written besides one row of metrics per step."""

    frames: Count = 20
    """Number of times at which fields and front are written."""
    checkpoint_every: Time = 600.0
    """Wall time after which the run writes a checkpoint that `--resume` can go on from; the last one is
    written at the end."""
    checkpoint_steps: Annotated[int, Field(ge=1)] | None = None
    """Steps after which it writes one at the latest; by default time alone decides."""


class Solver(Section):
    """Numerical settings; the defaults serve."""

    newton_rtol: Annotated[float, Field(gt=0, lt=1)] = 1e-10
    """Relative reduction of the residual at which Newton's method stops."""
    newton_max_it: Count = 15
    """Most iterations of Newton's method in a step before the step is made shorter."""
    petsc: dict[OptionName, Annotated[str | int | float | bool, BeforeValidator(option)]] = Field(default={})
    """PETSc options by name without the dash, laid over the preset."""
