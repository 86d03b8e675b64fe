"""A profile at rest, and what growth and relaxation keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.adaptive import Forest
from meshes.coarse import coarse_box
from solver.crystal import ISOTROPIC
from solver.diffuse import Spread, spread
from solver.normal_lines import NormalForms, NormalLines
from solver.order_parameter import OrderForms, OrderParameter, depth_of, order_parameter
from solver.types import FloatArray
from tests.verification.cells import physics

WIDTH = 0.02
"""Of the interface; the cells have legs of 1/64 = 0.8 of it."""


@pytest.fixture(scope="module")
def problem() -> Spread:
    """A square of 1 m, so that mesh units are metres."""
    forest = Forest(MPI.COMM_SELF, coarse_box((0.0, 0.0), (1.0, 1.0), (4, 4)), least=1)
    regions = forest.refined(lambda x: np.full(len(x), 1.001 * np.sqrt(2.0) / 64.0))
    model = replace(spread(physics().model, WIDTH, 1.0, 1e7, None), area=1.0)
    return Spread(model, regions)


@pytest.fixture(scope="module")
def order(problem: Spread) -> OrderParameter:
    return OrderParameter(OrderForms(MPI.COMM_SELF, 2), problem)


def places(order: OrderParameter) -> FloatArray:
    return np.asarray(order.space.tabulate_dof_coordinates()[:, :2])


def mobility(problem: Spread) -> FloatArray:
    return np.full(len(problem.hat), WIDTH)


def test_depth_and_order_parameter_are_inverse() -> None:
    depth = np.linspace(-10.0, 10.0, 41) * WIDTH
    assert depth_of(order_parameter(depth, WIDTH), WIDTH, 18.0 * WIDTH) == pytest.approx(depth, abs=1e-9)
    assert depth_of(np.array([-0.1, 1.1]), WIDTH, 0.3) == pytest.approx([-0.3, 0.3])


@pytest.mark.parametrize("angle", [0.0, 0.3, 0.785, 1.2])
def test_a_flat_profile_at_rest_stays_at_rest_at_any_angle_to_the_mesh(
    problem: Spread, order: OrderParameter, angle: float
) -> None:
    """Away from walls, which a tilted surface meets at another angle than their own."""
    depth = (places(order) - 0.5) @ np.array([np.sin(angle), -np.cos(angle)])
    xi = order_parameter(depth, WIDTH)
    order.xi = xi
    after = order.step(order.volumes * xi, 1.0, mobility(problem), depth)
    inner = np.abs(places(order) - 0.5).max(axis=1) < 0.3
    assert np.abs(after - xi)[inner].max() < 2e-3
    assert order.volumes @ after == pytest.approx(order.volumes @ xi, rel=1e-13)


def test_a_profile_that_is_too_wide_is_taken_back(problem: Spread, order: OrderParameter) -> None:
    level = 0.5 - places(order)[:, 1]
    xi = order_parameter(level, 1.5 * WIDTH)
    volume = order.volumes @ xi
    for _ in range(60):
        order.xi = xi
        xi = order.step(order.volumes * xi, 0.2 * WIDTH, mobility(problem), order.depth(xi))
    near = np.abs(level) < 3.0 * WIDTH
    slope = np.polyfit(level[near], order.depth(xi)[near], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.03)
    assert order.volumes @ xi == pytest.approx(volume, rel=1e-12)


def test_a_disc_neither_shrinks_nor_loses_its_profile(problem: Spread, order: OrderParameter) -> None:
    """Relaxation has no surface tension: the Allen-Cahn equation would take the disc away."""
    radius = 0.25
    distance = radius - np.hypot(*(places(order) - 0.5).T)
    xi = begun = order_parameter(distance, WIDTH)
    for _ in range(60):
        order.xi = xi
        xi = order.step(order.volumes * xi, 0.2 * WIDTH, mobility(problem), order.depth(xi))
    near = np.abs(distance) < 2.0 * WIDTH
    assert order.volumes @ xi == pytest.approx(order.volumes @ begun, rel=1e-12)
    assert order.depth(xi)[near] == pytest.approx(distance[near], abs=0.05 * WIDTH)


def test_what_xi_cannot_tell_is_told_by_distance(order: OrderParameter) -> None:
    level = 0.5 - places(order)[:, 1]
    rounding = 1e-12 * np.sin(1e4 * places(order)[:, 0])
    depth = order.depth(order_parameter(level, WIDTH) + rounding)
    within = np.abs(level) < 17.0 * WIDTH
    assert depth[within] == pytest.approx(level[within], abs=1e-6)
    dust = order.depth(rounding)
    assert dust == pytest.approx(np.full(dust.size, -18.0 * WIDTH))


def test_curvature_and_sums_along_normals(problem: Spread) -> None:
    tags = problem.regions.regions["electrolyte"], problem.regions.boundaries["substrate"]
    lines = NormalLines(NormalForms(MPI.COMM_SELF, 2, tags, ISOTROPIC), problem)
    x = problem.depth.function_space.tabulate_dof_coordinates()[:, :2]
    radius = np.hypot(*(x - 0.5).T)
    problem.set_depth(0.25 - radius)
    lines.place()
    near = np.abs(radius - 0.25) < 2.0 * WIDTH
    assert lines.curvature()[near] == pytest.approx(np.full(near.sum(), 4.0), rel=0.12)
    assert lines.curvature()[near].mean() == pytest.approx(4.0, rel=0.01)
    # What is deposited faster outside counts once per normal.
    weight = order_parameter(0.25 - radius, WIDTH)
    functional = weight * (1.0 - weight) * (1.0 + (radius - 0.25) / WIDTH)
    speed, deposit = lines.per_area(functional)
    assert deposit.sum() == pytest.approx(functional.sum(), rel=1e-8)
    assert np.ptp(speed[near]) < 0.25 * speed[near].mean()
