"""Newton's method for a discretised model under control: fields and terminal potentials in one system.

The scalar equation of terminal k is a_k V_k + b_k I_k = s_k, with V scaled by RT/F and I by the current
scale: (1, 0) holds a potential, (0, 1) a current, (1, R) a source behind a resistance; floating terminals
have (0, 1) and s = 0. Positivity: a Newton correction takes away at most nine tenths of any concentration.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from petsc4py import PETSc

from .chord import chord, gathered_norm, stored_norm, tolerance
from .discretisation import Control, Discretisation
from .model import LIQUID
from .presets import DIRECT, UNDAMPED, Preset
from .types import FloatArray

SMALLEST_PORTION = 2.0**-12
"""Of a change of control."""
KEPT = 0.1
"""Part of a concentration that a Newton correction leaves at the least."""
STALLED = 1e-9
"""Corrections relative to the unknowns: a solve that ends as its steps are small while Newton's method wants
more than this was held up by the line search or by positivity, and has not converged."""
UNMET = 1e-6
"""Norm of the scaled residual above which such a solve has not converged either: where an ion is used up,
corrections are short beside the potentials long before the equations are met."""
BELOW = 0.01
"""Part of the absolute tolerance that corrections with a kept Jacobian go down to where they can. They
converge linearly and end just below what they are asked for, where Newton's method ends far below; over long
steps to a steady state the difference is seen in the amounts of the ions."""
ROUNDING = 4e-16
"""Relative rounding of the stored parts of the equations."""


@dataclass(frozen=True)
class Outcome:
    """How a solve ended: `converged`, Newton `iterations`, linear `krylov` iterations, PETSc's `reason`."""

    converged: bool
    iterations: int
    krylov: int
    reason: int


_NUMBERS = itertools.count()
"""For prefixes: every solver has options of its own."""


class Newton:
    """One SNES for one discretisation; keeps matrix, pattern and preconditioner.

    Attributes:
        krylov: linear iterations of the last solve.
    """

    def __init__(
        self,
        problem: Discretisation,
        preset: Preset = DIRECT,
        options: Mapping[str, Any] | None = None,
        keep: bool = False,
    ) -> None:
        """Create the solver with a preset; PETSc `options` (no dash, no prefix) are laid over it.

        `keep`: try with the Jacobian of the solve before first; see `chord`. The option snes_lag_jacobian
        leaves it to PETSc when a Jacobian is made.
        """
        self.problem, self.preset = problem, preset.chosen(problem)
        self._memory: Mapping[str, FloatArray] = {}
        self._control = Control(np.empty(0), np.empty(0), np.empty(0))
        layout = problem.layout
        self._x = PETSc.Vec().createMPI((layout.size, PETSc.DETERMINE), comm=problem.comm)
        self._f = self._x.duplicate()
        self._matrix = problem.create_matrix()
        chosen = {**self.preset.options, **(options or {})}
        prefix = f"tertia{next(_NUMBERS)}_"
        self.snes = self._create(prefix, chosen)
        nonlinear = {name: value for name, value in chosen.items() if name.startswith("snes_")} | UNDAMPED
        self._undamped = self._create(f"{prefix}full_", nonlinear, self.snes.getKSP())
        self._wanted = 0.0
        self._pending = [prefix + name for name in chosen] + [f"{prefix}full_{name}" for name in nonlinear]
        self.preset.split(self.snes.getKSP(), problem)
        block = layout.blocks[LIQUID]
        width = len(problem.equations.fields)
        component = block.active % width
        species = block.start + np.flatnonzero(component < width - 1)
        self._species, self._frozen = species, False
        keeps = not self.preset.fields or self.preset.loose is not None
        self._keep, self._has_factors = keep and keeps and "snes_lag_jacobian" not in chosen, False
        self._linear = self.snes.getKSP().getTolerances()[0]
        self._spent = 0
        self.krylov = 0
        self._concentrations = np.empty(0, dtype=int) if problem.model.logarithmic else species

    def _create(self, prefix: str, options: Mapping[str, Any], linear: Any = None) -> Any:
        """A SNES with `options` of its own, on the KSP `linear` if it is given (collective)."""
        snes = PETSc.SNES().create(self.problem.comm)
        snes.setOptionsPrefix(prefix)
        if linear is not None:
            snes.setKSP(linear)
        snes.setFunction(self._function, self._f)
        snes.setJacobian(self._jacobian, self._matrix)
        snes.setLineSearchPreCheck(self._keep_positive)
        database = PETSc.Options()
        for name, value in options.items():
            database.setValue(prefix + name, value)
        snes.setFromOptions()
        return snes

    def solve(
        self,
        memory: Mapping[str, FloatArray],
        control: Control,
        frozen: bool = False,
        change: float | None = None,
    ) -> Outcome:
        """Solve from the present state of the problem; leaves the solution in it (collective).

        First with the line search. Residuals of fast kinetics grow exponentially on the way to a solution,
        which stops a line search; so a solve that fails is made again with undamped corrections. If `frozen`,
        concentrations stay as they are, and only potentials are solved for. With `change`, the norm that the
        residual had without a prediction, Jacobians that are kept bring it down as far as PETSc's tolerances
        ask for, and not to what rounding allows.
        """
        outcome = self._solve(memory, control, frozen, change)
        self.krylov = outcome.krylov
        return outcome

    def _solve(
        self, memory: Mapping[str, FloatArray], control: Control, frozen: bool, change: float | None
    ) -> Outcome:
        self._memory, self._control, self._frozen = memory, control, frozen
        start = self.problem.layout.gather(self.problem.potentials)
        if self._keep and (change is not None or not frozen):
            self._has_factors = self._has_factors and not frozen
            done, count = self._chord(start, change)
            self._has_factors = self._has_factors and not frozen
            if done:
                reason = int(PETSc.SNES.ConvergedReason.CONVERGED_FNORM_ABS)
                return Outcome(True, count, self._spent, reason)
        outcome = self._attempt(self.snes, start)
        self._has_factors = outcome.converged and outcome.iterations > 0 and not frozen
        if outcome.converged:
            return outcome
        again = self._attempt(self._undamped, start)
        spent = outcome.iterations + again.iterations, outcome.krylov + again.krylov
        return Outcome(again.converged, *spent, again.reason)

    def _chord(self, start: FloatArray, change: float | None) -> tuple[bool, int]:
        """Solve with Jacobians that are kept; whether that did, and the corrections (collective)."""
        comm, memory = self.problem.comm, self._memory
        self._spent = 0
        if change is None:
            found = chord(self, start, tolerance(comm, memory), self._has_factors)
        else:
            relative, absolute = self.snes.getTolerances()[:2]
            rounding = 0.0 if self._frozen else ROUNDING * stored_norm(comm, memory)
            met = max(rounding, BELOW * absolute, relative * change)
            found = chord(self, start, met, self._has_factors, relative, np.inf, absolute)
        self.snes.getKSP().setTolerances(rtol=self._linear)
        return found

    def _attempt(self, snes: Any, start: FloatArray) -> Outcome:
        """Solve with one SNES from the unknowns `start` of this rank (collective)."""
        with self._x as local:
            local[:] = start
        snes.solve(None, self._x)
        self._clear_options()
        self._load(self._x)
        reason = int(snes.getConvergedReason())
        stalled = self._wanted > STALLED or snes.getFunctionNorm() > UNMET
        if reason == PETSc.SNES.ConvergedReason.CONVERGED_SNORM_RELATIVE and stalled:
            reason = int(PETSc.SNES.ConvergedReason.DIVERGED_LINE_SEARCH)
        pc = snes.getKSP().getPC()
        if pc.getFailedReason() and not self.preset.fields:
            pc.reset()  # after a singular matrix PETSc would not let MUMPS factorise again
        return Outcome(
            reason > 0 or self._is_noise(float(snes.getFunctionNorm())),
            int(snes.getIterationNumber()),
            int(snes.getLinearSolveIterations()),
            reason,
        )

    def _clear_options(self) -> None:
        """Parts of a preconditioner read their options in the first solve; after that nobody does."""
        while self._pending:
            PETSc.Options().delValue(self._pending.pop())

    def reach(
        self,
        memory: Mapping[str, FloatArray],
        target: Control,
        fine: Callable[[Outcome], bool] = lambda outcome: outcome.converged,
        frozen: bool = False,
        change: float | None = None,
    ) -> Outcome:
        """Solve for a control that differs much from the present one, in portions if need be.

        `fine` says, alike on all ranks, whether an outcome will do; the one returned may not. `frozen` and
        `change` are those of `solve`.
        """
        problem = self.problem
        present = problem.potentials[: target.a.size]
        start = target.a * present + target.b * problem.terminal_currents(memory)
        done, portion, saved = 0.0, 1.0, problem.snapshot()
        while True:
            goal = min(done + portion, 1.0)
            portion_of = Control(target.a, target.b, (1.0 - goal) * start + goal * target.s)
            outcome = self.solve(memory, portion_of, frozen, change)
            good = fine(outcome)
            if good and goal == 1.0:
                return outcome
            if good:
                saved, done, portion = problem.snapshot(), goal, 2.0 * portion
                continue
            problem.restore(saved)
            portion = 0.5 * min(portion, 1.0)
            if portion < SMALLEST_PORTION:
                return outcome

    def _is_noise(self, norm: float) -> bool:
        """Whether the residual left is rounding of Q a0/dt, large in very short steps (collective)."""
        return norm <= ROUNDING * stored_norm(self.problem.comm, self._memory)

    def residual(self, memory: Mapping[str, FloatArray], control: Control) -> FloatArray:
        """Residual of the present state, unknowns of this rank."""
        problem = self.problem
        fields, scalars = problem.residual(memory), problem.scalar_residual(control, memory)
        return np.concatenate((fields, scalars[: problem.layout.own_scalars]))

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        for thing in (self.snes, self._undamped, self._matrix, self._x, self._f):
            thing.destroy()

    # --- for the chord method

    def evaluated(self, x: FloatArray) -> tuple[FloatArray, float]:
        """Residual at the unknowns `x` of this rank, and its norm over all ranks (collective)."""
        problem = self.problem
        problem.set_potentials(problem.layout.scatter(x.copy()))
        residual = self.residual(self._memory, self._control)
        if self._frozen:
            residual[self._species] = 0.0
        return residual, gathered_norm(problem.comm, residual)

    def correction(self, residual: FloatArray, fresh: bool) -> FloatArray | None:
        """J^-1 residual, with a new Jacobian at the present state if `fresh`; None if singular."""
        ksp = self.snes.getKSP()
        if fresh:
            self._differentiate(self._matrix)
            ksp.setOperators(self._matrix)
        loose = self.preset.loose if not (fresh or self._frozen) else None
        ksp.setTolerances(rtol=loose or self._linear)
        with self._f as local:
            local[:] = residual
        ksp.solve(self._f, self._x)
        self._spent += int(ksp.getIterationNumber())
        self._clear_options()
        if int(ksp.getConvergedReason()) < 0 or ksp.getPC().getFailedReason():
            ksp.getPC().reset()
            self._has_factors = False
            return None
        self._has_factors = True
        return np.array(self._x.array_r)

    def limited(self, x: FloatArray, step: FloatArray) -> FloatArray:
        """The correction `step` where it takes at most 1 - KEPT of a concentration."""
        if self._concentrations.size:
            most = (1.0 - KEPT) * np.maximum(x[self._concentrations], 0.0)
            step[self._concentrations] = np.minimum(step[self._concentrations], most)
        return step

    def _load(self, x: Any) -> None:
        self.problem.set_potentials(self.problem.layout.scatter(np.array(x.array_r)))

    def _function(self, snes: Any, x: Any, f: Any) -> None:
        self._load(x)
        values = self.residual(self._memory, self._control)
        if self._frozen:
            values[self._species] = 0.0
        with f as local:
            local[:] = values

    def _jacobian(self, snes: Any, x: Any, a: Any, p: Any) -> None:
        self._load(x)
        self._differentiate(p)
        if a != p:
            a.assemble()

    def _differentiate(self, matrix: Any) -> None:
        """Derivative of what is solved at the present state into `matrix` (collective)."""
        self.problem.jacobian(matrix, self._control)
        if self._frozen:
            rows = (self.problem.layout.offset + self._species).astype(PETSc.IntType)
            matrix.zeroRows(rows, diag=1.0)

    def _keep_positive(self, x: Any, y: Any) -> bool:
        """Shorten a correction x - y where it would take more than 1 - KEPT of a concentration."""
        self._wanted = float(y.norm()) / max(float(x.norm()), 1.0)
        if self._concentrations.size:
            here = x.array_r[self._concentrations]
            with y as step:
                limited = np.minimum(step[self._concentrations], (1.0 - KEPT) * np.maximum(here, 0.0))
                step[self._concentrations] = limited
        return True
