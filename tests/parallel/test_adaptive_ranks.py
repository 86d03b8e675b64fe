"""A mesh that follows an interface, and what is carried over to it, are the same on 1, 2 and 3 ranks.

Run as a program, this file writes what it measures as JSON from rank 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ufl
from dolfinx import fem, la
from mpi4py import MPI

from meshes.adaptive import Adapted, Forest, carried, restored
from meshes.band import Band
from meshes.coarse import coarse_box
from meshes.compat import geometry_dofmap
from meshes.errors import MeshError
from meshes.regions import simplex_measure
from tests.parallel.test_regions import describe
from tests.running import REPOSITORY, environment

CASES = {"2D": ((2, 5), 0.01, 0.04), "3D": ((2, 2, 5), 0.04, 0.04), "two cells": ((1, 1), 10.0, 10.0)}


def forest_of(comm: MPI.Comm, blocks: tuple[int, ...], least: int) -> Forest:
    dim = len(blocks)
    given = coarse_box((0.0,) * dim, (0.4,) * (dim - 1) + (1.0,), blocks, boundaries=None)
    return Forest(comm, given if comm.rank == 0 else None, least)


def band(comm: MPI.Comm, dim: int, radius: float, finest: float, half_width: float) -> Band:
    """About a dome on the bottom; every rank knows some of its points, the last one the most."""
    k = np.arange(1200) + 0.5
    angle = np.pi * k / 1200 if dim == 2 else np.pi * (1 + 5**0.5) * k
    height = np.sin(angle) if dim == 2 else k / 1200
    flat = np.sqrt(1 - height**2)
    points = 0.2 + radius * np.column_stack((flat * np.cos(angle), flat * np.sin(angle)))
    if dim == 2:
        points = np.column_stack((0.2 + radius * np.cos(angle), radius * height))
    else:
        points = np.column_stack((points, radius * height))
    share = (np.arange(1200) ** 2) * comm.size // 1200**2 == comm.rank
    return Band.gathered(comm, points[share], finest, half_width, coarsest=max(finest, 0.2))


def by_place(found: Adapted, values: np.ndarray, x: np.ndarray) -> list[Any]:
    """Places and values of owned rows from all ranks, in the order of places, on rank 0."""
    pieces = found.comm.gather(np.column_stack((x, values)), root=0)
    if pieces is None:
        return []
    rows = np.concatenate(pieces)
    return rows[np.lexsort(rows[:, : x.shape[1]].T)].tolist()


def places(found: Adapted, space: fem.FunctionSpace) -> np.ndarray:
    """Coordinates of P1 dofs without the rounding of `tabulate_dof_coordinates`, which differs by cell."""
    x = np.empty((space.dofmap.index_map.size_local + space.dofmap.index_map.num_ghosts, found.dim))
    x[space.dofmap.list] = found.mesh.geometry.x[geometry_dofmap(found.mesh)][:, :, : found.dim]
    return x


def nodal(found: Adapted, field: fem.Function) -> list[Any]:
    index_map, width = field.function_space.dofmap.index_map, field.function_space.dofmap.index_map_bs
    owned = index_map.size_local
    x = places(found, field.function_space)[:owned]
    assert np.isfinite(field.x.array).all()
    before = field.x.array.copy()
    field.x.scatter_forward()
    np.testing.assert_array_equal(before, field.x.array)
    return by_place(found, field.x.array[: owned * width].reshape(owned, width), x)


def measure(comm: MPI.Comm, blocks: tuple[int, ...], finest: float, half_width: float) -> dict[str, Any]:
    dim = len(blocks)
    forest = forest_of(comm, blocks, 0 if finest > 1 else dim - 1)
    old, new = (forest.refined(band(comm, dim, r, finest, half_width)) for r in (0.11, 0.15))
    xi = fem.Function(fem.functionspace(old.mesh, ("Lagrange", 1)))
    pair = fem.Function(fem.functionspace(old.mesh, ("Lagrange", 1, (2,))))
    # Rounded, so that the values to carry are the same to the last bit.
    x = places(old, xi.function_space)
    xi.x.array[:] = np.round(1 / (1 + np.exp((np.sqrt((x**2).sum(axis=1)) - 0.3) / 0.02)), 10)
    x = places(old, pair.function_space)
    pair.x.array[:] = np.round(np.column_stack((np.cos(5 * x[:, 0]), x[:, 1] * x[:, 0])), 10).ravel()
    form = xi * ufl.dx
    total = comm.allreduce(fem.assemble_scalar(fem.form(form)), op=MPI.SUM)
    xi_new, pair_new = carried([xi, pair], old, new)
    owned = xi_new.function_space.dofmap.index_map.size_local
    vector = fem.assemble_vector(fem.form(ufl.TestFunction(xi_new.function_space) * ufl.dx))
    vector.scatter_reverse(la.InsertMode.add)
    weights, values = vector.array[:owned], xi_new.x.array[:owned]
    mended, defect = restored(comm, values, weights, total, values * (1 - values))
    cells = geometry_dofmap(new.mesh)[: new.mesh.topology.index_map(dim).size_local]
    corners = new.mesh.geometry.x[cells][:, :, :dim]
    sizes = comm.allgather(len(cells))
    return {
        "regions": describe(new),
        "cells": by_place(new, simplex_measure(corners)[:, None], np.sort(corners, axis=1).mean(axis=1)),
        "xi": nodal(new, xi_new),
        "pair": nodal(new, pair_new),
        "defect": defect,
        "mended": comm.allreduce(float(weights @ mended), op=MPI.SUM) / total - 1,
        "largest share": max(sizes) * comm.size / sum(sizes),
        "empty": sizes.count(0),
    }


def errors(comm: MPI.Comm) -> list[str]:
    """Messages of what must fail on all ranks and leave none of them waiting."""
    forest, told = forest_of(comm, (2, 5), 1), []
    mesh = forest.refined(lambda x: np.full(len(x), 0.2))
    one = np.ones(3)
    for wrong in (
        lambda: forest.refined(lambda x: np.zeros(len(x))),
        lambda: forest.refined(lambda x: np.full(len(x), 1e-3), limit=1000),
        lambda: Forest(comm, None),
        lambda: restored(comm, one, one, 7.0, 0.0 * one),
        lambda: carried([fem.Function(fem.functionspace(mesh.mesh, ("Lagrange", 2)))], mesh, mesh),
    ):
        with pytest.raises(MeshError) as caught:
            wrong()
        told.append(str(caught.value).split(" is off by ")[0])
        comm.barrier()
    assert all(told == other for other in comm.allgather(told))
    return told


def main(out: Path) -> None:
    comm = MPI.COMM_WORLD
    found: dict[str, Any] = {name: measure(comm, *case) for name, case in CASES.items()}
    found["errors"] = errors(comm)
    if comm.rank == 0:
        out.write_text(json.dumps(found), encoding="utf-8")


def measured(out: Path, ranks: int) -> dict[str, Any]:
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*start, sys.executable, "-m", "mpi4py", "-m", "tests.parallel.test_adaptive_ranks", str(out)],
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
    return measured(tmp_path_factory.mktemp("adaptive") / "1.json", 1)


@pytest.mark.parametrize("ranks", [2, 3])
def test_mesh_and_fields_do_not_depend_on_the_number_of_ranks(
    ranks: int, alone: dict[str, Any], tmp_path: Path
) -> None:
    together = measured(tmp_path / f"{ranks}.json", ranks)
    assert together.pop("errors") == alone["errors"]
    for name, found in together.items():
        expected = alone[name]
        for key in ("xi", "pair"):  # bit by bit
            assert found[key] == expected[key], (name, key)
        assert len(found["cells"]) == len(expected["cells"])
        np.testing.assert_allclose(found["cells"], expected["cells"], rtol=1e-12)
        for key in ("cells", "tags", "adjacent", "interior", "counts", "dofs", "facet meshes"):
            assert found["regions"][key] == expected["regions"][key], (name, key)
        for key in ("measures", "integrals"):
            assert found["regions"][key] == pytest.approx(expected["regions"][key], rel=1e-11)
        assert found["defect"] == pytest.approx(expected["defect"], rel=1e-6, abs=1e-14)
        assert abs(found["mended"]) < 1e-14
    for name in ("2D", "3D"):
        assert len(alone[name]["xi"]) > 1000
        assert 1e-14 < abs(alone[name]["defect"]) < 1e-2
        assert together[name]["largest share"] < 1.1
    assert together["two cells"]["empty"] >= ranks - 2


if __name__ == "__main__":
    main(Path(sys.argv[1]))
