"""What follows from the values of a case of fixed shape, to be read before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.control import program
from cases.fixed import scales
from cases.fixed.geometry import Channel, Hull
from cases.fixed.media import Conductor
from cases.fixed.model import film_resistance, solution_of
from cases.fixed.reactions import ButlerVolmer, Tafel
from cases.fixed.sides import sides, terminal
from cases.units import CONDUCTIVITY, CURRENT_DENSITY, DIFFUSIVITY, LENGTH, VOLTAGE, Dimension, write
from cases.waveforms import RESISTANCE

if TYPE_CHECKING:
    from cases.fixed.schema import FixedCase

Row = tuple[str, str]


def rows(case: FixedCase) -> list[Row]:
    """Name and text of everything worth knowing before a run."""
    found = [("cell", _shape(case)), *_regions(case), *_interfaces(case)]
    found.append(("control", _short(program(case.control).describe())))
    found += [*_transport(case), *_kinetics(case), *_times(case)]
    return [*found, *(("note", note) for note in notes(case))]


def notes(case: FixedCase) -> list[str]:
    """What is allowed, but may not be what one wants."""
    found: list[str] = []
    if case.transport.closure == "concentrated":
        c = case.electrolyte.concentration or 0.0
        found += solution_of(case).outside(c, case.electrolyte.temperature)
    for name, reaction in case.reactions.items():
        if isinstance(reaction, ButlerVolmer) and reaction.species and case.transport.closure != "secondary":
            total = reaction.alpha_a + reaction.alpha_c
            if abs(total - 1.0) > 1e-9:
                found.append(
                    f"reactions.{name}: alpha_a + alpha_c is {total:g}; away from the reference "
                    'concentrations its equilibrium is Nernst\'s for 1 only, with law = "mass_action" for any'
                )
        if isinstance(reaction, Tafel):
            found.append(f"reactions.{name}: one branch has no equilibrium, current flows at any potential")
    used = {name for interface in case.interfaces.values() for name in interface.reactions}
    found += [f"reactions.{name}: happens at no interface" for name in case.reactions if name not in used]
    limit, current = scales.limiting_current(case), scales.programmed_current(case)
    if limit is not None and current is not None and current > limit:
        found.append("the programmed current is above the limiting one: it lasts until Sand's time at most")
    return found


def _shape(case: FixedCase) -> str:
    geometry = case.geometry
    words: str = geometry.shape
    if (extent := geometry.distance) is not None:
        ends = "the walls" if isinstance(geometry, Channel) else "ends"
        words += f", {write(float(f'{extent:.6g}'), LENGTH)} between {ends}"
    for key in ("width", "depth", "length"):
        if (value := getattr(geometry, key, None)) is not None:
            words += f", {key} {write(value, LENGTH)}"
    if isinstance(geometry, Hull):
        words += f", walls {write(geometry.short_wall, LENGTH)} and {write(geometry.long_wall, LENGTH)}"
    return words


def _regions(case: FixedCase) -> list[Row]:
    found = []
    for name in case.geometry.regions():
        region = case.region(name)
        assert region is not None  # checks
        text = region.kind.replace("_", " ")
        if name in case.media and case.media[name].factor != 1.0:
            text += f", transport {case.media[name].factor:.4g} of the free electrolyte's"
        if isinstance(region, Conductor):
            text += f", {_rounded(region.at(case.electrolyte.temperature), CONDUCTIVITY)}"
            if (at := terminal(case, name)) is not None:
                text += f", terminal {at[0]} at {at[1]}"
        found.append((f"region {name}", text))
    return found


def _interfaces(case: FixedCase) -> list[Row]:
    found = []
    for name, interface in case.interfaces.items():
        side = sides(case, name)
        text = f"{side.inner} | {side.outer}: {', '.join(interface.reactions) or 'no reaction'}"
        if interface.film is not None:
            resistance = film_resistance(interface.film, case.electrolyte.temperature)
            text += f", film of {_rounded(resistance, RESISTANCE)}"
        if interface.schottky is not None:
            text += ", Schottky junction"
        if interface.capacitance is not None:
            text += f", double layer of {interface.capacitance * 100:.4g} uF/cm^2"
        found.append((f"at {side.boundary}", text))
    return found


def _transport(case: FixedCase) -> list[Row]:
    closure = case.transport.closure
    text = closure + (f", {case.eliminated} eliminated" if case.eliminated else "")
    found = [("transport", text), ("conductivity", _rounded(scales.conductivity(case), CONDUCTIVITY))]
    if closure == "concentrated":
        solution = solution_of(case)
        c, t = case.electrolyte.concentration or 0.0, case.electrolyte.temperature
        found.append(("solution", f"{solution.name}. {solution.source}".strip(". ")))
        if solution.notes:
            found.append(("", solution.notes))
        found.append(("diffusivity salt", _rounded(float(solution.diffusivity(c, t)), DIFFUSIVITY)))
        found.append(("transference", f"{float(solution.transference_number(c, t)):.4g}"))
    found += [
        (f"diffusivity {name}", _rounded(case.electrolyte.diffusivity(name), DIFFUSIVITY))
        for name in case.electrolyte.species
        if closure != "secondary"
    ]
    if (debye := scales.debye_length(case)) is not None:
        found.append(("Debye length", _rounded(debye, LENGTH)))
    if (limit := scales.limiting_current(case)) is not None:
        found.append(("limiting current", _rounded(limit, CURRENT_DENSITY)))
    return found


def _kinetics(case: FixedCase) -> list[Row]:
    found = []
    for name in case.reactions:
        if (i0 := scales.exchange_current(case, name)) is not None:
            found.append((f"exchange {name}", _rounded(i0, CURRENT_DENSITY)))
    if (wagner := scales.wagner_number(case)) is not None:
        found.append(("Wagner number", f"{wagner:.4g} (working electrode, near equilibrium)"))
    current, path = scales.programmed_current(case), scales.path(case)
    if current is not None and path is not None:
        drop = current * path / scales.conductivity(case)
        text = f"{_rounded(drop, VOLTAGE)} in the electrolyte at {_rounded(current, CURRENT_DENSITY)}"
        found.append(("ohmic drop", text))
    return found


def _times(case: FixedCase) -> list[Row]:
    found = []
    if (tau := scales.diffusion_time(case)) is not None:
        found.append(("diffusion time", f"{tau:.4g} s (L^2/D)"))
    current, sand = scales.programmed_current(case), scales.sand_time(case)
    if sand is not None and current is not None:
        limit = scales.limiting_current(case)
        text = f"{sand:.4g} s at {_rounded(current, CURRENT_DENSITY)}"
        if limit is not None and current <= limit:
            text += ", below the limiting current: it is not reached in this cell"
        found.append(("Sand's time", text))
    total = scales.total_time(case)
    if total < float("inf"):
        found.append(("whole time", f"{total:.6g} s"))
    return found


def _rounded(value: float, dimension: Dimension) -> str:
    return write(float(f"{value:.4g}"), dimension)


def _short(text: str) -> str:
    return text if len(text) <= 300 else text[:297] + "..."
