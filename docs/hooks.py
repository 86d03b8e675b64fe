"""Pages of the documentation that are made when it is built, so that they cannot go stale.

`keys.md`, every key of a case file, from the JSON schema that `tertia schema` gives to editors; and the
changelog, which lies outside of this folder. MkDocs calls `on_files`; a test reads what `keys_page` returns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
HEAD = """# Case keys

Every key of a case file, from the same models that read it. NAME stands for a name of your choice, `[]` for
one entry of a list. **Needed** keys have no default; defaults with a unit are in SI here, in a file any unit
of the dimension does. `tertia schema` gives the same to editors, `tertia check FILE` says what is wrong with
a file, what values mean together included.

The first part is about cells whose electrode grows, the second about [cells of fixed shape](fixed-cells.md),
which have `geometry.shape`.
"""
PARTS = {"Case": "Growing cells", "FixedCase": "Cells of fixed shape"}
"""Models of the schema, and what their part of the page is called."""

_UNIT = re.compile(r"; SI: ([^,.]+)")

Schema = Mapping[str, Any]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    sys.path.insert(0, str(ROOT))
    try:
        from cases.editor import json_schema
    finally:
        sys.path.remove(str(ROOT))
    files.append(File.generated(config, "keys.md", content=keys_page(json_schema())))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=changes))
    return files


def keys_page(schema: Schema) -> str:
    """The page in Markdown."""
    parts = [HEAD]
    for model, title in PARTS.items():
        parts.append(f"\n## {title}\n")
        parts += _section(schema, schema["$defs"][model], "", title)
    return "\n".join(parts) + "\n"


def tables(schema: Schema, node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """All tables under one, itself first: dotted path and schema; every variant of a table by itself."""
    yield path, node
    for name, value in node.get("properties", {}).items():
        inside = f"{path}.{name}" if path else name
        for suffix, inner in _inner(schema, value):
            if inner is not node and not (inner is schema["$defs"].get("Step") and "steps" in name):
                yield from tables(schema, inner, inside + suffix)


def _section(schema: Schema, model: Schema, path: str, part: str) -> list[str]:
    """Tables of a part, one heading and one table of keys each."""
    found = []
    for table, node in tables(schema, model, path):
        variant = _variant(node)
        heading = f"`[{table}]`" if table else "At the top"
        found.append(f"\n### {heading}{variant}\n")
        if text := node.get("description"):
            found.append(f"{_line(text)}\n")
        found += ["| key | what it is | default |", "|---|---|---|"]
        for name, value in node.get("properties", {}).items():
            found.append(f"| `{name}` | {_meaning(schema, value)} | {_default(node, name, value)} |")
    return found


def _inner(schema: Schema, value: Schema) -> Iterator[tuple[str, Schema]]:
    """Tables that a value is, or holds: what to add to its path, and their schema."""
    node = _resolved(schema, value)
    choices = [_resolved(schema, choice) for choice in node.get("anyOf", node.get("oneOf", [node]))]
    for choice in choices:
        if choice.get("properties"):
            yield "", choice
            continue
        held = choice.get("items")
        if isinstance(held, Mapping):
            yield from ((f"[]{suffix}", inner) for suffix, inner in _inner(schema, held))
        named = [choice.get("additionalProperties"), *choice.get("patternProperties", {}).values()]
        for entry in named:
            if isinstance(entry, Mapping):
                yield from ((f".NAME{suffix}", inner) for suffix, inner in _inner(schema, entry))


def _resolved(schema: Schema, node: Schema) -> Schema:
    """What a reference leads to."""
    if len(node.get("allOf", ())) == 1:
        node = node["allOf"][0]
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _variant(node: Schema) -> str:
    """Of a table that comes in kinds: which this is."""
    for key in ("shape", "kind", "law"):
        value = node.get("properties", {}).get(key, {})
        words = value.get("enum", [value["const"]] if "const" in value else [])
        if words:
            return f" with {key} = " + " or ".join(f'"{word}"' for word in words)
    return ""


def _meaning(schema: Schema, value: Schema) -> str:
    """Description, and the words that are allowed."""
    node = _resolved(schema, value)
    said = _line(value.get("description") or node.get("description", ""))
    if "oneOf" in node and not said:
        return "One of the kinds below."
    words = node.get("enum", [])
    missing = [word for word in words if str(word) not in said]
    return said + (f" One of {', '.join(f'`{word}`' for word in words)}." if missing else "")


def _default(node: Schema, name: str, value: Schema) -> str:
    """That a key is needed, or its default: numbers of quantities are in SI."""
    if name in node.get("required", ()):
        return "**needed**"
    default = value.get("default", "")
    if isinstance(default, bool):
        default = str(default).lower()
    unit = _UNIT.search(value.get("description", "")) if not isinstance(default, str) else None
    return f"`{default} {unit[1]}`" if unit else f"`{default}`" if default != "" else ""


def _line(text: str) -> str:
    """Text of a docstring in one line of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
