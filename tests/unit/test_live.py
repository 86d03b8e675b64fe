"""What is seen of a run while it goes on: plain lines, and the display of a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cases import live
from cases.live import Live


class Terminal(io.StringIO):
    """A screen that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def strftime(self, form: str) -> str:
        return "12:00:00"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(live, "time", made)
    return made


ROW = {
    "step": 12.0,
    "time_s": 1.25,
    "voltage_V": -0.1,
    "current_A_m2": -55.0,
    "thickness_mean_um": 0.5,
    "tip_height_um": 4.0,
}


def test_progress_in_plain_lines(tmp_path: Path) -> None:
    log, screen = tmp_path / "log.txt", io.StringIO()
    with Live(log, stream=screen, every=0.0) as live:
        live.start("A needle", "8 um tip height")
        live.update(0.0, {"time_s": 0.0})
        live.update(0.5, {"time_s": 1.25, "voltage_V": -0.1, "current_A_m2": -55.0, "tip_height_um": 4.0})
        live.message("an island merged")
    lines = screen.getvalue().splitlines()
    assert lines[0] == "A needle, to 8 um tip height"
    assert lines[2].startswith(" 50%  step 2  t 1.25 s  V -0.1 V  i -5.5 mA/cm2  tip 4.000 um")
    assert lines[2].endswith("s left")
    assert [line.split("  ", 1)[1] for line in log.read_text(encoding="utf-8").splitlines()] == lines


def test_progress_is_quiet_when_asked_and_on_other_ranks(tmp_path: Path) -> None:
    screen = io.StringIO()
    for name, rank, quiet in (("quiet.txt", 0, True), ("other.txt", 1, False)):
        with Live(tmp_path / name, rank=rank, quiet=quiet, stream=screen, every=0.0) as live:
            live.start("A needle", "8 um tip height")
            live.update(0.5, {"time_s": 1.0})
            live.message("done")
    assert screen.getvalue() == ""
    assert (tmp_path / "quiet.txt").read_text(encoding="utf-8").count("\n") == 4
    assert not (tmp_path / "other.txt").exists()


def test_a_terminal_shows_bar_values_and_time_left(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    screen = Terminal()
    with Live(stream=screen) as shown:
        shown.start("A needle", "8 um tip height")
        shown.update(0.1, ROW)
        clock.now += 10.0
        shown.update(0.2, ROW)
        shown._display.refresh()  # type: ignore[union-attr]
        drawn = screen.getvalue()
        clock.now += 80.0
        shown.update(1.0, {**ROW, "step": 99.0})
    for words in ("A needle, to 8 um tip height", " 20%", "80 s left", "step 12", "t 1.25 s", "V -0.1 V"):
        assert words in drawn
    for words in ("i -5.5 mA/cm2", "mean 0.500 um", "tip 4.000 um"):
        assert words in drawn
    assert "step 99" in screen.getvalue().splitlines()[-1]
    assert "in 90 s" not in drawn
    assert screen.getvalue().splitlines()[-1].rstrip().endswith("in 2 min")


def test_the_time_left_follows_the_pace_of_the_last_minute(clock: Clock) -> None:
    screen = io.StringIO()
    with Live(stream=screen, every=0.0) as shown:
        shown.start("A needle", "8 um tip height")
        for k in range(100):  # slow at first: 1 % in 100 s, then 1 % in 10 s
            clock.now += 100.0 if k < 20 else 10.0
            shown.update(k / 100, ROW)
    lines = [line.rsplit("  ", 1)[-1] for line in screen.getvalue().splitlines()[1:]]
    assert lines[0].startswith("tip")  # nothing to judge by yet
    assert lines[10] == "2.5 h left"
    assert lines[60] == "7 min left"
    assert lines[95] == "50 s left"


def test_a_run_that_stands_still_promises_nothing(clock: Clock) -> None:
    screen = io.StringIO()
    with Live(stream=screen, every=0.0) as shown:
        shown.start("A needle", "8 um tip height")
        for _ in range(3):
            clock.now += 1.0
            shown.update(0.3, {"time_s": float("nan")})
    assert "left" not in screen.getvalue()
    assert "t nan s" in screen.getvalue()
