"""Diffuse double layer: Gouy-Chapman, and how Poisson's equation tends to electroneutrality.

    -eps phi'' = rho = z F c0 (exp(-z f phi) - exp(z f phi)),   f = F/RT,   phi -> 0 far from the wall

    lambda = sqrt( eps RT / (2 z^2 F^2 c0) )   Debye length of a symmetric z:z electrolyte

Electroneutral limit. In units of the cell length L, RT/F and c0 Poisson's equation reads

    -2 z^2 (lambda/L)^2 phi'' = sum z_i c_i

so that outside the layers at the walls electroneutrality is the limit lambda/L -> 0, and the charge density
that remains is that of the electroneutral potential, of order (lambda/L)^2: see `outer_charge`.

Sources: Gouy, J. Phys. Theor. Appl. 9 (1910) 457; Chapman, Phil. Mag. 25 (1913) 475; Grahame, Chem. Rev. 41
(1947) 441; Bard and Faulkner, Electrochemical Methods, 2nd ed., ch. 13.3; limit: Bazant, Chu and Bayly, SIAM
J. Appl. Math. 65 (2005) 1463.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.constants import FARADAY, GAS, thermal_voltage
from solver.types import FloatArray


@dataclass(frozen=True)
class DiffuseLayer:
    """Diffuse layer of a symmetric z:z electrolyte at a flat wall.

    Attributes:
        concentration: c0 of either ion far from the wall, in mol/m^3.
        permittivity: eps in F/m.
        charge: z > 0.
        temperature: in K.
    """

    concentration: float
    permittivity: float
    charge: int = 1
    temperature: float = 298.15

    @property
    def _f(self) -> float:
        return self.charge / thermal_voltage(self.temperature)

    @property
    def debye_length(self) -> float:
        """Lambda in m."""
        strength = 2.0 * (self.charge * FARADAY) ** 2 * self.concentration
        return math.sqrt(self.permittivity * GAS * self.temperature / strength)

    def potential(self, x: npt.ArrayLike, wall: float) -> FloatArray:
        """Potential phi(x) in V at `x` m from a wall at `wall` V.

        tanh(z f phi/4) = tanh(z f phi_0/4) exp(-x/lambda)
        """
        decay = math.tanh(0.25 * self._f * wall) * np.exp(-np.asarray(x, dtype=float) / self.debye_length)
        return np.asarray(4.0 / self._f * np.arctanh(decay))

    def concentrations(self, x: npt.ArrayLike, wall: float) -> tuple[FloatArray, FloatArray]:
        """Concentrations of cation and anion in mol/m^3: Boltzmann factors c0 exp(-+ z f phi)."""
        exponent = self._f * self.potential(x, wall)
        return np.asarray(self.concentration * np.exp(-exponent)), np.asarray(
            self.concentration * np.exp(exponent)
        )

    def surface_charge(self, wall: float) -> float:
        """Grahame's equation: charge of the wall sigma = sqrt(8 eps RT c0) sinh(z f phi_0/2), in C/m^2."""
        return self._grahame * math.sinh(0.5 * self._f * wall)

    def wall_potential(self, surface_charge: float) -> float:
        """Inverse of `surface_charge`, in V."""
        return 2.0 / self._f * math.asinh(surface_charge / self._grahame)

    def capacitance(self, wall: float) -> float:
        """Differential capacitance d sigma/d phi_0 = (eps/lambda) cosh(z f phi_0/2), in F/m^2."""
        return self.permittivity / self.debye_length * math.cosh(0.5 * self._f * wall)

    @property
    def _grahame(self) -> float:
        return math.sqrt(8.0 * self.permittivity * GAS * self.temperature * self.concentration)


def outer_charge(
    concentration: npt.ArrayLike, gradient: npt.ArrayLike, permittivity: float, temperature: float
) -> FloatArray:
    """Charge density left in the bulk of a steady 1:1 cell: c linear, phi = RT/F ln c when electroneutral.

        rho = -eps phi'' = (eps RT/F) (c'/c)^2      to leading order in the Debye length

    Args:
        concentration: c in mol/m^3.
        gradient: c' in mol/m^4.
        permittivity: eps in F/m.
        temperature: in K.

    Returns:
        rho in C/m^3.
    """
    slope = np.asarray(gradient, dtype=float) / np.asarray(concentration, dtype=float)
    return np.asarray(permittivity * thermal_voltage(temperature) * slope**2)
