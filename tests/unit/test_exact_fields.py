"""Exact sweeps, double layers and current distributions, each against another way to the same number."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad, solve_bvp, solve_ivp
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve
from scipy.special import ellipk

from solver.constants import FARADAY, thermal_voltage
from verification.exact import debye, mapped, secondary, voltammetry
from verification.exact.diffusion import Minor
from verification.exact.electrode import Kinetics

Array = npt.NDArray[np.float64]

VT = thermal_voltage(298.15)
MINOR = Minor(7e-10, 5.0, 2)


# sweeps


def test_reversible_couple_peaks_where_nicholson_and_shain_say() -> None:
    sweep = voltammetry.Sweep(start=0.25, rate=0.1)
    times = np.linspace(2.4, 3.0, 1201)
    current = voltammetry.reversible_couple(times, MINOR, sweep)
    number = voltammetry.RANDLES_SEVCIK
    peak = -voltammetry.peak_current(MINOR, sweep, number)
    assert current.min() == pytest.approx(peak, rel=1e-4)  # the number has four digits
    potential = float(sweep.potential(times[current.argmin()]))
    assert potential == pytest.approx(-1.109 * VT / 2, abs=1e-4)


def test_reversible_couple_returns_its_surface_concentration() -> None:
    """The semi-integral of the current gives Nernst's law back, reversal included."""
    sweep = voltammetry.Sweep(start=0.25, rate=0.1, reversal=4.0)
    times = np.linspace(0, 8, 3201)
    current = np.concatenate([[0.0], voltammetry.reversible_couple(times[1:], MINOR, sweep)])
    last = semi_integral(current, times[1])
    scale = 2 * FARADAY * MINOR.concentration * math.sqrt(MINOR.diffusivity)
    occupied = 1 / (1 + np.exp(-2 / VT * sweep.potential(times)))
    assert 1 + last / scale == pytest.approx(occupied, abs=2e-4)
    assert current[times > 4.5].max() > 0.5 * abs(current.min())


def semi_integral(values: Array, step: float) -> Array:
    """pi^(-1/2) int y(s) (t - s)^(-1/2) ds for y piecewise constant (midpoint values)."""
    lag = np.sqrt(np.arange(len(values)) * step)
    weight = 2 / math.sqrt(math.pi) * np.diff(lag)
    middle = 0.5 * (values[1:] + values[:-1])
    return np.concatenate([[0.0], np.convolve(middle, weight)[: len(middle)]])


def test_reversible_deposit_peaks_where_berzins_and_delahay_say() -> None:
    sweep = voltammetry.Sweep(start=0.0, rate=0.05)
    potential, peak = voltammetry.deposit_peak(MINOR, sweep)
    assert peak == pytest.approx(
        -voltammetry.peak_current(MINOR, sweep, voltammetry.BERZINS_DELAHAY), rel=1e-4
    )
    assert potential == pytest.approx(-0.854 * VT / 2, rel=1e-3)
    times = np.linspace(0, 3, 3001)
    current = voltammetry.reversible_deposit(times, MINOR, sweep)
    assert current.min() == pytest.approx(peak, rel=1e-6)
    scale = 2 * FARADAY * MINOR.concentration * math.sqrt(MINOR.diffusivity)
    surface = 1 + semi_integral(current, times[1])[20:] / scale
    assert surface == pytest.approx(np.exp(-sweep.sigma(2) * times[20:]), abs=2e-3)


def test_volterra_solves_abels_equation_in_second_order() -> None:
    """Y = 1 - I[y] has the solution exp(t) erfc(sqrt t); here the source makes y = 1 + t + t^2 instead."""
    errors = []
    for count in (40, 80, 160):
        t = np.linspace(0, 1, count + 1)
        exact = 1 + t + t**2
        integral = 2 / math.sqrt(math.pi) * np.sqrt(t) * (1 + 2 / 3 * t + 8 / 15 * t**2)
        factor = -1 - 3 * t
        errors.append(np.abs(voltammetry.volterra(exact - factor * integral, factor, t[1]) - exact).max())
    assert np.log2(errors[:-1] / np.array(errors[1:])) == pytest.approx(2.0, abs=0.1)


def test_deposit_with_kinetics_solves_the_diffusion_equation() -> None:
    """Against finite volumes on a stretched grid, reversal included."""
    sweep = voltammetry.Sweep(start=0.0, rate=0.05, reversal=3.0)
    kinetics = Kinetics(exchange=2.0, electrons=2)
    _, current = voltammetry.deposit_with_kinetics(MINOR, sweep, kinetics, 6.5, 650)
    _, finer = voltammetry.deposit_with_kinetics(MINOR, sweep, kinetics, 6.5, 1300)
    change = np.abs(current - finer[::2]) / np.abs(finer).max()
    assert change[:301].max() < 1e-7
    assert change.max() < 2e-4
    faces = 8 * math.sqrt(MINOR.diffusivity * 6.5) * np.expm1(5 * np.linspace(0, 1, 301)) / np.expm1(5.0)
    centres, widths = 0.5 * (faces[1:] + faces[:-1]), np.diff(faces)

    def electrode_current(t: float, first: float) -> float:
        """Kinetics linear in c_s, c_s from the first cell by half a cell of diffusion."""
        eta = float(sweep.potential(t))
        anodic = kinetics.current(eta, 0.0)
        cathodic = (anodic - kinetics.current(eta, 1.0)) / MINOR.concentration
        conductance = 2 * FARADAY * MINOR.diffusivity / centres[0]
        return (anodic - cathodic * first) / (1 + cathodic / conductance)

    def rate(t: float, c: Array) -> Array:
        inner = MINOR.diffusivity * np.diff(c) / np.diff(centres)
        supply = -electrode_current(t, float(c[0])) / (2 * FARADAY)
        return np.diff(np.concatenate([[supply], inner, [0.0]])) / widths

    state, start = np.full(300, MINOR.concentration), 0.0
    for end in (1.0, 3.0, 5.0, 6.5):
        state = solve_ivp(
            rate, (start, end), state, method="LSODA", lband=1, uband=1, rtol=1e-8, atol=1e-8
        ).y[:, -1]
        start = end
        expected = electrode_current(end, float(state[0]))
        assert current[round(end * 100)] == pytest.approx(expected, rel=1e-3)
    assert current[-1] > 0  # the deposit dissolves


def test_fast_kinetics_are_reversible() -> None:
    sweep = voltammetry.Sweep(start=0.0, rate=0.05)
    fast = Kinetics(exchange=1e5, electrons=2)
    times, current = voltammetry.deposit_with_kinetics(MINOR, sweep, fast, 1.0, 800)
    expected = voltammetry.reversible_deposit(times, MINOR, sweep)
    assert current[80:] == pytest.approx(expected[80:], rel=2e-3)


# double layer


@pytest.mark.parametrize(("charge", "wall"), [(1, 0.02), (1, -0.3), (2, 0.1)])
def test_diffuse_layer_solves_poisson_boltzmann(charge: int, wall: float) -> None:
    layer = debye.DiffuseLayer(10.0, 78.4 * 8.8541878128e-12, charge)
    unit = layer.debye_length
    assert debye.DiffuseLayer(1.0, 78.4 * 8.8541878128e-12).debye_length == pytest.approx(9.61e-9, rel=1e-3)
    f = charge / VT
    x = np.linspace(0, 14, 400) ** 1.5 / 14**0.5

    def poisson(_: Array, y: Array) -> Array:
        return np.vstack([y[1], np.sinh(y[0])])  # in RT/zF and Debye lengths

    solved = solve_bvp(
        poisson,
        lambda a, b: np.array([a[0] - f * wall, b[1] + b[0]]),
        x,
        np.vstack([f * wall * np.exp(-x), -f * wall * np.exp(-x)]),
        tol=1e-8,
        max_nodes=20000,
    )
    assert solved.success
    some = np.linspace(0, 8, 30)
    assert f * layer.potential(some * unit, wall) == pytest.approx(solved.sol(some)[0], abs=1e-6)
    sigma = layer.surface_charge(wall)
    assert sigma == pytest.approx(-layer.permittivity * solved.sol(0.0)[1] / (f * unit), rel=1e-6)
    assert layer.wall_potential(sigma) == pytest.approx(wall, rel=1e-12)
    change = layer.surface_charge(wall + 1e-5) - layer.surface_charge(wall - 1e-5)
    assert layer.capacitance(wall) == pytest.approx(change / 2e-5, rel=1e-6)
    space = quad(lambda s: float(np.subtract(*layer.concentrations(s**3 * unit, wall))) * 3 * s * s, 0, 3)[0]
    assert -charge * FARADAY * unit * space == pytest.approx(sigma, rel=1e-6)


def test_charge_left_in_the_bulk_is_that_of_poisson_nernst_planck() -> None:
    """Steady 1:1 cell in units of L, c0, RT/F: -2 (lambda/L)^2 phi'' = c+ - c-, anion at rest."""
    misses = []
    for ratio in (0.01, 0.005):
        # c = 1/2 + x in the bulk, flux of the cation -2.
        def equations(_: Array, y: Array, square: float = 2 * ratio**2) -> Array:
            plus, minus, _, field = y
            return np.vstack([2.0 - plus * field, minus * field, field, -(plus - minus) / square])

        def ends(a: Array, b: Array) -> Array:
            # What the outer solution says, potentials from phi(0): layers are weak and die out within.
            return np.array([a[0] - 0.5, b[0] - 1.5, a[2] - math.log(0.5), b[2] - math.log(1.5)])

        x = np.linspace(0, 1, 400)
        guess = np.vstack([0.5 + x, 0.5 + x, np.log(0.5 + x), 1 / (0.5 + x)])
        solved = solve_bvp(equations, ends, x, guess, tol=1e-9, max_nodes=50000)
        assert solved.success
        plus, minus, *_ = solved.sol(0.5)
        # c0 = 1 mol/m3 over L = 1 m: eps from the Debye length.
        permittivity = 2 * ratio**2 * FARADAY / VT
        expected = float(debye.outer_charge(1.0, 1.0, permittivity, 298.15)) / FARADAY
        misses.append(abs(float(plus - minus) / expected - 1))
    assert misses[0] < 2e-3
    assert misses[1] < misses[0] / 3  # the next term is of second order in the Debye length


# current distributions


def finite_elements(x: Array, y: Array, working: Array, conductance: float) -> tuple[float, Array]:
    """Bilinear elements on a grid of quadrilaterals, kappa = 1, V = 1: the secondary distribution.

    Args:
        x: nodes, shape (m, n); the counter electrode (phi = 0) is the last row.
        y: likewise.
        working: which edges of the first row are working electrode, shape (n - 1,).
        conductance: g.

    Returns:
        Total current, and g (1 - phi) at the nodes of the first row.
    """
    rows, columns = x.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    quads = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], -1).reshape(-1, 4)
    points = np.stack([x.ravel(), y.ravel()], -1)[quads]
    local = np.zeros((len(quads), 4, 4))
    for xi in (-(3**-0.5), 3**-0.5):
        for eta in (-(3**-0.5), 3**-0.5):
            shape = 0.25 * np.array(
                [
                    [-(1 - eta), 1 - eta, 1 + eta, -(1 + eta)],
                    [-(1 - xi), -(1 + xi), 1 + xi, 1 - xi],
                ]
            )
            jacobian = np.einsum("ia,qaj->qij", shape, points)
            gradient = np.einsum("qij,ja->qia", np.linalg.inv(jacobian), shape)
            measure = np.abs(np.linalg.det(jacobian))
            local += np.einsum("qia,qib,q->qab", gradient, gradient, measure)
    edges = np.stack([number[0, :-1], number[0, 1:]], -1)[working]
    lengths = np.hypot(np.diff(x[0]), np.diff(y[0]))[working]
    robin = conductance * lengths[:, None, None] / 6 * np.array([[2, 1], [1, 2]])
    matrix = coo_matrix((local.ravel(), (quads.repeat(4, 1).ravel(), np.tile(quads, 4).ravel())))
    matrix = (
        matrix
        + coo_matrix((robin.ravel(), (edges.repeat(2, 1).ravel(), np.tile(edges, 2).ravel())), matrix.shape)
    ).tocsr()
    load = np.bincount(edges.ravel(), (conductance * lengths / 2).repeat(2), x.size)
    free = number[:-1].ravel()
    phi = np.zeros(x.size)
    phi[free] = spsolve(matrix[free][:, free], load[free])
    density = conductance * (1 - phi[number[0]])
    mean = 0.5 * (density[1:] + density[:-1])[working]
    return float(mean @ lengths), density


def graded(count: int) -> Array:
    s = np.linspace(0, 1, count)
    return s**3 / (s**3 + (1 - s) ** 3)


@pytest.mark.parametrize("wagner", [0.1, 1.0, 10.0])
def test_hull_cell_against_finite_elements(wagner: float) -> None:
    cell = mapped.HullCell()
    along, across = np.meshgrid(graded(161), graded(121))
    near, far = np.array([cell.short, cell.anode]), np.array([cell.long, 0.0])
    cathode = near + along[..., None] * (far - near)
    anode = np.stack([np.zeros_like(along), cell.anode * (1 - along)], -1)
    nodes = cathode + across[..., None] * (anode - cathode)
    total, density = finite_elements(
        nodes[..., 0], nodes[..., 1], np.full(160, True), 1 / (wagner * cell.length)
    )
    got = secondary.secondary(cell, wagner)
    assert got.resistance == pytest.approx(1 / total, rel=3e-4)
    assert got.at(graded(161) * cell.length) == pytest.approx(density / total * cell.length, rel=3e-3)


@pytest.mark.parametrize("wagner", [0.1, 1.0])
def test_strip_against_finite_elements(wagner: float) -> None:
    cell = mapped.Strip(width=1.0, gap=0.6, electrode=0.4)
    left, right = cell.electrode * graded(81), cell.electrode + (1 - cell.electrode) * graded(81)
    x, y = np.meshgrid(np.concatenate([left, right[1:]]), cell.gap * graded(121))
    total, density = finite_elements(x, y, np.arange(160) < 80, 1 / (wagner * cell.length))
    got = secondary.secondary(cell, wagner)
    assert got.resistance == pytest.approx(1 / total, rel=3e-4)
    assert got.at(left) == pytest.approx(density[:81] / total * cell.length, rel=3e-3)


@pytest.mark.parametrize(
    "cell", [mapped.HullCell(), mapped.Strip(1.0, 0.6, 0.4), mapped.Strip(3.0, 0.5, 2.0)]
)
def test_primary_is_the_limit_of_secondary(cell: mapped.MappedCell) -> None:
    s = np.linspace(0.1, 0.9, 9) * cell.length
    misses = []
    for wagner in (1e-3, 1e-4):
        limit = secondary.secondary(cell, wagner)
        misses.append(np.abs(limit.at(s) / secondary.primary(cell, s) - 1).max())
        assert limit.resistance == pytest.approx(cell.aspect, rel=20 * wagner)
    assert misses[1] < 1e-2 / 3
    assert misses[1] < misses[0] / 3
    uniform = secondary.secondary(cell, 1e4)
    assert uniform.at(s) == pytest.approx(np.ones(9), abs=1e-3)


def test_hull_map_closes_and_its_primary_current_has_mean_one() -> None:
    cell = mapped.HullCell()
    assert cell.walls() == pytest.approx((cell.short, cell.long, cell.anode), rel=1e-10)
    node, weight = np.polynomial.legendre.leggauss(40)
    grade = 0.5 * (1 + node)  # s = length grade^4: the singularity of the near end becomes mild
    mean = 0.5 * weight @ (4 * grade**3 * secondary.primary(cell, cell.length * grade**4))
    assert mean == pytest.approx(1.0, rel=1e-4)
    s = np.array([1e-5, 2e-5]) * cell.length  # i ~ s^(pi/angle - 1) in the obtuse corner
    angle = math.pi - math.atan2(cell.anode, cell.long - cell.short)
    current = secondary.primary(cell, s)
    assert math.log2(current[1] / current[0]) == pytest.approx(math.pi / (2 * angle) - 1, abs=1e-3)


def test_strip_that_spans_the_cell_is_one_dimensional() -> None:
    cell = mapped.Strip(0.8, 0.5, 0.8)
    got = secondary.secondary(cell, 0.3)
    assert cell.aspect == pytest.approx(0.5 / 0.8, rel=1e-13)
    assert got.resistance == pytest.approx(0.5 / 0.8 + 0.3, rel=1e-12)
    assert got.ratio == pytest.approx(np.ones(400), rel=1e-10)
    for ratio in (0.2, 1.0, 3.0):
        modulus, complement = mapped.parameter(ratio)
        assert ellipk(complement) / ellipk(modulus) == pytest.approx(ratio, rel=1e-10)
        assert modulus + complement == pytest.approx(1.0, rel=1e-14)


def test_disk_potential_is_harmonic_and_carries_the_current() -> None:
    a, h = 2.0, 1e-3
    for r, z in ((0.7, 0.4), (1.9, 0.2), (3.0, 1.5)):
        value = secondary.disk_potential([r, r + h, r - h, r, r], [z, z, z, z + h, z - h], a)
        laplace = (value[1:].sum() - 4 * value[0]) / h**2 + (value[1] - value[2]) / (2 * h * r)
        assert abs(laplace) < 1e-4  # each term is of order one
    resistance = secondary.disk_resistance(a, 3.0)
    mean = 1 / (resistance * math.pi * a**2)
    radius = np.array([0.0, 0.5, 1.2, 1.8])
    value = secondary.disk_potential(radius, np.full(4, 1e-7), a)
    assert 3.0 * (1 - value) / 1e-7 == pytest.approx(mean * secondary.disk_primary(radius, a), rel=1e-5)
    far = float(secondary.disk_potential(0.0, 1e4, a))
    assert far * 2 * math.pi * 3.0 * 1e4 * resistance == pytest.approx(1.0, rel=1e-6)
