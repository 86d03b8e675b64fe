"""Physics of a cell whose electrode grows: the model above the front, and what the metal adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from meshes.domain import ELECTROLYTE

from .closures import Concentrated, Electroneutral
from .constants import thermal_voltage
from .crystal import ISOTROPIC, Crystal
from .electrolyte import Metal, Species
from .model import COUNTER, FRONT, WORKING, Film, Interface, Medium, Model, Series
from .reaction import Kinetics, Reaction
from .solutions import Solution
from .types import FloatArray


@dataclass(frozen=True)
class Physics:
    """Model and metal.

    Attributes:
        model: transport, and the interfaces "front" (it grows) and "counter".
        metal: what is deposited.
        crystal: how i0 of the growing metal hangs on the direction of its surface.
    """

    model: Model
    metal: Metal
    crystal: Crystal = ISOTROPIC

    def reaction_at(self, boundary: str) -> Reaction:
        """What deposits the metal on an electrode."""
        return next(i.reactions[0] for i in self.model.interfaces if i.boundary == boundary)

    @property
    def thermal_voltage(self) -> float:
        """RT/F in V."""
        return thermal_voltage(self.model.temperature)

    def film(self, boundary: str) -> Film:
        """The film on an electrode; one without resistance where there is none."""
        series = next(i.series for i in self.model.interfaces if i.boundary == boundary)
        return series if isinstance(series, Film) else Film(0.0)

    def with_counter(self, moves: bool) -> Physics:
        """The same with a counter electrode that moves, or that keeps its shape."""
        interfaces = tuple(
            replace(i, grows=moves, series=i.series if moves else _at_rest(i.series))
            if i.boundary == COUNTER
            else i
            for i in self.model.interfaces
        )
        return replace(self, model=replace(self.model, interfaces=interfaces))

    def direction(self, normals: FloatArray) -> FloatArray:
        """Factor of i0 on surfaces with unit `normals`, shape (m, 2) or (m, 3) -> (m,)."""
        return self.crystal.factor(normals)


def _at_rest(series: Series | None) -> Series | None:
    """The film of an electrode that keeps its shape: its cover is whole and stays so."""
    if not isinstance(series, Film) or series.cover is None:
        return series
    return replace(series, resistance=series.resistance + series.cover.resistance, cover=None)


def binary_physics(
    species: tuple[Species, ...],
    temperature: float,
    metal: Metal,
    kinetics: Kinetics,
    reference: float,
    crystal: Crystal = ISOTROPIC,
    film: Film | None = None,
    *,
    medium: Medium | None = None,
) -> Physics:
    """A dissolved salt between a growing electrode and one of the same metal; the last species is eliminated.

    Args:
        species: all ions, neutral together.
        temperature: K.
        metal: what both electrodes are made of.
        kinetics: of ion + n e- <-> metal at both electrodes.
        reference: concentration in mol/m^3 that the exchange current density belongs to.
        crystal: as in `Physics`.
        film: on both electrodes; None: none.
        medium: pores that the electrolyte fills; None if it is free.
    """
    closure = Electroneutral(species, species[-1].name)
    interfaces = _electrodes(metal, kinetics, {metal.ion: reference}, film)
    media = {ELECTROLYTE: medium or Medium()}
    return Physics(Model(closure, temperature, media, interfaces), metal, crystal)


def concentrated_physics(
    solution: Solution,
    concentration: float,
    temperature: float,
    metal: Metal,
    kinetics: Kinetics,
    crystal: Crystal = ISOTROPIC,
    film: Film | None = None,
    *,
    medium: Medium | None = None,
) -> Physics:
    """A concentrated solution of a 1:1 salt between a growing electrode and one of the same metal.

    Args:
        solution: measured properties of the salt in its solvent.
        concentration: initial, uniform, mol/m^3.
        temperature: K.
        metal: what both electrodes are made of; `metal.ion` is the cation, n = 1.
        kinetics: of ion + e- <-> metal at both electrodes, for potentials against a reference electrode of
            the metal beside the electrode (reaction.Referenced).
        crystal: as in `Physics`.
        film: on both electrodes; None: none.
        medium: pores that the electrolyte fills; None if it is free.
    """
    diffusivity = float(solution.diffusivity(concentration, temperature))
    closure = Concentrated(Species(metal.ion, 1, diffusivity, concentration), solution)
    interfaces = _electrodes(metal, kinetics, {}, film)
    media = {ELECTROLYTE: medium or Medium()}
    return Physics(Model(closure, temperature, media, interfaces), metal, crystal)


def _electrodes(
    metal: Metal, kinetics: Kinetics, reference: Mapping[str, float], film: Film | None
) -> tuple[Interface, Interface]:
    """The front and the counter electrode, with the same reaction and film."""
    reaction = Reaction("deposition", metal.charge_number, {metal.ion: 1.0}, kinetics, reference=reference)
    return (
        Interface(FRONT, WORKING, (reaction,), series=film, grows=True),
        Interface(COUNTER, COUNTER, (reaction,), series=film),
    )
