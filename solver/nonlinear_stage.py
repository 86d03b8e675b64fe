"""One implicit stage of the nonlinear phase-field model: Newton's method that keeps its factors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from dolfinx import fem, la
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from .nonlinear_forms import POTENTIAL
from .types import FloatArray, IntArray

MET = 1e-9
"""Corrections of all unknowns, which are of order one to twenty, with which a stage is solved."""
SHRINK = 0.6
"""Corrections with old factors have to shrink by this, or new ones are made."""
CORRECTIONS = 25
"""At most, in a stage."""
LARGEST = 1e3
"""Corrections beyond this say that the stage runs away."""
DIRECT = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}
ITERATIVE = {
    "ksp_type": "fgmres",
    "ksp_rtol": 1e-6,
    "ksp_max_it": 200,
    "pc_type": "fieldsplit",
    "pc_fieldsplit_type": "multiplicative",
    "pc_fieldsplit_block_size": 3,
    "pc_fieldsplit_0_fields": "0,1",
    "pc_fieldsplit_1_fields": "2",
    "fieldsplit_0_ksp_type": "preonly",
    "fieldsplit_0_pc_type": "bjacobi",
    "fieldsplit_0_sub_pc_type": "ilu",
    "fieldsplit_1_ksp_type": "preonly",
    "fieldsplit_1_pc_type": "hypre",
}
"""Order parameter and concentration by incomplete factors, the potential by algebraic multigrid."""
LINEAR: Mapping[str, Mapping[str, Any]] = {"direct": DIRECT, "iterative": ITERATIVE}
_NUMBERS = itertools.count()


class Stage:
    """Solves residual(state) = 0 where components of the state are held at nodes.

    Attributes:
        solves: linear systems solved.
        factorisations: factors or preconditioners made.
    """

    def __init__(
        self, space: fem.FunctionSpace, state: fem.Function, forms: Mapping[str, fem.Form], linear: str
    ) -> None:
        """Make matrix, vectors and solver (collective).

        Raises:
            ValueError: `linear` is not the name of a solver.
        """
        if linear not in LINEAR:
            raise ValueError(f'linear solver is "{linear}", expected one of {", ".join(LINEAR)}')
        self._state, self._residual, self._jacobian = state, forms["residual"], forms["jacobian"]
        self._map = space.dofmap.index_map
        self._owned = 3 * self._map.size_local
        self._f = la.vector(self._map, 3)
        self._matrix = fem_petsc.create_matrix(self._jacobian)
        self._matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        self._b, self._dx = self._matrix.createVecs()
        self._ksp = self._create(LINEAR[linear])
        self._rows: IntArray = np.empty(0, dtype=np.int32)
        self.solves = self.factorisations = 0
        self._good = False

    def _create(self, options: Mapping[str, Any]) -> Any:
        ksp = PETSc.KSP().create(self._matrix.comm)
        prefix = f"nonlinear{next(_NUMBERS)}_"
        ksp.setOptionsPrefix(prefix)
        ksp.setOperators(self._matrix)
        database = PETSc.Options()
        for name, value in options.items():
            database.setValue(prefix + name, value)
        ksp.setFromOptions()
        self._pending = [prefix + name for name in options]
        return ksp

    def hold(self, held: Iterable[tuple[IntArray, int, float]]) -> None:
        """Hold components of the state at local nodes, ghosts included, and put the values there."""
        rows = []
        for nodes, component, value in held:
            dofs = 3 * nodes + component
            self._state.x.array[dofs] = value
            rows.append(dofs[dofs < self._owned])
        self._rows = np.unique(np.concatenate([np.empty(0, dtype=np.int32), *rows])).astype(np.int32)
        self._values = self._state.x.array[self._rows].copy()
        self._good = False

    def full_residual(self) -> FloatArray:
        """Residual at the owned unknowns, with the rows of those that are held (collective)."""
        self._f.array[:] = 0.0
        fem.assemble_vector(self._f.array, self._residual)
        self._f.scatter_reverse(la.InsertMode.add)
        return np.asarray(self._f.array[: self._owned])

    def solve(self) -> bool:
        """Newton's method from the present state; whether it was solved, alike on all ranks (collective)."""
        self._state.x.array[self._rows] = self._values
        self._state.x.scatter_forward()
        last, fresh = np.inf, False
        for _ in range(CORRECTIONS):
            residual = self.full_residual().copy()
            residual[self._rows] = 0.0
            if not self._good:
                self._factorise()
                fresh = True
            step = self._correction(residual)
            size = self._size(step)
            if not np.isfinite(size) or size > LARGEST:
                if fresh:
                    self._good = False
                    return False
                self._good, last = False, np.inf
                continue
            self._state.x.array[: self._owned] -= step
            self._state.x.scatter_forward()
            if size <= MET:
                return True
            if size > SHRINK * last and size > 10.0 * MET:
                self._good, fresh = False, False
            last = size
        self._good = False
        return False

    def solve_potential(self) -> bool:
        """Solve for the potential alone, which is linear in it (collective)."""
        self._state.x.scatter_forward()
        every = np.arange(self._owned, dtype=np.int32)
        mine, rows = every[every % 3 != POTENTIAL], self._rows
        self._rows, self._good = np.union1d(rows, mine).astype(np.int32), False
        residual = self.full_residual().copy()
        residual[self._rows] = 0.0
        self._factorise()
        step = self._correction(residual)
        self._state.x.array[: self._owned] -= step
        self._state.x.scatter_forward()
        self._rows, self._good = rows, False
        return bool(np.isfinite(self._size(step)))

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        for thing in (self._ksp, self._matrix, self._b, self._dx):
            thing.destroy()

    def _factorise(self) -> None:
        self._matrix.zeroEntries()
        fem_petsc.assemble_matrix(self._matrix, self._jacobian)
        self._matrix.assemble()
        first = 3 * self._map.local_range[0]
        self._matrix.zeroRows((first + self._rows).astype(PETSc.IntType), diag=1.0)
        self._ksp.setOperators(self._matrix)
        self._good = True
        self.factorisations += 1

    def _correction(self, residual: FloatArray) -> FloatArray:
        with self._b as local:
            local[:] = residual
        self._ksp.solve(self._b, self._dx)
        while self._pending:
            PETSc.Options().delValue(self._pending.pop())
        self.solves += 1
        if int(self._ksp.getConvergedReason()) < 0:
            return np.full(self._owned, np.nan)
        return np.array(self._dx.array_r)

    def _size(self, step: FloatArray) -> float:
        """Largest correction on any rank; nan if there is one (collective)."""
        mine = float(np.abs(step).max(initial=0.0))
        found = self._matrix.comm.tompi4py().allreduce(mine if np.isfinite(mine) else np.inf, op=MPI.MAX)
        return float(found)
