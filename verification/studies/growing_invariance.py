"""A growing electrode does not know where it is: mirrored, shifted and turned cells give the same front.

The mesh of a cell is not the mirror image of the mesh of its mirror image, so that fronts agree to what the
shapes of the cells of a mesh still count, not to rounding:

    mirrored: x -> W - x, for a front without symmetry;
    shifted:  a wave in a cell one wavelength wide, with its crest in the middle, or at the walls;
    halved:   half of that cell, its walls being planes of symmetry;
    turned:   by 180 degrees, for a cell with two electrodes that move: what the working electrode was, is now
              the counter electrode, and the current has the other sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI

from meshes.front import Front
from solver.cell import Cell
from solver.march import Simulation
from solver.model import COUNTER, FRONT
from solver.program import constant_current
from solver.types import FloatArray
from verification.exact.growing import faraday_height
from verification.rows import Result, Row, Study
from verification.studies.growing_cells import LIFT, Growth, Mesh, finish, fixed, profile, rippled, surface
from verification.studies.growing_convergence import BULK, planar

WIDTH, AMPLITUDE = 0.1, 0.01
"""Half a wavelength, and amplitude, in units of the gap."""
TIME, STEPS = 0.3, 32
THICKNESS = 0.1
"""Metal behind each of two electrodes that move, in units of the gap."""
TOLERANCE = 1e-4
"""Of the difference of two fronts, over the mean growth."""
X = np.linspace(0.0, 1.0, 401)
SOURCE = "symmetry"
Fronts = tuple[FloatArray, FloatArray]
"""Heights at `X` over the width of a front and of what is to be the same one, in units of the gap."""


def cell(front: Front, edge: float, sign: float = 1.0) -> Cell:
    """Above `front`, with edges of about `edge`; `sign` 1 deposits metal on it, -1 dissolves it."""
    state = planar()
    program = constant_current(sign * state.current)
    return Growth(state, front, program, Mesh(edge, BULK * edge, 0.5), fixed(TIME / STEPS)).cell


def grown(start: Cell, electrode: str = FRONT) -> Front:
    """An electrode's surface after `TIME`."""
    return surface(finish(Simulation(start, MPI.COMM_WORLD), TIME, TIME / STEPS), electrode)


def heights(front: Front) -> FloatArray:
    """At `X` over its width."""
    return profile(front, np.asarray(X * front.width))


def lopsided(edges: int, mirror: bool) -> Front:
    """A front without symmetry, or its mirror image."""
    front = rippled(WIDTH, edges, AMPLITUDE)
    wave = rippled(WIDTH, edges, 0.5 * AMPLITUDE, waves=1.0).points[:, 1] - LIFT
    y = front.points[:, 1] + wave
    return front.with_points(np.column_stack((front.points[:, 0], y[::-1] if mirror else y)))


def mirrored(edges: int) -> Fronts:
    """X -> W - x."""
    one, other = (heights(grown(cell(lopsided(edges, m), WIDTH / edges))) for m in (False, True))
    return one, np.asarray(other[::-1])


def _whole(edges: int, phase: float) -> Front:
    front = rippled(2.0 * WIDTH, 2 * edges, AMPLITUDE, waves=1.0, phase=phase)
    return grown(cell(front, WIDTH / edges))


def shifted(edges: int) -> Fronts:
    """By half a wavelength."""
    one, other = (heights(_whole(edges, phase)) for phase in (0.0, math.pi))
    return one, np.concatenate((other[200:], other[1:201]))


def halved(edges: int) -> Fronts:
    """The left half of a cell."""
    half, whole = grown(cell(rippled(WIDTH, edges, AMPLITUDE), WIDTH / edges)), _whole(edges, 0.0)
    return heights(half), profile(whole, np.asarray(0.5 * X * whole.width))


def turned(edges: int) -> Fronts:
    """By 180 degrees."""
    edge = WIDTH / edges
    starts = (lopsided(edges, False), rippled(WIDTH, edges, 0.0))
    uneven, level = (replace(_ends(start, edge), base=-THICKNESS) for start in starts)
    upright = _facing(cell(uneven, edge), _turned(level))
    inverted = _facing(cell(level, edge, -1.0), _turned(uneven))
    return heights(grown(upright)), heights(_turned(grown(inverted, COUNTER)))


def _facing(one: Cell, counter: Front) -> Cell:
    """A cell with a counter electrode that moves."""
    return replace(one, counter=counter, physics=one.physics.with_counter(True))


def _ends(front: Front, edge: float) -> Front:
    """With its ends where the cell has its walls, to the last digit."""
    placed = cell(front, edge).front
    assert isinstance(placed, Front)
    return placed


def _turned(front: Front) -> Front:
    """Turned by 180 degrees about the middle of the cell; metal stays on the right of the way."""
    width = float(front.points[:, 0].max())
    points = np.column_stack((width - front.points[:, 0], 1.0 - front.points[:, 1]))
    return replace(front, points=points, base=1.0 - front.base)


@dataclass(frozen=True)
class Symmetry:
    """A pair of fronts that are to be the same, as a function of the number of edges on half a wave."""

    name: str
    pair: Callable[[int], Fronts]


SYMMETRIES = (
    Symmetry("mirrored", mirrored),
    Symmetry("shifted", shifted),
    Symmetry("halved", halved),
    Symmetry("turned by 180 degrees", turned),
)


def rows(symmetry: Symmetry, levels: Sequence[int]) -> list[Row]:
    """Largest difference of the two fronts on meshes of some edge lengths."""
    state = planar()
    gap = state.cell.length / (1.0 - LIFT)
    thickness = faraday_height(state.deposit, state.salt.z_plus, -state.current * TIME) / gap
    result = []
    for edges in levels:
        error = float(np.abs(np.subtract(*symmetry.pair(edges))).max()) / thickness
        case = f"{symmetry.name}, {edges} edges on half a wave"
        result.append(
            Row(case, "difference of the fronts over the growth", 0.0, error, "", TOLERANCE, source=SOURCE)
        )
    return result


def run(quick: bool) -> Result:
    """All of the study."""
    levels = (12,) if quick else (8, 16, 32)
    return Result(tuple(row for symmetry in SYMMETRIES for row in rows(symmetry, levels)))


study = Study(
    "growing-invariance",
    "Mirrored, shifted and turned cells",
    "A front that grows in a cell, in its mirror image, in a cell shifted by half a wavelength, in one of "
    "half the width, and in one turned by 180 degrees, where the counter electrode has become the working "
    "one: the same front within a ten-thousandth of its growth.",
    run,
)
