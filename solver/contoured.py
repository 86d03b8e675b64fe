"""A simulation whose surface is a contour of its order parameter: what is seen of it is told in one place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from meshes.domain import Skin
from meshes.meeting import Contact

from .cell import Cell
from .model import FRONT
from .observables import bare_width, heights_at, seed_places
from .plane import Plane
from .shaping import Shaping
from .space import Space
from .types import FloatArray, IntArray


@dataclass(frozen=True)
class Seen:
    """The surface of the metal, the same on every rank.

    Attributes:
        skin: contour of the order parameter and bare substrate. The patch of metal in contact with the
            collector is -1; other pieces keep their numbers.
        current: density on every facet, A/m^2, negative for deposition, shape (m,).
        floating: patches that have no ohmic contact, ascending.
        dead: volume of metal that touches no substrate, mesh units.
    """

    skin: Skin
    current: FloatArray
    floating: IntArray
    dead: float


class Contoured(ABC):
    """See the module; all of it is collective.

    Attributes:
        cell: what is simulated.
        initially_bare: size of the substrate that carried no deposit at the start, units of the front.
        begun: surface of the working electrode at the start.
    """

    cell: Cell

    def _watch(self, initial: tuple[Skin, float] | None = None) -> None:
        """Look at the initial surface; to be called when the initial state is set.

        Of a simulation that goes on, `initial` is the surface at the start and how much of it was bare.
        """
        self._seen: Seen | None = None
        self._shaping: Shaping = Plane(self.cell) if self.cell.dim == 2 else Space(self.cell)
        self._seeds = seed_places(self.cell.front)
        self._seed_heights = heights_at(self.cell.front, self._seeds)
        if initial is None:
            self.initially_bare, self.begun = bare_width(self.cell.front), self.front
        else:
            self.begun, self.initially_bare = initial

    @abstractmethod
    def _look(self) -> Seen:
        """The surface as it is now."""

    @property
    def seen(self) -> Seen:
        """The surface as a sharp one, looked at once per state."""
        if self._seen is None:
            self._seen = self._look()
        return self._seen

    @property
    def front(self) -> Skin:
        """Surface of the working electrode."""
        return self.seen.skin

    @property
    def fronts(self) -> dict[str, Skin]:
        """The same by its name."""
        return {FRONT: self.front}

    @property
    def floating(self) -> IntArray:
        """Patches of the front that have no ohmic contact to the collector."""
        return self.seen.floating

    @property
    def nucleated(self) -> int:
        """Seeds that are twice as high as they were."""
        return int(np.sum(heights_at(self.front, self._seeds) >= 2.0 * self._seed_heights))

    def move(self) -> None:
        """Nothing is left to do: the surface has grown with the step."""
        return

    def meeting(self, distance: float) -> Contact | None:
        """Where the electrodes are nearest, in mesh units, if nearer than `distance`."""
        return self._shaping.meeting(self.fronts, distance)

    def dead_metal(self) -> float:
        """Metal that has lost its contact, m^3 (m^2 in 2D)."""
        return float(self.seen.dead * self.cell.gap**self.cell.dim)
