"""User expressions: nothing but arithmetic is read, and numbers, arrays and UFL agree on its value."""

from __future__ import annotations

import math
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI

from solver.expression import ARGUMENTS, DEEPEST, LONGEST, Expression, ExpressionError

NAMES = ("c", "T", "eta")


def plain(expression: Any) -> float:
    """Value of a UFL expression without fields."""
    return float(ufl.as_ufl(expression)(()))


# --- values --------------------------------------------------------------------------------------

VALUES: list[tuple[str, Callable[[float], float]]] = [
    ("2 + 3*c - c/4", lambda c: 2 + 3 * c - c / 4),
    ("-c**2", lambda c: -(c**2)),
    ("2**-c**0.5", lambda c: 2 ** -(c**0.5)),
    ("(1 + c)*(1 - c)", lambda c: (1 + c) * (1 - c)),
    ("+c - -c", lambda c: 2 * c),
    ("1e-3*c + .5E2", lambda c: 1e-3 * c + 50),
    ("exp(-c) + log(c) + ln(c) + log10(c)", lambda c: math.exp(-c) + 2 * math.log(c) + math.log10(c)),
    ("sqrt(c)*abs(1 - c)", lambda c: math.sqrt(c) * abs(1 - c)),
    ("sin(c) + cos(pi*c) + tan(c/5)", lambda c: math.sin(c) + math.cos(math.pi * c) + math.tan(c / 5)),
    ("sinh(c) + cosh(c) + tanh(c)", lambda c: math.sinh(c) + math.cosh(c) + math.tanh(c)),
    ("asinh(c) + asinh(-c/2) + arctan(c)", lambda c: math.asinh(c) - math.asinh(c / 2) + math.atan(c)),
    ("erf(c - 1)", lambda c: math.erf(c - 1)),
    ("min(c, 1) + max(c, 2, 3)", lambda c: min(c, 1) + max(c, 2, 3)),
    ("where(c < 1, c, 1/c)", lambda c: c if c < 1 else 1 / c),
    ("where(c >= 2, where(c > 3, 1, 2), 3)", lambda c: (1 if c > 3 else 2) if c >= 2 else 3),
    ("where(c <= 2, 4, c)", lambda c: 4 if c <= 2 else c),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_numbers_arrays_and_ufl_agree_with_python(text: str, value: Callable[[float], float]) -> None:
    expression = Expression.parse(text, NAMES)
    points = [0.3, 1.0, 2.0, 2.5, 3.7]
    exact = [value(c) for c in points]
    numbers = [expression(c=c) for c in points]
    assert all(type(number) is float for number in numbers)
    assert numbers == pytest.approx(exact, rel=1e-14)
    assert expression(c=np.array(points)) == pytest.approx(exact, rel=1e-14)
    assert [plain(expression(c=ufl.as_ufl(c))) for c in points] == pytest.approx(exact, rel=1e-14)


def test_every_function_is_tested() -> None:
    written = " ".join(text for text, _ in VALUES)
    assert [name for name in ARGUMENTS if f"{name}(" not in written] == []


def test_compiled_form_and_its_derivative_agree_with_numpy() -> None:
    line = mesh.create_interval(MPI.COMM_SELF, 7, [0.2, 3.0])
    cells = np.arange(7, dtype=np.int32)
    points = np.array([[0.25], [0.75]])
    c = fem.Function(fem.functionspace(line, ("Lagrange", 1)))
    c.interpolate(lambda x: x[0])
    temperature = fem.Constant(line, 310.0)
    expressions = [Expression.parse(f"({text})*exp(-120*(1/T - 1/298))", NAMES) for text, _ in VALUES]
    variable = ufl.variable(c)
    slopes = [ufl.diff(e(c=variable, T=temperature), variable) for e in expressions]
    forms = ufl.as_vector([c] + [e(c=c, T=temperature) for e in expressions] + slopes)
    computed = fem.Expression(forms, points).eval(line, cells).reshape(14, -1).T
    x, step = computed[0], 1e-6
    for expression, values, derivatives in zip(
        expressions, computed[1:], computed[1 + len(expressions) :], strict=False
    ):
        assert values == pytest.approx(expression(c=x, T=310.0), rel=1e-12)
        ahead, behind = (expression(c=x + h, T=310.0) for h in (step, -step))
        assert derivatives == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-7)


def test_arrays_broadcast_and_constants_fill_the_shape() -> None:
    assert Expression.parse("2", NAMES)(c=np.zeros((2, 3))).shape == (2, 3)
    grid = Expression.parse("c*T", NAMES)(c=np.ones((4, 1)), T=np.arange(3.0))
    assert grid.shape == (4, 3)
    assert isinstance(Expression.parse("2", NAMES)(c=ufl.as_ufl(1.0)), ufl.core.expr.Expr)


def test_outside_the_domain_numbers_become_nan_without_a_warning() -> None:
    assert math.isnan(Expression.parse("log(c)", NAMES)(c=-1.0))
    assert Expression.parse("1/c", NAMES)(c=0.0) == math.inf
    assert Expression.parse("c/0", NAMES)(c=1.0) == math.inf
    assert Expression.parse("where(c > 0, 1/c, 7)", NAMES)(c=0.0) == 7.0


def test_integer_powers_keep_the_polynomial_degree() -> None:
    line = mesh.create_unit_interval(MPI.COMM_SELF, 1)
    c = fem.Function(fem.functionspace(line, ("Lagrange", 1)))
    form = Expression.parse("c**3", NAMES)(c=c)
    assert ufl.algorithms.estimate_total_polynomial_degree(form) == 3


def test_expression_is_a_value() -> None:
    first, second = (Expression.parse("c*T", NAMES) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first.names == ("T", "c")
    assert pickle.loads(pickle.dumps(first)) == first


def test_names_may_end_in_signs() -> None:
    names = ("c_Na+", "c_PF6-", "c_Cu2+", "c_Cu+")
    expression = Expression.parse("c_Na+ + 2*c_PF6- - c_Cu2++c_Cu+", names)
    assert expression.names == ("c_Cu+", "c_Cu2+", "c_Na+", "c_PF6-")
    assert expression(**{"c_Na+": 1.0, "c_PF6-": 10.0, "c_Cu2+": 100.0, "c_Cu+": 1000.0}) == 921.0
    with pytest.raises(ExpressionError, match="unknown name 'c_Na\\+1'"):
        Expression.parse("c_Na+1", names)


def test_text_may_span_lines() -> None:
    assert Expression.parse(" c\n\t+ (eta\r\n+ T)\n", NAMES)(c=1.0, eta=2.0, T=4.0) == 7.0


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("c +", "character 4: invalid syntax"),
        ("2c", "character 1: invalid decimal literal; a product needs"),
        ("2 c", "a product needs"),
        ("c^2", "character 2: found '\\^'; write \\*\\* for a power"),
        ("3*eeta", "character 3: unknown name 'eeta' \\(did you mean 'eta'\\?\\)"),
        ("C", "did you mean 'c'"),
        ("expp(c)", "unknown function 'expp' \\(did you mean 'exp'\\?\\)"),
        ("exp", "needs arguments"),
        ("c(2)", "not a function"),
        ("exp(c, 2)", "exp takes 1 arguments, found 2"),
        ("max(c)", "max takes 2 or more"),
        ("where(c, 1, 2)", "one comparison"),
        ("where(0 < c < 1, 1, 2)", "one comparison"),
        ("where(c == 1, 1, 2)", "one comparison"),
        ("c < 1", "first argument of where"),
        ("exp(x=c)", "not arithmetic"),
        ("exp(*c)", "not arithmetic"),
        ("exp(**c)", "not arithmetic"),
        ("c.real", "not arithmetic"),
        ("c[0]", "not arithmetic"),
        ("[c]", "not arithmetic"),
        ("(c, 1)", "not arithmetic"),
        ("{c}", "not arithmetic"),
        ("[c for c in c]", "not arithmetic"),
        ("lambda: c", "not arithmetic"),
        ("c if c else 1", "not arithmetic"),
        ("c and 1", "not arithmetic"),
        ("not c", "not arithmetic"),
        ("~c", "not arithmetic"),
        ("c // 2", "not arithmetic"),
        ("c % 2", "not arithmetic"),
        ("(c := 1)", "not arithmetic"),
        ("1j", "not arithmetic"),
        ("True", "not arithmetic"),
        ("None", "not arithmetic"),
        ("...", "not arithmetic"),
        ("'c'", 'found "\'"'),
        ("c # T", "found '#'"),
        ("f'{c}'", "found"),
        ("__import__", "unknown name"),
        ("__import__(c)", "unknown function"),
        ("eval(c)", "unknown function"),
        ("c; T", "character 2"),
        ("\0", "null"),
        ("\ud800", "not readable"),
        ("9**9**9**9", "overflow"),
        ("9.0**9.0**9.0**9.0", "overflow"),
        ("1e999", "overflow"),
        ("1" + "0" * 400, "overflow"),
        ("c*exp(1000)", "overflow"),
        ("1e308*10", "overflow"),
        ("1/0", "undefined"),
        ("(-8)**0.5", "undefined"),
        ("log(-1)", "undefined"),
        ("c" + " " * LONGEST + "+1", "2000 are allowed"),
        ("+".join(["c"] * (DEEPEST + 2)), "deep"),
        ("-" * 1999 + "c", "deep|not readable"),
        ("2**" * 600 + "c", "deep|not readable"),
        ("(" * 900 + "c" + ")" * 900, "too many nested parentheses|not readable"),
    ],
)
def test_refusals_name_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason) as raised:
        Expression.parse(text, NAMES)
    if 0 < len(text.strip()) <= LONGEST:
        assert repr(text) in str(raised.value)
        assert "T, c, eta" in str(raised.value)


@pytest.mark.parametrize("name", ["exp", "pi", "lambda", "2c", "", "a b"])
def test_variables_have_names_of_their_own(name: str) -> None:
    with pytest.raises(ExpressionError):
        Expression.parse("1", (name,))


def test_missing_values_are_named() -> None:
    with pytest.raises(ExpressionError, match=r"needs values of T$"):
        Expression.parse("c*T", NAMES)(c=1.0)
    with pytest.raises(ExpressionError, match="cannot be evaluated"):
        Expression.parse("c/T", NAMES)(c=ufl.as_ufl(1.0), T=0.0)


# --- no input does harm --------------------------------------------------------------------------

WORDS = "if else for in not is lambda await yield print exec eval __import__ os c_Na+ 1 9 1e9 2.5 pi"
SIGNS = "+ - * / ** ( ) , < >= == := . [ ] { } : = ' @ % ~ \\ # \0 é ｃ \ud800"
PIECES = st.sampled_from([*ARGUMENTS, *NAMES, *WORDS.split(), *SIGNS.split(" "), " ", "\n"])
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join))

WATCHED = {"exec", "import", "open", "os.system", "subprocess.Popen", "builtins.input"}
watch: list[list[str]] = []
"""Where to note what the interpreter does, while somebody watches."""


def note(event: str, _: tuple[Any, ...]) -> None:
    if watch and event in WATCHED:
        watch[0].append(event)


sys.addaudithook(note)


def test_the_watch_sees_code_that_runs() -> None:
    events: list[str] = []
    watch.append(events)
    exec("1")
    watch.clear()
    assert events == ["exec"]


@settings(max_examples=1000, deadline=None)
@given(text=TEXTS)
def test_only_expression_errors_leave_parse_and_nothing_runs(text: str) -> None:
    events: list[str] = []
    watch.append(events)
    try:
        expression = Expression.parse(text, (*NAMES, "c_Na+"))
    except ExpressionError:
        return
    finally:
        watch.clear()
        assert events == []
    assert isinstance(expression(**{"c": 2.0, "T": 300.0, "eta": -0.1, "c_Na+": 1.5}), float)


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> str:
    """Formulas that are defined everywhere and of moderate size."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([*NAMES, "0.7", "2", "pi"]))
    inner = formulas(depth - 1)
    kind = draw(st.sampled_from(["+", "-", "*", "/", "**", "f", "min", "where"]))
    a, b = draw(inner), draw(inner)
    match kind:
        case "/":
            return f"({a})/(1 + ({b})**2)"
        case "**":
            return f"abs({a} + 2)**{draw(st.sampled_from(['2', '0.5', '1.5', '3']))}"
        case "f":
            name = draw(st.sampled_from(["sin", "cos", "tanh", "arctan", "erf", "asinh", "abs"]))
            return f"{name}({a})"
        case "min":
            return f"{draw(st.sampled_from(['min', 'max']))}({a}, {b})"
        case "where":
            return f"where({a} {draw(st.sampled_from(['<', '<=', '>', '>=']))} {b}, {b}, -({a}))"
    return f"({a}) {kind} ({b})"


@settings(max_examples=300, deadline=None)
@given(text=formulas(), values=st.tuples(*[st.floats(-3.0, 3.0) for _ in NAMES]))
def test_ufl_and_numpy_agree_on_any_formula(text: str, values: tuple[float, ...]) -> None:
    expression = Expression.parse(text, NAMES)
    at = dict(zip(NAMES, values, strict=True))
    number = expression(**at)
    symbolic = plain(expression(**{name: ufl.as_ufl(value) for name, value in at.items()}))
    # A comparison of values equal up to rounding may come out differently.
    if "where" in text and abs(symbolic - number) > 1e-9 * (1 + abs(number)):
        nudged = expression(**{name: value * (1 + 1e-9) + 1e-9 for name, value in at.items()})
        other = expression(**{name: value * (1 - 1e-9) - 1e-9 for name, value in at.items()})
        assert not (number == pytest.approx(nudged, rel=1e-6) and number == pytest.approx(other, rel=1e-6))
    else:
        assert symbolic == pytest.approx(number, rel=1e-9, abs=1e-9)
