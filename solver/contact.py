"""How electrons reach a piece of deposit: ohmic contact to the collector, or a Schottky junction under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .constants import BOLTZMANN_EV, thermal_voltage
from .types import FloatArray


class Contact(Protocol):
    """Junction between the current collector and a deposit that floats on it."""

    @property
    def floats(self) -> bool:
        """Whether a deposit on this contact has a potential of its own."""
        ...

    def current_density(self, drop: FloatArray) -> FloatArray:
        """Current density deposit -> collector, A/m^2 of base, at `drop` = V_deposit - V_collector in V."""
        ...

    def conductance(self, drop: FloatArray) -> FloatArray:
        """Derivative of `current_density` by `drop`, in S/m^2."""
        ...


@dataclass(frozen=True)
class Ohmic:
    """Deposit and collector at one potential."""

    @property
    def floats(self) -> bool:
        """A deposit in ohmic contact has the potential of the collector."""
        return False

    def current_density(self, drop: FloatArray) -> FloatArray:
        """Not defined: an ohmic contact has no drop."""
        raise ValueError("an ohmic contact has no potential drop to compute a current from")

    conductance = current_density


@dataclass(frozen=True)
class Schottky:
    """Thermionic emission over a barrier; electrons are supplied at J_s at the most.

    j = J_s [1 - exp(-(V_deposit - V_collector)/V_T)],   J_s = A* T^2 exp(-barrier/(k_B T))

    Source: Sze and Ng, Physics of Semiconductor Devices, 3rd ed., ch. 3.

    Attributes:
        barrier: in eV.
        richardson: effective Richardson constant A* in A/(m^2 K^2).
        ideality: n in V_T = n RT/F.
        temperature: in K.
    """

    barrier: float
    richardson: float
    ideality: float
    temperature: float

    @property
    def floats(self) -> bool:
        """A deposit behind a junction has a potential of its own."""
        return True

    @property
    def saturation(self) -> float:
        """J_s in A/m^2."""
        return float(
            self.richardson * self.temperature**2 * np.exp(-self.barrier / (BOLTZMANN_EV * self.temperature))
        )

    def current_density(self, drop: FloatArray) -> FloatArray:
        """J in A/m^2 of base; see the class."""
        return np.asarray(-self.saturation * np.expm1(-drop / self.voltage))

    def conductance(self, drop: FloatArray) -> FloatArray:
        """dJ/d(drop) in S/m^2."""
        return np.asarray(self.saturation / self.voltage * np.exp(-drop / self.voltage))

    @property
    def voltage(self) -> float:
        """V_T = n RT/F in V."""
        return self.ideality * thermal_voltage(self.temperature)
