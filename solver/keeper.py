"""Fields of a discretised model as arrays by node, which fit any distribution of the same mesh over ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dolfinx import fem

from meshes.numbering import Numbering

from .archive import OnFirst, Tree
from .discretisation import Discretisation, Stored
from .types import FloatArray

TERMINALS = "terminals"
"""Entry of `Stored` that is the same on all ranks."""


class FieldKeeper:
    """Takes the fields of a problem off the ranks, and puts them on again; all methods are collective."""

    def __init__(self, problem: Discretisation) -> None:
        """Nodes are numbered when they are asked for first."""
        self.problem = problem
        self._numbers: list[tuple[fem.FunctionSpace, Numbering]] = []

    def numbers(self, space: fem.FunctionSpace) -> Numbering:
        """The nodes of a space on the mesh of the problem."""
        for known, numbering in self._numbers:
            if known is space:
                return numbering
        self._numbers.append((space, Numbering(space)))
        return self._numbers[-1][1]

    def kept(self, space: fem.FunctionSpace, values: FloatArray) -> OnFirst:
        """Values at the local nodes of a space, with or without ghosts."""
        return OnFirst(self.numbers(space).gathered(values))

    def found(self, space: fem.FunctionSpace, kept: OnFirst) -> FloatArray:
        """The same at the local nodes, ghosts included, flat."""
        return self.numbers(space).spread(kept.values).ravel()

    def kept_snapshot(self, snapshot: FloatArray) -> Tree:
        """All fields and scalars of `Discretisation.snapshot`."""
        fields, start = {}, 0
        for name, function in self.problem.functions.items():
            part = snapshot[start : start + function.x.array.size]
            fields[name] = self.kept(function.function_space, part)
            start += part.size
        return {"fields": fields, "scalars": snapshot[start:]}

    def found_snapshot(self, kept: Mapping[str, Any]) -> FloatArray:
        """A snapshot for `Discretisation.restore`; the present fields and scalars are replaced by it."""
        problem = self.problem
        for name, function in problem.functions.items():
            function.x.array[:] = self.found(function.function_space, kept["fields"][name])
        problem.set_potentials(kept["scalars"].copy())
        return problem.snapshot()

    def kept_function(self, function: fem.Function) -> OnFirst:
        """Any other field on the mesh."""
        return self.kept(function.function_space, function.x.array)

    def find_function(self, function: fem.Function, kept: OnFirst) -> None:
        """Put it back."""
        function.x.array[:] = self.found(function.function_space, kept)

    def kept_stored(self, stored: Stored) -> Tree:
        """Functionals by block, as `Discretisation.stored` gives them."""
        spaces = self.problem.spaces
        return {
            name: values if name == TERMINALS else self.kept(spaces[name], values)
            for name, values in stored.items()
        }

    def found_stored(self, kept: Mapping[str, Any]) -> Stored:
        """The same by owned dofs."""
        result: Stored = {}
        for name, values in kept.items():
            if name == TERMINALS:
                result[name] = values
                continue
            space = self.problem.spaces[name]
            owned = space.dofmap.index_map.size_local * space.dofmap.index_map_bs
            result[name] = self.found(space, values)[:owned].copy()
        return result
