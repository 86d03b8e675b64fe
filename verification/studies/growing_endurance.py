"""A thousand remeshings: what they do to a front, and to the books.

The rippled cell of `growing_convergence`, its mesh made anew after every single step. Vertices of the front
are kept, edges are split and collapsed on the curve behind them, fields are interpolated and amounts
restored. The front is compared with that of a run whose mesh is made anew only when it is worn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.types import FloatArray
from verification.rows import Result, Row, Study
from verification.studies.growing_cells import Growth, Mesh, fixed, march, profile, rippled, surface
from verification.studies.growing_convergence import (
    AMPLITUDE,
    BULK,
    TIME,
    WIDTH,
    X,
    planar,
    program,
    thickness,
)

EDGES = 16
"""On the front."""
DISTANCE = 2e-3
"""Allowed between the fronts, over the mean growth: the error of the mesh itself is 4e-3 at 16 edges."""
CLOSURE = 1e-9
"""Of Faraday's law and of the salt."""


@dataclass(frozen=True)
class End:
    """Height of the front in m at `X`, defects of the books, and what was written down of the remeshings."""

    front: FloatArray
    faraday: float
    mass: float
    remeshings: int
    quality: float
    defect: float


def grown(steps: int, remesh: int) -> End:
    """After the whole time, in `steps` steps; `remesh` as in `march`."""
    edge, step = WIDTH / EDGES, TIME / steps
    start = rippled(WIDTH, EDGES, AMPLITUDE)
    growth = Growth(planar(), start, program(), Mesh(edge, BULK * edge, 0.5), fixed(step))
    simulation = growth.simulation()
    worst, defects = 1.0, []
    for now in march(simulation, TIME, step, remesh):
        worst = min(worst, now.problem.domain.minimum_quality())
        defects += [record.defect for record in now.state.records]
        now.state.records.clear()
    front = surface(simulation)
    return End(
        profile(front, X * front.width) * simulation.cell.gap,
        simulation.faraday_error(),
        simulation.mass_error(),
        simulation.state.remeshes,
        worst,
        max(defects, default=0.0),
    )


def run(quick: bool) -> Result:
    """All of the study."""
    steps = 60 if quick else 1000
    seldom, always = grown(steps, 0), grown(steps, 1)
    case = f"remeshing after every one of {steps} steps"
    apart = np.abs(always.front - seldom.front) / thickness()
    note = f"worst cell {always.quality:.2f}, largest defect before its correction {always.defect:.1e}"
    source = "the run with few remeshings"
    rows = (
        Row(case, "remeshings", float(steps), float(always.remeshings), "", 1e-12, source="count"),
        Row(case, "front, RMS distance over growth", 0.0, float(np.sqrt(np.mean(apart**2))), "", DISTANCE,
            source=source, note=note),
        Row(case, "front, largest distance over growth", 0.0, float(apart.max()), "", 2.0 * DISTANCE,
            source=source),
        Row(case, "Faraday closure", 0.0, always.faraday, "", CLOSURE, source="exact"),
        Row(case, "salt closure", 0.0, always.mass, "", CLOSURE, source="exact"),
    )  # fmt: skip
    return Result(rows)


study = Study(
    "growing-endurance",
    "A thousand remeshings",
    "A ripple grows while its mesh is made anew after every step: the front stays where it is without that, "
    "and volume, charge and salt balance.",
    run,
)
