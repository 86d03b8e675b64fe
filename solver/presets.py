"""Named sets of PETSc options for the systems of `nonlinear`.

`direct` factorises with MUMPS: robust, and quickest for 1D and small 2D. `iterative` is flexible GMRES with
a multiplicative split of the unknowns: concentrations, potentials, films, terminals. Its iterations do not
grow with refinement: about 8 per Newton step, 12 with films (study `solvers`). In a flow, concentrations are
carried along lines that algebraic multigrid does not follow; they get incomplete factors instead, whose
iterations grow slowly (25 to 50 per step in the flow cells of 10 000 to 250 000 unknowns).

Where Jacobians are kept from step to step (`experiment`), corrections with an older one are solved for
loosely; see `chord`. The option snes_lag_jacobian = 1 makes a new one for each instead.

`auto` is `direct` up to a size and `iterative` beyond. Linear solves of `iterative` take less time from a few
thousand unknowns on (half of it at 5000 in 3D and at 20 000 in 2D), but assembly, equal for both, is most of
a step then: within the limits of `auto`, all of a step takes at most half as long again. Looser linear
tolerances in early Newton steps (Eisenstat and Walker) were tried and save nothing, for the same reason.

`spreading` is `auto` for a surface that is spread over cells. There a Jacobian costs four residuals, as much
as three solves: with a new one for every third correction only, a step of a nucleus in 3D (70 000 cells,
47 000 unknowns) takes 4.3 s of processor time instead of 5.5 s, at 6 to 7 Krylov iterations per correction;
kept for six it is no better. In 2D factors win (96 000 unknowns: 1.5 s against 1.8 to 2.3 s); in 3D both take
the same time at 12 000 unknowns, and factors a fifth more at 27 000.
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
        loose: relative tolerance of linear solves where the Jacobian is one that was kept (see `chord`); such
            a correction is right to a few hundredths at best. None: a fieldsplit is not kept.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: bool = False
    loose: float | None = None

    def chosen(self, problem: Discretisation) -> Preset:
        """What to use for `problem`: this one."""
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
MULTIGRID = Preset(
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
    loose=1e-2,
)
"""Fieldsplit and BoomerAMG."""
LAGGED = Preset("iterative", {**MULTIGRID.options, "ksp_rtol": 1e-5, "snes_lag_jacobian": 3}, fields=True)
"""Multigrid where a derivative costs as much as three linear solves: every third correction has a new one."""
FLOWING = Preset(
    "iterative",
    {
        **MULTIGRID.options,
        "fieldsplit_c_pc_type": "asm",
        "fieldsplit_c_pc_asm_overlap": 1,
        "fieldsplit_c_sub_ksp_type": "preonly",
        "fieldsplit_c_sub_pc_type": "ilu",
        "fieldsplit_c_sub_pc_factor_levels": 2,
    },
    fields=True,
    loose=1e-2,
)
"""Fieldsplit, BoomerAMG for potentials, overlapping incomplete factors for concentrations."""


@dataclass(frozen=True)
class Iterative(Preset):
    """Block preconditioner by what is solved."""

    def chosen(self, problem: Discretisation) -> Preset:
        """With multigrid for all, or in a flow for potentials alone.

        Raises:
            ValueError: charge is resolved. Where cells are larger than Debye's length, space charge ties the
                concentrations together more closely than a split of the unknowns can tell.
        """
        if problem.model.closure.resolves_charge:
            raise ValueError(
                'preset "iterative" has no preconditioner for space charge (closure poisson); '
                'use "direct" or "auto"'
            )
        return MULTIGRID if problem.model.flow is None else FLOWING


ITERATIVE = Iterative("iterative")
"""For large problems."""
LARGEST_DIRECT = {1: 10**9, 2: 100_000, 3: 8_000}
"""Unknowns up to which `auto` factorises, by dimension."""


@dataclass(frozen=True)
class Automatic(Preset):
    """Chooses by closure, number of unknowns and dimension."""

    def chosen(self, problem: Discretisation) -> Preset:
        """`direct` up to LARGEST_DIRECT unknowns and where charge is resolved, `iterative` beyond."""
        small = problem.layout.total <= LARGEST_DIRECT[problem.tags.dim]
        direct = small or problem.model.closure.resolves_charge
        return DIRECT if direct else ITERATIVE.chosen(problem)


AUTO = Automatic("auto")
"""Direct up to a size, iterative beyond."""


@dataclass(frozen=True)
class Spreading(Automatic):
    """Chooses for an electrode surface that is spread over cells, whose kinetics act in all of them."""

    def chosen(self, problem: Discretisation) -> Preset:
        """As `auto`, with fewer derivatives where it is iterative."""
        preset = super().chosen(problem)
        return LAGGED if preset is MULTIGRID else preset


SPREADING = Spreading("spreading")
"""For `spread_march`."""
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (AUTO, DIRECT, ITERATIVE)}
"""By name."""
