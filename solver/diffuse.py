"""A model whose electrode surface is spread over the cells of the electrolyte, on a mesh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from dolfinx import fem
from petsc4py import PETSc

from meshes.aliases import Aliases
from meshes.compat import geometry_dofmap
from meshes.regions import Regions

from .compiled import SCALAR, Compiled
from .contact import Schottky
from .discretisation import Discretisation
from .model import FRONT, LIQUID, WORKING, Conductor, Diffuse, Interface, Model
from .reaction import Conductance, Kinetics, Reaction, Supply
from .types import FloatArray, IntArray

ELECTROLYTE, METAL, SUBSTRATE = "electrolyte", "metal", "substrate"
"""Names of the medium, of the metal in the same cells, and of the facets that the metal grows on."""
BED = "bed"
"""Deposition on the substrate, where no metal covers it."""
GROUND, JUNCTION = "ground", "junction"
"""Contacts of the metal with the collector through the substrate."""
PERFECT = 1e5
"""Conductance of an ohmic contact over that of the electrolyte between the electrodes. It costs microvolts;
with more, rounding of the potentials is more than the solver wants to see in the currents."""
INSULATING = 1e-6
"""Conductivity of the metal's equation where there is no metal, over that of the electrolyte."""

LARGEST_DEPTH = 18.0
"""In widths: xi is 2e-8 there."""


def spread(model: Model, width: float, gap: float, conductivity: float, junction: Schottky | None) -> Model:
    """The `model` of a sharp growing electrode with a surface that is spread over cells.

    The metal has a potential of its own and touches the collector through the substrate.

    Args:
        model: with the interface FRONT, from the collector to the liquid.
        width: w of the interface, m.
        gap: between the electrodes, m.
        conductivity: of the metal, S/m.
        junction: beside an ohmic contact, where the substrate has one.
    """
    front = next(i for i in model.interfaces if i.boundary == FRONT)
    others = tuple(replace(i, grows=False) for i in model.interfaces if i is not front)
    kappa = model.closure.conductivity(model.temperature)
    contacts: list[tuple[str, Kinetics]] = [(GROUND, Conductance(PERFECT * kappa / gap))]
    if junction is not None:
        contacts.append((JUNCTION, Supply(junction)))
    surfaces = [replace(front, boundary=name, inner=METAL, grows=False, graded=True) for name in (FRONT, BED)]
    return replace(
        model,
        interfaces=(
            *surfaces,
            *(
                Interface(name, WORKING, (Reaction(name, 1, {}, law),), METAL, graded=True)
                for name, law in contacts
            ),
            *others,
        ),
        conductors=(*model.conductors, Conductor(METAL, conductivity)),
        diffuse=Diffuse(width, FRONT, (BED,), ELECTROLYTE, METAL, leak=INSULATING * kappa / conductivity),
    )


class Spread(Discretisation):
    """See the module.

    Attributes:
        depth: s of symbols.Phase, mesh units; P1 on the space SCALAR.
        curvature: kappa of symbols.Phase, likewise.
        activity: factor of the current on every cell, by graded interface.
        shift: added to F eta/RT at the nodes, likewise.
        cosine: of the contact angle of the metal, in the cells beside the substrate.
    """

    def __init__(self, model: Model, regions: Regions, compiled: Compiled | None = None) -> None:
        """Make spaces on `regions` and bind the forms; the activities are 1, all is electrolyte."""
        assert model.diffuse is not None
        others = dict.fromkeys((GROUND, JUNCTION, BED), SUBSTRATE) | dict.fromkeys(
            (METAL, FRONT), ELECTROLYTE
        )
        self.cells = fem.functionspace(regions.mesh, ("DG", 0))
        graded = [i.boundary for i in model.interfaces if i.graded]
        self.activity = {name: fem.Function(self.cells) for name in graded}
        for factor in self.activity.values():
            factor.x.array[:] = 1.0
        self.cosine = fem.Function(self.cells)
        super().__init__(model, Aliases(regions, others), compiled)  # type: ignore[arg-type]
        self.width = model.diffuse.width / regions.unit
        self.corners = regions.mesh.geometry.x[:, : regions.dim][geometry_dofmap(regions.mesh)]
        """Of every local cell, shape (cells, d + 1, d)."""
        self._node = _same_nodes(self.spaces[SCALAR], self.spaces[LIQUID])
        self._scalar = np.argsort(self._node)
        self.hat = self._hats()
        self.set_depth(np.full(self.depth.x.array.size, -np.inf))

    def _coefficients(self) -> dict[Any, fem.Function]:
        eq = self.equations
        if not hasattr(self, "depth"):
            self.depth, self.curvature = (fem.Function(self.spaces[SCALAR]) for _ in range(2))
            self.shift = {name: fem.Function(self.spaces[SCALAR]) for name in self.activity}
        coefficients = super()._coefficients()
        assert eq.phase is not None
        coefficients |= {eq.phase.depth: self.depth, eq.phase.curvature: self.curvature}
        for name, surface in eq.surfaces.items():
            coefficients |= {surface.activity: self.activity[name], surface.shift: self.shift[name]}
        return coefficients

    def _touching(self, name: str) -> tuple[IntArray, IntArray]:
        """Terminals act through the facets of the outer boundary only."""
        numbers, dofs = super()._touching(name)
        width = len(self.equations.fields) if name == LIQUID else 1
        boundaries = [i.boundary for i in self.model.interfaces if i.boundary != FRONT]
        nodes = self._union([self.regions.dofs(self.spaces[name], boundary) for boundary in boundaries])
        near = np.isin(dofs // width, nodes)
        return numbers[near].astype(PETSc.IntType), dofs[near]

    def _hats(self) -> FloatArray:
        """Gradients of the barycentric coordinates in every local cell, shape (cells, d + 1, d)."""
        edges = self.corners[:, 1:] - self.corners[:, :1]
        inner = np.linalg.inv(edges).transpose(0, 2, 1)
        return np.concatenate((-inner.sum(axis=1, keepdims=True), inner), axis=1)

    @property
    def largest_depth(self) -> float:
        """Beyond it the order parameter counts as 0 or 1."""
        return float(LARGEST_DEPTH * self.width)

    def set_depth(self, depth: FloatArray) -> None:
        """Place the surface: depth of the local nodes of the space SCALAR, mesh units."""
        self.depth.x.array[:] = np.clip(depth, -self.largest_depth, self.largest_depth)

    def nodal(self, name: str) -> FloatArray:
        """Scaled values of a liquid field at the local nodes of the space SCALAR."""
        values = self.functions[LIQUID].x.array.reshape(-1, len(self.equations.fields))
        return np.asarray(values[self._node, self.equations.fields.index(name)])

    def set_nodal(self, name: str, values: FloatArray) -> None:
        """Set a liquid field from values at the local nodes of the space SCALAR."""
        fields = self.functions[LIQUID].x.array.reshape(-1, len(self.equations.fields))
        fields[self._node, self.equations.fields.index(name)] = values

    def wet_nodes(self) -> FloatArray:
        """1 - xi at the local nodes of the liquid."""
        wet = 1.0 / (1.0 + np.exp(self.depth.x.array / self.width))
        return np.asarray(wet[self._scalar])

    def metal_potential(self) -> FloatArray:
        """F U/RT at the local nodes of the space SCALAR."""
        return np.asarray(self.functions[METAL].x.array)

    def surface_currents(self) -> dict[str, FloatArray]:
        """Integrals of i v over spread surface and bed, in current scales; owned nodes (collective)."""
        forms = self._forms["surface current"]
        return {name: self.vector(forms[name,]) for name in (FRONT, BED)}


def _same_nodes(scalar: fem.FunctionSpace, blocked: fem.FunctionSpace) -> IntArray:
    """Node of `blocked` for every local node of `scalar`, a space of the same elements."""
    nodes = np.empty(scalar.dofmap.list.max(initial=-1) + 1, dtype=np.int32)
    nodes[scalar.dofmap.list.ravel()] = blocked.dofmap.list.ravel()
    return nodes
