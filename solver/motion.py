"""Extend the motion of the front into the mesh."""

from __future__ import annotations

from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc
from mpi4py import MPI
from petsc4py import PETSc

from meshes.compat import bind, compile_form, geometry_dofmap
from meshes.domain import COUNTER, FRONT, WALLS, Domain

from .types import FloatArray, IntArray


class MotionForms:
    """Scalar stiffness and mass matrices, compiled once."""

    def __init__(self, comm: MPI.Comm) -> None:
        """Compile on an abstract mesh."""
        lagrange = basix.ufl.element("Lagrange", "triangle", 1)
        cell = ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
        space = ufl.FunctionSpace(cell, lagrange)
        self.stiffness = ufl.Coefficient(ufl.FunctionSpace(cell, basix.ufl.element("DG", "triangle", 0)))
        trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
        dx = ufl.Measure("dx", cell)
        self.extension = compile_form(comm, self.stiffness * ufl.inner(ufl.grad(trial), ufl.grad(test)) * dx)
        self.mass = compile_form(comm, trial * test * dx)


class Extension:
    """Harmonic extension of the front's displacement since this mesh was made.

    div( k grad d ) = 0 with k = 1/(cell area) on the mesh as it was made, so that small cells near the front
    keep their shape; d is given on the front, zero on the counter electrode, and along the walls it slides.
    The matrix does not change while the mesh lives: it is factorised once.
    """

    def __init__(self, forms: MotionForms, domain: Domain) -> None:
        """Assemble and factorise on `domain` in its present shape.

        Attributes:
            start: positions of the local P1 dofs on the mesh as it was made.
            front_lengths: lengths of the front edges then.
        """
        self.domain = domain
        x = domain.mesh.geometry.x
        self.start = domain.coordinates.copy()
        self._front = domain.front.points
        self.front_lengths = domain.front.lengths
        corners = x[:, :2][geometry_dofmap(domain.mesh)]
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        stiffness = fem.Function(fem.functionspace(domain.mesh, ("Discontinuous Lagrange", 0)))
        stiffness.x.array[:] = 1.0 / np.abs(0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))
        form = bind(forms.extension, domain.mesh, 2 * [domain.space], {}, {forms.stiffness: stiffness}, {})
        self._free = petsc.create_matrix(form)
        petsc.assemble_matrix(self._free, form)
        self._free.assemble()
        fixed = np.concatenate((domain.dofs_on(FRONT), domain.dofs_on(COUNTER)))
        self._fixed = [np.unique(np.concatenate((fixed, domain.dofs_on(WALLS)))), np.unique(fixed)]
        self._solvers = [self._factorise(dofs) for dofs in self._fixed]
        self._given, self._right = self._free.createVecs()
        self._solution = fem.Function(domain.space)

    def displacement(self, front: FloatArray) -> FloatArray:
        """Displacement of all local P1 dofs from where the mesh was made, for front vertices at `front`.

        Args:
            front: positions of the front vertices, shape (n, 2), mesh units.

        Returns:
            shape (local dofs, 2), ghosts included.
        """
        domain, where = self.domain, self.domain.map
        moved = front - self._front
        result = np.empty((domain.coordinates.shape[0], 2))
        for axis in range(2):
            values = np.zeros(result.shape[0])
            values[where.all_dofs] = moved[where.all_vertices, axis]
            owned = domain.space.dofmap.index_map.size_local
            with self._given as local:
                local[:] = values[:owned]
            self._free.mult(self._given, self._right)
            self._right.scale(-1.0)
            fixed = self._fixed[axis]
            fixed = fixed[fixed < owned]
            with self._right as local:
                local[fixed] = values[fixed]
            self._solvers[axis].solve(self._right, self._given)
            self._solution.x.array[:owned] = self._given.array_r
            self._solution.x.scatter_forward()
            result[:, axis] = self._solution.x.array
        return result

    def place(self, positions: FloatArray) -> None:
        """Put the local P1 dofs of the mesh at `positions`, shape (local dofs, 2)."""
        self.domain.mesh.geometry.x[self.domain.node_of_dof, :2] = positions

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        for thing in (*self._solvers, self._free, self._given, self._right):
            thing.destroy()

    def _factorise(self, dofs: IntArray) -> Any:
        matrix = self._free.copy()
        owned = dofs[dofs < self.domain.space.dofmap.index_map.size_local]
        first = self.domain.space.dofmap.index_map.local_range[0]
        matrix.zeroRowsColumns((owned + first).astype(PETSc.IntType), diag=1.0)
        solver = PETSc.KSP().create(self.domain.comm)
        solver.setOperators(matrix)
        solver.setType("preonly")
        solver.getPC().setType("cholesky")
        solver.getPC().setFactorSolverType("mumps")
        solver.setUp()
        matrix.destroy()
        return solver


def project(forms: MotionForms, domain: Domain, functional: FloatArray) -> fem.Function:
    """The P1 function w with (w, v) = functional(v) on the mesh as it is; `functional` by owned dofs."""
    form = bind(forms.mass, domain.mesh, 2 * [domain.space], {}, {}, {})
    matrix = petsc.create_matrix(form)
    petsc.assemble_matrix(matrix, form)
    matrix.assemble()
    solution, right = matrix.createVecs()
    with right as local:
        local[:] = functional
    solver = PETSc.KSP().create(domain.comm)
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("jacobi")
    solver.setTolerances(rtol=1e-13, max_it=500)
    solver.setErrorIfNotConverged(True)
    solver.solve(right, solution)
    result = fem.Function(domain.space)
    result.x.array[: functional.size] = solution.array_r
    result.x.scatter_forward()
    for thing in (solver, matrix, solution, right):
        thing.destroy()
    return result
