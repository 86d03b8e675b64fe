"""Geometry and meshes: the growing front as a polyline, its remeshing, and the distributed mesh above it.

Two halves: `front`, `profile`, `advance`, `proximity`, `pockets`, `resample`, `merge`, `triangulate`,
`shapes` use NumPy, SciPy, Shapely and gmsh only; the others carry the result
to DOLFINx.
"""
