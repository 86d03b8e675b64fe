"""What has passed in a run of the nonlinear phase-field model, and by how much it misses Faraday's law."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Books:
    """What has passed since the start; charges in C, amounts in mol, per m of depth in two dimensions.

    Attributes:
        counter: charge that entered at the counter electrode.
        working: charge that left through the substrate.
        deposited: n F c_s times the growth of the integral of xi.
        kinetic: n F c_s times what the Butler-Volmer term alone has made of xi.
        cations: amount that entered at the counter electrode.
        stored: growth of the amount in metal and electrolyte.
    """

    counter: float = 0.0
    working: float = 0.0
    deposited: float = 0.0
    kinetic: float = 0.0
    cations: float = 0.0
    stored: float = 0.0

    @property
    def charge_error(self) -> float:
        """(counter - working - deposited)/deposited: whether the equations of the model were solved."""
        return (self.counter - self.working - self.deposited) / self.deposited if self.deposited else 0.0

    @property
    def salt_error(self) -> float:
        """(cations - stored)/cations: likewise."""
        return (self.cations - self.stored) / self.cations if self.cations else 0.0

    @property
    def closure(self) -> float:
        """Deposited charge over that which passed the counter electrode; 1 by Faraday's law."""
        return self.deposited / self.counter if self.counter else math.nan
