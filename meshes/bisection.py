"""Newest-vertex bisection of triangles and tetrahedra: every mesh is cut out of one tree of cells.

A cell of dimension d and generation g with nodes x_0 ... x_d is halved at the middle z of the edge x_0 x_k,
k = d - (g mod d), into

    (x_0, x_1 ... x_{k-1}, z, x_{k+1} ... x_d)   and   (x_1 ... x_k, z, x_{k+1} ... x_d)

of generation g + 1 (J. M. Maubach, SIAM J. Sci. Comput. 16 (1995) 210-227). Which edge is next follows from
the order of the nodes alone, so a cell is always halved in the same way: the conforming mesh with the fewest
cells that meets given sizes is unique, two such meshes are nested, and no more than d kinds of cells, up to
similarity, come from cells of Kuhn's cubes, however deep. A base must suit: all its uniform refinements are
conforming (R. Stevenson, Math. Comp. 77 (2008) 227-241).

Only NumPy, on one rank. Work is done on whole arrays, one generation after the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError

SizeField = Callable[[FloatArray], FloatArray]
"""Longest edge wanted at points, (n, dim) -> (n,), in mesh units."""

_SPAN = np.int64(2**31)
"""More than the nodes of any mesh: two node numbers in one key."""

MOST_ROUNDS = 300
"""A base of wrong order of nodes is never done; a sound one of 64 bits can be halved fewer times."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A conforming mesh out of the tree of a base.

    Attributes:
        points: nodes, those of the base first, shape (nodes, dim).
        ends: nodes whose middle a later node is, the lower number first, shape (nodes - base nodes, 2).
        births: number of nodes in the base and after every round of halving, ascending; the ends of the
            nodes of a round are older than the round.
        cells: nodes of every cell in the order that rules its halving, shape (cells, dim + 1); the halves of
            a cell follow each other, so neighbours in number are neighbours in space.
        rows: tags of every cell as in `tagged.Arranged`, shape (cells, dim + 2).
        generation: halvings since the base, shape (cells,).
    """

    points: FloatArray
    ends: IntArray
    births: tuple[int, ...]
    cells: IntArray
    rows: npt.NDArray[np.int32]
    generation: IntArray

    @classmethod
    def base(cls, points: FloatArray, cells: IntArray, rows: npt.NDArray[np.int32]) -> Cut:
        """The mesh that all others are refined from."""
        ends, generation = np.empty((0, 2), dtype=np.int64), np.zeros(len(cells), dtype=np.int64)
        return cls(points, ends, (len(points),), cells.astype(np.int64), rows, generation)

    @cached_property
    def middles(self) -> _Middles:
        """Nodes by the edge whose middle they are."""
        return _Middles.of(self.ends, self.births[0])


@dataclass(frozen=True, eq=False)
class _Middles:
    """Middle node of every halved edge, ordered by key."""

    keys: IntArray
    nodes: IntArray

    @classmethod
    def of(cls, ends: IntArray, first: int) -> _Middles:
        """Edges `ends`, the middle of the k-th of them node first + k."""
        keys = _key(ends)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], first + order)

    def find(self, keys: IntArray) -> IntArray:
        """Node in the middle of each edge, -1 if it is not halved."""
        if not self.keys.size:
            return np.full(keys.shape, -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)
        return np.where(self.keys[at] == keys, self.nodes[at], -1)

    def join(self, other: _Middles) -> _Middles:
        """All edges of both."""
        at = np.searchsorted(self.keys, other.keys)
        return _Middles(np.insert(self.keys, at, other.keys), np.insert(self.nodes, at, other.nodes))


def refine(base: Cut, size: SizeField, least: int = 0, limit: int = 50_000_000) -> Cut:
    """The conforming mesh with the fewest cells that meets the sizes wanted.

    Args:
        base: cells to start from, of generation 0.
        size: longest edge allowed at the middle of a cell; asked once for every cell of the tree.
        least: every cell is halved at least so many times.
        limit: number of cells at which to give up.

    Raises:
        MeshError: more cells than `limit`, sizes that are not positive, a base that cannot be halved.
    """
    points, ends, births = base.points, [base.ends], list(base.births)
    cells, rows, generation = base.cells, base.rows, base.generation
    dim = points.shape[1]
    pairs = np.array(list(itertools.combinations(range(dim + 1), 2)))
    middles = base.middles
    fresh: BoolArray = np.ones(len(cells), dtype=np.bool_)
    touched: BoolArray = np.zeros(len(points), dtype=np.bool_)
    for _ in range(MOST_ROUNDS):
        new = np.flatnonzero(fresh)
        halve = np.zeros(len(cells), dtype=np.bool_)
        halve[new] = (generation[new] < least) | _too_long(points, cells[new], pairs, size)
        # An old cell can have got a node on an edge only if both ends belong to edges just halved.
        look = np.flatnonzero(~halve & (fresh | (touched[cells].sum(axis=1) >= 2)))
        halve[look] = (middles.find(_key(cells[look][:, pairs])) >= 0).any(axis=1)
        todo = np.flatnonzero(halve)
        if not todo.size:
            return Cut(points, np.concatenate(ends), tuple(births), cells, rows, generation)
        if len(cells) + todo.size > limit:
            raise MeshError(f"the sizes wanted ask for more than {limit} cells")
        last = dim - generation[todo] % dim
        edges = np.sort(np.column_stack((cells[todo, 0], cells[todo, last])), axis=1)
        born = _unhalved(edges, middles)
        middles = middles.join(_Middles.of(born, len(points)))
        points = np.concatenate((points, 0.5 * (points[born[:, 0]] + points[born[:, 1]])))
        ends.append(born)
        births.append(len(points))
        touched = np.zeros(len(points), dtype=np.bool_)
        touched[born] = True
        parts = _halves(cells[todo], rows[todo], last, middles.find(_key(edges)))
        # The halves take the place of the cell.
        times = 1 + halve
        start = (np.cumsum(times) - times)[todo]
        cells, rows = np.repeat(cells, times, axis=0), np.repeat(rows, times, axis=0)
        generation, fresh = np.repeat(generation + halve, times), np.repeat(halve, times)
        for offset, (half, tags) in enumerate(parts):
            cells[start + offset], rows[start + offset, 1:] = half, tags
    raise MeshError("the nodes of the base mesh are not in an order by which its cells can be halved")


def check_base(base: Cut) -> None:
    """Make sure that the first `dim` uniform refinements of a base are conforming; then all are.

    Raises:
        MeshError: the order of the nodes in the cells does not match across facets.
    """
    dim = base.points.shape[1]
    for least in range(1, dim + 1):
        fine = refine(base, lambda x: np.full(len(x), np.inf), least)
        if (fine.generation > least).any():
            raise MeshError(
                "the nodes of the base mesh are not in an order by which its cells can be halved: "
                "neighbours disagree on the edge to halve"
            )


def moved(values: FloatArray, old: Cut, new: Cut) -> FloatArray:
    """Values at the nodes of `new` of a P1 function on `old`, both cut out of the tree of one base.

    A node that `old` does not have is the middle of an edge that lies in one cell of `old`, where the
    function is linear, so its value is exactly the mean over the two ends.

    Args:
        values: shape (nodes of old, n).
        old: the mesh that the function lives on.
        new: the mesh that it shall live on, coarser or finer or both.
    """
    result = np.empty((len(new.points), values.shape[1]))
    same = np.full(len(new.points), -1, dtype=np.int64)
    count = new.births[0]
    same[:count], result[:count] = np.arange(count), values[:count]
    for low, high in itertools.pairwise(new.births):
        ends = new.ends[low - count : high - count]
        twins = same[ends]
        found = np.where((twins >= 0).all(axis=1), old.middles.find(_key(twins)), -1)
        same[low:high] = found
        middle = 0.5 * (result[ends[:, 0]] + result[ends[:, 1]])
        result[low:high] = np.where(found[:, None] >= 0, values[found], middle)
    return result


def longest_edges(points: FloatArray, cells: IntArray) -> FloatArray:
    """Longest edge of every cell, shape (cells,)."""
    pairs = np.array(list(itertools.combinations(range(cells.shape[1]), 2)))
    return np.asarray(np.sqrt(_longest_squared(points, cells, pairs)))


def _longest_squared(points: FloatArray, cells: IntArray, pairs: IntArray) -> FloatArray:
    corners = points[cells]
    longest = np.zeros(len(cells))
    for a, b in pairs:
        edge = corners[:, b] - corners[:, a]
        np.maximum(longest, np.einsum("ij,ij->i", edge, edge), out=longest)
    return longest


def _too_long(points: FloatArray, cells: IntArray, pairs: IntArray, size: SizeField) -> BoolArray:
    wanted = size(points[cells].mean(axis=1)) if len(cells) else np.empty(0)
    if not (wanted > 0.0).all():
        raise MeshError("the size wanted of a cell is not positive")
    # Rounding must not decide where a size is a power of two of the base.
    return np.asarray(_longest_squared(points, cells, pairs) > (wanted * (1.0 + 1e-9)) ** 2)


def _key(edges: IntArray) -> IntArray:
    """One number for every pair of nodes, whatever their order, shape (..., 2) -> (...)."""
    a, b = edges[..., 0], edges[..., 1]
    return np.asarray(np.minimum(a, b) * _SPAN + np.maximum(a, b))


def _unhalved(edges: IntArray, middles: _Middles) -> IntArray:
    """Edges without a middle, each once, in the order of their keys, shape (n, 2)."""
    keys = np.unique(_key(edges))
    keys = keys[middles.find(keys) < 0]
    return np.column_stack((keys // _SPAN, keys % _SPAN))


def _halves(
    cells: IntArray, rows: npt.NDArray[np.int32], last: IntArray, middle: IntArray
) -> list[tuple[IntArray, npt.NDArray[np.int32]]]:
    """Nodes and facet tags of the two halves of cells; `last` is k of the edge x_0 x_k."""
    width = cells.shape[1]
    first, second = cells.copy(), np.empty_like(cells)
    first_tags, second_tags = rows[:, 1:].copy(), np.empty_like(rows[:, 1:])
    every = np.arange(len(cells))
    first[every, last], first_tags[:, 0] = middle, 0
    for k in range(1, width):
        at = np.flatnonzero(last == k)
        order = [*range(1, k + 1), 0, *range(k + 1, width)]
        second[at], second_tags[at] = cells[np.ix_(at, order)], rows[np.ix_(at, np.array(order) + 1)]
        second[at, k], second_tags[at, k - 1] = middle[at], 0
    return [(first, first_tags), (second, second_tags)]
