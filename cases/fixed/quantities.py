"""What cases of fixed shape add to `cases.units`: more dimensions, and laws.

A law is a quantity with a unit, a formula with a value in SI, or (where it says so) points of a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from cases.units import (
    CONCENTRATION,
    CONDUCTIVITY,
    CURRENT_DENSITY,
    DIFFUSIVITY,
    ENERGY,
    LENGTH,
    TEMPERATURE,
    Dimension,
    QuantityError,
    Unit,
    read,
    write,
)
from cases.waveforms import RESISTANCE, SWEEP_RATE
from solver.constants import FARADAY
from solver.expression import Expression, ExpressionError
from solver.laws import Table

CAPACITANCE = Dimension("a capacitance per area", "F/m^2", "10 uF/cm^2", ("uF/cm^2",))
MOLAR_ENERGY = Dimension("an activation energy", "J/mol", "40 kJ/mol", ("kJ/mol",))
VELOCITY = Dimension("a velocity", "m/s", "1 cm/s", ("cm/s",))
RATIO = Dimension("a number", "", "0.4", ("",))

__all__ = [
    "CAPACITANCE", "MOLAR_ENERGY", "RESISTANCE", "SWEEP_RATE", "VELOCITY", "ActivationEnergy", "Amount",
    "Capacitance", "ConductivityLaw", "Coordinate", "CurrentDensityLaw", "DiffusivityLaw", "Given", "LawOf",
    "RatioLaw", "Resistance", "Velocity", "VelocityLaw",
]  # fmt: skip

Given = float | Expression | Table
"""A law as it was given: a number in SI, a formula, or points."""


@dataclass(frozen=True)
class _MolarEnergy(Unit):
    """An energy per mole, or per particle: 1 eV is 96485 J/mol."""

    def _read(self, value: object) -> float | str:
        if isinstance(value, str):
            try:
                return self._bounded(read(value, ENERGY) * FARADAY)
            except QuantityError:
                pass
        return super()._read(value)

    def _bounded(self, number: float) -> float:
        self._bound(number)
        return number


@dataclass(frozen=True)
class LawOf(Unit):
    """Pydantic annotation: a quantity, a formula in `names`, or points of a table against c or T.

    Attributes:
        names: variables of the formula.
        table: whether points are taken.
    """

    names: tuple[str, ...] = ("c", "T")
    table: bool = False

    @property
    def expected(self) -> str:
        """What to say when something else was found."""
        unit = f" with a value in {self.dimension.si}" if self.dimension.si else ""
        formula = f"a formula in {', '.join(self.names)} (SI){unit}"
        points = "a list of points" if self.table else ""
        return " or ".join(part for part in (super().expected, formula, points) if part)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe what editors may let through: a text, points where they are taken, a plain number."""
        point = {"type": "array", "minItems": 2, "maxItems": 2}
        choices: list[dict[str, Any]] = [{"type": "string"}]
        choices += [{"type": "number"}] if self.dimension is RATIO else []
        choices += [{"type": "array", "items": point, "minItems": 2}] if self.table else []
        example: str | float = self.dimension.example if self.dimension.si else float(self.dimension.example)
        return {"anyOf": choices, "examples": [example], "x-quantity": self.expected}

    def validate(self, value: object) -> Any:
        """A float, an Expression or a Table."""
        try:
            if isinstance(value, list | tuple) and self.table:
                return self._points(value)
            if isinstance(value, str):
                return self.formula(value)
            return self._read(value)
        except QuantityError as error:
            raise PydanticCustomError("quantity", "{why}", {"why": str(error)}) from None

    def _read(self, value: object) -> float | str:
        """A quantity; a plain number if the law has no unit."""
        if self.dimension is not RATIO:
            return super()._read(value)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e6:
            raise QuantityError(f"expected {self.expected}")
        return float(value)

    def formula(self, text: str) -> float | Expression:
        """The quantity that a text is; failing that, the formula; QuantityError if it is neither."""
        try:
            return float(self._read(text))
        except QuantityError as error:
            quantity = error
        try:
            formula = Expression.parse(text, self.names)
        except ExpressionError as error:
            # Letters after a number are a unit gone wrong rather than a formula.
            raise QuantityError(str(error) if set("()*/+") & set(text) else str(quantity)) from None
        if not formula.names:
            value = formula()
            if value != 0.0 and self.dimension is not RATIO:
                raise QuantityError(f"the unit is missing, expected {self.expected}")
            return float(value)
        return formula

    def _points(self, rows: list[Any] | tuple[Any, ...]) -> Table:
        """Pairs of a concentration or a temperature and the value there."""
        found: list[tuple[float, float]] = []
        variable = ""
        for row in rows:
            if not isinstance(row, list | tuple) or len(row) != 2 or not isinstance(row[0], str):
                raise QuantityError('expected points such as [["0.5 mol/L", value], ["1 mol/L", value]]')
            for name, dimension in (("c", CONCENTRATION), ("T", TEMPERATURE)):
                try:
                    at = read(row[0], dimension)
                except QuantityError:
                    continue
                if variable not in ("", name):
                    raise QuantityError("expected points against concentration or temperature, not both")
                variable = name
                found.append((at, float(self._read(row[1]))))
                break
            else:
                raise QuantityError(f'"{row[0]}" is neither a concentration nor a temperature')
        try:
            return Table(tuple(x for x, _ in found), tuple(y for _, y in found), variable or "c")
        except ValueError as error:
            raise QuantityError(str(error)) from None

    def serialize(self, value: Any) -> Any:
        """Write it as it may be read."""
        if isinstance(value, Expression):
            return value.text
        if isinstance(value, Table):
            of = CONCENTRATION if value.variable == "c" else TEMPERATURE
            return [
                [write(x, of), self._plain(y)] for x, y in zip(value.x, value.y, strict=True)
            ]  # fmt: skip
        return self._plain(float(value))

    def _plain(self, value: float) -> Any:
        return value if self.dimension is RATIO else write(value, self.dimension)


ActivationEnergy = Annotated[float, _MolarEnergy(MOLAR_ENERGY, least=0.0, most=1e6)]
Amount = Annotated[float, Unit(CONCENTRATION, least=0.0)]
Capacitance = Annotated[float, Unit(CAPACITANCE, above=0.0)]
Coordinate = Annotated[float, Unit(LENGTH)]
Resistance = Annotated[float, Unit(RESISTANCE, above=0.0)]
Velocity = Annotated[float, Unit(VELOCITY)]
ConductivityLaw = Annotated[Any, LawOf(CONDUCTIVITY, above=0.0, table=True)]
CurrentDensityLaw = Annotated[Any, LawOf(CURRENT_DENSITY, above=0.0)]
DiffusivityLaw = Annotated[Any, LawOf(DIFFUSIVITY, above=0.0, table=True)]
RatioLaw = Annotated[Any, LawOf(RATIO, table=True)]
VelocityLaw = Annotated[Any, LawOf(VELOCITY, names=("x", "y", "z"))]
