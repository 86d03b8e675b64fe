"""What shapes of cells have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cases.section import Section
from cases.waveforms import Problem

ELECTROLYTE = "electrolyte"
Boundaries = dict[str, tuple[str, ...]]
"""Regions beside each boundary: one outside, two (in the order of "a|b") between regions, none if unknown."""


class Plain(Section):
    """What shapes have that are no stack."""

    dim: ClassVar[int] = 2

    @property
    def distance(self) -> float | None:
        """Distance between the electrodes in m, if there is one."""
        return None

    @property
    def footprint(self) -> float | None:
        """Area in m^2, in 2D in m, that current densities refer to; None: that of the electrodes."""
        return None

    def problems(self) -> Iterator[Problem]:
        """What is wrong with values that are each fine by themselves."""
        yield from ()
