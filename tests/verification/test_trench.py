"""The study of the copper trench in its quick version, and its instruments on shapes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.shapes import all_metal, trench
from verification.studies.trench import Level, curve, measured, skewness, study


def test_every_number_is_met() -> None:
    rows = study.function(True).rows
    assert len(rows) == 15
    assert [row for row in rows if not row.passed] == []


def test_levels_divide_all_lengths_and_steps() -> None:
    case, fine = Level().case, Level(2.0, 1).case
    assert fine.mesh.refine == 2.0 * case.mesh.refine
    assert fine.mesh.growth_rate == pytest.approx(0.5 * case.mesh.growth_rate)
    assert fine.time.max_step == pytest.approx(0.5 * case.time.max_step)
    assert fine.time.displacement == pytest.approx(0.5 * case.time.displacement)
    assert fine.time.tolerance == pytest.approx(case.time.tolerance / 8.0)


def test_a_trench_measures_what_it_was_made_with() -> None:
    begun = trench(1.6, 0.4, 1.0, 0.1, 0.02)
    width, *rest = measured(begun, begun, 1.0)
    assert width == pytest.approx(0.4, rel=1e-4)  # the curve begins to bend one vertex below the fillets
    np.testing.assert_allclose(rest, 0.0, atol=1e-12)
    assert skewness(begun, 1.0) == pytest.approx(0.0, abs=1e-12)
    x, y = begun.points.T
    moved = all_metal(np.column_stack((np.where((x > 0.3) & (x < 1.3), x + 0.016, x), y)))
    assert skewness(moved, 1.0) == pytest.approx(0.01, rel=1e-9)


def test_the_curve_through_a_polygon_of_the_area_of_a_disc_is_the_circle() -> None:
    """Vertices of a regular n-gon of area pi r^2 lie r (theta^2/3 + ...) beyond it, theta = pi/n."""
    turn = np.linspace(np.pi, 0.0, 33)
    theta = np.pi / 64.0
    radius = np.sqrt(2.0 * theta / np.sin(2.0 * theta))
    front = curve(all_metal(np.column_stack((1.0 + radius * np.cos(turn), radius * np.sin(turn)))))
    inner = front.points[1:-1] - (1.0, 0.0)
    assert abs(radius - 1.0) > 5e-4
    np.testing.assert_allclose(np.hypot(*inner.T), 1.0, atol=5e-6)
