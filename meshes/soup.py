"""Facets of a contour from all ranks with their vertices, in an order that only the mesh decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .marching import BARE, CONTOUR, crossing, march, sorted_corners
from .nodal import Nodal

ON_WALL = 1e-10
"""Distance from a wall, in parts of the cell's extent, at which a node lies on it."""


@dataclass(frozen=True, eq=False)
class Soup:
    """A contour as it comes out of the cells, the same on every rank.

    Attributes:
        names: of every vertex, see `marching`, by numbers of nodes in the whole mesh; shape (n, 2).
        ends: places of the two nodes, shape (n, 2, dim); the vertices are sorted by them.
        t: part of the way from the first to the second, shape (n,).
        facets: vertices of every facet, lowest one first in 3D, sorted, shape (m, dim).
        bare: whether a facet is bare substrate, shape (m,).
        ends_on: which of the walls the two nodes are on, by axis and then low and high, the last one the top,
            shape (n, 2, 2 dim - 1).
        source: which vertex of all ranks, one rank after the other, each one is, shape (n,).
    """

    names: IntArray
    ends: FloatArray
    t: FloatArray
    facets: IntArray
    bare: BoolArray
    ends_on: BoolArray
    source: IntArray

    @property
    def walls(self) -> BoolArray:
        """Which of the walls a vertex is on, shape (n, 2 dim - 1)."""
        return np.asarray(self.ends_on.all(axis=1))

    def at(self, t: FloatArray) -> FloatArray:
        """Places that part of the way, (n,), between the nodes of the vertices, shape (n, dim)."""
        return np.asarray(self.ends[:, 0] + t[:, None] * (self.ends[:, 1] - self.ends[:, 0]))


def gathered(field: Nodal) -> tuple[Soup, IntArray]:
    """March through the cells and the substrate of every rank, and collect (collective).

    Returns:
        the soup, and the local nodes that this rank's vertices lie between, shape (k, 2).
    """
    named, bare = _marched(field)
    nodes, facets = np.unique(named.reshape(-1, 2), axis=0, return_inverse=True)
    t = crossing(*field.values[nodes].T)
    mine = (field.numbers[nodes], field.points[nodes], t, facets.reshape(-1, field.dim), bare)
    every = field.comm.allgather(mine)
    starts = np.cumsum([0, *(len(one[0]) for one in every)])
    shifted = [(*one[:3], one[3] + start, one[4]) for one, start in zip(every, starts[:-1], strict=True)]
    names, ends, t, facets, bare = (np.concatenate(parts) for parts in zip(*shifted, strict=True))
    _, source, which = np.unique(names, axis=0, return_index=True, return_inverse=True)
    order = np.lexsort(ends[source].reshape(-1, 2 * field.dim).T[::-1])
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    source = source[order]
    facets = _turned(place[which.ravel()][facets])
    by_vertices = np.lexsort(facets.T[::-1])
    soup = Soup(
        names=names[source],
        ends=ends[source],
        t=t[source],
        facets=facets[by_vertices],
        bare=bare[by_vertices],
        ends_on=_walls(field, ends[source]),
        source=source,
    )
    return soup, nodes


def _marched(field: Nodal) -> tuple[IntArray, BoolArray]:
    """Vertices of the facets of this rank by local nodes, (m, dim, 2), and which facets are bare."""
    metal, points = field.metal, field.points
    cut = field.cells[: field.owned]
    cut = cut[metal[cut].any(axis=1) & ~metal[cut].all(axis=1)]
    contour = march(sorted_corners(cut, metal, points), metal, points, CONTOUR[field.dim])
    wet = ~metal[field.ground].all(axis=1)
    ground = sorted_corners(field.ground[wet], metal, points)
    bare = march(ground, metal, points, BARE[field.dim], field.apex[wet])
    return np.concatenate((contour, bare)), np.arange(len(contour) + len(bare)) >= len(contour)


def _turned(facets: IntArray) -> IntArray:
    """Triangles with their lowest vertex first, in the same sense; edges as they are."""
    if facets.shape[1] == 2:
        return facets
    turn = (np.argmin(facets, axis=1)[:, None] + np.arange(3)) % 3
    return np.asarray(np.take_along_axis(facets, turn, axis=1))


def _walls(field: Nodal, ends: FloatArray) -> BoolArray:
    """Which of the walls places are on, shape (n, 2, dim) -> (n, 2, 2 dim - 1)."""
    near = ON_WALL * (field.high - field.low)
    on = np.stack((ends < field.low + near, ends > field.high - near), axis=3)
    return np.asarray(on.reshape(len(ends), 2, 2 * field.dim)[:, :, [*range(2 * field.dim - 2), -1]])
