"""Data of the edges when vertices slide along the front: what grows on it stays where it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .front import Front


def slid(before: Front, after: Front) -> Front:
    """`after` with the film of `before`, its vertices having moved along the front only.

    With the shifts a and b of its two vertices along the front, an edge of length L reaches over
    L - a + b of it; what it has gained is of the film next to it, so that the sum of film times length stays.

    Args:
        before: the front as it was.
        after: the same with every vertex shifted by less than half of its shorter edge.
    """
    if not before.film.any():
        return after
    earlier, later = before.beside
    chord = before.points[before.cells[later, 1]] - before.points[before.cells[earlier, 0]]
    size = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), np.finfo(float).tiny)
    shift = np.sum((after.points - before.points) * chord, axis=1) / size
    first, last = before.cells.T
    a, b = shift[first], shift[last]
    kept = before.lengths - np.maximum(a, 0.0) + np.minimum(b, 0.0)
    gained = np.maximum(-a, 0.0), np.maximum(b, 0.0)
    total = (
        before.film * kept + before.film[earlier[first]] * gained[0] + before.film[later[last]] * gained[1]
    )
    return replace(after, film=total / (kept + gained[0] + gained[1]))
