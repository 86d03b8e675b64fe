r"""A cylinder or a sphere that grows inside a concentric counter electrode of its metal.

Between the radii R(t) and S carries an electrolyte of uniform conductivity kappa the current I (per length of
a cylinder, d = 2; of a sphere, d = 3), charge transfer is linear at both electrodes. With the surface
A(r) = 2 pi r or 4 pi r^2 and the curvature (d - 1)/R of the metal, everything is in series:

    -V = Gamma (d - 1)/R + I [ rho/A(R) + P(R, S)/kappa + rho_c/A(S) ],     Gamma = gamma V_m/(nF)
    P = ln(S/R)/(2 pi)  or  (1/R - 1/S)/(4 pi),        dR/dt = V_m I/(nF A(R))

with V < 0 the potential of the inner electrode, I the current of deposition. What the outer electrode loses
when it moves is what the inner one gains: S^d - R^d stays. Closed forms:

    constant I:                     R^d = R0^d + d V_m I t/(nF A(1))
    rho alone:                      R - R0 + R_c ln((R - R_c)/(R0 - R_c)) = (V_m |V|/(nF rho)) t
    no surface energy, S at rest:   t = (nF/(V_m |V|)) int_R0^R [ rho + A P/kappa + rho_c A/A(S) ] dR,

    int A P dR = R^2 (2 ln(S/R) + 1)/4  or  R^2/2 - R^3/(3 S),     int A dR/A(S) = R^d/(d S^(d-1))

with the critical radius R_c = (d - 1) Gamma/|V|: a smaller nucleus dissolves, a larger one grows.

Sources: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 18 (ohmic resistances between concentric
electrodes); Milchev, Electrocrystallization, 2002, ch. 1 (critical nucleus) and 2 (growth).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from solver.constants import FARADAY
from solver.types import FloatArray
from verification.exact.stability import Deposit


@dataclass(frozen=True)
class Annulus:
    """Between concentric cylinders or spheres.

    Attributes:
        dim: d, 2 for cylinders, where all is per length, 3 for spheres.
        inner, outer: R0 and S0 at first, in m.
        moves: whether the outer electrode dissolves; else it keeps its shape.
    """

    dim: int
    inner: float
    outer: float
    moves: bool = False

    @property
    def unit(self) -> float:
        """A(1), of a surface of radius 1: 2 pi or 4 pi."""
        return 2.0 * (self.dim - 1) * math.pi

    def area(self, radius: float) -> float:
        """A(r) in m^2 (m for a cylinder)."""
        return self.unit * radius ** (self.dim - 1)

    def outer_at(self, radius: float) -> float:
        """S in m when the inner electrode has `radius` in m."""
        if not self.moves:
            return self.outer
        return math.pow(self.outer**self.dim + radius**self.dim - self.inner**self.dim, 1.0 / self.dim)

    def resistance(self, radius: float) -> float:
        """P(R, S) in 1/m (1 for a cylinder): times the resistivity, the resistance of the electrolyte."""
        outer = self.outer_at(radius)
        if self.dim == 2:
            return math.log(outer / radius) / self.unit
        return (1.0 / radius - 1.0 / outer) / self.unit

    def curvature(self, radius: float) -> float:
        """Sum of the principal curvatures of a surface, in 1/m."""
        return (self.dim - 1) / radius

    def radius_by_charge(self, deposit: Deposit, electrons: int, charge: float) -> float:
        """R in m when `charge` in C (C/m) has been deposited: Faraday's law."""
        gained = self.dim * deposit.molar_volume * charge / (electrons * FARADAY * self.unit)
        return math.pow(self.inner**self.dim + gained, 1.0 / self.dim)


@dataclass(frozen=True)
class Round:
    """Growth at a held voltage with everything linear; see the module.

    Attributes:
        annulus: the electrodes.
        deposit: the metal.
        voltage: V of the inner against the outer electrode in V.
        transfer: rho of the inner electrode in ohm m^2.
        counter: rho_c of the outer one.
        resistivity: 1/kappa in ohm m.
        electrons: n.
    """

    annulus: Annulus
    deposit: Deposit
    voltage: float
    transfer: float
    counter: float = 0.0
    resistivity: float = 0.0
    electrons: int = 1

    @property
    def volume_per_charge(self) -> float:
        """V_m/(nF) in m^3/C."""
        return self.deposit.molar_volume / (self.electrons * FARADAY)

    @property
    def capillary(self) -> float:
        """Gamma = gamma V_m/(nF) in V m."""
        return self.deposit.surface_energy * self.volume_per_charge

    @property
    def critical_radius(self) -> float:
        """R_c in m, of a nucleus that neither grows nor dissolves; 0 without surface energy."""
        return -(self.annulus.dim - 1) * self.capillary / self.voltage

    def current_density(self, radius: float) -> float:
        """Of deposition, I/A(R) in A/m^2, when the inner electrode has `radius` in m."""
        around, outer = self.annulus, self.annulus.outer_at(radius)
        drive = -self.voltage - self.capillary * around.curvature(radius)
        if around.moves:  # the concave metal around the electrolyte dissolves less easily
            drive -= self.capillary * around.curvature(outer)
        area = around.area(radius)
        ohmic = area * around.resistance(radius) * self.resistivity
        return drive / (self.transfer + ohmic + self.counter * area / around.area(outer))

    def radius(self, times: Sequence[float]) -> FloatArray:
        """R in m at ascending `times` in s, by integration of dR/dt to 12 digits."""
        scale = self.annulus.inner

        def rate(_: float, state: FloatArray) -> list[float]:
            return [self.volume_per_charge * self.current_density(scale * float(state[0])) / scale]

        found = solve_ivp(
            rate, (0.0, times[-1]), [1.0], method="DOP853", t_eval=times, rtol=1e-13, atol=1e-13
        )
        if not found.success:
            raise RuntimeError(f"round electrode: {found.message}")
        return np.asarray(scale * found.y[0])

    def time(self, radius: float) -> float:
        """Time in s at which the inner electrode has `radius` in m, in closed form.

        Raises:
            ValueError: there is none with surface energy and resistances besides rho, or where the outer
                electrode moves.
        """
        rate = -self.voltage * self.volume_per_charge
        first = self.annulus.inner
        if self.capillary > 0.0:
            if self.resistivity > 0.0 or self.counter > 0.0:
                raise ValueError("no closed form with surface energy and other resistances")
            critical = self.critical_radius
            way = radius - first + critical * math.log((radius - critical) / (first - critical))
            return self.transfer * way / rate
        if self.annulus.moves and (self.resistivity > 0.0 or self.counter > 0.0):
            raise ValueError("no closed form where the outer electrode moves")
        return (self._integral(radius) - self._integral(first)) / rate

    def _integral(self, radius: float) -> float:
        """Of the sum of all resistances times area, by R, in ohm m^3."""
        dim, outer = self.annulus.dim, self.annulus.outer
        if dim == 2:
            ohmic = radius**2 * (2.0 * math.log(outer / radius) + 1.0) / 4.0
        else:
            ohmic = radius**2 / 2.0 - radius**3 / (3.0 * outer)
        spread = radius**dim / (dim * outer ** (dim - 1))
        return self.transfer * radius + self.resistivity * ohmic + self.counter * spread
