"""Progress of a run on the screen and in its log."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
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


class Live:
    """Shows how far a run is; also a context manager that stops it.

    On a terminal a bar with the present values, redrawn in place; elsewhere a plain line every
    few seconds. Every message, and a line of values every few seconds, goes to the log as well.
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
        self._updates = 0
        self._origin = (time.monotonic(), 0.0)
        self._next_line = 0.0

    def __enter__(self) -> Live:
        """Return itself; `start` is called by whoever knows the title."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, whatever happened."""
        self.stop()

    def start(self, title: str, goal: str) -> None:
        """Begin: what runs, and what it runs to (such as "8 um tip height")."""
        self._title, self._goal = title, goal
        if not self._on:
            return
        if self._log_path is not None:
            self._log = self._log_path.open("a", encoding="utf-8")
        self.message(f"{title}, to {goal}")
        self._origin = (time.monotonic(), self._fraction)
        self._next_line = time.monotonic()
        if self._console.is_terminal and not self._quiet:
            self._display = RichLive(
                get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True
            )
            self._display.start()

    def update(self, fraction: float, row: Mapping[str, float]) -> None:
        """Tell how much of the run is done (0 to 1) and its newest row of metrics."""
        if not self._on:
            return
        if self._updates == 0:  # set-up is no measure of the pace
            self._origin = (time.monotonic(), fraction)
        self._updates += 1
        self._fraction, self._row = min(max(fraction, 0.0), 1.0), row
        now = time.monotonic()
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
        if self._log is not None:
            self._log.close()
            self._log = None

    def _write(self, text: str) -> None:
        if self._log is not None:
            print(f"{time.strftime('%H:%M:%S')}  {text}", file=self._log, flush=True)

    def _render(self) -> Group:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=1.0, completed=self._fraction, width=40),
            Text(f"{self._fraction:4.0%}{self._left()}"),
        )
        return Group(bar, Text(self._values(), style="dim"))

    def _values(self) -> str:
        """Step and quantities that the row holds, in lab units."""
        step = self._row.get("step", self._updates)
        shown = [
            f"{name} {self._row[column] * factor:{form}} {unit}"
            for column, name, factor, form, unit in _SHOWN
            if column in self._row
        ]
        return "  ".join([f"step {step:.0f}", *shown])

    def _left(self) -> str:
        """Estimate of the time left, from the pace since the start."""
        since, begun = self._origin
        done = self._fraction - begun
        if done <= 0.005:
            return ""
        left = (time.monotonic() - since) / done * (1.0 - self._fraction)
        return f"  {left:.0f} s left" if left < 90 else f"  {left / 60:.0f} min left"
