"""Reports in a real browser: nothing is fetched or complained of, curves tell values, views turn."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import Page, chromium, open_page
from synthetic_run import needle, write_run
from synthetic_solid import write_solid_run

from postprocess import style
from postprocess.report import report

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(style.RC, "savefig.dpi", 60.0)


CELL = "document.getElementById('plot-cell')"
EYE = f"{CELL}._fullLayout.scene._scene.getCamera().eye"


def middle(page: Page, selector: str) -> tuple[float, float]:
    """Bring an element into view; its middle on the screen."""
    found = page.driver.locator(selector).first
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    return box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]


def until(page: Page, condition: str) -> None:
    """Wait until a condition of JavaScript holds; it is an error if it never does."""
    page.driver.wait_for_function(condition)


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.driver.mouse.move(*start)
    page.driver.mouse.down()
    page.driver.mouse.move(start[0] + by[0], start[1] + by[1], steps=4)
    page.driver.mouse.up()


def test_a_report_in_2d_is_offline_and_alive(tmp_path: Path) -> None:
    chromium()
    made = report(write_run(tmp_path / "needle", "needle", frames=4))[0]
    with open_page(made) as page:
        assert page.driver.title() == "Synthetic needle"
        told = "document.querySelector('#plot-curves .hoverlayer').textContent"
        assert page.driver.evaluate(told) == ""
        page.driver.mouse.move(*middle(page, "#plot-curves .draglayer .xy .nsewdrag"))
        until(page, f"{told}.includes('tip height') && {told}.includes('maximum thickness')")

        span = f"({CELL}._fullLayout.yaxis.range[1] - {CELL}._fullLayout.yaxis.range[0])"
        whole = float(page.driver.evaluate(span))
        drag(page, middle(page, "#plot-cell .draglayer .xy .nsewdrag"), (40.0, 60.0))
        until(page, f"{span} < {0.7 * whole}")

        top = f"Math.max(...{CELL}._fullData[4].y)"
        for name, s in (("3", 1.0), ("0", 0.0)):
            page.driver.evaluate(
                f"() => {{ Plotly.animate('plot-cell', ['{name}'], {{mode: 'immediate'}}); }}"
            )
            until(page, f"{CELL}._fullLayout.sliders[0].active === {name}")
            height = float(needle(np.array([2.0]), s, 4.0)[0])
            until(page, f"Math.abs({top} - {height}) < {1e-3 * height}")

        page.driver.get_by_text("against capacity").click()
        until(page, "document.querySelector('#plot-curves .infolayer').textContent.includes('capacity (mAh')")
        assert page.complaints == []
        assert page.requests == []


def test_a_report_in_3d_turns_when_dragged(tmp_path: Path) -> None:
    chromium()
    made = report(write_solid_run(tmp_path / "bump"))[0]
    with open_page(made) as page:
        page.driver.wait_for_selector("#plot-cell canvas", state="attached")
        before = page.driver.evaluate(EYE)
        drag(page, middle(page, "#plot-cell"), (150.0, 20.0))
        moved = " + ".join(f"Math.abs({EYE}.{axis} - {before[axis]})" for axis in "xyz")
        until(page, f"{moved} > 0.2")
        after = page.driver.evaluate(EYE)
        page.driver.get_by_text("current density", exact=True).click()
        seen = f"JSON.stringify({CELL}.data.map(t => t.visible))"
        until(page, f"{seen} === '[false,false,true,true]'")
        assert page.driver.evaluate(EYE) == pytest.approx(after)  # the camera stays
        assert page.complaints == []
        assert page.requests == []
