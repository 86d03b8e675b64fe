"""Named regions and facet sets: what is accepted, what they measure, how forms see them."""

from __future__ import annotations

import basix.ufl
import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.builders import Layer, box, interval, rectangle
from meshes.compat import FacetMesh, bind, compile_form
from meshes.errors import MeshError
from meshes.regions import Regions, simplex_measure
from meshes.tagged import TaggedMesh

COMM = MPI.COMM_WORLD

# Four triangles in a row of two unit squares; nodes 0..5 are (0,0) (1,0) (2,0) (0,1) (1,1) (2,1).
POINTS = np.array([(x, y) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)])
LEFT = np.array([(0, 1, 4), (0, 4, 3)])
RIGHT = np.array([(1, 2, 5), (1, 5, 4)])
MIDDLE = np.array([(1, 4)])


def squares(parts=None, sets=(), unit=1.0):
    return Regions(COMM, TaggedMesh.of(POINTS, parts or [("a", LEFT), ("b", RIGHT)], list(sets), unit))


@pytest.fixture(scope="module")
def cell():
    layers = [Layer("separator", 2e-6, cells=2), Layer("gel", 3e-6, cells=4)]
    return rectangle(COMM, 4e-6, layers, columns=3, left="side", right="side", unit=1e-6)


def test_measures_are_in_si(cell):
    assert cell.measure("separator") == pytest.approx(8e-12, rel=1e-14)
    assert cell.measure("gel") == pytest.approx(12e-12, rel=1e-14)
    assert cell.measure("working") == pytest.approx(4e-6, rel=1e-14)
    assert cell.measure("side") == pytest.approx(10e-6, rel=1e-14)
    assert cell.measure("separator|gel") == pytest.approx(4e-6, rel=1e-14)
    assert cell.number_of_cells() == 2 * 3 * 6
    assert (cell.dim, cell.cell, cell.unit) == (2, "triangle", 1e-6)
    np.testing.assert_allclose(cell.mesh.geometry.x.max(axis=0), (4.0, 5.0, 0.0), rtol=1e-14)


def test_neighbours(cell):
    assert cell.adjacent("working") == ("separator",)
    assert cell.adjacent("side") == ("separator", "gel")
    assert cell.adjacent("separator|gel") == ("separator", "gel")
    assert cell.interior("separator|gel")
    assert not cell.interior("side")


def test_measure_of_simplices_in_all_dimensions():
    random = np.random.default_rng(3)
    for dim in (1, 2, 3):
        corners = random.normal(size=(5, dim + 1, dim))
        edges = corners[:, 1:] - corners[:, :1]
        gram = np.linalg.det(edges @ edges.transpose(0, 2, 1))
        factor = (1.0, 1.0, 2.0, 6.0)[dim]
        np.testing.assert_allclose(simplex_measure(corners), np.sqrt(gram) / factor, rtol=1e-10)
    triangle = np.array([[(0, 0, 0), (3, 0, 0), (0, 0, 4)]], dtype=float)
    assert simplex_measure(triangle) == pytest.approx(6.0, rel=1e-15)
    assert simplex_measure(triangle[:, :1, :1]) == 1.0


def test_boundary_facets_lie_where_their_cells_say():
    """The facet opposite to each node, for cells whose nodes come in any order."""
    random = np.random.default_rng(1)
    given = box(COMM, 1.0, 2.0, [Layer("a", 3.0, cells=2)], columns=2, rows=2, left="l", back="b")
    assert given.measure("l") == pytest.approx(6.0, rel=1e-13)
    assert given.measure("b") == pytest.approx(3.0, rel=1e-13)
    cells = np.array([random.permutation(c) for c in np.concatenate((LEFT, RIGHT))])
    mixed = Regions(
        COMM, TaggedMesh.of(POINTS, [("a", cells)], [("top", [(3, 4)]), ("right", [(5, 2)])], 1.0)
    )
    for name, axis, at in (("top", 1, 1.0), ("right", 0, 2.0)):
        space = fem.functionspace(mixed.mesh, ("Lagrange", 1))
        x = space.tabulate_dof_coordinates()[mixed.dofs(space, name)]
        assert x.shape == (2, 3)
        np.testing.assert_allclose(x[:, axis], at, atol=1e-14)


def test_dofs_in_the_closure(cell):
    for degree in (1, 2):
        space = fem.functionspace(cell.mesh, ("Lagrange", degree))
        x = space.tabulate_dof_coordinates()
        lower, bottom = cell.dofs(space, "separator"), cell.dofs(space, "working")
        np.testing.assert_array_equal(np.sort(lower), np.flatnonzero(x[:, 1] < 2.0 + 1e-12))
        np.testing.assert_array_equal(np.sort(bottom), np.flatnonzero(x[:, 1] < 1e-12))
        assert bottom.size == 3 * degree + 1
    vector = fem.functionspace(cell.mesh, ("Lagrange", 1, (2,)))
    assert cell.dofs(vector, "working").size == 4


def test_dofs_of_a_space_on_another_mesh_are_refused(cell):
    facets = FacetMesh(cell.mesh, cell.facets("working"))
    with pytest.raises(MeshError, match="does not live on this mesh"):
        cell.dofs(fem.functionspace(facets.mesh, ("Lagrange", 1)), "working")


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_forms_compiled_once_are_bound_to_regions(dim):
    """Cells, outer facets and interfaces by tag; u = z + z^2 along the stack is exact in P2."""
    name = ("interval", "triangle", "tetrahedron")[dim - 1]
    abstract = ufl.Mesh(basix.ufl.element("Lagrange", name, 1, shape=(dim,)))
    u = ufl.Coefficient(ufl.FunctionSpace(abstract, basix.ufl.element("Lagrange", name, 2)))
    side = ufl.Coefficient(ufl.FunctionSpace(abstract, basix.ufl.element("DG", name, 0)))
    dx, ds, d_s = (ufl.Measure(kind, abstract) for kind in ("dx", "ds", "dS"))
    n = ufl.FacetNormal(abstract)
    # Tags: a 1, b 2; working 1, counter 2, a|b 3.
    forms = {
        "a": u * dx(1),
        "b": u * dx(2),
        "working": u * ds(1),
        "counter": u * ds(2),
        "interface": u("+") * d_s(3),
        "plus": side("+") * d_s(3),
        "minus": side("-") * d_s(3),
        "normal": n("+")[dim - 1] * d_s(3),
    }
    compiled = {key: compile_form(COMM, form) for key, form in forms.items()}
    layers = [Layer("a", 1.0, cells=2), Layer("b", 2.0, cells=3)]
    meshes = {
        1: lambda: interval(COMM, layers, unit=1.0),
        2: lambda: rectangle(COMM, 2.0, layers, columns=2, unit=1.0),
        3: lambda: box(COMM, 2.0, 1.0, layers, columns=2, rows=1, unit=1.0),
    }
    area = 1.0 if dim == 1 else 2.0  # of every cross section
    for regions in (meshes[dim](), meshes[dim]()):
        field = fem.Function(fem.functionspace(regions.mesh, ("Lagrange", 2)))
        field.interpolate(lambda x: x[dim - 1] + x[dim - 1] ** 2)
        tag = fem.Function(fem.functionspace(regions.mesh, ("DG", 0)))
        for region in regions.regions:
            tag.x.array[regions.dofs(tag.function_space, region)] = regions.regions[region]
        got = {
            key: fem.assemble_scalar(
                bind(form, regions.mesh, [], regions.entities(), {u: field, side: tag}, {})
            )
            for key, form in compiled.items()
        }
        expected = {
            "a": 0.5 + 1 / 3,
            "b": 4.0 + 26 / 3,
            "working": 0.0,
            "counter": 12.0,
            "interface": 2.0,
            "plus": 1.0,
            "minus": 2.0,
            "normal": 1.0,
        }
        for key, value in expected.items():
            assert got[key] == pytest.approx(value * area, rel=1e-12, abs=1e-14), key


def quadruples(regions, name):
    found = dict(regions.entities()[fem.IntegralType.interior_facet])
    return found[regions.boundaries[name]].reshape(-1, 4)


def region_of_cells(regions, cells):
    return ["".join(n for n in regions.regions if c in regions.cells(n)) for c in cells]


def test_plus_side_is_the_first_neighbour():
    default = squares()
    assert default.adjacent("a|b") == ("a", "b")
    assert region_of_cells(default, quadruples(default, "a|b")[:, 0]) == ["a"]
    named = squares(sets=[("b|a", MIDDLE)])
    assert named.adjacent("b|a") == ("b", "a")
    assert region_of_cells(named, quadruples(named, "b|a")[0, [0, 2]]) == ["b", "a"]
    assert list(named.boundaries) == ["b|a"]
    reverse = squares([("b", RIGHT), ("a", LEFT)])
    assert reverse.adjacent("b|a") == ("b", "a")


def test_a_cut_inside_one_region():
    regions = squares([("a", np.concatenate((LEFT, RIGHT)))], [("cut", MIDDLE)])
    assert regions.interior("cut")
    assert regions.adjacent("cut") == ("a",)
    assert regions.measure("cut") == 1.0
    plus, _, minus, _ = quadruples(regions, "cut")[0]
    original = regions.mesh.topology.original_cell_index
    assert (original[plus], original[minus]) == (0, 3)


def test_sets_may_share_nodes_and_the_rest_are_walls():
    regions = squares(sets=[("bottom", [(0, 1)]), ("left", [(0, 3)])])
    assert set(regions.boundaries) == {"bottom", "left", "a|b"}
    pairs = dict(regions.entities()[fem.IntegralType.exterior_facet])
    assert {tag: p.size for tag, p in pairs.items()} == {1: 2, 2: 2}


def test_rest_of_an_interface_joins_its_name():
    """A user who names some facets between two regions must not leave the others insulating unseen."""
    layers = [Layer("a", 1.0, cells=1), Layer("b", 1.0, cells=1)]
    whole = rectangle(COMM, 2.0, layers, columns=2)
    assert whole.measure("a|b") == pytest.approx(2.0, rel=1e-14)
    points = np.array([(x, y) for x in (0.0, 1.0, 2.0) for y in (0.0, 1.0, 2.0)])
    lower = np.array([(0, 3, 4), (0, 4, 1), (3, 6, 7), (3, 7, 4)])
    parts = [("a", lower), ("b", lower + 1)]
    for name, rest in (("a|b", 2.0), ("film", 1.0)):
        regions = Regions(COMM, TaggedMesh.of(points, parts, [(name, [(1, 4)])], 1.0))
        assert regions.measure("a|b") == pytest.approx(rest, rel=1e-14)
        assert regions.measure(name) == pytest.approx(rest if name == "a|b" else 1.0, rel=1e-14)


@pytest.mark.parametrize(
    ("parts", "sets", "message"),
    [
        ([("a", LEFT), ("b", RIGHT), ("c", RIGHT[:0])], [], 'region "c" has no cells'),
        (None, [("top", np.empty((0, 2)))], 'boundary "top" has no facets'),
        (None, [("top", [(3, 4), (4, 5)]), ("lid", [(5, 4)])], '"lid" and "top" overlap'),
        ([("a", LEFT), ("b", np.concatenate((RIGHT, LEFT[:1])))], [], '"a" and "b" overlap'),
        ([("a", np.concatenate((LEFT, LEFT)))], [], "2 cells are given twice"),
        (None, [("diagonal", [(0, 5)])], "belong to no cell"),
        (None, [("mixed", [(1, 4), (0, 1)])], "mixes the outer boundary with an interface"),
        (None, [("across", [(1, 4), (0, 4)])], r"more than two regions \(a\|a, a\|b\)"),
        (None, [("a", [(0, 1)])], 'name "a" stands for more than one'),
        ([("", LEFT)], [], "empty name"),
        ([("a", LEFT), ("b", [(0, 1, 2)])], [], "1 cells have no volume"),
        ([("a", np.concatenate((LEFT, [(0, 4, 5)], RIGHT)))], [], "more than two cells"),
        ([("a", LEFT[:0])], [], "has no cells"),
        ([("a", LEFT), ("b", RIGHT[:1]), ("a|b", RIGHT[1:])], [("x", [(1, 4)])], None),
    ],
)
def test_unusable_names_and_cells(parts, sets, message):
    if message is None:  # a region may be called like an interface as long as there is no such interface
        assert squares(parts, sets).regions["a|b"] == 3
        return
    with pytest.raises(MeshError, match=message):
        squares(parts, sets)


def test_region_and_automatic_interface_of_one_name():
    parts = [("a", LEFT[:1]), ("b", RIGHT[1:]), ("a|b", np.concatenate((LEFT[1:], RIGHT[:1])))]
    with pytest.raises(MeshError, match="name of a region and of the interface"):
        squares(parts)


def test_cells_without_region():
    given = TaggedMesh.of(POINTS, [("a", LEFT)], [], 1.0)
    bare = TaggedMesh(
        given.points, given.cells, np.array([1, 0]), ("a",), given.facets, given.facet_tags, (), 1.0
    )
    with pytest.raises(MeshError, match="1 cells belong to no region"):
        Regions(COMM, bare)
    with pytest.raises(MeshError, match="given no mesh"):
        Regions(COMM, None)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.cells("separatr"), 'unknown region "separatr"; did you mean "separator"'),
        (lambda r: r.facets("wroking"), 'unknown boundary "wroking"; did you mean "working"'),
        (lambda r: r.facets("gel"), 'unknown boundary "gel"; it is a region'),
        (lambda r: r.cells("side"), 'unknown region "side"; it is a boundary'),
        (lambda r: r.measure("xyz"), 'unknown region or boundary "xyz"; there are: "separator", "gel"'),
        (lambda r: r.adjacent("xyz"), 'unknown boundary "xyz"; there are: "working"'),
        (lambda r: r.interior("counterr"), 'did you mean "counter"'),
    ],
)
def test_unknown_names(cell, ask, message):
    with pytest.raises(MeshError, match=message):
        ask(cell)
