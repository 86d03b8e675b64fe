"""The equations of a model on a mesh: spaces, bound forms, assembly of residual and Jacobian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dolfinx import fem, la
from mpi4py import MPI
from petsc4py import PETSc

from meshes.compat import FacetMesh, add_matrix, bind, compile_form
from meshes.regions import Regions

from .compiled import SCALAR, Compiled
from .constants import FARADAY
from .equations import FILM, POTENTIAL, as_array
from .layout import Layout
from .model import LIQUID, WORKING, Model
from .symbols import Tags
from .types import FloatArray, IntArray

KINDS = (
    "residual", "stored", "jacobian", "column", "row", "corner", "terminal", "terminal stored", "current",
    "carried", "carried before", "surface current", "patch current", "patch slope", "patch row",
    "patch column",
)  # fmt: skip
"""Of forms; see compiled.Key."""
Stored = dict[str, FloatArray]
"""Functionals Q by block (owned dofs of the full space), and under "terminals" by terminal."""


def tags(model: Model, regions: Regions) -> Tags:
    """What the equations of `model` must know of a mesh."""
    sides = [(i.boundary, model.terminal_of(i.inner), model.terminal_of(i.outer)) for i in model.interfaces]
    faces = [boundary for boundary, *ends in sides if WORKING in ends]
    area = model.area if model.area is not None else sum(regions.measure(b) for b in faces) or 1.0
    interior = frozenset(name for name in regions.boundaries if regions.interior(name))
    names = dict(regions.regions), dict(regions.boundaries)
    return Tags(regions.cell, regions.dim, *names, interior, regions.unit, area)


@dataclass(frozen=True)
class Control:
    """Coefficients of the terminals' equations a V + b I = s, scaled; each of shape (terminals,)."""

    a: FloatArray
    b: FloatArray
    s: FloatArray


class Discretisation:
    """A model on a mesh.

    Attributes:
        model, regions, equations: what it is made of.
        functions: fem.Function by block, scaled unknowns.
        layout: numbering of the unknowns.
        potentials: scaled potential of each terminal in `model.terminals`, replicated; then `extra` more
            scalars of a subclass.
    """

    extra = 0

    def __init__(self, model: Model, regions: Regions, compiled: Compiled | None = None) -> None:
        """Make spaces on `regions` and bind the forms; `compiled` ones fit meshes with the same tags."""
        self.model, self.regions = model, regions
        self.comm: MPI.Intracomm = regions.comm  # type: ignore[assignment]
        self.tags = tags(model, regions)
        self.compiled = compiled if compiled is not None else Compiled(self.comm, model, self.tags)
        self.equations = eq = self.compiled.equations
        width = len(eq.fields)
        scalar, liquid = ("Lagrange", model.degree), ("Lagrange", model.degree, (width,))
        self.spaces = {
            name: fem.functionspace(regions.mesh, liquid if name == LIQUID else scalar) for name in eq.names
        }
        self.functions = {name: fem.Function(space, name=name) for name, space in self.spaces.items()}
        self.potentials: FloatArray = np.zeros(len(model.terminals) + self.extra)
        self.layout = Layout(self.comm, self.functions, self._active(), self.potentials.size)
        self.spaces[SCALAR] = fem.functionspace(regions.mesh, scalar)
        self._constants = {
            symbol: fem.Constant(regions.mesh, as_array(value)) for symbol, value in eq.numbers.items()
        }
        for symbol in (eq.rate, eq.time, *eq.potentials.values()):
            self._constants[symbol] = fem.Constant(regions.mesh, as_array(0.0))
        self._at_interfaces = {name: self._touching(name) for name in eq.names}
        self._forms = self._bind(self.compiled)

    # --- set-up

    def _coefficients(self) -> dict[Any, fem.Function]:
        """Function of every symbol in the forms."""
        return {self.equations.unknowns[n]: f for n, f in self.functions.items()}

    def _facet_meshes(self) -> list[FacetMesh]:
        """Meshes of facets that coefficients live on."""
        return []

    def _touching(self, name: str) -> tuple[IntArray, IntArray]:
        """Unknowns of a block on any interface: global numbers and local dofs."""
        width = len(self.equations.fields) if name == LIQUID else 1
        boundaries = [i.boundary for i in self.model.interfaces]
        nodes = self._union([self.regions.dofs(self.spaces[name], boundary) for boundary in boundaries])
        dofs = (nodes.astype(np.int64)[:, None] * width + np.arange(width)).ravel()
        block = self.layout.blocks[name]
        mine = np.isin(block.active, dofs)
        numbers = self.layout.offset + block.start + np.flatnonzero(mine)
        return numbers.astype(PETSc.IntType), block.active[mine]

    def _active(self) -> dict[str, IntArray]:
        model, width = self.model, len(self.equations.fields)
        space = self.spaces[LIQUID]
        wet = self._union([self.regions.dofs(space, region) for region in model.media])
        self._wet = wet[wet < space.dofmap.index_map.size_local]
        nodes = wet.astype(np.int64) * width
        liquid = (nodes[:, None] + np.arange(width)).ravel().astype(np.int32)
        held = [self._held(p.field, p.boundary) for p in model.prescribed]
        active = {LIQUID: np.setdiff1d(liquid, self._union(held))}
        for conductor in model.conductors:
            space = self.spaces[conductor.region]
            dofs = self.regions.dofs(space, conductor.region)
            if conductor.collector is not None:
                dofs = np.setdiff1d(dofs, self.regions.dofs(space, conductor.collector))
            active[conductor.region] = dofs.astype(np.int32)
        for name in self.equations.names:
            if name.startswith(FILM):
                active[name] = self.regions.dofs(self.spaces[name], name.removeprefix(FILM))
        return active

    @staticmethod
    def _union(parts: list[IntArray]) -> IntArray:
        joined: IntArray = np.concatenate([np.empty(0, dtype=np.int32), *parts])
        return np.unique(joined).astype(np.int32)

    def _held(self, field: str, boundary: str) -> IntArray:
        width = len(self.equations.fields)
        dofs = self.regions.dofs(self.spaces[LIQUID], boundary)
        return (dofs * width + self.equations.fields.index(field)).astype(np.int32)

    def _bind(self, compiled: Compiled) -> dict[str, dict[tuple[Any, ...], Any]]:
        """Bound forms by kind, then by the rest of their key."""
        coefficients, entities = self._coefficients(), self.regions.entities()
        bound: dict[str, dict[tuple[Any, ...], Any]] = {kind: {} for kind in KINDS}
        for (kind, *rest), (form, blocks) in compiled.forms.items():
            spaces = [self.spaces[n] for n in blocks]
            bound[kind][tuple(rest)] = bind(
                form, self.regions.mesh, spaces, entities, coefficients, self._constants, self._facet_meshes()
            )
        return bound

    def bound(self, form: Any, spaces: list[fem.FunctionSpace]) -> Any:
        """A further form over the equations' abstract mesh with arguments in `spaces`, bound (collective)."""
        return bind(
            compile_form(self.comm, form),
            self.regions.mesh,
            spaces,
            self.regions.entities(),
            self._coefficients(),
            self._constants,
            self._facet_meshes(),
        )

    # --- state

    @property
    def time(self) -> float:
        """Time that the equations see, s."""
        return float(self._constants[self.equations.time].value)

    def set_time(self, time: float) -> None:
        """Set the time that sources and held values see."""
        self._constants[self.equations.time].value = time
        self.hold(time)

    def set_rate(self, rate: float) -> None:
        """Set a0/dt in 1/s."""
        self._constants[self.equations.rate].value = rate

    def set_potentials(self, potentials: FloatArray) -> None:
        """Set the scaled potentials of the terminals."""
        self.potentials = potentials
        for symbol, value in zip(self.equations.potentials.values(), potentials, strict=False):
            self._constants[symbol].value = value

    def initialise(self) -> None:
        """Initial concentrations; all potentials and films zero."""
        eq, model = self.equations, self.model
        for function in self.functions.values():
            function.x.array[:] = 0.0
        values = self.functions[LIQUID].x.array.reshape(-1, len(eq.fields))
        for index, name in enumerate(model.closure.unknowns):
            initial = next(s.concentration for s in model.closure.species if s.name == name)
            c: FloatArray = np.full(len(values), initial)
            if name in model.initial:
                c = self._at_nodes(model.initial[name], 0.0)
            values[:, index] = self._scaled(name, c)
        self.set_potentials(np.zeros(self.potentials.size))
        self.set_time(0.0)

    def hold(self, time: float) -> None:
        """Put the values held on boundaries into the fields."""
        array = self.functions[LIQUID].x.array
        width = len(self.equations.fields)
        for prescribed in self.model.prescribed:
            dofs = self._held(prescribed.field, prescribed.boundary)
            value = prescribed.value
            if isinstance(value, float | int):
                here: Any = np.full(dofs.size, float(value))
            else:
                here = self._at_nodes(value, time)[dofs // width]
            array[dofs] = self._scaled(prescribed.field, here)

    def _at_nodes(self, formula: Any, time: float) -> FloatArray:
        x = self.regions.unit * self.spaces[LIQUID].tabulate_dof_coordinates()
        place = {"x": x[:, 0], "y": x[:, 1], "z": x[:, 2], "t": time}
        value = formula(**{name: place[name] for name in formula.names})
        return np.broadcast_to(np.asarray(value, dtype=float), (len(x),)).copy()

    def _scaled(self, field: str, value: FloatArray) -> FloatArray:
        eq = self.equations
        if field == POTENTIAL:
            return np.asarray(value / eq.vt)
        ratio = value / eq.c0
        return np.asarray(np.log(ratio) if self.model.logarithmic else ratio)

    def snapshot(self) -> FloatArray:
        """All fields of this rank, ghosts included, and the scalars."""
        return np.concatenate([*(f.x.array for f in self.functions.values()), self.potentials])

    def restore(self, snapshot: FloatArray) -> None:
        """Set fields and scalars."""
        start = 0
        for function in self.functions.values():
            function.x.array[:] = snapshot[start : start + function.x.array.size]
            start += function.x.array.size
        self.set_potentials(snapshot[start:].copy())

    def concentrations(self, snapshot: FloatArray) -> FloatArray:
        """Scaled concentrations (or their logarithms) at owned nodes, shape (nodes, species)."""
        function = self.functions[LIQUID]
        width = function.x.block_size
        size = function.x.index_map.size_local * width
        return snapshot[:size].reshape(-1, width)[:, : width - 1]

    # --- assembly

    def vector(self, form: Any) -> FloatArray:
        """Assemble a linear form; owned dofs of the full space (collective)."""
        assembled = fem.assemble_vector(form)
        assembled.scatter_reverse(la.InsertMode.add)
        return np.array(assembled.array[: assembled.index_map.size_local * assembled.block_size])

    def scalar(self, form: Any) -> float:
        """Assemble a 0-form (collective)."""
        return float(self.comm.allreduce(fem.assemble_scalar(form), op=MPI.SUM))

    def stored(self) -> Stored:
        """Q of every block, and of the terminals, at the present state (collective)."""
        result = {name: self.vector(form) for (name,), form in self._forms["stored"].items()}
        result["terminals"] = self._per_terminal("terminal stored")
        return result

    def residual(self, memory: Mapping[str, FloatArray]) -> FloatArray:
        """Residual of the unknown fields of this rank (collective)."""
        parts = []
        for name, block in self.layout.blocks.items():
            full = self.vector(self._forms["residual"][name,])
            if name in memory:
                full += memory[name]
            parts.append(full[block.active])
        return np.concatenate(parts)

    def terminal_currents(self, memory: Mapping[str, FloatArray]) -> FloatArray:
        """Currents of the terminals at the present state, in current scales times the electrode area."""
        return np.asarray(self._per_terminal("terminal") + memory.get("terminals", 0.0))

    def _per_terminal(self, kind: str) -> FloatArray:
        forms = self._forms[kind]
        return np.array(
            [self.scalar(forms[i,]) if (i,) in forms else 0.0 for i in range(len(self.model.terminals))]
        )

    def scalar_residual(self, control: Control, memory: Mapping[str, FloatArray]) -> FloatArray:
        """Residual of the scalar equations, replicated (collective)."""
        return control.a * self.potentials + control.b * self.terminal_currents(memory) - control.s

    def lowest_concentration(self) -> tuple[float, str]:
        """The smallest scaled concentration on this rank, of any species, and its name; inf without any."""
        found = (np.inf, "")
        for species in self.model.closure.species:
            nodes = self._wet
            if nodes.size:
                lowest = float(self.field(species.name)[nodes].min()) / self.equations.c0
                found = min(found, (lowest, species.name))
        return found

    def raw_residual(self, memory: Mapping[str, FloatArray], name: str) -> FloatArray:
        """Residual of a block at all owned dofs, held ones too: there it is the flux that holds them."""
        full = self.vector(self._forms["residual"][name,])
        return full + memory[name] if name in memory else full

    def create_matrix(self) -> Any:
        """An empty matrix for `jacobian`; its pattern is found in the first assembly."""
        sizes = (self.layout.size, PETSc.DETERMINE)
        matrix = PETSc.Mat().create(self.comm)
        matrix.setSizes((sizes, sizes))
        matrix.setType(PETSc.Mat.Type.AIJ)
        matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        matrix.setUp()
        return matrix

    def jacobian(self, matrix: Any, control: Control) -> None:
        """Derivative of all equations into `matrix` (collective)."""
        self._add_derivatives(matrix, control)
        matrix.assemble()

    def _add_derivatives(self, matrix: Any, control: Control) -> None:
        layout, a, b = self.layout, control.a, control.b
        matrix.zeroEntries()
        for (row, column), form in self._forms["jacobian"].items():
            matrix.setLGMap(layout.blocks[row].to_global, layout.blocks[column].to_global)
            add_matrix(matrix, form)
        add = PETSc.InsertMode.ADD_VALUES
        first = layout.first_scalar
        for (name, index), form in self._forms["column"].items():
            numbers, dofs = self._at_interfaces[name]
            scalar = np.array([first + index], dtype=PETSc.IntType)
            matrix.setValues(numbers, scalar, self.vector(form)[dofs], addv=add)
        for (index, name), form in self._forms["row"].items():
            numbers, dofs = self._at_interfaces[name]
            scalar = np.array([first + index], dtype=PETSc.IntType)
            matrix.setValues(scalar, numbers, b[index] * self.vector(form)[dofs], addv=add)
        corner = np.diag(a)
        for (index, other), form in self._forms["corner"].items():
            corner[index, other] += b[index] * self.scalar(form)
        if layout.own_scalars:
            numbers = np.arange(first, layout.total, dtype=PETSc.IntType)
            matrix.setValues(numbers[: a.size], numbers[: a.size], corner.ravel(), addv=add)

    # --- results in SI

    def currents(self) -> dict[str, float]:
        """Current in A of every interface, and of every reaction there, from the kinetics (collective)."""
        return {name: self.scalar(form) for (name,), form in self._forms["current"].items()}

    def made(self, currents: Mapping[str, float]) -> FloatArray:
        """Species with unknowns that the reactions make, mol/s (per depth in 2D), from their `currents`."""
        names = self.model.closure.unknowns
        made = dict.fromkeys(names, 0.0)
        for interface in self.model.interfaces:
            for reaction in interface.reactions:
                rate = currents[f"{interface.boundary}/{reaction.name}"] / (reaction.electrons * FARADAY)
                for name, nu in reaction.stoichiometry.items():
                    if name in made:
                        made[name] += nu * rate
        return np.array([made[name] for name in names])

    def amounts(self, stored: Mapping[str, FloatArray]) -> dict[str, float]:
        """Amount of every species with an unknown, mol (per depth below 3D), from Q (collective)."""
        eq, names = self.equations, self.model.closure.unknowns
        if not names:
            return {}
        local = stored[LIQUID].reshape(-1, len(eq.fields)).sum(axis=0)
        total = self.comm.allreduce(local, op=MPI.SUM)
        volume = self.regions.unit**self.tags.dim
        return {name: float(total[i] / eq.scale[name] * volume) for i, name in enumerate(names)}

    def field(self, name: str) -> FloatArray:
        """Values in SI of a species (mol/m^3), "potential" (V), or a block, at all local nodes."""
        eq = self.equations
        if name == POTENTIAL or name in self.model.closure.unknowns:
            index = eq.fields.index(name)
            values = self.functions[LIQUID].x.array.reshape(-1, len(eq.fields))[:, index]
            if name == POTENTIAL:
                return np.asarray(eq.vt * values)
            return np.asarray(eq.c0 * (np.exp(values) if self.model.logarithmic else values))
        if name in self.spaces:
            return np.asarray(eq.vt * self.functions[name].x.array)
        known = {n: self.field(n) for n in self.model.closure.unknowns}
        return np.asarray(self.model.closure.concentrations(known)[name])
