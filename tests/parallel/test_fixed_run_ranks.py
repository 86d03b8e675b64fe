"""A run of fixed shape leaves the same folder on 1, 2 and 3 ranks: rows, currents along electrodes, fields.

Run as a program, this file makes the runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from postprocess.fixed import electrodes
from postprocess.run import Run
from solver.experiment import Stepping
from solver.fixed_cell import FixedCell
from solver.fixed_run import run_fixed
from solver.program import Program, constant_current, pulse
from solver.writer import RunFolder
from tests.parallel.test_engine_ranks import CASES, TIGHT
from tests.running import REPOSITORY, environment

SAME = 1e-7
PROGRAMS: dict[str, tuple[str, Program, int]] = {
    "1D": ("1D", pulse(-150.0, 0.4, 0.2, 1), 0),
    "2D": ("2D", pulse(-150.0, 0.4, 0.2, 1), 0),
    "3D": ("3D", pulse(-150.0, 0.4, 0.2, 1), 0),
    "depleted": ("1D", constant_current(-1e5, time=100.0), 3),
}


def main(out: Path) -> None:
    for name, (case, program, code) in PROGRAMS.items():
        mesh, model = CASES[case]
        steps = Stepping(0.02, tolerance=3e-3)
        cell = FixedCell(
            name, mesh, model(), program, steps, options=TIGHT, frames=2, metal_volume_per_charge=1e-10
        )
        got = run_fixed(cell, RunFolder(out / name, MPI.COMM_WORLD), MPI.COMM_WORLD, None)
        assert got == code, (name, got)


def made(out: Path, ranks: int) -> Path:
    """Run this file on `ranks` ranks."""
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*start, sys.executable, "-m", "mpi4py", "-m", "tests.parallel.test_fixed_run_ranks", str(out)],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600.0,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("runs") / "1", 1)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 3])
def test_folders_do_not_depend_on_the_number_of_ranks(alone: Path, tmp_path: Path, ranks: int) -> None:
    together = made(tmp_path / "n", ranks)
    for name in PROGRAMS:
        one, many = Run.read(alone / name), Run.read(together / name)
        assert many.summary["ranks"] == ranks
        assert many.summary["stop_reason"].split(" s:")[0][:20] == one.summary["stop_reason"][:20]
        skip = {"krylov_iterations", "newton_iterations", "mass_error", "current_error", "rejected"}
        for column in set(one.metrics) - skip:
            a, b = one.metrics[column], many.metrics[column]
            assert b == pytest.approx(a, rel=SAME, abs=SAME * max(1e-12, np.abs(a).max())), (name, column)
        assert (together / name / "segments.csv").read_text().count("\n") == len(one.summary["segments"]) + 1
        assert json.dumps(many.summary["regions"]) == json.dumps(one.summary["regions"])
        _same_fields(one, many)
        _same_electrodes(one, many)


def _same_fields(one: Run, many: Run) -> None:
    assert many.field_times_s == pytest.approx(one.field_times_s, rel=SAME)
    a, b = one.grid(-1), many.grid(-1)
    orders = [np.lexsort(np.rint(grid.points_um * 1e5).T) for grid in (a, b)]
    assert b.points_um[orders[1]] == pytest.approx(a.points_um[orders[0]], abs=1e-7)
    assert len(a.cells) == len(b.cells)
    assert np.bincount(a.region).tolist() == np.bincount(b.region).tolist()
    for name, values in a.values.items():
        scale = np.nanmax(np.abs(values))
        expected = pytest.approx(values[orders[0]], abs=SAME * scale, nan_ok=True)
        assert b.values[name][orders[1]] == expected, name


def _same_electrodes(one: Run, many: Run) -> None:
    first, second = electrodes(one), electrodes(many)
    assert set(first) == set(second)
    for boundary, items in first.items():
        for a, b in zip(items, second[boundary], strict=True):
            for column in ("x_um", "y_um", "current_A_m2", "potential_V"):
                scale = max(np.abs(a.values[column]).max(), 1e-9)
                assert b.values[column] == pytest.approx(a.values[column], abs=SAME * scale), (
                    boundary,
                    column,
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
