"""Plots of verification studies: what was computed as points, what it is compared with as lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from verification.rows import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours (https://jfly.uni-koeln.de/color), which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
POINTS = 40
"""Markers of one curve at the most; more would hide the reference."""
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.linewidth": 0.6,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
}


def draw(curves: Sequence[Curve], path: Path) -> bool:
    """Draw `curves` as a PNG; those with the same labels share axes, in the order of their first curve.

    The file holds no date and no version of the drawing library, so that equal curves give equal files.

    Returns:
        Whether there was anything to draw.
    """
    if not curves:
        return False
    import matplotlib
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        panels.setdefault((curve.x_label, curve.y_label), []).append(curve)
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.6 * columns, 2.7 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for place, group in zip(axes, panels.values(), strict=False):
            _panel(place, group)
        for place in axes[len(panels) :]:
            place.set_visible(False)
        figure.savefig(path, dpi=150, metadata={"Software": None})
    return True


def _panel(axes: Axes, curves: Sequence[Curve]) -> None:
    for index, curve in enumerate(curves):
        colour = COLOURS[index % len(COLOURS)]
        every = max(1, len(curve.x) // POINTS)
        if curve.reference is None:
            axes.plot(curve.x, curve.y, "o-", color=colour, label=curve.name, markevery=every)
            continue
        at = curve.x if curve.reference_x is None else curve.reference_x
        axes.plot(at, curve.reference, "-", color=colour, alpha=0.6)
        chosen = slice(None, None, every)
        axes.plot(
            np.asarray(curve.x)[chosen], np.asarray(curve.y)[chosen], "o", color=colour, label=curve.name
        )
    if any(curve.log_x for curve in curves):
        axes.set_xscale("log")
    if any(curve.log_y for curve in curves):
        axes.set_yscale("log")
    if any(curve.reference is not None for curve in curves):
        axes.plot([], [], "-", color="0.5", label="reference")
    axes.set_xlabel(curves[0].x_label)
    axes.set_ylabel(curves[0].y_label)
    axes.legend()
