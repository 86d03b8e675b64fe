"""The run folder (docs/run-folder.md), written so that a kill at any time loses nothing already computed."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from dolfinx import fem, io
from mpi4py import MPI

from meshes.front import Front

from .equations import POTENTIAL
from .growing import Growing
from .types import FloatArray


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    temporary = path.with_suffix(path.suffix + ".part")
    temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


class RunFolder:
    """Writer of one run folder; all methods are collective, rank 0 writes what is not a field.

    Fields of all output times form one series `fields.pvd`. The mesh may differ at every time.
    """

    def __init__(self, path: Path, comm: MPI.Comm) -> None:
        """Make the folder (rank 0) and open the series."""
        self.path, self.comm = path, comm
        self.frames = 0
        self._tables: dict[str, tuple[TextIO, csv.DictWriter[str]]] = {}
        if comm.rank == 0:
            (path / "fields").mkdir(parents=True, exist_ok=True)
        comm.barrier()

    def text(self, name: str, content: str) -> None:
        """Write a small text file."""
        if self.comm.rank == 0:
            (self.path / name).write_text(content, encoding="utf-8")

    def json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file."""
        if self.comm.rank == 0:
            write_json(self.path / name, content)

    def metrics(self, row: Mapping[str, float]) -> None:
        """Append a row to metrics.csv."""
        self.row("metrics.csv", row)

    def row(self, name: str, row: Mapping[str, float | str]) -> None:
        """Append a row to a table; the first one names the columns."""
        if self.comm.rank != 0:
            return
        if name not in self._tables:
            new = (self.path / name).open("w", newline="", encoding="utf-8")
            self._tables[name] = new, csv.DictWriter(new, fieldnames=list(row))
            self._tables[name][1].writeheader()
        file, table = self._tables[name]
        table.writerow({key: v if isinstance(v, str) else f"{v:.10g}" for key, v in row.items()})
        file.flush()

    def frame(
        self, time: float, charge: float, problem: Growing, front: Front, edge_current: FloatArray
    ) -> None:
        """Write concentration and potential on the present mesh, and the front that belongs to it."""
        self._fields(time, problem)
        if self.comm.rank == 0:
            self._front(time, charge, problem.domain.unit * 1e6, front, edge_current)
        self.frames += 1

    def add_frame(self, time: float, file: str) -> None:
        """Put a file of `fields/`, whole on disk, at the end of the series."""
        if self.comm.rank == 0:
            self._series(time, file)
        self.frames += 1

    def close(self) -> None:
        """Close open files."""
        for file, _ in self._tables.values():
            file.close()

    def _fields(self, time: float, problem: Growing) -> None:
        """One .pvtu with its pieces, then the series file anew: a kill between leaves the old series."""
        domain, eq = problem.domain, problem.equations
        c, p = fem.Function(domain.space), fem.Function(domain.space)
        c.name, p.name = "concentration_mol_m3", "potential_V"
        c.x.array[:] = problem.nodal(eq.fields[0]) * eq.c0
        p.x.array[:] = problem.nodal(POTENTIAL) * eq.vt
        x = domain.mesh.geometry.x
        scale = domain.unit * 1e6
        stem = f"frame{self.frames:06d}_"
        x *= scale
        try:
            with io.VTKFile(self.comm, self.path / "fields" / f"{stem}.pvd", "w") as file:
                file.write_function([c, p], time)
        finally:
            x /= scale
        if self.comm.rank == 0:
            single = self.path / "fields" / f"{stem}.pvd"
            found = re.search(r'file="([^"]+)"', single.read_text(encoding="utf-8"))
            if found is None:
                raise OSError(f"{single} names no piece")
            self._series(time, found[1])
            single.unlink()

    def _series(self, time: float, file: str) -> None:
        """DOLFINx writes a series only when it is closed; this one is whole after every frame."""
        entry = f'    <DataSet timestep="{time:.10g}" group="" part="0" file="fields/{file}"/>'
        entries = [*self._entries(), entry]
        lines = [
            '<?xml version="1.0"?>',
            '<VTKFile type="Collection" version="0.1">',
            "  <Collection>",
            *entries,
        ]
        lines += ["  </Collection>", "</VTKFile>", ""]
        target = self.path / "fields.pvd"
        temporary = target.with_suffix(".part")
        temporary.write_text("\n".join(lines), encoding="utf-8")
        os.replace(temporary, target)

    def _entries(self) -> list[str]:
        if self.frames == 0:
            return []
        text = (self.path / "fields.pvd").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if "<DataSet" in line]

    def _front(
        self, time: float, charge: float, scale: float, front: Front, edge_current: FloatArray
    ) -> None:
        def per_vertex(values: Any) -> Any:
            return np.append(values, values[-1])

        names = np.array(front.names)[per_vertex(front.surface)]
        rows = zip(
            front.points[:, 0] * scale,
            front.points[:, 1] * scale,
            names,
            per_vertex(np.maximum(front.coverage, 0.0)),
            per_vertex(front.patch),
            per_vertex(edge_current),
            strict=True,
        )
        lines = [
            f"# time_s={time:.10g} charge_C_m2={charge:.10g}",
            "x_um,y_um,surface,coverage,patch,current_A_m2",
        ]
        lines += [f"{x:.9g},{y:.9g},{s},{c:.6g},{p},{i:.8g}" for x, y, s, c, p, i in rows]
        path = self.path / "front" / f"front_{self.frames:06d}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
