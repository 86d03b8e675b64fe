"""A cell whose electrode grows by the nonlinear phase-field model of the literature, as a run asks for it.

`nonlinear_phase_field` does the work on one graded mesh that stays; here is what surrounds it: the program of
voltages, the surface as a sharp one, and the books as this model has them. Charge is what passes the counter
electrode, so the Faraday error is not one of the solver: it is by how much the model itself misses Faraday's
law, see docs/nonlinear-phase-field.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import ufl
from dolfinx import fem, la
from mpi4py import MPI

from meshes.contour import contour
from meshes.domain import Skin
from meshes.numbering import Numbering
from meshes.signed_distance import initial

from .archive import OnFirst, Tree
from .cell import Cell, Nonlinear
from .constants import FARADAY
from .contoured import Contoured, Seen
from .engine import StepError
from .instrument import Instrument
from .kept import found_skin, kept_skin
from .memory import Growth
from .model import FRONT
from .noise import Noise
from .nonlinear_phase_field import GrowthError, NonlinearPhaseField, Pace
from .spread_cell import spread_mesh
from .state import State
from .types import FloatArray

LINEAR = {2: "direct", 3: "iterative"}
"""Solver of the linear systems, by dimension."""
LEVEL = 1e-12
"""Slope of xi in mesh units below which nothing is divided by it."""


class NonlinearSimulation(Contoured):
    """One cell in time; an `Engine`.

    Attributes:
        cell, comm: what is simulated, and by whom.
        model: order parameter, concentration and potential.
        state: time, step, books: charge and cations as they pass the counter electrode.
        events: sentences on what happened since they were read.
    """

    def __init__(self, cell: Cell, comm: MPI.Intracomm, saved: Mapping[str, Any] | None = None) -> None:
        """Mesh the cell and set the state (collective): the one that `saved` tells of, or the initial one.

        Raises:
            ValueError: the cell has another model.
        """
        nonlinear, spreading = cell.nonlinear, cell.spreading
        if nonlinear is None or spreading is None:
            raise ValueError("the surface of this cell does not follow the nonlinear phase field")
        self.cell, self.comm = cell, comm
        self.state, self.events = State(dt=cell.steps.initial), []  # type: State, list[str]
        self.instrument = Instrument(cell.program)
        self.regions = spread_mesh(cell, comm).first(cell.front)
        pace = Pace(cell.steps.initial, cell.steps.largest, cell.steps.tolerance)
        self.model = NonlinearPhaseField(
            self.regions,
            nonlinear.parameters,
            self._asked(),
            _metal(cell.front, nonlinear.parameters.width / cell.gap),
            pace,
            _noise(cell, nonlinear),
            noise_period=nonlinear.noise_period or 1.0,
            linear=LINEAR[cell.dim],
        )
        self.state.cells_max = self.number_of_cells()
        self.state.totals.begin(np.array([self.model.cations()]), {FRONT: self.model.volume()})
        self._slopes = _Slopes(self.model.xi)
        self._rate: FloatArray = np.zeros(self.model.xi.x.array.size)
        if saved is None:
            self._watch()
        else:
            self._resume(saved)

    def saved(self) -> Tree:
        """All that the next step depends on (collective); factors of matrices are made again."""
        model, space = self.model, self.model.xi.function_space
        numbers = Numbering(space)
        return {
            "state": self.state.saved(),
            "instrument": self.instrument.saved(),
            "places": OnFirst(numbers.places(space)),
            "model": model.saved(),
            "rate": OnFirst(numbers.gathered(self._rate)),
            "begun": kept_skin(self.begun),
            "initially bare": self.initially_bare,
        }

    def _resume(self, saved: Mapping[str, Any]) -> None:
        space = self.model.xi.function_space
        numbers = Numbering(space)
        numbers.check_places(space, saved["places"].values)
        self.state = State.resumed(saved["state"])
        self.instrument.resume(saved["instrument"])
        self.model.resume(saved["model"])
        self._rate = numbers.spread(saved["rate"].values).ravel()
        self._watch((found_skin(saved["begun"]), saved["initially bare"]))

    @property
    def voltage(self) -> float:
        """Of the working electrode's collector against the counter electrode, V."""
        return self.model.voltage

    def advance(self, largest: float) -> None:
        """Make one step of at most `largest` seconds, as long as accuracy allows.

        Raises:
            StepError: no step, however small, succeeds.
        """
        state, model = self.state, self.model
        before, xi, counted = model.books, model.xi.x.array.copy(), model.solves
        try:
            dt = model.step(min(largest, self.instrument.left(state.time)))
        except GrowthError as error:
            raise StepError(str(error)) from None
        books = model.books
        charge, entered = books.counter - before.counter, books.cations - before.cations
        state.time, state.last_dt, state.step = model.time, dt, state.step + 1
        state.current, state.newton, state.rejected = -charge / dt, model.solves - counted, model.rejected
        state.totals.add(Growth({FRONT: charge}, np.array([entered])))
        self._rate, self._seen = (model.xi.x.array - xi) / dt, None
        if self.instrument.left(state.time) <= 1e-9 * dt:
            self._next_segment()

    def maintain(self, asked: str = "") -> None:
        """Nothing: the mesh is fine wherever the surface may come."""

    def output(self) -> list[fem.Function]:
        """Fields in SI units, to be written; a concentration below 0 is the model's."""
        model, results = self.model, []
        fields = {
            "concentration_mol_m3": model.c,
            "potential_V": model.phi,
            "order_parameter": model.xi,
        }
        for name, field in fields.items():
            results.append(fem.Function(model.xi.function_space, name=name))
            results[-1].x.array[:] = field.x.array
        return results

    def edge_current(self, name: str = FRONT) -> FloatArray:
        """What the growth of the facets amounts to, A/m^2, negative for deposition (collective).

        It is -n F c_s v, where v is the speed of the contour in the last step. The model's own currents are
        others: those of a resistor between substrate and counter electrode.
        """
        return self.seen.current

    def mean_thickness(self) -> float:
        """Of the metal over the collector, m (collective)."""
        return self.model.volume() / self.cell.area

    def number_of_cells(self) -> int:
        """Of the mesh."""
        return self.regions.number_of_cells()

    def faraday_error(self) -> float:
        """Relative difference of the growth of the integral of xi and V_m Q/(nF) (collective)."""
        p, unit = self.model.parameters, self.cell.gap**self.cell.dim
        per_charge = p.molar_volume / (p.electrons * FARADAY)
        return self.state.totals.faraday_error({FRONT: self.model.volume()}, unit, per_charge)

    def mass_error(self) -> float:
        """Relative defect of the balance of cations, those in metal included (collective)."""
        return self.state.totals.mass_error(np.array([self.model.cations()]))

    # --- parts

    def _asked(self) -> float:
        """Voltage that the program asks for."""
        segment = self.instrument.segment
        assert segment is not None  # programs are not empty
        return segment.value(0.0)

    def _next_segment(self) -> None:
        self.instrument.next(self.state.time, -self.state.totals.charge / self.cell.area)
        segment = self.instrument.segment
        if segment is not None:
            self.model.voltage = self._asked()
            self.events.append(segment.name)

    def _look(self) -> Seen:
        space, xi = self.model.xi.function_space, self.model.xi.x.array
        names = self.cell.front.names
        found = contour(self.regions, space, xi, names if len(names) > 1 else (*names, "substrate"))
        skin = found.surface
        floating = found.floating.astype(np.int32)
        skin = replace(skin, patch=np.where(np.isin(skin.patch, floating), skin.patch, -1))
        dead = sum(piece.volume for piece in found.pieces if not piece.standing)
        values = found.at_vertices(np.column_stack((self._rate, self._slopes.at_nodes())))
        rate, slope = values[skin.cells].mean(axis=1).T
        p = self.model.parameters
        speed = self.regions.unit * rate / np.maximum(slope, LEVEL)
        current = np.where(skin.bare, 0.0, -p.electrons * FARADAY * p.density_metal * speed)
        return Seen(skin, current, floating, float(dead))


class _Slopes:
    """|grad xi| at the nodes: the mean of the cells about a node, by volume."""

    def __init__(self, xi: fem.Function) -> None:
        """Compile what is summed (collective)."""
        v = ufl.TestFunction(xi.function_space)
        self._map = xi.function_space.dofmap.index_map
        # The root of a polynomial of degree 0.
        self._slope = fem.form(ufl.sqrt(ufl.inner(ufl.grad(xi), ufl.grad(xi))) * v * ufl.dx(degree=1))
        self._volumes = self._summed(fem.form(v * ufl.dx(xi.function_space.mesh)))

    def at_nodes(self) -> FloatArray:
        """At the local nodes, in units of the mesh, of xi as it is now (collective)."""
        return self._summed(self._slope) / self._volumes

    def _summed(self, form: fem.Form) -> FloatArray:
        vector = la.vector(self._map, 1)
        fem.assemble_vector(vector.array, form)
        vector.scatter_reverse(la.InsertMode.add)
        vector.scatter_forward()
        return np.asarray(vector.array)


def _metal(front: Skin, width: float) -> Callable[[FloatArray], FloatArray]:
    """Order parameter of the profile at rest about the deposit of `front`; `width` in mesh units."""
    return lambda points: initial(front, points, width)


def _noise(cell: Cell, nonlinear: Nonlinear) -> Noise | None:
    if nonlinear.noise == 0.0:
        return None
    low = (*(0.0 for _ in cell.extent[1:]), cell.front.base)
    extent = list(zip(low, cell.extent, strict=True))
    return Noise(nonlinear.noise, nonlinear.noise_length / cell.gap, nonlinear.seed, extent)
