"""What the equations of a model are made of: tags of the mesh, rows, and symbols of what grows or moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ufl

SHARP = 0.25
"""Width of `Phase.beside` over that of the profile."""
LARGEST_LEVEL = 2.0
"""Ratio of the areas of two levels of a curved surface that is still corrected for."""
LEAST_SLOPE = 0.8
"""Of the depth, as a surface: on the ridge of a neck that dissolves, or between two surfaces that close, the
slope is zero, and what is left there would neither dissolve nor close for long."""
SMALL_SLOPE = 1e-8
"""Of the depth: where it is flat there is no surface, and no direction of it."""


@dataclass(frozen=True)
class Tags:
    """Numbers of the regions and boundaries of a mesh, and what forms must know about it.

    Attributes:
        cell: "interval", "triangle" or "tetrahedron".
        dim: dimension of space.
        regions, boundaries: tag by name.
        interior: names of boundaries between two regions.
        unit: length of one mesh unit in m.
        area: of the working electrode in m^2 (per depth in lower dimensions).
    """

    cell: str
    dim: int
    regions: Mapping[str, int]
    boundaries: Mapping[str, int]
    interior: frozenset[str]
    unit: float
    area: float


@dataclass
class Row:
    """One block of equations: stored part Q and flowing part S as forms, None where absent."""

    stored: Any = None
    flow: Any = None

    def store(self, form: Any) -> None:
        """Add to Q."""
        self.stored = form if self.stored is None else self.stored + form

    def run(self, form: Any) -> None:
        """Add to S."""
        self.flow = form if self.flow is None else self.flow + form


@dataclass(frozen=True)
class Surface:
    """Data on a boundary, one value per facet where it grows, per cell where it is graded; its current.

    Attributes:
        activity: factor of all currents: covered part, crystal direction.
        shift: added to F eta/RT, at the nodes: capillarity.
        floating: 1 on facets of deposits with a potential of their own, else 0.
        metal: that potential, F U/RT, one value per facet.
        film: resistance that has grown on every facet, as far as it is known before the step, ohm m^2.
        variable: `metal` as a variable to differentiate by.
        current: current density in current scales; UFL.
    """

    activity: Any
    shift: Any
    floating: Any = None
    metal: Any = None
    film: Any = None
    variable: Any = None
    current: Any = None


@dataclass
class Motion:
    """What a motion d of the mesh does to Q of the liquid, a functional of test functions that move along.

    A density q that stays where it is in space has, after the motion, the functional

        Q'(v) = Q(v) - integral over the mesh midway of (q + 1/2 d . grad q) (d . grad v)

    to third order in d: on the way, q changes by d . grad q at the nodes. Nothing crosses the boundary: what
    an electrode sweeps over stays in the liquid. The gradients of the v sum to zero, so amounts are kept, and
    a uniform density stays uniform to rounding where the boundary does not move (the area midway is that of
    a moving triangle exactly).

    Attributes:
        displacement: d, in mesh units.
        passed: that of the step before.
        change: of the concentrations in that step at the nodes, which moved along, divided by the reference;
            in space, it was change - passed . grad c.
        present, former: the integrals above for the present Q, and for its change in the step before.
    """

    displacement: Any
    passed: Any
    change: Any
    present: Any = None
    former: Any = None

    def carry(self, weight: Any, density: Any, change: Any, dx: Any) -> None:
        """Add a species: `weight` holds its test function, `density` and `change` are concentrations."""
        d, slope = self.displacement, ufl.grad(density)
        along = ufl.inner(d, ufl.grad(weight))
        now = (density + 0.5 * ufl.inner(d, slope)) * along * dx
        before = (change - ufl.inner(self.passed, slope)) * along * dx
        self.present = now if self.present is None else self.present + now
        self.former = before if self.former is None else self.former + before


@dataclass(frozen=True)
class Phase:
    """An electrode surface that is spread over cells: the order parameter xi as a function of `depth`.

        xi = 1/(1 + exp(-s/w)),   wet = 1 - xi,   a = |grad xi| = xi (1 - xi)/w |grad s|

    s is a P1 field, the distance below the surface where the profile is at rest: on it, a is exact for a
    flat surface that lies anywhere in any mesh. Of a surface with the curvature kappa, the outer levels are
    larger than the inner ones, and a current that grows outwards would be too large by a part of order
    kappa w^2. Reactions therefore count every level as that in the middle, with the density a/(1 - kappa s).

    Attributes:
        depth: s, in mesh units, positive in the metal.
        curvature: kappa, at the nodes, per mesh unit, positive on a tip.
        width: w, in mesh units.
        wet: what is electrolyte of a volume, and what of a boundary is open to it.
        floor: added to `wet` in volumes, so that a concentration is known everywhere.
        solid: conductivity of the metal relative to that of its bulk.
        density: surface per volume, a, in 1/mesh unit.
        active: the same for reactions.
        beside: what is electrolyte of a volume for what moves along the surface.
        normal: grad s/|grad s|.
    """

    depth: Any
    width: Any
    curvature: Any
    wet: Any
    floor: Any
    solid: Any
    density: Any
    active: Any
    beside: Any
    normal: Any

    @staticmethod
    def of(depth: Any, width: Any, curvature: Any, floor: Any, insulating: Any) -> Phase:
        """Everything from the depth; `insulating` is the relative conductivity where there is no metal."""
        xi, wet = fraction(depth, width), fraction(-depth, width)
        slope = ufl.sqrt(ufl.inner(ufl.grad(depth), ufl.grad(depth)) + SMALL_SLOPE**2)
        density = xi * wet / width * ufl.max_value(slope, LEAST_SLOPE)
        levels = ufl.max_value(ufl.min_value(1.0 - curvature * depth, LARGEST_LEVEL), 1.0 / LARGEST_LEVEL)
        active, beside = density * levels**-0.75, fraction(-depth, SHARP * width)
        normal = ufl.grad(depth) / slope
        solid = xi**6 + insulating
        return Phase(depth, width, curvature, wet, floor, solid, density, active, beside, normal)

    def flow(self, flux: Any, slope: Any) -> Any:
        """Flux . slope with the part of the volume that each direction has, of one cell."""
        across = ufl.inner(flux, self.normal) * ufl.inner(slope, self.normal)
        return (self.wet + self.floor) * across + (self.beside + self.floor) * (
            ufl.inner(flux, slope) - across
        )


def fraction(depth: Any, width: Any) -> Any:
    """1/(1 + exp(-s/w)), without overflow for any depth."""
    small = ufl.exp(-abs(depth) / width)
    return ufl.conditional(ufl.gt(depth, 0.0), 1.0, small) / (1.0 + small)


@dataclass(frozen=True)
class Weighted:
    """A measure with a weight: integrand * Weighted is the form of the weighted integrand."""

    weight: Any
    measure: Any

    def __rmul__(self, integrand: Any) -> Any:
        """The form."""
        return (self.weight * integrand) * self.measure
