r"""Closures of the transport equations: which unknowns, which fluxes, and what the potential obeys.

Every species i with an unknown of its own obeys, in a medium of porosity eps and transport factor g,

    eps dc_i/dt + div(g N_i + c_i v) = R_i

and the potential phi obeys div J = q. What N_i, J and q are is the closure's:

==============  ==========================================  ======================  =============
closure         N_i                                         J                       q
==============  ==========================================  ======================  =============
Electroneutral  -D_i grad c_i - z_i u_i F c_i grad phi      i = F sum z_i N_i       0
Poisson         the same                                    -eps_0 eps_r grad phi   F sum z_i c_i
Supporting      the same                                    -kappa grad phi         0
Secondary       (no species)                                -kappa grad phi         0
Concentrated    -D grad c + i t/(z F)                       i = -kappa (grad phi    0
                                                            - chemical part)
==============  ==========================================  ======================  =============

with the mobility u_i = D_i/(RT) unless given. All are UFL expressions in SI.
Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 11 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import ufl

from .constants import FARADAY, GAS
from .electrolyte import Species
from .solutions import Solution

VACUUM = 8.8541878128e-12
"""Vacuum permittivity in F/m (CODATA 2018)."""


@dataclass(frozen=True)
class Point:
    """The fields at a point of the liquid; UFL, SI.

    Attributes:
        concentrations, gradients: of the species with unknowns of their own, mol/m^3 and mol/m^4.
        potential_gradient: grad phi in V/m.
        temperature: K.
        diffusivities: D of all species in this medium, m^2/s, before porosity and tortuosity.
        factor: g = eps/tau of the medium.
    """

    concentrations: Mapping[str, Any]
    gradients: Mapping[str, Any]
    potential_gradient: Any
    temperature: Any
    diffusivities: Mapping[str, Any]
    factor: Any = 1.0


class Closure(Protocol):
    """What closes the transport equations; see the module."""

    @property
    def species(self) -> tuple[Species, ...]:
        """All dissolved species."""
        ...

    @property
    def unknowns(self) -> tuple[str, ...]:
        """Species with an unknown of their own."""
        ...

    @property
    def resolves_charge(self) -> bool:
        """Whether the potential obeys Poisson's equation, and electrodes carry a surface charge."""
        ...

    @property
    def bilinear(self) -> bool:
        """Whether fluxes hold products of one concentration and one gradient at the most."""
        ...

    def concentrations(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """All concentrations from those of `unknowns`."""
        ...

    def fluxes(self, point: Point) -> dict[str, Any]:
        """G N_i of every species in `unknowns`, mol/(m^2 s), without convection."""
        ...

    def potential_flux(self, point: Point) -> Any:
        """J: current density in A/m^2, or displacement in C/m^2 where charge is resolved."""
        ...

    def space_charge(self, known: Mapping[str, Any]) -> Any:
        """Space charge in C/m^3; 0 where the electrolyte is neutral."""
        ...

    def conductivity(self, temperature: float) -> float:
        """Of the initial state, S/m; scales the equations."""
        ...


def _mobility(species: Species, diffusivity: Any, temperature: Any) -> Any:
    return species.mobility if species.mobility is not None else diffusivity / (GAS * temperature)


def _nernst_planck(species: Species, point: Point, c: Any, gradient: Any) -> Any:
    """Flux -D grad c - z u F c grad phi of one species in mol/(m^2 s), times the factor of the medium."""
    d = point.diffusivities[species.name]
    flux = -d * gradient
    if species.charge:
        mobility = _mobility(species, d, point.temperature)
        flux = flux - species.charge * mobility * FARADAY * c * point.potential_gradient
    return point.factor * flux


def dilute_conductivity(species: tuple[Species, ...], temperature: float) -> float:
    """Sum over ions of F^2 z^2 u c in S/m at the initial concentrations."""
    return float(
        sum(
            FARADAY**2 * s.charge**2 * _mobility(s, s.diffusivity, temperature) * s.concentration
            for s in species
        )
    )


@dataclass(frozen=True)
class Electroneutral:
    """Sum of z_i c_i = 0 everywhere; the species `eliminated` follows from the others.

    Attributes:
        species: all species, neutral together.
        eliminated: name of a charged species without an unknown of its own.
    """

    species: tuple[Species, ...]
    eliminated: str

    resolves_charge = False
    bilinear = True

    @property
    def unknowns(self) -> tuple[str, ...]:
        """All species but the eliminated one."""
        return tuple(s.name for s in self.species if s.name != self.eliminated)

    def concentrations(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The given ones and that of the eliminated species."""
        return {**known, self.eliminated: self._close(known)}

    def fluxes(self, point: Point) -> dict[str, Any]:
        """Nernst-Planck."""
        return {
            s.name: _nernst_planck(s, point, point.concentrations[s.name], point.gradients[s.name])
            for s in self.species
            if s.name != self.eliminated
        }

    def potential_flux(self, point: Point) -> Any:
        """Current density, F sum z N over all species."""
        c = {**point.concentrations, self.eliminated: self._close(point.concentrations)}
        g = {**point.gradients, self.eliminated: self._close(point.gradients)}
        return sum(
            FARADAY * s.charge * _nernst_planck(s, point, c[s.name], g[s.name])
            for s in self.species
            if s.charge
        )

    def space_charge(self, known: Mapping[str, Any]) -> Any:
        """None."""
        return 0.0

    def conductivity(self, temperature: float) -> float:
        """Of the initial state."""
        return dilute_conductivity(self.species, temperature)

    def _close(self, values: Mapping[str, Any]) -> Any:
        charge = {s.name: s.charge for s in self.species}
        return -sum(charge[n] * values[n] for n in self.unknowns if charge[n]) / charge[self.eliminated]


@dataclass(frozen=True)
class Poisson:
    """-div(eps_0 eps_r grad phi) = F sum z_i c_i: space charge is resolved.

    Attributes:
        species: all species.
        relative_permittivity: eps_r.
    """

    species: tuple[Species, ...]
    relative_permittivity: float

    resolves_charge = True
    bilinear = True

    @property
    def unknowns(self) -> tuple[str, ...]:
        """All species."""
        return tuple(s.name for s in self.species)

    def concentrations(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """As given."""
        return dict(known)

    def fluxes(self, point: Point) -> dict[str, Any]:
        """Nernst-Planck."""
        return {
            s.name: _nernst_planck(s, point, point.concentrations[s.name], point.gradients[s.name])
            for s in self.species
        }

    def potential_flux(self, point: Point) -> Any:
        """Displacement."""
        return -VACUUM * self.relative_permittivity * point.potential_gradient

    def space_charge(self, known: Mapping[str, Any]) -> Any:
        """F sum z c."""
        return FARADAY * sum(s.charge * known[s.name] for s in self.species if s.charge)

    def conductivity(self, temperature: float) -> float:
        """Of the initial state."""
        return dilute_conductivity(self.species, temperature)


@dataclass(frozen=True)
class Supporting:
    """A supporting electrolyte carries the current, kappa constant; the species move in its field.

    Attributes:
        species: minor species; they need not be neutral together.
        kappa: conductivity in S/m.
    """

    species: tuple[Species, ...]
    kappa: float

    resolves_charge = False
    bilinear = False

    @property
    def unknowns(self) -> tuple[str, ...]:
        """All species."""
        return tuple(s.name for s in self.species)

    def concentrations(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """As given."""
        return dict(known)

    def fluxes(self, point: Point) -> dict[str, Any]:
        """Nernst-Planck in the field of the supporting electrolyte."""
        return {
            s.name: _nernst_planck(s, point, point.concentrations[s.name], point.gradients[s.name])
            for s in self.species
        }

    def potential_flux(self, point: Point) -> Any:
        """Ohm's law."""
        return -point.factor * self.kappa * point.potential_gradient

    def space_charge(self, known: Mapping[str, Any]) -> Any:
        """None."""
        return 0.0

    def conductivity(self, temperature: float) -> float:
        """As given."""
        return self.kappa


@dataclass(frozen=True)
class Secondary:
    """Ohm's law alone: the concentrations are uniform and stay so.

    Attributes:
        kappa: conductivity in S/m.
    """

    kappa: float

    resolves_charge = False
    bilinear = False
    species: tuple[Species, ...] = ()

    @property
    def unknowns(self) -> tuple[str, ...]:
        """None."""
        return ()

    def concentrations(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """None."""
        return {}

    def fluxes(self, point: Point) -> dict[str, Any]:
        """None."""
        return {}

    def potential_flux(self, point: Point) -> Any:
        """Ohm's law."""
        return -point.factor * self.kappa * point.potential_gradient

    def space_charge(self, known: Mapping[str, Any]) -> Any:
        """None."""
        return 0.0

    def conductivity(self, temperature: float) -> float:
        """As given."""
        return self.kappa


@dataclass(frozen=True)
class Concentrated:
    """A concentrated solution of one binary salt M_nu+ X_nu-; c is that of the salt times nu+, the cation's.

        i = -kappa grad phi + (2 kappa RT/F)(1 - t)(1 + dln f/dln c) grad ln c     (1:1)
        N = -D grad c + i t/(z F)

    phi is measured with a reference electrode of the cation's metal beside the point, so that kinetics see
    no Nernst shift (use reaction.Referenced). For other salts the factor 2 is (nu+ + nu-)/(nu+ z+).
    Source: Newman and Balsara, 4th ed., ch. 12; Doyle, Fuller and Newman, J. Electrochem. Soc. 140, 1526
    (1993).

    Attributes:
        cation: name, charge and initial concentration; its diffusivity is that of `solution` there.
        solution: D, kappa, transference number and thermodynamic factor as laws of c (of the salt) and T.
        anion_charge: charge of the anion, negative.
    """

    cation: Species
    solution: Solution
    anion_charge: int = -1

    resolves_charge = False
    bilinear = False

    @property
    def species(self) -> tuple[Species, ...]:
        """The cation stands for the salt."""
        return (self.cation,)

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The cation."""
        return (self.cation.name,)

    def concentrations(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """As given."""
        return dict(known)

    def fluxes(self, point: Point) -> dict[str, Any]:
        """See the class."""
        name, t = self.cation.name, point.temperature
        salt = self._salt(point.concentrations[name])
        diffusion = -point.factor * self.solution.diffusivity(salt, t) * point.gradients[name]
        migration = self.solution.transference_number(salt, t) / (self.cation.charge * FARADAY)
        return {name: diffusion + migration * self.potential_flux(point)}

    def potential_flux(self, point: Point) -> Any:
        """Current density; see the class."""
        name, t, s = self.cation.name, point.temperature, self.solution
        c = point.concentrations[name]
        salt = self._salt(c)
        chemical = (
            self._ions / self.cation.charge
            * GAS * t / FARADAY
            * (1.0 - s.transference_number(salt, t))
            * s.thermodynamic_factor(salt, t)
        )  # fmt: skip
        gradient = chemical * point.gradients[name] / c - point.potential_gradient
        return point.factor * s.conductivity(salt, t) * gradient

    def space_charge(self, known: Mapping[str, Any]) -> Any:
        """None."""
        return 0.0

    def conductivity(self, temperature: float) -> float:
        """Of the initial state."""
        return float(self.solution.conductivity(self._salt(self.cation.concentration), temperature))

    @property
    def _cations(self) -> float:
        """Nu+, cations per formula unit."""
        common = _gcd(self.cation.charge, -self.anion_charge)
        return -self.anion_charge / common

    @property
    def _ions(self) -> float:
        """(nu+ + nu-)/nu+."""
        common = _gcd(self.cation.charge, -self.anion_charge)
        return 1.0 + self.cation.charge / common / self._cations

    def _salt(self, c: Any) -> Any:
        return c / self._cations if self._cations != 1.0 else c


def _gcd(a: int, b: int) -> int:
    return a if b == 0 else _gcd(b, a % b)


def grad(f: Any, unit: float) -> Any:
    """Gradient per metre on a mesh whose coordinates are lengths divided by `unit`."""
    return ufl.grad(f) / unit
