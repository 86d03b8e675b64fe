"""The plan of a sweep: which runs, with which values; and the folder that it is kept in.

sweep.json          the plan
cases/0001.toml     the case of a run, complete
runs/0001/          its run folder
attempts/0001.json  how it went, the last time that it was started; 0001.txt what it printed
sweep.csv, sweep.parquet, pictures/   what came of all, see `cases.sweep.table`
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cases import folders, loader
from cases.dump import dump
from cases.errors import CaseError
from cases.loader import AnyCase
from cases.sweep import axes
from cases.sweep.axes import Axis, Values
from cases.units import convert

FORMAT = 1
MOST = 10_000
"""Runs that a sweep may have."""


@dataclass(frozen=True)
class Key:
    """A varied key.

    Attributes:
        key: dotted.
        kind: "values", "range" or "range log".
        unit: SI unit of its values; "" for a plain number, None for texts.
        lab: unit that people think in.
        whole: whether it is a whole number.
    """

    key: str
    kind: str
    unit: str | None = None
    lab: str | None = None
    whole: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the table: in SI and, where that is another one, in the unit people think in."""
        if not self.unit:
            return (self.key,)
        names = (f"{self.key}_{suffix(self.unit)}", f"{self.key}_{suffix(self.lab or self.unit)}")
        return tuple(dict.fromkeys(names))

    @property
    def label(self) -> str:
        """For the axis of a map, which shows the last of the columns."""
        return f"{self.key} / {self.lab}" if self.lab else self.key


def suffix(unit: str) -> str:
    """A unit as the end of a name: "mA/cm^2" is mA_cm2, "1/s" is per_s."""
    words = re.sub(r"[\^()]", "", re.sub(r"^1/", "per_", unit))
    return re.sub(r"[/ *]+", "_", words)


@dataclass(frozen=True)
class Point:
    """One run.

    Attributes:
        texts: value of each key, as after `--set`.
        numbers: the values in SI; None where they are no numbers.
        lab: the values in the units that people think in.
        refused: why it cannot be run.
    """

    texts: tuple[str, ...]
    numbers: tuple[float | None, ...]
    lab: tuple[float | None, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is varied, and the runs; a run is known by its number, from 1.

    Attributes:
        case: name of the case that is varied.
        title: of it.
        overrides: what `--set` said.
        samples, seed: of the Latin hypercube.
        base: the case without variation, complete, as a file.
    """

    case: str
    title: str
    base: str
    keys: tuple[Key, ...]
    points: tuple[Point, ...]
    overrides: tuple[str, ...] = ()
    samples: int | None = None
    seed: int = 0
    format: int = field(default=FORMAT)

    def runnable(self) -> list[int]:
        """Numbers of the runs that are not refused."""
        return [number for number, point in enumerate(self.points, 1) if not point.refused]

    def describe(self, number: int) -> str:
        """Keys and values of a run."""
        texts = self.points[number - 1].texts
        return ", ".join(f"{key.key} = {text}" for key, text in zip(self.keys, texts, strict=True))


@dataclass(frozen=True)
class Sweep:
    """A plan in its folder."""

    folder: Path
    plan: Plan

    def case(self, number: int) -> Path:
        """File of the case of a run."""
        return self.folder / "cases" / f"{number:04d}.toml"

    def run(self, number: int) -> Path:
        """Folder of a run."""
        return self.folder / "runs" / f"{number:04d}"

    def attempt(self, number: int, suffix: str = ".json") -> Path:
        """How a run went (.json), what it printed (.txt), or its lock (.lock)."""
        return self.folder / "attempts" / f"{number:04d}{suffix}"


def make(
    source: str, overrides: Sequence[str], vary: Sequence[str], samples: int | None, seed: int
) -> tuple[Plan, dict[int, str]]:
    """Plan a sweep, and write the case of every run that is possible; all cases are checked here.

    Combinations that contradict each other (islands that overlap) are left out and say why. But a value
    that no combination takes is bad input.

    Raises:
        CaseError: the case, a key or a value is bad, or nothing is left to run.
    """
    if not vary:
        raise CaseError('sweep: expected at least one --vary, such as --vary mesh.refine="1,2"')
    given = [axes.parse(text) for text in vary]
    base = loader.load(source, overrides)
    texts = axes.points(given, base, samples, seed)
    if len(texts) > MOST:
        raise CaseError(f"sweep: these are {len(texts)} runs, expected at most {MOST}")
    found: list[tuple[AnyCase | None, tuple[str, ...]]] = []
    for values in texts:
        assigned = [f"{axis.key}={text}" for axis, text in zip(given, values, strict=True)]
        try:
            found.append((loader.load(source, [*overrides, *assigned]), ()))
        except CaseError as error:
            found.append((None, error.problems))
    _refuse(given, texts, [refused for _, refused in found])
    columns = [_column(axis, [case for case, _ in found]) for axis in given]
    points = tuple(
        Point(
            values,
            tuple(column.numbers[n] for column in columns),
            tuple(column.lab[n] for column in columns),
            refused,
        )
        for n, (values, (_, refused)) in enumerate(zip(texts, found, strict=True))
    )
    name = folders.name_of(loader.find(source))
    keys = tuple(column.key for column in columns)
    plan = Plan(name, base.title, dump(base), keys, points, tuple(overrides), samples, seed)
    return plan, {n: dump(case) for n, (case, _) in enumerate(found, 1) if case is not None}


def place(plan: Plan, files: Mapping[int, str], out: Path | None) -> tuple[Sweep, bool]:
    """Find or make the folder of a plan; whether it was there already, to be continued.

    Raises:
        CaseError: `out` holds something else, or cannot be written.
    """
    if out is not None:
        if (out / "sweep.json").is_file():
            if read(out).plan != plan:
                raise CaseError(f"--out {out}: holds another sweep; choose another folder")
            return Sweep(out, plan), True
        if out.is_dir() and any(out.iterdir()):
            raise CaseError(f"--out {out}: holds files already; choose another folder")
        return _write(Sweep(out, plan), files), False
    number = 1
    while True:
        folder = Path("sweeps") / (plan.case if number == 1 else f"{plan.case}-{number}")
        if not folder.exists():
            return _write(Sweep(folder, plan), files), False
        if (folder / "sweep.json").is_file() and read(folder).plan == plan:
            return Sweep(folder, plan), True
        number += 1


def read(folder: Path) -> Sweep:
    """The sweep in a folder.

    Raises:
        CaseError: there is none, or it is of another version.
    """
    file = folder / "sweep.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if found.get("format") != FORMAT:
            raise CaseError(f"{file}: made by another version of Tertia, format {found.get('format')}")
        del found["axes"]  # for the maps
        keys = tuple(Key(**key) for key in found.pop("keys"))
        points = tuple(
            Point(*(tuple(p[name]) for name in ("texts", "numbers", "lab", "refused")))
            for p in found.pop("points")
        )
        overrides = tuple(found.pop("overrides"))
        return Sweep(folder, Plan(keys=keys, points=points, overrides=overrides, **found))
    except OSError as error:
        raise CaseError(f"{folder}: no sweep is there: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CaseError(f"{file}: not the plan of a sweep") from None


def _write(sweep: Sweep, files: Mapping[int, str]) -> Sweep:
    """The plan last: a folder with one is whole."""
    try:
        for name in ("cases", "runs", "attempts"):
            (sweep.folder / name).mkdir(parents=True, exist_ok=True)
        for number, text in files.items():
            sweep.case(number).write_text(text, encoding="utf-8")
        found = asdict(sweep.plan)
        found["axes"] = [{"column": k.columns[-1], "label": k.label, "kind": k.kind} for k in sweep.plan.keys]
        replace(sweep.folder / "sweep.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CaseError(f"{sweep.folder}: cannot be written to: {error.strerror}") from None
    return sweep


def replace(file: Path, text: str) -> None:
    """Write a small file in one go: whoever reads it finds the old one or the new one."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


@dataclass(frozen=True)
class _Column:
    """A key and its values in every run, in SI and in lab units; None where there is no number."""

    key: Key
    numbers: list[float | None]
    lab: list[float | None]


def _column(axis: Axis, cases: Sequence[AnyCase | None]) -> _Column:
    kind = "values" if isinstance(axis, Values) else "range log" if axis.log else "range"
    places = [None if case is None else axes.locate(case, axis.key) for case in cases]
    numbers = [None if place is None else _number(place.value) for place in places]
    known = [number for number in numbers if number is not None]
    found = next((place for place in places if place is not None), None)
    if found is None or not known:
        return _Column(Key(axis.key, kind), numbers, numbers)
    dimension = found.dimension
    if dimension is None:
        return _Column(Key(axis.key, kind, "", "", found.whole), numbers, numbers)
    lab = axes.lab_unit(known, dimension)
    shown = [None if number is None else convert(number, lab, dimension) for number in numbers]
    return _Column(Key(axis.key, kind, dimension.si, lab), numbers, shown)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _refuse(
    given: Sequence[Axis], texts: Sequence[tuple[str, ...]], refused: Sequence[tuple[str, ...]]
) -> None:
    """Bad input: a value that is refused in every combination, or no run at all."""
    problems: list[str] = []
    for k, axis in enumerate(given):
        for text in axis.texts if isinstance(axis, Values) else ():
            found = [why for values, why in zip(texts, refused, strict=True) if values[k] == text]
            if all(found):
                problems += [f"--vary {axis.key}: {line}" for line in found[0]]
    if not problems and all(refused):
        problems += [f"--vary {given[0].key}: {line}" for line in refused[0]]
    if problems:
        raise CaseError(dict.fromkeys(problems))
