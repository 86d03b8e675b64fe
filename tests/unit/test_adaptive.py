"""Meshes cut out of one tree: sizes met, tags kept, quality bounded, fields and amounts carried."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI

from meshes.adaptive import Forest, carried, restored
from meshes.band import Band
from meshes.bisection import Cut, longest_edges, moved, refine
from meshes.builders import Layer, interval
from meshes.coarse import barycentric, coarse_box
from meshes.compat import geometry_dofmap
from meshes.errors import MeshError
from meshes.regions import simplex_measure
from meshes.tagged import arrange, facets_of, number_rows
from solver.closures import Electroneutral
from solver.electrolyte import Species
from solver.experiment import Experiment, Stepping
from solver.laws import Constant
from solver.model import Interface, Medium, Model
from solver.program import pulse
from solver.reaction import ButlerVolmer, Reaction

COMM = MPI.COMM_SELF
CENTRE = {2: (0.2, 0.0), 3: (0.2, 0.2, 0.0)}


def box(dim, scale=1):
    blocks = (2, 5) if dim == 2 else (2, 2, 5)
    return coarse_box((0.0,) * dim, (0.4,) * (dim - 1) + (1.0,), [scale * n for n in blocks], unit=1e-5)


def dome(dim, radius, count=2000):
    """Points of a half circle or half sphere on the bottom, evenly spread."""
    k = np.arange(count) + 0.5
    if dim == 2:
        angle = np.pi * k / count
        return CENTRE[2] + radius * np.column_stack((np.cos(angle), np.sin(angle)))
    height, angle = k / count, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - height**2)
    return CENTRE[3] + radius * np.column_stack((flat * np.cos(angle), flat * np.sin(angle), height))


def band(dim, radius=0.12):
    return Band(dome(dim, radius), *((0.01, 0.04) if dim == 2 else (0.05, 0.08)), coarsest=0.2)


def base_of(given):
    whole = arrange(given)
    return Cut.base(whole.points, whole.cells, whole.rows)


def at(point, finest):
    """Ever smaller cells towards one point."""
    return lambda x: finest + 0.5 * np.linalg.norm(x - point, axis=1)


def assert_sound(cut, volume):
    """Conforming: no facet has more than two cells, and those with one are on the outside of the box."""
    dim = cut.points.shape[1]
    facets = facets_of(cut.cells)
    number = number_rows(facets)
    count = np.bincount(number)
    assert count.max() == 2
    alone = cut.points[facets[count[number] == 1]]
    low, high = cut.points.min(axis=0), cut.points.max(axis=0)
    on = [(np.abs(alone - side) < 1e-12).all(axis=1) for side in (low, high)]
    assert (on[0] | on[1]).any(axis=1).all()
    assert simplex_measure(cut.points[cut.cells]).sum() == pytest.approx(volume, rel=1e-12)
    assert len(np.unique(cut.cells)) == len(cut.points) == len(np.unique(cut.points, axis=0))
    assert cut.cells.shape[1] == dim + 1


def quality(cut):
    """Volume over that of a regular simplex with the same mean square edge; 1 is best."""
    dim, corners = cut.points.shape[1], cut.points[cut.cells]
    pairs = itertools.combinations(range(dim + 1), 2)
    square = np.mean([((corners[:, a] - corners[:, b]) ** 2).sum(axis=1) for a, b in pairs], axis=0)
    regular = np.sqrt(3) / 4 if dim == 2 else 1 / (6 * np.sqrt(2))
    return simplex_measure(corners) / (regular * square ** (dim / 2))


@pytest.mark.parametrize("dim", [2, 3])
def test_sizes_are_met_by_a_conforming_mesh(dim):
    size = band(dim)
    cut = refine(base_of(box(dim)), size, least=dim - 1)
    assert_sound(cut, 0.4 ** (dim - 1))
    middles = cut.points[cut.cells].mean(axis=1)
    assert (longest_edges(cut.points, cut.cells) <= size(middles) * (1 + 1e-9)).all()
    away = np.abs(np.linalg.norm(middles - CENTRE[dim], axis=1) - 0.12)
    inside = longest_edges(cut.points, cut.cells)[away < size.half_width]
    assert inside.max() <= size.finest * (1 + 1e-9)
    # One halving too many would make them shorter than half of what is wanted.
    assert inside.min() > size.finest / 2.2
    assert cut.generation.min() >= dim - 1


@pytest.mark.parametrize("dim", [2, 3])
def test_longest_edge_bisection_of_dolfinx_gives_the_same_cells_on_cubes(dim):
    """On Kuhn's cubes the edge to halve is the longest, so Plaza's algorithm must find the same mesh."""
    size = band(dim)
    forest = Forest(COMM, box(dim))
    found = refine(base_of(box(dim)), size)
    msh = forest.refined(Band(np.empty((0, dim)), 1.0, 1.0, coarsest=1.0)).mesh
    edges_per_cell = dim * (dim + 1) // 2
    while True:
        x, cells = msh.geometry.x[:, :dim], geometry_dofmap(msh)
        big = longest_edges(x, cells) > size(x[cells].mean(axis=1)) * (1 + 1e-9)
        if not big.any():
            break
        msh.topology.create_entities(1)
        msh.topology.create_connectivity(1, dim)
        edges = msh.topology.connectivity(dim, 1).array.reshape(-1, edges_per_cell)[big]
        number = msh.topology.index_map(1).size_local
        ends = mesh.entities_to_geometry(msh, 1, np.arange(number, dtype=np.int32))
        length = np.linalg.norm(x[ends[:, 0]] - x[ends[:, 1]], axis=1)
        longest = np.take_along_axis(edges, length[edges].argmax(axis=1)[:, None], axis=1)
        msh, *_ = mesh.refine(msh, np.unique(longest).astype(np.int32))
    theirs = msh.geometry.x[:, :dim][geometry_dofmap(msh)].mean(axis=1)
    ours = found.points[found.cells].mean(axis=1)
    assert len(ours) == len(theirs) > 1000
    theirs, ours = (np.round(m * 2.0**30).astype(np.int64) for m in (theirs, ours))
    np.testing.assert_array_equal(np.unique(theirs, axis=0), np.unique(ours, axis=0))


@pytest.mark.parametrize(("dim", "kinds"), [(2, 1), (3, 3)])
def test_cells_of_cubes_stay_of_few_kinds_however_deep(dim, kinds):
    """Edge lengths halve 8 times and more; no more kinds of cells than Maubach's theorem says."""
    cut = refine(base_of(box(dim)), at(np.array(CENTRE[dim]) + 0.0137, 0.2 / 2**9))
    assert_sound(cut, 0.4 ** (dim - 1))
    assert cut.generation.max() >= 8 * dim
    found = quality(cut)
    assert len(np.unique(np.round(found, 9))) <= kinds
    assert found.min() > (0.86 if dim == 2 else 0.63)


@pytest.mark.parametrize("dim", [2, 3])
def test_cells_of_stretched_blocks_do_not_get_worse(dim):
    blocks = (3, 4) if dim == 2 else (3, 2, 4)
    base = base_of(coarse_box((0.0,) * dim, (0.4,) * (dim - 1) + (1.0,), blocks))
    worst = [
        quality(refine(base, lambda x: np.full(len(x), np.inf), least)).min() for least in range(2 * dim)
    ]
    deep = refine(base, at(np.array(CENTRE[dim]) + 0.0137, 0.2 / 2**9))
    assert deep.generation.max() >= 8 * dim
    assert quality(deep).min() == pytest.approx(min(worst), rel=1e-9)


def test_mesh_does_not_prefer_a_direction_after_the_least_halvings():
    """A dome in the middle: the mesh is its own mirror image in x and in y, and when they are swapped."""

    def size(x):
        return 0.05 + 0.25 * np.maximum(np.abs(np.linalg.norm(x - CENTRE[3], axis=1) - 0.12) - 0.05, 0)

    cut = refine(base_of(box(3)), size, least=2)
    middles = cut.points[cut.cells].mean(axis=1)
    mirrored = [0.4, 0, 0] + [-1, 1, 1] * middles, [0, 0.4, 0] + [1, -1, 1] * middles
    for other in (*mirrored, middles[:, [1, 0, 2]]):
        rows = [np.round(m * 2.0**30).astype(np.int64) for m in (middles, other)]
        np.testing.assert_array_equal(*(np.unique(r, axis=0) for r in rows))


@pytest.mark.parametrize("dim", [2, 3])
def test_names_and_sizes_of_regions_and_boundaries_are_kept(dim):
    given = box(dim)
    upper = given.points[given.cells].mean(axis=1)[:, -1] > 0.4
    tags = np.where(upper, 2, 1)
    given = dataclasses.replace(given, cell_tags=tags, regions=("gel", "liquid"))
    found = Forest(COMM, given, dim - 1).refined(band(dim))
    side = 0.4e-5 ** (dim - 1)
    assert found.measure("gel") == pytest.approx(0.4e-5 * side, rel=1e-12)
    assert found.measure("liquid") == pytest.approx(0.6e-5 * side, rel=1e-12)
    for name in ("substrate", "counter", "gel|liquid"):
        assert found.measure(name) == pytest.approx(side, rel=1e-12)
    assert found.interior("gel|liquid")
    assert not found.interior("substrate")
    assert found.adjacent("counter") == ("liquid",)
    assert found.facets("substrate").size > (16 if dim == 2 else 64)
    height = found.mesh.geometry.x[found.dofs(fem.functionspace(found.mesh, ("Lagrange", 1)), "gel|liquid")]
    np.testing.assert_array_equal(height[:, dim - 1], 0.4)


@pytest.mark.parametrize("dim", [2, 3])
def test_mesh_does_not_depend_on_what_came_before_and_cells_nest(dim):
    base = base_of(box(dim))
    one, two = refine(base, band(dim, 0.1)), refine(base, band(dim, 0.14))
    both = refine(base, lambda x: np.minimum(band(dim, 0.1)(x), band(dim, 0.14)(x)))
    values = np.random.default_rng(1).normal(size=(len(one.points), 2))
    direct, by_way = moved(values, one, two), moved(moved(values, one, both), both, two)
    np.testing.assert_array_equal(direct, by_way)
    # The finer mesh holds the same function: back again nothing has changed.
    np.testing.assert_array_equal(moved(moved(values, one, both), both, one), values)


@pytest.mark.parametrize("dim", [2, 3])
def test_p1_fields_are_carried_exactly_onto_finer_cells(dim):
    """Against DOLFINx's own evaluation of the function, point by point."""
    forest = Forest(COMM, box(dim), dim - 1)
    old = forest.refined(band(dim, 0.1))
    new = forest.refined(lambda x: np.minimum(band(dim, 0.1)(x), band(dim, 0.14)(x)))
    scalar = fem.Function(fem.functionspace(old.mesh, ("Lagrange", 1)), name="xi")
    blocked = fem.Function(fem.functionspace(old.mesh, ("Lagrange", 1, (3,))))
    scalar.interpolate(lambda x: np.tanh((np.linalg.norm(x, axis=0) - 0.1) / 0.02))
    blocked.interpolate(lambda x: np.stack((np.sin(9 * x[0]), x[1] ** 2, np.exp(x[0]))))
    found = carried([scalar, blocked], old, new)
    assert found[0].name == "xi"
    cells = np.arange(new.number_of_cells(), dtype=np.int32)
    for before, after in zip((scalar, blocked), found, strict=True):
        space = after.function_space
        data = fem.create_interpolation_data(space, before.function_space, cells, padding=1e-8)
        expected = fem.Function(space)
        expected.interpolate_nonmatching(before, cells, data)
        np.testing.assert_allclose(after.x.array, expected.x.array, atol=1e-12)
    back = carried(found, new, old)
    np.testing.assert_array_equal(back[0].x.array, scalar.x.array)
    np.testing.assert_array_equal(back[1].x.array, blocked.x.array)


@pytest.mark.parametrize("dim", [2, 3])
def test_amounts_that_joined_cells_lose_are_small_and_restored(dim):
    """Interface of width w in a band of 8 w on each side that moves by half of that, salt in the liquid."""
    width, radius = (0.01, 0.15) if dim == 2 else (0.03, 0.15)
    forest = Forest(COMM, box(dim), dim - 1)
    old, new = (
        forest.refined(Band(dome(dim, r), width, 8 * width, coarsest=0.2))
        for r in (radius, radius + 4 * width)
    )
    assert old.number_of_cells() != new.number_of_cells()
    xi, salt = (fem.Function(fem.functionspace(old.mesh, ("Lagrange", 1))) for _ in range(2))
    x = xi.function_space.tabulate_dof_coordinates()[:, :dim]
    away = np.linalg.norm(x - CENTRE[dim], axis=1) - radius - 4 * width
    xi.x.array[:] = 1 / (1 + np.exp(away / width))
    salt.x.array[:] = 1.0 + 0.5 * x[:, -1] + 0.2 * np.cos(np.pi * x[:, 0] / 0.4)
    amounts = [fem.assemble_scalar(fem.form(form * ufl.dx)) for form in (xi, (1 - xi) * salt)]
    xi, salt = carried([xi, salt], old, new)
    test = ufl.TestFunction(xi.function_space)
    for k, (field, weight, bound) in enumerate(((xi, 1, 3e-6), (salt, 1 - xi, 1e-6))):
        weights = fem.assemble_vector(fem.form(weight * test * ufl.dx)).array
        where = np.maximum(xi.x.array * (1 - xi.x.array), 0) if k == 0 else np.ones_like(weights)
        values, defect = restored(COMM, field.x.array, weights, amounts[k], where)
        assert 0 < abs(defect) < bound
        assert weights @ values == pytest.approx(amounts[k], rel=4e-15)
        change = values - field.x.array
        ratio = (change @ where) / (where @ where)
        np.testing.assert_allclose(change, ratio * where, atol=1e-15)
        field.x.array[:] = values


def test_amount_that_cannot_be_restored_is_refused():
    values, weights = np.ones(3), np.ones(3)
    same, defect = restored(COMM, values, weights, 3.0, np.zeros(3))
    assert defect == 0.0
    np.testing.assert_array_equal(same, values)
    with pytest.raises(MeshError, match="no place to mend"):
        restored(COMM, values, weights, 3.1, np.zeros(3))


@pytest.mark.parametrize(("dim", "finest", "factor"), [(2, 0.005, 5.0), (3, 0.0125, 7.0)])
def test_far_fewer_cells_than_a_uniform_mesh(dim, finest, factor):
    """In 3D the uniform mesh has no need to be made: every halving doubles it."""
    base = base_of(box(dim))
    narrow = refine(base, Band(dome(dim, 0.12), finest, (4 if dim == 2 else 3) * finest, coarsest=0.2))
    uniform = len(base.cells) * 2 ** narrow.generation.max()
    assert uniform > factor * len(narrow.cells)
    if dim == 2:
        assert len(refine(base, lambda x: np.full(len(x), finest)).cells) == uniform


def test_band_is_fine_near_its_points_and_grows_away():
    points = np.column_stack((np.linspace(0, 1, 101), np.zeros(101)))
    size = Band.gathered(COMM, points[::-1], 0.01, 0.05, 0.2, 0.06)
    height = np.array([0.0, 0.05, 0.15, 2.0])
    found = size(np.column_stack((np.full(4, 0.5), height)))
    assert found[0] == found[1] == 0.01
    assert 0.01 + 0.2 * (0.15 / 1.1 - 0.05) <= found[2] <= 0.01 + 0.2 * 0.1
    assert found[3] == 0.06
    np.testing.assert_array_equal(Band(np.empty((0, 2)), 0.01, 0.05, coarsest=0.06)(points), 0.06)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"finest": 0.0}, "finest"), ({"growth": 1.5}, "growth"), ({"half_width": 0.001}, "half_width")],
)
def test_band_that_is_none_is_refused(change, message):
    with pytest.raises(MeshError, match=message):
        Band(**({"points": np.zeros((1, 2)), "finest": 0.01, "half_width": 0.02} | change))


def test_base_that_cannot_be_halved_is_refused():
    given = box(3)
    cells = given.cells.copy()
    cells[3] = cells[3][[1, 0, 2, 3]]
    with pytest.raises(MeshError, match="can be halved"):
        Forest(COMM, dataclasses.replace(given, cells=cells))
    line = dataclasses.replace(
        given,
        points=np.array([[0.0], [1.0]]),
        cells=np.array([[0, 1]]),
        cell_tags=np.array([1]),
        facets=np.array([[0], [1]]),
        facet_tags=np.array([1, 2]),
    )
    with pytest.raises(MeshError, match="triangles and tetrahedra"):
        Forest(COMM, line)
    with pytest.raises(MeshError, match="no mesh"):
        Forest(COMM, None)


@pytest.mark.parametrize(
    ("low", "high", "blocks", "sides", "message"),
    [
        ((0.0,), (1.0,), (1,), None, "2 or 3 axes"),
        ((0, 0), (1, 0), (1, 1), None, "no box"),
        ((0, 0), (1, 1), (0, 1), None, "no box"),
        ((0, 0), (1, 1), (1, 1), {"front": "wall"}, 'no side "front"'),
    ],
)
def test_boxes_that_are_none_are_refused(low, high, blocks, sides, message):
    with pytest.raises(MeshError, match=message):
        coarse_box(low, high, blocks, boundaries=sides)


@pytest.mark.parametrize("dim", [2, 3])
def test_any_mesh_can_be_refined_after_one_cut(dim):
    """Nodes of a box moved about, those of every cell in any order."""
    random, given = np.random.default_rng(5), box(dim)
    inside = ((given.points > 0) & (given.points < given.points.max(axis=0))).all(axis=1)
    points = given.points + 0.03 * random.uniform(-1, 1, given.points.shape) * inside[:, None]
    cells = random.permuted(given.cells, axis=1)
    scrambled = dataclasses.replace(given, points=points, cells=cells)
    if dim == 3:
        with pytest.raises(MeshError, match="can be halved"):
            Forest(COMM, scrambled)
    base = base_of(barycentric(scrambled))
    assert len(base.cells) == len(cells) * (6 if dim == 2 else 24)
    deep = refine(base, at(np.array(CENTRE[dim]) + 0.0137, 0.2 / 2**9))
    assert_sound(deep, 0.4 ** (dim - 1))
    assert deep.generation.max() >= 7 * dim
    generations = [refine(base, lambda x: np.full(len(x), np.inf), k) for k in range(2 * dim)]
    assert quality(deep).min() >= min(quality(one).min() for one in generations) * (1 - 1e-9)
    found = Forest(COMM, barycentric(scrambled)).refined(band(dim))
    for name in ("substrate", "counter"):
        assert found.measure(name) == pytest.approx(0.4e-5 ** (dim - 1), rel=1e-12)


def test_the_solver_works_on_it():
    """Galvanostatic pulse in a binary cell: voltage at its beginning and end as in one dimension."""
    salt = Species("Na+", 1, 1e-9, 1000.0), Species("X-", -1, 2e-9, 1000.0)
    plating = Reaction("plating", 1, {"Na+": 1.0}, ButlerVolmer(Constant(30.0)), 0.0, {"Na+": 1000.0})
    ends = Interface("substrate", "working", (plating,)), Interface("counter", "counter", (plating,))
    model = Model(Electroneutral(salt, "X-"), 298.15, {"electrolyte": Medium()}, ends)
    line = interval(COMM, [Layer("electrolyte", 1e-5, cells=100)], ("substrate", "counter"))

    def size(x):
        return 0.03 + 0.3 * np.minimum(x[:, 1], 1 - x[:, 1]) + 0.1 * x[:, 0]

    found = []
    for mesh_of_cell in (line, Forest(COMM, box(2), 1).refined(size)):
        readings = Experiment(model, mesh_of_cell, Stepping(0.002)).run(pulse(-3000.0, 0.03, 0.01, 1))
        last = next(r for r in readings if np.isclose(r.time, 0.03))
        found.append((readings[0].voltage, last.voltage - readings[0].voltage))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-9)
    assert found[1][1] == pytest.approx(found[0][1], rel=0.01)
    assert found[0][1] < -0.005


def test_wrong_use_is_told():
    forest = Forest(COMM, box(2))
    with pytest.raises(MeshError, match="more than 500 cells"):
        forest.refined(band(2), limit=500)
    with pytest.raises(MeshError, match="not positive"):
        forest.refined(lambda x: np.zeros(len(x)))
    old, other = forest.refined(band(2)), Forest(COMM, box(2)).refined(band(2))
    quadratic = fem.Function(fem.functionspace(old.mesh, ("Lagrange", 2)))
    linear = fem.Function(fem.functionspace(old.mesh, ("Lagrange", 1)))
    with pytest.raises(MeshError, match="only P1"):
        carried([quadratic], old, old)
    with pytest.raises(MeshError, match="one forest"):
        carried([linear], old, other)
    with pytest.raises(MeshError, match="does not live"):
        carried([linear], forest.refined(band(2)), old)
    assert carried([], old, old) == []
