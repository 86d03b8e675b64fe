"""Side branches of a dendrite in 3D that stands in the corner of its box: how many, and where.

    tertia exec python3 docs/studies/dendrite_branches.py RUN [--frame -1]

In planes through the axis of the trunk, the outermost radius r(z) of the front is a profile. A side branch is
a maximum of it that stands out from the necks above and below by `LEAST` widths of the interface (its
prominence). The radius of the tip is that of the paraboloid z = z_tip - (x^2 + y^2)/(2 R) that fits the
uppermost `CAP` of the front best.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pyvista as pv
from scipy.signal import find_peaks

from cases.loader import load
from cases.schema import Case

FloatArray = npt.NDArray[np.float64]

PLANES = (0.5, 15.0, 30.0, 45.0, 60.0, 75.0, 89.5)
"""Angles about the axis in degrees, from one wall to the other."""
LEAST = 1.0
"""Prominence of a branch, widths."""
STEP = 0.25
"""Between two heights of a profile, widths."""
CAP = 2.5
"""Height of the part of the front that counts as tip, widths."""


def profile(front: pv.PolyData, angle: float, step: float) -> tuple[FloatArray, FloatArray]:
    """Heights and the outermost radius at them, in the plane at `angle` in rad; each of shape (n,)."""
    along = np.array([np.cos(angle), np.sin(angle), 0.0])
    cut = front.slice(normal=(-along[1], along[0], 0.0), origin=(0.0, 0.0, 0.0))
    a, b = cut.points[cut.lines.reshape(-1, 3)[:, 1:]].transpose(1, 0, 2)
    heights = np.arange(step, cut.points[:, 2].max(), step)
    low, high = np.minimum(a[:, 2], b[:, 2]), np.maximum(a[:, 2], b[:, 2])
    level = (low < high) & (low <= heights[:, None]) & (heights[:, None] <= high)
    part = (heights[:, None] - a[:, 2]) / np.where(low < high, b[:, 2] - a[:, 2], 1.0)
    radius = (a @ along) + part * ((b - a) @ along)
    return heights, np.asarray(np.where(level, radius, 0.0).max(axis=1))


def branches(front: pv.PolyData, angle: float, width: float) -> list[tuple[float, float, float]]:
    """Height, radius and prominence of every branch in a plane, in the unit of `width`."""
    heights, radii = profile(front, angle, STEP * width)
    found, told = find_peaks(radii, prominence=LEAST * width)
    return [
        (float(heights[k]), float(radii[k]), float(p))
        for k, p in zip(found, told["prominences"], strict=True)
    ]


def tip_radius(front: pv.PolyData, width: float) -> float:
    """Of the paraboloid about the axis that fits the cap best, in the unit of `width`."""
    across, height = np.hypot(*front.points[:, :2].T), front.points[:, 2]
    cap = (height > height.max() - CAP * width) & (across < 4.0 * CAP * width)
    return float(-0.5 / np.polyfit(across[cap] ** 2, height[cap], 1)[0])


def main() -> None:
    """Print a table of branches by plane."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--frame", type=int, default=-1, help="of the front; the last one by default")
    chosen = parser.parse_args()
    case = cast(Case, load(chosen.run / "case.toml"))
    width = 1e6 * (case.growth.interface_width or case.mesh.front_size)
    front = pv.read(sorted((chosen.run / "front").glob("front_*.vtu"))[chosen.frame]).extract_surface()
    height, radius = front.points[:, 2].max(), tip_radius(front, width) / width
    print(f"tip {height:.3f} um high, of radius {radius:.1f} w; w = {width:g} um")
    for angle in PLANES:
        told = [
            f"z {z:.2f} r {r:.2f} um, {p / width:.1f} w"
            for z, r, p in branches(front, np.radians(angle), width)
        ]
        print(f"{angle:5.1f} deg: {len(told)}  " + "; ".join(told))


if __name__ == "__main__":
    main()
