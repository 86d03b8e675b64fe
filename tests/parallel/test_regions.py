"""Meshes with named regions are the same on 1, 2 and 3 ranks, also where a rank owns nothing of a name.

Run as a program, this file writes what it measures as JSON from rank 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import basix.ufl
import gmsh
import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.builders import Inclusion, Layer, Strip, box, channel, from_msh, interval, polygon, rectangle
from meshes.compat import FacetMesh, bind, compile_form
from meshes.errors import MeshError
from meshes.gmsh_file import session
from meshes.regions import Regions
from meshes.tagged import TaggedMesh
from tests.running import REPOSITORY, environment

LAYERS = [Layer("a", 1e-6, cells=3), Layer("b", 2e-6, cells=4, size_start=1e-7), Layer("c", 1e-6, cells=1)]
SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def cut(comm: MPI.Comm) -> Regions:
    """One region with a cut through it and a region of a single cell at its end."""
    points = np.arange(12.0)[:, None]
    cells = np.column_stack((np.arange(11), np.arange(1, 12)))
    given = TaggedMesh.of(points, [("a", cells[:-1]), ("last", cells[-1:])], [("cut", np.array([[4]]))], 1.0)
    return Regions(comm, given if comm.rank == 0 else None)


def from_file(comm: MPI.Comm, path: Path) -> Regions:
    """Two boxes, one on the other, with one named side."""
    if comm.rank == 0:
        options = {"General.Terminal": 0, "Mesh.MeshSizeMax": 0.5, "Mesh.MeshOnlyEmpty": 0}
        with session(options | {"Mesh.MeshSizeFromPoints": 1, "Mesh.ElementOrder": 1}):
            occ = gmsh.model.occ
            a, b = occ.addBox(0, 0, 0, 1, 1, 1), occ.addBox(0, 0, 1, 1, 1, 1)
            occ.fragment([(3, a)], [(3, b)])
            occ.synchronize()
            for volume, name in ((a, "a"), (b, "b")):
                gmsh.model.addPhysicalGroup(3, [volume], name=name)
            side = [s for _, s in gmsh.model.getEntities(2) if abs(occ.getCenterOfMass(2, s)[2]) < 1e-9]
            gmsh.model.addPhysicalGroup(2, side, name="working")
            gmsh.model.mesh.generate(3)
            gmsh.write(str(path))
    comm.barrier()
    return from_msh(comm, path)


def meshes(folder: Path) -> dict[str, Callable[[MPI.Comm], Regions]]:
    return {
        "interval": lambda comm: interval(comm, LAYERS),
        "fewer cells than ranks": lambda comm: interval(
            comm, [Layer("a", 1.0, cells=1), Layer("b", 1.0, cells=1)]
        ),
        "cut": cut,
        "rectangle": lambda comm: rectangle(comm, 3e-6, LAYERS, columns=5, left="wall", diagonal="crossed"),
        "box": lambda comm: box(comm, 2e-6, 1e-6, LAYERS, columns=3, rows=2, right="side"),
        "channel": lambda comm: channel(
            comm, 5.0, 1.0, [Strip("e", 2.0, 3.0)], along=0.5, across=0.2, edge=0.1, wall=0.05
        ),
        "polygon": lambda comm: polygon(
            comm,
            SQUARE,
            ["w", None, "c", None],
            size=0.1,
            inclusions=[
                Inclusion("p", [(0.5, 0.5)], radius=0.2),
                Inclusion(None, [(0.1, 0.1), (0.3, 0.1), (0.1, 0.3)], boundary="hole"),
            ],
        ),
        "file": lambda comm: from_file(comm, folder / "boxes.msh"),
    }


def integrals(regions: Regions) -> dict[str, float]:
    """Integrals over every region and facet set by forms compiled on an abstract mesh; see `bind`."""
    abstract = ufl.Mesh(basix.ufl.element("Lagrange", regions.cell, 1, shape=(regions.dim,)))
    u = ufl.Coefficient(ufl.FunctionSpace(abstract, basix.ufl.element("Lagrange", regions.cell, 2)))
    side = ufl.Coefficient(ufl.FunctionSpace(abstract, basix.ufl.element("DG", regions.cell, 0)))
    dx, ds, d_s = (ufl.Measure(kind, abstract) for kind in ("dx", "ds", "dS"))
    n = ufl.FacetNormal(abstract)
    field = fem.Function(fem.functionspace(regions.mesh, ("Lagrange", 2)))
    field.interpolate(lambda x: 1.0 + x[0] + 2.0 * x[regions.dim - 1] ** 2)
    region = fem.Function(fem.functionspace(regions.mesh, ("DG", 0)))
    for name, tag in regions.regions.items():
        region.x.array[regions.dofs(region.function_space, name)] = tag
    forms = {f"u in {name}": u * dx(tag) for name, tag in regions.regions.items()}
    for name, tag in regions.boundaries.items():
        if regions.interior(name):
            forms[f"u on {name}"] = ufl.avg(u) * d_s(tag)
            forms[f"jump on {name}"] = (side("-") - 3.0 * side("+")) * d_s(tag)
            forms[f"normal on {name}"] = n("+")[regions.dim - 1] * ufl.avg(u) * d_s(tag)
        else:
            forms[f"u on {name}"] = u * ds(tag)
    found = {}
    for name, form in forms.items():
        compiled = compile_form(regions.comm, form)
        bound = bind(compiled, regions.mesh, [], regions.entities(), {u: field, side: region}, {})
        found[name] = float(regions.comm.allreduce(fem.assemble_scalar(bound), op=MPI.SUM))
    return found


def describe(regions: Regions) -> dict[str, Any]:
    """All that must not depend on the number of ranks."""
    comm = regions.comm
    names = [*regions.regions, *regions.boundaries]
    told = (
        dict(regions.regions),
        dict(regions.boundaries),
        [regions.adjacent(n) for n in regions.boundaries],
    )
    assert all(told == other for other in comm.allgather(told))
    space = fem.functionspace(regions.mesh, ("Lagrange", 2))
    owned = space.dofmap.index_map.size_local
    dofs = {n: regions.dofs(space, n) for n in names}
    # A ghost dof is found wherever its owner finds it.
    for found in dofs.values():
        mark = fem.Function(space)
        mark.x.array[found[found < owned]] = 1.0
        mark.x.scatter_forward()
        np.testing.assert_array_equal(np.flatnonzero(mark.x.array), np.sort(found))
    facet_meshes = {n: FacetMesh(regions.mesh, regions.facets(n)) for n in regions.boundaries}
    facet_dim = regions.dim - 1
    counts = {n: regions.cells(n).size for n in regions.regions}
    counts |= {n: regions.facets(n).size for n in regions.boundaries}
    return {
        "unit": regions.unit,
        "cells": regions.number_of_cells(),
        "tags": told[0] | told[1],
        "adjacent": [list(found) for found in told[2]],
        "interior": [regions.interior(n) for n in regions.boundaries],
        "measures": {n: regions.measure(n) for n in names},
        "counts": {n: comm.allreduce(k) for n, k in counts.items()},
        "ranks without": {n: comm.allreduce(int(k == 0)) for n, k in counts.items()},
        "dofs": {n: comm.allreduce(int(np.sum(found < owned))) for n, found in dofs.items()},
        "facet meshes": {
            n: m.mesh.topology.index_map(facet_dim).size_global for n, m in facet_meshes.items()
        },
        "integrals": integrals(regions),
    }


def errors(comm: MPI.Comm) -> list[str]:
    """Messages of what must fail on all ranks and leave none of them waiting."""
    wrong = {
        "layers": lambda: interval(comm, []),
        "names": lambda: rectangle(comm, 1.0, [Layer("working", 1.0, cells=2)], columns=2),
        "polygon": lambda: polygon(comm, [(0, 0), (1, 1), (1, 0), (0, 1)], [None] * 4, size=0.1),
        "file": lambda: from_msh(comm, "none.msh"),
    }
    told = []
    for key, make in wrong.items():
        try:
            make()
        except MeshError as error:
            told.append(f"{key}: {error}")
        comm.barrier()
    assert all(told == other for other in comm.allgather(told))
    return told


def main(out: Path) -> None:
    comm = MPI.COMM_WORLD
    found: dict[str, Any] = {name: describe(make(comm)) for name, make in meshes(out.parent).items()}
    found["errors"] = errors(comm)
    if comm.rank == 0:
        out.write_text(json.dumps(found), encoding="utf-8")


def measured(out: Path, ranks: int) -> dict[str, Any]:
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*start, sys.executable, "-m", "mpi4py", "-m", "tests.parallel.test_regions", str(out)],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300.0,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return measured(tmp_path_factory.mktemp("regions") / "1.json", 1)


def test_integrals_on_one_rank_are_exact(alone: dict[str, Any]) -> None:
    """U = 1 + x + 2 z^2 in mesh units; the stack is 4 high, a to 1, b to 3, c to 4, in units of 4 um."""
    found = alone["box"]["integrals"]  # extent (1/2, 1/4, 1)
    area, mean = 0.125, 1.25
    for name, low, high in (("a", 0.0, 0.25), ("b", 0.25, 0.75), ("c", 0.75, 1.0)):
        exact = area * (mean * (high - low) + 2 / 3 * (high**3 - low**3))
        assert found[f"u in {name}"] == pytest.approx(exact, rel=1e-12)
    assert found["u on a|b"] == pytest.approx(area * (mean + 2 / 16), rel=1e-12)
    assert found["normal on a|b"] == pytest.approx(area * (mean + 2 / 16), rel=1e-12)
    assert found["jump on b|c"] == pytest.approx(area * (3 - 3 * 2), rel=1e-12)
    assert found["u on side"] == pytest.approx(0.25 * (1.5 + 2 / 3), rel=1e-12)
    assert alone["interval"]["integrals"]["u on counter"] == pytest.approx(4.0, rel=1e-14)
    assert alone["cut"]["integrals"]["normal on cut"] == pytest.approx(1.0 + 4.0 + 32.0, rel=1e-14)


@pytest.mark.parametrize("ranks", [2, 3])
def test_numbers_do_not_depend_on_the_number_of_ranks(
    ranks: int, alone: dict[str, Any], tmp_path: Path
) -> None:
    together = measured(tmp_path / f"{ranks}.json", ranks)
    assert together["errors"] == alone["errors"]
    assert len(together.pop("errors")) == 4
    for name, found in together.items():
        for key in ("cells", "tags", "adjacent", "interior", "counts", "dofs", "facet meshes"):
            assert found[key] == alone[name][key], (name, key)
        assert found["facet meshes"].items() <= found["counts"].items()
        assert found["unit"] == alone[name]["unit"]
        for key in ("measures", "integrals"):
            assert found[key].keys() == alone[name][key].keys()
            for what, value in found[key].items():
                assert value == pytest.approx(alone[name][key][what], rel=1e-11, abs=1e-20), (name, what)
    # What makes the comparison worth something: names of which only one rank owns anything.
    for name, what in (("interval", "c"), ("cut", "last"), ("cut", "cut"), ("interval", "a|b")):
        assert together[name]["ranks without"][what] == ranks - 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
