"""Structured triangles and tetrahedra on a grid of lines, with the grid numbers of their nodes."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .tagged import exterior_facets

Diagonal = Literal["right", "left", "symmetric", "crossed"]
"""How a rectangle becomes triangles: one diagonal, rising to the right or to the left; a mirror image about
the middle of the width (the number of columns is made even); both diagonals with a node in the middle."""


class Outside:
    """Facets on the outside of a structured mesh, found by the grid numbers of their nodes."""

    def __init__(self, cells: IntArray, grid: IntArray) -> None:
        """Take cells, shape (n, dim + 1), and the grid numbers of all nodes, shape (nodes, dim)."""
        self.facets, self.grid = exterior_facets(cells), grid

    def on(self, axis: int, number: int) -> IntArray:
        """Facets whose nodes all have this grid number along an axis, shape (facets, dim)."""
        return np.asarray(self.facets[(self.grid[self.facets, axis] == number).all(axis=1)])


def triangles(x: FloatArray, y: FloatArray, diagonal: Diagonal) -> tuple[FloatArray, IntArray, IntArray]:
    """Nodes, their grid numbers (-1 for middles), triangles by block, shape (blocks, 2 or 4, 3)."""
    nx, ny = len(x) - 1, len(y) - 1
    i, j = (a.ravel() for a in np.meshgrid(np.arange(nx + 1), np.arange(ny + 1), indexing="ij"))
    points, grid = np.column_stack((x[i], y[j])), np.column_stack((i, j))
    column, row = (a.ravel() for a in np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij"))
    a = column * (ny + 1) + row
    b, c, d = a + ny + 1, a + ny + 2, a + 1
    if diagonal == "crossed":
        m = len(points) + np.arange(nx * ny)
        middle = 0.25 * (points[a] + points[b] + points[c] + points[d])
        four = [(a, b, m), (b, c, m), (c, d, m), (d, a, m)]
        points, grid = np.concatenate((points, middle)), np.concatenate((grid, np.full((nx * ny, 2), -1)))
        return points, grid, np.array(four).transpose(2, 0, 1)
    rising = np.array([(a, b, c), (a, c, d)]).transpose(2, 0, 1)
    falling = np.array([(a, b, d), (b, c, d)]).transpose(2, 0, 1)
    rises = {"right": column >= 0, "left": column < 0, "symmetric": 2 * column < nx}
    if diagonal not in rises:
        raise MeshError(f'diagonal is "{diagonal}", expected right, left, symmetric or crossed')
    return points, grid, np.where(rises[diagonal][:, None, None], rising, falling)


def tetrahedra(x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Nodes, their grid numbers, tetrahedra by block, shape (blocks, 6, 4)."""
    sizes = (len(x), len(y), len(z))
    grid = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), axis=-1).reshape(-1, 3)
    points = np.column_stack((x[grid[:, 0]], y[grid[:, 1]], z[grid[:, 2]]))
    stride = (sizes[1] * sizes[2], sizes[2], 1)
    corner = np.flatnonzero((grid < np.array(sizes) - 1).all(axis=1))
    cells = [
        np.column_stack([corner + sum(stride[axis] for axis in path[:k]) for k in range(4)])
        for path in itertools.permutations(range(3))
    ]
    return points, grid, np.stack(cells, axis=1)
