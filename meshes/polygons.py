"""Unstructured triangles in a polygon, with inclusions and holes, made by gmsh.

Away from the places where a size s is asked for, the size of the cells is

    h(x) = min(size, min over these places of s + ln(growth) |x - place|).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import gmsh
import numpy as np
import shapely
from mpi4py import MPI

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .gmsh_file import QUIET, compact, nodes, session
from .parallel import on_root_only
from .regions import Regions
from .tagged import TaggedMesh

OPTIONS: Mapping[str, float] = {
    **QUIET,
    "Mesh.Algorithm": 6,  # frontal Delaunay
    "Mesh.ElementOrder": 1,
    "Mesh.MeshOnlyEmpty": 0,
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromCurvature": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.RandomSeed": 1,
    "Mesh.Smoothing": 1,
}

Point = tuple[float, float]


@dataclass(frozen=True)
class Inclusion:
    """Something inside a polygon: another region, or a hole.

    Attributes:
        region: name of the region inside, None for a hole.
        points: corners in m; a circle if there is one.
        radius: of the circle about the only point, in m. The mesh has a polygon with nodes on the circle.
        boundary: name of the boundary of the inclusion. None: an insulating wall around a hole, the automatic
            interface "a|b" around a region.
        size: largest cell at the boundary in m, None for that of the surroundings.
    """

    region: str | None
    points: Sequence[Point]
    radius: float | None = None
    boundary: str | None = None
    size: float | None = None

    def shape(self) -> shapely.Polygon:
        """The inclusion for checks of the input; a circle by 256 corners."""
        if self.radius is None:
            return shapely.Polygon(self.points)
        return shapely.Point(self.points[0]).buffer(self.radius, quad_segs=64)


def polygon(
    comm: MPI.Comm,
    points: Sequence[Point],
    edges: Sequence[str | None],
    size: float,
    *,
    refine: Sequence[tuple[Point, float]] = (),
    edge_sizes: Mapping[str, float] | None = None,
    growth: float = 1.2,
    region: str = "electrolyte",
    inclusions: Sequence[Inclusion] = (),
    unit: float | None = None,
) -> Regions:
    """A polygon of triangles.

    Args:
        comm: communicator; collective.
        points: corners in order, in m, shape (n, 2).
        edges: name of the edge from each corner to the next, None for an insulating wall, n of them; edges
            of one name are one boundary.
        size: largest cell in m.
        refine: places and the size of the cells there, in m.
        edge_sizes: size of the cells at the edges of a name, in m.
        growth: ratio of neighbouring cells away from small ones.
        region: name of the region outside the inclusions.
        inclusions: other regions and holes.
        unit: length of one mesh unit in m, the largest extent unless given.

    Raises:
        MeshError: if a polygon crosses itself, an inclusion sticks out or overlaps another, names and
            corners differ in number, or a name is unknown.
    """
    shape = _Shape(points, edges, size, refine, dict(edge_sizes or {}), growth, region, inclusions)
    return Regions(comm, on_root_only(comm, lambda: shape.mesh(unit)))


@dataclass(frozen=True)
class _Shape:
    points: Sequence[Point]
    edges: Sequence[str | None]
    size: float
    refine: Sequence[tuple[Point, float]]
    edge_sizes: Mapping[str, float]
    growth: float
    region: str
    inclusions: Sequence[Inclusion]

    def mesh(self, unit: float | None) -> TaggedMesh:
        self.check()
        corners = np.asarray(self.points, dtype=float)
        unit = unit or float(np.ptp(corners, axis=0).max())
        with session(OPTIONS):
            try:
                surfaces, curves = self.draw(unit)
                self.set_sizes(unit, curves)
                gmsh.model.mesh.generate(2)
            except MeshError:
                raise
            except Exception as error:  # gmsh raises bare Exception
                raise MeshError(f"gmsh could not mesh the polygon: {error}") from error
            return self.collect(unit, surfaces, curves)

    def check(self) -> None:
        if len(self.edges) != len(self.points):
            raise MeshError(f"{len(self.points)} corners need as many edge names, not {len(self.edges)}")
        sizes = [self.size, *(s for _, s in self.refine), *self.edge_sizes.values()]
        sizes += [inclusion.size for inclusion in self.inclusions if inclusion.size is not None]
        if not all(0.0 < s < math.inf for s in sizes) or not 1.0 < self.growth <= 4.0:
            raise MeshError("sizes must be positive and growth more than 1, at most 4")
        for name in self.edge_sizes:
            if name not in self.edges:
                known = ", ".join(f'"{edge}"' for edge in dict.fromkeys(self.edges) if edge)
                raise MeshError(f'no edge is named "{name}"; there are: {known or "none"}')
        if len(self.points) < 3 or any(len(i.points) < 3 for i in self.inclusions if i.radius is None):
            raise MeshError("a polygon needs at least three corners")
        if any(i.radius is not None and (len(i.points) != 1 or not i.radius > 0) for i in self.inclusions):
            raise MeshError("a circle is one point and a positive radius")
        outer, inner = shapely.Polygon(self.points), [inclusion.shape() for inclusion in self.inclusions]
        for shape in (outer, *inner):
            if not shapely.is_valid(shape) or shape.area == 0.0:
                raise MeshError(f"not a simple polygon: {shapely.is_valid_reason(shape)}")
        for k, shape in enumerate(inner):
            if shape.difference(outer).area > 1e-9 * shape.area:
                raise MeshError(f"inclusion {k + 1} sticks out of the polygon")
            for m, other in enumerate(inner[:k]):
                if shape.intersection(other).area > 1e-9 * shape.area:
                    raise MeshError(f"inclusions {m + 1} and {k + 1} overlap")

    def draw(self, unit: float) -> tuple[dict[int, str], dict[int, tuple[str | None, float | None]]]:
        """Region of every surface, and name and size of every curve that has one."""
        occ = gmsh.model.occ
        outer = _surface(self.points, None, unit)
        inner = [_surface(i.points, i.radius, unit) for i in self.inclusions]
        children = [[(2, outer)]]
        if inner:
            _, children = occ.fragment([(2, outer)], [(2, s) for s in inner])
        occ.synchronize()
        of_inclusion = {
            s: i for i, found in zip(self.inclusions, children[1:], strict=True) for _, s in found
        }
        surfaces = {s: of_inclusion[s].region if s in of_inclusion else self.region for _, s in children[0]}
        curves: dict[int, tuple[str | None, float | None]] = {}
        for _, curve in gmsh.model.getEntities(1):
            beside = [int(s) for s in gmsh.model.getAdjacencies(1, curve)[0]]
            if len(beside) == 1:
                name = self.edges[self.edge_at(_middle(curve) * unit)]
                kept = name if surfaces[beside[0]] is not None else None
                curves[curve] = (kept, None if name is None else self.edge_sizes.get(name))
                continue
            touching = [of_inclusion[s] for s in beside if s in of_inclusion]
            names = [i.boundary for i in touching if i.boundary is not None]
            sizes = [i.size for i in touching if i.size is not None]
            if any(surfaces[s] is not None for s in beside):
                curves[curve] = (names[0] if names else None, min(sizes, default=None))
        holes = [(2, s) for s, name in surfaces.items() if name is None]
        gmsh.model.removeEntities(holes)
        return {s: name for s, name in surfaces.items() if name is not None}, curves

    def edge_at(self, point: FloatArray) -> int:
        """Number of the edge nearest to a point."""
        start = np.asarray(self.points, dtype=float)
        along = np.roll(start, -1, axis=0) - start
        t = np.clip(np.sum((point - start) * along, axis=1) / np.sum(along**2, axis=1), 0.0, 1.0)
        return int(np.argmin(np.hypot(*(start + t[:, None] * along - point).T)))

    def set_sizes(self, unit: float, curves: Mapping[int, tuple[str | None, float | None]]) -> None:
        field = gmsh.model.mesh.field
        rate, sizes = math.log(self.growth), []

        def formula(text: str) -> None:
            sizes.append(field.add("MathEval"))
            field.setString(sizes[-1], "F", text)

        formula(f"{self.size / unit:.17g}")
        for (x, y), small in self.refine:
            distance = f"Sqrt((x-({x / unit:.17g}))^2+(y-({y / unit:.17g}))^2)"
            formula(f"{small / unit:.17g}+{rate:.17g}*{distance}")
        for curve, (_, wanted) in curves.items():
            if wanted is None:
                continue
            near = field.add("Distance")
            field.setNumbers(near, "CurvesList", [curve])
            length = gmsh.model.occ.getMass(1, curve)
            field.setNumber(near, "Sampling", min(20000, 2 + math.ceil(4.0 * length * unit / wanted)))
            formula(f"{wanted / unit:.17g}+{rate:.17g}*F{near}")
        smallest = field.add("Min")
        field.setNumbers(smallest, "FieldsList", sizes)
        field.setAsBackgroundMesh(smallest)

    def collect(
        self, unit: float, surfaces: Mapping[int, str], curves: Mapping[int, tuple[str | None, float | None]]
    ) -> TaggedMesh:
        x, position = nodes()
        parts = [(name, position[_elements(2, s)]) for s, name in surfaces.items()]
        points, number = compact(x[:, :2] * unit, np.concatenate([cells for _, cells in parts]))
        sets: list[tuple[str | None, IntArray]] = [
            (name, number[position[_elements(1, c)]]) for c, (name, _) in curves.items() if name is not None
        ]
        return TaggedMesh.of(points, [(name, number[cells]) for name, cells in parts], sets, unit)


def _surface(points: Sequence[Point], radius: float | None, unit: float) -> int:
    occ = gmsh.model.occ
    if radius is not None:
        curves = [occ.addCircle(points[0][0] / unit, points[0][1] / unit, 0.0, radius / unit)]
    else:
        corners = [occ.addPoint(x / unit, y / unit, 0.0) for x, y in points]
        curves = [occ.addLine(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    return int(occ.addPlaneSurface([occ.addCurveLoop(curves)]))


def _middle(curve: int) -> FloatArray:
    """A point inside a curve, shape (2,)."""
    low, high = gmsh.model.getParametrizationBounds(1, curve)
    return np.asarray(gmsh.model.getValue(1, curve, [0.5 * (low[0] + high[0])]))[:2]


def _elements(dim: int, entity: int) -> IntArray:
    """Nodes (gmsh's numbers) of the straight elements on an entity, shape (n, dim + 1)."""
    _, corners = gmsh.model.mesh.getElementsByType({1: 1, 2: 2}[dim], entity)
    return np.asarray(corners, dtype=np.int64).reshape(-1, dim + 1)
