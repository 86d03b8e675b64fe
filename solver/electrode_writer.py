"""Where the current goes on the electrodes of a fixed mesh: one CSV file per interface and output time."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem, la

from meshes.compat import facets_of_reference_cell, geometry_dofmap
from meshes.regions import simplex_measure

from .discretisation import Discretisation
from .field_writer import UM, FieldWriter, put
from .model import LIQUID, Interface
from .outputs import on_first
from .types import FloatArray, IntArray


class ElectrodeWriter:
    """Writes the current density of every interface, facet by facet, in 2D and 3D; nothing in 1D.

    The current density is the mean over a facet of what the kinetics give, the integral of i divided by the
    size, so that sizes times densities add up to the current of the interface. Facets that belong to one cell
    (in a corner of the electrode) share their mean.
    """

    def __init__(self, problem: Discretisation, fields: FieldWriter) -> None:
        """Compile the integrals over facets (collective)."""
        self.problem, self._fields = problem, fields
        self._forms: dict[str, dict[str, Any]] = {}
        if problem.regions.dim == 1:
            return
        regions, eq = problem.regions, problem.equations
        constant = ufl.FunctionSpace(eq.mesh, basix.ufl.element("DG", regions.cell, 0))
        self._space = fem.functionspace(regions.mesh, ("DG", 0))
        for interface in problem.model.interfaces:
            if interface.reactions:
                self._forms[interface.boundary] = {
                    column: problem.bound(_by_cell(eq.currents[key], constant), [self._space])
                    for column, key in _columns(interface).items()
                }
        self._sides = self._first_sides()

    def write(self, folder: Path, number: int, time: float, charge: float) -> None:
        """Write FOLDER/NAME_NUMBER.csv for every interface (collective; rank 0 writes)."""
        for name in self._forms:
            table, text = self.table(name), ""
            if table is not None:
                head = f"# time_s={time:.10g} charge_C_m2={charge:.10g}"
                lines = [head, f"# boundary: {name}", ",".join(table)]
                lines += [",".join(f"{v:.9g}" for v in row) for row in zip(*table.values(), strict=True)]
                text = "\n".join(lines) + "\n"
            on_first(self.problem.comm, partial(_put, folder / f"{file_name(name)}_{number:06d}.csv", text))

    def table(self, boundary: str) -> dict[str, FloatArray] | None:
        """Columns by name on rank 0, None elsewhere; facets in ascending order of x, y, z (collective)."""
        problem, regions = self.problem, self.problem.regions
        dim, unit = regions.dim, regions.unit
        cells, nodes, corners = self._facets(boundary)
        size = simplex_measure(corners)
        sizes = self._shared(cells, size)
        table: dict[str, FloatArray] = {
            f"{axis}_um": corners[:, :, k].mean(axis=1) * unit * UM for k, axis in enumerate("xyz"[:dim])
        }
        table["size_um" if dim == 2 else "size_um2"] = size * (unit * UM) ** (dim - 1)
        for column, form in self._forms[boundary].items():
            current = self._shared(None, problem.vector(form))
            table[column] = current[cells] / (sizes[cells] * unit ** (dim - 1))
        for label, values in self._fields.liquid().items():
            table[label] = values[nodes].mean(axis=1)
        for k in range(dim):
            for axis, letter in enumerate("xyz"[:dim]):
                table[f"{letter}{k + 1}_um"] = corners[:, k, axis] * unit * UM
        gathered = problem.comm.gather(np.column_stack(list(table.values())), root=0)
        if gathered is None:
            return None
        rows = np.concatenate(gathered)
        places = rows[:, :dim]
        order = np.lexsort(np.rint(places / (1e-9 * max(float(np.ptp(places)), 1e-300))).T[::-1])
        return {label: rows[order, k] for k, label in enumerate(table)}

    def _first_sides(self) -> dict[str, IntArray]:
        """(cell, local facet) of the first side of the owned facets of every interface."""
        found: dict[str, IntArray] = {}
        numbers = {tag: name for name, tag in self.problem.regions.boundaries.items()}
        for kind, entities in self.problem.regions.entities().items():
            if kind != fem.IntegralType.cell:
                width = 4 if kind == fem.IntegralType.interior_facet else 2
                found |= {numbers[tag]: sides.reshape(-1, width)[:, :2] for tag, sides in entities}
        return found

    def _facets(self, boundary: str) -> tuple[IntArray, IntArray, FloatArray]:
        """Of owned facets: cell, corners among the nodes of the liquid's space, and in mesh coordinates."""
        regions = self.problem.regions
        cells, local = self._sides[boundary].T
        corner = facets_of_reference_cell(regions.dim)[local]
        nodes = self.problem.spaces[LIQUID].dofmap.list[cells[:, None], corner]
        x = regions.mesh.geometry.x[:, : regions.dim]
        return cells, nodes, x[geometry_dofmap(regions.mesh)[cells[:, None], corner]]

    def _shared(self, cells: IntArray | None, values: FloatArray) -> FloatArray:
        """Sums over ranks by local cell, ghosts included; `values` by entry of `cells`, or by owned cell."""
        index_map = self._space.dofmap.index_map
        vector = la.vector(index_map, 1)
        vector.array[:] = 0.0
        dofs = self._space.dofmap.list[:, 0]
        if cells is None:
            vector.array[: index_map.size_local] = values
        else:
            np.add.at(vector.array, dofs[cells], values)
            vector.scatter_reverse(la.InsertMode.add)
        vector.scatter_forward()
        return np.asarray(vector.array[dofs])


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    put(path, text)


def file_name(boundary: str) -> str:
    """The name of a boundary as part of the name of a file."""
    return re.sub(r"[^\w.+-]", "_", boundary)


def _columns(interface: Interface) -> dict[str, str]:
    """Column -> name of the current; reactions apart where there are several."""
    name = interface.boundary
    columns = {"current_A_m2": name}
    if len(interface.reactions) > 1:
        columns |= {f"current_{r.name}_A_m2": f"{name}/{r.name}" for r in interface.reactions}
    return columns


def _by_cell(form: Any, space: Any) -> Any:
    """A linear form that gives the part of a 0-form over facets that belongs to each (first) cell."""
    v = ufl.TestFunction(space)
    parts = []
    for part in form.integrals():
        here = v("+") if part.integral_type() == "interior_facet" else v
        parts.append(part.reconstruct(integrand=part.integrand() * here))
    return ufl.Form(parts)
