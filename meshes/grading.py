"""Division of a line into cells that are small where asked and grow geometrically away from there.

The wanted cell size at a distance s from the start of a piece of length L is

    h(s) = min(bulk, a + g s, b + g (L - s)),     g = ln(growth),

so that neighbours away from the ends differ by the factor `growth`, and the points are where the integral of
1/h passes equal steps. That integral is known in closed form: a logarithm, a constant part, a logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from .arrays import FloatArray
from .errors import MeshError

STEEPEST = math.log(4.0)
"""Largest growth a division by a number of cells may take: steeper grading resolves nothing."""


@dataclass(frozen=True)
class Layer:
    """A layer of a stacked cell, or any piece of a line that is to be divided.

    Give either `cells` or `size`. With `size`, cells are at most that large and grow by `growth`; with
    `cells`, there are exactly that many and the growth follows from the sizes asked for at the ends.

    Attributes:
        name: region the layer belongs to; layers of one name are one region.
        thickness: length of the piece in m.
        cells: number of cells.
        size: largest cell in m.
        size_start: largest cell at the start (bottom) of the layer in m, None for no grading there.
        size_end: largest cell at the end (top) of the layer in m, None for no grading there.
        growth: ratio of neighbouring cells where `size` is given, > 1.
    """

    name: str
    thickness: float
    cells: int | None = None
    size: float | None = None
    size_start: float | None = None
    size_end: float | None = None
    growth: float = 1.2

    def __post_init__(self) -> None:
        """Reject what cannot be divided.

        Raises:
            MeshError: with the layer, the value and what was expected.
        """
        if (self.cells is None) == (self.size is None):
            raise MeshError(f'layer "{self.name}": give either the number of cells or their largest size')
        for what in ("thickness", "cells", "size", "size_start", "size_end"):
            value = getattr(self, what)
            if value is not None and not (0.0 < value < math.inf):
                raise MeshError(f'layer "{self.name}": {what} is {value:g}, expected a positive number')
        if not 1.0 < self.growth <= 4.0:
            raise MeshError(
                f'layer "{self.name}": growth is {self.growth:g}, expected more than 1, at most 4'
            )

    def divide(self) -> FloatArray:
        """Points from 0 to `thickness` in m, both included, shape (cells + 1,).

        Raises:
            MeshError: if `cells` are too few for the sizes at the ends.
        """
        start, end = self.size_start or math.inf, self.size_end or math.inf
        if self.cells is None:
            bulk = self.size or math.inf
            pieces = _Pieces.of(self.thickness, bulk, start, end, math.log(self.growth))
            return pieces.points(max(1, math.ceil(pieces.number - 1e-9)))
        count, smallest = self.cells, min(start, end)
        if self.thickness <= count * smallest * (1.0 + 1e-12):
            return np.linspace(0.0, self.thickness, count + 1, dtype=np.float64)

        def excess(rate: float) -> float:
            return _Pieces.of(self.thickness, math.inf, start, end, rate).number - count

        if excess(STEEPEST) > 0.0:
            raise MeshError(
                f'layer "{self.name}": {count} cells are too few to grow from {smallest:g} m to fill '
                f"{self.thickness:g} m"
            )
        rate = float(brentq(excess, 1e-12, STEEPEST, xtol=1e-15, rtol=1e-14))
        return _Pieces.of(self.thickness, math.inf, start, end, rate).points(count)


def stack(layers: Sequence[Layer]) -> tuple[FloatArray, list[str]]:
    """Points through all layers in m, shape (n + 1,), and the region of each of the n pieces.

    Raises:
        MeshError: if there is no layer.
    """
    if not layers:
        raise MeshError("a cell needs at least one layer")
    points: list[FloatArray] = [np.zeros(1)]
    names: list[str] = []
    base = 0.0
    for layer in layers:
        inner = layer.divide()
        points.append(base + inner[1:])
        names += [layer.name] * (len(inner) - 1)
        base += layer.thickness
    return np.concatenate(points), names


@dataclass(frozen=True)
class _Pieces:
    """Integral of 1/h over a length: rising from `a`, constant at `peak`, falling to `b`."""

    length: float
    a: float
    b: float
    peak: float
    rate: float

    @classmethod
    def of(cls, length: float, bulk: float, start: float, end: float, rate: float) -> _Pieces:
        # The first cell of a geometric row is its integral of h; make that the size asked for.
        shrink = rate / math.expm1(rate)
        start, end = start * shrink, end * shrink
        rise = rate * length
        a, b = min(start, bulk, end + rise), min(end, bulk, start + rise)
        if math.isinf(a):
            return cls(length, length, length, length, rate)
        return cls(length, a, b, max(a, b, min(bulk, 0.5 * (a + b + rise))), rate)

    @property
    def parts(self) -> tuple[float, float, float]:
        """Number of cells in the rising, constant and falling part."""
        flat = self.length - (2.0 * self.peak - self.a - self.b) / self.rate
        return (
            math.log(self.peak / self.a) / self.rate,
            max(0.0, flat) / self.peak,
            math.log(self.peak / self.b) / self.rate,
        )

    @property
    def number(self) -> float:
        """Number of cells, not rounded."""
        return sum(self.parts)

    def points(self, count: int) -> FloatArray:
        """Where the integral passes multiples of 1/count of itself, shape (count + 1,)."""
        up, flat, _ = self.parts
        s = self.number * np.arange(count + 1) / count
        rising = self.a * np.expm1(self.rate * np.minimum(s, up)) / self.rate
        level = self.peak * np.clip(s - up, 0.0, flat)
        left = np.minimum(self.number - s, self.parts[2])
        falling = self.length - self.b * np.expm1(self.rate * left) / self.rate
        result = np.where(s <= up + flat, rising + level, falling)
        result[0], result[-1] = 0.0, self.length
        return np.asarray(result)
