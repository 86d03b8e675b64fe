"""A uniform concentration stays uniform, however the mesh moves: the geometric conservation law.

The mesh is moved at random, again and again, each node by up to a third of the least height of the cells
around it. After every motion the functional that a time step starts from, Q(v) - (density of Q, d . grad v)
midway, must be that of the same uniform concentration on the moved mesh:

    inner nodes moved:    for every v
    front moved as well:  for every v that vanishes on the front; the rest is the salt of the swept volume,
                          which stays in the cell, since a front that moves without reaction pushes it ahead

Then a cell at rest is marched while its mesh is shaken: all that the solver does in a step, both levels of
its memory included.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mpi4py import MPI

from meshes.compat import geometry_dofmap
from meshes.domain import Domain
from meshes.tags import BOUNDARIES
from solver.growing import Growing
from solver.march import Simulation
from solver.model import LIQUID
from solver.motion import Extension, MotionForms, project
from solver.program import hold
from solver.types import BoolArray, FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.stability import Deposit, Electrodes, Front
from verification.rows import Result, Row, Study
from verification.studies.growing_cells import Growth, Mesh, fixed, rippled

REACH = 0.33
"""Largest motion of a node over the least height of the cells around it: no cell can turn over."""
WIDTH, EDGES, AMPLITUDE = 0.3, 12, 0.01
TOLERANCE = 1e-10
SEED = 20240611
SOURCE = "geometric conservation law"


def at_rest() -> Simulation:
    """A cell at 0 V above a rippled front of metal without surface energy: nothing is to happen."""
    cell = Cell(Salt(1, -1, 1.81e-10, 2.6e-10), 10e-6, 1000.0)
    kinetics = Kinetics(1000.0)
    state = Front(cell, Electrodes(kinetics, kinetics), Deposit(23.78e-6, 0.0), 0.0)
    front = rippled(WIDTH, EDGES, AMPLITUDE, waves=1.5)
    return Growth(state, front, hold(0.0), Mesh(WIDTH / EDGES, 0.08), fixed(0.01)).simulation()


class Shaker:
    """Random motions of the nodes of a mesh, the same on all ranks.

    Attributes:
        free: components that may move, shape (local dofs, d): walls hold one, electrodes all.
        sliding: the same when the front moves too.
    """

    def __init__(self, domain: Domain) -> None:
        """Find what holds the nodes (collective)."""
        self.domain, self._random = domain, np.random.default_rng(SEED)
        every = np.arange(domain.node_of_dof.size, dtype=np.int32)
        self._number = domain.space.dofmap.index_map.local_to_global(every)
        self.sliding = np.ones((every.size, domain.dim), dtype=bool)
        for axis in range(domain.dim):
            self.sliding[domain.wall_dofs(axis), axis] = False
        self.sliding[domain.dofs_on(BOUNDARIES["counter"])] = False
        self.free = self.sliding.copy()
        self.free[domain.dofs_on(BOUNDARIES["front"])] = False

    def motion(self, free: BoolArray) -> FloatArray:
        """Displacement of all local P1 dofs, shape (dofs, d), within `REACH` (collective)."""
        count, dim = self.domain.space.dofmap.index_map.size_global, self.domain.dim
        direction = self._random.normal(size=(count, dim))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        part = REACH * self._random.random(count)
        move = (part[:, None] * direction)[self._number] * self._heights()[:, None]
        return np.asarray(np.where(free, move, 0.0))

    def _heights(self) -> FloatArray:
        """Least height of the cells around every local P1 dof (collective)."""
        domain, dim = self.domain, self.domain.dim
        corners = domain.mesh.geometry.x[geometry_dofmap(domain.mesh)][:, :, :dim]
        # The gradient of a barycentric coordinate is one over the height.
        gradients = np.linalg.inv(corners[:, 1:] - corners[:, :1])
        first = -gradients.sum(axis=2, keepdims=True)
        steepest = np.linalg.norm(np.concatenate((first, gradients), axis=2), axis=1).max(axis=1)
        height = np.full(domain.space.dofmap.index_map.size_global, np.inf)
        dofs = self._number[domain.space.dofmap.list]
        np.minimum.at(height, dofs, (1.0 / steepest)[:, None])
        domain.comm.Allreduce(MPI.IN_PLACE, height, op=MPI.MIN)
        return np.asarray(height[self._number])


def moved(problem: Growing, shift: FloatArray) -> FloatArray:
    """Move the mesh by `shift`; the functional of the cation that a step would start from, by owned dofs."""
    domain, present = problem.domain, problem.stored()[LIQUID]
    start = domain.coordinates.copy()
    problem.set_motion(shift)
    domain.place(start + 0.5 * shift)
    functional = present - problem.carried()
    domain.place(start + shift)
    return cation(problem, functional)


def cation(problem: Growing, functional: FloatArray) -> FloatArray:
    """Its part in a functional of the liquid, over c0, by owned P1 dofs."""
    eq = problem.equations
    name = problem.model.closure.unknowns[0]
    by_field = functional.reshape(-1, len(eq.fields))[problem.owned_nodes]
    return np.asarray(by_field[:, eq.fields.index(name)] / (eq.scale[name] * eq.c0))


def functionals(count: int) -> list[Row]:
    """Random motions of inner nodes, then of the front too."""
    simulation = at_rest()
    problem, comm = simulation.problem, simulation.comm
    domain, shaker = problem.domain, Shaker(problem.domain)
    worst = {"inner nodes": 0.0, "the front too": 0.0, "swept": 0.0}
    for _ in range(count):
        functional = moved(problem, shaker.motion(shaker.free))
        found = project(simulation.mesher.forms, domain, functional).x.array
        worst["inner nodes"] = max(worst["inner nodes"], float(np.abs(found - 1.0).max()))
    on_front = np.zeros(domain.node_of_dof.size, dtype=bool)
    on_front[domain.dofs_on(BOUNDARIES["front"])] = True
    inside = ~on_front[: domain.space.dofmap.index_map.size_local]
    for _ in range(count):
        before = domain.measure("electrolyte")
        functional = moved(problem, shaker.motion(shaker.sliding))
        gap = functional - cation(problem, problem.stored()[LIQUID])
        scale = comm.allreduce(float(np.abs(functional).max(initial=0.0)), op=MPI.MAX)
        off_front = float(np.abs(gap[inside]).max(initial=0.0)) / scale
        worst["the front too"] = max(worst["the front too"], off_front)
        swept = (before - domain.measure("electrolyte")) / domain.unit**domain.dim
        kept = comm.allreduce(float(gap[~inside].sum()), op=MPI.SUM)
        worst["swept"] = max(worst["swept"], abs(kept - swept))
    largest = {name: comm.allreduce(value, op=MPI.MAX) for name, value in worst.items()}
    quantities = {
        "inner nodes": "c/c0 - 1, projected",
        "the front too": "defect off the front, relative",
        "swept": "salt of the swept volume, over c0 gap^d",
    }
    case = f"{count} random motions"
    return [
        Row(f"{case}, {name}", quantities[name], 0.0, largest[name], "", TOLERANCE, source=SOURCE)
        for name in worst
    ]


class Shaken(Extension):
    """An extension of the fronts' motion that puts inner nodes at random places besides."""

    def __init__(self, forms: MotionForms, domain: Domain) -> None:
        """Around the mesh as it was made."""
        super().__init__(forms, domain)
        self._shaker = Shaker(domain)

    def displacement(self, fronts: Mapping[str, FloatArray]) -> FloatArray:
        """As `Extension.displacement`."""
        return np.asarray(super().displacement(fronts) + self._shaker.motion(self._shaker.free))


def marched(count: int) -> list[Row]:
    """Steps of a cell at rest whose mesh is shaken."""
    simulation = at_rest()
    mesher, name = simulation.mesher, simulation.problem.model.closure.unknowns[0]
    still = simulation.problem.domain.coordinates.copy()
    mesher.extension = Shaken(mesher.forms, simulation.problem.domain)
    worst = away = 0.0
    for _ in range(count):
        simulation.advance(0.01)
        simulation.move()
        worst = max(worst, float(np.abs(simulation.problem.nodal(name) - 1.0).max()))
        away = max(away, float(np.abs(simulation.problem.domain.coordinates - still).max()))
    worst, away = (simulation.comm.allreduce(value, op=MPI.MAX) for value in (worst, away))
    case = f"{count} steps at rest, mesh shaken"
    note = f"nodes moved by up to {away:.2g} gaps"
    return [
        Row(case, "c/c0 - 1", 0.0, worst, "", TOLERANCE, source=SOURCE, note=note),
        Row(case, "balance of the salt", 0.0, simulation.mass_error(), "", TOLERANCE),
    ]


def run(quick: bool) -> Result:
    """All of the study."""
    count = 20 if quick else 200
    return Result((*functionals(count), *marched(count)))


study = Study(
    "growing-uniform",
    "Uniform concentration on a moving mesh",
    "Nodes are moved at random, by up to a third of the height of their cells, hundreds of times. What a "
    "time step starts from is at every point the uniform concentration, to rounding; where the front moves "
    "too, no salt is made or lost; and a cell at rest stays at rest.",
    run,
)
