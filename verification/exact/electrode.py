"""One electrode: Butler-Volmer kinetics, alone and with a film, a junction, a diffusion layer or a capacity.

    i = i0 [ exp(alpha_a f eta) - (c_s/c_ref) exp(-alpha_c f eta) ],  f = nF/RT,  eta = V - phi - E_eq(c_ref)

i is anodic positive. Everything in series carries the same current, so that one equation for i remains; it
is increasing in i and solved by bisection-secant (Brent) to rounding. Where Lambert's W or an inverse
hyperbolic function gives the answer, that is a function of its own.

Sources: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 8 (kinetics); Bard and Faulkner,
Electrochemical Methods, 2nd ed., ch. 1.2 and 3 (cell time constant, Tafel, linearised);
Sze and Ng, Physics of Semiconductor Devices, 3rd ed., ch. 3 (junction).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import wrightomega

from solver.constants import thermal_voltage
from solver.types import FloatArray

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Kinetics:
    """Butler-Volmer kinetics of ion + n e- <-> metal; see the module.

    Attributes:
        exchange: i0 at c_s = c_ref, in A/m^2.
        alpha_a, alpha_c: transfer coefficients.
        electrons: n.
        temperature: in K.
    """

    exchange: float
    alpha_a: float = 0.5
    alpha_c: float = 0.5
    electrons: int = 1
    temperature: float = 298.15

    @property
    def f(self) -> float:
        """nF/RT in 1/V."""
        return self.electrons / thermal_voltage(self.temperature)

    @property
    def resistance(self) -> float:
        """Charge transfer resistance d eta/di at eta = 0 and c_s = c_ref: RT/(nF i0 (alpha_a + alpha_c)).

        In ohm m^2.
        """
        return 1.0 / (self.f * self.exchange * (self.alpha_a + self.alpha_c))

    def current(self, overpotential: float, ratio: float = 1.0) -> float:
        """Current density in A/m^2 at `overpotential` in V and `ratio` = c_s/c_ref."""
        eta = self.f * overpotential
        return self.exchange * (math.exp(self.alpha_a * eta) - ratio * math.exp(-self.alpha_c * eta))

    def overpotential(self, current: float, ratio: float = 1.0) -> float:
        """Overpotential in V that drives `current` in A/m^2; inverse of `current`.

        With alpha_a = alpha_c = alpha it is a quadratic equation for exp(alpha f eta), and

            eta = ( asinh(i/(2 i0 sqrt(r))) + ln(r)/2 ) / (alpha f),   r = c_s/c_ref.

        Raises:
            ValueError: `ratio` is not positive.
        """
        if ratio <= 0.0:
            raise ValueError(f"c_s/c_ref = {ratio}: expected a positive number")
        if self.alpha_a == self.alpha_c:
            half = current / (2.0 * self.exchange * math.sqrt(ratio))
            return (math.asinh(half) + 0.5 * math.log(ratio)) / (self.alpha_a * self.f)
        # At `high` the anodic term alone outweighs the rest, at `low` the cathodic one.
        scale = 1.0 + abs(current) / self.exchange + ratio
        high = math.log(scale) / (self.alpha_a * self.f)
        low = -math.log(scale / ratio) / (self.alpha_c * self.f)
        return _root(lambda eta: self.current(eta, ratio) - current, low, high)


@dataclass(frozen=True)
class Series:
    """What stands in series with the charge transfer.

    Attributes:
        film: resistance R of a film in ohm m^2; drop iR.
        saturation: J_s of a Schottky junction under the metal in A/m^2; no junction when infinite. Electrons
            come through it: -i = J_s (1 - exp(-w/V_T)), w = V_metal - V_collector.
        junction_voltage: V_T of the junction in V (ideality times RT/F).
        limiting: i_lim > 0 of a diffusion layer, A/m^2: c_s/c_ref = 1 + i/i_lim; none when infinite.
    """

    film: float = 0.0
    saturation: float = math.inf
    junction_voltage: float = 0.025
    limiting: float = math.inf


def series_current(kinetics: Kinetics, drive: float, series: Series) -> float:
    """Current density i of charge transfer with a film, a junction and a diffusion layer in series.

        i = i0 [ exp(alpha_a f eta) - (1 + i/i_lim) exp(-alpha_c f eta) ]
        eta = drive - R i + w,    w = -V_T ln(1 + i/J_s)

    The difference of both sides increases with i, which makes the solution unique.

    Args:
        kinetics: charge transfer.
        drive: V_collector - phi - E_eq(c_ref) in V.
        series: what is in series.

    Returns:
        i in A/m^2 (negative: deposition), to rounding.
    """
    free = kinetics.current(drive)
    if free == 0.0:
        return 0.0

    def excess(current: float) -> float:
        drop = series.film * current
        if math.isfinite(series.saturation):
            drop += series.junction_voltage * math.log1p(current / series.saturation)
        return current - kinetics.current(drive - drop, 1.0 + current / series.limiting)

    # The film takes the whole drive at the most; this also keeps the exponentials in range.
    through_film = drive / series.film if series.film > 0.0 else math.copysign(math.inf, drive)
    if free > 0.0:
        return _root(excess, 0.0, min(free, through_film))
    # At -J_s the junction's drop is infinite, at -i_lim nothing is left to deposit.
    least = max(free, through_film, -series.limiting, -series.saturation * (1.0 - _EPS))
    return _root(excess, least, 0.0)


def tafel_film_current(kinetics: Kinetics, drive: float, film: float) -> float:
    """Cathodic Tafel kinetics behind a film: |i| = i0 exp(-alpha_c f (drive + R |i|)), closed by Lambert's W.

        |i| = (b/R) W( (R i0/b) exp(-drive/b) ),   b = 1/(alpha_c f)

    Args:
        kinetics: charge transfer.
        drive: V - phi - E_eq in V, negative.
        film: R in ohm m^2, > 0.

    Returns:
        i < 0 in A/m^2.
    """
    slope = 1.0 / (kinetics.alpha_c * kinetics.f)
    # omega(z) = W(exp z): the argument of W itself would overflow.
    return float(-slope / film * wrightomega(-drive / slope + math.log(film * kinetics.exchange / slope)))


def tafel_junction_current(kinetics: Kinetics, drive: float, saturation: float) -> float:
    """Cathodic Tafel kinetics on a Schottky junction with V_T = 1/(alpha_c f): inverse currents add.

        1/|i| = 1/(i0 exp(-alpha_c f drive)) + 1/J_s

    Args:
        kinetics: charge transfer.
        drive: V_collector - phi - E_eq in V, negative.
        saturation: J_s in A/m^2.

    Returns:
        i < 0 in A/m^2.
    """
    free = kinetics.exchange * math.exp(-kinetics.alpha_c * kinetics.f * drive)
    return -1.0 / (1.0 / free + 1.0 / saturation)


def tafel_overpotential(kinetics: Kinetics, current: float) -> float:
    """Overpotential in V of one branch alone, c_s = c_ref: +-ln(|i|/i0)/(alpha f), anodic for i > 0."""
    if current > 0.0:
        return math.log(current / kinetics.exchange) / (kinetics.alpha_a * kinetics.f)
    return -math.log(-current / kinetics.exchange) / (kinetics.alpha_c * kinetics.f)


def potential_step(
    time: npt.ArrayLike, step: float, ohmic: float, transfer: float, capacity: float
) -> FloatArray:
    """Current after a step of potential over R_s + (R_ct || C), all linear.

        i = step/(R_s + R_ct) [ 1 + (R_ct/R_s) exp(-t/tau) ],   tau = C R_s R_ct/(R_s + R_ct)

    Args:
        time: t > 0 in s.
        step: in V.
        ohmic: R_s in ohm m^2.
        transfer: R_ct in ohm m^2.
        capacity: C in F/m^2.

    Returns:
        i in A/m^2.
    """
    tau = capacity * ohmic * transfer / (ohmic + transfer)
    decay = np.exp(-np.asarray(time, dtype=float) / tau)
    return np.asarray(step / (ohmic + transfer) * (1.0 + transfer / ohmic * decay))


def current_step(
    time: npt.ArrayLike, current: float, ohmic: float, transfer: float, capacity: float
) -> FloatArray:
    """Voltage after a step of current through R_s + (R_ct || C): i [R_s + R_ct (1 - exp(-t/(R_ct C)))].

    Args:
        time: t > 0 in s.
        current: i in A/m^2.
        ohmic: R_s in ohm m^2.
        transfer: R_ct in ohm m^2.
        capacity: C in F/m^2.

    Returns:
        Voltage in V.
    """
    charged = -np.expm1(-np.asarray(time, dtype=float) / (transfer * capacity))
    return np.asarray(current * (ohmic + transfer * charged))


def impedance(
    frequency: npt.ArrayLike, ohmic: float, transfer: float, capacity: float
) -> npt.NDArray[np.complex128]:
    """Z = R_s + R_ct/(1 + j omega R_ct C) in ohm m^2 at angular `frequency` omega in rad/s."""
    omega = np.asarray(frequency, dtype=float)
    return np.asarray(ohmic + transfer / (1.0 + 1j * omega * transfer * capacity))


def open_circuit_decay(
    time: npt.ArrayLike, initial: float, kinetics: Kinetics, capacity: float
) -> FloatArray:
    """Overpotential of a charged double layer that discharges through its own reaction, not linearised.

    C d eta/dt = -2 i0 sinh(alpha f eta) for alpha_a = alpha_c = alpha and c_s = c_ref has the solution

        tanh(alpha f eta/2) = tanh(alpha f eta_0/2) exp(-t/(R_ct C)).

    Args:
        time: t in s.
        initial: eta_0 in V.
        kinetics: charge transfer, with equal transfer coefficients.
        capacity: C in F/m^2.

    Returns:
        eta in V.

    Raises:
        ValueError: alpha_a and alpha_c differ.
    """
    if kinetics.alpha_a != kinetics.alpha_c:
        raise ValueError("the decay has this closed form for alpha_a = alpha_c only")
    half = 0.5 * kinetics.alpha_a * kinetics.f
    decay = np.exp(-np.asarray(time, dtype=float) / (kinetics.resistance * capacity))
    return np.asarray(np.arctanh(math.tanh(half * initial) * decay) / half)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of an increasing function in [low, high], to rounding."""
    if function(low) >= 0.0:
        return low
    if function(high) <= 0.0:
        return high
    return float(brentq(function, low, high, xtol=1e-300, rtol=4 * _EPS, maxiter=1000))
