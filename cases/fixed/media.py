"""What a cell is filled with: the sections `electrolyte` and `regions`."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from cases.fixed.quantities import ActivationEnergy, Amount, ConductivityLaw, DiffusivityLaw, RatioLaw
from cases.section import Fraction, Kinds, Name, Section
from cases.units import Concentration, Conductivity, Diffusivity, Mobility, Temperature
from solver.constants import FARADAY, GAS, thermal_voltage

ROOM = 298.15


def arrhenius(activation_energy: float | None, reference: float, temperature: float) -> float:
    """exp[-(Ea/R)(1/T - 1/T0)], Ea in J/mol; 1 without an activation energy. OverflowError if too large."""
    if not activation_energy:
        return 1.0
    return math.exp(-activation_energy / GAS * (1.0 / temperature - 1.0 / reference))


class Species(Section):
    """A dissolved species. Exactly one of diffusivity and mobility is given; D = u RT/(|z|F) joins them."""

    charge: Annotated[int, Field(ge=-8, le=8)]
    """Charge number z; 0 for a neutral species."""
    concentration: Amount
    """Initial concentration, uniform."""
    diffusivity: Diffusivity | None = None
    """Diffusivity D."""
    mobility: Mobility | None = None
    """Mobility u, or "from conductivity": electrolyte.conductivity = u |z| F c, as if it carried it all."""
    activation_energy: ActivationEnergy | None = None
    """Of the diffusivity or the mobility given, in an Arrhenius law; without it they do not change with T."""
    reference_temperature: Temperature = ROOM
    """Temperature that the diffusivity or the mobility belongs to, with an activation energy."""


class Properties(Section):
    """A concentrated solution of one salt of monovalent ions, by its measured properties."""

    cation: Name
    """Name of the cation."""
    diffusivity: DiffusivityLaw
    """Diffusivity of the salt."""
    conductivity: ConductivityLaw
    """Conductivity."""
    transference_number: RatioLaw
    """Transference number of the cation."""
    thermodynamic_factor: RatioLaw = 1.0
    """1 + dln f/dln c; 1 is ideal."""
    source: str = ""
    """Where they come from."""


class Electrolyte(Section):
    """Species in a solvent, or a concentrated solution."""

    temperature: Temperature = ROOM
    """Temperature of the cell; 298.15 K by default."""
    conductivity: Conductivity | None = None
    """Measured conductivity; used where a mobility is "from conductivity", information otherwise."""
    species: dict[Name, Species] = Field(default={})
    """The dissolved species by name."""
    solution: str | None = None
    """Name of a concentrated solution with cited properties, such as "lipf6_ec_emc_nyman2008"."""
    properties: Properties | None = None
    """Properties of a concentrated solution of one's own, in place of `solution`."""
    cation: Name | None = None
    """Name of the cation of the solution in this case; by default as the solution calls it."""
    concentration: Concentration | None = None
    """Initial concentration of the concentrated solution."""

    @property
    def thermal_voltage(self) -> float:
        """RT/F in V."""
        return thermal_voltage(self.temperature)

    def diffusivity(self, name: str) -> float:
        """D in m^2/s of a species at the temperature of the cell; KeyError if there is none."""
        species = self.species[name]
        factor = arrhenius(species.activation_energy, species.reference_temperature, self.temperature)
        if species.diffusivity is not None:
            return factor * species.diffusivity
        valence = abs(species.charge)
        mobility: Any = species.mobility
        if mobility == "from conductivity":
            assert self.conductivity is not None  # checks
            mobility = self.conductivity / (valence * FARADAY * species.concentration)
        assert isinstance(mobility, float)  # checks
        return factor * mobility * self.thermal_voltage / valence


class Liquid(Section):
    """A liquid or a gel."""

    kind: Literal["liquid"] = "liquid"
    """A liquid or a gel."""
    diffusivity: dict[Name, Diffusivity] = Field(default={})
    """Diffusivities that differ from those of the electrolyte, at the temperature of the cell."""
    porosity: ClassVar[float] = 1.0
    factor: ClassVar[float] = 1.0


class Porous(Section):
    """Pores filled with electrolyte; exactly one of bruggeman and tortuosity, or neither: 1.5."""

    kind: Literal["porous"]
    """A porous body filled with electrolyte, such as a separator."""
    porosity: Fraction
    """Volume fraction of the electrolyte."""
    bruggeman: Annotated[float, Field(ge=1, le=10)] | None = None
    """Exponent b: effective over free transport is porosity^b; 1.5 by default."""
    tortuosity: Annotated[float, Field(ge=1, le=1e4)] | None = None
    """Tortuosity factor: effective over free transport is porosity/tortuosity."""
    diffusivity: dict[Name, Diffusivity] = Field(default={})
    """Diffusivities in the pores that differ from those of the electrolyte."""

    @property
    def factor(self) -> float:
        """Effective over free transport."""
        if self.tortuosity is not None:
            return self.porosity / self.tortuosity
        return float(self.porosity ** (1.5 if self.bruggeman is None else self.bruggeman))


class Conductor(Section):
    """A metal, or a single-ion conductor such as an SEI or a ceramic: one mobile carrier, Ohm's law."""

    kind: Literal["electronic_conductor", "single_ion_conductor"]
    """What moves in it: electrons, or the cation."""
    conductivity: Conductivity
    """Conductivity."""
    activation_energy: ActivationEnergy | None = None
    """Of the conductivity in an Arrhenius law."""
    reference_temperature: Temperature = ROOM
    """Temperature that the conductivity belongs to, with an activation energy."""
    terminal: Name | None = None
    """Terminal that a metal is connected to: "working" or "counter"."""
    collector: str | None = None
    """Boundary where it touches the terminal without resistance."""

    def at(self, temperature: float) -> float:
        """Conductivity in S/m."""
        factor = arrhenius(self.activation_energy, self.reference_temperature, temperature)
        return self.conductivity * factor


class Inert(Section):
    """Nothing moves in it."""

    kind: Literal["inert"]
    """An insulator."""


Region = Annotated[Liquid | Porous | Conductor | Inert, Kinds("kind", default="liquid")]
