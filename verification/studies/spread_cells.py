"""Cells whose electrode surface is spread over cells of the mesh: made from sharp ones, marched, and read.

The interface width w is that of xi = 1/(1 + exp(d/w)), d the distance from the surface. Lengths of a front
are in units of the gap. The collector lies `DEEP` widths below the lowest metal, so that it is no part of
the profile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI

from meshes.front import Front
from solver.cell import Cell, Spreading
from solver.compiled import SCALAR
from solver.spread_march import SpreadSimulation
from solver.types import FloatArray

CONDUCTIVITY = 2e7
"""Of the metal, S/m: as that of sodium, so that no potential is lost in it."""
DEEP = 12.0
"""Widths from the surface to the collector below: xi is 1 to 6e-6 there."""
ROOM = 1.0001
"""Longest edges wanted over those of the mesh, so that rounding refines nothing."""


@dataclass(frozen=True)
class Interface:
    """How a surface is spread.

    Attributes:
        width: w in m.
        legs: shortest edges of the cells about the surface, over w.
        reach: height above the collector in m up to which a mesh that is made once is fine; None: the mesh
            follows the surface.
    """

    width: float
    legs: float = 1.0
    reach: float | None = None


def spread(cell: Cell, interface: Interface) -> Cell:
    """The 2D `cell` with its surface spread."""
    width, reach = interface.width, interface.reach
    finest = ROOM * math.sqrt(2.0) * interface.legs * width
    spreading = Spreading(width, finest, CONDUCTIVITY, adaptive=reach is None, reach=reach or 0.0)
    return replace(cell, spreading=spreading)


def lowered(front: Front, width: float) -> Front:
    """The metal surface `front` with its collector as deep as the profile of `width` asks for."""
    base = min(0.0, float(front.points[:, 1].min()) - DEEP * width)
    return replace(front, base=base)


def simulation(cell: Cell) -> SpreadSimulation:
    """At its beginning (collective)."""
    return SpreadSimulation(cell, MPI.COMM_WORLD)


def march(simulation: SpreadSimulation, until: float, step: float = math.inf) -> Iterator[SpreadSimulation]:
    """Go on in steps of at most `step` s to the time `until` in s; the simulation after every step."""
    while simulation.state.time < until * (1.0 - 1e-12):
        simulation.advance(min(step, until - simulation.state.time))
        simulation.maintain()
        yield simulation


def finish(simulation: SpreadSimulation, until: float, step: float = math.inf) -> SpreadSimulation:
    """As `march`, at its end."""
    for _ in march(simulation, until, step):
        pass
    return simulation


def nodes(simulation: SpreadSimulation) -> tuple[FloatArray, FloatArray, FloatArray]:
    """All nodes, the same on every rank (collective).

    Returns:
        places in units of the gap, (n, d); xi, (n,); volumes that they stand for in these units, (n,).
    """
    problem, order = simulation.problem, simulation.order
    places = problem.spaces[SCALAR].tabulate_dof_coordinates()[: order.owned, : problem.regions.dim]
    pieces = simulation.comm.allgather((places, order.xi[: order.owned], order.volumes))
    where, xi, volumes = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return where, xi, volumes


def unknowns(simulation: SpreadSimulation) -> int:
    """Of fields and order parameter together, of all ranks."""
    problem = simulation.problem
    scalar = problem.spaces[SCALAR].dofmap.index_map.size_global
    return int(problem.layout.total + scalar)
