"""Vertices of a contour that lie close to one mesh node become one vertex.

Where a contour passes close to a node n it has vertices on several mesh edges at n, and very short edges and
slivers between them. Such a cluster is contracted where that changes neither what is connected with what nor
where the surface ends: if it is all there is of the contour at the node, and it is contractible,
V - E + F = 1 for its vertices, edges and triangles, and so are its parts on each wall, on the line where the
deposit meets bare substrate, and where two of these meet. Then the surface is looked over, and clusters that
spoil it (an edge or triangle twice, a facet turned round, a part without facets) stay as they were. The new
vertex is the mean of those of its cluster that are on all walls and lines the cluster is on, so it stays on
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from .arrays import BoolArray, FloatArray, IntArray
from .soup import Soup

SHORT = 0.047
"""Part of a mesh edge next to its node within which a vertex belongs to the node. No round number: a flat
film on a structured mesh should not lie just on the border."""
APART = 1e-6
"""Part of a mesh edge by which vertices that stay keep away from nodes, so that no facet has size zero and
parts of the contour that meet in a node (xi = 1/2) do not touch."""


@dataclass(frozen=True, eq=False)
class Weld:
    """What `weld` makes of a soup.

    Attributes:
        t: part of the way between its nodes at which every vertex of the soup is, shape (n,).
        weights: of the vertices of the soup in the new ones, rows sum to 1, shape (N, n).
        points: of the new vertices, shape (N, dim).
        facets: new vertices of every facet that is left, shape (M, dim).
        source: which facet of the soup each of them was, shape (M,).
        walls: which of the walls a new vertex is on, shape (N, walls).
    """

    t: FloatArray
    weights: sp.csr_array
    points: FloatArray
    facets: IntArray
    source: IntArray
    walls: BoolArray


def edges_of(facets: IntArray) -> IntArray:
    """Edges of facets in their direction, shape (m, 2) in 2D, where they are the facets, else (3 m, 2)."""
    return facets if facets.shape[1] == 2 else facets[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)


def weld(soup: Soup) -> Weld:
    """Contract clusters at nodes; see the module."""
    label, flags, refused = _clusters(soup)
    close = _near(soup) >= 0
    while True:
        first = np.unique(label, return_index=True)[1][label]
        number = _new_number(np.where(refused, np.arange(label.size), first))
        made = _contracted(soup, number, refused, flags)
        spoilers = _spoilt(made, soup, number)[number] & close & ~refused
        if not spoilers.any():
            return made
        refused |= np.isin(label, label[spoilers])


def _near(soup: Soup) -> IntArray:
    """Node that every vertex belongs to, -1 where it is far from both of its nodes, shape (n,)."""
    return np.where(soup.t < SHORT, soup.names[:, 0], np.where(soup.t > 1.0 - SHORT, soup.names[:, 1], -1))


def _new_number(first: IntArray) -> IntArray:
    """New vertices by the lowest of their old ones, which is given for every old one, shape (n,)."""
    return np.asarray(np.unique(first, return_inverse=True)[1].ravel(), dtype=np.int64)


def _clusters(soup: Soup) -> tuple[IntArray, BoolArray, BoolArray]:
    """Cluster of every vertex, (n,), walls and lines that it is on, (n, k), and who has to stay, (n,)."""
    n, flags = len(soup.t), np.column_stack((soup.walls, _feet(soup)))
    near = _near(soup)
    edges, _, foot = _shared_edges(soup)
    inside = (near[edges[:, 0]] >= 0) & (near[edges[:, 0]] == near[edges[:, 1]])
    graph = sp.coo_array((np.ones(int(inside.sum())), edges[inside].T), shape=(n, n))
    count, label = connected_components(graph, directed=False)

    def number(labels: IntArray) -> IntArray:
        return np.bincount(labels, minlength=count)

    at = label[edges[:, 0]]
    euler = number(label) - number(at[inside])
    if soup.facets.shape[1] == 3:
        corners = label[soup.facets]
        euler += number(corners[np.all(corners == corners[:, :1], axis=1), 0])
    sound = euler == 1
    last = flags.shape[1] - 1
    for j, k in combinations_with_replacement(range(last + 1), 2):
        flag = flags[:, j] & flags[:, k]
        on = inside & flag[edges].all(axis=1)
        if k == last:
            on &= foot
        vertices = number(label[flag])
        sound &= (vertices == 0) | (vertices - number(at[on]) == 1)
    sound &= number(label[_bound(label, flags, count)]) > 0
    sound[label[_touching(soup, label, count)]] = False
    nodes, sheets = np.unique(np.unique(np.column_stack((near, label)), axis=0)[:, 0], return_counts=True)
    sound[label[np.isin(near, nodes[sheets > 1])]] = False
    return label.astype(np.int64), flags, ~sound[label]


def _feet(soup: Soup) -> BoolArray:
    """Vertices where the contour meets bare substrate, shape (n,)."""
    found = np.zeros((len(soup.t), 2), dtype=np.bool_)
    for side, chosen in enumerate((soup.bare, ~soup.bare)):
        found[soup.facets[chosen], side] = True
    return np.asarray(found.all(axis=1))


def _touching(soup: Soup, label: IntArray, count: int) -> BoolArray:
    """Vertices close to a node on a wall on which none of their label is: metal or electrolyte touches it."""
    node_on = np.where((soup.t < SHORT)[:, None], soup.ends_on[:, 0], soup.ends_on[:, 1])
    return np.asarray(np.any(node_on & ~_united(label, soup.walls, count)[label], axis=1))


def _bound(label: IntArray, flags: BoolArray, count: int) -> BoolArray:
    """Vertices that are on all walls and lines that any vertex of the same label is on, shape (n,)."""
    return np.asarray(np.all(flags == _united(label, flags, count)[label], axis=1))


def _united(label: IntArray, flags: BoolArray, count: int) -> BoolArray:
    """The flags that any vertex of each label has, shape (count, k)."""
    return np.stack([np.bincount(label, flag, count) > 0.0 for flag in flags.T], axis=1)


def _shared_edges(soup: Soup) -> tuple[IntArray, BoolArray, BoolArray]:
    """Edges without direction, (E, 2), which are rims and which are between contour and bare substrate, (E,).

    In 2D, where edges are the facets themselves, none is either.
    """
    every = edges_of(soup.facets)
    edges, which = np.unique(np.sort(every, axis=1), axis=0, return_inverse=True)
    if soup.facets.shape[1] == 2:
        return edges, np.zeros(len(edges), dtype=np.bool_), np.zeros(len(edges), dtype=np.bool_)
    count = np.bincount(which.ravel(), minlength=len(edges))
    bare = np.bincount(which.ravel(), np.repeat(soup.bare, 3), len(edges))
    return edges, count == 1, (count == 2) & (bare == 1.0)


def _contracted(soup: Soup, number: IntArray, refused: BoolArray, flags: BoolArray) -> Weld:
    """The surface with every vertex in its new one, given by `number`; those that must stay keep apart."""
    size = int(number.max(initial=-1)) + 1
    chosen = np.flatnonzero(_bound(number, flags, size))
    share = 1.0 / np.bincount(number[chosen], minlength=size)
    weights = sp.csr_array((share[number[chosen]], (number[chosen], chosen)), shape=(size, number.size))
    t = np.where(refused, np.clip(soup.t, APART, 1.0 - APART), soup.t)
    facets = number[soup.facets]
    left = np.all(facets != np.roll(facets, 1, axis=1), axis=1)
    return Weld(
        t,
        weights,
        np.asarray(weights @ soup.at(t)),
        facets[left],
        np.flatnonzero(left),
        _united(number, soup.walls, size),
    )


def _spoilt(made: Weld, soup: Soup, number: IntArray) -> BoolArray:
    """New vertices that have lost all facets, or have one that is spoilt, shape (N,).

    Spoilt are facets that are there twice, share an edge with too many others or look another way than
    before, and edges on walls and at feet that have met.
    """
    facets = made.facets
    before = soup.at(np.clip(soup.t, APART, 1.0 - APART))
    now, then = _vectors(made.points, facets), _vectors(before, soup.facets[made.source])
    spoilt = np.sum(now * then, axis=1) <= 0.0
    spoilt |= _repeated(np.sort(facets, axis=1))
    if facets.shape[1] == 3:  # an edge of an oriented surface is run through at most once either way
        spoilt |= _repeated(edges_of(facets)).reshape(-1, 3).any(axis=1)
    vertices = np.ones(len(made.points), dtype=np.bool_)
    vertices[facets] = False
    vertices[facets[spoilt]] = True
    if facets.shape[1] == 3:
        edges, rim, foot = _shared_edges(soup)
        lines = number[edges[rim | foot]]
        lines = lines[lines[:, 0] != lines[:, 1]]
        vertices[lines[_repeated(np.sort(lines, axis=1))]] = True
    return vertices


def _repeated(rows: IntArray) -> BoolArray:
    _, which, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(count[which.ravel()] > 1)


def _vectors(points: FloatArray, facets: IntArray) -> FloatArray:
    """Edge vectors in 2D, area vectors in 3D."""
    sides = points[facets[:, 1:]] - points[facets[:, :1]]
    return np.asarray(sides[:, 0] if facets.shape[1] == 2 else np.cross(sides[:, 0], sides[:, 1]))
