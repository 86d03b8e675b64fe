"""Fields on triangles: reading VTK files of one or many parallel pieces, gradients, sampling on a grid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.tri import Triangulation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TRIANGLES = (5, 22, 69)  # VTK_TRIANGLE, VTK_QUADRATIC_TRIANGLE, VTK_LAGRANGE_TRIANGLE: corners come first
ORDER, METAL_AT = "order_parameter", 0.5
"""Field of a diffuse surface, 1 in metal and 0 in electrolyte, and the level at which the surface is."""
DUPLICATE, HIDDEN = 1, 2  # bits of vtkGhostType that a parallel writer sets on copies


@dataclass(frozen=True)
class Field:
    """Point data on a triangulation of the electrolyte at one time.

    Attributes:
        time_s: Time, s.
        x_um: Node abscissae, micrometres, shape (n,).
        y_um: Node ordinates, micrometres, shape (n,).
        triangles: Node numbers of the corners of each cell, shape (m, 3).
        points: Array name -> values, shape (n,) or (n, components).
    """

    time_s: float
    x_um: Floats
    y_um: Floats
    triangles: Ints
    points: Mapping[str, Floats]

    @cached_property
    def triangulation(self) -> Triangulation:
        """The mesh as Matplotlib draws and searches it."""
        from matplotlib.tri import Triangulation

        return Triangulation(self.x_um, self.y_um, self.triangles)

    @property
    def electrolyte(self) -> npt.NDArray[np.bool_]:
        """Nodes outside what a diffuse surface says is metal, shape (n,); all where the surface is sharp."""
        everywhere: Floats = np.zeros(len(self.x_um))
        return self.points.get(ORDER, everywhere) <= METAL_AT

    @property
    def without_metal(self) -> Field:
        """The same nodes, and the triangles that reach out of the metal of a diffuse surface."""
        return replace(self, triangles=self.triangles[self.electrolyte[self.triangles].any(axis=1)])

    def gradient(self, name: str) -> Floats:
        """Nodal gradient of a linear field: the cell gradients around a node, averaged by area.

        On a triangle with corners a, b, c and area A, grad u = sum_k u_k rot(opposite edge) / 2A.

        Args:
            name: Point array of shape (n,).

        Returns:
            Shape (n, 2), in units of the array per micrometre.
        """
        value, corner = self.points[name], np.stack([self.x_um, self.y_um], axis=1)[self.triangles]
        opposite = np.roll(corner, -2, axis=1) - np.roll(corner, -1, axis=1)  # edge facing corner k
        rotated = np.stack([-opposite[..., 1], opposite[..., 0]], axis=2)
        twice_area_gradient = np.einsum("mk,mkd->md", value[self.triangles], rotated)
        u, v = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        twice_area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        sign, size = np.sign(twice_area), len(self.x_um)
        nodes = self.triangles.ravel()
        weight = np.bincount(nodes, np.repeat(np.abs(twice_area), 3), size)
        parts = (np.bincount(nodes, np.repeat(sign * twice_area_gradient[:, d], 3), size) for d in (0, 1))
        return np.stack([part / weight for part in parts], axis=1)

    def sample(self, values: Floats, x: Floats, y: Floats) -> Floats:
        """Interpolate nodal `values` (n,) linearly at points; nan outside the electrolyte."""
        from matplotlib.tri import LinearTriInterpolator

        found: Any = LinearTriInterpolator(self.triangulation, values)(x, y)
        sampled: Floats = found.filled(np.nan)
        return sampled


def is_complete(path: Path) -> bool:
    """Whether a VTK XML file, and every piece it names, exists and was written to its end."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64))
            if not file.read().rstrip().endswith(b"</VTKFile>"):
                return False
    except OSError:
        return False
    if path.suffix != ".pvtu":
        return True
    return all(is_complete(path.parent / piece) for piece in _pieces(path))


def _pieces(path: Path) -> list[str]:
    return re.findall(r'<Piece\b[^<>]*\bSource="([^"]+)"', path.read_text(encoding="utf-8"))


def read_field(path: Path, time_s: float) -> Field:
    """Read a `.vtu` file or a parallel `.pvtu` file as one triangulation without seams.

    Cells that are copies of another piece's cells (`vtkGhostType`) are left out. Nodes shared by pieces are
    joined by their global number (`vtkOriginalPointIds`) or, where it is missing, by their position.

    Raises:
        ValueError: The file cannot be read or holds no triangles.
    """
    grid = read_vtk(path)
    position = numpy_of(grid.GetPoints().GetData()).astype(float)
    points = arrays(grid.GetPointData())
    cells = arrays(grid.GetCellData())
    kinds = np.array([grid.GetCellType(k) for k in range(grid.GetNumberOfCells())])
    owned = np.isin(kinds, TRIANGLES) & ~is_hidden(cells, len(kinds))
    start = numpy_of(grid.GetCells().GetOffsetsArray())[:-1][owned]
    connectivity = numpy_of(grid.GetCells().GetConnectivityArray())
    if not len(start):
        raise ValueError(f"{path} holds no triangles")
    corners = connectivity[start[:, None] + np.arange(3)]

    used = np.unique(corners)
    identity = points.get("vtkOriginalPointIds", by_position(position))[used]
    _, representative, joined = np.unique(identity, return_index=True, return_inverse=True)
    keep = used[representative]
    renumber = np.full(len(position), -1)
    renumber[used] = joined
    data = {name: values[keep].astype(float) for name, values in points.items() if not name.startswith("vtk")}
    x, y = position[keep, 0], position[keep, 1]
    return Field(time_s, x, y, renumber[corners].astype(np.int64), data)


def read_vtk(path: Path) -> Any:
    """The vtkUnstructuredGrid in a `.vtu` or `.pvtu` file.

    Raises:
        ValueError: The file cannot be read, or holds no cells.
    """
    from vtkmodules.vtkIOXML import vtkXMLPUnstructuredGridReader, vtkXMLUnstructuredGridReader

    reader = vtkXMLPUnstructuredGridReader() if path.suffix == ".pvtu" else vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(path))
    reader.Update()
    grid = reader.GetOutput()
    if reader.GetErrorCode() or not grid.GetNumberOfCells():
        raise ValueError(f"{path} cannot be read as a mesh with fields")
    return grid


def is_hidden(cells: Mapping[str, npt.NDArray[Any]], count: int) -> npt.NDArray[np.bool_]:
    """Which of `count` cells are copies of another piece's cells, by their cell data."""
    if "vtkGhostType" not in cells:
        return np.zeros(count, dtype=bool)
    return np.asarray((cells["vtkGhostType"].astype(int) & (DUPLICATE | HIDDEN)) != 0)


def numpy_of(array: Any) -> npt.NDArray[Any]:
    """A VTK array as a NumPy array."""
    from vtkmodules.util import numpy_support

    convert: Callable[[Any], npt.NDArray[Any]] = numpy_support.vtk_to_numpy
    return convert(array)


def arrays(data: Any) -> dict[str, npt.NDArray[Any]]:
    """Point or cell data by name."""
    return {data.GetArrayName(k): numpy_of(data.GetArray(k)) for k in range(data.GetNumberOfArrays())}


def by_position(position: Floats) -> Ints:
    """The same number for nodes at the same place."""
    size = float(np.ptp(position, axis=0).max())
    _, number = np.unique(np.rint(position / (1e-10 * size)), axis=0, return_inverse=True)
    return np.asarray(number, dtype=np.int64).reshape(-1)
