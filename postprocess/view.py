"""The part of a cell that a picture shows: between the collector and the counter electrode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from postprocess.fronts import Front
from postprocess.run import Run

MARGIN = 0.05
"""Metal shown below the lowest place of a working electrode of metal, and above the highest place of a
counter electrode that moves; part of the height between them."""
STILL = 1e-6
"""Part of the height of the cell by which nothing has moved."""
FIRST = 0.25
"""Least height shown of a run without fields, part of its width."""


@dataclass(frozen=True)
class View:
    """A rectangle of the cell, micrometres.

    Attributes:
        left: Left wall.
        width: From wall to wall.
        bottom: Collector, or some way into a working electrode of metal.
        top: Counter electrode, or some way into it where it moves.
        collector: Whether `bottom` is the collector.
    """

    left: float
    width: float
    bottom: float
    top: float
    collector: bool

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom

    def end_of_metal(self, front: Front) -> float:
        """Height up to which the metal of an electrode is filled: its collector, or out of sight."""
        if np.isfinite(front.base_um):
            return front.base_um
        return self.top + self.height if front.metal_above else self.bottom - self.height


def view(run: Run) -> View:
    """All of a plane cell at all times, the counter electrode too where fields or it itself were written."""
    first = run.fronts[0]
    highest, lowest = max(f.top_um for f in run.fronts), min(f.bottom_um for f in run.fronts)
    tops = [float(run.field(k).y_um.max()) for k in (0, -1)] if run.field_files else []
    moves = bool(run.counters) or (bool(tops) and abs(tops[1] - tops[0]) > STILL * (max(tops) - lowest))
    top = max(*tops, *(f.top_um for f in run.counters), highest) if tops or run.counters else None
    if top is None:
        top = max(1.15 * highest, highest + FIRST * first.width_um)
    room = MARGIN * (top - lowest)
    bottom = 0.0 if lowest >= -STILL * top else lowest - room
    collector = bottom == 0.0 and not first.all_metal
    if bottom <= first.base_um <= lowest:
        bottom, collector = first.base_um, True
    return View(first.left_um, first.width_um, bottom, top + room if moves else top, collector)
