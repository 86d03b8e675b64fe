"""NGSolve: compiled coefficient functions, factors whose symbolic part is kept."""

from __future__ import annotations

import ngsolve as ng
from ngsolve.meshes import MakeStructured2DMesh
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


def main() -> None:
    """Solve and report."""
    given = arguments(__doc__, "umfpack", "pardiso", "sparsecholesky")
    ng.SetNumThreads(1)
    clock, dt = Clock(), DURATION / given.steps
    mesh = MakeStructured2DMesh(quads=False, nx=given.n, ny=given.n)
    linear = ng.H1(mesh, order=1)
    space = linear * linear
    (c, p), (v, w) = space.TnT()
    now, before = ng.GridFunction(space), ng.GridFunction(space)

    def current(concentration, potential, applied):
        half = 0.5 * (applied - potential)
        return EXCHANGE * (ng.exp(half) - concentration * ng.exp(-half))

    stored = DIFFUSION / dt * (c - before.components[0])
    cation = stored * v + (ng.grad(c) + c * ng.grad(p)) * ng.grad(v)
    anion = stored * w + (ng.grad(c) - c * ng.grad(p)) * ng.grad(w)
    form = ng.BilinearForm(space)
    form += (cation + anion).Compile(True, wait=True) * ng.dx
    for side, applied in (("bottom", LOWER), ("top", UPPER)):
        form += (-PER_CURRENT * current(c, p, applied) * v).Compile(True, wait=True) * ng.ds(side)
    now.components[0].Set(1.0)
    residual, step = now.vec.CreateVector(), now.vec.CreateVector()
    inverse, iterations = None, 0
    with clock:
        for _ in range(given.steps):
            before.vec.data = now.vec
            target = 0.0
            for count in range(MOST + 1):
                form.Apply(now.vec, residual)
                norm = residual.Norm()
                target = target or max(RELATIVE * norm, ABSOLUTE)
                if norm <= target:
                    break
                if count == MOST:
                    raise RuntimeError(f"Newton's method does not converge in {MOST} iterations")
                form.AssembleLinearization(now.vec)
                if inverse is None:
                    inverse = form.mat.Inverse(space.FreeDofs(), inverse=given.solver)
                else:
                    inverse.Update()
                step.data = inverse * residual
                now.vec.data -= step
                iterations += 1
    lower = current(*now.components, LOWER)
    total = ng.Integrate(lower, mesh, definedon=mesh.Boundaries("bottom"))
    report(
        f"NGSolve + {given.solver}",
        ng.__version__,
        clock,
        unknowns=space.ndof,
        iterations=iterations,
        current=total,
    )


if __name__ == "__main__":
    main()
