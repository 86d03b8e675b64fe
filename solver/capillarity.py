"""Capillarity without a limit on the time step: curvature as it is at the end of the step."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import spsolve

from meshes.domain import Skin
from meshes.front import Front

from .types import FloatArray


def implicit_share(front: Skin, volume: FloatArray, mobility: FloatArray, dt: float) -> FloatArray:
    """What every vertex still receives, beyond the motion predicted, when curvature is that at the end.

    The overpotential holds the curvature where the front was predicted. Moving it further by d along its
    normal changes the curvature by -lap d (lap: Laplacian along the front), and so the velocity by M lap d,
    M = gamma V_m^2/(nF)^2 di/d(eta). So the correction d is

        d - dt div( M grad d ) = d_explicit

    with dt the step over the leading coefficient of the formula, solved with lumped linear finite elements on
    the front. It redistributes volume among neighbours, as the current would, had it known; the sum stays.
    Linear in the curvature, the step is then as implicit as its formula, whatever was predicted.

    Args:
        front: as predicted, n vertices and m facets.
        volume: that the prediction missed, shape (n,), mesh units squared (cubed in 3D).
        mobility: M on every facet in mesh units squared per s, zero on bare substrate, shape (m,).
        dt: step in s over the leading coefficient of the formula.

    Returns:
        volume, shape (n,), of the same sum.
    """
    active = mobility > 0.0
    corners = front.cells.shape[1]
    lumped = np.where(active, front.measures, 0.0) / corners
    mass = np.zeros(volume.size)
    for corner in range(corners):
        mass += np.bincount(front.cells[:, corner], lumped, volume.size)
    free = mass > 0.0
    diffusivity = np.where(active, dt * mobility, 0.0)
    diagonal, right = np.where(free, mass, 1.0), np.where(free, volume, 0.0)
    if isinstance(front, Front) and len(front.chains) == 1 and front.chains[0].walls is not None:
        speed = _along_line(diagonal, diffusivity / front.measures, right)
        return np.where(free, mass * speed, volume)
    return volume - _passed_on(front, diagonal, diffusivity, right)


def bent_share(
    front: Skin,
    volume: FloatArray,
    mobility: FloatArray,
    bending: FloatArray,
    curvature: FloatArray,
    dt: float,
) -> FloatArray:
    """The same under a film that resists bending, p = -D lap kappa: all of its effect is here.

    It adds div( M_b grad kappa ) to the velocity, M_b = D V_m^2/(nF)^2 di/d(eta). At the end of the step
    kappa = kappa_p - lap d, so the speed d solves

        d - dt div( M grad d ) - dt div( M_b grad( kappa_p - lap d ) ) = d_explicit

    in the same lumped elements, kappa_p being the curvature where the front was predicted. The current
    answers to the pressure where it acts, without the detour through the electrolyte: for ripples that react
    more slowly than ions reach them (K << B k' in `verification.exact.stability`).

    Args:
        front: as predicted, n vertices and m facets.
        volume: that the prediction missed, shape (n,), mesh units squared (cubed in 3D).
        mobility: M on every facet, mesh units^2 per s, shape (m,).
        dt: step in s over the leading coefficient of the formula.
        bending: M_b on every facet, mesh units^4 per s, shape (m,).
        curvature: at the vertices, per mesh unit, shape (n,).
    """
    n, corners = volume.size, front.cells.shape[1]
    active = bending > 0.0
    mass = np.zeros(n)
    for corner in range(corners):
        mass += np.bincount(front.cells[:, corner], np.where(active, front.measures, 0.0) / corners, n)
    free = mass > 0.0
    lumped = np.where(free, mass, 1.0)
    local = _gradients(front) * front.measures[:, None, None]

    def stiffness(weight: FloatArray) -> csc_array:
        rows, columns = np.broadcast_arrays(front.cells[:, :, None], front.cells[:, None, :])
        values = weight[:, None, None] * local
        return csc_array(coo_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=(n, n)))

    flat, stiff = stiffness(dt * np.where(active, mobility, 0.0)), stiffness(dt * bending)
    lap = diags_array(1.0 / lumped) @ stiffness(active.astype(np.float64))
    right = np.where(free, volume - stiff @ curvature, 0.0)
    speed = spsolve(csc_array(diags_array(lumped) + flat + stiff @ lap), right)
    return np.asarray(volume - flat @ speed - stiff @ (curvature + lap @ speed))


def _gradients(front: Skin) -> FloatArray:
    """Grad phi_i . grad phi_j of the corners of every facet, shape (m, d, d)."""
    corners = front.points[front.cells]
    sides = corners[:, 1:] - corners[:, :1]
    count = sides.shape[1]
    gradients = np.column_stack((np.full(count, -1.0), np.eye(count))).T  # of phi along the sides
    gram = np.linalg.inv(np.einsum("mad,mbd->mab", sides, sides))
    return np.asarray(np.einsum("ia,mab,jb->mij", gradients, gram, gradients))


def _along_line(mass: FloatArray, exchange: FloatArray, right: FloatArray) -> FloatArray:
    """Solve on a single open chain."""
    bands = np.zeros((3, right.size))
    bands[1] = mass
    bands[1, :-1] += exchange
    bands[1, 1:] += exchange
    bands[0, 1:] = -exchange
    bands[2, :-1] = -exchange
    return np.asarray(solve_banded((1, 1), bands, right))


def _passed_on(front: Skin, mass: FloatArray, diffusivity: FloatArray, right: FloatArray) -> FloatArray:
    """What every vertex of any chains or triangles passes on to others; its sum is zero to rounding.

    The stiffness of a facet is measure * grad phi_i . grad phi_j.
    """
    local = _gradients(front) * (diffusivity * front.measures)[:, None, None]
    rows, columns = np.broadcast_arrays(front.cells[:, :, None], front.cells[:, None, :])
    n = right.size
    stiffness = coo_array((local.ravel(), (rows.ravel(), columns.ravel())), shape=(n, n))
    lumped = coo_array((mass, (np.arange(n), np.arange(n))), shape=(n, n))
    speed = np.asarray(spsolve(csc_array(stiffness + lumped), right))[front.cells]
    passed = np.einsum("mij,mj->mi", local, speed - speed.mean(axis=1, keepdims=True))
    return np.bincount(front.cells.ravel(), passed.ravel(), n).astype(np.float64)
