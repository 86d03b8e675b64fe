"""What MPI ranks must do alike: agree on errors, and take decisions of rank 0."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from cases.errors import CaseError

if TYPE_CHECKING:
    from mpi4py import MPI

T = TypeVar("T")

_RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")


def first() -> bool:
    """Whether this is rank 0 of what mpirun started, told without starting MPI."""
    return next((os.environ[name] for name in _RANK_VARIABLES if name in os.environ), "0") == "0"


def leave(code: int) -> int:
    """Return an exit code that all ranks of a parallel run agree on; if it is not 0, end them here.

    Left to itself, ``python3 -m mpi4py`` answers it with MPI_Abort: a page of text, and a message of
    another rank may be lost. PETSc is not finalised, since MPI is gone when Python would do so.
    """
    if code == 0 or "mpi4py.MPI" not in sys.modules:
        return code
    from mpi4py import MPI

    if MPI.Is_initialized() and not MPI.Is_finalized() and MPI.COMM_WORLD.size > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        MPI.COMM_WORLD.Barrier()
        MPI.Finalize()
        os._exit(code)
    return code


def together(comm: MPI.Intracomm, work: Callable[[], T]) -> T:
    """Do the same on every rank; bad input on any of them is raised on all.

    Raises:
        CaseError: of the lowest rank that met one.
    """
    result, problems = _attempt(work)
    for found in comm.allgather(problems):
        if found is not None:
            raise CaseError(found)
    assert result is not None
    return result


def on_first(comm: MPI.Intracomm, work: Callable[[], T]) -> T:
    """Do something on rank 0 only; every rank gets its result, or its error.

    Raises:
        CaseError: the one that rank 0 met.
    """
    result, problems = comm.bcast(_attempt(work) if comm.rank == 0 else None)
    if problems is not None:
        raise CaseError(problems)
    assert result is not None
    return result  # type: ignore[no-any-return]


def _attempt(work: Callable[[], T]) -> tuple[T | None, tuple[str, ...] | None]:
    try:
        return work(), None
    except CaseError as error:
        return None, error.problems
