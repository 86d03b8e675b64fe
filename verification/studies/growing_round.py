"""Cylinders and spheres that grow inside a concentric electrode, against closed forms and radial problems.

What limits growth: charge transfer alone, also with surface energy above and below the critical radius; a
given current; the electrolyte's resistance in series with both electrodes; diffusion of the salt. Cylinders
are quarters between walls in 2D, spheres are octants. The outer electrode keeps its shape or dissolves.

A quarter turned by right angles, the whole circle, its vertices begun elsewhere, and the circle moved to
another place are to give the same radius. The radius converges with the square of edge length and time step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from solver.program import constant_current, hold
from verification.exact.binary import Salt
from verification.exact.electrode import Kinetics
from verification.exact.round import Annulus, Round
from verification.exact.round_salt import RoundSalt
from verification.exact.stability import Deposit, Electrodes
from verification.rows import Result, Row, Study
from verification.studies.round_cells import (
    Geometry,
    Grown,
    circle,
    density,
    grow,
    linear_physics,
    octant,
    quarter,
    salt_physics,
    slice_of_cylinder,
)

OUTER, INNER, GROWN = 10e-6, {2: 0.3, 3: 0.5}, {2: 0.4, 3: 0.6}
"""Radius of the outer electrode in m; of the inner one over it, at first and in the end, by dimension d."""
NANO = 1e-2
"""Size of cells with surface energy over that of the others."""
SODIUM, TENSE = Deposit(23.78e-6, 0.0), Deposit(23.78e-6, 0.5)
TRANSFER, VOLTAGE = 1e-3, -0.01
"""Of the electrode in ohm m^2, and V."""
EASY = 1e-5
"""Resistance of the electrolyte over that of charge transfer, where the latter decides."""
SALT = Salt(1, -1, 1.81e-10, 2.6e-10)
KINETICS = Kinetics(1000.0)
CONCENTRATION, SALT_VOLTAGE, SALT_CURRENT, SALT_TIME = 1000.0, -0.2, -8000.0, 0.4
TOLERANCE = {2: 1e-4, 3: 1e-3}
"""0.01 % of the radius in 2D, 0.1 % in 3D."""
TOLERANCE_OF_CURRENT = {2: 5e-4, 3: 5e-3}
ROUND = {2: 1e-3, 3: 1e-2}
"""Of largest less smallest radius over the radius."""
SAME, ALIKE = 1e-9, 1e-5
"""Of radii that are to be the same, on meshes that decide nothing, and on meshes that do."""
ORDER, FINEST = 2.0, 2e-4
CLOSED, RADIAL = "closed form (verification.exact.round)", "radial moving boundary, spectral"


@dataclass(frozen=True)
class Fineness:
    """Edges on a quarter of the front, edge length far away over the outer radius, time steps."""

    edges: int
    bulk: float
    steps: int


Maker = Callable[[Annulus, int, float], Geometry]
FINE = {2: Fineness(32, 0.03, 64), 3: Fineness(18, 0.07, 32)}
COARSE = {2: Fineness(20, 0.05, 32), 3: Fineness(10, 0.13, 16)}
WHOLE: dict[int, Maker] = {2: quarter, 3: octant}
NAME = {2: "cylinder", 3: "sphere"}


def annulus(dim: int, moves: bool = False, size: float = 1.0) -> Annulus:
    """Of all cells here."""
    return Annulus(dim, INNER[dim] * OUTER * size, OUTER * size, moves)


def kinetic(dim: int) -> Round:
    """Charge transfer at the inner electrode decides."""
    return Round(annulus(dim), SODIUM, VOLTAGE, TRANSFER, resistivity=EASY * TRANSFER / OUTER)


def capillary(dim: int, critical: float) -> Round:
    """The same with surface energy; the voltage makes the critical radius `critical` times the first one."""
    around = annulus(dim, size=NANO)
    resistivity = EASY * TRANSFER / around.outer
    small = Round(around, TENSE, VOLTAGE, TRANSFER, resistivity=resistivity)
    return replace(small, voltage=VOLTAGE * small.critical_radius / (critical * around.inner))


def ohmic(dim: int, moves: bool = False) -> Round:
    """Most of the voltage is lost in the electrolyte, some at both electrodes."""
    resistivity = TRANSFER / OUTER
    return Round(annulus(dim, moves), SODIUM, VOLTAGE, 0.1 * TRANSFER, 0.1 * TRANSFER, resistivity)


def in_salt(dim: int, moves: bool = False) -> RoundSalt:
    """A dissolved salt."""
    return RoundSalt(annulus(dim, moves), SALT, CONCENTRATION, Electrodes(KINETICS, KINETICS), SODIUM)


def duration(exact: Round, ratio: float) -> float:
    """Time in s in which the radius changes by `ratio`, nearly: as if the outer electrode stood still."""
    around = replace(exact.annulus, moves=False)
    alone = replace(exact, annulus=around)
    if exact.deposit.surface_energy > 0.0:
        alone = replace(alone, resistivity=0.0, counter=0.0)
    return alone.time(ratio * around.inner)


def _common(case: str, dim: int, found: Grown, note: str = "") -> list[Row]:
    return [
        Row(
            case, "largest less smallest radius", 0.0, found.roundness, "", ROUND[dim], note="over the radius"
        ),
        Row(case, "volume against charge", 0.0, found.faraday, "", 1e-9, source="Faraday's law", note=note),
    ]


def linear_rows(
    name: str, make: Maker, exact: Round, ratio: float, fineness: Fineness, remesh: int = 0
) -> list[Row]:
    """Radius, roundness and volume after a growth by nearly `ratio` at a held voltage."""
    geometry = make(exact.annulus, fineness.edges, fineness.bulk)
    time = duration(exact, ratio)
    found = grow(geometry, linear_physics(exact), hold(exact.voltage), time, fineness.steps, remesh)
    radius, dim = float(exact.radius([time])[-1]), geometry.dim
    note = f"{found.remeshes} remeshings"
    return [
        Row(name, "radius", radius, found.radius, "m", TOLERANCE[dim], source=CLOSED, note=note),
        *_common(name, dim, found),
    ]


def held_salt_rows(
    name: str, make: Maker, exact: RoundSalt, fineness: Fineness, remesh: int = 0
) -> list[Row]:
    """Radius and current in a salt at a held voltage."""
    geometry = make(exact.annulus, fineness.edges, fineness.bulk)
    history = exact.at_voltage(SALT_VOLTAGE, [SALT_TIME])
    found = grow(geometry, salt_physics(exact), hold(SALT_VOLTAGE), SALT_TIME, fineness.steps, remesh)
    radius, dim = float(history.radius[-1]), geometry.dim
    total = float(history.current[-1]) * exact.annulus.area(radius)
    unit, tolerance = "A" if exact.annulus.dim == 3 else "A/m", TOLERANCE_OF_CURRENT[dim]
    note = f"c at the front {history.concentrations[-1, 0]:.0f} mol/m3, {found.remeshes} remeshings"
    return [
        Row(name, "radius", radius, found.radius, "m", TOLERANCE[dim], source=RADIAL, note=note),
        Row(name, "current at the end", total, found.current, unit, tolerance, source=RADIAL),
        Row(name, "balance of the salt", 0.0, found.salt, "", 1e-8),
        *_common(name, dim, found),
    ]


def driven_salt_rows(name: str, make: Maker, exact: RoundSalt, fineness: Fineness) -> list[Row]:
    """Radius and voltage in a salt at a given current."""
    geometry = make(exact.annulus, fineness.edges, fineness.bulk)
    total, dim = SALT_CURRENT * exact.annulus.area(exact.annulus.inner), geometry.dim
    history = exact.at_current(total, [SALT_TIME])
    program = constant_current(density(geometry, total))
    found = grow(geometry, salt_physics(exact), program, SALT_TIME, fineness.steps)
    radius = exact.annulus.radius_by_charge(exact.deposit, exact.salt.z_plus, -total * SALT_TIME)
    voltage, tolerance = float(history.voltage[-1]), TOLERANCE_OF_CURRENT[dim]
    return [
        Row(name, "radius", radius, found.radius, "m", 1e-9, source=CLOSED),
        Row(name, "voltage at the end", voltage, found.voltage, "V", tolerance, source=RADIAL),
        *_common(name, dim, found),
    ]


def same_rows(name: str, exact: Round, fineness: Fineness, tolerance: float) -> Iterator[Row]:
    """Radii of the same cylinder elsewhere, turned, or whole; turned meshes are alike to rounding."""
    edges, bulk, steps = fineness.edges, fineness.bulk, fineness.steps
    time = duration(exact, GROWN[2] / INNER[2])

    def radius(geometry: Geometry) -> float:
        return grow(geometry, linear_physics(exact), hold(exact.voltage), time, steps).radius

    first, whole = radius(quarter(exact.annulus, edges, bulk)), radius(circle(exact.annulus, edges, bulk))
    turned = radius(quarter(exact.annulus, edges, bulk, turns=1))
    begun = radius(circle(exact.annulus, edges, bulk, start=0.3))
    moved = radius(circle(exact.annulus, edges, bulk, centre=(37.182, -math.pi)))
    for what, other, one, limit in (
        ("a quarter turned by 90 degrees", turned, first, SAME),
        ("the whole against a quarter", whole, first, tolerance),
        ("the first vertex elsewhere", begun, whole, tolerance),
        ("moved to another place", moved, whole, tolerance),
    ):
        yield Row(
            f"{name}: {what}", "difference of the radii", 0.0, other / one - 1.0, "", limit, source="symmetry"
        )


def order_rows(levels: Sequence[int], steps: Sequence[int], often: int) -> Iterator[Row]:
    """Orders in the edge length, by the exact radius, and in the time step, by successive differences."""
    exact = ohmic(2)
    time = duration(exact, GROWN[2] / INNER[2])
    radius = float(exact.radius([time])[-1])

    def error(edges: int, count: int) -> float:
        geometry = quarter(exact.annulus, edges, 0.96 / edges)
        found = grow(geometry, linear_physics(exact), hold(exact.voltage), time, count)
        return found.radius / radius - 1.0

    in_space = [error(edges, often) for edges in levels]
    case = f"edge length: {', '.join(map(str, levels))} edges on a quarter, {often} steps"
    order = math.log2(abs(in_space[-2] / in_space[-1]))
    yield Row(case, "error of the radius", 0.0, abs(in_space[-1]), "", FINEST, order, ORDER, CLOSED)
    gaps = [abs(b - a) for a, b in pairwise([error(levels[0], count) for count in steps])]
    case = f"time step: {', '.join(map(str, steps))} steps, {levels[0]} edges on a quarter"
    order = math.log2(gaps[-2] / gaps[-1])
    yield Row(case, "error of the radius", 0.0, gaps[-1] / 3.0, "", FINEST, order, ORDER, "extrapolation")


def _of_dimension(dim: int, quick: bool) -> Iterator[Row]:
    """All regimes of cylinders or of spheres."""
    make, name, fineness = WHOLE[dim], NAME[dim], (COARSE if quick else FINE)[dim]
    ratio = GROWN[dim] / INNER[dim]
    yield from linear_rows(f"{name}, kinetic control", make, kinetic(dim), ratio, fineness)
    shrinks = f"{name} below its critical radius"
    yield from linear_rows(shrinks, make, capillary(dim, 3.0), 0.9, fineness)
    if quick and dim == 3:
        return
    yield from held_salt_rows(f"{name} in a salt, held voltage", make, in_salt(dim), fineness)
    dissolves = f"{name}, ohmic control, outer electrode dissolves"
    if dim == 2:
        yield from linear_rows(dissolves, make, ohmic(dim, moves=True), ratio, fineness)
    if quick:
        return
    yield from linear_rows(f"{name}, surface energy", make, capillary(dim, 0.4), ratio, fineness)
    yield from driven_salt_rows(f"{name} in a salt, given current", make, in_salt(dim), fineness)
    yield from linear_rows(f"{name}, ohmic control", make, ohmic(dim), ratio, fineness)
    again, often = f"{name}, kinetic control, remeshed", fineness.steps // 4
    yield from linear_rows(again, make, kinetic(dim), ratio, fineness, often)
    if dim == 2:
        case = "cylinder in a salt, held voltage, outer electrode dissolves, remeshed"
        yield from held_salt_rows(case, make, in_salt(dim, moves=True), fineness, often)


def run(quick: bool) -> Result:
    """All of the study."""
    rows = [row for dim in (2, 3) for row in _of_dimension(dim, quick)]
    if not quick:
        thin = Fineness(24, 0.08, 32)
        case = "slice of a cylinder in 3D, kinetic control"
        rows += linear_rows(case, slice_of_cylinder, kinetic(2), GROWN[2] / INNER[2], thin)
    coarse = Fineness(16, 0.06, 32)
    rows += same_rows("kinetic control", kinetic(2), Fineness(8, 0.2, 8) if quick else coarse, SAME)
    if not quick:
        rows += same_rows("ohmic control", ohmic(2), coarse, ALIKE)
    rows += order_rows((8, 16), (8, 16, 32), 48) if quick else order_rows((8, 16, 32), (16, 32, 64), 128)
    return Result(tuple(rows))


study = Study(
    "growing-round",
    "Cylinders and spheres that grow",
    "The radius of a cylinder and of a sphere that grows inside a concentric electrode under kinetic "
    "control, with surface energy above and below the critical radius, at a given current, under ohmic "
    "control, and in a salt: within 0.01 % of closed forms and of a radial moving-boundary reference in 2D, "
    "0.1 % in 3D. They stay round, and where they are, how they are turned and where their vertices begin "
    "does not matter.",
    run,
)
