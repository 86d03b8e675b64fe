"""What engines remember besides fields, as trees for an archive and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from meshes.domain import Skin
from meshes.front import Chain, Front
from meshes.shell import Shell

from .archive import Tree
from .contact import Contact
from .growing import Floating
from .memory import Growth


def kept_skin(skin: Skin) -> Tree:
    """A surface with all that lies on its facets."""
    tree = {field.name: getattr(skin, field.name) for field in fields(skin)}
    return {"kind": "front" if isinstance(skin, Front) else "shell", **tree}


def found_skin(kept: Mapping[str, Any]) -> Skin:
    """The surface of `kept_skin`."""
    data = {name: value for name, value in kept.items() if name != "kind"}
    data["names"] = tuple(data["names"])
    if kept["kind"] == "shell":
        return Shell(**data)
    chains = [Chain(count, None if walls is None else tuple(walls)) for count, walls in data["chains"]]
    return Front(**{**data, "chains": tuple(chains)})


def kept_skins(skins: Mapping[str, Skin]) -> Tree:
    """Surfaces by name."""
    return {name: kept_skin(skin) for name, skin in skins.items()}


def found_skins(kept: Mapping[str, Any]) -> dict[str, Skin]:
    """The surfaces of `kept_skins`, in their order."""
    return {name: found_skin(skin) for name, skin in kept.items()}


def kept_growth(growth: Growth | None) -> Tree | None:
    """What the last step added."""
    return None if growth is None else asdict(growth)


def found_growth(kept: Mapping[str, Any] | None) -> Growth | None:
    """The growth of `kept_growth`."""
    return None if kept is None else Growth(**kept)


def kept_floating(floating: Floating) -> Tree:
    """Deposits with potentials of their own; their contact is that of the cell."""
    return {"patches": floating.patches, "bases": floating.bases, "sides": floating.sides}


def found_floating(kept: Mapping[str, Any], contact: Contact) -> Floating:
    """The deposits of `kept_floating`."""
    return Floating(kept["patches"], kept["bases"], contact, tuple(kept["sides"]))
