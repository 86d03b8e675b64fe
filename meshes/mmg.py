"""The one module that knows MMG: adapt tetrahedra to wanted edge lengths by local operations.

MMG (C. Dapogny, C. Dobrzynski, P. Frey, Three-dimensional adaptive domain remeshing, J. Comput. Phys. 262,
358 (2014)) splits, collapses and swaps edges and moves nodes, and leaves alone what is good. Triangles keep
their reference numbers, and the lines between different ones are kept as lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .errors import MeshError


@dataclass(frozen=True, eq=False)
class Labelled:
    """Tetrahedra with numbered boundary triangles and the lines between them.

    Attributes:
        points: nodes, shape (N, 3).
        cells: tetrahedra, shape (M, 4).
        facets: boundary triangles, shape (K, 3).
        labels: number from 1 of the smooth surface that a triangle belongs to, shape (K,).
        lines: edges that have to stay lines, shape (L, 2).
    """

    points: FloatArray
    cells: IntArray
    facets: IntArray
    labels: IntArray
    lines: IntArray


def adapt(
    mesh: Labelled, corners: IntArray, kept: BoolArray, lengths: FloatArray, hausdorff: float, growth: float
) -> Labelled:
    """Adapt a mesh to wanted edge lengths.

    Args:
        mesh: valid tetrahedra.
        corners: nodes that stay where they are.
        kept: facets that have to stay as they are, shape (K,).
        lengths: wanted edge length at every node, shape (N,).
        hausdorff: largest distance between old and new surface.
        growth: largest increase of the edge length per distance.

    Raises:
        MeshError: MMG is not installed or fails.
    """
    try:
        from mmgpy import MmgMesh3D
    except ImportError as error:
        raise MeshError("remeshing in three dimensions needs the package mmgpy") from error
    work = MmgMesh3D()
    work.set_mesh_size(
        vertices=len(mesh.points),
        tetrahedra=len(mesh.cells),
        triangles=len(mesh.facets),
        edges=len(mesh.lines),
    )
    work.set_vertices(np.ascontiguousarray(mesh.points))
    work.set_tetrahedra(np.ascontiguousarray(mesh.cells, dtype=np.int32))
    work.set_triangles(np.ascontiguousarray(mesh.facets, dtype=np.int32), mesh.labels.astype(np.int64))
    work.set_edges(np.ascontiguousarray(mesh.lines, dtype=np.int32))
    work.set_ridge_edges(np.arange(len(mesh.lines), dtype=np.int32))
    work.set_corners(corners.astype(np.int32))
    if np.any(kept):
        work.set_required_triangles(np.flatnonzero(kept).astype(np.int32))
    work["metric"] = np.ascontiguousarray(lengths, dtype=np.float64)[:, None]
    try:
        work.remesh(
            hmin=0.7 * float(lengths.min()),
            hmax=2.0 * float(lengths.max()),
            hausd=hausdorff,
            hgrad=1.0 + growth,
            angle=0,
            verbose=-1,
        )
    except RuntimeError as error:
        raise MeshError(f"MMG could not adapt the mesh: {error}") from error
    facets, labels = work.get_triangles_with_refs()
    numbers = [
        np.asarray(a, dtype=np.int64) for a in (work.get_tetrahedra(), facets, labels, work.get_edges())
    ]
    return Labelled(np.asarray(work.get_vertices()), *numbers)
