"""What a way that is cut out of the front enclosed: pockets of electrolyte, pieces of metal, or neither.

The way and the shortcut that replaces it form a closed line that may cross itself. Each of its faces lies in
metal or electrolyte before and after the cut, told by winding numbers: from electrolyte to metal it is a
pocket, from metal to electrolyte a detached piece; all else is overlap of a front that had crossed itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from .arrays import BoolArray, FloatArray
from .front import DEPOSIT, Chain, Front
from .proximity import cross


def enclosed(
    ring: FloatArray, after: Front, large: float
) -> tuple[list[shapely.Polygon], list[shapely.Polygon]]:
    """Large pockets of electrolyte and pieces of metal enclosed by the way dropped, closed to `ring`.

    Args:
        ring: the way dropped and the place where it began and ended, shape (k, 2).
        after: the one chain that remains.
        large: smallest area that counts.
    """
    closed = np.concatenate((ring, ring[:1]))
    faces = [face for face in _faces(shapely.LineString(closed)) if face.area > large]
    outline, outside = _metal(after, ring)
    trapped, detached = [], []
    for face in faces:
        inside = shapely.get_coordinates(shapely.point_on_surface(face))[0]
        now = outside + _winding(outline, inside)
        before = now - _winding(closed, inside)
        if (before, now) == (0, 1):
            trapped.append(face)
        elif (before, now) == (1, 0):
            detached.append(face)
    return trapped, detached


def _faces(line: shapely.LineString) -> list[shapely.Polygon]:
    """What a line that may cross itself divides the plane into, without the outside."""
    noded: shapely.Geometry
    try:
        noded = shapely.node(line)
    except shapely.GEOSException:  # it lies on top of itself for a while; this one snaps
        noded = shapely.union_all(np.array([line]))
    return list(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def _metal(chain: Front, ring: FloatArray) -> tuple[FloatArray, int]:
    """Outline of a chain's metal, counter-clockwise, and how often it goes around places outside (0 or 1).

    A chain from wall to wall is closed below everything, one that runs counter-clockwise at infinity.
    """
    points = chain.points
    if chain.chains[0].walls is None:
        return np.concatenate((points[::-1], points[-1:])), int(signed_area(points) > 0.0)
    floor = min(float(points[:, 1].min()), float(ring[:, 1].min())) - 1.0
    (x0, _), (x1, _) = points[0], points[-1]
    return np.concatenate((points[::-1], [(x0, floor), (x1, floor)], points[-1:])), 0


def signed_area(points: FloatArray) -> float:
    """Area inside a closed polyline without repeated vertex, positive if it runs counter-clockwise."""
    return 0.5 * float(np.sum(cross(points - points[0], np.roll(points, -1, axis=0) - points[0])))


def _winding(closed: FloatArray, place: FloatArray) -> int:
    """How often the closed polyline (last point = first) goes around a place, counter-clockwise."""
    p, q = closed[:-1] - place, closed[1:] - place
    side = cross(p, q)
    up = (p[:, 1] <= 0.0) & (q[:, 1] > 0.0) & (side > 0.0)
    down = (p[:, 1] > 0.0) & (q[:, 1] <= 0.0) & (side < 0.0)
    return int(up.sum()) - int(down.sum())


def piece(face: shapely.Polygon, like: Front, patch: int, walls: tuple[float, ...]) -> Front:
    """Detached metal as a chain of its own: closed and clockwise, or from a wall back to the same wall.

    Args:
        face: the metal.
        like: a front with the names and the base that the new one has; films are those of its nearest edges.
        patch: its patch number.
        walls: abscissae of the walls; an edge of `face` on one of them is no surface.
    """
    points = shapely.get_coordinates(shapely.geometry.polygon.orient(face, -1.0).exterior)[:-1].copy()
    chain = Chain(len(points), None)
    for wall in walls:
        on = np.abs(points[:, 0] - wall) <= 1e-12 * (1.0 + abs(wall))
        points[on, 0] = wall
        along = np.flatnonzero(on & np.roll(on, -1))
        if along.size:
            # the edges along the wall follow each other; what remains begins where they end
            last = int(along[~np.isin((along + 1) % len(points), along)][0])
            points = np.roll(points, -(last + 1), axis=0)[: len(points) - along.size + 1]
            chain = Chain(len(points), (0, 0))
            break
    ends = points if chain.walls else np.concatenate((points, points[:1]))
    middles = 0.5 * (ends[:-1] + ends[1:])
    return replace(
        like,
        points=points,
        surface=np.full(chain.edges, DEPOSIT, dtype=np.int8),
        coverage=np.ones(chain.edges),
        patch=np.full(chain.edges, patch, dtype=np.int32),
        chains=(chain,),
        film=like.film[like.locate(middles).facet],
    )


def rolled(chain: Front, start: int) -> Front:
    """The same closed chain with its vertex `start` as first one."""
    return chain.remade(
        np.roll(chain.points, -start, axis=0),
        np.roll(np.arange(len(chain.surface)), -start),
    )


def blunted(chain: Front, tip: int, centre: FloatArray, radius: float) -> Front:
    """Cut off a tip of metal so that nothing of it is closer to `centre` than about `radius`.

    Both sides of the tip are followed to where they leave the disc, or to a foot, and joined by a chord; on a
    wall the chord is normal to the wall. The chain itself where the disc holds too much of it.
    """
    closed = chain.chains[0].walls is None
    middle = len(chain.points) // 2
    if closed:
        chain, tip = rolled(chain, (tip - middle) % len(chain.points)), middle
    points, last = chain.points, len(chain.points) - 1
    stop: BoolArray = np.hypot(*(points - centre).T) >= radius
    stop = stop | chain.breaks
    before, after = np.flatnonzero(stop[:tip]), np.flatnonzero(stop[tip + 1 :]) + tip + 1
    if (before.size == 0 and tip > 0) or (after.size == 0 and tip < last) or np.count_nonzero(stop) < 3:
        return chain
    a, b = (int(before[-1]) if tip > 0 else -1), (int(after[0]) if tip < last else last + 1)
    left = _leaves(points[a], points[a + 1], centre, radius) if a >= 0 else np.empty((0, 2))
    right = _leaves(points[b], points[b - 1], centre, radius) if b <= last else np.empty((0, 2))
    if a < 0:
        end = right[0] if len(right) else points[b]
        left = np.array([[points[0, 0], end[1]]])
    if b > last:
        end = left[-1] if len(left) else points[a]
        right = np.array([[points[-1, 0], end[1]]])
    chord = tip - 1 if tip > 0 else 0
    keep = np.concatenate((
        np.arange(max(a, 0)), [a] * (len(left) if a >= 0 else 0), [chord],
        [b - 1] * (len(right) if b <= last else 0), np.arange(b, last + closed),
    )).astype(np.int64)  # fmt: skip
    return chain.remade(
        np.concatenate((points[: a + 1], left, right, points[b:])),
        keep,
    )


def _leaves(outer: FloatArray, inner: FloatArray, centre: FloatArray, radius: float) -> FloatArray:
    """Where the segment from `inner` to `outer` leaves the disc, shape (1, 2); none close to `outer`."""
    along, offset = outer - inner, inner - centre
    a, b, c = along @ along, along @ offset, offset @ offset - radius * radius
    t = (-b + np.sqrt(max(float(b * b - a * c), 0.0))) / a
    near_outer = (1.0 - t) * np.sqrt(a) < 0.2 * radius
    return np.empty((0, 2)) if near_outer or t <= 0.0 else (inner + t * along)[None]
