"""Interactive figures of a run: its cell over time, and its curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from postprocess import plane_slides, slides, solid_slides, style
from postprocess.fixed_history import MILLIAMPERES, cycle, sweeps
from postprocess.thinned import thin

if TYPE_CHECKING:
    from postprocess.run import Run
    from postprocess.tables import Floats

MOST = 2500
"""Points of a curve."""
ROW = 190
"""Height of a panel, pixels."""


@dataclass(frozen=True)
class Curve:
    """A column of `metrics.csv` in a panel."""

    column: str
    name: str
    colour: str
    factor: float = 1.0
    dash: str = "solid"


@dataclass(frozen=True)
class Panel:
    """Curves over one axis; those that a run does not have are left out."""

    label: str
    curves: tuple[Curve, ...]


GROWING = (
    Panel(
        "height (µm)",
        (
            Curve("tip_height_um", "tip height", style.VERMILION),
            Curve("thickness_max_um", "maximum thickness", style.BLACK, dash="dot"),
            Curve("thickness_mean_um", "mean thickness", style.BLUE),
            Curve("seed_height_um", "floating seeds", style.ORANGE),
        ),
    ),
    Panel("RMS roughness (µm)", (Curve("roughness_um", "roughness", style.GREEN),)),
    Panel("voltage (V)", (Curve("voltage_V", "voltage", style.BLUE),)),
    Panel("deposition (mA/cm²)", (Curve("current_A_m2", "deposition current density", style.PURPLE, -0.1),)),
    Panel(
        "coverage",
        (
            Curve("coverage", "coverage", style.SKY),
            Curve("matrix_coverage", "coverage of the matrix", style.BLACK, dash="dot"),
        ),
    ),
    Panel(
        "closure error",
        (
            Curve("faraday_error", "volume against charge", style.VERMILION),
            Curve("mass_error", "amount of an ion", style.BLUE, dash="dot"),
        ),
    ),
)
FIXED = (
    Panel("voltage (V)", (Curve("voltage_V", "voltage", style.BLUE),)),
    Panel("current (mA/cm²)", (Curve("current_A_m2", "current density", style.VERMILION, MILLIAMPERES),)),
    Panel("charge (mAh/cm²)", (Curve("capacity_mAh_cm2", "cathodic charge", style.GREEN),)),
    Panel(
        "balance error",
        (
            Curve("mass_error", "amount of a species", style.BLUE),
            Curve("current_error", "sum of currents", style.VERMILION, dash="dot"),
        ),
    ),
)


def cell_view(run: Run) -> Any | None:
    """The cell over time as a Plotly figure, in as many dimensions as it has; None without any output."""
    if not run.field_files:
        return None
    if run.solid:
        shown = solid_slides.solid(run)
    elif run.fronts:
        shown = plane_slides.plane(run)
    else:
        views = {1: plane_slides.profiles, 2: plane_slides.fixed_plane, 3: solid_slides.fixed_solid}
        shown = views[run.grid(0).dimension](run)
    return slides.figure(shown)


def curves(run: Run) -> Any | None:
    """Readings and metrics against time, or capacity at a click; None before the second step."""
    if run.steps < 2:
        return None
    from plotly.subplots import make_subplots

    panels = [(panel, _known(run, panel)) for panel in (FIXED if run.fixed else GROWING)]
    panels = [(panel, known) for panel, known in panels if known]
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.03)
    time, capacity = run.metric("time_s"), run.metric("capacity_mAh_cm2")
    unit, name = style.time_unit(float(time[-1]))
    choices: list[list[tuple[Any, Any]]] = [[], []]
    for row, (panel, known) in enumerate(panels, start=1):
        for curve in known:
            values = curve.factor * run.metric(curve.column)
            points = [_thin(axis, values) for axis in (unit * time, capacity)]
            for choice, point in zip(choices, points, strict=True):
                choice.append(point)
            line = {"color": curve.colour, "dash": curve.dash, "width": 1.8}
            text = "%{y:.5g}"
            x, y = points[0]
            figure.add_scatter(
                x=x, y=y, name=curve.name, line=line, mode="lines", hovertemplate=text, row=row, col=1
            )
            figure.data[-1].update(legend=_legend(row), showlegend=len(known) > 1)
        axis = next(figure.select_yaxes(row=row, col=1))
        axis.update(title_text=panel.label, range=_room([y for _, y in choices[0][-len(known) :]]))
        place = {"x": 1.01, "y": axis.domain[1], "xanchor": "left", "yanchor": "top"}
        figure.layout[_legend(row)] = {**place, "bgcolor": "rgba(0,0,0,0)"}
    labels = [f"time ({name})", "capacity (mAh/cm²)"]
    last = "xaxis" if len(panels) == 1 else f"xaxis{len(panels)}"
    buttons = [
        {
            "label": f"against {label.split(' ')[0]}",
            "method": "update",
            "args": [
                {"x": [x for x, _ in choice], "y": [y for _, y in choice]},
                {f"{last}.title.text": label, f"{last}.autorange": True},
            ],
        }
        for label, choice in zip(labels, choices, strict=True)
    ]
    frame = {**slides.AXIS, "showgrid": True, "gridcolor": "#ECEEF1"}
    figure.update_xaxes(**frame)
    figure.update_yaxes(**frame)
    figure.update_xaxes(title_text=labels[0], row=len(panels), col=1)
    menu = {"type": "buttons", "direction": "right", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    figure.update_layout(
        font=slides.FONT,
        hovermode="x unified",
        plot_bgcolor="white",
        height=110 + ROW * len(panels),
        margin={"l": 80, "r": 190, "t": 50, "b": 50},
        updatemenus=[{**menu, "pad": {"b": 8}, "buttons": buttons}],
    )
    return figure


def voltammogram(run: Run) -> Any | None:
    """Current density against voltage during sweeps; None where there is none."""
    if not run.fixed or not sweeps(run):
        return None
    import plotly.graph_objects as go

    voltage, current = run.metric("voltage_V"), MILLIAMPERES * run.metric("current_A_m2")
    figure = go.Figure()
    for stage in sweeps(run):
        colour = style.CYCLE[(cycle(stage) - 1) % len(style.CYCLE)]
        x, y = _thin(voltage[stage.rows], current[stage.rows])
        figure.add_scatter(x=x, y=y, mode="lines", name=stage.name, line={"color": colour})
    frame = {**slides.AXIS, "showgrid": True, "gridcolor": "#ECEEF1"}
    figure.update_xaxes(title_text="voltage (V)", **frame)
    figure.update_yaxes(title_text="current density (mA/cm²)", **frame)
    figure.update_layout(font=slides.FONT, plot_bgcolor="white", height=480, hovermode="closest")
    return figure


def _legend(row: int) -> str:
    """Plotly's name of the legend of a panel."""
    return "legend" if row == 1 else f"legend{row}"


def _room(curves: list[Any]) -> list[float] | None:
    """Limits for curves that are constant but for rounding; else None, and Plotly chooses."""
    values = np.concatenate(curves).astype(float)
    values = values[np.isfinite(values)]
    level = float(np.abs(values).max())
    if level == 0.0 or np.ptp(values) > 1e-6 * level:
        return None
    return [float(values.min()) - 0.2 * level, float(values.max()) + 0.2 * level]


def _thin(x: Floats, y: Floats) -> tuple[Any, Any]:
    """A curve in single precision, which has more digits than a screen shows."""
    few_x, few_y = thin(x, y, MOST)
    return few_x.astype(np.float32), few_y.astype(np.float32)


def _known(run: Run, panel: Panel) -> list[Curve]:
    """Curves with a value anywhere; of those that are zero throughout, the first of the panel."""
    known = [c for c in panel.curves if c.column in run.metrics and np.isfinite(run.metric(c.column)).any()]
    return [c for k, c in enumerate(known) if k == 0 or np.nanmax(np.abs(run.metric(c.column))) > 0.0]
