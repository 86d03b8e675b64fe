"""Meshes that follow an interface: always refined from one coarse base, never coarsened in place.

All meshes of a `Forest` are cut out of one tree of cells (see `bisection`). That makes the mesh independent
of what came before and of the number of ranks, and carrying a P1 field exact and free of searches: every cell
of one mesh is a cell of the other, or lies in one, or holds some.

Rank 0 works on the tree (a quarter of a second for 200000 tetrahedra, sizes not counted) and the mesh is
distributed anew, so that cells stay balanced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from .arrays import FloatArray, IntArray
from .bisection import Cut, SizeField, check_base, moved, refine
from .compat import geometry_dofmap
from .errors import MeshError
from .parallel import on_root_only
from .regions import Regions
from .tagged import Arranged, Layout, TaggedMesh, arrange


class Forest:
    """A coarse base and all meshes that can be refined from it.

    Attributes:
        comm: communicator.
        least: every cell of the base is halved at least so many times.
    """

    def __init__(self, comm: MPI.Comm, given: TaggedMesh | None, least: int = 0) -> None:
        """Check the base (on rank 0; None elsewhere); collective.

        Args:
            comm: communicator.
            given: triangles or tetrahedra with nodes in an order that bisection can go by; see `coarse`.
            least: see `coarse.coarse_box`.

        Raises:
            MeshError: on all ranks, for names or cells that are not usable.
        """
        self.comm, self.least = comm, least
        self._base = on_root_only(comm, lambda: _planted(given))

    def refined(self, size: SizeField, limit: int = 50_000_000) -> Adapted:
        """The mesh with the fewest cells whose edges are nowhere longer than wanted (collective).

        Args:
            size: longest edge wanted at points, (n, dim) -> (n,), mesh units; only rank 0 asks.
            limit: number of cells at which to give up.

        Raises:
            MeshError: on all ranks, for more cells than `limit` or sizes that are not positive.
        """
        return Adapted(self, on_root_only(self.comm, lambda: _cut(self._base, size, self.least, limit)))

    def regrown(self, cut: Cut | None) -> Adapted:
        """A mesh that was refined before from the same base, given on rank 0; None elsewhere (collective).

        Raises:
            MeshError: on all ranks, if it is of another base.
        """
        return Adapted(self, on_root_only(self.comm, lambda: _regrown(self._base, cut)))


class Adapted(Regions):
    """A mesh out of a forest; see `Regions`.

    Attributes:
        forest: where it was cut out.
        cut: the whole mesh on rank 0, None elsewhere.
    """

    def __init__(self, forest: Forest, found: tuple[Layout, Cut] | None) -> None:
        """Distribute a mesh with its layout (on rank 0; None elsewhere); collective."""
        self.forest, self.cut, whole = forest, None, None
        if found is not None:
            layout, self.cut = found
            whole = Arranged(layout, self.cut.points, self.cut.cells, self.cut.rows)
        super().__init__(forest.comm, whole)

    def nodes_of(self, space: fem.FunctionSpace) -> IntArray:
        """Number in `cut` of every local dof (block) of a P1 space, ghosts included.

        Raises:
            MeshError: if the space is not P1 or does not live on this mesh.
        """
        if space.mesh is not self.mesh:
            raise MeshError("the function space does not live on this mesh")
        dofs = space.dofmap.list
        basis = space.element.basix_element
        if dofs.shape[1] != self.dim + 1 or basis.degree != 1 or basis.discontinuous:
            raise MeshError("only P1 fields are carried from mesh to mesh")
        index_map = space.dofmap.index_map
        numbers = np.empty(index_map.size_local + index_map.num_ghosts, dtype=np.int64)
        numbers[dofs] = np.asarray(self.mesh.geometry.input_global_indices)[geometry_dofmap(self.mesh)]
        return numbers


def carried(fields: Sequence[fem.Function], old: Adapted, new: Adapted) -> list[fem.Function]:
    """P1 `fields` (scalar or blocked) on `old` at the nodes of `new`, ghosts included (collective).

    Where `new` is as fine as `old` or finer the field stays the same function. Nodes in common keep their
    values bit by bit. Where cells were joined, the nodes that are gone take their part of the integral with
    them: see `restored`.

    Raises:
        MeshError: if the meshes are not of one forest, or a field is not P1 on `old`.
    """
    if old.forest is not new.forest:
        raise MeshError("fields are carried between meshes of one forest only")
    if not fields:
        return []
    spaces = [fem.functionspace(new.mesh, field.function_space.ufl_element()) for field in fields]
    widths = [space.dofmap.index_map_bs for space in spaces]
    pieces = []
    for field, width in zip(fields, widths, strict=True):
        owned = field.function_space.dofmap.index_map.size_local
        numbers = old.nodes_of(field.function_space)[:owned]
        pieces.append((numbers, field.x.array[: owned * width].reshape(-1, width)))
    wanted = [new.nodes_of(space) for space in spaces]
    gathered, asked = old.comm.gather(pieces, root=0), old.comm.gather(wanted, root=0)
    answers = None
    if gathered is not None and asked is not None and old.cut is not None and new.cut is not None:
        columns = [_joined([piece[k] for piece in gathered], len(old.cut.points)) for k in range(len(fields))]
        values = np.split(moved(np.hstack(columns), old.cut, new.cut), np.cumsum(widths)[:-1], axis=1)
        answers = [[column[numbers] for column, numbers in zip(values, ask, strict=True)] for ask in asked]
    mine = old.comm.scatter(answers, root=0)
    results = [fem.Function(space, name=field.name) for space, field in zip(spaces, fields, strict=True)]
    for result, values_here in zip(results, mine, strict=True):
        result.x.array[:] = values_here.ravel()
    return results


def restored(
    comm: MPI.Comm, values: FloatArray, weights: FloatArray, total: float, where: FloatArray
) -> tuple[FloatArray, float]:
    """Values changed in proportion to `where` so that an amount is what it must be (collective).

        v + s w,    s = (total - sum m v) / sum m w

    Args:
        comm: communicator.
        values: v, owned nodal values, shape (n,).
        weights: m, owned weights of the amount, for instance integrals of the shape functions, shape (n,).
        total: amount over all ranks to be met.
        where: w, shape (n,); 0 where a value must stay, for instance xi (1 - xi).

    Returns:
        The new values, and the defect relative to the total (or to sum |m v| if that is larger) before.

    Raises:
        MeshError: on all ranks, if there is a defect and sum m w is 0 against sum |m w|.
    """
    parts = np.array(
        [weights @ values, np.abs(weights) @ np.abs(values), weights @ where, np.abs(weights @ where)]
    )
    found, size, room, most = comm.allreduce(parts, op=MPI.SUM)
    defect, scale = total - found, max(abs(total), size)
    if defect == 0.0:
        return values.copy(), 0.0
    if abs(room) <= 1e-12 * most:
        raise MeshError(
            f"an amount is off by {defect / scale:.2e} of itself and there is no place to mend it"
        )
    return values + (defect / room) * where, float(defect / scale)


def _planted(given: TaggedMesh | None) -> tuple[Layout, Cut]:
    if given is None:
        raise MeshError("rank 0 was given no mesh")
    if given.points.shape[1] not in (2, 3):
        raise MeshError("only triangles and tetrahedra are refined")
    whole = arrange(given)
    base = Cut.base(whole.points, whole.cells, whole.rows)
    check_base(base)
    return whole.layout, base


def _cut(base: tuple[Layout, Cut] | None, size: SizeField, least: int, limit: int) -> tuple[Layout, Cut]:
    if base is None:
        raise MeshError("the base is on rank 0")
    cut = refine(base[1], size, least, limit)
    return _counted(base[0], cut), cut


def _regrown(base: tuple[Layout, Cut] | None, cut: Cut | None) -> tuple[Layout, Cut]:
    if base is None or cut is None:
        raise MeshError("the base, and a mesh refined from it, are on rank 0")
    known = base[1].points
    if cut.births[0] != len(known) or not np.array_equal(cut.points[: len(known)], known):
        raise MeshError("the mesh was not refined from this base")
    return _counted(base[0], cut), cut


def _counted(layout: Layout, cut: Cut) -> Layout:
    """The layout of the base with the numbers of cells and facets of a mesh refined from it."""
    cells = np.bincount(cut.rows[:, 0], minlength=len(layout.regions) + 1)
    facets = np.bincount(cut.rows[:, 1:].ravel(), minlength=len(layout.boundaries) + 1)
    counts = {name: int(cells[tag]) for name, tag in layout.regions.items()}
    for name, tag in layout.boundaries.items():
        counts[name] = int(facets[tag]) // (2 if name in layout.interior else 1)
    return replace(layout, counts=counts)


def _joined(pieces: Sequence[tuple[IntArray, FloatArray]], count: int) -> FloatArray:
    """Values by node of the whole mesh from those owned by the ranks."""
    values = np.empty((count, pieces[0][1].shape[1]))
    for numbers, part in pieces:
        values[numbers] = part
    return values
