"""Small cells with known answers, shared by the verification tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meshes import shapes
from meshes.front import Front
from solver.cell import Cell, Sizes, Steps, Stop
from solver.constants import FARADAY, GAS
from solver.contact import Contact, Ohmic
from solver.coverage import FRESH
from solver.electrolyte import Metal, Species
from solver.laws import Constant
from solver.physics import Physics, binary_physics
from solver.program import hold
from solver.reaction import ButlerVolmer
from solver.surface import Surface

UM = 1e-6
TEMPERATURE = 298.15
DIFFUSIVITY = 1.81e-10
CONCENTRATION = 1000.0


@dataclass(frozen=True)
class Held(Physics):
    """Physics, and the voltage that the cell is held at."""

    voltage: float = 0.0


def physics(
    i0: float = 100.0, voltage: float = -0.1, surface_energy: float = 0.0, anion: float = DIFFUSIVITY
) -> Held:
    """1 M of a binary 1:1 salt, sodium metal."""
    species = (
        Species("Na", 1, DIFFUSIVITY, CONCENTRATION),
        Species("ClO4", -1, anion, CONCENTRATION),
    )
    law = ButlerVolmer(Constant(i0), 0.5, 0.5)
    metal = Metal("Na", 1, 23.78e-6, surface_energy)
    base = binary_physics(species, TEMPERATURE, metal, law, CONCENTRATION)
    return Held(base.model, metal, voltage=voltage)


def cell(front: Front, physics: Held, **changes: Any) -> Cell:
    """A cell of 10 um gap and the width of `front` (given in units of the gap)."""
    matrix = Surface("matrix", 0.07, 20.0, 10e-9, np.pi / 2, Ohmic())
    contact: Contact = changes.pop("seed_contact", Ohmic())
    gap = 10 * UM
    base = Cell(
        title="test",
        width=front.width * gap,
        gap=gap,
        front=front,
        bases=changes.pop("bases", np.empty(0)),
        physics=physics,
        program=hold(physics.voltage),
        surfaces={"matrix": matrix, "island": replace(matrix, name="island", contact=contact)},
        seed_contact=contact,
        sizes=Sizes(front=0.2 * UM, smallest=0.02 * UM, seed=0.05 * UM, bulk=0.25 * UM, growth=0.3),
        steps=Steps(initial=1e-4, largest=0.05, tolerance=5e-3, displacement=0.25),
        stop=Stop(1e3, None, None, None, 0.1 * UM),
        moving=True,
        frames=1,
    )
    return replace(base, **changes)


def flat(width: float = 0.2, height: float = 0.0, size: float = 0.02) -> Front:
    """Flat deposit, lengths in units of the gap."""
    return shapes.flat(width, size, height=height)


def fresh(front: Front) -> Front:
    """Bare substrate of `front` made fresh."""
    return replace(front, coverage=np.where(front.surface == shapes.MATRIX, FRESH, front.coverage))


def exchange(physics: Physics) -> float:
    """i0 in A/m^2."""
    law = physics.reaction_at("front").kinetics
    assert isinstance(law, ButlerVolmer)
    return float(law.exchange_current_density(CONCENTRATION, TEMPERATURE))


def steady_binary_current(physics: Held, gap: float) -> float:
    """Steady current density (A/m^2, negative) of a planar cell: linear c, phi = ln c, two reactions.

    With equal reference states, c_w + c_c = 2 c0 at the two electrodes, i = 2 F D dc/dx (D+ of the reacting
    cation), and phi_c - phi_w = (RT/F) ln(c_c/c_w) for the anion in equilibrium. Newman, ch. 11.
    """
    from scipy.optimize import brentq

    vt = GAS * TEMPERATURE / FARADAY
    i0 = exchange(physics)
    d = physics.model.closure.species[0].diffusivity

    def overpotential(current: float, ratio: float) -> float:
        """Dimensionless eta at which Butler-Volmer gives `current`: for alpha = 1/2 a quadratic."""
        x = current / i0
        return float(2.0 * np.log(0.5 * (x + np.sqrt(x * x + 4.0 * ratio))))

    def defect(current: float) -> float:
        drop = -current * gap / (2.0 * FARADAY * d * CONCENTRATION)
        c_w, c_c = 1.0 - 0.5 * drop, 1.0 + 0.5 * drop
        cell = overpotential(current, c_w) - overpotential(-current, c_c) + np.log(c_w / c_c)
        return float(cell - physics.voltage / vt)

    limit = 4.0 * FARADAY * d * CONCENTRATION / gap
    return float(brentq(defect, -limit * (1 - 1e-9), 0.0, xtol=1e-10))
