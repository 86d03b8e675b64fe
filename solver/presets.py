"""Named sets of PETSc options for the systems of `nonlinear`.

`direct` factorises with MUMPS: robust, and quickest for 1D and small 2D. `iterative` is flexible GMRES with
a multiplicative split of the unknowns into potentials and concentrations, terminals joined to the potentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from petsc4py import PETSc

from .equations import FILM
from .model import LIQUID

if TYPE_CHECKING:
    from .discretisation import Discretisation

NEWTON = {
    "snes_type": "newtonls",
    "snes_linesearch_type": "bt",
    "snes_rtol": 1e-10,
    "snes_atol": 1e-12,
    "snes_stol": 1e-13,
    "snes_max_it": 20,
}
"""Nonlinear part of all presets."""
UNDAMPED = {"snes_linesearch_type": "basic", "snes_divergence_tolerance": 1e30}
"""Laid over a preset where its line search fails."""


@dataclass(frozen=True)
class Preset:
    """PETSc options, and whether unknowns are split into potentials and concentrations.

    Attributes:
        name: as in a case.
        options: without prefix and dash.
        fields: whether the preconditioner is a fieldsplit that must be told its parts.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: bool = False

    def chosen(self, problem: Discretisation) -> Preset:
        """This one, whatever is solved."""
        return self

    def split(self, ksp: Any, problem: Discretisation) -> None:
        """Tell the preconditioner which unknowns are potentials and which are concentrations."""
        if not self.fields:
            return
        layout, width = problem.layout, len(problem.equations.fields)
        kind = np.full(layout.size, "v")
        for name, block in layout.blocks.items():
            here = "s" if name.startswith(FILM) else "p"
            kind[block.part] = (
                here if name != LIQUID else np.where(block.active % width == width - 1, "p", "c")
            )
        parts = {name: np.flatnonzero(kind == name) for name in "cpsv"}
        first = layout.offset
        sets = [
            (name, PETSc.IS().createGeneral((first + numbers).astype(PETSc.IntType), comm=problem.comm))
            for name, numbers in parts.items()
            if problem.comm.allreduce(numbers.size) > 0
        ]
        ksp.getPC().setFieldSplitIS(*sets)


DIRECT = Preset(
    "direct", {**NEWTON, "ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}
)
"""MUMPS."""
ITERATIVE = Preset(
    "iterative",
    {
        **NEWTON,
        "ksp_type": "fgmres",
        "ksp_rtol": 1e-8,
        "ksp_atol": 1e-14,
        "ksp_max_it": 200,
        "ksp_gmres_restart": 60,
        "pc_type": "fieldsplit",
        "pc_fieldsplit_type": "multiplicative",
        "fieldsplit_c_ksp_type": "preonly",
        "fieldsplit_c_pc_type": "hypre",
        "fieldsplit_c_pc_hypre_type": "boomeramg",
        "fieldsplit_p_ksp_type": "preonly",
        "fieldsplit_p_pc_type": "hypre",
        "fieldsplit_p_pc_hypre_type": "boomeramg",
        "fieldsplit_s_ksp_type": "preonly",
        "fieldsplit_s_pc_type": "jacobi",
        "fieldsplit_v_ksp_type": "preonly",
        "fieldsplit_v_pc_type": "jacobi",
    },
    fields=True,
)
"""Fieldsplit and BoomerAMG."""
LARGEST_DIRECT = {1: 10**9, 2: 100_000, 3: 8_000}
"""Unknowns up to which `auto` factorises, by dimension."""


@dataclass(frozen=True)
class Automatic(Preset):
    """Chooses by the number of unknowns and the dimension."""

    def chosen(self, problem: Discretisation) -> Preset:
        """`direct` up to LARGEST_DIRECT unknowns, `iterative` beyond."""
        return DIRECT if problem.layout.total <= LARGEST_DIRECT[problem.tags.dim] else ITERATIVE


AUTO = Automatic("auto")
"""Direct up to a size, iterative beyond."""
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (AUTO, DIRECT, ITERATIVE)}
"""By name."""
