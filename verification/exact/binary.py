"""Binary salt between two electrodes of its metal, planar, constant diffusivities, no convection.

Ions of charge z+ > 0 and z- < 0 with diffusivities D+ and D-; only the cation reacts. With c the cation
concentration, electroneutrality turns the Nernst-Planck equations into one diffusion equation:

    dc/dt = D d2c/dx2,   D = (z+ - z-) D+ D- / (z+ D+ - z- D-),   t+ = z+ D+ / (z+ D+ - z- D-)
    N+ = -D dc/dx + t+ i/(z+ F),   N- = (z+/-z-)(-D dc/dx) + (1 - t+) i/(z- F)
    i = -kappa dphi/dx - F z+ (D+ - D-) dc/dx,   kappa = F^2/(RT) z+ (z+ D+ - z- D-) c

The working electrode is at x = 0, the counter electrode at x = L; i > 0 dissolves the working electrode and
flows towards +x. At both electrodes N+ = i/(z+ F), hence dc/dx = -(1 - t+) i/(z+ F D) = G there.

Sources: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 11 (binary electrolyte); Carslaw and
Jaeger, Conduction of Heat in Solids, 2nd ed., ch. 3 (slab with given flux, both series); Sand, Phil. Mag. 1
(1901) 45.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from solver.constants import FARADAY, thermal_voltage
from solver.types import FloatArray
from verification.exact.diffusion import ierfc
from verification.exact.electrode import Kinetics

Steps = Sequence[tuple[float, float]]
"""Current program: (time from which it holds in s, i in A/m^2), increasing in time; no current before."""

_SWITCH = 0.15  # D t/L^2 below which the series of images is the shorter one
_IMAGES, _MODES = 4, 12  # both series end below 1e-16 at the switch


@dataclass(frozen=True)
class Salt:
    """A binary salt; see the module.

    Attributes:
        z_plus, z_minus: charge numbers, z_minus < 0.
        d_plus, d_minus: diffusivities in m^2/s.
        temperature: in K.
    """

    z_plus: int
    z_minus: int
    d_plus: float
    d_minus: float
    temperature: float = 298.15

    @property
    def mobility(self) -> float:
        """Sum over both ions of |z| D as far as it enters: z+ D+ - z- D-, in m^2/s."""
        return self.z_plus * self.d_plus - self.z_minus * self.d_minus

    @property
    def diffusivity(self) -> float:
        """Ambipolar diffusivity D in m^2/s."""
        return (self.z_plus - self.z_minus) * self.d_plus * self.d_minus / self.mobility

    @property
    def transference(self) -> float:
        """Transference number t+ of the cation."""
        return self.z_plus * self.d_plus / self.mobility

    def conductivity(self, concentration: float) -> float:
        """Kappa in S/m at cation `concentration` in mol/m^3."""
        return FARADAY / thermal_voltage(self.temperature) * self.z_plus * self.mobility * concentration

    def gradient(self, current: float) -> float:
        """G = dc/dx at both electrodes in mol/m^4 under `current` i in A/m^2; everywhere, once steady.

        G = -i / (z+ F D+ (1 - z+/z-)); for a 1:1 salt i = -2 F D+ G.
        """
        return -(1.0 - self.transference) * current / (self.z_plus * FARADAY * self.diffusivity)

    def current(self, gradient: float) -> float:
        """Inverse of `gradient`."""
        return gradient / self.gradient(1.0)


@dataclass(frozen=True)
class Cell:
    """Salt of mean cation concentration c0 between two metal electrodes.

    Attributes:
        salt: the electrolyte.
        length: L in m.
        concentration: c0 of the cation in mol/m^3.
    """

    salt: Salt
    length: float
    concentration: float

    @property
    def limiting_current(self) -> float:
        """Magnitude of i at which the steady c is 0 at one electrode: 2 z+ F D+ (1 - z+/z-) c0/L, in A/m^2.

        For a 1:1 salt 4 F D+ c0/L.
        """
        return abs(self.salt.current(2.0 * self.concentration / self.length))

    @property
    def diffusion_time(self) -> float:
        """L^2/D in s."""
        return self.length**2 / self.salt.diffusivity

    def sand_time(self, current: float) -> float:
        """Time in s until c = 0 at one electrode, diffusion layers thin against L.

        tau = pi D (z+ F c0 / (2 (1 - t+) i))^2
        """
        return math.pi * (0.5 * self.concentration / self.salt.gradient(current)) ** 2 / self.salt.diffusivity

    def depletion_time(self, current: float) -> float:
        """Time in s until c = 0 at one electrode, at any current: `sand_time` with the other wall felt.

        Infinite up to the limiting current.
        """
        if abs(current) <= self.limiting_current:
            return math.inf

        def least(time: float) -> float:
            ends = self.profile(np.array([0.0, self.length]), time, [(0.0, current)])
            return float(ends.min())

        high = 2.0 * self.sand_time(current)
        while least(high) > 0.0:
            high *= 2.0
        return float(brentq(least, 0.0, high, xtol=1e-300, rtol=1e-15, maxiter=500))

    def semi_infinite_surface(self, time: npt.ArrayLike, current: float) -> FloatArray:
        """Concentration c(0, t) in mol/m^3 while layers are thin: c0 - 2 G sqrt(D t/pi), `time` t in s."""
        root = np.sqrt(self.salt.diffusivity * np.asarray(time, dtype=float) / math.pi)
        return np.asarray(self.concentration - 2.0 * self.salt.gradient(current) * root)

    def steady_profile(self, x: npt.ArrayLike, current: float) -> FloatArray:
        """Steady c in mol/m^3 at `x` in m: c0 + G (x - L/2); may be negative above the limiting current."""
        shift = np.asarray(x, dtype=float) - 0.5 * self.length
        return np.asarray(self.concentration + self.salt.gradient(current) * shift)

    def profile(self, x: npt.ArrayLike, time: float, steps: Steps) -> FloatArray:
        """Concentration c(x, t) in mol/m^3 under a current that changes in steps, from uniform c0.

        Superposition of answers to single steps. An interruption is a step to 0, so that the relaxation of a
        polarised cell is included.

        Args:
            x: positions in m, shape (n,).
            time: t in s.
            steps: the current program.

        Returns:
            c, shape (n,).
        """
        place = np.asarray(x, dtype=float)
        total = np.full(place.shape, self.concentration)
        before = 0.0
        for start, current in steps:
            if time > start:
                response = _step_response(place / self.length, (time - start) / self.diffusion_time)
                total += self.salt.gradient(current - before) * self.length * response
            before = current
        return total

    def relaxation(self, x: npt.ArrayLike, time: float, current: float) -> FloatArray:
        """Concentration c(x, t) in mol/m^3 at `time` s after interruption of a steady `current`.

        c = c0 - G L sum_{k odd} 4/(k pi)^2 cos(k pi x/L) exp(-k^2 pi^2 D t/L^2)
        """
        place = np.asarray(x, dtype=float)
        remaining = self.steady_profile(place, current) - self.concentration
        response = _step_response(place / self.length, time / self.diffusion_time)
        return np.asarray(
            self.concentration + remaining - self.salt.gradient(current) * self.length * response
        )

    def steady_potential(self, x: npt.ArrayLike, current: float) -> FloatArray:
        """Steady electrolyte potential -RT/(z- F) ln(c/c0) in V, 0 at x = L/2: the anion rests."""
        ratio = self.steady_profile(x, current) / self.concentration
        return np.asarray(-thermal_voltage(self.salt.temperature) / self.salt.z_minus * np.log(ratio))

    def potential_drop(self, time: float, steps: Steps) -> float:
        """Drop phi(0) - phi(L) in the electrolyte at `time`, in V.

        phi(0) - phi(L) = int_0^L i/kappa dx + RT/F (D+ - D-)/(z+ D+ - z- D-) ln(c(L)/c(0))

        The integral is taken by Gauss-Legendre quadrature on panels graded towards both electrodes.
        """
        current = next((value for start, value in reversed(steps) if time > start), 0.0)
        salt = self.salt
        x, weights = _graded(self.length)
        ohmic = current * float(weights @ (1.0 / self.profile(x, time, steps))) / salt.conductivity(1.0)
        ends = self.profile(np.array([0.0, self.length]), time, steps)
        factor = thermal_voltage(salt.temperature) * (salt.d_plus - salt.d_minus) / salt.mobility
        return ohmic + factor * math.log(ends[1] / ends[0])

    def voltage(self, time: float, steps: Steps, kinetics: Kinetics) -> float:
        """Cell voltage V_working - V_counter at `time` in V; kinetics with c_ref = c0 on both electrodes.

        V = phi(0) - phi(L) + eta(i, c(0)/c0) - eta(-i, c(L)/c0)
        """
        current = next((value for start, value in reversed(steps) if time > start), 0.0)
        ratios = self.profile(np.array([0.0, self.length]), time, steps) / self.concentration
        surface = _surface_voltage(kinetics, current, float(ratios[0]), float(ratios[1]))
        return self.potential_drop(time, steps) + surface

    def steady_voltage(self, current: float, kinetics: Kinetics) -> float:
        """Steady cell voltage V_working - V_counter in V; kinetics with c_ref = c0 on both electrodes.

        V = -RT/(z- F) ln(c(0)/c(L)) + eta(i, c(0)/c0) - eta(-i, c(L)/c0)

        Raises:
            ValueError: |i| is not below the limiting current.
        """
        if abs(current) >= self.limiting_current:
            raise ValueError(f"{current} A/m^2 is not below the limiting current {self.limiting_current}")
        share = current / self.limiting_current
        return self._steady_voltage(current, 1.0 + share, 1.0 - share, kinetics)

    def steady_current(self, voltage: float, kinetics: Kinetics) -> float:
        """Steady i in A/m^2 at a cell `voltage` in V: inverse of `steady_voltage`."""

        # i = i_lim tanh(y): y is of order one where 1 - i/i_lim would be lost in rounding.
        def excess(y: float) -> float:
            current = self.limiting_current * math.tanh(y)
            ratios = (2.0 / (1.0 + math.exp(-2.0 * y)), 2.0 / (1.0 + math.exp(2.0 * y)))
            return self._steady_voltage(current, *ratios, kinetics) - voltage

        if voltage == 0.0:
            return 0.0
        y = brentq(excess, -300.0, 300.0, xtol=1e-300, rtol=1e-15, maxiter=500)
        return self.limiting_current * math.tanh(float(y))

    def _steady_voltage(self, current: float, working: float, counter: float, kinetics: Kinetics) -> float:
        """Voltage with c/c0 = `working` at x = 0 and `counter` at x = L."""
        drop = -thermal_voltage(self.salt.temperature) / self.salt.z_minus * math.log(working / counter)
        return drop + _surface_voltage(kinetics, current, working, counter)


def _surface_voltage(kinetics: Kinetics, current: float, working: float, counter: float) -> float:
    return kinetics.overpotential(current, working) - kinetics.overpotential(-current, counter)


def _step_response(x: FloatArray, time: float) -> FloatArray:
    """Solution of u_t = u_xx on (0, 1), u = 0 at first, u_x = 1 at both ends from t = 0.

        u = x - 1/2 + sum_{k odd} 4/(k pi)^2 cos(k pi x) exp(-k^2 pi^2 t)
          = sum_{m >= 0} (-1)^m 2 sqrt(t) [ ierfc((m + 1 - x)/(2 sqrt t)) - ierfc((m + x)/(2 sqrt t)) ]

    Args:
        x: positions, shape (n,).
        time: t >= 0.

    Returns:
        u, shape (n,).
    """
    if time <= 0.0:
        return np.zeros_like(x)
    if time < _SWITCH:
        return step_images(x, time, _IMAGES)
    return step_modes(x, time, _MODES)


def step_modes(x: FloatArray, time: float, count: int) -> FloatArray:
    """First `count` Fourier modes of the step response (see the module): quick at long times."""
    k = 2.0 * np.arange(count) + 1.0
    amplitude = 4.0 / (k * math.pi) ** 2 * np.exp(-((k * math.pi) ** 2) * time)
    return np.asarray(x - 0.5 + np.cos(math.pi * np.multiply.outer(x, k)) @ amplitude)


def step_images(x: FloatArray, time: float, count: int) -> FloatArray:
    """First `count` images of the step response (see the module): quick at short times."""
    width = 2.0 * math.sqrt(time)
    total = np.zeros_like(x)
    for m in range(count):
        ahead, behind = np.asarray((m + 1.0 - x) / width), np.asarray((m + x) / width)
        total += (-1.0) ** m * width * (ierfc(ahead) - ierfc(behind))
    return total


def _graded(length: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on (0, length), panels halving towards both ends."""
    node, weight = np.polynomial.legendre.leggauss(16)
    half = 0.5 ** np.arange(40, 0, -1)
    edges = np.concatenate([[0.0], half, 1.0 - half[-2::-1], [1.0]]) * length
    middle, radius = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    return (middle[:, None] + radius[:, None] * node).ravel(), (radius[:, None] * weight).ravel()
