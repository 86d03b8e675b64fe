"""Carry what belongs to the vertices or facets of one front to those of another like it."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .domain import Skin
from .nearest import nearest


def carry_shares(old: Skin, new: Skin, share: FloatArray) -> FloatArray:
    """Shares of the vertices of `new` with the sum of `share`, those of `old`, and alike per size.

    A vertex that is still there keeps its density; another takes that of the nearest place of `old`. Vertices
    of bare substrate have no share.
    """
    place = nearest(new.points, old.points, old.cells)
    size = _sizes(new)
    size[~new.vertices_of(~new.bare)] = 0.0
    result = size * place.of(share / _sizes(old), old.cells)
    total, found = float(share.sum()), float(result.sum())
    if abs(found) > 0.5 * float(np.abs(result).sum()):
        return np.asarray(result * (total / found))
    return np.asarray(result + (total - found) * size / max(float(size.sum()), 1e-300))


def carry_facets(old: Skin, new: Skin, values: FloatArray) -> FloatArray:
    """Values on the facets of `new`: those on the nearest facet of `old`, (m,) -> (k,)."""
    middles = new.points[new.cells].mean(axis=1)
    return np.asarray(values[old.locate(middles).facet])


def _sizes(front: Skin) -> FloatArray:
    """Part of the surface that belongs to every vertex."""
    corners = front.cells.shape[1]
    sizes = np.zeros(len(front.points))
    for corner in range(corners):
        np.add.at(sizes, front.cells[:, corner], front.measures / corners)
    return sizes
