"""What a growing cell remembers of the past: functionals on a mesh that moves, and what was deposited.

With Q_n the functionals of the last state and D = Q_n - Q_(n-1), both as they are on the mesh of today, the
formula (a0 Q + a1 Q_n + a2 Q_(n-1))/h of `multistep` is, since a0 + a1 + a2 = 0,

    [ a0 (Q - Q_n) - a2 D ] / h

and whatever is counted along with Q (charge, deposited volume, species made) grows in the step by

    (a2 last growth + h rate) / a0

so that amounts and volumes balance to rounding for any order and any sequence of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from .discretisation import Stored
from .multistep import Formula
from .types import FloatArray

Rate = TypeVar("Rate", float, FloatArray)


@dataclass(frozen=True)
class Memory:
    """Functionals Q of the last state on the present mesh; D, or None where no step before counts."""

    present: Stored
    change: Stored | None = None

    def terms(self, plan: Formula, dt: float) -> Stored:
        """The known part of the formula, by block."""
        result = {name: np.asarray(-plan.a0 / dt * q) for name, q in self.present.items()}
        if plan.order == 2 and self.change is not None:
            for name, d in self.change.items():
                result[name] = result[name] - plan.a2 / dt * d
        return result

    def after(self, present: Stored) -> Memory:
        """When a step has led to `present` on the same mesh."""
        return Memory(present, {name: q - self.present[name] for name, q in present.items()})

    def forgetful(self) -> Memory:
        """Without the step before: the next one is of first order."""
        return replace(self, change=None)


@dataclass
class Growth:
    """What the last step added to the books; None where no step before counts.

    Attributes:
        charges: deposited on every moving electrode, C (per m depth in 2D).
        made: of every species with an unknown, mol, shape (species,).
        volumes: at the vertices of every front, mesh units.
        films: resistance that has grown on the facets of every front, ohm m^2.
    """

    charges: dict[str, float]
    made: FloatArray
    volumes: dict[str, FloatArray] = field(default_factory=dict)
    films: dict[str, FloatArray] = field(default_factory=dict)


def grown(plan: Formula, dt: float, rate: Rate, last: Rate | None) -> Rate:
    """Growth in a step of something that the flow `rate` adds to, `last` being that of the step before."""
    new = rate * (dt / plan.a0)
    return new if last is None else new + last * (plan.a2 / plan.a0)


def shares(volumes: Mapping[str, FloatArray], dt: float, last_dt: float) -> dict[str, FloatArray]:
    """Volumes of a step of `dt` that goes on as the last one, of `last_dt`."""
    return {name: dt / last_dt * volume for name, volume in volumes.items()}
