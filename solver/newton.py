"""Newton's method (PETSc SNES) for fields bordered by a few global scalars.

The scalars (the potential of every floating deposit, later the cell voltage under current control) are
unknowns of the same nonlinear system, not a loop around it. They are numbered behind all fields and belong
to the last rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc

from .types import FloatArray, IntArray


@dataclass(frozen=True)
class Border:
    """Derivatives that involve the scalars, entry by entry, on this rank.

    Attributes:
        rows, columns, by_scalar: d(field residual)/d(scalar): local field dof, scalar, value.
        scalars, dofs, by_field: d(scalar residual)/d(field): scalar, local field dof, value.
        diagonal: d(scalar residual)/d(same scalar), summed over ranks, shape (scalars,).
    """

    rows: IntArray
    columns: IntArray
    by_scalar: FloatArray
    scalars: IntArray
    dofs: IntArray
    by_field: FloatArray
    diagonal: FloatArray


class System(Protocol):
    """A nonlinear system in fields (distributed) and scalars (replicated)."""

    comm: MPI.Comm

    @property
    def owned(self) -> int:
        """Field unknowns of this rank."""
        ...

    @property
    def scalars(self) -> int:
        """Global scalar unknowns."""
        ...

    def load(self, fields: FloatArray, scalars: FloatArray) -> None:
        """Make `fields` (owned) and `scalars` (replicated) the present iterate. Collective."""
        ...

    def residual(self) -> tuple[FloatArray, FloatArray]:
        """Residual of the fields (owned) and of the scalars (replicated). Collective."""
        ...

    def matrix(self) -> Any:
        """Assembled derivative of the field residual by the fields. Collective."""
        ...

    def border(self) -> Border:
        """All derivatives that involve scalars. Collective."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a solve ended: `converged`, Newton `iterations`, PETSc's `reason`."""

    converged: bool
    iterations: int
    reason: int


class Newton:
    """One SNES for one System on one mesh; keeps matrix, pattern and symbolic factorisation."""

    def __init__(self, system: System, options: Mapping[str, Any], prefix: str = "tertia_") -> None:
        """Create the solver with PETSc `options` (names without prefix or dash)."""
        self.system = system
        comm = system.comm
        last = comm.rank == comm.size - 1
        self._own_scalars = system.scalars if last else 0
        self._x = PETSc.Vec().createMPI((system.owned + self._own_scalars, PETSc.DETERMINE), comm=comm)
        self._f = self._x.duplicate()
        self._first_scalar = self._x.getSize() - system.scalars
        self._matrix = self._create_matrix()
        self.snes = PETSc.SNES().create(comm)
        self.snes.setOptionsPrefix(prefix)
        self.snes.setFunction(self._function, self._f)
        self.snes.setJacobian(self._jacobian, self._matrix)
        database = PETSc.Options()
        database.prefixPush(prefix)
        for name, value in options.items():
            database.setValue(name, value)
        database.prefixPop()
        self.snes.setFromOptions()

    def solve(self, fields: FloatArray, scalars: FloatArray) -> tuple[FloatArray, FloatArray, Outcome]:
        """Solve from the given start; returns owned fields, replicated scalars and the outcome."""
        with self._x as local:
            local[: self.system.owned] = fields
            local[self.system.owned :] = scalars[: self._own_scalars]
        self.snes.solve(None, self._x)
        self._load(self._x)
        reason = int(self.snes.getConvergedReason())
        return *self._split(self._x), Outcome(reason > 0, int(self.snes.getIterationNumber()), reason)

    def destroy(self) -> None:
        """Free PETSc memory now, not when Python gets round to it (collective)."""
        for thing in (self.snes, self._matrix, self._x, self._f):
            thing.destroy()

    def _split(self, x: Any) -> tuple[FloatArray, FloatArray]:
        values = np.array(x.array_r)
        scalars = np.zeros(self.system.scalars)
        if self._own_scalars:
            scalars[:] = values[self.system.owned :]
        if self.system.scalars:
            self.system.comm.Bcast(scalars, root=self.system.comm.size - 1)
        return values[: self.system.owned], scalars

    def _load(self, x: Any) -> None:
        self.system.load(*self._split(x))

    def _function(self, snes: Any, x: Any, f: Any) -> None:
        self._load(x)
        fields, scalars = self.system.residual()
        with f as local:
            local[: self.system.owned] = fields
            local[self.system.owned :] = scalars[: self._own_scalars]

    def _create_matrix(self) -> Any:
        inner = self.system.matrix()
        if not self.system.scalars:
            return inner
        border, owned = self.system.border(), self.system.owned
        indptr = inner.getValuesCSR()[0]
        width = np.zeros(owned + self._own_scalars, dtype=PETSc.IntType)
        width[:owned] = np.diff(indptr) + np.bincount(border.rows, minlength=owned)
        counts = np.bincount(border.scalars, minlength=self.system.scalars)
        self.system.comm.Allreduce(MPI.IN_PLACE, counts, op=MPI.SUM)
        if self._own_scalars:
            width[owned:] = counts + 1
        sizes = (self._x.getLocalSize(), PETSc.DETERMINE)
        matrix = PETSc.Mat().createAIJ((sizes, sizes), nnz=(width, width), comm=self.system.comm)
        self._fill(matrix, inner, border)
        return matrix

    def _fill(self, matrix: Any, inner: Any, border: Border) -> None:
        start = matrix.getOwnershipRange()[0]
        matrix.zeroEntries()
        matrix.setValuesCSR(*self._padded(inner.getValuesCSR()))
        add = PETSc.InsertMode.INSERT_VALUES
        for row, column, value in zip(border.rows, border.columns, border.by_scalar, strict=True):
            matrix.setValue(start + row, self._first_scalar + column, value, addv=add)
        for scalar, dof, value in zip(border.scalars, border.dofs, border.by_field, strict=True):
            matrix.setValue(self._first_scalar + scalar, start + dof, value, addv=add)
        for scalar in range(self._own_scalars):
            row = self._first_scalar + scalar
            matrix.setValue(row, row, border.diagonal[scalar], addv=add)
        matrix.assemble()

    def _padded(self, csr: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        """The same rows followed by empty ones for the scalars this rank owns."""
        indptr, indices, values = csr
        return np.append(indptr, np.full(self._own_scalars, indptr[-1], dtype=indptr.dtype)), indices, values

    def _jacobian(self, snes: Any, x: Any, a: Any, p: Any) -> None:
        self._load(x)
        inner = self.system.matrix()
        if self.system.scalars:
            self._fill(p, inner, self.system.border())
