"""What changes in a run besides the fields, and the books that are kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .types import FloatArray


@dataclass
class Totals:
    """What has accumulated since the start.

    Attributes:
        charge: deposited, in C per m depth.
        trapped, bridged: electrolyte area lost to pinch-off and to merging, m^2 per m depth.
        detached: metal area cut off from the electrode, likewise.
        amounts: of every species with an unknown at the start, mol per m depth, shape (species,).
        lost_amounts: in trapped electrolyte, likewise.
        reacted: made by the reactions at all electrodes, likewise.
    """

    charge: float = 0.0
    trapped: float = 0.0
    bridged: float = 0.0
    detached: float = 0.0
    amounts: FloatArray = field(default_factory=lambda: np.empty(0))
    lost_amounts: FloatArray = field(default_factory=lambda: np.empty(0))
    reacted: FloatArray = field(default_factory=lambda: np.empty(0))

    def faraday_error(self, grown: float, volume_per_charge: float) -> float:
        """Relative difference of deposited volume and V_m Q/(nF), for metal that has `grown`, m^2."""
        expected = volume_per_charge * self.charge
        deposited = grown + self.detached - self.trapped - self.bridged
        return abs(deposited - expected) / abs(expected) if expected != 0.0 else 0.0

    def mass_error(self, present: FloatArray) -> float:
        """Largest relative defect of the balance of any species, for the amounts `present`."""
        expected = self.amounts - self.lost_amounts + self.reacted
        return float(np.max(np.abs(present - expected) / self.amounts))


@dataclass
class State:
    """What changes besides the fields.

    Attributes:
        time, dt, last_dt: present time, the step to try next, and the last step, s.
        current: of the working electrode, A per m depth, negative when depositing.
    """

    time: float = 0.0
    dt: float = 0.0
    last_dt: float = 0.0
    step: int = 0
    current: float = 0.0
    newton: int = 0
    remeshes: int = 0
    rejected: int = 0
    cells_max: int = 0
    totals: Totals = field(default_factory=Totals)
