"""What the moving mesh wants done to its fronts, in 2D or 3D."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from meshes.domain import Simplices, Skin
from meshes.meeting import Contact

from .types import BoolArray, FloatArray

QUALITY = 0.3
"""Remesh when the worst cell falls below this (1 is regular)."""
STRETCH = 1.8
"""Remesh when a front edge is longer than this times the length wanted there."""
SHRINK = 0.4
"""Remesh when a front edge is shorter than this times what it was when the mesh was made."""
FINE = 0.4
"""Remesh when half of the front has edges shorter than this times the length wanted there."""
Fronts: TypeAlias = Mapping[str, Skin]
"""Surfaces of the moving electrodes by name of their boundary."""


@dataclass
class Resolved:
    """Fronts that neither cross nor nearly touch themselves, and what had to happen to them.

    Attributes:
        fronts: by name.
        changed: whether anything happened.
        trapped, bridged: of each front, area as in `meshes.merge.Resolution`, mesh units.
        dead: patches of each front that lost their contact, with their areas.
        events: one sentence for each thing that happened.
    """

    fronts: dict[str, Skin]
    changed: bool = False
    trapped: dict[str, float] = field(default_factory=dict)
    bridged: dict[str, float] = field(default_factory=dict)
    dead: dict[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    @property
    def enclosed(self) -> float:
        """Electrolyte that is no longer there."""
        return sum(self.trapped.values()) + sum(self.bridged.values())


class Shaping(Protocol):
    """Geometry of the fronts; `first`, `resolve` and `remade` are called on rank 0 only.

    Attributes:
        from_mesh: whether `remade` starts from the mesh there is.
        next_patch: number of the next piece of dead metal; numbers are not used twice.
    """

    from_mesh: bool
    next_patch: int

    def first(self) -> tuple[Fronts, Simplices]:
        """Fronts to begin with, and the mesh of the electrolyte between them."""
        ...

    def remade(
        self, fronts: Fronts, floating: Mapping[str, BoolArray], old: Simplices | None
    ) -> tuple[Fronts, Simplices]:
        """Fronts with vertices added and removed where resolution asks for it, and a mesh between them."""
        ...

    def resolve(self, fronts: Fronts) -> Resolved:
        """Loops, merging, pinch-off."""
        ...

    def feet(self, front: Any) -> tuple[BoolArray, BoolArray]:
        """Vertices where a deposit ends on bare substrate: pinned, sliding."""
        ...

    def displaced(self, front: Any, volume: FloatArray, pinned: BoolArray, slide: BoolArray) -> Skin:
        """The front when every vertex has received its `volume`."""
        ...

    def evened(self, front: Any, floating: BoolArray) -> Skin:
        """The same surface with vertices at better places."""
        ...

    def worn(self, front: Any, floating: BoolArray, start: FloatArray) -> str:
        """Why the front wants other vertices, "" if it does not; `start`: sizes of its facets at first."""
        ...

    def meeting(self, fronts: Fronts, distance: float) -> Contact | None:
        """Where working and counter electrode are nearest, if nearer than `distance` (mesh units)."""
        ...

    def settled(self, front: Any, volume: FloatArray, pinned: BoolArray) -> FloatArray:
        """`volume` when pinned vertices have passed theirs on to the next free ones."""
        ...

    def available(self, front: Any, volume: FloatArray, given: FloatArray | None) -> FloatArray:
        """`volume` such that no vertex gives more metal than lies over the collector; the sum stays.

        What a vertex was `given` in this step before, it may give back besides.

        Raises:
            Exhausted: there is not enough metal.
        """
        ...

    def stripped(self, front: Any, dissolving: BoolArray) -> tuple[Skin, float]:
        """The front less deposit that is used up on facets that are `dissolving`, and its volume."""
        ...
