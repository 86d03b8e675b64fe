"""Records of papers as tables: on the screen, as CSV, as docs/reproduction.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from cases.reproduction.comparisons import NEAR, Kind
from cases.reproduction.record import Record, score

FAR = 0.01
"""Answers that move by less than this are left out of the sensitivity table."""


def error(row: Record) -> str:
    """Error in percent, with sign."""
    return "" if row["error"] is None else f"{100.0 * row['error']:+.1f} %"


def mark(row: Record) -> str:
    """What came of a row."""
    words = {
        Kind.PREDICTED: (f"within {NEAR:.0%}", "miss"),
        Kind.RANKING: ("as published", "WRONG"),
    }
    if row["passed"] is None or row["kind"] not in words:
        return ""
    return words[Kind(row["kind"])][0 if row["passed"] else 1]


def with_unit(row: Record) -> str:
    """Quantity and unit."""
    return f"{row['quantity']} ({row['unit']})" if row["unit"] else str(row["quantity"])


def score_line(rows: Sequence[Record]) -> str:
    """How many predictions and rankings are met."""
    near, points = score(rows, Kind.PREDICTED)
    right, orders = score(rows, Kind.RANKING)
    parts = (
        [f"{near} of {points} predictions within {NEAR:.0%}"] if points else ["no published point to predict"]
    )
    return ", ".join(parts + ([f"{right} of {orders} rankings and verdicts as published"] if orders else []))


def screen(record: Record) -> list[Table | str]:
    """What the terminal shows of a paper."""
    shown: Any = Table(title=escape(record["title"]), title_justify="left", box=None, pad_edge=False)
    shown.add_column("quantity", overflow="fold")
    for column in ("paper", "Tertia"):
        shown.add_column(column, justify="right", overflow="fold")
    shown.add_column("error", justify="right", no_wrap=True)
    for column in ("kind", ""):
        shown.add_column(column, no_wrap=True)
    for row in record["rows"]:
        colour = "red" if row["passed"] is False else "green" if row["passed"] else "dim"
        cells = (with_unit(row), row["paper"], row["got"], error(row), row["kind"])
        shown.add_row(*(escape(cell) for cell in cells), f"[{colour}]{mark(row)}[/]")
    found: list[Table | str] = [shown]
    found += [
        f"fitted: {escape(fit['electrode'])}, {fit['parameter']} {value_of(fit)} to {fit['point']}"
        for fit in record["fits"]
    ]
    found += [f"left out: {item['id']}: {item['why']}" for item in record["left_out"]]
    return [*found, f"[bold]{score_line(record['rows'])}[/], {record['seconds']:.0f} s\n"]


def value_of(fit: Record) -> str:
    """Value and unit of a fitted parameter."""
    return f"{fit['value']:.4g} {fit['unit']}".strip()


# --- CSV


def rows_csv(records: Iterable[Record]) -> str:
    """The comparisons."""
    columns = ["id", "quantity", "unit", "kind", "paper", "got", "number", "error", "passed", "note"]
    return _csv(
        ["source", *columns], [[r["name"], *(row[c] for c in columns)] for r in records for row in r["rows"]]
    )


def inputs_csv(records: Iterable[Record]) -> str:
    """The inputs, the fitted ones last."""
    columns = ["where", "name", "value", "origin", "source"]
    lines = []
    for record in records:
        lines += [[record["name"], *(item[c] for c in columns)] for item in record["inputs"]]
        for fit in record["fits"]:
            point = f"{fit['point']} = {fit['paper']:g} {fit['paper_unit']}"
            lines.append([record["name"], fit["electrode"], fit["parameter"], value_of(fit), "fitted", point])
    return _csv(["paper", *columns], lines)


def sensitivity_csv(records: Iterable[Record]) -> str:
    """How far every answer moves: relative changes."""
    return _csv(
        ["paper", "input", "change", "side", "id", "relative_change"],
        [
            [
                record["name"],
                move["name"],
                move["how"],
                move["side"],
                key,
                "" if value is None else f"{value:.5g}",
            ]
            for record in records
            for move in record["sensitivity"]
            for key, value in move["relative"].items()
        ],
    )


def _csv(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


# --- Markdown


def markdown(records: Sequence[Record]) -> str:
    """The page docs/reproduction.md."""
    rows = [row for record in records for row in record["rows"]]
    lines = [
        "# The papers beside the simulation",
        "",
        "This page is written by `./tertia reproduce --write docs` (`--no-growing`: symmetric cells only);",
        "its numbers are in the CSV files and in reproduction.json beside it. A paper named on the command",
        "line is written anew, the others stay as they were.",
        "",
        f"**{score_line(rows)}.**",
        "",
        "| kind | what it is |",
        "|---|---|",
        "| fitted | the one point of an electrode that its one parameter is fitted to; met by construction |",
        f"| predicted | everything else that is published; met within {NEAR:.0%}, missed otherwise; nothing "
        "is tuned |",
        "| ranking | an order of variants, or a verdict such as flat or dendrite; as published or wrong |",
        "| cross-check | one paper's value in the cell of another: two preparations of sodium; not counted |",
        "| unpublished | a prediction with no number among the published figures to compare with; not "
        "counted |",
        "",
        "An overpotential is that of the whole cell, two electrodes and what is between them. Simulations "
        "are case",
        "files run by the ordinary solver (`tertia run nisb_symmetric` and so on): one cycle at constant "
        "current,",
        "concentrations and all.",
    ]
    for record in records:
        lines += ["", *_paper(record)]
    return "\n".join(lines) + "\n"


def _paper(record: Record) -> list[str]:
    lines = [
        f"## {record['title']}",
        "",
        f"doi [{record['doi']}](https://doi.org/{record['doi']}). Run on {record['date']}: "
        f"**{score_line(record['rows'])}.**",
        "",
        record["about"],
        "",
        *_table(
            ["quantity", "paper", "Tertia", "error", "kind", ""],
            [
                [with_unit(row), row["paper"], row["got"], error(row), row["kind"], mark(row)]
                for row in record["rows"]
            ],
            right=(1, 2, 3),
        ),
    ]
    if notes := [row for row in record["rows"] if row["note"]]:
        lines += ["", "Remarks; for misses, the physics that is missing:", ""]
        lines += [f"- *{row['quantity']}*: {row['note']}" for row in notes]
    if record["left_out"]:
        lines += [
            "",
            "Left out: " + "; ".join(f"`{item['id']}` ({item['why']})" for item in record["left_out"]) + ".",
        ]
    if record["fits"]:
        lines += ["", "Fitted, one parameter per electrode:", ""]
        lines += _table(
            ["electrode", "parameter", "value", "to"],
            [
                [fit["electrode"], fit["parameter"], value_of(fit), f"{fit['paper']:g} {fit['paper_unit']}"]
                for fit in record["fits"]
            ],
        )
    lines += ["", "Inputs:", ""]
    lines += _table(
        ["input", "value", "", "source or reason", "case"],
        [[i["name"], i["value"], i["origin"], i["source"], i["where"]] for i in record["inputs"]],
    )
    if record["sensitivity"]:
        lines += ["", *_sensitivity(record)]
    return lines


def _sensitivity(record: Record) -> list[str]:
    """A table with a column for every answer that any change moves by more than `FAR`."""
    moves = record["sensitivity"]
    names = {row["id"]: row["quantity"] for row in record["rows"]}
    keys = [k for k in moves[0]["relative"] if any(abs(m["relative"][k] or 0.0) >= FAR for m in moves)]
    letters = {key: f"({number})" for number, key in enumerate(keys, 1)}
    lines = [
        "How far answers move with what the paper leaves out. Each input is changed both ways, everything "
        "is fitted",
        f"and run again; columns are the answers that move by {FAR:.0%} or more, a dash is a cell that "
        "cannot be run:",
        "",
        "; ".join(f"{letter} {names[key]}" for key, letter in letters.items()) + ".",
        "",
    ]
    body = [
        [
            f"{move['name']}, {move['side']} ({move['how']})",
            *("-" if (v := move["relative"][key]) is None else f"{100.0 * v:+.0f} %" for key in keys),
            ", ".join(names[key] for key in move["turned"]),
        ]
        for move in moves
    ]
    header = ["input", *letters.values(), "rankings that turn"]
    return lines + _table(header, body, right=tuple(range(1, len(keys) + 1)))


def _table(header: Sequence[str], body: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    rule = ["---:" if index in right else "---" for index in range(len(header))]
    return [f"| {' | '.join(map(_cell, line))} |" for line in (header, rule, *body)]


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())
