"""Deposits at potentials of their own, when the fronts that show them change."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from meshes.domain import Skin
from solver.contact import Schottky
from solver.growing import Floating, Growing, present

JUNCTION = Schottky(0.4, 1.2e6, 1.0, 300.0)


def stub(floating: Floating, potentials: list[float]) -> Growing:
    """What `present` reads of a problem with one terminal, and collectors at 7 and 9."""
    return cast(
        Growing,
        SimpleNamespace(
            floating=floating,
            model=SimpleNamespace(terminals=("working",)),
            potentials=np.array(potentials),
            patch_potentials=np.array(potentials[1:]),
            grounded={"front": 7.0, "counter": 9.0}.__getitem__,
        ),
    )


def skin(*patches: int) -> Skin:
    return cast(Skin, SimpleNamespace(patch=np.array(patches)))


def deposits(patches: list[int], bases: list[float], *sides: str) -> Floating:
    return Floating(np.array(patches, dtype=np.int32), np.array(bases), JUNCTION, sides)


def test_a_deposit_that_the_front_no_longer_shows_is_left_out() -> None:
    problem = stub(deposits([0, 1, 4], [0.1, 0.2, 0.0], "front", "front", "front"), [-1.0, 0.5, 0.6, 0.7])
    floating, potentials = present(problem, {"front": skin(-1, 0, 4, 4)}, {})
    assert floating.patches.tolist() == [0, 4]
    assert floating.bases.tolist() == [0.1, 0.0]
    assert potentials.tolist() == [-1.0, 0.5, 0.7]


def test_dead_metal_begins_at_the_potential_of_its_collector() -> None:
    problem = stub(deposits([1, 1], [0.2, 0.0], "front", "counter"), [-1.0, 0.6, 0.8])
    fronts = {"front": skin(1, 5, -1), "counter": skin(-1, 1, 2)}
    dead = {"front": [(5, 0.01), (6, 0.02)], "counter": [(2, 0.03)]}
    floating, potentials = present(problem, fronts, dead)
    assert floating.patches.tolist() == [1, 1, 5, 2]
    assert floating.sides == ("front", "counter", "front", "counter")
    assert floating.bases.tolist() == [0.2, 0.0, 0.0, 0.0]
    assert potentials.tolist() == [-1.0, 0.6, 0.8, 7.0, 9.0]
