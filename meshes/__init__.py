"""Geometry and meshes: the growing front as a polyline, its remeshing, and the distributed mesh above it.

Two halves: `front`, `profile`, `advance`, `proximity`, `resample`, `merge`, `triangulate`, `shapes` need NumPy,
SciPy, Shapely and gmsh only; `compat`, `domain`, `parallel`, `transfer` carry the result to DOLFINx.
"""
