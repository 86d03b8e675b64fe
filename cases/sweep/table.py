"""The table of a sweep: one row per run; what was varied, what became of it, the numbers of its summary."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from cases.errors import CaseError
from cases.sweep import attempt
from cases.sweep.plan import Sweep, replace

Cell = str | float | int | bool | None
_SKIPPED = ("title", "kind")


def rows(sweep: Sweep) -> list[dict[str, Cell]]:
    """One row per run, all with the same columns in the same order; None where a run has no such number."""
    found: list[dict[str, Cell]] = []
    for number in range(1, len(sweep.plan.points) + 1):
        became = attempt.outcome(sweep, number)
        row: dict[str, Cell] = {
            "number": number,
            "status": became.status,
            "message": became.message,
            **_varied(sweep, number),
            "seconds": became.seconds,
        }
        row.update(_summary(sweep.run(number)))
        found.append(row)
    columns = list(dict.fromkeys(column for row in found for column in row))
    tables = {column.split(".")[0] for column in columns if "." in column}  # null where a run has none
    columns = [column for column in columns if column not in tables]
    return [{column: row.get(column) for column in columns} for row in found]


def write(sweep: Sweep) -> list[Path]:
    """Write sweep.csv and sweep.parquet; returns the files.

    Raises:
        CaseError: a file cannot be written, or pyarrow, which writes the second, is missing.
    """
    made = rows(sweep)
    text, csv_file = io.StringIO(), sweep.folder / "sweep.csv"
    writer = csv.DictWriter(text, list(made[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(made)
    parquet = sweep.folder / "sweep.parquet"
    try:
        replace(csv_file, text.getvalue())
        _parquet(made, parquet)
    except OSError as error:
        raise CaseError(f"{sweep.folder}: the table cannot be written: {error.strerror or error}") from None
    except ImportError:
        raise CaseError(f"{csv_file} is written, {parquet} is not: pyarrow is not installed") from None
    return [csv_file, parquet]


def _parquet(made: Sequence[Mapping[str, Cell]], file: Path) -> None:
    arrow, writer = import_module("pyarrow"), import_module("pyarrow.parquet")
    table = arrow.table({column: arrow.array(_alike([row[column] for row in made])) for column in made[0]})
    part = file.with_name(f"{file.name}.part")
    writer.write_table(table, part)
    part.replace(file)


def _alike(cells: Sequence[Cell]) -> list[Cell]:
    """A column of one type: text where there is any, floats where there is one."""
    there = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in there):
        return [None if cell is None else str(cell) for cell in cells]
    if any(isinstance(cell, float) for cell in there):
        return [None if cell is None else float(cell) for cell in cells]
    return list(cells)


def _varied(sweep: Sweep, number: int) -> dict[str, Cell]:
    point, found = sweep.plan.points[number - 1], dict[str, Cell]()
    for key, text, value, lab in zip(sweep.plan.keys, point.texts, point.numbers, point.lab, strict=True):
        if not key.unit:
            found[key.key] = text if value is None else int(value) if key.whole else value
            continue
        names = key.columns
        found[names[0]] = value
        if len(names) > 1:
            found[names[1]] = lab
    return found


def _summary(run: Path) -> dict[str, Cell]:
    """Numbers and words of summary.json; tables in it with dotted names, lists left out."""
    try:
        found = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in _flat(found) if key not in _SKIPPED}


def _flat(table: Mapping[str, Any], head: str = "") -> list[tuple[str, Cell]]:
    found: list[tuple[str, Cell]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{head}{key}.")
        elif value is None or isinstance(value, str | float | int | bool):
            found.append((head + key, value))
    return found
