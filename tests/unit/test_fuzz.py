"""Thousands of broken case files: no traceback ever reaches a user, and no expression runs code.

TERTIA_FUZZ=10000 sets the number of files (some hundred by default); hypothesis draws others every time then.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import build, loader
from cases.cli import main
from cases.errors import CaseError
from cases.fixed import build as fixed
from cases.fixed.schema import FixedCase
from tests.fuzzing import MARKER, broken_tables, broken_text, toml

_ASKED = os.environ.get("TERTIA_FUZZ")
_LONGEST = 60  # seconds for one file; reading a case takes some milliseconds
FUZZ = settings(
    max_examples=int(_ASKED or 150),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def _in_time() -> Iterator[None]:
    def late(signum: int, frame: FrameType | None) -> None:
        raise AssertionError(f"took more than {_LONGEST} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def check(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], None]:
    """Puts a text through `tertia check`, and makes the solver's objects of what is accepted."""
    folder = tmp_path_factory.mktemp("fuzz")
    os.chdir(folder)
    file = folder / "case.toml"

    def put(text: str) -> None:
        file.write_text(text, encoding="utf-8")
        with _in_time():
            code = main(["check", str(file)])
            out, err = capsys.readouterr()
            assert code in (0, 2), err
            assert (code == 2) == err.startswith("error: "), err
            assert all(line.startswith(("error: ", "note: ")) for line in err.splitlines()), err
            assert "Traceback" not in out + err
            if code == 0:
                _build(file)
        assert not Path(MARKER).exists()

    return put


def _build(file: Path) -> None:
    """What `tertia run` does before it meshes."""
    case = loader.load(file)
    with suppress(CaseError):
        if isinstance(case, FixedCase):
            fixed.cell(case)
        else:
            build.build(case)


@FUZZ
@given(broken_tables())
def test_broken_tables(check: Callable[[str], None], tables: dict[str, Any]) -> None:
    check(toml(tables))


@FUZZ
@given(broken_text())
def test_broken_text(check: Callable[[str], None], text: str) -> None:
    check(text.encode("utf-8", "ignore").decode("utf-8"))


@FUZZ
@given(
    st.sampled_from(["bare_ni", "na3sb_ni", "na_symmetric", "flow_channel", "hull_cell"]),
    st.lists(
        st.text(max_size=40) | st.from_regex(r"[a-z_]{1,9}(\.[a-zA-Z_]{1,9}){0,3} ?= ?.{0,20}"),
        min_size=1,
        max_size=3,
    ),
)
def test_any_option_is_a_sentence(capsys: pytest.CaptureFixture[str], case: str, assigned: list[str]) -> None:
    words = [word for text in assigned for word in (f"--set={text}", f"--vary={text}")]
    for arguments in (
        ["check", case, *words[::2]],
        ["sweep", case, *words[1::2], "--collect", "--out", "no/where"],
    ):
        assert main(arguments) in (0, 2)
        err = capsys.readouterr().err
        assert "Traceback" not in err
