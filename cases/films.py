"""From the film of a case to the solver's."""

from __future__ import annotations

import math

from cases.cell import Film
from solver.model import Cover


def cover(film: Film) -> Cover:
    """The film of a case that is stretched with the surface."""
    modulus = film.youngs_modulus or 0.0
    return Cover(
        film.thickness / film.conductivity,
        0.0 if film.healing_time is None else 1.0 / film.healing_time,
        math.inf if film.strength is None else film.strength / modulus,
        modulus * film.thickness**3 / (12.0 * (1.0 - film.poisson_ratio**2)),
    )
