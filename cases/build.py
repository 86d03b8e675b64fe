"""From a case to a run: the solver's objects in SI units, the run folder, and the march."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases import electrodes, nonlinear, solution
from cases.control import program
from cases.dump import dump
from cases.errors import CaseError
from cases.films import cover
from cases.fixed import build as fixed
from cases.fixed.schema import FixedCase
from cases.live import Live
from cases.meshing import write_mesh
from cases.schema import Case
from cases.schema import Surface as SurfaceCase
from solver.archive import ArchiveError, Tree
from solver.cell import Cell, Spreading, Steps, Stop
from solver.checkpoints import Cadence, Checkpoint, Checkpoints, load
from solver.contact import Contact, Ohmic, Schottky
from solver.crystal import Crystal
from solver.electrolyte import Metal, Species
from solver.fixed_run import FixedRun
from solver.laws import Constant
from solver.model import Film, Medium
from solver.outputs import OutputError
from solver.physics import Physics, binary_physics, concentrated_physics
from solver.reaction import ButlerVolmer, Referenced
from solver.run import DONE, GAVE_UP, Run
from solver.surface import Surface
from solver.writer import RunFolder


def run_case(
    case: Case | FixedCase,
    source: Path | str,
    out: Path,
    *,
    max_steps: int | None = None,
    quiet: bool = False,
    resume: Checkpoint | None = None,
) -> int:
    """Run `case` into the folder `out`, from the start or from a checkpoint in it (collective).

    Returns:
        The exit code.

    Raises:
        CaseError: the checkpoint cannot be gone on from.
    """
    comm = MPI.COMM_WORLD
    saved = None if resume is None else _state(comm, resume)
    folder = RunFolder(out, comm)
    with Live(out / "log.txt", rank=comm.rank, quiet=quiet) as live:
        goal = fixed.goal(case) if isinstance(case, FixedCase) else _goal(case)
        live.start(case.title, goal, 0 if resume is None else resume.step)
        try:
            return _march(case, source, folder, live, max_steps, resume, saved)
        except KeyboardInterrupt:
            live.message("interrupted")
            raise
        except OutputError as error:
            live.message(f"the run ended early: {error}")
            return GAVE_UP


def _march(
    case: Case | FixedCase,
    source: Path | str,
    folder: RunFolder,
    live: Live,
    max_steps: int | None,
    resume: Checkpoint | None,
    saved: Tree | None,
) -> int:
    comm, text = MPI.COMM_WORLD, dump(case)
    output = case.output
    cadence = Cadence(output.checkpoint_every, output.checkpoint_steps)
    checkpoints = Checkpoints(folder.path, comm, cadence, text, 0 if resume is None else resume.step)
    run: Run | FixedRun | None = None
    if resume is None:
        provenance = _provenance(source, comm)
    else:
        for sentence in resume.passed_over:
            live.message(sentence)
        run = _run(case, folder, live, checkpoints, saved)
        if reason := run.over(max_steps):
            live.message(f"nothing is left to do: {reason}")
            return DONE
        folder.cut(resume.outputs)
        live.message(f"going on from step {resume.step}, t = {resume.time:.6g} s")
        provenance = _resumed(folder.path, source, comm, resume.step)
    folder.text("case.toml", text)
    folder.json("provenance.json", provenance)
    code = (run or _run(case, folder, live, checkpoints, None)).march(max_steps)
    folder.json("provenance.json", {**provenance, "end": _now()})
    return code


def _run(
    case: Case | FixedCase, folder: RunFolder, live: Live, checkpoints: Checkpoints, saved: Tree | None
) -> Run | FixedRun:
    comm = MPI.COMM_WORLD
    if isinstance(case, FixedCase):
        return FixedRun(fixed.cell(case), folder, comm, live, checkpoints, saved)
    return Run(build(case), folder, comm, live, checkpoints, saved)


def _state(comm: MPI.Intracomm, resume: Checkpoint) -> Tree:
    try:
        return load(comm, resume.folder)
    except ArchiveError as error:
        raise CaseError(str(error)) from None


def build(case: Case) -> Cell:
    """The solver's description of `case`."""
    geometry, mesh, time, stop = case.geometry, case.mesh, case.time, case.stop
    surfaces, seed_contact = {}, Ohmic()  # type: tuple[dict[str, Surface], Contact]
    surfaces["matrix"] = (
        _collector(case) if case.surfaces is None else _surface("matrix", case.surfaces.matrix, case)
    )
    if case.surfaces is not None and case.surfaces.island is not None:
        surfaces["island"] = _surface("island", case.surfaces.island, case)
        seed_contact = surfaces["island"].contact
    bases = np.full(geometry.island_count, geometry.island_base)
    return Cell(
        title=case.title,
        width=geometry.width,
        gap=geometry.gap,
        front=electrodes.initial_front(case),
        bases=bases,
        physics=physics(case),
        program=program(case.control),
        surfaces=surfaces,
        seed_contact=seed_contact,
        sizes=electrodes.sizes(case),
        steps=Steps(time.initial_step, time.max_step, time.tolerance, time.displacement, time.order),
        stop=Stop(stop.time, stop.charge, stop.thickness, stop.tip_height, stop.gap),
        moving=case.growth.method != "fixed",
        trench=None if geometry.trench is None else geometry.trench.depth,
        frames=case.output.frames,
        newton={
            "snes_rtol": case.solver.newton_rtol,
            "snes_max_it": case.solver.newton_max_it,
            **case.solver.petsc,
        },
        counter=electrodes.initial_counter(case),
        smoothing=mesh.smoothing,
        redistribute=mesh.redistribute,
        remesh_every=mesh.remesh_every,
        depth=geometry.depth,
        spreading=_spreading(case),
        nonlinear=nonlinear.described(case),
    )


def _spreading(case: Case) -> Spreading | None:
    """Of the surface of the electrode over cells, for growth.method = "phase_field"."""
    growth, kinetics, noise = case.growth, case.kinetics, case.growth.noise
    if growth.method != "phase_field":
        return None
    refine = case.mesh.refine
    if growth.model == "nonlinear":  # whose width is a parameter of the model, not of the mesh
        width = nonlinear.parameters(case).width
        legs = (growth.cell_size or width) / refine
    else:
        width = (growth.interface_width or case.mesh.front_size) / refine
        legs = (growth.cell_size or width * refine) / refine
    return Spreading(
        width=width,
        finest=(1.0 + 1e-9) * legs * math.sqrt(2 if case.geometry.depth is None else 3),
        conductivity=case.metal.conductivity,
        adaptive=growth.adaptive,
        reach=growth.fine_height or 0.0,
        energy=Crystal(
            case.metal.surface_energy_anisotropy, kinetics.anisotropy_folds, kinetics.anisotropy_angle
        ),
        noise=0.0 if noise is None else noise.amplitude,
        noise_length=0.0 if noise is None else noise.length or width,
        noise_period=0.0 if noise is None else noise.period or 0.0,
        seed=0 if noise is None else noise.seed,
    )


def physics(case: Case) -> Physics:
    """Materials and kinetics of `case`, and which electrodes move."""
    return _materials(case).with_counter(case.geometry.counter.moves)


def _materials(case: Case) -> Physics:
    """With a counter electrode that keeps its shape.

    Of a dilute electrolyte one of the other ions is eliminated by electroneutrality. The potential of a
    concentrated one is against a reference electrode of the metal, so its kinetics are `Referenced`.
    """
    electrolyte, given, kinetics = case.electrolyte, case.metal, case.kinetics
    metal = Metal(given.ion, given.charge_number, given.molar_volume, given.surface_energy)
    exchange = Constant(kinetics.exchange_current_density)
    resistance, growth = kinetics.film_resistance or 0.0, kinetics.film_growth or 0.0
    crystal = Crystal(kinetics.anisotropy, kinetics.anisotropy_folds, kinetics.anisotropy_angle)
    film = Film(resistance, growth) if resistance > 0.0 or growth > 0.0 else None
    if kinetics.film is not None:
        film = Film(0.0, cover=cover(kinetics.film))
    separator = case.separator
    medium = Medium() if separator is None else Medium(separator.porosity, separator.factor)
    if case.transport.closure == "concentrated":
        return concentrated_physics(
            solution.find(electrolyte),
            electrolyte.concentration or 0.0,
            electrolyte.temperature,
            metal,
            Referenced(exchange, kinetics.alpha_a, kinetics.alpha_c),
            crystal,
            film,
            medium=medium,
        )
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
    return binary_physics(
        species,
        electrolyte.temperature,
        metal,
        ButlerVolmer(exchange, kinetics.alpha_a, kinetics.alpha_c),
        kinetics.reference_concentration or electrolyte.species[metal.ion].concentration,
        crystal,
        film,
        medium=medium,
    )


def mesh_case(case: Case | FixedCase, target: Path) -> str:
    """Write the mesh that `case` starts from to `target`; returns a line that describes it."""
    return fixed.write_mesh(case, target) if isinstance(case, FixedCase) else write_mesh(case, target)


def _collector(case: Case) -> Surface:
    """What lies under metal if the case does not say: metal begins on it without a barrier."""
    return Surface(
        name="matrix",
        nucleation_overpotential=0.0,
        nucleation_rate=1.0 / case.time.initial_step,
        nuclei_spacing=case.mesh.front_size,
        contact_angle=0.5 * np.pi,
        contact=Ohmic(),
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


def _resumed(out: Path, source: Path | str, comm: MPI.Intracomm, step: int) -> dict[str, Any]:
    """Provenance of a run that goes on: that of its start, and under "resumed" that of every further part."""
    try:
        before = json.loads((out / "provenance.json").read_text(encoding="utf-8")) if comm.rank == 0 else None
    except (OSError, ValueError):
        before = {}
    known: dict[str, Any] = comm.bcast(before)
    again = _provenance(source, comm)
    again = {name: value for name, value in again.items() if name not in ("end", "random_seed")}
    parts = [*known.get("resumed", []), {"from_step": step, **again}]
    return {**known, "resumed": parts, "end": None}


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
