"""Pictures and comparisons of runs of fixed shape, from run folders written by formulas, without a solver."""

from __future__ import annotations

import base64
import json
import shutil
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from postprocess import fixed_history, fixed_pictures, style
from postprocess.compare import compare
from postprocess.fixed import electrodes, stages
from postprocess.fixed_compare import draw_comparison, table
from postprocess.grids import read_grid
from postprocess.pictures import plot
from postprocess.run import Run, RunError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TIMES = (0.0, 5.0, 10.0)
KINDS = {1: 3, 2: 5, 3: 10}


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save time: pictures of a tenth of the pixels."""
    monkeypatch.setitem(style.RC, "savefig.dpi", 90.0)


def mesh(dimension: int) -> tuple[Floats, Ints, Ints]:
    """Points (um), cells and regions: a layer of metal up to 20 um, electrolyte up to 100 um."""
    last = np.array([0.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0])
    sides = [np.array([0.0, 30.0])] * (dimension - 1)
    points = np.stack([x.ravel() for x in np.meshgrid(*sides, last, indexing="ij")], axis=1)
    from scipy.spatial import Delaunay

    if dimension == 1:
        cells = np.column_stack([np.arange(6), np.arange(1, 7)])
    else:
        blocks = [(points[:, -1] >= a) & (points[:, -1] <= b) for a, b in pairwise(last)]
        cells = np.concatenate(
            [np.flatnonzero(m)[Delaunay(points[m], qhull_options="QJ").simplices] for m in blocks]
        )
    region = np.where(points[cells, -1].mean(axis=1) < 20.0, 2, 1)
    full = np.zeros((len(points), 3))
    full[:, :dimension] = points
    return full, cells.astype(np.int64), region


def array(name: str, values: npt.NDArray[np.generic], width: int = 1) -> str:
    kinds = {"f8": "Float64", "i8": "Int64", "u1": "UInt8"}
    data = np.ascontiguousarray(values).tobytes()
    text = base64.b64encode(struct.pack("<Q", len(data)) + data).decode()
    head = f'type="{kinds[values.dtype.str[1:]]}" Name="{name}" NumberOfComponents="{width}" format="binary"'
    return f"<DataArray {head}>{text}</DataArray>"


def write_vtu(
    path: Path, points: Floats, cells: Ints, region: Ints, values: dict[str, Floats], kind: int
) -> None:
    offsets = cells.shape[1] * np.arange(1, len(cells) + 1)
    parts = [
        '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        f'<UnstructuredGrid><Piece NumberOfPoints="{len(points)}" NumberOfCells="{len(cells)}"><PointData>',
        *(array(name, v) for name, v in values.items()),
        "</PointData><CellData>", array("region", region.astype(np.int64)), "</CellData>",
        "<Points>", array("Points", points, 3), "</Points><Cells>",
        array("connectivity", cells.ravel()), array("offsets", offsets),
        array("types", np.full(len(cells), kind, dtype=np.uint8)),
        "</Cells></Piece></UnstructuredGrid></VTKFile>",
    ]  # fmt: skip
    path.write_text("\n".join(parts) + "\n")


def write_run(folder: Path, dimension: int, kind: str = "sweep", dissolved: bool = True) -> Path:
    """Two segments of 5 s; c = 1000 + 5 t (y - 60), X its half, and a potential in the metal."""
    (folder / "fields").mkdir(parents=True)
    points, cells, region = mesh(dimension)
    height = points[:, dimension - 1]
    entries = []
    for k, time in enumerate(TIMES):
        c = np.where(height >= 20.0, 1000.0 + time * (height - 60.0), np.nan)
        values = {"c_Na_mol_m3": c, "c_X_mol_m3": 0.5 * c} if dissolved else {}
        values |= {"potential_V": np.where(height >= 20.0, 1e-3 * height, np.nan)}
        values |= {"potential_metal_V": np.where(height <= 20.0, -0.1 + 1e-4 * height, np.nan)}
        write_vtu(folder / "fields" / f"f{k}.vtu", points, cells, region, values, KINDS[dimension])
        entries.append(f'<DataSet timestep="{time}" part="0" file="fields/f{k}.vtu"/>')
        if dimension > 1:
            write_electrode(folder, dimension, k, time)
    body = "\n".join(entries)
    (folder / "fields.pvd").write_text(
        f'<VTKFile type="Collection"><Collection>\n{body}\n</Collection></VTKFile>\n'
    )
    rows = ["time_s,segment,voltage_V,current_A_m2,capacity_mAh_cm2,thickness_mean_um"]
    for number in (1, 2):
        for t in np.linspace(0.0, 5.0, 11):
            time = 5.0 * (number - 1) + t
            volts = 0.1 * t if number == 1 else 0.5 - 0.1 * t
            rows.append(f"{time},{number},{volts},{10.0 * np.tanh(4 * volts)},{-1e-3 * time},{-0.01 * time}")
    (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
    names = ["sweep to 0.5 V, cycle 1/1", "sweep to 0 V, cycle 1/1"]
    lines = ["segment,name,kind", *(f'{n},"{name}",{kind}' for n, name in enumerate(names, start=1))]
    (folder / "segments.csv").write_text("\n".join(lines) + "\n")
    summary = {"title": "A cell", "kind": "fixed", "stop_reason": "program done", "time_s": 10.0, "steps": 20}
    (folder / "summary.json").write_text(json.dumps({**summary, "mass_error_max": None}))
    return folder


def write_electrode(folder: Path, dimension: int, k: int, time: float) -> None:
    (folder / "electrodes").mkdir(exist_ok=True)
    head = [f"# time_s={time} charge_C_m2=0", "# boundary: metal|electrolyte"]
    if dimension == 2:
        ends = np.array([[0.0, 10.0], [10.0, 20.0], [25.0, 30.0]])  # a gap from 20 to 25 um
        rows = ["x_um,y_um,size_um,current_A_m2,x1_um,y1_um,x2_um,y2_um"]
        rows += [f"{0.5 * (a + b)},20,{b - a},{-10 - a},{a},20,{b},20" for a, b in ends]
    else:
        corners = [((0, 0), (30, 0), (30, 30)), ((0, 0), (30, 30), (0, 30))]
        names = [f"{axis}{n}_um" for n in (1, 2, 3) for axis in "xyz"]
        rows = [",".join(["x_um,y_um,z_um,size_um2,current_A_m2", *names])]
        for n, facet in enumerate(corners):
            x, y = np.mean(facet, axis=0)
            rows.append(",".join(map(str, [x, y, 20, 450, -10 - n, *(v for p in facet for v in (*p, 20))])))
    (folder / "electrodes" / f"metal_electrolyte_{k:06d}.csv").write_text("\n".join([*head, *rows]) + "\n")


def test_every_dimension_has_its_pictures(tmp_path: Path) -> None:
    expected = {
        1: ["history", "voltammogram", "profiles"],
        2: ["history", "voltammogram", "fields", "current"],
        3: ["history", "voltammogram", "fields", "current"],
    }
    for dimension, names in expected.items():
        run = write_run(tmp_path / f"run{dimension}", dimension)
        assert Run.read(run).fixed
        files = plot(run)
        assert [file.stem for file in files[::2]] == names
        assert all(file.stat().st_size > 3000 for file in files)
        (run / "segments.csv").unlink()
        assert "voltammogram" not in {file.stem for file in plot(run)}


def test_profiles_show_fields_only_where_they_are(tmp_path: Path) -> None:
    run = Run.read(write_run(tmp_path / "run", 1))
    with style.publication():
        panels = fixed_pictures.profiles(run).axes
    concentration, potential, metal = panels[:3]  # X is proportional to Na: no panel of its own
    assert [len(ax.lines) for ax in (concentration, potential, metal)] == [3, 3, 3]
    last = concentration.lines[-1]
    assert last.get_xdata() == pytest.approx([20, 40, 60, 80, 100])
    assert last.get_ydata() == pytest.approx([600, 800, 1000, 1200, 1400])
    assert metal.lines[0].get_xdata() == pytest.approx([0, 10, 20])
    assert "metal" in metal.get_ylabel()


def test_a_thin_layer_has_an_axis_of_its_own(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 1)
    points = np.array([0.0, 0.01, 0.02, 50.0, 100.0])
    cells = np.column_stack([np.arange(4), np.arange(1, 5)])
    values = {
        "potential_sei_V": np.array([0.0, 0.1, 0.2, np.nan, np.nan]),
        "potential_V": np.r_[np.nan, np.nan, 0, 0, 0],
    }
    full = np.column_stack([points, 0 * points, 0 * points])
    for k in range(3):
        write_vtu(run / "fields" / f"f{k}.vtu", full, cells, np.ones(4), values, 3)
    with style.publication():
        sei, liquid = fixed_pictures.profiles(Run.read(run)).axes[:2]
    assert sei.get_xlabel() == "x (nm)"
    assert sei.get_xlim() == pytest.approx((0.0, 20.0))
    assert liquid.get_xlabel() == "x (µm)"
    assert liquid.get_xlim() == pytest.approx((0.0, 100.0))


def test_fields_are_drawn_on_the_cells_of_their_region(tmp_path: Path) -> None:
    run = Run.read(write_run(tmp_path / "run", 2))
    with style.publication():
        axes = fixed_pictures.fields(run).axes
    rows = ["c(Na) (mol/m³)", "φ (V)", "φ of metal (V)"]
    assert [ax.get_ylabel() for ax in axes if ax.get_ylabel() in rows] == rows
    grid = run.grid(-1)
    assert len(grid.where("c_Na_mol_m3")) == 8
    assert len(grid.where("potential_metal_V")) == 4
    assert set(grid.region[np.isnan(grid.values["c_Na_mol_m3"])[grid.cells].any(axis=1)]) == {2}


def test_a_cut_is_the_plane_with_linear_fields_on_it(tmp_path: Path) -> None:
    grid = Run.read(write_run(tmp_path / "run", 3)).grid(-1)
    for axis, at, area in ((1, 15.0, 3000.0), (0, 7.0, 3000.0), (2, 50.0, 900.0), (2, 20.0, 900.0)):
        plane = grid.cut(axis, at)
        assert plane.points_um[:, axis] == pytest.approx(at, abs=1e-9)
        corner = np.delete(plane.points_um, axis, axis=1)[plane.cells]
        a, b = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        assert 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() == pytest.approx(area)
        known = np.isfinite(plane.values["c_Na_mol_m3"])
        z = plane.points_um[known, 2]
        assert plane.values["c_Na_mol_m3"][known] == pytest.approx(1000 + 10 * (z - 60))
        assert z.min(initial=100.0) == pytest.approx(max(20.0, plane.points_um[:, 2].min()))


@pytest.mark.parametrize(("kind", "degree"), [(21, 1), (22, 2), (24, 3)])
def test_quadratic_cells_keep_all_values_and_their_size(tmp_path: Path, kind: int, degree: int) -> None:
    corners = np.vstack([np.zeros(3), np.eye(3)])[: degree + 1]
    pairs = {1: [(0, 1)], 2: [(0, 1), (1, 2), (2, 0)], 3: [(0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3)]}[
        degree
    ]
    points = np.vstack([corners, [0.5 * (corners[a] + corners[b]) for a, b in pairs]])
    square = (points**2).sum(axis=1)
    write_vtu(tmp_path / "q.vtu", points, np.arange(len(points))[None], np.array([7]), {"f": square}, kind)
    grid = read_grid(tmp_path / "q.vtu", 0.0)
    assert grid.dimension == degree
    assert len(grid.cells) == 2**degree
    assert set(grid.region) == {7}
    assert sorted(grid.values["f"]) == pytest.approx(sorted(square))
    corner = grid.points_um[grid.cells][:, :, :degree]
    volume = np.linalg.det(corner[:, 1:] - corner[:, :1])
    assert volume == pytest.approx(0.5**degree)


def test_cells_of_other_kinds_are_refused(tmp_path: Path) -> None:
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    write_vtu(tmp_path / "q.vtu", square, np.arange(4)[None], np.array([1]), {}, 9)
    with pytest.raises(ValueError, match="not all lines, triangles or tetrahedra"):
        read_grid(tmp_path / "q.vtu", 0.0)


def test_current_along_an_electrode_is_interrupted_where_the_electrode_is(tmp_path: Path) -> None:
    found = electrodes(Run.read(write_run(tmp_path / "run", 2)))
    assert list(found) == ["metal|electrolyte"]
    items = found["metal|electrolyte"]
    assert [item.time_s for item in items] == list(TIMES)
    x, current = fixed_pictures.along(items[0])
    assert x == pytest.approx([5.0, 15.0, np.nan, 27.5], nan_ok=True)
    assert current == pytest.approx([-10.0, -20.0, np.nan, -35.0], nan_ok=True)


def test_a_damaged_electrode_file_is_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 2)
    path = run / "electrodes" / "metal_electrolyte_000001.csv"
    path.write_text("x_um,y_um\n1,2\n")
    with pytest.raises(RunError, match="is no table of currents along an electrode"):
        plot(run)


def test_stages_and_cycles(tmp_path: Path) -> None:
    run = Run.read(write_run(tmp_path / "run", 1))
    first, second = stages(run)
    assert (first.name, first.kind, first.rows) == ("sweep to 0.5 V, cycle 1/1", "sweep", slice(0, 11))
    assert second.times(run) == (5.0, 10.0)
    assert fixed_history.cycle(second) == 1
    with style.publication():
        ax = fixed_history.voltammogram(run).axes[0]
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(np.tanh(2.0))  # 10 A/m2 = 1 mA/cm2


def test_a_constant_reading_is_not_drawn_as_noise(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 1)
    rows = ["time_s,segment,voltage_V,current_A_m2,capacity_mAh_cm2"]
    rows += [f"{t},1,{0.1 + 1e-15 * (-1) ** t},{1e-16 * t},0" for t in range(5)]
    (run / "metrics.csv").write_text("\n".join(rows) + "\n")
    with style.publication():
        voltage, current, charge = fixed_history.history(Run.read(run)).axes[:3]
    assert np.diff(voltage.get_ylim()) > 0.01
    assert np.diff(current.get_ylim()) > 1e-10
    assert charge.get_ylabel().startswith("cathodic charge")


def test_a_cell_without_species_has_its_potential(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 2, dissolved=False)
    assert [file.stem for file in plot(run)][::2] == ["history", "voltammogram", "fields", "current"]


def test_an_interrupted_run_can_be_drawn(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 1)
    (run / "summary.json").unlink()
    (run / "segments.csv").write_text("segment,name,kind\n1,plate,current\n2,re")
    data = Run.read(run)
    assert [(s.name, s.kind) for s in stages(data)] == [("plate", "current"), ("", "")]
    assert {file.stem for file in plot(run)} == {"history", "profiles"}
    assert dict(table([data]))["time (s)"] == ["10"]


def test_runs_of_one_kind_are_compared(tmp_path: Path) -> None:
    one, two = write_run(tmp_path / "one", 1), write_run(tmp_path / "two", 2, kind="current")
    files = compare([one, two], tmp_path / "both.png")
    assert [file.name for file in files] == ["both.png", "both.pdf"]
    runs = [Run.read(one), Run.read(two)]
    with style.publication():
        figure = draw_comparison(runs, ["one", "two"])
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels[:4] == ["voltage (V)", "current density (mA/cm²)"] * 1 + [
        labels[2],
        "c(Na) (mol/m³), at the end",
    ]
    assert [len(ax.lines) for ax in figure.axes[:2]] == [2, 2]
    rows = dict(table(runs))
    assert rows["stopped because"] == ["program done", "program done"]
    assert rows["mean thickness (µm)"] == ["-0.1", "-0.1"]
    assert "largest mass error" not in rows  # null in both

    growing = tmp_path / "growing"
    shutil.copytree(one, growing)
    (growing / "metrics.csv").write_text("time_s\n1.0\n")
    with pytest.raises(RunError, match="name runs of one kind"):
        compare([one, growing])
