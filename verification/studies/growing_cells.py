"""Cells whose electrode grows, made from their closed forms; how they are marched and what their fronts say.

Lengths of a front are in units of the gap. The electrolyte of a cell is `length` high at first: the front is
at the height `LIFT`, so that a ripple on it stays above the collector, and the gap is longer by that much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI
from scipy.interpolate import CubicSpline

from meshes.domain import ELECTROLYTE
from meshes.front import Front
from meshes.shapes import all_metal
from solver.cell import Cell, Sizes, Steps, Stop
from solver.closures import Electroneutral
from solver.contact import Ohmic
from solver.electrolyte import Metal, Species
from solver.laws import Constant
from solver.march import Simulation
from solver.model import COUNTER, FRONT, WORKING, Film, Interface, Medium, Model
from solver.physics import Physics
from solver.program import Program
from solver.reaction import ButlerVolmer, Reaction
from solver.types import FloatArray
from verification.exact.electrode import Kinetics
from verification.exact.stability import Front as Planar

LIFT = 0.02
"""Height of the front above its collector, in units of the gap."""
LOOSE = 1e6
"""Of an error control that is switched off."""


@dataclass(frozen=True)
class Mesh:
    """Edge lengths in units of the gap: on the front, far away, and their growth per distance."""

    front: float
    bulk: float
    growth: float = 0.25


@dataclass(frozen=True)
class Growth:
    """A cell whose electrode grows.

    Attributes:
        planar: salt, electrodes, metal, and the current that a flat front has.
        front: the initial surface, in units of the gap.
        program: what the instrument does.
        mesh: edge lengths.
        steps: control of the time step.
        film_growth: resistance that the film on the front gains per charge, ohm m^4/C.
    """

    planar: Planar
    front: Front
    program: Program
    mesh: Mesh
    steps: Steps
    film_growth: float = 0.0

    @property
    def gap(self) -> float:
        """Distance of collector and counter electrode in m."""
        return self.planar.cell.length / (1.0 - LIFT)

    @property
    def cell(self) -> Cell:
        """For the solver."""
        mesh, gap = self.mesh, self.gap
        smallest, width = 0.2 * mesh.front * gap, self.front.width * gap
        # The front must end at width/gap to the last digit.
        points = self.front.points.copy()
        points[-1, 0] = width / gap
        return Cell(
            title="verification",
            width=width,
            gap=gap,
            front=self.front.with_points(points),
            bases=np.empty(0),
            physics=physics(self.planar, self.film_growth),
            program=self.program,
            surfaces={},
            seed_contact=Ohmic(),
            sizes=Sizes(mesh.front * gap, smallest, smallest, mesh.bulk * gap, mesh.growth),
            steps=self.steps,
            stop=Stop(np.inf, None, None, None, 1e-3 * gap),
            moving=True,
            frames=1,
            newton={"snes_rtol": 1e-12, "snes_atol": 1e-13},
        )

    def simulation(self) -> Simulation:
        """At its beginning (collective)."""
        return Simulation(self.cell, MPI.COMM_WORLD)


def physics(planar: Planar, film_growth: float = 0.0) -> Physics:
    """Electroneutral salt whose anion is eliminated; the film of `planar` lies on the front and grows."""
    salt, c0, deposit = planar.salt, planar.cell.concentration, planar.deposit
    anions = -salt.z_plus / salt.z_minus * c0
    ions = (Species("M", salt.z_plus, salt.d_plus, c0), Species("X", salt.z_minus, salt.d_minus, anions))
    electrodes = planar.electrodes
    series = Film(electrodes.film, film_growth) if electrodes.film > 0.0 or film_growth > 0.0 else None
    faces = (
        Interface(FRONT, WORKING, (_reaction(electrodes.working, c0),), series=series, grows=True),
        Interface(COUNTER, COUNTER, (_reaction(electrodes.counter, c0),)),
    )
    model = Model(Electroneutral(ions, "X"), salt.temperature, {ELECTROLYTE: Medium()}, faces)
    return Physics(model, Metal("M", salt.z_plus, deposit.molar_volume, deposit.surface_energy))


def _reaction(kinetics: Kinetics, reference: float) -> Reaction:
    law = ButlerVolmer(Constant(kinetics.exchange), kinetics.alpha_a, kinetics.alpha_c)
    return Reaction("deposition", kinetics.electrons, {"M": 1.0}, law, reference={"M": reference})


def fixed(step: float) -> Steps:
    """Steps of exactly `step` s: `march` asks for less than the control would allow."""
    return Steps(initial=2.0 * step, largest=2.0 * step, tolerance=LOOSE, displacement=LOOSE)


def rippled(width: float, edges: int, amplitude: float, waves: float = 0.5, phase: float = 0.0) -> Front:
    """Metal with the surface y = LIFT + a cos(2 pi waves x/width + phase)."""
    x = np.linspace(0.0, width, edges + 1)
    return all_metal(np.column_stack((x, LIFT + amplitude * np.cos(2.0 * np.pi * waves * x / width + phase))))


def flat(width: float, edges: int) -> Front:
    """Metal with a flat surface at `LIFT`."""
    return rippled(width, edges, 0.0)


def march(simulation: Simulation, until: float, step: float, remesh: int = 0) -> Iterator[Simulation]:
    """Go on in steps of at most `step` s to the time `until` in s; the simulation after every step.

    Args:
        simulation: where it is.
        until: s.
        step: s.
        remesh: make the mesh anew after every so many steps; 0: only where the solver itself wants it.
    """
    count = 0
    while simulation.state.time < until * (1.0 - 1e-12):
        simulation.advance(min(step, until - simulation.state.time))
        simulation.move()
        count += 1
        simulation.maintain("asked for" if remesh and count % remesh == 0 else "")
        yield simulation


def finish(simulation: Simulation, until: float, step: float, remesh: int = 0) -> Simulation:
    """As `march`, at its end."""
    for _ in march(simulation, until, step, remesh):
        pass
    return simulation


def surface(simulation: Simulation, electrode: str = FRONT) -> Front:
    """Of an electrode that moves, in 2D."""
    front = simulation.fronts[electrode]
    assert isinstance(front, Front)
    return front


def profile(front: Front, x: FloatArray) -> FloatArray:
    """Height at `x` of a front that is a graph: a spline through its vertices, level at the walls."""
    return np.asarray(CubicSpline(*front.points.T, bc_type="clamped")(x))


def wave(front: Front, waves: float = 0.5) -> float:
    """Amplitude of cos(2 pi waves x/width) in the front, by the trapezoidal rule on its spline."""
    x = np.asarray(np.linspace(0.0, front.width, 2001), dtype=np.float64)
    cosine = np.cos(2.0 * np.pi * waves * x / front.width)
    y = profile(front, x)
    return float(np.trapezoid((y - np.trapezoid(y, x) / front.width) * cosine, x) * 2.0 / front.width)


def at_length(planar: Planar, length: float) -> Planar:
    """The flat front when the electrolyte has become `length` m high: the salt in it is the same."""
    cell = planar.cell
    shorter = replace(cell, length=length, concentration=cell.concentration * cell.length / length)
    return replace(planar, cell=shorter)
