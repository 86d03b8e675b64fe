"""What environment this is, what is missing in it and what makes it slow: ``tertia doctor``.

Imports nothing heavy before it is asked: it has to work, and to tell, where half of the packages are missing.
"""

from __future__ import annotations

import json as jsonlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Literal

OLDEST, TOO_NEW = (0, 9), (0, 12)
"""Supported versions of DOLFINx."""

PACKAGES = (
    "numpy",
    "scipy",
    "shapely",
    "pydantic",
    "pint",
    "rich",
    "typer",
    "matplotlib",
    "pyvista",
    "meshio",
    "mmgpy",
)
TOOLS = (
    "pytest", "hypothesis", "ruff", "mypy", "import-linter", "jsonschema", "mkdocs", "mkdocstrings",
    "playwright",
)  # fmt: skip
FAST_BLAS = r"openblas|mkl_|libblis|armpl|nvpl|essl|Accelerate|atlas"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: the thing looked at.
        value: what was found.
        state: ``missing`` when Tertia cannot work, ``slow`` and ``note`` when it can, but.
        advice: what to do about it; empty when all is well.
    """

    what: str
    value: str
    state: Literal["ok", "note", "slow", "missing"] = "ok"
    advice: str = ""


def report(json: bool = False) -> int:
    """Print the findings as a table, or as JSON; return 1 if something required is missing, else 0."""
    findings = [finding for check in CHECKS for finding in check()]
    if json or not _importable("rich"):
        print(jsonlib.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _table(findings)
    return int(any(finding.state == "missing" for finding in findings))


def _environment() -> Iterator[Finding]:
    conda = os.environ.get("CONDA_PREFIX")
    found = f"conda: {conda}" if conda else f"Python of this machine: {sys.prefix}"
    yield Finding("environment", os.environ.get("TERTIA_ENVIRONMENT", found))
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    system = release.get("PRETTY_NAME", platform.system())
    yield Finding("system", f"{system}, {platform.machine()}, {_cores()} cores, {_memory()}")
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}")


def _dolfinx() -> Iterator[Finding]:
    with _trying("DOLFINx") as found:
        version = import_module("dolfinx").__version__
        if not OLDEST <= tuple(int(part) for part in version.split(".")[:2]) < TOO_NEW:
            found.append(Finding("DOLFINx", version, "missing", "0.9, 0.10 or 0.11 is needed"))
        else:
            found.append(Finding("DOLFINx", version))
    yield from found


def _petsc() -> Iterator[Finding]:
    with _trying("PETSc") as found:
        petsc = import_module("petsc4py.PETSc")
        version = ".".join(str(part) for part in petsc.Sys.getVersion())
        solvers = [name for name in ("mumps", "hypre", "superlu_dist") if petsc.Sys.hasExternalPackage(name)]
        value = f"{version}, {petsc.ScalarType.__name__}, {', '.join(solvers) or 'no external solvers'}"
        if petsc.ScalarType.__name__ != "float64":
            found.append(Finding("PETSc", value, "missing", "a build with real numbers in double precision"))
        elif "mumps" not in solvers:
            found.append(Finding("PETSc", value, "missing", "a build with MUMPS, the default linear solver"))
        else:
            found.append(Finding("PETSc", value))
    yield from found


def _mpi() -> Iterator[Finding]:
    with _trying("MPI") as found:
        mpi = import_module("mpi4py.MPI")
        version = mpi.Get_library_version().replace("\x00", "").splitlines()[0].split(",")[0]
        command = shutil.which("mpirun")
        value = f"{version}, mpi4py {import_module('mpi4py').__version__}, {command or 'no mpirun'}"
        found.append(
            Finding("MPI", value)
            if command
            else Finding("MPI", value, "note", "run -n needs mpirun in the PATH")
        )
    yield from found


def _gmsh() -> Iterator[Finding]:
    with _trying("gmsh") as found:
        found.append(Finding("gmsh", import_module("gmsh").__version__))
    yield from found


def _packages() -> Iterator[Finding]:
    versions = []
    for name in PACKAGES:
        with _trying(name) as found:
            import_module(name)
            versions.append(f"{name} {metadata.version(name)}")
        yield from found
    yield Finding("packages", ", ".join(versions) or "none")
    tools = [f"{name} {metadata.version(name)}" for name in TOOLS if _installed(name)]
    absent = [name for name in TOOLS if not _installed(name)]
    yield Finding(
        "tools for tests",
        ", ".join(tools) or "none",
        "note" if absent else "ok",
        f"tertia test needs {', '.join(absent)}" if absent else "",
    )


def _blas() -> Iterator[Finding]:
    maps = Path("/proc/self/maps")
    if not maps.exists() or not _importable("petsc4py.PETSc"):
        yield Finding("BLAS", "unknown", "note", "only Linux tells which libraries are loaded")
        return
    loaded = {line.split()[-1] for line in maps.read_text().splitlines() if "/" in line}
    blas = sorted(path for path in loaded if re.search(rf"{FAST_BLAS}|lib\w*blas", Path(path).name))
    fast = [path for path in blas if re.search(FAST_BLAS, path)]
    if fast:
        yield Finding("BLAS", ", ".join(sorted({Path(path).name for path in fast})))
    else:
        advice = "the reference BLAS is four times slower than OpenBLAS (Debian: libopenblas0-pthread)"
        yield Finding("BLAS", ", ".join(blas) or "none", "slow", advice)


def _threads() -> Iterator[Finding]:
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads == "1":
        yield Finding("OMP_NUM_THREADS", "1")
    else:
        advice = "set it to 1: threads of BLAS compete with the MPI ranks for the cores"
        yield Finding("OMP_NUM_THREADS", threads or "not set", "slow", advice)


def _forms() -> Iterator[Finding]:
    compiler = os.environ.get("CC", "cc").split()[0]
    path = shutil.which(compiler) or shutil.which("gcc")
    if path is None:
        yield Finding(
            "C compiler", f"no {compiler}", "missing", "the equations are compiled when a run starts"
        )
    else:
        first = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        yield Finding("C compiler", f"{path}, {first.splitlines()[0] if first else 'unknown version'}")
    with _trying("compiled forms") as found:
        folder = Path(import_module("dolfinx.jit").get_options()["cache_dir"])
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if os.access(there, os.W_OK):
            found.append(Finding("compiled forms", str(folder)))
        else:
            advice = f"{there} is not writable: set XDG_CACHE_HOME to a folder that is"
            found.append(Finding("compiled forms", str(folder), "missing", advice))
    yield from found


def _drawing() -> Iterator[Finding]:
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if display or platform.system() != "Linux" or find_library("EGL"):
        yield Finding("drawing", f"display {display}" if display else "without a screen")
    else:
        yield Finding("drawing", "no screen, no libEGL", "note", "pictures of 3D fields need libegl1")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _environment,
    _dolfinx,
    _petsc,
    _mpi,
    _gmsh,
    _packages,
    _blas,
    _threads,
    _forms,
    _drawing,
)


@contextmanager
def _trying(what: str) -> Iterator[list[Finding]]:
    """Turn a failed import into a finding; a broken package may raise anything while it loads."""
    found: list[Finding] = []
    try:
        yield found
    except Exception as error:
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        found[:] = [Finding(what, text, "missing", "install it, or run TERTIA_ENV=stable ./tertia")]


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _importable(module: str) -> bool:
    try:
        import_module(module)
    except Exception:
        return False
    return True


def _cores() -> int:
    """Cores that this process may use, which a container or a batch system limits."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "memory unknown"
    return f"{size / 2**30:.0f} GiB of memory"


def _table(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table

    colour = {"ok": "green", "note": "cyan", "slow": "yellow", "missing": "red"}
    table: Any = Table(box=None, show_header=False, pad_edge=False)
    for style in ("bold", None, None):
        table.add_column(style=style, overflow="fold")
    for finding in findings:
        table.add_row(finding.what, f"[{colour[finding.state]}]{finding.state}[/]", _escaped(finding))
    console = Console()
    console.print(table)
    bad = [finding.what for finding in findings if finding.state == "missing"]
    slow = [finding.what for finding in findings if finding.state == "slow"]
    if bad:
        console.print(f"[red]Tertia cannot run here; missing: {', '.join(bad)}[/]")
    elif slow:
        console.print(f"[yellow]Tertia runs here, slowly because of: {', '.join(slow)}[/]")
    else:
        console.print("[green]Tertia can run here.[/]")


def _escaped(finding: Finding) -> str:
    from rich.markup import escape

    return escape(finding.value) + (f"\n[dim]{escape(finding.advice)}[/]" if finding.advice else "")
