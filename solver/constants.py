"""CODATA 2018 constants (SI)."""

from __future__ import annotations

FARADAY = 96485.33212
"""C/mol."""
GAS = 8.31446261815324
"""J/(mol K)."""
BOLTZMANN_EV = 8.617333262145179e-5
"""eV/K."""


def thermal_voltage(temperature: float) -> float:
    """RT/F in V at `temperature` in K."""
    return GAS * temperature / FARADAY
