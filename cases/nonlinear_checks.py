"""What a case with the nonlinear phase-field model must satisfy; see `cases.checks`.

The model has its own transport, kinetics and surface energy. What the case says of them in other sections is
shown to people and must be the same; what the model does not have must not be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from cases.control import program
from cases.geometry_checks import Problem, length
from cases.nonlinear import parameters
from cases.units import (
    CONCENTRATION,
    CURRENT_DENSITY,
    DIFFUSIVITY,
    LENGTH,
    MOBILITY,
    MOLAR_VOLUME,
    SURFACE_ENERGY,
    TEMPERATURE,
    Dimension,
    write,
)
from solver.nonlinear_parameters import Parameters

if TYPE_CHECKING:
    from cases.schema import Case

WITH = 'with growth.model = "nonlinear"'
SAME = 0.01
"""Relative difference up to which the case and the model say the same."""
COARSEST = 5.0
"""Longest legs of the cells in interface widths: the published grids have 4.4."""
SEGMENTS = 1000
"""Of a program that are looked at."""


def problems(case: Case) -> Iterator[Problem]:
    """Everything that the model cannot do, or that contradicts it."""
    yield from _absent(case)
    yield from _metal(case)
    yield from _program(case)
    table = case.growth.nonlinear
    if table is None:
        yield "growth.nonlinear", f"missing, expected a table {WITH}"
        return
    if table.published is None and table.barrier_mobility is None:
        yield "growth.nonlinear.barrier_mobility", "missing, expected it or growth.nonlinear.published"
    elif _readable(case):
        try:
            p = parameters(case)
        except ValueError as error:
            yield "growth.nonlinear", f"{error} (what it does not give comes from the other sections)"
            return
        yield from _fits(case, p)
        yield from _same(case, p)


def _absent(case: Case) -> Iterator[Problem]:
    """What the model does not have."""
    kinetics, growth = case.kinetics, case.growth
    if case.surfaces is not None:
        yield "surfaces", f"expected none {WITH}: nothing nucleates, bare substrate stays bare"
    elif case.geometry.coating != "none":
        yield "geometry.coating", f'expected "none" {WITH}'
    if case.separator is not None:
        yield "separator", f"expected none {WITH}"
    if case.transport.closure != "electroneutral":
        yield "transport.closure", f'expected "electroneutral" {WITH}, although the model has no anion'
    if kinetics.film_resistance:
        yield "kinetics.film_resistance", f"expected 0 {WITH}"
    if kinetics.anisotropy:
        yield "kinetics.anisotropy", f"expected 0 {WITH}: its anisotropy is growth.nonlinear.anisotropy"
    if case.metal.surface_energy_anisotropy:
        yield (
            "metal.surface_energy_anisotropy",
            f"expected 0 {WITH}: its anisotropy is growth.nonlinear.anisotropy",
        )
    if growth.noise is not None:
        yield "growth.noise", f"expected none {WITH}: its noise is growth.nonlinear.noise"
    if growth.adaptive:
        yield "growth.adaptive", f"expected false {WITH}: its mesh stays, give growth.fine_height"
    if case.time.order != 2:
        yield "time.order", f"expected 2 {WITH}"
    if case.solver != type(case.solver)():
        yield "solver", f"has no effect {WITH}: it has a solver of its own"


def _metal(case: Case) -> Iterator[Problem]:
    """There is some at the start, and an end of it."""
    geometry = case.geometry
    if geometry.metal_thickness is not None:
        return
    if geometry.protrusion is not None:
        yield "geometry.metal_thickness", f"missing, expected {WITH}: its metal lies on a substrate"
    elif geometry.trench is None and geometry.apex is None and geometry.nucleus is None:
        expected = "geometry.apex, geometry.nucleus or geometry.metal_thickness"
        yield "geometry", f"no metal to begin with, expected {expected} {WITH}"


def _program(case: Case) -> Iterator[Problem]:
    """Constant voltages."""
    for segment in islice(program(case.control), SEGMENTS):
        if segment.mode.coefficients != (1.0, 0.0) or segment.rate or segment.limits:
            key = "control" if case.control.program is None else "control.program"
            yield key, f'"{segment.name}": expected constant voltages only, for a time or without end, {WITH}'
            return


def _readable(case: Case) -> bool:
    """Whether the species that is deposited can be looked at; if not, other checks say so."""
    ion = case.electrolyte.species.get(case.metal.ion)
    if ion is None or (ion.diffusivity is None) == (ion.mobility is None):
        return False
    return ion.mobility != "from conductivity" or case.electrolyte.conductivity is not None


def _fits(case: Case, p: Parameters) -> Iterator[Problem]:
    """Mesh and anisotropy."""
    growth, key = case.growth, "growth.nonlinear"
    if growth.cell_size is not None and growth.cell_size > COARSEST * p.width:
        limit = length(_shown(COARSEST * p.width))
        yield "growth.cell_size", f"expected at most {COARSEST:g} interface widths, {limit}"
    tip, fine = case.stop.tip_height, growth.fine_height
    if tip is not None and fine is not None and tip > fine:
        yield (
            "growth.fine_height",
            f"expected at least stop.tip_height = {length(tip)}: the mesh stays {WITH}",
        )
    if p.anisotropy and not p.folds:
        yield f"{key}.folds", f"missing, needed with {key}.anisotropy"
    if case.geometry.depth is not None and p.anisotropy:
        if p.folds not in (0, 4):
            yield f"{key}.folds", "expected 4 in 3D, a cubic crystal"
        if p.anisotropy_angle:
            yield f"{key}.anisotropy_angle", "expected 0 in 3D"


def _same(case: Case, p: Parameters) -> Iterator[Problem]:
    """The case in the words of the field, and the model."""
    electrolyte, metal, kinetics = case.electrolyte, case.metal, case.kinetics
    species, ion = electrolyte.species[metal.ion], f"electrolyte.species.{metal.ion}"
    moves, per, unit = "diffusivity", 1.0, DIFFUSIVITY
    if species.diffusivity is None:
        moves, per, unit = "mobility", abs(species.charge) / electrolyte.thermal_voltage, MOBILITY
    reference, c = kinetics.reference_concentration, p.concentration
    i0, current = kinetics.exchange_current_density, p.exchange_current_density
    rows: list[tuple[str, float | None, float, Dimension | None]] = [
        ("electrolyte.temperature", electrolyte.temperature, p.temperature, TEMPERATURE),
        (f"{ion}.concentration", species.concentration, c, CONCENTRATION),
        (f"{ion}.{moves}", per * electrolyte.diffusivity(metal.ion), per * p.diffusivity, unit),
        ("metal.charge_number", metal.charge_number, p.electrons, None),
        ("metal.molar_volume", metal.molar_volume, p.molar_volume, MOLAR_VOLUME),
        ("metal.surface_energy", metal.surface_energy, p.surface_energy, SURFACE_ENERGY),
        ("kinetics.exchange_current_density", i0, current, CURRENT_DENSITY),
        ("kinetics.reference_concentration", reference, c, CONCENTRATION),
        ("kinetics.alpha_c", kinetics.alpha_c, p.transfer, None),
        ("kinetics.alpha_a", kinetics.alpha_a, 1.0 - p.transfer, None),
        ("growth.interface_width", case.growth.interface_width, p.width, LENGTH),
    ]
    for key, said, has, dimension in rows:
        if said is not None and abs(said - has) > SAME * abs(has):
            shown = f"{has:g}" if dimension is None else f'"{write(_shown(has), dimension)}"'
            yield key, f"expected {shown}, as the model of growth.nonlinear has it"


def _shown(value: float) -> float:
    """Four digits of it."""
    return float(f"{value:.4g}")
