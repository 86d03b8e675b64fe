"""The section `geometry`: the box of a cell whose electrodes grow, and what they look like at the start.

Height is the last axis. Without `depth` the cell is a plane one, per metre of depth; with it, a box.
"""

from __future__ import annotations

import math
import random
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cases.section import Section
from cases.units import Length, Position


def _pair(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(value)
    raise PydanticCustomError("quantity", 'expected two lengths such as ["2 um", "2 um"]')


Place = Annotated[tuple[Position, Position], BeforeValidator(_pair)]


class Apex(Section):
    """One nucleus of metal at a surface defect, half an ellipse on the substrate."""

    width: Length
    """Width of its foot."""
    height: Length
    """Height above the substrate."""
    position: Position | None = None
    """Where its middle is, from the left wall; by default the middle of the cell."""


class Nucleus(Section):
    """One hemispherical nucleus of metal on the substrate, in a cell with a depth."""

    radius: Length
    """Radius of the hemisphere."""
    position: Place | None = None
    """Where its middle is, from the walls; by default in the middle. In a corner a quarter of it is left."""


class Islands(Section):
    """Sodiophilic islands in the matrix, evenly spaced and centred in the cell; round ones with a depth."""

    width: Length
    """Width of an island, its diameter in a cell with a depth."""
    pitch: Length
    """Distance from the middle of one island to the middle of the next."""
    seed_height: Length
    """Height of the thin cap of metal that each island carries at the start."""
    jitter: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Random shift of each island, as a fraction of (pitch - width)/2."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Seed of the random shifts."""
    arrangement: Literal["square", "hexagonal"] = "square"
    """How round islands lie: "square", or "hexagonal", every second row shifted by half a pitch."""


class Trench(Section):
    """A trench in the middle of the electrode, which is metal throughout."""

    opening: Length
    """Width of the trench."""
    depth: Length
    """Depth of the trench; geometry.gap counts from its bottom."""
    fillet: Length
    """Radius of its four corners."""


class Protrusion(Section):
    """A protrusion on an electrode that is metal throughout: a spike, or a block if it has a top."""

    width: Length
    """Width of its foot, between the lines of its flanks before they are rounded."""
    height: Length
    """Height above the flat metal beside it, before its top is rounded."""
    top: Length | None = None
    """Width of its flat top; without it the flanks meet in a spike."""
    position: Position | None = None
    """Where its middle is, from the left wall; by default the middle of the cell."""
    tip_radius: Length | None = None
    """Radius that rounds the spike, or both corners of the top; sharp without it."""
    foot_radius: Length | None = None
    """Radius that rounds the corners at the foot; sharp without it."""


class Roughness(Section):
    """Random roughness of an electrode that is metal throughout: a sum of all waves that fit the cell."""

    rms: Length
    """Root mean square of the height about its mean."""
    shortest: Length
    """Wavelength of the shortest wave; waves of all lengths from it to twice the cell's width are equally
    strong on average."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Of the random amplitudes."""


class Counter(Section):
    """The counter electrode, flat at the start."""

    moves: bool = False
    """Whether it moves with what is dissolved and deposited; otherwise it stays where it is."""
    thickness: Length | None = None
    """Metal above its surface that can be dissolved if it moves; without it there is no end of it."""


class Geometry(Section):
    """The cell: substrate below, counter electrode above, insulating walls around."""

    width: Length
    """Width of the cell."""
    gap: Length
    """Thickness of the electrolyte at the start: from the substrate to the counter electrode."""
    depth: Length | None = None
    """Depth of a box; without it the cell is a plane one."""
    coating: Literal["none", "islands"] = "none"
    """Either "none", a bare foil with its defect, or "islands", a layer of islands that buries the defect."""
    apex: Apex | None = None
    """Nucleus at the defect of the bare foil; used when coating is "none"."""
    nucleus: Nucleus | None = None
    """Nucleus on the bare foil of a cell with a depth; used when coating is "none"."""
    islands: Islands | None = None
    """The islands; needed when coating is "islands"."""
    trench: Trench | None = None
    """A trench in an electrode of metal; then there are neither apex nor coating nor surfaces."""
    protrusion: Protrusion | None = None
    """A protrusion on an electrode of metal; then there are neither apex nor trench nor coating."""
    roughness: Roughness | None = None
    """Random roughness of an electrode of metal; then there are neither trench nor protrusion nor coating."""
    metal_thickness: Length | None = None
    """Metal below height 0 that can be dissolved, down to the collector; `surfaces` says what that is like.
    Without it an electrode of metal has no end."""
    counter: Counter = Counter()
    """The counter electrode."""

    @property
    def dimension(self) -> int:
        """Of space: 2, or 3 with a depth."""
        return 2 if self.depth is None else 3

    @property
    def apex_position(self) -> float:
        """Middle of the apex in m from the left wall (the middle of the cell unless given)."""
        return self._middle(self.apex)

    @property
    def protrusion_position(self) -> float:
        """Middle of the protrusion in m from the left wall (the middle of the cell unless given)."""
        return self._middle(self.protrusion)

    @property
    def nucleus_position(self) -> tuple[float, float]:
        """Middle of the nucleus in m from the walls (the middle of the cell unless given)."""
        if self.nucleus is not None and self.nucleus.position is not None:
            return self.nucleus.position
        return self.width / 2, (self.depth or 0.0) / 2

    @property
    def island_count(self) -> int:
        """Number of islands: as many as whole pitches fit, none if not coated."""
        if self.coating == "none" or self.islands is None:
            return 0
        across = _fitting(self.width, self.islands.pitch)
        if self.depth is None:
            return across
        if self.islands.arrangement == "square":
            return across * _fitting(self.depth, self.islands.pitch)
        rows = _rows(self.depth, self.islands.pitch)
        return max(0, across * rows - rows // 2)

    @property
    def island_base(self) -> float:
        """Width of an island in m, or its area in m^2 in a box; 0 without islands."""
        if self.islands is None:
            return 0.0
        width = self.islands.width
        return width if self.depth is None else math.pi / 4 * width**2

    @property
    def island_centres(self) -> tuple[float, ...]:
        """Middle of each island of a plane cell in m from the left wall, ascending."""
        islands = self.islands
        if islands is None or self.depth is not None or not self.island_count:
            return ()
        draw = random.Random(islands.seed)
        reach = islands.jitter * (islands.pitch - islands.width) / 2
        row = _centred(self.width, islands.pitch, self.island_count)
        return tuple(x + reach * draw.uniform(-1, 1) for x in row)

    @property
    def island_places(self) -> tuple[tuple[float, float], ...]:
        """Middle (x, y) of each island of a box in m, row by row.

        The random shift of each is even over a disc, so that no two come closer than the pitch less twice
        the largest shift.
        """
        islands = self.islands
        if islands is None or self.depth is None or not self.island_count:
            return ()
        draw = random.Random(islands.seed)
        reach = islands.jitter * (islands.pitch - islands.width) / 2
        places = []
        for x, y in self._lattice(islands, self.depth):
            radius, angle = reach * math.sqrt(draw.random()), math.tau * draw.random()
            places.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
        return tuple(places)

    def _lattice(self, islands: Islands, depth: float) -> list[tuple[float, float]]:
        pitch, across = islands.pitch, _fitting(self.width, islands.pitch)
        if islands.arrangement == "square":
            rows = _centred(depth, pitch, _fitting(depth, pitch))
            return [(x, y) for y in rows for x in _centred(self.width, pitch, across)]
        rows = _centred(depth, pitch * math.sqrt(0.75), _rows(depth, pitch))
        return [(x, y) for k, y in enumerate(rows) for x in _centred(self.width, pitch, across - k % 2)]

    def _middle(self, what: Apex | Protrusion | None) -> float:
        given = None if what is None else what.position
        return self.width / 2 if given is None else given


def _fitting(length: float, pitch: float) -> int:
    """How many whole pitches fit into a length."""
    return math.floor(length / pitch * (1 + 1e-12))


def _rows(depth: float, pitch: float) -> int:
    """How many rows of a hexagonal array fit, with half a pitch left free at both walls."""
    return _fitting(depth - pitch, pitch * math.sqrt(0.75)) + 1 if depth >= pitch * (1 - 1e-12) else 0


def _centred(length: float, pitch: float, count: int) -> list[float]:
    """`count` places, a pitch apart, in the middle of a length."""
    first = (length - (count - 1) * pitch) / 2
    return [first + k * pitch for k in range(count)]
