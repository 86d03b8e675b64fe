"""A substrate that deposit nucleates on: how hard it is to begin, and how a spot becomes covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .contact import Contact
from .types import FloatArray


@dataclass(frozen=True)
class Surface:
    """A kind of substrate.

    The state theta of a bare spot is one number. From -1 (fresh) to 0 it incubates: embryos form, too small
    to stay, and only while the overpotential is past the nucleation overpotential eta_nuc,

        d theta/dt = k f,   f = (1 - exp((eta + eta_nuc)/V_T)) H(-eta - eta_nuc)

    so that nucleation takes 1/k far past eta_nuc and for ever short of it. From 0 on it is the part that
    nuclei cover. They spread over their spacing s at the speed v at which the metal grows:

        d theta/dt = (1 - theta) (k f + theta v/s).

    At theta = 1/2 the spot is deposit, and its barrier gone; until then the charge in it is neglected. A
    mean-field form of nucleation, growth and coalescence (Avrami, J. Chem. Phys. 7, 1103 (1939)) with the
    induction time that nucleation on a foreign metal shows (Budevski, Staikov and Lorenz, Electrochemical
    Phase Formation and Growth, ch. 4).

    Attributes:
        name: as in the case.
        nucleation_overpotential: eta_nuc in V, >= 0.
        nucleation_rate: k in 1/s, the inverse of the induction time far past eta_nuc.
        nuclei_spacing: s in m.
        contact_angle: advancing angle of the deposit on the bare surface, radians; below it a foot is pinned.
        contact: how electrons reach deposit on this surface.
    """

    name: str
    nucleation_overpotential: float
    nucleation_rate: float
    nuclei_spacing: float
    contact_angle: float
    contact: Contact

    def coverage_rates(
        self, eta: FloatArray, speed: FloatArray, thermal_voltage: float
    ) -> tuple[FloatArray, FloatArray]:
        """Rates k f of nucleation and v/s of spreading, 1/s, at overpotential `eta` (V), `speed` v (m/s)."""
        beyond = np.minimum(eta + self.nucleation_overpotential, 0.0) / thermal_voltage
        return -self.nucleation_rate * np.expm1(beyond), np.maximum(speed, 0.0) / self.nuclei_spacing
