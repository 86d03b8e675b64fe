"""Manufactured solutions: order of convergence in space and time of every closure.

In space, exact fields are linear in time, which BDF formulas integrate without error; the error of two steps
under refinement is that of the elements: h^(p+1) in L2 and h^p in the gradient for degree p. In time, exact
fields are polynomials that the elements contain, so that only the error of the formula is left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.compat import JIT
from solver.experiment import Experiment, Stepping
from solver.model import LIQUID
from solver.program import ramp
from solver.types import FloatArray
from verification.rows import Curve, Result, Row, Study

from .mms_cases import CASES, binary, concentrated, poisson, three_ions
from .mms_exact import Exact
from .mms_frame import Manufactured, Setting

SOURCE = "manufactured solution; Roache, J. Fluids Eng. 124, 4 (2002)"
TOLERANCE = {1: (5e-3, 5e-2), 2: (5e-5, 2e-3)}
"""Largest error at the finest level by degree, of values and of gradients; the order says more."""
TIGHT = {"snes_rtol": 1e-12, "snes_atol": 1e-13, "snes_stol": 1e-15}
"""So that what Newton's method leaves is far below any error that is measured."""


@dataclass(frozen=True)
class Errors:
    """Relative errors by field: root mean squares of the difference, and of its gradient times L."""

    value: Mapping[str, float]
    gradient: Mapping[str, float]


def march(case: Manufactured, dim: int, cells: int, times: Sequence[float], order: int = 2) -> Experiment:
    """Solve a case, with steps that end at `times`."""
    start, rise = case.voltage
    steps = np.diff([0.0, *times])
    # Steps of fixed length are shortened to land on times asked for: here on every one of them.
    stepping = Stepping(1.5 * float(steps.max()), order=order, fixed=True)
    experiment = Experiment(case.model, case.mesh(MPI.COMM_WORLD, dim, cells), stepping, options=TIGHT)
    end = float(times[-1])
    readings = experiment.run(ramp(start, start + rise * end, abs(rise)), times=times)
    if len(readings) != len(times) + 1:
        raise RuntimeError(f"{len(readings) - 1} steps were made, {len(times)} were asked for")
    return experiment


def errors(case: Manufactured, experiment: Experiment) -> Errors:
    """Compare the fields with the exact ones at the present time (collective)."""
    problem, model = experiment.problem, case.model
    regions, function = problem.regions, problem.functions[LIQUID]
    names = problem.equations.fields
    solved = ufl.split(function)
    x = regions.unit * ufl.SpatialCoordinate(regions.mesh)
    time = fem.Constant(regions.mesh, experiment.time)
    weights = [[fem.Constant(regions.mesh, 0.0) for _ in range(2)] for _ in names]
    scale = [fem.Constant(regions.mesh, 1.0 / case.scales[name]) for name in names]
    unit = [fem.Constant(regions.mesh, float(v)) for v in (problem.equations.c0, problem.equations.vt)]
    exact = Exact(case.fields, x, time, regions.unit)
    integrand = 0.0
    for k, name in enumerate(names):
        last = k == len(names) - 1
        scaled = ufl.exp(solved[k]) if model.logarithmic and not last else solved[k]
        difference = scale[k] * (unit[1 if last else 0] * scaled - exact[name])
        slope = ufl.grad(difference)
        integrand = integrand + weights[k][0] * difference**2 + weights[k][1] * ufl.inner(slope, slope)
    dx = ufl.Measure("dx", regions.mesh, metadata={"quadrature_degree": 2 * model.degree + 4})
    form = fem.form(integrand * dx, jit_options=JIT)
    volume = regions.measure("electrolyte") / regions.unit**regions.dim

    def root_mean_square(weight: fem.Constant) -> float:
        weight.value = 1.0
        square = regions.comm.allreduce(fem.assemble_scalar(form), op=MPI.SUM)
        weight.value = 0.0
        return math.sqrt(square / volume)

    return Errors(
        {name: root_mean_square(weights[k][0]) for k, name in enumerate(names)},
        {name: root_mean_square(weights[k][1]) for k, name in enumerate(names)},
    )


def order_of(parameters: Sequence[float], found: Sequence[Mapping[str, float]]) -> float:
    """Over all fields, the smallest order between the two finest levels."""
    fine, finer = found[-2], found[-1]
    ratio = math.log(parameters[-1] / parameters[-2])
    return min(math.log(fine[name] / finer[name]) / ratio for name in fine)


def in_space(
    name: str, make: Callable[[Setting], Manufactured], setting: Setting, levels: Sequence[int]
) -> Result:
    """Refine the mesh of one case; two rows, L2 and H1, with the worst field in each."""
    case, degree = make(setting), setting.degree
    found = [
        errors(case, march(case, setting.dim, n, (0.5 * case.tau, case.tau))) for n in levels
    ]  # fmt: skip
    title, rows, worst = f"{name}, {setting.dim}D, P{degree}", [], []
    for kind, lost in (("value", 0), ("gradient", 1)):
        series = [getattr(e, kind) for e in found]
        worst.append(np.array([max(e.values()) for e in series]))
        what = "L2 error" if kind == "value" else "H1 error"
        rows.append(
            Row(
                title, f"{what}, {levels[-1]} cells across", 0.0, float(worst[-1][-1]), "",
                TOLERANCE[degree][lost], order_of(levels, series), degree + 1.0 - lost, SOURCE,
            )
        )  # fmt: skip
    return Result(tuple(rows), (_curve(title, 1.0 / np.array(levels), worst[0], degree + 1, "h/L"),))


def in_time(
    name: str, make: Callable[[Setting], Manufactured], profile: str,
    order: int, varied: bool, numbers: Sequence[int],
) -> Result:  # fmt: skip
    """Refine the steps of one case, in a space that contains the exact fields."""
    case = make(Setting(2, 2, profile, "swing"))
    found = [errors(case, march(case, 2, 2, instants(case.tau, n, varied), order)).value for n in numbers]
    worst = np.array([max(e.values()) for e in found])
    title = f"{name}, BDF{order}, {'varied' if varied else 'equal'} steps"
    row = Row(
        title, f"L2 error, {numbers[-1]} steps", 0.0, float(worst[-1]), "", 2e-2 if order == 1 else 2e-3,
        order_of(numbers, found), float(order), SOURCE,
    )  # fmt: skip
    return Result((row,), (_curve(title, 1.0 / np.array(numbers), worst, order, "mean step/time"),))


def instants(tau: float, number: int, varied: bool) -> list[float]:
    """Ends of steps up to tau; varied ones follow a smooth map: from 0.7 to 1.3 of the mean."""
    k = np.arange(1, number + 1) / number
    shift = 0.05 * np.sin(2.0 * np.pi * k) if varied else 0.0 * k
    return [float(t) for t in tau * (k - shift)[:-1]] + [tau]


def space(quick: bool) -> Result:
    """All closures in 2D with both degrees, the variants, and 3D."""
    flat = {1: (8, 16), 2: (4, 8)} if quick else {1: (8, 16, 32), 2: (4, 8, 16)}
    results = [in_space(name, make, Setting(2, k), flat[k]) for name, make in CASES.items() for k in flat]
    results += [
        in_space("electroneutral, logarithms", lambda s: binary(s, logarithmic=True), Setting(2, k), flat[k])
        for k in ((1,) if quick else flat)
    ]
    if not quick:
        results.append(
            in_space("streamline diffusion", lambda s: three_ions(s, streamline=True), Setting(2, 1), flat[1])
        )
    solid = {1: (4, 8)} if quick else {1: (4, 8, 16), 2: (4, 8)}
    chosen = {"concentrated": CASES["concentrated"]} if quick else CASES
    results += [in_space(name, make, Setting(3, k), solid[k]) for name, make in chosen.items() for k in solid]
    return _joined(results)


def time(quick: bool) -> Result:
    """Both formulas, with equal and with varied steps."""
    numbers = (20, 40) if quick else (20, 40, 80)
    cases: tuple[tuple[str, Callable[[Setting], Manufactured], str], ...] = (
        ("electroneutral", lambda s: binary(s, film=False), "quadratic"),
        ("poisson", poisson, "quadratic"),
        ("concentrated", concentrated, "linear"),
    )
    return _joined(
        [
            in_time(*case, order, varied, numbers)
            for case in cases
            for order in (1, 2)
            for varied in (False, True)
            if not (quick and order == 1 and varied)
        ]
    )


def _curve(name: str, x: FloatArray, y: FloatArray, order: int, label: str) -> Curve:
    """Errors over the line of the theoretical order through the last of them."""
    theory = y[-1] * (x / x[-1]) ** order
    return Curve(name, x, y, theory, x_label=label, y_label="largest L2 error", log_x=True, log_y=True)


def _joined(results: Sequence[Result]) -> Result:
    return Result(
        tuple(row for result in results for row in result.rows),
        tuple(curve for result in results for curve in result.curves),
    )


studies = (
    Study(
        "manufactured-space",
        "Manufactured solutions: order in space",
        "Every closure with its electrodes converges at the order of its elements, in values and in "
        "gradients: storage, diffusion, migration, convection, conversion, kinetics, films and double layers "
        "all take part. The strong equations are written by hand and share no code with the solver.",
        space,
    ),
    Study(
        "manufactured-time",
        "Manufactured solutions: order in time",
        "BDF1 and BDF2 reach their orders, with double layers, a moving potential, and steps that vary.",
        time,
    ),
)
