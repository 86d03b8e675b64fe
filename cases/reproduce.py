"""The command `reproduce`: the figures of the papers beside those of the simulation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from cases import ranks
from cases.errors import CaseError
from cases.messages import suggestion
from cases.reproduction import record, tables
from cases.reproduction.paper import Paper
from cases.reproduction.papers import papers

DONE, INCOMPLETE = 0, 1
_WIDE = 180  # columns where the screen is a file
_NAME = "reproduction"


def run_reproduce(
    names: Sequence[str] = (),
    quick: bool = False,
    out: Path | None = None,
    as_json: bool = False,
    growing: bool = True,
    *,
    known: Sequence[Paper] | None = None,
    console: Console | None = None,
) -> int:
    """Run the cases of papers on all ranks (collective); rank 0 shows and writes.

    Args:
        names: which papers; all of them by default.
        quick: symmetric cells only, without growing cells and without the sensitivity table.
        out: folder for reproduction.md, reproduction.json and CSV files; nothing is written without it.
            Papers that do not run keep what reproduction.json there says of them.
        growing: whether growing cells run; never in the quick form.
        as_json: print the records instead of tables.
        known: papers to choose from; all by default.
        console: the screen, standard output by default.

    Returns:
        0 when every comparison has an answer, good or bad; 1 otherwise.

    Raises:
        CaseError: a name is unknown, or nothing can be written.
    """
    from mpi4py import MPI  # starts MPI: only here

    comm = MPI.COMM_WORLD
    screen = console or Console(highlight=False, soft_wrap=False)
    if not screen.is_terminal and console is None:
        screen.width = _WIDE
    screen.quiet = comm.rank != 0
    everything = tuple(papers() if known is None else known)
    chosen = _chosen(everything, names)
    records = []
    for index, paper in enumerate(chosen, 1):
        if not as_json:
            screen.print(f"[bold]\\[{index}/{len(chosen)}][/] {paper.name} ...")
        found = record.make(paper, comm, quick, growing)
        records.append(found)
        for part in () if as_json else tables.screen(found):
            screen.print(part)
    rows = [row for found in records for row in found["rows"]]
    if as_json:
        screen.print(json.dumps(records, indent=1), markup=False, soft_wrap=True)
    elif len(chosen) > 1:
        screen.print(f"[bold]all: {tables.score_line(rows)}[/]")
    if out is not None:
        order = [paper.name for paper in everything]
        for file in ranks.on_first(comm, lambda: write(records, out, order)):
            if not as_json:
                screen.print(f"written: {file}", soft_wrap=True)
    return INCOMPLETE if any(row["got"] == record.NO_ANSWER for row in rows) else DONE


def _chosen(everything: Sequence[Paper], names: Sequence[str]) -> tuple[Paper, ...]:
    known = [paper.name for paper in everything]
    if problems := [
        f'paper "{name}" is unknown, {suggestion(name, known)}' for name in names if name not in known
    ]:
        raise CaseError(problems)
    return tuple(paper for paper in everything if not names or paper.name in names)


def write(records: Sequence[record.Record], folder: Path, order: Sequence[str]) -> list[Path]:
    """Write page, data and CSV files into `folder`, which is made where it is missing.

    Args:
        records: what ran.
        folder: where to.
        order: names of all papers.

    Returns:
        The files written.

    Raises:
        CaseError: a file cannot be written, or the one there cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        merged = {r["name"]: r for r in _kept(folder / f"{_NAME}.json")}
        merged |= {r["name"]: r for r in records}
        whole = [merged[name] for name in order if name in merged]
        files = {
            f"{_NAME}.md": tables.markdown(whole),
            f"{_NAME}.json": json.dumps(whole, indent=1, ensure_ascii=False) + "\n",
            f"{_NAME}.csv": tables.rows_csv(whole),
            f"{_NAME}-inputs.csv": tables.inputs_csv(whole),
            f"{_NAME}-sensitivity.csv": tables.sensitivity_csv(whole),
        }
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CaseError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return [folder / name for name in files]


def _kept(file: Path) -> list[Any]:
    """The records in `file`."""
    if not file.exists():
        return []
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
        return [r for r in before if r["name"] and r["rows"]]
    except (ValueError, TypeError, KeyError):
        raise CaseError(
            f"{file}: is not a record of `tertia reproduce`; remove it, or write elsewhere"
        ) from None
