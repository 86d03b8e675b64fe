"""Physics of a cell whose electrode grows: the model above the front, and what the metal adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meshes.domain import ELECTROLYTE

from .closures import Electroneutral
from .constants import thermal_voltage
from .electrolyte import Metal, Species
from .model import COUNTER, FRONT, WORKING, Film, Interface, Medium, Model
from .reaction import Kinetics, Reaction, Site
from .types import FloatArray


@dataclass(frozen=True)
class Physics:
    """Model and metal.

    Attributes:
        model: transport, and the interfaces "front" (it grows) and "counter".
        metal: what is deposited.
        anisotropy: epsilon in i0 (1 + epsilon cos 4 theta) on the growing metal, theta between the normal of
            the surface and the axis that points from substrate to counter electrode. 0 is isotropic.
    """

    model: Model
    metal: Metal
    anisotropy: float = 0.0

    @property
    def front(self) -> Interface:
        """The interface that grows."""
        return next(i for i in self.model.interfaces if i.boundary == FRONT)

    @property
    def reaction(self) -> Reaction:
        """What deposits the metal."""
        return self.front.reactions[0]

    @property
    def thermal_voltage(self) -> float:
        """RT/F in V."""
        return thermal_voltage(self.model.temperature)

    @property
    def film_resistance(self) -> float:
        """Of a film on the front, ohm m^2; 0 without one."""
        return self.front.series.resistance if isinstance(self.front.series, Film) else 0.0

    def direction(self, normals: FloatArray) -> FloatArray:
        """Factor of i0 on surfaces with unit `normals`, shape (m, 2) -> (m,)."""
        cosine = normals[:, 1] ** 2
        return np.asarray(1.0 + self.anisotropy * (8.0 * cosine**2 - 8.0 * cosine + 1.0))

    def site(self, overpotential: FloatArray, concentrations: Mapping[str, Any]) -> Site:
        """A place on the front at V_metal - phi in V and concentrations in mol/m^3."""
        eta = overpotential - self.reaction.equilibrium_potential
        return Site(eta, concentrations, self.model.temperature)


def binary_physics(
    species: tuple[Species, ...],
    temperature: float,
    metal: Metal,
    kinetics: Kinetics,
    reference: float,
    anisotropy: float = 0.0,
    film: float = 0.0,
) -> Physics:
    """A dissolved salt between a growing electrode and one of the same metal; the last species is eliminated.

    Args:
        species: all ions, neutral together.
        temperature: K.
        metal: what both electrodes are made of.
        kinetics: of ion + n e- <-> metal at both electrodes.
        reference: concentration in mol/m^3 that the exchange current density belongs to.
        anisotropy: as in `Physics`.
        film: resistance of a film on both electrodes, ohm m^2.
    """
    reaction = Reaction(
        "deposition", metal.charge_number, {metal.ion: 1.0}, kinetics, reference={metal.ion: reference}
    )
    series = Film(film) if film > 0.0 else None
    interfaces = (
        Interface(FRONT, WORKING, (reaction,), series=series, grows=True),
        Interface(COUNTER, COUNTER, (reaction,), series=series),
    )
    closure = Electroneutral(species, species[-1].name)
    model = Model(closure, temperature, {ELECTROLYTE: Medium()}, interfaces)
    return Physics(model, metal, anisotropy)
