"""A movie (mp4) of a run: one frame per output time, the last one held."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from postprocess import style
from postprocess.optional import need
from postprocess.run import Run, RunError
from postprocess.scenes import can_render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from postprocess.film import Scene

Image = npt.NDArray[np.uint8]
PIXELS_PER_INCH = 160
FPS, HELD = 8.0, 1.5
"""Frames per second; seconds for which the last one stays."""
QUALITY = 7
"""Of imageio-ffmpeg, from 0 to 10."""


def movie(run: Path, field: str | None = None, fps: float = FPS, out: Path | None = None) -> list[Path]:
    """Make a movie of a run in 2D or 3D: the field, the deposit, and curves up to the time shown.

    A frame is an output of the run: times are as far apart as `output.frames` made them, and are written on
    the frames. Coded as H.264 with 4:2:0 colours, which plays everywhere.

    Args:
        run: Run folder, finished or interrupted, with two or more outputs.
        field: Point data to show, such as "potential_V"; the concentration where not given.
        fps: Frames per second.
        out: The file; RUN/movie.mp4 where not given, with the field's name where it is.

    Returns:
        The file.

    Raises:
        RunError: The folder is not a run, lacks the field or outputs, or something needed is missing.
    """
    need("imageio_ffmpeg", "A movie")
    if not 0.1 <= fps <= 120.0:
        raise RunError(f"--fps {fps:g}: expected 0.1 to 120 frames per second.")
    data = Run.read(run)
    target = out or data.folder / (f"movie_{field}.mp4" if field else "movie.mp4")
    if target.suffix != ".mp4":
        raise RunError(f"--out {target}: expected a file that ends in .mp4.")
    if not can_render() and data.field_files and data.grid(0).dimension == 3:
        raise RunError(f"A movie of the 3D run {run} needs a screen or libEGL, see `tertia doctor`.")
    from postprocess.film import scene

    with style.publication():
        _write(scene(data, field), target, fps)
    return [target]


def _write(shown: Scene, target: Path, fps: float) -> None:
    """Draw and code frame by frame, so that memory holds one; the file appears when it is complete."""
    import imageio_ffmpeg

    part = target.with_name(f".{target.name}.part.mp4")
    frames = _frames(shown)
    first = next(frames)
    height, width, _ = first.shape
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        writer = imageio_ffmpeg.write_frames(
            str(part), (width, height), fps=fps, quality=QUALITY, macro_block_size=2, ffmpeg_log_level="error"
        )
        writer.send(None)
        image = first
        writer.send(image)
        for image in frames:
            writer.send(image)
        for _ in range(round(HELD * fps)):
            writer.send(image)
        writer.close()
        part.replace(target)
    except OSError as error:
        raise RunError(f"{target} cannot be written: {error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _frames(shown: Scene) -> Iterator[Image]:
    for number in range(len(shown.times_s)):
        yield pixels(shown.frame(number))


def pixels(figure: Figure) -> Image:
    """A figure as red, green, blue, shape (height, width, 3), both even as the code wants them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(PIXELS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[..., :3]
    height, width = (2 * (length // 2) for length in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width])
