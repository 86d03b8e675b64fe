"""Iterations of the block preconditioner under refinement, and its answers against those of direct solves.

Cells of 100 um with a salt (or three ions) between equal electrodes, steps of a tenth of the diffusion time at
about half the limiting current, on uniform meshes. A preconditioner is as good on fine meshes as on coarse ones
if the linear iterations per Newton step do not grow; whole numbers of a few iterations grow by rounding alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from mpi4py import MPI

from meshes.builders import Layer, box, rectangle
from meshes.regions import Regions
from solver.closures import Closure, Electroneutral, Poisson, Supporting
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import Conductor, Film, Interface, Medium, Model
from solver.presets import AUTO, DIRECT, ITERATIVE, Preset
from solver.program import Program, constant_current, hold
from solver.reaction import ButlerVolmer, Reaction
from solver.types import FloatArray
from verification.rows import Curve, Result, Row, Study

LENGTH, TEMPERATURE, CONCENTRATION = 100e-6, 298.15, 1000.0
"""m, K, mol/m^3."""
STEP = 4.0
"""s; L^2/D is about 50 s."""
CURRENT = -300.0
"""A/m^2; 43 % of the limiting current of the salt."""
VOLTAGE = -0.2
"""V."""
GROWTH = 1.5
"""Iterations per Newton step on the finest mesh over those on the coarsest: less than this."""
SAME = 1e-8
"""Difference of iterative from direct answers, in units of the initial concentration and of RT/F."""
SALT = (Species("Na+", 1, 1.8e-10, CONCENTRATION), Species("X-", -1, 2.5e-10, CONCENTRATION))
THREE = (
    Species("Na+", 1, 1.8e-10, CONCENTRATION),
    Species("K+", 1, 4.0e-10, 300.0),
    Species("X-", -1, 2.5e-10, 1300.0),
)
ONE, TWO = Interface("working", "working", ()), Interface("counter", "counter", ())


@dataclass(frozen=True)
class Cell:
    """A cell of which the solver is tried.

    Attributes:
        name: in the table.
        dim, degree: of mesh and elements.
        levels: cells across, from coarse to fine.
        closure: species and fluxes.
        film: resistance in ohm m^2 on the working electrode, 0 for none.
        metal: whether the working electrode is a poor conductor, a quarter of the cell high.
        program: what is done; two steps of `STEP`.
    """

    name: str
    dim: int
    levels: tuple[int, ...]
    degree: int = 1
    closure: Closure = field(default_factory=partial(Electroneutral, SALT, "X-"))
    film: float = 0.0
    metal: bool = False
    program: Program = field(default_factory=partial(constant_current, CURRENT, time=2.0 * STEP))

    def model(self) -> Model:
        """What is solved."""
        reaction = Reaction(
            "deposition", 1, {"Na+": 1.0}, ButlerVolmer(Constant(10.0)), reference={"Na+": CONCENTRATION}
        )
        inner, boundary = ("metal", "metal|electrolyte") if self.metal else ("working", "working")
        series = Film(self.film) if self.film else None
        return Model(
            self.closure,
            TEMPERATURE,
            {"electrolyte": Medium()},
            (
                Interface(boundary, inner, (reaction,), series=series),
                Interface("counter", "counter", (reaction,)),
            ),
            (Conductor("metal", 0.5, "working", "working"),) if self.metal else (),
            degree=self.degree,
        )

    def mesh(self, cells: int, comm: MPI.Comm = MPI.COMM_WORLD) -> Regions:
        """Square or cube with `cells` along every side."""
        low = cells // 4 if self.metal else 0
        layers = [Layer("electrolyte", LENGTH * (1.0 - low / cells), cells=cells - low)]
        if low:
            layers.insert(0, Layer("metal", LENGTH * low / cells, cells=low))
        if self.dim == 2:
            return rectangle(comm, LENGTH, layers, columns=cells)
        return box(comm, LENGTH, LENGTH, layers, columns=cells, rows=cells)


@dataclass(frozen=True)
class Run:
    """One march: unknowns, linear iterations per Newton step, and the final scaled fields of this rank."""

    unknowns: int
    iterations: float
    state: FloatArray


def march(cell: Cell, cells: int, preset: Preset, options: dict[str, Any] | None = None) -> Run:
    """Go through the program of a cell (collective)."""
    stepping = Stepping(STEP, fixed=True)
    experiment = Experiment(cell.model(), cell.mesh(cells), stepping, preset, options)
    newton = linear = 0
    for _ in experiment.readings(cell.program):
        newton += experiment.newton.snes.getIterationNumber()
        linear += experiment.newton.snes.getLinearSolveIterations()
    problem = experiment.problem
    parts = [f.x.array for f in problem.functions.values()]
    state = np.concatenate([*parts, problem.potentials])
    return Run(problem.layout.total, linear / newton, state)
