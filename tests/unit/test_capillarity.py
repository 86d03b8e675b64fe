"""The implicit share of capillarity keeps the volume and is stable; nothing digs into the substrate."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.shapes import flat
from meshes.shell_shapes import octant, plate
from solver.capillarity import implicit_share


def test_share_on_a_line_is_that_of_the_diffusion_equation() -> None:
    """Between mirrors d - D d'' = cos(k x) has d = cos(k x)/(1 + D k^2)."""
    front = flat(1.0, 0.005, height=0.1)
    lengths = np.bincount(front.cells.ravel(), np.repeat(0.5 * front.lengths, 2))
    for k in (np.pi, 4.0 * np.pi):
        wave = np.cos(k * front.points[:, 0])
        shared = implicit_share(front, lengths * wave, np.full(len(front.lengths), 0.02), 0.5)
        assert np.allclose(shared / lengths, wave / (1.0 + 0.01 * k**2), atol=1e-3)


def test_large_mobility_smooths_and_keeps_the_sum() -> None:
    front = flat(1.0, 0.01, height=0.1)
    volume = 1.0 + (-1.0) ** np.arange(len(front.points))
    shared = implicit_share(front, volume, np.full(len(front.lengths), 1.0), 1.0)
    assert shared.sum() == pytest.approx(volume.sum(), rel=1e-12)
    assert np.abs(np.diff(shared[1:-1])).max() < 1e-3 * volume.mean()


def test_share_on_triangles_is_that_of_the_diffusion_equation() -> None:
    """On a plate between symmetry planes v - D lap v = cos(pi x) has v = cos(pi x)/(1 + D pi^2)."""
    errors = []
    for size in (0.1, 0.05):
        shell = plate(1.0, 0.5, size, height=0.2)
        area = np.bincount(shell.cells.ravel(), np.repeat(shell.measures / 3.0, 3))
        wave = np.cos(np.pi * shell.points[:, 0])
        mobility = np.full(len(shell.cells), 0.1)
        speed = implicit_share(shell, area * wave, mobility, 1.0) / area
        errors.append(np.abs(speed - wave / (1.0 + 0.1 * np.pi**2)).max())
    assert errors[0] < 0.01
    assert np.log2(errors[0] / errors[1]) > 1.5


def test_share_on_triangles_keeps_the_sum_and_leaves_substrate_out() -> None:
    shell = octant(0.5, 0.05)
    volume = 1e-5 * np.random.default_rng(1).normal(size=len(shell.points))
    mobility = np.where(np.arange(len(shell.cells)) % 7 == 0, 0.0, 0.01)
    shared = implicit_share(shell, volume, mobility, 1.0)
    assert shared.sum() == pytest.approx(volume.sum(), rel=1e-12)
    assert np.abs(shared).max() < 0.2 * np.abs(volume).max()
    assert np.array_equal(implicit_share(shell, volume, 0.0 * mobility, 1.0), volume)
