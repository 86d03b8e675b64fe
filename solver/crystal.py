"""A metal whose surface energy and kinetics hang on the direction of its surface, like those of a crystal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import ufl

FloatArray = npt.NDArray[np.float64]

SMALLEST = 1e-6
"""Length of a vector below which it has no direction."""


@dataclass(frozen=True)
class Crystal:
    """Directions that are preferred.

    With nu the unit normal, the factor is 1 + e f(nu), where f has maxima of 1 along the axes. In the plane,
    f = cos(m (theta - theta_0)), theta the angle between nu and the upward axis; in space, for m = 4, the
    cubic harmonic that goes over into it in the planes through the upward axis:

        f = 4 (nu_x^4 + nu_y^4 + nu_z^4) - 3

    Attributes:
        strength: e; 0 is isotropic.
        folds: m.
        turned: theta_0 in radians, anticlockwise.
    """

    strength: float = 0.0
    folds: int = 4
    turned: float = 0.0

    def factor(self, normals: FloatArray) -> FloatArray:
        """1 + e f of unit normals, shape (n, d) -> (n,); 1 where there is no direction."""
        if self.strength == 0.0:
            return np.ones(len(normals))
        length = np.sqrt((normals**2).sum(axis=1))
        unit = normals / np.maximum(length, SMALLEST)[:, None]
        if normals.shape[1] == 3:
            f = 4.0 * (unit**4).sum(axis=1) - 3.0
        else:
            upward = np.exp(1j * (0.5 * np.pi + self.turned))
            f = np.real(((unit[:, 0] + 1j * unit[:, 1]) * np.conj(upward)) ** self.folds)
        return np.asarray(np.where(length > 0.5, 1.0 + self.strength * f, 1.0))

    def energy(self, p: Any) -> Any:
        """|p| (1 + e f(p/|p|)) of a UFL vector of length about 1, to be differentiated by it."""
        length = ufl.sqrt(ufl.inner(p, p) + SMALLEST**2)
        if self.strength == 0.0:
            return length
        if len(p) == 3:
            f = 4.0 * sum(p[k] ** 4 for k in range(3)) / length**4 - 3.0
        else:
            cosine, sine = np.cos(0.5 * np.pi + self.turned), np.sin(0.5 * np.pi + self.turned)
            x, y = (p[0] * cosine + p[1] * sine) / length, (p[1] * cosine - p[0] * sine) / length
            f = _cosine_of_multiple(self.folds, x, y)
        return length * (1.0 + self.strength * f)


ISOTROPIC = Crystal()
"""No direction is preferred."""


def _cosine_of_multiple(m: int, x: Any, y: Any) -> Any:
    """Cos(m theta) from x = cos theta, y = sin theta: the real part of (x + i y)^m."""
    real: Any = 1.0
    imaginary: Any = 0.0
    for _ in range(m):
        real, imaginary = real * x - imaginary * y, real * y + imaginary * x
    return real
