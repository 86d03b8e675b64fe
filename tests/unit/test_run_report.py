"""The page about a run, and the data on it made smaller."""

from __future__ import annotations

import base64
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import test_fixed_pictures as fixed
from synthetic_run import write_run
from synthetic_solid import concentration, write_solid_run

from postprocess import interactive, report, style
from postprocess.fields import ORDER
from postprocess.grids import Grid
from postprocess.page import flat
from postprocess.run import Run, RunError
from postprocess.thinned import at_vertices, fewer, raster, thin

ADDRESS = re.compile(r"""(?:src|href)\s*=\s*["'](?!data:|#)""")
"""What a page would fetch."""


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(style.RC, "savefig.dpi", 60.0)


def square(cells: int) -> Grid:
    """The unit square in triangles, with the fields x, 2x - y and one that is missing on the left half."""
    ticks = np.linspace(0.0, 1.0, cells + 1)
    x, y = (values.ravel() for values in np.meshgrid(ticks, ticks))
    corner = (np.arange(cells) + (cells + 1) * np.arange(cells)[:, None]).ravel()
    low = np.column_stack([corner, corner + 1, corner + cells + 2])
    high = np.column_stack([corner, corner + cells + 2, corner + cells + 1])
    triangles = np.vstack([low, high])
    values = {"x": x, ORDER: x, "plane": 2.0 * x - y, "right": np.where(x >= 0.5, x, np.nan)}
    points = np.column_stack([x, y, np.zeros_like(x)])
    return Grid(0.0, points, triangles, values, np.zeros(len(triangles), dtype=np.int64))


def area(grid: Grid) -> float:
    a, b, c = np.moveaxis(grid.points_um[grid.cells], 1, 0)
    return float(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


@pytest.mark.parametrize("level", [0.2, 0.5, 0.77])
def test_part_of_a_grid_below_a_level_has_its_area_and_fields(level: float) -> None:
    part = square(7).below("plane", level)
    # area of {2x - y < level} in the unit square: integral of min(1, (level + y)/2) over y
    assert area(part) == pytest.approx((level + 0.5) / 2.0, rel=1e-12)
    assert part.values["plane"].max() == pytest.approx(level, abs=1e-12)
    assert part.values["plane"] == pytest.approx(2.0 * part.points_um[:, 0] - part.points_um[:, 1], abs=1e-12)


def test_metal_of_a_diffuse_surface_is_no_electrolyte() -> None:
    grid = square(5)
    assert area(grid.electrolyte) == pytest.approx(0.5, rel=1e-12)
    sharp = Grid(0.0, grid.points_um, grid.cells, {"x": grid.values["x"]}, grid.region)
    assert sharp.electrolyte is sharp


def test_a_thinned_curve_keeps_ends_peaks_and_gaps() -> None:
    x = np.arange(10_000.0)
    y = np.sin(1e-3 * x)
    y[1234], y[7001] = 50.0, -40.0
    y[5000:5500] = np.nan
    few_x, few_y = thin(x, y, 200)
    assert len(few_x) <= 200
    assert np.all(np.diff(few_x) > 0)
    assert (few_x[0], few_x[-1]) == (0.0, 9999.0)
    assert (np.nanmax(few_y), np.nanmin(few_y)) == (50.0, -40.0)
    assert np.isnan(few_y).any()
    same_x, same_y = thin(x[:50], y[:50], 200)
    assert np.array_equal(same_x, x[:50])
    assert np.array_equal(same_y, y[:50])


def test_a_raster_samples_linear_fields_exactly_and_only_where_they_are() -> None:
    box = np.zeros(2), np.ones(2)
    sampled = raster(square(6), ["plane", "right"], 900, box)
    x, y = np.meshgrid(sampled.x_um, sampled.y_um)
    assert sampled.values["plane"] == pytest.approx(2.0 * x - y, abs=1e-9)
    assert np.array_equal(np.isnan(sampled.values["right"]), x < 0.5)
    wider = raster(square(6), ["right"], 900, box, reach=2).values["right"]
    step = sampled.x_um[1] - sampled.x_um[0]
    assert np.array_equal(np.isnan(wider), x < 0.5 - 2.0 * step)


def test_a_surface_of_fewer_triangles_stays_where_it_was(tmp_path: Path) -> None:
    shell = Run.read(write_solid_run(tmp_path / "bump")).shell(-1)
    points, triangles, nearest = fewer(shell.points_um, shell.triangles, 300)
    assert len(triangles) <= 330 < len(shell.triangles)
    size = float(np.ptp(shell.points_um))
    away = np.linalg.norm(points - shell.points_um[nearest], axis=1)
    assert away.max() < 0.05 * size
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    reduced = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    assert reduced == pytest.approx(shell.areas_um2.sum(), rel=0.02)
    means = at_vertices(np.full(len(shell.triangles), 3.0), shell.triangles, len(shell.points_um))
    assert means == pytest.approx(3.0)


def test_the_page_stands_alone_and_says_what_was_run(tmp_path: Path) -> None:
    run = write_run(tmp_path / "needle", "needle", frames=3)
    case = 'title = "T"\ngrowth.method = "moving_mesh"\nmetal.name = "N<a>"\n'
    case += 'assumptions."metal.name" = "Guessed."\n'
    (run / "case.toml").write_text(case)
    (run / "provenance.json").write_text('{"tertia": "abc123", "versions": {"numpy": "2"}}')
    made = report.report(run)
    assert made == [run / "report.html"]
    text = made[0].read_text(encoding="utf-8")
    assert len(text) < 15e6
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)  # test_browser knows about those
    assert not ADDRESS.search(outside)
    assert not re.search(r"<script[^>]*src", text[: text.index("plotly.js")])
    assert "http" not in outside.replace("http://www.w3.org", "")
    for words in (
        "dendrite",
        "within 0.1 %",
        "N&lt;a&gt;",
        "Guessed.",
        "abc123",
        "versions.numpy",
        "1 assumption:",
    ):
        assert words in outside, words
    for name in ("front", "concentration", "history", "instrument"):
        data = base64.b64encode((run / "pictures" / f"{name}.png").read_bytes()).decode()
        assert data in outside, name
    assert not list(run.glob("*.part"))


def test_a_closure_beyond_the_promise_is_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "needle", "needle", frames=3)
    text = (run / "summary.json").read_text()
    (run / "summary.json").write_text(re.sub(r'"faraday_error": [^,\n]+', '"faraday_error": 0.004', text))
    for method, words in (("moving_mesh", "ABOVE 0.1 %"), ("phase_field", "within 0.5 %")):
        closures = report._closures(Run.read(run), tomllib.loads(f'growth.method = "{method}"'))
        assert words in closures


def test_every_kind_of_run_has_its_view(tmp_path: Path) -> None:
    needle = interactive.cell_view(Run.read(write_run(tmp_path / "needle", "needle", frames=4)))
    assert [trace.type for trace in needle.data] == ["heatmap", "heatmap", "scatter", "scatter", "scatter"]
    assert len(needle.frames) == 4
    z = needle.data[0].z
    assert np.nanmax(z) == pytest.approx(1000.0, rel=1e-3)
    solid = interactive.cell_view(Run.read(write_solid_run(tmp_path / "bump")))
    assert [trace.type for trace in solid.data] == ["mesh3d", "mesh3d", "mesh3d", "scatter3d"]
    plane = solid.data[1]
    places = np.column_stack([plane.x, plane.y, plane.z]).astype(float)
    assert np.asarray(plane.intensity, dtype=float) == pytest.approx(concentration(places), rel=1e-4)
    kinds = {1: "scatter", 2: "heatmap", 3: "mesh3d"}
    for dimension, kind in kinds.items():
        view = interactive.cell_view(Run.read(fixed.write_run(tmp_path / f"fixed{dimension}", dimension)))
        assert view.data[0].type == kind
        assert [trace.visible for trace in view.data].count(True) >= 1


def test_an_interrupted_run_has_a_page_and_no_run_has_none(tmp_path: Path) -> None:
    run = write_run(tmp_path / "needle", "needle", frames=3)
    (run / "summary.json").unlink()
    assert "unfinished" in report.report(run, tmp_path / "page.html")[0].read_text(encoding="utf-8")
    with pytest.raises(RunError, match="does not exist"):
        report.report(tmp_path / "nothing")


def test_nested_values_are_keys_with_dots() -> None:
    nested = {"a": {"b": 1.5, "c": [1, 2]}, "d": [{"e": True}], "f": None}
    assert list(flat(nested)) == [("a.b", "1.5"), ("a.c", "1 2"), ("d[1].e", "true"), ("f", "")]
