"""Meshes from gmsh's .msh files, in 1D, 2D or 3D, and what all users of gmsh here share.

gmsh's own library reads the file on rank 0, so no reader of DOLFINx with its differences between versions is
involved, and a file may hold points as boundaries of a 1D mesh and facets inside the mesh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import gmsh
import numpy as np
from mpi4py import MPI

from .arrays import FloatArray, IntArray
from .errors import MeshError
from .parallel import on_root_only
from .regions import Regions
from .tagged import TaggedMesh

KINDS = ("point", "curve", "surface", "volume")
SIMPLICES = {15: 1, 1: 2, 2: 3, 4: 4}
"""Nodes of gmsh's straight elements by their type: point, line, triangle, tetrahedron."""

QUIET: Mapping[str, float] = {"General.Terminal": 0, "General.NumThreads": 1}


def from_msh(
    comm: MPI.Comm,
    path: str | Path,
    unit_of_file: float = 1.0,
    unit: float | None = None,
    expected: Iterable[str] = (),
) -> Regions:
    """Read a .msh file whose regions and boundaries are named physical groups.

    The groups of the highest dimension are regions and must cover all cells of that dimension; those one
    below are boundaries or interfaces. Interfaces between two regions without a group are called "a|b".

    Args:
        comm: communicator; collective.
        path: file, any version of the .msh format that gmsh reads.
        unit_of_file: length of one unit of the file's coordinates in m.
        unit: length of one mesh unit in m, the largest extent of the mesh unless given.
        expected: names that must be there.

    Raises:
        MeshError: if the file cannot be read, a group has no name, an expected name is missing, cells are
            in no group, or elements are no straight simplices.
    """
    tagged = on_root_only(comm, lambda: read(Path(path), unit_of_file, unit))
    regions = Regions(comm, tagged)
    known = [*regions.regions, *regions.boundaries]
    missing = [name for name in expected if name not in known]
    if missing:
        raise MeshError(f"{path}: no physical group named {_listed(missing)}; there are {_listed(known)}")
    return regions


def read(path: Path, unit_of_file: float, unit: float | None) -> TaggedMesh:
    """Read a file on this rank alone; see `from_msh`."""
    if path.suffix != ".msh":
        raise MeshError(f"{path}: expected a mesh file that ends in .msh")
    if not path.is_file():
        raise MeshError(f"{path}: no such file")
    with session(QUIET, new=False):
        try:
            gmsh.open(str(path))
        except Exception as error:  # gmsh raises bare Exception
            raise MeshError(f"{path}: gmsh cannot read it: {error}") from error
        return _read_model(path, unit_of_file, unit)


@contextmanager
def session(options: Mapping[str, float], new: bool = True) -> Iterator[None]:
    """Use gmsh with these options and a model of one's own; both are as before afterwards.

    An error inside ends gmsh, and with it all its models: it keeps its internal lock then, and would answer
    every later call for a mesh with none.
    """
    if not gmsh.isInitialized():
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    before = {name: gmsh.option.getNumber(name) for name in options}
    models = set(gmsh.model.list())
    for name, value in options.items():
        gmsh.option.setNumber(name, value)
    if new:
        gmsh.model.add("regions")
    try:
        yield
    except BaseException:
        gmsh.finalize()
        raise
    if new or set(gmsh.model.list()) != models:
        gmsh.model.remove()
    for name, value in before.items():
        gmsh.option.setNumber(name, value)


def nodes() -> tuple[FloatArray, IntArray]:
    """Coordinates of all nodes of the current model, shape (n, 3), and their position by gmsh's number."""
    tags, x, _ = gmsh.model.mesh.getNodes()
    position = np.full(int(tags.max(initial=0)) + 1, -1, dtype=np.int64)
    position[tags] = np.arange(len(tags))
    return np.asarray(x).reshape(-1, 3), position


def compact(points: FloatArray, cells: IntArray) -> tuple[FloatArray, IntArray]:
    """Nodes that cells use, and the new number of every node (-1: unused)."""
    used = np.unique(cells)
    number = np.full(len(points) + 1, -1, dtype=np.int64)
    number[used] = np.arange(used.size)
    return points[used], number


def _read_model(path: Path, unit_of_file: float, unit: float | None) -> TaggedMesh:
    groups = gmsh.model.getPhysicalGroups()
    dim = max((d for d in range(4) if len(gmsh.model.mesh.getElementTypes(d))), default=0)
    if dim == 0:
        raise MeshError(f"{path}: the file holds no cells")
    if not any(d == dim for d, _ in groups):
        raise MeshError(
            f"{path}: its {KINDS[dim]} elements are in no physical group; "
            f'name the regions: Physical {KINDS[dim].capitalize()}("name") = {{...}};'
        )
    for d, tag in groups:
        if d >= dim - 1 and not gmsh.model.getPhysicalName(d, tag):
            kind = KINDS[d]
            raise MeshError(
                f"{path}: physical {kind} {tag} has no name; "
                f'give it one: Physical {kind.capitalize()}("name", {tag}) = {{...}};'
            )
    x, position = nodes()
    parts = [(name, position[e]) for name, e in _groups(path, dim)]
    sets: list[tuple[str | None, IntArray]] = [(name, position[e]) for name, e in _groups(path, dim - 1)]
    _check_cover(path, dim, sum(len(cells) for _, cells in parts))
    points, number = compact(x, np.concatenate([cells for _, cells in parts]))
    extent = np.ptp(points, axis=0)
    if np.any(extent[dim:] > 1e-9 * extent.max()):
        raise MeshError(
            f"{path}: a {dim}D mesh must lie {'on the x axis' if dim == 1 else 'in the xy plane'}"
        )
    return TaggedMesh.of(
        points[:, :dim] * unit_of_file,
        [(name, number[cells]) for name, cells in parts],
        [(name, number[facets]) for name, facets in sets],
        unit or float(extent.max()) * unit_of_file,
    )


def _groups(path: Path, dim: int) -> list[tuple[str, IntArray]]:
    """Name and elements (gmsh's node numbers, shape (n, dim + 1)) of every physical group."""
    found = []
    for _, tag in gmsh.model.getPhysicalGroups(dim):
        name = gmsh.model.getPhysicalName(dim, tag)
        rows = [np.empty((0, dim + 1), dtype=np.int64)]
        for entity in gmsh.model.getEntitiesForPhysicalGroup(dim, tag):
            for kind, _, corners in zip(*gmsh.model.mesh.getElements(dim, entity), strict=True):
                if kind not in SIMPLICES:
                    what = gmsh.model.mesh.getElementProperties(kind)[0]
                    raise MeshError(
                        f'{path}: physical {KINDS[dim]} "{name}" holds elements of type {what}; '
                        "expected straight lines, triangles or tetrahedra (Mesh.ElementOrder = 1)"
                    )
                rows.append(np.asarray(corners, dtype=np.int64).reshape(-1, SIMPLICES[kind]))
        found.append((name, np.concatenate(rows)))
    return found


def _check_cover(path: Path, dim: int, in_groups: int) -> None:
    total = sum(len(tags) for tags in gmsh.model.mesh.getElements(dim)[1])
    if in_groups < total:
        raise MeshError(
            f"{path}: {total - in_groups} of {total} cells are in no physical {KINDS[dim]}: name every region"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
