"""What the section `geometry` must satisfy together with the others; see `cases.checks`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cases.geometry import Protrusion
from cases.units import LENGTH, write
from meshes.protrusion import Outline

if TYPE_CHECKING:
    from cases.schema import Case

Problem = tuple[str, str]
"""Dotted key, and what is wrong with its value."""


def length(value: float) -> str:
    """A length as one writes it in a file."""
    return f'"{write(value, LENGTH)}"'


def outline(given: Protrusion) -> Outline:
    """Shape of a protrusion, in m."""
    return Outline(
        given.width, given.height, given.top or 0.0, given.tip_radius or 0.0, given.foot_radius or 0.0
    )


def apex(case: Case) -> Iterator[Problem]:
    """Within the cell, and not beside other shapes."""
    geometry, found = case.geometry, case.geometry.apex
    if found is None or geometry.coating != "none":
        return
    if geometry.depth is not None:
        yield "geometry.apex", "is for a plane cell, expected geometry.nucleus with geometry.depth"
    room = min(geometry.apex_position, geometry.width - geometry.apex_position)
    if room < 0:
        yield "geometry.apex.position", f"outside the cell, whose geometry.width is {length(geometry.width)}"
    elif found.width / 2 > room * (1 + 1e-12):
        middle = length(geometry.apex_position)
        yield (
            "geometry.apex.width",
            f"does not fit into geometry.width = {length(geometry.width)} with its middle at {middle}",
        )
    yield from _below_the_counter(case, "geometry.apex.height", found.height)


def nucleus(case: Case) -> Iterator[Problem]:
    """In a box, in its middle or with its middle in a corner or on a wall."""
    geometry, found = case.geometry, case.geometry.nucleus
    if found is None or geometry.coating != "none":
        return
    if geometry.depth is None:
        yield "geometry.nucleus", "needs geometry.depth; in a plane cell expected geometry.apex"
        return
    if case.all_metal:
        yield "geometry.nucleus", "lies on a substrate, which this case has not"
    for name, middle in zip(("width", "depth"), geometry.nucleus_position, strict=True):
        size = getattr(geometry, name)
        walls = middle, size - middle
        if min(walls) < 0:
            text = f"outside the cell, whose geometry.{name} is {length(size)}"
            yield "geometry.nucleus.position", text
        elif any(0 < wall < found.radius * (1 - 1e-12) for wall in walls):
            yield "geometry.nucleus.radius", f"does not fit into geometry.{name} = {length(size)}"
    yield from _below_the_counter(case, "geometry.nucleus.radius", found.radius)


def islands(case: Case) -> Iterator[Problem]:
    """They are there if asked for, and fit."""
    geometry, found = case.geometry, case.geometry.islands
    if geometry.coating != "islands":
        return
    if case.surfaces is None or case.surfaces.island is None:
        yield "surfaces.island", 'missing, expected a table because geometry.coating is "islands"'
    if found is None:
        yield "geometry.islands", 'missing, expected a table because geometry.coating is "islands"'
        return
    if found.width >= found.pitch:
        yield (
            "geometry.islands.width",
            f"expected less than geometry.islands.pitch = {length(found.pitch)}, or the islands overlap",
        )
    if geometry.island_count == 0:
        named = ("geometry.width", geometry.width), ("geometry.depth", geometry.depth or geometry.width)
        name, size = min(named, key=lambda pair: pair[1])
        yield (
            "geometry.islands.pitch",
            f"expected at most {name} = {length(size)}, or no island fits into the cell",
        )
    elif geometry.island_count > 10_000:
        yield "geometry.islands.pitch", f"gives {geometry.island_count:.4g} islands, expected at most 10000"
    if found.arrangement == "hexagonal" and geometry.depth is None:
        yield "geometry.islands.arrangement", "is for cells with geometry.depth"
    if found.seed_height > found.width / 2:
        yield (
            "geometry.islands.seed_height",
            f"expected at most half of geometry.islands.width = {length(found.width)}, or the seed overhangs",
        )
    yield from _below_the_counter(case, "geometry.islands.seed_height", found.seed_height)


def trench(case: Case) -> Iterator[Problem]:
    """An electrode of metal with room for it."""
    geometry, found = case.geometry, case.geometry.trench
    if found is None:
        return
    if not case.all_metal and case.surfaces is not None:
        yield "surfaces", "not expected with geometry.trench: that electrode is metal throughout"
    if geometry.apex is not None or geometry.coating != "none":
        yield "geometry.trench", "expected neither geometry.apex nor a geometry.coating beside it"
    if geometry.depth is not None:
        yield "geometry.trench", "is for a plane cell, without geometry.depth"
    if found.opening + 2 * found.fillet > geometry.width:
        yield "geometry.trench.opening", f"does not fit into geometry.width = {length(geometry.width)}"
    if 2 * found.fillet > min(found.opening, found.depth):
        smaller = min(found.opening, found.depth)
        yield "geometry.trench.fillet", f"expected at most {length(smaller / 2)}, half of the trench"
    if found.depth + case.stop.gap >= geometry.gap:
        gap = length(geometry.gap)
        yield "geometry.trench.depth", f"expected less than geometry.gap = {gap} minus stop.gap"


def protrusion(case: Case) -> Iterator[Problem]:
    """An electrode of metal with room for it, and room in it for its radii."""
    geometry, found = case.geometry, case.geometry.protrusion
    if found is None:
        return
    key = "geometry.protrusion"
    if not case.all_metal and case.surfaces is not None:
        yield "surfaces", f"not expected with {key}: that electrode is metal throughout"
    others = geometry.apex is not None, geometry.trench is not None, geometry.coating != "none"
    if any(others):
        yield key, "expected neither geometry.apex, geometry.trench nor a geometry.coating beside it"
    if geometry.depth is not None:
        yield key, "is for a plane cell, without geometry.depth"
    yield from _below_the_counter(case, f"{key}.height", found.height)
    if found.top is not None and found.top > found.width:
        yield f"{key}.top", f"expected at most geometry.protrusion.width = {length(found.width)}"
        return
    shape, middle = outline(found), geometry.protrusion_position
    if not shape.fits:
        yield key, "its radii do not fit: they take more of its flanks or of its top than there is"
    room = min(middle, geometry.width - middle)
    if room < 0:
        width = length(geometry.width)
        yield f"{key}.position", f"outside the cell, whose geometry.width is {width}"
    elif shape.reach > room * (1 + 1e-12):
        yield (
            f"{key}.width",
            f"does not fit into geometry.width = {length(geometry.width)} with its middle at "
            f"{length(middle)}",
        )


def metal(case: Case) -> Iterator[Problem]:
    """Metal that can be dissolved, on both electrodes."""
    geometry = case.geometry
    if geometry.metal_thickness is not None:
        beside = geometry.coating != "none" or geometry.apex is not None or geometry.nucleus is not None
        if beside and case.surfaces is not None:
            yield (
                "geometry.metal_thickness",
                "expected neither geometry.apex, geometry.nucleus nor a geometry.coating beside it: metal "
                "covers the substrate",
            )
    if geometry.counter.moves and geometry.depth is not None:
        yield "geometry.counter.moves", "is for a plane cell, without geometry.depth"


def roughness(case: Case) -> Iterator[Problem]:
    """On an electrode of metal without another shape, and with waves that its edges can show."""
    geometry, found = case.geometry, case.geometry.roughness
    if found is None:
        return
    key = "geometry.roughness"
    if geometry.depth is not None:
        yield key, "is for a plane cell, without geometry.depth"
    if not case.all_metal:
        yield key, "needs an electrode of metal: without surfaces, or with geometry.metal_thickness"
    shapes = geometry.apex, geometry.trench, geometry.protrusion
    if any(shape is not None for shape in shapes) or geometry.coating != "none":
        yield key, "expected no other shape and no geometry.coating beside it"
    if found.shortest > 2 * geometry.width:
        yield f"{key}.shortest", f"expected at most {length(2 * geometry.width)}, twice geometry.width"
    if found.shortest < 4 * case.mesh.front_size:
        yield f"{key}.shortest", f"expected at least {length(4 * case.mesh.front_size)}, 4 mesh.front_size"
    if found.rms > 0.2 * found.shortest:
        yield f"{key}.rms", f"expected at most {length(0.2 * found.shortest)}, a fifth of {key}.shortest"
    yield from _below_the_counter(case, f"{key}.rms", 4 * found.rms)


CHECKS = (apex, nucleus, islands, trench, protrusion, roughness, metal)
"""All of them."""


def _below_the_counter(case: Case, key: str, height: float) -> Iterator[Problem]:
    gap, short = case.geometry.gap, case.stop.gap
    if height + short >= gap:
        yield key, f"expected less than geometry.gap = {length(gap)} minus stop.gap = {length(short)}"
