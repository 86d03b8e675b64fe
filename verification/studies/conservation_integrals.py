"""Integrals of solved fields, in SI and apart from the solver's own forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.compat import JIT
from meshes.regions import Regions
from solver.discretisation import Discretisation
from solver.model import LIQUID, WORKING, Interface
from solver.types import FloatArray

from .mms_exact import POTENTIAL


@dataclass(frozen=True)
class State:
    """All that a step leaves: fields by block, and potentials of the terminals, scaled."""

    functions: Mapping[str, fem.Function]
    potentials: FloatArray


class Solved:
    """A state as UFL in SI, to be integrated."""

    def __init__(self, problem: Discretisation, state: State) -> None:
        """Look at `state` of `problem`."""
        self._problem, self._state = problem, state
        self._unit, self._equations = problem.regions.unit, problem.equations
        self._parts = dict(zip(problem.equations.fields, ufl.split(state.functions[LIQUID]), strict=True))

    def __getitem__(self, name: str) -> Any:
        """A concentration in mol/m^3, of eliminated ions too, or the potential in V."""
        if name == POTENTIAL:
            return float(self._equations.vt) * self._parts[name]
        if name in self._parts:
            return float(self._equations.c0) * self._parts[name]
        charge = {s.name: s.charge for s in self._problem.model.closure.species}
        others = (n for n in self._parts if n != POTENTIAL)
        return -sum(charge[n] * self[n] for n in others) / charge[name]

    def grad(self, f: Any) -> Any:
        """Per metre."""
        return ufl.grad(f) / self._unit

    def charge(self, interface: Interface) -> Any:
        """Of a double layer, C/m^2: C (V - R i - phi)."""
        if interface.capacitance == 0.0:
            return None
        metal = 0.0
        if interface.inner == WORKING:
            metal = float(self._equations.vt * self._state.potentials[0])
        block = f"film {interface.boundary}"
        if block in self._state.functions:
            resistance = interface.series.resistance  # type: ignore[union-attr]
            metal = metal - resistance * float(self._equations.current_scale) * self._state.functions[block]
        return interface.capacitance * (metal - self[POTENTIAL] - interface.zero_charge)


Integral = Callable[[], float]
"""An integral of fields, as they are when it is called (collective)."""


class Integrals:
    """Integrals over a mesh in SI."""

    def __init__(self, regions: Regions, degree: int) -> None:
        """Use quadrature of at least twice `degree` plus two."""
        self._regions = regions
        entities, data = regions.entities(), {"quadrature_degree": 2 * degree + 2}
        kinds = fem.IntegralType
        self._dx = ufl.Measure("dx", regions.mesh, metadata=data)
        self._ds = ufl.Measure(
            "ds", regions.mesh, subdomain_data=entities[kinds.exterior_facet], metadata=data
        )

    def liquid(self, f: Any) -> Integral:
        """Over the liquid; per metre of depth below three dimensions."""
        return self._prepare(f * self._dx, self._regions.dim)

    def surface(self, boundary: str, f: Any) -> Integral:
        """Over a boundary; 0 for None."""
        if f is None:
            return lambda: 0.0
        return self._prepare(f * self._ds(self._regions.boundaries[boundary]), self._regions.dim - 1)

    def _prepare(self, form: Any, power: int) -> Integral:
        compiled = fem.form(form, jit_options=JIT)
        comm, size = self._regions.comm, self._regions.unit**power
        return lambda: float(comm.allreduce(fem.assemble_scalar(compiled), op=MPI.SUM) * size)


def snapshot(problem: Discretisation) -> State:
    """A copy of the present state."""
    return State({name: f.copy() for name, f in problem.functions.items()}, problem.potentials.copy())
