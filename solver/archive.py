"""A tree of numbers, texts and arrays as files: one of JSON, one of arrays; nothing in it is ever executed.

    manifest.json   version, what the checkpoint is of, and the SHA-256 of the other files
    state.json      the tree; where an array was, its name stands
    arrays.npz      the arrays, exact to the last bit

A folder is written under another name, brought to disk, and renamed: it is whole or not there.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

VERSION = 1
"""Of what is written; others are not read."""
MANIFEST, STATE, ARRAYS = "manifest.json", "state.json", "arrays.npz"
Tree = dict[str, Any]
"""Texts, numbers, None, lists, dicts by text, numpy arrays, and `OnFirst`."""
Array = npt.NDArray[Any]


class ArchiveError(ValueError):
    """An archive that cannot be read; the message says why."""


@dataclass(frozen=True, eq=False)
class OnFirst:
    """An array as large as the mesh: rank 0 holds it, other ranks None."""

    values: Array | None


@dataclass(frozen=True)
class Packed:
    """A tree in two parts.

    Attributes:
        tree: what JSON can hold; {"array": name} or {"on first": name} in place of arrays.
        arrays: by name; without those of `OnFirst` on ranks above 0.
    """

    tree: Any
    arrays: Mapping[str, Array]

    def shared(self) -> Packed:
        """Without what only rank 0 is to hold."""
        names = set(_rooted(self.tree))
        return Packed(self.tree, {name: a for name, a in self.arrays.items() if name not in names})


def pack(tree: Tree) -> Packed:
    """Take the arrays out of a tree.

    Raises:
        TypeError: something in it is of no kind that `unpack` could make again.
    """
    arrays: dict[str, Array] = {}
    return Packed(_packed(tree, arrays), arrays)


def unpack(packed: Packed) -> Tree:
    """The tree that was packed; lists in place of tuples."""
    result: Tree = _unpacked(packed.tree, packed.arrays)
    return result


def write(folder: Path, packed: Packed, about: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Make `folder`, which must not exist.

    Args:
        folder: where to; its parent exists.
        packed: all arrays at hand.
        about: for the manifest.
        texts: more files by name.

    Raises:
        OSError: it could not be written; nothing with the name of the folder is left.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        arrays: dict[str, Any] = dict(packed.arrays)
        with (part / ARRAYS).open("wb") as file:
            np.savez(file, **arrays)
        for name, text in {STATE: json.dumps(packed.tree, allow_nan=False), **texts}.items():
            (part / name).write_text(text, encoding="utf-8")
        sums = {name: checksum(part / name) for name in (STATE, ARRAYS, *texts)}
        manifest = {"version": VERSION, **about, "sha256": sums}
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        for name in (*sums, MANIFEST):
            to_disk(part / name)
        to_disk(part)
        part.rename(folder)
        to_disk(folder.parent)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an archive whose files are all as they were written.

    Raises:
        ArchiveError: they are not, or there is no archive.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version, sums = manifest["version"], dict(manifest["sha256"])
    except OSError as error:
        raise ArchiveError(f"{MANIFEST} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ArchiveError(f"{MANIFEST} is damaged") from None
    if version != VERSION:
        raise ArchiveError(f"it is of version {version}, this program reads version {VERSION}")
    for name, expected in sums.items():
        try:
            found = checksum(folder / name)
        except OSError as error:
            raise ArchiveError(f"{name} cannot be read: {error.strerror}") from None
        if found != expected:
            raise ArchiveError(f"{name} is damaged: its checksum is another")
    return dict(manifest)


def read(folder: Path) -> Packed:
    """What was written into `folder`, with all arrays; `read_manifest` has found it whole.

    Raises:
        ArchiveError: it is not what `write` writes.
    """
    try:
        tree = json.loads((folder / STATE).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as file:
            return Packed(tree, {name: file[name] for name in file.files})
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"it cannot be read: {error}") from None


def checksum(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_disk(path: Path) -> None:
    """Make the system write a file, or what a folder lists, to the disk now."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _packed(value: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys of an archive are texts, not {list(value)}")
        return {"table": {key: _packed(item, arrays) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_packed(item, arrays) for item in value]
    if isinstance(value, np.ndarray | OnFirst):
        rooted, name = isinstance(value, OnFirst), f"a{len(arrays):04d}"
        values = value.values if isinstance(value, OnFirst) else value
        if values is not None and values.dtype.hasobject:
            raise TypeError("an archive holds no arrays of objects")
        arrays[name] = np.empty(0) if values is None else values
        return {"on first" if rooted else "array": name}
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else {"float": repr(number)}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"an archive holds no {type(value).__name__}")


def _unpacked(value: Any, arrays: Mapping[str, Array]) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "table":
        return {key: _unpacked(item, arrays) for key, item in content.items()}
    if kind == "float":
        return float(content)
    return arrays[content] if kind == "array" else OnFirst(arrays.get(content))


def _rooted(value: Any) -> list[str]:
    """Names of the arrays in a packed tree that are for rank 0."""
    if isinstance(value, list):
        return [name for item in value for name in _rooted(item)]
    if not isinstance(value, dict):
        return []
    ((kind, content),) = value.items()
    if kind == "table":
        return [name for item in content.values() for name in _rooted(item)]
    return [content] if kind == "on first" else []
