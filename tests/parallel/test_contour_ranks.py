"""The contour of an order parameter is the same surface on 1, 2 and 3 ranks.

Run as a program, this file writes what it makes as JSON from rank 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.arrays import FloatArray, IntArray
from meshes.builders import Layer, box, rectangle
from meshes.contour import contour
from meshes.regions import Regions
from tests.running import REPOSITORY, environment

WIDTH = 0.03


def two_and_a_ring(points: FloatArray) -> FloatArray:
    """Signed distance from two domes on the substrate, a floating ring, and what joins the ring to a wall."""
    height, x = points[:, -1], points[:, 0]
    across = points[:, 1] - 0.45 if points.shape[1] == 3 else np.zeros(len(points))

    def ball(at: float, up: float, radius: float) -> FloatArray:
        return np.asarray(np.sqrt((x - at) ** 2 + across**2 + (height - up) ** 2) - radius)

    ring = np.abs(ball(0.52, 0.7, 0.17)) - 0.06
    bar = np.maximum(np.abs(height - 0.7) - 0.053, 0.7 - x)
    domes = np.minimum(ball(0.2, 0.0, 0.15), ball(0.72, 0.02, 0.2))
    return np.asarray(np.minimum(np.minimum(domes, ring), bar))


def film_on_nodes(points: FloatArray) -> FloatArray:
    """Flat metal whose surface lies on nodes, so that they have xi = 1/2."""
    return np.asarray(points[:, -1] - 0.25)


def halves(points: FloatArray) -> IntArray:
    return np.where(points[:, 0] < 0.5, 1, 2)


def described(
    regions: Regions, distance: Callable[[FloatArray], FloatArray], rounding: float = 0.0
) -> dict[str, Any]:
    """The surface, the pieces and fields on it; asserts that all ranks have the same.

    With `rounding` the order parameter differs by as much from one number of ranks to the other.
    """
    comm = regions.comm
    space = fem.functionspace(regions.mesh, ("Lagrange", 1))
    xi, field = fem.Function(space), fem.Function(space)
    xi.interpolate(lambda x: 1.0 / (1.0 + np.exp(distance(x[: regions.dim].T) / WIDTH)))
    field.interpolate(lambda x: np.cos(3.0 * x[0]) + x[regions.dim - 1] ** 2)
    xi.x.array[:] += rounding * np.random.default_rng(comm.size).uniform(-1.0, 1.0, xi.x.array.size)
    xi.x.scatter_forward()
    field.x.scatter_forward()
    found = contour(regions, space, xi.x.array, ("deposit", "left", "right"), halves)
    surface = found.surface
    owned = space.dofmap.index_map.size_local
    told = {
        "points": surface.points.tolist(),
        "facets": surface.cells.tolist(),
        "surface": surface.surface.tolist(),
        "coverage": surface.coverage.tolist(),
        "patch": surface.patch.tolist(),
        "fixed": surface.fixed.tolist(),
        "chains": [list(chain) for chain in getattr(surface, "chains", ())],
        "field": found.at_vertices(field.x.array).tolist(),
        "pieces": [[*p.place, p.standing, p.volume, sorted(p.kinds)] for p in found.pieces],
    }
    assert all(other == told for other in comm.allgather(told))
    in_pieces = [comm.allreduce(int(np.sum(found.nodes[:owned] == k))) for k in range(len(found.pieces))]
    return {**told, "nodes": in_pieces}


def main(out: Path) -> None:
    comm = MPI.COMM_WORLD
    layers = [Layer("all", 1.0, cells=24)]
    flat = rectangle(comm, 1.0, layers, columns=24, bottom="substrate", unit=1.0)
    solid = box(
        comm, 1.0, 0.9, [Layer("all", 1.0, cells=16)], columns=16, rows=15, bottom="substrate", unit=1.0
    )
    few = rectangle(comm, 1.0, [Layer("all", 1.0, cells=1)], columns=1, bottom="substrate", unit=1.0)
    found = {
        "2D": described(flat, two_and_a_ring),
        "3D": described(solid, two_and_a_ring),
        "2D on nodes": described(flat, film_on_nodes),
        "3D on nodes": described(solid, film_on_nodes),
        "2D with rounding": described(flat, film_on_nodes, 1e-13),
        "3D with rounding": described(solid, film_on_nodes, 1e-13),
        "fewer cells than ranks": described(few, film_on_nodes),
    }
    if comm.rank == 0:
        out.write_text(json.dumps(found), encoding="utf-8")


def measured(out: Path, ranks: int) -> dict[str, Any]:
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*start, sys.executable, "-m", "mpi4py", "-m", "tests.parallel.test_contour_ranks", str(out)],
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
    return measured(tmp_path_factory.mktemp("contour") / "1.json", 1)


def test_pieces_are_those_that_were_put_there(alone: dict[str, Any]) -> None:
    """Left dome, then the other one, which is left of the ring that the bar ties to the right wall."""
    for dim in ("2D", "3D"):
        pieces = alone[dim]["pieces"]
        assert [piece[-3] for piece in pieces] == [True, False, True]
        assert [piece[-1] for piece in pieces] == [[1], [], [2]]
        assert len(alone[dim]["nodes"]) == 3
        assert min(alone[dim]["nodes"]) > 10
    assert (
        len(alone["2D"]["chains"]) == 3
    )  # substrate and domes; around the ring and the bar; the ring's hole


@pytest.mark.parametrize("ranks", [2, 3])
def test_surface_does_not_depend_on_the_number_of_ranks(
    ranks: int, alone: dict[str, Any], tmp_path: Path
) -> None:
    together = measured(tmp_path / f"{ranks}.json", ranks)
    assert together.keys() == alone.keys()
    for name, found in together.items():
        # DOLFINx evaluates the input to rounding only, with a condition number of some ten
        error = 1e-13 if "rounding" not in name else 1e-12
        for key, value in found.items():
            if key in ("points", "field"):
                np.testing.assert_allclose(value, alone[name][key], rtol=0.0, atol=error)
            elif key == "pieces":
                for mine, other in zip(value, alone[name][key], strict=True):
                    assert mine[:-2] == other[:-2]
                    assert mine[-2] == pytest.approx(other[-2], rel=1e2 * error)
                    assert mine[-1] == other[-1]
            else:
                assert value == alone[name][key], (name, key)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
