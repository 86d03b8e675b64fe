"""A whole mesh with named regions and facet sets on one rank, before it is distributed.

Only NumPy: every builder and importer ends here, so names are checked in one place. Facets between two
regions that belong to no set get one of their own, "a|b"; every other facet without a name is an insulating
wall or lies inside a region.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray, IntArray
from .errors import MeshError


@dataclass(frozen=True, eq=False)
class TaggedMesh:
    """Simplices with names.

    Attributes:
        points: nodes in units of `unit`, shape (nodes, dim), dim = 1, 2 or 3.
        cells: nodes of every cell, shape (cells, dim + 1).
        cell_tags: 1 + position in `regions` for every cell, 0 for none, shape (cells,).
        regions: names of the regions.
        facets: nodes of every named facet, shape (facets, dim).
        facet_tags: 1 + position in `boundaries` for every facet, shape (facets,).
        boundaries: names of the facet sets.
        unit: length of one mesh unit in m.
    """

    points: FloatArray
    cells: IntArray
    cell_tags: IntArray
    regions: tuple[str, ...]
    facets: IntArray
    facet_tags: IntArray
    boundaries: tuple[str, ...]
    unit: float

    @classmethod
    def of(
        cls,
        points: FloatArray,
        parts: Sequence[tuple[str, IntArray]],
        sets: Sequence[tuple[str | None, IntArray]],
        unit: float,
    ) -> TaggedMesh:
        """Join cells by region and facets by set; the same name may come more than once, None is dropped.

        Args:
            points: nodes in m, shape (nodes, dim).
            parts: region and its cells, each shape (m, dim + 1).
            sets: facet set and its facets, each shape (k, dim).
            unit: length of one mesh unit in m.
        """
        dim = points.shape[1]
        named = [(name, facets) for name, facets in sets if name is not None]
        regions, cells, cell_tags = _join(parts, dim + 1)
        boundaries, facets, facet_tags = _join(named, dim)
        scaled = np.asarray(points / unit, dtype=np.float64)
        return cls(scaled, cells, cell_tags, regions, facets, facet_tags, boundaries, unit)


@dataclass(frozen=True)
class Layout:
    """What every rank knows about the whole mesh.

    Attributes:
        dim: dimension of the cells.
        unit: length of one mesh unit in m.
        regions: tag of every region.
        boundaries: tag of every facet set, those found between regions included.
        adjacent: regions on the sides of every facet set, in the order of its sides if it is interior.
        interior: facet sets with a cell on both sides.
        counts: number of cells or facets by name.
    """

    dim: int
    unit: float
    regions: Mapping[str, int]
    boundaries: Mapping[str, int]
    adjacent: Mapping[str, tuple[str, ...]]
    interior: frozenset[str]
    counts: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Arranged:
    """A checked mesh, every cell with its own tags.

    Attributes:
        layout: what every rank knows about it.
        points: nodes in units of `layout.unit`, shape (nodes, dim).
        cells: nodes of every cell, shape (cells, dim + 1).
        rows: tag of the region of every cell, then the tag of the facet opposite to each of its nodes
            (0: none), shape (cells, dim + 2).
    """

    layout: Layout
    points: FloatArray
    cells: IntArray
    rows: npt.NDArray[np.int32]


def arrange(given: TaggedMesh) -> Arranged:
    """Check a mesh and give every cell its tags.

    Raises:
        MeshError: cells without volume, in no region or in two; facet sets that overlap, are no facets of
            the mesh, or mix the outer boundary with interfaces; names without cells or facets.
    """
    dim = given.points.shape[1]
    _check_names(given)
    _check_cells(given)
    facets = facets_of(given.cells)
    numbers = number_rows(np.concatenate((facets, np.sort(given.facets, axis=1))))
    of_cell, named = numbers[: len(facets)].reshape(-1, dim + 1), numbers[len(facets) :]
    total = int(numbers.max()) + 1
    count = np.bincount(of_cell.ravel(), minlength=total)
    if np.any(count > 2):
        raise MeshError(f"{int(np.sum(count > 2))} facets of the mesh have more than two cells")
    for k in np.flatnonzero(count[named] == 0)[:1]:
        name = given.boundaries[given.facet_tags[k] - 1]
        raise MeshError(f'boundary "{name}" holds facets that belong to no cell of the mesh')
    tag = np.zeros(total, dtype=np.int64)
    tag[named] = given.facet_tags
    for k in np.flatnonzero(tag[named] != given.facet_tags)[:1]:
        pair = sorted({given.boundaries[t - 1] for t in (given.facet_tags[k], tag[named[k]])})
        raise MeshError(f'boundaries "{pair[0]}" and "{pair[1]}" overlap: they share facets')
    sides = _regions_of_facets(of_cell, count, given.cell_tags)
    boundaries = _name_interfaces(given, tag, sides)
    interior, adjacent = _neighbours(boundaries, given.regions, tag, sides)
    layout = Layout(
        dim,
        given.unit,
        {name: k + 1 for k, name in enumerate(given.regions)},
        {name: k + 1 for k, name in enumerate(boundaries)},
        adjacent,
        interior,
        _counts(given.regions, given.cell_tags) | _counts(boundaries, tag),
    )
    rows = np.column_stack((given.cell_tags, tag[of_cell])).astype(np.int32)
    return Arranged(layout, given.points, given.cells, rows)


def facets_of(cells: IntArray) -> IntArray:
    """Sorted nodes of the facets of all cells, that opposite to node 0 first, shape (cells (d + 1), d)."""
    corners = cells.shape[1]
    facets = np.stack([np.delete(cells, k, axis=1) for k in range(corners)], axis=1)
    return np.sort(facets.reshape(-1, corners - 1), axis=1)


def exterior_facets(cells: IntArray) -> IntArray:
    """Facets with one cell, shape (facets, dim)."""
    facets = facets_of(cells)
    numbers = number_rows(facets)
    return np.asarray(facets[np.bincount(numbers)[numbers] == 1])


def number_rows(rows: IntArray) -> IntArray:
    """The same number for equal rows, counted from 0, shape (n, m) -> (n,)."""
    order = np.lexsort(rows.T[::-1])
    new = np.any(np.diff(rows[order], axis=0) != 0, axis=1)
    numbers = np.empty(len(rows), dtype=np.int64)
    numbers[order] = np.concatenate(([0], np.cumsum(new)))
    return numbers


def _join(parts: Sequence[tuple[str, IntArray]], width: int) -> tuple[tuple[str, ...], IntArray, IntArray]:
    """Names without repetition, all rows, and for each row 1 + position of its name."""
    names = tuple(dict.fromkeys(name for name, _ in parts))
    rows = [np.asarray(part, dtype=np.int64).reshape(-1, width) for _, part in parts]
    tags = [np.full(len(part), 1 + names.index(name)) for (name, _), part in zip(parts, rows, strict=True)]
    empty = np.empty((0, width), dtype=np.int64)
    return names, np.concatenate([empty, *rows]), np.concatenate([empty[:, 0], *tags])


def _check_names(given: TaggedMesh) -> None:
    names = given.regions + given.boundaries
    for name in names:
        if not name:
            raise MeshError("a region or boundary has an empty name")
        if names.count(name) > 1:
            raise MeshError(f'the name "{name}" stands for more than one region or boundary')
    for kind, what, owners, tags in (
        ("region", "cells", given.regions, given.cell_tags),
        ("boundary", "facets", given.boundaries, given.facet_tags),
    ):
        present = {int(tag) for tag in np.unique(tags)}
        for k, name in enumerate(owners):
            if k + 1 not in present:
                raise MeshError(f'{kind} "{name}" has no {what}')


def _check_cells(given: TaggedMesh) -> None:
    if not len(given.cells):
        raise MeshError("the mesh has no cells")
    if outside := int(np.sum(given.cell_tags == 0)):
        raise MeshError(f"{outside} cells belong to no region")
    numbers = number_rows(np.sort(given.cells, axis=1))
    first = np.empty(int(numbers.max()) + 1, dtype=np.int64)
    first[numbers] = given.cell_tags
    for k in np.flatnonzero(first[numbers] != given.cell_tags)[:1]:
        pair = sorted({given.regions[t - 1] for t in (given.cell_tags[k], first[numbers[k]])})
        raise MeshError(f'regions "{pair[0]}" and "{pair[1]}" overlap: they share cells')
    if first.size < len(given.cells):
        raise MeshError(f"{len(given.cells) - first.size} cells are given twice")
    corners = given.points[given.cells]
    edges = corners[:, 1:] - corners[:, :1]
    size = np.abs(np.linalg.det(edges))
    # Relative to each cell, so that thin graded cells pass and only flat ones do not.
    flat = ~(size > 1e-13 * np.prod(np.linalg.norm(edges, axis=2), axis=1))
    if np.any(flat):
        raise MeshError(f"{int(np.sum(flat))} cells have no volume")


def _regions_of_facets(of_cell: IntArray, count: IntArray, cell_tags: IntArray) -> IntArray:
    """Region tags on both sides of every facet, ascending; 0 first where there is one cell; shape (n, 2)."""
    order = np.argsort(of_cell.ravel(), kind="stable")
    tags = np.append(cell_tags[order // of_cell.shape[1]], 0)
    start = np.cumsum(count) - count
    pairs = np.column_stack((np.where(count == 2, tags[start], 0), tags[start + np.maximum(count, 1) - 1]))
    return np.sort(pairs, axis=1)


def _name_interfaces(given: TaggedMesh, tag: IntArray, sides: IntArray) -> tuple[str, ...]:
    """Put facets between two regions that are in no set into "a|b"; changes `tag`, returns all names."""
    names = list(given.boundaries)
    bare = (tag == 0) & (sides[:, 0] > 0) & (sides[:, 0] != sides[:, 1])
    for low, high in np.unique(sides[bare], axis=0):
        a, b = given.regions[low - 1], given.regions[high - 1]
        name = f"{b}|{a}" if f"{b}|{a}" in names else f"{a}|{b}"
        if name in given.regions:
            raise MeshError(f'"{name}" is the name of a region and of the interface between "{a}" and "{b}"')
        if name not in names:
            names.append(name)
        tag[bare & (sides == (low, high)).all(axis=1)] = 1 + names.index(name)
    return tuple(names)


def _neighbours(
    boundaries: Sequence[str], regions: Sequence[str], tag: IntArray, sides: IntArray
) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Which facet sets are interior, and the regions next to each."""
    interior, adjacent = set(), {}
    for k, name in enumerate(boundaries):
        pairs = np.unique(sides[tag == k + 1], axis=0)
        inner = pairs[:, 0] > 0
        if inner.any() and not inner.all():
            raise MeshError(f'boundary "{name}" mixes the outer boundary with an interface: split it')
        if inner.any() and len(pairs) > 1:
            found = ", ".join("|".join(regions[t - 1] for t in pair) for pair in pairs)
            raise MeshError(f'interface "{name}" lies between more than two regions ({found}): split it')
        beside = tuple(regions[t - 1] for t in np.unique(pairs) if t > 0)
        adjacent[name] = beside[::-1] if name == "|".join(beside[::-1]) else beside
        if inner.any():
            interior.add(name)
    return frozenset(interior), adjacent


def _counts(names: Iterable[str], tags: IntArray) -> dict[str, int]:
    return {name: int(np.sum(tags == k + 1)) for k, name in enumerate(names)}
