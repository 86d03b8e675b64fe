"""A model above a growing front: local data on the front, floating deposits, and a mesh that moves.

Each deposit p without ohmic contact to the collector has a potential U_p of its own, a scalar unknown of the
same Newton solve. What it passes on to the electrolyte comes through the junction of length b_p under it:

    integral_p i ds + b_p J(U_p - V) = 0

The current of the working electrode is that of the whole front, floating deposits included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dolfinx import fem
from petsc4py import PETSc

from meshes.compat import FacetMesh
from meshes.domain import Domain
from meshes.front import Front
from meshes.transfer import along_counter, along_front

from .compiled import SCALAR, Compiled
from .constants import FARADAY
from .contact import Contact
from .discretisation import Control, Discretisation
from .equations import FILM
from .model import FRONT, LIQUID, WORKING, Model
from .types import FloatArray, IntArray


@dataclass(frozen=True)
class Floating:
    """Deposits that have no ohmic contact to the collector, each with a potential of its own.

    Attributes:
        patches: numbers of the patches in `Front.patch`, ascending, shape (P,).
        bases: length of the junction under each, in mesh units, shape (P,).
        contact: the junction.
    """

    patches: IntArray
    bases: FloatArray
    contact: Contact

    def without(self, patches: IntArray) -> Floating:
        """The same less `patches`, which have found another way to the collector."""
        keep = ~np.isin(self.patches, patches)
        return Floating(self.patches[keep], self.bases[keep], self.contact)

    def position(self, patch: IntArray) -> IntArray:
        """Index into `patches` of each entry of `patch`, -1 where it is not floating."""
        if not self.patches.size:
            return np.full(patch.shape, -1, dtype=np.int32)
        found = np.clip(np.searchsorted(self.patches, patch), 0, self.patches.size - 1)
        return np.where(self.patches[found] == patch, found, -1).astype(np.int32)


def initial_floating(front: Front, contact: Contact, bases: FloatArray) -> Floating:
    """All patches that `front` has at the start, if `contact` lets deposits float."""
    patches = np.unique(front.patch[front.patch >= 0]).astype(np.int32)
    if not contact.floats:
        return Floating(np.empty(0, dtype=np.int32), np.empty(0), contact)
    return Floating(patches, bases[: patches.size], contact)


class Growing(Discretisation):
    """A model on the mesh above a front.

    Attributes:
        domain: the mesh and its front.
        floating: deposits with potentials of their own; these follow the terminals in `potentials`.
        displacement: motion of the mesh in the present step (mesh units).
    """

    regions: Domain  # type: ignore[assignment]

    def __init__(
        self, model: Model, domain: Domain, floating: Floating, compiled: Compiled | None = None
    ) -> None:
        """Bind the forms to the mesh of `domain`; fields are zero."""
        self.domain, self.floating, self.extra = domain, floating, int(floating.patches.size)
        msh = domain.mesh
        motion = fem.functionspace(msh, ("Lagrange", 1, (2,)))
        self.displacement, self._shift = fem.Function(motion), fem.Function(domain.space)
        self._activity, self._floats, self._metal = (fem.Function(domain.facet_space) for _ in range(3))
        super().__init__(model, domain, compiled)  # type: ignore[arg-type]
        self._nodes = np.empty(domain.coordinates.shape[0], dtype=np.int32)
        self._nodes[domain.space.dofmap.list.ravel()] = self.spaces[LIQUID].dofmap.list.ravel()
        self._scalar_nodes = np.empty_like(self._nodes)
        self._scalar_nodes[domain.space.dofmap.list.ravel()] = self.spaces[SCALAR].dofmap.list.ravel()
        self._place_patches()

    def _coefficients(self) -> dict[Any, fem.Function]:
        eq = self.equations
        surface = eq.surfaces[FRONT]
        return super()._coefficients() | {
            eq.displacement: self.displacement,
            surface.activity: self._activity,
            surface.floating: self._floats,
            surface.metal: self._metal,
            surface.shift: self._shift,
        }

    def _facet_meshes(self) -> list[FacetMesh]:
        return [self.domain.facet_mesh]

    def _place_patches(self) -> None:
        """Which floating deposit every edge and vertex of the front, and every unknown on it, belongs to."""
        domain = self.domain
        edge = self.floating.position(domain.front.patch)
        vertex = np.full(domain.front.points.shape[0], -1, dtype=np.int32)
        np.maximum.at(vertex, np.arange(edge.size), edge)
        np.maximum.at(vertex, np.arange(edge.size) + 1, edge)
        self._edge, self._vertex = edge, vertex
        self._floats.x.array[:] = edge[domain.map.edges] >= 0
        width, count = len(self.equations.fields), self.domain.coordinates.shape[0]
        of_node = np.full(count, -1, dtype=np.int32)
        of_node[self._nodes[domain.map.dofs]] = vertex[domain.map.vertices]
        block = self.layout.blocks[LIQUID]
        patch = of_node[block.active // width]
        self._touched = np.flatnonzero(patch >= 0)
        self._touched_patch = patch[self._touched]

    # --- data on the front

    def set_surface(self, activity: FloatArray, shift: FloatArray) -> None:
        """Factor of the current on every edge of the front, and shift of F eta/RT at its vertices."""
        where = self.domain.map
        self._activity.x.array[:] = activity[where.edges]
        self._shift.x.array[where.all_dofs] = shift[where.all_vertices]

    @property
    def patch_potentials(self) -> FloatArray:
        """Of the floating deposits, in RT/F."""
        return self.potentials[len(self.model.terminals) :]

    def set_potentials(self, potentials: FloatArray) -> None:
        """Set the scaled potentials of terminals and floating deposits."""
        super().set_potentials(potentials)
        if self.extra:
            metal = np.where(self._edge >= 0, self.patch_potentials[self._edge], 0.0)
            self._metal.x.array[:] = metal[self.domain.map.edges]

    def edge_potentials(self) -> FloatArray:
        """Potential under every edge of the front, less the drop in its film, in RT/F (collective)."""
        working = self.potentials[self.model.terminals.index(WORKING)]
        metal: FloatArray = np.full(self._edge.size, working)
        if self.extra:
            metal = np.where(self._edge >= 0, self.patch_potentials[self._edge], working)
        series = next(i.series for i in self.model.interfaces if i.boundary == FRONT)
        if series is None:
            return metal
        s = self.domain.gather_front(self.functions[f"{FILM}{FRONT}"].x.array[self._scalar_nodes])
        drop = series.drop(s, self.equations.current_scale) / self.equations.vt
        return np.asarray(metal - 0.5 * (drop[1:] + drop[:-1]))

    def at_front(self, kind: str) -> FloatArray:
        """A functional on the front by vertex, on all ranks; "surface current" is in current scales."""
        values = np.zeros(self.domain.coordinates.shape[0])
        owned = self.vector(self._forms[kind][FRONT,])
        values[: owned.size] = owned
        return self.domain.gather_front(values[self._scalar_nodes])

    def nodal(self, name: str) -> FloatArray:
        """Scaled values of a liquid field at the local P1 dofs of `domain.space`, ghosts included."""
        width = len(self.equations.fields)
        return np.asarray(
            self.functions[LIQUID].x.array.reshape(-1, width)[self._nodes, self.equations.fields.index(name)]
        )

    def set_nodal(self, name: str, values: FloatArray) -> None:
        """Set a liquid field from values at the local P1 dofs of `domain.space`."""
        width = len(self.equations.fields)
        self.functions[LIQUID].x.array.reshape(-1, width)[self._nodes, self.equations.fields.index(name)] = (
            values
        )

    def set_concentration(self, name: str, values: FloatArray) -> None:
        """Set a species from scaled concentrations at the local P1 dofs of `domain.space`."""
        self.set_nodal(name, np.log(values) if self.model.logarithmic else values)

    @property
    def owned_nodes(self) -> IntArray:
        """Node of the liquid for every owned P1 dof of `domain.space`."""
        return self._nodes[: self.domain.space.dofmap.index_map.size_local]

    def film_at(self, name: str, points: FloatArray) -> FloatArray:
        """Unknown of a film at `points` near its boundary: that of the nearest place there (collective)."""
        field = fem.Function(self.domain.space)
        field.x.array[:] = self.functions[name].x.array[self._scalar_nodes]
        if name.removeprefix(FILM) == FRONT:
            return along_front(self.domain, points, field)
        return along_counter(self.domain, points, field)

    def set_film(self, name: str, values: FloatArray) -> None:
        """Set the unknown of a film from values at the local P1 dofs of `domain.space`."""
        self.functions[name].x.array[self._scalar_nodes] = values

    def carried(self) -> FloatArray:
        """What the motion `displacement` takes along of Q of the liquid; owned dofs."""
        return self.vector(self._forms["carried"][LIQUID,])

    def made(self, currents: Mapping[str, float]) -> FloatArray:
        """Species with unknowns that the reactions make, mol/s per m depth, from their `currents`."""
        names = self.model.closure.unknowns
        made = dict.fromkeys(names, 0.0)
        for interface in self.model.interfaces:
            for reaction in interface.reactions:
                rate = currents[f"{interface.boundary}/{reaction.name}"] / (reaction.electrons * FARADAY)
                for name, nu in reaction.stoichiometry.items():
                    if name in made:
                        made[name] += nu * rate
        return np.array([made[name] for name in names])

    def with_floating(self, floating: Floating, potentials: FloatArray) -> Growing:
        """The same fields on the same mesh with other floating deposits."""
        other = Growing(self.model, self.domain, floating, self.compiled)
        for name, function in self.functions.items():
            other.functions[name].x.array[:] = function.x.array
        other.set_potentials(potentials)
        return other

    # --- floating deposits

    def scalar_residual(self, control: Control, memory: Mapping[str, FloatArray]) -> FloatArray:
        """Terminals, then the charge balance of every floating deposit."""
        terminals = len(self.model.terminals)
        working = self.potentials[self.model.terminals.index(WORKING)]
        own = control.a * self.potentials[:terminals] + control.b * self.terminal_currents(memory) - control.s
        if not self.extra:
            return own
        vt = self.equations.vt
        drop = (self.patch_potentials - working) * vt
        supply = self._junction(self.floating.contact.current_density(drop))
        return np.concatenate((own, self._per_patch("patch current") + supply))

    def _add_derivatives(self, matrix: Any, control: Control) -> None:
        super()._add_derivatives(matrix, control)
        if not self.extra:
            return
        layout, terminals = self.layout, len(self.model.terminals)
        add, first = PETSc.InsertMode.ADD_VALUES, self.layout.first_scalar + terminals
        block = layout.blocks[LIQUID]
        numbers = (layout.offset + block.start + self._touched).astype(PETSc.IntType)
        dofs = block.active[self._touched]
        scalars = (first + self._touched_patch).astype(PETSc.IntType)
        column = self.vector(self._forms["patch column"][FRONT, LIQUID])[dofs]
        row = self.vector(self._forms["patch row"][FRONT, LIQUID])[dofs]
        for number, scalar, down, across in zip(numbers, scalars, column, row, strict=True):
            matrix.setValue(number, scalar, down, addv=add)
            matrix.setValue(scalar, number, across, addv=add)
        slope = self._per_patch("patch slope")
        working = self.model.terminals.index(WORKING)
        vt = self.equations.vt
        drop = (self.patch_potentials - self.potentials[working]) * vt
        conductance = self._junction(self.floating.contact.conductance(drop)) * vt
        if layout.own_scalars:
            own = np.arange(first, layout.total, dtype=PETSc.IntType)
            terminal = layout.first_scalar + working
            for k, number in enumerate(own):
                matrix.setValue(number, number, slope[k] + conductance[k], addv=add)
                matrix.setValue(number, terminal, -conductance[k], addv=add)
                matrix.setValue(
                    terminal, number, control.b[working] * slope[k] / self.equations.area, addv=add
                )

    def _per_patch(self, kind: str) -> FloatArray:
        at_vertex, floats = self.at_front(kind), self._vertex >= 0
        sums = np.bincount(self._vertex[floats], weights=at_vertex[floats], minlength=self.extra)
        return sums.astype(np.float64)

    def _junction(self, density: FloatArray) -> FloatArray:
        """Current (or conductance) through every junction, in current scales times one mesh unit."""
        return np.asarray(density * self.floating.bases / self.equations.current_scale)
