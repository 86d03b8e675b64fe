"""A film on a growing electrode: what thickens it, and what stretches, heals and breaks it.

**A film that grows with the charge.** A reaction beside the deposition leaves a product on the metal: its
thickness delta grows by beta V_f |i|/(nF), beta being its share of the current and V_f its molar volume, so
that its resistance R = R0 + delta/sigma grows by

    dR/dt = r |i|,     r = beta V_f/(n F sigma)   in ohm m^4/C

R - R0 is a value of every facet of a front and moves with it (`film` there). With the formula of a step,
(a0 R + a1 R_n + a2 R_(n-1))/h = r |i|, the resistance at its end is (see `memory`)

    R = R_n + a2 (R_n - R_(n-1))/a0 + (h/a0) r |i|

The first terms are known before the step; the last one stands in the equations with the current itself
(equations.Equations), which keeps the step stable however fast the film grows.

**A cover** (`model.Cover`), such as a native SEI, belongs to the facets as a whole. The surface under it
stretches at the rate kappa v_n; its volume does not change, and it heals back to its thickness delta0:

    d delta/dt = -delta kappa v_n + (delta0 - delta)/tau,          R = delta/sigma

The first term needs no formula: a facet takes its film along, and R times its measure stays while it is
stretched (`stretched`). Thickness that is missing is strain that has not healed, epsilon = delta0/delta - 1;
where it passes the limit strength/E the film cracks and is gone from the facet, until it heals (`cracked`).
E = E_f/(1 - nu^2) also gives the film a bending stiffness D = E delta0^3/12 against which metal must bulge,
p = -D d2(kappa)/ds2 (see `capillarity`). A film is taken to be flat where it is at rest, and its bending
elastic; tension in it is left out, being of second order in the height of a ripple.

This is how metal grows mossy far below the limiting current: crests stretch and thin their film, take more
current, and stretch it more. `verification.exact.mossy` has the growth rate of ripples.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from meshes.domain import Skin

from .memory import grown
from .model import Cover, Film
from .multistep import Formula
from .types import BoolArray, FloatArray


def known_film(
    front: Skin, plan: Formula, last: FloatArray | None, cover: Cover | None = None, dt: float = 0.0
) -> FloatArray:
    """What is known before a step of the film at its end, ohm m^2, shape (m,).

    All of a cover: R = (R_n + a2 (R_n - R_(n-1))/a0 + (h/a0) R0/tau)/(1 + (h/a0)/tau).

    Args:
        front: with m facets, before the step.
        plan: formula of the step.
        last: what the step before added; None if it does not count.
        cover: on the front; None: none.
        dt: step in s; needed with a cover.
    """
    known = thickening(front, plan, 0.0, np.zeros(front.film.size), last) + front.film
    if cover is None:
        return known
    healed = dt / plan.a0 * cover.healing
    return np.where(front.bare, 0.0, (known + healed * cover.resistance) / (1.0 + healed))


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


def covered(front: Skin, film: Film) -> Skin:
    """`front` as it is at the start: with the whole cover of `film` wherever there is metal."""
    if film.cover is None:
        return front
    return replace(front, film=np.where(front.bare, 0.0, film.cover.resistance))


def stretch(before: Skin, after: Skin) -> FloatArray:
    """Measure of every facet before a motion over that after it, shape (m,): by so much its film thins."""
    return np.asarray(before.measures / np.maximum(after.measures, np.finfo(float).tiny))


def stretched(before: Skin, after: Skin) -> Skin:
    """`after`, the same facets as those of `before` in motion, each with the film that it took along."""
    return replace(after, film=after.film * stretch(before, after))


def cracked(cover: Cover, before: FloatArray, after: FloatArray) -> BoolArray:
    """Where strain has passed the limit between two states of a film, ohm m^2 each, shape (m,).

    What lies beyond the limit already is a crack that heals.
    """
    whole = cover.resistance / (1.0 + cover.limit)
    return np.asarray((before >= whole) & (after < whole))
