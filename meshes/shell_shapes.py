"""Shells to begin with: flat plates, caps of deposit on bare substrate, parts of spheres and cylinders.

A cap is the stereographic image of a disc in the plane of the substrate. That map is conformal, so one plane
mesh of matrix and discs, with the wanted edge lengths divided by the scale of the map, becomes a shell of
nearly equilateral triangles. With the radius a of the foot, the contact angle alpha, t = tan(alpha/2) rho/a:

    polar angle 2 atan(t),   sphere radius R = a/sin(alpha),   ds/drho = 2 R tan(alpha/2) / (a (1 + t^2)).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from scipy.spatial import cKDTree

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .planar import Region, Size, divide, triangulate_regions
from .shapes import DEPOSIT, ISLAND, MATRIX, NAMES
from .shell import Shell

QUADRANTS = {
    (0, 0): (0, 4),
    (1, 0): (3, 2),
    (-1, 0): (1, 2),
    (0, 1): (0, 2),
    (0, -1): (2, 2),
    (1, 1): (0, 1),
    (-1, 1): (1, 1),
    (-1, -1): (2, 1),
    (1, -1): (3, 1),
}
"""First quadrant and number of quadrants inside, by the walls in x and y: 1 the low, -1 the high, 0 none."""


def plate(
    width: float, depth: float, size: float, height: float = 0.0, surface: int = DEPOSIT, above: bool = False
) -> Shell:
    """Flat shell at `height` over [0, width] x [0, depth]: deposit, or bare substrate of another surface.

    Args:
        width: along x.
        depth: along y.
        size: edge length.
        height: of the shell, its base is 0 (`height` if the metal is above).
        surface: index into NAMES.
        above: whether the metal is above the shell, as at a counter electrode.
    """
    points, cells, _ = triangulate_regions(*_rectangle(width, depth, lambda x: np.full(len(x), size)))
    spatial = np.column_stack((points, np.full(len(points), height)))
    cells = cells[:, ::-1] if above else cells
    data = np.full(len(cells), surface)
    covered = (data == DEPOSIT).astype(np.float64)
    fixed = _on_walls(points, width, depth)
    return Shell(
        spatial, cells, NAMES, data, covered, np.full(len(cells), -1), fixed, height if above else 0.0
    )


def with_nucleus(
    width: float,
    depth: float,
    radius: float,
    size: float,
    bulk: float,
    centre: tuple[float, float] | None = None,
    height: float | None = None,
    growth: float = 0.3,
) -> Shell:
    """One hemisphere or half-ellipsoid of deposit on a bare matrix [0, width] x [0, depth].

    Args:
        width: along x.
        depth: along y.
        radius: of the foot.
        size: edge length on the nucleus.
        bulk: largest edge length on the matrix.
        centre: by default the middle; on a wall or in a corner, a half or a quarter of it is there.
        height: of the nucleus, `radius` unless given.
        growth: rate at which the edges on the matrix grow away from the nucleus.

    Raises:
        MeshError: if a length is not positive or the nucleus does not fit.
    """
    middle = (0.5 * width, 0.5 * depth) if centre is None else centre
    shell = _with_caps(width, depth, [middle], radius, 0.5 * np.pi, (DEPOSIT, [-1]), size, bulk, growth)
    stretch = 1.0 if height is None else height / radius
    _positive(height=stretch)
    return shell.with_points(shell.points * (1.0, 1.0, stretch))


def with_caps(
    width: float,
    depth: float,
    centres: Sequence[tuple[float, float]] | FloatArray,
    radius: float,
    height: float,
    size: float,
    bulk: float,
    growth: float = 0.3,
) -> Shell:
    """Spherical caps of deposit over round islands, patch k on island k, bare matrix between.

    Args:
        width: along x.
        depth: along y.
        centres: of the islands, shape (k, 2); on a wall or in a corner, a half or a quarter of one is there.
        radius: of the islands, which are the feet of the caps.
        height: of the caps.
        size: edge length on the caps.
        bulk: largest edge length on the matrix.
        growth: rate at which the edges on the matrix grow away from the caps.

    Raises:
        MeshError: if a length is not positive, islands touch each other, or one does not fit.
    """
    _positive(radius=radius, height=height)
    angle = 2.0 * float(np.arctan2(height, radius))
    where = [(float(x), float(y)) for x, y in centres]
    patches = list(range(len(where)))
    return _with_caps(width, depth, where, radius, angle, (ISLAND, patches), size, bulk, growth)


def octant(radius: float, size: float, outside: bool = False) -> Shell:
    """Deposit in the octant x, y, z >= 0 of a sphere about the origin; `outside`: the metal is around it."""
    _positive(radius=radius, size=size)
    k = max(2, int(np.ceil(0.5 * np.pi * radius / size)))
    i, j = (part.ravel() for part in np.meshgrid(np.arange(k + 1), np.arange(k + 1), indexing="ij"))
    number = np.full((k + 2, k + 2), -1, dtype=np.int64)
    inside = i + j <= k
    number[i[inside], j[inside]] = np.arange(int(inside.sum()))
    thirds = np.column_stack((i, j, k - i - j))[inside]
    x = np.sin(0.5 * np.pi * thirds / k)
    points = radius * x / np.linalg.norm(x, axis=1, keepdims=True)
    fixed = thirds == 0
    points[fixed] = 0.0
    up = np.column_stack((number[i, j], number[i + 1, j], number[i, j + 1]))[i + j < k]
    inner = i + j < k - 1
    down = np.column_stack((number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]))[inner]
    cells = np.concatenate((up, down))
    return _all_metal(points, cells[:, ::-1] if outside else cells, fixed)


def quarter_cylinder(radius: float, thickness: float, size: float, outside: bool = False) -> Shell:
    """Deposit in the quarter x, z >= 0 of a cylinder around the y axis, 0 <= y <= thickness.

    `outside`: the metal is around it.
    """
    _positive(radius=radius, thickness=thickness, size=size)
    rows, layers = (max(2, int(np.ceil(0.5 * np.pi * radius / size))), max(1, round(thickness / size)))
    angle, y = np.linspace(0.0, 0.5 * np.pi, rows + 1), np.linspace(0.0, thickness, layers + 1)
    a, b = (part.ravel() for part in np.meshgrid(np.arange(rows + 1), np.arange(layers + 1), indexing="ij"))
    points = np.column_stack((radius * np.sin(angle[a]), y[b], radius * np.cos(angle[a])))
    fixed = np.column_stack((a == 0, (b == 0) | (b == layers), a == rows))
    points[fixed[:, 0], 0] = points[fixed[:, 2], 2] = 0.0
    first = (a * (layers + 1) + b)[(a < rows) & (b < layers)]
    right, up = first + layers + 1, first + 1
    # Diagonals in alternating directions, so that the corners at the walls are not all alike.
    odd = ((a + b) % 2 == 1)[(a < rows) & (b < layers)][:, None]
    lower = np.where(odd, np.column_stack((first, right, up)), np.column_stack((first, right, right + 1)))
    upper = np.where(odd, np.column_stack((right, right + 1, up)), np.column_stack((first, right + 1, up)))
    cells = np.concatenate((lower, upper))
    return _all_metal(points, cells[:, ::-1] if outside else cells, fixed)


def _all_metal(points: FloatArray, cells: IntArray, fixed: BoolArray) -> Shell:
    m = len(cells)
    return Shell(points, cells, NAMES, np.full(m, DEPOSIT), np.ones(m), np.full(m, -1), fixed)


def _on_walls(points: FloatArray, width: float, depth: float) -> BoolArray:
    x, y = points[:, 0], points[:, 1]
    upright = np.zeros(len(points), dtype=np.bool_)
    return np.column_stack(((x == 0.0) | (x == width), (y == 0.0) | (y == depth), upright))


def _rectangle(width: float, depth: float, size: Size) -> tuple[FloatArray, list[Region], Size]:
    """A rectangle with divided sides, ready for `triangulate_regions`."""
    _positive(width=width, depth=depth, size=float(size(np.zeros((1, 2)))[0]))
    corners = np.array([(0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)])
    sides = [divide(corners[k], corners[(k + 1) % 4], size)[:-1] for k in range(4)]
    points = np.concatenate(sides)
    return points, [Region(np.arange(len(points)))], size


def _with_caps(
    width: float,
    depth: float,
    centres: Sequence[tuple[float, float]],
    radius: float,
    angle: float,
    what: tuple[int, Sequence[int]],
    size: float,
    bulk: float,
    growth: float,
) -> Shell:
    _positive(width=width, depth=depth, radius=radius, size=size, bulk=bulk)
    surface, patches = what
    middles = np.array(centres, dtype=np.float64).reshape(-1, 2)
    for axis, extent in ((0, width), (1, depth)):
        for wall in (0.0, extent):
            middles[np.abs(middles[:, axis] - wall) <= 1e-9 * extent, axis] = wall
    _check_room(middles, np.array([width, depth]), radius)
    tangent = np.tan(0.5 * angle)
    sphere = radius / np.sin(angle)

    def wanted(x: FloatArray) -> FloatArray:
        rho = np.linalg.norm(x[:, None] - middles, axis=2).min(axis=1)
        t = tangent * np.minimum(rho / radius, 1.0)
        scale = 2.0 * sphere * tangent / (radius * (1.0 + t * t))
        outer = np.minimum(max(bulk, size), size + growth * (rho - radius))
        return np.asarray(np.where(rho < radius, size / scale, outer))

    points, regions = _outlines(width, depth, middles, radius, size, wanted)
    nodes, cells, region = triangulate_regions(points, regions, wanted)
    spatial = np.column_stack((nodes, np.zeros(len(nodes))))
    for k, middle in enumerate(middles):
        own = np.unique(cells[region == k + 1])
        away = nodes[own] - middle
        rho = np.linalg.norm(away, axis=1)
        own, away, rho = (part[rho < radius * (1.0 - 1e-9)] for part in (own, away, rho))
        polar = 2.0 * np.arctan(tangent * rho / radius)
        out = sphere * np.sin(polar) / np.where(rho > 0.0, rho, 1.0)
        height = sphere * (np.cos(polar) - np.cos(angle))
        # No rounding on the walls: there the offset from the middle is 0 exactly.
        spatial[own] = np.column_stack((middle + away * out[:, None], height))
    kind = np.where(region == 0, MATRIX, surface)
    patch = np.concatenate(([-1], np.asarray(patches)))[region]
    fixed = _on_walls(nodes, width, depth)
    return Shell(spatial, cells, NAMES, kind, (region > 0).astype(np.float64), patch, fixed)


def _outlines(
    width: float, depth: float, middles: FloatArray, radius: float, size: float, wanted: Size
) -> tuple[FloatArray, list[Region]]:
    """Divided outlines of the matrix (region 0) and of the discs in the rectangle (region k + 1)."""
    extents = np.array([width, depth])
    lines = []
    for axis in (0, 1):
        for wall in (0.0, extents[1 - axis]):
            along = middles[middles[:, 1 - axis] == wall, axis]
            stops = np.concatenate(([0.0, extents[axis]], along - radius, along + radius))
            stops = np.unique(stops[(stops >= 0.0) & (stops <= extents[axis])])
            ends = np.zeros((stops.size, 2))
            ends[:, axis], ends[:, 1 - axis] = stops, wall
            lines += [divide(*pair, wanted) for pair in pairwise(ends)]
    for middle in middles:
        arc = middle + radius * _directions_inside(
            middle, extents, max(2, int(np.ceil(radius / size / 2.0 * np.pi)))
        )
        lines.append(arc)
    faces = list(shapely.get_parts(shapely.polygonize([shapely.LineString(line) for line in lines])))
    inside = [
        shapely.distance(shapely.Point(m), shapely.point_on_surface(f)) < radius
        for f in faces
        for m in middles
    ]
    member = np.reshape(inside, (len(faces), len(middles)))
    order = [int(np.flatnonzero(~member.any(axis=1))[0]), *(int(k) for k in np.argmax(member, axis=0))]
    points = np.unique(np.concatenate(lines), axis=0)
    number = {(float(x), float(y)): k for k, (x, y) in enumerate(points)}

    def ring(line: shapely.LinearRing) -> IntArray:
        return np.array([number[x, y] for x, y in line.coords[:-1]], dtype=np.int64)

    regions = [
        Region(ring(faces[k].exterior), tuple(ring(hole) for hole in faces[k].interiors)) for k in order
    ]
    return points, regions


def _directions_inside(middle: FloatArray, extents: FloatArray, quarter: int) -> FloatArray:
    """Unit vectors from a disc's middle to its rim inside the rectangle, `quarter` intervals per quadrant."""
    side = (middle == 0.0).astype(int) - (middle == extents).astype(int)
    first, quadrants = QUADRANTS[int(side[0]), int(side[1])]
    steps = np.arange(first * quarter, (first + quadrants) * quarter + 1)
    turn, rest = np.divmod(steps, quarter)
    angle = 0.5 * np.pi * rest / quarter
    x, y = np.cos(angle), np.sin(angle)
    turn = turn % 4
    for _ in range(3):  # turn by right angles without rounding
        x, y = np.where(turn > 0, -y, x), np.where(turn > 0, x, y)
        turn = turn - 1
    return np.column_stack((x, y))


def _check_room(middles: FloatArray, extents: FloatArray, radius: float) -> None:
    room = np.where((middles == 0.0) | (middles == extents), extents, np.minimum(middles, extents - middles))
    if np.any(room <= radius):
        k = int(np.argmin(room.min(axis=1)))
        raise MeshError(f"a nucleus of radius {radius:g} at {middles[k].tolist()} does not fit the substrate")
    if len(middles) > 1:
        pairs = cKDTree(middles).query_pairs(2.0 * radius)
        if pairs:
            a, b = (middles[k].tolist() for k in next(iter(pairs)))
            raise MeshError(f"nuclei of radius {radius:g} at {a} and {b} touch each other")


def _positive(**lengths: float) -> None:
    for name, value in lengths.items():
        if not value > 0.0:
            raise MeshError(f"{name} must be positive, it is {value:g}")
