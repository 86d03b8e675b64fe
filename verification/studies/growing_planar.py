"""A planar front that grows, bare or under a film, against Faraday's law and `verification.exact.growing`.

Faraday's law binds the position of the front to the charge, whatever the physics. What the physics decides,
charge and voltage over time, is compared with the moving-boundary problem of one dimension, solved by a
method that shares nothing with the solver. The front moves a tenth of the gap and pushes its salt ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solver.march import Simulation
from solver.program import Program, constant_current, hold
from solver.types import FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.growing import GrowingPlane, faraday_height
from verification.exact.stability import Deposit, Electrodes, Front
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import Growth, Mesh, fixed, flat, march

LENGTH, CONCENTRATION, TIME = 10e-6, 1000.0, 1.5
SALT = Salt(1, -1, 1.81e-10, 2.6e-10)
KINETICS = Kinetics(1000.0)
METAL = Deposit(23.78e-6, 0.0)
SHARE = -0.4
"""Current over the limiting one."""
VOLTAGE = -0.1
FILM = 2e-5
"""Resistance of a film on the front, ohm m^2: of the order of the charge transfer."""
FILM_GROWTH = 5e-9
"""What a film that grows gains per charge, ohm m^4/C: it doubles at the constant current here."""
THICK, THICKENING = 2e-3, 5e-5
"""A film that is all the resistance there is, and its growth: it doubles at the constant voltage here."""
WIDTH, ACROSS = 0.1, 4
TOLERANCE = 1e-4
"""0.01 %, of all numbers here."""
FARADAY_SOURCE = "Faraday's law"
SOURCE = "moving boundary in 1D, spectral (verification.exact.growing)"


@dataclass(frozen=True)
class Trace:
    """A cell over time.

    Attributes:
        time: s, shape (m,).
        height: mean growth of the front in m, shape (m,).
        current: A/m^2, shape (m,).
        voltage: V, shape (m,).
        spread: highest less lowest vertex at the end, over the growth.
        charge: deposited by the solver's books, C/m^2.
        film: mean resistance that has grown on the front at the end, ohm m^2.
        salt: relative defect of the amounts of the ions at the end.
        remeshes: how often the mesh was made anew.
    """

    time: FloatArray
    height: FloatArray
    current: FloatArray
    voltage: FloatArray
    spread: float
    charge: float
    film: float
    salt: float
    remeshes: int


def planar(film: float = 0.0) -> Front:
    """The cell, at `SHARE` of its limiting current."""
    cell = Cell(SALT, LENGTH, CONCENTRATION)
    return Front(cell, Electrodes(KINETICS, KINETICS, film), METAL, SHARE * cell.limiting_current)


def trace(
    state: Front, program: Program, steps: int, layers: int, remesh: int = 0, film_growth: float = 0.0
) -> Trace:
    """March to `TIME` in equal steps, on about `layers` cells across the gap."""
    size = 1.0 / layers
    growth = Growth(state, flat(WIDTH, ACROSS), program, Mesh(size, size), fixed(TIME / steps), film_growth)
    simulation = growth.simulation()
    begin = float(simulation.front.points[:, 1].mean())
    rows = [_reading(done, begin) for done in march(simulation, TIME, TIME / steps, remesh)]
    time, height, current, voltage = np.array(rows).T
    spread = float(np.ptp(simulation.front.points[:, 1])) * simulation.cell.gap / height[-1]
    charge = simulation.state.totals.charge / simulation.cell.width
    film, remeshes = float(simulation.front.film.mean()), simulation.state.remeshes
    return Trace(time, height, current, voltage, spread, charge, film, simulation.mass_error(), remeshes)


def _reading(simulation: Simulation, begin: float) -> tuple[float, float, float, float]:
    state, cell = simulation.state, simulation.cell
    height = (float(simulation.front.points[:, 1].mean()) - begin) * cell.gap
    return state.time, height, state.current / cell.width, simulation.voltage


def _galvanostatic(quick: bool) -> Iterator[Row]:
    """Constant current: the position is known beforehand, the voltage is that of the moving boundary."""
    for film, growth, what in (
        (0.0, 0.0, ""),
        (FILM, 0.0, ", a film"),
        (FILM, FILM_GROWTH, ", a growing film"),
    ):
        state = planar(film)
        steps, layers = (60, 30) if quick else (240, 60)
        found = trace(state, constant_current(state.current), steps, layers, steps // 5, growth)
        exact = GrowingPlane(state.cell, state.electrodes, METAL, growth).at_current(state.current, [TIME])
        case = f"i = {SHARE:g} i_lim{what}, {found.remeshes} remeshings"
        position = faraday_height(METAL, SALT.z_plus, -state.current * TIME)
        yield Row(
            case, "position of the front", position, found.height[-1], "m", TOLERANCE,
            source=FARADAY_SOURCE,
        )  # fmt: skip
        yield Row(case, "departure from a plane", 0.0, found.spread, "", TOLERANCE, note="over the growth")
        yield Row(case, "voltage", float(exact.voltage[-1]), found.voltage[-1], "V", TOLERANCE, source=SOURCE)
        yield Row(case, "balance of the salt", 0.0, found.salt, "", 1e-8)


def _potentiostatic(quick: bool) -> tuple[list[Row], list[Curve]]:
    """Held voltage: position and current over time are those of the moving boundary."""
    state = planar()
    plane = GrowingPlane(state.cell, state.electrodes, METAL)
    steps, layers = (60, 40) if quick else (240, 80)
    last = trace(state, hold(VOLTAGE), steps, layers, remesh=steps // 5)
    exact = plane.at_voltage(VOLTAGE, [TIME])
    case = f"V = {VOLTAGE:g} V, {last.remeshes} remeshings"
    position = faraday_height(METAL, SALT.z_plus, last.charge)
    height = last.height[-1]
    rows = [
        Row(
            case, "position of the front for its charge", position, height, "m", TOLERANCE,
            source=FARADAY_SOURCE,
        ),
        Row(
            case, "position of the front at the end", float(exact.height[-1]), height, "m", TOLERANCE,
            source=SOURCE,
        ),
        Row(
            case, "current at the end", float(exact.current[-1]), last.current[-1], "A/m2", TOLERANCE,
            source=SOURCE,
        ),
        Row(case, "departure from a plane", 0.0, last.spread, "", TOLERANCE, note="over the growth"),
    ]  # fmt: skip
    fine = plane.at_voltage(VOLTAGE, list(np.linspace(0.01 * TIME, TIME, 100)))
    curves = [
        _curve("V = -0.1 V", last, last.height * 1e9, fine.time, fine.height * 1e9, "growth (nm)"),
        _curve("V = -0.1 V", last, last.current, fine.time, fine.current, "current density (A/m2)"),
    ]
    return rows, curves


def _filmed(quick: bool) -> Iterator[Row]:
    """Held voltage: the film that grows takes more and more of it."""
    state = planar(FILM)
    steps, layers = (60, 40) if quick else (240, 80)
    found = trace(state, hold(VOLTAGE), steps, layers, steps // 5, FILM_GROWTH)
    exact = GrowingPlane(state.cell, state.electrodes, METAL, FILM_GROWTH).at_voltage(VOLTAGE, [TIME])
    case = f"V = {VOLTAGE:g} V, a growing film, {found.remeshes} remeshings"
    charge = float(exact.charge[-1])
    yield Row(case, "charge", charge, found.charge, "C/m2", TOLERANCE, source=SOURCE)
    yield Row(
        case, "current at the end", float(exact.current[-1]), found.current[-1], "A/m2", TOLERANCE,
        source=SOURCE,
    )  # fmt: skip
    yield Row(case, "film grown", FILM_GROWTH * charge, found.film, "ohm m2", TOLERANCE, source=SOURCE)


def _parabolic(quick: bool) -> Row:
    """Held voltage over a film that is nearly all of the resistance: the order in the step."""
    state = planar(THICK)
    exact = GrowingPlane(state.cell, state.electrodes, METAL, THICKENING).at_voltage(VOLTAGE, [TIME])
    charge, fine, layers = float(exact.charge[-1]), 120 if quick else 240, 20
    coarse, last = (
        trace(state, hold(VOLTAGE), steps, layers, film_growth=THICKENING).charge
        for steps in (fine // 2, fine)
    )
    order = float(np.log2(abs(coarse - charge) / abs(last - charge)))
    return Row(
        f"V = {VOLTAGE:g} V, the film is all the resistance, {fine} steps", "charge", charge, last, "C/m2",
        TOLERANCE, order=order, expected_order=2.0, source=SOURCE,
    )  # fmt: skip


def _curve(name: str, found: Trace, y: FloatArray, x: FloatArray, reference: FloatArray, label: str) -> Curve:
    return Curve(name, found.time, np.asarray(y), np.asarray(reference), x, "time (s)", label)


def run(quick: bool) -> Result:
    """All of the study."""
    held, curves = _potentiostatic(quick)
    rows = (*_galvanostatic(quick), *held, *_filmed(quick), _parabolic(quick))
    return Result(rows, () if quick else tuple(curves))


study = Study(
    "growing-planar",
    "Planar front that grows",
    "A flat electrode grows at constant current and at constant voltage, through forced remeshings. Its "
    "position is that of Faraday's law within 0.01 % and it stays flat; charge, current and voltage are "
    "those of the moving-boundary problem in one dimension, with and without a film on the front, be it "
    "constant or growing with the charge.",
    run,
)
