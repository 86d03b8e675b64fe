"""Interactive views of cells in three dimensions: deposit, concentration on planes, slider over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from postprocess import draw, style
from postprocess.fixed_pictures import length_unit, quantities
from postprocess.scenes import OBLIQUE
from postprocess.slides import Layer, Slides, colour_scale
from postprocess.solid_pictures import MILLIAMPERES, cell, cutting_place, towards
from postprocess.thinned import at_vertices, fewer

if TYPE_CHECKING:
    from postprocess.grids import Grid
    from postprocess.run import Run
    from postprocess.shells import Shell
    from postprocess.tables import Floats, Ints

FRAMES, TRIANGLES = 16, 6000
"""Times, and triangles of a surface or plane at a time."""
DISTANCE = 2.5
"""Of the eye from the middle of the cell, in Plotly's unit, about the size of the cell."""
FLAT_LIGHT = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0, "fresnel": 0.0}
"""A map has the colours of its scale whatever the light."""
SOFT_LIGHT = {
    "ambient": 0.35,
    "diffuse": 0.7,
    "specular": 0.05,
    "fresnel": 0.0,
    "facenormalsepsilon": 0.0,  # small triangles have normals, too
    "vertexnormalsepsilon": 0.0,
}
LAMP = {"x": 10.0, "y": 20.0, "z": 30.0}
"""So near that Plotly lights from the eye; its default, far away, leaves most of a surface dark."""
CONCENTRATION, CURRENT = "concentration", "current density"


def solid(run: Run) -> Slides:
    """A growing cell: metal with the concentration on the plane through its highest point, or its current."""
    shown = [run.shell(k) for k in draw.spread_in_time(run.shell_times_s, FRAMES)]
    grids = [run.grid(int(np.argmin(np.abs(run.field_times_s - shell.time_s)))) for shell in shown]
    corners = cell(grids)
    place = cutting_place(shown[-1], corners)
    cuts = [grid.cut(1, place).electrolyte for grid in grids]
    surfaces = [_deposit(shell) for shell in shown]
    density = [values for _, _, values in surfaces]
    finite = np.concatenate([values[np.isfinite(values)] for values in density] + [np.empty(0)])
    limits = (min(0.0, float(finite.min())), max(float(finite.max()), 1e-9)) if finite.size else (0.0, 1.0)
    of_current = colour_scale(style.TIME_MAP, limits, "deposition current density (mA/cm²)", "cmin")
    grey = {"color": style.METAL, "name": "metal", "hoverinfo": "skip"}
    text = "x = %{x:.4g}, y = %{y:.4g}, z = %{z:.4g} µm<br>deposition: %{intensity:.4g} mA/cm²<extra></extra>"
    eye = towards(shown[-1], corners)
    light = {"lighting": SOFT_LIGHT, "lightposition": LAMP}
    layers = [
        Layer([_mesh(p, t, **light, **grey) for p, t, _ in surfaces], CONCENTRATION),
        Layer(_plane(cuts, draw.CONCENTRATION, "concentration (mol/m³)"), CONCENTRATION),
        Layer(
            [
                _mesh(p, t, intensity=_f4(v), **light, hovertemplate=text, **of_current)
                for p, t, v in surfaces
            ],
            CURRENT,
        ),
        Layer([_box(corners)] * len(shown)),
    ]
    return Slides([shell.time_s for shell in shown], layers, _scene("µm", eye))


def fixed_solid(run: Run) -> Slides:
    """A cell of fixed shape: fields on the two upright planes through its middle."""
    grids = [run.grid(k) for k in draw.spread_in_time(run.field_times_s, FRAMES)]
    corners = cell(grids)
    factor, unit = length_unit(float(np.max(corners[1] - corners[0])))
    middle = 0.5 * (corners[0] + corners[1])
    layers = []
    for name, label in quantities(grids[-1]).items():
        for axis in (1, 0):
            layers.append(
                Layer(_plane([g.cut(axis, middle[axis]) for g in grids], name, label, factor), label)
            )
    layers.append(Layer([_box(corners, factor)] * len(grids)))
    return Slides([grid.time_s for grid in grids], layers, _scene(unit, OBLIQUE))


def _deposit(shell: Shell) -> tuple[Floats, Ints, Floats]:
    """Vertices, triangles and current density of deposition (mA/cm2) at the vertices of a reduced surface."""
    density = at_vertices(MILLIAMPERES * shell.current_A_m2, shell.triangles, len(shell.points_um))
    points, triangles, nearest = fewer(shell.points_um, shell.triangles, TRIANGLES)
    return points, triangles, density[nearest]


def _plane(cuts: Sequence[Grid], name: str, label: str, factor: float = 1.0) -> list[Any]:
    """A field on a plane at all times, with one scale of colours."""
    places = [cut.where(name) for cut in cuts]
    values = [cut.values[name][np.unique(cells)] for cut, cells in zip(cuts, places, strict=True)]
    every = np.concatenate([*values, np.empty(0)])
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    low = min(low, 0.0) if name == draw.CONCENTRATION else low
    high = high if high - low > 1e-9 * max(abs(low), abs(high), 1e-30) else low + max(1e-6 * abs(low), 1e-12)
    shades = style.TIME_MAP if "potential" in name else style.CONCENTRATION_MAP
    look = colour_scale(shades, (low, high), label, "cmin")
    text = f"x = %{{x:.4g}}, y = %{{y:.4g}}, z = %{{z:.4g}}<br>{label}: %{{intensity:.5g}}<extra></extra>"
    made = []
    for cut, cells in zip(cuts, places, strict=True):
        points, triangles, nearest = fewer(cut.points_um, cells, TRIANGLES)
        value = cut.values[name][nearest]
        used, number = np.unique(triangles, return_inverse=True)
        made.append(
            _mesh(
                factor * points[used],
                number.reshape(-1, 3),
                intensity=_f4(value[used]),
                lighting=FLAT_LIGHT,
                hovertemplate=text,
                **look,
            )
        )
    return made


def _mesh(points: Floats, triangles: Ints, **look: Any) -> Any:
    import plotly.graph_objects as go

    x, y, z = _f4(points).T.copy()
    kind = np.uint16 if len(points) < 2**16 else np.uint32
    i, j, k = triangles.astype(kind).T.copy()
    return go.Mesh3d(x=x, y=y, z=z, i=i, j=j, k=k, **look)


def _box(corners: tuple[Floats, Floats], factor: float = 1.0) -> Any:
    """The twelve edges of the cell."""
    import plotly.graph_objects as go

    low, high = (factor * corner for corner in corners)
    rows = []
    for axis in range(3):
        b, c = (axis + 1) % 3, (axis + 2) % 3
        for u in (low[b], high[b]):
            for v in (low[c], high[c]):
                ends = np.full((3, 3), np.nan)
                ends[:2, axis], ends[:2, b], ends[:2, c] = (low[axis], high[axis]), u, v
                rows.append(ends)
    x, y, z = np.vstack(rows).T
    line = {"color": style.METAL_EDGE, "width": 2}
    return go.Scatter3d(x=x, y=y, z=z, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _scene(unit: str, eye: tuple[float, float, float]) -> dict[str, Any]:
    away = DISTANCE * np.asarray(eye) / np.linalg.norm(eye)
    # In perspective: with Plotly's orthographic camera surfaces are not lit.
    camera = {"eye": dict(zip("xyz", map(float, away), strict=True))}
    axis = {"showbackground": False, "gridcolor": "#E3E6EA", "zeroline": False}
    axes = {f"{name}axis": {"title": {"text": f"{name} ({unit})"}, **axis} for name in "xyz"}
    scene = {"aspectmode": "data", "camera": camera, "dragmode": "orbit", **axes}
    return {"scene": scene, "height": 720, "margin": {"l": 10, "r": 60, "t": 60, "b": 50}}


def _f4(values: Floats) -> Any:
    """Half of the size on the page, and more digits than a screen shows."""
    return values.astype(np.float32)
