"""A minor species in supporting electrolyte diffuses to a planar electrode: steps of potential and current.

    dc/dt = D d2c/dx2,  c = c0 at first,  i = n F D dc/dx(0)  (magnitude; deposition consumes the species)

Each slab has two series, equal by Poisson's summation; the one that converges faster is used, so that a few
terms give full precision.

Sources: Bard and Faulkner, Electrochemical Methods, 2nd ed., ch. 5.2 (Cottrell), 8.2 (Sand), 11.7 (thin
layer); Carslaw and Jaeger, Conduction of Heat in Solids, 2nd ed., ch. 3 (slab).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erf, erfc

from solver.constants import FARADAY
from solver.types import FloatArray

Series = Callable[[FloatArray], FloatArray]

_SWITCH = 0.3  # D t/L^2 below which the series of images is the shorter one
_TERMS = 8


@dataclass(frozen=True)
class Minor:
    """A minor species; see the module.

    Attributes:
        diffusivity: D in m^2/s.
        concentration: c0 in mol/m^3.
        electrons: n.
    """

    diffusivity: float
    concentration: float
    electrons: int = 1

    @property
    def _charge(self) -> float:
        return self.electrons * FARADAY * self.concentration

    def cottrell(self, time: npt.ArrayLike) -> FloatArray:
        """Current after a step to c(0) = 0, half-space: n F c0 sqrt(D/(pi t)), in A/m^2; `time` t in s."""
        return np.asarray(
            self._charge * np.sqrt(self.diffusivity / (math.pi * np.asarray(time, dtype=float)))
        )

    def cottrell_charge(self, time: npt.ArrayLike) -> FloatArray:
        """Charge after a step to c(0) = 0, half-space: 2 n F c0 sqrt(D t/pi), in C/m^2."""
        return np.asarray(
            2.0 * self._charge * np.sqrt(self.diffusivity * np.asarray(time, dtype=float) / math.pi)
        )

    def cottrell_profile(self, x: npt.ArrayLike, time: float) -> FloatArray:
        """Concentration after a step to c(0) = 0, half-space: c0 erf(x/(2 sqrt(D t))), in mol/m^3."""
        scaled = np.asarray(x, dtype=float) / (2.0 * math.sqrt(self.diffusivity * time))
        return np.asarray(self.concentration * erf(scaled))

    def limiting_current(self, length: float) -> float:
        """Steady current through a layer of `length` m whose far side holds c0: n F D c0/L, in A/m^2."""
        return self._charge * self.diffusivity / length

    def held_layer_current(self, time: npt.ArrayLike, length: float) -> FloatArray:
        """Current after a step to c(0) = 0, with c(L) = c0 held (Nernst layer), in A/m^2.

            i = (n F D c0/L) [1 + 2 sum_{k>=1} exp(-k^2 pi^2 D t/L^2)]
              = n F c0 sqrt(D/(pi t)) [1 + 2 sum_{k>=1} exp(-k^2 L^2/(D t))]

        Args:
            time: t > 0 in s, shape (n,) or a number.
            length: L in m.
        """
        fourier = np.asarray(np.asarray(time, dtype=float) * (self.diffusivity / length**2))
        return np.asarray(self.limiting_current(length) * held_flux(fourier))

    def thin_layer_current(self, time: npt.ArrayLike, length: float) -> FloatArray:
        """Current after a step to c(0) = 0, with a wall at L (finite-length Cottrell), in A/m^2.

            i = (n F D c0/L) 2 sum_{k>=0} exp(-(k + 1/2)^2 pi^2 D t/L^2)
              = n F c0 sqrt(D/(pi t)) [1 + 2 sum_{k>=1} (-1)^k exp(-k^2 L^2/(D t))]

        Args:
            time: t > 0 in s, shape (n,) or a number.
            length: L in m.
        """
        fourier = np.asarray(np.asarray(time, dtype=float) * (self.diffusivity / length**2))
        return np.asarray(self.limiting_current(length) * wall_flux(fourier))

    def held_layer_profile(self, x: npt.ArrayLike, time: float, length: float) -> FloatArray:
        """Concentration in mol/m^3 that belongs to `held_layer_current`.

        c/c0 = x/L + sum_{k>=1} 2/(k pi) sin(k pi x/L) exp(-k^2 pi^2 D t/L^2); images of erfc at short times.
        """
        return np.asarray(self.concentration * _held_profile(*self._scaled(x, time, length)))

    def thin_layer_profile(self, x: npt.ArrayLike, time: float, length: float) -> FloatArray:
        """Concentration in mol/m^3 that belongs to `thin_layer_current`.

        c/c0 = sum_{k>=0} 2/q sin(q x/L) exp(-q^2 D t/L^2), q = (k + 1/2) pi; images of erfc at short times.
        """
        return np.asarray(self.concentration * _wall_profile(*self._scaled(x, time, length)))

    def sand_time(self, current: float) -> float:
        """Time in s until c(0) = 0 under constant `current`, half-space: pi D (n F c0/(2 i))^2."""
        return math.pi * self.diffusivity * (0.5 * self._charge / current) ** 2

    def surface_under_current(self, time: npt.ArrayLike, current: float) -> FloatArray:
        """Concentration c(0, t) in mol/m^3 under constant `current` (magnitude, consuming), half-space.

        c0 - 2 i sqrt(t)/(n F sqrt(pi D))
        """
        root = np.sqrt(np.asarray(time, dtype=float) / (math.pi * self.diffusivity))
        return np.asarray(self.concentration - 2.0 * current / (self.electrons * FARADAY) * root)

    def held_layer_surface_under_current(
        self, time: npt.ArrayLike, current: float, length: float
    ) -> FloatArray:
        """Concentration c(0, t) in mol/m^3 under constant `current`, with c(L) = c0 held.

        c0 - i L/(n F D) [1 - 2 sum_{k>=0} exp(-q^2 D t/L^2)/q^2],  q = (k + 1/2) pi
        """
        fourier = np.asarray(np.asarray(time, dtype=float) * (self.diffusivity / length**2))
        drop = current * length / (self.electrons * FARADAY * self.diffusivity)
        return np.asarray(self.concentration - drop * _held_drop(fourier))

    def _scaled(self, x: npt.ArrayLike, time: float, length: float) -> tuple[FloatArray, float]:
        return np.asarray(x, dtype=float) / length, time * self.diffusivity / length**2


def held_flux(time: FloatArray, switch: float = _SWITCH) -> FloatArray:
    """u_x(0) of u_t = u_xx on (0, 1), u = 1 at first, u(0) = 0, u(1) = 1; images below `switch`."""
    return _by_time(time, switch, lambda t: _images(t, 1.0), lambda t: 1.0 + 2.0 * _modes(t, 1.0))


def wall_flux(time: FloatArray, switch: float = _SWITCH) -> FloatArray:
    """u_x(0) of u_t = u_xx on (0, 1), u = 1 at first, u(0) = 0, u_x(1) = 0; images below `switch`."""
    return _by_time(time, switch, lambda t: _images(t, -1.0), lambda t: 2.0 * _modes(t, 0.5))


def _images(time: FloatArray, sign: float) -> FloatArray:
    k = np.arange(1, _TERMS + 1)
    series = np.exp(-(k**2) / time[:, None]) @ sign**k
    return np.asarray((1.0 + 2.0 * series) / np.sqrt(math.pi * time))


def _modes(time: FloatArray, first: float) -> FloatArray:
    k = first + np.arange(_TERMS)
    return np.asarray(np.exp(-((math.pi * k) ** 2) * time[:, None]).sum(axis=1))


def _by_time(time: FloatArray, switch: float, early: Series, late: Series) -> FloatArray:
    flat = np.atleast_1d(time).ravel()
    result = np.empty_like(flat)
    short = flat < switch
    result[short], result[~short] = early(flat[short]), late(flat[~short])
    return result.reshape(np.shape(time))


def _held_drop(time: FloatArray) -> FloatArray:
    """1 - u(0) of u_t = u_xx, u = 1 at first, u_x(0) = 1, u(1) = 1."""

    def early(t: FloatArray) -> FloatArray:
        width = np.asarray(2.0 * np.sqrt(t))
        total: FloatArray = ierfc(np.zeros_like(t))
        for k in range(1, _TERMS + 1):
            total = np.asarray(total + 2.0 * (-1.0) ** k * ierfc(np.asarray(2.0 * k / width)))
        return np.asarray(width * total)

    def late(t: FloatArray) -> FloatArray:
        q = math.pi * (0.5 + np.arange(_TERMS))
        return np.asarray(1.0 - 2.0 * np.exp(-np.multiply.outer(t, q**2)) @ q**-2)

    return _by_time(time, _SWITCH, early, late)


def _held_profile(x: FloatArray, time: float) -> FloatArray:
    """Profile of `held_flux`."""
    if time < _SWITCH:
        shift = 2.0 * np.arange(_TERMS)
        away = erfc(np.add.outer(x, shift) / (2.0 * math.sqrt(time)))
        back = erfc(np.add.outer(-x, shift + 2.0) / (2.0 * math.sqrt(time)))
        return np.asarray(1.0 - (away - back).sum(axis=-1))
    k = math.pi * np.arange(1, _TERMS + 1)
    return np.asarray(x + np.sin(np.multiply.outer(x, k)) @ (2.0 / k * np.exp(-(k**2) * time)))


def _wall_profile(x: FloatArray, time: float) -> FloatArray:
    """Profile of `wall_flux`."""
    if time < _SWITCH:
        shift, sign = 2.0 * np.arange(_TERMS), (-1.0) ** np.arange(_TERMS)
        away = erfc(np.add.outer(x, shift) / (2.0 * math.sqrt(time)))
        back = erfc(np.add.outer(-x, shift + 2.0) / (2.0 * math.sqrt(time)))
        return np.asarray(1.0 - (away + back) @ sign)
    q = math.pi * (0.5 + np.arange(_TERMS))
    return np.asarray(np.sin(np.multiply.outer(x, q)) @ (2.0 / q * np.exp(-(q**2) * time)))


def ierfc(s: FloatArray) -> FloatArray:
    """Integral of erfc of the numbers `s` to infinity."""
    return np.asarray(np.exp(-(s**2)) / math.sqrt(math.pi) - s * erfc(s))
