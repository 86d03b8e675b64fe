"""Symmetric cells and growth of the GPE(PBMP) paper."""

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
    VN_BARE_NA,
    current,
    diffusivities,
    exchange,
    transfer_variation,
    transference_variation,
)
from solver.constants import FARADAY, GAS

CASE, GEL = "pbmp_symmetric", "GPE(PBMP)"
RATES = ("0.2", "0.5", "1", "5")
EVEN, LOCAL = 5.0, 50.0
"""Coefficients of variation of the flux in % that count as homogeneous, and as localised."""
GROWN = {"gpe_pbmp": "gpe_pbmp", "gpe_ptpa": "gpe_ptpa", "liquid": "liquid_pc_fec"}
"""Growing cells by electrolyte."""
FITTED_RATE = "1"
"""The geometric mean of the rates: as far from the lowest as from the highest."""

LINEAR = (
    "The published points lie on 17 mV plus 24.5 mV per mA/cm2. Neither kinetics nor resistance has such an "
    "offset: both go to zero with the current. A barrier that every half cycle begins with would have it."
)


def polarisation(rate: str) -> Fact:
    """The published polarisation at a rate in mA/cm2."""
    return fact("mV", "pbmp", "polarisation_mV", rate)


def resistance(key: str) -> Fact:
    """Published resistance of charge transfer, ohm; the area is not told."""
    return fact("ohm", "pbmp", "sei", "charge_transfer_resistance_ohm", key)


def overpotential(bench: Bench, i0: float, rate: str = FITTED_RATE) -> float:
    """Of a cell with GPE(PBMP), mV, the exchange current density in mA/cm2."""
    return MILLI * bench.cell(CASE, exchange(i0) | current(float(rate))).overpotential


@dataclass(frozen=True)
class Electrolyte:
    """A gel or the liquid.

    Attributes:
        key: in papers.toml.
        label: in tables.
        conductivity: mS/cm; None: assumed.
    """

    key: str
    label: str
    conductivity: Fact | None

    def overpotential(self, bench: Bench, rate: str) -> float:
        """Of its cell, mV: i0 of GPE(PBMP) by the published ratio of charge-transfer resistances."""
        i0 = bench.fitted(GEL) * resistance("gpe_pbmp").value / resistance(self.key).value
        settings = exchange(i0) | current(float(rate))
        if self.conductivity is None:
            kappa, gap = bench.value("liquid_conductivity"), bench.value("separator")
            settings |= {"geometry.gap": f'"{gap!r} um"'}
        else:
            kappa = self.conductivity.value
        return MILLI * bench.cell(CASE, settings | diffusivities("PF6", diffusivity(kappa))).overpotential

    def at(self, rate: str) -> Callable[[Bench], float]:
        """The overpotential at a rate in mA/cm2."""
        return lambda bench: self.overpotential(bench, rate)


def diffusivity(kappa: float, concentration: float = 1000.0, temperature: float = 298.15) -> float:
    """Of either ion in m^2/s, D = kappa RT/(2 F^2 c), kappa in mS/cm."""
    return 0.1 * kappa * GAS * temperature / (2.0 * FARADAY**2 * concentration)


ELECTROLYTES = (
    Electrolyte("gpe_pbmp", GEL, fact("mS/cm", "pbmp", "electrolyte", "conductivity_mS_per_cm", "gpe_pbmp")),
    Electrolyte(
        "gpe_ptpa", "GPE(PTPA)", fact("mS/cm", "pbmp", "electrolyte", "conductivity_mS_per_cm", "gpe_ptpa")
    ),
    Electrolyte("liquid", "liquid", None),
)


def of_gel(rate: str) -> Callable[[Bench], float]:
    """GPE(PBMP) at a rate in mA/cm2."""
    return lambda bench: overpotential(bench, bench.fitted(GEL), rate)


def flux_variation(case: str) -> Callable[[Bench], float]:
    """Coefficient of variation of the flux into the front at the end of a growing cell, %."""

    def percent(bench: Bench) -> float:
        assert bench.grown is not None  # such comparisons are left out without it
        return 100.0 * float(bench.grown.run(case).summary["flux_variation"])

    return percent


def evenness(case: str) -> Callable[[Bench], str]:
    """The flux into the front at the end of a growing cell, in words."""

    def word(bench: Bench) -> str:
        percent = flux_variation(case)(bench)
        return "homogeneous" if percent <= EVEN else "localised" if percent >= LOCAL else "in between"

    return word


def area(bench: Bench) -> float:
    """Electrode area in cm2 for which 900 ohm are the fitted charge transfer of both electrodes."""
    per_area = MILLI * 2.0 * GAS * 298.15 / (FARADAY * bench.fitted(GEL))  # ohm cm2, i0 in mA/cm2
    return per_area / resistance("gpe_pbmp").value


COMPARISONS: tuple[Comparison, ...] = (
    *(
        Point(
            f"gpe_pbmp_{rate}",
            f"polarisation, {GEL}, {rate} mA/cm2",
            Kind.FITTED if rate == FITTED_RATE else Kind.PREDICTED,
            of_gel(rate),
            polarisation(rate),
            LINEAR,
        )
        for rate in RATES
    ),
    *(
        Point(
            f"{e.key}_{rate}",
            f"polarisation, {e.label}, {rate} mA/cm2",
            Kind.UNPUBLISHED,
            e.at(rate),
            None,
            unit="mV",
        )
        for e in ELECTROLYTES[1:]
        for rate in RATES
    ),
    Point(
        "area",
        "electrode area for which 900 ohm are the fitted charge transfer of both electrodes",
        Kind.UNPUBLISHED,
        area,
        None,
        "Coin cells have 1 to 2 cm2. Impedance at rest after ten cycles finds a resistance that cells under "
        "current do not show; only ratios of the published resistances are used here.",
        "cm2",
    ),
    Point(
        "vn_i0",
        f"polarisation, {GEL}, {FITTED_RATE} mA/cm2, by the exchange current of bare Na in the VN paper",
        Kind.CROSS_CHECK,
        lambda bench: overpotential(bench, fact("mA/cm2", *VN_BARE_NA).value),
        polarisation(FITTED_RATE),
        "Sodium under the gel reacts much faster than under a carbonate's SEI at rest.",
    ),
    *(
        Ranking(
            f"order_{rate}",
            f"order of polarisations, {rate} mA/cm2, against that of charge-transfer resistances",
            [(e.label, resistance(e.key).value, e.at(rate)) for e in ELECTROLYTES],
            remark="It rests on the published resistances, which set the exchange currents; the "
            "conductivities could have turned it.",
        )
        for rate in (RATES[0], RATES[-1])
    ),
)

GROWING: tuple[Comparison, ...] = (
    *(
        Point(
            f"{e.key}_flux",
            f"coefficient of variation of the flux after 7200 s, {e.label}",
            Kind.UNPUBLISHED,
            flux_variation(GROWN[e.key]),
            None,
            unit="%",
            needs=(GROWN[e.key],),
        )
        for e in ELECTROLYTES
    ),
    *(
        Verdict(
            f"{e.key}_even",
            f"flux after 7200 s, {e.label}, by its coefficient of variation: at most {EVEN:g} %, or "
            f"at least {LOCAL:g} %",
            expected,
            evenness(GROWN[e.key]),
            needs=(GROWN[e.key],),
        )
        for e, expected in ((ELECTROLYTES[0], "homogeneous"), (ELECTROLYTES[-1], "localised"))
    ),
)

PAPER = Paper(
    "pbmp",
    "Polarisations are read as overpotentials of the cell: half of stripping less plating voltage at the "
    "end of half cycles. The exchange current density under GPE(PBMP) is fitted at 1 mA/cm2, the geometric "
    "mean of the published rates; this was settled before the other rates were run. GPE(PTPA) and the "
    "liquid follow by the published ratios of charge-transfer resistances and by conductivity.",
    (CASE,),
    (
        Fit(
            GEL, "exchange current density", "mA/cm2", polarisation(FITTED_RATE), overpotential, 1.0, CASE, I0
        ),
    ),
    (*COMPARISONS, *GROWING),
    (
        *(e.conductivity for e in ELECTROLYTES if e.conductivity is not None),
        *(resistance(e.key) for e in ELECTROLYTES),
    ),
    {
        "liquid_conductivity": Assumed(
            8.0,
            "mS/cm",
            "Cited: about that of 1 M NaPF6 in PC, A. Ponrouch et al., Energy Environ. Sci. 5, 8572 (2012), "
            "doi 10.1039/c2ee22258b.",
        ),
        "separator": Assumed(
            25.0,
            "um",
            "Of the liquid: as thick as the gels, so that electrolytes and interphases alone differ.",
        ),
    },
    (
        transference_variation("PF6"),
        factors(
            "concentration of the salt in the gel",
            ("electrolyte.species.Na.concentration", "electrolyte.species.PF6.concentration"),
        ),
        factors("conductivity of the liquid", ("assumed.liquid_conductivity",)),
        factors("distance of the electrodes in the liquid", ("assumed.separator",), 1.0, 10.4),
        transfer_variation(),
    ),
)
