"""What a spread surface grows into: islands, crystals with arms, tips that split; numbers and pictures.

    tertia exec python3 docs/studies/phase_field_gallery.py RUNS [--only NAME] [--no-runs] [--figure FILE]

Every run goes into a folder of its own under RUNS. Runs that have a summary.json are not made again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

DIFFUSE = ("growth.method=phase_field",)
BUMP = (
    *DIFFUSE,
    "growth.interface_width=30 nm",
    "geometry.gap=4 um",
    "geometry.apex={ width = '0.6 um', height = '0.3 um' }",
    "surfaces.matrix.nucleation_overpotential=0.5 V",
    "kinetics.anisotropy=0.3",
    "stop.tip_height=1.6 um",
)
"""A half disc of 0.3 um on nickel that stays bare, 4 um under the counter electrode."""
ISLANDS = "na_islands_phase_field"
RUNS: dict[str, tuple[str, ...]] = {
    "islands": (ISLANDS,),
    "islands, ohmic": (ISLANDS, "surfaces.island.contact=ohmic"),
    "needle": ("bare_ni", *DIFFUSE, "stop.tip_height=3 um"),
    "four arms, turned": (
        "bare_ni",
        *BUMP,
        "kinetics.anisotropy_angle=45 deg",
        "metal.surface_energy_anisotropy=0.04",
    ),
    "six arms": ("bare_ni", *BUMP, "kinetics.anisotropy_folds=6", "metal.surface_energy_anisotropy=0.02"),
    "split": (
        "bare_ni",
        *BUMP,
        "kinetics.anisotropy=0",
        "metal.surface_energy=0.05 J/m^2",
        "growth.noise.amplitude=0.3",
        "growth.noise.length=0.15 um",
    ),
}
"""Case and what is set in it, by name. Of six arms of a free crystal, three stand on a substrate."""
FRONTS = 12


def folder(runs: Path, name: str) -> Path:
    """Of a run."""
    return runs / name.replace(", ", "_").replace(" ", "_")


def make(runs: Path, name: str) -> None:
    """Run unless it is there."""
    where = folder(runs, name)
    if (where / "summary.json").is_file():
        return
    case, *values = RUNS[name]
    command = [sys.executable, "-m", "cases", "run", case, "--quiet", "--out", str(where)]
    for value in values:
        command += ["--set", value]
    subprocess.run(command, check=False)


def pieces(path: Path) -> list[FloatArray]:
    """Chains of points of a front file, um."""
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[2:]]
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        found.setdefault(row[6], []).append((float(row[0]), float(row[1])))
    return [np.array(chain) for chain in found.values()]


def radii(chains: list[FloatArray], middle: float, angles: FloatArray) -> FloatArray:
    """Distance of the outermost crossing of the front with the ray towards every angle."""
    found = np.zeros(angles.size)
    for chain in chains:
        p = chain - (middle, 0.0)
        for k, angle in enumerate(angles):
            along, across = p @ (np.cos(angle), np.sin(angle)), p @ (-np.sin(angle), np.cos(angle))
            a, b = across[:-1], across[1:]
            cut = (a * b <= 0.0) & (a != b)
            part = a[cut] / (a[cut] - b[cut])
            found[k] = max(found[k], np.max(along[:-1][cut] + part * np.diff(along)[cut], initial=0.0))
    return found


def arms(chains: list[FloatArray], middle: float, least: float = 0.03) -> list[tuple[float, float]]:
    """Angle in degrees and length in um of every maximum of the radius that stands out by `least`."""
    angles = np.radians(np.arange(2.0, 179.0))
    r = radii(chains, middle, angles)
    found = []
    for k in range(1, r.size - 1):
        left, right = r[:k][::-1], r[k + 1 :]
        higher = [side[: np.argmax(side > r[k])] if (side > r[k]).any() else side for side in (left, right)]
        stands = all(side.size and r[k] - side.min() >= least * r[k] for side in higher)
        if r[k] >= r[k - 1] and r[k] > r[k + 1] and stands:
            found.append((float(np.degrees(angles[k])), float(r[k])))
    return found


def draw(runs: Path, names: list[str], figure: Path) -> None:
    """Fronts over one another, the later the darker."""
    fig, axes = plt.subplots(1, len(names), figsize=(4.2 * len(names), 4.0), squeeze=False, layout="tight")
    for name, ax in zip(names, axes[0], strict=True):
        files = sorted((folder(runs, name) / "front").glob("front_*.csv"))
        shown = [files[round(k)] for k in np.linspace(0, len(files) - 1, min(FRONTS, len(files)))]
        for k, path in enumerate(shown):
            for chain in pieces(path):
                ax.plot(*chain.T, color=plt.cm.viridis(0.9 * (1.0 - k / len(shown))), lw=1.0)
        ax.set(aspect="equal", title=name, xlabel="um")
    fig.savefig(figure, dpi=110)


def main() -> None:
    """Make what is missing, print the numbers, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument(
        "--only", choices=tuple(RUNS), action="append", help="instead of all; may be repeated"
    )
    parser.add_argument("--no-runs", action="store_true", help="draw what is there")
    parser.add_argument("--figure", type=Path, default=Path("phase-field-gallery.png"))
    chosen = parser.parse_args()
    chosen.runs.mkdir(parents=True, exist_ok=True)
    names = chosen.only or list(RUNS)
    for name in names if not chosen.no_runs else ():
        make(chosen.runs, name)
    there = [name for name in names if (folder(chosen.runs, name) / "summary.json").is_file()]
    for name in there:
        told = json.loads((folder(chosen.runs, name) / "summary.json").read_text(encoding="utf-8"))
        last = pieces(sorted((folder(chosen.runs, name) / "front").glob("front_*.csv"))[-1])
        middle = 0.5 * max(chain[:, 0].max() for chain in last)
        shown = [f"{angle:.0f} deg {length:.2f} um" for angle, length in arms(last, middle)]
        print(
            f"{name}: {told['verdict']}, mean {told['thickness_mean_um']:.3f} um, tip "
            f"{told['tip_height_um']:.3f} um, coverage {told['coverage']:.3f}, Faraday "
            f"{told['faraday_error']:.0e}, {told['wall_s']:.0f} s; arms {', '.join(shown) or 'none'}"
        )
    if there:
        draw(chosen.runs, there, chosen.figure)


if __name__ == "__main__":
    main()
