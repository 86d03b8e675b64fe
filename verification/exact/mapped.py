"""Conformal maps of two cells to a rectangle: a strip electrode in a wall, and the Hull cell.

The rectangle is 0 < u < 1, 0 < v < h. The working electrode is v = 0, the counter electrode v = h, insulators
are u = 0 and u = 1. s is the distance along the working electrode from u = 0. Between the plates of the
rectangle the primary current per du is constant, so that ds/du is all that a current distribution needs.

Sources: Driscoll and Trefethen, Schwarz-Christoffel Mapping, Cambridge 2002, ch. 2 and 4; West, Matlosz and
Landolt, J. Appl. Electrochem. 22 (1992) 301 (Hull cell); NIST Digital Library of Mathematical Functions,
ch. 20 and 22 (theta functions, Jacobian elliptic functions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.optimize import brentq
from scipy.special import ellipj, ellipkinc, ellipkm1, roots_jacobi

from solver.types import FloatArray

_GAUSS = 80


class MappedCell(Protocol):
    """A cell mapped to a rectangle; see the module."""

    @property
    def aspect(self) -> float:
        """Height h of the rectangle over its width; the primary resistance is h/kappa in ohm m (of depth)."""
        ...

    @property
    def length(self) -> float:
        """Length of the working electrode in m."""
        ...

    def stretch(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """ds/du in m; `rest` = 1 - u comes apart, since rounding would lose it near u = 1."""
        ...

    def position(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """Distance s in m along the working electrode from u = 0."""
        ...


@dataclass(frozen=True)
class Strip:
    """Rectangular cell whose working electrode covers part of one side, flush with an insulator.

    The cell is 0 < x < width, 0 < y < gap. The working electrode is y = 0, x < electrode; the counter
    electrode is y = gap; the rest insulates. Mirrored at x = 0 and x = width it is a row of strips of
    width 2 `electrode`, repeated every 2 `width`, opposite a plane. With K'(k)/K(k) = gap/width

        sn(K1 u; k1) = sn(K x/width; k)/sn_a,   sn_a = sn(K electrode/width; k),   k1 = k sn_a,   h = K1'/K1

    since t = sn^2 takes the cell to a half-plane, and k1 places the four corners that remain.

    Attributes:
        width, gap, electrode: in m, electrode <= width.
    """

    width: float
    gap: float
    electrode: float

    @property
    def length(self) -> float:
        """Length of the working electrode in m."""
        return self.electrode

    @property
    def aspect(self) -> float:
        """K1'/K1."""
        inner, complement = self._inner
        return float(ellipkm1(inner) / ellipkm1(complement))

    def stretch(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """ds/du = K1 (width/K) sn_a cn dn(K1 u; k1) / (cn dn(K x/width; k))."""
        outer, outer_complement = self._outer
        inner, complement = self._inner
        sn_a, cn_a = self._edge
        quarter = float(ellipkm1(complement))
        sn, cn, dn, _ = ellipj(quarter * np.minimum(u, rest), inner)
        root = math.sqrt(complement)
        beyond = u > rest  # sn(K1 - r) = cn/dn, cn(K1 - r) = k1' sn/dn, dn(K1 - r) = k1'/dn, all at r
        sn, cn, dn = (
            np.where(beyond, cn / dn, sn),
            np.where(beyond, root * sn / dn, cn),
            np.where(beyond, root / dn, dn),
        )
        cn_x = np.sqrt(cn**2 + (cn_a * sn) ** 2)  # 1 - (sn_a sn)^2 without cancellation
        dn_x = np.sqrt(1.0 - outer * (sn_a * sn) ** 2)
        scale = quarter * self.width * sn_a / float(ellipkm1(outer_complement))
        return np.asarray(scale * cn * dn / (cn_x * dn_x))

    def position(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """Distance x in m from the centre of the strip: (width/K) F(arcsin(sn_a sn(K1 u; k1)); k)."""
        outer, outer_complement = self._outer
        inner, complement = self._inner
        sn, *_ = ellipj(float(ellipkm1(complement)) * u, inner)
        angle = np.arcsin(np.minimum(self._edge[0] * sn, 1.0))
        return np.asarray(self.width / float(ellipkm1(outer_complement)) * ellipkinc(angle, outer))

    @cached_property
    def _outer(self) -> tuple[float, float]:
        """k^2 and 1 - k^2."""
        return parameter(self.gap / self.width)

    @cached_property
    def _edge(self) -> tuple[float, float]:
        """Sn and cn at the edge of the electrode."""
        outer, complement = self._outer
        if self.electrode >= self.width:
            return 1.0, 0.0
        sn, cn, _, _ = ellipj(float(ellipkm1(complement)) * self.electrode / self.width, outer)
        return float(sn), float(cn)

    @cached_property
    def _inner(self) -> tuple[float, float]:
        """k1^2 and 1 - k1^2."""
        outer, complement = self._outer
        sn_a, cn_a = self._edge
        return outer * sn_a**2, complement + outer * cn_a**2


@dataclass(frozen=True)
class HullCell:
    """Trapezoid with the anode at right angles between two insulating walls, and a slanting cathode.

    Corners: (0, 0) and (0, anode) of the anode, (long, 0) far and (short, anode) near end of the cathode, the
    working electrode. s runs from the near end, where the current is largest, to the far end. By the
    Schwarz-Christoffel formula, with the cathode on -1 < t < 1, the anode beyond |t| = 1/k, and

        |dz/dt| = C (1 - t)^(-alpha) (1 + t)^(alpha - 1) (1 - k^2 t^2)^(-1/2),  alpha = (far angle)/pi

    t = sn(K (1 - 2u); k), h = K'/(2K). So i ~ du/ds ~ ((1 + t)/(1 - t))^(1/2 - alpha): the current is
    infinite at the near end (obtuse angle) and nought at the far end (acute). k follows from the lengths of
    cathode and short wall.

    The default lengths are those under which the cell of 267 ml is commonly sold: an anode of 2 1/2 in, walls
    of 1 7/8 in and 5 in. No primary source for them was at hand. The map holds for any lengths.

    Attributes:
        anode, short, long: lengths in m.
    """

    anode: float = 63.5e-3
    short: float = 47.6e-3
    long: float = 127.0e-3

    @property
    def length(self) -> float:
        """Length of the cathode in m."""
        return math.hypot(self.long - self.short, self.anode)

    @property
    def aspect(self) -> float:
        """K'/(2K)."""
        modulus, complement = self._parameter
        return float(ellipkm1(modulus) / (2.0 * ellipkm1(complement)))

    def stretch(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """ds/du = 2 K C ((1 - t)/(1 + t))^(1/2 - alpha)."""
        near, far = self._ends(u, rest)
        quarter = float(ellipkm1(self._parameter[1]))
        return np.asarray(2.0 * quarter * self._scale * (near / far) ** (0.5 - self._alpha))

    def position(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """Distance s in m from the near end: int_t^1 |dz/dt| dt, by Gauss-Jacobi quadrature."""
        near, far = self._ends(u, rest)
        from_near = self._scale * self._part(np.minimum(near, 1.0), self._alpha)
        from_far = self._scale * self._part(np.minimum(far, 1.0), 1.0 - self._alpha)
        return np.asarray(np.where(near < far, from_near, self.length - from_far))

    def walls(self) -> tuple[float, float, float]:
        """Lengths in m of short wall, long wall and anode as the map gives them.

        The short wall enters the map; the other two must come out right.
        """
        return (
            self._scale * self._wall(*self._parameter, self._alpha),
            self._scale * self._wall(*self._parameter, 1.0 - self._alpha),
            self._scale * self._opposite(*self._parameter),
        )

    @cached_property
    def _alpha(self) -> float:
        return math.atan2(self.anode, self.long - self.short) / math.pi

    @cached_property
    def _parameter(self) -> tuple[float, float]:
        """k^2 and 1 - k^2."""

        def excess(aspect: float) -> float:
            modulus, complement = parameter(2.0 * aspect)
            wall = self._wall(modulus, complement, self._alpha)
            return wall / self._cathode(modulus) - self.short / self.length

        return parameter(2.0 * float(brentq(excess, 0.05, 5.0, xtol=1e-300, rtol=1e-15)))

    @cached_property
    def _scale(self) -> float:
        """C."""
        return self.length / self._cathode(self._parameter[0])

    def _cathode(self, modulus: float) -> float:
        """Length of the cathode over C."""
        node, weight = _gauss(-self._alpha, self._alpha - 1.0)
        return float(weight @ (1.0 - modulus * node**2) ** -0.5)

    def _wall(self, modulus: float, complement: float, power: float) -> float:
        """Length of a wall, 1 < |t| < 1/k, over C; `power` is alpha (short) or 1 - alpha (long).

        t = 1 + (1/k - 1) y takes it to int_0^1 y^(-power) (1 - y)^(-1/2) g(y) dy with g smooth.
        """
        node, weight = _gauss(-0.5, -power)
        y = 0.5 * (1.0 + node)
        k = math.sqrt(modulus)
        reach = complement / (k * (1.0 + k))  # 1/k - 1
        t = 1.0 + reach * y
        smooth = (1.0 + t) ** (power - 1.0) * (1.0 + k * t) ** -0.5
        # 1 - k t = k reach (1 - y); the weight (1 - node)^(-1/2) (1 + node)^(-power) carries powers of 2.
        factor = reach ** (1.0 - power) * (k * reach) ** -0.5 * 2.0 ** (power + 0.5) / 2.0
        return float(factor * (weight @ smooth))

    def _opposite(self, modulus: float, complement: float) -> float:
        """Length of the anode over C: with t = 1/(k sin(psi)) the integrand is smooth and periodic."""
        k = math.sqrt(modulus)
        psi = (np.arange(400) + 0.5) * math.pi / 400 - 0.5 * math.pi
        sine = np.sin(psi)
        skew = ((1.0 - k * sine) / (1.0 + k * sine)) ** (0.5 - self._alpha)
        return float((skew / np.sqrt(1.0 - modulus * sine**2)).sum()) * math.pi / 400

    def _ends(self, u: FloatArray, rest: FloatArray) -> tuple[FloatArray, FloatArray]:
        """1 - t and 1 + t, both to full relative precision."""
        modulus, complement = self._parameter
        sn, cn, dn, _ = ellipj(2.0 * float(ellipkm1(complement)) * np.minimum(u, rest), modulus)
        small = complement * sn**2 / (dn * (dn + cn))  # 1 - cn/dn = 1 - sn(K - r)
        large = 2.0 - small
        return np.where(u < rest, small, large), np.where(u < rest, large, small)

    def _part(self, reach: FloatArray, power: float) -> FloatArray:
        """Integral of |dz/dt|/C over the last `reach` of -1 < t < 1 at the end with exponent -`power`."""
        node, weight = _gauss(0.0, -power)
        y = 0.5 * (1.0 + node)
        away = np.multiply.outer(reach, y)
        smooth = (2.0 - away) ** (power - 1.0) * (1.0 - self._parameter[0] * (1.0 - away) ** 2) ** -0.5
        return np.asarray(reach ** (1.0 - power) * 2.0 ** (power - 1.0) * (smooth @ weight))


def _gauss(right: float, left: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on (-1, 1) for the weight (1 - x)^right (1 + x)^left."""
    with np.errstate(invalid="ignore", divide="ignore"):  # scipy divides 0 by 0 for right + left = -1, unused
        nodes, weights = roots_jacobi(_GAUSS, right, left)
    return nodes, weights


def parameter(ratio: float) -> tuple[float, float]:
    """Parameter m = k^2 and 1 - m with K'(k)/K(k) = `ratio`: (theta_2/theta_3)^4 at nome exp(-pi ratio)."""
    if ratio < 1.0:
        complement, modulus = parameter(1.0 / ratio)
        return modulus, complement
    nome = math.exp(-math.pi * ratio)
    two = 2.0 * nome**0.25 * sum(nome ** (n * (n + 1)) for n in range(6))
    three = 1.0 + 2.0 * sum(nome ** (n * n) for n in range(1, 6))
    four = 1.0 + 2.0 * sum((-1.0) ** n * nome ** (n * n) for n in range(1, 6))
    return (two / three) ** 4, (four / three) ** 4
