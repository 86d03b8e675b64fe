"""Progress of a run on the screen and in its log."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

# Column of the metrics, name on the screen, factor, format, unit.
_SHOWN = (
    ("time_s", "t", 1.0, ".4g", "s"),
    ("voltage_V", "V", 1.0, ".4g", "V"),
    ("current_A_m2", "i", 0.1, ".4g", "mA/cm2"),
    ("thickness_mean_um", "mean", 1.0, ".3f", "um"),
    ("tip_height_um", "tip", 1.0, ".3f", "um"),
)
_WINDOW = 60.0  # seconds over which the pace is measured
_FEWEST = 5  # updates over which it is, however long they take


class Live:
    """Shows how far a run is; also a context manager that stops it.

    On a terminal a bar with the present values and an estimate of the time left, redrawn in place;
    elsewhere a plain line every few seconds. Every message, a line of values every few seconds, and the last
    values go to the log as well.
    """

    def __init__(
        self,
        log: Path | None = None,
        *,
        rank: int = 0,
        quiet: bool = False,
        stream: TextIO | None = None,
        every: float = 5.0,
    ) -> None:
        """Take where to tell of the run.

        Args:
            log: file to append plain text to.
            rank: MPI rank; only rank 0 shows and writes anything.
            quiet: nothing on the screen; the log is written all the same.
            stream: the screen, standard output by default.
            every: seconds between plain lines.
        """
        self._on = rank == 0
        self._quiet = quiet
        self._console = Console(file=stream or sys.stdout, highlight=False, markup=False, soft_wrap=True)
        self._log_path = log
        self._log: TextIO | None = None
        self._every = every
        self._display: RichLive | None = None
        self._title = self._goal = ""
        self._fraction = 0.0
        self._row: Mapping[str, float] = {}
        self._updates = self._before = 0
        self._begin = time.monotonic()
        self._past: deque[tuple[float, float]] = deque()
        self._next_line = 0.0

    def __enter__(self) -> Live:
        """Return itself; `start` is called by whoever knows the title."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, whatever happened."""
        self.stop()

    def start(self, title: str, goal: str, steps: int = 0) -> None:
        """Begin: what runs, what it runs to (such as "8 um tip height"), and the steps it has made before."""
        self._title, self._goal, self._before = title, goal, steps
        if not self._on:
            return
        if self._log_path is not None:
            self._log = self._log_path.open("a", encoding="utf-8")
        self.message(f"{title}, to {goal}")
        self._begin = self._next_line = time.monotonic()
        if self._console.is_terminal and not self._quiet:
            self._display = RichLive(
                get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True
            )
            self._display.start()

    def update(self, fraction: float, row: Mapping[str, float]) -> None:
        """Tell how much of the run is done (0 to 1) and its newest row of metrics."""
        if not self._on:
            return
        self._updates += 1
        self._fraction, self._row = min(max(fraction, 0.0), 1.0), row
        now = time.monotonic()
        self._past.append((now, self._fraction))
        while len(self._past) > _FEWEST and self._past[1][0] < now - _WINDOW:
            self._past.popleft()
        if now >= self._next_line:
            self._next_line = now + self._every
            line = f"{self._fraction:4.0%}  {self._values()}{self._left()}"
            self._write(line)
            if self._display is None and not self._quiet:
                self._console.print(line)

    def message(self, text: str) -> None:
        """Show a line that stays."""
        if not self._on:
            return
        self._write(text)
        if not self._quiet:
            self._console.print(text)

    def stop(self) -> None:
        """Take the bar off the screen and close the log; may be called twice."""
        if self._display is not None:
            self._display.stop()
            self._display = None
        if self._updates:
            self.message(
                f"{self._fraction:4.0%}  {self._values()}  in {_duration(time.monotonic() - self._begin)}"
            )
            self._updates = 0
        self._close_log()

    def _close_log(self) -> None:
        if self._log is not None:
            with suppress(OSError):
                self._log.close()
            self._log = None

    def _write(self, text: str) -> None:
        if self._log is None:
            return
        try:
            print(f"{time.strftime('%H:%M:%S')}  {text}", file=self._log, flush=True)
        except OSError:  # a full disk: what is said stays on the screen
            self._close_log()

    def _render(self) -> Group:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=1.0, completed=self._fraction, width=40),
            Text(f"{self._fraction:4.0%}{self._left()}"),
        )
        return Group(bar, Text(self._values(), style="dim"))

    def _values(self) -> str:
        """Step and quantities that the row holds, in lab units."""
        step = self._row.get("step", self._before + self._updates)
        shown = [
            f"{name} {self._row[column] * factor:{form}} {unit}"
            for column, name, factor, form, unit in _SHOWN
            if column in self._row
        ]
        return "  ".join([f"step {step:.0f}", *shown])

    def _left(self) -> str:
        """Estimate of the time left, from the pace of the last minute: steps become longer, or shorter."""
        if len(self._past) < 2:
            return ""
        (since, begun), (now, fraction) = self._past[0], self._past[-1]
        if fraction - begun <= 1e-4:
            return ""
        return f"  {_duration((now - since) / (fraction - begun) * (1.0 - fraction))} left"


def _duration(seconds: float) -> str:
    """A time as one says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
