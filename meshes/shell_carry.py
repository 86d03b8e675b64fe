"""Shape, data and volume of a shell carried to a new triangulation of it.

New vertices are put on the smooth surface behind the old shell (`shell_support`). A triangle inherits from
the nearest old one of its kind. The difference in volume, which is about that between curved and flat
triangles where they were divided, is given back along the area vectors, to every connected piece of metal
its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .arrays import BoolArray, FloatArray, IntArray
from .front import EDGE_DATA
from .nearest import nearest
from .shell import Shell
from .shell_advance import displace3d
from .shell_support import Support


@dataclass(frozen=True, eq=False)
class Cut:
    """A new triangulation of a shell as the mesher left it.

    Attributes:
        points: vertices, shape (n, 3).
        cells: triangles, seen counter-clockwise from the electrolyte, shape (m, 3).
        kinds: of every triangle, numbers as `Shell.kinds`, shape (m,).
        fixed: components that walls hold, shape (n, 3), with the coordinates on the walls exact.
        old: number of the old vertex at the very same place, -1 if new, shape (n,).
        creases: edges inside one kind that have to stay lines, shape (k, 2).
    """

    points: FloatArray
    cells: IntArray
    kinds: IntArray
    fixed: BoolArray
    old: IntArray
    creases: IntArray


def placed(shell: Shell, cut: Cut, support: Support) -> FloatArray:
    """Vertices of `cut` on the smooth surface behind `shell`, old ones exactly where they were, (n, 3)."""
    points = np.where((cut.old >= 0)[:, None], shell.points[np.maximum(cut.old, 0)], cut.points)
    count = int(shell.kinds.max()) + 1
    member = np.zeros((len(points), count), dtype=np.bool_)
    member[cut.cells, cut.kinds[:, None]] = True
    number, walls = member.sum(axis=1), cut.fixed.sum(axis=1)
    new, on_crease = cut.old < 0, np.zeros(len(points), dtype=np.bool_)
    on_crease[cut.creases] = True
    first, second = shell.edge_cells.T
    on_rim = second < 0
    held = np.asarray(shell.fixed[shell.edges].all(axis=1))
    for kind in range(count):
        mine = new & (number == 1) & member[:, kind]
        inside = np.flatnonzero(mine & (walls == 0) & ~on_crease)
        points[inside] = support.on_faces(points[inside], shell.kinds == kind)
        crease = np.flatnonzero(mine & (walls == 0) & on_crease)
        sharp = support.creased & ~shell.broken & (shell.kinds[first] == kind)
        if crease.size and np.any(sharp):
            points[crease] = support.on_edges(points[crease], sharp)
        for axis in range(3):
            rim = np.flatnonzero(mine & (walls == 1) & cut.fixed[:, axis] & ~on_crease)
            place = np.asarray(points[rim, axis])
            for wall in np.unique(place):
                own = rim[np.equal(place, wall)]
                among = on_rim & held[:, axis] & (shell.kinds[first] == kind)
                among &= np.equal(shell.points[shell.edges[:, 0], axis], wall)
                points[own] = support.on_edges(points[own], among)
        for other in range(kind):
            line = np.flatnonzero(new & (number == 2) & (walls == 0) & member[:, kind] & member[:, other])
            if line.size:
                pair = np.sort(np.column_stack((shell.kinds[first], shell.kinds[second])), axis=1)
                among = shell.broken & (pair == (other, kind)).all(axis=1)
                points[line] = support.on_edges(points[line], among)
    points[cut.fixed] = cut.points[cut.fixed]
    scale = 1e-10 * float(np.ptp(shell.points, axis=0).max())
    level = np.abs(points[:, 2] - shell.base) < scale
    points[level, 2] = shell.base
    # A line that branches has no tangent: its feet must not leave level substrate for that.
    for kind in np.unique(shell.kinds[shell.bare]):
        height = shell.points[shell.cells[shell.bare & (shell.kinds == kind)], 2]
        if np.ptp(height) < scale:
            points[member[:, kind], 2] = cut.points[member[:, kind], 2]
    return np.asarray(points)


def inherited(shell: Shell, cut: Cut, points: FloatArray) -> Shell:
    """The shell on the triangles of `cut` with its vertices at `points`; data of the nearest old triangle."""
    source = np.zeros(len(cut.cells), dtype=np.int64)
    middles = points[cut.cells].mean(axis=1)
    for kind in np.unique(cut.kinds):
        mine, theirs = np.flatnonzero(cut.kinds == kind), np.flatnonzero(shell.kinds == kind)
        source[mine] = theirs[nearest(middles[mine], shell.points, shell.cells[theirs]).facet]
    return replace(
        shell,
        points=points,
        cells=cut.cells,
        fixed=cut.fixed,
        **{name: getattr(shell, name)[source] for name in EDGE_DATA},
    )


def restored(shell: Shell, new: Shell) -> FloatArray:
    """Displacement of the vertices of `new` that gives back the volume of `shell`, shape (n, 3).

    Every connected piece of metal gets its own defect back, evenly over its area, and its feet slide along:
    held, they would stay behind by what the rest moves. Spread over the changed
    triangles alone it would leave a dent wherever triangles were divided: finer ones enclose more of a convex
    body, and the spread of the radius of a growing sphere was a hundred times larger.
    """
    pinned = new.vertices_of(new.bare) & ~new.feet
    before, after = _pieces(shell), _pieces(new)
    metal = np.flatnonzero(~new.bare)
    if not metal.size or np.all(pinned):
        return np.zeros_like(new.points)
    theirs = np.flatnonzero(~shell.bare)
    place = nearest(new.points[new.cells[metal]].mean(axis=1), shell.points, shell.cells[theirs])
    was = np.full(len(new.cells), -1, dtype=np.int64)
    was[metal] = before[theirs[place.facet]]
    count = int(before.max()) + 1
    owed = _volumes(shell, before, count) - _volumes(new, was, count)
    volume = np.zeros(len(new.points))
    for piece in np.flatnonzero(owed):
        volume += _shared(new, owed[piece], was == piece, pinned)
    rest = shell.metal_volume() - new.metal_volume() - volume.sum()
    volume += _shared(new, rest, after >= 0, pinned)
    return displace3d(new, volume, pinned, new.feet)


def _shared(shell: Shell, amount: float, cells: BoolArray, pinned: BoolArray) -> FloatArray:
    """`amount` spread over the vertices of `cells` by their area, nothing if all of them are pinned."""
    third = np.where(cells, shell.measures / 3.0, 0.0)
    share = np.where(pinned, 0.0, shell.to_vertices(third[:, None])[:, 0])
    total = float(share.sum())
    return np.asarray(share * (amount / total) if total > 0.0 else np.zeros_like(share))


def _pieces(shell: Shell) -> IntArray:
    """Number of the connected piece of metal that every triangle belongs to, -1 if bare, shape (m,)."""
    first, second = shell.edge_cells[shell.edge_cells[:, 1] >= 0].T
    joined = ~shell.bare[first] & ~shell.bare[second]
    inner = np.column_stack((first[joined], second[joined]))
    m = len(shell.cells)
    graph = coo_array((np.ones(len(inner)), tuple(inner.T)), shape=(m, m))
    label = np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
    metal = np.flatnonzero(~shell.bare)
    result = np.full(m, -1, dtype=np.int64)
    result[metal] = np.unique(label[metal], return_inverse=True)[1].ravel()
    return result


def _volumes(shell: Shell, pieces: IntArray, count: int) -> FloatArray:
    height = shell.on_facets(shell.points[:, 2] - shell.base)
    under = shell.normals[:, 2] * shell.measures * height
    found = np.bincount(pieces[pieces >= 0], under[pieces >= 0], count)
    return np.asarray(found, dtype=np.float64)
