"""Meshes of simple cells: stacked layers in 1D, 2D and 3D and a flow channel; arguments in metres.

Every builder works on rank 0 and distributes the result. Sizes and growth are explained in `grading`. The
layers are stacked along the last axis: x in 1D, y in 2D, z in 3D. Interfaces between layers are called "a|b",
from bottom to top. Mesh units are the largest extent of the cell unless `unit` is given, so coordinates are
at most of order 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from mpi4py import MPI

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .gmsh_file import from_msh
from .grading import Layer, stack
from .parallel import on_root_only
from .polygons import Inclusion, polygon
from .regions import Regions
from .structured import Diagonal, Outside, tetrahedra, triangles
from .tagged import TaggedMesh

__all__ = [
    "Inclusion",
    "Layer",
    "Strip",
    "box",
    "channel",
    "from_msh",
    "interval",
    "polygon",
    "rectangle",
]


@dataclass(frozen=True)
class Strip:
    """An electrode in the wall of a channel.

    Attributes:
        name: name of the boundary; strips of one name are one boundary.
        start, end: where it begins and ends along the channel, in m.
        side: the wall it lies in.
    """

    name: str
    start: float
    end: float
    side: Literal["bottom", "top"] = "bottom"


def interval(
    comm: MPI.Comm,
    layers: Sequence[Layer],
    boundaries: tuple[str | None, str | None] = ("working", "counter"),
    unit: float | None = None,
) -> Regions:
    """A one-dimensional cell of stacked layers.

    Args:
        comm: communicator; collective.
        layers: from x = 0 upwards.
        boundaries: names of the first and the last point, None for an insulating end.
        unit: length of one mesh unit in m, the total thickness unless given.

    Raises:
        MeshError: for layers that cannot be divided or names used twice.
    """

    def make() -> TaggedMesh:
        x, names = stack(layers)
        cells = np.column_stack((np.arange(len(x) - 1), np.arange(1, len(x))))
        ends = [(boundaries[0], np.array([[0]])), (boundaries[1], np.array([[len(x) - 1]]))]
        return TaggedMesh.of(x[:, None], _by_name(names, cells), ends, unit or float(x[-1]))

    return Regions(comm, on_root_only(comm, make))


def rectangle(
    comm: MPI.Comm,
    width: float,
    layers: Sequence[Layer],
    *,
    columns: int,
    bottom: str | None = "working",
    top: str | None = "counter",
    left: str | None = None,
    right: str | None = None,
    diagonal: Diagonal = "right",
    unit: float | None = None,
) -> Regions:
    """A cell of stacked layers in two dimensions, structured triangles.

    Args:
        comm: communicator; collective.
        width: extent in x, in m.
        layers: from y = 0 upwards.
        columns: number of equal cells across the width.
        bottom: name of the side y = 0, None for an insulating wall; so the others.
        top: name of the side y = height.
        left: name of the side x = 0.
        right: name of the side x = width.
        diagonal: see `Diagonal`.
        unit: length of one mesh unit in m, the larger of width and height unless given.

    Raises:
        MeshError: for values that make no mesh.
    """

    def make() -> TaggedMesh:
        y, names = stack(layers)
        x = _equal(width, columns + columns % 2 if diagonal == "symmetric" else columns)
        points, grid, cells = triangles(x, y, diagonal)
        parts = _by_name(names * (len(x) - 1), cells)
        outer = Outside(cells.reshape(-1, 3), grid)
        sides = [(bottom, 1, 0), (top, 1, len(y) - 1), (left, 0, 0), (right, 0, len(x) - 1)]
        sets = [(name, outer.on(axis, at)) for name, axis, at in sides]
        return TaggedMesh.of(points, parts, sets, unit or float(max(x[-1], y[-1])))

    return Regions(comm, on_root_only(comm, make))


def box(
    comm: MPI.Comm,
    width: float,
    depth: float,
    layers: Sequence[Layer],
    *,
    columns: int,
    rows: int,
    bottom: str | None = "working",
    top: str | None = "counter",
    left: str | None = None,
    right: str | None = None,
    front: str | None = None,
    back: str | None = None,
    unit: float | None = None,
) -> Regions:
    """A cell of stacked layers in three dimensions, six tetrahedra in every block.

    Each block is cut into the six simplices of ascending paths between two opposite corners
    (H. W. Kuhn, IBM J. Res. Dev. 4 (1960) 518-524), which match across blocks.

    Args:
        comm: communicator; collective.
        width: extent in x, in m.
        depth: extent in y, in m.
        layers: from z = 0 upwards.
        columns: number of equal cells in x.
        rows: number of equal cells in y.
        bottom: name of the side z = 0, None for an insulating wall; so the others.
        top: name of the side z = height.
        left: name of the side x = 0.
        right: name of the side x = width.
        front: name of the side y = 0.
        back: name of the side y = depth.
        unit: length of one mesh unit in m, the largest extent unless given.

    Raises:
        MeshError: for values that make no mesh.
    """

    def make() -> TaggedMesh:
        z, names = stack(layers)
        x, y = _equal(width, columns), _equal(depth, rows)
        points, grid, cells = tetrahedra(x, y, z)
        parts = _by_name(names * (columns * rows), cells)
        outer = Outside(cells.reshape(-1, 4), grid)
        sides = [
            (bottom, 2, 0), (top, 2, len(z) - 1),
            (left, 0, 0), (right, 0, columns),
            (front, 1, 0), (back, 1, rows),
        ]  # fmt: skip
        sets = [(name, outer.on(axis, at)) for name, axis, at in sides]
        return TaggedMesh.of(points, parts, sets, unit or float(max(x[-1], y[-1], z[-1])))

    return Regions(comm, on_root_only(comm, make))


def channel(
    comm: MPI.Comm,
    length: float,
    gap: float,
    electrodes: Sequence[Strip],
    *,
    along: float,
    across: float,
    edge: float | None = None,
    wall: float | None = None,
    growth: float = 1.2,
    region: str = "electrolyte",
    inlet: str | None = "inlet",
    outlet: str | None = "outlet",
    diagonal: Literal["right", "left", "crossed"] = "right",
    unit: float | None = None,
) -> Regions:
    """A flow channel between two plates with electrodes in its walls, structured triangles.

    The fluid enters at x = 0 and leaves at x = length; without `inlet` and `outlet` it is a closed cell with
    patterned electrodes.

    Args:
        comm: communicator; collective.
        length: extent in x, in m.
        gap: extent in y, in m.
        electrodes: strips in the walls y = 0 (bottom) and y = gap (top).
        along: largest cell in x, in m.
        across: largest cell in y, in m.
        edge: largest cell in x at the ends of the electrodes, in m, None for no grading.
        wall: largest cell in y at walls that hold electrodes, in m, None for no grading.
        growth: ratio of neighbouring cells.
        region: name of the region.
        inlet: name of the end x = 0, None for a wall.
        outlet: name of the end x = length, None for a wall.
        diagonal: see `Diagonal`.
        unit: length of one mesh unit in m, the larger of length and gap unless given.

    Raises:
        MeshError: for strips that overlap, are empty or leave the channel.
    """

    def make() -> TaggedMesh:
        _check_strips(electrodes, length)
        marks = _distinct([0.0, length, *(x for s in electrodes for x in (s.start, s.end))], length)
        near = {_index(marks, x) for s in electrodes for x in (s.start, s.end)}
        fine = [edge if k in near else None for k in range(len(marks))]
        x, _ = stack(
            [
                Layer("along", marks[k + 1] - marks[k], None, along, fine[k], fine[k + 1], growth)
                for k in range(len(marks) - 1)
            ]
        )
        low, high = (wall if any(s.side == side for s in electrodes) else None for side in ("bottom", "top"))
        y, names = stack([Layer(region, gap, None, across, low, high, growth)])
        points, grid, cells = triangles(x, y, diagonal)
        outer = Outside(cells.reshape(-1, 3), grid)
        sets = [(inlet, outer.on(0, 0)), (outlet, outer.on(0, len(x) - 1))]
        for strip in electrodes:
            facets = outer.on(1, 0 if strip.side == "bottom" else len(y) - 1)
            first, last = _index(x, strip.start), _index(x, strip.end)
            column = grid[facets, 0]
            sets.append((strip.name, facets[((column >= first) & (column <= last)).all(axis=1)]))
        parts = _by_name(names * (len(x) - 1), cells)
        return TaggedMesh.of(points, parts, sets, unit or max(length, gap))

    return Regions(comm, on_root_only(comm, make))


def _by_name(names: Sequence[str], cells: IntArray) -> list[tuple[str, IntArray]]:
    """Cells by region; cells[k] are the cell or cells of block k, names[k] its region."""
    of_block = np.array(names)
    return [(name, np.asarray(cells[of_block == name])) for name in dict.fromkeys(names)]


def _equal(length: float, cells: int) -> FloatArray:
    return Layer("width", length, cells=cells).divide()


def _check_strips(electrodes: Sequence[Strip], length: float) -> None:
    for strip in electrodes:
        if strip.side not in ("bottom", "top"):
            raise MeshError(f'electrode "{strip.name}" is at side "{strip.side}", expected bottom or top')
        if not 0.0 <= strip.start < strip.end <= length * (1.0 + 1e-9):
            raise MeshError(
                f'electrode "{strip.name}" runs from {strip.start:g} to {strip.end:g} m, '
                f"expected a piece of the channel from 0 to {length:g} m"
            )
    for a, b in itertools.combinations(sorted(electrodes, key=lambda s: s.start), 2):
        if a.side == b.side and b.start < a.end - 1e-9 * length:
            raise MeshError(f'electrodes "{a.name}" and "{b.name}" overlap in the {a.side} wall')


def _distinct(values: Sequence[float], scale: float) -> list[float]:
    """Ascending values, those that differ by rounding only once."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value > kept[-1] + 1e-9 * scale:
            kept.append(value)
    return kept


def _index(values: Sequence[float] | FloatArray, x: float) -> int:
    """Position of the value nearest to x."""
    return int(np.argmin(np.abs(np.asarray(values) - x)))
