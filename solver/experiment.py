"""March a model on a fixed mesh through the program of an instrument.

Steps are of variable length, BDF2 after BDF1 starts, sized by the local error of the concentrations (and of
the potentials where double layers store charge). They land exactly on the ends of segments, on limits that
end a segment, and on times asked for. A segment begins with an instant: concentrations and double layers
frozen, potentials solved for, if need be in small portions of the change of control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from mpi4py import MPI

from meshes.regions import Regions

from .archive import OnFirst, Tree
from .constants import FARADAY
from .discretisation import Discretisation, Stored
from .equations import FILM, POTENTIAL
from .instrument import scaled_control
from .keeper import FieldKeeper
from .model import LIQUID, WORKING, Model
from .multistep import Formula, extrapolate, formula
from .nonlinear import Newton, Outcome
from .presets import DIRECT, Preset
from .segment import Current, Observation, Potential, Segment
from .types import FloatArray

LANDED = 1e-9
"""How far beyond a limit, in its own scale, counts as on it."""
NARROWEST = 1e-12
"""Bracket of a landing, in steps: near depletion a voltage goes through a volt within 1e-10 of a step."""
INSTANT = 1e-4
"""Length of the instant at the start of a segment, in first steps."""
SMALLEST = 1e-9
"""Smallest step, in first steps."""
COMPLIANCES = 16
"""Steps tried, each four times the one before, to meet a voltage limit where an ion is used up."""
SAFETY, LARGEST_GROWTH = 0.9, 2.0
"""Of the step size control."""
LONGEST_MARCH = 100
"""Growing steps in which a steady state must show."""
NEGATIVE = 1e-12
"""Scaled concentration below zero that is rounding."""


class StepError(RuntimeError):
    """The run cannot go on; the message says where and why."""


@dataclass(frozen=True)
class Stepping:
    """Time step control.

    Attributes:
        initial: first step after every change of control, s.
        largest: s.
        tolerance: local error of a step: root mean square over nodes of scaled concentrations.
        order: highest order, 1 or 2.
        fixed: take steps of exactly `initial`, without error control (for convergence studies).
    """

    initial: float
    largest: float = np.inf
    tolerance: float = 1e-4
    order: int = 2
    fixed: bool = False


@dataclass(frozen=True)
class Reading:
    """One accepted step: what an instrument reads, and the books.

    Attributes:
        time, step: s.
        segment: name of the segment.
        voltage: V of working against counter electrode.
        current: A/m^2 of the working electrode.
        charge: C/m^2 since the start.
        currents: A by interface and by "interface/reaction".
        iterations: of Newton's method.
        order: of the formula; 0 at the instant that begins a segment.
    """

    time: float
    step: float
    segment: str
    voltage: float
    current: float
    charge: float
    currents: Mapping[str, float]
    iterations: int
    order: int


@dataclass(frozen=True)
class _Moment:
    """A former state: time, fields with potentials, functionals Q, charges in the books."""

    time: float
    state: FloatArray
    stored: Stored
    books: dict[str, float]


@dataclass(frozen=True)
class _Place:
    """Where in the program: when its segment began, s; charge before it, C/m^2; if a limit has ended it."""

    begun: float
    before: float
    reached: bool = False


class Experiment:
    """A model, its mesh, and the state in time.

    Attributes:
        problem: the discretised model, with the fields.
        time: s.
        total: charges in C by interface and reaction, and C/m^2 of the working electrode under "terminal".
        rejected: steps made again.
    """

    def __init__(
        self,
        model: Model,
        regions: Regions,
        stepping: Stepping,
        preset: Preset = DIRECT,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Discretise and set the initial state: concentrations as given, nothing polarised."""
        self.problem = Discretisation(model, regions)
        self.model, self.stepping, self.comm = model, stepping, regions.comm
        self.newton = Newton(self.problem, preset, options, keep=True)
        self.problem.initialise()
        self.time, self.dt, self.rejected = 0.0, stepping.initial, 0
        self._controls = len(model.terminals)
        books = dict.fromkeys((*self.problem.currents(), "terminal"), 0.0)
        self._past = [_Moment(0.0, self.problem.snapshot(), self.problem.stored(), books)]
        self.initial_amounts = self.problem.amounts(self._past[0].stored)
        self._place: _Place | None = None
        self._layers = sum(i.capacitance * regions.measure(i.boundary) for i in model.interfaces)

    # --- the program

    def run(
        self,
        program: Iterable[Segment],
        observe: Callable[[Reading], None] | None = None,
        times: Iterable[float] = (),
        until: float = np.inf,
    ) -> list[Reading]:
        """Go through `program`; returns the readings, which `observe` sees one by one.

        Args:
            program: segments in order; an endless one ends at `until`.
            observe: called with every reading, all ranks.
            times: times in s to land on besides the events of the program.
            until: end in s.

        Raises:
            StepError: no step, however small, succeeds.
        """
        readings: list[Reading] = []
        for reading in self.readings(program, times, until):
            readings.append(reading)
            if observe is not None:
                observe(reading)
        return readings

    def readings(
        self,
        program: Iterable[Segment],
        times: Iterable[float] = (),
        until: float = np.inf,
        going_on: bool = False,
    ) -> Iterator[Reading]:
        """As `run`, one reading after the other.

        `going_on`: the first segment has begun already, before the state was saved that the experiment has
        gone back to.
        """
        if not going_on:
            self._place = None
        stops = sorted(t for t in times if t > self.time)
        for segment in program:
            if self._place is None:
                if self.time >= until * (1.0 - 1e-12):
                    return
                self._place = _Place(self.time, self.charge)
                yield self._begin(segment)
            place, end = self._place, min(self._place.begun + segment.duration, until)
            while not place.reached and self.time < end * (1.0 - 1e-13):
                while stops and stops[0] <= self.time * (1.0 + 1e-13):
                    stops.pop(0)
                target = min(end, stops[0]) if stops else end
                reading, reached = self._advance(segment, place.begun, place.before, target)
                self._place = place = replace(place, reached=reached is not None)
                yield reading
            if place.reached and segment.ends_program:
                return
            self._place = None

    # --- going on later

    def saved(self) -> Tree:
        """All that the next step depends on (collective); to be asked for after a reading.

        To go on, the program of `readings` is to begin with the segment of that reading.
        """
        keeper = FieldKeeper(self.problem)
        space = self.problem.spaces[LIQUID]
        return {
            "places": OnFirst(keeper.numbers(space).places(space)),
            "past": [
                {
                    "time": moment.time,
                    "fields": keeper.kept_snapshot(moment.state),
                    "stored": keeper.kept_stored(moment.stored),
                    "books": moment.books,
                }
                for moment in self._past
            ],
            "time": self.time,
            "next step": self.dt,
            "rejected": self.rejected,
            "initial amounts": self.initial_amounts,
            "seen": asdict(self._seen),
            "place": None if self._place is None else asdict(self._place),
        }

    def resume(self, saved: Mapping[str, Any]) -> None:
        """Go to a state that was `saved`; the program goes on in the segment it was in (collective).

        Raises:
            MeshError: the mesh is another one.
        """
        keeper, problem = FieldKeeper(self.problem), self.problem
        space = problem.spaces[LIQUID]
        keeper.numbers(space).check_places(space, saved["places"].values)
        self._past = [
            _Moment(
                moment["time"],
                keeper.found_snapshot(moment["fields"]),
                keeper.found_stored(moment["stored"]),
                moment["books"],
            )
            for moment in saved["past"]
        ]
        self.time, self.dt, self.rejected = saved["time"], saved["next step"], saved["rejected"]
        problem.set_time(self.time)
        problem.restore(self._past[0].state)
        self.initial_amounts = saved["initial amounts"]
        self._seen = Observation(**saved["seen"])
        self._current_before = self._seen.current
        self._place = None if saved["place"] is None else _Place(**saved["place"])

    def steady(self, segment: Segment, tolerance: float = 1e-9) -> Reading:
        """Steady state under the value that `segment` begins with; its duration and limits do not count.

        Implicit Euler, steps growing up to tenfold, from `stepping.initial` until a step no shorter than
        diffusion across the cell takes, L^2/D, changes no scaled unknown by more than `tolerance`. Closed
        cells keep their amounts, open ones forget how they began.

        Raises:
            StepError: no step succeeds, or nothing settles: there is no steady state under this control.
        """
        held = replace(segment, rate=0.0, duration=np.inf, limits=())
        kept, begun, before, eq = self.stepping, self.time, self.charge, self.problem.equations
        slowest = max((eq.scale[name] * eq.c0 for name in self.model.closure.unknowns), default=0.0)
        step, growth = min(kept.initial, 1e-3 * slowest or kept.initial), 10.0
        try:
            self.stepping = replace(kept, initial=1e-6 * step)  # an instant in which nothing moves
            self._begin(held)
            for _ in range(LONGEST_MARCH):
                self.stepping = replace(kept, initial=step, largest=np.inf, order=1, fixed=True)
                state = self._past[0].state
                reading, _ = self._advance(held, begun, before, self.time + step)
                del self._past[1:]  # a step that long knows nothing from those before it
                change = float(np.max(np.abs(self._past[0].state - state), initial=0.0))
                easy = reading.step >= step * (1.0 - 1e-9)
                settled = self.comm.allreduce(change, op=MPI.MAX) <= tolerance
                if easy and settled and reading.step >= slowest:
                    return reading
                growth = min(1.5 * growth, 10.0) if easy else 2.0
                step = growth * reading.step
        finally:
            self.stepping, self.dt = kept, kept.initial
        raise StepError(f"no steady state after {LONGEST_MARCH} steps: {self._hardship()}")

    @property
    def voltage(self) -> float:
        """Of the working electrode, V; 0 where the model has none."""
        names = self.model.terminals
        scale = self.problem.equations.vt
        return float(scale * self.problem.potentials[names.index(WORKING)]) if WORKING in names else 0.0

    @property
    def charge(self) -> float:
        """Of the working electrode since the start, C/m^2."""
        return self._past[0].books["terminal"]

    @property
    def total(self) -> dict[str, float]:
        """Charges since the start; see the class."""
        return dict(self._past[0].books)

    def balance(self) -> dict[str, float]:
        """Defect of every species: (amount - initial - brought by reactions)/initial amount.

        Not defined (and not returned) for species with conversions, flow or held values.
        """
        model, books = self.model, self._past[0].books
        now = self.problem.amounts(self._past[0].stored)
        skip = {name for c in model.conversions for name in c.stoichiometry}
        skip |= {p.field for p in model.prescribed}
        if model.flow is not None:
            skip |= set(now)
        brought = dict.fromkeys(now, 0.0)
        for interface in (i for i in model.interfaces if i.outer == LIQUID):
            for r in interface.reactions:
                q = books.get(f"{interface.boundary}/{r.name}", 0.0)
                for name, nu in r.stoichiometry.items():
                    if name in brought:
                        brought[name] += nu * q / (r.electrons * FARADAY)
        return {
            name: (now[name] - self.initial_amounts[name] - brought[name]) / self.initial_amounts[name]
            for name in now
            if name not in skip and self.initial_amounts[name] > 0.0
        }

    # --- one step

    def _begin(self, segment: Segment) -> Reading:
        """The instant after a change of control: frozen concentrations, new potentials."""
        del self._past[1:]  # before a discontinuity nothing says what comes
        self._plan(1, INSTANT * self.stepping.initial)
        target = scaled_control(self.problem, segment, 0.0)
        # Where charge is resolved, frozen ions would leave the potential undetermined between electrodes that
        # hold no charge: current enters its equation through the ions that it brings.
        frozen = not self.model.closure.resolves_charge
        outcome = self.newton.reach(self._memory, target, self._fine, frozen, 0.0)
        if not self._fine(outcome):
            where = f"at t = {self.time:.6g} s"
            raise StepError(f"no potentials meet the control {where}: {self._hardship()}")
        self.dt = self.stepping.initial
        self._past[0] = replace(self._past[0], state=self.problem.snapshot())
        books = self._past[0].books
        self._seen = Observation(0.0, self.voltage, self._current(), 0.0, books["terminal"])
        self._current_before = self._seen.current
        return self._reading(0.0, segment, outcome, 0, books)

    def _advance(self, segment: Segment, begun: float, before: float, target: float) -> tuple[Reading, Any]:
        """One step towards `target`; returns the reading and the limit that was reached, if any."""
        left = target - self.time
        dt = min(self.stepping.initial if self.stepping.fixed else self.dt, self.stepping.largest, left)
        if left - dt < 1e-9 * dt:
            dt = left
        elif left < 2.0 * dt and not self.stepping.fixed:
            dt = 0.5 * left  # two equal steps rather than a long one and a sliver
        wanted = dt
        trial = self._trial(segment, begun, before, dt)
        while trial is None:
            dt *= self._shrink
            self.rejected += 1
            if dt < SMALLEST * self.stepping.initial:
                trial = self._comply(segment, begun, before, dt)
                if trial is not None:
                    break
                self.problem.restore(self._past[0].state)
                trouble = self._hardship()
                raise StepError(f"the step fell to {dt:.1e} s at t = {self.time:.6g} s: {trouble}")
            trial = self._trial(segment, begun, before, dt)
        limit = segment.reached(trial.seen)
        if limit is not None:
            trial = self._land(segment, begun, before, trial)
        self.problem.restore(trial.state)
        self._seen = trial.seen
        self.time = target if trial.dt == left else self.time + trial.dt
        self._past.insert(0, _Moment(self.time, trial.state, trial.stored, trial.books))
        del self._past[3:]
        self._current_before = trial.seen.current
        if trial.dt == wanted and wanted < self.dt and trial.growth >= 1.0:
            pass  # shortened to land on an event: the step before it still holds
        else:
            self.dt = trial.dt * trial.growth
        reading = self._reading(trial.dt, segment, trial.outcome, trial.order, trial.books)
        return reading, limit

    def _trial(
        self, segment: Segment, begun: float, before: float, dt: float, far: bool = False
    ) -> _Trial | None:
        """Solve a step of `dt` from the newest state; None if it fails, with `_shrink` set.

        `far`: the control is far from where it was, and applied in portions.
        """
        past, end = self._past, self.time + dt
        count = len(past)
        known = count - (0 if self.stepping.fixed else 1)
        plan = self._plan(max(min(self.stepping.order, known, 2), 1), dt)
        base = past[: plan.order + 1]
        guess = extrapolate(end, [m.time for m in base], [m.state for m in base])
        every = (
            guess if count == len(base) else extrapolate(end, [m.time for m in past], [m.state for m in past])
        )
        self.problem.restore(self._safe(every) if count > 1 else past[0].state)
        self.problem.set_time(end)
        control = scaled_control(self.problem, segment, end - begun)
        outcome = self.newton.solve(self._memory, control, change=self._change())
        if not self._fine(outcome) and count > 1:
            self.problem.restore(past[0].state)
            self.problem.hold(end)
            if far:
                outcome = self.newton.reach(self._memory, control, self._fine, change=self._change())
            else:
                outcome = self.newton.solve(self._memory, control, change=self._change())
        self._shrink = 0.25
        if not self._fine(outcome):
            return None
        state, stored = self.problem.snapshot(), self.problem.stored()
        growth = LARGEST_GROWTH
        if plan.error > 0.0 and not self.stepping.fixed:
            charged = {
                name: q - extrapolate(end, [m.time for m in base], [m.stored[name] for m in base])
                for name, q in stored.items()
            }
            error = plan.error * max(self._norm(state, guess), self._charging(charged))
            growth = SAFETY * (self.stepping.tolerance / max(error, 1e-30)) ** (1.0 / (plan.order + 1))
            if error > 1.5 * self.stepping.tolerance:
                self._shrink = max(0.2, min(growth, 0.8))
                return None
            growth = max(0.3, min(growth, LARGEST_GROWTH))
        elif count == 1:
            growth = 1.0
        books = self._ledger(plan, dt)
        total = books["terminal"]
        seen = Observation(end - begun, self.voltage, self._current(), total - before, total)
        return _Trial(dt, plan.order, growth, outcome, state, stored, books, seen)

    def _land(self, segment: Segment, begun: float, before: float, beyond: _Trial) -> _Trial:
        """The step that ends on a limit, between none (short of it) and `beyond`, by the Illinois method."""

        def distance(seen: Observation) -> float:
            return max(limit.distance(seen) for limit in segment.limits)

        low, f_low = 0.0, distance(self._seen)
        best, f_high, kept = beyond, distance(beyond.seen), 0
        shortest = SMALLEST * self.stepping.initial  # where the limit was passed from the start
        while f_high > LANDED and best.dt - low > NARROWEST * best.dt and best.dt > shortest:
            part = f_low / (f_low - f_high) if f_low < 0.0 else 0.5
            dt = low + min(max(part, 0.01), 0.99) * (best.dt - low)
            trial = self._trial(segment, begun, before, dt)
            f = -1.0 if trial is None else distance(trial.seen)
            if trial is not None and f >= 0.0:
                f_low *= 0.5 if kept > 0 else 1.0
                best, f_high, kept = trial, f, 1
            else:
                f_high *= 0.5 if kept < 0 and f_high > 2.0 * LANDED else 1.0
                low, f_low, kept = dt, f, -1
        landed = None if f_high <= LANDED else self._comply(segment, begun, before, best.dt)
        return landed or best

    def _comply(self, segment: Segment, begun: float, before: float, dt: float) -> _Trial | None:
        """The step onto a voltage limit where an ion is used up: the limit held, less current than asked for.

        There the voltage goes from volts above to volts below in no time that a step could resolve. Steps
        grow from `dt` until transport cannot bring what the segment asks for; None if that never happens.
        """
        asked = segment.value(self.time + dt - begun)
        beyond = {"above": 0.5 * LANDED, "below": -0.5 * LANDED}  # so that rounding does not miss the limit
        limits = [
            limit.value + beyond[limit.direction] * limit.scale
            for limit in segment.limits
            if limit.quantity == "voltage"
        ]
        if asked == 0.0 or segment.mode != Current():
            return None
        for _ in range(COMPLIANCES):
            for value in limits:
                held = replace(segment, mode=Potential(), start=value, rate=0.0)
                trial = self._trial(held, begun, before, dt, far=True)
                if trial is not None and 0.0 < trial.seen.current / asked <= 1.0:
                    return trial
            dt *= 4.0
        return None

    # --- parts of a step

    def _plan(self, order: int, dt: float) -> Formula:
        """Set up the equations for a step of `dt`: rate and memory."""
        past = self._past
        steps = [dt, *(a.time - b.time for a, b in pairwise(past))]
        plan = formula(order, steps)
        self.problem.set_rate(plan.a0 / dt)
        self._memory = {name: plan.a1 / dt * q for name, q in past[0].stored.items()}
        if order == 2:
            for name, q in past[1].stored.items():
                self._memory[name] = self._memory[name] + plan.a2 / dt * q
        return plan

    def _change(self) -> float:
        """Norm of dQ/dt over the last step: that of the residual where a step begins (collective)."""
        if len(self._past) == 1:
            return 0.0
        new, old = self._past[:2]
        square = sum(
            float(np.sum((q - old.stored[name]) ** 2))
            for name, q in new.stored.items()
            if name != "terminals"
        )
        return float(np.sqrt(self.comm.allreduce(square, op=MPI.SUM)) / (new.time - old.time))

    def _current(self) -> float:
        """Of the working electrode in A/m^2, at the present state and plan."""
        if WORKING not in self.model.terminals:
            return 0.0
        return float(self.problem.terminal_currents(self._memory)[0] * self.problem.equations.current_scale)

    def _ledger(self, plan: Formula, dt: float) -> dict[str, float]:
        """Charges after the step, integrated by the formula that the fields obey, so that the books close."""
        flows = {**self.problem.currents(), "terminal": self._current()}
        first, second = self._past[0].books, self._past[min(1, len(self._past) - 1)].books
        return {
            name: (dt * rate - plan.a1 * first[name] - (plan.a2 * second[name] if plan.order == 2 else 0.0))
            / plan.a0
            for name, rate in flows.items()
        }

    def _reading(
        self, dt: float, segment: Segment, outcome: Outcome, order: int, books: Mapping[str, float]
    ) -> Reading:
        return Reading(
            self.time,
            dt,
            segment.name,
            self.voltage,
            self._seen.current,
            books["terminal"],
            self.problem.currents(),
            outcome.iterations,
            order,
        )

    def _safe(self, guess: FloatArray) -> FloatArray:
        """A prediction without negative concentrations: those keep a tenth of what they were."""
        if not self.model.logarithmic:
            function, newest = self.problem.functions[LIQUID], self._past[0].state
            width, size = function.x.block_size, function.x.array.size
            values = guess[:size].reshape(-1, width)[:, : width - 1]
            before = newest[:size].reshape(-1, width)[:, : width - 1]
            np.maximum(values, 0.1 * np.minimum(before, 1.0), out=values)
        return guess

    def _norm(self, state: FloatArray, guess: FloatArray) -> float:
        """Root mean square over nodes of the difference of scaled concentrations, the largest over species.

        With double layers, of all potentials too.
        """
        parts = []
        new, old = self.problem.concentrations(state), self.problem.concentrations(guess)
        if self.model.logarithmic:
            new, old = np.exp(new), np.exp(old)
        if new.shape[1]:
            square = self.comm.allreduce(np.append(np.sum((new - old) ** 2, axis=0), len(new)), op=MPI.SUM)
            parts.append(float(np.sqrt(np.max(square[:-1]) / square[-1])))
        count = self.problem.potentials.size
        if count and any(i.capacitance > 0.0 for i in self.model.interfaces):
            parts.append(float(np.max(np.abs(state[-count:] - guess[-count:]))))
        if not new.shape[1] and not count:
            parts.append(0.0)
        return max(parts, default=0.0)

    def _charging(self, difference: Stored) -> float:
        """Mean over all double layers of a difference in their voltage, in units of RT/F.

        Under potential control nothing else tells how fast they charge. Taken from the stored part of the
        charge balances, so that it holds with films and junctions too.
        """
        eq, total = self.problem.equations, 0.0
        if self._layers == 0.0 or self.model.closure.resolves_charge:
            return 0.0
        for name in difference.keys() - {"terminals"}:
            if name == LIQUID:
                q, scale = difference[name].reshape(-1, len(eq.fields))[:, -1], eq.scale[POTENTIAL]
            elif name in eq.scale:
                q, scale = difference[name], eq.scale[name]
            else:
                continue
            total += float(np.sum(np.abs(q))) / scale
        unit = eq.tags.unit**eq.tags.dim
        return float(self.comm.allreduce(total, op=MPI.SUM) * unit / (self._layers * eq.vt))

    def _fine(self, outcome: Outcome) -> bool:
        """Whether a solve converged to finite fields and no negative concentration (collective)."""
        state = self.problem.snapshot()
        ok = outcome.converged and bool(np.all(np.isfinite(state)))
        if ok and not self.model.logarithmic:
            ok = self.problem.lowest_concentration()[0] > -NEGATIVE
        return bool(self.comm.allreduce(ok, op=MPI.LAND))

    def _hardship(self) -> str:
        """What makes it hard, in words (collective)."""
        if self.model.closure.unknowns:
            lowest, name = self.comm.allreduce(self.problem.lowest_concentration(), op=MPI.MIN)
            if lowest < 1e-3:
                c = lowest * self.problem.equations.c0
                return (
                    f"{name} is used up (down to {c:.3g} mol/m3): the current is above what transport can "
                    "bring; lower it, or give the step a voltage limit"
                )
        for interface in self.model.interfaces:
            if interface.series is not None:
                values = self.problem.functions[f"{FILM}{interface.boundary}"].x.array
                largest = self.comm.allreduce(float(values.max(initial=-np.inf)), op=MPI.MAX)
                if said := interface.series.hardship(largest):
                    return f"{said} ({interface.boundary}); lower the current, or give a voltage limit"
        return "Newton's method does not converge; a smaller time.initial_step or a finer mesh may help"


@dataclass(frozen=True)
class _Trial:
    """A step that was solved but is not taken yet."""

    dt: float
    order: int
    growth: float
    outcome: Outcome
    state: FloatArray
    stored: Stored
    books: dict[str, float]
    seen: Observation
