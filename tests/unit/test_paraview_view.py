"""Series read back as ParaView reads them, and the script of the usual view."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import test_fixed_pictures as fixed
from synthetic_run import CONCENTRATION, write_run
from synthetic_solid import write_solid_run

from postprocess.paraview_view import SCRIPT, SERIES, write_view
from postprocess.run import Run


def series(path: Path) -> list[tuple[float, object]]:
    """Times and meshes of a collection, by VTK's own readers behind PyVista's."""
    import pyvista

    reader = pyvista.get_reader(str(path))
    found = []
    for time in reader.time_values:
        reader.set_active_time_value(time)
        (mesh,) = reader.read()
        found.append((time, mesh))
    return found


def settings(script: Path) -> dict[str, object]:
    """VIEW of a script."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    (value,) = [
        n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "VIEW"
    ]
    found: dict[str, object] = ast.literal_eval(value)
    return found


def test_fields_and_surfaces_in_2d_are_one_series_each(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "needle", "needle", frames=4, pieces=2)
    run = Run.read(folder)
    assert write_view(run) == [folder / SCRIPT, folder / SERIES]
    fields, surfaces = series(folder / "fields.pvd"), series(folder / SERIES)
    assert [time for time, _ in fields] == pytest.approx(run.field_times_s)
    assert [time for time, _ in surfaces] == pytest.approx([front.time_s for front in run.fronts])
    sizes = {mesh.n_points for _, mesh in fields}
    assert len(sizes) >= 1
    for (_, mesh), front in zip(surfaces, run.fronts, strict=True):
        assert np.asarray(mesh.points)[:, :2] == pytest.approx(front.main.points_um, abs=1e-5)
        assert mesh.length > 0
        assert mesh.point_data["current_A_m2"].min() >= front.main.current_A_m2.min() - 1e-6
    tops = [mesh.bounds[3] for _, mesh in surfaces]
    assert tops == sorted(tops)
    assert tops[-1] > tops[0]


def test_the_script_knows_its_run(tmp_path: Path) -> None:
    plane = write_run(tmp_path / "needle", "needle", frames=3)
    write_view(Run.read(plane))
    view = settings(plane / SCRIPT)
    assert view["field"] == "concentration_mol_m3"
    assert view["dimension"] == 2
    assert view["limits"] == pytest.approx([0.0, CONCENTRATION])
    assert view["front"] == SERIES
    text = (plane / SCRIPT).read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    solid = write_solid_run(tmp_path / "bump")
    write_view(Run.read(solid))
    run = Run.read(solid)
    view = settings(solid / SCRIPT)
    assert view["dimension"] == 3
    assert view["plane_y"] == pytest.approx(run.shell(-1).tip_um[1], abs=1e-2)
    assert [time for time, _ in series(solid / SERIES)] == pytest.approx(run.shell_times_s)
    assert [mesh.n_cells for _, mesh in series(solid / SERIES)] == [
        len(run.shell(k).triangles) for k in range(len(run.shell_times_s))
    ]
    still = fixed.write_run(tmp_path / "fixed", 1)
    assert write_view(Run.read(still)) == [still / SCRIPT]
    assert settings(still / SCRIPT)["front"] == ""


def test_pvpython_draws_the_usual_view(tmp_path: Path) -> None:
    pvpython = os.environ.get("TERTIA_PVPYTHON") or shutil.which("pvpython")
    if not pvpython:
        pytest.skip("needs ParaView: no pvpython on the path, and TERTIA_PVPYTHON names none")
    for folder in (write_run(tmp_path / "needle", "needle", frames=3), write_solid_run(tmp_path / "bump")):
        write_view(Run.read(folder))
        picture = tmp_path / f"{folder.name}.png"
        command = [pvpython, str(folder / SCRIPT), "--png", str(picture)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert picture.is_file(), done.stdout + done.stderr
        import matplotlib.image

        image = matplotlib.image.imread(picture)[..., :3]
        assert image.shape == (900, 1100, 3)
        assert (
            len(np.unique((255 * image.reshape(-1, 3)).astype(int), axis=0)) > 100
        )  # more than a background
