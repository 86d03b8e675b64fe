"""Pieces of an HTML page that stands alone: tables, pictures inside the page, style; nothing is fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any


def document(title: str, sections: Sequence[tuple[str, str]], head: str, scripts: str) -> str:
    """A page: `sections` are headings and their HTML, listed at the top; `head` stands above them."""
    css = files("postprocess").joinpath("page.css").read_text(encoding="utf-8")
    links = "".join(f'<a href="#{_name(heading)}">{escape(heading)}</a>' for heading, _ in sections)
    body = "\n".join(
        f'<section id="{_name(heading)}"><h2>{escape(heading)}</h2>\n{content}</section>'
        for heading, content in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n{scripts}</head>\n"
        f"<body><nav><div><b>{escape(title)}</b>{links}</div></nav>\n<main>{head}\n{body}</main></body></html>\n"
    )


def _name(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def script(code: str) -> str:
    """JavaScript inside the page."""
    return f"<script>{code}</script>\n"


def table(rows: Sequence[Sequence[str]], heads: Sequence[str] = (), code: Sequence[int] = ()) -> str:
    """A table of text; columns numbered in `code` are set as code."""

    def entry(column: int, text: str) -> str:
        inner = f"<code>{escape(text)}</code>" if column in code and text else escape(text)
        return f"<td>{inner}</td>"

    head = "<tr>" + "".join(f"<th>{escape(text)}</th>" for text in heads) + "</tr>" if heads else ""
    body = "".join("<tr>" + "".join(entry(k, text) for k, text in enumerate(row)) + "</tr>\n" for row in rows)
    return f"<table>{head}\n{body}</table>\n"


def beside(*parts: str) -> str:
    """Pieces next to each other where there is room."""
    return '<div class="beside">' + "".join(f"<div>{part}</div>" for part in parts) + "</div>\n"


def folded(label: str, text: str) -> str:
    """Text that is shown at a click."""
    return f"<details><summary>{escape(label)}</summary><pre>{escape(text)}</pre></details>\n"


def picture(path: Path, caption: str) -> str:
    """A PNG inside the page, as large as it says it is, enlarged by a quarter for the screen.

    Raises:
        OSError: It cannot be read.
    """
    data = path.read_bytes()
    code = base64.b64encode(data).decode("ascii")
    width = round(1.25 * 96.0 * _inches(data))
    image = f'<img alt="{escape(caption)}" width="{width}" src="data:image/png;base64,{code}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>\n"


def _inches(png: bytes) -> float:
    """Width of a PNG (ISO/IEC 15948: IHDR has the pixels, pHYs pixels per metre)."""
    pixels = int.from_bytes(png[16:20], "big")
    place = png.find(b"pHYs", 0, 4096)
    per_metre = int.from_bytes(png[place + 4 : place + 8], "big") if place > 0 else 3937
    return pixels / per_metre / 0.0254


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested tables as keys with dots and values as text."""
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            for number, one in enumerate(value, start=1):
                yield from flat(one, f"{name}[{number}].")
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return " ".join(_text(one) for one in value)
    return "" if value is None else str(value)
