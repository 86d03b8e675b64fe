"""Newton's method with a derivative that is kept as long as it serves.

From one step to the next the equations change little, and the prediction is good: corrections with the
factors of an older Jacobian converge linearly, each at the price of a residual and a back substitution, some
tenth of what a new factorisation costs. Where too many of them would be needed, the Jacobian
is made anew; if even that does not help, the solve is left to Newton's method proper.

Anderson's acceleration of such corrections was tried: it saves none where the time step is constant; where
that has grown by half, it needs as many of them as a new Jacobian is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from mpi4py import MPI

from .discretisation import Discretisation
from .types import FloatArray

WORTH = 6.0
"""Corrections that cost as much as a new Jacobian: so many more to come ask for one."""
FAR = 1e4
"""On a mesh that moves, a first residual larger than this times what counts as none is not worth trying with
an older Jacobian."""
SLOW = 0.5
"""A correction that leaves more than this part of the residual asks for a new Jacobian in any case."""
CORRECTIONS = 14
"""At the most; the fresh ones are among them."""
FRESH = 3
"""New Jacobians per solve at the most."""
MET = 2e-14
"""Norm of the residual over that of the known part of the stored terms at which the equations are met."""


class Linear(Protocol):
    """What the chord method needs of a Newton solver."""

    problem: Discretisation

    def evaluated(self, x: FloatArray) -> tuple[FloatArray, float]:
        """Residual at the unknowns `x` of this rank, and its norm over all ranks (collective)."""
        ...

    def correction(self, residual: FloatArray, fresh: bool) -> FloatArray | None:
        """J^-1 residual, with a new Jacobian at the present state if `fresh`; None if singular."""
        ...

    def limited(self, x: FloatArray, step: FloatArray) -> FloatArray:
        """A correction x - step that keeps concentrations positive."""
        ...


def tolerance(comm: MPI.Intracomm, memory: Mapping[str, FloatArray]) -> float:
    """Norm of the residual that counts as none (collective)."""
    return MET * stored_norm(comm, memory)


def stored_norm(comm: MPI.Intracomm, memory: Mapping[str, FloatArray]) -> float:
    """Norm of the stored terms of all fields (collective)."""
    square = sum(float(np.sum(q**2)) for name, q in memory.items() if name != "terminals")
    return float(np.sqrt(comm.allreduce(square, op=MPI.SUM)))


def chord(
    linear: Linear,
    start: FloatArray,
    met: float,
    stale: bool,
    relative: float = 0.0,
    far: float = FAR,
    enough: float = 0.0,
) -> tuple[bool, int]:
    """Solve from the unknowns `start` of this rank until the norm of the residual counts as none.

    Args:
        linear: residual and corrections.
        start: unknowns of this rank.
        met: norm that counts as none.
        stale: whether there is an older Jacobian to begin with.
        relative: a norm of this part of the first residual counts as none too.
        far: first residual over what counts as none, beyond which the older Jacobian is not tried.
        enough: norm from which on no new Jacobian is made to come down to `met`.

    Returns:
        Whether the equations are met, and the corrections made; the state is where it ended (collective).
    """
    x = start.copy()
    residual, norm = linear.evaluated(x)
    met = max(met, relative * norm)
    fresh, made = not stale or norm > far * met, 0
    for count in range(CORRECTIONS):
        if norm <= met:
            return True, count
        if fresh:
            made += 1
            if made > FRESH:
                return False, count
        step = linear.correction(residual, fresh)
        if step is None:
            return False, count
        trial = x - linear.limited(x, step)
        residual_there, norm_there = linear.evaluated(trial)
        if not np.isfinite(norm_there) or norm_there > norm:
            linear.evaluated(x)
            if fresh or norm <= enough:
                return norm <= enough, count + 1
            fresh = True
            continue
        fresh = norm_there > met and _slow(norm_there / norm, norm_there / met)
        x, residual, norm = trial, residual_there, norm_there
        if fresh and norm <= enough:
            return True, count + 1
    return norm <= max(met, enough), CORRECTIONS


def _slow(rate: float, left: float) -> bool:
    """Whether going on at `rate` per correction takes too long to a residual smaller by the factor `left`."""
    return rate > SLOW or np.log(left) > -WORTH * np.log(max(rate, 1e-300))


def gathered_norm(comm: Any, values: FloatArray) -> float:
    """Euclidean norm over all ranks (collective); infinite where a correction went too far for numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = float(values @ values)
    return float(np.sqrt(comm.allreduce(square, op=MPI.SUM)))
