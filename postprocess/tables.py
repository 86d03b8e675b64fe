"""Tables of a run folder as text files: complete lines, columns, numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class RunError(Exception):
    """A folder that cannot be read as a run; the message is one sentence for the user."""


def complete_lines(path: Path) -> list[str]:
    """Lines that end in a line break: a writer stopped in the middle leaves the last one without."""
    with path.open(encoding="utf-8", newline="") as file:
        return [line.rstrip("\r\n") for line in file if line.endswith("\n")]


def numbers(column: list[str], name: str, path: Path) -> Floats:
    """A column as numbers, NaN where it is empty.

    Raises:
        RunError: It holds something else.
    """
    try:
        return np.array([float(value) if value else np.nan for value in column], dtype=float)
    except ValueError as error:
        raise RunError(f"Column {name} of {path} holds something else than numbers: {error}.") from error


def read_table(lines: list[str], path: Path) -> dict[str, list[str]]:
    """Columns of comma-separated lines as text.

    Raises:
        RunError: A line has another number of values than the first.
    """
    rows = list(csv.reader(lines))
    if not rows:
        return {}
    header = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise RunError(f"Row {number} of {path} has {len(row)} values under {len(header)} headings.")
    return {name: [row[k].strip() for row in rows[1:]] for k, name in enumerate(header)}
