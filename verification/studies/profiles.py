"""A cell solved at once or for its steady state, what it says along an electrode, orders of convergence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from meshes.regions import Regions
from solver.discretisation import Discretisation
from solver.equations import POTENTIAL
from solver.experiment import Experiment, Reading, Stepping
from solver.model import LIQUID, Model
from solver.program import Program, hold
from solver.types import FloatArray

TIGHT = {"snes_rtol": 1e-13, "snes_atol": 1e-14}
"""Newton's method to rounding, where errors of the elements are measured."""
SETTLED = {"snes_rtol": 1e-12, "snes_atol": 1e-13, "snes_stol": 1e-11}
"""Here concentrations may rise a thousandfold: rounding is above TIGHT, and small corrections end it."""
UNCHECKED = 1e6
"""Tolerance of the step size control where only the steady state matters."""
LONG = 1e6
"""Step towards a steady state, in relaxation times of the cell."""


def at_once(model: Model, regions: Regions, voltage: float) -> tuple[Experiment, Reading]:
    """The cell in the instant after `voltage` in V is applied: all there is to know of one without memory."""
    experiment = Experiment(model, regions, Stepping(1.0), options=TIGHT)
    return experiment, next(experiment.readings(hold(voltage, 1.0)))


def steady(model: Model, regions: Regions, voltage: float, relaxation: float) -> tuple[Experiment, Reading]:
    """The cell long after `voltage` in V was applied: two implicit steps that dwarf `relaxation` in s.

    A step of n relaxation times by the first order formula leaves 1/n of what is not steady.
    """
    step = LONG * relaxation
    experiment = Experiment(model, regions, Stepping(step, order=1, fixed=True), options=TIGHT)
    return experiment, experiment.run(hold(voltage, 2.0 * step))[-1]


def settled(
    model: Model,
    regions: Regions,
    drive: Callable[[float], Program],
    relaxation: float,
    first: float = 1.0,
) -> tuple[Experiment, Reading]:
    """The cell long after the start, by steps that double: for what Newton's method cannot reach in one.

    Args:
        model: the cell.
        regions: its mesh.
        drive: program of a duration in s.
        relaxation: slowest time constant of the cell in s.
        first: length of the first step, in relaxation times.
    """
    stepping = Stepping(first * relaxation, tolerance=UNCHECKED, order=1)
    experiment = Experiment(model, regions, stepping, options=SETTLED)
    return experiment, experiment.run(drive(LONG * relaxation))[-1]


def nodal(problem: Discretisation, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """All nodes of a one-dimensional cell in ascending order, the same on all ranks (collective).

    Returns:
        x in m, shape (nodes,), and values in SI, shape (len(names), nodes).
    """
    space = problem.spaces[LIQUID]
    owned = slice(0, space.dofmap.index_map.size_local)
    x = problem.regions.unit * space.tabulate_dof_coordinates()[owned, 0]
    rows = np.column_stack([x, *(problem.field(name)[owned] for name in names)])
    whole = np.concatenate(problem.comm.allgather(rows))
    whole = whole[np.argsort(whole[:, 0])]
    return whole[:, 0], whole[:, 1:].T


def along(problem: Discretisation, boundary: str, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Nodes on a boundary and fields there, the same on all ranks (collective).

    Returns:
        Coordinates in m, shape (nodes, dim), and values in SI, shape (len(names), nodes).
    """
    regions, space = problem.regions, problem.spaces[LIQUID]
    nodes = regions.dofs(space, boundary)
    nodes = nodes[nodes < space.dofmap.index_map.size_local]
    x = regions.unit * space.tabulate_dof_coordinates()[nodes, : regions.dim]
    rows = np.column_stack([x, *(problem.field(name)[nodes] for name in names)])
    whole = np.concatenate(problem.comm.allgather(rows))
    return whole[:, : regions.dim], whole[:, regions.dim :].T


def held_flux(problem: Discretisation, boundary: str, field: str = POTENTIAL) -> float:
    """What enters through a boundary where `field` is held: the residual of its equation there (collective).

    Per depth in 2D, per area in 1D: A for the potential (C where charge is resolved), mol/s for a species.
    The cell must be steady, or nothing stored in this equation.
    """
    equations, space = problem.equations, problem.spaces[LIQUID]
    width = len(equations.fields)
    nodes = problem.regions.dofs(space, boundary)
    nodes = nodes[nodes < space.dofmap.index_map.size_local]
    residual = problem.raw_residual({}, LIQUID)
    local = float(residual[nodes * width + equations.fields.index(field)].sum())
    size = problem.regions.unit**problem.regions.dim / equations.scale[field]
    return float(size * problem.comm.allreduce(local))


def mean_square(position: FloatArray, values: FloatArray) -> float:
    """Root mean square along a line of nodes, by the trapezoidal rule."""
    square = float(np.trapezoid(values**2, position))
    return math.sqrt(square / float(position[-1] - position[0]))


def order(errors: Sequence[float], refinement: float = 2.0) -> float:
    """Order of convergence from the errors of the two finest levels."""
    return math.log(abs(errors[-2] / errors[-1])) / math.log(refinement)
