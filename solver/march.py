"""March a cell through time: implicit transport, then the front moves by exactly what was deposited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from mpi4py import MPI

from meshes.front import Front

from .capillarity import above_substrate, implicit_share
from .cell import Cell
from .coverage import (
    FrontFields,
    activity,
    curvature,
    edge_curvature,
    feet,
    joining,
    relabel,
    substrate_rates,
)
from .discretisation import Stored
from .equations import POTENTIAL
from .growing import Growing, initial_floating
from .instrument import Instrument, scaled_control
from .moving_mesh import MovingMesh
from .nonlinear import Newton
from .observables import bare_width, seed_places
from .state import State
from .types import BoolArray, FloatArray, IntArray

MERGE = 0.3
"""Fronts closer than this times the wanted edge merge."""
LANDED = 1e-5
"""How far beyond a limit of the program, in its own scale, counts as on it."""
COVERAGE_STEP = 0.1
"""Largest change of coverage per step."""


def on_ladder(dt: float) -> float:
    """The largest 2^(k/4) s not above `dt`: steps do not hang on last digits, nor on the number of ranks."""
    return float(2.0 ** (np.floor(4.0 * np.log2(dt) + 1e-6) / 4.0))


class StepError(RuntimeError):
    """The step could not be made as small as it would have to be."""


class Simulation:
    """One cell in time."""

    def __init__(self, cell: Cell, comm: MPI.Intracomm) -> None:
        """Mesh the cell and set the initial state: uniform concentrations, no current."""
        self.cell, self.comm = cell, comm
        self.mesher = MovingMesh(comm, cell)
        self.state = State(dt=cell.steps.initial)
        floating = initial_floating(cell.front, cell.seed_contact, np.asarray(cell.bases / cell.gap))
        self.problem = self.mesher.first(floating)
        grounded = np.setdiff1d(np.unique(cell.front.patch), floating.patches).astype(np.int32)
        self._relabel(grounded)
        self.problem.initialise()
        self.memory = self.problem.stored()
        totals = self.state.totals
        totals.amounts = self._amounts()
        totals.lost_amounts, totals.reacted = np.zeros_like(totals.amounts), np.zeros_like(totals.amounts)
        self.initial_area = self.front.metal_area()
        self.initially_bare, self.begun = bare_width(self.front), self.front
        self.events: list[str] = []
        self.instrument = Instrument(cell.program)
        self._cut, self._reached = 0.4, False
        self.nucleated = 0
        self._seeds = seed_places(cell.front)
        self._seed_heights = cell.front.heights(self._seeds)
        self._previous: FloatArray | None = None
        self._last_current: FloatArray | None = None
        self._previous_dt = 0.0
        self._newton: Newton | None = None
        self._deposit: FloatArray = np.empty(0)
        self._coverage: FloatArray = np.empty(0)
        self.state.cells_max = self.problem.domain.number_of_cells()

    @property
    def front(self) -> Front:
        """The electrode surface, the same on all ranks."""
        return self.problem.domain.front

    @property
    def voltage(self) -> float:
        """Of the working electrode's collector against the counter electrode, V."""
        return float(self.problem.potentials[0] * self.problem.equations.vt)

    def floats(self, front: Front) -> BoolArray:
        """Which edges of `front` belong to floating deposits."""
        return np.asarray(self.problem.floating.position(front.patch) >= 0)

    def advance(self, largest: float) -> None:
        """Make one step of at most `largest` seconds, as long as accuracy allows.

        Raises:
            StepError: no step, however small, succeeds.
        """
        state, steps, instrument = self.state, self.cell.steps, self.instrument
        dt = min(on_ladder(min(state.dt, steps.largest)), largest, instrument.left(state.time))
        self._cut = 0.4
        while True:
            if dt < 1e-9 * steps.largest:
                raise StepError(f"the time step fell to {dt:.1e} s at t = {state.time:.6g} s without success")
            growth = self._attempt(dt)
            if growth > 0.0:
                break
            state.rejected += 1
            dt = on_ladder(0.4 * dt) if self._cut == 0.4 else self._cut * dt
        state.dt = dt * min(growth, 1.5)
        if self._reached or instrument.left(state.time) <= 1e-9 * dt:
            self._next_segment()

    def _next_segment(self) -> None:
        """A discontinuity: nothing before it says what comes."""
        instrument, state = self.instrument, self.state
        instrument.next(state.time, -state.totals.charge / self.cell.width)
        self._previous, self._last_current = None, None
        state.dt = min(state.dt, self.cell.steps.initial)
        if instrument.segment is not None:
            self.events.append(instrument.segment.name)

    def _attempt(self, dt: float) -> float:
        """Try a step of `dt`; returns by how much the next may be larger, or 0 if this one is refused."""
        problem, state = self.problem, self.state
        self._load_front()
        problem.set_rate(1.0 / dt)
        memory: Stored = {name: np.asarray(-q / dt) for name, q in self.memory.items()}
        instrument = self.instrument
        assert instrument.segment is not None
        control = scaled_control(problem, instrument.segment, state.time + dt - instrument.begun)
        start = problem.snapshot()
        guess = start
        if self._previous is not None:
            guess = start + dt / self._previous_dt * (start - self._previous)
            problem.restore(guess)
        newton = self._solver()
        self._cut, self._reached = 0.4, False
        outcome = (newton.reach if instrument.fresh else newton.solve)(memory, control)
        if not outcome.converged and self._previous is not None:
            problem.restore(start)
            outcome = newton.solve(memory, control)
        solution = problem.snapshot()
        ok = outcome.converged and bool(np.all(np.isfinite(solution)))
        ok = ok and problem.lowest_concentration()[0] > 0.0
        if not self.comm.allreduce(ok, op=MPI.LAND):
            problem.restore(start)
            return 0.0
        growth = 1.5
        if self._previous is not None:
            gap = problem.concentrations(solution) - problem.concentrations(guess)
            square, count = self.comm.allreduce(np.array([np.sum(gap**2), gap.size]), op=MPI.SUM)
            error = float(np.sqrt(square / count)) * dt / (2.0 * dt + self._previous_dt)
            growth = 0.9 * np.sqrt(self.cell.steps.tolerance / max(error, 1e-30))
            if growth < 0.6:
                problem.restore(start)
                return 0.0
        current = problem.at_front("surface current")
        change = self._front_fields()
        volume = self._deposited(dt, current, change)
        limit = self._longest_step(dt, volume, change)
        if dt > 1.6 * limit:
            problem.restore(start)
            return 0.0
        density = float(current.sum()) * problem.equations.current_scale * self.cell.gap / self.cell.width
        charge = density * dt - state.totals.charge / self.cell.width
        seen = instrument.observation(state.time + dt, self.voltage, density, charge)
        beyond = instrument.overshoot(seen)
        if beyond > LANDED and dt > LANDED * self.cell.steps.initial:
            self._cut = instrument.part(beyond)
            problem.restore(start)
            return 0.0
        self._reached = beyond >= 0.0
        instrument.read(seen)
        state.newton = outcome.iterations
        self._accept(dt, current, volume, change, start)
        return max(0.3, min(growth, limit / dt))

    def _longest_step(self, dt: float, volume: FloatArray, fields: FrontFields) -> float:
        """Longest step in s by motion of the front and by change of coverage."""
        steps, physics, front = self.cell.steps, self.cell.physics, self.front
        if not self.cell.moving:
            return steps.largest
        shortest = np.minimum(np.append(front.lengths, np.inf), np.append(np.inf, front.lengths))
        reach = np.hypot(front.area_vectors[:, 0], front.area_vectors[:, 1])
        moved = np.abs(volume) / np.maximum(reach, 0.25 * shortest)
        by_motion = steps.displacement * dt * float(np.min(shortest / np.maximum(moved, 1e-300)))
        rates = substrate_rates(front, fields, physics, self.cell.surfaces)
        change = rates.after(front.coverage, dt) - np.maximum(front.coverage, 0.0)
        by_coverage = COVERAGE_STEP * dt / max(float(change.max(initial=0.0)), 1e-300)
        return min(by_motion, by_coverage)

    def _deposited(self, dt: float, current: FloatArray, fields: FrontFields) -> FloatArray:
        """Volume that every front vertex receives in a step, mesh units squared."""
        physics, metal, unit = self.cell.physics, self.cell.physics.metal, self.cell.gap
        scale = metal.volume_per_charge * self.problem.equations.current_scale * dt / unit
        current = self._midway(dt, current)
        slope = fields.kinetics(physics)[1] * activity(self.front, physics)
        slope = slope / (1.0 + slope * physics.film_resistance)
        mobility = metal.volume_per_charge * metal.capillary_voltage * slope / unit**2
        volume = implicit_share(self.front, -scale * current, np.asarray(mobility, dtype=np.float64), dt)
        return above_substrate(self.front, volume)

    def _midway(self, dt: float, current: FloatArray) -> FloatArray:
        """Share of every vertex in the current, extrapolated to where the front is midway of the step.

        The solution belongs to the front before the step. An instability that grows at the rate w would lose
        w dt/2 of that rate. The sum stays what transport has passed.
        """
        if self._last_current is None:
            return current
        ahead = current + 0.5 * min(dt / self.state.last_dt, 1.0) * (current - self._last_current)
        total = float(ahead.sum())
        return ahead * (float(current.sum()) / total) if total * float(current.sum()) > 0.0 else current

    def _accept(
        self, dt: float, current: FloatArray, volume: FloatArray, fields: FrontFields, start: FloatArray
    ) -> None:
        state, physics, problem = self.state, self.cell.physics, self.problem
        total = float(current.sum()) * problem.equations.current_scale * self.cell.gap
        state.time += dt
        state.last_dt = dt
        state.step += 1
        state.current = total
        state.totals.charge -= total * dt
        state.totals.reacted += dt * problem.made(problem.currents())
        self._previous, self._previous_dt = start, dt
        self._last_current = current
        if not self.cell.moving:
            self.memory = problem.stored()
            return
        rates = substrate_rates(self.front, fields, physics, self.cell.surfaces)
        self._deposit = volume
        self._coverage = rates.after(self.front.coverage, dt)

    def move(self) -> None:
        """Move the front by what the last step deposited, and the mesh with it.

        Between `advance` and `move`, fields, mesh and front belong together: the time to write them.
        """
        pinned, slide = feet(self.front, self.cell.surfaces)
        self.memory = self.mesher.move(self.problem, self._deposit, pinned, slide)
        self._cover(self._coverage, slide)

    def _cover(self, coverage: FloatArray, slide: BoolArray) -> None:
        domain, floating = self.problem.domain, self.problem.floating
        domain.front = replace(domain.front, coverage=coverage)
        joined = joining(domain.front, floating.patches, slide)
        self.nucleated = int(np.sum(domain.front.heights(self._seeds) >= 2.0 * self._seed_heights))
        self._relabel(joined)
        if joined.size:
            keep = np.append(True, ~np.isin(floating.patches, joined))
            self._renew(self.problem.with_floating(floating.without(joined), self.problem.potentials[keep]))
            self.events.append(f"{joined.size} floating deposits joined the electrode")
            self._previous, self._last_current = None, None

    def maintain(self) -> None:
        """Merge, pinch off and remesh where the last motion asks for it."""
        domain = self.problem.domain
        floating = self.floats(domain.front)
        distance = MERGE * float(np.median(domain.front.lengths))
        resolution = self.mesher.resolve(domain, distance)
        if not resolution.changed and not self.mesher.worn(domain, floating):
            return
        remeshed = self.mesher.remesh(self.problem, self.memory, resolution)
        state, totals, unit = self.state, self.state.totals, self.cell.gap
        totals.lost_amounts = totals.lost_amounts + remeshed.lost
        totals.trapped += remeshed.trapped * unit**2
        totals.bridged += remeshed.bridged * unit**2
        totals.detached += remeshed.detached * unit**2
        self.events.extend(remeshed.events)
        self._renew(remeshed.problem)
        self.memory = remeshed.memory
        # What interpolation smears is no change in time: the next step starts without a predictor.
        self._previous, self._last_current = None, None
        state.remeshes += 1
        state.cells_max = max(state.cells_max, self.problem.domain.number_of_cells())

    def edge_current(self) -> FloatArray:
        """Current density of every front edge in A/m^2, negative where metal is deposited (collective)."""
        if self.state.step == 0:
            return np.zeros(self.front.coverage.size)
        physics = self.cell.physics
        return self._front_fields().kinetics(physics)[0] * activity(self.front, physics)

    def faraday_error(self) -> float:
        """Relative difference of deposited volume and V_m Q/(nF)."""
        grown = (self.front.metal_area() - self.initial_area) * self.cell.gap**2
        return self.state.totals.faraday_error(grown, self.cell.physics.metal.volume_per_charge)

    def mass_error(self) -> float:
        """Largest relative defect of the balance of any species (collective)."""
        return self.state.totals.mass_error(self._amounts())

    def _amounts(self) -> FloatArray:
        """Of every species with an unknown, mol per m depth (collective)."""
        return np.array(list(self.problem.amounts(self.memory).values()))

    def _relabel(self, joined: IntArray) -> None:
        domain = self.problem.domain
        domain.front = relabel(domain.front, joined)

    def _load_front(self) -> None:
        """Curvature and coverage of the present front into the forms."""
        physics = self.cell.physics
        self.problem.set_surface(activity(self.front, physics), self._capillary * curvature(self.front))

    @property
    def _capillary(self) -> float:
        """RT/F per curvature of 1/mesh unit."""
        physics = self.cell.physics
        return physics.metal.capillary_voltage / (physics.thermal_voltage * self.cell.gap)

    def _front_fields(self) -> FrontFields:
        problem = self.problem
        gather, eq = problem.domain.gather_front, problem.equations
        known = {name: eq.c0 * gather(problem.nodal(name)) for name in problem.model.closure.unknowns}
        return FrontFields(
            problem.model.closure.concentrations(known),
            gather(problem.nodal(POTENTIAL)),
            problem.edge_potentials(),
            edge_curvature(self.front),
            self._capillary,
        )

    def _solver(self) -> Newton:
        if self._newton is None:
            self._newton = Newton(self.problem, options=self.cell.newton)
        return self._newton

    def _renew(self, problem: Growing) -> None:
        """Go on with another problem: a new mesh, or fewer floating deposits."""
        if self._newton is not None:
            self._newton.destroy()
        self._newton, self.problem = None, problem
