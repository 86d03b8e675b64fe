"""Planar cells of stacked layers in one to three dimensions, and how to bring them to a steady state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mpi4py import MPI

from meshes import builders
from meshes.builders import Layer
from meshes.regions import Regions
from solver.experiment import Experiment, Reading, Stepping
from solver.laws import Constant, Law
from solver.model import Model
from solver.program import Program
from solver.reaction import ButlerVolmer, Kinetics, Reaction
from verification.exact import electrode

TEMPERATURE = 298.15
"""K."""
CONCENTRATION = 1000.0
"""Of the salt at first, mol/m^3; also the reference concentration of the reactions."""
CELLS = 40
"""Default resolution: cells across the electrolyte."""
NEWMAN = "Newman and Balsara, 4th ed."
TIGHT = {"snes_rtol": 1e-13, "snes_atol": 1e-14}
"""Newton's method to rounding, where the error of a formula is measured."""


def deposition(kinetics: electrode.Kinetics, law: Kinetics | None = None) -> Reaction:
    """Na <-> Na+ + e- with Butler-Volmer kinetics of these numbers, or another law."""
    exchange: Law = Constant(kinetics.exchange)
    return Reaction(
        "deposition",
        kinetics.electrons,
        {"Na+": 1.0},
        law or ButlerVolmer(exchange, kinetics.alpha_a, kinetics.alpha_c),
        reference={"Na+": CONCENTRATION},
    )


def mesh(dim: int, layers: Sequence[Layer], comm: MPI.Comm = MPI.COMM_WORLD) -> Regions:
    """Layers between "working" and "counter"; in 2D and 3D a third as wide as high, few cells across."""
    width = sum(layer.thickness for layer in layers) / 3.0
    if dim == 1:
        return builders.interval(comm, layers)
    if dim == 2:
        return builders.rectangle(comm, width, layers, columns=4)
    return builders.box(comm, width, width, layers, columns=2, rows=2)


def last_readings(readings: Iterable[Reading]) -> list[Reading]:
    """The last reading of each run of segments with the same name."""
    ends: list[Reading] = []
    for reading in readings:
        if ends and ends[-1].segment == reading.segment:
            ends[-1] = reading
        else:
            ends.append(reading)
    return ends


def march(model: Model, regions: Regions, program: Program, scale: float) -> tuple[Experiment, list[Reading]]:
    """Go through `program` to a steady state in each of its segments; returns the last reading of each.

    Implicit Euler with steps that double: the way there does not matter, for amounts are kept exactly.

    Args:
        model: the cell.
        regions: its mesh.
        program: with segments of many times `scale`.
        scale: time of the slowest process in s.
    """
    experiment = Experiment(model, regions, Stepping(1e-3 * scale, tolerance=1e-2, order=1))
    return experiment, last_readings(experiment.run(program))


def steady(scale: float) -> float:
    """Time in s after which nothing is left of a process of time `scale`: 50 times as long."""
    return 50.0 * scale
