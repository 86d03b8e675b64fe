"""Rows, report and the command `verify`, with studies made up for the purpose."""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cases.errors import CaseError
from cases.verify import run_verify
from verification import report, rows
from verification.rows import Curve, Outcome, Result, Row, Study

GOOD = Row("plate", "limiting current", 2.0, 2.001, "A/m2", 1e-3, source="Newman | Balsara")
EXACT = Row("plate", "charge balance", 0.0, 3.7e-14, "C", 1e-8)
ORDER = Row("square", "error of c", 0.0, 2e-4, "", 1e-3, order=1.97, expected_order=2.0)
BAD = Row("plate", "voltage", 0.1, 0.12, "V", 1e-3)


def curve(name: str, label: str = "c (mol/m3)") -> Curve:
    x = np.linspace(0, 1, 200)
    return Curve(name, x, x**2, reference=x[::2] ** 2, reference_x=x[::2], x_label="x (m)", y_label=label)


def passing(quick: bool) -> Result:
    return Result((GOOD, EXACT, ORDER) if not quick else (GOOD,), (curve("a"), curve("b"), curve("c", "V")))


def failing(quick: bool) -> Result:
    return Result((GOOD, BAD))


def raising(quick: bool) -> Result:
    raise RuntimeError("Newton's method [gave up]\nsecond line")


PASS = Study("good", "All is well", "Shows that all is well.", passing)
FAIL = Study("bad", "Something is off", "Shows a row that fails.", failing)
RAISE = Study("broken", "An error", "Shows an error.", raising)
PEER = Study("peer", "Another program", "Needs it.", passing, peer="pybamm")


def verify(*studies: Study, **options: object) -> tuple[int, str]:
    screen = io.StringIO()
    console = Console(file=screen, width=200)
    code = run_verify(known=studies, console=console, **options)  # type: ignore[arg-type]
    return code, screen.getvalue()


def test_error_is_relative_unless_nothing_is_expected() -> None:
    assert GOOD.error == pytest.approx(5e-4)
    assert EXACT.error == 3.7e-14
    assert Row("", "", -2.0, -2.2, "", 1.0).error == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("row", "passed"),
    [
        (GOOD, True),
        (BAD, False),
        (ORDER, True),
        (Row("", "", 0.0, 2e-4, "", 1e-3, order=1.8, expected_order=2.0), False),
        (Row("", "", 0.0, 2e-4, "", 1e-3, order=3.1, expected_order=2.0), True),
        (Row("", "", 0.0, 2e-4, "", 1e-3, expected_order=2.0), False),
        (Row("", "", 0.0, 2e-4, "", 1e-3, order=math.nan, expected_order=2.0), False),
        (Row("", "", 0.0, 2e-3, "", 1e-3, order=2.0, expected_order=2.0), False),
        (Row("", "", 1.0, math.nan, "", 1e9), False),
        (Row("", "", math.nan, 1.0, "", 1e9), False),
        (Row("", "", 1.0, math.inf, "", 1e9), False),
        (Row("", "", 1.0, 1.0, "", 0.0), True),
    ],
)
def test_passed(row: Row, passed: bool) -> None:
    assert row.passed is passed


def test_a_study_that_compares_nothing_has_failed() -> None:
    code, shown = verify(Study("empty", "Nothing", "", lambda quick: Result(())))
    assert code == 1
    assert "failed: empty" in shown


def test_all_passed() -> None:
    code, shown = verify(PASS)
    assert code == 0
    assert "3 of 3 comparisons of 1 studies passed" in shown
    assert "1.97 (2)" in shown
    assert "< 1e-10" in shown
    assert "FAIL" not in shown


def test_a_failure_and_an_error_do_not_stop_the_rest() -> None:
    code, shown = verify(FAIL, RAISE, PASS)
    assert code == 1
    assert "failed: bad, broken" in shown
    assert "RuntimeError: Newton's method [gave up]" in shown
    assert "in raising" in shown  # the traceback
    assert shown.index("All is well") > shown.index("An error")
    assert verify(FAIL)[0] == verify(RAISE)[0] == 1


def test_quick_is_passed_on() -> None:
    assert "1 of 1 comparisons" in verify(PASS, quick=True)[1]


def test_peers_run_when_asked_for() -> None:
    assert "Another program" not in verify(PASS, PEER)[1]
    assert "Another program" in verify(PASS, PEER, peers=True)[1]
    shown = verify(PASS, PEER, names=["peer"])[1]
    assert "Another program" in shown
    assert "All is well" not in shown


def test_list_runs_nothing() -> None:
    code, shown = verify(PASS, RAISE, PEER, only_list=True)
    assert code == 0
    assert "pybamm" in shown
    assert "passed" not in shown


def test_unknown_names_are_bad_input() -> None:
    with pytest.raises(CaseError, match='study "godo" is unknown, did you mean "good"'):
        verify(PASS, RAISE, names=["godo", "broken"])


def test_report(tmp_path: Path) -> None:
    out = tmp_path / "docs"
    assert verify(FAIL, PASS, RAISE, PEER, out=out)[0] == 1
    page = (out / "verification.md").read_text()
    for text in (
        "**4 of 6 comparisons pass**, in 3 studies",
        "Not run here: peer.",
        "## All is well",
        "Shows a row that fails.",
        "| plate | voltage (V) | 0.1 | 0.12 | 2.0e-01 | 1.0e-03 |  |  | FAIL |",
        "| plate | charge balance (C) | 0 | < 1e-10 | < 1e-10 | 1.0e-08 |  |  | pass |",
        "Newman \\| Balsara",
        "RuntimeError: Newton's method [gave up]",
        "![All is well](img/verification/good.png)",
        "NumPy",
    ):
        assert text in page, text
    assert page.index("## Something is off") < page.index("## All is well") < page.index("## An error")
    width = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("| plate")}
    assert width == {10}
    assert (out / "img/verification/good.png").read_bytes()[:4] == b"\x89PNG"
    assert not (out / "img/verification/bad.png").exists()
    data = json.loads((out / "verification.json").read_text())
    assert [study["passed"] for study in data["studies"]] == [False, True, False]
    assert data["studies"][2]["rows"][0]["got"] is None
    assert data["studies"][1]["rows"][1]["error_is_bound"] is True


def test_report_of_equal_results_is_equal(tmp_path: Path) -> None:
    """Rounding errors and times of computing leave no trace."""
    about = report.About("2026-01-01", {"NumPy": "2"})
    noise = Row("plate", "charge balance", 0.0, -8.1e-15, "C", 1e-8)
    near = Row("plate", "limiting current", 2.0, 2.001 * (1 + 1e-13), "A/m2", 1e-3, source=GOOD.source)
    first = Outcome(PASS, passing(False), 1.0)
    second = Outcome(PASS, Result((near, noise, ORDER), first.result.curves), 2.0)
    files = [
        report.write([outcome], tmp_path / name, about) for outcome, name in ((first, "a"), (second, "b"))
    ]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one


def test_report_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CaseError, match="cannot be written"):
        verify(PASS, out=tmp_path / "file")


def test_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One study, several, none, and a module that does not load, in the order of names."""
    folder = tmp_path / "verification_studies_made_up"
    folder.mkdir()
    study = "from verification.rows import Result, Study\n"
    (folder / "__init__.py").touch()
    (folder / "b_one.py").write_text(study + "study = Study('one', 'One', '', lambda quick: Result(()))\n")
    (folder / "a_two.py").write_text(
        study + "studies = [Study(n, n, '', lambda quick: Result(())) for n in ('z', 'y')]\n"
    )
    (folder / "c_helper.py").write_text("x = 1\n")
    (folder / "d_broken.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(rows, "PACKAGE", folder.name)
    found = rows.studies()
    assert [each.name for each in found] == ["z", "y", "one", "d_broken"]
    code, shown = verify(*found[-1:])
    assert code == 1
    assert "no_such_module_at_all" in shown
    (folder / "e_again.py").write_text(study + "study = Study('y', '', '', lambda quick: Result(()))\n")
    with pytest.raises(ValueError, match="same name: y"):
        rows.studies()
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_studies_that_do_not_run_keep_their_part_of_the_report(tmp_path: Path) -> None:
    first = Outcome(
        Study("a", "First", "Shows a.", lambda quick: Result(())),
        Result((Row("x", "y", 1.0, 1.0, "", 1e-3),)),
        0.0,
    )
    second = Outcome(
        Study("b", "Second", "Shows b.", lambda quick: Result(())),
        Result((Row("u", "v", 2.0, 2.5, "", 1e-3),)),
        0.0,
    )
    report.write([first, second], tmp_path, report.About("2026-01-01", {"DOLFINx": "0.9"}), ["a", "b", "c"])
    better = Outcome(second.study, Result((Row("u", "v", 2.0, 2.0, "", 1e-3),)), 0.0)
    report.write([better], tmp_path, report.About("2026-02-02", {"DOLFINx": "0.9"}), ["a", "b", "c"])
    page = (tmp_path / "verification.md").read_text(encoding="utf-8")
    assert "**2 of 2 comparisons pass**, in 2 studies" in page
    assert page.index('<a id="a">') < page.index('<a id="b">')
    assert page.count("Shows a.") == page.count("Shows b.") == 1
    assert "Not run here: c." in page
    assert "| pass | 2026-01-01 |" in page
    assert "| pass | 2026-02-02 |" in page
    data = json.loads((tmp_path / "verification.json").read_text(encoding="utf-8"))
    assert [study["date"] for study in data["studies"]] == ["2026-01-01", "2026-02-02"]
    quick = report.About("2026-03-03", {"DOLFINx": "0.9"}, quick=True)
    report.write([better], tmp_path, quick, ["a", "b", "c"])
    assert "Shows a." not in (tmp_path / "verification.md").read_text(encoding="utf-8")
