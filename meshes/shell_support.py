"""The smooth surface behind a shell: where a new vertex between the old ones has to be.

Flat triangles cut convex shapes. Here every vertex gets one normal for each smooth piece of surface around
it, and every triangle the cubic patch through its vertices with these normals (a PN triangle: A. Vlachos et
al., Curved PN triangles, 2001) with tangents as long as those of a circular arc: on a sphere points are of
fourth order.

Inversion e -> e/|e|^2 about a vertex takes a sphere through it to a plane parallel to the tangent plane. The
normal is the area vector of the polygon of the inverted neighbours: exact on spheres, also at a border (N.
Max, Weights for computing vertex normals from facet normals, 1999, is the case of closed rings). Likewise
e_1/|e_1|^2 + e_2/|e_2|^2 is the tangent of a line from vertex to vertex, exact on circles. Walls mirror.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .arrays import BoolArray, FloatArray, IntArray
from .nearest import nearest
from .shell import Shell

CREASE = np.cos(np.radians(40.0))
"""Normals of neighbours that turn by more than 40 degrees make a crease."""


@dataclass(frozen=True, eq=False)
class Support:
    """The smooth surface behind `shell`."""

    shell: Shell

    @cached_property
    def creased(self) -> BoolArray:
        """Edges across which the surface is not smooth: other kind or a sharp turn, shape (E,)."""
        shell = self.shell
        first, second = shell.edge_cells.T
        turn = np.sum(shell.normals[first] * shell.normals[second], axis=1)
        return np.asarray((second >= 0) & (shell.broken | (turn < CREASE)))

    @cached_property
    def _fan(self) -> IntArray:
        """Number of the smooth piece around its vertex that every corner belongs to, shape (m, 3)."""
        shell, m = self.shell, len(self.shell.cells)
        smooth = (shell.edge_cells[:, 1] >= 0) & ~self.creased
        one, other = shell.edge_cells[smooth].T
        pairs = []
        for vertex in shell.edges[smooth].T:
            corners = [
                3 * cell + np.argmax(shell.cells[cell] == vertex[:, None], axis=1) for cell in (one, other)
            ]
            pairs.append(np.stack(corners))
        i, j = np.concatenate(pairs, axis=1)
        graph = coo_array((np.ones(i.size), (i, j)), shape=(3 * m, 3 * m))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64).reshape(m, 3)

    @cached_property
    def normals(self) -> FloatArray:
        """Unit normal at every corner of every triangle, shape (m, 3, 3)."""
        shell, fan = self.shell, self._fan
        count = int(fan.max()) + 1
        corners = shell.points[shell.cells]
        to_next = inverted(corners[:, [1, 2, 0]] - corners)
        to_last = inverted(corners[:, [2, 0, 1]] - corners)
        total = _sum(fan, np.asarray(np.cross(to_next, to_last), dtype=np.float64), count)
        vertex = np.zeros(count, dtype=np.int64)
        vertex[fan.ravel()] = shell.cells.ravel()
        held = shell.fixed[vertex]
        begins, begins_on_wall = self._ends(to_next, 0)
        stops, stops_on_wall = self._ends(to_last, 1)
        # An open polygon is closed by its chord; where one end is on a wall it goes on to its mirror image.
        mirror = np.where(held, -1.0, 1.0)
        chord = np.cross(stops, begins)
        half = 0.5 * np.cross(mirror * begins, begins)
        chord = np.where((stops_on_wall & ~begins_on_wall)[:, None], half, chord)
        half = 0.5 * np.cross(stops, mirror * stops)
        chord = np.where((begins_on_wall & ~stops_on_wall)[:, None], half, chord)
        total += np.where((begins_on_wall & stops_on_wall)[:, None], 0.0, chord)
        flat = _sum(fan, np.repeat(shell.normals[:, None], 3, axis=1), count)
        flat[held] = total[held] = 0.0
        lengths, flat_lengths = (np.linalg.norm(x, axis=1, keepdims=True) for x in (total, flat))
        unit = total / np.maximum(lengths, np.finfo(float).tiny)
        mean = flat / np.maximum(flat_lengths, np.finfo(float).tiny)
        doubtful = np.sum(unit * mean, axis=1) < 0.8  # a fan of one triangle has no polygon
        unit[doubtful] = mean[doubtful]
        result = unit[fan]
        # A normal on a crease is at right angles to it.
        tangent = self.tangents[shell.cells]
        result -= np.sum(result * tangent, axis=2, keepdims=True) * tangent
        return np.asarray(result / np.linalg.norm(result, axis=2, keepdims=True))

    def _ends(self, towards: FloatArray, side: int) -> tuple[FloatArray, BoolArray]:
        """Inverted first (side 0) or last neighbour of every open fan, and whether it lies on a wall."""
        shell, fan = self.shell, self._fan
        count = int(fan.max()) + 1
        found, on_wall = np.zeros((count, 3)), np.zeros(count, dtype=np.bool_)
        rim = shell.edge_cells[:, 1] < 0
        for open_edges, wall in ((np.flatnonzero(self.creased), False), (np.flatnonzero(rim), True)):
            for column in (0, 1):
                cell = shell.edge_cells[open_edges, column]
                edge, cell = open_edges[cell >= 0], cell[cell >= 0]
                # In its own triangle an edge starts at the vertex whose fan it begins.
                forward = column == 0
                vertex = shell.edges[edge, side if forward else 1 - side]
                corner = np.argmax(shell.cells[cell] == vertex[:, None], axis=1)
                label = fan[cell, corner]
                found[label], on_wall[label] = towards[cell, corner], wall
        return found, on_wall

    @cached_property
    def tangents(self) -> FloatArray:
        """Unit tangent at vertices where two crease edges, or one and a wall, meet; else 0, shape (n, 3)."""
        shell, n = self.shell, len(self.shell.points)
        edges = shell.edges[self.creased]
        ways = np.concatenate((edges, edges[:, ::-1]))
        number = np.bincount(ways[:, 0], minlength=n)
        away = inverted(shell.points[ways[:, 1]] - shell.points[ways[:, 0]])
        tangent = np.zeros((n, 3))
        order = np.argsort(ways[:, 0], kind="stable")
        start = np.searchsorted(ways[order, 0], np.arange(n))
        two, one = np.flatnonzero(number == 2), np.flatnonzero((number == 1) & shell.fixed.any(axis=1))
        tangent[two] = away[order[start[two]]] - away[order[start[two] + 1]]
        tangent[one] = np.where(shell.fixed[one], away[order[start[one]]], 0.0)
        tangent[two] = np.where(shell.fixed[two], 0.0, tangent[two])
        length = np.linalg.norm(tangent, axis=1, keepdims=True)
        return np.asarray(tangent / np.where(length > 0.0, length, 1.0))

    @cached_property
    def controls(self) -> FloatArray:
        """Control points of the cubic patches, shape (m, 10, 3): corners, two per side, middle."""
        p, normal = self.shell.points[self.shell.cells], self.normals
        sides = []
        for a, b in ((0, 1), (1, 2), (2, 0)):
            sides.append(p[:, a] + _handle(p[:, b] - p[:, a], normal[:, a]))
            sides.append(p[:, b] + _handle(p[:, a] - p[:, b], normal[:, b]))
        mean = sum(sides) / 6.0
        middle = mean + 0.5 * (mean - p.mean(axis=1))
        return np.stack([*p.transpose(1, 0, 2), *sides, middle], axis=1)

    def on_faces(self, points: FloatArray, among: BoolArray) -> FloatArray:
        """Places of the smooth surface over the flat places nearest to `points` on triangles `among`."""
        chosen = np.flatnonzero(among)
        place = nearest(points, self.shell.points, self.shell.cells[chosen])
        u, v, w = place.weights.T
        sides = [3 * a * a * b for pair in ((u, v), (v, w), (w, u)) for a, b in (pair, pair[::-1])]
        basis = np.stack([u**3, v**3, w**3, *sides, 6 * u * v * w])
        return np.asarray(np.einsum("ck,kcd->kd", basis, self.controls[chosen[place.facet]]))

    def on_edges(self, points: FloatArray, among: BoolArray) -> FloatArray:
        """Places of the smooth lines over the flat places nearest to `points` on the edges `among`.

        Creases follow their tangents; an edge on the rim is a side of its triangle's patch and stays in its
        wall.
        """
        chosen = np.flatnonzero(among)
        ends = self.shell.edges[chosen]
        place = nearest(points, self.shell.points, ends)
        edge = chosen[place.facet]
        first, last = self.shell.edges[edge].T
        p, q = self.shell.points[first], self.shell.points[last]
        cell = self.shell.edge_cells[edge, 0]
        rows = np.arange(cell.size)
        handles = []
        for vertex, e in ((first, q - p), (last, p - q)):
            normal = self.normals[cell, np.argmax(self.shell.cells[cell] == vertex[:, None], axis=1)]
            tangent = self.tangents[vertex]
            tangent = tangent * np.sign(np.sum(tangent * e, axis=1))[:, None]
            crease = self.creased[edge] & np.any(tangent != 0.0, axis=1)
            handles.append(np.where(crease[:, None], _lengthened(tangent, e), _handle(e, normal)))
        handles = [
            np.where(self.creased[edge][:, None] & ~np.any(h, axis=1)[:, None], 0.0, h) for h in handles
        ]
        t = place.weights[rows, 1][:, None]
        s = 1.0 - t
        return np.asarray(
            s**3 * p + 3 * s * s * t * (p + handles[0]) + 3 * s * t * t * (q + handles[1]) + t**3 * q
        )


def inverted(vectors: FloatArray) -> FloatArray:
    """Images v / |v|^2 of vectors v, shape (..., 3)."""
    return np.asarray(vectors / np.sum(vectors**2, axis=-1, keepdims=True))


def _handle(edge: FloatArray, normal: FloatArray) -> FloatArray:
    """From the end of an edge to the next control point of the arc at right angles to `normal` there."""
    tangent = edge - np.sum(edge * normal, axis=1, keepdims=True) * normal
    length = np.linalg.norm(tangent, axis=1, keepdims=True)
    return _lengthened(tangent / np.where(length > 0.0, length, 1.0), edge)


def _lengthened(tangent: FloatArray, edge: FloatArray) -> FloatArray:
    """A circle's handle: 2/3 of the chord over 1 + cos of the angle between tangent and chord."""
    chord = np.linalg.norm(edge, axis=1, keepdims=True)
    cosine = np.clip(np.sum(tangent * edge, axis=1, keepdims=True) / chord, 0.0, 1.0)
    return np.asarray(2.0 / 3.0 * chord / (1.0 + cosine) * tangent)


def _sum(labels: IntArray, values: FloatArray, count: int) -> FloatArray:
    flat = values.reshape(-1, 3)
    return np.column_stack([np.bincount(labels.ravel(), column, count) for column in flat.T])
