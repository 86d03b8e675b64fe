"""Where an instrument is in its program, and the equation that it imposes on the cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .archive import Tree
from .discretisation import Control, Discretisation
from .model import WORKING
from .segment import Observation, Segment


def scaled_control(problem: Discretisation, segment: Segment, time: float) -> Control:
    """Equations of the terminals at `time` in s of `segment`; all terminals but the working one float."""
    names, eq = problem.model.terminals, problem.equations
    a, b, s = np.zeros(len(names)), np.ones(len(names)), np.zeros(len(names))
    if WORKING in names:
        at = names.index(WORKING)
        by_voltage, by_current = segment.mode.coefficients
        size = abs(by_voltage) * eq.vt + abs(by_current) * eq.current_scale
        a[at], b[at] = by_voltage * eq.vt / size, by_current * eq.current_scale / size
        s[at] = segment.value(time) / size
    return Control(a, b, s)


class Instrument:
    """Goes through a program, segment by segment.

    Attributes:
        segment: the present one; None when the program is over.
        begun: time when it began, s.
        before: charge passed before it, C/m^2.
        fresh: whether nothing has been read in it yet.
        number: of the segment in the program, from 1.
    """

    def __init__(self, program: Iterable[Segment]) -> None:
        """Begin with the first segment, at time 0."""
        self._segments = iter(program)
        self.segment: Segment | None = None
        self.begun = self.before = 0.0
        self.number = 0
        self.next(0.0, 0.0)

    def next(self, time: float, charge: float) -> None:
        """Go to the next segment at `time` in s, when `charge` in C/m^2 has passed."""
        self.segment = next(self._segments, None)
        self.number += 1
        self.begun, self.before, self.fresh = time, charge, True
        self._distance = -1.0

    def saved(self) -> Tree:
        """Where it is in its program, for an archive."""
        place = {"number": self.number, "begun": self.begun, "before": self.before}
        return {**place, "fresh": self.fresh, "distance": self._distance}

    def resume(self, saved: Mapping[str, Any]) -> None:
        """Go to where another one was in the same program."""
        while self.number < saved["number"]:
            self.next(0.0, 0.0)
        self.begun, self.before, self.fresh = saved["begun"], saved["before"], saved["fresh"]
        self._distance = saved["distance"]

    def left(self, time: float) -> float:
        """Seconds until the end of the segment, if no limit is reached."""
        return np.inf if self.segment is None else self.begun + self.segment.duration - time

    def observation(self, time: float, voltage: float, current: float, charge: float) -> Observation:
        """What it reads at `time`; `charge` in C/m^2 since the start."""
        return Observation(time - self.begun, voltage, current, charge - self.before, charge)

    def overshoot(self, seen: Observation) -> float:
        """How far beyond a limit of the segment; negative before all of them."""
        limits = () if self.segment is None else self.segment.limits
        return max((limit.distance(seen) for limit in limits), default=-1.0)

    def part(self, overshoot: float) -> float:
        """Part of a step that ends `overshoot` beyond a limit after which the limit is met, by the secant."""
        return float(np.clip(self._distance / (self._distance - overshoot), 0.05, 0.98))

    def read(self, seen: Observation) -> None:
        """Take note of an accepted reading."""
        self.fresh, self._distance = False, min(self.overshoot(seen), -1e-12)
