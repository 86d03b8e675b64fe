"""Run a command on several MPI ranks of this machine and let it finish in order when it is interrupted.

    ranks.py N COMMAND ...

mpirun answers Ctrl-C and SIGTERM by killing its ranks within half a second, before they can write what they
have. It does pass SIGUSR1 on, which Tertia takes for the same request. So mpirun gets a session of its own,
where the terminal's Ctrl-C does not reach it, and the first interruption goes to the ranks as SIGUSR1; the
second one ends them the hard way.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType


def mpirun() -> list[str]:
    """Return mpirun with its options: only Open MPI wants to be told that more ranks than cores are meant."""
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False).stdout
    return ["mpirun", "--oversubscribe"] if "Open MPI" in version else ["mpirun"]


def main(ranks: str, command: list[str]) -> int:
    """Run ``command`` on ``ranks`` ranks; return its exit code, 128 + signal if a signal ended it."""
    interruptions = 0

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal interruptions
        interruptions += 1
        job.send_signal(signal.SIGUSR1 if interruptions == 1 else signal.SIGTERM)

    job = subprocess.Popen([*mpirun(), "-n", ranks, *command], start_new_session=True)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)
    code = job.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
