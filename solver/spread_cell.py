"""What a cell is on the way to a spread surface: its model, its meshes, its substrate, its first metal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI
from scipy.spatial import cKDTree

from meshes.domain import Skin
from meshes.front import DEPOSIT, Front

from .bed import Ground
from .cell import Cell
from .contact import Schottky
from .diffuse import spread
from .disturbance import Disturbance
from .model import Model
from .noise import Noise
from .spread_mesh import Resolution, SpreadMesh
from .types import BoolArray, FloatArray, IntArray


def spread_model(cell: Cell) -> Model:
    """The model of the cell with a spread surface.

    Raises:
        ValueError: for what a spread surface does not do.
    """
    spreading, model = cell.spreading, cell.physics.model
    if spreading is None:
        raise ValueError("the surface of this cell is sharp")
    if cell.counter is not None:
        raise ValueError("a counter electrode that moves needs a sharp surface")
    if any(i.series is not None and i.series.growth > 0.0 for i in model.interfaces):
        raise ValueError("a film that grows needs a sharp surface")
    contacts = [surface.contact for surface in cell.surfaces.values()]
    junction = next((contact for contact in contacts if isinstance(contact, Schottky)), None)
    spread_out = spread(model, spreading.width, cell.gap, spreading.conductivity, junction)
    return replace(spread_out, area=cell.area)


def spread_mesh(cell: Cell, comm: MPI.Intracomm) -> SpreadMesh:
    """What makes the meshes of the cell (collective)."""
    spreading = cell.spreading
    assert spreading is not None
    width = spreading.width / cell.gap
    resolution = Resolution(
        finest=spreading.finest / cell.gap,
        coarsest=cell.sizes.bulk / cell.gap,
        growth=cell.sizes.growth,
        margin=spreading.margin * width,
        adaptive=spreading.adaptive,
        reach=spreading.reach / cell.gap,
    )
    return SpreadMesh(comm, cell.extent, cell.front.base, cell.gap, width, resolution)


def disturbance(cell: Cell) -> Disturbance | None:
    """What varies the current of the cell at random; None: nothing does."""
    spreading = cell.spreading
    if spreading is None or spreading.noise == 0.0:
        return None
    low = (*(0.0 for _ in cell.extent[1:]), cell.front.base)
    box = tuple(zip(low, cell.extent, strict=True))
    length = spreading.noise_length / cell.gap
    noise = Noise(spreading.noise, length, spreading.seed, box, "normal")
    return Disturbance(noise, spreading.noise_period)


def ground(cell: Cell) -> Ground:
    """The collector under the initial front, seen from above."""
    return Ground(cell.front.names, *_seen(cell.front))


@dataclass(frozen=True)
class _Above:
    """Data of the facets of a front at the places under them."""

    front: Skin
    data: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        """Data at points, (n, d) -> (n,)."""
        corners = self.front.points[self.front.cells]
        if isinstance(self.front, Front):
            level = np.flatnonzero(corners[:, 1, 0] > corners[:, 0, 0])
            order = level[np.argsort(corners[level, 0, 0])]
            place = np.searchsorted(corners[order, 0, 0], x[:, 0], side="right") - 1
            return np.asarray(self.data[order[np.clip(place, 0, order.size - 1)]])
        middles = corners.mean(axis=1)[:, :-1]
        return np.asarray(self.data[cKDTree(middles).query(x[:, :-1])[1]])


@dataclass(frozen=True)
class _Kind:
    above: _Above

    def __call__(self, x: FloatArray) -> IntArray:
        return self.above(x).astype(np.int32)


@dataclass(frozen=True)
class _Fresh:
    above: _Above

    def __call__(self, x: FloatArray) -> BoolArray:
        return np.asarray(self.above(x) > 0.5)


def _seen(front: Skin) -> tuple[_Kind, _Fresh]:
    """Kind of substrate under every facet (deposit is on the first kind), and where it is bare."""
    first = 1 if len(front.names) > 1 else DEPOSIT
    kinds = np.where(front.surface == DEPOSIT, first, front.surface).astype(np.float64)
    return _Kind(_Above(front, kinds)), _Fresh(_Above(front, front.bare.astype(np.float64)))
