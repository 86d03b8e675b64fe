"""Surface of an electrode in 3D as triangles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from postprocess.fields import arrays, numpy_of, read_vtk
from postprocess.tables import Floats, Ints

CELL_DATA = ("surface", "coverage", "patch", "current_A_m2")
TRIANGLE = 5
"""VTK's number of that cell."""


@dataclass(frozen=True, eq=False)
class Shell:
    """The electrode surface at one output time; normals point from metal to electrolyte.

    Attributes:
        time_s: Time, s.
        points_um: Vertices, micrometres, shape (n, 3); z is the height above the substrate.
        triangles: Vertices of every triangle, shape (m, 3).
        surface: 0 for deposit, else the number of a substrate surface, shape (m,).
        coverage: Part of each triangle covered by deposit, shape (m,).
        patch: Floating deposit each triangle belongs to, -1 in contact with the collector, shape (m,).
        current_A_m2: Current density, A/m2, negative where metal deposits, shape (m,).
    """

    time_s: float
    points_um: Floats
    triangles: Ints
    surface: Ints
    coverage: Floats
    patch: Ints
    current_A_m2: Floats

    @property
    def areas_um2(self) -> Floats:
        """Areas of the triangles, square micrometres, shape (m,)."""
        a, b, c = np.moveaxis(self.points_um[self.triangles], 1, 0)
        return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))

    @property
    def tip_um(self) -> Floats:
        """The highest point, micrometres, shape (3,)."""
        return np.asarray(self.points_um[np.argmax(self.points_um[:, 2])])


def numbered(folder: Path, times: Floats) -> dict[Path, float]:
    """Surfaces in a folder and their times: front_NNNNNN.vtu belongs to frame N of the series of fields.

    A surface without fields is the last one of an interrupted run and left out.
    """
    found = {}
    for path in sorted(folder.glob("front_*.vtu")):
        number = re.fullmatch(r"front_(\d+)", path.stem)
        if number is not None and int(number[1]) < len(times):
            found[path] = float(times[int(number[1])])
    return found


def read_shell(path: Path, time_s: float) -> Shell:
    """Read the triangles of a `.vtu` file.

    Raises:
        ValueError: The file cannot be read, or holds other cells or lacks data.
    """
    grid = read_vtk(path)
    kinds = {grid.GetCellType(k) for k in range(grid.GetNumberOfCells())}
    data = arrays(grid.GetCellData())
    missing = [name for name in CELL_DATA if name not in data]
    if kinds != {TRIANGLE} or missing:
        raise ValueError(f"{path} " + (f"has no cell data {missing[0]}" if missing else "is no surface"))
    points = numpy_of(grid.GetPoints().GetData()).astype(float)
    triangles = numpy_of(grid.GetCells().GetConnectivityArray()).reshape(-1, 3).astype(np.int64)
    surface, coverage, patch, current = (data[name] for name in CELL_DATA)
    return Shell(
        time_s,
        points,
        triangles,
        surface.astype(np.int64),
        coverage.astype(float),
        patch.astype(np.int64),
        current.astype(float),
    )
