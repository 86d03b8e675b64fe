"""Triangles between the fronts and the walls, made by gmsh.

The boundary is divided here and handed to gmsh as a finished one-dimensional mesh, so the front keeps exactly
its vertices: node k of the mesh is vertex k of the fronts. Inside, the wanted size follows the distance d,

    h(x) = L + (bulk - L) min(1, growth d / bulk)      (L: length of the nearest front edge)

which costs gmsh one nearest-neighbour search per new node (its `Extend` field). Its own smoothing takes half
of its time; the vectorised smoothing here does the same in a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import gmsh
import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .boundary import Boundary, Side, SizeField, enclose
from .errors import MeshError
from .front import Front
from .tags import COUNTER

__all__ = ["Mesh2D", "SizeField", "triangle_quality", "triangulate"]

OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Geometry.Tolerance": 1e-10,
    "Mesh.Algorithm": 6,  # frontal Delaunay
    "Mesh.MeshOnlyEmpty": 1,  # keep the division of the boundary
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.RandomSeed": 1,
    "Mesh.Renumber": 0,
    "Mesh.Smoothing": 0,
}


@dataclass(frozen=True, eq=False)
class Mesh2D:
    """Triangles of the electrolyte.

    Attributes:
        points: nodes, shape (N, 2); the first `n_front` are the vertices of the front in order, then come
            those of the counter electrode if it moves.
        cells: three nodes per triangle, counter-clockwise, shape (M, 3).
        n_front: number of front vertices.
        facets: two nodes per edge of the boundary, the electrolyte on the left, shape (K, 2).
        tags: which boundary they belong to, see `tags`, shape (K,).
    """

    points: FloatArray
    cells: IntArray
    n_front: int
    facets: IntArray
    tags: IntArray

    @cached_property
    def qualities(self) -> FloatArray:
        """4 sqrt(3) area / sum of squared edges of every cell: 1 equilateral, 0 degenerate, < 0 inverted."""
        return triangle_quality(self.points[self.cells])

    @property
    def quality(self) -> float:
        """Quality of the worst cell."""
        return float(self.qualities.min())


def triangle_quality(corners: FloatArray) -> FloatArray:
    """4 sqrt(3) area / sum of squared edges for corners of shape (M, 3, 2)."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    c = b - a
    twice = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return np.asarray(2.0 * np.sqrt(3.0) * twice / np.sum(a * a + b * b + c * c, axis=1))


def triangulate(fronts: Mapping[str, Front] | Front, width: float, gap: float, size: SizeField) -> Mesh2D:
    """Triangulate the electrolyte between fronts and walls.

    Args:
        fronts: "front", and "counter" if that electrode moves, each of any chains; a front alone stands for
            {"front": front}. Without "counter" the counter electrode is the straight line y = gap. Closed
            chains that run clockwise are holes. Without an open chain the outside is the one closed chain
            that runs counter-clockwise; `width` and `gap` are then only scales.
        width: distance of the walls normal to x.
        gap: height of the flat counter electrode.
        size: edge lengths away from the fronts.

    Raises:
        MeshError: if the boundary is not a simple polygon (gmsh can hang on one) or the mesh misses it.
    """
    fronts = {"front": fronts} if isinstance(fronts, Front) else dict(fronts)
    for name, front in fronts.items():
        front.check(width, np.inf if "counter" in fronts else gap, name)
    boundary = enclose(fronts, width, gap, size)
    points, cells = _gmsh(boundary, size, width)
    points *= width
    points[: len(boundary.points)] = boundary.points
    corners = points[cells]
    inverted = triangle_quality(corners) < 0.0
    cells[inverted] = cells[inverted][:, ::-1]
    fixed = np.arange(len(points)) < len(boundary.points)
    points = _smooth(points, cells, fixed)
    mesh = Mesh2D(points, cells, len(fronts["front"].points), boundary.facets, boundary.tags)
    _verify(mesh, boundary)
    return mesh


def _gmsh(boundary: Boundary, size: SizeField, width: float) -> tuple[FloatArray, IntArray]:
    """Mesh the electrolyte (in units of the width): nodes with the boundary first, cells."""
    if not gmsh.isInitialized():
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    for name, value in OPTIONS.items():
        gmsh.option.setNumber(name, value)
    gmsh.model.add("electrolyte")
    try:
        nodes, coordinates, triangles = _meshed(boundary, size, width)
        gmsh.model.remove()
    except Exception as error:  # gmsh raises bare Exception
        gmsh.finalize()  # what it was doing stays locked otherwise
        raise MeshError(f"gmsh could not mesh the electrolyte: {error}") from error
    total = len(boundary.points)
    number = np.full(int(max(triangles.max(initial=0), total)) + 1, -1, dtype=np.int64)
    number[1 : total + 1] = np.arange(total)
    number[nodes] = total + np.arange(len(nodes))
    points = np.concatenate((boundary.points / width, coordinates.reshape(-1, 3)[:, :2]))
    return points, number[triangles.reshape(-1, 3)]


def _meshed(boundary: Boundary, size: SizeField, width: float) -> tuple[IntArray, FloatArray, IntArray]:
    """Tags of the inner nodes, their coordinates and the nodes of the triangles, as gmsh gives them."""
    geo, mesh, field = gmsh.model.geo, gmsh.model.mesh, gmsh.model.mesh.field
    points, sides = np.asarray(boundary.points / width), boundary.sides
    for side in sides:
        geo.addPoint(*map(float, points[side.nodes[0]]), 0.0)
    first = 1
    for loop in boundary.loops:
        curves = list(range(first, first + len(loop)))
        for curve, end, side in zip(curves, [*curves[1:], first], loop, strict=True):
            if side.moving:
                inner = [geo.addPoint(float(x), float(y), 0.0) for x, y in points[side.nodes[1:-1]]]
                geo.addPolyline([curve, *inner, end], curve)
            else:
                geo.addLine(curve, end, curve)
        geo.addCurveLoop(curves, first)
        first += len(loop)
    starts = np.cumsum([1, *(len(loop) for loop in boundary.loops)])[:-1]
    geo.addPlaneSurface([int(start) for start in starts], 1)
    geo.synchronize()
    spatial = np.column_stack((points, np.zeros(len(points))))
    for curve, side in enumerate(sides, start=1):
        corner = int(side.nodes[0])
        mesh.addNodes(0, curve, [corner + 1], spatial[corner])
        mesh.addElementsByType(curve, 15, [], [corner + 1])
    for curve, side in enumerate(sides, start=1):
        run = side.nodes
        if len(run) > 2:
            mesh.addNodes(
                1, curve, run[1:-1] + 1, spatial[run[1:-1]].ravel(), _parameters(points, side)[1:-1]
            )
        mesh.addElementsByType(curve, 1, [], np.column_stack((run[:-1], run[1:])).ravel() + 1)
    sized = [k for k, side in enumerate(sides, start=1) if side.moving]
    if size.counter is not None:
        sized += [k for k, side in enumerate(sides, start=1) if side.tag == COUNTER and not side.moving]
    extend = field.add("Extend")
    field.setNumbers(extend, "CurvesList", sized)
    field.setNumber(extend, "DistMax", size.bulk / size.growth / width)
    field.setNumber(extend, "SizeMax", size.bulk / width)
    field.setNumber(extend, "Power", 1.0)
    field.setAsBackgroundMesh(extend)
    mesh.generate(2)
    nodes, coordinates, _ = mesh.getNodes(2, 1)
    _, triangles = mesh.getElementsByType(2)
    return nodes, coordinates, triangles


def _parameters(points: FloatArray, side: Side) -> FloatArray:
    """Place of the nodes on their curve, 0 to 1: gmsh counts polylines by vertices, lines by length."""
    if side.moving:
        return np.asarray(np.linspace(0.0, 1.0, len(side.nodes)), dtype=np.float64)
    way = np.hypot(*(points[side.nodes] - points[side.nodes[0]]).T)
    return np.asarray(way / way[-1])


def _smooth(points: FloatArray, cells: IntArray, fixed: BoolArray, sweeps: int = 3) -> FloatArray:
    """Move inner nodes to the mean of their neighbours where that worsens no worst cell around them."""
    n = len(points)
    edges = np.concatenate((cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]))
    neighbours = np.bincount(edges[:, 0], minlength=n)  # inner nodes: every edge is met once from each end
    neighbours[neighbours == 0] = 1

    def worst_around(x: FloatArray) -> FloatArray:
        quality = triangle_quality(x[cells])
        worst = np.full(n, np.inf)
        for corner in range(3):
            np.minimum.at(worst, cells[:, corner], quality)
        return worst

    before = worst_around(points)
    for _ in range(sweeps):
        mean = np.column_stack([np.bincount(edges[:, 0], points[edges[:, 1], k], n) for k in (0, 1)])
        moved = np.where(fixed[:, None], points, mean / neighbours[:, None])
        after = worst_around(moved)
        for _ in range(4):
            worse = after < np.minimum(before, 0.8)
            if not np.any(worse):
                break
            moved[worse] = points[worse]
            after = worst_around(moved)
        if float(after.min()) < float(before.min()):
            break
        points, before = moved, after
    return points


def _verify(mesh: Mesh2D, boundary: Boundary) -> None:
    cells = mesh.cells
    corners = mesh.points[cells]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = 0.5 * float(np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))
    scale = float(np.prod(np.ptp(boundary.points, axis=0)))
    if cells.min() < 0 or abs(area - boundary.area) > 1e-9 * scale or mesh.quality <= 0.0:
        raise MeshError(
            f"the mesh does not fill the electrolyte: its area is {area:g} instead of {boundary.area:g}, "
            f"its worst cell has quality {mesh.quality:.2g}"
        )
    sides = np.concatenate((cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]))
    total = len(boundary.points)
    outer = sides[(sides < total).all(axis=1)]
    held = np.isin(mesh.facets @ (total, 1), outer @ (total, 1))
    if not held.all():
        raise MeshError(f"the mesh holds {int(held.sum())} of the {held.size} edges of the boundary")
