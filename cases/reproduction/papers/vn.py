"""Symmetric cells of the VN paper: what its exchange currents and activation energies amount to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cases.reproduction.bench import Assumed, Bench
from cases.reproduction.comparisons import Comparison, Kind, Point, Ranking, Verdict
from cases.reproduction.facts import Fact, fact
from cases.reproduction.paper import Paper, factors
from cases.reproduction.papers.common import (
    MILLI,
    MOSSY,
    activation,
    celsius,
    conductivity_variation,
    current,
    exchange,
    surface,
    transfer_variation,
    transference_variation,
)

COLD = -20.0


@dataclass(frozen=True)
class Electrode:
    """An electrode of the paper.

    Attributes:
        key: in papers.toml.
        label: in tables.
        case: case file.
    """

    key: str
    label: str
    case: str

    @property
    def i0(self) -> Fact:
        """Published exchange current density, mA/cm2."""
        return fact("mA/cm2", "vn", "exchange_current_density_mA_cm2", self.key)

    @property
    def energy(self) -> Fact:
        """Published activation energy, kJ/mol."""
        return fact("kJ/mol", "vn", "activation_energy_kJ_per_mol", self.key)

    def overpotential(self, bench: Bench, temperature: float = 25.0) -> float:
        """At the assumed current and a temperature in degrees Celsius, mV."""
        settings = exchange(self.i0.value) | activation(self.energy.value)
        settings |= celsius(temperature) | current(bench.value("current"))
        return MILLI * bench.cell(self.case, settings).overpotential

    def cold_overpotential(self, bench: Bench) -> float:
        """At `COLD`."""
        return self.overpotential(bench, COLD)


ELECTRODES = (Electrode("bare_na", "bare Na", "bare_na_symmetric"), Electrode("vn", "VN", "vn_symmetric"))


def voltages(suffix: str, where: str, answers: list[Callable[[Bench], float]]) -> tuple[Point, ...]:
    """Lines for overpotentials that the paper's figures do not hold."""
    return tuple(
        Point(
            f"{e.key}{suffix}",
            f"overpotential, {e.label}, {where}",
            Kind.UNPUBLISHED,
            answer,
            None,
            unit="mV",
        )
        for e, answer in zip(ELECTRODES, answers, strict=True)
    )


def ranking(id_: str, where: str, answers: list[Callable[[Bench], float]]) -> Ranking:
    """The order of the two: the lower exchange current has the higher overpotential."""
    return Ranking(
        id_,
        f"order of overpotentials, {where}, against that of 1/i0",
        [(e.label, 1.0 / e.i0.value, answer) for e, answer in zip(ELECTRODES, answers, strict=True)],
        remark="It rests on the published exchange currents; the resistance of the layer could have "
        "turned it.",
    )


AMBIENT: list[Callable[[Bench], float]] = [e.overpotential for e in ELECTRODES]
BELOW: list[Callable[[Bench], float]] = [e.cold_overpotential for e in ELECTRODES]
COMPARISONS: tuple[Comparison, ...] = (
    *voltages("", "0.5 mA/cm2, 25 C", AMBIENT),
    *voltages("_cold", f"0.5 mA/cm2, {COLD:g} C", BELOW),
    ranking("order", "25 C", AMBIENT),
    ranking("order_cold", f"{COLD:g} C", BELOW),
    Verdict(
        "bare_na_moss",
        f"surface, bare Na, 0.5 mA/cm2, by its roughness: moss where it grows by more than {MOSSY:g}",
        "moss",
        surface("bare_na_moss"),
        needs=("bare_na_moss",),
    ),
)

PAPER = Paper(
    "vn",
    "The published figures are inputs: exchange currents and activation energies. Nothing is fitted, and no "
    "voltage of a symmetric cell is published to compare with; the table says what the inputs amount to. "
    "The cell with bare sodium is that of bare_na_symmetric.",
    ("vn_symmetric",),
    (),
    COMPARISONS,
    tuple(published for e in ELECTRODES for published in (e.i0, e.energy)),
    {"current": Assumed(0.5, "mA/cm2", "That of the optical cell of the paper.")},
    (
        factors("current", ("assumed.current",)),
        factors("porosity of the layers", ("regions.layer.porosity",), 0.5, 1.5),
        conductivity_variation("X"),
        transference_variation("X"),
        transfer_variation(),
    ),
)
