"""The nonlinear phase field, with noise, is the same on 1, 2 and 3 ranks.

Run as a program, this file writes fields and books as JSON from rank 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from meshes.builders import Layer, box, rectangle
from solver.noise import Noise
from solver.nonlinear_parameters import HONG_2018
from solver.nonlinear_phase_field import NonlinearPhaseField, Pace
from tests.running import REPOSITORY, environment

MODULE = "tests.parallel.test_nonlinear_ranks"
SIDE, RADIUS = 6e-6, 3e-6
LINEAR = {2: "direct", 3: "iterative"}


def model(dim: int) -> NonlinearPhaseField:
    """A round seed at -0.2 V under strong noise."""
    comm, n = MPI.COMM_WORLD, {2: 16, 3: 4}[dim]
    layer = [Layer("cell", SIDE, cells=n)]
    names = {"bottom": "substrate", "top": "counter"}
    if dim == 2:
        regions = rectangle(comm, SIDE, layer, columns=n, **names)
    else:
        regions = box(comm, SIDE, SIDE, layer, columns=n, rows=n, **names)
    parameters = replace(HONG_2018, anisotropy=0.05, folds=4)

    def seed(points: np.ndarray) -> np.ndarray:
        distance = np.linalg.norm(points, axis=1) * regions.unit - RADIUS
        return 1.0 / (1.0 + np.exp(distance / parameters.width))

    noise = Noise(1.0, 0.1, 5, [(0.0, 1.0)] * dim)
    return NonlinearPhaseField(
        regions,
        parameters,
        -0.2,
        seed,
        Pace(1e-2, tolerance=1e-2),
        noise,
        noise_period=0.1,
        linear=LINEAR[dim],
    )


def main(path: Path, dim: int) -> None:
    """Grow, and write the fields by position."""
    found = model(dim)
    found.advance({2: 0.1, 3: 0.03}[dim])
    owned = found.xi.function_space.dofmap.index_map.size_local
    points = found.xi.function_space.tabulate_dof_coordinates()[:owned]
    fields = [f.x.array[:owned] for f in (found.xi, found.c, found.phi)]
    rows = np.concatenate(found.regions.comm.allgather(np.column_stack((points, *fields))))
    rows = rows[np.lexsort(np.round(rows[:, :3], 9).T)]
    numbers = {**asdict(found.books), "metal": found.metal(), "height": found.height(), "steps": found.steps}
    if found.regions.comm.rank == 0:
        path.write_text(json.dumps({"fields": rows[:, 3:].tolist(), **numbers}), encoding="utf-8")


def grown(folder: Path, dim: int, ranks: int) -> dict[str, Any]:
    path = folder / f"{dim}_{ranks}.json"
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*start, sys.executable, "-m", "mpi4py", "-m", MODULE, str(path), str(dim)],
        env=environment(), cwd=REPOSITORY, capture_output=True, text=True, timeout=300.0, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
def test_fields_and_books_do_not_depend_on_the_ranks(tmp_path: Path, dim: int) -> None:
    one = grown(tmp_path, dim, 1)
    scale = np.abs(one["fields"]).max(axis=0)
    for ranks in (2, 3):
        other = grown(tmp_path, dim, ranks)
        assert other["steps"] == one["steps"]
        difference = np.abs(np.subtract(other["fields"], one["fields"])).max(axis=0) / scale
        assert difference.max() < 1e-8
        for name in ("counter", "working", "deposited", "kinetic", "cations", "stored", "metal", "height"):
            assert other[name] == pytest.approx(one[name], rel=1e-6), name


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
