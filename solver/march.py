"""March a cell through time: implicit transport, then the front moves by exactly what was deposited."""

from __future__ import annotations

import numpy as np
from dolfinx import fem
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
from .moving_mesh import MovingMesh
from .newton import Newton
from .observables import bare_width, seed_places
from .problem import StepSystem, initial_floating
from .state import State
from .types import BoolArray, FloatArray, IntArray

NEWTON = {
    "snes_type": "newtonls",
    "snes_linesearch_type": "bt",
    "snes_rtol": 1e-10,
    "snes_atol": 1e-13,
    "snes_stol": 1e-12,
    "snes_max_it": 12,
    "ksp_type": "preonly",
    "pc_type": "lu",
    "pc_factor_mat_solver_type": "mumps",
}
"""Default PETSc options of the time step."""
MERGE = 0.3
"""Fronts closer than this times the wanted edge merge."""
COVERAGE_STEP = 0.1
"""Largest change of coverage per step."""


def on_ladder(dt: float) -> float:
    """The largest 2^(k/4) s not above `dt`: steps do not hang on last digits, nor on the number of ranks."""
    return float(2.0 ** (np.floor(4.0 * np.log2(dt) + 1e-6) / 4.0))


class StepError(RuntimeError):
    """The step could not be made as small as it would have to be."""


class Simulation:
    """One cell in time."""

    def __init__(self, cell: Cell, comm: MPI.Comm) -> None:
        """Mesh the cell and set the initial state: uniform concentrations, no current."""
        self.cell, self.comm = cell, comm
        self.mesher = MovingMesh(comm, cell)
        self.state = State(dt=cell.steps.initial)
        self.floating = initial_floating(cell.front, cell.seed_contact, np.asarray(cell.bases / cell.gap))
        self.transport = self.mesher.first()
        grounded = np.setdiff1d(np.unique(cell.front.patch), self.floating.patches).astype(np.int32)
        self._relabel(grounded)
        self._initial_fields()
        self.memory = self.transport.vector("mass")
        totals = self.state.totals
        totals.amounts = self.transport.amounts(self.memory)
        totals.lost_amounts = np.zeros_like(totals.amounts)
        self.initial_area = self.front.metal_area()
        self.initially_bare = bare_width(self.front)
        self.potentials: FloatArray = np.full(self.floating.patches.size, self._applied)
        self.events: list[str] = []
        self.nucleated = 0
        self._seeds = seed_places(cell.front)
        self._seed_heights = cell.front.heights(self._seeds)
        self._previous: fem.Function | None = None
        self._last_current: FloatArray | None = None
        self._previous_dt = 0.0
        self._system: StepSystem | None = None
        self._newton: Newton | None = None
        self._deposit: FloatArray = np.empty(0)
        self._coverage: FloatArray = np.empty(0)
        self.state.cells_max = self.transport.domain.number_of_cells()

    @property
    def front(self) -> Front:
        """The electrode surface, the same on all ranks."""
        return self.transport.domain.front

    @property
    def _applied(self) -> float:
        return self.cell.physics.voltage / self.cell.physics.electrolyte.thermal_voltage

    def floats(self, front: Front) -> BoolArray:
        """Which edges of `front` belong to floating deposits."""
        return np.asarray(self.floating.position(front.patch) >= 0)

    def advance(self, largest: float) -> None:
        """Make one step of at most `largest` seconds, as long as accuracy allows.

        Raises:
            StepError: no step, however small, succeeds.
        """
        state, steps = self.state, self.cell.steps
        dt = min(on_ladder(min(state.dt, steps.largest)), largest)
        while True:
            if dt < 1e-9 * steps.largest:
                raise StepError(f"the time step fell to {dt:.1e} s at t = {state.time:.6g} s without success")
            growth = self._attempt(dt)
            if growth > 0.0:
                break
            state.rejected += 1
            dt = on_ladder(0.4 * dt)
        state.dt = dt * min(growth, 1.5)

    def _attempt(self, dt: float) -> float:
        """Try a step of `dt`; returns by how much the next may be larger, or 0 if this one is refused."""
        transport, state = self.transport, self.state
        system, newton = self._prepared()
        self._load_front()
        transport.rate.value = 1.0 / dt
        system.memory = self.memory
        start = transport.u.x.array.copy()
        potentials = self.potentials.copy()
        guess = start
        if self._previous is not None:
            guess = start + dt / self._previous_dt * (start - self._previous.x.array)
        owned = system.owned
        fields, scalars, outcome = newton.solve(guess[:owned], potentials)
        if not outcome.converged and self._previous is not None:
            fields, scalars, outcome = newton.solve(start[:owned], potentials)
        n = transport.forms.species
        concentrations = fields.reshape(-1, n)[:, : n - 1]
        ok = outcome.converged and bool(np.all(np.isfinite(fields))) and bool(np.all(concentrations > 0.0))
        if not self.comm.allreduce(ok, op=MPI.LAND):
            transport.u.x.array[:] = start
            return 0.0
        growth = 1.5
        if self._previous is not None:
            gap = concentrations - guess[:owned].reshape(-1, n)[:, : n - 1]
            square, count = self.comm.allreduce(np.array([np.sum(gap**2), gap.size]), op=MPI.SUM)
            error = float(np.sqrt(square / count)) * dt / (2.0 * dt + self._previous_dt)
            growth = 0.9 * np.sqrt(self.cell.steps.tolerance / max(error, 1e-30))
            if growth < 0.6:
                transport.u.x.array[:] = start
                return 0.0
        current = transport.at_front("front_current")
        change = self._front_fields()
        volume = self._deposited(dt, current, change)
        limit = self._longest_step(dt, volume, change)
        if dt > 1.6 * limit:
            transport.u.x.array[:] = start
            return 0.0
        self.potentials = scalars
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
        scale = metal.volume_per_charge * physics.kinetics.exchange_current_density * dt / unit
        current = self._midway(dt, current)
        slope = fields.kinetics(physics)[1] * activity(self.front, physics)
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
        state, physics, unit = self.state, self.cell.physics, self.cell.gap
        total = float(current.sum()) * physics.kinetics.exchange_current_density * unit
        state.time += dt
        state.last_dt = dt
        state.step += 1
        state.current = total
        state.totals.charge -= total * dt
        counter = self.transport.counter_current()
        state.totals.reacted -= (
            dt * self.transport.g / self.transport.tau[physics.ion] * (float(current.sum()) + counter)
        )
        previous = fem.Function(self.transport.space)
        previous.x.array[:] = start
        self._previous, self._previous_dt = previous, dt
        self._last_current = current
        if not self.cell.moving:
            self.memory = self.transport.vector("mass")
            return
        rates = substrate_rates(self.front, fields, physics, self.cell.surfaces)
        self._deposit = volume
        self._coverage = rates.after(self.front.coverage, dt)

    def move(self) -> None:
        """Move the front by what the last step deposited, and the mesh with it.

        Between `advance` and `move`, fields, mesh and front belong together: the time to write them.
        """
        pinned, slide = feet(self.front, self.cell.surfaces)
        self.memory = self.mesher.move(self.transport, self._deposit, pinned, slide)
        self._cover(self._coverage, slide)

    def _cover(self, coverage: FloatArray, slide: BoolArray) -> None:
        domain = self.transport.domain
        domain.front = Front(
            domain.front.points, domain.front.names, domain.front.surface, coverage, domain.front.patch
        )
        joined = joining(domain.front, self.floating.patches, slide)
        self.nucleated = int(np.sum(domain.front.heights(self._seeds) >= 2.0 * self._seed_heights))
        self._relabel(joined)
        if joined.size:
            keep = ~np.isin(self.floating.patches, joined)
            self.potentials = self.potentials[keep]
            self.floating = self.floating.without(joined)
            self.events.append(f"{joined.size} floating deposits joined the electrode")
            self._last_current = None
            self._reset_system()

    def maintain(self) -> None:
        """Merge, pinch off and remesh where the last motion asks for it."""
        domain = self.transport.domain
        floating = self.floats(domain.front)
        distance = MERGE * float(np.median(domain.front.lengths))
        resolution = self.mesher.resolve(domain, distance)
        if not resolution.changed and not self.mesher.worn(domain, floating):
            return
        remeshed = self.mesher.remesh(self.transport, self.memory, resolution, self.floats)
        state, totals, unit = self.state, self.state.totals, self.cell.gap
        totals.lost_amounts = totals.lost_amounts + remeshed.lost
        totals.trapped += remeshed.trapped * unit**2
        totals.bridged += remeshed.bridged * unit**2
        totals.detached += remeshed.detached * unit**2
        self.events.extend(remeshed.events)
        self.transport, self.memory = remeshed.transport, remeshed.memory
        # What interpolation smears is no change in time: the next step starts without a predictor.
        self._previous, self._last_current = None, None
        state.remeshes += 1
        state.cells_max = max(state.cells_max, self.transport.domain.number_of_cells())
        self._reset_system()

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
        return self.state.totals.mass_error(self.transport.amounts(self.memory), self.cell.physics.ion)

    def _initial_fields(self) -> None:
        transport, species = self.transport, self.cell.physics.electrolyte.species
        n = transport.forms.species
        values = transport.u.x.array.reshape(-1, n)
        for index in range(n - 1):
            values[:, index] = species[index].concentration / self.cell.physics.reference
        values[:, n - 1] = 0.0

    def _relabel(self, joined: IntArray) -> None:
        domain = self.transport.domain
        domain.front = relabel(domain.front, joined)

    def _load_front(self) -> None:
        """Curvature and coverage of the present front into the forms."""
        domain, transport = self.transport.domain, self.transport
        transport.curvature.x.array[domain.map.all_dofs] = curvature(domain.front)[domain.map.all_vertices]
        transport.activity.x.array[:] = activity(domain.front, self.cell.physics)[domain.map.edges]

    def _front_fields(self) -> FrontFields:
        transport, physics, front = self.transport, self.cell.physics, self.front
        gather, vt = transport.domain.gather_front, physics.electrolyte.thermal_voltage
        metal = np.full(front.coverage.size, self._applied)
        position = self.floating.position(front.patch)
        if self.potentials.size:
            metal[position >= 0] = self._system_potentials()[position[position >= 0]]
        ratio = physics.reference / physics.kinetics.reference_concentration
        return FrontFields(
            ratio * gather(transport.component(physics.ion)),
            gather(transport.component(transport.forms.species - 1)),
            metal,
            edge_curvature(front),
            physics.metal.capillary_voltage / (vt * self.cell.gap),
        )

    def _system_potentials(self) -> FloatArray:
        return self._prepared()[0].potentials

    def _prepared(self) -> tuple[StepSystem, Newton]:
        if self._system is None or self._newton is None:
            self._system = StepSystem(self.transport, self.floating)
            self._load_front()
            self._system.load(self.transport.u.x.array[: self._system.owned].copy(), self.potentials)
            self._newton = Newton(self._system, {**NEWTON, **self.cell.newton})
        return self._system, self._newton

    def _reset_system(self) -> None:
        if self._newton is not None and self._system is not None:
            self._newton.destroy()
            self._system.destroy()
        self._newton, self._system = None, None
