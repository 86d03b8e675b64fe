"""How a cell of fixed shape is simulated: `transport`, `flow`, `prescribed`, `mesh`, `time` and so on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cases.fixed.quantities import Velocity, VelocityLaw
from cases.section import Count, Name, OptionName, Section, listed
from cases.settings import option
from cases.units import Conductivity, Length, MolarVolume, Time


class Transport(Section):
    """What closes the equations of transport, and how they are discretised."""

    closure: Literal["electroneutral", "poisson", "supporting", "secondary", "concentrated"] = (
        "electroneutral"
    )
    """Ions neutral together; space charge resolved; a supporting electrolyte carries the current; Ohm's law
    alone; a concentrated solution of one salt."""
    eliminated: Name | None = None
    """Ion that follows from neutrality; by default the most abundant one that does not react."""
    conductivity: Conductivity | None = None
    """Conductivity with "supporting" (needed) and "secondary" (by default that of the species)."""
    relative_permittivity: Annotated[float, Field(ge=1, le=1e4)] | None = None
    """Relative permittivity; needed with "poisson", information otherwise."""
    degree: Literal[1, 2] = 1
    """Degree of the elements."""
    unknown: Literal["concentration", "logarithm"] = "concentration"
    """What is solved for; logarithms are positive by construction."""


class Conversion(Section):
    """A homogeneous reaction in the electrolyte."""

    species: dict[Name, Annotated[float, Field(ge=-8, le=8)]] = Field(min_length=1)
    """Stoichiometric numbers by species: positive for what is made."""
    rate: str
    """Rate in mol/(m^3 s): a formula in c_NAME (mol/m^3) and T (K)."""


class Flow(Section):
    """A given flow of the electrolyte; exactly one of velocity and mean_velocity."""

    velocity: Annotated[tuple[VelocityLaw, ...], listed('["1 cm/s", "0"]')] = ()
    """Components: quantities, or formulas in x, y, z (m) with values in m/s; free of divergence."""
    mean_velocity: Velocity | None = None
    """Mean velocity of a parabolic profile; for geometry.shape = "channel"."""
    inlets: Annotated[tuple[str, ...], listed('["inlet"]')] | None = None
    """Boundaries where electrolyte of the initial composition enters; "inlet" by default if there is one."""
    outlets: Annotated[tuple[str, ...], listed('["outlet"]')] | None = None
    """Boundaries where it leaves; "outlet" by default if there is one."""
    streamline: bool = True
    """Streamline-upwind stabilisation."""


class Prescribed(Section):
    """A value held at a boundary."""

    field: Name
    """A species, or "potential" (of the electrolyte)."""
    boundary: str
    """Boundary where it is held."""
    value: str
    """A concentration such as "1 mol/L" (a potential such as "0 V"), or a formula in x, y, z (m) and t (s)
    with a value in mol/m^3 (V)."""


class Metal(Section):
    """The deposit, for its thickness."""

    name: str = ""
    """Name, for pictures and tables."""
    molar_volume: MolarVolume
    """Molar volume."""
    charge_number: Annotated[int, Field(ge=1, le=8)] = 1
    """Electrons per atom."""


class Growth(Section):
    """How the surface of the electrode is represented."""

    method: Literal["fixed"] = "fixed"
    """It keeps its shape."""


class Mesh(Section):
    """Sizes of the cells; all have defaults that follow from the shape and the physics."""

    size: Length | None = None
    """Largest cell."""
    electrode_size: Length | None = None
    """Cells at electrodes and interfaces."""
    growth_rate: Annotated[float, Field(gt=1, le=4)] = 1.2
    """Ratio of neighbouring cells away from electrodes."""
    columns: Count | None = None
    """Cells across the width of a rectangle or box."""
    rows: Count | None = None
    """Cells across the depth of a box."""
    along: Length | None = None
    """Largest cell along a channel."""
    refine: Annotated[float, Field(ge=0.05, le=20)] = 1.0
    """Divides all sizes: 2 halves every cell."""


class Stepping(Section):
    """Choice of the time step."""

    initial_step: Time | None = None
    """First step after every change of control; by default short against diffusion and segments."""
    max_step: Time | None = None
    """Longest step; by default a hundredth of the whole time."""
    tolerance: Annotated[float, Field(gt=0, le=0.1)] = 1e-4
    """Local error of a step, relative, in concentration."""
    order: Literal[1, 2] = 2
    """Highest order of the backward differentiation formula."""


class Stop(Section):
    """When the run ends, if the program of the instrument does not end it before."""

    time: Time | None = None
    """Simulated time; needed if nothing in `control` ends."""


class Output(Section):
    """What is written besides one row of metrics per step."""

    frames: Count = 20
    """Number of times at which fields are written."""
    checkpoint_every: Time = 600.0
    """Wall time after which the run writes a checkpoint that `--resume` can go on from; the last one is
    written at the end."""
    checkpoint_steps: Annotated[int, Field(ge=1)] | None = None
    """Steps after which it writes one at the latest; by default time alone decides."""


class Solver(Section):
    """Numerical settings; the defaults serve."""

    preset: Literal["direct", "iterative"] = "direct"
    """Factorisation, or an iterative solver for large problems."""
    petsc: dict[OptionName, Annotated[str | int | float | bool, BeforeValidator(option)]] = Field(default={})
    """PETSc options by name without the dash, laid over the preset."""
