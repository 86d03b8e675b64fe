"""The figures of the four papers beside those of the simulation: the command `tertia reproduce`.

A `Paper` (in `papers`) lists the comparisons, what may be fitted, what is assumed beyond its case files and
which inputs are varied. A `Bench` runs the cases and fits; `record` turns a paper into plain data; `tables`
shows it.
Published numbers stand in verification/data/papers.toml and nowhere else.
"""
