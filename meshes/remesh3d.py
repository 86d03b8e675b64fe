"""Remeshing of moved tetrahedra between shells and walls: good nodes stay, shape and volume are kept.

MMG adapts the mesh to the wanted edge lengths (`wanted_lengths`); where it put new vertices on a shell they
are moved to the smooth surface behind it and the volume of the metal is given back exactly (`shell_carry`).
Walls stay plane, lines between kinds of surface stay lines, and facets of tag INERT stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .mmg import Labelled, adapt
from .outline import Legend, feature_lines, label, prepared
from .shell import Shell
from .shell_carry import Cut, inherited, placed, restored
from .shell_support import Support
from .solid import Mesh3D, SizeField3D, free_sides, tetrahedron_quality, verify
from .tags import WALLS

if TYPE_CHECKING:
    from .domain import Simplices

BAND = 1.3
"""Edge lengths on shells within this factor of the wanted one are left as they are."""


def remesh(
    given: Simplices, fronts: Mapping[str, Shell], size: SizeField3D
) -> tuple[Mesh3D, dict[str, Shell]]:
    """Adapt a moved mesh.

    Args:
        given: tetrahedra whose nodes begin with the vertices of `fronts`, one after the other, with all
            facets of the boundary; the order of cells and facets does not matter.
        fronts: the shells "front" and, where it moves or is curved, "counter", as they are now. Other facets
            in a plane stay in it; those that are in none stay as they are.
        size: wanted edge lengths.

    Returns:
        The new mesh and the shells on it, with the metal volume of `fronts` to rounding.

    Raises:
        MeshError: the mesh holds inverted cells, or MMG fails.
    """
    mesh = prepared(given, fronts)
    supports = {name: Support(shell) for name, shell in fronts.items()}
    labels, legend = label(mesh, fronts)
    kept = np.array([True, *(not part.name and part.axis < 0 for part in legend)])[labels]
    lines, corners = feature_lines(mesh, labels, supports)
    lengths = wanted_lengths(mesh, supports, size)
    hausdorff = 0.5 * size.angle * size.front  # a guard, four times what the lengths ask for
    whole = Labelled(mesh.points, mesh.cells, mesh.facets, labels, lines)
    return _rebuilt(
        mesh,
        fronts,
        supports,
        legend,
        adapt(whole, corners, kept, lengths, hausdorff, size.growth),
    )


def wanted_lengths(mesh: Mesh3D, supports: Mapping[str, Support], size: SizeField3D) -> FloatArray:
    """Wanted edge length at every node, shape (N,).

    On metal min(front, angle / curvature), elsewhere the value at the nearest metal plus growth times
    distance. The lengths that the shells have stay where they are within a factor BAND of it.
    """
    places, values, start = [], [], 0
    have = np.full(len(mesh.points), np.nan)
    for name, support in supports.items():
        shell = support.shell
        largest = size.front if name == "front" else size.bulk if size.counter is None else size.counter
        metal = shell.vertices_of(~shell.bare)
        places.append(shell.points[metal])
        values.append(resolving(support, largest, size)[metal])
        have[start : start + len(shell.points)] = shell.sizes
        start += len(shell.points)
    result = np.full(len(mesh.points), size.bulk)
    for place, value in zip(places, values, strict=True):
        if len(place):
            distance, near = cKDTree(place).query(mesh.points)
            result = np.minimum(result, value[near] + size.growth * distance)
    on = np.isfinite(have)
    result[on] = np.clip(have[on], result[on] / BAND, result[on] * BAND)
    return result


def resolving(support: Support, largest: float, size: SizeField3D) -> FloatArray:
    """Edge length between the finest and `largest` that turns by `size.angle`, at every vertex, (n,)."""
    finest = 0.1 * largest if size.finest is None else min(size.finest, largest)
    return np.clip(size.angle / np.maximum(_turning(support), 1e-300), finest, largest)


def _turning(support: Support) -> FloatArray:
    """Largest angle between normals per edge length at every vertex, bare substrate left out, shape (n,)."""
    shell, normals = support.shell, support.normals
    result = np.zeros(len(shell.points))
    metal = ~shell.bare
    for a, b in ((0, 1), (1, 2), (2, 0)):
        first, last = shell.cells[metal, a], shell.cells[metal, b]
        chord = np.linalg.norm(normals[metal, a] - normals[metal, b], axis=1)
        bend = chord / np.linalg.norm(shell.points[first] - shell.points[last], axis=1)
        np.maximum.at(result, first, bend)
        np.maximum.at(result, last, bend)
    return result


def _rebuilt(
    mesh: Mesh3D, fronts: Mapping[str, Shell], supports: Mapping[str, Support], legend: Legend, raw: Labelled
) -> tuple[Mesh3D, dict[str, Shell]]:
    """Number the adapted mesh as ours are numbered and carry the shells over."""
    sides, _ = free_sides(raw.cells)
    facets, labels = _oriented(sides, raw.facets, raw.labels)
    points = _snapped(mesh, raw.points, facets, labels, legend)
    own = {
        name: np.isin(labels, [k + 1 for k, part in enumerate(legend) if part.name == name])
        for name in fronts
    }
    members = {name: np.unique(facets[mask]) for name, mask in own.items()}
    order = np.concatenate(
        [*members.values(), np.setdiff1d(np.arange(len(points)), np.concatenate(list(members.values())))]
    )
    number = np.empty(len(points), dtype=np.int64)
    number[order] = np.arange(len(points))
    points, facets, cells, lines = points[order], number[facets], number[raw.cells], number[raw.lines]
    shells: dict[str, Shell] = {}
    start, before = 0, 0
    for name, shell in fronts.items():
        stop = start + len(members[name])
        cut = _cut(
            mesh,
            shell,
            before,
            points[start:stop],
            facets[own[name]] - start,
            labels[own[name]],
            lines - start,
            legend,
        )
        place = _valid(placed(shell, cut, supports[name]), points, cells, start)
        points[start:stop] = place
        new = inherited(shell, cut, place)
        place = new.points + restored(shell, new)
        points[start:stop] = place
        shells[name] = new.with_points(place)
        start, before = stop, before + len(shell.points)
    walls = ~np.any(list(own.values()), axis=0)
    tags = np.array([0, *(part.tag for part in legend)])[labels]
    rank = np.concatenate([*(np.flatnonzero(mask) for mask in own.values()), np.flatnonzero(walls)])
    result = Mesh3D(points, cells, facets[rank], tags[rank])
    verify(result)
    return result, shells


def _oriented(sides: IntArray, facets: IntArray, labels: IntArray) -> tuple[IntArray, IntArray]:
    """The free sides of the cells with the labels of the facets."""
    a, b = np.sort(sides, axis=1), np.sort(facets, axis=1)
    first, second = np.lexsort(a.T[::-1]), np.lexsort(b.T[::-1])
    if len(a) != len(b) or not np.array_equal(a[first], b[second]):
        raise MeshError("MMG returned a boundary that is not that of its cells")
    result = np.empty(len(sides), dtype=np.int64)
    result[first] = labels[second]
    return sides, result


def _snapped(
    mesh: Mesh3D, points: FloatArray, facets: IntArray, labels: IntArray, legend: Legend
) -> FloatArray:
    """Nodes with their rounding taken back: old ones where they were, walls where they are."""
    result = np.array(points)
    scale = float(np.ptp(mesh.points, axis=0).max())
    distance, old = cKDTree(mesh.points).query(result)
    same = distance < 1e-11 * scale
    result[same] = mesh.points[old[same]]
    for number, part in enumerate(legend):
        if part.axis >= 0:
            result[facets[labels == number + 1], part.axis] = part.value
    return result


def _cut(
    mesh: Mesh3D,
    shell: Shell,
    before: int,
    points: FloatArray,
    cells: IntArray,
    labels: IntArray,
    lines: IntArray,
    legend: Legend,
) -> Cut:
    """The new triangulation of one shell, whose vertices were nodes `before`, ... of the old mesh."""
    n = len(points)
    distance, old = cKDTree(shell.points).query(points)
    fixed = np.zeros((n, 3), dtype=np.bool_)
    planes = {(part.axis, part.value) for part in legend if part.tag in WALLS}
    for axis, value in planes:
        fixed[:, axis] |= points[:, axis] == value
    kinds = np.array([0, *(part.kind for part in legend)])[labels]
    mine = lines[((lines >= 0) & (lines < n)).all(axis=1)]
    return Cut(
        points, cells, kinds, fixed, np.where(distance == 0.0, old, -1), _inside_kind(mine, cells, kinds)
    )


def _inside_kind(lines: IntArray, cells: IntArray, kinds: IntArray) -> IntArray:
    """Those of `lines` that have triangles of the same kind on both sides."""
    directed = np.sort(cells[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    top = int(cells.max()) + 1
    key, owner = directed[:, 0] * top + directed[:, 1], np.repeat(kinds, 3)
    order = np.argsort(key, kind="stable")
    key, owner = key[order], owner[order]
    pair = np.flatnonzero((key[1:] == key[:-1]) & (owner[1:] == owner[:-1]))
    low = np.sort(lines, axis=1)
    return np.asarray(lines[np.isin(low[:, 0] * top + low[:, 1], key[pair])])


def _valid(place: FloatArray, points: FloatArray, cells: IntArray, start: int) -> FloatArray:
    """`place` for the nodes from `start` on, but as they are where cells would become much worse."""
    stop = start + len(place)
    trial = points.copy()
    trial[start:stop] = place
    before = tetrahedron_quality(points[cells])
    for _ in range(10):
        bad = tetrahedron_quality(trial[cells]) < np.minimum(0.5 * before, 0.1)
        if not np.any(bad):
            break
        nodes = np.unique(cells[bad])
        trial[nodes] = points[nodes]
    return trial[start:stop]
