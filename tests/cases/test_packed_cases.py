"""Packings, layers and fibres as shipped, made small: where the current goes, on one rank and on two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.errors import CaseError
from cases.fixed import build
from cases.fixed.geometry import Line, Packed
from cases.fixed.schema import FixedCase
from cases.loader import load
from postprocess.fixed import electrodes
from postprocess.rims import by_piece, evenness, folded
from postprocess.run import Run
from tests.cases.test_fixed_cases import F_RT, steps
from tests.running import run

LAYER = [
    'geometry.width="14 um"', 'geometry.thickness="14 um"', 'geometry.above="10 um"', "geometry.porosity=0.5",
    'mesh.electrode_size="0.8 um"', 'mesh.growth_rate=1.5',
]  # fmt: skip
BUNDLE = ['geometry.width="40 um"', 'geometry.thickness="50 um"', 'geometry.above="20 um"']
SHORT = ['stop.time="20 s"', 'time.max_step="20 s"', "output.frames=1"]


def folder(out: Path, case: str, settings: list[str], ranks: int = 1) -> Run:
    """Run a case with settings."""
    more = [part for setting in settings for part in ("--set", setting)]
    run(out, [case], *more, ranks=ranks)
    return Run.read(out)


def total(found: Run, boundary: str) -> float:
    """Current through an interface at the end, A/m times 1e-6."""
    last = electrodes(found)[boundary][-1]
    return float(last.size @ last.current)


def test_volume_fractions_are_those_of_the_reaction() -> None:
    """2 mol Na2Se and 1 mol V: 2 x 124.94/2.62 and 50.94/6.11 cm3."""
    case = load("na2se_v_layer")
    assert isinstance(case, FixedCase)
    salt, metal = 2.0 * 124.94 / 2.62, 50.94 / 6.11
    assert isinstance(case.geometry, Packed)
    shares = [filling.kind.fraction for filling in case.geometry.fillings]
    assert shares == pytest.approx([salt / (salt + metal), metal / (salt + metal)], rel=1e-3)


@pytest.mark.slow
def test_vanadium_apart_takes_no_current_and_the_layer_is_lifted(tmp_path: Path) -> None:
    """All of the current reaches sodium, each particle passes on what it takes, on one rank as on two."""
    one = folder(tmp_path / "1", "na2se_v_layer", LAYER + SHORT)
    two = folder(tmp_path / "2", "na2se_v_layer", LAYER + SHORT, ranks=2)
    assert two.summary["voltage_V"] == pytest.approx(one.summary["voltage_V"], rel=1e-6)
    assert total(one, "working") == pytest.approx(-5.0 * 14.0, rel=1e-6)
    lift = 5.0 * 20.0 * 23.78e-6 / 96485.33 * 1e6
    assert one.summary["thickness_mean_um"] == pytest.approx(lift, rel=1e-5)
    particles = electrodes(one)["electrolyte|v"][-1]
    assert folded(particles)
    _, current = by_piece(particles)
    assert np.abs(current).max() < 1e-6 * np.abs(particles.current).max()
    assert evenness(electrodes(one)["working"][-1]).variation < 0.05


@pytest.mark.slow
def test_vanadium_that_is_connected_takes_its_part_of_the_surface(tmp_path: Path) -> None:
    """Reactions that are slow and alike: the current goes by area; none on vanadium: none of it."""
    slow = ['reactions.deposition.exchange_current_density="0.01 mA/cm^2"']
    even = ['reactions.on_vanadium.exchange_current_density="0.01 mA/cm^2"']
    made = folder(tmp_path / "even", "na2se_v_connected", LAYER + SHORT + slow + even)
    sizes = {name: float(items[-1].size.sum()) for name, items in electrodes(made).items()}
    part = sizes["v"] / (sizes["v"] + sizes["working"])
    assert total(made, "v") / (-5.0 * 14.0) == pytest.approx(part, rel=0.02)
    none = ['reactions.on_vanadium.exchange_current_density="1e-8 mA/cm^2"']
    made = folder(tmp_path / "none", "na2se_v_connected", LAYER + SHORT + slow + none)
    assert total(made, "working") == pytest.approx(-5.0 * 14.0, rel=1e-4)


@pytest.mark.parametrize(("name", "half"), [("na_native_sei", 0.0275), ("na_na2se", 0.0225)])
def test_dense_layers_resist_as_published(name: str, half: float) -> None:
    """Half the voltage of a symmetric cell, to which the layer was fitted; and its parts add up."""
    case = load(name)
    assert isinstance(case, FixedCase)
    _, readings = steps(case, 0)
    layer = next(iter(case.conductors))
    assert isinstance(case.geometry, Line)
    thickness = case.geometry.stack[0].thickness
    film = 5.0 * thickness / case.conductors[layer].at(298.15)
    transfer = 2.0 * (2.0 / F_RT) * np.arcsinh(5.0 / 200.0)
    assert readings[0].voltage == pytest.approx(-(film + transfer + 5.0 * 130e-6 / 0.6797), rel=2e-3)
    cell = build.cell(case)
    assert cell.model.conductors[0].terminal is None
    assert -readings[0].voltage == pytest.approx(half, rel=0.06)  # before the salt has polarised


@pytest.mark.slow
def test_outer_fibres_take_more_than_inner_ones(tmp_path: Path) -> None:
    """Shadowing falls with the reaction; one rank and two agree."""
    slow = ['reactions.deposition.exchange_current_density="0.01 mA/cm^2"']
    usual = folder(tmp_path / "1", "fibre_bundle", BUNDLE + SHORT)
    pair = folder(tmp_path / "2", "fibre_bundle", BUNDLE + SHORT, ranks=2)
    even = folder(tmp_path / "slow", "fibre_bundle", BUNDLE + SHORT + slow)
    assert pair.summary["voltage_V"] == pytest.approx(usual.summary["voltage_V"], rel=1e-6)
    assert total(usual, "working") == pytest.approx(-10.0 * 40.0, rel=1e-6)
    size, current = by_piece(electrodes(usual)["working"][-1])
    assert len(size) == 16
    assert abs(current[-3:].mean()) > 1.2 * abs(current[:3].mean())
    spread = [evenness(electrodes(r)["working"][-1]).variation for r in (usual, even)]
    assert spread[1] < 0.1 * spread[0]


@pytest.mark.slow
def test_one_fibre_is_covered_evenly(tmp_path: Path) -> None:
    """Around a circle in a uniform field E the primary part is 2 kappa E cos: a few per mille of 1 mA/cm2."""
    made = folder(tmp_path / "run", "carbon_fibre", SHORT)
    found = evenness(electrodes(made)["working"][-1])
    assert found.mean == pytest.approx(-10.0, rel=1e-6)
    assert 0.0005 < found.variation < 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["geometry.porosity=0.1"], "more porosity, or smaller gaps"),
        (['geometry.width="4 um"'], r"geometry.particles.0.radius = .*does not fit"),
        (['geometry.particles=[{ region = "v", radius = "1 um" }]'], "exactly one of fraction, and moles"),
        (['geometry.particles=[{ region = "v", radius = "1 um", fraction = 0.5 }]'], "add up to 1"),
        (['geometry.top="working"'], "stands for another boundary"),
    ],
)
def test_packings_that_make_no_sense_are_refused(settings: list[str], message: str) -> None:
    def made(**_: Any) -> None:
        case = load("na2se_v_layer", settings)
        assert isinstance(case, FixedCase)
        from mpi4py import MPI

        build.cell(case).mesh(MPI.COMM_SELF)

    with pytest.raises(CaseError, match=message):
        made()
