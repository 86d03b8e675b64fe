"""What is simulated: the sections `electrolyte`, `metal`, `kinetics` and `surfaces`."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from cases.fixed.media import Properties
from cases.section import Fraction, Name, Positive, Section
from cases.units import (
    Angle,
    Concentration,
    Conductivity,
    CurrentDensity,
    Diffusivity,
    Energy,
    Length,
    Mobility,
    MolarVolume,
    Overpotential,
    Rate,
    RichardsonConstant,
    Stress,
    SurfaceEnergy,
    Temperature,
    Time,
)
from cases.waveforms import Resistance, ResistanceGrowth
from solver.constants import FARADAY, thermal_voltage


class Species(Section):
    """A dissolved ion. Exactly one of diffusivity and mobility is given; D = u RT/(|z|F) joins them."""

    charge: Annotated[int, Field(ge=-8, le=8)]
    """Charge number z, not 0."""
    concentration: Concentration
    """Initial concentration, uniform."""
    diffusivity: Diffusivity | None = None
    """Diffusivity D."""
    mobility: Mobility | None = None
    """Mobility u, or "from conductivity": electrolyte.conductivity = u |z| F c, as if it carried it all."""


class Electrolyte(Section):
    """Ions in a solvent, or a concentrated solution of one salt."""

    temperature: Temperature = 298.15
    """Temperature of the cell; 298.15 K by default."""
    conductivity: Conductivity | None = None
    """Measured conductivity; used where a mobility is "from conductivity", information otherwise."""
    species: dict[Name, Species] = Field(default={})
    """The ions by name; together they are neutral."""
    solution: str | None = None
    """Name of a concentrated solution with cited properties, such as "lipf6_ec_emc_nyman2008"."""
    properties: Properties | None = None
    """Properties of a concentrated solution of one's own, in place of `solution`."""
    concentration: Concentration | None = None
    """Initial concentration of the concentrated solution."""

    @property
    def thermal_voltage(self) -> float:
        """RT/F in V."""
        return thermal_voltage(self.temperature)

    def diffusivity(self, name: str) -> float:
        """Diffusivity D in m^2/s of a species, from what the case gives for it; KeyError if there is none."""
        species = self.species[name]
        if species.diffusivity is not None:
            return species.diffusivity
        valence = abs(species.charge)
        mobility = species.mobility
        if mobility == "from conductivity":
            assert self.conductivity is not None  # checks.problems
            mobility = self.conductivity / (valence * FARADAY * species.concentration)
        assert isinstance(mobility, float)  # checks.problems
        return mobility * self.thermal_voltage / valence


class Separator(Section):
    """A porous body that fills the gap; metal that grows into it leaves no pores. bruggeman or tortuosity."""

    porosity: Fraction
    """Volume fraction of the electrolyte."""
    bruggeman: Annotated[float, Field(ge=1, le=10)] | None = None
    """Exponent b: effective over free transport is porosity^b; 1.5 by default."""
    tortuosity: Annotated[float, Field(ge=1, le=1e4)] | None = None
    """Tortuosity factor: effective over free transport is porosity/tortuosity."""

    @property
    def factor(self) -> float:
        """Effective over free transport."""
        if self.tortuosity is not None:
            return self.porosity / self.tortuosity
        return float(self.porosity ** (1.5 if self.bruggeman is None else self.bruggeman))


class Metal(Section):
    """What is deposited: ion + n e- <-> metal."""

    name: str
    """Name, for pictures and tables."""
    molar_volume: MolarVolume
    """Molar volume."""
    surface_energy: SurfaceEnergy
    """Surface energy of metal against electrolyte; sets the shortest unstable wavelength."""
    surface_energy_anisotropy: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Part e by which the surface energy varies with direction, like kinetics.anisotropy, whose folds and
    angle it shares; needs growth.method = "phase_field"."""
    conductivity: Conductivity = 2e7
    """Of the metal for electrons, used by growth.method = "phase_field"; by default that of sodium."""
    charge_number: Annotated[int, Field(ge=1, le=8)] = 1
    """Electrons per ion, n."""
    ion: str
    """Name of the species that is deposited; of a concentrated solution, what its cation is called here."""


class Film(Section):
    """A film on the metal, such as an SEI, that is stretched with the surface under it, heals and cracks.

    Its resistance is thickness/conductivity while it is whole. See docs/mossy-growth.md.
    """

    thickness: Length
    """Of the whole film."""
    conductivity: Conductivity
    """For the ion that is deposited."""
    healing_time: Time | None = None
    """Time in which thickness that is missing comes back to 1/e of it; without it the film does not heal."""
    youngs_modulus: Stress | None = None
    """Young's modulus E, which gives the film a stiffness against bending; without it there is none."""
    poisson_ratio: Annotated[float, Field(ge=0, lt=0.5)] = 0.3
    """Poisson's ratio nu: the bending stiffness is E thickness^3/(12 (1 - nu^2))."""
    strength: Stress | None = None
    """Tensile strength: beyond a strain of strength/youngs_modulus that has not healed the film cracks and is
    gone until it heals; without it, it never does."""


class Kinetics(Section):
    """Butler-Volmer between metal and electrolyte, on the growing electrode and on the counter electrode."""

    exchange_current_density: CurrentDensity
    """Exchange current density at the reference concentration."""
    alpha_a: Fraction = 0.5
    """Anodic transfer coefficient."""
    alpha_c: Fraction = 0.5
    """Cathodic transfer coefficient."""
    anisotropy: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Anisotropy e of the growing metal: i0 (1 + e cos m theta), theta between the normal of its surface and
    the axis that points to the counter electrode. In 3D, i0 (1 + e (4 sum n_k^4 - 3)), n the normal."""
    anisotropy_folds: Literal[2, 3, 4, 6] = 4
    """Number m of directions that grow fastest; in 3D, only 4."""
    anisotropy_angle: Angle = 0.0
    """By how much the crystal is turned anticlockwise; in 3D, only 0."""
    film_resistance: Resistance | None = None
    """Resistance of a film, such as an SEI, on both electrodes, times area."""
    film_growth: ResistanceGrowth | None = None
    """Resistance times area that the film gains per charge passed per area, on the growing electrode and on a
    counter electrode that moves: beta V/(n F sigma) where a share beta of the current makes a film of molar
    volume V and conductivity sigma."""
    film: Film | None = None
    """A film that is stretched with the surface, heals and cracks, on the electrodes that move, and a whole
    one on a counter electrode that does not; in place of film_resistance and film_growth."""
    reference_concentration: Concentration | None = None
    """Concentration that the exchange current density belongs to; by default the initial one of metal.ion.
    In a concentrated solution the exchange current density does not depend on concentration."""


class Schottky(Section):
    """A junction that supplies at most J_s = A* T^2 exp(-barrier/kT) per area of its base."""

    barrier: Energy
    """Barrier height; inside, in eV."""
    richardson: RichardsonConstant = 1.2e6
    """Effective Richardson constant A*; the default is that of free electrons."""
    ideality: Positive = 1.0
    """Ideality factor n in the thermal voltage nRT/F of the junction."""


class Surface(Section):
    """A substrate: how hard it is for deposit to begin on it, and how electrons reach that deposit."""

    nucleation_overpotential: Overpotential
    """Overpotential beyond which an uncovered spot begins to be covered."""
    nucleation_rate: Rate
    """How fast an uncovered spot is covered by new nuclei once beyond the nucleation overpotential."""
    nuclei_spacing: Length
    """Distance over which nuclei spread until they coalesce."""
    contact_angle: Angle = math.pi / 2
    """Advancing angle of deposit here: its foot stays where it is below this angle; 90 deg by default."""
    contact: Literal["ohmic", "schottky"] = "ohmic"
    """How electrons reach deposit on this surface."""
    schottky: Schottky | None = None
    """The junction; needed when contact is "schottky", without effect when it is "ohmic"."""


class Surfaces(Section):
    """The kinds of substrate."""

    matrix: Surface
    """What is between islands, or all of the substrate when it is bare: nickel."""
    island: Surface | None = None
    """Sodiophilic islands: Na3Sb; needed when geometry.coating is "islands"."""
