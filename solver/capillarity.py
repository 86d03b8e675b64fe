"""Capillarity without a limit on the time step: curvature as it is at the end of the step, to first order."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded

from meshes.front import Front

from .types import FloatArray

STABLE = 0.2
"""dt M/h^2 up to which an explicit step is stable (1/4 in theory for extrapolated currents)."""


def implicit_share(front: Front, volume: FloatArray, mobility: FloatArray, dt: float) -> FloatArray:
    """What every vertex receives when the curvature is that of the front after the step.

    The overpotential holds the curvature before the step. Moving with the normal velocity v changes it by
    -dt d^2v/ds^2, and with it v by M d^2/ds^2 (v dt), M = gamma V_m^2/(nF)^2 di/d(eta). So the velocity is

        v - dt d/ds( M dv/ds ) = v_explicit

    solved with lumped finite elements on the front. It redistributes volume among neighbours (as the current
    would, had it known) and keeps the sum. Only the part of M beyond what an explicit step bears,
    STABLE h^2/dt, is treated so: the full M would blunt a tip that moves on in its shape by the part
    dt M kappa^2, for there d^2v/ds^2 = -kappa^2 v although the curvature stays as it is.

    Args:
        front: before the step.
        volume: by the explicit velocity, shape (n,), mesh units squared.
        mobility: M on every edge in mesh units squared per s, zero on bare substrate, shape (n-1,).
        dt: step in s.

    Returns:
        volume, shape (n,), of the same sum.
    """
    n = volume.size
    active = mobility > 0.0
    half = 0.5 * np.where(active, front.lengths, 0.0)
    length = np.append(half, 0.0) + np.append(0.0, half)
    free = length > 0.0
    beyond = np.maximum(dt * mobility - STABLE * front.lengths**2, 0.0)
    exchange = np.where(active, beyond / front.lengths, 0.0)
    bands = np.zeros((3, n))
    bands[1] = np.where(free, length, 1.0)
    bands[1, :-1] += exchange
    bands[1, 1:] += exchange
    bands[0, 1:] = -exchange
    bands[2, :-1] = -exchange
    speed = solve_banded((1, 1), bands, np.where(free, volume, 0.0))
    return np.where(free, length * speed, volume)


def above_substrate(front: Front, volume: FloatArray) -> FloatArray:
    """`volume` such that no vertex loses more metal than there is under it; the sum stays.

    Young deposit is so thin that capillarity, which moves metal from convex to concave places, could dig
    into the substrate. What cannot be taken there is taken from the vertices that grow.
    """
    reach = np.hypot(front.area_vectors[:, 0], front.area_vectors[:, 1])
    limited = np.maximum(volume, -front.points[:, 1] * reach)
    growing = np.maximum(limited, 0.0)
    excess, total = float((limited - volume).sum()), float(growing.sum())
    return np.asarray(limited - growing * (excess / total)) if 0.0 < excess < total else limited
