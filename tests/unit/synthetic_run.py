"""Write run folders that look like those of the solver, from closed formulas and without any solver.

The height of the electrode is a function h(x, t); fields live on a grid mapped to the space above it, so the
mesh differs at every time, and are linear in y above a flat front. Files are laid out as DOLFINx writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve

Floats = npt.NDArray[np.float64]

HEIGHT_UM = 10.0
PITCH_UM, ISLAND_UM, SEED_UM = 0.1, 0.03, 0.035
CONCENTRATION = 1000.0  # mol/m3 at the counter electrode
SUMMARY = (
    *("time_s", "charge_C_m2", "capacity_mAh_cm2", "thickness_mean_um", "thickness_max_um", "roughness_um"),
    *("tip_height_um", "aspect_ratio", "coverage", "faraday_error", "mass_error"),
)
Shape = Callable[[Floats, float, float], Floats]


def needle(x: Floats, s: float, width: float) -> Floats:
    """Height of a needle in the middle of the cell at relative time s in [0, 1], micrometres."""
    tip = 0.1 + 8.0 * s**1.6
    core = np.exp(-(np.abs((x - 0.5 * width) / (0.25 + 0.1 * s)) ** 3))
    return 0.25 * s * (1 + 0.2 * np.sin(3 * x) ** 2) + tip * core


def islands(x: Floats, s: float, width: float) -> Floats:
    """Height of seeds on islands (s < 0.1), then of a closed film, micrometres."""
    del width
    phase = (np.mod(x, PITCH_UM) - 0.5 * PITCH_UM) / (0.5 * ISLAND_UM * 1.3)
    seeds = SEED_UM * min(1.0, s / 0.06) * np.sqrt(np.clip(1 - phase**2, 0, None))
    film = max(0.0, s - 0.06) * 1.25
    return np.maximum(film * (1 + 0.02 * np.sin(9 * x)), seeds)


def write_run(
    folder: Path, kind: str = "needle", frames: int = 6, pieces: int = 1, flux: bool = False
) -> Path:
    """Write the synthetic run `kind` ("needle" or "islands") with `frames` output times.

    Args:
        folder: Where to; made here.
        kind: Which shape grows.
        frames: Number of output times.
        pieces: 1, or 2 for files as two ranks write them: two pieces that overlap by ghost cells.
        flux: Also write the vector `flux` (towards the substrate).

    Returns:
        The folder.
    """
    width = 4.0 if kind == "needle" else 2.0
    height = needle if kind == "needle" else islands
    (folder / "front").mkdir(parents=True)
    last = 40.0 if kind == "needle" else 6.0
    share = np.linspace(0.0, 1.0, frames) ** (1.0 if kind == "needle" else 2.5)
    x = np.linspace(0, width, 321)
    entries = []
    for k, s in enumerate(share.tolist()):
        _write_front(folder / "front" / f"front_{k:06d}.csv", x, height(x, s, width), kind, s, last * s)
        name = f"fields{k:06d}.pvtu"
        _write_fields(folder, k, height(x[::4], s, width), x[::4], pieces, flux)
        entries.append(f'    <DataSet timestep="{last * s}" part="0" file="{name}" />\n')
    head = '<?xml version="1.0"?>\n<VTKFile type="Collection" version="1.0">\n  <Collection>\n'
    (folder / "fields.pvd").write_text(head + "".join(entries) + "  </Collection>\n</VTKFile>\n")
    row = _write_metrics(folder / "metrics.csv", x, height, width, last, kind)
    verdict, reason = ("dendrite", "gap closed") if kind == "needle" else ("flat", "charge reached")
    summary: dict[str, object] = {key: row[key] for key in SUMMARY}
    summary |= {"verdict": verdict, "stop_reason": reason, "title": f"Synthetic {kind}", "exit_code": 0}
    summary |= {"islands": 0 if kind == "needle" else 20, "steps": 200, "remeshes": 12, "cells_max": 9000}
    summary |= {"islands_nucleated_before_matrix": summary["islands"], "ranks": pieces, "wall_s": 61.5}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "case.toml").write_text(f'title = "Synthetic {kind}"\n')
    (folder / "log.txt").write_text("synthetic\n")
    return folder


def _write_front(path: Path, x: Floats, y: Floats, kind: str, s: float, time: float) -> None:
    middle, edge_height = 0.5 * (x[:-1] + x[1:]), 0.5 * (y[:-1] + y[1:])
    on_island = np.abs(np.mod(middle, PITCH_UM) - 0.5 * PITCH_UM) < 0.5 * ISLAND_UM
    bare = edge_height < (1e-3 if kind == "islands" else 0.02)
    surface = np.where(bare, np.where(on_island & (kind == "islands"), "island", "matrix"), "deposit")
    floating = (s < 0.08) & ~bare & (kind == "islands")
    patch = np.where(floating, np.floor(middle / PITCH_UM).astype(int), -1)
    current = (
        -200 * (0.2 + edge_height / edge_height.max()) ** 2 if y.max() > 0 else np.full(len(middle), -40.0)
    )
    lines = [f"# time_s={time!r} charge_C_m2={7.5e3 * s}", "x_um,y_um,surface,coverage,patch,current_A_m2"]
    for k in range(len(x)):
        e = min(k, len(x) - 2)
        lines.append(f"{x[k]},{y[k]},{surface[e]},{0.0 if bare[e] else 1.0},{patch[e]},{current[e]}")
    path.write_text("\n".join(lines) + "\n")


def _write_metrics(
    path: Path, x: Floats, height: Shape, width: float, last: float, kind: str
) -> dict[str, float]:
    rows, steps = [], 200
    for k in range(1, steps + 1):
        s = k / steps
        y = height(x, s, width)
        mean, tip = float(np.trapezoid(y, x) / width), float(y.max() - np.median(y))
        charge = mean * 1e-6 * 96485.33 / 2.368e-5
        seeds = kind == "islands" and s < 0.08
        rows.append({
            "time_s": last * s, "step_s": last / steps, "voltage_V": -0.1,
            "current_A_m2": -120 * (0.6 + s if kind == "needle" else 1 - 0.2 * np.exp(-s / 0.05)),
            "charge_C_m2": charge, "capacity_mAh_cm2": charge / 3.6e4, "thickness_mean_um": mean,
            "thickness_max_um": float(y.max()), "roughness_um": float(np.std(y)), "tip_height_um": tip,
            "aspect_ratio": tip / 0.6, "coverage": 1.0 if kind == "needle" else min(1.0, 0.1 + s / 0.08),
            "gap_um": HEIGHT_UM - float(y.max()), "faraday_error": 2e-5, "mass_error": -3e-6,
            "newton_iterations": 3, "cells": 8000 + k, "front_nodes": 321, "remeshes": k // 16,
            "floating_patches": 20 if seeds else 0, "islands_nucleated": 20 if kind == "islands" else 0,
            "seed_height_um": float(y.max()) if seeds else 0.0, "matrix_coverage": 0.0 if seeds else 1.0,
        })  # fmt: skip
    lines = [",".join(rows[0]), *(",".join(repr(float(value)) for value in row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return {name: float(value) for name, value in rows[-1].items()}


def _write_fields(folder: Path, index: int, front: Floats, x: Floats, pieces: int, flux: bool) -> None:
    columns, levels = len(x), 60
    t = np.linspace(0, 1, levels) ** 1.5
    px = np.repeat(x, levels)
    py = (front[:, None] + (HEIGHT_UM - front[:, None]) * t[None, :]).ravel()
    a = (np.arange(columns - 1)[:, None] * levels + np.arange(levels - 1)[None, :]).ravel()
    lower, upper = np.stack([a, a + levels, a + levels + 1], 1), np.stack([a, a + levels + 1, a + 1], 1)
    cells = np.concatenate([lower, upper])
    rise = _harmonic(px, py, cells, np.tile(t, columns))
    data = {"concentration_mol_m3": CONCENTRATION * (0.3 + 0.7 * rise), "potential_V": 0.1 * rise}
    if flux:
        data["flux"] = np.stack([0 * rise, -1 - rise, 0 * rise], axis=1)
    second = (cells.min(axis=1) // levels >= columns // 2) & (pieces == 2)
    side = second.astype(int)
    names = []
    for piece in range(pieces):
        mine = cells[side == piece]
        ghosts = cells[(side != piece) & np.isin(cells, mine).any(axis=1)]
        names.append(f"fields_p{piece}_{index:06d}.vtu")
        _write_piece(folder / names[-1], px, py, data, np.concatenate([mine, ghosts]), len(mine))
    arrays = "".join(
        f'<PDataArray type="Float64" Name="{name}" NumberOfComponents="{1 if v.ndim == 1 else 3}" />'
        for name, v in data.items()
    )
    (folder / f"fields{index:06d}.pvtu").write_text(
        '<?xml version="1.0"?>\n<VTKFile type="PUnstructuredGrid" version="1.0">\n'
        '<PUnstructuredGrid GhostLevel="1">\n'
        '<PPointData><PDataArray type="Int64" Name="vtkOriginalPointIds" IdType="1" />'
        f'{arrays}</PPointData>\n<PCellData><PDataArray type="UInt8" Name="vtkGhostType" /></PCellData>\n'
        '<PPoints><PDataArray type="Float64" NumberOfComponents="3" /></PPoints>\n'
        + "".join(f'<Piece Source="{name}" />\n' for name in names)
        + "</PUnstructuredGrid>\n</VTKFile>\n"
    )


def _harmonic(x: Floats, y: Floats, cells: npt.NDArray[np.int64], level: Floats) -> Floats:
    """Solve Laplace's equation with linear elements: 0 on the front (level 0), 1 on the counter electrode."""
    corner = np.stack([x, y], axis=1)[cells]
    edge = np.roll(corner, -2, axis=1) - np.roll(corner, -1, axis=1)
    area = 0.5 * np.abs(edge[:, 0, 0] * edge[:, 1, 1] - edge[:, 0, 1] * edge[:, 1, 0])
    local = np.einsum("mid,mjd->mij", edge, edge) / (4 * area[:, None, None])
    rows, columns = np.repeat(cells, 3, axis=1).ravel(), np.tile(cells, (1, 3)).ravel()
    stiffness = csr_matrix((local.ravel(), (rows, columns)), shape=(len(x), len(x)))
    free = (level > 0) & (level < 1)
    value = (level == 1).astype(float)
    value[free] = spsolve(stiffness[free][:, free].tocsc(), -stiffness[free] @ value)
    return value


def _write_piece(
    path: Path, x: Floats, y: Floats, data: dict[str, Floats], cells: npt.NDArray[np.int64], own: int
) -> None:
    used, local = np.unique(cells, return_inverse=True)
    ghost = (np.arange(len(cells)) >= own).astype(int)

    def array(kind: str, name: str, values: npt.NDArray[np.generic], components: int = 1) -> str:
        text = " ".join(map(repr, np.asarray(values).ravel().tolist()))
        head = f'type="{kind}" Name="{name}" NumberOfComponents="{components}" format="ascii"'
        return f"<DataArray {head}>{text}</DataArray>\n"

    path.write_text(
        '<?xml version="1.0"?>\n<VTKFile type="UnstructuredGrid" version="2.2">\n<UnstructuredGrid>\n'
        f'<Piece NumberOfPoints="{len(used)}" NumberOfCells="{len(cells)}">\n<Points>\n'
        + array("Float64", "Points", np.stack([x[used], y[used], 0 * x[used]], axis=1), 3)
        + "</Points>\n<Cells>\n"
        + array("Int32", "connectivity", local.reshape(-1))
        + array("Int32", "offsets", 3 * np.arange(1, len(cells) + 1))
        + array("Int8", "types", np.full(len(cells), 69))
        + "</Cells>\n<CellData>\n"
        + array("UInt8", "vtkGhostType", ghost)
        + "</CellData>\n<PointData>\n"
        + array("Int64", "vtkOriginalPointIds", used)
        + "".join(array("Float64", name, v[used], 1 if v.ndim == 1 else 3) for name, v in data.items())
        + "</PointData>\n</Piece>\n</UnstructuredGrid>\n</VTKFile>\n"
    )
