"""The substrate under a spread surface: what it is made of, how far it is covered, how it is connected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dolfinx import fem
from scipy.spatial import cKDTree

from meshes.compat import facets_of_reference_cell

from .archive import Tree
from .compiled import SCALAR
from .coverage import COVERED, FRESH, SubstrateRates
from .diffuse import BED, GROUND, JUNCTION, SUBSTRATE, Spread
from .equations import POTENTIAL
from .normal_lines import unit_normals
from .physics import Physics
from .reaction import Site
from .surface import Surface
from .types import BoolArray, FloatArray, IntArray

SAMPLES = 8
"""Points per direction and facet at which the kind of substrate is asked for."""
OVERGROWN = 0.98
"""Order parameter on a facet from which on metal has spread over it."""
EMPTY = 0.01
"""Order parameter below which a facet that dissolves has no metal left."""
STEEP = 0.7
"""Cosine of the angle between surface and substrate below which the surface stands on it."""
STANDS = 0.5
"""Order parameter from which on metal stands on a facet."""


@dataclass(frozen=True)
class Ground:
    """What the collector is covered with, seen from above.

    Attributes:
        names: of the kinds.
        kind: index into `names` at places, shape (n, d) in mesh units -> (n,).
        fresh: whether nothing has grown there at the start, likewise -> (n,).
    """

    names: tuple[str, ...]
    kind: Callable[[FloatArray], IntArray]
    fresh: Callable[[FloatArray], BoolArray]


class Bed:
    """The facets of the substrate on a mesh, those of this rank.

    Attributes:
        middles: of the facets, shape (f, d).
        share: part of every facet that is of every kind, shape (f, kinds).
        coverage: state of every facet, see surface.Surface; 1 where there is deposit, shape (f,).
        beneath: whether metal has come over a facet from beside: then it is no electrode itself, for the
            surface of that metal ends on it; one that nuclei have covered is, under a film.
    """

    def __init__(self, problem: Spread, ground: Ground) -> None:
        """Find the facets of `problem`; all is as at the start."""
        self.problem, self.ground = problem, ground
        regions = problem.regions
        pairs = dict(regions.entities()[fem.IntegralType.exterior_facet])[regions.boundaries[SUBSTRATE]]
        self.cells, local = pairs.reshape(-1, 2).T
        which = facets_of_reference_cell(regions.dim)[local]
        self.nodes = np.take_along_axis(problem.spaces[SCALAR].dofmap.list[self.cells], which, axis=1)
        corners = problem.corners[self.cells[:, None], which]
        self.middles = corners.mean(axis=1)
        self.share = self._shares(corners)
        self.coverage = np.where(ground.fresh(self.middles), FRESH, 1.0)
        self.beneath: BoolArray = np.zeros(len(self.cells), dtype=bool)
        self._dissolving: BoolArray = np.zeros(len(self.cells), dtype=bool)

    def begin(self, xi: FloatArray) -> None:
        """Which facets the first metal stands on; `xi` at the local nodes, the depth of the problem is set.

        Where the surface is steep against the substrate, metal has come from beside; a flat film has not.
        """
        here = xi[self.nodes].mean(axis=1)
        upright = np.abs(unit_normals(self.problem, self.problem.depth.x.array)[self.cells, -1])
        self.beneath = self.covered & ((here >= OVERGROWN) | ((here > STANDS) & (upright < STEEP)))

    def on(self, problem: Spread) -> Bed:
        """The same substrate on another mesh: facets take the state of the nearest one (collective)."""
        other = Bed(problem, self.ground)
        other.resume(self.saved())
        return other

    def saved(self) -> Tree:
        """State of the facets of all ranks (collective)."""
        pieces = self.problem.comm.allgather((self.middles, self.coverage, self.beneath))
        parts = (np.concatenate(part) for part in zip(*pieces, strict=True))
        return dict(zip(("middles", "coverage", "beneath"), parts, strict=True))

    def resume(self, saved: Mapping[str, Any]) -> None:
        """Facets take the state of the nearest of those `saved`, which may be of another mesh."""
        if len(self.middles):
            nearest = cKDTree(saved["middles"]).query(self.middles)[1]
            self.coverage, self.beneath = saved["coverage"][nearest], saved["beneath"][nearest]

    def _shares(self, corners: FloatArray) -> FloatArray:
        count = len(self.ground.names)
        if not len(corners):
            return np.zeros((0, count))
        weights = _lattice(corners.shape[1] - 1)
        places = np.einsum("sk,fkd->fsd", weights, corners)
        kinds = self.ground.kind(places.reshape(-1, places.shape[2])).reshape(places.shape[:2])
        return np.stack([(kinds == k).mean(axis=1) for k in range(count)], axis=1)

    @property
    def covered(self) -> BoolArray:
        """Facets with deposit on them."""
        return np.asarray(self.coverage >= COVERED)

    def connect(self, contacts: Mapping[str, str]) -> None:
        """Tell the problem where the bed is an electrode, and where it connects the metal.

        Args:
            contacts: GROUND or JUNCTION by kind of substrate.
        """
        covered = self.covered.astype(np.float64)
        activity = self.problem.activity
        self._set(activity[BED], covered * ~self.beneath)
        kinds = self.share.argmax(axis=1)
        for name in (n for n in (GROUND, JUNCTION) if n in activity):
            mine = [k for k, kind in enumerate(self.ground.names) if contacts[kind] == name]
            # Metal that stands on a foreign, bare substrate is not in ohmic contact with it: see `coverage`.
            # Where two kinds meet within a facet, a seed on the larger part is not grounded by the smaller.
            part = self.share[:, mine].sum(axis=1) * (np.isin(kinds, mine) | (name != GROUND))
            self._set(activity[name], part * covered)

    def _set(self, function: fem.Function, values: FloatArray) -> None:
        function.x.array[:] = 0.0
        function.x.array[self.cells] = values
        function.x.scatter_forward()

    def after(
        self, dt: float, physics: Physics, surfaces: Mapping[str, Surface], collector: float
    ) -> FloatArray:
        """Coverage after `dt` at the present fields, (f,); `collector` is F V/RT of the substrate."""
        problem, eq = self.problem, self.problem.equations
        phi = problem.nodal(POTENTIAL)[self.nodes].mean(axis=1)
        eta = (collector - phi) * eq.vt
        known = {n: eq.c0 * problem.nodal(n)[self.nodes].mean(axis=1) for n in problem.model.closure.unknowns}
        reaction = physics.reaction_at("front")
        site = Site(
            eta - reaction.equilibrium_potential,
            problem.model.closure.concentrations(known),
            problem.model.temperature,
        )
        speed = -physics.metal.volume_per_charge * np.asarray(reaction.current(site)) * np.ones(len(eta))
        self._dissolving = speed < 0.0
        kinds = self.share.argmax(axis=1)
        nucleation, spreading = np.zeros(len(eta)), np.zeros(len(eta))
        for k, name in enumerate(self.ground.names):
            here = kinds == k
            if name in surfaces and here.any():
                rates = surfaces[name].coverage_rates(eta[here], speed[here], physics.thermal_voltage)
                nucleation[here], spreading[here] = rates
        return SubstrateRates(nucleation, spreading).after(self.coverage, dt)

    def overgrow(self, xi: FloatArray) -> None:
        """Facets that metal has come over are deposit, those it has left bare; `xi` at the local nodes."""
        here = xi[self.nodes].mean(axis=1)
        over = here >= OVERGROWN
        left = self.covered & self._dissolving & (here < EMPTY)
        self.beneath = (self.beneath | (over & ~self.covered)) & ~left
        self.coverage = np.where(left, 0.0, np.where(over, 1.0, self.coverage))


def _lattice(dim: int) -> FloatArray:
    """Barycentric coordinates of points spread evenly over a facet, shape (points, dim + 1)."""
    t = (np.arange(SAMPLES) + 0.5) / SAMPLES
    if dim == 1:
        return np.column_stack((1.0 - t, t))
    a, b = (x.ravel() for x in np.meshgrid(t, t))
    inside = a + b < 1.0
    return np.asarray(np.column_stack((1.0 - a - b, a, b))[inside])
