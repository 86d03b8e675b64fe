"""Where the needle of bare_ni turns into a bump: runs over reaction rate, nickel's barrier and anisotropy.

    tertia exec python3 docs/studies/needle_or_bump.py RUNS [--figure FILE]

Every run goes into a folder of its own under RUNS. Runs that have a summary.json are not made again, so the
script may be interrupted and started anew. The figure and the tables are drawn from the summaries.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

I0 = (1e2, 1e3, 1e4, 1e5)
"""Exchange current densities in A/m^2."""
ETA = (0.03, 0.05, 0.07, 0.12)
"""Nucleation overpotentials of nickel in V."""
ANISOTROPY = (0.0, 0.05, 0.1)
"""Kinetic anisotropies, at the fastest reaction and 0.07 V."""
COMMON = (
    "mesh.front_size=80 nm",
    "mesh.front_size_min=40 nm",
    "time.max_step=0.5 s",
    "stop.time=60 s",
    "stop.thickness=4.5 um",
    "output.frames=8",
)
"""Four times coarser than the case, and an end for runs that grow a film instead of a tip."""
COLOURS = {"dendrite": "#c8553d", "short circuit": "#8f2d56", "bump": "#f2c14e", "flat": "#588b8b"}


def name(i0: float, eta: float, anisotropy: float) -> str:
    """Folder of a run."""
    return f"i0_{i0:g}_eta_{eta:g}_aniso_{anisotropy:g}"


def wanted() -> list[tuple[float, float, float]]:
    """All runs: the map at the anisotropy of the case, then the row over anisotropy."""
    runs = [(i0, eta, 0.1) for i0 in reversed(I0) for eta in ETA]
    return runs + [(max(I0), 0.07, a) for a in ANISOTROPY if (max(I0), 0.07, a) not in runs]


def summary(runs: Path, point: tuple[float, float, float]) -> dict[str, Any] | None:
    """What a run left, None if it has not been made."""
    path = runs / name(*point) / "summary.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def make(runs: Path, point: tuple[float, float, float]) -> None:
    """Run one point unless it is there."""
    if summary(runs, point) is not None:
        return
    i0, eta, anisotropy = point
    folder = runs / name(*point)
    shutil.rmtree(folder, ignore_errors=True)
    values = (
        f"kinetics.exchange_current_density={i0:g} A/m^2",
        f"surfaces.matrix.nucleation_overpotential={eta:g} V",
        f"kinetics.anisotropy={anisotropy:g}",
        *COMMON,
    )
    command = [sys.executable, "-m", "cases", "run", "bare_ni", "--quiet", "--out", str(folder)]
    for value in values:
        command += ["--set", value]
    done = subprocess.run(command, check=False)
    found = summary(runs, point) or {"verdict": f"exit code {done.returncode}", "wall_s": 0.0}
    print(f"{folder.name}: {found['verdict']} ({found['wall_s']:.0f} s)", flush=True)


def table(runs: Path) -> str:
    """All runs as a Markdown table."""
    lines = [
        "| i0 (A/m2) | eta_nuc (V) | anisotropy | verdict | stopped by | t (s) "
        "| mean (um) | tip (um) | aspect ratio | coverage | roughness/mean |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for point in wanted():
        s = summary(runs, point)
        if s is None:
            continue
        i0, eta, anisotropy = point
        relative = s["roughness_um"] / s["thickness_mean_um"]
        lines.append(
            f"| {i0:.0e} | {eta:g} | {anisotropy:g} | {s['verdict']} | {s['stop_reason']} "
            f"| {s['time_s']:.2f} | {s['thickness_mean_um']:.2f} | {s['tip_height_um']:.2f} "
            f"| {s['aspect_ratio']:.2f} | {s['coverage']:.2f} | {relative:.2f} |"
        )
    return "\n".join(lines)


def outline(ax: Any, folder: Path) -> None:
    """The last front of a run, drawn to scale in a box as wide as the cell."""
    last = sorted((folder / "front").glob("front_*.csv"))[-1]
    rows = [line.split(",") for line in last.read_text(encoding="utf-8").splitlines()[2:]]
    x, y = [float(r[0]) for r in rows], [float(r[1]) for r in rows]
    ax.fill_between([min(x), max(x)], 0, 10, color="#eaf2f8", lw=0)
    ax.fill([*x, x[-1], x[0]], [*y, -0.25, -0.25], color="#5b6770", lw=0)
    ax.set(xlim=(min(x), max(x)), ylim=(-0.25, 10), xticks=[], yticks=[], aspect="equal")


def cell(ax: Any, runs: Path, point: tuple[float, float, float]) -> None:
    """One run: its last front, framed in the colour of its verdict."""
    s = summary(runs, point)
    if s is None:
        ax.set_axis_off()
        return
    outline(ax, runs / name(*point))
    colour = COLOURS.get(s["verdict"], "black")
    for spine in ax.spines.values():
        spine.set(color=colour, linewidth=2.5)
    label = f"{s['verdict']}\nA {s['aspect_ratio']:.1f}, {s['time_s']:.2g} s"
    ax.text(0.5, 1.02, label, transform=ax.transAxes, ha="center", va="bottom", fontsize=7)


def figure(runs: Path, target: Path) -> None:
    """The map, and the row over anisotropy below it."""
    rows, columns = len(ETA), max(len(I0), len(ANISOTROPY))
    size = (1.3 * columns + 0.6, 2.5 * (rows + 1) + 0.4)
    spaces = {"hspace": 0.2, "wspace": 0.05}
    fig, axes = plt.subplots(rows + 1, columns, figsize=size, squeeze=False, gridspec_kw=spaces)
    for r, eta in enumerate(reversed(ETA)):
        for c, i0 in enumerate(I0):
            cell(axes[r, c], runs, (i0, eta, 0.1))
            if r == 0:
                axes[r, c].set_title(f"{i0 / 1e4:g} A/cm²", fontsize=9, pad=26)
        axes[r, 0].set_ylabel(f"Ni begins at {eta:g} V", fontsize=9)
    for c in range(columns):
        if c < len(ANISOTROPY):
            cell(axes[rows, c], runs, (max(I0), 0.07, ANISOTROPY[c]))
            axes[rows, c].set_xlabel(f"anisotropy {ANISOTROPY[c]:g}", fontsize=9)
        else:
            axes[rows, c].set_axis_off()
    axes[rows, 0].set_ylabel("10 A/cm², 0.07 V", fontsize=9)
    fig.savefig(target, dpi=130, bbox_inches="tight")


def main() -> None:
    """Make what is missing, then draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--figure", type=Path, default=Path("needle-or-bump.png"))
    parser.add_argument("--no-runs", action="store_true", help="draw what is there")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    if not options.no_runs:
        for point in wanted():
            make(options.runs, point)
    print(table(options.runs))
    figure(options.runs, options.figure)


if __name__ == "__main__":
    main()
