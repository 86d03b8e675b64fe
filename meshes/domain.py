"""A distributed mesh of the electrolyte that knows its boundaries by name and its front by number.

Coordinates are lengths divided by `unit` (m), so that tolerances mean the same at 10 nm and at 1 cm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI

from .compat import FacetMesh, FloatArray, IntArray, create_triangle_mesh, geometry_dofmap
from .front import Front
from .triangulate import Mesh2D

ELECTROLYTE = "electrolyte"
"""The one region."""
FRONT, COUNTER, WALLS = 1, 2, 3
"""Tags of the boundary: the growing electrode, the counter electrode, insulating walls."""


@dataclass(frozen=True)
class FrontMap:
    """Where the replicated front polyline lives on this rank's part of the mesh.

    Attributes:
        dofs: owned P1 dofs (local numbers) that sit on the front, shape (k,).
        vertices: number of the front vertex of each of them, shape (k,).
        all_dofs: the same including ghosts, shape (g,).
        all_vertices: front vertex of each of `all_dofs`, shape (g,).
        edges: front edge of every cell of the facet mesh, shape (facets,).
        nodes: geometry nodes on the front including ghosts, shape (g,).
        node_vertices: front vertex of each of `nodes`.
    """

    dofs: IntArray
    vertices: IntArray
    all_dofs: IntArray
    all_vertices: IntArray
    edges: IntArray
    nodes: IntArray
    node_vertices: IntArray


class Domain:
    """The electrolyte between a growing front and a flat counter electrode.

    Attributes:
        mesh: distributed triangles; `mesh.geometry.x` moves with the front.
        space: continuous P1 functions on `mesh`.
        front: the electrode surface, the same on every rank.
        width: cell width in mesh units; gap: distance substrate to counter electrode in mesh units.
        unit: length of one mesh unit in m.
        facet_mesh: the facets of the front; surface data (coverage, potential of the metal) live there.
        facet_space: one value per front facet.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        front: Front,
        triangulation: Mesh2D | None,
        width: float,
        gap: float,
        unit: float,
    ) -> None:
        """Distribute `triangulation` (given on rank 0, None elsewhere) and find the front in it."""
        empty = (np.empty((0, 2)), np.empty((0, 3), dtype=np.int64))
        points, cells = empty if triangulation is None else (triangulation.points, triangulation.cells)
        self.comm, self.front, self.width, self.gap, self.unit = comm, front, width, gap, unit
        self.mesh = create_triangle_mesh(comm, points, cells)
        self.space = fem.functionspace(self.mesh, ("Lagrange", 1))
        topology = self.mesh.topology
        for pair in ((1, 2), (2, 1), (1, 0), (0, 2), (2, 0)):
            topology.create_connectivity(*pair)
        self._node_of_dof = self._match_nodes()
        self._tag_boundary()
        self.facet_mesh = FacetMesh(self.mesh, self._facets[FRONT])
        self.facet_space = fem.functionspace(self.facet_mesh.mesh, ("Discontinuous Lagrange", 0))
        self.map = self._front_map()

    @property
    def coordinates(self) -> FloatArray:
        """Mesh coordinates of the local P1 dofs including ghosts, shape (dofs, 2)."""
        return np.asarray(self.mesh.geometry.x[self._node_of_dof, :2])

    @property
    def node_of_dof(self) -> IntArray:
        """Geometry node of every local P1 dof including ghosts."""
        return self._node_of_dof

    regions: Mapping[str, int] = MappingProxyType({ELECTROLYTE: 1})
    boundaries: Mapping[str, int] = MappingProxyType({"front": FRONT, "counter": COUNTER, "walls": WALLS})
    dim, cell = 2, "triangle"

    def interior(self, boundary: str) -> bool:
        """None of the boundaries is inside; see regions.Regions."""
        return False

    def entities(self) -> dict[fem.IntegralType, list[tuple[int, IntArray]]]:
        """Owned cells, and owned boundary facets as (cell, local facet) pairs, by tag, as forms want them."""
        cells = np.arange(self.mesh.topology.index_map(2).size_local, dtype=np.int32)
        return {
            fem.IntegralType.cell: [(self.regions[ELECTROLYTE], cells)],
            fem.IntegralType.exterior_facet: [(tag, self._pairs(f)) for tag, f in self._facets.items()],
        }

    def measure(self, name: str) -> float:
        """Area of the electrolyte in m^2, or length of the front or the counter electrode in m."""
        lengths = {"front": float(self.front.lengths.sum()), "counter": self.width}
        area = self.width * self.gap - self.front.metal_area()
        return lengths[name] * self.unit if name in lengths else area * self.unit**2

    def dofs(self, space: fem.FunctionSpace, name: str) -> IntArray:
        """Local nodes, ghosts included, of a continuous P1 `space` in the electrolyte or on a boundary."""
        here = np.zeros(self.coordinates.shape[0], dtype=bool)
        if name in self.regions:
            here[:] = True
        elif name == "front":
            here[self.map.all_dofs] = True
        else:
            here[self.dofs_on(self.boundaries[name])] = True
        same = np.empty(here.size, dtype=np.int32)
        same[self.space.dofmap.list.ravel()] = space.dofmap.list.ravel()
        return np.sort(same[here])

    def dofs_on(self, tag: int) -> IntArray:
        """Local P1 dofs (with ghosts) on a part of the boundary."""
        return np.asarray(fem.locate_dofs_topological(self.space, 1, self._all_facets[tag]), dtype=np.int32)

    def number_of_cells(self) -> int:
        """Cells of the whole mesh."""
        return int(self.mesh.topology.index_map(2).size_global)

    def gather_front(self, values: FloatArray) -> FloatArray:
        """Values at local P1 dofs -> values at the front vertices, the same on every rank, shape (n,)."""
        result = np.zeros(self.front.points.shape[0])
        result[self.map.vertices] = values[self.map.dofs]
        self.comm.Allreduce(MPI.IN_PLACE, result, op=MPI.SUM)
        return result

    def minimum_quality(self) -> float:
        """Smallest 4 sqrt(3) area / sum(edge^2) over all cells; 1 is equilateral, <= 0 inverted."""
        x = self.mesh.geometry.x[:, :2][geometry_dofmap(self.mesh)]
        a, b, c = x[:, 1] - x[:, 0], x[:, 2] - x[:, 1], x[:, 0] - x[:, 2]
        area = 0.5 * (a[:, 0] * -c[:, 1] + a[:, 1] * c[:, 0]) * self._orientation
        quality = 4.0 * np.sqrt(3.0) * area / (a**2 + b**2 + c**2).sum(axis=1)
        return float(self.comm.allreduce(quality.min(initial=1.0), op=MPI.MIN))

    def _match_nodes(self) -> IntArray:
        nodes, dofs = geometry_dofmap(self.mesh), self.space.dofmap.list
        result = np.empty(self.mesh.geometry.x.shape[0], dtype=np.int32)
        result[dofs.ravel()] = nodes.ravel()
        x = self.mesh.geometry.x[:, :2][nodes]
        a, c = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
        self._orientation = np.sign(a[:, 0] * c[:, 1] - a[:, 1] * c[:, 0])
        return result

    def _front_vertex_of_node(self) -> IntArray:
        """Front vertex of every local geometry node, -1 elsewhere (the mesher numbers the front first)."""
        original = self.mesh.geometry.input_global_indices
        return np.where(original < self.front.points.shape[0], original, -1).astype(np.int32)

    def _tag_boundary(self) -> None:
        facets = self.mesh.topology.index_map(1)
        exterior = np.flatnonzero(
            np.diff(self.mesh.topology.connectivity(1, 2).offsets)[: facets.size_local + facets.num_ghosts]
            == 1
        ).astype(np.int32)
        # A ghost facet may look exterior only because its other cell is not here: keep true ones by place.
        nodes = self._facet_nodes(exterior)
        vertex = self._front_vertex_of_node()[nodes]
        x = self.mesh.geometry.x[nodes]
        tol = 1e-9
        on_front = (vertex >= 0).all(axis=1) & (np.abs(np.diff(vertex, axis=1))[:, 0] == 1)
        on_top = (np.abs(x[:, :, 1] - self.gap) < tol * self.gap).all(axis=1)
        on_wall = ((x[:, :, 0] < tol).all(axis=1) | (x[:, :, 0] > self.width - tol).all(axis=1)) & ~on_front
        masks = {FRONT: on_front, COUNTER: on_top, WALLS: on_wall}
        self._all_facets = {tag: exterior[mask] for tag, mask in masks.items()}
        self._facets = {tag: found[found < facets.size_local] for tag, found in self._all_facets.items()}

    def _facet_nodes(self, facets: IntArray) -> IntArray:
        """Geometry nodes of facets, shape (facets, 2); DOLFINx divides by zero where there are none."""
        if not facets.size:
            return np.empty((0, 2), dtype=np.int32)
        return np.asarray(mesh.entities_to_geometry(self.mesh, 1, facets), dtype=np.int32)

    def _pairs(self, facets: IntArray) -> IntArray:
        to_cell, to_facet = self.mesh.topology.connectivity(1, 2), self.mesh.topology.connectivity(2, 1)
        cells = to_cell.array[to_cell.offsets[facets]]
        local = to_facet.array.reshape(-1, 3)[cells]
        return np.column_stack((cells, np.argmax(local == facets[:, None], axis=1))).astype(np.int32).ravel()

    def _front_map(self) -> FrontMap:
        vertex_of_node = self._front_vertex_of_node()
        vertex = vertex_of_node[self._node_of_dof]
        dofs = np.flatnonzero(vertex >= 0).astype(np.int32)
        owned = dofs[dofs < self.space.dofmap.index_map.size_local]
        ends = vertex_of_node[self._facet_nodes(self.facet_mesh.facets)]
        nodes = np.flatnonzero(vertex_of_node >= 0).astype(np.int32)
        return FrontMap(
            owned,
            vertex[owned],
            dofs,
            vertex[dofs],
            ends.reshape(-1, 2).min(axis=1),
            nodes,
            vertex_of_node[nodes],
        )
