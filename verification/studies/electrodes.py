"""One electrode: charge transfer behind a film or a Schottky junction.

In series the voltages add at one current. A cell of this kind between -1 V and 0.1 V is compared with the
root of that sum: without concentrations (Ohm's law: the electrolyte adds iL/kappa), and as a binary cell
with two metal electrodes, where the closed form of the steady state gives the voltage of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.builders import Layer
from solver import model
from solver.closures import Closure, Electroneutral, Secondary
from solver.contact import Schottky
from solver.electrolyte import Species
from solver.experiment import StepError
from solver.model import Barrier, Film, Interface, Medium, Model, Prescribed
from solver.program import constant_current, hold, sequence
from verification.exact import binary, electrode
from verification.rows import Curve, Result, Row, Study

from .sandwich import CELLS, CONCENTRATION, TEMPERATURE, deposition, march, mesh, steady

LENGTH, KAPPA = 50e-6, 1.0
KINETICS = electrode.Kinetics(10.0)
JUNCTION = Schottky(0.5, 1.2e6, 1.0, TEMPERATURE)
"""J_s = 377 A/m^2."""
SALT = binary.Salt(1, -1, 1e-10, 1.5e-10, TEMPERATURE)
CELL = binary.Cell(SALT, LENGTH, CONCENTRATION)
"""Limiting current 772 A/m^2."""
BIASES = (0.1, -1e-3, -0.05, -0.3, -1.0)
"""V; the program goes through them in this order."""
EXACT_IN_P1 = 1e-9
"""Where the fields are linear, only what Newton's method leaves is wrong."""
TARGET = 1e-3
SOURCE = "voltages in series; verification.exact.electrode, binary"


@dataclass(frozen=True)
class Obstacle:
    """What the current passes before it reacts.

    Attributes:
        name: in the table.
        series: for the solver.
        film: ohm m^2.
        saturation: J_s in A/m^2, infinite without a junction.
    """

    name: str
    series: model.Series
    film: float = 0.0
    saturation: float = math.inf


OBSTACLES = (
    Obstacle("film", Film(5e-4), 5e-4),
    Obstacle("junction", Barrier(JUNCTION), 0.0, JUNCTION.saturation),
    Obstacle("junction and film", Barrier(JUNCTION, 5e-4), 5e-4, JUNCTION.saturation),
)


def ohmic_cell(obstacle: Obstacle, degree: int = 1) -> Model:
    """Electrode behind `obstacle`, Ohm's law, phi = 0 at the other end."""
    working = Interface("working", "working", (deposition(KINETICS),), series=obstacle.series)
    ground = Prescribed("potential", "counter", 0.0)
    media = {"electrolyte": Medium()}
    return Model(Secondary(KAPPA), TEMPERATURE, media, (working,), prescribed=(ground,), degree=degree)


def binary_closure(salt: binary.Salt = SALT, concentration: float = CONCENTRATION) -> Closure:
    """The salt as the solver takes it."""
    ions = (
        Species("Na+", salt.z_plus, salt.d_plus, concentration),
        Species("X-", salt.z_minus, salt.d_minus, -concentration * salt.z_plus / salt.z_minus),
    )
    return Electroneutral(ions, "X-")


def binary_cell(obstacle: Obstacle, degree: int = 1) -> Model:
    """Binary salt between two metal electrodes, the working one behind `obstacle`."""
    reaction = deposition(KINETICS)
    electrodes = (
        Interface("working", "working", (reaction,), series=obstacle.series),
        Interface("counter", "counter", (reaction,)),
    )
    return Model(binary_closure(), TEMPERATURE, {"electrolyte": Medium()}, electrodes, degree=degree)


def ohmic_current(obstacle: Obstacle, bias: float) -> float:
    """Exact i in A/m^2 of `ohmic_cell`: the electrolyte is one more film."""
    resistance = obstacle.film + LENGTH / KAPPA
    series = electrode.Series(resistance, obstacle.saturation, JUNCTION.voltage)
    return electrode.series_current(KINETICS, bias, series)


def binary_voltage(obstacle: Obstacle, current: float) -> float:
    """Exact steady voltage of `binary_cell` in V at a current: V_cell + R i + V_T ln(1 + i/J_s)."""
    junction = JUNCTION.voltage * math.log1p(current / obstacle.saturation)
    return CELL.steady_voltage(current, KINETICS) + obstacle.film * current + junction


def binary_current(obstacle: Obstacle, bias: float) -> float:
    """Exact steady i in A/m^2 of `binary_cell`."""
    rounding = 1.0 - 4.0 * np.finfo(float).eps
    largest = CELL.limiting_current * rounding
    least = -min(largest, obstacle.saturation * rounding)
    if binary_voltage(obstacle, least) > bias:
        return least
    return float(brentq(lambda i: binary_voltage(obstacle, i) - bias, least, largest, xtol=1e-12))


Exact = Callable[[Obstacle, float], float]
Maker = Callable[[Obstacle, int], Model]
CLOSURES: tuple[tuple[str, Maker, Exact, float], ...] = (
    ("Ohm's law", ohmic_cell, ohmic_current, EXACT_IN_P1),
    ("binary salt", binary_cell, binary_current, TARGET),
)


def currents(
    make: Maker, obstacle: Obstacle, dim: int = 1, cells: int = CELLS, degree: int = 1
) -> list[float]:
    """Steady currents in A/m^2 at `BIASES`."""
    program = sequence(*(hold(bias, steady(CELL.diffusion_time)) for bias in BIASES))
    regions = mesh(dim, [Layer("electrolyte", LENGTH, cells=cells)])
    _, ends = march(make(obstacle, degree), regions, program, CELL.diffusion_time)
    return [end.current for end in ends]


def in_series(quick: bool) -> Result:
    """All obstacles, with and without concentrations, in 1D to 3D."""
    rows: list[Row] = []
    curves: list[Curve] = []
    for closure, make, exact, tolerance in CLOSURES:
        for obstacle in OBSTACLES:
            # In 2D and 3D the unknown of the film lives on edges and triangles; one obstacle will do.
            dims = (1, 2) if obstacle is OBSTACLES[-1] else (1,)
            if quick and closure != CLOSURES[0][0] and obstacle is OBSTACLES[1]:
                continue
            for dim in dims if quick else (1, 2, 3):
                case = f"Butler-Volmer behind a {obstacle.name}, {closure}, {dim}D"
                got = currents(make, obstacle, dim, CELLS if dim < 3 else CELLS // 2)
                expected = [exact(obstacle, bias) for bias in BIASES]
                for bias, e, g in zip(BIASES, expected, got, strict=True):
                    rows.append(Row(case, f"current at {bias:g} V", e, g, "A/m2", tolerance, source=SOURCE))
                if dim == 1:
                    curves.append(_curve(f"{obstacle.name}, {closure}", expected, got))
    rows.append(order_row(quick))
    rows += galvanostatic(quick)
    return Result(tuple(rows), tuple(curves))


def _curve(name: str, expected: Sequence[float], got: Sequence[float]) -> Curve:
    order = np.argsort(BIASES)
    x, y, reference = (np.asarray(values)[order] for values in (BIASES, got, expected))
    return Curve(name, x, y, reference, x_label="cell voltage / V", y_label="current density / A m-2")


def order_row(quick: bool) -> Row:
    """Order of the current of the binary cell behind a film at -1 V, 92 % of the limiting current."""
    obstacle, at = OBSTACLES[0], BIASES.index(-1.0)
    expected = binary_current(obstacle, BIASES[at])
    errors = []
    for cells in (40, 80) if quick else (40, 80, 160):
        got = currents(binary_cell, obstacle, cells=cells)[at]
        errors.append(abs(got / expected - 1.0))
    order = math.log2(errors[-2] / errors[-1])
    case = "Butler-Volmer behind a film, binary salt, 1D, P1"
    return Row(case, "current at -1 V, finest mesh", expected, got, "A/m2", TARGET, order, 2.0, SOURCE)


def galvanostatic(quick: bool) -> list[Row]:
    """Just below J_s the voltage is that of the closed form; above it there is none, and the run says so."""
    junction, both = OBSTACLES[1], OBSTACLES[2]
    rows = []
    for obstacle in (both,) if quick else (junction, both):
        for part in (0.5, 0.999):
            current = -part * JUNCTION.saturation
            regions = mesh(1, [Layer("electrolyte", LENGTH, cells=CELLS)])
            program = constant_current(current, steady(CELL.diffusion_time))
            _, ends = march(binary_cell(obstacle), regions, program, CELL.diffusion_time)
            case = f"constant current through a {obstacle.name}, binary salt, 1D"
            expected = binary_voltage(obstacle, current)
            what = f"voltage at {part:g} J_s"
            rows.append(Row(case, what, expected, ends[-1].voltage, "V", TARGET, source=SOURCE))
    rows.append(refusal(binary_cell(both), -1.01 * JUNCTION.saturation))
    return rows


def refusal(cell: Model, current: float) -> Row:
    """1 where a current above J_s ends in an error that names the junction's limit."""
    regions = mesh(1, [Layer("electrolyte", LENGTH, cells=CELLS)], MPI.COMM_WORLD)
    try:
        march(cell, regions, constant_current(current, 1.0), CELL.diffusion_time)
        said = "no error"
    except StepError as error:
        said = str(error)
    got = 1.0 if "junction" in said and f"{JUNCTION.saturation:.4g}" in said else 0.0
    case = "constant current through a junction and film, binary salt, 1D"
    return Row(case, "1.01 J_s is refused with the reason", 1.0, got, "", 0.0, source=SOURCE, note=said)


study = Study(
    "series",
    "Charge transfer behind a film or a Schottky junction",
    "Film resistance and junction are solved with the interfacial current, or the junction's voltage, as "
    "an unknown on the electrode. From 1 mV to 1 V, from an ohmic to a saturated junction, the current is "
    "the root of the sum of all voltages in series. Above the saturation current of the junction no "
    "steady state exists.",
    in_series,
)
