"""Smooth surfaces, lines and corners of the boundary of tetrahedra, for remeshing.

The boundary is divided into kinds of the shells, planes (walls, a flat counter electrode), and what has to
stay as it is. Where two of them meet, and along sharp creases, are lines; where lines meet or turn are
corners.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .arrays import IntArray
from .errors import MeshError
from .shell import Shell
from .shell_support import Support
from .solid import Mesh3D, determinants, verify
from .tags import BOUNDARIES, INERT, WALLS

if TYPE_CHECKING:
    from .domain import Simplices


class Smooth(NamedTuple):
    """One smooth surface of the boundary: a kind of a shell, a plane, or something that stays as it is.

    Attributes:
        tag: see `tags`.
        name: of the shell, "" if it is none.
        kind: see `Shell.kinds`.
        axis: that a plane is normal to, level bare substrate too, -1 if it is none.
        value: where on this axis the plane is.
    """

    tag: int
    name: str = ""
    kind: int = -1
    axis: int = -1
    value: float = 0.0


Legend = tuple[Smooth, ...]
"""What the labels 1, 2, ... mean."""


def label(mesh: Mesh3D, fronts: Mapping[str, Shell]) -> tuple[IntArray, Legend]:
    """A number from 1 for every smooth surface."""
    labels, legend, start = np.zeros(len(mesh.facets), dtype=np.int64), list[Smooth](), 0
    scale = 1e-9 * float(np.ptp(mesh.points, axis=0).max())
    for name, shell in fronts.items():
        labels[start : start + len(shell.cells)] = len(legend) + 1 + shell.kinds
        legend += [_of_shell(shell, name, kind, scale) for kind in range(int(shell.kinds.max()) + 1)]
        start += len(shell.cells)
    exact = np.unique(np.concatenate([shell.points[shell.fixed] for shell in fronts.values()]))
    rest = np.arange(len(mesh.facets)) >= start
    corners = mesh.points[mesh.facets]
    for tag in (int(tag) for tag in np.unique(mesh.tags[rest])):
        mine = np.flatnonzero(rest & (mesh.tags == tag))
        flat = np.flatnonzero(np.ptp(corners[mine].reshape(-1, 3), axis=0) < scale)
        axis = WALLS.index(tag) if tag in WALLS else int(flat[0]) if flat.size and tag != INERT else -1
        if axis < 0:
            legend.append(Smooth(tag))
            labels[mine] = len(legend)
            continue
        height = corners[mine, :, axis].mean(axis=1)
        while mine.size:
            here = np.abs(height - height[0]) < scale
            near = exact[np.abs(exact - height[0]) < scale]
            value = float(near[0]) if near.size else float(np.median(height[here]))
            legend.append(Smooth(tag, "", -1, axis, value))
            labels[mine[here]] = len(legend)
            mine, height = mine[~here], height[~here]
    return labels, tuple(legend)


def _of_shell(shell: Shell, name: str, kind: int, scale: float) -> Smooth:
    """A kind of a shell; bare substrate that is level within `scale` stays level."""
    height = shell.points[shell.cells[shell.bare & (shell.kinds == kind)], 2]
    if height.size == 0 or np.ptp(height) > scale:
        return Smooth(BOUNDARIES[name], name, kind)
    level = shell.base if abs(height.mean() - shell.base) <= scale else float(np.median(height))
    return Smooth(BOUNDARIES[name], name, kind, 2, level)


def prepared(mesh: Simplices, fronts: Mapping[str, Shell]) -> Mesh3D:
    """The mesh with cells of positive volume and the facets of the shells first and in their order."""
    cells, n = np.array(mesh.cells, dtype=np.int64), len(mesh.points)
    turned = determinants(mesh.points[cells]) < 0.0
    cells[turned] = cells[turned][:, [1, 0, 2, 3]]
    starts = np.cumsum([0] + [len(shell.points) for shell in fronts.values()])
    own = np.concatenate([shell.cells + at for shell, at in zip(fronts.values(), starts, strict=False)])
    theirs, ours = (np.sort(np.asarray(rows, dtype=np.int64), axis=1) for rows in (mesh.facets, own))
    key, wanted = ((rows[:, 0] * n + rows[:, 1]) * n + rows[:, 2] for rows in (theirs, ours))
    missing = ~np.isin(wanted, key)
    if np.any(missing):
        raise MeshError(f"{int(missing.sum())} triangles of the shells are not on the boundary of the mesh")
    rest = ~np.isin(key, wanted)
    tags = [np.full(len(shell.cells), BOUNDARIES[name]) for name, shell in fronts.items()]
    facets = np.concatenate((own, np.asarray(mesh.facets, dtype=np.int64)[rest]))
    points = np.array(mesh.points, dtype=np.float64)
    points[: starts[-1]] = np.concatenate([shell.points for shell in fronts.values()])
    result = Mesh3D(points, cells, facets, np.concatenate([*tags, np.asarray(mesh.tags)[rest]]))
    try:
        verify(result)
    except MeshError as error:
        raise MeshError(f"a mesh with inverted cells cannot be adapted: {error}") from error
    return result


def feature_lines(
    mesh: Mesh3D, labels: IntArray, supports: Mapping[str, Support]
) -> tuple[IntArray, IntArray]:
    """Edges between surfaces and creases on shells, and the nodes where they meet or turn sharply."""
    directed = mesh.facets[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    owner = np.repeat(labels, 3)
    edges = np.sort(directed, axis=1)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    edges, owner = edges[order].reshape(-1, 2, 2), owner[order].reshape(-1, 2)
    pieces, start = [edges[owner[:, 0] != owner[:, 1], 0]], 0
    for support in supports.values():
        sharp = support.creased & ~support.shell.broken
        pieces.append(np.sort(support.shell.edges[sharp] + start, axis=1))
        start += len(support.shell.points)
    lines = np.concatenate(pieces)
    ways = np.concatenate((lines, lines[:, ::-1]))
    along = mesh.points[ways[:, 1]] - mesh.points[ways[:, 0]]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    n = len(mesh.points)
    number = np.bincount(ways[:, 0], minlength=n)
    # Two unit vectors away from a node on a line nearly cancel.
    rest = np.column_stack([np.bincount(ways[:, 0], part, n) for part in along.T])
    turned = (number == 2) & (np.linalg.norm(rest, axis=1) > 2.0 * np.sin(np.radians(20.0)))
    return lines, np.flatnonzero(turned | (number == 1) | (number > 2))
