"""What happens when a file cannot be written: the disk is full, the quota used up. All ranks learn of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mpi4py import MPI

T = TypeVar("T")


class OutputError(RuntimeError):
    """A file of the run could not be written; the message names it and says why."""


def on_each(comm: MPI.Comm, work: Callable[[], T]) -> T:
    """Write something on every rank (collective).

    Raises:
        OutputError: on all ranks, if it went wrong on any of them.
    """
    result, problem = _attempt(work)
    for told in comm.allgather(problem):
        if told is not None:
            raise OutputError(told)
    assert result is not None
    return result[0]


def on_first(comm: MPI.Comm, work: Callable[[], object]) -> None:
    """Write something on rank 0 only (collective).

    Raises:
        OutputError: on all ranks, if it went wrong.
    """
    problem = _attempt(work)[1] if comm.rank == 0 else None
    problem = comm.bcast(problem)
    if problem is not None:
        raise OutputError(problem)


def check_ends_with(path: Path, end: str) -> None:
    """Make sure that a text file is whole, by its last words.

    Raises:
        OSError: it is not.
    """
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(end) - 8))
        if not file.read().rstrip().endswith(end.encode()):
            raise OSError(f"{path} was not written to its end: is the disk full?")


def _attempt(work: Callable[[], T]) -> tuple[tuple[T] | None, str | None]:
    try:
        return (work(),), None
    except OSError as error:
        what = "" if error.filename is None else f"{error.filename}: "
        return None, f"output cannot be written: {what}{error.strerror or error}"
