"""Checks of what the electrolyte holds and how it reacts; see `cases.fixed.checks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cases.fixed.model import rate_variables, solution_of
from cases.fixed.reactions import Film, Interface, Junction, LimitingCurrent, Ohmic, UserLaw, references
from cases.messages import suggestion
from cases.waveforms import Problem
from solver.expression import Expression, ExpressionError
from solver.model import LIQUID

if TYPE_CHECKING:
    from cases.fixed.schema import FixedCase


def species(case: FixedCase) -> Iterator[Problem]:
    """Diffusivity or mobility, as needed."""
    electrolyte = case.electrolyte
    for name, given in electrolyte.species.items():
        key = f"electrolyte.species.{name}"
        if (given.diffusivity is None) == (given.mobility is None):
            which = "neither is" if given.mobility is None else "both are"
            yield key, f"expected exactly one of diffusivity and mobility, {which} given"
        elif given.mobility is not None and given.charge == 0:
            yield f"{key}.mobility", "a neutral species has none, expected a diffusivity"
        elif given.mobility == "from conductivity" and electrolyte.conductivity is None:
            yield f"{key}.mobility", "needs electrolyte.conductivity, which is missing"
        elif given.mobility == "from conductivity" and given.concentration == 0.0:
            yield f"{key}.mobility", "needs a concentration of more than 0 mol/L"
        if case.transport.unknown == "logarithm" and given.concentration == 0.0:
            yield f"{key}.concentration", 'expected more than 0 mol/L with transport.unknown = "logarithm"'


def closure(case: FixedCase) -> Iterator[Problem]:
    """What each closure needs, and what it has no use for."""
    transport, electrolyte = case.transport, case.electrolyte
    kind, ions = transport.closure, electrolyte.species
    yield from _solution(case)
    charged = {name: s for name, s in ions.items() if s.charge}
    if kind in ("electroneutral", "poisson"):
        yield from _neutral(case)
    if kind == "supporting":
        if transport.conductivity is None:
            yield (
                "transport.conductivity",
                f'missing, expected a conductivity with transport.closure = "{kind}"',
            )
        if not any(s.concentration > 0.0 for s in ions.values()):
            yield "electrolyte.species", "expected a species with a concentration of more than 0 mol/L"
    elif kind == "secondary":
        if transport.conductivity is None and not any(s.concentration > 0.0 for s in charged.values()):
            yield "transport.conductivity", "missing, expected a conductivity because there are no ions"
    elif transport.conductivity is not None:
        yield "transport.conductivity", f'follows from the electrolyte with transport.closure = "{kind}"'
    if kind == "poisson" and transport.relative_permittivity is None:
        yield (
            "transport.relative_permittivity",
            'missing, expected a number with transport.closure = "poisson"',
        )
    if transport.eliminated is None:
        return
    if kind != "electroneutral":
        yield "transport.eliminated", f'no ion is eliminated with transport.closure = "{kind}"'
    elif transport.eliminated not in charged:
        yield "transport.eliminated", suggestion(transport.eliminated, list(charged))


def _solution(case: FixedCase) -> Iterator[Problem]:
    electrolyte, kind = case.electrolyte, case.transport.closure
    own = ("solution", "properties", "concentration", "cation")
    if kind != "concentrated":
        for key in own:
            if getattr(electrolyte, key) is not None:
                yield f"electrolyte.{key}", 'needs transport.closure = "concentrated"'
        return
    if (electrolyte.solution is None) == (electrolyte.properties is None):
        which = "neither is" if electrolyte.solution is None else "both are"
        yield "electrolyte", f"expected exactly one of solution and properties, {which} given"
    elif electrolyte.solution is not None:
        try:
            solution_of(case)
        except KeyError as error:
            yield "electrolyte.solution", str(error.args[0])
    if electrolyte.concentration is None:
        yield "electrolyte.concentration", 'missing, expected a concentration such as "1 mol/L"'
    if electrolyte.species:
        yield "electrolyte.species", 'expected none with transport.closure = "concentrated": the salt is all'


def _neutral(case: FixedCase) -> Iterator[Problem]:
    ions = case.electrolyte.species.values()
    charges = [ion.charge * ion.concentration for ion in ions]
    if sum(ion.charge != 0 for ion in ions) < 2 or not any(charges):
        yield (
            "electrolyte.species",
            f"expected at least two ions with transport.closure = "
            f'"{case.transport.closure}", some of more than 0 mol/L',
        )
    elif abs(sum(charges)) > 1e-9 * sum(map(abs, charges)):
        yield (
            "electrolyte.species",
            f"the ions are not neutral together: the sum of charge x concentration is "
            f"{sum(charges) / 1000:.6g} mol/L, expected 0",
        )


def media(case: FixedCase) -> Iterator[Problem]:
    """Species of regions."""
    for name, medium in case.media.items():
        for ion in medium.diffusivity:
            if case.transport.closure == "concentrated":
                yield f"regions.{name}.diffusivity", "expected none: the solution has the same one everywhere"
            elif ion not in case.species:
                yield f"regions.{name}.diffusivity.{ion}", suggestion(ion, list(case.species))


def reactions(case: FixedCase) -> Iterator[Problem]:
    """Species, charge, and laws that fit the closure."""
    kind = case.transport.closure
    for name, reaction in case.reactions.items():
        key = f"reactions.{name}"
        yield from _stoichiometry(case, f"{key}.species", reaction.species)
        known = [s for s in reaction.species if s in case.species]
        if reaction.species and len(known) == len(reaction.species):
            total = sum(nu * case.species[s][0] for s, nu in reaction.species.items())
            if abs(total - reaction.electrons) > 1e-9:
                yield (
                    f"{key}.species",
                    f"charge is not conserved: the species carry {total:+g} for {reaction.electrons} "
                    f"electrons, expected {reaction.electrons:+d}",
                )
        for s in reaction.reference_concentrations:
            if s not in reaction.species:
                yield f"{key}.reference_concentrations.{s}", suggestion(s, list(reaction.species))
        initial = {s: c for s, (_, c) in case.species.items()}
        for s, c in references(reaction, initial).items():
            if reaction.concentrations_shift and s in case.species and not c > 0.0 and kind != "secondary":
                yield (
                    f"{key}.reference_concentrations.{s}",
                    "missing, expected a concentration because the initial one is 0 mol/L",
                )
        if isinstance(reaction, UserLaw):
            try:
                Expression.parse(reaction.expression, reaction.variables(tuple(case.species)))
            except ExpressionError as error:
                yield f"{key}.expression", str(error)
            names = [f"c_{s}" for s in case.species]
            if kind == "secondary" and any(n in reaction.expression for n in names):
                yield f"{key}.expression", 'there are no concentrations with transport.closure = "secondary"'
        if kind == "concentrated" and reaction.concentrations_shift and reaction.species:
            yield (
                f"{key}.law",
                'expected "referenced" with transport.closure = "concentrated", whose potential already '
                "holds the shift of the equilibrium by concentration",
            )
        if isinstance(reaction, LimitingCurrent) and kind != "secondary":
            yield (
                f"{key}.law",
                'is for transport.closure = "secondary"; here the concentrations limit the current',
            )


def _stoichiometry(case: FixedCase, key: str, given: Mapping[str, float]) -> Iterator[Problem]:
    for name, nu in given.items():
        if name not in case.species:
            yield f"{key}.{name}", f"there is no such species, {suggestion(name, list(case.species))}"
        elif nu == 0.0:
            yield f"{key}.{name}", "expected a number other than 0"


def at_interface(case: FixedCase, path: str, outer: str, name: str) -> Iterator[Problem]:
    """A reaction at an interface whose outer side is `outer`."""
    reaction = case.reactions[name]
    if outer == LIQUID and not reaction.species and case.transport.closure != "secondary":
        yield (
            f"{path}.reactions",
            f'"{name}" names no species, but charge enters an electrolyte as ions; expected '
            f"reactions.{name}.species",
        )
    if outer == LIQUID and isinstance(reaction, Ohmic | Junction):
        yield f"{path}.reactions", f'"{name}" is a contact between conductors, expected one as outer side'
    if outer != LIQUID and reaction.species:
        yield (
            f"{path}.reactions",
            f'"{name}" names species, but "{outer}" holds none; expected a reaction without species',
        )


def layers(case: FixedCase, path: str, outer: str, interface: Interface) -> Iterator[Problem]:
    """Film, double layer."""
    if interface.film is not None:
        yield from _film(f"{path}.film", interface.film)
    kind, ion = case.transport.closure, interface.charging_species
    wet = outer == LIQUID
    if interface.capacitance is None:
        if ion is not None:
            yield f"{path}.charging_species", "has no effect without capacitance"
        if wet and kind == "poisson":
            yield (
                f"{path}.capacitance",
                'missing, expected that of the Stern layer with transport.closure = "poisson"',
            )
        return
    ions = [name for name, (z, _) in case.species.items() if z]
    if ion is not None and (not wet or kind in ("poisson", "secondary")):
        if kind == "secondary" and wet and ion in ions:
            return  # so that a case may be run with either closure
        yield f"{path}.charging_species", "expected none: no species balance takes part here"
    elif ion is not None and ion not in ions:
        yield f"{path}.charging_species", suggestion(ion, ions)
    elif ion is None and wet and kind == "electroneutral":
        yield (
            f"{path}.charging_species",
            f"missing, expected the ion that charges the double layer: {suggestion('', ions)[9:]}",
        )


def _film(key: str, film: Film) -> Iterator[Problem]:
    pair = film.thickness is not None, film.conductivity is not None
    if film.resistance is not None and any(pair):
        yield key, "expected either resistance, or thickness and conductivity; both are given"
    elif film.resistance is None and not all(pair):
        yield key, "expected resistance, or thickness and conductivity"


def conversions(case: FixedCase) -> Iterator[Problem]:
    """Homogeneous reactions."""
    for name, conversion in case.conversions.items():
        key = f"conversions.{name}"
        if case.transport.closure == "concentrated":
            yield key, 'expected none with transport.closure = "concentrated"'
            continue
        yield from _stoichiometry(case, f"{key}.species", conversion.species)
        total = sum(nu * case.species[s][0] for s, nu in conversion.species.items() if s in case.species)
        if abs(total) > 1e-9:
            yield f"{key}.species", f"charge is not conserved: the species carry {total:+g}, expected 0"
        try:
            Expression.parse(conversion.rate, rate_variables(case))
        except ExpressionError as error:
            yield f"{key}.rate", str(error)
