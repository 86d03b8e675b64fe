"""Moss on bare sodium, and what keeps it flat, in small: docs/mossy-growth.md."""

from __future__ import annotations

import pytest
from mpi4py import MPI

from cases.build import build
from cases.errors import CaseError
from cases.loader import load
from cases.ripples import find
from cases.schema import Case
from solver.cell import Cell
from solver.march import Simulation
from solver.observables import morphology
from verification.exact.mossy import Mossy

SMALL = ["geometry.width=3 um", "geometry.gap=10 um", "mesh.bulk_size=2 um", "mesh.front_size=0.12 um"]
FILM = "kinetics.film"


def small(name: str, *overrides: str) -> Case:
    found = load(name, [*SMALL, *overrides])
    assert isinstance(found, Case)
    return found


def roughened(cell: Cell, thickness: float = 0.4e-6) -> float:
    """Roughness of the front over that at the start when `thickness` has been deposited."""
    simulation = Simulation(cell, MPI.COMM_WORLD)

    def roughness() -> float:
        return morphology(
            simulation.front, cell.gap, cell.gap, simulation.floating, 0.0, None, None
        ).roughness

    begun, first = roughness(), simulation.mean_thickness()
    while simulation.mean_thickness() < first + thickness:
        simulation.advance(30.0)
        simulation.move()
        simulation.maintain()
    assert simulation.faraday_error() < 1e-10
    assert simulation.mass_error() < 1e-8
    return roughness() / begun


def test_bare_sodium_grows_moss_far_below_the_limiting_current() -> None:
    case = small("bare_na_moss")
    front = find(case).front
    assert abs(front.current) < 0.01 * front.cell.limiting_current
    assert roughened(build(case)) > 3.0


@pytest.mark.parametrize(
    "change",
    [
        [f"{FILM}.conductivity=1e-5 S/cm"],
        [f"{FILM}.healing_time=0.5 s"],
        [f"{FILM}.thickness=8 um", f"{FILM}.conductivity=1.6e-5 S/cm"],
    ],
    ids=["conducts well", "heals fast", "is stiff"],
)
def test_a_film_that_conducts_heals_or_is_stiff_keeps_it_flat(change: list[str]) -> None:
    """And the relation says so before anything is run."""
    case, bare = small("bare_na_moss", *change), small("bare_na_moss")
    assert find(case).fastest[1] < 0.25 * find(bare).fastest[1]
    assert roughened(build(case)) < 1.3


def test_the_layer_keeps_it_flat() -> None:
    assert roughened(build(small("na2se_v_moss"))) < 1.0


def test_the_relation_of_the_command_is_that_of_the_film() -> None:
    front = find(small("bare_na_moss")).front
    assert isinstance(front, Mossy)
    assert front.cover.resistance == pytest.approx(50e-9 / 1e-5)  # 50 nm at 1e-7 S/cm
    assert front.cover.limit == pytest.approx(0.1)
    assert front.cover.stiffness == pytest.approx(3.4e9 * 50e-9**3 / 12.0 / (1.0 - 0.3**2))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("kinetics.film_resistance=10 ohm cm^2", "kinetics.film_resistance"),
        ("growth.method=phase_field", "kinetics.film"),
        ("geometry.roughness.shortest=0.2 um", "geometry.roughness.shortest"),
        ("geometry.roughness.rms=0.5 um", "geometry.roughness.rms"),
    ],
)
def test_what_does_not_fit_together_is_named(change: str, key: str) -> None:
    with pytest.raises(CaseError) as caught:
        small("bare_na_moss", change)
    assert [problem.split(" = ")[0].split(":")[0] for problem in caught.value.problems] == [key]
