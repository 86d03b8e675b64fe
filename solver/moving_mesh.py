"""The sharp interface: a mesh that moves with the fronts, and is made anew when it has moved too far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.domain import Domain, Mesh, Simplices
from meshes.numbering import Numbering
from meshes.parallel import on_root, on_root_only
from meshes.shares import carry_facets, carry_shares
from meshes.transfer import interpolate

from .archive import OnFirst, Tree
from .cell import Cell
from .compiled import Compiled
from .discretisation import Stored
from .equations import FILM, POTENTIAL
from .growing import Floating, Growing, present
from .kept import found_skins, kept_skins
from .memory import Memory
from .model import LIQUID
from .motion import Extension, MotionForms, project
from .plane import Plane
from .shaping import QUALITY, Fronts, Resolved, Shaping
from .space import Space
from .types import BoolArray, FloatArray

MESH = ("cells", "facets", "tags")
"""What a mesh consists of besides its points."""


@dataclass(frozen=True)
class Place:
    """Where mesh and fronts are: positions of the local P1 dofs, and the fronts."""

    positions: FloatArray
    fronts: Fronts


@dataclass(frozen=True)
class Remeshed:
    """What a remeshing did.

    Attributes:
        problem: fields on the new mesh.
        memory: the functionals the next step starts from.
        volumes: those of the last step at the vertices of the new fronts.
        films: what it added to the films on the facets of the new fronts.
        defect: largest relative amount of a species that interpolation alone would have lost or made.
        lost: amount of every species in the electrolyte that was cut off, mol (per m depth in 2D).
    """

    problem: Growing
    memory: Memory
    volumes: dict[str, FloatArray]
    films: dict[str, FloatArray]
    defect: float
    lost: FloatArray


class MovingMesh:
    """Meshes, moves and remeshes the electrolyte between the fronts.

    Attributes:
        shaping: geometry of the fronts.
        forms: of the equations that the mesh moves by.
        model: the cell's, with its area.
        extension: what spreads the motion of the fronts into the present mesh; None before the first one.
    """

    def __init__(self, comm: MPI.Intracomm, cell: Cell) -> None:
        """Compile what every mesh needs."""
        self.comm, self.cell, self.unit = comm, cell, cell.gap
        self.shaping: Shaping = Plane(cell) if cell.dim == 2 else Space(cell)
        self.forms = MotionForms(comm, cell.dim, cell.smoothing)
        if cell.counter_moves and cell.counter is None:
            raise ValueError("a counter electrode that moves needs a surface to begin with: Cell.counter")
        self.model = replace(cell.physics.model, area=cell.area)
        self._compiled: Compiled | None = None
        self.extension: Extension | None = None

    def first(self, floating: Floating) -> Growing:
        """Mesh the initial fronts; fields are zero."""
        made = on_root_only(self.comm, self.shaping.first)
        return self._new(*self._shared(made), floating)

    def saved(self, problem: Growing) -> Tree:
        """Mesh and fronts, as they are and as they were when the mesh was made (collective)."""
        domain, extension = problem.domain, self.extension
        numbers = Numbering(domain.space)
        begun, fronts = domain.coordinates, domain.fronts
        if extension is not None and extension.domain is domain:
            begun, fronts = extension.start, extension.start_fronts
        made, start = domain.gathered(), numbers.gathered(begun)
        return {
            "mesh": {name: OnFirst(None if made is None else getattr(made, name)) for name in MESH},
            "start": OnFirst(start),
            "now": OnFirst(numbers.gathered(domain.coordinates)),
            "start fronts": kept_skins(fronts),
            "fronts": kept_skins(domain.fronts),
            "next patch": self.shaping.next_patch,
        }

    def resumed(self, saved: Mapping[str, Any], floating: Floating) -> Growing:
        """A problem on the mesh that was saved, with its fronts; fields are zero (collective)."""
        mesh = None
        if self.comm.rank == 0:
            mesh = Mesh(saved["start"].values, *(saved["mesh"][name].values for name in MESH))
        domain = Domain(self.comm, found_skins(saved["start fronts"]), mesh, self.cell.extent, self.unit)
        self._follow(domain)
        numbers = Numbering(domain.space)
        domain.place(numbers.spread(saved["now"].values))
        domain.fronts = found_skins(saved["fronts"])
        self.shaping.next_patch = saved["next patch"]
        return self._on(domain, floating)

    # --- motion

    def place(self, problem: Growing) -> Place:
        """Where mesh and fronts are now."""
        return Place(problem.domain.coordinates.copy(), dict(problem.domain.fronts))

    def put_back(self, problem: Growing, place: Place) -> None:
        """Undo motions."""
        problem.domain.place(place.positions)
        problem.domain.fronts = dict(place.fronts)

    def move(self, problem: Growing, fronts: Fronts, present: Stored, change: Stored | None) -> Memory:
        """Move fronts and mesh, and tell what functionals are after that; see equations.Motion.

        Args:
            problem: its liquid belongs to `present`.
            fronts: where the fronts go, vertex by vertex.
            present: Q of the state before.
            change: that of Q in the step before, if it is to be carried along.
        """
        domain, extension = problem.domain, self._follow(problem.domain)
        start = domain.coordinates.copy()
        fronts = {**domain.fronts, **fronts}
        end = extension.start + extension.displacement({n: front.points for n, front in fronts.items()})
        problem.set_motion(end - start)
        domain.place(0.5 * (start + end))
        carried = {**present, LIQUID: present[LIQUID] - problem.carried()}
        if change is not None:
            change = {**change, LIQUID: change[LIQUID] - problem.carried_before()}
        domain.place(end)
        domain.fronts = dict(fronts)
        return Memory(carried, change)

    # --- remeshing

    def worn(self, domain: Domain, floating: Mapping[str, BoolArray]) -> str:
        """Why the mesh should be made anew; "" if it should not (collective)."""
        if domain.minimum_quality() < QUALITY:
            return "cells of poor quality"
        start = self._follow(domain).start_measures
        for name in self.model.growing:
            front = domain.fronts[name]
            reason = self.shaping.worn(front, floating[name], start[name])
            if reason:
                return reason
        return ""

    def resolve(self, domain: Domain) -> Resolved:
        """Loops, merging and pinch-off of the present fronts."""
        fronts = domain.fronts
        return on_root(self.comm, lambda: self.shaping.resolve(fronts))

    def remesh(
        self,
        problem: Growing,
        memory: Memory,
        volumes: Mapping[str, FloatArray],
        films: Mapping[str, FloatArray],
        resolved: Resolved,
    ) -> Remeshed:
        """A new mesh between the present fronts, with all fields carried over and every amount kept.

        The concentrations that go over are the projections of the functionals, so that they belong to the
        mesh where it is now. After interpolation amounts are restored by one factor per species.
        """
        old = problem.domain
        states = [memory.present]
        if memory.change is not None and not resolved.changed:
            states.append({name: q - memory.change[name] for name, q in memory.present.items()})
        fields = [field for state in states for field in self._projected(problem, state)]
        potential = fem.Function(old.space)
        potential.x.array[:] = problem.nodal(POTENTIAL)
        before = old.measure("electrolyte")
        floating, potentials = present(problem, resolved.fronts, resolved.dead)
        new = self._remade(problem, resolved, floating)
        carried = interpolate([*fields, potential], old, new.domain)
        new.set_nodal(POTENTIAL, carried[-1].x.array)
        part = resolved.enclosed * self.unit**old.dim / before
        names = problem.model.closure.unknowns
        stored: list[Stored] = []
        concentrations: list[FloatArray] = []
        defect = 0.0
        for k in reversed(range(len(states))):  # the present state last, so that it stays
            values = [carried[k * len(names) + i].x.array for i in range(len(names))]
            defect = self._restore(new, values, problem.amounts(states[k]), 1.0 - part)
            stored.insert(0, new.stored())
            concentrations.insert(0, new.scaled_concentrations())
        change = None
        if len(states) > 1:
            change = {name: q - stored[1][name] for name, q in stored[0].items()}
            still = np.zeros(new.domain.coordinates.shape)
            new.set_passed(still, concentrations[0] - concentrations[1])
        new.set_potentials(potentials)
        for name in (n for n in problem.equations.names if n.startswith(FILM)):
            new.set_film(name, problem.film_at(name, new.domain.coordinates))
        shares = {
            name: carry_shares(old.fronts[name], new.domain.fronts[name], volume)
            for name, volume in volumes.items()
        }
        amounts = problem.amounts(memory.present)
        lost = part * np.array([amounts[name] for name in names])
        thickened = {
            name: carry_facets(old.fronts[name], new.domain.fronts[name], film)
            for name, film in films.items()
        }
        return Remeshed(new, Memory(stored[0], change), shares, thickened, defect, lost)

    def _projected(self, problem: Growing, stored: Stored) -> list[fem.Function]:
        """Concentrations over the reference whose functionals are `stored`."""
        eq, width = problem.equations, len(problem.equations.fields)
        by_field = stored[LIQUID].reshape(-1, width)[problem.owned_nodes]
        return [
            project(self.forms, problem.domain, np.asarray(by_field[:, i] / (eq.scale[name] * eq.c0)))
            for i, name in enumerate(problem.model.closure.unknowns)
        ]

    @staticmethod
    def _restore(new: Growing, values: list[FloatArray], amounts: Mapping[str, float], part: float) -> float:
        """Concentrations `values`, each times what brings its amount to `part` of that before."""
        names = new.model.closure.unknowns
        for name, value in zip(names, values, strict=True):
            new.set_concentration(name, value)
        found, defect = new.amounts(new.stored()), 0.0
        for name, value in zip(names, values, strict=True):
            factor = part * amounts[name] / found[name]
            new.set_concentration(name, factor * value)
            defect = max(defect, abs(factor - 1.0))
        return defect

    def _remade(self, problem: Growing, resolved: Resolved, floating: Floating) -> Growing:
        old = problem.domain.gathered() if self.shaping.from_mesh else None
        floats = {
            name: np.asarray(floating.position(front.patch, name) >= 0)
            for name, front in resolved.fronts.items()
        }
        made = on_root_only(self.comm, lambda: self.shaping.remade(resolved.fronts, floats, old))
        return self._new(*self._shared(made), floating)

    def _shared(self, made: tuple[Fronts, Simplices] | None) -> tuple[Fronts, Simplices | None]:
        """Fronts on all ranks, the mesh on rank 0."""
        fronts = self.comm.bcast(None if made is None else made[0], root=0)
        return fronts, None if made is None else made[1]

    def _new(self, fronts: Fronts, mesh: Simplices | None, floating: Floating) -> Growing:
        return self._on(Domain(self.comm, fronts, mesh, self.cell.extent, self.unit), floating)

    def _on(self, domain: Domain, floating: Floating) -> Growing:
        problem = Growing(self.model, domain, floating, self._compiled)
        self._compiled = problem.compiled
        return problem

    def _follow(self, domain: Domain) -> Extension:
        if self.extension is None or self.extension.domain is not domain:
            if self.extension is not None:
                self.extension.destroy()
            self.extension = Extension(self.forms, domain)
        return self.extension
