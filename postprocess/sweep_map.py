"""Maps of a sweep: what came of its runs, over the keys that were varied.

Reads sweep.json (the axes) and sweep.csv (a row per run). A map over two keys is of tiles where both took
some values each, of dots where one was sampled; further keys that took some values each make panels.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter

from postprocess import style
from postprocess.run import RunError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, str]

MOST_PANELS, ACROSS = 12, 4
DEFAULTS = ("verdict", "aspect_ratio"), ("voltage_V",)
"""Columns drawn unless others are asked for: of growing cells, and where there is none of those."""
VERDICTS = {
    "flat": style.BLUE,
    "bump": style.SKY,
    "dendrite": style.ORANGE,
    "short circuit": style.VERMILION,
}
ABSENT = "#D9DCE0"  # runs without a result


@dataclass(frozen=True)
class Axis:
    """A varied key.

    Attributes:
        column: of the table.
        label: with its unit.
        kind: "values", "range" or "range log".
    """

    column: str
    label: str
    kind: str

    def values(self, rows: Sequence[Row]) -> list[str]:
        """What the key took, in ascending order if these are numbers, else in the order of the runs."""
        found = list(dict.fromkeys(row[self.column] for row in rows))
        return sorted(found, key=float) if all(map(_is_number, found)) else found


def draw(folder: Path, columns: Sequence[str] | None = None) -> list[Path]:
    """Draw maps of `columns` of sweep.csv into FOLDER/pictures, as PNG and PDF.

    Raises:
        RunError: the folder is no sweep with a table, or a column is unknown or empty.
    """
    axes, rows = _read(folder)
    known = list(rows[0])
    if columns is None:
        first, second = ([name for name in names if _filled(rows, name)] for names in DEFAULTS)
        columns = first or second
    for name in columns:
        if name not in known:
            raise RunError(f"sweep.csv in {folder} has no column {name}; it has {', '.join(known)}")
        if not _filled(rows, name):
            raise RunError(f"column {name} of sweep.csv in {folder} is empty")
    made: list[Path] = []
    with style.publication():
        for name in columns:
            stem = "".join(letter if letter.isalnum() or letter in "_.-" else "_" for letter in name)
            made += style.save(figure(axes, rows, name), folder / "pictures" / stem)
    return made


def figure(axes: Sequence[Axis], rows: Sequence[Row], column: str) -> Figure:
    """The map of one column."""
    shown, panels = tuple(axes[:2]), _panels(axes[2:], rows)
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    width = style.SINGLE if across == 1 else style.DOUBLE
    made = Figure(figsize=(width, down * (0.85 * width / across + 0.3)), layout="constrained")
    scale = _Words.of(rows, column) if _worded(rows, column) else _Numbers.of(rows, column)
    grid = made.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for place, (title, part) in zip(grid.flat, panels, strict=False):
        if len(shown) == 1:
            _along(place, shown[0], part, column, scale)
        else:
            _over(place, (shown[0], shown[1]), rows, part, column, scale)
        place.set_title(title)
    for place in grid.flat[len(panels) :]:
        place.set_visible(False)
    made.supxlabel(shown[0].label, fontsize=style.RC["axes.labelsize"])
    made.supylabel(shown[1].label if len(shown) > 1 else column, fontsize=style.RC["axes.labelsize"])
    if len(shown) > 1 or isinstance(scale, _Words):
        scale.explain(made, grid, column, absent=any(not row.get(column) for row in rows))
    return made


@dataclass(frozen=True)
class _Words:
    """Colours of words, such as verdicts."""

    colours: dict[str, str]

    @classmethod
    def of(cls, rows: Sequence[Row], column: str) -> _Words:
        found = {row[column] for row in rows if row[column]}
        words = [word for word in VERDICTS if word in found] + sorted(found - set(VERDICTS))
        free = [colour for colour in style.CYCLE if colour not in {VERDICTS.get(word) for word in words}]
        others = {word: free[k % len(free)] for k, word in enumerate(w for w in words if w not in VERDICTS)}
        return cls({word: VERDICTS.get(word) or others[word] for word in words})

    def colour(self, text: str) -> Any:
        return self.colours.get(text, ABSENT)

    def height(self, text: str) -> float:
        return float(list(self.colours).index(text))

    def explain(self, made: Figure, grid: Any, column: str, *, absent: bool) -> None:
        entries = [*self.colours.items(), *([("no result", ABSENT)] if absent else [])]
        marks = [Line2D([], [], marker="s", ls="", color=colour, label=word) for word, colour in entries]
        made.legend(handles=marks, loc="outside upper center", ncols=min(4, len(marks)), title=column)


@dataclass(frozen=True)
class _Numbers:
    """Colours of numbers."""

    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[Row], column: str) -> _Numbers:
        found = [float(row[column]) for row in rows if _is_number(row[column])]
        low, high = min(found), max(found)
        margin = 0.5 * abs(high) or 0.5
        return cls(low, high) if high > low else cls(low - margin, high + margin)

    def colour(self, text: str) -> Any:
        from matplotlib import colormaps

        if not _is_number(text):
            return ABSENT
        return colormaps[style.TIME_MAP]((float(text) - self.low) / (self.high - self.low))

    def height(self, text: str) -> float:
        return float(text)

    def explain(self, made: Figure, grid: Any, column: str, *, absent: bool) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        scale = ScalarMappable(Normalize(self.low, self.high), style.TIME_MAP)
        plain = ScalarFormatter(useOffset=False)
        label = column + (", grey: no result" if absent else "")
        made.colorbar(scale, ax=grid, label=label, format=plain)


def _along(place: Axes, axis: Axis, rows: Sequence[Row], column: str, scale: _Words | _Numbers) -> None:
    """A column over one key."""
    position = _positions(axis, rows)
    known = sorted(
        (position[row[axis.column]], scale.height(row[column]), row[column]) for row in rows if row[column]
    )
    if isinstance(scale, _Numbers):
        place.plot([x for x, _, _ in known], [y for _, y, _ in known], color=style.BLACK, lw=0.6, zorder=1)
    else:
        place.set_yticks(range(len(scale.colours)), list(scale.colours))
        place.set_ylim(-0.5, len(scale.colours) - 0.5)
    colours = [style.BLUE if isinstance(scale, _Numbers) else scale.colour(text) for _, _, text in known]
    place.scatter([x for x, _, _ in known], [y for _, y, _ in known], c=colours, s=18, zorder=2)
    _ticks(place, "x", axis, rows)


def _over(
    place: Axes,
    axes: tuple[Axis, Axis],
    everything: Sequence[Row],
    rows: Sequence[Row],
    column: str,
    scale: _Words | _Numbers,
) -> None:
    """A column over two keys: tiles if both took some values each, else dots."""
    if all(axis.kind == "values" for axis in axes):
        steps = [{text: k for k, text in enumerate(axis.values(everything))} for axis in axes]
        for row in rows:
            x, y = (step[row[axis.column]] for step, axis in zip(steps, axes, strict=True))
            colour = scale.colour(row[column])
            place.bar(x, 1.0, 1.0, y - 0.5, color=colour, edgecolor="white", linewidth=1.0)
        for name, step, axis in zip("xy", steps, axes, strict=True):
            _index(place, name, axis, step)
        return
    positions = [_positions(axis, everything) for axis in axes]
    across, up = ([p[row[a.column]] for row in rows] for p, a in zip(positions, axes, strict=True))
    colours = [scale.colour(row[column]) for row in rows]
    place.scatter(across, up, c=colours, s=22, edgecolors=style.METAL_EDGE, linewidths=0.4)
    for name, axis in zip("xy", axes, strict=True):
        _ticks(place, name, axis, everything)


def _positions(axis: Axis, rows: Sequence[Row]) -> dict[str, float]:
    """Where the values of a key stand: as numbers, words one after the other."""
    texts = axis.values(rows)
    worded = not all(map(_is_number, texts))
    return {text: float(k) if worded else float(text) for k, text in enumerate(texts)}


def _ticks(place: Axes, name: str, axis: Axis, rows: Sequence[Row]) -> None:
    """Ticks at the values where they are words, a logarithmic axis where that was sampled."""
    texts = axis.values(rows)
    if not all(map(_is_number, texts)):
        _index(place, name, axis, {text: k for k, text in enumerate(texts)})
    elif axis.kind == "range log":
        place.set(**{f"{name}scale": "log"})


def _index(place: Axes, name: str, axis: Axis, step: dict[str, int]) -> None:
    labels = [f"{float(text):.6g}" if _is_number(text) else text for text in step]
    place.set(**{f"{name}ticks": list(step.values()), f"{name}ticklabels": labels})
    place.set(**{f"{name}lim": (-0.5, len(step) - 0.5)})
    place.tick_params(axis="both" if name == "x" else "y", length=0)
    if name == "x" and max(map(len, labels)) * len(labels) > 24:
        place.tick_params(axis="x", rotation=90)


def _panels(axes: Sequence[Axis], rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Title and rows of each panel: one per combination of further keys, or one for all if these are many."""
    values = [axis.values(rows) for axis in axes]
    sampled = any(axis.kind != "values" for axis in axes)
    if not axes or sampled or math.prod(map(len, values)) > MOST_PANELS:
        hidden = ", ".join(axis.label for axis in axes)
        return [(f"all values of {hidden}" if hidden else "", list(rows))]
    panels = []
    for texts in product(*values):
        words = [f"{axis.label}: {_short(text)}" for axis, text in zip(axes, texts, strict=True)]
        part = [row for row in rows if all(row[a.column] == t for a, t in zip(axes, texts, strict=True))]
        panels.append(("\n".join(words), part))
    return panels


def _short(text: str) -> str:
    return f"{float(text):.6g}" if _is_number(text) else text


def _worded(rows: Sequence[Row], column: str) -> bool:
    return not all(_is_number(row[column]) for row in rows if row[column])


def _filled(rows: Sequence[Row], column: str) -> bool:
    return any(row.get(column) for row in rows)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _read(folder: Path) -> tuple[list[Axis], list[Row]]:
    """Axes, and the rows of runs that were not refused."""
    try:
        plan = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
        with (folder / "sweep.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        axes = [Axis(axis["column"], axis["label"], axis["kind"]) for axis in plan["axes"]]
    except OSError as error:
        raise RunError(f"{folder} is no sweep with a table: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{folder} is no sweep with a table: its files cannot be read") from None
    rows = [row for row in rows if row.get("status") != "refused"]
    if not rows or not axes:
        raise RunError(f"the sweep in {folder} has no runs")
    return axes, rows
