"""Quantities: reading, refusing, writing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import units
from cases.units import DIMENSIONS, Dimension, QuantityError, read, write

FAST = settings(max_examples=300, derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("10 um", units.LENGTH, 1e-5),
        ("10um", units.LENGTH, 1e-5),
        ("10 µm", units.LENGTH, 1e-5),
        (" .5 nm ", units.LENGTH, 5e-10),
        ("1e-3 m**2/m", units.LENGTH, 1e-3),
        ("-0.1 V", units.VOLTAGE, -0.1),
        ("2 min", units.TIME, 120.0),
        ("0.5 mA/cm^2", units.CURRENT_DENSITY, 5.0),
        ("0.5 mA/cm²", units.CURRENT_DENSITY, 5.0),
        ("0.5 mA·cm⁻²", units.CURRENT_DENSITY, 5.0),
        ("6.8 mS/cm", units.CONDUCTIVITY, 0.68),
        ("7.05e-5 cm^2/(V s)", units.MOBILITY, 7.05e-9),
        ("1 mol/L", units.CONCENTRATION, 1000.0),
        ("1 M", units.CONCENTRATION, 1000.0),
        ("20 degC", units.TEMPERATURE, 293.15),
        ("-40 °C", units.TEMPERATURE, 233.15),
        ("0.49 eV", units.ENERGY, 0.49),
        ("1.2e6 A/(m^2 K^2)", units.RICHARDSON, 1.2e6),
        ("20 1/s", units.RATE, 20.0),
        ("20 Hz", units.RATE, 20.0),
        ("0.5 mAh/cm^2", units.CHARGE_DENSITY, 1.8e4),
        ("90 deg", units.ANGLE, math.pi / 2),
        ("23.78 cm^3/mol", units.MOLAR_VOLUME, 2.378e-5),
        ("0.2 N/m", units.SURFACE_ENERGY, 0.2),
    ],
)
def test_reads_exactly(text: str, dimension: Dimension, value: float) -> None:
    assert read(text, dimension) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10 s", "this is a time"),
        ("10", "the unit is missing"),
        ("", "this is not a number with a unit"),
        ("ten um", "this is not a number with a unit"),
        ("nan um", "this is not a number with a unit"),
        ("inf um", "this is not a number with a unit"),
        ("3,5 um", "this is not a number with a unit"),
        ("1e400 um", "this is too large a number"),
        ("1e999999 um", "this is too large a number"),
        ("1 um um", '"um um" is not a unit of length'),
        ("10 umm", '"umm" is not a unit'),
        ("10 %", '"%" is not a unit'),
        ("10 m/", '"m/" is not a unit'),
        ("10 ((m", '"((m" is not a unit'),
        ("10 m^9^9^9^9", '"m^9^9^9^9" is not a unit'),
        ("10 9**9**9**9 m", '"9**9**9**9 m" is not a unit'),
        ("10 __import__('os')", "\"__import__('os')\" is not a unit"),
    ],
)
def test_refuses_what_is_no_length(text: str, why: str) -> None:
    with pytest.raises(QuantityError) as caught:
        read(text, units.LENGTH)
    assert str(caught.value) == why


def test_angle_is_not_any_ratio() -> None:
    with pytest.raises(QuantityError, match="not a unit of angle"):
        read("1 m/m", units.ANGLE)


def test_example_of_every_dimension_reads_and_writes() -> None:
    for dimension in DIMENSIONS:
        value = read(dimension.example, dimension)
        assert read(write(value, dimension), dimension) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-5, "10 um"), (0.0, "0 nm"), (3e-8, "30 nm"), (2.0, "2 m"), (-2e-4, "-200 um")],
)
def test_writes_as_one_would(value: float, text: str) -> None:
    assert write(value, units.LENGTH) == text


@FAST
@given(st.sampled_from(DIMENSIONS), st.floats(-1e99, 1e99))
def test_writing_loses_nothing(dimension: Dimension, value: float) -> None:
    assert read(write(value, dimension), dimension) == value


@FAST
@given(
    st.sampled_from(DIMENSIONS),
    st.one_of(
        st.text(max_size=40),
        st.text("0123456789.e+- umskVACK/^*()·°²", max_size=40).map("1 ".__add__),
        st.text("aµ (", min_size=90, max_size=110).map("1 ".__add__),
    ),
)
def test_any_text_is_a_quantity_or_a_quantity_error(dimension: Dimension, text: str) -> None:
    try:
        value = read(text, dimension)
    except QuantityError:
        return
    assert math.isfinite(value)
