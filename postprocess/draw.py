"""Pieces that several pictures share: deposit, substrate, fronts in time, concentration with field lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator

from postprocess import style
from postprocess.field_lines import SPACING, field_lines

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure

    from postprocess.fields import Field
    from postprocess.fronts import Chain, Front
    from postprocess.run import Run
    from postprocess.tables import Floats
    from postprocess.view import View

CONCENTRATION = "concentration_mol_m3"
NANOMETRES = 1e3  # per micrometre


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


def metal(ax: Axes, front: Front, view: View, scale: float = 1.0) -> None:
    """Fill the metal of an electrode with grey, pieces that have lost contact in a colour of their own."""
    line, end = front.main.points_um, view.end_of_metal(front)
    outline = [np.vstack([[line[0, 0], end], line, [line[-1, 0], end]])]
    pieces = front.dead
    holes = [chain for chain in front.chains if chain is not front.main and chain not in pieces]
    outline += [chain.points_um for chain in holes]
    _fill(ax, outline, scale, facecolor=style.METAL, zorder=2.5)
    for piece in pieces:
        _fill(ax, [piece.points_um], scale, facecolor=style.DEAD, zorder=2.55)


def _fill(ax: Axes, outlines: Sequence[Floats], scale: float, **look: object) -> None:
    """Fill closed polygons as one: what runs the other way round inside another one is a hole."""
    paths = [Outline(np.vstack([scale * line, scale * line[:1]]), closed=True) for line in outlines]
    ax.add_patch(PathPatch(Outline.make_compound_path(*paths), linewidth=0.0, **look))


def substrate(ax: Axes, first: Front, view: View, depth: float, scale: float = 1.0) -> None:
    """Draw the collector, where it is in view, as a strip of `depth` below it; islands in their colour."""
    if not view.collector:
        return
    low = scale * view.bottom - depth
    left, width = scale * view.left, scale * view.width
    face = style.SUBSTRATE["matrix"]
    ax.add_patch(Rectangle((left, low), width, depth, facecolor=face, edgecolor="none", zorder=2.6))
    for a, b in first.main.spans("island"):
        box = Rectangle((scale * a, low), scale * (b - a), depth, zorder=2.7)
        box.set(facecolor=style.SUBSTRATE["island"], edgecolor="none")
        ax.add_patch(box)


def fronts(
    ax: Axes,
    shown: Sequence[Front],
    counters: Sequence[Front],
    view: View,
    unit: float,
    scale: float = 1.0,
    width: float = 0.8,
) -> LineCollection:
    """Draw fronts as lines coloured by time; the metal of the last one is filled.

    Args:
        ax: Where to.
        shown: Fronts in order of time, at least one.
        counters: Those of the counter electrode, where it moves.
        view: What is shown.
        unit: Time units per second of the colour scale.
        scale: Length units per micrometre of the axes.
        width: Line width, points.

    Returns:
        The lines, for a colour bar.
    """
    for last in (*shown[-1:], *counters[-1:]):
        metal(ax, last, view, scale)
    drawn = [(unit * front.time_s, chain) for front in (*shown, *counters) for chain in front.chains]
    begin, end = unit * shown[0].time_s, unit * shown[-1].time_s
    lines = LineCollection(
        [scale * chain.points_um for _, chain in drawn],
        array=np.array([time for time, _ in drawn]),
        cmap=style.TIME_MAP,
        norm=Normalize(begin, max(end, begin + 1e-12)),
        linewidths=width,
        zorder=3,
    )
    ax.add_collection(lines)
    return lines


def concentration(
    ax: Axes,
    field: Field,
    electrodes: Sequence[Front],
    view: View,
    scale: Normalize,
    spacing: float = SPACING,
) -> None:
    """Draw the concentration in the electrolyte in colour, metal in grey and field lines on top.

    Args:
        ax: Where to.
        field: The electrolyte.
        electrodes: Surface of the working electrode and, if it moves, of the counter electrode.
        view: What is shown.
        scale: Colour scale.
        spacing: Distance between field lines at the counter electrode over the height of the cell.
    """
    ax.set_facecolor(style.METAL)  # whatever is no electrolyte
    values = field.points[CONCENTRATION]
    mesh = ax.tripcolor(
        field.triangulation, values, shading="gouraud", norm=scale, cmap=style.CONCENTRATION_MAP
    )
    mesh.set_rasterized(True)
    mesh.set_zorder(1)
    field_lines(ax, field, next((e for e in electrodes if e.metal_above), None), spacing)
    outlined(ax, electrodes, view)


def outlined(ax: Axes, electrodes: Sequence[Front], view: View) -> None:
    """Fill the metal of electrodes with grey and draw their surfaces."""
    for electrode in electrodes:
        metal(ax, electrode, view)
        for chain in electrode.chains:
            ax.plot(chain.x_um, chain.y_um, color=style.METAL_EDGE, linewidth=0.6, zorder=3)


def short_circuit(ax: Axes, run: Run) -> None:
    """Mark the place where the electrodes met."""
    met = run.summary.get("short_circuit")
    if met:
        (mark,) = ax.plot(met["x_um"], met["y_um"], "*", color=style.VERMILION, markersize=9.0)
        mark.set(markeredgecolor="white", markeredgewidth=0.5, zorder=4, clip_on=False)


def legend(figure: Figure, run: Run, shown: Sequence[Front]) -> None:
    """Name dead metal and the short circuit below the figure, where there are any."""
    handles: list[Artist] = []
    dead: list[Chain] = [piece for front in shown for piece in front.dead]
    if dead:
        handles.append(Patch(facecolor=style.DEAD, label="dead metal"))
    met = run.summary.get("short_circuit")
    if met:
        unit, name = style.time_unit(float(met["time_s"]))
        label = f"short circuit, {unit * float(met['time_s']):.4g} {name}"
        mark = Line2D(
            [], [], color=style.VERMILION, marker="*", markersize=7.0, linestyle="none", label=label
        )
        handles.append(mark)
    if handles:
        figure.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2)


def concentration_scale(fields: Sequence[Field]) -> Normalize:
    """Colour scale from 0 (or below, if the data are) to the largest concentration of `fields`."""
    values = [field.points[CONCENTRATION][field.electrolyte] for field in fields]
    return Normalize(min(0.0, *(float(v.min()) for v in values)), max(float(v.max()) for v in values))


def whole_cell(ax: Axes, view: View, depth: float) -> None:
    """Set limits, equal aspect and labels for a picture of the cell, micrometres."""
    ax.set(xlim=(view.left, view.left + view.width), ylim=(view.bottom - depth, view.top), aspect="equal")
    ax.set(xlabel="x (µm)", ylabel="y (µm)")
    ax.xaxis.set_major_locator(MaxNLocator(4 if view.width >= 0.35 * view.height else 2, steps=[1, 2, 5, 10]))
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
