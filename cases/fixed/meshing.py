"""Meshes of cells of fixed shape, one function per shape, with sizes that follow from shape and physics."""

from __future__ import annotations

import math
from functools import singledispatch
from pathlib import Path

from mpi4py import MPI

from cases.errors import CaseError
from cases.fixed import geometry as shapes
from cases.fixed.scales import debye_length
from cases.fixed.schema import FixedCase
from cases.fixed.sides import is_terminal, sides
from meshes import builders, packed
from meshes.errors import MeshError
from meshes.regions import Regions
from solver.model import LIQUID

CELLS_PER_DEBYE_LENGTH = 5


def regions(case: FixedCase, comm: MPI.Comm) -> Regions:
    """The mesh of `case` (collective); CaseError if it cannot be made or does not fit the case."""
    try:
        made = make(case.geometry, case, comm)
    except MeshError as error:
        raise CaseError(f"geometry: {error}") from None
    agree(case, made)
    return made


def agree(case: FixedCase, made: Regions) -> None:
    """Refuse interfaces whose sides do not lie where the mesh has the boundary."""
    for name in case.interfaces:
        side = sides(case, name)
        key = f"interfaces.{name}"
        if side.boundary not in made.boundaries:
            known = ", ".join(f'"{b}"' for b in made.boundaries)
            raise CaseError(f"{key}: the mesh has no such boundary, expected one of {known}")
        beside = made.adjacent(side.boundary)
        for which, region in (("inner", side.inner), ("outer", side.outer)):
            there = any(r in case.media for r in beside) if region == LIQUID else region in beside
            if not there and not is_terminal(region):
                raise CaseError(
                    f'{key}.{which} = "{region}": does not lie beside this boundary, which touches '
                    + " and ".join(f'"{r}"' for r in beside)
                )


@singledispatch
def make(shape: object, case: FixedCase, comm: MPI.Comm) -> Regions:
    """Mesh of a shape."""
    raise TypeError(f"no mesh for {shape!r}")


@make.register(shapes.Line)
def _line(shape: shapes.Line, case: FixedCase, comm: MPI.Comm) -> Regions:
    return builders.interval(comm, layers(case, shape.stack, 40, 1000), (shape.bottom, shape.top))


@make.register(shapes.Rectangle)
def _rectangle(shape: shapes.Rectangle, case: FixedCase, comm: MPI.Comm) -> Regions:
    return builders.rectangle(
        comm,
        shape.width,
        layers(case, shape.stack, 40, 500),
        columns=_across(case, case.mesh.columns, shape.width, shape.distance, 40),
        bottom=shape.bottom,
        top=shape.top,
        left="left",
        right="right",
    )


@make.register(shapes.Box)
def _box(shape: shapes.Box, case: FixedCase, comm: MPI.Comm) -> Regions:
    return builders.box(
        comm,
        shape.width,
        shape.depth,
        layers(case, shape.stack, 12, 60),
        columns=_across(case, case.mesh.columns, shape.width, shape.distance, 12),
        rows=_across(case, case.mesh.rows, shape.depth, shape.distance, 12),
        bottom=shape.bottom,
        top=shape.top,
        left="left",
        right="right",
        front="front",
        back="back",
    )


@make.register(shapes.Hull)
def _hull(shape: shapes.Hull, case: FixedCase, comm: MPI.Comm) -> Regions:
    height = shape.counter_length
    corners = [(0.0, 0.0), (shape.long_wall, 0.0), (shape.short_wall, height), (0.0, height)]
    size, edge = _sizes(case, height, 25, 100)
    return builders.polygon(
        comm,
        corners,
        ["long", "working", "short", "counter"],
        size,
        edge_sizes={"working": edge, "counter": edge},
        growth=case.mesh.growth_rate,
    )


@make.register(shapes.Channel)
def _channel(shape: shapes.Channel, case: FixedCase, comm: MPI.Comm) -> Regions:
    strips = [builders.Strip(s.name, s.start, s.end, s.side) for s in shape.electrodes]
    shortest = min((s.end - s.start for s in strips), default=shape.length)
    size, edge = _sizes(case, shape.gap, 20, 500)
    along = (case.mesh.along or shortest / 20) / (case.mesh.refine if case.mesh.along else 1.0)
    return builders.channel(
        comm,
        shape.length,
        shape.gap,
        strips,
        along=along,
        across=size,
        edge=min(along, 5 * edge),
        wall=edge,
        growth=max(case.mesh.growth_rate, 1.001),
    )


@make.register(shapes.Polygon)
def _polygon(shape: shapes.Polygon, case: FixedCase, comm: MPI.Comm) -> Regions:
    size, edge = _sizes(case, shape.extent, 40, 200)
    busy = {sides(case, name).boundary for name in case.interfaces}
    return builders.polygon(
        comm,
        shape.points,
        [name or None for name in shape.edges],
        size,
        edge_sizes={name: edge for name in dict.fromkeys(shape.edges) if name in busy},
        growth=case.mesh.growth_rate,
        region=shape.region,
        inclusions=[
            builders.Inclusion(
                i.region,
                [i.centre] if i.centre is not None else i.points,
                i.radius,
                i.boundary,
                None if i.size is None else i.size / case.mesh.refine,
            )
            for i in shape.inclusions
        ],
    )


@make.register(shapes.Packed)
def _packing(shape: shapes.Packed, case: FixedCase, comm: MPI.Comm) -> Regions:
    spheres, smallest = len(shape.base) == 2, min(p.radius for p in shape.particles)
    mesh, fine = case.mesh, case.mesh.refine
    return packed.packed(
        comm,
        shape.cell,
        (mesh.size or (shape.distance or 0.0) / (10 if spheres else 15)) / fine,
        (mesh.electrode_size or 2.0 * math.pi * smallest / (8 if spheres else 16)) / fine,
        least=0.25 * smallest / fine if spheres else 0.0,
        growth=max(mesh.growth_rate, 1.5 if spheres else mesh.growth_rate),
        per_gap=(1.0 if spheres else packed.PER_GAP) / fine,
    )


@make.register(shapes.File)
def _file(shape: shapes.File, case: FixedCase, comm: MPI.Comm) -> Regions:
    return builders.from_msh(comm, Path(shape.file), shape.scale, expected=shape.regions())


def layers(case: FixedCase, stack: tuple[shapes.Layer, ...], coarse: int, fine: int) -> list[builders.Layer]:
    """Layers with cells of 1/coarse of their thickness, and of 1/fine where they meet another phase."""
    wet = [layer.name in case.media for layer in stack]
    found = []
    for number, layer in enumerate(stack):
        ends = [
            not (0 <= other < len(stack) and wet[number] and wet[other]) for other in (number - 1, number + 1)
        ]
        size, edge = _sizes(case, layer.thickness, coarse if wet[number] else 10, fine)
        given = case.mesh.electrode_size is not None or case.transport.closure == "poisson"
        graded = wet[number] and (layer.cells is None or given)
        low, high = (edge if graded and end else None for end in ends)
        cells = None if layer.cells is None else max(1, round(layer.cells * case.mesh.refine))
        found.append(
            builders.Layer(
                layer.name,
                layer.thickness,
                cells,
                None if cells is not None else size,
                low,
                high,
                case.mesh.growth_rate,
            )
        )
    return found


def _sizes(case: FixedCase, thickness: float, coarse: int, fine: int) -> tuple[float, float]:
    """Largest cell, and cell at electrodes, in m."""
    mesh = case.mesh
    size = mesh.size or thickness / coarse
    edge = mesh.electrode_size or thickness / fine
    if case.transport.closure == "poisson" and mesh.electrode_size is None:
        edge = min(edge, (debye_length(case) or math.inf) / CELLS_PER_DEBYE_LENGTH)
    return size / mesh.refine, min(edge, size) / mesh.refine


def _across(case: FixedCase, given: int | None, width: float, distance: float | None, most: int) -> int:
    """Cells across the width of a stack."""
    size = case.mesh.size or (distance or width) / 20
    number = given or min(max(round(width / size), 2), most if case.mesh.size is None else 10_000)
    return max(1, round(number * case.mesh.refine))
