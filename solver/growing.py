"""A model beside fronts that grow: local data on the fronts, floating deposits, and a mesh that moves.

Each deposit p without ohmic contact to the collector has a potential U_p of its own, a scalar unknown of the
same Newton solve. What it passes on to the electrolyte comes through the junction of size b_p under it:

    integral_p i ds + b_p J(U_p - V) = 0

Dead metal is a deposit without a junction, b_p = 0. The current of an electrode is that of all its front,
floating deposits included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from dolfinx import fem
from petsc4py import PETSc

from meshes.compat import FacetMesh
from meshes.domain import Domain, Skin
from meshes.transfer import along_counter, along_front

from .compiled import SCALAR, Compiled
from .contact import Contact
from .discretisation import Control, Discretisation
from .equations import FILM
from .model import FRONT, LIQUID, Model, Series
from .types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Floating:
    """Deposits that have no ohmic contact to the collector, each with a potential of its own.

    Attributes:
        patches: numbers of the patches in the fronts, ascending for each of them, shape (P,).
        bases: size of the junction under each, in mesh units; 0 without one, shape (P,).
        contact: the junction.
        sides: name of the front that each belongs to.
    """

    patches: IntArray
    bases: FloatArray
    contact: Contact
    sides: tuple[str, ...]

    def keep(self, which: BoolArray) -> Floating:
        """The same with some of the deposits only, shape (P,)."""
        sides = tuple(side for side, kept in zip(self.sides, which, strict=True) if kept)
        return replace(self, patches=self.patches[which], bases=self.bases[which], sides=sides)

    def with_dead(self, patches: IntArray, side: str) -> Floating:
        """The same, and dead metal on a front besides, with numbers beyond those in use there."""
        return replace(
            self,
            patches=np.concatenate((self.patches, patches)).astype(np.int32),
            bases=np.concatenate((self.bases, np.zeros(patches.size))),
            sides=self.sides + patches.size * (side,),
        )

    def of(self, side: str) -> IntArray:
        """Positions of the deposits on a front."""
        return np.array([k for k, other in enumerate(self.sides) if other == side], dtype=np.int32)

    def position(self, patch: IntArray, side: str = FRONT) -> IntArray:
        """Index into `patches` of each entry of `patch` on a front, -1 where it is not floating."""
        result = np.full(patch.shape, -1, dtype=np.int32)
        for k in self.of(side):
            result[patch == self.patches[k]] = k
        return result


def present(
    problem: Growing, fronts: Mapping[str, Skin], dead: Mapping[str, Sequence[tuple[int, float]]]
) -> tuple[Floating, FloatArray]:
    """Floating deposits of `problem` when its fronts have become `fronts`, and all potentials.

    Deposits that the fronts no longer show are left out: they were enclosed, or grown over. Of the `dead`
    pieces (number and area, by front) those that are there are new, and begin at the potential of their
    collector.
    """
    floating, terminals = problem.floating, len(problem.model.terminals)
    shown = {name: np.unique(front.patch) for name, front in fronts.items()}
    sides = zip(floating.patches, floating.sides, strict=True)
    there = np.array([patch in shown[side] for patch, side in sides], dtype=bool)
    result = floating.keep(there)
    potentials = [problem.potentials[:terminals], problem.patch_potentials[there]]
    for name, pieces in dead.items():
        patches = np.array([patch for patch, _ in pieces if patch in shown[name]], dtype=np.int32)
        result = result.with_dead(patches, name)
        potentials.append(np.full(patches.size, problem.grounded(name)))
    return result, np.concatenate(potentials)


def initial_floating(front: Skin, contact: Contact, bases: FloatArray) -> Floating:
    """All patches that `front` has at the start, if `contact` lets deposits float."""
    patches = np.unique(front.patch[front.patch >= 0]).astype(np.int32)
    if not contact.floats:
        return Floating(np.empty(0, dtype=np.int32), np.empty(0), contact, ())
    return Floating(patches, bases[: patches.size], contact, patches.size * (FRONT,))


@dataclass
class _Boundary:
    """Functions on one growing boundary, and the floating deposit of its facets and vertices (or -1).

    `known` has the values of `film` on all facets of the front, in their order; `touched`, by block, which
    active unknowns are on floating deposits, and on which of them.
    """

    activity: fem.Function
    floats: fem.Function
    metal: fem.Function
    shift: fem.Function
    film: fem.Function
    known: FloatArray
    facet: IntArray
    vertex: IntArray
    touched: dict[str, tuple[IntArray, IntArray]]


class Growing(Discretisation):
    """A model on the mesh beside fronts.

    Attributes:
        domain: the mesh and its fronts.
        floating: deposits with potentials of their own; these follow the terminals in `potentials`.
        displacement, passed: motion of the mesh in the present step and in the one before (mesh units).
        change: of the liquid's concentrations in the step before, at nodes that moved along, scaled.
    """

    regions: Domain  # type: ignore[assignment]

    def __init__(
        self, model: Model, domain: Domain, floating: Floating, compiled: Compiled | None = None
    ) -> None:
        """Bind the forms to the mesh of `domain`; fields are zero."""
        self.domain, self.floating, self.extra = domain, floating, int(floating.patches.size)
        vectors = fem.functionspace(domain.mesh, ("Lagrange", 1, (domain.dim,)))
        self.displacement, self.passed = fem.Function(vectors), fem.Function(vectors)
        self._vector_nodes = np.empty(domain.node_of_dof.size, dtype=np.int32)
        self._vector_nodes[domain.space.dofmap.list.ravel()] = vectors.dofmap.list.ravel()
        none = np.empty(0, dtype=np.int32)
        self._skins: dict[str, _Boundary] = {}
        for name in model.growing:
            activity, floats, metal, film = (fem.Function(domain.facet_spaces[name]) for _ in range(4))
            shift, known = fem.Function(domain.space), domain.fronts[name].film
            self._skins[name] = _Boundary(activity, floats, metal, shift, film, known, none, none, {})
        super().__init__(model, domain, compiled)  # type: ignore[arg-type]
        self._nodes = np.empty(domain.node_of_dof.size, dtype=np.int32)
        self._nodes[domain.space.dofmap.list.ravel()] = self.spaces[LIQUID].dofmap.list.ravel()
        self._scalar_nodes = np.empty_like(self._nodes)
        self._scalar_nodes[domain.space.dofmap.list.ravel()] = self.spaces[SCALAR].dofmap.list.ravel()
        for name in self._skins:
            self._place_patches(name)

    def _coefficients(self) -> dict[Any, fem.Function]:
        eq = self.equations
        assert eq.motion is not None
        self.change = fem.Function(self.spaces[LIQUID])
        coefficients = super()._coefficients() | {
            eq.motion.displacement: self.displacement,
            eq.motion.passed: self.passed,
            eq.motion.change: self.change,
        }
        for name, surface in eq.surfaces.items():
            skin = self._skins[name]
            coefficients |= {
                surface.activity: skin.activity,
                surface.floating: skin.floats,
                surface.metal: skin.metal,
                surface.shift: skin.shift,
                surface.film: skin.film,
            }
        return coefficients

    def _facet_meshes(self) -> list[FacetMesh]:
        return [self.domain.facet_meshes[name] for name in self.model.growing]

    def _place_patches(self, name: str) -> None:
        """Which floating deposit every facet and vertex of a front, and every unknown on it, belongs to."""
        domain, skin = self.domain, self._skins[name]
        front, where = domain.fronts[name], domain.maps[name]
        skin.facet = self.floating.position(front.patch, name)
        skin.vertex = np.full(front.points.shape[0], -1, dtype=np.int32)
        for corner in range(front.cells.shape[1]):
            np.maximum.at(skin.vertex, front.cells[:, corner], skin.facet)
        skin.floats.x.array[:] = skin.facet[where.facets] >= 0
        blocks = [(LIQUID, self._nodes, len(self.equations.fields)), (f"{FILM}{name}", self._scalar_nodes, 1)]
        for block, nodes, width in blocks:
            if block not in self.equations.names:
                continue
            of_node = np.full(domain.node_of_dof.size, -1, dtype=np.int32)
            of_node[nodes[where.dofs]] = skin.vertex[where.vertices]
            patch = of_node[self.layout.blocks[block].active // width]
            touched = np.flatnonzero(patch >= 0).astype(np.int32)
            skin.touched[block] = touched, patch[touched]

    # --- data on the fronts

    def set_surface(self, name: str, activity: FloatArray, shift: FloatArray, film: FloatArray) -> None:
        """Data on a front.

        Args:
            name: of its boundary.
            activity: factor of the current on every facet, shape (m,).
            shift: of F eta/RT at the vertices, shape (n,).
            film: resistance of what has grown on every facet, as far as it is known before the step, ohm m^2,
                shape (m,); see `film.known_film`.
        """
        where, skin = self.domain.maps[name], self._skins[name]
        skin.activity.x.array[:] = activity[where.facets]
        skin.shift.x.array[where.all_dofs] = shift[where.all_vertices]
        skin.film.x.array[:] = film[where.facets]
        skin.known = film

    @property
    def patch_potentials(self) -> FloatArray:
        """Of the floating deposits, in RT/F."""
        return self.potentials[len(self.model.terminals) :]

    def set_potentials(self, potentials: FloatArray) -> None:
        """Set the scaled potentials of terminals and floating deposits."""
        super().set_potentials(potentials)
        for name, skin in self._skins.items():
            if skin.facet.size and self.extra:
                metal = np.where(skin.facet >= 0, self.patch_potentials[skin.facet], 0.0)
                skin.metal.x.array[:] = metal[self.domain.maps[name].facets]

    def grounded(self, name: str) -> float:
        """Potential of the collector of a front, in RT/F."""
        inner = next(i.inner for i in self.model.interfaces if i.boundary == name)
        terminal = self.model.terminal_of(inner)
        names = self.model.terminals
        return float(self.potentials[names.index(terminal)]) if terminal in names else 0.0

    def facet_potentials(self, name: str = FRONT) -> FloatArray:
        """Potential under every facet of a front, less the drop in its film, in RT/F (collective)."""
        skin, front = self._skins[name], self.domain.fronts[name]
        metal: FloatArray = np.full(skin.facet.size, self.grounded(name))
        if self.extra:
            metal = np.where(skin.facet >= 0, self.patch_potentials[skin.facet], metal)
        series = self._series(name)
        if series is None:
            return metal
        s, scale = self._film_unknown(name), self.equations.current_scale
        drop = front.on_facets(series.drop(s, scale)) + self.grown_film(name) * self.film_current(name)
        return np.asarray(metal - drop / self.equations.vt)

    def film_current(self, name: str) -> FloatArray:
        """Current density through film or junction on every facet, A/m^2, (m,); 0 without one (collective).

        The mean of the unknown. The current of the reaction, told from what the film leaves of the potential,
        is far less exact where the film is the larger resistance.
        """
        series, front = self._series(name), self.domain.fronts[name]
        if series is None:
            return np.zeros(len(front.film))
        return front.on_facets(series.current(self._film_unknown(name), self.equations.current_scale))

    def grown_film(self, name: str) -> FloatArray:
        """Resistance of what has grown on every facet at the end of the step, ohm m^2, (m,) (collective).

        Before the first step on a mesh: what has grown so far.
        """
        series, rate = self._series(name), float(self._constants[self.equations.rate].value)
        known = self._skins[name].known
        if series is None or rate == 0.0:
            return known
        return np.asarray(known + series.growth / rate * np.abs(self.film_current(name)))

    def _series(self, name: str) -> Series | None:
        return next(i.series for i in self.model.interfaces if i.boundary == name)

    def _film_unknown(self, name: str) -> FloatArray:
        """Unknown of film or junction at the vertices of a front, (n,)."""
        return self.domain.gather_front(self.functions[f"{FILM}{name}"].x.array[self._scalar_nodes], name)

    def at_front(self, kind: str, name: str = FRONT) -> FloatArray:
        """A functional on a front by vertex, on all ranks; "surface current" is in current scales."""
        values = np.zeros(self.domain.node_of_dof.size)
        owned = self.vector(self._forms[kind][name,])
        values[: owned.size] = owned
        return self.domain.gather_front(values[self._scalar_nodes], name)

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
        boundary = name.removeprefix(FILM)
        if boundary in self.domain.fronts:
            return along_front(self.domain, points, field, boundary)
        return along_counter(self.domain, points, field)

    def set_film(self, name: str, values: FloatArray) -> None:
        """Set the unknown of a film from values at the local P1 dofs of `domain.space`."""
        self.functions[name].x.array[self._scalar_nodes] = values

    # --- motion

    def set_motion(self, displacement: FloatArray) -> None:
        """Motion of the local P1 dofs of `domain.space`, shape (dofs, d), in mesh units."""
        self.displacement.x.array.reshape(-1, self.domain.dim)[self._vector_nodes] = displacement

    def set_passed(self, displacement: FloatArray, change: FloatArray) -> None:
        """Motion (as above) and `change` (see the class; local dofs of the liquid) of a step made."""
        self.passed.x.array.reshape(-1, self.domain.dim)[self._vector_nodes] = displacement
        self.change.x.array[:] = change

    def scaled_concentrations(self) -> FloatArray:
        """c/c0 (potentials as they are) at the local dofs of the liquid."""
        values: FloatArray = self.functions[LIQUID].x.array.copy()
        if self.model.logarithmic:
            fields = values.reshape(-1, len(self.equations.fields))
            fields[:, :-1] = np.exp(fields[:, :-1])
        return values

    def carried(self) -> FloatArray:
        """What the motion `displacement` takes along of Q of the liquid; owned dofs."""
        return self.vector(self._forms["carried"][LIQUID,])

    def carried_before(self) -> FloatArray:
        """What it takes along of the change of Q in the step before; owned dofs."""
        return self.vector(self._forms["carried before"][LIQUID,])

    def with_floating(self, floating: Floating, potentials: FloatArray) -> Growing:
        """The same fields on the same mesh with other floating deposits."""
        other = Growing(self.model, self.domain, floating, self.compiled)
        for name, function in self.functions.items():
            other.functions[name].x.array[:] = function.x.array
        for mine, its in ((self.passed, other.passed), (self.change, other.change)):
            its.x.array[:] = mine.x.array
        other.set_potentials(potentials)
        return other

    # --- floating deposits

    def scalar_residual(self, control: Control, memory: Mapping[str, FloatArray]) -> FloatArray:
        """Terminals, then the charge balance of every floating deposit."""
        terminals = len(self.model.terminals)
        own = control.a * self.potentials[:terminals] + control.b * self.terminal_currents(memory) - control.s
        if not self.extra:
            return own
        return np.concatenate((own, self._per_patch("patch current") + self._junctions("current_density")))

    def _add_derivatives(self, matrix: Any, control: Control) -> None:
        super()._add_derivatives(matrix, control)
        if not self.extra:
            return
        layout, terminals = self.layout, len(self.model.terminals)
        add, first = PETSc.InsertMode.ADD_VALUES, self.layout.first_scalar + terminals
        for name, skin in self._skins.items():
            for kind, (touched, patches) in skin.touched.items():
                block = layout.blocks[kind]
                numbers = (layout.offset + block.start + touched).astype(PETSc.IntType)
                dofs = block.active[touched]
                scalars = (first + patches).astype(PETSc.IntType)
                column = self.vector(self._forms["patch column"][name, kind])[dofs]
                row = self.vector(self._forms["patch row"][name, kind])[dofs]
                for number, scalar, down, across in zip(numbers, scalars, column, row, strict=True):
                    matrix.setValue(number, scalar, down, addv=add)
                    matrix.setValue(scalar, number, across, addv=add)
        slope = self._per_patch("patch slope")
        conductance = self._junctions("conductance") * self.equations.vt
        if layout.own_scalars:
            own = np.arange(first, layout.total, dtype=PETSc.IntType)
            for k, number in enumerate(own):
                matrix.setValue(number, number, slope[k] + conductance[k], addv=add)
                inner = next(i.inner for i in self.model.interfaces if i.boundary == self.floating.sides[k])
                terminal = self.model.terminal_of(inner)
                if terminal not in self.model.terminals:
                    continue
                at = self.model.terminals.index(terminal)
                matrix.setValue(number, layout.first_scalar + at, -conductance[k], addv=add)
                into = control.b[at] * slope[k] / self.equations.area
                matrix.setValue(layout.first_scalar + at, number, into, addv=add)

    def _per_patch(self, kind: str) -> FloatArray:
        sums = np.zeros(self.extra)
        for name, skin in self._skins.items():
            at_vertex, floats = self.at_front(kind, name), skin.vertex >= 0
            sums += np.bincount(skin.vertex[floats], weights=at_vertex[floats], minlength=self.extra)
        return sums

    def _junctions(self, kind: str) -> FloatArray:
        """Current (or conductance) through every junction, in current scales times one mesh unit of size."""
        result = np.zeros(self.extra)
        joined = self.floating.bases > 0.0
        if joined.any():
            collector = np.array([self.grounded(side) for side in self.floating.sides])
            drop = (self.patch_potentials - collector)[joined] * self.equations.vt
            density = getattr(self.floating.contact, kind)(drop)
            result[joined] = density * self.floating.bases[joined] / self.equations.current_scale
        return result
