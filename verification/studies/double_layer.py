"""The double layer in parallel with charge transfer: steps of potential and current, and discharge.

With linearised kinetics an electrode behind an electrolyte is the circuit R_s + (R_ct || C), whose answers
are exponentials. With Butler-Volmer kinetics the discharge at open circuit has a closed form too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meshes.builders import Layer
from solver import model
from solver.closures import Secondary
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import Film, Interface, Medium, Model, Prescribed
from solver.program import Program, constant_current, hold, rest, sequence
from solver.reaction import Linearised
from solver.types import FloatArray
from verification.exact import electrode
from verification.rows import Curve, Result, Row, Study

from .sandwich import TEMPERATURE, TIGHT, deposition, mesh

LENGTH, KAPPA, CAPACITY = 100e-6, 1.0, 0.2
KINETICS = electrode.Kinetics(80.0)
FILM, EXTERNAL = 5e-5, 2e-4
"""Resistances in ohm m^2."""
OHMIC, TRANSFER = LENGTH / KAPPA, KINETICS.resistance
STEP, CURRENT = 0.01, 50.0
"""V, A/m^2."""
TARGET = 1e-3
PER_STEP = 1e-6
"""Tolerance of the time steps, in thermal voltages. The default, 1e-4, is set for concentrations and for
signals of many thermal voltages; of a step of 10 mV, 0.4 thermal voltages, it leaves an error of 0.4 %."""
BARD = "Bard and Faulkner, 2nd ed., ch. 1.2"
DECAY = "C d eta/dt = -i(eta), verification.exact.electrode"


def cell(series: model.Series | None = None, linear: bool = True) -> Model:
    """Electrode with a double layer, Ohm's law, phi = 0 at the other end."""
    law = Linearised(Constant(KINETICS.exchange)) if linear else None
    working = Interface("working", "working", (deposition(KINETICS, law),), "liquid", series, CAPACITY)
    ground = Prescribed("potential", "counter", 0.0)
    return Model(Secondary(KAPPA), TEMPERATURE, {"electrolyte": Medium()}, (working,), prescribed=(ground,))


@dataclass(frozen=True)
class Case:
    """One step and its answer.

    Attributes:
        name: in the table.
        program: what the instrument does from rest on.
        tau: time constant in s.
        answer: exact current (A/m^2) or voltage (V) at times t in s.
        galvanostatic: whether the voltage answers.
        series: film.
        dim: of the mesh.
    """

    name: str
    program: Callable[[float], Program]
    tau: float
    answer: Callable[[FloatArray], FloatArray]
    galvanostatic: bool = False
    series: model.Series | None = None
    dim: int = 1


def potential_case(name: str, ohmic: float, external: float = 0.0, film: float = 0.0, dim: int = 1) -> Case:
    """Step of potential over all resistances in `ohmic`."""
    tau = CAPACITY * ohmic * TRANSFER / (ohmic + TRANSFER)
    return Case(
        name,
        lambda time: hold(STEP, time, external),
        tau,
        lambda t: electrode.potential_step(t, STEP, ohmic, TRANSFER, CAPACITY),
        series=Film(film) if film else None,
        dim=dim,
    )


CASES = (
    potential_case("potential step, 1D", OHMIC),
    potential_case("potential step behind an external resistance, 1D", OHMIC + EXTERNAL, external=EXTERNAL),
    potential_case("potential step, film, 2D", OHMIC + FILM, film=FILM, dim=2),
    Case(
        "current step, 1D",
        lambda time: constant_current(CURRENT, time),
        CAPACITY * TRANSFER,
        lambda t: electrode.current_step(t, CURRENT, OHMIC, TRANSFER, CAPACITY),
        galvanostatic=True,
    ),
)
SAMPLES = (0.1, 0.3, 1.0, 3.0, 6.0)
"""Times in time constants."""


def stepping(tau: float) -> Stepping:
    """For a process of time constant `tau`."""
    return Stepping(1e-3 * tau, tolerance=PER_STEP)


def responses(case: Case) -> tuple[list[Row], Curve]:
    """Current or voltage of a case at `SAMPLES`, and the charge."""
    experiment = Experiment(
        cell(case.series), mesh(case.dim, [Layer("electrolyte", LENGTH, cells=4)]), stepping(case.tau)
    )
    times = case.tau * np.array(SAMPLES)
    readings = experiment.run(case.program(float(times[-1])), times=times)
    time = np.array([r.time for r in readings])
    got = np.array([r.voltage if case.galvanostatic else r.current for r in readings])
    what, unit = ("voltage", "V") if case.galvanostatic else ("current", "A/m2")
    rows = []
    for sample, t in zip(SAMPLES, times, strict=True):
        at = int(np.argmin(np.abs(time - t)))
        expected = float(case.answer(np.array(t)))
        rows.append(
            Row(
                f"double layer, {case.name}",
                f"{what} at {sample:g} RC",
                expected,
                got[at],
                unit,
                TARGET,
                source=BARD,
            )
        )
    books = experiment.total
    area = experiment.problem.regions.measure("working")
    stored = float(experiment.problem.stored()["terminals"][0]) * experiment.problem.equations.current_scale
    defect = books["terminal"] - books["working"] / area - stored
    rows.append(
        Row(
            f"double layer, {case.name}",
            "charge passed less charge reacted less charge stored, of the first",
            0.0, defect / books["terminal"], "", 1e-9, source="conservation of charge",
        )
    )  # fmt: skip
    labels = ("time / RC", "voltage / V" if case.galvanostatic else "current density / A m-2")
    fine = np.linspace(0.0, SAMPLES[-1], 200, dtype=np.float64)
    curve = Curve(case.name, time / case.tau, got, case.answer(case.tau * fine), fine, labels[0], labels[1])
    return rows, curve


def order(formula: int, quick: bool) -> Row:
    """Order of BDF1 or BDF2 with steps of one length, from the current one time constant after the step."""
    case = CASES[0]
    counts: Sequence[int] = (20, 40) if quick else (20, 40, 80, 160)
    exact = float(case.answer(np.array(case.tau)))
    errors, got = [], math.nan
    for count in counts:
        fixed = Stepping(case.tau / count, order=formula, fixed=True)
        regions = mesh(1, [Layer("electrolyte", LENGTH, cells=4)])
        experiment = Experiment(cell(), regions, fixed, options=TIGHT)
        got = experiment.run(case.program(case.tau))[-1].current
        errors.append(abs(got - exact))
    found = math.log2(errors[-2] / errors[-1])
    # The leading error of both formulas after one time constant: t h/2 and t h^2/3, of the part that decays.
    decaying = TRANSFER / OHMIC * math.exp(-1.0)
    leading = (
        (0.5 / counts[-1] if formula == 1 else 1.0 / 3.0 / counts[-1] ** 2) * decaying / (1.0 + decaying)
    )
    what = f"current at 1 RC, BDF{formula}, {counts[-1]} steps"
    tolerance = 2.0 * leading
    name = "double layer, potential step, 1D"
    return Row(name, what, exact, got, "A/m2", tolerance, found, float(formula), BARD)


def discharge() -> list[Row]:
    """Charged to the steady state at -0.2 V, then left alone: Butler-Volmer kinetics far from linear."""
    bias, tau = -0.2, TRANSFER * CAPACITY
    current = electrode.series_current(KINETICS, bias, electrode.Series(OHMIC))
    start = bias - OHMIC * current
    experiment = Experiment(
        cell(linear=False), mesh(1, [Layer("electrolyte", LENGTH, cells=4)]), stepping(tau)
    )
    charging = 30.0 * tau
    samples = (0.01, 0.1, 1.0, 3.0)
    times = [charging + s * tau for s in samples]
    readings = experiment.run(sequence(hold(bias, charging), rest(samples[-1] * tau)), times=times)
    rows = []
    for sample, time in zip(samples, times, strict=True):
        got = min(readings, key=lambda r: abs(r.time - time)).voltage
        expected = float(electrode.open_circuit_decay(sample * tau, start, KINETICS, CAPACITY))
        what = f"voltage {sample:g} R_ct C after interruption"
        rows.append(
            Row("double layer, discharge at open circuit, 1D", what, expected, got, "V", TARGET, source=DECAY)
        )
    return rows


def double_layer(quick: bool) -> Result:
    """All cases; the orders."""
    rows: list[Row] = []
    curves: list[Curve] = []
    for case in CASES:
        found, curve = responses(case)
        rows += found
        curves.append(curve)
    rows += [order(1, quick), order(2, quick), *discharge()]
    return Result(tuple(rows), tuple(curves))


study = Study(
    "double-layer",
    "Double layer: steps of potential and current",
    "An electrode with a double layer answers a step like the circuit R_s + (R_ct || C): by current under "
    "a step of potential, also behind a film or an external resistance, and by voltage under a step of "
    "current. Charge passed is charge reacted plus charge stored.",
    double_layer,
)
