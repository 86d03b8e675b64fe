"""What commands say to programs: JSON texts, the same facts as on the screen. See docs/command-line.md.

Keys stay stable. Numbers that are not finite are null, since JSON has none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cases import loader
from cases.errors import CaseError
from cases.fixed.schema import FixedCase

if TYPE_CHECKING:
    from verification.rows import Outcome, Row, Study


def cases(files: Mapping[str, Path]) -> str:
    """Name, title, kind of cell and file of cases, in a list."""
    found = []
    for name, file in files.items():
        case = loader.load(file)
        kind = "fixed" if isinstance(case, FixedCase) else "growing"
        found.append({"name": name, "title": case.title, "kind": kind, "file": str(file)})
    return text(found)


def check(source: str, overrides: Sequence[str]) -> tuple[str, int]:
    """What `tertia check` finds, and its exit code: {valid, problems, case, derived, notes}."""
    from cases import overview

    try:
        case = loader.load(source, overrides)
    except CaseError as error:
        return text({"valid": False, "problems": list(error.problems)}), 2
    derived: dict[str, list[str]] = {}
    for name, value in overview.rows(case):
        derived.setdefault(name, []).append(value)
    found = {
        "valid": True,
        "problems": [],
        "case": case.model_dump(exclude_none=True),
        "derived": derived,
        "notes": overview.notes(case),
    }
    return text(found), 0


def run(folder: Path, code: int, pictures: Iterable[Path]) -> str:
    """What came of a run: {folder, exit_code, summary, pictures}; summary is null if it wrote none."""
    file = folder / "summary.json"
    summary = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    names = [str(picture) for picture in pictures]
    return text({"folder": str(folder), "exit_code": code, "summary": summary, "pictures": names})


def studies(known: Iterable[Study]) -> str:
    """Name, title and needs of verification studies."""
    return text([{"name": s.name, "title": s.title, "needs": s.peer or None} for s in known])


def outcomes(found: Sequence[Outcome]) -> str:
    """Every comparison of verification studies."""
    made = [
        {
            "name": outcome.study.name,
            "passed": bool(outcome.passed),
            "seconds": outcome.seconds,
            "rows": [
                {**asdict(row), "error": row.error, "passed": row.passed} for row in outcome.result.rows
            ],
        }
        for outcome in found
    ]
    return text({"passed": bool(found) and all(study["passed"] for study in made), "studies": made})


def _row(row: Row) -> dict[str, Any]:
    return {**asdict(row), "error": row.error, "passed": bool(row.passed)}


def text(value: Any) -> str:
    """JSON of plain values, numbers of numpy and whatever has a text."""
    return json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return _finite(value.item()) if hasattr(value, "item") else str(value)
