"""Concentrated electrolytes: published values, signs over the range of use, finite values at depletion."""

from __future__ import annotations

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI

from solver.constants import FARADAY, GAS
from solver.solutions import SOLUTIONS, Solution, find

PROPERTIES = ("diffusivity", "conductivity", "transference_number", "thermodynamic_factor")
EVERY = pytest.mark.parametrize("solution", SOLUTIONS.values(), ids=list(SOLUTIONS))


def grid(solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Concentrations and temperatures over the range of use."""
    return np.linspace(*solution.concentrations, 101)[:, None], np.linspace(*solution.temperatures, 25)


@EVERY
def test_properties_are_possible_over_the_range_of_use(solution: Solution) -> None:
    c, t = grid(solution)
    diffusivity, conductivity = solution.diffusivity(c, t), solution.conductivity(c, t)
    transference, factor = solution.transference_number(c, t), solution.thermodynamic_factor(c, t)
    assert diffusivity.min() > 1e-11
    assert diffusivity.max() < 1e-9
    assert conductivity.min() > 0.02
    assert conductivity.max() < 2.0
    # Clusters of anions with cations make t+ negative in the cold; it never exceeds 1.
    assert transference.min() > -0.6
    assert transference.max() < 0.6
    assert factor.min() > 0.2
    assert factor.max() < 9.0
    if "negative" not in solution.notes:
        assert transference.min() > 0.0


@EVERY
def test_fluidity_rises_with_temperature(solution: Solution) -> None:
    c, t = grid(solution)
    if solution.temperatures[0] < solution.temperatures[1]:
        assert np.diff(solution.diffusivity(c, t), axis=1).min() > 0.0
        assert np.diff(solution.conductivity(c, t), axis=1).min() > 0.0
    else:
        assert solution.conductivity(1000.0, 280.0) == solution.conductivity(1000.0, 298.15)


@EVERY
def test_conductivity_vanishes_like_the_concentration(solution: Solution) -> None:
    """Molar conductivity stays finite as c -> 0, and below the 100 S cm2/mol of organic solvents."""
    molar = solution.conductivity(np.array([1e-3, 1e-2, 1e-1]), 298.15) / np.array([1e-3, 1e-2, 1e-1])
    assert solution.conductivity(0.0, 298.15) == 0.0
    assert np.all(molar < 100e-4)
    assert np.ptp(molar) < 0.03 * molar.mean()


@EVERY
def test_dilute_limit_is_that_of_nernst_einstein_within_an_order(solution: Solution) -> None:
    """Kappa RT/(F^2 c) = D+ + D- = D/(2 t+ t-) of an ideal solution; units that are wrong miss by more."""
    c, t = 200.0, 298.15
    sum_of_diffusivities = solution.conductivity(c, t) * GAS * t / (FARADAY**2 * c)
    number = solution.transference_number(c, t)
    ideal = solution.diffusivity(c, t) / (2 * number * (1 - number))
    assert 0.1 < ideal / sum_of_diffusivities < 10.0


@EVERY
def test_everything_is_finite_at_and_beyond_depletion(solution: Solution) -> None:
    """Values and derivatives that a Newton step may ask for, also where c is zero, negative or huge."""
    line = mesh.create_interval(MPI.COMM_SELF, 3, [0.0, 1.0])
    c = fem.Function(fem.functionspace(line, ("Lagrange", 1)))
    c.x.array[:] = [-10.0, 0.0, 1.0, 1e4]
    variable, t = ufl.variable(c), fem.Constant(line, 298.15)
    laws = [getattr(solution, name) for name in PROPERTIES]
    forms = [law(c, t) for law in laws] + [ufl.diff(law(variable, t), variable) for law in laws]
    values = fem.Expression(ufl.as_vector([c, *forms]), np.array([[0.0], [1.0]])).eval(
        line, np.arange(3, dtype=np.int32)
    )
    assert np.all(np.isfinite(values))
    concentrations, conductivity = values.reshape(6, -1)[:, 0], values.reshape(6, -1)[:, 2]
    assert np.all(conductivity[concentrations <= 0.0] == 0.0)


@EVERY
def test_beyond_the_range_properties_stay(solution: Solution) -> None:
    for name in PROPERTIES:
        law = getattr(solution, name)
        assert law(1e5, 298.15) == law(1e4, 298.15)


@EVERY
def test_sources_are_cited(solution: Solution) -> None:
    assert "doi:10." in solution.source
    assert solution.notes
    assert solution.cation in ("Li+", "Na+")
    assert "range" in solution.notes or solution.cation == "Na+"


def test_nyman_at_one_mole_per_litre() -> None:
    """Sums of the published coefficients: 0.1297 - 2.51 + 3.329, 0.8794 - 3.972 + 4.862, and t+ = 0.2594."""
    s = find("lipf6_ec_emc_nyman2008")
    assert s.conductivity(1000.0, 298.15) == pytest.approx(0.9487, rel=1e-12)
    assert s.diffusivity(1000.0, 298.15) == pytest.approx(1.7694e-10, rel=1e-12)
    assert s.transference_number(1000.0, 298.15) == pytest.approx(0.2594, rel=1e-12)
    assert s.conductivity(2000.0, 298.15) == pytest.approx(8 * 0.1297 - 2.51 * 8**0.5 + 2 * 3.329, rel=1e-12)


LANDESFEIND = {
    # At 1 mol/L and 25 degrees C: kappa in S/m, D in 1e-10 m2/s, t+, 1 + dln f/dln c. Worked out from the
    # coefficients in a separate calculation, and compared with PyBaMM 26.10 for EC:EMC (equal to 1e-12).
    "lipf6_ec_dmc_landesfeind2019": (1.18187348, 2.90495719, 0.32502808, 2.20113093),
    "lipf6_ec_emc_landesfeind2019": (0.91302109, 2.89224775, 0.22091281, 2.18176131),
    "lipf6_emc_fec_landesfeind2019": (0.55294693, 3.07326202, 0.12912436, 1.16276439),
}


@pytest.mark.parametrize("key", LANDESFEIND)
def test_landesfeind_at_one_mole_per_litre(key: str) -> None:
    s = SOLUTIONS[key]
    scales = (1.0, 1e-10, 1.0, 1.0)
    values = [getattr(s, n)(1000.0, 298.15) for n in ("conductivity", *PROPERTIES[:1], *PROPERTIES[2:])]
    assert np.array(values) / scales == pytest.approx(LANDESFEIND[key], rel=1e-7)


def test_two_groups_measured_the_same_electrolyte() -> None:
    """LiPF6 in EC:EMC 3:7 at 25 degrees C: conductivities of both papers agree within ten percent."""
    c = np.linspace(500.0, 1500.0, 21)
    first, second = (
        find(f"lipf6_ec_emc_{k}").conductivity(c, 298.15) for k in ("nyman2008", "landesfeind2019")
    )
    assert np.abs(first / second - 1.0).max() < 0.10


def test_chayambuka_passes_its_points() -> None:
    s = find("NaPF6 in EC:PC 1:1 (Chayambuka 2022)")
    c = np.array([150.0, 500.0, 1000.0, 1500.0, 2000.0])
    assert s.conductivity(c, 298.15) == pytest.approx([0.404, 0.72, 0.883, 0.861, 0.76], rel=1e-12)
    assert s.diffusivity(1013.696117, 298.15) == pytest.approx(2.49e-11, rel=1e-12)
    assert s.diffusivity(2471.904616, 298.15) == pytest.approx(1.76e-11, rel=1e-12)
    assert s.transference_number(1000.0, 298.15) == 0.45


def test_chayambuka_agrees_with_a_second_reading_of_the_figure() -> None:
    """Polynomials that someone else fitted to figure A3 of the same paper; the notes give the differences."""
    s = find("napf6_ec_pc_chayambuka2022")
    c = np.linspace(1000.0, 2000.0, 11)
    diffusivity = np.polyval([8.7549e-26, -1.7006e-21, 9.4034e-18, -2.3662e-14, 4.1152e-11], c)
    conductivity = np.polyval([-6.8163e-14, 5.2618e-10, -1.5716e-06, 0.001948, -0.0017252], c)
    assert np.abs(s.diffusivity(c, 298.15) / diffusivity - 1.0).max() < 0.025
    assert np.abs(s.conductivity(c, 298.15) / conductivity - 1.0).max() < 0.065


def test_find_knows_keys_and_names() -> None:
    for key, solution in SOLUTIONS.items():
        assert find(key) is solution
        assert find(solution.name.upper()) is solution
    with pytest.raises(KeyError, match="did you mean napf6_ec_pc_chayambuka2022"):
        find("napf6_ec_pc")
    assert len({s.name for s in SOLUTIONS.values()}) == len(SOLUTIONS)


def test_outside_tells_what_is_extrapolated() -> None:
    s = find("lipf6_ec_emc_landesfeind2019")
    assert s.outside(1000.0, 298.15) == ()
    assert s.outside(*(s.concentrations[1], s.temperatures[0])) == ()
    cold = s.outside(1000.0, 250.0)
    assert len(cold) == 1
    assert "temperature 250 K is outside of 263.15 to 323.15 K" in cold[0]
    assert len(s.outside(0.0, 400.0)) == 2
