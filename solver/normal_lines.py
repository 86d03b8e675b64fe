r"""A spread surface on a mesh: its normals, its curvature, and what belongs to one normal.

Everything that happens on a spread surface happens within some widths of it, along a normal. What is known
there pointwise, as a functional q of test functions, is taken together along every normal by

    (a u, v) + <wet u, v> + l^2 (a n.grad u, n.grad v) = q(v)

with l of some widths, a the surface per volume, and < , > over the open part of the bed: u is per area, and
constant across the profile. The part q - l^2 (a n.grad u, n.grad .) of it is the functional of a u: it has
the same sum as q, and the same on every normal.

A speed u that deposits is told from a curvature that it changes itself, faster on shorter waves. So its
difference from the speed u0 that the surface was predicted with is taken implicitly, like the curvature that
it makes: kappa changes by -tau times the Laplacian of u - u0 along the surface, and with it u by D per kappa,

    ... + tau D (a grad_t (u - u0), grad_t v) = q(v)

The curvature is that of all levels of the depth s, kappa = div nu, nu = -grad s/|grad s|, weighed by a:

    q(v) = (a div nu, v) = -(a nu, grad v) - (nu.grad a, v) - <a cos beta, v>

    nu.grad a = -(1 - 2 xi) a |grad s|/w

with the contact angle beta of the metal on the substrate; walls are mirrors. With a surface energy gamma(nu)
that hangs on direction, the gradient of |p| gamma(p/|p|) at p = nu takes the place of nu (Cahn and Hoffman,
Acta Metall. 22, 1205 (1974)).
"""

from __future__ import annotations

from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc
from mpi4py import MPI
from petsc4py import PETSc

from meshes.compat import bind, compile_form

from .compiled import SCALAR
from .crystal import Crystal
from .diffuse import BED, Spread
from .symbols import Phase, fraction
from .types import FloatArray

REACH = 6.0
"""L in widths."""
FAINT = 1e-9
"""Density, over 1/w, which is added so that u is known everywhere."""
STEEPNESS = 0.01
"""Slope of the depth below which the direction of the surface fades: between two that are about to touch."""


class NormalForms:
    """Forms, compiled once."""

    def __init__(self, comm: MPI.Comm, dim: int, tags: tuple[int, int], energy: Crystal) -> None:
        """Compile on an abstract mesh of simplices; `tags` of the cells and of the substrate."""
        cell = ("interval", "triangle", "tetrahedron")[dim - 1]
        msh = ufl.Mesh(basix.ufl.element("Lagrange", cell, 1, shape=(dim,)))
        space = ufl.FunctionSpace(msh, basix.ufl.element("Lagrange", cell, 1))
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        self.depth = ufl.Coefficient(space)
        self.normal = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0, shape=(dim,))))
        self.open = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0)))
        self.cosine = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0)))
        self.width, self.faint = ufl.Constant(msh), ufl.Constant(msh)
        fine = {"quadrature_degree": 4}
        dx = ufl.Measure("dx", msh, metadata=fine)(tags[0])
        ds = ufl.Measure("ds", msh, metadata=fine)(tags[1])
        phase = Phase.of(self.depth, self.width, 0.0, 0.0, 0.0)
        density = phase.density + self.faint
        along = density * (REACH * self.width) ** 2 * ufl.inner(self.normal, ufl.grad(u))
        self.mobility = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0)))
        across = ufl.inner(self.normal, ufl.grad(u)) * ufl.inner(self.normal, ufl.grad(v))
        beside = self.mobility * density * (ufl.inner(ufl.grad(u), ufl.grad(v)) - across)
        self.beside = compile_form(comm, beside * dx)
        self.sum = compile_form(comm, density * u * v * dx + self.open * phase.wet * u * v * ds)
        self.along = compile_form(comm, along * ufl.inner(self.normal, ufl.grad(v)) * dx)
        # The normal into the metal is that of the depth; the outward one has the other sign.
        p = ufl.variable(-self.normal)
        a, slope = phase.density, ufl.grad(self.depth)

        def bent(nu: Any) -> Any:
            fading = (1.0 - 2.0 * fraction(self.depth, self.width)) / self.width * a * ufl.inner(nu, slope)
            form = -(a * ufl.inner(nu, ufl.grad(v)) + fading * v) * dx - a * self.cosine * v * ds
            return compile_form(comm, ufl.algorithms.expand_derivatives(form))

        self.bent, self.isotropic = bent(-self.normal), energy.strength == 0.0
        self.stiff = self.bent if self.isotropic else bent(ufl.diff(energy.energy(p), p))


class NormalLines:
    """The surface at the depth that `problem` has.

    Attributes:
        normals: n = grad s/|grad s|, into the metal, of every local cell, shape (cells, d).
    """

    def __init__(self, forms: NormalForms, problem: Spread) -> None:
        """Bind the forms to the mesh of `problem` (collective)."""
        self.problem, self.space = problem, problem.spaces[SCALAR]
        msh, regions = self.space.mesh, problem.regions
        self._normal = fem.Function(fem.functionspace(msh, ("DG", 0, (regions.dim,))))
        self._mobility = fem.Function(problem.cells)
        given = {
            forms.depth: problem.depth,
            forms.normal: self._normal,
            forms.open: problem.activity[BED],
            forms.cosine: problem.cosine,
            forms.mobility: self._mobility,
        }
        constants = {
            forms.width: fem.Constant(msh, problem.width),
            forms.faint: fem.Constant(msh, FAINT / problem.width),
        }
        spaces, where = 2 * [self.space], regions.entities()
        self._sum, self._along, self._beside = (
            bind(f, msh, spaces, where, given, constants) for f in (forms.sum, forms.along, forms.beside)
        )
        self._bent = bind(forms.bent, msh, [self.space], where, given, constants)
        self._stiff = bind(forms.stiff, msh, [self.space], where, given, constants)
        self._isotropic = forms.isotropic
        self.owned = self.space.dofmap.index_map.size_local
        self._matrix, self._other, self._third = (petsc.create_matrix(self._along) for _ in range(3))
        self._solution, self._right = self._matrix.createVecs()
        self._work = fem.Function(self.space)
        self._solver = conjugate_gradients(problem.comm)
        self.normals: FloatArray = np.zeros((len(problem.hat), regions.dim))

    def place(self) -> None:
        """Take the depth and the open part of the bed as they are now (collective)."""
        self.normals = unit_normals(self.problem, self.problem.depth.x.array)
        self._normal.x.array[:] = self.normals.ravel()
        for matrix, form in ((self._other, self._along), (self._matrix, self._sum)):
            matrix.zeroEntries()
            petsc.assemble_matrix(matrix, form)
            matrix.assemble()
        self._matrix.axpy(1.0, self._other, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        self._solver.setOperators(self._matrix)

    def per_area(self, functional: FloatArray) -> tuple[FloatArray, FloatArray]:
        """U at the local nodes, the functional of a u at the owned ones, from one there (collective)."""
        with self._right as local:
            local[:] = functional
        self._solver.solve(self._right, self._solution)
        self._work.x.array[: self.owned] = self._solution.array_r
        self._work.x.scatter_forward()
        self._other.mult(self._solution, self._right)
        return np.array(self._work.x.array), functional - self._right.array_r

    def speed(
        self, functional: FloatArray, predicted: FloatArray, mobility: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """U at the local nodes, the functional of a u at the owned ones, of a deposit (collective).

        Args:
            functional: q at the owned nodes, mesh volumes per s.
            predicted: u0 at the local nodes.
            mobility: tau D of every local cell, mesh units squared.
        """
        self._mobility.x.array[:] = mobility
        self._third.zeroEntries()
        petsc.assemble_matrix(self._third, self._beside)
        self._third.assemble()
        with self._solution as local:
            local[:] = predicted[: self.owned]
        self._third.mult(self._solution, self._right)
        pulled = functional + self._right.array_r
        self._other.axpy(1.0, self._third, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        self._matrix.axpy(1.0, self._third, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        return self.per_area(pulled)

    def curvature(self) -> FloatArray:
        """Kappa at the local nodes, per mesh unit (collective)."""
        return self.per_area(self.problem.vector(self._bent))[0]

    def stiffness(self, curvature: FloatArray) -> FloatArray:
        """The same weighed by the surface energy, over its mean, from `curvature` (collective)."""
        return curvature if self._isotropic else self.per_area(self.problem.vector(self._stiff))[0]

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        for thing in (self._solver, self._matrix, self._other, self._third, self._solution, self._right):
            thing.destroy()


def unit_normals(problem: Spread, depth: FloatArray) -> FloatArray:
    """Grad s/|grad s| of every local cell, shape (cells, d), from s at the local nodes."""
    slope = np.einsum("ck,ckd->cd", depth[problem.spaces[SCALAR].dofmap.list], problem.hat)
    return np.asarray(slope / np.sqrt((slope**2).sum(axis=1) + STEEPNESS**2)[:, None])


def conjugate_gradients(comm: MPI.Comm) -> Any:
    """A solver for symmetric matrices that are nearly diagonal."""
    solver = PETSc.KSP().create(comm)
    solver.setType("cg")
    solver.getPC().setType("jacobi")
    solver.setTolerances(rtol=1e-12, atol=1e-300, max_it=2000)
    solver.setErrorIfNotConverged(True)
    return solver
