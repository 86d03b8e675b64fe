"""Movies: their frames, their size in time, and what is told where none can be made."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import test_fixed_pictures as fixed
from synthetic_run import write_run
from synthetic_solid import write_solid_run

from postprocess import film, movie, style
from postprocess.run import Run, RunError


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movie, "PIXELS_PER_INCH", 50)


def frames_of(path: Path) -> tuple[list[movie.Image], float]:
    """Frames and their number per second, decoded."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    about = re.search(r"Video: h264.*?, (\d+)x(\d+).*?, ([\d.]+) fps", done.stderr.decode())
    assert about is not None, done.stderr
    width, height, fps = int(about[1]), int(about[2]), float(about[3])
    return list(np.frombuffer(done.stdout, dtype=np.uint8).reshape(-1, height, width, 3)), fps


def test_a_movie_has_a_frame_per_output_and_holds_the_last(tmp_path: Path) -> None:
    run = write_run(tmp_path / "needle", "needle", frames=4)
    made = movie.movie(run, fps=4.0)
    assert made == [run / "movie.mp4"]
    frames, fps = frames_of(made[0])
    assert fps == pytest.approx(4.0)
    assert len(frames) == 4 + 6
    with style.publication():
        drawn = [movie.pixels(film.scene(Run.read(run)).frame(k)) for k in range(4)]
    for frame, picture in zip(frames, drawn, strict=False):
        assert frame.shape == picture.shape
        assert np.abs(frame.astype(int) - picture).mean() < 6.0  # of 255: what the code loses
    changes = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(drawn)]
    assert min(changes) > 2.0
    assert not list(run.glob(".*part*"))


def test_metal_grows_in_the_picture(tmp_path: Path) -> None:
    run = Run.read(write_run(tmp_path / "needle", "needle", frames=3))
    grey = np.array([0xB9, 0xBD, 0xC3])
    with style.publication():
        shown = film.scene(run)
        metal = [int(np.all(movie.pixels(shown.frame(k)) == grey, axis=2).sum()) for k in range(3)]
    assert metal[0] < metal[1] < metal[2]


def test_solid_and_fixed_runs_move_too(tmp_path: Path) -> None:
    solid = movie.movie(write_solid_run(tmp_path / "bump"), fps=2.0)[0]
    assert len(frames_of(solid)[0]) == 3 + 3
    plane = fixed.write_run(tmp_path / "fixed", 2)
    outputs = len(Run.read(plane).field_files)
    made = movie.movie(plane, field="potential_V", fps=2.0, out=tmp_path / "new" / "x.mp4")[0]
    assert len(frames_of(made)[0]) == outputs + 3


def test_what_cannot_be_moved_is_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "needle", "needle", frames=2)
    with pytest.raises(RunError, match=r"no field heat, expected one of: concentration_mol_m3, potential_V"):
        movie.movie(run, field="heat")
    with pytest.raises(RunError, match=r"--fps 0: expected"):
        movie.movie(run, fps=0.0)
    with pytest.raises(RunError, match=r"ends in \.mp4"):
        movie.movie(run, out=tmp_path / "x.gif")
    with pytest.raises(RunError, match="in 1D"):
        movie.movie(fixed.write_run(tmp_path / "line", 1))
    assert not list(run.glob("*.mp4"))
