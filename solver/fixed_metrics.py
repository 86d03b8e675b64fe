"""What a run on a fixed mesh reports after every step: one row of metrics.csv, and its closures."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI

from .experiment import Experiment, Reading
from .field_writer import UM, wet_nodes
from .model import LIQUID, WORKING
from .observables import MAH_CM2

NO_CURRENT = 1e-9
"""Of the natural current kappa (RT/F)/L: below it currents are rounding, not a scale."""


class Metrics:
    """Evaluates the rows of a run.

    A charge is counted as deposited: positive where the working electrode was a cathode.

    Attributes:
        largest_current: that has passed so far, A.
    """

    def __init__(self, experiment: Experiment, volume_per_charge: float | None) -> None:
        """Measure the electrodes (collective).

        Args:
            experiment: what runs.
            volume_per_charge: of the deposit in m^3/C, for a mean thickness; None: no deposit.
        """
        self.experiment, self._volume = experiment, volume_per_charge
        problem, model = experiment.problem, experiment.model
        wet = wet_nodes(problem)
        self._wet = wet[wet < problem.spaces[LIQUID].dofmap.index_map.size_local]
        self._area = {i.boundary: problem.regions.measure(i.boundary) for i in model.interfaces}
        self._sign: dict[str, int] = {}
        self._side: dict[str, int] = {}
        for interface in model.interfaces:
            inner, outer = (model.terminal_of(side) for side in (interface.inner, interface.outer))
            self._sign[interface.boundary] = (inner is not None) - (outer is not None)
            self._side[interface.boundary] = (inner == WORKING) - (outer == WORKING)
        self._closed = not (
            model.closure.resolves_charge
            or any(i.capacitance > 0.0 for i in model.interfaces)
            or any(p.field == "potential" for p in model.prescribed)
            or model.source.volume
            or model.source.boundary
        )
        self._cells, self._unknowns = problem.regions.number_of_cells(), problem.layout.total
        eq = problem.equations
        self.largest_current = NO_CURRENT * eq.current_scale * problem.tags.area

    def row(self, reading: Reading, segment: int) -> dict[str, float]:
        """Columns by name, with their units in the names (collective).

        Args:
            reading: newest of the experiment, whose fields are in place.
            segment: its number in the program, from 1.
        """
        row = {
            "time_s": reading.time,
            "step_s": reading.step,
            "segment": float(segment),
            "voltage_V": reading.voltage,
            "current_A_m2": reading.current,
            "charge_C_m2": -reading.charge,
            "capacity_mAh_cm2": -reading.charge * MAH_CM2,
        }
        if self._volume is not None:
            row["thickness_mean_um"] = self._thickness(self._volume) * UM
        for name, current in reading.currents.items():
            row[f"current_{name}_A_m2"] = current / self._area[name.partition("/")[0]]
        row |= self._concentrations()
        row["mass_error"] = max(map(abs, self.experiment.balance().values()), default=math.nan)
        row["current_error"] = self._current_error(reading)
        row["newton_iterations"] = float(reading.iterations)
        row["krylov_iterations"] = float(self.experiment.newton.krylov)
        row["order"] = float(reading.order)
        row["rejected"] = float(self.experiment.rejected)
        row["cells"] = float(self._cells)
        row["unknowns"] = float(self._unknowns)
        return row

    def _thickness(self, volume: float) -> float:
        """Of the deposit in m: what the reactions of the working electrode brought, without double layers."""
        charges = self.experiment.total
        charge = sum(side * charges.get(name, 0.0) for name, side in self._side.items())
        return -charge * volume / self.experiment.problem.tags.area

    def _concentrations(self) -> dict[str, float]:
        """Smallest and largest concentration of every species at the nodes of the media."""
        problem = self.experiment.problem
        names = [species.name for species in problem.model.closure.species]
        if not names:
            return {}
        values = np.array([problem.field(name)[self._wet] for name in names])
        low = values.min(axis=1, initial=np.inf)
        high = values.max(axis=1, initial=-np.inf)
        problem.comm.Allreduce(MPI.IN_PLACE, low, op=MPI.MIN)
        problem.comm.Allreduce(MPI.IN_PLACE, high, op=MPI.MAX)
        return {
            f"c_{name}_{which}_mol_m3": float(found[k])
            for k, name in enumerate(names)
            for which, found in (("min", low), ("max", high))
        }

    def _current_error(self, reading: Reading) -> float:
        """|sum of the terminals' currents| over the largest current of the run; NaN where charge is stored.

        Charge that a double layer or a space charge takes up, or that a held potential lets in, is no error.
        """
        if not self._closed:
            return math.nan
        currents = [sign * reading.currents.get(name, 0.0) for name, sign in self._sign.items()]
        self.largest_current = max(self.largest_current, 0.5 * sum(map(abs, currents)))
        return abs(sum(currents)) / self.largest_current
