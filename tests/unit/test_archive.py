"""Trees of numbers and arrays come back from files bit by bit, or not at all."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from solver import archive
from solver.archive import ArchiveError, OnFirst, Packed, Tree, pack, read, read_manifest, unpack, write

TREE: Tree = {
    "text": "a",
    "numbers": [1, 0.1 + 0.2, float("inf"), float("-inf"), None, True],
    "table": {"array": {"float": 3.5}},
    "array": np.array([0.1, np.nan, -0.0]),
    "integers": np.arange(6, dtype=np.int32).reshape(2, 3),
    "rooted": OnFirst(np.array([[1.0, 2.0]])),
    "empty": np.empty((0, 3)),
}


def written(folder: Path) -> Path:
    write(folder, pack(TREE), {"step": 3}, {"case.toml": "title = 'x'\n"})
    return folder


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: no file grows beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_all_comes_back_bit_by_bit(tmp_path: Path) -> None:
    found = unpack(read(written(tmp_path / "000001")))
    assert list(found) == list(TREE)
    for name in ("text", "numbers", "table"):
        assert found[name] == TREE[name]
    for name in ("array", "integers", "empty"):
        assert found[name].dtype == TREE[name].dtype
        assert found[name].shape == TREE[name].shape
        assert found[name].tobytes() == TREE[name].tobytes()
    assert np.array_equal(found["rooted"].values, TREE["rooted"].values)
    assert read_manifest(tmp_path / "000001")["step"] == 3
    assert not list(tmp_path.glob("*.part"))


def test_what_rank_0_holds_alone_is_not_shared() -> None:
    found = unpack(pack(TREE).shared())
    assert found["rooted"].values is None
    assert np.array_equal(found["integers"], TREE["integers"])


def test_a_nan_is_a_number() -> None:
    assert np.isnan(unpack(pack({"x": float("nan")}))["x"])


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1: 2.0}, 1j])
def test_nothing_else_is_taken(value: object) -> None:
    with pytest.raises(TypeError, match="archive"):
        pack({"x": value})


@pytest.mark.parametrize("name", [archive.STATE, archive.ARRAYS, archive.MANIFEST, "case.toml"])
def test_a_truncated_file_is_noticed(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "000001") / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ArchiveError, match="damaged"):
        read_manifest(path.parent)


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    (written(tmp_path / "000001") / archive.ARRAYS).unlink()
    with pytest.raises(ArchiveError, match=r"arrays\.npz cannot be read: No such file"):
        read_manifest(tmp_path / "000001")


def test_another_version_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "000001") / archive.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 99}))
    with pytest.raises(ArchiveError, match="version 99"):
        read_manifest(path.parent)


def test_objects_in_a_file_are_not_made(tmp_path: Path) -> None:
    folder = written(tmp_path / "000001")
    np.savez(folder / archive.ARRAYS, a0000=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(folder)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    large = Packed({}, {"a": np.zeros(100_000)})
    with files_of_at_most(50_000), pytest.raises(OSError, match="too large"):
        write(tmp_path / "000001", large, {}, {})
    assert not list(tmp_path.iterdir())
    write(tmp_path / "000001", large, {}, {})
    assert read(tmp_path / "000001").arrays["a"].size == 100_000
