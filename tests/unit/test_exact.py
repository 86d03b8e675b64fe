"""Exact solutions of electrode, binary cell and minor species, each against another way to its number."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad, solve_ivp

from solver.constants import FARADAY, thermal_voltage
from solver.contact import Schottky
from verification.exact import binary, diffusion, electrode

Array = npt.NDArray[np.float64]

VT = thermal_voltage(298.15)
UNLIKE = electrode.Kinetics(exchange=30.0, alpha_a=0.7, alpha_c=0.4, electrons=2)
ALIKE = electrode.Kinetics(exchange=12.0)
SALTS = (
    binary.Salt(1, -1, 1.1e-10, 2.3e-10),
    binary.Salt(2, -2, 7.2e-10, 10.65e-10, temperature=320.0),
    binary.Salt(2, -1, 7.2e-10, 2.0e-9),
)


# one electrode


@pytest.mark.parametrize("kinetics", [ALIKE, UNLIKE])
@pytest.mark.parametrize("ratio", [1e-6, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("current", [-4e3, -1.0, 0.0, 1e-9, 50.0])
def test_overpotential_inverts_current(kinetics: electrode.Kinetics, ratio: float, current: float) -> None:
    got = kinetics.current(kinetics.overpotential(current, ratio), ratio)
    assert got == pytest.approx(current, rel=1e-12, abs=1e-12)


def test_charge_transfer_resistance_is_the_slope() -> None:
    slope = (UNLIKE.overpotential(1e-4) - UNLIKE.overpotential(-1e-4)) / 2e-4
    assert slope == pytest.approx(UNLIKE.resistance, rel=1e-8)


@pytest.mark.parametrize("kinetics", [ALIKE, UNLIKE])
@pytest.mark.parametrize("current", [-79.9, -20.0, -1e-3, 5.0, 3e3])
def test_series_current_against_the_sum_of_drops(kinetics: electrode.Kinetics, current: float) -> None:
    series = electrode.Series(film=3e-3, saturation=80.0, junction_voltage=0.03, limiting=100.0)
    junction = -series.junction_voltage * math.log1p(current / series.saturation)
    drive = kinetics.overpotential(current, 1 + current / series.limiting) + series.film * current - junction
    assert electrode.series_current(kinetics, drive, series) == pytest.approx(current, rel=2e-12)


def test_junction_has_the_law_of_the_solver() -> None:
    contact = Schottky(barrier=0.62, richardson=1.2e6, ideality=1.3, temperature=298.15)
    series = electrode.Series(saturation=contact.saturation, junction_voltage=1.3 * VT)
    current = electrode.series_current(ALIKE, -0.12, series)
    drop = ALIKE.overpotential(current) + 0.12
    assert float(contact.current_density(np.array(drop))) == pytest.approx(-current, rel=1e-12)


def test_tafel_closed_forms_are_limits_of_the_series() -> None:
    film = electrode.series_current(UNLIKE, -1.0, electrode.Series(film=1e-4))
    tafel = electrode.tafel_film_current(UNLIKE, -1.0, 1e-4)
    assert tafel == pytest.approx(film, rel=1e-7)  # the anodic term is still there
    law = -UNLIKE.exchange * math.exp(-UNLIKE.alpha_c * UNLIKE.f * (-1.0 - 1e-4 * tafel))
    assert tafel == pytest.approx(law, rel=1e-12)
    assert abs(film) > 5e3  # the film decides
    one = electrode.Kinetics(exchange=0.1, alpha_a=1.0, alpha_c=1.0)
    joined = electrode.series_current(one, -0.3, electrode.Series(saturation=40.0, junction_voltage=VT))
    limited = electrode.tafel_junction_current(one, -0.3, 40.0)
    assert limited == pytest.approx(joined, rel=1e-7)
    raised = -0.3 - VT * math.log1p(limited / 40.0)
    assert limited == pytest.approx(-0.1 * math.exp(-raised / VT), rel=1e-12)
    assert electrode.tafel_overpotential(UNLIKE, -1e6) == pytest.approx(UNLIKE.overpotential(-1e6), abs=1e-9)
    assert electrode.tafel_overpotential(UNLIKE, 1e7) == pytest.approx(UNLIKE.overpotential(1e7), abs=1e-9)


def test_double_layer_steps_solve_the_circuit() -> None:
    ohmic, transfer, capacity = 2e-3, 8e-3, 0.2
    times = np.linspace(1e-5, 5e-3, 7)

    def charge(_: float, eta: Array) -> Array:
        return ((0.05 - eta) / ohmic - eta / transfer) / capacity

    path = solve_ivp(charge, (0, 5e-3), [0.0], t_eval=times, rtol=1e-10, atol=1e-14)
    current = electrode.potential_step(times, 0.05, ohmic, transfer, capacity)
    assert current == pytest.approx((0.05 - path.y[0]) / ohmic, rel=1e-8)
    path = solve_ivp(
        lambda _, eta: (7.0 - eta / transfer) / capacity,
        (0, 5e-3),
        [0.0],
        t_eval=times,
        rtol=1e-10,
        atol=1e-14,
    )
    voltage = electrode.current_step(times, 7.0, ohmic, transfer, capacity)
    assert voltage == pytest.approx(7.0 * ohmic + path.y[0], rel=1e-8)


def test_impedance_is_the_transform_of_the_current_step() -> None:
    ohmic, transfer, capacity, omega = 2e-3, 8e-3, 0.2, 900.0
    settled = ohmic + transfer

    def transient(t: float) -> float:
        return float(electrode.current_step(t, 1.0, ohmic, transfer, capacity)) - settled

    real, imaginary = (
        quad(transient, 0, 0.1, weight=weight, wvar=omega, limit=200)[0] for weight in ("cos", "sin")
    )
    expected = settled + 1j * omega * (real - 1j * imaginary)
    assert complex(electrode.impedance(omega, ohmic, transfer, capacity)) == pytest.approx(expected, rel=1e-8)


def test_open_circuit_decay_solves_the_nonlinear_circuit() -> None:
    times = np.linspace(0, 2e-3, 5)
    path = solve_ivp(
        lambda _, eta: [-ALIKE.current(float(eta[0])) / 0.15],
        (0, 2e-3),
        [0.2],
        t_eval=times,
        first_step=1e-7,
        rtol=1e-10,
        atol=1e-14,
    )
    assert electrode.open_circuit_decay(times, 0.2, ALIKE, 0.15) == pytest.approx(path.y[0], rel=1e-8)
    with pytest.raises(ValueError, match="alpha_a = alpha_c"):
        electrode.open_circuit_decay(times, 0.2, UNLIKE, 0.15)


# binary salt


def nernst_planck(salt: binary.Salt, concentration: float, plus: float, minus: float) -> tuple[float, float]:
    """Gradients of cation concentration and potential that carry the two fluxes, by both ions' equations."""
    f = 1.0 / thermal_voltage(salt.temperature)
    share = -salt.z_plus / salt.z_minus  # c- = share c+
    matrix = [
        [-salt.d_plus, -salt.z_plus * salt.d_plus * f * concentration],
        [-salt.d_minus * share, -salt.z_minus * salt.d_minus * f * share * concentration],
    ]
    gradient, field = np.linalg.solve(matrix, [plus, minus])
    return float(gradient), float(field)


@pytest.mark.parametrize("salt", SALTS)
def test_ambipolar_form_is_nernst_planck(salt: binary.Salt) -> None:
    current, slope, concentration = 37.0, -2.1e6, 640.0
    plus = -salt.diffusivity * slope + salt.transference * current / (salt.z_plus * FARADAY)
    minus = (current / FARADAY - salt.z_plus * plus) / salt.z_minus
    gradient, field = nernst_planck(salt, concentration, plus, minus)
    assert gradient == pytest.approx(slope, rel=1e-11)
    diffusion_current = -FARADAY * salt.z_plus * (salt.d_plus - salt.d_minus) * slope
    assert -salt.conductivity(concentration) * field + diffusion_current == pytest.approx(current, rel=1e-11)


@pytest.mark.parametrize("salt", SALTS)
def test_steady_cell_solves_nernst_planck(salt: binary.Salt) -> None:
    cell = binary.Cell(salt, 2e-4, 1000.0)
    current = -0.9 * cell.limiting_current
    flux = current / (salt.z_plus * FARADAY)
    x = np.linspace(0, cell.length, 9)
    path = solve_ivp(
        lambda _, y: nernst_planck(salt, float(y[0]), flux, 0.0),
        (0, cell.length),
        [float(cell.steady_profile(0.0, current)), 0.0],
        t_eval=x,
        rtol=1e-11,
        atol=1e-12,
    )
    assert cell.steady_profile(x, current) == pytest.approx(path.y[0], rel=1e-9)
    phi = cell.steady_potential(x, current)
    assert phi - phi[0] == pytest.approx(path.y[1], abs=1e-10)
    assert np.mean(cell.steady_profile(x, current)) == pytest.approx(1000.0)


def test_formulas_of_the_one_to_one_salt() -> None:
    cell = binary.Cell(SALTS[0], 1e-4, 500.0)
    assert cell.limiting_current == pytest.approx(4 * FARADAY * 1.1e-10 * 500.0 / 1e-4, rel=1e-14)
    assert SALTS[0].gradient(1.0) == pytest.approx(-1 / (2 * FARADAY * 1.1e-10), rel=1e-14)
    assert SALTS[0].diffusivity == pytest.approx(2 / (1 / 1.1e-10 + 1 / 2.3e-10), rel=1e-14)


def test_both_series_of_the_step_response_agree() -> None:
    x = np.linspace(0, 1, 21)
    for time in (0.003, 0.02, 0.15, 1.0):
        images = binary.step_images(x, time, 20)
        assert images == pytest.approx(binary.step_modes(x, time, 200), abs=1e-13)


def test_transient_solves_the_diffusion_equation() -> None:
    """Against finite volumes, through a step, a reversal and an interruption."""
    cell, count = binary.Cell(SALTS[2], 1e-4, 800.0), 200
    salt, h = cell.salt, cell.length / count
    limit, unit = cell.limiting_current, cell.diffusion_time
    steps = [(0.0, -0.8 * limit), (0.05 * unit, 0.5 * limit), (0.2 * unit, 0.0)]
    state = np.full(count, cell.concentration)
    for (start, current), end in zip(steps, (0.05 * unit, 0.2 * unit, 0.23 * unit), strict=True):
        slope = salt.gradient(current)

        def rate(_: float, c: Array, slope: float = slope) -> Array:
            return np.diff(np.concatenate([[slope * h], np.diff(c), [slope * h]])) * salt.diffusivity / h**2

        state = solve_ivp(
            rate, (start, end), state, method="LSODA", rtol=1e-8, atol=1e-6, lband=1, uband=1
        ).y[:, -1]
        centres = (np.arange(count) + 0.5) * h
        assert cell.profile(centres, end, steps) == pytest.approx(state, rel=1e-4)
    assert state.std() > 5.0


@pytest.mark.parametrize("salt", SALTS)
def test_long_transients_become_the_steady_cell(salt: binary.Salt) -> None:
    cell = binary.Cell(salt, 1e-4, 800.0)
    current, late = -0.7 * cell.limiting_current, 6 * cell.diffusion_time
    steps = [(0.0, current)]
    steady = cell.steady_voltage(current, UNLIKE)
    assert cell.voltage(late, steps, UNLIKE) == pytest.approx(steady, rel=1e-10)
    assert cell.steady_current(steady, UNLIKE) == pytest.approx(current, rel=1e-11)
    x, after = np.linspace(0, cell.length, 5), 0.04 * cell.diffusion_time
    relaxed = cell.profile(x, late + after, [*steps, (late, 0.0)])
    assert cell.relaxation(x, after, current) == pytest.approx(relaxed, rel=1e-12)
    at_once = cell.potential_drop(1e-12 * late, steps)
    assert at_once == pytest.approx(current * cell.length / salt.conductivity(800.0), rel=1e-4)


def test_steady_current_saturates_at_the_limit() -> None:
    cell = binary.Cell(SALTS[0], 1e-4, 800.0)
    assert cell.steady_current(-3.0, ALIKE) == pytest.approx(-cell.limiting_current, rel=1e-12)
    assert cell.steady_current(0.0, ALIKE) == 0.0
    with pytest.raises(ValueError, match="limiting current"):
        cell.steady_voltage(-1.01 * cell.limiting_current, ALIKE)


def test_depletion_is_sands_time_when_layers_are_thin() -> None:
    cell = binary.Cell(SALTS[1], 1e-3, 10.0)
    high = -30 * cell.limiting_current
    sand = cell.sand_time(high)
    assert cell.depletion_time(high) == pytest.approx(sand, rel=1e-12)
    assert float(cell.semi_infinite_surface(sand, high)) == pytest.approx(0.0, abs=1e-11)
    low = -1.2 * cell.limiting_current
    end = cell.depletion_time(low)
    assert end > 1.05 * cell.sand_time(low)
    modes = binary.step_modes(np.zeros(1), end / cell.diffusion_time, 500)
    assert 10.0 + cell.salt.gradient(low) * cell.length * modes[0] == pytest.approx(0.0, abs=1e-10)
    assert cell.depletion_time(0.99 * cell.limiting_current) == math.inf


# a minor species


def test_layer_currents_agree_between_series_and_with_their_profiles() -> None:
    minor, length = diffusion.Minor(7e-10, 5.0, 2), 2e-5
    unit = length**2 / minor.diffusivity
    times = np.array([0.1, 0.29, 0.31, 0.8])
    for flux in (diffusion.held_flux, diffusion.wall_flux):
        assert flux(times, switch=0.0) == pytest.approx(flux(times, switch=9.0), rel=1e-9)
    for current, profile in (
        (minor.held_layer_current, minor.held_layer_profile),
        (minor.thin_layer_current, minor.thin_layer_profile),
    ):
        for time in (0.05 * unit, 0.5 * unit):
            near = profile(np.array([1e-4, 2e-4]) * length, time, length)
            slope = (8 * near[0] - near[1]) / (6e-4 * length)  # odd in x: third order at least
            assert 2 * FARADAY * minor.diffusivity * slope == pytest.approx(
                float(current(time, length)), rel=1e-8
            )
        x = np.linspace(0, length, 11)
        across = profile(x, 0.3 * unit * (1 - 1e-13), length), profile(x, 0.3 * unit * (1 + 1e-13), length)
        assert across[0] == pytest.approx(across[1], abs=1e-11)
    root = 3 * math.sqrt(unit)
    passed = quad(lambda s: 2 * s * float(minor.thin_layer_current(s * s, length)), 0, root, limit=200)[0]
    assert passed == pytest.approx(2 * FARADAY * 5.0 * length, rel=1e-7)  # all that was there


def test_cottrell_and_sand_belong_to_the_half_space() -> None:
    minor = diffusion.Minor(7e-10, 5.0, 2)
    assert float(minor.cottrell(0.4)) == pytest.approx(float(minor.held_layer_current(0.4, 1.0)), rel=1e-14)
    rate = float(minor.cottrell_charge(0.4 + 1e-5) - minor.cottrell_charge(0.4 - 1e-5)) / 2e-5
    assert rate == pytest.approx(float(minor.cottrell(0.4)), rel=1e-8)
    slope = float(minor.cottrell_profile(1e-9, 0.4)) / 1e-9
    assert 2 * FARADAY * minor.diffusivity * slope == pytest.approx(float(minor.cottrell(0.4)), rel=1e-8)
    current = 20.0
    end = minor.sand_time(current)
    # Superposition: the surface falls by i * int (pi D s)^(-1/2) ds/(nF).
    fall = quad(lambda u: 2.0 / math.sqrt(math.pi * minor.diffusivity), 0.0, math.sqrt(end))[0]
    assert current * fall / (2 * FARADAY) == pytest.approx(5.0, rel=1e-12)
    assert float(minor.surface_under_current(end, current)) == pytest.approx(0.0, abs=1e-12)
    finite = minor.held_layer_surface_under_current(np.array([end, 1e9]), current, 1.0)
    assert finite[0] == pytest.approx(0.0, abs=1e-9)
    # An impulse of flux is answered as in `wall_flux`, so that its integral is the answer to a step.
    for fourier in (0.02, 0.299, 0.301, 1.5):
        root = math.sqrt(fourier)
        fallen = quad(
            lambda u: 2 * u * float(diffusion.wall_flux(np.array(u * u))), 0, root, points=[root / 2]
        )[0]
        drop = 5.0 - float(minor.held_layer_surface_under_current(fourier * 1e-8 / 7e-10, 1.0, 1e-4))
        assert drop == pytest.approx(fallen * 1e-4 / (2 * FARADAY * 7e-10), rel=1e-8)
    steady = float(minor.held_layer_surface_under_current(1e9, 0.5 * minor.limiting_current(1e-4), 1e-4))
    assert steady == pytest.approx(2.5, rel=1e-12)
