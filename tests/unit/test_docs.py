"""The documentation builds without a complaint, needs no network, and leaves out no case, command or key."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import typer

from cases.cli import app
from cases.control import Control
from cases.dump import dump
from cases.editor import json_schema
from cases.loader import load, loads, shipped

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SECTIONS = (
    "geometry electrolyte separator metal kinetics surfaces transport control growth mesh time stop output"
)
FIXED = "regions reactions interfaces conversions flow"
FREE = {"assumptions", "petsc"}
"""Tables whose keys are not ours."""


@dataclass
class Html(HTMLParser):
    """What a page is made of.

    Attributes:
        ids: places that links may lead to.
        links: addresses of `<a>`.
        loaded: what a browser fetches to show the page.
    """

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors, and as if there were neither DOLFINx nor PETSc nor MPI."""
    folder = tmp_path_factory.mktemp("site")
    without = "import sys; sys.modules.update(dolfinx=None, petsc4py=None, mpi4py=None)"
    program = f"{without}; from mkdocs.__main__ import cli; cli()"
    command = [sys.executable, "-c", program, "build", "--strict", "--site-dir", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> Mapping[Path, Html]:
    return {path: parsed(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}


def parsed(path: Path) -> Html:
    page = Html()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: Mapping[Path, Html]) -> None:
    lost = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme:
                continue
            there = (path.parent / unquote(target.path)).resolve() if target.path else path
            if not there.exists() or (target.fragment and unquote(target.fragment) not in pages[there].ids):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


def test_no_page_is_left_out_of_the_navigation(site: Path, pages: Mapping[Path, Html]) -> None:
    reached = {(site / urlsplit(link).path).resolve() for link in pages[site / "index.html"].links}
    assert set(pages) - reached - {site / "index.html"} == set()


def test_no_page_loads_anything_from_elsewhere(site: Path, pages: Mapping[Path, Html]) -> None:
    asked = [address for page in pages.values() for address in page.loaded]
    for sheet in site.rglob("*.css"):
        asked += re.findall(r"(?:url\(|@import\s+)['\"]?((?:https?:)?//[^'\")]+)", sheet.read_text("utf-8"))
    assert asked
    assert [address for address in asked if urlsplit(address).netloc] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [*re.findall(r"\]\(([^)#]+)", text), *re.findall(r'src="([^"]+)"', text)]
    assert [link for link in links if "://" not in link and not (ROOT / link).is_file()] == []


def test_the_first_screen_of_the_readme_has_the_two_commands_and_the_picture() -> None:
    head = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:10]
    for wanted in ("./tertia run na3sb_ni", "./tertia test", "docs/img/compare.png"):
        assert any(wanted in line for line in head), wanted


def test_every_case_is_in_the_gallery() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == sorted(shipped())


def test_every_command_is_documented() -> None:
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\|([^|]+)\|", text, re.MULTILINE))))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    assert commands - named == set()


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_nothing_is_left_to_be_filled_in(page: Path) -> None:
    left = re.findall(
        r"@[A-Z0-9]+@|\bTODO\b|\bTBD\b|^[A-Z]{5,}$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert left == []


@pytest.mark.parametrize("page", sorted([*DOCS.glob("*.md"), ROOT / "README.md"]), ids=lambda page: page.stem)
def test_options_that_a_page_mentions_exist(page: Path) -> None:
    commands: Any = typer.main.get_command(app)
    unknown = []
    for name, rest in re.findall(r"tertia (\w+)((?: [^`#\n]*)?)", page.read_text(encoding="utf-8")):
        if name in commands.commands:
            known = {
                flag for param in commands.commands[name].params for flag in param.opts + param.secondary_opts
            }
            given = re.findall(r"(?<!\S)--[a-z][a-z-]*", rest)
            unknown += [f"{name} {flag}" for flag in given if flag not in known | {"--help"}]
    assert unknown == []


# --- case keys: their page, against the files of the cases and the words of the other pages

Keys = set[tuple[str, ...]]


@pytest.fixture(scope="module")
def keys_page() -> str:
    """The page of case keys in Markdown."""
    spec = spec_from_file_location("hooks", DOCS / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    hooks = module_from_spec(spec)
    spec.loader.exec_module(hooks)
    text: str = hooks.keys_page(json_schema())
    return text


@pytest.fixture(scope="module")
def keys(keys_page: str) -> Keys:
    """Dotted keys of the page, split, NAME standing for a name of one's own."""
    found: Keys = set()
    table: tuple[str, ...] = ()
    for heading, key in re.findall(r"^### (.*)$|^\| `(\w+)` \|", keys_page, re.MULTILINE):
        if heading:
            match = re.match(r"`\[(.*?)\]`", heading.replace("[]", ""))
            table = tuple(match[1].split(".")) if match else ()
        else:
            found.add((*table, key))
    return found


def documented(keys: Keys, path: tuple[str, ...]) -> bool:
    """Whether a path is a key, or a name of one's own under one that holds values: `species = { Na = 1 }`."""
    tables = {key[:n] for key in keys for n in range(1, len(key))}
    return _fits(keys, path) or _fits(keys - tables, path[:-1])


def _fits(keys: Keys, path: tuple[str, ...]) -> bool:
    return any(
        len(key) == len(path) and all(a in ("NAME", b) for a, b in zip(key, path, strict=True))
        for key in keys
    )


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all values in a case file; lists of tables as their tables."""
    if isinstance(value, dict) and not FREE & {*path[-1:]}:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path


@pytest.mark.parametrize("name", list(shipped()))
def test_every_key_of_a_case_is_documented(keys: Keys, name: str) -> None:
    paths = set(leaves(tomllib.loads(dump(load(name)))))
    assert {path for path in paths if not documented(keys, path)} == set()


def test_every_key_is_described(keys_page: str) -> None:
    assert re.findall(r"^\| `(\w+)` \|\s*\|", keys_page, re.MULTILINE) == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_keys_that_a_page_mentions_exist(keys: Keys, page: Path) -> None:
    words = "|".join(SECTIONS.split())
    code = " ".join(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
    mentioned = {tuple(word.split(".")) for word in re.findall(rf"(?<![\w./-])(?:{words})(?:\.\w+)+", code)}
    tables = {key[:n] for key in keys for n in range(1, len(key))}
    # A key with a unit at its end is a column of a sweep's table.
    known = [path for path in mentioned if documented(keys, path) or _fits(tables, path)]
    columns = [path for path in mentioned if documented(keys, (*path[:-1], path[-1].rsplit("_", 1)[0]))]
    assert {".".join(path) for path in mentioned - {*known, *columns}} == set()


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_pieces_of_case_files_can_be_read(page: Path) -> None:
    for piece in re.findall(
        r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        tables = tomllib.loads(piece)
        if "title" in tables:
            loads(piece)
        if list(tables) == ["control"]:
            Control.model_validate(tables["control"])


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_what_pieces_of_programs_import_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for piece in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(piece)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = import_module(node.module)
                names = [name.name for name in node.names if not hasattr(module, name.name)]
                assert [name for name in names if find_spec(f"{node.module}.{name}") is None] == []
