"""Electrode kinetics: overpotential and concentrations in, current density out.

Functions take numbers, arrays or UFL expressions alike; `exp` is the exponential that belongs to them.
Currents are positive when metal dissolves (anodic) and negative when it deposits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .types import FloatArray


@dataclass(frozen=True)
class ButlerVolmer:
    """Charge transfer ion + n e- <-> metal.

    i = i0 [exp(alpha_a n f eta) - (c/c_ref) exp(-alpha_c n f eta)],  f = F/RT,  eta = V_metal - phi - E_eq

    with E_eq that of c = c_ref, so that the Nernst shift is contained in c/c_ref (exactly, when
    alpha_a + alpha_c = 1). Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 8.

    Attributes:
        exchange_current_density: i0 at c = c_ref, in A/m^2.
        alpha_a, alpha_c: transfer coefficients.
        reference_concentration: c_ref in mol/m^3.
        anisotropy: epsilon in i0 (1 + epsilon cos 4 theta) on the growing metal, theta between the normal of
            the surface and the axis that points from substrate to counter electrode. 0 is isotropic.
    """

    exchange_current_density: float
    alpha_a: float
    alpha_c: float
    reference_concentration: float
    anisotropy: float = 0.0

    def direction(self, normals: FloatArray) -> FloatArray:
        """Factor of i0 on surfaces with unit `normals`, shape (m, 2) -> (m,)."""
        cosine = normals[:, 1] ** 2
        return np.asarray(1.0 + self.anisotropy * (8.0 * cosine**2 - 8.0 * cosine + 1.0))

    def current(self, eta: Any, ratio: Any, exp: Callable[[Any], Any]) -> Any:
        """Current density in units of i0; `eta` = n F eta/RT, `ratio` = c/c_ref."""
        return exp(self.alpha_a * eta) - ratio * exp(-self.alpha_c * eta)

    def slope(self, eta: Any, ratio: Any, exp: Callable[[Any], Any]) -> Any:
        """Derivative of `current` by the dimensionless overpotential."""
        return self.alpha_a * exp(self.alpha_a * eta) + self.alpha_c * ratio * exp(-self.alpha_c * eta)
