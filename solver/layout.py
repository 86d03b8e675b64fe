"""Which degrees of freedom are unknowns, and how they are numbered.

A field lives on a space over the whole mesh, but only its dofs in the closure of its regions are unknowns;
the others, and those held by a boundary condition, do not appear in the system at all. Unknowns are numbered
by rank, then block by block; global scalars come last and belong to the last rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from .types import FloatArray, IntArray


@dataclass(frozen=True)
class Block:
    """One field and its unknowns.

    Attributes:
        function: the field.
        active: owned local dofs (blocks unrolled) that are unknowns, ascending, shape (a,).
        start: position of the first of them among the unknowns of this rank.
        to_global: PETSc map of all local dofs (ghosts included) to unknowns, -1 where none.
    """

    function: fem.Function
    active: IntArray
    start: int
    to_global: Any

    @property
    def part(self) -> slice:
        """Its place in the vector of this rank's unknowns."""
        return slice(self.start, self.start + self.active.size)


class Layout:
    """Numbering of all unknowns.

    Attributes:
        blocks: by name.
        size: unknowns of this rank, scalars included; fields: without them.
        first_scalar: global number of the first scalar.
        own_scalars: scalars of this rank: all on the last one, none elsewhere.
    """

    def __init__(
        self,
        comm: MPI.Intracomm,
        functions: Mapping[str, fem.Function],
        active: Mapping[str, IntArray],
        scalars: int,
    ) -> None:
        """Number the `active` local dofs (ghosts included, unrolled) of `functions` (collective)."""
        self.comm, self.scalars = comm, scalars
        owned = {}
        for name, function in functions.items():
            size = function.x.index_map.size_local * function.x.block_size
            dofs = np.unique(active[name])
            owned[name] = dofs[dofs < size].astype(np.int32)
        self.fields = sum(dofs.size for dofs in owned.values())
        self.own_scalars = scalars if comm.rank == comm.size - 1 else 0
        self.size = self.fields + self.own_scalars
        offset = comm.scan(self.size) - self.size
        self.offset = offset
        self.total = comm.allreduce(self.size)
        self.first_scalar = self.total - scalars
        self.blocks: dict[str, Block] = {}
        start = 0
        for name, function in functions.items():
            numbers = fem.Function(function.function_space)
            numbers.x.array[:] = -1.0
            numbers.x.array[owned[name]] = offset + start + np.arange(owned[name].size)
            numbers.x.scatter_forward()
            mapping = PETSc.LGMap().create(numbers.x.array.astype(PETSc.IntType), comm=comm)
            self.blocks[name] = Block(function, owned[name], start, mapping)
            start += owned[name].size
        self.scalar_map = PETSc.LGMap().create(
            np.arange(self.first_scalar, self.total, dtype=PETSc.IntType), comm=comm
        )

    def gather(self, scalars: FloatArray) -> FloatArray:
        """The unknowns of this rank from the fields and the replicated `scalars`."""
        parts = [b.function.x.array[b.active] for b in self.blocks.values()]
        return np.concatenate([*parts, scalars[: self.own_scalars]])

    def scatter(self, values: FloatArray) -> FloatArray:
        """Set the fields from the unknowns of this rank; returns the scalars (collective)."""
        for block in self.blocks.values():
            block.function.x.array[block.active] = values[block.part]
            block.function.x.scatter_forward()
        scalars = np.zeros(self.scalars)
        if self.own_scalars:
            scalars[:] = values[self.fields :]
        if self.scalars:
            self.comm.Bcast(scalars, root=self.comm.size - 1)
        return scalars

    def index_set(self, name: str, component: int | None = None, width: int = 1) -> Any:
        """Global numbers of the unknowns of a block, or of one component of a blocked one, as a PETSc IS."""
        block = self.blocks[name]
        chosen = np.arange(block.active.size)
        if component is not None:
            chosen = chosen[block.active % width == component]
        numbers = (self.offset + block.start + chosen).astype(PETSc.IntType)
        return PETSc.IS().createGeneral(numbers, comm=self.comm)
