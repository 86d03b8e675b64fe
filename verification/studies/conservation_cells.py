"""Cells for studies of conservation: every closure, on a mesh nobody would choose.

The cell is a polygon with a notch, electrodes that are neither parallel nor equal, and a sliver of insulator
one fiftieth of its width above the working electrode. Its cells are few, badly shaped, and grow by 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ufl
from mpi4py import MPI

from meshes.builders import Inclusion, polygon
from meshes.regions import Regions
from solver.closures import Concentrated, Electroneutral, Poisson, Secondary, Supporting
from solver.electrolyte import Species
from solver.expression import Expression
from solver.laws import Constant, Formula
from solver.model import Conversion, Film, Interface, Medium, Model
from solver.reaction import ButlerVolmer, Reaction, Referenced
from solver.solutions import Solution

from .mms_exact import POTENTIAL, VACUUM, F, R, nernst_planck

WIDTH, ROOM = 100e-6, 298.15
MEDIUM = {"electrolyte": Medium()}
CORNERS = ((0.0, 0.0), (0.6, 0.0), (0.6, 0.25), (1.0, 0.4), (1.0, 1.0), (0.7, 0.9), (0.0, 0.8))
EDGES = ("working", "working", None, None, "counter", None, None)
SLIVER = ((0.2, 0.02), (0.5, 0.03), (0.35, 0.045))

Fields = Any
"""Solved fields with the face of mms_exact.Exact: fields[name], fields.grad."""


def bad_mesh(comm: MPI.Comm, width: float) -> Regions:
    """The polygon of the module: 50 triangles with angles from 6 to 146 degrees, areas from 1 to 1500."""

    def scaled(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
        return [(width * x, width * y) for x, y in points]

    return polygon(
        comm, scaled(CORNERS), EDGES, 0.4 * width, growth=4.0,
        refine=[((0.6 * width, 0.0), 0.01 * width)], inclusions=[Inclusion(None, scaled(SLIVER))],
    )  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A model and what is conserved in it.

    Attributes:
        model: without anything that lets species in or out but reactions.
        current: typical, A/m^2.
        tau: time of diffusion through the cell, s.
        flux: current density in the liquid in A/m^2, written by hand.
        displacement: in C/m^2, whose time derivative adds to the current; None where charge is not resolved.
        invariants: sums that no process can change, name: {species: weight per mole}; "charge" stands for the
            charge of all double layers in faradays.
        width: of the mesh in m.
    """

    model: Model
    current: float
    tau: float
    flux: Callable[[Fields], Any]
    displacement: Callable[[Fields], Any] | None = None
    invariants: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    width: float = WIDTH


def both(film: float, capacitance: float, ion: str | None, *reactions: Reaction) -> tuple[Interface, ...]:
    """Working electrode behind a film, counter electrode without; double layers at both."""
    return (
        Interface("working", "working", reactions, "liquid", Film(film), capacitance, ion),
        Interface("counter", "counter", reactions, "liquid", None, 2.0 * capacitance, ion),
    )


def three_ions(degree: int = 1) -> Cell:
    """Zinc from a solution with a second cation, which is eliminated."""
    d, z = {"Zn2+": 0.7e-9, "X-": 2.0e-9, "Na+": 1.3e-9}, {"Zn2+": 2, "X-": -1, "Na+": 1}
    c0 = {"Zn2+": 200.0, "X-": 1000.0, "Na+": 600.0}
    zinc = Reaction("zinc", 2, {"Zn2+": 1.0}, ButlerVolmer(Constant(30.0)), 0.0, {"Zn2+": 200.0})
    species = tuple(Species(name, z[name], d[name], c0[name]) for name in d)
    interfaces = both(2e-4, 0.3, "Zn2+", zinc)
    model = Model(Electroneutral(species, "Na+"), ROOM, MEDIUM, interfaces, degree=degree)

    def flux(at: Fields) -> Any:
        c = {"Zn2+": at["Zn2+"], "X-": at["X-"], "Na+": at["X-"] - 2.0 * at["Zn2+"]}
        return F * sum(z[name] * nernst_planck(at, c[name], z[name], d[name], ROOM) for name in c)

    # What charges a double layer is the ion that reacts: all that passes the circuit leaves the liquid at one
    # electrode and enters at the other, so that its amount in the liquid does not change.
    return Cell(model, 150.0, 5.0, flux, invariants={name: {name: 1.0} for name in d})


def association() -> Cell:
    """Na+ + X- <-> NaX while sodium is plated: atoms are conserved, species are not."""
    d, z = {"Na+": 1.8e-10, "X-": 2.5e-10, "NaX": 2.0e-10}, {"Na+": 1, "X-": -1, "NaX": 0}
    c0 = {"Na+": 700.0, "X-": 700.0, "NaX": 300.0}
    metal = Reaction("metal", 1, {"Na+": 1.0}, ButlerVolmer(Constant(20.0)), 0.0, {"Na+": 700.0})
    rate = Expression.parse("2e-4*c_Na+*c_X- - 0.25*c_NaX", ("c_Na+", "c_X-", "c_NaX"))
    model = Model(
        Electroneutral(tuple(Species(name, z[name], d[name], c0[name]) for name in d), "X-"),
        ROOM,
        MEDIUM,
        both(5e-4, 0.2, "Na+", metal),
        conversions=(Conversion({"Na+": -1.0, "X-": -1.0, "NaX": 1.0}, rate),),
    )

    def flux(at: Fields) -> Any:
        c = at["Na+"]
        return F * sum(z[n] * nernst_planck(at, c, z[n], d[n], ROOM) for n in ("Na+", "X-"))

    atoms = {"sodium": {"Na+": 1.0, "NaX": 1.0}, "anions": {"X-": 1.0, "NaX": 1.0}}
    return Cell(model, 30.0, 20.0, flux, invariants=atoms)


def poisson() -> Cell:
    """Space charge over 25 Debye lengths, Stern layers at both electrodes."""
    d, z, c0, permittivity = {"Na+": 1.2e-9, "X-": 2.0e-9}, {"Na+": 1, "X-": -1}, 5.0, 78.4
    metal = Reaction("metal", 1, {"Na+": 1.0}, ButlerVolmer(Constant(500.0)), 0.0, {"Na+": c0})
    species = tuple(Species(name, z[name], d[name], c0) for name in d)
    stern = tuple(Interface(n, n, (metal,), capacitance=c) for n, c in (("working", 0.05), ("counter", 0.1)))
    model = Model(Poisson(species, permittivity), ROOM, MEDIUM, stern)

    def flux(at: Fields) -> Any:
        return F * sum(z[name] * nernst_planck(at, at[name], z[name], d[name], ROOM) for name in d)

    def displacement(at: Fields) -> Any:
        return -VACUUM * permittivity * at.grad(at[POTENTIAL])

    # Gauss: the charge in the liquid is the reverse of that of the double layers.
    sums = {"X-": {"X-": 1.0}, "charge": {"Na+": 1.0, "X-": -1.0, "charge": 1.0}}
    return Cell(model, 3e3, 4e-6, flux, displacement, sums, width=1e-7)


def supporting() -> Cell:
    """A metal and a redox couple at both electrodes."""
    d, z = {"Na+": 1.3e-9, "Fe2+": 0.7e-9, "Fe3+": 0.6e-9}, {"Na+": 1, "Fe2+": 2, "Fe3+": 3}
    c0, kappa = {"Na+": 80.0, "Fe2+": 40.0, "Fe3+": 50.0}, 8.0
    metal = Reaction("metal", 1, {"Na+": 1.0}, ButlerVolmer(Constant(6.0)), 0.0, {"Na+": 80.0})
    couple = Reaction(
        "couple", 1, {"Fe2+": -1.0, "Fe3+": 1.0},
        ButlerVolmer(Constant(9.0)), 0.01, {"Fe2+": 40.0, "Fe3+": 50.0},
    )  # fmt: skip
    species = tuple(Species(name, z[name], d[name], c0[name]) for name in d)
    interfaces = (
        Interface("working", "working", (metal, couple), series=Film(2e-4)),
        Interface("counter", "counter", (couple, metal)),
    )
    model = Model(Supporting(species, kappa), ROOM, MEDIUM, interfaces)
    # A mole of electrons brings a mole of Na+, or turns Fe2+ into Fe3+; electrons in and out are the same.
    sums = {"iron": {"Fe2+": 1.0, "Fe3+": 1.0}, "electrons": {"Na+": 1.0, "Fe3+": 1.0}}
    return Cell(model, 60.0, 5.0, lambda at: -kappa * at.grad(at[POTENTIAL]), invariants=sums)


def secondary() -> Cell:
    """Ohm's law."""
    metal = Reaction("metal", 1, {}, ButlerVolmer(Constant(50.0)))
    model = Model(Secondary(5.0), ROOM, MEDIUM, both(1e-4, 0.2, None, metal))
    return Cell(model, 200.0, 1e-3, lambda at: -5.0 * at.grad(at[POTENTIAL]))


def concentrated() -> Cell:
    """All properties of the solution depend on c; film and double layer on the same electrode."""
    solution = Solution(
        "made up", "Na+",
        Formula.parse("3e-10*(1 - 0.3*c/1000)"), Formula.parse("c/1000*(1.5 - 0.5*c/1000)"),
        Formula.parse("0.3 + 0.1*c/1000"), Formula.parse("1 + 0.5*c/1000"),
        (0.0, 2000.0), (273.0, 373.0), "made up for verification", "",
    )  # fmt: skip
    metal = Reaction("metal", 1, {"Na+": 1.0}, Referenced(Formula.parse("c**0.5")))
    model = Model(
        Concentrated(Species("Na+", 1, 3e-10, 1000.0), solution),
        ROOM,
        MEDIUM,
        both(4e-4, 0.3, "Na+", metal),
    )

    def flux(at: Fields) -> Any:
        m = at["Na+"] / 1000.0
        chemical = 2.0 * R * ROOM / F * (0.7 - 0.1 * m) * (1.0 + 0.5 * m) * at.grad(ufl.ln(at["Na+"]))
        return m * (1.5 - 0.5 * m) * (chemical - at.grad(at[POTENTIAL]))

    return Cell(model, 60.0, 20.0, flux, invariants={"Na+": {"Na+": 1.0}})


CELLS: Mapping[str, Callable[[], Cell]] = {
    "electroneutral, three ions": three_ions,
    "electroneutral, three ions, P2": lambda: three_ions(2),
    "electroneutral, association": association,
    "poisson": poisson,
    "supporting, two reactions": supporting,
    "secondary": secondary,
    "concentrated": concentrated,
}
"""All closures by what the report calls them."""
