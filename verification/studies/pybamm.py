"""The same cells by PyBaMM: a binary electrolyte between two metal electrodes, dilute and concentrated.

What PyBaMM gave on its finest meshes, extrapolated, is on record (`verification.peers.run`, equations in
`verification.peers.pybamm_cell`). A study of its own solves the cells again where PyBaMM is at hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from meshes.builders import Layer
from solver.closures import Closure, Concentrated, Electroneutral
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant, Formula
from solver.model import Interface, Medium, Model
from solver.program import Program, constant_current, hold, sequence
from solver.reaction import ButlerVolmer, Kinetics, Reaction, Referenced
from solver.solutions import Solution
from solver.types import FloatArray
from verification.peers import run
from verification.rows import Curve, Result, Row, Study

from .sandwich import CELLS, mesh

TARGET = 1e-3
"""Of the largest voltage (current) of a program."""
FIRST = 1e-5
"""First step, in L^2/D."""


def polynomial(terms: list[list[float]]) -> Formula:
    """Sum of a (c/1000)^p over the pairs (a, p)."""
    return Formula.parse(" + ".join(f"({a!r})*(c/1000)**{p!r}" for a, p in terms))


def model_of(cell: Mapping[str, Any], degree: int = 1) -> tuple[Model, float]:
    """The model of a recorded cell, and its diffusivity at the initial concentration in m^2/s."""
    p = cell["parameters"]
    c0, i0, temperature = p["concentration_mol_m3"], p["exchange_current_A_m2"], p["temperature_K"]
    if cell["model"] == "dilute":
        d_plus, d_minus = p["cation_diffusivity_m2_s"], p["anion_diffusivity_m2_s"]
        diffusivity = 2.0 * d_plus * d_minus / (d_plus + d_minus)
        ions = (Species("M+", 1, d_plus, c0), Species("X-", -1, d_minus, c0))
        closure: Closure = Electroneutral(ions, "X-")
        kinetics: Kinetics = ButlerVolmer(Constant(i0))
    else:
        laws = polynomial(p["diffusivity_m2_s"]), polynomial(p["conductivity_S_m"])
        shares = Constant(p["transference_number"]), Constant(p["thermodynamic_factor"])
        solution = Solution("recorded", "M+", *laws, *shares, (0.0, 2e3), (298.0, 299.0), "PyBaMM", "")
        diffusivity = float(laws[0](c0, temperature))
        closure = Concentrated(Species("M+", 1, diffusivity, c0), solution)
        kinetics = Referenced(Formula.parse(f"{i0!r}*(c/{c0!r})**0.5"))
    reaction = Reaction("metal", 1, {"M+": 1.0}, kinetics, reference={"M+": c0})
    electrodes = tuple(Interface(name, name, (reaction,)) for name in ("working", "counter"))
    return Model(closure, temperature, {"electrolyte": Medium()}, electrodes, degree=degree), diffusivity


def program_of(cell: Mapping[str, Any]) -> Program:
    """Its steps."""
    steps = []
    for step in cell["program"]:
        make = hold if step["kind"] == "voltage" else constant_current
        steps.append(make(step["value"], step["samples_s"][-1]))
    return sequence(*steps)


def solve(
    cell: Mapping[str, Any], cells: int = CELLS, tolerance: float = 1e-4, degree: int = 1
) -> dict[str, FloatArray]:
    """Voltage and current at the recorded times, under the names of the record.

    Samples at the end of a step belong to that step, as in the record.
    """
    model, diffusivity = model_of(cell, degree)
    gap, times = cell["parameters"]["gap_m"], cell["result"]["time_s"]
    stepping = Stepping(FIRST * gap**2 / diffusivity, tolerance=tolerance)
    experiment = Experiment(model, mesh(1, [Layer("electrolyte", gap, cells=cells)]), stepping)
    # The first reading of a step, at the same time as the last one of the step before, has order 0.
    readings = [r for r in experiment.run(program_of(cell), times=times) if r.order > 0]
    found = np.array([r.time for r in readings])
    at = [int(np.argmin(np.abs(found - t))) for t in times]
    off = float(np.max(np.abs(found[at] / np.array(times) - 1.0)))
    if off > 1e-9:
        raise RuntimeError(f"a recorded time was missed by {off:.1e} of it")
    return {
        "voltage_V": np.array([readings[k].voltage for k in at]),
        "current_A_m2": np.array([readings[k].current for k in at]),
    }


def default(cell: Mapping[str, Any], reference: Mapping[str, Any], source: str) -> tuple[list[Row], Curve]:
    """At default resolution: the largest deviation of what is not controlled; and of what is."""
    name = asked(cell)
    what, label = (
        ("voltage", "cell voltage / V") if name == "voltage_V" else ("current", "current density / A m-2")
    )
    found, case = solve(cell), f"{cell['name']}, 1D"
    miss = run.deviation(found, reference, name)
    held = run.deviation(found, reference, "current_A_m2" if name == "voltage_V" else "voltage_V")
    note = f"{CELLS} cells, default steps"
    rows = [
        Row(
            case,
            f"largest deviation of the {what}",
            0.0,
            miss,
            "of its largest",
            TARGET,
            source=source,
            note=note,
        ),
        Row(
            case,
            "deviation of what is controlled",
            0.0,
            held,
            "of its largest",
            1e-6,
            source=source,
            note=note,
        ),
    ]
    time = np.array(reference["time_s"])
    return rows, Curve(cell["name"], time, found[name], np.array(reference[name]), None, "time / s", label)


def converged(cell: Mapping[str, Any], quick: bool, source: str) -> list[Row]:
    """Deviation on finer meshes with tighter steps, and the order in which our own results converge.

    The order is that of differences between meshes, in which the error of the time steps cancels.
    """
    name, reference = asked(cell), cell["result"]
    counts, tolerance = ((20, 40, 80), 1e-5) if quick else ((40, 80, 160), 1e-6)
    found = [solve(cell, cells, tolerance) for cells in counts]
    changes = [float(np.abs(a[name] - b[name]).max()) for a, b in pairwise(found)]
    order = math.log2(changes[-2] / changes[-1])
    case, quantity = f"{cell['name']}, 1D", "largest deviation, our own order in the mesh"
    miss = run.deviation(found[-1], reference, name)
    note = f"{counts[-1]} cells, tolerance of steps {tolerance:g}"
    rows = [Row(case, quantity, 0.0, miss, "of its largest", TARGET, order, 2.0, source, note)]
    if not quick:
        miss = run.deviation(solve(cell, 40, tolerance, 2), reference, name)
        note = f"40 cells P2, tolerance of steps {tolerance:g}"
        rows.append(
            Row(case, "largest deviation", 0.0, miss, "of its largest", TARGET, source=source, note=note)
        )
    return rows


def asked(cell: Mapping[str, Any]) -> str:
    """The quantity that the program of a cell does not control."""
    return "current_A_m2" if cell["program"][0]["kind"] == "voltage" else "voltage_V"


def on_record(quick: bool) -> Result:
    """Against the record."""
    cells = run.recorded()["cells"]
    rows, curves = [], []
    for cell in cells:
        source = f"PyBaMM {cell['versions']['pybamm']}, recorded and extrapolated"
        found, curve = default(cell, cell["result"], source)
        rows += [*found, *converged(cell, quick, source)]
        curves.append(curve)
    return Result(tuple(rows), tuple(curves))


def live(quick: bool) -> Result:
    """Against PyBaMM, run now; and PyBaMM against its record.

    Raises:
        PeerMissing: it is not at hand.
    """
    rows = []
    for cell in run.recorded()["cells"]:
        result = run.run_pybamm(run.description(cell))
        source = f"PyBaMM {result['versions']['pybamm']}, run now"
        rows += default(cell, result, source)[0]
        miss = run.deviation(result, cell["result"], asked(cell))
        # 400 finite volumes against the extrapolated record: its own convergence says less than 1e-4.
        rows.append(
            Row(cell["name"], "PyBaMM now from the record", 0.0, miss, "of its largest", 1e-4, source=source)
        )
    return Result(tuple(rows))


studies = (
    Study(
        "pybamm",
        "A binary cell by PyBaMM",
        "Dilute and concentrated electrolyte between metal electrodes, under constant current with "
        "interruption and reversal and under constant voltage with reversal: the same equations by "
        "PyBaMM's finite volumes. The quantity that is not controlled agrees within 0.1 % of its largest "
        "value at all recorded times.",
        on_record,
    ),
    Study(
        "pybamm-live",
        "A binary cell by PyBaMM, run now",
        "As above, with PyBaMM solving the cells on this machine.",
        live,
        peer="PyBaMM",
    ),
)
