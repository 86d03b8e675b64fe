"""How uneven the current on a surface is, and the current that a film lets through."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from meshes import shapes
from solver.constants import FARADAY, GAS
from solver.laws import Constant
from solver.observables import flux_variation
from solver.reaction import ButlerVolmer, Reaction, Site
from solver.spread_surface import through_film

T = 298.15


def test_a_current_that_varies_as_a_sine_has_the_variation_of_the_sine() -> None:
    """For i = -(1 + a sin 2 pi x) over whole periods it is a/sqrt(2), whatever the lengths of the facets."""
    front = shapes.all_metal(shapes.flat(2.0, 0.004).points)
    x = front.points[:, 0]
    uneven = front.points.copy()
    uneven[1:-1, 0] += 0.001 * np.sin(57.0 * x[1:-1])
    front = replace(front, points=uneven)
    middle = front.points[front.cells].mean(axis=1)[:, 0]
    found = flux_variation(front, -3.0 * (1.0 + 0.4 * np.sin(2.0 * np.pi * middle)))
    assert found == pytest.approx(0.4 / math.sqrt(2.0), rel=1e-3)


def test_a_part_that_passes_all_the_current() -> None:
    """Of a surface whose part p carries all current, it is sqrt((1 - p)/p); an even one and none have 0."""
    front = shapes.all_metal(shapes.flat(1.0, 0.01).points)
    carries = front.points[front.cells].mean(axis=1)[:, 0] < 0.2
    assert flux_variation(front, np.where(carries, -7.0, 0.0)) == pytest.approx(2.0)
    assert flux_variation(front, np.full(carries.size, -7.0)) == pytest.approx(0.0, abs=1e-12)
    assert flux_variation(front, np.zeros(carries.size)) == 0.0


def test_the_current_behind_a_film() -> None:
    """For i = 2 f i0 sinh(F (eta - R i)/2RT) every i has eta = R i + (2RT/F) asinh(i/(2 f i0))."""
    reaction = Reaction("plating", 1, {"Na": 1.0}, ButlerVolmer(Constant(20.0)), reference={"Na": 1000.0})
    expected = np.array([-500.0, -30.0, -0.01, 0.0, 4.0, 90.0])
    factor = np.array([0.5, 1.0, 2.0, 1.0, 1.0, 0.1])
    salt = {"Na": np.full(6, 1000.0)}
    for resistance in (0.0, 2.5e-3):
        eta = resistance * expected + 2.0 * GAS * T / FARADAY * np.arcsinh(expected / (40.0 * factor))
        found = through_film(reaction, eta, salt, T, factor, resistance)
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)
    free = np.asarray(reaction.current(Site(eta, salt, T)))
    assert np.abs(free[0]) > 2.0 * np.abs(expected[0])


def test_no_current_without_activity() -> None:
    reaction = Reaction("plating", 1, {"Na": 1.0}, ButlerVolmer(Constant(20.0)), reference={"Na": 1000.0})
    eta, salt = np.array([-0.1, -0.1]), {"Na": np.full(2, 1000.0)}
    assert through_film(reaction, eta, salt, T, np.zeros(2), 1e-3) == pytest.approx(np.zeros(2))
