"""Ripples on a front under a film that they stretch: mossy growth far below the limiting current.

`verification.exact.stability` with a film (`solver.film`) that thins where the front bulges,
d delta/dt = -delta kappa v + (delta0 - delta)/tau, and resists bending by a pressure D k^4 h under it. With S
and K of the filmed front, v the velocity of the flat one, and R' the ripple of the film's resistance,

    I' (1 + K/(B k')) = [ K G - S (V_m/(nF)) (gamma k^2 + D k^4) ] h - S I R'
    dh/dt = V_m I'/(nF),        dR'/dt = -R0 v k^2 h - R'/tau

which is two equations. With A the growth rate that the ripple has while its film stays as it is and
P = (V_m/(nF)) S I/(1 + K/(B k')), rates omega solve

    omega^2 + omega (1/tau - A) - A/tau - P R0 v k^2 = 0

**Without healing** and away from the limiting current, omega = v k sqrt(beta), beta = S R0 being the film's
share of the resistance: a ripple grows by e while 1/(k sqrt(beta)) is deposited, whatever the current.
**Healing** bounds that: where the current does not hang on concentration (G = 0) a ripple grows only if

    I^2 R0 tau > gamma + D k^2

(the product of the two rates changes its sign there): what the film dissipates while it heals is set against
the surface energy. Film that conducts well (R0 small), heals fast (tau small) or is stiff (D large) keeps
the front flat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model import Cover
from solver.types import FloatArray
from verification.exact.stability import Front

_SHORTEST = 1e-10
"""Wavelength in m below which nothing is a ripple."""
_SCAN = 4000
NONE = Cover(0.0)
"""No film."""


@dataclass(frozen=True)
class Mossy(Front):
    """A flat front in its steady state under a film that is whole.

    Attributes:
        cover: the film; its resistance is that of `electrodes.film` (ValueError).
    """

    cover: Cover = NONE

    def __post_init__(self) -> None:
        """Refuse a film of two resistances."""
        super().__post_init__()
        if not math.isclose(self.cover.resistance, self.electrodes.film):
            raise ValueError(
                f"the cover has {self.cover.resistance} ohm m^2, the electrode {self.electrodes.film}"
            )

    @property
    def share(self) -> float:
        """Beta = S R0, the film's part of the resistance to a change of the current; S with the film."""
        return self.slope * self.cover.resistance

    def system(self, wavenumber: npt.ArrayLike) -> FloatArray:
        """Matrix of d(h, R')/dt at `wavenumber` k in rad/m, shape (m, 2, 2)."""
        k = np.asarray(wavenumber, dtype=float)
        slope, response, current = self.slope, self.response, -self.current
        spread = self.conductance * self.effective_wavenumber(k)
        answer = self._volume_per_charge * spread / (response + spread)
        bending = self._volume_per_charge * self.cover.stiffness
        drive = response * self.gradient - slope * (self._capillary_voltage * k**2 + bending * k**4)
        rows = np.empty((*k.shape, 2, 2))
        rows[..., 0, 0] = answer * drive
        rows[..., 0, 1] = -answer * slope * current
        rows[..., 1, 0] = -self.cover.resistance * self.velocity * k**2
        rows[..., 1, 1] = -self.cover.healing
        return rows

    def growth_rate(self, wavenumber: npt.ArrayLike) -> FloatArray:
        """Omega in 1/s of the faster of the two modes, shape (m,)."""
        rows = self.system(wavenumber)
        half = 0.5 * (rows[..., 0, 0] + rows[..., 1, 1])
        product = rows[..., 0, 0] * rows[..., 1, 1] - rows[..., 0, 1] * rows[..., 1, 0]
        # Real, as the off-diagonal product is positive; without cancellation where half < 0.
        root = np.sqrt(np.maximum(half**2 - product, 0.0))
        small = np.where(half < 0.0, root - half, 1.0)
        return np.asarray(np.where(half < 0.0, -product / np.maximum(small, 1e-300), half + root))

    def amplitude(self, wavenumber: float, time: npt.ArrayLike) -> FloatArray:
        """H/h0 after `time` s of a ripple that begins under a whole film, shape (m,)."""
        rows = self.system(wavenumber)
        values, vectors = np.linalg.eig(rows)
        parts = np.linalg.solve(vectors, np.array([1.0, 0.0])) * vectors[0]
        return np.asarray(np.real(np.exp(np.multiply.outer(np.asarray(time), values)) @ parts))

    def fastest(self) -> tuple[float, float]:
        """Wavenumber k_max in rad/m of the fastest ripple, and its rate in 1/s; (0, ..) if none grows."""
        if self.velocity <= 0.0:
            return 0.0, float(self.growth_rate(0.0))
        k = self._scan()
        rates = self.growth_rate(k)
        best = int(np.argmax(rates))
        if rates[best] <= 0.0:
            return 0.0, float(rates[best])
        return (math.inf if best == _SCAN - 1 else float(k[best])), float(rates[best])

    def _scan(self) -> FloatArray:
        return np.asarray(np.geomspace(1e-4 / self.cell.length, math.tau / _SHORTEST, _SCAN))

    @property
    def critical_wavenumber(self) -> float:
        """The largest wavenumber k_c in rad/m that grows; infinite where nothing stops short ripples.

        A film that neither heals nor is stiff has no such bound.
        """
        if self.velocity <= 0.0:
            return 0.0
        k = self._scan()
        growing = np.flatnonzero(self.growth_rate(k) > 0.0)
        if growing.size == 0:
            return 0.0
        return math.inf if growing[-1] == _SCAN - 1 else float(k[growing[-1]])
