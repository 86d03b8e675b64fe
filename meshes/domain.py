"""A distributed mesh of the electrolyte whose boundary knows which vertex of which moving front it is.

Coordinates are lengths divided by `unit` (m), so that tolerances mean the same at 10 nm and at 1 cm. Fronts
are small beside the mesh and the same on every rank; the mesh is distributed. The mesher numbers the vertices
of the fronts first, one front after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI

from .compat import FacetMesh, FloatArray, IntArray, create_simplex_mesh, geometry_dofmap
from .front import Front
from .tags import BOUNDARIES, WALLS

if TYPE_CHECKING:
    from .shell import Shell

ELECTROLYTE = "electrolyte"
"""The one region."""
Skin: TypeAlias = "Front | Shell"
"""Of an electrode that moves: polylines in 2D, triangles in 3D."""


class Simplices(Protocol):
    """What a mesher makes.

    Attributes:
        points: nodes, shape (N, d); vertices of the moving fronts first.
        cells: nodes of every cell, shape (M, d + 1).
        facets: nodes of every facet of the boundary, shape (K, d).
        tags: what it belongs to, see `tags`, shape (K,).
    """

    @property
    def points(self) -> npt.NDArray[np.float64]:
        """Nodes."""
        ...

    @property
    def cells(self) -> npt.NDArray[np.int64]:
        """Cells."""
        ...

    @property
    def facets(self) -> npt.NDArray[np.int64]:
        """Facets of the boundary."""
        ...

    @property
    def tags(self) -> npt.NDArray[np.int64]:
        """Boundary of every facet."""
        ...


@dataclass(frozen=True, eq=False)
class Mesh:
    """Simplices and nothing else."""

    points: npt.NDArray[np.float64]
    cells: npt.NDArray[np.int64]
    facets: npt.NDArray[np.int64]
    tags: npt.NDArray[np.int64]


@dataclass(frozen=True)
class FrontMap:
    """Where a replicated front lives on this rank's part of the mesh.

    Attributes:
        dofs: owned P1 dofs (local numbers) that sit on the front, shape (k,).
        vertices: number of the front vertex of each of them, shape (k,).
        all_dofs: the same including ghosts, shape (g,).
        all_vertices: front vertex of each of `all_dofs`, shape (g,).
        facets: number in the front of every cell of its facet mesh, shape (facets,).
    """

    dofs: IntArray
    vertices: IntArray
    all_dofs: IntArray
    all_vertices: IntArray
    facets: IntArray


class Domain:
    """The electrolyte between electrodes that move, and others that do not.

    Attributes:
        mesh: distributed triangles or tetrahedra; `mesh.geometry.x` moves with the fronts.
        space: continuous P1 functions on `mesh`.
        fronts: surface of every moving electrode, the same on every rank; by name of the boundary.
        extent: size of the cell along every axis in mesh units; the last one is the height.
        unit: length of one mesh unit in m.
        facet_meshes: the facets of every moving electrode; surface data (coverage, potential) live there.
        facet_spaces: one value per facet.
        maps: places of the fronts on this rank.
    """

    regions: Mapping[str, int] = MappingProxyType({ELECTROLYTE: 1})

    def __init__(
        self,
        comm: MPI.Comm,
        fronts: Mapping[str, Skin],
        given: Simplices | None,
        extent: tuple[float, ...],
        unit: float,
    ) -> None:
        """Distribute the mesh `given` (on rank 0, None elsewhere) and find the fronts in it (collective)."""
        self.comm, self.fronts, self.extent, self.unit = comm, dict(fronts), extent, unit
        self.dim = dim = len(extent)
        self.cell = ("interval", "triangle", "tetrahedron")[dim - 1]
        points: npt.NDArray[np.float64] = np.empty((0, dim))
        cells: npt.NDArray[np.int64] = np.empty((0, dim + 1), dtype=np.int64)
        if given is not None:
            points, cells = np.ascontiguousarray(given.points), np.ascontiguousarray(given.cells)
        self.mesh = create_simplex_mesh(comm, points, cells, dim)
        self.space = fem.functionspace(self.mesh, ("Lagrange", 1))
        topology = self.mesh.topology
        topology.create_entities(dim - 1)
        for pair in ((dim - 1, dim), (dim, dim - 1), (dim - 1, 0), (0, dim), (dim, 0)):
            topology.create_connectivity(*pair)
        self._match_nodes()
        self._find_boundary(*self._outline(given))
        self.facet_meshes = {name: FacetMesh(self.mesh, self._of(BOUNDARIES[name])) for name in self.fronts}
        self.facet_spaces = {
            name: fem.functionspace(sub.mesh, ("Discontinuous Lagrange", 0))
            for name, sub in self.facet_meshes.items()
        }
        self.maps = {name: self._front_map(name) for name in self.fronts}

    # --- what forms and discretisations want; see regions.Regions

    @property
    def boundaries(self) -> Mapping[str, int]:
        """Tag of the electrodes by name."""
        return {name: BOUNDARIES[name] for name in ("front", "counter")}

    def interior(self, boundary: str) -> bool:
        """None of the boundaries is inside."""
        return False

    def entities(self) -> dict[fem.IntegralType, list[tuple[int, IntArray]]]:
        """Owned cells, and owned boundary facets as (cell, local facet) pairs, by tag."""
        cells = np.arange(self.mesh.topology.index_map(self.dim).size_local, dtype=np.int32)
        return {
            fem.IntegralType.cell: [(self.regions[ELECTROLYTE], cells)],
            fem.IntegralType.exterior_facet: [
                (tag, self._pairs(self._of(tag))) for tag in self.boundaries.values()
            ],
        }

    def measure(self, name: str) -> float:
        """Volume of the electrolyte, or size of an electrode, in m^3, m^2 (less with fewer dimensions)."""
        if name in self.regions:
            return float(self._volumes().sum()) * self.unit**self.dim
        if name in self.fronts:
            return float(self.fronts[name].measures.sum()) * self.unit ** (self.dim - 1)
        return float(np.prod(self.extent[:-1])) * self.unit ** (self.dim - 1)

    def dofs(self, space: fem.FunctionSpace, name: str) -> IntArray:
        """Local nodes, ghosts included, of a continuous P1 `space` in the electrolyte or on a boundary."""
        here = np.zeros(self.node_of_dof.size, dtype=bool)
        if name in self.regions:
            here[:] = True
        elif name in self.fronts:
            here[self.maps[name].all_dofs] = True
        else:
            here[self.dofs_on(BOUNDARIES[name])] = True
        same = np.empty(here.size, dtype=np.int32)
        same[self.space.dofmap.list.ravel()] = space.dofmap.list.ravel()
        return np.sort(same[here])

    # --- the mesh

    @property
    def coordinates(self) -> FloatArray:
        """Mesh coordinates of the local P1 dofs including ghosts, shape (dofs, d)."""
        return np.asarray(self.mesh.geometry.x[self.node_of_dof, : self.dim])

    def place(self, positions: FloatArray) -> None:
        """Put the local P1 dofs of the mesh at `positions`, shape (dofs, d)."""
        self.mesh.geometry.x[self.node_of_dof, : self.dim] = positions

    def dofs_on(self, tag: int) -> IntArray:
        """Local P1 dofs (with ghosts) on a part of the boundary."""
        facets = self._facets[self._tags == tag]
        return np.asarray(fem.locate_dofs_topological(self.space, self.dim - 1, facets), dtype=np.int32)

    def number_of_cells(self) -> int:
        """Cells of the whole mesh."""
        return int(self.mesh.topology.index_map(self.dim).size_global)

    def gather_front(self, values: FloatArray, name: str = "front") -> FloatArray:
        """Values at local P1 dofs -> at the vertices of a front, the same on every rank, shape (n,)."""
        where = self.maps[name]
        result = np.zeros(self.fronts[name].points.shape[0])
        result[where.vertices] = values[where.dofs]
        self.comm.Allreduce(MPI.IN_PLACE, result, op=MPI.SUM)
        return result

    def gathered(self) -> Mesh | None:
        """The mesh as it is now, numbered as the mesher did, on rank 0; None elsewhere (collective)."""
        names, dim = self.mesh.geometry.input_global_indices, self.dim
        owned = self.mesh.topology.index_map(dim).size_local
        cells = names[geometry_dofmap(self.mesh)[:owned]]
        order = np.asarray(self.mesh.topology.original_cell_index, dtype=np.int64)[:owned]
        mine = self._facets < self.mesh.topology.index_map(dim - 1).size_local
        facets = names[self._nodes_of(self._facets[mine])]
        x = self.mesh.geometry.x[:, :dim]
        parts = self.comm.gather((names, x, cells, order, facets, self._tags[mine]))
        if parts is None:
            return None
        every, x, cells, order, facets, tags = (np.concatenate(part) for part in zip(*parts, strict=True))
        cells = cells[np.argsort(order)]
        points = np.empty((int(every.max()) + 1, dim))
        points[every] = x
        return Mesh(points, cells, facets, tags)

    def _corners(self) -> FloatArray:
        return np.asarray(self.mesh.geometry.x[:, : self.dim][geometry_dofmap(self.mesh)])

    def _volumes(self) -> FloatArray:
        """Volume of the owned cells (one entry: summed over all ranks)."""
        owned = self.mesh.topology.index_map(self.dim).size_local
        x = self._corners()[:owned]
        volumes = np.abs(np.linalg.det(x[:, 1:] - x[:, :1])) / (2.0 if self.dim == 2 else 6.0)
        return np.array([self.comm.allreduce(float(volumes.sum()), op=MPI.SUM)])

    def minimum_quality(self) -> float:
        """Smallest quality of all cells: 1 for a regular one, <= 0 for an inverted one (collective).

        Triangles: 4 sqrt(3) area / sum of edges^2. Tetrahedra: 12 (3 volume)^(2/3) / sum of edges^2 (Liu
        and Joe, BIT 34, 268 (1994)).
        """
        x = np.ascontiguousarray(self._corners().T)  # axis, corner, cell
        sides = x[:, 1:] - x[:, :1]
        opposite = sides[:, 1:] - sides[:, :1] if self.dim == 2 else sides - np.roll(sides, 1, axis=1)
        squares = np.einsum("akc,akc->c", sides, sides) + np.einsum("akc,akc->c", opposite, opposite)
        determinant = _determinant(sides) * self._orientation
        if self.dim == 2:
            quality = 2.0 * np.sqrt(3.0) * determinant / squares
        else:
            quality = 12.0 * np.sign(determinant) * np.abs(0.5 * determinant) ** (2.0 / 3.0) / squares
        return float(self.comm.allreduce(quality.min(initial=1.0), op=MPI.MIN))

    def _match_nodes(self) -> None:
        nodes, dofs = geometry_dofmap(self.mesh), self.space.dofmap.list
        self.node_of_dof = np.empty(self.mesh.geometry.x.shape[0], dtype=np.int32)
        self.node_of_dof[dofs.ravel()] = nodes.ravel()
        x = self._corners()
        self._orientation = np.sign(np.linalg.det(x[:, 1:] - x[:, :1]))

    # --- the boundary

    def _outline(self, given: Simplices | None) -> tuple[IntArray, IntArray, IntArray]:
        """All facets of the boundary on all ranks: nodes as the mesher counts them, tag, place in a front."""
        rows, tags, numbers, start = [], [], [], 0
        for name, front in self.fronts.items():
            rows.append(np.asarray(front.cells) + start)
            tags.append(np.full(len(front.cells), BOUNDARIES[name]))
            numbers.append(np.arange(len(front.cells)))
            start += len(front.points)
        others: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None
        if given is not None:
            other = ~np.isin(given.tags, [BOUNDARIES[name] for name in self.fronts])
            others = np.asarray(given.facets)[other], np.asarray(given.tags)[other]
        facets, kinds = self.comm.bcast(others, root=0)
        rows.append(facets)
        tags.append(kinds)
        numbers.append(np.full(len(facets), -1))
        return np.sort(np.concatenate(rows), axis=1), np.concatenate(tags), np.concatenate(numbers)

    def _find_boundary(self, rows: IntArray, tags: IntArray, numbers: IntArray) -> None:
        """Which local facets (ghosts included) are on the boundary, and on which part of it."""
        known = np.unique(rows)
        key = _keys(np.searchsorted(known, rows), known.size)
        order = np.argsort(key)
        # A facet whose nodes are all on the boundary is found by its nodes: true also for ghosts.
        facets = self.mesh.topology.index_map(self.dim - 1)
        links = self.mesh.topology.connectivity(self.dim - 1, self.dim).offsets
        outer = np.flatnonzero(np.diff(links)[: facets.size_local + facets.num_ghosts] == 1).astype(np.int32)
        corners = np.sort(self.mesh.geometry.input_global_indices[self._nodes_of(outer)], axis=1)
        place = np.minimum(np.searchsorted(known, corners), known.size - 1)
        on = (known[place] == corners).all(axis=1)
        mine = _keys(place[on], known.size)
        at = order[np.minimum(np.searchsorted(key[order], mine), key.size - 1)]
        hit = key[at] == mine
        self._facets, self._tags, self._numbers = outer[on][hit], tags[at[hit]], numbers[at[hit]]

    def _of(self, tag: int) -> IntArray:
        """Owned facets with a tag."""
        owned = self.mesh.topology.index_map(self.dim - 1).size_local
        return np.sort(self._facets[(self._tags == tag) & (self._facets < owned)])

    def _nodes_of(self, facets: IntArray) -> IntArray:
        """Geometry nodes of facets, shape (facets, d)."""
        dim = self.dim
        vertices = self.mesh.topology.connectivity(dim - 1, 0).array.reshape(-1, dim)[facets]
        vertices_here = self.mesh.topology.index_map(0)
        node_of_vertex = np.empty(vertices_here.size_local + vertices_here.num_ghosts, dtype=np.int32)
        of_cells = self.mesh.topology.connectivity(dim, 0).array.reshape(-1, dim + 1)
        node_of_vertex[of_cells.ravel()] = geometry_dofmap(self.mesh)[: len(of_cells)].ravel()
        return np.asarray(node_of_vertex[vertices])

    def _pairs(self, facets: IntArray) -> IntArray:
        topology, dim = self.mesh.topology, self.dim
        to_cell, to_facet = topology.connectivity(dim - 1, dim), topology.connectivity(dim, dim - 1)
        cells = to_cell.array[to_cell.offsets[facets]]
        local = to_facet.array.reshape(-1, dim + 1)[cells]
        return np.column_stack((cells, np.argmax(local == facets[:, None], axis=1))).astype(np.int32).ravel()

    def _front_map(self, name: str) -> FrontMap:
        names = list(self.fronts)
        start = sum(len(self.fronts[other].points) for other in names[: names.index(name)])
        vertex = self.mesh.geometry.input_global_indices[self.node_of_dof] - start
        dofs = np.flatnonzero((vertex >= 0) & (vertex < len(self.fronts[name].points))).astype(np.int32)
        owned = dofs[dofs < self.space.dofmap.index_map.size_local]
        number = np.full(int(self._facets.max(initial=-1)) + 1, -1, dtype=np.int32)
        mine = self._tags == BOUNDARIES[name]
        number[self._facets[mine]] = self._numbers[mine]
        return FrontMap(
            owned,
            vertex[owned].astype(np.int32),
            dofs,
            vertex[dofs].astype(np.int32),
            number[self.facet_meshes[name].facets],
        )

    def wall_dofs(self, axis: int) -> IntArray:
        """Local P1 dofs (with ghosts) on symmetry planes normal to an axis."""
        return self.dofs_on(WALLS[axis])

    # --- the working electrode, for short

    @property
    def front(self) -> Skin:
        """Skin of the working electrode."""
        return self.fronts["front"]


def _keys(rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """One number for every row of numbers below `count`."""
    return np.asarray(rows @ (count ** np.arange(rows.shape[1], dtype=np.int64)), dtype=np.int64)


def _determinant(sides: FloatArray) -> FloatArray:
    """Of the sides from the first corner, shape (d, d, cells): component, side, cell."""
    if len(sides) == 2:
        (a, b), (c, d) = sides
        return np.asarray(a * d - b * c)
    a, b, c = sides[:, 0], sides[:, 1], sides[:, 2]
    cross = b[[1, 2, 0]] * c[[2, 0, 1]] - b[[2, 0, 1]] * c[[1, 2, 0]]
    return np.asarray((a * cross).sum(axis=0))
