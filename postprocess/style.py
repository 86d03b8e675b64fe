"""How pictures look: fonts, colours, units, formats.

Colours are safe for colour-blind readers: viridis and cividis for scales, Okabe and Ito's set for kinds
(https://jfly.uni-koeln.de/color). Sizes are those of a printed page: 8 pt text, 85 mm or 178 mm wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SINGLE, DOUBLE = 3.35, 7.0  # widths of one and two journal columns, inches

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

METAL, METAL_EDGE = "#B9BDC3", "#3C4046"  # deposit
DEAD = "#E3B8A0"  # metal that has lost its contact
SUBSTRATE = {"island": ORANGE, "matrix": "#6E7781"}  # below the deposit
TIME_MAP, CONCENTRATION_MAP = "viridis", "cividis"

RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "figure.titlesize": 9.0,
    "axes.linewidth": 0.6,
    "axes.labelpad": 3.0,
    "axes.prop_cycle": f"cycler('color', {list(CYCLE)})",
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "image.cmap": CONCENTRATION_MAP,
    "mathtext.default": "regular",
    "pdf.fonttype": 42,
    "savefig.dpi": 300.0,
    "savefig.facecolor": "white",
}


@contextmanager
def publication() -> Iterator[None]:
    """Matplotlib settings of this module, for the duration of a `with` block; draws without a screen."""
    import logging

    import matplotlib

    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR)  # a preferred font that is not installed is no news
    try:
        with matplotlib.rc_context(RC):
            yield
    finally:
        fonts.setLevel(level)


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write `figure` as `stem.png` (300 dpi) and `stem.pdf` (vectors); make the folder where it is missing.

    Returns:
        The two files.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = [stem.with_name(stem.name + ending) for ending in (".png", ".pdf")]
    for file in files:
        figure.savefig(file, bbox_inches="tight", pad_inches=0.04)
    return files


def time_unit(longest_s: float) -> tuple[float, str]:
    """Unit in which times up to `longest_s` (s) read well.

    Returns:
        Units per second, and the unit's name.
    """
    for seconds, name in ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if longest_s >= 2 * seconds:
            return 1 / seconds, name
    return 1e9, "ns"
