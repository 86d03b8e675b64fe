"""Extend the motion of the fronts into the mesh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc
from mpi4py import MPI
from petsc4py import PETSc

from meshes.compat import bind, compile_form, geometry_dofmap
from meshes.domain import Domain
from meshes.tags import BOUNDARIES

from .types import FloatArray, IntArray

LARGEST_DIRECT = {2: 200_000, 3: 20_000}
"""Nodes up to which the extension is factorised, by dimension; beyond, multigrid solves it in every step."""
POISSON_RATIO = 0.3
"""Of the mesh as an elastic body."""


class MotionForms:
    """Stiffness and mass matrices, compiled once."""

    def __init__(self, comm: MPI.Comm, dim: int, smoothing: str) -> None:
        """Compile on an abstract mesh; `smoothing` is "harmonic" or "elastic"."""
        cell = ("interval", "triangle", "tetrahedron")[dim - 1]
        self.dim, self.width = dim, {"harmonic": 1, "elastic": dim}[smoothing]
        vector = basix.ufl.element("Lagrange", cell, 1, shape=(dim,))
        msh, scalar = ufl.Mesh(vector), basix.ufl.element("Lagrange", cell, 1)
        dx = ufl.Measure("dx", msh)
        self.stiffness = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0)))
        space = ufl.FunctionSpace(msh, scalar if self.width == 1 else vector)
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        if self.width == 1:
            energy = ufl.inner(ufl.grad(u), ufl.grad(v))
        else:
            # Lame's constants for a Young's modulus of 1
            mu = 0.5 / (1.0 + POISSON_RATIO)
            bulk = POISSON_RATIO / ((1.0 + POISSON_RATIO) * (1.0 - 2.0 * POISSON_RATIO))
            strain, virtual = ufl.sym(ufl.grad(u)), ufl.sym(ufl.grad(v))
            energy = 2.0 * mu * ufl.inner(strain, virtual) + bulk * ufl.div(u) * ufl.div(v)
        self.extension = compile_form(comm, self.stiffness * energy * dx)
        scalars = ufl.FunctionSpace(msh, scalar)
        mass = ufl.TrialFunction(scalars) * ufl.TestFunction(scalars) * dx
        self.mass = compile_form(comm, mass)


class Extension:
    """Extension of the fronts' displacement since this mesh was made.

    harmonic: div( k grad d ) = 0 for every component;  elastic: div( k sigma(d) ) = 0, sigma that of an
    isotropic body. k = 1/(cell volume) on the mesh as it was made, so that small cells near the fronts keep
    their shape; d is given on the fronts, zero on what does not move, and along symmetry planes it slides.
    The matrix does not change while the mesh lives: it is factorised once.

    Attributes:
        start: positions of the local P1 dofs on the mesh as it was made.
        start_fronts, start_measures: the fronts then, and the sizes of their facets.
    """

    def __init__(self, forms: MotionForms, domain: Domain) -> None:
        """Assemble and factorise on `domain` in its present shape (collective)."""
        self.domain, dim = domain, domain.dim
        self.start = domain.coordinates.copy()
        self.start_fronts = dict(domain.fronts)
        self.start_measures = {name: front.measures for name, front in domain.fronts.items()}
        corners = domain.mesh.geometry.x[:, :dim][geometry_dofmap(domain.mesh)]
        stiffness = fem.Function(fem.functionspace(domain.mesh, ("Discontinuous Lagrange", 0)))
        stiffness.x.array[:] = 1.0 / np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1]))
        self._width = forms.width
        shape = () if self._width == 1 else ((dim,),)
        self._space = fem.functionspace(domain.mesh, ("Lagrange", 1, *shape)) if shape else domain.space
        form = bind(forms.extension, domain.mesh, 2 * [self._space], {}, {forms.stiffness: stiffness}, {})
        self._free = petsc.create_matrix(form)
        petsc.assemble_matrix(self._free, form)
        self._free.assemble()
        nodes = self._space.dofmap.list
        self._node = np.empty(self.start.shape[0], dtype=np.int32)
        self._node[domain.space.dofmap.list.ravel()] = nodes.ravel()
        held = [domain.dofs_on(tag) for tag in BOUNDARIES.values()]
        given = np.zeros(self.start.shape, dtype=bool)
        given[np.concatenate(held)] = True
        for axis in range(dim):
            given[domain.wall_dofs(axis), axis] = True
        self._given = given
        self._count = domain.space.dofmap.index_map.size_local
        columns = [slice(axis, axis + 1) for axis in range(dim)] if self._width == 1 else [slice(0, dim)]
        self._systems = [(columns_of, self._prepare(given[:, columns_of])) for columns_of in columns]
        self._known, self._right = self._free.createVecs()
        self._solution = fem.Function(self._space)

    def displacement(self, fronts: Mapping[str, FloatArray]) -> FloatArray:
        """Displacement of all local P1 dofs from where the mesh was made (collective).

        Args:
            fronts: positions of the vertices of every front, shape (n, d), mesh units.

        Returns:
            shape (local dofs, d), ghosts included.
        """
        domain = self.domain
        boundary = np.zeros(self.start.shape)
        for name, points in fronts.items():
            where = domain.maps[name]
            boundary[where.all_dofs] = (points - self.start_fronts[name].points)[where.all_vertices]
        result = np.empty(self.start.shape)
        for columns, (solver, fixed) in self._systems:
            values = np.zeros((self.start.shape[0], self._width))
            values[self._node] = boundary[:, columns]
            flat = values.ravel()[: self._count * self._width]
            with self._known as local:
                local[:] = flat
            self._free.mult(self._known, self._right)
            self._right.scale(-1.0)
            with self._right as local:
                local[fixed] = flat[fixed]
            solver.solve(self._right, self._known)
            self._solution.x.array[: flat.size] = self._known.array_r
            self._solution.x.scatter_forward()
            result[:, columns] = self._solution.x.array.reshape(-1, self._width)[self._node]
        return result

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        for _, (solver, _) in self._systems:
            solver.destroy()
        for thing in (self._free, self._known, self._right):
            thing.destroy()

    def _prepare(self, given: Any) -> tuple[Any, IntArray]:
        """Solver of the system in which the `given` components, shape (dofs, width), are held; these."""
        held = np.zeros_like(given)
        held[self._node] = given
        fixed = np.flatnonzero(held.ravel()[: self._count * self._width]).astype(np.int32)
        matrix = self._free.copy()
        first = self._space.dofmap.index_map.local_range[0] * self._width
        matrix.zeroRowsColumns((fixed + first).astype(PETSc.IntType), diag=1.0)
        solver = PETSc.KSP().create(self.domain.comm)
        solver.setOperators(matrix)
        if self._space.dofmap.index_map.size_global <= LARGEST_DIRECT[self.domain.dim]:
            solver.setType("preonly")
            if self.domain.comm.size == 1 and self.domain.dim == 2:  # factors that are solved with far sooner
                solver.getPC().setType("lu")
                solver.getPC().setFactorSolverType("petsc")
                solver.getPC().setFactorOrdering("qmd")
            else:
                solver.getPC().setType("cholesky")
                solver.getPC().setFactorSolverType("mumps")
        else:
            matrix.setBlockSize(self._width)
            solver.setType("cg")
            solver.getPC().setType("hypre")
            solver.setTolerances(rtol=1e-8, max_it=500)
            solver.setErrorIfNotConverged(True)
        solver.setUp()
        matrix.destroy()
        return solver, fixed


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
