"""Fields of a fixed mesh as VTK files: one .vtu per rank and a .pvtu that joins them.

A file has its name only when it is whole. Cells are of the degree of the elements, so ParaView shows what was
computed. Where a field has no meaning it is NaN: concentrations in a metal, its potential in the liquid.
"""

from __future__ import annotations

import base64
import os
import sys
import zlib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

from .discretisation import Discretisation
from .equations import POTENTIAL
from .model import LIQUID
from .outputs import on_each, on_first
from .types import FloatArray, IntArray

UM = 1e6
"""Micrometres per metre."""
CELLS = {(1, 1): 3, (2, 1): 5, (3, 1): 10, (1, 2): 21, (2, 2): 22, (3, 2): 24}
"""VTK's number of a cell by dimension and degree."""
ORDER = {(2, 2): (0, 1, 2, 5, 3, 4), (3, 2): (0, 1, 2, 3, 9, 6, 8, 7, 5, 4)}
"""Nodes of a cell in VTK's order (middles of edges) where it is not that of Basix."""
TURNED = {
    (2, 1): (1, 0, 2),
    (3, 1): (1, 0, 2, 3),
    (2, 2): (1, 0, 2, 3, 5, 4),
    (3, 2): (1, 0, 2, 3, 4, 6, 5, 8, 7, 9),
}
"""Nodes of a cell of the other orientation in VTK's order; VTK wants positive ones, DOLFINx has both."""
TYPES = {"f8": "Float64", "i8": "Int64", "i4": "Int32", "u1": "UInt8"}


def potentials(problem: Discretisation) -> dict[str, float]:
    """Potential of every terminal in V, the counter electrode's 0."""
    names, vt = problem.model.terminals, problem.equations.vt
    return {name: float(vt * v) for name, v in zip(names, problem.potentials, strict=True)}


def wet_nodes(problem: Discretisation) -> IntArray:
    """Local nodes of the media, ghosts included, ascending (collective)."""
    space = problem.spaces[LIQUID]
    parts = [problem.regions.dofs(space, region) for region in problem.model.media]
    return np.asarray(np.unique(np.concatenate([np.empty(0, dtype=np.int32), *parts])))


class FieldWriter:
    """Writes the fields of a discretised model, one file for each call of `write`."""

    def __init__(self, problem: Discretisation) -> None:
        """Find nodes and cells of this rank (collective)."""
        self.problem, regions = problem, problem.regions
        space = problem.spaces[LIQUID]
        kind = (regions.dim, problem.model.degree)
        count = regions.mesh.topology.index_map(regions.dim).size_local
        self._kind = CELLS[kind]
        cells = np.array(space.dofmap.list[:count])
        cells = cells[:, ORDER.get(kind, tuple(range(cells.shape[1])))]
        x = space.tabulate_dof_coordinates()
        if regions.dim > 1:
            corners = x[cells[:, : regions.dim + 1], : regions.dim]
            turned = np.linalg.det(corners[:, 1:] - corners[:, :1]) < 0.0
            cells[turned] = cells[turned][:, TURNED[kind]]
        self._used, local = np.unique(cells, return_inverse=True)
        self._cells = local.reshape(cells.shape).astype(np.int64)
        self._points = x[self._used] * regions.unit * UM
        self._ids = space.dofmap.index_map.local_to_global(self._used.astype(np.int32)).astype(np.int64)
        self._region = np.zeros(count, dtype=np.int32)
        for name, number in regions.regions.items():
            self._region[regions.cells(name)] = number
        self._wet = wet_nodes(problem)
        self._conducting = {c.region: self._conductor(c.region) for c in problem.model.conductors}
        self._nodes = space.dofmap.index_map.size_local + space.dofmap.index_map.num_ghosts

    def write(self, folder: Path, number: int) -> str:
        """Write the present fields into `folder`; returns the name of the .pvtu (collective)."""
        comm = self.problem.comm
        arrays = {name: values[self._used] for name, values in self.fields().items()}
        stem = f"fields_{number:06d}"
        on_each(comm, lambda: put(folder / f"{stem}_p{comm.rank}.vtu", self._piece(arrays)))
        pieces = [f"{stem}_p{rank}.vtu" for rank in range(comm.size)]
        on_first(comm, lambda: put(folder / f"{stem}.pvtu", _joined(list(arrays), pieces)))
        return f"{stem}.pvtu"

    def fields(self) -> dict[str, FloatArray]:
        """Values at the local nodes of the liquid's space, NaN where there are none, shape (nodes,) each."""
        problem, result = self.problem, self.liquid()
        level = potentials(problem)
        for conductor in problem.model.conductors:
            nodes, own = self._conducting[conductor.region]
            values = np.full(self._nodes, np.nan)
            base = level.get(conductor.terminal or "", 0.0)
            values[nodes] = base + problem.field(conductor.region)[own]
            result[f"potential_{conductor.region}_V"] = values
        return result

    def liquid(self) -> dict[str, FloatArray]:
        """Likewise, only concentrations and potential of the liquid."""
        problem, result = self.problem, {}
        names = {f"c_{s.name}_mol_m3": s.name for s in problem.model.closure.species}
        for label, name in {**names, "potential_V": POTENTIAL}.items():
            values = np.full(self._nodes, np.nan)
            values[self._wet] = problem.field(name)[self._wet]
            result[label] = values
        return result

    def _conductor(self, region: str) -> tuple[IntArray, IntArray]:
        """Local nodes of a conductor, ghosts included, in the liquid's space and in its own (collective).

        A node may touch the conductor only through a cell that this rank does not see.
        """
        problem = self.problem
        liquid, own = problem.spaces[LIQUID], problem.spaces[region]
        nodes = problem.regions.dofs(liquid, region)
        same = np.full(liquid.dofmap.list.max(initial=-1) + 1, -1, dtype=np.int32)
        same[liquid.dofmap.list] = own.dofmap.list
        return nodes, same[nodes]

    def _piece(self, arrays: dict[str, FloatArray]) -> str:
        count, width = self._cells.shape
        point_data = [_array(name, values) for name, values in arrays.items()]
        lines = [
            *_head("UnstructuredGrid", ' compressor="vtkZLibDataCompressor" header_type="UInt64"'),
            f'<UnstructuredGrid><Piece NumberOfPoints="{self._used.size}" NumberOfCells="{count}">',
            "<PointData>", *point_data, _array("vtkOriginalPointIds", self._ids), "</PointData>",
            "<CellData>", _array("region", self._region), "</CellData>",
            "<Points>", _array("Points", self._points), "</Points>",
            "<Cells>",
            _array("connectivity", self._cells.ravel()),
            _array("offsets", width * np.arange(1, count + 1, dtype=np.int64)),
            _array("types", np.full(count, self._kind, dtype=np.uint8)),
            "</Cells>",
            "</Piece></UnstructuredGrid>",
            "</VTKFile>",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"


def put(path: Path, text: str) -> None:
    """Write a text file that is either absent or whole."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def _head(kind: str, more: str = "") -> list[str]:
    order = "LittleEndian" if sys.byteorder == "little" else "BigEndian"
    return ['<?xml version="1.0"?>', f'<VTKFile type="{kind}" version="1.0" byte_order="{order}"{more}>']


def _described(name: str, values: npt.NDArray[Any]) -> str:
    width = values.shape[1] if values.ndim == 2 else 1
    kind = TYPES[values.dtype.str[1:]]
    return f'type="{kind}" Name={quoteattr(name)} NumberOfComponents="{width}"'


def _array(name: str, values: npt.NDArray[Any]) -> str:
    """A DataArray in VTK's format "binary": base64 of zlib, preceded by base64 of the sizes of blocks."""
    raw = np.ascontiguousarray(values).tobytes()
    packed = zlib.compress(raw)
    sizes = np.array([1, len(raw), 0, len(packed)] if raw else [0, 0, 0], dtype=np.uint64)
    text = base64.b64encode(sizes.tobytes()) + (base64.b64encode(packed) if raw else b"")
    return f'<DataArray {_described(name, values)} format="binary">{text.decode("ascii")}</DataArray>'


def _joined(names: list[str], pieces: list[str]) -> str:
    """The .pvtu of pieces that have the point arrays `names`."""
    number, index, region = np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    lines = [
        *_head("PUnstructuredGrid"),
        '<PUnstructuredGrid GhostLevel="0">',
        "<PPointData>",
        *(f"<PDataArray {_described(name, number)}/>" for name in names),
        f"<PDataArray {_described('vtkOriginalPointIds', index)}/>",
        "</PPointData>",
        f"<PCellData><PDataArray {_described('region', region)}/></PCellData>",
        f"<PPoints><PDataArray {_described('Points', np.empty((0, 3)))}/></PPoints>",
        *(f"<Piece Source={quoteattr(piece)}/>" for piece in pieces),
        "</PUnstructuredGrid>",
        "</VTKFile>",
    ]
    return "\n".join(lines) + "\n"
