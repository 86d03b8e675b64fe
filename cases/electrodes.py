"""The electrodes of a case at the start: fronts in units of the gap, from wall to wall.

Where metal has no end, it reaches `ENDLESS` gaps: no run dissolves more, and areas keep their digits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cases.geometry_checks import outline
from cases.schema import Case
from meshes import shapes, shell_shapes
from meshes.front import Front
from meshes.protrusion import Outline, with_protrusion
from meshes.shell import Shell
from solver.cell import Sizes
from solver.coverage import FRESH

ENDLESS = 10.0
"""Depth of metal without an end, in gaps."""


def sizes(case: Case) -> Sizes:
    """Edge lengths in m."""
    mesh, refine = case.mesh, case.mesh.refine
    smallest = mesh.front_size_min or mesh.front_size / 4
    seed = mesh.seed_size or mesh.front_size
    return Sizes(
        front=mesh.front_size / refine,
        smallest=min(smallest, seed) / refine,
        seed=seed / refine,
        bulk=mesh.bulk_size / refine,
        growth=mesh.growth_rate,
    )


def initial_front(case: Case) -> Front | Shell:
    """The working electrode; bare substrate is fresh."""
    if case.all_metal:
        thickness = case.geometry.metal_thickness
        base = -ENDLESS if thickness is None else -thickness / case.geometry.gap
        return replace(_of_metal(case), base=base)
    front = _plane(case) if case.geometry.depth is None else _box(case, case.geometry.depth)
    bare = (front.surface != shapes.DEPOSIT) & (front.coverage < 1.0)
    return replace(front, coverage=np.where(bare, FRESH, front.coverage))


def initial_counter(case: Case) -> Front | None:
    """The counter electrode if it moves: metal above, from the right wall to the left one."""
    geometry = case.geometry
    if not geometry.counter.moves:
        return None
    thickness = geometry.counter.thickness
    flat = shapes.flat(geometry.width / geometry.gap, sizes(case).front / geometry.gap, height=1.0)
    base = 1.0 + (ENDLESS if thickness is None else thickness / geometry.gap)
    return replace(shapes.all_metal(flat.points[::-1]), base=base)


def _of_metal(case: Case) -> Front | Shell:
    geometry, unit = case.geometry, case.geometry.gap
    if geometry.depth is None:
        return shapes.all_metal(_plane(case).points)
    return shell_shapes.plate(geometry.width / unit, geometry.depth / unit, sizes(case).front / unit)


def _plane(case: Case) -> Front:
    """Of a plane cell."""
    geometry, wanted = case.geometry, sizes(case)
    unit, width = geometry.gap, geometry.width / geometry.gap
    coarse, fine = wanted.front / unit, wanted.seed / unit
    if geometry.coating == "islands" and geometry.islands is not None:
        islands = geometry.islands
        centres = np.array(geometry.island_centres) / unit
        return shapes.with_islands(
            width, centres, islands.width / unit, islands.seed_height / unit, fine, coarse
        )
    if geometry.apex is not None:
        apex, position = geometry.apex, geometry.apex_position / unit
        return shapes.with_apex(width, apex.width / unit, apex.height / unit, coarse, coarse, position)
    if geometry.trench is not None:
        trench = geometry.trench
        return shapes.trench(width, trench.opening / unit, trench.depth / unit, trench.fillet / unit, coarse)
    if geometry.protrusion is not None:
        shape = outline(geometry.protrusion)
        lengths = shape.width, shape.height, shape.top, shape.tip_radius, shape.foot_radius
        scaled = Outline(*(value / unit for value in lengths))
        return with_protrusion(width, scaled, coarse, geometry.protrusion_position / unit)
    if geometry.roughness is not None:
        rough = geometry.roughness
        return shapes.rough(width, coarse, rough.rms / unit, rough.shortest / unit, rough.seed)
    return shapes.flat(width, coarse, surface=shapes.MATRIX)


def _box(case: Case, depth: float) -> Shell:
    """On the substrate of a box."""
    geometry, wanted, unit = case.geometry, sizes(case), case.geometry.gap
    box = geometry.width / unit, depth / unit
    coarse, fine, bulk = wanted.front / unit, wanted.seed / unit, wanted.bulk / unit
    if geometry.coating == "islands" and geometry.islands is not None:
        islands = geometry.islands
        centres = np.array(geometry.island_places) / unit
        radius, height = islands.width / (2.0 * unit), islands.seed_height / unit
        return shell_shapes.with_caps(*box, centres, radius, height, fine, coarse)
    if geometry.nucleus is not None:
        x, y = geometry.nucleus_position
        return shell_shapes.with_nucleus(
            *box, geometry.nucleus.radius / unit, coarse, bulk, (x / unit, y / unit), growth=wanted.growth
        )
    return shell_shapes.plate(*box, coarse, surface=shapes.MATRIX)
