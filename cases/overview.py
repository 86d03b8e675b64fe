"""What follows from the values of a case, to be read before it is run."""

from __future__ import annotations

import math

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cases import solution
from cases.control import largest_current, program
from cases.fixed import overview as fixed
from cases.fixed.schema import FixedCase
from cases.nonlinear import parameters
from cases.schema import Case
from cases.units import CONDUCTIVITY, CURRENT_DENSITY, DIFFUSIVITY, LENGTH, Dimension, write
from solver.constants import BOLTZMANN_EV, FARADAY


def limiting_current(case: Case) -> float:
    """Limiting current density between parallel plates in A/m^2: cation z+, anion z-, concentration c.

    i_lim = (1 + z+/|z-|) z+ F D+ 2c/L, which is 4 F D c/L for two monovalent ions; 2 F D c/((1 - t) L) for a
    concentrated solution, with its properties at the initial concentration. A separator lets less through.
    """
    if case.transport.closure == "concentrated":
        found, c, t = solution.find(case.electrolyte), *_state(case)
        share = 1.0 - float(found.transference_number(c, t))
        return _factor(case) * 2 * FARADAY * float(found.diffusivity(c, t)) * c / (share * case.geometry.gap)
    ions = case.electrolyte.species
    cation, z = ions[case.metal.ion], case.metal.charge_number
    anion = next(ion for ion in ions.values() if ion.charge < 0)
    gradient = _factor(case) * 2 * cation.concentration / case.geometry.gap
    return (1 + z / -anion.charge) * z * FARADAY * case.electrolyte.diffusivity(case.metal.ion) * gradient


def conductivity(case: Case) -> float:
    """Conductivity in the gap in S/m: F/V_T sum z^2 D c, or that of the concentrated solution."""
    if case.transport.closure == "concentrated":
        return _factor(case) * float(solution.find(case.electrolyte).conductivity(*_state(case)))
    electrolyte = case.electrolyte
    total = sum(
        ion.charge**2 * electrolyte.diffusivity(name) * ion.concentration
        for name, ion in electrolyte.species.items()
    )
    return _factor(case) * FARADAY / electrolyte.thermal_voltage * total


def _factor(case: Case) -> float:
    """Transport in the gap over that in free electrolyte."""
    return 1.0 if case.separator is None else case.separator.factor


def _state(case: Case) -> tuple[float, float]:
    """Concentration (mol/m^3) and temperature (K) of a concentrated solution at the start."""
    return case.electrolyte.concentration or 0.0, case.electrolyte.temperature


def saturation_current(case: Case) -> float | None:
    """Current density J_s in A/m^2 that the junction under an island supplies at most; None if ohmic."""
    island = None if case.surfaces is None else case.surfaces.island
    if island is None or island.contact == "ohmic" or island.schottky is None:
        return None
    temperature, junction = case.electrolyte.temperature, island.schottky
    return junction.richardson * temperature**2 * math.exp(-junction.barrier / (BOLTZMANN_EV * temperature))


def overview(case: Case | FixedCase) -> RenderableType:
    """Table for the screen: the cell, what is derived from its values, and what is assumed."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in rows(case):
        table.add_row(name, Text(text))
    return Group(Text(case.title, style="bold"), "", table, "", _assumptions(case))


def rows(case: Case | FixedCase) -> list[tuple[str, str]]:
    """Name and text of everything worth knowing before a run."""
    if isinstance(case, FixedCase):
        return fixed.rows(case)
    return [*_rows(case), *(("note", note) for note in notes(case))]


def notes(case: Case | FixedCase) -> list[str]:
    """What is allowed, but may not be what one wants."""
    if isinstance(case, FixedCase):
        return fixed.notes(case)
    if case.growth.model == "nonlinear":
        return []
    current = largest_current(case.control)
    if current is not None and current > limiting_current(case):
        return ["the programmed current is above the limiting one: it lasts until Sand's time at most"]
    return []


def _rows(case: Case) -> list[tuple[str, str]]:
    geometry = case.geometry
    box = "" if geometry.depth is None else f"{write(geometry.depth, LENGTH)} deep, "
    rows = [
        ("cell", f"{write(geometry.width, LENGTH)} wide, {box}gap {write(geometry.gap, LENGTH)}"),
        ("electrode", _electrode(case)),
        ("counter electrode", _counter(case)),
        ("control", program(case.control).describe()),
    ]
    rows += _nonlinear(case) if case.growth.model == "nonlinear" else _electrochemistry(case)
    supply = saturation_current(case)
    if geometry.coating == "islands":
        limit = "freely" if supply is None else f"{_rounded(supply, CURRENT_DENSITY)} at most"
        rows.append(("islands are fed", limit))
    stop = case.model_dump(include={"stop"}, exclude_none=True)["stop"]
    rows.append(("stop", ", ".join(f"{key} {value}" for key, value in stop.items())))
    return rows


def _electrochemistry(case: Case) -> list[tuple[str, str]]:
    """Transport and kinetics."""
    rows = _transport(case)
    if (found := case.separator) is not None:
        rows.append(("separator", f"porosity {found.porosity:g}, transport by {found.factor:.4g}"))
    rows += [
        ("conductivity", f"{_rounded(conductivity(case), CONDUCTIVITY)} of the model"),
        ("limiting current", _rounded(limiting_current(case), CURRENT_DENSITY)),
        ("exchange current", _rounded(case.kinetics.exchange_current_density, CURRENT_DENSITY)),
    ]
    return rows


def _nonlinear(case: Case) -> list[tuple[str, str]]:
    """Transport, kinetics and surface of the nonlinear phase-field model."""
    p = parameters(case)
    return [
        ("model", "nonlinear phase field of the literature: see docs/nonlinear-phase-field.md"),
        ("diffusivity", f"{_rounded(p.diffusivity, DIFFUSIVITY)} of the cation; there is no anion"),
        ("conductivity", f"{_rounded(p.conductivity, CONDUCTIVITY)} of the model"),
        ("exchange current", _rounded(p.exchange_current_density, CURRENT_DENSITY)),
        ("interface", f"w = {_rounded(p.width, LENGTH)}, gamma = {p.surface_energy:.4g} J/m^2"),
        ("capillarity", f"{p.capillary_excess():.3g} times what these make near equilibrium"),
    ]


def _transport(case: Case) -> list[tuple[str, str]]:
    """What the electrolyte is."""
    if case.transport.closure != "concentrated":
        return [
            (f"diffusivity {name}", _rounded(case.electrolyte.diffusivity(name), DIFFUSIVITY))
            for name in case.electrolyte.species
        ]
    found, (c, t) = solution.find(case.electrolyte), _state(case)
    rows = [("solution", f"{found.name}. {found.source}".strip(". "))]
    rows += [("", text) for text in (found.notes, *found.outside(c, t)) if text]
    rows.append(("diffusivity salt", _rounded(float(found.diffusivity(c, t)), DIFFUSIVITY)))
    rows.append(("transference", f"{float(found.transference_number(c, t)):.4g}"))
    return rows


def _counter(case: Case) -> str:
    counter = case.geometry.counter
    if not counter.moves:
        return "flat, stays where it is"
    if counter.thickness is None:
        return "flat, moves"
    return f"flat, moves; {write(counter.thickness, LENGTH)} of metal"


def _electrode(case: Case) -> str:
    thickness = case.geometry.metal_thickness
    return _shape(case) + ("" if thickness is None else f"; {write(thickness, LENGTH)} of metal")


def _shape(case: Case) -> str:
    geometry = case.geometry
    if geometry.coating == "islands" and geometry.islands is not None:
        size = write(geometry.islands.width, LENGTH)
        return f"{geometry.island_count} islands of {size}, every {write(geometry.islands.pitch, LENGTH)}"
    if geometry.trench is not None:
        opening, depth = write(geometry.trench.opening, LENGTH), write(geometry.trench.depth, LENGTH)
        return f"metal with a trench {opening} wide, {depth} deep"
    if geometry.protrusion is not None:
        found = geometry.protrusion
        kind = "spike" if found.top is None else "block"
        return f"metal with a {kind} {write(found.width, LENGTH)} wide, {write(found.height, LENGTH)} high"
    if geometry.nucleus is not None:
        return f"bare, one nucleus of radius {write(geometry.nucleus.radius, LENGTH)}"
    if geometry.apex is None:
        return "metal, flat" if case.all_metal else "bare and flat"
    width, height = write(geometry.apex.width, LENGTH), write(geometry.apex.height, LENGTH)
    return f"bare, one apex {width} wide, {height} high"


def _assumptions(case: Case | FixedCase) -> RenderableType:
    if not case.assumptions:
        return Text("No value is marked as an assumption.")
    lines: list[RenderableType] = [Text(f"{len(case.assumptions)} assumptions", style="bold")]
    for key, reason in case.assumptions.items():
        lines += [Text(key, style="cyan"), Padding(Text(reason), (0, 0, 0, 4))]
    return Group(*lines)


def _rounded(value: float, dimension: Dimension) -> str:
    return write(float(f"{value:.4g}"), dimension)
