"""Material laws: values, shapes, derivatives, and the same numbers from numpy and UFL."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI

from solver.expression import ExpressionError
from solver.laws import (
    Arrhenius,
    Clamped,
    Constant,
    Formula,
    Law,
    Scaled,
    Table,
    VogelFulcher,
    as_law,
    bruggeman,
    tortuous,
)

TABLE = Table((0.0, 150.0, 500.0, 1000.0, 1500.0, 2000.0), (0.0, 0.404, 0.72, 0.883, 0.861, 0.76))
HEAT = Table((273.0, 300.0, 320.0), (1.0, 2.0, 2.5), variable="T")
LAWS: list[Law] = [
    Constant(3.0),
    Formula.parse("c*exp(-c/900)*T/300"),
    TABLE,
    HEAT,
    Table((1.0, 2.0), (5.0, 7.0)),
    Scaled(TABLE, 0.25),
    Clamped(Formula.parse("(c/1000)**1.5"), 0.0, 2000.0),
    Arrhenius(TABLE, 17e3, 298.15),
    VogelFulcher(Constant(0.1), 900.0, 200.0, 298.15),
    Scaled(Arrhenius(Clamped(Formula.parse("sqrt(c)"), 1.0, 900.0), 1e4), 2.0),
]


def plain(expression: Any) -> float:
    """Value of a UFL expression without fields."""
    return float(ufl.as_ufl(expression)(()))


@pytest.mark.parametrize("law", LAWS)
def test_numbers_arrays_and_ufl_agree(law: Law) -> None:
    c = np.array([-50.0, 0.0, 1.5, 150.0, 777.0, 1000.0, 1999.0, 2500.0])
    with np.errstate(invalid="raise"):
        array = law(c, 310.0)
    assert array.shape == c.shape
    assert [law(x, 310.0) for x in c] == pytest.approx(array, rel=1e-13, nan_ok=True)
    assert all(isinstance(law(float(x), 310.0), float) for x in c)
    for x, value in zip(c, array, strict=True):
        for arguments in (
            (ufl.as_ufl(x), ufl.as_ufl(310.0)),
            (ufl.as_ufl(x), 310.0),
            (x, ufl.as_ufl(310.0)),
            (ufl.as_ufl(x), np.float64(310.0)),
        ):
            symbolic = law(*arguments)
            assert isinstance(symbolic, ufl.core.expr.Expr)
            assert plain(symbolic) == pytest.approx(value, rel=1e-13)
    assert np.shape(law(c[:, None], np.array([280.0, 300.0, 330.0]))) == (8, 3)


def test_compiled_laws_and_their_derivatives_agree_with_numpy() -> None:
    line = mesh.create_interval(MPI.COMM_SELF, 61, [-100.0, 2300.0])
    cells = np.arange(61, dtype=np.int32)
    c = fem.Function(fem.functionspace(line, ("Lagrange", 1)))
    c.interpolate(lambda x: x[0])
    temperature = fem.Constant(line, 310.0)
    laws = [law for law in LAWS if law not in (LAWS[0], HEAT)]
    variable = ufl.variable(c)
    slopes = [ufl.diff(law(variable, temperature), variable) for law in laws]
    forms = ufl.as_vector([c] + [law(c, temperature) for law in laws] + slopes)
    computed = fem.Expression(forms, np.array([[0.3], [0.8]])).eval(line, cells).reshape(122, -1).T
    x = computed[0]
    for n, law in enumerate(laws):
        assert computed[1 + n] == pytest.approx(law(x, 310.0), rel=1e-12, abs=1e-15)
        central = (law(x + 1e-3, 310.0) - law(x - 1e-3, 310.0)) / 2e-3
        assert computed[1 + len(laws) + n] == pytest.approx(central, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("law", LAWS)
def test_laws_are_values(law: Law) -> None:
    law(100.0, 300.0)
    assert hash(law) == hash(pickle.loads(pickle.dumps(law)))
    assert law == pickle.loads(pickle.dumps(law))


def test_formula_uses_c_and_temperature_only() -> None:
    assert Formula.parse("2*c + T")(3.0, 300.0) == 306.0
    with pytest.raises(ExpressionError, match="unknown name 'x'"):
        Formula.parse("x")
    assert as_law(2)(0.0, 300.0) == 2.0
    assert as_law("c/T")(600.0, 300.0) == 2.0
    assert as_law(TABLE) is TABLE


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_table_passes_its_points_and_makes_no_new_extremum(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 12))
    steps = data.draw(st.lists(st.floats(0.01, 100.0), min_size=count - 1, max_size=count - 1))
    x = tuple(float(v) for v in np.cumsum([-5.0, *steps]))
    y = tuple(data.draw(st.lists(st.floats(-10.0, 10.0), min_size=count, max_size=count)))
    table = Table(x, y)
    assert table(np.array(x), 300.0) == pytest.approx(y, rel=1e-12, abs=1e-12)
    for k in range(count - 1):
        inside = table(np.linspace(x[k], x[k + 1], 9), 300.0)
        low, high = sorted((y[k], y[k + 1]))
        assert inside.min() >= low - 1e-9
        assert inside.max() <= high + 1e-9
        turning = np.diff(inside) * np.sign(y[k + 1] - y[k])
        assert turning.min() >= -1e-9
    symbolic = [plain(table(ufl.as_ufl(p), 300.0)) for p in np.linspace(x[0] - 1, x[-1] + 1, 11)]
    assert symbolic == pytest.approx(table(np.linspace(x[0] - 1, x[-1] + 1, 11), 300.0), rel=1e-9, abs=1e-9)


def test_table_of_nearly_equal_values_warns_of_nothing() -> None:
    assert Table((0.0, 1.0, 2.0), (0.0, 0.0, 2e-311))(1.5, 300.0) <= 2e-311


def test_table_is_linear_through_two_points_and_constant_outside() -> None:
    table = Table((1.0, 3.0), (5.0, 9.0))
    assert table(1.5, 300.0) == pytest.approx(6.0, rel=1e-14)
    assert (table(-1e9, 300.0), table(1e9, 300.0)) == (5.0, 9.0)
    assert HEAT(1e9, 250.0) == 1.0
    assert HEAT(1e9, 300.0) == pytest.approx(2.0, rel=1e-14)


def test_error_of_a_table_falls_with_the_third_power_of_its_spacing() -> None:
    """On monotone data the slopes of the curve are of second order, so that its values are of third."""

    def error(count: int) -> float:
        x = np.linspace(0.0, 2.0, count)
        fine = np.linspace(0.1, 1.9, 4001)
        return float(np.abs(Table(tuple(x), tuple(np.exp(x)))(fine, 300.0) - np.exp(fine)).max())

    errors = [error(n) for n in (21, 41, 81, 161)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 2.9), orders


def test_nested_conditionals_stay_shallow() -> None:
    """Any of 64 pieces is reached by six comparisons, and not by 64."""
    x = tuple(float(k) for k in range(65))

    def depth(expression: Any) -> int:
        below = max((depth(o) for o in expression.ufl_operands), default=0)
        return below + isinstance(expression, ufl.classes.Conditional)

    assert depth(Table(x, x)(ufl.variable(ufl.as_ufl(2.5)), 300.0)) == 2 + 6


def test_arrhenius_and_vogel_fulcher_are_the_law_at_the_reference() -> None:
    base = Formula.parse("2*c")
    for law in (Arrhenius(base, 3e4, 300.0), VogelFulcher(base, 800.0, 190.0, 300.0)):
        assert law(5.0, 300.0) == pytest.approx(10.0, rel=1e-15)
    # Activation energy from the slope of ln(law) over 1/T.
    hot, cold = (Arrhenius(base, 3e4, 300.0)(1.0, t) for t in (310.0, 290.0))
    assert -8.31446261815324 * math.log(hot / cold) / (1 / 310.0 - 1 / 290.0) == pytest.approx(3e4, rel=1e-12)
    hot, cold = (VogelFulcher(base, 800.0, 190.0, 300.0)(1.0, t) for t in (310.0, 290.0))
    assert -math.log(hot / cold) / (1 / 120.0 - 1 / 100.0) == pytest.approx(800.0, rel=1e-12)


def test_clamped_law_is_constant_outside() -> None:
    law = Clamped(Formula.parse("c**1.5"), 1.0, 4.0)
    assert law(np.array([-3.0, 0.0, 2.25, 4.0, 9.0]), 300.0) == pytest.approx([1.0, 1.0, 3.375, 8.0, 8.0])


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Table((1.0,), (1.0,)), "at least two"),
        (lambda: Table((), ()), "at least two"),
        (lambda: Table((1.0, 2.0), (1.0,)), "as many values"),
        (lambda: Table((1.0, 1.0), (1.0, 2.0)), "must increase, but 1 follows 1"),
        (lambda: Table((1.0, 3.0, 2.0), (1.0, 2.0, 3.0)), "must increase, but 2 follows 3"),
        (lambda: Table((1.0, math.nan), (1.0, 2.0)), "finite"),
        (lambda: Table((1.0, 2.0), (1.0, math.nan)), "finite"),
        (lambda: Table((1.0, math.inf), (1.0, 2.0)), "finite"),
        (lambda: Table((1.0, 2.0), (1.0, 2.0), variable="x"), "not of 'x'"),
        (lambda: Constant(math.nan), "finite"),
        (lambda: Scaled(TABLE, math.inf), "finite"),
        (lambda: Clamped(TABLE, 2.0, 1.0), "from 2 to 1"),
        (lambda: Clamped(TABLE, 0.0, math.inf), "finite"),
        (lambda: Arrhenius(TABLE, math.nan), "finite"),
        (lambda: Arrhenius(TABLE, 1e4, 0.0), "positive"),
        (lambda: VogelFulcher(TABLE, 800.0, 300.0, 290.0), "above"),
        (lambda: bruggeman(0.0), "porosity"),
        (lambda: bruggeman(1.1), "porosity"),
        (lambda: bruggeman(math.nan), "porosity"),
        (lambda: bruggeman(0.5, 0.9), "exponent"),
        (lambda: tortuous(0.5, 0.9), "tortuosity"),
        (lambda: tortuous(-0.5, 2.0), "porosity"),
    ],
)
def test_impossible_laws_are_refused(build: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build()


def test_transport_factors() -> None:
    assert bruggeman(1.0) == 1.0
    assert bruggeman(0.25) == 0.125
    assert bruggeman(0.5, 1.0) == 0.5
    # Bruggeman's exponent 1.5 is the tortuosity 1/sqrt(eps).
    assert tortuous(0.25, 2.0) == bruggeman(0.25)
