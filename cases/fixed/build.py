"""From a case of fixed shape to what `solver.fixed_run` runs, and to a mesh file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mpi4py import MPI

from cases.control import program
from cases.fixed import meshing, scales
from cases.fixed.model import build as model
from cases.fixed.schema import FixedCase
from meshes.compat import geometry_dofmap
from solver.constants import FARADAY
from solver.experiment import Stepping
from solver.fixed_cell import FixedCell
from solver.presets import PRESETS


def cell(case: FixedCase) -> FixedCell:
    """The solver's description of `case`."""
    stop, metal = case.stop.time, case.metal
    return FixedCell(
        title=case.title,
        mesh=lambda comm: meshing.regions(case, comm),
        model=model(case),
        program=program(case.control),
        stepping=stepping(case),
        preset=PRESETS[case.solver.preset],
        options=dict(case.solver.petsc),
        stop_time=float("inf") if stop is None else stop,
        frames=case.output.frames,
        metal_volume_per_charge=(
            None if metal is None else metal.molar_volume / (metal.charge_number * FARADAY)
        ),
    )


def stepping(case: FixedCase) -> Stepping:
    """Time steps, with the defaults of `scales` filled in."""
    time = case.time
    largest = time.max_step or scales.max_step(case)
    initial = time.initial_step or min(scales.initial_step(case), largest)
    return Stepping(initial, largest, time.tolerance, time.order)


def goal(case: FixedCase) -> str:
    """What a run goes to, in words."""
    total = scales.total_time(case)
    if total < float("inf"):
        return f"{total:g} s"
    return "the end of its program"


def write_mesh(case: FixedCase, target: Path) -> str:
    """Write the mesh of `case` to `target`, in um; returns a line that describes it."""
    import meshio

    made = meshing.regions(case, MPI.COMM_SELF)
    tags = np.zeros(made.number_of_cells(), dtype=np.int32)
    for name, tag in made.regions.items():
        tags[made.cells(name)] = tag
    kind = {1: "line", 2: "triangle", 3: "tetra"}[made.dim]
    points = made.mesh.geometry.x * made.unit * 1e6
    cells = [(kind, geometry_dofmap(made.mesh))]
    meshio.write(target, meshio.Mesh(points, cells, cell_data={"region": [tags]}))
    names = {1: "intervals", 2: "triangles", 3: "tetrahedra"}[made.dim]
    regions = ", ".join(f"{name} {made.cells(name).size}" for name in made.regions)
    return f"{target}: {len(tags)} {names} ({regions}), {len(points)} nodes"
