"""Meshes of simple cells: sizes, names, grading, and files of gmsh."""

from __future__ import annotations

import itertools

import gmsh
import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.builders import Inclusion, Layer, Strip, box, channel, from_msh, interval, polygon, rectangle
from meshes.compat import geometry_dofmap
from meshes.errors import MeshError
from meshes.gmsh_file import session
from meshes.grading import stack

COMM = MPI.COMM_WORLD
SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def corners(regions, region):
    """Coordinates in m of the nodes of the cells of a region, shape (cells, dim + 1, dim)."""
    x = regions.mesh.geometry.x[:, : regions.dim] * regions.unit
    return x[geometry_dofmap(regions.mesh)[regions.cells(region)]]


def ends(regions, name):
    """Coordinates in m of the nodes of a facet set."""
    space = fem.functionspace(regions.mesh, ("Lagrange", 1))
    return space.tabulate_dof_coordinates()[regions.dofs(space, name), : regions.dim] * regions.unit


# --- division of lines -----------------------------------------------------------------------------


def test_equal_cells():
    np.testing.assert_allclose(Layer("a", 3e-6, cells=3).divide(), np.arange(4) * 1e-6, rtol=1e-15)
    np.testing.assert_allclose(np.diff(Layer("a", 1.0, size=0.3).divide()), 0.25, rtol=1e-14)
    assert len(Layer("a", 1.0, size=0.25).divide()) == 5


def test_geometric_grading_at_one_end():
    x = Layer("a", 1.0, size=1.0, size_start=1e-3, growth=1.2).divide()
    h = np.diff(x)
    assert 0.9e-3 < h[0] <= 1e-3
    assert h[0] == h.min()
    ratio = h[1:] / h[:-1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert 1.15 < ratio[0] <= 1.2


def test_grading_at_both_ends_up_to_the_largest_size():
    x = Layer("a", 1.0, size=0.05, size_start=1e-4, size_end=1e-3, growth=1.3).divide()
    h = np.diff(x)
    assert (x[0], x[-1]) == (0.0, 1.0)
    assert 0.8e-4 < h[0] <= 1e-4
    assert 0.8e-3 < h[-1] <= 1e-3
    assert 0.04 < h.max() <= 0.05
    ratio = h[1:] / h[:-1]
    assert ratio.max() <= 1.3 * (1 + 1e-9)
    assert ratio.min() >= 1 / 1.3 * (1 - 1e-9)
    assert np.sum(np.isclose(h, h.max(), rtol=1e-6)) > 5


@pytest.mark.parametrize(("start", "end"), [(1e-3, None), (None, 1e-3), (1e-3, 1e-3), (1e-3, 5e-3)])
def test_grading_with_a_given_number_of_cells(start, end):
    h = np.diff(Layer("a", 1.0, cells=30, size_start=start, size_end=end).divide())
    assert h.size == 30
    assert h.sum() == pytest.approx(1.0, rel=1e-14)
    if start:
        assert h[0] == pytest.approx(start, rel=1e-6)
    if end:
        assert h[-1] == pytest.approx(end, rel=1e-6)
    if start == end:
        np.testing.assert_allclose(h, h[::-1], rtol=1e-9)


def test_more_cells_than_the_sizes_need_are_equal():
    np.testing.assert_allclose(np.diff(Layer("a", 1.0, cells=10, size_start=0.2).divide()), 0.1, rtol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thickness": 1.0}, "either the number of cells or their largest size"),
        ({"thickness": 1.0, "cells": 2, "size": 0.1}, "either"),
        ({"thickness": -1.0, "cells": 2}, "thickness is -1"),
        ({"thickness": 1.0, "cells": 0}, "cells is 0"),
        ({"thickness": 1.0, "size": 0.1, "size_end": float("nan")}, "size_end is nan"),
        ({"thickness": 1.0, "size": 0.1, "growth": 1.0}, "growth is 1"),
    ],
)
def test_impossible_layers(arguments, message):
    with pytest.raises(MeshError, match=f'layer "gel": .*{message}'):
        Layer("gel", **arguments)


def test_too_few_cells_for_the_sizes_and_no_layers():
    with pytest.raises(MeshError, match="3 cells are too few"):
        Layer("gel", 1.0, cells=3, size_start=1e-3).divide()
    with pytest.raises(MeshError, match="at least one layer"):
        stack([])


# --- stacked cells ---------------------------------------------------------------------------------


def test_interval():
    layers = [
        Layer("anolyte", 10e-6, size=2e-6, size_start=1e-8),
        Layer("separator", 20e-6, cells=4),
        Layer("anolyte", 10e-6, cells=3),
    ]
    cell = interval(COMM, layers, boundaries=("working", None))
    assert (cell.cell, cell.unit) == ("interval", pytest.approx(40e-6))
    assert list(cell.regions) == ["anolyte", "separator"]
    assert set(cell.boundaries) == {"working", "anolyte|separator"}
    assert cell.measure("anolyte") == pytest.approx(20e-6, rel=1e-14)
    assert cell.measure("separator") == pytest.approx(20e-6, rel=1e-14)
    assert cell.measure("working") == 1.0
    assert cell.measure("anolyte|separator") == 2.0
    np.testing.assert_allclose(np.sort(ends(cell, "anolyte|separator")[:, 0]), (10e-6, 30e-6), rtol=1e-14)
    size = np.abs(np.diff(corners(cell, "anolyte")[:, :, 0], axis=1))[:, 0]
    smallest = corners(cell, "anolyte")[np.argmin(size), :, 0]
    assert size.min() <= 1e-8
    assert smallest.min() == 0.0


def test_rectangle_is_graded_towards_the_electrodes():
    layers = [Layer("electrolyte", 1e-3, size=1e-4, size_start=1e-6, size_end=5e-6)]
    cell = rectangle(COMM, 2e-3, layers, columns=4)
    y = np.unique(np.round(corners(cell, "electrolyte")[:, :, 1], 15))
    assert 0.8e-6 < y[1] - y[0] <= 1e-6
    assert 4e-6 < y[-1] - y[-2] <= 5e-6
    assert cell.number_of_cells() == 2 * 4 * (len(y) - 1)
    assert cell.measure("electrolyte") == pytest.approx(2e-6, rel=1e-13)
    assert cell.measure("working") == pytest.approx(2e-3, rel=1e-14)
    np.testing.assert_allclose(ends(cell, "working")[:, 1], 0.0, atol=1e-17)
    np.testing.assert_allclose(ends(cell, "counter")[:, 1], 1e-3, rtol=1e-14)


@pytest.mark.parametrize(
    ("diagonal", "columns", "cells"),
    [("right", 3, 18), ("left", 3, 18), ("symmetric", 3, 24), ("crossed", 3, 36)],
)
def test_diagonals(diagonal, columns, cells):
    cell = rectangle(COMM, 1.0, [Layer("a", 1.0, cells=3)], columns=columns, diagonal=diagonal)
    assert cell.number_of_cells() == cells
    assert cell.measure("a") == pytest.approx(1.0, rel=1e-14)
    assert cell.measure("counter") == pytest.approx(1.0, rel=1e-14)

    def centres(x):
        return {tuple(np.round(p, 9)) for p in x.mean(axis=1)}

    x = corners(cell, "a")
    mirrored = x * (-1.0, 1.0) + (1.0, 0.0)
    assert (centres(x) == centres(mirrored)) == (diagonal in ("symmetric", "crossed"))


def test_unknown_diagonal():
    with pytest.raises(MeshError, match="expected right, left, symmetric or crossed"):
        rectangle(COMM, 1.0, [Layer("a", 1.0, cells=1)], columns=1, diagonal="up")


def test_box():
    layers = [Layer("a", 1e-6, cells=2), Layer("b", 2e-6, cells=3, size_start=1e-7)]
    cell = box(COMM, 4e-6, 3e-6, layers, columns=2, rows=3, left="x", right="x", front="y", back="yy")
    assert cell.number_of_cells() == 6 * 2 * 3 * 5
    area = {"working": 12e-12, "counter": 12e-12, "x": 18e-12, "y": 12e-12, "yy": 12e-12, "a|b": 12e-12}
    for name, value in area.items():
        assert cell.measure(name) == pytest.approx(value, rel=1e-13), name
    assert cell.measure("a") == pytest.approx(12e-18, rel=1e-13)
    assert cell.measure("b") == pytest.approx(24e-18, rel=1e-13)
    np.testing.assert_allclose(ends(cell, "y")[:, 1], 0.0, atol=1e-20)
    np.testing.assert_allclose(ends(cell, "yy")[:, 1], 3e-6, rtol=1e-14)
    assert cell.adjacent("x") == ("a", "b")
    z = np.unique(np.round(corners(cell, "b")[:, :, 2], 15))
    assert z[1] - z[0] == pytest.approx(1e-7, rel=1e-6)


def test_channel():
    strips = [Strip("cathode", 0.02, 0.03), Strip("anode", 0.015, 0.035, "top"), Strip("anode", 0.0, 0.01)]
    sizes = {"along": 2e-3, "across": 1e-3, "edge": 1e-4, "wall": 2e-5}
    cell = channel(COMM, 0.05, 0.01, strips, **sizes)
    assert cell.measure("electrolyte") == pytest.approx(5e-4, rel=1e-13)
    for name, length in {"inlet": 0.01, "outlet": 0.01, "cathode": 0.01, "anode": 0.03}.items():
        assert cell.measure(name) == pytest.approx(length, rel=1e-12), name
    x = ends(cell, "cathode")
    np.testing.assert_allclose(x[:, 1], 0.0, atol=1e-16)
    assert (x[:, 0].min(), x[:, 0].max()) == pytest.approx((0.02, 0.03), rel=1e-13)
    np.testing.assert_allclose(ends(cell, "inlet")[:, 0], 0.0, atol=1e-16)
    x, y = (np.unique(np.round(corners(cell, "electrolyte")[:, :, k], 12)) for k in (0, 1))
    for edge in (0.01, 0.015, 0.02, 0.03, 0.035):
        k = int(np.argmin(np.abs(x - edge)))
        assert x[k] == pytest.approx(edge, rel=1e-10)
        assert np.diff(x[k - 1 : k + 2]).max() <= 1e-4 * (1 + 1e-6)
    assert np.diff(y)[[0, -1]].max() <= 2e-5 * (1 + 1e-6)
    assert np.diff(x).max() > 1e-3
    closed = channel(COMM, 1.0, 1.0, [Strip("e", 0.0, 1.0)], along=0.5, across=0.5, inlet=None, outlet=None)
    assert list(closed.boundaries) == ["e"]


@pytest.mark.parametrize(
    ("strips", "message"),
    [
        ([Strip("a", 0.1, 0.5), Strip("b", 0.4, 0.6)], 'electrodes "a" and "b" overlap in the bottom wall'),
        ([Strip("a", 0.5, 0.5)], "runs from 0.5 to 0.5 m"),
        ([Strip("a", 0.5, 1.5)], "channel from 0 to 1 m"),
        ([Strip("a", 0.1, 0.5, "left")], "expected bottom or top"),
        ([Strip("inlet", 0.1, 0.5), Strip("electrolyte", 0.6, 0.7)], "stands for more than one"),
    ],
)
def test_strips_that_do_not_fit(strips, message):
    with pytest.raises(MeshError, match=message):
        channel(COMM, 1.0, 1.0, strips, along=0.2, across=0.2)


# --- polygons --------------------------------------------------------------------------------------

# The 267 ml Hull cell: parallel walls of 127 and 47.6 mm, 63.5 mm apart at right angles to the anode.
HULL = [(0.0, 0.0), (0.127, 0.0), (0.0476, 0.0635), (0.0, 0.0635)]


def test_hull_cell():
    cell = polygon(
        COMM,
        HULL,
        [None, "cathode", None, "anode"],
        size=5e-3,
        refine=[((0.127, 0.0), 2e-4)],
        edge_sizes={"cathode": 1e-3},
    )
    cathode = np.hypot(0.127 - 0.0476, 0.0635)
    assert cell.measure("electrolyte") == pytest.approx(0.5 * (0.127 + 0.0476) * 0.0635, rel=1e-12)
    assert cell.measure("cathode") == pytest.approx(cathode, rel=1e-12)
    assert cell.measure("anode") == pytest.approx(0.0635, rel=1e-12)
    assert set(cell.boundaries) == {"anode", "cathode"}
    x = corners(cell, "electrolyte")
    size = np.linalg.norm(x - np.roll(x, 1, axis=1), axis=2).max(axis=1)
    centre = x.mean(axis=1)
    at_tip = np.hypot(*(centre - (0.127, 0.0)).T) < 5e-4
    far = (centre[:, 0] < 0.02) & (centre[:, 1] < 0.02)
    assert at_tip.any()
    assert size[at_tip].max() < 4e-4
    assert 3e-3 < np.median(size[far]) < 7e-3
    on_cathode = np.sort(ends(cell, "cathode")[:, 0])
    assert np.diff(on_cathode).max() * cathode / 0.0794 < 1.3e-3


def test_polygon_is_the_same_in_any_unit_and_every_time():
    edges = ["a", None, "b", None]
    first = polygon(COMM, SQUARE, edges, size=0.1)
    second = polygon(COMM, [(x * 1e-7, y * 1e-7) for x, y in SQUARE], edges, size=1e-8)
    assert first.number_of_cells() == second.number_of_cells()
    assert second.measure("electrolyte") == pytest.approx(1e-14, rel=1e-12)
    np.testing.assert_allclose(first.mesh.geometry.x, second.mesh.geometry.x, atol=1e-12)


def test_polygon_with_inclusions():
    inclusions = [
        Inclusion("particle", [(0.5, 0.6)], radius=0.2, size=0.02),
        Inclusion(None, [(0.0, 0.1), (0.2, 0.1), (0.2, 0.2), (0.0, 0.2)], boundary="notch"),
        Inclusion("pad", [(0.4, 0.0), (0.6, 0.0), (0.6, 0.1), (0.4, 0.1)], boundary="pad surface"),
    ]
    cell = polygon(COMM, SQUARE, ["bottom", "right", None, "left"], size=0.1, inclusions=inclusions)
    n = len(ends(cell, "electrolyte|particle"))
    inscribed = 0.5 * n * np.sin(2 * np.pi / n) * 0.2**2
    assert 2 * np.pi * 0.2 / n < 0.025
    assert cell.measure("particle") == pytest.approx(inscribed, rel=1e-6)
    assert cell.measure("pad") == pytest.approx(0.02, rel=1e-9)
    assert cell.measure("electrolyte") == pytest.approx(1.0 - inscribed - 0.04, rel=1e-6)
    length = {"bottom": 1.0, "right": 1.0, "left": 0.9, "notch": 0.5, "pad surface": 0.4}
    for name, value in length.items():
        assert cell.measure(name) == pytest.approx(value, rel=1e-9), name
    assert cell.adjacent("bottom") == ("electrolyte", "pad")
    assert cell.adjacent("pad surface") == ("electrolyte", "pad")
    assert cell.adjacent("electrolyte|particle") == ("electrolyte", "particle")
    assert not cell.interior("notch")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": ["a"]}, "4 corners need as many edge names, not 1"),
        ({"points": [(0, 0), (1, 1), (1, 0), (0, 1)]}, "not a simple polygon"),
        ({"size": 0.0}, "sizes must be positive"),
        ({"edge_sizes": {"b": 0.1}}, 'no edge is named "b"; there are: "a"'),
        ({"inclusions": [Inclusion("p", [(0.9, 0.5)], radius=0.2)]}, "inclusion 1 sticks out"),
        (
            {"inclusions": [Inclusion("p", [(x, 0.5)], radius=0.2) for x in (0.3, 0.6)]},
            "inclusions 1 and 2 overlap",
        ),
        ({"inclusions": [Inclusion("p", [(0.5, 0.5)])]}, "at least three corners"),
        ({"inclusions": [Inclusion("p", [(0.5, 0.5)], radius=-1.0)]}, "a positive radius"),
    ],
)
def test_polygons_that_make_no_mesh(change, message):
    arguments = {"points": SQUARE, "edges": ["a", None, None, None], "size": 0.2} | change
    with pytest.raises(MeshError, match=message):
        polygon(COMM, **arguments)


# --- files of gmsh ---------------------------------------------------------------------------------


def write(path, draw, options=None, dim=2):
    """Let `draw` make geometry and physical groups, mesh it, write it."""
    settings = {"General.Terminal": 0, "Mesh.MeshSizeMax": 0.3, "Mesh.MeshOnlyEmpty": 0, "Mesh.SaveAll": 0}
    restored = {
        "Mesh.MshFileVersion": 4.1,
        "Mesh.ElementOrder": 1,
        "Mesh.RecombineAll": 0,
        "Mesh.MeshSizeFromPoints": 1,
    }
    with session(settings | restored | (options or {})):
        draw(gmsh.model, gmsh.model.occ)
        gmsh.model.mesh.generate(dim)
        gmsh.write(str(path))
    return path


def two_squares(model, occ, names=("left", "right"), facets=True):
    a, b = occ.addRectangle(0, 0, 0, 1, 1), occ.addRectangle(1, 0, 0, 2, 1)
    occ.fragment([(2, a)], [(2, b)])
    occ.synchronize()
    for surface, name in zip((a, b), names, strict=True):
        if name is not None:
            model.addPhysicalGroup(2, [surface], name=name)
    at = {}
    for _, curve in model.getEntities(1):
        x0, _, _, x1, _, _ = model.getBoundingBox(1, curve)
        if x1 - x0 < 1e-3:
            at[round(0.5 * (x0 + x1))] = curve
    if facets:
        model.addPhysicalGroup(1, [at[0]], name="working")
        model.addPhysicalGroup(1, [at[3]], name="counter")
        model.addPhysicalGroup(1, [at[1]], name="right|left")


@pytest.mark.parametrize("version", [2.2, 4.1])
def test_msh_in_2d(tmp_path, version):
    path = write(tmp_path / "cell.msh", two_squares, {"Mesh.MshFileVersion": version})
    cell = from_msh(COMM, path, unit_of_file=1e-3, expected=("left", "working"))
    assert cell.unit == pytest.approx(3e-3, rel=1e-12)
    assert cell.measure("left") == pytest.approx(1e-6, rel=1e-12)
    assert cell.measure("right") == pytest.approx(2e-6, rel=1e-12)
    for name in ("working", "counter", "right|left"):
        assert cell.measure(name) == pytest.approx(1e-3, rel=1e-12)
    assert cell.adjacent("right|left") == ("right", "left")
    np.testing.assert_allclose(ends(cell, "counter")[:, 0], 3e-3, rtol=1e-12)
    assert set(cell.boundaries) == {"working", "counter", "right|left"}


def test_interface_without_group_is_found(tmp_path):
    path = write(tmp_path / "cell.msh", lambda model, occ: two_squares(model, occ, facets=False))
    cell = from_msh(COMM, path)
    assert list(cell.boundaries) == ["left|right"]
    assert cell.interior("left|right")
    assert cell.measure("left|right") == pytest.approx(1.0, rel=1e-12)


def test_msh_in_1d_with_points_as_boundaries(tmp_path):
    def draw(model, occ):
        points = [occ.addPoint(x, 0, 0) for x in (0.0, 1.0, 3.0)]
        lines = [occ.addLine(points[k], points[k + 1]) for k in (0, 1)]
        occ.synchronize()
        for dim, entity, name in (
            (1, lines[0], "a"),
            (1, lines[1], "b"),
            (0, points[0], "working"),
            (0, points[2], "counter"),
        ):
            model.addPhysicalGroup(dim, [entity], name=name)

    cell = from_msh(COMM, write(tmp_path / "line.msh", draw, dim=1), unit_of_file=1e-6)
    assert (cell.cell, cell.dim) == ("interval", 1)
    assert cell.measure("b") == pytest.approx(2e-6, rel=1e-13)
    assert cell.measure("working") == 1.0
    assert cell.adjacent("a|b") == ("a", "b")
    np.testing.assert_allclose(ends(cell, "counter"), 3e-6, rtol=1e-13)


def test_msh_in_3d(tmp_path):
    def draw(model, occ):
        a, b = occ.addBox(0, 0, 0, 1, 1, 1), occ.addBox(0, 0, 1, 1, 1, 2)
        occ.fragment([(3, a)], [(3, b)])
        occ.synchronize()
        model.addPhysicalGroup(3, [a], name="a")
        model.addPhysicalGroup(3, [b], name="b")
        bottom = [s for _, s in model.getEntities(2) if abs(model.occ.getCenterOfMass(2, s)[2]) < 1e-9]
        model.addPhysicalGroup(2, bottom, name="working")

    cell = from_msh(COMM, write(tmp_path / "box.msh", draw, {"Mesh.MeshSizeMax": 0.5}, dim=3))
    assert cell.cell == "tetrahedron"
    assert cell.measure("a") == pytest.approx(1.0, rel=1e-12)
    assert cell.measure("b") == pytest.approx(2.0, rel=1e-12)
    assert cell.measure("working") == pytest.approx(1.0, rel=1e-12)
    assert cell.measure("a|b") == pytest.approx(1.0, rel=1e-12)
    assert cell.adjacent("working") == ("a",)


def test_structured_mesh_survives_a_round_trip(tmp_path):
    """Write a mesh of ours as a .msh file by hand (format 2.2) and read it again."""
    ours = rectangle(COMM, 1.0, [Layer("a", 1.0, cells=2), Layer("b", 1.0, cells=3)], columns=2, unit=1.0)
    nodes = ours.mesh.geometry.x
    names = [(2, name, ours.cells(name)) for name in ours.regions]
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", "4"]
    lines += [
        '2 1 "a"',
        '2 2 "b"',
        '1 3 "working"',
        '1 4 "a|b"',
        "$EndPhysicalNames",
        "$Nodes",
        str(len(nodes)),
    ]
    lines += [f"{k + 1} {x!r} {y!r} {z!r}" for k, (x, y, z) in enumerate(nodes.tolist())]
    rows = []
    for tag, (_, _, cells) in enumerate(names, 1):
        rows += [(2, tag, *(geometry_dofmap(ours.mesh)[c] + 1)) for c in cells]
    for tag, height in ((3, 0.0), (4, 1.0)):
        on_line = [int(k) + 1 for k in np.flatnonzero(nodes[:, 1] == height)]
        on_line.sort(key=lambda k: nodes[k - 1, 0])
        rows += [(1, tag, a, b) for a, b in itertools.pairwise(on_line)]
    lines += ["$EndNodes", "$Elements", str(len(rows))]
    lines += [
        f"{k} {kind} 2 {tag} {tag} " + " ".join(map(str, corner))
        for k, (kind, tag, *corner) in enumerate(rows, 1)
    ]
    path = tmp_path / "ours.msh"
    path.write_text("\n".join([*lines, "$EndElements", ""]))
    again = from_msh(COMM, path, unit=1.0)
    assert again.number_of_cells() == ours.number_of_cells()
    for name in ("a", "b", "working", "a|b"):
        assert again.measure(name) == pytest.approx(ours.measure(name), rel=1e-14)
    assert "counter" not in again.boundaries


@pytest.mark.parametrize(
    ("draw", "options", "message"),
    [
        (lambda m, o: two_squares(m, o, ("left", None)), {"Mesh.SaveAll": 1}, None),
        (lambda m, o: two_squares(m, o, (None, None)), {"Mesh.SaveAll": 1}, "Physical Surface"),
        (lambda m, o: two_squares(m, o, ("left", "")), {}, "physical surface 2 has no name"),
        (two_squares, {"Mesh.ElementOrder": 2}, "holds elements of type Triangle 6"),
        (two_squares, {"Mesh.RecombineAll": 1}, "expected straight lines, triangles or tetrahedra"),
    ],
)
def test_groups_that_are_missing_or_unusable(tmp_path, draw, options, message):
    path = write(tmp_path / "cell.msh", draw, options)
    with pytest.raises(MeshError, match=message or "cells are in no physical surface"):
        from_msh(COMM, path)


def test_missing_names_and_files(tmp_path):
    path = write(tmp_path / "cell.msh", two_squares)
    with pytest.raises(MeshError, match='no physical group named "anode"; there are "left", "right"'):
        from_msh(COMM, path, expected=("left", "anode"))
    with pytest.raises(MeshError, match="no such file"):
        from_msh(COMM, tmp_path / "none.msh")
    with pytest.raises(MeshError, match=r"ends in \.msh"):
        from_msh(COMM, tmp_path / "cell.geo")
    broken = tmp_path / "broken.msh"
    broken.write_text("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n3\n")
    with pytest.raises(MeshError, match="gmsh cannot read it"):
        from_msh(COMM, broken)
    # gmsh stays locked after an error and would now mesh nothing.
    assert from_msh(COMM, path).measure("left") == pytest.approx(1.0, rel=1e-12)
    assert polygon(COMM, SQUARE, [None] * 4, size=0.5).number_of_cells() > 4


def test_group_of_a_tilted_surface(tmp_path):
    def draw(model, occ):
        a = occ.addRectangle(0, 0, 0, 1, 1)
        occ.rotate([(2, a)], 0, 0, 0, 1, 0, 0, 0.3)
        occ.synchronize()
        model.addPhysicalGroup(2, [a], name="a")

    with pytest.raises(MeshError, match="must lie in the xy plane"):
        from_msh(COMM, write(tmp_path / "tilted.msh", draw))


def test_gmsh_is_left_as_it_was():
    polygon(COMM, SQUARE, [None] * 4, size=0.5)
    before = gmsh.model.list(), gmsh.option.getNumber("Mesh.Algorithm")
    gmsh.option.setNumber("Mesh.Algorithm", 5)
    polygon(COMM, SQUARE, [None] * 4, size=0.5)
    assert gmsh.option.getNumber("Mesh.Algorithm") == 5
    gmsh.option.setNumber("Mesh.Algorithm", before[1])
    assert gmsh.model.list() == before[0]
