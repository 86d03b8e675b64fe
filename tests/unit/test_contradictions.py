"""What does not go together in a case with a growing electrode: one sentence for each."""

from __future__ import annotations

import pytest

from cases.errors import CaseError
from cases.loader import load

SPIKE = "geometry.protrusion={ width = '4 um', height = '4 um', foot_radius = '1 um' }"


def problems(name: str, *overrides: str) -> list[str]:
    with pytest.raises(CaseError) as caught:
        load(name, overrides)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("name", "override", "start"),
    [
        ("lithium_protrusion", "geometry.protrusion.foot_radius=15 um", "geometry.protrusion: its radii"),
        ("lithium_protrusion", "geometry.protrusion.top=5 um", 'geometry.protrusion.top = "5 um": expected'),
        ("lithium_protrusion", "geometry.protrusion.height=50 um", "geometry.protrusion.height = "),
        ("lithium_protrusion", "geometry.protrusion.position=1 um", "geometry.protrusion.width = "),
        ("lithium_protrusion", "geometry.protrusion.position=60 um", "geometry.protrusion.position = "),
        ("lithium_protrusion", "geometry.depth=1 um", "geometry.protrusion: is for a plane cell"),
        ("copper_trench", SPIKE, "geometry.protrusion: expected neither"),
        ("copper_trench", "geometry.depth=1 um", "geometry.trench: is for a plane cell"),
        ("bare_ni", "geometry.metal_thickness=1 um", "geometry.metal_thickness = "),
        ("bare_ni", "geometry.nucleus={ radius = '1 um' }", "geometry.nucleus: needs geometry.depth"),
        ("nucleus_3d", 'geometry.nucleus.position=["1 um", "1 um", "1 um"]', "geometry.nucleus.position = "),
        ("nucleus_3d", 'geometry.nucleus.position=["0.1 um", "1 um"]', "geometry.nucleus.radius = "),
        ("nucleus_3d", 'geometry.nucleus.position=["4 um", "1 um"]', "geometry.nucleus.position: outside"),
        ("nucleus_3d", "geometry.counter={ moves = true }", "geometry.counter.moves = true: is for a plane"),
        ("na3sb_ni", "geometry.islands.arrangement=hexagonal", "geometry.islands.arrangement = "),
        ("islands_3d", "geometry.depth=70 nm", "geometry.islands.pitch = "),
        ("lithium_protrusion", "electrolyte.solution=lipf6", "electrolyte: expected exactly one of"),
        ("lithium_protrusion", "metal.charge_number=2", "metal.charge_number = 2: expected 1"),
        (
            "lithium_protrusion",
            "kinetics.reference_concentration=1 mol/L",
            'kinetics.reference_concentration = "1 mol/L": has no effect',
        ),
        ("bare_ni", "electrolyte.concentration=1 mol/L", "electrolyte.concentration = "),
        (
            "bare_ni",
            "separator={ porosity = 0.4, tortuosity = 2.0, bruggeman = 1.5 }",
            "separator: expected either bruggeman or tortuosity",
        ),
        (
            "bare_ni",
            "separator={ porosity = 1.4 }",
            "separator.porosity = 1.4: expected a number of at most 1",
        ),
        ("bare_ni", "mesh.smoothing=elastc", 'mesh.smoothing = "elastc": did you mean "elastic"?'),
        ("bare_ni", "time.order=3", "time.order = 3: expected 1 or 2"),
        ("bare_ni", "mesh.remesh_every=0", "mesh.remesh_every = 0: expected a whole number of at least 1"),
        ("bare_ni", "mesh.redistribute=1", "mesh.redistribute = 1: expected true or false"),
    ],
)
def test_contradictions(name: str, override: str, start: str) -> None:
    (found,) = problems(name, override)
    assert found.startswith(start)


def test_a_protrusion_is_of_an_electrode_of_metal() -> None:
    spike = "geometry.protrusion={ width = '1 um', height = '1 um' }"
    assert [line.split(":")[0] for line in problems("bare_ni", spike)] == ["surfaces", "geometry.protrusion"]


def test_a_dilute_case_made_concentrated_is_told_what_it_lacks() -> None:
    found = problems("bare_ni", "transport.closure=concentrated")
    keys = [line.split(":")[0] for line in found]
    assert keys == ["electrolyte", "electrolyte.concentration", "electrolyte.species"]


def test_a_dilute_case_needs_its_ions() -> None:
    found = problems("bare_ni", "electrolyte={}")
    assert found[0].startswith("electrolyte.species: 0 ions are given")
