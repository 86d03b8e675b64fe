"""From a case to a run: the solver's objects in SI units, the run folder, and the march."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.control import program
from cases.dump import dump
from cases.fixed import build as fixed
from cases.fixed.schema import FixedCase
from cases.live import Live
from cases.schema import Case
from cases.schema import Surface as SurfaceCase
from meshes import shapes
from meshes.front import Front
from meshes.triangulate import SizeField, triangulate
from solver.cell import Cell, Sizes, Steps, Stop
from solver.contact import Contact, Ohmic, Schottky
from solver.coverage import FRESH
from solver.electrolyte import Metal, Species
from solver.fixed_run import run_fixed
from solver.laws import Constant
from solver.physics import Physics, binary_physics
from solver.reaction import ButlerVolmer
from solver.run import GAVE_UP, Run
from solver.surface import Surface
from solver.writer import RunFolder


def run_case(
    case: Case | FixedCase,
    source: Path | str,
    out: Path,
    *,
    max_steps: int | None = None,
    quiet: bool = False,
) -> int:
    """Run `case` into the folder `out` (collective); returns the exit code."""
    comm = MPI.COMM_WORLD
    folder = RunFolder(out, comm)
    folder.text("case.toml", dump(case))
    provenance = _provenance(source, comm)
    folder.json("provenance.json", provenance)
    with Live(out / "log.txt", rank=comm.rank, quiet=quiet) as live:
        live.start(case.title, fixed.goal(case) if isinstance(case, FixedCase) else _goal(case))
        try:
            if isinstance(case, FixedCase):
                code = run_fixed(fixed.cell(case), folder, comm, live, max_steps)
            else:
                code = Run(build(case), folder, comm, live).march(max_steps)
        except KeyboardInterrupt:
            live.message("interrupted")
            raise
        if code == GAVE_UP:
            reason = (
                json.loads((out / "summary.json").read_text(encoding="utf-8"))["stop_reason"]
                if comm.rank == 0
                else ""
            )
            live.message(f"the run ended early: {reason}; what it has is in {out}")
    folder.json("provenance.json", {**provenance, "end": _now()})
    return code


def build(case: Case) -> Cell:
    """The solver's description of `case`."""
    geometry, _mesh, time, stop = case.geometry, case.mesh, case.time, case.stop
    sizes = _sizes(case)
    surfaces, seed_contact = {}, Ohmic()  # type: tuple[dict[str, Surface], Contact]
    if case.surfaces is not None:
        surfaces["matrix"] = _surface("matrix", case.surfaces.matrix, case)
    if case.surfaces is not None and case.surfaces.island is not None:
        surfaces["island"] = _surface("island", case.surfaces.island, case)
        seed_contact = surfaces["island"].contact
    bases = np.full(geometry.island_count, geometry.islands.width if geometry.islands else 0.0)
    return Cell(
        title=case.title,
        width=geometry.width,
        gap=geometry.gap,
        front=initial_front(case, sizes),
        bases=bases,
        physics=physics(case),
        program=program(case.control),
        surfaces=surfaces,
        seed_contact=seed_contact,
        sizes=sizes,
        steps=Steps(time.initial_step, time.max_step, time.tolerance, time.displacement),
        stop=Stop(stop.time, stop.charge, stop.thickness, stop.tip_height, stop.gap),
        moving=case.growth.method == "moving_mesh",
        trench=None if geometry.trench is None else geometry.trench.depth,
        frames=case.output.frames,
        newton={
            "snes_rtol": case.solver.newton_rtol,
            "snes_max_it": case.solver.newton_max_it,
            **case.solver.petsc,
        },
    )


def physics(case: Case) -> Physics:
    """Materials and kinetics of `case`; one of the other ions is eliminated by electroneutrality."""
    electrolyte, metal, kinetics = case.electrolyte, case.metal, case.kinetics
    names = sorted(electrolyte.species, key=lambda name: name != metal.ion)
    species = tuple(
        Species(
            name,
            electrolyte.species[name].charge,
            electrolyte.diffusivity(name),
            electrolyte.species[name].concentration,
        )
        for name in names
    )
    reference = kinetics.reference_concentration or electrolyte.species[metal.ion].concentration
    law = ButlerVolmer(Constant(kinetics.exchange_current_density), kinetics.alpha_a, kinetics.alpha_c)
    return binary_physics(
        species,
        electrolyte.temperature,
        Metal(metal.ion, metal.charge_number, metal.molar_volume, metal.surface_energy),
        law,
        reference,
        kinetics.anisotropy,
        kinetics.film_resistance or 0.0,
    )


def initial_front(case: Case, sizes: Sizes) -> Front:
    """The electrode surface at the start, in units of the gap; bare substrate is fresh."""
    geometry = case.geometry
    unit, width = geometry.gap, geometry.width / geometry.gap
    coarse, fine = sizes.front / unit, sizes.seed / unit
    if geometry.coating == "islands" and geometry.islands is not None:
        islands = geometry.islands
        centres = np.array(geometry.island_centres) / unit
        front = shapes.with_islands(
            width, centres, islands.width / unit, islands.seed_height / unit, fine, coarse
        )
    elif geometry.apex is not None:
        apex = geometry.apex
        front = shapes.with_apex(
            width, apex.width / unit, apex.height / unit, coarse, coarse, geometry.apex_position / unit
        )
    elif geometry.trench is not None:
        trench = geometry.trench
        front = shapes.trench(width, trench.opening / unit, trench.depth / unit, trench.fillet / unit, coarse)
    else:
        front = shapes.flat(width, coarse, surface=shapes.MATRIX)
    if case.surfaces is None:
        return shapes.all_metal(front.points)
    bare = (front.surface != shapes.DEPOSIT) & (front.coverage < 1.0)
    return replace(front, coverage=np.where(bare, FRESH, front.coverage))


def mesh_case(case: Case | FixedCase, target: Path) -> str:
    """Write the mesh that `case` starts from to `target`; returns a line that describes it."""
    import meshio

    if isinstance(case, FixedCase):
        return fixed.write_mesh(case, target)
    sizes = _sizes(case)
    front, unit = initial_front(case, sizes), case.geometry.gap
    field = SizeField(bulk=sizes.bulk / unit, growth=sizes.growth)
    mesh = triangulate(front, case.geometry.width / unit, 1.0, field)
    points = np.column_stack((mesh.points * unit * 1e6, np.zeros(len(mesh.points))))
    meshio.write(target, meshio.Mesh(points, [("triangle", mesh.cells)]))
    return f"{target}: {len(mesh.cells)} triangles, {len(mesh.points)} nodes, {mesh.n_front} on the front"


def _sizes(case: Case) -> Sizes:
    mesh, refine = case.mesh, case.mesh.refine
    smallest = mesh.front_size_min or mesh.front_size / 4
    seed = mesh.seed_size or mesh.front_size
    return Sizes(
        front=mesh.front_size / refine,
        smallest=min(smallest, seed) / refine,
        seed=seed / refine,
        bulk=mesh.bulk_size / refine,
        growth=mesh.growth_rate,
    )


def _surface(name: str, surface: SurfaceCase, case: Case) -> Surface:
    contact: Contact = Ohmic()
    if surface.contact == "schottky" and surface.schottky is not None:
        junction = surface.schottky
        contact = Schottky(
            junction.barrier, junction.richardson, junction.ideality, case.electrolyte.temperature
        )
    return Surface(
        name=name,
        nucleation_overpotential=surface.nucleation_overpotential,
        nucleation_rate=surface.nucleation_rate,
        nuclei_spacing=surface.nuclei_spacing,
        contact_angle=surface.contact_angle,
        contact=contact,
    )


def _goal(case: Case) -> str:
    stop = case.stop
    if stop.tip_height is not None:
        return f"{stop.tip_height * 1e6:g} um tip height"
    if stop.thickness is not None:
        return f"{stop.thickness * 1e6:g} um mean thickness"
    if stop.charge is not None:
        return f"{stop.charge / 3.6e4:g} mAh/cm2"
    return f"short circuit or {stop.time:g} s"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _provenance(source: Path | str, comm: MPI.Intracomm) -> dict[str, Any]:
    """Where the numbers come from: versions, commit, ranks, start, command."""
    packages = ("fenics-dolfinx", "petsc4py", "numpy", "scipy", "gmsh", "mpi4py")
    versions = {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "unknown"
    import dolfinx

    versions["fenics-dolfinx"] = str(dolfinx.__version__)
    return {
        "tertia": _commit(),
        "python": platform.python_version(),
        "versions": versions,
        "machine": platform.machine(),
        "ranks": comm.size,
        "case": str(source),
        "command": sys.argv[1:],
        "start": _now(),
        "end": None,
        "random_seed": "geometry.islands.seed of case.toml; nothing else is random",
    }


def _commit() -> str:
    """Commit of the working copy, "unknown" where there is none."""
    here = Path(__file__).resolve().parent.parent
    command = ["git", "-c", f"safe.directory={here}", "-C", str(here), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=False, env={**os.environ}
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
