"""One HTML page about a run: what was run, verdict, closures, figures, curves and a view of the cell.

The page holds all it needs, the drawing library (Plotly, MIT licence) included: it opens from a disk without
a network.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postprocess import page
from postprocess.optional import need
from postprocess.run import Run, RunError

if TYPE_CHECKING:
    from collections.abc import Callable

CAPTIONS = {
    "front": "The surface of the deposit in time.",
    "concentration": "Concentration of the depositing ion, deposit, and lines of its flux.",
    "current": "Current density along the electrodes.",
    "rims": "Current density around electrodes that turn round.",
    "history": "Readings and metrics against time.",
    "instrument": "Voltage and current against time and capacity.",
    "fields": "Concentrations and potentials in the cell.",
    "profiles": "Concentrations and potentials across the cell.",
    "voltammogram": "Current density against voltage.",
}
"""In the order of the page."""
VERDICTS = {
    "flat": "a closed film: coverage above 0.99, roughness at most a twentieth of the mean thickness",
    "bump": "neither a flat film nor a dendrite",
    "dendrite": "a protrusion at least as high as it is wide, and the tip most of the greatest thickness",
    "short circuit": "the deposit reached the counter electrode",
}
NUMBERS = {
    "time_s": "time (s)",
    "voltage_V": "voltage (V)",
    "current_A_m2": "current density (A/m²)",
    "capacity_mAh_cm2": "capacity (mAh/cm²)",
    "thickness_mean_um": "mean thickness (µm)",
    "thickness_max_um": "maximum thickness (µm)",
    "roughness_um": "RMS roughness (µm)",
    "tip_height_um": "tip height (µm)",
    "aspect_ratio": "aspect ratio",
    "coverage": "coverage",
    "dead_metal_um2": "dead metal (µm²)",
    "dead_metal_um3": "dead metal (µm³)",
    "trapped_electrolyte_um2": "trapped electrolyte (µm²)",
}
CLOSURES = {
    "faraday_error": "deposited volume against V_m Q/(nF), relative",
    "mass_error": "balance of the ions, largest relative defect",
    "mass_error_max": "balance of the species, largest relative defect of the run",
    "current_error_max": "sum of the currents of all terminals over the largest, largest of the run",
    "largest_remeshing_defect": "amount that interpolation at a remeshing alone would have changed, relative",
}
LIMITS = {"moving_mesh": 1e-3, "phase_field": 5e-3}
"""Promised closure of volume and charge, by the way the surface is represented."""
WORK = {
    "steps": "time steps",
    "steps_rejected": "steps made again",
    "remeshes": "remeshings",
    "cells_max": "most cells of the mesh",
    "cells": "cells of the mesh",
    "unknowns": "unknowns",
    "newton_iterations": "Newton iterations",
    "ranks": "MPI ranks",
    "wall_s": "wall time (s)",
}
LICENCE = "plotly.js is copyright of Plotly, Inc., MIT licence."


def report(run: Path, out: Path | None = None) -> list[Path]:
    """Write the page of a run, finished or interrupted; pictures are made where they are missing or old.

    Args:
        run: Run folder.
        out: The file; RUN/report.html where not given.

    Returns:
        The file.

    Raises:
        RunError: The folder is not a run, or Plotly is missing, or the file cannot be written.
    """
    need("plotly", "A report")
    data = Run.read(run)
    target = out or data.folder / "report.html"
    text = build(data)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise RunError(f"{target} cannot be written: {error.strerror}.") from error
    return [target]


def build(run: Run) -> str:
    """The page as text."""
    from plotly.offline import get_plotlyjs

    from postprocess import interactive

    case = _toml(run.folder / "case.toml")
    sections = [("Result", _result(run)), ("Closures", _closures(run, case))]
    makers: list[tuple[str, str, str, Callable[[Run], Any]]] = [
        ("Cell", "cell", _cell_hint(run), interactive.cell_view),
        (
            "Curves",
            "curves",
            "Point at a curve for its values; drag to zoom, double-click to return.",
            interactive.curves,
        ),
        ("Voltammogram", "voltammogram", "Point at a curve for its values.", interactive.voltammogram),
    ]
    for heading, name, hint, maker in makers:
        figure = maker(run)
        if figure is not None:
            sections.append((heading, f'<p class="soft">{escape(hint)}</p>\n{_inline(figure, name)}'))
    sections += [
        ("Pictures", _pictures(run)),
        ("Case", _case(run, case)),
        ("Provenance", _provenance(run)),
    ]
    code = page.script(get_plotlyjs())
    return page.document(run.title, sections, _head(run, case), code)


def _inline(figure: Any, name: str) -> str:
    import plotly.io

    settings = {"displaylogo": False, "responsive": True, "scrollZoom": name == "cell"}
    buttons = {"format": "svg", "filename": name}
    text: str = plotly.io.to_html(
        figure,
        config={**settings, "toImageButtonOptions": buttons, "plotlyServerURL": ""},
        include_plotlyjs=False,
        full_html=False,
        auto_play=False,
        div_id=f"plot-{name}",
        validate=True,
    )
    return text


def _cell_hint(run: Run) -> str:
    """How the view is used."""
    solid = run.solid or bool(run.field_files and run.grid(0).dimension == 3)
    turn = "Drag to turn, wheel to zoom." if solid else "Drag to zoom, wheel to zoom, double-click to return."
    return f"{turn} Point at a place for its values. The slider chooses the time, the buttons the quantity."


def _head(run: Run, case: Mapping[str, Any]) -> str:
    """Title, verdict and a sentence."""
    verdict = str(run.summary.get("verdict", ""))
    stop = run.summary.get("stop_reason")
    lines = [f"<h1>{escape(run.title)}</h1>"]
    if verdict:
        meaning = VERDICTS.get(verdict, "")
        lines.append(f'<p class="lead"><span class="verdict">{escape(verdict)}</span> {escape(meaning)}</p>')
    ended = f"Stopped because: {stop}." if stop else "This run is unfinished: it wrote no summary."
    paper = f" Case after doi {case['paper']}." if case.get("paper") else ""
    lines.append(
        f"<p>{escape(ended + paper)} Run folder: <code>{escape(run.folder.resolve().name)}</code></p>"
    )
    return "\n".join(lines)


def _result(run: Run) -> str:
    """Final numbers."""
    rows = [
        (label, _number(value)) for key, label in NUMBERS.items() if (value := _last(run, key)) is not None
    ]
    met = run.summary.get("short_circuit")
    if met:
        place = ", ".join(_number(float(met[f"{axis}_um"])) for axis in "xyz" if f"{axis}_um" in met)
        rows.append(("short circuit", f"after {_number(float(met['time_s']))} s at ({place}) µm"))
    known = {key: value for key in WORK if isinstance(value := run.summary.get(key), int | float)}
    work = [(WORK[key], _number(value)) for key, value in known.items()]
    return page.beside(page.table(rows, ("at the end", "")), page.table(work, ("work", "")))


def _closures(run: Run, case: Mapping[str, Any]) -> str:
    """What must be zero, and is within what was promised."""
    method = str(case.get("growth", {}).get("method", ""))
    rows = []
    for key, label in CLOSURES.items():
        value = _last(run, key)
        if value is None:
            continue
        limit = LIMITS.get(method) if key == "faraday_error" else None
        word = "" if limit is None else f"{'within' if abs(value) <= limit else 'ABOVE'} {100 * limit:g} %"
        rows.append((label, f"{value:.1e}", word))
    return page.table(rows, ("closure", "value", "promised")) if rows else "<p>None was written.</p>\n"


def _last(run: Run, key: str) -> float | None:
    """A final number from the summary, or the last row of the metrics; None where it has no meaning."""
    value = run.summary.get(key)
    if value is None and key in run.metrics and run.steps:
        value = run.metrics[key][-1]
    if not isinstance(value, int | float) or not np.isfinite(value):
        return None
    return float(value)


def _number(value: float) -> str:
    return f"{int(value)}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def _pictures(run: Run) -> str:
    """The pictures of the run."""
    from postprocess.pictures import plot

    found, note = _drawn(run), ""
    if not found or min(p.stat().st_mtime for p in found) < (run.folder / "metrics.csv").stat().st_mtime:
        try:
            plot(run.folder)
        except RunError as error:
            note = f"<p>{escape(str(error))}</p>\n"
        found = _drawn(run)
    return note + "".join(page.picture(path, CAPTIONS[path.stem]) for path in found)


def _drawn(run: Run) -> list[Path]:
    folder = run.folder / "pictures"
    return [path for name in CAPTIONS if (path := folder / f"{name}.png").is_file()]


def _case(run: Run, case: Mapping[str, Any]) -> str:
    """Values of the case and, beside those that no paper gives, why they were assumed."""
    reasons = {str(k): str(v) for k, v in case.get("assumptions", {}).items()}
    values = dict(page.flat({k: v for k, v in case.items() if k not in ("assumptions", "title", "paper")}))
    rows = [(key, value, reasons.get(key, "")) for key, value in values.items()]
    whole = [(key, "", reason) for key, reason in reasons.items() if key not in values]
    noun = "assumption" if len(reasons) == 1 else "assumptions"
    count = f"<p>{len(reasons)} {noun}: values that the source of the case does not give.</p>\n"
    text = count + page.table([*rows, *whole], ("key", "value", "assumed, because"), code=(0, 1))
    path = run.folder / "case.toml"
    return text + (page.folded("case.toml", path.read_text(encoding="utf-8")) if path.is_file() else "")


def _provenance(run: Run) -> str:
    """Where the numbers come from, and what the screen showed."""
    path, log = run.folder / "provenance.json", run.folder / "log.txt"
    text = ""
    if path.is_file():
        try:
            text = page.table(list(page.flat(json.loads(path.read_text(encoding="utf-8")))), code=(0,))
        except json.JSONDecodeError as error:
            raise RunError(f"{path} is not JSON: {error}.") from error
    if log.is_file():
        text += page.folded("log.txt", log.read_text(encoding="utf-8", errors="replace"))
    return text + f'<p class="soft">{LICENCE}</p>\n'


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RunError(f"{path} is not TOML: {error}.") from error
