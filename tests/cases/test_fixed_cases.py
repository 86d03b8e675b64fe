"""Cases of fixed shape as they are run: all shapes and closures take steps; closed forms are met."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.errors import CaseError
from cases.fixed import build
from cases.fixed.schema import FixedCase
from cases.loader import from_tables, load
from solver.constants import FARADAY, GAS
from solver.experiment import Experiment, Reading

F_RT = FARADAY / (GAS * 298.15)
IONS = {
    "Na": {"charge": 1, "concentration": "1 mol/L", "diffusivity": "2e-10 m^2/s"},
    "X": {"charge": -1, "concentration": "1 mol/L", "diffusivity": "3e-10 m^2/s"},
}
REACTION = {"species": {"Na": 1.0}, "exchange_current_density": "1 mA/cm^2"}
STERN = {name: {"reactions": ["plating"], "capacitance": "10 uF/cm^2"} for name in ("working", "counter")}
ELECTRODES = {"working": {"reactions": ["plating"]}, "counter": {"reactions": ["plating"]}}


def start(case: object) -> Experiment:
    assert isinstance(case, FixedCase)
    cell = build.cell(case)
    return Experiment(cell.model, cell.mesh(MPI.COMM_WORLD), cell.stepping, cell.preset, cell.options)


def steps(case: object, count: int = 2) -> tuple[Experiment, list[Reading]]:
    """The first instant and `count` steps."""
    assert isinstance(case, FixedCase)
    experiment = start(case)
    return experiment, list(islice(experiment.readings(build.cell(case).program), count + 1))


def run(case: object) -> tuple[Experiment, list[Reading]]:
    assert isinstance(case, FixedCase)
    experiment, cell = start(case), build.cell(case)
    return experiment, experiment.run(cell.program, until=cell.stop_time)


def tables(geometry: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A symmetric cell at constant current in some shape."""
    return {
        "title": "a shape",
        "geometry": geometry,
        "electrolyte": {"species": IONS},
        "reactions": {"plating": REACTION},
        "interfaces": ELECTRODES,
        "control": {"current": "-0.5 mA/cm^2"},
        "stop": {"time": "10 s"},
        **sections,
    }


COARSE = {"size": "20 um", "electrode_size": "10 um"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["cyclic_voltammetry", "hull_cell", "li_concentrated", "na_symmetric", "sei_layer"]
)
def test_shipped_cases_take_steps(name: str) -> None:
    _, readings = steps(load(name))
    assert len(readings) == 3
    assert 0.0 == readings[0].time < readings[1].time < readings[2].time
    assert all(math.isfinite(r.voltage) and math.isfinite(r.current) for r in readings)


def test_the_flow_channel_takes_steps_on_a_coarse_mesh() -> None:
    coarse = ['mesh.size="2 mm"', 'mesh.electrode_size="0.5 mm"', 'mesh.along="10 mm"', "mesh.growth_rate=2"]
    experiment, readings = steps(load("flow_channel", coarse))
    assert readings[-1].current < 0.0
    assert experiment.model.flow is not None
    assert experiment.model.flow.inlets == ("inlet",)
    assert experiment.model.flow.outlets == ("outlet",)
    middle = experiment.model.flow.velocity[0]
    assert middle(x=0.0, y=0.005, z=0.0, t=0.0) == pytest.approx(1.5 * 0.01)


@pytest.mark.parametrize(
    "case",
    [
        tables({"shape": "rectangle", "gap": "100 um", "width": "50 um"}, mesh={**COARSE, "columns": 3}),
        tables(
            {"shape": "box", "gap": "100 um", "width": "40 um", "depth": "20 um"},
            mesh={**COARSE, "columns": 2, "rows": 1},
        ),
        tables(
            {"shape": "hull"},
            mesh={"size": "10 mm"},
            transport={"closure": "supporting", "conductivity": "1 S/m"},
            electrolyte={"species": {"Na": IONS["Na"]}},
        ),
        tables(
            {
                "shape": "polygon",
                "points": [["0 um", "0 um"], ["100 um", "0 um"], ["100 um", "100 um"], ["0 um", "100 um"]],
                "edges": ["working", "", "counter", ""],
                "inclusions": [
                    {"region": "gel", "centre": ["50 um", "60 um"], "radius": "20 um"},
                    {"points": [["20 um", "20 um"], ["40 um", "20 um"], ["30 um", "30 um"]]},
                ],
            },
            regions={"gel": {"kind": "liquid", "diffusivity": {"Na": "5e-11 m^2/s"}}},
            mesh={"size": "20 um"},
        ),
        tables(
            {
                "shape": "line",
                "layers": [
                    {"name": "foil", "thickness": "10 um"},
                    {"name": "electrolyte", "thickness": "50 um"},
                    {"name": "separator", "thickness": "50 um"},
                ],
            },
            regions={
                "foil": {"kind": "electronic_conductor", "conductivity": "1e6 S/m"},
                "separator": {"kind": "porous", "porosity": 0.4, "tortuosity": 3},
            },
            interfaces={
                "foil|electrolyte": {"reactions": ["plating"]},
                "counter": {"reactions": ["plating"]},
            },
        ),
        tables(
            {"shape": "line", "gap": "100 um"},
            transport={"degree": 2, "unknown": "logarithm"},
            interfaces={
                "working": {
                    "reactions": ["plating"],
                    "capacitance": "10 uF/cm^2",
                    "charging_species": "X",
                    "film": {"resistance": "10 ohm cm^2"},
                },
                "counter": {"reactions": ["plating"], "schottky": {"barrier": "0.4 eV"}},
            },
        ),
        tables(
            {"shape": "line", "gap": "50 nm"},
            transport={"closure": "poisson", "relative_permittivity": 40},
            interfaces=STERN,
        ),
        tables(
            {"shape": "line", "gap": "100 um"},
            electrolyte={
                "species": {
                    **IONS,
                    "NaX": {"charge": 0, "concentration": "0.1 mol/L", "diffusivity": "1e-10 m^2/s"},
                }
            },
            conversions={
                "pairing": {
                    "species": {"Na": -1.0, "X": -1.0, "NaX": 1.0},
                    "rate": "1e-3*(c_Na*c_X - 1e4*c_NaX)",
                }
            },
        ),
    ],
    ids=["rectangle", "box", "hull", "polygon", "layers", "logarithm", "poisson", "conversion"],
)
def test_every_shape_and_closure_takes_steps(case: dict[str, Any]) -> None:
    experiment, readings = steps(from_tables(case))
    assert len(readings) == 3
    assert readings[-1].current == pytest.approx(-5.0, rel=1e-6)
    assert readings[-1].voltage < 0.0
    assert all(abs(defect) < 1e-10 for defect in experiment.balance().values())


def test_a_mesh_of_gmsh(tmp_path: Path) -> None:
    gmsh = pytest.importorskip("gmsh")
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.add("cell")
    below = gmsh.model.occ.addRectangle(0.0, 0.0, 0.0, 50.0, 10.0)
    above = gmsh.model.occ.addRectangle(0.0, 10.0, 0.0, 50.0, 90.0)
    gmsh.model.occ.fragment([(2, below)], [(2, above)])
    gmsh.model.occ.synchronize()
    for name, low, high in (("working", 0.0, 0.0), ("counter", 100.0, 100.0)):
        curves = [c for _, c in gmsh.model.getEntitiesInBoundingBox(-1, low - 1, -1, 51, high + 1, 1, dim=1)]
        gmsh.model.addPhysicalGroup(1, curves, name=name)
    gmsh.model.addPhysicalGroup(2, [above], name="electrolyte")
    gmsh.model.addPhysicalGroup(2, [below], name="sei")
    gmsh.option.setNumber("Mesh.MeshSizeMax", 15.0)
    gmsh.model.mesh.generate(2)
    gmsh.write(str(tmp_path / "cell.msh"))
    gmsh.model.remove()
    case = tables(
        {"shape": "file", "file": str(tmp_path / "cell.msh"), "unit": "um"},
        regions={"sei": {"kind": "single_ion_conductor", "conductivity": "1 mS/cm"}},
        reactions={"plating": REACTION, "inner": {"exchange_current_density": "1 mA/cm^2"}},
        interfaces={
            "working": {"reactions": ["inner"], "outer": "sei"},
            "electrolyte|sei": {"reactions": ["plating"]},
            "counter": {"reactions": ["plating"], "outer": "liquid"},
        },
    )
    experiment, readings = steps(from_tables(case))
    assert readings[-1].current == pytest.approx(-5.0, rel=1e-6)
    assert experiment.problem.regions.measure("working") == pytest.approx(50e-6)
    elsewhere = {"counter": {"reactions": ["inner"], "outer": "sei"}}
    wrong = {**case, "interfaces": {**case["interfaces"], **elsewhere}}
    with pytest.raises(
        CaseError, match=r'interfaces.counter.outer = "sei": does not lie beside this boundary'
    ):
        start(from_tables(wrong))


def test_the_film_of_na_symmetric_adds_its_closed_form() -> None:
    """V = -(4 RT/F asinh(i/2 i0) + 2 R i + i L/kappa) at the first instant."""
    _, readings = steps(load("na_symmetric"), 0)
    i, i0, film = 5.0, 0.68, 1e-2
    kappa = load("na_symmetric").electrolyte.conductivity * 2
    expected = 4 / F_RT * math.asinh(i / (2 * i0)) + 2 * film * i + i * 1e-4 / kappa
    assert readings[0].voltage == pytest.approx(-expected, rel=1e-5)


def test_na_symmetric_gives_back_what_it_took() -> None:
    experiment, readings = run(load("na_symmetric", ["control.cycle.cycles=1", "time.tolerance=1e-3"]))
    assert readings[-1].time == 2 * (3600.0 + 300.0)
    assert min(r.charge for r in readings) == pytest.approx(-1.8e4)
    assert abs(readings[-1].charge) < 1e-6
    assert all(abs(defect) < 1e-8 for defect in experiment.balance().values())


def test_the_sei_as_a_layer_is_a_film() -> None:
    """Two interfaces in place of one: the inner reaction adds 2 RT/F asinh(i/2 i0)."""
    layer = steps(load("sei_layer"), 0)[1][0]
    film = tables(
        {"shape": "line", "gap": "100 um"},
        electrolyte=load("sei_layer").electrolyte.model_dump(exclude_none=True),
        reactions={"plating": REACTION},
        interfaces={
            "working": {
                "reactions": ["plating"],
                "film": {"thickness": "20 nm", "conductivity": "1e-8 S/cm"},
            },
            "counter": {"reactions": ["plating"]},
        },
    )
    single = steps(from_tables(film), 0)[1][0]
    inner = 2 / F_RT * math.asinh(5.0 / 20.0)
    assert layer.voltage == pytest.approx(single.voltage - inner, rel=1e-6)
    assert layer.voltage == pytest.approx(-(3 * inner + 5.0 * 0.02), rel=5e-3)


def test_cyclic_voltammetry_meets_randles_and_sevcik() -> None:
    """i_p = 0.4463 F c sqrt(F v D/RT) at 28.5 mV beyond the formal potential, without ohmic drop."""
    _, readings = run(load("cyclic_voltammetry", ['transport.conductivity="10 S/cm"']))
    peak = max(readings, key=lambda r: r.current)
    expected = 0.4463 * FARADAY * 1.0 * math.sqrt(F_RT * 0.1 * 2.4e-9)
    assert peak.current == pytest.approx(expected, rel=1e-3)
    assert peak.voltage == pytest.approx(0.0285, abs=2e-3)


def test_the_hull_cell_shows_a_range_of_current_densities() -> None:
    """Current densities fall along the plate, from the near end to the far one."""
    experiment, _ = steps(load("hull_cell"), 1)
    problem = experiment.problem
    dofs = problem.regions.dofs(problem.spaces["liquid"], "working")
    x = problem.regions.unit * problem.spaces["liquid"].tabulate_dof_coordinates()[dofs, 0]
    drive = experiment.voltage - problem.field("potential")[dofs]
    order = np.argsort(x)
    assert np.all(np.diff(drive[order]) > 0.0)
    assert experiment.problem.currents()["working"] == pytest.approx(
        -200.0 * math.hypot(0.127 - 0.0476, 0.0635), rel=1e-9
    )


@pytest.mark.parametrize("name", ["sei_layer", "hull_cell", "flow_channel"])
def test_meshes_are_written(name: str, tmp_path: Path) -> None:
    import meshio

    case = load(name)
    assert isinstance(case, FixedCase)
    target = tmp_path / "mesh.vtu"
    line = build.write_mesh(case, target)
    mesh = meshio.read(target)
    assert f"{len(mesh.points)} nodes" in line
    tags = mesh.cell_data["region"][0]
    assert set(tags) == set(range(1, len(case.geometry.regions()) + 1))


def test_poisson_resolves_the_debye_length() -> None:
    case = from_tables(
        tables(
            {"shape": "line", "gap": "10 um"},
            transport={"closure": "poisson", "relative_permittivity": 40},
            interfaces=STERN,
        )
    )
    assert isinstance(case, FixedCase)
    mesh = build.meshing.regions(case, MPI.COMM_WORLD)
    x = np.sort(mesh.mesh.geometry.x[:, 0]) * mesh.unit
    debye = math.sqrt(8.8541878128e-12 * 40 * GAS * 298.15 / 2000.0) / FARADAY
    assert x[1] <= debye / 5 * 1.01
