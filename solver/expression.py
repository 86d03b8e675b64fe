"""Formulas written by users, read by a parser that knows arithmetic and nothing else.

No code of theirs is run: Python's `ast` splits the text, and only nodes of a whitelist become an Expression,
a small tree of our own that is evaluated with numbers, numpy arrays or UFL expressions. All numbers are
floating-point, so that 9**9**9**9 is an overflow and an error, not an endless computation.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import scipy.special
import ufl
import ufl.core.expr

LONGEST = 2000
"""Characters an expression may have."""
DEEPEST = 100
"""Levels of nesting an expression may have; a sum of n terms has n - 1."""

CONSTANTS = {"pi": math.pi}
ARGUMENTS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("exp", "log", "ln", "log10", "sqrt", "abs", "sin", "cos", "tan"), (1, 1)),
    **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "arctan", "erf"), (1, 1)),
    **dict.fromkeys(("min", "max"), (2, 50)),
    "where": (3, 3),
}
"""Functions and how many arguments they take, from and to. log and ln are both the natural logarithm."""

_BINARY: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARISON: dict[type[ast.AST], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_UNARY: dict[type[ast.AST], str] = {ast.USub: "negative", ast.UAdd: "positive"}

Operations = Mapping[str, Callable[..., Any]]


class ExpressionError(ValueError):
    """An expression cannot be read or evaluated; the message names the text and what was found."""


def is_symbolic(value: Any) -> bool:
    """Whether `value` is a UFL expression, and not a number or an array."""
    return isinstance(value, ufl.core.expr.Expr)


class Node(Protocol):
    """Part of an expression."""

    def evaluate(self, values: Mapping[str, Any], operations: Operations) -> Any:
        """Value of this part, computed with `operations`."""
        ...


@dataclass(frozen=True)
class _Number:
    value: float

    def evaluate(self, values: Mapping[str, Any], operations: Operations) -> Any:
        return self.value


@dataclass(frozen=True)
class _Name:
    name: str

    def evaluate(self, values: Mapping[str, Any], operations: Operations) -> Any:
        return values[self.name]


@dataclass(frozen=True)
class _Operation:
    operation: str
    arguments: tuple[Node, ...]

    def evaluate(self, values: Mapping[str, Any], operations: Operations) -> Any:
        return operations[self.operation](*(part.evaluate(values, operations) for part in self.arguments))


@dataclass(frozen=True)
class Expression:
    """A formula in named variables.

    Attributes:
        text: as the user wrote it.
        names: variables it uses, sorted.
        root: how it is computed.
    """

    text: str
    names: tuple[str, ...]
    root: Node

    @classmethod
    def parse(cls, text: str, names: Collection[str]) -> Expression:
        """Read `text`, which may use the variables `names`.

        Allowed: numbers, pi, + - * / ** and parentheses, the functions of ARGUMENTS, and one comparison
        (< <= > >=) as first argument of where(condition, value if true, value if false). A variable may end
        in signs, as the concentration c_Na+.

        Raises:
            ExpressionError: anything else; too long or deep; a constant part that overflows or is undefined.
        """
        reader = _Reader(text, names)
        root = reader.read()
        return cls(reader.text, tuple(sorted(reader.used)), root)

    def __call__(self, **values: Any) -> Any:
        """Evaluate at `values`; those of unused variables are ignored.

        Returns:
            A UFL expression if any of `values` is one, else an array of their common shape, else a float.
            Numbers outside the domain of a function give nan or inf, as in numpy.

        Raises:
            ExpressionError: a variable has no value, or a constant part is undefined at these values.
        """
        missing = [name for name in self.names if name not in values]
        if missing:
            raise ExpressionError(f"expression {self.text!r} needs values of {', '.join(missing)}")
        if any(is_symbolic(value) for value in values.values()):
            try:
                plain = {name: v if is_symbolic(v) else float(v) for name, v in values.items()}
                return ufl.as_ufl(self.root.evaluate(plain, _UFL))
            except (ArithmeticError, TypeError, ValueError) as error:
                raise ExpressionError(f"expression {self.text!r} cannot be evaluated: {error}") from error
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
        with np.errstate(all="ignore"):
            result = np.asarray(self.root.evaluate(arrays, _NUMPY))
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
        return np.broadcast_to(result, shape).copy() if shape else float(result)


class _Reader:
    """Turns one text into nodes."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        if not isinstance(text, str):
            raise ExpressionError(f"an expression is a text, not {text!r}")
        self.text = text
        self.line = re.sub(r"\s", " ", text).rstrip()
        self.names = frozenset(names)
        self.used: set[str] = set()
        for name in self.names:
            if not re.fullmatch(r"[^\W\d]\S*", name) or keyword.iskeyword(name):
                raise ExpressionError(f"{name!r} cannot be the name of a variable in an expression")
            if name in ARGUMENTS or name in CONSTANTS:
                raise ExpressionError(f"a variable cannot be called {name!r}: expressions know that already")

    def read(self) -> Node:
        if len(self.line) > LONGEST:
            raise ExpressionError(
                f"expression {self.text[:40]!r}... has {len(self.text)} characters; {LONGEST} are allowed"
            )
        start = len(self.line) - len(self.line.lstrip())
        if start == len(self.line):
            raise self.error("it is empty", start)
        source = self.hidden()[start:]
        for sign, advice in {"^": "; write ** for a power", "#": "", "'": "", '"': "", "\\": ""}.items():
            if sign in source:
                raise self.error(f"found {sign!r}{advice}", start + source.index(sign))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                tree = ast.parse(source, mode="eval")
        except SyntaxError as error:
            hint = (
                "; a product needs *, as in 2*c"
                if re.search(r"\d\s*[^\W\d]|[\w)]\s+[\w(]|\)[\w(]", source)
                else ""
            )
            # Offset 0 stands for the end of the text.
            at = start + error.offset - 1 if error.offset else len(self.line)
            raise self.error(f"{error.msg}{hint}", at) from None
        except (ValueError, RecursionError, MemoryError, OverflowError, Warning) as error:
            raise self.error(f"not readable ({str(error) or type(error).__name__})", start) from None
        # Offsets in `ast` count bytes of UTF-8.
        self.offsets = [start]
        for position, character in enumerate(source, start + 1):
            self.offsets += [position] * len(character.encode())
        return self.node(tree.body, 0)

    def error(self, reason: str, at: int) -> ExpressionError:
        known = ", ".join(sorted(self.names)) or "none"
        return ExpressionError(
            f"expression {self.text!r}, character {min(at, len(self.line)) + 1}: {reason}. "
            f"Variables: {known}. Also known: numbers, pi, + - * / ** ( ), {' '.join(ARGUMENTS)}"
        )

    def node(self, tree: ast.expr, depth: int) -> Node:
        at = self.offsets[tree.col_offset]
        if depth > DEEPEST:
            raise self.error(f"nested more than {DEEPEST} deep", at)
        match tree:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.number(lambda: float(value), at)
            case ast.Name():
                return self.variable(at, self.offsets[tree.end_col_offset or 0])
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return self.apply(_UNARY[type(op)], (operand,), at, depth)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
                return self.apply(_BINARY[type(op)], (left, right), at, depth)
            case ast.Call(func=ast.Name(), keywords=[]):
                return self.function(tree, tree.func, depth)
            case ast.Compare():
                raise self.error("a comparison can only be the first argument of where(...)", at)
        raise self.error(f"found {self.excerpt(tree)!r}, which is not arithmetic", at)

    def variable(self, at: int, end: int) -> Node:
        name = self.line[at:end]
        if name in CONSTANTS:
            return _Number(CONSTANTS[name])
        if name in self.names:
            self.used.add(name)
            return _Name(name)
        if name in ARGUMENTS:
            raise self.error(f"{name} is a function and needs arguments in parentheses", at)
        raise self.error(f"unknown name {name!r}{self.near(name, [*self.names, *CONSTANTS])}", at)

    def function(self, tree: ast.Call, called: ast.expr, depth: int) -> Node:
        at, end = self.offsets[called.col_offset], self.offsets[called.end_col_offset or 0]
        name = self.line[at:end]
        if name in self.names or name in CONSTANTS:
            raise self.error(f"{name} is not a function; a product needs *", at)
        if name not in ARGUMENTS:
            raise self.error(f"unknown function {name!r}{self.near(name, ARGUMENTS)}", at)
        least, most = ARGUMENTS[name]
        if not least <= len(tree.args) <= most:
            wanted = str(least) if least == most else f"{least} or more"
            raise self.error(f"{name} takes {wanted} arguments, found {len(tree.args)}", at)
        if name != "where":
            return self.apply(name, tuple(tree.args), at, depth)
        values = tuple(self.node(part, depth + 1) for part in tree.args[1:])
        return _Operation(name, (self.condition(tree.args[0], depth + 1), *values))

    def condition(self, tree: ast.expr, depth: int) -> Node:
        at = self.offsets[tree.col_offset]
        match tree:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISON:
                parts = (self.node(left, depth + 1), self.node(right, depth + 1))
                return _Operation(_COMPARISON[type(op)], parts)
        raise self.error(f"where needs one comparison with < <= > or >=, found {self.excerpt(tree)!r}", at)

    def apply(self, operation: str, trees: tuple[ast.expr, ...], at: int, depth: int) -> Node:
        # Constants are computed at once, so that their errors show now.
        parts = tuple(self.node(tree, depth + 1) for tree in trees)
        constants = [part.value for part in parts if isinstance(part, _Number)]
        if len(constants) < len(parts):
            return _Operation(operation, parts)
        return self.number(lambda: _FLOAT[operation](*constants), at)

    def number(self, compute: Callable[[], float], at: int) -> Node:
        try:
            value = compute()
        except OverflowError:
            value = math.inf
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if math.isinf(value):
            raise self.error("overflow: a constant is larger than floating-point numbers go (1.8e308)", at)
        if math.isnan(value):
            raise self.error(
                "a constant part is undefined (division by zero, root or logarithm of a negative number)", at
            )
        return _Number(value)

    def excerpt(self, tree: ast.expr) -> str:
        found = self.line[self.offsets[tree.col_offset] : self.offsets[tree.end_col_offset or 0]]
        return found if len(found) <= 30 else found[:27] + "..."

    def hidden(self) -> str:
        # Signs of variables such as c_Na+ give way to as many underscores, so that positions stay.
        signed = sorted((name for name in self.names if not name.isidentifier()), key=len, reverse=True)
        if not signed:
            return self.line
        pattern = r"(?<![\w.])(?:" + "|".join(map(re.escape, signed)) + ")"
        return re.sub(pattern, lambda found: re.sub(r"\W", "_", found[0]), self.line)

    def near(self, name: str, known: Collection[str]) -> str:
        close = [k for k in known if k.lower() == name.lower()] or difflib.get_close_matches(name, known, 1)
        return f" (did you mean {close[0]!r}?)" if close else ""


def _chain(two: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def many(first: Any, *others: Any) -> Any:
        for other in others:
            first = two(first, other)
        return first

    return many


def _ufl_power(base: Any, exponent: Any) -> Any:
    if isinstance(base, float) and isinstance(exponent, float):
        return math.pow(base, exponent)
    # An integer exponent keeps the polynomial degree that UFL estimates for quadrature.
    return base ** (int(exponent) if isinstance(exponent, float) and exponent.is_integer() else exponent)


def _ufl_asinh(x: Any) -> Any:
    root = ufl.sqrt(x * x + 1.0)
    return ufl.conditional(ufl.lt(x, 0.0), -ufl.ln(root - x), ufl.ln(root + x))


def _common(module: ModuleType) -> dict[str, Callable[..., Any]]:
    names = ("exp", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
    return {name: getattr(module, name) for name in names}


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "abs": abs,
}
_FLOAT: Operations = (
    _ARITHMETIC
    | _common(math)
    | {
        "**": math.pow,
        "log": math.log,
        "ln": math.log,
        "log10": math.log10,
        "asinh": math.asinh,
        "arctan": math.atan,
        "erf": math.erf,
        "min": min,
        "max": max,
    }
)
_NUMPY: Operations = (
    _ARITHMETIC
    | _common(np)
    | {
        "**": np.power,
        "log": np.log,
        "ln": np.log,
        "log10": np.log10,
        "asinh": np.arcsinh,
        "arctan": np.arctan,
        "erf": scipy.special.erf,
        "min": _chain(np.minimum),
        "max": _chain(np.maximum),
        "where": np.where,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }
)
_UFL: Operations = (
    _ARITHMETIC
    | _common(ufl)
    | {
        "**": _ufl_power,
        "log": ufl.ln,
        "ln": ufl.ln,
        "log10": lambda x: ufl.ln(x) / math.log(10.0),
        "asinh": _ufl_asinh,
        "arctan": ufl.atan,
        "erf": ufl.erf,
        "min": _chain(lambda a, b: ufl.conditional(ufl.lt(a, b), a, b)),
        "max": _chain(lambda a, b: ufl.conditional(ufl.gt(a, b), a, b)),
        "where": ufl.conditional,
        "<": ufl.lt,
        "<=": ufl.le,
        ">": ufl.gt,
        ">=": ufl.ge,
    }
)
