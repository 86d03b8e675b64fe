"""A finger with a round tip whose surface is spread: every direction grows alike, along the mesh and across.

Charge transfer alone decides (`growing_round.kinetic`), so the whole surface moves along its normals at one
speed v. A finger of the half width R on a flat floor, its tip a quarter of a circle of the radius R about a
point on the left wall, then keeps its shape: the radius is R0 + v t, the side is flat and at R0 + v t from
the wall, the floor has risen by v t. With the floor at f, the centre at c above it and a cell W wide, the
area of the metal is

    A = pi R^2/4 + R (c - f) + W f

The tip has all normals from 0 to 90 degrees; the edges of the mesh go along 0, 45 and 90 degrees.
Source: Huygens' construction; no corner sends anything into the tip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meshes.front import Front
from meshes.shapes import all_metal
from solver.cell import Cell, Sizes, Stop
from solver.contact import Ohmic
from solver.program import hold
from solver.types import FloatArray
from verification.exact.round import Annulus, Round
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import fixed
from verification.studies.growing_round import EASY, SODIUM, TRANSFER, VOLTAGE
from verification.studies.round_cells import linear_physics
from verification.studies.spread_cells import Interface, finish, lowered, simulation, spread

GAP, ACROSS = 10e-6, 0.8
"""Height of the cell in m, and its width in gaps."""
FLOOR, CENTRE, FIRST, LAST = 0.04, 0.35, 0.2, 0.4
"""Of the floor and of the centre of the tip at first, and radii at first and in the end; gaps."""
VERTICES = 160
"""Edges on the tip at first."""
STEPS, BULK, GROWTH = 60, 0.1, 0.3
GROWN, ALIKE, CLOSED = 0.01, 0.01, 1e-9
"""Of growths; of largest less smallest radius over the radius; of balances."""
CLEAR = 0.05
"""Distance in gaps from the ends of side and floor at which they are looked at."""
HUYGENS = "motion along normals at one speed"


@dataclass(frozen=True)
class Grown:
    """The finger in its end; lengths in gaps.

    Attributes:
        angle, radius: of the middles of the facets of the tip, degrees above the horizontal; shapes (n,).
        side, floor: mean places.
        area: that has been deposited.
        faraday, salt: relative defects of volume against charge, and of the balance of the ions.
        cells, remeshes: of the mesh in the end; how often it was made anew.
    """

    angle: FloatArray
    radius: FloatArray
    side: float
    floor: float
    area: float
    faraday: float
    salt: float
    cells: int
    remeshes: int


def finger(width: float) -> Front:
    """At first; `width` is w in gaps."""
    turn = np.linspace(0.0, 0.5 * np.pi, VERTICES + 1)
    tip = np.column_stack((FIRST * np.sin(turn), CENTRE + FIRST * np.cos(turn)))
    side = np.column_stack((np.full(20, FIRST), np.linspace(CENTRE, FLOOR, 21)[1:]))
    floor = np.column_stack((np.linspace(FIRST, ACROSS, 31)[1:], np.full(30, FLOOR)))
    tip[0, 0] = 0.0
    return lowered(all_metal(np.vstack((tip, side, floor))), width)


def area(radius: float, floor: float) -> float:
    """Of the metal above the height 0, gaps squared."""
    return 0.25 * math.pi * radius**2 + radius * (CENTRE - floor) + ACROSS * floor


def grow(interface: Interface, steps: int = STEPS) -> Grown:
    """March until the radius should be LAST (collective)."""
    exact = Round(
        Annulus(2, FIRST * GAP, GAP), SODIUM, VOLTAGE, TRANSFER, resistivity=EASY * TRANSFER / GAP
    )  # fmt: skip
    time = TRANSFER * (LAST - FIRST) * GAP / (exact.volume_per_charge * abs(VOLTAGE))
    front = finger(interface.width / GAP)
    # These sizes but the one far away are those of a sharp surface, which there is none of.
    edge = interface.width
    cell = Cell(
        title="verification",
        width=ACROSS * GAP,
        gap=GAP,
        front=front,
        bases=np.empty(0),
        physics=linear_physics(exact),
        program=hold(VOLTAGE),
        surfaces={},
        seed_contact=Ohmic(),
        sizes=Sizes(edge, edge, edge, BULK * GAP, GROWTH),
        steps=fixed(time / steps),
        stop=Stop(np.inf, None, None, None, 1e-3 * GAP),
        moving=True,
        frames=1,
        newton={"snes_rtol": 1e-12, "snes_atol": 1e-13},
    )
    made = simulation(spread(cell, interface))
    begin = made.volume()
    finish(made, time, time / steps)
    skin = made.front
    middles = skin.points[skin.cells].mean(axis=1)
    around = middles[middles[:, 1] > CENTRE] - (0.0, CENTRE)
    floor = middles[middles[:, 0] > LAST + CLEAR, 1]
    beside = (middles[:, 1] < CENTRE) & (middles[:, 1] > FLOOR + LAST - FIRST + CLEAR)
    return Grown(
        np.degrees(np.arctan2(around[:, 1], around[:, 0])),
        np.hypot(*around.T),
        float(middles[beside, 0].mean()), float(floor.mean()),
        (made.volume() - begin) / GAP**2,
        made.faraday_error(), made.mass_error(), made.number_of_cells(), made.state.remeshes,
    )  # fmt: skip


def _rows(interface: Interface) -> tuple[list[Row], Curve]:
    """All numbers of one run."""
    found, way = grow(interface), LAST - FIRST
    case = f"w = R/{LAST * GAP / interface.width:g}, h = {interface.legs:g} w"
    note = f"{found.cells} cells, {found.remeshes} remeshings"
    mean = float(found.radius.mean())
    volume = area(LAST, FLOOR + way) - area(FIRST, FLOOR)
    rows = [
        Row(
            case, "largest less smallest radius over their mean", 0.0, float(np.ptp(found.radius)) / mean, "",
            ALIKE, source="isotropy", note=note,
        ),
        Row(case, "growth of the radius", way, mean - FIRST, "gaps", GROWN, source=HUYGENS),
        Row(case, "growth of the floor", way, found.floor - FLOOR, "gaps", GROWN, source=HUYGENS),
        Row(case, "growth of the side", way, found.side - FIRST, "gaps", GROWN, source=HUYGENS),
        Row(case, "area grown", volume, found.area, "gaps2", GROWN, source=HUYGENS),
        Row(case, "volume against charge", 0.0, found.faraday, "", CLOSED, source="Faraday's law"),
        Row(case, "balance of the ions", 0.0, found.salt, "", CLOSED),
    ]  # fmt: skip
    order = np.argsort(found.angle)
    angle, radius = found.angle[order], found.radius[order]
    ends = np.array([0.0, 90.0])
    return rows, Curve(
        case, angle, radius, np.full(2, LAST), ends, "direction (degrees above the mesh lines)",
        "radius (gaps)",
    )  # fmt: skip


def run(quick: bool) -> Result:
    """All of the study."""
    widths = (0.02,) if quick else (0.02, 0.01)
    results = [_rows(Interface(width * GAP)) for width in widths]
    curves = tuple(curve for _, curve in results)
    return Result(tuple(row for rows, _ in results for row in rows), () if quick else curves)


study = Study(
    "spread-round",
    "A round tip whose surface is spread",
    "The phase field on a finger with a round tip, where charge transfer decides: all directions of the "
    "surface grow alike within 1 %, along the mesh and across it, at the speed of a sharp surface.",
    run,
)
