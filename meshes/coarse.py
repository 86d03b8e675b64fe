"""Coarse meshes to refine from, nodes in the order that bisection goes by: boxes, and any mesh cut once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .structured import Outside, tetrahedra, triangles
from .tagged import TaggedMesh, number_rows

SIDES = ("left", "right", "front", "back", "bottom", "top")
"""x lowest and highest, y lowest and highest (3D only), height lowest and highest."""


def coarse_box(
    low: Sequence[float],
    high: Sequence[float],
    blocks: Sequence[int],
    *,
    region: str = "electrolyte",
    boundaries: Mapping[str, str] | None = None,
    unit: float = 1.0,
) -> TaggedMesh:
    """A rectangle or box of equal blocks, each cut along ascending paths between two opposite corners.

    Halved once (2D) or twice (3D), a block has all the symmetries of a rectangle or box: give
    `least = dim - 1` to `Forest` where the mesh must not prefer a direction.

    Args:
        low: corner with the lowest coordinates, in mesh units, 2 or 3 numbers; height last.
        high: corner with the highest.
        blocks: number along every axis; blocks as high as wide give the best cells.
        region: name of the region.
        boundaries: name of a side by one of `SIDES`; bottom is "substrate" and top "counter" unless given,
            other sides are insulating.
        unit: length of one mesh unit in m.

    Raises:
        MeshError: for numbers that make no box, or sides that it does not have.
    """
    dim = len(low)
    if dim not in (2, 3) or len(high) != dim or len(blocks) != dim:
        raise MeshError(f"a box has 2 or 3 axes; got {len(low)}, {len(high)} and {len(blocks)} numbers")
    if min(blocks) < 1 or not all(a < b for a, b in zip(low, high, strict=True)):
        raise MeshError(f"no box: from {tuple(low)} to {tuple(high)} in {tuple(blocks)} blocks")
    named = {"bottom": "substrate", "top": "counter"} if boundaries is None else dict(boundaries)
    sides = SIDES if dim == 3 else (*SIDES[:2], *SIDES[4:])
    for side in named:
        if side not in sides:
            raise MeshError(f'a box has no side "{side}"; there are: {", ".join(sides)}')
    lines: list[FloatArray] = [
        np.linspace(a, b, n + 1, dtype=np.float64) for a, b, n in zip(low, high, blocks, strict=True)
    ]
    points, grid, cells = tetrahedra(*lines) if dim == 3 else triangles(lines[0], lines[1], "right")
    # In order along the path from the low corner of the block to its high corner.
    cells = cells.reshape(-1, dim + 1)
    cells = np.take_along_axis(cells, np.argsort(grid[cells].sum(axis=2), axis=1), axis=1)
    outer = Outside(cells, grid)
    sets = [
        (
            name,
            outer.on(sides.index(side) // 2, blocks[sides.index(side) // 2] if sides.index(side) % 2 else 0),
        )
        for side, name in named.items()
    ]
    return TaggedMesh.of(points * unit, [(region, cells)], sets, unit)


def barycentric(given: TaggedMesh) -> TaggedMesh:
    """Any mesh of triangles or tetrahedra, each cut into 6 or 24 so that bisection can go on from there.

    A cell of the result has as its nodes a node of the mesh given, the middle of an edge that ends there, (in
    3D the middle of a face with this edge,) and the middle of the cell. Cells that share a facet differ in
    one node of the same kind, which is the condition for all refinements to be conforming. The cut costs
    quality; for boxes use `coarse_box`.
    """
    dim = given.points.shape[1]
    cells, facets = _chains(given.cells), _chains(given.facets)
    points, new_cells, new_facets = given.points, [cells[..., 0]], [facets[..., 0]]
    for corners in range(2, dim + 2):
        rows = _first(given.cells, corners)
        sides = _first(given.facets, corners) if corners <= dim else rows[:0]
        every = np.concatenate((rows, sides))
        number = len(points) + number_rows(every)
        middles = np.empty((int(number.max()) + 1 - len(points), dim))
        middles[number - len(points)] = given.points[every].mean(axis=1)
        new_cells.append(number[: len(rows)].reshape(len(given.cells), -1))
        if corners <= dim:
            new_facets.append(number[len(rows) :].reshape(len(given.facets), -1))
        points = np.concatenate((points, middles))
    return TaggedMesh(
        points,
        np.stack(new_cells, axis=-1).reshape(-1, dim + 1),
        np.repeat(given.cell_tags, cells.shape[1]),
        given.regions,
        np.stack(new_facets, axis=-1).reshape(-1, dim),
        np.repeat(given.facet_tags, facets.shape[1]),
        given.boundaries,
        given.unit,
    )


def _chains(simplices: IntArray) -> IntArray:
    """Nodes of simplices in all orders, shape (n, k) -> (n, k!, k)."""
    orders = np.array(list(itertools.permutations(range(simplices.shape[1]))))
    return np.asarray(simplices[:, orders])


def _first(simplices: IntArray, count: int) -> IntArray:
    """The first nodes of every chain, ascending, shape (n k!, count)."""
    chains = _chains(simplices)[..., :count]
    return np.sort(chains.reshape(-1, count), axis=1)
