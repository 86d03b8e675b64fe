"""Start the command line as a user would, on one rank or several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent

SMALL_ISLANDS = [
    "na3sb_ni",
    "--set", "geometry.width=400 nm",
    "--set", "geometry.gap=2 um",
    "--set", "stop.thickness=100 nm",
    "--set", "mesh.seed_size=6 nm",
    "--set", "output.frames=4",
]  # fmt: skip
"""Five islands under 2 um of electrolyte, up to 0.1 um of deposit."""

SMALL_APEX = [
    "bare_ni",
    "--set", "geometry.width=2 um",
    "--set", "geometry.gap=4 um",
    "--set", "stop.tip_height=1.2 um",
    "--set", "mesh.front_size=50 nm",
    "--set", "mesh.front_size_min=25 nm",
    "--set", "output.frames=4",
]  # fmt: skip
"""The apex in a smaller cell, coarsely, up to a height of 1.2 um."""

SMALL_MOSS = [
    "bare_na_moss",
    "--set", "geometry.width=3 um",
    "--set", "geometry.gap=10 um",
    "--set", "mesh.front_size=0.12 um",
    "--set", "mesh.bulk_size=2 um",
    "--set", "stop.thickness=0.3 um",
    "--set", "output.frames=3",
]  # fmt: skip
"""Some bulges on bare sodium, until the film has cracked on the first of them."""


def environment() -> dict[str, str]:
    """The environment of this process less what MPI has left in it, with the repository on the path."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("OMPI_COMM", "OMPI_UNIVERSE", "PMIX_", "PRTE_"))
    }
    mine = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "OMPI_MCA_mpi_yield_when_idle": "1"}
    return {**kept, **mine}


def command(arguments: list[str], ranks: int = 1) -> list[str]:
    """What starts the command line on `ranks` ranks."""
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    return [*start, sys.executable, "-m", "mpi4py", "-m", "cases", *arguments]


def run(out: Path, case: list[str], *more: str, ranks: int = 1, timeout: float = 300.0) -> dict[str, Any]:
    """Run a case into `out` and return its summary; volume and charge must balance."""
    done = subprocess.run(
        command(["run", *case, *more, "--quiet", "--out", str(out)], ranks),
        env=environment(),
        cwd=out.parent,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary.get("faraday_error", 0.0) < 1e-6
    return summary
