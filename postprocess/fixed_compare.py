"""Several runs of fixed geometry side by side: readings, voltammograms, profiles at the end, numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from postprocess import style
from postprocess.fixed_history import MILLIAMPERES, draw_voltammogram, room, sweeps
from postprocess.fixed_pictures import draw_profile, quantities
from postprocess.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISSING = "-"
DASHES = ("-", "--", "-.", ":")
NUMBERS = (
    ("stopped because", "stop_reason", ""),
    ("time (s)", "time_s", ".5g"),
    ("voltage (V)", "voltage_V", ".6g"),
    ("current density (A/m²)", "current_A_m2", ".6g"),
    ("charge deposited (mAh/cm²)", "capacity_mAh_cm2", ".5g"),
    ("mean thickness (µm)", "thickness_mean_um", ".4g"),
    ("largest mass error", "mass_error_max", ".1e"),
    ("largest current error", "current_error_max", ".1e"),
    ("steps", "steps", ".0f"),
    ("unknowns", "unknowns", ".0f"),
    ("wall time (s)", "wall_s", ".3g"),
)
"""Rows of the table: label, key of summary.json, format."""
LINE, COLUMN, PANEL = 0.17, 1.7, 1.9
"""Heights of a line of the table and of a panel, width of a column; inches."""
LETTERS = 24
"""Of an entry of the table."""

Look = tuple[str, str]


def draw_comparison(runs: Sequence[Run], names: Sequence[str]) -> Figure:
    """Readings of all runs in common axes, profiles of 1D cells at their end, a table of final numbers."""
    looks = list(islice(zip(cycle(style.CYCLE), cycle(DASHES), strict=False), len(runs)))
    panels: list[Callable[..., None]] = [
        partial(_reading, column="voltage_V", factor=1.0, label="voltage (V)"),
        partial(_reading, column="current_A_m2", factor=MILLIAMPERES, label="current density (mA/cm²)"),
    ]
    if any(sweeps(run) for run in runs):
        panels.append(_voltammograms)
    panels += _profiles(runs)
    rows = -(-len(panels) // 2)
    entries = table(runs)
    below = LINE * (len(entries) + 1.5)
    above = PANEL * rows + 0.3
    size = (max(style.DOUBLE, 1.9 + COLUMN * len(runs)), above + below)
    figure = Figure(figsize=size, layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[above, below])
    axes = top.subplots(rows, 2, squeeze=False).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        panel(ax, runs, looks)
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    key = [Line2D([], [], color=c, ls=d, label=n) for n, (c, d) in zip(names, looks, strict=True)]
    top.legend(handles=key, loc="outside upper center", ncols=min(len(key), 4))
    _write(bottom.subplots(), names, entries)
    return figure


def table(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Final numbers of runs as text: rows of a label and one entry per run; rows that nobody has left out."""

    def entry(run: Run, key: str, form: str) -> str:
        value = run.summary.get(key)
        if value is None and key in run.metrics and run.steps:
            value = float(run.metrics[key][-1])
        if isinstance(value, str):
            return textwrap.shorten(value, LETTERS, placeholder=" ...")
        return MISSING if value is None or not np.isfinite(value) else format(float(value), form)

    rows = [(label, [entry(run, key, form) for run in runs]) for label, key, form in NUMBERS]
    return [(label, entries) for label, entries in rows if set(entries) != {MISSING}]


def _reading(
    ax: Axes, runs: Sequence[Run], looks: Sequence[Look], *, column: str, factor: float, label: str
) -> None:
    longest = max(float(run.metric("time_s")[-1]) for run in runs)
    unit, name = style.time_unit(longest)
    for run, (colour, dash) in zip(runs, looks, strict=True):
        ax.plot(unit * run.metric("time_s"), factor * run.metric(column), color=colour, ls=dash)
    room(ax, [factor * run.metric(column) for run in runs])
    ax.set(xlabel=f"time ({name})", ylabel=label, xlim=(0, unit * longest or None))


def _voltammograms(ax: Axes, runs: Sequence[Run], looks: Sequence[Look]) -> None:
    for run, (colour, dash) in zip(runs, looks, strict=True):
        if sweeps(run):
            draw_voltammogram(ax, run, colour, dash)


def _profiles(runs: Sequence[Run]) -> list[Callable[..., None]]:
    """A panel for every quantity of the 1D cells among the runs, at the end of each."""
    last = [run.grid(-1) if run.field_files else None for run in runs]
    ends = [grid if grid is not None and grid.dimension == 1 else None for grid in last]
    flat = [grid for grid in ends if grid is not None]
    if not flat:
        return []
    labels: dict[str, str] = {}
    for grid in flat:
        labels = {**quantities(grid), **labels}

    def draw_one(ax: Axes, runs: Sequence[Run], looks: Sequence[Look], name: str) -> None:
        for grid, (colour, dash) in zip(ends, looks, strict=True):
            if grid is not None and name in grid.values:
                draw_profile(ax, grid, name, flat, color=colour, ls=dash)
        room(ax, [grid.values[name] for grid in flat if name in grid.values])
        ax.set(ylabel=f"{labels[name]}, at the end")

    return [partial(draw_one, name=name) for name in labels]


def _write(ax: Any, names: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> None:
    ax.set(xlim=(0, 1), ylim=(-len(rows) - 0.6, 0.8))
    ax.set_axis_off()
    first = min(0.3, 1.9 / (1.9 + COLUMN * len(names)))
    width = (1.0 - first) / len(names)
    for k, name in enumerate(names):
        ax.text(first + width * k, 0, name, fontweight="bold", va="center")
    for number, (label, entries) in enumerate(rows, start=1):
        ax.text(0, -number, label, va="center")
        for k, entry in enumerate(entries):
            ax.text(first + width * k, -number, entry, va="center")
    for level in (0.6, -0.5, -len(rows) - 0.55):
        ax.axhline(level, color=style.BLACK, linewidth=0.6)
