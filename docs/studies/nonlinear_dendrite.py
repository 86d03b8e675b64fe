"""A published lithium dendrite with the nonlinear phase-field model, on the published grid or another.

    tertia exec mpirun -n 2 python3 docs/studies/nonlinear_dendrite.py RUN [--edge 0.5] [--diagonal crossed]
    tertia exec python3 docs/studies/nonlinear_dendrite.py RUN --figure docs/img/nonlinear-dendrite.png

The case is "enhenced_ani/cir_ic_input.i" of the repository bdliangxy/dendrite, made from the input files of
Z. Hong and V. Viswanathan, ACS Energy Lett. 3 (2018) 1737: a half disc of 5 um in a corner of a cell 200 um
long and 80 um wide, -0.45 V, fourfold anisotropy. Half of it is computed; the published grid has edges of
0.6 um. A row of the table is printed and fields are written every second of time.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import get_args

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import matplotlib.tri as mtri
import numpy as np
from mpi4py import MPI

from meshes.builders import Layer, rectangle
from meshes.structured import Diagonal
from solver.noise import Noise
from solver.nonlinear_parameters import HONG_COSINE, MICRON
from solver.nonlinear_phase_field import NonlinearPhaseField, Pace
from solver.types import FloatArray

LENGTH, WIDTH, RADIUS, EDGE = 200.0 * MICRON, 40.0 * MICRON, 5.0 * MICRON, 3.0 * MICRON
FINE = 65.0 * MICRON
VOLTAGE, NOISE, SECONDS = -0.45, 0.04, 35
SHOWN = (5, 10, 15, 25, 35)
PUBLISHED_TIP, PUBLISHED_BASE = 50.5, 27.0
"""Of the last picture of the published film, at 35 s, read off to half a micrometre."""


def seed(points: FloatArray) -> FloatArray:
    """1 inside the disc, 0 outside, a half wave of the cosine 3 um wide between."""
    share = np.clip((np.hypot(*points.T) * LENGTH - RADIUS) / EDGE + 0.5, 0.0, 1.0)
    return np.asarray(0.5 * (1.0 + np.cos(np.pi * share)))


def grow(folder: Path, edge: float, diagonal: Diagonal, tolerance: float) -> None:
    """March and write (collective)."""
    comm = MPI.COMM_WORLD
    near = Layer("cell", FINE, size=edge)
    far = Layer("cell", LENGTH - FINE, size=10.0 * edge, size_start=edge)
    columns = round(WIDTH / edge)
    regions = rectangle(
        comm,
        WIDTH,
        [near, far],
        columns=columns,
        bottom="substrate",
        top="counter",
        diagonal=diagonal,
        unit=LENGTH,
    )
    noise = Noise(NOISE, EDGE / 5.0 / LENGTH, 1, [(0.0, WIDTH / LENGTH), (0.0, 1.0)])
    pace = Pace(1e-3, tolerance=tolerance)
    model = NonlinearPhaseField(regions, HONG_COSINE, VOLTAGE, seed, pace, noise, noise_period=0.1)
    folder.mkdir(parents=True, exist_ok=True)
    for second in range(1, SECONDS + 1):
        model.advance(1.0)
        write(folder / f"{second:02d}.npz", model)
        books, tip = model.books, model.height() / MICRON
        found = {
            "time_s": second, "tip_um": tip, "area_um2": 2.0 * model.metal() / MICRON**2,
            "closure": books.closure, "of_reaction": books.deposited / books.kinetic,
            "charge_error": books.charge_error, "salt_error": books.salt_error,
            "steps": model.steps, "factorisations": model.factorisations,
        }  # fmt: skip
        if comm.rank == 0:
            print(json.dumps(found), flush=True)


def write(path: Path, model: NonlinearPhaseField) -> None:
    """All fields by node, cells of all ranks (collective)."""
    space, mesh = model.xi.function_space, model.regions.mesh
    owned, cells = space.dofmap.index_map.size_local, mesh.topology.index_map(2).size_local
    points = space.tabulate_dof_coordinates()[:, :2] * LENGTH / MICRON
    rows = np.column_stack((points, model.xi.x.array, model.c.x.array, model.phi.x.array))[:owned]
    triangles = space.dofmap.index_map.local_to_global(space.dofmap.list[:cells].ravel().astype(np.int32))
    rows, triangles = (model.regions.comm.gather(part) for part in (rows, triangles.reshape(-1, 3)))
    if model.regions.comm.rank == 0:
        np.savez_compressed(path, rows=np.concatenate(rows), triangles=np.concatenate(triangles))


def draw(folder: Path, figure: Path) -> None:
    """Order parameter at some times, mirrored to the whole cell; concentration at the last."""
    last = sorted(folder.glob("*.npz"))[-1]
    shown = [path for path in (folder / f"{t:02d}.npz" for t in SHOWN) if path.is_file()]
    fig, axes = plt.subplots(len(shown) + 1, 1, figsize=(5.0, 2.1 * (len(shown) + 1)), layout="tight")
    for path, ax in zip([*shown, last], axes, strict=True):
        with np.load(path) as data:
            rows, triangles = data["rows"], data["triangles"]
        salt = ax is axes[-1]
        values = np.clip(rows[:, 3] / 1000.0, 0.0, None) if salt else rows[:, 2]
        for sign in (1.0, -1.0):
            half = mtri.Triangulation(rows[:, 1], sign * rows[:, 0], triangles)
            map_name = "viridis" if salt else "coolwarm"
            image = ax.tripcolor(half, values, shading="gouraud", cmap=map_name, rasterized=True)
            ax.tricontour(half, rows[:, 2], [0.5], colors="k", linewidths=0.7)
        name = "c / (mol/L)" if salt else "xi"
        ax.set(aspect="equal", xlim=(0, 120), ylabel="um", title=f"{name} at {int(path.stem)} s")
        ax.title.set_fontsize(9)
        ax.set_anchor("W")
        fig.colorbar(image, ax=ax)
    if shown and int(shown[-1].stem) == SECONDS:
        axes[-2].plot([PUBLISHED_TIP], [0.0], "k>", markersize=7)
        axes[-2].plot([0.0, 0.0], [PUBLISHED_BASE, -PUBLISHED_BASE], "k_", markersize=14)
    axes[-1].set_xlabel("um")
    fig.savefig(figure, dpi=110)


def main() -> None:
    """Grow, or draw what was grown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--edge", type=float, default=0.5, help="of the mesh in the first 65 um, in um")
    parser.add_argument("--diagonal", choices=get_args(Diagonal), default="crossed", help="of its rectangles")
    parser.add_argument("--tolerance", type=float, default=3e-2, help="of the order parameter in a step")
    parser.add_argument("--figure", type=Path, help="draw instead of growing")
    chosen = parser.parse_args()
    if chosen.figure is not None:
        draw(chosen.run, chosen.figure)
    else:
        grow(chosen.run, chosen.edge * MICRON, chosen.diagonal, chosen.tolerance)


if __name__ == "__main__":
    main()
