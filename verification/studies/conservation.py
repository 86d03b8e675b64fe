"""Conservation: one current however it is found, and every species to rounding.

The current of the circuit is found in five ways that share little: the instrument's; the kinetics at the
working and at the counter electrode, with what charges their double layers; the residual of the charge
balance at the nodes of the working electrode, assembled without the electrode; and the flux in the bulk,
-(J, grad w), by a formula for J that is not the solver's, with any w that is 1 on the working and 0 on the
counter electrode.

Amounts are integrals of the solved fields by quadrature, over a program with pulses, rest and reversal. Sums
that no process can change are held against their first value, and every species against Faraday's law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.regions import Regions
from solver.discretisation import Discretisation
from solver.experiment import Experiment, Stepping
from solver.model import LIQUID, WORKING
from solver.program import constant_current, pulse, rest, sequence
from solver.types import FloatArray
from verification.rows import Result, Row, Study

from .conservation_cells import CELLS, Cell, bad_mesh
from .conservation_integrals import Integrals, Solved, State, snapshot
from .mms_exact import POTENTIAL, F

CURRENT, AMOUNT = 1e-9, 1e-10
"""Tolerances, relative; runs have the solver's default options, rtol = 1e-10 of the residual."""


def one_current(cell: Cell) -> dict[str, float]:
    """Every way to find the current of the circuit, over what the instrument prescribes; all should be 1."""
    regions, model = bad_mesh(MPI.COMM_WORLD, cell.width), cell.model
    dt = cell.tau / 50.0
    # BDF1, whose derivatives are differences of two states: easily made again by hand.
    experiment = Experiment(model, regions, Stepping(dt, order=1, fixed=True))
    problem = experiment.problem
    before, now, applied = snapshot(problem), snapshot(problem), 0.0
    for reading in experiment.readings(constant_current(-cell.current, time=4.0 * dt)):
        before, now = now, snapshot(problem)
        applied = reading.current * problem.tags.area
    old, new = Solved(problem, before), Solved(problem, now)
    integrals = Integrals(regions, model.degree)
    charging = {
        i.boundary: (
            integrals.surface(i.boundary, new.charge(i))() - integrals.surface(i.boundary, old.charge(i))()
        ) / dt
        for i in model.interfaces
    }  # fmt: skip
    kinetics = problem.currents()
    found = {
        "prescribed": -cell.current * problem.tags.area,
        "kinetics at working": kinetics["working"] + charging["working"],
        "kinetics at counter": -kinetics["counter"] - charging["counter"],
        "electrode residual": electrode_residual(problem, before, now, dt) + (
            charging["working"] if model.closure.resolves_charge else 0.0
        ),
    }  # fmt: skip
    for name, w in weights(regions, model.degree):
        flux = cell.flux(new)
        if cell.displacement is not None:
            flux = flux + (cell.displacement(new) - cell.displacement(old)) / dt
        found[f"bulk flux, {name}"] = integrals.liquid(-ufl.inner(flux, new.grad(w)))()
    return {name: value / applied for name, value in found.items()}


def weights(regions: Regions, degree: int) -> Iterator[tuple[str, fem.Function]]:
    """Functions that are 1 on the working and 0 on the counter electrode."""
    space = fem.functionspace(regions.mesh, ("Lagrange", degree))
    ends = {name: regions.dofs(space, name) for name in ("working", "counter")}
    x, y = space.tabulate_dof_coordinates()[:, :2].T
    inside = {"indicator": 0.0 * x, "smooth": 1.0 - y, "rough": np.sin(997.0 * x + 613.0 * y)}
    for name, values in inside.items():
        w = fem.Function(space)
        w.x.array[:] = values
        w.x.array[ends["working"]], w.x.array[ends["counter"]] = 1.0, 0.0
        yield name, w


def electrode_residual(problem: Discretisation, before: State, now: State, dt: float) -> float:
    """Current in A that the liquid draws from the working electrode, by the solver's rows without electrodes.

    The charge balance at the nodes of the electrode; where charge is resolved, the balances of the ions.
    """
    model, regions = problem.model, problem.regions
    bare = Discretisation(replace(model, interfaces=()), regions)
    liquid, eq = bare.functions[LIQUID], bare.equations
    liquid.x.array[:] = before.functions[LIQUID].x.array
    memory: dict[str, FloatArray] = {name: np.asarray(-q / dt) for name, q in bare.stored().items()}
    liquid.x.array[:] = now.functions[LIQUID].x.array
    bare.set_rate(1.0 / dt)
    rows = bare.raw_residual(memory, LIQUID).reshape(-1, len(eq.fields))
    nodes = regions.dofs(bare.spaces[LIQUID], "working")
    sums = rows[nodes[nodes < len(rows)]].sum(axis=0)
    if model.closure.resolves_charge:
        charge = {s.name: s.charge for s in model.closure.species}
        local = sum(F * charge[n] * sums[k] / eq.scale[n] for k, n in enumerate(model.closure.unknowns))
    else:
        local = sums[-1] / eq.scale[POTENTIAL]
    return float(problem.comm.allreduce(local, op=MPI.SUM) * regions.unit**regions.dim)


@dataclass(frozen=True)
class Books:
    """What is left over at the end of a program, relative.

    Attributes:
        invariants: largest change over all steps of each invariant of the cell, over the inventory.
        balances: by species, amount less what reactions brought, over the initial amount.
        charge: of the circuit less that of the program, over the sum of all charges of the program.
        steps: that were made.
    """

    invariants: Mapping[str, float]
    balances: Mapping[str, float]
    charge: float
    steps: int


def inventory(cell: Cell) -> Books:
    """Take stock during two pulses with reverse pulses, a rest, and a reversal."""
    tau, i = cell.tau, cell.current
    regions, model = bad_mesh(MPI.COMM_WORLD, cell.width), cell.model
    experiment = Experiment(model, regions, Stepping(2e-3 * tau, tolerance=1e-3))
    integrals = Integrals(regions, model.degree)
    program = sequence(
        pulse(-i, 0.1 * tau, 0.05 * tau, 2, 0.5 * i, 0.05 * tau),
        rest(0.1 * tau),
        constant_current(i, 0.15 * tau),
    )
    planned = sum(s.start * s.duration for s in program)
    passed = sum(abs(s.start) * s.duration for s in program)
    names = {name for sums in cell.invariants.values() for name in sums if name != "charge"}

    # Potentials of terminals are numbers in a form, so the charge of the double layers is put together from
    # what the fields make of it and what the voltage does.
    at = Solved(experiment.problem, State(experiment.problem.functions, np.zeros(1)))
    amounts = {name: integrals.liquid(at[name]) for name in names}
    layers = [integrals.surface(j.boundary, at.charge(j)) for j in model.interfaces]
    capacity = sum(
        j.capacitance * regions.measure(j.boundary) for j in model.interfaces if j.inner == WORKING
    )

    def stock() -> dict[str, float]:
        here = {name: amount() for name, amount in amounts.items()}
        here["charge"] = (sum(layer() for layer in layers) + capacity * experiment.voltage) / F
        return {name: sum(w * here[n] for n, w in sums.items()) for name, sums in cell.invariants.items()}

    def scale(sums: Mapping[str, float]) -> float:
        return sum(abs(w) * experiment.initial_amounts.get(n, 0.0) for n, w in sums.items()) or 1.0

    first = stock()
    sizes = {
        name: scale(sums) if set(sums) & set(experiment.initial_amounts) else abs(first[name])
        for name, sums in cell.invariants.items()
    }
    worst, steps = dict.fromkeys(first, 0.0), 0
    for reading in experiment.readings(program):
        steps += 1
        if reading.order == 0:
            continue  # an instant keeps the books of the state before it
        here = stock()
        worst = {name: max(worst[name], abs(here[name] - first[name]) / sizes[name]) for name in first}
    charge = abs(experiment.charge - planned) / passed
    return Books(worst, {k: abs(v) for k, v in experiment.balance().items()}, charge, steps)


QUICK = ("electroneutral, three ions", "poisson", "concentrated")
"""Cells of the quick version."""


def currents(quick: bool) -> Result:
    """One row per cell: the largest disagreement of all ways to find the current."""
    rows = []
    for name in QUICK if quick else CELLS:
        found = one_current(CELLS[name]())
        where, value = max(found.items(), key=lambda item: abs(item[1] - 1.0))
        rows.append(
            Row(name, f"current found in {len(found)} ways", 1.0, value, "", CURRENT, note=f"worst: {where}")
        )
    return Result(tuple(rows))


def amounts(quick: bool) -> Result:
    """Rows by cell: invariants, the balances of species, and the charge of the circuit."""
    rows = []
    for name in QUICK if quick else CELLS:
        cell = CELLS[name]()
        if not cell.model.closure.species:
            continue
        books = inventory(cell)
        case = f"{name}, {books.steps} steps"
        for what, value in books.invariants.items():
            rows.append(Row(case, f"inventory of {what}, change", 0.0, value, "", AMOUNT))
        for species, value in books.balances.items():
            rows.append(Row(case, f"{species}, amount less Faraday's law", 0.0, value, "", AMOUNT))
        rows.append(Row(case, "charge of the circuit, defect", 0.0, books.charge, "", AMOUNT))
    return Result(tuple(rows))


studies = (
    Study(
        "one-current",
        "Current by kinetics, electrode residual and bulk flux",
        "On a coarse and deliberately bad mesh the current is the same, to the tolerance of the solver, "
        "whether it is prescribed by the instrument, integrated from kinetics at either electrode, read off "
        "the residual of the electrode's nodes, or integrated in the bulk with three different weights.",
        currents,
    ),
    Study(
        "inventory",
        "Conservation of species and charge",
        "Through pulses, reverse pulses, rest and reversal, with films, double layers and a homogeneous "
        "reaction, no species is lost on a fixed mesh.",
        amounts,
    ),
)
