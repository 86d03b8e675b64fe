"""Shapes of cells: the section `geometry`, one class per `shape`.

A shape knows the names of its regions and boundaries before it is meshed, so that everything that refers to
them can be checked. Making the mesh is in `cases.fixed.meshing`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from cases.fixed.quantities import Coordinate
from cases.section import Count, Kinds, Name, Section, listed
from cases.units import LENGTH, Length, Position, write
from cases.waveforms import Problem

ELECTROLYTE = "electrolyte"
Boundaries = dict[str, tuple[str, ...]]
"""Regions beside each boundary: one outside, two (in the order of "a|b") between regions, none if unknown."""
EdgeName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z][A-Za-z0-9_+-]{0,31})?$")]
Corner = Annotated[tuple[Coordinate, Coordinate], listed('["0 mm", "10 mm"]')]


class Layer(Section):
    """A layer of a stack."""

    name: Name
    """Region that it is; layers of one name are one region."""
    thickness: Length
    """Thickness."""
    cells: Count | None = None
    """Number of cells across it; by default as many as mesh.size and mesh.electrode_size ask for."""


class _Stack(Section):
    """Layers from the working to the counter electrode, between two parallel ends."""

    gap: Length | None = None
    """Distance between the electrodes, all electrolyte; or give layers."""
    layers: Annotated[tuple[Layer, ...], listed('[{ name = "sei", thickness = "20 nm" }]')] = ()
    """Layers from bottom to top; or give gap."""
    bottom: Name = "working"
    """Name of the lower end."""
    top: Name = "counter"
    """Name of the upper end."""

    @property
    def stack(self) -> tuple[Layer, ...]:
        """The layers; one of electrolyte if a gap is given."""
        return self.layers or (
            Layer.model_construct(name=ELECTROLYTE, thickness=self.gap or 0.0, cells=None),
        )

    @property
    def distance(self) -> float | None:
        """From end to end in m."""
        return sum(layer.thickness for layer in self.stack)

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the other sides."""
        return ()

    def regions(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(dict.fromkeys(layer.name for layer in self.stack))

    def boundaries(self) -> Boundaries:
        """Ends, interfaces between layers, sides."""
        names = [layer.name for layer in self.stack]
        found: Boundaries = {self.bottom: (names[0],), self.top: (names[-1],)}
        order = self.regions()
        for pair in pairwise(names):
            a, b = sorted(pair, key=order.index)
            if a != b:
                found[f"{a}|{b}"] = (a, b)
        return found | dict.fromkeys(self.sides, tuple(self.regions()) if len(set(names)) == 1 else ())

    def problems(self) -> Iterator[Problem]:
        """Both or neither of gap and layers, names used twice."""
        if (self.gap is None) == (not self.layers):
            which = "both are" if self.layers else "neither is"
            yield "geometry", f"expected exactly one of gap and layers, {which} given"
        names = [self.bottom, self.top, *self.sides]
        for key, name in (("bottom", self.bottom), ("top", self.top)):
            if names.count(name) > 1 or name in self.regions():
                yield f"geometry.{key}", "this name stands for another boundary or a region already"


class Line(_Stack):
    """One dimension: between two large parallel electrodes."""

    shape: Literal["line"]
    """A line."""
    dim: ClassVar[int] = 1


class Rectangle(_Stack):
    """Two dimensions: a stack of a width, insulated at "left" and "right"; currents per metre of depth."""

    shape: Literal["rectangle"]
    """A rectangle."""
    width: Length
    """Extent along the layers."""
    dim: ClassVar[int] = 2

    @property
    def sides(self) -> tuple[str, ...]:
        """Left and right."""
        return ("left", "right")


class Box(_Stack):
    """Three dimensions: a stack of a width and a depth, insulated around."""

    shape: Literal["box"]
    """A box."""
    width: Length
    """Extent in x."""
    depth: Length
    """Extent in y."""
    dim: ClassVar[int] = 3

    @property
    def sides(self) -> tuple[str, ...]:
        """Around the stack."""
        return ("left", "right", "front", "back")


class _Plain(Section):
    """What shapes have that are no stack."""

    dim: ClassVar[int] = 2

    @property
    def distance(self) -> float | None:
        """Distance between the electrodes in m, if there is one."""
        return None

    def problems(self) -> Iterator[Problem]:
        """What is wrong with values that are each fine by themselves."""
        yield from ()


class Hull(_Plain):
    """A Hull cell seen from above: "working" is the slanted side, "counter" the one across.

    The defaults are those of the 267 ml cell.
    """

    shape: Literal["hull"]
    """A Hull cell."""
    long_wall: Length = 0.127
    """Insulating wall where the electrodes are furthest apart."""
    short_wall: Length = 0.0476
    """Insulating wall where they are nearest."""
    counter_length: Length = 0.0635
    """Length of the counter electrode, at right angles to both walls."""

    def regions(self) -> tuple[str, ...]:
        """Electrolyte."""
        return (ELECTROLYTE,)

    def boundaries(self) -> Boundaries:
        """Electrodes and walls."""
        return dict.fromkeys(("working", "counter", "long", "short"), (ELECTROLYTE,))

    def problems(self) -> Iterator[Problem]:
        """A working electrode that is not slanted as it should."""
        if self.short_wall >= self.long_wall:
            yield (
                "geometry.short_wall",
                f'expected less than geometry.long_wall = "{write(self.long_wall, LENGTH)}"',
            )


class Strip(Section):
    """An electrode in a wall of a channel."""

    name: Name
    """Name of the boundary; strips of one name are one boundary."""
    start: Position
    """Where it begins, from the inlet."""
    end: Length
    """Where it ends."""
    side: Literal["bottom", "top"] = "bottom"
    """The wall it lies in."""


class Channel(_Plain):
    """A channel between two plates with electrodes in its walls; from "inlet" to "outlet" along x."""

    shape: Literal["channel"]
    """A flow channel."""
    length: Length
    """From inlet to outlet."""
    gap: Length
    """From wall to wall."""
    electrodes: Annotated[tuple[Strip, ...], listed('[{ name = "working", start = "1 cm", end = "2 cm" }]')]
    """The electrodes."""

    @property
    def distance(self) -> float | None:
        """From wall to wall in m."""
        return self.gap

    def regions(self) -> tuple[str, ...]:
        """Electrolyte."""
        return (ELECTROLYTE,)

    def boundaries(self) -> Boundaries:
        """Inlet, outlet, electrodes."""
        return dict.fromkeys(("inlet", "outlet", *(s.name for s in self.electrodes)), (ELECTROLYTE,))

    def problems(self) -> Iterator[Problem]:
        """Strips that leave the channel or overlap."""
        for number, strip in enumerate(self.electrodes):
            key = f"geometry.electrodes.{number}"
            if strip.name in ("inlet", "outlet", ELECTROLYTE):
                yield f"{key}.name", "this name stands for another boundary or a region already"
            if not strip.start < strip.end <= self.length * (1 + 1e-9):
                reach = f'0 to geometry.length = "{write(self.length, LENGTH)}"'
                yield key, f"expected start before end, within {reach}"
            for other in self.electrodes[:number]:
                overlap = min(strip.end, other.end) - max(strip.start, other.start)
                if other.side == strip.side and overlap > 1e-9 * self.length:
                    yield key, f'overlaps with "{other.name}" in the {strip.side} wall'


class Inclusion(Section):
    """Something inside a polygon: another region, or a hole."""

    region: Name | None = None
    """Region inside; a hole without."""
    points: Annotated[tuple[Corner, ...], listed('[["1 mm", "1 mm"], ...]')] = ()
    """Corners; or give centre and radius."""
    centre: Corner | None = None
    """Centre of a circle."""
    radius: Length | None = None
    """Radius of the circle."""
    boundary: Name | None = None
    """Name of its edge; around a region "electrolyte|region" by default."""
    size: Length | None = None
    """Largest cell at its edge."""


class Polygon(_Plain):
    """A polygon in two dimensions, with inclusions."""

    shape: Literal["polygon"]
    """A polygon."""
    points: Annotated[tuple[Corner, ...], listed('[["0 mm", "0 mm"], ["1 mm", "0 mm"], ["0 mm", "1 mm"]]')]
    """Corners in order."""
    edges: Annotated[tuple[EdgeName, ...], listed('["working", "", "counter"]')]
    """Names of the edges from each corner to the next; "" is an insulating wall."""
    region: Name = ELECTROLYTE
    """Region outside the inclusions."""
    inclusions: Annotated[tuple[Inclusion, ...], listed("[{ ... }]")] = ()
    """Other regions, and holes."""

    @property
    def extent(self) -> float:
        """The larger of width and height in m."""
        return max(max(p[k] for p in self.points) - min(p[k] for p in self.points) for k in (0, 1))

    def regions(self) -> tuple[str, ...]:
        """That of the polygon, then those of the inclusions."""
        inner = (i.region for i in self.inclusions if i.region is not None)
        return tuple(dict.fromkeys((self.region, *inner)))

    def boundaries(self) -> Boundaries:
        """Edges, and edges of the inclusions."""
        found: Boundaries = {name: (self.region,) for name in self.edges if name}
        for inclusion in self.inclusions:
            pair = (self.region,) if inclusion.region is None else (self.region, inclusion.region)
            if inclusion.boundary is not None:
                found[inclusion.boundary] = pair
            elif inclusion.region is not None and inclusion.region != self.region:
                found["|".join(pair)] = pair
        return found

    def problems(self) -> Iterator[Problem]:
        """Numbers of corners and edges, a shape given twice."""
        if len(self.points) < 3:
            yield "geometry.points", f"expected at least 3 corners, {len(self.points)} are given"
        elif not self.extent > 0.0:
            yield "geometry.points", "expected corners that span an area"
        if len(self.edges) != len(self.points):
            yield (
                "geometry.edges",
                f"expected as many names as geometry.points has corners, {len(self.points)}, "
                f"{len(self.edges)} are given",
            )
        for number, inclusion in enumerate(self.inclusions):
            key = f"geometry.inclusions.{number}"
            circle = inclusion.centre is not None or inclusion.radius is not None
            if circle == bool(inclusion.points):
                which = "both are" if circle else "neither is"
                yield key, f"expected exactly one of points, and centre with radius, {which} given"
            elif circle and (inclusion.centre is None or inclusion.radius is None):
                missing = "radius" if inclusion.radius is None else "centre"
                yield f"{key}.{missing}", "missing, expected because a circle is given"
            elif not circle and len(inclusion.points) < 3:
                yield f"{key}.points", f"expected at least 3 corners, {len(inclusion.points)} are given"


class File(_Plain):
    """A mesh made with gmsh: physical groups are the regions and boundaries."""

    shape: Literal["file"]
    """A mesh from a file."""
    file: str
    """The .msh file; relative to the case file."""
    unit: Literal["m", "mm", "um", "nm"] = "m"
    """Length that 1 stands for in the file."""

    @property
    def names(self) -> tuple[tuple[int, str], ...]:
        """Dimension and name of the physical groups; empty if the file has none."""
        return physical_names(Path(self.file))

    @property
    def scale(self) -> float:
        """The unit of the file in m."""
        return {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9}[self.unit]

    def regions(self) -> tuple[str, ...]:
        """Groups of the highest dimension."""
        top = max((d for d, _ in self.names), default=0)
        return tuple(name for d, name in self.names if d == top)

    def boundaries(self) -> Boundaries:
        """Groups one dimension below; and what may lie between two regions."""
        top = max((d for d, _ in self.names), default=0)
        regions = self.regions()
        found: Boundaries = {name: () for d, name in self.names if d == top - 1}
        for number, a in enumerate(regions):
            for b in regions[number + 1 :]:
                if f"{b}|{a}" in found:
                    found[f"{b}|{a}"] = (b, a)
                else:
                    found[f"{a}|{b}"] = (a, b)
        return found

    def problems(self) -> Iterator[Problem]:
        """A file that is not there, is no mesh, or names nothing."""
        path = Path(self.file)
        try:
            there = path.is_file()
        except (OSError, ValueError):
            there = False
        if path.suffix != ".msh":
            yield "geometry.file", "expected a mesh file that ends in .msh"
        elif not there:
            yield "geometry.file", "there is no such file"
        elif not self.names:
            yield (
                "geometry.file",
                "names no physical groups; name regions and boundaries in gmsh and save the mesh again",
            )


@lru_cache(maxsize=8)
def physical_names(path: Path) -> tuple[tuple[int, str], ...]:
    """Dimension and name of the physical groups of a .msh file, sorted by dimension and number.

    The block is text in the formats 2 and 4, also where the rest is binary.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError):
        return ()
    start, end = data.find(b"$PhysicalNames"), data.find(b"$EndPhysicalNames")
    if not 0 <= start < end:
        return ()
    text = data[start:end].decode("utf-8", errors="replace")
    rows = re.findall(r'^\s*(\d)\s+(\d+)\s+"([^"\n]+)"', text, re.MULTILINE)
    return tuple((int(d), name) for d, _, name in sorted(rows, key=lambda r: (int(r[0]), int(r[1]))))


Geometry = Annotated[
    Line | Rectangle | Box | Hull | Channel | Polygon | File,
    Kinds("shape"),
]


def largest_extent(geometry: Geometry) -> float:
    """A length in m that the size of cells is measured by."""
    match geometry:
        case Hull():
            return geometry.counter_length
        case Polygon():
            return geometry.extent
        case _:
            return geometry.distance or math.nan
