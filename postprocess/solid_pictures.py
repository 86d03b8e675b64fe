"""Pictures of a growing cell in 3D: the front, the current over it, the concentration on a plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from postprocess import draw, style
from postprocess.scenes import OBLIQUE, PIXELS, Sheet, render
from postprocess.shells import Shell

if TYPE_CHECKING:
    from postprocess.grids import Grid
    from postprocess.run import Run
    from postprocess.tables import Floats

    Corners = tuple[Floats, Floats]

PANELS = 4
HEADROOM = 1.3
"""Height of the box around the front, over that of the highest front."""
FLATTEST = 0.25
"""Least height of that box, over its width."""
INSIDE = 1e-3
"""Least distance of the plane of a cut from a wall, part of the depth."""
SECTION = 2e-4
"""Distance between the electrolyte and the metal on that plane, part of the depth."""
OFF = 0.25
"""Distance of the highest point from the middle that says from where to look, part of the width or depth."""
ACROSS, HIGHEST = 1.4, 3.4
"""Width and greatest height of a panel, inches."""
MILLIAMPERES = -0.1
"""Current density in A/m2 to that of deposition in mA/cm2."""


def solid_figures(run: Run) -> dict[str, Figure]:
    """Pictures of the front coloured by height and by current, and of the concentration, by name."""
    return {"front": front(run), "concentration": concentration(run), "current": current(run)}


def front(run: Run) -> Figure:
    """The front at several times, coloured by height."""
    shown = _shown(run)
    low, high = around(run, shown)
    limits = (float(low[2]), max(float(s.tip_um[2]) for s in shown))
    scale = _normalize(*limits)

    def sheets(shell: Shell) -> list[Sheet]:
        return [_coloured(shell, shell.points_um[:, 2], scale, style.TIME_MAP)]

    bar, eye = ScalarMappable(scale, style.TIME_MAP), towards(shown[-1], (low, high))
    return _panels(shown, sheets, (low, high), eye, bar, "height (µm)")


def current(run: Run) -> Figure:
    """The front at several times, coloured by the current density of deposition."""
    shown = _shown(run)
    density = np.concatenate([MILLIAMPERES * shell.current_A_m2 for shell in shown])
    known = density[np.isfinite(density)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    scale = _normalize(min(low, 0.0), max(high, 0.0))

    def sheets(shell: Shell) -> list[Sheet]:
        return [_coloured(shell, MILLIAMPERES * shell.current_A_m2, scale, style.TIME_MAP)]

    corners, bar = around(run, shown), ScalarMappable(scale, style.TIME_MAP)
    return _panels(
        shown, sheets, corners, towards(shown[-1], corners), bar, "deposition current\ndensity (mA/cm²)"
    )


def concentration(run: Run) -> Figure:
    """Concentration on the plane y = const through the highest point at the end, metal there and behind."""
    shown = _shown(run)
    grids = [run.grid(int(np.argmin(np.abs(run.field_times_s - shell.time_s)))) for shell in shown]
    corners = cell(grids)
    place = cutting_place(shown[-1], corners)
    cuts = {s.time_s: grid.cut(1, place).electrolyte for s, grid in zip(shown, grids, strict=True)}
    values = [cut.values[draw.CONCENTRATION] for cut in cuts.values()]
    scale = Normalize(min(0.0, *(float(v.min()) for v in values)), max(float(v.max()) for v in values))

    def sheets(shell: Shell) -> list[Sheet]:
        cut = cuts[shell.time_s]
        limits = (float(scale.vmin or 0.0), float(scale.vmax or 1.0))
        return [
            behind(shell, place),
            _section(corners, place),
            Sheet(
                cut.points_um,
                cut.cells,
                values=cut.values[draw.CONCENTRATION],
                limits=limits,
                colours=style.CONCENTRATION_MAP,
                lit=False,
            ),
        ]

    bar = ScalarMappable(scale, style.CONCENTRATION_MAP)
    label = f"concentration at\ny = {place:.3g} µm (mol/m³)"
    return _panels(shown, sheets, corners, OBLIQUE, bar, label)


def around(run: Run, shown: Sequence[Shell]) -> Corners:
    """Corners of a box around fronts, micrometres, with some room above, no higher than the cell."""
    low = np.min([shell.points_um.min(axis=0) for shell in shown], axis=0)
    high = np.max([shell.points_um.max(axis=0) for shell in shown], axis=0)
    top = low[2] + max(HEADROOM * (high[2] - low[2]), FLATTEST * (high[0] - low[0]))
    high[2] = min(top, max(cell([run.grid(0)])[1][2], high[2])) if run.field_files else top
    return low, high


def cell(grids: Sequence[Grid]) -> Corners:
    """Corners of a box around the electrolyte at all times, micrometres."""
    return (
        np.min([grid.points_um.min(axis=0) for grid in grids], axis=0),
        np.max([grid.points_um.max(axis=0) for grid in grids], axis=0),
    )


def towards(shell: Shell, corners: Corners) -> tuple[float, float, float]:
    """Direction to the eye, away from the highest point: metal at a wall is hollow as seen from there."""
    low, high = corners
    off = (shell.tip_um - 0.5 * (low + high)) / (high - low)
    x, y, z = OBLIQUE
    return (-x if off[0] > OFF else x), (-y if off[1] < -OFF else y), z


def cutting_place(shell: Shell, corners: Corners) -> float:
    """The y of the highest point, micrometres, kept off the walls by a little."""
    low, high = float(corners[0][1]), float(corners[1][1])
    room = INSIDE * (high - low)
    return float(np.clip(shell.tip_um[1], low + room, high - room))


def behind(shell: Shell, place: float) -> Sheet:
    """The part of the front with y > `place`."""
    import pyvista

    mesh = pyvista.PolyData.from_regular_faces(shell.points_um, shell.triangles)
    part = mesh.clip(normal="y", origin=(0.0, place, 0.0), invert=False).triangulate()
    return Sheet(np.asarray(part.points, dtype=np.float64), np.asarray(part.regular_faces, dtype=np.int64))


def _section(corners: Corners, place: float) -> Sheet:
    """The plane of the cut as metal, a little further back than the electrolyte, which hides the rest."""
    (left, front_y, low), (right, back_y, high) = corners
    y = place + SECTION * (back_y - front_y)
    points = np.array([[left, y, low], [right, y, low], [right, y, high], [left, y, high]])
    return Sheet(points, np.array([[0, 1, 2], [0, 2, 3]]), lit=False)


def _shown(run: Run) -> list[Shell]:
    return [run.shell(k) for k in draw.spread_in_time(run.shell_times_s, PANELS)]


def _normalize(low: float, high: float) -> Normalize:
    return Normalize(low, high if high > low else low + 1.0)


def _coloured(shell: Shell, values: Floats, scale: Normalize, colours: str) -> Sheet:
    limits = (float(scale.vmin or 0.0), float(scale.vmax or 0.0))
    return Sheet(shell.points_um, shell.triangles, values=values, limits=limits, colours=colours)


def _panels(
    shown: Sequence[Shell],
    sheets: Callable[[Shell], list[Sheet]],
    corners: Corners,
    eye: tuple[float, float, float],
    bar: ScalarMappable,
    label: str,
) -> Figure:
    """One view per time, side by side, and a colour bar."""
    images = [render(sheets(shell), corners, eye, PIXELS) for shell in shown]
    rows, columns, _ = images[0].shape
    across = min(ACROSS, HIGHEST * columns / rows)
    up = across * rows / columns
    figure = Figure(figsize=(len(images) * (across + 0.1) + 0.9, up + 0.4))
    unit, name = style.time_unit(shown[-1].time_s)
    for k, (shell, image) in enumerate(zip(shown, images, strict=True)):
        ax = draw.place(figure, 0.05 + k * (across + 0.1), 0.2, across, up)
        ax.imshow(image, aspect="auto", interpolation="antialiased")
        ax.set_axis_off()
        ax.set_title(f"{unit * shell.time_s:.4g} {name}", pad=3)
    size = " × ".join(f"{length:.3g}" for length in corners[1] - corners[0])
    figure.text(0.05 / figure.get_figwidth(), 0.02, f"box {size} µm (x, y, z)", va="bottom")
    draw.colour_bar(draw.place(figure, 0.1 + len(images) * (across + 0.1), 0.2, 0.09, up), bar, label)
    return figure
