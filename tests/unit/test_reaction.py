"""Kinetics laws: their values, limits and equilibria, and small cells with several of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import ufl
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.builders import Layer, interval, rectangle
from solver.closures import Electroneutral, Secondary
from solver.constants import BOLTZMANN_EV, FARADAY, GAS, thermal_voltage
from solver.contact import Schottky
from solver.electrolyte import Species
from solver.experiment import Experiment, Reading, Stepping
from solver.expression import Expression
from solver.laws import Constant, Formula
from solver.model import COUNTER, WORKING, Interface, Medium, Model, Prescribed
from solver.program import constant_current, hold, rest
from solver.reaction import (
    LARGEST_EXPONENT,
    SMALLEST_RATIO,
    ButlerVolmer,
    Conductance,
    Junction,
    Kinetics,
    LimitingCurrent,
    Linearised,
    MassAction,
    Reaction,
    Referenced,
    Site,
    Tafel,
    UserKinetics,
    exp,
    positive,
)

T = 310.0
I0 = Constant(7.0)
F = FARADAY / (GAS * T)
UM = 1e-6
etas = st.floats(-0.4, 0.4)
ratios = st.floats(1e-6, 10.0)
alphas = st.floats(0.1, 1.5)


def number(expression: Any) -> float:
    """Value of a UFL expression without fields."""
    return float(ufl.as_ufl(expression)(()))


def metal(law: Kinetics, electrons: int = 1) -> Reaction:
    return Reaction("metal", electrons, {"M": 1.0}, law, reference={"M": 500.0})


def redox(law: Kinetics) -> Reaction:
    """R + A -> 2 O + 2 e-."""
    return Reaction(
        "redox", 2, {"R": -1.0, "A": -1.0, "O": 2.0}, law, 0.0, {"R": 200.0, "A": 50.0, "O": 300.0}
    )


def current(reaction: Reaction, eta: float, **concentrations: float) -> float:
    return number(reaction.current(Site(eta, concentrations, T)))


def nernst(reaction: Reaction, concentrations: dict[str, float]) -> float:
    """E(c) - E(c_ref) = RT/nF ln prod (c/c_ref)^nu."""
    logs = [
        nu * math.log(concentrations[n] / reaction.reference[n]) for n, nu in reaction.stoichiometry.items()
    ]
    return math.fsum(logs) / (reaction.electrons * F)


# --- guards


def test_exponential_goes_on_linearly_beyond_its_limit() -> None:
    for x in (-700.0, -3.0, 0.0, 50.0, 100.0):
        assert number(exp(ufl.as_ufl(x))) == pytest.approx(math.exp(x), rel=1e-14)
    beyond = math.exp(LARGEST_EXPONENT)
    assert number(exp(ufl.as_ufl(LARGEST_EXPONENT + 4.0))) == pytest.approx(5.0 * beyond, rel=1e-14)
    assert math.isfinite(number(exp(ufl.as_ufl(1e6))))


def test_positive_continuation_is_smooth_and_changes_nothing_that_matters() -> None:
    for ratio in (2.0 * SMALLEST_RATIO, 1e-3, 1.0, 5.0):
        assert number(positive(ufl.as_ufl(ratio))) == ratio
    below = [
        number(positive(ufl.as_ufl(r)))
        for r in (-1.0, -10.0 * SMALLEST_RATIO, 0.0, 0.5 * SMALLEST_RATIO, SMALLEST_RATIO)
    ]
    assert below[0] > 0.0
    assert below == sorted(below)
    assert below[-1] == pytest.approx(SMALLEST_RATIO, rel=1e-12)
    h = 1e-3 * SMALLEST_RATIO
    left, right = (number(positive(ufl.as_ufl(SMALLEST_RATIO + s * h))) for s in (-1.0, 1.0))
    assert (right - left) / (2.0 * h) == pytest.approx(1.0, rel=1e-3)


# --- values


@settings(max_examples=30)
@given(eta=etas, a=alphas, b=alphas, ratio=ratios, n=st.integers(1, 3))
def test_butler_volmer(eta: float, a: float, b: float, ratio: float, n: int) -> None:
    got = current(metal(ButlerVolmer(I0, a, b), n), eta, M=500.0 * ratio)
    expected = 7.0 * (math.exp(a * n * F * eta) - ratio * math.exp(-b * n * F * eta))
    assert got == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_butler_volmer_with_dissolved_species_on_both_sides() -> None:
    c, eta = {"R": 20.0, "A": 90.0, "O": 600.0}, 0.03
    anodic, cathodic = (20.0 / 200.0) * (90.0 / 50.0), (600.0 / 300.0) ** 2
    expected = 7.0 * (anodic * math.exp(0.4 * 2 * F * eta) - cathodic * math.exp(-0.6 * 2 * F * eta))
    assert current(redox(ButlerVolmer(I0, 0.4, 0.6)), eta, **c) == pytest.approx(expected, rel=1e-12)


def test_species_that_the_electrolyte_does_not_carry_count_as_at_their_reference() -> None:
    law = ButlerVolmer(I0)
    assert current(metal(law), -0.05) == pytest.approx(current(metal(law), -0.05, M=500.0), rel=1e-14)


@settings(max_examples=50)
@given(a=alphas, b=alphas, r=ratios, s=ratios, t=ratios)
def test_mass_action_is_at_rest_at_the_potential_of_nernst(
    a: float, b: float, r: float, s: float, t: float
) -> None:
    law = MassAction(I0, a, b)
    for reaction, c in (
        (metal(law), {"M": 500.0 * r}),
        (redox(law), {"R": 200.0 * r, "A": 50.0 * s, "O": 300.0 * t}),
    ):
        e = nernst(reaction, c)
        branch = current(reaction, e + 0.2, **c) - current(reaction, e - 0.2, **c)
        assert abs(current(reaction, e, **c)) < 1e-11 * branch
        assert current(reaction, e + 1e-3, **c) > 0.0 > current(reaction, e - 1e-3, **c)


def test_butler_volmer_is_at_rest_there_only_if_its_alphas_add_up_to_one() -> None:
    c = {"M": 5.0}
    good, bad = metal(ButlerVolmer(I0, 0.3, 0.7)), metal(ButlerVolmer(I0, 0.3, 0.5))
    assert abs(current(good, nernst(good, c), **c)) < 1e-12
    assert abs(current(bad, nernst(bad, c), **c)) > 0.1


@settings(max_examples=30)
@given(eta=etas, a=alphas, b=alphas, ratio=ratios)
def test_mass_action_by_its_definition(eta: float, a: float, b: float, ratio: float) -> None:
    shift = math.log(ratio) / F
    i0 = 7.0 * ratio**a
    expected = i0 * (math.exp(a * F * (eta - shift)) - math.exp(-b * F * (eta - shift)))
    got = current(metal(MassAction(I0, a, b)), eta, M=500.0 * ratio)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9 * i0)


def test_tafel_is_one_branch() -> None:
    for eta in (-0.3, 0.1):
        whole = current(metal(ButlerVolmer(I0, 0.4, 0.6)), eta, M=100.0)
        cathodic = current(metal(Tafel(I0, 0.6)), eta, M=100.0)
        anodic = current(metal(Tafel(I0, 0.4, anodic=True)), eta, M=100.0)
        assert cathodic == pytest.approx(-7.0 * 0.2 * math.exp(-0.6 * F * eta), rel=1e-12)
        assert anodic + cathodic == pytest.approx(whole, rel=1e-12)


def test_linearised_is_the_tangent_at_equilibrium() -> None:
    law = metal(Linearised(I0, 0.4, 0.8))
    h = 1e-6
    slope = (
        current(metal(ButlerVolmer(I0, 0.4, 0.8)), h) - current(metal(ButlerVolmer(I0, 0.4, 0.8)), -h)
    ) / (2 * h)
    assert current(law, 0.07) == pytest.approx(0.07 * slope, rel=1e-8)
    c = {"M": 40.0}
    assert abs(current(law, nernst(law, c), **c)) < 1e-12


def test_referenced_law_sees_no_nernst_shift() -> None:
    law = metal(Referenced(Formula.parse("7*(c/500)**0.5"), 0.4, 0.6))
    assert current(law, 0.0, M=30.0) == 0.0
    expected = 7.0 * math.sqrt(0.06) * (math.exp(0.4 * F * 0.02) - math.exp(-0.6 * F * 0.02))
    assert current(law, 0.02, M=30.0) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=30)
@given(eta=st.floats(-0.5, 0.3))
def test_limiting_current_is_a_nernst_diffusion_layer(eta: float) -> None:
    """I = A - (1 + i/i_lim) B, c_s/c_ref = 1 + i/i_lim, solved for i."""
    limit = 120.0
    a, b = 7.0 * math.exp(0.4 * F * eta), 7.0 * math.exp(-0.6 * F * eta)
    expected = brentq(lambda i: i - a + (1.0 + i / limit) * b, -limit, a + 1.0, xtol=1e-13)
    got = current(metal(LimitingCurrent(I0, limit, None, 0.4, 0.6)), eta)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_limiting_current_saturates_on_both_sides() -> None:
    law = metal(LimitingCurrent(I0, 120.0, 80.0))
    assert current(law, -2.0) == pytest.approx(-120.0, rel=1e-9)
    assert current(law, 2.0) == pytest.approx(80.0, rel=1e-9)
    assert current(law, 1e-5) == pytest.approx(7.0 * F * 1e-5 / (1.0 + 7.0 / 120.0 + 7.0 / 80.0), rel=1e-4)


@settings(max_examples=30)
@given(eta=etas, ratio=ratios)
def test_user_expression_equals_the_built_in_law(eta: float, ratio: float) -> None:
    names = ("eta", "T", "f", "c_M")
    formula = Expression.parse("7*(exp(0.4*f*eta) - c_M/500*exp(-0.6*f*eta))", names)
    user = current(metal(UserKinetics(formula), 2), eta, M=500.0 * ratio)
    built_in = current(metal(ButlerVolmer(I0, 0.4, 0.6), 2), eta, M=500.0 * ratio)
    assert user == pytest.approx(built_in, rel=1e-9, abs=1e-12)


def test_contact_laws() -> None:
    assert current(metal(Conductance(40.0)), 0.3) == pytest.approx(12.0, rel=1e-14)
    schottky = Schottky(0.5, 1.2e6, 1.3, T)
    law = metal(Junction(schottky))
    for eta in (-0.05, 0.01, 1.0):
        assert current(law, eta) == pytest.approx(float(schottky.current_density(np.array(eta))), rel=1e-4)
    # The difference: R/F of one table of constants against k_B/e of another.
    assert pytest.approx(GAS / FARADAY, rel=1e-5) == BOLTZMANN_EV


def test_exchange_current_density_may_depend_on_the_ion_deposited() -> None:
    law = ButlerVolmer(Formula.parse("0.1*c**0.5*exp(-1000/T)"))
    i0 = 0.1 * math.sqrt(90.0) * math.exp(-1000.0 / T)
    expected = i0 * (math.exp(0.5 * F * 0.1) - 0.18 * math.exp(-0.5 * F * 0.1))
    assert current(metal(law), 0.1, M=90.0) == pytest.approx(expected, rel=1e-12)


def test_charge_defect() -> None:
    assert metal(ButlerVolmer(I0), 1).charge_defect({"M": 1}) == 0.0
    assert metal(ButlerVolmer(I0), 2).charge_defect({"M": 1}) == -1.0


# --- small cells


def ohmic(reactions: tuple[Reaction, ...], kappa: float = 2.0) -> Model:
    """Electrode with `reactions` on an electrolyte of 50 um, phi = 0 at its other side."""
    working = Interface("working", "working", reactions)
    ground = Prescribed("potential", "counter", 0.0)
    return Model(Secondary(kappa), T, {"electrolyte": Medium()}, (working,), prescribed=(ground,))


def run(model: Model, voltage: float) -> Reading:
    regions = interval(MPI.COMM_WORLD, [Layer("electrolyte", 50 * UM, cells=4)])
    return Experiment(model, regions, Stepping(1.0)).run(hold(voltage, 1.0))[-1]


def test_cell_solves_every_law_with_ohms_law() -> None:
    names = ("eta", "f")
    laws: tuple[Kinetics, ...] = (
        ButlerVolmer(I0, 0.4, 0.6), MassAction(I0, 0.4, 0.8), Tafel(I0, 0.6), Linearised(I0),
        LimitingCurrent(I0, 50.0), Referenced(I0), Conductance(900.0),
        UserKinetics(Expression.parse("7*sinh(0.5*f*eta)", names)),
    )  # fmt: skip
    for law in laws:
        reaction = Reaction("metal", 1, {"M": 1.0}, law, 0.04, {"M": 500.0})
        got = run(ohmic((reaction,)), -0.3).current

        def defect(i: float, reaction: Reaction = reaction) -> float:
            return number(reaction.current(Site(-0.3 - 0.04 - i * 25e-6, {}, T))) - i

        assert got == pytest.approx(brentq(defect, -2e4, 0.0, xtol=1e-12), rel=1e-9), law


def test_plating_and_a_side_reaction_share_the_current() -> None:
    plating = Reaction("plating", 1, {"M": 1.0}, ButlerVolmer(I0), 0.0, {"M": 500.0})
    gas = Reaction("gas", 2, {}, Tafel(Constant(1e-3), 0.3), 0.4)
    reading = run(ohmic((plating, gas)), -0.2)
    phi = reading.current * 25e-6
    by_plating = 7.0 * 2.0 * math.sinh(0.5 * F * (-0.2 - phi))
    by_gas = -1e-3 * math.exp(-0.3 * 2.0 * F * (-0.2 - phi - 0.4))
    assert reading.currents["working/plating"] == pytest.approx(by_plating, rel=1e-9)
    assert reading.currents["working/gas"] == pytest.approx(by_gas, rel=1e-9)
    assert reading.current == pytest.approx(by_plating + by_gas, rel=1e-9)
    assert 0.1 < by_gas / by_plating < 10.0


def test_only_the_reaction_of_an_ion_changes_its_amount() -> None:
    """A side reaction that releases X- makes anions; all the rest of the charge is the metal's."""
    ions = (Species("M", 1, 1e-10, 500.0), Species("X", -1, 2e-10, 450.0), Species("Y", -1, 2e-10, 50.0))
    plating = metal(ButlerVolmer(I0))
    reduction = Reaction("reduction", 1, {"X": -1.0}, Tafel(Constant(0.5), 0.5), 0.1, {"X": 450.0})
    electrodes = (
        Interface("working", "working", (plating, reduction)),
        Interface("counter", "counter", (plating,)),
    )
    model = Model(Electroneutral(ions, "Y"), T, {"electrolyte": Medium()}, electrodes)
    regions = interval(MPI.COMM_WORLD, [Layer("electrolyte", 50 * UM, cells=20)])
    experiment = Experiment(model, regions, Stepping(1e-2))
    experiment.run(constant_current(-60.0, time=2.0))
    total = experiment.total
    assert total["working/metal"] + total["working/reduction"] == pytest.approx(-120.0, rel=1e-9)
    assert total["working/reduction"] < -1.0
    made = 450.0 * 50 * UM - total["working/reduction"] / FARADAY
    amounts = experiment.problem.amounts(experiment.problem.stored())
    assert amounts["X"] == pytest.approx(made, rel=1e-10)
    assert max(map(abs, experiment.balance().values())) < 1e-11


def test_rest_potential_of_two_reactions_is_mixed() -> None:
    """Corrosion: no current outside, the metal dissolves as fast as the other reaction is driven."""
    dissolving = Reaction("plating", 1, {"M": 1.0}, Tafel(I0, 0.5, anodic=True), 0.0, {"M": 500.0})
    gas = Reaction("gas", 2, {}, Tafel(Constant(1e-2), 0.25), 0.3)
    regions = interval(MPI.COMM_WORLD, [Layer("electrolyte", 50 * UM, cells=4)])
    reading = Experiment(ohmic((dissolving, gas)), regions, Stepping(1.0)).run(rest(1.0))[-1]
    # 7 exp(F V/2) = 0.01 exp(-F (V - 0.3)/2)
    expected = 0.15 + math.log(1e-2 / 7.0) / F
    assert reading.voltage == pytest.approx(expected, rel=1e-9)
    assert reading.currents["working/plating"] > 1.0
    assert abs(reading.current) < 1e-9 * reading.currents["working/plating"]


def test_bipolar_plate_between_two_halves_of_a_cell() -> None:
    """A floating electrode carries the current between two electrolytes: four interfaces in series."""
    plating = metal(ButlerVolmer(I0))
    faces = ("working", WORKING), ("left|plate", "plate"), ("plate|right", "plate"), ("counter", COUNTER)
    model = Model(
        Secondary(2.0),
        T,
        {"left": Medium(), "right": Medium()},
        tuple(Interface(boundary, terminal, (plating,)) for boundary, terminal in faces),
    )
    layers = [
        Layer("left", 30 * UM, cells=3),
        Layer("plate", 5 * UM, cells=1),
        Layer("right", 20 * UM, cells=2),
    ]
    experiment = Experiment(model, interval(MPI.COMM_WORLD, layers), Stepping(1.0))
    reading = experiment.run(constant_current(-30.0, time=1.0))[-1]
    eta = 2.0 * thermal_voltage(T) * math.asinh(-30.0 / 14.0)
    assert reading.voltage == pytest.approx(4.0 * eta - 30.0 * 25e-6, rel=1e-9)
    assert reading.currents["left|plate"] + reading.currents["plate|right"] == pytest.approx(0.0, abs=1e-9)
    assert reading.currents["plate|right"] == pytest.approx(-30.0, rel=1e-9)
    plate = thermal_voltage(T) * experiment.problem.potentials[model.terminals.index("plate")]
    assert reading.voltage / plate == pytest.approx(
        (4.0 * eta - 30.0 * 25e-6) / (2.0 * eta - 30.0 * 10e-6), rel=1e-9
    )


def test_floating_electrode_in_a_field_is_anode_and_cathode_at_once() -> None:
    """A third terminal along the side takes current in at one end and gives it back at the other."""
    plating = metal(ButlerVolmer(Constant(500.0)))
    model = Model(
        Secondary(2.0),
        T,
        {"electrolyte": Medium()},
        tuple(Interface(name, name, (plating,)) for name in ("working", "counter", "wire")),
    )
    layers = [Layer("electrolyte", 60 * UM, cells=24)]
    regions = rectangle(MPI.COMM_WORLD, 20 * UM, layers, columns=8, right="wire")
    experiment = Experiment(model, regions, Stepping(1.0))
    reading = experiment.run(hold(-0.5, 1.0))[-1]
    through = -reading.currents["working"]
    assert through > 0.0
    assert abs(reading.currents["wire"]) < 1e-9 * through
    # By symmetry its potential is the middle of the two; it is a way round for the current.
    wire = thermal_voltage(T) * experiment.problem.potentials[model.terminals.index("wire")]
    assert wire == pytest.approx(-0.25, rel=1e-6)
    alone = Model(
        Secondary(2.0),
        T,
        {"electrolyte": Medium()},
        tuple(Interface(name, name, (plating,)) for name in ("working", "counter")),
    )
    without = Experiment(alone, regions, Stepping(1.0)).run(hold(-0.5, 1.0))[-1]
    assert through > 1.02 * -without.currents["working"]
