"""What happens on the substrate: spots become covered, feet of deposits move, floating deposits join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from meshes.domain import Skin
from meshes.front import Front

from .physics import Physics
from .reaction import Reaction, Site
from .surface import Surface
from .types import BoolArray, FloatArray, IntArray

FRESH = -1.0
"""State of a spot of substrate that nothing has happened to."""
COVERED = 0.5
"""Coverage from which a spot of substrate is deposit; below, it is bare and carries no current."""


@dataclass(frozen=True)
class FrontFields:
    """What transport says at a front of n vertices and m facets; the same on every rank.

    Attributes:
        concentrations: of all species at the vertices in mol/m^3, each of shape (n,).
        potential: of the electrolyte at the vertices in RT/F, shape (n,).
        metal: potential of the metal under every facet in RT/F, shape (m,).
        curvature: of every facet in 1/mesh unit, zero on bare substrate, shape (m,).
        capillary: RT/F per 1/mesh unit of curvature.
        cells: vertices of every facet, shape (m, d).
        reaction: what deposits metal there.
    """

    concentrations: Mapping[str, FloatArray]
    potential: FloatArray
    metal: FloatArray
    curvature: FloatArray
    capillary: float
    cells: npt.NDArray[np.integer[Any]]
    reaction: Reaction

    def at_facets(self, values: FloatArray) -> FloatArray:
        """Mean over every facet of values at the vertices, (n,) -> (m,)."""
        return np.asarray(values[self.cells].mean(axis=1))

    def overpotential(self) -> FloatArray:
        """At the middle of every facet, in RT/F, shape (m,)."""
        return self.metal + self.capillary * self.curvature - self.at_facets(self.potential)

    def kinetics(self, physics: Physics) -> tuple[FloatArray, FloatArray]:
        """Current density (A/m^2) at activity 1 on every facet, and its slope by overpotential (S/m^2)."""
        middle = {name: self.at_facets(c) for name, c in self.concentrations.items()}
        eta = physics.thermal_voltage * self.overpotential() - self.reaction.equilibrium_potential
        site = Site(eta, middle, physics.model.temperature)
        return self.reaction.current(site), self.reaction.slope(site)


@dataclass(frozen=True)
class SubstrateRates:
    """Rates at which substrate becomes covered, for every facet, in 1/s; see `surface.Surface`."""

    nucleation: FloatArray
    spreading: FloatArray

    def after(self, coverage: FloatArray, dt: float) -> FloatArray:
        """Coverage after `dt`: the exact solution for constant rates, incubation first."""
        a, b = self.nucleation, self.spreading
        incubation = np.minimum(dt, np.maximum(-coverage, 0.0) / np.maximum(a, 1e-300))
        theta, rest = np.maximum(coverage, 0.0), dt - incubation
        # (a + b theta)/(1 - theta) grows like exp((a + b) t).
        open_ = np.maximum(1.0 - theta, 1e-12)
        grown = (a + b * theta) / open_ * np.exp(np.minimum((a + b) * rest, 500.0))
        covered = np.where(a + b > 0.0, (grown - a) / np.maximum(grown + b, 1e-300), theta)
        still = coverage + a * dt
        return np.where(coverage >= 1.0, 1.0, np.where(still < 0.0, still, np.clip(covered, theta, 1.0)))


def substrate_rates(
    front: Skin, fields: FrontFields, physics: Physics, surfaces: Mapping[str, Surface]
) -> SubstrateRates:
    """Nucleation and spreading rates of every facet; zero on deposit."""
    count = front.coverage.size
    nucleation, spreading = np.zeros(count), np.zeros(count)
    vt = physics.thermal_voltage
    eta = fields.overpotential() * vt
    speed = -physics.metal.volume_per_charge * fields.kinetics(physics)[0]
    for index, name in enumerate(front.names):
        if name not in surfaces:
            continue
        here = front.surface == index
        nucleation[here], spreading[here] = surfaces[name].coverage_rates(eta[here], speed[here], vt)
    return SubstrateRates(nucleation, spreading)


def feet(front: Front, surfaces: Mapping[str, Surface]) -> tuple[BoolArray, BoolArray]:
    """Vertices where a deposit ends on bare substrate: (pinned, sliding), each of shape (n,).

    The foot stays where it is until the angle of the deposit with the substrate, measured in the metal,
    reaches the advancing contact angle of that substrate; then it slides along it.
    """
    before, after = front.beside
    t, s = front.edges[before], front.edges[after]
    angle = np.arctan2(t[:, 0] * s[:, 1] - t[:, 1] * s[:, 0], (t * s).sum(axis=1))
    limit = np.array([surfaces[name].contact_angle if name in surfaces else np.inf for name in front.names])
    substrate = np.where(front.bare[before], front.surface[before], front.surface[after])
    foot = front.bare[before] != front.bare[after]
    slides = foot & (angle >= limit[substrate])
    return foot & ~slides, slides


def bare(front: Skin) -> BoolArray:
    """Facets of substrate that carry no deposit yet, shape (m,)."""
    return front.bare


def curvature(front: Skin) -> FloatArray:
    """Curvature of the deposit at the vertices, per mesh unit, positive on a tip, shape (n,).

    Bare substrate has none. At a foot the corner between deposit and substrate is a contact angle, not a
    curvature: that of the deposit's other vertices next to it is taken, on average.
    """
    kappa = front.curvature()
    deposit = front.vertices_of(~front.bare)
    foot = deposit & front.vertices_of(front.bare)
    if not foot.any():
        return np.where(deposit, kappa, 0.0)
    cells = front.cells[~front.bare]
    weight, total = np.zeros(kappa.size), np.zeros(kappa.size)
    trusted = np.where(foot, 1e-12, 1.0)  # a facet between two feet has no other vertex to offer
    for shift in range(1, cells.shape[1]):
        here, there = cells.ravel(), np.roll(cells, shift, axis=1).ravel()
        weight += np.bincount(here, trusted[there], kappa.size)
        total += np.bincount(here, trusted[there] * kappa[there], kappa.size)
    return np.where(foot, total / np.where(foot, weight, 1.0), np.where(deposit, kappa, 0.0))


def edge_curvature(front: Skin) -> FloatArray:
    """Mean curvature of every facet, zero on bare substrate, per mesh unit, shape (m,)."""
    return np.where(front.bare, 0.0, front.on_facets(curvature(front)))


def activity(front: Skin, physics: Physics) -> FloatArray:
    """Factor of i0 on every facet: crystal direction on deposit, zero on bare substrate, shape (m,)."""
    return np.where(front.bare, 0.0, physics.direction(front.normals))


def joining(front: Skin, floating: IntArray, sliding: BoolArray) -> IntArray:
    """Which of the `floating` patches touch metal that is in contact with the collector.

    Either they share a vertex with such metal, or their own foot is `sliding` over the substrate.
    """
    touching = front.vertices_of((front.patch < 0) & ~front.bare) | sliding
    touched = front.patch[touching[front.cells].any(axis=1)]
    return np.asarray(np.intersect1d(touched[touched >= 0], floating), dtype=np.int32)


def relabel(front: Skin, joined: IntArray) -> Skin:
    """Covered spots become deposit; `joined` patches become part of the working electrode."""
    patch = np.where(np.isin(front.patch, joined), -1, front.patch).astype(np.int32)
    closed = (front.coverage >= COVERED) & (patch < 0)
    coverage = np.where(closed, 1.0, front.coverage)
    return replace(
        front, surface=np.where(closed, 0, front.surface).astype(np.int8), coverage=coverage, patch=patch
    )
