"""Collective helpers: an error on one rank is raised on all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mpi4py import MPI

from .errors import MeshError

T = TypeVar("T")


def on_root(comm: MPI.Comm, work: Callable[[], T]) -> T:
    """Do `work` on rank 0 and give the result to all; an error there is raised on all."""
    result = on_root_only(comm, work)
    return comm.bcast(result, root=0)  # type: ignore[no-any-return]


def on_root_only(comm: MPI.Comm, work: Callable[[], T]) -> T | None:
    """Like `on_root`, but the result stays on rank 0; None elsewhere.

    Raises:
        MeshError: on all ranks, if `work` raised one.
        RuntimeError: on the other ranks, if `work` raised anything else; rank 0 raises that itself.
    """
    result: T | None = None
    error: Exception | None = None
    if comm.rank == 0:
        try:
            result = work()
        except Exception as problem:
            error = problem
    told = comm.bcast(None if error is None else (str(error), isinstance(error, MeshError)), root=0)
    if error is not None:
        raise error
    if told is not None:
        text, expected = told
        raise MeshError(text) if expected else RuntimeError(f"rank 0 failed: {text}")
    return result
