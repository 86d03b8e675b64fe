"""Convergence of the spread surface to the sharp one: a nucleus of sodium that becomes a needle.

Half a cell with one nucleus on a bare foil, like the case of a bare nickel collector: fast kinetics that
depend on direction, surface energy, substrate that nucleates. Compared is the height of the tip when the same
charge has passed, on the moving mesh and on spread surfaces that are narrower and narrower. Both have errors:
that of the moving mesh is told from two edge lengths, and its extrapolation (order 2) is what is compared
with. A row's order is that of the differences from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI

from meshes.shapes import MATRIX, NAMES, with_apex
from solver.cell import Cell, Sizes, Steps, Stop
from solver.contact import Ohmic
from solver.crystal import Crystal
from solver.march import Simulation
from solver.program import hold
from solver.spread_march import SpreadSimulation
from solver.surface import Surface
from solver.types import FloatArray
from verification.exact.binary import Cell as PlaneCell
from verification.exact.binary import Salt
from verification.exact.electrode import Kinetics
from verification.exact.stability import Deposit, Electrodes
from verification.exact.stability import Front as Planar
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import physics
from verification.studies.spread_cells import Interface, simulation, spread

GAP, WIDTH = 10e-6, 1e-6
"""Of half a cell, m."""
APEX = (0.5e-6, 0.3e-6)
"""Width and height of the nucleus, m."""
SALT, CONCENTRATION, VOLTAGE = Salt(1, -1, 1.81e-10, 1.81e-10), 1000.0, -0.1
KINETICS, METAL, CRYSTAL = Kinetics(1e5), Deposit(23.78e-6, 0.2), Crystal(0.1)
FOIL = Surface(NAMES[MATRIX], 0.07, 25.0, 10e-9, 0.5 * math.pi, Ohmic())
SHARP_EDGE = 20e-9
"""Edge length on the moving mesh, m; the finer one is half of it."""
SAMPLES = 5
"""Charges at which tips are compared, evenly spread."""
TOLERANCE = 0.05
SOURCE = "moving mesh, extrapolated in its edge length"


@dataclass(frozen=True)
class Tip:
    """Height of the tip in m over the charge in C/m^2, both ascending; shapes (n,)."""

    charge: FloatArray
    height: FloatArray

    def at(self, charge: FloatArray) -> FloatArray:
        """Height when so much charge has passed."""
        return np.asarray(np.interp(charge, self.charge, self.height))


def needle(edge: float = SHARP_EDGE) -> Cell:
    """The cell, with a sharp surface of edges `edge` in m."""
    electrodes = Electrodes(KINETICS, KINETICS)
    planar = Planar(PlaneCell(SALT, GAP, CONCENTRATION), electrodes, METAL, -1.0)
    return Cell(
        title="verification",
        width=WIDTH,
        gap=GAP,
        front=with_apex(
            WIDTH / GAP, APEX[0] / GAP, APEX[1] / GAP, edge / GAP, 4.0 * edge / GAP, position=0.0
        ),
        bases=np.empty(0),
        physics=replace(physics(planar), crystal=CRYSTAL),
        program=hold(VOLTAGE),
        surfaces={FOIL.name: FOIL},
        seed_contact=Ohmic(),
        sizes=Sizes(edge, 0.5 * edge, 0.2 * edge, 0.5e-6, 0.4),
        steps=Steps(initial=1e-5, largest=0.05, tolerance=3e-3, displacement=0.5),
        stop=Stop(np.inf, None, None, None, 0.1e-6),
        moving=True,
        frames=1,
    )  # fmt: skip


def moving(edge: float, height: float) -> Tip:
    """On the moving mesh, until the tip has a `height` in m (collective)."""
    return grow(Simulation(needle(edge), MPI.COMM_WORLD), height)


def diffuse(width: float, height: float) -> Tip:
    """With a surface of the width w in m, likewise (collective)."""
    return grow(simulation(spread(needle(), Interface(width))), height)


def grow(made: Simulation | SpreadSimulation, height: float) -> Tip:
    """March until the tip has a `height` in m (collective)."""
    path = [_reading(made)]
    while path[-1][1] < height:
        made.advance(math.inf)
        made.move()
        made.maintain()
        path.append(_reading(made))
    charge, tip = np.array(path).T
    return Tip(charge, tip)


def _reading(made: Simulation | SpreadSimulation) -> tuple[float, float]:
    return made.state.totals.charge / WIDTH, float(made.front.points[:, 1].max()) * GAP


def run(quick: bool) -> Result:
    """All of the study."""
    height = 0.7e-6 if quick else 1.5e-6
    coarse, fine = (moving(edge, height) for edge in (SHARP_EDGE, 0.5 * SHARP_EDGE))
    widths = (40e-9,) if quick else (40e-9, 20e-9, 10e-9)
    tips = [diffuse(width, height) for width in widths]
    charge = np.linspace(0.0, min(tip.charge[-1] for tip in (coarse, fine, *tips)), SAMPLES + 1)[1:]
    sharp = fine.at(charge) + (fine.at(charge) - coarse.at(charge)) / 3.0
    rows = _rows(widths, [tip.at(charge) for tip in tips], sharp, charge)
    own = float(coarse.at(charge)[-1] / sharp[-1] - 1.0), float(fine.at(charge)[-1] / sharp[-1] - 1.0)
    note = f"of the moving mesh, edges of {SHARP_EDGE * 1e9:g} nm: {own[0]:+.4f}, half of it: {own[1]:+.4f}"
    rows = [replace(row, note=f"{row.note}; {note}" if row.note else note) for row in rows]
    curves = tuple(
        Curve(
            f"w = {width * 1e9:g} nm", tip.charge, tip.height * 1e6, sharp * 1e6, charge, "charge (C/m2)",
            "height of the tip (um)",
        )
        for width, tip in zip(widths, tips, strict=True)
    )  # fmt: skip
    return Result(tuple(rows), () if quick else curves)


def _rows(
    widths: Sequence[float], tips: Sequence[FloatArray], sharp: FloatArray, charge: FloatArray
) -> list[Row]:
    """Heights in the end, and the largest difference on the way with its order from width to width."""
    rows = []
    gaps = [float(np.abs(tip / sharp - 1.0).max()) for tip in tips]
    for k, (width, tip) in enumerate(zip(widths, tips, strict=True)):
        case = f"w = {width * 1e9:g} nm, {charge[-1]:.0f} C/m2"
        rows.append(
            Row(case, "height of the tip", float(sharp[-1]), float(tip[-1]), "m", TOLERANCE, source=SOURCE)
        )
        order = None if k == 0 else math.log(gaps[k - 1] / gaps[k]) / math.log(widths[k - 1] / width)
        rows.append(
            Row(
                case,
                "largest relative difference on the way",
                0.0,
                gaps[k],
                "",
                TOLERANCE,
                order,
                source=SOURCE,
            )
        )
    return rows


study = Study(
    "spread-sharp",
    "From the spread surface to the sharp one",
    "A nucleus on a bare foil becomes a needle: the height of its tip over the charge, as the interface of "
    "the phase field is made narrower, against the moving mesh.",
    run,
)
