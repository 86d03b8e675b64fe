"""FiPy: cell-centred finite volumes on squares, both equations in one matrix, scipy's LU.

FiPy has no Newton's method: migration is linear in the potential with the concentration of the last sweep,
kinetics are linearised about it (a source in the cells at the electrodes), and sweeps go on until nothing
changes. The electrode lies half a cell from the outermost values; they are carried there with the gradients
that the current asks for: C' = C P' = -G i/2 for equal diffusivities.
"""

from __future__ import annotations

import fipy
import numpy as np
from fipy.solvers import LinearLUSolver
from problem import DIFFUSION, DURATION, EXCHANGE, LOWER, MOST, PER_CURRENT, UPPER, Clock, arguments, report

SETTLED = 1e-8
"""Largest change of an unknown in the last sweep."""


def main() -> None:
    """Solve and report."""
    given = arguments(__doc__)
    clock, dt, n = Clock(), DURATION / given.steps, given.n
    mesh = fipy.Grid2D(nx=n, ny=n, Lx=1.0, Ly=1.0)
    c = fipy.CellVariable(mesh=mesh, value=1.0, hasOld=True)
    p = fipy.CellVariable(mesh=mesh, value=0.0, hasOld=True)
    carrier, constant, by_c, by_p = (fipy.CellVariable(mesh=mesh, value=0.0) for _ in range(4))
    height = mesh.cellCenters.value[1]
    lower, upper = height < 1.0 / n, height > 1.0 - 1.0 / n
    applied, touching = np.where(lower, LOWER, UPPER), (lower | upper) * float(n)
    current = np.zeros(n * n)

    def at_wall() -> tuple[np.ndarray, np.ndarray]:
        change = PER_CURRENT * current / (4.0 * n)
        wall = c.value + change
        return wall, p.value + change / wall

    def linearise() -> None:
        wall, potential = at_wall()
        half = 0.5 * (applied - potential)
        forward, backward = EXCHANGE * np.exp(half), EXCHANGE * np.exp(-half)
        current[:] = forward - wall * backward
        dc, dp = -backward, -0.5 * (forward + wall * backward)
        constant.setValue(touching * PER_CURRENT * (current - dc * c.value - dp * p.value))
        by_c.setValue(touching * PER_CURRENT * dc)
        by_p.setValue(touching * PER_CURRENT * dp)
        carrier.setValue(wall)

    def balance(sign: float) -> tuple[object, object]:
        migration = fipy.DiffusionTerm(coeff=sign * carrier.faceValue, var=p)
        return fipy.TransientTerm(coeff=DIFFUSION, var=c), fipy.DiffusionTerm(coeff=1.0, var=c) + migration

    made = constant + fipy.ImplicitSourceTerm(coeff=by_c, var=c) + fipy.ImplicitSourceTerm(coeff=by_p, var=p)
    (stored, cation), (stored_too, anion) = balance(1.0), balance(-1.0)
    both = (stored == cation + made) & (stored_too == anion)
    solver, iterations = LinearLUSolver(), 0
    with clock:
        for _ in range(given.steps):
            c.updateOld()
            p.updateOld()
            for count in range(MOST + 1):
                if count == MOST:
                    raise RuntimeError(f"sweeps do not converge in {MOST}")
                before = np.concatenate((c.value, p.value))
                linearise()
                both.sweep(dt=dt, solver=solver)
                iterations += 1
                if np.max(np.abs(np.concatenate((c.value, p.value)) - before)) < SETTLED:
                    break
    linearise()
    report(
        "FiPy + scipy LU",
        fipy.__version__,
        clock,
        unknowns=2 * n * n,
        iterations=iterations,
        current=float(np.mean(current[lower])),
    )


if __name__ == "__main__":
    main()
