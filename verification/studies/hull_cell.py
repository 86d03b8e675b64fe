"""The Hull cell: primary distribution against the conformal map, secondary ones over the Wagner number.

Where a potential is held, the residual of a node is the current that the electrode gives there, weighted with
the shape function of the node. So any moment of the distribution, sum w(s_j) r_j for int w i ds, is known
with the order h^(2p) of a functional, however singular i is. The local current density of the primary
distribution comes from a Wagner number of 1e-6: i = g (V - phi) is then the best fit of these residuals, of
order h^p.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from mpi4py import MPI

from meshes.builders import polygon
from meshes.regions import Regions
from solver.closures import Secondary
from solver.equations import POTENTIAL
from solver.laws import Constant
from solver.model import LIQUID, Interface, Medium, Model, Prescribed
from solver.reaction import Linearised, Reaction
from solver.types import FloatArray
from verification.exact.mapped import HullCell
from verification.exact.secondary import primary, secondary
from verification.rows import Curve, Result, Row, Study

from .distribution import LEVELS, TOLERANCE, Profile, compare
from .nested import refined
from .profiles import along, at_once, held_flux, mean_square, order
from .strip import TEMPERATURE, VT

HULL = HullCell()
CORNERS = ((0.0, 0.0), (HULL.long, 0.0), (HULL.short, HULL.anode), (0.0, HULL.anode))
NEAR = np.array(CORNERS[2])
"""End of the cathode next to the anode, where s = 0."""
KAPPA, VOLTAGE = 1.0, 0.1
"""S/m and V; the problem is linear."""
NEARLY_PRIMARY = 1e-6
"""A Wagner number: its distribution is the primary one but for a micrometre at the near end."""
INNER = (0.05, 0.95)
"""Part of the cathode, in shares of its length, where the local primary current density is compared."""
UNIFORM = (100.0, 1000.0)
"""Wagner numbers between which the deviation from a uniform current must fall in proportion to 1/Wa."""
SOURCE = "West, Matlosz and Landolt, J. Appl. Electrochem. 22 (1992) 301; Schwarz-Christoffel map"
INTEGRAL = "Matlosz et al., J. Electrochem. Soc. 134 (1987) 3015; integral equation on the map"
WEIGHTS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "mean of s/L": lambda share: share,
    "mean of cos(pi s/L)": lambda share: np.cos(math.pi * share),
}
"""Moments of the primary distribution: weights of s/L, averaged over the current."""


def mesh(level: int, wagner: float) -> Regions:
    """Triangles graded to the near end of the cathode, each cut into four `level` times.

    The singularity of the primary distribution there, phi ~ r^0.64, needs finer cells than a finite Wa does.
    """
    size = HULL.anode / 12
    nearly_primary = wagner < 1e-3
    wall = size if nearly_primary else min(size, 2.0 * wagner * HULL.length)
    smallest = (1e-7 if nearly_primary else 1e-5 * min(wagner, 1.0)) * HULL.length

    def coarse(comm: MPI.Comm) -> Regions:
        return polygon(
            comm,
            CORNERS,
            [None, "working", None, "counter"],
            2.0 * size,
            refine=[(CORNERS[2], smallest)],
            edge_sizes={"working": wall},
            growth=1.6,
        )

    return refined(MPI.COMM_WORLD, coarse, level)


def model(wagner: float, degree: int) -> Model:
    """Ohm's law; the anode holds phi = 0, the cathode has linear kinetics or, for Wa = 0, holds phi too."""
    held = [Prescribed(POTENTIAL, "counter", 0.0)]
    interfaces: tuple[Interface, ...] = ()
    if wagner == 0.0:
        held.append(Prescribed(POTENTIAL, "working", VOLTAGE))
    else:
        law = Linearised(Constant(KAPPA * VT / (wagner * HULL.length)))
        interfaces = (Interface("working", "working", (Reaction("transfer", 1, {}, law),)),)
    return Model(
        Secondary(KAPPA),
        TEMPERATURE,
        {"electrolyte": Medium()},
        interfaces,
        prescribed=tuple(held),
        degree=degree,
    )


def profile(wagner: float, degree: int, level: int) -> Profile:
    """Distribution along the cathode by the engine; Wa > 0."""
    experiment, reading = at_once(model(wagner, degree), mesh(level, wagner), VOLTAGE)
    x, (phi,) = along(experiment.problem, "working", [POTENTIAL])
    i = np.asarray(KAPPA / (wagner * HULL.length) * (VOLTAGE - phi))
    return Profile.of(np.hypot(*(x - NEAR).T), i, reading.current)


def moments(degree: int, level: int) -> tuple[float, float, dict[str, float]]:
    """Primary distribution by held potentials: V kappa/I, defect of the current, moments of WEIGHTS."""
    experiment, _ = at_once(model(0.0, degree), mesh(level, 0.0), VOLTAGE)
    problem = experiment.problem
    current, back = held_flux(problem, "working"), held_flux(problem, "counter")
    space = problem.spaces[LIQUID]
    nodes = problem.regions.dofs(space, "working")
    nodes = nodes[nodes < space.dofmap.index_map.size_local]
    residual = problem.raw_residual({}, LIQUID)[nodes]
    x = problem.regions.unit * space.tabulate_dof_coordinates()[nodes, :2]
    share = np.hypot(*(x - NEAR).T) / HULL.length

    def whole(values: FloatArray) -> float:
        return float(problem.comm.allreduce(float(values.sum())))

    total = whole(residual)
    products = {name: np.asarray(residual * weight(share)) for name, weight in WEIGHTS.items()}
    found = {name: whole(product) / total for name, product in products.items()}
    return VOLTAGE * KAPPA / abs(current), abs(1.0 + back / current), found


def exact_moment(weight: Callable[[FloatArray], FloatArray]) -> float:
    """Average of a weight of s/L over the primary current: int w(s(u)/L) du, midpoint rule, graded ends."""
    grid = (np.arange(4000) + 0.5) / 4000
    low, high = grid**8, (1.0 - grid) ** 8
    u, rest = low / (low + high), high / (low + high)
    slope = 8.0 * u * rest / (grid * (1.0 - grid))
    share = np.asarray(HULL.position(u, rest) / HULL.length)
    return float(np.mean(weight(share) * slope))


def _primary(quick: bool) -> Result:
    rows: list[Row] = []
    for degree in (1, 2):
        levels = [moments(degree, level) for level in LEVELS]
        case = f"Hull cell, primary, P{degree}"
        misses = [resistance - HULL.aspect for resistance, _, _ in levels]
        rows.append(
            Row(
                case, "kappa V/I per depth", HULL.aspect, levels[-1][0], "", TOLERANCE,
                order(misses), 2.0 * degree, SOURCE,
            )
        )  # fmt: skip
        rows.append(Row(case, "current in against out", 0.0, levels[-1][1], "", 1e-10))
        for name, weight in WEIGHTS.items():
            exact = exact_moment(weight)
            misses = [found[name] - exact for _, _, found in levels]
            got = levels[-1][2][name]
            rows.append(
                Row(case, name, exact, got, "", TOLERANCE, order(misses), 2.0 * degree, SOURCE),
            )
    local = [profile(NEARLY_PRIMARY, 2, level) for level in LEVELS]
    errors = []
    for found in local:
        share = found.position / HULL.length
        inner = (share > INNER[0]) & (share < INNER[1])
        s = found.position[inner]
        errors.append(mean_square(s, found.ratio[inner] - primary(HULL, s)))
    what = f"local i/i_mean, rms error, {INNER[0]:g} to {INNER[1]:g} of L"
    rows.append(
        Row(
            "Hull cell, primary, P2, Wa = 1e-6", what, 0.0, errors[-1], "", TOLERANCE,
            order(errors), 2.0, SOURCE,
        )
    )  # fmt: skip
    shares: FloatArray = np.asarray(np.linspace(0.01, 0.99, 200))
    shown = local[-1].position / HULL.length > 0.01
    curve = Curve(
        "Hull cell, primary",
        np.asarray(local[-1].position[shown] / HULL.length),
        local[-1].ratio[shown],
        primary(HULL, shares * HULL.length),
        shares,
        x_label="distance from the near end over length of the cathode",
        y_label="i / mean i",
    )
    return Result(tuple(rows), (curve,))


def _secondary(quick: bool) -> Result:
    wagners = (0.01, 1.0) if quick else (0.01, 0.1, 1.0, 10.0, 100.0)
    found = compare(
        "Hull cell, secondary", dict.fromkeys(wagners, (1, 2)),
        lambda wagner: secondary(HULL, wagner), profile, lambda _: VOLTAGE, 0.0, INTEGRAL,
    )  # fmt: skip
    deviations = [float(np.max(np.abs(profile(wagner, 2, 0).ratio - 1.0))) for wagner in UNIFORM]
    exact = secondary(HULL, UNIFORM[-1])
    ends = exact.at(np.array([0.0, HULL.length]))
    uniform = Row(
        f"Hull cell, Wa = {UNIFORM[-1]:g}, P2",
        "largest |i/i_mean - 1|; order in 1/Wa",
        float(np.max(np.abs(ends - 1.0))),
        deviations[-1],
        "",
        TOLERANCE,
        order(deviations, UNIFORM[1] / UNIFORM[0]),
        1.0,
        INTEGRAL,
    )
    return Result((*found.rows, uniform), found.curves)


studies = (
    Study(
        "hull-primary",
        "Primary distribution in a Hull cell",
        "Potentials held on both electrodes of the trapezoid. Resistance and moments of the current along "
        "the cathode, and the local current density at a Wagner number of 1e-6, against the conformal map. "
        "The distribution is infinite at the near end and nought at the far one.",
        _primary,
    ),
    Study(
        "hull-secondary",
        "Secondary distribution in a Hull cell",
        "Linear kinetics, Wa from 0.01 to 100 with the length of the cathode, against an integral equation "
        "on the mapped cell; and the uniform limit, which is approached in proportion to 1/Wa.",
        _secondary,
    ),
)
