"""One current however it is found, and every species conserved; see verification.studies.conservation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.compat import geometry_dofmap
from verification.studies import conservation
from verification.studies.conservation_cells import CELLS, WIDTH, bad_mesh


def test_the_mesh_is_bad() -> None:
    regions = bad_mesh(MPI.COMM_WORLD, WIDTH)
    corners = regions.mesh.geometry.x[geometry_dofmap(regions.mesh)][:, :, :2]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    assert regions.number_of_cells() < 100
    assert edges.max() / edges.min() > 30.0
    assert regions.measure("working") != pytest.approx(regions.measure("counter"), rel=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("name", conservation.QUICK)
def test_current_is_the_same_however_it_is_found(name: str) -> None:
    found = conservation.one_current(CELLS[name]())
    assert len(found) == 7
    for way, value in found.items():
        assert value == pytest.approx(1.0, abs=conservation.CURRENT), way


def test_a_bulk_flux_that_is_wrong_by_a_millionth_is_seen() -> None:
    cell = CELLS["secondary"]()
    found = conservation.one_current(replace(cell, flux=lambda at: (1.0 + 1e-6) * cell.flux(at)))
    assert found["kinetics at counter"] == pytest.approx(1.0, abs=conservation.CURRENT)
    assert found["bulk flux, smooth"] == pytest.approx(1.0 + 1e-6, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*conservation.QUICK, "electroneutral, association"])
def test_nothing_is_lost(name: str) -> None:
    books = conservation.inventory(CELLS[name]())
    assert books.steps > 50
    assert books.invariants
    for what, defect in {**books.invariants, **books.balances, "charge": books.charge}.items():
        assert defect < conservation.AMOUNT, what


def test_species_that_react_in_the_liquid_are_not_invariants() -> None:
    cell = CELLS["electroneutral, association"]()
    books = conservation.inventory(replace(cell, invariants={"NaX": {"NaX": 1.0}}))
    assert books.invariants["NaX"] > 1e-3
