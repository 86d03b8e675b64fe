"""The run folder (docs/run-folder.md), written so that a kill at any time loses nothing already computed."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import meshio
import numpy as np
from dolfinx import fem, io
from mpi4py import MPI

from meshes.domain import Skin
from meshes.front import Front
from meshes.shell import Shell

from .outputs import check_ends_with, on_each, on_first
from .types import FloatArray

FRAMES = {"fields": r"^[a-z]+_?(\d{6,})", "front": r"_(\d{6,})\.\w+$", "electrodes": r"_(\d{6,})\.\w+$"}
"""Where files of output times are, and the number of the frame in their names."""


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

    def outputs(self) -> dict[str, Any]:
        """How much there is of everything that is appended to; of tables rank 0 knows.

        `tables`: bytes by name; `frames`: number.
        """
        tables = {name: (self.path / name).stat().st_size for name in self._tables}
        return {"tables": tables, "frames": self.frames}

    def cut(self, outputs: Mapping[str, Any]) -> None:
        """Go on from where the outputs were as `outputs` says: take away what came later (collective)."""
        on_first(self.comm, lambda: self._cut(outputs))
        self.frames = outputs["frames"]

    def _cut(self, outputs: Mapping[str, Any]) -> None:
        (self.path / "summary.json").unlink(missing_ok=True)
        for path in self.path.glob("*.csv"):
            if path.name not in outputs["tables"]:
                path.unlink()
        for name, size in outputs["tables"].items():
            os.truncate(self.path / name, size)
            with (self.path / name).open(newline="", encoding="utf-8") as file:
                columns = next(csv.reader(file))
            file = (self.path / name).open("a", newline="", encoding="utf-8")
            self._tables[name] = file, csv.DictWriter(file, fieldnames=columns)
        if (self.path / "fields.pvd").is_file():
            self._write_series(self._read_series()[: outputs["frames"]])
        for folder, numbered in FRAMES.items():
            for path in (self.path / folder).glob("*"):
                number = re.search(numbered, path.name)
                if number is not None and int(number[1]) >= outputs["frames"]:
                    path.unlink()

    def text(self, name: str, content: str) -> None:
        """Write a small text file."""
        on_first(self.comm, lambda: (self.path / name).write_text(content, encoding="utf-8"))

    def json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file."""
        on_first(self.comm, lambda: write_json(self.path / name, content))

    def metrics(self, row: Mapping[str, float]) -> None:
        """Append a row to metrics.csv."""
        self.row("metrics.csv", row)

    def row(self, name: str, row: Mapping[str, float | str]) -> None:
        """Append a row to a table; the first one names the columns."""
        on_first(self.comm, lambda: self._row(name, row))

    def _row(self, name: str, row: Mapping[str, float | str]) -> None:
        if name not in self._tables:
            new = (self.path / name).open("w", newline="", encoding="utf-8")
            self._tables[name] = new, csv.DictWriter(new, fieldnames=list(row))
            self._tables[name][1].writeheader()
        file, table = self._tables[name]
        table.writerow({key: v if isinstance(v, str) else f"{v:.10g}" for key, v in row.items()})
        file.flush()

    def frame(
        self,
        time: float,
        charge: float,
        unit: float,
        fields: Sequence[fem.Function],
        fronts: Mapping[str, Skin],
        currents: Mapping[str, FloatArray],
    ) -> None:
        """Write `fields` on the present mesh, and the fronts that belong to it.

        `unit`: length of one mesh unit in m; `currents`: density on every facet of every front, A/m^2.
        """
        self._fields(time, unit, fields)
        on_first(self.comm, lambda: self._fronts(time, charge, unit * 1e6, fronts, currents))
        self.frames += 1

    def _fronts(
        self,
        time: float,
        charge: float,
        scale: float,
        fronts: Mapping[str, Skin],
        currents: Mapping[str, FloatArray],
    ) -> None:
        for name, front in fronts.items():
            if isinstance(front, Front):
                self._front(time, charge, scale, name, front, currents[name])
            else:
                self._shell(scale, name, front, currents[name])

    def _shell(self, scale: float, name: str, shell: Shell, current: FloatArray) -> None:
        """Triangles of a front in um as VTK's XML, with what they consist of and the current density."""
        data = {
            "surface": shell.surface.astype(np.int32),
            "coverage": np.maximum(shell.coverage, 0.0),
            "patch": shell.patch,
            "current_A_m2": current,
        }
        path = self.path / "front" / f"{name}_{self.frames:06d}.vtu"
        path.parent.mkdir(exist_ok=True)
        cell_data = {name: [values] for name, values in data.items()}
        meshio.write(
            path, meshio.Mesh(shell.points * scale, [("triangle", shell.cells)], cell_data=cell_data)
        )

    def add_frame(self, time: float, file: str) -> None:
        """Put a file of `fields/`, whole on disk, at the end of the series."""
        on_first(self.comm, lambda: self._series(time, file))
        self.frames += 1

    def close(self) -> None:
        """Close open files."""
        for file, _ in self._tables.values():
            with suppress(OSError):  # rows were flushed one by one; what did not get there has been told of
                file.close()

    def _fields(self, time: float, unit: float, fields: Sequence[fem.Function]) -> None:
        """One .pvtu with its pieces, then the series file anew: a kill between leaves the old series."""
        x = fields[0].function_space.mesh.geometry.x
        scale = unit * 1e6
        stem = f"frame{self.frames:06d}_"
        x *= scale
        try:
            with io.VTKFile(self.comm, self.path / "fields" / f"{stem}.pvd", "w") as file:
                file.write_function(list(fields), time)
        finally:
            x /= scale
        on_each(self.comm, lambda: self._check_pieces(stem))
        on_first(self.comm, lambda: self._enter(stem, time))

    def _check_pieces(self, stem: str) -> None:
        """DOLFINx does not say when a disk is full."""
        for piece in (self.path / "fields").glob(f"{stem}_p{self.comm.rank}_*.vtu"):
            check_ends_with(piece, "</VTKFile>")

    def _enter(self, stem: str, time: float) -> None:
        single = self.path / "fields" / f"{stem}.pvd"
        found = re.search(r'file="([^"]+)"', single.read_text(encoding="utf-8"))
        if found is None:
            raise OSError(f"{single} names no piece")
        check_ends_with(self.path / "fields" / found[1], "</VTKFile>")
        self._series(time, found[1])
        single.unlink()

    def _series(self, time: float, file: str) -> None:
        """DOLFINx writes a series only when it is closed; this one is whole after every frame."""
        entry = f'    <DataSet timestep="{time:.10g}" group="" part="0" file="fields/{file}"/>'
        self._write_series([*self._read_series()[: self.frames], entry])

    def _write_series(self, entries: Sequence[str]) -> None:
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

    def _read_series(self) -> list[str]:
        if not (self.path / "fields.pvd").is_file():
            return []
        text = (self.path / "fields.pvd").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if "<DataSet" in line]

    def _front(
        self, time: float, charge: float, scale: float, name: str, front: Front, edge_current: FloatArray
    ) -> None:
        filmed = bool(front.film.any())
        lines = [
            f"# time_s={time:.10g} charge_C_m2={charge:.10g} base_um={front.base * scale:.10g}",
            "x_um,y_um,surface,coverage,patch,current_A_m2,chain" + filmed * ",film_ohm_m2",
        ]
        # One row per vertex with its edge; a last row closes every chain.
        start = 0
        for number, chain in enumerate(front.chains):
            vertex = start + np.append(np.arange(chain.edges), chain.vertices - 1 if chain.walls else 0)
            edge = front.leaving[vertex]
            edge[-1] = edge[-2]
            start += chain.vertices
            rows = zip(
                front.points[vertex, 0] * scale,
                front.points[vertex, 1] * scale,
                np.array(front.names)[front.surface[edge]],
                np.maximum(front.coverage, 0.0)[edge],
                front.patch[edge],
                edge_current[edge],
                front.film[edge],
                strict=True,
            )
            lines += [
                f"{x:.9g},{y:.9g},{s},{c:.6g},{p},{i:.8g},{number}" + filmed * f",{f:.8g}"
                for x, y, s, c, p, i, f in rows
            ]
        path = self.path / "front" / f"{name}_{self.frames:06d}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
