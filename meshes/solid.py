"""Tetrahedra between the shells of two electrodes and the walls, made by gmsh for the first mesh.

The shells keep their vertices and triangles. Every wall is a plane region between the rims of the shells and
the straight lines where two walls meet; it is triangulated first, and gmsh fills the closed surface. Away
from the shells the wanted edge length grows with the distance from the nearest vertex of a shell,

    h(x) = min(bulk, L + growth d)      (L: mean length of the edges at that vertex)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import gmsh
import numpy as np
from scipy.spatial import cKDTree

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .planar import Region, Size, begin, divide, end, triangulate_regions
from .shell import Shell, facet_vectors
from .tags import BOUNDARIES, WALLS


@dataclass(frozen=True)
class SizeField3D:
    """Wanted edge lengths.

    Attributes:
        bulk: largest edge length.
        front: edge length on metal where its shape does not ask for less.
        growth: increase of the edge length per distance from metal.
        angle: largest angle (radians) that an edge on curved metal spans.
        finest: smallest edge length that curvature asks for; `front`/10 unless given.
        counter: the same as `front` for the counter electrode, `bulk` unless given.
    """

    bulk: float
    front: float
    growth: float = 0.3
    angle: float = 0.35
    finest: float | None = None
    counter: float | None = None


@dataclass(frozen=True, eq=False)
class Mesh3D:
    """Tetrahedra of the electrolyte.

    Attributes:
        points: nodes, shape (N, 3); vertices of the shells first, one shell after the other.
        cells: four nodes per tetrahedron, of positive volume, shape (M, 4).
        facets: all triangles of the boundary, those of the shells first and in order, shape (K, 3).
        tags: what they belong to, see `tags`, shape (K,).
    """

    points: FloatArray
    cells: IntArray
    facets: IntArray
    tags: IntArray

    @cached_property
    def qualities(self) -> FloatArray:
        """12 (3 volume)^(2/3) / sum of squared edges of every cell: 1 regular, < 0 inverted, shape (M,)."""
        return tetrahedron_quality(self.points[self.cells])

    @property
    def quality(self) -> float:
        """Quality of the worst cell."""
        return float(self.qualities.min())

    @property
    def volume(self) -> float:
        """Of all cells."""
        return float(determinants(self.points[self.cells]).sum() / 6.0)


def determinants(corners: FloatArray) -> FloatArray:
    """Six times the volume of tetrahedra, shape (M, 4, 3) -> (M,)."""
    a, b, c = (corners[:, k] - corners[:, 0] for k in (1, 2, 3))
    return np.asarray(np.sum(a * np.cross(b, c), axis=1))


def tetrahedron_quality(corners: FloatArray) -> FloatArray:
    """12 (3 volume)^(2/3) / sum of squared edges for corners of shape (M, 4, 3) (Liu and Joe 1994)."""
    six = determinants(corners)
    pairs = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    squares = sum(np.sum((corners[:, i] - corners[:, j]) ** 2, axis=1) for i, j in pairs)
    return np.asarray(12.0 * np.sign(six) * np.abs(0.5 * six) ** (2.0 / 3.0) / squares)


def tetrahedralise(fronts: Mapping[str, Shell], size: SizeField3D) -> Mesh3D:
    """Tetrahedra between the shells "front" and "counter", which end on the same walls.

    The counter electrode is a shell whether it moves or not; flat: `shell_shapes.plate(..., above=True)`.

    Raises:
        MeshError: if a shell is none, the walls cannot be closed between the rims, or gmsh fails.
    """
    for shell in fronts.values():
        shell.check()
    points = np.concatenate([shell.points for shell in fronts.values()])
    fixed = np.concatenate([shell.fixed for shell in fronts.values()])
    starts = np.cumsum([0] + [len(shell.points) for shell in fronts.values()])
    parts = [shell.cells + start for shell, start in zip(fronts.values(), starts, strict=False)]
    tags = [np.full(len(shell.cells), BOUNDARIES[name]) for name, shell in fronts.items()]
    # Reversed, the rim of a shell runs around the wall as its triangles will.
    rims = np.concatenate([shell.rim[:, ::-1] + s for shell, s in zip(fronts.values(), starts, strict=False)])
    wanted = graded_size(fronts, size)
    outer = _Outer(points, fixed, rims)
    outer.join_corners(wanted)
    for axis, value in outer.walls():
        parts.append(outer.fill(axis, value, wanted))
        tags.append(np.full(len(parts[-1]), WALLS[axis]))
    facets = np.concatenate(parts)
    nodes, cells = _fill(outer.points, facets, wanted)
    mesh = Mesh3D(nodes, cells, facets, np.concatenate(tags))
    verify(mesh)
    return mesh


def graded_size(fronts: Mapping[str, Shell], size: SizeField3D) -> Size:
    """h(x) of the module's docstring, for a first mesh."""
    tree = cKDTree(np.concatenate([shell.points for shell in fronts.values()]))
    near = np.concatenate([shell.sizes for shell in fronts.values()])

    def wanted(x: FloatArray) -> FloatArray:
        distance, vertex = tree.query(x)
        return np.asarray(np.minimum(size.bulk, near[vertex] + size.growth * distance))

    return wanted


class _Wall(NamedTuple):
    axis: int
    value: float


class _Outer:
    """The closed surface around the electrolyte while it is being put together."""

    def __init__(self, points: FloatArray, fixed: BoolArray, rims: IntArray) -> None:
        self.points, self.fixed, self.edges = points, fixed, rims

    def walls(self) -> list[_Wall]:
        """Planes with edges on them."""
        found = set()
        for axis in range(3):
            on = self.fixed[self.edges[:, 0], axis] & self.fixed[self.edges[:, 1], axis]
            found |= {_Wall(axis, float(v)) for v in self.points[self.edges[on, 0], axis]}
        return sorted(found)

    def join_corners(self, wanted: Size) -> None:
        """Divide the straight lines between the shells in which two walls meet."""
        corners = np.flatnonzero(self.fixed.sum(axis=1) == 2)
        lines: dict[tuple[float | None, ...], list[int]] = {}
        for k in (int(k) for k in corners):
            key = tuple(
                float(v) if held else None for v, held in zip(self.points[k], self.fixed[k], strict=True)
            )
            lines.setdefault(key, []).append(k)
        for key, ends in lines.items():
            free = key.index(None)
            ends.sort(key=lambda k: float(self.points[k, free]))
            if len(ends) % 2:
                raise MeshError(f"an odd number of shells ends in the corner line {key}")
            for first, last in zip(ends[::2], ends[1::2], strict=True):
                inner = divide(self.points[first], self.points[last], wanted)[1:-1]
                run = np.array([first, *range(len(self.points), len(self.points) + len(inner)), last])
                self.points = np.concatenate((self.points, inner))
                self.fixed = np.concatenate((self.fixed, np.tile(self.fixed[first], (len(inner), 1))))
                self.edges = np.concatenate((self.edges, np.column_stack((run[:-1], run[1:]))))

    def fill(self, axis: int, value: float, wanted: Size) -> IntArray:
        """Triangles of a wall; its new nodes are appended to the points."""
        on = self.fixed[:, axis] & (self.points[:, axis] == value)
        edges = self.edges[on[self.edges].all(axis=1)]
        plane = [k for k in range(3) if k != axis]
        loops = _loops(edges)
        area = [abs(_area(self.points[loop][:, plane])) for loop in loops]
        largest = int(np.argmax(area))
        members, local = np.unique(np.concatenate(loops), return_inverse=True)
        numbered = np.split(local, np.cumsum([len(loop) for loop in loops])[:-1])
        holes = tuple(loop for k, loop in enumerate(numbered) if k != largest)
        flat = self.points[members][:, plane]

        def size(x: FloatArray) -> FloatArray:
            return wanted(np.insert(x, axis, value, axis=1))

        nodes, cells, _ = triangulate_regions(flat, [Region(numbered[largest], holes)], size)
        new = np.insert(nodes[len(members) :], axis, value, axis=1)
        number = np.concatenate((members, len(self.points) + np.arange(len(new))))
        self.points = np.concatenate((self.points, new))
        held = np.zeros((len(new), 3), dtype=np.bool_)
        held[:, axis] = True
        self.fixed = np.concatenate((self.fixed, held))
        return np.asarray(number[cells])


def _loops(edges: IntArray) -> list[IntArray]:
    """Closed loops that edges, in whatever direction, make."""
    neighbours: dict[int, list[int]] = {}
    for a, b in ((int(p), int(q)) for p, q in edges):
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    odd = [k for k, near in neighbours.items() if len(near) != 2]
    if odd:
        raise MeshError(f"the outline of a wall is not closed at point {odd[0]} of the shells")
    loops = []
    while neighbours:
        start = here = next(iter(neighbours))
        loop, before = [], -1
        while True:
            loop.append(here)
            one, other = neighbours.pop(here)
            before, here = here, other if one == before else one
            if here == start:
                break
        loops.append(np.array(loop, dtype=np.int64))
    return loops


def _area(loop: FloatArray) -> float:
    x, y = loop.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _fill(points: FloatArray, facets: IntArray, wanted: Size) -> tuple[FloatArray, IntArray]:
    """Tetrahedra inside a closed surface, its points first and unchanged."""
    n = len(points)
    begin("electrolyte")
    try:
        surface = gmsh.model.addDiscreteEntity(2, 1)
        gmsh.model.mesh.addNodes(2, surface, np.arange(1, n + 1), points.ravel())
        gmsh.model.mesh.addElementsByType(surface, 2, [], (facets + 1).ravel())
        loop = gmsh.model.geo.addSurfaceLoop([surface])
        gmsh.model.geo.addVolume([loop], 1)
        gmsh.model.geo.synchronize()
        gmsh.model.mesh.setSizeCallback(lambda d, t, x, y, z, lc: float(wanted(np.array([[x, y, z]]))[0]))
        gmsh.model.mesh.generate(3)
        tags, coordinates, _ = gmsh.model.mesh.getNodes(3, 1)
        _, cells = gmsh.model.mesh.getElementsByType(4)
    except Exception as error:  # gmsh raises bare Exception
        raise MeshError(f"gmsh could not fill the electrolyte with tetrahedra: {error}") from error
    finally:
        end()
    number = np.full(int(max(cells.max(initial=0), tags.max(initial=0), n)) + 1, -1, dtype=np.int64)
    number[1 : n + 1] = np.arange(n)
    number[tags] = n + np.arange(len(tags))
    nodes = np.concatenate((points, coordinates.reshape(-1, 3)))
    result = number[cells.astype(np.int64).reshape(-1, 4)]
    turned = determinants(nodes[result]) < 0.0
    result[turned] = result[turned][:, [1, 0, 2, 3]]
    return nodes, result


def verify(mesh: Mesh3D) -> None:
    """Raise MeshError unless the cells are valid and their free sides are exactly the facets."""
    if not mesh.cells.size or mesh.cells.min() < 0 or mesh.quality <= 0.0:
        quality = mesh.quality if mesh.cells.size else 0.0
        raise MeshError(f"the tetrahedra are not valid, the worst has quality {quality:.2g}")
    free = np.sort(free_sides(mesh.cells)[0], axis=1)
    known = np.sort(mesh.facets, axis=1)
    if len(free) != len(known) or not np.array_equal(_sorted(free), _sorted(known)):
        raise MeshError(f"the tetrahedra end in {len(free)} triangles, their boundary has {len(known)}")
    inside = _volume_inside(mesh)
    if abs(inside - mesh.volume) > 1e-9 * abs(inside):
        raise MeshError(f"the tetrahedra fill {mesh.volume:g} of the electrolyte's volume {inside:g}")


def free_sides(cells: IntArray) -> tuple[IntArray, IntArray]:
    """Sides that belong to one cell only, shape (K, 3), seen counter-clockwise from inside; their cells."""
    sides = np.concatenate(
        [cells[:, [0, 1, 2]], cells[:, [0, 3, 1]], cells[:, [0, 2, 3]], cells[:, [1, 3, 2]]]
    )
    owner = np.tile(np.arange(len(cells)), 4)
    low = np.sort(sides, axis=1)
    order = np.lexsort(low.T[::-1])
    same = np.all(low[order][1:] == low[order][:-1], axis=1)
    single = np.ones(len(sides), dtype=np.bool_)
    single[order[1:][same]] = single[order[:-1][same]] = False
    return sides[single], owner[single]


def _volume_inside(mesh: Mesh3D) -> float:
    """Volume enclosed by the free sides, by the divergence theorem."""
    sides = free_sides(mesh.cells)[0]
    middle = mesh.points.mean(axis=0)
    centres = mesh.points[sides].mean(axis=1) - middle
    return float(-np.sum(facet_vectors(mesh.points, sides) * centres) / 3.0)


def _sorted(rows: IntArray) -> IntArray:
    return np.asarray(rows[np.lexsort(rows.T[::-1])])
