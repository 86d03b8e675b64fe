"""What the electrolyte and the metal are: frozen descriptions in SI units."""

from __future__ import annotations

from dataclasses import dataclass

from .constants import FARADAY, GAS, thermal_voltage


@dataclass(frozen=True)
class Species:
    """A dissolved species.

    Attributes:
        name: for instance "Na+".
        charge: z, signed.
        diffusivity: D in m^2/s.
        concentration: initial, uniform, in mol/m^3.
        mobility: u in mol s/kg, velocity per force per mole; None: D/(RT), Nernst-Einstein.
    """

    name: str
    charge: int
    diffusivity: float
    concentration: float
    mobility: float | None = None


@dataclass(frozen=True)
class Electrolyte:
    """Ions in a solvent at one temperature.

    Attributes:
        species: all ions; sum of z c is zero.
        temperature: in K.
    """

    species: tuple[Species, ...]
    temperature: float

    @property
    def thermal_voltage(self) -> float:
        """RT/F in V."""
        return thermal_voltage(self.temperature)

    @property
    def conductivity(self) -> float:
        """Sum over ions of F^2 z^2 D c/(RT), in S/m, at the initial concentrations."""
        factor = FARADAY**2 / (GAS * self.temperature)
        return factor * sum(s.charge**2 * s.diffusivity * s.concentration for s in self.species)

    def index(self, name: str) -> int:
        """Position of the species called `name`; KeyError if there is none."""
        for position, species in enumerate(self.species):
            if species.name == name:
                return position
        raise KeyError(name)


@dataclass(frozen=True)
class Metal:
    """What is deposited: ion + n e- <-> metal.

    Attributes:
        ion: name of the species that is deposited.
        charge_number: n, electrons per ion.
        molar_volume: V_m in m^3/mol.
        surface_energy: gamma in J/m^2.
    """

    ion: str
    charge_number: int
    molar_volume: float
    surface_energy: float

    @property
    def volume_per_charge(self) -> float:
        """V_m/(nF) in m^3/C: deposited volume per charge."""
        return self.molar_volume / (self.charge_number * FARADAY)

    @property
    def capillary_voltage(self) -> float:
        """Gamma V_m/(nF) in V m: shift of the overpotential per curvature."""
        return self.surface_energy * self.volume_per_charge
