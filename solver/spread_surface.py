"""The spread surface as a sharp one: what files and observables work on, with the current on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from meshes.contour import Contour, contour
from meshes.domain import Skin
from meshes.front import DEPOSIT

from .bed import Bed
from .compiled import SCALAR
from .contoured import Seen
from .diffuse import JUNCTION, Spread
from .equations import POTENTIAL
from .model import FRONT
from .physics import Physics
from .reaction import Reaction, Site
from .types import FloatArray, IntArray

ITERATIONS = 100
"""Of Newton's method for the current through a film, at most; it needs one per RT/F of overpotential."""
ACCURACY = 1e-12
"""Relative change of that current at which it counts as found."""


def seen(
    problem: Spread,
    xi: FloatArray,
    bed: Bed,
    physics: Physics,
    contacts: dict[str, str],
    disturbance: Callable[[FloatArray], FloatArray] | None = None,
) -> Seen:
    """Look at the order parameter at the local nodes (collective).

    Args:
        problem: with the fields.
        xi: order parameter at the local nodes.
        bed: substrate.
        physics: what reacts, and through which film.
        contacts: of the kinds of substrate.
        disturbance: factor of the reaction at points in mesh units, (n, d) -> (n,); None: 1.
    """
    names = bed.ground.names if len(bed.ground.names) > 1 else (*bed.ground.names, "substrate")
    kind = bed.ground.kind if len(bed.ground.names) > 1 else _first
    found = contour(problem.regions, problem.spaces[SCALAR], xi, names, kind)
    skin = _covered(found.surface, problem, bed)
    loose = {k for k, name in enumerate(bed.ground.names) if contacts[name] == JUNCTION}
    floating = [
        number
        for number, piece in enumerate(found.pieces)
        if not piece.standing or (piece.kinds and piece.kinds <= loose)
    ]
    patch = np.where(np.isin(skin.patch, floating), skin.patch, -1)
    skin = replace(skin, patch=patch)
    dead = sum(piece.volume for piece in found.pieces if not piece.standing)
    current = _current(problem, found, skin, physics, disturbance)
    return Seen(skin, current, np.array(floating, dtype=np.int32), float(dead))


def _first(x: FloatArray) -> IntArray:
    return np.ones(len(x), dtype=np.int32)


def _covered(skin: Skin, problem: Spread, bed: Bed) -> Skin:
    """Deposit that is still thinner than its profile: bare in the contour, but no longer substrate."""
    pieces = problem.comm.allgather((bed.middles, bed.coverage))
    places, states = (np.concatenate(part) for part in zip(*pieces, strict=True))
    if not skin.bare.any():
        return skin
    middles = skin.points[skin.cells].mean(axis=1)[skin.bare]
    state = np.maximum(states[cKDTree(places).query(middles)[1]], 0.0)
    coverage = skin.coverage.copy()
    coverage[skin.bare] = state
    surface = skin.surface.copy()
    if len(bed.ground.names) == 1:
        surface[skin.bare] = DEPOSIT
    return replace(skin, coverage=coverage, surface=surface)


def _current(
    problem: Spread,
    found: Contour,
    skin: Skin,
    physics: Physics,
    disturbance: Callable[[FloatArray], FloatArray] | None,
) -> FloatArray:
    """Kinetics behind the film at the middles of the facets, zero on bare substrate."""
    eq, closure = problem.equations, problem.model.closure
    names = closure.unknowns
    fields = [problem.nodal(POTENTIAL), problem.metal_potential(), problem.shift[FRONT].x.array]
    fields += [eq.c0 * problem.nodal(name) for name in names]
    values = found.at_vertices(np.column_stack(fields))[found.surface.cells].mean(axis=1)
    phi, metal, shift = values.T[:3]
    reaction = physics.reaction_at(FRONT)
    known = closure.concentrations(dict(zip(names, values.T[3:], strict=True)))
    eta = (metal - phi + shift) * eq.vt - reaction.equilibrium_potential
    factor = physics.direction(skin.normals)
    if disturbance is not None:
        factor = factor * disturbance(skin.points[skin.cells].mean(axis=1))
    resistance, temperature = physics.film(FRONT).resistance, problem.model.temperature
    density = through_film(reaction, eta, known, temperature, factor, resistance)
    return np.where(skin.bare, 0.0, density)


def through_film(
    reaction: Reaction,
    eta: FloatArray,
    concentrations: Mapping[str, FloatArray],
    temperature: float,
    factor: FloatArray,
    resistance: float,
) -> FloatArray:
    """Current density of a reaction behind a film: i = f i_r(eta - R i), by Newton's method.

    Args:
        reaction: i_r, a current that rises with the overpotential.
        eta: overpotential of reaction and film together, V, shape (n,).
        concentrations: at the reaction, mol/m^3, each of shape (n,).
        temperature: K.
        factor: f, shape (n,).
        resistance: R of the film, ohm m^2.

    Returns:
        A/m^2, shape (n,).

    Raises:
        RuntimeError: it is not found.
    """
    current = np.zeros_like(eta)
    for _ in range(ITERATIONS):
        site = Site(eta - resistance * current, concentrations, temperature)
        defect = current - factor * np.asarray(reaction.current(site))
        change = defect / (1.0 + resistance * factor * np.maximum(np.asarray(reaction.slope(site)), 0.0))
        current = current - change
        scale = float(np.abs(current).max(initial=0.0))
        if float(np.abs(change).max(initial=0.0)) <= ACCURACY * scale:
            return np.asarray(current)
    raise RuntimeError("the current through the film on the surface is not found")
