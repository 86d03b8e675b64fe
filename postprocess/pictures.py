"""Pictures of one run: fronts in time, concentration with field lines, histories, current along the front."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from postprocess import draw, style
from postprocess.fixed_pictures import figures as fixed_figures
from postprocess.history import history
from postprocess.instrument import instrument
from postprocess.paraview_view import write_view
from postprocess.run import Run, RunError
from postprocess.scenes import can_render
from postprocess.solid_pictures import solid_figures
from postprocess.view import view

if TYPE_CHECKING:
    from postprocess.fronts import Front

MOST_FRONTS, MOST_SEEDS, MOST_ISLANDS = 40, 7, 4
NO_VIEWS = "front, concentration and current were not drawn"


def plot(run: Path) -> list[Path]:
    """Draw every picture that the data of a run allow, into RUN/pictures, each as PNG and PDF.

    The script of the usual view in ParaView is written beside them, see `paraview_view`.

    - `front`: the front coloured by time; with islands, also the first seeds on them, in nanometres.
    - `concentration`: concentration, deposit and field lines at four times.
    - `history`: heights, roughness, current, coverage and floating seeds against time.
    - `instrument`: voltage and current against time and capacity.
    - `current`: current density along the front at several times.

    In 3D `front`, `concentration` and `current` are views of the cell, see `solid_pictures`.
    Runs of fixed geometry have others, see `fixed_pictures.figures`.

    Args:
        run: Run folder, finished or interrupted.

    Returns:
        The files made.

    Raises:
        RunError: The folder is not a run, or the run stopped before its first output, or it is in 3D and
            there is nothing to render with; what needs no rendering is drawn all the same.
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
        if data.solid and can_render():
            figures |= solid_figures(data)
        if data.steps > 1 and not data.fixed:
            figures["history"] = history(data)
            figures["instrument"] = instrument(data)
        if data.fronts and any(np.isfinite(f.main.current_A_m2).any() for f in data.fronts):
            figures["current"] = current(data)
        if not figures and not data.solid:
            raise RunError(f"Run {run} stopped before its first output: there is nothing to draw.")
        write_view(data)
        folder = data.folder / "pictures"
        files = [file for name, figure in figures.items() for file in style.save(figure, folder / name)]
    if data.solid and not can_render():
        raise RunError(f"Views of the 3D run {run} need a screen or libEGL, see `tertia doctor`: {NO_VIEWS}.")
    return files


def front(run: Run) -> Figure:
    """Fronts coloured by time, metal shaded, and seeds on islands where there are islands."""
    first, width = run.fronts[0], run.fronts[0].width_um
    shown, counters = (
        [every[k] for k in draw.spread_in_time([f.time_s for f in every], MOST_FRONTS)]
        for every in (run.fronts, run.counters)
    )
    cell = view(run)
    reach = max(1.15 * max(f.top_um for f in shown), cell.bottom + 0.25 * width)
    if not counters and not run.summary.get("short_circuit") and reach - cell.bottom <= 0.5 * cell.height:
        cell = replace(cell, top=reach)
    depth = 0.02 * max(cell.height, 0.5 * width)
    scale = min((style.SINGLE - 1.1) / width, 4.2 / (cell.height + depth))
    islands = bool(first.main.spans("island"))
    if islands:
        scale = min((style.DOUBLE - 1.3) / width, 3.0 / (cell.height + depth))
    across, up = scale * width, scale * (cell.height + depth)
    below = _seed_panel_height(run, max(across, 2.2)) if islands else 0.0
    figure = Figure(figsize=(across + 1.3, up + below + 0.8))
    ax = draw.place(figure, 0.5, below + 0.45, across, up)
    unit, name = style.time_unit(shown[-1].time_s)
    lines = draw.fronts(ax, shown, counters, cell, unit, width=0.7)
    draw.substrate(ax, first, cell, depth)
    draw.short_circuit(ax, run)
    draw.whole_cell(ax, cell, depth)
    draw.colour_bar(draw.place(figure, 0.58 + across, below + 0.45, 0.09, up), lines, f"time ({name})")
    if below:
        _seeds(run, figure, max(across, 2.2), below - 0.85)
    draw.legend(figure, run, [shown[-1], *counters[-1:]])
    return figure


def _early(run: Run) -> list[Front]:
    """The first fronts, up to the one on which no bare substrate is left."""
    closed = [bool(np.all((f.main.coverage > 0.99) | (f.main.surface == "deposit"))) for f in run.fronts]
    end = closed.index(True) + 1 if True in closed else len(run.fronts)
    return [run.fronts[k] for k in draw.spread(end, MOST_SEEDS)]


def _window(run: Run) -> tuple[float, float, float]:
    """Left, right and top (micrometres) of a view of a few islands in the middle of the substrate."""
    spans = run.fronts[0].main.spans("island")
    middles = [0.5 * (a + b) for a, b in spans]
    pitch = float(np.median(np.diff(middles))) if len(middles) > 1 else 4 * (spans[0][1] - spans[0][0])
    count = min(MOST_ISLANDS, len(spans))
    begin = (len(spans) - count) // 2
    left = max(middles[begin] - 0.5 * pitch, float(run.fronts[0].main.x_um[0]))
    right = min(middles[begin + count - 1] + 0.5 * pitch, float(run.fronts[0].main.x_um[-1]))
    heights = [f.main.y_um[(f.main.x_um >= left) & (f.main.x_um <= right)] for f in _early(run)]
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
    lines = draw.fronts(ax, shown, [], view(run), unit, draw.NANOMETRES, width=1.0)
    draw.substrate(ax, run.fronts[0], view(run), depth, draw.NANOMETRES)
    ax.set(xlim=(left, right), aspect="equal", xlabel="x (nm)", ylabel="y (nm)")
    ax.set_yticks(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, top))
    ax.set_ylim(-depth, top)
    kinds = [Patch(color=colour, label=kind) for kind, colour in style.SUBSTRATE.items()]
    ax.legend(handles=kinds, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    draw.colour_bar(draw.place(figure, 0.58 + across, 0.4, 0.09, up), lines, f"time ({name})")


def concentration(run: Run, panels: int = 4) -> Figure:
    """Concentration with the deposit and field lines at a few times spread over the run."""
    fields = [run.field(k) for k in draw.spread_in_time(run.field_times_s, panels)]
    cell, shown = view(run), [run.electrodes_at(field.time_s) for field in fields]
    depth = 0.02 * cell.height
    room = style.DOUBLE - 1.2 - 0.18 * len(fields)
    scale = min(room / (cell.width * len(fields)), 3.6 / (cell.height + depth))
    across, up = scale * cell.width, scale * (cell.height + depth)
    step = max(across + 0.18, 0.85)
    figure = Figure(figsize=(1.2 + step * len(fields), up + 0.75))
    colours = draw.concentration_scale(fields)
    unit, name = style.time_unit(fields[-1].time_s)
    for k, (field, electrodes) in enumerate(zip(fields, shown, strict=True)):
        ax = draw.place(figure, 0.5 + k * step, 0.42, across, up)
        draw.concentration(ax, field, electrodes, cell, colours)
        draw.substrate(ax, run.fronts[0], cell, depth)
        draw.whole_cell(ax, cell, depth)
        ax.set_title(f"{unit * field.time_s:.4g} {name}", pad=3)
        if k:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    draw.short_circuit(ax, run)
    draw.legend(figure, run, [electrode for electrodes in shown for electrode in electrodes])
    bar = draw.place(figure, 0.5 + (len(fields) - 1) * step + across + 0.1, 0.42, 0.09, up)
    draw.colour_bar(bar, ScalarMappable(colours, style.CONCENTRATION_MAP), "concentration (mol/m³)")
    return figure


def current(run: Run, panels: int = 5) -> Figure:
    """Current density along the electrodes at several times, deposition counted positive.

    Against x, or, where one of them overhangs, against the length along the surface from the left wall.
    """
    written = [f for f in run.fronts if np.any(np.nan_to_num(f.main.current_A_m2) != 0)]
    shown = [written[k] for k in draw.spread(len(written), panels)] or [run.fronts[-1]]
    figure = Figure(figsize=(style.SINGLE, 0.85 * len(shown) + 0.55))
    unit, name = style.time_unit(shown[-1].time_s)
    colours = ScalarMappable(None, style.TIME_MAP).get_cmap()
    folded = any(electrode.main.overhangs for f in shown for electrode in run.electrodes_at(f.time_s))
    longest = 0.0
    drawn = []
    for k, f in enumerate(shown):
        ax = draw.place(figure, 0.55, 0.4 + 0.85 * (len(shown) - 1 - k), style.SINGLE - 0.65, 0.77)
        own = colours(0.85 * k / max(1, len(shown) - 1))
        densities = []
        for electrode in run.electrodes_at(f.time_s):
            place = electrode.main.lengths_um if folded else electrode.main.middles_um
            density = -0.1 * electrode.main.current_A_m2
            longest = max(longest, float(place.max()))
            densities.append(density)
            look = {"color": style.BLACK, "ls": ":"} if electrode.metal_above else {"color": own}
            ax.plot(place, density, linewidth=0.9, **look)
        low, high = (float(reach([reach(d) for d in densities])) for reach in (np.nanmin, np.nanmax))
        least, most = min(0.0, low), max(0.0, high)
        most += 0.35 * ((most - least) or 1.0)  # for the time
        ax.set(ylim=(least + 0.1 * min(0.0, low), most))
        ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        ax.text(0.98, 0.93, f"{unit * f.time_s:.4g} {name}", transform=ax.transAxes, ha="right", va="top")
        ax.tick_params(labelbottom=k == len(shown) - 1)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        drawn.append(ax)
    left, width = shown[0].left_um, shown[0].width_um
    for ax in drawn:
        ax.set(xlim=(0.0, longest) if folded else (left, left + width))
    ax.set_xlabel("length along the surface (µm)" if folded else "x (µm)")
    figure.text(0.05, 0.5, "deposition current density (mA/cm²)", rotation=90, ha="center", va="center")
    if run.counters:
        dotted = Line2D([], [], color=style.BLACK, ls=":", label="counter electrode")
        figure.legend(handles=[dotted], loc="upper center", bbox_to_anchor=(0.55, 0.0))
    return figure
