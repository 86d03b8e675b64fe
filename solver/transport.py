r"""Electroneutral Nernst-Planck transport with a reacting, moving boundary.

Species i = 1..N with charge z_i. Unknowns are the concentrations of all but the last species and the
potential; the last concentration follows from sum_i z_i c_i = 0. Scaled with the reference concentration c0,
the thermal voltage and the length L of one mesh unit, C = c/c0, P = F phi/RT, X = x/L, each species obeys

    tau_i dC_i/dt = div( grad C_i + z_i C_i grad P ),   tau_i = L^2/D_i

and on an electrode (outward normal n, relative to the moving surface) -N_i . n = nu_i i/(n F).

In time: implicit Euler on an arbitrarily moving mesh. A step solves, for all test functions v,

    sum_i tau_i/dt [ (C_i, v_i) - m_i ] + (grad C_i + z_i C_i grad P, grad v_i) - g_k <j, v_k> = 0

on the present mesh, with g_k = i0 L/(n F D_k c0) for the ion k that reacts and j the current in units of i0.
Then the mesh moves by d. What the next step starts from is the functional

    m_i(v_i) = (C_i, v_i)_before - (C_i d, grad v_i)_midway

The second integral is taken midway of the motion, where it is exact for triangles: a uniform concentration
stays uniform under any motion of inner nodes, and since the gradients of the v_i sum to zero, no motion ever
changes the amount of a species (Formaggia and Nobile, Comput. Methods Appl. Mech. Eng. 193, 4097 (2004)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem, la
from mpi4py import MPI

from meshes.compat import bind, compile_form
from meshes.domain import COUNTER, FRONT, Domain

from .constants import FARADAY
from .electrolyte import Electrolyte, Metal
from .kinetics import ButlerVolmer
from .types import FloatArray, IntArray


@dataclass(frozen=True)
class Physics:
    """Materials and the electrode reaction of a cell; the counter electrode is the zero of potential.

    Attributes:
        electrolyte, metal, kinetics: what they say.
        voltage: of the working electrode's collector versus the counter electrode, in V.
    """

    electrolyte: Electrolyte
    metal: Metal
    kinetics: ButlerVolmer
    voltage: float

    @property
    def ion(self) -> int:
        """Position of the depositing ion among the species."""
        return self.electrolyte.index(self.metal.ion)

    @property
    def reference(self) -> float:
        """c0 in mol/m^3: the initial concentration of the depositing ion."""
        return self.electrolyte.species[self.ion].concentration


def _electroneutral(unknown: Any, charges: Any, n: int) -> list[Any]:
    """All N concentrations from the N-1 unknown ones."""
    known = [unknown[i] for i in range(n - 1)]
    return [*known, -sum(charges[i] * known[i] for i in range(n - 1)) / charges[n - 1]]


class TransportForms:
    """The weak forms, compiled once on an abstract mesh and bound to each mesh that comes along."""

    def __init__(self, comm: MPI.Comm, physics: Physics) -> None:
        """Write and compile the forms for the species and kinetics of `physics`."""
        n, ion, bv = len(physics.electrolyte.species), physics.ion, physics.kinetics
        if n < 2 or ion == n - 1:
            raise ValueError("the depositing ion must not be the last species: that one is eliminated")
        self.species, self.ion = n, ion
        lagrange = basix.ufl.element("Lagrange", "triangle", 1)
        cell = ufl.Mesh(basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
        facet = ufl.Mesh(basix.ufl.element("Lagrange", "interval", 1, shape=(2,)))
        w_space = ufl.FunctionSpace(cell, basix.ufl.blocked_element(lagrange, shape=(n,)))
        d_space = ufl.FunctionSpace(cell, basix.ufl.blocked_element(lagrange, shape=(2,)))
        v_space = ufl.FunctionSpace(cell, lagrange)
        f_space = ufl.FunctionSpace(facet, basix.ufl.element("DG", "interval", 0))

        self.u, self.d, self.curvature = (ufl.Coefficient(s) for s in (w_space, d_space, v_space))
        self.potential, self.activity, self.floating = (ufl.Coefficient(f_space) for _ in range(3))
        self.tau, self.z = (ufl.Constant(cell, shape=(n,)) for _ in range(2))
        self.rate, self.g, self.capillary, self.electrons, self.ratio = (ufl.Constant(cell) for _ in range(5))

        v, w = ufl.TestFunction(w_space), ufl.TestFunction(v_space)
        dx = ufl.Measure("dx", cell, metadata={"quadrature_degree": 2})
        ds = ufl.Measure("ds", cell, metadata={"quadrature_degree": 3})
        c, p = _electroneutral(self.u, self.z, n), self.u[n - 1]

        def current(metal: Any) -> Any:
            return bv.current(self.electrons * (metal - p), self.ratio * c[ion], ufl.exp)

        front = self.activity * current(self.potential + self.capillary * self.curvature)
        metal = ufl.variable(self.potential)
        slope = self.activity * bv.slope(
            self.electrons * (metal + self.capillary * self.curvature - p), self.ratio * c[ion], ufl.exp
        )
        by_ratio = (
            -self.activity
            * self.ratio
            * ufl.exp(-bv.alpha_c * self.electrons * (metal + self.capillary * self.curvature - p))
        )
        mass = sum(self.tau[i] * c[i] * v[i] for i in range(n))
        bulk = sum(
            ufl.inner(ufl.grad(c[i]) + self.z[i] * c[i] * ufl.grad(p), ufl.grad(v[i])) for i in range(n)
        )
        residual = (
            (self.rate * mass + bulk) * dx
            - self.g * front * v[ion] * ds(FRONT)
            - self.g * current(0.0) * v[ion] * ds(COUNTER)
        )
        forms = {
            "residual": residual,
            "jacobian": ufl.derivative(residual, self.u),
            "mass": mass * dx,
            "motion": sum(self.tau[i] * c[i] * ufl.inner(self.d, ufl.grad(v[i])) for i in range(n)) * dx,
            "front_current": front * w * ds(FRONT),
            "counter_current": current(0.0) * ds(COUNTER),
            "floating_current": self.floating * front * w * ds(FRONT),
            "floating_by_potential": self.floating * self.electrons * slope * w * ds(FRONT),
            "floating_by_concentration": self.floating * by_ratio * w * ds(FRONT),
        }
        self.compiled = {name: compile_form(comm, form) for name, form in forms.items()}


class Transport:
    """The transport problem on one mesh: fields, bound forms, and the maps between them.

    Attributes:
        u: unknowns (C_1..C_{N-1}, P), interleaved.
        displacement: motion of the mesh in the present step (mesh units).
        curvature: of the front at its vertices, in 1/mesh unit, positive on a tip.
        potential: of the metal under each front facet, in RT/F.
        activity: factor of the exchange current density on each front facet: covered part, crystal direction.
        floating: 1 on facets of floating deposits, 0 elsewhere.
    """

    def __init__(self, forms: TransportForms, domain: Domain, physics: Physics) -> None:
        """Make spaces and functions on `domain` and bind the compiled forms to them."""
        self.forms, self.domain, self.physics = forms, domain, physics
        n, species, unit = forms.species, physics.electrolyte.species, domain.unit
        msh, facets = domain.mesh, domain.facet_space
        self.space = fem.functionspace(msh, ("Lagrange", 1, (n,)))
        motion = fem.functionspace(msh, ("Lagrange", 1, (2,)))
        self.u, self.displacement, self.curvature = (
            fem.Function(s) for s in (self.space, motion, domain.space)
        )
        self.potential, self.activity, self.floating = (fem.Function(facets) for _ in range(3))
        tau = np.array([unit**2 / s.diffusivity for s in species])
        charges = np.array([float(s.charge) for s in species])
        vt, bv = physics.electrolyte.thermal_voltage, physics.kinetics
        nu = physics.metal.charge_number
        self.g = (
            bv.exchange_current_density
            * unit
            / (nu * FARADAY * species[forms.ion].diffusivity * physics.reference)
        )
        values = {
            forms.tau: tau,
            forms.z: charges,
            forms.g: self.g,
            forms.capillary: physics.metal.capillary_voltage / (vt * unit),
            forms.electrons: float(nu),
            forms.ratio: physics.reference / bv.reference_concentration,
            forms.rate: 0.0,
        }
        constants = {
            symbol: fem.Constant(msh, np.asarray(value, dtype=float)) for symbol, value in values.items()
        }
        self.rate = constants[forms.rate]
        self.tau, self.charges = tau, charges
        coefficients = {
            forms.u: self.u,
            forms.d: self.displacement,
            forms.curvature: self.curvature,
            forms.potential: self.potential,
            forms.activity: self.activity,
            forms.floating: self.floating,
        }
        arguments = {"jacobian": 2 * [self.space], "counter_current": []}
        scalar = {"front_current", "floating_current", "floating_by_potential", "floating_by_concentration"}
        self.bound = {
            name: bind(
                form,
                msh,
                arguments.get(name, [domain.space] if name in scalar else [self.space]),
                domain.integration_entities(),
                coefficients,
                constants,
                domain.facet_mesh,
            )
            for name, form in forms.compiled.items()
        }
        # Both spaces number the same vertices, perhaps differently.
        self.block_of_vertex = np.empty(domain.coordinates.shape[0], dtype=np.int32)
        self.block_of_vertex[domain.space.dofmap.list.ravel()] = self.space.dofmap.list.ravel()
        self.blocks = self.space.dofmap.index_map.size_local

    def vector(self, name: str) -> FloatArray:
        """Assemble a linear form; owned entries only."""
        assembled = fem.assemble_vector(self.bound[name])
        assembled.scatter_reverse(la.InsertMode.add)
        index_map, size = assembled.index_map, assembled.block_size
        return np.array(assembled.array[: index_map.size_local * size])

    def at_front(self, name: str) -> FloatArray:
        """Assemble a scalar linear form and return its value at every front vertex, on all ranks."""
        return self.domain.gather_front(self.vector(name))

    def component(self, index: int) -> FloatArray:
        """Values of unknown `index` at the local P1 dofs of `domain.space`, ghosts included."""
        return np.asarray(self.u.x.array[self.forms.species * self.block_of_vertex + index])

    def unknown_dofs(self, dofs: IntArray, index: int) -> IntArray:
        """Local numbers in `u` of unknown `index` at P1 dofs `dofs` of `domain.space`."""
        return self.forms.species * self.block_of_vertex[dofs] + index

    def amounts(self, functional: FloatArray) -> FloatArray:
        """Amount of every species in units of c0 times mesh area, from a mass functional, shape (N,)."""
        local = functional.reshape(-1, self.forms.species).sum(axis=0) / self.tau
        return np.asarray(self.domain.comm.allreduce(local, op=MPI.SUM))

    def counter_current(self) -> float:
        """Current from the counter electrode in units of i0 times one mesh unit."""
        return float(
            self.domain.comm.allreduce(fem.assemble_scalar(self.bound["counter_current"]), op=MPI.SUM)
        )
