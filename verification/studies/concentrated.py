"""Concentrated solutions of one salt: as a dilute one, in the steady state, and with measured properties.

A dilute binary salt of cation charge z+ and anion charge z- is a concentrated one with

    D = (z+ - z-) D+ D-/(z+ D+ - z- D-),   t = z+ D+/(z+ D+ - z- D-),   1 + dln f/dln c = 1,
    kappa = F^2/(RT) z+ (z+ D+ - z- D-) c

whose potential is that of a reference electrode of the metal, phi + RT/(z+ F) ln(c/c0). Inserted into
Butler-Volmer kinetics with alpha_a + alpha_c = 1 this leaves

    i = i0 (c/c0)^alpha_a [exp(alpha_a n f eta) - exp(-alpha_c n f eta)]

With any D(c), t(c), kappa(c) the steady cell has D c' = -(1 - t) i/(z+ F). With G = D/(1 - t) and c as the
variable, all integrals from its value at the working electrode to that at the counter electrode,

    int G dc = -iL/(z+ F),   int c G dc = c0 int G dc
    phi(0) - phi(L) = -int [z+ F G/kappa + b RT/F (1 - t)(1 + dln f/dln c)/c] dc,   b = (1 - z+/z-)/z+
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from meshes.builders import Layer
from solver.closures import Concentrated, Electroneutral
from solver.constants import FARADAY, GAS, thermal_voltage
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Arrhenius, Constant, Formula
from solver.model import Interface, Medium, Model
from solver.program import constant_current, hold
from solver.reaction import ButlerVolmer, Reaction, Referenced
from solver.solutions import SOLUTIONS, Solution
from verification.exact import binary, electrode
from verification.rows import Curve, Result, Row, Study

from .sandwich import CELLS, CONCENTRATION, TEMPERATURE, march, mesh, steady

LENGTH, EXCHANGE = 50e-6, 10.0
TARGET = 1e-3
MEDIUM = {"electrolyte": Medium()}
STEADY = "steady state by quadrature, Newman and Balsara, 4th ed., ch. 12"


@dataclass(frozen=True)
class Salt:
    """A dilute salt, and its name as the report calls it."""

    name: str
    exact: binary.Salt
    alpha_a: float = 0.5


SALTS = (
    Salt("1:1", binary.Salt(1, -1, 1e-10, 1.5e-10, TEMPERATURE)),
    Salt("2:1", binary.Salt(2, -1, 0.7e-10, 2e-10, TEMPERATURE), 0.3),
    Salt("1:2", binary.Salt(1, -2, 1.3e-10, 1.1e-10, TEMPERATURE), 0.6),
)


def cation(z: int, diffusivity: float) -> Species:
    """The one that reacts."""
    return Species("M", z, diffusivity, CONCENTRATION)


def electrodes(z: int, law: ButlerVolmer | Referenced) -> tuple[Interface, ...]:
    """Working and counter electrode of the same metal."""
    reaction = Reaction("deposition", z, {"M": 1.0}, law, reference={"M": CONCENTRATION})
    return tuple(Interface(name, name, (reaction,)) for name in ("working", "counter"))


def dilute(salt: Salt) -> Model:
    """The cell by the theory of dilute solutions."""
    s = salt.exact
    anion = Species("X", s.z_minus, s.d_minus, -CONCENTRATION * s.z_plus / s.z_minus)
    closure = Electroneutral((cation(s.z_plus, s.d_plus), anion), "X")
    law = ButlerVolmer(Constant(EXCHANGE), salt.alpha_a, 1.0 - salt.alpha_a)
    return Model(closure, TEMPERATURE, MEDIUM, electrodes(s.z_plus, law))


def equivalent(salt: Salt) -> Model:
    """The same cell by the theory of concentrated solutions; see the module."""
    s = salt.exact
    # The laws of a solution take the concentration of the salt, c/nu+.
    nu = -s.z_minus // math.gcd(s.z_plus, -s.z_minus)
    solution = Solution(
        "dilute", "M", Constant(s.diffusivity), Formula.parse(f"{s.conductivity(float(nu))!r}*c"),
        Constant(s.transference), Constant(1.0), (0.0, 1e4), (200.0, 400.0), "dilute limit", "",
    )  # fmt: skip
    closure = Concentrated(cation(s.z_plus, s.diffusivity), solution, s.z_minus)
    # That of a reaction takes the concentration of the ion.
    exchange = Formula.parse(f"{EXCHANGE!r}*(c/{CONCENTRATION!r})**{salt.alpha_a!r}")
    law = Referenced(exchange, salt.alpha_a, 1.0 - salt.alpha_a)
    return Model(closure, TEMPERATURE, MEDIUM, electrodes(s.z_plus, law))


def as_dilute(quick: bool) -> tuple[list[Row], Curve]:
    """A current step to 0.7 of the limit, then rest: voltage and concentration, by both theories."""
    rows: list[Row] = []
    for salt in SALTS[:2] if quick else SALTS:
        exact = binary.Cell(salt.exact, LENGTH, CONCENTRATION)
        z, tau = salt.exact.z_plus, exact.diffusion_time
        kinetics = electrode.Kinetics(EXCHANGE, salt.alpha_a, 1.0 - salt.alpha_a, z, TEMPERATURE)
        current = -0.7 * exact.limiting_current
        times = [tau * part for part in (0.003, 0.01, 0.03, 0.1, 0.3)]
        steps = [(0.0, current)]
        expected = np.array([exact.voltage(t, steps, kinetics) for t in times])
        found = {}
        for theory, model in (("concentrated", equivalent(salt)), ("dilute", dilute(salt))):
            experiment = Experiment(model, mesh(1, [_layer()]), Stepping(1e-4 * tau))
            readings = experiment.run(constant_current(current, times[-1]), times=times)
            by_time = {
                min(times, key=lambda t: abs(t - r.time)): r for r in readings if _lands(r.time, times)
            }
            found[theory] = np.array([by_time[t].voltage for t in times])
            case = f"dilute {salt.name} salt by the theory of {theory} solutions, 1D"
            for t, e, g in zip(times, expected, found[theory], strict=True):
                what = f"voltage at {t / tau:g} L^2/D, 0.7 i_lim"
                rows.append(
                    Row(case, what, float(e), float(g), "V", TARGET, source="verification.exact.binary")
                )
            defect = max(map(abs, experiment.balance().values()))
            rows.append(
                Row(case, "defect of the amount of salt", 0.0, defect, "", 1e-8, source="conservation")
            )
        gap = float(np.abs(found["concentrated"] - found["dilute"]).max() / np.abs(expected).max())
        case = f"dilute {salt.name} salt, 1D"
        rows.append(
            Row(
                case, "difference of the two theories, of the voltage", 0.0, gap, "", TARGET, source="mapping"
            )
        )
        if salt is SALTS[0]:
            x, labels = np.array(times) / tau, ("time / (L^2/D)", "cell voltage / V")
            curve = Curve("dilute salt as a concentrated one", x, found["concentrated"], expected, x, *labels)
    return rows, curve


@dataclass(frozen=True)
class SteadyCell:
    """Steady state of a concentrated 1:1 salt between two electrodes; see the module.

    Attributes:
        solution: properties.
        temperature: K.
        exchange: i0 in A/m^2 as a function of c.
    """

    solution: Solution
    temperature: float
    exchange: Callable[[float], float]

    def weight(self, c: float) -> float:
        """G = D/(1 - t) in m^2/s."""
        s, t = self.solution, self.temperature
        return float(s.diffusivity(c, t) / (1.0 - s.transference_number(c, t)))

    def _integral(self, f: Callable[[float], float], low: float, high: float) -> float:
        # Tables have kinks in their second derivative, where quad subdivides.
        value, _ = quad(f, low, high, limit=400, epsabs=0.0, epsrel=1e-9)
        return float(value)

    def counter(self, low: float) -> float:
        """Concentration at the counter electrode where that at the working one is `low`, mol/m^3."""

        def excess(high: float) -> float:
            # Two positive integrals: relative tolerances mean nothing for one that is zero.
            mean = self._integral(lambda c: c * self.weight(c), low, high)
            return mean / self._integral(self.weight, low, high) - CONCENTRATION

        high = 2.0 * CONCENTRATION
        while excess(high) < 0.0:
            high *= 1.2
        return float(brentq(excess, CONCENTRATION, high, xtol=1e-9))

    def current(self, low: float) -> float:
        """Steady i < 0 in A/m^2 with `low` at the working electrode."""
        return -FARADAY / LENGTH * self._integral(self.weight, low, self.counter(low))

    def voltage(self, low: float) -> float:
        """Cell voltage in V of that state; alpha = 1/2."""
        s, t, high, current = self.solution, self.temperature, self.counter(low), self.current(low)

        def slope(c: float) -> float:
            chemical = 2.0 * GAS * t / FARADAY * (1.0 - s.transference_number(c, t))
            ohmic = FARADAY * self.weight(c) / s.conductivity(c, t)
            return float(ohmic + chemical * s.thermodynamic_factor(c, t) / c)

        def eta(i: float, c: float) -> float:
            return 2.0 * thermal_voltage(t) * math.asinh(0.5 * i / self.exchange(c))

        return -self._integral(slope, low, high) + eta(current, low) - eta(-current, high)


def made_up(temperature: float) -> Solution:
    """Everything depends on c, strongly, and on T by Arrhenius laws."""
    energies = (25e3, 15e3)
    return Solution(
        "made up", "M",
        Arrhenius(Formula.parse("3e-10*exp(-0.5*c/1000)"), energies[0]),
        Arrhenius(Formula.parse("1.4*c/1000*exp(-0.6*c/1000)"), energies[1]),
        Formula.parse("0.42 - 0.12*c/1000"), Formula.parse("1 + 0.7*c/1000"),
        (0.0, 3000.0), (270.0, 340.0), "made up for verification", "",
    )  # fmt: skip


def solution_cell(solution: Solution, temperature: float, degree: int = 1) -> tuple[Model, SteadyCell]:
    """Cell with i0 = EXCHANGE sqrt(c/c0), for the solver and by quadrature."""
    diffusivity = float(solution.diffusivity(CONCENTRATION, temperature))
    closure = Concentrated(cation(1, diffusivity), solution)
    law = Referenced(Formula.parse(f"{EXCHANGE!r}*(c/{CONCENTRATION!r})**0.5"))
    model = Model(closure, temperature, MEDIUM, electrodes(1, law), degree=degree)
    return model, SteadyCell(solution, temperature, lambda c: EXCHANGE * math.sqrt(c / CONCENTRATION))


def steady_state(
    solution: Solution, temperature: float, low: float, cells: int = CELLS, degree: int = 1
) -> tuple[SteadyCell, float, float]:
    """The exact cell, and voltage and concentration at the working electrode where `low` is exact."""
    model, exact = solution_cell(solution, temperature, degree)
    tau = LENGTH**2 / float(solution.diffusivity(2.0 * CONCENTRATION, temperature))
    program = constant_current(exact.current(low), steady(tau))
    experiment, ends = march(model, mesh(1, [Layer("electrolyte", LENGTH, cells=cells)]), program, tau)
    problem = experiment.problem
    dofs = problem.regions.dofs(problem.spaces["liquid"], "working")
    local = float(problem.field("M")[dofs].max(initial=-np.inf))
    return exact, ends[-1].voltage, max(problem.comm.allgather(local))


def quadrature(quick: bool) -> list[Row]:
    """Steady states: of strongly varying made-up properties with the order in space, and of all solutions."""
    rows = []
    solution, warm, low = made_up(TEMPERATURE), 318.15, 300.0
    for degree in (1,) if quick else (1, 2):
        errors = []
        counts = (20, 40) if quick else (20, 40, 80)
        for cells in counts:
            exact, voltage, _ = steady_state(solution, warm, low, cells, degree)
            errors.append(abs(voltage - exact.voltage(low)))
        order = math.log2(errors[-2] / errors[-1])
        case = f"made-up solution at 45 degrees C, P{degree}, {counts[-1]} cells, 1D"
        expected_order = 2.0 * degree
        row = Row(
            case, "steady voltage", exact.voltage(low), voltage, "V", TARGET, order, expected_order, STEADY
        )
        rows.append(row)
    exact, voltage, concentration = steady_state(solution, warm, low)
    case = "made-up solution at 45 degrees C, P1, 1D"
    rows.append(Row(case, "c at the working electrode", low, concentration, "mol/m3", TARGET, source=STEADY))
    model, exact = solution_cell(solution, warm)
    # What is left at the electrode at -2 V carries no current that matters.
    tau = LENGTH**2 / 1e-10
    _, ends = march(model, mesh(1, [_layer()]), hold(-2.0, steady(tau)), tau)
    limit = exact.current(0.0)
    rows.append(
        Row(case, "limiting current: that at -2 V", limit, ends[-1].current, "A/m2", TARGET, source=STEADY)
    )
    names = ("lipf6_ec_emc_nyman2008", "napf6_ec_pc_chayambuka2022")
    for name in names if quick else SOLUTIONS:
        solution = SOLUTIONS[name]
        exact, voltage, concentration = steady_state(solution, TEMPERATURE, 500.0)
        case = f"{solution.name}, 1D"
        what = f"steady voltage at {exact.current(500.0):.4g} A/m2"
        rows.append(Row(case, what, exact.voltage(500.0), voltage, "V", TARGET, source=STEADY))
        what = "c at the working electrode"
        rows.append(Row(case, what, 500.0, concentration, "mol/m3", TARGET, source=STEADY))
    return rows


def _layer() -> Layer:
    return Layer("electrolyte", LENGTH, cells=CELLS)


def _lands(time: float, times: list[float]) -> bool:
    return any(abs(time - t) < 1e-9 * t for t in times)


def concentrated(quick: bool) -> Result:
    """Dilute limit, then steady states."""
    rows, curve = as_dilute(quick)
    return Result((*rows, *quadrature(quick)), (curve,))


study = Study(
    "concentrated",
    "Concentrated solutions of one salt",
    "With the properties of a dilute salt the theory of concentrated solutions gives the dilute cell, "
    "transients included. With any D(c), kappa(c), t(c) and thermodynamic factor the steady state and the "
    "limiting current are integrals over c; the cited solutions of LiPF6 and NaPF6 are among them.",
    concentrated,
)
