"""Reading run folders, whole and interrupted, and the pictures made of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from synthetic_run import CONCENTRATION, HEIGHT_UM, PITCH_UM, write_run

from postprocess import draw, pictures, style
from postprocess.compare import compare, draw_comparison, table
from postprocess.field_lines import POTENTIAL, trace
from postprocess.fields import Field, read_field
from postprocess.fronts import Chain
from postprocess.history import history
from postprocess.instrument import instrument
from postprocess.pictures import plot
from postprocess.run import Run, RunError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def needle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "needle", "needle", frames=5)


@pytest.fixture(scope="module")
def islands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "islands", "islands", frames=8, pieces=2)


@pytest.fixture
def copy(needle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(needle, tmp_path / "needle"))


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save time: pictures of a tenth of the pixels."""
    monkeypatch.setitem(style.RC, "savefig.dpi", 90.0)


def cut(path: Path, characters: int) -> None:
    path.write_text(path.read_text()[:-characters])


def test_reads_every_part_of_a_finished_run(needle: Path) -> None:
    run = Run.read(needle)
    assert run.finished
    assert run.summary["verdict"] == "dendrite"
    assert run.title == "Synthetic needle"
    assert run.steps == 200
    assert run.metric("time_s")[-1] == pytest.approx(40.0)
    assert np.all(np.diff(run.metric("charge_C_m2")) > 0)
    assert run.field_times_s == pytest.approx([0, 10, 20, 30, 40])
    assert [front.time_s for front in run.fronts] == pytest.approx([0, 10, 20, 30, 40])
    front = run.fronts[-1]
    assert front.width_um == pytest.approx(4.0)
    assert front.top_um == pytest.approx(8.35, abs=0.05)
    assert len(front.main.x_um) == 321
    edges = (front.main.surface, front.main.coverage, front.main.patch, front.main.current_A_m2)
    assert [len(values) for values in edges] == [320] * 4
    assert front.main.current_A_m2.min() < front.main.current_A_m2.max() < 0
    assert run.front_at(11.0) is run.fronts[1]


def test_islands_and_floating_seeds_are_on_the_fronts(islands: Path) -> None:
    fronts = Run.read(islands).fronts
    spans = fronts[0].main.spans("island")
    assert len(spans) == 20
    assert np.diff([0.5 * (a + b) for a, b in spans]) == pytest.approx(PITCH_UM, abs=1e-9)
    assert fronts[0].main.spans("deposit") == []
    assert fronts[2].main.patch.max() == 19
    assert set(fronts[-1].main.surface) == {"deposit"}
    assert fronts[-1].main.patch.max() == -1


@pytest.mark.parametrize("pieces", [1, 2])
def test_fields_of_parallel_pieces_join_without_ghosts_or_seams(tmp_path: Path, pieces: int) -> None:
    field = Run.read(write_run(tmp_path / "run", "needle", frames=2, pieces=pieces)).field(-1)
    assert len(field.x_um) == 81 * 60
    assert len(field.triangles) == 2 * 80 * 59
    front = Run.read(tmp_path / "run").fronts[-1].main
    a, b, c = (np.stack([field.x_um, field.y_um], 1)[field.triangles[:, k]] for k in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum()
    below = np.trapezoid(front.y_um[::4], front.x_um[::4])
    assert area == pytest.approx(4.0 * HEIGHT_UM - below, rel=1e-10)
    top = field.y_um > HEIGHT_UM - 1e-9
    assert field.points["concentration_mol_m3"][top] == pytest.approx(CONCENTRATION)


def test_nodes_join_by_position_where_global_numbers_are_missing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "needle", frames=1, pieces=2)
    for file in run.glob("*.*vtu"):
        file.write_text(file.read_text().replace("vtkOriginalPointIds", "numbers"))
    assert len(Run.read(run).field(0).x_um) == 81 * 60


def test_gradient_and_sampling_are_exact_for_linear_fields(needle: Path) -> None:
    field = Run.read(needle).field(2)
    linear = 3 * field.x_um - 2 * field.y_um
    tilted = Field(field.time_s, field.x_um, field.y_um, field.triangles, {"u": linear})
    assert tilted.gradient("u") == pytest.approx(np.tile([3.0, -2.0], (len(linear), 1)), abs=1e-8)
    assert field.sample(linear, np.array([0.3]), np.array([9.0])) == pytest.approx([-17.1])
    assert np.isnan(field.sample(linear, np.array([2.0, 2.0]), np.array([0.5, 10.5]))).all()  # metal, beyond


def test_reads_what_dolfinx_writes(tmp_path: Path) -> None:
    pytest.importorskip("dolfinx")
    from dolfinx import fem, io, mesh
    from mpi4py import MPI

    with io.VTKFile(MPI.COMM_SELF, tmp_path / "fields.pvd", "w") as file:
        for k, cells in enumerate((3, 5, 4)):
            box = mesh.create_rectangle(
                MPI.COMM_SELF, [np.zeros(2), np.array([4.0, 10.0])], [cells, 2 * cells]
            )
            space = fem.functionspace(box, ("Lagrange", 1))
            salt, potential = (fem.Function(space, name=n) for n in (draw.CONCENTRATION, POTENTIAL))
            salt.interpolate(lambda x, k=k: 1000 + 10 * x[1] + k)
            potential.interpolate(lambda x: 0.01 * x[0])
            file.write_function([salt, potential], 0.1 + 0.5 * k)
    (tmp_path / "metrics.csv").write_text("time_s\n0.1\n")
    run = Run.read(tmp_path)
    assert run.field_times_s == pytest.approx([0.1, 0.6, 1.1])
    for k, cells in enumerate((3, 5, 4)):
        field = run.field(k)
        assert len(field.triangles) == 4 * cells**2
        assert field.points[draw.CONCENTRATION] == pytest.approx(1000 + 10 * field.y_um + k)
        assert field.gradient(POTENTIAL)[:, 0] == pytest.approx(0.01)


def test_interrupted_run_reads_up_to_the_interruption(copy: Path) -> None:
    (copy / "summary.json").unlink()
    cut(copy / "metrics.csv", 30)
    cut(copy / "front" / "front_000004.csv", 500)
    pvd = (copy / "fields.pvd").read_text()
    (copy / "fields.pvd").write_text(pvd[: pvd.rindex('part="0"')])
    run = Run.read(copy)
    assert not run.finished
    assert run.title == "Synthetic needle"
    assert run.steps == 199
    assert len(run.fronts) == 4
    assert len(run.field_files) == 4
    with style.publication():
        assert len(pictures.front(run).axes) == 2
        assert len(history(run).axes) == 9
    assert dict(table([run]))["verdict"] == ["unfinished"]


def test_last_front_cut_between_lines_is_left_out(copy: Path) -> None:
    path = copy / "front" / "front_000004.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:200]))
    assert len(Run.read(copy).fronts) == 4


@pytest.mark.parametrize("name", ["fields000004.pvtu", "fields_p0_000004.vtu"])
def test_last_field_cut_off_or_missing_is_left_out(copy: Path, name: str) -> None:
    cut(copy / name, 40)
    assert len(Run.read(copy).field_files) == 4
    (copy / name).unlink()
    assert len(Run.read(copy).field_files) == 4


def test_run_without_any_output_has_nothing_to_draw(copy: Path) -> None:
    shutil.rmtree(copy / "front")
    (copy / "fields.pvd").unlink()
    header = (copy / "metrics.csv").read_text().splitlines()[0]
    (copy / "metrics.csv").write_text(header + "\n")
    assert Run.read(copy).steps == 0
    with pytest.raises(RunError, match="nothing to draw"):
        plot(copy)
    with pytest.raises(RunError, match="nothing to compare"):
        compare([copy])


def test_first_outputs_alone_can_be_drawn(copy: Path) -> None:
    for path in sorted((copy / "front").iterdir())[1:]:
        path.unlink()
    (copy / "metrics.csv").write_text((copy / "metrics.csv").read_text().splitlines()[0] + "\n")
    assert {path.stem for path in plot(copy)} == {"front", "concentration", "current"}


def test_what_is_not_a_run_is_told_in_one_sentence(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^Run folder .*nowhere does not exist\.$"):
        Run.read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"is not a run folder: it holds no metrics\.csv\.$"):
        plot(tmp_path / "empty")
    with pytest.raises(RunError, match="name at least one"):
        compare([])
    with pytest.raises(RunError, match="has no column nonsense"):
        Run.read(copy).metric("nonsense")


@pytest.mark.parametrize(
    ("name", "left", "message"),
    [
        ("fields_p0_000001.vtu", 900, r"fields000001\.pvtu, named by fields\.pvd, is missing or cut off\.$"),
        ("front/front_000001.csv", 900, r"front_000001\.csv is cut off"),
        ("summary.json", 20, r"summary\.json is not JSON"),
    ],
)
def test_damage_that_no_interruption_explains_is_an_error(
    copy: Path, name: str, left: int, message: str
) -> None:
    (copy / name).write_text((copy / name).read_text()[:left])
    with pytest.raises(RunError, match=message):
        Run.read(copy)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_s,voltage_V\n1.0\n2.0,0.1\n", r"Row 2 of .* has 1 values under 2 headings\.$"),
        ("time_s,voltage_V\n1.0,high\n", r"Column voltage_V of .* holds something else than numbers"),
        ("", r"is empty: the run had not begun\.$"),
    ],
)
def test_metrics_that_are_no_table_of_numbers_are_an_error(copy: Path, text: str, message: str) -> None:
    (copy / "metrics.csv").write_text(text)
    with pytest.raises(RunError, match=message):
        Run.read(copy)


def test_plot_makes_every_picture_as_png_and_pdf(islands: Path) -> None:
    files = plot(islands)
    names = ("front", "concentration", "history", "instrument", "current")
    assert [file.name for file in files] == [f"{name}.{kind}" for name in names for kind in ("png", "pdf")]
    for file in files:
        assert file.parent == islands / "pictures"
        assert file.read_bytes().startswith(b"\x89PNG" if file.suffix == ".png" else b"%PDF")
        assert file.stat().st_size > 5000


def test_pictures_hold_the_axes_they_should(needle: Path, islands: Path) -> None:
    bare, seeded = Run.read(needle), Run.read(islands)
    with style.publication():
        assert len(pictures.front(bare).axes) == 2  # picture, colour bar
        assert len(pictures.front(seeded).axes) == 4  # and the seeds, with theirs
        concentration = pictures.concentration(bare).axes
        assert len(concentration) == 5
        assert [ax.get_title() for ax in concentration[:4]] == ["0 s", "10 s", "30 s", "40 s"]
        assert len(pictures.current(bare).axes) == 5
        assert len(history(seeded).axes) == 4 + 4 + 1  # panels, capacity axes, floating seeds
        for figure in (pictures.front(seeded), pictures.concentration(bare), history(bare)):
            assert all("(" in ax.get_xlabel() + ax.get_ylabel() for ax in figure.axes if ax.get_xlabel())


def test_readings_stand_against_time_and_capacity(needle: Path) -> None:
    run = Run.read(needle)
    with style.publication():
        voltage, by_capacity, current, _ = instrument(run).axes
    assert voltage.lines[0].get_xdata() == pytest.approx(run.metric("time_s"))
    assert by_capacity.lines[0].get_xdata() == pytest.approx(run.metric("capacity_mAh_cm2"))
    assert current.lines[0].get_ydata() == pytest.approx(-0.1 * run.metric("current_A_m2"))


def test_length_along_a_surface_that_overhangs() -> None:
    x, y = np.array([0.0, 2.0, 2.0, 1.0, 3.0, 3.0, 4.0]), np.array([0.0, 0.0, 1.0, 1.0, 3.0, 0.0, 0.0])
    edges = np.full(6, "deposit"), np.ones(6), np.full(6, -1), np.zeros(6)
    chain = Chain(x, y, *edges)
    lengths = np.array([2.0, 1.0, 1.0, 8.0**0.5, 3.0, 1.0])
    assert chain.overhangs
    assert chain.lengths_um == pytest.approx(np.cumsum(lengths) - 0.5 * lengths)
    back = Chain(x[::-1], y[::-1], *edges)
    assert back.lengths_um == pytest.approx(chain.lengths_um[::-1])
    flat = Chain(np.arange(7.0), y, *edges)
    assert not flat.overhangs
    assert flat.middles_um == pytest.approx(np.arange(6.0) + 0.5)


def test_values_inside_the_metal_of_a_diffuse_surface_are_left_out(needle: Path) -> None:
    field = Run.read(needle).field(-1)
    metal = field.y_um < 5.0
    inside = np.where(metal, 9e9, field.points[draw.CONCENTRATION])
    points = {**field.points, draw.CONCENTRATION: inside, "order_parameter": metal.astype(float)}
    diffuse = Field(field.time_s, field.x_um, field.y_um, field.triangles, points)
    assert draw.concentration_scale([diffuse]).vmax == pytest.approx(CONCENTRATION)
    assert draw.concentration_scale([field]).vmax == pytest.approx(CONCENTRATION)
    left = diffuse.without_metal.triangles
    assert np.all(field.y_um[left].max(axis=1) >= 5.0)
    assert len(left) == np.count_nonzero(field.y_um[field.triangles].max(axis=1) >= 5.0)
    assert len(field.without_metal.triangles) == len(field.triangles)


def test_field_lines_run_from_the_counter_electrode_to_the_front(needle: Path) -> None:
    run = Run.read(needle)
    field, front = run.field(-1), run.fronts[-1].main
    dense = np.linspace(0, len(front.x_um) - 1, 20001)
    line_x, line_y = (np.interp(dense, np.arange(len(front.x_um)), v) for v in (front.x_um, front.y_um))
    start = np.column_stack([np.linspace(0.4, 3.6, 9), np.full(9, HEIGHT_UM - 1e-5)])
    for line in trace(field, -field.gradient(POTENTIAL), start):
        x, y = line[-1]
        assert np.hypot(line_x - x, line_y - y).min() < 0.03
    downwards = np.tile([0.0, -1.0], (len(field.x_um), 1))
    straight = trace(field, downwards, start[:1])[0]
    assert straight[:, 0] == pytest.approx(0.4)
    assert straight[-1, 1] == pytest.approx(np.interp(0.4, front.x_um, front.y_um), abs=0.03)


def test_spread_in_time_ignores_crowded_early_outputs() -> None:
    assert draw.spread_in_time([0, 0.1, 0.2, 0.3, 1, 2, 3], 4) == [0, 4, 5, 6]
    assert draw.spread_in_time([1.0], 4) == [0]
    assert draw.spread(0, 4) == []
    assert draw.spread(11, 3) == [0, 5, 10]


def test_compare_puts_runs_side_by_side(needle: Path, islands: Path, tmp_path: Path) -> None:
    files = compare([needle, islands], tmp_path)
    assert [file.name for file in files] == ["compare_needle_islands.png", "compare_needle_islands.pdf"]
    assert all(file.stat().st_size > 5000 for file in files)
    assert compare([needle], tmp_path / "one.pdf")[0] == tmp_path / "one.png"
    runs = [Run.read(needle), Run.read(islands)]
    with style.publication():
        assert len(draw_comparison(runs).axes) == 2 * 4 + 2 + 1
    rows = dict(table(runs))
    assert rows["verdict"] == ["dendrite", "flat"]
    assert float(rows["roughness / mean thickness"][1]) < 0.05 < float(rows["roughness / mean thickness"][0])


@pytest.mark.parametrize(
    ("longest", "name"), [(1e-4, "µs"), (0.5, "ms"), (60.0, "s"), (600.0, "min"), (1e5, "h"), (0.0, "ns")]
)
def test_time_unit(longest: float, name: str) -> None:
    assert style.time_unit(longest)[1] == name


def test_reading_loads_no_drawing_library() -> None:
    heavy = ("matplotlib", "vtkmodules", "scipy")
    code = f"import sys, postprocess.run; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_single_vtu_reads_too(needle: Path) -> None:
    assert len(read_field(needle / "fields_p0_000000.vtu", 0.0).x_um) == 81 * 60
