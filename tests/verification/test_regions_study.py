"""Cells of several regions against closed forms."""

from __future__ import annotations

import math

import pytest

from verification.rows import Result
from verification.studies import regions, regions_plane


@pytest.fixture(scope="module")
def result() -> Result:
    return regions.study.function(True)


def test_regions(result: Result) -> None:
    assert [row for row in result.rows if not row.passed] == []


@pytest.mark.parametrize(
    "kind",
    [
        "single-ion conductor", "resistive contact", "Schottky junction", "Bruggeman", "tortuosity",
        "liquid | gel", "Arrhenius", "cylinders", "strip",
    ],
)  # fmt: skip
def test_every_kind_of_region_is_there(result: Result, kind: str) -> None:
    assert any(kind in row.case for row in result.rows)


def test_conductivity_of_an_array_has_the_limits_of_maxwell_and_of_a_series_in_f() -> None:
    f = 0.01
    maxwell = (1.0 - f) / (1.0 + f)
    assert regions_plane.array_conductivity(f) == pytest.approx(maxwell, abs=1e-8)
    # First correction to Maxwell: -0.611654 f^5 (Rayleigh's lattice sum 3.1512 of the square array).
    f = 0.1
    correction = regions_plane.array_conductivity(f) - (1.0 - f) / (1.0 + f)
    assert correction == pytest.approx(-0.611654 * f**5 / (1.0 + f) ** 2, rel=1e-3)


def test_strip_is_a_rod_with_a_fin_when_it_is_thin_and_a_plate_when_it_is_short() -> None:
    sigma, conductance, length, thickness = 1e3, 1e4, 1e-2, 1e-4
    m = math.sqrt(conductance / (sigma * thickness))
    fin = sigma * thickness * m * math.tanh(m * length)
    assert regions_plane.strip_current(sigma, conductance, length, thickness) == pytest.approx(fin, rel=1e-3)
