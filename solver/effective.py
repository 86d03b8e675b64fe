"""Effective conductivity of what a mesh is filled with, and the bounds that it must obey.

    div(sigma grad u) = 0,  u = 0 and 1 on two parallel ends,  insulated elsewhere,
    sigma_eff = (L/A) integral of sigma |grad u|^2

with linear elements, which give the largest value on coarse meshes and fall towards the true one. Serial: an
analysis of a piece of material, apart from the solver of cells.

Bounds for two phases of conductivities s1 > s2 with fractions f1 + f2 = 1 in dim dimensions:
Wiener (any structure), and Z. Hashin and S. Shtrikman, J. Appl. Phys. 33, 3125 (1962) (isotropic),

    s1 + f2/(1/(s2 - s1) + f1/(dim s1))   >=   s   >=   s2 + f1/(1/(s1 - s2) + f2/(dim s2)).

For insulating particles the upper one is Maxwell's formula.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import LinearOperator, cg, spsolve

from meshes.compat import geometry_dofmap
from meshes.regions import Regions, simplex_measure

from .types import FloatArray, IntArray

DIRECT = 60_000
"""Nodes up to which a plane problem is factorised."""


def conductivity(regions: Regions, sigma: Mapping[str, float], bottom: str, top: str) -> float:
    """Effective conductivity between two ends at right angles to the last axis, in the unit of `sigma`.

    Args:
        regions: a mesh on one rank; the ends are boundaries of it.
        sigma: conductivity by region; 0 or no entry is an insulator.
        bottom: name of the lower end.
        top: name of the upper end.

    Raises:
        ValueError: if the mesh is distributed, or nothing conducts.
    """
    if regions.comm.size > 1:
        raise ValueError("the effective conductivity is computed on one rank; give a mesh on COMM_SELF")
    cells = [regions.cells(name) for name, value in sigma.items() if value > 0.0]
    values = [np.full(regions.cells(name).size, value) for name, value in sigma.items() if value > 0.0]
    if not cells:
        raise ValueError("no region conducts")
    x = np.asarray(regions.mesh.geometry.x[:, : regions.dim])
    nodes = geometry_dofmap(regions.mesh)[np.concatenate(cells)]
    used, local = np.unique(nodes, return_inverse=True)
    matrix = _stiffness(x[used], local.reshape(nodes.shape).astype(np.int32), np.concatenate(values))
    height = x[used, -1]
    low, high = (
        np.isclose(height, end, rtol=0.0, atol=1e-9 * float(np.ptp(height)))
        for end in (height.min(), height.max())
    )
    free = ~(low | high)
    u = np.where(high, 1.0, 0.0)
    u[free] = _solve(matrix[free][:, free], -(matrix[free] @ u))
    area = regions.measure(bottom) / regions.unit ** (regions.dim - 1)
    if not np.isclose(area, regions.measure(top) / regions.unit ** (regions.dim - 1)):
        raise ValueError(f'"{bottom}" and "{top}" are not of equal size')
    return float(u @ (matrix @ u) * np.ptp(height) / area)


def _stiffness(x: FloatArray, cells: IntArray, sigma: FloatArray) -> coo_array:
    """Matrix of integral sigma grad v . grad u, in CSR."""
    corners = x[cells]
    dim = x.shape[1]
    inverse = np.linalg.inv(corners[:, 1:] - corners[:, :1])
    gradients = np.concatenate((-inverse.sum(axis=2, keepdims=True), inverse), axis=2)
    weights = sigma * simplex_measure(corners)
    blocks = np.einsum("c,cki,ckj->cij", weights, gradients, gradients)
    rows = np.repeat(cells, dim + 1, axis=1).ravel()
    columns = np.tile(cells, dim + 1).ravel()
    return coo_array((blocks.ravel(), (rows, columns)), shape=(len(x), len(x))).tocsr()


def _solve(matrix: coo_array, right: FloatArray) -> FloatArray:
    if matrix.shape[0] <= DIRECT:
        return np.asarray(spsolve(matrix.tocsc(), right))
    diagonal = 1.0 / matrix.diagonal()
    scaled = LinearOperator(matrix.shape, matvec=lambda r: diagonal * r)
    found, failed = cg(matrix, right, rtol=1e-10, M=scaled, maxiter=20_000)
    if failed:
        raise ArithmeticError("the conjugate gradients did not converge")
    return np.asarray(found)


def wiener(fractions: FloatArray, sigma: FloatArray) -> tuple[float, float]:
    """Lowest and highest effective conductivity of any structure: phases in series and in parallel."""
    with np.errstate(divide="ignore"):
        series = 1.0 / float(np.sum(fractions / sigma))
    return series, float(np.sum(fractions * sigma))


def hashin_shtrikman(fraction: float, particle: float, host: float, dim: int) -> tuple[float, float]:
    """Bounds of an isotropic mixture, lower and upper.

    Args:
        fraction: volume fraction of the particles.
        particle: their conductivity.
        host: conductivity of the rest.
        dim: 2 or 3.
    """

    def coated(inner: float, outer: float, part: float) -> float:
        """Spheres of `inner` in shells of `outer`; `part` is the fraction of the inner phase."""
        if inner == outer or outer == 0.0:
            return outer
        return outer + part / (1.0 / (inner - outer) + (1.0 - part) / (dim * outer))

    found = coated(particle, host, fraction), coated(host, particle, 1.0 - fraction)
    return min(found), max(found)


def bruggeman(porosity: float, exponent: float = 1.5) -> float:
    """porosity^exponent: 3/2 for spheres, 2 for discs, each a hierarchy of sizes.

    Source: D. A. G. Bruggeman, Ann. Phys. 416, 636 (1935).
    """
    return float(porosity**exponent)
