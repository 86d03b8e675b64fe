"""Nodes of Lagrange spaces in an order that the number of ranks has no part in.

A node at a vertex is known by the number that the vertex had in the mesh as it was given, one in the middle
of an edge by the numbers of its two ends. So values of a field can be taken off one distribution of a mesh
and put on any other.
"""

from __future__ import annotations

import basix
import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI

from .arrays import FloatArray
from .compat import geometry_dofmap
from .errors import MeshError

SAME = 1e-9
"""Distance of places, in mesh units, that rounding may make."""


class Numbering:
    """The nodes of one space on one distribution of its mesh.

    Attributes:
        width: components at every node.
        nodes: nodes of this rank, ghosts included.
        count: nodes of the whole mesh.
    """

    def __init__(self, space: fem.FunctionSpace) -> None:
        """Find the numbers of all nodes (collective).

        Raises:
            MeshError: the space is not continuous, or not of degree 1 or 2 on simplices.
        """
        index_map = space.dofmap.index_map
        self.comm: MPI.Comm = space.mesh.comm
        self.width = int(space.dofmap.index_map_bs)
        self.nodes, self._owned = index_map.size_local + index_map.num_ghosts, index_map.size_local
        self.count = int(index_map.size_global)
        keys = _keys(space, self.nodes, self.comm)
        owned, local = self.comm.gather(keys[: self._owned]), self.comm.gather(keys)
        self._order: npt.NDArray[np.int64] | None = None
        self._asked: list[npt.NDArray[np.int64]] | None = None
        if owned is not None and local is not None:
            every = np.concatenate(owned)
            self._order = np.argsort(every)
            ascending = every[self._order]
            self._asked = [np.searchsorted(ascending, wanted) for wanted in local]

    def gathered(self, values: FloatArray) -> FloatArray | None:
        """Values of all nodes on rank 0, shape (count, columns), None elsewhere (collective).

        Args:
            values: at the nodes of this rank, with or without ghosts, shape (nodes, columns); or flat, as the
                space has them, columns being its width.
        """
        given = np.asarray(values, dtype=np.float64)
        own = (given if given.ndim == 2 else given.reshape(-1, self.width))[: self._owned]
        parts = self.comm.gather(np.ascontiguousarray(own))
        return None if parts is None or self._order is None else np.concatenate(parts)[self._order]

    def spread(self, values: FloatArray | None) -> FloatArray:
        """The part of this rank, ghosts included, shape (nodes, columns) (collective).

        Args:
            values: as `gathered` returns them: on rank 0 only.

        Raises:
            MeshError: on all ranks, if they are those of another mesh.
        """
        count = self.comm.bcast(None if values is None else len(values))
        if count != self.count:
            raise MeshError(f"values at {count} nodes, expected {self.count}: of another mesh")
        parts = None
        if values is not None and self._asked is not None:
            parts = [np.ascontiguousarray(values[numbers]) for numbers in self._asked]
        return np.asarray(self.comm.scatter(parts))

    def places(self, space: fem.FunctionSpace) -> FloatArray | None:
        """Coordinates of all nodes on rank 0, shape (count, dim), None elsewhere (collective)."""
        x = space.tabulate_dof_coordinates()[: self._owned, : space.mesh.geometry.dim]
        parts = self.comm.gather(np.ascontiguousarray(x))
        return None if parts is None or self._order is None else np.concatenate(parts)[self._order]

    def check_places(self, space: fem.FunctionSpace, places: FloatArray | None) -> None:
        """Make sure that the nodes are where those of another mesh were (collective).

        Args:
            space: the one that was numbered.
            places: what `places` of the other returned.

        Raises:
            MeshError: on all ranks, if they are not.
        """
        here, alike = self.places(space), True
        if here is not None and places is not None:
            alike = here.shape == places.shape and bool(np.allclose(here, places, rtol=0.0, atol=SAME))
        if not self.comm.bcast(alike):
            raise MeshError("the mesh that was made is not the one that it was before")


def _keys(space: fem.FunctionSpace, nodes: int, comm: MPI.Comm) -> npt.NDArray[np.int64]:
    """One number for every local node: that of the pair of vertices that it is midway between."""
    mesh, element = space.mesh, space.element.basix_element
    if element.discontinuous or element.degree not in (1, 2) or mesh.geometry.cmap.degree != 1:
        raise MeshError("only continuous fields of degree 1 or 2 on straight simplices have numbered nodes")
    given, dofs = np.asarray(mesh.geometry.input_global_indices), np.asarray(space.dofmap.list)
    vertices = given[geometry_dofmap(mesh)[: len(dofs)]]
    pairs = [(k, k) for k in range(vertices.shape[1])]
    if element.degree == 2:
        pairs += [(a, b) for a, b in basix.topology(element.cell_type)[1]]
    ends = np.sort(vertices[:, np.array(pairs)], axis=2)
    span = comm.allreduce(int(given.max(initial=-1)), op=MPI.MAX) + 1
    keys = np.empty(nodes, dtype=np.int64)
    keys[dofs] = ends[:, :, 0] * span + ends[:, :, 1]
    return keys
