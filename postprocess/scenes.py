"""Views of surfaces in 3D, drawn without a screen: parallel projection of the cell from above its front."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from postprocess.tables import Floats, Ints

OBLIQUE = (0.5, -1.0, 0.6)
"""From the middle of the cell to the eye: x to the right, z upwards, y away from the eye."""
PIXELS = 900
"""Width of a picture."""
EDGE = "#3C4046"


@dataclass(frozen=True)
class Sheet:
    """Triangles with a colour.

    Attributes:
        points: Vertices, shape (n, 3).
        triangles: Shape (m, 3).
        colour: One for all, where there are no values.
        values: At the vertices, shape (n,), or of the triangles, shape (m,).
        limits: Values with the first and the last colour of the map.
        colours: Name of the map.
        lit: Whether its colour depends on how it lies to the light; a flat map should not.
    """

    points: Floats
    triangles: Ints
    colour: str = "#B9BDC3"
    values: Floats | None = None
    limits: tuple[float, float] = (0.0, 1.0)
    colours: str = "viridis"
    lit: bool = True


def can_render() -> bool:
    """Whether there is a screen, or the library with which VTK does without."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(screen) or sys.platform != "linux" or find_library("EGL") is not None


def render(
    sheets: Sequence[Sheet],
    corners: tuple[Floats, Floats],
    eye: tuple[float, float, float] = OBLIQUE,
    pixels: int = PIXELS,
) -> npt.NDArray[np.uint8]:
    """Draw sheets in a box with thin edges; equal boxes make equal views.

    Args:
        sheets: What to draw.
        corners: Lowest and highest corner of the box, shape (3,) each.
        eye: Direction from the box to the eye.
        pixels: Width of the picture; the height follows from the box.

    Returns:
        Red, green, blue, shape (height, pixels, 3).
    """
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    import pyvista

    right, up = _axes(eye)
    low, high = corners
    eight = np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )
    middle = 0.5 * (low + high)
    half_width, half_height = (1.02 * float(np.abs((eight - middle) @ axis).max()) for axis in (right, up))
    height = max(1, round(pixels * half_height / half_width))
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=[pixels, height])
    try:
        plotter.set_background("white")
        for sheet in sheets:
            _add(plotter, sheet)
        box = pyvista.Box(bounds=np.stack(corners, axis=1).ravel().tolist())
        plotter.add_mesh(box, style="wireframe", color=EDGE, line_width=1.5, lighting=False)
        plotter.enable_parallel_projection()
        size = float(np.linalg.norm(high - low))
        away = np.asarray(eye) / np.linalg.norm(eye)
        plotter.camera.position = tuple(middle + 2.0 * size * away)
        plotter.camera.focal_point = tuple(middle)
        plotter.camera.up = (0.0, 0.0, 1.0)
        plotter.camera.parallel_scale = half_height
        plotter.camera.clipping_range = (0.5 * size, 4.0 * size)
        plotter.enable_anti_aliasing("msaa", multi_samples=8)  # exact at edges, unlike "ssaa"
        return np.array(plotter.screenshot(return_img=True), dtype=np.uint8)
    finally:
        plotter.close()


def _axes(eye: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Unit vectors to the right and upwards in the picture."""
    away = np.asarray(eye) / np.linalg.norm(eye)
    right = np.cross([0.0, 0.0, 1.0], away)
    right /= np.linalg.norm(right)
    return right, np.cross(away, right)


def _add(plotter: Any, sheet: Sheet) -> None:
    import pyvista

    if not len(sheet.triangles):
        return
    mesh = pyvista.PolyData.from_regular_faces(sheet.points, sheet.triangles)
    light = {"ambient": 0.45, "diffuse": 0.6} if sheet.lit else {}
    look: dict[str, Any] = {"lighting": sheet.lit, "show_scalar_bar": False, **light}
    if sheet.values is None:
        plotter.add_mesh(mesh, color=sheet.colour, **look)
        return
    at_points = len(sheet.values) == len(sheet.points)
    look |= {
        "clim": list(sheet.limits),
        "cmap": sheet.colours,
        "preference": "point" if at_points else "cell",
    }
    plotter.add_mesh(mesh, scalars=sheet.values, **look)
