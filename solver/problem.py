"""The nonlinear system of one time step: transport, and the potential of every floating deposit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dolfinx.fem import petsc

from meshes.front import Front

from .contact import Contact
from .newton import Border
from .transport import Transport
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


class StepSystem:
    """Residual and derivatives of one implicit step; a `newton.System`.

    The scalar unknowns are the potentials U_p (in RT/F) of the floating deposits. The balance of deposit p

        integral_p i ds + b_p J(U_p - V) = 0

    says that what the deposit passes on to the electrolyte comes through the junction of length b_p.
    """

    def __init__(self, transport: Transport, floating: Floating) -> None:
        """Join `transport` (with its present front data) and the `floating` deposits."""
        self.transport, self.floating, self.comm = transport, floating, transport.domain.comm
        physics = transport.physics
        self._vt = physics.electrolyte.thermal_voltage
        self._applied = physics.voltage / self._vt
        self.memory: FloatArray = np.zeros(self.owned)
        self._matrix = petsc.create_matrix(transport.bound["jacobian"])
        domain = transport.domain
        self._of_edge = floating.position(domain.front.patch)
        of_vertex = np.full(domain.front.points.shape[0], -1, dtype=np.int32)
        np.maximum.at(of_vertex, np.arange(self._of_edge.size), self._of_edge)
        np.maximum.at(of_vertex, np.arange(self._of_edge.size) + 1, self._of_edge)
        self._of_vertex = of_vertex
        mine = of_vertex[domain.map.vertices]
        self._dofs, self._patch = domain.map.dofs[mine >= 0], mine[mine >= 0]
        self._ion_rows = transport.unknown_dofs(self._dofs, transport.forms.ion)
        self._potential_columns = transport.unknown_dofs(self._dofs, transport.forms.species - 1)
        transport.floating.x.array[:] = self._of_edge[domain.map.edges] >= 0

    @property
    def owned(self) -> int:
        """Field unknowns of this rank."""
        return int(self.transport.blocks * self.transport.forms.species)

    @property
    def scalars(self) -> int:
        """Number of floating deposits."""
        return int(self.floating.patches.size)

    def load(self, fields: FloatArray, scalars: FloatArray) -> None:
        """Set the present iterate: fields, and the potential of the metal on every front facet."""
        u = self.transport.u
        u.x.array[: self.owned] = fields
        u.x.scatter_forward()
        potential = np.full(self._of_edge.size, self._applied)
        if self.scalars:
            floats = self._of_edge >= 0
            potential[floats] = scalars[self._of_edge[floats]]
        self.transport.potential.x.array[:] = potential[self.transport.domain.map.edges]
        self.potentials = scalars

    def residual(self) -> tuple[FloatArray, FloatArray]:
        """Residual of transport (less the memory of the last step) and of the deposits' charge balances."""
        fields = self.transport.vector("residual") - float(self.transport.rate.value) * self.memory
        if not self.scalars:
            return fields, np.empty(0)
        drop = (self.potentials - self._applied) * self._vt
        supplied = self._per_patch("floating_current")
        return fields, self.transport.g * (
            supplied + self._junction(self.floating.contact.current_density(drop))
        )

    def matrix(self) -> Any:
        """Derivative of the transport residual by the fields."""
        self._matrix.zeroEntries()
        petsc.assemble_matrix(self._matrix, self.transport.bound["jacobian"])
        self._matrix.assemble()
        return self._matrix

    def border(self) -> Border:
        """Derivatives that involve the potentials of floating deposits."""
        g = self.transport.g
        by_potential = g * self.transport.vector("floating_by_potential")[self._dofs]
        by_concentration = g * self.transport.vector("floating_by_concentration")[self._dofs]
        drop = (self.potentials - self._applied) * self._vt
        diagonal = g * (
            self._per_patch("floating_by_potential")
            + self._junction(self.floating.contact.conductance(drop)) * self._vt
        )
        return Border(
            rows=self._ion_rows,
            columns=self._patch,
            by_scalar=-by_potential,
            scalars=np.concatenate((self._patch, self._patch)),
            dofs=np.concatenate((self._ion_rows, self._potential_columns)),
            by_field=np.concatenate((by_concentration, -by_potential)),
            diagonal=diagonal,
        )

    def destroy(self) -> None:
        """Free the matrix (collective)."""
        self._matrix.destroy()

    def _per_patch(self, name: str) -> FloatArray:
        at_vertex = self.transport.at_front(name)
        floats = self._of_vertex >= 0
        sums = np.bincount(self._of_vertex[floats], weights=at_vertex[floats], minlength=self.scalars)
        return sums.astype(np.float64)

    def _junction(self, density: FloatArray) -> FloatArray:
        """Current (or conductance) through every junction, in i0 times one mesh unit."""
        i0 = self.transport.physics.kinetics.exchange_current_density
        return np.asarray(density * self.floating.bases / i0)


def initial_floating(front: Front, contact: Contact, bases: FloatArray) -> Floating:
    """All patches that `front` has at the start, if `contact` lets deposits float."""
    patches = np.unique(front.patch[front.patch >= 0]).astype(np.int32)
    if not contact.floats:
        return Floating(np.empty(0, dtype=np.int32), np.empty(0), contact)
    return Floating(patches, bases[: patches.size], contact)
