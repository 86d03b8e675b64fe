"""What the verification studies found: as tables on the screen, as docs/verification.md, as JSON.

Written files are made to be compared from commit to commit: studies and rows keep their order, numbers are
rounded, and what is rounding error only shows as a bound.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from verification.plots import draw
from verification.rows import Outcome, Row

ROUNDING = 1e-10
"""Errors below this depend on the machine; they show as a bound."""
MARKS = {True: "pass", False: "FAIL"}
PICTURES = Path("img") / "verification"


@dataclass(frozen=True)
class About:
    """How the studies were run.

    Attributes:
        date: ISO date.
        versions: of the programs that took part.
        ranks: number of MPI ranks.
        quick: whether the quick versions ran.
        left_out: names of studies that did not run.
    """

    date: str
    versions: Mapping[str, str]
    ranks: int = 1
    quick: bool = False
    left_out: tuple[str, ...] = ()


def table(outcome: Outcome) -> Table:
    """Rows of a study for the screen."""
    shown: Any = Table(title=escape(outcome.study.title), title_justify="left", box=None, pad_edge=False)
    for column in ("case", "quantity"):
        shown.add_column(column, overflow="fold")
    for column in ("expected", "got", "error", "order"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("source", style="dim", overflow="fold")
    shown.add_column("", no_wrap=True)
    for row in outcome.result.rows:
        mark = "[green]pass[/]" if row.passed else "[bold red]FAIL[/]"
        shown.add_row(*(escape(cell) for cell in _cells(row)), escape(_source(row)), mark)
    return shown  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Entry:
    """One study of the report: its record, and its section of the page."""

    record: Mapping[str, Any]
    section: tuple[str, ...]


def write(outcomes: Sequence[Outcome], folder: Path, about: About, order: Sequence[str] = ()) -> list[Path]:
    """Write verification.md, verification.json and the plots in img/verification into `folder`.

    Args:
        outcomes: what ran, in the order to be shown.
        folder: made where it is missing.
        about: how it ran.
        order: names of all studies. Those that did not run keep what the report in `folder` says of them, and
            its date, if it is of the same kind (quick or not).

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, entries = [], kept(folder, about.quick)
    for outcome in outcomes:
        picture = PICTURES / f"{outcome.study.name}.png"
        drawn = draw(outcome.result.curves, folder / picture)
        written += [folder / picture] if drawn else []
        section = _section(outcome, picture if drawn else None)
        entries[outcome.study.name] = Entry(_study_record(outcome, about), tuple(section))
    names = [name for name in (order or [outcome.study.name for outcome in outcomes]) if name in entries]
    chosen = [entries[name] for name in names]
    left_out = tuple(name for name in order if name not in entries) or about.left_out
    about = replace(about, left_out=tuple(name for name in left_out if name not in names))
    page, data = folder / "verification.md", folder / "verification.json"
    page.write_text(markdown(chosen, about), encoding="utf-8")
    data.write_text(json.dumps(_record(chosen, about), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [page, data, *written]


def kept(folder: Path, quick: bool) -> dict[str, Entry]:
    """What the report in `folder` says, by study; nothing where there is none of this kind."""
    page, data = folder / "verification.md", folder / "verification.json"
    try:
        before = json.loads(data.read_text(encoding="utf-8"))
        text = page.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    if bool(before.get("quick")) != quick:
        return {}
    sections = {}
    for part in text.split('\n<a id="')[1:]:
        name, _, rest = part.partition('"></a>')
        sections[name] = ("", f'<a id="{name}"></a>', *rest.rstrip("\n").split("\n")[1:])
    return {
        study["name"]: Entry({"date": before["date"], **study}, sections[study["name"]])
        for study in before["studies"]
        if study["name"] in sections
    }


def markdown(entries: Sequence[Entry], about: About) -> str:
    """Build the report."""
    rows = [row for entry in entries for row in entry.record["rows"]]
    passed = sum(row["passed"] for row in rows)
    lines = [
        "# Verification",
        "",
        "Tertia compared with exact solutions, published numbers and other programs. This page is written by",
        "",
        f"    ./tertia verify{' --quick' if about.quick else ''} --write docs",
        "",
        f"last on {about.date}, with {about.ranks} MPI rank{'s' if about.ranks > 1 else ''}, "
        + ", ".join(f"{name} {version}" for name, version in about.versions.items())
        + ". Studies named on the command line are written anew, the others stay as they were.",
        "",
        f"**{passed} of {len(rows)} comparisons pass**, in {len(entries)} studies.",
    ]
    if about.quick:
        lines += ["", "These are the quick versions of the studies: coarser meshes, fewer cases."]
    if about.left_out:
        lines += ["", f"Not run here: {', '.join(about.left_out)}."]
    lines += [
        "",
        "The error is relative to what is expected, or absolute, in the unit given, where 0 is expected.",
        "A comparison passes when the error is within the tolerance and the measured order of convergence",
        "reaches the theoretical one (in parentheses), where there is one. Errors of mere rounding are given",
        "as a bound. In plots, points are computed and lines are the reference.",
        "",
        "| study | shows | comparisons | | run on |",
        "|---|---|---:|---|---|",
    ]
    for entry in entries:
        study = entry.record
        done, total = sum(row["passed"] for row in study["rows"]), len(study["rows"])
        title = f"[{_cell(study['title'])}](#{study['name']})"
        mark = MARKS[bool(study["passed"])]
        lines.append(f"| `{study['name']}` | {title} | {done} of {total} | {mark} | {study['date']} |")
    for entry in entries:
        lines += entry.section
    return "\n".join(lines) + "\n"


def _section(outcome: Outcome, picture: Path | None) -> list[str]:
    study = outcome.study
    lines = ["", f'<a id="{study.name}"></a>', "", f"## {study.title}", "", study.shows, ""]
    if outcome.result.rows:
        lines += [
            "| case | quantity | expected | got | error | tolerance | order | source | |",
            "|---|---|---:|---:|---:|---:|---:|---|---|",
        ]
    else:
        lines.append("The study compared nothing, which counts as a failure.")
    for row in outcome.result.rows:
        case, quantity, expected, got, error, order = (_cell(text) for text in _cells(row))
        tolerance, source = f"{row.tolerance:.1e}", _cell(_source(row))
        cells = (case, quantity, expected, got, error, tolerance, order, source, MARKS[row.passed])
        lines.append(f"| {' | '.join(cells)} |")
    if picture is not None:
        lines += ["", f"![{study.title}]({picture.as_posix()})"]
    return lines


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    """Case, quantity with unit, expected, got, error, order."""
    quantity = f"{row.quantity} ({row.unit})" if row.unit else row.quantity
    got = _bounded(row, number(row.got)) if row.expected == 0.0 else number(row.got)
    order = "" if row.order is None else f"{row.order:.2f}"
    if row.expected_order is not None:
        order += f" ({row.expected_order:g})"
    return row.case, quantity, number(row.expected), got, _bounded(row, f"{row.error:.1e}"), order.strip()


def _source(row: Row) -> str:
    return "; ".join(text for text in (row.source, row.note) if text)


def _bounded(row: Row, text: str) -> str:
    """`text`, or a bound where the error is rounding only."""
    limit = min(ROUNDING, row.tolerance)
    return f"< {limit:.0e}" if row.error < limit else text


def number(value: float) -> str:
    """Six digits."""
    return f"{value:.6g}"


def _cell(text: str) -> str:
    """Text that stays within its cell of a Markdown table."""
    return " ".join(text.replace("|", "\\|").split())


def _record(entries: Sequence[Entry], about: About) -> dict[str, Any]:
    return {
        "date": about.date,
        "versions": dict(about.versions),
        "ranks": about.ranks,
        "quick": about.quick,
        "left_out": list(about.left_out),
        "studies": [dict(entry.record) for entry in entries],
    }


def _study_record(outcome: Outcome, about: About) -> dict[str, Any]:
    return {
        "name": outcome.study.name,
        "title": outcome.study.title,
        "date": about.date,
        "passed": outcome.passed,
        "rows": [_row_record(row) for row in outcome.result.rows],
    }


def _row_record(row: Row) -> dict[str, Any]:
    """One row; an error below rounding is given as its bound, and said to be one."""
    limit = min(ROUNDING, row.tolerance)
    bound = bool(row.error < limit)  # of numpy in some rows
    return {
        "case": row.case,
        "quantity": row.quantity,
        "unit": row.unit,
        "expected": _rounded(row.expected, 6),
        "got": 0.0 if bound and row.expected == 0.0 else _rounded(row.got, 6),
        "error": limit if bound else _rounded(row.error, 2),
        "error_is_bound": bound,
        "tolerance": float(row.tolerance),
        "order": None if row.order is None else _rounded(row.order, 3),
        "expected_order": row.expected_order,
        "passed": row.passed,
        "source": row.source,
        "note": row.note,
    }


def _rounded(value: float, digits: int) -> float | None:
    """Rounded to significant digits; JSON knows no infinity and no NaN."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
