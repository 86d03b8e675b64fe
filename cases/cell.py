"""What is simulated: the sections `geometry`, `electrolyte`, `metal`, `kinetics` and `surfaces`."""

from __future__ import annotations

import math
import random
from typing import Annotated, Literal

from pydantic import Field

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
    Position,
    Rate,
    RichardsonConstant,
    SurfaceEnergy,
    Temperature,
)
from cases.waveforms import Resistance
from solver.constants import FARADAY, thermal_voltage


class Apex(Section):
    """One nucleus of metal at a surface defect, half an ellipse on the substrate."""

    width: Length
    """Width of its foot."""
    height: Length
    """Height above the substrate."""
    position: Position | None = None
    """Where its middle is, from the left wall; by default the middle of the cell."""


class Islands(Section):
    """Sodiophilic islands in the matrix, evenly spaced and centred in the cell."""

    width: Length
    """Width of an island."""
    pitch: Length
    """Distance from the middle of one island to the middle of the next."""
    seed_height: Length
    """Height of the thin cap of metal that each island carries at the start."""
    jitter: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Random shift of each island, as a fraction of (pitch - width)/2."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Seed of the random shifts."""


class Trench(Section):
    """A trench in the middle of the electrode, which is metal throughout."""

    opening: Length
    """Width of the trench."""
    depth: Length
    """Depth of the trench; geometry.gap counts from its bottom."""
    fillet: Length
    """Radius of its four corners."""


class Geometry(Section):
    """The cell: substrate below, counter electrode above, insulating walls left and right."""

    width: Length
    """Width of the cell."""
    gap: Length
    """Thickness of the electrolyte at the start: from the substrate to the counter electrode."""
    coating: Literal["none", "islands"] = "none"
    """Either "none", a bare foil with its defect, or "islands", a layer of islands that buries the defect."""
    apex: Apex | None = None
    """Nucleus at the defect of the bare foil; used when coating is "none"."""
    islands: Islands | None = None
    """The islands; needed when coating is "islands"."""
    trench: Trench | None = None
    """A trench in an electrode of metal; then there are neither apex nor coating nor surfaces."""

    @property
    def apex_position(self) -> float:
        """Middle of the apex in m from the left wall (the middle of the cell unless given)."""
        given = None if self.apex is None else self.apex.position
        return self.width / 2 if given is None else given

    @property
    def island_count(self) -> int:
        """Number of islands: as many as whole pitches fit, none if not coated."""
        if self.coating == "none" or self.islands is None:
            return 0
        return math.floor(self.width / self.islands.pitch * (1 + 1e-12))

    @property
    def island_centres(self) -> tuple[float, ...]:
        """Middle of each island in m from the left wall, ascending."""
        count, islands = self.island_count, self.islands
        if islands is None:
            return ()
        first = (self.width - (count - 1) * islands.pitch) / 2
        reach = islands.jitter * (islands.pitch - islands.width) / 2
        draw = random.Random(islands.seed)
        return tuple(first + k * islands.pitch + reach * draw.uniform(-1, 1) for k in range(count))


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
    """Ions in a solvent."""

    temperature: Temperature = 298.15
    """Temperature of the cell; 298.15 K by default."""
    conductivity: Conductivity | None = None
    """Measured conductivity; used where a mobility is "from conductivity", information otherwise."""
    species: dict[Name, Species] = Field(min_length=2)
    """The ions by name; together they are neutral."""

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


class Metal(Section):
    """What is deposited: ion + n e- <-> metal."""

    name: str
    """Name, for pictures and tables."""
    molar_volume: MolarVolume
    """Molar volume."""
    surface_energy: SurfaceEnergy
    """Surface energy of metal against electrolyte; sets the shortest unstable wavelength."""
    charge_number: Annotated[int, Field(ge=1, le=8)] = 1
    """Electrons per ion, n."""
    ion: str
    """Name of the species that is deposited."""


class Kinetics(Section):
    """Butler-Volmer between metal and electrolyte, on the growing electrode and on the counter electrode."""

    exchange_current_density: CurrentDensity
    """Exchange current density at the reference concentration."""
    alpha_a: Fraction = 0.5
    """Anodic transfer coefficient."""
    alpha_c: Fraction = 0.5
    """Cathodic transfer coefficient."""
    anisotropy: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Fourfold anisotropy e of the growing metal: i0 (1 + e cos 4 theta), most straight up and sideways."""
    film_resistance: Resistance | None = None
    """Resistance of a film, such as an SEI, on both electrodes, times area."""
    reference_concentration: Concentration | None = None
    """Concentration that the exchange current density belongs to; by default the initial one of metal.ion."""


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
