"""Where manufactured solutions live: a rectangle or a box, plane waves in it, sources on all its sides.

With plane coordinates s_k = a_k . r/L + b_k, a profile P (sin, quadratic, linear) and a function g(t),

    c = c0 [1 -+ 0.25 P(s_1) + 0.2 P(s_2) g],    phi = (RT/F) [1.5 (1 - Y) + 0.6 P(s_3) g],    Y = height/H

so gradients of concentrations and potential are not parallel, and phi = 0 at the counter electrode at t = 0,
where its double layer holds no charge, as the solver begins. All sides have a known flux; the working and the
counter electrode react by their own kinetics besides. The working electrode's potential rises with time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mpi4py import MPI

from meshes.builders import Layer, box, rectangle
from meshes.regions import Regions
from solver.expression import Expression
from solver.model import Model

from .mms_exact import POTENTIAL, Balances, Exact, F, Inflow, R, source

PROFILES: Mapping[str, Callable[[str], str]] = {
    "wave": lambda s: f"sin({s})",
    "quadratic": lambda s: f"({s} - 0.3*({s})**2)",
    "linear": lambda s: f"({s})",
}
CLOCKS: Mapping[str, Callable[[float], str]] = {
    "steady growth": lambda tau: f"(t/{tau})",
    "swing": lambda tau: f"sin(1.7*t/{tau})",
}
"""g(t); BDF formulas integrate the first one without error, so that only errors in space remain."""
DIRECTIONS = ((1.0, -0.7, 0.5, 0.6), (-0.7, 0.9, 0.4, 0.5), (0.6, -0.5, -0.7, 1.0), (0.4, 0.8, -0.9, 0.6))
"""a_k and b_k."""
SIDES: dict[int, dict[str, tuple[float, ...]]] = {
    2: {"counter": (0.0, 1.0), "working": (0.0, -1.0), "left": (-1.0, 0.0), "right": (1.0, 0.0)},
    3: {
        "counter": (0.0, 0.0, 1.0), "working": (0.0, 0.0, -1.0), "left": (-1.0, 0.0, 0.0),
        "right": (1.0, 0.0, 0.0), "front": (0.0, -1.0, 0.0), "back": (0.0, 1.0, 0.0),
    },
}  # fmt: skip
"""Outward normals of the sides of the cell."""
VOLTAGE, RISE = 1.0, 0.8
"""Potential of the working electrode at the start, and what is added until tau, in units of RT/F."""
NAMES = ("x", "y", "z", "t")


@dataclass(frozen=True)
class Setting:
    """How a case is posed.

    Attributes:
        dim: 2 or 3.
        degree: of the elements.
        profile, clock: keys of PROFILES and CLOCKS.
    """

    dim: int
    degree: int
    profile: str = "wave"
    clock: str = "steady growth"


@dataclass(frozen=True)
class Manufactured:
    """A case with a known solution.

    Attributes:
        model: with its sources.
        fields: exact fields of the species with unknowns and of the potential, formulas in x, y, z, t (SI).
        scales: by field, what its error is divided by.
        length: L in m, width of the cell; its height is 0.8 L.
        tau: end of time in s.
        voltage: (start in V, rate in V/s) of the working electrode.
    """

    model: Model
    fields: Mapping[str, Expression]
    scales: Mapping[str, float]
    length: float
    tau: float
    voltage: tuple[float, float]

    def mesh(self, comm: MPI.Comm, dim: int, cells: int) -> Regions:
        """The cell with `cells` of them across its width."""
        layers = [Layer("electrolyte", 0.8 * self.length, cells=cells)]
        if dim == 2:
            return rectangle(
                comm, self.length, layers, columns=cells, left="left", right="right", unit=self.length
            )
        return box(
            comm, self.length, self.length, layers, columns=cells, rows=cells,
            left="left", right="right", front="front", back="back", unit=self.length,
        )  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """Makes exact fields and puts a case together."""

    setting: Setting
    length: float
    tau: float
    temperature: float

    def fields(self, **reference: float) -> dict[str, Expression]:
        """Exact fields of the species, by reference concentration, and of the potential."""
        profile, g = PROFILES[self.setting.profile], CLOCKS[self.setting.clock](self.tau)
        s = [profile(self._coordinate(*direction)) for direction in DIRECTIONS]
        texts = {
            name: f"{c0}*(1 + {0.25 if k % 2 else -0.25}*{s[k % 4]} + 0.2*{s[(k + 1) % 4]}*{g})"
            for k, (name, c0) in enumerate(reference.items())
        }
        vt = R * self.temperature / F
        height = f"({'xyz'[self.setting.dim - 1]}/{0.8 * self.length})"
        texts[POTENTIAL] = f"{vt}*(1.5*(1 - {height}) + 0.6*{s[2]}*{g})"
        return {name: Expression.parse(text, NAMES) for name, text in texts.items()}

    def _coordinate(self, a: float, b: float, c: float, start: float) -> str:
        third = f" + {c}*z/{self.length}" if self.setting.dim == 3 else ""
        return f"{a}*x/{self.length} + {b}*y/{self.length}{third} + {start}"

    def case(
        self,
        model: Model,
        fields: Mapping[str, Expression],
        balances: Balances,
        inflows: Mapping[str, Inflow],
        leaving: Mapping[str, Mapping[str, Callable[[Exact], Any]]] | None = None,
    ) -> Manufactured:
        """Sources and initial values of the exact fields into `model`."""
        held = frozenset((p.boundary, p.field) for p in model.prescribed)
        sides = SIDES[self.setting.dim]
        known = source(fields, balances, inflows, sides, self.length, held, leaving)
        vt = R * self.temperature / F
        initial = {name: fields[name] for name in model.closure.unknowns}
        scales = {s.name: s.concentration for s in model.closure.species if s.name in fields}
        whole = replace(model, source=known, initial=initial, degree=self.setting.degree)
        return Manufactured(
            whole,
            fields,
            scales | {POTENTIAL: vt},
            self.length,
            self.tau,
            (VOLTAGE * vt, RISE * vt / self.tau),
        )

    def voltage(self, at: Exact) -> Any:
        """Of the working electrode, V."""
        vt = R * self.temperature / F
        return VOLTAGE * vt + RISE * vt / self.tau * at.t
