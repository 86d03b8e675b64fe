"""What a movie shows at each of its times: the cell in plan or in space, and the curves up to then.

A scene draws one frame after the other into figures of one size; colour scales and views hold for all frames.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from postprocess import draw, style
from postprocess.fixed_history import room
from postprocess.fixed_pictures import length_unit, quantities
from postprocess.grids import Grid
from postprocess.run import Run, RunError
from postprocess.scenes import OBLIQUE, Sheet, render
from postprocess.solid_pictures import cell, cutting_place, towards
from postprocess.view import view

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from postprocess.tables import Floats

HEIGHT, WIDEST = 4.4, 4.4
"""Greatest height and width of a cell, inches."""
CURVE, BAR = 2.6, 1.05
"""Width of the curves and of the colour bar with its label, inches."""
LABELS = {draw.CONCENTRATION: "concentration (mol/m³)", "potential_V": "potential (V)"}


class Scene(Protocol):
    """A movie to be drawn frame by frame."""

    times_s: Floats

    def frame(self, number: int) -> Figure:
        """The picture of a time; all pictures have one size."""


def scene(run: Run, field: str | None = None) -> Scene:
    """The scene that fits a run.

    Args:
        run: With at least two output times.
        field: Point data shown; the concentration, or the first field of the run, where not given.

    Raises:
        RunError: There are fewer than two outputs, or no such field, or the cell has one dimension.
    """
    if len(run.field_files) < 2:
        raise RunError(f"Run {run.folder} has fewer than two outputs: there is nothing to move.")
    last = run.grid(-1)
    if last.dimension == 1:
        raise RunError(f"Run {run.folder} is in 1D: see its profiles instead of a movie.")
    known = [name for name, values in last.values.items() if np.isfinite(values).any()]
    name = field or next((n for n in (draw.CONCENTRATION, *quantities(last)) if n in known), known[0])
    if name not in known:
        raise RunError(f"Run {run.folder} has no field {name}, expected one of: {', '.join(known)}.")
    if run.solid or last.dimension == 3:
        return Solid(run, name)
    return Plane(run, name)


class _Beside:
    """A cell on the left, a colour bar, and curves on the right that grow with time."""

    def __init__(self, run: Run, field: str, times_s: Floats, across: float, up: float) -> None:
        self.run, self.field, self.times_s = run, field, times_s
        self.across, self.up = across, max(up, 2.4)
        self.unit, self.time_name = style.time_unit(float(times_s[-1]))
        self.curves = _curves(run)

    def canvas(self, number: int) -> tuple[Figure, Axes]:
        """The figure of a frame with its curves drawn, and axes for the cell."""
        width = 0.6 + self.across + BAR + (0.85 + CURVE if self.curves else 0.0)
        figure = Figure(figsize=(width, self.up + 0.8))
        time = float(self.times_s[number])
        figure.text(
            0.6 / width, 1.0 - 0.2 / (self.up + 0.8), f"{self.unit * time:.4g} {self.time_name}", va="center"
        )
        left, each = (
            0.6 + self.across + BAR + 0.6,
            (self.up - 0.55 * (len(self.curves) - 1)) / max(len(self.curves), 1),
        )
        for k, (column, factor, label, colour) in enumerate(self.curves):
            ax = draw.place(figure, left, 0.45 + (len(self.curves) - 1 - k) * (each + 0.55), CURVE, each)
            self._curve(ax, time, factor * self.run.metric(column), colour)
            ax.set(xlabel=f"time ({self.time_name})", ylabel=label)
        return figure, draw.place(figure, 0.6, 0.45, self.across, self.up)

    def _curve(self, ax: Axes, now: float, values: Floats, colour: str) -> None:
        time = self.run.metric("time_s")
        past = time <= now * (1 + 1e-9)
        ax.plot(self.unit * time, values, color="#D5D9DE", linewidth=0.8)
        ax.plot(self.unit * time[past], values[past], color=colour)
        if past.any():
            ax.plot(
                self.unit * time[past][-1], values[past][-1], "o", color=colour, markersize=3.5, clip_on=False
            )
        room(ax, [values])
        ax.set_xlim(0.0, self.unit * float(time[-1]))
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))

    def bar(self, figure: Figure, colours: ScalarMappable) -> None:
        """The colour bar beside the cell."""
        label = LABELS.get(self.field) or quantities(self.run.grid(-1)).get(self.field, self.field)
        draw.colour_bar(draw.place(figure, 0.7 + self.across, 0.45, 0.1, self.up), colours, label)


class Plane(_Beside):
    """A cell in two dimensions; a growing one with its deposit and the paths of its ions."""

    def __init__(self, run: Run, field: str) -> None:
        """See `scene`."""
        first = run.grid(0).points_um
        self.view = view(run) if run.fronts else None
        low, high = first[:, :2].min(axis=0), first[:, :2].max(axis=0)
        self.factor, self.length = (1.0, "µm") if self.view else length_unit(float((high - low).max()))
        size = np.array([self.view.width, self.view.height]) if self.view else high - low
        scale = min(HEIGHT / size[1], WIDEST / size[0])
        across, up = np.maximum(scale * size, 0.8)
        super().__init__(run, field, run.field_times_s, float(across), float(up))
        self.limits = low, high
        self.colours = _scale(run, field)

    def frame(self, number: int) -> Figure:
        """The field in colour, metal in grey, field lines on a concentration."""
        figure, ax = self.canvas(number)
        grid = self.run.grid(number)
        if self.view is None:
            _triangles(ax, grid, self.field, self.factor, self.colours)
            (left, low), (right, high) = self.factor * self.limits[0], self.factor * self.limits[1]
            ax.set(
                xlim=(left, right), ylim=(low, high), xlabel=f"x ({self.length})", ylabel=f"y ({self.length})"
            )
        else:
            electrodes, depth = self.run.electrodes_at(grid.time_s), 0.02 * self.view.height
            if self.field == draw.CONCENTRATION:
                draw.concentration(ax, self.run.field(number), electrodes, self.view, self.colours.norm)
            else:
                _triangles(ax, grid.electrolyte, self.field, 1.0, self.colours)
                draw.outlined(ax, electrodes, self.view)
            draw.substrate(ax, self.run.fronts[0], self.view, depth)
            draw.whole_cell(ax, self.view, depth)
            ax.set_aspect("auto")  # the axes have the shape of the cell but for the strip below it
        self.bar(figure, self.colours)
        return figure


class Solid(_Beside):
    """A cell in three dimensions: the field on the upright plane through the highest point, and the metal.

    Seen from where the highest point stands before the plane.
    """

    def __init__(self, run: Run, field: str) -> None:
        """See `scene`."""
        times = np.array(run.shell_times_s) if run.solid else run.field_times_s
        self.corners = cell([run.grid(0), run.grid(-1)])
        middle = float(0.5 * (self.corners[0][1] + self.corners[1][1]))
        self.place = cutting_place(run.shell(-1), self.corners) if run.solid else middle
        self.eye = towards(run.shell(-1), self.corners) if run.solid else OBLIQUE
        image = render([], self.corners, self.eye)
        rows, columns, _ = image.shape
        up = min(HEIGHT, WIDEST * rows / columns)
        super().__init__(run, field, times, up * columns / rows, up)
        self.colours = _scale(run, field, lambda grid: grid.cut(1, self.place))

    def frame(self, number: int) -> Figure:
        """A view from above the front."""
        figure, ax = self.canvas(number)
        time = float(self.times_s[number])
        grid = self.run.grid(int(np.argmin(np.abs(self.run.field_times_s - time))))
        cut = grid.cut(1, self.place).electrolyte
        limits = (float(self.colours.norm.vmin or 0.0), float(self.colours.norm.vmax or 0.0))
        sheets = [
            Sheet(
                cut.points_um,
                cut.where(self.field),
                values=np.nan_to_num(cut.values[self.field]),
                limits=limits,
                colours=self.colours.get_cmap().name,
                lit=False,
            )
        ]
        if self.run.solid:
            shell = self.run.shell(number)
            sheets.append(Sheet(shell.points_um, shell.triangles))
        ax.imshow(render(sheets, self.corners, self.eye), aspect="auto", interpolation="antialiased")
        ax.set_axis_off()
        low, high = (float(corner[1]) for corner in self.corners)
        size = " × ".join(f"{length:.3g}" for length in self.corners[1] - self.corners[0])
        figure.text(
            0.02,
            0.02,
            f"box {size} µm (x, y, z); plane at y = {self.place - low:.3g} of {high - low:.3g} µm",
            va="bottom",
        )
        self.bar(figure, self.colours)
        return figure


def _curves(run: Run) -> list[tuple[str, float, str, str]]:
    """Column, factor, label and colour of what is drawn beside the cell."""
    if run.steps < 2:
        return []
    if run.fixed:
        return [
            ("voltage_V", 1.0, "voltage (V)", style.BLUE),
            ("current_A_m2", 0.1, "current density\n(mA/cm²)", style.VERMILION),
        ]
    return [
        ("thickness_max_um", 1.0, "highest point (µm)", style.VERMILION),
        ("current_A_m2", -0.1, "deposition (mA/cm²)", style.PURPLE),
    ]


def _scale(run: Run, field: str, part: Callable[[Grid], Grid] = lambda grid: grid) -> ScalarMappable:
    """Colours from the lowest to the highest value of a run; a concentration begins at 0."""
    lows, highs = [], []
    for k in range(len(run.field_files)):
        grid = part(run.grid(k))
        shown = grid.electrolyte if grid.dimension == 2 else grid
        values = shown.values[field]
        lows.append(float(np.nanmin(values)))
        highs.append(float(np.nanmax(values)))
    low, high = min(lows), max(highs)
    low = min(low, 0.0) if field == draw.CONCENTRATION else low
    shades = style.TIME_MAP if "potential" in field else style.CONCENTRATION_MAP
    return ScalarMappable(Normalize(low, max(high, low + 1e-9 * max(abs(low), 1e-3))), shades)


def _triangles(ax: Axes, grid: Grid, field: str, factor: float, colours: ScalarMappable) -> None:
    x, y = (factor * grid.points_um[:, d] for d in (0, 1))
    look = {"shading": "gouraud", "norm": colours.norm, "cmap": colours.get_cmap()}
    ax.set_facecolor(style.METAL)
    ax.tripcolor(x, y, grid.where(field), np.nan_to_num(grid.values[field]), **look).set_rasterized(True)
