"""Cells with a layer of packed particles, and electrolyte above it, in 2D and 3D; meshed by gmsh.

The layer lies between the lower end (height 0) and its thickness; particles do not touch. Away from surfaces
the cells grow; between two surfaces at distances a and b (from the place looked at) they are no larger than

    h = max(least, PER_GAP (a + b)),     and     h = surface + ln(growth) a

so that every gap has two cells across it, whatever its width.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import gmsh
import numpy as np
from mpi4py import MPI

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .filling import Filling, PackedCell
from .gmsh_file import compact, nodes, session
from .packing import Packing
from .parallel import on_root_only
from .polygons import OPTIONS
from .regions import Regions
from .tagged import TaggedMesh

PER_GAP = 0.5
"""Cell size over the distance between the surfaces on either side."""
MOST_PLACES = 400_000
"""Of the grid on which sizes are given to gmsh."""
SIMPLEX = {1: 1, 2: 2, 3: 4}
"""gmsh's type of straight elements by dimension."""


def packed(
    comm: MPI.Comm,
    cell: PackedCell,
    size: float,
    surface: float,
    *,
    least: float = 0.0,
    growth: float = 1.2,
    per_gap: float = PER_GAP,
) -> Regions:
    """Mesh a packed cell.

    Args:
        comm: communicator; collective.
        cell: what is meshed.
        size: largest cell in m.
        surface: largest cell on particles and on the ends of the layer, in m.
        least: cells are not made smaller in gaps, in m.
        growth: ratio of neighbouring cells away from surfaces.
        per_gap: cell size over the width of a gap.

    Raises:
        MeshError: if the particles cannot be packed or meshed.
    """

    def make() -> TaggedMesh:
        packing = cell.packing()
        unit = max(*cell.base, cell.thickness + cell.above)
        lengths = _Sizes(size, surface, least, math.log(growth), per_gap)
        with session(OPTIONS), tempfile.TemporaryDirectory() as folder:
            try:
                drawn = _Drawing(cell, packing, unit)
                lengths.give(drawn, Path(folder))
                gmsh.model.mesh.generate(drawn.dim)
            except MeshError:
                raise
            except Exception as error:  # gmsh raises bare Exception
                raise MeshError(f"gmsh could not mesh the packing: {error}") from error
            return drawn.collect()

    return Regions(comm, on_root_only(comm, make))


class _Drawing:
    """The cell in gmsh, in units of `unit`: region of every body, name of every face."""

    def __init__(self, cell: PackedCell, packing: Packing, unit: float) -> None:
        """Draw it."""
        self.cell, self.packing, self.unit = cell, packing, unit
        self.dim = len(packing.box)
        occ, dim = gmsh.model.occ, self.dim
        split = cell.matrix != cell.electrolyte
        stack = [(cell.matrix, 0.0, cell.thickness), (cell.electrolyte, cell.thickness, cell.above)]
        if not split:
            stack = [(cell.electrolyte, 0.0, cell.thickness + cell.above)]
        hosts = [(dim, self._block(low, high)) for _, low, high in stack]
        balls = [(dim, self._ball(c, r)) for c, r in zip(packing.centres, packing.radii, strict=True)]
        _, children = occ.fragment(hosts, balls)
        occ.synchronize()
        self.regions: dict[int, str | None] = {}
        self._filling: dict[int, Filling] = {}
        for (name, _, _), found in zip(stack, children, strict=False):
            self.regions |= dict.fromkeys((body for _, body in found), name)
        for kind, found in zip(packing.kinds, children[len(hosts) :], strict=True):
            for _, body in found:
                self._filling[body] = cell.fillings[int(kind)]
                self.regions[body] = self._filling[body].region
        self.faces = {face: self._name(face) for _, face in gmsh.model.getEntities(dim - 1)}
        gmsh.model.removeEntities([(dim, b) for b, name in self.regions.items() if name is None])

    def _block(self, low: float, height: float) -> int:
        base = [length / self.unit for length in self.cell.base]
        if self.dim == 2:
            return int(gmsh.model.occ.addRectangle(0.0, low / self.unit, 0.0, *base, height / self.unit))
        return int(gmsh.model.occ.addBox(0.0, 0.0, low / self.unit, *base, height / self.unit))

    def _ball(self, centre: FloatArray, radius: float) -> int:
        x, r = centre / self.unit, radius / self.unit
        if self.dim == 2:
            return int(gmsh.model.occ.addDisk(*x, 0.0, r, r))
        return int(gmsh.model.occ.addSphere(*x, r))

    def _name(self, face: int) -> str | None:
        """Of a face on an end, or around particles that have a name for it."""
        beside = [int(b) for b in gmsh.model.getAdjacencies(self.dim - 1, face)[0]]
        named = [self._filling[b].boundary for b in beside if b in self._filling]
        if named:
            return named[0]
        bounds = gmsh.model.getBoundingBox(self.dim - 1, face)
        low, high = bounds[self.dim - 1], bounds[self.dim + 2]
        end = (self.cell.thickness + self.cell.above) / self.unit
        if len(beside) == 1 and high - low < 1e-6:
            return self.cell.bottom if low < 0.5 * end else self.cell.top
        return None

    def collect(self) -> TaggedMesh:
        """The mesh with its names."""
        x, position = nodes()
        parts = [(name, position[_elements(self.dim, b)]) for b, name in self.regions.items() if name]
        points, number = compact(x[:, : self.dim] * self.unit, np.concatenate([cells for _, cells in parts]))
        order = list(dict.fromkeys(name for name in (self.cell.electrolyte, *self.regions.values()) if name))
        parts.sort(key=lambda part: order.index(part[0]))
        sets = [
            (name, number[position[_elements(self.dim - 1, f)]])
            for f, name in self.faces.items()
            if name is not None
        ]
        named = [(name, number[cells]) for name, cells in parts]
        return TaggedMesh.of(points, named, sets, self.unit)


@dataclass(frozen=True)
class _Sizes:
    """Sizes of cells in m; `rate` is that of their growth with distance."""

    size: float
    surface: float
    least: float
    rate: float
    per_gap: float

    def give(self, drawn: _Drawing, folder: Path) -> None:
        """Make a grid of sizes gmsh's background field."""
        box = np.array([*drawn.cell.base, drawn.cell.thickness + drawn.cell.above])
        finest = max(self.least, 0.5 * self.per_gap * drawn.cell.gap, 1e-3 * float(box.min()))
        step = max(finest, float(np.prod(box) / MOST_PLACES) ** (1.0 / len(box)))
        axes = [np.linspace(0.0, length, 1 + math.ceil(length / step)) for length in box]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        sizes = self.at(grid.reshape(-1, len(box)), drawn.packing, drawn.cell) / drawn.unit
        spacing = [axis[1] / drawn.unit for axis in axes]
        counts = [len(axis) for axis in axes]
        if drawn.dim == 2:
            spacing, counts = [*spacing, 1.0], [*counts, 1]
        file = folder / "sizes.dat"
        head = np.array([0.0, 0.0, 0.0, *spacing]).tobytes() + np.array(counts, dtype=np.int32).tobytes()
        file.write_bytes(head + sizes.tobytes())
        field = gmsh.model.mesh.field.add("Structured")
        gmsh.model.mesh.field.setString(field, "FileName", str(file))
        gmsh.model.mesh.field.setNumber(field, "TextFormat", 0)
        gmsh.model.mesh.field.setAsBackgroundMesh(field)

    def at(self, places: FloatArray, packing: Packing, cell: PackedCell) -> FloatArray:
        """Size of the cells at places, shape (n, dim) -> (n,)."""
        height = places[:, -1]
        ends = [height, np.abs(cell.thickness + cell.above - height)]
        first = np.minimum(*ends) if cell.top is not None else height
        if cell.matrix != cell.electrolyte:
            first = np.minimum(first, np.abs(height - cell.thickness))
        second = np.full(len(places), math.inf)
        for centre, radius in zip(packing.centres, packing.radii, strict=True):
            square = sum((places[:, k] - centre[k]) ** 2 for k in range(places.shape[1]))
            distance = np.abs(np.sqrt(square) - radius)
            second = np.minimum(second, np.maximum(first, distance))
            first = np.minimum(first, distance)
        surface = np.maximum(np.minimum(self.surface, self.per_gap * (first + second)), self.least)
        return np.asarray(np.minimum(self.size, surface + self.rate * first))


def _elements(dim: int, entity: int) -> IntArray:
    """Nodes (gmsh's numbers) of the straight elements on an entity, shape (n, dim + 1)."""
    _, corners = gmsh.model.mesh.getElementsByType(SIMPLEX[dim], entity)
    return np.asarray(corners, dtype=np.int64).reshape(-1, dim + 1)
