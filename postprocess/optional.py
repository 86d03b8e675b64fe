"""Libraries that only some commands need."""

from __future__ import annotations

from importlib.util import find_spec

from postprocess.tables import RunError


def need(package: str, what: str) -> None:
    """Make sure that a package of PyPI is there.

    Raises:
        RunError: It is not.
    """
    if find_spec(package.replace("-", "_")) is None:
        raise RunError(f"{what} needs the Python package {package}: pip install {package}.")
