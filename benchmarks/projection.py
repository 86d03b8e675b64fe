"""What communication costs a Newton step with the iterative preset on many ranks: a model, as Markdown.

    ./tertia exec python3 benchmarks/projection.py

A model and no measurement. Of one Newton step with I Krylov iterations on p ranks with m = N/p unknowns each:

    work        w m, with w measured on one rank
    a halo      2 fields x faces x (m/2)^((d-1)/d) values of 8 bytes, to so many neighbours: 4 in 2D, 6 in 3D
    exchanges   per iteration one for the matrix, and V for every level of the two multigrid cycles (smoothing
                down and up, residual, restriction, prolongation); halos shrink from level to level by
                c^((d-1)/d), where c is the coarsening, until one unknown per rank is left
    coarse      below that, log_c(p) more levels whose exchanges cost latency alone
    sums        two per iteration over all ranks, latency log2(p) each

A message takes latency + bytes/bandwidth. Left out: the set-up of multigrid (its messages are those of a few
cycles), denser coarse operators in 3D, imbalance, and that latency overlaps with work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LATENCY, BANDWIDTH = 2e-6, 1e9
"""s per message; B/s per rank when all ranks of a node send at once. Of an ordinary InfiniBand cluster."""
EXCHANGES = 5
"""V: of a level of one multigrid cycle."""


@dataclass(frozen=True)
class Dimension:
    """What was measured on one rank, and shapes.

    Attributes:
        dim: dimension.
        work: s per unknown and Newton step.
        iterations: Krylov iterations per Newton step.
        coarsening: of unknowns from level to level.
    """

    dim: int
    work: float
    iterations: float
    coarsening: float

    @property
    def neighbours(self) -> int:
        """Of a square or cubic part."""
        return 2 * self.dim

    def halo(self, unknowns: float) -> float:
        """Bytes that a rank with so many unknowns sends in one exchange."""
        return 2 * 8 * self.neighbours * (0.5 * unknowns) ** ((self.dim - 1) / self.dim)

    def sent(self, m: float) -> tuple[float, float]:
        """Bytes and exchanges of a rank in one Newton step, above the coarse levels."""
        levels = max(1, math.ceil(math.log(m) / math.log(self.coarsening)))
        cycles = [self.halo(m / self.coarsening**k) for k in range(levels)]
        volume = self.halo(m) + 2 * EXCHANGES * sum(cycles)
        return self.iterations * volume, self.iterations * (1 + 2 * EXCHANGES * levels)

    def seconds(self, unknowns: float, ranks: int) -> tuple[float, float, float]:
        """Of a Newton step: work; communication; bytes sent per rank."""
        m = unknowns / ranks
        if ranks == 1:
            return self.work * m, 0.0, 0.0
        volume, exchanges = self.sent(m)
        coarse = 2 * EXCHANGES * math.ceil(math.log(ranks) / math.log(self.coarsening))
        latency = LATENCY * self.neighbours * (exchanges + self.iterations * coarse)
        sums = 2 * self.iterations * 2 * LATENCY * math.log2(ranks)
        return self.work * m, volume / BANDWIDTH + latency + sums, volume


PLANE = Dimension(2, 3.7e-6, 5.8, 3.0)
SPACE = Dimension(3, 17e-6, 5.4, 4.0)
"""Work and iterations from `scaling.py iterations`; coarsening of BoomerAMG's default, roughly."""


def main() -> None:
    """One table: the same problem on more ranks, then larger ones."""
    print("| problem | unknowns | ranks | per rank | sent per rank, MB | work s | messages s | efficiency |")
    print("|---|---|---|---|---|---|---|---|")
    for what in (PLANE, SPACE):
        strong = [(5e6, ranks) for ranks in (1, 10, 100, 1000)]
        weak = [(1e5 * ranks, ranks) for ranks in (10, 100, 1000)]
        for unknowns, ranks in strong + weak:
            work, messages, volume = what.seconds(unknowns, ranks)
            print(
                f"| {what.dim}D | {unknowns:.0e} | {ranks} | {unknowns / ranks:.0e} | {volume / 1e6:.2f} "
                f"| {work:.3f} | {messages:.3f} | {100 * work / (work + messages):.0f} % |"
            )


if __name__ == "__main__":
    main()
