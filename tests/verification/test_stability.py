"""Growth and decay of a small ripple against the analytic dispersion relation.

Quasi-steady bulk, binary 1:1 salt with D+ = D-, alpha_a + alpha_c = 1, k L >> 1:

    omega(k) = (V_m/F) 2 F D k [K G - S gamma V_m k^2/F] / [K + 2 F D k],   G = i/(2 F D),
    S = f i_ex [alpha_c exp(-alpha_c f eta) + alpha_a exp(alpha_a f eta)],  K = [alpha_a i + 2 S/f]/c1

with i_ex the exchange current density at the concentration c1 at the electrode and i the deposition current.
After Sundstrom and Bark, Electrochim. Acta 40, 599 (1995); Khoo, Zhao and Bazant, J. Electrochem. Soc. 166,
A2280 (2019).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.front import Front
from solver.cell import Sizes, Steps
from solver.constants import FARADAY, GAS
from solver.march import Simulation

from .cells import (
    CONCENTRATION,
    DIFFUSIVITY,
    TEMPERATURE,
    UM,
    Held,
    cell,
    exchange,
    flat,
    physics,
    steady_binary_current,
)

GAP = 10 * UM
LAYER = 9.5 * UM
"""Electrolyte between the front at a height of 0.05 gaps and the counter electrode."""


def omega(ph: Held, k: float) -> float:
    """The dispersion relation of the module docstring, in 1/s."""
    f = FARADAY / (GAS * TEMPERATURE)
    i = -steady_binary_current(ph, LAYER) if ph.voltage else 0.0
    c1 = CONCENTRATION - i * LAYER / (4.0 * FARADAY * DIFFUSIVITY)
    i_ex = exchange(ph) * np.sqrt(c1 / CONCENTRATION)
    eta = -2.0 / f * np.arcsinh(i / (2.0 * i_ex))
    s = f * i_ex * np.cosh(0.5 * f * eta)
    big_k = (0.5 * i + 2.0 * s / f) / c1
    g = i / (2.0 * FARADAY * DIFFUSIVITY)
    volume, gamma = ph.metal.molar_volume, ph.metal.surface_energy
    spread = 2.0 * FARADAY * DIFFUSIVITY * k
    return float(
        volume / FARADAY * spread * (big_k * g - s * gamma * volume * k**2 / FARADAY) / (big_k + spread)
    )


def ripple(front: Front, wavelength: float, amplitude: float) -> Front:
    """Front of cosine shape around height 0.05 (lengths in units of the gap)."""
    x = front.points[:, 0]
    return front.with_points(np.column_stack((x, 0.05 + amplitude * np.cos(2 * np.pi * x / wavelength))))


def amplitude(front: Front, wavelength: float) -> float:
    """Projection of the front on the cosine."""
    x, y = front.points.T
    wave = np.cos(2 * np.pi * x / wavelength)
    return float(np.trapezoid((y - y.mean()) * wave, x) / np.trapezoid(wave**2, x))


@pytest.mark.parametrize(
    ("voltage", "i0", "wavelength", "duration"),
    [(0.0, 1e4, 0.1, 2.0), (0.0, 1e5, 0.1, 0.5), (-0.05, 1e4, 0.1, 0.2), (-0.05, 1e5, 0.1, 0.1)],
)
def test_ripple_follows_the_dispersion_relation(
    voltage: float, i0: float, wavelength: float, duration: float
) -> None:
    """Decay by capillarity alone, and growth at half the limiting current, within 4 %."""
    ph = physics(i0=i0, voltage=voltage, surface_energy=2.0 if voltage == 0.0 else 0.2)
    start = ripple(flat(width=wavelength, size=wavelength / 40), wavelength, 1e-3)
    h = wavelength * GAP / 40
    sizes = Sizes(front=h, smallest=h, seed=h, bulk=0.4 * UM, growth=0.2)
    steps = Steps(initial=1e-4, largest=0.02, tolerance=1e-3, displacement=0.1)
    resting = cell(start, ph, sizes=sizes, steps=steps, moving=False)
    simulation = Simulation(resting, MPI.COMM_WORLD)
    while simulation.state.time < 3.0:
        simulation.advance(0.2)
    simulation.cell = simulation.mesher.cell = replace(
        resting, moving=True, steps=replace(steps, largest=0.002)
    )
    k = 2 * np.pi / (wavelength * GAP)
    expected = omega(ph, k)
    begin, time = amplitude(simulation.front, wavelength), simulation.state.time
    while simulation.state.time < time + duration - 1e-9:
        simulation.advance(time + duration - simulation.state.time)
        simulation.move()
    rate = np.log(amplitude(simulation.front, wavelength) / begin) / duration
    assert rate == pytest.approx(expected, rel=0.04)
