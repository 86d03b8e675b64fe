"""A species that is not there at the start spreads without ever falling below zero, at second order."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from scipy.special import erfc

from meshes.builders import Layer, interval
from solver.closures import Supporting
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import COUNTER, WORKING, Interface, Medium, Model
from solver.program import hold
from solver.reaction import ButlerVolmer, Reaction

D, C0, LENGTH, TIME = 1e-9, 1.0, 100e-6, 0.1


def error(cells: int, lumped: bool) -> tuple[float, float]:
    """Largest error of the product R in c0, and the lowest concentration seen, after a step to -0.5 V.

    O + e- -> R at the limiting current: c_R = c0 erfc(x/(2 sqrt(D t))) while the layer is thin.
    """
    reaction = Reaction(
        "couple", 1, {"O": 1.0, "R": -1.0}, ButlerVolmer(Constant(1e3)), 0.0, {"O": C0, "R": C0}
    )
    other = Reaction("counter", 1, {}, ButlerVolmer(Constant(1e3)))
    model = Model(
        Supporting((Species("O", 1, D, C0), Species("R", 0, D, 0.0)), 1e4),
        298.15,
        {"electrolyte": Medium()},
        (Interface("working", WORKING, (reaction,)), Interface("counter", COUNTER, (other,))),
        lumped=lumped,
    )
    mesh = interval(MPI.COMM_WORLD, [Layer("electrolyte", LENGTH, cells=cells)])
    experiment = Experiment(model, mesh, Stepping(1e-6, tolerance=1e-5))
    lowest = np.inf
    for _ in experiment.readings(hold(-0.5, TIME)):
        lowest = min(lowest, float(experiment.problem.field("R").min()))
    x = experiment.problem.spaces["liquid"].tabulate_dof_coordinates()[:, 0] * LENGTH
    exact = C0 * erfc(x / (2.0 * np.sqrt(D * TIME)))
    return float(np.max(np.abs(experiment.problem.field("R") - exact))), lowest / C0


def test_lumped_amounts_keep_a_trace_positive_at_second_order() -> None:
    coarse, fine = error(20, lumped=True), error(40, lumped=True)
    assert coarse[1] >= -1e-14
    assert fine[1] >= -1e-14
    assert abs(np.log2(coarse[0] / fine[0]) - 2.0) < 0.2
    assert fine[0] < 1e-3
