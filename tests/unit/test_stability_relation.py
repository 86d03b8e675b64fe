"""The dispersion relation: against the linearised equations, published numbers, limits; and its command."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cases.errors import CaseError
from cases.loader import load
from cases.ripples import find
from cases.schema import Case
from cases.stability import run_stability, stability
from solver.constants import FARADAY, thermal_voltage
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.stability import Deposit, Electrodes, Front, at_voltage

Array = npt.NDArray[np.float64]

SODIUM = Deposit(molar_volume=23.78e-6, surface_energy=0.2)


def front(
    salt: Salt, share: float, working: Kinetics, counter: Kinetics | None = None, film: float = 0.0
) -> Front:
    """A front under `share` of the limiting current; negative deposits."""
    cell = Cell(salt, 1e-5, 1000.0)
    return Front(cell, Electrodes(working, counter or working, film), SODIUM, share * cell.limiting_current)


def kinetics(salt: Salt, exchange: float, alpha_a: float = 0.5, alpha_c: float = 0.5) -> Kinetics:
    return Kinetics(exchange, alpha_a, alpha_c, salt.z_plus, salt.temperature)


ALIKE = Salt(1, -1, 1.81e-10, 1.81e-10)
UNLIKE = Salt(1, -1, 1.1e-10, 2.3e-10)
DIVALENT = Salt(2, -1, 7.2e-10, 2.0e-9, temperature=320.0)
SULFATE = Salt(2, -2, 7.2e-10, 10.65e-10)
FRONTS = {
    "1:1": front(ALIKE, -0.7, kinetics(ALIKE, 1e5)),
    "unlike ions": front(UNLIKE, -0.5, kinetics(UNLIKE, 300.0)),
    "film": front(UNLIKE, -0.5, kinetics(UNLIKE, 3e4), film=1e-5),
    "2:1": front(DIVALENT, -0.9, kinetics(DIVALENT, 5e3, 0.7, 0.4), kinetics(DIVALENT, 50.0)),
    "2:2, a film, fast counter": front(
        SULFATE, -0.3, kinetics(SULFATE, 800.0, 0.75, 0.25), kinetics(SULFATE, 1e8), 2e-6
    ),
    "dissolving": front(DIVALENT, 0.6, kinetics(DIVALENT, 5e3, 0.7, 0.6)),
    "at rest": front(ALIKE, 0.0, kinetics(ALIKE, 1e5)),
}


# the linearised equations, by Chebyshev collocation


def chebyshev(count: int, length: float) -> tuple[Array, Array]:
    """Nodes on (0, length), ascending, and the matrix that differentiates; by Trefethen."""
    x = np.cos(math.pi * np.arange(count + 1) / count)
    c = np.hstack(([2.0], np.ones(count - 1), [2.0])) * (-1.0) ** np.arange(count + 1)
    dx = x[:, None] - x[None, :]
    d = np.outer(c, 1.0 / c) / (dx + np.eye(count + 1))
    d -= np.diag(d.sum(axis=1))
    return 0.5 * length * (1.0 - x), -2.0 / length * d


def deposition(law: Kinetics, film: float, c: complex, eta: complex, guess: float) -> complex:
    """I(c/c0, V - phi + curvature term) behind a film, by Newton in complex numbers."""
    current: complex = guess
    for _ in range(50):
        x = law.f * (eta + film * current)
        cathodic, anodic = c * np.exp(-law.alpha_c * x), np.exp(law.alpha_a * x)
        value = law.exchange * (cathodic - anodic)
        slope = -law.exchange * law.f * film * (law.alpha_c * cathodic + law.alpha_a * anodic)
        current -= (current - value) / (1.0 - slope)
    return current


def sensitivities(law: Kinetics, film: float, c: float, current: float) -> tuple[float, float]:
    """Derivatives of I by c/c0 and by eta, by complex steps."""
    eta = law.overpotential(-current, c) - film * current
    step = 1e-30
    by_c = deposition(law, film, c + step * 1j, eta, current)
    by_eta = deposition(law, film, c, eta + step * 1j, current)
    assert by_c.real == pytest.approx(current, rel=1e-9, abs=1e-6)
    return by_c.imag / step, by_eta.imag / step


def collocated(state: Front, k: float) -> float:
    """Omega from Nernst-Planck for both ions, linearised about the steady state, both unknowns kept.

    Unknowns c'/c0 and phi' F/RT at the nodes, lengths in L. Nothing of the closed form is used but the steady
    concentration.
    """
    cell, salt = state.cell, state.salt
    zp, zm, c0, length = salt.z_plus, salt.z_minus, cell.concentration, cell.length
    vt = thermal_voltage(salt.temperature)
    y, d = chebyshev(56, 1.0)
    base = cell.steady_profile(y * length, state.current) / c0
    base_y = np.full_like(y, (base[-1] - base[0]))
    phi_y = -base_y / base / zm
    n = y.size
    one = np.eye(n)

    def flux(z: int, diffusivity: float) -> tuple[Array, Array]:
        """Flux along y and divergence of the flux of an ion of charge z per c0/L of the cation's c."""
        along = np.hstack((d + z * np.diag(phi_y), z * base[:, None] * d))
        across = np.hstack((one, z * np.diag(base)))
        return -diffusivity * along, -diffusivity * (d @ along - (k * length) ** 2 * across)

    share = zp / -zm
    cation, div_cation = flux(zp, salt.d_plus)
    anion, div_anion = flux(zm, salt.d_minus * share)
    matrix = np.vstack((div_cation / salt.d_plus, (zp * div_cation + zm * div_anion) / salt.d_plus))
    right = np.zeros(2 * n)
    charge = zp * FARADAY * c0 / length  # cation flux -> current
    at = {0: (state.electrodes.working, state.electrodes.film), n - 1: (state.electrodes.counter, 0.0)}
    for node, (law, film) in at.items():
        inward = -1.0 if node == 0 else 1.0  # flux into the electrode
        current = inward * state.current if node else -state.current
        by_c, by_eta = sensitivities(law, film, float(base[node]), -state.current if node == 0 else current)
        row = inward * charge * cation[node]
        row[node] -= by_c
        row[n + node] += by_eta * vt
        scale = charge * salt.d_plus
        matrix[node], matrix[n + node] = row / scale, anion[node] / salt.d_minus
        if node == 0:  # a crest of height L sees the steady state at y = L h, and its own curvature k^2
            capillary = SODIUM.surface_energy * SODIUM.molar_volume / (zp * FARADAY)
            crest = by_c * base_y[0] - by_eta * vt * phi_y[0] + by_eta * capillary * k**2 * length
            right[0] = crest / scale
    solution = np.linalg.solve(matrix, right)
    deposit = -charge * float(cation[0] @ solution)
    return SODIUM.molar_volume / (zp * FARADAY) * deposit / length


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize("waves", [0.05, 0.7, 3.0, 12.0, 40.0])
def test_relation_is_that_of_the_linearised_equations(name: str, waves: float) -> None:
    state = FRONTS[name]
    k = waves / state.cell.length
    assert float(state.growth_rate(k)) == pytest.approx(collocated(state, k), rel=1e-6)


# published numbers


def khoo(damkohler: float) -> tuple[Front, float, float]:
    """The front of Khoo, Zhao and Bazant with rho_s = 0 and J = 0.5, and its scales of length and time.

    In their numbers c is scaled by c0, length by L, time by L^2/D, the potential by RT/F, the current by the
    limiting one, 4 F D c0/L; j_0 = Da (xi c)^(1/2), gamma = (surface energy) V_m/(RT L), beta_m = V_m c0.
    """
    length, c0, diffusivity = 1e-3, 10.0, 1e-9
    cell = Cell(Salt(1, -1, diffusivity, diffusivity), length, c0)
    law = Kinetics(damkohler * math.sqrt(0.01) * cell.limiting_current)
    molar_volume = 1.299812734082397e-4 / c0
    gamma = 8.743377543355229e-5 * FARADAY / law.f * length / molar_volume
    state = Front(cell, Electrodes(law, law), Deposit(molar_volume, gamma), -0.5 * cell.limiting_current)
    return state, length, length**2 / diffusivity


# Khoo, Zhao and Bazant, J. Electrochem. Soc. 166 (2019) A2280, doi 10.1149/2.1521910jes: eigenvalues of the
# transient problem at t = 2 t_s, 1001 points, from the authors' data (github.com/edwinksl/
# linear-stability-analysis-code, lsa_0_<Da>_0.5_1001.mat and c_max_num.mat).
# Da: k_c, k_max, omega_max, {k: omega}.
KHOO = {
    0.1: (261.94188, 45.387902, 7.0971335e-4, {7.9971893: 5.6671151e-4, 20.037402: 6.7449957e-4,
          100.00929: 6.4689861e-4, 199.97416: 3.2056425e-4, 335.25995: -4.9323839e-4}),
    1.0: (260.30692, 45.524377, 7.2663107e-4, {7.9971893: 5.7729529e-4, 20.037402: 6.8957948e-4,
          100.00929: 6.6171295e-4, 199.97416: 3.2294197e-4, 335.25995: -5.2225667e-4}),
    10.0: (231.02735, 53.806966, 1.5227196e-3, {7.9971893: 9.6919340e-4, 20.037402: 1.3384071e-3,
           100.00929: 1.3816812e-3, 199.97416: 4.4069476e-4, 335.25995: -1.9698512e-3}),
}  # fmt: skip


@pytest.mark.parametrize("damkohler", KHOO)
def test_published_eigenvalues(damkohler: float) -> None:
    state, length, time = khoo(damkohler)
    critical, fastest, rate, curve = KHOO[damkohler]
    assert state.critical_wavenumber * length == pytest.approx(critical, rel=1e-5)
    k_max, omega_max = state.fastest()
    assert k_max * length == pytest.approx(fastest, rel=2e-3)  # a flat maximum, found between grid points
    assert omega_max * time == pytest.approx(rate, rel=2e-4)
    got = state.growth_rate(np.array(list(curve)) / length) * time
    np.testing.assert_allclose(got, list(curve.values()), rtol=1e-3)


def test_numbers_of_the_issue() -> None:
    state, length, time = khoo(1.0)
    k_max, omega_max = state.fastest()
    got = (k_max * length, omega_max * time, state.critical_wavenumber * length)
    assert got == pytest.approx((45.58, 7.2663e-4, 260.31), rel=1e-4)
    assert float(state.growth_rate(20.037 / length)) * time == pytest.approx(6.8958e-4, rel=1e-4)


# limits and other forms


@pytest.mark.parametrize("film", [0.0, 1e-6])
def test_form_with_the_local_exchange_current(film: float) -> None:
    """1:1, alpha_a + alpha_c = 1, k L > 5: S from i_ex(c1) and eta against equilibrium with c1."""
    law = kinetics(UNLIKE, 2e4, 0.3, 0.7)
    state = front(UNLIKE, -0.6, law, film=film)
    f, i, c1 = law.f, -state.current, state.concentrations[0]
    exchange = law.exchange * (c1 / 1000.0) ** 0.3
    local = Kinetics(exchange, 0.3, 0.7)
    eta = local.overpotential(-i)
    s = f * exchange * (0.7 * math.exp(-0.7 * f * eta) + 0.3 * math.exp(0.3 * f * eta))
    big_k = (0.3 * i + 2.0 * s / f) / c1
    s, big_k = s / (1.0 + s * film), big_k / (1.0 + s * film)
    b, g = 2.0 * FARADAY * UNLIKE.d_plus, i / (2.0 * FARADAY * UNLIKE.d_plus)
    k = np.geomspace(10.0, 1000.0, 7) / state.cell.length
    volume = SODIUM.molar_volume / FARADAY
    drive = big_k * g - s * SODIUM.surface_energy * volume * k**2
    np.testing.assert_allclose(state.growth_rate(k), volume * b * k * drive / (big_k + b * k), rtol=1e-7)


def test_long_waves_see_the_counter_electrode() -> None:
    length = 1e-5
    k = np.array([0.0, 0.3, 1.0]) / length
    law = kinetics(ALIKE, 1e5)
    silent = front(ALIKE, 0.0, law, replace(law, exchange=1e-9))
    np.testing.assert_allclose(silent.effective_wavenumber(k), k * np.tanh(k * length), rtol=1e-9, atol=1e-4)
    fast = front(ALIKE, -0.5, law, replace(law, exchange=1e14))
    np.testing.assert_allclose(fast.effective_wavenumber(k[1:]), k[1:] / np.tanh(k[1:] * length), rtol=1e-6)
    assert float(fast.effective_wavenumber(0.0)) == pytest.approx(1.0 / length, rel=1e-6)
    tafel = front(ALIKE, -0.5, law, replace(law, exchange=1e-9))
    answer = 0.5 * -tafel.current / tafel.concentrations[1] / tafel.conductance
    at_rest = answer / (1.0 + answer * length)
    assert float(tafel.effective_wavenumber(0.0)) == pytest.approx(at_rest, rel=1e-9)


@pytest.mark.parametrize("name", ["1:1", "unlike ions", "film", "2:1", "2:2, a film, fast counter"])
def test_extremes_are_where_they_are_said_to_be(name: str) -> None:
    state = FRONTS[name]
    critical, (k_max, rate) = state.critical_wavenumber, state.fastest()
    around = state.growth_rate(critical * np.array([0.99, 1.01]))
    assert around[0] > 0.0 > around[1]
    k = np.geomspace(1e-3 / state.cell.length, 2.0 * critical, 20001)
    rates = state.growth_rate(k)
    assert rates.max() == pytest.approx(rate, rel=1e-6)
    assert k[np.argmax(rates)] == pytest.approx(k_max, rel=1e-3)


@pytest.mark.parametrize("name", ["dissolving", "at rest"])
def test_nothing_grows_without_deposition(name: str) -> None:
    state = FRONTS[name]
    assert state.critical_wavenumber == 0.0
    assert (state.growth_rate(np.geomspace(1e3, 1e8, 50)) < 0.0).all()
    assert state.fastest()[0] == 0.0


def test_without_surface_energy_the_shortest_are_fastest() -> None:
    state = replace(FRONTS["2:1"], deposit=Deposit(23.78e-6, 0.0))
    k_max, rate = state.fastest()
    assert math.isinf(k_max)
    assert math.isinf(state.critical_wavenumber)
    short = state.growth_rate(np.array([1e6, 1e8, 1e11]))
    assert (np.diff(short) > 0.0).all()
    assert short[-1] == pytest.approx(rate, rel=1e-3)


def test_no_ripple_outgrows_the_mean_where_capillarity_is_strong() -> None:
    law = kinetics(ALIKE, 1e9)
    state = replace(front(ALIKE, -0.5, law), deposit=Deposit(23.78e-6, 5e3))
    assert 0.0 < state.critical_wavenumber * state.cell.length < 2.0
    assert state.fastest() == (0.0, float(state.growth_rate(0.0)))


def test_a_film_slows_ripples_and_keeps_the_critical_wavelength() -> None:
    law = kinetics(ALIKE, 1e5)
    bare, covered = front(ALIKE, -0.5, law), front(ALIKE, -0.5, law, film=1e-4)
    assert covered.critical_wavenumber == pytest.approx(bare.critical_wavenumber, rel=1e-12)
    assert covered.fastest()[1] < 0.2 * bare.fastest()[1]


# the steady state


@pytest.mark.parametrize("voltage", [-0.3, -0.05, -1e-6, 0.02, 0.3])
@pytest.mark.parametrize("salt", [ALIKE, DIVALENT, SULFATE])
def test_steady_state_at_a_voltage(salt: Salt, voltage: float) -> None:
    law = kinetics(salt, 2e3, 0.6, 0.5)
    cell = Cell(salt, 1e-5, 1000.0)
    state = at_voltage(cell, Electrodes(law, law), SODIUM, voltage)
    assert state.current == pytest.approx(cell.steady_current(voltage, law), rel=1e-9)
    other = Electrodes(replace(law, exchange=300.0), law, film=3e-5)
    state = at_voltage(cell, other, SODIUM, voltage, resistance=2e-5)
    assert state.voltage == pytest.approx(voltage - 2e-5 * state.current, rel=1e-9, abs=1e-14)
    drop = cell.potential_drop(1e6 * cell.diffusion_time, [(0.0, state.current)])
    share = state.current / cell.limiting_current
    surfaces = other.working.overpotential(state.current, 1.0 + share)
    surfaces -= law.overpotential(-state.current, 1.0 - share)
    assert drop + surfaces + 3e-5 * state.current == pytest.approx(state.voltage, rel=1e-8, abs=1e-12)


def test_states_that_do_not_exist_are_refused() -> None:
    law = kinetics(ALIKE, 1e3)
    with pytest.raises(ValueError, match="not below the limiting current"):
        front(ALIKE, -1.0, law)
    with pytest.raises(ValueError, match="limiting one"):
        at_voltage(Cell(ALIKE, 1e-5, 1000.0), Electrodes(law, law), SODIUM, -5.0)
    with pytest.raises(ValueError, match="2 electrons"):
        front(SULFATE, -0.1, law)


# the command


def growing(source: str, *overrides: str) -> Case:
    case = load(source, overrides)
    assert isinstance(case, Case)
    return case


def test_case_is_taken_over_as_it_stands() -> None:
    case = growing("bare_ni", "kinetics.anisotropy=0.2", 'kinetics.reference_concentration="0.25 mol/L"')
    state = find(case).front
    assert state.voltage == pytest.approx(-0.1, rel=1e-9)
    assert state.cell.limiting_current == pytest.approx(7000.0, rel=0.01)  # docs/cases.md
    # i0 (c0/c_ref)^alpha_a: what Butler-Volmer of the case gives at equilibrium with c0
    assert state.electrodes.counter.exchange == pytest.approx(1e5 * 2.0)
    assert state.electrodes.working.exchange == pytest.approx(1e5 * 2.0 * 1.2)
    assert state.deposit == Deposit(23.78e-6, 0.2)


def test_numbers_and_words_of_bare_ni() -> None:
    _, numbers = stability(growing("bare_ni"))
    state = find(growing("bare_ni")).front
    k, rate = state.fastest()
    assert numbers["fastest_wavelength_um"] == pytest.approx(2e6 * math.pi / k)
    assert numbers["growth_time_s"] == pytest.approx(1.0 / rate)
    waves = 2e-6 * math.pi / np.array(numbers["wavelength_um"])
    np.testing.assert_allclose(state.growth_rate(1e12 * waves), numbers["rate_1_s"], rtol=1e-9)
    modes = state.growth_rate(np.arange(1, 60) * math.pi / 4e-6)
    assert numbers["growing_modes"] == int((modes > 0.0).sum())
    assert numbers["fastest_mode_rate_1_s"] == pytest.approx(modes.max())
    words = " ".join(numbers["meaning"])
    assert f"longer than {numbers['critical_wavelength_um'] * 1e3:.3g} nm grow" in words
    assert f"m = {int(np.argmax(modes)) + 1})" in words
    warned = " ".join(numbers["warnings"])
    for word in ("bare", "anisotropy", "steady state needs", "V_m c is 2.4 %"):
        assert word in warned


def test_first_segment_that_deposits_counts() -> None:
    cycle = 'control={cycle={current="20 mA/cm^2", capacity="0.5 mAh/cm^2", cycles=3, first="strip"}}'
    _, numbers = stability(growing("bare_ni", cycle))
    assert numbers["current_A_m2"] == -200.0
    sweep = 'control={sweep={start="0 V", vertices=["-0.05 V", "0.1 V"], rate="10 mV/s"}}'
    assert stability(growing("bare_ni", sweep))[1]["voltage_V"] == pytest.approx(-0.05, rel=1e-9)
    source = 'control={voltage="-0.2 V", resistance="1 ohm cm^2"}'
    _, numbers = stability(growing("bare_ni", source))
    assert numbers["voltage_V"] - 1e-4 * -numbers["current_A_m2"] == pytest.approx(-0.2, rel=1e-9)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (['control={current="-1 A/cm^2"}'], "1.43 times the limiting one"),
        (['control.voltage="-3 V"'], "the current is the limiting one"),
    ],
)
def test_no_numbers_where_there_is_no_relation(overrides: list[str], words: str) -> None:
    _, numbers = stability(growing("bare_ni", *overrides))
    assert numbers["grows"] is None
    assert words in numbers["meaning"][0]
    assert "fastest_rate_1_s" not in numbers


def test_no_numbers_for_three_ions() -> None:
    case = growing("bare_ni")
    species = case.electrolyte.species | {"PF6": case.electrolyte.species["ClO4"]}
    electrolyte = case.electrolyte.model_copy(update={"species": species})
    _, numbers = stability(case.model_copy(update={"electrolyte": electrolyte}))
    assert numbers["grows"] is None
    assert "one salt of two ions, and the electrolyte has Na, ClO4, PF6" in numbers["meaning"][0]


@pytest.mark.parametrize(
    ("source", "overrides", "words"),
    [
        ("bare_ni", ['control.voltage="0.1 V"'], "Metal dissolves"),
        ("bare_ni", ['control={current="0 A/cm^2"}'], "No current flows"),
        ("copper_trench", [], "the shorter the faster"),
        (
            "copper_trench",
            ['geometry={width="0.4 um", gap="40 um"}', "metal.surface_energy=1 J/m^2"],
            "None of",
        ),
    ],
)
def test_what_it_means(source: str, overrides: list[str], words: str) -> None:
    _, numbers = stability(growing(source, *overrides))
    assert words in " ".join(numbers["meaning"])


@pytest.mark.parametrize(
    ("source", "overrides", "words"),
    [
        ("copper_trench", [], "trench is ignored"),
        ("bare_ni", ['growth.method="fixed"'], "nothing moves"),
        ("bare_ni", ['control.voltage="-0.4 V"'], "of the limiting one"),
        ("bare_ni", ['electrolyte.species.ClO4.mobility="5e-8 cm^2/(V s)"'], "quasi-steady"),
    ],
)
def test_assumptions_that_do_not_hold_are_named(source: str, overrides: list[str], words: str) -> None:
    _, numbers = stability(growing(source, *overrides))
    assert words in " ".join(numbers["warnings"])


def test_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "new" / "bare.png"
    assert run_stability("bare_ni", plot=picture) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert "fastest" in shown
    assert "What it means" in shown
    assert run_stability("copper_trench", json=True) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["critical_wavelength_um"] == 0.0
    assert numbers["fastest_rate_1_s"] > 0.0


def test_command_refuses(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="shape of this cell is fixed"):
        run_stability("hull_cell")
    with pytest.raises(CaseError, match="cannot be written"):
        run_stability("bare_ni", plot=tmp_path / "bare.what")
    with pytest.raises(CaseError, match="nothing to draw"):
        run_stability("bare_ni", ['control.voltage="-3 V"'], plot=tmp_path / "bare.png")
