"""Meshes for a spread surface: fine about it, coarse elsewhere, made anew as it moves; or one for good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from meshes.adaptive import Adapted, Forest
from meshes.band import Band
from meshes.coarse import coarse_box
from meshes.domain import Skin

from .bed import Bed
from .compiled import SCALAR
from .coverage import FRESH
from .diffuse import Spread
from .types import BoolArray, FloatArray

PROFILE = 5.0
"""Widths on either side of the surface that must be fine: xi is 0.7 % there."""
AWAKE = 0.01
"""Part of its incubation after which bare substrate is about to become a surface; before, no current passes
and it needs no fine cells but those about the feet of metal."""
NEARBY = 2.0
"""Edges beyond PROFILE widths up to which a coarse cell can be one that the surface reaches next."""


@dataclass(frozen=True)
class Resolution:
    """Sizes of cells, in mesh units.

    Attributes:
        finest: longest edge about the surface.
        coarsest: longest edge anywhere.
        growth: of the edges with distance from the fine part.
        margin: how far the surface may move in the fine part, beyond PROFILE widths.
        adaptive: whether the mesh follows the surface; else all that it may sweep, up to `reach`, is fine.
        reach: height up to which a mesh that does not follow is fine.
    """

    finest: float
    coarsest: float
    growth: float
    margin: float
    adaptive: bool = True
    reach: float = 1.0


class SpreadMesh:
    """Makes the meshes of a box.

    Attributes:
        comm: communicator.
        width: w of the surface, mesh units.
        resolution: sizes.
    """

    def __init__(
        self,
        comm: MPI.Intracomm,
        extent: tuple[float, ...],
        base: float,
        unit: float,
        width: float,
        resolution: Resolution,
    ) -> None:
        """Make the coarse mesh (collective).

        Args:
            comm: communicator.
            extent: size along every axis, mesh units; the height counts from 0 to the counter electrode.
            base: height of the collector, at most 0.
            unit: length of one mesh unit, m.
            width: w, mesh units.
            resolution: sizes.
        """
        self.comm, self.width, self.resolution = comm, width, resolution
        low = (*(0.0 for _ in extent[1:]), base)
        size = min(resolution.coarsest / np.sqrt(len(extent)), *extent[:-1])
        blocks = [max(1, round((b - a) / size)) for a, b in zip(low, extent, strict=True)]
        given = coarse_box(low, extent, blocks, unit=unit) if comm.rank == 0 else None
        self.forest = Forest(comm, given, least=len(extent) - 1)

    def first(self, front: Skin) -> Adapted:
        """The mesh about `front` (collective)."""
        resolution = self.resolution
        if resolution.adaptive:
            metal = _dense(front, ~front.bare, resolution.margin)
            return self._about(metal if len(metal) else _dense(front, front.bare, resolution.margin))
        return self.forest.refined(_Below(resolution, self.width))

    def worn(self, problem: Spread, bed: Bed) -> bool:
        """Whether the surface is about to leave the fine part of the mesh (collective)."""
        if not self.resolution.adaptive:
            return False
        depth = np.abs(problem.depth.x.array[problem.spaces[SCALAR].dofmap.list])
        near = depth.min(axis=1) < PROFILE * self.width
        near[bed.cells[self._awake(problem, bed)]] = True
        edges = problem.corners[:, :, None] - problem.corners[:, None, :]
        longest = np.sqrt((edges**2).sum(axis=-1).max(axis=(1, 2)))
        coarse = near & (longest > 1.001 * self.resolution.finest)
        if not self.comm.allreduce(bool(coarse.any()), op=MPI.LOR):
            return False
        # Deep in metal the depth stays what it was when the surface left: no reason for fine cells there.
        half = PROFILE * self.width + NEARBY * self.resolution.finest
        wanted = self._band(self._surface(problem, bed), half)(problem.corners[coarse].mean(axis=1))
        return bool(self.comm.allreduce(bool((longest[coarse] > 1.001 * wanted).any()), op=MPI.LOR))

    def next(self, problem: Spread, bed: Bed) -> Adapted:
        """A mesh about the surface of `problem` as it is now, bare substrate included (collective)."""
        return self._about(self._surface(problem, bed))

    def _surface(self, problem: Spread, bed: Bed) -> FloatArray:
        """Points of this rank on the surface, and on bare substrate that will be one, shape (n, dim)."""
        depth = problem.depth.x.array[problem.spaces[SCALAR].dofmap.list]
        crossed = (depth.min(axis=1) <= 0.0) & (depth.max(axis=1) >= 0.0)
        return np.concatenate((problem.corners[crossed].mean(axis=1), bed.middles[self._awake(problem, bed)]))

    def _awake(self, problem: Spread, bed: Bed) -> BoolArray:
        """Facets of substrate without much metal on them whose nuclei are coming or have come."""
        bare = problem.depth.x.array[bed.nodes].max(axis=1, initial=-np.inf) < PROFILE * self.width
        return np.asarray(bare & (bed.coverage > FRESH + AWAKE))

    def _band(self, points: FloatArray, half: float) -> Band:
        """Sizes about the points of all ranks (collective)."""
        r = self.resolution
        return Band.gathered(self.comm, points, r.finest, half, r.growth, r.coarsest)

    def _about(self, points: FloatArray) -> Adapted:
        half = PROFILE * self.width + self.resolution.margin
        return self.forest.refined(self._band(points, half))


@dataclass(frozen=True)
class _Below:
    """Sizes of a mesh that is fine below a height."""

    resolution: Resolution
    width: float

    def __call__(self, x: FloatArray) -> FloatArray:
        """Longest edge wanted at points."""
        r = self.resolution
        above = np.maximum(x[:, -1] - r.reach - PROFILE * self.width, 0.0)
        return np.minimum(r.coarsest, r.finest + r.growth * above)


def _dense(front: Skin, chosen: BoolArray, spacing: float) -> FloatArray:
    """Points of the `chosen` facets of a front, not farther apart than `spacing`."""
    if not chosen.any():
        return np.empty((0, front.points.shape[1]))
    corners = front.points[front.cells[chosen]]
    points = [corners.reshape(-1, corners.shape[2])]
    longest = float(np.sqrt(((corners - np.roll(corners, 1, axis=1)) ** 2).sum(axis=2)).max())
    parts = int(np.ceil(longest / spacing)) + 1
    for weights in _lattice_weights(corners.shape[1], parts):
        points.append(np.einsum("k,fkd->fd", weights, corners))
    return np.concatenate(points)


def _lattice_weights(corners: int, parts: int) -> FloatArray:
    """Barycentric coordinates, shape (points, corners)."""
    t = np.linspace(0.0, 1.0, parts + 1)
    if corners == 2:
        return np.column_stack((1.0 - t, t))
    a, b = (x.ravel() for x in np.meshgrid(t, t))
    inside = a + b <= 1.0 + 1e-12
    return np.asarray(np.column_stack((1.0 - a - b, a, b))[inside])
