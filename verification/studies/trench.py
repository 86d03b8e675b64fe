"""The copper trench: how sure its numbers are, in the edge length, in the time step, and under remeshing.

The case `copper_trench` is marched to 5, 10 and 14 s on meshes and with steps each twice as fine as those
before. A mesh twice as fine has half of all edges and half of their growth away from the front; a step half
as long has half of the displacement, of the longest and of the first step, and an eighth of the local error.
What differs between the last two levels, over three, is the error of the finest if the order is two.

There is no closed form. Faraday's law and the mirror symmetry of the trench are exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from meshes import shapes
from meshes.front import Front
from meshes.standoff import smooth_vertices, stand_off
from solver.cell import Cell, Sizes, Steps, Stop
from solver.contact import Ohmic
from solver.electrolyte import Metal, Species
from solver.laws import Constant
from solver.march import Simulation
from solver.observables import UM, mouth
from solver.physics import binary_physics
from solver.program import hold
from solver.reaction import ButlerVolmer
from solver.types import FloatArray
from verification.rows import Result, Row, Study

WIDTH, GAP, DEPTH = 16e-6, 40e-6, 10e-6
"""Of the cell and of the trench in m."""
TIMES = (5.0, 10.0, 14.0)
"""When the trench is measured, s."""
QUANTITIES = ("mouth", "mean deposit", "deposit on the shoulder", "deposit on the bottom")
"""What is measured, in um: the mean is deposited area over the width of the cell."""
TOLERANCES = (2e-3, 1e-3, 1e-3, 1e-3)
"""Of each in um."""
BALANCED, SKEWED = 1e-9, 1e-4
"""Of the balances; of the middle of the mouth off the middle of the cell, over the width."""


@dataclass(frozen=True)
class Level:
    """How fine a run is.

    Attributes:
        refine: divides all edges of the case.
        halvings: how often the time step of the case is halved.
        remesh_every: remesh after so many steps at the latest; None: where the mesh asks for it.
    """

    refine: float = 1.0
    halvings: int = 0
    remesh_every: int | None = None

    @property
    def cell(self) -> Cell:
        """COMSOL's cell that fine; sizes and steps at level 1 are those of the shipped case."""
        copper, part, unit = "Cu", 2.0**-self.halvings, GAP
        ions = (Species(copper, 2, 2e-9, 500.0), Species("SO4", -2, 2e-9, 500.0))
        # The tutorial has 1.5 and 0.5 in exp(alpha F eta/RT), over n = 2 in exp(alpha n F eta/RT).
        kinetics = ButlerVolmer(Constant(150.0), 0.75, 0.25)
        edge, width = 0.2e-6 / self.refine, WIDTH / unit
        line = shapes.trench(width, 4e-6 / unit, DEPTH / unit, 1e-6 / unit, edge / unit)
        return Cell(
            title="copper trench",
            width=WIDTH,
            gap=unit,
            front=line,
            bases=np.empty(0),
            physics=binary_physics(ions, 298.0, Metal(copper, 2, 0.06355 / 8960.0, 0.0), kinetics, 500.0),
            program=hold(-0.27),
            surfaces={},
            seed_contact=Ohmic(),
            sizes=Sizes(edge, 0.25 * edge, edge, 1.5e-6 / self.refine, 0.25 / self.refine),
            steps=Steps(1e-3 * part, 0.2 * part, 5e-4 * part**3, 0.1 * part),
            stop=Stop(TIMES[-1], None, None, None, 1e-6),
            moving=True,
            frames=1,
            trench=DEPTH,
            remesh_every=self.remesh_every,
        )


@dataclass(frozen=True)
class Filling:
    """What a run measured.

    Attributes:
        lengths: `QUANTITIES` at every time in um, shape (times, quantities).
        faraday, mass: largest defects of the balances.
        skew: furthest that the middle of the mouth was off the middle of the cell, over its width.
        steps, remeshes: how many.
    """

    lengths: FloatArray
    faraday: float
    mass: float
    skew: float
    steps: int
    remeshes: int


def curve(front: Front) -> Front:
    """The front with its vertices on the smooth curve it stands for, see `meshes.standoff`."""
    smooth = smooth_vertices(front, np.zeros(len(front.points), dtype=np.bool_))
    return front.with_points(front.points - stand_off(front, smooth))


def measured(front: Front, begun: Front, depth: float) -> FloatArray:
    """`QUANTITIES` in the unit of the front that was `begun` in a trench of `depth`, shape (quantities,)."""
    shoulders, middle = front.points[[0, -1], 1], np.array([0.5 * front.width])
    thickness = front.mean_thickness - begun.mean_thickness
    bottom = float(front.heights(middle)[0])
    return np.array([mouth(curve(front), depth), thickness, float(shoulders.mean()) - depth, bottom])


def skewness(front: Front, depth: float) -> float:
    """How far the middle of the mouth of a trench of `depth` is off that of the cell, over the width."""
    x, y = front.points.T
    upper, left = y > 0.5 * depth, x <= 0.5 * front.width
    return abs(0.5 * float(x[upper & left].max() + x[upper & ~left].min()) / front.width - 0.5)


def fill(level: Level, times: Sequence[float] = TIMES) -> Filling:
    """Run the case and measure it at `times` in s (collective)."""
    cell = level.cell
    assert cell.trench is not None
    simulation, lengths, skew = Simulation(cell, MPI.COMM_WORLD), [], 0.0
    begun, depth, state = _surface(simulation), cell.trench / cell.gap, simulation.state
    for time in times:
        while state.time < time * (1.0 - 1e-12):
            simulation.advance(time - state.time)
            simulation.move()
            simulation.maintain()
        front = _surface(simulation)
        lengths.append(measured(front, begun, depth) * cell.gap * UM)
        skew = max(skew, skewness(front, depth))
    balances = simulation.faraday_error(), simulation.mass_error()
    return Filling(np.array(lengths), *balances, skew, state.step, state.remeshes)


def _surface(simulation: Simulation) -> Front:
    front = simulation.front
    assert isinstance(front, Front)
    return front


def convergence(name: str, runs: Sequence[Filling], times: Sequence[float]) -> Iterator[Row]:
    """Errors of the finest of `runs`, each twice as fine as the one before; orders where there are three."""
    gaps = [np.abs(b.lengths - a.lengths) for a, b in itertools.pairwise(runs)]
    note = f"steps: {', '.join(str(run.steps) for run in runs)}"
    for (k, time), (q, quantity) in itertools.product(enumerate(times), enumerate(QUANTITIES)):
        last = float(gaps[-1][k, q])
        order = None
        if len(gaps) > 1 and q > 0 and min(last, gaps[-2][k, q]) > 1e-5:
            order = math.log2(float(gaps[-2][k, q]) / last)
        value = f"{runs[-1].lengths[k, q]:.4f} um; {note}"
        source = "last difference over three"
        yield Row(
            f"{name}, {time:g} s", quantity, 0.0, last / 3.0, "um", TOLERANCES[q], order, None, source, value
        )


def remeshing(seldom: Filling, often: Filling, times: Sequence[float]) -> Iterator[Row]:
    """What it changes to make the mesh anew much more often."""
    note = f"{seldom.remeshes} and {often.remeshes} remeshings"
    for (k, time), (q, quantity) in itertools.product(enumerate(times), enumerate(QUANTITIES)):
        change = float(often.lengths[k, q] - seldom.lengths[k, q])
        case = f"remeshed often, {time:g} s"
        yield Row(case, f"change: {quantity}", 0.0, change, "um", TOLERANCES[q], note=note)


def exact(runs: Sequence[Filling]) -> Iterator[Row]:
    """Balances and symmetry, the worst of all runs."""
    for quantity, values, tolerance, source in (
        ("volume against charge", [run.faraday for run in runs], BALANCED, "Faraday's law"),
        ("balance of the salt", [run.mass for run in runs], BALANCED, ""),
        ("mouth off the middle, over the width", [run.skew for run in runs], SKEWED, "symmetry"),
    ):
        yield Row(f"all {len(runs)} runs", quantity, 0.0, max(values), "", tolerance, source=source)


def run(quick: bool) -> Result:
    """All of the study; the quick version stops after 5 s and has two coarse levels."""
    times = TIMES[:1] if quick else TIMES
    refinements, halvings = ((0.5, 1.0), (1,)) if quick else ((0.5, 1.0, 2.0), (1, 2))
    stepped, renewed, often = (0, 1, 10) if quick else (1, 2, 10)
    in_space = [fill(Level(refine), times) for refine in refinements]
    in_time = [fill(Level(refinements[stepped], k), times) for k in halvings]
    anew = fill(Level(refinements[renewed], remesh_every=often), times)
    edges = ", ".join(f"{0.2 / refine:g}" for refine in refinements)
    rows = list(convergence(f"edges {edges} um", in_space, times))
    steps = f"time step, edges {0.2 / refinements[stepped]:g} um"
    rows += convergence(steps, [in_space[stepped], *in_time], times)
    rows += remeshing(in_space[renewed], anew, times)
    rows += exact([*in_space, *in_time, anew])
    return Result(tuple(rows))


study = Study(
    "trench",
    "Copper in a trench",
    "Mouth and deposit of COMSOL's copper trench at 5, 10 and 14 s: how much they change with the edge "
    "length, with the time step, and when the mesh is made anew much more often than it has to be.",
    run,
)
