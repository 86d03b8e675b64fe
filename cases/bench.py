"""The command `bench`: one problem solved by Tertia and by other programs, in turn; times, ratios, agreement.

The programs are in `benchmarks/peers`; every one runs in a process of its own and prints a line of JSON. What
is timed is its loop over the time steps, not meshing, nor compiling. Processor time is what ratios are made
of: other work on the machine counts less in it than by the wall clock.
"""

from __future__ import annotations

import json as jsonlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from cases import machine
from cases.bench_entries import ENTRIES, PEERS, QUICK, THOROUGH, Entry, Peer, Round
from cases.errors import CaseError
from cases.messages import suggestion

FOLDER = Path(__file__).parent.parent / "benchmarks" / "peers"
AGREED, DIFFERENT = 0, 1
BASE = "DOLFINx + MUMPS"
"""Ratios are to this entry."""
WIDE = 140
"""Columns where the screen is a file."""
PATIENCE = 3600.0
"""Wall time in s that one program may take."""


@dataclass
class Result:
    """What an entry did on one size.

    Attributes:
        entry: what ran.
        answers: what it printed, one per repetition.
        trouble: why there is none.
        error: largest relative difference of the current from what is expected.
    """

    entry: Entry
    answers: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""
    error: float = float("nan")

    def middle(self, key: str) -> float:
        """Median over the repetitions."""
        return float(median(answer[key] for answer in self.answers))

    @property
    def agrees(self) -> bool:
        """Whether its answers are right to what can be asked of it."""
        return not self.trouble and self.error <= self.entry.agreement


def run_bench(
    quick: bool = False,
    names: Sequence[str] = (),
    install: bool = False,
    file: Path | None = None,
    *,
    rounds: Sequence[Round] | None = None,
    console: Console | None = None,
) -> int:
    """Run the benchmark and show it; 1 if an answer is wrong or a program failed, else 0.

    Args:
        quick: small sizes, within ten minutes.
        names: of entries; all that can run by default. The base of the ratios always runs.
        install: install what is missing and can be, from PyPI.
        file: for the results as JSON.
        rounds: sizes and repetitions, in place of those that `quick` chooses.
        console: the screen, standard output by default.

    Raises:
        CaseError: there is no folder with the programs, or a name is unknown.
    """
    screen = console or Console(highlight=False, soft_wrap=True)
    if console is None and not screen.is_terminal:
        screen.width = WIDE
    if not FOLDER.is_dir():
        raise CaseError(f"bench needs a checkout: {FOLDER} is not there")
    _check(names)
    if file is not None:
        _keep(file, "")  # before an hour of work, not after
    if install:
        for peer in PEERS:
            _install(peer, screen)
    absent = {peer.name: peer.advice(_python(peer)) for peer in PEERS if not _ready(peer)}
    for name, advice in absent.items():
        screen.print(f"not installed: {name} ({advice})", style="yellow", markup=False)
    began, records = time.time(), []
    for one in rounds or (QUICK if quick else THOROUGH):
        chosen = [e for e in one.entries(ENTRIES, names) if e.peer not in absent or e.peer is None]
        results = _round(one, chosen, screen)
        screen.print(_table(one, results))
        records += [_record(one, result) for result in results]
    if file is not None:
        content = {"machine": _machine(), "absent": absent, "wall_s": time.time() - began, "results": records}
        _keep(file, machine.text(content) + "\n")
    wrong = [record["entry"] for record in records if not record["agrees"]]
    for name in dict.fromkeys(wrong):
        screen.print(f"does not agree: {name}", style="bold red", markup=False)
    return DIFFERENT if wrong else AGREED


def _check(names: Sequence[str]) -> None:
    known = [entry.name for entry in ENTRIES]
    if problems := [f'"{n}" is unknown, {suggestion(n, known)}' for n in names if n not in known]:
        raise CaseError(problems)


def _keep(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CaseError(f"--json {file}: cannot be written: {error.strerror}") from None


# --- the programs


def _home() -> Path:
    # Not XDG_CACHE_HOME, which is the environment's own: these outlive it.
    return Path.home() / ".cache" / "tertia" / f"peers-{platform.python_version_tuple()[1]}"


def _python(peer: Peer) -> Path:
    return _home() / peer.folder / "bin" / "python3"


def _ready(peer: Peer) -> bool:
    if peer.program:
        return shutil.which(peer.program) is not None
    python = _python(peer)
    if not python.exists():
        return False
    return subprocess.run([python, "-c", f"import {peer.module}"], capture_output=True).returncode == 0


def _install(peer: Peer, screen: Console) -> None:
    """A virtual environment of its own, since peers want versions of numpy that do not go together."""
    if _ready(peer) or not peer.requirements:
        return
    screen.print(f"installing {peer.name}: {' '.join(peer.requirements)}", markup=False)
    python = _python(peer)
    commands: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", "--clear", python.parent.parent],
        [python, "-m", "pip", "install", "--quiet", *peer.requirements],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            screen.print(f"{peer.name} cannot be installed: {' '.join(last)}", style="red", markup=False)
            return


def _started(entry: Entry, n: int, dim: int) -> dict[str, Any]:
    """Run an entry once; its line of JSON.

    Raises:
        RuntimeError: it failed; the message is its last line.
    """
    peer = next((p for p in PEERS if p.name == entry.peer), None)
    arguments = [*entry.arguments, *(["--dim", str(dim)] if dim != 2 else [])]
    script = FOLDER / entry.script
    if peer is None:
        command = [sys.executable, "-m", "mpi4py", script, str(n), *arguments]
        if entry.ranks > 1:
            command = ["mpirun", "-n", str(entry.ranks), "--oversubscribe", *command]
    elif peer.program:
        command = [peer.program, *peer.options, script, str(n), *arguments]
    else:
        command = [_python(peer), script, str(n), *arguments]
    path = str(FOLDER) if peer else f"{FOLDER}{os.pathsep}{FOLDER.parent.parent}"
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    if peer:
        environment["PATH"] = f"{_python(peer).parent}{os.pathsep}{environment['PATH']}"  # its own tools
        environment |= dict(peer.environment)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            env=environment,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"took more than {PATIENCE:g} s") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise RuntimeError(said[-1] if said else f"exit code {done.returncode}")
    answer: dict[str, Any] = jsonlib.loads(lines[-1])
    return answer


# --- a size


def _round(one: Round, chosen: Sequence[Entry], screen: Console) -> list[Result]:
    """Every entry on one size, in turn, as often as asked for."""
    expected: dict[int, float] = {}
    results = [Result(entry) for entry in chosen]
    for turn in range(one.repeat):
        for result in results:
            entry = result.entry
            if result.trouble or turn >= max(1, one.repeat // entry.slow):
                continue
            screen.print(f"{one.title}, {turn + 1}/{one.repeat}: {entry.name}", style="dim", markup=False)
            try:
                if entry.reference not in expected:
                    exact = Entry("reference", "reference.py", ("--steps", str(entry.reference)))
                    expected[entry.reference] = _started(exact, one.n, 2)["current_A_m2"]
                answer = _started(entry, one.n, one.dim)
            except RuntimeError as failure:
                result.trouble = str(failure)
                continue
            result.answers.append(answer)
            error = abs(answer["current_A_m2"] / expected[entry.reference] - 1.0)
            result.error = error if turn == 0 else max(result.error, error)
    return results


def _table(one: Round, results: Sequence[Result]) -> Table:
    table = Table(title=f"{one.title}: medians of processor time of the loop over time steps")
    table.add_column("program", no_wrap=True)
    for name in ("unknowns", "runs", "Newton", "CPU s", "wall s", "ratio", "peak MiB", "error of current"):
        table.add_column(name, justify="right", no_wrap=True)
    base = next((r for r in results if r.entry.name == BASE and r.answers), None)
    for result in results:
        if not result.answers:
            table.add_row(result.entry.name, result.trouble[:80], *[""] * 7)
            continue
        cpu = result.middle("cpu_s")
        ratio = f"{cpu / base.middle('cpu_s'):.3f}" if base is not None else ""
        mark = "" if result.agrees else " !"
        table.add_row(
            result.entry.name,
            f"{result.middle('unknowns'):.0f}",
            str(len(result.answers)),
            f"{result.middle('iterations'):.0f}",
            f"{cpu:.2f}",
            f"{result.middle('wall_s'):.2f}",
            ratio,
            f"{result.middle('peak_MiB'):.0f}",
            f"{result.error:.1e}{mark}",
        )
    return table


def _record(one: Round, result: Result) -> dict[str, Any]:
    keys = ("cpu_s", "wall_s", "peak_MiB", "iterations")
    return {
        "entry": result.entry.name,
        "n": one.n,
        "dimension": one.dim,
        "agrees": result.agrees,
        "error": result.error,
        "trouble": result.trouble,
        "median": {key: result.middle(key) for key in keys} if result.answers else None,
        "runs": result.answers,
    }


def _machine() -> list[dict[str, str]]:
    from cases import doctor

    return [{"what": f.what, "value": f.value} for check in doctor.CHECKS for f in check()]
