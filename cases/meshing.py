"""The mesh that a case with a growing electrode starts from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cases import electrodes
from cases.schema import Case
from meshes import shell_shapes
from meshes.shell import Shell
from meshes.solid import Mesh3D, SizeField3D, tetrahedralise
from meshes.triangulate import Mesh2D, SizeField, triangulate

UM = 1e6
"""Micrometres per metre."""


def initial_mesh(case: Case) -> Mesh2D | Mesh3D:
    """Triangles or tetrahedra of the electrolyte, in units of the gap."""
    sizes, unit, front = electrodes.sizes(case), case.geometry.gap, electrodes.initial_front(case)
    bulk, width = sizes.bulk / unit, case.geometry.width / unit
    if isinstance(front, Shell):
        assert case.geometry.depth is not None  # initial_front
        above = shell_shapes.plate(width, case.geometry.depth / unit, bulk, 1.0, above=True)
        field = SizeField3D(bulk, sizes.front / unit, sizes.growth)
        return tetrahedralise({"front": front, "counter": above}, field)
    counter = electrodes.initial_counter(case)
    fronts = {"front": front} | ({} if counter is None else {"counter": counter})
    return triangulate(fronts, width, 1.0, SizeField(bulk=bulk, growth=sizes.growth))


def write_mesh(case: Case, target: Path) -> str:
    """Write the initial mesh, in um, to `target`; returns a line that describes it."""
    import meshio

    mesh = initial_mesh(case)
    dim, nodes = mesh.points.shape[1], len(mesh.points)
    points = np.zeros((nodes, 3))
    points[:, :dim] = mesh.points * case.geometry.gap * UM
    kind, noun = ("triangle", "triangles") if dim == 2 else ("tetra", "tetrahedra")
    meshio.write(target, meshio.Mesh(points, [(kind, mesh.cells)]))
    return f"{target}: {len(mesh.cells)} {noun}, {nodes} nodes, quality at least {mesh.quality:.2f}"
