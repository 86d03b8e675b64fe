"""Fields on intervals, triangles or tetrahedra: reading VTK files of one or many pieces, cuts by a plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from postprocess.fields import METAL_AT, ORDER, arrays, by_position, is_hidden, numpy_of, read_vtk

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LINEAR = {
    3: [[0, 1]],
    21: [[0, 2], [2, 1]],
    5: [[0, 1, 2]],
    22: [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]],
    10: [[0, 1, 2, 3]],
    24: [
        *([0, 4, 6, 7], [4, 1, 5, 8], [6, 5, 2, 9], [7, 8, 9, 3]),  # corners
        *([5, 7, 6, 4], [5, 7, 9, 6], [5, 7, 8, 9], [5, 7, 4, 8]),  # the octahedron between them
    ],
}
"""Linear cells that a VTK cell (lines, triangles, tetrahedra of degree 1 and 2) is drawn as."""

LAGRANGE = {(68, 2): 3, (68, 3): 21, (69, 3): 5, (69, 6): 22, (71, 4): 10, (71, 10): 24}
"""Lagrange cells, as DOLFINx writes them, and their number of nodes: the cells of VTK that are the same."""

ON_NODE = 1e-9
"""Part of an edge within which a plane passes through its end."""
CROSSED = {1: [(0, 1), (0, 2), (0, 3)], 2: [(0, 2), (0, 3), (1, 3), (1, 2)], 3: [(0, 3), (1, 3), (2, 3)]}
"""Edges of a tetrahedron that a plane crosses, in turn, by the number of nodes (the first ones) below it."""
KEPT = {1: [(0, 0), (0, 1), (0, 2)], 2: [(0, 0), (1, 1), (1, 2), (0, 2)], 3: [(0, 0), (1, 1), (2, 2)]}
"""Corners of the part of a triangle below a level: nodes (a pair of the same) and crossed edges, as above."""


@dataclass(frozen=True)
class Grid:
    """Point data on simplices at one time.

    Attributes:
        time_s: Time, s.
        points_um: Places of the nodes, micrometres, shape (n, 3).
        cells: Node numbers of every cell, shape (m, d + 1) in d dimensions.
        values: Array name -> values at the nodes, shape (n,); NaN where a field has no meaning.
        region: Number of the region of every cell, shape (m,); zeros where none was written.
    """

    time_s: float
    points_um: Floats
    cells: Ints
    values: Mapping[str, Floats]
    region: Ints

    @property
    def dimension(self) -> int:
        """1, 2 or 3."""
        return int(self.cells.shape[1]) - 1

    def where(self, name: str) -> Ints:
        """Cells on which a field has a meaning, shape (k, d + 1)."""
        return np.asarray(self.cells[np.isfinite(self.values[name])[self.cells].all(axis=1)])

    def cut(self, axis: int, at: float) -> Grid:
        """The triangles in which the plane x_axis = at (micrometres) cuts tetrahedra; fields interpolated."""
        x = self.points_um[:, axis] - at
        x = np.where(x == 0.0, 1e-12 * np.ptp(x), x)  # no node lies on the plane
        return self._pieces(x, CROSSED)

    def below(self, name: str, level: float) -> Grid:
        """The part of triangles on which a field is below `level`; fields interpolated along cut edges."""
        return self._pieces(self.values[name] - level, KEPT)

    @property
    def electrolyte(self) -> Grid:
        """Triangles without what a diffuse surface says is metal; all of them where the surface is sharp."""
        return self.below(ORDER, METAL_AT) if ORDER in self.values else self

    def _pieces(self, x: Floats, table: Mapping[int, list[tuple[int, int]]]) -> Grid:
        """Cells divided where the nodal values x change sign; `table` has the corners of the pieces.

        A corner is a pair of nodes, those with x < 0 first: the place on their edge where x = 0, or the node
        itself where both are the same.
        """
        below = (x < 0.0)[self.cells]
        pieces, parents = [], []
        for count, pairs in table.items():
            chosen = np.flatnonzero(below.sum(axis=1) == count)
            order = np.argsort(~below[chosen], axis=1, kind="stable")
            node = np.take_along_axis(self.cells[chosen], order, axis=1)  # those below come first
            ends = np.stack([node[:, list(pair)] for pair in pairs], axis=1)
            for corners in [(0, 1, 2)] if len(pairs) == 3 else [(0, 1, 2), (0, 2, 3)]:
                pieces.append(ends[:, list(corners)])
                parents.append(chosen)
        ends = np.sort(np.concatenate(pieces).reshape(-1, 2), axis=1)
        edges, number = np.unique(ends, axis=0, return_inverse=True)
        a, b = edges.T
        part = np.where(a == b, 0.0, x[a] / np.where(a == b, 1.0, x[a] - x[b]))

        def between(values: Floats) -> Floats:
            share = part.reshape(-1, *([1] * (values.ndim - 1)))
            mixed = (1.0 - share) * values[a] + share * values[b]
            mixed = np.where(share < ON_NODE, values[a], mixed)  # the other end may have no value
            return np.asarray(np.where(share > 1.0 - ON_NODE, values[b], mixed))

        return replace(
            self,
            points_um=between(self.points_um),
            cells=number.reshape(-1, 3).astype(np.int64),
            values={name: between(values) for name, values in self.values.items()},
            region=self.region[np.concatenate(parents)],
        )


def read_grid(path: Path, time_s: float) -> Grid:
    """Read a `.vtu` file or a parallel `.pvtu` file as one mesh of linear cells without seams.

    Cells of degree 2 are divided at the middles of their edges, so that all values are kept. Nodes shared by
    pieces are joined as in `fields.read_field`.

    Raises:
        ValueError: The file cannot be read, or holds other cells or cells of several dimensions.
    """
    grid = read_vtk(path)
    position = numpy_of(grid.GetPoints().GetData()).astype(float)
    points, cells = arrays(grid.GetPointData()), arrays(grid.GetCellData())
    kinds = np.array([grid.GetCellType(k) for k in range(grid.GetNumberOfCells())])
    offsets = numpy_of(grid.GetCells().GetOffsetsArray())
    for (lagrange, nodes), kind in LAGRANGE.items():
        kinds[(kinds == lagrange) & (np.diff(offsets) == nodes)] = kind
    owned = ~is_hidden(cells, len(kinds))
    found = {int(kind) for kind in np.unique(kinds[owned])}
    if not found or not found <= set(LINEAR) or len({len(LINEAR[kind][0]) for kind in found}) > 1:
        raise ValueError(f"{path} holds cells that are not all lines, triangles or tetrahedra")
    start = offsets[:-1]
    connectivity = numpy_of(grid.GetCells().GetConnectivityArray())
    region = cells.get("region", np.zeros(len(kinds))).astype(np.int64)
    parts, regions = [], []
    for kind in sorted(found):
        chosen = np.flatnonzero(owned & (kinds == kind))
        split = np.array(LINEAR[kind])
        parts.append(connectivity[start[chosen][:, None, None] + split[None]].reshape(-1, split.shape[1]))
        regions.append(np.repeat(region[chosen], len(split)))
    joined = np.concatenate(parts)
    used = np.unique(joined)
    identity = points.get("vtkOriginalPointIds", by_position(position))[used]
    _, representative, number = np.unique(identity, return_index=True, return_inverse=True)
    keep = used[representative]
    renumber = np.full(len(position), -1)
    renumber[used] = number
    values = {n: v[keep].astype(float) for n, v in points.items() if not n.startswith("vtk") and v.ndim == 1}
    new: Any = renumber[joined]
    return Grid(time_s, position[keep], new.astype(np.int64), values, np.concatenate(regions))
