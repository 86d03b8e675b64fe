"""What a run consists of, in SI units: everything the solver needs and nothing of files or units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meshes.domain import Skin

from .contact import Contact
from .crystal import ISOTROPIC, Crystal
from .model import COUNTER
from .nonlinear_parameters import Parameters
from .physics import Physics
from .program import Program
from .surface import Surface
from .types import FloatArray


@dataclass(frozen=True)
class Sizes:
    """Edge lengths wanted, in m.

    Attributes:
        front: on smooth deposit.
        smallest: on sharp tips and young seeds.
        seed: on floating deposits and beside them.
        bulk: far away.
        growth: relative growth of cells per distance from the front.
    """

    front: float
    smallest: float
    seed: float
    bulk: float
    growth: float


@dataclass(frozen=True)
class Steps:
    """Time step control.

    Attributes:
        initial, largest: in s.
        tolerance: local error of the scaled concentration per step.
        displacement: largest motion of the front per step relative to the edges there.
        order: of the time integrator, 1 or 2.
    """

    initial: float
    largest: float
    tolerance: float
    displacement: float
    order: int = 2


@dataclass(frozen=True)
class Stop:
    """When a run is over; None means never for that reason.

    Attributes:
        time: s.
        charge: C per m^2 of cell.
        thickness: mean thickness of the deposit in m.
        tip_height: in m.
        gap: distance of tip and counter electrode in m that counts as a short circuit.
    """

    time: float
    charge: float | None
    thickness: float | None
    tip_height: float | None
    gap: float


@dataclass(frozen=True)
class Spreading:
    """An electrode surface that is spread over cells: a phase field.

    Attributes:
        width: w of the profile 1/(1 + exp(d/w)), m; from 10 to 90 % of metal it is 4.4 w wide.
        finest: longest edge of the cells about the surface, m.
        conductivity: of the metal, S/m.
        adaptive: whether the mesh follows the surface; else all below `reach` is fine.
        margin: widths that the surface may move until the mesh follows.
        reach: height above the collector in m; see `adaptive`.
        energy: how the surface energy hangs on direction.
        noise: part by which the current varies at random in space and time.
        noise_length: distance over which it is correlated, m.
        noise_period: time over which it is correlated, s; 0: it stays, and the surface moves through it.
        seed: of the random numbers.
    """

    width: float
    finest: float
    conductivity: float
    adaptive: bool = True
    margin: float = 4.0
    reach: float = 0.0
    energy: Crystal = ISOTROPIC
    noise: float = 0.0
    noise_length: float = 0.0
    noise_period: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Nonlinear:
    """The nonlinear phase-field model of the literature, in place of the conservative one.

    Attributes:
        parameters: of the model; transport and kinetics of the cell do not enter.
        noise: largest random rate of the order parameter on the interface, 1/s; 0 for none.
        noise_length: distance over which it is correlated, m.
        noise_period: time after which it changes, s.
        seed: of the random numbers.
    """

    parameters: Parameters
    noise: float = 0.0
    noise_length: float = 0.0
    noise_period: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Cell:
    """A cell from substrate to counter electrode.

    Attributes:
        width, gap: in m.
        front: the electrode surface at the start, in units of `gap`; triangles in a box.
        bases: width of the base of every island in m, or its area in m^2 in a box, shape (islands,).
        physics: transport, reactions and metal.
        program: what the instrument does.
        surfaces: kinds of substrate by name.
        seed_contact: contact of the deposits that the front begins with.
        moving: whether the front moves with what is deposited.
        trench: depth in m of a trench in the middle, whose mouth is measured; None without one.
        frames: number of outputs, spread over the run.
        newton: PETSc options of the nonlinear solver, without prefix.
        counter: surface of the counter electrode, in units of `gap`, its metal above; None: it is flat and
            stays where it is.
        smoothing: what spreads the motion of the electrodes into the electrolyte: "harmonic" or "elastic".
        redistribute: whether vertices slide along the front towards even edges.
        remesh_every: steps after which the mesh is made anew at the latest; None: where it asks for it.
        depth: of a box in m; None for a plane cell.
        spreading: of the surface of the working electrode over cells; None: it is sharp.
        nonlinear: the model of the literature that a spread surface follows; None: the conservative one.
    """

    title: str
    width: float
    gap: float
    front: Skin
    bases: FloatArray
    physics: Physics
    program: Program
    surfaces: Mapping[str, Surface]
    seed_contact: Contact
    sizes: Sizes
    steps: Steps
    stop: Stop
    moving: bool
    frames: int
    trench: float | None = None
    newton: Mapping[str, Any] = field(default_factory=dict)
    counter: Skin | None = None
    smoothing: str = "harmonic"
    redistribute: bool = False
    remesh_every: int | None = None
    depth: float | None = None
    spreading: Spreading | None = None
    nonlinear: Nonlinear | None = None

    @property
    def islands(self) -> int:
        """Number of islands."""
        return int(np.asarray(self.bases).size)

    @property
    def counter_moves(self) -> bool:
        """Whether the counter electrode grows and dissolves, by its model; else it keeps its shape."""
        return COUNTER in self.physics.model.growing

    @property
    def all_metal(self) -> bool:
        """Whether all of the working electrode is metal at the start."""
        return not np.any(self.front.surface)

    @property
    def dim(self) -> int:
        """2 for a plane cell, 3 for a box."""
        return 2 if self.depth is None else 3

    @property
    def extent(self) -> tuple[float, ...]:
        """Size along every axis in units of the gap; the height comes last."""
        sides = (self.width,) if self.depth is None else (self.width, self.depth)
        return (*(side / self.gap for side in sides), 1.0)

    @property
    def area(self) -> float:
        """Of the cell seen from above, m^2; its width in m for a plane cell."""
        return self.width * (1.0 if self.depth is None else self.depth)
