r"""A flat spread surface that grows, against the moving boundary of `verification.exact.growing`.

The cells are those of `growing_planar`, at a held voltage, with slow charge transfer and with charge
transfer so fast that transport of the salt decides.

A profile of the width w reacts where the salt meets it: the faster charge transfer, the farther out. What
that does is known in closed form. Per unit of c let the current be K, that of transport B dc/dx (see
`verification.exact.stability`). In the part y = 1 - xi of the volume that is electrolyte, with the surface
a = |grad xi| per volume and x the distance in w, where dy/dx = y (1 - y),

    d/dx (y dc/dx) = p y (1 - y) c,    p = w K/B,    or    d/dy (y^2 (1 - y) dc/dy) = p c

    c = y^m F(m, m + 2; 2m + 2; y),    m (m + 1) = p

and far outside, by the behaviour of the hypergeometric function at 1, c is proportional to

    x + 2 psi(1) - psi(m) - psi(m + 2),    but at a sharp surface to x + 1/p

The electrolyte seems shorter by the difference, pi^2/3 p w + O(p^2 w) for small p: of second order in w, of
a lower one where p is not small. The measured error is to fall with the order of this expression.

The profile is told from the depth w ln(xi/(1 - xi)), which is the distance from the surface where the
profile is 1/(1 + exp(d/w)): its slope over the height is 1.

Source of the function: Abramowitz and Stegun, 15.3.10.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import digamma

from solver.program import hold
from solver.types import FloatArray
from verification.exact.binary import Cell
from verification.exact.electrode import Kinetics
from verification.exact.growing import GrowingPlane, History
from verification.exact.stability import Electrodes, Front
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import LIFT, Growth, Mesh, fixed, flat
from verification.studies.growing_planar import CONCENTRATION, LENGTH, METAL, SALT, SOURCE, VOLTAGE
from verification.studies.spread_cells import Interface, lowered, march, nodes, simulation, spread

SLOW, FAST = Kinetics(20.0), Kinetics(1e5)
"""Exchange current densities of 0.3 % of the limiting current, and of 14 times that."""
THICKNESS = 0.5e-6
"""What would grow at the first current, m; with fast kinetics it is half of that."""
WIDTH = 0.02e-6
"""w in m that the interface has by default: a five-hundredth of the gap."""
STEPS, FINE = 60, 0.5
"""Time steps; cells over w where the order in w is told."""
ACROSS, EDGES, BULK = 4.0, 4, 0.05
"""Width of the cell in w, edges of its front, and edges far away in gaps."""
NARROW = 0.01
"""Width of the cell at least, in gaps."""
TOLERANCE, STEEP, STRAIGHT = 0.01, 0.05, 0.1
"""Of speed and height; of the slope of the depth; of the depth's departure from a line, in w."""
CLOSED = 1e-9
"""Of balances."""
VISIBLE = 0.02
"""Order parameter from which on, and up to one minus it, the profile is looked at."""
NAME = {SLOW: "slow", FAST: "fast"}


@dataclass(frozen=True)
class Trace:
    """A cell over time.

    Attributes:
        time, height, current: s, growth in m, A/m^2; shapes (steps,).
        contour: growth of the contour xi = 1/2 in the end, m.
        tilt: highest less lowest place of the contour, in w.
        slope, bend: of the depth over the distance below the contour; RMS departure from the line, in w.
        faraday, salt: relative defects of volume against charge, and of the balance of the ions.
        remeshes: how often the mesh was made anew.
    """

    time: FloatArray
    height: FloatArray
    current: FloatArray
    contour: float
    tilt: float
    slope: float
    bend: float
    faraday: float
    salt: float
    remeshes: int


def planar(kinetics: Kinetics) -> Front:
    """The cell; the current is not used."""
    return Front(Cell(SALT, LENGTH, CONCENTRATION), Electrodes(kinetics, kinetics), METAL, -1.0)


def duration(kinetics: Kinetics) -> float:
    """Time in s in which the first current would deposit THICKNESS."""
    plane = _plane(kinetics)
    first = float(plane.at_voltage(VOLTAGE, [1e-3]).current[-1])
    return THICKNESS / plane.height(-first)


def exact(kinetics: Kinetics, times: Sequence[float]) -> History:
    """The moving boundary at ascending `times` in s."""
    return _plane(kinetics).at_voltage(VOLTAGE, times)


def _plane(kinetics: Kinetics) -> GrowingPlane:
    state = planar(kinetics)
    return GrowingPlane(state.cell, state.electrodes, METAL)


def trace(kinetics: Kinetics, interface: Interface, steps: int = STEPS) -> Trace:
    """March for `duration` in equal steps (collective)."""
    time = duration(kinetics)
    gap = LENGTH / (1.0 - LIFT)
    w = interface.width / gap
    front = lowered(flat(max(NARROW, ACROSS * w), EDGES), w)
    growth = Growth(planar(kinetics), front, hold(VOLTAGE), Mesh(w, BULK), fixed(time / steps))
    made = simulation(spread(growth.cell, interface))
    begin, width = made.volume(), made.cell.width
    readings = [
        (one.state.time, (one.volume() - begin) / width, one.state.current / width)
        for one in march(made, time, time / steps)
    ]
    times, height, current = np.array(readings).T
    level = made.front.points[:, 1]
    places, xi, _ = nodes(made)
    seen = (xi > VISIBLE) & (xi < 1.0 - VISIBLE)
    depth, below = np.log(xi[seen] / (1.0 - xi[seen])), -places[seen, 1] / w
    line = np.polyfit(below, depth, 1)
    return Trace(
        times, height, current,
        (float(level.mean()) - LIFT) * gap, float(np.ptp(level)) / w,
        float(line[0]), float(np.std(depth - np.polyval(line, below))),
        made.faraday_error(), made.mass_error(), made.state.remeshes,
    )  # fmt: skip


def _rows(kinetics: Kinetics, interface: Interface) -> tuple[list[Row], Trace]:
    """Everything about one cell at the default width."""
    found = trace(kinetics, interface)
    end = exact(kinetics, [float(found.time[-1])])
    case = f"{NAME[kinetics]} kinetics, w = {interface.width * 1e9:g} nm, h = {interface.legs:g} w"
    note = f"{found.remeshes} remeshings"
    height, current = float(end.height[-1]), float(end.current[-1])
    rows = [
        Row(case, "growth", height, float(found.height[-1]), "m", TOLERANCE, source=SOURCE, note=note),
        Row(case, "growth of the contour", height, found.contour, "m", TOLERANCE, source=SOURCE),
        Row(case, "current at the end", current, float(found.current[-1]), "A/m2", TOLERANCE, source=SOURCE),
        Row(case, "volume against charge", 0.0, found.faraday, "", CLOSED, source="Faraday's law"),
        Row(case, "balance of the salt", 0.0, found.salt, "", CLOSED),
        Row(case, "departure from a plane", 0.0, found.tilt, "w", STRAIGHT),
        Row(case, "slope of the depth", 1.0, found.slope, "", STEEP, source="xi = 1/(1 + exp(d/w))"),
        Row(case, "RMS departure of the depth from a line", 0.0, found.bend, "w", STRAIGHT),
    ]
    return rows, found


def shortening(state: Front, width: float) -> float:
    """By how much a spread surface of the `width` w in m makes the electrolyte seem shorter, m."""
    p = width * state.response / state.conductance
    m = math.sqrt(0.25 + p) - 0.5
    return width * float(1.0 / p - 2.0 * digamma(1.0) + digamma(m) + digamma(m + 2.0))


def _narrower(widths: Sequence[float]) -> Iterator[Row]:
    """Fast kinetics on narrower and narrower interfaces; the cells, of w/2, shrink along."""
    time = duration(FAST)
    end = exact(FAST, [time])
    found = [trace(FAST, Interface(w, FINE)) for w in widths]
    steady = replace(planar(FAST), current=float(end.current[-1]))
    expected = _orders(widths, [shortening(steady, w) for w in widths])
    case = f"fast kinetics, w = {', '.join(f'{w * 1e9:g}' for w in widths)} nm, h = {FINE:g} w"
    for quantity, reference, got in (
        ("growth", end.height[-1], [one.height[-1] for one in found]),
        ("current at the end", end.current[-1], [one.current[-1] for one in found]),
    ):
        errors = [float(value / reference - 1.0) for value in got]
        orders = _orders(widths, errors)
        note = f"errors {_listed(errors, '+.4f')}; orders {_listed(orders, '.2f')}"
        note += f", in closed form {_listed(expected, '.2f')}"
        yield Row(
            case, f"{quantity}, relative error", 0.0, errors[-1], "", TOLERANCE, orders[-1], expected[-1],
            SOURCE, note,
        )  # fmt: skip


def _orders(widths: Sequence[float], errors: Sequence[float]) -> list[float]:
    """From each width to the next."""
    pairs = itertools.pairwise(zip(widths, errors, strict=True))
    return [math.log(abs(a / b)) / math.log(v / w) for (v, a), (w, b) in pairs]


def _listed(numbers: Sequence[float], form: str) -> str:
    return ", ".join(format(number, form) for number in numbers)


def _curve(kinetics: Kinetics, found: Trace) -> Curve:
    times = list(np.linspace(0.01, 1.0, 100) * found.time[-1])
    return Curve(
        f"{NAME[kinetics]} kinetics", found.time / found.time[-1], found.current,
        exact(kinetics, times).current, np.array(times) / found.time[-1], "time over that of the run",
        f"current density, {NAME[kinetics]} kinetics (A/m2)",
    )  # fmt: skip


def run(quick: bool) -> Result:
    """All of the study."""
    rows, curves = [], []
    for kinetics in (SLOW, FAST):
        result, found = _rows(kinetics, Interface(WIDTH))
        rows += result
        curves.append(_curve(kinetics, found))
    rows += _narrower((4.0 * WIDTH, 2.0 * WIDTH) if quick else (4.0 * WIDTH, 2.0 * WIDTH, WIDTH))
    return Result(tuple(rows), () if quick else tuple(curves))


study = Study(
    "spread-planar",
    "Flat spread surface that grows",
    "The phase field on a flat electrode at constant voltage, with slow and with fast charge transfer: its "
    "growth and current are those of the moving boundary within 1 % at the default width, volume and salt "
    "are those of the charge to rounding, the profile stays that of rest, and the error falls with w as a "
    "closed form says.",
    run,
)
