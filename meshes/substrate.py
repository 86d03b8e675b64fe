"""Vertices on bare substrate make way for a foot of deposit that slides over them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import spsolve

from .arrays import BoolArray, FloatArray, IntArray
from .front import MEANS, Front
from .nearest import nearest
from .shell import Shell

REACH = 8
"""Edges ahead of a foot that share in making way."""


def make_way(before: Front, after: Front, slide: BoolArray) -> Front:
    """`after` with the bare substrate ahead of sliding feet divided anew.

    A foot that has moved by d shortens the bare edge ahead of it. The vertices of the next bare edges of
    the same kind move along by d (1 - s/S), s being their distance from the foot and S that of the last
    one, so that all of them shrink alike. Coverage and film stay where they are on the substrate: every
    edge gets the mean of what lies under it.

    Args:
        before: the front before a displacement, which moved no vertex of bare substrate.
        after: the front after it.
        slide: vertices that are sliding feet, shape (n,).
    """
    feet = np.flatnonzero(slide)
    if feet.size == 0:
        return after
    points = after.points.copy()
    means: dict[str, Any] = {name: np.array(getattr(after, name)) for name in MEANS}
    runs = []
    for foot in map(int, feet):
        moved = float(after.points[foot, 0] - before.points[foot, 0])
        edge = int(before.leaving[foot])
        side = 1 if edge >= 0 and before.bare[edge] else -1
        run = _bare_run(before, foot, side)
        if len(run) < 3 or moved * (before.points[run[1], 0] - before.points[foot, 0]) <= 0.0:
            continue
        x = before.points[run, 0]
        # The last vertex may be the foot of the next deposit, whose way adds to this one's.
        points[run[1:-1], 0] += moved * (1.0 - (x - x[0]) / (x[-1] - x[0]))[1:-1]
        edges = before.leaving[run[:-1]] if side > 0 else before.arriving[run[:-1]]
        runs.append((run, edges))
    for run, edges in runs:
        for name, values in means.items():
            values[edges] = _averaged(before.points[run, 0], getattr(before, name)[edges], points[run, 0])
    return replace(after, points=points, **means)


def make_way_3d(before: Shell, after: Shell, slide: BoolArray) -> Shell:
    """`after` with the bare substrate around sliding feet divided anew.

    Vertices of bare substrate, in its plane, follow the feet harmonically: their displacement is the mean
    over their neighbours, weighted by the inverse length of the edges; walls hold their components.
    Coverage stays where it is on the substrate: a triangle takes that of the place under its middle.
    """
    if not slide.any():
        return after
    free = np.ones(len(before.points), dtype=np.bool_)
    free[before.cells[~before.bare]] = False
    inside = before.bare[before.edge_cells].all(axis=1) | (
        (before.edge_cells < 0).any(axis=1) & before.bare[before.edge_cells.max(axis=1)]
    )
    a, b = before.edges[inside].T
    weight = 1.0 / np.linalg.norm(before.points[a] - before.points[b], axis=1)
    n = len(before.points)
    links = coo_array((np.tile(weight, 2), (np.append(a, b), np.append(b, a))), shape=(n, n)).tocsr()
    degree = np.maximum(links.sum(axis=1), 1e-300)
    moved = np.where(free[:, None], 0.0, after.points - before.points)
    for axis in (0, 1):
        loose = np.flatnonzero(free & ~before.fixed[:, axis] & (degree > 1e-300))
        if loose.size:
            system = diags_array(degree[loose]) - links[loose][:, loose]
            moved[loose, axis] = spsolve(system.tocsc(), links[loose] @ moved[:, axis])
    moved[free, 2] = (after.points - before.points)[free, 2]
    result = after.with_points(before.points + moved)
    bare = np.flatnonzero(before.bare)
    if np.ptp(before.coverage[bare]) == 0.0:
        return result
    coverage = after.coverage.copy()
    place = nearest(result.points[result.cells[bare]].mean(axis=1), before.points, before.cells[bare])
    coverage[bare] = before.coverage[bare][place.facet]
    return replace(result, coverage=coverage)


def _bare_run(front: Front, foot: int, side: int) -> IntArray:
    """The foot and the vertices ahead of it over bare substrate of one kind, REACH edges at the most."""
    run = [foot]
    links = front.leaving if side > 0 else front.arriving
    first = int(links[foot])
    edge = first
    while (
        edge >= 0 and len(run) <= REACH and front.bare[edge] and front.surface[edge] == front.surface[first]
    ):
        run.append(int(front.cells[edge, 1 if side > 0 else 0]))
        edge = int(links[run[-1]])
    return np.array(run, dtype=np.int64)


def _averaged(x: FloatArray, values: FloatArray, places: FloatArray) -> FloatArray:
    """Means between `places` of what is `values` between `x`; both run the same way."""
    total = np.append(0.0, np.cumsum(values * np.diff(x)))
    order = 1 if x[-1] > x[0] else -1
    at = np.interp(places[::order], x[::order], total[::order])[::order]
    return np.asarray(np.diff(at) / np.diff(places))
