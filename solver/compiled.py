"""The equations of a model and their derivatives, compiled once and bound to any mesh with the same tags."""

from __future__ import annotations

from typing import Any

import ufl
from mpi4py import MPI

from meshes.compat import compile_form

from .equations import Equations, Tags, empty
from .model import Model

Key = tuple[Any, ...]
"""("residual", block), ("stored", block), ("jacobian", block, block), ("column", block, terminal),
("row", terminal, block), ("corner", terminal, terminal), ("terminal", terminal),
("terminal stored", terminal), ("current", name); terminals by position."""


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

    def _add(self, key: Key, form: Any, *blocks: str) -> None:
        if form is not None and not empty(form):
            # With derivatives left to the compiler, DOLFINx counts coefficients that they remove, and binds
            # the others to the wrong fields.
            self.forms[key] = compile_form(self._comm, ufl.algorithms.expand_derivatives(form)), blocks
