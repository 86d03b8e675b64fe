"""Transients of a binary salt against series: steps of current to depletion, and interruption.

After a step of current concentrations at the electrode change at an infinite rate at first. What the formulas
in time and the step control make of that is part of what is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from meshes.builders import Layer
from solver import program
from solver.experiment import Experiment, Reading, Stepping
from solver.segment import Limit, Segment
from solver.types import FloatArray
from verification.rows import Curve, Result, Row, Study

from .binary_cell import (
    DIVALENT,
    LENGTH,
    REGION,
    SODIUM_LIKE,
    TARGET,
    binary,
    order,
    surface,
)

SLAB = "Carslaw and Jaeger, Conduction of Heat in Solids, 2nd ed., ch. 3"
SANDS = "Sand, Phil. Mag. 1 (1901) 45"


@dataclass(frozen=True)
class Track:
    """What was read in a run, and c at the working electrode beside it; shapes (n,), SI."""

    time: FloatArray
    surface: FloatArray
    voltage: FloatArray
    current: FloatArray

    def at(self, time: float) -> int:
        """Index of the last reading at `time`, which the run has landed on."""
        return int(np.flatnonzero(np.abs(self.time - time) <= 1e-9 * time)[-1])


def follow(experiment: Experiment, segments: Iterable[Segment], times: Sequence[float] = ()) -> Track:
    """Run and take down every accepted step."""
    rows: list[tuple[float, float, float, float]] = []

    def observe(reading: Reading) -> None:
        rows.append((reading.time, surface(experiment, "working"), reading.voltage, reading.current))

    experiment.run(segments, observe, times)
    return Track(*(np.asarray(column) for column in np.array(rows).T))


def graded(cells: int, length: float = LENGTH) -> Layer:
    """Fine at both electrodes."""
    return Layer(REGION, length, cells=cells, size_start=0.1 * length / cells, size_end=0.1 * length / cells)


# --- Sand


def sand(quick: bool) -> Result:
    """Constant current beyond the limiting one, until the ion is used up."""
    rows, curves = [], []
    kinds = [("1:1 salt", SODIUM_LIKE, 1)]
    if not quick:
        kinds += [("2:1 salt", DIVALENT, 1), ("1:1 salt", SODIUM_LIKE, 2)]
    for label, salt, degree in kinds:
        cell = binary(salt, graded(200), degree=degree)
        for share in (5.0, 1.5):
            exact, current = cell.exact, -share * cell.exact.limiting_current
            tau = exact.depletion_time(current)
            limit = (Limit("voltage", -2.0, "below"),)
            stops = [part * tau for part in (0.25, 0.5, 0.75)]
            experiment = cell.experiment(Stepping(1e-4 * tau, tolerance=1e-5))
            seen = follow(experiment, program.constant_current(current, limits=limit), stops)
            case = f"{label}, i = {share:g} i_lim: {cell.name}"
            thin = share == 5.0
            name, source = ("Sand's time", SANDS) if thin else ("time of depletion", SLAB)
            wanted = exact.sand_time(current) if thin else tau
            rows.append(
                Row(case, f"{name}, to -2 V", wanted, float(seen.time[-1]), "s", TARGET, source=source)
            )
            rows.append(Row(case, "voltage of the last step", -2.0, float(seen.voltage[-1]), "V", 1e-6))
            steps = [(0.0, current)]
            for stop in stops:
                k, at = seen.at(stop), f"at {stop / tau:g} of that time"
                drop = exact.concentration - float(exact.profile(np.zeros(1), stop, steps)[0])
                if thin:
                    drop = exact.concentration - float(exact.semi_infinite_surface(stop, current))
                got = exact.concentration - float(seen.surface[k])
                rows.append(Row(case, f"c0 - c_s {at}", drop, got, "mol/m3", TARGET, source=source))
                volts = exact.voltage(stop, steps, cell.kinetics)
                rows.append(
                    Row(case, f"voltage {at}", volts, float(seen.voltage[k]), "V", TARGET, source=SLAB)
                )
            if thin:
                part = (seen.time > 0.1 * tau) & (seen.time < 0.9 * tau)
                slope, first = np.polyfit(np.sqrt(seen.time[part]), seen.surface[part], 1)
                ends = float((first / slope) ** 2)
                rows.append(
                    Row(case, "Sand's time, from c_s over sqrt(t)", wanted, ends, "s", TARGET, source=SANDS)
                )
            line = [float(exact.profile(np.zeros(1), float(t), steps)[0]) for t in seen.time]
            label_x, label_y = "sqrt(t / tau)", "c_s / c0"
            x, c0 = np.sqrt(seen.time / tau), exact.concentration
            curves.append(
                Curve(
                    case,
                    np.asarray(x),
                    np.asarray(seen.surface / c0),
                    np.asarray(np.array(line) / c0),
                    None,
                    label_x,
                    label_y,
                )
            )
    return Result(tuple(rows), tuple(curves))


# --- orders in time


def _step_error(stepping: Stepping) -> float:
    """Relative error of c0 - c_s after a tenth of L^2/D at 0.8 of the limiting current, P2 elements."""
    cell = binary(SODIUM_LIKE, graded(100), degree=2)
    exact, current = cell.exact, -0.8 * cell.exact.limiting_current
    end = 0.1 * exact.diffusion_time
    experiment = cell.experiment(stepping)
    experiment.run(program.constant_current(current, time=end))
    wanted = exact.concentration - float(exact.profile(np.zeros(1), end, [(0.0, current)])[0])
    return abs((exact.concentration - surface(experiment, "working")) / wanted - 1.0)


def time_orders(quick: bool) -> Result:
    """Errors after a step of current, against the length of steps and against the tolerance."""
    end = 0.1 * binary(SODIUM_LIKE, graded(100)).exact.diffusion_time
    rows, curves = [], []
    labels = ("step (s)", "error of c0 - c_s")
    for highest in (1, 2):
        steps = [end / n for n in ((40, 80) if quick else (20, 40, 80, 160))]
        errors = [_step_error(Stepping(step, order=highest, fixed=True)) for step in steps]
        x, y = np.array(steps), np.array(errors)
        line = y[-1] * (x / x[-1]) ** highest
        curves.append(Curve(f"BDF{highest}", x, y, line, None, *labels, log_x=True, log_y=True))
        size = TARGET if highest == 2 else 2e-2
        case, measured = f"equal steps, BDF{highest}, {round(end / steps[-1])} steps", order(steps, errors)
        rows.append(Row(case, "error of c0 - c_s", 0.0, errors[-1], "", size, measured, float(highest), SLAB))
    tolerances = (1e-4, 1e-6) if quick else (1e-3, 1e-4, 1e-5, 1e-6)
    errors = [_step_error(Stepping(1e-6 * end, tolerance=tolerance)) for tolerance in tolerances]
    at = tolerances.index(1e-4)
    # Local errors of order 3 are kept at the tolerance, so that the global error falls as its power 2/3.
    measured = math.log(errors[at] / errors[-1]) / math.log(tolerances[at] / tolerances[-1])
    case = f"chosen steps, default tolerance {tolerances[at]:g}"
    rows.append(Row(case, "error of c0 - c_s", 0.0, errors[at], "", TARGET, measured, 2.0 / 3.0, SLAB))
    x, y = np.array(tolerances), np.array(errors)
    line = y[-1] * (x / x[-1]) ** (2.0 / 3.0)
    curves.append(
        Curve("BDF2, chosen steps", x, y, line, None, "tolerance", labels[1], log_x=True, log_y=True)
    )
    return Result(tuple(rows), tuple(curves))


# --- relaxation


def relaxation(quick: bool) -> Result:
    """A polarised cell after the current is interrupted."""
    cell = binary(SODIUM_LIKE, graded(100))
    exact, scale = cell.exact, cell.exact.diffusion_time
    current, charged = 0.6 * exact.limiting_current, 10.0 * scale
    stops = [charged + part * scale for part in (0.02, 0.05, 0.1, 0.2, 0.3)]
    steps = program.sequence(
        program.constant_current(current, time=charged), program.rest(stops[-1] - charged)
    )
    # The tolerance is absolute: the last of a decay asks for a small one.
    experiment = cell.experiment(Stepping(1e-4 * scale, tolerance=1e-7))
    seen = follow(experiment, steps, stops)
    rows, case = [], f"1:1 salt after 0.6 i_lim: {cell.name}"
    pieces = [(0.0, current), (charged, 0.0)]
    for stop in stops:
        k, what = seen.at(stop), f"at D t/L2 = {(stop - charged) / scale:.2g}"
        wanted = float(exact.relaxation(np.zeros(1), stop - charged, current)[0])
        rows.append(Row(case, f"c_s {what}", wanted, float(seen.surface[k]), "mol/m3", TARGET, source=SLAB))
        volts = exact.voltage(stop, pieces, cell.kinetics)
        rows.append(Row(case, f"voltage {what}", volts, float(seen.voltage[k]), "V", TARGET, source=SLAB))
    first, last = (seen.surface[seen.at(stop)] - exact.concentration for stop in (stops[-2], stops[-1]))
    rate = math.log(first / last) / (stops[-1] - stops[-2])
    rows.append(Row(case, "rate pi2 D/L2", math.pi**2 / scale, rate, "1/s", TARGET, source=SLAB))
    resting = seen.time > charged
    x = np.asarray((seen.time[resting] - charged) / scale)
    line = [exact.voltage(float(t), pieces, cell.kinetics) for t in seen.time[resting]]
    curve = Curve(
        "rest", x, seen.voltage[resting], np.array(line), None, "D t / L2", "voltage (V)", log_y=True
    )
    return Result(tuple(rows), (curve,))


studies = (
    Study(
        "sand",
        "Sand's time and depletion",
        "A constant current above the limiting one uses up the ion at the electrode. The time is read where "
        "the voltage falls to -2 V, and from c_s over sqrt(t); at 5 i_lim diffusion layers are thin (Sand), "
        "at 1.5 i_lim each electrode feels the other (series of a slab). Salts 1:1 and 2:1, both degrees.",
        sand,
    ),
    Study(
        "time-steps",
        "Order in time of a step of current",
        "The error of the surface concentration falls as the step (BDF1) or its square (BDF2), although its "
        "rate is infinite at first; with chosen steps as the power 2/3 of the tolerance.",
        time_orders,
    ),
    Study(
        "relaxation",
        "Relaxation after an interruption",
        "A cell polarised to the steady state rests: concentrations and voltage follow the series of a slab, "
        "in the end exp(-pi2 D t/L2).",
        relaxation,
    ),
)
