"""The flow cells of Bortels et al. (1996): parameters, and what `flow_cell` finds for them.

    python3 -m verification.peers.bortels      solve on three grids and write the results into the record

verification/data/bortels.json holds the parameters with their sources and the results with their convergence.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ellipk, ellipkm1, gamma

from .flow_cell import FARADAY, FlowCell, FlowResult, Ion, solve
from .run import write_record

RECORD = Path(__file__).parents[1] / "data" / "bortels.json"
LEVELS = (20, 40, 80)
STATIONS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@cache
def recorded() -> dict[str, Any]:
    """The record: `cells` by name, each with `parameters` and `results`."""
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def cell_of(name: str) -> FlowCell:
    """The cell `name` of the record, current carried by all ions."""
    p = recorded()["cells"][name]["parameters"]
    return FlowCell(
        ions=tuple(Ion(i["charge"], i["diffusivity_m2_s"], i["inlet_mol_m3"]) for i in p["ions"]),
        entry=p["entry_m"],
        electrode=p["electrode_m"],
        exit=p["exit_m"],
        gap=p["gap_m"],
        mean_velocity=p["mean_velocity_m_s"],
        exchange_current=p["exchange_current_A_m2"],
        alpha_a=p["alpha_anodic"],
        alpha_c=p["alpha_cathodic"],
        electrons=p["electrons"],
        voltage=p["voltage_V"],
        temperature=p["temperature_K"],
    )


def simplified(cell: FlowCell) -> dict[str, FlowCell]:
    """The usual simplifications of `cell`, at the conductivity of the entering electrolyte.

    `supporting`: the reacting ion diffuses and migrates in Ohm's field. `supporting without migration`: it
    only diffuses. `secondary`: Ohm's law with kinetics at the inlet concentration, no diffusion.
    """
    kappa = cell.nernst_einstein
    reacting = cell.ions[0]
    neutral = replace(reacting, charge=0.0)
    return {
        "supporting": replace(cell, ions=(reacting,), conductivity=kappa),
        "supporting without migration": replace(cell, ions=(neutral,), conductivity=kappa),
        "secondary": replace(cell, ions=(), conductivity=kappa),
    }


def leveque(gradient: float, diffusivity: float, length: float) -> float:
    """Mean of dc/dy/c_bulk in 1/m over a wall of `length` m at c = 0 in shear flow of `gradient` in 1/s.

    (3/2) [gradient/(9 D length)]^(1/3)/Gamma(4/3). Source: Newman and Balsara, Electrochemical Systems,
    4th ed., sec. 17.4.
    """
    return float(1.5 * (gradient / (9.0 * diffusivity * length)) ** (1.0 / 3.0) / gamma(4.0 / 3.0))


def limiting_current(cell: FlowCell) -> float:
    """Mean limiting current density of the cathode in A/m^2 after Leveque.

    A lone salt of equal charges has D = 2 D+ D-/(D+ + D-) and carries i = nF 2 D+ dc/dy; beside an excess of
    other ions the reacting ion has D = D+ and i = nF D+ dc/dy.
    """
    cation, anion = cell.ions[0], cell.ions[-1]
    d, factor = cation.diffusivity, cation.diffusivity
    if len(cell.ions) == 2:
        d, factor = 2.0 * d * anion.diffusivity / (d + anion.diffusivity), 2.0 * d
    slope = cation.bulk * leveque(6.0 * cell.mean_velocity / cell.gap, d, cell.electrode)
    return cell.electrons * FARADAY * factor * slope


def primary_conductance(kappa: float, electrode: float, gap: float) -> float:
    """Primary conductance per depth in S/m of strips facing each other in an insulated channel.

    kappa K(m)/K(1 - m), m = tanh^2(pi electrode/(2 gap)): Schwarz-Christoffel mapping of the channel on a
    half plane. Source: Newman and Balsara, Electrochemical Systems, 4th ed., ch. 18.
    """
    small = 1.0 / np.cosh(np.pi * electrode / (2.0 * gap)) ** 2
    return float(kappa * ellipkm1(small) / ellipk(small))


def leveque_check(cell: FlowCell) -> FlowCell:
    """`cell` driven to its limiting current with a linear velocity and next to no resistance."""
    return replace(cell, ions=cell.ions[:1], conductivity=1e3, voltage=0.3, sheared=True)


def primary_check() -> tuple[FlowCell, float]:
    """Cell of 1 S/m with fast kinetics at 1 mV, and its exact mean current density in A/m^2."""
    cell = replace(cell_of("two ions"), ions=(), conductivity=1.0, voltage=1e-3, exchange_current=1e9)
    exact = primary_conductance(1.0, cell.electrode, cell.gap) * cell.voltage / cell.electrode
    return cell, exact


def numbers(result: FlowResult, cell: FlowCell) -> dict[str, float]:
    """What is compared, by name: A/m^2, amounts positive, and mol/m^3."""
    named = {"mean_A_m2": result.mean}
    for station in STATIONS:
        cathode, anode = result.at(station * cell.electrode)
        named[f"cathode_{station:g}_A_m2"], named[f"anode_{station:g}_A_m2"] = -cathode, anode
    named["lowest_cathode_mol_m3"] = float(result.concentration_cathode.min())
    named["highest_anode_mol_m3"] = float(result.concentration_anode.max())
    return named


def refined(cell: FlowCell, levels: tuple[int, int, int] = LEVELS) -> dict[str, Any]:
    """`numbers` on three grids, each twice as fine, extrapolated with second order.

    `uncertainty` is the relative change of the extrapolated value from the coarser pair to the finer one.
    """
    coarse, middle, fine = (numbers(solve(cell, level), cell) for level in levels)
    value = {key: fine[key] + (fine[key] - middle[key]) / 3.0 for key in fine}
    before = {key: middle[key] + (middle[key] - coarse[key]) / 3.0 for key in fine}
    return {
        "extrapolated": value,
        "uncertainty": {key: abs(before[key] / value[key] - 1.0) if value[key] else 0.0 for key in value},
        "grids": {str(level): named for level, named in zip(levels, (coarse, middle, fine), strict=True)},
        "order_of_mean": _order(coarse["mean_A_m2"], middle["mean_A_m2"], fine["mean_A_m2"]),
    }


def _order(coarse: float, middle: float, fine: float) -> float:
    return float(np.log2(abs((middle - coarse) / (fine - middle))))


def simplified_errors(cell: FlowCell, full: float, level: int) -> dict[str, Any]:
    """Mean current densities of `simplified` on one grid, and their relative errors against `full`."""
    means = {name: solve(variant, level).mean for name, variant in simplified(cell).items()}
    return {name: {"mean_A_m2": mean, "relative_error": mean / full - 1.0} for name, mean in means.items()}


def main() -> None:
    """Solve all cells and write the record."""
    record: Mapping[str, Any] = recorded()
    for name, entry in record["cells"].items():
        cell = cell_of(name)
        entry["results"] = refined(cell)
        middle = entry["results"]["grids"][str(LEVELS[1])]["mean_A_m2"]
        entry["simplified"] = simplified_errors(cell, middle, LEVELS[1])
        entry["limiting_current_leveque_A_m2"] = limiting_current(cell)
        entry["inlet_conductivity_S_m"] = cell.nernst_einstein
        mean, left = (entry["results"][key]["mean_A_m2"] for key in ("extrapolated", "uncertainty"))
        print(f"{name:20} mean {mean:.6g} A/m^2, relative uncertainty {left:.1e}")
    shear = leveque_check(cell_of("two ions"))
    ion = shear.ions[0]
    gradient = 6.0 * shear.mean_velocity / shear.gap
    exact = 2.0 * FARADAY * ion.diffusivity * ion.bulk * leveque(gradient, ion.diffusivity, shear.electrode)
    primary, conductance = primary_check()
    checks = {
        "leveque": {"exact_A_m2": exact, "grids": {str(n): solve(shear, n).mean for n in LEVELS}},
        "primary": {"exact_A_m2": conductance, "grids": {str(n): solve(primary, n).mean for n in LEVELS}},
    }
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    write_record(RECORD, {**record, "recorded": today, "checks_of_the_method": checks})


if __name__ == "__main__":
    main()
