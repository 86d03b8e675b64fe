"""A manufactured solution for every closure: what the solver is given, and the same equations by hand.

Lengths, times, rates and double layers are chosen such that storage, diffusion, migration, convection,
conversion and reaction are of like size; a capacitance of 40 kF/m^2 is no real electrode's. Every case takes
kinetics of its own, so that the laws of `solver.reaction` are checked on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ufl

from solver.closures import Concentrated, Electroneutral, Poisson, Secondary, Supporting
from solver.electrolyte import Species
from solver.expression import Expression
from solver.laws import Constant, Formula
from solver.model import Conversion, Film, Flow, Interface, Medium, Model, Prescribed
from solver.reaction import ButlerVolmer, LimitingCurrent, Linearised, MassAction, Reaction, Referenced, Tafel
from solver.solutions import Solution

from .mms_exact import POTENTIAL, VACUUM, Balance, Exact, F, R, butler_volmer, nernst_planck
from .mms_frame import NAMES, Frame, Manufactured, Setting

ROOM, WARM = 298.15, 320.0
MEDIUM = {"electrolyte": Medium()}


def binary(setting: Setting, film: bool = True, logarithmic: bool = False) -> Manufactured:
    """Electroneutral 1:1 salt, D+ != D-; a film on one electrode, a double layer on the other.

    The linearised law makes the current through the film explicit, i (1 + G R) = G (V - phi - e), with
    G = i0 F/RT and the Nernst shift e = (RT/F) ln(c/c_ref).
    """
    d_plus, d_minus, c0, capacitance, resistance = 1.8e-10, 2.5e-10, 1000.0, 4.0e4, 2.0e-4
    frame = Frame(setting, 1e-4, 20.0, ROOM)
    fields = frame.fields(**{"Na+": c0})
    slow = Reaction("slow", 1, {"Na+": 1.0}, Linearised(Constant(80.0)), 0.003, {"Na+": 900.0})
    quick = Reaction("quick", 1, {"Na+": 1.0}, ButlerVolmer(Constant(120.0)), -0.002, {"Na+": 1100.0})
    working = Interface("working", "working", (slow,), series=Film(resistance))
    if not film:
        working = Interface("working", "working", (quick,))
    model = Model(
        Electroneutral((Species("Na+", 1, d_plus, c0), Species("X-", -1, d_minus, c0)), "X-"),
        ROOM,
        MEDIUM,
        (
            working,
            Interface("counter", "counter", (quick,), capacitance=capacitance, charging_species="Na+"),
        ),
        logarithmic=logarithmic,
    )

    def balances(at: Exact) -> dict[str, Balance]:
        c = at["Na+"]
        plus, minus = nernst_planck(at, c, 1, d_plus, ROOM), nernst_planck(at, c, -1, d_minus, ROOM)
        return {"Na+": Balance(plus, stored=c), POTENTIAL: Balance(F * (plus - minus))}

    def bare(at: Exact, metal: Any) -> Any:
        return butler_volmer(120.0, metal - at[POTENTIAL] + 0.002, ROOM, oxidised=at["Na+"] / 1100.0)

    def at_working(at: Exact) -> dict[str, Any]:
        conductance = 80.0 * F / (R * ROOM)
        shift = 0.003 + R * ROOM / F * ufl.ln(at["Na+"] / 900.0)
        i = conductance * (frame.voltage(at) - at[POTENTIAL] - shift) / (1.0 + conductance * resistance)
        i = i if film else bare(at, frame.voltage(at))
        return {"Na+": i / F, POTENTIAL: i}

    def at_counter(at: Exact) -> dict[str, Any]:
        i = bare(at, 0.0) + at.rate(-capacitance * at[POTENTIAL])
        return {"Na+": i / F, POTENTIAL: i}

    return frame.case(model, fields, balances, {"working": at_working, "counter": at_counter})


def three_ions(setting: Setting, streamline: bool = False) -> Manufactured:
    """Electroneutral Zn2+, X-, and Na+ eliminated, in a porous medium with flow, conversion and held values.

    Zn2+ -> 2 Na+ stands for an ion exchange, at a rate k c_Zn c_Na; zinc is deposited by mass action with
    unequal transfer coefficients.
    """
    d = {"Zn2+": 0.7e-9, "X-": 2.0e-9, "Na+": 1.3e-9}
    z = {"Zn2+": 2, "X-": -1, "Na+": 1}
    c0 = {"Zn2+": 200.0, "X-": 1000.0, "Na+": 600.0}
    length, porosity, factor, k, speed = 1e-3, 0.6, 0.4, 5e-6, 8e-7
    frame = Frame(setting, length, 600.0, WARM)
    fields = frame.fields(**{name: c0[name] for name in ("Zn2+", "X-")})
    components = [f"{speed}*(1 + 0.3*sin(y/{length}))", f"{0.4 * speed}*cos(x/{length})", f"{0.3 * speed}"]
    velocity = tuple(Expression.parse(text, NAMES) for text in components[: setting.dim])
    metal = Reaction(
        "zinc", 2, {"Zn2+": 1.0}, MassAction(Constant(25.0), alpha_a=0.7, alpha_c=0.4), 0.004, {"Zn2+": 220.0}
    )
    species = tuple(Species(name, z[name], d[name], c0[name]) for name in d)
    exchange = Conversion(
        {"Zn2+": -1.0, "Na+": 2.0}, Expression.parse(f"{k}*c_Zn2+*c_Na+", ("c_Zn2+", "c_Na+"))
    )
    model = Model(
        Electroneutral(species, "Na+"),
        WARM,
        {"electrolyte": Medium(porosity, factor)},
        (Interface("working", "working", (metal,)), Interface("counter", "counter", (metal,))),
        conversions=(exchange,),
        flow=Flow(velocity, outlets=("right",), streamline=streamline),
        prescribed=(
            Prescribed("Zn2+", "left", fields["Zn2+"]),
            Prescribed("X-", "left", fields["X-"]),
            Prescribed(POTENTIAL, "right", fields[POTENTIAL]),
        ),
    )

    def flow(at: Exact) -> Any:
        return ufl.as_vector([at.of(v) * 1.0 for v in velocity])

    def balances(at: Exact) -> dict[str, Balance]:
        c = {"Zn2+": at["Zn2+"], "X-": at["X-"], "Na+": at["X-"] - 2.0 * at["Zn2+"]}
        n = {name: factor * nernst_planck(at, c[name], z[name], d[name], WARM) for name in c}
        rate = porosity * k * c["Zn2+"] * c["Na+"]
        return {
            "Zn2+": Balance(n["Zn2+"] + c["Zn2+"] * flow(at), porosity * c["Zn2+"], -rate),
            "X-": Balance(n["X-"] + c["X-"] * flow(at), porosity * c["X-"]),
            POTENTIAL: Balance(F * (2.0 * n["Zn2+"] - n["X-"] + n["Na+"])),
        }

    def electrode(voltage: Callable[[Exact], Any]) -> Callable[[Exact], Mapping[str, Any]]:
        def inflow(at: Exact) -> dict[str, Any]:
            # Detailed balance: i0 (c/c_ref)^alpha_a at the overpotential against Nernst's potential.
            ratio = at["Zn2+"] / 220.0
            eta = voltage(at) - at[POTENTIAL] - 0.004 - R * WARM / (2.0 * F) * ufl.ln(ratio)
            i = butler_volmer(25.0 * ratio**0.7, eta, WARM, 2, (0.7, 0.4))
            return {"Zn2+": i / (2.0 * F), POTENTIAL: i}

        return inflow

    def carried(name: str) -> Callable[[Exact], Any]:
        return lambda at: at[name] * flow(at)[0]

    inflows = {"working": electrode(frame.voltage), "counter": electrode(lambda at: 0.0)}
    out = {"right": {name: carried(name) for name in ("Zn2+", "X-")}}
    return frame.case(model, fields, balances, inflows, out)


def poisson(setting: Setting) -> Manufactured:
    """1:1 salt with space charge over five Debye lengths, Butler-Volmer behind a Stern layer."""
    d, c0, permittivity = {"Na+": 1.2e-9, "X-": 2.0e-9}, 5.0, 78.4
    stern, offset = {"working": 0.04, "counter": 0.06}, 0.01
    frame = Frame(setting, 2e-8, 2e-7, ROOM)
    fields = frame.fields(**dict.fromkeys(d, c0))
    metal = Reaction("metal", 1, {"Na+": 1.0}, ButlerVolmer(Constant(2e4)), 0.005, {"Na+": 4.0})
    model = Model(
        Poisson(tuple(Species(name, z, d[name], c0) for name, z in (("Na+", 1), ("X-", -1))), permittivity),
        ROOM,
        MEDIUM,
        tuple(
            Interface(name, name, (metal,), capacitance=c, zero_charge=offset) for name, c in stern.items()
        ),
    )

    def balances(at: Exact) -> dict[str, Balance]:
        flux = {name: nernst_planck(at, at[name], z, d[name], ROOM) for name, z in (("Na+", 1), ("X-", -1))}
        displacement = -VACUUM * permittivity * at.grad(at[POTENTIAL])
        ions = {name: Balance(flux[name], at[name]) for name in flux}
        return {**ions, POTENTIAL: Balance(displacement, made=F * (at["Na+"] - at["X-"]))}

    def electrode(
        capacitance: float, voltage: Callable[[Exact], Any]
    ) -> Callable[[Exact], Mapping[str, Any]]:
        def inflow(at: Exact) -> dict[str, Any]:
            drop = voltage(at) - at[POTENTIAL]
            i = butler_volmer(2e4, drop - 0.005, ROOM, oxidised=at["Na+"] / 4.0)
            return {"Na+": i / F, POTENTIAL: capacitance * (drop - offset)}

        return inflow

    inflows = {
        "working": electrode(stern["working"], frame.voltage),
        "counter": electrode(stern["counter"], lambda at: 0.0),
    }
    return frame.case(model, fields, balances, inflows)


def supporting(setting: Setting) -> Manufactured:
    """Three minor ions in a supporting electrolyte; a metal and a redox couple react, and a conversion.

    Fe3+ -> Fe2+ + Na+ conserves charge; its rate is k c_Fe3.
    """
    d, z = {"Na+": 1.3e-9, "Fe2+": 0.7e-9, "Fe3+": 0.6e-9}, {"Na+": 1, "Fe2+": 2, "Fe3+": 3}
    c0, kappa, k = {"Na+": 80.0, "Fe2+": 40.0, "Fe3+": 50.0}, 8.0, 2e-3
    frame = Frame(setting, 1e-3, 400.0, ROOM)
    fields = frame.fields(**c0)
    metal = Reaction("metal", 1, {"Na+": 1.0}, ButlerVolmer(Constant(6.0), 0.3, 0.7), 0.002, {"Na+": 80.0})
    couple = Reaction(
        "couple", 1, {"Fe2+": -1.0, "Fe3+": 1.0},
        ButlerVolmer(Constant(9.0)), -0.004, {"Fe2+": 30.0, "Fe3+": 60.0},
    )  # fmt: skip
    model = Model(
        Supporting(tuple(Species(name, z[name], d[name], c0[name]) for name in d), kappa),
        ROOM,
        {"electrolyte": Medium(diffusivities={"Fe2+": 0.5e-9})},
        (Interface("working", "working", (metal, couple)), Interface("counter", "counter", (couple, metal))),
        conversions=(
            Conversion({"Fe3+": -1.0, "Fe2+": 1.0, "Na+": 1.0}, Expression.parse(f"{k}*c_Fe3+", ("c_Fe3+",))),
        ),
    )

    def balances(at: Exact) -> dict[str, Balance]:
        here = {**d, "Fe2+": 0.5e-9}
        flux = {name: nernst_planck(at, at[name], z[name], here[name], ROOM) for name in d}
        rate = k * at["Fe3+"]
        made = {"Na+": rate, "Fe2+": rate, "Fe3+": -rate}
        ions = {name: Balance(flux[name], at[name], made[name]) for name in d}
        return {**ions, POTENTIAL: Balance(-kappa * at.grad(at[POTENTIAL]))}

    def electrode(voltage: Callable[[Exact], Any]) -> Callable[[Exact], Mapping[str, Any]]:
        def inflow(at: Exact) -> dict[str, Any]:
            drop = voltage(at) - at[POTENTIAL]
            i = butler_volmer(6.0, drop - 0.002, ROOM, alphas=(0.3, 0.7), oxidised=at["Na+"] / 80.0)
            j = butler_volmer(9.0, drop + 0.004, ROOM, reduced=at["Fe2+"] / 30.0, oxidised=at["Fe3+"] / 60.0)
            return {"Na+": i / F, "Fe2+": -j / F, "Fe3+": j / F, POTENTIAL: i + j}

        return inflow

    inflows = {"working": electrode(frame.voltage), "counter": electrode(lambda at: 0.0)}
    return frame.case(model, fields, balances, inflows)


def secondary(setting: Setting) -> Manufactured:
    """Ohm's law between a Tafel branch and a limiting-current law, in a porous medium."""
    kappa, factor = 5.0, 0.5
    frame = Frame(setting, 1e-2, 1.0, WARM)
    fields = frame.fields()
    branch = Reaction("branch", 1, {"Na+": 1.0}, Tafel(Constant(8.0), alpha=0.6), 0.01)
    limited = Reaction("limited", 2, {"Zn2+": 1.0}, LimitingCurrent(Constant(6.0), 30.0, 20.0), 0.002)
    model = Model(
        Secondary(kappa),
        WARM,
        {"electrolyte": Medium(factor=factor)},
        (Interface("working", "working", (branch,)), Interface("counter", "counter", (limited,))),
    )

    def balances(at: Exact) -> dict[str, Balance]:
        return {POTENTIAL: Balance(-factor * kappa * at.grad(at[POTENTIAL]))}

    def at_working(at: Exact) -> dict[str, Any]:
        eta = frame.voltage(at) - at[POTENTIAL] - 0.01
        return {POTENTIAL: butler_volmer(8.0, eta, WARM, alphas=(0.0, 0.6), reduced=0.0)}

    def at_counter(at: Exact) -> dict[str, Any]:
        x = 2.0 * F * (-at[POTENTIAL] - 0.002) / (R * WARM)
        a, b = 6.0 * ufl.exp(0.5 * x), 6.0 * ufl.exp(-0.5 * x)
        return {POTENTIAL: (a - b) / (1.0 + a / 20.0 + b / 30.0)}

    return frame.case(model, fields, balances, {"working": at_working, "counter": at_counter})


def concentrated(setting: Setting) -> Manufactured:
    """A 1:2 salt, Na2X, with D, kappa, t+ and thermodynamic factor that all depend on c.

    Its unknown is the concentration of the cation, twice that of the salt, c.

        i = -kappa grad phi + (3/2)(kappa RT/F)(1 - t)(1 + dln f/dln c) grad ln c
        N+ = -2 D grad c + t i/F
    """
    c0, porosity, factor = 1000.0, 0.5, 0.35
    frame = Frame(setting, 1e-4, 30.0, ROOM)
    fields = frame.fields(**{"Na+": c0})
    solution = Solution(
        "made up", "Na+",
        Formula.parse("3e-10*(1 - 0.4*c/1000)"), Formula.parse("c/1000*(1.8 - 0.5*c/1000)"),
        Formula.parse("0.3 + 0.2*c/1000"), Formula.parse("1 + 0.6*c/1000"),
        (0.0, 2000.0), (273.0, 373.0), "made up for verification", "",
    )  # fmt: skip
    metal = Reaction("metal", 1, {"Na+": 1.0}, Referenced(Formula.parse("2*c**0.5")), 0.003)
    model = Model(
        Concentrated(Species("Na+", 1, 3e-10, c0), solution, anion_charge=-2),
        ROOM,
        {"electrolyte": Medium(porosity, factor)},
        (
            Interface("working", "working", (metal,)),
            Interface("counter", "counter", (metal,), capacitance=3.0e4, charging_species="Na+"),
        ),
    )

    def balances(at: Exact) -> dict[str, Balance]:
        c = at["Na+"] / 2.0
        m = c / 1000.0
        t = 0.3 + 0.2 * m
        chemical = 1.5 * R * ROOM / F * (1.0 - t) * (1.0 + 0.6 * m) * at.grad(c) / c
        i = factor * m * (1.8 - 0.5 * m) * (chemical - at.grad(at[POTENTIAL]))
        salt = factor * 3e-10 * (1.0 - 0.4 * m) * at.grad(c)
        return {"Na+": Balance(-2.0 * salt + t * i / F, porosity * at["Na+"]), POTENTIAL: Balance(i)}

    def electrode(
        capacitance: float, voltage: Callable[[Exact], Any]
    ) -> Callable[[Exact], Mapping[str, Any]]:
        def inflow(at: Exact) -> dict[str, Any]:
            drop = voltage(at) - at[POTENTIAL]
            i = butler_volmer(2.0 * ufl.sqrt(at["Na+"]), drop - 0.003, ROOM)
            if capacitance:
                i = i + at.rate(capacitance * drop)
            return {"Na+": i / F, POTENTIAL: i}

        return inflow

    inflows = {"working": electrode(0.0, frame.voltage), "counter": electrode(3.0e4, lambda at: 0.0)}
    return frame.case(model, fields, balances, inflows)


CASES: Mapping[str, Callable[[Setting], Manufactured]] = {
    "electroneutral, two ions": binary,
    "electroneutral, three ions, flow": three_ions,
    "poisson": poisson,
    "supporting": supporting,
    "secondary": secondary,
    "concentrated": concentrated,
}
"""All closures by what the report calls them."""
