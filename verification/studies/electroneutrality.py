"""Poisson's equation tends to electroneutrality as the Debye length shrinks.

Electrodes are uncharged: at the wall there is no displacement, and within a Debye length the layer cancels
the field phi_o' of the electroneutral solution:

    phi = phi_o + A exp(-x/lambda),  A = lambda phi_o'(0),   c_+ = c (1 - f A exp(-x/lambda)),
    lambda = lambda_0 sqrt(c0/c(0))

and phi + (RT/F) ln c_+ passes through the layer unchanged. With alpha_a + alpha_c = 1 both terms of
Butler-Volmer take the factor exp(-alpha_a f A) (Frumkin): the exchange current density is that much smaller.
So at a given current the voltage differs by a known multiple of lambda_0/L to first order. What the layers
hold beyond the electroneutral amounts, and the space charge outside them, is of second order.

Sources: Bazant, Chu and Bayly, SIAM J. Appl. Math. 65 (2005) 1463; Newman and Balsara, Electrochemical
Systems, 4th ed., ch. 8 (kinetics and the diffuse layer); derived here.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI

from meshes.builders import Layer, interval
from meshes.regions import Regions
from solver.closures import VACUUM, Closure, Electroneutral, Poisson
from solver.constants import FARADAY, GAS, thermal_voltage
from solver.electrolyte import Species
from solver.laws import Constant
from solver.model import Interface, Medium, Model
from solver.program import constant_current
from solver.reaction import ButlerVolmer, Reaction
from verification.exact import binary, electrode
from verification.exact.debye import outer_charge
from verification.rows import Curve, Result, Row, Study

from .profiles import nodal, order, settled

TEMPERATURE = 298.15
VT = thermal_voltage(TEMPERATURE)
TOLERANCE = 1e-3
SOURCE = "Bazant et al. 2005; Frumkin correction derived in studies/electroneutrality.py"
SALT = binary.Salt(1, -1, 1.0e-9, 2.0e-9, TEMPERATURE)
CELL = binary.Cell(SALT, 1e-7, 1000.0)
IONS = (
    Species("M+", 1, SALT.d_plus, CELL.concentration),
    Species("X-", -1, SALT.d_minus, CELL.concentration),
)
CURRENT = -0.5 * CELL.limiting_current
KINETICS = electrode.Kinetics(-CURRENT, 0.3, 0.7)
INNER = (0.2, 0.8)
"""Part of the cell that no layer reaches, in shares of its length."""


def planar(closure: Closure, kinetics: electrode.Kinetics, ion: str, reference: float) -> Model:
    """Two metal electrodes of `ion`, P2."""
    law = ButlerVolmer(Constant(kinetics.exchange), kinetics.alpha_a, kinetics.alpha_c)
    reaction = Reaction("deposition", 1, {ion: 1.0}, law, reference={ion: reference})
    return Model(
        closure,
        TEMPERATURE,
        {"electrolyte": Medium()},
        (Interface("working", "working", (reaction,)), Interface("counter", "counter", (reaction,))),
        degree=2,
    )


def permittivity(share: float) -> float:
    """Eps in F/m for lambda_0 = `share` L."""
    return 2.0 * FARADAY**2 * CELL.concentration * (share * CELL.length) ** 2 / (GAS * TEMPERATURE)


def layered_mesh(share: float) -> Regions:
    """Cells of a tenth of a Debye length at both ends, growing inwards."""
    length, closest = CELL.length, 0.1 * share * CELL.length
    layer = Layer("electrolyte", length, size=length / 80, size_start=closest, size_end=closest, growth=1.15)
    return interval(MPI.COMM_WORLD, [layer])


def first_order(share: float) -> float:
    """Voltage with Poisson's equation minus that of the electroneutral cell, V; exact to O(share)."""
    change = 0.0
    field = VT * SALT.gradient(CURRENT)
    for side in (1.0, -1.0):
        ratio, current = 1.0 + side * CURRENT / CELL.limiting_current, side * CURRENT
        potential = side * share * CELL.length / math.sqrt(ratio) * field / (ratio * CELL.concentration)
        slower = replace(KINETICS, exchange=KINETICS.exchange * math.exp(-KINETICS.alpha_a * potential / VT))
        change += side * (slower.overpotential(current, ratio) - KINETICS.overpotential(current, ratio))
    return change


@dataclass(frozen=True)
class Charged:
    """What Poisson's equation changes: voltage in V, relative errors inside of c and of the space charge."""

    voltage: float
    concentration: float
    charge: float


def with_charge(share: float) -> Charged:
    """Solve the cell with and without space charge on one mesh, and compare."""
    regions = layered_mesh(share)
    found = []
    for closure in (Poisson(IONS, permittivity(share) / VACUUM), Electroneutral(IONS, IONS[1].name)):
        model = planar(closure, KINETICS, IONS[0].name, CELL.concentration)
        found.append(
            settled(model, regions, lambda time: constant_current(CURRENT, time), CELL.diffusion_time)
        )
    (experiment, reading), (_, neutral) = found
    x, (cation, anion) = nodal(experiment.problem, [ion.name for ion in IONS])
    inner = (x > INNER[0] * CELL.length) & (x < INNER[1] * CELL.length)
    exact = CELL.steady_profile(x, CURRENT)[inner]
    rho = outer_charge(exact, SALT.gradient(CURRENT), permittivity(share), TEMPERATURE)
    charge = FARADAY * (cation - anion)[inner]
    return Charged(
        reading.voltage - neutral.voltage,
        float(np.max(np.abs(cation[inner] / exact - 1.0))),
        float(np.max(np.abs(charge / rho - 1.0))),
    )


def _electroneutral(quick: bool) -> Result:
    shares = (0.005, 0.0025, 0.00125) if quick else (0.02, 0.01, 0.005, 0.0025, 0.00125)
    found = [with_charge(share) for share in shares]
    slopes = [f.voltage / share for f, share in zip(found, shares, strict=True)]
    exact = first_order(1e-6) / 1e-6
    case = f"binary cell, lambda/L = {shares[-1]:g}"
    # R(lambda) = R0 + R1 lambda + ...: two values give R0 with an error of second order.
    seconds = [2.0 * b - a - exact for a, b in itertools.pairwise(slopes)]
    rows = (
        Row(
            case, "voltage against neutral; order in lambda/L", 0.0, found[-1].voltage, "V", 1e-4,
            order([f.voltage for f in found]), 1.0, SOURCE,
        ),
        Row(
            case, "dV/d(lambda/L) at 0, extrapolated", exact, 2.0 * slopes[-1] - slopes[-2], "V",
            TOLERANCE, order(seconds), 2.0, SOURCE,
        ),
        Row(
            case, "c inside, largest relative difference", 0.0, found[-1].concentration, "", TOLERANCE,
            order([f.concentration for f in found]), 2.0, SOURCE,
        ),
        Row(
            case, "space charge inside, largest relative error", 0.0, found[-1].charge, "", TOLERANCE,
            source=SOURCE,
        ),
    )  # fmt: skip
    fine = np.geomspace(shares[-1], shares[0], 50)
    curve = Curve(
        "voltage against electroneutral",
        np.array(shares),
        np.array([-f.voltage / VT for f in found]),
        np.array([-first_order(float(s)) / VT for s in fine]),
        np.asarray(fine),
        x_label="Debye length over length of the cell",
        y_label="F |V - V_neutral| / RT",
        log_x=True,
        log_y=True,
    )
    return Result(rows, (curve,))


study = Study(
    "poisson-to-electroneutral",
    "Poisson's equation tends to electroneutrality",
    "One binary cell at half its limiting current, with and without space charge, as the Debye length "
    "shrinks. The voltage differs in first order of lambda/L, by the Frumkin correction of kinetics in "
    "the layers at uncharged electrodes; the bulk differs in second order, by the charge density of the "
    "electroneutral potential.",
    _electroneutral,
)
