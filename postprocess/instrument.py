"""What the instrument read while an electrode grew: voltage and current against time and capacity."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from postprocess import style
from postprocess.fixed_history import room
from postprocess.run import Run

MILLIAMPERES = -0.1
"""Current density in A/m2 to that of deposition in mA/cm2."""


def instrument(run: Run) -> Figure:
    """Voltage above deposition current density, against time on the left and capacity on the right."""
    time, capacity = run.metric("time_s"), run.metric("capacity_mAh_cm2")
    unit, name = style.time_unit(float(time[-1]))
    axes = [(unit * time, f"time ({name})"), (capacity, "capacity (mAh/cm²)")]
    rows = [
        ("voltage_V", 1.0, "voltage (V)", style.BLUE),
        ("current_A_m2", MILLIAMPERES, "deposition current\ndensity (mA/cm²)", style.PURPLE),
    ]
    figure = Figure(figsize=(style.DOUBLE, 3.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    for row, (column, factor, label, colour) in zip(panels, rows, strict=True):
        for ax, (x, _) in zip(row, axes, strict=True):
            ax.plot(x, factor * run.metric(column), color=colour)
            ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        room(row[0], [factor * run.metric(column)])
        row[0].yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        row[0].set_ylabel(label)
    for ax, (x, label) in zip(panels[1], axes, strict=True):
        ax.set_xlabel(label)
        if x.max() > x.min():
            ax.set_xlim(x.min(), x.max())
    for letter, ax in zip("abcd", panels.flat, strict=True):
        ax.text(0.02, 0.95, f"({letter})", transform=ax.transAxes, va="top", fontweight="bold")
    figure.align_ylabels(panels[:, 0])
    return figure
