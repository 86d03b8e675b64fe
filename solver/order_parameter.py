r"""How a spread electrode surface grows and keeps its profile.

    d xi/dt = S + div[ b (grad xi - C) ],      C = xi (1 - xi)/w n,   n = grad s/|grad s|

S is the volume that reactions deposit per volume and time: what the species and charge balances of the same
step count. The other part moves no volume over any distance: it takes xi back to the profile
1/(1 + exp(d/w)), d the distance from the surface, whatever the shape of the surface, and vanishes on it.
Source: Chiu and Lin, J. Comput. Phys. 230, 185 (2011); Jain, J. Comput. Phys. 469, 111529 (2022).

The reaction at the outside of the profile may be faster than at the inside, where the concentration is
lower; growing there at once would tear the profile apart. So S is what is deposited along every normal,
taken together (see `normal_lines`).

On a mesh, C in a cell is the gradient of the P1 interpolant of the profile itself, through the depth in the
middle of the cell and with slope 1 along n: so a flat profile at rest stays at rest in any mesh. There, n is
the mean of the normals at the corners, which are means over the cells about them. It does not see a ripple
from node to node; grad xi does, and so diffusion along the surface takes it away. Nothing else would, for
the curvature of such a ripple is not known either.
"""

from __future__ import annotations

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem, la
from dolfinx.fem import petsc
from mpi4py import MPI
from scipy.spatial import cKDTree

from meshes.compat import bind, compile_form

from .compiled import SCALAR
from .diffuse import Spread
from .normal_lines import STEEPNESS, conjugate_gradients
from .types import BoolArray, FloatArray

TRUSTED, RIM = 6.0, 4.5
"""Widths from the surface up to which xi tells the depth, and from which on it is continued from."""


DIGITS = 6
"""Of places in widths, when neighbours are looked for."""
NEIGHBOURS = 12
"""Trusted nodes among which that sum is looked for."""


class OrderForms:
    """Forms of the equation, compiled once."""

    def __init__(self, comm: MPI.Comm, dim: int) -> None:
        """Compile on an abstract mesh of simplices."""
        cell = ("interval", "triangle", "tetrahedron")[dim - 1]
        msh = ufl.Mesh(basix.ufl.element("Lagrange", cell, 1, shape=(dim,)))
        space = ufl.FunctionSpace(msh, basix.ufl.element("Lagrange", cell, 1))
        u, v, dx = ufl.TrialFunction(space), ufl.TestFunction(space), ufl.Measure("dx", msh)
        self.mobility = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0)))
        self.profile = ufl.Coefficient(ufl.FunctionSpace(msh, basix.ufl.element("DG", cell, 0, shape=(dim,))))
        rule = {"quadrature_rule": "vertex", "quadrature_degree": 1}
        self.volume = compile_form(comm, v * ufl.Measure("dx", msh, metadata=rule))
        self.stiffness = compile_form(comm, self.mobility * ufl.inner(ufl.grad(u), ufl.grad(v)) * dx)
        self.flux = compile_form(comm, self.mobility * ufl.inner(self.profile, ufl.grad(v)) * dx)


def order_parameter(depth: FloatArray, width: float) -> FloatArray:
    """Xi from the depth."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(-depth / width, -500.0, 500.0))))


def depth_of(xi: FloatArray, width: float, largest: float) -> FloatArray:
    """Depth from xi, between -largest and largest."""
    low = 1.0 / (1.0 + np.exp(largest / width))
    inside = np.clip(xi, low, 1.0 - max(low, 1e-15))
    return np.asarray(np.clip(width * np.log(inside / (1.0 - inside)), -largest, largest))


class OrderParameter:
    """The order parameter on a mesh.

    Attributes:
        volumes: lumped masses M of the owned nodes, mesh units.
        xi: values at the local nodes, ghosts included.
    """

    def __init__(self, forms: OrderForms, problem: Spread) -> None:
        """Bind the forms to the mesh of `problem` (collective)."""
        self.problem, self.space = problem, problem.spaces[SCALAR]
        msh = self.space.mesh
        self.mobility = fem.Function(problem.cells)
        self.profile = fem.Function(fem.functionspace(msh, ("DG", 0, (problem.regions.dim,))))
        given = {forms.mobility: self.mobility, forms.profile: self.profile}
        self._stiffness = bind(forms.stiffness, msh, 2 * [self.space], {}, given, {})
        self._flux = bind(forms.flux, msh, [self.space], {}, given, {})
        self.owned = self.space.dofmap.index_map.size_local
        self.volumes = problem.vector(bind(forms.volume, msh, [self.space], {}, {}, {}))
        self._work = fem.Function(self.space)
        self._vector = fem.Function(fem.functionspace(msh, ("Lagrange", 1, (problem.regions.dim,))))
        self._vector_nodes = self._vector.function_space.dofmap.list
        self._places = self.space.tabulate_dof_coordinates()[:, : problem.regions.dim]
        self._mirrors = self._on_walls(self._vector.function_space.tabulate_dof_coordinates())
        self._own_cells = msh.topology.index_map(problem.regions.dim).size_local
        edges = problem.corners[:, 1:] - problem.corners[:, :1]
        self._cell_volumes = np.abs(np.linalg.det(edges))
        self.xi: FloatArray = np.zeros(self._work.x.array.size)
        self._matrix = petsc.create_matrix(self._stiffness)
        self._solution, self._right = self._matrix.createVecs()
        self._diagonal = self._right.duplicate()
        self._solver = conjugate_gradients(problem.comm)
        self._solver.setInitialGuessNonzero(True)

    def step(self, known: FloatArray, factor: float, mobility: FloatArray, depth: FloatArray) -> FloatArray:
        """Solve M xi - known + factor (b (grad xi - C), grad v) = 0; local nodes (collective).

        Args:
            known: amounts M xi of owned nodes, mesh units: what was there, and what was deposited.
            factor: time over the leading coefficient of the formula, s.
            mobility: b of every local cell, mesh units squared per s.
            depth: where the profile shall be, local nodes.
        """
        self.mobility.x.array[:] = factor * mobility
        self.profile.x.array[:] = self._ideal(depth).ravel()
        flux = self.problem.vector(self._flux)
        self._matrix.zeroEntries()
        petsc.assemble_matrix(self._matrix, self._stiffness)
        self._matrix.assemble()
        with self._diagonal as local:
            local[:] = self.volumes
        self._matrix.getDiagonal(self._solution)
        self._diagonal.axpy(1.0, self._solution)
        self._matrix.setDiagonal(self._diagonal)
        with self._right as local:
            local[:] = known + flux
        with self._solution as local:
            local[:] = self.xi[: self.owned]
        self._solver.setOperators(self._matrix)
        self._solver.solve(self._right, self._solution)
        # What the solver has left is put into the lumped mass, so that no volume is lost.
        self._matrix.multAdd(-1.0 * self._solution, self._right, self._diagonal)
        self._work.x.array[: self.owned] = self._solution.array_r + self._diagonal.array_r / self.volumes
        self._work.x.scatter_forward()
        return np.array(self._work.x.array)

    def _ideal(self, depth: FloatArray) -> FloatArray:
        """C of every local cell, shape (cells, d)."""
        problem = self.problem
        here = depth[self.space.dofmap.list]
        normal = self._smooth_normals(here)
        middle = problem.corners.mean(axis=1)
        along = np.einsum("ckd,cd->ck", problem.corners - middle[:, None], normal)
        ideal = order_parameter(here.mean(axis=1)[:, None] + along, problem.width)
        return np.asarray(np.einsum("ck,ckd->cd", ideal, problem.hat))

    def _smooth_normals(self, here: FloatArray) -> FloatArray:
        """N of every local cell, (cells, d), from s at its corners, (cells, d + 1) (collective).

        Smoothed once, n follows a wave of s with an error of its wavenumber squared, and diffusion takes some
        of the wave away. Twice the once smoothed less the twice smoothed normal has no error of that order.
        """
        slope = np.einsum("ck,ckd->cd", here, self.problem.hat)
        once = self._averaged(slope)
        smooth = _unit(2.0 * once - self._averaged(once))
        steep = np.sqrt((slope**2).sum(axis=1))
        return np.asarray(smooth * (steep / np.sqrt(steep**2 + STEEPNESS**2))[:, None])

    def _averaged(self, vectors: FloatArray) -> FloatArray:
        """Directions of vectors in the local cells, averaged over neighbours (collective).

        Over the cells about every node, then over the nodes of every cell.
        """
        vector, dim = self._vector, vectors.shape[1]
        weighted = (self._cell_volumes[:, None] * vectors)[: self._own_cells]
        sums = np.zeros((vector.x.array.size // dim, dim))
        nodes = self._vector_nodes[: self._own_cells]
        for corner in range(nodes.shape[1]):
            for axis in range(dim):
                sums[:, axis] += np.bincount(nodes[:, corner], weighted[:, axis], len(sums))
        vector.x.array[:] = sums.ravel()
        vector.x.scatter_reverse(la.InsertMode.add)
        vector.x.scatter_forward()
        sums = np.where(self._mirrors, 0.0, vector.x.array.reshape(-1, dim))
        directions = sums / np.maximum(np.sqrt((sums**2).sum(axis=1)), 1e-300)[:, None]
        return _unit(directions[self._vector_nodes].mean(axis=1))

    def _on_walls(self, places: FloatArray) -> BoolArray:
        """Components of a vector at `places` that are zero on the side walls, mirrors (collective)."""
        dim = self.problem.regions.dim
        x = self.problem.corners.reshape(-1, dim)
        low, high = x.min(axis=0, initial=np.inf), x.max(axis=0, initial=-np.inf)
        boxes = self.problem.comm.allgather((low, high))
        low, high = np.min([b[0] for b in boxes], axis=0), np.max([b[1] for b in boxes], axis=0)
        near = 1e-9 * (high - low)
        on = (places[:, :dim] < low + near) | (places[:, :dim] > high - near)
        on[:, -1] = False
        return np.asarray(on)

    def depth(self, xi: FloatArray) -> FloatArray:
        """S at the local nodes (collective): w ln(xi/(1 - xi)) up to TRUSTED widths from the surface.

        Farther away xi is too near 0 or 1 to tell, and what it tells is rounding, of which the exponential
        law of the profile would make metal. There, s is the least sum of a trusted depth and a distance.
        """
        problem, w = self.problem, self.problem.width
        depth = depth_of(xi, w, problem.largest_depth)
        far, trusted = np.abs(depth) > TRUSTED * w, np.abs(depth) <= TRUSTED * w
        rim = np.flatnonzero((trusted & (np.abs(depth) > RIM * w))[: self.owned])
        pieces = problem.comm.allgather((self._places[rim], depth[rim]))
        places, known = (np.concatenate(part) for part in zip(*pieces, strict=True))
        # Among equally near nodes, ranks must not choose by the last digit of their places.
        places = np.round(places / w, DIGITS)
        ascending = np.lexsort(places.T)
        places, known, mine_at = places[ascending], known[ascending], np.round(self._places / w, DIGITS)
        for side in (1.0, -1.0):
            mine = np.flatnonzero(far & (side * depth > 0.0))
            here = side * known > 0.0
            depth[mine] = side * problem.largest_depth
            if not here.any() or not mine.size:
                continue
            tree, reach = cKDTree(places[here]), problem.largest_depth / w - RIM
            near = tree.query(mine_at[mine], NEIGHBOURS, distance_upper_bound=reach)
            beyond = np.append(np.abs(known[here]), np.inf)[near[1]]
            depth[mine] = side * (beyond + w * near[0]).min(axis=1)
        return np.asarray(np.clip(depth, -problem.largest_depth, problem.largest_depth))

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        for thing in (self._solver, self._matrix, self._solution, self._right, self._diagonal):
            thing.destroy()


def _unit(vectors: FloatArray) -> FloatArray:
    """Vectors (n, d) of length 1; shorter where there is hardly a direction."""
    length = np.sqrt((vectors**2).sum(axis=1))
    return np.asarray(vectors / np.maximum(length, STEEPNESS)[:, None])
