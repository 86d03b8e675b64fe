"""Reactions at an electrode: who takes part, and the law that gives the current density.

A reaction is written in its anodic direction; a positive current goes from the electrode into the
electrolyte. A current density i releases a species at the rate nu i/(nF) per area, with nu > 0 for what
the anodic reaction makes and nu < 0 for what it uses up. Sodium, Na -> Na+ + e-, has n = 1 and nu = {Na+: 1}.

Laws are pure functions of UFL expressions, or of arrays. The overpotential is eta = V_electrode - phi - E_eq
(less the drop in films), where E_eq belongs to the reference concentrations; what concentrations do to
equilibrium is in the law. Concentrations at or below zero, which Newton may pass through, meet a positive
continuation far below any concentration that matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import ufl

from .constants import BOLTZMANN_EV, FARADAY, GAS
from .contact import Schottky
from .expression import Expression, is_symbolic
from .laws import Law

LARGEST_EXPONENT = 100.0
"""Exponentials continue linearly beyond it, so that a far-off Newton iterate overflows nothing."""
SMALLEST_RATIO = 1e-60
"""c/c_ref below which kinetics sees the positive continuation: less than volts leave (1e-37 at -5 V)."""


def exp(x: Any) -> Any:
    """e^x up to x = 100, its tangent beyond; of UFL or of arrays."""
    if not is_symbolic(x):
        return np.exp(np.minimum(x, LARGEST_EXPONENT)) * (1.0 + np.maximum(x - LARGEST_EXPONENT, 0.0))
    return ufl.exp(ufl.min_value(x, LARGEST_EXPONENT)) * (1.0 + ufl.max_value(x - LARGEST_EXPONENT, 0.0))


def positive(ratio: Any) -> Any:
    """`ratio` itself above 1e-60; below, e^(x - 1) of x = ratio/1e-60: positive, with continuous slope."""
    if not is_symbolic(ratio):
        low = SMALLEST_RATIO * np.exp(np.clip(ratio / SMALLEST_RATIO, -500.0, 1.0) - 1.0)
        return np.where(ratio > SMALLEST_RATIO, ratio, low)
    low = SMALLEST_RATIO * ufl.exp(ufl.max_value(ufl.min_value(ratio / SMALLEST_RATIO, 1.0), -500.0) - 1.0)
    return ufl.conditional(ufl.gt(ratio, SMALLEST_RATIO), ratio, low)


def ln(x: Any) -> Any:
    """Natural logarithm of UFL or of arrays."""
    return ufl.ln(x) if is_symbolic(x) else np.log(x)


@dataclass(frozen=True)
class Site:
    """What a reaction sees at a point of an electrode; UFL expressions in SI.

    Attributes:
        eta: V_electrode - phi - drop - E_eq in V.
        concentrations: by species, mol/m^3; empty where the electrolyte has none.
        temperature: in K.
    """

    eta: Any
    concentrations: Mapping[str, Any]
    temperature: Any


class Kinetics(Protocol):
    """A law for the current density of a reaction."""

    def current(self, reaction: Reaction, site: Site) -> Any:
        """Current density in A/m^2, anodic positive."""
        ...


@dataclass(frozen=True)
class Reaction:
    """One reaction at an electrode.

    Attributes:
        name: for tables and columns.
        electrons: n.
        stoichiometry: nu by species, positive for what the anodic reaction makes.
        kinetics: the law.
        equilibrium_potential: E_eq at the reference concentrations, V.
        reference: reference concentrations by species, mol/m^3; of all species in `stoichiometry`.
    """

    name: str
    electrons: int
    stoichiometry: Mapping[str, float]
    kinetics: Kinetics
    equilibrium_potential: float = 0.0
    reference: Mapping[str, float] = field(default_factory=dict)

    def charge_defect(self, charges: Mapping[str, int]) -> float:
        """Charge that the reaction would create: sum of nu z minus n; zero for a reaction with ions."""
        return sum(nu * charges[name] for name, nu in self.stoichiometry.items()) - self.electrons

    def current(self, site: Site) -> Any:
        """Current density in A/m^2."""
        return self.kinetics.current(self, site)

    def slope(self, site: Site) -> Any:
        """Derivative of the current density by eta in S/m^2, of arrays; central difference over 2 uV."""
        step = 1e-6
        up, down = (replace(site, eta=site.eta + h) for h in (step, -step))
        return (self.current(up) - self.current(down)) / (2.0 * step)

    def ratio(self, name: str, site: Site) -> Any:
        """Positive c/c_ref of a species; 1 where the electrolyte carries no concentration of it."""
        if name not in site.concentrations:
            return 1.0
        return positive(site.concentrations[name] / self.reference[name])

    def activities(self, site: Site, power: float) -> tuple[Any, Any]:
        """Products of (c/c_ref)^(power |nu|) of what the anodic and what the cathodic direction uses up."""
        anodic: Any = 1.0
        cathodic: Any = 1.0
        for name, nu in self.stoichiometry.items():
            exponent = power * abs(nu)
            ratio = self.ratio(name, site)
            factor = ratio if exponent == 1.0 else ratio**exponent
            if nu < 0:
                anodic = anodic * factor
            else:
                cathodic = cathodic * factor
        return anodic, cathodic

    def exponent(self, site: Site) -> Any:
        """N F eta/RT."""
        return self.electrons * FARADAY / GAS * site.eta / site.temperature

    def main_concentration(self, site: Site) -> Any:
        """Concentration that an exchange current density given as a law depends on: of the ion deposited."""
        for name, nu in self.stoichiometry.items():
            if nu > 0 and name in site.concentrations:
                return site.concentrations[name]
        return 0.0


@dataclass(frozen=True)
class ButlerVolmer:
    """I = i0 [a exp(alpha_a n f eta) - b exp(-alpha_c n f eta)], f = F/RT.

    a and b are the products of (c/c_ref)^|nu| of what the anodic and the cathodic direction uses up (1 for a
    pure metal). For alpha_a + alpha_c = 1 its equilibrium is Nernst's; otherwise use MassAction.
    Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 8.
    """

    exchange_current_density: Law
    alpha_a: float = 0.5
    alpha_c: float = 0.5

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        return _two_branches(self, reaction, site, 1.0)


@dataclass(frozen=True)
class MassAction:
    """As ButlerVolmer, with the powers (alpha_a + alpha_c) |nu|, for which E_eq(c) is Nernst's for any alpha.

    It is i0(c) [exp(alpha_a n f (eta - e)) - exp(-alpha_c n f (eta - e))] with the Nernst shift
    e = (RT/nF) sum nu ln(c/c_ref) and i0(c) = i0 prod_(nu>0) (c/c_ref)^(alpha_a nu)
    prod_(nu<0) (c/c_ref)^(alpha_c |nu|): detailed balance holds at every concentration.
    """

    exchange_current_density: Law
    alpha_a: float = 0.5
    alpha_c: float = 0.5

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        return _two_branches(self, reaction, site, self.alpha_a + self.alpha_c)


@dataclass(frozen=True)
class Referenced:
    """I = i0(c) [exp(alpha_a n f eta) - exp(-alpha_c n f eta)].

    For potentials measured with a reference electrode of the metal itself beside the electrode, as in the
    theory of concentrated solutions: the Nernst shift is in phi, and only i0 depends on c.
    """

    exchange_current_density: Law
    alpha_a: float = 0.5
    alpha_c: float = 0.5

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        x = reaction.exponent(site)
        i0 = self.exchange_current_density(reaction.main_concentration(site), site.temperature)
        return i0 * (exp(self.alpha_a * x) - exp(-self.alpha_c * x))


@dataclass(frozen=True)
class Tafel:
    """One branch of ButlerVolmer: i = -i0 b exp(-alpha n f eta), or i0 a exp(alpha n f eta) if `anodic`."""

    exchange_current_density: Law
    alpha: float = 0.5
    anodic: bool = False

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        a, b = reaction.activities(site, 1.0)
        i0 = self.exchange_current_density(reaction.main_concentration(site), site.temperature)
        x = reaction.exponent(site)
        return i0 * a * exp(self.alpha * x) if self.anodic else -i0 * b * exp(-self.alpha * x)


@dataclass(frozen=True)
class Linearised:
    """I = i0 (alpha_a + alpha_c) (n f eta - sum nu ln(c/c_ref)): Butler-Volmer near equilibrium."""

    exchange_current_density: Law
    alpha_a: float = 0.5
    alpha_c: float = 0.5

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        i0 = self.exchange_current_density(reaction.main_concentration(site), site.temperature)
        nernst = sum(
            nu * ln(reaction.ratio(name, site))
            for name, nu in reaction.stoichiometry.items()
            if name in site.concentrations
        )
        return i0 * (self.alpha_a + self.alpha_c) * (reaction.exponent(site) - nernst)


@dataclass(frozen=True)
class LimitingCurrent:
    """Butler-Volmer whose branches saturate: i = (A - B)/(1 + A/i_lim,a + B/i_lim,c).

    A = i0 exp(alpha_a n f eta), B = i0 exp(-alpha_c n f eta); for models without concentrations. A limit of
    None does not bind. It is the exact answer for a Nernst diffusion layer when alpha_a + alpha_c = 1.

    Attributes:
        anodic_limit, cathodic_limit: magnitudes in A/m^2.
    """

    exchange_current_density: Law
    cathodic_limit: float
    anodic_limit: float | None = None
    alpha_a: float = 0.5
    alpha_c: float = 0.5

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        i0 = self.exchange_current_density(reaction.main_concentration(site), site.temperature)
        x = reaction.exponent(site)
        a, b = i0 * exp(self.alpha_a * x), i0 * exp(-self.alpha_c * x)
        slowed = 1.0 + b / self.cathodic_limit
        if self.anodic_limit is not None:
            slowed = slowed + a / self.anodic_limit
        return (a - b) / slowed


@dataclass(frozen=True)
class UserKinetics:
    """Current density in A/m^2 by a formula of the user.

    It may use eta (V), T (K), f (nF/RT in 1/V), and c_NAME (mol/m^3) for every species NAME.
    """

    formula: Expression

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        values = {f"c_{name}": c for name, c in site.concentrations.items()}
        values |= {
            "eta": site.eta,
            "T": site.temperature,
            "f": reaction.electrons * FARADAY / (GAS * site.temperature),
        }
        return self.formula(**{name: values[name] for name in self.formula.names})


@dataclass(frozen=True)
class Conductance:
    """Ohmic contact between two conductors: i = G eta, G in S/m^2."""

    conductance: float

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        return self.conductance * site.eta


@dataclass(frozen=True)
class Junction:
    """Schottky junction whose inner side is the semiconductor or deposit: i = J_s [1 - exp(-eta/V_T)].

    Current inner -> outer at eta = V_inner - V_outer, see contact.Schottky.
    """

    schottky: Schottky

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        voltage = self.schottky.ideality * BOLTZMANN_EV * site.temperature
        return self.schottky.saturation * (1.0 - exp(-site.eta / voltage))


@dataclass(frozen=True)
class Supply:
    """The same junction seen from the collector: i = J_s [exp(eta/V_T) - 1], eta = V_collector - V_deposit.

    It passes -J_s at the most where metal is deposited.
    """

    schottky: Schottky

    def current(self, reaction: Reaction, site: Site) -> Any:
        """See the class."""
        voltage = self.schottky.ideality * BOLTZMANN_EV * site.temperature
        return self.schottky.saturation * (exp(site.eta / voltage) - 1.0)


def _two_branches(law: Any, reaction: Reaction, site: Site, power: float) -> Any:
    a, b = reaction.activities(site, power)
    x = reaction.exponent(site)
    i0 = law.exchange_current_density(reaction.main_concentration(site), site.temperature)
    return i0 * (a * exp(law.alpha_a * x) - b * exp(-law.alpha_c * x))
