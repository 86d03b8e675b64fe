"""What polylines and shells of triangles have in common: vertices, facets between them, values on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .nearest import Place, nearest


class Facets:
    """A surface of facets: edges in 2D, triangles in 3D; n vertices and m facets."""

    if TYPE_CHECKING:

        @property
        def points(self) -> FloatArray:
            """Vertices, shape (n, d)."""
            ...

        @property
        def cells(self) -> IntArray:
            """Vertices of every facet, shape (m, d)."""
            ...

    def on_facets(self, values: FloatArray) -> FloatArray:
        """Mean over every facet of values at the vertices, (n,) -> (m,)."""
        return np.asarray(values[self.cells].mean(axis=1))

    def vertices_of(self, facets: BoolArray) -> BoolArray:
        """Vertices of the given facets, (m,) -> (n,)."""
        found = np.zeros(len(self.points), dtype=np.bool_)
        found[self.cells[facets]] = True
        return found

    def locate(self, points: FloatArray) -> Place:
        """The places of the surface nearest to `points`, shape (k, d)."""
        return nearest(points, self.points, self.cells)
