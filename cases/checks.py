"""What the values of a case must satisfy together; each check yields the key it blames and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cases.units import LENGTH, write

if TYPE_CHECKING:
    from cases.schema import Case

Problem = tuple[str, str]
"""Dotted key, and what is wrong with its value."""
_DOT = re.compile(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a dot outside quotes


def problems(case: Case) -> list[Problem]:
    """Everything that is wrong with a case whose values are each fine by themselves."""
    checks = (_apex, _islands, _mesh, _species, _neutral, _metal, _trench, _surfaces, _stop, _assumptions)
    return [problem for check in checks for problem in check(case)]


def _m(value: float) -> str:
    return f'"{write(value, LENGTH)}"'


def _apex(case: Case) -> Iterator[Problem]:
    geometry, apex = case.geometry, case.geometry.apex
    if apex is None or geometry.coating != "none":
        return
    room = min(geometry.apex_position, geometry.width - geometry.apex_position)
    if room < 0:
        yield "geometry.apex.position", f"outside the cell, whose geometry.width is {_m(geometry.width)}"
    elif apex.width / 2 > room * (1 + 1e-12):
        middle = _m(geometry.apex_position)
        yield (
            "geometry.apex.width",
            f"does not fit into geometry.width = {_m(geometry.width)} with its middle at {middle}",
        )
    if apex.height + case.stop.gap >= geometry.gap:
        yield (
            "geometry.apex.height",
            f"expected less than geometry.gap = {_m(geometry.gap)} minus stop.gap = {_m(case.stop.gap)}",
        )


def _islands(case: Case) -> Iterator[Problem]:
    geometry, islands = case.geometry, case.geometry.islands
    if geometry.coating != "islands":
        return
    if case.surfaces is None or case.surfaces.island is None:
        yield "surfaces.island", 'missing, expected a table because geometry.coating is "islands"'
    if islands is None:
        yield "geometry.islands", 'missing, expected a table because geometry.coating is "islands"'
        return
    if islands.width >= islands.pitch:
        yield (
            "geometry.islands.width",
            f"expected less than geometry.islands.pitch = {_m(islands.pitch)}, or the islands overlap",
        )
    if geometry.island_count == 0:
        yield (
            "geometry.islands.pitch",
            f"expected at most geometry.width = {_m(geometry.width)}, or no island fits into the cell",
        )
    elif geometry.island_count > 10_000:
        yield "geometry.islands.pitch", f"gives {geometry.island_count:.4g} islands, expected at most 10000"
    if islands.seed_height > islands.width / 2:
        yield (
            "geometry.islands.seed_height",
            f"expected at most half of geometry.islands.width = {_m(islands.width)}, or the seed overhangs",
        )
    if islands.seed_height + case.stop.gap >= geometry.gap:
        yield (
            "geometry.islands.seed_height",
            f"expected less than geometry.gap = {_m(geometry.gap)} minus stop.gap = {_m(case.stop.gap)}",
        )


def _mesh(case: Case) -> Iterator[Problem]:
    mesh = case.mesh
    if mesh.front_size > mesh.bulk_size:
        yield "mesh.front_size", f"expected at most mesh.bulk_size = {_m(mesh.bulk_size)}"
    if mesh.front_size_min is not None and mesh.front_size_min > mesh.front_size:
        yield "mesh.front_size_min", f"expected at most mesh.front_size = {_m(mesh.front_size)}"
    if mesh.seed_size is not None and mesh.seed_size > mesh.bulk_size:
        yield "mesh.seed_size", f"expected at most mesh.bulk_size = {_m(mesh.bulk_size)}"
    if case.time.initial_step > case.time.max_step:
        yield "time.initial_step", "expected at most time.max_step"


def _species(case: Case) -> Iterator[Problem]:
    for name, species in case.electrolyte.species.items():
        key = f"electrolyte.species.{name}"
        if species.charge == 0:
            yield f"{key}.charge", "expected a whole number other than 0"
        if (species.diffusivity is None) == (species.mobility is None):
            which = "neither is" if species.mobility is None else "both are"
            yield key, f"expected exactly one of diffusivity and mobility, {which} given"
        if species.mobility == "from conductivity" and case.electrolyte.conductivity is None:
            yield f"{key}.mobility", "needs electrolyte.conductivity, which is missing"


def _neutral(case: Case) -> Iterator[Problem]:
    species = case.electrolyte.species.values()
    charges = [ion.charge * ion.concentration for ion in species]
    if abs(sum(charges)) > 1e-9 * sum(map(abs, charges)):
        yield (
            "electrolyte.species",
            f"the ions are not neutral together: the sum of charge x concentration is "
            f"{sum(charges) / 1000:.6g} mol/L, expected 0",
        )
    elif case.transport.closure == "electroneutral" and len(species) != 2:
        yield (
            "electrolyte.species",
            f"{len(species)} ions are given, expected one cation and one anion with transport.closure = "
            '"electroneutral"',
        )


def _metal(case: Case) -> Iterator[Problem]:
    ion = case.electrolyte.species.get(case.metal.ion)
    if ion is None:
        known = ", ".join(f'"{name}"' for name in case.electrolyte.species)
        yield "metal.ion", f"expected the name of a species: {known}"
    elif ion.charge != case.metal.charge_number:
        yield (
            "metal.charge_number",
            f"expected the charge of {case.metal.ion}, which is {ion.charge}",
        )


def _trench(case: Case) -> Iterator[Problem]:
    geometry, trench = case.geometry, case.geometry.trench
    if trench is None:
        return
    if case.surfaces is not None:
        yield "surfaces", "not expected with geometry.trench: that electrode is metal throughout"
    if geometry.apex is not None or geometry.coating != "none":
        yield "geometry.trench", "expected neither geometry.apex nor a geometry.coating beside it"
    if trench.opening + 2 * trench.fillet > geometry.width:
        yield "geometry.trench.opening", f"does not fit into geometry.width = {_m(geometry.width)}"
    if 2 * trench.fillet > min(trench.opening, trench.depth):
        smaller = min(trench.opening, trench.depth)
        yield "geometry.trench.fillet", f"expected at most {_m(smaller / 2)}, half of the trench"
    if trench.depth + case.stop.gap >= geometry.gap:
        yield "geometry.trench.depth", f"expected less than geometry.gap = {_m(geometry.gap)} minus stop.gap"


def _surfaces(case: Case) -> Iterator[Problem]:
    if case.surfaces is None:
        return
    for name, surface in (("matrix", case.surfaces.matrix), ("island", case.surfaces.island)):
        if surface is not None and surface.contact == "schottky" and surface.schottky is None:
            yield (
                f"surfaces.{name}.schottky",
                f'missing, expected a table because surfaces.{name}.contact is "schottky"',
            )


def _stop(case: Case) -> Iterator[Problem]:
    gap = case.geometry.gap
    for name in ("gap", "thickness", "tip_height"):
        value = getattr(case.stop, name)
        if value is not None and value >= gap:
            yield f"stop.{name}", f"expected less than geometry.gap = {_m(gap)}"


def _assumptions(case: Case) -> Iterator[Problem]:
    yield from assumptions(case, case.assumptions)


def assumptions(case: object, keys: Mapping[str, str]) -> Iterator[Problem]:
    """Keys of assumptions that lead to no value of the case."""
    for key in keys:
        here: object = case
        for part in split(key):
            if isinstance(here, Mapping):
                here = here.get(part)
            elif isinstance(here, Sequence) and not isinstance(here, str) and part.isdecimal():
                here = here[int(part)] if len(part) < 6 and int(part) < len(here) else None
            else:
                here = getattr(here, part) if part in getattr(type(here), "model_fields", {}) else None
        if here is None:
            yield f'assumptions."{key}"', "expected the key of a value that this case gives"


def split(path: str) -> list[str]:
    """Parts of a dotted key; a part in quotes may hold dots."""
    return [part.strip('"') for part in _DOT.split(path)]
