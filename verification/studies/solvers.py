"""Iterations of the block preconditioner under refinement, and its answers against those of direct solves.

Cells of 100 um with a salt (or three ions) between equal electrodes, steps of a tenth of the diffusion time
at about half the limiting current, on uniform meshes. A preconditioner is as good on fine meshes as on coarse
ones if the linear iterations per Newton step do not grow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from mpi4py import MPI

from meshes.builders import Layer, box, rectangle
from meshes.regions import Regions
from solver.closures import Closure, Electroneutral
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import Conductor, Film, Interface, Medium, Model
from solver.presets import DIRECT, ITERATIVE, Preset
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
    """Go through the program of a cell, with a new Jacobian for every correction (collective)."""
    stepping, every = Stepping(STEP, fixed=True), {"snes_lag_jacobian": 1, **(options or {})}
    experiment = Experiment(cell.model(), cell.mesh(cells), stepping, preset, every)
    newton = linear = 0
    for _ in experiment.readings(cell.program):
        newton += experiment.newton.snes.getIterationNumber()
        linear += experiment.newton.snes.getLinearSolveIterations()
    problem = experiment.problem
    parts = [f.x.array for f in problem.functions.values()]
    state = np.concatenate([*parts, problem.potentials])
    return Run(problem.layout.total, linear / newton, state)


def cells(quick: bool) -> tuple[Cell, ...]:
    """What is tried; the last level of the full version has 1e5 unknowns and more."""
    plane, space = ((20, 40), (6, 12)) if quick else ((25, 50, 100, 200), (8, 16, 32))
    three = partial(Electroneutral, THREE, "X-")
    return (
        Cell("salt, 2D", 2, plane),
        Cell("salt, 2D, held voltage", 2, plane[:2], program=hold(VOLTAGE, 2.0 * STEP)),
        Cell("salt, 2D, P2", 2, tuple(n // 2 for n in plane[:3]), degree=2),
        Cell("three ions, 2D", 2, plane[:2], closure=three()),
        Cell("film, 2D", 2, plane[:2], film=1e-3),
        Cell("metal region, 2D", 2, plane[:2], metal=True),
        Cell("salt, 3D", 3, space),
    )


def run(quick: bool) -> Result:
    """Iterations and answers of every cell (collective)."""
    rows: list[Row] = []
    curves: list[Curve] = []
    for cell in cells(quick):
        runs = [march(cell, level, ITERATIVE) for level in cell.levels]
        first, last = runs[0], runs[-1]
        growth = last.iterations / first.iterations
        note = f"{first.iterations:.1f} with {first.unknowns} unknowns, "
        note += f"{last.iterations:.1f} with {last.unknowns}"
        what = "linear iterations per Newton step, finest mesh over coarsest"
        rows.append(Row(cell.name, what, 1.0, growth, "", GROWTH - 1.0, note=note))
        direct = march(cell, cell.levels[0], DIRECT)
        apart = float(np.max(np.abs(direct.state - first.state), initial=0.0))
        worst = MPI.COMM_WORLD.allreduce(apart, op=MPI.MAX)
        rows.append(Row(cell.name, "iterative less direct answer, scaled unknowns", 0.0, worst, "", SAME))
        x = np.array([r.unknowns for r in runs], dtype=float)
        y = np.array([r.iterations for r in runs])
        labels = "unknowns", "linear iterations per Newton step"
        curves.append(Curve(cell.name, x, y, None, None, *labels, log_x=True))
    return Result(tuple(rows), tuple(curves))


study = Study(
    "solvers",
    "Iterations of the block preconditioner",
    "Iterations of the preset iterative stay bounded under refinement, and its answers are those of direct "
    "solves.",
    run,
)
