"""The front: the surface of the metal as an open polyline, and its exact displacement by deposited volume.

The front runs from the left wall (x = 0) to the right wall (x = W). Metal lies below it, on the right-hand
side of the direction of travel, electrolyte above. The metal area A between y = 0 and the front is a
quadratic function of the vertex positions, with the *area vectors* N_i as gradient:

    N_i = dA/dp_i = 1/2 (n_e L_e + n_{e+1} L_{e+1}),     A(p + d) - A(p) = sum_i d_i . N_i(p + d/2)   (exact)

so displacements with d_i . N_i(p + d/2) = volume_i deposit exactly sum(volume), whatever the shape.
Walls are symmetry planes: a vertex on a wall moves along the wall only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from shapely.geometry import LineString

from .arrays import BoolArray, FloatArray
from .errors import MeshError
from .profile import Envelope, protrusion_width, upper_envelope
from .proximity import crossings

DEPOSIT = 0
"""Index of deposited metal among the surfaces; 1, 2, ... are kinds of substrate."""
BARE = 0.5
"""Coverage below which substrate counts as bare: a deposit that ends on it has a foot there."""


def rotate(vectors: FloatArray) -> FloatArray:
    """Turn vectors (..., 2) by +90 degrees."""
    return np.stack((-vectors[..., 1], vectors[..., 0]), axis=-1)


@dataclass(frozen=True, eq=False)
class Front:
    """Surface of the metal with what it consists of.

    Attributes:
        points: vertices from the left wall to the right wall, shape (n, 2), any unit of length.
        names: names of the surfaces; names[0] is "deposit".
        surface: index into `names` of every edge, shape (n-1,).
        coverage: part of the edge already covered by deposit, in [0, 1], 1 on deposit, shape (n-1,).
        patch: -1 where in contact with the collector, else number of the floating deposit, shape (n-1,).
    """

    points: FloatArray
    names: tuple[str, ...]
    surface: npt.NDArray[np.int8]
    coverage: FloatArray
    patch: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        """Copy the arrays, make them read-only and check their shapes."""
        edges = len(self.points) - 1
        dtypes = {"points": np.float64, "surface": np.int8, "coverage": np.float64, "patch": np.int32}
        for name, dtype in dtypes.items():
            array = np.array(getattr(self, name), dtype=dtype)
            shape = (edges + 1, 2) if name == "points" else (edges,)
            if edges < 1 or array.shape != shape:
                raise MeshError(
                    f"front: {name} has shape {array.shape}, expected {shape} with at least one edge"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def with_points(self, points: FloatArray) -> Front:
        """Return the same front with its vertices elsewhere."""
        return replace(self, points=points)

    @cached_property
    def edges(self) -> FloatArray:
        """Edge vectors, shape (n-1, 2)."""
        return np.diff(self.points, axis=0)

    @cached_property
    def lengths(self) -> FloatArray:
        """Edge lengths, shape (n-1,)."""
        return np.hypot(self.edges[:, 0], self.edges[:, 1])

    @cached_property
    def normals(self) -> FloatArray:
        """Unit normals of the edges from the metal into the electrolyte, shape (n-1, 2)."""
        return rotate(self.edges) / self.lengths[:, None]

    @cached_property
    def area_vectors(self) -> FloatArray:
        """N_i = dA/dp_i, shape (n, 2); on the walls only the component along the wall."""
        return area_vectors(self.points)

    @cached_property
    def bare(self) -> BoolArray:
        """Edges of substrate that is less than half covered, shape (n-1,)."""
        return np.asarray((self.surface != DEPOSIT) & (self.coverage < BARE))

    @cached_property
    def breaks(self) -> BoolArray:
        """Interior vertices where surface, patch or bareness change, shape (n,)."""
        change = np.zeros(len(self.points), dtype=np.bool_)
        for data in (self.surface, self.patch, self.bare):
            change[1:-1] |= data[1:] != data[:-1]
        return change

    def turning(self) -> FloatArray:
        """Clockwise turning angle at every vertex, shape (n,); walls by reflection."""
        e = self.edges
        angle = np.empty(len(self.points))
        a, b = e[:-1], e[1:]
        angle[1:-1] = -np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.sum(a * b, axis=1))
        angle[0] = -2.0 * np.arctan2(e[0, 1], e[0, 0])
        angle[-1] = 2.0 * np.arctan2(e[-1, 1], e[-1, 0])
        return angle

    def curvature(self) -> FloatArray:
        """kappa_i = 2 theta_i / (L_e + L_{e+1}), positive on a tip (convex metal), shape (n,), 1/length."""
        span = np.empty(len(self.points))
        span[1:-1] = self.lengths[:-1] + self.lengths[1:]
        span[0], span[-1] = 2.0 * self.lengths[0], 2.0 * self.lengths[-1]
        return 2.0 * self.turning() / span

    def metal_area(self) -> float:
        """Area between y = 0 and the front (signed where the front crosses itself)."""
        x, y = self.points[:, 0], self.points[:, 1]
        return float(0.5 * np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1])))

    @property
    def width(self) -> float:
        """Distance between the ends in x."""
        return float(self.points[-1, 0] - self.points[0, 0])

    @cached_property
    def envelope(self) -> Envelope:
        """The front as seen from above."""
        return upper_envelope(self.points)

    def heights(self, x: FloatArray) -> FloatArray:
        """Height of the upper envelope at the abscissae x."""
        return self.envelope.heights(x)

    @property
    def mean_thickness(self) -> float:
        """Metal area over width."""
        return self.metal_area() / self.width

    @property
    def tip_height(self) -> float:
        """Largest y."""
        return float(self.points[:, 1].max())

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
        return rise / protrusion_width(self.points, self.median + 0.5 * rise)

    def check(self, width: float, gap: float) -> None:
        """Raise MeshError unless the front is a simple polyline from wall to wall, between y = 0 and gap."""
        x, y = self.points[:, 0], self.points[:, 1]
        if not np.all(np.isfinite(self.points)):
            raise MeshError(
                f"the front has {int(np.sum(~np.isfinite(self.points)))} coordinates that are not finite"
            )
        if x[0] != 0.0 or x[-1] != width:
            raise MeshError(
                f"the front must run from x = 0 to x = {width:g}, it runs from {x[0]:g} to {x[-1]:g}"
            )
        if x.min() < 0.0 or x.max() > width:
            raise MeshError(f"the front leaves the cell through a wall (x from {x.min():g} to {x.max():g})")
        if y.min() < 0.0:
            raise MeshError(f"the front dips below the substrate, y = {y.min():g} at x = {x[np.argmin(y)]:g}")
        if y.max() >= gap:
            raise MeshError(f"the front reaches y = {y.max():g}, the counter electrode is at {gap:g}")
        if self.lengths.min() <= 0.0:
            k = int(np.argmin(self.lengths))
            raise MeshError(f"the front has an edge of zero length at ({x[k]:g}, {y[k]:g})")
        if not LineString(self.points).is_simple:
            raise MeshError(f"the front crosses or touches itself {_where_crossed(self.points)}")


def _where_crossed(points: FloatArray) -> str:
    first, second = crossings(points)
    if first.size == 0:
        return "in a point"
    (x, y), (u, v) = points[first[0]], points[second[0]]
    return f"near ({x:g}, {y:g}) and ({u:g}, {v:g})"


def area_vectors(points: FloatArray) -> FloatArray:
    """Gradient of the metal area with respect to the vertices, shape (n, 2); along the wall at both ends."""
    vectors = np.zeros_like(points)
    vectors[1:-1] = 0.5 * rotate(points[2:] - points[:-2])
    vectors[0, 1] = 0.5 * (points[1, 0] - points[0, 0])
    vectors[-1, 1] = 0.5 * (points[-1, 0] - points[-2, 0])
    return vectors
