"""Where runs are: ``runs/<name>``, then ``runs/<name>-2`` and so on, in the current folder."""

from __future__ import annotations

import re
import tempfile
from difflib import get_close_matches
from itertools import count
from pathlib import Path

from cases.errors import CaseError

RUNS = Path("runs")


def name_of(source: Path) -> str:
    """Name of the case in a file; of a run folder's case.toml, the name of the folder without its number."""
    return re.sub(r"-\d+$", "", source.resolve().parent.name) if source.name == "case.toml" else source.stem


def of_name(name: str) -> list[Path]:
    """Existing run folders of a case, oldest first."""
    pattern = re.compile(re.escape(name) + r"(?:-(\d+))?")
    found = [(pattern.fullmatch(path.name), path) for path in RUNS.glob("*") if path.is_dir()]
    return [path for _, path in sorted((int(match[1] or 1), path) for match, path in found if match)]


def new(name: str, out: Path | None) -> Path:
    """Make the folder for a new run: ``out``, or the first of ``runs/<name>[-k]`` that does not exist.

    Raises:
        CaseError: it cannot be written to, or ``out`` holds files already.
    """
    try:
        if out is None:
            return _writable(_first_free(name))
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise CaseError(f"--out {out}: holds files already; choose another folder")
        return _writable(out)
    except (OSError, ValueError) as error:
        raise CaseError(f"{out or RUNS}: cannot be written to: {_reason(error)}") from None


def to_resume(source: Path, out: Path | None) -> Path:
    """The folder of a run to go on with: ``out``, that of the case.toml given, or the newest of the case.

    Raises:
        CaseError: there is none.
    """
    name = name_of(source)
    if out is None and source.name == "case.toml":
        out = source.parent
    if out is None and not (known := of_name(name)):
        raise CaseError(f"--resume: there is no run of {name} in {RUNS}/; name its folder with --out")
    folder = out or known[-1]
    if not folder.is_dir():
        raise CaseError(f"--resume: there is no run folder {folder}")
    try:
        return _writable(folder)
    except OSError as error:
        raise CaseError(f"{folder}: cannot be written to: {_reason(error)}") from None


def find(source: str) -> Path:
    """A run folder by its path, or by the name of its case: then the newest.

    Raises:
        CaseError: there is none; near names are suggested.
    """
    named = of_name(source)
    for folder in (Path(source), *reversed(named)):
        if (folder / "metrics.csv").is_file():
            return folder
    if Path(source).is_dir() or named:
        raise CaseError(f"{source} is no run folder, or its run has not made a step: it has no metrics.csv")
    known = sorted(path.name for path in RUNS.glob("*") if (path / "metrics.csv").is_file())
    near = get_close_matches(Path(source).name, known, n=1, cutoff=0.6)
    hint = f'did you mean "{near[0]}"?' if near else f"runs here: {', '.join(known) or 'none yet'}"
    raise CaseError(f"there is no run {source}; {hint}")


def _first_free(name: str) -> Path:
    RUNS.mkdir(exist_ok=True)
    for number in count(1):
        folder = RUNS / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("count() ended")


def _writable(folder: Path) -> Path:
    with tempfile.TemporaryFile(dir=folder):
        return folder


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
