"""Interactive views of cells in one and two dimensions: fields as heat maps or curves, deposit, slider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from postprocess import draw, style
from postprocess.fixed_pictures import length_unit, lines, quantities
from postprocess.grids import Grid
from postprocess.slides import AXIS, Layer, Slides, colour_scale
from postprocess.thinned import REACH, raster
from postprocess.view import view

if TYPE_CHECKING:
    from postprocess.fronts import Chain, Front
    from postprocess.run import Run
    from postprocess.tables import Floats
    from postprocess.view import View

FRAMES, PIXELS, FINEST = 20, 600_000, 60_000
"""Times; places of all fields at all times together; most of a field at a time."""
LONGEST = 6.0
"""Ratio of the sides of a cell above which it is not drawn to scale."""
FIELDS = {"concentration_mol_m3": "concentration (mol/m³)", "potential_V": "potential (V)"}
"""What a growing cell shows."""
OUTSIDE = "#ECEEF1"
"""Around a cell of fixed shape."""
BAND = 0.02
"""Height of the strip that stands for the collector, part of the height of the cell."""
MARGIN = {"l": 70, "r": 90, "t": 60, "b": 50}


def plane(run: Run) -> Slides:
    """Concentration and potential of a growing cell in 2D with its deposit; the front tells its current."""
    shown = draw.spread_in_time(run.field_times_s, FRAMES)
    grids, cell = [run.grid(k) for k in shown], view(run)
    box = (
        np.array([cell.left, min(g.points_um[:, 1].min() for g in grids)]),
        np.array([cell.left + cell.width, max(g.points_um[:, 1].max() for g in grids)]),
    )
    electrodes = [run.electrodes_at(grid.time_s) for grid in grids]
    layers = _heat_maps([grid.electrolyte for grid in grids], FIELDS, box, 1.0, REACH)
    layers += [
        Layer([_metal(e[0], cell) for e in electrodes]),
        *([Layer([_metal(e[1], cell) for e in electrodes])] if run.counters else []),
        Layer([_pieces(every) for every in electrodes]),
        Layer([_surface(every) for every in electrodes]),
    ]
    layout = _axes((cell.left, cell.left + cell.width), (cell.bottom, cell.top), "µm", to_scale=True)
    layout["shapes"] = _collector(run.fronts[0], cell)
    return Slides([grid.time_s for grid in grids], layers, layout)


def fixed_plane(run: Run) -> Slides:
    """Concentrations and potentials of a cell of fixed shape in 2D."""
    grids = [run.grid(k) for k in draw.spread_in_time(run.field_times_s, FRAMES)]
    points = grids[0].points_um[:, :2]
    box = points.min(axis=0), points.max(axis=0)
    size = box[1] - box[0]
    factor, unit = length_unit(float(size.max()))
    layers = _heat_maps(grids, quantities(grids[-1]), box, factor, 0)
    x, y = ((factor * float(box[0][d]), factor * float(box[1][d])) for d in (0, 1))
    layout = _axes(x, y, unit, to_scale=bool(size.max() <= LONGEST * size.min()))
    layout["plot_bgcolor"] = OUTSIDE
    return Slides([grid.time_s for grid in grids], layers, layout)


def profiles(run: Run) -> Slides:
    """Concentrations and potentials of a 1D cell against x."""
    import plotly.graph_objects as go

    grids = [run.grid(k) for k in draw.spread_in_time(run.field_times_s, FRAMES)]
    factor, unit = length_unit(float(np.ptp(grids[0].points_um[:, 0])))
    names = quantities(grids[-1])
    layers, changes = [], {}
    for name, label in names.items():
        traces, values = [], []
        for grid in grids:
            pieces = [
                np.column_stack([factor * grid.points_um[n, 0], grid.values[name][n]])
                for n in lines(grid, name)
            ]
            x, y = _joined(pieces).T
            values.append(y[np.isfinite(y)])
            traces.append(
                go.Scatter(x=x, y=y, mode="lines", name=label, line={"color": style.BLUE, "width": 2})
            )
        low, high = _limits(values)
        changes[label] = {
            "yaxis.title.text": label,
            "yaxis.range": [low - 0.05 * (high - low), high + 0.05 * (high - low)],
        }
        layers.append(Layer(traces, label))
    layout = {
        "xaxis": {"title": {"text": f"x ({unit})"}, **AXIS},
        "yaxis": {"title": {"text": ""}, **AXIS},
        "margin": MARGIN,
        "plot_bgcolor": "white",
        "showlegend": False,
        "height": 520,
    }
    return Slides([grid.time_s for grid in grids], layers, layout, changes)


def _heat_maps(
    grids: Sequence[Grid], names: dict[str, str], box: tuple[Floats, Floats], factor: float, reach: int
) -> list[Layer]:
    """A layer per field, with one scale of colours for all times."""
    import plotly.graph_objects as go

    known = {name: label for name, label in names.items() if all(name in grid.values for grid in grids)}
    pixels = min(FINEST, PIXELS // max(1, len(known) * len(grids)))
    sampled = [raster(grid, list(known), pixels, box, reach) for grid in grids]
    layers = []
    for name, label in known.items():
        values = [grid.values[name][np.unique(grid.where(name))] for grid in grids]
        shades = style.TIME_MAP if "potential" in name else style.CONCENTRATION_MAP
        low, high = _limits(values)
        low = min(low, 0.0) if name == draw.CONCENTRATION else low
        look = colour_scale(shades, (low, high), label, "zmin")
        text = f"x = %{{x:.4g}}, y = %{{y:.4g}}<br>{label}: %{{z:.5g}}<extra></extra>"
        traces = [
            go.Heatmap(
                x=(factor * one.x_um).astype(np.float32),
                y=(factor * one.y_um).astype(np.float32),
                z=one.values[name].astype(np.float32),
                hovertemplate=text,
                **look,
            )
            for one in sampled
        ]
        layers.append(Layer(traces, label))
    return layers


def _limits(values: Sequence[Floats]) -> tuple[float, float]:
    """Lowest and highest of finite values, a little apart where they are the same."""
    every = np.concatenate([np.empty(0), *values])
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    room = 0.5 * max(1e-6 * max(abs(low), abs(high), 1e-9) - (high - low), 0.0)
    return low - room, high + room


def _metal(front: Front, cell: View) -> Any:
    """The metal of an electrode as a filled area; with enclosed electrolyte the background has to do."""
    import plotly.graph_objects as go

    line, end = front.main.points_um, cell.end_of_metal(front)
    holes = [c for c in front.chains if c is not front.main and not c.dead]
    outline = (
        np.vstack([[line[0, 0], end], line, [line[-1, 0], end]]) if not holes else np.full((1, 2), np.nan)
    )
    look = {"fillcolor": style.METAL, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    return go.Scatter(x=outline[:, 0], y=outline[:, 1], mode="lines", fill="toself", **look)


def _pieces(electrodes: Sequence[Front]) -> Any:
    """Metal that has lost its contact."""
    import plotly.graph_objects as go

    points = _joined([piece.points_um for electrode in electrodes for piece in electrode.dead])
    look = {"fillcolor": style.DEAD, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    return go.Scatter(x=points[:, 0], y=points[:, 1], mode="lines", fill="toself", **look)


def _surface(electrodes: Sequence[Front]) -> Any:
    """All surfaces as one line that tells the current density of deposition under the pointer."""
    import plotly.graph_objects as go

    chains: list[Chain] = [chain for electrode in electrodes for chain in electrode.chains]
    points = _joined([chain.points_um for chain in chains])
    density = _joined([np.append(chain.current_A_m2, np.nan)[:, None] for chain in chains])[:, 0]
    text = "x = %{x:.4g} µm, y = %{y:.4g} µm<br>deposition: %{customdata:.4g} mA/cm²<extra>surface</extra>"
    look = {"line": {"color": style.METAL_EDGE, "width": 1.5}, "showlegend": False, "hovertemplate": text}
    return go.Scatter(x=points[:, 0], y=points[:, 1], customdata=-0.1 * density, mode="lines", **look)


def _joined(pieces: Sequence[Floats]) -> Floats:
    """Rows of arrays below each other, rows of NaN between them; one such row where there is no array."""
    if not pieces:
        return np.full((1, 2), np.nan)
    gap = np.full((1, pieces[0].shape[1]), np.nan)
    return np.vstack([row for piece in pieces for row in (piece, gap)][:-1])


def _collector(first: Front, cell: View) -> list[dict[str, Any]]:
    """The collector as a strip below the cell, islands in their colour."""
    if not cell.collector:
        return []
    low, spans = cell.bottom - BAND * cell.height, first.main.spans("island")
    strips = [(cell.left, cell.left + cell.width, style.SUBSTRATE["matrix"])]
    strips += [(a, b, style.SUBSTRATE["island"]) for a, b in spans]
    look = {"type": "rect", "line": {"width": 0}}
    return [{"x0": a, "x1": b, "y0": low, "y1": cell.bottom, "fillcolor": c, **look} for a, b, c in strips]


def _axes(x: tuple[float, float], y: tuple[float, float], unit: str, to_scale: bool) -> dict[str, Any]:
    """Layout with axes over the cell."""
    below = BAND * (y[1] - y[0])
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": f"x ({unit})"}, "range": list(x), **AXIS},
        "yaxis": {"title": {"text": f"y ({unit})"}, "range": [y[0] - below, y[1]], **AXIS},
        "plot_bgcolor": style.METAL,
        "margin": MARGIN,
        "height": 720,
    }
    if to_scale:
        layout["yaxis"] |= {"scaleanchor": "x", "constrain": "domain"}
        layout["xaxis"] |= {"constrain": "domain"}
    return layout
