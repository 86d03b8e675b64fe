"""Lines of the flux of metal ions from one electrode to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt, map_coordinates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from postprocess.fields import Field
    from postprocess.fronts import Front
    from postprocess.tables import Floats

POTENTIAL, FLUX = "potential_V", "flux"
GRID = 400  # sampling points across the height of the cell that field lines are traced on
SPACING = 0.055  # of lines at the counter electrode, part of the height of the cell
ARROW = 8  # points of a line from the tail of its arrow to the head: shorter ones are not drawn
BEGIN = 1e-4  # distance from the counter electrode at which they begin, part of the height


def field_lines(ax: Axes, field: Field, counter: Front | None = None, spacing: float = SPACING) -> None:
    """Draw lines of the cation flux, or of -grad(potential) where the run holds no array `flux`.

    Lines are evenly spaced at the counter electrode, `spacing` of the cell height apart: where they
    gather at the working electrode the current does. Arrows point to the electrode that grows.

    Args:
        ax: Where to.
        field: The electrolyte.
        counter: The counter electrode if it moves; else it is the flat top of the electrolyte.
        spacing: Distance between lines at the counter electrode over the height of the cell.
    """
    vector = field.points[FLUX][:, :2] if FLUX in field.points else -field.gradient(POTENTIAL)
    towards = (
        -1.0 if float(vector[:, 1].sum()) > 0.0 else 1.0
    )  # upwards while the working electrode dissolves
    left, right, top = field.x_um.min(), field.x_um.max(), field.y_um.max()
    height = float(top - field.y_um.min())
    count = max(4, round((right - left) / (spacing * height)))
    x = left + (right - left) * (np.arange(count) + 0.5) / count
    y = np.full(count, top) if counter is None else _lowest(counter, x)
    for line in trace(field.without_metal, towards * vector, np.column_stack([x, y - BEGIN * height])):
        ax.plot(line[:, 0], line[:, 1], color="white", linewidth=0.6, zorder=2)
        middle = len(line) // 2
        if middle > ARROW:
            tail, head = (middle - ARROW, middle)[:: int(towards)]
            ends = line[head], line[tail]
            arrow = {"arrowstyle": "-|>", "color": "white", "linewidth": 0.0, "mutation_scale": 7.0}
            arrow |= {"shrinkA": 0.0, "shrinkB": 0.0}
            ax.annotate("", *ends, arrowprops=arrow, zorder=2)


def _lowest(counter: Front, x: Floats) -> Floats:
    """Height of a counter electrode as seen from below at some x, micrometres."""
    a, b = counter.main.points_um[:-1], counter.main.points_um[1:]
    rise = np.where(
        a[:, 0] == b[:, 0], 0.0, (b[:, 1] - a[:, 1]) / np.where(a[:, 0] == b[:, 0], 1.0, (b - a)[:, 0])
    )
    place = x[:, None]
    crossed = (np.minimum(a[:, 0], b[:, 0]) <= place) & (place <= np.maximum(a[:, 0], b[:, 0]))
    height = a[:, 1] + rise * (place - a[:, 0])
    return np.asarray(np.where(crossed, height, np.inf).min(axis=1))


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
