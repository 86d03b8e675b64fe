"""From a case of fixed shape to the solver's `Model`: no mesh is needed for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from cases import solution
from cases.fixed.media import arrhenius
from cases.fixed.quantities import Given, LawOf
from cases.fixed.reactions import Film, Interface, junction_of, references
from cases.fixed.sides import boundary_of, sides, terminal
from cases.units import CONCENTRATION, VOLTAGE
from solver import closures, model, solutions
from solver.electrolyte import Species
from solver.expression import Expression
from solver.reaction import Reaction

if TYPE_CHECKING:
    from cases.fixed.schema import FixedCase
    from cases.fixed.settings import Prescribed

PLACE = ("x", "y", "z", "t")
TRACE = 1e-3
"""Part of the largest initial concentration below which a species counts as a trace."""


def _has_traces(concentrations: Collection[float]) -> bool:
    return min(concentrations, default=1.0) < TRACE * max(concentrations, default=1.0)


def build(case: FixedCase) -> model.Model:
    """The physics of `case`."""
    concentrations = {name: c for name, (_, c) in case.species.items()}
    return model.Model(
        closure=closure(case),
        temperature=case.electrolyte.temperature,
        media={
            name: model.Medium(medium.porosity, medium.factor, dict(medium.diffusivity))
            for name, medium in case.media.items()
        },
        interfaces=tuple(_interface(case, name, concentrations) for name in case.interfaces),
        conductors=tuple(
            model.Conductor(name, region.at(case.electrolyte.temperature), *(terminal(case, name) or ()))
            for name, region in case.conductors.items()
        ),
        conversions=tuple(
            model.Conversion(dict(c.species), Expression.parse(c.rate, rate_variables(case)))
            for c in case.conversions.values()
            if case.transport.closure != "secondary"
        ),
        flow=_flow(case),
        prescribed=tuple(_prescribed(case)),
        degree=case.transport.degree,
        logarithmic=case.transport.unknown == "logarithm",
        lumped=case.transport.degree == 1 and _has_traces(concentrations.values()),
        area=getattr(case.geometry, "footprint", None),
    )


def rate_variables(case: FixedCase) -> tuple[str, ...]:
    """What the rate of a conversion may use."""
    return ("T", *(f"c_{name}" for name in case.species))


def closure(case: FixedCase) -> closures.Closure:
    """Species, fluxes, and what the potential obeys."""
    transport, electrolyte = case.transport, case.electrolyte
    if transport.closure == "concentrated":
        c, t = electrolyte.concentration or 0.0, electrolyte.temperature
        found = solution_of(case)
        return closures.Concentrated(Species(case.cation, 1, float(found.diffusivity(c, t)), c), found)
    species = tuple(
        Species(name, s.charge, electrolyte.diffusivity(name), s.concentration)
        for name, s in electrolyte.species.items()
    )
    if transport.closure == "poisson":
        return closures.Poisson(species, transport.relative_permittivity or 0.0)
    if transport.closure == "supporting":
        return closures.Supporting(species, transport.conductivity or 0.0)
    if transport.closure == "secondary":
        own = closures.dilute_conductivity(species, electrolyte.temperature)
        return closures.Secondary(transport.conductivity or own)
    return closures.Electroneutral(species, case.eliminated)


def solution_of(case: FixedCase) -> solutions.Solution:
    """The concentrated solution of a case; KeyError if its name is unknown."""
    return solution.find(case.electrolyte)


def film_resistance(film: Film, temperature: float) -> float:
    """Thickness/conductivity in ohm m^2."""
    factor = arrhenius(film.activation_energy, film.reference_temperature, temperature)
    if film.resistance is not None:
        return film.resistance / factor
    assert film.thickness is not None  # checks
    assert film.conductivity is not None
    return film.thickness / (film.conductivity * factor)


def reaction(case: FixedCase, name: str, concentrations: dict[str, float]) -> Reaction:
    """A reaction; without unknown concentrations its exchange current is that of the initial ones."""
    given, t = case.reactions[name], case.electrolyte.temperature
    kinetics = given.kinetics(tuple(case.species), t)
    made = [s for s, nu in given.species.items() if nu > 0]
    if case.transport.closure == "secondary" and hasattr(given, "exchange"):
        c = concentrations.get(made[0], 0.0) if made else 0.0
        frozen = given.model_copy(
            update={"exchange_current_density": float(given.exchange(c, t)), "activation_energy": None}
        )
        kinetics = frozen.kinetics(tuple(case.species), t)
    return Reaction(
        name,
        given.electrons,
        dict(given.species),
        kinetics,
        given.equilibrium_potential,
        references(given, concentrations),
    )


def _interface(case: FixedCase, name: str, concentrations: dict[str, float]) -> model.Interface:
    given, side = case.interfaces[name], sides(case, name)
    return model.Interface(
        side.boundary,
        side.inner,
        tuple(reaction(case, r, concentrations) for r in given.reactions),
        side.outer,
        _series(case, given),
        given.capacitance or 0.0,
        given.charging_species,
        given.zero_charge,
    )


def _series(case: FixedCase, given: Interface) -> model.Series | None:
    t = case.electrolyte.temperature
    resistance = 0.0 if given.film is None else film_resistance(given.film, t)
    if given.schottky is not None:
        return model.Barrier(junction_of(given.schottky, t), resistance)
    return model.Film(resistance) if given.film is not None else None


def _flow(case: FixedCase) -> model.Flow | None:
    given = case.flow
    if given is None:
        return None
    components: tuple[Given, ...] = given.velocity
    if given.mean_velocity is not None:
        h = case.geometry.distance
        components = (Expression.parse(f"6*({given.mean_velocity!r})*y*({h!r} - y)/{h!r}**2", PLACE), 0.0)
    velocity = tuple(
        c if isinstance(c, Expression) else Expression.parse(repr(c), PLACE) for c in components
    )  # fmt: skip
    outlets, inlets = (openings(case, which) for which in ("outlet", "inlet"))
    return model.Flow(velocity, outlets, given.streamline, inlets)


def openings(case: FixedCase, which: str) -> tuple[str, ...]:
    """Boundaries that are inlets or outlets ("inlet", "outlet") of the flow."""
    assert case.flow is not None
    given = case.flow.inlets if which == "inlet" else case.flow.outlets
    if given is None:
        given = (which,) if which in case.geometry.boundaries() else ()
    return tuple(boundary_of(case, f"flow.{which}s", name) for name in given)


def parse_held(given: Prescribed) -> float | Expression:
    """A prescribed value in SI; QuantityError if it is neither a quantity nor a formula."""
    dimension = VOLTAGE if given.field == "potential" else CONCENTRATION
    return LawOf(dimension, names=PLACE).formula(given.value)


def _prescribed(case: FixedCase) -> list[model.Prescribed]:
    """What is given; of species, those that the closure carries."""
    carried = closure(case).unknowns
    return [
        model.Prescribed(p.field, boundary_of(case, "prescribed", p.boundary), parse_held(p))
        for p in case.prescribed
        if p.field == "potential" or p.field in carried
    ]
