"""Tertia: the case file `common_problem.toml`, marched by the class that `tertia run` uses, files written."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from mpi4py import MPI
from problem import Clock, report

from cases.fixed import build
from cases.fixed.schema import FixedCase
from cases.loader import load
from solver.fixed_run import FixedRun
from solver.writer import RunFolder

CASE = Path(__file__).parent.parent / "common_problem.toml"
CELLS = 100
"""Per side, of the case as it is."""


def case(n: int, steps: int, dim: int, changes: list[str]) -> FixedCase:
    """The case with n cells per side; in 3D, a box as deep as it is wide."""
    made = [f"mesh.refine={n / CELLS!r}", f'time.initial_step="{50.0 / steps!r} ms"']
    made.append(f'time.max_step="{50.0 / steps!r} ms"')
    if dim == 3:
        made += ["geometry.shape=box", 'geometry.depth="10 um"', f"mesh.rows={CELLS}"]
    loaded = load(str(CASE), made + changes)
    assert isinstance(loaded, FixedCase)
    return loaded


def main() -> None:
    """Run and report (collective)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, help="cells per side")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--dim", type=int, default=2, choices=(2, 3))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given, comm = parser.parse_args(), MPI.COMM_WORLD
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(comm.bcast(scratch)) / "run", comm)
        run = FixedRun(build.cell(case(given.n, given.steps, given.dim, given.set)), folder, comm, None)
        comm.barrier()
        with clock:
            code = run.march()
            comm.barrier()
        summary = json.loads((folder.path / "summary.json").read_text()) if comm.rank == 0 else {}
    if code:
        raise SystemExit(code)
    if comm.rank == 0:
        report(
            "Tertia",
            "checkout",
            clock,
            unknowns=summary["unknowns"],
            iterations=summary["newton_iterations"],
            current=summary["current_A_m2"],
            krylov=summary["krylov_iterations"],
            steps=summary["steps"],
            ranks=comm.size,
        )


if __name__ == "__main__":
    main()
