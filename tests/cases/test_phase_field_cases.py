"""Cases with a phase field, from file to front: noise, and crystals that grow as their kinetics say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cases.build import build
from cases.loader import load
from cases.ripples import find
from cases.schema import Case
from tests.running import SMALL_APEX, run

NOISY = [
    *SMALL_APEX,
    "--set", "growth.method=phase_field",
    "--set", "growth.interface_width=40 nm",
    "--set", "growth.adaptive=false",
    "--set", "growth.fine_height=0.5 um",
    "--set", "kinetics.exchange_current_density=0.1 A/cm^2",
    "--set", "growth.noise.amplitude=0.6",
    "--set", "growth.noise.length=200 nm",
    "--set", "growth.noise.period=2 ms",
    "--set", "time.initial_step=1 ms",
    "--set", "time.max_step=1 ms",
    "--steps", "8",
]  # fmt: skip
"""Slow kinetics, where noise of the exchange current shows in full."""


def front(folder: Path) -> np.ndarray:
    """Points of the last front with the current on them, in the order of their places."""
    last = sorted((folder / "front").glob("front_*.csv"))[-1]
    rows = np.genfromtxt(last, delimiter=",", skip_header=2, usecols=(0, 1, 5))
    return np.asarray(rows[np.lexsort(np.round(rows[:, :2], 6).T)])


@pytest.mark.slow
def test_noise_is_the_same_on_two_ranks_and_another_from_another_seed(tmp_path: Path) -> None:
    run(tmp_path / "one", NOISY)
    run(tmp_path / "two", NOISY, ranks=2)
    run(tmp_path / "other", [*NOISY, "--set", "growth.noise.seed=1"])
    one, two, other = (front(tmp_path / name) for name in ("one", "two", "other"))
    scale = np.abs(one).max(axis=0)
    assert two / scale == pytest.approx(one / scale, abs=1e-8)
    middle = np.abs(one[:, 0] - 1.0) < 0.2
    assert middle.sum() > 5
    currents = [np.interp(one[middle, 0], found[:, 0], found[:, 2]) for found in (one, other)]
    assert np.abs(currents[1] / currents[0] - 1.0).max() > 0.02


RADIUS, STRENGTH, MIDDLE = 0.5, 0.05, 1.0
"""Of the half disc in um, of the crystal, and where it stands."""
CRYSTAL = [
    *SMALL_APEX,
    "--set", "geometry.apex={ width = '1 um', height = '0.5 um' }",
    "--set", "geometry.gap=2 um",
    "--set", "growth.method=phase_field",
    "--set", "growth.interface_width=40 nm",
    "--set", "kinetics.exchange_current_density=1e-3 A/cm^2",
    "--set", f"kinetics.anisotropy={STRENGTH}",
    "--set", "metal.surface_energy=0 J/m^2",
    "--set", "surfaces.matrix.nucleation_overpotential=5 V",
    "--set", "time.initial_step=0.1 s",
    "--set", "time.max_step=20 s",
    "--set", "stop.time=1000 s",
    "--set", "stop.tip_height=0.85 um",
]  # fmt: skip
"""A half disc in a solution that reaction does not change: every face grows at a speed of its own."""


def crystal(angles: np.ndarray, growth: float, turned: float) -> np.ndarray:
    """Radius of what a disc becomes whose faces grow at v(theta), towards `angles`.

    With the support function h = R + v t, the surface is at h n + h' n': parts of a front whose speed depends
    on its direction alone move along straight lines (F. C. Frank, in: Growth and Perfection of Crystals,
    Wiley 1958, p. 411).
    """
    theta = np.linspace(-0.3, np.pi + 0.3, 20001)
    phase = 4.0 * (theta - 0.5 * np.pi - turned)
    h = RADIUS + growth * (1.0 + STRENGTH * np.cos(phase))
    slope = -4.0 * growth * STRENGTH * np.sin(phase)
    x, y = h * np.cos(theta) - slope * np.sin(theta), h * np.sin(theta) + slope * np.cos(theta)
    return np.asarray(np.interp(angles, np.unwrap(np.arctan2(y, x)), np.hypot(x, y)))


def radii(folder: Path, angles: np.ndarray) -> np.ndarray:
    """Of the last front, seen from the middle of the substrate."""
    x, y, _ = front(folder).T
    x = x - MIDDLE
    seen = y > 1e-9
    around = np.argsort(np.arctan2(y[seen], x[seen]))
    polar, radius = np.arctan2(y[seen], x[seen])[around], np.hypot(x[seen], y[seen])[around]
    return np.asarray(np.interp(angles, polar, radius))


@pytest.mark.slow
def test_a_crystal_grows_into_the_shape_of_its_faces_however_it_lies_in_the_mesh(tmp_path: Path) -> None:
    """The mesh has lines along the axes and diagonals; the shape is that of the closed form within 1 %."""
    angles = np.radians(np.arange(30.0, 151.0))
    for turned in (0.0, 45.0):
        folder = tmp_path / f"{turned:g}"
        run(folder, [*CRYSTAL, "--set", f"kinetics.anisotropy_angle={turned} deg"])
        found = radii(folder, angles)
        up = found[np.argmin(np.abs(angles - 0.5 * np.pi))] - RADIUS
        growth = up / (1.0 + STRENGTH * np.cos(4.0 * np.radians(turned)))
        assert growth > 0.3
        expected = crystal(angles, growth, np.radians(turned))
        assert (found - expected) / growth == pytest.approx(np.zeros(angles.size), abs=0.01)


def test_the_dendrite_has_room_for_its_ripples_and_no_face_that_does_not_react() -> None:
    """Eight widths in the fastest ripple, two such ripples in the box, and {111} at a third of i0 or more."""
    case = load("dendrite_3d")
    assert isinstance(case, Case)
    finding, width = find(case), case.growth.interface_width
    assert width is not None
    assert finding.fastest[0] * 8.0 * width < 2.0 * np.pi
    assert finding.fastest[0] * finding.width > 2.0 * (2.0 * np.pi)
    octahedral = np.full((1, 3), 3.0**-0.5)
    assert build(case).physics.crystal.factor(octahedral)[0] > 1.0 / 3.0
