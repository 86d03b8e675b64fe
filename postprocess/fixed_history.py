"""Instrument readings of runs of fixed geometry: voltage and current against time, voltammograms."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from postprocess import style
from postprocess.fixed import Stage, stages
from postprocess.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from postprocess.tables import Floats

MOST_BANDS, MOST_NAMES = 60, 8
"""Segments that are told apart by a band, and that carry their names."""
LETTERS = 75
"""That fit over the time axis."""
ROUNDING = 1e-9
"""V, mA/cm2 or mAh/cm2 below which a reading is zero."""
MILLIAMPERES = 0.1
"""mA/cm2 per A/m2."""


def history(run: Run) -> Figure:
    """Voltage, current density and deposited charge against time, the segments of the program marked."""
    time = run.metric("time_s")
    unit, name = style.time_unit(float(time[-1]))
    rows = [
        ("voltage_V", 1.0, "voltage (V)", style.BLUE),
        ("current_A_m2", MILLIAMPERES, "current density\n(mA/cm²)", style.VERMILION),
        ("capacity_mAh_cm2", *_charge_unit(run), style.GREEN),
    ]
    figure = Figure(figsize=(style.DOUBLE * 0.72, 1.25 * len(rows) + 0.7), layout="constrained")
    panels = figure.subplots(len(rows), 1, sharex=True)
    for ax, (column, factor, label, colour) in zip(panels, rows, strict=True):
        ax.plot(unit * time, factor * run.metric(column), color=colour)
        ax.set(ylabel=label, xlim=(0, unit * time[-1] or None))
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        room(ax, [factor * run.metric(column)])
        bands(ax, run, unit)
    _names(panels[0], run, unit)
    panels[-1].set_xlabel(f"time ({name})")
    figure.align_ylabels(panels)
    return figure


def _charge_unit(run: Run) -> tuple[float, str]:
    """Factor and label of the charge: that of a deposit where the run counts its thickness."""
    factor, unit = (1.0, "mAh") if np.nanmax(np.abs(run.metric("capacity_mAh_cm2"))) >= 0.01 else (1e3, "µAh")
    what = "charge deposited" if "thickness_mean_um" in run.metrics else "cathodic charge"
    return factor, f"{what}\n({unit}/cm²)"


def bands(ax: Axes, run: Run, unit: float) -> None:
    """Shade every other segment."""
    shown = stages(run)
    for stage in shown[1::2] if len(shown) <= MOST_BANDS else []:
        start, end = stage.times(run)
        ax.axvspan(unit * start, unit * end, facecolor="#EEF0F2", edgecolor="none", zorder=0)


def room(ax: Axes, curves: Sequence[Floats]) -> None:
    """Limits of y with some room; values that are constant but for rounding are shown as constant."""
    values = np.concatenate([np.empty(0), *curves])
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    level = max(abs(low), abs(high), ROUNDING)
    spread = high - low if high - low > 1e-6 * level else level
    ax.set_ylim(low - 0.08 * spread, high + 0.08 * spread)


def _names(ax: Axes, run: Run, unit: float) -> None:
    """Names of the segments above them, where they fit on two lines."""
    shown = stages(run)
    if not 1 < len(shown) <= MOST_NAMES:
        return
    whole = unit * float(run.metric("time_s")[-1])
    for stage in shown:
        start, end = (unit * t for t in stage.times(run))
        letters = int(LETTERS * (end - start) / whole) if whole > 0.0 else 0
        written = textwrap.wrap(stage.name, max(letters, 1), break_long_words=False)
        if len(written) <= 2 and all(len(line) <= letters for line in written):
            offset: dict[str, Any] = {
                "xytext": (0, 2),
                "textcoords": "offset points",
                "ha": "center",
                "va": "bottom",
            }
            place = (0.5 * (start + end), 1.0)
            ax.annotate("\n".join(written), place, xycoords=("data", "axes fraction"), fontsize=7.0, **offset)


def sweeps(run: Run) -> list[Stage]:
    """The segments that are sweeps."""
    return [stage for stage in stages(run) if stage.kind == "sweep"]


def voltammogram(run: Run) -> Figure:
    """Current density against voltage during sweeps, cycles told apart by colour."""
    figure = Figure(figsize=(style.SINGLE, 2.6), layout="constrained")
    ax = figure.subplots()
    draw_voltammogram(ax, run)
    cycles = sorted({cycle(stage) for stage in sweeps(run)})
    if len(cycles) > 1:
        colours = ScalarMappable(Normalize(cycles[0], cycles[-1]), style.TIME_MAP)
        bar = figure.colorbar(colours, ax=ax, ticks=MaxNLocator(5, integer=True))
        bar.set_label("cycle")
    return figure


def draw_voltammogram(ax: Axes, run: Run, colour: str | None = None, dash: str = "-") -> None:
    """Draw the sweeps of a run, in one colour or, without one, coloured by cycle."""
    voltage, current = run.metric("voltage_V"), MILLIAMPERES * run.metric("current_A_m2")
    shown = sweeps(run)
    cycles = [cycle(stage) for stage in shown]
    scale = ScalarMappable(Normalize(min(cycles), max(*cycles, min(cycles) + 1)), style.TIME_MAP)
    for stage, number in zip(shown, cycles, strict=True):
        several: Any = shade(scale, number) if len(set(cycles)) > 1 else style.BLUE
        ax.plot(voltage[stage.rows], current[stage.rows], color=colour or several, ls=dash, linewidth=0.9)
    ax.axhline(0.0, color="#B0B0B0", linewidth=0.5, zorder=0)
    ax.set(xlabel="voltage (V)", ylabel="current density (mA/cm²)")


def shade(colours: ScalarMappable, value: float) -> Any:
    """The colour of a value."""
    return colours.get_cmap()(colours.norm(value))


def cycle(stage: Stage) -> int:
    """Number of the cycle that a segment belongs to, 1 where its name has none."""
    found = re.search(r"cycle (\d+)/", stage.name)
    return int(found[1]) if found else 1
