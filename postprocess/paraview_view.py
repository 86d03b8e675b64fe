"""The usual view of a run in ParaView: a script beside `fields.pvd`, and the surfaces as a series.

The script holds the names, limits and places of this run and relative paths; it needs ParaView and nothing of
Tertia. It is not called paraview.py, because Python would then take it for ParaView's own package.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postprocess import draw
from postprocess.fields import METAL_AT, ORDER
from postprocess.run import Run

if TYPE_CHECKING:
    from postprocess.fronts import Front

SCRIPT, SERIES = "paraview_view.py", "front.pvd"
TUBE = 0.004
"""Radius of the tube that a front in 2D is drawn as, part of the height of the cell."""


def write_view(run: Run) -> list[Path]:
    """Write RUN/paraview_view.py and, of a growing cell, RUN/front.pvd with the surfaces at all times.

    In 2D the surfaces are written again as lines, front/front_NNNNNN.vtp, with their current density.

    Returns:
        The script, and the series of surfaces; nothing of a run without fields.
    """
    if not run.field_files:
        return []
    made = [run.folder / SCRIPT]
    surfaces: dict[str, float] = {}
    if run.solid:
        surfaces = {f"front/{path.name}": time for path, time in run.shell_files.items()}
    elif run.fronts:
        surfaces = _write_lines(run)
    if surfaces:
        made.append(run.folder / SERIES)
        _write_series(made[-1], surfaces)
    template = files("postprocess").joinpath("paraview_view.txt").read_text(encoding="utf-8")
    settings = json.dumps(_settings(run, bool(surfaces)), indent=4, ensure_ascii=False)
    text = template.replace("@SETTINGS@", settings.replace("true", "True").replace("null", "None"))
    made[0].write_text(text, encoding="utf-8")
    return made


def _settings(run: Run, surfaces: bool) -> dict[str, Any]:
    """What the script shows."""
    from postprocess.fixed_pictures import quantities
    from postprocess.scenes import OBLIQUE
    from postprocess.solid_pictures import cell, cutting_place, towards

    grids = [run.grid(0), run.grid(-1)]
    known = [name for name, values in grids[-1].values.items() if np.isfinite(values).any()]
    field = next((n for n in (draw.CONCENTRATION, *quantities(grids[-1])) if n in known), known[0])
    low, high = _limits(run, field)
    corners = cell(grids)
    middle = 0.5 * (corners[0] + corners[1])
    cut = cutting_place(run.shell(-1), corners) if run.solid else float(middle[1])
    eye = towards(run.shell(-1), corners) if run.solid else OBLIQUE
    title = quantities(grids[-1]).get(field, "c (mol/m³)")
    return {
        "field": field,
        "title": title.translate({ord("φ"): "potential", ord("³"): "3"}),  # ParaView's fonts and states
        "eye": list(eye),
        "limits": [low, high],
        "dimension": grids[-1].dimension,
        "plane_y": cut if grids[-1].dimension == 3 else 0.0,
        "metal_above": METAL_AT if ORDER in known else 0.0,
        "order_parameter": ORDER if ORDER in known else "",
        "front": SERIES if surfaces else "",
        "tube": TUBE * float(corners[1][1] - corners[0][1]),
    }


def _limits(run: Run, field: str) -> tuple[float, float]:
    """Lowest and highest value outside metal over all times; a concentration begins at 0."""
    lows, highs = [], []
    for k in range(len(run.field_files)):
        grid = run.grid(k)
        outside = (
            grid.values[ORDER] <= METAL_AT if ORDER in grid.values else np.ones(len(grid.points_um), bool)
        )
        values = grid.values[field][outside & np.isfinite(grid.values[field])]
        if values.size:
            lows.append(float(values.min()))
            highs.append(float(values.max()))
    low, high = min(lows), max(highs)
    low = min(low, 0.0) if field == draw.CONCENTRATION else low
    return low, high if high > low else low + max(1e-6 * abs(low), 1e-12)


def _write_lines(run: Run) -> dict[str, float]:
    """Surfaces in 2D as lines; file -> time."""
    written = {}
    for number, front in enumerate(run.fronts):
        name = f"front/front_{number:06d}.vtp"
        others = [c for c in run.counters if abs(c.time_s - front.time_s) <= 1e-9 * abs(front.time_s)]
        _lines([front, *others]).save(str(run.folder / name))
        written[name] = front.time_s
    return written


def _lines(fronts: Sequence[Front]) -> Any:
    """One polyline per chain; current density, coverage and patch of the edges as means at the vertices."""
    import pyvista

    chains = [chain for front in fronts for chain in front.chains]
    points = np.vstack([np.column_stack([c.points_um, np.zeros(len(c.x_um))]) for c in chains])
    start = np.cumsum([0, *(len(c.x_um) for c in chains)])
    cells = [np.r_[b - a, np.arange(a, b)] for a, b in pairwise(start)]
    mesh = pyvista.PolyData(points, lines=np.concatenate(cells))
    for name in ("current_A_m2", "coverage"):
        edges = [np.asarray(getattr(chain, name), dtype=float) for chain in chains]
        mesh.point_data[name] = np.concatenate([0.5 * (np.r_[e[:1], e] + np.r_[e, e[-1:]]) for e in edges])
    return mesh


def _write_series(path: Path, surfaces: dict[str, float]) -> None:
    """A ParaView collection."""
    rows = [
        f'    <DataSet timestep="{time:.10g}" part="0" file="{name}"/>' for name, time in surfaces.items()
    ]
    lines = ['<?xml version="1.0"?>', '<VTKFile type="Collection" version="0.1">', "  <Collection>"]
    path.write_text("\n".join([*lines, *rows, "  </Collection>", "</VTKFile>", ""]), encoding="utf-8")
