"""Models that are limits of one another: full and supporting electrolyte, tertiary and secondary.

1. One ion M+ reacts at a current i in a salt K+ X-; K+ and X- do not react. Steady, with N_K = N_X = 0, both
are in equilibrium with phi, and the three Nernst-Planck equations and neutrality add up to i = -2 F D_M c_X':

    c_X = C_X (1 + s (x/L - 1/2)),    c_K = C_K w/(1 + s (x/L - 1/2)),    c_M = c_X - c_K,
    phi = (RT/F) ln c_X,    s = -i L/(2 F D_M C_X),    w = s/ln((1 + s/2)/(1 - s/2))

With C_K much larger than C_M that is the diffusion of M+ alone, in a uniform field i/kappa: the model of a
supporting electrolyte, c_M' + f phi' c_M = -i/(F D_M) with phi' = -i/kappa. Both differ by the order C_M/C_K.

2. A binary electrolyte in the steady state, at a current much smaller than the limiting one, is a resistor of
the conductivity t+ kappa: c and phi are perturbed alike, and V - phi - (RT/F) ln(c/c0) drives the reaction.

Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 11 (dilute solutions), 19 (supporting
electrolyte); derived here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from meshes.builders import Layer, interval
from solver.closures import Closure, Electroneutral, Supporting, dilute_conductivity
from solver.constants import FARADAY
from solver.electrolyte import Species
from solver.equations import POTENTIAL
from solver.program import constant_current
from verification.exact import electrode
from verification.exact.secondary import secondary
from verification.rows import Curve, Result, Row, Study

from . import strip
from .distribution import Profile
from .electroneutrality import TEMPERATURE, TOLERANCE, VT, planar
from .profiles import along, nodal, order, settled, steady

NEWMAN = "Newman and Balsara, 4th ed., ch. 11; derived in studies/limits.py"


# the supporting electrolyte

MINOR, LENGTH, DIFFUSIVITY = 10.0, 1e-4, 0.7e-9
"""C_M in mol/m^3, L in m, D_M in m^2/s."""
DRIVEN = -0.5 * 2.0 * FARADAY * DIFFUSIVITY * MINOR / LENGTH
"""Half of what diffusion alone can bring, A/m^2."""
SLOW = electrode.Kinetics(-0.5 * DRIVEN)


@dataclass(frozen=True)
class Solution:
    """M+ in K+ X- with C_M/C_K = `ratio`."""

    ratio: float

    @property
    def ions(self) -> tuple[Species, ...]:
        """M+, K+, X-."""
        support = MINOR / self.ratio
        return (
            Species("M+", 1, DIFFUSIVITY, MINOR),
            Species("K+", 1, 1.96e-9, support),
            Species("X-", -1, 2.03e-9, support + MINOR),
        )

    @property
    def conductivity(self) -> float:
        """Of the solution at first, S/m."""
        return dilute_conductivity(self.ions, TEMPERATURE)

    def full(self) -> tuple[float, float, float]:
        """Steady V in V, and c_M in mol/m^3 at working and counter electrode; see the module."""
        support = MINOR / self.ratio
        s = -DRIVEN * LENGTH / (2.0 * FARADAY * DIFFUSIVITY * (support + MINOR))
        anions = [(support + MINOR) * (1.0 + side * 0.5 * s) for side in (-1.0, 1.0)]
        weight = s / math.log((1.0 + 0.5 * s) / (1.0 - 0.5 * s))
        minor = [
            a - support * weight / (1.0 + side * 0.5 * s) for a, side in zip(anions, (-1, 1), strict=True)
        ]
        return self._voltage(VT * math.log(anions[0] / anions[1]), *minor)

    def supported(self) -> tuple[float, float, float]:
        """The same where kappa is constant: c_M = a + b exp(-e x/L), e = f phi' L, mean C_M."""
        drop = DRIVEN * LENGTH / self.conductivity
        e = -drop / VT
        a = -DRIVEN * LENGTH / (FARADAY * DIFFUSIVITY * e)
        b = (MINOR - a) * e / -math.expm1(-e)
        return self._voltage(drop, a + b, a + b * math.exp(-e))

    def _voltage(self, drop: float, working: float, counter: float) -> tuple[float, float, float]:
        surface = SLOW.overpotential(DRIVEN, working / MINOR) - SLOW.overpotential(-DRIVEN, counter / MINOR)
        return drop + surface, working, counter


def by_engine(closure: Closure) -> tuple[float, float, float]:
    """Steady V in V, and c_M in mol/m^3 at both electrodes."""
    regions = interval(MPI.COMM_WORLD, [Layer("electrolyte", LENGTH, cells=40)])
    model = planar(closure, SLOW, "M+", MINOR)
    experiment, reading = settled(
        model, regions, lambda time: constant_current(DRIVEN, time), LENGTH**2 / DIFFUSIVITY
    )
    _, (c,) = nodal(experiment.problem, ["M+"])
    return reading.voltage, float(c[0]), float(c[-1])


def _supporting(quick: bool) -> Result:
    ratios = (0.05, 0.025) if quick else (1.0, 0.2, 0.1, 0.05, 0.025)
    rows: list[Row] = []
    differences, surfaces = [], []
    for ratio in ratios:
        solution = Solution(ratio)
        full = by_engine(Electroneutral(solution.ions, "X-"))
        supported = by_engine(Supporting(solution.ions[:1], solution.conductivity))
        case = f"M+ in K+ X-, C_M/C_K = {ratio:g}"
        for name, got, exact in (
            ("three ions", full, solution.full()),
            ("supporting", supported, solution.supported()),
        ):
            rows += [
                Row(case, f"{name}: voltage", exact[0], got[0], "V", TOLERANCE, source=NEWMAN),
                Row(
                    case, f"{name}: c_M at the cathode", exact[1], got[1], "mol/m3", TOLERANCE, source=NEWMAN
                ),
            ]
        differences.append(supported[0] - full[0])
        surfaces.append(supported[1] - full[1])
    last = Solution(ratios[-1])
    exact_v, exact_c = (last.supported()[k] - last.full()[k] for k in (0, 1))
    case = f"supporting against full, C_M/C_K = {ratios[-1]:g}"
    rows += [
        Row(
            case, "difference in voltage; order in C_M/C_K", exact_v, differences[-1], "V", TOLERANCE,
            order(differences), 1.0, NEWMAN,
        ),
        Row(
            case, "difference in c_M; order in C_M/C_K", exact_c, surfaces[-1], "mol/m3", TOLERANCE,
            order(surfaces), 1.0, NEWMAN,
        ),
    ]  # fmt: skip
    fine = [Solution(float(r)) for r in np.geomspace(ratios[-1], ratios[0], 50)]
    curve = Curve(
        "supporting against full",
        np.array(ratios),
        np.abs(differences) / VT,
        np.array([abs(s.supported()[0] - s.full()[0]) / VT for s in fine]),
        np.array([s.ratio for s in fine]),
        x_label="C_M / C_K",
        y_label="F |V - V_full| / RT",
        log_x=True,
        log_y=True,
    )
    return Result(tuple(rows), (curve,))


# small currents

VOLTAGES = (-2e-3, -1e-3)
"""V; small against RT/F, which is how the distribution may differ from the secondary one."""


def _small_current(quick: bool) -> Result:
    rows: list[Row] = []
    transference = strip.SALT[0].diffusivity / sum(ion.diffusivity for ion in strip.SALT)
    for wagner in (1.0,) if quick else (0.1, 1.0, 10.0):
        cell = strip.Binary(wagner, 2)
        exact = secondary(strip.STRIP, wagner * transference)
        resistance = exact.resistance / (transference * cell.conductivity)
        regions = strip.mesh(1, wagner * transference * strip.STRIP.electrode)
        resistances, misses = [], []
        for voltage in VOLTAGES:
            experiment, reading = steady(cell.model, regions, voltage, strip.RELAXATION)
            x, (phi, c) = along(experiment.problem, "working", [POTENTIAL, strip.SALT[0].name])
            i = cell.current(voltage, phi, np.asarray(c / strip.CONCENTRATION))
            profile = Profile.of(x[:, 0], i, reading.current)
            resistances.append(voltage / (reading.current * strip.STRIP.length))
            misses.append(profile.error(exact))
        case = f"binary strip, steady, Wa = {wagner:g}, V = {VOLTAGES[-1] * 1e3:g} mV"
        rows += [
            Row(
                case, "V/I at 0, extrapolated", resistance, 2.0 * resistances[-1] - resistances[-2], "ohm m",
                TOLERANCE, order([r - resistance for r in resistances]), 1.0, NEWMAN,
            ),
            Row(
                case, "local i/i_mean, rms from secondary", 0.0, misses[-1], "", -VOLTAGES[-1] / VT,
                order(misses), 1.0, NEWMAN,
            ),
        ]  # fmt: skip
    return Result(tuple(rows))


studies = (
    Study(
        "supporting-limit",
        "The model of a supporting electrolyte as a limit of the full one",
        "A reacting ion in an inert salt: three ions and electroneutrality against constant conductivity, "
        "each against its closed form, and against one another as the salt outweighs the ion.",
        _supporting,
    ),
    Study(
        "small-current-limit",
        "The secondary distribution as the limit of small currents",
        "The binary strip cell, steady, at millivolts: a secondary distribution of the conductivity "
        "t+ kappa.",
        _small_current,
    ),
)
