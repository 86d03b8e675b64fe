"""Motion of the shell by deposited volume: every vertex receives exactly its share, to rounding.

Unknowns are the displacements s_i along fixed directions u_i (area vector at mid-step, walls and substrate
respected). Over the straight paths p_i + t s_i u_i, 0 <= t <= 1, vertex i sweeps

    F_i(s) = s_i int_0^1 u_i . N_i(p + t s u) dt
           = s_i/6 sum_T [ (u_i,a,b) + s_j/2 (u_i,u_j,b) + s_k/2 (u_i,a,u_k) + s_j s_k/3 (u_i,u_j,u_k) ]

with the edges a = p_j - p_i, b = p_k - p_i of every triangle T = (i, j, k) and the triple product ( , , ).
Sum_i F_i is the exact change of the metal volume, and F_i = volume_i is solved by Newton's method.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError
from .shell import Shell, facet_vectors

REACH = 0.4
"""Smallest |u . N| per third of the area around that receives its whole volume; needles share theirs."""
HALVINGS = 6


def displace3d(shell: Shell, volume: FloatArray, pinned: BoolArray, slide: BoolArray) -> FloatArray:
    """Displacement that deposits `volume`.

    Args:
        shell: the shell before the step.
        volume: volume to add at every vertex, shape (n,), unit of length cubed.
        pinned: vertices that stay; the nearest free vertices over metal get their volume, shape (n,).
        slide: feet of a deposit on bare substrate, which keep their height, shape (n,).

    Returns:
        Displacement of the vertices, shape (n, 3), with volume gain sum(volume) to rounding.

    Raises:
        MeshError: if no vertex can take the volume, or the step is far too large for the edges.
    """
    share = from_pinned(shell, np.asarray(volume, dtype=np.float64), pinned)
    return _advance(shell, share, pinned, slide & ~pinned, 0)


def from_pinned(shell: Shell, volume: FloatArray, pinned: BoolArray) -> FloatArray:
    """Pass the volume of pinned vertices on to the nearest free ones over metal, equally where several.

    Volume goes from vertex to vertex along edges of metal, each time to the neighbours that are one edge
    nearer to a free vertex; where no way over metal leads to one it goes over substrate.
    """
    result = np.array(volume)
    metal = np.zeros(len(shell.edges), dtype=np.bool_)
    for side in (0, 1):
        cell = shell.edge_cells[:, side]
        metal |= (cell >= 0) & ~shell.bare[cell]
    for edges in (shell.edges[metal], shell.edges):
        if not np.any(result[pinned]):
            break
        result = _towards(edges, result, pinned)
    if np.any(result[pinned]):
        k = int(np.flatnonzero(pinned & (result != 0.0))[0])
        raise MeshError(f"volume {result[k]:g} at pinned vertex {k} has no free vertex to go to")
    return result


def _towards(edges: IntArray, volume: FloatArray, pinned: BoolArray) -> FloatArray:
    n = volume.size
    ways = np.concatenate((edges, edges[:, ::-1]))
    level = np.where(pinned, -1, 0)
    deepest = 0
    while True:
        ends = ways[(level[ways[:, 0]] == deepest) & (level[ways[:, 1]] < 0), 1]
        if not ends.size:
            break
        deepest += 1
        level[ends] = deepest
    down = ways[(level[ways[:, 0]] > 0) & (level[ways[:, 1]] == level[ways[:, 0]] - 1)]
    number = np.bincount(down[:, 0], minlength=n)
    result = volume.copy()
    for step in range(deepest, 0, -1):
        start, end = down[level[down[:, 0]] == step].T
        result += np.bincount(end, result[start] / number[start], n)
        result[level == step] = 0.0
    return result


def _directions(vectors: FloatArray, slide: BoolArray) -> FloatArray:
    """Unit directions of motion: along the area vector, for feet along its horizontal part."""
    u = np.array(vectors)
    u[slide, 2] = 0.0
    length = np.linalg.norm(u, axis=1)
    return np.asarray(u / np.where(length > 0.0, length, 1.0)[:, None])


def _spread(shell: Shell, volume: FloatArray, keep: FloatArray, vectors: FloatArray) -> FloatArray:
    """Let vertices of small reach keep a part of their volume and pass on the rest to their neighbours."""
    if np.all((keep == 1.0) | (volume == 0.0)):
        return volume
    ways = np.concatenate((shell.edges, shell.edges[:, ::-1]))
    metal = shell.vertices_of(~shell.bare)
    size = np.where(metal, np.linalg.norm(vectors, axis=1) * np.maximum(keep, 1e-3), 0.0)
    n = volume.size
    total = np.bincount(ways[:, 0], size[ways[:, 1]], n)
    keep = np.where(total > 0.0, keep, 1.0)
    part = size[ways[:, 1]] / np.where(total > 0.0, total, 1.0)[ways[:, 0]]
    kept, moving = keep * volume, (1.0 - keep) * volume
    for _ in range(60):
        if not np.any(moving):
            break
        arriving = np.bincount(ways[:, 1], moving[ways[:, 0]] * part, n)
        kept += keep * arriving
        moving = (1.0 - keep) * arriving
    return np.asarray(kept + moving)


def _advance(shell: Shell, volume: FloatArray, pinned: BoolArray, slide: BoolArray, depth: int) -> FloatArray:
    """Solve for the displacement; a step too large for Newton is taken in two halves."""
    points = shell.points
    metal = np.where(shell.bare, 0.0, shell.measures / 3.0)
    third = np.maximum(shell.to_vertices(metal[:, None])[:, 0], 1e-300)
    reachable = np.sqrt(third)[:, None]
    weak = np.zeros(len(points), dtype=np.bool_)
    for _ in range(4):
        middle, u, share = points, np.zeros_like(points), volume
        for _ in range(3):
            vectors = shell.area_vectors_at(middle)
            u = _directions(vectors, slide)
            along = np.sum(u * vectors, axis=1)
            keep = np.clip(along / third / REACH, 0.0, 1.0)
            keep[pinned | weak] = 0.0
            share = from_pinned(shell, _spread(shell, volume, keep, vectors), pinned | weak)
            s = np.where(share == 0.0, 0.0, share / np.where(along == 0.0, 1.0, along))
            middle = points + 0.5 * np.clip(s[:, None], -0.5 * reachable, 0.5 * reachable) * u
        amplitude, blame = _newton(shell, u, share)
        if amplitude is not None:
            if not _turned_over(shell, points + amplitude[:, None] * u):
                return np.asarray(amplitude[:, None] * u)
            break
        if not np.any(blame & ~weak):
            break
        weak |= blame
    if depth == HALVINGS:
        where = points[np.argmax(np.abs(volume) / third**1.5)]
        raise MeshError(f"the step is too large for the edges near {where.round(6).tolist()}")
    first = _advance(shell, 0.5 * volume, pinned, slide, depth + 1)
    second = shell.with_points(points + first)
    return first + _advance(second, 0.5 * volume, pinned, slide, depth + 1)


def _turned_over(shell: Shell, points: FloatArray) -> bool:
    """Whether the normal of a triangle turns by more than a right angle when the vertices go to `points`."""
    after = facet_vectors(points, shell.cells)
    return bool(np.any(np.sum(after * shell.normals, axis=1) <= 0.0))


def _newton(shell: Shell, u: FloatArray, volume: FloatArray) -> tuple[FloatArray | None, BoolArray]:
    """Amplitudes s with F_i(s) = volume_i, None if Newton does not find them; vertices to blame."""
    n, cells = len(shell.points), shell.cells
    blame: BoolArray = np.zeros(n, dtype=np.bool_)
    scale = float(np.max(np.abs(volume), initial=0.0))
    s = np.zeros(n)
    if scale == 0.0:
        return s, blame
    active = volume != 0.0
    i, j, k = (np.concatenate([cells[:, (c + shift) % 3] for c in range(3)]) for shift in range(3))
    a, b = shell.points[j] - shell.points[i], shell.points[k] - shell.points[i]
    flat, first = _triple(u[i], a, b) / 6.0, _triple(u[i], u[j], b) / 12.0
    second, both = _triple(u[i], a, u[k]) / 12.0, _triple(u[i], u[j], u[k]) / 18.0
    start = np.bincount(i, flat, n)
    for _ in range(25):
        reach = np.bincount(i, flat + s[j] * first + s[k] * second + s[j] * s[k] * both, n)
        blame = active & (reach * start <= 0.0)
        if np.any(blame):
            return None, blame
        residual = np.where(active, s * reach - volume, 0.0)
        if float(np.max(np.abs(residual))) <= 4e-16 * scale:
            return s, blame
        rows = np.concatenate((np.arange(n), i, i))
        columns = np.concatenate((np.arange(n), j, k))
        on = np.where(active[i], s[i], 0.0)
        entries = np.concatenate(
            (np.where(active, reach, 1.0), on * (first + s[k] * both), on * (second + s[j] * both))
        )
        step = splu(csc_array((entries, (rows, columns)), shape=(n, n))).solve(residual)
        s = np.asarray(s - step)
        if not np.all(np.isfinite(s)):
            return None, blame
        if float(np.max(np.abs(step))) <= 2e-16 * float(np.max(np.abs(s))):
            return s, blame
    return (s if float(np.max(np.abs(residual))) <= 1e-14 * scale else None), blame


def _triple(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    return np.asarray(np.sum(a * np.cross(b, c), axis=1))
