"""A P1 order parameter on this rank's part of a mesh as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI

from .arrays import BoolArray, FloatArray, IntArray
from .compat import facets_of_reference_cell, geometry_dofmap
from .errors import MeshError
from .marching import LEVEL

TIE = 1e-9
"""Nodes whose order parameter differs from 1/2 by less are taken to lie on the interface: on a flat film that
follows a row of nodes rounding would decide otherwise which of them are metal."""


class Tagged(Protocol):
    """What is used of a mesh with named boundaries; see `regions.Regions`."""

    @property
    def comm(self) -> MPI.Comm:
        """Communicator."""
        ...

    @property
    def boundaries(self) -> Any:
        """Tag of every facet set by name."""
        ...

    def entities(self) -> dict[Any, list[tuple[int, npt.NDArray[np.int32]]]]:
        """Integration entities by kind of integral and tag."""
        ...


@dataclass(frozen=True, eq=False)
class Nodal:
    """Values at the nodes of the cells that this rank sees; nodes are the dofs of a scalar P1 space.

    Attributes:
        space: that space.
        values: xi at every node, ghosts included, 1/2 where it is that but for `TIE`, shape (n,).
        points: of the nodes, shape (n, dim).
        numbers: of the nodes in the whole mesh, shape (n,).
        cells: nodes of every cell, owned ones first, shape (cells, dim + 1).
        owned: how many cells are owned.
        ground: nodes of the owned facets of the substrate, shape (facets, dim).
        apex: node of the cell of each of them that is not on it, shape (facets,).
        low, high: the box that the whole mesh fills, each of shape (dim,).
    """

    space: fem.FunctionSpace
    values: FloatArray
    points: FloatArray
    numbers: IntArray
    cells: IntArray
    owned: int
    ground: IntArray
    apex: IntArray
    low: FloatArray
    high: FloatArray

    @staticmethod
    def on(regions: Tagged, space: fem.FunctionSpace, xi: FloatArray, substrate: str = "substrate") -> Nodal:
        """Collect what is needed (collective).

        Args:
            regions: mesh of a box with a boundary `substrate` at its lower end.
            space: scalar continuous P1 functions on its mesh.
            xi: values at the local dofs, ghosts up to date, shape (n,).
            substrate: name of that boundary.

        Raises:
            MeshError: for a mesh without such a boundary, another space, values that are not finite.
        """
        if substrate not in regions.boundaries:
            raise MeshError(f'the mesh has no boundary "{substrate}" for a contour to stand on')
        mesh = space.mesh
        dim, index_map = mesh.topology.dim, space.dofmap.index_map
        cells = np.asarray(space.dofmap.list, dtype=np.int64).reshape(-1, dim + 1)
        n = index_map.size_local + index_map.num_ghosts
        wrong = xi.shape != (n,) or not np.all(np.isfinite(xi))
        if regions.comm.allreduce(int(wrong), op=MPI.SUM):
            raise MeshError(f"the order parameter must be {n} finite values, one for every local P1 dof")
        points = np.zeros((n, dim))
        points[cells] = mesh.geometry.x[geometry_dofmap(mesh), :dim]
        low, high = np.full(dim, np.inf), np.full(dim, -np.inf)
        if n:
            low, high = points.min(axis=0), points.max(axis=0)
        regions.comm.Allreduce(MPI.IN_PLACE, low, op=MPI.MIN)
        regions.comm.Allreduce(MPI.IN_PLACE, high, op=MPI.MAX)
        ground, apex = _facets(regions, cells, regions.boundaries[substrate])
        return Nodal(
            space=space,
            values=np.where(np.abs(xi - LEVEL) < TIE, LEVEL, xi),
            points=points,
            numbers=np.asarray(index_map.local_to_global(np.arange(n, dtype=np.int32)), dtype=np.int64),
            cells=cells,
            owned=int(mesh.topology.index_map(dim).size_local),
            ground=ground,
            apex=apex,
            low=low,
            high=high,
        )

    @property
    def comm(self) -> MPI.Comm:
        """Communicator of the mesh."""
        return self.space.mesh.comm  # type: ignore[no-any-return]

    @property
    def dim(self) -> int:
        """2 or 3."""
        return int(self.points.shape[1])

    @property
    def metal(self) -> BoolArray:
        """Whether a node is metal, xi >= 1/2, shape (n,)."""
        return np.asarray(self.values >= LEVEL)


def _facets(regions: Tagged, cells: IntArray, tag: int) -> tuple[IntArray, IntArray]:
    """Nodes of the owned facets of a boundary, (facets, dim), and the node opposite to each, (facets,)."""
    dim = cells.shape[1] - 1
    corners = np.asarray(facets_of_reference_cell(dim), dtype=np.int64)
    tagged = regions.entities()[fem.IntegralType.exterior_facet]
    pairs = [np.asarray(found).reshape(-1, 2) for one, found in tagged if one == tag]
    cell, local = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs]).astype(np.int64).T
    opposite = dim * (dim + 1) // 2 - corners.sum(axis=1)
    return cells[cell[:, None], corners[local]], cells[cell, opposite[local]]
