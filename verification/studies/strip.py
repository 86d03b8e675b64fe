"""A strip electrode in the wall of a cell, opposite a plane: mesh, models, semi-analytic answers.

The steady binary cell. Let only the cation react, and the anion have no flux. Then everywhere, whatever the
shape of the cell, grad phi = (RT/F) grad ln c and

    i = -2 F D+ grad c,    laplace(c) = 0

D- does not matter. Where the counter electrode holds c = c0 and phi = 0, phi = (RT/F) ln(c/c0), and c - c0 on
the working electrode follows from the current density by the same integral operator as the potential does in
the secondary distribution, with 2 F D+ in place of kappa:

    2 F D+ (c - c0) = int G i ds,    i = i0 [exp(alpha f (V - phi)) - (c/c0) exp(-(1 - alpha) f (V - phi))]

This equation for c(s) is solved by Newton's method on the nodes of `verification.exact.secondary`. It is an
answer for any current up to the limiting one, I_lim = 2 F D+ c0/h with h the aspect of the mapped cell. In
the instant when the voltage is applied c = c0; then phi is in the place of c - c0, and kappa of 2 F D+.

Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 11 (binary electrolyte), 18; derived here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from meshes.builders import polygon
from meshes.regions import Regions
from solver.closures import Electroneutral, Secondary, dilute_conductivity
from solver.constants import FARADAY, thermal_voltage
from solver.electrolyte import Species
from solver.laws import Constant
from solver.model import Interface, Medium, Model, Prescribed
from solver.reaction import ButlerVolmer, Linearised, Reaction
from solver.types import FloatArray
from verification.exact.mapped import Strip
from verification.exact.secondary import Distribution, response

from .nested import refined

TEMPERATURE = 298.15
STRIP = Strip(width=1e-3, gap=1e-3, electrode=0.5e-3)
KAPPA = 1.0
"""Conductivity of the secondary cell, S/m."""
CONCENTRATION = 1000.0
SALT = (
    Species("M+", 1, 1.0e-9, CONCENTRATION),
    Species("X-", -1, 1.8e-9, CONCENTRATION),
)
RELAXATION = STRIP.gap**2 / 1e-9
"""L^2/D in s."""
VT = thermal_voltage(TEMPERATURE)
_NODES = 400


def mesh(level: int, length: float) -> Regions:
    """Triangles graded towards the edge of the electrode, each cut into four `level` times.

    The potential is smooth but for that edge. There the current density goes over from that of the primary
    distribution, s^(-1/2), to a finite value within `length` = kappa/g; the coarsest mesh resolves it.
    """
    width, gap, edge = STRIP.width, STRIP.gap, STRIP.electrode
    corners = [(0.0, 0.0), (edge, 0.0), (width, 0.0), (width, gap), (0.0, gap)]
    names = ["working", None, None, "counter", None]
    smallest, wall = 1e-5 * min(length, edge), min(width / 16, 2.0 * length)

    def coarse(comm: MPI.Comm) -> Regions:
        return polygon(
            comm,
            corners,
            names,
            width / 8,
            refine=[((edge, 0.0), smallest)],
            edge_sizes={"working": wall},
            growth=1.6,
        )

    return refined(MPI.COMM_WORLD, coarse, level)


def exchange_current(wagner: float, kappa: float) -> float:
    """I0 in A/m^2 for Wa = kappa/(g a) with g = i0 F/RT, kinetics with alpha_a + alpha_c = 1."""
    return kappa * VT / (wagner * STRIP.electrode)


def secondary_model(wagner: float, degree: int) -> Model:
    """Ohm's law and linear kinetics."""
    law = Linearised(Constant(exchange_current(wagner, KAPPA)))
    return Model(
        Secondary(KAPPA),
        TEMPERATURE,
        {"electrolyte": Medium()},
        (Interface("working", "working", (Reaction("transfer", 1, {}, law),)),),
        prescribed=(Prescribed("potential", "counter", 0.0),),
        degree=degree,
    )


@dataclass(frozen=True)
class Binary:
    """The strip cell with a binary electrolyte, one reacting ion, and Butler-Volmer kinetics.

    Attributes:
        wagner: kappa/(g a) with g = i0 F/RT and the initial conductivity.
        degree: of the elements.
    """

    wagner: float
    degree: int

    @property
    def conductivity(self) -> float:
        """At first, S/m."""
        return dilute_conductivity(SALT, TEMPERATURE)

    @property
    def exchange(self) -> float:
        """I0 in A/m^2."""
        return exchange_current(self.wagner, self.conductivity)

    @property
    def limiting(self) -> float:
        """Magnitude of the limiting current, mean over the electrode, A/m^2."""
        return 2.0 * FARADAY * SALT[0].diffusivity * CONCENTRATION / (STRIP.aspect * STRIP.electrode)

    @property
    def model(self) -> Model:
        """For the engine."""
        cation = SALT[0].name
        reaction = Reaction(
            "deposition",
            1,
            {cation: 1.0},
            ButlerVolmer(Constant(self.exchange)),
            reference={cation: CONCENTRATION},
        )
        return Model(
            Electroneutral(SALT, SALT[1].name),
            TEMPERATURE,
            {"electrolyte": Medium()},
            (Interface("working", "working", (reaction,)),),
            prescribed=(
                Prescribed("potential", "counter", 0.0),
                Prescribed(cation, "counter", CONCENTRATION),
            ),
            degree=self.degree,
        )

    def layer(self, voltage: float) -> float:
        """Steady length over which kinetics round off the edge, m: 2 F D+ c/|c di/dc| about equilibrium.

        There c/c0 = exp(f V/2), so that di/d ln c = -2 i0 exp(f V/4).
        """
        strength = 2.0 * FARADAY * SALT[0].diffusivity * CONCENTRATION
        return strength * math.exp(0.25 * voltage / VT) / (2.0 * self.exchange)

    def current(self, voltage: float, phi: FloatArray, ratio: FloatArray) -> FloatArray:
        """Butler-Volmer: i in A/m^2 from phi in V and c/c0 at the electrode."""
        half = 0.5 * (voltage - phi) / VT
        return np.asarray(self.exchange * (np.exp(half) - ratio * np.exp(-half)))

    def steady(self, voltage: float) -> Distribution:
        """Semi-analytic steady distribution at `voltage` in V; see the module."""

        def law(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            """For x = ln(c/c0): 2 F D+ (c - c0), i, and their derivatives' ratio di/d(...)."""
            ratio = np.exp(x)
            strength = 2.0 * FARADAY * SALT[0].diffusivity * CONCENTRATION
            half = 0.5 * (voltage / VT - x)
            slope = self.exchange * (-0.5 * np.exp(half) - 1.5 * ratio * np.exp(-half))
            return strength * (ratio - 1.0), strength * ratio, slope

        return self._solve(voltage, law, lambda x: self.current(voltage, VT * x, np.exp(x)))

    def instant(self, voltage: float) -> Distribution:
        """Semi-analytic distribution in the instant when `voltage` in V is applied: c = c0 still."""

        def law(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            strength = self.conductivity * VT
            half = 0.5 * (voltage / VT - x)
            slope = -0.5 * self.exchange * (np.exp(half) + np.exp(-half))
            return strength * x, strength * np.ones_like(x), slope

        return self._solve(voltage, law, lambda x: self.current(voltage, VT * x, np.ones_like(x)))

    def _solve(
        self,
        voltage: float,
        law: Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]],
        current: Callable[[FloatArray], FloatArray],
    ) -> Distribution:
        """Newton's method for y(x) = K i(x); `law` gives y, dy/dx and di/dx, K is the integral operator."""
        position, weights, operator = response(STRIP, _NODES)
        x = np.zeros(_NODES)
        for _ in range(100):
            y, rise, slope = law(x)
            defect = y - operator @ current(x)
            step = np.linalg.solve(np.diag(rise) - operator * slope, -defect)
            x += step * min(1.0, 1.0 / float(np.max(np.abs(step))))
            if np.max(np.abs(step)) < 1e-12:
                break
        else:
            raise RuntimeError("the integral equation of the strip cell was not solved")
        i = current(x)
        total = float(weights @ i)
        return Distribution(STRIP, position, np.asarray(i * STRIP.electrode / total), voltage / total)
