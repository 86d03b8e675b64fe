"""Reactions and where they happen: the sections `reactions` and `interfaces`.

A law of kinetics is a section that makes its counterpart in `solver.reaction`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cases.cell import Schottky
from cases.fixed.media import ROOM
from cases.fixed.quantities import ActivationEnergy, Capacitance, CurrentDensityLaw, Given, Resistance
from cases.section import Fraction, Kinds, Name, Section, listed
from cases.units import Concentration, Conductivity, CurrentDensity, Length, Temperature, Voltage
from solver import contact, reaction
from solver.expression import Expression
from solver.laws import Arrhenius, Constant, Formula, Law, Table


def law_of(given: Given, activation_energy: float | None = None, reference: float = ROOM) -> Law:
    """The material law of what a case gives."""
    law: Law
    if isinstance(given, Expression):
        law = Formula(given)
    elif isinstance(given, Table):
        law = given
    else:
        law = Constant(given)
    return Arrhenius(law, activation_energy, reference) if activation_energy else law


class _Reaction(Section):
    """What every reaction has."""

    electrons: Annotated[int, Field(ge=1, le=8)] = 1
    """Electrons n that the anodic reaction sets free."""
    species: dict[Name, Annotated[float, Field(ge=-8, le=8)]] = Field(default={})
    """Stoichiometric numbers by species: positive for what the anodic reaction makes, negative for what it
    uses up."""
    equilibrium_potential: Voltage = 0.0
    """Equilibrium potential at the reference concentrations; 0 V is the metal itself."""
    reference_concentrations: dict[Name, Concentration] = Field(default={})
    """Concentrations that the exchange current density and the equilibrium potential belong to; initial ones
    by default."""

    concentrations_shift: ClassVar[bool] = True
    """Whether concentrations move the equilibrium in the law."""
    two_way: ClassVar[bool] = True
    """Whether the law has an equilibrium."""

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """The law for an electrolyte with species `names`, at a temperature in K."""
        raise NotImplementedError

    def stiffness(self, concentration: float, temperature: float) -> float | None:
        """Slope di/d eta of the law at equilibrium in units of n F/RT, A/m^2; None if it has none."""
        return None


class _WithExchange(_Reaction):
    exchange_current_density: CurrentDensityLaw
    """Exchange current density at the reference concentrations, or a formula in c (mol/m^3) of the ion that
    the anodic reaction makes, and T (K)."""
    activation_energy: ActivationEnergy | None = None
    """Of the exchange current density, in an Arrhenius law."""
    reference_temperature: Temperature = ROOM
    """Temperature that the exchange current density belongs to, with an activation energy."""
    alpha_a: Fraction = 0.5
    """Anodic transfer coefficient, per electron."""
    alpha_c: Fraction = 0.5
    """Cathodic transfer coefficient, per electron."""

    @property
    def exchange(self) -> Law:
        """Exchange current density as a law."""
        return law_of(self.exchange_current_density, self.activation_energy, self.reference_temperature)

    def stiffness(self, concentration: float, temperature: float) -> float | None:
        """(alpha_a + alpha_c) i0."""
        return (self.alpha_a + self.alpha_c) * float(self.exchange(concentration, temperature))


class ButlerVolmer(_WithExchange):
    """Butler-Volmer with concentrations relative to the reference."""

    law: Literal["butler_volmer"] = "butler_volmer"
    """Law of kinetics."""

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.ButlerVolmer."""
        return reaction.ButlerVolmer(self.exchange, self.alpha_a, self.alpha_c)


class MassAction(_WithExchange):
    """Butler-Volmer whose equilibrium is that of Nernst for any transfer coefficients."""

    law: Literal["mass_action"]
    """Law of kinetics."""

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.MassAction."""
        return reaction.MassAction(self.exchange, self.alpha_a, self.alpha_c)


class Referenced(_WithExchange):
    """Butler-Volmer against a reference electrode beside the electrode: for concentrated solutions."""

    law: Literal["referenced"]
    """Law of kinetics."""

    concentrations_shift: ClassVar[bool] = False

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.Referenced."""
        return reaction.Referenced(self.exchange, self.alpha_a, self.alpha_c)


class Tafel(_WithExchange):
    """One branch alone, far from equilibrium."""

    law: Literal["tafel"]
    """Law of kinetics."""
    branch: Literal["cathodic", "anodic"] = "cathodic"
    """The branch that is kept."""

    two_way: ClassVar[bool] = False

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.Tafel."""
        anodic = self.branch == "anodic"
        return reaction.Tafel(self.exchange, self.alpha_a if anodic else self.alpha_c, anodic)

    def stiffness(self, concentration: float, temperature: float) -> float | None:
        """None: it has no equilibrium."""
        return None


class Linearised(_WithExchange):
    """Butler-Volmer near equilibrium."""

    law: Literal["linearised"]
    """Law of kinetics."""

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.Linearised."""
        return reaction.Linearised(self.exchange, self.alpha_a, self.alpha_c)


class LimitingCurrent(_WithExchange):
    """Butler-Volmer that saturates, for models without concentrations."""

    law: Literal["limiting_current"]
    """Law of kinetics."""
    cathodic_limit: CurrentDensity
    """Magnitude of the limiting current of the cathodic direction."""
    anodic_limit: CurrentDensity | None = None
    """Limiting current of the anodic direction; none by default."""

    concentrations_shift: ClassVar[bool] = False

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.LimitingCurrent."""
        limits = self.cathodic_limit, self.anodic_limit
        return reaction.LimitingCurrent(self.exchange, *limits, self.alpha_a, self.alpha_c)


class UserLaw(_Reaction):
    """A formula of one's own."""

    law: Literal["expression"]
    """Law of kinetics."""
    expression: str
    """Current density in A/m^2, anodic positive: a formula in eta (V), T (K), f = nF/RT (1/V) and c_NAME
    (mol/m^3)."""

    concentrations_shift: ClassVar[bool] = False

    @staticmethod
    def variables(names: tuple[str, ...]) -> tuple[str, ...]:
        """What the formula may use."""
        return ("eta", "T", "f", *(f"c_{name}" for name in names))

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.UserKinetics; ExpressionError if it cannot be read."""
        return reaction.UserKinetics(Expression.parse(self.expression, self.variables(names)))


class Ohmic(_Reaction):
    """A contact between two conductors."""

    law: Literal["ohmic"]
    """Law of kinetics."""
    resistance: Resistance
    """Contact resistance."""

    concentrations_shift: ClassVar[bool] = False

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.Conductance."""
        return reaction.Conductance(1.0 / self.resistance)


class Junction(_Reaction):
    """A Schottky junction between two conductors; the inner one is the metal that it feeds."""

    law: Literal["schottky"]
    """Law of kinetics."""
    junction: Schottky
    """The junction."""

    concentrations_shift: ClassVar[bool] = False

    def kinetics(self, names: tuple[str, ...], temperature: float) -> reaction.Kinetics:
        """See solver.reaction.Junction."""
        return reaction.Junction(junction_of(self.junction, temperature))


Reaction = Annotated[
    ButlerVolmer
    | MassAction
    | Referenced
    | Tafel
    | Linearised
    | LimitingCurrent
    | UserLaw
    | Ohmic
    | Junction,
    Kinds("law", default="butler_volmer"),
]


def junction_of(given: Schottky, temperature: float) -> contact.Schottky:
    """The junction at a temperature in K."""
    return contact.Schottky(given.barrier, given.richardson, given.ideality, temperature)


class Film(Section):
    """A resistive film on an electrode: a resistance, or a thickness and a conductivity."""

    resistance: Resistance | None = None
    """Area resistance."""
    thickness: Length | None = None
    """Thickness."""
    conductivity: Conductivity | None = None
    """Conductivity."""
    activation_energy: ActivationEnergy | None = None
    """Of the conductivity, in an Arrhenius law."""
    reference_temperature: Temperature = ROOM
    """Temperature that the conductivity (or resistance) belongs to, with an activation energy."""


class Interface(Section):
    """What happens at a boundary; named as the boundary, "a|b" between the regions a and b."""

    reactions: Annotated[tuple[Name, ...], listed('["deposition"]')] = ()
    """Names of the reactions."""
    inner: Name | None = None
    """Side with the electrons: "working", "counter", a name that begins with "floating", or a region; by
    default what the name of the boundary and the regions beside it say."""
    outer: Name | None = None
    """Other side: "liquid" or a region; by default what lies beside the boundary."""
    film: Film | None = None
    """A resistive film that the current passes."""
    schottky: Schottky | None = None
    """A Schottky junction between the inner side and what reacts."""
    capacitance: Capacitance | None = None
    """Double-layer capacitance; of the Stern layer with transport.closure = "poisson"."""
    charging_species: Name | None = None
    """Ion that charges the double layer."""
    zero_charge: Voltage = 0.0
    """Potential of zero charge: of the inner side against the electrolyte."""


def references(reaction: _Reaction, initial: Mapping[str, float]) -> dict[str, float]:
    """Reference concentrations of all species of a reaction, mol/m^3."""
    return {
        name: reaction.reference_concentrations.get(name, initial.get(name, 0.0)) for name in reaction.species
    }
