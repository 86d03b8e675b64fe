"""Material laws: properties as functions of concentration and temperature.

A law is called with c in mol/m^3 and T in K and returns SI. It takes numbers, numpy arrays and UFL
expressions alike: UFL if any argument is UFL, an array of the common shape if any is an array, else a float.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import ufl
from scipy.interpolate import PchipInterpolator

from .constants import GAS
from .expression import Expression, is_symbolic

VARIABLES = ("c", "T")
"""What the formula of a law may use."""


class Law(Protocol):
    """A property of a material."""

    def __call__(self, c: Any, temperature: Any) -> Any:
        """The property at concentration `c` in mol/m^3 and `temperature` in K, in SI."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same everywhere.

    Raises:
        ValueError: the value is not finite.
    """

    value: float

    def __post_init__(self) -> None:
        """Check the value."""
        _finite("a constant law", self.value)

    def __call__(self, c: Any, temperature: Any) -> Any:
        """The value, in the shape of the arguments."""
        if is_symbolic(c) or is_symbolic(temperature):
            return ufl.as_ufl(self.value)
        shape = np.broadcast_shapes(np.shape(c), np.shape(temperature))
        return np.full(shape, self.value) if shape else float(self.value)


@dataclass(frozen=True)
class Formula:
    """A formula of the user in c (mol/m^3) and T (K), with a value in SI.

    Attributes:
        expression: uses no names but "c" and "T".

    Raises:
        ValueError: it uses another name.
    """

    expression: Expression

    def __post_init__(self) -> None:
        """Check the names."""
        if other := set(self.expression.names) - set(VARIABLES):
            raise ValueError(f"law {self.expression.text!r} may use c and T, not {', '.join(sorted(other))}")

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Read `text`; see solver.expression for what it may contain. Raises ExpressionError."""
        return cls(Expression.parse(text, VARIABLES))

    def __call__(self, c: Any, temperature: Any) -> Any:
        """The formula; numbers outside its domain give nan or inf."""
        return self.expression(c=c, T=temperature)


@dataclass(frozen=True)
class Table:
    """Measured points joined by a smooth curve that has no maximum or minimum the points do not have.

    Between the points the monotone piecewise cubic of Fritsch and Butland (PCHIP), whose first derivative is
    continuous; beyond the first and last point the value there, constant.
    Source: Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984), doi:10.1137/0905021.

    Attributes:
        x: concentrations in mol/m^3 or temperatures in K, increasing, at least two.
        y: the property there, in SI.
        variable: "c" or "T": what x is.

    Raises:
        ValueError: fewer than two points, x and y of unequal length, x not increasing, a number not finite.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    variable: str = "c"

    def __post_init__(self) -> None:
        """Check the points."""
        if self.variable not in VARIABLES:
            raise ValueError(f'a table is one of "c" or "T", not of {self.variable!r}')
        if len(self.x) != len(self.y):
            raise ValueError(f"a table needs as many values as points, not {len(self.y)} for {len(self.x)}")
        if len(self.x) < 2:
            raise ValueError(f"a table needs at least two points, not {len(self.x)}")
        for number in (*self.x, *self.y):
            _finite("a table", number)
        for before, after in zip(self.x, self.x[1:], strict=False):
            if not after > before:
                raise ValueError(f"the points of a table must increase, but {after:g} follows {before:g}")

    def __call__(self, c: Any, temperature: Any) -> Any:
        """The curve; see the class."""
        x = c if self.variable == "c" else temperature
        if is_symbolic(x):
            inside = ufl.conditional(ufl.gt(x, self.x[-1]), self.y[-1], self._piece(x, 0, len(self.x) - 1))
            return ufl.conditional(ufl.lt(x, self.x[0]), self.y[0], inside)
        value = self._curve(np.clip(np.asarray(x, dtype=np.float64), self.x[0], self.x[-1]))
        other = temperature if self.variable == "c" else c
        if is_symbolic(other):
            return ufl.as_ufl(float(value))
        shape = np.broadcast_shapes(np.shape(c), np.shape(temperature))
        return np.broadcast_to(value, shape).copy() if shape else float(value)

    @cached_property
    def _curve(self) -> Any:
        # Differences below 1e-308 overflow the harmonic mean inside, which gives the slope 0, as it should.
        with np.errstate(over="ignore"):
            return PchipInterpolator(self.x, self.y)

    def _piece(self, x: Any, first: int, last: int) -> Any:
        """The curve between points `first` and `last`, halved so that few conditionals lie on any path."""
        if last - first > 1:
            middle = (first + last) // 2
            pieces = self._piece(x, first, middle), self._piece(x, middle, last)
            return ufl.conditional(ufl.lt(x, self.x[middle]), *pieces)
        a, b, c, d = (float(k) for k in self._curve.c[:, first])
        s = x - self.x[first]
        return ((a * s + b) * s + c) * s + d


@dataclass(frozen=True)
class Scaled:
    """A law times a number, for instance a calibration or the transport factor of a porous medium.

    Raises:
        ValueError: the factor is not finite.
    """

    law: Law
    factor: float

    def __post_init__(self) -> None:
        """Check the factor."""
        _finite("the factor of a law", self.factor)

    def __call__(self, c: Any, temperature: Any) -> Any:
        """The product."""
        return self.factor * self.law(c, temperature)


@dataclass(frozen=True)
class Clamped:
    """A law inside a range of concentrations; beyond it the value at its end, constant.

    Keeps fitted curves from being followed where they were not measured, and roots from negative numbers.

    Attributes:
        law: what is clamped.
        lowest, highest: of c in mol/m^3.

    Raises:
        ValueError: the range is empty or not finite.
    """

    law: Law
    lowest: float
    highest: float

    def __post_init__(self) -> None:
        """Check the range."""
        _finite("a range of concentrations", self.lowest)
        _finite("a range of concentrations", self.highest)
        if not self.lowest < self.highest:
            raise ValueError(f"a law cannot be clamped from {self.lowest:g} to {self.highest:g} mol/m^3")

    def __call__(self, c: Any, temperature: Any) -> Any:
        """The law at c or at the nearest end of the range."""
        if not is_symbolic(c):
            return self.law(np.clip(c, self.lowest, self.highest), temperature)
        below = ufl.conditional(ufl.lt(c, self.lowest), self.lowest, c)
        return self.law(ufl.conditional(ufl.gt(c, self.highest), self.highest, below), temperature)


@dataclass(frozen=True)
class Arrhenius:
    """A thermally activated property.

        law(c, T) exp[-(Ea/R)(1/T - 1/T0)]

    Attributes:
        law: the property at T0 (its own dependence on T, if any, stays).
        activation_energy: Ea in J/mol.
        reference_temperature: T0 in K.

    Raises:
        ValueError: Ea is not finite or T0 is not positive.
    """

    law: Law
    activation_energy: float
    reference_temperature: float = 298.15

    def __post_init__(self) -> None:
        """Check the numbers."""
        _finite("an activation energy", self.activation_energy)
        _positive("the reference temperature of an Arrhenius law", self.reference_temperature)

    def __call__(self, c: Any, temperature: Any) -> Any:
        """See the class."""
        kelvin = self.activation_energy / GAS
        return self.law(c, temperature) * _exp(kelvin / self.reference_temperature - kelvin / temperature)


@dataclass(frozen=True)
class VogelFulcher:
    """A property that freezes in at T_v, as the conductivity of gels and polymers does.

        law(c, T) exp[-B (1/(T - T_v) - 1/(T0 - T_v))]

    Source: Vogel, Phys. Z. 22, 645 (1921); Fulcher, J. Am. Ceram. Soc. 8, 339 (1925).

    Attributes:
        law: the property at T0.
        activation_temperature: B in K.
        vogel_temperature: T_v in K; the law holds above it only.
        reference_temperature: T0 in K, above T_v.

    Raises:
        ValueError: a number is not finite, or T0 is not above T_v.
    """

    law: Law
    activation_temperature: float
    vogel_temperature: float
    reference_temperature: float = 298.15

    def __post_init__(self) -> None:
        """Check the numbers."""
        _finite("an activation temperature", self.activation_temperature)
        _finite("a Vogel temperature", self.vogel_temperature)
        _finite("a reference temperature", self.reference_temperature)
        if not self.reference_temperature > self.vogel_temperature:
            raise ValueError(
                f"the reference temperature {self.reference_temperature:g} K must lie above "
                f"the Vogel temperature {self.vogel_temperature:g} K"
            )

    def __call__(self, c: Any, temperature: Any) -> Any:
        """See the class."""
        b, frozen = self.activation_temperature, self.vogel_temperature
        exponent = b / (self.reference_temperature - frozen) - b / (temperature - frozen)
        return self.law(c, temperature) * _exp(exponent)


def as_law(value: float | str | Law) -> Law:
    """A law from what a user gives: a number, the text of a formula in c and T, or a law."""
    if isinstance(value, str):
        return Formula.parse(value)
    return Constant(float(value)) if isinstance(value, (int, float)) else value


def bruggeman(porosity: float, exponent: float = 1.5) -> float:
    """Transport factor eps/tau = eps**exponent of a porous medium: effective D or kappa over the liquid's.

    Source: Bruggeman, Ann. Phys. 416, 636 (1935), doi:10.1002/andp.19354160705 (exponent 3/2 for spheres).

    Args:
        porosity: eps, volume of liquid per volume, above 0 and at most 1.
        exponent: 1 for straight pores, 1.5 for spheres, larger for platelets and compressed electrodes.

    Raises:
        ValueError: the porosity is out of range, or the exponent is below 1.
    """
    _porosity(porosity)
    if not 1.0 <= exponent < math.inf:
        raise ValueError(f"a Bruggeman exponent is 1 (straight pores) or more, not {exponent:g}")
    return float(porosity**exponent)


def tortuous(porosity: float, tortuosity: float) -> float:
    """Transport factor eps/tau of a porous medium of known tortuosity: the inverse of its MacMullin number.

    Args:
        porosity: eps, volume of liquid per volume, above 0 and at most 1.
        tortuosity: the factor tau of resistance (not the length ratio, which is its square root), 1 or more.

    Raises:
        ValueError: a number is out of range.
    """
    _porosity(porosity)
    if not 1.0 <= tortuosity < math.inf:
        raise ValueError(f"a tortuosity is 1 or more, not {tortuosity:g}")
    return porosity / tortuosity


def _exp(x: Any) -> Any:
    return ufl.exp(x) if is_symbolic(x) else np.exp(x) if np.ndim(x) else math.exp(x)


def _porosity(value: float) -> None:
    if not 0.0 < value <= 1.0:
        raise ValueError(f"a porosity is above 0 and at most 1, not {value:g}")


def _positive(what: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        raise ValueError(f"{what} must be positive, not {value!r}")


def _finite(what: str, value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{what} must be a finite number, not {value!r}")
