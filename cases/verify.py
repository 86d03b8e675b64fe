"""The command `verify`: run the verification studies, show what they found, write the report."""

from __future__ import annotations

import platform
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from cases import machine, ranks
from cases.errors import CaseError
from cases.messages import suggestion
from verification import report
from verification.rows import Outcome, Result, Study, failure, studies

if TYPE_CHECKING:
    from mpi4py import MPI

PASSED, FAILED = 0, 1
_WIDE = 180  # columns where the screen is a file


def run_verify(
    names: Sequence[str] = (),
    quick: bool = False,
    out: Path | None = None,
    peers: bool = False,
    only_list: bool = False,
    *,
    json: bool = False,
    known: Sequence[Study] | None = None,
    console: Console | None = None,
) -> int:
    """Run verification studies on all ranks (collective); rank 0 shows and writes.

    A study that raises an error becomes a failing row with its message, and the next one runs. An error on
    one rank only is reported too, provided that no other rank waits for that one within the study.

    Args:
        names: which studies; without any, all but those that need another program.
        quick: coarser meshes and fewer cases.
        out: folder for verification.md, verification.json and the plots; nothing is written without it.
            Studies that do not run keep what the report there says of them.
        peers: also run the studies that need another program.
        only_list: name the studies and run none.
        json: the outcomes (of only_list: the studies) as JSON on standard output, in place of all else.
        known: studies to choose from; those of `verification.studies` by default.
        console: the screen, standard output by default.

    Returns:
        0 when every comparison of every study passed, 1 otherwise.

    Raises:
        CaseError: a name is unknown, or the report cannot be written.
    """
    from mpi4py import MPI  # starts MPI: only here

    comm = MPI.COMM_WORLD
    screen = console or Console(highlight=False, soft_wrap=False)
    if not screen.is_terminal and console is None:
        screen.width = _WIDE
    screen.quiet = comm.rank != 0 or json
    everything = tuple(studies() if known is None else known)
    if only_list:
        screen.print(_listed(everything))
        if json and comm.rank == 0:
            print(machine.studies(everything))
        return PASSED
    chosen = _chosen(everything, names, peers)
    outcomes = [_run(study, index, len(chosen), quick, comm, screen) for index, study in enumerate(chosen, 1)]
    _conclude(outcomes, screen)
    if out is not None:
        left_out = tuple(study.name for study in everything if study not in chosen)
        about = report.About(
            datetime.now(UTC).date().isoformat(), _versions(), comm.size, quick=quick, left_out=left_out
        )
        order = [study.name for study in everything]
        for file in ranks.on_first(comm, lambda: _write(outcomes, out, about, order)):
            screen.print(f"written: {file}", soft_wrap=True)
    if json and comm.rank == 0:
        print(machine.outcomes(outcomes))
    passed: bool = comm.bcast(bool(outcomes) and all(outcome.passed for outcome in outcomes))
    return PASSED if passed else FAILED


def _chosen(everything: Sequence[Study], names: Sequence[str], peers: bool) -> tuple[Study, ...]:
    """The studies asked for, in the order of the registry, so that the report keeps its order."""
    known = [study.name for study in everything]
    problems = [
        f'study "{name}" is unknown, {suggestion(name, known)}' for name in names if name not in known
    ]
    if problems:
        raise CaseError(problems)
    if names:
        return tuple(study for study in everything if study.name in names)
    return tuple(study for study in everything if peers or not study.peer)


def _run(study: Study, index: int, count: int, quick: bool, comm: MPI.Intracomm, screen: Console) -> Outcome:
    """Run one study and show its table."""
    screen.print(f"[bold]\\[{index}/{count}][/] {study.name} ...", markup=True)
    begin = time.perf_counter()
    result, trouble = _attempt(study, quick)
    # Every rank comes here, whatever happened to it, and all take the error of the lowest rank that met one.
    troubles = [found for found in comm.allgather(trouble) if found is not None]
    if troubles:
        message, trace = troubles[0]
        screen.print(trace, style="dim", markup=False, soft_wrap=True)
        result = failure(study.name, message)
    assert result is not None
    outcome = Outcome(study, result, time.perf_counter() - begin)
    screen.print(report.table(outcome))
    total, done = len(result.rows), sum(row.passed for row in result.rows)
    colour = "green" if outcome.passed else "bold red"
    screen.print(f"[{colour}]{done} of {total} passed[/] in {outcome.seconds:.1f} s\n")
    return outcome


def _attempt(study: Study, quick: bool) -> tuple[Result | None, tuple[str, str] | None]:
    """Result, or message and traceback."""
    try:
        return study.function(quick), None
    except Exception as error:
        lines = str(error).splitlines()
        first = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        return None, (first, traceback.format_exc())


def _conclude(outcomes: Sequence[Outcome], screen: Console) -> None:
    rows = [row for outcome in outcomes for row in outcome.result.rows]
    failed = [outcome.study.name for outcome in outcomes if not outcome.passed]
    seconds = sum(outcome.seconds for outcome in outcomes)
    done = sum(row.passed for row in rows)
    screen.print(f"{done} of {len(rows)} comparisons of {len(outcomes)} studies passed in {seconds:.0f} s")
    if failed:
        screen.print(f"[bold red]failed: {', '.join(failed)}[/]")


def _listed(everything: Sequence[Study]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("study", style="bold", no_wrap=True)
    table.add_column("title", overflow="fold")
    table.add_column("needs", no_wrap=True)
    for study in everything:
        table.add_row(study.name, study.title, study.peer)
    return table


def _write(outcomes: Sequence[Outcome], out: Path, about: report.About, order: Sequence[str]) -> list[Path]:
    try:
        return report.write(outcomes, out, about, order)
    except OSError as error:
        raise CaseError(f"{out}: the report cannot be written: {error.strerror or error}") from None


def _versions() -> dict[str, str]:
    """Versions of what the numbers depend on; what is not installed is left out."""
    found = {"Python": platform.python_version()}
    for name, module in (("DOLFINx", "dolfinx"), ("NumPy", "numpy"), ("SciPy", "scipy")):
        try:
            found[name] = str(import_module(module).__version__)
        except ImportError:
            continue
    try:
        found["PETSc"] = ".".join(map(str, import_module("petsc4py.PETSc").Sys.getVersion()))
        found["gmsh"] = metadata.version("gmsh")
    except (ImportError, metadata.PackageNotFoundError):
        pass
    return found
