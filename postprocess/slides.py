"""Interactive figures with a slider over time, made with Plotly: what is shown, layer by layer.

Plotly redraws the layers of a time when the slider moves; the camera and the zoom stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from postprocess import style

FONT = {"family": "Arial, Helvetica, sans-serif", "size": 13, "color": "#20242A"}
AXIS: dict[str, Any] = {
    "showline": True,
    "mirror": True,
    "linecolor": "#20242A",
    "linewidth": 0.8,
    "ticks": "inside",
    "showgrid": False,
    "zeroline": False,
    "exponentformat": "power",
}
"""Axes as in the pictures."""
EVERYWHERE = ""


@dataclass(frozen=True)
class Layer:
    """One trace at all times.

    Attributes:
        traces: Plotly traces, one per time.
        group: The quantity that it shows; EVERYWHERE for what is seen with all of them.
    """

    traces: Sequence[Any]
    group: str = EVERYWHERE


@dataclass(frozen=True)
class Slides:
    """What a view shows at several times, and how.

    Attributes:
        times_s: Times, s, shape (frames,).
        layers: From back to front.
        layout: Plotly's layout.
        changes: Group -> changes of the layout while it is shown, such as the title of an axis.
    """

    times_s: Sequence[float]
    layers: Sequence[Layer]
    layout: Mapping[str, Any]
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def groups(self) -> list[str]:
        """Quantities to choose from."""
        return list(dict.fromkeys(layer.group for layer in self.layers if layer.group != EVERYWHERE))


def figure(slides: Slides) -> Any:
    """The Plotly figure of a view: it opens on the last time and the first quantity."""
    import plotly.graph_objects as go

    last, groups = len(slides.times_s) - 1, slides.groups
    made = go.Figure()
    for layer in slides.layers:
        made.add_trace(layer.traces[last])
        made.data[-1].visible = layer.group in (EVERYWHERE, *groups[:1])
    numbers = list(range(len(slides.layers)))
    made.frames = [
        go.Frame(name=str(k), data=[layer.traces[k] for layer in slides.layers], traces=numbers)
        for k in range(len(slides.times_s))
    ]
    made.update_layout(font=FONT, paper_bgcolor="white", uirevision="kept", **slides.layout)
    made.update_layout(**(slides.changes.get(groups[0], {}) if groups else {}))
    if last > 0:
        made.update_layout(sliders=[_slider(slides.times_s)])
    menus = ([_play()] if last > 0 else []) + ([_choice(slides, groups)] if len(groups) > 1 else [])
    made.update_layout(updatemenus=menus)
    return made


def _slider(times_s: Sequence[float]) -> dict[str, Any]:
    unit, name = style.time_unit(float(times_s[-1]))
    options = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    steps = [
        {"label": f"{unit * time:.4g}", "method": "animate", "args": [[str(k)], options]}
        for k, time in enumerate(times_s)
    ]
    shown = {"prefix": "time: ", "suffix": f" {name}", "xanchor": "right"}
    return {
        "active": len(times_s) - 1,
        "steps": steps,
        "currentvalue": shown,
        "x": 0.14,
        "len": 0.84,
        "pad": {"t": 40},
    }


def _play() -> dict[str, Any]:
    """Buttons that run through the times and stop."""
    run = {"frame": {"duration": 350, "redraw": True}, "transition": {"duration": 0}, "mode": "immediate"}
    halt = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate"}
    buttons = [
        {"label": "play", "method": "animate", "args": [None, run]},
        {"label": "stop", "method": "animate", "args": [[None], halt]},
    ]
    place = {"x": 0.0, "y": 0.0, "xanchor": "left", "yanchor": "top", "pad": {"t": 62}}
    return {"type": "buttons", "direction": "left", "showactive": False, "buttons": buttons, **place}


def _choice(slides: Slides, groups: Sequence[str]) -> dict[str, Any]:
    """A button per quantity."""
    buttons = [
        {
            "label": group,
            "method": "update",
            "args": [
                {"visible": [layer.group in (EVERYWHERE, group) for layer in slides.layers]},
                dict(slides.changes.get(group, {})),
            ],
        }
        for group in groups
    ]
    place = {"x": 0.0, "y": 1.0, "xanchor": "left", "yanchor": "bottom", "pad": {"b": 8}}
    return {"type": "buttons", "direction": "right", "buttons": buttons, **place}


def colour_scale(name: str, limits: tuple[float, float], title: str, low: str) -> dict[str, Any]:
    """Attributes of a trace that is coloured by values; `low` is "zmin" of a heat map or "cmin" of a mesh."""
    high = low.replace("min", "max")
    bar = {"title": {"text": title, "side": "right"}, "thickness": 14, "len": 0.9, "outlinewidth": 0.5}
    return {"colorscale": name.capitalize(), low: limits[0], high: limits[1], "colorbar": bar}
