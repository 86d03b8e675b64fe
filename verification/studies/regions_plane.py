"""Two cells in the plane with exact answers: insulating cylinders in a liquid, and a resistive metal strip.

A square array of insulating cylinders of volume fraction f conducts

    kappa_eff/kappa = 1 - 2 f/(1 + f - 0.305827 f^4/(1 - 1.402958 f^8) - 0.013362 f^8)

A strip of conductivity sigma, length W and thickness d is at the potential V at its end x = 0; charge leaves
it at y = d, G u per area; the rest is insulated. By separation of variables, with k_n tan(k_n d) = G/sigma,

    I = 2 sigma V sum_n tanh(k_n W) sin^2(k_n d) / (k_n d + sin(k_n d) cos(k_n d))

Sources: Perrins, McKenzie and McPhedran, Proc. R. Soc. Lond. A 369, 207 (1979), doi:10.1098/rspa.1979.0160;
Carslaw and Jaeger, Conduction of Heat in Solids, 2nd ed., ch. 5.
"""

from __future__ import annotations

import math

from mpi4py import MPI
from scipy.optimize import brentq

from meshes.builders import Inclusion, Layer, polygon, rectangle
from solver.closures import Secondary
from solver.experiment import Experiment, Stepping
from solver.model import Conductor, Interface, Medium, Model, Prescribed
from solver.program import hold
from solver.reaction import Conductance, Reaction
from verification.rows import Row

TARGET, TEMPERATURE = 1e-3, 298.15
SIDE, KAPPA = 100e-6, 1.0
ARRAY = "Perrins et al., Proc. R. Soc. A 369, 207 (1979), doi:10.1098/rspa.1979.0160"


def plane(quick: bool) -> list[Row]:
    """Both cells."""
    return [*cylinders(quick), strip(quick)]


def array_conductivity(fraction: float) -> float:
    """Effective conductivity over that of the matrix; see the module."""
    f = fraction
    return 1.0 - 2.0 * f / (1.0 + f - 0.305827 * f**4 / (1.0 - 1.402958 * f**8) - 0.013362 * f**8)


def cylinders(quick: bool) -> list[Row]:
    """One square of the array between two electrodes: by symmetry these are where they are equipotentials."""
    rows = []
    for fraction in (0.05, 0.3):
        errors, got = [], math.nan
        expected = array_conductivity(fraction)
        for cells in (40, 80) if quick else (40, 80, 160):
            got = square(fraction, SIDE / cells)
            errors.append(abs(got - expected))
        order = math.log2(errors[-2] / errors[-1])
        case = f"insulating cylinders, {fraction:.0%} of the volume, 2D"
        rows.append(Row(case, "kappa_eff/kappa", expected, got, "", TARGET, order, 2.0, ARRAY))
    return rows


def square(fraction: float, size: float) -> float:
    """kappa_eff/kappa of a square with a region inside that the model does not name: it is inert."""
    half, radius = 0.5 * SIDE, SIDE * math.sqrt(fraction / math.pi)
    corners = [(0.0, 0.0), (SIDE, 0.0), (SIDE, SIDE), (0.0, SIDE)]
    inclusion = Inclusion("pebble", [(half, half)], radius)
    regions = polygon(
        MPI.COMM_WORLD, corners, ["working", None, "counter", None], size, inclusions=[inclusion]
    )
    # The contact is so good that the electrode is an equipotential; its resistance is taken off all the same.
    conductance = 1e6 * KAPPA / SIDE
    contact = Reaction("contact", 1, {}, Conductance(conductance))
    ground = Prescribed("potential", "counter", 0.0)
    model = Model(
        Secondary(KAPPA),
        TEMPERATURE,
        {"electrolyte": Medium()},
        (Interface("working", "working", (contact,)),),
        prescribed=(ground,),
    )
    current = Experiment(model, regions, Stepping(1.0)).run(hold(1.0, 1.0))[0].current
    return SIDE / KAPPA / (1.0 / current - 1.0 / conductance)


def strip_current(sigma: float, conductance: float, length: float, thickness: float) -> float:
    """Exact I/V of the strip, in S per metre depth; see the module."""
    biot, total = conductance * thickness / sigma, 0.0
    for n in range(200):
        a = n * math.pi
        x = brentq(lambda x: x * math.sin(x) - biot * math.cos(x), a, a + 0.5 * math.pi, xtol=1e-15)
        share = math.sin(x) ** 2 / (x + math.sin(x) * math.cos(x))
        total += math.tanh(x * length / thickness) * share
    return 2.0 * sigma * total


def strip(quick: bool) -> Row:
    """A metal strip with a terminal at its end, in contact with a counter electrode along its side."""
    sigma, length, thickness = 1e3, 100e-6, 20e-6
    conductance = 0.3 * sigma / thickness
    expected = strip_current(sigma, conductance, length, thickness) / length
    errors, got = [], math.nan
    for cells in (8, 16) if quick else (8, 16, 32):
        # A model has a liquid; here it is a layer under the strip that nothing happens in.
        layers = [Layer("electrolyte", 0.1 * thickness, cells=1), Layer("metal", thickness, cells=cells)]
        regions = rectangle(
            MPI.COMM_WORLD, length, layers, columns=5 * cells, bottom="ground", top="counter", left="tab"
        )
        contact = Reaction("contact", 1, {}, Conductance(conductance))
        model = Model(
            Secondary(KAPPA),
            TEMPERATURE,
            {"electrolyte": Medium()},
            (Interface("counter", "metal", (contact,), "counter"),),
            (Conductor("metal", sigma, "working", "tab"),),
            prescribed=(Prescribed("potential", "ground", 0.0),),
        )
        got = Experiment(model, regions, Stepping(1.0)).run(hold(1.0, 1.0))[0].current
        errors.append(abs(got - expected))
    order = math.log2(errors[-2] / errors[-1])
    case = "resistive metal strip contacted at its end, 2D"
    # At the corner of tab and contact u behaves like r ln r: the order is that of h^2 ln h, a little below 2.
    note = "h^2 |ln h|: singular corner"
    row = (case, "current at 1 V", expected, got, "A/m2", TARGET, order)
    return Row(*row, source="separation of variables", note=note)
