"""What a run asks of a simulation, however it represents the surface that grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from dolfinx import fem

from meshes.domain import Skin
from meshes.meeting import Contact

from .archive import Tree
from .instrument import Instrument
from .state import State
from .types import FloatArray, IntArray


class StepError(RuntimeError):
    """The step could not be made as small as it would have to be."""


class Engine(Protocol):
    """A cell in time; all methods and properties are collective.

    Attributes:
        state: time, step, books.
        instrument: what drives the cell.
        events: sentences on what happened since they were read.
        initially_bare: size of the substrate that carried no deposit at the start, units of the front.
        begun: surface of the working electrode at the start.
    """

    state: State
    instrument: Instrument
    events: list[str]
    initially_bare: float
    begun: Skin

    @property
    def fronts(self) -> Mapping[str, Skin]:
        """Surfaces of the electrodes that change, the same on all ranks."""
        ...

    @property
    def front(self) -> Skin:
        """Surface of the working electrode."""
        ...

    @property
    def floating(self) -> IntArray:
        """Patches of the front that have no ohmic contact to the collector."""
        ...

    @property
    def nucleated(self) -> int:
        """Islands on which deposit has begun to grow."""
        ...

    @property
    def voltage(self) -> float:
        """Of the working electrode's collector against the counter electrode, V."""
        ...

    def advance(self, largest: float) -> None:
        """Make one step of at most `largest` seconds; afterwards fields and fronts belong together."""
        ...

    def move(self) -> None:
        """Take the fronts to where the step has brought them."""
        ...

    def maintain(self, asked: str = "") -> None:
        """Make the mesh fit for the next step; `asked` is a reason to make it anew."""
        ...

    def saved(self) -> Tree:
        """All that the next step depends on, for an archive; to be asked for between steps."""
        ...

    def output(self) -> list[fem.Function]:
        """Fields in SI units, to be written."""
        ...

    def edge_current(self, name: str = "front") -> FloatArray:
        """Current density of the facets of a front in A/m^2, negative for deposition."""
        ...

    def meeting(self, distance: float) -> Contact | None:
        """Where the electrodes are nearest, in mesh units, if nearer than `distance`."""
        ...

    def mean_thickness(self) -> float:
        """Of the metal over the collector, m."""
        ...

    def dead_metal(self) -> float:
        """Metal that has lost its contact, m^3 (m^2 in 2D)."""
        ...

    def number_of_cells(self) -> int:
        """Of the present mesh."""
        ...

    def faraday_error(self) -> float:
        """Largest relative difference of deposited volume and V_m Q/(nF) of any electrode."""
        ...

    def mass_error(self) -> float:
        """Largest relative defect of the balance of any species."""
        ...
