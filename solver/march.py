"""March a cell through time: predict where the fronts go, solve transport there, correct.

One step of second order (of first order after a discontinuity): the fronts go on as in the last step, and
the mesh with them; transport and kinetics are solved implicitly at the end of the step on that geometry; the
volume deposited follows from the current by the same formula that the species balance uses (see `memory`),
and the fronts are moved by what the prediction missed. It is of second order in the step, so the geometry of
the solve is accurate enough for the step to be of second order, and capillarity acts on it implicitly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.domain import Skin
from meshes.errors import MeshError
from meshes.front import Front
from meshes.meeting import Contact
from meshes.strip import Exhausted

from .archive import Tree
from .at_front import capillary_shift, front_fields, longest_step
from .capillarity import bent_share, implicit_share
from .cell import Cell
from .coverage import (
    FrontFields,
    activity,
    curvature,
    joining,
    relabel,
    substrate_rates,
)
from .engine import StepError
from .equations import POTENTIAL
from .film import covered, cracked, known_film, stretch, stretched, thickening
from .growing import Growing, initial_floating
from .instrument import Instrument, scaled_control
from .keeper import FieldKeeper
from .kept import found_floating, found_growth, found_skin, kept_floating, kept_growth, kept_skin
from .memory import Growth, Memory, grown, shares
from .model import COUNTER, FRONT, Cover
from .moving_mesh import MovingMesh
from .multistep import Formula, extrapolate, formula
from .nonlinear import Newton
from .observables import bare_width, heights_at, seed_places
from .shaping import Fronts
from .state import RemeshRecord, State
from .types import BoolArray, FloatArray, IntArray

ROUNDING = 1e-12
"""Of volumes, relative to the sizes of facets: so much less metal is no stripping."""
UNSCALED = {"mat_mumps_icntl_6": 0, "mat_mumps_icntl_8": 0}
"""The equations are scaled already; without its own scaling MUMPS takes two thirds of the time."""
PLAIN = {"pc_factor_mat_solver_type": "petsc", "pc_factor_mat_ordering_type": "qmd"}
"""PETSc's own factors of small plane problems on one rank: made in a third of the time that MUMPS takes, and
solved with in a quarter. They do not pivot, which these equations do not need."""
LARGEST_PLAIN = 20_000
"""Unknowns up to which they are used."""
LANDED = 1e-5
"""How far beyond a limit of the program, in its own scale, counts as on it."""
FOLDED = 0.02
"""Quality of the worst cell below which a mesh is not to be moved further, or worked on."""
LARGEST_GROWTH = 1.5
"""Of the step from one to the next."""


def on_ladder(dt: float) -> float:
    """The largest 2^(k/4) s not above `dt`: steps do not hang on last digits, nor on the number of ranks."""
    return float(2.0 ** (np.floor(4.0 * np.log2(dt) + 1e-6) / 4.0))


def _filmed(cell: Cell) -> Cell:
    """With whole films on the electrodes that move."""
    film = cell.physics.film
    counter = cell.counter
    if counter is not None and cell.counter_moves:
        counter = covered(counter, film(COUNTER))
    return replace(cell, front=covered(cell.front, film(FRONT)), counter=counter)


class Simulation:
    """One cell in time.

    Attributes:
        cell, comm: what is simulated, and by whom.
        mesher: moves and makes meshes.
        problem: fields on the present mesh, which has the fronts.
        memory: functionals that the next step starts from.
        growth: what the last step added; None after a discontinuity.
        state: time, step, books.
        events: sentences on what happened since they were read.
    """

    def __init__(self, cell: Cell, comm: MPI.Intracomm, saved: Mapping[str, Any] | None = None) -> None:
        """Set the state (collective): the one that `saved` tells of, or the initial one.

        In that, the cell is meshed, concentrations are uniform, and there is no current.
        """
        cell = _filmed(cell)
        self.cell, self.comm = cell, comm
        self.mesher = MovingMesh(comm, cell)
        self.growth: Growth | None = None
        self.events: list[str] = []
        self.instrument = Instrument(cell.program)
        self._seeds = seed_places(cell.front)
        self._seed_heights = heights_at(cell.front, self._seeds)
        self._past: list[tuple[float, FloatArray]] = []
        self._cut, self._reached = 0.4, False  # part of a refused step to try next; at the end of a segment
        self._fresh = False  # a new segment begins when the fronts have moved
        self._behind = False  # the mesh could not follow the fronts
        self._newton: Newton | None = None
        self._correction: dict[str, FloatArray] = {}
        self._coverage: dict[str, FloatArray] = {}
        self._feet: dict[str, tuple[BoolArray, BoolArray]] = {}
        self._moved: FloatArray = np.empty(0)
        self._films: dict[str, FloatArray] = {}  # on the facets before the step
        self._thinned: dict[str, FloatArray] = {}  # by the motion that was predicted
        if saved is None:
            self._begin()
        else:
            self._resume(saved)

    def _begin(self) -> None:
        cell = self.cell
        self.state = State(dt=cell.steps.initial)
        floating = initial_floating(cell.front, cell.seed_contact, np.asarray(cell.bases / self._unit_area))
        self.problem = self.mesher.first(floating)
        grounded = np.setdiff1d(np.unique(cell.front.patch), floating.patches).astype(np.int32)
        self._relabel(FRONT, grounded)
        self.problem.initialise()
        self.memory = Memory(self.problem.stored())
        books = self.state.totals
        books.begin(self._amounts(), {n: self._volume(n) for n in self.fronts})
        self.initially_bare, self.begun = bare_width(self.front), self.front
        self.nucleated = 0
        self.state.cells_max = self.problem.domain.number_of_cells()

    def saved(self) -> Tree:
        """All that the next step depends on (collective); factors of matrices are made again."""
        problem, keeper, change = self.problem, FieldKeeper(self.problem), self.memory.change
        return {
            "state": self.state.saved(),
            "instrument": self.instrument.saved(),
            "floating": kept_floating(problem.floating),
            "mesh": self.mesher.saved(problem),
            "fields": keeper.kept_snapshot(problem.snapshot()),
            "passed": keeper.kept_function(problem.passed),
            "change": keeper.kept_function(problem.change),
            "past": [[time, keeper.kept_snapshot(fields)] for time, fields in self._past],
            "stored": keeper.kept_stored(self.memory.present),
            "stored change": None if change is None else keeper.kept_stored(change),
            "growth": kept_growth(self.growth),
            "begun": kept_skin(self.begun),
            "initially bare": self.initially_bare,
            "nucleated": self.nucleated,
            "fresh": self._fresh,
            "behind": self._behind,
        }

    def _resume(self, saved: Mapping[str, Any]) -> None:
        self.state = State.resumed(saved["state"])
        self.instrument.resume(saved["instrument"])
        floating = found_floating(saved["floating"], self.cell.seed_contact)
        self.problem = problem = self.mesher.resumed(saved["mesh"], floating)
        keeper, before = FieldKeeper(problem), saved["stored change"]
        self._past = [(time, keeper.found_snapshot(fields)) for time, fields in saved["past"]]
        keeper.found_snapshot(saved["fields"])
        keeper.find_function(problem.passed, saved["passed"])
        keeper.find_function(problem.change, saved["change"])
        change = None if before is None else keeper.found_stored(before)
        self.memory = Memory(keeper.found_stored(saved["stored"]), change)
        self.growth = found_growth(saved["growth"])
        self.begun, self.initially_bare = found_skin(saved["begun"]), saved["initially bare"]
        self.nucleated, self._fresh, self._behind = saved["nucleated"], saved["fresh"], saved["behind"]

    @property
    def fronts(self) -> Fronts:
        """Surfaces of the moving electrodes, the same on all ranks."""
        return {name: self.problem.domain.fronts[name] for name in self.problem.model.growing}

    @property
    def front(self) -> Skin:
        """Surface of the working electrode."""
        return self.problem.domain.fronts[FRONT]

    @property
    def voltage(self) -> float:
        """Of the working electrode's collector against the counter electrode, V."""
        return float(self.problem.potentials[0] * self.problem.equations.vt)

    @property
    def _unit_area(self) -> float:
        """One mesh unit of surface in m^2 (in m in 2D)."""
        return float(self.cell.gap ** (self.cell.dim - 1))

    def floats(self, name: str) -> BoolArray:
        """Which facets of a front belong to floating deposits."""
        return np.asarray(self.problem.floating.position(self.problem.domain.fronts[name].patch, name) >= 0)

    # --- one step

    def advance(self, largest: float) -> None:
        """Make one step of at most `largest` seconds, as long as accuracy allows.

        Afterwards fields, mesh and fronts belong together: the time to write them. `move` then takes the
        fronts from where they were predicted to where they are.

        Raises:
            StepError: no step, however small, succeeds.
        """
        state, steps, instrument = self.state, self.cell.steps, self.instrument
        dt = min(on_ladder(min(state.dt, steps.largest)), largest, instrument.left(state.time))
        while True:
            if dt < 1e-9 * steps.largest:
                raise StepError(f"the time step fell to {dt:.1e} s at t = {state.time:.6g} s without success")
            growth = self._attempt(dt)
            if growth > 0.0:
                break
            state.rejected += 1
            dt = on_ladder(0.4 * dt) if self._cut == 0.4 else self._cut * dt
        state.dt = dt * min(growth, LARGEST_GROWTH)
        if self._reached or instrument.left(state.time) <= 1e-9 * dt:
            self._next_segment()
            if not self.cell.moving:
                self._forget()

    def _next_segment(self) -> None:
        """A discontinuity: nothing before it says what comes."""
        instrument, state = self.instrument, self.state
        instrument.next(state.time, -state.totals.charge / self.cell.area)
        state.dt = min(state.dt, self.cell.steps.initial)
        self._fresh = True
        if instrument.segment is not None:
            self.events.append(instrument.segment.name)

    def _attempt(self, dt: float) -> float:
        """Try a step of `dt`; returns by how much the next may be larger, or 0 if this one is refused."""
        problem, mesher = self.problem, self.mesher
        place, kept, start = mesher.place(problem), self.memory, problem.snapshot()
        self._cut, self._reached = 0.4, False
        growth, trouble = 0.0, None
        try:
            growth = self._trial(dt, start)
        except MeshError as error:
            trouble = error
        if growth == 0.0:
            if self.cell.moving:
                mesher.put_back(problem, place)
            self.memory = kept
            problem.restore(start)
        smallest = 1e-6 * self.cell.steps.largest
        if trouble is not None and (dt <= smallest or isinstance(trouble, Exhausted)):
            raise trouble
        return growth

    def _trial(self, dt: float, start: FloatArray) -> float:
        problem, state, instrument = self.problem, self.state, self.instrument
        assert instrument.segment is not None
        plan, base = self._plan(dt)
        predicted = self._predict(dt)
        if self.cell.moving and problem.domain.minimum_quality() < FOLDED:
            return 0.0
        for name, front in self.fronts.items():
            shift = capillary_shift(self.problem, self.cell.physics) * curvature(front)
            film = known_film(front, plan, self._last_films(name), self._cover_of(name), dt)
            problem.set_surface(name, activity(front, self.cell.physics), shift, film)
        problem.set_rate(plan.a0 / dt)
        terms = self.memory.terms(plan, dt)
        control = scaled_control(problem, instrument.segment, state.time + dt - instrument.begun)
        guess = start
        if len(base) > 1:
            guess = extrapolate(state.time + dt, [t for t, _ in base], [s for _, s in base])
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
            growth = self._accuracy(
                plan, dt, problem.concentrations(solution) - problem.concentrations(guess), base
            )
            if growth < 0.6:
                return 0.0
        currents = {name: problem.at_front("surface current", name) for name in self.fronts}
        fields = {name: front_fields(problem, self.cell.physics, name) for name in self.fronts}
        volumes = self._deposited(plan, dt, currents, fields, predicted)
        coverage = {
            name: substrate_rates(front, fields[name], self.cell.physics, self.cell.surfaces).after(
                front.coverage, dt
            )
            for name, front in self.fronts.items()
        }
        limit = longest_step(self.cell, self.fronts, dt, volumes, coverage)
        if dt > 1.6 * limit:
            return 0.0
        scale = problem.equations.current_scale * self._unit_area
        current, last = float(currents[FRONT].sum()) * scale, self.growth
        charges = {
            name: grown(plan, dt, -float(i.sum()) * scale, None if last is None else last.charges[name])
            for name, i in currents.items()
        }
        passed = -(charges[FRONT] + state.totals.charge) / self.cell.area
        seen = instrument.observation(state.time + dt, self.voltage, current / self.cell.area, passed)
        beyond = instrument.overshoot(seen)
        if beyond > LANDED and dt > LANDED * self.cell.steps.initial:
            self._cut = instrument.part(beyond)
            return 0.0
        self._reached = beyond >= 0.0
        instrument.read(seen)
        made = grown(plan, dt, problem.made(problem.currents()), None if last is None else last.made)
        self.growth = Growth(charges, made, volumes, self._thickened(plan, dt))
        self._coverage = coverage
        self._accept(dt, current, outcome.iterations, start, predicted)
        return max(0.3, min(growth, limit / dt))

    def _plan(self, dt: float) -> tuple[Formula, list[tuple[float, FloatArray]]]:
        """Formula of the step, and the states that predict its end."""
        past = self._past
        order = 2 if self.cell.steps.order == 2 and self.memory.change is not None else 1
        if self.growth is None:
            order = 1
        times = [t for t, _ in past]
        steps = [dt, *(a - b for a, b in pairwise(times))]
        if order == 2 and len(steps) == 1:
            steps.append(self.state.last_dt)
        return formula(order, steps), past[: order + 1]

    def _accuracy(
        self, plan: Formula, dt: float, gap: FloatArray, base: list[tuple[float, FloatArray]]
    ) -> float:
        """By how much the next step may be larger, from corrector minus predictor (collective)."""
        factor, order = plan.error, plan.order
        if len(base) <= plan.order:
            # Too few states for an estimate of this order: that of a lower order is on the safe side.
            factor, order = formula(1, [dt, base[0][0] - base[1][0]]).error, 1
        square, count = self.comm.allreduce(np.array([np.sum(gap**2), gap.size]), op=MPI.SUM)
        error = max(factor * float(np.sqrt(square / count)), 1e-30)
        return float(0.9 * (self.cell.steps.tolerance / error) ** (1.0 / (order + 1)))

    def _predict(self, dt: float) -> dict[str, FloatArray]:
        """Move the fronts as in the last step, and the mesh with them; returns the volumes."""
        last, self._thinned = self.growth, {}
        self._films = {name: front.film for name, front in self.fronts.items()}
        if not self.cell.moving:
            return {}
        self._feet = {name: self.mesher.shaping.feet(front) for name, front in self.fronts.items()}
        if last is None:
            self._moved = np.zeros(self.problem.domain.coordinates.shape)
            return {name: np.zeros(len(front.points)) for name, front in self.fronts.items()}
        volumes = shares(last.volumes, dt, self.state.last_dt)
        volumes = {name: self._possible(name, volume) for name, volume in volumes.items()}
        before, old = self.problem.domain.coordinates, self.fronts
        fronts = self._displaced(volumes)
        self._thinned = {n: stretch(old[n], fronts[n]) for n in fronts if self._cover_of(n) is not None}
        self.memory = self.mesher.move(self.problem, fronts, self.memory.present, self.memory.change)
        self._moved = self.problem.domain.coordinates - before
        return volumes

    def _displaced(self, volumes: dict[str, FloatArray]) -> Fronts:
        shaping, result = self.mesher.shaping, {}
        for name, front in self.fronts.items():
            moved = shaping.displaced(front, volumes[name], *self._feet[name])
            result[name] = moved if self._cover_of(name) is None else stretched(front, moved)
        return result

    def _deposited(
        self,
        plan: Formula,
        dt: float,
        currents: dict[str, FloatArray],
        fields: dict[str, FrontFields],
        predicted: dict[str, FloatArray],
    ) -> dict[str, FloatArray]:
        """Volume that every vertex of every front receives in the step, mesh units."""
        if not self.cell.moving:
            return {}
        physics, metal, unit = self.cell.physics, self.cell.physics.metal, self.cell.gap
        scale = metal.volume_per_charge * self.problem.equations.current_scale / unit
        result = {}
        for name, front in self.fronts.items():
            last = None if self.growth is None else self.growth.volumes[name]
            volume = grown(plan, dt, -scale * currents[name], last)
            slope = fields[name].kinetics(physics)[1] * activity(front, physics)
            slope = slope / (1.0 + slope * (physics.film(name).resistance + self.problem.grown_film(name)))
            mobility = np.asarray(metal.volume_per_charge * metal.capillary_voltage * slope / unit**2)
            missed, reach = volume - predicted[name], dt / plan.a0
            if (cover := self._cover_of(name)) is not None and cover.stiffness > 0.0:
                voltage = metal.volume_per_charge * cover.stiffness
                bending = np.asarray(metal.volume_per_charge * voltage * slope / unit**4)
                missed = bent_share(front, missed, mobility, bending, curvature(front), reach)
            else:
                missed = implicit_share(front, missed, mobility, reach)
            result[name] = predicted[name] + self._possible(name, missed, predicted[name])
        return result

    def _thickened(self, plan: Formula, dt: float) -> dict[str, FloatArray]:
        """Resistance that has grown on the facets of every front in the step, ohm m^2."""
        result = {}
        for name, front in self.fronts.items():
            last, film = self._last_films(name), self.cell.physics.film(name)
            if film.cover is not None:
                result[name] = known_film(front, plan, last, film.cover, dt) - front.film
            else:
                rate = film.growth * np.abs(self.problem.film_current(name))
                result[name] = thickening(front, plan, dt, rate, last)
        return result

    def _last_films(self, name: str) -> FloatArray | None:
        """What the step before has added to the film of a front, thinned as the film is since."""
        if self.growth is None:
            return None
        thinned = self._thinned.get(name)
        return self.growth.films[name] if thinned is None else self.growth.films[name] * thinned

    def _cover_of(self, name: str) -> Cover | None:
        return self.cell.physics.film(name).cover

    def _possible(self, name: str, volume: FloatArray, given: FloatArray | None = None) -> FloatArray:
        """Pinned vertices pass on what they receive, and none gives more than it has; the sum stays.

        A sliding foot, which has no height, may give back what it was `given` in this step.
        """
        front, shaping = self.fronts[name], self.mesher.shaping
        pinned, slide = self._feet[name]
        back = None if given is None else np.where(slide, given, 0.0)
        return shaping.available(front, shaping.settled(front, volume, pinned), back)

    def _accept(
        self,
        dt: float,
        current: float,
        iterations: int,
        start: FloatArray,
        predicted: dict[str, FloatArray],
    ) -> None:
        state, problem = self.state, self.problem
        assert self.growth is not None
        before = self._past[0][0] if self._past else state.time
        if not self._past:
            self._past = [(before, start)]
        state.time += dt
        state.last_dt, state.current, state.newton = dt, current, iterations
        state.step += 1
        state.totals.add(self.growth)
        self._past = [(state.time, problem.snapshot()), *self._past[:2]]
        self.memory = self.memory.after(problem.stored())
        problem.set_passed(
            self._moved if self.cell.moving else np.zeros(problem.domain.coordinates.shape),
            problem.scaled_concentrations() - self._concentrations_of(start),
        )
        for name, front in self.fronts.items():
            problem.domain.fronts[name] = replace(front, film=front.film + self.growth.films[name])
        if not self.cell.moving:
            return
        self._correction = {name: v - predicted[name] for name, v in self.growth.volumes.items()}

    def _concentrations_of(self, snapshot: FloatArray) -> FloatArray:
        """c/c0 at the local dofs of the liquid in a former state on the same mesh."""
        problem, now = self.problem, self.problem.snapshot()
        problem.restore(snapshot)
        values = problem.scaled_concentrations()
        problem.restore(now)
        return values

    # --- the fronts

    def move(self) -> None:
        """Move the fronts by what the prediction missed, and the mesh with them."""
        before = self.problem.domain.coordinates
        problem, place = self.problem, self.mesher.place(self.problem)
        corrected = {
            name: self.mesher.shaping.evened(self._broken(name, front), self.floats(name))
            for name, front in self._displaced(self._correction).items()
        }
        moved = self.mesher.move(problem, corrected, self.memory.present, None)
        self._behind = problem.domain.minimum_quality() < FOLDED
        if self._behind:  # parts of a front have met: the mesh stays, for the next one to be made from
            fronts = dict(problem.domain.fronts)
            self.mesher.put_back(problem, place)
            problem.domain.fronts = fronts
        else:
            self.memory = replace(moved, change=self.memory.change)
        change = np.array(problem.change.x.array)
        problem.set_passed(self._moved + problem.domain.coordinates - before, change)
        for name in self.fronts:
            self._cover(name)
        if self._fresh:
            self._forget()

    def _broken(self, name: str, front: Skin) -> Skin:
        """The front of a step at its end, without the films that have cracked in it."""
        cover, growth = self._cover_of(name), self.growth
        if cover is None or growth is None:
            return front
        cracks = cracked(cover, self._films[name], front.film)
        growth.films[name] = np.where(cracks, 0.0, growth.films[name] * stretch(self.fronts[name], front))
        return replace(front, film=np.where(cracks, 0.0, front.film)) if cracks.any() else front

    def _forget(self) -> None:
        """What was before does not tell what comes."""
        self.memory, self.growth, self._past, self._fresh = self.memory.forgetful(), None, [], False

    def _cover(self, name: str) -> None:
        domain, floating = self.problem.domain, self.problem.floating
        front = replace(domain.fronts[name], coverage=self._coverage[name])
        domain.fronts[name] = front
        slide = self._feet[name][1]
        mine = floating.of(name)
        joined = joining(front, floating.patches[mine], slide)
        if name == FRONT:
            self.nucleated = int(np.sum(heights_at(front, self._seeds) >= 2.0 * self._seed_heights))
        self._relabel(name, joined)
        if joined.size:
            gone = np.zeros(floating.patches.size, dtype=bool)
            gone[mine[np.isin(floating.patches[mine], joined)]] = True
            terminals = len(self.problem.model.terminals)
            keep = np.append(np.ones(terminals, dtype=bool), ~gone)
            self._renew(self.problem.with_floating(floating.keep(~gone), self.problem.potentials[keep]))
            self.events.append(f"{joined.size} floating deposits joined the electrode")

    def maintain(self, asked: str = "") -> None:
        """Merge, pinch off and remesh where the last motion asks for it, or for the reason `asked`."""
        domain, cell, state = self.problem.domain, self.cell, self.state
        floating = {name: self.floats(name) for name in domain.fronts}
        resolved = self.mesher.resolve(domain)
        if not resolved.changed:
            self._lay_bare()
        reason = "fronts met" if resolved.changed else self.mesher.worn(domain, floating)
        if self._behind and not reason:
            reason = "the mesh would have folded"
        if cell.remesh_every is not None and state.step - state.remeshed_at >= cell.remesh_every:
            asked = asked or "due"
        reason = reason or asked
        if not reason:
            return
        cells = domain.number_of_cells()
        volumes = {} if self.growth is None else self.growth.volumes
        films = {} if self.growth is None else self.growth.films
        remeshed = self.mesher.remesh(self.problem, self.memory, volumes, films, resolved)
        state.totals.cut(resolved, remeshed.lost)
        self.events.extend(resolved.events)
        self._renew(remeshed.problem)
        self.memory = remeshed.memory
        if self.growth is not None:
            self.growth.volumes, self.growth.films = remeshed.volumes, remeshed.films
        if resolved.changed:
            self._forget()
        state.remeshes, state.remeshed_at = state.remeshes + 1, state.step
        after = self.problem.domain.number_of_cells()
        state.cells_max = max(state.cells_max, after)
        state.records.append(RemeshRecord(state.time, reason, cells, after, remeshed.defect))

    def _lay_bare(self) -> None:
        """Where all deposit is stripped there is substrate again."""
        if self.growth is None:
            return
        for name, volume in self.growth.volumes.items():
            front = self.fronts[name]
            noise = ROUNDING * float((front.measures ** (self.cell.dim / (self.cell.dim - 1.0))).sum())
            # A vertex that had nothing left to give has received nothing.
            dissolving: BoolArray = np.all(volume[front.cells] <= 0.0, axis=1)
            if volume.sum() >= -noise or not dissolving.any():
                continue
            front, area = self.mesher.shaping.stripped(front, dissolving)
            self.problem.domain.fronts[name] = front
            self.state.totals.bridged[name] -= area

    # --- what is measured

    @property
    def floating(self) -> IntArray:
        """Patches of the front that have no ohmic contact to the collector."""
        return self.problem.floating.patches

    def meeting(self, distance: float) -> Contact | None:
        """Where the electrodes are nearest, in mesh units, if nearer than `distance`."""
        return self.mesher.shaping.meeting(self.problem.domain.fronts, distance)

    def mean_thickness(self) -> float:
        """Of the metal over the collector, m."""
        return self.front.mean_thickness * self.cell.gap

    def number_of_cells(self) -> int:
        """Of the present mesh."""
        return self.problem.domain.number_of_cells()

    def dead_metal(self) -> float:
        """Metal that has lost its contact, m^2 (in 2D)."""
        floating, total = self.problem.floating, 0.0
        for name, front in self.fronts.items():
            mine = floating.of(name)
            dead = floating.patches[mine][floating.bases[mine] == 0.0]
            if isinstance(front, Front):
                pieces = [p for p in front.parts() if p.chains[0].walls is None and p.patch[0] in dead]
                total += sum(piece.metal_volume() for piece in pieces)
        return total * self.cell.gap**2

    def output(self) -> list[fem.Function]:
        """Concentration and potential in SI units, to be written."""
        problem, eq = self.problem, self.problem.equations
        c, p = fem.Function(problem.domain.space), fem.Function(problem.domain.space)
        c.name, p.name = "concentration_mol_m3", "potential_V"
        c.x.array[:] = problem.nodal(eq.fields[0]) * eq.c0
        p.x.array[:] = problem.nodal(POTENTIAL) * eq.vt
        return [c, p]

    def edge_current(self, name: str = FRONT) -> FloatArray:
        """Current density of the facets of a front in A/m^2, negative for deposition (collective)."""
        if self.state.step == 0:
            return np.zeros(self.fronts[name].coverage.size)
        physics, front = self.cell.physics, self.fronts[name]
        film = physics.film(name)
        if film.growth > 0.0 or film.cover is not None:
            return np.where(front.bare, 0.0, self.problem.film_current(name))
        return front_fields(self.problem, physics, name).kinetics(physics)[0] * activity(front, physics)

    def faraday_error(self) -> float:
        """Largest relative difference of deposited volume and V_m Q/(nF) of any electrode."""
        volumes = {name: self._volume(name) for name in self.fronts}
        unit = self.cell.gap**self.cell.dim
        return self.state.totals.faraday_error(volumes, unit, self.cell.physics.metal.volume_per_charge)

    def mass_error(self) -> float:
        """Largest relative defect of the balance of any species (collective)."""
        return self.state.totals.mass_error(self._amounts())

    def _volume(self, name: str) -> float:
        """Metal of an electrode over its collector, m^3 (m^2 in 2D)."""
        return self.fronts[name].metal_volume() * self.cell.gap**self.cell.dim

    def _amounts(self) -> FloatArray:
        """Of every species with an unknown, mol (per m depth in 2D) (collective)."""
        return np.array(list(self.problem.amounts(self.memory.present).values()))

    def _relabel(self, name: str, joined: IntArray) -> None:
        domain = self.problem.domain
        domain.fronts[name] = relabel(domain.fronts[name], joined)

    def _solver(self) -> Newton:
        if self._newton is None:
            small = self.cell.dim == 2 and self.problem.layout.total <= LARGEST_PLAIN
            plain = small and self.comm.size == 1 and "pc_factor_mat_solver_type" not in self.cell.newton
            factors = PLAIN if plain else UNSCALED
            self._newton = Newton(self.problem, options={**factors, **self.cell.newton}, keep=True)
        return self._newton

    def _renew(self, problem: Growing) -> None:
        """Go on with another problem: a new mesh, or other floating deposits."""
        if self._newton is not None:
            self._newton.destroy()
        self._newton, self.problem, self._past = None, problem, []
