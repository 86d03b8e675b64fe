"""What a cell with a layer of packed particles consists of; `packed` meshes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .packing import Kind, Packing, pack


@dataclass(frozen=True)
class Filling:
    """What particles of one kind are.

    Attributes:
        kind: fraction and sizes.
        region: name of the region inside, None for a hole.
        boundary: name of their surface; None: an insulating wall around a hole, the interface "a|b" around a
            region.
    """

    kind: Kind
    region: str | None
    boundary: str | None = None


@dataclass(frozen=True)
class PackedCell:
    """A box whose lower part is filled with particles.

    Attributes:
        width: extent in x, m.
        depth: extent in y in three dimensions, m; None: two dimensions.
        thickness: of the layer, m.
        above: electrolyte above it, m.
        fillings: what is packed.
        porosity: part of the layer that no particle fills.
        gap: least distance between surfaces, m.
        seed: of the random numbers.
        matrix: region between the particles.
        electrolyte: region above the layer; may be the same.
        bottom, top: names of the ends, None for an insulating wall.
    """

    width: float
    depth: float | None
    thickness: float
    above: float
    fillings: Sequence[Filling]
    porosity: float
    gap: float
    seed: int = 0
    matrix: str = "electrolyte"
    electrolyte: str = "electrolyte"
    bottom: str | None = "working"
    top: str | None = "counter"

    @property
    def base(self) -> tuple[float, ...]:
        """Extents along the ends."""
        return (self.width,) if self.depth is None else (self.width, self.depth)

    def packing(self) -> Packing:
        """The particles; MeshError if they cannot be packed."""
        kinds = [filling.kind for filling in self.fillings]
        box = (*self.base, self.thickness)
        return pack(box, kinds, 1.0 - self.porosity, gap=self.gap, seed=self.seed)


def names(fillings: Sequence[Filling], matrix: str) -> Mapping[str, tuple[str, ...]]:
    """Boundaries of particles and the regions beside them."""
    found: dict[str, tuple[str, ...]] = {}
    for filling in fillings:
        beside = (matrix,) if filling.region is None else (matrix, filling.region)
        if filling.boundary is not None:
            found[filling.boundary] = beside
        elif filling.region is not None:
            found["|".join(beside)] = beside
    return found
