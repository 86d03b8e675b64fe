"""Exit 0 if this Python can run Tertia; else say on one line what it lacks and exit 1.

    usable.py [test]      with "test", the tools of `tertia test` count too

Looks, imports nothing heavy: the launcher asks this before every command.
"""

from __future__ import annotations

import sys
from importlib import metadata, util

RUN = (
    "dolfinx basix ffcx ufl petsc4py mpi4py gmsh numpy scipy shapely meshio pydantic pint rich typer "
    "matplotlib pyvista tomlkit plotly imageio_ffmpeg pyarrow"
)
TEST = "pytest hypothesis ruff mypy importlinter jsonschema mkdocs mkdocstrings playwright"
OLDEST, TOO_NEW = (0, 9), (0, 12)
"""Versions of DOLFINx."""


def lacks(modules: str) -> str:
    """Return what is wrong with this Python, or "" when nothing is."""
    if sys.version_info < (3, 11):  # noqa: UP036  (whatever python3 a user has gets here)
        return f"Python {sys.version_info[0]}.{sys.version_info[1]} is older than 3.11"
    missing = [name for name in modules.split() if util.find_spec(name) is None]
    if missing:
        return "Python packages are missing: " + " ".join(missing)
    version = metadata.version("fenics-dolfinx")
    if not OLDEST <= tuple(int(number) for number in version.split(".")[:2]) < TOO_NEW:
        return f"DOLFINx {version} is not one of 0.9, 0.10, 0.11"
    return ""


if __name__ == "__main__":
    reason = lacks(f"{RUN} {TEST}" if "test" in sys.argv[1:] else RUN)
    if reason:
        print(reason)
    sys.exit(bool(reason))
