"""The geometry of a growing cell in 3D: shells of triangles that are displaced and remeshed with the mesh.

Everything here works on rank 0 or on data that all ranks hold, and knows nothing of fields. Shells that meet
are not merged: growth goes on until deposits touch, and ends with a word on where.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial import cKDTree

from meshes.arrays import IntArray
from meshes.domain import Simplices, Skin
from meshes.errors import MeshError
from meshes.meeting import Contact
from meshes.remesh3d import remesh, resolving
from meshes.shell import Shell
from meshes.shell_advance import from_pinned
from meshes.shell_feet import advance_feet, sliding
from meshes.shell_shapes import plate
from meshes.shell_support import Support
from meshes.solid import Mesh3D, SizeField3D, tetrahedralise
from meshes.strip import limit_shell
from meshes.substrate import make_way_3d
from meshes.tags import BOUNDARIES
from meshes.touching import Touching, nearest_facing

from .cell import Cell
from .model import COUNTER, FRONT
from .shaping import SHRINK, STRETCH, Fronts, Resolved
from .types import BoolArray, FloatArray

EAGER = 0.8
"""Edges of a new front over those wanted: they grow before the next remeshing."""
TURN = 0.35
"""Largest angle in radians that an edge on curved metal spans."""
GROWN = 1.1
"""Sides of a triangle that is too large have to have grown by this before it is a reason to remesh."""
MEET = 0.5
"""Deposits touch when they are closer than this part of the edges."""


class Space:
    """Shaping in 3D; see shaping.Shaping."""

    from_mesh = True

    def __init__(self, cell: Cell) -> None:
        """Take sizes and walls from `cell`."""
        self.cell, unit, sizes = cell, cell.gap, cell.sizes
        self.next_patch = 0
        self.size = SizeField3D(
            bulk=sizes.bulk / unit,
            front=EAGER * sizes.front / unit,
            growth=sizes.growth,
            angle=TURN,
            finest=EAGER * sizes.smallest / unit,
            counter=EAGER * sizes.front / unit if cell.counter_moves else None,
        )

    def first(self) -> tuple[Fronts, Mesh3D]:
        """Fronts to begin with, and the mesh of the electrolyte; the counter electrode is one of them."""
        counter = self.cell.counter
        if counter is None:
            width, depth, height = self.cell.extent
            counter = plate(width, depth, self.size.bulk, height, above=True)
        fronts = {FRONT: _shell(self.cell.front), COUNTER: _shell(counter)}
        return fronts, tetrahedralise(fronts, self.size)

    def remade(
        self, fronts: Fronts, floating: Mapping[str, BoolArray], old: Simplices | None
    ) -> tuple[Fronts, Mesh3D]:
        """Mesh and fronts adapted to the sizes wanted; nodes where nothing is wrong stay."""
        if old is None:
            raise MeshError("in 3D a mesh is made from the one before")
        shells = {name: _shell(front) for name, front in fronts.items()}
        mesh, after = remesh(_ordered(old, shells), shells, self.size)
        return after, mesh

    def resolve(self, fronts: Fronts) -> Resolved:
        """Nothing is cut or merged.

        Raises:
            Touching: deposits are closer than part of an edge.
        """
        for name, front in fronts.items():
            place = (
                nearest_facing(_shell(front), MEET) if name != COUNTER or self.cell.counter_moves else None
            )
            if place is not None:
                raise Touching(place, self.cell.gap * 1e6)
        return Resolved(dict(fronts))

    def feet(self, front: Shell) -> tuple[BoolArray, BoolArray]:
        """Rims of deposit on bare substrate: pinned, or sliding where the deposit leans over far enough."""
        if not front.feet.any():
            none = np.zeros(len(front.points), dtype=np.bool_)
            return none, none
        slides = sliding(front, self._limits(front))
        return front.feet & ~slides, slides

    def displaced(self, front: Shell, volume: FloatArray, pinned: BoolArray, slide: BoolArray) -> Shell:
        """The shell when every vertex has received its `volume` (mesh units cubed)."""
        moved = advance_feet(front, volume, pinned, slide, self._limits(front))
        return make_way_3d(front, moved, slide & ~pinned)

    def _limits(self, front: Shell) -> FloatArray:
        """Advancing contact angle of the bare substrate at every vertex, infinite elsewhere, shape (n,)."""
        angles = np.array([
            self.cell.surfaces[name].contact_angle if name in self.cell.surfaces else np.inf
            for name in front.names
        ])  # fmt: skip
        result = np.full(len(front.points), np.inf)
        for corner in range(3):
            np.minimum.at(result, front.cells[front.bare, corner], angles[front.surface[front.bare]])
        return result

    def evened(self, front: Shell, floating: BoolArray) -> Shell:
        """Vertices stay where they are; remeshing evens them."""
        return front

    def worn(self, front: Shell, floating: BoolArray, start: FloatArray) -> str:
        """Why the shell wants other vertices; `start`: areas of its triangles when the mesh was made."""
        metal = ~front.bare
        if not metal.any():
            return ""
        sides = np.sqrt(front.measures / 0.433)  # of a regular triangle of this area
        wanted = front.on_facets(resolving(Support(front), self.size.front, self.size)) / EAGER
        grown = front.measures > GROWN**2 * start  # or the next remeshing would find it as it is, too
        if (metal & grown & (sides > STRETCH * wanted)).any():
            return "a triangle of the front is too large"
        if (front.measures < SHRINK**2 * start).any():
            return "a triangle of the front has shrunk"
        return ""

    def meeting(self, fronts: Fronts, distance: float) -> Contact | None:
        """Where vertices of working and counter electrode are nearest, if nearer than `distance`."""
        front = _shell(fronts[FRONT])
        others = _shell(fronts[COUNTER]).points if COUNTER in fronts else np.array([[0.0, 0.0, 1.0]])
        grounded = np.flatnonzero(front.vertices_of(front.patch < 0))
        if not grounded.size:
            return None
        if np.ptp(others[:, 2]) == 0.0:
            at = front.points[grounded[np.argmax(front.points[grounded, 2])]]
            apart, other = float(others[0, 2] - at[2]), np.array([*at[:2], others[0, 2]])
        else:
            apart_all, near = cKDTree(others).query(front.points[grounded])
            k = int(np.argmin(apart_all))
            apart, at, other = float(apart_all[k]), front.points[grounded[k]], others[near[k]]
        place = tuple(float(x) for x in 0.5 * (at + other))
        return Contact(apart, place) if apart < distance else None

    def settled(self, front: Shell, volume: FloatArray, pinned: BoolArray) -> FloatArray:
        """`volume` when pinned vertices have passed theirs on to the next free ones."""
        return from_pinned(front, volume, pinned)

    def available(self, front: Shell, volume: FloatArray, given: FloatArray | None) -> FloatArray:
        """`volume` such that no vertex gives more metal than lies over the collector; the sum stays."""
        return limit_shell(front, volume, given)

    def stripped(self, front: Shell, dissolving: BoolArray) -> tuple[Shell, float]:
        """Deposit that is used up stays what it is: laying substrate bare is for 2D."""
        return front, 0.0


def _shell(front: Skin) -> Shell:
    if not isinstance(front, Shell):
        raise TypeError("a cell in space has shells for fronts")
    return front


def _ordered(old: Simplices, shells: Mapping[str, Shell]) -> Mesh3D:
    """The mesh in an order that does not hang on the number of ranks; the triangles of the shells first."""
    rows, tags, start = [], [], 0
    for name, shell in shells.items():
        rows.append(shell.cells + start)
        tags.append(np.full(len(shell.cells), BOUNDARIES[name]))
        start += len(shell.points)
    inner = np.lexsort(np.round(old.points[start:], 9).T)  # rounding differs between numbers of ranks
    number = np.arange(len(old.points))
    number[start + inner] = start + np.arange(len(inner))
    points = np.concatenate((old.points[:start], old.points[start:][inner]))
    other = ~np.isin(old.tags, [BOUNDARIES[name] for name in shells])
    rest, rest_tags = np.sort(number[old.facets[other]], axis=1), old.tags[other]
    order = np.lexsort(rest.T)
    facets: IntArray = np.concatenate([*rows, rest[order]])
    cells = np.sort(number[old.cells], axis=1)
    cells = cells[np.lexsort(cells.T)]
    x = points[cells]
    inverted = np.linalg.det(x[:, 1:] - x[:, :1]) < 0.0
    cells[inverted] = cells[inverted][:, [0, 2, 1, 3]]
    return Mesh3D(points, cells, facets, np.concatenate([*tags, rest_tags[order]]))
