"""Metal dissolved down to its collector: what is laid bare, what is left, what has lost its contact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.front import Front
from meshes.shapes import all_metal
from meshes.strip import Exhausted
from solver.cell import Sizes, Steps
from solver.constants import FARADAY
from solver.march import Simulation
from solver.plane import BARE
from solver.program import Program, constant_current, sequence

from .cells import UM, cell, flat, physics

GAP, MOLAR_VOLUME = 10 * UM, 23.78e-6
CURRENT, I0 = 100.0, 10.0
"""Of the cell, and of exchange, A/m^2: 0.12 V of overpotential, which nucleates on bare collector."""
SPEED = CURRENT * MOLAR_VOLUME / FARADAY / GAP
"""Of flat metal that dissolves, gaps per s."""


def stripping(front: Front, program: Program) -> Simulation:
    """Metal with edges of about 0.25 um in a gap of 10 um."""
    sizes = Sizes(front=0.25 * UM, smallest=0.1 * UM, seed=0.1 * UM, bulk=1.5 * UM, growth=0.5)
    steps = Steps(initial=1e-3, largest=1.0, tolerance=5e-3, displacement=0.4)
    return Simulation(cell(front, physics(I0), program=program, sizes=sizes, steps=steps), MPI.COMM_WORLD)


def step(simulation: Simulation) -> Front:
    """One step with all that follows; the front."""
    simulation.advance(1.0)
    simulation.move()
    simulation.maintain()
    front = simulation.front
    assert isinstance(front, Front)
    return front


def strip(simulation: Simulation) -> Iterator[Front]:
    """The front of every step, while fields and fronts belong together, until the metal is used up."""
    with suppress(Exhausted):
        while True:
            simulation.advance(1.0)
            front = simulation.front
            assert isinstance(front, Front)
            yield front
            simulation.move()
            simulation.maintain()


def film(thickness: float) -> Front:
    """Flat metal; its collector is no number of few decimals."""
    return replace(all_metal(flat(width=0.4, size=0.04).points), base=-thickness)


def wedge(thickness: float, height: float = 0.1) -> Front:
    """A film with a ridge of triangular section in its middle, twice as wide as high."""
    x = np.linspace(0.0, 0.4, 25)
    y = np.maximum(0.0, height - np.abs(x - 0.2))
    return replace(all_metal(np.column_stack((x, y))), base=-thickness)


def mushroom(thickness: float, stem: float = 0.02, neck: float = 0.1, cap: float = 0.06) -> Front:
    """A film with a round cap on a thin stem: width of the stem, its height, radius of the cap."""
    opening = np.arcsin(0.5 * stem / cap)
    turn = np.linspace(opening, 2.0 * np.pi - opening, 20)
    middle, top = 0.2, neck + cap * np.cos(opening)
    round_part = np.column_stack((middle - cap * np.sin(turn), top - cap * np.cos(turn)))
    ground = np.linspace(0.0, middle - 0.5 * stem, 10)[:-1]
    rise = np.linspace(0.0, neck, 6)[:-1]
    left = np.vstack(
        (
            np.column_stack((ground, np.zeros(ground.size))),
            np.column_stack((np.full(rise.size, middle - 0.5 * stem), rise)),
        )
    )
    right = np.column_stack((2.0 * middle - left[::-1, 0], left[::-1, 1]))
    return replace(all_metal(np.vstack((left, round_part, right))), base=-thickness)


def test_a_film_is_used_up_when_its_charge_has_passed() -> None:
    thickness = 1.0 / 15.0
    simulation = stripping(film(thickness), constant_current(CURRENT))
    for front in strip(simulation):
        assert front.elevation.min() >= 0.0
    left = SPEED * 1.5 * simulation.state.last_dt
    assert simulation.state.time * SPEED == pytest.approx(thickness, abs=left)
    assert simulation.front.mean_thickness == pytest.approx(0.0, abs=left)
    assert simulation.faraday_error() < 1e-9


def test_collector_that_was_laid_bare_is_plated_again() -> None:
    """The film beside the ridge goes first; the ridge shrinks upright; then all comes back."""
    thickness = 1.0 / 75.0
    begun = wedge(thickness)
    going = 0.7 * begun.metal_volume() / (SPEED * begun.width)
    back = sequence(constant_current(CURRENT, time=going), constant_current(-CURRENT, time=going))
    simulation, bare = stripping(begun, back), []
    while simulation.instrument.segment is not None:
        front = step(simulation)
        bare.append(float(front.measures[front.bare].sum()) / front.width)
        assert front.elevation.min() >= 0.0
        assert simulation.faraday_error() < 1e-9
        if simulation.state.time <= going:
            assert np.all(np.diff(front.points[:, 0]) > 0.0)  # not undercut at its feet
    assert max(bare) > 0.4
    assert bare[-1] == 0.0
    assert simulation.state.totals.charge == pytest.approx(
        0.0, abs=1e-9 * CURRENT * going * begun.width * GAP
    )
    thinnest = BARE * begun.width  # what counts as none where the collector is laid bare
    assert simulation.front.metal_volume() == pytest.approx(begun.metal_volume(), abs=thinnest)
    assert simulation.mass_error() < 1e-9


def test_a_cap_whose_stem_dissolves_is_dead() -> None:
    """It keeps its metal, passes no current in all, and is not there for those who dissolve the rest."""
    begun = mushroom(0.018)
    simulation = stripping(begun, constant_current(CURRENT))
    assert simulation.problem.floating.patches.size == 0
    while simulation.problem.floating.patches.size == 0:
        front = step(simulation)
    dead = [part for part in front.parts() if part.chains[0].walls is None]
    assert len(dead) == 1
    cap = dead[0].metal_volume()
    assert cap > 0.5 * np.pi * 0.05**2
    for front in strip(simulation):
        density = np.where(simulation.floats("front"), simulation.edge_current(), 0.0)
        assert abs(density @ front.measures) < 1e-6 * CURRENT * begun.width
        assert np.abs(density) @ front.measures > 0.0
    front = simulation.front
    assert isinstance(front, Front)
    kept = sum(part.metal_volume() for part in front.parts() if part.chains[0].walls is None)
    assert kept == pytest.approx(cap, rel=1e-9)
    left = SPEED * begun.width * 1.5 * simulation.state.last_dt
    assert front.metal_volume() - kept == pytest.approx(0.0, abs=left)
    assert simulation.faraday_error() < 1e-9
