"""A case and the dispersion relation: its steady state, the ripples that fit, where assumptions do not hold.

The relation is that of `verification.exact.stability`. What is shown of it is in `cases.stability`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from cases.control import program
from cases.errors import CaseError
from cases.films import cover
from cases.schema import Case
from cases.units import Dimension, write
from solver.segment import Segment
from solver.types import FloatArray
from verification.exact.binary import Cell, Salt
from verification.exact.electrode import Kinetics
from verification.exact.mossy import Mossy
from verification.exact.stability import Deposit, Electrodes, Front, at_voltage

_SEGMENTS = 1000  # of a program that are looked at
_NEAR = 0.9  # of the limiting current
_SLOW = 0.1  # growth rate over the rate of what the relation takes as settled
_PUSHED = 0.01  # V_m c
_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


@dataclass(frozen=True)
class Finding:
    """What the relation says about a case.

    Attributes:
        front: the flat front in its steady state.
        width: of the cell in m.
        fastest: wavenumber in rad/m and rate in 1/s of the ripple that grows fastest.
    """

    front: Front
    width: float
    fastest: tuple[float, float]

    @property
    def grows(self) -> bool:
        """Whether any ripple does."""
        return self.front.critical_wavenumber > 0.0

    @property
    def modes(self) -> float:
        """How many of the ripples that fit between the walls grow: whole half waves, m pi/W < k_c."""
        count = self.front.critical_wavenumber * self.width / math.pi
        return math.ceil(count) - 1 if math.isfinite(count) and count > 0.0 else count

    @property
    def fitting(self) -> tuple[float, float] | None:
        """Wavenumber and rate of the fastest ripple that fits; None where none grows or there is no bound."""
        half = self.fastest[0] * self.width / math.pi
        if not 1.0 <= self.modes < math.inf:
            return None
        candidates = np.array([max(1.0, math.floor(half)), max(1.0, math.ceil(half))]) * math.pi / self.width
        rates = self.front.growth_rate(candidates)
        best = int(np.argmax(rates))
        return float(candidates[best]), float(rates[best])

    def wavelengths(self, count: int) -> FloatArray:
        """Wavelengths in m worth looking at, ascending."""
        critical, fastest = self.front.critical_wavenumber, self.fastest[0]
        reach = [math.tau / k for k in (critical, fastest) if 0.0 < k < math.inf]
        low = 0.5 * min(reach, default=0.02 * self.width)
        high = max(2.0 * self.width, *(4.0 * x for x in reach), 10.0 * low)
        return np.asarray(np.geomspace(low, high, count), dtype=np.float64)


def find(case: Case) -> Finding:
    """Steady state and fastest ripple of `case`.

    Raises:
        CaseError: there is no relation for it; half a sentence says why.
    """
    if case.growth.model == "nonlinear":
        raise CaseError("the capillarity of the nonlinear phase field is not that of its metal")
    front = _front(case, first_deposit(case))
    return Finding(front, case.geometry.width, front.fastest())


def first_deposit(case: Case) -> Segment:
    """The first piece of the program that deposits metal; the first of all if none does."""
    segments = list(islice(program(case.control), _SEGMENTS))
    return next((s for s in segments if _value(s) < 0.0), segments[0])


def _value(segment: Segment) -> float:
    """The prescribed value, where a sweep is most cathodic."""
    return min(segment.start, segment.value(segment.duration)) if segment.rate else segment.start


def _front(case: Case, segment: Segment) -> Front:
    """The flat front in its steady state; CaseError with half a sentence where there is none."""
    electrolyte, metal, law = case.electrolyte, case.metal, case.kinetics
    if case.transport.closure == "concentrated":
        raise CaseError("it is known for a dilute electrolyte, and this one is a concentrated solution")
    if case.separator is not None:
        raise CaseError("it is known for a free electrolyte, and this one fills a separator")
    others = [name for name in electrolyte.species if name != metal.ion]
    if len(others) > 1:
        names = ", ".join(electrolyte.species)
        raise CaseError(f"it is known for one salt of two ions, and the electrolyte has {names}")
    cation, anion = electrolyte.species[metal.ion], electrolyte.species[others[0]]
    diffusivities = electrolyte.diffusivity(metal.ion), electrolyte.diffusivity(others[0])
    salt = Salt(cation.charge, anion.charge, *diffusivities, electrolyte.temperature)
    cell = Cell(salt, case.geometry.gap, cation.concentration)
    # The same kinetics, referred to the mean concentration: a shift of eta that both electrodes share.
    reference = law.reference_concentration or cation.concentration
    power = law.alpha_a / (law.alpha_a + law.alpha_c)
    exchange = law.exchange_current_density * (cation.concentration / reference) ** power
    rest = law.alpha_a, law.alpha_c, metal.charge_number, electrolyte.temperature
    # cos 4 theta is 1 to first order on a ripple.
    stretched = None if law.film is None else cover(law.film)
    film = (law.film_resistance or 0.0) if stretched is None else stretched.resistance
    working, counter = Kinetics(exchange * (1.0 + law.anisotropy), *rest), Kinetics(exchange, *rest)
    electrodes = Electrodes(working, counter, film, film)
    deposit = Deposit(metal.molar_volume, metal.surface_energy)
    front = _steady(cell, electrodes, deposit, segment, metal.ion)
    if stretched is None:
        return front
    return Mossy(front.cell, front.electrodes, front.deposit, front.current, stretched)


def _steady(cell: Cell, electrodes: Electrodes, deposit: Deposit, segment: Segment, ion: str) -> Front:
    """Under what the instrument prescribes."""
    a, b = segment.mode.coefficients
    value = _value(segment)
    try:
        if a == 0.0:
            return Front(cell, electrodes, deposit, value / b)
        return at_voltage(cell, electrodes, deposit, value / a, b / a)
    except ValueError:
        if a != 0.0:
            text = f"{segment.mode.write(value)} is so much that the current is the limiting one"
            raise CaseError(text) from None
        times = abs(value / b) / cell.limiting_current
        depleted = duration(cell.depletion_time(value / b))
        raise CaseError(
            f"the current is {times:.3g} times the limiting one, so there is no steady state; a flat front "
            f"runs out of {ion} after {depleted}"
        ) from None


def warnings(case: Case, finding: Finding) -> Iterator[str]:
    """Where the assumptions of the relation do not hold in this case."""
    geometry, front = case.geometry, finding.front
    if not case.all_metal:
        yield (
            "The substrate is bare at first. The relation is about metal that covers it: nucleation barrier, "
            "islands, contact and feet are ignored."
        )
    if geometry.trench is not None:
        yield "The trench is ignored: the relation is about a flat front at its bottom."
    elif geometry.protrusion is not None:
        yield "The protrusion is no small ripple."
    elif geometry.coating == "none" and geometry.apex is not None and case.surfaces is None:
        yield "The apex is no small ripple."
    if case.kinetics.anisotropy:
        yield "The anisotropy is taken to first order, where it is a factor of i0. It shapes tips later."
    if case.growth.method == "fixed":
        yield 'growth.method is "fixed": in this case nothing moves.'
    if abs(front.current) > _NEAR * front.cell.limiting_current:
        share = abs(front.current) / front.cell.limiting_current
        yield (
            f"The current is {share:.4g} of the limiting one: the steady state takes long to come about, and "
            "little of the salt is left at the front."
        )
    settling = front.cell.diffusion_time / math.pi**2
    k, rate = finding.fastest
    if finding.grows and rate * settling > _SLOW:
        yield (
            f"The steady state needs {duration(settling)} to come about, more than a tenth of the "
            "growth time. Until then the gradients at the front differ."
        )
    if finding.grows and 0.0 < k < math.inf and rate > _SLOW * front.salt.diffusivity * k**2:
        yield "The ripple that grows fastest outruns diffusion over its own length: it is not quasi-steady."
    if geometry.counter.moves:
        yield "The relation is about a counter electrode that stays where it is; in this case it moves."
    pushed = case.metal.molar_volume * front.cell.concentration
    if pushed > _PUSHED:
        yield f"The front pushes salt ahead, which is neglected: V_m c is {100 * pushed:.2g} %."


def rounded(value: float, dimension: Dimension) -> str:
    """A quantity to three digits."""
    return write(float(f"{value:.3g}"), dimension)


def duration(seconds: float) -> str:
    """A time to three digits."""
    size, unit = next((pair for pair in _TIMES if seconds >= pair[0]), _TIMES[-1])
    return f"{seconds / size:.3g} {unit}"
