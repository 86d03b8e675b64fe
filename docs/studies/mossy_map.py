"""Where moss grows under a film that is stretched: growth of ripples over its properties, and runs.

    tertia exec python3 docs/studies/mossy_map.py RUNS [--figure FILE]

Colour: by how many factors e the fastest ripple grows while 0.74 um are deposited, 10 min at 0.5 mA/cm2, by
the linear relation. Symbols: runs of bare_na_moss in small, by how much their roughness has grown. Every run
has a folder of its own under RUNS; those that have a summary.json are not made again.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from cases.loader import load
from cases.ripples import find
from cases.schema import Case

DEPOSIT = 0.74
"""um."""
COMMON = (
    "geometry.width=4 um",
    "geometry.gap=10 um",
    "mesh.front_size=0.12 um",
    "mesh.bulk_size=2 um",
    f"stop.thickness={DEPOSIT} um",
    "output.frames=6",
)
"""A smaller cell than that of the case, up to 10 min."""
MOSSY = 3.0
"""Roughness that has grown by more is moss; this is e^1.1."""


@dataclass(frozen=True)
class Point:
    """Resistance in ohm cm2, healing time in s and thickness in nm of a film."""

    resistance: float = 50.0
    healing: float = 3600.0
    thickness: float = 50.0

    @property
    def name(self) -> str:
        """Folder of its run."""
        return f"R_{self.resistance:g}_tau_{self.healing:g}_d_{self.thickness:g}"

    @property
    def settings(self) -> tuple[str, ...]:
        """What differs from the case."""
        conductivity = self.thickness * 1e-7 / self.resistance
        return (
            f"kinetics.film.thickness={self.thickness:g} nm",
            f"kinetics.film.conductivity={conductivity:g} S/cm",
            f"kinetics.film.healing_time={self.healing:g} s",
        )


POINTS = (
    Point(), Point(resistance=0.5), Point(resistance=5.0), Point(healing=0.5), Point(healing=10.0),
    Point(healing=100.0), Point(resistance=5.0, healing=10.0), Point(thickness=500.0),
    Point(thickness=2000.0), Point(thickness=8000.0), Point(thickness=500.0, healing=30.0),
)  # fmt: skip
"""All runs."""


def factors(point: Point) -> float:
    """By how many factors e the fastest ripple grows while DEPOSIT is deposited."""
    case = load("bare_na_moss", point.settings)
    assert isinstance(case, Case)
    finding = find(case)
    return max(finding.fastest[1], 0.0) * DEPOSIT * 1e-6 / finding.front.velocity


def make(runs: Path, point: Point) -> None:
    """Run one point unless it is there."""
    folder = runs / point.name
    if (folder / "summary.json").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "cases", "run", "bare_na_moss", "--quiet", "--out", str(folder)]
    for value in (*COMMON, *point.settings):
        command += ["--set", value]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    print(f"{folder.name}: roughness x {roughened(folder):.3g}", flush=True)


def roughened(folder: Path) -> float:
    """Roughness at the end over that at the start; not a number where there is no run."""
    if not (folder / "summary.json").is_file():
        return math.nan
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    last = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return float(last["roughness_um"] / float(first["roughness_um"]))


def table(runs: Path) -> str:
    """All runs as a Markdown table."""
    lines = [
        "| film (ohm cm2) | heals in (s) | thickness (nm) | factors e by the relation | roughness grew by |",
        "|---|---|---|---|---|",
    ]
    for p in POINTS:
        grew = roughened(runs / p.name)
        lines.append(
            f"| {p.resistance:g} | {p.healing:g} | {p.thickness:g} | {factors(p):.2g} | {grew:.2g} |"
        )
    return "\n".join(lines)


def field(ax: Any, x: np.ndarray, y: np.ndarray, points: Sequence[Sequence[Point]]) -> Any:
    """Number of factors over a grid of points, those[row over y][column over x]."""
    values = np.array([[factors(p) for p in row] for row in points])
    return ax.pcolormesh(x, y, values, shading="gouraud", cmap="cividis", vmin=0.0, vmax=6.0, rasterized=True)


def marks(ax: Any, runs: Path, chosen: Sequence[tuple[Point, float, float]]) -> None:
    """Runs as circles (moss) and squares (flat) with what they grew by."""
    for point, x, y in chosen:
        grew = roughened(runs / point.name)
        if math.isnan(grew):
            continue
        symbol = "o" if grew > MOSSY else "s"
        ax.plot(x, y, symbol, ms=8, mfc="white", mec="black")
        ax.annotate(f"{grew:.2g}", (x, y), (6, 5), textcoords="offset points", color="white", fontsize=8)


def figure(runs: Path, target: Path, count: int) -> None:
    """Two maps: over resistance and healing, and over thickness and healing."""
    healing = np.geomspace(0.1, 1e5, count)
    resistance, thickness = np.geomspace(0.3, 300.0, count), np.geomspace(20.0, 20000.0, count)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.6), sharey=True, layout="constrained")
    field(left, resistance, healing, [[Point(r, h) for r in resistance] for h in healing])
    left.plot(resistance, 0.2 / (25.0 * resistance * 1e-4), color="white", ls="--", lw=1)  # gamma/(I2 R0)
    left.set(xlabel="resistance of the film (Ω cm²)", ylabel="healing time (s)", title="50 nm, 3.4 GPa")
    marks(left, runs, [(p, p.resistance, p.healing) for p in POINTS if p.thickness == 50.0])
    colours = field(right, thickness, healing, [[Point(50.0, h, d) for d in thickness] for h in healing])
    right.set(xlabel="thickness of the film (nm)", title="50 Ω cm², 3.4 GPa")
    marks(right, runs, [(p, p.thickness, p.healing) for p in POINTS if p.resistance == 50.0])
    for ax in (left, right):
        ax.set(xscale="log", yscale="log", ylim=(healing[0], healing[-1]))
    fig.colorbar(colours, ax=right, label="factors e in 10 min", extend="max")
    fig.savefig(target, dpi=150)


def main() -> None:
    """Make what is missing, then draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--figure", type=Path, default=Path("mossy-map.png"))
    parser.add_argument("--no-runs", action="store_true", help="draw what is there")
    parser.add_argument("--count", type=int, default=40, help="points of the map along an axis")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    if not options.no_runs:
        for point in POINTS:
            make(options.runs, point)
    print(table(options.runs))
    figure(options.runs, options.figure, options.count)


if __name__ == "__main__":
    main()
