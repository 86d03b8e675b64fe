"""Cells of several regions: conductors, contacts between them, porous and gel layers.

Everything in a planar cell carries one current i, so that its voltage is a sum: iL/sigma of every
conductor, i/G of a contact, the overpotential of every interface, and RT/F ln of the ratio of
concentrations at the ends of a binary electrolyte, whose anion is at rest. A layer of porosity eps and
transport factor g has the effective flux -g D grad c and the amount eps c: the cell of a free electrolyte
with diffusivities D g/eps and the current i/eps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from meshes.builders import Layer
from solver.constants import FARADAY, thermal_voltage
from solver.experiment import Experiment, Stepping
from solver.laws import Arrhenius, Constant, bruggeman, tortuous
from solver.model import LIQUID, Conductor, Interface, Medium, Model
from solver.program import constant_current, hold, sequence
from solver.reaction import ButlerVolmer, Conductance, Junction, Reaction
from verification.exact import binary, electrode
from verification.rows import Curve, Result, Row, Study

from .electrodes import JUNCTION, KINETICS, LENGTH, SALT, binary_closure
from .regions_plane import plane
from .sandwich import CELLS, CONCENTRATION, TEMPERATURE, deposition, march, mesh, steady

TARGET = 1e-3
SUM = "voltages in series; verification.exact.binary"
CELL = binary.Cell(SALT, LENGTH, CONCENTRATION)
CURRENTS = (100.0, -300.0)
"""A/m^2."""
MEDIUM = {"electrolyte": Medium()}
COUNTER = Interface("counter", "counter", (deposition(KINETICS),))


def stack(quick: bool) -> list[Row]:
    """Metal | single-ion conductor | liquid: two conductors, each interface with kinetics of its own."""
    layers = [Layer("metal", 20e-6, cells=4), Layer("ceramic", 30e-6, cells=4), _liquid()]
    sigma, plating, shifts = (0.5, 0.2), electrode.Kinetics(25.0, 0.3, 0.7), (0.12, -0.05)
    over = deposition(KINETICS)
    model = Model(
        binary_closure(),
        TEMPERATURE,
        MEDIUM,
        (
            Interface("metal|ceramic", "metal", (_shifted(deposition(plating), shifts[0]),), "ceramic"),
            Interface("ceramic|electrolyte", "ceramic", (_shifted(over, shifts[1]),)),
            COUNTER,
        ),
        (Conductor("metal", sigma[0], "working", "working"), Conductor("ceramic", sigma[1])),
    )
    ohmic = 20e-6 / sigma[0] + 30e-6 / sigma[1]
    rows = []
    for dim in (1, 2) if quick else (1, 2, 3):
        case = f"metal | single-ion conductor | liquid, {dim}D"
        regions = mesh(dim, layers)
        for current in CURRENTS[:1] if dim == 2 and quick else CURRENTS:
            program = constant_current(current, steady(CELL.diffusion_time))
            experiment, ends = march(model, regions, program, CELL.diffusion_time)
            expected = CELL.steady_voltage(current, KINETICS) + ohmic * current
            expected += plating.overpotential(current) + sum(shifts)
            what = f"voltage at {current:g} A/m2"
            rows.append(Row(case, what, expected, ends[-1].voltage, "V", TARGET, source=SUM))
        defect = max(map(abs, experiment.balance().values()))
        rows.append(Row(case, "defect of the amount of salt", 0.0, defect, "", 1e-8, source="conservation"))
        if dim == 1:
            unknowns = experiment.problem.layout.blocks[LIQUID].active.size
            unknowns = experiment.comm.allreduce(unknowns)
            what = "unknowns of the liquid: two at each node in it"
            rows.append(Row(case, what, 2.0 * (CELLS + 1), float(unknowns), "", 0.0, source="definition"))
    return rows


def contacts() -> list[Row]:
    """Collector | deposit | liquid: an ohmic contact or a Schottky junction between two conductors."""
    layers = [Layer("collector", 10e-6, cells=2), Layer("deposit", 10e-6, cells=2), _liquid()]
    sigma, conductance = 0.1, 2e3
    ohmic = 2.0 * 10e-6 / sigma
    ends = "collector|deposit"
    resistive = Interface(
        ends, "collector", (Reaction("contact", 1, {}, Conductance(conductance)),), "deposit"
    )
    junction = Interface(ends, "deposit", (Reaction("junction", 1, {}, Junction(JUNCTION)),), "collector")
    rows = []
    for name, interface in (("resistive contact", resistive), ("Schottky junction", junction)):
        model = Model(
            binary_closure(),
            TEMPERATURE,
            MEDIUM,
            (interface, Interface("deposit|electrolyte", "deposit", (deposition(KINETICS),)), COUNTER),
            (Conductor("collector", sigma, "working", "working"), Conductor("deposit", sigma)),
        )
        currents = (
            (CURRENTS[1],) if name == "resistive contact" else (CURRENTS[1], -0.99 * JUNCTION.saturation)
        )
        program = sequence(*(constant_current(i, steady(CELL.diffusion_time)) for i in currents))
        _, readings = march(model, mesh(2, layers), program, CELL.diffusion_time)
        for current, reading in zip(currents, readings, strict=True):
            extra = current / conductance
            if interface is junction:
                extra = JUNCTION.voltage * math.log1p(current / JUNCTION.saturation)
            expected = CELL.steady_voltage(current, KINETICS) + ohmic * current + extra
            what = f"voltage at {current:.4g} A/m2"
            case = f"collector | {name} | deposit | liquid, 2D"
            rows.append(Row(case, what, expected, reading.voltage, "V", TARGET, source=SUM))
    return rows


def porous(quick: bool) -> tuple[list[Row], Curve]:
    """A separator: limiting current and time scale, by Bruggeman's exponent or a given tortuosity."""
    rows = []
    choices = [
        ("Bruggeman, eps = 0.4", 0.4, bruggeman(0.4)),
        ("tortuosity 3, eps = 0.5", 0.5, tortuous(0.5, 3.0)),
    ]
    for name, porosity, factor in choices:
        case = f"porous separator, {name}, 1D"
        free = electrode.Kinetics(KINETICS.exchange / porosity)
        ratio = factor / porosity
        salt = binary.Salt(1, -1, SALT.d_plus * ratio, SALT.d_minus * ratio, TEMPERATURE)
        cell = binary.Cell(salt, LENGTH, CONCENTRATION)
        limit = porosity * cell.limiting_current
        model = _planar({"electrolyte": Medium(porosity, factor)})
        layers = [_liquid()]
        # Limiting current: at -1.5 V what is left of the salt at the electrode is below 1e-4.
        program = hold(-1.5, steady(cell.diffusion_time))
        _, ends = march(model, mesh(1, layers), program, cell.diffusion_time)
        expected = porosity * cell.steady_current(-1.5, free)
        rows.append(Row(case, "current at -1.5 V", expected, ends[-1].current, "A/m2", TARGET, source=SUM))
        source = "4 F D+ g c0/L; Newman and Balsara, 4th ed., ch. 11"
        known = 4.0 * FARADAY * SALT.d_plus * factor * CONCENTRATION / LENGTH
        what = "limiting current: that at -1.5 V"
        rows.append(Row(case, what, -known, ends[-1].current, "A/m2", TARGET, source=source))
        # Current step to half the limit: how fast the voltage rises is eps L^2/(g D).
        current = -0.5 * limit
        experiment = Experiment(model, mesh(1, layers), Stepping(1e-4 * cell.diffusion_time))
        times = [part * cell.diffusion_time for part in (0.003, 0.01, 0.03, 0.1, 0.3)]
        readings = experiment.run(constant_current(current, times[-1]), times=times)
        steps = [(0.0, current / porosity)]
        time = np.array([r.time for r in readings[1:]])
        got = np.array([r.voltage for r in readings[1:]])
        exact = np.array([cell.voltage(t, steps, free) for t in time])
        for t in times if not quick else times[1::2]:
            at = int(np.argmin(np.abs(time - t)))
            what = f"voltage {t / cell.diffusion_time:g} eps L^2/(g D) after a current step"
            rows.append(Row(case, what, exact[at], got[at], "V", TARGET, source="verification.exact.binary"))
    return rows, Curve("porous separator, " + name, time, got, exact, time, "time / s", "cell voltage / V")


def gel(quick: bool) -> list[Row]:
    """Liquid | gel: slower ions and a smaller volume fraction in the second layer; c is linear in each."""
    layers = [Layer("electrolyte", 20e-6, cells=CELLS // 2), Layer("gel", 30e-6, cells=CELLS // 2)]
    slow = {"Na+": 3e-11, "X-": 6e-11}
    # By layer: thickness, cation diffusivity times g, porosity.
    parts = ((20e-6, SALT.d_plus, 1.0), (30e-6, slow["Na+"] * 0.7, 0.8))
    model = _planar({"electrolyte": Medium(), "gel": Medium(0.8, 0.7, slow)})
    current = -100.0
    rows = []
    for dim in (1,) if quick else (1, 2, 3):
        case = f"liquid | gel, {dim}D"
        program = constant_current(current, steady(2500e-12 / 2e-11))
        experiment, ends = march(model, mesh(dim, layers), program, 2500e-12 / 2e-11)
        low, middle, high = piecewise_linear(parts, current)
        kinetics = KINETICS.overpotential(current, low / CONCENTRATION)
        kinetics -= KINETICS.overpotential(-current, high / CONCENTRATION)
        expected = thermal_voltage(TEMPERATURE) * math.log(low / high) + kinetics
        rows.append(
            Row(case, f"voltage at {current:g} A/m2", expected, ends[-1].voltage, "V", TARGET, source=SUM)
        )
        problem = experiment.problem
        for name, boundary, value in (
            ("working electrode", "working", low),
            ("interface", "electrolyte|gel", middle),
            ("counter electrode", "counter", high),
        ):  # fmt: skip
            dofs = problem.regions.dofs(problem.spaces[LIQUID], boundary)
            here = problem.field("Na+")[dofs]
            local = float(here.max()) if here.size else -math.inf
            got = max(problem.comm.allgather(local))
            rows.append(
                Row(case, f"concentration, {name}", value, got, "mol/m3", TARGET, source="c linear in layers")
            )
    return rows


def piecewise_linear(parts: Sequence[tuple[float, float, float]], current: float) -> tuple[float, ...]:
    """Steady cation concentrations at the ends of layers, mol/m^3: c' = -i/(2 F g D+), the amount kept.

    Args:
        parts: thickness in m, g D+ in m^2/s and porosity of each layer.
        current: A/m^2.
    """
    rises = [-current * thickness / (2.0 * FARADAY * d) for thickness, d, _ in parts]
    ends = np.concatenate([[0.0], np.cumsum(rises)])
    volumes = np.array([thickness * porosity for thickness, _, porosity in parts])
    mean = float(volumes @ (0.5 * (ends[:-1] + ends[1:])) / volumes.sum())
    return tuple(float(c) for c in CONCENTRATION + ends - mean)


def arrhenius() -> list[Row]:
    """At 45 degrees C: exchange current density by an Arrhenius law, diffusivities as that gives them."""
    warm, energies = 318.15, (53e3, 20e3)
    factors = [math.exp(-e / 8.31446261815324 * (1.0 / warm - 1.0 / 298.15)) for e in energies]
    law = ButlerVolmer(Arrhenius(Constant(KINETICS.exchange), energies[0]))
    reaction = deposition(KINETICS, law)
    d = [Arrhenius(Constant(d), energies[1])(0.0, warm) for d in (SALT.d_plus, SALT.d_minus)]
    closure = binary_closure(binary.Salt(1, -1, d[0], d[1], warm))
    electrodes = tuple(Interface(name, name, (reaction,)) for name in ("working", "counter"))
    model = Model(closure, warm, MEDIUM, electrodes)
    kinetics = electrode.Kinetics(KINETICS.exchange * factors[0], temperature=warm)
    salt = binary.Salt(1, -1, SALT.d_plus * factors[1], SALT.d_minus * factors[1], warm)
    cell = binary.Cell(salt, LENGTH, CONCENTRATION)
    _, ends = march(model, mesh(1, [_liquid()]), constant_current(-300.0, steady(30.0)), 30.0)
    expected = cell.steady_voltage(-300.0, kinetics)
    case = "binary cell at 45 degrees C, Arrhenius laws, 1D"
    return [Row(case, "voltage at -300 A/m2", expected, ends[-1].voltage, "V", TARGET, source=SUM)]


def _liquid() -> Layer:
    return Layer("electrolyte", LENGTH, cells=CELLS)


def _planar(media: dict[str, Medium]) -> Model:
    reaction = deposition(KINETICS)
    electrodes = tuple(Interface(name, name, (reaction,)) for name in ("working", "counter"))
    return Model(binary_closure(), TEMPERATURE, media, electrodes)


def _shifted(reaction: Reaction, potential: float) -> Reaction:
    return Reaction(
        reaction.name,
        reaction.electrons,
        reaction.stoichiometry,
        reaction.kinetics,
        potential,
        reaction.reference,
    )


def regions(quick: bool) -> Result:
    """All cells."""
    separator, curve = porous(quick)
    rows = [*stack(quick), *contacts(), *separator, *gel(quick), *arrhenius(), *plane(quick)]
    return Result(tuple(rows), (curve,))


study = Study(
    "regions",
    "Regions: conductors, contacts, porous and gel layers, inclusions",
    "Metal and single-ion conductors with a potential of their own, contacts between conductors, porous "
    "separators and gels: planar cells against sums of voltages in series. In two dimensions: the "
    "effective conductivity of a liquid with insulating cylinders, and a resistive metal strip that is "
    "contacted at its end.",
    regions,
)
