"""Maps of a sweep, from made-up tables."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from postprocess.run import RunError
from postprocess.sweep_map import ABSENT, VERDICTS, Axis, draw, figure

GAP, VOLTAGE = Axis("gap_um", "gap / um", "values"), Axis("voltage_V", "voltage / V", "values")
RATE = Axis("rate", "rate", "range log")


def table(*axes: Axis, n: int = 3) -> list[dict[str, str]]:
    rows = []
    for k, values in enumerate(product(range(1, n + 1), repeat=len(axes))):
        row = {axis.column: str(10.0 * value) for axis, value in zip(axes, values, strict=True)}
        row |= {"status": "done", "verdict": list(VERDICTS)[k % 4], "tip_height_um": str(k / 2), "empty": ""}
        rows.append(row)
    return rows


def folder(path: Path, axes: list[Axis], rows: list[dict[str, str]]) -> Path:
    (path / "sweep.json").write_text(json.dumps({"axes": [vars(axis) for axis in axes]}), encoding="utf-8")
    with (path / "sweep.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def tiles(place: Any) -> dict[tuple[float, float], Any]:
    from matplotlib.colors import to_hex

    return {(p.get_x() + 0.5, p.get_y() + 0.5): to_hex(p.get_facecolor()).upper() for p in place.patches}


def test_a_grid_is_drawn_as_tiles_of_its_verdicts() -> None:
    rows = table(GAP, VOLTAGE)
    rows[4] |= {"status": "killed", "verdict": ""}
    made = figure([GAP, VOLTAGE], rows, "verdict")
    found = tiles(made.axes[0])
    for k, (x, y) in enumerate(product(range(3), repeat=2)):
        assert found[x, y] == (ABSENT if k == 4 else VERDICTS[list(VERDICTS)[k % 4]]).upper()
    assert [text.get_text() for text in made.axes[0].get_xticklabels()] == ["10", "20", "30"]
    assert "no result" in {text.get_text() for text in made.legends[0].get_texts()}


def test_samples_are_dots_on_a_logarithmic_axis() -> None:
    made = figure([RATE, VOLTAGE], table(RATE, VOLTAGE), "tip_height_um")
    place = made.axes[0]
    assert place.get_xscale() == "log"
    assert len(place.collections[0].get_offsets()) == 9


def test_one_key_is_a_curve_and_a_third_key_makes_panels() -> None:
    made = figure([GAP], table(GAP), "tip_height_um")
    assert list(made.axes[0].lines[0].get_ydata()) == [0.0, 0.5, 1.0]
    kind = Axis("kind", "kind", "values")
    made = figure([GAP, VOLTAGE, kind], table(GAP, VOLTAGE, kind), "verdict")
    titles = [place.get_title() for place in made.axes if place.get_visible()]
    assert titles == ["kind: 10", "kind: 20", "kind: 30"]


def test_refused_runs_are_not_drawn_and_defaults_are_what_there_is(tmp_path: Path) -> None:
    rows = table(GAP, VOLTAGE)
    rows[0]["status"] = "refused"
    files = draw(folder(tmp_path, [GAP, VOLTAGE], rows))
    assert [file.name for file in files] == ["verdict.png", "verdict.pdf"]
    files = draw(tmp_path, ["tip_height_um"])
    assert all(file.stat().st_size > 1000 for file in files)


@pytest.mark.parametrize(
    ("columns", "says"), [(["nothing"], "no column nothing"), (["empty"], "column empty of .* is empty")]
)
def test_columns_that_cannot_be_drawn(tmp_path: Path, columns: list[str], says: str) -> None:
    with pytest.raises(RunError, match=says):
        draw(folder(tmp_path, [GAP, VOLTAGE], table(GAP, VOLTAGE)), columns)


def test_a_folder_without_a_table(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no sweep with a table"):
        draw(tmp_path)
    (tmp_path / "sweep.json").write_text("[]", encoding="utf-8")
    (tmp_path / "sweep.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(RunError, match="cannot be read"):
        draw(tmp_path)
