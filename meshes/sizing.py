"""How long the edges of a front should be: as asked for, but growing gradually along every chain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import FloatArray
from .errors import MeshError
from .front import Front

SizeFunction = Callable[[FloatArray, FloatArray], FloatArray]
"""Wanted edge length at points (m, 2) where the front has curvature (m,)."""

GRADATION = 0.35
"""Largest change of the wanted length per length: neighbouring edges differ by a factor 1.4 at most."""


def wanted_lengths(front: Front, size: SizeFunction) -> FloatArray:
    """Wanted length at every vertex: that of `size`, its rate of change limited by GRADATION, shape (n,)."""
    wanted = np.asarray(size(front.points, front.curvature()), dtype=np.float64)
    if not np.all(wanted > 0.0):
        raise MeshError(f"the wanted edge length must be positive, it is {float(np.min(wanted)):g} somewhere")
    limited, start = [], 0
    for part in front.parts():
        run = wanted[start : start + len(part.points)]
        limited.append(_graded(run, part.lengths))
        start += run.size
    return np.concatenate(limited)


def _graded(wanted: FloatArray, lengths: FloatArray) -> FloatArray:
    """`wanted` with its rate of change along one chain limited; as many lengths as vertices: a closed one."""
    if lengths.size == wanted.size:  # three times around: what reaches the middle has come from everywhere
        return _graded(np.tile(wanted, 3), np.tile(lengths, 3)[:-1])[wanted.size : 2 * wanted.size]
    climb = GRADATION * np.append(0.0, np.cumsum(lengths))
    from_left = np.minimum.accumulate(wanted - climb) + climb
    from_right = np.minimum.accumulate((wanted + climb)[::-1])[::-1] - climb
    return np.asarray(np.minimum(from_left, from_right))


def relative_lengths(front: Front, size: SizeFunction) -> FloatArray:
    """Length of every edge over the length wanted there, which `resample` brings into SHORT .. LONG."""
    return np.asarray(front.lengths / front.on_facets(wanted_lengths(front, size)))
