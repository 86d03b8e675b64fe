"""Sizes wanted near an interface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from mpi4py import MPI
from scipy.spatial import cKDTree

from .arrays import FloatArray
from .errors import MeshError

_SLACK = 0.1
"""Of distances. An exact search looks at nearly all points from the middle of a sphere of them."""


@dataclass(frozen=True, eq=False)
class Band:
    """Fine cells within a distance of the interface, larger ones away from it.

        size = min(coarsest, finest + growth max(0, d - half_width)),    d: distance to the nearest point

    d is taken up to 10 % short, never long, so the band is nowhere narrower than `half_width`.

    Attributes:
        points: points of the interface, not farther apart than `half_width`; the same on every rank, shape
            (n, dim), none for a mesh of `coarsest` throughout.
        finest: longest edge in the band.
        half_width: of the band, on each side.
        growth: of the size with distance, in (0, 1].
        coarsest: largest size.
    """

    points: FloatArray
    finest: float
    half_width: float
    growth: float = 0.25
    coarsest: float = np.inf

    def __post_init__(self) -> None:
        """Raise MeshError for sizes that make no band."""
        if not 0.0 < self.finest <= self.coarsest:
            raise MeshError(f"finest is {self.finest:g}, expected more than 0, at most {self.coarsest:g}")
        # A cell that the interface crosses has it within 2/3 of its size: it must find itself too large.
        if not 0.0 < self.growth <= 1.0:
            raise MeshError(f"growth is {self.growth:g}, expected a number in (0, 1]")
        if not self.half_width >= self.finest:
            raise MeshError(f"half_width is {self.half_width:g}, expected at least finest, {self.finest:g}")

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points)

    @classmethod
    def gathered(
        cls,
        comm: MPI.Comm,
        points: FloatArray,
        finest: float,
        half_width: float,
        growth: float = 0.25,
        coarsest: float = np.inf,
    ) -> Band:
        """The band about the points of all ranks (collective); in an order that no rank decides."""
        every = np.unique(np.concatenate(comm.allgather(np.asarray(points, dtype=np.float64))), axis=0)
        return cls(every, finest, half_width, growth, coarsest)

    def __call__(self, x: FloatArray) -> FloatArray:
        """Longest edge wanted at points, (n, dim) -> (n,)."""
        if not len(self.points):
            return np.full(len(x), self.coarsest)
        distance: FloatArray = self._tree.query(x, eps=_SLACK)[0] / (1.0 + _SLACK)
        return np.minimum(
            self.coarsest, self.finest + self.growth * np.maximum(distance - self.half_width, 0)
        )
