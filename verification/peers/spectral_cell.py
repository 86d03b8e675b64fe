"""Binary electrolyte between two metal electrodes by one spectral element: a second opinion on `pybamm_cell`.

The same equations (see there) by another method. In one dimension the current density i is the same
everywhere, so that the salt concentration is the only field and the potential an integral over it:

    int (dc/dt) w dx = -int D(c) c' w' dx + flux [w(0) - w(L)],   flux = s i/F
    phi(L) - phi(0) = int [(RT/F) b(c) c'/c - i/kappa(c)] dx

Dilute: D = 2 D+ D-/(D+ + D-), s = D-/(D+ + D-), b = -(D+ - D-)/(D+ + D-), kappa = F^2 (D+ + D-) c/(RT).
Concentrated: D(c), s = 1 - t+, b = 2 (1 - t+)(1 + dln f/dln c), kappa(c).

Space: Galerkin with one polynomial through Gauss-Lobatto-Legendre points, which are also the quadrature
points (Canuto et al., Spectral Methods: Fundamentals in Single Domains, 2006, ch. 2 and 3).
Time: Radau IIA of order 5 (scipy).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

FloatArray = npt.NDArray[np.float64]
Law = Callable[[FloatArray], FloatArray]

FARADAY = 96485.33212
GAS = 8.31446261815324


def lobatto(degree: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points (n,), weights (n,) and differentiation matrix (n, n) of [-1, 1], n = `degree` + 1.

    The points are the ends and the roots of P'_degree; weights 2/(degree n P_degree(x)^2).
    """
    legendre = np.polynomial.Legendre.basis(degree)
    points = np.concatenate([[-1.0], np.sort(legendre.deriv().roots().real), [1.0]])
    values = legendre(points)
    separation = points[:, None] - points[None, :] + np.eye(degree + 1)
    matrix = values[:, None] / values[None, :] / separation
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return points, 2.0 / (degree * (degree + 1) * values**2), matrix


@dataclass(frozen=True)
class Salt:
    """Laws of a binary electrolyte; arrays of c in mol/m^3 to arrays, SI units.

    Attributes:
        diffusivity: D(c) in m^2/s.
        conductivity: kappa(c) in S/m.
        share: part s of the current that salt diffusion must carry, N_salt = s i/F at an electrode.
        diffusion_potential: b in phi' = (RT/F) b c'/c - i/kappa.
        symmetric: whether the exchange current goes with sqrt(c/c0), phi being that of a reference electrode.
    """

    diffusivity: Law
    conductivity: Law
    share: float
    diffusion_potential: float
    symmetric: bool


def salt_of(cell: Mapping[str, Any]) -> Salt:
    """Laws of a cell as `pybamm_cell.solve` takes it."""
    p = cell["parameters"]
    if cell["model"] == "concentrated":
        share = 1.0 - p["transference_number"]
        return Salt(
            diffusivity=partial(_polynomial, p["diffusivity_m2_s"]),
            conductivity=partial(_polynomial, p["conductivity_S_m"]),
            share=share,
            diffusion_potential=2.0 * share * p["thermodynamic_factor"],
            symmetric=True,
        )
    cation, anion = p["cation_diffusivity_m2_s"], p["anion_diffusivity_m2_s"]
    mobility = FARADAY**2 * (cation + anion) / (GAS * p["temperature_K"])
    return Salt(
        diffusivity=lambda c: np.full_like(c, 2.0 * cation * anion / (cation + anion)),
        conductivity=lambda c: mobility * c,
        share=anion / (cation + anion),
        diffusion_potential=-(cation - anion) / (cation + anion),
        symmetric=False,
    )


def _polynomial(terms: list[list[float]], concentration: FloatArray) -> FloatArray:
    reduced = concentration / 1000.0
    return np.asarray(sum(factor * reduced**power for factor, power in terms))


class SpectralCell:
    """One cell with its points, laws and kinetics."""

    def __init__(self, cell: Mapping[str, Any], degree: int = 40) -> None:
        """`cell` as `pybamm_cell.solve` takes it, but for `numerics`; `degree` of the polynomial."""
        p = cell["parameters"]
        _, weights, matrix = lobatto(degree)
        half = p["gap_m"] / 2.0
        self.weights, self.matrix = weights * half, matrix / half
        self.salt = salt_of(cell)
        self.thermal = GAS * p["temperature_K"] / FARADAY
        self.initial = float(p["concentration_mol_m3"])
        self.exchange = float(p["exchange_current_A_m2"])

    def rate(self, concentration: FloatArray, current: float) -> FloatArray:
        """dc/dt in mol/(m^3 s), shape (n,), at the current density `current` in A/m^2."""
        gradient = self.matrix @ concentration
        flux = self.salt.diffusivity(concentration) * gradient
        balance = -self.matrix.T @ (self.weights * flux)
        inflow = self.salt.share * current / FARADAY
        balance[0] += inflow
        balance[-1] -= inflow
        return np.asarray(balance / self.weights)

    def overpotential(self, current: float, ratio: float) -> float:
        """Eta in V of an electrode with anodic current density `current` in A/m^2; `ratio` = c/c0."""
        reduced = current / self.exchange
        if self.salt.symmetric:
            return float(2.0 * self.thermal * np.arcsinh(reduced / (2.0 * np.sqrt(ratio))))
        # exp(eta/2) solves a quadratic; of the two forms of its root the one without cancellation.
        root = np.sqrt(reduced**2 + 4.0 * ratio)
        half = (root + reduced) / 2.0 if reduced > 0.0 else 2.0 * ratio / (root - reduced)
        return float(2.0 * self.thermal * np.log(half))

    def voltage(self, concentration: FloatArray, current: float) -> float:
        """Working minus counter electrode in V."""
        salt = self.salt
        field = self.thermal * salt.diffusion_potential * (self.matrix @ concentration) / concentration
        field = field - current / salt.conductivity(concentration)
        rise = float(self.weights @ field)
        ratio = concentration / self.initial
        working = self.overpotential(current, float(ratio[0]))
        return working - self.overpotential(-current, float(ratio[-1])) - rise

    def current(self, concentration: FloatArray, voltage: float) -> float:
        """Current density in A/m^2 at which the cell has `voltage` in V; the voltage rises with it."""
        bound = self.exchange
        while self.voltage(concentration, -bound) > voltage or self.voltage(concentration, bound) < voltage:
            bound *= 4.0
        return float(
            brentq(lambda i: self.voltage(concentration, i) - voltage, -bound, bound, xtol=1e-11 * bound)
        )


def solve(cell: Mapping[str, Any], degree: int = 40, tolerance: float = 1e-9) -> dict[str, list[float]]:
    """Run the program of `cell`, which is as `pybamm_cell.solve` takes it.

    Returned: `time_s`, `voltage_V`, `current_A_m2`, `concentration_working_mol_m3`,
    `concentration_counter_mol_m3`, all of one length.

    Raises:
        RuntimeError: The time integration failed.
    """
    model = SpectralCell(cell, degree)
    names = (
        "time_s",
        "voltage_V",
        "current_A_m2",
        "concentration_working_mol_m3",
        "concentration_counter_mol_m3",
    )
    result: dict[str, list[float]] = {name: [] for name in names}
    state, start = np.full(degree + 1, model.initial), 0.0
    for step in cell["program"]:
        held, value, samples = step["kind"] == "voltage", float(step["value"]), step["samples_s"]

        def current(c: FloatArray, held: bool = held, value: float = value) -> float:
            return model.current(c, value) if held else value

        def right_side(
            _: float, c: FloatArray, current: Callable[[FloatArray], float] = current
        ) -> FloatArray:
            return model.rate(c, current(c))

        solution = solve_ivp(
            right_side,
            (0.0, samples[-1]),
            state,
            method="Radau",
            t_eval=samples,
            rtol=tolerance,
            atol=tolerance * model.initial,
        )
        if not solution.success:
            raise RuntimeError(f"spectral cell: {solution.message}")
        for time, column in zip(samples, solution.y.T, strict=True):
            density = current(column)
            row = (start + time, model.voltage(column, density), density, column[0], column[-1])
            for name, number in zip(names, row, strict=True):
                result[name].append(float(number))
        state, start = solution.y[:, -1], start + samples[-1]
    return result
