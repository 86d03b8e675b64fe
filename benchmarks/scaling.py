"""Iterations, time and memory over the number of unknowns; speed on several ranks beside that of the memory.

    ./tertia exec python3 benchmarks/scaling.py iterations --dim 2 --cells 70 220 700 1580
    ./tertia exec python3 benchmarks/scaling.py presets --dim 3 --cells 12 18 24 32
    ./tertia exec python3 benchmarks/scaling.py ranks --cells 320 --ranks 1 2

All of it is the common problem (common_problem.toml), with fewer steps. `iterations` makes a new Jacobian for
every correction and solves to 1e-8, so that Krylov iterations per Newton step can be compared; `presets` and
`ranks` run as a case runs by default. `ranks` times STREAM's triad, a = b + s c on arrays that no cache
holds, on as many processes before and after: what is limited by memory cannot gain more than it does. Prints
tables in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TRIAD = """
import time
import numpy as np
from mpi4py import MPI
comm, size, best = MPI.COMM_WORLD, 20_000_000, 1e9
a, b, c = np.zeros(size), np.ones(size), np.ones(size)
for _ in range(7):
    comm.barrier()
    began = time.perf_counter()
    np.multiply(c, 3.0, out=a)
    np.add(a, b, out=a)
    comm.barrier()
    best = min(best, time.perf_counter() - began)
if comm.rank == 0:
    print(comm.size * 5 * 8 * size / best / 1e9)
"""
"""Five arrays go through memory: c and a, then a, b and a."""


def on_ranks(ranks: int, *command: str) -> str:
    """Last line of the output of a Python program on so many ranks."""
    call = [sys.executable, *command]
    if ranks > 1:
        call = ["mpirun", "-n", str(ranks), "--oversubscribe", sys.executable, "-m", "mpi4py", *command]
    path = os.pathsep.join([str(HERE / "peers"), str(HERE.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(call, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return done.stdout.strip().splitlines()[-1]


def solved(cells: int, dim: int, steps: int, preset: str, ranks: int = 1, *changes: str) -> dict[str, Any]:
    """What `peers/tertia_run.py` reports of the first `steps` of twenty steps."""
    settings = [f"solver.preset={preset}", f'stop.time="{2.5 * steps!r} ms"', *changes]
    options = [part for setting in settings for part in ("--set", setting)]
    command = (str(HERE / "peers" / "tertia_run.py"), str(cells), "--dim", str(dim), *options)
    answer: dict[str, Any] = json.loads(on_ranks(ranks, *command))
    return answer


def iterations(given: argparse.Namespace) -> None:
    """Krylov iterations per Newton step, processor time and memory of the iterative preset."""
    head = "unknowns", "Newton", "Krylov per Newton step", "CPU s per Newton step", "us per unknown"
    print(f"| {' | '.join(head)} | peak kB per unknown | load |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for cells in given.cells:
        a = solved(cells, given.dim, given.steps, "iterative", 1, "solver.petsc.snes_lag_jacobian=1")
        newton, size, cpu = a["iterations"], a["unknowns"], a["cpu_s"]
        print(
            f"| {size} | {newton} | {a['krylov'] / newton:.2f} | {cpu / newton:.3f} "
            f"| {1e6 * cpu / newton / size:.2f} | {1024 * a['peak_MiB'] / size:.2f} | {a['load']:.1f} |",
            flush=True,
        )


def presets(given: argparse.Namespace) -> None:
    """Direct beside iterative."""
    print("| unknowns | direct, CPU s | iterative, CPU s | iterative/direct | peak MiB | load |")
    print("|---|---|---|---|---|---|", flush=True)
    for cells in given.cells:
        a, b = (solved(cells, given.dim, given.steps, preset) for preset in ("direct", "iterative"))
        print(
            f"| {a['unknowns']} | {a['cpu_s']:.2f} | {b['cpu_s']:.2f} | {b['cpu_s'] / a['cpu_s']:.2f} "
            f"| {a['peak_MiB']:.0f}, {b['peak_MiB']:.0f} | {b['load']:.1f} |",
            flush=True,
        )


def over_ranks(given: argparse.Namespace) -> None:
    """Strong scaling, wall clock, beside STREAM."""
    print("| unknowns | preset | ranks | wall s | gain | STREAM GB/s | gain | load |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for cells in given.cells:
        for preset in ("direct", "iterative"):
            first, stream = 0.0, 0.0
            for ranks in given.ranks:
                rate = float(on_ranks(ranks, "-c", TRIAD))
                a = solved(cells, given.dim, given.steps, preset, ranks)
                rate = 0.5 * (rate + float(on_ranks(ranks, "-c", TRIAD)))
                first, stream = first or a["wall_s"], stream or rate
                print(
                    f"| {a['unknowns']} | {preset} | {ranks} | {a['wall_s']:.2f} | {first / a['wall_s']:.2f} "
                    f"| {rate:.1f} | {rate / stream:.2f} | {a['load']:.1f} |",
                    flush=True,
                )


def main(arguments: Sequence[str] | None = None) -> None:
    """One table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tables = {"iterations": iterations, "presets": presets, "ranks": over_ranks}
    parser.add_argument("table", choices=tables)
    parser.add_argument("--dim", type=int, default=2, choices=(2, 3))
    parser.add_argument("--cells", type=int, nargs="+", default=[100, 200, 400], help="per side")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args(arguments)
    tables[given.table](given)


if __name__ == "__main__":
    main()
