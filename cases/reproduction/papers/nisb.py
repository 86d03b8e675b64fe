"""Symmetric cells and growth of the NiSb paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cases.reproduction.bench import Assumed, Bench, Fit
from cases.reproduction.cells import Polarisation
from cases.reproduction.comparisons import Between, Comparison, Kind, Point, Ranking, Verdict
from cases.reproduction.facts import Fact, fact
from cases.reproduction.paper import Paper, factors
from cases.reproduction.papers.common import (
    I0,
    MILLI,
    VN_BARE_NA,
    current,
    exchange,
    transfer_variation,
    transference_variation,
)

CASE = "nisb_symmetric"
NA = {
    label: fact("mV", "nisb", "symmetric_cell_overpotential_mV", key)
    for label, key in (
        ("Na plate", "na_plate"),
        ("Na/CC", "na_cc"),
        ("Na/Ni-CC", "na_ni_cc"),
        ("Na/aNi-CC", "na_ani_cc"),
        ("Na/NiSb-CC", "na_nisb_cc"),
    )
}
OTHER = {
    key: fact("mV", "nisb", "other_metals_overpotential_mV", key)
    for key in ("li_nisb_cc", "li_cc", "k_nisb_cc", "k_cc")
}

CLOTH = (
    "in use is a small part of the fibres' area, and why is not in the model: sodium that fills the outer "
    "pores, electrolyte that does not reach all fibres, an SEI on carbon that is worse than that on a plate"
)
COVERED = (
    "once sodium covers the fibres, nothing in the model tells coatings apart; how compact sodium lies on "
    "each, and the SEI that it then has, is missing"
)
POTASSIUM = (
    "375 mV is no cell of covered metal: potassium on bare cloth grows loose and its SEI thick. How much "
    "area sodium uses on the two cloths says nothing of that."
)


def cell(bench: Bench, i0: float) -> Polarisation:
    """A cell with an exchange current density in mA/cm2 of the cell's area."""
    return bench.cell(CASE, exchange(i0) | current(bench.value("current")))


def overpotential(bench: Bench, i0: float) -> float:
    """Of that cell, mV."""
    return MILLI * cell(bench, i0).overpotential


def on_cloth(bench: Bench, share: float) -> float:
    """Overpotential in mV of sodium on a share of the fibres of a cloth."""
    return overpotential(bench, bench.fitted("Na plate") * bench.value("fibre_area") * share)


def with_share_of(electrode: str) -> Callable[[Bench], float]:
    """Overpotential in mV of sodium on the share of the fibres found for `electrode`."""
    return lambda bench: on_cloth(bench, bench.fitted(electrode))


def other_metal(electrode: str) -> Callable[[Bench], float]:
    """Overpotential in mV of another metal on NiSb-CC: from plain cloth, by the ratio of areas of sodium."""
    return lambda bench: overpotential(
        bench, bench.fitted(electrode) * bench.fitted("Na/NiSb-CC") / bench.fitted("Na/CC")
    )


def fit_i0(electrode: str, point: Fact, case: str = "") -> Fit:
    """The exchange current density of an electrode."""
    what = "exchange current density, per area of the cell"
    return Fit(electrode, what, "mA/cm2", point, overpotential, 1.0, case, I0)


def fit_share(electrode: str) -> Fit:
    """The share of the fibres' area that is in use."""
    return Fit(electrode, "share of the fibres' area in use", "", NA[electrode], on_cloth, 0.05)


def needle(case: str, *overrides: str) -> Callable[[Bench], str]:
    """The verdict of a growing cell."""

    def verdict(bench: Bench) -> str:
        assert bench.grown is not None  # such comparisons are left out without it
        return str(bench.grown.run(case, *overrides).summary["verdict"])

    return verdict


def seeds_first(bench: Bench) -> str:
    """Whether every island carries sodium before the first nickel does."""
    assert bench.grown is not None
    summary = bench.grown.run("na3sb_ni").summary
    all_first = summary["islands_nucleated_before_matrix"] == summary["islands"]
    return (
        "islands, then nickel, then a film" if all_first and summary["coverage"] == 1.0 else "another order"
    )


def closure(bench: Bench) -> float:
    """Charge in mAh per cm2 of cloth at which sodium covers the fibres."""
    assert bench.grown is not None
    metrics = bench.grown.run("na3sb_ni").metrics
    closed = int(np.argmax(metrics["coverage"] >= 1.0))
    return float(abs(metrics["capacity_mAh_cm2"][closed])) * bench.value("fibre_area")


def point(label: str, kind: Kind, answer: Callable[[Bench], float], missing: str, suffix: str = "") -> Point:
    """A line for an electrode with sodium."""
    key = NA[label].path[-1]
    quantity = f"overpotential, {label}" + (f", {suffix}" if suffix else "")
    return Point(f"{key}{'_' + kind.value if suffix else ''}", quantity, kind, answer, NA[label], missing)


SYMMETRIC: tuple[Comparison, ...] = (
    Point(
        "na_plate",
        "overpotential, Na plate",
        Kind.FITTED,
        lambda bench: overpotential(bench, bench.fitted("Na plate")),
        NA["Na plate"],
    ),
    point(
        "Na/CC",
        Kind.PREDICTED,
        lambda bench: on_cloth(bench, 1.0),
        f"By the area of all fibres the plate's overpotential would shrink to this; {CLOTH}.",
        "from the plate and all of the fibres' area",
    ),
    point("Na/CC", Kind.FITTED, with_share_of("Na/CC"), ""),
    *(
        point(label, Kind.PREDICTED, with_share_of("Na/CC"), f"As bare cloth: {COVERED}.", "from bare cloth")
        for label in ("Na/Ni-CC", "Na/aNi-CC", "Na/NiSb-CC")
    ),
    point("Na/NiSb-CC", Kind.FITTED, with_share_of("Na/NiSb-CC"), ""),
    Point(
        "li_cc",
        "overpotential, Li/CC",
        Kind.FITTED,
        lambda bench: overpotential(bench, bench.fitted("Li/CC")),
        OTHER["li_cc"],
    ),
    Point(
        "li_nisb_cc",
        "overpotential, Li/NiSb-CC, from Li/CC and the areas found with sodium",
        Kind.PREDICTED,
        other_metal("Li/CC"),
        OTHER["li_nisb_cc"],
        f"The gain is larger for lithium than for sodium: {COVERED}.",
    ),
    Point(
        "k_cc",
        "overpotential, K/CC",
        Kind.FITTED,
        lambda bench: overpotential(bench, bench.fitted("K/CC")),
        OTHER["k_cc"],
    ),
    Point(
        "k_nisb_cc",
        "overpotential, K/NiSb-CC, from K/CC and the areas found with sodium",
        Kind.PREDICTED,
        other_metal("K/CC"),
        OTHER["k_nisb_cc"],
        POTASSIUM,
    ),
    Point(
        "vn_i0",
        "overpotential, Na plate, by the exchange current of bare Na in the VN paper",
        Kind.CROSS_CHECK,
        lambda bench: overpotential(bench, fact("mA/cm2", *VN_BARE_NA).value),
        NA["Na plate"],
        "The two papers' sodium differs by the ratio of the two exchange currents: SEI, history and current "
        "are not the same.",
    ),
    Ranking(
        "cloth_below_plate",
        "order: cloth below the plate",
        [
            (
                label,
                NA[label].value,
                (lambda bench: overpotential(bench, bench.fitted("Na plate")))
                if label == "Na plate"
                else with_share_of("Na/CC"),
            )
            for label in ("Na plate", "Na/CC")
        ],
    ),
    Ranking(
        "cloths",
        "order of the cloths, before any is fitted but the bare one",
        [(label, NA[label].value, with_share_of("Na/CC")) for label in NA if label != "Na plate"],
        f"A tie: {COVERED}.",
    ),
    Ranking(
        "lithium",
        "order of Li on the two cloths",
        [
            ("Li/CC", OTHER["li_cc"].value, lambda bench: overpotential(bench, bench.fitted("Li/CC"))),
            ("Li/NiSb-CC", OTHER["li_nisb_cc"].value, other_metal("Li/CC")),
        ],
    ),
    Ranking(
        "potassium",
        "order of K on the two cloths",
        [
            ("K/CC", OTHER["k_cc"].value, lambda bench: overpotential(bench, bench.fitted("K/CC"))),
            ("K/NiSb-CC", OTHER["k_nisb_cc"].value, other_metal("K/CC")),
        ],
    ),
)

GROWING: tuple[Comparison, ...] = (
    Verdict("bare_ni", "growth on bare Ni", "dendrite", needle("bare_ni"), needs=("bare_ni",)),
    Verdict("na3sb_ni", "growth on Na3Sb islands in Ni", "flat", needle("na3sb_ni"), needs=("na3sb_ni",)),
    Verdict(
        "seeds_first",
        "order of events on Na3Sb islands in Ni",
        "islands, then nickel, then a film",
        seeds_first,
        needs=("na3sb_ni",),
    ),
    *(
        Verdict(case, f"growth of {metal} on islands of {alloy}", "flat", needle(case), needs=(case,))
        for case, metal, alloy in (("li3sb_ni", "Li", "Li3Sb"), ("k3sb_ni", "K", "K3Sb"))
    ),
    Between(
        "closure",
        "charge at which the film on NiSb-CC closes, per area of cloth",
        0.1,
        0.5,
        "mAh/cm2",
        closure,
        "The nickel of the model nucleates everywhere 60 ms after the start, at 0.1 V; the paper's seeds "
        "stand alone up to 0.1 mAh/cm2. The rate of nucleation on nickel is not published, and the voltage "
        "of the deposition "
        "differs from that of the model.",
        ("na3sb_ni",),
    ),
)

PAPER = Paper(
    "nisb",
    "Overpotentials of symmetric cells: half of the difference between stripping and plating voltage at the "
    "end of half cycles, of both electrodes together. The current is not among the published figures; 1 "
    "mA/cm2 is assumed, and the exchange current density of the Na plate is fitted at it. A cloth is then "
    "predicted by the area of its fibres, and, as the share of it that is in use is not known, that share "
    "is fitted once to the bare cloth and predicts the coated ones. For Li and K, the ratio of the areas "
    "that sodium uses on the two cloths is kept.",
    (CASE,),
    (
        fit_i0("Na plate", NA["Na plate"], CASE),
        fit_share("Na/CC"),
        fit_share("Na/NiSb-CC"),
        fit_i0("Li/CC", OTHER["li_cc"]),
        fit_i0("K/CC", OTHER["k_cc"]),
    ),
    (*SYMMETRIC, *GROWING),
    (),
    {
        "current": Assumed(
            1.0, "mA/cm2", "The published voltages come without their current; the usual one."
        ),
        "fibre_area": Assumed(
            30.0,
            "cm2 per cm2 of cloth",
            "4 w/(rho d): a woven cloth of w = 120 g/m2, fibres of rho = 1.75 g/cm3 and d = 9 um, as is "
            "usual for such cloths; the paper names none.",
        ),
    },
    (
        factors("current", ("assumed.current",)),
        factors("area of the fibres", ("assumed.fibre_area",)),
        transference_variation("ClO4"),
        transfer_variation(),
        factors("porosity of the separator", ("regions.electrolyte.porosity",), 0.5, 1.0),
    ),
)
