"""What papers share: readings of symmetric cells, settings of case files."""

from __future__ import annotations

from collections.abc import Callable

from cases.reproduction.bench import Bench
from cases.reproduction.paper import Variation, factors

I0 = "reactions.deposition.exchange_current_density"
EA = "reactions.deposition.activation_energy"
CURRENT = "control.cycle.current"
TEMPERATURE = "electrolyte.temperature"
ZERO_CELSIUS = 273.15
MILLI = 1e3

VN_BARE_NA = ("vn", "exchange_current_density_mA_cm2", "bare_na")
"""Impedance of SEI-covered sodium in the VN paper: what cross-checks put into other papers' cells."""


MOSSY = 3.0
"""A surface whose roughness has grown by more than this is mossy."""


def exchange(value: float) -> dict[str, str]:
    """An exchange current density in mA/cm2 of the cell's area."""
    return {I0: f'"{value!r} mA/cm^2"'}


def current(value: float) -> dict[str, str]:
    """The current of a cycle in mA/cm2."""
    return {CURRENT: f'"{value!r} mA/cm^2"'}


def celsius(value: float) -> dict[str, str]:
    """A temperature in degrees Celsius."""
    return {TEMPERATURE: f'"{round(value + ZERO_CELSIUS, 2)!r} K"'}


def activation(kilojoule: float) -> dict[str, str]:
    """An activation energy of the exchange current in kJ/mol."""
    return {EA: f'"{kilojoule!r} kJ/mol"'}


def diffusivities(anion: str, value: float) -> dict[str, str]:
    """The diffusivity of both ions of the salt of Na, m^2/s."""
    return {f"electrolyte.species.{ion}.diffusivity": f'"{value!r} m^2/s"' for ion in ("Na", anion)}


def _ions(anion: str) -> tuple[str, str]:
    return "electrolyte.species.Na.diffusivity", f"electrolyte.species.{anion}.diffusivity"


def conductivity_variation(anion: str) -> Variation:
    """Conductivity at a given transference number."""
    return factors("conductivity of the electrolyte", _ions(anion))


def transference_variation(anion: str) -> Variation:
    """Transference number at a given conductivity."""
    cation, other = _ions(anion)
    return Variation(
        "transference number of the cation, 0.5",
        {cation: 0.5, other: 1.5},
        {cation: 1.5, other: 0.5},
        "0.25, 0.75; conductivity kept",
    )


def transfer_variation() -> Variation:
    """Transfer coefficients that add up to one."""
    anodic, cathodic = "reactions.deposition.alpha_a", "reactions.deposition.alpha_c"
    return Variation(
        "transfer coefficient of deposition, 0.5",
        {anodic: 1.4, cathodic: 0.6},
        {anodic: 0.6, cathodic: 1.4},
        "0.3, 0.7; both directions add up to 1",
    )


def surface(case: str) -> Callable[[Bench], str]:
    """What becomes of the surface of a growing cell that begins rough."""

    def word(bench: Bench) -> str:
        assert bench.grown is not None  # such comparisons are left out without it
        roughness = bench.grown.run(case).metrics["roughness_um"]
        return "moss" if roughness[-1] > MOSSY * roughness[0] else "smooth"

    return word
