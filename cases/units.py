"""Physical quantities of a case file: text with a unit at the door, SI floats inside.

``"10 um"`` becomes ``1e-05`` (metres). Each type below is a float for the type
checker and for the solver, and carries for pydantic a `Unit`: how to read it, which
values make sense, and how to write it back. Arithmetic is decimal until the last
step, so ``"10 um"`` is the float nearest to 1e-5 and writing round-trips exactly.

A unit is names of pint joined by ``*``, ``/``, blanks, brackets and small whole
powers; nothing in a case file is evaluated as an expression.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Annotated, Any, Literal

import pint
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

_LONGEST = 120
_LARGEST = 1e100  # in SI units; nothing physical comes near, and arithmetic with it cannot overflow
_NUMBER = re.compile(
    r"([+-]?(?:[0-9][0-9_]*+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?)(?![0-9.,])\s*+(.*)", re.DOTALL
)
# Possessive quantifiers: a long name must not be tried in every way of cutting it.
_UNIT = re.compile(
    r"(?:1\s*+/)?(?:\s*+(?:(?:[^\W\d]\w*+|°\w++)(?:\s*+(?:\^|\*\*)\s*+-?[0-9])?|\*(?!\*)|/|\(|\)))+\s*+"
)
QUANTITY_PATTERN = (
    r"^\s*[+-]?([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?(\s*[^0-9.,\s]|\s+1\s*/).*$"
)
"""A number and something after it, for JSON schemas; whether that is a unit, only `read` knows."""
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class QuantityError(ValueError):
    """A text that is not a quantity of the kind asked for; the message completes "value: ..."."""


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity.

    Attributes:
        noun: with its article, for messages ("a length").
        si: the unit that the float is in after reading: SI, except that an energy per electron is in eV.
        example: a value as one would write it.
        written: the units it is written in; the first in which the number is at least 1, else the last.
    """

    noun: str
    si: str
    example: str
    written: tuple[str, ...]

    @property
    def expected(self) -> str:
        """What to say when something else was found."""
        return f'{self.noun} such as "{self.example}"'


LENGTH = Dimension("a length", "m", "10 um", ("m", "mm", "um", "nm"))
TIME = Dimension("a time", "s", "30 s", ("s", "ms", "us"))
VOLTAGE = Dimension("a voltage", "V", "-0.1 V", ("V",))
CURRENT_DENSITY = Dimension("a current density", "A/m^2", "0.5 mA/cm^2", ("mA/cm^2",))
CONDUCTIVITY = Dimension("a conductivity", "S/m", "6.8 mS/cm", ("mS/cm",))
DIFFUSIVITY = Dimension("a diffusivity", "m^2/s", "1.8e-6 cm^2/s", ("cm^2/s",))
MOBILITY = Dimension("a mobility", "m^2/(V s)", "7.05e-5 cm^2/(V s)", ("cm^2/(V s)",))
CONCENTRATION = Dimension("a concentration", "mol/m^3", "1 mol/L", ("mol/L",))
TEMPERATURE = Dimension("a temperature", "K", "298.15 K", ("K",))
ENERGY = Dimension("an energy", "eV", "0.49 eV", ("eV",))
SURFACE_ENERGY = Dimension("a surface energy", "J/m^2", "0.2 J/m^2", ("J/m^2",))
MOLAR_VOLUME = Dimension("a molar volume", "m^3/mol", "23.78 cm^3/mol", ("cm^3/mol",))
RICHARDSON = Dimension("a Richardson constant", "A/(m^2 K^2)", "1.2e6 A/(m^2 K^2)", ("A/(m^2 K^2)",))
RATE = Dimension("a rate", "1/s", "20 1/s", ("1/s",))
CHARGE_DENSITY = Dimension("a charge per area", "C/m^2", "0.5 mAh/cm^2", ("mAh/cm^2",))
ANGLE = Dimension("an angle", "rad", "90 deg", ("deg",))
BARRIER = Dimension("an energy per volume", "J/m^3", "6e6 J/m^3", ("J/m^3",))
GRADIENT = Dimension("an energy per length", "J/m", "7.5e-7 J/m", ("J/m",))
STRESS = Dimension("a pressure", "Pa", "3.4 GPa", ("GPa", "MPa", "Pa"))
BARRIER_MOBILITY = Dimension("a mobility of a phase field", "m^3/(J s)", "2.5e-6 m^3/(J s)", ("m^3/(J s)",))

DIMENSIONS = (
    LENGTH, TIME, VOLTAGE, CURRENT_DENSITY, CONDUCTIVITY, DIFFUSIVITY, MOBILITY, CONCENTRATION, TEMPERATURE,
    ENERGY, SURFACE_ENERGY, MOLAR_VOLUME, RICHARDSON, RATE, CHARGE_DENSITY, ANGLE, BARRIER, GRADIENT,
    BARRIER_MOBILITY, STRESS,
)  # fmt: skip


@cache
def _registry() -> pint.UnitRegistry:
    return pint.UnitRegistry(non_int_type=Decimal)


def _units(text: str) -> pint.Unit:
    """Read the unit ``text``; `QuantityError` if it is none."""
    plain = re.sub(r"([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "^" + m[1].translate(_SUPERSCRIPTS), text)
    plain = plain.replace("·", "*").replace("⋅", "*")
    if not _UNIT.fullmatch(plain):
        raise QuantityError(f'"{_short(text)}" is not a unit')
    try:
        return _registry().parse_units(plain)
    except Exception:  # pint and Python's tokenizer have no common base class for what they refuse
        raise QuantityError(f'"{_short(text)}" is not a unit') from None


@lru_cache(maxsize=512)
def _scale(text: str, dimension: Dimension) -> tuple[Decimal, Decimal]:
    """Factor and offset from the unit ``text`` to the SI unit of ``dimension``."""
    unit, si = _units(text), _registry().parse_units(dimension.si)
    if unit.dimensionality != si.dimensionality:
        for other in DIMENSIONS:
            if _registry().parse_units(other.si).dimensionality == unit.dimensionality and other is not ANGLE:
                raise QuantityError(f"this is {other.noun}")
        raise QuantityError(f'"{_short(text)}" is not a unit of {dimension.noun.split(" ", 1)[1]}')
    if dimension is ANGLE and str(unit) not in {"degree", "radian"}:
        raise QuantityError(f'"{_short(text)}" is not a unit of angle')
    try:
        zero, one = (_registry().Quantity(Decimal(k), unit).to(si).magnitude for k in (0, 1))
        factor, offset = Decimal(one - zero), Decimal(zero)
    except Exception:  # see _units
        raise QuantityError(f'"{_short(text)}" is not a unit one can convert to {dimension.si}') from None
    return factor, offset


def read(text: str, dimension: Dimension) -> float:
    """Convert a text such as ``"10 um"`` to a float in ``dimension.si``.

    Raises:
        QuantityError: no number, no unit, an unknown unit, another dimension, not finite.
    """
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise QuantityError("this is not a number with a unit")
    number, unit = match[1].replace("_", ""), match[2]
    if not unit:
        raise QuantityError("the unit is missing")
    factor, offset = _scale(unit, dimension)
    try:
        value = float(Decimal(number) * factor + offset)
    except (InvalidOperation, ArithmeticError):
        value = math.inf
    if not abs(value) <= _LARGEST:
        raise QuantityError("this is too large a number")
    return value


def write(value: float, dimension: Dimension) -> str:
    """Write an SI float as text that `read` turns into the same float, with as few digits as that takes."""
    scales = [(unit, *_scale(unit, dimension)) for unit in dimension.written]
    fitting = [s for s in scales if abs(Decimal(value) / s[1]) >= 1] or scales[-1:]
    for unit, factor, offset in (fitting[0], (dimension.si, Decimal(1), Decimal(0))):
        magnitude = (Decimal(repr(value)) - offset) / factor
        for digits in range(1, 18):
            number = float(f"{magnitude:.{digits}g}")
            text = f"{_plain(number)} {unit}"
            if read(text, dimension) == value:
                return text
    raise AssertionError(f"{value!r} does not survive writing in {dimension.si}")


def convert(value: float, unit: str, dimension: Dimension) -> float:
    """An SI float in another unit of its dimension, such as 1e-8 m in "nm": 10.0."""
    factor, offset = _scale(unit, dimension)
    return float((Decimal(repr(value)) - offset) / factor)


def _plain(number: float) -> str:
    text = repr(number + 0.0)
    return (text[:-2] if text.endswith(".0") else text).replace("e-0", "e-").replace("e+", "e")


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


@dataclass(frozen=True)
class Unit:
    """Pydantic annotation: a quantity of a dimension within bounds (SI), or one of some words.

    Attributes:
        dimension: the kind of quantity.
        above: values must be greater than this.
        least: values must be this or more.
        most: values must be this or less.
        words: texts that are let through as they are.
    """

    dimension: Dimension
    above: float | None = None
    least: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What to say when something else was found."""
        return " or ".join([self.dimension.expected, *(f'"{word}"' for word in self.words)])

    @property
    def described(self) -> str:
        """Noun, unit of the number inside, and bounds: what an editor shows."""
        bounds = [
            f"{word} {write(bound, self.dimension) if bound else 0}"
            for word, bound in (("more than", self.above), ("at least", self.least), ("at most", self.most))
            if bound is not None
        ]
        return ", ".join([f"{self.expected}; SI: {self.dimension.si}", *bounds])

    def validate(self, value: object) -> float | str:
        """Read ``value``; the pydantic error raised is of type "quantity", for `cases.messages`."""
        try:
            return self._read(value)
        except QuantityError as error:
            raise PydanticCustomError("quantity", "{why}", {"why": str(error)}) from None

    def _read(self, value: object) -> float | str:
        if not isinstance(value, str):
            bare = isinstance(value, int | float) and not isinstance(value, bool)
            why = "the unit is missing" if bare else "this is no quantity"
            raise QuantityError(f"{why}, expected {self.expected}")
        if value in self.words:
            return value
        try:
            number = read(value, self.dimension)
        except QuantityError as error:
            raise QuantityError(f"{error}, expected {self.expected}") from None
        self._bound(number)
        return number

    def _bound(self, number: float) -> None:
        bounds: tuple[tuple[float | None, str, Callable[[float, float], bool]], ...] = (
            (self.above, "more than", float.__gt__),
            (self.least, "at least", float.__ge__),
            (self.most, "at most", float.__le__),
        )
        for bound, word, holds in bounds:
            if bound is not None and not holds(number, bound):
                limit = write(bound, self.dimension)
                raise QuantityError(f"expected {self.dimension.noun} of {word} {limit}")

    def serialize(self, value: float | str) -> str:
        """Write the SI float back as text."""
        return value if isinstance(value, str) else write(value, self.dimension)

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Read with `validate`, write with `serialize`."""
        return core_schema.no_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.serialize),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the text for editors; `cases.editor` makes "x-quantity" part of the description."""
        words = "".join(f"|^{re.escape(word)}$" for word in self.words)
        return {
            "type": "string",
            "examples": [self.dimension.example, *self.words],
            "pattern": QUANTITY_PATTERN + words,
            "x-quantity": self.described,
        }


Length = Annotated[float, Unit(LENGTH, above=0.0)]
Position = Annotated[float, Unit(LENGTH, least=0.0)]
Time = Annotated[float, Unit(TIME, above=0.0)]
Voltage = Annotated[float, Unit(VOLTAGE)]
Overpotential = Annotated[float, Unit(VOLTAGE, least=0.0)]
CurrentDensity = Annotated[float, Unit(CURRENT_DENSITY, above=0.0)]
Conductivity = Annotated[float, Unit(CONDUCTIVITY, above=0.0)]
Stress = Annotated[float, Unit(STRESS, above=0.0)]
Diffusivity = Annotated[float, Unit(DIFFUSIVITY, above=0.0)]
Mobility = Annotated[
    float | Literal["from conductivity"], Unit(MOBILITY, above=0.0, words=("from conductivity",))
]
Concentration = Annotated[float, Unit(CONCENTRATION, above=0.0)]
Temperature = Annotated[float, Unit(TEMPERATURE, above=0.0)]
Energy = Annotated[float, Unit(ENERGY, least=0.0)]
SurfaceEnergy = Annotated[float, Unit(SURFACE_ENERGY, least=0.0)]
MolarVolume = Annotated[float, Unit(MOLAR_VOLUME, above=0.0)]
RichardsonConstant = Annotated[float, Unit(RICHARDSON, above=0.0)]
Rate = Annotated[float, Unit(RATE, least=0.0)]
ChargeDensity = Annotated[float, Unit(CHARGE_DENSITY, above=0.0)]
Angle = Annotated[float, Unit(ANGLE, least=0.0, most=math.pi)]
Barrier = Annotated[float, Unit(BARRIER, above=0.0)]
Gradient = Annotated[float, Unit(GRADIENT, above=0.0)]
BarrierMobility = Annotated[float, Unit(BARRIER_MOBILITY, above=0.0)]
