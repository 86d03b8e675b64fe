"""The diffuse double layer: Poisson's equation on a graded mesh against Gouy and Chapman.

A blocking wall at x = 0, bulk solution held at x = 30 Debye lengths, where exp(-30) is left of the layer. The
charge of the wall is the displacement that enters there, sum of the residual where a potential is held. With
elements of degree p fields converge with h^(p+1) and the charge, a functional, with h^(2p).

Stern layer: V - phi_d = sigma(phi_d)/C_S joins the compact layer to the diffuse one; 1/C = 1/C_S + 1/C_D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.builders import Layer, interval
from meshes.regions import Regions
from solver.closures import VACUUM, Poisson
from solver.constants import thermal_voltage
from solver.electrolyte import Species
from solver.equations import POTENTIAL
from solver.model import Interface, Medium, Model, Prescribed
from solver.program import hold
from solver.types import FloatArray
from verification.exact.debye import DiffuseLayer
from verification.rows import Curve, Result, Row, Study

from .profiles import held_flux, nodal, order, settled

TEMPERATURE = 298.15
PERMITTIVITY = 78.5
"""Relative, about that of water."""
CONCENTRATION = 100.0
IONS = (
    Species("M+", 1, 1.0e-9, CONCENTRATION),
    Species("X-", -1, 2.0e-9, CONCENTRATION),
)
LAYER = DiffuseLayer(CONCENTRATION, VACUUM * PERMITTIVITY, 1, TEMPERATURE)
LENGTH = 30.0 * LAYER.debye_length
RELAXATION = LAYER.debye_length * LENGTH / 1e-9
"""Charging time lambda L/D in s."""
FIRST = 1e-4
"""First step in charging times."""
STERN = 0.2
"""C_S in F/m^2."""
TOLERANCE = 1e-3
LEVELS = {1: (3, 4), 2: (2, 3)}
"""Levels of refinement by degree: 24 cells, halved as often."""
SHIFT = 1e-3
"""Half the difference of potentials for a differential capacitance, V; exact to (f SHIFT/2)^2/6 = 6e-5."""
SOURCE = "Gouy 1910, Chapman 1913; Bard and Faulkner, 2nd ed., ch. 13.3"
GRAHAME = "Grahame, Chem. Rev. 41 (1947) 441"


def mesh(level: int, wall: float) -> Regions:
    """Cells that grow from a fraction of the layer at the wall, lambda/cosh(f phi/2) for phi = `wall`."""
    cells = 24 * 2**level
    closest = LAYER.debye_length / np.cosh(0.5 * wall / thermal_voltage(TEMPERATURE))
    layer = Layer("electrolyte", LENGTH, cells=cells, size_start=7.2 * float(closest) / cells)
    return interval(MPI.COMM_WORLD, [layer], boundaries=("wall", "bulk"))


def model(wall: float | None, degree: int) -> Model:
    """Bulk solution held at one end; at the wall a potential in V, or (None) a Stern layer on a terminal."""
    held = [Prescribed(POTENTIAL, "bulk", 0.0)]
    held += [Prescribed(ion.name, "bulk", CONCENTRATION) for ion in IONS]
    interfaces: tuple[Interface, ...] = ()
    if wall is None:
        interfaces = (Interface("wall", "working", (), capacitance=STERN),)
    else:
        held.append(Prescribed(POTENTIAL, "wall", wall))
    return Model(
        Poisson(IONS, PERMITTIVITY),
        TEMPERATURE,
        {"electrolyte": Medium()},
        interfaces,
        prescribed=tuple(held),
        degree=degree,
    )


@dataclass(frozen=True)
class Computed:
    """A layer in equilibrium: x in m, phi in V, concentrations in mol/m^3, charge of the wall in C/m^2."""

    x: FloatArray
    phi: FloatArray
    cation: FloatArray
    anion: FloatArray
    charge: float


def solve(voltage: float, degree: int, level: int, stern: bool = False) -> Computed:
    """The layer at a wall at `voltage` in V; or behind a Stern layer, with the charge the terminal gave."""
    surface = diffuse_potential(voltage) if stern else voltage
    experiment, reading = settled(
        model(None if stern else voltage, degree),
        mesh(level, surface),
        lambda time: hold(voltage, time),
        RELAXATION,
        FIRST,
    )
    problem = experiment.problem
    x, (phi, cation, anion) = nodal(problem, [POTENTIAL, *(ion.name for ion in IONS)])
    charge = reading.charge if stern else held_flux(problem, "wall")
    return Computed(x, phi, cation, anion, charge)


def diffuse_potential(voltage: float) -> float:
    """Potential phi_d in V at the outer Helmholtz plane for `voltage` over Stern and diffuse layer."""
    return float(
        brentq(
            lambda phi: phi + LAYER.surface_charge(phi) / STERN - voltage,
            min(0.0, voltage),
            max(0.0, voltage),
            xtol=1e-16,
            rtol=1e-14,
        )
    )


def slope(voltage: float, degree: int, stern: bool) -> float:
    """Differential capacitance d sigma/dV in F/m^2 from two charges."""
    high, low = (solve(voltage + s, degree, LEVELS[degree][-1], stern).charge for s in (SHIFT, -SHIFT))
    return (high - low) / (2.0 * SHIFT)


def _gouy_chapman(quick: bool) -> Result:
    rows: list[Row] = []
    curves: list[Curve] = []
    for wall in (-0.1, 0.2) if quick else (0.025, -0.1, 0.2):
        sigma = LAYER.surface_charge(wall)
        for degree in (1, 2):
            levels = [solve(wall, degree, level) for level in LEVELS[degree]]
            rows += _against_layer(f"wall at {wall:g} V, P{degree}", wall, degree, levels)
        exact, got = LAYER.capacitance(wall), slope(wall, 2, stern=False)
        case = f"wall at {wall:g} V, P2"
        rows.append(Row(case, "differential capacitance", exact, got, "F/m2", TOLERANCE, source=GRAHAME))
        curves += _curves(wall, sigma, levels[-1])
    return Result(tuple(rows), tuple(curves))


def _against_layer(case: str, wall: float, degree: int, levels: Sequence[Computed]) -> list[Row]:
    """Charge, potential and concentrations of two levels against the closed forms."""
    sigma = LAYER.surface_charge(wall)
    charges = [found.charge / sigma - 1.0 for found in levels]
    potentials, concentrations = [], []
    for found in levels:
        cation, anion = LAYER.concentrations(found.x, wall)
        potentials.append(float(np.max(np.abs(found.phi - LAYER.potential(found.x, wall)))) / abs(wall))
        misses = np.abs(np.concatenate((found.cation / cation, found.anion / anion)) - 1.0)
        concentrations.append(float(np.max(misses)))
    return [
        Row(
            case, "charge of the wall", sigma, levels[-1].charge, "C/m2", TOLERANCE,
            order(charges), 2.0 * degree, GRAHAME,
        ),
        Row(
            case, "phi(x), largest error over phi(0)", 0.0, potentials[-1], "", TOLERANCE,
            order(potentials), degree + 1.0, SOURCE,
        ),
        Row(
            case, "c(x), largest relative error", 0.0, concentrations[-1], "", TOLERANCE,
            order(concentrations), degree + 1.0, SOURCE,
        ),
    ]  # fmt: skip


def _curves(wall: float, sigma: float, found: Computed) -> list[Curve]:
    shown = found.x < 6.0 * LAYER.debye_length
    x = found.x[shown]
    share, label = np.asarray(x / LAYER.debye_length), "x over Debye length"
    vt = thermal_voltage(TEMPERATURE)
    curves = [
        Curve(
            f"phi, wall at {wall:g} V", share, np.asarray(found.phi[shown] / vt),
            np.asarray(LAYER.potential(x, wall) / vt), x_label=label, y_label="F phi / RT",
        )
    ]  # fmt: skip
    exact = LAYER.concentrations(x, wall)
    for name, c, known in zip(("cation", "anion"), (found.cation, found.anion), exact, strict=True):
        curves.append(
            Curve(
                f"{name}, wall at {wall:g} V", share, np.asarray(c[shown] / CONCENTRATION),
                np.asarray(known / CONCENTRATION), x_label=label, y_label="c / c0", log_y=True,
            )
        )  # fmt: skip
    return curves


def _stern(quick: bool) -> Result:
    rows: list[Row] = []
    for voltage in (0.5,) if quick else (0.1, 0.5, -0.5):
        surface = diffuse_potential(voltage)
        sigma = LAYER.surface_charge(surface)
        for degree in (1, 2):
            case = f"Stern layer, {voltage:g} V, P{degree}"
            levels = [solve(voltage, degree, level, stern=True) for level in LEVELS[degree]]
            potentials = [float(found.phi[0]) - surface for found in levels]
            charges = [found.charge - sigma for found in levels]
            rows.append(
                Row(
                    case, "phi at the Helmholtz plane", surface, float(levels[-1].phi[0]), "V", TOLERANCE,
                    order(potentials), 2.0 * degree, GRAHAME,
                )
            )  # fmt: skip
            rows.append(
                Row(
                    case, "charge that the terminal gave", sigma, levels[-1].charge, "C/m2", TOLERANCE,
                    order(charges), 2.0 * degree, GRAHAME,
                )
            )  # fmt: skip
        whole = 1.0 / (1.0 / STERN + 1.0 / LAYER.capacitance(surface))
        case = f"Stern layer, {voltage:g} V, P2"
        rows.append(
            Row(
                case, "capacitance, C_S and C_D in series", whole, slope(voltage, 2, stern=True), "F/m2",
                TOLERANCE, source=GRAHAME,
            )
        )  # fmt: skip
    return Result(tuple(rows))


studies = (
    Study(
        "gouy-chapman",
        "Gouy-Chapman layer",
        "Poisson's equation resolves the diffuse layer at a blocking wall of given potential, up to 2400 "
        "times the bulk concentration. Potential, concentrations, Grahame's charge and the differential "
        "capacitance against closed forms.",
        _gouy_chapman,
    ),
    Study(
        "stern-layer",
        "Stern layer in series with the diffuse layer",
        "A compact layer of given capacitance between terminal and solution, charge resolved. The charge is "
        "what the instrument integrated from the start.",
        _stern,
    ),
)
