"""The table `growth.nonlinear`: parameters of the nonlinear phase-field model of the literature.

A parameter is what the table gives; else what the published set gives; else, without a set, what the case
says in the words of the field, of which the model is the diffuse form (see `solver.nonlinear_parameters`):

    W = 3 gamma/w,     kappa = 6 w gamma,     L_eta = i0 V_m/(6 w n F),     sigma = n^2 F^2 D c/(RT).

Only L_sigma has no counterpart there. `cases.nonlinear_checks` sees to it that both tell the same.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from cases.section import Section
from cases.units import (
    DIFFUSIVITY,
    RATE,
    Angle,
    Barrier,
    BarrierMobility,
    Concentration,
    Conductivity,
    Diffusivity,
    Gradient,
    Length,
    Time,
    Unit,
)
from solver.constants import FARADAY, thermal_voltage
from solver.nonlinear_parameters import AHMAD_2020, HONG_2018, HONG_COSINE, Parameters

if TYPE_CHECKING:
    from cases.schema import Case
    from solver.cell import Nonlinear as Described

SETS = {"hong_2018": HONG_2018, "hong_2018_fourfold": HONG_COSINE, "ahmad_2020": AHMAD_2020}
"""Published sets by the name that a case gives."""


class NonlinearNoise(Section):
    """Random rate of the order parameter on the interface, the same for any number of processes."""

    amplitude: Annotated[float, Unit(RATE, above=0.0)]
    """Largest rate, evenly spread between minus this and plus this; times 16 xi^2 (1 - xi)^2."""
    length: Length
    """Distance over which it is correlated."""
    period: Time
    """Time after which it changes."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of the random numbers."""


class Nonlinear(Section):
    """Parameters of the nonlinear phase-field model: a published set, values of one's own, or both."""

    published: Literal["hong_2018", "hong_2018_fourfold", "ahmad_2020"] | None = None
    """A published set; other keys replace values of it. Without it they replace what the case says."""
    barrier: Barrier | None = None
    """W, height of the double well W xi^2 (1 - xi)^2; 3 gamma/w."""
    gradient: Gradient | None = None
    """kappa_0, gradient coefficient; 6 w gamma."""
    barrier_mobility: BarrierMobility | None = None
    """L_sigma, mobility of the order parameter in its energy; there is no default without a set."""
    reaction_rate: Annotated[float, Unit(RATE, above=0.0)] | None = None
    """L_eta, rate of the reaction; i0 V_m/(6 w n F)."""
    density_metal: Concentration | None = None
    """c_s, density of sites in the metal; 1/metal.molar_volume."""
    concentration: Concentration | None = None
    """c_0 of the cation; that of the species metal.ion."""
    diffusivity: Diffusivity | None = None
    """Of the cation in the electrolyte; that of the species metal.ion."""
    diffusivity_metal: Annotated[float, Unit(DIFFUSIVITY, least=0.0)] | None = None
    """Of the cation in the metal; 0."""
    conductivity: Conductivity | None = None
    """Of the electrolyte; n^2 F^2 D c/(RT) of the cation."""
    conductivity_metal: Conductivity | None = None
    """Of the metal; metal.conductivity."""
    transfer: Annotated[float, Field(gt=0, lt=1)] | None = None
    """alpha, the cathodic transfer coefficient; kinetics.alpha_c. The anodic one is 1 - alpha."""
    anisotropy: Annotated[float, Field(ge=0, lt=1)] | None = None
    """delta of kappa = kappa_0 (1 + delta cos(folds (theta - angle))); in 3D delta (4 sum n_k^4 - 3)."""
    folds: Annotated[int, Field(ge=2, le=12)] | None = None
    """Preferred directions; in 3D, only 4."""
    anisotropy_angle: Angle | None = None
    """Of one of them, anticlockwise from the width axis; in 3D, only 0."""
    noise: NonlinearNoise | None = None
    """What disturbs the interface; nothing by default."""

    @property
    def given(self) -> dict[str, Any]:
        """Parameters that the table itself gives, by their names in `Parameters`."""
        names = {field.name for field in fields(Parameters)} & set(Nonlinear.model_fields)
        return {name: value for name in sorted(names) if (value := getattr(self, name)) is not None}


def parameters(case: Case) -> Parameters:
    """The model's parameters in a case that has a table growth.nonlinear.

    Raises:
        ValueError: a value without a meaning, or barrier_mobility is missing.
    """
    table = case.growth.nonlinear
    assert table is not None  # nonlinear_checks
    if table.published is not None:
        return replace(SETS[table.published], **table.given)
    return _derived(case, table.given)


def described(case: Case) -> Described | None:
    """The model as the solver takes it; None if the case has another one."""
    from solver.cell import Nonlinear as Described

    if case.growth.model != "nonlinear" or case.growth.nonlinear is None:
        return None
    noise = case.growth.nonlinear.noise
    if noise is None:
        return Described(parameters(case))
    return Described(parameters(case), noise.amplitude, noise.length, noise.period, noise.seed)


def _derived(case: Case, given: dict[str, Any]) -> Parameters:
    """What is not given, from the other sections."""
    if "barrier_mobility" not in given:
        raise ValueError("barrier_mobility is missing")
    metal, electrolyte = case.metal, case.electrolyte
    energy, electrons = metal.surface_energy, metal.charge_number
    width = case.growth.interface_width or case.mesh.front_size
    here: dict[str, Any] = {
        "barrier": 3.0 * energy / width,
        "gradient": 6.0 * width * energy,
        "density_metal": 1.0 / metal.molar_volume,
        "concentration": electrolyte.species[metal.ion].concentration,
        "diffusivity": electrolyte.diffusivity(metal.ion),
        "diffusivity_metal": 0.0,
        "conductivity_metal": metal.conductivity,
        "transfer": case.kinetics.alpha_c,
        "reaction_rate": 1.0,
        "conductivity": 1.0,
        **given,
    }
    found = Parameters(**here, electrons=electrons, temperature=electrolyte.temperature)
    per_rate = found.exchange_current_density / found.reaction_rate
    mobility = found.diffusivity / (thermal_voltage(found.temperature) / electrons)
    computed: dict[str, Any] = {
        "reaction_rate": case.kinetics.exchange_current_density / per_rate,
        "conductivity": electrons * FARADAY * mobility * found.concentration,
    }
    return replace(found, **{name: value for name, value in computed.items() if name not in given})
