"""Effective conductivity against exact arrays, bounds and laminates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpi4py import MPI

from meshes import builders
from meshes.filling import Filling, PackedCell
from meshes.packed import packed
from meshes.packing import Kind
from solver.effective import bruggeman, conductivity, hashin_shtrikman, wiener

SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
PARTICLES = (Filling(Kind(0.92, 2e-6, 0.2), None), Filling(Kind(0.08, 1e-6, 0.2), None))


@pytest.mark.parametrize(("fraction", "exact"), [(0.1, 1.222), (0.3, 1.860), (0.5, 3.080), (0.6, 4.342)])
def test_a_square_array_of_discs(fraction: float, exact: float) -> None:
    """Perfect conductors: W. T. Perrins et al., Proc. R. Soc. A 369, 207 (1979); insulators: reciprocals.

    Source of the latter: J. B. Keller, J. Math. Phys. 5, 548 (1964).
    """
    radius = math.sqrt(fraction / math.pi)
    disc = builders.Inclusion("disc", [(0.5, 0.5)], radius, size=0.01)
    mesh = builders.polygon(MPI.COMM_SELF, SQUARE, ["low", None, "high", None], 0.03, inclusions=[disc])
    insulating = conductivity(mesh, {"electrolyte": 2.0}, "low", "high")
    assert insulating == pytest.approx(2.0 / exact, rel=2e-3)
    assert insulating >= 2.0 / (exact + 5e-4)  # linear elements are above
    perfect = conductivity(mesh, {"electrolyte": 1.0, "disc": 1e7}, "low", "high")
    assert perfect == pytest.approx(exact, rel=2e-3)


def test_layers_are_exact() -> None:
    stack = [builders.Layer("a", 0.3, cells=3), builders.Layer("b", 0.7, cells=4)]
    mesh = builders.rectangle(MPI.COMM_SELF, 1.0, stack, columns=3, bottom="low", top="high")
    sigma = {"a": 5.0, "b": 0.2}
    series, parallel = wiener(np.array([0.3, 0.7]), np.array([5.0, 0.2]))
    assert conductivity(mesh, sigma, "low", "high") == pytest.approx(series, rel=1e-12)
    assert series == pytest.approx(1.0 / (0.3 / 5.0 + 0.7 / 0.2))
    assert parallel == pytest.approx(1.64)


def test_bounds() -> None:
    """Maxwell's formula for insulating spheres, (1 - f)/(1 + f/2), and for discs, (1 - f)/(1 + f)."""
    assert hashin_shtrikman(0.6, 0.0, 1.0, 3) == pytest.approx((0.0, 0.4 / 1.3))
    assert hashin_shtrikman(0.6, 0.0, 1.0, 2) == pytest.approx((0.0, 0.4 / 1.6))
    low, high = hashin_shtrikman(0.3, 10.0, 1.0, 3)
    assert low == pytest.approx(1.0 * (10.0 + 2.0 + 0.6 * 9.0) / (10.0 + 2.0 - 0.3 * 9.0))
    assert 1.0 < low < high < 0.3 * 10.0 + 0.7
    assert bruggeman(0.4) == pytest.approx(0.4**1.5)


@pytest.mark.parametrize("porosity", [0.4, 0.6])
def test_a_random_packing_lies_within_its_bounds(porosity: float) -> None:
    """Below Hashin and Shtrikman's bound for discs; above the hierarchy of discs, porosity^2."""
    cell = PackedCell(30e-6, None, 30e-6, 0.0, PARTICLES, porosity, 0.1e-6, seed=1)
    mesh = packed(MPI.COMM_SELF, cell, 4e-6, 0.5e-6)
    seen = mesh.measure("electrolyte") / 900e-12
    found = conductivity(mesh, {"electrolyte": 1.0}, "working", "counter")
    assert bruggeman(seen, 2.0) < found < hashin_shtrikman(1.0 - seen, 0.0, 1.0, 2)[1]
    metal = PackedCell(
        30e-6, None, 30e-6, 0.0, (Filling(Kind(1.0, 2e-6, 0.2), "metal"),), porosity, 0.1e-6, seed=1
    )
    filled = packed(MPI.COMM_SELF, metal, 4e-6, 0.5e-6)
    low, high = hashin_shtrikman(1.0 - porosity, 5.0, 1.0, 2)
    assert low < conductivity(filled, {"electrolyte": 1.0, "metal": 5.0}, "working", "counter") < high


def test_what_makes_no_sense_is_refused() -> None:
    mesh = builders.rectangle(
        MPI.COMM_SELF, 1.0, [builders.Layer("a", 1.0, cells=2)], columns=2, bottom="low", top="high"
    )
    with pytest.raises(ValueError, match="no region conducts"):
        conductivity(mesh, {"a": 0.0}, "low", "high")
