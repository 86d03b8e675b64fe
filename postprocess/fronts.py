"""Surfaces of an electrode in 2D: polylines with metal on the right of the direction of travel.

The main polyline of the working electrode runs from the left wall to the right one, metal below; that of a
counter electrode that moves runs back, metal above. Pieces of metal that have lost contact are polylines of
their own, clockwise, and so is an enclosed electrolyte, counter-clockwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from postprocess.tables import Floats, Ints, RunError, complete_lines, numbers, read_table

COLUMNS = ("x_um", "y_um", "surface", "coverage", "patch", "current_A_m2")
DEPOSIT = "deposit"
SAME = 1e-6
"""Relative difference of two places that are one."""


@dataclass(frozen=True, eq=False)
class Chain:
    """One polyline; a closed one ends where it begins.

    Attributes:
        x_um: Vertex abscissae, micrometres, shape (n,).
        y_um: Vertex heights above the bare substrate, micrometres, shape (n,).
        surface: What each edge k -> k+1 is made of, shape (n-1,): "deposit" or a substrate surface.
        coverage: Part of each edge covered by deposit, shape (n-1,).
        patch: Floating deposit each edge belongs to, -1 in contact with the collector, shape (n-1,).
        current_A_m2: Current density of each edge, A/m2, negative where metal deposits, shape (n-1,).
    """

    x_um: Floats
    y_um: Floats
    surface: npt.NDArray[np.str_]
    coverage: Floats
    patch: Ints
    current_A_m2: Floats

    @property
    def points_um(self) -> Floats:
        """Vertices, micrometres, shape (n, 2)."""
        return np.column_stack([self.x_um, self.y_um])

    @property
    def middles_um(self) -> Floats:
        """Abscissae of the middles of the edges, micrometres, shape (n-1,)."""
        return 0.5 * (self.x_um[:-1] + self.x_um[1:])

    @property
    def lengths_um(self) -> Floats:
        """Length from its left end to the middles of the edges, micrometres, shape (n-1,)."""
        edges = np.hypot(np.diff(self.x_um), np.diff(self.y_um))
        along = np.cumsum(edges) - 0.5 * edges
        return np.asarray(along if self.x_um[-1] >= self.x_um[0] else edges.sum() - along)

    @property
    def overhangs(self) -> bool:
        """Whether a vertical line crosses it more than once."""
        steps = np.diff(self.x_um)
        return bool(np.any(steps > 0.0) and np.any(steps < 0.0))

    @property
    def closed(self) -> bool:
        """Whether it ends where it begins."""
        return self.detached and abs(float(self.y_um[-1] - self.y_um[0])) <= SAME * self._size

    @property
    def detached(self) -> bool:
        """Whether it is closed, by itself or by the wall on which both ends lie."""
        return abs(float(self.x_um[-1] - self.x_um[0])) <= SAME * self._size

    @property
    def _size(self) -> float:
        return float(np.ptp(self.x_um) + np.ptp(self.y_um))

    @property
    def enclosed_um2(self) -> float:
        """Area inside, square micrometres, positive around metal: 1/2 sum (y_k x_k+1 - x_k y_k+1)."""
        x, y = self.x_um - self.x_um[0], self.y_um - self.y_um[0]
        return 0.5 * float(y @ np.roll(x, -1) - x @ np.roll(y, -1))

    @property
    def dead(self) -> bool:
        """Whether it surrounds metal without contact to anything."""
        return self.detached and self.enclosed_um2 > 0.0

    def spans(self, surface: str) -> list[tuple[float, float]]:
        """Intervals of x (micrometres) covered by runs of neighbouring edges made of `surface`."""
        inside = np.concatenate(([False], self.surface == surface, [False]))
        first, last = np.flatnonzero(inside[1:] & ~inside[:-1]), np.flatnonzero(~inside[1:] & inside[:-1])
        return [(float(self.x_um[a]), float(self.x_um[b])) for a, b in zip(first, last, strict=True)]


@dataclass(frozen=True, eq=False)
class Front:
    """The surface of one electrode at one output time.

    Attributes:
        time_s: Time, s.
        charge_C_m2: Charge deposited per projected electrode area, C/m2 (nan when not written).
        chains: Its polylines.
        base_um: Height of the collector, where the metal ends, micrometres (nan when not written).
    """

    time_s: float
    charge_C_m2: float
    chains: tuple[Chain, ...]
    base_um: float = float("nan")

    @cached_property
    def main(self) -> Chain:
        """The polyline from one side wall to the other."""
        return next((chain for chain in self.chains if not chain.detached), self.chains[0])

    @property
    def dead(self) -> list[Chain]:
        """Pieces of metal that have lost their contact."""
        return [chain for chain in self.chains if chain is not self.main and chain.dead]

    @property
    def metal_above(self) -> bool:
        """Whether it is that of an electrode at the top."""
        return bool(self.main.x_um[-1] < self.main.x_um[0])

    @property
    def left_um(self) -> float:
        """Left wall of the cell, micrometres."""
        return float(min(self.main.x_um[0], self.main.x_um[-1]))

    @property
    def width_um(self) -> float:
        """Width of the cell, micrometres."""
        return float(abs(self.main.x_um[-1] - self.main.x_um[0]))

    @property
    def top_um(self) -> float:
        """Highest point, micrometres."""
        return max(float(chain.y_um.max()) for chain in self.chains)

    @property
    def bottom_um(self) -> float:
        """Lowest point, micrometres."""
        return min(float(chain.y_um.min()) for chain in self.chains)

    @property
    def all_metal(self) -> bool:
        """Whether no substrate is to be seen."""
        return bool(np.all(self.main.surface == DEPOSIT))

    def whole(self, first: Front) -> bool:
        """Whether all polylines end, as none does that was cut off: on itself, or on the walls of `first`."""
        ends, walls = self.chains[-1], np.array([first.left_um, first.left_um + first.width_um])
        places = np.array([[ends.x_um[0]], [ends.x_um[-1]]])
        near = np.abs(places - walls) <= SAME * first.width_um
        complete = np.isclose(self.width_um, first.width_um, rtol=SAME)
        return bool(complete and (ends.closed or np.all(near.any(axis=1))))


def read_fronts(folder: Path, name: str, first: Front | None = None) -> tuple[Front, ...]:
    """Fronts in the files `name`_NNNNNN.csv in order of time; a last one that is cut off is left out.

    Args:
        folder: Where they are.
        name: "front" or "counter".
        first: A front of the same cell, if there is one already.

    Raises:
        RunError: A file is damaged in a way that no interruption explains.
    """
    fronts: list[Front] = []
    paths = sorted(folder.glob(f"{name}_*.csv"))
    for path in paths:
        front = read_front(path)
        like = first or (fronts[0] if fronts else front)
        if front is not None and like is not None and front.whole(like):
            fronts.append(front)
        elif path != paths[-1]:
            raise RunError(f"{path} is cut off, or has no time in its first line.")
    return tuple(sorted(fronts, key=lambda front: front.time_s))


def read_front(path: Path) -> Front | None:
    """Read one file; None where it ends before the second vertex of a polyline.

    Raises:
        RunError: It has no such columns.
    """
    lines = complete_lines(path)
    comments = " ".join(line for line in lines if line.startswith("#"))
    notes = {key: float(value) for key, value in re.findall(r"(\w+)=([-+.\deE]+|nan|inf)(?=\s|$)", comments)}
    table = read_table([line for line in lines if not line.startswith("#")], path)
    if "time_s" not in notes or len(table.get("x_um", ())) < 2:
        return None
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise RunError(f"{path} has no column {missing[0]}.")
    value = {column: numbers(table[column], column, path) for column in table if column != "surface"}
    chain = value.get("chain", np.zeros(len(value["x_um"])))  # older runs have one
    starts = np.flatnonzero(np.r_[True, np.diff(chain) != 0])
    ends = np.r_[starts[1:], len(chain)]
    if np.any(ends - starts < 2):
        return None
    surface = np.array(table["surface"], dtype=np.str_)
    chains = tuple(_chain(value, surface, int(a), int(b)) for a, b in zip(starts, ends, strict=True))
    notes = {"charge_C_m2": float("nan"), "base_um": float("nan"), **notes}
    return Front(notes["time_s"], notes["charge_C_m2"], chains, notes["base_um"])


def _chain(value: Mapping[str, Floats], surface: npt.NDArray[np.str_], a: int, b: int) -> Chain:
    """Rows a ... b - 1; the last one repeats the last edge."""
    return Chain(
        value["x_um"][a:b],
        value["y_um"][a:b],
        surface[a : b - 1],
        value["coverage"][a : b - 1],
        value["patch"][a : b - 1].astype(np.int64),
        value["current_A_m2"][a : b - 1],
    )
