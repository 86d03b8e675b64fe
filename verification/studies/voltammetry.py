"""A minor ion under potential control in supporting electrolyte: steps (Cottrell) and sweeps (voltammetry).

The counter electrode is ideal, so that the potential of the working electrode is prescribed but for the ohmic
drop of the electrolyte. Half-spaces are layers that diffusion does not cross in time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from mpi4py import MPI

from meshes import builders
from meshes.builders import Layer
from solver import program
from solver.closures import Supporting
from solver.constants import thermal_voltage
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import Interface, Medium, Model, Prescribed
from solver.reaction import ButlerVolmer, Linearised, Reaction
from solver.types import FloatArray
from verification.exact.diffusion import Minor
from verification.exact.electrode import Kinetics
from verification.exact.voltammetry import (
    BERZINS_DELAHAY,
    RANDLES_SEVCIK,
    Sweep,
    deposit_peak,
    deposit_with_kinetics,
    peak_current,
    reversible_couple,
    reversible_deposit,
)
from verification.rows import Curve, Result, Row, Study

from .binary_cell import ION, REGION, SODIUM_LIKE, TARGET, binary
from .transients import Track, follow, graded

BOARD = "Bard and Faulkner, Electrochemical Methods, 2nd ed., ch. 5.2, 11.7"
WAVE = "Nicholson and Shain, Anal. Chem. 36 (1964) 706"
DEPOSIT = "Berzins and Delahay, J. Am. Chem. Soc. 75 (1953) 555"
VOLTERRA = "Nicholson and Shain, Anal. Chem. 36 (1964) 706; Linz, SIAM 1985, ch. 8"
MINOR = Minor(1e-9, 0.1)
"""0.1 mmol/l."""
KAPPA = 40.0
"""In S/m, as of 1 mol/l of a strong acid: migration and ohmic drop of the minor ion are below 1e-4."""
TEMPERATURE = 298.15
PRODUCT = "R"
RATE, HALF_SPACE = 0.1, 0.6e-3
"""In V/s; in m: six times the distance of diffusion in the longest sweep."""
FAST, SLOW = 1e5, 0.5
"""Exchange current densities in A/m^2: 1e5 times the peak current, and about that current."""


def model(reaction: Reaction, far: str, product: bool = False) -> Model:
    """A minor ion, reduced to a metal or to a dissolved product, against an ideal counter electrode.

    Args:
        reaction: at the working electrode.
        far: "held" for c0 at the counter electrode, "wall" for no flux there.
        product: whether what the ion is reduced to is dissolved; absent at first.
    """
    ion = Species(ION, 1, MINOR.diffusivity, MINOR.concentration)
    species = (ion, Species(PRODUCT, 0, MINOR.diffusivity, 0.0)) if product else (ion,)
    ideal = Reaction("ideal", 1, {}, Linearised(Constant(1e8)))
    return Model(
        Supporting(species, KAPPA),
        TEMPERATURE,
        {REGION: Medium()},
        (Interface("working", "working", (reaction,)), Interface("counter", "counter", (ideal,))),
        prescribed=(Prescribed(ION, "counter", ion.concentration),) if far == "held" else (),
        lumped=product,
    )


def deposition(exchange: float) -> Reaction:
    """Of the ion, E_eq = 0 at its concentration in the bulk; exchange current density in A/m^2."""
    law = ButlerVolmer(Constant(exchange))
    return Reaction("deposition", 1, {ION: 1.0}, law, reference={ION: MINOR.concentration})


def couple() -> Reaction:
    """Reduction to the dissolved product, in equilibrium at any rate of sweep here; E_1/2 = 0."""
    c0 = MINOR.concentration
    law = ButlerVolmer(Constant(FAST))
    return Reaction("reduction", 1, {ION: 1.0, PRODUCT: -1.0}, law, reference={ION: c0, PRODUCT: c0})


# --- steps


def cottrell(quick: bool) -> Result:
    """A step of potential to the limiting current."""
    length = 200e-6
    forms: tuple[tuple[str, str, Callable[[FloatArray, float], FloatArray], tuple[float, ...]], ...] = (
        ("half-space", "held", lambda t, _: MINOR.cottrell(t), (0.003, 0.01, 0.03)),
        ("Nernst layer", "held", MINOR.held_layer_current, (0.1, 0.3, 1.0)),
        ("thin layer", "wall", MINOR.thin_layer_current, (0.1, 0.3, 1.0)),
    )
    rows: list[Row] = []
    curves = []
    scale = length**2 / MINOR.diffusivity
    layer = Layer(REGION, length, cells=150, size_start=2e-4 * length)
    for name, far, form, parts in forms:
        mesh = builders.interval(MPI.COMM_WORLD, [layer])
        stepping = Stepping(1e-7 * scale, tolerance=1e-5 if quick else 1e-6)
        experiment = Experiment(model(deposition(1.0), far), mesh, stepping)
        stops = [part * scale for part in (parts[:2] if quick else parts)]
        seen = follow(experiment, program.hold(-1.0, time=stops[-1]), stops)
        for stop in stops:
            wanted = -float(form(np.array([stop]), length)[0])
            what, got = f"i at D t/L2 = {stop / scale:g}", float(seen.current[seen.at(stop)])
            rows.append(Row(f"minor ion, {name}", what, wanted, got, "A/m2", TARGET, source=BOARD))
        late = seen.time > 1e-4 * scale
        x, y = seen.time[late], np.asarray(-seen.current[late])
        labels = ("time (s)", "-i (A/m2)")
        curves.append(Curve(name, x, y, form(x, length), None, *labels, log_x=True, log_y=True))
    return Result((*rows, *_binary_step(quick)), tuple(curves))


def _binary_step(quick: bool) -> list[Row]:
    """The binary salt, to -5 V: i = F D c0/((1 - t+) sqrt(pi D t)) once the gap is not the resistance."""
    cell = binary(SODIUM_LIKE, graded(200))
    exact, scale = cell.exact, cell.exact.diffusion_time
    stops = [part * scale for part in (0.01, 0.02)]
    experiment = cell.experiment(Stepping(1e-8 * scale, tolerance=1e-5 if quick else 1e-6))
    seen = follow(experiment, program.hold(-5.0, time=stops[-1]), stops)
    rows = []
    for stop in stops:
        gradient = exact.concentration / math.sqrt(math.pi * exact.salt.diffusivity * stop)
        wanted, got = exact.salt.current(gradient), float(seen.current[seen.at(stop)])
        what = f"i at D t/L2 = {stop / scale:g}"
        rows.append(
            Row(f"1:1 salt, half-space: {cell.name}", what, wanted, got, "A/m2", TARGET, source=BOARD)
        )
    return rows


# --- sweeps


def _sweep(given: Model, start: float, vertex: float, quick: bool) -> Track:
    """One cycle start -> vertex -> start in V at `RATE`."""
    layer = Layer(REGION, HALF_SPACE, cells=150, size_start=1e-4 * HALF_SPACE)
    # The current begins as sqrt(t): the first step and cell are small, and the cell is its diffusion layer.
    stepping = Stepping(1e-6, largest=0.02 if quick else 0.005, tolerance=1e-6)
    experiment = Experiment(given, builders.interval(MPI.COMM_WORLD, [layer]), stepping)
    return follow(experiment, program.cyclic_voltammetry(start, start, vertex, RATE, 1))


def _peak(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Largest of y > 0 and where it is: parabola through the three largest neighbours."""
    k = int(np.argmax(y))
    a, b, c = np.polyfit(x[k - 1 : k + 2] - x[k], y[k - 1 : k + 2], 2)
    at = -b / (2.0 * a)
    return float(x[k] + at), float(c - 0.25 * b**2 / a)


def _deviation(seen: Track, exact: FloatArray, case: str, source: str) -> Row:
    """Largest difference over the sweep, beside its peak."""
    miss = float(np.max(np.abs(seen.current - exact)) / np.max(np.abs(exact)))
    return Row(case, "largest deviation of i, per peak current", 0.0, miss, "", TARGET, source=source)


def _voltammogram(name: str, seen: Track, exact: FloatArray) -> Curve:
    return Curve(name, seen.voltage, seen.current, exact, None, "E (V)", "i (A/m2)")


def reversible(quick: bool) -> tuple[list[Row], Curve]:
    """Ion and product dissolved, Nernst's equilibrium at the electrode."""
    start, vertex = (
        0.4,
        -0.2,
    )  # there Nernst asks for a share of product of 2e-7: the jump at t = 0 is as small
    sweep = Sweep(start, RATE, (start - vertex) / RATE, TEMPERATURE)
    seen = _started(_sweep(model(couple(), "held", product=True), start, vertex, quick))
    exact = reversible_couple(seen.time, MINOR, sweep)
    down = seen.time < sweep.reversal
    potential, current = _peak(seen.voltage[down], np.asarray(-seen.current[down]))
    back, _ = _peak(seen.voltage[~down], seen.current[~down])
    fine: FloatArray = np.linspace(sweep.reversal, 2.0 * sweep.reversal, 4001, dtype=np.float64)[1:]
    back_exact, _ = _peak(sweep.potential(fine), reversible_couple(fine, MINOR, sweep))
    vt, case = thermal_voltage(TEMPERATURE), "reversible couple, 0.1 V/s"
    wanted = peak_current(MINOR, sweep, RANDLES_SEVCIK)
    rows = [
        Row(case, "peak current (Randles, Sevcik)", wanted, current, "A/m2", TARGET, source=WAVE),
        Row(case, "peak potential - E1/2", -1.109 * vt, potential, "V", TARGET, source=WAVE),
        Row(
            case,
            "separation of the peaks",
            back_exact + 1.109 * vt,
            back - potential,
            "V",
            TARGET,
            source=WAVE,
        ),
        _deviation(seen, exact, case, WAVE),
    ]
    return rows, _voltammogram(case, seen, exact)


def deposit(quick: bool) -> tuple[list[Row], list[Curve]]:
    """Deposition of a metal of activity 1 from equilibrium: reversible (to the vertex), and with kinetics."""
    vertex = -0.2
    sweep = Sweep(0.0, RATE, -vertex / RATE, TEMPERATURE)
    seen = _started(_sweep(model(deposition(FAST), "held"), 0.0, vertex, quick))
    down = seen.time <= sweep.reversal
    first = Track(seen.time[down], seen.surface[down], seen.voltage[down], seen.current[down])
    exact = reversible_deposit(first.time, MINOR, sweep)
    potential, current = _peak(first.voltage, np.asarray(-first.current))
    wanted, place = peak_current(MINOR, sweep, BERZINS_DELAHAY), deposit_peak(MINOR, sweep)[0]
    case = "reversible deposit, 0.1 V/s"
    rows = [
        Row(case, "peak current (Berzins, Delahay)", wanted, current, "A/m2", TARGET, source=DEPOSIT),
        Row(case, "peak potential - E_eq", place, potential, "V", TARGET, source=DEPOSIT),
        _deviation(first, exact, case, DEPOSIT),
    ]
    curves = [_voltammogram(case, first, exact)]
    steps = 4000 if quick else 16000  # linear interpolation between them must not be what is seen
    for exchange in (SLOW,) if quick else (SLOW, 10.0 * SLOW):
        seen = _sweep(model(deposition(exchange), "held"), 0.0, vertex, quick)
        kinetics = Kinetics(exchange, temperature=TEMPERATURE)
        times, values = deposit_with_kinetics(MINOR, sweep, kinetics, 2.0 * sweep.reversal, steps)
        case = f"deposit, i0 = {exchange:g} A/m2, 0.1 V/s, both ways"
        exact = np.asarray(np.interp(seen.time, times, values))
        rows.append(_deviation(seen, exact, case, VOLTERRA))
        curves.append(_voltammogram(case, seen, exact))
    return rows, curves


def _started(seen: Track) -> Track:
    """Without the instant at t = 0, where closed forms are singular."""
    on = seen.time > 0.0
    return Track(seen.time[on], seen.surface[on], seen.voltage[on], seen.current[on])


def voltammetry(quick: bool) -> Result:
    """Sweeps there and back."""
    rows, curve = reversible(quick)
    more, curves = deposit(quick)
    return Result((*rows, *more), (curve, *curves))


studies = (
    Study(
        "cottrell",
        "Steps of potential",
        "To the limiting current: a minor ion in supporting electrolyte, in a half-space (Cottrell), in a "
        "Nernst layer and in a thin layer, and a binary salt.",
        cottrell,
    ),
    Study(
        "voltammetry",
        "Cyclic voltammetry",
        "A minor ion swept there and back: a reversible couple in solution (Randles and Sevcik), a "
        "reversible deposit (Berzins and Delahay), deposits with kinetics against Volterra's equation.",
        voltammetry,
    ),
)
