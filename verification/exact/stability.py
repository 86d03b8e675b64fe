"""Linear stability of a planar deposition front: growth rate omega(k) of a ripple on it.

Binary salt (`verification.exact.binary`), working electrode y = h(x, t), counter electrode at rest at y = L,
both of the metal; n = z+. A ripple h = e cos(kx) exp(omega t) on the steady state. The derivation:

Bulk. The anion rests in the steady state, ln c + z- phi F/RT = constant. No anion passes either electrode, so
for k > 0 the same holds for the ripple: phi' = -(RT/(z- F)) c'/c, and

    N+ = -D+ (1 - z+/z-) grad c,   laplace c' = 0        (quasi-steady: omega << D k^2)

With B = n F D+ (1 - z+/z-) (2 F D+ for a 1:1 salt) the deposition current is I = -i = B dc/dy, the gradient
of the steady state G = I/B, the concentration at the front c1 = c0 - G L/2. D- enters nowhere.

Counter electrode. It answers with a current of deposition K_L c', and c' = C(y) cos(kx) obeys
-B dC/dy = K_L C at y = L. Hence dC/dy = -k' C at y = 0 with

    k' = (k T + b)/(1 + b T/k),   T = tanh(kL),   b = K_L/B

which is k for k L >> 1, k tanh(kL) for a counter electrode that does not answer (b = 0), k/tanh(kL) for a
fast one. In the Tafel range K_L = alpha_a n I/(|z-| c_L), so that b L is of order one under current.

Front. To first order it sees c_s = C + G h and phi_s = -(RT/(z- F)) c_s/c1; the curvature is k^2 h. With

    I = i0 [ (c/c0) exp(-alpha_c f eta) - exp(alpha_a f eta) ] = I_c - I_a,   f = nF/RT
    eta = V - phi + gamma V_m/(nF) curvature + r I       (r: resistance of a film on the front)
    S = -dI/d eta = f (alpha_c I_c + alpha_a I_a),   K = [ I_c + S RT/(|z-| F) ]/c1

both S and K divided by 1 + S r, the ripple of the current is K c_s - S (gamma V_m/(nF)) k^2 h = -B k' C.
Eliminate C; Faraday's law is dh/dt = V_m I/(nF):

    omega(k) = (V_m/(nF)) B k' [ K G - S (gamma V_m/(nF)) k^2 ] / [ K + B k' ]

For a 1:1 salt and alpha_a + alpha_c = 1, K = [alpha_a I + 2 S/f]/c1, and S follows from the exchange current
density i0 (c1/c0)^alpha_a and the overpotential against equilibrium with c1; here neither is assumed.

Neglected: diffusion transients, the salt that the front pushes ahead (V_m c << 1), the motion of the steady
state itself.

Sources: Sundstrom and Bark, Electrochim. Acta 40 (1995) 599; Khoo, Zhao and Bazant, J. Electrochem. Soc. 166
(2019) A2280 (film-free, 1:1, k L >> 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

from solver.constants import FARADAY, thermal_voltage
from solver.types import FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics

_CLOSEST = 17.0  # tanh(17) = 1 - 3e-15, as near to the limiting current as 1 - i/i_lim still has a digit
_LONGEST = 1e-4  # smallest k L that is looked at
_SCAN = 400


@dataclass(frozen=True)
class Electrodes:
    """What both electrodes do; see the module.

    Attributes:
        working: kinetics of the front, with c_ref = c0.
        counter: kinetics of the counter electrode, with c_ref = c0.
        film, counter_film: resistance r of a film on the front and on the counter electrode in ohm m^2.
    """

    working: Kinetics
    counter: Kinetics
    film: float = 0.0
    counter_film: float = 0.0

    def voltage(self, cell: Cell, current: float) -> float:
        """Steady cell voltage V in V under `current` i in A/m^2 (anodic positive), films included.

        Raises:
            ValueError: |i| is not below the limiting current.
        """
        symmetric = cell.steady_voltage(current, self.counter)
        ratio = 1.0 + current / cell.limiting_current
        other = self.working.overpotential(current, ratio) - self.counter.overpotential(current, ratio)
        return symmetric + other + (self.film + self.counter_film) * current


@dataclass(frozen=True)
class Deposit:
    """What grows.

    Attributes:
        molar_volume: V_m in m^3/mol.
        surface_energy: gamma in J/m^2.
    """

    molar_volume: float
    surface_energy: float


@dataclass(frozen=True)
class Front:
    """A planar front in its steady state; see the module.

    Attributes:
        cell: salt, gap L, mean concentration c0.
        electrodes: kinetics of both, n = z+ (ValueError).
        deposit: the metal.
        current: i in A/m^2, negative where metal is deposited, |i| below the limiting current (ValueError).
    """

    cell: Cell
    electrodes: Electrodes
    deposit: Deposit
    current: float

    def __post_init__(self) -> None:
        """Refuse a state that does not exist."""
        limit, charge = self.cell.limiting_current, self.salt.z_plus
        if not abs(self.current) < limit:
            raise ValueError(f"{self.current} A/m^2 is not below the limiting current {limit} A/m^2")
        for kinetics in (self.electrodes.working, self.electrodes.counter):
            if kinetics.electrons != charge or kinetics.temperature != self.salt.temperature:
                raise ValueError(
                    f"expected kinetics of {charge} electrons at {self.salt.temperature} K, "
                    f"got {kinetics.electrons} at {kinetics.temperature} K"
                )

    @property
    def salt(self) -> Salt:
        """The salt."""
        return self.cell.salt

    @property
    def conductance(self) -> float:
        """B = I/(dc/dy) in A m^2/mol: n F D+ (1 - z+/z-)."""
        return -self.salt.current(1.0)

    @property
    def gradient(self) -> float:
        """G = dc/dy in mol/m^4, positive under deposition."""
        return self.salt.gradient(self.current)

    @property
    def concentrations(self) -> tuple[float, float]:
        """C at the front and at the counter electrode, in mol/m^3."""
        share = self.current / self.cell.limiting_current
        return self.cell.concentration * (1.0 + share), self.cell.concentration * (1.0 - share)

    @property
    def voltage(self) -> float:
        """Cell voltage in V."""
        return self.electrodes.voltage(self.cell, self.current)

    @property
    def velocity(self) -> float:
        """Speed of the planar front in m/s, positive under deposition: V_m I/(nF)."""
        return -self._volume_per_charge * self.current

    @property
    def slope(self) -> float:
        """S in S/m^2, film included."""
        return self._responses(self.electrodes.working, self.current, 0, self.electrodes.film)[0]

    @property
    def response(self) -> float:
        """K in A m/mol, film included."""
        return self._responses(self.electrodes.working, self.current, 0, self.electrodes.film)[1]

    @property
    def critical_wavenumber(self) -> float:
        """Wavenumber k_c in rad/m below which ripples grow: sqrt(K G/(S gamma V_m/(nF))).

        Infinite without surface energy, 0 without deposition. Film and counter electrode do not enter.
        """
        drive = self.response * self.gradient
        if drive <= 0.0:
            return 0.0
        stiffness = self.slope * self._capillary_voltage
        return math.sqrt(drive / stiffness) if stiffness > 0.0 else math.inf

    def effective_wavenumber(self, wavenumber: npt.ArrayLike) -> FloatArray:
        """Effective k' in rad/m at `wavenumber` k in rad/m, shape (m,)."""
        k, length, electrodes = np.asarray(wavenumber, dtype=float), self.cell.length, self.electrodes
        reaction = (
            self._responses(electrodes.counter, -self.current, 1, electrodes.counter_film)[1]
            / self.conductance
        )
        tangent = np.tanh(k * length)
        per_k = np.divide(tangent, k, out=np.full_like(tangent, length), where=k > 0.0)
        return np.asarray((k * tangent + reaction) / (1.0 + reaction * per_k))

    def growth_rate(self, wavenumber: npt.ArrayLike) -> FloatArray:
        """Omega in 1/s of ripples of `wavenumber` k in rad/m, shape (m,); negative where they decay."""
        k = np.asarray(wavenumber, dtype=float)
        slope, response = self._responses(self.electrodes.working, self.current, 0, self.electrodes.film)
        spread = self.conductance * self.effective_wavenumber(k)
        drive = response * self.gradient - slope * self._capillary_voltage * k**2
        return np.asarray(self._volume_per_charge * spread * drive / (response + spread))

    def fastest(self) -> tuple[float, float]:
        """Wavenumber k_max in rad/m of the ripple that grows fastest, and its rate omega_max in 1/s.

        Without surface energy (inf, V_m K G/(nF)): the shorter, the faster. (0, omega(0)) where no ripple
        grows, or none faster than the mean.
        """
        critical = self.critical_wavenumber
        if math.isinf(critical):
            return math.inf, self._volume_per_charge * self.response * self.gradient
        low = _LONGEST / self.cell.length
        if critical <= low:
            return 0.0, float(self.growth_rate(0.0))
        trial = np.geomspace(low, critical, _SCAN)
        best = int(np.argmax(self.growth_rate(trial)))
        if best == 0:
            return 0.0, float(self.growth_rate(0.0))
        bounds = (math.log(trial[best - 1]), math.log(trial[min(best + 1, _SCAN - 1)]))
        found = minimize_scalar(
            lambda x: -float(self.growth_rate(math.exp(x))),
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-10},
        )
        return math.exp(float(found.x)), -float(found.fun)

    @property
    def _volume_per_charge(self) -> float:
        return self.deposit.molar_volume / (self.salt.z_plus * FARADAY)

    @property
    def _capillary_voltage(self) -> float:
        """Shift of eta per curvature, gamma V_m/(nF), in V m."""
        return self.deposit.surface_energy * self._volume_per_charge

    def _responses(
        self, kinetics: Kinetics, current: float, electrode: int, film: float
    ) -> tuple[float, float]:
        """(S, K) of the front (`electrode` 0) or the counter electrode (1) under its own `current`."""
        concentration = self.concentrations[electrode]
        eta = kinetics.f * kinetics.overpotential(current, concentration / self.cell.concentration)
        anodic = kinetics.exchange * math.exp(kinetics.alpha_a * eta)
        cathodic = anodic - current
        slope = kinetics.f * (kinetics.alpha_c * cathodic + kinetics.alpha_a * anodic)
        shift = thermal_voltage(self.salt.temperature) / -self.salt.z_minus
        drop = 1.0 + slope * film
        return slope / drop, (cathodic + slope * shift) / concentration / drop


def at_voltage(
    cell: Cell, electrodes: Electrodes, deposit: Deposit, voltage: float, resistance: float = 0.0
) -> Front:
    """The front at a given voltage.

    Args:
        cell: salt, gap, concentration.
        electrodes: kinetics and film.
        deposit: the metal.
        voltage: of the working against the counter electrode in V, or of the source behind `resistance`.
        resistance: external, in ohm m^2; it sets the mean current, ripples do not see it.

    Raises:
        ValueError: the voltage is so large that the current is the limiting one to within rounding.
    """
    limit = cell.limiting_current

    # i = i_lim tanh(y): y is of order one where 1 - i/i_lim is small.
    def excess(y: float) -> float:
        current = limit * math.tanh(y)
        return electrodes.voltage(cell, current) + resistance * current - voltage

    if not excess(-_CLOSEST) < 0.0 < excess(_CLOSEST):
        raise ValueError(f"at {voltage} V the current is the limiting one, {limit} A/m^2")
    y = brentq(excess, -_CLOSEST, _CLOSEST, xtol=1e-14, rtol=1e-14, maxiter=500)
    return Front(cell, electrodes, deposit, limit * math.tanh(float(y)))
