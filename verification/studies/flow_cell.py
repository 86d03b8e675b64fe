"""The parallel-plate flow cells of Bortels et al. (1996), against finite volumes of another program.

Parameters, sources and the numbers compared with are those of verification/data/bortels.json: two ions
without supporting electrolyte, and three ions at a small and at a larger part of the limiting current.
Electrolyte of known composition enters (total flux c v.n); `Experiment.steady` finds the steady state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from mpi4py import MPI

from meshes.builders import Strip, channel
from meshes.regions import Regions
from solver.closures import Closure, Electroneutral, Secondary, Supporting
from solver.constants import FARADAY, GAS
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.expression import Expression
from solver.laws import Constant
from solver.model import COUNTER, LIQUID, WORKING, Flow, Interface, Medium, Model
from solver.program import Potential, Segment
from solver.reaction import ButlerVolmer, Reaction
from solver.types import FloatArray
from verification.peers import bortels
from verification.peers.flow_cell import FlowCell, FlowResult
from verification.rows import Curve, Result, Row, Study

TARGET = 1e-3
"""Relative error that is allowed at default resolution."""
DEFAULT = 2
"""Level of the default resolution."""
LIMITING = 0.2
"""Voltage in V of the cell that shows the limiting current; at 0.3 V, concentrations at the wall are 1e-6."""
ION = "ion {}"
"""Names of the ions; the first one reacts."""
SOURCE = "verification/peers/flow_cell.py; cell of Bortels et al., J. Electroanal. Chem. 404, 15 (1996)"
SHOWN = ("mean", "cathode_0.1", "cathode_0.5", "anode_0.5", "cathode_0.9", "lowest", "highest")
"""Beginnings of the names of what the table compares; means at every level, the rest at the default one."""


@dataclass(frozen=True)
class Method:
    """How a cell is discretised: elements of `degree`, `level` times finer than the coarsest mesh."""

    level: int = DEFAULT
    degree: int = 1
    streamline: bool = True
    logarithmic: bool = False

    @property
    def label(self) -> str:
        """In words."""
        return f"P{self.degree}{'' if self.streamline else ' without stabilisation'}"


@dataclass(frozen=True)
class Solved:
    """A steady state: what `bortels.numbers` says of it, and distributions along the electrodes."""

    numbers: dict[str, float]
    walls: FlowResult


def mesh(cell: FlowCell, level: int, comm: MPI.Comm = MPI.COMM_WORLD) -> Regions:
    """Channel graded to electrodes and their edges, 20 um along and 10 um across there at level 1."""
    start, end = cell.entry, cell.entry + cell.electrode
    return channel(
        comm,
        end + cell.exit,
        cell.gap,
        [Strip(COUNTER, start, end, "bottom"), Strip(WORKING, start, end, "top")],
        along=1.5e-3 / level,
        across=8e-4 / level,
        edge=2e-5 / level,
        wall=1e-5 / level,
        growth=1.3 ** (1.0 / level),
    )


def model(cell: FlowCell, method: Method) -> Model:
    """The engine's model of a cell of the record, or of one of its simplifications."""
    species = tuple(
        Species(ION.format(k), int(ion.charge), ion.diffusivity, ion.bulk)
        for k, ion in enumerate(cell.ions, 1)
    )
    closure: Closure
    if cell.conductivity is None:
        closure = Electroneutral(species, species[-1].name)
    elif species:
        closure = Supporting(species, cell.conductivity)
    else:
        closure = Secondary(cell.conductivity)
    h, slope = cell.gap, 6.0 * cell.mean_velocity / cell.gap
    speed = f"{slope!r}*y" if cell.sheared else f"{slope!r}*y*({h!r} - y)/{h!r}"
    velocity = tuple(Expression.parse(text, ("x", "y")) for text in (speed, "0"))
    reacting = ION.format(1)
    reference = {s.name: s.concentration for s in species[:1]}
    kinetics = ButlerVolmer(Constant(cell.exchange_current), cell.alpha_a, cell.alpha_c)
    metal = Reaction("metal", cell.electrons, {reacting: 1.0}, kinetics, reference=reference)
    return Model(
        closure,
        cell.temperature,
        {"electrolyte": Medium()},
        tuple(Interface(name, name, (metal,)) for name in (WORKING, COUNTER)),
        flow=Flow(velocity, ("outlet",), method.streamline, ("inlet",)),
        degree=method.degree,
        logarithmic=method.logarithmic,
    )


def solve(cell: FlowCell, method: Method) -> Solved:
    """Steady state of a cell with the anode as working electrode (collective)."""
    experiment = Experiment(model(cell, method), mesh(cell, method.level), Stepping(1e4))
    reading = experiment.steady(Segment("hold", Potential(), cell.voltage, 0.0, np.inf))
    walls = _walls(cell, experiment)
    numbers = bortels.numbers(walls, cell)
    numbers["mean_A_m2"] = reading.currents[WORKING] / cell.electrode
    return Solved(numbers, walls)


def _walls(cell: FlowCell, experiment: Experiment) -> FlowResult:
    """Current densities by the rate law, and concentrations, at the nodes of both electrodes."""
    x, c_anode, anode = _electrode(cell, experiment, WORKING, cell.voltage)
    _, c_cathode, cathode = _electrode(cell, experiment, COUNTER, 0.0)
    half = np.diff(x) / 2.0
    width = np.append(half, 0.0) + np.insert(half, 0, 0.0)
    return FlowResult(x, width, cathode, anode, c_cathode, c_anode)


def _electrode(
    cell: FlowCell, experiment: Experiment, boundary: str, voltage: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distance from the leading edge in m, c in mol/m^3 and current density in A/m^2 (collective)."""
    problem = experiment.problem
    space = problem.spaces[LIQUID]
    nodes = problem.regions.dofs(space, boundary)
    nodes = nodes[nodes < space.dofmap.index_map.size_local]
    x = problem.regions.unit * space.tabulate_dof_coordinates()[nodes, 0] - cell.entry
    c = problem.field(ION.format(1))[nodes] if cell.ions else np.ones(nodes.size)
    local = np.array([x, c, problem.field("potential")[nodes]])
    joined = np.hstack(problem.comm.allgather(local))
    x, c, phi = joined[:, np.argsort(joined[0])]
    f = cell.electrons * FARADAY / (GAS * cell.temperature)
    ratio = c / cell.ions[0].bulk if cell.ions else c
    eta = voltage - phi
    i = cell.exchange_current * (np.exp(cell.alpha_a * f * eta) - ratio * np.exp(-cell.alpha_c * f * eta))
    return x, c, i


def run(quick: bool) -> Result:
    """All cells; the quick version leaves out the finest meshes and most of P2."""
    rows: list[Row] = []
    curves: list[Curve] = []
    for name in ("two ions", "three ions, 0.03 V") if quick else tuple(bortels.recorded()["cells"]):
        cell = bortels.cell_of(name)
        solved = {method: solve(cell, method) for method in _methods(name, quick)}
        rows += _means(name, solved)
        rows += _local(name, solved[Method()])
        if name == "two ions" or not quick:
            method = Method(1 if quick else DEFAULT)
            rows += _simplified(name, cell, method, solved[method].numbers["mean_A_m2"])
        curves += _distribution(name, solved[Method()])
        curves += [] if quick else _convergence(name, solved)
    rows.append(_leveque())
    return Result(tuple(rows), tuple(curves))


def _methods(name: str, quick: bool) -> Iterator[Method]:
    yield from (Method(1), Method(DEFAULT))
    if quick:
        return
    yield from (Method(1, streamline=False), Method(DEFAULT, streamline=False), Method(1, degree=2))
    if name == "two ions":
        yield from (Method(4), Method(4, streamline=False), Method(DEFAULT, degree=2))
        yield Method(1, degree=2, streamline=False)


def _results(name: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = bortels.recorded()["cells"][name]["results"]
    return found


def _means(name: str, solved: dict[Method, Solved]) -> list[Row]:
    """Mean current densities; the edges of electrodes, where the current is all but singular, limit P2."""
    exact, rows = _results(name)["extrapolated"]["mean_A_m2"], []
    means = {method: found.numbers["mean_A_m2"] for method, found in solved.items()}
    coarser = means.get(Method(1))
    for method, mean in means.items():
        if method == Method(1, streamline=False):
            continue  # that coarse and unstabilised only for the curve of convergence
        order = None
        if method == Method() and coarser is not None:
            order = float(np.log2(abs(coarser / exact - 1.0) / abs(mean / exact - 1.0)))
        fine = method.level >= DEFAULT or method.degree > 1
        tolerance = TARGET if fine and method.streamline else 2.0 * TARGET
        quantity = f"mean current density, {method.label}, mesh {method.level}"
        rows.append(
            Row(
                name, quantity, exact, mean, "A/m2", tolerance, order, None if order is None else 2.0, SOURCE,
                "" if method != Method() else "default resolution",
            )
        )  # fmt: skip
    return rows


def _local(name: str, solved: Solved) -> list[Row]:
    """Local current densities and the extreme concentrations at the walls, at default resolution."""
    exact = _results(name)["extrapolated"]
    rows = []
    for key in exact:
        if key.startswith(SHOWN) and not key.startswith("mean"):
            what, _, unit = key.replace("_A_m2", " A/m2").replace("_mol_m3", " mol/m3").partition(" ")
            electrode, _, place = what.partition("_")
            quantity = (
                f"current density at {float(place):.0%} of the {electrode}"
                if unit == "A/m2"
                else f"{electrode} concentration at the {place}"
            )
            rows.append(Row(name, quantity, exact[key], solved.numbers[key], unit, TARGET, source=SOURCE))
    return rows


def _simplified(name: str, cell: FlowCell, method: Method, full: float) -> list[Row]:
    """The usual simplifications against the same ones by finite volumes, and how wrong they are (note).

    The record has these on one grid only, whose error in the diffusion layers (0.2 % with three ions) cancels
    in the ratio to the full model on that grid. The secondary distribution has no diffusion layer.
    """
    recorded: dict[str, Any] = bortels.recorded()["cells"][name]["simplified"]
    tolerance = TARGET if method.level >= DEFAULT else 2.0 * TARGET
    rows = []
    for variant, simple in bortels.simplified(cell).items():
        mean, known = solve(simple, method).numbers["mean_A_m2"], recorded[variant]
        note = f"{mean / full - 1.0:+.2%} of the full model"
        if variant == "secondary":
            what = "mean current density", known["mean_A_m2"], mean, "A/m2"
        else:
            what = "mean current over that of the full model", 1.0 + known["relative_error"], mean / full, ""
        rows.append(Row(f"{name}, {variant}", *what, tolerance, source=SOURCE, note=note))
    return rows


def _leveque() -> Row:
    """Limiting current in shear flow, in a highly conducting supporting electrolyte.

    The logarithm of the concentration is the unknown: with the concentration itself, its small undershoots
    below zero behind the leading edge on finer meshes leave Newton's method without an answer.
    """
    cell = replace(bortels.leveque_check(bortels.cell_of("two ions")), voltage=LIMITING)
    ion, gradient = cell.ions[0], 6.0 * cell.mean_velocity / cell.gap
    slope = ion.bulk * bortels.leveque(gradient, ion.diffusivity, cell.electrode)
    exact = cell.electrons * FARADAY * ion.diffusivity * slope
    found = solve(cell, Method(logarithmic=True))
    wall = float(np.average(found.walls.concentration_cathode, weights=found.walls.width))
    return Row(
        "limiting current in shear flow",
        "mean current density",
        exact,
        found.numbers["mean_A_m2"],
        "A/m2",
        TARGET,
        source="Leveque; Newman and Balsara, 4th ed., sec. 17.4",
        note=f"c at the cathode is {wall / ion.bulk:.0e} of the bulk, in the mean; "
        f"diffusion along the flow, which Leveque neglects, adds about (D/gradient)^(1/2)/L = "
        f"{np.sqrt(ion.diffusivity / gradient) / cell.electrode:.0e}",
    )


def _distribution(name: str, solved: Solved) -> Iterator[Curve]:
    exact, length = _results(name)["extrapolated"], bortels.cell_of(name).electrode
    place = 1e3 * length * np.array(bortels.STATIONS)
    for electrode, sign in (("cathode", -1.0), ("anode", 1.0)):
        yield Curve(
            electrode,
            1e3 * solved.walls.x,
            sign * getattr(solved.walls, electrode),
            np.array([exact[f"{electrode}_{station:g}_A_m2"] for station in bortels.STATIONS]),
            place,
            f"{name}: distance from the leading edge in mm",
            "current density in A/m2",
        )


def _convergence(name: str, solved: dict[Method, Solved]) -> Iterator[Curve]:
    exact = _results(name)["extrapolated"]["mean_A_m2"]
    for label in dict.fromkeys(method.label for method in solved):
        found = sorted((m.level, s.numbers["mean_A_m2"]) for m, s in solved.items() if m.label == label)
        if len(found) > 1:
            level, mean = np.array(found).T
            error = np.abs(mean / exact - 1.0)
            labels = f"{name}: size of cells, relative", "relative error of the mean current"
            yield Curve(label, 1.0 / level, error, None, None, *labels, log_x=True, log_y=True)


study = Study(
    "flow-cell",
    "Flow cells of Bortels et al.",
    "Convection, diffusion and migration of two and three ions between parallel plates, steady, with the "
    "stabilisation along the flow and without; and by how much the current is wrong if a supporting "
    "electrolyte is assumed where there is none, if migration is left out, or diffusion (secondary).",
    run,
)
