"""Reproducible noise in space and time: a random lattice, interpolated.

Values on a lattice of fixed spacing come from the counter-based generator Philox, keyed by (seed, step): the
same on every rank, for every mesh and in every order of calls. Between the lattice points they are
interpolated multilinearly, so refining a mesh resolves the same noise instead of making a finer one. Points
beyond the lattice get the value at its edge.

Source: J. K. Salmon et al., Proc. SC11 (2011) 16 (Philox).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .types import FloatArray

LARGEST = 2**27
"""Lattice points at most: 1 GiB of numbers."""


@dataclass(frozen=True)
class Noise:
    """Noise of one amplitude, length and seed in a box.

    At the lattice points, "uniform" is spread evenly over [-amplitude, amplitude] and "normal" has the
    standard deviation `amplitude`. Between them the variance is smaller, by (2/3)^d on average.

    Attributes:
        amplitude: of the values; 0 for none.
        length: spacing of the lattice, in the units of the points.
        seed: of the whole field, >= 0.
        extent: lower and upper end of the box along every axis, shape (dim, 2).
        distribution: of the values at the lattice points.

    Raises:
        ValueError: a length or a box that is not positive, a negative seed, or a lattice too large to hold.
    """

    amplitude: float
    length: float
    seed: int
    extent: Sequence[tuple[float, float]]
    distribution: Literal["uniform", "normal"] = "uniform"

    def __post_init__(self) -> None:
        """Reject what makes no lattice."""
        if not 0.0 < self.length < np.inf:
            raise ValueError(f"length of the noise is {self.length:g}, expected a positive number")
        if self.seed < 0:
            raise ValueError(f"seed of the noise is {self.seed}, expected 0 or more")
        if any(not low < high for low, high in self.extent):
            raise ValueError(f"box of the noise is {tuple(self.extent)}, expected lower < upper ends")
        if self.distribution not in ("uniform", "normal"):
            raise ValueError(
                f'distribution of the noise is "{self.distribution}", expected uniform or normal'
            )
        if np.prod([float(count) for count in self.shape]) > LARGEST:
            raise ValueError(
                f"noise of length {self.length:g} needs a lattice of {self.shape} points: too many"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Points of the lattice along every axis, at least 2."""
        return tuple(max(1, int(np.ceil((high - low) / self.length))) + 1 for low, high in self.extent)

    def lattice(self, step: int) -> FloatArray:
        """Values at the lattice points for `step` >= 0, shape `self.shape`."""
        random = np.random.Generator(np.random.Philox(key=np.array([self.seed, step], dtype=np.uint64)))
        if self.distribution == "uniform":
            return self.amplitude * random.uniform(-1.0, 1.0, self.shape)
        return self.amplitude * random.standard_normal(self.shape)

    def at(self, points: FloatArray, step: int) -> FloatArray:
        """Values at points, shape (n, dim) -> (n,).

        Raises:
            ValueError: the points have another dimension than the box.
        """
        if points.ndim != 2 or points.shape[1] != len(self.extent):
            raise ValueError(f"points of shape {points.shape}, expected (n, {len(self.extent)})")
        if self.amplitude == 0.0:
            return np.zeros(len(points))
        values, sizes = self.lattice(step), np.array(self.shape)
        place = (points - np.array([low for low, _ in self.extent])) / self.length
        place = np.clip(place, 0.0, sizes - 1.0)
        corner = np.minimum(place.astype(np.int64), sizes - 2)
        part = place - corner
        found = np.zeros(len(points))
        for side in itertools.product((0, 1), repeat=len(sizes)):
            weight = np.prod(np.where(side, part, 1.0 - part), axis=1)
            found += weight * values[tuple((corner + side).T)]
        return found
