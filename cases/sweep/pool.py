"""Workers that run a sweep: ranks of MPI, dealt out by mpi4py.futures.

    mpirun -n 3 python3 -m mpi4py -m cases.sweep.pool FOLDER RANKS SESSION 1 2 3 ...

A rank that dies takes all of this program with it: MPI wants it so. Therefore a worker starts every run
as a process of its own, and `cases.sweep.engine` starts this program again for what is left.
"""

from __future__ import annotations

import sys
from functools import partial

from mpi4py import MPI
from mpi4py.futures import MPICommExecutor, MPIPoolExecutor, as_completed

from cases.sweep import attempt


def main(folder: str, ranks: str, session: str, *numbers: str) -> None:
    """Run the runs `numbers` of the sweep in `folder`; a line on standard output as each ends."""
    work = partial(_work, folder, int(ranks), session)
    pool: MPIPoolExecutor | None  # on rank 0 only; the stubs of mpi4py name another class
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:  # type: ignore[assignment]
        if pool is not None:
            for ended in as_completed([pool.submit(work, int(number)) for number in numbers]):
                print(f"ended {ended.result()}", flush=True)


def _work(folder: str, ranks: int, session: str, number: int) -> int:
    attempt.run(folder, number, ranks, session)
    return number


if __name__ == "__main__":
    main(*sys.argv[1:])
