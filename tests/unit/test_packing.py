"""Random packings: no overlap, exact fractions, known limits of random addition, meshes of packed cells."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import cumulative_trapezoid
from scipy.spatial import cKDTree
from scipy.special import exp1

from meshes.errors import MeshError
from meshes.filling import Filling, PackedCell
from meshes.packed import packed
from meshes.packing import Kind, add, measure, near, pack, pair_correlation, sizes

SALT, METAL = Kind(0.92, 2e-6, 0.2), Kind(0.08, 1e-6, 0.2)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize(
    ("box", "solid", "gap", "periodic"),
    [
        ((40e-6, 40e-6), 0.2, 0.5e-6, False),
        ((40e-6, 40e-6), 0.65, 0.1e-6, False),
        ((40e-6, 30e-6), 0.75, 0.0, True),
        ((18e-6, 18e-6, 18e-6), 0.4, 0.1e-6, False),
        ((16e-6, 16e-6, 16e-6), 0.5, 0.0, True),
    ],
)
def test_nothing_overlaps(box: tuple[float, ...], solid: float, gap: float, periodic: bool) -> None:
    """By a search of its own: every pair, images in periodic sides included, and every side."""
    found = pack(box, (SALT, METAL), solid, gap=gap, seed=7, periodic=periodic)
    assert found.fraction == pytest.approx(solid, rel=1e-7)
    length = np.array(box)
    tree = cKDTree(np.mod(found.centres, length), boxsize=length if periodic else None)
    reach = min(2.0 * found.radii.max() + gap, 0.5 * length.min())
    pairs = tree.query_pairs(reach, output_type="ndarray")
    apart = found.centres[pairs[:, 0]] - found.centres[pairs[:, 1]]
    if periodic:
        apart -= length * np.round(apart / length)
    room = np.linalg.norm(apart, axis=1) - found.radii[pairs].sum(axis=1)
    assert room.min() >= gap
    assert found.clearance() >= gap
    if not periodic:
        beyond = np.minimum(found.centres, length - found.centres) - found.radii[:, None]
        assert beyond.min() >= gap
    for number, kind in enumerate((SALT, METAL)):
        part = (
            measure(found.radii[found.kinds == number], len(box)).sum() / measure(found.radii, len(box)).sum()
        )
        assert part == pytest.approx(kind.fraction, rel=1e-7)


def test_sizes_follow_the_distribution() -> None:
    radii, _ = sizes((1e-3, 1e-3), [Kind(1.0, 2e-6, 0.3)], 0.5)
    assert np.log(radii).std() == pytest.approx(0.3, rel=0.01)
    assert np.median(radii) == pytest.approx(2e-6, rel=0.01)
    assert np.all(np.diff(radii) <= 0.0)


def test_one_seed_is_one_packing() -> None:
    """The digest pins it for all machines: places are rounded to a millionth of the smallest radius."""
    one, two, other = (pack((20e-6, 20e-6), (SALT, METAL), 0.6, gap=1e-7, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(one.centres, two.centres)
    assert not np.allclose(one.centres, other.centres)
    text = ",".join(f"{1e9 * x:.1f}" for x in one.centres.ravel())
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "4dac0fdccd7db0ef"


def test_random_addition_on_a_line_follows_its_exact_law() -> None:
    """theta(t) = integral_0^t exp(-2 integral_0^u (1 - e^-v)/v dv) du (Renyi 1958), 0.7476 at the end."""
    count, length = 4000, 1.0 / 4000
    places, tried = add(
        np.ones(1), np.full(count, 0.5 * length), generator(2), periodic=True, attempts=40_000
    )
    covered = np.arange(1, len(places) + 1) * length
    time = np.cumsum(tried) * length
    u = np.linspace(1e-9, 20.0, 40_001)
    inner = np.log(u) + exp1(u) + np.euler_gamma
    exact = cumulative_trapezoid(np.exp(-2.0 * inner), u, initial=0.0)
    for t in (0.2, 0.5, 1.0, 3.0, 10.0):
        seen = covered[np.searchsorted(time, t) - 1]
        assert seen == pytest.approx(np.interp(t, u, exact), abs=4.0 * 0.2 / math.sqrt(count))
    assert 0.735 < covered[-1] < 0.7476 + 0.01


@pytest.mark.slow
def test_random_addition_of_discs_goes_to_its_limit() -> None:
    """0.547 - theta falls as t^(-1/2) (Feder, J. Theor. Biol. 87, 237 (1980)); the limit is extrapolated."""
    radius = 0.0115
    disc = math.pi * radius**2
    places, tried = add(np.ones(2), np.full(2000, radius), generator(1), periodic=True, attempts=60_000)
    covered, time = np.arange(1, len(places) + 1) * disc, np.cumsum(tried) * disc
    late = time > 5.0
    slope, limit = np.polyfit(time[late] ** -0.5, covered[late], 1)
    assert slope < 0.0
    assert limit == pytest.approx(0.547, abs=0.01)
    pairs, _, apart = near((1.0, 1.0), places, 4.0 * radius, True)
    assert len(pairs)
    assert apart.min() >= 2.0 * radius


def test_pair_statistics_of_a_dilute_and_a_dense_packing() -> None:
    """The pair correlation is 0 inside the core and 1 far away, and peaks at contact when dense."""
    found = pack((1.0, 1.0), [Kind(1.0, 0.008)], 0.2, seed=5, periodic=True)
    edges = np.array([0.0, 0.0159, 0.019, 0.04, 0.06, 0.08, 0.1, 0.12])
    g = pair_correlation(found, edges)
    assert g[0] == 0.0
    assert 1.0 < g[1] < 1.6
    np.testing.assert_allclose(g[4:], 1.0, atol=0.05)
    dense = pair_correlation(pack((0.6, 0.6), [Kind(1.0, 0.008)], 0.72, seed=5, periodic=True), edges)
    assert dense[1] > 2.0


@pytest.mark.parametrize(
    ("box", "kinds", "solid", "gap", "message"),
    [
        ((40e-6, 40e-6), (SALT,), 0.85, 0.0, "more than a random packing reaches"),
        ((40e-6, 40e-6), (SALT,), 0.7, 1e-6, "more porosity, or smaller gaps"),
        ((3e-6, 40e-6), (SALT,), 0.3, 0.0, "does not fit into the box"),
        ((40e-6, 40e-6), (), 0.3, 0.0, "a packing needs particles"),
        ((40e-6, 40e-6), (Kind(1.0, -1e-6),), 0.3, 0.0, "must be positive"),
    ],
)
def test_what_cannot_be_packed_is_refused(
    box: tuple[float, ...], kinds: tuple[Kind, ...], solid: float, gap: float, message: str
) -> None:
    with pytest.raises(MeshError, match=message):
        pack(box, kinds, solid, gap=gap)


def test_a_packed_cell_has_its_regions_and_surfaces() -> None:
    fillings = (Filling(SALT, "salt"), Filling(METAL, None, "metal"))
    cell = PackedCell(20e-6, None, 20e-6, 10e-6, fillings, 0.5, 0.3e-6, seed=2)
    made = packed(MPI.COMM_WORLD, cell, 4e-6, 0.5e-6)
    assert set(made.regions) == {"electrolyte", "salt"}
    assert set(made.boundaries) == {"working", "counter", "metal", "electrolyte|salt"}
    assert made.measure("working") == pytest.approx(20e-6)
    radii, kinds = cell.packing().radii, cell.packing().kinds
    assert made.measure("metal") == pytest.approx(2.0 * math.pi * radii[kinds == 1].sum(), rel=0.02)
    assert made.measure("electrolyte|salt") == pytest.approx(
        2.0 * math.pi * radii[kinds == 0].sum(), rel=0.02
    )
    assert made.measure("salt") == pytest.approx(0.92 * 0.5 * 400e-12, rel=0.02)
    whole = made.measure("electrolyte") + made.measure("salt")
    assert whole == pytest.approx(600e-12 - 0.08 * 0.5 * 400e-12, rel=0.002)


def test_a_matrix_of_its_own_and_spheres() -> None:
    filling = Filling(Kind(1.0, 2e-6), "pore")
    cell = PackedCell(10e-6, 10e-6, 10e-6, 5e-6, (filling,), 0.8, 0.3e-6, matrix="salt", bottom=None)
    made = packed(MPI.COMM_WORLD, cell, 4e-6, 1.5e-6, least=0.5e-6, growth=1.5, per_gap=1.0)
    assert set(made.regions) == {"electrolyte", "salt", "pore"}
    assert made.adjacent("electrolyte|salt") == ("electrolyte", "salt")
    assert set(made.boundaries) == {"counter", "electrolyte|salt", "salt|pore"}
    assert made.measure("electrolyte") == pytest.approx(500e-18)
    assert made.measure("pore") == pytest.approx(0.2 * 1000e-18, rel=0.15)  # spheres of a few facets
    assert made.measure("pore") + made.measure("salt") == pytest.approx(1000e-18)
