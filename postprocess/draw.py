"""Pieces that several pictures share: deposit, substrate, fronts in time, concentration with field lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Polygon, Rectangle
from matplotlib.ticker import MaxNLocator
from scipy.ndimage import distance_transform_edt, map_coordinates

from postprocess import style
from postprocess.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure

    from postprocess.fields import Field, Floats
    from postprocess.run import Front

CONCENTRATION, POTENTIAL, FLUX = "concentration_mol_m3", "potential_V", "flux"
NANOMETRES = 1e3  # per micrometre
GRID = 400  # sampling points across the height of the cell that field lines are traced on


def place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches from the lower left corner of the figure."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` of the numbers 0 ... count - 1, evenly spread, both ends included."""
    return sorted({int(k) for k in np.rint(np.linspace(0, count - 1, min(count, wanted)))}) if count else []


def spread_in_time(times: Sequence[float] | Floats, wanted: int) -> list[int]:
    """Numbers of at most `wanted` of the increasing `times`, as evenly spread in time as they allow."""
    if len(times) <= wanted:
        return list(range(len(times)))
    targets = np.linspace(times[0], times[-1], wanted)
    return sorted({int(np.argmin(np.abs(np.asarray(times) - target))) for target in targets})


def cell_height(run: Run) -> float | None:
    """Distance from the substrate to the counter electrode, micrometres; None when no fields were written."""
    return float(run.field(0).y_um.max()) if run.field_files else None


def deposit(ax: Axes, front: Front, scale: float = 1.0) -> None:
    """Fill what lies between the bare substrate (y = 0) and the front with metal grey."""
    x, y = scale * front.x_um, scale * front.y_um
    outline = np.column_stack([np.r_[x[0], x, x[-1]], np.r_[0.0, y, 0.0]])
    ax.add_patch(Polygon(outline, closed=True, facecolor=style.METAL, edgecolor="none", zorder=2.5))


def substrate(ax: Axes, first: Front, depth: float, scale: float = 1.0) -> None:
    """Draw the substrate as a strip of `depth` below y = 0, islands in their own colour."""
    left, width = scale * first.x_um[0], scale * first.width_um
    face = style.SUBSTRATE["matrix"]
    ax.add_patch(Rectangle((left, -depth), width, depth, facecolor=face, edgecolor="none", zorder=2.6))
    for a, b in first.spans("island"):
        box = Rectangle((scale * a, -depth), scale * (b - a), depth, zorder=2.7)
        box.set(facecolor=style.SUBSTRATE["island"], edgecolor="none")
        ax.add_patch(box)


def fronts(
    ax: Axes, shown: Sequence[Front], unit: float, scale: float = 1.0, width: float = 0.8
) -> LineCollection:
    """Draw fronts as lines coloured by time; the deposit of the last one is filled.

    Args:
        ax: Where to.
        shown: Fronts in order of time, at least one.
        unit: Time units per second of the colour scale.
        scale: Length units per micrometre of the axes.
        width: Line width, points.

    Returns:
        The lines, for a colour bar.
    """
    deposit(ax, shown[-1], scale)
    times = unit * np.array([front.time_s for front in shown])
    lines = LineCollection(
        [scale * np.column_stack([front.x_um, front.y_um]) for front in shown],
        array=times,
        cmap=style.TIME_MAP,
        norm=Normalize(times[0], max(times[-1], times[0] + 1e-12)),
        linewidths=width,
        zorder=3,
    )
    ax.add_collection(lines)
    return lines


def concentration(ax: Axes, field: Field, front: Front, scale: Normalize, lines: bool = True) -> None:
    """Draw the concentration in the electrolyte in colour, the deposit in grey and field lines on top."""
    values = field.points[CONCENTRATION]
    mesh = ax.tripcolor(
        field.triangulation, values, shading="gouraud", norm=scale, cmap=style.CONCENTRATION_MAP
    )
    mesh.set_rasterized(True)
    mesh.set_zorder(1)
    if lines:
        field_lines(ax, field)
    deposit(ax, front)
    ax.plot(front.x_um, front.y_um, color=style.METAL_EDGE, linewidth=0.6, zorder=3)


def field_lines(ax: Axes, field: Field, spacing: float = 0.055) -> None:
    """Draw lines of the cation flux, or of -grad(potential) where the run holds no array `flux`.

    Lines start evenly spaced at the counter electrode, `spacing` of the cell height apart: where they
    gather at the working electrode the current does.
    """
    vector = field.points[FLUX][:, :2] if FLUX in field.points else -field.gradient(POTENTIAL)
    left, right, top = field.x_um.min(), field.x_um.max(), field.y_um.max()
    count = max(4, round((right - left) / (spacing * top)))
    start = np.column_stack(
        [left + (right - left) * (np.arange(count) + 0.5) / count, np.full(count, top * (1 - 1e-6))]
    )
    for line in trace(field, vector, start):
        ax.plot(line[:, 0], line[:, 1], color="white", linewidth=0.6, zorder=2)
        middle = len(line) // 2
        if middle > 0:
            arrow = {"arrowstyle": "-|>", "color": "white", "linewidth": 0.0, "mutation_scale": 7.0}
            arrow |= {"shrinkA": 0.0, "shrinkB": 0.0}
            ax.annotate("", line[middle], line[middle - 1], arrowprops=arrow, zorder=2)


def trace(field: Field, vector: Floats, start: Floats) -> list[Floats]:
    """Follow lines of a nodal vector field from given points until they leave the electrolyte.

    dr/ds = v/|v| by the midpoint rule, half a cell of a sampling grid at a time; v is continued a little
    beyond the electrolyte, so that a line's last point is the first one behind the front, not short of it.

    Args:
        field: The mesh.
        vector: Nodal values, shape (n, 2).
        start: First points, micrometres, shape (lines, 2).

    Returns:
        Points of every line, micrometres, each of shape (points, 2).
    """
    origin, end = (
        np.array([field.x_um.min(), field.y_um.min()]),
        np.array([field.x_um.max(), field.y_um.max()]),
    )
    step = float(end[1] - origin[1]) / GRID
    shape = np.maximum(2, np.ceil((end - origin) / step).astype(int) + 1)
    axes = [np.linspace(origin[d], end[d], shape[d]) for d in (0, 1)]
    x, y = np.meshgrid(*axes, indexing="ij")
    grid = [_continued(field.sample(vector[:, d], x, y)) for d in (0, 1)]

    def direction(points: Floats) -> Floats:
        index = ((np.clip(points, origin, end) - origin) / (end - origin) * (shape - 1)).T
        value = np.column_stack([map_coordinates(values, index, order=1) for values in grid])
        with np.errstate(invalid="ignore"):
            unit: Floats = value / np.linalg.norm(value, axis=1, keepdims=True)
        return unit

    path = [np.asarray(start, dtype=np.float64)]
    for _ in range(6 * GRID):
        half = path[-1] + 0.25 * step * direction(path[-1])
        path.append(path[-1] + 0.5 * step * direction(half))
        if not np.isfinite(path[-1]).any():
            break
    points = np.stack(path, axis=1)
    cell = np.asarray(field.triangulation.get_trifinder()(points[..., 0], points[..., 1]), dtype=np.int64)
    inside = cell >= 0
    length = np.where(inside.all(axis=1), points.shape[1], inside.argmin(axis=1) + 1)
    lines = [points[k, :n] for k, n in enumerate(length)]
    return [line[np.isfinite(line).all(axis=1)] for line in lines]


def _continued(values: Floats, cells: int = 3) -> Floats:
    """Continue gridded values a few cells beyond the electrolyte."""
    outside = np.isnan(values)
    distance, nearest = distance_transform_edt(outside, return_indices=True)
    filled: Floats = np.where(distance <= cells, values[tuple(nearest)], np.nan)
    return filled


def concentration_scale(fields: Sequence[Field]) -> Normalize:
    """Colour scale from 0 (or below, if the data are) to the largest concentration of `fields`."""
    values = [field.points[CONCENTRATION] for field in fields]
    return Normalize(min(0.0, *(float(v.min()) for v in values)), max(float(v.max()) for v in values))


def whole_cell(ax: Axes, width: float, height: float, depth: float) -> None:
    """Set limits, equal aspect and labels for a picture of the cell, micrometres."""
    ax.set(xlim=(0, width), ylim=(-depth, height), aspect="equal", xlabel="x (µm)", ylabel="y (µm)")
    ax.xaxis.set_major_locator(MaxNLocator(4 if width >= 0.35 * height else 2, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def colour_bar(bar_axes: Axes, mappable: ScalarMappable, title: str, horizontal: bool = False) -> Colorbar:
    """Draw a colour bar with few ticks and its unit; a narrow horizontal one carries only its ends."""
    figure = bar_axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(mappable, cax=bar_axes, orientation="horizontal" if horizontal else "vertical")
    bar.set_label(title)
    bar_axes.spines["outline"].set_linewidth(0.6)
    if horizontal and bar_axes.get_position().width * figure.get_size_inches()[0] < 1.1:
        ends = mappable.norm.vmin or 0.0, mappable.norm.vmax or 0.0
        bar.set_ticks(list(ends), labels=[f"{end:.3g}" if end < 1000 else f"{end:.0f}" for end in ends])
        first, last = bar_axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")
    else:
        inches = bar_axes.get_position().height * figure.get_size_inches()[1]
        count = 4 if horizontal else int(min(6, max(2, inches / 0.3)))
        bar.locator = MaxNLocator(count, steps=[1, 2, 5, 10])
        bar.update_ticks()
    return bar
