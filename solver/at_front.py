"""What the fields say at a growing front, and how long a step this allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .cell import Cell
from .coverage import FrontFields, edge_curvature
from .equations import POTENTIAL
from .growing import Growing
from .physics import Physics
from .shaping import Fronts
from .types import FloatArray

COVERAGE_STEP = 0.1
"""Largest change of coverage per step."""


def capillary_shift(problem: Growing, physics: Physics) -> float:
    """F eta/RT per curvature of one over a mesh unit, gamma V_m/(nRT L)."""
    return physics.metal.capillary_voltage / (physics.thermal_voltage * problem.domain.unit)


def front_fields(problem: Growing, physics: Physics, name: str) -> FrontFields:
    """Concentrations and potentials at a front, the same on every rank (collective)."""
    eq, domain = problem.equations, problem.domain
    front = domain.fronts[name]
    known = {n: eq.c0 * domain.gather_front(problem.nodal(n), name) for n in problem.model.closure.unknowns}
    return FrontFields(
        problem.model.closure.concentrations(known),
        domain.gather_front(problem.nodal(POTENTIAL), name),
        problem.facet_potentials(name),
        edge_curvature(front),
        capillary_shift(problem, physics),
        front.cells,
        physics.reaction_at(name),
    )


def longest_step(
    cell: Cell,
    fronts: Fronts,
    dt: float,
    volumes: Mapping[str, FloatArray],
    coverage: Mapping[str, FloatArray],
) -> float:
    """Longest step in s by motion of the fronts and by change of coverage.

    Args:
        cell: with the limits.
        fronts: in the step of `dt` s.
        dt: step that was made.
        volumes: what the vertices of every front received in it, mesh units.
        coverage: of the facets of every front after it.
    """
    longest = cell.steps.largest if not cell.moving else np.inf
    for name, front in fronts.items():
        if not cell.moving:
            break
        sizes = front.measures if cell.dim == 2 else np.sqrt(2.0 * front.measures)
        shortest = np.full(len(front.points), np.inf)
        for corner in range(front.cells.shape[1]):
            np.minimum.at(shortest, front.cells[:, corner], sizes)
        reach = np.sqrt((front.area_vectors**2).sum(axis=1))
        moved = np.abs(volumes[name]) / np.maximum(reach, 0.25 * shortest ** (cell.dim - 1))
        by_motion = cell.steps.displacement * dt * float(np.min(shortest / np.maximum(moved, 1e-300)))
        change = coverage[name] - np.maximum(front.coverage, 0.0)
        by_coverage = COVERAGE_STEP * dt / max(float(change.max(initial=0.0)), 1e-300)
        longest = min(longest, by_motion, by_coverage)
    return float(longest)
