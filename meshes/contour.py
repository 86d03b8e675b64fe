"""The contour xi = 1/2 of an order parameter as the surface of an electrode, the same on every rank.

A diffuse interface seen as a sharp one: `contour` makes the `Front` (2D) or `Shell` (3D) that observables,
files and the test for a short circuit work on. It consists of {xi = 1/2} (deposit) and of the bare substrate
{xi < 1/2} on the boundary the metal stands on. Every rank cuts its own cells (`marching`); the vertices carry
the numbers of the two nodes they lie between, so pieces of different ranks join without tolerances, and
are sorted by the places of these nodes, so the surface does not depend on the number of ranks. Vertices
close to one node become one (`welding`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from dolfinx import fem
from mpi4py import MPI

from .arrays import FloatArray, IntArray
from .domain import Skin
from .errors import MeshError
from .front import DEPOSIT, Chain, Front
from .linking import Link, linked
from .nodal import Nodal, Tagged
from .pieces import Kind, Piece, pieces
from .shell import Shell
from .soup import gathered
from .welding import Weld, weld


@dataclass(frozen=True, eq=False)
class Contour:
    """Surface of the metal of an order parameter, with what belongs to it.

    Attributes:
        surface: contour and bare substrate, the same on every rank. `surface.patch` is the number of the
            piece that a facet belongs to, -1 on bare substrate.
        pieces: connected pieces of metal, by their leftmost, lowest node.
        nodes: piece of every local node, -1 in the electrolyte, shape (local dofs,).
    """

    surface: Skin
    pieces: tuple[Piece, ...]
    nodes: IntArray
    _comm: MPI.Comm
    _sample: _Sample

    @property
    def floating(self) -> IntArray:
        """Numbers of the pieces that do not touch the substrate."""
        return np.flatnonzero([not piece.standing for piece in self.pieces]).astype(np.int64)

    @property
    def metal_volume(self) -> float:
        """Volume of {xi >= 1/2}, exact for P1, mesh units."""
        return sum(piece.volume for piece in self.pieces)

    def at_vertices(self, values: FloatArray) -> FloatArray:
        """P1 fields at the vertices of `surface`, the same on every rank (collective).

        Linear along the mesh edge that a vertex lies on; a vertex made of several gets the same mean as its
        place. Values linear in space are met exactly.

        Args:
            values: at the local nodes, ghosts up to date, shape (local dofs,) or (local dofs, k).

        Returns:
            Shape (vertices,) or (vertices, k).
        """
        sample = self._sample
        ends = np.concatenate(self._comm.allgather(values[sample.nodes]))[sample.source]
        t = sample.t.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(sample.weights @ (ends[:, 0] + t * (ends[:, 1] - ends[:, 0])))


class _Sample(NamedTuple):
    """How values get from nodes to vertices.

    Attributes:
        nodes: local nodes that this rank's vertices lie between, shape (k, 2).
        source: which of all ranks' vertices, one rank after the other, each vertex of the soup is, (n,).
        t: part of the way between its nodes, shape (n,).
        weights: of the vertices of the soup in those of the surface.
    """

    nodes: IntArray
    source: IntArray
    t: FloatArray
    weights: sp.csr_array


def contour(
    regions: Tagged,
    space: fem.FunctionSpace,
    xi: FloatArray,
    names: Sequence[str] = ("deposit", "substrate"),
    kind: Kind | None = None,
    coverage: Callable[[FloatArray], FloatArray] | None = None,
    substrate: str = "substrate",
) -> Contour:
    """Surface of {xi >= 1/2} on a distributed mesh of a box; collective, the same on every rank.

    Args:
        regions: mesh with a boundary `substrate` at the lower end of its height, the last axis.
        space: scalar continuous P1 functions on its mesh.
        xi: order parameter at the local dofs, ghosts up to date; a node with xi = 1/2 is metal.
        names: of the surfaces; names[0] is "deposit".
        kind: index into `names` of bare substrate at points (k, dim), at least 1; 1 everywhere by default.
        coverage: of bare substrate at points (k, dim), below 1/2; 0 by default.
        substrate: name of the boundary that metal stands on.

    Raises:
        MeshError: if there is neither a contour nor bare substrate, if the surface ends where there is no
            wall, or for input that does not fit, see `Nodal.on`.
    """
    field = Nodal.on(regions, space, xi, substrate)
    what = kind if kind is not None else _first_kind
    found, node_piece = pieces(field, what)
    soup, nodes = gathered(field)
    if not len(soup.facets):
        raise MeshError("the order parameter has no surface: it is nowhere below 1/2")
    made = weld(soup)
    points, bare = _snapped(made, field), soup.bare[made.source]
    middles = points[made.facets].mean(axis=1)[bare]
    surface, covered = np.full(len(bare), DEPOSIT), np.ones(len(bare))
    surface[bare] = what(middles)
    if np.any((surface[bare] < 1) | (surface[bare] >= len(names))):
        raise MeshError(f"bare substrate must be of kind 1 to {len(names) - 1}")
    covered[bare] = coverage(middles) if coverage is not None else 0.0
    owner = _owners(field, node_piece, nodes)[soup.source]
    patch = np.where(bare, -1, owner[soup.facets[made.source, 0]])
    data = _Data(tuple(names), surface, covered, patch, float(field.low[-1]))
    skin, order = _front(points, made, data) if field.dim == 2 else _shell(points, made, data)
    return Contour(
        skin, found, node_piece, field.comm, _Sample(nodes, soup.source, made.t, made.weights[order])
    )


class _Data(NamedTuple):
    """What the facets consist of, in the order of the weld; see `Shell`."""

    names: tuple[str, ...]
    surface: IntArray
    coverage: FloatArray
    patch: IntArray
    base: float


def _first_kind(points: FloatArray) -> IntArray:
    """All substrate is of one kind."""
    return np.ones(len(points), dtype=np.int64)


def _owners(field: Nodal, node_piece: IntArray, nodes: IntArray) -> IntArray:
    """Piece of the metal end of the vertices of all ranks, one rank after the other (collective)."""
    return np.concatenate(field.comm.allgather(node_piece[nodes[:, 0]]))


def _snapped(made: Weld, field: Nodal) -> FloatArray:
    """Vertices of the weld; a mean of places on a wall is on it to rounding only."""
    points = made.points.copy()
    for axis in range(field.dim):
        last = axis == field.dim - 1
        for side in (field.high,) if last else (field.low, field.high):
            on = made.walls[:, -1 if last else 2 * axis + (side is field.high)]
            points[on, axis] = side[axis]
    return points


def _shell(points: FloatArray, made: Weld, data: _Data) -> tuple[Shell, IntArray]:
    """The shell, and which vertex of the weld each of its vertices is."""
    fixed = np.column_stack((made.walls[:, 0:4:2] | made.walls[:, 1:4:2], made.walls[:, 4]))
    shell = Shell(
        points,
        made.facets,
        data.names,
        data.surface.astype(np.int8),
        data.coverage,
        data.patch.astype(np.int32),
        fixed,
        data.base,
    )
    return shell, np.arange(len(points))


def _front(points: FloatArray, made: Weld, data: _Data) -> tuple[Front, IntArray]:
    """The front, its main chain first, and which vertex of the weld each of its vertices is."""
    links = linked(made.facets, len(points))
    side = np.where(made.walls[:, :2].any(axis=1), 0, np.where(made.walls[:, 2], 1, -1))
    ends = [
        None if link.closed else (int(side[link.vertices[0]]), int(side[link.vertices[-1]])) for link in links
    ]
    for link, walls in zip(links, ends, strict=True):
        if walls is not None and -1 in walls:
            where = points[link.vertices[walls.index(-1) - 1]].round(6).tolist()
            raise MeshError(f"the contour ends at {where}, where there is neither a wall nor substrate")
    first = _main(points, links, ends)
    turn = sorted(range(len(links)), key=lambda k: (k != first, k))
    order = np.concatenate([links[k].vertices for k in turn])
    edges = np.concatenate([links[k].edges for k in turn])
    front = Front(
        points[order],
        data.names,
        data.surface[edges].astype(np.int8),
        data.coverage[edges],
        data.patch[edges].astype(np.int32),
        tuple(Chain(len(links[k].vertices), ends[k]) for k in turn),
        data.base,
    )
    return front, order


def _main(points: FloatArray, links: Sequence[Link], ends: Sequence[tuple[int, int] | None]) -> int:
    """The lowest chain from the left wall to the right one; without any, the first chain."""
    start = np.array([points[link.vertices[0]] for link in links])
    last = np.array([points[link.vertices[-1]] for link in links])
    across = np.array([walls == (0, 0) for walls in ends]) & (last[:, 0] > start[:, 0])
    return int(np.argmin(np.where(across, start[:, 1], np.inf)))
