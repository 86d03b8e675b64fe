"""Comparisons of the solver with exact solutions; each module registers its studies."""
