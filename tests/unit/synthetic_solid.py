"""Write the folder of a growing run in 3D, from closed formulas and without any solver.

The front is z = h(x, y, t), a bump on a film; the electrolyte above it is a grid of tetrahedra with the
concentration 100 + 20 x + 30 y + 50 z, which linear elements hold exactly.
"""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BOX_UM = (3.0, 2.0, 4.0)
TIP_UM = (1.5, 0.5)  # x, y of the bump
LEVELS = 8
KUHN = np.array([[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]])
"""Tetrahedra of a brick with corner number dx + 2 dy + 4 dz."""


def height(x: Floats, y: Floats, s: float) -> Floats:
    """Height of the front at relative time s, micrometres."""
    away = (x - TIP_UM[0]) ** 2 + (y - TIP_UM[1]) ** 2
    return np.asarray(0.2 * s + 1.6 * s * np.exp(-away / 0.18))


def concentration(points: Floats) -> Floats:
    """At places in micrometres, shape (n, 3); mol/m3."""
    return np.asarray(100.0 + points @ [20.0, 30.0, 50.0])


def write_solid_run(folder: Path, frames: int = 3, cells: tuple[int, int] = (30, 20)) -> Path:
    """Write a run in 3D with `frames` output times from 0 to 20 s; `cells` in x and y."""
    (folder / "front").mkdir(parents=True)
    (folder / "fields").mkdir()
    entries, rows = [], []
    for k, s in enumerate(np.linspace(0.0, 1.0, frames).tolist()):
        points, triangles = surface(s, cells)
        data = {
            "surface": np.zeros(len(triangles), np.int32),
            "coverage": np.ones(len(triangles)),
            "patch": np.full(len(triangles), -1, np.int32),
            "current_A_m2": -100.0 - 50.0 * points[triangles, 2].mean(axis=1),
        }
        cell_data = {name: [values] for name, values in data.items()}
        mesh = meshio.Mesh(points, [("triangle", triangles)], cell_data=cell_data)
        meshio.write(folder / "front" / f"front_{k:06d}.vtu", mesh)
        _write_fields(folder / "fields" / f"frame{k:06d}.vtu", s, cells)
        entries.append(f'<DataSet timestep="{20.0 * s}" part="0" file="fields/frame{k:06d}.vtu"/>\n')
        rows.append(_row(20.0 * s, points))
    head = '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n<Collection>\n'
    (folder / "fields.pvd").write_text(head + "".join(entries) + "</Collection>\n</VTKFile>\n")
    lines = [",".join(rows[0]), *(",".join(repr(float(v)) for v in row.values()) for row in rows)]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "case.toml").write_text('title = "Synthetic bump"\n')
    return folder


def surface(s: float, cells: tuple[int, int]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Vertices and triangles of the front, their normals upwards."""
    x, y = (np.linspace(0.0, BOX_UM[d], cells[d] + 1) for d in (0, 1))
    px, py = (v.ravel() for v in np.meshgrid(x, y, indexing="ij"))
    i, j = (v.ravel() for v in np.meshgrid(np.arange(cells[0]), np.arange(cells[1]), indexing="ij"))
    a = i * (cells[1] + 1) + j
    b, c, d = a + cells[1] + 1, a + cells[1] + 2, a + 1
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return np.column_stack([px, py, height(px, py, s)]), triangles


def _write_fields(path: Path, s: float, cells: tuple[int, int]) -> None:
    base, _ = surface(s, cells)
    t = np.linspace(0.0, 1.0, LEVELS + 1)
    points = np.repeat(base, LEVELS + 1, axis=0)
    points[:, 2] += ((BOX_UM[2] - base[:, 2])[:, None] * t).ravel()
    i, j, k = (v.ravel() for v in np.meshgrid(*map(np.arange, (*cells, LEVELS)), indexing="ij"))
    corners = [
        ((i + dx) * (cells[1] + 1) + j + dy) * (LEVELS + 1) + k + dz
        for dz in (0, 1)
        for dy in (0, 1)
        for dx in (0, 1)
    ]
    bricks = np.stack(corners, axis=1)
    data = {"concentration_mol_m3": concentration(points), "potential_V": 0.1 * points[:, 2]}
    tetrahedra = bricks[:, KUHN].reshape(-1, 4)
    meshio.write(path, meshio.Mesh(points, [("tetra", tetrahedra)], point_data=data))


def _row(time: float, points: Floats) -> dict[str, float]:
    z = points[:, 2]
    return {
        "time_s": time, "step_s": 1.0, "voltage_V": -0.1, "current_A_m2": -120.0, "charge_C_m2": 10.0 * time,
        "capacity_mAh_cm2": 10.0 * time / 3.6e4, "thickness_mean_um": float(z.mean()), "gap_um": 2.0,
        "thickness_max_um": float(z.max()), "roughness_um": float(z.std()), "aspect_ratio": 1.0,
        "tip_height_um": float(z.max() - np.median(z)), "coverage": 1.0, "matrix_coverage": 1.0,
        "floating_patches": 0.0, "islands_nucleated": 0.0, "seed_height_um": 0.0, "faraday_error": 1e-6,
        "mass_error": 1e-9, "newton_iterations": 3.0, "cells": 1.0, "front_nodes": len(z), "remeshes": 0.0,
    }  # fmt: skip
