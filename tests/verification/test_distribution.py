"""Secondary and tertiary current distribution on a strip electrode, and the pieces these studies stand on."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from meshes.builders import Layer, rectangle
from meshes.regions import Regions
from verification.exact.secondary import secondary
from verification.rows import Study
from verification.studies import distribution
from verification.studies.nested import refined
from verification.studies.strip import STRIP, Binary


@pytest.mark.parametrize("study", distribution.studies, ids=lambda study: study.name)
def test_rows_pass_with_their_orders(study: Study) -> None:
    rows = study.function(True).rows
    assert [row for row in rows if not row.passed] == []
    assert max(row.error for row in rows) < 1e-3
    assert {row.expected_order for row in rows} >= {2.0, 3.0, 4.0}


def test_integral_equation_has_the_small_current_limit() -> None:
    """At 10 uV the binary cell is the linear secondary one: of kappa at once, of t+ kappa when steady."""
    cell, voltage = Binary(1.0, 1), -1e-5
    share = 1.0e-9 / 2.8e-9
    s = np.linspace(0.0, 0.99, 12) * STRIP.length
    for found, factor in ((cell.instant(voltage), 1.0), (cell.steady(voltage), share)):
        linear = secondary(STRIP, factor)
        assert found.at(s) == pytest.approx(linear.at(s), rel=1e-3)
        assert found.resistance == pytest.approx(linear.resistance / (factor * cell.conductivity), rel=1e-3)


def test_integral_equation_approaches_the_limiting_current() -> None:
    cell = Binary(1.0, 1)
    currents = [voltage / (cell.steady(voltage).resistance * STRIP.length) for voltage in (-0.3, -0.4, -0.5)]
    missing = [1.0 + current / cell.limiting for current in currents]
    assert 0.0 < missing[2] < 0.3 * missing[1] < 0.09 * missing[0]
    assert missing[2] < 2e-3


def test_cutting_into_four_keeps_names_and_measures() -> None:
    def coarse(comm: MPI.Comm) -> Regions:
        return rectangle(comm, 2.0, [Layer("a", 1.0, cells=2), Layer("b", 0.5, cells=1)], columns=3)

    regions = refined(MPI.COMM_WORLD, coarse, 2)
    before = refined(MPI.COMM_WORLD, coarse, 0)
    cells = [mesh.mesh.topology.index_map(2).size_global for mesh in (before, regions)]
    assert cells[1] == 16 * cells[0]
    for name in ("a", "b", "working", "counter", "a|b"):
        assert regions.measure(name) == pytest.approx(before.measure(name), rel=1e-12)
