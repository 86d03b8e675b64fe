"""What `tertia bench` runs: programs, ways to solve the common problem with them, sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STEPS = 20
"""Of implicit Euler in the common problem."""
FINE = 2000
"""Steps of the reference that stands for the limit of short ones; it is 1.4e-6 off."""


@dataclass(frozen=True)
class Peer:
    """Another program.

    Attributes:
        name: as people know it.
        folder: of its virtual environment.
        module: that must be importable there.
        requirements: for pip.
        program: that must be in the PATH, for what is no Python package.
        options: of `program`, before the script.
        environment: variables that it wants.
        hint: how to install what pip does not.
    """

    name: str
    folder: str = ""
    module: str = ""
    requirements: tuple[str, ...] = ()
    program: str = ""
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""

    def advice(self, python: object) -> str:
        """How to install it."""
        return (
            f"tertia bench --install, or {python} -m pip install " + " ".join(self.requirements)
            if (self.requirements)
            else self.hint
        )


@dataclass(frozen=True)
class Entry:
    """One way to solve the common problem.

    Attributes:
        name: in tables and for `--only`.
        script: file in benchmarks/peers.
        arguments: after the number of cells.
        peer: name of the program; None: what Tertia's own environment has.
        ranks: of MPI.
        reference: time steps of the one-dimensional answer that it is compared with.
        agreement: relative difference of the current that counts as agreement.
        slow: how many times slower than the base, roughly; such run less often.
        dims: dimensions that it can do.
        least: cells per side from which it is worth while.
    """

    name: str
    script: str
    arguments: tuple[str, ...] = ()
    peer: str | None = None
    ranks: int = 1
    reference: int = STEPS
    agreement: float = 1e-7
    slow: int = 1
    dims: tuple[int, ...] = (2,)
    least: int = 0


@dataclass(frozen=True)
class Round:
    """One size.

    Attributes:
        n: cells per side.
        dim: dimension.
        repeat: how often.
        slowest: leaves out entries that are slower.
    """

    n: int
    dim: int = 2
    repeat: int = 3
    slowest: int = 100

    @property
    def title(self) -> str:
        """Of its table."""
        return " x ".join([str(self.n)] * self.dim)

    def entries(self, known: Sequence[Entry], names: Sequence[str]) -> list[Entry]:
        """Those of `known` that run: the base, and all or `names`."""
        return [
            entry
            for position, entry in enumerate(known)
            if (position == 0 or not names or entry.name in names)
            and self.dim in entry.dims
            and entry.slow <= self.slowest
            and entry.least <= self.n
        ]


PEERS = (
    Peer("NGSolve", "ngsolve", "ngsolve", ("ngsolve==6.2.2608",)),
    Peer(
        "FiPy",
        "fipy",
        "fipy",
        ("fipy==4.0.3", "scikit-fmm", "numpy<2.3"),
        environment={"FIPY_SOLVERS": "scipy"},
    ),
    Peer("scikit-fem", "scikit-fem", "skfem", ("scikit-fem==12.0.2",)),
    Peer(
        "FreeFEM",
        program="FreeFem++",
        options=("-v", "0", "-nw"),
        environment={"FF_LOADPATH": "/usr/lib/freefem++;;"},
        hint="apt-get install freefem++ libfreefem++, and TERTIA_ENV=system",
    ),
)
"""All that is known; what is not installed is named and left out."""
SAME_SOLVER = ("--set", "solver.petsc.snes_lag_jacobian=1")
ADAPTIVE = (
    "--set", "time.order=2", "--set", "time.tolerance=3e-4",
    "--set", 'time.initial_step="1 ms"', "--set", 'time.max_step="50 ms"',
)  # fmt: skip
EVERY = (2, 3)
ENTRIES = (
    Entry("DOLFINx + MUMPS", "dolfinx_bare.py", dims=EVERY),
    Entry("Tertia", "tertia_run.py", dims=EVERY),
    Entry("Tertia, iterative", "tertia_run.py", ("--set", "solver.preset=iterative"), dims=EVERY),
    Entry(
        "Tertia, iterative, 2 ranks",
        "tertia_run.py",
        ("--set", "solver.preset=iterative"),
        None,
        2,
        least=300,
    ),
    Entry("Tertia, every Jacobian new", "tertia_run.py", SAME_SOLVER),
    Entry(
        "DOLFINx + MUMPS, 28 steps: error 1e-4", "dolfinx_bare.py", ("--steps", "28"), None, 1, FINE, 1.1e-4
    ),
    Entry("Tertia, adaptive steps: error 1e-4", "tertia_run.py", ADAPTIVE, None, 1, FINE, 1e-4),
    Entry(
        "Tertia, adaptive steps, iterative: error 1e-4",
        "tertia_run.py",
        (*ADAPTIVE, "--set", "solver.preset=iterative"),
        reference=FINE,
        agreement=1e-4,
    ),
    Entry("NGSolve", "ngsolve_peer.py", peer="NGSolve", slow=3),
    Entry("FiPy", "fipy_peer.py", peer="FiPy", slow=4, agreement=1e-4),
    Entry("scikit-fem", "skfem_peer.py", peer="scikit-fem", slow=6),
    Entry("FreeFEM", "freefem_peer.edp", peer="FreeFEM", slow=7),
)
"""What runs, the base of the ratios first."""
QUICK = (Round(100), Round(200, slowest=1), Round(16, 3, 2))
THOROUGH = (Round(100, repeat=5), Round(200), Round(400), Round(24, 3))
