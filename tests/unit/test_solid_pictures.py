"""Growing runs in 3D: reading surfaces, cuts, views without a screen, and what compare makes of them."""

from __future__ import annotations

import math
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from synthetic_run import write_run
from synthetic_solid import BOX_UM, TIP_UM, concentration, height, surface, write_solid_run

from postprocess import pictures, scenes, solid_pictures, style
from postprocess.compare import compare, draw_comparison
from postprocess.draw import CONCENTRATION
from postprocess.pictures import plot
from postprocess.run import Run, RunError
from postprocess.scenes import Sheet, can_render, render

needs_view = pytest.mark.skipif(not can_render(), reason="no screen and no libEGL")


@pytest.fixture(scope="module")
def bump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_solid_run(tmp_path_factory.mktemp("runs") / "bump")


@pytest.fixture
def copy(bump: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bump, tmp_path / "bump"))


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save time: pictures of fewer pixels."""
    monkeypatch.setitem(style.RC, "savefig.dpi", 90.0)
    monkeypatch.setattr(solid_pictures, "PIXELS", 200)


def test_surfaces_are_read_with_their_times(bump: Path) -> None:
    run = Run.read(bump)
    assert run.solid
    assert not run.fixed
    assert run.fronts == run.counters == ()
    assert run.shell_times_s == pytest.approx((0.0, 10.0, 20.0))
    shell, (points, triangles) = run.shell(-1), surface(1.0, (30, 20))
    assert shell.time_s == 20.0
    assert shell.points_um == pytest.approx(points)
    assert np.array_equal(shell.triangles, triangles)
    assert shell.current_A_m2 == pytest.approx(-100.0 - 50.0 * points[triangles, 2].mean(axis=1))
    assert shell.patch.tolist() == [-1] * 1200
    assert shell.tip_um == pytest.approx([*TIP_UM, float(height(*map(np.array, TIP_UM), 1.0))])
    assert run.shell(0).areas_um2.sum() == pytest.approx(BOX_UM[0] * BOX_UM[1])


@pytest.mark.parametrize("y", [0.0, 0.5, 1.234, 2.0])
def test_concentration_on_a_plane_is_that_of_the_field(bump: Path, y: float) -> None:
    run = Run.read(bump)
    corners = solid_pictures.cell([run.grid(0), run.grid(-1)])
    assert np.stack(corners) == pytest.approx(np.array([[0.0, 0.0, 0.0], BOX_UM]))
    tip = Run.read(bump).shell(-1)
    moved = replace(tip, points_um=tip.points_um + np.array([0.0, y - TIP_UM[1], 0.0]))
    place = solid_pictures.cutting_place(moved, corners)
    assert place == pytest.approx(y, abs=0.0021)
    cut = run.grid(-1).cut(1, place)
    assert cut.points_um[:, 1] == pytest.approx(place)
    assert cut.values[CONCENTRATION] == pytest.approx(concentration(cut.points_um))
    x = np.linspace(0.0, BOX_UM[0], 31)
    area = BOX_UM[0] * BOX_UM[2] - np.trapezoid(height(x, np.full_like(x, place), 1.0), x)
    a, b, c = np.moveaxis(cut.points_um[cut.cells], 1, 0)
    assert 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() == pytest.approx(area, rel=2e-3)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("degree", [1, 2])
def test_reads_simplices_as_dolfinx_writes_them(tmp_path: Path, dimension: int, degree: int) -> None:
    """Every cell of degree 2 becomes 2, 4, 8 linear ones; they fill the unit cube and keep the values."""
    pytest.importorskip("dolfinx")
    from dolfinx import fem, io, mesh
    from mpi4py import MPI

    made = (mesh.create_unit_interval, mesh.create_unit_square, mesh.create_unit_cube)[dimension - 1]
    box = made(MPI.COMM_SELF, *[3] * dimension)
    function = fem.Function(fem.functionspace(box, ("Lagrange", degree)), name=CONCENTRATION)
    function.interpolate(lambda x: concentration(x.T))
    with io.VTKFile(MPI.COMM_SELF, tmp_path / "fields.pvd", "w") as file:
        file.write_function(function, 0.0)
    (tmp_path / "metrics.csv").write_text("time_s\n0.0\n")
    grid = Run.read(tmp_path).grid(0)
    assert grid.dimension == dimension
    cells = box.topology.index_map(dimension).size_local
    assert len(grid.cells) == cells * (2**dimension if degree == 2 else 1)
    assert grid.values[CONCENTRATION] == pytest.approx(concentration(grid.points_um))
    corners = grid.points_um[grid.cells][..., :dimension]
    sizes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / math.factorial(dimension)
    assert sizes == pytest.approx(1.0 / len(grid.cells), rel=1e-6)


@needs_view
def test_a_view_is_to_scale_and_a_map_has_the_colours_of_its_values() -> None:
    """Parallel projection along y, 100 pixels per unit; without light and shade."""
    low, high = np.zeros(3), np.array([4.0, 1.0, 2.0])
    points = np.array([[1.0, 0.5, 0.5], [3.0, 0.5, 0.5], [3.0, 0.5, 1.5], [1.0, 0.5, 1.5]])
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    map_ = Sheet(points, triangles, values=np.array([0.0, 1.0]), limits=(0.0, 1.0), lit=False)
    look = {"eye": (0.0, -1.0, 0.0), "pixels": 408}
    image = render([map_], (low, high), **look)
    assert image.shape == (204, 408, 3)
    assert image[140, 250] == pytest.approx(
        (68, 1, 84), abs=1
    )  # first colour of viridis, right of the diagonal and below
    assert image[64, 158] == pytest.approx((253, 231, 37), abs=1)  # last; in steps of 1 of 255
    black = render([Sheet(points, triangles, colour="black", lit=False)], (low, high), **look)
    dark = 1.0 - black[20:-20, 20:-20].mean(axis=2) / 255.0  # without the edges of the box
    assert dark.sum() == pytest.approx(2.0 * 1.0 * 100.0**2, rel=2e-3)
    rows, columns = np.nonzero(dark > 0.5)
    assert (columns.mean() + 20.5, rows.mean() + 20.5) == pytest.approx((204.0, 102.0), abs=0.6)


@needs_view
def test_nearer_sheets_hide_those_behind() -> None:
    low, high = np.zeros(3), np.ones(3)
    square = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    red, blue = (
        Sheet(square + np.array([0.0, y, 0.0]), triangles, colour=colour, lit=False)
        for y, colour in ((0.3, "#ff0000"), (0.6, "#0000ff"))
    )
    for sheets in ([red, blue], [blue, red]):
        image = render(sheets, (low, high), eye=(0.0, -1.0, 0.0), pixels=60)
        assert image[30, 30].tolist() == [255, 0, 0]


@needs_view
def test_plot_makes_every_picture_of_a_solid_run(copy: Path) -> None:
    files = plot(copy)
    names = ("front", "concentration", "current", "history", "instrument")
    assert [file.name for file in files] == [f"{name}.{kind}" for name in names for kind in ("png", "pdf")]
    assert all(file.stat().st_size > 5000 for file in files)


@needs_view
def test_views_have_titles_a_scale_and_a_size(bump: Path) -> None:
    run = Run.read(bump)
    with style.publication():
        figures = solid_pictures.solid_figures(run)
    bars = {name: figure.axes[-1] for name, figure in figures.items()}
    assert {name: bar.get_ylabel() for name, bar in bars.items()} == {
        "front": "height (µm)",
        "concentration": "concentration at\ny = 0.5 µm (mol/m³)",
        "current": "deposition current\ndensity (mA/cm²)",
    }
    for figure in figures.values():
        assert [ax.get_title() for ax in figure.axes[:3]] == ["0 s", "10 s", "20 s"]
    highest = float(height(*map(np.array, TIP_UM), 1.0))
    assert bars["front"].get_ylim() == pytest.approx((0.0, highest))
    size = f"{1.3 * highest:.3g}"
    assert [text.get_text() for text in figures["front"].texts] == [f"box 3 × 2 × {size} µm (x, y, z)"]
    least = run.shell(-1).current_A_m2.min()
    assert bars["current"].get_ylim() == pytest.approx((0.0, -0.1 * least))


@pytest.mark.parametrize(
    ("x", "y", "signs"), [(1.5, 1.0, (1, -1)), (0.0, 0.0, (1, 1)), (3.0, 0.0, (-1, 1)), (3.0, 2.0, (-1, -1))]
)
def test_a_tip_at_a_wall_is_seen_from_the_other_side(
    bump: Path, x: float, y: float, signs: tuple[int, int]
) -> None:
    tip = Run.read(bump).shell(-1)
    moved = replace(tip, points_um=tip.points_um + np.array([x - TIP_UM[0], y - TIP_UM[1], 0.0]))
    eye = solid_pictures.towards(moved, (np.zeros(3), np.array(BOX_UM)))
    assert np.sign(eye).tolist() == [*signs, 1]


def test_without_a_way_to_render_the_rest_is_drawn_and_the_user_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "can_render", lambda: False)
    with pytest.raises(RunError, match=r"need a screen or libEGL, see `tertia doctor`"):
        plot(copy)
    assert sorted(file.name for file in (copy / "pictures").iterdir()) == [
        f"{name}.{kind}" for name in ("history", "instrument") for kind in ("pdf", "png")
    ]


@pytest.mark.parametrize(
    ("platform", "display", "library", "able"),
    [("linux", "", None, False), ("linux", ":0", None, True), ("linux", "", "libEGL.so.1", True)],
)
def test_rendering_needs_a_screen_or_a_library(
    monkeypatch: pytest.MonkeyPatch, platform: str, display: str, library: str | None, able: bool
) -> None:
    monkeypatch.setattr(scenes.sys, "platform", platform)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(scenes, "find_library", lambda name: library)
    assert can_render() is able


def test_compare_of_solid_runs_has_curves_and_numbers_and_says_so(bump: Path, tmp_path: Path) -> None:
    needle = write_run(tmp_path / "needle", frames=2)
    with style.publication():
        alone, both = (
            draw_comparison([Run.read(f) for f in folders]) for folders in ([bump], [needle, bump])
        )
    assert len(alone.axes) == 2 + 1
    assert len(both.axes) == 4 + 2 + 1
    for figure in (alone, both):
        assert "No picture of bump: runs in 3D have theirs in RUN/pictures." in [
            t.get_text() for t in figure.texts
        ]
    assert all(file.stat().st_size > 5000 for file in compare([bump, needle], tmp_path))


def test_an_interrupted_solid_run_reads_up_to_the_interruption(copy: Path) -> None:
    last = copy / "front" / "front_000002.vtu"
    last.write_bytes(last.read_bytes()[:-40])
    assert Run.read(copy).shell_times_s == pytest.approx((0.0, 10.0))
    pvd = (copy / "fields.pvd").read_text()
    (copy / "fields.pvd").write_text(pvd[: pvd.rindex('timestep="10')])
    assert Run.read(copy).shell_times_s == pytest.approx((0.0,))


def test_a_surface_of_other_cells_is_an_error(copy: Path) -> None:
    shutil.copy(copy / "fields" / "frame000000.vtu", copy / "front" / "front_000000.vtu")
    with pytest.raises(RunError, match=r"front_000000\.vtu has no cell data surface\.$"):
        Run.read(copy).shell(0)
