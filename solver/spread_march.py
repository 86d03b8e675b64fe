"""March a cell with a spread electrode surface through time: predict the surface, solve there, grow it.

One step of second order (of first order after a discontinuity). The surface goes on as in the last step, told
from its depth, a field with a slope of one; transport and kinetics are solved implicitly at the end of the
step on that surface; what they deposit grows the order parameter, by the same formula that the balances of
the step use (see `memory`). So charge, species and volume close to rounding, for any step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.adaptive import Adapted, Forest, carried, restored
from meshes.bisection import Cut
from meshes.signed_distance import signed_distance

from .archive import OnFirst, Tree
from .bed import Bed
from .cell import Cell
from .compiled import SCALAR, Compiled
from .contoured import Contoured, Seen
from .diffuse import BED, ELECTROLYTE, GROUND, JUNCTION, SUBSTRATE, Spread
from .discretisation import Stored
from .engine import StepError
from .equations import POTENTIAL
from .instrument import Instrument, scaled_control
from .keeper import FieldKeeper
from .kept import found_growth, found_skin, kept_growth, kept_skin
from .memory import Growth, Memory, grown
from .model import FRONT
from .multistep import Formula, extrapolate, formula
from .nonlinear import Newton
from .normal_lines import NormalForms, NormalLines
from .order_parameter import OrderForms, OrderParameter, order_parameter
from .presets import SPREADING
from .reaction import Site
from .spread_cell import disturbance, ground, spread_mesh, spread_model
from .spread_surface import seen
from .state import RemeshRecord, State
from .types import FloatArray

LARGEST_GROWTH = 1.5
"""Of the step from one to the next."""
LANDED = 1e-5
"""How far beyond a limit of the program, in its own scale, counts as on it."""
RELAXATION = 3.0
"""b over w times the speed of the surface: a flat profile keeps its slope where transport decides."""
COVERAGE_STEP = 0.1
"""Largest change of coverage per step."""
VISIBLE = 0.05
"""Order parameter from which on, and up to one minus it, the speed of the surface is looked at."""


@dataclass(frozen=True)
class Level:
    """An accepted state: time, order parameter, depth that was solved on, at the local nodes; fields."""

    time: float
    xi: FloatArray
    depth: FloatArray
    fields: FloatArray


CUT = ("points", "ends", "cells", "rows", "generation")
"""Arrays of a `Cut`."""


def _regrown(forest: Forest, saved: Mapping[str, Any]) -> Adapted:
    """The mesh of a checkpoint (collective)."""
    cut = None
    if forest.comm.rank == 0:
        cut = Cut(births=tuple(saved["births"]), **{name: saved[name].values for name in CUT})
    return forest.regrown(cut)


class SpreadSimulation(Contoured):
    """One cell in time.

    Attributes:
        cell, comm: what is simulated, and by whom.
        problem: fields on the present mesh.
        order: order parameter on the present mesh.
        memory: functionals that the next step starts from.
        growth: what the last step added; None after a discontinuity. Its volume is that of all metal.
        state: time, step, books.
        events: sentences on what happened since they were read.
    """

    def __init__(self, cell: Cell, comm: MPI.Intracomm, saved: Mapping[str, Any] | None = None) -> None:
        """Set the state (collective): the one that `saved` tells of, or the initial one.

        In that, the cell is meshed, concentrations are uniform, and there is no current.
        """
        assert cell.spreading is not None
        self.cell, self.comm, self.model = cell, comm, spread_model(cell)
        self.mesher = mesher = spread_mesh(cell, comm)
        self.state = State(dt=cell.steps.initial)
        regions = mesher.first(cell.front) if saved is None else _regrown(mesher.forest, saved["mesh"])
        self.regions = regions
        self.problem = Spread(self.model, regions)
        self.compiled: Compiled = self.problem.compiled
        self._forms = OrderForms(comm, regions.dim)
        where = regions.regions[ELECTROLYTE], regions.boundaries[SUBSTRATE]
        self._normal_forms = NormalForms(comm, regions.dim, where, cell.spreading.energy)
        self.order = OrderParameter(self._forms, self.problem)
        self.lines = NormalLines(self._normal_forms, self.problem)
        self.bed = Bed(self.problem, ground(cell))
        self._disturbance = disturbance(cell)
        self.growth: Growth | None = None
        self.events: list[str] = []
        self.instrument = Instrument(cell.program)
        self._past: list[Level] = []
        self._speeds: FloatArray = np.zeros(self.order.xi.size)
        self._cut, self._reached = 0.4, False
        self._newton: Newton | None = None
        self.problem.initialise()
        if saved is None:
            self._begin()
        else:
            self._resume(saved)

    def _begin(self) -> None:
        cell, problem, regions = self.cell, self.problem, self.regions
        places = problem.spaces[SCALAR].tabulate_dof_coordinates()[:, : regions.dim]
        problem.set_depth(-signed_distance(cell.front, places))
        self.order.xi = order_parameter(problem.depth.x.array, problem.width)
        self.bed.begin(self.order.xi)
        self.memory = Memory(problem.stored())
        self.state.totals.begin(self._amounts(), {FRONT: self.volume()})
        self.state.cells_max = regions.number_of_cells()
        self._watch()

    def saved(self) -> Tree:
        """All that the next step depends on (collective); factors of matrices are made again."""
        problem, keeper, change = self.problem, FieldKeeper(self.problem), self.memory.change
        scalars, cut = problem.spaces[SCALAR], self.regions.cut
        levels = [
            {
                "time": level.time,
                "xi": keeper.kept(scalars, level.xi),
                "depth": keeper.kept(scalars, level.depth),
                "fields": keeper.kept_snapshot(level.fields),
            }
            for level in self._past
        ]
        return {
            "state": self.state.saved(),
            "instrument": self.instrument.saved(),
            "mesh": {
                **{name: OnFirst(None if cut is None else getattr(cut, name)) for name in CUT},
                "births": None if cut is None else cut.births,
            },
            "fields": keeper.kept_snapshot(problem.snapshot()),
            "xi": keeper.kept(scalars, self.order.xi),
            "depth": keeper.kept_function(problem.depth),
            "speeds": keeper.kept(scalars, self._speeds),
            "past": levels,
            "stored": keeper.kept_stored(self.memory.present),
            "stored change": None if change is None else keeper.kept_stored(change),
            "growth": kept_growth(self.growth),
            "bed": self.bed.saved(),
            "begun": kept_skin(self.begun),
            "initially bare": self.initially_bare,
        }

    def _resume(self, saved: Mapping[str, Any]) -> None:
        problem, keeper = self.problem, FieldKeeper(self.problem)
        scalars, before = problem.spaces[SCALAR], saved["stored change"]
        self.state = State.resumed(saved["state"])
        self.instrument.resume(saved["instrument"])
        self._past = [
            Level(
                level["time"],
                keeper.found(scalars, level["xi"]),
                keeper.found(scalars, level["depth"]),
                keeper.found_snapshot(level["fields"]),
            )
            for level in saved["past"]
        ]
        keeper.found_snapshot(saved["fields"])
        self.order.xi = keeper.found(scalars, saved["xi"])
        problem.set_depth(keeper.found(scalars, saved["depth"]))
        self._speeds = keeper.found(scalars, saved["speeds"])
        change = None if before is None else keeper.found_stored(before)
        self.memory = Memory(keeper.found_stored(saved["stored"]), change)
        self.growth = found_growth(saved["growth"])
        self.bed.resume(saved["bed"])
        self._watch((found_skin(saved["begun"]), saved["initially bare"]))

    @property
    def voltage(self) -> float:
        """Of the working electrode's collector against the counter electrode, V."""
        return float(self.problem.potentials[0] * self.problem.equations.vt)

    def _look(self) -> Seen:
        found = self._disturbance
        factor = None if found is None else partial(found.factor, time=self.state.time)
        return seen(self.problem, self.order.xi, self.bed, self.cell.physics, self._contacts, factor)

    def volume(self) -> float:
        """Of the metal, m^3 (m^2 in 2D) (collective)."""
        problem = self.problem
        own = float(self.order.volumes @ self.order.xi[: self.order.owned])
        return float(problem.comm.allreduce(own, op=MPI.SUM) * problem.regions.unit**problem.regions.dim)

    # --- one step

    def advance(self, largest: float) -> None:
        """Make one step of at most `largest` seconds, as long as accuracy allows.

        Raises:
            StepError: no step, however small, succeeds.
        """
        state, steps, instrument = self.state, self.cell.steps, self.instrument
        dt = min(state.dt, steps.largest, largest, instrument.left(state.time))
        while True:
            if dt < 1e-9 * steps.largest:
                raise StepError(f"the time step fell to {dt:.1e} s at t = {state.time:.6g} s without success")
            growth = self._attempt(dt)
            if growth > 0.0:
                break
            state.rejected += 1
            dt *= self._cut
        state.dt = dt * min(growth, LARGEST_GROWTH)
        if self._reached or instrument.left(state.time) <= 1e-9 * dt:
            self._next_segment()

    def _next_segment(self) -> None:
        instrument, state = self.instrument, self.state
        instrument.next(state.time, -state.totals.charge / self.cell.area)
        state.dt = min(state.dt, self.cell.steps.initial)
        self.memory, self.growth, self._past = self.memory.forgetful(), None, []
        if instrument.segment is not None:
            self.events.append(instrument.segment.name)

    def _attempt(self, dt: float) -> float:
        """Try a step of `dt`; returns by how much the next may be larger, or 0 if this one is refused."""
        start = self.problem.snapshot()
        self._depth_before = depth = self.problem.depth.x.array.copy()
        self._cut, self._reached = 0.4, False
        growth = self._trial(dt, start)
        if growth == 0.0:
            self.problem.restore(start)
            self.problem.set_depth(depth)
        return growth

    def _trial(self, dt: float, start: FloatArray) -> float:
        problem, state, instrument = self.problem, self.state, self.instrument
        assert instrument.segment is not None
        plan = self._plan(dt)
        base = self._past[: plan.order + 1]
        depth = self._predicted(dt)
        self._place(depth, state.time + dt)
        problem.set_rate(plan.a0 / dt)
        terms = self.memory.terms(plan, dt)
        control = scaled_control(problem, instrument.segment, state.time + dt - instrument.begun)
        guess = start
        if len(base) > 1:
            guess = extrapolate(state.time + dt, [b.time for b in base], [b.fields for b in base])
            problem.restore(guess)
        newton = self._solver()
        outcome = (newton.reach if instrument.fresh else newton.solve)(terms, control)
        if not outcome.converged and len(base) > 1:
            problem.restore(start)
            outcome = newton.solve(terms, control)
        solution = problem.snapshot()
        ok = outcome.converged and bool(np.all(np.isfinite(solution)))
        ok = ok and problem.lowest_concentration()[0] > 0.0
        if not self.comm.allreduce(ok, op=MPI.LAND):
            return 0.0
        growth = LARGEST_GROWTH
        if len(base) > 1:
            growth = self._accuracy(plan, dt, solution, guess, base)
            if growth < 0.6:
                return 0.0
        rate, speeds, fastest = self._rates(depth, dt / plan.a0)
        limit = self.cell.steps.displacement * problem.width / max(fastest, 1e-300)
        coverage = self.bed.after(dt, self.cell.physics, self.cell.surfaces, problem.potentials[0])
        limit = min(limit, self._by_coverage(dt, coverage))
        if dt > 1.6 * limit:
            return 0.0
        currents = problem.currents()
        current, last = currents[FRONT] + currents[BED], self.growth
        charge = grown(plan, dt, -current, None if last is None else last.charges[FRONT])
        passed = -(charge + state.totals.charge) / self.cell.area
        seen = instrument.observation(state.time + dt, self.voltage, current / self.cell.area, passed)
        beyond = instrument.overshoot(seen)
        if beyond > LANDED and dt > LANDED * self.cell.steps.initial:
            self._cut = instrument.part(beyond)
            return 0.0
        self._reached = beyond >= 0.0
        instrument.read(seen)
        made = grown(plan, dt, problem.made(currents), None if last is None else last.made)
        rate_of_all = np.array([self.comm.allreduce(float(rate.sum()), op=MPI.SUM)])
        volumes = grown(plan, dt, rate_of_all, None if last is None else last.volumes[FRONT])
        before = Level(state.time, self.order.xi, self._depth_before, start)
        xi = self._grow(plan, dt, rate, speeds, depth)
        self.growth = Growth({FRONT: charge}, made, {FRONT: volumes})
        state.time += dt
        state.last_dt, state.current, state.newton = dt, current, outcome.iterations
        state.step += 1
        state.totals.add(self.growth)
        self.order.xi, self.bed.coverage, self._speeds = xi, coverage, speeds
        self.bed.overgrow(xi)
        self._seen = None
        self._past = [
            Level(state.time, xi, problem.depth.x.array.copy(), solution),
            *(self._past or [before])[:2],
        ]
        self.memory = self.memory.after(problem.stored())
        return float(max(0.3, min(growth, limit / dt)))

    def _plan(self, dt: float) -> Formula:
        times = [level.time for level in self._past]
        steps = [dt, *(a - b for a, b in pairwise(times))]
        second = self.cell.steps.order == 2 and self.memory.change is not None and self.growth is not None
        return formula(2 if second and len(steps) > 1 else 1, steps)

    def _accuracy(
        self, plan: Formula, dt: float, solution: FloatArray, guess: FloatArray, base: list[Level]
    ) -> float:
        """By how much the next step may be larger, from corrector minus predictor (collective)."""
        factor, order = plan.error, plan.order
        if len(base) <= plan.order:
            factor, order = formula(1, [dt, base[0].time - base[1].time]).error, 1
        problem = self.problem
        gap = problem.concentrations(solution) - problem.concentrations(guess)
        weight = problem.wet_nodes()[: len(gap), None]
        sums = np.array([np.sum(weight * gap**2), np.sum(weight * np.ones_like(gap))])
        square, count = self.comm.allreduce(sums, op=MPI.SUM)
        error = max(factor * float(np.sqrt(square / count)), 1e-30)
        return float(0.9 * (self.cell.steps.tolerance / error) ** (1.0 / (order + 1)))

    def _predicted(self, dt: float) -> FloatArray:
        """Depth at the end of a step of `dt` if the surface goes on as in the last one."""
        now = self.order.depth(self.order.xi)
        if len(self._past) < 2 or self.growth is None:
            return now
        before = self.order.depth(self._past[1].xi)
        return np.asarray(now + dt / self.state.last_dt * (now - before))

    def _place(self, depth: FloatArray, time: float) -> None:
        """The surface at `depth` (local nodes), with what kinetics must know of it at `time` (collective)."""
        problem, physics = self.problem, self.cell.physics
        problem.set_depth(depth)
        self.bed.connect(self._contacts)
        self.lines.place()
        factor = physics.direction(-self.lines.normals)
        problem.activity[FRONT].x.array[:] = np.where(
            np.abs(self.lines.normals).sum(axis=1) > 0.5, factor, 1.0
        )
        if self._disturbance is not None:
            problem.activity[FRONT].x.array[:] *= self._disturbance.factor(problem.corners.mean(axis=1), time)
        problem.curvature.x.array[:] = curvature = self.lines.curvature()
        if physics.metal.surface_energy > 0.0:
            per_curvature = physics.metal.capillary_voltage / (physics.thermal_voltage * problem.regions.unit)
            problem.shift[FRONT].x.array[:] = per_curvature * self.lines.stiffness(curvature)

    @property
    def _contacts(self) -> dict[str, str]:
        surfaces = self.cell.surfaces
        return {
            name: JUNCTION if name in surfaces and surfaces[name].contact.floats else GROUND
            for name in self.bed.ground.names
        }

    def _rates(self, depth: FloatArray, span: float) -> tuple[FloatArray, FloatArray, float]:
        """Volume deposited per s at the owned nodes, speed at the local ones, the largest (collective)."""
        problem = self.problem
        per_charge = self.cell.physics.metal.volume_per_charge
        scale = per_charge * problem.equations.current_scale / problem.regions.unit
        deposited = -scale * sum(problem.surface_currents().values())
        speeds, volumes = self.lines.speed(np.asarray(deposited), self._speeds, span * self._mobility())
        xi = order_parameter(depth, problem.width)
        seen = (xi > VISIBLE) & (xi < 1.0 - VISIBLE)
        fastest = float(np.max(np.abs(speeds[seen]), initial=0.0))
        return volumes, speeds, float(self.comm.allreduce(fastest, op=MPI.MAX))

    def _mobility(self) -> FloatArray:
        """Change of the surface's speed with its curvature, of every local cell, mesh units squared per s."""
        problem, physics, eq = self.problem, self.cell.physics, self.problem.equations
        metal, closure = physics.metal, problem.model.closure
        if metal.surface_energy == 0.0:
            return np.zeros(len(problem.hat))
        reaction = physics.reaction_at(FRONT)
        eta = problem.metal_potential() - problem.nodal(POTENTIAL) + problem.shift[FRONT].x.array
        known = {name: eq.c0 * problem.nodal(name) for name in closure.unknowns}
        site = Site(
            eta * eq.vt - reaction.equilibrium_potential,
            closure.concentrations(known),
            problem.model.temperature,
        )
        slope = np.maximum(reaction.slope(site), 0.0)
        slope = slope / (1.0 + slope * physics.film(FRONT).resistance)
        per_node = metal.volume_per_charge * metal.capillary_voltage * slope / problem.regions.unit**2
        return np.asarray(per_node[self.order.space.dofmap.list].mean(axis=1))

    def _by_coverage(self, dt: float, coverage: FloatArray) -> float:
        """Longest step in s that changes no coverage by more than COVERAGE_STEP (collective)."""
        change = float(np.max(coverage - np.maximum(self.bed.coverage, 0.0), initial=0.0))
        return COVERAGE_STEP * dt / max(float(self.comm.allreduce(change, op=MPI.MAX)), 1e-300)

    def _grow(
        self, plan: Formula, dt: float, rate: FloatArray, speeds: FloatArray, depth: FloatArray
    ) -> FloatArray:
        order = self.order
        here = order.xi[: order.owned]
        known = order.volumes * here + dt / plan.a0 * rate
        if plan.order == 2:
            known += plan.a2 / plan.a0 * order.volumes * (here - self._past[1].xi[: order.owned])
        local = np.abs(speeds)[order.space.dofmap.list].max(axis=1)
        return order.step(known, dt / plan.a0, RELAXATION * self.problem.width * local, depth)

    # --- the mesh

    def maintain(self, asked: str = "") -> None:
        """Make the mesh anew where the surface is about to leave its fine part, or for the reason `asked`."""
        state, old = self.state, self.problem
        if not asked and not self.mesher.worn(old, self.bed):
            return
        depth = self.order.depth(self.order.xi)
        used, now = old.depth.x.array.copy(), old.snapshot()
        old.set_depth(depth)
        regions = self.mesher.next(old, self.bed)
        cells = old.regions.number_of_cells()
        totals = self._totals()
        levels = self._past or [Level(state.time, self.order.xi, used, now)]
        new = Spread(self.model, regions, self.compiled)
        order = OrderParameter(self._forms, new)
        taken = [self._carried(level, old, new, regions) for level in levels]
        speeds = fem.Function(old.spaces[SCALAR])
        speeds.x.array[:] = self._speeds
        self._speeds = carried([speeds], self.regions, regions)[0].x.array.copy()
        defect = 0.0
        if self._newton is not None:
            self._newton.destroy()
        self._newton = None
        self.lines.destroy()
        self.order.destroy()
        self.bed = self.bed.on(new)
        self.problem, self.order, self.regions = new, order, regions
        self.lines = NormalLines(self._normal_forms, new)
        for k, (volume, amounts) in reversed(list(enumerate(totals))):
            xi, off = self._with_volume(taken[k].xi, volume)
            taken[k] = replace(taken[k], xi=xi)
            stored, fields, lost = self._with_amounts(taken[k], amounts)
            taken[k] = replace(taken[k], fields=fields)
            defect = max(defect, abs(off), lost)
            if k == 1:
                before = stored
        self.order.xi = taken[0].xi
        change = None
        if self.memory.change is not None and len(totals) > 1:
            change = {name: q - before[name] for name, q in stored.items()}
        self.memory = Memory(stored, change)
        self._past, self._seen = taken if self._past else [], None
        state.remeshes, state.remeshed_at = state.remeshes + 1, state.step
        after = regions.number_of_cells()
        state.cells_max = max(state.cells_max, after)
        state.records.append(RemeshRecord(state.time, asked or "the surface moved", cells, after, defect))

    def _totals(self) -> list[tuple[float, FloatArray]]:
        """Volume of metal in mesh units and amounts of the last states, newest first (collective)."""
        unit = self.problem.regions.unit**self.problem.regions.dim
        volume, amounts = self.volume() / unit, self._amounts()
        totals = [(volume, amounts)]
        if self.growth is not None and self.memory.change is not None and len(self._past) > 1:
            change = np.array(list(self.problem.amounts(self.memory.change).values()))
            totals.append((volume - float(self.growth.volumes[FRONT][0]), amounts - change))
        return totals

    def _carried(self, level: Level, old: Spread, new: Spread, regions: Adapted) -> Level:
        """A state on the next mesh, as it comes (collective)."""
        scalars = [fem.Function(old.spaces[SCALAR]) for _ in range(2)]
        for function, values in zip(scalars, (level.xi, level.depth), strict=True):
            function.x.array[:] = values
        old.restore(level.fields)
        names = list(old.functions)
        results = carried([*scalars, *old.functions.values()], self.regions, regions)
        for name, result in zip(names, results[2:], strict=True):
            new.functions[name].x.array[:] = result.x.array
        new.set_potentials(old.potentials.copy())
        return Level(level.time, results[0].x.array.copy(), results[1].x.array.copy(), new.snapshot())

    def _with_volume(self, xi: FloatArray, volume: float) -> tuple[FloatArray, float]:
        """Xi at the local nodes with so much metal, and the relative defect before (collective)."""
        order = self.order
        own = xi[: order.owned]
        function = fem.Function(order.space)
        where = np.clip(own * (1.0 - own), 0.0, None)
        function.x.array[: order.owned], off = restored(self.comm, own, order.volumes, volume, where)
        function.x.scatter_forward()
        return function.x.array.copy(), off

    def _with_amounts(self, level: Level, amounts: FloatArray) -> tuple[Stored, FloatArray, float]:
        """Functionals and fields of a state with so much of every species; the largest defect."""
        problem = self.problem
        problem.restore(level.fields)
        problem.set_depth(level.depth)
        found = np.array(list(problem.amounts(problem.stored()).values()))
        ratio = amounts / found
        for name, factor in zip(problem.model.closure.unknowns, ratio, strict=True):
            values = problem.nodal(name)
            problem.set_nodal(name, values + np.log(factor) if problem.model.logarithmic else values * factor)
        return problem.stored(), problem.snapshot(), float(np.max(np.abs(ratio - 1.0), initial=0.0))

    # --- what is measured

    def edge_current(self, name: str = FRONT) -> FloatArray:
        """Current density of the facets of the front in A/m^2, negative for deposition (collective)."""
        return self.seen.current if self.state.step else np.zeros(len(self.seen.current))

    def number_of_cells(self) -> int:
        """Of the present mesh."""
        return self.regions.number_of_cells()

    def mean_thickness(self) -> float:
        """Of the metal over the collector, m (collective)."""
        return self.volume() / self.cell.area

    def output(self) -> list[fem.Function]:
        """Fields in SI units to be written: those of the electrolyte have no meaning inside metal."""
        problem, eq = self.problem, self.problem.equations
        space = problem.spaces[SCALAR]
        fields = {
            "concentration_mol_m3": problem.nodal(eq.fields[0]) * eq.c0,
            "potential_V": problem.nodal(POTENTIAL) * eq.vt,
            "metal_potential_V": problem.metal_potential() * eq.vt,
            "order_parameter": self.order.xi,
        }
        results = []
        for name, values in fields.items():
            results.append(fem.Function(space, name=name))
            results[-1].x.array[:] = values
        return results

    def faraday_error(self) -> float:
        """Relative difference of deposited volume and V_m Q/(nF) (collective)."""
        unit = self.problem.regions.unit**self.problem.regions.dim
        per_charge = self.cell.physics.metal.volume_per_charge
        return self.state.totals.faraday_error({FRONT: self.volume()}, unit, per_charge)

    def mass_error(self) -> float:
        """Largest relative defect of the balance of any species (collective)."""
        return self.state.totals.mass_error(self._amounts())

    def _amounts(self) -> FloatArray:
        return np.array(list(self.problem.amounts(self.memory.present).values()))

    def _solver(self) -> Newton:
        if self._newton is None:
            self._newton = Newton(self.problem, SPREADING, self.cell.newton, keep=True)
        return self._newton
