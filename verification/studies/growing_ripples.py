"""Growth and decay of small ripples against the dispersion relation of `verification.exact.stability`.

A cell half a wavelength wide is marched under constant current until its salt is distributed as it stays,
then for a few steps more in which the amplitude changes by a few thousandths:

    omega = ln(a2/a1)/(t2 - t1)

The metal of the cell is that of Khoo, Zhao and Bazant, V_m c0 = 1.3e-4, so that the state is quasi-steady:
neither transients nor salt pushed ahead count. The gap closes while ripples grow; the relation is taken for
its length midway. Steps are short against the time in which the front advances by 1/k, for
motion along normals changes the shape of a ripple at the rate k v, which a time integrator must follow, and
slow kinetics let ripples grow much more slowly than that: omega/(k v) = K/(K + B k') without capillarity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.cell import Steps
from solver.constants import FARADAY
from solver.program import constant_current, rest
from solver.types import FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.stability import Deposit, Electrodes, Front
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import (
    LIFT,
    LOOSE,
    Growth,
    Mesh,
    at_length,
    finish,
    rippled,
    surface,
    wave,
)

LENGTH, CONCENTRATION, DIFFUSIVITY = 1e-3, 10.0, 1e-9
STEEPNESS = 0.015
"""k a of the ripples."""
EDGES = 24
"""On half a wave."""
SETTLING = 2.0
"""Time in L^2/D after which the cell is quasi-steady."""
RUN_IN, WINDOW = 8, 16
"""Equal steps before, and steps in which the rate is measured."""
CHANGE, ADVANCE = 1e-3, 2e-3
"""In each of them the amplitude changes by about `CHANGE`, and the front moves by `ADVANCE`/k at the most."""
TOLERANCE, PUBLISHED_TOLERANCE = 0.015, 0.03
"""Published rates are of a front that has not moved yet."""
NEAR = 0.05
"""k_c is found from ripples this much longer and shorter."""
WAVES = (5.0, 7.9971893, 20.037402, 45.5, 100.00929, 199.97416, 335.25995, 500.0)
"""k L."""
PUBLISHED: Mapping[float, float] = {
    7.9971893: 5.7729529e-4,
    20.037402: 6.8957948e-4,
    100.00929: 6.6171295e-4,
    199.97416: 3.2294197e-4,
    335.25995: -5.2225667e-4,
}
"""Omega L^2/D over k L for Da = 1: eigenvalues of the transient problem at t = 2 t_s, 1001 points, from the
authors' data (github.com/edwinksl/linear-stability-analysis-code, lsa_0_1_0.5_1001.mat)."""
KHOO = "Khoo, Zhao and Bazant, J. Electrochem. Soc. 166 (2019) A2280"
RELATION = "dispersion relation (verification.exact.stability)"


@dataclass(frozen=True)
class Rate:
    """Rate of one ripple in 1/s, and what the relation says of the same state."""

    measured: float
    expected: float


def khoo(damkohler: float = 1.0, salt: Salt | None = None, share: float = 0.5) -> Front:
    """The front of Khoo, Zhao and Bazant with rho_s = 0.

    In their numbers c is scaled by c0, length by L, time by L^2/D, the potential by RT/F, the current by the
    limiting one; j_0 = Da (xi c)^(1/2), xi = 0.01; gamma = (surface energy) V_m/(RT L), beta_m = V_m c0.

    Args:
        damkohler: Da.
        salt: both diffusivities; equal ones by default.
        share: current over the limiting one.
    """
    cell = Cell(salt or Salt(1, -1, DIFFUSIVITY, DIFFUSIVITY), LENGTH, CONCENTRATION)
    law = Kinetics(damkohler * math.sqrt(0.01) * cell.limiting_current)
    molar_volume = 1.299812734082397e-4 / CONCENTRATION
    surface_energy = 8.743377543355229e-5 * FARADAY / law.f * LENGTH / molar_volume
    return Front(
        cell, Electrodes(law, law), Deposit(molar_volume, surface_energy), -share * cell.limiting_current
    )


def filmed(state: Front, ratio: float) -> Front:
    """The same front behind a film with S r = `ratio`."""
    return replace(state, electrodes=replace(state.electrodes, film=ratio / state.slope))


def measure(state: Front, k: float, edges: int = EDGES) -> Rate:
    """Rate of a ripple of wavenumber `k` in rad/m on the front `state` (collective)."""
    time = state.cell.diffusion_time
    gap = state.cell.length / (1.0 - LIFT)
    width = math.pi / (k * gap)
    step = _step(state, k)
    growth = Growth(
        state,
        rippled(width, edges, STEEPNESS / (k * gap)),
        constant_current(state.current) if state.current else rest(),
        Mesh(width / edges, min(0.1, width)),
        Steps(1e-3 * time, max(0.1 * time, 2.0 * step), 1e-3, LOOSE),
    )
    simulation = finish(growth.simulation(), SETTLING * time, 0.1 * time)
    finish(simulation, simulation.state.time + RUN_IN * step, step)
    front = surface(simulation)
    begin, amplitude, height = simulation.state.time, wave(front), _height(front.points)
    finish(simulation, begin + WINDOW * step, step)
    rate = math.log(wave(surface(simulation)) / amplitude) / (simulation.state.time - begin)
    midway = 0.5 * (height + _height(surface(simulation).points))
    expected = at_length(state, gap * (1.0 - midway)).growth_rate(k)
    return Rate(rate, float(expected))


def _height(points: FloatArray) -> float:
    """Mean height of a polyline."""
    x, y = points.T
    return float(np.trapezoid(y, x)) / float(x[-1] - x[0])


def _step(state: Front, k: float) -> float:
    """Length of a time step in s in which little happens; see the module."""
    driven = float(replace(state, deposit=replace(state.deposit, surface_energy=0.0)).growth_rate(k))
    smoothed = driven - float(state.growth_rate(k))
    by_change = CHANGE / (driven + smoothed)
    return min(by_change, ADVANCE / (k * state.velocity)) if state.velocity > 0.0 else by_change


def rows(name: str, state: Front, waves: Sequence[float]) -> tuple[list[Row], Curve]:
    """Rates over k L, in D/L^2, against the relation; and as a curve over it."""
    found = [measure(state, w / state.cell.length) for w in waves]
    time = state.cell.diffusion_time
    result = [
        Row(
            name, f"omega L2/D at k L = {w:.5g}", time * one.expected, time * one.measured, "", TOLERANCE,
            source=RELATION,
        )
        for w, one in zip(waves, found, strict=True)
    ]  # fmt: skip
    fine = np.asarray(np.geomspace(0.8 * min(waves), 1.1 * max(waves), 200), dtype=np.float64)
    reference = np.asarray(time * state.growth_rate(fine / state.cell.length))
    measured = np.array([time * one.measured for one in found])
    x, y = np.array(waves), f"omega L2/D, {name}"
    return result, Curve(name, x, measured, reference, fine, "k L", y, log_x=True)


def published(curve: Curve) -> Iterator[Row]:
    """What was found for Da = 1, against the authors' eigenvalues."""
    for w, got in zip(curve.x, curve.y, strict=True):
        if (expected := PUBLISHED.get(float(w))) is not None:
            name = f"omega L2/D at k L = {w:.5g}"
            yield Row("Da = 1, published", name, expected, float(got), "", PUBLISHED_TOLERANCE, source=KHOO)


def critical(name: str, state: Front) -> Row:
    """Wavenumber at which ripples neither grow nor decay, between two that do.

    omega is linear in k^2 where K << B k', and always close to k_c.
    """
    k_c = state.critical_wavenumber
    k = k_c * np.array([1.0 - NEAR, 1.0 + NEAR])
    slow = np.array([measure(state, float(one)).measured for one in k])
    root = float(k[0] ** 2 + slow[0] / (slow[0] - slow[1]) * (k[1] ** 2 - k[0] ** 2))
    scale = state.cell.length
    return Row(name, "k_c L", k_c * scale, math.sqrt(root) * scale, "", TOLERANCE, source=RELATION)


def fronts() -> dict[str, Front]:
    """The fronts that the study looks at, by name."""
    anion_fast, anion_slow = (Salt(1, -1, DIFFUSIVITY, ratio * DIFFUSIVITY) for ratio in (3.0, 1.0 / 3.0))
    return {
        "Da = 1": khoo(),
        "Da = 10": khoo(10.0),
        "D- = 3 D+": khoo(salt=anion_fast),
        "D- = D+/3, a film, S r = 1": filmed(khoo(10.0, anion_slow), 1.0),
        "a film, S r = 3": filmed(khoo(10.0), 3.0),
        "at rest": khoo(10.0, share=0.0),
    }


def run(quick: bool) -> Result:
    """All of the study."""
    found, curves = [], []
    for name, state in fronts().items():
        waves = WAVES if name == "Da = 1" or not quick else WAVES[2::4]
        result, curve = rows(name, state, waves[1::2] if quick and len(waves) > 4 else waves)
        found += result
        curves.append(curve)
        if name == "Da = 1":
            found += published(curve)
    if not quick:
        found += [critical(name, state) for name, state in fronts().items() if state.velocity > 0.0]
    return Result(tuple(found), () if quick else tuple(curves))


study = Study(
    "growing-ripples",
    "Dispersion relation of ripples on a front that grows",
    "Small ripples on a growing front, from k L = 5 to 500: those longer than the critical wavelength grow, "
    "shorter ones decay by capillarity. Rates are those of the dispersion relation within 3 %, for equal and "
    "unequal diffusivities, slow and fast kinetics, with and without a film; so are published eigenvalues.",
    run,
)
