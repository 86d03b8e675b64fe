"""One run of a sweep: a process of its own, so that whatever happens to it stays its own matter."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from cases.sweep.plan import Sweep, read, replace

Status = Literal["done", "gave up", "interrupted", "failed", "killed", "running", "not run", "refused"]
"""What became of a run; all but "done" and "refused" run again when the sweep is continued."""

_ROOT = Path(__file__).resolve().parents[2]
_MPI = ("OMPI_COMM_", "OMPI_UNIVERSE_", "OMPI_APP_", "OMPI_FILE_", "OMPI_FIRST_", "PMIX_", "PRTE_", "PMI_")
PATIENCE = 60.0  # seconds for a run that lost its worker to finish its step
_BAD_INPUT, _INTERRUPTED = 2, 130  # exit codes
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


@dataclass(frozen=True)
class Attempt:
    """How a run went.

    Attributes:
        number: of the run.
        session: name of the command that started it.
        exit_code: of its process; negative: minus the signal that ended it.
        seconds: wall time.
        message: the last line that it printed, when it failed.
    """

    number: int
    session: str
    exit_code: int
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Outcome:
    """Status of a run, and a sentence about it where it is not done."""

    status: Status
    message: str = ""
    seconds: float | None = None


def outcome(sweep: Sweep, number: int) -> Outcome:
    """What became of a run so far, from its files."""
    point = sweep.plan.points[number - 1]
    if point.refused:
        return Outcome("refused", "; ".join(point.refused))
    last = last_attempt(sweep, number)
    seconds = None if last is None else last.seconds
    summary = _json(sweep.run(number) / "summary.json")
    if summary is not None:
        code, reason = summary.get("exit_code"), str(summary.get("stop_reason", ""))
        if code == 0:
            return Outcome("done", "", seconds)
        return Outcome("interrupted" if code == 130 else "gave up", reason, seconds)
    if _locked(sweep, number):
        return Outcome("running")
    if last is None:
        begun = sweep.run(number).exists()
        return Outcome("killed", "ended without a word") if begun else Outcome("not run")
    if last.exit_code < 0 or last.exit_code > 128:
        ended = abs(last.exit_code) % 128
        return Outcome("killed", f"ended by {_signal(ended)}", seconds)
    return Outcome("failed", last.message or f"exit code {last.exit_code}", seconds)


def last_attempt(sweep: Sweep, number: int) -> Attempt | None:
    """What is noted of the last time that a run was started."""
    found = _json(sweep.attempt(number))
    try:
        return None if found is None else Attempt(**found)
    except TypeError:
        return None


def run(folder: str, number: int, ranks: int, session: str) -> int:
    """Start a run, unless it is done; wait for it and note how it went. Returns its exit code.

    A run that was killed or interrupted goes on from its newest checkpoint; without one, and after the solver
    gave up, it begins anew. Its process ends with the one that calls this.
    """
    sweep = read(Path(folder))
    with _lock(sweep, number) as lock:
        if lock is None:
            return 0  # another process runs it, and notes how it goes
        if is_done(sweep, number):
            return 0
        begin, printed = time.monotonic(), sweep.attempt(number, ".txt")
        code, resume = _BAD_INPUT, _can_resume(sweep, number)
        sweep.attempt(number).unlink(missing_ok=True)
        if resume:
            code = _start([*_command(sweep, number, ranks), "--resume"], printed, lock)
        if code == _BAD_INPUT:  # nothing to go on from, or no checkpoint that can be read
            shutil.rmtree(sweep.run(number), ignore_errors=True)
            code = _start(_command(sweep, number, ranks), printed, lock)
        said = "" if code == 0 else _last_line(printed)
        made = Attempt(number, session, code, round(time.monotonic() - begin, 3), said)
        replace(sweep.attempt(number), json.dumps(asdict(made)) + "\n")
        return code


def _start(command: list[str], printed: Path, lock: IO[str]) -> int:
    """Start a process, wait for it; its exit code."""
    with printed.open("wb") as screen:
        process = subprocess.Popen(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.fileno(),),  # held until the run has ended, too
            preexec_fn=_end_with_parent,
            start_new_session=True,  # mpirun kills the group of a worker the hard way
        )
        return process.wait()


def _can_resume(sweep: Sweep, number: int) -> bool:
    """Whether a run was cut short after a checkpoint."""
    summary = _json(sweep.run(number) / "summary.json")
    cut = summary is None or summary.get("exit_code") == _INTERRUPTED
    return cut and any((sweep.run(number) / "checkpoints").glob("*"))


def is_done(sweep: Sweep, number: int) -> bool:
    """Whether a run is done."""
    summary = _json(sweep.run(number) / "summary.json")
    return summary is not None and summary.get("exit_code") == 0


def _command(sweep: Sweep, number: int, ranks: int) -> list[str]:
    case, out = str(sweep.case(number)), str(sweep.run(number))
    program = [sys.executable, "-m", "mpi4py", "-m", "cases"]
    tertia = [*program, "run", case, "--out", out, "--quiet", "--no-pictures"]
    if ranks == 1:
        return tertia
    helper = _ROOT / "env" / "ranks.py"  # of a checkout: lets ranks finish when they are interrupted
    return [sys.executable, str(helper), str(ranks), *tertia] if helper.is_file() else [
        "mpirun", "-n", str(ranks), *tertia,
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """That of this process, less what tells of its place in the pool of workers."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(_MPI) or key.endswith("ALLOW_RUN_AS_ROOT")
    }
    path = os.pathsep.join(part for part in (str(_ROOT), kept.get("PYTHONPATH", "")) if part)
    return {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": kept.get("OMP_NUM_THREADS", "1")}


def _end_with_parent() -> None:
    """Ask Linux to interrupt this process when the one that started it is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)


@contextmanager
def _lock(sweep: Sweep, number: int) -> Iterator[IO[str] | None]:
    """Nobody else runs this run while the lock is held; None if somebody does and goes on."""
    with sweep.attempt(number, ".lock").open("a", encoding="utf-8") as file:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until:
                    yield None
                    return
                time.sleep(0.5)
            else:
                break
        yield file


def _locked(sweep: Sweep, number: int) -> bool:
    file = sweep.attempt(number, ".lock")
    if not file.exists():
        return False
    with file.open("a", encoding="utf-8") as found:
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _json(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _last_line(file: Path) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line for line in lines if line.startswith("error: ")] or [line for line in lines if line.strip()]
    return told[-1].removeprefix("error: ")[:300] if told else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
