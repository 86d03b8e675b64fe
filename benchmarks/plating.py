"""Lithium plating on a square of 320 x 320 cells, 100 steps, timed: where does a step spend its time?

    ./tertia exec python3 benchmarks/plating.py                 # fine cells about the surface only
    ./tertia exec python3 benchmarks/plating.py --uniform       # everywhere
    ./tertia exec mpirun -n 2 python3 benchmarks/plating.py

The case is lithium_protrusion (a spike on lithium, 1C) with a surface that is spread over cells: the width w
of the interface is a 320th of the gap, and so are the legs of the triangles about the surface. Prints a table
in Markdown; --out keeps the run folder. Times are those of the processor, of rank 0, so that other work on
the machine does not count; they hold for one thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from mpi4py import MPI

from cases.build import build
from cases.loader import load
from cases.schema import Case
from meshes.adaptive import Forest
from solver.compiled import Compiled
from solver.discretisation import Discretisation
from solver.nonlinear import Newton
from solver.normal_lines import NormalLines
from solver.order_parameter import OrderParameter
from solver.run import Run
from solver.spread_march import SpreadSimulation
from solver.writer import RunFolder

PARTS: tuple[tuple[str, type, str], ...] = (
    ("forms compiled or found", Compiled, "__init__"),
    ("mesh refined and distributed", Forest, "refined"),
    ("rest of remeshing: fields carried, forms bound", SpreadSimulation, "maintain"),
    ("Jacobian assembled", Discretisation, "jacobian"),
    ("residual assembled", Newton, "residual"),
    ("rest of nonlinear solve: linear solves", Newton, "solve"),
    ("normals, curvature", NormalLines, "place"),
    ("along normals", NormalLines, "per_area"),
    ("order parameter", OrderParameter, "step"),
    ("depth from it", OrderParameter, "depth"),
    ("rest of a step", SpreadSimulation, "advance"),
    ("contour, current on it", SpreadSimulation, "seen"),
    ("files", RunFolder, "frame"),
)
"""What is timed: its name in the table, a class and a method of it, what other parts take not counted."""


class Clock:
    """Processor time by part, each without the parts that it calls.

    Attributes:
        spent: s, by part.
        calls: by part.
    """

    def __init__(self) -> None:
        """Nothing is running."""
        self.spent: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._running: list[float] = []

    def timed(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """`method` with its time added to `part`."""

        @wraps(method)
        def run(*args: Any, **kwargs: Any) -> Any:
            begun = time.process_time()
            self._running.append(0.0)
            try:
                return method(*args, **kwargs)
            finally:
                whole, inner = time.process_time() - begun, self._running.pop()
                self.spent[part] = self.spent.get(part, 0.0) + whole - inner
                self.calls[part] = self.calls.get(part, 0) + 1
                if self._running:
                    self._running[-1] += whole

        return run

    def watch(self) -> None:
        """Time all PARTS from now on."""
        for part, owner, name in PARTS:
            found = owner.__dict__[name]
            if isinstance(found, property):
                assert found.fget is not None
                setattr(owner, name, property(self.timed(part, found.fget)))
            else:
                setattr(owner, name, self.timed(part, found))


def case(cells: int, uniform: bool) -> Case:
    """The case, `cells` to the gap."""
    loaded = load("lithium_protrusion")
    assert isinstance(loaded, Case)
    width = f"{loaded.geometry.gap / cells * 1e9:.12g} nm"
    changes = ["growth.method=phase_field", f"growth.interface_width={width}", "mesh.growth_rate=0.4"]
    if uniform:
        whole = f"{loaded.geometry.gap * 1e9:.12g} nm"
        changes += ["growth.adaptive=false", f"growth.fine_height={whole}"]
    changed = load("lithium_protrusion", changes)
    assert isinstance(changed, Case)
    return changed


def table(clock: Clock, simulation: SpreadSimulation, whole: float) -> str:
    """What was done and where the time went, Markdown."""
    state, steps = simulation.state, max(simulation.state.step, 1)
    tip = simulation.front.points[:, -1].max() * simulation.cell.gap
    rows = [
        f"{simulation.number_of_cells()} cells and {simulation.problem.layout.total} unknowns in the end, "
        f"{simulation.comm.size} rank(s), {steps} steps to t = {state.time:.5g} s, {state.rejected} refused, "
        f"{state.remeshes} remeshings; tip at {tip:.6g} m, "
        f"charge {-state.totals.charge:.6g} C, Faraday error {simulation.faraday_error():.1e}.",
        "",
        "| part | s | % | calls |",
        "|---|---|---|---|",
    ]
    shown = sorted(clock.spent.items(), key=lambda item: -item[1])
    rest = whole - sum(clock.spent.values())
    for part, spent in shown:
        rows.append(f"| {part} | {spent:.1f} | {100 * spent / whole:.0f} | {clock.calls[part]} |")
    rows.append(f"| all else | {rest:.1f} | {100 * rest / whole:.0f} | |")
    rows.append(f"| sum | {whole:.1f} | 100 | {whole / steps:.2f} s per step |")
    return "\n".join(rows)


def main() -> None:
    """Run and print the table (collective)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=320, help="to the gap and to the width")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--uniform", action="store_true", help="fine cells everywhere")
    parser.add_argument("--out", type=Path, help="run folder to keep")
    given = parser.parse_args()
    comm, clock = MPI.COMM_WORLD, Clock()
    clock.watch()
    begun, wall = time.process_time(), time.time()
    with tempfile.TemporaryDirectory() as scratch:
        folder = comm.bcast(given.out or Path(scratch) / "run", root=0)
        run = Run(build(case(given.cells, given.uniform)), RunFolder(folder, comm), comm, None)
        run.march(given.steps)
        whole, wall = time.process_time() - begun, time.time() - wall
        assert isinstance(run.simulation, SpreadSimulation)
        text = table(clock, run.simulation, whole)
        comm.barrier()
    if comm.rank == 0:
        print(f"{text}\n\n{wall:.0f} s by the wall clock.")


if __name__ == "__main__":
    main()
