"""What the values of a case of fixed shape must satisfy together; problems are keys and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cases.checks import Problem, assumptions
from cases.control import program
from cases.fixed import chemistry
from cases.fixed.media import Porous
from cases.fixed.model import build, openings, parse_held
from cases.fixed.settings import Flow
from cases.fixed.sides import HELD, Circuit, UnclearError, boundary_of, is_terminal, key_of, sides, terminal
from cases.messages import suggestion
from cases.units import QuantityError
from solver.model import COUNTER, LIQUID, WORKING

if TYPE_CHECKING:
    from cases.fixed.schema import FixedCase


def problems(case: FixedCase) -> list[Problem]:
    """Everything that is wrong with a case whose values are each fine by themselves."""
    if found := list(case.geometry.problems()) + list(_regions(case)):
        return found  # names mean nothing without a shape
    first = (
        chemistry.species, chemistry.closure, chemistry.media, chemistry.reactions, chemistry.conversions,
        _interfaces, _flow, _prescribed, _end, _mesh, _assumptions,
    )  # fmt: skip
    found = [problem for check in first for problem in check(case)]
    return found or list(_circuit(case)) or list(_numbers(case))


def _regions(case: FixedCase) -> Iterator[Problem]:
    there = case.geometry.regions()
    for name in case.regions:
        if name not in there:
            yield f"regions.{name}", f"the cell has no such region, {suggestion(name, there)}"
    for name in there:
        if name in (LIQUID, HELD) or is_terminal(name):
            yield "geometry", f'a region cannot be called "{name}", this word has a meaning'
        elif case.region(name) is None:
            kinds = '"liquid", "porous", "single_ion_conductor", "electronic_conductor" or "inert"'
            yield f"regions.{name}", f"missing, expected a table with kind = {kinds}"
    if there and not case.media and all(case.region(name) is not None for name in there):
        yield "regions", 'there is no electrolyte, expected a region of kind "liquid" or "porous"'
    for name, region in case.regions.items():
        if isinstance(region, Porous) and region.bruggeman is not None and region.tortuosity is not None:
            yield f"regions.{name}", "expected at most one of bruggeman and tortuosity, both are given"


def _interfaces(case: FixedCase) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, interface in case.interfaces.items():
        path = key_of("interfaces", name)
        try:
            side = sides(case, name)
        except UnclearError as error:
            yield error.problem
            continue
        if side.boundary in seen:
            yield path, f'is the same boundary as "{seen[side.boundary]}"'
        seen[side.boundary] = name
        for reaction in interface.reactions:
            if reaction not in case.reactions:
                yield f"{path}.reactions", f'"{reaction}": {suggestion(reaction, list(case.reactions))}'
            else:
                yield from chemistry.at_interface(case, path, side.outer, reaction)
        if len(set(interface.reactions)) < len(interface.reactions):
            yield f"{path}.reactions", "a reaction is named twice"
        if not interface.reactions and interface.capacitance is None:
            yield path, "nothing happens here, expected reactions or capacitance"
        yield from chemistry.layers(case, path, side.outer, interface)
    for region in case.conductors:
        try:
            found = terminal(case, region)
        except UnclearError as error:
            yield error.problem
            continue
        if found is not None and found[1] in seen:
            key = key_of("interfaces", seen[found[1]])
            yield key, f'"{region}" touches its terminal here, expected no interface'


def _circuit(case: FixedCase) -> Iterator[Problem]:
    circuit = Circuit(case)
    wanted = "expected reactions at its boundary, or the collector of a metal there"
    if not circuit.knows(WORKING):
        yield "interfaces.working", f'nothing is connected to the terminal "working", {wanted}'
        return
    if not circuit.knows(COUNTER) and not circuit.knows(HELD):
        yield (
            "interfaces.counter",
            'there is no way for current to leave: nothing is connected to the terminal "counter", '
            f'{wanted}, or a prescribed "potential"',
        )
        return
    idle = _idle(case)
    hint = f"; no reactions are given at {', '.join(idle)}" if idle else ""
    for name in circuit.loose():
        shown = f"regions.{name}" if name != LIQUID else "regions"
        yield shown, f"no current can pass between this region and the terminals{hint}"
        return
    if not any(circuit.connected(WORKING, end) for end in (COUNTER, HELD)):
        yield "interfaces", f"there is no way for current between working and counter electrode{hint}"


def _idle(case: FixedCase) -> list[str]:
    """Boundaries between different phases where nothing is said to happen."""
    used = {sides(case, name).boundary for name in case.interfaces}
    found = []
    for name, regions in case.geometry.boundaries().items():
        kinds = [r if r in case.conductors else LIQUID for r in regions if case.region(r) is not None]
        if name not in used and len(kinds) == 2 and kinds[0] != kinds[1]:
            found.append(key_of("interfaces", name))
    return found


def _flow(case: FixedCase) -> Iterator[Problem]:
    flow, shape = case.flow, case.geometry.shape
    if flow is None:
        return
    if bool(flow.velocity) == (flow.mean_velocity is not None):
        which = "both are" if flow.velocity else "neither is"
        yield "flow", f"expected exactly one of velocity and mean_velocity, {which} given"
    if flow.mean_velocity is not None and shape != "channel":
        yield "flow.mean_velocity", 'a parabolic profile is known for geometry.shape = "channel" only'
    dim = getattr(case.geometry, "dim", len(flow.velocity))
    if flow.velocity and shape != "file" and len(flow.velocity) != dim:
        yield "flow.velocity", f"expected {dim} components, {len(flow.velocity)} are given"
    yield from _openings(case, flow)


def _openings(case: FixedCase, flow: Flow) -> Iterator[Problem]:
    for which in ("inlet", "outlet"):
        try:
            openings(case, which)
        except UnclearError as error:
            yield error.problem


def _prescribed(case: FixedCase) -> Iterator[Problem]:
    carried = [name for name in case.species if name != case.eliminated]
    seen = set()
    for number, given in enumerate(case.prescribed):
        path = f"prescribed.{number}"
        try:
            boundary = boundary_of(case, f"{path}.boundary", given.boundary)
        except UnclearError as error:
            yield error.problem
            continue
        regions = case.geometry.boundaries()[boundary]
        if regions and not any(region in case.media for region in regions):
            yield f"{path}.boundary", "no electrolyte lies beside this boundary"
        if (given.field, boundary) in seen:
            yield path, f'"{given.field}" is held at "{boundary}" twice'
        seen.add((given.field, boundary))
        if given.field == case.eliminated:
            yield f"{path}.field", "follows from neutrality, expected another species (transport.eliminated)"
        elif given.field not in (*carried, "potential"):
            yield f"{path}.field", suggestion(given.field, [*carried, "potential"])
            continue
        try:
            value = parse_held(given)
        except QuantityError as error:
            yield f"{path}.value", str(error)
            continue
        if given.field != "potential" and isinstance(value, float):
            least = case.transport.unknown == "logarithm"
            if value < 0.0 or (least and value == 0.0):
                yield f"{path}.value", f"expected a concentration of {'more than' if least else 'at least'} 0"


def _end(case: FixedCase) -> Iterator[Problem]:
    if program(case.control).endless() and case.stop.time is None:
        yield "stop.time", 'missing, expected a time such as "30 s" because nothing in control ends the run'


def _mesh(case: FixedCase) -> Iterator[Problem]:
    mesh, time, shape = case.mesh, case.time, case.geometry.shape
    if mesh.size is not None and mesh.electrode_size is not None and mesh.electrode_size > mesh.size:
        yield "mesh.electrode_size", "expected at most mesh.size"
    uses: Mapping[str, tuple[str, ...]] = {
        "columns": ("rectangle", "box"),
        "rows": ("box",),
        "along": ("channel",),
    }
    for key, shapes in uses.items():
        if getattr(mesh, key) is not None and shape not in shapes:
            yield f"mesh.{key}", f'has no meaning with geometry.shape = "{shape}", expected none'
    if shape == "file" and (mesh.size is not None or mesh.electrode_size is not None or mesh.refine != 1.0):
        yield "mesh", 'has no effect on a mesh from a file, expected none with geometry.shape = "file"'
    if time.initial_step is not None and time.max_step is not None and time.initial_step > time.max_step:
        yield "time.initial_step", "expected at most time.max_step"


def _assumptions(case: FixedCase) -> Iterator[Problem]:
    yield from assumptions(case, case.assumptions)


def _numbers(case: FixedCase) -> Iterator[Problem]:
    """What only shows when the solver's objects are made, such as an Arrhenius factor that overflows."""
    try:
        model = build(case)
        conductivity = model.closure.conductivity(case.electrolyte.temperature)
    except (ArithmeticError, ValueError) as error:
        yield "electrolyte.temperature", f"the properties of the cell cannot be computed there: {error}"
        return
    scales = [conductivity, *(s.diffusivity for s in model.closure.species)]
    scales += [c.conductivity for c in model.conductors]
    if not all(1e-60 < value < 1e60 for value in scales):
        yield (
            "electrolyte.temperature",
            "a diffusivity or conductivity of the cell is not a positive number of sensible size there",
        )
