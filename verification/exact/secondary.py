"""Primary and secondary current distribution: linear kinetics in two-dimensional cells, and Newman's disk.

    kappa laplace(phi) = 0,   counter electrode: phi = 0,   insulator: dphi/dn = 0
    working electrode:  i = g (V - phi),   Wa = kappa/(g length)     (Wa = 0: primary, phi = V)

In the rectangle of `verification.exact.mapped` phi on the working electrode follows from its current:

    kappa phi(u) = int_0^1 G(u, u') i(u') (ds/du') du'
    G = h - ln(2 |cos(pi u) - cos(pi u')|)/pi - (4/pi) sum_m cos(m pi u) cos(m pi u')/(m (1 + exp(2 pi m h)))

(phi is a sum of cosine modes with factors tanh(m pi h)/(m pi); the logarithm is the sum for h = infinity.) So
eta = V - phi obeys eta + (g/kappa) int G eta ds = V, an equation of the second kind. Nystrom's method solves
it: a substitution crowds the nodes at both ends of the electrode, where eta has weak singularities, and the
logarithm is integrated exactly against cosines. The primary distribution is i ds/du = constant.

Sources: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 18 (Wagner number); Matlosz, Creton, Clerc
and Landolt, J. Electrochem. Soc. 134 (1987) 3015 (Hull cell, secondary); Newman, J. Electrochem. Soc. 113
(1966) 501 (disk); Kress, Linear Integral Equations, 3rd ed., ch. 12.3 (quadrature of the logarithm) and
Numer. Math. 58 (1990) 145 (substitution).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.types import FloatArray
from verification.exact.mapped import MappedCell

_GRADING = 12  # power of the substitution
_BISECTIONS = 60


@dataclass(frozen=True)
class Distribution:
    """A current distribution along the working electrode of a cell.

    Attributes:
        cell: the geometry.
        position: s in m, increasing, shape (n,).
        ratio: i over its mean, shape (n,).
        resistance: kappa V/I, V/I in ohm m of depth; dimensionless.
    """

    cell: MappedCell
    position: FloatArray
    ratio: FloatArray
    resistance: float

    def at(self, position: npt.ArrayLike) -> FloatArray:
        """Current density over its mean at `position` s in m, shape (m,).

        The nodes are those of a cosine series in the graded variable, which is summed here.
        """
        count = len(self.ratio)
        order = np.arange(count)
        nodes = math.pi * (order + 0.5) / count
        amplitude = np.cos(np.outer(order, nodes)) @ self.ratio * (2.0 / count)
        amplitude[0] *= 0.5
        angle = math.pi * _locate(self.cell, np.asarray(position, dtype=float))
        return np.asarray(np.cos(np.multiply.outer(angle, order)) @ amplitude)


def primary(cell: MappedCell, position: npt.ArrayLike) -> FloatArray:
    """Primary current density over its mean at `position` s in m, shape (m,): length du/ds.

    May be infinite or nought at the ends of the electrode; ask for s between them.
    """
    u, rest, _ = _grade(_locate(cell, np.asarray(position, dtype=float)))
    return np.asarray(cell.length / cell.stretch(u, rest))


def secondary(cell: MappedCell, wagner: float, nodes: int = 400) -> Distribution:
    """Secondary current distribution for linear kinetics; see the module.

    Args:
        cell: the geometry.
        wagner: Wa = kappa/(g length) with the length of the working electrode, > 0. For Butler-Volmer near
            equilibrium 1/g = RT/(nF i0 (alpha_a + alpha_c)).
        nodes: number of nodes; 400 give ten digits or so of resistance for Wa of 0.01 and more.
    """
    position, weights, kernel = response(cell, nodes)
    matrix = np.eye(nodes) + kernel / (wagner * cell.length)
    eta = np.linalg.solve(matrix, np.ones(nodes))
    total = float(eta @ weights)  # integral of eta ds; I = g total for V = 1
    ratio = np.asarray(eta * cell.length / total)
    return Distribution(cell, position, ratio, wagner * cell.length / total)


def response(cell: MappedCell, nodes: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What a current density i(s) on the working electrode makes of the potential there, for any kinetics.

        kappa phi = int G i ds,     phi = 0 on the counter electrode

    Returns:
        s in m of the nodes, weights of integrals over s in m, and the matrix of int G . ds in m, which takes
        i at the nodes to kappa phi there; shapes (nodes,), (nodes,), (nodes, nodes).
    """
    grid = (np.arange(nodes) + 0.5) / nodes
    u, rest, slope = _grade(grid)
    measure = cell.stretch(u, rest) * slope / math.pi  # ds/dv with v = pi grid
    matrix = _kernel(grid, u, rest, slope, cell.aspect) * measure
    return cell.position(u, rest), np.asarray(measure * math.pi / nodes), matrix


def disk_primary(radius: npt.ArrayLike, disk: float) -> FloatArray:
    """Primary current density over its mean on a disk in an insulating plane, counter electrode far away.

    i/i_mean = 1/(2 sqrt(1 - (r/a)^2));  resistance of the cell 1/(4 kappa a)

    Args:
        radius: r < a in m.
        disk: a in m.
    """
    share = np.asarray(radius, dtype=float) / disk
    return np.asarray(0.5 / np.sqrt(1.0 - share**2))


def disk_resistance(disk: float, conductivity: float) -> float:
    """Resistance from a disk of radius `disk` in m to infinity: 1/(4 kappa a), in ohm."""
    return 1.0 / (4.0 * conductivity * disk)


def disk_potential(radius: npt.ArrayLike, height: npt.ArrayLike, disk: float) -> FloatArray:
    """Potential over that of the disk, nought at infinity: 1 - (2/pi) arctan(zeta).

    zeta is the oblate spheroidal coordinate: 2 a^2 zeta^2 = b + sqrt(b^2 + 4 a^2 z^2), b = r^2 + z^2 - a^2.
    As a boundary value on a finite domain this stands for the infinite one.

    Args:
        radius: r in m.
        height: z >= 0 in m.
        disk: a in m.
    """
    r, z = np.asarray(radius, dtype=float), np.asarray(height, dtype=float)
    b = r**2 + z**2 - disk**2
    root = np.sqrt(b**2 + (2.0 * disk * z) ** 2)
    # Over the disk b < 0 and b + root cancels: (root + b)(root - b) = 4 a^2 z^2.
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.where(b < 0.0, (2.0 * disk * z) ** 2 / (root - b), root + b) / (2.0 * disk**2)
    return np.asarray(1.0 - 2.0 / math.pi * np.arctan(np.sqrt(square)))


def _locate(cell: MappedCell, position: FloatArray) -> FloatArray:
    """Graded variable in (0, 1) at `position` s in m, by bisection."""
    low, high = np.zeros_like(position), np.ones_like(position)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = cell.position(*_grade(middle)[:2]) < position
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def _grade(grid: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """u, 1 - u and du/d(grid) for the grid in (0, 1); both ends to full relative precision."""
    low, high = grid**_GRADING, (1.0 - grid) ** _GRADING
    u, rest = low / (low + high), high / (low + high)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where((grid > 0.0) & (grid < 1.0), _GRADING * u * rest / (grid * (1.0 - grid)), 0.0)
    return u, rest, slope


def _kernel(
    grid: FloatArray, u: FloatArray, rest: FloatArray, slope: FloatArray, aspect: float
) -> FloatArray:
    """Quadrature matrix: (kernel @ f)_j = int_0^pi G(u_j, u(v)) f(v) dv for v = pi grid."""
    count = len(grid)
    modes = np.arange(1, count)
    cosines = np.cos(math.pi * np.outer(grid, modes))
    exact = -(cosines * (2.0 / modes)) @ cosines.T  # ln(2 |cos v - cos v'|) against cosines
    with np.errstate(divide="ignore", invalid="ignore"):
        smooth = np.log(_difference(u, rest) / _difference(grid, 1.0 - grid))
    np.fill_diagonal(smooth, np.log(slope * np.sin(math.pi * np.minimum(u, rest)) / np.sin(math.pi * grid)))
    terms = np.arange(1, math.ceil(20.0 / (math.pi * aspect)) + 1)
    modes_u = np.cos(math.pi * np.outer(u, terms))
    image = (modes_u * (4.0 / (terms * (1.0 + np.exp(2.0 * math.pi * aspect * terms))))) @ modes_u.T
    return np.asarray(math.pi / count * (aspect - (exact + smooth + image) / math.pi))


def _difference(u: FloatArray, rest: FloatArray) -> FloatArray:
    """|cos(pi u_i) - cos(pi u_j)|/2 = |sin(pi (u_i + u_j)/2) sin(pi (u_i - u_j)/2)|, without cancellation."""
    upper = np.add.outer(u, u) > 1.0
    total = np.where(upper, np.add.outer(rest, rest), np.add.outer(u, u))
    gap = np.where(upper, np.subtract.outer(rest, rest), np.subtract.outer(u, u))
    return np.asarray(np.abs(np.sin(0.5 * math.pi * total) * np.sin(0.5 * math.pi * gap)))
