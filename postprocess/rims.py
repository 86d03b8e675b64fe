"""Surfaces of particles and fibres in 2D: where on them the current goes, and how unevenly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from postprocess import draw, style
from postprocess.fixed_history import MILLIAMPERES

if TYPE_CHECKING:
    from postprocess.fixed import Electrode
    from postprocess.tables import Floats

TALL, WIDE = 3.4, 2.3
"""Largest height and width of a panel, inches."""
FOLDED = 1.05
"""Length of all facets along the longest axis of an electrode over what they cover: beyond it, it turns."""


@dataclass(frozen=True)
class Evenness:
    """How evenly an interface works.

    Attributes:
        mean: Current density, mean over the surface, A/m2.
        least: Smallest and
        greatest: largest current density, A/m2.
        variation: Standard deviation over the surface by the magnitude of the mean; NaN without net current.
    """

    mean: float
    least: float
    greatest: float
    variation: float


def evenness(electrode: Electrode) -> Evenness:
    """Statistics of the current density, each facet with the weight of its size."""
    weights = electrode.size / electrode.size.sum()
    mean = float(weights @ electrode.current)
    deviation = float(np.sqrt(weights @ (electrode.current - mean) ** 2))
    low, high = float(electrode.current.min()), float(electrode.current.max())
    scale = max(abs(low), abs(high))
    return Evenness(mean, low, high, deviation / abs(mean) if abs(mean) > 1e-9 * scale else float("nan"))


def by_piece(electrode: Electrode) -> tuple[Floats, Floats]:
    """Sizes and mean current densities of the connected pieces of an interface in 2D, such as single fibres.

    Returns:
        Size (micrometres) and current density (A/m2) of each, ordered by the height of its middle.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    corners = np.rint(electrode.corners_um.reshape(-1, electrode.corners_um.shape[2]) * 1e6).astype(np.int64)
    _, node = np.unique(corners, axis=0, return_inverse=True)
    ends = node.reshape(-1, electrode.corners_um.shape[1])
    count = int(node.max()) + 1
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, label = connected_components(links, directed=False)
    piece = label[ends[:, 0]]
    size: Floats = np.bincount(piece, electrode.size).astype(np.float64)
    current: Floats = np.bincount(piece, electrode.size * electrode.current) / size
    height = np.bincount(piece, electrode.size * electrode.places_um[:, -1]) / size
    order = np.argsort(height, kind="stable")
    return np.asarray(size[order]), np.asarray(current[order])


def folded(electrode: Electrode) -> bool:
    """Whether a line over a coordinate cannot show an electrode in 2D: it turns round, as a circle does."""
    if electrode.corners_um.shape[2] != 2:
        return False
    axis = int(np.argmax(np.ptp(electrode.corners_um, axis=(0, 1))))
    low, high = np.sort(electrode.corners_um[:, :, axis], axis=1).T
    order = np.argsort(low, kind="stable")
    low, high = low[order], high[order]
    reached = np.r_[low[0], np.maximum.accumulate(high)[:-1]]
    covered = float(np.maximum(high - np.maximum(low, reached), 0.0).sum())
    return float((high - low).sum()) > FOLDED * covered


def rims(found: Mapping[str, list[Electrode]]) -> Figure:
    """Current density along folded electrodes at the end, as the colour of their lines, one panel each."""
    figure = Figure(figsize=(0.7 + (WIDE + 1.6) * len(found), TALL + 0.75))
    for k, (boundary, items) in enumerate(found.items()):
        last = items[-1]
        low = last.corners_um.min(axis=(0, 1))
        high = last.corners_um.max(axis=(0, 1))
        margin = 0.03 * float((high - low).max())
        low, high = low - margin, high + margin
        scale = min(WIDE / (high - low)[0], TALL / (high - low)[1])
        across, up = scale * (high - low)
        left = 0.6 + (WIDE + 1.6) * k
        ax = draw.place(figure, left, 0.45, across, up)
        density = MILLIAMPERES * last.current
        segments: Any = last.corners_um
        lines = LineCollection(
            segments, array=density, norm=_norm(density), cmap=style.TIME_MAP, linewidth=1.8
        )
        ax.add_collection(lines)
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="x (µm)", ylabel="y (µm)")
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        unit, name = style.time_unit(last.time_s)
        ax.set_title(f"{boundary}, {unit * last.time_s:.4g} {name}", pad=3)
        bar = draw.place(figure, left + across + 0.08, 0.45, 0.09, up)
        draw.colour_bar(bar, lines, "i (mA/cm²)")
        bar.ticklabel_format(axis="y", useOffset=False)
    return figure


def _norm(values: Floats) -> Normalize:
    """From smallest to largest, at least a thousandth of the value apart: rounding is no pattern."""
    low, high = float(values.min()), float(values.max())
    room = max(0.0, 0.5 * (1e-3 * max(abs(low), abs(high)) - (high - low)))
    return Normalize(low - room, high + room) if high + room > low - room else Normalize(low - 1.0, low + 1.0)
