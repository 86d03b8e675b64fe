"""The one module that knows the DOLFINx version (0.9, 0.10, 0.11); everything else is version-agnostic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import basix.ufl
import dolfinx
import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI

VERSION = tuple(int(part) for part in dolfinx.__version__.split(".")[:2])
HAS_ENTITY_MAP = VERSION >= (0, 10)

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


def create_triangle_mesh(
    comm: MPI.Comm, points: FloatArray, cells: npt.NDArray[np.int64], degree: int = 1
) -> mesh.Mesh:
    """Distribute a triangle mesh given on rank 0 (other ranks pass empty arrays); ghosts share facets."""
    element = basix.ufl.element("Lagrange", "triangle", degree, shape=(points.shape[1],))
    partitioner = mesh.create_cell_partitioner(
        mesh.GhostMode.shared_facet, *([2] if VERSION >= (0, 11) else [])
    )
    return mesh.create_mesh(comm, cells=cells, x=points, e=element, partitioner=partitioner)


def create_simplex_mesh(
    comm: MPI.Comm, points: FloatArray, cells: npt.NDArray[np.int64], dim: int
) -> mesh.Mesh:
    """Distribute a mesh of intervals, triangles or tetrahedra with straight edges; ghosts share facets.

    Args:
        comm: communicator; collective.
        points: nodes on rank 0, shape (nodes, dim); empty, shape (0, dim), elsewhere.
        cells: nodes of every cell on rank 0, shape (cells, dim + 1); empty, shape (0, dim + 1), elsewhere.
        dim: dimension of cells and space, 1, 2 or 3.
    """
    cell = ("interval", "triangle", "tetrahedron")[dim - 1]
    element = basix.ufl.element("Lagrange", cell, 1, shape=(dim,))
    partitioner = mesh.create_cell_partitioner(
        mesh.GhostMode.shared_facet, *([2] if VERSION >= (0, 11) else [])
    )
    return mesh.create_mesh(comm, cells=cells, x=points, e=element, partitioner=partitioner)


def facets_of_reference_cell(dim: int) -> IntArray:
    """Vertices of the facets of the reference simplex in DOLFINx' order, shape (dim + 1, dim)."""
    cell = (basix.CellType.interval, basix.CellType.triangle, basix.CellType.tetrahedron)[dim - 1]
    return np.asarray(basix.topology(cell)[dim - 1], dtype=np.int32)


def geometry_dofmap(msh: mesh.Mesh) -> IntArray:
    """Geometry nodes of every local cell, shape (cells, nodes per cell)."""
    return np.asarray(msh.geometry.dofmaps[0] if VERSION >= (0, 11) else msh.geometry.dofmap)


class FacetMesh:
    """The facets of part of a boundary as a mesh of their own.

    Attributes:
        mesh: the facet mesh, dimension one less than its parent.
        facets: parent facet of every cell of the facet mesh, shape (cells,).
    """

    def __init__(self, parent: mesh.Mesh, facets: IntArray) -> None:
        """Take owned `facets` of `parent` (collective)."""
        dim = parent.topology.dim - 1
        self.parent = parent
        self.mesh, self._map, _, self._nodes = mesh.create_submesh(parent, dim, facets)
        cells = self.mesh.topology.index_map(dim)
        count = cells.size_local + cells.num_ghosts
        if HAS_ENTITY_MAP:
            every = np.arange(count, dtype=np.int32)
            self.facets = np.asarray(self._map.sub_topology_to_topology(every, False), dtype=np.int32)
        else:
            self.facets = np.asarray(self._map, dtype=np.int32)

    def entity_maps(self) -> Any:
        """What a form integrated over the parent needs to find its coefficients on this mesh."""
        if HAS_ENTITY_MAP:
            return [self._map]
        facets = self.parent.topology.index_map(self.parent.topology.dim - 1)
        inverse = np.full(facets.size_local + facets.num_ghosts, -1, dtype=np.int32)
        inverse[self.facets] = np.arange(self.facets.size, dtype=np.int32)
        return {self.mesh: inverse}


JIT = {
    # -ffast-math gains no more than these, and they keep NaN checks. No -march=native: a cluster's nodes
    # share the cache of compiled forms.
    "cffi_extra_compile_args": [
        "-O2",
        "-fno-math-errno",
        "-fno-trapping-math",
        "-fno-signed-zeros",
        "-fassociative-math",
        "-freciprocal-math",
    ],
    "cffi_libraries": ["m"],
}


def compile_form(comm: MPI.Comm, form: Any) -> Any:
    """Compile a UFL form on an abstract mesh once; `bind` it to every mesh that comes along."""
    return fem.forms.compile_form(comm, form, jit_options=JIT)


_CONTENTS: dict[int, tuple[Any, dict[Any, str], dict[Any, str], set[str]]] = {}
"""By identity of the compiled form, which is held so that its number is not used again."""


def _contents(compiled: Any) -> tuple[dict[Any, str], dict[Any, str], set[str]]:
    """Coefficients and constants with their names, and kinds of integral of a form, looked up once."""
    if id(compiled) not in _CONTENTS:
        if len(_CONTENTS) > 1000:
            _CONTENTS.clear()
        form = compiled.ufl_form
        _CONTENTS[id(compiled)] = (
            compiled,
            {c: f"w{n}" for n, c in enumerate(ufl.algorithms.extract_coefficients(form))},
            {c: f"c{n}" for n, c in enumerate(ufl.algorithms.analysis.extract_constants(form))},
            {integral.integral_type() for integral in form.integrals()},
        )
    return _CONTENTS[id(compiled)][1:]


def bind(
    compiled: Any,
    msh: mesh.Mesh,
    spaces: Sequence[fem.FunctionSpace],
    subdomains: Mapping[Any, list[tuple[int, IntArray]]],
    coefficients: Mapping[Any, Any],
    constants: Mapping[Any, Any],
    facet_meshes: Sequence[FacetMesh] = (),
) -> fem.Form:
    """Make a form that was compiled on an abstract mesh ready for assembly on `msh`."""
    used, used_constants, kinds = _contents(compiled)
    maps: Any = [facet_mesh.entity_maps() for facet_mesh in facet_meshes]
    if HAS_ENTITY_MAP:
        maps = [one for several in maps for one in several]
    domains = {
        kind: sorted(tags, key=lambda tag: tag[0]) for kind, tags in subdomains.items() if kind.name in kinds
    }
    if HAS_ENTITY_MAP:
        return fem.forms.create_form(
            compiled,
            list(spaces),
            msh,
            domains,
            {c: f for c, f in coefficients.items() if c in used},
            {c: f for c, f in constants.items() if c in used_constants},
            maps or None,
        )
    # What `create_form` does, without its search for names, which takes longer than the rest.
    creator = fem.forms.form_cpp_creator(compiled.dtype)
    address = compiled.module.ffi.cast("uintptr_t", compiled.module.ffi.addressof(compiled.ufcx_form))
    bound = creator(
        address,
        [space._cpp_object for space in spaces],
        {used[c]: f._cpp_object for c, f in coefficients.items() if c in used},
        {used_constants[c]: f._cpp_object for c, f in constants.items() if c in used_constants},
        domains,
        {m._cpp_object: values for one in maps for m, values in one.items()},
        msh._cpp_object,
    )
    return fem.Form(bound, compiled.ufcx_form, compiled.code)


def add_matrix(matrix: Any, form: Any) -> None:
    """Add a bilinear form into a PETSc matrix through the maps that it carries, dof by dof."""
    cpp = form._cpp_object
    constants = dolfinx.cpp.fem.pack_constants(cpp)
    coefficients = dolfinx.cpp.fem.pack_coefficients(cpp)
    dolfinx.cpp.fem.petsc.assemble_matrix(matrix, cpp, constants, coefficients, [], True)
