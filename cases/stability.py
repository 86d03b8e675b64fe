"""The command `stability`: which ripples grow on a flat front of a case, how fast, and what that means.

The relation is that of `verification.exact.stability`; docs/stability.md is for people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cases.errors import CaseError
from cases.fixed.schema import FixedCase
from cases.loader import load
from cases.ripples import Finding, duration, find, first_deposit, rounded, warnings
from cases.schema import Case
from cases.units import CURRENT_DENSITY, LENGTH

DONE = 0
_ROWS, _CURVE = 9, 200
_MANY = 3.0  # factors e
_INDENT = (0, 0, 0, 2)


def stability(case: Case) -> tuple[RenderableType, dict[str, Any]]:
    """What the screen shows, and the numbers by name (units in the names; None for what does not exist)."""
    base: dict[str, Any] = {"title": case.title, "segment": first_deposit(case).describe()}
    try:
        finding = find(case)
    except CaseError as error:
        sentences = [f"There is no dispersion relation for this case: {error}."]
        base |= {"grows": None, "meaning": sentences, "warnings": []}
        return Group(_heading(base), "", *sentences), base
    numbers = base | _numbers(finding)
    numbers["meaning"] = list(_meaning(finding))
    numbers["warnings"] = list(warnings(case, finding))
    numbers |= _curve(finding)
    return _shown(finding, numbers), numbers


def run_stability(
    source: str | Path, overrides: Iterable[str] = (), json: bool = False, plot: Path | None = None
) -> int:
    """Show, or print as JSON, what `stability` finds for a case; draw omega over the wavelength into `plot`.

    Raises:
        CaseError: the case is bad, its electrode does not grow, or the picture cannot be written.
    """
    case = load(source, overrides)
    if isinstance(case, FixedCase):
        raise CaseError(f"{source}: the shape of this cell is fixed, expected a case whose electrode grows")
    shown, numbers = stability(case)
    if json:
        print(dumps(numbers, indent=2, ensure_ascii=False))
    else:
        Console().print(shown)
    if plot is not None:
        if numbers["grows"] is None:
            raise CaseError(f"--plot {plot}: there is nothing to draw")
        _draw(numbers, plot)
    return DONE


def _numbers(finding: Finding) -> dict[str, Any]:
    front, (k, rate), fitting = finding.front, finding.fastest, finding.fitting
    return {
        "voltage_V": front.voltage,
        "current_A_m2": front.current,
        "limiting_current_A_m2": front.cell.limiting_current,
        "concentration_front_mol_m3": front.concentrations[0],
        "concentration_counter_mol_m3": front.concentrations[1],
        "front_velocity_um_s": front.velocity * 1e6,
        "grows": finding.grows,
        "critical_wavelength_um": _microns(front.critical_wavenumber),
        "fastest_wavelength_um": _microns(k) if finding.grows else None,
        "fastest_rate_1_s": rate if finding.grows else None,
        "growth_time_s": 1.0 / rate if finding.grows else None,
        "growing_modes": int(finding.modes) if math.isfinite(finding.modes) else None,
        "fastest_mode_wavelength_um": None if fitting is None else _microns(fitting[0]),
        "fastest_mode_rate_1_s": None if fitting is None else fitting[1],
    }


def _meaning(finding: Finding) -> Iterator[str]:
    """The numbers in words."""
    front, (k, rate), width = finding.front, finding.fastest, finding.width
    if not finding.grows:
        cause = "No current flows" if front.current == 0.0 else "Metal dissolves"
        yield f"{cause}: no ripple grows, a flat front stays flat."
        return
    pace = (
        f"by a factor e in {duration(1.0 / rate)}, every {rounded(front.velocity / rate, LENGTH)} of deposit"
    )
    times = front.cell.length * rate / front.velocity
    lasting = f"These are {times:.3g} such factors while a flat front crosses the gap."
    if math.isinf(k):
        yield "Without surface energy ripples of all lengths grow, the shorter the faster."
        yield f"The shortest grow {pace}. {lasting}"
        if times > _MANY:
            yield "The finest structure that the mesh can show grows most, so results depend on the mesh."
        return
    critical = rounded(math.tau / front.critical_wavenumber, LENGTH)
    if k == 0.0:
        yield f"Ripples longer than {critical} grow, none of them faster than the whole front advances."
    else:
        fastest = rounded(math.tau / k, LENGTH)
        yield f"Ripples longer than {critical} grow, shorter ones decay by capillarity."
        yield f"The fastest are {fastest} long. They grow {pace}. {lasting}"
    longest = rounded(2.0 * width, LENGTH)
    room = f"The cell is {rounded(width, LENGTH)} wide"
    fit = f"{room}: ripples of {longest}/m fit between its walls, m a whole number"
    if finding.fitting is None:
        yield f"{fit}. None of them grows: a flat front stays flat in this cell."
        return
    mode, mode_rate = finding.fitting
    which = f"{rounded(math.tau / mode, LENGTH)} (m = {mode * width / math.pi:.0f})"
    count = int(finding.modes)
    grow = "The first grows" if count == 1 else f"The first {count} grow"
    yield f"{fit}. {grow}, fastest that of {which}: by e in {duration(1.0 / mode_rate)}."


def _curve(finding: Finding) -> dict[str, Any]:
    wavelengths = finding.wavelengths(_CURVE)
    rates = finding.front.growth_rate(math.tau / wavelengths)
    return {"wavelength_um": (wavelengths * 1e6).tolist(), "rate_1_s": rates.tolist()}


def _shown(finding: Finding, numbers: dict[str, Any]) -> RenderableType:
    front = finding.front
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    share = abs(front.current) / front.cell.limiting_current
    current = f"{rounded(front.current, CURRENT_DENSITY)}, {share:.3g} of the limiting one"
    low, high = (concentration / 1e3 for concentration in front.concentrations)
    ends = f"{low:.4g} mol/L at the front, {high:.4g} opposite"
    facts.add_row("control", numbers["segment"])
    facts.add_row("steady state", f"{front.voltage:.4g} V, {current}")
    facts.add_row("concentration", ends)
    facts.add_row("flat front", f"{front.velocity * 1e6:.4g} um/s")
    lines = [Padding(Text(line), _INDENT) for line in numbers["meaning"]]
    cautions = [Padding(Text(f"- {line}"), _INDENT) for line in numbers["warnings"]]
    head: list[RenderableType] = [Text("Mind", style="bold yellow"), *cautions] if cautions else []
    meaning = Text("What it means", style="bold")
    return Group(_heading(numbers), "", facts, "", _table(finding), "", meaning, *lines, *head)


def _heading(numbers: dict[str, Any]) -> Text:
    return Text(f"{numbers['title']}: ripples on a flat front", style="bold")


def _table(finding: Finding) -> Table:
    """Rate over wavelength."""
    table = Table(box=None, pad_edge=False)
    for name in ("wavelength", "k (1/um)", "omega (1/s)"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    marks = {finding.front.critical_wavenumber: "critical", finding.fastest[0]: "fastest"}
    rows = {math.tau / k: mark for k, mark in marks.items() if 0.0 < k < math.inf}
    rows = {float(f"{x:.2g}"): "" for x in finding.wavelengths(_ROWS)} | rows
    for wavelength in sorted(rows):
        k = math.tau / wavelength
        rate = 0.0 if rows[wavelength] == "critical" else float(finding.front.growth_rate(k))
        style = "bold" if rows[wavelength] else ""
        cells = rounded(wavelength, LENGTH), f"{k * 1e-6:.4g}", f"{rate:.4g}"
        table.add_row(*cells, rows[wavelength], style=style)
    return table


def _draw(numbers: dict[str, Any], path: Path) -> None:
    """Rate over wavelength as a picture; its kind by the ending of `path`."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    from postprocess import style

    with style.publication():
        figure = Figure(figsize=(style.SINGLE, 2.4), layout="constrained")
        axes = figure.subplots()
        rates = np.array(numbers["rate_1_s"])
        axes.plot(numbers["wavelength_um"], rates, color=style.BLUE)
        axes.axhline(0.0, color=style.BLACK, linewidth=0.6)
        for name, mark in (("critical", "o"), ("fastest", "^")):
            place = numbers[f"{name}_wavelength_um"]
            if place is not None and place > 0.0:
                height = numbers["fastest_rate_1_s"] if name == "fastest" else 0.0
                label = f"{name}: {place:.3g} µm"
                axes.plot([place], [height], mark, color=style.VERMILION, markersize=4, label=label)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
        top = float(rates.max())
        if top > 0.0:
            axes.set_ylim(max(float(rates.min()), -top), 1.15 * top)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("wavelength (µm)")
        axes.set_ylabel("growth rate (1/s)")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path)
        except (OSError, ValueError) as error:
            raise CaseError(f"--plot {path}: the picture cannot be written: {error}") from None


def _microns(wavenumber: float) -> float | None:
    """Wavelength in um; None where it is infinite."""
    return math.tau / wavenumber * 1e6 if wavenumber > 0.0 else None
