"""Electrodes that grow: the studies, in their quick versions."""

from __future__ import annotations

import pytest

from verification.rows import Study
from verification.studies import (
    growing_convergence,
    growing_endurance,
    growing_invariance,
    growing_moss,
    growing_planar,
    growing_ripples,
    growing_uniform,
)

STUDIES = [
    module.study
    for module in (
        growing_convergence,
        growing_endurance,
        growing_invariance,
        growing_moss,
        growing_planar,
        growing_ripples,
        growing_uniform,
    )
]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_number_is_met(study: Study) -> None:
    rows = study.function(True).rows
    assert rows
    assert [row for row in rows if not row.passed] == []


def test_orders_are_those_of_the_theory() -> None:
    """Slopes are told from errors: a front that does not change, and one whose error is quartered."""
    start = growing_convergence.X * 0.0
    exact = [start + growing_convergence.thickness() * 4.0**-k for k in range(3)]
    mean, largest = growing_convergence.distances(exact)
    assert mean == pytest.approx([0.75, 0.1875])
    assert largest == pytest.approx([0.75, 0.1875])
