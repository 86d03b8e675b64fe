"""Charge transfer behind films and junctions, and double layers, against closed forms."""

from __future__ import annotations

import pytest

from verification.rows import Result, Row
from verification.studies import double_layer, electrodes


@pytest.fixture(scope="module")
def in_series() -> Result:
    return electrodes.study.function(True)


@pytest.fixture(scope="module")
def layers() -> Result:
    return double_layer.study.function(True)


def failed(result: Result) -> list[Row]:
    return [row for row in result.rows if not row.passed]


def test_film_and_junction_in_series(in_series: Result) -> None:
    assert failed(in_series) == []
    assert len(in_series.rows) > 30


def test_biases_reach_from_an_ohmic_to_a_saturated_junction() -> None:
    junction = electrodes.OBSTACLES[1]
    saturation = electrodes.JUNCTION.saturation
    assert electrodes.ohmic_current(junction, -1.0) == pytest.approx(-saturation, rel=1e-6)
    small = electrodes.ohmic_current(junction, -1e-3)
    resistances = (
        electrodes.LENGTH / electrodes.KAPPA
        + electrodes.KINETICS.resistance
        + electrodes.JUNCTION.voltage / saturation
    )
    assert small == pytest.approx(-1e-3 / resistances, rel=1e-2)


def test_current_above_saturation_is_refused_in_words(in_series: Result) -> None:
    row = next(row for row in in_series.rows if "refused" in row.quantity)
    assert row.passed, row.note
    assert "the junction supplies 377 A/m2 at the most" in row.note


def test_binary_cell_behind_a_film_converges_with_order_two(in_series: Result) -> None:
    row = next(row for row in in_series.rows if row.order is not None)
    assert row.order == pytest.approx(2.0, abs=0.15)


def test_double_layer(layers: Result) -> None:
    assert failed(layers) == []


def test_orders_of_the_formulas(layers: Result) -> None:
    orders = [row.order for row in layers.rows if row.order is not None]
    assert orders == [pytest.approx(1.0, abs=0.1), pytest.approx(2.0, abs=0.1)]
