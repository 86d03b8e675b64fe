"""Bare DOLFINx: one mixed element, PETSc's Newton method, MUMPS; what one writes by hand in an afternoon."""

from __future__ import annotations

import basix.ufl
import dolfinx
import numpy as np
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc
from mpi4py import MPI
from petsc4py import PETSc
from problem import (
    ABSOLUTE,
    DIFFUSION,
    DURATION,
    EXCHANGE,
    LOWER,
    MOST,
    PER_CURRENT,
    RELATIVE,
    UPPER,
    Clock,
    arguments,
    report,
)


class Problem:
    """Forms, matrix and vector."""

    def __init__(self, domain: mesh.Mesh, dt: float) -> None:
        """Compile the forms for steps of `dt` seconds."""
        up, dim = domain.geometry.dim - 1, domain.topology.dim
        linear = basix.ufl.element("Lagrange", domain.basix_cell(), 1)
        space = fem.functionspace(domain, basix.ufl.mixed_element([linear, linear]))
        self.now, self.before = fem.Function(space), fem.Function(space)
        c, p = ufl.split(self.now)
        v, w = ufl.TestFunctions(space)
        ends = [
            mesh.locate_entities_boundary(domain, dim - 1, lambda x, at=at: np.isclose(x[up], at))
            for at in (0.0, 1.0)
        ]
        facets = np.concatenate(ends)
        values = np.repeat(np.array([1, 2], dtype=np.int32), [len(end) for end in ends])
        order = np.argsort(facets)
        tags = mesh.meshtags(domain, dim - 1, facets[order], values[order])
        metadata = {"quadrature_degree": 2}
        ds, dx = ufl.ds(domain, subdomain_data=tags, metadata=metadata), ufl.dx(domain, metadata=metadata)

        def current(potential: float) -> object:
            half = (potential - p) / 2
            return EXCHANGE * (ufl.exp(half) - c * ufl.exp(-half))

        stored = DIFFUSION / dt * (c - ufl.split(self.before)[0])
        form = (stored * v + ufl.inner(ufl.grad(c) + c * ufl.grad(p), ufl.grad(v))) * dx
        form += (stored * w + ufl.inner(ufl.grad(c) - c * ufl.grad(p), ufl.grad(w))) * dx
        form -= PER_CURRENT * (current(LOWER) * v * ds(1) + current(UPPER) * v * ds(2))
        self.residual, self.jacobian = fem.form(form), fem.form(ufl.derivative(form, self.now))
        self.lower = fem.form(current(LOWER) * ds(1))
        self.matrix, self.vector = petsc.create_matrix(self.jacobian), petsc.create_vector(self.residual)
        self.now.x.array[space.sub(0).collapse()[1]] = 1.0
        self.unknowns = space.dofmap.index_map.size_global * space.dofmap.index_map_bs

    def load(self, x: PETSc.Vec) -> None:
        """Take over the unknowns."""
        x.copy(self.now.x.petsc_vec)
        self.now.x.scatter_forward()

    def function(self, _: PETSc.SNES, x: PETSc.Vec, f: PETSc.Vec) -> None:
        """Residual."""
        self.load(x)
        with f.localForm() as local:
            local.set(0.0)
        petsc.assemble_vector(f, self.residual)
        f.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)

    def derivative(self, _: PETSc.SNES, x: PETSc.Vec, matrix: PETSc.Mat, __: PETSc.Mat) -> None:
        """Jacobian."""
        matrix.zeroEntries()
        petsc.assemble_matrix(matrix, self.jacobian)
        matrix.assemble()


def cells(n: int, dim: int) -> mesh.Mesh:
    """The unit square or cube."""
    if dim == 2:
        return mesh.create_unit_square(MPI.COMM_WORLD, n, n)
    return mesh.create_unit_cube(MPI.COMM_WORLD, n, n, n)


def main() -> None:
    """Solve and report."""
    given, comm = arguments(__doc__), MPI.COMM_WORLD
    Problem(cells(2, given.dim), DURATION / given.steps)  # compiled before the clock
    clock = Clock()
    problem = Problem(cells(given.n, given.dim), DURATION / given.steps)
    snes = PETSc.SNES().create(comm)
    snes.setFunction(problem.function, problem.vector)
    snes.setJacobian(problem.derivative, problem.matrix)
    PETSc.Options()["snes_linesearch_type"] = "basic"
    snes.setTolerances(rtol=RELATIVE, atol=ABSOLUTE, stol=0.0, max_it=MOST)
    snes.getKSP().setType("preonly")
    snes.getKSP().getPC().setType("lu")
    snes.getKSP().getPC().setFactorSolverType("mumps")
    snes.setFromOptions()
    x, iterations = problem.now.x.petsc_vec.copy(), 0
    comm.barrier()
    with clock:
        for _ in range(given.steps):
            problem.before.x.array[:] = problem.now.x.array
            snes.solve(None, x)
            problem.load(x)
            if snes.getConvergedReason() <= 0:
                raise RuntimeError(f"Newton's method does not converge: {snes.getConvergedReason()}")
            iterations += snes.getIterationNumber()
        comm.barrier()
    current = comm.allreduce(fem.assemble_scalar(problem.lower))
    if comm.rank == 0:
        report(
            "DOLFINx + MUMPS",
            dolfinx.__version__,
            clock,
            unknowns=problem.unknowns,
            iterations=iterations,
            current=current,
            ranks=comm.size,
        )


if __name__ == "__main__":
    main()
