"""The equations of a model and their derivatives, compiled once and bound to any mesh with the same tags."""

from __future__ import annotations

from typing import Any

import ufl
from mpi4py import MPI

from meshes.compat import compile_form

from .equations import Equations, empty
from .model import LIQUID, Model
from .symbols import Surface, Tags

Key = tuple[Any, ...]
"""("residual", block), ("stored", block), ("jacobian", block, block), ("column", block, terminal),
("row", terminal, block), ("corner", terminal, terminal), ("terminal", terminal),
("terminal stored", terminal), ("current", name); terminals by position. On growing boundaries also
("carried", block), ("carried before", block), ("surface current", boundary), ("patch current", boundary),
("patch slope", boundary),
("patch row", boundary, block), ("patch column", boundary, block)."""
SCALAR = "scalar"
"""Stands for the space of one value per node among the blocks of a form's arguments."""


class Compiled:
    """All forms of a model.

    Attributes:
        equations: the weak equations.
        forms: compiled form and the blocks of its arguments, by key; forms that vanish are not there.
    """

    def __init__(self, comm: MPI.Comm, model: Model, tags: Tags) -> None:
        """Differentiate and compile, or take from the cache of compiled forms (collective)."""
        self._comm = comm
        self.equations = Equations(model, tags)
        self.forms: dict[Key, tuple[Any, tuple[str, ...]]] = {}
        eq, names, terminals = self.equations, self.equations.names, model.terminals
        for n in names:
            residual = eq.residual(n)
            self._add(("residual", n), residual, n)
            self._add(("stored", n), eq.rows[n].stored, n)
            for k in names:
                by = ufl.derivative(residual, eq.unknowns[k], ufl.TrialFunction(eq.spaces[k]))
                self._add(("jacobian", n, k), by, n, k)
            for i, terminal in enumerate(terminals):
                self._add(("column", n, i), eq.by_terminal(residual, terminal), n)
        for i, terminal in enumerate(terminals):
            current = eq.terminal_residual(terminal)
            self._add(("terminal", i), current)
            self._add(("terminal stored", i), eq.terminals[terminal].stored)
            for k in names:
                by = ufl.derivative(current, eq.unknowns[k], ufl.TestFunction(eq.spaces[k]))
                self._add(("row", i, k), by, k)
            for j, other in enumerate(terminals):
                self._add(("corner", i, j), eq.by_terminal(current, other))
        for name, form in eq.currents.items():
            self._add(("current", name), form)
        if eq.motion is not None:
            self._add(("carried", LIQUID), eq.motion.present, LIQUID)
            self._add(("carried before", LIQUID), eq.motion.former, LIQUID)
        for name, surface in eq.surfaces.items():
            self._grow(name, surface)

    def _grow(self, name: str, surface: Surface) -> None:
        """Functionals on a growing boundary: current at the nodes, of floating deposits too, derivatives."""
        eq, w = self.equations, ufl.TestFunction(self.equations.scalar)
        self._add(("surface current", name), eq.on(name, surface.current * w), SCALAR)
        if surface.floating is None:
            return
        mine = surface.floating * surface.current
        at_nodes = eq.on(name, mine * w)
        self._add(("patch current", name), at_nodes, SCALAR)
        self._add(("patch slope", name), ufl.diff(at_nodes, surface.variable), SCALAR)
        for n in eq.names:
            by = ufl.derivative(eq.on(name, mine), eq.unknowns[n], ufl.TestFunction(eq.spaces[n]))
            self._add(("patch row", name, n), by, n)
            self._add(("patch column", name, n), ufl.diff(eq.residual(n), surface.variable), n)

    def _add(self, key: Key, form: Any, *blocks: str) -> None:
        if form is not None and not empty(form):
            # With derivatives left to the compiler, DOLFINx counts coefficients that they remove, and binds
            # the others to the wrong fields.
            self.forms[key] = compile_form(self._comm, ufl.algorithms.expand_derivatives(form)), blocks
