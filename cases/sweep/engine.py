"""Running what a sweep has left: starts the pool of workers, and again when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from cases.errors import CaseError
from cases.sweep import attempt
from cases.sweep.plan import Sweep

_DEATHS = 3
"""Pools that may die one after the other without having ended a single run."""

Tell = Callable[[int], None]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def left(sweep: Sweep) -> list[int]:
    """Numbers of the runs that are neither done nor refused."""
    return [number for number in sweep.plan.runnable() if not attempt.is_done(sweep, number)]


def run(sweep: Sweep, workers: int, ranks: int, tell: Tell, say: Callable[[str], None]) -> None:
    """Run everything that is left, each run once; `tell` hears the number of each that ended.

    Raises:
        CaseError: workers cannot be started, or die without doing anything.
        KeyboardInterrupt: the user does not want to wait; the runs have been told.
    """
    session = uuid.uuid4().hex
    todo, deaths = left(sweep), 0
    while todo:
        _pool(sweep, workers, ranks, session, todo, tell)
        remaining = [number for number in todo if not _ended(sweep, number, session)]
        if not remaining:
            return
        deaths = deaths + 1 if len(remaining) == len(todo) else 0
        if deaths == _DEATHS:
            raise CaseError(
                f"the workers died {_DEATHS} times without ending a run; runs are left, see above"
            )
        say(f"a worker died and took the others along; {len(remaining)} runs are left, starting again")
        todo = remaining


def settle(sweep: Sweep) -> None:
    """Wait until the runs that were interrupted have written what they have, a minute at the most."""
    until = time.monotonic() + attempt.PATIENCE
    while time.monotonic() < until:
        if all(attempt.outcome(sweep, number).status != "running" for number in left(sweep)):
            return
        time.sleep(0.2)


def _ended(sweep: Sweep, number: int, session: str) -> bool:
    """Whether a run has been done, or tried by this command."""
    last = attempt.last_attempt(sweep, number)
    tried = last is not None and last.session == session
    return tried or attempt.outcome(sweep, number).status in ("done", "running")


def _pool(sweep: Sweep, workers: int, ranks: int, session: str, numbers: Sequence[int], tell: Tell) -> None:
    """One pool of workers, from start to end."""
    count = min(workers, len(numbers)) + 1  # rank 0 deals out
    command = [*_mpirun(), "-n", str(count), sys.executable, "-m", "mpi4py", "-m", "cases.sweep.pool"]
    arguments = [str(sweep.folder.resolve()), str(ranks), session, *map(str, numbers)]
    try:
        pool = subprocess.Popen(
            [*command, *arguments],
            env=attempt.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process to handle
        )
    except OSError as error:
        raise CaseError(f"the workers cannot be started: {error}") from None
    try:
        assert pool.stdout is not None
        for line in pool.stdout:
            if line.startswith("ended "):
                tell(int(line.split()[1]))
        pool.wait()
    except BaseException:
        _stop(pool)
        raise


def _stop(pool: subprocess.Popen[Any]) -> None:
    """End the workers; their runs are interrupted by that, finish their step and write what they have."""
    pool.send_signal(signal.SIGTERM)
    try:
        pool.wait(timeout=10)
    except subprocess.TimeoutExpired:
        pool.kill()
        pool.wait()


def _mpirun() -> list[str]:
    """With the options that Open MPI needs to start more ranks than cores, unbound to any."""
    try:
        asked = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise CaseError(f"mpirun, which starts the workers, cannot be run: {error.strerror}") from None
    return ["mpirun", "--oversubscribe", "--bind-to", "none"] if "Open MPI" in asked.stdout else ["mpirun"]
