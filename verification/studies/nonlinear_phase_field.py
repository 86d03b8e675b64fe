"""The nonlinear phase-field model of the literature: what it does right, what it does to charge and surfaces.

The sharp-interface limit of docs/nonlinear-phase-field.md is compared with runs of the solver: speed and
profile of a flat front, the part of the growth that the reaction term makes, the charge that passes the
electrodes, and the shrinking of a round deposit, with and without fourfold anisotropy.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from mpi4py import MPI

from meshes.builders import Layer, interval, rectangle
from meshes.regions import Regions
from solver.constants import FARADAY, GAS
from solver.nonlinear_parameters import HONG_2018, MICRON, PUBLISHED, Parameters
from solver.nonlinear_phase_field import NonlinearPhaseField, Pace
from solver.types import FloatArray
from verification.rows import Curve, Result, Row, Study

GAP, START = 100.0 * MICRON, 20.0 * MICRON
SIDE, RADIUS = 8.0 * MICRON, 5.0 * MICRON
SLOW = 0.02
"""Voltage at which the profile is hardly distorted, V."""
PACE = Pace(1e-3, tolerance=1e-3)
SOURCE = "sharp-interface limit (docs/nonlinear-phase-field.md)"


def profile(distance: FloatArray, width: float) -> FloatArray:
    """The profile at rest: xi = 1/(1 + exp(d/w))."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(distance / width, -500.0, 500.0))))


def flat(parameters: Parameters, voltage: float, cells: int) -> NonlinearPhaseField:
    """A flat deposit of 20 um below 80 um of electrolyte, in one dimension."""
    layer = Layer("cell", GAP, cells=cells)
    regions = interval(MPI.COMM_WORLD, [layer], ("substrate", "counter"))

    def metal(points: FloatArray) -> FloatArray:
        return profile(points[:, 0] * regions.unit - START, parameters.width)

    return NonlinearPhaseField(regions, parameters, voltage, metal, Pace(1e-2, tolerance=1e-3))


def round_deposit(parameters: Parameters, cells: int, pace: Pace = PACE) -> NonlinearPhaseField:
    """A quarter of a disc in the corner of a square, nothing driving it."""
    layer = Layer("cell", SIDE, cells=cells)
    regions = rectangle(
        MPI.COMM_WORLD, SIDE, [layer], columns=cells, bottom="substrate", top="counter", diagonal="crossed"
    )

    def metal(points: FloatArray) -> FloatArray:
        return profile(np.hypot(*points.T) * regions.unit - RADIUS, parameters.width)

    return NonlinearPhaseField(regions, parameters, 0.0, metal, pace)


def gathered(regions: Regions, values: FloatArray) -> FloatArray:
    """Rows of all ranks."""
    return np.concatenate(regions.comm.allgather(values))


def steepest(model: NonlinearPhaseField) -> float:
    """Width from the largest slope of xi in one dimension, 1/(4 w), m."""
    space = model.xi.function_space
    rows = np.column_stack((space.tabulate_dof_coordinates()[:, 0] * model.regions.unit, model.xi.x.array))
    x, xi = np.unique(gathered(model.regions, rows), axis=0).T
    apart = np.diff(x) > 0.0
    return float(0.25 / np.max(-np.diff(xi)[apart] / np.diff(x)[apart]))


def radius(model: NonlinearPhaseField, angle: float) -> float:
    """Distance of the contour xi = 1/2 from the corner along a direction, m: psi is linear across it."""
    space, width = model.xi.function_space, model.parameters.width
    points = space.tabulate_dof_coordinates()[:, :2] * model.regions.unit
    rows = gathered(model.regions, np.column_stack((points, model.xi.x.array)))
    along = rows[:, :2] @ np.array([math.cos(angle), math.sin(angle)])
    across = rows[:, :2] @ np.array([-math.sin(angle), math.cos(angle)])
    near = (np.abs(across) < 1e-3 * width) & (rows[:, 2] > 0.1) & (rows[:, 2] < 0.9)
    psi = np.log(rows[near, 2] / (1.0 - rows[near, 2]))
    slope, offset = np.polyfit(psi, along[near], 1)
    del slope
    return float(offset)


def _flat(quick: bool) -> tuple[list[Row], list[Curve]]:
    """A front whose electrolyte is in equilibrium with the field, c = c0 exp(-u): the model's own limit."""
    parameters = replace(HONG_2018, diffusivity=1e3 * HONG_2018.diffusivity)
    model = flat(parameters, -SLOW, 1000 if quick else 2000)
    model.advance(4.0)
    begin, charge, time = model.metal(), model.books, model.time
    model.advance(8.0 if quick else 40.0)
    u = SLOW / parameters.thermal
    speed = (model.metal() - begin) / (model.time - time)
    passed = (model.books.deposited - charge.deposited) / (model.books.counter - charge.counter)
    kinetic = (model.books.deposited - charge.deposited) / (model.books.kinetic - charge.kinetic)
    charge_speed = parameters.density_metal * FARADAY
    ahead = GAP - 0.5 * (begin + model.metal())
    expected = parameters.speed(-SLOW, math.exp(u))
    case = f"flat front at -{SLOW} V"
    rows = [
        Row(case, "speed", expected / MICRON, speed / MICRON, "um/s", 0.01, source=SOURCE),
        Row(case, "width of the profile", parameters.width / MICRON, steepest(model) / MICRON, "um", 0.01),
        Row(case, "growth over what the reaction makes", 1.2, kinetic, "", 0.01, source=SOURCE),
        Row(
            case,
            "deposited over passed charge",
            charge_speed * expected * ahead / (parameters.conductivity * SLOW),
            passed,
            "",
            0.02,
            source="electrolyte as a resistor between metal and counter electrode",
            note="1 by Faraday's law",
        ),
        Row(case, "balance of the charge", 0.0, model.books.charge_error, "", 1e-5),
        Row(case, "balance of the salt", 0.0, model.books.salt_error, "", 1e-5),
    ]
    return rows, []


def _driven(quick: bool) -> list[Row]:
    """The voltage of the published dendrites: no closed form, so the model's books alone."""
    model = flat(HONG_2018, -0.45, 1000)
    model.advance(1.0 if quick else 10.0)
    case = "flat front at -0.45 V"
    share = model.books.deposited / model.books.kinetic
    note = (
        f"{share:.2f} times what the reaction makes; {model.books.closure:.3f} of the charge at the counter"
    )
    return [
        Row(case, "balance of the charge", 0.0, model.books.charge_error, "", 1e-6, note=note),
        Row(case, "balance of the salt", 0.0, model.books.salt_error, "", 1e-9),
    ]


def _round(quick: bool) -> list[Row]:
    """A disc shrinks at L_sigma kappa/R, its quarter by pi/2 L_sigma kappa t; 1 - 7 delta cos 4 theta."""
    still = replace(HONG_2018, reaction_rate=1e-12)
    time, cells, delta = 0.5, 48 if quick else 128, 0.02
    rows = []
    model = round_deposit(still, cells)
    start = model.metal()
    model.advance(time)
    lost = 0.5 * math.pi * still.capillary_speed * time
    rows.append(
        Row(
            "disc of 5 um",
            "area lost",
            lost / MICRON**2,
            (start - model.metal()) / MICRON**2,
            "um2",
            0.02,
            source=SOURCE,
        )
    )
    turned = round_deposit(replace(still, anisotropy=delta, folds=4), cells)
    before = [radius(turned, angle) for angle in (0.0, 0.25 * math.pi)]
    turned.advance(0.2)
    axis, diagonal = (r - radius(turned, a) for r, a in zip(before, (0.0, 0.25 * math.pi), strict=True))
    ratio = (1.0 - 7.0 * delta) / (1.0 + 7.0 * delta)
    rows.append(
        Row(
            f"fourfold, delta = {delta}",
            "retreat along axis over diagonal",
            ratio,
            axis / diagonal,
            "",
            0.05,
            source=SOURCE,
        )
    )
    return rows


def _sets() -> list[Row]:
    """Capillarity of published sets over the consistent one, in which width and energy drop out."""
    rows = []
    for name, p in PUBLISHED.items():
        expected = p.barrier_mobility * GAS * p.temperature * p.density_metal / p.reaction_rate
        found = p.capillary_excess()
        rows.append(
            Row(name, "L_sigma kappa over S gamma (V_m/F)^2", expected, found, "", 1e-12, source=SOURCE)
        )
    return rows


def run(quick: bool) -> Result:
    """All of the study."""
    rows, curves = _flat(quick)
    return Result((*rows, *_driven(quick), *_round(quick), *_sets()), tuple(curves))


study = Study(
    "nonlinear-phase-field",
    "Nonlinear phase-field model of the literature",
    "A flat front has the profile and the speed of the sharp-interface limit, a disc shrinks as it should. "
    "The balances of the model close; but the charge at the counter electrode is that of a resistor and not "
    "that of the metal, a sixth of the growth is not made by the reaction, and capillarity is stronger than "
    "that of the metal by orders of magnitude.",
    run,
)
