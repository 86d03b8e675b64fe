"""Signed distance from the metal of a sharp front or shell, and the order parameter at rest about it.

    xi = 1/(1 + exp(d/w)),     d > 0 in the electrolyte, d < 0 in metal

Only deposit is a surface of metal here: over flat bare substrate d is the distance from the deposits that
stand on it. Walls are symmetry planes, and so is the substrate where a deposit ends on it: the profile meets
them at a right angle. Mirror images never come closer to a point of the cell than what they are images of, so
they do not change the distance, only the side that an edge or vertex on the plane looks to.

The side is that of the pseudonormal at the nearest place: of the facet, of the edge (sum over its facets) or
of the vertex (sum over its facets weighted by their angles), which is right for every closed surface
(J. A. Baerentzen and H. Aanaes, IEEE Trans. Vis. Comput. Graph. 11 (2005) 243-253).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from .arrays import BoolArray, FloatArray, IntArray
from .domain import Skin
from .errors import MeshError
from .nearest import nearest, on_segments, on_triangles

BATCH = 20000
"""Points looked at together, so that memory stays small."""
FEW = 8
"""Facets tried for a point that is far from all of them, the nearest ones by their middles."""


def initial(metal: Skin | Callable[[FloatArray], FloatArray], points: FloatArray, width: float) -> FloatArray:
    """Order parameter at rest about the deposit of a front or shell, shape (k,).

    Args:
        metal: front or shell, or a function that gives the signed distance at points (k, dim).
        points: places in the cell, shape (k, dim), units of the front.
        width: w of the profile, the same units.

    Raises:
        MeshError: if the width is not positive.
    """
    if not width > 0.0:
        raise MeshError(f"the width of a profile must be positive, it is {width:g}")
    distance = metal(points) if callable(metal) else signed_distance(metal, points)
    return np.asarray(expit(-distance / width), dtype=np.float64)


def signed_distance(skin: Skin, points: FloatArray) -> FloatArray:
    """Distance from the deposit of `skin`, negative in metal, shape (k,); infinite if there is no deposit.

    Args:
        skin: its metal may have any shape; walls are normal to an axis, bare substrate is flat.
        points: places inside the walls and not below the substrate, shape (k, dim).
    """
    if not np.any(~skin.bare):
        return np.full(len(points), np.inf)
    cells, normals = skin.cells[~skin.bare], skin.normals[~skin.bare]
    held = skin.fixed.copy()
    held[skin.vertices_of(skin.bare) & skin.vertices_of(~skin.bare), -1] = True
    normal_at = _pseudonormals(skin.points, cells, normals, held)

    def exact(some: FloatArray) -> FloatArray:
        place = nearest(some, skin.points, cells)
        away = some - place.of(skin.points, cells)
        side = np.sum(away * normal_at(place.facet, place.weights > 0.0), axis=1)
        return np.where(side < 0.0, -place.distance, place.distance)

    size = float(np.median(skin.measures[~skin.bare]) ** (1.0 / (skin.points.shape[1] - 1)))
    found, near = _far(points, exact, skin.points[cells], size)
    for some in np.array_split(near, len(near) // BATCH + 1):
        found[some] = exact(points[some])
    return found


def _far(
    points: FloatArray, exact: Callable[[FloatArray], FloatArray], corners: FloatArray, size: float
) -> tuple[FloatArray, IntArray]:
    """Distances of points that are far from a surface, (k,), and the numbers of the others.

    Many facets are about equally far from a far point. Its side is that of the middle of a bin, a cube that
    the surface does not reach, and only the nearest few facets are tried for its distance. Bins are halved
    until they are not much larger than a facet.

    Args:
        points: shape (k, dim).
        exact: signed distance of any points.
        corners: of the facets, shape (m, dim, dim).
        size: of a facet.
    """
    tree = cKDTree(corners.mean(axis=1))
    project = on_segments if points.shape[1] == 2 else on_triangles
    found, left = np.zeros(len(points)), np.arange(len(points))
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    bin_ = 0.25 * float((high - low).max()) if len(points) else 0.0
    while bin_ > 2.0 * size and left.size:
        numbers, inside = np.unique(np.floor(points[left] / bin_), axis=0, return_inverse=True)
        reach = exact(np.clip((numbers + 0.5) * bin_, low, high))[inside.ravel()]
        clear = np.abs(reach) > 1.5 * bin_ * np.sqrt(points.shape[1])
        far, least = left[clear], np.full(int(clear.sum()), np.inf)
        for facet in tree.query(points[far], k=range(1, min(FEW, len(corners)) + 1))[1].T:
            weights = project(points[far], corners[facet])
            away = points[far] - np.einsum("kc,kcd->kd", weights, corners[facet])
            least = np.minimum(least, np.linalg.norm(away, axis=1))
        found[far] = np.sign(reach[clear]) * least
        left, bin_ = left[~clear], 0.5 * bin_
    return found, left


def _pseudonormals(
    points: FloatArray, cells: IntArray, normals: FloatArray, held: BoolArray
) -> Callable[[IntArray, BoolArray], FloatArray]:
    """Function of a facet, (k,), and of which of its corners count, (k, dim), that gives normals, (k, dim).

    Args:
        points: vertices.
        cells: facets of deposit, shape (m, dim).
        normals: of the facets, shape (m, dim).
        held: components in which a vertex is on a symmetry plane, shape (n, dim).
    """
    dim, n = points.shape[1], len(points)
    at_vertex = np.zeros((n, dim))
    np.add.at(at_vertex, cells, _angles(points[cells])[:, :, None] * normals[:, None])
    at_vertex[held] = 0.0
    if dim == 2:
        return lambda facet, on: np.where(
            (on[:, 0] & on[:, 1])[:, None], normals[facet], at_vertex[cells[facet, np.argmax(on, axis=1)]]
        )
    sides = np.sort(cells[:, [[1, 2], [2, 0], [0, 1]]], axis=2)  # side c is opposite to corner c
    edges, which = np.unique(sides.reshape(-1, 2), axis=0, return_inverse=True)
    which = which.reshape(-1, 3)
    at_edge = np.zeros((len(edges), dim))
    np.add.at(at_edge, which, normals[:, None])
    at_edge[held[edges].all(axis=1)] = 0.0

    def normal_at(facet: IntArray, on: BoolArray) -> FloatArray:
        count = on.sum(axis=1)[:, None]
        vertex = at_vertex[cells[facet, np.argmax(on, axis=1)]]
        edge = at_edge[which[facet, np.argmin(on, axis=1)]]
        return np.where(count == 3, normals[facet], np.where(count == 2, edge, vertex))

    return normal_at


def _angles(corners: FloatArray) -> FloatArray:
    """Angle of every facet at its corners, shape (m, dim); 1 for edges, whose ends weigh the same."""
    if corners.shape[1] == 2:
        return np.ones(corners.shape[:2])
    after, before = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    across = np.linalg.norm(np.cross(after, before), axis=2)
    return np.asarray(np.arctan2(across, np.sum(after * before, axis=2)))
