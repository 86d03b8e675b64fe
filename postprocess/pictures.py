"""Pictures of one run: fronts in time, concentration with field lines, histories, current along the front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from postprocess import draw, style
from postprocess.fixed_pictures import figures as fixed_figures
from postprocess.history import history
from postprocess.run import Run, RunError

if TYPE_CHECKING:
    from postprocess.run import Front

MOST_FRONTS, MOST_SEEDS, MOST_ISLANDS = 40, 7, 4


def plot(run: Path) -> list[Path]:
    """Draw every picture that the data of a run allow, into RUN/pictures, each as PNG and PDF.

    - `front`: the front coloured by time; with islands, also the first seeds on them, in nanometres.
    - `concentration`: concentration, deposit and field lines at four times.
    - `history`: heights, roughness, current, coverage and floating seeds against time.
    - `current`: current density along the front at several times.

    Runs of fixed geometry have others, see `fixed_pictures.figures`.

    Args:
        run: Run folder, finished or interrupted.

    Returns:
        The files made.

    Raises:
        RunError: The folder is not a run, or the run stopped before its first output.
    """
    data = Run.read(run)
    figures: dict[str, Figure] = {}
    with style.publication():
        if data.fixed:
            figures = fixed_figures(data)
        if data.fronts:
            figures["front"] = front(data)
        if data.fronts and data.field_files:
            figures["concentration"] = concentration(data)
        if data.steps > 1 and not data.fixed:
            figures["history"] = history(data)
        if data.fronts and any(np.isfinite(f.current_A_m2).any() for f in data.fronts):
            figures["current"] = current(data)
        if not figures:
            raise RunError(f"Run {run} stopped before its first output: there is nothing to draw.")
        return [
            file
            for name, figure in figures.items()
            for file in style.save(figure, data.folder / "pictures" / name)
        ]


def front(run: Run) -> Figure:
    """Front evolution coloured by time, deposit shaded, and seeds on islands where there are islands."""
    first, width = run.fronts[0], run.fronts[0].width_um
    shown = [run.fronts[k] for k in draw.spread_in_time([f.time_s for f in run.fronts], MOST_FRONTS)]
    highest = max(f.top_um for f in shown)
    cell = draw.cell_height(run)
    top = max(1.15 * highest, 0.25 * width)
    if cell is not None:
        top = cell if top > 0.5 * cell else min(top, cell)
    depth = 0.02 * max(top, 0.5 * width)
    scale = min((style.SINGLE - 1.1) / width, 4.2 / (top + depth))
    if first.spans("island"):
        scale = min((style.DOUBLE - 1.3) / width, 3.0 / (top + depth))
    across, up = scale * width, scale * (top + depth)
    below = _seed_panel_height(run, max(across, 2.2)) if first.spans("island") else 0.0
    figure = Figure(figsize=(across + 1.3, up + below + 0.8))
    ax = draw.place(figure, 0.5, below + 0.45, across, up)
    unit, name = style.time_unit(shown[-1].time_s)
    lines = draw.fronts(ax, shown, unit, width=0.7)
    draw.substrate(ax, first, depth)
    draw.whole_cell(ax, width, top, depth)
    draw.colour_bar(draw.place(figure, 0.58 + across, below + 0.45, 0.09, up), lines, f"time ({name})")
    if below:
        _seeds(run, figure, max(across, 2.2), below - 0.85)
    return figure


def _early(run: Run) -> list[Front]:
    """The first fronts, up to the one on which no bare substrate is left."""
    closed = [bool(np.all((f.coverage > 0.99) | (f.surface == "deposit"))) for f in run.fronts]
    end = closed.index(True) + 1 if True in closed else len(run.fronts)
    return [run.fronts[k] for k in draw.spread(end, MOST_SEEDS)]


def _window(run: Run) -> tuple[float, float, float]:
    """Left, right and top (micrometres) of a view of a few islands in the middle of the substrate."""
    spans = run.fronts[0].spans("island")
    middles = [0.5 * (a + b) for a, b in spans]
    pitch = float(np.median(np.diff(middles))) if len(middles) > 1 else 4 * (spans[0][1] - spans[0][0])
    count = min(MOST_ISLANDS, len(spans))
    begin = (len(spans) - count) // 2
    left = max(middles[begin] - 0.5 * pitch, float(run.fronts[0].x_um[0]))
    right = min(middles[begin + count - 1] + 0.5 * pitch, float(run.fronts[0].x_um[-1]))
    heights = [f.y_um[(f.x_um >= left) & (f.x_um <= right)] for f in _early(run)]
    top = max((float(h.max()) for h in heights if len(h)), default=0.0)
    return left, right, min(max(1.15 * top, 0.08 * (right - left)), 0.6 * (right - left))


def _seed_panel_height(run: Run, across: float) -> float:
    left, right, top = _window(run)
    return across * (top + 0.05 * (right - left)) / (right - left) + 0.85


def _seeds(run: Run, figure: Figure, across: float, up: float) -> None:
    left, right, top = (draw.NANOMETRES * value for value in _window(run))
    shown, depth = _early(run), 0.05 * (right - left)
    ax = draw.place(figure, 0.5, 0.4, across, up)
    unit, name = style.time_unit(shown[-1].time_s)
    lines = draw.fronts(ax, shown, unit, draw.NANOMETRES, width=1.0)
    draw.substrate(ax, run.fronts[0], depth, draw.NANOMETRES)
    ax.set(xlim=(left, right), aspect="equal", xlabel="x (nm)", ylabel="y (nm)")
    ax.set_yticks(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, top))
    ax.set_ylim(-depth, top)
    kinds = [Patch(color=colour, label=kind) for kind, colour in style.SUBSTRATE.items()]
    ax.legend(handles=kinds, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    draw.colour_bar(draw.place(figure, 0.58 + across, 0.4, 0.09, up), lines, f"time ({name})")


def concentration(run: Run, panels: int = 4) -> Figure:
    """Concentration with the deposit and field lines at a few times spread over the run."""
    fields = [run.field(k) for k in draw.spread_in_time(run.field_times_s, panels)]
    width, top = run.fronts[0].width_um, max(float(field.y_um.max()) for field in fields)
    depth = 0.02 * top
    scale = min((style.DOUBLE - 1.2 - 0.18 * len(fields)) / (width * len(fields)), 3.6 / (top + depth))
    across, up = scale * width, scale * (top + depth)
    step = max(across + 0.18, 0.85)
    figure = Figure(figsize=(1.2 + step * len(fields), up + 0.75))
    colours = draw.concentration_scale(fields)
    unit, name = style.time_unit(fields[-1].time_s)
    for k, field in enumerate(fields):
        ax = draw.place(figure, 0.5 + k * step, 0.42, across, up)
        draw.concentration(ax, field, run.front_at(field.time_s), colours)
        draw.substrate(ax, run.fronts[0], depth)
        draw.whole_cell(ax, width, top, depth)
        ax.set_title(f"{unit * field.time_s:.4g} {name}", pad=3)
        if k:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    bar = draw.place(figure, 0.5 + (len(fields) - 1) * step + across + 0.1, 0.42, 0.09, up)
    draw.colour_bar(bar, ScalarMappable(colours, style.CONCENTRATION_MAP), "concentration (mol/m³)")
    return figure


def current(run: Run, panels: int = 5) -> Figure:
    """Current density of the front against x at several times, deposition counted positive."""
    written = [f for f in run.fronts if np.isfinite(f.current_A_m2).any() and np.any(f.current_A_m2 != 0)]
    shown = [written[k] for k in draw.spread(len(written), panels)] or [run.fronts[-1]]
    figure = Figure(figsize=(style.SINGLE, 0.85 * len(shown) + 0.55))
    unit, name = style.time_unit(shown[-1].time_s)
    colours = ScalarMappable(None, style.TIME_MAP).get_cmap()
    for k, f in enumerate(shown):
        ax = draw.place(figure, 0.55, 0.4 + 0.85 * (len(shown) - 1 - k), style.SINGLE - 0.65, 0.77)
        middle, density = 0.5 * (f.x_um[:-1] + f.x_um[1:]), -0.1 * f.current_A_m2
        ax.plot(middle, density, color=colours(0.85 * k / max(1, len(shown) - 1)), linewidth=0.9)
        reach = float(np.nanmax(density)) or 1.0
        ax.set(xlim=(f.x_um[0], f.x_um[-1]), ylim=(min(0.0, 1.1 * float(np.nanmin(density))), 1.35 * reach))
        ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        ax.text(0.98, 0.93, f"{unit * f.time_s:.4g} {name}", transform=ax.transAxes, ha="right", va="top")
        ax.tick_params(labelbottom=k == len(shown) - 1)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.set_xlabel("x (µm)")
    figure.text(0.05, 0.5, "deposition current density (mA/cm²)", rotation=90, ha="center", va="center")
    return figure
