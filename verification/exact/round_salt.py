"""A cylinder or a sphere that grows in a binary salt: the moving-boundary problem in one radial coordinate.

The counterpart of `verification.exact.growing` between concentric electrodes (`verification.exact.round`). A
binary salt (`verification.exact.binary`) fills R(t) < r < S. No anion passes the electrodes, so that both
push the salt ahead where they move. With the current density i of the inner electrode (negative where metal
is deposited), i (R/r)^(d-1) at r, and c of the cation,

    dR/dt = -V_m i/(nF),    J = -D dc/dr - (1 - t+) i (R/r)^(d-1)/(z+ F)     (anion flux over -z+/z-)
    d/dt int c w r^(d-1) dr = int (J - c r'(t)) dw/dr r^(d-1) dr             for every w that moves with r(t)

where r(t) = R + xi (S - R), 0 < xi < 1: the boundary terms are zero. The voltage

    V = phi(R) - phi(S) + eta_w(i, c(R)/c0) - Gamma (d - 1)/R - eta_c(-i (R/S)^(d-1), c(S)/c0)

gives i where V is held; where the outer electrode moves, its curvature enters with -Gamma (d - 1)/S. Space:
Galerkin with one polynomial (`verification.exact.lobatto`). Time: Radau IIA of order 5 (scipy). Nothing is
taken from the solver. For d = 1 these are the equations of the plane.

Source: Crank, Free and Moving Boundary Problems, 1984, ch. 4 (front-fixing).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from solver.constants import FARADAY, thermal_voltage
from solver.types import FloatArray
from verification.exact.binary import Salt
from verification.exact.lobatto import Lobatto, lobatto
from verification.exact.round import Annulus
from verification.exact.stability import Deposit, Electrodes


@dataclass(frozen=True)
class RoundHistory:
    """The electrodes at given times.

    Attributes:
        time: s, shape (m,).
        radius: R in m, shape (m,).
        current: i of the inner electrode in A/m^2, shape (m,).
        voltage: V, shape (m,).
        concentrations: at the inner and the outer electrode in mol/m^3, shape (m, 2).
    """

    time: FloatArray
    radius: FloatArray
    current: FloatArray
    voltage: FloatArray
    concentrations: FloatArray


@dataclass(frozen=True)
class RoundSalt:
    """The cell of the module.

    Attributes:
        annulus: the electrodes.
        salt: what fills it.
        concentration: c0, uniform at first, mol/m^3; c_ref of both kinetics.
        electrodes: kinetics, the inner one working; no film.
        deposit: the metal.
        degree: of the polynomial.
    """

    annulus: Annulus
    salt: Salt
    concentration: float
    electrodes: Electrodes
    deposit: Deposit
    degree: int = 40

    def at_current(self, total: float, times: Sequence[float]) -> RoundHistory:
        """Under the current `total` = i A(R) in A (A/m for cylinders), at ascending `times` in s."""
        return self._history(times, total, None)

    def at_voltage(self, voltage: float, times: Sequence[float]) -> RoundHistory:
        """At a held `voltage` V, at ascending `times` in s."""
        return self._history(times, None, voltage)

    @cached_property
    def _basis(self) -> Lobatto:
        return lobatto(self.degree)

    @property
    def _volume_per_charge(self) -> float:
        return self.deposit.molar_volume / (self.salt.z_plus * FARADAY)

    def _radii(self, radius: float) -> tuple[FloatArray, float]:
        """R of the points, and S - R."""
        length = self.annulus.outer_at(radius) - radius
        return radius + length * self._basis.points, length

    def _rate(self, state: FloatArray, total: float | None, voltage: float | None) -> FloatArray:
        """Of (S - R) r^(d-1) c at the points and of R."""
        xi, weights, matrix = self._basis
        salt, around, radius = self.salt, self.annulus, float(state[-1])
        r, length = self._radii(radius)
        spread = r ** (around.dim - 1)
        c = np.asarray(state[:-1] / (length * spread))
        i = self._current(c, radius, voltage) if total is None else total / around.area(radius)
        inner = -self._volume_per_charge * i
        ratio = (radius / around.outer_at(radius)) ** (around.dim - 1) if around.moves else 0.0
        speed = inner * (1.0 - xi + ratio * xi)
        migration = (1.0 - salt.transference) * i * (radius / r) ** (around.dim - 1) / (salt.z_plus * FARADAY)
        flux = -salt.diffusivity * (matrix @ c) / length - migration
        return np.append(matrix.T @ (weights * spread * (flux - speed * c)) / weights, inner)

    def _voltage(self, c: FloatArray, radius: float, i: float) -> float:
        """V with the current density `i` at the concentrations `c` at the points."""
        salt, around, electrodes = self.salt, self.annulus, self.electrodes
        r, length = self._radii(radius)
        outer = around.outer_at(radius)
        spread = (radius / r) ** (around.dim - 1)
        ohmic = i * length * float(self._basis.weights @ (spread / c)) / salt.conductivity(1.0)
        factor = thermal_voltage(salt.temperature) * (salt.d_plus - salt.d_minus) / salt.mobility
        first, last = float(c[0]) / self.concentration, float(c[-1]) / self.concentration
        surfaces = electrodes.working.overpotential(i, first)
        surfaces -= electrodes.counter.overpotential(-i * float(spread[-1]), last)
        curvature = around.curvature(radius) + (around.curvature(outer) if around.moves else 0.0)
        capillary = self.deposit.surface_energy * self._volume_per_charge * curvature
        return ohmic + factor * math.log(last / first) + surfaces - capillary

    def _current(self, c: FloatArray, radius: float, voltage: float | None) -> float:
        """Inverse of `_voltage`, which rises with the current."""
        assert voltage is not None
        bound = self.electrodes.working.exchange
        while not self._voltage(c, radius, -bound) < voltage < self._voltage(c, radius, bound):
            bound *= 4.0
        root = brentq(lambda i: self._voltage(c, radius, i) - voltage, -bound, bound, xtol=1e-13 * bound)
        return float(root)

    def _history(self, times: Sequence[float], total: float | None, voltage: float | None) -> RoundHistory:
        around, c0 = self.annulus, self.concentration
        r, length = self._radii(around.inner)
        amounts = length * r ** (around.dim - 1)
        solution = solve_ivp(
            lambda _, state: self._rate(state, total, voltage),
            (0.0, times[-1]),
            np.append(c0 * amounts, around.inner),
            method="Radau",
            t_eval=times,
            rtol=1e-9,
            atol=np.append(1e-10 * c0 * amounts, 1e-10 * around.inner),
            first_step=1e-6 * times[-1],
        )
        if not solution.success:
            raise RuntimeError(f"round electrode in a salt: {solution.message}")
        radius, rows = solution.y[-1], []
        for k, value in enumerate(map(float, radius)):
            r, length = self._radii(value)
            c = np.asarray(solution.y[:-1, k] / (length * r ** (around.dim - 1)))
            i = self._current(c, value, voltage) if total is None else total / around.area(value)
            rows.append((i, self._voltage(c, value, i), float(c[0]), float(c[-1])))
        found = np.array(rows)
        return RoundHistory(solution.t, radius, found[:, 0], found[:, 1], found[:, 2:])
