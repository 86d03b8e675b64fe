"""Small pictures of the gallery, one per shipped case, from runs that exist.

    tertia exec python3 docs/studies/gallery.py docs/img/gallery RUNS ...

in a checkout; RUNS are folders with run folders in them. A run serves when it came to its end and its case is
the shipped one, texts and outputs apart. Cases without such a run keep the picture they have, and are named.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from cases import loader
from cases.errors import CaseError

WIDTH = 900
"""Pixels."""
COLOURS = 128
"""Of the palette: pictures of a few colours become a quarter as large."""
FIRST = ("voltammogram", "front", "fields", "profiles", "history")
"""Which picture of a run stands for it: the first of these that it has."""
INSTEAD = {"na_symmetric": "history", "hull_cell": "current", "fibre_bundle": "rims"}
"""Cases that another one shows better."""


def runs(folders: Sequence[Path]) -> Iterator[Path]:
    """Run folders in the folders, newest first."""
    found = {path.parent for folder in folders for path in folder.glob("*/summary.json")}
    yield from sorted(found, key=lambda run: (run / "summary.json").stat().st_mtime, reverse=True)


def matching(folders: Sequence[Path]) -> dict[str, Path]:
    """Shipped case -> newest finished run of it, the same in all but texts and outputs."""
    shipped = {name: loader.load(name) for name in loader.shipped()}
    found: dict[str, Path] = {}
    for run in runs(folders):
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        if summary["exit_code"] not in (0, 3) or "steps done" in summary["stop_reason"]:
            continue
        try:
            case = loader.load(run / "case.toml")
        except CaseError:  # of an older version
            continue
        for name, known in shipped.items():
            if _same(case, known) and picture(name, run) is not None:
                found.setdefault(name, run)
    return found


def _same(case: loader.AnyCase, known: loader.AnyCase) -> bool:
    """Whether two cases give the same run."""
    free = ("title", "paper", "assumptions", "output")
    return type(case) is type(known) and case.model_copy(update={k: getattr(known, k) for k in free}) == known


def picture(name: str, run: Path) -> Path | None:
    """The picture of a run that stands for it; None if it has none."""
    wanted = [INSTEAD[name]] if name in INSTEAD else FIRST
    made = [run / "pictures" / f"{kind}.png" for kind in wanted]
    return next((path for path in made if path.is_file()), None)


def shrink(source: Path, target: Path) -> None:
    """Write a picture again, at most WIDTH wide, with COLOURS colours."""
    with Image.open(source) as image:
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
    flat.thumbnail((WIDTH, 2 * WIDTH), Image.Resampling.LANCZOS)
    flat.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> int:
    """Make what can be made; say what is left."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    given = parser.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    found = matching(given.runs)
    for name, run in sorted(found.items()):
        source = picture(name, run)
        assert source is not None  # matching
        shrink(source, given.target / f"{name}.png")
        print(f"{name}: {source}")
    missing = [name for name in loader.shipped() if name not in found]
    print(f"no run of: {', '.join(missing) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
