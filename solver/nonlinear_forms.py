r"""Weak form of the nonlinear phase-field model on an abstract mesh, compiled once for all parameters.

Unknowns at every node: the order parameter xi (1 in metal), c over its bulk value, and u = nF phi/RT. With
g = xi^2 (1 - xi)^2, h = xi^3 (6 xi^2 - 15 xi + 10), lengths over L, and any test functions v:

    (xi_t, v) = -L_s W (g', v) - L_s d/d xi [integral of 1/2 kappa(grad xi) |grad xi|^2](v)
                - L_e (h' [exp((1 - alpha) u) - c exp(-alpha u)], v) + (16 xi^2 (1 - xi)^2 noise, v)
    (c_t, v)  = -(D (grad c + c grad u), grad v) - (c_s/c_0) (xi_t, v)
    0         = -(sigma RT/(nF) grad u, grad v) - nF c_s (xi_t, v)

D and sigma go over from the electrolyte's value to the metal's with h. The gradient energy is differentiated
as it stands, torque included, with

    kappa = kappa_0 (1 + delta A),   A = cos(folds (theta - angle)) in the plane,   4 sum n_i^4 - 3 in space,

the second being the first for 4 folds where n lies in a coordinate plane. A is smoothed where xi is flat.
Guarded, without a change where 0 <= xi <= 1 and c >> 1e-4: h and h' keep their values at the ends of [0, 1]
beyond them, and the cathodic rate takes (c + sqrt(c^2 + 1e-8))/2 for c.

One stage of a time step starts from xi*, c* and takes tau: xi_t = (xi - xi*)/tau. Rows are multiplied by
tau, and the last divided by n F c_s.

Source: L. Chen et al., J. Power Sources 300 (2015) 376; L. Liang et al., Phys. Rev. E 86 (2012) 051609.
"""

from __future__ import annotations

from typing import Any

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.compat import bind, compile_form
from meshes.regions import Regions

from .constants import FARADAY
from .nonlinear_parameters import Parameters

XI, SALT, POTENTIAL = range(3)
"""Components of the unknown."""
DEGREE = 4
"""Of the quadrature: exact for the barrier."""
FLAT = 1e-3
"""Slopes of xi far below this over w have no direction."""
EMPTY = 1e-4
"""Of c: without cations there is no cathodic reaction, however negative the model's equations make c."""
NUMBERS = (
    "tau", "barrier", "gradient", "reaction", "transfer", "anisotropy", "cosine", "sine", "flat", "ratio",
    "diffusion", "diffusion_metal", "conduction", "conduction_metal",
)  # fmt: skip


class FormsError(ValueError):
    """An anisotropy that the forms do not have."""


class Forms:
    """Residual, Jacobian and integrals of the model, compiled for a cell type and a number of folds."""

    def __init__(self, comm: MPI.Intracomm, cell: str, dim: int, folds: int) -> None:
        """Write and compile (collective).

        Raises:
            FormsError: folds that `dim` dimensions do not have.
        """
        if folds and not (dim == 2 or (dim == 3 and folds == 4)):
            raise FormsError(f"{folds} folds in {dim} dimensions, expected any in two, 4 or none in three")
        self.dim, self.folds = dim, folds
        msh = ufl.Mesh(basix.ufl.element("Lagrange", cell, 1, shape=(dim,)))
        self.space = ufl.FunctionSpace(msh, basix.ufl.element("Lagrange", cell, 1, shape=(3,)))
        scalar = ufl.FunctionSpace(msh, basix.ufl.element("Lagrange", cell, 1))
        self.state, self.start = ufl.Coefficient(self.space), ufl.Coefficient(self.space)
        self.noise = ufl.Coefficient(scalar)
        self.numbers = {name: ufl.Constant(msh) for name in NUMBERS}
        dx = ufl.Measure("dx", msh, metadata={"quadrature_degree": DEGREE})
        v = ufl.TestFunction(self.space)
        residual = self._residual(v, dx)
        jacobian = ufl.derivative(residual, self.state, ufl.TrialFunction(self.space))
        expressions = {
            "residual": residual,
            "jacobian": jacobian,
            "kinetic": -self._reaction() * dx,
            "metal": self.state[XI] * dx,
            "salt": self.state[SALT] * dx,
        }
        self.compiled = {
            name: compile_form(comm, ufl.algorithms.expand_derivatives(form))
            for name, form in expressions.items()
        }

    def on(
        self,
        regions: Regions,
        space: fem.FunctionSpace,
        state: fem.Function,
        start: fem.Function,
        noise: fem.Function,
        numbers: dict[str, fem.Constant],
    ) -> dict[str, fem.Form]:
        """Forms by name on a mesh; "residual" and "jacobian" have arguments in `space`."""
        coefficients = {self.state: state, self.start: start, self.noise: noise}
        constants = {symbol: numbers[name] for name, symbol in self.numbers.items()}
        arguments = {"residual": [space], "jacobian": [space, space]}
        return {
            name: bind(form, regions.mesh, arguments.get(name, []), {}, coefficients, constants)
            for name, form in self.compiled.items()
        }

    def _residual(self, v: Any, dx: Any) -> Any:
        n, (xi, c, u) = self.numbers, ufl.split(self.state)
        before, salt, _ = ufl.split(self.start)
        grown, tau = xi - before, n["tau"]
        solid = _step(xi)
        diffusion = n["diffusion"] + (n["diffusion_metal"] - n["diffusion"]) * solid
        conduction = n["conduction"] + (n["conduction_metal"] - n["conduction"]) * solid
        flux = diffusion * (ufl.grad(c) + c * ufl.grad(u))
        well = n["barrier"] * 2.0 * xi * (1.0 - xi) * (1.0 - 2.0 * xi)
        noise = 16.0 * xi**2 * (1.0 - xi) ** 2 * self.noise
        slope = ufl.variable(ufl.grad(xi))
        tension = ufl.diff(self._gradient_energy(slope), slope)
        rows = (grown + tau * (well + self._reaction() - noise)) * v[XI]
        rows += tau * ufl.inner(tension, ufl.grad(v[XI]))
        rows += (c - salt + n["ratio"] * grown) * v[SALT] + tau * ufl.inner(flux, ufl.grad(v[SALT]))
        rows += grown * v[POTENTIAL]
        rows += tau * conduction * ufl.inner(ufl.grad(u), ufl.grad(v[POTENTIAL]))
        return rows * dx

    def _reaction(self) -> Any:
        """L_e h' [exp((1 - alpha) u) - c exp(-alpha u)]: rate at which the reaction takes metal away, 1/s."""
        n, (xi, c, u) = self.numbers, ufl.split(self.state)
        inside = _inside(xi)
        there = 0.5 * (c + ufl.sqrt(c**2 + EMPTY**2))
        anodic, cathodic = ufl.exp((1.0 - n["transfer"]) * u), there * ufl.exp(-n["transfer"] * u)
        return n["reaction"] * 30.0 * inside**2 * (1.0 - inside) ** 2 * (anodic - cathodic)

    def _gradient_energy(self, slope: Any) -> Any:
        """1/2 L_s kappa |grad xi|^2, 1/s."""
        n, square = self.numbers, ufl.inner(slope, slope)
        if not self.folds:
            return 0.5 * n["gradient"] * square
        smooth = square + n["flat"] ** 2
        if self.dim == 3:
            cubic = 4.0 * sum(slope[i] ** 4 for i in range(3)) - 3.0 * square**2
            return 0.5 * n["gradient"] * square * (1.0 + n["anisotropy"] * cubic / smooth**2)
        real, imaginary = slope[0], slope[1]
        for _ in range(self.folds - 1):
            real, imaginary = real * slope[0] - imaginary * slope[1], real * slope[1] + imaginary * slope[0]
        turned = real * n["cosine"] + imaginary * n["sine"]
        return 0.5 * n["gradient"] * square * (1.0 + n["anisotropy"] * turned / smooth ** (0.5 * self.folds))


def _step(xi: Any) -> Any:
    """The interpolation h, held at its ends outside [0, 1]."""
    inside = _inside(xi)
    return inside**3 * (6.0 * inside**2 - 15.0 * inside + 10.0)


def _inside(xi: Any) -> Any:
    return ufl.max_value(0.0, ufl.min_value(1.0, xi))


def scaled(parameters: Parameters, unit: float) -> dict[str, float]:
    """Values of `NUMBERS`, all but "tau", for a mesh whose unit length is `unit` in m."""
    p = parameters
    charge = p.electrons * FARADAY * p.density_metal
    turn = p.folds * p.anisotropy_angle
    return {
        "barrier": p.barrier_mobility * p.barrier,
        "gradient": p.capillary_speed / unit**2,
        "reaction": p.reaction_rate,
        "transfer": p.transfer,
        "anisotropy": p.anisotropy,
        "cosine": float(np.cos(turn)),
        "sine": float(np.sin(turn)),
        "flat": FLAT * unit / p.width,
        "ratio": p.density_metal / p.concentration,
        "diffusion": p.diffusivity / unit**2,
        "diffusion_metal": p.diffusivity_metal / unit**2,
        "conduction": p.conductivity * p.thermal / charge / unit**2,
        "conduction_metal": p.conductivity_metal * p.thermal / charge / unit**2,
    }
