"""Connected pieces of {xi >= 1/2}: which there are, what they stand on, how large they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from dolfinx import fem
from mpi4py import MPI
from scipy.sparse.csgraph import connected_components

from .arrays import FloatArray, IntArray
from .marching import metal_middles, metal_share, sorted_corners
from .nodal import Nodal
from .regions import simplex_measure

Kind = Callable[[FloatArray], npt.NDArray[np.integer[Any]]]
"""What the substrate is at points (k, dim): integers of shape (k,)."""


@dataclass(frozen=True)
class Piece:
    """A connected piece of metal.

    Attributes:
        place: its leftmost node, of those the lowest.
        standing: whether it touches the substrate.
        volume: of {xi >= 1/2} in it, mesh units (in 2D an area).
        kinds: of the substrate that it stands on.
    """

    place: tuple[float, ...]
    standing: bool
    volume: float
    kinds: frozenset[int]


def pieces(xi: Nodal, kind: Kind) -> tuple[tuple[Piece, ...], IntArray]:
    """Pieces by their leftmost, lowest node, the same on every rank, and the piece of every local node.

    Collective. Metal is convex in every cell, so two nodes of a cell that are metal are in one piece: the
    pieces are the components of the graph of metal nodes, also across ranks. Nodes in the electrolyte get -1.

    Args:
        xi: the order parameter.
        kind: of substrate.
    """
    label = _labels(xi)
    metal = label >= 0
    first = _lowest(label[metal], xi.points[metal])
    every = xi.comm.allgather((label[metal][first], xi.points[metal][first]))
    labels, places = (np.concatenate(one) for one in zip(*every, strict=True))
    first = _lowest(labels, places)
    first = first[np.lexsort(places[first].T[::-1])]
    number = np.full(int(labels.max(initial=-1)) + 2, -1)  # the last one for label -1
    number[labels[first]] = np.arange(first.size)
    piece = number[label]
    return _measured(xi, piece, places[first], kind), piece


def _lowest(labels: IntArray, places: FloatArray) -> IntArray:
    """Of every label the row with the least place: by x, then by the next coordinate."""
    order = np.lexsort((*places.T[::-1], labels))
    return np.asarray(order[np.flatnonzero(np.diff(labels[order], prepend=-1))])


def _labels(xi: Nodal) -> IntArray:
    """Label of every local node, -1 in the electrolyte; equal for nodes of one piece on all ranks."""
    comm, metal, n = xi.comm, xi.metal, len(xi.values)
    inside = metal[xi.cells]
    hub = np.take_along_axis(xi.cells, np.argmax(inside, axis=1)[:, None], axis=1)
    pairs = np.column_stack((np.broadcast_to(hub, xi.cells.shape)[inside], xi.cells[inside]))
    parts, mine = np.unique(_components(pairs, n)[metal], return_inverse=True)
    counts = comm.allgather(parts.size)
    label = np.full(n, -1, dtype=np.int64)
    label[metal] = mine.ravel() + sum(counts[: comm.rank])
    shared = fem.Function(xi.space)
    shared.x.array[:] = label
    shared.x.scatter_forward()
    joined = np.column_stack((label, np.rint(shared.x.array).astype(np.int64)))[metal]
    joined = np.unique(joined[joined[:, 0] != joined[:, 1]], axis=0)
    together = _components(np.concatenate(comm.allgather(joined)), sum(counts))
    label[metal] = together[label[metal]]
    return label


def _components(pairs: IntArray, n: int) -> IntArray:
    """Component of every one of n nodes of a graph with the given edges, shape (n,)."""
    if n == 0:
        return np.empty(0, dtype=np.int64)
    graph = sp.coo_array((np.ones(len(pairs)), pairs.T), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _measured(xi: Nodal, piece: IntArray, places: FloatArray, kind: Kind) -> tuple[Piece, ...]:
    """Volumes and footholds of the pieces (collective)."""
    comm, metal, number = xi.comm, xi.metal, len(places)
    cells = xi.cells[: xi.owned]
    cells = cells[metal[cells].any(axis=1)]
    cells = sorted_corners(cells, metal, xi.points)
    volume = simplex_measure(xi.points[cells]) * metal_share(xi.values[cells])
    volumes = np.bincount(piece[cells[:, 0]], volume, number).astype(np.float64)  # of nothing it has integers
    comm.Allreduce(MPI.IN_PLACE, volumes, op=MPI.SUM)
    ground = xi.ground[metal[xi.ground].any(axis=1)]
    ground = sorted_corners(ground, metal, xi.points)
    under = np.asarray(kind(metal_middles(ground, xi.values, xi.points)), dtype=np.int64)
    stood = np.column_stack((piece[ground[:, 0]], under.reshape(len(ground))))
    footholds = np.unique(np.concatenate(comm.allgather(np.unique(stood, axis=0))), axis=0)
    return tuple(
        Piece(
            place=tuple(places[k].tolist()),
            standing=bool(np.any(footholds[:, 0] == k)),
            volume=float(volumes[k]),
            kinds=frozenset(footholds[footholds[:, 0] == k, 1].tolist()),
        )
        for k in range(number)
    )
