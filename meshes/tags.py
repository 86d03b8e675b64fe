"""Tags of the boundary facets of a mesh of the electrolyte, in 2D and in 3D."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FRONT = 1
"""The growing electrode."""
COUNTER = 2
"""The counter electrode, whether it moves or not."""
WALL_X, WALL_Y, WALL_Z = 3, 4, 5
"""Insulating symmetry planes normal to an axis; nodes slide along them."""
INERT = 6
"""Insulating surfaces that do not move."""
WALLS = (WALL_X, WALL_Y, WALL_Z)
"""Tag of the symmetry planes by the number of the axis that they are normal to."""
BOUNDARIES: Mapping[str, int] = MappingProxyType({"front": FRONT, "counter": COUNTER, "inert": INERT})
"""Tag of all other parts of the boundary by name."""
