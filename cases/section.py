"""What all sections of a case file have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import PydanticCustomError, core_schema

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,31}$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,99}$")]
Positive = Annotated[float, Field(gt=0, le=1e6)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]


class Section(BaseModel):
    """Common to all sections: frozen, no unknown keys, no silent conversion of types, finite numbers."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def listed(example: str) -> BeforeValidator:
    """Pydantic annotation of a tuple: let a list through; the error shows an example."""

    def check(value: object) -> object:
        if isinstance(value, list | tuple):
            return tuple(value)
        raise PydanticCustomError("quantity", "expected a list such as {example}", {"example": example})

    return BeforeValidator(check)


@dataclass(frozen=True)
class Kinds:
    """Pydantic annotation of a union of sections: the value of `key` tells which one a table is.

    Attributes:
        key: field that every section has, with one or more literal texts as its type.
        default: kind of a table without the key; None: it must be given.
    """

    key: str
    default: str | None = None

    def members(self, union: object) -> Mapping[str, Any]:
        """Sections by kind."""
        sections: tuple[Any, ...] = get_args(union)
        return {kind: s for s in sections for kind in get_args(s.model_fields[self.key].annotation)}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """A tagged union of the sections."""
        choices = {kind: handler.generate_schema(member) for kind, member in self.members(source).items()}
        return core_schema.tagged_union_schema(choices, self._discriminator())

    def _discriminator(self) -> Callable[[Any], str | None]:
        def kind(value: Any) -> str | None:
            given = value.get(self.key) if isinstance(value, dict) else getattr(value, self.key, None)
            if given is None:
                return self.default if isinstance(value, dict) else None
            return given if isinstance(given, str) else ""

        return kind
