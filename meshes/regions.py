"""A distributed mesh of fixed geometry in 1D, 2D or 3D with named regions and named facet sets.

Coordinates are lengths divided by `unit` (m). A facet set is a piece of the outer boundary (an electrode, an
inlet) or an interface inside the mesh (between two regions, or a cut through one). A facet in no set is an
insulating wall. A rank may own no cell of a region and no facet of a set.

Names and neighbours are decided on the whole mesh before it is distributed, so all ranks agree on them
without looking at their own part.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI

from .compat import FloatArray, IntArray, create_simplex_mesh, facets_of_reference_cell, geometry_dofmap
from .errors import MeshError
from .parallel import on_root_only
from .tagged import Arranged, Layout, TaggedMesh, arrange


class Regions:
    """A distributed mesh that knows its regions (cells) and boundaries (facets) by name.

    Attributes:
        comm: communicator.
        mesh: intervals, triangles or tetrahedra; coordinates are lengths / `unit`; ghosts share facets.
        unit: length of one mesh unit in m.
        dim: 1, 2 or 3.
        cell: "interval", "triangle" or "tetrahedron".
        regions: tag of every region, as in `dx(tag)`.
        boundaries: tag of every facet set, as in `ds(tag)` (outer boundary) or `dS(tag)` (interface).
    """

    def __init__(self, comm: MPI.Comm, given: TaggedMesh | Arranged | None) -> None:
        """Check and distribute `given` (on rank 0; None elsewhere); collective.

        A mesh that is arranged already is taken as it is.

        Raises:
            MeshError: on all ranks, if the names or cells of the mesh are not usable; see `tagged.arrange`.
        """
        whole = on_root_only(comm, lambda: _arranged(given))
        self._layout: Layout = comm.bcast(None if whole is None else whole.layout, root=0)
        self.comm, self.unit, self.dim = comm, self._layout.unit, self._layout.dim
        self.cell = ("interval", "triangle", "tetrahedron")[self.dim - 1]
        self.regions: Mapping[str, int] = self._layout.regions
        self.boundaries: Mapping[str, int] = self._layout.boundaries
        points, cells = np.empty((0, self.dim)), np.empty((0, self.dim + 1), dtype=np.int64)
        if whole is not None:
            points, cells = np.ascontiguousarray(whole.points), np.ascontiguousarray(whole.cells)
        self.mesh = create_simplex_mesh(comm, points, cells, self.dim)
        topology, facet = self.mesh.topology, self.dim - 1
        topology.create_entities(facet)
        for pair in ((facet, self.dim), (self.dim, facet), (facet, 0), (0, self.dim), (self.dim, self.dim)):
            topology.create_connectivity(*pair)
        self._corners = facets_of_reference_cell(self.dim)
        self._facets_of_cells = topology.connectivity(self.dim, facet).array.reshape(-1, self.dim + 1)
        self._place_tags(_fetch_rows(comm, None if whole is None else whole.rows, self._original_cells()))
        self._entities = self._make_entities()
        self._check_counts()

    def cells(self, region: str) -> IntArray:
        """Owned local cells of a region, ascending."""
        tag = self._tag(region, self.regions, "region")
        return _where(self._cell_tags[: self._owned(self.dim)] == tag)

    def facets(self, boundary: str) -> IntArray:
        """Owned local facets of a facet set, ascending."""
        tag = self._tag(boundary, self.boundaries, "boundary")
        return _where(self._facet_tags[: self._owned(self.dim - 1)] == tag)

    def interior(self, boundary: str) -> bool:
        """Whether the facets of a set have a cell on both sides; the same on all ranks."""
        self._tag(boundary, self.boundaries, "boundary")
        return boundary in self._layout.interior

    def adjacent(self, boundary: str) -> tuple[str, ...]:
        """Regions next to a facet set, the same on all ranks.

        An interface names the region on its "+" side first: the one declared first, unless the interface
        is called "b|a". An interface inside one region, as an outer boundary of one region, names it alone.
        """
        self._tag(boundary, self.boundaries, "boundary")
        return self._layout.adjacent[boundary]

    def entities(self) -> dict[fem.IntegralType, list[tuple[int, IntArray]]]:
        """Owned integration entities by tag, as `compat.bind` wants them.

        Returns:
            cell: cells, shape (n,);
            exterior_facet: (cell, local facet) pairs, shape (2 n,);
            interior_facet: (cell, local facet) of the "+" side, then of the "-" side, shape (4 n,). The
                "+" side is the first of `adjacent`; inside one region, the cell that comes first in the
                mesh as given, so that it does not depend on the number of ranks.
        """
        return {kind: list(tags) for kind, tags in self._entities.items()}

    def measure(self, name: str) -> float:
        """Length, area or volume of a region (m, m^2, m^3) or size of a facet set; a point has area 1."""
        x = self.mesh.geometry.x[:, : self.dim]
        nodes = geometry_dofmap(self.mesh)
        if name in self.regions:
            corners = x[nodes[self.cells(name)]]
        else:
            self._tag(name, self.boundaries, "region or boundary")
            cells, local = self._sides(self.facets(name))[:, 0].T
            corners = x[nodes[cells[:, None], self._corners[local]]]
        power = corners.shape[1] - 1
        total = self.comm.allreduce(float(np.sum(simplex_measure(corners))), op=MPI.SUM)
        return float(total * self.unit**power)

    def dofs(self, space: fem.FunctionSpace, name: str) -> IntArray:
        """Local dofs (blocks of a blocked space, ghosts included) in the closure of a region or facet set.

        Collective: a dof may touch the region only through a cell that this rank does not see.

        Raises:
            MeshError: if the name is unknown or the space does not live on `mesh`.
        """
        if space.mesh is not self.mesh:
            raise MeshError(f'dofs of "{name}": the function space does not live on this mesh')
        if name in self.regions:
            dim, tags, tag = self.dim, self._cell_tags, self.regions[name]
        else:
            dim, tags = self.dim - 1, self._facet_tags
            tag = self._tag(name, self.boundaries, "region or boundary")
        return np.asarray(fem.locate_dofs_topological(space, dim, _where(tags == tag)), dtype=np.int32)

    def number_of_cells(self) -> int:
        """Cells of the whole mesh."""
        return int(self.mesh.topology.index_map(self.dim).size_global)

    def _tag(self, name: str, known: Mapping[str, int], kind: str) -> int:
        """Tag of a name, or an error that says which name was probably meant."""
        if name in known:
            return known[name]
        names = [*self.regions, *self.boundaries] if kind.startswith("region or") else list(known)
        near = difflib.get_close_matches(name, names, n=1)
        if near:
            hint = f'did you mean "{near[0]}"?'
        elif name in self.regions or name in self.boundaries:
            hint = f"it is a {'region' if name in self.regions else 'boundary'}"
        else:
            hint = "there are: " + (", ".join(f'"{n}"' for n in names) or "none")
        raise MeshError(f'unknown {kind} "{name}"; {hint}')

    def _owned(self, dim: int) -> int:
        return int(self.mesh.topology.index_map(dim).size_local)

    def _original_cells(self) -> npt.NDArray[np.int64]:
        """Number in the mesh as given of every local cell, ghosts included."""
        return np.asarray(self.mesh.topology.original_cell_index, dtype=np.int64)

    def _place_tags(self, rows: IntArray) -> None:
        """Tags of local cells and facets, ghosts included, from the rows of `tagged.arrange`."""
        index_map = self.mesh.topology.index_map(self.dim - 1)
        # Column k: the vertex opposite to local facet k, the one its list of vertices does not have.
        opposite = self.dim * (self.dim + 1) // 2 - self._corners.sum(axis=1)
        self._cell_tags = rows[:, 0]
        self._facet_tags = np.zeros(index_map.size_local + index_map.num_ghosts, dtype=np.int32)
        self._facet_tags[self._facets_of_cells] = rows[:, 1 + opposite]

    def _sides(self, facets: IntArray) -> IntArray:
        """(cell, local facet) of the first and last local cell of each facet, shape (facets, 2, 2)."""
        links = self.mesh.topology.connectivity(self.dim - 1, self.dim)
        cells = np.column_stack([links.array[links.offsets[facets + k] - k] for k in (0, 1)])
        local = np.argmax(self._facets_of_cells[cells] == facets[:, None, None], axis=2)
        return np.stack((cells, local), axis=2).astype(np.int32)

    def _make_entities(self) -> dict[fem.IntegralType, list[tuple[int, IntArray]]]:
        kinds = fem.IntegralType
        found: dict[fem.IntegralType, list[tuple[int, IntArray]]] = {
            kinds.cell: [(tag, self.cells(name)) for name, tag in self.regions.items()],
            kinds.exterior_facet: [],
            kinds.interior_facet: [],
        }
        original = self._original_cells()
        for name, tag in self.boundaries.items():
            sides = self._sides(self.facets(name))
            if name not in self._layout.interior:
                found[kinds.exterior_facet].append((tag, sides[:, 0].ravel()))
                continue
            first, cells = self.regions[self.adjacent(name)[0]], sides[:, :, 0]
            if len(self.adjacent(name)) == 2:
                swap = self._cell_tags[cells[:, 0]] != first
            else:
                swap = original[cells[:, 0]] > original[cells[:, 1]]
            sides[swap] = sides[swap][:, ::-1]
            found[kinds.interior_facet].append((tag, sides.ravel()))
        return found

    def _check_counts(self) -> None:
        """Every cell and facet is owned once, and both cells of an interface facet are at hand."""
        names = [*self.regions, *self.boundaries]
        counts = [self.cells(n).size for n in self.regions] + [self.facets(n).size for n in self.boundaries]
        links = np.diff(self.mesh.topology.connectivity(self.dim - 1, self.dim).offsets)
        alone = sum(int(np.sum(links[self.facets(n)] != 2)) for n in self._layout.interior)
        total = np.array([*counts, alone], dtype=np.int64)
        self.comm.Allreduce(MPI.IN_PLACE, total, op=MPI.SUM)
        wrong = [n for n, k in zip(names, total[:-1], strict=True) if k != self._layout.counts[n]]
        if wrong or total[-1]:
            raise MeshError(
                f"distribution over {self.comm.size} ranks lost entities of {wrong or 'interfaces'}; "
                f"{int(total[-1])} interface facets lack a cell"
            )


def simplex_measure(corners: FloatArray) -> FloatArray:
    """Length, area or volume of simplices; 1 for a point.

    Args:
        corners: shape (n, k + 1, dim), k = dim for cells or dim - 1 for facets.
    """
    edges = corners[:, 1:] - corners[:, :1]
    k, dim = edges.shape[1:]
    if k == 0:
        return np.ones(len(corners))
    if k == dim:
        return np.asarray(np.abs(np.linalg.det(edges)) / math.factorial(k))
    if k == 1:
        return np.asarray(np.linalg.norm(edges[:, 0], axis=1))
    return np.asarray(0.5 * np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1))


def _arranged(given: TaggedMesh | Arranged | None) -> Arranged:
    if given is None:
        raise MeshError("rank 0 was given no mesh")
    return given if isinstance(given, Arranged) else arrange(given)


def _where(mask: npt.NDArray[np.bool_]) -> IntArray:
    return np.flatnonzero(mask).astype(np.int32)


def _fetch_rows(comm: MPI.Comm, rows: IntArray | None, wanted: npt.NDArray[np.int64]) -> IntArray:
    """Rows of an array on rank 0 by number, for every rank its own."""
    asked = comm.gather(wanted, root=0)
    answers = None if rows is None or asked is None else [rows[numbers] for numbers in asked]
    return np.asarray(comm.scatter(answers, root=0))
