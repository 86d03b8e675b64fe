"""Growth of ripples on a spread surface against the dispersion relation of `verification.exact.stability`.

The fronts are those of `growing_ripples`. Half a wave is marched under constant current until its salt is
distributed as it stays, and on until the front has moved by `RUN_IN` widths w, which the profile takes to
settle: its mobility is w times the speed of the surface. Then it moves by `WINDOW` widths more. That is some
cells, so that what hangs on the place of the surface in its cells averages out. The amplitude is read from
where the metal is, without looking for the surface: with the mean < > over the cell of height H,

    a = 2 <cos(kx) xi> H,    omega = ln(a2/a1)/(t2 - t1)

What the relation gives is the difference of what drives ripples and of what smoothes them, and vanishes at
the critical wavelength. Errors are therefore told over the rate omega_0 that the same ripple has without
surface energy, the driven rate. The relation is taken for the length of the electrolyte midway.

Slow charge transfer is the hard case. There the driven rate is a small part of k v, which the front moves by:
3 % for Da = 1 and k L = 100. The curvature of a ripple twenty cells long, told from its nodes, is off by
(k h)^2/12 = 0.8 %. Cells of half a width are therefore taken where charge transfer is slow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.cell import Steps
from solver.program import constant_current
from solver.spread_march import SpreadSimulation
from verification.exact.stability import Front
from verification.rows import Curve, Result, Row, Study
from verification.studies.growing_cells import LIFT, LOOSE, Growth, Mesh, at_length, rippled
from verification.studies.growing_ripples import LENGTH, RELATION, SETTLING, khoo
from verification.studies.spread_cells import Interface, finish, lowered, nodes, simulation, spread

WIDTHS = 20.0
"""Wavelength over interface width; the shortest ripple that counts as resolved."""
STEEPNESS = 0.05
"""k a of the ripples at first."""
RUN_IN, WINDOW, STEP = 2.0, 2.0, 0.2
"""Widths that the front moves before, while its rate is measured, and in one step."""
VERTICES = 24
"""Edges of the polyline that a ripple begins with, on half a wave."""
TOLERANCE = 0.1
"""Of the rate, over the driven rate."""
LEGS = {1.0: 0.5, 10.0: 0.5, 100.0: 1.0}
"""Cells over w by Da: Khoo's number of charge transfer over diffusion."""
WAVES = (20.0, 50.0, 100.0, 200.0)
"""k L; the critical one is at 335 for Da = 1."""
WAVE = 100.0
"""k L where the number of widths is changed, and that of the quick version."""
ORDER = 2.0
"""Of the error in w, with cells in proportion to it."""


@dataclass(frozen=True)
class Rate:
    """Of one ripple, over the driven rate: measured, and by the relation for the same state."""

    measured: float
    expected: float

    @property
    def miss(self) -> float:
        """Error over the driven rate."""
        return self.measured - self.expected


def measure(state: Front, k: float, widths: float, legs: float = 1.0) -> Rate:
    """Rate of a ripple of wavenumber `k` in rad/m that is `widths` interface widths long (collective).

    Args:
        state: the flat front.
        k: rad/m.
        widths: wavelength over interface width.
        legs: shortest edges about the surface over the width.
    """
    time, gap = state.cell.diffusion_time, state.cell.length / (1.0 - LIFT)
    half, width = math.pi / (k * gap), 2.0 * math.pi / (k * gap * widths)
    step = STEP * width * gap / state.velocity
    growth = Growth(
        state,
        lowered(rippled(half, VERTICES, STEEPNESS / (k * gap)), width),
        constant_current(state.current),
        Mesh(width, min(0.1, half)),
        Steps(1e-3 * time, max(0.1 * time, 2.0 * step), 1e-3, LOOSE),
    )
    made = simulation(spread(growth.cell, Interface(width * gap, legs)))
    begin = made.volume()
    finish(made, SETTLING * time, 0.1 * time)
    finish(made, made.state.time + RUN_IN / STEP * step, step)
    start, amplitude, volume = made.state.time, wave(made), made.volume()
    finish(made, start + WINDOW / STEP * step, step)
    rate = math.log(wave(made) / amplitude) / (made.state.time - start)
    midway = (0.5 * (volume + made.volume()) - begin) / made.cell.width
    now = at_length(state, state.cell.length - midway)
    driven = float(_driven(now).growth_rate(k))
    return Rate(rate / driven, float(now.growth_rate(k)) / driven)


def wave(made: SpreadSimulation) -> float:
    """Amplitude of half a wave in the metal, in units of the gap (collective)."""
    places, xi, volumes = nodes(made)
    across = made.cell.width / made.cell.gap
    return float(np.sum(volumes * xi * np.cos(math.pi * places[:, 0] / across)) * 2.0 / across)


def _driven(state: Front) -> Front:
    """The same without surface energy."""
    return replace(state, deposit=replace(state.deposit, surface_energy=0.0))


def waves(damkohler: float, many: Sequence[float]) -> tuple[list[Row], Curve]:
    """Ripples of `many` k L, each `WIDTHS` widths long."""
    state, legs = khoo(damkohler), LEGS[damkohler]
    found = [measure(state, w / LENGTH, WIDTHS, legs) for w in many]
    case = f"Da = {damkohler:g}, wavelength {WIDTHS:g} w, h = {legs:g} w"
    rows = [_row(case, f"omega/omega_0 at k L = {w:g}", one) for w, one in zip(many, found, strict=True)]
    fine = np.asarray(np.geomspace(0.8 * min(many), 1.2 * max(many), 200))
    reference = state.growth_rate(fine / LENGTH) / _driven(state).growth_rate(fine / LENGTH)
    got = np.array([one.measured for one in found])
    return rows, Curve(
        f"Da = {damkohler:g}", np.array(many), got, np.asarray(reference), fine, "k L",
        "omega over the driven rate", log_x=True,
    )  # fmt: skip


def _row(case: str, quantity: str, one: Rate) -> Row:
    """The error is absolute: both numbers are over the driven rate."""
    note = f"relation {one.expected:.4f}, here {one.measured:.4f}"
    return Row(case, f"{quantity}, error", 0.0, one.miss, "", TOLERANCE, source=RELATION, note=note)


def narrower(damkohler: float, many: Sequence[float]) -> Row:
    """One ripple on interfaces that are narrower and narrower: the error falls with their width."""
    legs = LEGS[damkohler]
    found = [measure(khoo(damkohler), WAVE / LENGTH, widths, legs).miss for widths in many]
    order = math.log(abs(found[-2] / found[-1])) / math.log(many[-1] / many[-2])
    case = f"Da = {damkohler:g}, k L = {WAVE:g}, wavelength " + ", ".join(f"{n:g}" for n in many) + " w"
    note = "errors " + ", ".join(f"{miss:+.4f}" for miss in found)
    return Row(
        case, "omega/omega_0, error", 0.0, found[-1], "", TOLERANCE, order, ORDER, RELATION, note
    )  # fmt: skip


def run(quick: bool) -> Result:
    """All of the study."""
    found, curves = [], []
    for damkohler in (100.0,) if quick else LEGS:
        result, curve = waves(damkohler, (WAVE,) if quick else WAVES)
        found += result
        curves.append(curve)
    if not quick:
        found.append(narrower(1.0, (WIDTHS, 2.0 * WIDTHS)))
    return Result(tuple(found), () if quick else tuple(curves))


study = Study(
    "spread-ripples",
    "Dispersion relation of ripples on a spread surface",
    "Small ripples on the growing front of a phase field, twenty and more interface widths long, with slow, "
    "moderate and fast kinetics: their rates are those of the dispersion relation within 10 % of the rate "
    "that they would have without surface energy, and the error falls with the width of the interface.",
    run,
)
