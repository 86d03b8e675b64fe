"""The engine on a fixed mesh gives the same voltages, currents and amounts on 1, 2 and 3 ranks.

Run as a program, this file writes what it computes as JSON from rank 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from meshes.builders import Inclusion, Layer, box, interval, polygon
from meshes.regions import Regions
from solver.closures import Electroneutral
from solver.contact import Schottky
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import Barrier, Conductor, Film, Interface, Medium, Model
from solver.program import pulse
from solver.reaction import ButlerVolmer, Reaction
from tests.running import REPOSITORY, environment

UM = 1e-6
SAME = 1e-8
"""Largest relative difference between numbers of ranks."""
LAYERS = [Layer("metal", 20 * UM, cells=3), Layer("electrolyte", 80 * UM, cells=12, size_start=3 * UM)]
TIGHT = {"snes_rtol": 1e-13, "snes_atol": 1e-13, "snes_stol": 1e-15}
SPECIES = (
    Species("Zn2+", 2, 0.7e-9, 200.0),
    Species("X-", -1, 2.0e-9, 1000.0),
    Species("Na+", 1, 1.3e-9, 600.0),
)
ZINC = Reaction("zinc", 2, {"Zn2+": 1.0}, ButlerVolmer(Constant(30.0)), 0.0, {"Zn2+": 200.0})
WHAT = ("time", "step", "voltage", "current", "charge")


def layered() -> Model:
    """A metal of poor conductivity, whose surface with film and double layer is the working electrode."""
    return Model(
        Electroneutral(SPECIES, "Na+"),
        298.15,
        {"electrolyte": Medium(0.8, 0.7)},
        (
            Interface("metal|electrolyte", "metal", (ZINC,), "liquid", Film(2e-4), 0.3, "Zn2+"),
            Interface("counter", "counter", (ZINC,), capacitance=0.5, charging_species="Zn2+"),
        ),
        conductors=(Conductor("metal", 0.5, "working", "working"),),
    )


def bipolar() -> Model:
    """A bipolar electrode: an island of metal that floats in the liquid; film and junction elsewhere."""
    junction = Schottky(barrier=0.5, richardson=1.2e6, ideality=1.2, temperature=298.15)
    return Model(
        Electroneutral(SPECIES, "X-"),
        298.15,
        {"electrolyte": Medium()},
        (
            Interface("working", "working", (ZINC,), "liquid", Barrier(junction, 1e-4), 0.2, "Zn2+"),
            Interface("counter", "counter", (ZINC,), series=Film(1e-4)),
            Interface("rim", "island", (ZINC,), "liquid", Film(3e-4), 0.4, "Zn2+"),
        ),
        conductors=(Conductor("island", 2.0),),
        degree=2,
    )


def line(comm: MPI.Comm) -> Regions:
    return interval(comm, LAYERS)


def plate(comm: MPI.Comm) -> Regions:
    corners = [(0.0, 0.0), (60 * UM, 0.0), (100 * UM, 30 * UM), (100 * UM, 100 * UM), (0.0, 80 * UM)]
    island = [(30 * UM, 30 * UM), (70 * UM, 40 * UM), (50 * UM, 60 * UM)]
    return polygon(
        comm, corners, ["working", None, None, "counter", None], 20 * UM,
        inclusions=[Inclusion("island", island, boundary="rim")],
    )  # fmt: skip


def block(comm: MPI.Comm) -> Regions:
    return box(comm, 40 * UM, 30 * UM, LAYERS, columns=3, rows=2)


CASES: dict[str, tuple[Callable[[MPI.Comm], Regions], Callable[[], Model]]] = {
    "1D": (line, layered),
    "2D": (plate, bipolar),
    "3D": (block, layered),
}


def compute(name: str) -> dict[str, Any]:
    """A galvanostatic program with steps by error control; all ranks return the same."""
    comm = MPI.COMM_WORLD
    mesh, model = CASES[name]
    experiment = Experiment(model(), mesh(comm), Stepping(0.02, tolerance=3e-3), options=TIGHT)
    program = pulse(-150.0, 0.4, 0.2, 1, reverse_current=60.0, reverse=0.2)
    readings = experiment.run(program)
    problem = experiment.problem
    fields = {}
    for field in ("Zn2+", "X-", "Na+", "potential"):
        values = problem.field(field)[problem._wet]
        low, high = (values.min(), -values.max()) if values.size else (np.inf, np.inf)
        fields[field] = comm.allreduce(float(low), MPI.MIN), -comm.allreduce(float(high), MPI.MIN)
    return {
        "ranks": comm.size,
        "series": {
            **{what: [float(getattr(r, what)) for r in readings] for what in WHAT},
            **{key: [r.currents[key] for r in readings] for key in readings[0].currents},
        },
        "iterations": [r.iterations for r in readings],
        "orders": [r.order for r in readings],
        "amounts": problem.amounts(problem.stored()),
        "balance": experiment.balance(),
        "fields": fields,
    }


def main(out: Path) -> None:
    found = {name: compute(name) for name in CASES}
    if MPI.COMM_WORLD.rank == 0:
        out.write_text(json.dumps(found), encoding="utf-8")


def measured(out: Path, ranks: int) -> dict[str, Any]:
    """Run this file on `ranks` ranks."""
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*start, sys.executable, "-m", "mpi4py", "-m", "tests.parallel.test_engine_ranks", str(out)],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600.0,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return measured(tmp_path_factory.mktemp("engine") / "1.json", 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_one_rank_does_something(alone: dict[str, Any], name: str) -> None:
    found = alone[name]
    series = found["series"]
    assert len(series["time"]) > 30
    assert 2 in found["orders"]
    assert np.ptp(series["voltage"]) > 0.02
    assert found["fields"]["Zn2+"][1] - found["fields"]["Zn2+"][0] > 1.0
    assert max(abs(v) for v in found["balance"].values()) < 1e-10
    if name == "2D":
        # Current enters the island on one side and leaves on the other: its net current only charges it.
        assert max(np.abs(series["rim"])) < 0.2 * max(np.abs(series["working"]))


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 3])
def test_numbers_do_not_depend_on_the_number_of_ranks(
    alone: dict[str, Any], tmp_path: Path, ranks: int
) -> None:
    together = measured(tmp_path / "n.json", ranks)
    for name, one in alone.items():
        many = together[name]
        assert many["ranks"] == ranks
        assert many["orders"] == one["orders"]
        for key, values in one["series"].items():
            scale = np.max(np.abs(values))
            assert np.allclose(many["series"][key], values, rtol=0.0, atol=SAME * scale), (name, key)
        for key, value in one["amounts"].items():
            assert many["amounts"][key] == pytest.approx(value, rel=SAME), (name, key)
        for key, values in one["fields"].items():
            assert many["fields"][key] == pytest.approx(values, rel=SAME), (name, key)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
