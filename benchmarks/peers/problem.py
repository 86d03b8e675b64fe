"""The common problem in scaled form, and how every program that solves it reports.

With X = x/L, C = c/c0, P = F phi/(RT), t in s, for all test functions v and w:

    cation   (L^2/D dC/dt, v) + (grad C + C grad P, grad v) - sum over both electrodes <G i, v> = 0
    anion    (L^2/D dC/dt, w) + (grad C - C grad P, grad w) = 0
    i = i0 (e^(V - P)/2 - C e^-(V - P)/2),  G = L/(F D c0)

on the unit square or cube of n x n (x n) cells, each halved to triangles or cut into six tetrahedra; linear
elements where there are elements. V = -0.1 F/(RT) at the lower electrode (y = 0; z = 0 in 3D), 0 at the
upper one; C = 1 and P = 0 at first. Implicit Euler. Newton's method starts each step from the last one and
ends when the norm of the residual is below RELATIVE times the first one, or below ABSOLUTE.

The sides are insulated, so that the answer is one-dimensional: `reference.py` knows it for every n.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from dataclasses import dataclass, field

FARADAY, GAS, TEMPERATURE = 96485.33212, 8.31446261815324, 298.15
LENGTH, DIFFUSIVITY, CONCENTRATION, EXCHANGE = 1e-5, 1.81e-10, 1000.0, 100.0
THERMAL = GAS * TEMPERATURE / FARADAY
LOWER, UPPER = -0.1 / THERMAL, 0.0
"""Scaled potentials of the electrodes."""
DIFFUSION = LENGTH**2 / DIFFUSIVITY
"""L^2/D in s."""
PER_CURRENT = LENGTH / (FARADAY * DIFFUSIVITY * CONCENTRATION)
"""G in m^2/A."""
DURATION = 0.05
"""s"""
RELATIVE, ABSOLUTE, MOST = 1e-8, 1e-11, 30
"""When Newton's method ends; MOST iterations."""


def arguments(description: str | None, *choices: str) -> argparse.Namespace:
    """Of a program: cells per side `n`, time steps, dimension, and a choice of linear solver."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("n", type=int, help="cells per side")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--dim", type=int, default=2, choices=(2, 3))
    if choices:
        parser.add_argument("--solver", default=choices[0], choices=choices)
    return parser.parse_args()


@dataclass
class Clock:
    """Wall clock and processor time of what stands in its `with`.

    Attributes:
        began: when the program had read its arguments.
        setup: s of wall clock before, wall and processor time within.
    """

    began: float = field(default_factory=time.perf_counter)
    setup: float = 0.0
    wall: float = 0.0
    processor: float = 0.0

    def __enter__(self) -> Clock:
        """Start."""
        self._wall, self._processor = time.perf_counter(), time.process_time()
        self.setup = self._wall - self.began
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.wall = time.perf_counter() - self._wall
        self.processor = time.process_time() - self._processor


def report(
    program: str, version: str, clock: Clock, *, unknowns: int, iterations: int, current: float, **more: float
) -> None:
    """One line of JSON: what solved it, the time of the loop over steps, and the current density at y = 0."""
    answer = {
        "program": program,
        "version": version,
        "unknowns": int(unknowns),
        "iterations": int(iterations),
        "setup_s": clock.setup,
        "wall_s": clock.wall,
        "cpu_s": clock.processor,
        "current_A_m2": float(current),
        "peak_MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "load": os.getloadavg()[0],
        **more,
    }
    print(json.dumps(answer), flush=True)
