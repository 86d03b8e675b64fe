"""The spread surface as a sharp one: what files and observables work on, with the current on it."""

from __future__ import annotations

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
from .reaction import Site
from .types import FloatArray, IntArray


def seen(problem: Spread, xi: FloatArray, bed: Bed, physics: Physics, contacts: dict[str, str]) -> Seen:
    """Look at the order parameter at the local nodes (collective)."""
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
    current = _current(problem, found, skin, physics)
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


def _current(problem: Spread, found: Contour, skin: Skin, physics: Physics) -> FloatArray:
    """Kinetics at the middles of the facets, zero on bare substrate."""
    eq, closure = problem.equations, problem.model.closure
    names = closure.unknowns
    fields = [problem.nodal(POTENTIAL), problem.metal_potential(), problem.shift[FRONT].x.array]
    fields += [eq.c0 * problem.nodal(name) for name in names]
    values = found.at_vertices(np.column_stack(fields))[found.surface.cells].mean(axis=1)
    phi, metal, shift = values.T[:3]
    reaction = physics.reaction_at(FRONT)
    known = dict(zip(names, values.T[3:], strict=True))
    eta = (metal - phi + shift) * eq.vt - reaction.equilibrium_potential
    density = reaction.current(Site(eta, closure.concentrations(known), problem.model.temperature))
    return np.where(skin.bare, 0.0, np.asarray(density) * physics.direction(skin.normals))
