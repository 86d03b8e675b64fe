"""A film on a growing electrode that thickens with the charge that passes it.

A reaction beside the deposition leaves a product on the metal: its thickness delta grows by
beta V_f |i|/(nF), beta being its share of the current and V_f its molar volume, so that its resistance
R = R0 + delta/sigma grows by

    dR/dt = r |i|,     r = beta V_f/(n F sigma)   in ohm m^4/C

R - R0 is a value of every facet of a front and moves with it (`film` there). With the formula of a step,
(a0 R + a1 R_n + a2 R_(n-1))/h = r |i|, the resistance at its end is (see `memory`)

    R = R_n + a2 (R_n - R_(n-1))/a0 + (h/a0) r |i|

The first terms are known before the step; the last one stands in the equations with the current itself
(equations.Equations), which keeps the step stable however fast the film grows.
"""

from __future__ import annotations

import numpy as np

from meshes.domain import Skin

from .memory import grown
from .multistep import Formula
from .types import FloatArray


def known_film(front: Skin, plan: Formula, last: FloatArray | None) -> FloatArray:
    """What is known before a step of the film at its end, ohm m^2, shape (m,).

    Args:
        front: with m facets, before the step.
        plan: formula of the step.
        last: what the step before added; None if it does not count.
    """
    return thickening(front, plan, 0.0, np.zeros(front.film.size), last) + front.film


def thickening(
    front: Skin, plan: Formula, dt: float, rate: FloatArray, last: FloatArray | None
) -> FloatArray:
    """What a step of `dt` s adds to the film, ohm m^2, shape (m,); nothing on bare substrate.

    Args:
        front: with m facets.
        plan: formula of the step.
        dt: s.
        rate: r |i| at the end of the step in ohm m^2/s, shape (m,).
        last: what the step before added; None if it does not count.
    """
    return np.where(front.bare, 0.0, grown(plan, dt, rate, last))
