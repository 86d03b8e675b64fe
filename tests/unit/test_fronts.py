"""Fronts of several polylines, counter electrodes that move, and how they are drawn."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parent))

from synthetic_run import HEIGHT_UM, write_run

from postprocess import draw, pictures, style
from postprocess.field_lines import POTENTIAL, field_lines
from postprocess.fields import Field
from postprocess.fronts import Front, read_front
from postprocess.history import history
from postprocess.run import Run, RunError
from postprocess.view import View, view

Floats = npt.NDArray[np.float64]

CIRCLE = 60
COLUMNS = "x_um,y_um,surface,coverage,patch,current_A_m2,chain"


def circle(x: float, y: float, radius: float, clockwise: bool = True) -> Floats:
    """A closed regular polygon of `CIRCLE` edges, shape (CIRCLE + 1, 2)."""
    angle = np.linspace(0.0, (-1 if clockwise else 1) * 2 * np.pi, CIRCLE + 1)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def write(
    path: Path, chains: list[Floats], notes: str = "", time: float = 0.0, current: float = -1.0
) -> Path:
    """One file of polylines; those after the first one float."""
    rows = [
        f"{x},{y},deposit,1,{-1 if k == 0 else k},{current if k == 0 else 0.0},{k}"
        for k, chain in enumerate(chains)
        for x, y in chain
    ]
    path.write_text("\n".join([f"# time_s={time!r} charge_C_m2=1 {notes}".rstrip(), COLUMNS, *rows]) + "\n")
    return path


FLOOR = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]])
CEILING = np.array([[4.0, 9.0], [2.0, 8.0], [0.0, 9.0]])


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Front:
    pieces = [FLOOR, circle(1.0, 4.0, 0.5), circle(3.0, 0.5, 0.3, clockwise=False)]
    pieces.append(np.array([[4.0, 6.0], [3.5, 6.5], [4.0, 7.0]]))  # at the right wall, metal on its right
    front = read_front(write(tmp_path_factory.mktemp("front") / "front_000000.csv", pieces))
    assert front is not None
    return front


def test_polylines_are_told_apart(several: Front) -> None:
    polygon = 0.5 * CIRCLE * np.sin(2 * np.pi / CIRCLE)
    assert [chain.closed for chain in several.chains] == [False, True, True, False]
    assert [chain.detached for chain in several.chains] == [False, True, True, True]
    assert several.main is several.chains[0]
    assert several.dead == [several.chains[1], several.chains[3]]
    areas = [chain.enclosed_um2 for chain in several.chains[1:]]
    assert areas == pytest.approx([0.25 * polygon, -0.09 * polygon, 0.25])
    assert (several.left_um, several.width_um, several.bottom_um, several.top_um) == (0.0, 4.0, 0.2, 7.0)
    assert [len(chain.surface) for chain in several.chains] == [2, CIRCLE, CIRCLE, 2]
    assert several.chains[1].patch.tolist() == [1] * CIRCLE


def test_a_front_without_chains_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "front_000000.csv", [FLOOR])
    text = "\n".join(
        line.rpartition(",")[0] if "," in line else line for line in path.read_text().splitlines()
    )
    path.write_text(text + "\n")
    front = read_front(path)
    assert front is not None
    assert len(front.chains) == 1
    assert front.main.points_um == pytest.approx(FLOOR)


@pytest.mark.parametrize("lines", [1, 20, CIRCLE])
def test_a_last_front_whose_last_polyline_is_cut_off_is_left_out(tmp_path: Path, lines: int) -> None:
    run = write_run(tmp_path / "run", frames=2)
    last = write(run / "front" / "front_000001.csv", [FLOOR, circle(1.0, 4.0, 0.5)], time=40.0)
    assert len(Run.read(run).fronts) == 2
    last.write_text("".join(last.read_text().splitlines(keepends=True)[:-lines]))
    assert len(Run.read(run).fronts) == 1


def colours(front: Front, cell: View, places: list[tuple[float, float]]) -> Floats:
    """Colours of the metal of a front on white at places in micrometres, shape (places, 3)."""
    figure = Figure(figsize=(4.0, 10.0), dpi=50)
    canvas = FigureCanvasAgg(figure)
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    draw.metal(ax, front, cell)
    ax.set(xlim=(0.0, 4.0), ylim=(0.0, 10.0))
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[..., :3] / 255.0
    return np.array([image[int(50 * (10.0 - y)), int(50 * x)] for x, y in places])


def test_metal_dead_metal_and_electrolyte_have_their_colours(several: Front) -> None:
    cell = View(0.0, 4.0, 0.0, 10.0, True)
    places = [(2.0, 0.5), (1.0, 4.0), (3.9, 6.5), (3.0, 0.5), (2.0, 1.1), (2.0, 9.5), (1.0, 4.6)]
    wanted = [style.METAL, style.DEAD, style.DEAD, "white", "white", "white", "white"]
    assert colours(several, cell, places) == pytest.approx(np.array([to_rgb(c) for c in wanted]), abs=3e-3)


@pytest.mark.parametrize(("notes", "top"), [("", "#B9BDC3"), ("base_um=9.3", "white")])
def test_metal_of_a_counter_electrode_is_above_up_to_its_collector(
    tmp_path: Path, notes: str, top: str
) -> None:
    counter = read_front(write(tmp_path / "counter_000000.csv", [CEILING], notes))
    assert counter is not None
    assert counter.metal_above
    got = colours(counter, View(0.0, 4.0, 0.0, 10.0, True), [(2.0, 8.2), (0.2, 8.7), (2.0, 9.6)])
    assert got == pytest.approx(np.array([to_rgb(c) for c in (style.METAL, "white", top)]), abs=3e-3)


@pytest.fixture
def moving(tmp_path: Path) -> Path:
    """A run with a counter electrode that moves, dead metal and a short circuit."""
    run = write_run(tmp_path / "run", frames=2)
    for k, y in enumerate((10.0, 11.0)):
        chain = np.array([[4.0, y], [2.0, y - 0.2 * k], [0.0, y]])
        write(run / "front" / f"counter_{k:06d}.csv", [chain], "base_um=14.0", 40.0 * k, current=80.0)
    path = run / "front" / "front_000001.csv"
    lines = path.read_text().splitlines()
    lines = [lines[0], lines[1] + ",chain", *(line + ",0" for line in lines[2:])]
    lines += [f"{x},{y},deposit,1,0,0,1" for x, y in circle(0.8, 5.0, 0.4)]
    path.write_text("\n".join(lines) + "\n")
    summary = json.loads((run / "summary.json").read_text())
    summary["short_circuit"] = {"time_s": 40.0, "x_um": 2.0, "y_um": 9.4}
    (run / "summary.json").write_text(json.dumps(summary))
    return run


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_pictures_name_what_they_show(moving: Path) -> None:
    run = Run.read(moving)
    assert [len(run.electrodes_at(time)) for time in (0.0, 40.0)] == [2, 2]
    assert run.electrodes_at(39.0)[1] is run.counters[1]
    cell = view(run)
    assert (cell.left, cell.width, cell.bottom, cell.collector) == (0.0, 4.0, 0.0, True)
    assert cell.top == pytest.approx(11.0 * 1.05)
    with style.publication():
        front, concentration, current = (
            f(run) for f in (pictures.front, pictures.concentration, pictures.current)
        )
    assert labels(front) == labels(concentration) == ["dead metal", "short circuit, 40 s"]
    assert labels(current) == ["counter electrode"]
    assert front.axes[0].lines[0].get_xydata() == pytest.approx(np.array([[2.0, 9.4]]))
    counter = current.axes[-1].lines[-1]
    assert counter.get_xydata() == pytest.approx(np.array([[3.0, -8.0], [1.0, -8.0]]))
    low, high = current.axes[-1].get_ylim()
    assert low < -8.0 < 0.0 < high


def test_a_run_of_one_polyline_has_no_legend(tmp_path: Path) -> None:
    run = Run.read(write_run(tmp_path / "run", frames=2))
    with style.publication():
        assert [labels(f(run)) for f in (pictures.front, pictures.concentration, pictures.current)] == [
            []
        ] * 3


def test_a_working_electrode_that_dissolves_stays_in_view(moving: Path) -> None:
    shutil.rmtree(moving / "front")
    (moving / "front").mkdir()
    for k, y in enumerate((0.0, -2.0)):
        write(moving / "front" / f"front_{k:06d}.csv", [FLOOR + np.array([0.0, y - 1.0])], time=40.0 * k)
    cell = view(Run.read(moving))
    assert cell.bottom == pytest.approx(-2.0 - 0.05 * (HEIGHT_UM + 2.0))
    assert not cell.collector
    write(moving / "front" / "front_000000.csv", [FLOOR - np.array([0.0, 1.0])], "base_um=-2.2")
    cell = view(Run.read(moving))
    assert (cell.bottom, cell.collector) == (-2.2, True)


def test_a_counter_electrode_that_is_cut_off_is_an_error_unless_it_is_the_last(moving: Path) -> None:
    path = moving / "front" / "counter_000001.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert len(Run.read(moving).counters) == 1
    path.rename(moving / "front" / "counter_000000.csv")
    write(path, [CEILING])
    with pytest.raises(RunError, match=r"counter_000000\.csv is cut off"):
        Run.read(moving)


@pytest.mark.parametrize("towards", [1.0, -1.0])
def test_arrows_of_field_lines_point_to_the_electrode_that_grows(towards: float) -> None:
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, 4, 9), np.linspace(0, 10, 21)))
    from matplotlib.tri import Triangulation

    triangles = Triangulation(x, y).triangles.astype(np.int64)
    ax = Figure().subplots()
    field_lines(ax, Field(0.0, x, y, triangles, {POTENTIAL: towards * y}))
    assert len(ax.lines) == 7
    for line, arrow in zip(ax.lines, ax.texts, strict=True):
        assert np.asarray(line.get_xdata()) == pytest.approx(line.get_xdata()[0])
        assert np.ptp(line.get_ydata()) == pytest.approx(10.0, abs=0.03)
        head, tail = arrow.xy, arrow.xyann
        assert np.sign(head[1] - tail[1]) == -towards


def test_history_shows_dead_metal_where_there_is_some(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", frames=2)
    with style.publication():
        without = len(history(Run.read(folder)).axes)
        lines = (folder / "metrics.csv").read_text().splitlines()
        for most, more in ((0.0, 0), (0.25, 1)):
            rows = [f"{line},{most if k > 100 else 0.0}" for k, line in enumerate(lines[1:])]
            (folder / "metrics.csv").write_text("\n".join([lines[0] + ",dead_metal_um2", *rows]) + "\n")
            figure = history(Run.read(folder))
            assert len(figure.axes) == without + more
            assert any("dead metal (µm²)" in ax.get_ylabel() for ax in figure.axes) is bool(more)
