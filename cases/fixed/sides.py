"""What lies on the two sides of an interface, and how the parts of a cell are connected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.fixed.geometry import File, Polygon
from cases.fixed.media import Conductor, Inert
from cases.messages import suggestion
from cases.waveforms import Problem
from solver.model import COUNTER, LIQUID, WORKING

if TYPE_CHECKING:
    from cases.fixed.schema import FixedCase

FLOATING = "floating"
"""Terminals whose name begins so carry no net current."""
HELD = "a prescribed potential"


class UnclearError(Exception):
    """Sides cannot be told; `problem` says why."""

    def __init__(self, path: str, why: str) -> None:
        """Take the dotted key, and what is wrong."""
        super().__init__(why)
        self.problem: Problem = path, why


@dataclass(frozen=True)
class Sides:
    """An interface in words of the solver: name of the boundary in the mesh, inner and outer side."""

    boundary: str
    inner: str
    outer: str


def is_terminal(name: str) -> bool:
    """Whether a name stands for a terminal."""
    return name in (WORKING, COUNTER) or name.startswith(FLOATING)


def key_of(table: str, name: str) -> str:
    """Dotted key of an entry whose name may hold a bar."""
    return f'{table}."{name}"' if "|" in name else f"{table}.{name}"


def boundary_of(case: FixedCase, path: str, name: str) -> str:
    """Name in the mesh of a boundary: "b|a" may stand for "a|b"; UnclearError if there is none."""
    known = case.geometry.boundaries()
    turned = "|".join(reversed(name.split("|")))
    for candidate in (name, turned):
        if candidate in known:
            return candidate
    raise UnclearError(path, f"there is no such boundary, {suggestion(name, list(known))}")


def phase(case: FixedCase, region: str) -> str | None:
    """Side that a region is: LIQUID, its own name if it is a conductor, None if it is inert or unknown."""
    match case.region(region):
        case None | Inert():
            return None
        case Conductor():
            return region
        case _:
            return LIQUID


def sides(case: FixedCase, name: str) -> Sides:
    """Sides of the interface called `name`; UnclearError if they do not follow."""
    path, given = key_of("interfaces", name), case.interfaces[name]
    boundary = boundary_of(case, path, name)
    regions = case.geometry.boundaries()[boundary]
    beside = [p for p in (phase(case, region) for region in regions) if p is not None]
    conductors = case.conductors

    def rank(side: str) -> int:
        return 2 if side == LIQUID else int(conductors[side].kind == "single_ion_conductor")

    choice = sorted(dict.fromkeys(beside), key=rank)
    inner = given.inner
    if inner is None and len(choice) == 2:
        inner = choice[0]
    if inner is None and is_terminal(boundary):
        inner = boundary
    if inner is None:
        if len(regions) == 2 and len(choice) == 1:
            raise UnclearError(
                path, f'both sides of "{boundary}" are the same phase, expected no interface there'
            )
        raise UnclearError(f"{path}.inner", 'missing, expected "working", "counter" or "floating"')
    if not is_terminal(inner) and inner not in conductors:
        known = [WORKING, COUNTER, FLOATING, *conductors]
        raise UnclearError(f"{path}.inner", suggestion(inner, known))
    outer = given.outer
    if outer is None:
        rest = [side for side in choice if side != inner]
        if not regions and not conductors:
            rest = [LIQUID]
        if len(rest) != 1:
            raise UnclearError(f"{path}.outer", 'missing, expected "liquid" or the region of a conductor')
        outer = rest[0]
    if outer != LIQUID and outer not in conductors:
        raise UnclearError(f"{path}.outer", suggestion(outer, [LIQUID, *conductors]))
    if outer == inner:
        raise UnclearError(f"{path}.outer", f'expected another side than inner, which is "{inner}"')
    if isinstance(case.geometry, Polygon | File):
        return Sides(boundary, inner, outer)  # the mesh will tell: `build.agree`
    for key, side in (("inner", inner), ("outer", outer)):
        if not is_terminal(side) and side not in beside:
            raise UnclearError(f"{path}.{key}", f'"{side}" does not lie beside the boundary "{boundary}"')
    return Sides(boundary, inner, outer)


def terminal(case: FixedCase, region: str) -> tuple[str, str] | None:
    """Terminal and collector of a conductor; None if it has none, UnclearError if one is missing."""
    path, conductor = f"regions.{region}", case.conductors[region]
    known = case.geometry.boundaries()
    if conductor.kind == "single_ion_conductor":
        for key in ("terminal", "collector"):
            if getattr(conductor, key) is not None:
                raise UnclearError(
                    f"{path}.{key}", "no electrons enter a single-ion conductor, expected none"
                )
        return None
    name, collector = conductor.terminal, conductor.collector
    if collector is None:
        used = {boundary_of(case, "", key) for key in case.interfaces if key in known}
        beside = [b for b, r in known.items() if r == (region,) and is_terminal(b) and b not in used]
        wanted = [b for b in beside if name in (None, b)]
        if name is not None and not wanted:
            raise UnclearError(f"{path}.collector", "missing, expected the boundary that is the terminal")
        if not wanted:
            return None
        collector = wanted[0]
    collector = boundary_of(case, f"{path}.collector", collector)
    if name is None:
        if not is_terminal(collector):
            raise UnclearError(f"{path}.terminal", 'missing, expected "working" or "counter"')
        name = collector
    if not is_terminal(name):
        raise UnclearError(f"{path}.terminal", suggestion(name, [WORKING, COUNTER, FLOATING]))
    if known[collector] and region not in known[collector]:
        raise UnclearError(f"{path}.collector", f'"{region}" does not lie beside the boundary "{collector}"')
    return name, collector


class Circuit:
    """Which parts of a cell are connected: terminals, conductors, and pieces of electrolyte."""

    def __init__(self, case: FixedCase) -> None:
        """Connect everything that the case connects; UnclearError if sides cannot be told."""
        self._parent: dict[str, str] = {}
        self._whole = isinstance(case.geometry, Polygon | File)
        known = case.geometry.boundaries()
        self._media = case.media
        for region in (*case.media, *case.conductors):
            self._find(self._node(region))
        for beside in known.values():
            wet = [region for region in beside if region in case.media]
            if len(wet) == 2:
                self._join(*map(self._node, wet))
        for name in case.interfaces:
            side = sides(case, name)
            outer = [side.outer]
            if side.outer == LIQUID:
                wet = [r for r in known[side.boundary] if r in case.media] or list(case.media)[:1]
                outer = [self._node(r) for r in wet]
            for node in outer:
                self._join(side.inner, node)
        for region in case.conductors:
            if (found := terminal(case, region)) is not None:
                self._join(region, found[0])
        for number, value in enumerate(case.prescribed):
            if value.field == "potential":
                boundary = boundary_of(case, f"prescribed.{number}.boundary", value.boundary)
                for region in known[boundary] or list(case.media)[:1]:
                    if region in case.media:
                        self._join(HELD, self._node(region))

    def knows(self, name: str) -> bool:
        """Whether anything is connected to `name`."""
        return name in self._parent

    def connected(self, a: str, b: str) -> bool:
        """Whether current can pass from `a` to `b`."""
        return a in self._parent and b in self._parent and self._find(a) == self._find(b)

    def loose(self) -> Iterator[str]:
        """Regions whose potential nothing fixes."""
        for node in list(self._parent):
            if not any(self.connected(node, end) for end in (COUNTER, HELD)) and not is_terminal(node):
                yield node

    def _node(self, region: str) -> str:
        return LIQUID if self._whole and region in self._media else region

    def _find(self, node: str) -> str:
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            node = self._parent[node]
        return node

    def _join(self, a: str, b: str) -> None:
        self._parent[self._find(a)] = self._find(b)
