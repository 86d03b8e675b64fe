"""The front: the surface of an electrode's metal as polylines, and how its area follows its vertices.

A front is made of chains. An open one runs from wall to wall, a closed one around a piece of metal (or, the
other way round, around the electrolyte). Metal lies on the right-hand side of the direction of travel: below
a front that runs from the left wall (x = 0) to the right wall (x = W), above one that runs back, inside one
that runs clockwise. The metal area A between the front and its base is a quadratic function of the vertex
positions, with the *area vectors* N_i as gradient:

    N_i = dA/dp_i = 1/2 (n_e L_e + n_{e+1} L_{e+1}),     A(p + d) - A(p) = sum_i d_i . N_i(p + d/2)   (exact)

so displacements with d_i . N_i(p + d/2) = volume_i deposit exactly sum(volume), whatever the shape.
Walls are symmetry planes normal to an axis: a vertex on a wall moves along the wall only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .facets import Facets
from .profile import Envelope, protrusion_width, upper_envelope
from .soundness import check_front

DEPOSIT = 0
"""Index of deposited metal among the surfaces; 1, 2, ... are kinds of substrate."""
BARE = 0.5
"""Coverage below which substrate counts as bare: a deposit that ends on it has a foot there."""
CORNER = np.radians(40.0)
"""A vertex that turns by more is a corner, not a smooth curve."""
EDGE_DATA = ("surface", "coverage", "patch", "film")
"""Arrays with one value per edge (in 3D, triangle), which a new edge takes from an old one."""
MEANS = ("coverage", "film")
"""Those of which an edge made of two gets the mean over its length."""


def rotate(vectors: FloatArray) -> FloatArray:
    """Turn vectors (..., 2) by +90 degrees."""
    return np.stack((-vectors[..., 1], vectors[..., 0]), axis=-1)


class Chain(NamedTuple):
    """One polyline of a front.

    Attributes:
        vertices: how many there are.
        walls: axis (0 or 1) that the wall at its first and at its last vertex is normal to; None if closed.
    """

    vertices: int
    walls: tuple[int, int] | None = (0, 0)

    @property
    def edges(self) -> int:
        """How many there are; a closed chain has one from its last vertex to its first."""
        return self.vertices if self.walls is None else self.vertices - 1


@dataclass(frozen=True, eq=False)
class Front(Facets):
    """Surface of the metal of one electrode with what it consists of.

    Attributes:
        points: vertices of all chains one after the other, shape (n, 2), any unit of length.
        names: names of the surfaces; names[0] is "deposit".
        surface: index into `names` of every edge, shape (m,).
        coverage: part of the edge already covered by deposit, in [0, 1], 1 on deposit, shape (m,).
        patch: -1 where in contact with the collector, else number of the floating deposit, shape (m,).
        chains: the polylines; by default one from wall to wall.
        base: height of the collector, where the metal area begins; the metal of a chain that runs from the
            right wall to the left one lies between it and a collector above.
        film: resistance times area (ohm m^2), beside a constant one, of what has grown on the edge, at least
            0, shape (m,); zeros by default.
    """

    points: FloatArray
    names: tuple[str, ...]
    surface: npt.NDArray[np.int8]
    coverage: FloatArray
    patch: npt.NDArray[np.int32]
    chains: tuple[Chain, ...] = ()
    base: float = 0.0
    film: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Copy the arrays, make them read-only and check their shapes."""
        if not self.chains:
            object.__setattr__(self, "chains", (Chain(len(self.points)),))
        n, edges = sum(chain.vertices for chain in self.chains), sum(chain.edges for chain in self.chains)
        if len(self.film) == 0:
            object.__setattr__(self, "film", np.zeros(edges))
        dtypes = {"points": np.float64, "surface": np.int8, "patch": np.int32}
        dtypes |= dict.fromkeys(MEANS, np.float64)
        for name, dtype in dtypes.items():
            array = np.array(getattr(self, name), dtype=dtype)
            shape = (n, 2) if name == "points" else (edges,)
            if edges < 1 or array.shape != shape:
                raise MeshError(
                    f"front: {name} has shape {array.shape}, expected {shape} with at least one edge"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @staticmethod
    def joined(parts: Sequence[Front]) -> Front:
        """One front of the chains of several, which have the same names and base."""
        return replace(
            parts[0],
            points=np.concatenate([part.points for part in parts]),
            chains=tuple(chain for part in parts for chain in part.chains),
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in EDGE_DATA},
        )

    def parts(self) -> list[Front]:
        """A front for every chain; the very front where there is only one."""
        if len(self.chains) == 1:
            return [self]
        vertices = np.cumsum([chain.vertices for chain in self.chains])[:-1]
        edges = np.cumsum([chain.edges for chain in self.chains])
        return [
            self.chained(points, np.arange(end - chain.edges, end), chain.walls)
            for points, end, chain in zip(np.split(self.points, vertices), edges, self.chains, strict=True)
        ]

    def with_points(self, points: FloatArray) -> Front:
        """Return the same front with its vertices elsewhere."""
        return replace(self, points=points)

    def remade(self, points: FloatArray, edges: npt.ArrayLike) -> Front:
        """A front of one chain with the same walls, through other points; see `chained`."""
        (chain,) = self.chains
        return self.chained(points, edges, chain.walls)

    def chained(self, points: FloatArray, edges: npt.ArrayLike, walls: tuple[int, int] | None) -> Front:
        """A front of one chain with the same names and base.

        Args:
            points: its vertices, shape (k, 2).
            edges: edge of this front that each of its edges takes all data from, (k - 1,), (k,) if closed.
            walls: axes that the walls at its ends are normal to; None if it is closed.
        """
        source = np.asarray(edges, dtype=np.int64)
        data = {name: getattr(self, name)[source] for name in EDGE_DATA}
        return replace(self, points=points, chains=(Chain(len(points), walls),), **data)

    @cached_property
    def cells(self) -> IntArray:
        """First and last vertex of every edge, shape (m, 2)."""
        runs, start = [], 0
        for chain in self.chains:
            first = start + np.arange(chain.edges)
            last = start + (np.arange(chain.edges) + 1) % chain.vertices
            runs.append(np.column_stack((first, last)))
            start += chain.vertices
        return np.asarray(np.concatenate(runs), dtype=np.int64)

    @cached_property
    def arriving(self) -> IntArray:
        """Edge that ends at every vertex, -1 at the first one of an open chain, shape (n,)."""
        return self._edge_at(1)

    @cached_property
    def leaving(self) -> IntArray:
        """Edge that begins at every vertex, -1 at the last one of an open chain, shape (n,)."""
        return self._edge_at(0)

    def _edge_at(self, end: int) -> IntArray:
        edge = np.full(len(self.points), -1, dtype=np.int64)
        edge[self.cells[:, end]] = np.arange(len(self.cells))
        return edge

    @cached_property
    def fixed(self) -> BoolArray:
        """Components of every vertex that a wall holds, shape (n, 2)."""
        fixed, start = np.zeros(self.points.shape, dtype=np.bool_), 0
        for chain in self.chains:
            if chain.walls is not None:
                fixed[start, chain.walls[0]] = fixed[start + chain.vertices - 1, chain.walls[1]] = True
            start += chain.vertices
        fixed.setflags(write=False)
        return fixed

    @cached_property
    def edges(self) -> FloatArray:
        """Edge vectors, shape (m, 2)."""
        return np.asarray(self.points[self.cells[:, 1]] - self.points[self.cells[:, 0]])

    @cached_property
    def lengths(self) -> FloatArray:
        """Edge lengths, shape (m,)."""
        return np.hypot(self.edges[:, 0], self.edges[:, 1])

    @property
    def measures(self) -> FloatArray:
        """Size of every facet: the edge lengths."""
        return self.lengths

    @cached_property
    def normals(self) -> FloatArray:
        """Unit normals of the edges from the metal into the electrolyte, shape (m, 2)."""
        return rotate(self.edges) / self.lengths[:, None]

    @cached_property
    def area_vectors(self) -> FloatArray:
        """N_i = dA/dp_i, shape (n, 2); on the walls only the component along the wall."""
        return self.area_vectors_at(self.points)

    def area_vectors_at(self, points: FloatArray) -> FloatArray:
        """The area vectors when the vertices are at `points`, shape (n, 2)."""
        half = 0.5 * rotate(points[self.cells[:, 1]] - points[self.cells[:, 0]])
        vectors = np.zeros_like(points)
        vectors[self.cells[:, 0]] += half
        vectors[self.cells[:, 1]] += half
        vectors[self.fixed] = 0.0
        return vectors

    @cached_property
    def bare(self) -> BoolArray:
        """Edges of substrate that is less than half covered, shape (m,)."""
        return np.asarray((self.surface != DEPOSIT) & (self.coverage < BARE))

    @cached_property
    def breaks(self) -> BoolArray:
        """Vertices between edges that differ in surface, patch or bareness, shape (n,)."""
        change = np.zeros(len(self.points), dtype=np.bool_)
        inner = (self.arriving >= 0) & (self.leaving >= 0)
        before, after = self.arriving[inner], self.leaving[inner]
        for data in (self.surface, self.patch, self.bare):
            change[inner] |= data[before] != data[after]
        return change

    def turning(self) -> FloatArray:
        """Clockwise turning angle at every vertex, shape (n,); walls by reflection."""
        before, after = self.arriving, self.leaving
        a, b = self.edges[before], self.edges[after]
        first, last = before < 0, after < 0
        a[first], b[last] = self.inward[first], -self.inward[last]
        angle = -np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.sum(a * b, axis=1))
        return np.asarray(np.where(first | last, 2.0 * angle, angle))

    @cached_property
    def inward(self) -> FloatArray:
        """Unit normals of the walls at the ends of open chains, away from the wall, shape (n, 2)."""
        normals, start = np.zeros(self.points.shape), 0
        for chain in self.chains:
            run = slice(start, start + chain.vertices)
            side = np.where(self.points[run].mean(axis=0) >= self.points[run][[0, -1]], 1.0, -1.0)
            normals[run][[0, -1]] = np.where(self.fixed[run][[0, -1]], side, 0.0)
            start += chain.vertices
        return normals

    @cached_property
    def beside(self) -> tuple[IntArray, IntArray]:
        """Edges before and after every vertex; on a wall both are its one edge (which is mirrored there)."""
        before = np.where(self.arriving >= 0, self.arriving, self.leaving)
        after = np.where(self.leaving >= 0, self.leaving, self.arriving)
        return before, after

    @cached_property
    def spans(self) -> FloatArray:
        """Length of the two edges at every vertex together, walls by reflection, shape (n,)."""
        before, after = self.beside
        return np.asarray(self.lengths[before] + self.lengths[after])

    def curvature(self) -> FloatArray:
        """kappa_i = 2 theta_i / (L_e + L_{e+1}), positive on a tip (convex metal), shape (n,), 1/length."""
        return 2.0 * self.turning() / self.spans

    def metal_area(self) -> float:
        """Area between the base and the front (signed where the front crosses itself)."""
        y = self.points[:, 1] - self.base
        return float(0.5 * np.sum(self.edges[:, 0] * y[self.cells].sum(axis=1)))

    def metal_volume(self) -> float:
        """Volume of metal per unit of depth: `metal_area`."""
        return self.metal_area()

    @cached_property
    def elevation(self) -> FloatArray:
        """Distance of every vertex from the collector, negative behind it, shape (n,).

        Infinite on chains that do not run across the cell: closed ones, and those that end on one wall or on
        a wall normal to y have no collector behind them.
        """
        elevation, start = np.full(len(self.points), np.inf), 0
        for chain, direction in zip(self.chains, self.across, strict=True):
            if direction:
                run = slice(start, start + chain.vertices)
                elevation[run] = direction * (self.points[run, 1] - self.base)
            start += chain.vertices
        elevation.setflags(write=False)
        return elevation

    @cached_property
    def across(self) -> tuple[int, ...]:
        """1 for every chain from the left wall to the right one, -1 for one back, 0 for any other."""
        directions, start = [], 0
        for chain in self.chains:
            way = self.points[start + chain.vertices - 1, 0] - self.points[start, 0]
            directions.append(int(np.sign(way)) if chain.walls == (0, 0) else 0)
            start += chain.vertices
        return tuple(directions)

    @cached_property
    def _main(self) -> FloatArray:
        """Vertices of the first chain across the cell; without one, of the first chain."""
        parts = self.parts()
        return next((part for part in parts if part.across[0]), parts[0]).points

    @property
    def width(self) -> float:
        """Distance in x between the ends of the chain across the cell."""
        return abs(float(self._main[-1, 0] - self._main[0, 0]))

    @cached_property
    def envelope(self) -> Envelope:
        """The chain across the cell as seen from above; pieces that have come off it are left out."""
        return upper_envelope(self._main)

    def heights(self, x: FloatArray) -> FloatArray:
        """Height of the upper envelope at the abscissae x."""
        return self.envelope.heights(x)

    @property
    def footprint(self) -> float:
        """Size seen from above: the width."""
        return self.width

    @property
    def mean_thickness(self) -> float:
        """Metal area over width."""
        return self.metal_area() / self.width

    @property
    def tip_height(self) -> float:
        """Largest y of the chain across the cell."""
        return float(self._main[:, 1].max())

    @cached_property
    def median(self) -> float:
        """Median over x of the height of the upper envelope."""
        return self.envelope.median()

    @cached_property
    def roughness(self) -> float:
        """RMS over x of the height of the upper envelope about its mean."""
        return self.envelope.roughness()

    @cached_property
    def aspect_ratio(self) -> float:
        """Tip height above the median over the protrusion's width at half that height; 0 if flat."""
        rise = self.tip_height - self.median
        if rise < 1e-3 * self.width:
            return 0.0
        return rise / protrusion_width(self._main, self.median + 0.5 * rise)

    def check(self, width: float, gap: float = np.inf, name: str = "front") -> None:
        """Raise MeshError unless all chains are simple, apart, and between walls, base and counter electrode.

        Args:
            width: distance of the walls normal to x that open chains end on.
            gap: height of a flat counter electrode; infinite where there is none.
            name: what the front is called in the message.
        """
        check_front(self, width, gap, name)
