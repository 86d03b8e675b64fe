"""The implicit share of capillarity keeps the volume and is stable; nothing digs into the substrate."""

from __future__ import annotations

import numpy as np
import pytest

from meshes.shapes import flat
from solver.capillarity import STABLE, above_substrate, implicit_share


def test_small_mobility_leaves_the_volume_alone() -> None:
    front = flat(1.0, 0.01, height=0.1)
    volume = np.sin(40.0 * front.points[:, 0]) ** 2
    mobility = np.full(len(front.lengths), 0.9 * STABLE * 0.01**2)
    assert np.allclose(implicit_share(front, volume, mobility, 1.0), volume, rtol=1e-12)


def test_large_mobility_smooths_and_keeps_the_sum() -> None:
    front = flat(1.0, 0.01, height=0.1)
    volume = 1.0 + (-1.0) ** np.arange(len(front.points))
    shared = implicit_share(front, volume, np.full(len(front.lengths), 1.0), 1.0)
    assert shared.sum() == pytest.approx(volume.sum(), rel=1e-12)
    assert np.abs(np.diff(shared[1:-1])).max() < 1e-3 * volume.mean()


def test_no_vertex_loses_more_than_lies_under_it() -> None:
    front = flat(1.0, 0.1, height=1e-3)
    volume = np.full(len(front.points), 2e-5)
    volume[4] = -1.5e-4
    limited = above_substrate(front, volume)
    assert limited[4] >= -1e-3 * 0.1 * (1 + 1e-12)
    assert limited.sum() == pytest.approx(volume.sum(), rel=1e-12)
