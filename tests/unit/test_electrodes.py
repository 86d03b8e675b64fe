"""Electrodes and electrolytes of cases: from the file to fronts, shells and physics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cases import electrodes, solution
from cases.build import build, physics
from cases.dump import dump
from cases.loader import load, loads
from cases.meshing import initial_mesh
from cases.overview import conductivity, limiting_current
from cases.schema import Case
from meshes.front import Front
from meshes.shell import Shell
from solver.closures import Concentrated
from solver.constants import FARADAY
from solver.coverage import FRESH
from solver.model import COUNTER, FRONT
from solver.reaction import Referenced

NEW = ("islands_3d", "lithium_protrusion", "lithium_protrusion_pulse", "na_symmetric_moving", "nucleus_3d")


def case(name: str, *overrides: str) -> Case:
    found = load(name, overrides)
    assert isinstance(found, Case)
    return found


def front(name: str, *overrides: str) -> Front:
    found = electrodes.initial_front(case(name, *overrides))
    assert isinstance(found, Front)
    return found


def shell(name: str, *overrides: str) -> Shell:
    found = electrodes.initial_front(case(name, *overrides))
    assert isinstance(found, Shell)
    return found


def flat(value: object, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for key, inner in value.items() for k, v in flat(inner, f"{path}.{key}").items()}


@pytest.mark.parametrize("name", NEW)
def test_cases_round_trip_and_build(name: str) -> None:
    found = case(name)
    assert loads(dump(found)) == found
    cell = build(found)
    assert cell.front.points[:, -1].max() < 1.0
    assert len(cell.bases) == found.geometry.island_count


# --- metal that can be dissolved


def test_metal_without_an_end_reaches_far_below() -> None:
    assert front("copper_trench").base == -electrodes.ENDLESS
    assert front("bare_ni").base == 0.0


def test_metal_of_a_thickness_ends_at_its_collector() -> None:
    found = case("na_symmetric_moving")
    line = front("na_symmetric_moving")
    assert line.base == pytest.approx(-8.0 / 30.0)
    assert np.all(line.surface == 0)
    flat_part = 20.0 * 8.0 / 30.0**2
    block = 3.0 * (6.0 + 2.0) / 2.0 / 30.0**2
    assert line.metal_area() == pytest.approx(flat_part + block, rel=0.01)
    assert found.all_metal


def test_a_collector_may_lie_under_the_metal() -> None:
    """With surfaces, metal_thickness is a film on the substrate; without it the substrate is bare."""
    off = ["geometry.coating=none", "assumptions={}"]
    text = dump(case("na3sb_ni", *off))
    lines = [line for line in text.splitlines() if line != "[geometry.apex]"]
    start = text.splitlines().index("[geometry.apex]")
    del lines[start : start + 2]
    bare = loads("\n".join(lines))
    covered = loads("\n".join(lines), ["geometry.metal_thickness=2 um"])
    assert isinstance(bare, Case)
    assert isinstance(covered, Case)
    assert not bare.all_metal
    assert covered.all_metal
    on_it = electrodes.initial_front(covered)
    assert on_it.base == pytest.approx(-0.2)
    assert np.all(on_it.coverage == 1.0)
    assert np.all(electrodes.initial_front(bare).coverage == FRESH)
    assert "matrix" in build(covered).surfaces


def test_the_counter_electrode_runs_back_with_its_metal_above() -> None:
    moving = electrodes.initial_counter(case("na_symmetric_moving"))
    assert moving is not None
    assert moving.points[0].tolist() == [pytest.approx(20.0 / 30.0), 1.0]
    assert moving.points[-1].tolist() == [0.0, 1.0]
    assert np.allclose(moving.normals, (0.0, -1.0))
    assert moving.metal_area() == pytest.approx(20.0 * 8.0 / 30.0**2)
    assert electrodes.initial_counter(case("lithium_protrusion")) is None
    endless = electrodes.initial_counter(case("lithium_protrusion", "geometry.counter.moves=true"))
    assert endless is not None
    assert endless.base == 1.0 + electrodes.ENDLESS


@pytest.mark.parametrize(("moves", "grows"), [("true", True), ("false", False)])
def test_a_counter_electrode_that_moves_grows(moves: str, grows: bool) -> None:
    found = physics(case("na_symmetric_moving", f"geometry.counter.moves={moves}"))
    assert found.model.growing == ((FRONT, COUNTER) if grows else (FRONT,))


# --- the protrusion of the tutorial


def test_pulses_and_constant_current_differ_in_nothing_else() -> None:
    one, other = (
        flat(case(name).model_dump()) for name in ("lithium_protrusion", "lithium_protrusion_pulse")
    )
    differing = {key for key in one | other if one.get(key) != other.get(key)}
    assert differing - {".title", ".stop.time"} == {key for key in differing if key.startswith(".control")}


def test_both_pass_the_same_charge() -> None:
    constant, pulsed = case("lithium_protrusion"), case("lithium_protrusion_pulse")
    pulse, current = pulsed.control.pulse, constant.control.current
    assert pulse is not None
    assert pulse.reverse is not None
    assert pulse.reverse_current is not None
    assert current is not None
    passed = pulse.count * (pulse.current * pulse.on + pulse.reverse_current * pulse.reverse)
    assert passed == pytest.approx(current * constant.stop.time, rel=1e-4)
    assert pulse.reverse_current == pytest.approx(-15.0 * current, rel=1e-4)
    one_c = 100e-6 * 0.4 * (0.917 - 0.258) * 47664.0 * FARADAY / 3600.0
    assert -current == pytest.approx(one_c, rel=1e-4)


def test_a_spike_on_its_front() -> None:
    line = front("lithium_protrusion")
    rounded_off = 0.4 * (math.sqrt(5.0) - 1.0)
    assert line.tip_height * 50.0 == pytest.approx(4.0 - rounded_off, abs=1e-9)
    assert line.base == -electrodes.ENDLESS


# --- concentrated solutions


def test_physics_of_a_concentrated_solution() -> None:
    found = physics(case("lithium_protrusion"))
    closure = found.model.closure
    assert isinstance(closure, Concentrated)
    assert closure.unknowns == ("Li",)
    assert closure.cation.concentration == pytest.approx(1200.0)
    reaction = found.reaction_at(FRONT)
    assert isinstance(reaction.kinetics, Referenced)
    assert reaction.stoichiometry == {"Li": 1.0}
    assert float(closure.solution.transference_number(1200.0, 293.15)) == pytest.approx(0.248)


def test_properties_at_the_temperature_of_the_cell() -> None:
    """The tables hold the 298 K values of the literature times their Arrhenius factors."""
    found = solution.find(case("lithium_protrusion").electrolyte)

    def factor(energy: float) -> float:
        return math.exp(energy / 8.314 * (1.0 / 298.0 - 1.0 / 293.15))

    assert found.diffusivity(1200.0, 293.15) == pytest.approx(
        3.5e-10 / (1.0 - 1200.0 * 59e-6) * factor(16500.0), rel=2e-4
    )
    assert found.conductivity(1000.0, 293.15) == pytest.approx(0.95 * factor(4000.0), rel=2e-4)
    assert found.thermodynamic_factor(1600.0, 293.15) == pytest.approx(1.0 + 2.07 * factor(-1000.0), rel=2e-4)


def test_derived_numbers_of_a_concentrated_solution() -> None:
    found = case("lithium_protrusion")
    limit = 2.0 * FARADAY * 3.374e-10 * 1200.0 / ((1.0 - 0.248) * 50e-6)
    assert limiting_current(found) == pytest.approx(limit, rel=1e-9)
    assert conductivity(found) == pytest.approx(0.9026)


def test_a_separator_lets_less_through() -> None:
    pores = "separator={ porosity = 0.37 }"
    free, found = case("lithium_protrusion"), case("lithium_protrusion", pores)
    factor = 0.37**1.5
    (medium,) = physics(found).model.media.values()
    assert (medium.porosity, medium.factor) == (0.37, pytest.approx(factor))
    assert conductivity(found) == pytest.approx(factor * conductivity(free))
    assert limiting_current(found) == pytest.approx(factor * limiting_current(free))
    by_tortuosity = case("bare_ni", "separator={ porosity = 0.4, tortuosity = 2.0 }")
    assert limiting_current(by_tortuosity) == pytest.approx(0.2 * limiting_current(case("bare_ni")))


def test_a_named_solution_takes_the_place_of_properties() -> None:
    text = dump(case("lithium_protrusion", "assumptions={}"))
    head, rest = text.split("[electrolyte.properties]")
    tail = rest[rest.index("[metal]") :]
    found = loads(head + tail, ["electrolyte.solution=lipf6_ec_emc_landesfeind2019"])
    assert isinstance(found, Case)
    assert solution.find(found.electrolyte).name.endswith("(Landesfeind 2019)")


# --- boxes


def test_a_quarter_of_a_nucleus_in_the_corner() -> None:
    found = shell("nucleus_3d")
    quarter = math.tau / 3.0 * 0.4**3 / 4.0
    assert found.metal_volume() * 27.0 == pytest.approx(quarter, rel=0.05)
    deposit = found.surface == 0
    assert np.all(found.coverage[deposit] == 1.0)
    assert np.all(found.coverage[~deposit] == FRESH)
    assert found.points[:, 2].max() * 3.0 == pytest.approx(0.4)


@pytest.mark.parametrize(("arrangement", "count"), [("square", 9), ("hexagonal", 8)])
def test_islands_in_a_box(arrangement: str, count: int) -> None:
    size = ["geometry.width=240 nm", "geometry.depth=240 nm"]
    options = [*size, f"geometry.islands.arrangement={arrangement}"]
    geometry = case("islands_3d", *options).geometry
    places = np.array(geometry.island_places)
    assert geometry.island_count == len(places) == count
    gaps = np.linalg.norm(places[:, None] - places, axis=2) + np.eye(count)
    assert gaps.min() > 30e-9
    assert places.min() > 15e-9
    assert places.max() < 225e-9
    regular = np.array(case("islands_3d", *options, "geometry.islands.jitter=0").geometry.island_places)
    apart = np.linalg.norm(regular[:, None] - regular, axis=2) + np.eye(count)
    assert apart.min() == pytest.approx(80e-9, rel=1e-9)
    assert regular.mean(axis=0) == pytest.approx([120e-9, 120e-9], rel=0.02)


def test_islands_of_a_box_carry_a_seed_each() -> None:
    found = shell("islands_3d")
    assert set(found.patch.tolist()) == {-1, 0, 1, 2, 3}
    base = build(case("islands_3d")).bases
    assert base == pytest.approx(np.full(4, math.pi / 4.0 * 30e-9**2))
    cap = math.pi * 6.0 / 6.0 * (3.0 * 15.0**2 + 6.0**2)
    assert found.metal_volume() * 1e4**3 == pytest.approx(4.0 * cap, rel=0.1)


def test_metal_in_a_box_is_flat() -> None:
    text = dump(case("nucleus_3d", "assumptions={}"))
    start, end = text.index("[geometry.nucleus]"), text.index("[geometry.counter]")
    found = loads(text[:start] + text[end:], ["geometry.metal_thickness=1 um"])
    assert isinstance(found, Case)
    plate = electrodes.initial_front(found)
    assert plate.base == pytest.approx(-1.0 / 3.0)
    assert np.all(plate.points[:, 2] == 0.0)
    assert np.all(plate.surface == 0)


# --- meshes


def test_triangles_fill_the_electrolyte_between_two_electrodes() -> None:
    mesh = initial_mesh(case("na_symmetric_moving"))
    corners = mesh.points[mesh.cells]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = 0.5 * float(np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))
    line = front("na_symmetric_moving")
    metal = line.metal_area() + line.base * line.width  # above height 0
    assert area == pytest.approx(20.0 / 30.0 - metal, rel=1e-12)


def test_tetrahedra_fill_the_box() -> None:
    mesh = initial_mesh(case("nucleus_3d"))
    a, b, c = (mesh.points[mesh.cells[:, k]] - mesh.points[mesh.cells[:, 0]] for k in (1, 2, 3))
    volume = float(np.sum(np.einsum("ij,ij->i", np.cross(a, b), c))) / 6.0
    assert volume == pytest.approx(1.0 - shell("nucleus_3d").metal_volume(), rel=1e-12)


# --- settings


def test_numerical_settings_reach_the_cell() -> None:
    options = ["mesh.smoothing=elastic", "mesh.redistribute=true", "mesh.remesh_every=7", "time.order=1"]
    cell = build(case("bare_ni", *options))
    assert (cell.smoothing, cell.redistribute, cell.remesh_every, cell.steps.order) == ("elastic", True, 7, 1)
    plain = build(case("bare_ni"))
    assert (plain.smoothing, plain.redistribute, plain.remesh_every, plain.steps.order) == (
        "harmonic",
        False,
        None,
        2,
    )
