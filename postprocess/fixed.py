"""What only runs of fixed geometry have: the segments of the program, and currents along electrodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from postprocess.run import Run
from postprocess.tables import Floats, RunError, complete_lines, numbers, read_table

SPECIES = re.compile(r"c_(.+)_mol_m3")


@dataclass(frozen=True)
class Stage:
    """A segment of the program as it went; one that was still going on has no name and no kind.

    Attributes:
        number: In the program, from 1.
        name: As in the program, such as "plate 3/10".
        kind: "current", "potential", "load", "rest" or "sweep".
        rows: Its rows of `metrics.csv`.
    """

    number: int
    name: str
    kind: str
    rows: slice

    def times(self, run: Run) -> tuple[float, float]:
        """Begin and end, s."""
        time = run.metric("time_s")[self.rows]
        return float(time[0]), float(time[-1])


@dataclass(frozen=True)
class Electrode:
    """Current density along one interface at one output time.

    Attributes:
        boundary: Name of the interface.
        time_s: Time, s.
        places_um: Middles of the facets, micrometres, shape (n, 2) or (n, 3).
        size: Of the facets, micrometres or square micrometres, shape (n,).
        corners_um: Corners of the facets, micrometres, shape (n, 2, 2) or (n, 3, 3).
        values: All columns of the file, shape (n,) each.
    """

    boundary: str
    time_s: float
    places_um: Floats
    size: Floats
    corners_um: Floats
    values: Mapping[str, Floats]

    @property
    def current(self) -> Floats:
        """Current density, A/m2, negative where metal deposits."""
        return self.values["current_A_m2"]


def stages(run: Run) -> list[Stage]:
    """The segments of a run in order.

    Raises:
        RunError: `segments.csv` is damaged.
    """
    path = run.folder / "segments.csv"
    known: dict[int, tuple[str, str]] = {}
    if path.is_file():
        table = read_table(complete_lines(path), path)
        for number, name, kind in zip(*(table[key] for key in ("segment", "name", "kind")), strict=True):
            known[int(number)] = name, kind
    column = run.metric("segment").astype(int)
    starts = np.flatnonzero(np.r_[True, np.diff(column) != 0]) if len(column) else np.empty(0, dtype=int)
    ends = np.r_[starts[1:], len(column)]
    return [
        Stage(int(column[a]), *known.get(int(column[a]), ("", "")), slice(int(a), int(b)))
        for a, b in zip(starts, ends, strict=True)
    ]


def species(names: Mapping[str, object]) -> dict[str, str]:
    """Array name -> species of the arrays that are concentrations."""
    return {name: found[1] for name in names if (found := SPECIES.fullmatch(name))}


def electrodes(run: Run) -> dict[str, list[Electrode]]:
    """Currents along every interface in order of time; empty in one dimension.

    Raises:
        RunError: A file is damaged.
    """
    found: dict[str, list[Electrode]] = {}
    for path in sorted((run.folder / "electrodes").glob("*.csv")):
        electrode = _read(path)
        found.setdefault(electrode.boundary, []).append(electrode)
    return {name: sorted(items, key=lambda e: e.time_s) for name, items in found.items()}


def _read(path: Path) -> Electrode:
    lines = complete_lines(path)
    comments = "\n".join(line for line in lines if line.startswith("#"))
    time, name = re.search(r"time_s=(\S+)", comments), re.search(r"boundary: (.+)", comments)
    table = read_table([line for line in lines if not line.startswith("#")], path)
    size = table.get("size_um", table.get("size_um2"))
    if time is None or name is None or size is None or "current_A_m2" not in table:
        raise RunError(f"{path} is no table of currents along an electrode.")
    values = {column: numbers(entries, column, path) for column, entries in table.items()}
    axes = [axis for axis in "xyz" if f"{axis}_um" in values]
    places = np.column_stack([values[f"{axis}_um"] for axis in axes])
    corners = np.stack(
        [np.column_stack([values[f"{axis}{k + 1}_um"] for axis in axes]) for k in range(len(axes))], axis=1
    )
    return Electrode(name[1], float(time[1]), places, numbers(size, "size", path), corners, values)
