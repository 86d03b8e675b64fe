"""Near the limiting current and beyond it, and how segments of a program end.

Concentrations are unknowns themselves, or their logarithms; either way they stay positive. With ln c elements
hold exp(polynomial), whose amount of salt is off by h^(p+1): near the limiting current, where c_s is a small
difference of large numbers, that takes elements of degree 2 or many cells. The potential, near the electrode
the logarithm of c, wants either elements that hold it (ln c) or cells that shrink with the distance (c).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.builders import Layer
from solver import program
from solver.experiment import Experiment, Reading, StepError, Stepping
from solver.segment import Limit
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
from .transients import SLAB, graded

NEAR = 0.999
EVENT, CLOSED, LANDED = 1e-9, 1e-8, 1e-6
"""Tolerances: times of events and charges; balance of amounts; distance from a limit."""


def _near(degree: int, logarithmic: bool, cells: int) -> BinaryCell:
    """For 99.9 % of the limiting current: cells shrink towards the electrode, by a hundred or so."""
    layer = Layer(REGION, LENGTH, cells=cells, size_start=1e-2 * LENGTH / cells)
    return binary(SODIUM_LIKE, layer, degree=degree, logarithmic=logarithmic)


def near_limit(quick: bool) -> Result:
    """Steady galvanostatic deposition at 99.9 % of the limiting current."""
    rows, curves = [], []
    for degree, logarithmic, cells in ((1, False, 100), (2, False, 50), (2, True, 50)):
        cell = _near(degree, logarithmic, cells)
        current = -NEAR * cell.exact.limiting_current
        experiment = cell.steady(current)
        wanted = cell.exact.steady_voltage(current, cell.kinetics)
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
        for share in (3.0,) if quick else (1.5, 3.0):
            more, curve = _step_beyond(share, logarithmic, (-2.0,) if quick else (-2.0, -5.0))
            rows += more
            curves.append(curve)
        for voltage in (-1.0, -5.0):
            cell = _far(logarithmic)
            experiment = cell.experiment(Stepping(1e-3 * cell.exact.diffusion_time))
            lowest = Lowest(experiment)
            time = 30.0 * cell.exact.diffusion_time
            last = experiment.run(program.hold(voltage, time=time), lowest.note)[-1]
            wanted = cell.exact.steady_current(voltage, cell.kinetics)
            case = f"held at {voltage:g} V: {cell.name}"
            rows.append(Row(case, "i", wanted, last.current, "A/m2", TARGET, source=SOURCE))
            rows.append(lowest.row(case))
    return Result(tuple(rows), tuple(curves))


def _far(logarithmic: bool) -> BinaryCell:
    """For an ion used up: there ln c falls by tens over a distance that the smallest cells must resolve."""
    smallest, degree = (1e-5, 2) if logarithmic else (1e-3, 1)
    layer = Layer(REGION, LENGTH, cells=150, size_start=smallest * LENGTH, size_end=1e-3 * LENGTH)
    return binary(SODIUM_LIKE, layer, degree=degree, logarithmic=logarithmic)


class Lowest:
    """The smallest concentration of every accepted step, in c0."""

    def __init__(self, experiment: Experiment) -> None:
        """Of `experiment`; give `note` to its run."""
        self.experiment = experiment
        self.times: list[float] = []
        self.values: list[float] = []

    def note(self, reading: Reading) -> None:
        """Take it down (collective)."""
        problem = self.experiment.problem
        self.times.append(reading.time)
        self.values.append(problem.comm.allreduce(problem.lowest_concentration(), op=MPI.MIN)[0])

    def row(self, case: str) -> Row:
        """How far below zero it ever was."""
        return Row(case, "largest negative concentration / c0", 0.0, max(0.0, -min(self.values)), "", 0.0)


def _step_beyond(share: float, logarithmic: bool, limits: Sequence[float]) -> tuple[list[Row], Curve]:
    """A constant current of `share` limiting ones: with a voltage limit, and without."""
    cell = _far(logarithmic)
    current = -share * cell.exact.limiting_current
    tau = cell.exact.depletion_time(current)
    case, source = f"{share:g} i_lim: {cell.name}", SLAB
    rows = []
    for target in limits:
        experiment, lowest = _start(cell, tau)
        limit = (Limit("voltage", target, "below"),)
        last = experiment.run(program.constant_current(current, limits=limit), lowest.note)[-1]
        what = f"limit of {target:g} V"
        rows += [
            Row(case, f"{what}: voltage", target, last.voltage, "V", LANDED),
            Row(case, f"{what}: time", tau, last.time, "s", TARGET, source=source),
            Row(case, f"{what}: balance of the ion", 0.0, experiment.balance()[ION], "", CLOSED),
            lowest.row(f"{case}, {what}"),
        ]
    experiment, lowest = _start(cell, tau)
    said = ""
    try:
        experiment.run(program.constant_current(current, time=10.0 * tau), lowest.note)
    except StepError as error:
        said = str(error)
    stopped = experiment.time if f"{ION} is used up" in said else math.nan
    what = "no limit: time when the run stops and says that the ion is used up"
    rows.append(Row(case, what, tau, stopped, "s", TARGET, source=source, note=said))
    rows.append(lowest.row(f"{case}, no limit"))
    t = np.asarray(lowest.times)
    exact = [float(cell.exact.profile(np.zeros(1), float(s), [(0.0, current)])[0]) for s in t]
    left, line = np.asarray(tau - t), np.array(exact)
    shown = left > 1e-5 * tau
    x, y = left[shown] / tau, np.array(lowest.values)[shown]
    labels = ("time before depletion / tau", "c_s / c0")
    reference = np.asarray(line[shown] / cell.exact.concentration)
    return rows, Curve(case, np.asarray(x), y, reference, None, *labels, log_x=True, log_y=True)


def _start(cell: BinaryCell, tau: float) -> tuple[Experiment, Lowest]:
    experiment = cell.experiment(Stepping(1e-4 * tau, tolerance=1e-5))
    return experiment, Lowest(experiment)


# --- programs


@dataclass(frozen=True)
class Plan:
    """Segments that a program must have: what it is, and (duration in s, current in A/m2) of each."""

    case: str
    program: program.Program
    pieces: Sequence[tuple[float, float]]

    def rows(self, experiment: Experiment) -> list[Row]:
        """Run it and compare the ends of all segments."""
        readings = experiment.run(self.program)
        last = [a for a, b in pairwise(readings) if b.order == 0] + [readings[-1]]
        if len(last) != len(self.pieces):
            raise RuntimeError(f"{self.case}: {len(last)} segments, expected {len(self.pieces)}")
        ends = np.cumsum([duration for duration, _ in self.pieces])
        charges = np.cumsum([duration * current for duration, current in self.pieces])
        late = max(abs(r.time / end - 1.0) for r, end in zip(last, ends, strict=True))
        scale = float(np.max(np.abs(charges)))
        off = max(abs(r.charge - charge) / scale for r, charge in zip(last, charges, strict=True))
        return [
            Row(self.case, "end of a segment, largest relative miss", 0.0, late, "", EVENT),
            Row(self.case, "charge then, largest relative miss", 0.0, off, "", EVENT),
            Row(self.case, "balance of the ion", 0.0, abs(experiment.balance()[ION]), "", CLOSED),
        ]


def programs(quick: bool) -> Result:
    """Pulses, capacities, cycles, voltage limits: when segments end, and the charge they pass."""
    cell = binary(SODIUM_LIKE, graded(40))
    i = 0.5 * cell.exact.limiting_current
    count = 2 if quick else 10
    to_capacity = program.constant_current(-i, limits=(Limit("capacity", 2.0 * i, "above"),))
    there_and_back = program.sequence(to_capacity, program.rest(1.0), program.constant_current(i, time=1.5))
    plans = (
        (
            Plan(
                f"{count} pulses with reversal",
                program.pulse(-i, 0.05, 0.15, count, reverse_current=0.5 * i, reverse=0.02),
                [(0.05, -i), (0.02, 0.5 * i), (0.15, 0.0)] * count,
            ),
            1e-4,
        ),
        (Plan("to a capacity, rest, back", there_and_back, [(2.0, -i), (1.0, 0.0), (1.5, i)]), 1e-2),
        (
            Plan(
                f"{count} cycles of plating and stripping",
                program.cycle(i, count, capacity=2.0 * i, rest=0.5),
                [(2.0, -i), (0.5, 0.0), (2.0, i), (0.5, 0.0)] * count,
            ),
            1e-2,
        ),
    )
    rows = [row for plan, first in plans for row in plan.rows(cell.experiment(Stepping(first)))]
    return Result((*rows, *_voltage_limits(cell, i)))


def _voltage_limits(cell: BinaryCell, current: float) -> list[Row]:
    """Landing on a voltage in mid course, and a limit that is passed as soon as the current flows."""
    exact, steps = cell.exact, [(0.0, -current)]
    target = 0.5 * (exact.voltage(1e-6, steps, cell.kinetics) + exact.steady_voltage(-current, cell.kinetics))
    wanted = brentq(lambda t: exact.voltage(t, steps, cell.kinetics) - target, 1e-6, 1e3, xtol=1e-12)
    rows = []
    for voltage, time, where in (
        (target, float(wanted), "in mid course"),
        (-1e-3, 0.0, "passed from the start"),
    ):
        experiment = cell.experiment(Stepping(1e-3, tolerance=1e-6))
        limit = (Limit("voltage", voltage, "below"),)
        last = experiment.run(program.constant_current(-current, time=1e3, limits=limit))[-1]
        case = f"voltage limit {where}"
        if time:
            rows.append(Row(case, "voltage of the last step", voltage, last.voltage, "V", LANDED))
        rows.append(Row(case, "time", time, last.time, "s", TARGET if time else EVENT, source=SLAB))
    return rows


studies = (
    Study(
        "near-the-limiting-current",
        "At 99.9 % of the limiting current",
        "Steady deposition at 99.9 % of the limiting current: a thousandth of the concentration is left at "
        "the electrode. Unknowns c and ln c.",
        near_limit,
    ),
    Study(
        "beyond-the-limiting-current",
        "Beyond the limiting current",
        "A current that transport cannot bring ends at the time of depletion: on a voltage limit, or with a "
        "message that names the ion. Held at a large voltage the cell passes the limiting current. "
        "Concentrations of accepted steps are never negative. Unknowns c and ln c.",
        beyond,
    ),
    Study(
        "programs",
        "Events of a program",
        "Segments end when they should: after their time, at a capacity, at a voltage, at the edges of "
        "pulses; cycles pass the charge they are asked for, and amounts balance.",
        programs,
    ),
)
