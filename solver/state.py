"""What changes in a run besides the fields, and the books that are kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .archive import Tree
from .memory import Growth
from .model import FRONT
from .shaping import Resolved
from .types import FloatArray


@dataclass
class Books:
    """What has accumulated since the start; volumes in m^3 and amounts in mol, per m depth in 2D.

    Attributes:
        charges: deposited on every moving electrode, in C; passed: the same without regard to sign.
        volumes: their metal at the start.
        trapped, bridged: electrolyte lost to pinch-off and to merging, by electrode; mesh units of volume.
        amounts: of every species with an unknown at the start, shape (species,).
        lost_amounts: in trapped electrolyte, likewise.
        reacted: made by the reactions at all electrodes, likewise.
    """

    charges: dict[str, float] = field(default_factory=dict)
    passed: dict[str, float] = field(default_factory=dict)
    volumes: dict[str, float] = field(default_factory=dict)
    trapped: dict[str, float] = field(default_factory=dict)
    bridged: dict[str, float] = field(default_factory=dict)
    amounts: FloatArray = field(default_factory=lambda: np.empty(0))
    lost_amounts: FloatArray = field(default_factory=lambda: np.empty(0))
    reacted: FloatArray = field(default_factory=lambda: np.empty(0))

    def begin(self, amounts: FloatArray, volumes: Mapping[str, float]) -> None:
        """Open the books."""
        self.amounts, self.volumes = amounts, dict(volumes)
        self.lost_amounts, self.reacted = np.zeros_like(amounts), np.zeros_like(amounts)
        for account in (self.charges, self.passed, self.trapped, self.bridged):
            account.update(dict.fromkeys(volumes, 0.0))

    def add(self, growth: Growth) -> None:
        """Enter a step."""
        for name, charge in growth.charges.items():
            self.charges[name] += charge
            self.passed[name] += abs(charge)
        self.reacted = self.reacted + growth.made

    def cut(self, resolved: Resolved, lost: FloatArray) -> None:
        """Enter what merging and pinch-off did."""
        self.lost_amounts = self.lost_amounts + lost
        for account, what in ((self.trapped, resolved.trapped), (self.bridged, resolved.bridged)):
            for name, area in what.items():
                account[name] += area

    @property
    def charge(self) -> float:
        """Deposited on the working electrode, in C."""
        return self.charges[FRONT]

    def faraday_error(self, volumes: Mapping[str, float], unit: float, volume_per_charge: float) -> float:
        """Largest difference of deposited volume and V_m Q/(nF) of any electrode, relative to what passed.

        Args:
            volumes: metal of every electrode now.
            unit: volume of one mesh unit.
            volume_per_charge: V_m/(nF) in m^3/C.
        """
        worst = 0.0
        for name, volume in volumes.items():
            expected = volume_per_charge * self.charges[name]
            deposited = volume - self.volumes[name] - (self.trapped[name] + self.bridged[name]) * unit
            passed = volume_per_charge * self.passed[name]
            worst = max(worst, abs(deposited - expected) / passed if passed != 0.0 else 0.0)
        return worst

    def mass_error(self, present: FloatArray) -> float:
        """Largest relative defect of the balance of any species, for the amounts `present`."""
        expected = self.amounts - self.lost_amounts + self.reacted
        return float(np.max(np.abs(present - expected) / self.amounts))


@dataclass(frozen=True)
class RemeshRecord:
    """A remeshing: time in s, why, cells before and after, relative defect of interpolation (corrected)."""

    time: float
    reason: str
    cells_before: int
    cells_after: int
    defect: float


@dataclass
class State:
    """What changes besides the fields.

    Attributes:
        time, dt, last_dt: present time, the step to try next, and the last step, s.
        current: of the working electrode, A (per m depth in 2D), negative when depositing.
        remeshed_at: step after which the mesh was made.
        records: remeshings since they were read.
    """

    time: float = 0.0
    dt: float = 0.0
    last_dt: float = 0.0
    step: int = 0
    current: float = 0.0
    newton: int = 0
    remeshes: int = 0
    remeshed_at: int = 0
    rejected: int = 0
    cells_max: int = 0
    records: list[RemeshRecord] = field(default_factory=list)
    totals: Books = field(default_factory=Books)

    def saved(self) -> Tree:
        """All of it but the records, which have been read; for an archive."""
        return {**asdict(self), "records": []}

    @staticmethod
    def resumed(saved: Mapping[str, Any]) -> State:
        """The state of `saved`."""
        return State(**{**saved, "totals": Books(**saved["totals"])})
