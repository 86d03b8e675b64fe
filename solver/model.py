"""What a cell of fixed shape is made of: media, conductors, interfaces with reactions, and what drives it.

The mesh has named regions and named sets of facets (meshes.regions). A region is a `Medium` (liquid, gel,
pores: species and the potential phi live there), a `Conductor` (electrons, or the one mobile ion of a
single-ion conductor: one potential obeying Ohm's law), or, if the model does not name it, inert.

Charge goes over at an `Interface` from its inner side (a terminal, or a conductor) to its outer side (the
liquid, or a conductor) by `Reaction`s. A single-ion conductor has the part of the electrode against a liquid
(Na+ in the conductor <-> Na+ in the liquid) and of the electrolyte against a metal (Na <-> Na+ + e-).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .closures import Closure
from .contact import Schottky
from .expression import Expression
from .reaction import Reaction, exp

WORKING, COUNTER = "working", "counter"
"""Terminals: the instrument sets or finds the potential of the first against the second, which is zero."""
FRONT = "front"
"""The boundary that grows in a cell with a moving front."""
LIQUID = "liquid"
"""Name of the phase that all media share, as a side of an interface."""


@dataclass(frozen=True)
class Medium:
    """A region in which species move.

    Attributes:
        porosity: eps, volume fraction of the electrolyte.
        factor: g = eps/tau by which fluxes per total area are smaller than in free electrolyte; see
            laws.bruggeman.
        diffusivities: of species where they differ from those of the closure, m^2/s.
    """

    porosity: float = 1.0
    factor: float = 1.0
    diffusivities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Conductor:
    """A region with one carrier: a metal, or a single-ion conductor; i = -sigma grad phi.

    Attributes:
        region: name in the mesh.
        conductivity: sigma in S/m.
        terminal: whose potential it has at `collector`; None if it is only reached through interfaces.
        collector: boundary where it touches the terminal without resistance.
    """

    region: str
    conductivity: float
    terminal: str | None = None
    collector: str | None = None


class Series(Protocol):
    """An element that the whole current of an interface passes before it reacts; unknown s on the surface.

    `s` is scaled: current(s, scale) is a current density in A/m^2, drop(s, scale) the potential lost in V.
    """

    @property
    def growth(self) -> float:
        """Resistance that the charge passed adds, ohm m^4/C."""
        ...

    def current(self, s: Any, scale: float) -> Any:
        """Current density inner -> outer."""
        ...

    def drop(self, s: Any, scale: float) -> Any:
        """Potential inner side minus potential at the reaction, V."""
        ...

    def hardship(self, s: float) -> str:
        """What keeps more current from passing where the unknown reaches `s`, in words; empty if nothing."""
        ...


@dataclass(frozen=True)
class Cover:
    """A film that belongs to the facets of a growing boundary as a whole: it is stretched with them.

    See `film` for its laws.

    Attributes:
        resistance: R0 of the whole film, thickness/conductivity, ohm m^2.
        healing: rate 1/tau at which it comes back to R0, 1/s.
        limit: strain beyond which it cracks; infinite: never.
        stiffness: D of its bending, N m; 0: none.
    """

    resistance: float
    healing: float = 0.0
    limit: float = math.inf
    stiffness: float = 0.0


@dataclass(frozen=True)
class Film:
    """A resistive film, such as an SEI: drop = R i. The unknown is the current density itself.

    Attributes:
        resistance: thickness/conductivity in ohm m^2.
        growth: r in dR/dt = r |i|, ohm m^4/C, on boundaries that grow; what has grown belongs to their facets
            and not to the film (see `film` of the fronts), so that `drop` is that of the constant part.
        cover: the part of it that is stretched, heals and cracks, on boundaries that grow, beside the
            constant one; None: there is none.
    """

    resistance: float
    growth: float = 0.0
    cover: Cover | None = None

    def current(self, s: Any, scale: float) -> Any:
        """The unknown in units of `scale`, A/m^2."""
        return scale * s

    def drop(self, s: Any, scale: float) -> Any:
        """R i."""
        return self.resistance * scale * s

    def hardship(self, s: float) -> str:
        """A film passes any current."""
        return ""


@dataclass(frozen=True)
class Barrier:
    """A Schottky junction under a deposit, with a film on top of it: `resistance` and `growth` as of `Film`.

    The unknown is the potential of the deposit above its collector in units of the junction's V_T, which
    stays well scaled when the junction saturates: i = -J_s [1 - exp(-s)].
    """

    schottky: Schottky
    resistance: float = 0.0
    growth: float = 0.0

    def current(self, s: Any, scale: float) -> Any:
        """Anodic current, the reverse of what the junction supplies."""
        return -self.schottky.saturation * (1.0 - exp(-s))

    def drop(self, s: Any, scale: float) -> Any:
        """Inner potential minus that of the deposit: -s V_T, and R i of the film."""
        return -self.schottky.voltage * s + self.resistance * self.current(s, scale)

    def hardship(self, s: float) -> str:
        """Within 2 % of J_s the junction is what limits."""
        if s < 4.0:
            return ""
        return f"the junction supplies {self.schottky.saturation:.4g} A/m2 at the most"


@dataclass(frozen=True)
class Interface:
    """A boundary where charge goes over.

    Attributes:
        boundary: name of the facet set in the mesh.
        inner: a terminal or the region of a conductor.
        outer: LIQUID or the region of a conductor.
        reactions: all that happen there, at the same potential.
        series: film or junction on the inner side of the reactions; None: none.
        capacitance: of the double layer in F/m^2; of the Stern layer where charge is resolved.
        charging_species: ion that charges the double layer; its name, needed if capacitance > 0 and the
            closure has species and does not resolve charge.
        zero_charge: V_inner - phi at which the double layer holds no charge, V.
        grows: whether its facets carry data of their own: see symbols.Surface.
        graded: whether the cells beside it do.
    """

    boundary: str
    inner: str
    reactions: tuple[Reaction, ...]
    outer: str = LIQUID
    series: Series | None = None
    capacitance: float = 0.0
    charging_species: str | None = None
    zero_charge: float = 0.0
    grows: bool = False
    graded: bool = False


@dataclass(frozen=True)
class Diffuse:
    """An electrode surface that is spread over the cells of a medium: see symbols.Phase.

    Attributes:
        width: w of the profile 1/(1 + exp(d/w)), m.
        interface: the one that is spread.
        beds: interfaces on outer boundaries with the electrolyte beside them, where no metal covers them.
        medium, metal: names of a medium and of a conductor, which share all cells.
        floor: electrolyte that is left in bulk metal, part of the volume.
        leak: conductivity where there is no metal over that of the metal.
    """

    width: float
    interface: str = FRONT
    beds: tuple[str, ...] = ()
    medium: str = "electrolyte"
    metal: str = "metal"
    floor: float = 1e-6
    leak: float = 1e-14


@dataclass(frozen=True)
class Conversion:
    """A homogeneous reaction: species i is made at the rate nu_i r per volume of electrolyte.

    Attributes:
        stoichiometry: nu by species; sum of nu z is zero.
        rate: r in mol/(m^3 s), a formula in c_NAME (mol/m^3) and T (K).
    """

    stoichiometry: Mapping[str, float]
    rate: Expression


@dataclass(frozen=True)
class Flow:
    """A given velocity field, solenoidal, that carries the species.

    Attributes:
        velocity: components in m/s, formulas in x, y, z (m) as many as the mesh has dimensions.
        outlets: boundaries that the flow leaves through.
        streamline: streamline-upwind stabilisation (Brooks and Hughes, Comput. Methods Appl. Mech. Eng. 32,
            199 (1982)); needed where the cell Peclet number exceeds 1 along the flow.
        inlets: boundaries where electrolyte of the initial composition enters: the total flux of every
            species is c v.n there. To hold concentrations themselves, use Prescribed instead.
    """

    velocity: tuple[Expression, ...]
    outlets: tuple[str, ...] = ()
    streamline: bool = True
    inlets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prescribed:
    """A value held on a boundary: of a species (mol/m^3), or of "potential" (V, phi of the liquid).

    Attributes:
        field: name of a species with an unknown of its own, or "potential".
        boundary: name in the mesh.
        value: a number, or a formula in x, y, z (m) and t (s).
    """

    field: str
    boundary: str
    value: float | Expression


@dataclass(frozen=True)
class Source:
    """Known sources, for manufactured solutions: functions (x, t) -> UFL, x and t in SI.

    Attributes:
        volume: by species in mol/(m^3 s), and "potential" in A/m^3 (C/m^3 where charge is resolved).
        boundary: by (boundary, field): inward, in mol/(m^2 s) or A/m^2 (C/m^2).
    """

    volume: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    boundary: Mapping[tuple[str, str], Callable[[Any, Any], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """Everything that physics needs to know; see the module.

    Attributes:
        closure: species, fluxes, what the potential obeys.
        temperature: K.
        media: by region.
        interfaces, conductors, conversions, flow, prescribed: what they say.
        initial: concentrations by species as formulas in x, y, z where not uniform.
        degree: of the elements, 1 or 2.
        logarithmic: whether ln(c/c0) is the unknown instead of c/c0: positive by construction.
        source: for manufactured solutions.
        lumped: whether amounts are lumped at the nodes, for degree 1: a species that spreads from nothing
            then nowhere falls below zero (a discrete maximum principle), at the same order.
        area: of the working electrode in m^2 that current densities refer to; None: that of its interfaces.
        diffuse: an electrode surface that is spread over cells.
    """

    closure: Closure
    temperature: float
    media: Mapping[str, Medium]
    interfaces: tuple[Interface, ...]
    conductors: tuple[Conductor, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    flow: Flow | None = None
    prescribed: tuple[Prescribed, ...] = ()
    initial: Mapping[str, Expression] = field(default_factory=dict)
    degree: int = 1
    logarithmic: bool = False
    source: Source = Source()
    lumped: bool = False
    area: float | None = None
    diffuse: Diffuse | None = None

    def conductor(self, region: str) -> Conductor | None:
        """The conductor in a region, if it is one."""
        return next((c for c in self.conductors if c.region == region), None)

    def terminal_of(self, side: str) -> str | None:
        """Terminal whose potential is the reference of a side of an interface; None for liquid."""
        conductor = self.conductor(side)
        if conductor is not None:
            return conductor.terminal
        return None if side == LIQUID else side

    @property
    def terminals(self) -> tuple[str, ...]:
        """Terminals with an unknown potential: the working electrode, then floating ones by name."""
        sides = {self.terminal_of(side) for i in self.interfaces for side in (i.inner, i.outer)}
        others = sorted(name for name in sides if name not in (None, WORKING, COUNTER))
        return (WORKING, *others) if WORKING in sides else tuple(others)

    @property
    def growing(self) -> tuple[str, ...]:
        """Boundaries that grow."""
        return tuple(i.boundary for i in self.interfaces if i.grows)

    @property
    def reference(self) -> float:
        """c0 in mol/m^3: the largest initial concentration."""
        return max((s.concentration for s in self.closure.species), default=1.0)
