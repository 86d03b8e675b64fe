"""Gauss-Lobatto-Legendre points: a Galerkin method with one polynomial and diagonal mass matrix.

Source: Canuto, Hussaini, Quarteroni and Zang, Spectral Methods, 2006, ch. 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solver.types import FloatArray


class Lobatto(NamedTuple):
    """On (0, 1): points with both ends, weights, and the matrix from values to derivatives at the points."""

    points: FloatArray
    weights: FloatArray
    derivative: FloatArray


def lobatto(degree: int) -> Lobatto:
    """The `degree` + 1 points, at least 3, of a polynomial; quadrature is exact up to 2 `degree` - 1."""
    legendre = np.polynomial.Legendre.basis(degree)
    x = np.concatenate(([-1.0], np.sort(legendre.deriv().roots().real), [1.0]))
    values = legendre(x)
    matrix = values[:, None] / values[None, :] / (x[:, None] - x[None, :] + np.eye(x.size))
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    weights = 1.0 / (degree * (degree + 1) * values**2)
    return Lobatto(0.5 * (1.0 + x), weights, 2.0 * matrix)
