"""A headless Chromium for tests of pages: the one of TERTIA_CHROMIUM, else the first on the path."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SOFTWARE = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""WebGL without a graphics card."""
PATIENCE = 180_000
"""Milliseconds: a busy machine draws WebGL in software slowly."""
READY = "document.querySelectorAll('.js-plotly-plot .main-svg').length > 0"


@dataclass
class Page:
    """An open page and what it said and asked for.

    Attributes:
        driver: Playwright's page.
        complaints: Errors of the console and of scripts.
        requests: Addresses that are not in the page itself.
    """

    driver: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def chromium() -> str:
    """The browser's executable; without one the test is skipped, and fails where CI is set."""
    found = os.environ.get("TERTIA_CHROMIUM") or next(
        (p for name in NAMES if (p := shutil.which(name))), None
    )
    lacks = "" if found else f"none of {', '.join(NAMES)} is installed, and TERTIA_CHROMIUM names none"
    if find_spec("playwright") is None:
        lacks = "the Python package playwright is not installed"
    if lacks:
        reason = f"needs a headless Chromium: {lacks}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return str(found)


@contextmanager
def open_page(path: Path) -> Iterator[Page]:
    """Open a file, offline, and wait until its plots are drawn."""
    from playwright.sync_api import sync_playwright

    executable = chromium()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=SOFTWARE)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
        context.set_default_timeout(PATIENCE)
        page = Page(context.new_page())
        page.driver.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.driver.on("pageerror", lambda error: page.complaints.append(str(error)))
        own = ("data:", "blob:", path.as_uri())
        page.driver.on("request", lambda r: None if r.url.startswith(own) else page.requests.append(r.url))
        page.driver.goto(path.as_uri())
        page.driver.wait_for_function(
            READY,
        )
        yield page
        browser.close()
