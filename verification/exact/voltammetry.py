"""Linear sweep and cyclic voltammetry at a planar electrode, species minor, diffusion in a half-space.

The surface concentration is the semi-integral of the current (Abel's integral of the diffusion equation):

    c_s(t) = c0 + I(t)/(n F sqrt(D)),   I(t) = pi^(-1/2) int_0^t i(s) (t - s)^(-1/2) ds

i anodic positive, E falls by v per second at first. Where the electrode is in equilibrium c_s(t) is known and
i is its semi-derivative; where it is not, i obeys a Volterra equation of the second kind, linear in i.

Sources: Nicholson and Shain, Anal. Chem. 36 (1964) 706; Berzins and Delahay, J. Am. Chem. Soc. 75 (1953) 555;
Bard and Faulkner, Electrochemical Methods, 2nd ed., ch. 6.2; product integration: Linz, Analytical and
Numerical Methods for Volterra Equations, SIAM 1985, ch. 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import dawsn

from solver.constants import FARADAY, thermal_voltage
from solver.types import FloatArray
from verification.exact.diffusion import Minor
from verification.exact.electrode import Kinetics

RANDLES_SEVCIK = 0.4463
"""Peak of sqrt(pi) chi(sigma t) for a reversible couple in solution, as printed by Nicholson and Shain."""
BERZINS_DELAHAY = 0.6105
"""Peak for a reversible deposit of activity 1: 2/sqrt(pi) times the maximum 0.5410 of Dawson's integral."""


@dataclass(frozen=True)
class Sweep:
    """Potential E(t) = start - v t, turned round at `reversal`.

    Attributes:
        start: E(0) in V, against E_eq of c_ref = c0 for a deposit, against E_1/2 for a couple in solution.
        rate: v in V/s, > 0.
        reversal: time in s when E begins to rise again at the same rate.
        temperature: in K.
    """

    start: float
    rate: float
    reversal: float = math.inf
    temperature: float = 298.15

    def potential(self, time: npt.ArrayLike) -> FloatArray:
        """E(t) in V; `time` in s."""
        t = np.asarray(time, dtype=float)
        return np.asarray(self.start - self.rate * np.minimum(t, 2.0 * self.reversal - t))

    def sigma(self, electrons: int) -> float:
        """nFv/RT in 1/s."""
        return electrons * self.rate / thermal_voltage(self.temperature)


def peak_current(species: Minor, sweep: Sweep, number: float) -> float:
    """Magnitude of the first peak: number n F c0 sqrt(D n F v/(RT)), in A/m^2.

    Args:
        species: what is reduced.
        sweep: rate and temperature.
        number: `RANDLES_SEVCIK` or `BERZINS_DELAHAY`.
    """
    root = math.sqrt(species.diffusivity * sweep.sigma(species.electrons))
    return number * species.electrons * FARADAY * species.concentration * root


def reversible_deposit(time: npt.ArrayLike, species: Minor, sweep: Sweep) -> FloatArray:
    """Current of a reversible deposit of activity 1, swept down from E_eq (start = 0), before the reversal.

    c_s = c0 exp(-sigma t) gives i = -n F c0 sqrt(D sigma) (2/sqrt(pi)) daw(sqrt(sigma t)).

    Args:
        time: t in s, up to the reversal.
        species: what is deposited.
        sweep: the potential, with start = 0.

    Returns:
        i in A/m^2.
    """
    sigma_t = sweep.sigma(species.electrons) * np.asarray(time, dtype=float)
    return np.asarray(-peak_current(species, sweep, 2.0 / math.sqrt(math.pi)) * dawsn(np.sqrt(sigma_t)))


def deposit_peak(species: Minor, sweep: Sweep) -> tuple[float, float]:
    """Peak of `reversible_deposit`: potential against E_eq in V (-0.854 RT/nF), and i in A/m^2."""
    best = minimize_scalar(lambda y: -dawsn(y), bracket=(0.8, 0.9, 1.0), tol=1e-12)
    potential = -(float(best.x) ** 2) * sweep.rate / sweep.sigma(species.electrons)
    return potential, -peak_current(species, sweep, 2.0 / math.sqrt(math.pi) * float(dawsn(best.x)))


def reversible_couple(time: npt.ArrayLike, species: Minor, sweep: Sweep) -> FloatArray:
    """Current of a reversible couple in solution, both D equal, only the oxidised form at first.

        c_s = c0 S(t),   S = 1/(1 + exp(-nF E/RT)),   E against E_1/2
        i = n F c0 sqrt(D/pi) [ (S(0) - 1)/sqrt(t) + 2 int_0^sqrt(t) S'(t - u^2) du ]

    by Gauss-Legendre quadrature on panels that resolve the wave.

    Args:
        time: t > 0 in s, shape (m,).
        species: the oxidised form.
        sweep: the potential.

    Returns:
        i in A/m^2, shape (m,).
    """
    t = np.atleast_1d(np.asarray(time, dtype=float))
    sigma = sweep.sigma(species.electrons)
    node, weight = np.polynomial.legendre.leggauss(12)
    sums = np.empty_like(t)
    for index, now in enumerate(t):
        edges = _panels(now, sweep.reversal, sigma)
        middle, radius = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        then = now - (middle[:, None] + radius[:, None] * node) ** 2
        occupied = _occupancy(sweep, species.electrons, then)
        slope = np.where(then < sweep.reversal, -sigma, sigma) * occupied * (1.0 - occupied)
        sums[index] = 2.0 * float(radius @ (slope @ weight))
    first = float(_occupancy(sweep, species.electrons, np.zeros(1))[0]) - 1.0
    factor = species.electrons * FARADAY * species.concentration * math.sqrt(species.diffusivity / math.pi)
    return np.asarray(factor * (first / np.sqrt(t) + sums))


def deposit_with_kinetics(
    species: Minor, sweep: Sweep, kinetics: Kinetics, end: float, steps: int
) -> tuple[FloatArray, FloatArray]:
    """Current of a deposit with Butler-Volmer kinetics (c_ref = c0) under any sweep, by Volterra's equation.

        i = i0 [ exp(alpha_a f E) - (c_s/c0) exp(-alpha_c f E) ],   c_s = c0 + I/(n F sqrt(D))

    The result is extrapolated (Richardson) from `steps` and 2 `steps` equal steps of second order. Right
    after the reversal, best placed on a step, the slope of i is singular; the order is 3/2 for a few steps.

    Args:
        species: what is deposited; its number of electrons is that of `kinetics`.
        sweep: the potential.
        kinetics: charge transfer.
        end: last time in s.
        steps: number of times after 0.

    Returns:
        times in s and i in A/m^2, shapes (steps + 1,).
    """
    coarse, fine = (_deposit(species, sweep, kinetics, end, count) for count in (steps, 2 * steps))
    times = np.asarray(np.linspace(0.0, end, steps + 1), dtype=float)
    return times, np.asarray((4.0 * fine[::2] - coarse) / 3.0)


def _deposit(species: Minor, sweep: Sweep, kinetics: Kinetics, end: float, steps: int) -> FloatArray:
    eta = kinetics.f * sweep.potential(np.linspace(0.0, end, steps + 1))
    cathodic = kinetics.exchange * np.exp(-kinetics.alpha_c * eta)
    anodic = kinetics.exchange * np.exp(kinetics.alpha_a * eta)
    factor = 1.0 / (species.electrons * FARADAY * species.concentration * math.sqrt(species.diffusivity))
    return volterra(anodic - cathodic, -cathodic * factor, end / steps)


def volterra(source: FloatArray, factor: FloatArray, step: float) -> FloatArray:
    """Solve y = source + factor I[y] with the semi-integral I at equal steps; y linear between them.

        I[y](t_k) = pi^(-1/2) int_0^(t_k) y(s) (t_k - s)^(-1/2) ds = sum_j w_{k,j} y_j

    Args:
        source: values at t_k = k step, shape (m,).
        factor: likewise.
        step: in s.

    Returns:
        y, shape (m,); of second order in `step` for smooth y.
    """
    count = len(source)
    k = np.arange(count + 1, dtype=float)
    scale = 4.0 / 3.0 * math.sqrt(step / math.pi)
    power = k**1.5
    inner = scale * (power[2:] - 2.0 * power[1:-1] + power[:-2])  # weight of y_{k-j} at lag j = 1, 2, ...
    first = scale * (power[:-1] - power[1:] + 1.5 * np.sqrt(k[1:]))  # weight of y_0 at step k = 1, 2, ...
    y = np.zeros(count)
    y[0] = source[0]
    for index in range(1, count):
        memory = first[index - 1] * y[0] + float(inner[: index - 1] @ y[index - 1 : 0 : -1])
        y[index] = (source[index] + factor[index] * memory) / (1.0 - factor[index] * scale)
    return y


def _occupancy(sweep: Sweep, electrons: int, time: FloatArray) -> FloatArray:
    """Nernst: share S of the oxidised form at the surface."""
    exponent = electrons / thermal_voltage(sweep.temperature) * sweep.potential(time)
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * exponent)))


def _panels(now: float, reversal: float, sigma: float) -> FloatArray:
    """Edges in u = sqrt(now - s): panels of 1/sigma in s at most, a break at the reversal."""
    count = math.ceil(sigma * now) + 1
    times = np.linspace(0.0, now, count + 1)
    if reversal < now:
        times = np.sort(np.append(times, reversal))
    return np.asarray(np.sqrt(np.maximum(now - times[::-1], 0.0)))
