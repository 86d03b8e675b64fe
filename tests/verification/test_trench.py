"""The study of the copper trench in its quick version, and its instruments on shapes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from cases.build import build
from cases.loader import load
from cases.schema import Case
from meshes.shapes import all_metal, trench
from verification.studies.trench import Level, curve, measured, skewness, study


def test_every_number_is_met() -> None:
    rows = study.function(True).rows
    assert len(rows) == 15
    assert [row for row in rows if not row.passed] == []


def test_levels_divide_all_lengths_and_steps() -> None:
    cell, fine = Level().cell, Level(2.0, 1).cell
    for size in ("front", "smallest", "bulk", "growth"):
        assert getattr(fine.sizes, size) == pytest.approx(0.5 * getattr(cell.sizes, size))
    for step in ("initial", "largest", "displacement"):
        assert getattr(fine.steps, step) == pytest.approx(0.5 * getattr(cell.steps, step))
    assert fine.steps.tolerance == pytest.approx(cell.steps.tolerance / 8.0)
    assert len(fine.front.points) > 1.8 * len(cell.front.points)


def test_the_first_level_is_the_shipped_case() -> None:
    case = load("copper_trench")
    assert isinstance(case, Case)
    shipped, cell = build(case), Level().cell
    assert np.allclose(shipped.front.points, cell.front.points, atol=1e-12)
    assert (shipped.width, shipped.gap, shipped.trench) == (cell.width, cell.gap, cell.trench)
    assert shipped.steps == cell.steps
    for size in ("front", "smallest", "seed", "bulk", "growth"):
        assert getattr(shipped.sizes, size) == pytest.approx(getattr(cell.sizes, size))
    assert shipped.physics.model.closure == cell.physics.model.closure
    assert shipped.physics.model.interfaces == cell.physics.model.interfaces
    assert shipped.physics.metal.molar_volume == pytest.approx(cell.physics.metal.molar_volume, rel=1e-4)


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
