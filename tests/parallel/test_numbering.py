"""Values at nodes are taken off one distribution of a mesh and put on another, bit by bit.

Run as a program, this file writes the values of a field on its ranks, or checks those that others wrote.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.builders import Layer, box, interval, rectangle
from meshes.errors import MeshError
from meshes.numbering import Numbering
from tests.running import REPOSITORY, environment

LAYERS = [Layer("electrolyte", 1e-5, cells=5)]
MESHES = {
    "1D": lambda comm: interval(comm, LAYERS),
    "2D": lambda comm: rectangle(comm, 1e-5, LAYERS, columns=4),
    "3D": lambda comm: box(comm, 1e-5, 1e-5, LAYERS, columns=3, rows=2),
}


def fields(comm: MPI.Comm) -> dict[str, fem.Function]:
    """A field with two components on every mesh, of both degrees."""
    found = {}
    for name, make in MESHES.items():
        mesh = make(comm).mesh
        for degree in (1, 2):
            field = fem.Function(fem.functionspace(mesh, ("Lagrange", degree, (2,))))
            field.interpolate(lambda x: np.vstack((np.sin(x[0] + 2.0 * x[1]), np.cos(3.0 * x[2] - x[0]))))
            found[f"{name} {degree}"] = field
    return found


def main(out: Path, task: str) -> None:
    comm, gathered = MPI.COMM_WORLD, {}
    known = dict(np.load(out)) if task == "check" and comm.rank == 0 else {}
    for name, field in fields(comm).items():
        numbers = Numbering(field.function_space)
        values = numbers.gathered(field.x.array)
        if task == "write":
            gathered[name] = values
            continue
        spread = numbers.spread(known.get(name))
        np.testing.assert_allclose(spread.ravel(), field.x.array, rtol=0.0, atol=1e-13)
        if values is not None:
            np.testing.assert_allclose(values, known[name], rtol=0.0, atol=1e-13)
    if task == "write" and comm.rank == 0:
        np.savez(out, **gathered)


def start(ranks: int, *arguments: str) -> None:
    launch = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    command = [*launch, sys.executable, "-m", "mpi4py", "-m", "tests.parallel.test_numbering", *arguments]
    done = subprocess.run(
        command, env=environment(), cwd=REPOSITORY, capture_output=True, text=True, timeout=300.0, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("written", "read"), [(1, 3), (3, 1), (2, 3)])
def test_values_fit_any_number_of_ranks(tmp_path: Path, written: int, read: int) -> None:
    out = str(tmp_path / "values.npz")
    start(written, out, "write")
    start(read, out, "check")


def test_values_are_at_their_places() -> None:
    for name, field in fields(MPI.COMM_WORLD).items():
        numbers = Numbering(field.function_space)
        values, x = numbers.gathered(field.x.array), numbers.places(field.function_space)
        assert values is not None, name
        assert x is not None, name
        x = np.column_stack((x, np.zeros((len(x), 3 - x.shape[1]))))
        assert values[:, 0] == pytest.approx(np.sin(x[:, 0] + 2.0 * x[:, 1]), abs=1e-14), name
        assert values[:, 1] == pytest.approx(np.cos(3.0 * x[:, 2] - x[:, 0]), abs=1e-14), name
        assert len(np.unique(np.round(x, 12), axis=0)) == numbers.count, name


def test_values_of_another_mesh_are_refused() -> None:
    found = fields(MPI.COMM_WORLD)
    coarse, fine = (Numbering(found[name].function_space) for name in ("2D 1", "2D 2"))
    with pytest.raises(MeshError, match="of another mesh"):
        fine.spread(coarse.gathered(found["2D 1"].x.array))
    places = coarse.places(found["2D 1"].function_space)
    assert places is not None
    coarse.check_places(found["2D 1"].function_space, places)
    with pytest.raises(MeshError, match="not the one that it was before"):
        coarse.check_places(found["2D 1"].function_space, places + 1e-6)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
