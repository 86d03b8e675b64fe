"""Run the PyBaMM cells live, and keep their numbers.

    python3 -m verification.peers.run          solve every recorded cell again and print how far it is off
    python3 -m verification.peers.run --record the same on finer meshes, and write verification/data

PyBaMM is not a dependency: it may live in this interpreter, in the one that TERTIA_PYBAMM names, or in a
virtual environment of its own in the cache folder.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SCRIPT = Path(__file__).with_name("pybamm_cell.py")
RECORD = Path(__file__).parents[1] / "data" / "pybamm_cells.json"
QUANTITIES = ("voltage_V", "current_A_m2", "concentration_working_mol_m3", "concentration_counter_mol_m3")


class PeerMissing(RuntimeError):  # noqa: N818 (says what it is, not that it is an error)
    """PyBaMM is not to be had."""


def cache_folder() -> Path:
    """Where the virtual environment with PyBaMM goes."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tertia" / f"pybamm-python{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(install: bool = False) -> str:
    """Path of a Python that has PyBaMM: this one, that of TERTIA_PYBAMM, or that of the cache folder.

    `install` allows to make the last with pip (0.8 GB).

    Raises:
        PeerMissing: None of them is there and `install` is not set, or making it failed.
    """
    if importlib.util.find_spec("pybamm") is not None:
        return sys.executable
    if given := os.environ.get("TERTIA_PYBAMM"):
        if not Path(given).is_file():
            raise PeerMissing(f"TERTIA_PYBAMM={given} is not a file; expected a Python that has PyBaMM")
        return given
    python = cache_folder() / "bin" / "python"
    ready = cache_folder() / "ready"
    if ready.exists():
        return str(python)
    if not install:
        raise PeerMissing(
            "PyBaMM is not here: `pip install pybamm`, or set TERTIA_PYBAMM to a Python with it"
        )
    for command in (
        [sys.executable, "-m", "venv", str(cache_folder())],
        [str(python), "-m", "pip", "install", "--quiet", "pybamm"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerMissing(f"could not install PyBaMM: {done.stderr.strip()[-500:]}")
    ready.touch()
    return str(python)


def available() -> bool:
    """Whether `run_pybamm` can work without installing anything."""
    try:
        interpreter()
    except PeerMissing:
        return False
    return True


def run_pybamm(parameters: Mapping[str, Any], install: bool = False) -> dict[str, Any]:
    """Solve one cell, described as in `pybamm_cell.solve`, with PyBaMM in a process of its own.

    Raises:
        PeerMissing: See `interpreter`.
        RuntimeError: PyBaMM failed; the message has the end of its output.
    """
    environment = {**os.environ, "PYBAMM_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    # The variables of an MPI launcher would make a child believe that it is a rank.
    environment = {k: v for k, v in environment.items() if not k.startswith(("OMPI_", "PMIX_", "PMI_"))}
    done = subprocess.run(
        [interpreter(install), str(SCRIPT)],
        input=json.dumps(dict(parameters)),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"PyBaMM failed: {done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@cache
def recorded() -> dict[str, Any]:
    """What `--record` wrote: `cells`, each with its description, `result` and `convergence`."""
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def description(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a recorded cell that describes it."""
    return {key: cell[key] for key in ("name", "model", "parameters", "program", "numerics")}


def deviation(result: Mapping[str, Any], reference: Mapping[str, Any], quantity: str = "voltage_V") -> float:
    """Largest difference of `quantity` at the common times over the largest value in `reference`."""
    expected = np.array(reference[quantity])
    return float(np.abs(np.array(result[quantity]) - expected).max() / np.abs(expected).max())


def refined(cell: Mapping[str, Any], meshes: tuple[int, int, int], install: bool = False) -> dict[str, Any]:
    """`cell` on three meshes, each twice as fine as the one before, extrapolated with second order.

    value = fine + (fine - middle)/3; the error that is left is estimated by the change of this value from the
    coarser pair to the finer one. Returned: the description with `result` and `convergence`.
    """
    runs = []
    for cells in meshes:
        finer = {**cell, "numerics": {**cell["numerics"], "cells": cells}}
        runs.append(run_pybamm(description(finer), install))
    result: dict[str, Any] = {"time_s": runs[0]["time_s"]}
    convergence: dict[str, Any] = {"cells": list(meshes)}
    for quantity in QUANTITIES:
        coarse, middle, fine = (np.array(run[quantity]) for run in runs)
        value = fine + (fine - middle) / 3.0
        result[quantity] = value.tolist()
        scale = np.abs(value).max()
        steps = [float(np.abs(b - a).max() / scale) for a, b in ((coarse, middle), (middle, fine))]
        left = np.abs(value - (middle + (middle - coarse) / 3.0)).max() / scale
        convergence[quantity] = {
            "change_coarse_middle": steps[0],
            "change_middle_fine": steps[1],
            # A controlled quantity changes by the tolerance of the DAE solver only: no order.
            "order": float(np.log2(steps[0] / steps[1])) if steps[1] > 3e-7 else None,
            "change_of_extrapolated": float(left),
        }
    for mesh, run in zip(meshes, runs, strict=True):
        convergence[f"voltage_V_{mesh}_cells"] = run["voltage_V"]
        convergence[f"current_A_m2_{mesh}_cells"] = run["current_A_m2"]
    versions = runs[-1]["versions"]
    return {**description(cell), "result": result, "convergence": convergence, "versions": versions}


def main() -> None:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description="Solve the recorded cells again with PyBaMM.")
    parser.add_argument("--record", action="store_true", help="refine and write the record")
    parser.add_argument("--install", action="store_true", help="make an environment with PyBaMM if needed")
    options = parser.parse_args()
    record = recorded()
    if not options.record:
        for cell in record["cells"]:
            live = run_pybamm(description(cell), options.install)
            volt, ampere = (deviation(live, cell["result"], quantity) for quantity in QUANTITIES[:2])
            print(f"{cell['name']:24} relative deviation: voltage {volt:.1e}, current {ampere:.1e}")
        return
    cells = [refined(cell, (400, 800, 1600), options.install) for cell in record["cells"]]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    write_record(RECORD, {**record, "recorded": today, "cells": cells})


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write `record` as JSON to `path`, every list of plain numbers on one line."""
    lines: list[str] = []
    for line in json.dumps(dict(record), indent=1).splitlines():
        inside = bool(lines) and lines[-1].count("[") > lines[-1].count("]")
        plain = not any(mark in line for mark in '{}":[')
        if inside and plain:
            lines[-1] += line.strip() if lines[-1].endswith("[") else " " + line.strip()
        else:
            lines.append(line)
    path.write_text("\n".join(lines).replace(" ]", "]") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
