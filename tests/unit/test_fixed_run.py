"""Run folders of cells of fixed shape: what is written, that it closes, and how runs end."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from meshes import builders
from meshes.builders import Layer, Strip
from meshes.regions import Regions
from postprocess.run import Run
from solver import program
from solver.closures import Electroneutral
from solver.constants import FARADAY
from solver.electrolyte import Species
from solver.experiment import Stepping
from solver.fixed_cell import FixedCell
from solver.fixed_run import MOST_SEGMENTS, FixedRun, kind, run_fixed
from solver.model import Conductor, Interface, Medium, Model
from solver.reaction import ButlerVolmer, Reaction
from solver.writer import RunFolder

COMM = MPI.COMM_WORLD
GAP, D, C0 = 100e-6, 1.8e-10, 1000.0
LIMIT = 4 * FARADAY * D * C0 / GAP
VOLUME = 2.368e-5 / FARADAY
SALT = Electroneutral((Species("Na", 1, D, C0), Species("X", -1, 2.5e-10, C0)), "X")
PLATING = Reaction("plating", 1, {"Na": 1.0}, ButlerVolmer(lambda c, _: 10.0), reference={"Na": C0})
SECOND = replace(PLATING, name="side", kinetics=ButlerVolmer(lambda c, _: 2.5))


def symmetric(**changes: object) -> Model:
    electrodes = tuple(Interface(name, name, (PLATING,)) for name in ("working", "counter"))
    return replace(Model(SALT, 298.15, {"electrolyte": Medium()}, electrodes), **changes)


def line(comm: MPI.Comm) -> Regions:
    return builders.interval(comm, [Layer("electrolyte", GAP, cells=20)])


def strip(comm: MPI.Comm) -> Regions:
    electrodes = [Strip("working", 3e-5, 7e-5), Strip("counter", 0.0, GAP, "top")]
    return builders.channel(comm, GAP, GAP, electrodes, along=1e-5, across=1e-5, inlet=None, outlet=None)


def block(comm: MPI.Comm) -> Regions:
    return builders.box(comm, 20e-6, 30e-6, [Layer("electrolyte", GAP, cells=4)], columns=2, rows=3)


CELL = FixedCell(
    "A cell",
    line,
    symmetric(),
    program.cycle(0.5 * LIMIT, 1, time=20.0, rest=5.0),
    Stepping(0.05, tolerance=1e-3),
    frames=5,
    metal_volume_per_charge=VOLUME,
)


def run(cell: FixedCell, path: Path, max_steps: int | None = None) -> tuple[int, Mapping[str, object]]:
    code = run_fixed(cell, RunFolder(path, COMM), COMM, None, max_steps)
    return code, json.loads((path / "summary.json").read_text())


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(row for row in file if not row.startswith("#")))


@pytest.fixture(scope="module")
def cycled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "cycled"
    assert run(CELL, path)[0] == 0
    return path


def test_rows_hold_what_an_instrument_reads_and_close(cycled: Path) -> None:
    read = Run.read(cycled)
    time, order = read.metric("time_s"), read.metric("order")
    assert np.all(np.diff(time)[order[1:] > 0] > 0)
    assert np.count_nonzero(order == 0) == 4
    assert read.metric("step_s")[order == 0] == pytest.approx(0.0)
    plating = read.metric("segment") == 1
    assert read.metric("current_A_m2")[plating] == pytest.approx(-0.5 * LIMIT)
    assert read.metric("current_working/plating_A_m2")[plating] == pytest.approx(-0.5 * LIMIT)
    assert read.metric("current_counter_A_m2")[plating] == pytest.approx(0.5 * LIMIT)
    most = read.metric("charge_C_m2").max()
    assert most == pytest.approx(0.5 * LIMIT * 20.0)
    assert read.metric("capacity_mAh_cm2").max() == pytest.approx(most / 3.6e4)
    assert read.metric("thickness_mean_um").max() == pytest.approx(most * VOLUME * 1e6)
    # Steady state of a binary cell: c = c0 (1 +- i/i_lim) at the electrodes; it is a few per cent away.
    assert read.metric("c_Na_min_mol_m3").min() == pytest.approx(500.0, rel=0.03)
    assert read.metric("c_X_min_mol_m3") == pytest.approx(read.metric("c_Na_min_mol_m3"))
    assert np.nanmax(read.metric("mass_error")) < 1e-11
    assert np.nanmax(read.metric("current_error")) < 1e-9


def test_segments_have_their_results(cycled: Path) -> None:
    rows = table(cycled / "segments.csv")
    assert [row["name"] for row in rows] == [
        "plate 1/1", "rest after plate 1/1", "strip 1/1", "rest after strip 1/1",
    ]  # fmt: skip
    assert [row["kind"] for row in rows] == ["current", "rest", "current", "rest"]
    assert [float(row["end_s"]) for row in rows] == pytest.approx([20.0, 25.0, 45.0, 50.0])
    half = 0.5 * LIMIT * 20.0
    assert [float(row["charge_C_m2"]) for row in rows] == pytest.approx([half, 0.0, -half, 0.0], abs=1e-6)
    assert {row["ended_by"] for row in rows} == {"time"}
    assert float(rows[0]["end_voltage_V"]) < float(rows[0]["start_voltage_V"]) < 0.0


def test_summary_is_stable_and_agrees_with_the_rows(cycled: Path) -> None:
    summary = json.loads((cycled / "summary.json").read_text())
    rows = table(cycled / "metrics.csv")
    assert summary["title"] == "A cell"
    assert (summary["kind"], summary["stop_reason"], summary["exit_code"]) == ("fixed", "program done", 0)
    assert "verdict" not in summary
    assert summary["steps"] == sum(row["order"] != "0" for row in rows)
    assert summary["time_s"] == pytest.approx(50.0)
    assert summary["voltage_V"] == pytest.approx(float(rows[-1]["voltage_V"]))
    assert [s["name"] for s in summary["segments"]] == [row["name"] for row in table(cycled / "segments.csv")]
    assert summary["mass_error_max"] == pytest.approx(max(float(row["mass_error"]) for row in rows))
    assert summary["cells"] == 20
    assert summary["unknowns"] == 43


def test_frames_land_on_output_times_and_on_ends_of_segments(cycled: Path) -> None:
    read = Run.read(cycled)
    assert read.field_times_s == pytest.approx([0, 10, 20, 25, 30, 40, 45, 50])
    lowest = read.metric("c_Na_min_mol_m3")[read.metric("segment") == 1][-1]
    assert read.grid(2).values["c_Na_mol_m3"].min() == pytest.approx(lowest)
    assert not (cycled / "electrodes").exists()
    assert not (cycled / "front").exists()


@pytest.mark.parametrize(("mesh", "degree"), [(strip, 1), (strip, 2), (block, 1), (block, 2)])
def test_fields_and_electrodes_are_those_of_the_solver(tmp_path: Path, mesh: object, degree: int) -> None:
    electrodes = (
        Interface("working", "working", (PLATING, SECOND)),
        Interface("counter", "counter", (PLATING,)),
    )
    model = symmetric(degree=degree, interfaces=electrodes)
    cell = replace(CELL, mesh=mesh, model=model, program=program.hold(-0.05, time=1.0), frames=1)
    going = FixedRun(cell, RunFolder(tmp_path / "run", COMM), COMM, None)
    assert going.march() == 0
    read, problem = Run.read(tmp_path / "run"), going.experiment.problem
    grid, regions = read.grid(-1), problem.regions
    assert grid.dimension == regions.dim
    assert len(grid.points_um) == problem.field("Na").size
    places = problem.spaces["liquid"].tabulate_dof_coordinates() * regions.unit * 1e6
    mine, theirs = (np.lexsort(np.rint(x * 1e6).T) for x in (places, grid.points_um))
    assert grid.points_um[theirs] == pytest.approx(places[mine], abs=1e-9)
    for name, field in (("c_Na_mol_m3", "Na"), ("c_X_mol_m3", "X"), ("potential_V", "potential")):
        assert grid.values[name][theirs] == pytest.approx(problem.field(field)[mine])
    corner = grid.points_um[grid.cells][:, :, : regions.dim]
    volume = np.linalg.det(corner[:, 1:] - corner[:, :1]) / (2.0 if regions.dim == 2 else 6.0)
    assert np.all(volume > 0.0)
    assert volume.sum() == pytest.approx(regions.measure("electrolyte") * 1e6**regions.dim)

    for name in ("working", "counter"):
        rows = table(sorted((tmp_path / "run" / "electrodes").glob(f"{name}_*.csv"))[-1])
        column = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
        size = column["size_um" if regions.dim == 2 else "size_um2"]
        assert size.sum() == pytest.approx(regions.measure(name) * 1e6 ** (regions.dim - 1))
        density = (size * column["current_A_m2"]).sum() / size.sum()
        assert density == pytest.approx(read.metric(f"current_{name}_A_m2")[-1])
        if name == "working":
            both = column["current_plating_A_m2"] + column["current_side_A_m2"]
            assert both == pytest.approx(column["current_A_m2"])
            assert column["current_side_A_m2"] == pytest.approx(0.25 * column["current_plating_A_m2"])
            # On a facet eta and c hardly vary: the law itself gives the density.
            f = FARADAY / (8.314462618 * 298.15)
            eta = -0.05 - column["potential_V"]
            law = 12.5 * (np.exp(0.5 * f * eta) - column["c_Na_mol_m3"] / C0 * np.exp(-0.5 * f * eta))
            assert column["current_A_m2"] == pytest.approx(law, rel=0.02)


def test_conductors_have_potentials_where_they_are(tmp_path: Path) -> None:
    def layers(comm: MPI.Comm) -> Regions:
        stack = [
            Layer("metal", 20e-6, cells=4),
            Layer("electrolyte", 80e-6, cells=8),
            Layer("glass", 1e-5, cells=2),
        ]
        return builders.rectangle(comm, 40e-6, stack, columns=4, bottom="collector", right=None, top=None)

    metal = Conductor("metal", 1e-2, "working", "collector")
    model = symmetric(
        interfaces=(Interface("metal|electrolyte", "metal", (PLATING,)),),
        conductors=(metal,),
    )
    cell = replace(CELL, mesh=layers, model=model, program=program.rest(1.0), frames=0)
    code, summary = run(cell, tmp_path / "run")
    assert code == 0
    grid = Run.read(tmp_path / "run").grid(-1)
    y = grid.points_um[:, 1]
    names = {number: name for name, number in summary["regions"].items()}
    heights = grid.points_um[grid.cells, 1].mean(axis=1)
    assert {names[r] for r in grid.region[heights < 20.0]} == {"metal"}
    assert {names[r] for r in grid.region[heights > 100.0]} == {"glass"}
    assert np.isnan(grid.values["c_Na_mol_m3"]) == pytest.approx((y < 19.9) | (y > 100.1))
    assert np.isnan(grid.values["potential_metal_V"]) == pytest.approx(y > 20.1)
    assert len(grid.where("c_Na_mol_m3")) == 2 * 4 * 8
    assert len(table(sorted((tmp_path / "run" / "electrodes").glob("metal_electrolyte_*.csv"))[-1])) == 4


def test_above_the_limiting_current_the_run_ends_with_what_it_has(tmp_path: Path) -> None:
    cell = replace(CELL, program=program.constant_current(-2.0 * LIMIT, time=100.0))
    code, summary = run(cell, tmp_path / "run")
    assert code == summary["exit_code"] == 3
    assert "Na is used up" in str(summary["stop_reason"])
    read = Run.read(tmp_path / "run")
    assert read.metric("time_s")[-1] == pytest.approx(summary["time_s"])
    assert read.field_times_s[-1] == pytest.approx(summary["time_s"])
    # The last frame is the last accepted step, not the trial that failed.
    assert read.grid(-1).values["c_Na_mol_m3"].min() == pytest.approx(read.metric("c_Na_min_mol_m3")[-1])
    assert table(tmp_path / "run" / "segments.csv")[0]["ended_by"] == ""


def test_a_limit_ends_a_segment_and_says_so(tmp_path: Path) -> None:
    ends = program.constant_current(-2.0 * LIMIT, limits=program.symmetric(0.8))
    code, summary = run(replace(CELL, program=ends, frames=3), tmp_path / "run")
    assert (code, summary["stop_reason"]) == (0, "program done")
    assert table(tmp_path / "run" / "segments.csv")[0]["ended_by"] == "voltage below -0.8 V"
    assert summary["voltage_V"] == pytest.approx(-0.8, abs=1e-6)
    times = Run.read(tmp_path / "run").field_times_s
    assert len(times) > 3  # doubling times, as nothing says when the run ends
    assert times[-1] == pytest.approx(summary["time_s"])


def test_the_stop_time_ends_an_endless_program(tmp_path: Path) -> None:
    code, summary = run(replace(CELL, program=program.hold(-0.01), stop_time=2.0, frames=2), tmp_path / "run")
    assert (code, summary["stop_reason"], summary["time_s"]) == (0, "time", 2.0)
    assert Run.read(tmp_path / "run").field_times_s == pytest.approx([0.0, 1.0, 2.0])
    between = program.sequence(program.rest(2.0), program.hold(-0.01, 5.0))
    code, summary = run(replace(CELL, program=between, stop_time=2.0), tmp_path / "between")
    assert (summary["stop_reason"], summary["segments_begun"], len(summary["segments"])) == ("time", 1, 1)


def test_steps_can_be_limited(tmp_path: Path) -> None:
    code, summary = run(CELL, tmp_path / "run", max_steps=3)
    assert (code, summary["steps"], summary["stop_reason"]) == (0, 3, "3 steps done")
    assert Run.read(tmp_path / "run").field_times_s[-1] == pytest.approx(summary["time_s"])


def test_an_interruption_finishes_the_step_and_writes_all(tmp_path: Path) -> None:
    class Impatient:
        def update(self, fraction: float, row: Mapping[str, float]) -> None:
            assert 0.0 <= fraction <= 1.0
            if row["time_s"] > 1.0:
                os.kill(os.getpid(), signal.SIGTERM)

        def message(self, text: str) -> None:
            raise AssertionError(text)

    before = signal.getsignal(signal.SIGTERM)
    assert run_fixed(CELL, RunFolder(tmp_path, COMM), COMM, Impatient()) == 130
    assert signal.getsignal(signal.SIGTERM) is before
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["stop_reason"], summary["exit_code"]) == ("interrupted", 130)
    read = Run.read(tmp_path)
    assert np.count_nonzero(read.metric("time_s") > 1.0) == 1
    assert read.field_times_s[-1] == pytest.approx(summary["time_s"])


def test_many_pulses_neither_fill_the_summary_nor_the_disk(tmp_path: Path) -> None:
    count = MOST_SEGMENTS // 2 + 10
    train = program.pulse(-0.1 * LIMIT, 1e-3, 1e-3, count)
    cell = replace(CELL, program=train, stepping=Stepping(1e-3, tolerance=1.0), frames=4)
    code, summary = run(cell, tmp_path / "run")
    rows = table(tmp_path / "run" / "segments.csv")
    assert code == 0
    assert len(rows) == summary["segments_begun"] == 2 * count
    kept = [s["segment"] for s in summary["segments"]]
    half = MOST_SEGMENTS // 2
    assert kept == [*range(1, half + 1), *range(2 * count - half + 1, 2 * count + 1)]
    assert len(Run.read(tmp_path / "run").field_times_s) <= 1 + 2 * 4 + 1


def test_a_double_layer_carries_current_that_deposits_nothing(tmp_path: Path) -> None:
    electrodes = (
        Interface("working", "working", (PLATING,), capacitance=10.0, charging_species="Na"),
        Interface("counter", "counter", (PLATING,)),
    )
    cell = replace(
        CELL, model=symmetric(interfaces=electrodes), program=program.constant_current(-10.0, time=0.02)
    )
    code, summary = run(replace(cell, stepping=Stepping(1e-3, tolerance=1e-3)), tmp_path / "run")
    read = Run.read(tmp_path / "run")
    assert code == 0
    assert summary["current_error"] is None
    assert read.metric("charge_C_m2")[-1] == pytest.approx(0.2)
    # Charge transfer RT/(F i0) beside a capacitance C passes 1 - (1 - e^-x)/x of it, x = t F i0/(RT C).
    x = 0.02 * FARADAY * 10.0 / (8.314462618 * 298.15 * 10.0)
    part = 1.0 - (1.0 - np.exp(-x)) / x
    assert read.metric("thickness_mean_um")[-1] == pytest.approx(part * 0.2 * VOLUME * 1e6, rel=0.02)
    assert summary["mass_error_max"] < 1e-12


def test_segments_are_told_apart() -> None:
    kinds = [
        (program.ramp(0.0, 1.0, 0.1), "sweep"),
        (program.hold(0.1, 1.0), "potential"),
        (program.hold(0.1, 1.0, resistance=1e-3), "load"),
        (program.constant_current(1.0, 1.0), "current"),
        (program.rest(1.0), "rest"),
    ]
    assert [kind(next(iter(made))) for made, _ in kinds] == [expected for _, expected in kinds]
