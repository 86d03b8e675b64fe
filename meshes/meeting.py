"""Where the working electrode and the counter electrode come closest: the place of a short circuit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from .arrays import BoolArray, FloatArray
from .front import Front


@dataclass(frozen=True)
class Contact:
    """Closest approach of two electrodes.

    Attributes:
        distance: between them, 0 where they cross.
        place: midway between the closest points, (x, y) or (x, y, z).
    """

    distance: float
    place: tuple[float, ...]


def meeting(front: Front, counter: Front | float, distance: float) -> Contact | None:
    """Closest approach of the working electrode's connected metal to the counter electrode.

    Args:
        front: the working electrode; its floating patches (patch >= 0) carry no current to the collector.
        counter: front of the counter electrode (its patches < 0 count), or its height where it is straight.
        distance: electrodes closer than this meet.

    Returns:
        None if they are further apart.
    """
    grounded = front.patch < 0
    if not grounded.any():
        return None
    if not isinstance(counter, Front):
        vertices = np.flatnonzero(front.vertices_of(grounded))
        x, y = front.points[vertices[np.argmax(front.points[vertices, 1])]]
        apart = max(float(counter - y), 0.0)
        return Contact(apart, (float(x), 0.5 * float(y + counter))) if apart < distance else None
    own, others = _ends(front, grounded), _ends(counter, counter.patch < 0)
    if len(others) == 0:
        return None
    low = others.min(axis=(0, 1)) - distance
    high = others.max(axis=(0, 1)) + distance
    own = own[np.all((own.max(axis=1) >= low) & (own.min(axis=1) <= high), axis=1)]
    if len(own) == 0:
        return None
    lines = np.asarray(shapely.linestrings(own))
    tree = shapely.STRtree(np.asarray(shapely.linestrings(others)))
    (k, near), apart_all = tree.query_nearest(
        lines, max_distance=distance, return_distance=True, all_matches=False
    )
    if len(apart_all) == 0:
        return None
    best = int(np.argmin(apart_all))
    between = shapely.shortest_line(lines[k[best]], tree.geometries[near[best]])
    x, y = shapely.get_coordinates(between).mean(axis=0)
    found = float(apart_all[best])
    return Contact(found, (float(x), float(y))) if found < distance else None


def _ends(front: Front, edges: BoolArray) -> FloatArray:
    """Both ends of the given edges, shape (k, 2, 2)."""
    return np.asarray(front.points[front.cells[edges]])


def mirrored(front: Front, gap: float) -> Front:
    """The front seen from the other side: y -> gap - y, every chain run through backwards.

    Metal stays on the right-hand side. A counter electrode that runs from right to left above its metal
    becomes one that runs from left to right below, and mirrored twice it is as before.
    """
    return Front.joined([_mirrored(chain, gap) for chain in front.parts()])


def _mirrored(chain: Front, gap: float) -> Front:
    walls = chain.chains[0].walls
    closing = (
        len(chain.surface) if walls else len(chain.surface) - 1
    )  # the edge to the first vertex stays last
    order = np.concatenate((np.arange(closing)[::-1], np.arange(closing, len(chain.surface))))
    turned = chain.chained(chain.points[::-1], order, walls[::-1] if walls else None)
    return replace(turned, points=turned.points * (1.0, -1.0) + (0.0, gap), base=gap - chain.base)
