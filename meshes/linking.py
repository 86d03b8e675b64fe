"""Directed edges put one behind the other: chains of a polyline, without a loop over their vertices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from .arrays import IntArray


class Link(NamedTuple):
    """One chain.

    Attributes:
        vertices: in their order, shape (k,).
        edges: numbers of its edges in their order, shape (k - 1,), of a closed one (k,).
        closed: whether its last edge ends at its first vertex.
    """

    vertices: IntArray
    edges: IntArray
    closed: bool


def linked(edges: IntArray, vertices: int) -> list[Link]:
    """Chains of edges of which at most one begins, and at most one ends, at every vertex.

    Args:
        edges: start and end of every edge, shape (m, 2).
        vertices: how many there are; each is in an edge.

    Returns:
        The chains by their lowest vertex; a closed one begins with it.

    How far a vertex is from the end of its chain is found by pointer jumping (J. C. Wyllie, 1979): whoever
    knows how far the vertex 2^k steps ahead sees, knows 2^(k+1) in the next round.
    """
    end = vertices
    ahead = np.full(vertices + 1, end)
    ahead[edges[:, 0]] = edges[:, 1]
    leaving = np.full(vertices, -1)
    leaving[edges[:, 0]] = np.arange(len(edges))
    graph = sp.coo_array((np.ones(len(edges)), edges.T), shape=(vertices, vertices))
    count, chain = connected_components(graph, directed=False)
    closed = np.bincount(chain[edges[:, 0]], minlength=count) == np.bincount(chain, minlength=count)
    lowest = np.full(count, vertices)
    np.minimum.at(lowest, chain, np.arange(vertices))
    cut = closed[chain[edges[:, 1]]] & (edges[:, 1] == lowest[chain[edges[:, 1]]])
    ahead[edges[cut, 0]] = end
    distance = (ahead != end).astype(np.int64)
    while np.any(ahead != end):
        distance += distance[ahead]
        ahead = ahead[ahead]
    order = np.lexsort((-distance[:-1], lowest[chain]))
    found = []
    for run in np.split(order, np.flatnonzero(np.diff(chain[order])) + 1):
        around = bool(closed[chain[run[0]]])
        found.append(Link(run, leaving[run if around else run[:-1]], around))
    return found
