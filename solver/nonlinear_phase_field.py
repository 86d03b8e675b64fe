"""The nonlinear phase-field model of the literature on any mesh: metal grows by Butler-Volmer kinetics.

The equations are those of `nonlinear_forms`. At the boundary "substrate" the potential is held, and at
"counter" the potential is 0 and the concentration c_0; nothing else crosses a boundary.

In time, two diagonally implicit stages of weight gamma = 1 - 1/sqrt(2) (second order, L-stable, the second
stage is the result; R. Alexander, SIAM J. Numer. Anal. 14 (1977) 1006). The step follows the difference to
the first-order result that the stages also give. Charge and salt that pass the electrodes are sums of the
residual over their nodes, so they balance with the inside as exactly as the equations are solved.

Newton's method keeps its factors over stages and steps for as long as corrections shrink fast enough.

Where the model loses charge, and what it does to capillarity: docs/nonlinear-phase-field.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.numbering import Numbering
from meshes.regions import Regions

from .archive import OnFirst, Tree
from .constants import FARADAY
from .level import highest_above, volume_above
from .noise import Noise
from .nonlinear_books import Books
from .nonlinear_forms import NUMBERS, POTENTIAL, SALT, XI, Forms, scaled
from .nonlinear_parameters import Parameters
from .nonlinear_stage import Stage
from .types import FloatArray

GAMMA = 1.0 - 1.0 / math.sqrt(2.0)
CONTOUR = 0.5


class GrowthError(RuntimeError):
    """No step, however small, can be solved."""


@dataclass(frozen=True)
class Pace:
    """How time is divided.

    Attributes:
        first: first step, s.
        largest: largest step, s.
        tolerance: largest difference of xi between the results of first and second order.
        smallest: below this part of `first`, the march gives up.
    """

    first: float
    largest: float = math.inf
    tolerance: float = 2e-3
    smallest: float = 1e-6


class NonlinearPhaseField:
    """State and march.

    Attributes:
        regions, parameters: what it is made of.
        xi, c, phi: fem.Function: order parameter, concentration in mol/m^3, potential in V; kept up to date.
        time: s.
        books: what has passed.
        steps, rejected, solves, factorisations: counted.
    """

    def __init__(
        self,
        regions: Regions,
        parameters: Parameters,
        voltage: float,
        metal: Callable[[FloatArray], FloatArray],
        pace: Pace,
        noise: Noise | None = None,
        noise_period: float = 1.0,
        forms: Forms | None = None,
        linear: str = "direct",
    ) -> None:
        """Start from an order parameter, electrolyte at c_0 (1 - xi) and the potential that belongs to them.

        Args:
            regions: mesh with boundaries "substrate" and "counter", one region.
            parameters: of the model.
            voltage: potential of the substrate against the counter electrode, V.
            metal: xi at points, shape (n, dim) -> (n,), mesh units.
            pace: steps.
            noise: rate in 1/s at points in mesh units, on the interface only.
            noise_period: time after which the noise changes, s.
            forms: compiled before, for the same cell type and folds.
            linear: "direct" or "iterative".

        Raises:
            GrowthError: the first potential cannot be found.
        """
        self.regions, self.parameters = regions, parameters
        self.comm: MPI.Intracomm = regions.comm  # type: ignore[assignment]
        folds = parameters.folds if parameters.anisotropy else 0
        self.forms = forms or Forms(self.comm, regions.cell, regions.dim, folds)
        mesh = regions.mesh
        scalar = fem.functionspace(mesh, ("Lagrange", 1))
        self._space = fem.functionspace(mesh, ("Lagrange", 1, (3,)))
        self._state, self._start = fem.Function(self._space), fem.Function(self._space)
        self._noise_field = fem.Function(scalar)
        self.xi, self.c, self.phi = (fem.Function(scalar, name=name) for name in ("xi", "c", "phi"))
        values = {**scaled(parameters, regions.unit), "tau": 0.0}
        self._numbers = {name: fem.Constant(mesh, np.float64(values[name])) for name in NUMBERS}
        self._forms = self.forms.on(
            regions, self._space, self._state, self._start, self._noise_field, self._numbers
        )
        self._points = scalar.tabulate_dof_coordinates()[:, : regions.dim]
        nodes = {name: regions.dofs(self._space, name) for name in ("substrate", "counter")}
        owned = self._space.dofmap.index_map.size_local
        self._nodes = {name: some[some < owned] for name, some in nodes.items()}
        self._stage = Stage(self._space, self._state, self._forms, linear)
        self._held = nodes
        self._noise, self._period, self.pace = noise, noise_period, pace
        self.time, self.books, self._dt = 0.0, Books(), pace.first
        self.steps = self.rejected = 0
        self._measure = regions.unit**regions.dim
        self._slope: FloatArray
        self._begin(metal)
        self.voltage = voltage
        self._settle()

    @property
    def voltage(self) -> float:
        """Potential of the substrate, V; may be changed between steps."""
        return self._voltage

    @voltage.setter
    def voltage(self, value: float) -> None:
        self._voltage = value
        u = value / self.parameters.thermal
        counter, substrate = self._held["counter"], self._held["substrate"]
        self._stage.hold([(counter, POTENTIAL, 0.0), (counter, SALT, 1.0), (substrate, POTENTIAL, u)])

    @property
    def solves(self) -> int:
        """Linear systems solved."""
        return self._stage.solves

    @property
    def factorisations(self) -> int:
        """Preconditioners or factors made."""
        return self._stage.factorisations

    def advance(self, duration: float) -> None:
        """March by `duration` in s, in as many steps as accuracy asks for (collective).

        Raises:
            GrowthError: on all ranks, if no step can be solved; the state is that of the last one that was.
        """
        end = self.time + duration
        while end - self.time > 1e-9 * duration:
            self.step(end - self.time)

    def step(self, largest: float) -> float:
        """Make one step, of at most `largest` s and as accuracy allows; returns its length (collective).

        Raises:
            GrowthError: as `advance`.
        """
        begun, self._dt = self.time, min(self._dt, self.pace.largest)
        # Two equal steps rather than a whole and a tiny one.
        self._take(largest if largest <= 1.001 * self._dt else min(self._dt, 0.5 * largest))
        self._publish()
        return self.time - begun

    def volume(self) -> float:
        """Integral of xi, m^dim (collective)."""
        return float(self._inside()[0] * self._measure)

    def cations(self) -> float:
        """Amount in metal and electrolyte together, mol, per m of depth in two dimensions (collective)."""
        metal, salt = self._inside() * self._measure
        return float(metal * self.parameters.density_metal + salt * self.parameters.concentration)

    def metal(self) -> float:
        """Volume inside the contour xi = 1/2, m^dim (collective)."""
        return volume_above(self.regions, self.xi, CONTOUR)

    def height(self) -> float:
        """Largest height of the contour xi = 1/2, m; -inf without metal (collective)."""
        return highest_above(self.regions, self.xi, CONTOUR)

    def saved(self) -> Tree:
        """All that the next step depends on (collective); factors are made again."""
        numbers = Numbering(self._space)
        return {
            "state": OnFirst(numbers.gathered(self._state.x.array)),
            "slope": OnFirst(numbers.gathered(self._slope)),
            "amounts": self._amounts,
            "books": asdict(self.books),
            "voltage": self.voltage,
            "time": self.time,
            "next step": self._dt,
            "steps": self.steps,
            "rejected": self.rejected,
        }

    def resume(self, saved: Mapping[str, Any]) -> None:
        """Go to a state that was `saved` on the same mesh, whatever its distribution (collective)."""
        numbers = Numbering(self._space)
        self.voltage = saved["voltage"]
        self._state.x.array[:] = numbers.spread(saved["state"].values).ravel()
        self._slope = numbers.spread(saved["slope"].values).ravel()
        self._amounts, self.books = saved["amounts"], Books(**saved["books"])
        self.time, self._dt = saved["time"], saved["next step"]
        self.steps, self.rejected = saved["steps"], saved["rejected"]
        self._publish()

    # --- parts of a step

    def _begin(self, metal: Callable[[FloatArray], FloatArray]) -> None:
        xi = np.asarray(metal(self._points), dtype=np.float64)
        state = self._state.x.array.reshape(-1, 3)
        state[:, XI], state[:, SALT], state[:, POTENTIAL] = xi, 1.0 - xi, 0.0
        self._slope = np.zeros(self._state.x.array.size)
        self._amounts = self._inside()

    def _settle(self) -> None:
        """The potential of the start, found with everything else at rest (collective)."""
        self._start.x.array[:] = self._state.x.array
        self._numbers["tau"].value = 1.0
        if not self._stage.solve_potential():
            raise GrowthError("the first potential cannot be found")
        self._publish()

    def _take(self, dt: float) -> None:
        """One accepted step of at most `dt` (collective)."""
        old = self._state.x.array.copy()
        while True:
            error, books = self._attempt(dt, old)
            if error <= self.pace.tolerance:
                break
            self._slope[:] = 0.0
            self.rejected += 1
            factor = 0.25 if math.isinf(error) else max(0.25, 0.8 * math.sqrt(self.pace.tolerance / error))
            dt *= factor
            self._dt = dt
            if dt < self.pace.smallest * self.pace.first:
                self._state.x.array[:] = old
                raise GrowthError(f"the step fell to {dt:.1e} s at t = {self.time:.6g} s")
        self.books, self.time, self.steps = books, self.time + dt, self.steps + 1
        self._slope = (self._state.x.array - old) / dt
        wanted = dt * min(2.0, 0.8 * math.sqrt(self.pace.tolerance / max(error, 1e-300)))
        # A step that hardly changes keeps its factors.
        if wanted < 0.9 * self._dt or wanted > 1.3 * self._dt:
            self._dt = wanted

    def _attempt(self, dt: float, old: FloatArray) -> tuple[float, Books]:
        """Both stages; the error of xi (infinite if not solved) and the books after them (collective)."""
        state, start, tau = self._state.x.array, self._start.x.array, GAMMA * dt
        self._numbers["tau"].value = tau
        self._make_noise(dt)
        start[:] = old
        state[:] = old + tau * self._slope
        if not self._stage.solve():
            return math.inf, self.books
        changes, first = self._passed(1.0 / tau), state.copy()
        kinetic = self._rate_of_reaction()
        start[:] = old + (1.0 - GAMMA) / GAMMA * (first - old)
        state[:] = old + (first - old) / GAMMA
        if not self._stage.solve():
            return math.inf, self.books
        weights = (1.0 - GAMMA) * dt, tau
        passed = weights[0] * changes + weights[1] * self._passed(1.0 / tau)
        kinetic = weights[0] * kinetic + weights[1] * self._rate_of_reaction()
        difference = (state - start - (first - old)).reshape(-1, 3)[:, XI]
        error = self.comm.allreduce(float(np.abs(difference).max(initial=0.0)), op=MPI.MAX)
        return error, self._entered(passed, kinetic)

    def _make_noise(self, dt: float) -> None:
        if self._noise is not None:
            number = int((self.time + 0.5 * dt) // self._period)
            self._noise_field.x.array[:] = self._noise.at(self._points, number)

    def _passed(self, rate: float) -> FloatArray:
        """`rate` times the residual, summed: u at counter, u at substrate, c at counter (collective)."""
        residual = self._stage.full_residual().reshape(-1, 3)
        counter, substrate = (residual[self._nodes[name]] for name in ("counter", "substrate"))
        mine = np.array([counter[:, POTENTIAL].sum(), substrate[:, POTENTIAL].sum(), counter[:, SALT].sum()])
        return rate * np.asarray(self.comm.allreduce(mine, op=MPI.SUM))

    def _rate_of_reaction(self) -> float:
        """Integral of the Butler-Volmer term, mesh units^d/s (collective)."""
        return float(self.comm.allreduce(fem.assemble_scalar(self._forms["kinetic"]), op=MPI.SUM))

    def _inside(self) -> FloatArray:
        """Integrals of xi and c/c_0, mesh units^d (collective)."""
        mine = np.array([fem.assemble_scalar(self._forms[name]) for name in ("metal", "salt")])
        return np.asarray(self.comm.allreduce(mine, op=MPI.SUM))

    def _entered(self, passed: FloatArray, kinetic: float) -> Books:
        """The books with one step more."""
        p, old = self.parameters, self.books
        metal, salt = (self._inside() - self._amounts) * self._measure
        charge = p.electrons * FARADAY * p.density_metal
        return Books(
            counter=old.counter + passed[0] * charge * self._measure,
            working=old.working - passed[1] * charge * self._measure,
            deposited=metal * charge,
            kinetic=old.kinetic + kinetic * charge * self._measure,
            cations=old.cations + passed[2] * p.concentration * self._measure,
            stored=metal * p.density_metal + salt * p.concentration,
        )

    def _publish(self) -> None:
        """Copy the state into xi, c and phi."""
        state = self._state.x.array.reshape(-1, 3)
        self.xi.x.array[:] = state[:, XI]
        self.c.x.array[:] = self.parameters.concentration * state[:, SALT]
        self.phi.x.array[:] = self.parameters.thermal * state[:, POTENTIAL]

    def destroy(self) -> None:
        """Free PETSc memory (collective)."""
        self._stage.destroy()
