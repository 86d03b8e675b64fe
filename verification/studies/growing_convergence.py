"""Order of convergence of a front that grows, in the edge length h and in the time step, and with remeshing.

Half a wave of a ripple (k a = 0.3 at first) grows under a current that rises from zero in proportion to the
time, so that nothing is singular, until the mean has moved by a quarter of the width of the cell. All edge
lengths of the mesh go in proportion to h. The front is compared on its whole width with that of the next
finer level; the error of the finest is what these differences extrapolate to.

The steps are short enough for the finest mesh: the front moves by a fraction of an edge in each. From about a
whole edge on the motion is unstable.

Elements of first degree have gradients of first order and flux functionals of second; the position of the
front is to be of second order in h.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.program import Program, ramp
from solver.segment import Current
from solver.types import FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.growing import faraday_height
from verification.exact.stability import Deposit, Electrodes, Front
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import Growth, Mesh, finish, fixed, profile, rippled, surface

WIDTH, AMPLITUDE = 0.1, 0.01
"""Of the cell, and of the ripple, in units of the gap."""
TIME, SHARE = 0.5, 0.6
"""Duration in s, and the final current over the limiting one."""
BULK = 4.0
"""Edge length far away over that on the front."""
REMESHINGS = 8
"""Of the runs with remeshing, evenly spread."""
IN_TIME, IN_SPACE = 2.0, 2.0
"""Theoretical orders."""
TOLERANCE, TOLERANCE_IN_TIME = 2e-4, 5e-4
"""Of the front at the finest level, relative to its mean growth."""
EXTRAPOLATED = "extrapolation, over the mean growth"
X = np.linspace(0.0, 1.0, 401)
"""Where fronts are compared, over the width."""


@dataclass(frozen=True)
class Level:
    """Edges on the front, time steps, and after how many steps the mesh is made anew (0: never)."""

    edges: int
    steps: int
    remesh: int = 0


def planar() -> Front:
    """Salt, electrodes and metal, with the mean current of the run."""
    cell = Cell(Salt(1, -1, 1.81e-10, 2.6e-10), 10e-6, 1000.0)
    kinetics = Kinetics(2000.0)
    electrodes, metal = Electrodes(kinetics, kinetics), Deposit(23.78e-6, 0.5)
    return Front(cell, electrodes, metal, -0.5 * SHARE * cell.limiting_current)


def program() -> Program:
    """Current from zero to `SHARE` of the limiting one."""
    end = -SHARE * planar().cell.limiting_current
    return ramp(0.0, end, abs(end) / TIME, Current())


def grown(level: Level) -> tuple[FloatArray, int]:
    """Height of the front in m at `X` in the end, and how often the mesh was made anew."""
    edge, step = WIDTH / level.edges, TIME / level.steps
    start = rippled(WIDTH, level.edges, AMPLITUDE)
    growth = Growth(planar(), start, program(), Mesh(edge, BULK * edge, 0.5), fixed(step))
    simulation = finish(growth.simulation(), TIME, step, level.remesh)
    front = surface(simulation)
    return profile(front, X * front.width) * simulation.cell.gap, simulation.state.remeshes


def thickness() -> float:
    """Mean growth in m, by Faraday's law."""
    state = planar()
    return faraday_height(state.deposit, state.salt.z_plus, -state.current * TIME)


def distances(fronts: Sequence[FloatArray]) -> tuple[list[float], list[float]]:
    """Root mean square and largest difference of successive fronts, over the mean growth."""
    gaps = [np.abs(b - a) / thickness() for a, b in itertools.pairwise(fronts)]
    return [math.sqrt(float(np.trapezoid(gap**2, X))) for gap in gaps], [float(gap.max()) for gap in gaps]


def rows(
    name: str, levels: Sequence[Level], expected: float, tolerance: float
) -> tuple[list[Row], list[FloatArray]]:
    """Orders and extrapolated errors over `levels`, each twice as fine as the one before."""
    found = [grown(level) for level in levels]
    fronts = [front for front, _ in found]
    case = f"{name}: " + ", ".join(f"{level.edges} x {level.steps}" for level in levels)
    note = f"edges x steps; remeshings: {', '.join(str(count) for _, count in found)}"
    result = []
    for quantity, gaps in zip(("RMS error of the front", "largest error"), distances(fronts), strict=True):
        order = math.log2(gaps[-2] / gaps[-1])
        error = gaps[-1] / (2.0**expected - 1.0)
        result.append(Row(case, quantity, 0.0, error, "", tolerance, order, expected, EXTRAPOLATED, note))
    return result, fronts


def run(quick: bool) -> Result:
    """All of the study."""
    edges, often = ((8, 16, 32), 64) if quick else ((8, 16, 32, 64), 128)
    steps = (16, 32, 64) if quick else (16, 32, 64, 128)
    found, fronts = rows("h", [Level(n, often) for n in edges], IN_SPACE, TOLERANCE)
    made_anew = [Level(n, often, often // REMESHINGS) for n in edges]
    found += rows("h, remeshing", made_anew, IN_SPACE, TOLERANCE)[0]
    found += rows("time step", [Level(16, n) for n in steps], IN_TIME, TOLERANCE_IN_TIME)[0]
    made_anew = [Level(16, n, n // REMESHINGS) for n in steps]
    found += rows("time step, remeshing", made_anew, IN_TIME, TOLERANCE_IN_TIME)[0]
    if quick:
        return Result(tuple(found))
    place, label = np.asarray(X * WIDTH), "x (gaps)"
    last = np.asarray(fronts[-1] * 1e6)
    curves = tuple(
        Curve(f"{n} edges", place, np.asarray(front * 1e6), last, place, label, "height (um)")
        for n, front in zip(edges[:-1], fronts[:-1], strict=True)
    )
    return Result(tuple(found), curves)


study = Study(
    "growing-convergence",
    "Convergence of a front that grows",
    "A ripple of finite amplitude grows for a given time. Its front converges with the square of the edge "
    "length and with the order of the time integrator, whether the mesh lives through the run or is made "
    "anew eight times.",
    run,
)
