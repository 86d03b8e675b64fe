"""Shapes of cells: the section `geometry`, one class per `shape`.

A shape knows the names of its regions and boundaries before it is meshed, so that everything that refers to
them can be checked. Making the mesh is in `cases.fixed.meshing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from cases.fixed.drawn import File, Polygon
from cases.fixed.packed import Packed, Packing, PackingBox
from cases.fixed.shape import ELECTROLYTE, Boundaries, Plain
from cases.section import Count, Kinds, Name, Section, listed
from cases.units import LENGTH, Length, Position, write
from cases.waveforms import Problem

__all__ = [
    "ELECTROLYTE", "Box", "Channel", "File", "Geometry", "Hull", "Layer", "Line", "Packed", "Packing",
    "PackingBox", "Polygon", "Rectangle", "Strip", "largest_extent",
]  # fmt: skip


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


class Hull(Plain):
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


class Channel(Plain):
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


Geometry = Annotated[
    Line | Rectangle | Box | Hull | Channel | Polygon | Packing | PackingBox | File,
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
