"""Cells with round electrodes: parts of concentric cylinders and spheres, how they are marched and read.

The unit of length is the radius of the outer electrode. Polygons and triangles are given the area or volume
of the circle or sphere that they stand for, and what is read is the radius of the same area or volume.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from meshes import shell_shapes
from meshes.domain import ELECTROLYTE, Skin
from meshes.front import Chain, Front
from meshes.shapes import DEPOSIT, NAMES
from meshes.shell import Shell
from solver.cell import Cell, Sizes, Stop
from solver.closures import Supporting
from solver.contact import Ohmic
from solver.electrolyte import Metal, Species
from solver.march import Simulation
from solver.model import COUNTER, FRONT, WORKING, Interface, Medium, Model
from solver.physics import Physics
from solver.program import Program
from solver.reaction import Conductance, Reaction
from solver.types import FloatArray
from verification.exact.binary import Cell as PlaneCell
from verification.exact.round import Annulus, Round
from verification.exact.round_salt import RoundSalt
from verification.exact.stability import Front as Planar
from verification.studies.growing_cells import finish, fixed, physics

FAST, CONCENTRATION, TEMPERATURE = 1e-5, 1000.0, 298.15
"""Diffusivity in m^2/s and concentration in mol/m^3 of an ion that carries no weight in linear cells."""

GROWTH = 1.0
"""Edges are as much longer, over those on the front, at a distance of its radius."""

UNEVEN = 1.3
"""Longest edges of a part of a sphere over the usual ones."""


@dataclass(frozen=True)
class Geometry:
    """Two electrodes in units of the outer radius.

    Attributes:
        annulus: what they are a part of.
        front, counter: the inner and the outer one.
        part: of the whole circle (times length over unit, for a slice of a cylinder) or sphere.
        edge, bulk: wanted edge lengths on the front and far away.
        centre: of the circles.
    """

    annulus: Annulus
    front: Skin
    counter: Skin
    part: float
    edge: float
    bulk: float
    centre: tuple[float, ...] = (0.0, 0.0)

    @property
    def unit(self) -> float:
        """Of length, in m."""
        return self.annulus.outer

    @property
    def dim(self) -> int:
        """Of the mesh; a slice of a cylinder has one more than the cylinder."""
        return int(self.front.points.shape[1])

    @property
    def wanted(self) -> float:
        """Edge length that the solver is asked for; triangles on an octant are not all of one size."""
        return self.edge if self.dim == 2 else UNEVEN * self.edge

    @property
    def growth(self) -> float:
        """Of the cells per distance from the front: so that meshes of all edge lengths are alike."""
        return GROWTH * self.edge * self.unit / self.annulus.inner

    @property
    def share(self) -> float:
        """Current of the cell (A, in a plane A/m) over that of the whole (A, A/m of a cylinder); m or 1."""
        return self.part * self.unit ** (self.dim - self.annulus.dim)

    def radius(self, front: Skin) -> float:
        """Of the circle or sphere that has the metal of `front`, in m."""
        ball = self.part * self.annulus.unit / self.annulus.dim
        return float((front.metal_volume() / ball) ** (1.0 / self.annulus.dim)) * self.unit

    def roundness(self, front: Skin) -> float:
        """Largest less smallest distance of a vertex from the axis or centre, over the radius."""
        across = [0, 2] if self.dim > self.annulus.dim else list(range(self.dim))
        distance = np.linalg.norm(front.points[:, across] - np.asarray(self.centre), axis=1)
        return float(np.ptp(distance) / distance.mean())


Maker = Callable[[Annulus], Geometry]


def _ring(radius: float, start: float, edges: int) -> FloatArray:
    """Clockwise around the origin from the angle `start` to the y axis; the area is that of the circle."""
    angle = start + 2.0 * np.pi * np.arange(edges) / edges
    reach = radius * math.sqrt(2.0 * np.pi / edges / math.sin(2.0 * np.pi / edges))
    return np.asarray(reach * np.column_stack((np.sin(angle), np.cos(angle))))


def _polyline(points: FloatArray, walls: tuple[int, int] | None) -> Front:
    chain = Chain(len(points), walls)
    edges = chain.edges
    return Front(points, NAMES, np.full(edges, DEPOSIT), np.ones(edges), np.full(edges, -1), (chain,))


def circle(
    annulus: Annulus, edges: int, bulk: float, start: float = 0.0, centre: tuple[float, float] = (0.0, 0.0)
) -> Geometry:
    """Whole circles of 4 `edges`, the first vertex at the angle `start`."""
    inner = annulus.inner / annulus.outer
    front = _polyline(_ring(inner, start, 4 * edges) + centre, None)
    outer = _polyline(_ring(1.0, start, 4 * _outer_edges(bulk))[::-1] + centre, None)
    return Geometry(annulus, front, outer, 1.0, 0.5 * math.pi * inner / edges, bulk, centre)


def quarter(annulus: Annulus, edges: int, bulk: float, turns: int = 0) -> Geometry:
    """A quarter of circles of `edges` between two walls, turned clockwise by right angles."""
    inner = annulus.inner / annulus.outer
    arcs = []
    for radius, count in ((inner, edges), (1.0, _outer_edges(bulk))):
        arc = _ring(radius, 0.0, 4 * count)[: count + 1]
        arc[0, 0] = arc[-1, 1] = 0.0
        for _ in range(turns):
            arc = np.column_stack((arc[:, 1], -arc[:, 0]))
        arcs.append(arc)
    walls = (0, 1) if turns % 2 == 0 else (1, 0)
    front, outer = _polyline(arcs[0], walls), _polyline(arcs[1][::-1], walls[::-1])
    return Geometry(annulus, front, outer, 0.25, 0.5 * math.pi * inner / edges, bulk)


def _outer_edges(bulk: float) -> int:
    """Of a quarter of the outer circle."""
    return max(4, math.ceil(0.5 * math.pi / bulk))


def octant(annulus: Annulus, edges: int, bulk: float) -> Geometry:
    """An eighth of spheres between three walls, `edges` on each side of the front."""
    inner = annulus.inner / annulus.outer
    edge = 0.5 * math.pi * inner / edges
    shells = [shell_shapes.octant(inner, edge * 1.0001), shell_shapes.octant(1.0, bulk, outside=True)]
    front, outer = (
        shell.with_points(shell.points * (math.pi / 6.0 * r**3 / abs(shell.metal_volume())) ** (1.0 / 3.0))
        for shell, r in zip(shells, (inner, 1.0), strict=True)
    )
    return Geometry(annulus, front, outer, 0.125, edge, bulk, (0.0, 0.0, 0.0))


def slice_of_cylinder(annulus: Annulus, edges: int, bulk: float) -> Geometry:
    """A quarter of cylinders around the y axis between walls, one edge of the front thick."""
    inner = annulus.inner / annulus.outer
    edge = 0.5 * math.pi * inner / edges
    shells = [
        shell_shapes.quarter_cylinder(inner, edge, edge * 1.0001),
        shell_shapes.quarter_cylinder(1.0, edge, bulk, outside=True),
    ]
    front, outer = (
        _of_volume(shell, 0.25 * math.pi * r**2 * edge) for shell, r in zip(shells, (inner, 1.0), strict=True)
    )
    return Geometry(annulus, front, outer, 0.25 * edge, edge, bulk, (0.0, 0.0))


def _of_volume(shell: Shell, volume: float) -> Shell:
    """Scaled in x and z."""
    factor = math.sqrt(volume / abs(shell.metal_volume()))
    return shell.with_points(shell.points * (factor, 1.0, factor))


def linear_physics(exact: Round) -> Physics:
    """A supporting electrolyte, linear charge transfer; the one ion is so fast that it does not matter."""
    ion = Species("M", exact.electrons, FAST, CONCENTRATION)
    fast = 1e6 / exact.transfer
    working, counter = (
        Reaction("deposition", exact.electrons, {"M": 1.0}, Conductance(g))
        for g in (1.0 / exact.transfer, 1.0 / exact.counter if exact.counter > 0.0 else fast)
    )
    faces = (
        Interface(FRONT, WORKING, (working,), grows=True),
        Interface(COUNTER, COUNTER, (counter,)),
    )
    model = Model(Supporting((ion,), 1.0 / exact.resistivity), TEMPERATURE, {ELECTROLYTE: Medium()}, faces)
    return Physics(
        model, Metal("M", exact.electrons, exact.deposit.molar_volume, exact.deposit.surface_energy)
    )


def salt_physics(exact: RoundSalt) -> Physics:
    """A dissolved salt."""
    cell = PlaneCell(exact.salt, exact.annulus.outer - exact.annulus.inner, exact.concentration)
    return physics(Planar(cell, exact.electrodes, exact.deposit, 0.0))


def simulation(geometry: Geometry, what: Physics, program: Program, step: float) -> Simulation:
    """A cell at its beginning; its current density is that over the unit (squared in 3D) (collective)."""
    unit, edge, bulk = geometry.unit, geometry.wanted, geometry.bulk
    return Simulation(
        Cell(
            title="verification",
            width=unit,
            depth=None if geometry.dim == 2 else unit,
            gap=unit,
            front=geometry.front,
            counter=geometry.counter,
            bases=np.empty(0),
            physics=what.with_counter(geometry.annulus.moves),
            program=program,
            surfaces={},
            seed_contact=Ohmic(),
            sizes=Sizes(edge * unit, 0.2 * edge * unit, 0.2 * edge * unit, bulk * unit, geometry.growth),
            steps=fixed(step),
            stop=Stop(np.inf, None, None, None, 1e-3 * unit),
            moving=True,
            frames=1,
            newton={"snes_rtol": 1e-12, "snes_atol": 1e-13},
        ),
        MPI.COMM_WORLD,
    )


def density(geometry: Geometry, total: float) -> float:
    """What the program of a cell has to be for the current `total` of the whole."""
    return total * geometry.share / geometry.unit ** (geometry.dim - 1)


@dataclass(frozen=True)
class Grown:
    """A cell at its end.

    Attributes:
        radius: m.
        roundness: as in `Geometry.roundness`.
        current: of the whole, A (A/m for a cylinder).
        voltage: V.
        faraday, salt: relative defects of volume against charge, and of the balance of the ions.
        remeshes: how often the mesh was made anew.
    """

    radius: float
    roundness: float
    current: float
    voltage: float
    faraday: float
    salt: float
    remeshes: int


def grow(
    geometry: Geometry, what: Physics, program: Program, time: float, steps: int, remesh: int = 0
) -> Grown:
    """March to `time` in s in equal steps; `remesh` makes the mesh anew after every so many besides."""
    done = finish(simulation(geometry, what, program, time / steps), time, time / steps, remesh)
    state, front = done.state, done.front
    return Grown(
        geometry.radius(front),
        geometry.roundness(front),
        state.current / geometry.share,
        done.voltage,
        done.faraday_error(),
        done.mass_error(),
        state.remeshes,
    )
