"""Ripples under a film that they stretch, against `verification.exact.mossy`.

A ripple of amplitude a under a whole film, in a cell half a wavelength wide, while a few tenths of its
wavelength are deposited at a current far below the limiting one. Its amplitude and that of the thickness of
the film obey two linear equations, whose exponential is the reference. The motion of the front changes shape
and amplitude by terms of order k a, so the ripples are shallow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI

from solver.cell import Cell, Steps
from solver.march import Simulation
from solver.model import FRONT, Cover, Film
from solver.program import constant_current
from verification.exact.binary import Cell as Electrolyte
from verification.exact.binary import Salt
from verification.exact.electrode import Kinetics
from verification.exact.mossy import Mossy
from verification.exact.stability import Deposit, Electrodes
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import LIFT, Growth, Mesh, finish, rippled, surface, wave

GAP, CONCENTRATION, DIFFUSIVITY = 20e-6, 1000.0, 2e-10
EXCHANGE, CURRENT = 10.0, 5.0
SODIUM = Deposit(molar_volume=23.78e-6, surface_energy=0.2)
DEPOSITED = 0.6e-6
"""Thickness of the metal that is deposited meanwhile, m."""
STEEPNESS = 0.004
"""k a at the start."""
TOLERANCE = 0.01
RELATION = "linear stability under a film (verification.exact.mossy)"


@dataclass(frozen=True)
class Ripple:
    """A film, and the wavelength of a ripple under it in m."""

    cover: Cover
    wavelength: float


RIPPLES: Mapping[str, Ripple] = {
    "a film that neither heals nor bends": Ripple(Cover(0.02), 2e-6),
    "one that heals in 100 s": Ripple(Cover(0.02, healing=0.01), 2e-6),
    "one that heals in 10 s": Ripple(Cover(0.02, healing=0.1), 2e-6),
    "one that conducts ten times better": Ripple(Cover(0.002), 2e-6),
    "a stiff one that heals in 100 s": Ripple(Cover(0.02, healing=0.01, stiffness=1e-13), 1e-6),
    "a hundred times stiffer": Ripple(Cover(0.02, stiffness=1e-11), 1e-6),
}


def planar(cover: Cover) -> Mossy:
    """The flat front under a film."""
    law = Kinetics(EXCHANGE)
    electrolyte = Electrolyte(Salt(1, -1, DIFFUSIVITY, DIFFUSIVITY), GAP, CONCENTRATION)
    return Mossy(electrolyte, Electrodes(law, law, cover.resistance), SODIUM, -CURRENT, cover)


def under(cell: Cell, cover: Cover) -> Cell:
    """The same cell with a film on its front that is stretched."""
    physics = cell.physics
    interfaces = tuple(
        replace(one, series=Film(0.0, cover=cover)) if one.boundary == FRONT else one
        for one in physics.model.interfaces
    )
    return replace(cell, physics=replace(physics, model=replace(physics.model, interfaces=interfaces)))


def grown(ripple: Ripple, edges: int = 24, steps: int = 300, remesh: int = 0) -> tuple[float, float]:
    """By what factor a ripple grows while DEPOSITED is deposited, and what the relation says (collective).

    Args:
        ripple: which one.
        edges: on half a wave.
        steps: how many.
        remesh: make the mesh anew after every so many steps; 0: where the solver wants it.
    """
    state, k = planar(ripple.cover), math.tau / ripple.wavelength
    gap, time = GAP / (1.0 - LIFT), DEPOSITED / state.velocity
    width, step = math.pi / (k * gap), time / steps
    growth = Growth(
        state,
        rippled(width, edges, STEEPNESS / (k * gap)),
        constant_current(-CURRENT),
        Mesh(width / edges, min(0.1, width)),
        Steps(1e-2 * step, 2.0 * step, 1e-3, 0.25),
    )
    simulation = Simulation(under(growth.cell, ripple.cover), MPI.COMM_WORLD)
    before = wave(surface(simulation))
    finish(simulation, time, step, remesh)
    return wave(surface(simulation)) / before, float(state.amplitude(k, time))


def over_wavelength() -> Curve:
    """Growth of ripples of many wavelengths under a film that heals slowly and is a little stiff."""
    cover = Cover(0.02, healing=0.002, stiffness=1e-13)
    waves = np.geomspace(0.5e-6, 4e-6, 7)
    measured = np.array([grown(Ripple(cover, float(one)))[0] for one in waves])
    fine = np.geomspace(0.45e-6, 4.4e-6, 200)
    state = planar(cover)
    reference = np.array([state.amplitude(math.tau / one, DEPOSITED / state.velocity) for one in fine])
    name = "growth of a ripple during 0.6 um"
    return Curve(name, 1e6 * waves, measured, reference, 1e6 * fine, "wavelength (um)", "a/a0", log_x=True)


def run(quick: bool) -> Result:
    """All of the study."""
    found = []
    for name, ripple in list(RIPPLES.items())[:: 2 if quick else 1]:
        got, expected = grown(ripple)
        found.append(Row(name, "a/a0", expected, got, "", TOLERANCE, source=RELATION))
    if quick:
        return Result(tuple(found))
    first = next(iter(RIPPLES.values()))
    got, expected = grown(first, remesh=10)
    found.append(Row("the first, remeshed 30 times", "a/a0", expected, got, "", TOLERANCE, source=RELATION))
    return Result(tuple(found), (over_wavelength(),))


study = Study(
    "growing-moss",
    "Ripples under a film that is stretched, heals and resists bending",
    "A film thins where the surface under it bulges, which makes a ripple grow far below the limiting "
    "current; healing, conduction and stiffness slow or stop it. Amplitudes follow the two linear equations "
    "within 1 %.",
    run,
)
