"""The answer on n cells in one dimension: numpy, the same elements and steps, no timing to speak of.

The same problem as in two and three dimensions (see `problem`), whose answer does not depend on x.
"""

from __future__ import annotations

import numpy as np
from problem import (
    ABSOLUTE,
    DIFFUSION,
    DURATION,
    EXCHANGE,
    LOWER,
    MOST,
    PER_CURRENT,
    UPPER,
    Clock,
    arguments,
    report,
)
from scipy.sparse import bmat, diags
from scipy.sparse.linalg import spsolve


def solve(n: int, steps: int) -> tuple[float, int]:
    """Current density at y = 0 in A/m^2 after `steps` steps, and Newton iterations."""
    h, dt = 1.0 / n, DURATION / steps
    nodes = n + 1
    neighbours = np.full(nodes - 1, h / 6.0)
    mass = diags([neighbours, np.r_[h / 3, np.full(nodes - 2, 2 * h / 3), h / 3], neighbours], [-1, 0, 1])
    slope = diags([np.full(n, -1.0 / h), np.full(n, 1.0 / h)], [0, 1], shape=(n, nodes))
    mean = diags([np.full(n, 0.5), np.full(n, 0.5)], [0, 1], shape=(n, nodes))
    c, p, total = np.ones(nodes), np.zeros(nodes), 0
    ends = ((0, LOWER), (n, UPPER))

    def kinetics(node: int, potential: float) -> tuple[float, float, float]:
        forward = EXCHANGE * np.exp(0.5 * (potential - p[node]))
        backward = EXCHANGE * np.exp(-0.5 * (potential - p[node]))
        return forward - c[node] * backward, -backward, -0.5 * (forward + c[node] * backward)

    for _ in range(steps):
        before = c.copy()
        for _ in range(MOST):
            diffusion = h * (slope.T @ (slope @ c))
            migration = h * (slope.T @ ((mean @ c) * (slope @ p)))
            stored = DIFFUSION / dt * (mass @ (c - before))
            residual = np.r_[stored + diffusion + migration, stored + diffusion - migration]
            by_c, by_p = np.zeros(nodes), np.zeros(nodes)
            for node, potential in ends:
                current, dc, dp = kinetics(node, potential)
                residual[node] -= PER_CURRENT * current
                by_c[node], by_p[node] = -PER_CURRENT * dc, -PER_CURRENT * dp
            if np.linalg.norm(residual) <= ABSOLUTE:
                break
            straight = DIFFUSION / dt * mass + h * (slope.T @ slope)
            of_c = h * (slope.T @ diags(slope @ p) @ mean)
            of_p = h * (slope.T @ diags(mean @ c) @ slope)
            matrix = bmat([[straight + of_c + diags(by_c), of_p + diags(by_p)], [straight - of_c, -of_p]])
            step = spsolve(matrix.tocsc(), residual)
            c, p, total = c - step[:nodes], p - step[nodes:], total + 1
        else:
            raise RuntimeError(f"Newton's method does not converge in {MOST} iterations")
    return kinetics(0, LOWER)[0], total


def main() -> None:
    """Solve and report."""
    given = arguments(__doc__)
    with Clock() as clock:
        current, iterations = solve(given.n, given.steps)
    report(
        "reference", np.__version__, clock, unknowns=2 * given.n + 2, iterations=iterations, current=current
    )


if __name__ == "__main__":
    main()
