"""scikit-fem: one composite element, scipy's SuperLU in symmetric mode."""

from __future__ import annotations

import numpy as np
import skfem
from problem import (
    ABSOLUTE,
    DIFFUSION,
    DURATION,
    EXCHANGE,
    LOWER,
    MOST,
    PER_CURRENT,
    RELATIVE,
    UPPER,
    Clock,
    arguments,
    report,
)
from scipy.sparse.linalg import splu
from skfem.helpers import dot, grad


def volume_forms(dt: float):
    """Jacobian and residual over the cells."""
    rate = DIFFUSION / dt

    @skfem.BilinearForm
    def jacobian(dc, dp, v, w, k):
        c, field = k["now"][0], grad(k["now"][1])
        both = rate * dc * (v + w) + dot(grad(dc), grad(v) + grad(w))
        return both + dot(dc * field + c * grad(dp), grad(v) - grad(w))

    @skfem.LinearForm
    def residual(v, w, k):
        c, field = k["now"][0], grad(k["now"][1])
        both = rate * (c - k["before"][0]) * (v + w) + dot(grad(k["now"][0]), grad(v) + grad(w))
        return both + dot(c * field, grad(v) - grad(w))

    return jacobian, residual


def electrode_forms(applied: float):
    """Jacobian, residual and current of an electrode."""

    def parts(k):
        half = 0.5 * (applied - k["now"][1])
        return EXCHANGE * np.exp(half), EXCHANGE * np.exp(-half)

    @skfem.BilinearForm
    def jacobian(dc, dp, v, w, k):
        forward, backward = parts(k)
        return PER_CURRENT * (backward * dc + 0.5 * (forward + k["now"][0] * backward) * dp) * v

    @skfem.LinearForm
    def residual(v, w, k):
        forward, backward = parts(k)
        return -PER_CURRENT * (forward - k["now"][0] * backward) * v

    @skfem.Functional
    def current(k):
        forward, backward = parts(k)
        return forward - k["now"][0] * backward

    return jacobian, residual, current


def main() -> None:
    """Solve and report."""
    given = arguments(__doc__)
    clock, dt = Clock(), DURATION / given.steps
    ticks = np.linspace(0.0, 1.0, given.n + 1)
    mesh = skfem.MeshTri.init_tensor(ticks, ticks).with_boundaries(
        {"lower": lambda x: x[1] == 0.0, "upper": lambda x: x[1] == 1.0}
    )
    element = skfem.ElementTriP1() * skfem.ElementTriP1()
    cells = skfem.Basis(mesh, element, intorder=2)
    sides = [
        (skfem.FacetBasis(mesh, element, facets=name, intorder=2), *electrode_forms(applied))
        for name, applied in (("lower", LOWER), ("upper", UPPER))
    ]
    jacobian, residual = volume_forms(dt)
    values = np.zeros(cells.N)
    values[cells.split_indices()[0]] = 1.0
    iterations = 0
    with clock:
        for _ in range(given.steps):
            before, target = cells.interpolate(values), 0.0
            for count in range(MOST + 1):
                now = cells.interpolate(values)
                there = [side.interpolate(values) for side, *_ in sides]
                right = residual.assemble(cells, now=now, before=before)
                right += sum(r.assemble(b, now=u) for (b, _, r, _), u in zip(sides, there, strict=True))
                norm = np.linalg.norm(right)
                target = target or max(RELATIVE * norm, ABSOLUTE)
                if norm <= target:
                    break
                if count == MOST:
                    raise RuntimeError(f"Newton's method does not converge in {MOST} iterations")
                matrix = jacobian.assemble(cells, now=now)
                for (basis, derivative, *_), u in zip(sides, there, strict=True):
                    matrix = matrix + derivative.assemble(basis, now=u)
                factors = splu(
                    matrix.tocsc(),
                    permc_spec="MMD_AT_PLUS_A",
                    diag_pivot_thresh=0.1,
                    options={"SymmetricMode": True},
                )
                values = values - factors.solve(right)
                iterations += 1
    basis, _, _, current = sides[0]
    total = current.assemble(basis, now=basis.interpolate(values))
    report(
        "scikit-fem + SuperLU",
        skfem.__version__,
        clock,
        unknowns=cells.N,
        iterations=iterations,
        current=total,
    )


if __name__ == "__main__":
    main()
