"""The same cells by other codes and other methods, to compare the engine with.

`pybamm_cell` (PyBaMM) and `spectral_cell` solve a binary cell in one dimension, `flow_cell` the flow channel
of Bortels et al. in two. None of them uses anything of `solver`. Their numbers are kept in
`verification/data`.
"""
