"""What is measured of a run, each with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from meshes.domain import Skin
from meshes.front import Front

from .coverage import bare
from .types import FloatArray, IntArray

UM = 1e6
"""Micrometres per metre."""
MAH_CM2 = 1.0 / 3.6e4
"""mAh/cm^2 per C/m^2."""


@dataclass(frozen=True)
class Morphology:
    """Shape of a front, lengths in m."""

    thickness_mean: float
    thickness_max: float
    roughness: float
    tip_height: float
    aspect_ratio: float
    coverage: float
    matrix_coverage: float
    seed_height: float
    gap: float
    mouth: float | None


def bare_width(front: Skin) -> float:
    """Size of the substrate that carries no deposit, seen from above, in units of the front."""
    upright = np.abs(front.normals[:, -1]) * front.measures
    return float(upright[bare(front)].sum())


def morphology(
    front: Skin,
    unit: float,
    gap: float,
    floating: IntArray,
    initially_bare: float,
    begun: Skin | None = None,
    trench: float | None = None,
) -> Morphology:
    """Measure `front`, given in units of `unit`, on substrate of which `initially_bare` was bare.

    tip_height is taken above the median of the front, thickness above the substrate, or above the front
    `begun` where all was metal. `trench` is the depth in m of a trench whose mouth is measured.
    """
    bottom = 0.0 if begun is None else begun.mean_thickness
    highest = 0.0 if begun is None else begun.tip_height
    uncovered = bare_width(front)
    seeds = np.isin(front.patch, floating)
    height = front.points[:, -1][front.cells].max(axis=1)
    heights = [float(height[front.patch == patch].max()) for patch in np.unique(front.patch[seeds])]
    top = front.tip_height
    return Morphology(
        thickness_mean=(front.mean_thickness - bottom) * unit,
        thickness_max=(top - highest) * unit,
        roughness=front.roughness * unit,
        tip_height=(top - front.median) * unit,
        aspect_ratio=front.aspect_ratio,
        coverage=1.0 - uncovered / front.footprint,
        matrix_coverage=1.0 - uncovered / initially_bare if initially_bare > 0.0 else 1.0,
        seed_height=float(np.mean(heights)) * unit if heights else 0.0,
        gap=gap - top * unit,
        mouth=mouth(front, trench / unit) * unit if trench is not None and isinstance(front, Front) else None,
    )


def mouth(front: Front, depth: float) -> float:
    """Narrowest place in the upper half of a trench of `depth` in the middle of `front`; 0 if closed.

    On the curve through the vertices, not between vertices: the parabola through the outermost one on either
    side and its neighbours.
    """
    x, y = front.parts()[0].points.T
    upper, middle = y > 0.5 * depth, 0.5 * front.width
    left, right = np.flatnonzero(upper & (x <= middle)), np.flatnonzero(upper & (x > middle))
    closed = not (y[np.argmin(np.abs(x - middle))] < 0.5 * depth)
    if closed or not left.size or not right.size:
        return 0.0
    return -_extreme(-x, y, right[np.argmin(x[right])]) - _extreme(x, y, left[np.argmax(x[left])])


def _extreme(x: FloatArray, y: FloatArray, k: np.intp) -> float:
    """Largest x(y) on the parabola through the points k - 1, k and k + 1, x[k] being the largest of them."""
    if not 0 < k < len(x) - 1 or not (y[k + 1] - y[k]) * (y[k] - y[k - 1]) > 0.0:
        return float(x[k])
    if np.max(x[k - 1 : k + 2 : 2]) > x[k] - 1e-9 * abs(y[k + 1] - y[k - 1]):  # straight on one side
        return float(x[k])
    a, b, c = np.polyfit(y[k - 1 : k + 2] - y[k], x[k - 1 : k + 2], 2)
    return float(max(c - b * b / (4.0 * a), x[k])) if a < 0.0 else float(x[k])


def flux_variation(front: Skin, current: FloatArray) -> float:
    """Coefficient of variation of the current density over the surface of an electrode.

    With m_k the measures of the facets and i_k the current densities on them,

        sqrt( sum m_k (i_k - i)^2 / sum m_k ) / |i|,    i = sum m_k i_k / sum m_k

    Substrate that carries no deposit belongs to the surface: what passes there, next to nothing, counts.

    Args:
        front: surface of the electrode, with n facets.
        current: density on every facet, A/m^2, shape (n,).

    Returns:
        0 where the current is even, and where none flows.
    """
    mean = float(np.average(current, weights=front.measures))
    if mean == 0.0:
        return 0.0
    return float(np.sqrt(np.average((current - mean) ** 2, weights=front.measures)) / abs(mean))


def verdict(shape: Morphology, shorted: bool) -> str:
    """What has grown: "short circuit", "dendrite", "flat" or "bump".

    A dendrite is at least as high above the median of the front as it is wide at half that height, and
    higher than the front is thick elsewhere. Flat is a closed film whose roughness is at most a
    twentieth of its mean thickness. What is neither is a bump.
    """
    if shorted:
        return "short circuit"
    if shape.coverage > 0.99 and shape.roughness <= 0.05 * shape.thickness_mean:
        return "flat"
    if shape.aspect_ratio >= 1.0 and shape.tip_height >= 0.5 * shape.thickness_max:
        return "dendrite"
    return "bump"


def seed_places(front: Skin) -> FloatArray:
    """Middle of every patch of `front` seen from above, by number, shape (patches, d - 1)."""
    middle = front.points[front.cells].mean(axis=1)[:, :-1]
    patches = np.unique(front.patch[front.patch >= 0])
    places = [
        np.average(middle[front.patch == p], axis=0, weights=front.measures[front.patch == p])
        for p in patches
    ]
    return np.array(places).reshape(len(patches), middle.shape[1])


def heights_at(front: Skin, places: FloatArray) -> FloatArray:
    """Height of the front, seen from above, at `places`, shape (k, d - 1) -> (k,)."""
    if not len(places):
        return np.empty(0)
    if isinstance(front, Front):
        return front.heights(places[:, 0])
    near = cKDTree(front.points[:, :-1]).query(places, k=min(6, len(front.points)))[1]
    return np.asarray(front.points[near, -1].max(axis=1))
