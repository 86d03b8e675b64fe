"""Triangles in regions of a plane with a given division of their boundaries, made by gmsh.

Used for what is made once: the substrate of a first shell, the walls and the flat counter electrode of a
first mesh in 3D. Wanted edge lengths come from a function of the place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import gmsh
import numpy as np

from .arrays import FloatArray, IntArray
from .errors import MeshError

Size = Callable[[FloatArray], FloatArray]
"""Wanted edge length at places, (k, d) -> (k,)."""

OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Geometry.Tolerance": 1e-12,
    "Mesh.Algorithm": 6,  # frontal Delaunay
    "Mesh.Algorithm3D": 1,  # Delaunay
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
    "Mesh.MeshOnlyEmpty": 0,
    "Mesh.Optimize": 1,
    "Mesh.OptimizeNetgen": 0,
    "Mesh.RandomSeed": 1,
    "Mesh.Smoothing": 3,
}


class Region(NamedTuple):
    """Part of a plane.

    Attributes:
        outline: numbers of the points around it, in order, not closed by repeating the first.
        holes: the same for every hole.
    """

    outline: IntArray
    holes: tuple[IntArray, ...] = ()


def begin(model: str) -> None:
    """Start gmsh if needed, set all options used in 3D and for first meshes, and open a model."""
    if not gmsh.isInitialized():
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    for name, value in OPTIONS.items():
        gmsh.option.setNumber(name, value)
    gmsh.model.add(model)


def end() -> None:
    """Drop the model and the size function, also after an error."""
    gmsh.model.mesh.removeSizeCallback()
    gmsh.model.remove()


def divide(start: FloatArray, stop: FloatArray, size: Size) -> FloatArray:
    """Points from `start` to `stop`, both included, shape (k, d), their number the integral of 1/size.

    The division is the same, reversed, from the other end.
    """
    span = float(np.linalg.norm(stop - start))
    ends = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 401))
    s = np.unique(np.concatenate((ends, 1.0 - ends)))
    density = span / size(start + s[:, None] * (stop - start))
    number = np.concatenate(([0.0], np.cumsum(0.5 * np.diff(s) * (density[1:] + density[:-1]))))
    count = max(1, round(float(number[-1])))
    part = np.interp(np.arange(count + 1) * (number[-1] / count), number, s)
    points = start + part[:, None] * (stop - start)
    points[0], points[-1] = start, stop
    return np.asarray(points)


def triangulate_regions(
    points: FloatArray, regions: Sequence[Region], size: Size
) -> tuple[FloatArray, IntArray, IntArray]:
    """Triangulate regions that share the edges of their outlines.

    Args:
        points: all points of the outlines, shape (n, 2).
        regions: to be filled.
        size: wanted edge length inside.

    Returns:
        Nodes with `points` first, triangles (counter-clockwise), the region of every triangle.

    Raises:
        MeshError: if gmsh fails or does not keep the points and the edges between them.
    """
    begin("regions")
    try:
        geo = gmsh.model.geo
        for k, (x, y) in enumerate(points):
            geo.addPoint(float(x), float(y), 0.0, tag=k + 1)
        lines: dict[tuple[int, int], int] = {}
        for number, region in enumerate(regions):
            loops = []
            for loop in (region.outline, *region.holes):
                tags = []
                for a, b in ((int(p), int(q)) for p, q in zip(loop, np.roll(loop, -1), strict=True)):
                    if (a, b) not in lines:
                        line = geo.addLine(a + 1, b + 1)
                        lines[a, b], lines[b, a] = line, -line
                        geo.mesh.setTransfiniteCurve(line, 2)
                    tags.append(lines[a, b])
                loops.append(geo.addCurveLoop(tags))
            geo.addPlaneSurface(loops, number + 1)
        geo.synchronize()
        gmsh.model.mesh.setSizeCallback(lambda d, t, x, y, z, lc: float(size(np.array([[x, y]]))[0]))
        gmsh.model.mesh.generate(2)
        tags, coordinates, _ = gmsh.model.mesh.getNodes()
        pieces = [gmsh.model.mesh.getElementsByType(2, k + 1)[1].reshape(-1, 3) for k in range(len(regions))]
    except Exception as error:  # gmsh raises bare Exception
        raise MeshError(f"gmsh could not fill a plane region: {error}") from error
    finally:
        end()
    number_of = np.full(int(tags.max()) + 1, -1, dtype=np.int64)
    number_of[np.sort(tags)] = np.arange(tags.size)
    nodes = coordinates.reshape(-1, 3)[np.argsort(tags), :2]
    if len(nodes) < len(points) or np.abs(nodes[: len(points)] - points).max() > 1e-9 * np.ptp(points):
        raise MeshError("gmsh did not keep the points of a plane region")
    nodes[: len(points)] = points
    cells = number_of[np.concatenate(pieces).astype(np.int64)]
    a, b = nodes[cells[:, 1]] - nodes[cells[:, 0]], nodes[cells[:, 2]] - nodes[cells[:, 0]]
    turned = a[:, 0] * b[:, 1] < a[:, 1] * b[:, 0]
    cells[turned] = cells[turned][:, ::-1]
    return nodes, cells, np.repeat(np.arange(len(regions)), [len(piece) for piece in pieces])
