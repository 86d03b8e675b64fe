"""What disturbs a reaction on a surface: a factor of its current, random in space and in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import Noise
from .types import FloatArray


@dataclass(frozen=True)
class Disturbance:
    """The factor max(0, 1 + noise(x, t)), a function of place, time and seed and of nothing else.

    It does not know steps, meshes or ranks. In time the noise goes linearly from one of its fields to the
    next, one per period: a jump would end the accuracy of a step of second order. Without a period it stays
    as it is: the surface meets other values as it moves.

    Attributes:
        noise: fields by number.
        period: between two fields in s; 0: there is one.
    """

    noise: Noise
    period: float = 0.0

    def __post_init__(self) -> None:
        """Reject what is no time.

        Raises:
            ValueError: a period that is negative or not a number.
        """
        if not 0.0 <= self.period < np.inf:
            raise ValueError(f"period of the noise is {self.period:g} s, expected 0 or more")

    def factor(self, points: FloatArray, time: float) -> FloatArray:
        """Factor at points, (n, d) -> (n,), at a time >= 0 in s."""
        if self.period == 0.0:
            return np.maximum(0.0, 1.0 + self.noise.at(points, 0))
        number, part = divmod(time / self.period, 1.0)
        found = (1.0 - part) * self.noise.at(points, int(number))
        if part > 0.0:
            found += part * self.noise.at(points, int(number) + 1)
        return np.maximum(0.0, 1.0 + found)
