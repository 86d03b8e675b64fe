"""Scales of a cell that follow from its case: times, lengths, currents; for defaults and `tertia check`."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from cases.control import LOOKED_AT, largest_current, program
from cases.fixed.geometry import Channel, Hull, Polygon, largest_extent
from cases.fixed.model import closure as closure_of
from cases.fixed.model import film_resistance, solution_of
from solver.closures import VACUUM
from solver.constants import FARADAY, GAS

if TYPE_CHECKING:
    from cases.fixed.schema import FixedCase


def length(case: FixedCase) -> float | None:
    """Length that ions travel, m: between the electrodes; None if the shape does not tell."""
    if isinstance(case.geometry, Channel | Hull | Polygon):
        return largest_extent(case.geometry)
    layers = getattr(case.geometry, "stack", None)
    if layers is None:
        return None
    return sum(layer.thickness for layer in layers if layer.name in case.media) or None


def path(case: FixedCase) -> float | None:
    """Length in m of free electrolyte that resists as the layers do; None if the shape is no stack."""
    layers = getattr(case.geometry, "stack", ())
    lengths = [
        layer.thickness / case.media[layer.name].factor for layer in layers if layer.name in case.media
    ]
    return float(sum(lengths)) or None


def conductivity(case: FixedCase) -> float:
    """Of the free electrolyte, S/m."""
    return closure_of(case).conductivity(case.electrolyte.temperature)


def salt_diffusivity(case: FixedCase) -> float | None:
    """Diffusivity by which the electrolyte evens out, m^2/s; None if it carries no species.

    Two ions: D = (z+ - z-) D+ D-/(z+ D+ - z- D-); otherwise the smallest of all.
    Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 11.
    """
    closure = closure_of(case)
    if not closure.unknowns:
        return None
    ions = closure.species
    if case.transport.closure in ("electroneutral", "poisson") and len(ions) == 2:
        (a, za), (b, zb) = ((s.diffusivity, s.charge) for s in ions)
        return (za - zb) * a * b / (za * a - zb * b)
    return min(s.diffusivity for s in ions)


def transference(case: FixedCase, name: str) -> float:
    """Transference number of a species in the initial electrolyte; 0 where others carry the current."""
    if case.transport.closure == "concentrated":
        c = case.electrolyte.concentration or 0.0
        return float(solution_of(case).transference_number(c, case.electrolyte.temperature))
    if case.transport.closure == "supporting":
        return 0.0
    weights = {s.name: s.charge**2 * s.diffusivity * s.concentration for s in closure_of(case).species}
    return weights[name] / sum(weights.values())


def diffusion_time(case: FixedCase) -> float | None:
    """L^2/D in s."""
    gap, d = length(case), salt_diffusivity(case)
    return gap**2 / d if gap and d else None


def deposited(case: FixedCase) -> tuple[str, int, float] | None:
    """What is taken from the electrolyte when the working electrode reduces; None if nothing.

    Returns:
        Species, electrons, stoichiometric number.
    """
    names = [r for key, i in case.interfaces.items() if key != "counter" for r in i.reactions]
    for name in names:
        reaction = case.reactions[name]
        for species, nu in reaction.species.items():
            if nu > 0 and case.species[species][1] > 0.0:
                return species, reaction.electrons, nu
    return None


def limiting_current(case: FixedCase) -> float | None:
    """Magnitude of the limiting current density between parallel electrodes in A/m^2; None without a formula.

    The salt of two ions between equal electrodes has a mean concentration that stays, so the steady profile
    is linear from 0 to 2c: i = 2 n F D c/(nu L (1 - t)), D of the salt; 4 F D+ c/L for monovalent ions.
    With a supporting electrolyte t = 0; if the far side holds the concentration, the factor is 1, not 2.
    """
    found, gap, d = deposited(case), length(case), salt_diffusivity(case)
    if found is None or gap is None or d is None or isinstance(case.geometry, Channel | Hull | Polygon):
        return None
    species, electrons, nu = found
    binary = case.transport.closure in ("electroneutral", "poisson") and len(case.species) == 2
    if not binary and case.transport.closure not in ("supporting", "concentrated"):
        return None
    if case.transport.closure == "supporting":
        d = next(s.diffusivity for s in closure_of(case).species if s.name == species)
    held = any(p.field == species for p in case.prescribed)
    c = case.species[species][1]
    resistance = path(case) or gap
    if any(medium.diffusivity for medium in case.media.values()) or (len(case.media) > 1 and not held):
        return None
    share = 1.0 - transference(case, species)
    if not share > 0.0:
        return None
    return float((1.0 if held else 2.0) * electrons * FARADAY * d * c / (nu * resistance * share))


def programmed_current(case: FixedCase) -> float | None:
    """Magnitude of the largest cathodic current density of the program, A/m^2; None if it has none."""
    return largest_current(case.control)


def sand_time(case: FixedCase) -> float | None:
    """Time in s at which the programmed current uses up what it deposits, in a cell that is long enough.

    tau = pi D [n F c/(2 nu i (1 - t))]^2.
    Source: Newman and Balsara, ch. 11; Bard and Faulkner, Electrochemical Methods, 2nd ed., ch. 8.
    """
    found, d, i = deposited(case), salt_diffusivity(case), programmed_current(case)
    if found is None or d is None or i is None:
        return None
    species, electrons, nu = found
    binary = case.transport.closure in ("electroneutral", "poisson") and len(case.species) == 2
    if not binary and case.transport.closure not in ("supporting", "concentrated"):
        return None
    if case.transport.closure == "supporting":
        d = next(s.diffusivity for s in closure_of(case).species if s.name == species)
    share = 1.0 - transference(case, species)
    if not share > 0.0:
        return None
    return math.pi * d * (electrons * FARADAY * case.species[species][1] / (2.0 * nu * i * share)) ** 2


def debye_length(case: FixedCase) -> float | None:
    """sqrt(eps_0 eps_r RT/(F^2 sum z^2 c)) in m; None without a permittivity or ions."""
    strength = sum(z**2 * c for z, c in case.species.values())
    if case.transport.relative_permittivity is None or strength == 0.0:
        return None
    rt = GAS * case.electrolyte.temperature
    return math.sqrt(VACUUM * case.transport.relative_permittivity * rt / strength) / FARADAY


def exchange_current(case: FixedCase, name: str) -> float | None:
    """Exchange current density of a reaction in the initial electrolyte, A/m^2; None if its law has none."""
    reaction = case.reactions[name]
    if not hasattr(reaction, "exchange"):
        return None
    made = [case.species[s][1] for s, nu in reaction.species.items() if nu > 0 and s in case.species]
    return float(reaction.exchange(made[0] if made else 0.0, case.electrolyte.temperature))


def wagner_number(case: FixedCase) -> float | None:
    """(kappa/L) d eta/di of the reactions and the film of the working electrode, near equilibrium.

    Source: Wagner, J. Electrochem. Soc. 98, 116 (1951).
    """
    interface, gap = case.interfaces.get("working"), length(case)
    if interface is None or gap is None:
        return None
    t, slope = case.electrolyte.temperature, 0.0
    for name in interface.reactions:
        reaction, i0 = case.reactions[name], exchange_current(case, name)
        if i0 is None or not reaction.two_way:
            return None
        alphas = reaction.alpha_a + reaction.alpha_c  # type: ignore[union-attr]
        slope += i0 * alphas * reaction.electrons * FARADAY / (GAS * t)
    if slope == 0.0:
        return None
    film = 0.0 if interface.film is None else film_resistance(interface.film, t)
    return conductivity(case) / gap * (1.0 / slope + film)


def total_time(case: FixedCase) -> float:
    """How long the run may last, s; infinite if only limits end it."""
    stop = case.stop.time
    return min(program(case.control).duration(), math.inf if stop is None else stop)


def initial_step(case: FixedCase) -> float:
    """Default of time.initial_step, s: short against diffusion, segments, and charging of double layers."""
    segments = itertools.islice(program(case.control), LOOKED_AT)
    times = [1e-3 * s.duration for s in segments] + [1e-4 * total_time(case)]
    if (tau := diffusion_time(case)) is not None:
        times.append(1e-5 * tau)
    capacitances = [i.capacitance for i in case.interfaces.values() if i.capacitance is not None]
    if capacitances and (gap := length(case)):
        times.append(0.05 * min(capacitances) * gap / conductivity(case))
    finite = [t for t in times if 0.0 < t < math.inf]
    return min(finite, default=1.0)


def max_step(case: FixedCase) -> float:
    """Default of time.max_step, s: a hundredth of the whole; of the longest segment if only limits end it."""
    segments = itertools.islice(program(case.control), LOOKED_AT)
    longest = max((s.duration for s in segments if s.duration < math.inf), default=math.inf)
    total = total_time(case)
    return 0.01 * (total if total < math.inf else longest)
