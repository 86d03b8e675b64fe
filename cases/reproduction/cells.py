"""Run the symmetric cell of a case file for one cycle, and read its voltages as an instrument would.

Cells are run at one exchange current density. Divide i0, the current and all diffusivities by one number and
multiply times by it: every equation keeps its form, so voltages stay, charge and concentrations too. Since
the solver compiles kinetics with its constants, fits would otherwise compile at every value that they try.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cases import loader
from cases.errors import CaseError
from cases.units import CURRENT_DENSITY, TIME, read

if TYPE_CHECKING:
    from mpi4py import MPI

UNIT = "1 mA/cm^2"
REACTION = "deposition"
LONG_STEPS = {"initial_step": "10 s", "max_step": "3600 s"}
"""Of the cell as it stands. What is read is the first instant and the ends of half cycles, which are steady:
the way there may be coarse."""
TOLERANCE = 0.03
_QUANTITY = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Polarisation:
    """Voltages of the working electrode against the counter electrode over one cycle, V.

    Attributes:
        tip: in the first instant of plating, at uniform concentration.
        plating, stripping: at the end of the half cycles.
    """

    tip: float
    plating: float
    stripping: float

    @property
    def overpotential(self) -> float:
        """Mean magnitude of the two half cycles, V: of the whole cell, that is of both electrodes."""
        return 0.5 * self.hysteresis

    @property
    def hysteresis(self) -> float:
        """Stripping less plating voltage, V."""
        return self.stripping - self.plating


def tables(case: str, settings: Mapping[str, str], scales: Mapping[str, float]) -> dict[str, Any]:
    """The tables of a shipped case file, with values replaced, and then some multiplied.

    Args:
        case: name of the case.
        settings: key -> text as after ``--set``.
        scales: key -> factor of the number that stands there; keys that it does not have are passed over.
    """
    found = tomllib.loads(loader.find(case).read_text(encoding="utf-8"))
    for key, text in settings.items():
        loader.assign(found, f"{key}={text}")
    for key, factor in scales.items():
        _scale(found, key.split("."), factor)
    return found


def _scale(found: dict[str, Any], path: list[str], factor: float) -> None:
    here: Any = found
    for key in path[:-1]:
        here = here.get(key, {})
    if path[-1] in here:
        here[path[-1]] = scaled(here[path[-1]], factor)


def scaled(value: str | float, factor: float) -> str | float:
    """A number, or a text that begins with one, times a factor: 2 x "1.5 mS/cm" is "3 mS/cm".

    Raises:
        CaseError: it is not a number with a unit.
    """
    if isinstance(value, int | float):
        return value * factor
    parts = _QUANTITY.fullmatch(value)
    if parts is None:
        raise CaseError(f'"{value}" cannot be multiplied by {factor:g}, expected a number with a unit')
    return f"{float(parts[1]) * factor!r}{parts[2]}"


def similar(case: Mapping[str, Any]) -> dict[str, Any]:
    """Tables of the cell that has the same voltages and an exchange current density of `UNIT`.

    Raises:
        CaseError: the tables are no cell of fixed shape that cycles one reaction "deposition", with ions that
            have diffusivities and without films or double layers.
    """
    from cases.fixed.schema import FixedCase

    loaded = loader.from_tables(case)
    if not isinstance(loaded, FixedCase):
        raise CaseError(f'"{loaded.title}": expected a cell of fixed shape')
    species = loaded.electrolyte.species
    plain = loaded.reactions.keys() == {REACTION} and loaded.transport.closure == "electroneutral"
    plain = plain and all(i.film is None and not i.capacitance for i in loaded.interfaces.values())
    plain = plain and all(s.diffusivity is not None for s in species.values()) and not loaded.conductors
    if not plain or "cycle" not in case["control"]:
        raise CaseError(
            f'"{loaded.title}": expected an electroneutral cell that cycles one reaction "{REACTION}", with '
            "diffusivities, without films, double layers and conductors"
        )
    reaction: Any = loaded.reactions[REACTION]
    i0 = float(reaction.exchange(0.0, loaded.electrolyte.temperature))
    factor = read(UNIT, CURRENT_DENSITY) / i0
    made = copy.deepcopy(dict(case))
    made.pop("assumptions", None)
    made["reactions"][REACTION]["exchange_current_density"] = UNIT
    made["reactions"][REACTION].pop("activation_energy", None)
    for name in species:
        _scale(made, ["electrolyte", "species", name, "diffusivity"], factor)
    _scale(made, ["control", "cycle", "current"], factor)
    made["time"] = {key: f"{read(text, TIME) / factor!r} s" for key, text in LONG_STEPS.items()}
    made["time"]["tolerance"] = TOLERANCE
    return made


def cycle(case: Mapping[str, Any], comm: MPI.Intracomm) -> Polarisation:
    """Run a cell of fixed shape whose program is one cycle that plates first (collective).

    Raises:
        CaseError: the tables are no such case.
        StepError: the run cannot go on.
    """
    from cases.fixed import build
    from cases.fixed.schema import FixedCase
    from solver.experiment import Experiment

    loaded = loader.from_tables(similar(case))
    assert isinstance(loaded, FixedCase)  # similar
    cell = build.cell(loaded)
    experiment = Experiment(cell.model, cell.mesh(comm), cell.stepping, cell.preset, cell.options)
    readings = experiment.run(cell.program)
    ends = [list(group)[-1].voltage for _, group in groupby(readings, key=lambda reading: reading.segment)]
    if len(ends) != 2:
        raise CaseError(f'"{loaded.title}": expected a program of one cycle, found {len(ends)} segments')
    # Rounding may differ between ranks; what follows takes decisions by these numbers.
    tip, plating, stripping = comm.bcast((readings[0].voltage, *ends))
    return Polarisation(tip, plating, stripping)
