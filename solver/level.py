"""Volume and height of where a P1 function exceeds a level, exact for a function linear in every cell."""

from __future__ import annotations

import math

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.compat import geometry_dofmap
from meshes.regions import Regions, simplex_measure

from .types import FloatArray


def volume_above(regions: Regions, function: fem.Function, level: float) -> float:
    """Length, area or volume, m^dim, where `function` > `level` (collective)."""
    corners, values = _cells(regions, function, level)
    part = np.where((values > 0.0).all(axis=1), 1.0, 0.0)
    cut = (values > 0.0).any(axis=1) & (values <= 0.0).any(axis=1)
    part[cut] = positive_part(values[cut])
    mine = float(np.sum(part * simplex_measure(corners)))
    return float(regions.comm.allreduce(mine, op=MPI.SUM) * regions.unit**regions.dim)


def highest_above(regions: Regions, function: fem.Function, level: float) -> float:
    """Largest coordinate along the last axis, m, where `function` > `level`; -inf if nowhere (collective)."""
    corners, values = _cells(regions, function, level)
    y, best = corners[:, :, -1], -math.inf
    for i in range(y.shape[1]):
        inside = values[:, i] > 0.0
        best = max(best, float(np.max(y[inside, i], initial=-math.inf)))
        for j in range(y.shape[1]):
            cut = inside & (values[:, j] <= 0.0)
            share = values[cut, i] / (values[cut, i] - values[cut, j])
            crossing = y[cut, i] + share * (y[cut, j] - y[cut, i])
            best = max(best, float(np.max(crossing, initial=-math.inf)))
    return float(regions.comm.allreduce(best, op=MPI.MAX) * regions.unit)


def positive_part(values: FloatArray) -> FloatArray:
    """Part of each simplex in which a linear function is positive.

    The sum over its positive vertices i of the product over j != i of f_i/(f_i - f_j): the divided difference
    of max(f, 0)^d. Equal values at two vertices are told apart by 1e-5 of their spread.

    Args:
        values: at the vertices, shape (n, d + 1); not all of one sign.
    """
    spread = np.ptp(values, axis=1, keepdims=True)
    f = values + 1e-5 * spread * (np.arange(values.shape[1]) - 0.5 * (values.shape[1] - 1))
    gap = f[:, :, None] - f[:, None, :]
    ratio = np.where(np.eye(f.shape[1], dtype=bool), 1.0, f[:, :, None] / np.where(gap == 0.0, 1.0, gap))
    part = np.sum(np.where(f > 0.0, np.prod(ratio, axis=2), 0.0), axis=1)
    return np.asarray(np.clip(part, 0.0, 1.0))


def _cells(regions: Regions, function: fem.Function, level: float) -> tuple[FloatArray, FloatArray]:
    """Corners of the owned cells in mesh units, shape (n, d + 1, d), and values less the level there."""
    mesh = regions.mesh
    owned = mesh.topology.index_map(regions.dim).size_local
    corners = mesh.geometry.x[geometry_dofmap(mesh)[:owned], : regions.dim]
    return corners, function.x.array[function.function_space.dofmap.list[:owned]] - level
