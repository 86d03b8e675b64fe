"""Shapes with a layer of packed particles: `packing` in two dimensions, `packing_box` in three."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from cases.fixed.shape import ELECTROLYTE, Boundaries, Plain
from cases.section import Fraction, Name, Section, listed
from cases.units import LENGTH, Length, MolarVolume, write
from cases.waveforms import Problem
from meshes.filling import Filling, PackedCell, names
from meshes.packing import Kind

EndName = Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_+-]{0,31})?$")]


class Particle(Section):
    """Particles of one kind: `fraction` of the solid, or moles and molar_volume."""

    region: Name | None = None
    """Region that they are; holes without."""
    boundary: Name | None = None
    """Name of their surface; around a region "matrix|region" by default."""
    radius: Length
    """Median radius."""
    spread: Annotated[float, Field(ge=0, le=0.6)] = 0.0
    """Standard deviation of the logarithm of the radius; 0: all alike."""
    fraction: Fraction | None = None
    """Part of the volume of all particles; in two dimensions of the area."""
    moles: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """Amount, relative to that of the other kinds."""
    molar_volume: MolarVolume | None = None
    """Molar volume, with moles."""

    @property
    def share(self) -> float:
        """Volume relative to that of the other kinds."""
        if self.fraction is not None:
            return self.fraction
        return (self.moles or 0.0) * (self.molar_volume or 0.0)


class Packed(Plain):
    """A layer of particles that do not touch, electrolyte above; currents are per area of the cell."""

    width: Length
    """Extent along the layer; the sides are mirrors."""
    thickness: Length
    """Thickness of the layer."""
    above: Length
    """Electrolyte above it."""
    porosity: Annotated[float, Field(gt=0, lt=1)]
    """Part of the layer that no particle fills."""
    particles: Annotated[
        tuple[Particle, ...], listed('[{ region = "salt", fraction = 1.0, radius = "2 um" }]')
    ]
    """Kinds of particles."""
    gap: Length
    """Least distance between surfaces: of two particles, of a particle and an end or a side."""
    seed: Annotated[int, Field(ge=0, le=2**31)] = 1
    """Of the random places; the same seed is the same packing everywhere."""
    matrix: Name = ELECTROLYTE
    """Region between the particles."""
    bottom: EndName = "working"
    """Name of the lower end; "" is an insulating wall."""
    top: EndName = "counter"
    """Name of the upper end."""

    @property
    def distance(self) -> float | None:
        """From end to end in m."""
        return self.thickness + self.above

    @property
    def base(self) -> tuple[float, ...]:
        """Extents along the ends in m."""
        return (self.width,)

    @property
    def footprint(self) -> float | None:
        """Area that current densities refer to: the cell seen from above, per metre of depth in 2D."""
        return self.width

    @property
    def fillings(self) -> tuple[Filling, ...]:
        """Particles for the mesher, their fractions of the solid volume."""
        total = sum(p.share for p in self.particles) or 1.0
        return tuple(
            Filling(Kind(p.share / total, p.radius, p.spread), p.region, p.boundary) for p in self.particles
        )

    @property
    def cell(self) -> PackedCell:
        """The cell for the mesher."""
        return PackedCell(
            width=self.width,
            depth=self.base[1] if len(self.base) > 1 else None,
            thickness=self.thickness,
            above=self.above,
            fillings=self.fillings,
            porosity=self.porosity,
            gap=self.gap,
            seed=self.seed,
            matrix=self.matrix,
            electrolyte=ELECTROLYTE,
            bottom=self.bottom or None,
            top=self.top or None,
        )

    def regions(self) -> tuple[str, ...]:
        """Electrolyte, matrix, particles."""
        inner = (p.region for p in self.particles if p.region is not None)
        return tuple(dict.fromkeys((ELECTROLYTE, self.matrix, *inner)))

    def boundaries(self) -> Boundaries:
        """Ends, surfaces of particles, and the upper face of a matrix."""
        found: Boundaries = {self.bottom: (self.matrix,), self.top: (ELECTROLYTE,)}
        found.pop("", None)
        for name, beside in names(self.fillings, self.matrix).items():
            found[name] = tuple(sorted(beside, key=self.regions().index))
        if self.matrix != ELECTROLYTE:
            found[f"{ELECTROLYTE}|{self.matrix}"] = (ELECTROLYTE, self.matrix)
        return found

    def problems(self) -> Iterator[Problem]:
        """Particles without a fraction, names used twice, sizes that do not fit."""
        if not self.particles:
            yield "geometry.particles", "expected at least one kind of particles, none is given"
        for number, particle in enumerate(self.particles):
            key = f"geometry.particles.{number}"
            amount = particle.moles is not None, particle.molar_volume is not None
            if (particle.fraction is not None) == any(amount):
                which = "both are" if any(amount) else "neither is"
                yield key, f"expected exactly one of fraction, and moles with molar_volume, {which} given"
            elif any(amount) and not all(amount):
                missing = "molar_volume" if amount[0] else "moles"
                yield f"{key}.{missing}", "missing, expected moles and molar_volume together"
            if particle.region is not None and particle.region == self.matrix:
                yield f"{key}.region", f'expected another region than the matrix, which is "{self.matrix}"'
            least = min(*self.base, self.thickness)
            if 2.0 * (particle.radius + self.gap) >= least:
                yield (
                    f"{key}.radius",
                    f'does not fit with its gaps into the layer, at its narrowest "{write(least, LENGTH)}"',
                )
        yield from self._fractions()
        yield from self._names()

    def _fractions(self) -> Iterator[Problem]:
        given = [p.fraction for p in self.particles]
        known = [f for f in given if f is not None]
        if known and len(known) < len(given):
            yield "geometry.particles", "expected fraction for all kinds or moles for all kinds, found both"
        elif known and abs(sum(known) - 1.0) > 1e-6:
            yield "geometry.particles", f"expected fractions that add up to 1, they add up to {sum(known):g}"

    def _names(self) -> Iterator[Problem]:
        taken = [name for name in (self.bottom, self.top) if name]
        if len(set(taken)) < len(taken) or set(taken) & set(self.regions()):
            yield "geometry.bottom", "this name stands for another boundary or a region already"
        for number, particle in enumerate(self.particles):
            if particle.boundary is not None and particle.boundary in (*taken, *self.regions()):
                yield (
                    f"geometry.particles.{number}.boundary",
                    "this name stands for another boundary or a region already",
                )


class Packing(Packed):
    """A layer of discs; current densities are per width of the cell."""

    shape: Literal["packing"]
    """Random packing in two dimensions."""


class PackingBox(Packed):
    """A layer of spheres."""

    shape: Literal["packing_box"]
    """Random packing in three dimensions."""
    depth: Length
    """Extent in y."""

    @property
    def base(self) -> tuple[float, ...]:
        """Extents along the ends in m."""
        return (self.width, self.depth)

    @property
    def footprint(self) -> float | None:
        """Area of the cell seen from above."""
        return self.width * self.depth
