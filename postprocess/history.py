"""History of one run: heights, roughness, current, coverage and floating seeds against time and capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from postprocess import style
from postprocess.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from postprocess.tables import Floats

DEAD = {"dead_metal_um2": "µm²", "dead_metal_um3": "µm³"}
"""Columns of the metal without contact, in 2D and 3D, and their units."""
SMALL = 1e-6
"""Micrometres that are nothing."""


def history(run: Run) -> Figure:
    """Four panels against time; capacity on the upper axis."""
    time = run.metric("time_s")
    figure = Figure(figsize=(style.DOUBLE, 4.4), layout="constrained")
    panels = figure.subplots(2, 2)
    unit, name = style.time_unit(float(time[-1]))
    _heights(panels[0, 0], run, unit * time)
    _roughness(panels[0, 1], run, unit * time)
    _current(panels[1, 0], run, unit * time)
    for ax in (panels[0, 0], panels[0, 1], panels[1, 0]):
        ax.set(xlabel=f"time ({name})", xlim=(0, unit * time[-1]))
        _capacity_axis(ax, time, unit, run.metric("capacity_mAh_cm2"))
    _coverage(panels[1, 1], run)
    for letter, ax in zip("abcd", panels.flat, strict=True):
        ax.text(0.025, 0.965, f"({letter})", transform=ax.transAxes, va="top", fontweight="bold")
    return figure


def _heights(ax: Axes, run: Run, time: Floats) -> None:
    ax.plot(time, run.metric("tip_height_um"), color=style.VERMILION, label="tip height")
    ax.plot(time, run.metric("thickness_max_um"), color=style.BLACK, ls=":", label="maximum thickness")
    ax.plot(time, run.metric("thickness_mean_um"), color=style.BLUE, label="mean thickness")
    shown = ("tip_height_um", "thickness_max_um", "thickness_mean_um")
    lowest = min(float(np.nanmin(run.metric(name))) for name in shown)  # below 0 where metal was dissolved
    ax.set(ylabel="height (µm)", ylim=(0, None) if lowest >= -SMALL else (None, None))
    ax.legend(loc="upper left", bbox_to_anchor=(0.07, 1.0))


def _roughness(ax: Axes, run: Run, time: Floats) -> None:
    roughness = run.metric("roughness_um")
    factor, unit = (1e3, "nm") if np.nanmax(roughness) < 0.5 else (1.0, "µm")
    ax.plot(time, factor * roughness, color=style.GREEN)
    ax.set(ylabel=f"RMS roughness ({unit})", ylim=(0, None))
    dead = next((name for name in DEAD if name in run.metrics), None)
    if dead is not None and np.nanmax(run.metric(dead)) > 0:
        ax.yaxis.label.set_color(style.GREEN)
        right = ax.twinx()
        right.plot(time, run.metric(dead), color=style.ORANGE, drawstyle="steps-post")
        right.set(ylabel=f"dead metal ({DEAD[dead]})", ylim=(0, None))
        right.yaxis.label.set_color(style.ORANGE)


def _current(ax: Axes, run: Run, time: Floats) -> None:
    density = -0.1 * run.metric("current_A_m2")
    ax.plot(time, density, color=style.PURPLE)
    low, high = float(np.nanmin(density)), float(np.nanmax(density))
    ax.set(
        ylabel="deposition current\ndensity (mA/cm²)", ylim=(min(0.0, 1.05 * low), max(1.15 * high, 1e-12))
    )


def _coverage(ax: Axes, run: Run) -> None:
    """Coverage and floating seeds; the time axis ends soon after the film has closed."""
    time, coverage = run.metric("time_s"), run.metric("coverage")
    open_until = time[coverage < 0.999]
    end = float(time[-1])
    if len(open_until) and len(open_until) < len(time):
        end = min(end, 2 * float(open_until[-1]))
    unit, name = style.time_unit(end)
    ax.plot(unit * time, coverage, color=style.BLUE)
    ax.set(xlabel=f"time ({name})", xlim=(0, unit * end), ylim=(0, 1.15), ylabel="coverage")
    ax.yaxis.label.set_color(style.BLUE)
    seeds = ax.twinx()
    number = run.metric("floating_patches")
    seeds.plot(unit * time, number, color=style.VERMILION, drawstyle="steps-post")
    seeds.set(ylabel="floating seeds", ylim=(0, 1.15 * max(4.0, float(np.nanmax(number)))))
    seeds.yaxis.label.set_color(style.VERMILION)
    seeds.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    _capacity_axis(ax, time, unit, run.metric("capacity_mAh_cm2"))


def _capacity_axis(ax: Axes, time: Floats, unit: float, capacity: Floats) -> None:
    """Mark round values of the capacity above `ax`, where the run passed them for the first time."""
    passed = np.r_[0.0, np.maximum.accumulate(np.nan_to_num(capacity))]
    moment = unit * np.r_[0.0, time]
    end = float(np.interp(ax.get_xlim()[1], moment, passed))
    if end <= 0:
        return
    exponent = int(np.floor(np.log10(end)))
    factor, name = (1e3, "µAh/cm²") if exponent < -2 else (1.0, "mAh/cm²")
    ticks = [tick for tick in MaxNLocator(4).tick_values(0, factor * end) if 0 <= tick <= factor * end]
    upper = ax.twiny()
    upper.set(xlim=ax.get_xlim(), xlabel=f"capacity ({name})")
    rising = np.r_[True, np.diff(passed) > 0]
    upper.set_xticks(
        np.interp(np.array(ticks) / factor, passed[rising], moment[rising]), [f"{t:.6g}" for t in ticks]
    )
