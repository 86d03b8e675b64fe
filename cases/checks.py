"""What the values of a case must satisfy together; each check yields the key it blames and why."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cases import geometry_checks, nonlinear_checks, solution
from cases.geometry_checks import Problem, length

if TYPE_CHECKING:
    from cases.schema import Case

__all__ = ["Problem", "assumptions", "problems", "split"]

_MOST_EDGES = {2: 10**6, 3: 2000}
"""Edges along a side of the cell, by dimension; what has more cannot be meshed in any memory."""
_DOT = re.compile(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a dot outside quotes


def problems(case: Case) -> list[Problem]:
    """Everything that is wrong with a case whose values are each fine by themselves."""
    checks = (
        *geometry_checks.CHECKS,
        _mesh,
        _growth,
        _film,
        _electrolyte,
        _separator,
        _metal,
        _surfaces,
        _stop,
        _assumptions,
    )
    return [problem for check in checks for problem in check(case)]


def _mesh(case: Case) -> Iterator[Problem]:
    mesh = case.mesh
    if mesh.front_size > mesh.bulk_size:
        yield "mesh.front_size", f"expected at most mesh.bulk_size = {length(mesh.bulk_size)}"
    if mesh.front_size_min is not None and mesh.front_size_min > mesh.front_size:
        yield "mesh.front_size_min", f"expected at most mesh.front_size = {length(mesh.front_size)}"
    if mesh.seed_size is not None and mesh.seed_size > mesh.bulk_size:
        yield "mesh.seed_size", f"expected at most mesh.bulk_size = {length(mesh.bulk_size)}"
    most = _MOST_EDGES[case.geometry.dimension]
    longest = max(case.geometry.width, case.geometry.gap, case.geometry.depth or 0.0)
    for key in ("front_size", "seed_size", "bulk_size"):
        size = getattr(mesh, key)
        if size is not None and longest * mesh.refine > most * size:
            yield f"mesh.{key}", f"too fine: more than {most} edges along {length(longest)}"
    if case.time.initial_step > case.time.max_step:
        yield "time.initial_step", "expected at most time.max_step"


def _growth(case: Case) -> Iterator[Problem]:
    growth, kinetics = case.growth, case.kinetics
    if growth.method != "phase_field":
        for key in ("interface_width", "cell_size", "fine_height", "noise", "nonlinear"):
            if getattr(growth, key) is not None:
                yield f"growth.{key}", 'needs growth.method = "phase_field"'
        if growth.model != "conservative":
            yield "growth.model", 'needs growth.method = "phase_field"'
        if case.metal.surface_energy_anisotropy:
            yield "metal.surface_energy_anisotropy", 'needs growth.method = "phase_field"'
    else:
        yield from _phase_field(case)
    if case.geometry.depth is not None:
        if kinetics.anisotropy_folds != 4:
            yield "kinetics.anisotropy_folds", "expected 4 in 3D, a cubic crystal"
        if kinetics.anisotropy_angle:
            yield "kinetics.anisotropy_angle", "expected 0 in 3D"


def _phase_field(case: Case) -> Iterator[Problem]:
    growth, what = case.growth, 'with growth.method = "phase_field"'
    if growth.model == "nonlinear":
        yield from nonlinear_checks.problems(case)
    else:
        yield from _conservative(case)
    if growth.adaptive == (growth.fine_height is not None):
        told = "has no effect with" if growth.adaptive else "missing, needed with"
        yield "growth.fine_height", f"{told} growth.adaptive = {str(growth.adaptive).lower()}"
    if case.geometry.counter.moves:
        yield "geometry.counter.moves", f"expected false {what}: its counter electrode keeps its shape"
    if case.geometry.trench is not None:
        yield "geometry.trench", f"expected none {what}: its collector is flat"
    if case.kinetics.film_growth:
        yield "kinetics.film_growth", f"expected 0 {what}: its film does not grow"
    if case.kinetics.film is not None:
        yield "kinetics.film", f"expected none {what}: its film is not stretched"
    for name in ("matrix", "island") if case.surfaces is not None else ():
        surface = getattr(case.surfaces, name)
        if surface is not None and abs(surface.contact_angle - 0.5 * math.pi) > 1e-9:
            yield f"surfaces.{name}.contact_angle", f"expected 90 deg {what}: its metal has no other"


def _conservative(case: Case) -> Iterator[Problem]:
    growth = case.growth
    width = growth.interface_width or case.mesh.front_size
    if growth.cell_size is not None and growth.cell_size > 2.0 * width:
        yield "growth.cell_size", f"expected at most 2 interface widths, {length(2.0 * width)}"
    if growth.nonlinear is not None:
        yield "growth.nonlinear", 'needs growth.model = "nonlinear"'


def _film(case: Case) -> Iterator[Problem]:
    film, kinetics = case.kinetics.film, case.kinetics
    if film is None:
        return
    for key in ("film_resistance", "film_growth"):
        if getattr(kinetics, key):
            yield f"kinetics.{key}", "expected none beside kinetics.film, which has a resistance"
    if film.strength is not None and film.youngs_modulus is None:
        yield "kinetics.film.youngs_modulus", "missing, expected a pressure because strength is given"


def _electrolyte(case: Case) -> Iterator[Problem]:
    if case.transport.closure == "concentrated":
        yield from _solution(case)
        return
    for key in ("solution", "properties", "concentration"):
        if getattr(case.electrolyte, key) is not None:
            yield f"electrolyte.{key}", 'needs transport.closure = "concentrated"'
    yield from _species(case)
    yield from _neutral(case)


def _solution(case: Case) -> Iterator[Problem]:
    electrolyte = case.electrolyte
    if (electrolyte.solution is None) == (electrolyte.properties is None):
        which = "neither is" if electrolyte.solution is None else "both are"
        yield "electrolyte", f"expected exactly one of solution and properties, {which} given"
    elif electrolyte.solution is not None:
        try:
            solution.find(electrolyte)
        except KeyError as error:
            yield "electrolyte.solution", str(error.args[0])
    if electrolyte.concentration is None:
        yield "electrolyte.concentration", 'missing, expected a concentration such as "1 mol/L"'
    if electrolyte.species:
        yield "electrolyte.species", 'expected none with transport.closure = "concentrated": the salt is all'
    if case.kinetics.reference_concentration is not None:
        yield (
            "kinetics.reference_concentration",
            'has no effect with transport.closure = "concentrated"',
        )


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
    elif len(species) != 2:
        yield (
            "electrolyte.species",
            f"{len(species)} ions are given, expected one cation and one anion with transport.closure = "
            '"electroneutral"',
        )


def _separator(case: Case) -> Iterator[Problem]:
    found = case.separator
    if found is not None and found.bruggeman is not None and found.tortuosity is not None:
        yield "separator", "expected either bruggeman or tortuosity, both are given"


def _metal(case: Case) -> Iterator[Problem]:
    ion, number = case.electrolyte.species.get(case.metal.ion), case.metal.charge_number
    if case.transport.closure == "concentrated":
        if number != 1:
            yield "metal.charge_number", "expected 1: concentrated solutions are of monovalent ions"
    elif ion is None:
        known = ", ".join(f'"{name}"' for name in case.electrolyte.species)
        yield "metal.ion", f"expected the name of a species: {known}"
    elif ion.charge != number:
        yield (
            "metal.charge_number",
            f"expected the charge of {case.metal.ion}, which is {ion.charge}",
        )


def _surfaces(case: Case) -> Iterator[Problem]:
    if case.surfaces is None:
        return
    for name, surface in (("matrix", case.surfaces.matrix), ("island", case.surfaces.island)):
        if surface is not None and surface.contact == "schottky" and surface.schottky is None:
            yield (
                f"surfaces.{name}.schottky",
                f'missing, expected a table because surfaces.{name}.contact is "schottky"',
            )
    if case.surfaces.matrix.contact == "schottky" and case.growth.method != "phase_field":
        yield (
            "surfaces.matrix.contact",
            'expected "ohmic" with a sharp front, whose junctions lie under islands; a phase field has both',
        )


def _stop(case: Case) -> Iterator[Problem]:
    gap = case.geometry.gap
    for name in ("gap", "thickness", "tip_height"):
        value = getattr(case.stop, name)
        if value is not None and value >= gap:
            yield f"stop.{name}", f"expected less than geometry.gap = {length(gap)}"


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
