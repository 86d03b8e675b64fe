"""Triangles between the front, the walls and the counter electrode, made by gmsh.

The boundary is divided here and handed to gmsh as a finished one-dimensional mesh, so the front keeps exactly
its vertices: node k of the mesh is vertex k of the front. Inside, the wanted size follows the distance d,

    h(x) = L + (bulk - L) min(1, growth d / bulk)      (L: length of the nearest front edge)

which costs gmsh one nearest-neighbour search per new node (its `Extend` field). Its own smoothing takes half
of its time; the vectorised smoothing here does the same in a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import gmsh
import numpy as np
import shapely
from scipy.spatial import cKDTree

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .front import Front

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


@dataclass(frozen=True)
class SizeField:
    """Wanted edge lengths away from the front.

    Attributes:
        bulk: largest edge length.
        growth: increase of the edge length per distance from the front.
        counter: edge length at the counter electrode, `bulk` unless given.
    """

    bulk: float
    growth: float = 0.3
    counter: float | None = None


@dataclass(frozen=True, eq=False)
class Mesh2D:
    """Triangles of the electrolyte.

    Attributes:
        points: nodes, shape (N, 2); the first `n_front` are the vertices of the front in order.
        cells: three nodes per triangle, counter-clockwise, shape (M, 3).
        n_front: number of front vertices.
    """

    points: FloatArray
    cells: IntArray
    n_front: int

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


def triangulate(front: Front, width: float, gap: float, size: SizeField) -> Mesh2D:
    """Triangulate the electrolyte between the front and y = gap.

    Raises:
        MeshError: if the boundary is not a simple polygon (gmsh can hang on one) or the mesh misses it.
    """
    front.check(width, gap)
    boundary, sides = _divide_boundary(front, width, gap, size)
    if not shapely.is_valid(shapely.Polygon(boundary)):
        reason = shapely.is_valid_reason(shapely.Polygon(boundary))
        raise MeshError(f"the electrolyte is not bounded by a simple polygon: {reason}")
    points, cells = _gmsh(np.asarray(boundary / width), sides, size, width)
    points *= width
    points[: len(boundary)] = boundary
    corners = points[cells]
    inverted = triangle_quality(corners) < 0.0
    cells[inverted] = cells[inverted][:, ::-1]
    fixed = np.arange(len(points)) < len(boundary)
    mesh = Mesh2D(_smooth(points, cells, fixed), cells, len(front.points))
    _verify(mesh, front.metal_area(), width, gap)
    return mesh


def _divide_boundary(front: Front, width: float, gap: float, size: SizeField) -> tuple[FloatArray, list[int]]:
    """Closed boundary counter-clockwise from the first front vertex; the numbers at which its sides begin."""
    points = front.points
    middles, lengths = 0.5 * (points[1:] + points[:-1]), front.lengths
    tree = cKDTree(middles)

    def wanted(x: FloatArray) -> FloatArray:
        distance, edge = tree.query(x)
        rate = np.minimum(1.0, size.growth * distance / size.bulk)
        h = np.minimum(size.bulk, lengths[edge] + (size.bulk - lengths[edge]) * rate)
        if size.counter is not None:
            h = np.minimum(h, size.counter + size.growth * (gap - x[:, 1]))
        return np.asarray(h)

    def divide(start: FloatArray, end: FloatArray) -> FloatArray:
        """Inner points of a straight side by the integral of 1/h."""
        span = float(np.hypot(*(end - start)))
        near = (points - start) @ (end - start) / span**2
        geometric = np.expm1(np.linspace(0.0, 7.0, 200)) / np.expm1(7.0)
        s = np.unique(
            np.concatenate((np.clip(near, 0.0, 1.0), geometric, 1.0 - geometric, np.linspace(0.0, 1.0, 401)))
        )
        density = span / wanted(start + s[:, None] * (end - start))
        number = np.concatenate(([0.0], np.cumsum(0.5 * np.diff(s) * (density[1:] + density[:-1]))))
        count = max(1, round(float(number[-1])))
        inner = np.interp(np.arange(1, count) * (number[-1] / count), number, s)
        return np.asarray(start + inner[:, None] * (end - start))

    right, left = np.array([width, gap]), np.array([0.0, gap])
    parts = [
        points,
        divide(points[-1], right),
        right[None],
        divide(right, left),
        left[None],
        divide(left, points[0]),
    ]
    n = np.cumsum([len(part) for part in parts])
    return np.concatenate(parts), [0, int(n[0]) - 1, int(n[1]), int(n[3]), int(n[5])]


def _gmsh(
    boundary: FloatArray, sides: list[int], size: SizeField, width: float
) -> tuple[FloatArray, IntArray]:
    """Mesh the polygon (in units of the width): nodes with the boundary first, cells."""
    if not gmsh.isInitialized():
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    for name, value in OPTIONS.items():
        gmsh.option.setNumber(name, value)
    total = len(boundary)
    gmsh.model.add("electrolyte")
    try:
        geo, mesh, field = gmsh.model.geo, gmsh.model.mesh, gmsh.model.mesh.field
        for corner in range(4):
            geo.addPoint(*map(float, boundary[sides[corner]]), 0.0, tag=corner + 1)
        inner = [geo.addPoint(float(x), float(y), 0.0) for x, y in boundary[1 : sides[1]]]
        geo.addPolyline([1, *inner, 2], 1)
        for side in (2, 3, 4):
            geo.addLine(side, side % 4 + 1, side)
        geo.addCurveLoop([1, 2, 3, 4], 1)
        geo.addPlaneSurface([1], 1)
        geo.synchronize()
        spatial = np.column_stack((boundary, np.zeros(total)))
        for side in range(4):
            begin, end = sides[side], sides[side + 1]
            mesh.addNodes(0, side + 1, [begin + 1], spatial[begin])
            mesh.addElementsByType(side + 1, 15, [], [begin + 1])
        for side in range(4):
            begin, end = sides[side], sides[side + 1]
            run = np.arange(begin, end + 1) % total
            if side == 0:
                parameter = np.linspace(0.0, 1.0, run.size)
            else:
                parameter = np.hypot(*(boundary[run] - boundary[begin]).T) / np.hypot(
                    *(boundary[run[-1]] - boundary[begin])
                )
            if run.size > 2:
                mesh.addNodes(1, side + 1, run[1:-1] + 1, spatial[run[1:-1]].ravel(), parameter[1:-1])
            mesh.addElementsByType(side + 1, 1, [], np.column_stack((run[:-1], run[1:])).ravel() + 1)
        extend = field.add("Extend")
        field.setNumbers(extend, "CurvesList", [1] if size.counter is None else [1, 3])
        field.setNumber(extend, "DistMax", size.bulk / size.growth / width)
        field.setNumber(extend, "SizeMax", size.bulk / width)
        field.setNumber(extend, "Power", 1.0)
        field.setAsBackgroundMesh(extend)
        mesh.generate(2)
        tags, coordinates, _ = mesh.getNodes(2, 1)
        _, triangles = mesh.getElementsByType(2)
    except Exception as error:  # gmsh raises bare Exception
        raise MeshError(f"gmsh could not mesh the electrolyte: {error}") from error
    finally:
        gmsh.model.remove()
    number = np.full(int(max(triangles.max(), total)) + 1, -1, dtype=np.int64)
    number[1 : total + 1] = np.arange(total)
    number[tags] = total + np.arange(len(tags))
    points = np.concatenate((boundary, coordinates.reshape(-1, 3)[:, :2]))
    return points, number[triangles.reshape(-1, 3)]


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


def _verify(mesh: Mesh2D, metal_area: float, width: float, gap: float) -> None:
    cells = mesh.cells
    corners = mesh.points[cells]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = 0.5 * float(np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))
    expected = width * gap - metal_area
    if cells.min() < 0 or abs(area - expected) > 1e-9 * width * gap or mesh.quality <= 0.0:
        raise MeshError(
            f"the mesh does not fill the electrolyte: its area is {area:g} instead of {expected:g}, "
            f"its worst cell has quality {mesh.quality:.2g}"
        )
    sides = np.concatenate((cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]))
    on_front = np.sort(sides[(sides[:, 1] == sides[:, 0] + 1) & (sides[:, 1] < mesh.n_front), 0])
    if not np.array_equal(on_front, np.arange(mesh.n_front - 1)):
        raise MeshError(f"the mesh holds {on_front.size} of the {mesh.n_front - 1} edges of the front")
