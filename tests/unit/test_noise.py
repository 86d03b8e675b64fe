"""Noise on a lattice: interpolation, statistics, and that points may come in any order and share."""

from __future__ import annotations

import numpy as np
import pytest

from solver.noise import Noise

SQUARE = ((0.0, 1.0), (0.0, 0.5))


def test_lattice_points_get_the_values_of_the_lattice() -> None:
    noise = Noise(2.0, 0.25, 7, SQUARE)
    assert noise.shape == (5, 3)
    points = np.stack(np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 0.5, 3), indexing="ij"), axis=-1)
    found = noise.at(points.reshape(-1, 2), 3)
    assert found == pytest.approx(noise.lattice(3).ravel(), abs=1e-14)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_middle_of_a_block_is_the_mean_of_its_corners(dim: int) -> None:
    noise = Noise(1.0, 0.5, 1, [(0.0, 1.0)] * dim)
    corners = noise.lattice(0)[(slice(0, 2),) * dim]
    assert noise.at(np.full((1, dim), 0.25), 0)[0] == pytest.approx(corners.mean(), abs=1e-14)


def test_a_share_of_the_points_gets_its_share_of_the_values() -> None:
    noise = Noise(1.0, 0.07, 11, SQUARE, "normal")
    points = np.random.default_rng(0).random((500, 2)) * [1.0, 0.5]
    order = np.random.default_rng(1).permutation(500)[:137]
    assert np.array_equal(noise.at(points, 9)[order], noise.at(points[order], 9))


def test_steps_and_seeds_differ() -> None:
    points = np.random.default_rng(0).random((2000, 2)) * [1.0, 0.5]
    fields = [Noise(1.0, 0.02, seed, SQUARE).at(points, step) for seed, step in ((0, 0), (0, 1), (1, 0))]
    correlations = np.corrcoef(fields)[np.triu_indices(3, 1)]
    assert np.all(np.abs(correlations) < 0.1)


def test_moments_are_those_of_the_distributions() -> None:
    box = ((0.0, 300.0), (0.0, 300.0))
    uniform, normal = Noise(0.3, 1.0, 5, box).lattice(2), Noise(0.3, 1.0, 5, box, "normal").lattice(2)
    assert np.abs(uniform).max() <= 0.3
    assert uniform.std() == pytest.approx(0.3 / np.sqrt(3.0), rel=0.01)
    assert normal.std() == pytest.approx(0.3, rel=0.01)
    points = np.random.default_rng(0).random((40000, 2)) * 300.0
    assert Noise(0.3, 1.0, 5, box, "normal").at(points, 2).var() == pytest.approx(0.09 * 4.0 / 9.0, rel=0.05)


def test_points_outside_get_the_value_at_the_edge() -> None:
    noise = Noise(1.0, 0.1, 0, SQUARE)
    assert noise.at(np.array([[-3.0, 0.2]]), 0) == pytest.approx(noise.at(np.array([[0.0, 0.2]]), 0))


def test_no_amplitude_is_no_noise() -> None:
    assert not noise_of(0.0).any()
    assert noise_of(1.0).any()


def noise_of(amplitude: float) -> np.ndarray:
    return Noise(amplitude, 0.1, 0, SQUARE).at(np.array([[0.31, 0.22], [0.7, 0.1]]), 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.0, 0.0, 0, SQUARE), "length"),
        ((1.0, 0.1, -1, SQUARE), "seed"),
        ((1.0, 0.1, 0, ((1.0, 0.0),)), "box"),
        ((1.0, 1e-6, 0, SQUARE), "too many"),
        ((1.0, 0.1, 0, SQUARE, "pink"), "distribution"),
    ],
)
def test_what_makes_no_lattice_is_refused(values: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Noise(*values)


def test_points_of_another_dimension_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        Noise(1.0, 0.1, 0, SQUARE).at(np.zeros((4, 3)), 0)
