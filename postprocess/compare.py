"""Several runs side by side: final concentration and fronts of each, growth against capacity, numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from postprocess import draw, fixed_compare, style
from postprocess.field_lines import SPACING
from postprocess.run import Run, RunError
from postprocess.view import view

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from postprocess.fields import Field
    from postprocess.view import View

TALLEST, NARROWEST = 3.2, 0.7  # height and smallest width of a picture of a cell, inches
LEFT, PAIR, BETWEEN, BAR, CURVES, ROW = 0.5, 0.3, 0.65, 0.9, 1.75, 0.17  # spaces, inches
LETTERS, TITLE_LINES = 15, 3  # letters per inch; lines of a title
MISSING = "-"
SOLID = "No picture of {}: runs in 3D have theirs in RUN/pictures."


def compare(runs: Sequence[Path], out: Path | None = None) -> list[Path]:
    """Draw runs side by side, as a figure of a paper would, all cells at one scale.

    Each run has the concentration at its end with deposit and field lines, and its fronts coloured by time;
    below stand tip height and roughness of all runs against capacity, and a table of the final numbers.
    Of runs in 3D there are curves and numbers only.
    Runs of fixed geometry have their readings in common axes instead, see `fixed_compare.draw_comparison`.

    Args:
        runs: Run folders, one or more, finished or interrupted.
        out: Where to: a folder, or a file whose ending is replaced; beside the first run where not given.

    Returns:
        The PNG and the PDF made.

    Raises:
        RunError: A folder is not a run, or holds no fields or fronts yet.
    """
    if not runs:
        raise RunError("There is nothing to compare: name at least one run folder.")
    data = [Run.read(run) for run in runs]
    if len({run.fixed for run in data}) > 1:
        raise RunError(
            "Runs of fixed and of growing geometry have nothing to compare: name runs of one kind."
        )
    for run in data:
        if run.fixed and not run.steps:
            raise RunError(f"Run {run.folder} stopped before its first step: there is nothing to compare.")
        if not run.fixed and not ((run.fronts or run.solid) and run.field_files and run.steps):
            raise RunError(f"Run {run.folder} stopped before its first output: there is nothing to compare.")
    name = "_".join(["compare", *dict.fromkeys(run.folder.resolve().name for run in data)])
    if out is None:
        stem = data[0].folder.resolve().parent / name
    else:
        stem = out.with_suffix("") if out.suffix in (".png", ".pdf") else out / name
    with style.publication():
        if data[0].fixed:
            return style.save(fixed_compare.draw_comparison(data, labels(data)), stem)
        return style.save(draw_comparison(data), stem)


def draw_comparison(runs: Sequence[Run]) -> Figure:
    """The figure of `compare`: two axes and two colour bars per run, two plots of curves and a table."""
    plane = [run for run in runs if run.fronts]
    fields, views = [run.field(-1) for run in plane], [view(run) for run in plane]
    height = max((cell.height for cell in views), default=0.0)
    depth = 0.02 * height
    widths = [cell.width for cell in views]
    room = style.DOUBLE - LEFT - len(plane) * PAIR - (len(plane) - 1) * BETWEEN
    scale = 0.0
    if plane:
        scale = max(min(TALLEST / (height + depth), room / (2 * sum(widths))), NARROWEST / max(widths) / 2)
    pairs = [2 * max(scale * width, NARROWEST) + PAIR for width in widths]
    needed = sum(pairs) + (len(plane) - 1) * BETWEEN
    across = max(style.DOUBLE, LEFT + needed + 0.1)
    rows = table(runs)
    table_height = ROW * (len(rows) + 1) + 0.15
    cells = table_height + 0.45 + CURVES + (0.25 + BAR if plane else 0.0)
    up = scale * (height + depth)
    figure = Figure(figsize=(across, cells + up + (0.75 if plane else 0.35)))
    left = LEFT + 0.5 * (across - LEFT - needed)
    colours = draw.concentration_scale(fields) if plane else Normalize()
    names = dict(zip([run.folder for run in runs], labels(runs), strict=True))
    for run, field, cell, pair in zip(plane, fields, views, pairs, strict=True):
        box = (left, cells, 0.5 * (pair - PAIR), up, scale)
        _cell(figure, run, names[run.folder], field, colours, box, replace(cell, top=cell.bottom + height))
        left += pair + BETWEEN
    solid = [names[run.folder] for run in runs if run.solid]
    if solid:
        figure.text(0.5, 1.0, SOLID.format(", ".join(solid)), ha="center", va="bottom")
    _curves(figure, runs, table_height + 0.45)
    _write_table(figure, runs, rows, table_height)
    return figure


def _cell(
    figure: Figure,
    run: Run,
    label: str,
    field: Field,
    colours: Normalize,
    box: tuple[float, float, float, float, float],
    cell: View,
) -> None:
    """Draw one run and its colour bars; box: left, bottom, slot, up, scale; `cell` is as high as all."""
    left, bottom, slot, up, scale = box
    depth = 0.02 * cell.height
    own = view(run)
    unit, name = style.time_unit(run.fronts[-1].time_s)
    axes = []
    for k in range(2):
        inset = left + k * (slot + PAIR) + 0.5 * (slot - scale * cell.width)
        ax = draw.place(figure, inset, bottom, scale * cell.width, up)
        if k == 0:
            electrodes = run.electrodes_at(field.time_s)
            spacing = SPACING * cell.height / own.height  # the same in all cells, which have one scale
            draw.concentration(ax, field, electrodes, own, colours, spacing)
            ax.set_facecolor("none")
            shade = ScalarMappable(colours, style.CONCENTRATION_MAP)
        else:
            shown, counters = (
                [every[j] for j in draw.spread_in_time([f.time_s for f in every], 25)]
                for every in (run.fronts, run.counters)
            )
            shade = draw.fronts(ax, shown, counters, own, unit, width=0.6)
            ax.tick_params(labelleft=False)
        draw.short_circuit(ax, run)
        draw.substrate(ax, run.fronts[0], own, depth)
        draw.whole_cell(ax, cell, depth)
        bar = draw.place(figure, left + k * (slot + PAIR), bottom - 0.53, slot, 0.08)
        draw.colour_bar(bar, shade, "c (mol/m³)" if k == 0 else f"time ({name})", horizontal=True)
        axes.append(ax)
    axes[1].set_ylabel("")
    middle = (left + slot + 0.5 * PAIR) / figure.get_size_inches()[0]
    top = (bottom + up + 0.09) / figure.get_size_inches()[1]
    title = textwrap.fill(run.title, max(12, int(LETTERS * (2 * slot + PAIR + 0.3))), max_lines=TITLE_LINES)
    figure.text(middle, top, title, ha="center", va="bottom")
    top += (0.02 + 0.14 * len(title.splitlines())) / figure.get_size_inches()[1]
    figure.text(middle, top, label, ha="center", va="bottom", fontsize=9, fontweight="bold")


def _curves(figure: Figure, runs: Sequence[Run], bottom: float) -> None:
    """Tip height and roughness of all runs against capacity."""
    across = float(figure.get_size_inches()[0])
    width = 0.5 * (across - LEFT - 0.65 - 0.1)
    tip = draw.place(figure, LEFT, bottom, width, CURVES)
    rough = draw.place(figure, across - width - 0.1, bottom, width, CURVES)
    lines = []
    for run, label, colour, dash in zip(
        runs, labels(runs), cycle(style.CYCLE), cycle(("-", "--", "-.", ":")), strict=False
    ):
        capacity, roughness = run.metric("capacity_mAh_cm2"), run.metric("roughness_um")
        tip.plot(capacity, run.metric("tip_height_um"), color=colour, ls=dash)
        rough.plot(capacity, np.where(roughness > 0, roughness, np.nan), color=colour, ls=dash)
        lines.append(Line2D([], [], color=colour, ls=dash, label=label))
    least = min(float(np.nanmin(run.metric("capacity_mAh_cm2"))) for run in runs)
    begin = 0 if least >= -1e-6 else None  # metal may be dissolved first
    tip.set(xlabel="capacity (mAh/cm²)", ylabel="tip height (µm)", xlim=(begin, None), ylim=(0, None))
    rough.set(xlabel="capacity (mAh/cm²)", ylabel="RMS roughness (µm)", xlim=(begin, None))
    for ax in (tip, rough):
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if any(np.any(run.metric("roughness_um") > 0) for run in runs):
        rough.set_yscale("log")
    tip.legend(handles=lines, loc="best")


def labels(runs: Sequence[Run]) -> list[str]:
    """Folder names of runs; those that occur more than once are numbered."""
    names = [run.folder.resolve().name for run in runs]
    return [f"{n} ({names[: k + 1].count(n)})" if names.count(n) > 1 else n for k, n in enumerate(names)]


def table(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Final numbers of runs as text: rows of a label and one entry per run."""

    def last(name: str, text: str) -> Callable[[Run], str]:
        def entry(run: Run) -> str:
            value = run.summary.get(name)
            if value is None and name in run.metrics:
                value = run.metrics[name][-1]
            return MISSING if value is None or not np.isfinite(value) else format(float(value), text)

        return entry

    def smoothness(run: Run) -> str:
        mean = float(run.metric("thickness_mean_um")[-1])
        return f"{float(run.metric('roughness_um')[-1]) / mean:.3g}" if mean > 0 else MISSING

    entries: list[tuple[str, Callable[[Run], str]]] = [
        ("verdict", lambda run: str(run.summary.get("verdict", "unfinished"))),
        ("stopped because", lambda run: str(run.summary.get("stop_reason", "unfinished"))),
        ("time (s)", last("time_s", ".4g")),
        ("capacity (mAh/cm²)", last("capacity_mAh_cm2", ".3g")),
        ("mean thickness (µm)", last("thickness_mean_um", ".3g")),
        ("tip height (µm)", last("tip_height_um", ".3g")),
        ("RMS roughness (µm)", last("roughness_um", ".3g")),
        ("roughness / mean thickness", smoothness),
        ("aspect ratio", last("aspect_ratio", ".3g")),
        ("coverage", last("coverage", ".3g")),
        ("dead metal (µm²)", last("dead_metal_um2", ".3g")),
        ("Faraday closure error", last("faraday_error", ".1e")),
    ]
    return [(label, [entry(run) for run in runs]) for label, entry in entries]


def _write_table(
    figure: Figure, runs: Sequence[Run], rows: list[tuple[str, list[str]]], height: float
) -> None:
    across = float(figure.get_size_inches()[0])
    ax: Axes = draw.place(figure, LEFT, 0.0, across - LEFT - 0.1, height)
    ax.set(xlim=(0, 1), ylim=(-len(rows) - 0.5, 1))
    ax.set_axis_off()
    first = min(0.3, 1.9 / across)
    column = (1 - first) / len(runs)
    for k, name in enumerate(labels(runs)):
        ax.text(first + column * k, 0, name, fontweight="bold", va="center")
    for number, (label, entries) in enumerate(rows, start=1):
        ax.text(0, -number, label, va="center")
        for k, entry in enumerate(entries):
            ax.text(first + column * k, -number, entry, va="center")
    for level in (0.6, -0.5, -len(rows) - 0.45):
        ax.axhline(level, color=style.BLACK, linewidth=0.6)
