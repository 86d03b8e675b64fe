"""The nonlinear phase-field model in a case: where its parameters come from, and what it refuses."""

from __future__ import annotations

import math

import pytest

from cases.build import build
from cases.dump import dump
from cases.errors import CaseError
from cases.loader import load, loads
from cases.nonlinear import SETS, parameters
from cases.schema import Case
from cases.stability import stability
from solver.constants import FARADAY, GAS
from solver.nonlinear_parameters import HONG_COSINE

NAME = "lithium_dendrite_nonlinear"
OWN = [
    "assumptions={}",
    "growth.nonlinear={ barrier_mobility = '1e-6 m^3/(J s)' }",
    "growth.interface_width=0.2 um",
    "metal.surface_energy=0.4 J/m^2",
    "kinetics.exchange_current_density=2 mA/cm^2",
]


def case(*overrides: str) -> Case:
    found = load(NAME, overrides)
    assert isinstance(found, Case)
    return found


def problems(*overrides: str) -> list[str]:
    with pytest.raises(CaseError) as caught:
        load(NAME, overrides)
    return list(caught.value.problems)


def test_a_published_set_is_taken_as_it_is() -> None:
    found = parameters(case())
    assert found == HONG_COSINE
    cell = build(case())
    assert cell.nonlinear is not None
    assert cell.nonlinear.parameters == HONG_COSINE
    assert cell.spreading is not None
    assert cell.spreading.width == HONG_COSINE.width
    assert not cell.all_metal


def test_values_replace_those_of_the_set() -> None:
    found = parameters(case("growth.nonlinear.barrier_mobility=1e-9 m^3/(J s)", "growth.nonlinear.folds=6"))
    assert (found.barrier_mobility, found.folds) == (1e-9, 6)
    assert found.barrier == HONG_COSINE.barrier


def test_without_a_set_the_model_is_the_diffuse_form_of_what_the_case_says() -> None:
    found = parameters(case(*OWN))
    assert found.width == pytest.approx(0.2e-6, rel=1e-12)
    assert found.surface_energy == pytest.approx(0.4, rel=1e-12)
    assert found.exchange_current_density == pytest.approx(20.0, rel=1e-12)
    assert found.molar_volume == pytest.approx(13.04e-6, rel=1e-12)
    nernst_einstein = FARADAY**2 * 3.179e-10 * 1000.0 / (GAS * 299.94)
    assert found.conductivity == pytest.approx(nernst_einstein, rel=1e-9)
    assert found.conductivity_metal == 2e7
    assert found.barrier_mobility == 1e-6


def test_the_mesh_is_refined_and_the_interface_is_not() -> None:
    one, two = (build(case(f"mesh.refine={k}")).spreading for k in (1, 2))
    assert one is not None
    assert two is not None
    assert two.width == one.width
    assert two.finest == pytest.approx(0.5 * one.finest)


def test_what_is_written_reads_back() -> None:
    for overrides in ([], OWN):
        found = case(*overrides)
        assert loads(dump(found)) == found


@pytest.mark.parametrize(
    ("override", "start"),
    [
        ("growth.model=conservative", "growth.nonlinear: needs"),
        ("growth.model=nonlin", 'growth.model = "nonlin": did you mean "nonlinear"?'),
        ("growth.nonlinear.published=hong2018", 'growth.nonlinear.published = "hong2018": did you mean'),
        ("growth.nonlinear={}", "growth.nonlinear.barrier_mobility: missing"),
        (
            "growth.nonlinear.barrier=6 J/m^2",
            'growth.nonlinear.barrier = "6 J/m^2": this is a surface energy',
        ),
        ("growth.noise={ amplitude = 0.1 }", "growth.noise: expected none"),
        ("growth.cell_size=0.7 um", 'growth.cell_size = "0.7 um": expected at most 5 interface widths'),
        ("growth.fine_height=10 um", 'growth.fine_height = "10 um": expected at least stop.tip_height'),
        ("growth.adaptive=true", "growth.adaptive = true: expected false"),
        ("growth.interface_width=250 nm", 'growth.interface_width = "250 nm": expected "136.9 nm"'),
        ("geometry.coating=islands", "geometry.coating = "),
        ("geometry.protrusion={ width='1 um', height='1 um' }", "geometry.metal_thickness: missing"),
        ("separator={ porosity = 0.4 }", "separator: expected none"),
        ("kinetics.film_resistance=1 ohm cm^2", "kinetics.film_resistance = "),
        ("kinetics.anisotropy=0.1", "kinetics.anisotropy = 0.1: expected 0"),
        ("kinetics.alpha_a=0.3", "kinetics.alpha_a = 0.3: expected 0.5, as the model"),
        ("kinetics.exchange_current_density=1 mA/cm^2", "kinetics.exchange_current_density = "),
        ("metal.surface_energy_anisotropy=0.1", "metal.surface_energy_anisotropy = 0.1: expected 0"),
        ("metal.surface_energy=0.5 J/m^2", 'metal.surface_energy = "0.5 J/m^2": expected "0.2739 J/m^2"'),
        ("electrolyte.temperature=350 K", 'electrolyte.temperature = "350 K": expected "299.9'),
        ("time.order=1", "time.order = 1: expected 2"),
        ("solver.newton_rtol=1e-8", "solver: has no effect"),
        ("control={ current = '-1 mA/cm^2' }", "control: "),
        ("control.resistance=1 ohm cm^2", "control: "),
        (
            "control={ program = [{ voltage = '-0.4 V', time = '1 s' }, { rest = '1 s' }] }",
            'control.program: "rest": expected constant voltages only',
        ),
    ],
)
def test_what_does_not_fit_is_named(override: str, start: str) -> None:
    found = problems(override)
    assert any(line.startswith(start) for line in found), found


def test_there_is_no_dispersion_relation() -> None:
    _, numbers = stability(case())
    assert numbers["grows"] is None


def test_there_must_be_metal() -> None:
    text = dump(case())
    start = text.index("[geometry.apex]")
    end = text.index("[", start + 1)
    with pytest.raises(CaseError, match="geometry: no metal to begin with"):
        loads(text[:start] + text[end:])


def test_another_method_has_no_model() -> None:
    found = problems("growth.method=moving_mesh")
    assert {line.split(":")[0].split(" ")[0] for line in found} >= {"growth.model", "growth.nonlinear"}


def test_shipped_values_agree_with_the_set_to_a_thousandth() -> None:
    found, p = case(), SETS["hong_2018_fourfold"]
    said = (
        found.metal.surface_energy,
        found.metal.molar_volume,
        found.kinetics.exchange_current_density,
        found.electrolyte.temperature,
    )
    has = (p.surface_energy, p.molar_volume, p.exchange_current_density, p.temperature)
    assert all(math.isclose(a, b, rel_tol=1e-3) for a, b in zip(said, has, strict=True))
