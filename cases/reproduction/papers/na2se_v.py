"""Symmetric cells of the Na2Se/V paper, ambient and at -40 C."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cases.reproduction.bench import Assumed, Bench, Fit
from cases.reproduction.comparisons import Comparison, Kind, Point, Ranking, Verdict
from cases.reproduction.facts import Fact, fact
from cases.reproduction.paper import Paper, factors
from cases.reproduction.papers.common import (
    I0,
    MILLI,
    MOSSY,
    VN_BARE_NA,
    activation,
    celsius,
    conductivity_variation,
    current,
    exchange,
    surface,
    transfer_variation,
    transference_variation,
)

COLD = -40.0
BARE, LAYERED = "bare_na_symmetric", "na2se_v_symmetric"

FRESH = (
    "The model has one surface for the first instant and for the plateau, so this is nearly half of the "
    "hysteresis. In the paper the first instant meets the SEI as it formed at rest, or the vanadium on which "
    "nuclei begin; both change once sodium is deposited."
)
ETHER = (
    "The cold cell has another electrolyte, an ether. The interphase that forms in it, and its exchange "
    "current at any temperature, are not in the published figures; the Arrhenius law carries that of the "
    "carbonate down."
)


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

    def fact(self, *path: str) -> Fact:
        """A published voltage, mV."""
        return fact("mV", "na2se_v", *path, self.key)

    @property
    def energy(self) -> Fact:
        """Published activation energy, kJ/mol."""
        return fact("kJ/mol", "na2se_v", "sei_diffusion_activation_energy_kJ_per_mol", self.key)

    def settings(self, i0: float) -> dict[str, str]:
        """Of its case, with an exchange current density in mA/cm2."""
        return exchange(i0) | activation(self.energy.value)

    def hysteresis(self, bench: Bench, i0: float) -> float:
        """Ambient, mV."""
        return MILLI * bench.cell(self.case, self.settings(i0)).hysteresis

    def tip(self, bench: Bench) -> float:
        """Voltage of the first instant, ambient, mV."""
        tip = bench.cell(self.case, self.settings(bench.fitted(self.label))).tip
        return -MILLI * tip * bench.value("electrodes_in_tip") / 2.0

    def cold_tip(self, bench: Bench) -> float:
        """Voltage of the first instant at -40 C, mV."""
        settings = (
            self.settings(bench.fitted(self.label)) | celsius(COLD) | current(bench.value("cold_current"))
        )
        return -MILLI * bench.cell(self.case, settings).tip * bench.value("electrodes_in_tip") / 2.0

    def cold_overpotential(self, bench: Bench) -> float:
        """At -40 C and the published 0.2 mA/cm2, mV."""
        settings = self.settings(bench.fitted(self.label)) | celsius(COLD) | current(0.2)
        return MILLI * bench.cell(self.case, settings).overpotential


ELECTRODES = (
    Electrode("bare_na", "bare Na", BARE),
    Electrode("na2se", "Na2Se", LAYERED),
    Electrode("na2se_v", "Na2Se/V", LAYERED),
)
HYSTERESIS = ("voltage_hysteresis_mV", "ambient_0p5_mA_cm2")
AMBIENT_TIP = ("nucleation_overpotential_mV", "ambient")
COLD_TIP = ("nucleation_overpotential_mV", "minus_40_C")


def fitted_hysteresis(electrode: Electrode) -> Callable[[Bench], float]:
    """Ambient hysteresis with the fitted exchange current density, mV."""
    return lambda bench: electrode.hysteresis(bench, bench.fitted(electrode.label))


def ranking(
    id_: str, quantity: str, path: tuple[str, str], answers: list[Callable[[Bench], float]]
) -> Ranking:
    """The order of the three electrodes."""
    return Ranking(
        id_,
        quantity,
        [(e.label, e.fact(*path).value, answer) for e, answer in zip(ELECTRODES, answers, strict=True)],
    )


COMPARISONS: tuple[Comparison, ...] = (
    *(
        Point(
            f"{e.key}_hysteresis",
            f"voltage hysteresis, {e.label}, 0.5 mA/cm2",
            Kind.FITTED,
            fitted_hysteresis(e),
            e.fact(*HYSTERESIS),
        )
        for e in ELECTRODES
    ),
    *(
        Point(
            f"{e.key}_tip",
            f"nucleation overpotential, {e.label}, ambient",
            Kind.PREDICTED,
            e.tip,
            e.fact(*AMBIENT_TIP),
            FRESH,
        )
        for e in ELECTRODES
    ),
    *(
        Point(
            f"{e.key}_cold_tip",
            f"nucleation overpotential, {e.label}, -40 C",
            Kind.PREDICTED,
            e.cold_tip,
            e.fact(*COLD_TIP),
            ETHER,
        )
        for e in ELECTRODES
    ),
    Point(
        "na2se_v_cold",
        "overpotential, Na2Se/V, -40 C, 0.2 mA/cm2",
        Kind.PREDICTED,
        ELECTRODES[-1].cold_overpotential,
        ELECTRODES[-1].fact("overpotential_mV", "minus_40_C_0p2_mA_cm2"),
        f"Published is as much as at room temperature. {ETHER}",
    ),
    *(
        Point(
            f"{e.key}_cold",
            f"overpotential, {e.label}, -40 C, 0.2 mA/cm2",
            Kind.UNPUBLISHED,
            e.cold_overpotential,
            None,
            unit="mV",
        )
        for e in ELECTRODES[:-1]
    ),
    Point(
        "vn_i0",
        "voltage hysteresis, bare Na, by the exchange current of bare Na in the VN paper",
        Kind.CROSS_CHECK,
        lambda bench: ELECTRODES[0].hysteresis(bench, fact("mA/cm2", *VN_BARE_NA).value),
        ELECTRODES[0].fact(*HYSTERESIS),
        "Impedance at rest sees the SEI as it formed; under current sodium comes through fresh surface.",
    ),
    ranking(
        "order_tip", "order of nucleation overpotentials, ambient", AMBIENT_TIP, [e.tip for e in ELECTRODES]
    ),
    ranking(
        "order_cold_tip",
        "order of nucleation overpotentials, -40 C",
        COLD_TIP,
        [e.cold_tip for e in ELECTRODES],
    ),
)
OPTICAL: tuple[Comparison, ...] = tuple(
    Verdict(
        case,
        f"surface, {label}, 0.5 mA/cm2, by its roughness: moss where it grows by more than {MOSSY:g}",
        expected,
        surface(case),
        needs=(case,),
    )
    for case, label, expected in (
        ("bare_na_moss", "bare Na", "moss"),
        ("na2se_v_moss", "Na2Se/V", "smooth"),
    )
)

PAPER = Paper(
    "na2se_v",
    "Symmetric cells: hysteresis is stripping less plating voltage at the end of half cycles, a nucleation "
    "overpotential is the voltage of the first instant, an overpotential is half of the hysteresis; all are "
    "of both electrodes together. The exchange current density of each electrode is fitted to its "
    "hysteresis, the best defined of its points: current, charge and electrolyte are told. It changes with "
    "temperature by the published activation energies. The order of the hystereses is that of fits, so it "
    "is not counted.",
    (BARE, LAYERED),
    tuple(
        Fit(
            e.label,
            "exchange current density",
            "mA/cm2",
            e.fact(*HYSTERESIS),
            e.hysteresis,
            0.5,
            e.case if e.label != "Na2Se" else "",
            I0,
        )
        for e in ELECTRODES
    ),
    (*COMPARISONS, *OPTICAL),
    tuple(e.energy for e in ELECTRODES),
    {
        "cold_current": Assumed(0.2, "mA/cm2", "The one current that is published for -40 C."),
        "electrodes_in_tip": Assumed(
            2.0, "", "Whether the voltage of a cell or of one of its electrodes is meant is not told."
        ),
        "na2se_layer": Assumed(
            40.0, "um", "The layer of Na2Se alone is taken as thick as that of Na2Se and V."
        ),
    },
    (
        factors("current at -40 C", ("assumed.cold_current",), 0.5, 2.5),
        factors("electrodes in a nucleation overpotential", ("assumed.electrodes_in_tip",), 0.5, 1.0),
        factors("porosity of the layers", ("regions.layer.porosity",), 0.5, 1.5),
        conductivity_variation("X"),
        transference_variation("X"),
        factors(
            "activation energy of transport in the electrolyte",
            ("electrolyte.species.Na.activation_energy", "electrolyte.species.X.activation_energy"),
        ),
        transfer_variation(),
    ),
)
