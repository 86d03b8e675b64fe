"""Tridiagonal systems along a chain, open or closed."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded

from .arrays import FloatArray


def solve_tridiagonal(
    diagonal: FloatArray, upper: FloatArray, lower: FloatArray, right: FloatArray
) -> FloatArray:
    """Solve a tridiagonal system; with as many off-diagonal entries as rows it is cyclic.

    Entry e of `upper` couples vertex e to the next one, that of `lower` the next one to vertex e. The two
    corners of the cyclic matrix are a rank-one change of a tridiagonal one (Sherman and Morrison 1950).

    Args:
        diagonal: shape (n,).
        upper: shape (n - 1,), or (n,) where the last vertex is coupled to the first.
        lower: the same.
        right: right-hand side, shape (n,).
    """
    n = diagonal.size
    bands = np.zeros((3, n))
    bands[1] = diagonal
    bands[0, 1:], bands[2, :-1] = upper[: n - 1], lower[: n - 1]
    if upper.size < n:
        return np.asarray(solve_banded((1, 1), bands, right, check_finite=False))
    pivot = -float(diagonal[0])
    bands[1, 0] -= pivot
    bands[1, -1] -= upper[-1] * lower[-1] / pivot
    column = np.zeros(n)
    column[0], column[-1] = pivot, upper[-1]
    plain, change = solve_banded((1, 1), bands, np.column_stack((right, column)), check_finite=False).T
    ratio = lower[-1] / pivot
    return np.asarray(
        plain - change * ((plain[0] + ratio * plain[-1]) / (1.0 + change[0] + ratio * change[-1]))
    )
