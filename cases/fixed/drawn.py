"""Shapes that are drawn: polygons with inclusions, and meshes made with gmsh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from cases.fixed.quantities import Coordinate
from cases.fixed.shape import ELECTROLYTE, Boundaries, Plain
from cases.section import Name, Section, listed
from cases.units import Length
from cases.waveforms import Problem

EdgeName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z][A-Za-z0-9_+-]{0,31})?$")]
Corner = Annotated[tuple[Coordinate, Coordinate], listed('["0 mm", "10 mm"]')]


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


class Polygon(Plain):
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


class File(Plain):
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
