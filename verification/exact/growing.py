"""A planar front that grows between two electrodes of its metal: moving boundary, film, charge.

A binary salt (`verification.exact.binary`) fills h(t) < x < L above metal that grows by v = dh/dt. No anion
passes the front or the counter electrode, so that the front pushes the salt ahead. With c of the cation,
n = z+, and the charge q deposited per area (i = -dq/dt, negative where metal is deposited)

    h = h0 + V_m q/(nF),    J = -D dc/dx - (1 - t+) i/(z+ F)        (anion flux over -z+/z-)
    d/dt int c w dx = int (J - c x'(t)) dw/dx dx                    for every w that moves with x(t)

where x(t) = h + xi (L - h), 0 < xi < 1: the boundary terms are zero. The cell voltage

    V = phi(h) - phi(L) + eta_w(i, c(h)/c0) + R i - eta_c(-i, c(L)/c0),    R = R0 + r q

gives i where V is held. R is that of a film which grows with the charge, r = V_f/(n F sigma) for a film of
molar volume V_f per deposited metal and conductivity sigma; r = 0 for a film that does not grow.

Space: Galerkin with one polynomial through Gauss-Lobatto-Legendre points, also the quadrature points (Canuto
et al., Spectral Methods, 2006, ch. 2). Time: Radau IIA of order 5 (scipy). Nothing is taken from the solver.

Sources: Crank, Free and Moving Boundary Problems, 1984, ch. 4 (front-fixing); Newman and Balsara,
Electrochemical Systems, 4th ed., ch. 11.
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
from verification.exact.binary import Cell
from verification.exact.stability import Deposit, Electrodes


def faraday_height(deposit: Deposit, electrons: int, charge: float) -> float:
    """Thickness of what `charge` in C/m^2 deposits, V_m q/(nF), in m."""
    return deposit.molar_volume * charge / (electrons * FARADAY)


def parabolic_charge(voltage: float, resistance: float, growth: float, time: float) -> float:
    """Charge in C/m^2 that passes a film which grows with it: V = (R + r q) dq/dt.

        q = [ sqrt(R^2 + 2 r V t) - R ]/r

    Args:
        voltage: V over all resistances, in V.
        resistance: R at first, charge transfer (linear) and electrolyte included, ohm m^2.
        growth: r in ohm m^4/C.
        time: t in s.
    """
    # The form without cancellation, right for r = 0 too.
    return 2.0 * voltage * time / (math.sqrt(resistance**2 + 2.0 * growth * voltage * time) + resistance)


@dataclass(frozen=True)
class History:
    """The front at given times.

    Attributes:
        time: s, shape (m,).
        charge: q in C/m^2, shape (m,).
        height: h - h0 in m, shape (m,).
        current: i in A/m^2, shape (m,).
        voltage: V, shape (m,).
        concentrations: at front and counter electrode in mol/m^3, shape (m, 2).
    """

    time: FloatArray
    charge: FloatArray
    height: FloatArray
    current: FloatArray
    voltage: FloatArray
    concentrations: FloatArray


@dataclass(frozen=True)
class GrowingPlane:
    """The cell of the module.

    Attributes:
        cell: salt, initial distance L - h0, and the initial, uniform concentration c0.
        electrodes: kinetics of both with c_ref = c0; the film R0 on the front.
        deposit: the metal.
        film_growth: r in ohm m^4/C.
        degree: of the polynomial.
    """

    cell: Cell
    electrodes: Electrodes
    deposit: Deposit
    film_growth: float = 0.0
    degree: int = 48

    def at_current(self, current: float, times: Sequence[float]) -> History:
        """Under `current` i in A/m^2, at ascending `times` in s."""
        return self._history(times, current, None)

    def at_voltage(self, voltage: float, times: Sequence[float]) -> History:
        """At a held `voltage` V, at ascending `times` in s."""
        return self._history(times, None, voltage)

    def height(self, charge: float) -> float:
        """Growth h - h0 in m when `charge` in C/m^2 has passed."""
        return faraday_height(self.deposit, self.cell.salt.z_plus, charge)

    @cached_property
    def _points(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Points, weights and differentiation matrix on (0, 1)."""
        legendre = np.polynomial.Legendre.basis(self.degree)
        x = np.concatenate(([-1.0], np.sort(legendre.deriv().roots().real), [1.0]))
        values = legendre(x)
        matrix = values[:, None] / values[None, :] / (x[:, None] - x[None, :] + np.eye(x.size))
        np.fill_diagonal(matrix, 0.0)
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        weights = 1.0 / (self.degree * (self.degree + 1) * values**2)
        return 0.5 * (1.0 + x), weights, 2.0 * matrix

    def _rate(self, state: FloatArray, current: float | None, voltage: float | None) -> FloatArray:
        """Of the amounts (L - h) c at the points and of the charge."""
        xi, weights, matrix = self._points
        salt, length = self.cell.salt, self.cell.length - self.height(float(state[-1]))
        c = state[:-1] / length
        i = self._current(np.asarray(c), float(state[-1]), voltage) if current is None else current
        flux = -salt.diffusivity * (matrix @ c) / length
        flux = flux - (1.0 - salt.transference) * i / (salt.z_plus * FARADAY)
        speed = self.height(-i) * (1.0 - xi)
        return np.append(matrix.T @ (weights * (flux - speed * c)) / weights, -i)

    def _voltage(self, c: FloatArray, charge: float, current: float) -> float:
        """V under `current` at the concentrations `c` at the points."""
        salt, electrodes = self.cell.salt, self.electrodes
        length = self.cell.length - self.height(charge)
        ohmic = current * length * float(self._points[1] @ (1.0 / c)) / salt.conductivity(1.0)
        factor = thermal_voltage(salt.temperature) * (salt.d_plus - salt.d_minus) / salt.mobility
        film = electrodes.film + self.film_growth * charge
        front, counter = float(c[0]) / self.cell.concentration, float(c[-1]) / self.cell.concentration
        surfaces = electrodes.working.overpotential(current, front)
        surfaces -= electrodes.counter.overpotential(-current, counter)
        return ohmic + factor * math.log(c[-1] / c[0]) + surfaces + film * current

    def _current(self, c: FloatArray, charge: float, voltage: float | None) -> float:
        """Inverse of `_voltage`, which rises with the current."""
        assert voltage is not None
        bound = self.electrodes.working.exchange
        while not self._voltage(c, charge, -bound) < voltage < self._voltage(c, charge, bound):
            bound *= 4.0
        root = brentq(lambda i: self._voltage(c, charge, i) - voltage, -bound, bound, xtol=1e-13 * bound)
        return float(root)

    def _history(self, times: Sequence[float], current: float | None, voltage: float | None) -> History:
        c0, n = self.cell.concentration, self.degree + 1
        start = np.append(np.full(n, c0 * self.cell.length), 0.0)
        amount = c0 * self.cell.length
        first = self._current(np.full(n, c0), 0.0, voltage) if current is None else current
        charge = abs(first) * times[-1]
        solution = solve_ivp(
            lambda _, state: self._rate(state, current, voltage),
            (0.0, times[-1]),
            start,
            method="Radau",
            t_eval=times,
            rtol=1e-9,
            atol=np.append(np.full(n, 1e-10 * amount), 1e-10 * charge),
            first_step=1e-6 * times[-1],
        )
        if not solution.success:
            raise RuntimeError(f"growing plane: {solution.message}")
        q = solution.y[-1]
        height = np.array([self.height(float(value)) for value in q])
        c = solution.y[:-1] / (self.cell.length - height)
        given = current is not None
        i = np.array([current if given else self._current(c[:, k], q[k], voltage) for k in range(q.size)])
        volts = np.array([self._voltage(c[:, k], q[k], i[k]) for k in range(q.size)])
        return History(solution.t, q, height, i, volts, np.column_stack((c[0], c[-1])))
