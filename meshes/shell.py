"""The shell: the surface of an electrode's metal as triangles, and how its volume follows its vertices.

The 3D counterpart of `front.Front`. The right-hand normals of the triangles point from the metal into the
electrolyte. The metal volume V is a cubic polynomial of the vertex positions, its gradient are the *area
vectors* (a third of the area vectors of the triangles around a vertex),

    N_i = dV/dp_i = 1/6 sum_T (p_j - p_i) x (p_k - p_i),
    V(p + d) - V(p) = sum_i d_i . (N_i(p) + 4 N_i(p + d/2) + N_i(p + d)) / 6        (exact: Simpson's rule)

Walls are symmetry planes normal to an axis: a vertex on a wall moves in the wall only, so the components of
N_i normal to its walls are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .facets import Facets
from .front import BARE, DEPOSIT, EDGE_DATA
from .relief import Relief


@dataclass(frozen=True, eq=False)
class Shell(Facets):
    """Surface of the metal of one electrode with what it consists of.

    Attributes:
        points: vertices, shape (n, 3), any unit of length; height is the last component.
        cells: vertices of every triangle, counter-clockwise as seen from the electrolyte, shape (m, 3).
        names: names of the surfaces; names[0] is "deposit".
        surface: index into `names` of every triangle, shape (m,).
        coverage: part of the triangle already covered by deposit, at most 1, 1 on deposit, shape (m,).
        patch: -1 where in contact with the collector, else number of the floating deposit, shape (m,).
        fixed: components of every vertex that a wall holds, shape (n, 3).
        base: height of the collector, where the metal volume begins.
        film: resistance times area (ohm m^2), beside a constant one, of what has grown on the triangle, at
            least 0, shape (m,); zeros by default.
    """

    points: FloatArray
    cells: IntArray
    names: tuple[str, ...]
    surface: npt.NDArray[np.int8]
    coverage: FloatArray
    patch: npt.NDArray[np.int32]
    fixed: BoolArray
    base: float = 0.0
    film: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Copy the arrays, make them read-only and check their shapes."""
        n, m = len(self.points), len(self.cells)
        if len(self.film) == 0:
            object.__setattr__(self, "film", np.zeros(m))
        fields: dict[str, tuple[type, tuple[int, ...]]] = {
            "points": (np.float64, (n, 3)),
            "cells": (np.int64, (m, 3)),
            "surface": (np.int8, (m,)),
            "coverage": (np.float64, (m,)),
            "patch": (np.int32, (m,)),
            "film": (np.float64, (m,)),
            "fixed": (np.bool_, (n, 3)),
        }
        for name, (dtype, shape) in fields.items():
            array: npt.NDArray[np.generic] = np.array(getattr(self, name), dtype=dtype)
            if m < 1 or array.shape != shape:
                raise MeshError(
                    f"shell: {name} has shape {array.shape}, expected {shape} with at least one triangle"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if self.cells.min() < 0 or self.cells.max() >= n:
            raise MeshError(f"shell: its triangles need vertices 0 to {self.cells.max()}, there are {n}")

    @staticmethod
    def joined(parts: Sequence[Shell]) -> Shell:
        """One shell of several, which have the same names and base; nothing is welded together."""
        starts = np.cumsum([0] + [len(part.points) for part in parts])
        return replace(
            parts[0],
            points=np.concatenate([part.points for part in parts]),
            cells=np.concatenate([part.cells + start for part, start in zip(parts, starts, strict=False)]),
            fixed=np.concatenate([part.fixed for part in parts]),
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in EDGE_DATA},
        )

    def with_points(self, points: FloatArray) -> Shell:
        """Return the same shell with its vertices elsewhere."""
        return replace(self, points=points)

    @cached_property
    def _crosses(self) -> FloatArray:
        return facet_vectors(self.points, self.cells)

    @cached_property
    def measures(self) -> FloatArray:
        """Areas of the triangles, shape (m,)."""
        return np.asarray(np.linalg.norm(self._crosses, axis=1))

    @cached_property
    def normals(self) -> FloatArray:
        """Unit normals of the triangles from the metal into the electrolyte, shape (m, 3)."""
        return np.asarray(self._crosses / self.measures[:, None])

    @cached_property
    def area_vectors(self) -> FloatArray:
        """N_i = dV/dp_i, shape (n, 3); on the walls only the components along the wall."""
        return self.area_vectors_at(self.points)

    def area_vectors_at(self, points: FloatArray) -> FloatArray:
        """The area vectors when the vertices are at `points`, shape (n, 3)."""
        vectors = self.to_vertices(np.asarray(facet_vectors(points, self.cells) / 3.0, dtype=np.float64))
        vectors[self.fixed] = 0.0
        return vectors

    def to_vertices(self, values: FloatArray) -> FloatArray:
        """Sum over the triangles at every vertex of their values, (m, k) or (m, 3 corners, k) -> (n, k)."""
        corners = values if values.ndim == 3 else np.repeat(values[:, None], 3, axis=1)
        where, n = self.cells.ravel(), len(self.points)
        columns = corners.reshape(-1, corners.shape[-1]).T
        return np.column_stack([np.bincount(where, column, n) for column in columns])

    @cached_property
    def edges(self) -> IntArray:
        """Ends of every edge, in the direction of its first triangle, shape (E, 2)."""
        return self._adjacency[0]

    @cached_property
    def edge_cells(self) -> IntArray:
        """The two triangles at every edge, the second -1 on the rim, shape (E, 2)."""
        return self._adjacency[1]

    @cached_property
    def _adjacency(self) -> tuple[IntArray, IntArray]:
        directed = self.cells[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        owner = np.repeat(np.arange(len(self.cells)), 3)
        low, high = directed.min(axis=1), directed.max(axis=1)
        key = low * len(self.points) + high
        order = np.argsort(key, kind="stable")
        _, start, count = np.unique(key[order], return_index=True, return_counts=True)
        if count.max() > 2:
            a, b = directed[order[start[np.argmax(count)]]]
            raise MeshError(f"more than two triangles of the shell meet in the edge of vertices {a} and {b}")
        first = order[start]
        twin = np.where(count == 2, order[np.minimum(start + 1, order.size - 1)], -1)
        against = (twin >= 0) & (directed[twin, 0] == directed[first, 0])
        if np.any(against):
            a, b = directed[first[np.argmax(against)]]
            raise MeshError(f"triangles with opposite orientation meet in the edge of vertices {a} and {b}")
        cells = np.column_stack((owner[first], np.where(twin >= 0, owner[twin], -1)))
        return directed[first], np.asarray(cells)

    @cached_property
    def rim(self) -> IntArray:
        """Edges on the walls, shape (r, 2), in the direction of their triangle."""
        return self.edges[self.edge_cells[:, 1] < 0]

    @cached_property
    def bare(self) -> BoolArray:
        """Triangles of substrate that is less than half covered, shape (m,)."""
        return np.asarray((self.surface != DEPOSIT) & (self.coverage < BARE))

    @cached_property
    def kinds(self) -> IntArray:
        """Number of the combination (surface, patch, bareness) of every triangle, shape (m,), from 0."""
        data = np.column_stack((self.surface, self.patch, self.bare))
        return np.asarray(np.unique(data, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)

    @cached_property
    def broken(self) -> BoolArray:
        """Edges between triangles that differ in surface, patch or bareness, shape (E,)."""
        first, second = self.edge_cells.T
        return np.asarray((second >= 0) & (self.kinds[first] != self.kinds[second]))

    @cached_property
    def breaks(self) -> BoolArray:
        """Vertices where triangles meet that differ in surface, patch or bareness, shape (n,)."""
        found = np.zeros(len(self.points), dtype=np.bool_)
        found[self.edges[self.broken]] = True
        return found

    @cached_property
    def feet(self) -> BoolArray:
        """Vertices where bare substrate meets what is not bare, shape (n,)."""
        return self.vertices_of(self.bare) & self.vertices_of(~self.bare)

    @cached_property
    def sizes(self) -> FloatArray:
        """Mean length of the edges at every vertex, shape (n,)."""
        lengths = np.linalg.norm(self.points[self.edges[:, 1]] - self.points[self.edges[:, 0]], axis=1)
        ends, n = self.edges.ravel(), len(self.points)
        return np.asarray(np.bincount(ends, np.repeat(lengths, 2), n) / np.bincount(ends, minlength=n))

    @cached_property
    def surface_gradient(self) -> FloatArray:
        """dS/dp_i of the area S of the shell, shape (n, 3); on the walls the components along the wall."""
        corners = self.points[self.cells]
        opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
        gradient = self.to_vertices(0.5 * np.cross(self.normals[:, None], opposite))
        gradient[self.fixed] = 0.0
        return gradient

    @cached_property
    def voronoi_areas(self) -> FloatArray:
        """Area nearest to every vertex, 1/8 sum |e|^2 (cot a + cot b) over its edges, shape (n,)."""
        corners = self.points[self.cells]
        sides = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]  # side c is opposite to corner c
        square = np.sum(sides**2, axis=2)
        cotangent = (square.sum(axis=1, keepdims=True) - 2.0 * square) / (4.0 * self.measures[:, None])
        half = square * cotangent / 8.0
        parts = np.stack(
            (half.sum(axis=1, keepdims=True) - half, np.tile(self.measures, (3, 1)).T / 3.0), axis=2
        )
        areas, thirds = self.to_vertices(parts).T
        return np.asarray(np.maximum(areas, 0.1 * thirds))

    def curvature(self) -> FloatArray:
        """Sum of the principal curvatures, kappa_i = dS/dp_i . n_i / A_i, shape (n,), 1/length.

        With n_i = N_i/|N_i| and the Voronoi area A_i; positive on a tip (convex metal), 2/R on a sphere,
        walls by reflection. On a sphere every mesh gives it to second order; elsewhere single vertices of an
        irregular mesh scatter, means over a few vertices do not (M. Meyer et al., Discrete
        differential-geometry operators for triangulated 2-manifolds, 2003).
        """
        length = np.linalg.norm(self.area_vectors, axis=1)
        along = np.sum(self.surface_gradient * self.area_vectors, axis=1)
        return np.asarray(along / (np.where(length > 0.0, length, 1.0) * self.voronoi_areas))

    def metal_volume(self) -> float:
        """V = int (z - base) n_z dS.

        The flux of (0, 0, z - base), which has divergence 1 and leaves through no wall normal to x or y and
        none at z = base: the volume between base and shell, also of a closed shell or of an octant with its
        third wall at z = base. Differences are exact for all of them; overhangs count as they should. For an
        electrode with its metal above, `base` is the height of its upper side.
        """
        height = self.points[:, 2] - self.base
        return float(np.sum(self._crosses[:, 2] * height[self.cells].mean(axis=1)))

    @property
    def footprint(self) -> float:
        """Area of the shell as projected along the height (where it overhangs: signed)."""
        return float(abs(np.sum(self._crosses[:, 2])))

    @property
    def mean_thickness(self) -> float:
        """Metal volume over footprint."""
        return self.metal_volume() / self.footprint

    @property
    def tip_height(self) -> float:
        """Largest z."""
        return float(self.points[:, 2].max())

    @cached_property
    def relief(self) -> Relief:
        """The shell as seen from above."""
        return Relief(self.points, self.cells, self.normals, self.measures)

    @cached_property
    def median(self) -> float:
        """Median over the plane of the height."""
        return self.relief.median()

    @cached_property
    def roughness(self) -> float:
        """RMS over the plane of the height about its mean."""
        return self.relief.roughness()

    @cached_property
    def aspect_ratio(self) -> float:
        """Tip height above the median over the protrusion's diameter at half that height; 0 if flat."""
        rise = self.tip_height - self.median
        if rise < 1e-3 * float(np.sqrt(self.footprint)):
            return 0.0
        return rise / self.relief.width_above(self.median + 0.5 * rise, self.fixed)

    def check(self) -> None:
        """Raise MeshError unless the shell is an oriented surface whose rim lies on walls.

        Raises:
            MeshError: coordinates that are not finite, triangles without area, more than two at an edge or
                two of opposite orientation, rim edges that lie on no wall. Contact of the shell with itself
                is not looked for.
        """
        if not np.all(np.isfinite(self.points)):
            raise MeshError("the shell has coordinates that are not finite")
        if self.measures.min() <= 1e-14 * self.measures.max():
            where = self.points[self.cells[np.argmin(self.measures)]].mean(axis=0)
            raise MeshError(f"the shell has a triangle without area near {where.round(6).tolist()}")
        if self.rim.size and not np.all(
            np.any(self.fixed[self.rim[:, 0]] & self.fixed[self.rim[:, 1]], axis=1)
        ):
            free = ~np.any(self.fixed[self.rim[:, 0]] & self.fixed[self.rim[:, 1]], axis=1)
            where = self.points[self.rim[np.argmax(free)]].mean(axis=0)
            raise MeshError(f"the shell ends at {where.round(6).tolist()}, where there is no wall")


def facet_vectors(points: FloatArray, cells: IntArray) -> FloatArray:
    """Area times right-hand normal of triangles, shape (m, 3)."""
    a, b, c = points[cells[:, 0]], points[cells[:, 1]], points[cells[:, 2]]
    return np.asarray(0.5 * np.cross(b - a, c - a))
