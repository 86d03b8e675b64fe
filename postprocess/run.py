"""Read a run folder, finished or interrupted.

A run that was stopped in the middle of a write leaves a truncated last line in `metrics.csv`, a truncated
last front, a truncated last field file or no `summary.json`. Those remains are left out; damage anywhere
else is an error, because it cannot come from an interruption.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from postprocess.fields import Field, is_complete, read_field
from postprocess.fronts import Front, read_fronts
from postprocess.grids import Grid, read_grid
from postprocess.shells import Shell, numbered, read_shell
from postprocess.tables import Floats, RunError, complete_lines, numbers, read_table

__all__ = ["Run", "RunError"]


@dataclass(frozen=True)
class Run:
    """What a run folder holds.

    Attributes:
        folder: The run folder.
        title: Title of the case, or the folder's name.
        metrics: Column name -> values, one per accepted step, shape (steps,). Units are in the names.
        fronts: Surfaces of the working electrode in order of time; none in 3D.
        counters: Surfaces of the counter electrode, where it moves.
        shell_files: Files with the surfaces of the working electrode in 3D, and their times in s.
        field_times_s: Times at which fields were written, s.
        field_files: The files that hold them, in the same order; read one with `field`.
        summary: Contents of `summary.json`; empty when the run did not come to an end.
    """

    folder: Path
    title: str
    metrics: Mapping[str, Floats]
    fronts: tuple[Front, ...]
    counters: tuple[Front, ...]
    shell_files: Mapping[Path, float]
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
            metrics, fronts = _read_metrics(folder / "metrics.csv"), read_fronts(folder / "front", "front")
            counters = read_fronts(folder / "front", "counter", fronts[0] if fronts else None)
            shells = {path: t for path, t in numbered(folder / "front", times).items() if is_complete(path)}
            title = _title(folder, summary)
        except OSError as error:
            raise RunError(f"{error.filename} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise RunError(f"A file of run {folder} is not text: {error}.") from error
        return cls(folder, title, metrics, fronts, counters, shells, times, files, summary)

    @property
    def finished(self) -> bool:
        """Whether the run came to an end of its own and wrote its summary."""
        return bool(self.summary)

    @property
    def fixed(self) -> bool:
        """Whether the geometry was fixed: such a run went through a program of segments and has no fronts."""
        return "segment" in self.metrics and not self.fronts and not self.shell_files

    @property
    def solid(self) -> bool:
        """Whether it is a growing cell in 3D, whose electrode is a surface of triangles."""
        return bool(self.shell_files)

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

    @property
    def shell_times_s(self) -> tuple[float, ...]:
        """Times at which surfaces were written in 3D, s."""
        return tuple(self.shell_files.values())

    def shell(self, index: int) -> Shell:
        """Read a surface in 3D by its place among `shell_times_s`, negative from the end.

        Raises:
            RunError: The file is damaged.
        """
        path, time = list(self.shell_files.items())[index]
        try:
            return read_shell(path, time)
        except ValueError as error:
            raise RunError(f"{error}.") from error

    def electrodes_at(self, time_s: float) -> list[Front]:
        """Surfaces nearest to `time_s`: that of the working electrode, that of a moving counter electrode."""
        near = (min(one, key=lambda front: abs(front.time_s - time_s)) for one in self._moving)
        return list(near)

    @property
    def _moving(self) -> list[tuple[Front, ...]]:
        return [fronts for fronts in (self.fronts, self.counters) if fronts]

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


def _read_metrics(path: Path) -> dict[str, Floats]:
    table = read_table(complete_lines(path), path)
    if not table:
        raise RunError(f"{path} is empty: the run had not begun.")
    return {name: numbers(column, name, path) for name, column in table.items()}


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
