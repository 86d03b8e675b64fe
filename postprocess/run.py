"""Read a run folder, finished or interrupted.

A run that was stopped in the middle of a write leaves a truncated last line in `metrics.csv`, a truncated
last front, a truncated last field file or no `summary.json`. Those remains are left out; damage anywhere
else is an error, because it cannot come from an interruption.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from postprocess.fields import Field, is_complete, read_field
from postprocess.grids import Grid, read_grid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FRONT_COLUMNS = ("x_um", "y_um", "surface", "coverage", "patch", "current_A_m2")


class RunError(Exception):
    """A folder that cannot be read as a run; the message is one sentence for the user."""


@dataclass(frozen=True)
class Front:
    """The electrode surface at one output time: an open polyline, metal below it, electrolyte above.

    Attributes:
        time_s: Time, s.
        charge_C_m2: Charge deposited per projected electrode area, C/m2 (nan when not written).
        x_um: Vertex abscissae, micrometres, shape (n,).
        y_um: Vertex heights above the bare substrate, micrometres, shape (n,).
        surface: What each edge k -> k+1 is made of, shape (n-1,): "deposit" or a substrate surface.
        coverage: Part of each edge covered by deposit, shape (n-1,).
        patch: Floating deposit each edge belongs to, -1 in contact with the collector, shape (n-1,).
        current_A_m2: Current density of each edge, A/m2, negative where metal deposits, shape (n-1,).
    """

    time_s: float
    charge_C_m2: float
    x_um: Floats
    y_um: Floats
    surface: npt.NDArray[np.str_]
    coverage: Floats
    patch: Ints
    current_A_m2: Floats

    @property
    def width_um(self) -> float:
        """Width of the cell, micrometres."""
        return float(self.x_um[-1] - self.x_um[0])

    @property
    def top_um(self) -> float:
        """Highest point of the electrode, micrometres."""
        return float(self.y_um.max())

    def spans(self, surface: str) -> list[tuple[float, float]]:
        """Intervals of x (micrometres) covered by runs of neighbouring edges made of `surface`."""
        inside = np.concatenate(([False], self.surface == surface, [False]))
        first, last = np.flatnonzero(inside[1:] & ~inside[:-1]), np.flatnonzero(~inside[1:] & inside[:-1])
        return [(float(self.x_um[a]), float(self.x_um[b])) for a, b in zip(first, last, strict=True)]


@dataclass(frozen=True)
class Run:
    """What a run folder holds.

    Attributes:
        folder: The run folder.
        title: Title of the case, or the folder's name.
        metrics: Column name -> values, one per accepted step, shape (steps,). Units are in the names.
        fronts: Electrode surfaces in order of time.
        field_times_s: Times at which fields were written, s.
        field_files: The files that hold them, in the same order; read one with `field`.
        summary: Contents of `summary.json`; empty when the run did not come to an end.
    """

    folder: Path
    title: str
    metrics: Mapping[str, Floats]
    fronts: tuple[Front, ...]
    field_times_s: Floats
    field_files: tuple[Path, ...]
    summary: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path | str) -> Run:
        """Read the run in `folder`; fields stay on disk until asked for.

        Raises:
            RunError: The folder is missing, is not a run folder, or holds a damaged file.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise RunError(f"Run folder {folder} does not exist.")
        if not (folder / "metrics.csv").is_file():
            raise RunError(f"{folder} is not a run folder: it holds no metrics.csv.")
        try:
            summary = _read_summary(folder / "summary.json")
            times, files = _read_collection(folder / "fields.pvd")
            metrics, fronts = _read_metrics(folder / "metrics.csv"), _read_fronts(folder / "front")
            title = _title(folder, summary)
        except OSError as error:
            raise RunError(f"{error.filename} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise RunError(f"A file of run {folder} is not text: {error}.") from error
        return cls(folder, title, metrics, fronts, times, files, summary)

    @property
    def finished(self) -> bool:
        """Whether the run came to an end of its own and wrote its summary."""
        return bool(self.summary)

    @property
    def fixed(self) -> bool:
        """Whether the geometry was fixed: such a run went through a program of segments and has no fronts."""
        return "segment" in self.metrics and not self.fronts

    @property
    def steps(self) -> int:
        """Number of accepted steps."""
        return len(next(iter(self.metrics.values())))

    def metric(self, name: str) -> Floats:
        """Values of one column of `metrics.csv`, shape (steps,).

        Raises:
            RunError: There is no such column.
        """
        if name not in self.metrics:
            raise RunError(f"{self.folder / 'metrics.csv'} has no column {name}.")
        return self.metrics[name]

    def field(self, index: int) -> Field:
        """Read the fields written at `field_times_s[index]` (negative counts from the end).

        Raises:
            RunError: The file is damaged.
        """
        try:
            return read_field(self.field_files[index], float(self.field_times_s[index]))
        except ValueError as error:
            raise RunError(f"{error}.") from error

    def grid(self, index: int) -> Grid:
        """As `field`, for a mesh of any dimension.

        Raises:
            RunError: The file is damaged.
        """
        try:
            return read_grid(self.field_files[index], float(self.field_times_s[index]))
        except ValueError as error:
            raise RunError(f"{error}.") from error

    def front_at(self, time_s: float) -> Front:
        """The front written nearest to `time_s`.

        Raises:
            RunError: The run holds no front.
        """
        if not self.fronts:
            raise RunError(f"Run {self.folder} holds no front.")
        return min(self.fronts, key=lambda front: abs(front.time_s - time_s))


def _read_summary(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise RunError(f"{path} is not JSON: {error}.") from error
    if not isinstance(summary, dict):
        raise RunError(f"{path} does not hold a table of names and values.")
    return summary


def _title(folder: Path, summary: Mapping[str, Any]) -> str:
    title = summary.get("title")
    if not title and (folder / "case.toml").is_file():
        try:
            title = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8")).get("title")
        except tomllib.TOMLDecodeError as error:
            raise RunError(f"{folder / 'case.toml'} is not TOML: {error}.") from error
    return str(title or folder.resolve().name)


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


def _read_metrics(path: Path) -> dict[str, Floats]:
    table = read_table(complete_lines(path), path)
    if not table:
        raise RunError(f"{path} is empty: the run had not begun.")
    return {name: numbers(column, name, path) for name, column in table.items()}


def _read_fronts(folder: Path) -> tuple[Front, ...]:
    fronts: list[Front] = []
    paths = sorted(folder.glob("front_*.csv"))
    for path in paths:
        front = _read_front(path)
        whole = front is not None and (
            not fronts or np.isclose(front.x_um[-1], fronts[0].x_um[-1], rtol=1e-6)
        )
        if front is not None and whole:
            fronts.append(front)
        elif path != paths[-1]:
            raise RunError(f"{path} is cut off, or has no time in its first line.")
    return tuple(sorted(fronts, key=lambda front: front.time_s))


def _read_front(path: Path) -> Front | None:
    lines = complete_lines(path)
    comments = " ".join(line for line in lines if line.startswith("#"))
    notes = {key: float(value) for key, value in re.findall(r"(\w+)=([-+.\deE]+|nan|inf)(?=\s|$)", comments)}
    table = read_table([line for line in lines if not line.startswith("#")], path)
    if "time_s" not in notes or len(table.get("x_um", ())) < 2:
        return None
    missing = [name for name in FRONT_COLUMNS if name not in table]
    if missing:
        raise RunError(f"{path} has no column {missing[0]}.")
    value = {name: numbers(table[name], name, path) for name in FRONT_COLUMNS if name != "surface"}
    return Front(
        notes["time_s"],
        notes.get("charge_C_m2", float("nan")),
        value["x_um"],
        value["y_um"],
        np.array(table["surface"][:-1], dtype=np.str_),
        value["coverage"][:-1],
        value["patch"][:-1].astype(np.int64),
        value["current_A_m2"][:-1],
    )


def _read_collection(path: Path) -> tuple[Floats, tuple[Path, ...]]:
    """Times and files of a ParaView collection, up to the first file that is not complete.

    Entries are taken one by one, so that a collection cut off in the middle still gives those before the cut.
    """
    found: list[tuple[float, Path]] = []
    if path.is_file():
        for entry in re.findall(r"<DataSet\b([^<>]*)/>", path.read_text(encoding="utf-8")):
            attribute = dict(re.findall(r'(\w+)="([^"]*)"', entry))
            if "timestep" not in attribute or "file" not in attribute:
                raise RunError(f"{path} has an entry without time or file: <DataSet{entry}/>.")
            found.append((float(attribute["timestep"]), path.parent / attribute["file"]))
    if any(not is_complete(file) for _, file in found[:-1]):
        broken = next(file for _, file in found[:-1] if not is_complete(file))
        raise RunError(f"{broken}, named by {path.name}, is missing or cut off.")
    found = [(time, file) for time, file in found if is_complete(file)]
    found.sort(key=lambda item: item[0])
    return np.array([time for time, _ in found], dtype=float), tuple(file for _, file in found)
