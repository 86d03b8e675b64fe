"""Errors raised by the geometry and mesh layer."""

from __future__ import annotations


class MeshError(RuntimeError):
    """A front or a mesh that cannot be used, with the reason in one sentence."""
