"""The geometry of a growing cell in 2D: polylines that are displaced, cut, merged, resampled and meshed.

Everything here works on rank 0 or on data that all ranks hold, and knows nothing of fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from meshes.advance import displace, from_pinned, lift, redistribute
from meshes.domain import Simplices, Skin
from meshes.front import Front
from meshes.meeting import Contact, meeting, mirrored
from meshes.merge import resolve
from meshes.resample import relative_lengths, resample
from meshes.shapes import ISLAND, MATRIX
from meshes.strip import limit, strip
from meshes.substrate import make_way
from meshes.triangulate import Mesh2D, SizeField, triangulate

from .cell import Cell, Sizes
from .coverage import feet
from .model import COUNTER, FRONT
from .observables import seed_places
from .shaping import FINE, SHRINK, STRETCH, Fronts, Resolved
from .types import BoolArray, FloatArray

DIGITS = 6
"""Decimals of places in units of the gap that the mesher is shown."""
TURN = 0.35
"""Largest turn of the smooth front per edge, in radians."""
MERGE = 0.3
"""Parts of a front closer than this times the usual edge merge."""
BARE = 1e-7
"""Thickness of deposit in units of the gap that counts as none."""


def wanted_edges(sizes: Sizes, unit: float, front: Front, floating: BoolArray) -> Callable[..., FloatArray]:
    """Edge length wanted on the front as a function of place and curvature, in mesh units.

    Small on tips, and on floating seeds and in the gaps between them. Grooves and the feet of deposits, where
    little happens, ask for nothing.
    """
    largest, smallest, seed = sizes.front / unit, sizes.smallest / unit, sizes.seed / unit
    vertices = front.vertices_of(floating)
    tree = cKDTree(front.points[vertices]) if vertices.any() else None

    def size(points: FloatArray, curvature: FloatArray) -> FloatArray:
        wanted = np.full(points.shape[0], largest)
        if tree is not None:
            wanted = np.minimum(wanted, seed + 0.3 * tree.query(points)[0])
        curved = TURN / np.maximum(curvature, 1e-300)
        return np.asarray(np.maximum(np.minimum(wanted, curved), np.minimum(smallest, wanted)))

    return size


class Plane:
    """Shaping in 2D; see shaping.Shaping."""

    from_mesh = False

    def __init__(self, cell: Cell) -> None:
        """Take sizes and walls from `cell`."""
        self.cell, self.unit = cell, cell.gap
        self.width = cell.extent[0]
        self.next_patch = 0
        self._islands = seed_places(cell.front)
        self._base = float(np.max(cell.bases, initial=0.0)) / cell.gap
        self.field = SizeField(growth=cell.sizes.growth, bulk=cell.sizes.bulk / cell.gap)

    def first(self) -> tuple[Fronts, Mesh2D]:
        """Fronts to begin with, resolved as asked for, and the mesh of the electrolyte."""
        fronts = {FRONT: self.cell.front} | (
            {} if self.cell.counter is None else {COUNTER: self.cell.counter}
        )
        return self.remade(fronts, {name: front.patch >= 0 for name, front in fronts.items()}, None)

    def remade(
        self, fronts: Fronts, floating: Mapping[str, BoolArray], old: Simplices | None
    ) -> tuple[Fronts, Mesh2D]:
        """Fronts with vertices added and removed where resolution asks for it, and a new mesh."""
        better = {name: self._resampled(_polyline(front), floating[name]) for name, front in fronts.items()}
        return better, self.mesh(better)

    def mesh(self, fronts: Mapping[str, Front]) -> Mesh2D:
        """Triangulate the electrolyte; fronts alike but for rounding get meshes alike.

        A mesher decides by the last digit, and these hang on the number of ranks. It is given rounded places.
        """
        rounded, exact = {}, []
        for name, front in fronts.items():
            points = np.where(front.fixed, front.points, np.round(front.points, DIGITS))
            rounded[name] = replace(front, points=points, base=round(front.base, DIGITS))
            exact.append(front.points)
        mesh = triangulate(rounded, self.width, 1.0, self.field)
        points = mesh.points.copy()
        vertices = np.concatenate(exact)
        points[: len(vertices)] = vertices
        return replace(mesh, points=points)

    def feet(self, front: Front) -> tuple[BoolArray, BoolArray]:
        """Vertices where a deposit ends on bare substrate: pinned, sliding."""
        return feet(front, self.cell.surfaces)

    def displaced(self, front: Front, volume: FloatArray, pinned: BoolArray, slide: BoolArray) -> Front:
        """The front when every vertex has received its `volume` (mesh units squared)."""
        moved = front.with_points(front.points + displace(front, volume, pinned, slide))
        return lift(make_way(front, moved, slide & ~pinned))

    def evened(self, front: Front, floating: BoolArray) -> Front:
        """Vertices slid along the front towards the spacing wanted, if the cell asks for it."""
        if not self.cell.redistribute:
            return front
        return redistribute(front, wanted_edges(self.cell.sizes, self.unit, front, floating))

    def worn(self, front: Front, floating: BoolArray, start: FloatArray) -> str:
        """Why the front wants other vertices; `start`: its edge lengths when the mesh was made."""
        relative = relative_lengths(front, wanted_edges(self.cell.sizes, self.unit, front, floating))
        if (relative > STRETCH).any():
            return "a front edge is too long"
        if (front.lengths < SHRINK * start).any():
            return "a front edge has shrunk"
        if front.lengths[relative < FINE].sum() > 0.5 * front.lengths.sum():
            return "the front is finer than needed"
        return ""

    def resolve(self, fronts: Fronts) -> Resolved:
        """Loops, merging, pinch-off of fronts that run across the cell; others must stay simple."""
        result = Resolved(dict(fronts))
        for name, front in fronts.items():
            line, upper = _polyline(front), name == COUNTER
            if not any(line.across):
                continue
            distance = MERGE * float(np.median(line.lengths))
            self.next_patch = max(self.next_patch, int(line.patch.max()) + 1)
            given = mirrored(line, 1.0) if upper else line
            found = resolve(given, self.width, 1.0, distance, self.next_patch)
            if found.changed:
                result.fronts[name] = mirrored(found.front, 1.0) if upper else found.front
                result.changed = True
                result.trapped[name] = found.trapped_area
                result.bridged[name] = found.bridged_area
                result.events += found.events
                result.dead[name] = found.dead
        return result

    def meeting(self, fronts: Fronts, distance: float) -> Contact | None:
        """Where working and counter electrode are nearest, if nearer than `distance`."""
        counter = fronts.get(COUNTER)
        return meeting(_polyline(fronts[FRONT]), 1.0 if counter is None else _polyline(counter), distance)

    def settled(self, front: Front, volume: FloatArray, pinned: BoolArray) -> FloatArray:
        """`volume` when pinned vertices have passed theirs on to the next free ones."""
        return from_pinned(front, volume, pinned)

    def available(self, front: Front, volume: FloatArray, given: FloatArray | None) -> FloatArray:
        """`volume` such that no vertex gives more metal than lies over the collector; the sum stays."""
        return limit(front, volume, given)

    def stripped(self, front: Front, dissolving: BoolArray) -> tuple[Front, float]:
        """The front less deposit that is used up, and the area that went with it."""
        found = strip(front, self._substrate, BARE, dissolving)
        return found.front, found.area

    def _substrate(self, x: FloatArray) -> npt.NDArray[np.int64]:
        """Kind of the substrate at abscissae in mesh units: island under what was a seed, else matrix."""
        kinds = np.full(x.size, MATRIX, dtype=np.int64)
        for middle in self._islands[:, 0]:
            kinds[np.abs(x - middle) < 0.5 * self._base] = ISLAND
        return kinds

    def _resampled(self, front: Front, floating: BoolArray) -> Front:
        size = wanted_edges(self.cell.sizes, self.unit, front, floating)
        return lift(resample(lift(front), size, np.zeros(front.points.shape[0], dtype=bool)))


def _polyline(front: Skin) -> Front:
    if not isinstance(front, Front):
        raise TypeError("a plane cell has polylines for fronts")
    return front
