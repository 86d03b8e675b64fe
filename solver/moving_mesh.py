"""The sharp interface: a mesh that moves with the front, and is made anew when it has moved too far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from scipy.spatial import cKDTree

from meshes.advance import displace, lift
from meshes.domain import Domain
from meshes.front import Front
from meshes.merge import Resolution, resolve
from meshes.parallel import on_root, on_root_only
from meshes.resample import relative_lengths, resample
from meshes.transfer import interpolate
from meshes.triangulate import Mesh2D, SizeField, triangulate

from .cell import Cell, Sizes
from .compiled import Compiled
from .discretisation import Stored
from .equations import FILM, POTENTIAL
from .growing import Floating, Growing
from .model import LIQUID
from .motion import Extension, MotionForms, project
from .types import BoolArray, FloatArray

QUALITY = 0.3
"""Remesh when the worst cell falls below this (1 is equilateral)."""
STRETCH = 1.6
"""Remesh when a front edge is longer than this times the length wanted there."""
SHRINK = 0.4
"""Remesh when a front edge is shorter than this times what it was when the mesh was made."""
FINE = 0.5
"""Remesh when half of the front has edges shorter than this times the length wanted there."""
DIGITS = 6
"""Decimals of places in units of the gap that the mesher is shown."""
TURN = 0.35
"""Largest turn of the smooth front per edge, in radians."""


@dataclass(frozen=True)
class Remeshed:
    """What a remeshing did: transport on the new mesh, memory functional, and what was lost on the way.

    Attributes:
        problem: fields on the new mesh.
        memory: the functional the next step starts from.
        defect: relative amount of salt that interpolation alone would have lost or made.
        lost: amount of every species in the electrolyte that was cut off, mol per m depth.
        trapped, bridged, detached: areas as in `meshes.merge.Resolution`, mesh units squared.
    """

    problem: Growing
    memory: Stored
    defect: float
    lost: FloatArray
    trapped: float
    bridged: float
    detached: float
    events: tuple[str, ...]


def wanted_edges(sizes: Sizes, unit: float, front: Front, floating: BoolArray) -> Callable[..., FloatArray]:
    """Edge length wanted on the front as a function of place and curvature, in mesh units.

    Small on tips, and on floating seeds and in the gaps between them. Grooves and the feet of deposits, where
    little happens, ask for nothing.
    """
    largest, smallest, seed = sizes.front / unit, sizes.smallest / unit, sizes.seed / unit
    vertices = np.zeros(front.points.shape[0], dtype=bool)
    vertices[:-1] |= floating
    vertices[1:] |= floating
    tree = cKDTree(front.points[vertices]) if vertices.any() else None

    def size(points: FloatArray, curvature: FloatArray) -> FloatArray:
        wanted = np.full(points.shape[0], largest)
        if tree is not None:
            wanted = np.minimum(wanted, seed + 0.3 * tree.query(points)[0])
        curved = TURN / np.maximum(curvature, 1e-300)
        return np.asarray(np.maximum(np.minimum(wanted, curved), np.minimum(smallest, wanted)))

    return size


def triangulate_alike(front: Front, width: float, field: SizeField) -> Mesh2D:
    """Triangulate the electrolyte above `front`; fronts alike but for rounding get meshes alike.

    A mesher decides by the last digit, and these hang on the number of ranks. It is given rounded places.
    """
    rounded = np.round(front.points, DIGITS)
    rounded[[0, -1], 0] = front.points[[0, -1], 0]
    mesh = triangulate(front.with_points(rounded), width, 1.0, field)
    points = mesh.points.copy()
    points[: mesh.n_front] = front.points
    return replace(mesh, points=points)


class MovingMesh:
    """Meshes, moves and remeshes the electrolyte above the front."""

    def __init__(self, comm: MPI.Intracomm, cell: Cell) -> None:
        """Compile what every mesh needs."""
        self.comm, self.cell, self.unit = comm, cell, cell.gap
        self.forms = MotionForms(comm)
        self.model = replace(cell.physics.model, area=cell.width)
        self._compiled: Compiled | None = None
        self._width = cell.width / cell.gap
        self._extension: Extension | None = None

    def first(self, floating: Floating) -> Growing:
        """Mesh the initial front; fields are zero."""
        return self._new(self._resampled(self.cell.front, self.cell.front.patch >= 0), floating)

    def move(self, problem: Growing, volume: FloatArray, pinned: BoolArray, slide: BoolArray) -> Stored:
        """Move front and mesh by the deposited `volume` per vertex (mesh units squared).

        What the next step starts from is the functional Q on the mesh before the motion d, and what d takes
        along: Q(v) - (density of Q, d . grad v) midway of the motion, where this is exact for triangles. A
        uniform concentration stays uniform under any motion of inner nodes, and since the gradients of the v
        sum to zero, no motion changes the amount of a species (Formaggia and Nobile, Comput. Methods Appl.
        Mech. Eng. 193, 4097 (2004)).

        Returns:
            That functional.
        """
        domain, extension = problem.domain, self._extension_of(problem.domain)
        before = domain.front.points
        moved = before + displace(domain.front, volume, pinned, slide, self._width)
        after = lift(domain.front.with_points(moved)).points
        start = domain.coordinates.copy()
        memory = problem.stored()
        end = extension.start + extension.displacement(after)
        motion = problem.displacement
        blocks = np.empty(domain.coordinates.shape[0], dtype=np.int32)
        blocks[domain.space.dofmap.list.ravel()] = motion.function_space.dofmap.list.ravel()
        motion.x.array.reshape(-1, 2)[blocks] = end - start
        extension.place(0.5 * (start + end))
        memory[LIQUID] = memory[LIQUID] - problem.carried()
        extension.place(end)
        domain.front = domain.front.with_points(after)
        return memory

    def worn(self, domain: Domain, floating: BoolArray) -> bool:
        """Whether the mesh should be made anew."""
        if domain.minimum_quality() < QUALITY:
            return True
        front = domain.front
        relative = relative_lengths(front, wanted_edges(self.cell.sizes, self.unit, front, floating))
        shrunk = front.lengths < SHRINK * self._extension_of(domain).front_lengths
        too_fine = front.lengths[relative < FINE].sum() > 0.5 * front.lengths.sum()
        return bool((relative > STRETCH).any() or shrunk.any() or too_fine)

    def resolve(self, domain: Domain, distance: float) -> Resolution:
        """Loops, merging and pinch-off of the present front."""
        front = domain.front
        return on_root(self.comm, lambda: resolve(front, self._width, 1.0, distance))

    def remesh(self, problem: Growing, memory: Stored, resolution: Resolution) -> Remeshed:
        """A new mesh of the present front, with all fields carried over and every amount kept.

        The concentrations that go over are the projections of `memory`, so that they belong to the mesh where
        it is now. After interpolation the amounts are restored by one factor per species.
        """
        old, eq = problem.domain, problem.equations
        names, width = problem.model.closure.unknowns, len(problem.equations.fields)
        amounts = problem.amounts(memory)
        by_field = memory[LIQUID].reshape(-1, width)[problem.owned_nodes]
        fields = [
            project(self.forms, old, np.asarray(by_field[:, i] / (eq.scale[name] * eq.c0)))
            for i, name in enumerate(names)
        ]
        potential = fem.Function(old.space)
        potential.x.array[:] = problem.nodal(POTENTIAL)
        front = resolution.front
        floats = np.asarray(problem.floating.position(front.patch) >= 0)
        new = self._new(self._resampled(front, floats), problem.floating)
        carried = interpolate([*fields, potential], old, new.domain)
        new.set_nodal(POTENTIAL, carried[-1].x.array)
        enclosed = resolution.trapped_area + resolution.bridged_area - resolution.detached_area
        part = enclosed / self._electrolyte_area(old.front)
        factors = []
        for name, concentration in zip(names, carried, strict=False):
            new.set_concentration(name, concentration.x.array)
        found = new.amounts(new.stored())
        for name, concentration in zip(names, carried, strict=False):
            factors.append((1.0 - part) * amounts[name] / found[name])
            new.set_concentration(name, factors[-1] * concentration.x.array)
        new.set_potentials(problem.potentials)
        for name in (n for n in eq.names if n.startswith(FILM)):
            new.set_film(name, problem.film_at(name, new.domain.coordinates))
        lost = part * np.array([amounts[name] for name in names])
        return Remeshed(
            new,
            new.stored(),
            float(np.max(np.abs(np.array(factors) - 1.0), initial=0.0)),
            lost,
            resolution.trapped_area,
            resolution.bridged_area,
            resolution.detached_area,
            tuple(resolution.events),
        )

    def _electrolyte_area(self, front: Front) -> float:
        return self._width - front.metal_area()

    def _resampled(self, front: Front, floating: BoolArray) -> Front:
        def work() -> Front:
            size = wanted_edges(self.cell.sizes, self.unit, front, floating)
            return lift(resample(lift(front), size, np.zeros(front.points.shape[0], dtype=bool)))

        return on_root(self.comm, work)

    def _new(self, front: Front, floating: Floating) -> Growing:
        sizes = self.cell.sizes
        field = SizeField(growth=sizes.growth, bulk=sizes.bulk / self.unit)
        mesh = on_root_only(self.comm, lambda: triangulate_alike(front, self._width, field))
        domain = Domain(self.comm, front, mesh, self._width, 1.0, self.unit)
        problem = Growing(self.model, domain, floating, self._compiled)
        self._compiled = problem.compiled
        return problem

    def _extension_of(self, domain: Domain) -> Extension:
        if self._extension is None or self._extension.domain is not domain:
            if self._extension is not None:
                self._extension.destroy()
            self._extension = Extension(self.forms, domain)
        return self._extension
