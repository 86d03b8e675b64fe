"""Strong equations of electrochemical transport for manufactured solutions, by hand.

A field that anyone may choose becomes a solution when what it leaves in the equations is added to them as a
known source:

    volume:    s = d(stored)/dt + div(flux) - made
    boundary:  g = -flux . n - what the electrode sends in

The formulas here are those of the books, in SI, and share no code with `solver.closures`, `solver.equations`
or `solver.reaction`, so that an error on one side shows as a lost order of convergence.
Source of the method: Roache, J. Fluids Eng. 124, 4 (2002), doi:10.1115/1.1436090; of the equations: Newman
and Balsara, Electrochemical Systems, 4th ed., ch. 11 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ufl

from solver.expression import Expression
from solver.model import Source

F, R = 96485.33212, 8.31446261815324
"""C/mol and J/(mol K), CODATA 2018 (exact); not taken from the solver."""
VACUUM = 8.8541878128e-12
"""F/m, CODATA 2018."""
POTENTIAL = "potential"


class Exact:
    """The exact fields at (x, t) as UFL, and derivatives in SI.

    Attributes:
        x: position in m, UFL vector.
        t: time in s, a UFL variable.
    """

    def __init__(self, fields: Mapping[str, Expression], x: Any, t: Any, unit: float) -> None:
        """Take `fields` (formulas in x, y, z, t) on a mesh whose coordinates are lengths/`unit`."""
        self.x, self.t, self._unit = x, ufl.variable(t), unit
        dim = x.ufl_shape[0]
        self._place = {name: x[i] if i < dim else 0.0 for i, name in enumerate("xyz")} | {"t": self.t}
        self._values = {name: self.of(formula) for name, formula in fields.items()}

    def __getitem__(self, name: str) -> Any:
        """A concentration in mol/m^3, or the potential in V."""
        return self._values[name]

    def of(self, formula: Expression) -> Any:
        """Any formula in x, y, z, t here."""
        return formula(**{name: self._place[name] for name in formula.names})

    def grad(self, f: Any) -> Any:
        """Per metre."""
        return ufl.grad(f) / self._unit

    def div(self, f: Any) -> Any:
        """Per metre."""
        return ufl.div(f) / self._unit

    def rate(self, f: Any) -> Any:
        """d/dt at a fixed place."""
        return ufl.diff(f, self.t)


@dataclass(frozen=True)
class Balance:
    """d(stored)/dt + div(flux) = made, of one field; UFL in SI.

    Attributes:
        flux: all of it, with convection.
        stored: 0 where the equation has no time derivative.
        made: right-hand side.
    """

    flux: Any
    stored: Any = 0.0
    made: Any = 0.0


def nernst_planck(at: Exact, c: Any, z: int, d: float, temperature: float) -> Any:
    """-D grad c - z (D F/RT) c grad phi, mol/(m^2 s)."""
    return -d * at.grad(c) - z * d * F / (R * temperature) * c * at.grad(at[POTENTIAL])


def butler_volmer(
    i0: Any, eta: Any, temperature: float, n: int = 1, alphas: tuple[float, float] = (0.5, 0.5),
    reduced: Any = 1.0, oxidised: Any = 1.0,
) -> Any:  # fmt: skip
    """i0 [a_red exp(alpha_a n F eta/RT) - a_ox exp(-alpha_c n F eta/RT)], A/m^2."""
    f = n * F / (R * temperature)
    return i0 * (reduced * ufl.exp(alphas[0] * f * eta) - oxidised * ufl.exp(-alphas[1] * f * eta))


Balances = Callable[[Exact], Mapping[str, Balance]]
Inflow = Callable[[Exact], Mapping[str, Any]]


def source(
    fields: Mapping[str, Expression],
    balances: Balances,
    inflows: Mapping[str, Inflow],
    normals: Mapping[str, tuple[float, ...]],
    unit: float,
    held: frozenset[tuple[str, str]] = frozenset(),
    leaving: Mapping[str, Mapping[str, Callable[[Exact], Any]]] | None = None,
) -> Source:
    """The sources that make `fields` a solution.

    Args:
        fields: exact fields by name.
        balances: the strong equations.
        inflows: by electrode, what it sends in by field: mol/(m^2 s), A/m^2 (C/m^2 where charge is resolved).
        normals: outward normals of all sides of the cell by name.
        unit: m.
        held: (boundary, field) where the value is held, which needs no source.
        leaving: by boundary and field, flux through it that the equations already let out.
    """

    def volume(name: str) -> Callable[[Any, Any], Any]:
        def value(x: Any, t: Any) -> Any:
            at = Exact(fields, x, t, unit)
            balance = balances(at)[name]
            stored = 0.0 if isinstance(balance.stored, float) else at.rate(balance.stored)
            return stored + at.div(balance.flux) - balance.made

        return value

    def boundary(side: str, name: str) -> Callable[[Any, Any], Any]:
        def value(x: Any, t: Any) -> Any:
            at = Exact(fields, x, t, unit)
            outward = ufl.inner(balances(at)[name].flux, ufl.as_vector(normals[side]))
            if leaving is not None and name in leaving.get(side, {}):
                outward = outward - leaving[side][name](at)
            known = inflows[side](at).get(name, 0.0) if side in inflows else 0.0
            return -outward - known

        return value

    return Source(
        {name: volume(name) for name in fields},
        {
            (side, name): boundary(side, name)
            for side in normals
            for name in fields
            if (side, name) not in held
        },
    )
