"""Near the limiting current and beyond it, and how segments of a program end.

Concentrations are unknowns themselves, or their logarithms; either way they stay positive. With ln c the elements
hold exp(linear), whose amount of salt is off by h^(p+1): near the limiting current, where c_s is a small
difference of large numbers, that takes elements of degree 2 or many cells. The potential, near the electrode the
logarithm of c, wants either elements that hold it (ln c) or cells that shrink with the distance (c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from meshes.builders import Layer
from solver import program
from solver.experiment import Experiment, Reading, StepError, Stepping
from solver.segment import Limit
from solver.types import FloatArray
from verification.rows import Curve, Result, Row, Study

from .binary_cell import (
    ION,
    LENGTH,
    REGION,
    SODIUM_LIKE,
    SOURCE,
    TARGET,
    BinaryCell,
    binary,
    order,
    profile,
    surface,
)
from .transients import SLAB, follow, graded

NEAR = 0.999
EVENT, CLOSED, LANDED = 1e-9, 1e-8, 1e-6
"""Tolerances: times of events and charges; balance of amounts; distance from a limit."""


def _near(degree: int, logarithmic: bool, cells: int) -> BinaryCell:
    """For 99.9 % of the limiting current: cells shrink towards the electrode to a ten-thousandth of the gap."""
    layer = Layer(REGION, LENGTH, cells=cells, size_start=1e-2 * LENGTH / cells)
    return binary(SODIUM_LIKE, layer, degree=degree, logarithmic=logarithmic)


def near_limit(quick: bool) -> Result:
    """Steady galvanostatic deposition at 99.9 % of the limiting current."""
    rows, curves = [], []
    for degree, logarithmic, levels in ((1, False, (50, 100)), (2, False, (50, 100)), (2, True, (25, 50))):
        misses = []
        for cells in levels:
            cell = _near(degree, logarithmic, cells)
            current = -NEAR * cell.exact.limiting_current
            experiment = cell.steady(current)
            wanted = cell.exact.steady_voltage(current, cell.kinetics)
            misses.append(abs(experiment.voltage - wanted))
        case, c_s = f"99.9 % of i_lim: {cell.name}", surface(experiment, "working")
        low = cell.exact.concentration * (1.0 - NEAR)
        rows.append(Row(case, "c_s", low, c_s, "mol/m3", TARGET, source=SOURCE))
        rows.append(Row(case, "voltage", wanted, experiment.voltage, "V", TARGET, source=SOURCE))
        x, c = profile(experiment)
        exact = cell.exact.steady_profile(x, current)
        labels = ("x (um)", "c (mol/m3)")
        x = np.asarray(x * 1e6)
        curves.append(Curve(cell.name, x, c, exact, None, *labels, log_x=True, log_y=True))
    rows += _amount_of_exponentials(quick)
    return Result(tuple(rows), tuple(curves))


def _amount_of_exponentials(quick: bool) -> list[Row]:
    """P1 and ln c: c_s is off by what the amount of salt under exp(linear) is, of order h^2."""
    share, levels = 0.8, (40, 80) if quick else (40, 80, 160)
    misses = []
    for cells in levels:
        cell = binary(SODIUM_LIKE, Layer(REGION, LENGTH, cells=cells), logarithmic=True)
        experiment = cell.steady(-share * cell.exact.limiting_current)
        wanted = cell.exact.concentration * (1.0 - share)
        c_s = surface(experiment, "working")
        misses.append(abs(c_s - wanted))
    slope = order([1.0 / cells for cells in levels], misses)
    case = f"{share:g} i_lim: {cell.name}"
    return [Row(case, "c_s", wanted, c_s, "mol/m3", TARGET, slope, 2.0, SOURCE)]


def beyond(quick: bool) -> Result:
    """Currents that transport cannot bring, and large voltages."""
    rows, curves = [], []
    for logarithmic in (False, True):
        for share in (1.5, 3.0):
            more, curve = _step_beyond(share, logarithmic)
            rows += more
            curves.append(curve)
        cells, degree = (100, 1) if not logarithmic else (100, 2)
        for voltage in (-1.0, -5.0):
            layer = Layer(REGION, LENGTH, cells=cells, size_start=1e-3 * LENGTH)
            cell = binary(SODIUM_LIKE, layer, degree=degree, logarithmic=logarithmic)
            experiment = cell.experiment(Stepping(1e-3 * cell.exact.diffusion_time))
            lowest: list[float] = []
            last = experiment.run(
                program.hold(voltage, time=30.0 * cell.exact.diffusion_time),
                lambda _, e=experiment, low=lowest: low.append(_lowest(e)),
            )[-1]
            wanted = cell.exact.steady_current(voltage, cell.kinetics)
            case = f"held at {voltage:g} V: {cell.name}"
            rows.append(Row(case, "i", wanted, last.current, "A/m2", TARGET, source=SOURCE))
            rows.append(_positive(case, lowest))
    return Result(tuple(rows), tuple(curves))


def _lowest(experiment: Experiment) -> float:
    problem = experiment.problem
    return float(problem.comm.allreduce(problem.lowest_concentration(), op=MPI.MIN)[0])


def _positive(case: str, lowest: Sequence[float]) -> Row:
    """How far below zero any concentration of any accepted step was, in c0."""
    return Row(case, "largest negative concentration / c0", 0.0, max(0.0, -min(lowest)), "", 0.0)
