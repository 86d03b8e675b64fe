"""Steady state of a binary salt between two electrodes of its metal, against `verification.exact.binary`.

The anion rests, so that c is linear, phi = -RT/(z- F) ln c + const, and i = 2 F D+ |dc/dx| for a 1:1 salt. In
one dimension elements meet the linear c exactly: what they miss is phi, whose error falls as h^(p+1) in L2
for elements of degree p, and the voltage, a functional of the solution, whose error falls as h^(2p).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes import builders
from meshes.builders import Layer
from meshes.compat import JIT
from meshes.regions import Regions
from solver import program
from solver.closures import Electroneutral
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import LIQUID, Interface, Medium, Model
from solver.reaction import ButlerVolmer, Reaction
from solver.types import FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.rows import Curve, Result, Row, Study

ION, REGION = "M", "electrolyte"
LENGTH, MEAN = 100e-6, 1000.0
SODIUM_LIKE = Salt(1, -1, 1.8e-10, 2.5e-10)
UNEQUAL = Salt(1, -1, 1.0e-10, 1.0e-9)
DIVALENT = Salt(2, -1, 0.7e-9, 1.5e-9)
ACROSS = 3
"""As many cells at every level, so that finer meshes have cells of the same shapes."""
TARGET, SOLVED = 1e-3, 1e-6
"""Tolerances: of closed forms at default resolution; of what elements contain, so that only solvers err."""
SOURCE = "Newman and Balsara, Electrochemical Systems, 4th ed., ch. 11"


@dataclass(frozen=True)
class BinaryCell:
    """A planar cell with equal electrodes, in one, two or three dimensions.

    Attributes:
        exact: salt, gap and mean concentration, with the closed forms.
        kinetics: of both electrodes, with c_ref = c0.
        layer: division of the gap.
        dim, degree, logarithmic: of the mesh and the elements.
    """

    exact: Cell
    kinetics: Kinetics
    layer: Layer
    dim: int = 1
    degree: int = 1
    logarithmic: bool = False

    @property
    def name(self) -> str:
        """For tables."""
        unknown = ", ln c" if self.logarithmic else ""
        return f"{self.dim}D, P{self.degree}{unknown}, {self.layer.cells} cells"

    def mesh(self) -> Regions:
        """The gap along the last axis; across, where nothing changes, `ACROSS` cells of the same size."""
        comm, width = MPI.COMM_WORLD, ACROSS * self.exact.length / (self.layer.cells or 1)
        if self.dim == 1:
            return builders.interval(comm, [self.layer])
        if self.dim == 2:
            return builders.rectangle(comm, width, [self.layer], columns=ACROSS)
        return builders.box(comm, width, width, [self.layer], columns=ACROSS, rows=ACROSS)

    def model(self) -> Model:
        """Electroneutral Nernst-Planck, the anion eliminated; Butler-Volmer kinetics."""
        salt, c0, k = self.exact.salt, self.exact.concentration, self.kinetics
        anions = -salt.z_plus / salt.z_minus * c0
        ions = (
            Species(ION, salt.z_plus, salt.d_plus, c0),
            Species("X", salt.z_minus, salt.d_minus, anions),
        )
        law = ButlerVolmer(Constant(k.exchange), k.alpha_a, k.alpha_c)
        reaction = Reaction("deposition", k.electrons, {ION: 1.0}, law, reference={ION: c0})
        faces = tuple(Interface(name, name, (reaction,)) for name in ("working", "counter"))
        return Model(
            Electroneutral(ions, "X"),
            salt.temperature,
            {REGION: Medium()},
            faces,
            degree=self.degree,
            logarithmic=self.logarithmic,
        )

    def experiment(self, stepping: Stepping) -> Experiment:
        """At rest, at its mean concentration."""
        return Experiment(self.model(), self.mesh(), stepping)

    def steady(self, current: float) -> Experiment:
        """Marched under `current` in A/m^2 until nothing changes."""
        time = self.exact.diffusion_time
        experiment = self.experiment(Stepping(1e-2 * time))
        experiment.steady(next(iter(program.constant_current(current, time=time))), tolerance=1e-10)
        return experiment


def binary(salt: Salt, layer: Layer, dim: int = 1, degree: int = 1, logarithmic: bool = False) -> BinaryCell:
    """A cell of 1 mol/l whose exchange current density is 10 A/m^2."""
    cell = Cell(salt, layer.thickness, MEAN)
    kinetics = Kinetics(10.0, electrons=salt.z_plus, temperature=salt.temperature)
    return BinaryCell(cell, kinetics, layer, dim, degree, logarithmic)


def surface(experiment: Experiment, boundary: str, field: str = ION) -> float:
    """Mean over the nodes of a boundary, in SI (collective)."""
    problem = experiment.problem
    nodes = problem.regions.dofs(problem.spaces[LIQUID], boundary)
    values = problem.field(field)[nodes]
    total, count = problem.comm.allreduce(np.array([values.sum(), values.size]), op=MPI.SUM)
    return float(total / count)


def profile(experiment: Experiment, field: str = ION) -> tuple[FloatArray, FloatArray]:
    """Positions across the gap in m, ascending, and values in SI at all nodes (collective)."""
    problem = experiment.problem
    place = problem.regions.unit * problem.spaces[LIQUID].tabulate_dof_coordinates()[:, problem.tags.dim - 1]
    x = np.concatenate(problem.comm.allgather(place))
    values = np.concatenate(problem.comm.allgather(problem.field(field)))
    x, first = np.unique(x.round(15), return_index=True)
    return x, np.asarray(values[first])


def order(sizes: Sequence[float], errors: Sequence[float]) -> float:
    """Order of convergence between the last two levels."""
    return math.log(errors[-2] / errors[-1]) / math.log(sizes[-2] / sizes[-1])


def potential_error(cell: BinaryCell, experiment: Experiment, current: float) -> float:
    """Root mean square of phi minus its closed form, both without their mean, over that of the latter."""
    problem, salt = experiment.problem, cell.exact.salt
    mesh, unit = problem.regions.mesh, problem.regions.unit
    slope = unit * salt.gradient(current) / cell.exact.concentration
    values = (slope, 0.5 * cell.exact.length / unit, -1.0 / salt.z_minus, 0.0)
    g, middle, factor, shift = (fem.Constant(mesh, float(value)) for value in values)
    x = ufl.SpatialCoordinate(mesh)[problem.tags.dim - 1]
    exact = factor * ufl.ln(1.0 + g * (x - middle))
    solved = ufl.split(problem.functions[LIQUID])[-1]
    dx = ufl.Measure("dx", mesh, metadata={"quadrature_degree": 8})
    volume = problem.regions.measure(REGION) / unit**problem.tags.dim

    def spread(field: Any) -> float:
        shift.value = 0.0
        mean, square = (fem.form(f * dx, jit_options=JIT) for f in (field, (field - shift) ** 2))
        shift.value = problem.scalar(mean) / volume
        return math.sqrt(problem.scalar(square) / volume)

    return spread(solved - exact) / spread(exact)


def _refined(cell: BinaryCell, share: float, levels: Sequence[int], label: str) -> list[Row]:
    """Rows at `share` of the limiting current; the last of `levels` counts, the others give the orders."""
    current = share * cell.exact.limiting_current
    expected = cell.exact.steady_voltage(current, cell.kinetics)
    phi, voltage = [], []
    for cells in levels:
        cell = replace(cell, layer=replace(cell.layer, cells=cells))
        experiment = cell.steady(current)
        phi.append(potential_error(cell, experiment, current))
        voltage.append(abs(experiment.voltage - expected))
    sizes = [1.0 / cells for cells in levels]
    exact, p = cell.exact, cell.degree
    wanted = exact.steady_profile(np.array([0.0, exact.length]), current)
    ends = [surface(experiment, name) for name in ("working", "counter")]
    through = exact.salt.current((ends[1] - ends[0]) / exact.length)
    case = f"{label} at {share:g} of i_lim: {cell.name}"
    linear = SOLVED if cell.dim == 1 else TARGET
    return [
        Row(case, "c at the working electrode", float(wanted[0]), ends[0], "mol/m3", linear, source=SOURCE),
        Row(case, "c at the counter electrode", float(wanted[1]), ends[1], "mol/m3", linear, source=SOURCE),
        Row(case, "i = 2 F D+ |dc/dx|", current, through, "A/m2", linear, source=SOURCE),
        Row(case, "phi, RMS error", 0.0, phi[-1], "", TARGET, order(sizes, phi), p + 1.0, SOURCE),
        Row(
            case, "voltage", expected, experiment.voltage, "V", TARGET, order(sizes, voltage), 2.0 * p, SOURCE
        ),
    ]


def _salts(quick: bool) -> list[Row]:
    uniform = Layer(REGION, LENGTH, cells=40)
    kinds: tuple[tuple[int, int, tuple[int, ...]], ...] = (
        (1, 1, (20, 40)),
        (2, 1, (20, 40)),
        (1, 2, (20, 40)),
    )
    if not quick:
        kinds = ((1, 1, (20, 40, 80)), (2, 1, (20, 40)), (3, 1, (20, 40)))
        kinds += ((1, 2, (20, 40)), (2, 2, (20, 40)), (3, 2, (20, 40)))
    rows = []
    for dim, degree, levels in kinds:
        rows += _refined(binary(SODIUM_LIKE, uniform, dim, degree), -0.5, levels, "1:1 salt")
    rows += _refined(binary(UNEQUAL, uniform), -0.5, (20, 40), "1:1 salt, D- = 10 D+,")
    rows += _refined(binary(DIVALENT, uniform), -0.5, (20, 40), "2:1 salt")
    return rows


def _held() -> tuple[list[Row], Curve]:
    """Held voltages: the current they give, up to the limiting one."""
    cell = binary(SODIUM_LIKE, Layer(REGION, LENGTH, cells=60, size_start=1e-3 * LENGTH))
    exact, time = cell.exact, cell.exact.diffusion_time
    volts = (-0.05, -0.2, -0.4, -0.6)
    found = []
    for voltage in volts:
        held = next(iter(program.hold(voltage, time=time)))
        found.append(cell.experiment(Stepping(1e-2 * time)).steady(held).current)
    rows = []
    for voltage, current in zip(volts, found, strict=True):
        wanted = exact.steady_current(voltage, cell.kinetics)
        case = f"1:1 salt held at {voltage:g} V: {cell.name}"
        rows.append(Row(case, "i", wanted, current, "A/m2", TARGET, source=SOURCE))
    fine: FloatArray = np.linspace(-0.8, 0.0, 101, dtype=np.float64)
    line = [exact.steady_current(float(v), cell.kinetics) for v in fine]
    x, y, reference = np.array(volts), _over(found, exact), _over(line, exact)
    return rows, Curve("held voltage", x, y, reference, fine, "voltage (V)", "i / i_lim")


def _over(currents: Sequence[float], exact: Cell) -> FloatArray:
    """In units of the limiting current."""
    return np.asarray(np.array(currents) / exact.limiting_current)


def _profiles() -> list[Curve]:
    """Concentration and potential at some currents, over the closed forms."""
    curves = []
    fine: FloatArray = np.linspace(0.0, LENGTH, 201, dtype=np.float64)
    for share in (-0.3, -0.6, -0.9):
        cell = binary(SODIUM_LIKE, Layer(REGION, LENGTH, cells=20))
        current = share * cell.exact.limiting_current
        experiment = cell.steady(current)
        name, axis = f"i = {share:g} i_lim", fine * 1e6
        x, c = profile(experiment)
        exact = np.asarray(cell.exact.steady_profile(fine, current) / MEAN)
        curves.append(Curve(name, np.asarray(x * 1e6), np.asarray(c / MEAN), exact, axis, "x (um)", "c / c0"))
        phi = 1e3 * profile(experiment, "potential")[1]
        phi -= np.interp(0.5 * LENGTH, x, phi)
        exact = np.asarray(1e3 * cell.exact.steady_potential(fine, current))
        curves.append(
            Curve(name, np.asarray(x * 1e6), np.asarray(phi), exact, axis, "x (um)", "phi - phi(L/2) (mV)")
        )
    return curves


def run(quick: bool) -> Result:
    """All of the study."""
    held, polarisation = _held()
    curves = () if quick else (*_profiles(), polarisation)
    return Result((*_salts(quick), *held), tuple(curves))


study = Study(
    "binary-cell",
    "Steady binary cell",
    "A binary salt between two electrodes of its metal, steady: concentrations are linear, the potential is "
    "logarithmic, the current is that of the gradient (i = 2 F D+ |dc/dx| for a 1:1 salt) and ends at "
    "i_lim = 4 F D+ c0/L. One to three dimensions, elements of both degrees, unequal diffusivities, a "
    "2:1 salt.",
    run,
)
