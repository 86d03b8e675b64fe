"""Pictures of a run of fixed geometry: readings, profiles, fields, current along the electrodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from postprocess import draw, rims, style
from postprocess.fixed import Electrode, electrodes, species
from postprocess.fixed_history import MILLIAMPERES, history, room, shade, sweeps, voltammogram
from postprocess.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from postprocess.grids import Grid
    from postprocess.tables import Floats

MOST_PROFILES, MOST_PANELS, MOST_SPECIES, MOST_ELECTRODES = 8, 3, 3, 4
THIN = 0.1
"""Part of a 1D cell below which a layer is shown alone."""
FLAT = 1e-9
"""Relative difference of fields that is rounding."""
UNIFORM = 0.01
"""Smallest range of a map of the current density, relative: unstructured meshes leave a faint pattern."""
TALLEST = 6.5
"""All panels above each other, inches."""
GAP = 0.3
"""Between panels, inches."""


def figures(run: Run) -> dict[str, Figure]:
    """Every picture that the data of a run allow, by name.

    - `history`: voltage, current density and charge against time.
    - `voltammogram`: current density against voltage, where the program sweeps.
    - `profiles`: concentrations and potentials against x at several times, in 1D.
    - `fields`: concentrations and potential at several times in 2D, on a cut through the middle in 3D.
    - `current`: current density along every electrode at several times in 2D, over it at the end in 3D.
    - `rims`: in 2D, of electrodes that turn round, such as fibres and particles, current density at the end.
    """
    made: dict[str, Figure] = {}
    if run.steps > 1:
        made["history"] = history(run)
    if sweeps(run):
        made["voltammogram"] = voltammogram(run)
    if run.field_files:
        dimension = run.grid(0).dimension
        made |= {"profiles": profiles(run)} if dimension == 1 else {"fields": fields(run)}
        found = ordered(electrodes(run)) if dimension > 1 else {}
        turning = {name: items for name, items in found.items() if rims.folded(items[-1])}
        if found and dimension == 3:
            made["current"] = current_maps(run)
        elif len(turning) < len(found):
            made["current"] = current({name: found[name] for name in found if name not in turning})
        if turning:
            made["rims"] = rims.rims(turning)
    return made


def profiles(run: Run) -> Figure:
    """Concentrations and potentials against x at several times."""
    shown = [run.grid(k) for k in draw.spread_in_time(run.field_times_s, MOST_PROFILES)]
    names = quantities(shown[-1])
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(
        figsize=(style.DOUBLE * (0.55 if columns == 1 else 1.0), 2.0 * rows + 0.3), layout="constrained"
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    unit, time_name = style.time_unit(max(grid.time_s for grid in shown))
    times = [unit * grid.time_s for grid in shown]
    colours = ScalarMappable(Normalize(min(times), max(max(times), min(times) + 1e-12)), style.TIME_MAP)
    for ax, (name, label) in zip(panels, names.items(), strict=False):
        for grid, time in zip(shown, times, strict=True):
            draw_profile(ax, grid, name, shown, color=shade(colours, time))
        room(ax, [grid.values[name] for grid in shown])
        ax.set(ylabel=label)
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    for ax in panels[len(names) :]:
        ax.set_axis_off()
    figure.colorbar(colours, ax=list(panels), label=f"time ({time_name})")
    return figure


def draw_profile(ax: Axes, grid: Grid, name: str, beside: Sequence[Grid], **look: Any) -> None:
    """Draw a field of a 1D grid, with axes for all grids `beside`; a thin layer has the axis to itself."""
    cells = [g.points_um[:, 0] for g in beside]
    places = [g.points_um[g.where(name), 0].ravel() for g in beside if name in g.values]
    own, whole = np.concatenate(places), np.concatenate(cells)
    span = own if np.ptp(own) < THIN * np.ptp(whole) else whole
    factor, length = length_unit(float(np.ptp(span)))
    for nodes in lines(grid, name):
        ax.plot(factor * grid.points_um[nodes, 0], grid.values[name][nodes], **look)
    ax.set(xlabel=f"x ({length})", xlim=(factor * span.min(), factor * span.max()))


def lines(grid: Grid, name: str) -> list[Floats]:
    """Nodes of the connected pieces on which a field of a 1D grid has a meaning, each in order of x."""
    cells = grid.where(name)
    if not len(cells):
        return []
    cells = cells[np.argsort(grid.points_um[cells, 0].mean(axis=1))]
    cells = np.take_along_axis(cells, np.argsort(grid.points_um[cells, 0], axis=1), axis=1)
    breaks = np.flatnonzero(cells[1:, 0] != cells[:-1, 1]) + 1
    return [np.r_[piece[0, 0], piece[:, 1]] for piece in np.split(cells, breaks)]


def quantities(grid: Grid) -> dict[str, str]:
    """Array name -> label: concentrations, then potentials; of species in a fixed ratio everywhere only one.

    In a neutral binary electrolyte the second concentration is the first one times a constant.
    """
    names: dict[str, str] = {}
    for name, who in species(grid.values).items():
        value = grid.values[name]
        if not any(_proportional(value, grid.values[other]) for other in names):
            names[name] = f"c({who}) (mol/m³)"
    for name in grid.values:
        if name.startswith("potential_") and np.isfinite(grid.values[name]).any():
            region = name.removeprefix("potential_").removesuffix("V").removesuffix("_")
            names[name] = f"φ of {region} (V)" if region else "φ (V)"
    return names


def _proportional(a: Floats, b: Floats) -> bool:
    ok = np.isfinite(a) & np.isfinite(b)
    if not ok.any() or not np.any(b[ok]):
        return False
    ratio = float(a[ok] @ b[ok] / (b[ok] @ b[ok]))
    return bool(np.all(np.abs(a[ok] - ratio * b[ok]) <= FLAT * np.abs(a[ok]).max()))


def length_unit(size_um: float) -> tuple[float, str]:
    """Units per micrometre in which lengths up to `size_um` read well, and the unit's name."""
    for micrometres, name in ((1e3, "mm"), (1.0, "µm")):
        if size_um >= 2.0 * micrometres:
            return 1.0 / micrometres, name
    return 1e3, "nm"


def fields(run: Run) -> Figure:
    """Concentrations and potentials at up to three times, one row each; in 3D on the plane through mid-y."""
    shown = [run.grid(k) for k in draw.spread_in_time(run.field_times_s, MOST_PANELS)]
    axes, place = (0, 1), ""
    factor, length = length_unit(float(np.ptp(shown[0].points_um, axis=0).max()))
    if shown[0].dimension == 3:
        middle = 0.5 * float(shown[0].points_um[:, 1].min() + shown[0].points_um[:, 1].max())
        shown = [grid.cut(1, middle) for grid in shown]
        axes, place = (0, 2), f"y = {factor * middle:.4g} {length}"
    names = dict(list(quantities(shown[-1]).items())[: MOST_SPECIES + 1])
    across, up = _panel(shown[0], axes, (len(shown), len(names)))
    step, rise, low = max(across + GAP, 0.85), up + 0.28, 0.45
    high = low + (len(names) - 1) * rise + up + 0.25
    figure = Figure(figsize=(0.6 + (len(shown) - 1) * step + across + 0.9, high + (0.2 if place else 0.0)))
    unit, time_name = style.time_unit(shown[-1].time_s)
    for row, (name, label) in enumerate(names.items()):
        values = np.concatenate([grid.values[name][np.unique(grid.where(name))] for grid in shown])
        shades = style.CONCENTRATION_MAP if name.startswith("c_") else style.TIME_MAP
        colours = ScalarMappable(_scale(values), shades)
        bottom, last = low + (len(names) - 1 - row) * rise, row == len(names) - 1
        for k, grid in enumerate(shown):
            ax = draw.place(figure, 0.6 + k * step, bottom, across, up)
            _field(ax, grid, name, axes, factor, colours)
            if row == 0:
                ax.set_title(f"{unit * grid.time_s:.4g} {time_name}", pad=3)
            ax.tick_params(labelbottom=last, labelleft=k == 0)
            ax.set(xlabel=f"x ({length})" if last else "")
            ax.set(ylabel=f"{'xyz'[axes[1]]} ({length})" if k == 0 else "")
        bar = draw.place(figure, 0.6 + (len(shown) - 1) * step + across + 0.08, bottom, 0.09, up)
        draw.colour_bar(bar, colours, label)
    if place:
        figure.text(0.5, 1.0, place, ha="center", va="top")
    return figure


def _panel(grid: Grid, axes: tuple[int, int], count: tuple[int, int]) -> tuple[float, float]:
    """Width and height of a panel in inches; long and thin cells are stretched to be seen."""
    width, height = (float(np.ptp(grid.points_um[:, axis])) for axis in axes)
    columns, rows = count
    most = (style.DOUBLE - 1.5 - GAP * (columns - 1)) / columns
    scale = min(most / width, min(2.2, TALLEST / rows) / height)
    return max(scale * width, 0.7), max(scale * height, 0.7)


def _scale(values: Floats, least: float = 1e-6) -> Normalize:
    """From the smallest to the largest value, at least the part `least` of it: rounding is no pattern."""
    low, high = float(values.min()), float(values.max())
    room = 0.5 * max(least * max(abs(low), abs(high)) - (high - low), 0.0)
    return Normalize(low - room, high + room) if high + room > low - room else Normalize(low - 1.0, low + 1.0)


def _field(
    ax: Axes, grid: Grid, name: str, axes: tuple[int, int], factor: float, colours: ScalarMappable
) -> None:
    x, y = (factor * grid.points_um[:, axis] for axis in axes)
    ax.set_facecolor(style.METAL)
    values = np.nan_to_num(grid.values[name])
    mesh = ax.tripcolor(
        x, y, grid.where(name), values, shading="gouraud", norm=colours.norm, cmap=colours.get_cmap()
    )
    mesh.set_rasterized(True)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    ax.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def current(found: Mapping[str, list[Electrode]]) -> Figure:
    """Current density along electrodes at several times."""
    figure = Figure(figsize=(style.SINGLE + 0.7, 1.7 * len(found) + 0.3), layout="constrained")
    panels = figure.subplots(len(found), 1, squeeze=False).ravel()
    longest = max(items[-1].time_s for items in found.values())
    unit, name = style.time_unit(longest)
    colours = ScalarMappable(Normalize(0.0, unit * longest or 1.0), style.TIME_MAP)
    for ax, (boundary, items) in zip(panels, found.items(), strict=True):
        shown = [items[k] for k in draw.spread_in_time([e.time_s for e in items], MOST_PROFILES)]
        axis, extent = longest_axis(items[0])
        factor, length = length_unit(extent)
        for electrode in shown:
            x, y = along(electrode)
            ax.plot(factor * x, MILLIAMPERES * y, color=shade(colours, unit * electrode.time_s))
        room(ax, [MILLIAMPERES * electrode.current for electrode in shown])
        ax.set(xlabel=f"{'xyz'[axis]} ({length})", title=title(boundary))
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    figure.supylabel("current density (mA/cm²)", fontsize=8.0)
    figure.colorbar(colours, ax=list(panels), label=f"time ({name})")
    return figure


def longest_axis(electrode: Electrode) -> tuple[int, float]:
    """The coordinate in which an electrode is longest, and its largest value there, micrometres."""
    axis = int(np.argmax(np.ptp(electrode.corners_um, axis=(0, 1))))
    return axis, float(np.abs(electrode.corners_um[:, :, axis]).max())


def along(electrode: Electrode) -> tuple[Floats, Floats]:
    """Place (micrometres) and current density along an electrode in 2D.

    The place is the coordinate in which the electrode is longest. Where neighbouring facets do not touch, as
    between the strips of a patterned electrode, a NaN interrupts the line.
    """
    axis, _ = longest_axis(electrode)
    order = np.argsort(electrode.places_um[:, axis], kind="stable")
    places, size = electrode.places_um[order], electrode.size[order]
    gap = np.linalg.norm(np.diff(places, axis=0), axis=1) - 0.5 * (size[1:] + size[:-1])
    breaks = np.flatnonzero(gap > 0.01 * size[1:]) + 1
    return np.insert(places[:, axis], breaks, np.nan), np.insert(electrode.current[order], breaks, np.nan)


def current_maps(run: Run) -> Figure:
    """Current density over every electrode of a 3D cell at the end, facet by facet."""
    found = ordered(electrodes(run))
    figure = Figure(figsize=(0.7 + 2.9 * len(found), 2.5))
    unit, name = style.time_unit(max(items[-1].time_s for items in found.values()))
    for k, (boundary, items) in enumerate(found.items()):
        last = items[-1]
        a, b = sorted(int(axis) for axis in np.argsort(np.ptp(last.places_um, axis=0))[-2:])
        density = MILLIAMPERES * last.current
        wide, tall = (float(np.ptp(last.corners_um[:, :, axis])) for axis in (a, b))
        scale = min(1.6 / wide, 1.75 / tall)
        ax = draw.place(figure, 0.55 + 2.9 * k, 0.45, scale * wide, scale * tall)
        facets: Any = last.corners_um[:, :, [a, b]]
        shown = PolyCollection(facets, array=density, norm=_scale(density, UNIFORM), cmap=style.TIME_MAP)
        shown.set(edgecolor="face", linewidth=0.2)
        ax.add_collection(shown)
        ax.autoscale_view()
        ax.margins(0.0)
        ax.set(xlabel=f"{'xyz'[a]} (µm)", ylabel=f"{'xyz'[b]} (µm)")
        ax.set_title(f"{title(boundary)}, {unit * last.time_s:.4g} {name}", pad=3)
        bar = draw.place(figure, 0.63 + 2.9 * k + scale * wide, 0.45, 0.09, scale * tall)
        draw.colour_bar(bar, shown, "i (mA/cm²)")
        bar.ticklabel_format(axis="y", useOffset=False)
    return figure


def ordered(found: Mapping[str, list[Electrode]]) -> dict[str, list[Electrode]]:
    """The first few electrodes, the working electrode before the others."""
    names = sorted(found, key=lambda name: (name != "working", name))
    return {name: found[name] for name in names[:MOST_ELECTRODES]}


def title(boundary: str) -> str:
    """Name of an interface as a title."""
    return f"{boundary} electrode" if boundary in ("working", "counter") else boundary
