"""`tertia reproduce` with the solver: symmetric cells against closed forms, fits, ranks."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from cases.errors import CaseError
from cases.fixed.schema import FixedCase
from cases.loader import from_tables
from cases.reproduction import record
from cases.reproduction.bench import Bench
from cases.reproduction.cells import LONG_STEPS, TOLERANCE, Polarisation, cycle, tables
from cases.reproduction.comparisons import Kind, Point
from cases.reproduction.facts import fact
from cases.reproduction.paper import Paper
from cases.reproduction.papers import papers, pbmp
from solver.constants import FARADAY, GAS
from tests.running import REPOSITORY, command, environment

COMM = MPI.COMM_SELF
CASES = ("bare_na_symmetric", "na2se_v_symmetric", "nisb_symmetric", "pbmp_symmetric", "vn_symmetric")
STEPS = {f"time.{key}": text for key, text in LONG_STEPS.items()} | {"time.tolerance": f"{TOLERANCE}"}
COLD = {"electrolyte.temperature": "233.15 K", "control.cycle.current": '"0.2 mA/cm^2"'}


def loaded(case: str, settings: dict[str, str]) -> FixedCase:
    found = from_tables(tables(case, settings, {}))
    assert isinstance(found, FixedCase)
    return found


def kinetics(case: FixedCase) -> tuple[float, float, float]:
    """F/RT, exchange current density and current, SI."""
    temperature = case.electrolyte.temperature
    reaction: Any = case.reactions["deposition"]
    current: Any = case.control.cycle
    return FARADAY / (GAS * temperature), float(reaction.exchange(0.0, temperature)), current.current


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("settings", [{}, COLD], ids=["ambient", "cold"])
def test_the_first_instant_is_butler_volmer_and_ohm(case: str, settings: dict[str, str]) -> None:
    """V = 2 (2RT/F) asinh(i/2i0) + i sum of L/kappa, at uniform concentration."""
    cell = loaded(case, settings)
    f, i0, i = kinetics(cell)
    both = sum(cell.electrolyte.diffusivity(name) for name in cell.species)
    kappa = FARADAY * f * both * 1000.0
    stack: Any = cell.geometry
    ohmic = sum(layer.thickness / (kappa * cell.media[layer.name].factor) for layer in stack.stack)
    expected = 4.0 / f * math.asinh(i / (2.0 * i0)) + i * ohmic
    assert -cycle(tables(case, settings, {}), COMM).tip == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("case", "current"), [("nisb_symmetric", 1.0), ("pbmp_symmetric", 5.0)])
def test_the_end_of_a_half_cycle_is_the_steady_state(case: str, current: float) -> None:
    """Equal diffusivities D: the anion rests, so c is linear with the slope i/(2FD) and phi follows ln c.

    An electrode with c = r c0 has i = i0 [x - r/x] with x = exp(F eta/2RT).
    """
    cell = loaded(case, {"control.cycle.current": f'"{current} mA/cm^2"'})
    f, i0, i = kinetics(cell)
    gap: Any = cell.geometry
    reduced = cell.electrolyte.diffusivity("Na") * cell.media["electrolyte"].factor
    half = i * gap.gap / (4.0 * FARADAY * reduced * 1000.0)

    def eta(sign: float) -> float:
        ratio = 1.0 + sign * half
        x = (sign * i + math.sqrt(i * i + 4.0 * i0 * i0 * ratio)) / (2.0 * i0)
        return 2.0 / f * math.log(x)

    expected = eta(1.0) - eta(-1.0) + math.log((1.0 + half) / (1.0 - half)) / f
    got = cycle(tables(case, {"control.cycle.current": f'"{current} mA/cm^2"'}, {}), COMM)
    assert -got.plating == pytest.approx(expected, rel=2e-5)
    assert got.stripping == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(
    ("steps", "close"),
    [(STEPS, 1e-8), ({}, 1e-4)],
    ids=["with its steps", "with those of the file"],
)
def test_the_similar_cell_has_the_same_voltages(steps: dict[str, str], close: float) -> None:
    """As the solver gives them for the case as it stands, with its own exchange current density.

    The same to rounding and Newton's tolerance; with the short steps of the file, to what long steps cost.
    """
    from cases.fixed import build
    from solver.experiment import Experiment

    cell = build.cell(loaded("na2se_v_symmetric", COLD | steps))
    readings = Experiment(cell.model, cell.mesh(COMM), cell.stepping, cell.preset).run(cell.program)
    got = cycle(tables("na2se_v_symmetric", COLD, {}), COMM)
    assert got.tip == pytest.approx(readings[0].voltage, rel=1e-10)
    assert got.stripping == pytest.approx(readings[-1].voltage, rel=close)


def test_a_program_of_more_than_a_cycle_is_refused() -> None:
    with pytest.raises(CaseError, match="expected a program of one cycle, found 4 segments"):
        cycle(tables("pbmp_symmetric", {"control.cycle.cycles": "2"}, {}), COMM)


@pytest.mark.parametrize("paper", papers(), ids=lambda paper: paper.name)
def test_a_case_file_holds_the_value_that_its_fit_finds(paper: Paper) -> None:
    """The value in the file is rounded to four digits; it meets the published point as well as that."""
    held = [fit for fit in paper.fits if fit.case]
    assert bool(held) == bool(paper.fits)
    bench = Bench({f.electrode: f for f in paper.fits}, paper.assumed, COMM)
    for fit in held:
        here: Any = tables(fit.case, {}, {})
        for key in fit.key.split("."):
            here = here[key]
        value, _, unit = here.partition(" ")
        assert unit.replace("^", "") == fit.unit
        assert fit.answer(bench, float(value)) == pytest.approx(fit.fact.value, rel=1e-3)
        assert paper.name in tables(fit.case, {}, {})["assumptions"][fit.key].split("`")[1]


def test_the_gel_in_the_quick_form() -> None:
    """The fitted row is met exactly; the others are as they fall, in the order of the rates."""
    rates = {c.id for c in pbmp.COMPARISONS if isinstance(c, Point) and c.id.startswith("gpe_pbmp_")}
    some = tuple(c for c in pbmp.COMPARISONS if c.id in rates)
    paper = Paper("pbmp", "", pbmp.PAPER.cases, pbmp.PAPER.fits, some)
    rows = {row["id"]: row for row in record.make(paper, COMM, quick=True)["rows"]}
    assert rows["gpe_pbmp_1"]["kind"] == Kind.FITTED
    assert rows["gpe_pbmp_1"]["number"] == pytest.approx(
        fact("mV", "pbmp", "polarisation_mV", "1").value, rel=1e-5
    )
    assert {row["kind"] for row in rows.values()} == {Kind.FITTED, Kind.PREDICTED}
    numbers = [rows[f"gpe_pbmp_{rate}"]["number"] for rate in pbmp.RATES]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("ranks", [2])
def test_the_command_gives_the_same_on_two_ranks(ranks: int, tmp_path: Path) -> None:
    def numbers(n: int) -> list[float]:
        done = subprocess.run(
            command(["reproduce", "vn", "--quick", "--json"], n), env=environment(), cwd=REPOSITORY,
            capture_output=True, text=True, timeout=300.0, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        (found,) = json.loads(done.stdout)
        assert found["ranks"] == n
        return [row["number"] for row in found["rows"] if row["number"] is not None]

    alone = numbers(1)
    assert len(alone) == 4
    assert numbers(ranks) == pytest.approx(alone, rel=1e-8)


def test_voltages_of_a_cycle() -> None:
    seen = Polarisation(tip=-0.05, plating=-0.04, stripping=0.042)
    assert (seen.hysteresis, seen.overpotential) == pytest.approx((0.082, 0.041))
