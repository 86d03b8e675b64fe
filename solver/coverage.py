"""What happens on the substrate: spots become covered, feet of deposits move, floating deposits join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from meshes.front import Front

from .physics import Physics
from .surface import Surface
from .types import BoolArray, FloatArray, IntArray

FRESH = -1.0
"""State of a spot of substrate that nothing has happened to."""
COVERED = 0.5
"""Coverage from which a spot of substrate is deposit; below, it is bare and carries no current."""


@dataclass(frozen=True)
class FrontFields:
    """What transport says at the front; the same on every rank.

    Attributes:
        concentrations: of all species at the vertices in mol/m^3, each of shape (n,).
        potential: of the electrolyte at the vertices in RT/F, shape (n,).
        metal: potential of the metal under every edge in RT/F, shape (n-1,).
        curvature: of every edge in 1/mesh unit, zero on bare substrate, shape (n-1,).
        capillary: RT/F per 1/mesh unit of curvature.
    """

    concentrations: Mapping[str, FloatArray]
    potential: FloatArray
    metal: FloatArray
    curvature: FloatArray
    capillary: float

    def overpotential(self) -> FloatArray:
        """At the middle of every edge, in RT/F, shape (n-1,)."""
        electrolyte = 0.5 * (self.potential[1:] + self.potential[:-1])
        return self.metal + self.capillary * self.curvature - electrolyte

    def kinetics(self, physics: Physics) -> tuple[FloatArray, FloatArray]:
        """Current density (A/m^2) at activity 1 on every edge, and its slope by overpotential (S/m^2)."""
        middle = {name: 0.5 * (c[1:] + c[:-1]) for name, c in self.concentrations.items()}
        site = physics.site(physics.thermal_voltage * self.overpotential(), middle)
        return physics.reaction.current(site), physics.reaction.slope(site)


@dataclass(frozen=True)
class SubstrateRates:
    """Rates at which substrate becomes covered, for every edge, in 1/s; see `surface.Surface`."""

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
    front: Front, fields: FrontFields, physics: Physics, surfaces: Mapping[str, Surface]
) -> SubstrateRates:
    """Nucleation and spreading rates of every edge; zero on deposit."""
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
    n = front.points.shape[0]
    empty = bare(front)
    edges = np.diff(front.points, axis=0)
    t, s = edges[:-1], edges[1:]
    angle = np.arctan2(t[:, 0] * s[:, 1] - t[:, 1] * s[:, 0], (t * s).sum(axis=1))
    limit = np.array([surfaces[name].contact_angle if name in surfaces else np.inf for name in front.names])
    substrate = np.where(empty[:-1], front.surface[:-1], front.surface[1:])
    foot, slides = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    foot[1:-1] = empty[:-1] != empty[1:]
    slides[1:-1] = foot[1:-1] & (angle >= limit[substrate])
    return foot & ~slides, slides


def bare(front: Front) -> BoolArray:
    """Edges of substrate that carry no deposit yet, shape (n-1,)."""
    return np.asarray((front.coverage < COVERED) & (front.surface > 0))


def curvature(front: Front) -> FloatArray:
    """Curvature of the deposit at the vertices, per mesh unit, positive on a tip, shape (n,).

    Bare substrate has none. At a foot the corner between deposit and substrate is a contact angle, not a
    curvature: the deposit's own curvature next to it is taken.
    """
    kappa, empty = front.curvature(), bare(front)
    left, right = np.append(True, empty), np.append(empty, True)
    left[0], right[-1] = right[0], left[-1]
    result = np.where(left & right, 0.0, kappa)
    foot_left, foot_right = np.flatnonzero(~left & right), np.flatnonzero(left & ~right)
    result[foot_left] = kappa[np.maximum(foot_left - 1, 0)]
    result[foot_right] = kappa[np.minimum(foot_right + 1, kappa.size - 1)]
    return np.asarray(result)


def edge_curvature(front: Front) -> FloatArray:
    """Mean curvature of every edge, zero on bare substrate, per mesh unit, shape (n-1,)."""
    kappa = curvature(front)
    return np.where(bare(front), 0.0, 0.5 * (kappa[1:] + kappa[:-1]))


def activity(front: Front, physics: Physics) -> FloatArray:
    """Factor of i0 on every edge: crystal direction on deposit, zero on bare substrate, shape (n-1,)."""
    return np.where(bare(front), 0.0, physics.direction(front.normals))


def joining(front: Front, floating: IntArray, sliding: BoolArray) -> IntArray:
    """Which of the `floating` patches touch metal that is in contact with the collector.

    Either deposit on the neighbouring substrate has reached them, or their own foot slides over it.
    """
    patch = front.patch
    grounded = (patch < 0) & ~bare(front)
    touched = np.concatenate(
        (
            patch[:-1][grounded[1:]],
            patch[1:][grounded[:-1]],
            patch[sliding[1:]],
            patch[sliding[:-1]],
        )
    )
    return np.asarray(np.intersect1d(touched[touched >= 0], floating), dtype=np.int32)


def relabel(front: Front, joined: IntArray) -> Front:
    """Covered spots become deposit; `joined` patches become part of the working electrode."""
    patch = np.where(np.isin(front.patch, joined), -1, front.patch).astype(np.int32)
    closed = (front.coverage >= COVERED) & (patch < 0)
    coverage = np.where(closed, 1.0, front.coverage)
    return replace(
        front, surface=np.where(closed, 0, front.surface).astype(np.int8), coverage=coverage, patch=patch
    )
